"""Small secrets in the database: unreadable without the key, and of no use elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.backends.system import KeySealer

SEALER = KeySealer(["a secret of the server"])


@given(st.binary(max_size=32), st.text(max_size=20))
def test_what_was_sealed_is_opened(secret: bytes, purpose: str) -> None:
    assert SEALER.open(SEALER.seal(secret, purpose), purpose) == secret


@given(st.integers(0, 51), st.integers(1, 255))
def test_whatever_was_changed_is_not_opened(place: int, bits: int) -> None:
    sealed = bytearray(SEALER.seal(b"12345678901234567890", "ada"))
    sealed[place] ^= bits
    assert SEALER.open(bytes(sealed), "ada") is None


def test_a_secret_is_of_one_purpose_and_one_key() -> None:
    sealed = SEALER.seal(b"secret", "ada")
    assert b"secret" not in sealed and sealed != SEALER.seal(b"secret", "ada")
    assert SEALER.open(sealed, "bob") is None
    assert KeySealer(["another"]).open(sealed, "ada") is None
    assert KeySealer.from_secret("another\na secret of the server\n").open(sealed, "ada") == b"secret"
    assert SEALER.open(b"", "ada") is None


def test_a_secret_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        SEALER.seal(b"x" * 33, "ada")
