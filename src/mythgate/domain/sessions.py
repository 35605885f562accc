"""Sessions: one login each, from whichever door."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId, SessionId


@dataclass(slots=True)
class Session:
    """One login. Only the SHA-256 of its 32-byte token is kept."""

    id: SessionId
    account_id: AccountId
    token_hash: bytes
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime  # slides with activity
    door: str  # "http", "metaserver", "telnet", …
    address: str
    client: str  # user agent or client version, at most 200 characters
    revoked_at: datetime | None = None
    proven_until: datetime | None = None  # how long the second factor holds that was shown in it

    def is_live(self, now: datetime) -> bool:
        """Whether the session may still be used at `now`."""
        return self.revoked_at is None and now < self.expires_at

    def touch(self, now: datetime, lifetime: timedelta) -> None:
        """Note activity at `now`; the session then lives for another `lifetime`."""
        self.last_seen_at = now
        self.expires_at = now + lifetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, as proven by a token: what every use case that needs rights takes first."""

    account_id: AccountId
    session_id: SessionId
    name: str
    role: Role
    is_guest: bool = False
    token: int | None = None  # number of the token for programs that they came with


OPERATOR: Final = Caller(AccountId("cli"), SessionId("cli"), "operator", Role.OWNER)
"""Whoever runs commands on the machine itself; not an account."""


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a genuine access token says. Whether its session still lives is another question."""

    account_id: AccountId
    session_id: SessionId
    issued_at: datetime
    expires_at: datetime


def token_hash(token: str) -> bytes:
    """What is kept of a session token. The token has 256 random bits, so no salt and no slow hash is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
