"""What the repositories of matches, results, standings and tournaments promise, on every database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite
from tests.support.games import GUEST, NOW, a_match, a_report, a_result
from tests.support.rows import an_account

from mythgate.backends.sql import SqlStore, open_store
from mythgate.domain.clans import Clan
from mythgate.domain.errors import Conflict, NotFound
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import LobbyKind
from mythgate.domain.ratings import (
    CATEGORIES,
    FORMULAS,
    RANKED,
    Formula,
    Season,
    Standing,
    SubjectKind,
    apply,
    ladder_of,
    ranked,
)
from mythgate.domain.results import Ending, Result
from mythgate.domain.results import Testimony as Heard
from mythgate.domain.tournaments import Entry, Prize, Tournament, TournamentState, draw
from mythgate.services.ports import Transaction

PLAYER = SubjectKind.PLAYER


# --- matches and reports -----------------------------------------------------------------------------


async def test_matches(store: SqlStore) -> None:
    match = a_match(1, 2, GUEST, name="Ünder", clan_game=True, tournament=2)
    await store.write(lambda tx: tx.matches.open(match))
    assert await store.read(lambda tx: tx.matches.get("match")) == match
    gone = replace(match, removed_at=NOW)
    await store.write(lambda tx: tx.matches.save(gone))
    assert await store.read(lambda tx: tx.matches.all()) == [gone]
    await store.write(lambda tx: tx.matches.close("match"))
    assert await store.read(lambda tx: tx.matches.get("match")) is None


async def test_reports_are_kept_as_they_came(store: SqlStore) -> None:
    first = Heard("match", a_report(1, [1, 3], [2], elapsed=9, ended=Ending.QUIT), NOW)
    second = Heard("match", a_report(2, [2], [1]), NOW + timedelta(seconds=1), "no")

    def work(tx: Transaction) -> None:
        tx.matches.testify(first)
        tx.matches.testify(second)
        tx.matches.testify(replace(first, match_id="other"))

    await store.write(work)
    assert await store.read(lambda tx: tx.matches.testimony("match")) == [first, second]


# --- results -----------------------------------------------------------------------------------------


async def test_a_match_has_one_result(store: SqlStore) -> None:
    result = a_result([1, 2], [3, GUEST])
    recorded = await store.write(lambda tx: tx.results.add(result))
    assert recorded == replace(result, number=1)
    assert await store.write(lambda tx: tx.results.add(a_result([3], [1]))) is None
    assert await store.read(lambda tx: tx.results.get(1)) == recorded
    assert await store.read(lambda tx: tx.results.of_match("match")) == recorded
    assert await store.read(lambda tx: (tx.results.get(2), tx.results.of_match("x"))) == (None, None)


async def test_looking_for_results(store: SqlStore) -> None:
    def work(tx: Transaction) -> None:
        assert tx.results.newest() == 0
        tx.results.add(a_result([1], [2], match_id="a"))
        tx.results.add(a_result([1], [3], match_id="b", room_id=2))
        tx.results.add(replace(a_result([2], [3], match_id="c"), lines=()))

    await store.write(work)

    async def recent(**wanted: object) -> list[str]:
        return [one.match_id for one in await store.read(lambda tx: tx.results.recent(**wanted))]  # type: ignore[arg-type]

    assert await recent() == ["c", "b", "a"]
    assert await recent(limit=1) == ["c"]
    assert await recent(before=3) == ["b", "a"]
    assert await recent(room_id=2) == ["b"]
    assert await recent(account_id=AccountId("account-1")) == ["b", "a"]
    assert await store.read(lambda tx: tx.results.played(AccountId("account-1"))) == {LobbyKind.RANKED: 2}
    assert await store.read(lambda tx: tx.results.played(AccountId("nobody"))) == {}
    assert await recent(account_id=AccountId("account-1"), room_id=1, before=3) == ["a"]
    whole = await store.read(lambda tx: tx.results.from_number(1))
    assert [(one.match_id, len(one.lines)) for one in whole] == [("a", 2), ("b", 2), ("c", 0)]
    assert [one.match_id for one in await store.read(lambda tx: tx.results.from_number(2, 2))] == ["b"]
    assert [one.match_id for one in await store.read(lambda tx: tx.results.from_number(1, limit=2))] == ["a", "b"]
    assert await store.read(lambda tx: tx.results.from_number(4)) == []
    assert await store.read(lambda tx: tx.results.newest()) == 3


async def test_who_settles_at_the_same_moment_records_once(store: SqlStore) -> None:
    recorded = await asyncio.gather(*(store.write(lambda tx: tx.results.add(a_result([1], [2]))) for _ in range(4)))
    assert sum(one is not None for one in recorded) == 1


# --- seasons and standings ---------------------------------------------------------------------------


async def test_seasons(store: SqlStore) -> None:
    assert await store.read(lambda tx: tx.ratings.current()) is None
    first = await store.write(lambda tx: tx.ratings.add(Season("One", "elo", NOW)))
    assert await store.read(lambda tx: tx.ratings.current()) == first
    first.ends_at, first.last_result = NOW, 7
    await store.write(lambda tx: tx.ratings.save(first))
    second = await store.write(lambda tx: tx.ratings.add(Season("Two", "seniority", NOW, 8)))
    assert await store.read(lambda tx: tx.ratings.current()) == second
    assert await store.read(lambda tx: tx.ratings.seasons()) == [first, second]
    assert await store.read(lambda tx: tx.ratings.season(first.number)) == first
    assert await store.read(lambda tx: tx.ratings.season(99)) is None


async def test_standings_are_in_the_order_of_the_ladder(store: SqlStore) -> None:
    standings = [
        Standing(PLAYER, 1, RANKED, 1000, games=4),
        Standing(PLAYER, 2, RANKED, 1000, games=5, recent=((1, 3), (1,))),
        Standing(PLAYER, 3, RANKED, 9000, games=3),
        Standing(PLAYER, 4, RANKED, 1001, games=4),
        Standing(PLAYER, 5, RANKED, 1000, games=4),
    ]

    def work(tx: Transaction) -> int:
        season = tx.ratings.add(Season("One", "elo", NOW)).number
        for standing in standings:
            tx.ratings.table(season).put(standing)
        return season

    season = await store.write(work)
    expected = [one.standing for one in ranked(standings)]
    assert await store.read(lambda tx: tx.ratings.ladder(season, PLAYER, RANKED)) == expected
    assert await store.read(lambda tx: tx.ratings.ladder(season, PLAYER, RANKED, limit=2, offset=1)) == expected[1:3]
    assert await store.read(lambda tx: tx.ratings.active(season, PLAYER, RANKED)) == 4
    for place, standing in enumerate(expected[:4], start=1):
        assert await store.read(lambda tx: tx.ratings.table(season).place(standing)) == (place, 4)  # noqa: B023
    assert await store.read(lambda tx: tx.ratings.of_subject(season, PLAYER, 2)) == [standings[1]]
    await store.write(lambda tx: tx.ratings.clear(season))
    assert await store.read(lambda tx: tx.ratings.ladder(season, PLAYER, RANKED)) == []


async def test_names_of_the_ladder(store: SqlStore, clock: FakeClock) -> None:
    def work(tx: Transaction) -> tuple[int, int]:
        clan = tx.clans.add(Clan("Otters", "otters", clock.now(), "", ""))
        return tx.accounts.add(an_account("anna", clock.now())).number, clan.number

    account, clan = await store.write(work)
    assert await store.read(lambda tx: tx.ratings.names(PLAYER, [account, 99])) == {account: "anna"}
    assert await store.read(lambda tx: tx.ratings.names(SubjectKind.CLAN, [clan])) == {clan: "Otters"}


async def same_in_database_and_memory(store: SqlStore, results: list[Result], formula: Formula) -> None:
    def work(tx: Transaction) -> int:
        season = tx.ratings.add(Season("One", formula.name, NOW)).number
        for result in results:
            apply(result, tx.ratings.table(season), formula)
        return season

    season = await store.write(work)
    ladder = ladder_of(results, formula)
    for kind in SubjectKind:
        for category in CATEGORIES:
            expected = [one.standing for one in ranked(ladder.of(kind, category))]
            found = await store.read(lambda tx: tx.ratings.ladder(season, kind, category))  # noqa: B023
            assert found == expected


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
async def test_one_by_one_or_all_at_once_is_the_same(store: SqlStore, formula: Formula) -> None:
    results = [a_result([n % 5 + 1, 6], [(n * 3) % 5 + 7], clans=[n % 3 + 1, 4], scoring=n % 2) for n in range(30)]
    await same_in_database_and_memory(store, results, formula)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    results=st.lists(
        st.builds(
            lambda a, b, places, kind: a_result([a], [b], places=places, kind=kind),
            st.integers(1, 4),
            st.integers(5, 8),
            st.sampled_from([[1, 2], [2, 1], [1, 1]]),
            st.sampled_from([LobbyKind.RANKED, LobbyKind.UNRANKED]),
        ),
        max_size=30,
    ),
    formula=st.sampled_from(list(FORMULAS.values())),
)
def test_any_results_make_the_same_ladder_everywhere(
    results: list[Result], formula: Formula, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def run() -> None:
        async with open_store(new_sqlite(tmp_path_factory.mktemp("ladder")), clock=FakeClock()) as store:
            await same_in_database_and_memory(store, results, formula)

    asyncio.run(run())


# --- tournaments -------------------------------------------------------------------------------------


def a_tournament(**changes: object) -> Tournament:
    return replace(Tournament("Cup", 1, 4, NOW, NOW, prize_shares=(70, 30)), **changes)  # type: ignore[arg-type]


async def test_tournaments(store: SqlStore) -> None:
    cup = await store.write(lambda tx: tx.tournaments.add(a_tournament()))
    other = await store.write(lambda tx: tx.tournaments.add(a_tournament(slot=2, starts_at=NOW - timedelta(1))))
    assert await store.read(lambda tx: tx.tournaments.require(cup.number)) == cup
    with pytest.raises(NotFound):
        await store.read(lambda tx: tx.tournaments.require(99))
    assert await store.read(lambda tx: tx.tournaments.in_slot(1)) == cup
    assert await store.read(lambda tx: tx.tournaments.in_slot(3)) is None
    cup.state = TournamentState.RUNNING
    cup.bracket = draw([1, 2, 3])
    await store.write(lambda tx: tx.tournaments.save(cup))
    assert await store.read(lambda tx: tx.tournaments.get(cup.number)) == cup
    with pytest.raises(Conflict):
        await store.write(lambda tx: tx.tournaments.save(replace(cup, version=1)))
    both = (TournamentState.SIGNUP, TournamentState.RUNNING)
    assert await store.read(lambda tx: tx.tournaments.in_state(*both)) == [other, cup]
    cup.state = TournamentState.FINISHED
    await store.write(lambda tx: tx.tournaments.save(cup))
    assert await store.read(lambda tx: tx.tournaments.in_slot(1)) is None


async def test_entries_and_prizes(store: SqlStore, clock: FakeClock) -> None:
    account_id = AccountId("account-anna")

    def work(tx: Transaction) -> int:
        tx.accounts.add(an_account("anna", clock.now()))
        number = tx.tournaments.add(a_tournament()).number
        entry = Entry(number, account_id, 1, "anna", clock.now())
        assert tx.tournaments.enter(entry)
        assert not tx.tournaments.enter(entry)
        tx.tournaments.set_seed(replace(entry, seed=3))
        assert tx.tournaments.entries(number) == [replace(entry, seed=3)]
        return number

    number = await store.write(work)
    found = await store.read(lambda tx: tx.tournaments.of_account(account_id))
    assert [one.number for one in found] == [number]
    prize = Prize(number, 1, account_id, "anna", 70, clock.now())
    assert await store.write(lambda tx: (tx.tournaments.award(prize), tx.tournaments.award(prize))) == (True, False)
    assert await store.read(lambda tx: tx.tournaments.prizes(number)) == [prize]
    withdrawn = await store.write(
        lambda tx: (tx.tournaments.withdraw(number, account_id), tx.tournaments.withdraw(number, account_id))
    )
    assert withdrawn == (True, False)
    assert await store.read(lambda tx: tx.tournaments.of_account(account_id)) == []
