"""How long a mute holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mythgate.domain.ids import AccountId
from mythgate.domain.moderation import Mute

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def test_a_mute_ends_at_its_end_and_not_a_moment_earlier() -> None:
    ends = START + timedelta(minutes=5)
    mute = Mute(AccountId("ann"), AccountId("staff"), "spam", START, ends)
    assert mute.is_active(START)
    assert mute.is_active(ends - INSTANT)
    assert not mute.is_active(ends)


def test_a_mute_without_an_end_holds_until_it_is_lifted() -> None:
    mute = Mute(AccountId("ann"), AccountId("staff"), "spam", START)
    assert mute.is_active(START + timedelta(days=36_500))
