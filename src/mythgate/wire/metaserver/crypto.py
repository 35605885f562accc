"""Key exchange and payload cipher of the MythDevelopers era and Myth II 1.8. Obfuscation, not security.

The key exchange is four Diffie-Hellman exchanges over 15 bits each, which anybody can undo, and the cipher
is a chain of XORs. Both hide a password from a casual look at the network, nothing more. They are here
because the clients demand them.

Key exchange (packet 203, 8 bytes, on every connection anew, never encrypted): prime 32717, generator 18334;
four 16-bit words, little-endian. After it the header stays clear and the payload of n bytes becomes n + 24:

    r0 (4)  17 22 e8 2d 22 35 1c d6  payload  28 5c 22 ea 04 52 08 2a  r1 (4)

chained in two passes over this block B of N bytes and XORed with the session key:

    for i = 0 … N-1:   B[i] ^= B[(i+1) mod N];     B[(i+2) mod N] ^= B[i]
    for i = N-1 … 0:   B[i] ^= B[(i+N-1) mod N];   B[(i+N-3) mod N] ^= B[i]
    for i = 0 … N-1:   B[i] ^= key[i mod 8]

A loop over bytes would cost tens of microseconds for a line of chat. Both passes are linear recurrences over
GF(2): the first is c[i] = c[i-1] + c[i-2] + b[i] + b[i+1], that is, a division of power series by 1+x+x².
As (1+x)(1+x+x²) = 1+x³ and 1/(1+x³) = (1+x³)(1+x⁶)(1+x¹²)…, the division is a handful of shifts and XORs of
one big integer, whose byte i is B[i]. The second pass goes down and divides by 1+x²+x³, a divisor of 1+x⁷;
the ends, where the indices wrap around, are put right apart. Everything is linear, so that a packet for many
recipients is chained once (`chain`) and only the key is applied for each (`Cipher.seal_chained`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from mythgate.domain.errors import ProtocolError

PRIME: Final = 32717
GENERATOR: Final = 18334
KEY_BYTES: Final = 8
OVERHEAD_BYTES: Final = 24
"""How much longer a payload is once it is encrypted."""

_FIRST_CHECK: Final = bytes((23, 34, 232, 45, 34, 53, 28, 214))
_LAST_CHECK: Final = bytes((40, 92, 34, 234, 4, 82, 8, 42))


# --- key exchange ----------------------------------------------------------------------------------


def private_key(random: bytes) -> bytes:
    """A private key from 8 random bytes: four exponents from 1 to 32715."""
    return _pack(1 + word % (PRIME - 2) for word in _words(random))


def public_key(private: bytes) -> bytes:
    """What is sent to the peer."""
    return _pack(pow(GENERATOR, exponent, PRIME) for exponent in _words(private))


def session_key(private: bytes, peer_public: bytes) -> bytes:
    """The key both sides arrive at. Raises ProtocolError for a key of the wrong length."""
    return _pack(
        pow(base, exponent, PRIME) for base, exponent in zip(_words(peer_public), _words(private), strict=True)
    )


def _words(key: bytes) -> tuple[int, ...]:
    if len(key) != KEY_BYTES:
        raise ProtocolError("A key is 8 bytes.", code="bad_key")
    return tuple(int.from_bytes(key[at : at + 2], "little") for at in range(0, KEY_BYTES, 2))


def _pack(words: Iterable[int]) -> bytes:
    return b"".join(word.to_bytes(2, "little") for word in words)


# --- cipher ----------------------------------------------------------------------------------------


class Chained(NamedTuple):
    """A payload with everything done to it that does not depend on the session."""

    block: int
    """Byte i at bits 8i."""
    size: int


def chain(payload: bytes, random0: int, random1: int) -> Chained:
    """Wrap and chain a payload. The two 32-bit random numbers are ignored by every receiver."""
    block = b"".join((random0.to_bytes(4, "little"), _FIRST_CHECK, payload, _LAST_CHECK, random1.to_bytes(4, "little")))
    size = len(block)
    last = 8 * (size - 1)
    b = int.from_bytes(block, "little")

    # First pass. When it comes to the last byte, byte 0 holds c[0] = b[0] ^ b[1] (and c[N-2], which cancels
    # into the recurrence); afterwards c[N-2] and c[N-1] have gone into bytes 0 and 1.
    c = b ^ b >> 8 ^ ((b ^ b >> 8) & 0xFF) << last
    c ^= c << 8
    step, end = 24, 8 * size
    while step < end:
        c ^= c << step
        step *= 2
    c &= (1 << end) - 1
    a = c ^ c >> (last - 8)

    # Second pass, downwards. Byte 0 is combined with the last one, which is e[N-1] = a[N-1] ^ a[N-2]; then
    # e[0], e[1] and e[2] have gone into the last three bytes.
    e = a ^ (a << 8) & ((1 << end) - 1) ^ (a >> last ^ a >> (last - 8) & 0xFF)
    e ^= e >> 16 ^ e >> 24 ^ e >> 32  # 1/(1+x²+x³) = (1+x²+x³+x⁴)/(1+x⁷)
    step = 56
    while step < end:
        e ^= e >> step
        step *= 2
    return Chained(e ^ (e & 0xFFFFFF) << (last - 16), size)


class Cipher:
    """Encrypts and decrypts the payloads of one connection."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError("A session key is 8 bytes.")
        self._key = key

    def seal(self, payload: bytes, random0: int, random1: int) -> bytes:
        """The encrypted payload, 24 bytes longer."""
        return self.seal_chained(chain(payload, random0, random1))

    def seal_chained(self, chained: Chained) -> bytes:
        """The encrypted payload of what `chain` prepared, once for all recipients of a packet."""
        block, size = chained
        return (block ^ self._keystream(size)).to_bytes(size, "little")

    def open(self, sealed: bytes) -> bytes:
        """The payload. Raises ProtocolError if it was not encrypted with this key."""
        size = len(sealed)
        if size < OVERHEAD_BYTES:
            raise ProtocolError("An encrypted packet has 24 bytes of payload at least.", code="bad_encryption")
        last, end = 8 * (size - 1), 8 * size
        mask = (1 << end) - 1
        e = int.from_bytes(sealed, "little") ^ self._keystream(size)
        e ^= (e & 0xFFFFFF) << (last - 16)
        a = e ^ e >> 16 ^ e >> 24 ^ e >> last
        step = 8
        while step < end:
            a ^= a << step
            step *= 2
        a &= mask
        c = a ^ a >> (last - 8)
        b = (c ^ c << 8 ^ c << 16) & mask ^ (c & 0xFF) << last
        step = 8
        while step < end:
            b ^= b >> step
            step *= 2
        block = b.to_bytes(size, "little")
        if block[4:12] != _FIRST_CHECK or block[-12:-4] != _LAST_CHECK:
            raise ProtocolError("A packet was not encrypted with the key of its session.", code="bad_encryption")
        return block[12:-12]

    def _keystream(self, size: int) -> int:
        """The key over and over, `size` bytes of it."""
        return int.from_bytes((self._key * (size // KEY_BYTES + 1))[:size], "little")


# --- the answer to a challenge of type 1 -----------------------------------------------------------


def simple_response(salt: bytes, password: bytes) -> bytes:
    """What a client answers to a challenge of type 1.

    No server of ours offers that type: the answer can be turned back into the password, and the server
    would have to know the password to check it. It is here for tools and tests.
    """
    key = [p ^ s for p, s in zip(password[:16].ljust(16, b"\0"), salt[:16].ljust(16, b"\0"), strict=True)]
    for i in range(1, 16):
        key[i] ^= key[i - 1]
    for i in range(1, 16):
        key[i] = ~(key[i] * key[i - 1]) & 0xFF
    return bytes(key)
