"""Ladders: standings, castes, seasons, and other formulas tried out before they are used.

Standings in the database are only what results came to; `recompute` makes them anew at any time, and the same.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from mythgate.domain import ratings as rules
from mythgate.domain.accounts import Account, Role
from mythgate.domain.errors import Conflict, InvalidInput, NameTaken, NotFound
from mythgate.domain.ids import AccountId
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import Permission, require
from mythgate.domain.ratings import (
    ADMIN_CASTE,
    CATEGORIES,
    FORMULAS,
    NO_CASTE,
    RANKED,
    Breakpoints,
    Category,
    Formula,
    Ladder,
    Moved,
    Ranked,
    Reset,
    Season,
    Standing,
    SubjectKind,
)
from mythgate.domain.results import Result, Verdict
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.ports import Clock, Store, Transaction

log = logging.getLogger(__name__)

PAGE: Final = 500  # results read at once
NAME_LENGTH: Final = 63
RESETS_FACT: Final = "ladder_resets"
VOIDED_FACT: Final = "voided_results"
REASON_LENGTH: Final = 200
_ATTEMPTS: Final = 3  # to make standings anew while others play


@dataclass(frozen=True, slots=True)
class LadderRow:
    """One line of a ladder. The name is empty if its bearer is gone."""

    name: str
    ranked: Ranked


@dataclass(frozen=True, slots=True)
class Overview:
    """The best of a category, and the average over everybody there is, rounded down."""

    top_name: str
    everybody: int
    points: tuple[int, int]  # average, best
    games: tuple[int, int]
    wins: tuple[int, int]
    damage_given: tuple[int, int]
    damage_taken: tuple[int, int]


class RatingService:
    """Use cases around ladders."""

    def __init__(self, *, store: Store, clock: Clock, default_formula: str = "elo") -> None:
        self._store = store
        self._clock = clock
        self._default = FORMULAS[default_formula]
        self._observers: list[Callable[[Account], None]] = []

    def on_caste_changed(self, observer: Callable[[Account], None]) -> None:
        """Have `observer` told of every account whose saved caste is another."""
        self._observers.append(observer)

    def tell(self, accounts: Sequence[Account]) -> None:
        """Tell the observers of accounts whose caste was changed in a transaction that is committed now."""
        for account in accounts:
            for observer in self._observers:
                observer(account)

    # --- looking ---

    async def ladder(
        self,
        category: Category = RANKED,
        *,
        kind: SubjectKind = SubjectKind.PLAYER,
        season: int | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[LadderRow]:
        """A part of a ladder, best first; of the present season unless another is named.

        Raises:
            InvalidInput: there is no such category.
            NotFound: there is no such season.

        """
        _require_category(category)

        def work(tx: Transaction) -> list[LadderRow]:
            number = _season_number(tx, season)
            part = tx.ratings.ladder(number, kind, category, limit=limit, offset=offset)
            placed = rules.placed(part, tx.ratings.active(number, kind, category), offset + 1)
            names = tx.ratings.names(kind, [one.number for one in part])
            return [LadderRow(names.get(one.standing.number, ""), one) for one in placed]

        return await self._store.read(work)

    async def standings(
        self, number: int, *, kind: SubjectKind = SubjectKind.PLAYER, season: int | None = None
    ) -> dict[Category, Ranked]:
        """All standings of one account or clan, with their places. Raises NotFound for an unknown season."""

        def work(tx: Transaction) -> dict[Category, Ranked]:
            found = _season_number(tx, season)
            known = tx.ratings.of_subject(found, kind, number)
            return {one.category: _placed(tx, found, one) for one in known}

        return await self._store.read(work)

    async def strength(self, number: int) -> int:
        """Somebody's ranked points of the present season; what a beginner has if there are none, as for guests."""

        def work(tx: Transaction) -> int:
            season = tx.ratings.current()
            if season is None:
                return self._default.start
            standing = tx.ratings.table(season.number).get(SubjectKind.PLAYER, RANKED, number)
            return self._formula(season.formula).start if standing is None else standing.points

        return await self._store.read(work)

    async def caste_of(self, account_id: AccountId) -> int:
        """The caste of an account by its ranked games of the present season; staff has one of its own."""

        def work(tx: Transaction) -> int:
            account = tx.accounts.get(account_id)
            if account is None or account.is_guest:
                return NO_CASTE
            if account.role.includes(Role.ADMIN):
                return ADMIN_CASTE
            return _caste_within(tx, account)

        return await self._store.read(work)

    async def breakpoints(self, category: Category = RANKED, *, kind: SubjectKind = SubjectKind.PLAYER) -> Breakpoints:
        """Where castes begin in the present season."""

        def work(tx: Transaction) -> list[Standing]:
            return tx.ratings.ladder(_season_number(tx, None), kind, category)

        return rules.breakpoints(rules.ranked(await self._store.read(work)))

    async def overview(self, category: Category = RANKED, *, kind: SubjectKind = SubjectKind.PLAYER) -> Overview:
        """The best and the average of a category of the present season."""

        def work(tx: Transaction) -> tuple[list[Standing], int, str]:
            standings = tx.ratings.ladder(_season_number(tx, None), kind, category)
            names = tx.ratings.names(kind, [one.number for one in standings[:1]])
            everybody = tx.accounts.count() if kind is SubjectKind.PLAYER else len(tx.clans.all())
            return standings, everybody, next(iter(names.values()), "")

        standings, everybody, top_name = await self._store.read(work)

        def over(value: Callable[[Standing], int]) -> tuple[int, int]:
            values = [value(one) for one in standings]
            return sum(values) // max(1, everybody), max(values, default=0)

        return Overview(
            top_name,
            everybody,
            over(lambda one: one.points),
            over(lambda one: one.games),
            over(lambda one: one.wins),
            over(lambda one: one.damage_given),
            over(lambda one: one.damage_taken),
        )

    async def names(self, kind: SubjectKind, numbers: Sequence[int]) -> dict[int, str]:
        """What accounts or clans are called, by number; whoever is gone is left out."""
        return await self._store.read(lambda tx: dict(tx.ratings.names(kind, numbers)))

    # --- seasons and formulas ---

    async def seasons(self) -> list[Season]:
        """All seasons, the oldest first; the last one goes on."""
        return await self._store.read(lambda tx: tx.ratings.seasons())

    async def open_season(self, caller: Caller, name: str, formula: str | None = None) -> Season:
        """Close the present season and begin another, in which everybody starts anew; for admins and up.

        Raises:
            PermissionDenied: the caller may not.
            InvalidInput: there is no such formula, or the name does not fit.
            NameTaken: another season has this name.

        """
        if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
            raise InvalidInput("The name does not fit.", field="name", hint=f"Use 1 to {NAME_LENGTH} characters.")
        chosen = self._formula(formula)
        now = self._clock.now()

        def work(tx: Transaction) -> Season:
            require(role_within(tx, caller), Permission.CORRECT_RESULTS)
            present = self.season_within(tx)
            if any(one.name.strip().casefold() == name.strip().casefold() for one in tx.ratings.seasons()):
                raise NameTaken("There is a season of this name.", field="name")
            newest = tx.results.newest()
            present.ends_at, present.last_result = now, newest
            tx.ratings.save(present)
            season = tx.ratings.add(Season(name, chosen.name, now, newest + 1))
            _record(tx, caller, "season.opened", self._clock, before=present.name, after=name, formula=chosen.name)
            return season

        return await self._store.write(work)

    async def preview(
        self,
        caller: Caller,
        formula: str,
        category: Category = RANKED,
        *,
        kind: SubjectKind = SubjectKind.PLAYER,
        season: int | None = None,
    ) -> list[Moved]:
        """Everybody's place as it is and as it would be under another formula. Changes nothing; for admins and up,
        since all results are gone through.

        Raises:
            PermissionDenied: the caller may not.
            InvalidInput: there is no such formula or category.
            NotFound: there is no such season.

        """
        await self._store.read(lambda tx: require(role_within(tx, caller), Permission.CORRECT_RESULTS))
        _require_category(category)
        chosen = self._formula(formula)
        if season is None and await self._store.read(lambda tx: tx.ratings.current()) is None:
            return []  # nobody has played, and looking opens no season
        found = await self._require(season)
        resets, voided = await self._store.read(lambda tx: (_resets(tx, found.number), _voided(tx)))
        ladder, newest = await self._fold(found, chosen, resets, voided)
        rules.forget_last(ladder, resets, newest)
        before = await self._store.read(lambda tx: tx.ratings.ladder(found.number, kind, category))
        return rules.compared(rules.ranked(before), rules.ranked(ladder.of(kind, category)))

    async def recompute(self, caller: Caller, *, season: int | None = None, formula: str | None = None) -> int:
        """Make the standings of a season anew from its results; returns how many there are. For admins and up.

        With `formula`, the season goes by that one from now on.

        Raises:
            PermissionDenied: the caller may not.
            InvalidInput: there is no such formula.
            NotFound: there is no such season.

        """
        await self._store.read(lambda tx: require(role_within(tx, caller), Permission.CORRECT_RESULTS))
        found = await self._require(season)
        chosen = self._formula(formula if formula is not None else found.formula)
        resets, voided = await self._store.read(lambda tx: (_resets(tx, found.number), _voided(tx)))
        ladder, newest = await self._fold(found, chosen, resets, voided)

        def work(tx: Transaction) -> tuple[list[Standing], list[Account]]:
            require(role_within(tx, caller), Permission.CORRECT_RESULTS)
            self.season_within(tx)  # nobody else changes standings from here on
            current = _season(tx, found.number)
            if _resets(tx, found.number) != resets or _voided(tx) != voided:
                raise Conflict("Standings were reset meanwhile.", hint="Try again.")
            # What was recorded while we were folding. The fold of all is in memory and can be repeated.
            late = _without(voided, tx.results.from_number(newest + 1, current.last_result))
            whole = Ladder()
            for standing in ladder.all():
                whole.put(standing)
            rules.forget_last(whole, resets, rules.fold(late, whole, chosen, resets=resets, seen=newest))
            tx.ratings.clear(current.number)
            table = tx.ratings.table(current.number)
            standings = whole.all()
            for standing in standings:
                table.put(standing)
            before, current.formula = current.formula, chosen.name
            tx.ratings.save(current)
            moved = self._note_castes(tx, current.number) if current.ends_at is None else []
            _record(tx, caller, "season.recomputed", self._clock, before=before, after=chosen.name)
            return standings, moved

        standings, _ = await self._store.write(work, then=lambda result: self.tell(result[1]))
        log.info("standings recomputed", extra={"season": found.number, "standings": len(standings)})
        return len(standings)

    async def reset(
        self,
        caller: Caller,
        *,
        kind: SubjectKind = SubjectKind.PLAYER,
        number: int | None = None,
        category: Category | None = None,
    ) -> int:
        """Let standings of the present season begin anew, those of one player or clan or of all, in one category or
        in all; returns how many were there. For admins and up. They begin anew also when the season is recomputed.

        Raises:
            PermissionDenied: the caller may not.
            InvalidInput: there is no such category.
            NotFound: there is no such player or clan.

        """
        if category is not None:
            _require_category(category)

        def work(tx: Transaction) -> tuple[int, list[Account]]:
            require(role_within(tx, caller), Permission.CORRECT_RESULTS)
            season = self.season_within(tx).number
            if number is not None and number not in tx.ratings.names(kind, [number]):
                raise NotFound(f"There is no such {kind}.")
            reset = Reset(season, tx.results.newest(), kind, number, category)
            gone = [
                standing
                for each in (CATEGORIES if category is None else (category,))
                for standing in tx.ratings.ladder(season, kind, each)
                if reset.covers(standing)
            ]
            if not gone:
                return 0, []
            known = json.loads(tx.facts.get(RESETS_FACT) or "[]")
            tx.facts.set(RESETS_FACT, json.dumps([*known, asdict(reset)]))
            moved = []
            for standing in gone:
                tx.ratings.forget(season, standing)
                if (standing.kind, standing.category) == (SubjectKind.PLAYER, RANKED):
                    account = tx.accounts.by_number(standing.number)
                    if account is not None and _set_caste(tx, account, 0):
                        moved.append(account)
            moved += self._note_castes(tx, season)
            whose = "all" if number is None else str(number)
            _record(tx, caller, "ladder.reset", self._clock, kind=kind, whose=whose, category=category or "all")
            return len(gone), moved

        count, _ = await self._store.write(work, then=lambda result: self.tell(result[1]))
        return count

    async def voided(self) -> frozenset[int]:
        """The numbers of results that count for nothing."""
        return await self._store.read(_voided)

    async def void(self, caller: Caller, number: int, reason: str = "", *, void: bool = True) -> int:
        """Have a result count for nothing, or with `void` false count again, and make the standings of its season anew;
        returns how many there are. The result itself stays as it was recorded; so does what a tournament made of it.

        Raises:
            PermissionDenied: the caller may not.
            NotFound: there is no such result.
            InvalidInput: it is so already.

        """

        def work(tx: Transaction) -> tuple[Result, int]:
            require(role_within(tx, caller), Permission.CORRECT_RESULTS)
            result = tx.results.get(number)
            if result is None:
                raise NotFound("There is no such result.")
            known = _voided(tx)
            if (number in known) is void:
                words = "counts for nothing already" if void else "counts already"
                raise InvalidInput(f"Result {number} {words}.", field="number")
            tx.facts.set(VOIDED_FACT, json.dumps(sorted(known ^ {number})))
            action, was, now = ("voided", "counts", "void") if void else ("restored", "void", "counts")
            detail = {"name": result.name, "before": was, "after": now, "reason": reason[:REASON_LENGTH]}
            tx.moderation.record(
                AuditEntry(self._clock.now(), caller.account_id, f"result.{action}", f"result:{number}", detail)
            )
            return result, next(one.number for one in tx.ratings.seasons() if _covers(one, number))

        result, season = await self._store.write(work)
        attempts = _ATTEMPTS
        while True:
            attempts -= 1
            try:
                count = await self.recompute(caller, season=season)
                break
            except Conflict:
                if not attempts:
                    raise
        await self._store.write(lambda tx: self._castes_of(tx, result), then=self.tell)
        return count

    @staticmethod
    def _castes_of(tx: Transaction, result: Result) -> list[Account]:
        """Whose standing is gone has no caste from it any more."""
        accounts = [tx.accounts.get(line.account_id) for line in result.lines if line.account_id is not None]
        return [one for one in accounts if one is not None and _set_caste(tx, one, _caste_within(tx, one))]

    async def rerank(self) -> int:
        """Write everybody's caste into their account, for those it changed for; returns how many.

        The caste moves also when others play. To be called now and then.
        """
        moved = await self._store.write(lambda tx: self._note_castes(tx, self.season_within(tx).number), then=self.tell)
        return len(moved)

    # --- parts that others need within their transaction ---

    def season_within(self, tx: Transaction) -> Season:
        """The present season, alone with all standings until the end; the first is opened here."""
        present = tx.ratings.current()
        if present is not None:
            return present
        return tx.ratings.add(Season("First season", self._default.name, self._clock.now()))

    def apply_within(self, tx: Transaction, result: Result) -> list[Account]:
        """Let a result that was just recorded change the standings, and the castes of those who played; returns
        those whose caste is another, for `tell`."""
        season = self.season_within(tx)
        rules.apply(result, tx.ratings.table(season.number), self._formula(season.formula))
        moved: list[Account] = []
        if not (rules.counts(result) and result.ranked):
            return moved
        for line in result.lines:
            account = tx.accounts.get(line.account_id) if line.account_id is not None else None
            if account is not None and _set_caste(tx, account, _caste_within(tx, account)):
                moved.append(account)
        return moved

    def _note_castes(self, tx: Transaction, season: int) -> list[Account]:
        moved: list[Account] = []
        for one in rules.ranked(tx.ratings.ladder(season, SubjectKind.PLAYER, RANKED)):
            account = tx.accounts.by_number(one.standing.number)
            if account is not None and _set_caste(tx, account, one.caste):
                moved.append(account)
        return moved

    def _formula(self, name: str | None) -> Formula:
        if name is None:
            return self._default
        formula = FORMULAS.get(name)
        if formula is None:
            raise InvalidInput(
                "There is no such formula.", field="formula", hint=f"There are: {', '.join(sorted(FORMULAS))}."
            )
        return formula

    async def _fold(
        self, season: Season, formula: Formula, resets: Sequence[Reset], voided: frozenset[int]
    ) -> tuple[Ladder, int]:
        """The ladder of a season, and the number of the last result in it. Computed beside the event loop.

        Resets after that result are still to be made.
        """
        ladder = Ladder()
        newest = season.first_result - 1
        while page := _without(voided, await self._page(newest + 1, season.last_result)):
            newest = await asyncio.to_thread(rules.fold, page, ladder, formula, resets=resets, seen=newest)
        return ladder, newest

    async def _page(self, first: int, last: int | None) -> list[Result]:
        return await self._store.read(lambda tx: tx.results.from_number(first, last, limit=PAGE))

    async def _require(self, number: int | None) -> Season:
        """A season by its number, or the present one, which is opened if there is none yet."""
        if number is None:
            return await self._store.write(self.season_within)
        return await self._store.read(lambda tx: _season(tx, number))


