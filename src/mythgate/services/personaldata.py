"""The data of one person as a whole: who else comes from where they do, a copy of everything, and its erasure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mythgate.domain.accounts import Account, AccountStatus
from mythgate.domain.errors import InvalidInput, PermissionDenied
from mythgate.domain.ids import AccountId, SessionId
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.names import name_key
from mythgate.domain.people import Alternate, SeenAddress
from mythgate.domain.permissions import Permission, require, require_authority
from mythgate.domain.record import ERASED, ranges
from mythgate.domain.sessions import Caller
from mythgate.domain.styles import plain
from mythgate.services.accounts import REASON_LENGTH, AccountService, role_within
from mythgate.services.ports import Clock, Store, Transaction

FORMAT: Final = "mythgate-person-1"


@dataclass(frozen=True, slots=True)
class Alternates:
    """Where somebody came from, and which other accounts came from there too."""

    addresses: Sequence[SeenAddress]
    others: Sequence[Alternate]


@dataclass(frozen=True, slots=True)
class Export:
    """All that is stored about a person, by table, without secrets."""

    format: str
    exported_at: datetime
    account_id: AccountId
    name: str
    tables: Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What became of a person's data."""

    account_id: AccountId
    known_as: str  # where results need a name
    record_entries: int  # that say nothing any more


class PersonalDataService:
    """Use cases around the data of one person."""

    def __init__(self, *, store: Store, accounts: AccountService, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock

    async def alternates(self, caller: Caller, account_id: AccountId) -> Alternates:
        """Other accounts that came from the same addresses. It proves nothing: households and networks share them.

        Raises:
            PermissionDenied: the caller may not see addresses.
            NotFound: there is no such account.

        """

        def work(tx: Transaction) -> Alternates:
            require(role_within(tx, caller), Permission.SEE_ADDRESSES)
            tx.accounts.require(account_id)
            return Alternates(tx.seen_addresses.of_account(account_id), tx.seen_addresses.alternates(account_id))

        return await self._store.read(work)

    async def export(self, caller: Caller, account_id: AccountId) -> Export:
        """A copy of everything that is stored about somebody, to hand to them; recorded.

        Raises:
            PermissionDenied: the caller may not, or does not stand above them.
            NotFound: there is no such account.

        """
        now = self._clock.now()

        def work(tx: Transaction) -> Export:
            account = self._require(tx, caller, account_id, Permission.EXPORT_PERSON)
            tables = tx.personal.rows(account_id)
            tx.moderation.record(
                AuditEntry(now, caller.account_id, "person.exported", account_id, {"name": account.name})
            )
            return Export(FORMAT, now, account_id, account.name, tables)

        return await self._store.write(work)

    async def erase(self, caller: Caller, account_id: AccountId, name: str, reason: str = "") -> Erasure:
        """Delete all that is personal about somebody, for good. What others need stays, with an anonymous name.

        Raises:
            InvalidInput: `name` is not that of the account: nobody erases the wrong person by a slip.
            PermissionDenied: the caller may not, does not stand above them, or means the last owner or themselves.
            NotFound: there is no such account.

        """
        now = self._clock.now()

        def work(tx: Transaction) -> tuple[Erasure, tuple[Account, list[SessionId]]]:
            account = self._require(tx, caller, account_id, Permission.ERASE_PERSON)
            if account_id == caller.account_id:
                raise PermissionDenied("Your own account is deleted under Account.")
            if name_key(name) != name_key(account.name):
                raise InvalidInput("This is not the name of the account.", field="name", hint=f"It is {account.name}.")
            known = _names_of(tx, account)
            emptied = tx.moderation.about(account_id, known)
            for number in emptied:
                tx.moderation.empty(number)
            closed: tuple[Account, list[SessionId]] = (account, [])
            if account.status is not AccountStatus.DELETED:
                closed = self._accounts.close_within(tx, caller, account_id)
            anonymous = closed[0].name
            tx.personal.erase(account_id, known, anonymous)
            detail = {"name": anonymous, "entries": ranges(emptied)}
            if reason.strip():
                detail["reason"] = reason.strip()[:REASON_LENGTH]
            tx.moderation.record(AuditEntry(now, caller.account_id, ERASED, account_id, detail))
            return Erasure(account_id, anonymous, len(emptied)), closed

        erasure, _ = await self._store.write(work, then=lambda done: self._accounts.closed(done[1]))
        return erasure

    def _require(self, tx: Transaction, caller: Caller, account_id: AccountId, permission: Permission) -> Account:
        rights = role_within(tx, caller)
        require(rights, permission)
        account = tx.accounts.require(account_id)
        if account_id != caller.account_id:
            require_authority(rights, account.role, permission)
        return account


def _names_of(tx: Transaction, account: Account) -> set[str]:
    """All that somebody is or was called here, as far as it is known still."""
    known = {account.name, *(one.name for one in tx.kept_names.of_account(account.id))}
    for deleted in (False, True):
        known.update(one.name for one in tx.characters.of_account(account.id, deleted=deleted))
    profile = tx.profiles.get(account.id)
    if profile is not None:
        known.add(plain(profile.shown_name).strip())
    return {name for name in known if name}
