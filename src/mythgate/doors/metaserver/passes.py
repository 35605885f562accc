"""Passes: what a log-in leaves behind for the room connection that follows.

The log-in port hands out a token of 32 bytes, and the room port gets it back. It is good for a minute until
it is first used, then for as long as its holder is in a room and a minute beyond, so that Myth clients can
change rooms with it. Aleph One logs in anew for every room; its tokens open one room once.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from mythgate.domain.accounts import Account
from mythgate.domain.ids import SessionId
from mythgate.domain.lobbies import Visitor
from mythgate.doors.metaserver.clients import Client
from mythgate.services.ports import Clock

TOKEN_BYTES: Final = 32
MOST_UNUSED: Final = 4096  # passes of guests who have not entered a lobby yet; the oldest makes room


@dataclass(slots=True, eq=False)
class Pass:
    """Who logged in, and with what."""

    token: bytes
    client: Client
    user_name: str  # as given at log-in; empty for a guest
    visitor: Visitor
    account: Account | None  # None: a guest
    session_id: SessionId
    expires_at: float | None = None  # monotonic; None while its holder is in a room
    used: bool = False
    holder: object = None  # the connection that is in a room with it


class Passes:
    """All passes of this node that may still be used."""

    def __init__(self, clock: Clock, lifetime: float) -> None:
        self._monotonic = clock.monotonic
        self._lifetime = lifetime
        self._by_token: dict[bytes, Pass] = {}
        self._unused: dict[bytes, None] = {}  # by age; of guests, who pay nothing for them

    def __len__(self) -> int:
        return len(self._by_token)

    def issue(
        self, client: Client, user_name: str, visitor: Visitor, account: Account | None, session_id: SessionId
    ) -> Pass:
        """A new pass."""
        token = secrets.token_bytes(TOKEN_BYTES)
        issued = Pass(token, client, user_name, visitor, account, session_id, self._monotonic() + self._lifetime)
        self._by_token[token] = issued
        if account is None:
            self._unused[token] = None
            if len(self._unused) > MOST_UNUSED:
                self._forget(next(iter(self._unused)))
        return issued

    def _forget(self, token: bytes) -> None:
        del self._by_token[token]
        self._unused.pop(token, None)

    def find(self, token: bytes) -> Pass | None:
        """The pass with this token if it is still good."""
        found = self._by_token.get(token)
        if found is None or (found.expires_at is not None and self._monotonic() >= found.expires_at):
            return None
        return None if found.used and not found.client.keeps_token else found

    def enter(self, held: Pass, holder: object) -> None:
        """`holder` is in a room with it now; whoever was before is not."""
        held.used = True
        self._unused.pop(held.token, None)
        held.holder = holder
        held.expires_at = None

    def leave(self, held: Pass, holder: object) -> None:
        """`holder` is in a room no more."""
        if held.holder is holder:
            held.holder = None
            held.expires_at = self._monotonic() + (self._lifetime if held.client.keeps_token else 0)

    def mark(self, number: int, marks: Mapping[str, Any]) -> None:
        """An account has changed: whoever goes on with one of its passes comes as it is now. For
        `LobbyService.on_marked`."""
        for held in self._by_token.values():
            if held.visitor.number == number:
                held.visitor = replace(held.visitor, **marks)

    def sweep(self) -> list[Pass]:
        """Forget those that are too old; returns them."""
        now = self._monotonic()
        old = [one for one in self._by_token.values() if one.expires_at is not None and now >= one.expires_at]
        for one in old:
            self._forget(one.token)
        return old
