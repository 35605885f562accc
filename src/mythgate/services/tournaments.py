"""Tournaments: announced by staff, entered by players, started when the time and enough players have come,
carried on by the results of games, ended with prizes recorded once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from mythgate.domain import tournaments as rules
from mythgate.domain.errors import Conflict, NotFound
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Occupant
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import Permission, require
from mythgate.domain.ratings import FORMULAS, RANKED, SubjectKind
from mythgate.domain.results import Result
from mythgate.domain.sessions import Caller
from mythgate.domain.tournaments import (
    Entry,
    Pairing,
    Prize,
    Readiness,
    Tournament,
    TournamentAct,
    TournamentState,
)
from mythgate.services.accounts import role_within
from mythgate.services.friends import self_of
from mythgate.services.ports import Clock, Store, Transaction

log = logging.getLogger(__name__)


class TournamentLobbies(Protocol):
    """The lobbies tournaments are played in; `services.lobbies.LobbyService`."""

    def occupants(self, room_id: int) -> Sequence[Occupant]: ...

    def line(self, room_id: int | None, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class TournamentView:
    """A tournament with who takes part and who won what."""

    tournament: Tournament
    entries: Sequence[Entry]
    prizes: Sequence[Prize]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a tournament. `winner`: whose pairing was decided; 0: none was. `gone`: who takes
    part no more, by number."""

    view: TournamentView
    winner: int = 0
    gone: Sequence[int] = ()


_LIVING: Final = (TournamentState.SIGNUP, TournamentState.RUNNING)
_OVER: Final = (TournamentState.FINISHED, TournamentState.CANCELLED)
_Known = tuple[TournamentState, tuple[Pairing, ...]]


