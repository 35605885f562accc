"""From the first byte to the world: what is agreed on, the first question, signing in, characters."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from tests.support.telnet import (
    ALL,
    CHARSET,
    DO,
    DONT,
    ECHO,
    END_OF_RECORD,
    GMCP,
    MCCP2,
    MSSP,
    NAWS,
    PASSWORD,
    SGA,
    TTYPE,
    WILL,
    WONT,
    TelnetHouse,
    telnet_house,
    words,
)

QUESTION = "Do you use a screen reader? Type yes, or press Enter for no: "
OFFERS = b"".join(
    words(verb, option)
    for verb, option in (
        *((DO, TTYPE), (DO, NAWS), (WILL, CHARSET), (WILL, END_OF_RECORD), (WILL, GMCP), (WILL, MSSP), (WILL, MCCP2)),
    )
)


async def test_the_first_bytes(house: TelnetHouse) -> None:
    """Golden: what is asked for, then a question without a single escape code, and nothing else."""
    bare = await house.visitor()
    await bare.read(QUESTION)
    assert bytes(bare.raw) == OFFERS + QUESTION.encode()
    bare.type("yes")
    await bare.read("Name: ")
    assert b"\x1b" not in bare.raw
    assert bare.prompts == 0  # it does not speak telnet, and would show these bytes


async def test_a_modern_client(house: TelnetHouse) -> None:
    mudlet = await house.visitor(ALL, window=(100, 40))
    await mudlet.read(QUESTION)
    assert mudlet.compresses
    assert mudlet.status["CODEBASE"][0].startswith("Mythgate ")
    mudlet.type("")
    screen = await mudlet.read("or `quit`.", "Name: ")
    assert "\x1b[1;38;5;223mMythgate\x1b[0m" in screen
    assert "Be kind." in screen
    assert "Nobody is in the world now." in screen
    assert mudlet.prompts == 2
    assert house.door.stats.agreed["gmcp"] == 1
    assert house.door.stats.compressed_bytes > 0


async def test_a_client_that_says_it_reads_aloud_is_not_asked(house: TelnetHouse) -> None:
    blind = await house.visitor(ALL - {MCCP2}, terminal=("Mudlet", "SCREEN", "MTTS 77"))
    screen = await blind.read("Name: ")
    assert "screen reader" not in screen
    assert b"\x1b" not in blind.raw
    blind.type("guest Milton")
    await blind.read("You are Milton.", "Ways:")
    assert blind.prompts == 1  # "Name: ", and no prompt in the world


async def test_who_types_their_name_at_once_is_believed_to_see(house: TelnetHouse) -> None:
    ada = await house.visitor()
    await ada.read(QUESTION)
    ada.type("guest Ada")
    await ada.read("You are Ada.", "Ways:")


async def test_registering_and_coming_back(house: TelnetHouse) -> None:
    ada = await house.visitor({ECHO, TTYPE}, terminal=("XTERM-256COLOR",))
    await ada.read(QUESTION)
    ada.type("no")
    await ada.read("Name: ")
    ada.type("register")
    await ada.read("New name: ")
    assert not ada.is_hiding()
    ada.type("Ada")
    await ada.read("at least 8 characters", "New password: ")
    assert ada.is_hiding()
    ada.type(PASSWORD)
    await ada.read("The same again: ")
    await ada.until(lambda: ada.is_hiding())
    ada.type(PASSWORD)
    await ada.read("You have no character yet.", "Its name, Enter for Ada: ")
    assert not ada.is_hiding()
    ada.type("", "elf", "Sor")
    await ada.read("3 Dwarf", "2 Sorcerer", "6 Golden Order", "Faction, Enter for none: ")
    ada.type("7")
    await ada.read("That is none of them.")
    ada.type("Iron Brotherhood")
    await ada.read("Ada has been made.", "Ways:")
    ada.type("sheet")
    sheet = await ada.read("Sorcerer")
    assert "Elf" in sheet
    assert PASSWORD not in bytes(ada.raw).decode(errors="replace")
    ada.type("quit")
    assert "You leave the world. Come back soon." in await ada.hung_up()

    again = await house.visitor()
    await again.log_in("ada")
    await again.read("Ways:")
    present = house.node.presences.all()[0]
    assert (present.name, present.door, present.faction) == ("Ada", "telnet", "Iron Brotherhood")
    assert house.door.stats.sign_ins == {"login": 1, "register": 1, "guest": 0}


async def test_wrong_passwords(house: TelnetHouse) -> None:
    await (await house.visitor()).register("Ada")
    thief = await house.visitor()
    await thief.read(QUESTION)
    thief.type("")
    for attempt in range(3):
        await thief.read("Name: ")
        thief.type("ada" if attempt else "login ada")
        await thief.read("Password: ")
        thief.type("wrong password")
        await thief.read("This name and password do not match.")
    assert "That is enough for now." in await thief.hung_up()
    assert house.door.stats.refused["bad_credentials"] == 3
    assert house.door.stats.closed["left"] == 1


async def test_a_throttled_account(house: TelnetHouse) -> None:
    await (await house.visitor()).register("Ada")
    for _ in range(2):
        thief = await house.visitor()
        await thief.log_in("Ada", "wrong password")
        for _ in range(2):
            await thief.read("Name: ")
            thief.type("Ada")
            await thief.read("Password: ")
            thief.type("wrong password")
        await thief.hung_up()
    assert house.door.stats.refused["login_throttled"] == 1


async def test_refusals_before_the_world(house: TelnetHouse) -> None:
    ada = await house.visitor()
    await ada.read(QUESTION)
    ada.type("no", "", "register", "x", PASSWORD, PASSWORD)
    await ada.read("The same again: ", "name")
    await ada.read("Name: ")
    ada.type("new", "Adalbert", "short", "short")
    await ada.read("8 characters", "Name: ")
    ada.type("create", "Adalbert", PASSWORD, "another one")
    await ada.read("These are two different passwords.")
    assert "That is enough" in await ada.hung_up()
    assert house.door.stats.refused == {"name_not_allowed": 1, "invalid_input": 2}


async def test_several_characters(house: TelnetHouse) -> None:
    ada = await house.visitor()
    await ada.register("Ada", "First One", "", "", "")
    ada.type("quit")
    await ada.hung_up()
    accounts = house.node.services.accounts
    signed_in = await accounts.login("Ada", PASSWORD, door="telnet", address="", client="")
    await house.node.services.characters.create(signed_in.caller, "Second One")

    again = await (await house.visitor()).log_in("Ada")
    await again.read("1: First One, level 1", "2: Second One", "`new` for another, Enter for First One: ")
    again.type("9", "third")
    await again.read("That is none of them.", "That is none of them.")
    again.type("new", "Third One", "elf", "", "")
    await again.read("Third One has been made.", "Ways:")
    again.type("quit")
    await again.hung_up()

    full = await (await house.visitor()).log_in("Ada")
    await full.read("3: Third One", "Number or name, Enter for")
    full.type("sec")
    await full.read("Ways:")
    assert [one.name for one in house.node.presences.all()] == ["Second One"]
    full.type("quit")
    await full.hung_up()
    last = await (await house.visitor()).log_in("Ada")
    await last.read("Enter for Second One")
    last.type("")
    await last.read("Ways:")


async def test_a_name_somebody_has(house: TelnetHouse) -> None:
    await (await house.visitor()).register("Ada", "Taken", "", "", "")
    bo = await house.visitor()
    await bo.read(QUESTION)
    bo.type("", "register", "Borin", PASSWORD, PASSWORD)
    await bo.read("Its name, Enter for Borin: ")
    bo.type("Taken", "", "", "")
    await bo.read("Its name, Enter for none: ")
    bo.type("")
    await bo.read("You have no character yet.", "Its name, Enter for Borin: ")
    bo.type("", "", "", "")
    await bo.read("Borin has been made.", "Ways:")


async def test_the_list_of_who_is_on(house: TelnetHouse) -> None:
    for first, second in itertools.product("bdfgkmr", "aeu"):
        await (await house.visitor()).enter(f"Zo{first}{second}n")
    last = await house.visitor()
    await last.read(QUESTION)
    last.type("")
    await last.read("In the world now: Zoban, ", "Zoren and", "1 more.", "Name: ")
    last.type("who")
    await last.read("In the world now:", "Name: ")
    last.type("bye")
    assert "Goodbye." in await last.hung_up()


async def test_a_closed_house(tmp_path: Path) -> None:
    async with telnet_house(tmp_path, sessions={"registration": "closed", "guests": False}) as house:
        ada = await house.visitor()
        await ada.read(QUESTION)
        ada.type("no")
        screen = await ada.read("Name: ")
        assert "register" not in screen
        assert "guest" not in screen
        ada.type("guest")
        await ada.read("This server admits no guests.")


async def test_passwords_only_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with telnet_house(tmp_path, options={"clear_passwords": False}) as house:
        await (await house.visitor()).register("Ada")  # from this machine itself
        monkeypatch.setattr(type(house.door), "is_local", lambda *_: False)
        for word in ("Ada", "register"):
            ada = await house.visitor()
            await ada.read(QUESTION)
            ada.type("", word)
            await ada.read("takes no passwords over it")


async def test_a_line_that_lists_of_games_send(house: TelnetHouse) -> None:
    crawler = await house.visitor()
    await crawler.read(QUESTION)
    crawler.type("MSSP-REQUEST")
    told = await crawler.hung_up()
    assert "MSSP-REPLY-START\r\n" in told
    assert "PLAYERS\t0\r\n" in told
    assert told.rstrip().endswith("MSSP-REPLY-END")


async def test_slow_answers_end_it(tmp_path: Path) -> None:
    async with telnet_house(tmp_path, options={"answer_within": 0.01}) as house:
        silent = await house.visitor()
        assert "Nothing came for a while." in await silent.hung_up()
        assert house.door.stats.closed["late"] == 1


async def test_hanging_up_before_the_world(house: TelnetHouse) -> None:
    shy = await house.visitor()
    await shy.read(QUESTION)
    await shy.close()
    await house.settled(lambda: house.door.stats.connected == 0)
    undecided = await house.visitor()
    await undecided.read(QUESTION)
    undecided.type("", "register", "Borin", PASSWORD, PASSWORD)
    await undecided.read("Its name")
    assert house.node.services.sessions.active_count == 1
    await undecided.close()
    await house.settled(lambda: house.node.services.sessions.active_count == 0)


async def test_suppressing_go_ahead(house: TelnetHouse) -> None:
    old = await house.visitor()
    await old.read(QUESTION)
    old.send(words(DO, SGA))
    await old.until(lambda: (WILL, SGA) in old.offered)
    old.type("no")
    await old.read("Name: ")
    assert old.prompts == 0
    old.send(words(DONT, SGA))
    await old.until(lambda: (WONT, SGA) in old.offered)
    old.type("xyz")
    await old.read("Password: ")
    await old.until(lambda: old.prompts == 1)
