"""`.ladder` and `.tournaments`, as an old client's player types them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.support.clock import FakeClock
from tests.support.people import CUP, OPEN, PeopleKit, people_kit

from mythgate.domain.sessions import OPERATOR
from mythgate.domain.tournaments import Tournament
from mythgate.services.ports import Store


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PeopleKit]:
    async with people_kit(clock, store) as made:
        yield made


async def test_the_ladder(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    assert await kit.typed(anna, ".ladder") == ["Nobody has played a ranked game yet."]
    await kit.play(anna, bob)
    told = "\n".join(await kit.typed(anna, ".ladder"))
    assert "1. Anna, dagger with hilt, 1016 points, 1 games" in told
    assert "2. Bob" in told


async def test_taking_part_in_a_tournament(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob", OPEN)
    assert await kit.typed(anna, ".tournaments") == ["No tournament is announced."]
    now = kit.clock.now()
    cup = await kit.tournaments.announce(OPERATOR, Tournament("Cup", 1, CUP, now + timedelta(hours=1), now))
    told = await kit.typed(anna, f".tournaments join {cup.number}")
    assert told[0].startswith("You take part. Be in its lobby in time.")
    assert told[0].endswith("Cup begins 2030-01-01 13:00 UTC in Shoal; 1 of at most 32 take part.")
    await kit.typed(bob, f".tournaments JOIN {cup.number}")
    again = await kit.typed(bob, f".tournaments join {cup.number}")
    assert again == ["You have signed up already."]
    assert await kit.typed(bob, f".tournaments leave {cup.number}") == ["You do not take part any more."]
    assert "1 of at most 32" in (await kit.typed(bob, ".tournaments"))[0]


async def test_one_that_is_under_way_in_a_lobby_that_is_gone(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna", OPEN), await kit.myth("Bob", OPEN)
    now = kit.clock.now()
    cup = await kit.tournaments.announce(OPERATOR, Tournament("Cup", 1, OPEN, now, now))
    for one in (anna, bob):
        await kit.typed(one, f".tournaments join {cup.number}")
    await kit.tournaments.tick()
    assert await kit.typed(anna, ".tournaments") == [
        f"{cup.number}: Cup is under way in White Falls; 2 of at most 32 take part."
    ]
    await kit.tournaments.announce(OPERATOR, Tournament("Other", 2, 99, now, now))
    assert "in lobby 99" in "\n".join(await kit.typed(anna, ".tournaments"))


@pytest.mark.parametrize("words", ["win 3", "join", "join three", "join 3 4"])
async def test_what_is_no_way_to_take_part(kit: PeopleKit, words: str) -> None:
    anna = await kit.myth("Anna")
    assert "tournaments" in (await kit.typed(anna, f".tournaments {words}"))[0]


async def test_guests_take_part_in_none(kit: PeopleKit) -> None:
    assert await kit.typed(kit.myth_guest("Wanderer"), ".tournaments join 1") == ["Guests may not do that."]
