"""Moderation: mutes, and the record of who did what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from mythgate.domain.accounts import Account, AccountStatus, Role, require_authority, require_role
from mythgate.domain.errors import InvalidInput, NotFound
from mythgate.domain.events import AdminEvent, event_of
from mythgate.domain.ids import STAFF_TOPIC, AccountId
from mythgate.domain.moderation import AuditEntry, Mute
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.ports import Clock, PresenceStore, Realtime, Store, Transaction

UNTIL_LIFTED: Final = datetime.max.replace(tzinfo=UTC)
"""`Presence.muted_until` of somebody whose mute has no end."""

LONGEST_MUTE: Final = timedelta(days=3650)
REASON_LENGTH: Final = 200


class ModerationService:
    """What moderators do. Everything here is recorded and told to the staff."""

    def __init__(self, *, store: Store, presence: PresenceStore, realtime: Realtime, clock: Clock) -> None:
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._clock = clock

    async def mute(self, caller: Caller, account_id: AccountId, minutes: float | None, reason: str = "") -> Mute:
        """Silence an account for so many minutes, or until it is lifted; replaces an earlier mute.

        Raises:
            PermissionDenied: the caller is no moderator or does not stand above the account.
            NotFound: there is no such account.
            InvalidInput: the time makes no sense.

        """
        now = self._clock.now()
        if minutes is not None and not 0 < minutes <= LONGEST_MUTE.total_seconds() / 60:
            raise InvalidInput(
                "The number of minutes makes no sense.", field="minutes", hint="Leave it out for no end."
            )
        mute = Mute(
            account_id=account_id,
            by_account_id=caller.account_id,
            reason=reason.strip()[:REASON_LENGTH],
            created_at=now,
            ends_at=None if minutes is None else now + timedelta(minutes=minutes),
        )

        def work(tx: Transaction) -> Account:
            account = _require_target(tx, caller, account_id)
            tx.moderation.mute(mute)
            until = "lifted" if mute.ends_at is None else mute.ends_at.isoformat()
            self._record(tx, caller, "account.muted", account, until=until, reason=mute.reason)
            return account

        def after(account: Account) -> None:
            presence = self._presence.of_account(account_id)
            if presence is not None:
                presence.muted_until = mute.ends_at or UNTIL_LIFTED
            until = "until lifted" if minutes is None else f"for {minutes:g} minutes"
            self._tell_staff("account.muted", account, f"{caller.name} muted {account.name} {until}.")

        await self._store.write(work, then=after)
        return mute

    async def unmute(self, caller: Caller, account_id: AccountId) -> bool:
        """Lift a mute; False if there was none."""

        def work(tx: Transaction) -> Account | None:
            account = _require_target(tx, caller, account_id)
            if not tx.moderation.unmute(account_id):
                return None
            self._record(tx, caller, "account.unmuted", account)
            return account

        def after(account: Account | None) -> None:
            presence = self._presence.of_account(account_id)
            if presence is not None:
                presence.muted_until = None
            if account is not None:
                self._tell_staff("account.unmuted", account, f"{caller.name} unmuted {account.name}.")

        return await self._store.write(work, then=after) is not None

    async def mute_of(self, account_id: AccountId) -> Mute | None:
        """The mute that holds for an account now."""
        now = self._clock.now()
        mute = await self._store.read(lambda tx: tx.moderation.mute_of(account_id))
        return mute if mute is not None and mute.is_active(now) else None

    async def audit(self, caller: Caller, *, subject: str | None = None, limit: int = 100) -> list[AuditEntry]:
        """The record, newest first; for admins and up."""

        def work(tx: Transaction) -> list[AuditEntry]:
            require_role(role_within(tx, caller), Role.ADMIN)
            return tx.moderation.audit(subject=subject, limit=limit)

        return await self._store.read(work)

    def _record(self, tx: Transaction, caller: Caller, action: str, account: Account, **detail: str) -> None:
        tx.moderation.record(
            AuditEntry(self._clock.now(), caller.account_id, action, account.id, {"name": account.name, **detail})
        )

    def _tell_staff(self, action: str, account: Account, message: str) -> None:
        self._realtime.publish(STAFF_TOPIC, event_of(AdminEvent(action, account.id, message), self._clock.now()))


def _require_target(tx: Transaction, caller: Caller, account_id: AccountId) -> Account:
    actor = role_within(tx, caller)
    require_role(actor, Role.MODERATOR)
    account = tx.accounts.get(account_id)
    if account is None or account.status is AccountStatus.DELETED:
        raise NotFound("There is no such account.")
    require_authority(actor, account.role, Role.MODERATOR)
    return account
