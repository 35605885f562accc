"""Measures as rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from mythgate.domain.ids import AccountId
from mythgate.domain.measures import Measure, MeasureKind, Scope


def mute_of(account_id: AccountId | None, now: datetime, **changes: Any) -> Measure:
    """A mute that holds everywhere until it is lifted."""
    made = Measure(
        kind=MeasureKind.MUTE,
        account_id=account_id,
        name="Ann",
        network="",
        scope=Scope.EVERYWHERE,
        place="",
        reason="",
        shows_reason=True,
        by_account_id="moderator",
        by_name="Moderator",
        created_at=now,
        ends_at=None,
        code="ABCD-2345",
    )
    return replace(made, **changes)
