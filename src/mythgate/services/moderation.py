"""Moderation: mutes, and the record of who did what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from mythgate.domain.accounts import Account, AccountStatus, Role
from mythgate.domain.errors import InvalidInput, NotFound, PermissionDenied
from mythgate.domain.events import AdminEvent, SystemMessage, event_of
from mythgate.domain.ids import STAFF_TOPIC, AccountId, SessionId
from mythgate.domain.moderation import AuditEntry, Mute, StaffAct
from mythgate.domain.permissions import Permission, may, require, require_authority
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import Caller
from mythgate.services import lockouts
from mythgate.services.accounts import require_other_owner, role_within
from mythgate.services.ports import Clock, PresenceStore, Realtime, Store, Transaction

UNTIL_LIFTED: Final = datetime.max.replace(tzinfo=UTC)
"""`Presence.muted_until` of somebody whose mute has no end."""

UNMUTED: Final = "You are no longer muted."
LONGEST_MUTE: Final = timedelta(days=3650)
REASON_LENGTH: Final = 200
BAN_DAYS: Final = 7.0  # of a ban for which a moderator names no number
LONGEST_BAN: Final = timedelta(days=3650)


class ModerationService:
    """What moderators do. Everything here is recorded and told to the staff."""

    def __init__(self, *, store: Store, presence: PresenceStore, realtime: Realtime, clock: Clock) -> None:
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
        self, caller: Caller, account_id: AccountId, minutes: float | None, reason: str = "", *, called: str = ""
    ) -> Mute:
        """Silence an account for so many minutes, or until it is lifted; replaces an earlier mute.

        `called` is the name under which the staff reads of it, if not the account's.

        Raises:
            PermissionDenied: the caller is no moderator or does not stand above the account.
            NotFound: there is no such account.
            InvalidInput: the time makes no sense.

        """
        now = self._clock.now()
        mute = Mute(
            account_id=account_id,
            by_account_id=caller.account_id,
            reason=reason.strip()[:REASON_LENGTH],
            created_at=now,
            ends_at=end_of_mute(now, minutes),
        )

        def work(tx: Transaction) -> Account:
            account = _require_target(tx, caller, account_id, Permission.MUTE)
            tx.moderation.mute(mute)
            until = "lifted" if mute.ends_at is None else mute.ends_at.isoformat()
            self._record(tx, caller, "account.muted", account, until=until, reason=mute.reason)
            return account

        def after(account: Account) -> None:
            presence, until = self._presence.of_account(account_id), mute.ends_at or UNTIL_LIFTED
            sentence = f"{_sentence(mute, minutes)}{f' Reason: {mute.reason}' if mute.reason else ''}"
            if presence is not None:
                presence.muted_until = until
                self._tell(presence, sentence)
            for observer in self._voice_observers:
                observer(account_id, until, sentence)
            message = f"{caller.name} muted {called or account.name} {lasting(minutes)}."
            self._tell_staff(caller, "account.muted", account, message)

        await self._store.write(work, then=after)
        return mute

    async def unmute(self, caller: Caller, account_id: AccountId, *, called: str = "") -> bool:
        """Lift a mute; False if there was none. `called` as for `mute`."""

        def work(tx: Transaction) -> Account | None:
            account = _require_target(tx, caller, account_id, Permission.MUTE)
            if not tx.moderation.unmute(account_id):
                return None
            self._record(tx, caller, "account.unmuted", account)
            return account

        def after(account: Account | None) -> None:
            presence = self._presence.of_account(account_id)
            if presence is not None:
                presence.muted_until = None
            if account is not None:
                if presence is not None:
                    self._tell(presence, UNMUTED, "info")
                for observer in self._voice_observers:
                    observer(account_id, None, UNMUTED)
                message = f"{caller.name} unmuted {called or account.name}."
                self._tell_staff(caller, "account.unmuted", account, message)

        return await self._store.write(work, then=after) is not None

    async def mute_of(self, account_id: AccountId) -> Mute | None:
        """The mute that holds for an account now."""
        now = self._clock.now()
        mute = await self._store.read(lambda tx: tx.moderation.mute_of(account_id))
        return mute if mute is not None and mute.is_active(now) else None

    async def ban(
        self, caller: Caller, account_id: AccountId, days: float | None, reason: str = "", *, called: str = ""
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
            lockouts.set_end(tx, account_id, until)
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

    async def lift_bans(self) -> list[Account]:
        """Let in again whose time is over. Call it now and then."""
        now = self._clock.now()
        if not await self._store.read(lambda tx: any(until <= now for until in lockouts.ends(tx).values())):
            return []

        def work(tx: Transaction) -> list[Account]:
            lifted = []
            for account_id in lockouts.take_over(tx, now):
                account = tx.accounts.get(account_id)
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
                for observer in self._ban_observers:
                    observer(account, [])

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


def _sentence(mute: Mute, minutes: float | None) -> str:
    if mute.ends_at is None:
        return "You are muted until the staff lifts it."
    return f"You are muted {lasting(minutes)}, until {mute.ends_at:%Y-%m-%d %H:%M} UTC."


def _require_target(tx: Transaction, caller: Caller, account_id: AccountId, permission: Permission) -> Account:
    actor = role_within(tx, caller)
    require(actor, permission)
    account = tx.accounts.get(account_id)
    if account is None or account.status is AccountStatus.DELETED:
        raise NotFound("There is no such account.")
    require_authority(actor, account.role, permission)
    return account
