"""Locks of accounts: bans that hold everywhere. Who is locked has the status for it, and a measure says until when and
why; both are written in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from mythgate.domain.accounts import Account
from mythgate.domain.ids import AccountId
from mythgate.domain.measures import CODE_LENGTH, CODE_LETTERS, REASON_LENGTH, Measure, MeasureKind, Scope
from mythgate.domain.sessions import Caller
from mythgate.services.ports import Transaction

CHANGED_FACT: Final = "measures_changed"
"""The mark by which other processes notice that measures were taken or lifted."""


def ends(tx: Transaction) -> Mapping[AccountId, datetime]:
    """When the locks end that do."""
    return tx.measures.lock_ends()


def lock_of(tx: Transaction, account_id: AccountId) -> Measure | None:
    """The lock an account is under, if it is under one."""
    return tx.measures.everywhere(account_id, MeasureKind.BAN)


def begin(
    tx: Transaction,
    account: Account,
    by: Caller,
    now: datetime,
    *,
    until: datetime | None = None,
    reason: str = "",
    shows_reason: bool = False,
) -> Measure:
    """Note the lock of an account; it replaces an earlier one."""
    end(tx, account.id, by.account_id, now)
    note_change(tx)
    return tx.measures.add(
        Measure(
            MeasureKind.BAN,
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
            until,
            new_code(),
        )
    )


def end(tx: Transaction, account_id: AccountId, by: str, now: datetime) -> Measure | None:
    """Note that the lock of an account, if there is one, is over."""
    known = lock_of(tx, account_id)
    if known is not None:
        known.lifted_at, known.lifted_by = now, by
        tx.measures.save(known)
        note_change(tx)
    return known


def note_change(tx: Transaction) -> None:
    """Have other processes notice."""
    tx.facts.set(CHANGED_FACT, secrets.token_hex(8))


def new_code() -> str:
    """What somebody can appeal with: nobody guesses it, and it can be read over the telephone."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"
