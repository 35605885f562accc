"""Hosted games: announced in a lobby, changed, started, ended, looked for.

One game a host. A game belongs to the lobby its host is in and goes when the host does, whatever the reason.
What its players report about the outcome goes to `Results`, for a while also after it is gone.
"""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

from mythgate.domain.accounts import Role
from mythgate.domain.errors import NoGame, PermissionDenied, TooMany, Unavailable
from mythgate.domain.events import LobbyGameChanged, LobbyGameListed, LobbyGameRemoved
from mythgate.domain.hosting import OVER, GameAct, GameFacts, GameSearch, HostedGame, ProxyMode
from mythgate.domain.ids import CharacterId
from mythgate.domain.lobbies import Occupant
from mythgate.domain.results import ScoreReport
from mythgate.domain.styles import plain
from mythgate.services.lobbies import LobbyService, game_view
from mythgate.services.ports import Clock

log = logging.getLogger(__name__)

REMEMBERED: Final = 1000  # games that ended and may yet be reported about
LATELY_SHOWN: Final = 50  # of these, in a search
FULL_LINE_UP: Final = 64  # players
TEST_INTERVAL: Final = timedelta(seconds=15)  # between two tests of one host


class Results(Protocol):
    """Where reports about games go."""

    async def report(self, game: HostedGame, reporter: Occupant, report: ScoreReport) -> Any:
        """Take note of how `game` ended for `reporter`."""


@dataclass(frozen=True, slots=True)
class HostTest:
    """What came of trying to reach a host from here."""

    address: str
    port: int
    connected: bool
    protocol: str | None = None  # what the host says it speaks; empty: nothing it should, None: it need not say
    pings: int = 0  # how many were sent; none where players send none
    answers: tuple[float, ...] = ()  # seconds until each of those that came back


class HostTester(Protocol):
    """What tries to reach hosts, and can stand in for them: the metaserver door."""

    async def test(self, game: HostedGame) -> HostTest: ...

    def can_stand_in_for(self, host: Occupant) -> bool: ...


