"""Results: what players report about a game becomes one result, once, and the standings that follow from it.

A report is kept as evidence before it is answered. The result is recorded when `domain.results.due_at` says so:
with the last report, with the next round of the game, or by `settle_due`, which must be called every few seconds.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from mythgate.domain import results as rules
from mythgate.domain.accounts import Account
from mythgate.domain.errors import LimitReached, NotFound, PermissionDenied, WrongGameState
from mythgate.domain.hosting import HostedGame
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import FIRST_GUEST, Lobby, LobbyKind, Occupant
from mythgate.domain.results import Match, Participant, Result, ScoreReport, Testimony, Verdict
from mythgate.domain.styles import plain
from mythgate.services.errands import Errands
from mythgate.services.ports import Clock, Ids, Store, Transaction
from mythgate.services.ratings import RatingService
from mythgate.services.tournaments import Step, TournamentService

log = logging.getLogger(__name__)

REMEMBERED: Final = 2000  # rounds whose end we know of, though nobody has reported yet
MOST_REPORTS: Final = 5  # of one player about one game
COOPERATIVE: Final = "cooperative"  # among the options of a game


class Lobbies(Protocol):
    """Who is in which lobby; `services.lobbies.LobbyService`."""

    def lobby(self, room_id: int) -> Lobby: ...

    def by_number(self, number: int) -> Occupant | None: ...


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of a report. `fault` says why it is set aside; `result` is there once it is final."""

    match_id: str
    fault: str
    result: Result | None


@dataclass(frozen=True, slots=True)
class _Settled:
    """A result that was just recorded, and what follows from it."""

    result: Result
    step: Step | None
    moved: Sequence[Account]  # whose caste is another


@dataclass(frozen=True, slots=True)
class Evidence:
    """A result with all that was reported about it."""

    result: Result
    testimony: Sequence[Testimony]


