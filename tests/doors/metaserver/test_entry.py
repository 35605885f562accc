"""What the log-in port asks and what `why` tells of it are the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.metaserver import PASSWORD, House
from tests.support.metaserver_client import AlephOneClient, Denied, Myth18Client, MythClient, RoomClient

from mythgate.domain.decisions import Answer, Step
from mythgate.domain.lobbies import Family
from mythgate.domain.sessions import OPERATOR
from mythgate.doors.metaserver.entry import MetaserverRules
from mythgate.doors.metaserver.options import MetaserverOptions, PasswordScheme
from mythgate.services.why import DoorState, Question
from mythgate.wire.metaserver.packets import StatusCode

CASES: list[tuple[str, type[RoomClient], dict[str, Any], Question]] = [
    ("aleph one", AlephOneClient, {}, Question("ada", family=Family.MARATHON)),
    ("myth 3, without a lobby", MythClient, {"application": "MYTH3"}, Question("ada", family=Family.MYTH3)),
    ("myth", MythClient, {}, Question("ada", family=Family.MYTH, version=3)),
    ("an old patch", MythClient, {"patch": 2}, Question("ada", family=Family.MYTH, version=2)),
    ("myth 1.8", Myth18Client, {}, Question("ada", family=Family.MYTH2, version=2180, build=431)),
    ("an old build", Myth18Client, {"build": 426}, Question("ada", family=Family.MYTH2, version=2180, build=426)),
    ("an old version", Myth18Client, {"version": 2179}, Question("ada", family=Family.MYTH2, version=2179, build=431)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
@pytest.mark.parametrize("locked", [False, True])
async def test_why_and_the_port_agree(
    house: House, case: tuple[str, type[RoomClient], dict[str, Any], Question], locked: bool
) -> None:
    _, kind, more, question = case
    ada = await house.account("Ada")
    if locked:
        await house.node.services.moderation.ban(OPERATOR, ada.id, None)
    why, door = house.node.services.why, house.door
    why.is_live = True
    rules = MetaserverRules(
        DoorState("metaserver", "here", is_open=True),
        door.options,
        door.lobbies,
        rooms_for=door.rooms_for,
        nowhere=door.nowhere_to_go,
        room_ports=door.room_ports,
    )
    why.doors = {"metaserver": rules}
    told = await why.about(OPERATOR, question)
    refused = told.doors[0].first_refusal
    client: Any = kind(name="Ada", user_name="ada", password=PASSWORD[:15], **more)
    if len(PASSWORD) > 15:
        client.password = PASSWORD
    try:
        await client.log_in(house.port)
    except Denied as denied:
        assert refused is not None, denied
        names = {refused.code.upper(), {"account_disabled": "ACCOUNT_LOCKED"}.get(refused.code, "")}
        assert StatusCode(denied.code).name in names
    else:
        assert refused is None, refused


def steps(options: MetaserverOptions, **question: Any) -> dict[str, Step]:
    rules = MetaserverRules(DoorState("metaserver", "here"), options, lambda: (), admits_guests=False)
    asked = Question(**{"name": "ada", **question})
    return {step.check: step for step in rules.first(asked)}


def test_schemes_and_guests() -> None:
    plain = MetaserverOptions()
    assert steps(plain)["scheme"].answer is Answer.YES
    strict = replace(plain, passwords=PasswordScheme.HTTPS)
    assert steps(strict, family=Family.MYTH)["scheme"].answer is Answer.UNKNOWN
    guest = steps(plain, name="guest")
    assert guest["guests"].code == "guests_not_allowed"
    assert guest["scheme"].answer is Answer.EXEMPT
    assert steps(plain, family=Family.MYTH)["game"].code == "game_not_allowed"
    assert "--family myth" in steps(plain, family=Family.MYTH)["game"].remedy
