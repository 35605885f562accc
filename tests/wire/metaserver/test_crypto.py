"""The cipher against the loops of its description, and keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver.crypto import (
    KEY_BYTES,
    OVERHEAD_BYTES,
    PRIME,
    Cipher,
    chain,
    private_key,
    public_key,
    session_key,
    simple_response,
)

KEYS = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
WORDS = st.integers(0, 2**32 - 1)


def by_the_book(payload: bytes, key: bytes, random0: int, random1: int) -> bytes:
    """The description, byte by byte."""
    check0, check1 = bytes.fromhex("1722e82d22351cd6"), bytes.fromhex("285c22ea0452082a")
    b = bytearray(random0.to_bytes(4, "little") + check0 + payload + check1 + random1.to_bytes(4, "little"))
    n = len(b)
    for i in range(n):
        b[i] ^= b[(i + 1) % n]
        b[(i + 2) % n] ^= b[i]
    for i in reversed(range(n)):
        b[i] ^= b[(i + n - 1) % n]
        b[(i + n - 3) % n] ^= b[i]
    for i in range(n):
        b[i] ^= key[i % 8]
    return bytes(b)


@given(payload=st.binary(max_size=300), key=KEYS, random0=WORDS, random1=WORDS)
def test_the_cipher_does_what_its_description_says(payload: bytes, key: bytes, random0: int, random1: int) -> None:
    cipher = Cipher(key)
    sealed = cipher.seal(payload, random0, random1)
    assert sealed == by_the_book(payload, key, random0, random1)
    assert len(sealed) == len(payload) + OVERHEAD_BYTES
    assert cipher.open(sealed) == payload


@pytest.mark.parametrize("length", [*range(130), 8000])
def test_every_length(length: int) -> None:
    payload = bytes(number * 7 & 0xFF for number in range(length))
    key = b"\x72\x5b\x81\x14\x6d\x1a\xa7\x50"
    sealed = Cipher(key).seal(payload, 0xFFFFFFFF, 0)
    assert sealed == by_the_book(payload, key, 0xFFFFFFFF, 0)
    assert Cipher(key).open(sealed) == payload


def test_one_chain_serves_many_sessions() -> None:
    chained = chain(b"hello, room", 1, 2)
    for key in (b"12345678", bytes(8), b"\xff" * 8):
        assert Cipher(key).seal_chained(chained) == by_the_book(b"hello, room", key, 1, 2)


@given(sealed=st.binary(max_size=80), key=KEYS)
def test_what_was_not_sealed_with_the_key_is_refused(sealed: bytes, key: bytes) -> None:
    with pytest.raises(ProtocolError):
        Cipher(key).open(sealed)


@given(payload=st.binary(max_size=60), place=st.integers(0, 83), change=st.integers(1, 255))
def test_a_changed_byte_changes_nothing_else_than_itself_or_is_refused(payload: bytes, place: int, change: int) -> None:
    cipher = Cipher(b"keykeyke")
    sealed = bytearray(cipher.seal(payload, 3, 4))
    sealed[place % len(sealed)] ^= change
    try:
        assert len(cipher.open(bytes(sealed))) == len(payload)
    except ProtocolError as error:
        assert error.code == "bad_encryption"


@given(ours=KEYS, theirs=KEYS)
def test_both_sides_arrive_at_the_same_key(ours: bytes, theirs: bytes) -> None:
    our_private, their_private = private_key(ours), private_key(theirs)
    key = session_key(our_private, public_key(their_private))
    assert key == session_key(their_private, public_key(our_private))
    for private in (our_private, their_private):
        words = [int.from_bytes(private[at : at + 2], "little") for at in range(0, 8, 2)]
        assert all(1 <= word < PRIME - 1 for word in words)


@pytest.mark.parametrize("length", [0, 7, 9])
def test_keys_have_eight_bytes(length: int) -> None:
    with pytest.raises(ProtocolError):
        session_key(private_key(bytes(8)), bytes(length))
    with pytest.raises(ValueError, match="8 bytes"):
        Cipher(bytes(length))


def test_a_public_key_may_be_nonsense() -> None:
    assert len(session_key(private_key(bytes(8)), bytes(8))) == 8
    assert len(session_key(private_key(b"\xff" * 8), b"\xff" * 8)) == 8


def test_the_simple_answer_cuts_and_fills() -> None:
    assert simple_response(b"", b"").hex() == "00ff" + "ff00ff" * 0 + simple_response(bytes(16), bytes(16)).hex()[4:]
    assert simple_response(bytes(16), b"x" * 40) == simple_response(bytes(16), b"x" * 16)