class HostingService:
    """Use cases around hosted games. `results` and `tester` are set by whoever has them."""

    def __init__(self, lobbies: LobbyService, *, clock: Clock) -> None:
        self.results: Results | None = None
        self.tester: HostTester | None = None
        self.over: Final[Counter[str]] = Counter()  # games, by how they went, since the start
        self._tested: dict[int, float] = {}  # when hosts were tested last, by number
        self._proxy_modes: dict[int, ProxyMode] = {}  # of those who have chosen one, by number
        self._lobbies = lobbies
        self._board = lobbies.board
        self._clock = clock
        self._ended: OrderedDict[int, HostedGame] = OrderedDict()  # by number, the last ones
        self._on_started: list[Callable[[HostedGame], None]] = []
        self._on_ended: list[Callable[[HostedGame], None]] = []
        self._on_reset: list[Callable[[HostedGame], None]] = []
        lobbies.on_leaving(self._host_leaves)

    def on_started(self, observer: Callable[[HostedGame], None]) -> None:
        """Have `observer` told of every game that starts."""
        self._on_started.append(observer)

    def on_ended(self, observer: Callable[[HostedGame], None]) -> None:
        """Have `observer` told of every round that is over: the game as it was when it was removed or reset."""
        self._on_ended.append(observer)

    def on_reset(self, observer: Callable[[HostedGame], None]) -> None:
        """Have `observer` told, after those of `on_ended`, of every round that ended because another one begins."""
        self._on_reset.append(observer)

    # --- looking -------------------------------------------------------------------------------------

    def games(self, room_id: int | None = None) -> Sequence[HostedGame]:
        """Those of one lobby, or all, by number."""
        return self._board.within(room_id)

    def game(self, number: int) -> HostedGame:
        """Raises NoGame."""
        found = self._board.get(number)
        if found is None:
            raise NoGame("There is no such game.", hint="")
        return found

    def of_host(self, listener: CharacterId) -> HostedGame | None:
        """The game that somebody hosts."""
        occupant = self._lobbies.occupant(listener)
        return self._board.of_host(occupant.number) if occupant is not None else None

    def search(self, room_id: int | None, **criteria: Any) -> list[HostedGame]:
        """The games that fit; criteria as `GameSearch` has them. Those one can join come first.

        Games that are over are found only if their state is asked for: the last ones, the latest first.
        """
        wanted = GameSearch(**criteria)
        if wanted.state in OVER:
            return [game for game in self._lately_over(room_id) if wanted.matches(game)][:LATELY_SHOWN]
        found = [game for game in self._board.within(room_id) if wanted.matches(game)]
        return sorted(found, key=lambda game: not game.is_joinable)

    def _lately_over(self, room_id: int | None) -> list[HostedGame]:
        """The last games that are over, the latest first, of lobbies that still are."""
        lobbies = {lobby.room_id for lobby in self._lobbies.lobbies() if room_id in (None, lobby.room_id)}
        return [game for game in reversed(self._ended.values()) if game.is_over and game.room_id in lobbies]

    # --- hosting -------------------------------------------------------------------------------------

    def announce(
        self,
        listener: CharacterId,
        *,
        address: str,
        port: int,
        facts: GameFacts,
        descriptor: bytes = b"",
        clan_game: bool = False,
        reachable: bool | None = None,
        proxied: bool = False,
    ) -> HostedGame:
        """Host a game, or say how the one that is hosted has changed.

        Of a game that is hosted already, what was known of its reachability stays if `reachable` is None.

        Raises:
            NotInLobby: there is no such host.
            NameNotAllowed: the staff does not want games to be called so.
            PermissionDenied: they are hidden. Who joins a game has to be told whose it is and where.

        """
        host = self._lobbies.require(listener)
        if host.visitor.hidden:
            raise PermissionDenied(
                "You are hidden, and a game would show that you are here: it is not listed.",
                hint="Come back after somebody typed on the server: mythgate user hide NAME --show",
            )
        known = self._board.of_host(host.number)
        is_named = known is None or known.facts.name != facts.name
        if is_named and not host.visitor.role.includes(Role.MODERATOR):
            self._lobbies.check_name(plain(facts.name))
        told: dict[str, Any] = {
            "address": address,
            "port": port,
            "facts": facts,
            "descriptor": descriptor,
            "clan_game": clan_game,
            "proxied": proxied,
            "host_name": host.name,
        }
        if known is None:
            game = HostedGame(
                number=self._board.new_number(),
                room_id=host.room_id,
                family=self._lobbies.lobby(host.room_id).family,
                host=host.number,
                announced_at=self._clock.monotonic(),
                reachable=reachable,
                **told,
            )
            self._board.post(game)
            self._lobbies.publish_game(game, LobbyGameListed(game_view(game, self._clock.monotonic())))
            log.info("game announced", extra={"room": game.room_id, "game": game.number, "host": game.host})
            return game
        if reachable is not None:
            told["reachable"] = reachable
        return self._act(host.number, known, GameAct.CHANGE, **told)

    def set_reachable(self, number: int, reachable: bool) -> HostedGame:
        """Whether the host of a game answered from outside. Raises NoGame."""
        game = self.game(number)
        return self._act(game.host, game, GameAct.CHANGE, reachable=reachable)

    def start(self, listener: CharacterId, duration: float | None) -> HostedGame:
        """The game begins, for `duration` seconds or without limit.

        Raises:
            NotInLobby, NoGame: there is no such host, or no game.
            WrongGameState: it runs already.

        """
        host, game = self._hosted(listener)
        game = self._act(host, game, GameAct.START, started_at=self._clock.monotonic(), duration=duration)
        for observer in self._on_started:
            observer(game)
        return game

    def line_up(self, listener: CharacterId, game_number: int, numbers: Sequence[int]) -> HostedGame:
        """Who plays. The host's word counts; a player's only while the host has said nothing, and for a game they
        say they are in.

        Raises NotInLobby, and NoGame if there is no such game.
        """
        teller, game = self._lobbies.require(listener), self.game(game_number)
        line_up = tuple(dict.fromkeys(numbers))[:FULL_LINE_UP]
        if teller.number == game.host or (not game.line_up and teller.number in line_up):
            present = map(self._lobbies.by_number, line_up)
            is_gathered = all(one is not None and one.room_id == game.room_id for one in present)
            return self._board.act(game.host, GameAct.CHANGE, line_up=line_up, is_gathered=is_gathered)
        return game

    def reset(self, listener: CharacterId) -> HostedGame:
        """The round is over and another one gathers players. Raises NotInLobby, NoGame."""
        host, game = self._hosted(listener)
        self._tell_ended(game)
        for observer in self._on_reset:
            observer(game)
        return self._act(host, game, GameAct.RESET, started_at=None, duration=None, line_up=())

    def remove(self, listener: CharacterId) -> HostedGame | None:
        """Take the game of a host off the list; returns it as it was at the end, None if there is none."""
        occupant = self._lobbies.occupant(listener)
        return self._remove(occupant, GameAct.REMOVE) if occupant is not None else None

    async def report(self, listener: CharacterId, report: ScoreReport, *, game_number: int | None = None) -> Any:
        """What a player says of how a game ended, or if no number is given, the game they host. Raises what
        `Results.report` raises besides.

        Raises:
            NotInLobby, NoGame: there is no such player, or no such game lately.
            Unavailable: nobody keeps results here.

        """
        reporter = self._lobbies.require(listener)
        game = self.recent(game_number) if game_number is not None else self._board.of_host(reporter.number)
        if game is None:
            raise NoGame("There was no such game lately.", hint="")
        if self.results is None:
            raise Unavailable("Nobody keeps results here.", hint="")
        return await self.results.report(game, reporter, report)

    def recent(self, number: int) -> HostedGame | None:
        """A game that is on the list, or was lately."""
        return self._board.get(number) or self._ended.get(number)

    # --- reaching hosts ------------------------------------------------------------------------------

    async def test(self, listener: CharacterId) -> HostTest:
        """Try to reach the game that somebody hosts; whether it can be reached is shown from then on.

        Raises:
            NotInLobby, NoGame: there is no such host, or no game.
            TooMany: it was just tried.
            Unavailable: nobody tries that here.

        """
        number, game = self._hosted(listener)
        if self.tester is None:
            raise Unavailable("This server cannot try that.", hint="")
        now, last = self._clock.monotonic(), self._tested.get(number)
        if last is not None and now - last < TEST_INTERVAL.total_seconds():
            left = timedelta(seconds=TEST_INTERVAL.total_seconds() - (now - last))
            raise TooMany("This was just tried.", retry_after=left)
        self._tested[number] = now
        found = await self.tester.test(game)
        still = self._board.of_host(number)
        if still is not None and still.number == game.number:
            self.set_reachable(game.number, found.connected and found.protocol != "")
        return found

    def proxy_mode(self, number: int) -> ProxyMode:
        """Whether the host proxy is to stand in for somebody's games."""
        return self._proxy_modes.get(number, ProxyMode.UNKNOWN)

    def set_proxy_mode(self, listener: CharacterId, mode: ProxyMode) -> None:
        """From the next game on, until they leave.

        Raises:
            NotInLobby: there is nobody.
            Unavailable: no host proxy can stand in for them.

        """
        host = self._lobbies.require(listener)
        if self.tester is None or not self.tester.can_stand_in_for(host):
            raise Unavailable("The server cannot stand in for games of yours.", hint="")
        self._proxy_modes[host.number] = mode

    # --- inside --------------------------------------------------------------------------------------

    def _hosted(self, listener: CharacterId) -> tuple[int, HostedGame]:
        host = self._lobbies.require(listener)
        game = self._board.of_host(host.number)
        if game is None:
            raise NoGame
        return host.number, game

    def _act(self, host: int, before: HostedGame, act: GameAct, **changes: Any) -> HostedGame:
        game = self._board.act(host, act, **changes)
        if game != before:
            self._lobbies.publish_game(game, LobbyGameChanged(game_view(game, self._clock.monotonic())))
        return game

    def _host_leaves(self, occupant: Occupant) -> None:
        self._tested.pop(occupant.number, None)
        self._proxy_modes.pop(occupant.number, None)
        self._remove(occupant, GameAct.ABANDON)

    def _remove(self, host: Occupant, act: GameAct) -> HostedGame | None:
        game = self._board.of_host(host.number)
        if game is None:
            return None
        self._tell_ended(game)
        last = self._board.act(host.number, act, over_at=self._clock.monotonic())
        self._ended[last.number] = last
        self.over[last.state] += 1
        self._lobbies.publish_game(last, LobbyGameRemoved(last.number))
        extra = {"room": last.room_id, "game": last.number, "host": last.host, "state": last.state}
        log.info("game removed", extra=extra)
        return last

    def _tell_ended(self, game: HostedGame) -> None:
        """Remember the round, and tell who wants to know."""
        self._ended.pop(game.number, None)
        self._ended[game.number] = game
        if len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
        for observer in self._on_ended:
            observer(game)
