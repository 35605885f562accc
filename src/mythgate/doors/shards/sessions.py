"""Who is logged in. A Shards session is a login session whose token the client holds, one a player.

Of tokens the database has a hash, and a token proves its session also after a restart. What the session has
here besides (the chosen character, the sockets) is live state and goes with the process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mythgate.domain.characters import Character
from mythgate.domain.errors import AuthenticationError, NotFound, TokenExpired
from mythgate.domain.ids import PlayId, SessionId
from mythgate.domain.sessions import Caller, token_hash
from mythgate.realtime.stream import Stream
from mythgate.services.all import Services
from mythgate.services.sessions import SignedIn

if TYPE_CHECKING:
    from mythgate.doors.shards.connection import ShardsConnection

DOOR: Final = "shards"
TOKEN_CHARACTERS: Final = 200  # at most; ours have 43


@dataclass(eq=False, slots=True)
class ShardsSession:
    """One login of a player, and what hangs on it."""

    caller: Caller
    player_id: int
    token: str = field(repr=False)
    access_token: str = field(repr=False)
    play_id: PlayId
    character: Character | None = None  # the chosen one
    stream: Stream | None = None  # of the character while it is in the world, or what is told to who has none
    connections: set[ShardsConnection] = field(default_factory=set, repr=False)
    line: object = field(default=None, repr=False)  # the transport on which the player logged in

    @property
    def number(self) -> int:
        """Of the chosen character; 0 for none."""
        return self.character.number if self.character is not None else 0


class ShardsSessions:
    """All sessions this process has heard of, by what proves them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._by_hash: dict[bytes, ShardsSession] = {}
        self._hashes: dict[SessionId, bytes] = {}
        self._by_line: dict[int, ShardsSession] = {}

    async def open(self, signed_in: SignedIn) -> ShardsSession:
        """The session of a login; the player's older ones end with it."""
        services, caller = self._services, signed_in.caller
        for old in await services.sessions.living_of(caller.account_id):
            if old.door == DOOR and old.id < caller.session_id:  # ids sort by time
                try:
                    await services.sessions.revoke(caller, old.id)
                except NotFound:
                    continue  # ended meanwhile
        return await self._remember(signed_in.token, caller, signed_in.access_token)

    async def prove(self, token: str) -> ShardsSession:
        """The living session of a token. Counts as activity.

        Raises:
            AuthenticationError: there is none.

        """
        if not token or len(token) > TOKEN_CHARACTERS:
            raise AuthenticationError
        sessions = self._services.sessions
        session = self._by_hash.get(token_hash(token))
        if session is not None:
            try:
                session.caller = await sessions.authenticate(session.access_token)
                return session
            except TokenExpired:
                pass  # the session may live on
        renewed = await sessions.refresh(token)
        if session is None:
            return await self._remember(token, renewed.caller, renewed.access_token)
        session.caller, session.access_token = renewed.caller, renewed.access_token
        return session

    async def _remember(self, token: str, caller: Caller, access_token: str) -> ShardsSession:
        services = self._services
        caller = await services.sessions.authenticate(access_token)
        account = await services.accounts.me(caller)
        key = token_hash(token)
        known = self._by_hash.get(key)
        if known is not None:  # somebody else was quicker
            return known
        session = ShardsSession(caller, account.number, token, access_token, PlayId(f"shards_{caller.session_id}"))
        self._by_hash[key] = session
        self._hashes[caller.session_id] = key
        return session

    def forget(self, session_id: SessionId) -> ShardsSession | None:
        """The session has ended; returns it if it was known."""
        key = self._hashes.pop(session_id, None)
        session = self._by_hash.pop(key, None) if key is not None else None
        if session is not None:
            self._untie(session)
        return session

    def living(self) -> list[ShardsSession]:
        """Those that live still."""
        is_live = self._services.sessions.is_live
        return [one for one in self._by_hash.values() if is_live(one.caller.session_id)]

    def of_number(self, number: int) -> ShardsSession | None:
        """The session that has chosen the character of this number."""
        return next((one for one in self._by_hash.values() if one.number == number), None)

    def all(self) -> Iterable[ShardsSession]:
        return self._by_hash.values()

    # --- connections that prove by themselves ----------------------------------------------------------

    def tie(self, session: ShardsSession, line: object) -> None:
        """`session` was opened over the transport `line`; who comes over it again is the same."""
        self._untie(session)
        former = self._by_line.get(id(line))
        if former is not None:
            self._untie(former)
        session.line = line
        self._by_line[id(line)] = session

    def on_line(self, line: object) -> ShardsSession | None:
        """Who logged in over this transport."""
        found = self._by_line.get(id(line))
        return found if found is not None and found.line is line else None

    def _untie(self, session: ShardsSession) -> None:
        if session.line is not None:
            self._by_line.pop(id(session.line), None)
            session.line = None
