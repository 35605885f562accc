"""Talk in a lobby by commands of the text world."""

from __future__ import annotations

import pytest
from tests.support.play import PlayKit

from mythgate.domain.events import LobbyMessage
from mythgate.domain.lobbies import Looks, Visitor
from mythgate.domain.presence import Presence

ARRIVAL = 26


def enter(kit: PlayKit, who: Presence, number: int) -> None:
    visitor = Visitor(who.character_id, number, who.name, Looks(who.name), "http", "browser", account_id=who.account_id)
    kit.lobbies.enter(visitor, ARRIVAL)


def heard(kit: PlayKit, who: Presence) -> list[tuple[str, str, str]]:
    return [(one.kind, one.name, one.styled) for one in kit.heard(who).of(LobbyMessage)]


async def test_words_reach_the_lobby_and_nobody_else(kit: PlayKit) -> None:
    ada, ben, cleo = [await kit.somebody(name) for name in ("Ada", "Ben", "Cleo")]
    enter(kit, ada, 1)
    enter(kit, ben, 2)
    response = await kit.do(ada, "lobby hello |bthere|p,  all")
    assert (response.success, response.result) == (True, "")
    assert heard(kit, ben) == heard(kit, ada) == [("say", "Ada", "hello |bthere|p,  all")]
    assert heard(kit, cleo) == []


@pytest.mark.parametrize("whom", ["#2", "2", "Ben", "be"])
async def test_one_person_is_told_by_number_or_name(kit: PlayKit, whom: str) -> None:
    ada, ben, cleo = [await kit.somebody(name) for name in ("Ada", "Ben", "Cleo")]
    for number, one in enumerate((ada, ben, cleo), 1):
        enter(kit, one, number)
    assert (await kit.do(ada, f"lobbytell {whom} psst")).success
    assert heard(kit, ben) == heard(kit, ada) == [("private", "Ada", "psst")]
    assert heard(kit, cleo) == []


@pytest.mark.parametrize("line", ['"Guest Ben" psst', "“guest ben” psst", '"Guest Ben"psst', '"guest b"  psst'])
async def test_a_name_of_several_words_stands_in_quotes(kit: PlayKit, line: str) -> None:
    ada, ben = [await kit.somebody(name) for name in ("Ada", "Ben")]
    enter(kit, ada, 1)
    looks = Looks("Guest Ben")
    kit.lobbies.enter(Visitor(ben.character_id, 2, "Ben", looks, "http", "browser", account_id=ben.account_id), ARRIVAL)
    assert (await kit.do(ada, f"lobbytell {line}")).success
    assert heard(kit, ben) == [("private", "Ada", "psst")]
    for unfinished in ('"Guest Ben', '"Guest Ben"', '"Guest Ben" ', '"" psst', '"Guest'):
        assert (await kit.do(ada, f"lobbytell {unfinished}")).code == "bad_usage"


async def test_refusals(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    for line, code in (("lobby hi", "not_in_lobby"), ("lobbytell Ben hi", "not_in_lobby"), ("lobby", "bad_usage")):
        assert (await kit.do(ada, line)).code == code
    enter(kit, ada, 1)
    for line, code in (
        ("lobbytell #77 hi", "unreachable"),
        ("lobbytell #99999999999999999999 hi", "unreachable"),
        ("lobbytell Ben hi", "unreachable"),
        ("lobbytell #1", "bad_usage"),
    ):
        assert (await kit.do(ada, line)).code == code


async def test_nobody_says_into_a_lobby_by_half_a_word(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    enter(kit, ada, 1)
    assert (await kit.do(ada, "lob hi")).code == "unknown_command"
    assert (await kit.do(ada, "loo")).command == "look"
    assert heard(kit, ada) == []


async def test_where_nothing_is_played(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    for line, code in (("play", "bad_usage"), ("play 3", "not_in_lobby"), ("pla 3", "unknown_command")):
        assert (await kit.do(ada, line)).code == code
    enter(kit, ada, 1)
    refused = await kit.do(ada, "play 3")
    assert (refused.code, refused.result) == ("no_game", "Nothing is played in Arrival.")
