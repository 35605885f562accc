"""Tournaments from sign-up to prize."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.people import CUP, PeopleKit, account_of, people_kit

from mythgate.domain.accounts import Role
from mythgate.domain.errors import Conflict, InvalidInput, LimitReached, NotFound, PermissionDenied
from mythgate.domain.lobbies import Occupant
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.tournaments import PATIENCE, Tournament, TournamentState
from mythgate.services.ports import Store
from mythgate.services.tournaments import Step, TournamentService, TournamentView


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PeopleKit]:
    async with people_kit(clock, store) as made:
        yield made


async def a_cup(kit: PeopleKit, **changes: Any) -> int:
    now = kit.clock.now()
    given = {"name": "Cup", "slot": 1, "room_id": CUP, "starts_at": now + timedelta(hours=1), "created_at": now}
    return (await kit.tournaments.announce(OPERATOR, Tournament(**{**given, "prize_pool": 100, **changes}))).number


async def entrants(kit: PeopleKit, number: int, *names: str) -> list[Occupant]:
    people = []
    for name in names:
        one = await kit.myth(name, CUP, tournaments=frozenset({1}))
        await kit.tournaments.sign_up(account_of(one), number)
        kit.clock.advance(timedelta(seconds=1))
        people.append(one)
    return people


def pairings(view: TournamentView) -> list[tuple[int, int, int]]:
    return [(one.first, one.second, one.winner) for one in view.tournament.bracket]


async def test_from_sign_up_to_prize(kit: PeopleKit) -> None:
    number = await a_cup(kit, prize_shares=(70, 30))
    anna, bob, cara = await entrants(kit, number, "Anna", "Bob", "Cara")
    assert await kit.tournaments.memberships(account_of(anna)) == frozenset({1})
    assert await kit.tournaments.tick() == []
    kit.clock.advance(timedelta(hours=1))
    assert [one.state for one in await kit.tournaments.tick()] == [TournamentState.RUNNING]
    assert await kit.tournaments.tick() == []
    assert kit.lines(anna)[-1] == "Tournament Cup: it begins. To play: Bob - Cara."
    view = await kit.tournaments.view(number)
    assert [(one.name, one.seed) for one in view.entries] == [("Anna", 1), ("Bob", 2), ("Cara", 3)]

    await kit.play(anna, bob)  # they are not to meet yet
    assert pairings(await kit.tournaments.view(number))[1] == (bob.number, cara.number, 0)
    result = await kit.play(cara, bob)
    view = await kit.tournaments.view(number)
    assert pairings(view)[1:] == [(bob.number, cara.number, cara.number), (anna.number, cara.number, 0)]
    assert view.tournament.bracket[1].result == result.number
    assert kit.lines(anna)[-1] == "Tournament Cup: Cara goes on. To play: Anna - Cara."
    await kit.play(cara, anna)
    view = await kit.tournaments.view(number)
    assert view.tournament.state is TournamentState.FINISHED
    assert [(prize.place, prize.name, prize.amount) for prize in view.prizes] == [(1, "Cara", 70), (2, "Anna", 30)]
    assert kit.lines(anna)[-1] == "Tournament Cup: Cara wins."
    assert await kit.tournaments.memberships(account_of(anna)) == frozenset()
    await kit.play(anna, cara)
    assert await kit.tournaments.view(number) == view
    assert await kit.tournaments.all(over=True) == [view]
    assert await kit.tournaments.all() == []


async def test_the_time_alone_is_not_enough(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    (anna,) = await entrants(kit, number, "Anna")
    kit.clock.advance(timedelta(hours=1))
    assert await kit.tournaments.tick() == []
    await entrants(kit, number, "Bob")
    assert [one.state for one in await kit.tournaments.tick()] == [TournamentState.RUNNING]
    assert anna.number in pairings(await kit.tournaments.view(number))[0]


async def test_the_players_alone_are_not_enough(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    await entrants(kit, number, "Anna", "Bob")
    kit.clock.advance(timedelta(minutes=59))
    assert await kit.tournaments.tick() == []


async def test_who_is_not_there_does_not_take_part(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    anna, bob, cara = await entrants(kit, number, "Anna", "Bob", "Cara")
    kit.lobbies.leave(bob.visitor.listener)
    kit.clock.advance(timedelta(hours=1))
    await kit.tournaments.tick()
    view = await kit.tournaments.view(number)
    assert pairings(view) == [(anna.number, cara.number, 0)]
    assert [entry.name for entry in view.entries] == ["Anna", "Cara"]


async def test_the_ladder_seeds(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    anna, _, cara = await entrants(kit, number, "Anna", "Bob", "Cara")
    await kit.play(cara, anna)
    kit.clock.advance(timedelta(hours=1))
    await kit.tournaments.tick()
    assert [(one.name, one.seed) for one in (await kit.tournaments.view(number)).entries] == [
        ("Anna", 3),
        ("Bob", 2),
        ("Cara", 1),
    ]


async def test_too_few_for_too_long(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    (anna,) = await entrants(kit, number, "Anna")
    kit.clock.advance(timedelta(hours=1) + PATIENCE)
    assert [one.state for one in await kit.tournaments.tick()] == [TournamentState.CANCELLED]
    assert kit.lines(anna)[-1] == "Tournament Cup: cancelled."
    assert (await kit.tournaments.view(number)).prizes == []


async def test_one_tournament_a_slot(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    with pytest.raises(Conflict):
        await a_cup(kit)
    await a_cup(kit, slot=2)
    await kit.tournaments.cancel(OPERATOR, number)
    await a_cup(kit)
    with pytest.raises(Conflict):
        await kit.tournaments.cancel(OPERATOR, number)
    outcomes = await asyncio.gather(*(a_cup(kit, slot=3) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(one, int) for one in outcomes) == 1


async def test_what_cannot_be_announced(kit: PeopleKit) -> None:
    anna = await kit.myth("Anna")
    now = kit.clock.now()
    with pytest.raises(PermissionDenied):
        await kit.tournaments.announce(kit.caller(anna), Tournament("Cup", 1, CUP, now, now))
    with pytest.raises(InvalidInput):
        await a_cup(kit, slot=9)
    with pytest.raises(NotFound):
        await kit.tournaments.view(99)


async def test_signing_up_and_not(kit: PeopleKit) -> None:
    number = await a_cup(kit, max_players=2)
    anna, _ = await entrants(kit, number, "Anna", "Bob")
    late = await kit.account("Late")
    with pytest.raises(LimitReached):
        await kit.tournaments.sign_up(late.id, number)
    with pytest.raises(Conflict):
        await kit.tournaments.sign_up(account_of(anna), number)
    await kit.tournaments.withdraw(account_of(anna), number)
    with pytest.raises(NotFound):
        await kit.tournaments.withdraw(account_of(anna), number)
    with pytest.raises(PermissionDenied):
        await kit.tournaments.sign_up((await kit.account("Visitor", is_guest=True)).id, number)
    await kit.tournaments.sign_up(late.id, number)
    await kit.tournaments.cancel(OPERATOR, number)
    with pytest.raises(Conflict):
        await kit.tournaments.withdraw(late.id, number)


async def test_staff_decides_what_is_not_played(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    anna, bob = await entrants(kit, number, "Anna", "Bob")
    kit.clock.advance(timedelta(hours=1))
    await kit.tournaments.tick()
    with pytest.raises(PermissionDenied):
        await kit.tournaments.decide(kit.caller(anna), number, 1, 0, anna.number)
    judge = kit.caller(await kit.myth("Judge", CUP, role=Role.TOURNAMENT))
    with pytest.raises(InvalidInput):
        await kit.tournaments.decide(judge, number, 1, 0, 999)
    view = await kit.tournaments.decide(judge, number, 1, 0, bob.number)
    assert [(prize.name, prize.amount) for prize in view.prizes] == [("Bob", 100)]
    with pytest.raises(Conflict):
        await kit.tournaments.decide(judge, number, 1, 0, anna.number)
    assert (await kit.tournaments.view(number)).prizes == view.prizes


async def test_two_judges_at_once_award_once(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    anna, bob = await entrants(kit, number, "Anna", "Bob")
    kit.clock.advance(timedelta(hours=1))
    await kit.tournaments.tick()
    outcomes = await asyncio.gather(
        *(kit.tournaments.decide(OPERATOR, number, 1, 0, one.number) for one in (anna, bob, anna)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["Conflict", "Conflict", "TournamentView"]
    assert len((await kit.tournaments.view(number)).prizes) == 1


async def test_who_starts_it_at_the_same_moment_starts_it_once(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    await entrants(kit, number, "Anna", "Bob")
    kit.clock.advance(timedelta(hours=1))
    started = await asyncio.gather(*(kit.tournaments.tick() for _ in range(3)))
    assert sum(len(one) for one in started) == 1


# --- beside the running server -----------------------------------------------------------------------


def beside(kit: PeopleKit) -> TournamentService:
    """The service of another process on the same database, as the command line has it; nobody is in its lobbies."""

    class Nobody:
        def occupants(self, room_id: int) -> list[Occupant]:
            return []

        def line(self, room_id: int | None, text: str) -> None:
            pass

    return TournamentService(store=kit.store, lobbies=Nobody(), clock=kit.clock)


async def test_staff_calls_it_before_its_time(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    (anna,) = await entrants(kit, number, "Anna")
    with pytest.raises(PermissionDenied):
        await kit.tournaments.start(kit.caller(anna), number)
    assert (await beside(kit).start(OPERATOR, number)).starts_at == kit.clock.now()
    assert await kit.tournaments.tick() == []
    await entrants(kit, number, "Bob")
    assert [one.state for one in await kit.tournaments.tick()] == [TournamentState.RUNNING]
    with pytest.raises(Conflict):
        await kit.tournaments.start(OPERATOR, number)
    with pytest.raises(NotFound):
        await kit.tournaments.start(OPERATOR, 99)
    assert ("tournament.called", f"tournament:{number}") in await kit.audited()


async def test_a_lobby_hears_once_of_what_another_process_did(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    anna, bob, cara = await entrants(kit, number, "Anna", "Bob", "Cara")
    changed: list[Sequence[int]] = []
    kit.tournaments.on_ties_changed(changed.append)
    kit.clock.advance(timedelta(hours=1))
    await kit.tournaments.tick()
    lines = len(kit.lines(anna))
    await beside(kit).decide(OPERATOR, number, 1, 1, cara.number)
    for _ in range(2):
        await kit.tournaments.tick()
    assert kit.lines(anna)[lines:] == ["Tournament Cup: Cara goes on. To play: Anna - Cara."]
    await beside(kit).cancel(OPERATOR, number)
    for _ in range(3):
        await kit.tournaments.tick()
    assert kit.lines(anna)[lines + 1 :] == ["Tournament Cup: cancelled."]
    assert changed == [[anna.number, bob.number, cara.number]]


async def test_what_was_told_already_is_not_told_again(kit: PeopleKit) -> None:
    """As when a tick reads what was just saved, before it is told."""
    number = await a_cup(kit)
    (anna,) = await entrants(kit, number, "Anna")
    await kit.tournaments.tick()
    await kit.tournaments.cancel(OPERATOR, number)
    lines = kit.lines(anna)
    kit.tournaments.tell(Step(await kit.tournaments.view(number)))
    assert kit.lines(anna) == lines


async def test_a_start_that_another_process_saw_is_told_as_one(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    anna, bob = await entrants(kit, number, "Anna", "Bob")
    await kit.tournaments.tick()
    kit.clock.advance(timedelta(hours=1))
    other = TournamentService(store=kit.store, lobbies=kit.lobbies, clock=kit.clock)
    await other.tick()
    await kit.tournaments.tick()
    assert kit.lines(anna)[-1] == "Tournament Cup: it begins. To play: Anna - Bob."
    assert bob.number in pairings(await kit.tournaments.view(number))[0]


# --- prizes by hand ----------------------------------------------------------------------------------


async def test_a_prize_that_nobody_was_given_is_given_once(kit: PeopleKit) -> None:
    number = await a_cup(kit, prize_shares=(70, 30))
    anna, bob = await entrants(kit, number, "Anna", "Bob")
    with pytest.raises(Conflict, match="not over"):
        await kit.tournaments.award(OPERATOR, number, 1, anna.number)
    await kit.tournaments.cancel(OPERATOR, number)
    with pytest.raises(PermissionDenied):
        await kit.tournaments.award(kit.caller(anna), number, 1, anna.number)
    for place, winner in ((0, anna.number), (3, anna.number), (1, 999)):
        with pytest.raises(NotFound):
            await kit.tournaments.award(OPERATOR, number, place, winner)
    outcomes = await asyncio.gather(
        *(kit.tournaments.award(OPERATOR, number, 1, one.number) for one in (anna, bob)), return_exceptions=True
    )
    assert sum(isinstance(one, Conflict) for one in outcomes) == 1
    view = await kit.tournaments.award(OPERATOR, number, 2, bob.number)
    assert [(prize.place, prize.amount) for prize in view.prizes] == [(1, 70), (2, 30)]
    assert ("tournament.awarded", f"tournament:{number}") in await kit.audited()


async def test_a_prize_that_was_won_is_not_given_again(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    anna, bob = await entrants(kit, number, "Anna", "Bob")
    kit.clock.advance(timedelta(hours=1))
    await kit.tournaments.tick()
    await kit.play(anna, bob)
    with pytest.raises(Conflict, match="has its prize"):
        await kit.tournaments.award(OPERATOR, number, 1, bob.number)


async def test_games_of_a_tournament_lobby_before_it_begins(kit: PeopleKit) -> None:
    number = await a_cup(kit)
    anna, bob = await entrants(kit, number, "Anna", "Bob")
    await kit.play(anna, bob)
    assert (await kit.tournaments.view(number)).tournament.state is TournamentState.SIGNUP
