"""The recorded requests in their order, against a server with the same people; where the original had a stub, what
the protocol's description asks for instead."""

from __future__ import annotations

import re
from typing import Any

from tests.support.shards_door import ShardsHouse
from tests.wire.shards.vectors import VECTORS

MENDED = {
    "login_bad_json": 400,
    "world_events_bad_limit": 400,
    "party_leave": 200,
    "party_invite": 409,  # borin has a party of his own by now
    "delete_other": 404,
}
"""Statuses where the recording shows a fault."""
SUCCEEDS = {"party_leave": True, "party_invite": False}
FREE = {
    "message",
    "error",
    "uptime",
    "description",
    "timestamp",
    "created_at",
    "updated_at",
    "title",
    "id",
    "member_count",
}
"""Keys whose values are ours."""
OTHER_WORLD = {"world_state", "world_shards", "world_events", "world_events_limit"}
"""Of a world where other things have happened."""


def shape(value: Any) -> Any:
    """Keys and kinds of values, at all depths."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if value == "<int>":
        return "number"
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


async def test_no_answer_is_kept_on_the_way(house: ShardsHouse) -> None:
    """They hold tokens, and what is so now."""
    for path in ("/api/status", "/api/world/state", "/api/characters", "/api/nothing"):
        answer = await house.program().call("GET", path)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")


async def test_the_recorded_requests_in_their_order(house: ShardsHouse) -> None:
    tokens: dict[str, str] = {}
    numbers: dict[int, int] = {}  # theirs to ours
    made = house.program()

    async def prepare(name: str) -> None:
        """The people the recording has from the start."""
        if name == "u1":
            registered = await made.call("POST", "/api/auth/register", {"username": "borin", "password": "abcdef2"})
            assert registered.status == 200
        if name == "chars_unauthorized":
            people = (
                ("u1", 5, "Aldra Venn", "Human", "Warrior", "Iron Brotherhood"),
                ("u2", 6, "Borin Slate", "Dwarf", "Paladin", "Golden Order"),
            )
            for who, number, called, race, calling, faction in people:
                fields = {"name": called, "race": race, "class": calling, "faction": faction}
                answer = await made.call("POST", "/api/characters", fields, token=tokens[who])
                numbers[number] = answer["character"]["id"]

    for case in VECTORS["rest"]:
        name = case["name"]
        await prepare(name)
        path = case["path"].replace("/api/characters/6", f"/api/characters/{numbers.get(6)}")
        body = case["request"]
        if isinstance(body, dict):
            body = {key: numbers.get(value, value) if key.endswith("_id") else value for key, value in body.items()}
            body = {key: tokens.get(_who(value), value) for key, value in body.items()}
        token = tokens.get(_who(case["auth"] or ""), "not-a-token") if case["auth"] else ""
        answer = await made.call(case["method"], path, body, raw=case.get("request_raw"), token=token)

        assert answer.status == MENDED.get(name, case["status"]), (name, answer.body)
        assert answer.headers["content-type"] == "application/json; charset=utf-8", name
        if name in ("u1", "u2"):
            tokens[name] = answer["session_token"]
            assert len(answer["session_token"]) == 43
            assert answer["player_id"] > 0
        expected = case["response"]
        if expected is None or name in MENDED:
            if name in SUCCEEDS:
                assert answer["success"] is SUCCEEDS[name]
            continue
        if "error" in expected:
            assert isinstance(answer["error"], str)
            assert answer["success"] is False
            continue
        told = {key: answer[key] for key in expected}
        if name in OTHER_WORLD:
            continue
        assert shape(told) == shape(expected) or name.startswith("status"), name
        for key in set(expected) - FREE:
            if isinstance(expected[key], str | int | bool) and not str(expected[key]).startswith("<"):
                ours = numbers.get(expected[key], expected[key]) if key.endswith("_id") else expected[key]
                assert told[key] == ours, (name, key)
        if name == "chars":
            (mine,) = answer["characters"]  # one's own only
            assert mine["id"] == numbers[5]
            assert (mine["race"], mine["class"], mine["faction"]) == ("Human", "Warrior", "Iron Brotherhood")
            assert mine["progression"]["level"] == 1
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?", mine["created_at"])
        if name == "char_create":
            assert answer["character"]["name"] == "Zed Vann"
        if name == "party_get":
            assert answer["member_count"] == 1


def _who(text: Any) -> str:
    found = re.search("<token:(u[12])>", text) if isinstance(text, str) else None
    return found.group(1) if found is not None else str(text)
