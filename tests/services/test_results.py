"""From reports to results to standings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite
from tests.support.games import a_report
from tests.support.people import LADDER, OPEN, PeopleKit, account_of, people_kit

from mythgate.backends.sql import open_store
from mythgate.domain import results as rules
from mythgate.domain.errors import LimitReached, NoGame, NotFound, PermissionDenied, WrongGameState
from mythgate.domain.hosting import GameFacts
from mythgate.domain.lobbies import Family, Lobby, LobbyKind
from mythgate.domain.ratings import RANKED, UNRANKED, SubjectKind, by_game_type
from mythgate.domain.results import Ending, Match, Outcome, Result, Verdict, evaluate
from mythgate.domain.sessions import OPERATOR
from mythgate.services import results
from mythgate.services.ports import Store, Transaction


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PeopleKit]:
    async with people_kit(clock, store) as made:
        yield made


async def test_a_ranked_game_between_two(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    kit.clock.advance(timedelta(minutes=10))
    first = await kit.report(game, anna, [anna], [bob], scoring=3, elapsed=18000)
    assert (first.fault, first.result) == ("", None)
    second = await kit.report(game, bob, [anna], [bob], scoring=3)
    assert second.result is not None
    result = (await kit.results.result(second.result.number)).result
    assert (result.verdict, result.kind, result.room_id, result.name) == (
        Verdict.CLEAR,
        LobbyKind.RANKED,
        LADDER,
        "A game",
    )
    assert (result.scoring, result.elapsed, result.agreeing) == (3, 18000, 2)
    assert result.started_at == kit.clock.now() - timedelta(minutes=10)
    assert [(line.name, line.outcome) for line in result.lines] == [("Anna", Outcome.WIN), ("Bob", Outcome.LOSS)]
    assert kit.recorded == [result]
    standings = await kit.ratings.standings(anna.number)
    assert {category: one.standing.points for category, one in standings.items()} == {
        RANKED: 1016,
        by_game_type(3): 1016,
    }
    evidence = (await kit.results.result(result.number)).testimony
    assert [one.report.reporter for one in evidence] == [anna.number, bob.number]


async def test_an_unranked_game_counts_apart(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna", OPEN), await kit.myth("Bob", OPEN)
    await kit.play(anna, bob)
    assert set(await kit.ratings.standings(anna.number)) == {UNRANKED}


async def test_the_reporter_is_who_sent_it(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    await kit.report(game, anna, [anna], [bob], reporter=bob.number)
    assert kit.recorded == []


async def test_outsiders_are_not_heard(kit: PeopleKit) -> None:
    anna, bob, eve = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Eve")
    game = kit.start_game(anna, bob)
    with pytest.raises(PermissionDenied):
        await kit.report(game, eve, [eve], [anna, bob])
    assert await kit.store.read(lambda tx: tx.matches.all()) == []
    with pytest.raises(NoGame):
        await kit.hosting.report(eve.visitor.listener, a_report(eve.number, [eve.number]), game_number=99)


async def test_a_faulty_report_is_kept_and_not_heard(kit: PeopleKit) -> None:
    anna, bob, eve = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Eve")
    game = kit.start_game(anna, bob)
    reported = await kit.report(game, anna, [anna], [eve])
    assert "not in the line-up" in reported.fault
    for _ in range(results.MOST_REPORTS - 1):
        await kit.report(game, anna, [anna], [eve])
    with pytest.raises(LimitReached):
        await kit.report(game, anna, [anna], [bob])
    assert len(await kit.store.read(lambda tx: tx.matches.testimony(reported.match_id))) == results.MOST_REPORTS


async def test_after_the_game_is_gone_two_minutes_are_enough(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    await kit.report(game, anna, [anna], [bob])
    kit.clock.advance(timedelta(hours=1))
    assert await kit.results.settle_due() == []
    kit.hosting.remove(anna.visitor.listener)
    await kit.settle()
    kit.clock.advance(timedelta(seconds=119))
    assert await kit.results.settle_due() == []
    kit.clock.advance(timedelta(seconds=1))
    assert [one.verdict for one in await kit.results.settle_due()] == [Verdict.CLEAR]
    assert await kit.results.settle_due() == []
    assert len(kit.recorded) == 1
    late = await kit.report(game, bob, [bob], [anna])
    assert late.fault == "The result was final already."
    assert late.result == kit.recorded[0]


async def test_a_report_after_the_end_knows_when_that_was(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    kit.hosting.remove(anna.visitor.listener)
    kit.clock.advance(timedelta(seconds=100))
    await kit.report(game, bob, [anna], [bob])
    kit.clock.advance(timedelta(seconds=20))
    assert len(await kit.results.settle_due()) == 1


async def test_a_game_nobody_can_say_anything_of_leaves_no_result(kit: PeopleKit) -> None:
    anna, bob, eve = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Eve")
    game = kit.start_game(anna, bob)
    await kit.report(game, anna, [anna], [eve])
    kit.hosting.remove(anna.visitor.listener)
    await kit.settle()
    kit.clock.advance(timedelta(hours=2))
    assert await kit.results.settle_due() == []
    assert await kit.store.read(lambda tx: tx.matches.all()) == []
    assert await kit.results.recent() == []


async def test_a_disputed_game_counts_for_nobody(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    await kit.report(game, anna, [anna], [bob])
    reported = await kit.report(game, bob, [bob], [anna])
    assert reported.result is not None
    assert reported.result.verdict is Verdict.DISPUTED
    assert await kit.ratings.standings(anna.number) == {}


async def test_another_round_is_another_game(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    listener = anna.visitor.listener
    game = kit.start_game(anna, bob)
    kit.clock.advance(timedelta(minutes=5))
    kit.hosting.reset(listener)
    await kit.report(game, anna, [anna], [bob])
    first = await kit.report(game, bob, [anna], [bob])
    assert first.result is not None
    kit.hosting.line_up(listener, game.number, [anna.number, bob.number])
    kit.hosting.start(listener, None)
    await kit.report(game, anna, [bob], [anna])
    second = await kit.report(game, bob, [bob], [anna])
    assert second.result is not None
    assert (second.result.match_id, second.result.lines[0].number) != (first.result.match_id, anna.number)
    assert len(kit.recorded) == 2


async def test_another_round_makes_final_what_was_reported(kit: PeopleKit) -> None:
    """The Bungie server scores at once when the host resets a game (113)."""
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    await kit.report(game, anna, [anna], [bob])
    kit.hosting.reset(anna.visitor.listener)
    await kit.settle()
    (result,) = kit.recorded
    assert (result.verdict, result.heard, result.lines[0].name) == (Verdict.CLEAR, 1, "Anna")
    late = await kit.report(game, bob, [bob], [anna])
    assert late.result == result
    kit.clock.advance(timedelta(hours=3))
    assert await kit.results.settle_due() == []


async def test_another_round_makes_nothing_of_what_cannot_be_heard(kit: PeopleKit) -> None:
    anna, bob, eve = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Eve")
    game = kit.start_game(anna, bob)
    await kit.report(game, anna, [anna], [eve])
    kit.hosting.reset(anna.visitor.listener)
    kit.hosting.reset(anna.visitor.listener)  # there is no round that could end
    await kit.settle()
    assert kit.recorded == []
    await kit.report(game, anna, [anna], [bob])
    kit.clock.advance(timedelta(minutes=2))
    assert [one.verdict for one in await kit.results.settle_due()] == [Verdict.CLEAR]


async def test_a_game_that_was_never_started(kit: PeopleKit) -> None:
    anna = await kit.myth("Anna")
    listener = anna.visitor.listener
    game = kit.hosting.announce(listener, address="192.0.2.1", port=1, facts=GameFacts())
    with pytest.raises(WrongGameState):
        await kit.report(game, anna, [anna])
    kit.hosting.remove(listener)
    await kit.settle()
    assert await kit.store.read(lambda tx: tx.matches.all()) == []


async def test_without_a_line_up_the_host_is_heard_and_nothing_is_ranked(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    listener = anna.visitor.listener
    game = kit.hosting.announce(listener, address="192.0.2.1", port=1, facts=GameFacts())
    kit.hosting.start(listener, None)
    with pytest.raises(WrongGameState):
        await kit.report(game, bob, [bob], [anna])
    await kit.report(game, anna, [anna], [bob])
    kit.hosting.remove(listener)
    await kit.settle()
    kit.clock.advance(timedelta(minutes=2))
    result = (await kit.results.settle_due())[0]
    assert (result.kind, [line.name for line in result.lines]) == (LobbyKind.UNRANKED, ["Anna", "Bob"])


async def test_guests_play_without_account(kit: PeopleKit) -> None:
    anna, guest = await kit.myth("Anna", OPEN), kit.myth_guest("Wanderer")
    browser = await kit.account("Visitor", is_guest=True)
    visitor = kit.lobbies.enter(kit.visitor_of(browser, family=Family.MYTH2), OPEN)
    game = kit.start_game(anna, guest, visitor)
    kit.lobbies.leave(guest.visitor.listener)
    await kit.report(game, anna, [anna], [guest, visitor])
    await kit.report(game, visitor, [anna], [guest, visitor])
    kit.hosting.remove(anna.visitor.listener)
    await kit.settle()
    kit.clock.advance(timedelta(minutes=2))
    result = (await kit.results.settle_due())[0]
    assert {line.name: line.account_id for line in result.lines} == {
        "Anna": anna.visitor.account_id,
        f"Guest {guest.number}": None,
        "Visitor": None,
    }


async def test_who_left_the_lobby_keeps_name_and_clan(kit: PeopleKit) -> None:
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    otters = await kit.clans.found(account_of(bob), "Otters", maintenance_password="maintain", member_password="swim")
    herons = await kit.clans.found(account_of(anna), "Herons", maintenance_password="maintain", member_password="swim")
    game = kit.start_game(anna, bob, clan_game=True)
    await kit.report(game, bob, [bob], [anna])
    kit.lobbies.leave(anna.visitor.listener)
    kit.lobbies.leave(bob.visitor.listener)
    await kit.settle()
    kit.clock.advance(timedelta(minutes=2))
    result = (await kit.results.settle_due())[0]
    assert [(line.name, line.clan) for line in result.lines] == [
        ("Bob", otters.clan.number),
        ("Anna", herons.clan.number),
    ]
    clan = await kit.ratings.standings(otters.clan.number, kind=SubjectKind.CLAN)
    assert clan[RANKED].standing.points == 1016
    assert cara.number not in [line.number for line in result.lines]


async def test_names_of_people_who_left_before_anybody_reported(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    kit.lobbies.leave(bob.visitor.listener)
    await kit.report(game, anna, [anna], [bob])
    match = (await kit.store.read(lambda tx: tx.matches.all()))[0]
    assert [one.name for one in match.line_up] == ["Anna", "Bob"]
    assert all(one.account_id is not None for one in match.line_up)


async def test_playing_together_is_not_rated(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob, options=frozenset({"cooperative"}))
    await kit.report(game, anna, [anna, bob])
    reported = await kit.report(game, bob, [anna, bob])
    assert reported.result is not None
    assert reported.result.cooperative
    assert await kit.ratings.standings(anna.number) == {}


async def test_a_lobby_that_was_closed_meanwhile_ranks_nothing(kit: PeopleKit) -> None:
    await kit.lobbies.add(OPERATOR, Lobby("Passing", 9, ranked=True, family=Family.MYTH2))
    anna, bob = await kit.myth("Anna", 9), await kit.myth("Bob", 9)
    game = kit.start_game(anna, bob)
    await kit.lobbies.remove(OPERATOR, 9)
    reporter = await kit.results.report(game, anna, a_report(anna.number, [anna.number], [bob.number]))
    match = await kit.store.read(lambda tx: tx.matches.get(reporter.match_id))
    assert match is not None
    assert match.kind is LobbyKind.UNRANKED


async def test_after_a_restart_reports_are_not_lost(kit: PeopleKit) -> None:
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    await kit.report(kit.start_game(anna, bob), anna, [anna], [bob])
    await kit.report(kit.start_game(cara, bob), cara, [cara], [bob], ended=Ending.QUIT)
    again = kit.result_service()
    assert await again.start() == 2
    kit.clock.advance(timedelta(minutes=2))
    assert [one.lines[0].name for one in await again.settle_due()] == ["Anna"]
    assert await again.start() == 1
    kit.clock.advance(timedelta(hours=2))
    assert [one.lines[0].name for one in await again.settle_due()] == ["Cara"]
    own = await again.report(kit.start_game(bob, cara), bob, a_report(bob.number, [bob.number], [cara.number]))
    assert await again.start() == 1
    match = await kit.store.read(lambda tx: tx.matches.get(own.match_id))
    assert match is not None
    assert match.removed_at is None


async def test_who_settles_a_match_that_is_settled_does_nothing(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    await kit.report(game, anna, [anna], [bob])
    kit.hosting.remove(anna.visitor.listener)
    await kit.settle()
    kit.clock.advance(timedelta(minutes=2))
    settled = await asyncio.gather(*(kit.results.settle_due() for _ in range(3)))
    assert sum(len(one) for one in settled) == 1
    assert len(kit.recorded) == 1


async def test_a_match_that_has_a_result_gets_no_second(kit: PeopleKit) -> None:
    """As after a crash between two versions of the server, or with a restored table."""
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    await kit.report(game, anna, [anna], [bob])
    match = (await kit.store.read(lambda tx: tx.matches.all()))[0]

    def copy(tx: Transaction) -> None:
        tx.results.add(evaluate(match, tx.matches.testimony(match.id), kit.clock.now()))

    await kit.store.write(copy)
    reported = await kit.report(game, bob, [anna], [bob])
    assert reported.result is None
    assert kit.recorded == []
    assert await kit.store.read(lambda tx: tx.matches.all()) == []
    assert await kit.ratings.standings(anna.number) == {}


async def test_looking_for_results(kit: PeopleKit) -> None:
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    first, second = await kit.play(anna, bob), await kit.play(bob, cara)
    assert [one.number for one in await kit.results.recent()] == [second.number, first.number]
    assert [one.number for one in await kit.results.recent(account_id=account_of(anna))] == [first.number]
    assert [one.number for one in await kit.results.recent(before=second.number, room_id=LADDER)] == [first.number]
    with pytest.raises(NotFound):
        await kit.results.result(99)


async def test_only_so_many_rounds_are_remembered(kit: PeopleKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "REMEMBERED", 2)
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    for _ in range(4):
        kit.start_game(anna, bob)
        kit.hosting.remove(anna.visitor.listener)
        kit.clock.advance(timedelta(seconds=1))
    assert (len(kit.results._over), len(kit.results._rounds)) == (2, 2)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["win", "lose", "quit", "wrong", "wait", "remove", "settle"])),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_is_reported_there_is_one_result_at_most(
    acts: list[tuple[int, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def run() -> None:
        clock = FakeClock()
        async with (
            open_store(new_sqlite(tmp_path_factory.mktemp("results")), clock=clock) as store,
            people_kit(clock, store) as kit,
        ):
            people = [await kit.myth(name) for name in ("Anna", "Bob", "Cara")]
            game = kit.start_game(*people)
            for index, act in acts:
                who = people[index]
                others = [one for one in people if one is not who]
                if act == "wait":
                    clock.advance(timedelta(seconds=130))
                elif act == "remove":
                    kit.hosting.remove(people[0].visitor.listener)
                    await kit.settle()
                elif act == "settle":
                    await kit.results.settle_due()
                else:
                    teams = [others, [who]] if act == "lose" else [[who], others]
                    ended = Ending.QUIT if act == "quit" else Ending.NORMAL
                    report = a_report(who.number, *([one.number for one in team] for team in teams), ended=ended)
                    if act == "wrong":
                        report = replace(report, teams=())
                    try:
                        await kit.results.report(game, who, report)
                    except LimitReached:
                        pass
            kit.hosting.remove(people[0].visitor.listener)
            await kit.settle()
            clock.advance(timedelta(hours=3))
            await kit.results.settle_due()
            recorded = await kit.results.recent()
            assert [one.number for one in recorded] == [one.number for one in reversed(kit.recorded)]
            assert len(recorded) <= 1
            assert await store.read(lambda tx: tx.matches.all()) == []
            games = [one.standing.games for one in (await kit.ratings.standings(people[0].number)).values()]
            clear = bool(recorded) and recorded[0].verdict is Verdict.CLEAR
            assert games == ([1, 1] if clear else [])

    asyncio.run(run())


async def test_nobody_loses_rank_to_a_game_they_were_not_there_for(kit: PeopleKit) -> None:
    """A host alone may say who plays and how it ended, but not make an enemy of somebody who is elsewhere."""
    anna, bob, here = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Here")
    kit.lobbies.leave(bob.visitor.listener)
    game = kit.start_game(anna, bob)
    await kit.report(game, anna, [anna], [bob])
    kit.hosting.remove(anna.visitor.listener)
    await kit.settle()
    kit.clock.advance(timedelta(minutes=3))
    (result,) = await kit.results.settle_due()
    assert (result.kind, result.tournament) == (LobbyKind.UNRANKED, 0)
    assert set(await kit.ratings.standings(bob.number)) == {UNRANKED}
    again = kit.start_game(anna, here)
    kit.lobbies.leave(here.visitor.listener)  # who leaves in the middle was there
    await kit.report(again, anna, [anna], [here])
    kit.hosting.remove(anna.visitor.listener)
    await kit.settle()
    kit.clock.advance(timedelta(minutes=3))
    (result,) = await kit.results.settle_due()
    assert result.kind is LobbyKind.RANKED


async def test_a_game_that_cannot_be_settled_keeps_no_other_from_its_result(
    kit: PeopleKit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    anna, bob, carl, dora = [await kit.myth(name) for name in ("Anna", "Bob", "Carl", "Dora")]
    broken, sound = kit.start_game(anna, bob), kit.start_game(carl, dora)
    for game, host, other in ((broken, anna, bob), (sound, carl, dora)):
        await kit.report(game, host, [host], [other])
        kit.hosting.remove(host.visitor.listener)
    await kit.settle()
    kit.clock.advance(timedelta(minutes=3))
    genuine = evaluate

    def failing(match: Match, testimony: Sequence[rules.Testimony], now: datetime) -> Result:
        if match.host == anna.number:
            raise ZeroDivisionError
        return genuine(match, testimony, now)

    monkeypatch.setattr(rules, "evaluate", failing)
    (recorded,) = await kit.results.settle_due()
    assert recorded.host == carl.number
    assert "a result could not be recorded" in caplog.text
    monkeypatch.undo()
    (recorded,) = await kit.results.settle_due()
    assert recorded.host == anna.number