class TournamentService:
    """Use cases around tournaments. `tick` must be called every few seconds."""

    def __init__(self, *, store: Store, lobbies: TournamentLobbies, clock: Clock) -> None:
        self._store = store
        self._lobbies = lobbies
        self._clock = clock
        self._observers: list[Callable[[Sequence[int]], None]] = []
        self._told: dict[int, _Known] = {}  # how far tournaments were when their lobby last heard of them, by number

    def on_ties_changed(self, observer: Callable[[Sequence[int]], None]) -> None:
        """Have `observer` told of accounts, by number, that came to a tournament or left one."""
        self._observers.append(observer)

    def _tell_ties(self, numbers: Sequence[int]) -> None:
        for observer in self._observers:
            observer(numbers)

    # --- looking ---

    async def all(self, *, over: bool = False) -> list[TournamentView]:
        """Tournaments to come and under way, by start time; with `over`, those that have ended instead."""
        states = _OVER if over else _LIVING
        return await self._store.read(
            lambda tx: [_view(tx, tournament) for tournament in tx.tournaments.in_state(*states)]
        )

    async def view(self, number: int) -> TournamentView:
        """A tournament. Raises NotFound."""
        return await self._store.read(lambda tx: _view(tx, tx.tournaments.require(number)))

    async def memberships(self, account_id: AccountId) -> frozenset[int]:
        """The slots of the tournaments somebody takes part in: what lobbies ask for."""
        found = await self._store.read(lambda tx: tx.tournaments.of_account(account_id))
        return frozenset(tournament.slot for tournament in found)

    # --- before ---

    async def announce(self, caller: Caller, tournament: Tournament) -> Tournament:
        """Open a tournament for sign-up; for admins and up.

        Raises:
            PermissionDenied: the caller may not.
            InvalidInput: a value does not fit.
            Conflict: the slot has a tournament that is not over.

        """
        rules.check(tournament)

        def work(tx: Transaction) -> Tournament:
            require(role_within(tx, caller), Permission.RUN_TOURNAMENTS)
            if tx.tournaments.in_slot(tournament.slot) is not None:
                raise Conflict("This slot has a tournament that is not over.", hint="Use another, or cancel it.")
            added = tx.tournaments.add(tournament)
            self._record(tx, caller.account_id, "tournament.announced", added)
            return added

        return await self._store.write(work)

    async def sign_up(self, actor: AccountId, number: int) -> TournamentView:
        """Take part.

        Raises:
            NotFound: there is no such tournament.
            Conflict: it has begun, or the actor takes part already.
            LimitReached: it is full.
            PermissionDenied: guests take part in none.

        """

        def work(tx: Transaction) -> TournamentView:
            account = self_of(tx, actor)
            tournament = tx.tournaments.require(number)
            rules.require_entry(tournament, tx.tournaments.entries(number), actor)
            tx.tournaments.enter(Entry(number, actor, account.number, account.name, self._clock.now()))
            return _view(tx, tournament)

        def then(view: TournamentView) -> None:
            self._tell_ties([entry.number for entry in view.entries if entry.account_id == actor])

        return await self._store.write(work, then=then)

    async def withdraw(self, actor: AccountId, number: int) -> None:
        """Take part no more. Raises NotFound, and Conflict once it has begun."""

        def work(tx: Transaction) -> int:
            tournament = tx.tournaments.require(number)
            if tournament.state is not TournamentState.SIGNUP:
                raise Conflict("The tournament has begun.", hint="")
            if not tx.tournaments.withdraw(number, actor):
                raise NotFound("You do not take part in this tournament.")
            return tx.accounts.require(actor).number

        await self._store.write(work, then=lambda gone: self._tell_ties([gone]))

    async def cancel(self, caller: Caller, number: int) -> Tournament:
        """End a tournament without a winner; for admins and up. Raises NotFound, and Conflict if it is over."""

        def work(tx: Transaction) -> Step:
            require(role_within(tx, caller), Permission.RUN_TOURNAMENTS)
            tournament = tx.tournaments.require(number)
            self._end(tx, tournament, TournamentAct.CANCEL, caller.account_id)
            return Step(_view(tx, tournament))

        return (await self._store.write(work, then=self.tell)).view.tournament

    async def start(self, caller: Caller, number: int) -> Tournament:
        """Let a tournament begin as soon as enough of its players are in its lobby, not at its time; for admins and up.

        Raises NotFound, and Conflict once it has begun.
        """

        def work(tx: Transaction) -> Tournament:
            require(role_within(tx, caller), Permission.RUN_TOURNAMENTS)
            tournament = tx.tournaments.require(number)
            if tournament.state is not TournamentState.SIGNUP:
                raise Conflict(f"The tournament is {tournament.state}.", hint="")
            before, tournament.starts_at = tournament.starts_at, self._clock.now()
            tx.tournaments.save(tournament)
            moved = {"before": before.isoformat(), "after": tournament.starts_at.isoformat()}
            self._record(tx, caller.account_id, "tournament.called", tournament, **moved)
            return tournament

        return await self._store.write(work)

    # --- after ---

    async def award(self, caller: Caller, number: int, place: int, winner: int) -> TournamentView:
        """Give the prize of a place that has none, as when a tournament was cancelled; for admins and up.

        Raises:
            NotFound: there is no such tournament, place or entrant.
            Conflict: it is not over, or the place has its prize.

        """

        def work(tx: Transaction) -> TournamentView:
            require(role_within(tx, caller), Permission.RUN_TOURNAMENTS)
            view = _view(tx, tx.tournaments.require(number))
            prize = rules.prize_by_hand(view.tournament, view.entries, view.prizes, place, winner, self._clock.now())
            tx.tournaments.award(prize)
            self._record(
                tx, caller.account_id, "tournament.awarded", view.tournament, place=str(place), winner=prize.name
            )
            return _view(tx, view.tournament)

        return await self._store.write(work)

    # --- under way ---

    async def tick(self) -> list[Tournament]:
        """Start the tournaments whose time and players have come, and give up those that had too few for too
        long; returns both. Lobbies are told of what was done beside this node."""
        await self._catch_up()
        waiting = await self._store.read(lambda tx: tx.tournaments.in_state(TournamentState.SIGNUP))
        now = self._clock.now()
        moved = []
        for tournament in waiting:
            if now >= tournament.starts_at:
                after = await self._begin(tournament.number)
                if after is not None:
                    moved.append(after)
        return moved

    async def _catch_up(self) -> None:
        known = list(self._told)

        def work(tx: Transaction) -> list[TournamentView]:
            living = tx.tournaments.in_state(*_LIVING)
            numbers = {one.number for one in living}
            gone = [found for number in known if number not in numbers and (found := tx.tournaments.get(number))]
            return [_view(tx, one) for one in (*living, *gone)]

        for view in await self._store.read(work):
            number, (state, bracket) = view.tournament.number, _how_far(view)
            told = self._told.get(number)
            if told is None:
                self._told[number] = state, bracket
            elif told != (state, bracket):
                moved = (new.winner for old, new in zip(told[1], bracket, strict=False) if new.winner != old.winner)
                self.tell(Step(view, next(moved, 0)))
            elif state in _OVER:
                del self._told[number]

    async def _begin(self, number: int) -> Tournament | None:
        now = self._clock.now()

        def work(tx: Transaction) -> Step | None:
            tournament = tx.tournaments.require(number)
            if tournament.state is not TournamentState.SIGNUP:
                return None
            entries = tx.tournaments.entries(number)
            present = {occupant.number for occupant in self._lobbies.occupants(tournament.room_id)}
            there = [entry for entry in entries if entry.number in present]
            readiness = rules.readiness(tournament, len(there), now)
            if readiness is Readiness.LAPSED:
                self._end(tx, tournament, TournamentAct.CANCEL, "system")
                return Step(_view(tx, tournament))
            if readiness is not Readiness.READY:
                return None
            absent = [entry for entry in entries if entry not in there]
            for entry in absent:
                tx.tournaments.withdraw(number, entry.account_id)
            drawn = rules.seeded(there, _points(tx, there))
            for entry in drawn:
                tx.tournaments.set_seed(entry)
            tournament.apply(TournamentAct.START)
            tournament.bracket = rules.draw([entry.number for entry in drawn])
            tx.tournaments.save(tournament)
            self._record(tx, "system", "tournament.started", tournament)
            return Step(_view(tx, tournament), gone=[entry.number for entry in absent])

        def then(step: Step | None) -> None:
            if step is not None:
                self.tell(step)

        step = await self._store.write(work, then=then)
        return step.view.tournament if step is not None else None

    async def decide(self, caller: Caller, number: int, round_number: int, slot: int, winner: int) -> TournamentView:
        """Decide a pairing that is not played, for moderators and up.

        Raises:
            NotFound: there is no such tournament or pairing.
            Conflict: it is not to be played now.
            InvalidInput: the winner is not one of the two.

        """

        def work(tx: Transaction) -> Step:
            require(role_within(tx, caller), Permission.RUN_TOURNAMENTS)
            tournament = tx.tournaments.require(number)
            tournament.bracket = rules.decided(tournament.bracket, round_number, slot, winner, 0)
            self._record(tx, caller.account_id, "tournament.decided", tournament, winner=str(winner))
            return self._carry_on(tx, tournament, winner)

        return (await self._store.write(work, then=self.tell)).view

    def advance_within(self, tx: Transaction, result: Result) -> Step | None:
        """Let a result that was just recorded decide a pairing; what to `tell` then, if it did."""
        if not result.tournament:
            return None
        tournament = tx.tournaments.in_slot(result.tournament)
        if tournament is None or tournament.state is not TournamentState.RUNNING:
            return None
        found = rules.decided_by(tournament.bracket, result)
        if found is None:
            return None
        pairing, winner = found
        tournament.bracket = rules.decided(tournament.bracket, pairing.round, pairing.slot, winner, result.number)
        return self._carry_on(tx, tournament, winner)

    def _carry_on(self, tx: Transaction, tournament: Tournament, winner: int) -> Step:
        """Save a bracket that changed; with its last pairing the tournament ends, and prizes are recorded."""
        if tournament.champion:
            self._end(tx, tournament, TournamentAct.FINISH, "system")
            for prize in rules.prizes(tournament, tx.tournaments.entries(tournament.number), self._clock.now()):
                tx.tournaments.award(prize)  # a place that has its prize keeps it
        else:
            tx.tournaments.save(tournament)
        return Step(_view(tx, tournament), winner)

    def _end(self, tx: Transaction, tournament: Tournament, act: TournamentAct, actor: str) -> None:
        before = tournament.state
        tournament.apply(act)
        tournament.ended_at = self._clock.now()
        tx.tournaments.save(tournament)
        after = tournament.state
        self._record(tx, actor, f"tournament.{after}", tournament, before=before, after=after)

    # --- telling ---

    def tell(self, step: Step) -> None:
        """Say in the tournament's lobby what happened, once."""
        tournament = step.view.tournament
        how_far = _how_far(step.view)
        if self._told.get(tournament.number) == how_far:
            return
        self._told[tournament.number] = how_far
        gone = [entry.number for entry in step.view.entries] if tournament.state in _OVER else step.gone
        if gone:
            self._tell_ties(gone)
        names = {entry.number: entry.name for entry in step.view.entries}
        if tournament.state is TournamentState.CANCELLED:
            words = "cancelled."
        elif tournament.state is TournamentState.FINISHED:
            words = f"{names[tournament.champion]} wins."
        else:
            to_play = ", ".join(
                f"{names[one.first]} - {names[one.second]}" for one in tournament.bracket if one.is_open
            )
            news = f"{names[step.winner]} goes on" if step.winner else "it begins"
            words = f"{news}. To play: {to_play}."
        self._lobbies.line(tournament.room_id, f"Tournament {tournament.name}: {words}")
        log.info("tournament moved on", extra={"tournament": tournament.number, "state": tournament.state})

    def _record(self, tx: Transaction, actor: str, action: str, tournament: Tournament, **detail: str) -> None:
        subject = f"tournament:{tournament.number}"
        entry = AuditEntry(self._clock.now(), actor, action, subject, {"name": tournament.name, **detail})
        tx.moderation.record(entry)


def _view(tx: Transaction, tournament: Tournament) -> TournamentView:
    number = tournament.number
    return TournamentView(tournament, tx.tournaments.entries(number), tx.tournaments.prizes(number))


def _how_far(view: TournamentView) -> _Known:
    return view.tournament.state, view.tournament.bracket


def _points(tx: Transaction, entries: Sequence[Entry]) -> dict[int, int]:
    """Ranked points of the present season, by number."""
    season = tx.ratings.current()
    if season is None:
        return {}
    table = tx.ratings.table(season.number)
    start = FORMULAS[season.formula].start
    found = {entry.number: table.get(SubjectKind.PLAYER, RANKED, entry.number) for entry in entries}
    return {number: start if standing is None else standing.points for number, standing in found.items()}
