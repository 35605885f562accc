"""Lobbies, hosting and dot commands over a real store, and people who come through various doors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, cast

from tests.support.clock import FakeClock
from tests.support.listening import Listener, Listening

from mythgate.backends.memory.history import MemoryHistory
from mythgate.backends.memory.presence import MemoryPresence
from mythgate.backends.memory.throttle import MemoryThrottle
from mythgate.backends.system import UuidIds
from mythgate.domain.accounts import Account, Role
from mythgate.domain.events import LobbyMessage, LobbyState
from mythgate.domain.ids import AccountId, CharacterId, RoomId, SessionId
from mythgate.domain.lobbies import Family, Lobby, Looks, Occupant, Visitor, lobby_listener
from mythgate.domain.names import name_key
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import Caller
from mythgate.services.chat import ChatService
from mythgate.services.evidence import WatchedHistory
from mythgate.services.filters import FilterService
from mythgate.services.gate import Gate
from mythgate.services.hosting import HostingService
from mythgate.services.lobbies import LobbyPolicy, LobbyService
from mythgate.services.lobbycommands import LobbyCommands
from mythgate.services.matching import MatchingService
from mythgate.services.moderation import ModerationService
from mythgate.services.ports import Store
from mythgate.services.ratings import RatingService
from mythgate.services.reports import ReportService
from mythgate.services.roomtypes import RoomTypes

ARRIVAL: Final = 26
RANKED: Final = 1
SMALL: Final = 5
LOBBIES: Final = (
    Lobby("Arrival", ARRIVAL, motd="Welcome.", guest_motd="Sign up."),
    Lobby("Otter Ferry", RANKED, ranked=True, family=Family.MYTH),
    Lobby("Nook", SMALL, capacity=2),
)


@dataclass
class LobbyKit:
    """Built as at the composition root."""

    clock: FakeClock
    store: Store
    lobby_list: tuple[Lobby, ...] = LOBBIES
    policy: LobbyPolicy = field(default_factory=LobbyPolicy)
    types: RoomTypes | None = None

    def __post_init__(self) -> None:
        self.ids = UuidIds()
        self.realtime = Listening()
        self.presence = MemoryPresence()
        shared: dict[str, Any] = {"store": self.store, "presence": self.presence, "clock": self.clock}
        self.gate = Gate(self.clock)
        self.moderation = ModerationService(realtime=self.realtime, gate=self.gate, **shared)
        self.filters = FilterService(
            store=self.store, moderation=self.moderation, realtime=self.realtime, clock=self.clock, ids=self.ids
        )
        self.lobbies = self.service()
        self.reports = ReportService(
            realtime=self.realtime,
            history=WatchedHistory(MemoryHistory()),
            chat=cast("ChatService", None),  # nobody here talks in the world
            lobbies=self.lobbies,
            throttle=MemoryThrottle(self.clock),
            ids=self.ids,
            **shared,
        )
        self.hosting = HostingService(self.lobbies, clock=self.clock)
        self.ratings = RatingService(store=self.store, clock=self.clock)
        self.matching = MatchingService(
            lobbies=self.lobbies, strengths=self.ratings, realtime=self.realtime, clock=self.clock
        )
        self.commands = LobbyCommands(
            lobbies=self.lobbies,
            hosting=self.hosting,
            matching=self.matching,
            moderation=self.moderation,
            reports=self.reports,
            store=self.store,
            clock=self.clock,
        )
        self.lobbies.commands = self.commands
        self.realtime.on_closed = self.lobbies.on_stream_ended
        self.moderation.on_voice_changed(self.lobbies.voice_changed)
        self.moderation.on_banned(lambda account, _: self.lobbies.account_changed(account))

    def service(self) -> LobbyService:
        """Another one over the same store, as on another node or after a restart."""
        made = LobbyService(
            self.lobby_list,
            store=self.store,
            presence=self.presence,
            realtime=self.realtime,
            clock=self.clock,
            ids=self.ids,
            policy=self.policy,
            types=self.types,
        )
        made.gate, made.screen, made.check_name = self.gate, self.filters.screen, self.filters.check_name
        return made

    # --- people ---

    async def account(self, name: str, *, role: Role = Role.PLAYER, is_guest: bool = False) -> Account:
        account_id = AccountId(self.ids.new())
        account = Account(account_id, name, name_key(name), "", self.clock.now(), role=role, is_guest=is_guest)
        return await self.store.write(lambda tx: tx.accounts.add(account))

    async def visitor(self, name: str, *, role: Role = Role.PLAYER, browser: bool = False, **more: Any) -> Visitor:
        """Somebody with a new account and an open stream; from a browser as a character in the world."""
        account = await self.account(name, role=role)
        return self.visitor_of(account, browser=browser, **more)

    def visitor_of(self, account: Account, *, browser: bool = False, **more: Any) -> Visitor:
        listener = CharacterId(f"body of {account.name}") if browser else lobby_listener(account.number)
        self.realtime.open(listener, account.id, SessionId(f"session of {listener}"))
        if browser:
            self._enter_world(account, listener)
        given: dict[str, Any] = {
            "listener": listener,
            "number": account.number,
            "name": account.name,
            "looks": Looks(account.name),
            "door": "http" if browser else "metaserver",
            "client": "browser" if browser else "Aleph One",
            "account_id": account.id,
            "family": None if browser else Family.MARATHON,
            "role": account.role,
            "caste": 3,
        }
        return Visitor(**given | more)

    def _enter_world(self, account: Account, listener: CharacterId) -> None:
        now = self.clock.now()
        self.presence.track(
            Presence(
                character_id=listener,
                account_id=account.id,
                session_id=SessionId(f"session of {listener}"),
                name=account.name,
                name_key=account.name_key,
                room_id=RoomId("room"),
                role=account.role,
                door="http",
                client="test",
                since=now,
                last_seen_at=now,
            )
        )

    def guest(self, name: str = "Wanderer", **more: Any) -> Visitor:
        """A guest of an old client, with an open stream."""
        number = self.lobbies.guest_number()
        listener = lobby_listener(number)
        self.realtime.open(listener, AccountId(f"guest:{number}"), SessionId(""))
        given: dict[str, Any] = {
            "listener": listener,
            "number": number,
            "name": "Guest",
            "looks": Looks(name),
            "door": "metaserver",
            "client": "Aleph One",
            "family": Family.MARATHON,
        }
        return Visitor(**given | more)

    async def enter(self, name: str, room_id: int = ARRIVAL, **more: Any) -> Occupant:
        """Somebody new, in a lobby."""
        return self.lobbies.enter(await self.visitor(name, **more), room_id)

    def enter_guest(self, name: str = "Wanderer", room_id: int = ARRIVAL, **more: Any) -> Occupant:
        return self.lobbies.enter(self.guest(name, **more), room_id)

    def caller(self, one: Occupant | Visitor) -> Caller:
        visitor = one.visitor if isinstance(one, Occupant) else one
        assert visitor.account_id is not None
        return Caller(visitor.account_id, SessionId(""), visitor.name, visitor.role)

    # --- what they know ---

    def heard(self, one: Occupant | Visitor) -> Listener:
        listener = one.visitor.listener if isinstance(one, Occupant) else one.listener
        return self.realtime.listeners[listener]

    def lines(self, one: Occupant | Visitor) -> list[str]:
        """What the server said to somebody."""
        return [said.styled for said in self.heard(one).of(LobbyMessage) if said.kind == "line"]

    def talk(self, one: Occupant | Visitor) -> list[tuple[str, str, str]]:
        """What people said to somebody: how, who, what."""
        told = self.heard(one).of(LobbyMessage)
        return [(said.kind, said.name, said.message) for said in told if said.kind != "line"]

    def state(self, one: Occupant | Visitor) -> LobbyState:
        return self.heard(one).of(LobbyState)[-1]

    def there(self, room_id: int = ARRIVAL) -> list[str]:
        """The names of who is in a lobby."""
        return [one.name for one in self.lobbies.occupants(room_id)]

    async def typed(self, one: Occupant, line: str) -> list[str]:
        """What the server answers to a line."""
        before = len(self.lines(one))
        await self.lobbies.say(one.visitor.listener, line)
        return self.lines(one)[before:]

    async def audited(self) -> list[tuple[str, str]]:
        """Action and subject on record, oldest first."""
        entries = await self.store.read(lambda tx: tx.moderation.audit(limit=1000))
        return [(entry.action, entry.subject) for entry in reversed(entries)]
