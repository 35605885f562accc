"""Hosted games: announced, changed, started, ended, found, reported about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.lobbies import ARRIVAL, SMALL, LobbyKit

from mythgate.domain.errors import NoGame, NotInLobby, PermissionDenied, Unavailable, WrongGameState
from mythgate.domain.events import LobbyGameChanged, LobbyGameListed, LobbyGameRemoved
from mythgate.domain.hosting import GameFacts, GamePhase, HostedGame
from mythgate.domain.ids import CharacterId
from mythgate.domain.lobbies import Family, Looks, Occupant
from mythgate.domain.results import ScoreReport
from mythgate.domain.sessions import OPERATOR
from mythgate.services import hosting
from mythgate.services.ports import Store

FACTS = GameFacts(name="|bDuel", map_name="Pfhor Your Eyes Only", kind="tag", players=1, max_players=4, scoring=7)
REPORT = ScoreReport(0, (), ())


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[LobbyKit]:
    made = LobbyKit(clock, store)
    yield made
    await made.lobbies.settle()


def host(kit: LobbyKit, one: Occupant, facts: GameFacts = FACTS, **more: Any) -> HostedGame:
    given: dict[str, Any] = {"address": "192.0.2.1", "port": 4226, "descriptor": b"opaque"}
    return kit.hosting.announce(one.visitor.listener, facts=facts, **given | more)


async def test_announcing(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada", looks=Looks("|iAda")), await kit.enter("Bob")
    game = host(kit, ada, reachable=True)
    (listed,) = kit.heard(bob).of(LobbyGameListed)
    assert (listed.game.number, listed.game.name, listed.game.host_name) == (game.number, "Duel", "Ada")
    assert (listed.game.family, listed.game.state, listed.game.joinable) == ("marathon", "listed", True)
    assert (listed.game.players, listed.game.max_players, listed.game.reachable) == (1, 4, True)
    assert kit.heard(bob).events[-1].subject == game
    assert (game.room_id, game.family, game.host, game.host_name) == (ARRIVAL, Family.MARATHON, ada.number, "|iAda")
    assert game.descriptor == b"opaque"
    assert kit.hosting.game(game.number) == kit.hosting.of_host(ada.visitor.listener) == game
    assert kit.hosting.of_host(bob.visitor.listener) is None
    assert [one.number for one in kit.state(await kit.enter("Eve")).games] == [game.number]


async def test_announcing_again_changes_the_one_game(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    game = host(kit, ada, reachable=True)
    changed = host(kit, ada, GameFacts(name="Duel", players=2, max_players=2), port=4000, clan_game=True)
    assert (changed.number, changed.port, changed.clan_game, changed.reachable) == (game.number, 4000, True, True)
    assert [one.game.players for one in kit.heard(bob).of(LobbyGameChanged)] == [2]
    assert len(kit.heard(bob).of(LobbyGameListed)) == 1
    assert host(kit, ada, changed.facts, port=4000, clan_game=True) == changed
    assert len(kit.heard(bob).of(LobbyGameChanged)) == 1
    assert host(kit, ada, changed.facts, reachable=False).reachable is False
    assert list(kit.hosting.games()) == [kit.hosting.game(game.number)]


async def test_who_is_hidden_hosts_nothing(kit: LobbyKit) -> None:
    ghost, bob = await kit.enter("Ghost", hidden=True), await kit.enter("Bob")
    with pytest.raises(PermissionDenied, match="You are hidden"):
        host(kit, ghost)
    assert list(kit.hosting.games()) == []
    assert kit.heard(bob).of(LobbyGameListed) == []


async def test_reachability_comes_later(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    game = host(kit, ada)
    assert kit.hosting.set_reachable(game.number, False).reachable is False
    assert kit.heard(bob).of(LobbyGameChanged)[0].game.reachable is False
    with pytest.raises(NoGame):
        kit.hosting.set_reachable(4711, True)


async def test_a_game_from_announcement_to_end(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    started: list[HostedGame] = []
    ended: list[HostedGame] = []
    kit.hosting.on_started(started.append)
    kit.hosting.on_ended(ended.append)
    game = host(kit, ada)
    assert kit.hosting.line_up(ada.visitor.listener, game.number, [ada.number, bob.number, bob.number]).line_up == (
        ada.number,
        bob.number,
    )
    running = kit.hosting.start(ada.visitor.listener, 600.0)
    assert (running.state, running.duration, running.is_joinable) == (GamePhase.RUNNING, 600.0, False)
    assert started == [running]
    kit.clock.advance(timedelta(seconds=100))
    assert kit.heard(bob).of(LobbyGameChanged)[-1].game.seconds_left == 600
    assert kit.state(await kit.enter("Eve")).games[0].seconds_left == 500
    with pytest.raises(WrongGameState):
        kit.hosting.start(ada.visitor.listener, None)
    last = kit.hosting.remove(ada.visitor.listener)
    assert last is not None
    assert (last.state, last.number) == (GamePhase.ENDED, game.number)
    assert ended == [running]
    assert [one.number for one in kit.heard(bob).of(LobbyGameRemoved)] == [game.number]
    assert kit.heard(bob).events[-1].subject == last
    assert kit.hosting.remove(ada.visitor.listener) is None
    assert list(kit.hosting.games()) == []
    with pytest.raises(NoGame):
        kit.hosting.game(game.number)
    assert kit.hosting.recent(game.number) == last
    assert (last.elapsed_seconds(kit.clock.monotonic()), kit.hosting.over) == (100, {"ended": 1})


async def test_a_game_whose_host_goes_is_abandoned(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob", room_id=SMALL)
    ended: list[HostedGame] = []
    kit.hosting.on_ended(ended.append)
    listed, game = host(kit, bob), host(kit, ada)
    running = kit.hosting.start(ada.visitor.listener, None)
    kit.lobbies.leave(ada.visitor.listener, "lost")
    assert ended == [running]
    last = kit.hosting.recent(game.number)
    assert last is not None
    assert last.state is GamePhase.ABANDONED
    kit.lobbies.leave(bob.visitor.listener)
    again = await kit.enter("Eve")
    ended_game = host(kit, again)
    kit.hosting.remove(again.visitor.listener)
    assert kit.hosting.over == {"abandoned": 2, "ended": 1}

    def found(room_id: int | None, state: GamePhase) -> list[int]:
        return [one.number for one in kit.hosting.search(room_id, state=state)]

    assert found(None, GamePhase.ABANDONED) == [listed.number, game.number]
    assert found(SMALL, GamePhase.ABANDONED) == [listed.number]
    assert found(None, GamePhase.ENDED) == [ended_game.number]
    assert kit.hosting.search(None) == []
    await kit.lobbies.remove(OPERATOR, SMALL)
    assert found(None, GamePhase.ABANDONED) == [game.number]


async def test_another_round(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    ended: list[HostedGame] = []
    kit.hosting.on_ended(ended.append)
    game = host(kit, ada)
    kit.hosting.line_up(ada.visitor.listener, game.number, [ada.number])
    running = kit.hosting.start(ada.visitor.listener, None)
    again = kit.hosting.reset(ada.visitor.listener)
    assert (again.state, again.started_at, again.line_up) == (GamePhase.LISTED, None, ())
    assert ended == [running]
    assert kit.hosting.recent(game.number) == again
    kit.hosting.start(ada.visitor.listener, 60.0)


async def test_who_says_who_plays(kit: LobbyKit) -> None:
    ada, bob, eve = await kit.enter("Ada"), await kit.enter("Bob"), await kit.enter("Eve")
    game = host(kit, ada)
    line_up = kit.hosting.line_up
    assert line_up(eve.visitor.listener, game.number, [ada.number, bob.number]).line_up == ()
    assert line_up(bob.visitor.listener, game.number, [bob.number]).line_up == (bob.number,)
    assert line_up(eve.visitor.listener, game.number, [eve.number]).line_up == (bob.number,)
    assert line_up(ada.visitor.listener, game.number, [ada.number, eve.number]).line_up == (ada.number, eve.number)
    assert len(line_up(ada.visitor.listener, game.number, range(100)).line_up) == 64
    with pytest.raises(NoGame):
        line_up(ada.visitor.listener, 4711, [])


async def test_only_who_is_in_a_lobby_and_has_a_game_can_do_something_with_it(kit: LobbyKit) -> None:
    ada, nobody = await kit.enter("Ada"), CharacterId("nobody")
    with pytest.raises(NotInLobby):
        kit.hosting.announce(nobody, address="", port=0, facts=FACTS)
    with pytest.raises(NotInLobby):
        kit.hosting.start(nobody, None)
    with pytest.raises(NotInLobby):
        kit.hosting.reset(nobody)
    with pytest.raises(NotInLobby):
        kit.hosting.line_up(nobody, 1, [])
    with pytest.raises(NoGame):
        kit.hosting.start(ada.visitor.listener, None)
    with pytest.raises(NoGame):
        kit.hosting.reset(ada.visitor.listener)
    assert kit.hosting.remove(nobody) is None
    assert kit.hosting.of_host(nobody) is None


async def test_a_game_goes_when_its_host_goes(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    host(kit, ada)
    kit.lobbies.enter(ada.visitor, SMALL)
    assert list(kit.hosting.games()) == []
    assert kit.heard(bob).kinds()[-2:] == ["lobby_game_removed", "lobby_player_left"]
    host(kit, ada)
    assert [one.room_id for one in kit.hosting.games(SMALL)] == [SMALL]
    kit.lobbies.on_detached(ada.visitor.listener)
    assert list(kit.hosting.games()) == []


async def test_searching(kit: LobbyKit) -> None:
    ada, bob, eve = await kit.enter("Ada"), await kit.enter("Bob"), await kit.enter("Eve", SMALL)
    full = host(kit, ada, GameFacts(name="Full", players=2, max_players=2))
    duel = host(kit, bob)
    other = host(kit, eve)
    search = kit.hosting.search
    assert search(ARRIVAL) == [duel, full]
    assert search(ARRIVAL, name="duel") == [duel]
    assert search(None, map_name="PFHOR") == [duel, other]
    assert search(None, scoring=9) == []
    with pytest.raises(TypeError):
        search(None, colour="red")


class Kept:
    """What `services.results` is for reports."""

    def __init__(self) -> None:
        self.reports: list[tuple[HostedGame, Occupant, ScoreReport]] = []

    async def report(self, game: HostedGame, reporter: Occupant, report: ScoreReport) -> str:
        self.reports.append((game, reporter, report))
        return "noted"


async def test_reports_reach_the_results_also_when_the_game_is_gone(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    game = host(kit, ada)
    running = kit.hosting.start(ada.visitor.listener, None)
    with pytest.raises(Unavailable):
        await kit.hosting.report(ada.visitor.listener, REPORT)
    kept = kit.hosting.results = Kept()
    assert await kit.hosting.report(ada.visitor.listener, REPORT) == "noted"
    ended = kit.hosting.remove(ada.visitor.listener)
    await kit.hosting.report(bob.visitor.listener, REPORT, game_number=game.number)
    assert kept.reports == [(running, ada, REPORT), (ended, bob, REPORT)]
    for call in (
        kit.hosting.report(ada.visitor.listener, REPORT),
        kit.hosting.report(ada.visitor.listener, REPORT, game_number=4711),
    ):
        with pytest.raises(NoGame):
            await call
    with pytest.raises(NotInLobby):
        await kit.hosting.report(CharacterId("nobody"), REPORT)


async def test_old_games_are_forgotten(kit: LobbyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "REMEMBERED", 2)
    ada = await kit.enter("Ada")
    numbers = []
    for _ in range(3):
        numbers.append(host(kit, ada).number)
        kit.hosting.remove(ada.visitor.listener)
    assert [kit.hosting.recent(number) is not None for number in numbers] == [False, True, True]
