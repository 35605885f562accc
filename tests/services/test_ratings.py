"""Ladders: places, castes, seasons, other formulas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.support.clock import FakeClock
from tests.support.people import OPEN, PeopleKit, account_of, people_kit

from mythgate.domain.accounts import Role
from mythgate.domain.errors import Conflict, InvalidInput, NameTaken, NotFound, PermissionDenied
from mythgate.domain.events import LobbyPlayerChanged
from mythgate.domain.lobbies import Occupant
from mythgate.domain.ratings import RANKED, UNRANKED, Breakpoints, Category, Standing, SubjectKind, by_game_type
from mythgate.domain.sessions import OPERATOR
from mythgate.services import ratings
from mythgate.services.ports import Store, Transaction
from mythgate.services.ratings import LadderRow


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PeopleKit]:
    async with people_kit(clock, store) as made:
        yield made


def shown(rows: list[LadderRow]) -> list[tuple[str, int, int, int]]:
    return [(row.name, row.ranked.place, row.ranked.caste, row.ranked.standing.points) for row in rows]


async def saved_caste(kit: PeopleKit, one: Occupant) -> int:
    account = await kit.store.read(lambda tx: tx.accounts.require(account_of(one)))
    return account.caste


async def test_before_the_first_game(kit: PeopleKit) -> None:
    anna = await kit.myth("Anna")
    assert await kit.ratings.ladder() == []
    assert await kit.ratings.standings(anna.number) == {}
    assert await kit.ratings.caste_of(account_of(anna)) == 0
    assert await kit.ratings.breakpoints() == Breakpoints((0,) * 12, (0,) * 8)
    assert await kit.ratings.seasons() == []
    assert (await kit.ratings.overview()).top_name == ""


async def test_a_ladder(kit: PeopleKit) -> None:
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    for _ in range(2):
        await kit.play(anna, bob)
        await kit.play(bob, cara)
        await kit.play(anna, cara, scoring=5)
    whole = await kit.ratings.ladder()
    assert [row[:3] for row in shown(whole)] == [("Anna", 1, 16), ("Bob", 2, 15), ("Cara", 3, 14)]
    assert await kit.ratings.ladder(limit=1, offset=1) == whole[1:2]
    assert shown(await kit.ratings.ladder(by_game_type(5)))[0][:3] == ("Anna", 1, 2)
    assert await kit.ratings.ladder(UNRANKED) == []
    standings = await kit.ratings.standings(cara.number)
    assert (standings[RANKED].place, standings[RANKED].caste) == (3, 14)
    assert (standings[by_game_type(5)].place, standings[by_game_type(5)].caste) == (2, 2)
    first = (await kit.ratings.breakpoints()).moons_and_suns
    assert first == (0, 0, 0, 0, 0, cara.number, bob.number, anna.number)
    overview = await kit.ratings.overview()
    assert (overview.top_name, overview.everybody) == ("Anna", 3)
    assert overview.games == (4, 4)
    assert overview.wins == (2, 4)
    assert (await kit.ratings.overview(kind=SubjectKind.CLAN)).everybody == 0


async def test_castes(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    assert await kit.ratings.caste_of(account_of(anna)) == 0
    await kit.play(anna, bob)
    assert await kit.ratings.caste_of(account_of(anna)) == await saved_caste(kit, anna) == 1
    for _ in range(3):
        await kit.play(anna, bob)
    assert await kit.ratings.caste_of(account_of(anna)) == await saved_caste(kit, anna) == 16
    staff, guest = await kit.account("Boss", role=Role.ADMIN), await kit.account("Visitor", is_guest=True)
    assert await kit.ratings.caste_of(staff.id) == 17
    assert await kit.ratings.caste_of(guest.id) == -1


async def test_a_new_caste_shows_in_the_lobby_at_once(kit: PeopleKit) -> None:
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    await kit.play(anna, bob)
    told = [(one.player.name, one.player.caste) for one in kit.heard(cara).of(LobbyPlayerChanged)]
    assert told == [("Anna", 1), ("Bob", 1)]
    present = kit.lobbies.by_number(anna.number)
    assert present is not None
    assert present.visitor.caste == 1


async def test_unranked_games_move_no_caste(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna", OPEN), await kit.myth("Bob", OPEN)
    for _ in range(4):
        await kit.play(anna, bob)
    assert await saved_caste(kit, anna) == 0
    assert shown(await kit.ratings.ladder(UNRANKED))[0][:3] == ("Anna", 1, 16)


async def test_castes_move_when_others_play(kit: PeopleKit) -> None:
    anna, bob, cara, dan = [await kit.myth(name) for name in ("Anna", "Bob", "Cara", "Dan")]
    for _ in range(4):
        await kit.play(anna, bob)
    for _ in range(8):
        await kit.play(cara, dan)
    assert await saved_caste(kit, anna) == 16  # as of the own last game
    assert await kit.ratings.caste_of(account_of(anna)) == 15
    assert await kit.ratings.rerank() > 0
    assert await saved_caste(kit, anna) == 15
    assert await kit.ratings.rerank() == 0


async def test_accounts_that_are_gone_keep_their_standing(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    await kit.report(game, anna, [anna], [bob])
    await kit.store.write(lambda tx: _delete_account(tx, bob))
    await kit.results.settle_due()
    kit.hosting.remove(anna.visitor.listener)
    await kit.settle()
    kit.clock.advance(timedelta(minutes=2))
    assert len(await kit.results.settle_due()) == 1
    assert {row.name for row in await kit.ratings.ladder()} == {"Anna", ""}
    assert await kit.ratings.rerank() == 0


def _delete_account(tx: Transaction, one: Occupant) -> None:
    account = tx.accounts.require(account_of(one))
    account.is_guest = True
    tx.accounts.save(account)
    tx.accounts.delete_idle_guests(account.created_at + timedelta(days=1))


async def test_a_new_season_begins_anew(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    await kit.play(anna, bob)
    season = await kit.ratings.open_season(OPERATOR, "Winter", "seniority")
    assert await kit.ratings.ladder() == []
    await kit.play(bob, anna)
    assert [row.ranked.standing.points for row in await kit.ratings.ladder()] == [1, 1]
    first, second = await kit.ratings.seasons()
    assert (first.last_result, first.ends_at, second.first_result) == (1, season.starts_at, 2)
    assert shown(await kit.ratings.ladder(season=first.number))[0][0] == "Anna"
    assert (await kit.ratings.standings(anna.number, season=first.number))[RANKED].standing.points == 1016
    with pytest.raises(NotFound):
        await kit.ratings.ladder(season=99)


async def test_who_may_open_a_season_and_how(kit: PeopleKit) -> None:
    anna = await kit.myth("Anna")
    with pytest.raises(PermissionDenied):
        await kit.ratings.open_season(kit.caller(anna), "Winter")
    with pytest.raises(InvalidInput, match="formula"):
        await kit.ratings.open_season(OPERATOR, "Winter", "luck")
    for name in ("", " ", "x" * 64, "a\n"):
        with pytest.raises(InvalidInput, match="name"):
            await kit.ratings.open_season(OPERATOR, name)
    assert (await kit.ratings.open_season(OPERATOR, "Winter")).formula == "elo"
    for name in ("Winter", " winter"):
        with pytest.raises(NameTaken, match="season of this name"):
            await kit.ratings.open_season(OPERATOR, name)
    assert [one.name for one in await kit.ratings.seasons()].count("Winter") == 1


async def test_recomputing_changes_nothing(kit: PeopleKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratings, "PAGE", 2)
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    for winner, loser in ((anna, bob), (bob, cara), (cara, anna), (anna, cara), (bob, anna)):
        await kit.play(winner, loser)
    before = await kit.ratings.ladder()
    await kit.store.write(lambda tx: tx.ratings.clear(1))
    assert await kit.ratings.ladder() == []
    assert await kit.ratings.recompute(OPERATOR) == 6
    assert await kit.ratings.ladder() == before
    with pytest.raises(PermissionDenied):
        await kit.ratings.recompute(kit.caller(anna))
    assert ("season.recomputed", "ladder") in await kit.audited()


async def test_results_that_come_while_it_is_recomputed_are_not_lost(
    kit: PeopleKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    await kit.play(anna, bob)
    fold = kit.ratings._fold

    async def folded_too_early(*arguments: object) -> object:
        folded = await fold(*arguments)  # type: ignore[arg-type]
        await kit.play(anna, bob)
        return folded

    monkeypatch.setattr(kit.ratings, "_fold", folded_too_early)
    await kit.ratings.recompute(OPERATOR)
    after = await kit.ratings.ladder()
    assert after[0].ranked.standing.games == 2
    monkeypatch.undo()
    await kit.ratings.recompute(OPERATOR)
    assert await kit.ratings.ladder() == after


async def test_trying_another_formula(kit: PeopleKit) -> None:
    assert await kit.ratings.preview(OPERATOR, "elo") == []
    assert await kit.ratings.seasons() == []
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    for _ in range(2):
        await kit.play(anna, bob)
    before = await kit.ratings.ladder()
    moved = await kit.ratings.preview(OPERATOR, "seniority")
    assert [
        (one.number, one.before and one.before.place, one.after and one.after.standing.points) for one in moved
    ] == [
        (anna.number, 1, 2),
        (bob.number, 2, 2),
    ]
    assert await kit.ratings.ladder() == before
    await kit.ratings.recompute(OPERATOR, formula="seniority")
    assert [row.ranked.standing.points for row in await kit.ratings.ladder()] == [2, 2]
    await kit.play(anna, bob)
    assert [row.ranked.standing.points for row in await kit.ratings.ladder()] == [3, 3]
    with pytest.raises(PermissionDenied):
        await kit.ratings.preview(kit.caller(anna), "elo")
    with pytest.raises(InvalidInput):
        await kit.ratings.preview(OPERATOR, "luck")
    with pytest.raises(InvalidInput):
        await kit.ratings.preview(OPERATOR, "elo", Category("luck"))
    with pytest.raises(NotFound):
        await kit.ratings.preview(OPERATOR, "elo", season=99)


async def test_a_season_by_belief_and_doubt(kit: PeopleKit) -> None:
    """The ladder is the same whether the formula was there from the first game or came later."""
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    games = ((anna, bob), (bob, cara), (cara, anna), (anna, cara), (bob, anna))
    for winner, loser in games[:3]:
        await kit.play(winner, loser)
    previewed = await kit.ratings.preview(OPERATOR, "openskill")
    await kit.ratings.recompute(OPERATOR, formula="openskill")
    ladder = await kit.ratings.ladder()
    assert [row.ranked for row in ladder] == [one.after for one in previewed]
    for winner, loser in games[3:]:
        await kit.play(winner, loser)
    ladder = await kit.ratings.ladder()
    assert all(row.ranked.standing.sigma < 25 / 3 for row in ladder)
    await kit.ratings.recompute(OPERATOR)
    assert await kit.ratings.ladder() == ladder


async def test_strength_is_points_or_what_a_beginner_has(kit: PeopleKit) -> None:
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    assert await kit.ratings.strength(anna.number) == 1000
    await kit.play(anna, bob)
    assert [await kit.ratings.strength(one.number) for one in (anna, bob, cara)] == [1016, 984, 1000]
    await kit.ratings.recompute(OPERATOR, formula="seniority")
    assert [await kit.ratings.strength(one.number) for one in (anna, bob, cara)] == [1, 1, 0]


async def test_a_closed_season_can_be_recomputed(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    await kit.play(anna, bob)
    await kit.ratings.open_season(OPERATOR, "Winter")
    await kit.play(bob, anna)
    caste = await saved_caste(kit, anna)
    before = await kit.ratings.ladder(season=1)
    await kit.ratings.recompute(OPERATOR, season=1)
    assert await kit.ratings.ladder(season=1) == before
    assert await saved_caste(kit, anna) == caste
    assert (await kit.ratings.preview(OPERATOR, "elo", season=1))[0].number == anna.number


async def test_games_that_end_at_the_same_moment_are_all_counted(kit: PeopleKit) -> None:
    people = [await kit.myth(f"Player {letter}") for letter in "ABCDEFGH"]
    pairs = list(zip(people[::2], people[1::2], strict=True))
    games = [kit.start_game(*pair) for pair in pairs]
    await asyncio.gather(
        *(kit.report(game, who, [pair[0]], [pair[1]]) for game, pair in zip(games, pairs, strict=True) for who in pair)
    )
    whole = await kit.ratings.ladder()
    assert sorted(row.ranked.standing.points for row in whole) == [984] * 4 + [1016] * 4
    await kit.ratings.recompute(OPERATOR)
    assert await kit.ratings.ladder() == whole


# --- beginning anew ----------------------------------------------------------------------------------


async def test_one_player_begins_anew(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    for _ in range(4):
        await kit.play(anna, bob, scoring=5)
    assert (await saved_caste(kit, anna), await saved_caste(kit, bob)) == (16, 15)
    kit.realtime.clear()
    assert await kit.ratings.reset(OPERATOR, number=anna.number) == 2  # ranked, and of that game type
    assert await kit.ratings.standings(anna.number) == {}
    assert (await saved_caste(kit, anna), await saved_caste(kit, bob)) == (0, 16)
    assert [(one.player.number, one.player.caste) for one in kit.heard(bob).of(LobbyPlayerChanged)] == [
        (anna.number, 0),
        (bob.number, 16),
    ]
    assert [row.name for row in await kit.ratings.ladder()] == ["Bob"]
    await kit.play(bob, anna, scoring=5)
    await kit.ratings.reset(OPERATOR, number=bob.number, category=by_game_type(5))
    ladder, of_type = await kit.ratings.ladder(), await kit.ratings.ladder(by_game_type(5))
    assert [(row.name, row.ranked.standing.games) for row in ladder] == [("Bob", 5), ("Anna", 1)]
    assert [row.name for row in of_type] == ["Anna"]
    previewed = await kit.ratings.preview(OPERATOR, "elo", by_game_type(5))
    assert [one.number for one in previewed] == [anna.number]
    await kit.ratings.recompute(OPERATOR)
    assert (await kit.ratings.ladder(), await kit.ratings.ladder(by_game_type(5))) == (ladder, of_type)
    assert ("ladder.reset", "ladder") in await kit.audited()


async def test_all_clans_begin_anew(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    for one, name in ((anna, "Otters"), (bob, "Herons")):
        await kit.clans.found(account_of(one), name, maintenance_password="maintain", member_password="swimming")
    await kit.settle()
    anna, bob = (found for found in map(kit.lobbies.by_number, (anna.number, bob.number)) if found is not None)
    game = kit.start_game(anna, bob, clan_game=True)
    for one in (anna, bob):
        await kit.report(game, one, [anna], [bob])
    assert len(await kit.ratings.ladder(kind=SubjectKind.CLAN)) == 2
    assert await kit.ratings.reset(OPERATOR, kind=SubjectKind.CLAN) == 4
    assert await kit.ratings.ladder(kind=SubjectKind.CLAN) == []
    assert len(await kit.ratings.ladder()) == 2
    assert await kit.ratings.reset(OPERATOR, kind=SubjectKind.CLAN) == 0


async def test_standings_of_who_is_gone_begin_anew_with_the_others(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    await kit.play(anna, bob)
    await kit.store.write(lambda tx: tx.ratings.table(1).put(Standing(SubjectKind.PLAYER, 99, RANKED, 1000, games=1)))
    assert await kit.ratings.reset(OPERATOR, category=RANKED) == 3
    assert await kit.ratings.ladder() == []


async def test_a_season_that_was_reset_stays_so_when_another_is_open(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    await kit.play(anna, bob)
    await kit.ratings.reset(OPERATOR)
    await kit.ratings.open_season(OPERATOR, "Winter")
    await kit.play(anna, bob)
    for season, count in ((1, 0), (2, 2)):
        await kit.ratings.recompute(OPERATOR, season=season)
        assert len(await kit.ratings.ladder(season=season)) == count


async def test_who_may_not_reset_and_what_there_is_not(kit: PeopleKit) -> None:
    anna = await kit.myth("Anna", role=Role.MODERATOR)
    with pytest.raises(PermissionDenied):
        await kit.ratings.reset(kit.caller(anna), number=anna.number)
    with pytest.raises(NotFound, match="player"):
        await kit.ratings.reset(OPERATOR, number=99)
    with pytest.raises(InvalidInput):
        await kit.ratings.reset(OPERATOR, category=Category("luck"))


async def test_a_reset_while_a_season_is_recomputed(kit: PeopleKit, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    await kit.play(anna, bob)
    fold = kit.ratings._fold

    async def interrupted(*arguments: object) -> object:
        folded = await fold(*arguments)  # type: ignore[arg-type]
        await kit.ratings.reset(OPERATOR, number=anna.number)
        return folded

    monkeypatch.setattr(kit.ratings, "_fold", interrupted)
    with pytest.raises(Conflict):
        await kit.ratings.recompute(OPERATOR)
    monkeypatch.undo()
    await kit.ratings.recompute(OPERATOR)
    assert [row.name for row in await kit.ratings.ladder()] == ["Bob"]


# --- results that count for nothing ------------------------------------------------------------------


async def test_a_result_counts_for_nothing_until_it_is_restored(kit: PeopleKit) -> None:
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    await kit.play(bob, cara)
    before = shown(await kit.ratings.ladder())
    wanted = await kit.play(anna, bob)
    after = shown(await kit.ratings.ladder())
    assert after != before
    assert await kit.ratings.void(OPERATOR, wanted.number, "cheated") == 4
    assert shown(await kit.ratings.ladder()) == before
    assert (await kit.ratings.voided(), await saved_caste(kit, anna)) == (frozenset({wanted.number}), 0)
    await kit.ratings.recompute(OPERATOR)
    assert shown(await kit.ratings.ladder()) == before
    moved = await kit.ratings.preview(OPERATOR, "openskill")
    assert {one.number for one in moved} == {bob.number, cara.number}
    with pytest.raises(InvalidInput):
        await kit.ratings.void(OPERATOR, wanted.number)
    await kit.ratings.void(OPERATOR, wanted.number, void=False)
    assert shown(await kit.ratings.ladder()) == after
    assert (await kit.ratings.voided(), await saved_caste(kit, anna)) == (frozenset(), 1)
    with pytest.raises(InvalidInput):
        await kit.ratings.void(OPERATOR, wanted.number, void=False)
    acts = await kit.store.read(lambda tx: tx.moderation.audit(subject=f"result:{wanted.number}"))
    assert [(act.action, act.detail["before"], act.detail["after"]) for act in acts] == [
        ("result.restored", "void", "counts"),
        ("result.voided", "counts", "void"),
    ]
    assert acts[1].detail["reason"] == "cheated"


async def test_a_result_of_a_season_that_is_over(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    old = await kit.play(anna, bob)
    await kit.ratings.open_season(OPERATOR, "Winter")
    await kit.play(bob, anna)
    present = shown(await kit.ratings.ladder())
    assert await kit.ratings.void(OPERATOR, old.number) == 0
    assert await kit.ratings.ladder(season=1) == []
    assert shown(await kit.ratings.ladder()) == present


async def test_who_may_void_and_what(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    result = await kit.play(anna, bob)
    with pytest.raises(NotFound):
        await kit.ratings.void(OPERATOR, 77)
    with pytest.raises(PermissionDenied):
        await kit.ratings.void(kit.caller(anna), result.number)


async def test_voiding_tries_again_when_standings_are_reset_meanwhile(
    kit: PeopleKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    result = await kit.play(anna, bob)
    recompute, failures = kit.ratings.recompute, [Conflict(), Conflict()]

    async def disturbed(*args: object, **named: object) -> int:
        if failures:
            raise failures.pop()
        return await recompute(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(kit.ratings, "recompute", disturbed)
    assert await kit.ratings.void(OPERATOR, result.number) == 0
    failures += [Conflict(), Conflict(), Conflict()]
    with pytest.raises(Conflict):
        await kit.ratings.void(OPERATOR, result.number, void=False)
