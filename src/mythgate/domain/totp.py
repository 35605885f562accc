"""Codes of authenticators: time-based one-time passwords (RFC 6238) over HMAC-SHA-1, six digits, 30 seconds each."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

SECRET_BYTES: Final = 20  # as long as the hash (RFC 4226, section 4, R6)
STEP_SECONDS: Final = 30
DIGITS: Final = 6
DRIFT: Final = 1  # steps that the clock of the device may be early or late


def step_of(moment: datetime) -> int:
    """The number of the time step that a moment lies in."""
    return int(moment.timestamp()) // STEP_SECONDS


def code_at(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """The code of one time step (RFC 4226, section 5.3)."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, code: str, now: datetime, *, after: int) -> int | None:
    """The time step around `now` whose code this is, of those later than `after`; None if there is none.

    Keep what it returns and hand it in as `after` the next time: so each code works once.
    """
    given = normal(code)
    found = None
    for step in _around(step_of(now)):
        # All are looked at: how long this takes tells nothing.
        if hmac.compare_digest(code_at(secret, step).encode(), given.encode("utf-8", "surrogatepass")) and step > after:
            found = step
    return found


def _around(step: int) -> Iterator[int]:
    yield from range(step - DRIFT, step + DRIFT + 1)


def normal(code: str) -> str:
    """A code as people write it, without the spaces and dashes that make it readable."""
    return "".join(code.split()).replace("-", "")


def base32(secret: bytes) -> str:
    """The secret as authenticators take it when it is typed."""
    return base64.b32encode(secret).decode("ascii").rstrip("=")


def provisioning_uri(secret: bytes, *, account: str, issuer: str) -> str:
    """What the QR code says, in the format of the "Key URI" that all authenticators read."""
    label = quote(f"{issuer}:{account}", safe="")
    return f"otpauth://totp/{label}?" + urlencode(
        {
            "secret": base32(secret),
            "issuer": issuer,
            "algorithm": "SHA1",
            "digits": DIGITS,
            "period": STEP_SECONDS,
        },
        quote_via=quote,
    )
