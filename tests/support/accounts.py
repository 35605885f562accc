"""The account services over a real store, with a fast but real password hash."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.support.clock import FakeClock

from mythgate.backends.memory.presence import MemoryPresence
from mythgate.backends.memory.throttle import MemoryThrottle
from mythgate.backends.system import Argon2Hasher, JwtSigner, UuidIds
from mythgate.domain.accounts import Account, Role
from mythgate.domain.events import Event, Payload
from mythgate.domain.ids import AccountId, CharacterId, RoomId, SessionId, Topic
from mythgate.domain.names import name_key
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import OPERATOR, Caller
from mythgate.services.accounts import AccountPolicy, AccountService
from mythgate.services.moderation import ModerationService
from mythgate.services.ports import Store
from mythgate.services.sessions import SessionPolicy, SessionService, SignedIn

PASSWORD = "correct horse battery"


class RecordingRealtime:
    """The `Realtime` port, writing down what it is told."""

    def __init__(self) -> None:
        self.published: list[tuple[Topic, Payload]] = []
        self.topics: set[tuple[CharacterId, Topic]] = set()

    def publish(
        self, topic: Topic, event: Event, *, exclude: CharacterId | None = None, sparing: Collection[AccountId] = ()
    ) -> None:
        self.published.append((topic, event.payload))

    def send(self, character_id: CharacterId, event: Event) -> None: ...

    def has_stream(self, character_id: CharacterId) -> bool:
        return True

    def listens(self, account_id: AccountId, topic: Topic) -> bool:
        return False

    def subscribe(self, character_id: CharacterId, topic: Topic) -> None:
        self.topics.add((character_id, topic))

    def unsubscribe(self, character_id: CharacterId, topic: Topic) -> None:
        self.topics.discard((character_id, topic))

    def set_ignored(self, character_id: CharacterId, accounts: frozenset[AccountId]) -> None: ...

    def close(self, character_id: CharacterId, payload: Payload) -> None: ...

    def close_session(self, session_id: SessionId, payload: Payload) -> None: ...


class CountingHasher(Argon2Hasher):
    """Counts the expensive computations."""

    def __init__(self, **options: Any) -> None:
        super().__init__(memory_kib=8, time_cost=1, **options)
        self.hashed = 0
        self.verified = 0

    async def hash(self, password: str) -> str:
        self.hashed += 1
        return await super().hash(password)

    async def verify(self, stored_hash: str, password: str) -> bool:
        self.verified += 1
        return await super().verify(stored_hash, password)


@dataclass
class AccountsKit:
    """Everything around accounts, built as at the composition root."""

    clock: FakeClock
    store: Store
    hasher: CountingHasher
    session_policy: SessionPolicy = field(default_factory=SessionPolicy)
    account_policy: AccountPolicy = field(default_factory=AccountPolicy)

    def __post_init__(self) -> None:
        self.signer = JwtSigner(["secret" * 8])
        self.presence = MemoryPresence()
        self.realtime = RecordingRealtime()
        self.throttle = MemoryThrottle(self.clock)
        self.sessions = SessionService(
            store=self.store, signer=self.signer, clock=self.clock, ids=UuidIds(), policy=self.session_policy
        )
        self.accounts = AccountService(
            store=self.store,
            sessions=self.sessions,
            hasher=self.hasher,
            throttle=self.throttle,
            clock=self.clock,
            ids=UuidIds(),
            presence=self.presence,
            realtime=self.realtime,
            policy=self.account_policy,
        )
        self.moderation = ModerationService(
            store=self.store, presence=self.presence, realtime=self.realtime, clock=self.clock
        )
        self.ended: list[SessionId] = []
        self.sessions.on_revoked(self.ended.append)

    async def register(self, name: str, *, role: Role = Role.PLAYER, password: str = PASSWORD) -> SignedIn:
        """Somebody new, signed in, with a role."""
        signed_in = await self.accounts.register(
            name, password, door="http", address=f"address of {name}", client="test"
        )
        if role is not Role.PLAYER:
            await self.accounts.set_role(OPERATOR, signed_in.caller.account_id, role)
        return signed_in

    async def caller(self, name: str, *, role: Role = Role.PLAYER) -> Caller:
        """As `register`, as maker of requests."""
        signed_in = await self.register(name, role=role)
        return await self.sessions.authenticate(signed_in.access_token)

    async def login(self, name: str, password: str = PASSWORD, *, address: str = "203.0.113.9") -> SignedIn:
        """Sign in."""
        return await self.accounts.login(name, password, door="http", address=address, client="test")

    async def account(self, account_id: AccountId) -> Account:
        """The account as it is saved."""
        return await self.store.read(lambda tx: tx.accounts.require(account_id))

    async def audited(self, subject: str | None = None) -> list[str]:
        """The actions on record, oldest first."""
        entries = await self.store.read(lambda tx: tx.moderation.audit(subject=subject, limit=1000))
        return [entry.action for entry in reversed(entries)]

    def enter_world(self, caller: Caller) -> Presence:
        """The caller's body in the world."""
        now = self.clock.now()
        presence = Presence(
            character_id=CharacterId("body of " + caller.account_id),
            account_id=caller.account_id,
            session_id=caller.session_id,
            name=caller.name,
            name_key=name_key(caller.name),
            room_id=RoomId("room"),
            role=caller.role,
            door="http",
            client="test",
            since=now,
            last_seen_at=now,
        )
        self.presence.track(presence)
        return presence

    def muted_until(self, caller: Caller) -> datetime | None:
        """What the caller's body in the world knows of a mute."""
        presence = self.presence.of_account(caller.account_id)
        assert presence is not None
        return presence.muted_until

    def pass_time(self, **parts: float) -> None:
        """Let time pass, as `timedelta` takes it."""
        self.clock.advance(timedelta(**parts))


@asynccontextmanager
async def accounts_kit(clock: FakeClock, store: Store, **policies: Any) -> AsyncIterator[AccountsKit]:
    """A kit whose hashing threads end with the test."""
    hasher = CountingHasher()
    try:
        yield AccountsKit(clock, store, hasher, **policies)
    finally:
        hasher.close()
