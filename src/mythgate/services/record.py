"""Reading the record of who did what, and checking that nobody changed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mythgate.domain.ids import AccountId
from mythgate.domain.names import name_key
from mythgate.domain.permissions import Permission, require
from mythgate.domain.record import Recorded, Sought, Verification
from mythgate.domain.sessions import OPERATOR, Caller
from mythgate.services.accounts import role_within
from mythgate.services.ports import Store, Transaction

LONGEST_PAGE: Final = 500
_AT_ONCE: Final = 500  # entries checked in one read: some milliseconds


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Entries that fit, the newest first. `following` is what the next page comes after; None: this is the last.

    `names` are those of the accounts that acted or were acted on, as far as there are such.
    """

    entries: Sequence[Recorded]
    following: int | None
    names: Mapping[str, str]


class RecordService:
    """Use cases around the record."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def search(
        self, caller: Caller, sought: Sought, *, before: int | None = None, limit: int = 100
    ) -> RecordPage:
        """Entries that fit; `actor` and `subject` may be names of accounts.

        Raises:
            PermissionDenied: the caller may not see the record.

        """
        limit = max(1, min(limit, LONGEST_PAGE))

        def work(tx: Transaction) -> RecordPage:
            require(role_within(tx, caller), Permission.SEE_RECORD)
            known = replace(sought, actor=_id_of(tx, sought.actor), subject=_id_of(tx, sought.subject))
            found = tx.moderation.search(known, before=before, limit=limit + 1)
            shown = found[:limit]
            return RecordPage(shown, shown[-1].number if len(found) > limit else None, _names(tx, shown))

        return await self._store.read(work)

    async def verify(self, caller: Caller) -> Verification:
        """Walk the whole chain.

        Raises:
            PermissionDenied: the caller may not see the record.

        """

        def page(tx: Transaction) -> list[Recorded]:
            require(role_within(tx, caller), Permission.SEE_RECORD)
            return tx.moderation.page(after=walk.newest, limit=_AT_ONCE)

        walk = Verification()
        while entries := await self._store.read(page):
            for entry in entries:
                walk.look_at(entry)
        walk.finish()
        return walk


def _id_of(tx: Transaction, called: str) -> str:
    """The id of the account of this name; what names no account stands for itself (`cli`, `system`, `lobby:26`)."""
    if not called:
        return ""
    account = tx.accounts.by_name_key(name_key(called))
    return account.id if account is not None else called


def _names(tx: Transaction, entries: Sequence[Recorded]) -> Mapping[str, str]:
    wanted = {one for entry in entries for one in (entry.actor, entry.subject) if one}
    known = {one: tx.accounts.get(AccountId(one)) for one in wanted}
    named = {one: account.name for one, account in known.items() if account is not None}
    return {OPERATOR.account_id: "the command line", **named} if OPERATOR.account_id in wanted else named
