"""What uses a second factor up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mythgate.domain import totp
from mythgate.domain.ids import AccountId
from mythgate.domain.secondfactors import (
    RECOVERY_LENGTH,
    RECOVERY_LETTERS,
    FactorEvent,
    SecondFactor,
    readable_code,
    recovery_hash,
)

ADA = AccountId("ada")
SECRET = b"12345678901234567890"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def factor() -> SecondFactor:
    codes = ["abcd-efgh-jkmn-pqrs", "2345-6789-abcd-efgh"]
    return SecondFactor(ADA, b"sealed", NOW, NOW, recovery=[recovery_hash(ADA, one) for one in codes])


def test_it_counts_when_it_is_confirmed() -> None:
    made = SecondFactor(ADA, b"sealed", NOW)
    assert not made.is_enrolled
    made.confirmed_at = NOW
    assert made.is_enrolled


def test_a_code_of_the_authenticator_works_once() -> None:
    mine = factor()
    code = totp.code_at(SECRET, totp.step_of(NOW))
    assert mine.show(code, SECRET, NOW) is FactorEvent.CODE
    assert mine.show(code, SECRET, NOW) is None
    assert mine.show(totp.code_at(SECRET, totp.step_of(NOW) - 1), SECRET, NOW) is None
    later = NOW + timedelta(seconds=30)
    assert mine.show(totp.code_at(SECRET, totp.step_of(later)), SECRET, later) is FactorEvent.CODE


def test_a_recovery_code_works_once_however_it_is_written() -> None:
    mine = factor()
    assert mine.show("ABCD efgh jkmnpqrs", SECRET, NOW) is FactorEvent.RECOVERY_CODE
    assert len(mine.recovery) == 1
    assert mine.show("abcd-efgh-jkmn-pqrs", SECRET, NOW) is None
    assert len(mine.recovery) == 1


def test_a_recovery_code_is_of_one_account() -> None:
    assert recovery_hash(ADA, "x") != recovery_hash(AccountId("bob"), "x")


def test_recovery_codes_can_be_read_and_not_guessed() -> None:
    assert readable_code("abcdefghjkmnpqrs") == "abcd-efgh-jkmn-pqrs"
    assert len(RECOVERY_LETTERS) ** RECOVERY_LENGTH > 2**78
    assert not set("ilo01") & set(RECOVERY_LETTERS)
