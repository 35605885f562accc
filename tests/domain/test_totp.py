"""Codes of authenticators, against the vectors of RFC 4226 and RFC 6238."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain import totp

SECRET = b"12345678901234567890"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
STEP = totp.step_of(NOW)


@pytest.mark.parametrize(
    ("counter", "code"),
    [
        (0, "755224"),
        (1, "287082"),
        (2, "359152"),
        (3, "969429"),
        (4, "338314"),
        (5, "254676"),
        (6, "287922"),
        (7, "162583"),
        (8, "399871"),
        (9, "520489"),
    ],
)
def test_the_vectors_of_rfc_4226(counter: int, code: str) -> None:
    assert totp.code_at(SECRET, counter) == code


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert totp.code_at(SECRET, totp.step_of(moment), digits=8) == code


@pytest.mark.parametrize("drift", [-2, -1, 0, 1, 2])
def test_a_clock_may_be_one_step_off(drift: int) -> None:
    code = totp.code_at(SECRET, STEP + drift)
    expected = STEP + drift if abs(drift) <= 1 else None
    assert totp.matching_step(SECRET, code, NOW, after=0) == expected


@given(st.integers(-1, 1), st.integers(-3, 3))
def test_a_code_works_once_and_none_from_before_it(drift: int, used: int) -> None:
    found = totp.matching_step(SECRET, totp.code_at(SECRET, STEP + drift), NOW, after=STEP + used)
    assert (found is not None) == (drift > used)


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "１２３４５６", "\udcff", "1" * 100])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert totp.matching_step(SECRET, code, NOW, after=0) is None


def test_spaces_and_dashes_do_not_matter() -> None:
    code = totp.code_at(SECRET, STEP)
    assert totp.matching_step(SECRET, f" {code[:3]} {code[3:]}\n", NOW, after=0) == STEP
    assert totp.matching_step(SECRET, f"{code[:3]}-{code[3:]}", NOW + timedelta(seconds=29), after=0) == STEP


def test_what_the_qr_code_says() -> None:
    uri = totp.provisioning_uri(SECRET, account="Ada & co", issuer="Mythgate")
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, unquote(parts.path)) == ("otpauth", "totp", "/Mythgate:Ada & co")
    assert parse_qs(parts.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["Mythgate"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }
