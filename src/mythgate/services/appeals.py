"""Appeals: whoever is banned or muted says why that is wrong, without being signed in, and the staff decides.

The code that is told with every refusal proves whom a measure is about; so do name and password. Who took the measure
does not decide, unless they own the server.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mythgate.domain.accounts import Account
from mythgate.domain.addresses import address_key
from mythgate.domain.chat import tidy
from mythgate.domain.errors import InvalidInput, NotFound, PermissionDenied, TooMany, WrongState
from mythgate.domain.events import AdminEvent, event_of
from mythgate.domain.ids import STAFF_TOPIC, AccountId
from mythgate.domain.measures import (
    ANSWER_LENGTH,
    APPEAL_LENGTH,
    Appeal,
    AppealState,
    AppealStep,
    Measure,
    MeasureKind,
    code_of,
    until,
)
from mythgate.domain.moderation import AuditEntry, StaffAct
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import AccountService, role_within
from mythgate.services.enforcement import MeasureService
from mythgate.services.ports import Clock, Rate, Realtime, Store, Throttle, Transaction

LONGEST_PAGE: Final = 200
_WRONG_CODES: Final = Rate(10, timedelta(minutes=10))
_APPEALS: Final = Rate(5, timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Standing:
    """What whoever is under a measure gets to know of it, and of their newest appeal."""

    measure: Measure
    appeal: Appeal | None


@dataclass(frozen=True, slots=True)
class Filed:
    """An appeal with what it is against, for the staff."""

    appeal: Appeal
    measure: Measure


@dataclass(slots=True)
class AppealService:
    """Use cases of appeals."""

    store: Store
    accounts: AccountService
    measures: MeasureService
    realtime: Realtime
    throttle: Throttle
    clock: Clock

    # --- who is under a measure ------------------------------------------------------------------------

    async def look(self, address: str, *, code: str = "", name: str = "", password: str = "") -> Standing:
        """What holds against somebody, and what became of their appeal.

        Raises:
            NotFound: no measure has that code, or there is none against the account.
            BadCredentials, TooManyLogins: as for signing in.
            TooMany: too many wrong codes came from the address.

        """
        measure = await self._measure(address, code, name, password)
        appeal = await self.store.read(lambda tx: tx.measures.appeal_against(measure.number))
        return Standing(measure, appeal)

    async def appeal(self, text: str, address: str, *, code: str = "", name: str = "", password: str = "") -> Appeal:
        """Say why a measure is wrong.

        Raises:
            InvalidInput: there are no words, or too many.
            WrongState: there is an appeal that nobody has decided yet, or the measure is over.
            TooMany: the address appeals too often.
            NotFound, BadCredentials, TooManyLogins: as `look`.

        """
        words = "\n".join(" ".join(tidy(line).split()) for line in text.strip().splitlines())
        if not words:
            raise InvalidInput("Say why.", field="text")
        if len(words) > APPEAL_LENGTH:
            raise InvalidInput("That is too long.", field="text", hint=f"At most {APPEAL_LENGTH} characters.")
        measure = await self._measure(address, code, name, password)
        wait = await self.throttle.hit(f"appeal:{address_key(address)}", _APPEALS)
        if wait is not None:
            raise TooMany("Too many appeals come from your address.", retry_after=wait)
        now = self.clock.now()

        def work(tx: Transaction) -> Appeal:
            known = tx.measures.get(measure.number)
            if known is None or not known.is_active(now):
                raise WrongState("It does not hold any more.", hint="")
            last = tx.measures.appeal_against(known.number)
            if last is not None and last.state is AppealState.OPEN:
                raise WrongState("There is an appeal already that nobody has decided yet.", hint="Wait for the answer.")
            return tx.measures.appeal(Appeal(known.number, known.account_id, known.name, words, now))

        def after(made: Appeal) -> None:
            whom = made.name or "Somebody"
            self._tell_staff("appeal.made", made, f"{whom} appeals against a {measure.kind} (appeal {made.number}).")

        return await self.store.write(work, then=after)

    async def _measure(self, address: str, code: str, name: str, password: str) -> Measure:
        if not code:
            return await self._own_measure(await self.accounts.identify(name, password, address=address))
        key = f"appeal_code:{address_key(address)}"
        wait = await self.throttle.blocked(key, _WRONG_CODES)
        if wait is not None:
            raise TooMany("Too many wrong codes came from your address.", retry_after=wait)
        wanted = code_of(code)
        measure = await self.store.read(lambda tx: tx.measures.by_code(wanted))
        if measure is None:
            await self.throttle.hit(key, _WRONG_CODES)
            raise NotFound("No measure has this code.", hint="It is told with each refusal.")
        return measure

    async def _own_measure(self, account: Account) -> Measure:
        """The measure against an account that weighs most, else the newest."""
        now = self.clock.now()

        def work(tx: Transaction) -> Measure | None:
            for kind in (MeasureKind.BAN, MeasureKind.MUTE):
                found = tx.measures.everywhere(account.id, kind)
                if found is not None and found.is_active(now):
                    return found
            active = tx.measures.page(active_at=now, account_id=account.id, limit=1)
            past = tx.measures.page(account_id=account.id, limit=1)
            return next(iter([*active, *past]), None)

        measure = await self.store.read(work)
        if measure is None:
            raise NotFound("There is nothing against this account.")
        return measure

    # --- the staff -------------------------------------------------------------------------------------

    async def page(
        self, caller: Caller, *, open_only: bool = True, before: int | None = None, limit: int = 50
    ) -> Sequence[Filed]:
        """Newest first, with what they are against. Raises PermissionDenied."""

        def work(tx: Transaction) -> Sequence[Filed]:
            require(role_within(tx, caller), Permission.SEE_REPORTS)
            page = tx.measures.appeals(open_only=open_only, before=before, limit=max(1, min(limit, LONGEST_PAGE)))
            found = [(one, tx.measures.get(one.measure)) for one in page]
            return [Filed(one, measure) for one, measure in found if measure is not None]

        return await self.store.read(work)

    async def decide(self, caller: Caller, number: int, step: AppealStep, answer: str = "") -> Appeal:
        """Grant an appeal, which lifts the measure, or refuse it; with an answer for who made it.

        Raises:
            PermissionDenied: the caller may not, or took the measure and does not own the server.
            NotFound: there is no such appeal.
            WrongState: it is decided.

        """
        now = self.clock.now()
        answer = " ".join(tidy(answer).split())[:ANSWER_LENGTH]
        tell: list[Callable[[], None]] = []

        def work(tx: Transaction) -> Appeal:
            tell.clear()
            actor = role_within(tx, caller)
            require(actor, Permission.HANDLE_APPEALS)
            appeal = tx.measures.get_appeal(number)
            measure = tx.measures.get(appeal.measure) if appeal is not None else None
            if appeal is None or measure is None:
                raise NotFound("There is no such appeal.")
            if measure.by_account_id == caller.account_id and not actor.is_owner:
                raise PermissionDenied("You took this measure; somebody else decides.")
            before = appeal.state
            appeal.apply(step, caller.account_id, answer, now)
            tx.measures.save_appeal(appeal)
            detail = {"name": appeal.name, "measure": str(measure.number), "until": until(measure)}
            detail |= {"before": before.value, "after": appeal.state.value, "answer": answer}
            tx.moderation.record(AuditEntry(now, caller.account_id, f"appeal.{appeal.state}", measure.subject, detail))
            if appeal.state is AppealState.GRANTED and measure.is_active(now):
                tell.append(self.measures.lift_within(tx, measure, caller, now, f"appeal {number} granted"))
            return appeal

        def after(appeal: Appeal) -> None:
            for one in tell:
                one()
            message = f"{caller.name} {appeal.state} the appeal of {appeal.name or 'somebody'}."
            self._tell_staff(f"appeal.{appeal.state}", appeal, message, caller)

        return await self.store.write(work, then=after)

    async def waiting(self) -> int:
        """How many appeals nobody has decided."""
        return await self.store.read(lambda tx: tx.measures.open_appeals())

    def _tell_staff(self, action: str, appeal: Appeal, message: str, by: Caller | None = None) -> None:
        act = StaffAct(by.account_id) if by is not None else None
        event = AdminEvent(action, appeal.account_id or AccountId(""), message)
        self.realtime.publish(STAFF_TOPIC, event_of(event, _now(self.clock), subject=act))


def _now(clock: Clock) -> datetime:
    return clock.now()
