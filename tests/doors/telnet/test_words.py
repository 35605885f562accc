"""Every kind of event has words or needs none; what depends on the reader."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mythgate.domain import events as told
from mythgate.domain.events import CATALOGUE, Event, Payload, event_of
from mythgate.doors.telnet.messages import Messages
from mythgate.doors.telnet.screen import mode, say, width_of
from mythgate.doors.telnet.words import SHARED, SILENT, Reader, is_worded
from mythgate.wire.telnet.ansi import Depth
from mythgate.wire.telnet.gmcp import Supports
from mythgate.wire.telnet.text import Charset

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ME = "me"


def event(payload: Payload) -> Event:
    return event_of(payload, NOW)


def words(reader: Reader, payload: Payload) -> list[str]:
    return [passage.text for passage in reader.passages(event(payload))]


def test_every_kind_of_event() -> None:
    ours = {kind for kind in CATALOGUE.values() if kind.__module__.startswith("mythgate.")}
    assert {kind for kind in ours if is_worded(kind)} | SILENT == ours
    assert not {kind for kind in SILENT if is_worded(kind)}
    assert {kind for kind in SHARED if is_worded(kind)} == SHARED


def test_silent_ones_say_nothing() -> None:
    assert words(Reader(ME), told.Heartbeat()) == []


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (told.PlayerEntered("x", "Bob", "Bob appears.", "up"), ["Bob comes in from above."]),
        (told.PlayerEntered("x", "Bob", "Bob appears.", "north"), ["Bob comes in from the north."]),
        (told.PlayerEntered("x", "Bob", "Bob appears."), ["Bob appears."]),
        (told.PlayerLeft("x", "Bob", "Bob is gone.", "down"), ["Bob leaves, going down."]),
        (told.PlayerLeft("x", "Bob", "Bob is gone."), ["Bob is gone."]),
        (told.PlayerStatus("x", "Bob", "away"), []),
        (told.ErrorEvent("internal", "It broke.", "Wait."), ["It broke.", "Wait."]),
        (told.ErrorEvent("internal", "It broke."), ["It broke."]),
        (told.Reset("too_old", "x"), ["You are back. Too much happened meanwhile to tell it all."]),
        (told.Reset("ahead", "x"), ["You are back."]),
        (told.SessionExpiring(NOW, "Your session ends soon."), ["Your session ends soon."]),
        (told.RoomMessage("A bell\x1b[31m rings."), ["A bell[31m rings."]),
    ],
)
def test_sentences(payload: Payload, expected: list[str]) -> None:
    assert words(Reader(ME), payload) == expected


def room(**changes: Any) -> told.RoomView:
    values: dict[str, Any] = {
        "id": "a_b_c_d",
        "name": "The Gate",
        "description": "A gate.",
        "plane": "a",
        "zone": "b",
        "zone_name": "B",
        "sub_zone": "c",
        "environment": "street",
        "exits": {},
        "ways": [],
        "npcs": [],
        "items": [],
        "fixtures": [],
        "players": [told.OccupantView("x", "Bob", "linkdead")],
        "occupants": [],
        "occupant_count": 1,
        "map_x": 0,
        "map_y": 0,
    }
    return told.RoomView(**(values | changes))


def test_places() -> None:
    reader = Reader(ME)
    shown = words(reader, told.RoomUpdate(room()))
    assert shown == ["The Gate", "A gate.\nBob (lost connection) is here.\nThere is no way out that you can see."]
    assert words(reader, told.RoomUpdate(room())) == []
    assert words(reader, told.RoomUpdate(room(description="A gate, open."))) == ["This place has changed."]
    assert words(reader, told.RoomUpdate(room(id="a_b_c_e", name="The Sand")))[0] == "The Sand"


def test_answers() -> None:
    reader = Reader(ME)
    answer = told.CommandResponse("x", "No.", False, hint="Try another.")
    assert words(reader, answer) == ["No.", "Try another."]
    assert words(reader, told.CommandResponse("x", "No.", False)) == ["No."]
    assert words(reader, told.CommandResponse("say", "", True)) == []
    moved = told.CommandResponse("north", "You go north.\nThe Gate\nA gate.", True, room_state=room())
    assert words(reader, moved) == ["You go north.", "The Gate", "A gate."]
    assert words(reader, told.CommandResponse("look", "The Gate", True, room_state=room())) == ["The Gate"]
    drawn = reader.passages(event(told.CommandResponse("map", "@  .", True, data={"map": "@  ."})))
    assert drawn[0].drawn


def chat(channel: str, player_id: str = ME, **values: Any) -> told.ChatMessage:
    return told.ChatMessage("1", channel, player_id, "Ada", "hi", f"Ada {channel}s: hi", NOW, **values)


def test_ones_own_words() -> None:
    reader = Reader(ME)
    assert words(reader, chat("say")) == ["You say: hi"]
    assert words(reader, chat("whisper", target_name="Bob")) == ["You whisper to Bob: hi"]
    assert words(reader, chat("tell", target_name="Bob")) == ["You tell Bob: hi"]
    assert words(reader, chat("party")) == ["Ada partys: hi"]
    assert words(reader, chat("say", "x")) == ["Ada says: hi"]
    assert not reader.reads_as_others(chat("say"))
    assert reader.reads_as_others(chat("say", "x"))
    assert reader.reads_as_others(told.RoomMessage("x"))
    assert not reader.reads_as_others(told.LobbyPlayerLeft(1, "x", "left"))


# --- fights ----------------------------------------------------------------------------------------------


def fighter(number: int, name: str, character_id: str | None, condition: Any = "standing") -> told.FighterView:
    return told.FighterView(
        number, name, number % 2, character_id, number, "", 1, condition, None, 20, 30, 10, 15, 5, 10
    )


def fight(active: int, **changes: Any) -> told.CombatView:
    fighters = [fighter(1, "Ada", ME), fighter(2, "Wolf", None), fighter(3, "Rat", None, "fallen")]
    mine = next(one.character_id for one in fighters if one.number == active)
    values: dict[str, Any] = {"fighters": fighters, "active_character_id": mine, "is_finished": False} | changes
    return told.CombatView(
        "f", "r", 2, active, values["active_character_id"], [1, 2], 25.0, 30.0, values["fighters"], [],
        values["is_finished"], False, "c",
    )  # fmt: skip


def test_ones_turn_is_announced_once() -> None:
    reader = Reader(ME)
    line = (
        "Round 2. It is your turn, for 25 seconds. You have 20 of 30 health, 10 of 15 stamina and 5 of 10 mana. "
        "Wolf has 20 of 30 health."
    )
    assert words(reader, told.CombatState(fight(1))) == [line]
    assert words(reader, told.CombatState(fight(1))) == []
    assert words(reader, told.CombatState(fight(2))) == []
    assert words(Reader(ME), told.CombatState(fight(1, is_finished=True))) == []
    assert words(Reader(ME), told.CombatState(fight(1, fighters=[], active_character_id=ME))) == [
        "Round 2. It is your turn, for 25 seconds."
    ]


# --- lobbies ---------------------------------------------------------------------------------------------

ADA = told.LobbyPlayerView(1, "Ada", client="Mudlet")
BOB = told.LobbyPlayerView(2, "Bob", client="Aleph One", away=True, in_game=True)
CID = told.LobbyPlayerView(3, "Cid", client="browser")
LOBBY = told.LobbyView(26, "Arrival", "marathon", "unranked", 2, 0, 32, -1, 99)


def game(**changes: Any) -> told.HostedGameView:
    values: dict[str, Any] = {"name": "Duel", "state": "listed", "joinable": True, "map_name": "Pfhor"} | changes
    return told.HostedGameView(7, values.pop("name"), 2, "Bob", "marathon", **values)


def said(kind: Any, number: int, words: str, **values: Any) -> told.LobbyMessage:
    return told.LobbyMessage(
        f"{kind}{number}{words}", kind, number, "Bob" if number == 2 else "Ada", words, words, NOW, **values
    )


def entered() -> Reader:
    reader = Reader(ME)
    reader.passages(event(told.LobbyState(LOBBY, [ADA, BOB], [game()], [], 1)))
    return reader


def test_entering_a_lobby() -> None:
    reader = Reader(ME)
    state = told.LobbyState(LOBBY, [ADA, BOB, CID], [game()], [said("say", 2, "old")], 1)
    assert words(reader, state)[:-1] == [
        "You are in the lobby Arrival.",
        "Here: Bob (Aleph One, away, in a game), Cid.",
        "Bob hosts Duel on Pfhor; it can be joined.",
        "[Arrival] Bob: old",
    ]
    assert words(reader, state) == []
    assert words(reader, said("say", 2, "old")) == []
    assert words(Reader(ME), told.LobbyState(LOBBY, [ADA], [], [], 1))[1] == "Nobody else is here."


def test_coming_going_and_changing() -> None:
    reader = entered()
    assert words(reader, told.LobbyPlayerEntered(CID)) == ["[Arrival] Cid comes in."]
    assert words(reader, told.LobbyPlayerEntered(CID)) == []
    assert words(reader, told.LobbyPlayerChanged(told.LobbyPlayerView(3, "Sid", away=True, afk_text="tea"))) == [
        "[Arrival] Cid is now called Sid.",
        "[Arrival] Sid is away: tea",
    ]
    assert words(reader, told.LobbyPlayerChanged(told.LobbyPlayerView(3, "Sid", away=True))) == [
        "[Arrival] Sid is away."
    ]
    assert words(reader, told.LobbyPlayerChanged(told.LobbyPlayerView(3, "Sid"))) == ["[Arrival] Sid is back."]
    assert words(reader, told.LobbyPlayerChanged(told.LobbyPlayerView(9, "New"))) == []
    assert words(reader, told.LobbyPlayerLeft(3, "Sid", "kicked")) == ["[Arrival] Sid was removed."]
    assert words(reader, told.LobbyPlayerLeft(1, "Ada", "lost")) == [
        "Your line was gone for so long that you left Arrival."
    ]
    assert words(reader, told.LobbyPlayerEntered(told.LobbyPlayerView(4, "Dan", client="telnet"))) == [
        "[Lobby] Dan comes in with telnet."
    ]


def test_talk_in_a_lobby() -> None:
    reader = entered()
    assert words(reader, said("say", 1, "hi")) == ["[Arrival] You say: hi"]
    assert words(reader, said("say", 2, "hi")) == ["[Arrival] Bob: hi"]
    assert words(reader, said("action", 2, "bows")) == ["[Arrival] Bob bows"]
    assert words(reader, said("private", 2, "psst", target=1, target_name="Ada")) == ["[Arrival] Bob tells you: psst"]
    assert words(reader, said("private", 1, "psst", target=2, target_name="Bob")) == ["[Arrival] You tell Bob: psst"]
    assert words(reader, said("line", 0, "Welcome.")) == ["[Arrival] Welcome."]
    assert words(reader, said("say", 2, "|bb|i |u|p |cx")) == ["[Arrival] Bob: \ue000b\ue001 \ue002\ue003 x"]
    assert words(reader, said("say", 2, "hi")) == []  # a second time
    for number in range(150):
        words(reader, said("say", 2, f"line {number}"))
    assert len(reader.shown) == 100
    plain = told.LobbyMessage("m", "say", 2, "Bob", "plain", "", NOW)
    assert words(reader, plain) == ["[Arrival] Bob: plain"]


def test_games() -> None:
    reader = entered()
    assert words(reader, told.LobbyGameListed(game())) == []
    assert words(reader, told.LobbyGameChanged(game(state="running"))) == ["[Arrival] Duel begins."]
    assert words(reader, told.LobbyGameRemoved(7)) == ["[Arrival] Duel is over."]
    assert words(reader, told.LobbyGameRemoved(7)) == []
    assert words(reader, told.LobbyGameListed(game(name="", joinable=False, map_name=""))) == [
        "[Arrival] Bob hosts a game; it is full."
    ]
    assert words(reader, told.LobbyGameRemoved(7)) == ["[Arrival] A game is gone."]
    assert words(Reader(ME), told.LobbyGameListed(game(state="running"))) == [
        "[Lobby] Bob hosts Duel on Pfhor; it runs."
    ]
    assert words(reader, told.LobbyMatchFound(BOB, 1500, 1400)) == [
        "[Arrival] An opponent for you: Bob with 1500 points; you have 1400."
    ]


# --- screens ---------------------------------------------------------------------------------------------


def test_modes() -> None:
    assert mode(Depth.MANY, 80, Charset.UTF_8, spoken=True) is mode(Depth.MANY, 80, Charset.UTF_8, spoken=True)
    spoken = mode(Depth.MANY, 80, Charset.UTF_8, spoken=True)
    assert (spoken.depth, spoken.width) == (Depth.NONE, 80)
    table = [say("  Ada      here (×3)\n  ------\n  \nBob")]
    assert spoken.rendered([say("--")]) == b""
    assert spoken.rendered(table) == b"Ada here (3 of them)\r\nBob\r\n"
    assert mode(Depth.NONE, 20, Charset.LATIN_1, spoken=False).rendered([say("ÿ")]) == b"\xff\xff\r\n"
    assert [width_of(columns) for columns in (0, 5, 100, 9999)] == [80, 20, 100, 250]


# --- GMCP ------------------------------------------------------------------------------------------------


def test_messages_of_fights_and_places() -> None:
    known = Messages(ME, Supports(), lambda room_id: len(room_id))
    assert b'"hp":20,"maxhp":30' in known.hear(event(told.CombatStart(fight(1), "x")), wanted=True)
    assert known.hear(event(told.CombatState(fight(1))), wanted=True) == b""
    assert known.hear(event(told.CombatState(fight(2, fighters=[fighter(2, "Wolf", None)]))), wanted=True) == b""
    assert known.hear(event(told.PlayerState("x", "Bob", 1, 1, 2, 3, 4, 5, 6)), wanted=True) == b""
    assert b'"hp":1' in known.hear(event(told.PlayerState(ME, "Ada", 1, 1, 2, 3, 4, 5, 6)), wanted=True)
    assert known.hear(event(told.Heartbeat()), wanted=True) == b""
    ways = [told.ExitView("north", None), told.ExitView("up", "xyz", locked=True)]
    there = known.hear(event(told.RoomUpdate(room(ways=ways))), wanted=True)
    assert b'"exits":{"n":0,"u":3},"locked":["u"]' in there
    assert b"Room.Info" not in known.hear(event(told.RoomUpdate(room(ways=ways))), wanted=True)
    player = told.PlayerView(ME, "Ada", "r", 1, "", "", "online", "", "player", None, [])
    assert b'Char.Status {"name":"Ada"' in known.hear(event(told.PlayerUpdate(player)), wanted=True)
    assert known.hear(event(told.PlayerUpdate(player)), wanted=False) == b""
    line = known.hear(event(said("action", 2, "bows")), wanted=True)
    assert b'{"channel":"lobby","talker":"Bob","text":"bows"}' in line
