"""What all connections of this door share: ports, admission, passes, who is who, and time.

One process serves the log-in port and the port of every lobby. All work is done in callbacks of the
transports; what has to wait runs in the task group that `running` holds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from mythgate.domain.accounts import Account, Role, is_hidden
from mythgate.domain.addresses import address_key
from mythgate.domain.errors import InvalidInput, NotFound, Refused
from mythgate.domain.hosting import HostedGame
from mythgate.domain.ids import SessionId
from mythgate.domain.lobbies import (
    NAME_CHARACTERS,
    Barrier,
    Entry,
    Lobby,
    Looks,
    Occupant,
    Visitor,
    barriers,
    listed_for,
    lobby_listener,
    refusal_of,
)
from mythgate.domain.names import name_key
from mythgate.domain.sessions import Caller
from mythgate.doors.metaserver.addresses import Line, ipv4, room_host
from mythgate.doors.metaserver.arrivals import Arrivals
from mythgate.doors.metaserver.clients import Client
from mythgate.doors.metaserver.connection import Connection
from mythgate.doors.metaserver.login import LoginConnection
from mythgate.doors.metaserver.options import MetaserverOptions, MetaserverStats, RemoteHub
from mythgate.doors.metaserver.passes import Passes
from mythgate.doors.metaserver.proxy import ProxyPool
from mythgate.doors.metaserver.questions import Overviews
from mythgate.doors.metaserver.reaching import HostReach
from mythgate.doors.metaserver.rendering import GUEST_MARK, ROOM_TYPES, PlayerEntries, looks_of
from mythgate.doors.metaserver.room import RoomConnection
from mythgate.realtime.hub import Hub
from mythgate.wire.metaserver import records
from mythgate.wire.metaserver.packets import StatusCode
from mythgate.wire.metaserver.records import PlayerData, RoomEntry, RoomFlag
from mythgate.wire.metaserver.text import plain_name

if TYPE_CHECKING:
    from mythgate.services.all import Services

logger = logging.getLogger(__name__)

MAX_ROOMS: Final = 24  # in a list
ARRIVAL: Final = 26  # the room Aleph One prefers
TICK_SECONDS: Final = 0.5
BACKLOG: Final = 2048
MOST_PORTS_TRIED: Final = 100
ACTIVITY_SECONDS: Final = 30.0
_SHORT: Final = 0x7FFF
GUEST_NOTE: Final = " (guest)"


class MetaserverDoor:
    """The metaserver door of one node."""

    def __init__(self, hub: Hub, services: Services, options: MetaserverOptions | None = None) -> None:
        self.hub = hub
        self.services = services
        self.options = options if options is not None else MetaserverOptions()
        self.stats = MetaserverStats()
        self.clock = services.clock
        self.passes = Passes(self.clock, self.options.token_lifetime)
        services.lobbies.on_marked(self.passes.mark)
        services.hosting.tester = HostReach(self)
        self.player_entries = PlayerEntries()
        self.overviews = Overviews(services.ratings, services.clock)
        self.proxies = ProxyPool(self.options.host, self.options.proxy_port, self.options.proxy_pairs)
        self.advertised = ipv4(self.options.advertise_host)
        self.login_port = 0
        self.room_ports: dict[int, int] = {}  # by room
        self._login_server: asyncio.Server | None = None
        self._room_servers: dict[int, asyncio.Server] = {}
        self._portless: set[int] = set()  # rooms that no port was found for
        self._connections: dict[Connection, None] = {}
        self._newcomers: dict[Connection, None] = {}  # by age; they have not proven anything yet
        self._addresses: Counter[str] = Counter()
        self._arrivals = Arrivals(self.options.connects_per_second, self.options.connect_burst)
        self._tasks: asyncio.TaskGroup | None = None
        self._next_activity = 0.0

    # --- running -----------------------------------------------------------------------------------

    async def open(self) -> None:
        """Open all ports. Raises OSError if the log-in port cannot be opened; nothing is open then."""
        options = self.options
        server = await asyncio.get_running_loop().create_server(
            lambda: LoginConnection(self), options.host, options.port, backlog=BACKLOG
        )
        self._login_server = server
        self.login_port = server.sockets[0].getsockname()[1]
        await self.reconcile()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold the task group of what has to wait; leaving closes all ports and connections."""
        failure: BaseException | None = None
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                yield
            except BaseException as error:
                failure = error  # raised below: it must not cancel log-ins, nor come out in a group
            finally:
                self._close()
                self._tasks = None
        if failure is not None:
            raise failure

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work`, which must not raise, to its end."""
        if self._tasks is None:
            work.close()
            return
        self._tasks.create_task(work)

    async def reconcile(self) -> None:
        """Have a port for each lobby there is, and none for others."""
        wanted = {lobby.room_id: lobby for lobby in self.lobbies()}
        for room_id in [room_id for room_id in self.room_ports if room_id not in wanted]:
            server = self._room_servers.pop(room_id)
            del self.room_ports[room_id]
            server.close()
            for left_over in self._in_room(room_id):
                left_over.close("room_closed")
        for lobby in wanted.values():
            if lobby.room_id not in self.room_ports:
                await self._open_room(lobby)
        for connection in self._connections:
            if isinstance(connection, RoomConnection):
                connection.lobby = wanted.get(connection.lobby.room_id, connection.lobby)

    async def _open_room(self, lobby: Lobby) -> None:
        """Open a port for `lobby`: the lowest that no other lobby has, and nobody else."""
        loop, options, room_id = asyncio.get_running_loop(), self.options, lobby.room_id
        taken = {*self.room_ports.values(), self.login_port}
        first = options.room_port
        free = (port for port in range(first, 65536) if port not in taken) if first else (0,)
        for port in islice(free, MOST_PORTS_TRIED):
            try:
                server = await loop.create_server(
                    lambda: RoomConnection(self, self._lobby_as_it_is(lobby)),
                    options.host,
                    port,
                    backlog=BACKLOG,
                )
            except OSError:
                continue
            self._room_servers[room_id] = server
            self.room_ports[room_id] = server.sockets[0].getsockname()[1]
            logger.debug("lobby port opened", extra={"room": room_id, "port": self.room_ports[room_id]})
            return
        if room_id not in self._portless:
            self._portless.add(room_id)
            logger.error("no port for a lobby", extra={"room": room_id, "first_port": first})

    def _lobby_as_it_is(self, known: Lobby) -> Lobby:
        """What a lobby is now; as it was `known` if it is no more, and nobody can enter it."""
        try:
            return self.services.lobbies.lobby(known.room_id)
        except NotFound:
            return known

    def _close(self) -> None:
        servers = [*self._room_servers.values()]
        if self._login_server is not None:
            servers.append(self._login_server)
        for server in servers:
            server.close()
        for connection in list(self._connections):
            connection.close("going_away")
        self._login_server = None
        self._room_servers.clear()
        self.room_ports.clear()

    def _in_room(self, room_id: int) -> list[RoomConnection]:
        return [one for one in self._connections if isinstance(one, RoomConnection) and one.lobby.room_id == room_id]

    # --- admission ---------------------------------------------------------------------------------

    def admit(self, connection: Connection) -> bool:
        """Count a connection in, or turn it away. Of those who have proven nothing yet the oldest makes room."""
        options, stats = self.options, self.stats
        if stats.connected >= options.connections:
            stats.turned_away["full"] += 1
            return False
        if not connection.line.peer.is_loopback:
            key = address_key(connection.address)
            if self._addresses[key] >= options.connections_per_address:
                stats.turned_away["address"] += 1
                return False
            if not self._arrivals.take(key, self.clock.monotonic()):
                stats.turned_away["too_often"] += 1
                return False
            self._addresses[key] += 1
        stats.accepted += 1
        stats.connected += 1
        self._connections[connection] = None
        self._newcomers[connection] = None
        if len(self._newcomers) > options.newcomers:
            oldest = next(iter(self._newcomers))
            self.proven(oldest)
            stats.turned_away["newcomers"] += 1
            oldest.close("displaced")
        return True

    def proven(self, connection: Connection) -> None:
        """It is no newcomer any more."""
        self._newcomers.pop(connection, None)

    def forget(self, connection: Connection) -> None:
        """Count a connection out."""
        if connection not in self._connections:
            return
        del self._connections[connection]
        self._newcomers.pop(connection, None)
        self.stats.connected -= 1
        if not connection.line.peer.is_loopback:
            key = address_key(connection.address)
            self._addresses[key] -= 1
            if not self._addresses[key]:
                del self._addresses[key]

    def open_connections(self) -> list[Connection]:
        """All there are, by age."""
        return list(self._connections)

    def entered(self, connection: RoomConnection) -> None:
        """A connection is in its lobby."""
        self.proven(connection)
        connection.is_inside = True
        self.stats.in_rooms += 1
        self.stats.entered[connection.client.name] += 1

    def left(self, connection: RoomConnection) -> None:
        """A connection is in no lobby any more."""
        if connection.is_inside:
            connection.is_inside = False
            self.stats.in_rooms -= 1

    # --- lobbies -----------------------------------------------------------------------------------

    def lobbies(self) -> Sequence[Lobby]:
        """All lobbies."""
        return self.services.lobbies.lobbies()

    def population(self, room_id: int) -> int:
        """How many are in a lobby, seen or not."""
        return len(self.services.lobbies.occupants(room_id, hidden=True))

    def is_ranked(self, room_id: int) -> bool:
        """Whether castes are shown there."""
        try:
            lobby = self.services.lobbies.lobby(room_id)
        except Refused:
            return False
        return lobby.ranked or bool(lobby.tournament)

    def problem_with(self, visitor: Visitor, lobby: Lobby) -> Refused | None:
        """What keeps `visitor` out of `lobby`; their own older self is no obstacle."""
        others = self.population(lobby.room_id)
        own = self.services.lobbies.by_number(visitor.number)
        if own is not None and own.room_id == lobby.room_id:
            others -= 1
        return refusal_of(Entry(lobby, visitor, others, self.services.lobbies.policy.guests))

    def rooms_for(self, visitor: Visitor, client: Client) -> list[Lobby]:
        """The lobbies a client is told of, as its kind expects them.

        Aleph One goes to the one called Arrival, or else to the first, without asking anybody: those that are
        full come last, and are left out if there is another. Myth II 1.8 marks those that take no guests.
        """
        lobbies = [lobby for lobby in self.lobbies() if lobby.room_id in self.room_ports]
        if client.is_marathon:
            open_ones = [lobby for lobby in lobbies if self.problem_with(visitor, lobby) is None]
            return sorted(open_ones, key=lambda lobby: (lobby.room_id != ARRIVAL, lobby.room_id))[:MAX_ROOMS]
        shown = listed_for(lobbies, visitor, MAX_ROOMS)
        if client.legacy or not visitor.is_guest:
            return shown
        closed = [lobby for lobby in lobbies if lobby not in shown and self._closed_to_guests(lobby, visitor)]
        return (shown + closed)[:MAX_ROOMS]

    def nowhere_to_go(self, visitor: Visitor, client: Client) -> tuple[StatusCode, str]:
        """What somebody is told for whom there is no lobby."""
        for lobby in self.lobbies():
            if lobby.family is not client.family:
                continue
            found = barriers(lobby, visitor, self.population(lobby.room_id))
            if any(barrier is Barrier.FULL for barrier, _ in found):
                return StatusCode.ROOM_FULL, found[0][1]
            if any(barrier is Barrier.GUEST for barrier, _ in found):
                return StatusCode.GUESTS_NOT_ALLOWED, found[0][1]
        return StatusCode.GAME_NOT_ALLOWED, "No room is open to you at present."

    @staticmethod
    def _closed_to_guests(lobby: Lobby, visitor: Visitor) -> bool:
        found = {barrier for barrier, _ in barriers(lobby, visitor, 0)}
        return Barrier.GUEST in found and Barrier.FAMILY not in found

    def room_entries(self, visitor: Visitor, client: Client, line: Line) -> tuple[RoomEntry, ...]:
        """The list of rooms for one client, with addresses it can reach."""
        host = int(room_host(line, self.advertised))
        lobbies, hosting = self.services.lobbies, self.services.hosting
        entries = []
        for lobby in self.rooms_for(visitor, client):
            flags = RoomFlag(0)
            if not client.legacy and not client.is_marathon:
                if lobby.takes_films:
                    flags |= RoomFlag.RECORDING_SUPPORTED
                if lobby.films_required:
                    flags |= RoomFlag.RECORDING_REQUIRED
                if self._closed_to_guests(lobby, visitor):
                    flags |= RoomFlag.CLOSED_TO_YOU
            entries.append(
                RoomEntry(
                    room_id=lobby.room_id,
                    player_count=min(len(lobbies.occupants(lobby.room_id)), _SHORT),
                    host=host,
                    port=self.room_ports[lobby.room_id],
                    game_count=min(len(hosting.games(lobby.room_id)), _SHORT),
                    room_type=ROOM_TYPES[lobby.kind],
                    room_flags=int(flags),
                )
            )
        return tuple(entries)

    # --- people ------------------------------------------------------------------------------------

    def looks(self, client: Client, data: PlayerData, account: Account | None) -> Looks:
        """How a client's player is shown: as the client wishes, within what the account may."""
        staff = account is not None and account.role.includes(Role.MODERATOR)
        looks = looks_of(data, may_be_marked=staff)
        if account is None and client.is_marathon:
            return _as_guest(looks)
        return looks

    async def guest_looks(self, client: Client, looks: Looks) -> Looks:
        """How a guest is shown who wishes to look so: not by the name of an account, whose owner may come later.
        Guests of Aleph One are told apart by their names anyway."""
        name = plain_name(looks.name)
        if client.is_marathon or not await self.is_account(name):
            return looks
        return replace(looks, name=f"{name[: NAME_CHARACTERS - len(GUEST_NOTE)]}{GUEST_NOTE}")

    async def is_account(self, name: str) -> bool:
        """Whether somebody owns `name`, or one that looks like it."""
        key = name_key(name)
        account = await self.services.store.read(lambda tx: tx.accounts.by_name_key(key)) if key else None
        return account is not None and not account.is_guest

    def guest(self, looks: Looks, connection: LoginConnection) -> Visitor:
        """Somebody without an account."""
        return self._visitor(self.services.lobbies.guest_number(), "Guest", looks, connection)

    async def visitor_of(self, account: Account, looks: Looks, connection: LoginConnection) -> Visitor:
        """Somebody who has proven to own `account`, as they wish to be shown, or were shown last."""
        profiles = self.services.profiles
        with suppress(InvalidInput):  # what cannot be kept is shown all the same
            looks, _ = await profiles.arrive(
                account.id, looks, changed=connection.brings_looks, country_code=connection.country
            )
        ties = await profiles.ties(account.id)
        return replace(
            self._visitor(account.number, account.name, looks, connection),
            account_id=account.id,
            role=account.role,
            caste=account.caste,
            clan=ties.clan,
            tournaments=ties.tournaments,
            hidden=is_hidden(account),
        )

    @staticmethod
    def _visitor(number: int, name: str, looks: Looks, connection: LoginConnection) -> Visitor:
        return Visitor(
            listener=lobby_listener(number),
            number=number,
            name=name,
            looks=looks,
            door="metaserver",
            client=connection.client.name,
            family=connection.client.family,
            country=connection.country,
            address=connection.address,
            build=str(connection.build or ""),
        )

    async def session_of(self, account: Account, connection: LoginConnection) -> Caller:
        """A login session for `account`, so that it ends everywhere when it ends, and who the account is now."""
        sessions = self.services.sessions
        client = f"{connection.client.name} {connection.build or ''}".strip()
        signed_in = await sessions.open(account, "metaserver", connection.address, client)
        return await sessions.authenticate(signed_in.access_token)

    def as_occupant(self, visitor: Visitor) -> Occupant:
        """`visitor` as somebody in a lobby, for packets that show people before they are in one."""
        return Occupant(visitor, 0, self.clock.monotonic(), visitor.looks)

    # --- remote hubs -------------------------------------------------------------------------------

    def free_hubs(self, version: str) -> tuple[records.RemoteHub, ...]:
        """The hubs that speak `version` and have no game."""
        return tuple(
            records.RemoteHub(id=hub.number, host=int(ipv4(hub.address)), port=hub.port)
            for hub in self.options.remote_hubs
            if hub.version in ("", version) and not self._has_game(hub, None)
        )

    def hub_for(self, number: int, own: HostedGame | None) -> RemoteHub | None:
        """The hub of that number if it is free, or has the host's `own` game."""
        for hub in self.options.remote_hubs:
            if hub.number == number and not self._has_game(hub, own):
                return hub
        return None

    def _has_game(self, hub: RemoteHub, besides: HostedGame | None) -> bool:
        games: Iterable[HostedGame] = self.services.hosting.games()
        return any(
            (game.address, game.port) == (hub.address, hub.port)
            for game in games
            if besides is None or game.number != besides.number
        )

    # --- time --------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Look after deadlines, silence, passes and ports. Call every `TICK_SECONDS`."""
        now = self.clock.monotonic()
        for connection in list(self._connections):
            if connection.closing:
                continue
            try:
                connection.on_tick(now)
            except Exception:  # the others have deadlines as well
                logger.exception("a connection could not be looked after")
                connection.close("internal")
        for old in self.passes.sweep():
            if old.account is not None:
                self.spawn(self.sign_out(old.account, old.session_id))
        if now >= self._next_activity:
            self._next_activity = now + ACTIVITY_SECONDS
            self._note_activity(now)
            self._arrivals.sweep(now)
        await self.reconcile()

    async def sign_out(self, account: Account, session_id: SessionId) -> None:
        """End a login session that opens nothing any more."""
        caller = Caller(account.id, session_id, account.name, account.role)
        try:
            await self.services.sessions.revoke(caller, session_id)
        except Refused:
            logger.debug("A session had ended already", extra={"account": account.id})

    def _note_activity(self, now: float) -> None:
        """Sessions of people who are in a room do not expire."""
        for connection in self._connections:
            if not isinstance(connection, RoomConnection) or connection.stream is None:
                continue
            if connection.deaf or now - connection.heard_at < 2 * ACTIVITY_SECONDS:
                self.services.sessions.note_activity(connection.stream.session_id)


def _as_guest(looks: Looks) -> Looks:
    name = looks.name
    return looks if name.startswith(GUEST_MARK) else replace(looks, name=GUEST_MARK + name)
