"""What the terminal client makes of events: places, comings and goings, names to complete."""

from __future__ import annotations

from typing import Any

import pytest

from mythgate.cli.play import Screen
from mythgate.cli.surroundings import Surroundings

SQUARE: dict[str, Any] = {
    "id": "square",
    "name": "Market Square",
    "description": "Stalls and noise.",
    "ways": [{"direction": "north"}, {"direction": "up", "locked": True}],
    "players": [
        {"id": "ada", "name": "Ada"},
        {"id": "bob", "name": "Bob", "status": "linkdead"},
        {"id": "cleo", "name": "Cleo", "status": "away"},
    ],
    "npcs": [{"id": "cat", "name": "the cat"}, {"id": "guard", "name": "Guard", "summary": "A guard yawns."}],
    "items": [{"id": "i-1", "name": "a speckled pear", "summary": "A pear lies here.", "count": 2}],
    "fixtures": [{"id": "f-1", "name": "a bronze plate"}],
}
ELSEWHERE = SQUARE | {
    "id": "cell",
    "name": "Cell",
    "description": "Dark.",
    "ways": [],
    "players": [{"id": "ada", "name": "Ada"}, {"id": "bob", "name": "Bob"}],
    "npcs": [],
    "items": [],
}
PLAYER = {"id": "ada", "name": "Ada", "inventory": [{"id": "i-2", "name": "a brass key"}]}
STATE: dict[str, Any] = {"event_type": "game_state", "data": {"player": PLAYER, "room": SQUARE}}
SQUARE_TOLD = (
    "Market Square\nStalls and noise.\nA pear lies here. (×2)\nThe cat is here.\nA guard yawns.\n"
    "Bob (lost connection) and Cleo (away) are here.\nWays: north, up (locked).\n"
)


def event(kind: str, room_id: str | None = None, **data: Any) -> dict[str, Any]:
    return {"event_type": kind, "room_id": room_id, "data": data}


@pytest.fixture
def screen(capsys: pytest.CaptureFixture[str]) -> Screen:
    screen = Screen()
    screen.show(STATE)
    assert capsys.readouterr().out == SQUARE_TOLD
    return screen


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        (
            event(
                "room_update",
                room=ELSEWHERE
                | {
                    "ways": [{"direction": "up", "name": "the Nexus", "signed": True}],
                    "creatures": [{"name": "Corrupt Wolf", "level": 2}],
                },
            ),
            "Cell\nDark.\nLurking here: Corrupt Wolf (level 2).\nBob is here.\nWays: up to the Nexus.\n",
        ),
        (event("room_update", room=ELSEWHERE), "Cell\nDark.\nBob is here.\nThere is no way out that you can see.\n"),
        (event("room_update", room=SQUARE | {"players": []}), ""),
        (event("room_update", room=SQUARE | {"description": "Empty now."}), "This place has changed.\n"),
        (
            event("player_entered", player_name="Brom", message="Brom enters the room.", direction="south"),
            "Brom comes in from the south.\n",
        ),
        (
            event("player_entered", player_name="Brom", message="Brom enters the room.", direction="down"),
            "Brom comes in from below.\n",
        ),
        (event("player_entered", player_name="Brom", message="Brom is here.", direction=""), "Brom is here.\n"),
        (
            event("player_left", player_name="Brom", message="Brom leaves the room.", direction="northeast"),
            "Brom leaves to the northeast.\n",
        ),
        (
            event("player_left", player_name="Brom", message="Brom leaves the room.", direction="up"),
            "Brom leaves, going up.\n",
        ),
        (event("player_left", player_name="Brom", message="Brom vanishes.", direction=""), "Brom vanishes.\n"),
        (event("reset", reason="unknown_session", message="Over."), "You are back.\n"),
    ],
)
def test_what_is_told(screen: Screen, capsys: pytest.CaptureFixture[str], heard: dict[str, Any], told: str) -> None:
    screen.show(heard)
    assert capsys.readouterr().out == told


def test_a_place_walked_into_is_told_like_one_entered(screen: Screen, capsys: pytest.CaptureFixture[str]) -> None:
    result = "You go north.\n" + SQUARE_TOLD.replace("lost connection", "linkdead")
    screen.show_answer({"result": result, "success": True, "hint": None, "room_state": SQUARE})
    assert capsys.readouterr().out == "You go north.\n" + SQUARE_TOLD


def at(clock: str, said: dict[str, Any]) -> dict[str, Any]:
    return said | {"timestamp": f"2026-03-01T{clock}Z"}


@pytest.mark.parametrize("farewell", [True, False])
def test_a_reset_by_a_server_younger_than_what_was_heard_tells_of_its_start(
    screen: Screen, capsys: pytest.CaptureFixture[str], farewell: bool
) -> None:
    """Whether the one before said goodbye or was killed."""
    reset = event("reset", reason="unknown_session", message="Over.", started_at="2026-03-01T12:00:05Z")
    stops = event("disconnect", reason="going_away", message="The server stops.")
    screen.show(at("12:00:00", STATE))
    capsys.readouterr()
    if farewell:
        screen.show(at("12:00:01", stops))
    screen.show(event("reconnecting", seconds=2))
    for _ in range(2):
        screen.show(at("12:00:09", reset))
    assert capsys.readouterr().out.splitlines() == [
        *(["The server stops."] if farewell else []),
        "The line is gone. Trying again in 2 s.",
        "The server was started again.",
        "You are back.",
    ]


@pytest.mark.parametrize(
    ("line", "candidates"),
    [
        ("w", ["whisper", "who"]),
        ("n", ["north"]),
        ("whisper ", ["Bob", "Cleo", "Guard", "brass key", "bronze plate", "cat", "north", "speckled pear", "up"]),
        ("whisper b", ["Bob", "brass key", "bronze plate"]),
        ("get pe", ["pear"]),
        ("get speckled pe", ["pear"]),
        ("give brass key to Cl", ["Cleo"]),
        ("whisper Ada", []),
        ("go no", ["north"]),
        ("look nothing", []),
    ],
)
def test_tab_offers_names_that_are_there(line: str, candidates: list[str]) -> None:
    surroundings = Surroundings()
    surroundings.commands = ["whisper", "who", "look"]
    surroundings.hear(STATE)
    assert surroundings.completions(line, line.rfind(" ") + 1) == candidates


def test_what_is_known_follows_events(screen: Screen) -> None:
    known = screen.surroundings
    known.hear(event("room_occupants", "square", players=[{"id": "dan", "name": "Dan"}], npcs=[]))
    known.hear(event("room_items", "square", items=[{"id": "i-3", "name": "a lamp"}]))
    known.hear(event("inventory_update", items=[]))
    assert known.completions("look ", 5) == ["Dan", "bronze plate", "lamp", "north", "up"]
    known.hear(event("room_items", "another room", items=[]))
    known.hear(event("room_occupants", "another room", players=[], npcs=[]))
    assert known.completions("get la", 4) == ["lamp"]
    known.hear(event("command_response", room_state=ELSEWHERE, inventory=[{"id": "i-4", "name": "some string"}]))
    assert known.completions("look ", 5) == ["Bob", "bronze plate", "string"]