class ResultService:
    """Use cases around results. `report` is what `services.hosting` hands reports to; it also tells
    of rounds that are over (`round_over`)."""

    def __init__(
        self,
        *,
        store: Store,
        lobbies: Lobbies,
        ratings: RatingService,
        tournaments: TournamentService,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._lobbies = lobbies
        self._ratings = ratings
        self._tournaments = tournaments
        self._clock = clock
        self._run = ids.new()  # numbers of games begin anew with every start of the server
        self._over: OrderedDict[str, datetime] = OrderedDict()  # when rounds ended, by match
        self._rounds: OrderedDict[int, HostedGame] = OrderedDict()  # the last round of a game, by its number
        self._observers: list[Callable[[Result], None]] = []
        self._errands = Errands("results")

    def on_recorded(self, observer: Callable[[Result], None]) -> None:
        """Have `observer` told of every result, after it is saved."""
        self._observers.append(observer)

    # --- reports ---

    async def report(self, game: HostedGame, reporter: Occupant, report: ScoreReport) -> Reported:
        """Take note of how a game ended for one who played it.

        The reporter is whoever sent it, whatever the report says. A game that gathers players again is
        reported about as the round before.

        Raises:
            WrongGameState: the game was never started, or nobody knows who plays it.
            PermissionDenied: the reporter did not play.
            LimitReached: the reporter has said enough.

        """
        if game.started_at is None:
            game = self._rounds.get(game.number, game)
        if game.started_at is None:
            raise WrongGameState("This game was not started.", hint="")
        if not game.line_up and reporter.number != game.host:
            raise WrongGameState("Nobody has said who plays this game.", hint="")
        report = replace(report, reporter=reporter.number)
        match = self._match(game, game.started_at, report)
        now = self._clock.now()

        def work(tx: Transaction) -> tuple[Reported, _Settled | None]:
            known = tx.matches.get(match.id)
            if known is None:
                done = tx.results.of_match(match.id)
                if done is not None:
                    return Reported(match.id, "The result was final already.", done), None
                known = replace(match, line_up=self._line_up(tx, match.line_up))
                tx.matches.open(known)
            if known.player(reporter.number) is None:
                raise PermissionDenied("Only those who played report a game.")
            before = tx.matches.testimony(match.id)
            if sum(one.report.reporter == reporter.number for one in before) >= MOST_REPORTS:
                raise LimitReached("You have reported this game often enough.")
            fault = rules.fault_of(report, known)
            tx.matches.testify(Testimony(match.id, report, now, fault))
            settled = self._settle_within(tx, known, now)
            return Reported(match.id, fault, settled.result if settled is not None else None), settled

        def then(outcome: tuple[Reported, _Settled | None]) -> None:
            if outcome[1] is not None:
                self._tell(outcome[1])

        reported, _ = await self._store.write(work, then=then)
        if reported.fault:
            log.info("score report set aside", extra={"match": match.id, "fault": reported.fault})
        return reported

    def _match(self, game: HostedGame, started_at: float, report: ScoreReport) -> Match:
        now = self._clock.now()
        match_id = self._match_id(game, started_at)
        lobby = self._lobby(game.room_id)
        numbers = game.line_up or tuple(dict.fromkeys(one.number for one in report.players if one.number))
        return Match(
            id=match_id,
            room_id=game.room_id,
            family=game.family,
            # Else the host alone would say who played, be they there or not.
            kind=lobby.kind if game.line_up and game.is_gathered else LobbyKind.UNRANKED,
            host=game.host,
            line_up=tuple(self._participant(number) for number in numbers),
            started_at=now - timedelta(seconds=max(0.0, self._clock.monotonic() - started_at)),
            name=plain(game.facts.name),
            map_name=plain(game.facts.map_name),
            scoring=report.scoring,
            clan_game=game.clan_game,
            cooperative=COOPERATIVE in game.facts.options,
            tournament=lobby.tournament if game.is_gathered else 0,
            removed_at=self._over.get(match_id),
        )

    def _lobby(self, room_id: int) -> Lobby:
        try:
            return self._lobbies.lobby(room_id)
        except NotFound:
            return Lobby("", room_id)  # it was closed meanwhile: nothing is ranked there any more

    def _participant(self, number: int) -> Participant:
        occupant = self._lobbies.by_number(number)
        if occupant is None:
            return Participant(number, "")
        return Participant(number, plain(occupant.name), occupant.visitor.account_id, occupant.visitor.clan)

    def _line_up(self, tx: Transaction, seen: Sequence[Participant]) -> tuple[Participant, ...]:
        """The line-up with the names and clans of those who have left the lobby."""
        line_up = []
        for one in seen:
            account = tx.accounts.by_number(one.number) if one.number < FIRST_GUEST else None
            if account is None or account.is_guest:
                line_up.append(replace(one, name=one.name or f"Guest {one.number}", account_id=None, clan=0))
                continue
            membership = tx.clans.membership(account.id)
            line_up.append(
                Participant(
                    one.number, one.name or account.name, account.id, membership.clan if membership is not None else 0
                )
            )
        return tuple(line_up)

    def match_of(self, game: HostedGame) -> str:
        """What the present round of a game is known by, or its last one."""
        if game.started_at is None:
            game = self._rounds.get(game.number, game)
        return self._match_id(game, game.started_at or 0.0)

    def _match_id(self, game: HostedGame, started_at: float) -> str:
        return f"{self._run}:{game.number}:{started_at:.6f}"

    # --- the end of a round ---

    def round_over(self, game: HostedGame) -> None:
        """A started game was taken off the list, or gathers players for another round: an observer for
        `HostingService.on_ended`."""
        if game.started_at is None:
            return
        match_id = self._match_id(game, game.started_at)
        self._over[match_id] = self._clock.now()
        self._rounds.pop(game.number, None)
        self._rounds[game.number] = game
        for kept in (self._over, self._rounds):
            while len(kept) > REMEMBERED:
                kept.popitem(last=False)
        self._errands.start(self._mark_over(match_id, self._over[match_id]))

    def round_reset(self, game: HostedGame) -> None:
        """Another round begins: what was reported of the last one is final now. If nobody has reported yet, the round
        waits like one that was taken off the list. An observer for `HostingService.on_reset`."""
        if game.started_at is not None:
            self._errands.start(self._score_now(self._match_id(game, game.started_at)))

    async def _score_now(self, match_id: str) -> None:
        now = self._clock.now()

        def work(tx: Transaction) -> _Settled | None:
            match = tx.matches.get(match_id)
            if match is None or all(one.fault for one in tx.matches.testimony(match_id)):
                return None
            return self._record_within(tx, match, now)

        def then(settled: _Settled | None) -> None:
            if settled is not None:
                self._tell(settled)

        await self._store.write(work, then=then)

    async def _mark_over(self, match_id: str, at: datetime) -> None:
        def work(tx: Transaction) -> None:
            match = tx.matches.get(match_id)
            if match is not None and match.removed_at is None:
                tx.matches.save(replace(match, removed_at=at))

        await self._store.write(work)

    async def start(self) -> int:
        """After a start of the server: games that ran before are over; returns how many still wait for reports."""
        now = self._clock.now()

        def work(tx: Transaction) -> int:
            waiting = tx.matches.all()
            for match in waiting:
                if match.removed_at is None and not match.id.startswith(self._run):
                    tx.matches.save(replace(match, removed_at=now))
            return len(waiting)

        return await self._store.write(work)

    async def settle_due(self) -> list[Result]:
        """Record all results that became final by now."""
        now = self._clock.now()

        def due(tx: Transaction) -> list[str]:
            return [match.id for match in tx.matches.all() if _is_due(tx, match, now)]

        recorded = []
        for match_id in await self._store.read(due):
            try:
                settled = await self._settle(match_id, now)
            except Exception:  # a mistake of ours about one game must not keep the others from their results
                log.exception("a result could not be recorded", extra={"match": match_id})
                continue
            if settled is not None:
                recorded.append(settled.result)
        return recorded

    async def _settle(self, match_id: str, now: datetime) -> _Settled | None:
        def work(tx: Transaction) -> _Settled | None:
            match = tx.matches.get(match_id)
            return self._settle_within(tx, match, now) if match is not None else None

        def then(settled: _Settled | None) -> None:
            if settled is not None:
                self._tell(settled)

        return await self._store.write(work, then=then)

    def _settle_within(self, tx: Transaction, match: Match, now: datetime) -> _Settled | None:
        """Record the result if it is final; all that follows from it happens with it or not at all."""
        return self._record_within(tx, match, now) if _is_due(tx, match, now) else None

    def _record_within(self, tx: Transaction, match: Match, now: datetime) -> _Settled | None:
        result = rules.evaluate(match, tx.matches.testimony(match.id), now)
        tx.matches.close(match.id)
        if result.verdict is Verdict.UNREPORTED:
            return None  # nobody said anything that could be heard: there is nothing to record
        recorded = tx.results.add(result)
        if recorded is None:
            return None  # it has one: whoever settled it has not closed it yet
        moved = self._ratings.apply_within(tx, recorded)
        return _Settled(recorded, self._tournaments.advance_within(tx, recorded), moved)

    def _tell(self, settled: _Settled) -> None:
        result = settled.result
        log.info("result recorded", extra={"result": result.number, "room": result.room_id, "verdict": result.verdict})
        self._ratings.tell(settled.moved)
        if settled.step is not None:
            self._tournaments.tell(settled.step)
        for observer in self._observers:
            observer(result)

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        await self._errands.settle()

    # --- looking ---

    async def result(self, number: int) -> Evidence:
        """A result and what was reported about it. Raises NotFound."""

        def work(tx: Transaction) -> Evidence:
            found = tx.results.get(number)
            if found is None:
                raise NotFound("There is no such result.")
            return Evidence(found, tx.matches.testimony(found.match_id))

        return await self._store.read(work)

    async def recent(
        self,
        *,
        account_id: AccountId | None = None,
        room_id: int | None = None,
        before: int | None = None,
        limit: int = 20,
    ) -> list[Result]:
        """Results of a player, of a lobby, or of all, newest first; from before the number `before` on."""
        return await self._store.read(
            lambda tx: tx.results.recent(account_id=account_id, room_id=room_id, before=before, limit=limit)
        )


def _is_due(tx: Transaction, match: Match, now: datetime) -> bool:
    at = rules.due_at(match, tx.matches.testimony(match.id))
    return at is not None and at <= now
