"""Notes about people, by the staff and for the staff."""

from __future__ import annotations

from collections.abc import Sequence

from mythgate.domain.accounts import Account, AccountStatus
from mythgate.domain.errors import LimitReached, NotFound
from mythgate.domain.ids import AccountId
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.people import NOTES_PER_ACCOUNT, Note, checked_note
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.ports import Clock, Store, Transaction


class NoteService:
    """Use cases around notes. Their text is not in the record: it would outlive them there."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, caller: Caller, account_id: AccountId) -> Sequence[Note]:
        """The notes about an account, newest first.

        Raises:
            PermissionDenied: the caller keeps no notes.
            NotFound: there is no such account.

        """

        def work(tx: Transaction) -> Sequence[Note]:
            _require(tx, caller, account_id)
            return tx.notes.of_account(account_id)

        return await self._store.read(work)

    async def add(self, caller: Caller, account_id: AccountId, text: str) -> Note:
        """Write something about somebody. Raises as `of`; InvalidInput, LimitReached."""
        words = checked_note(text)
        now = self._clock.now()

        def work(tx: Transaction) -> Note:
            account = _require(tx, caller, account_id)
            if len(tx.notes.of_account(account_id)) >= NOTES_PER_ACCOUNT:
                raise LimitReached("There are as many notes about this account as there may be.", hint="Remove some.")
            note = tx.notes.add(Note(0, account_id, caller.account_id, caller.name, words, now))
            self._record(tx, caller, "note.added", account, note)
            return note

        return await self._store.write(work)

    async def remove(self, caller: Caller, account_id: AccountId, number: int) -> None:
        """Take a note away, also one of a colleague. Raises as `of`; NotFound if there is no such note."""

        def work(tx: Transaction) -> None:
            account = _require(tx, caller, account_id)
            note = tx.notes.get(account_id, number)
            if note is None:
                raise NotFound("There is no such note.")
            tx.notes.remove(account_id, number)
            self._record(tx, caller, "note.removed", account, note)

        await self._store.write(work)

    def _record(self, tx: Transaction, caller: Caller, action: str, account: Account, note: Note) -> None:
        detail = {"name": account.name, "note": str(note.number), "by": note.by_name}
        tx.moderation.record(AuditEntry(self._clock.now(), caller.account_id, action, account.id, detail))


def _require(tx: Transaction, caller: Caller, account_id: AccountId) -> Account:
    require(role_within(tx, caller), Permission.NOTE)
    account = tx.accounts.require(account_id)
    if account.status is AccountStatus.DELETED:
        raise NotFound("There is no such account.")
    return account
