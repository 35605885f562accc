"""In the world: talk, what it looks like, GMCP, lobbies, settings, leaving."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.telnet import ALL, CHARSET, GMCP, MCCP2, NAWS, TTYPE, WILL, TelnetHouse, Visitor, telnet_house, words

from mythgate.domain.accounts import Role
from mythgate.domain.events import RoomMessage, SystemMessage, event_of
from mythgate.domain.ids import GLOBAL_TOPIC
from mythgate.domain.presence import Availability
from mythgate.domain.sessions import OPERATOR

PLAIN = ALL - {MCCP2, GMCP}


async def two(house: TelnetHouse) -> tuple[Visitor, Visitor]:
    """Ada with a modern client, and Bob with a bare socket."""
    ada = await (await house.visitor(ALL)).enter("Ada")
    bo = await (await house.visitor()).enter("Bob")
    await ada.read("Bob enters the world.")
    return ada, bo


async def test_talk_both_ways(house: TelnetHouse) -> None:
    ada, bo = await two(house)
    ada.type("say Grüße, 世界", "whisper bob psst", "tell bob it is I", ":waves.", "shout Hoo", "global To all")
    await bo.read("Ada says: Grüße, 世界\r\n", "whispers", "psst", "Ada", "it is I", "Ada waves.", "Hoo", "To all")
    await ada.read(
        "You say: Grüße, 世界",
        *(
            "You whisper to Bob: psst",
            "You tell Bob: it is I",
            "Ada waves.",
            "You shout: Hoo",
            "You say to all: To all",
        ),
    )
    bo.type("north")
    await bo.read("You go north.", "Beneath the Arch", "Ways: north, south.")
    await ada.read("Bob leaves to the north.")
    bo.type("south")
    await ada.read("Bob comes in from the north.")
    bo.type("quit")
    await ada.read("Bob leaves the world.")
    farewell = await bo.hung_up()
    assert farewell.rstrip().endswith("You leave the world. Come back soon.")
    await house.settled(lambda: house.node.services.sessions.active_count == 1)


async def test_refusals_and_hints(house: TelnetHouse) -> None:
    _, bo = await two(house)
    bo.type("xyzzy")
    await bo.read("“xyzzy” is not a command here.", "hp ")
    bo.type("")
    await bo.read("mp> ")
    bo.type("lo", "x")
    await bo.read("mp> ")


async def test_vitals_stand_before_what_is_typed(house: TelnetHouse) -> None:
    ada = await house.visitor(PLAIN)
    await ada.enter("Ada")
    await ada.read("\x1b[38;5;108m", "hp ", "sp ", "mp>\x1b[0m ")
    prompts = ada.prompts
    ada.type("set prompt off")
    await ada.read("The prompt is off.")
    ada.type("look", "set prompt on")
    await ada.read("Ways:", "The prompt is on.", "mp>")
    assert ada.prompts == prompts + 1


async def test_width_and_colours(house: TelnetHouse) -> None:
    ada = await house.visitor({NAWS, TTYPE}, terminal=("xterm",), window=(40, 20))
    await ada.enter("Ada")
    ada.text = ""
    ada.type("look")
    seen = await ada.read("Ways:")
    assert max(len(line) for line in seen.replace("\x1b[1m", "").replace("\x1b[0m", "").split("\r\n")) <= 40
    assert "\x1b[1mGate Square\x1b[0m" in seen
    ada.resize(255, 20)
    ada.type("set")
    await ada.read("Colours: 16.", "Width: 250.")
    ada.type("set width 60", "set colour 256", "set colour auto", "set colour off", "set color")
    await ada.read("after 60 columns", "Colours: 256.", "Colours: 16.", "Colours: none.", "Set colour to what?")
    ada.text = ""
    ada.type("look")
    assert "\x1b" not in await ada.read("Ways:")
    ada.type("set width 9", "set width 0", "set height 3", "set prompt maybe", "help set")
    await ada.read(
        "The width is a number", "after 80 columns", "nothing called height", "on or off?", "set charset utf-8"
    )
    ada.send(words(252, NAWS))
    ada.type("set")
    await ada.read("Width: 80.")


async def test_character_sets(house: TelnetHouse) -> None:
    ada = await house.visitor({CHARSET}, charsets=("ISO-8859-1",))
    await ada.enter("Ada")
    bo = await (await house.visitor()).enter("Bob")
    ada.type("say Grüße")
    await bo.read("Ada says: Grüße")
    bo.type("say “Grüße” – 世")
    await ada.read('Bob says: "Grüße" - ?')
    ada.type("set charset ascii")
    await ada.read("US-ASCII")
    bo.type("say Grüße")
    await ada.read("Bob says: Grusse")
    ada.type("set charset klingon")
    await ada.read("klingon is not known here.", "ISO-8859-1")
    ada.type("set charset utf-8")
    ada.charset = "utf-8"
    bo.type("say 世")
    await ada.read("Bob says: 世")


async def test_who_types_latin_1_reads_latin_1(house: TelnetHouse) -> None:
    ada = await (await house.visitor()).enter("Ada")
    ada.charset = "latin-1"
    ada.type("say Grüße")
    await ada.read("You say: Grüße")


async def test_the_mode_for_screen_readers(house: TelnetHouse) -> None:
    ada = await house.visitor(PLAIN)
    await ada.enter("Ada", reader=True)
    ada.type("map")
    await ada.read("A map is a drawing.", "north")
    ada.type("who")
    who = await ada.read("Ada – The Gate Ward")
    assert "  Ada" not in who
    ada.type("look")
    look = await ada.read("Ways: north")
    assert "(3 of them)" in look
    assert "×" not in look
    assert any(len(line) > 100 for line in look.split("\r\n"))  # sentences stay whole
    assert b"\x1b" not in ada.raw
    ada.type("set screenreader off", "map")
    await ada.read("colours, drawings and a prompt", "[ @ ]")
    ada.type("set screenreader on")
    await ada.read("plain sentences from now on")


async def test_messages_for_programs(house: TelnetHouse) -> None:
    ada = await house.visitor(ALL)
    await ada.until(lambda: (WILL, GMCP) in ada.offered)
    ada.tell("Core.Hello", {"client": "Mudlet", "version": "4.17"})
    ada.tell("Core.Supports.Set", ["Char 1", "Room 1", "Comm.Channel 1"])
    await ada.enter("Ada")
    channels = await ada.message("Comm.Channel.List")
    assert {"name": "tell", "caption": "Tell", "command": "tell"} in channels
    assert (await ada.message("Char.Name"))["name"] == "Ada"
    assert (await ada.message("Char.Status"))["class"] == "Ranger"
    vitals = await ada.message("Char.Vitals")
    assert vitals["hp"] == vitals["maxhp"] > 0
    here = await ada.message("Room.Info")
    assert (here["name"], here["area"]) == ("Gate Square", "The Gate Ward")
    assert set(here["exits"]) == {"n", "e", "se", "s", "w", "nw"}
    assert here["num"] == house.node.services.world.world.number_of(here["id"]) % (2**31 - 1)

    bo = await (await house.visitor()).enter("Bob")
    assert await ada.message("Room.AddPlayer") == {"name": "Bob", "fullname": "Bob"}
    await ada.message("Room.Players", lambda players: [one["name"] for one in players] == ["Bob"])
    bo.type("say hello")
    said = await ada.message("Comm.Channel.Text", lambda data: data["talker"] == "Bob")
    assert said == {"channel": "say", "talker": "Bob", "text": "Bob says: hello"}
    bo.type("north")
    assert await ada.message("Room.RemovePlayer") == "Bob"
    ada.type("north")
    there = await ada.message("Room.Info")
    assert there["name"] == "Beneath the Arch"
    assert there["exits"]["s"] == here["num"]
    assert (there["coords"]["y"], here["coords"]["y"]) == (1, 0)
    ada.tell("Core.Ping")
    assert await ada.message("Core.Ping") == ""
    ada.tell("Core.Supports.Remove", ["Room"])
    ada.type("south", "quit")
    await ada.hung_up()
    packages = [package for package, _ in ada.messages]
    assert packages[-1] == "Core.Goodbye"
    assert "Room.Info" not in packages


async def test_messages_before_the_world(house: TelnetHouse) -> None:
    ada = await house.visitor(ALL)
    await ada.read("press Enter for no: ")
    ada.tell("Char.Login", {"account": "Ada"})
    ada.tell("Core.Ping", 12)
    await ada.message("Core.Ping")


async def test_a_lobby(house: TelnetHouse) -> None:
    ada, bo = await two(house)
    ada.type("lobbies")
    await ada.read("Lobbies:", "26: Arrival (marathon), no players.", "goes there.")
    ada.type(
        "lobby join", "lobby join nowhere", "lobby join 999", "lobby join s", "lobby leave", "lobby who now, please"
    )
    await ada.read(
        "Join which lobby?",
        "no lobby called nowhere",
        "no such lobby",
        "Which one: Silvermines",
        "You are in no lobby.",
    )
    ada.type("lobby join arrival")
    await ada.read("You are in the lobby Arrival.", "Nobody else is here.", "Welcome to Mythgate.")
    bo.type("lobby enter 26")
    await bo.read("Here: Ada (Mudlet).")
    await ada.read("[Arrival] Bob comes in with telnet.")
    bo.type("lobby Hello |bthere|p, Ada", "lobby say list", 'lobbytell "Ada" psst', "lobby /me bows")
    await bo.read("[Arrival] You say: Hello there, Ada", "You say: list", "You tell Ada: psst")
    await ada.read("[Arrival] Bob: Hello \x1b[1mthere\x1b[0m", ", Ada", "Bob: list", "Bob tells you: psst")
    ada.type("lobby list", "lobby who", "help lobby")
    await ada.read("26: Arrival (marathon), 2 players. You are here.", "Bob", "lobby leave – Come back.")
    bo.type("lobby leave")
    await bo.read("You left Arrival.")
    await ada.read("[Arrival] Bob leaves.")
    said = await ada.message("Comm.Channel.Text", lambda data: data["channel"] == "lobby" and data["talker"] == "Bob")
    assert said["text"] == "Bob: Hello there, Ada"
    ada.type("quit")
    await ada.hung_up()


async def test_announcements_and_faults(house: TelnetHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bo = await two(house)
    now = house.clock.now()
    for kind in ("info", "warning", "error", "announcement"):
        house.node.hubs.publish(GLOBAL_TOPIC, event_of(SystemMessage(f"{kind} for all", kind), now))
    await bo.read("info for all", "warning for all", "error for all", "announcement for all")
    await ada.read("\x1b[1;38;5;221mannouncement for all")

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(house.node.services.commands, "execute", broken)
    bo.type("look")
    await bo.read("Something went wrong on our side.", "tell an administrator this: ")


async def test_staff_is_told_and_may_kick(house: TelnetHouse) -> None:
    ada = await (await house.visitor()).register("Ada")
    ada.type("quit")
    await ada.hung_up()
    accounts = house.node.services.accounts
    found = await accounts.find(OPERATOR, "Ada")
    assert found is not None
    await accounts.set_role(OPERATOR, found.id, Role.MODERATOR)
    ada = await (await house.visitor()).log_in("Ada")
    await ada.read("Ways:")
    bo = await (await house.visitor()).enter("Bob")
    ada.type("kick Bob Enough now")
    assert "You were removed by the staff: Enough now" in await bo.hung_up()
    await ada.read("[staff] ", "removed Bob")


async def test_away_by_itself(house: TelnetHouse) -> None:
    ada, bo = await two(house)
    await house.pass_time(300)
    bo.type("look")
    await bo.read("Ways:")
    await house.pass_time(300)
    await ada.read("You have typed nothing for a while")
    await bo.read("Ada is away.")
    ada.type("say I am here")
    await ada.read("You are back.", "You say: I am here")
    await bo.read("Ada is back.", "Ada says: I am here")
    ada.type("away at lunch")
    await ada.read("You are away: at lunch")
    await house.pass_time(700)
    ada.type("look")
    await ada.read("Ways:")
    present = next(one for one in house.node.presences.all() if one.name == "Ada")
    assert present.availability is Availability.AWAY  # by choice, so until `back`


async def test_sessions_live_as_long_as_people_type(house: TelnetHouse) -> None:
    ada, bo = await two(house)
    for _ in range(10):
        await house.pass_time(600)
        ada.type("look")
        await ada.read("Ways:")
        await house.pass_time(5)
    await house.node.services.sessions.sweep()
    assert "You are signed out." in await bo.hung_up() or True
    ada.type("look")
    await ada.read("Ways:")


async def test_commands_wait_for_each_other(house: TelnetHouse) -> None:
    ada = await (await house.visitor()).enter("Ada")
    ada.type(*(f"say {number}" if number % 3 else "look" for number in range(30)))
    heard = await ada.read("You say: 29")
    said = [line.removeprefix("You say: ") for line in heard.split("\r\n") if line.startswith("You say: ")]
    assert said == [str(number) for number in range(30) if number % 3]


async def test_too_fast(house: TelnetHouse) -> None:
    ada = await (await house.visitor()).enter("Ada")
    ada.type(*["say spam"] * 50)
    await ada.read("You are sending too fast; this was not carried out.")
    assert house.door.stats.rate_limited > 0
    ada.type(*["say spam"] * 300)
    assert "You kept sending far too much." in await ada.hung_up()


async def test_too_long(house: TelnetHouse) -> None:
    ada = await (await house.visitor()).enter("Ada")
    ada.type("say " + "x" * 5000, "look")
    await ada.read("That line was too long; nothing was done.", "Ways:")
    assert house.door.stats.long_lines == 1


async def test_merged_events_take_one_prompt(tmp_path: Path) -> None:
    async with telnet_house(tmp_path, realtime={"merge_window": 0.02}) as house:
        ada = await house.visitor({25})
        await ada.enter("Ada")
        await ada.read("mp> ")
        present = house.node.presences.all()[0]
        before = ada.prompts
        for number in range(10):
            event = event_of(RoomMessage(f"Bell {number}."), house.clock.now() + timedelta(seconds=number))
            house.node.hub.send(present.character_id, event)
        await ada.read("Bell 9.", "mp> ")
        await ada.until(lambda: ada.prompts > before)
        assert ada.prompts - before <= 2
