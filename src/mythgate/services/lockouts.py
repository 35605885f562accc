"""Until when accounts are locked that may come back by themselves. One fact holds it for all of them.

A lock without an end is just the account's status; only locks with an end are noted here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from mythgate.domain.ids import AccountId
from mythgate.services.ports import Transaction

LOCKOUTS_FACT: Final = "bans"


def ends(tx: Transaction) -> Mapping[AccountId, datetime]:
    """When each of these locks ends."""
    rows: dict[AccountId, str] = json.loads(tx.facts.get(LOCKOUTS_FACT) or "{}")
    return {account_id: datetime.fromisoformat(until) for account_id, until in rows.items()}


def set_end(tx: Transaction, account_id: AccountId, until: datetime | None) -> None:
    """Note when the lock of an account ends; with None, that it does not end by itself, or that there is none."""
    known = dict(ends(tx))
    if known.get(account_id) == until:
        return
    known.pop(account_id, None)
    if until is not None:
        known[account_id] = until
    tx.facts.set(LOCKOUTS_FACT, json.dumps({key: end.isoformat() for key, end in known.items()}))


def take_over(tx: Transaction, now: datetime) -> list[AccountId]:
    """The accounts whose time is over at `now`; they are noted no more."""
    over = [account_id for account_id, until in ends(tx).items() if until <= now]
    for account_id in over:
        set_end(tx, account_id, None)
    return over
