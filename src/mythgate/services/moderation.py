"""Moderation: mutes and bans of accounts that hold everywhere, and the record of who did what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from mythgate.domain.accounts import Account, AccountStatus, Role
from mythgate.domain.errors import InvalidInput, NotFound, PermissionDenied
from mythgate.domain.events import AdminEvent, SystemMessage, event_of
from mythgate.domain.ids import STAFF_TOPIC, AccountId, SessionId
from mythgate.domain.measures import Measure, MeasureKind, Scope
from mythgate.domain.moderation import AuditEntry, Mute, StaffAct
from mythgate.domain.permissions import Permission, may, require, require_authority
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import Caller
from mythgate.services import lockouts
from mythgate.services.accounts import require_other_owner, role_within
from mythgate.services.gate import Gate
from mythgate.services.ports import Clock, PresenceStore, Realtime, Store, Transaction

UNTIL_LIFTED: Final = datetime.max.replace(tzinfo=UTC)
"""`Presence.muted_until` of somebody whose mute has no end."""

FILTERS: Final = Caller(AccountId("system"), SessionId("system"), "a filter", Role.PLAYER)
"""Who mutes if a filter of words does."""

UNMUTED: Final = "You are no longer muted."
LONGEST_MUTE: Final = timedelta(days=3650)
REASON_LENGTH: Final = 200
BAN_DAYS: Final = 7.0  # of a ban for which a moderator names no number
LONGEST_BAN: Final = timedelta(days=3650)


class ModerationService:
    """What moderators do. Everything here is recorded and told to the staff."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        clock: Clock,
        gate: Gate | None = None,
    ) -> None:
        self.gate: Final = gate if gate is not None else Gate(clock)
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._clock = clock
        self._voice_observers: list[Callable[[AccountId, datetime | None, str], None]] = []
        self._ban_observers: list[Callable[[Account, list[SessionId]], None]] = []

    def on_voice_changed(self, observer: Callable[[AccountId, datetime | None, str], None]) -> None:
        """Have `observer` told, once it is saved, until when an account is muted (None: not any more), and how to
        tell its owner."""
        self._voice_observers.append(observer)

    def on_banned(self, observer: Callable[[Account, list[SessionId]], None]) -> None:
        """Have `observer` told, once it is saved, of an account that was locked or may come back, and which of its
        sessions ended."""
        self._ban_observers.append(observer)

    async def mute(
        self,
        caller: Caller,
        account_id: AccountId,
        minutes: float | None,
        reason: str = "",
        *,
        called: str = "",
        show_reason: bool = True,
    ) -> Mute:
        """Silence an account for so many minutes, or until it is lifted; replaces an earlier mute.

        `called` is the name under which the staff reads of it, if not the account's.

        Raises:
            PermissionDenied: the caller may not mute, or does not stand above the account.
            NotFound: there is no such account.
            InvalidInput: the time makes no sense.

        """
        now = self._clock.now()
        ends_at = end_of_mute(now, minutes)

        def work(tx: Transaction) -> tuple[Account, Measure]:
            account = _require_target(tx, caller, account_id, Permission.MUTE)
            measure = _mute_within(tx, account, caller, now, ends_at, reason, shows_reason=show_reason)
            until = "lifted" if ends_at is None else ends_at.isoformat()
            self._record(tx, caller, "account.muted", account, until=until, reason=measure.reason)
            return account, measure

        def after(result: tuple[Account, Measure]) -> None:
            account, measure = result
            self.silence(measure)
            message = f"{caller.name} muted {called or account.name} {lasting(minutes)}."
            self._tell_staff(caller, "account.muted", account, message)

        _, measure = await self._store.write(work, then=after)
        return Mute(account_id, caller.account_id, measure.reason, now, ends_at)

    async def mute_for_words(self, account_id: AccountId, minutes: int, reason: str) -> None:
        """Silence an account that filters of words have found too often. Nothing happens to the staff, and to who is
        muted for longer already."""
        now = self._clock.now()
        ends_at = now + timedelta(minutes=minutes)

        def work(tx: Transaction) -> tuple[Account, Measure] | None:
            account = tx.accounts.get(account_id)
            if account is None or account.status is not AccountStatus.ACTIVE or account.role.includes(Role.MODERATOR):
                return None
            known = tx.measures.everywhere(account_id, MeasureKind.MUTE)
            if known is not None and known.is_active(now) and (known.ends_at is None or known.ends_at >= ends_at):
                return None
            measure = _mute_within(tx, account, FILTERS, now, ends_at, reason)
            self._record(tx, FILTERS, "account.muted", account, until=ends_at.isoformat(), reason=measure.reason)
            return account, measure

        def after(result: tuple[Account, Measure] | None) -> None:
            if result is not None:
                account, measure = result
                self.silence(measure)
                self._tell_staff(
                    FILTERS, "account.muted", account, f"A filter muted {account.name} {lasting(minutes)}."
                )

        await self._store.write(work, then=after)

    def silence(self, measure: Measure) -> None:
        """A mute that holds everywhere is saved: have it take effect, and tell whom it is about."""
        self.gate.put(measure)
        assert measure.account_id is not None
        until = measure.ends_at or UNTIL_LIFTED
        presence = self._presence.of_account(measure.account_id)
        sentence = self.gate.muted_words(measure)
        if presence is not None:
            presence.muted_until = until
            self._tell(presence, sentence)
        for observer in self._voice_observers:
            observer(measure.account_id, until, sentence)

    async def unmute(self, caller: Caller, account_id: AccountId, *, called: str = "") -> bool:
        """Lift a mute; False if there was none. `called` as for `mute`."""
        now = self._clock.now()

        def work(tx: Transaction) -> tuple[Account, Measure] | None:
            account = _require_target(tx, caller, account_id, Permission.MUTE)
            measure = tx.measures.everywhere(account_id, MeasureKind.MUTE)
            if measure is None:
                return None
            measure.lifted_at, measure.lifted_by = now, caller.account_id
            tx.measures.save(measure)
            lockouts.note_change(tx)
            self._record(tx, caller, "account.unmuted", account)
            return account, measure

        def after(result: tuple[Account, Measure] | None) -> None:
            if result is None:
                return
            account, measure = result
            self.give_voice(measure)
            message = f"{caller.name} unmuted {called or account.name}."
            self._tell_staff(caller, "account.unmuted", account, message)

        return await self._store.write(work, then=after) is not None

    def give_voice(self, measure: Measure) -> None:
        """A mute that held everywhere is lifted, and that is saved: have it take effect, and tell whom it was about."""
        self.gate.drop(measure.number)
        assert measure.account_id is not None
        presence = self._presence.of_account(measure.account_id)
        if presence is not None:
            presence.muted_until = None
            self._tell(presence, UNMUTED, "info")
        for observer in self._voice_observers:
            observer(measure.account_id, None, UNMUTED)

    async def mute_of(self, account_id: AccountId) -> Mute | None:
        """The mute that holds for an account now."""
        now = self._clock.now()
        mute = await self._store.read(lambda tx: tx.moderation.mute_of(account_id))
        return mute if mute is not None and mute.is_active(now) else None

    async def ban(
        self,
        caller: Caller,
        account_id: AccountId,
        days: float | None,
        reason: str = "",
        *,
        called: str = "",
        show_reason: bool = False,
    ) -> Account:
        """Lock an account out for so many days, or until an admin lets it in; it is gone from all doors at once.

        Raises:
            PermissionDenied: the caller is no moderator or does not stand above the account, or it is the caller's
                own or the last owner's.
            NotFound: there is no such account.
            InvalidInput: the time makes no sense.

        """
        now = self._clock.now()
        if days is not None and not 0 < days <= LONGEST_BAN.total_seconds() / 86400:
            raise InvalidInput("The number of days makes no sense.", field="days", hint="Leave it out for no end.")
        until = None if days is None else now + timedelta(days=days)

        def work(tx: Transaction) -> tuple[Account, list[SessionId]]:
            account = _require_target(tx, caller, account_id, Permission.BAN)
            if account_id == caller.account_id:
                raise PermissionDenied("You may not lock yourself out.")
            if account.role is Role.OWNER:
                require_other_owner(tx, account)
            account.status = AccountStatus.DISABLED
            tx.accounts.save(account)
            lockouts.begin(tx, account, caller, now, until=until, reason=reason, shows_reason=show_reason)
            ended = "lifted" if until is None else until.isoformat()
            self._record(tx, caller, "account.banned", account, until=ended, reason=reason.strip()[:REASON_LENGTH])
            return account, tx.sessions.revoke_all(account_id, now)

        def after(result: tuple[Account, list[SessionId]]) -> None:
            account, sessions = result
            for observer in self._ban_observers:
                observer(account, sessions)
            lasts = "until lifted" if days is None else f"for {days:g} day{'' if days == 1 else 's'}"
            message = f"{caller.name} banned {called or account.name} {lasts}."
            self._tell_staff(caller, "account.banned", account, message)

        return (await self._store.write(work, then=after))[0]

    def readmitted(self, account: Account) -> None:
        """An account that was locked may come back, and that is saved."""
        for observer in self._ban_observers:
            observer(account, [])

    async def lift_bans(self) -> list[Account]:
        """Let in again whose time is over. Call it now and then."""
        now = self._clock.now()
        if not await self._store.read(lambda tx: any(until <= now for until in lockouts.ends(tx).values())):
            return []  # most rounds write nothing

        def work(tx: Transaction) -> list[Account]:
            lifted = []
            over = [account_id for account_id, until in lockouts.ends(tx).items() if until <= now]
            for account_id in over:
                account = tx.accounts.get(account_id)
                lock = lockouts.lock_of(tx, account_id)
                if lock is None or lock.is_active(now):
                    continue  # somebody made it longer at this moment
                lockouts.end(tx, account_id, "system", now)
                if account is not None and account.status is AccountStatus.DISABLED:
                    account.status = AccountStatus.ACTIVE
                    tx.accounts.save(account)
                    tx.moderation.record(
                        AuditEntry(now, "system", "account.enabled", account_id, {"name": account.name})
                    )
                    lifted.append(account)
            return lifted

        def after(lifted: list[Account]) -> None:
            for account in lifted:
                self.readmitted(account)

        return await self._store.write(work, then=after)

    async def audit(self, caller: Caller, *, subject: str | None = None, limit: int = 100) -> list[AuditEntry]:
        """The record, newest first; for admins and up."""

        def work(tx: Transaction) -> list[AuditEntry]:
            require(role_within(tx, caller), Permission.SEE_RECORD)
            return tx.moderation.audit(subject=subject, limit=limit)

        return await self._store.read(work)

    def _record(self, tx: Transaction, caller: Caller, action: str, account: Account, **detail: str) -> None:
        tx.moderation.record(
            AuditEntry(self._clock.now(), caller.account_id, action, account.id, {"name": account.name, **detail})
        )

    def _tell(self, presence: Presence, message: str, kind: Literal["info", "warning"] = "warning") -> None:
        self._realtime.send(presence.character_id, event_of(SystemMessage(message, kind), self._clock.now()))

    def _tell_staff(self, caller: Caller, action: str, account: Account, message: str) -> None:
        """Who acted reads the answer to the act instead, and whom it is about has been told in words for them."""
        realtime, own = self._realtime, self._presence.of_account(caller.account_id)
        subject = self._presence.of_account(account.id)
        event = event_of(
            AdminEvent(action, account.id, message), self._clock.now(), subject=StaffAct(caller.account_id)
        )
        colleague = subject.character_id if subject is not None and may(subject.role, Permission.HEAR_STAFF) else None
        if colleague is not None:
            realtime.unsubscribe(colleague, STAFF_TOPIC)
        realtime.publish(STAFF_TOPIC, event, exclude=own.character_id if own is not None else None)
        if colleague is not None:
            realtime.subscribe(colleague, STAFF_TOPIC)