def _resets(tx: Transaction, season: int) -> list[Reset]:
    known = json.loads(tx.facts.get(RESETS_FACT) or "[]")
    resets = [Reset(**{**values, "kind": SubjectKind(values["kind"])}) for values in known]
    return [reset for reset in resets if reset.season == season]


def _voided(tx: Transaction) -> frozenset[int]:
    return frozenset(json.loads(tx.facts.get(VOIDED_FACT) or "[]"))


def _without(voided: frozenset[int], results: Sequence[Result]) -> Sequence[Result]:
    """The results, those that count for nothing as if nobody agreed on them."""
    return [replace(one, verdict=Verdict.DISPUTED) if one.number in voided else one for one in results]


def _covers(season: Season, number: int) -> bool:
    return season.first_result <= number and (season.last_result is None or number <= season.last_result)


def _season(tx: Transaction, number: int) -> Season:
    found = tx.ratings.season(number)
    if found is None:
        raise NotFound("There is no such season.")
    return found


def _require_category(category: Category) -> None:
    if category not in CATEGORIES:
        raise InvalidInput("There is no such ladder.", field="category", hint="Use ranked, unranked or ranked:5.")


def _season_number(tx: Transaction, number: int | None) -> int:
    """Of the season that is asked for, or of the present one; 0, which has no standings, before the first."""
    if number is not None:
        return _season(tx, number).number
    present = tx.ratings.current()
    return present.number if present is not None else 0


def _placed(tx: Transaction, season: int, standing: Standing) -> Ranked:
    """One standing with its place. Those with few games come after all active ones."""
    active = tx.ratings.active(season, standing.kind, standing.category)
    if standing.is_active:
        place, _ = tx.ratings.table(season).place(standing)
    else:
        ladder = tx.ratings.ladder(season, standing.kind, standing.category)
        place = 1 + sum(one.order < standing.order for one in ladder)
    return rules.placed([standing], active, place)[0]


def _caste_within(tx: Transaction, account: Account) -> int:
    season = tx.ratings.current()
    if season is None:
        return 0
    standing = tx.ratings.table(season.number).get(SubjectKind.PLAYER, RANKED, account.number)
    return 0 if standing is None else _placed(tx, season.number, standing).caste


def _set_caste(tx: Transaction, account: Account, caste: int) -> bool:
    if account.caste == caste:
        return False
    account.caste = caste
    tx.accounts.save(account)
    return True


def _record(tx: Transaction, caller: Caller, action: str, clock: Clock, **detail: str) -> None:
    tx.moderation.record(AuditEntry(clock.now(), caller.account_id, action, "ladder", detail))