def end_of_mute(now: datetime, minutes: float | None) -> datetime | None:
    """When a mute for so many minutes ends; None for never. Raises InvalidInput if that makes no sense."""
    if minutes is None:
        return None
    if not 0 < minutes <= LONGEST_MUTE.total_seconds() / 60:
        raise InvalidInput("The number of minutes makes no sense.", field="minutes", hint="Leave it out for no end.")
    return now + timedelta(minutes=minutes)


def lasting(minutes: float | None) -> str:
    """How long a mute holds, in words."""
    if minutes is None:
        return "until lifted"
    return f"for {minutes:g} minute{'' if minutes == 1 else 's'}"


def _mute_within(
    tx: Transaction,
    account: Account,
    by: Caller,
    now: datetime,
    ends_at: datetime | None,
    reason: str,
    *,
    shows_reason: bool = True,
) -> Measure:
    """Save a mute that holds everywhere; it replaces an earlier one."""
    known = tx.measures.everywhere(account.id, MeasureKind.MUTE)
    if known is not None:
        known.lifted_at, known.lifted_by = now, by.account_id
        tx.measures.save(known)
    lockouts.note_change(tx)
    return tx.measures.add(
        Measure(
            MeasureKind.MUTE,
            account.id,
            account.name,
            "",
            Scope.EVERYWHERE,
            "",
            reason.strip()[:REASON_LENGTH],
            shows_reason,
            by.account_id,
            by.name,
            now,
            ends_at,
            lockouts.new_code(),
        )
    )


def _require_target(tx: Transaction, caller: Caller, account_id: AccountId, permission: Permission) -> Account:
    actor = role_within(tx, caller)
    require(actor, permission)
    account = tx.accounts.get(account_id)
    if account is None or account.status is AccountStatus.DELETED:
        raise NotFound("There is no such account.")
    require_authority(actor, account.role, permission)
    return account
