"""The port of one lobby: what its clients say.

A client logs in with the token of the log-in port (101) and says how its player looks (103). It is then an
occupant of the lobby like any other, and a stream of the hub; what it is told is the business of its sink.
What may be said when stands in `wire.metaserver.machines`, what is done about it in `HANDLERS`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from mythgate.domain.errors import (
    InvalidToken,
    LobbyClosedToYou,
    MythError,
    NameNotAllowed,
    NoGame,
    NotInLobby,
    PermissionDenied,
    ProtocolError,
    Refused,
    RoomFull,
    Unreachable,
    WrongGameState,
)
from mythgate.domain.hosting import HostedGame, ProxyMode
from mythgate.domain.ids import AccountId, PlayId
from mythgate.domain.lobbies import Family, Lobby, Looks, Visitor
from mythgate.doors.metaserver.addresses import room_host
from mythgate.doors.metaserver.clients import ALEPH_ONE, Client
from mythgate.doors.metaserver.connection import Connection
from mythgate.doors.metaserver.passes import Pass
from mythgate.doors.metaserver.proxy import ProxyPair, is_reachable
from mythgate.doors.metaserver.questions import QUESTIONS, buddies
from mythgate.doors.metaserver.reaching import knows_proxies
from mythgate.doors.metaserver.rendering import LONGEST_GAME, TICKS_PER_SECOND, description_of, facts_of
from mythgate.doors.metaserver.sinks import SINKS, MetaserverSink, to_client
from mythgate.realtime.stream import Stream
from mythgate.services.extensions import PacketCall
from mythgate.services.refusals import note_refusal
from mythgate.wire.metaserver.films import FilmRecorder
from mythgate.wire.metaserver.layout import Family as WireFamily
from mythgate.wire.metaserver.machines import (
    KEEP_ALIVE,
    STATUS_TEXTS,
    RoomEvent,
    RoomState,
    Verdict,
    room_machine,
    room_reaction,
)
from mythgate.wire.metaserver.packets import (
    CreateGame,
    DirectedData,
    GamePlayerList,
    Opaque,
    PlayerMode,
    ProxyClientJoin,
    RecordingStreamEnd,
    RoomBroadcast,
    RoomLogin,
    RoomLoginSuccessful,
    ServerMessage,
    SetPlayerData,
    SetPlayerMode,
    StartGame,
    StatusCode,
    UpdatePlayerBuddyList,
)
from mythgate.wire.metaserver.records import (
    MAX_DESCRIPTION_BYTES,
    MAX_PLAYER_DATA_BYTES,
    MIN_DESCRIPTION_BYTES,
    PlayerData,
)
from mythgate.wire.metaserver.text import plain_name

if TYPE_CHECKING:
    from mythgate.doors.metaserver.door import MetaserverDoor

logger = logging.getLogger(__name__)

ROOM_LOGIN, LOGOUT, PLAYER_DATA, CREATE_GAME, REMOVE_GAME, PLAYER_MODE = 101, 102, 103, 104, 105, 107
FULL_UPDATE, LINE_UP, RESET_GAME, START_GAME = 110, 111, 113, 114
CHAT, PRIVATE, FILM_HEADER, FILM_COMMAND, FILM_END = 200, 201, 204, 205, 206
GAME_HEAD_BYTES: Final = 4  # of 104, before the description
LINE_UP_HEAD_BYTES: Final = 4
MOST_TOLD_PLAYERS: Final = 0x7FFF

WIRE_FAMILIES: Final[Mapping[Family, WireFamily]] = {
    Family.MARATHON: WireFamily.ALEPHONE,
    Family.TFL: WireFamily.MYTH,
    Family.MYTH: WireFamily.MYTH,
    Family.MYTH2: WireFamily.MYTH2_18,
    Family.MYTH3: WireFamily.MYTH,
}
_plays = itertools.count(1)


class RoomConnection(Connection):
    """One connection to the port of a lobby."""

    unmetered: ClassVar[frozenset[int]] = frozenset({FILM_HEADER, FILM_COMMAND})  # a film has a limit of its own

    def __init__(self, door: MetaserverDoor, lobby: Lobby) -> None:
        super().__init__(door)
        self.lobby = lobby
        self.family = WIRE_FAMILIES[lobby.family]
        self.takes_keys = lobby.family is not Family.MARATHON
        self.machine = room_machine()
        self.client: Client = ALEPH_ONE
        self.deaf = False
        self.is_inside = False  # counted among those who are in a lobby
        self.held: Pass | None = None
        self.visitor: Visitor
        self.stream: Stream | None = None
        self.sink: MetaserverSink | None = None
        self._welcome = b""
        self._film: FilmRecorder | None = None
        self._pair: ProxyPair | None = None  # stands in for the host of our game
        self._tests_hosts = False  # tries whether our game can be reached
        self._pinged_at = 0.0

    # --- time --------------------------------------------------------------------------------------

    def on_connected(self, now: float) -> None:
        options = self.door.options
        self.deadline = now + options.room_login_within
        if self.lobby.family is Family.MYTH2:
            self.offer_key()  # all clients here exchange keys, and some wait for ours
        elif self.lobby.family is not Family.MARATHON:
            self.key_offer_at = now + options.key_offer_after

    def on_overdue(self) -> None:
        """A legacy client that is welcome and says nothing of its looks enters as it looked when it logged in."""
        if self.machine.state is RoomState.LOGGED_IN and self.client.legacy:
            self._enter(self.visitor.looks)
        else:
            super().on_overdue()

    def on_tick(self, now: float) -> None:
        if self.stream is None:
            super().on_tick(now)
            return
        policy = KEEP_ALIVE[self.family]
        ping_after = policy.deaf_ping_after if self.deaf else policy.ping_after
        drop_after = policy.deaf_drop_after if self.deaf else policy.drop_after
        silent = now - self.heard_at
        if silent >= drop_after.total_seconds():
            self.close("silent")
        elif ping_after is not None:
            pause = ping_after.total_seconds()
            if silent >= pause and now - self._pinged_at >= pause:
                self._pinged_at = now
                self.ping()

    # --- asyncio.Protocol --------------------------------------------------------------------------

    def pause_writing(self) -> None:
        """The client does not read as fast as things happen: they wait in its stream, up to a limit."""
        self.hold()
        if self.sink is not None and self.sink.outbox is not None:
            self.door.hub.pause(self.sink.outbox)

    def resume_writing(self) -> None:
        if self.sink is not None and self.sink.outbox is not None:
            self.door.hub.resume(self.sink.outbox)
        self.release()

    def send_clear(self, data: bytes) -> None:
        """What we answer ourselves does not wait as events may: it must not come before 9 and 3 all the same."""
        sink = self.sink
        if sink is not None and sink.prelude:
            prelude, sink.prelude = sink.prelude, b""
            data = prelude + data
        super().send_clear(data)

    # --- what comes in -----------------------------------------------------------------------------

    def on_keys(self) -> None:
        self.machine.apply(RoomEvent.KEYS_EXCHANGED)

    def on_packet(self, packet_type: int, payload: bytes) -> None:
        reaction = room_reaction(self.family, self.machine.state, packet_type)
        if reaction.verdict is Verdict.ENTER_FIRST:
            self._enter(self.visitor.looks)
            if self.closing:
                return
        elif reaction.verdict is not Verdict.TAKE:
            if reaction.code is not None:
                self.refuse(reaction.code, stay=not reaction.closes)
            elif self.is_inside and packet_type in self.door.services.extensions.packets:
                self.run(self._ask_plugin(packet_type, payload))
            else:
                self.door.stats.ignored_packets += 1
            return
        handler = HANDLERS.get(packet_type)
        if handler is None:
            self.door.stats.ignored_packets += 1
            return
        try:
            handler(self, payload)
        except NotInLobby:
            self.close("not_in_lobby")
        except Refused as error:
            self.tell_refusal(error)

    async def _ask_plugin(self, packet_type: int, payload: bytes) -> None:
        """A packet that is a plug-in's own business."""
        services = self.door.services
        try:
            actor = services.lobbies.require(self.visitor.listener)
            answer = await services.extensions.packets.handle(PacketCall(services, actor, packet_type, payload))
        except NotInLobby:
            self.close("not_in_lobby")
        except Refused as error:
            self.tell_refusal(error)
        else:
            if answer is not None and not self.closing:
                self.send(Opaque(packet_type, answer))

    # --- coming in ---------------------------------------------------------------------------------

    def on_room_login(self, payload: bytes) -> None:
        """101."""
        packet: RoomLogin = self.decoded(ROOM_LOGIN, payload)
        held = self._valid_pass(packet.token)
        if held is None:
            note_refusal(InvalidToken(), asked="lobby", by="")
            self.refuse(StatusCode.NOT_LOGGED_IN)
            return
        name = plain_name(packet.username).casefold()
        if held.user_name.casefold() != ("" if name == "guest" else name) and not self._may_be_guests(held, name):
            note_refusal(InvalidToken(), asked="lobby", by="")
            self.refuse(StatusCode.BAD_USER_OR_PASSWORD)
            return
        self.held = held
        self.source.number, self.source.account = held.visitor.number, held.visitor.account_id or ""
        self.client = held.client
        self.family = held.client.wire
        self.visitor = replace(held.visitor, address=self.address)
        problem = self.door.problem_with(self.visitor, self.lobby)
        if problem is not None:
            self._refuse_entry(problem)
            return
        self.machine.apply(RoomEvent.TOKEN_ACCEPTED)
        capacity = min(self.lobby.capacity, MOST_TOLD_PLAYERS)
        self._welcome = to_client(
            self.family,
            RoomLoginSuccessful(user_id=self.visitor.number, maximum_players_per_room=capacity),
            ServerMessage(code=StatusCode.LOGGED_IN, message=STATUS_TEXTS[StatusCode.LOGGED_IN]),
        )
        if not self.client.waits_for_data:
            self._enter(self.visitor.looks)
        elif self.client.legacy:  # says how it looks once it is welcome
            self._send_welcome()

    def _valid_pass(self, token: bytes) -> Pass | None:
        """The pass with this token if it opens rooms now; who is signed out, or locked out, has none."""
        held = self.door.passes.find(token)
        if held is None or (held.account is not None and not self.door.services.sessions.is_live(held.session_id)):
            return None
        return held

    @staticmethod
    def _may_be_guests(held: Pass, name: str) -> bool:
        """A guest of Myth II 1.8 came with a name of their own, which is not theirs."""
        return held.account is None and not held.client.waits_for_data and bool(name)

    def _send_welcome(self) -> None:
        welcome, self._welcome = self._welcome, b""
        self.send_clear(welcome)

    def on_player_data(self, payload: bytes) -> None:
        """103: the first one completes entering, later ones change how the player looks."""
        if len(payload) > MAX_PLAYER_DATA_BYTES:
            raise ProtocolError("Player data has 128 bytes at most.", code="bad_player_data")
        packet: SetPlayerData = self.decoded(PLAYER_DATA, payload)
        looks = self.door.looks(self.client, packet.data, self.held.account if self.held is not None else None)
        if self.visitor.is_guest and self.client.legacy:
            self.step(self._talk(self._take_guest_looks(looks, packet.data)))
        else:
            self._take_looks(looks, packet.data)

    async def _take_guest_looks(self, looks: Looks, data: PlayerData) -> None:
        looks = await self.door.guest_looks(self.client, looks)
        if not self.closing:
            self._take_looks(looks, data)

    def _take_looks(self, looks: Looks, data: PlayerData) -> None:
        if self.machine.state is RoomState.LOGGED_IN:
            self._enter(looks)
            if self.closing or not data.state:
                return
        lobbies, listener = self.door.services.lobbies, self.visitor.listener
        away = bool(data.state) and not self.deaf
        if self.client.is_marathon or self.client.legacy:
            lobbies.dress(listener, looks, away=away)
        else:
            lobbies.set_away(listener, away)

    def _enter(self, looks: Looks) -> None:
        """Become an occupant. Whoever has the same number has to go."""
        door, held = self.door, self.held
        assert held is not None
        if self._valid_pass(held.token) is not held:  # much can happen between 101 and 103
            self.refuse(StatusCode.NOT_LOGGED_IN)
            return
        visitor = self.visitor = replace(held.visitor, address=self.address, looks=looks)
        problem = door.problem_with(visitor, self.lobby)  # before somebody else has to go for nothing
        if problem is not None:
            self._refuse_entry(problem)
            return
        sink = self.sink = SINKS[self.family, self.cipher is not None](self, visitor.number)
        play_id = PlayId(f"{visitor.listener}:{next(_plays)}")
        stream = self.stream = door.hub.open(play_id, visitor.listener, visitor.sender, held.session_id)
        door.hub.attach(stream, sink)
        sink.prelude, self._welcome = self._welcome, b""
        try:
            door.services.lobbies.enter(visitor, self.lobby.room_id)
        except Refused as error:
            self.stream = self.sink = None
            door.hub.detach(stream, sink)  # or its end would be this connection's
            door.hub.end(stream, reason="refused")
            self._refuse_entry(error)
            return
        self.machine.apply(RoomEvent.ROOM_ENTERED)
        self.deadline = None
        self._pinged_at = door.clock.monotonic()
        door.passes.enter(held, self)
        door.entered(self)
        if visitor.account_id is not None and not self.client.is_marathon:
            door.spawn(self._tell_of_friends(visitor.account_id))

    async def _tell_of_friends(self, account_id: AccountId) -> None:
        """19: the player's own list; changes are told as they happen."""
        try:
            friends = await self.door.services.friends.friends(account_id)
        except Refused:
            return
        if not self.closing:
            self.send(UpdatePlayerBuddyList(buddies=buddies(friends, self.client)))

    def _refuse_entry(self, error: MythError) -> None:
        """Say why, and close. Aleph One understands nothing here but that the line is closed."""
        if isinstance(error, Refused):
            self.door.services.accounts.refusals.note_entry(self.visitor, self.lobby, error)
        if isinstance(error, RoomFull):
            self.refuse(StatusCode.ROOM_FULL, str(error))
        elif isinstance(error, LobbyClosedToYou) and self.visitor.is_guest:
            self.refuse(StatusCode.NOT_LOGGED_IN, str(error))
        else:
            self.refuse(StatusCode.GAME_NOT_ALLOWED, str(error))

    # --- going -------------------------------------------------------------------------------------

    def on_logout(self, payload: bytes) -> None:
        """102."""
        del payload
        if self.client.legacy:
            self.send(ServerMessage(code=StatusCode.LOGGED_OUT, message=STATUS_TEXTS[StatusCode.LOGGED_OUT]))
        self._leave("left")
        self.close("logged_out")

    def dismissed(self, reason: str, *, abandon: bool) -> None:
        """The hub has ended the stream; what it had to say is written."""
        self.close(reason)
        if abandon:
            self.transport.abort()

    def close(self, reason: str) -> None:
        super().close(reason)
        # Not at once: the hub may be in the middle of telling others.
        asyncio.get_running_loop().call_soon(self._leave, "lost")

    def on_lost(self) -> None:
        self._leave("lost")

    def _leave(self, reason: str) -> None:
        """The stream ends, and with it the place in the lobby, unless somebody else has it by now."""
        stream = self.stream
        if stream is None:
            return
        self.stream = self.sink = None
        self._close_pair()
        self.door.left(self)
        self.door.hub.end(stream, reason=reason)
        if self.held is not None:
            self.door.passes.leave(self.held, self)

    # --- listening ---------------------------------------------------------------------------------

    def on_player_mode(self, payload: bytes) -> None:
        """107: deaf while a game runs."""
        packet: SetPlayerMode = self.decoded(PLAYER_MODE, payload)
        if packet.mode not in (PlayerMode.LISTENING, PlayerMode.DEAF):
            raise ProtocolError("A player listens (0) or is deaf (1).", code="bad_mode")
        self.deaf = packet.mode == PlayerMode.DEAF
        self.machine.apply(RoomEvent.WENT_DEAF if self.deaf else RoomEvent.LISTENS_AGAIN)
        if self.sink is not None:
            self.sink.listen(deaf=self.deaf)
        self.door.services.lobbies.set_in_game(self.visitor.listener, self.deaf)

    def on_full_update(self, payload: bytes) -> None:
        """110: who comes back from a game asks for everything anew."""
        del payload
        if self.sink is not None:
            self.send_clear(self.sink.full_lists())

    # --- talk --------------------------------------------------------------------------------------

    def on_chat(self, payload: bytes) -> None:
        """200. Who speaks is what we know, whatever the packet says."""
        packet: RoomBroadcast = self.decoded(CHAT, payload)
        self.step(self._talk(self.door.services.lobbies.say(self.visitor.listener, packet.chat.message)))

    def on_private(self, payload: bytes) -> None:
        """201. To nobody means to everybody."""
        packet: DirectedData = self.decoded(PRIVATE, payload)
        lobbies, listener, text = self.door.services.lobbies, self.visitor.listener, packet.chat.message
        if packet.target_player_id:
            self.step(self._talk(lobbies.tell(listener, packet.target_player_id, text, echo=bool(packet.echo))))
        else:
            self.step(self._talk(lobbies.say(listener, text)))

    async def _talk(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Unreachable as error:
            self.send(ServerMessage(code=StatusCode.PLAYER_NOT_IN_ROOM, message=error.message))
        except NotInLobby:
            self.close("not_in_lobby")
        except Refused as error:
            self.tell_refusal(error)

    def tell_refusal(self, error: Refused) -> None:
        """A line to the client alone."""
        text = f"{error.message} {error.hint}".strip()
        self.door.services.lobbies.line_to(self.visitor.listener, text)

    # --- games -------------------------------------------------------------------------------------

    def on_create_game(self, payload: bytes) -> None:
        """104: the first one announces, later ones change. A description others would stumble over is not passed on."""
        descriptor = payload[GAME_HEAD_BYTES:]
        if not MIN_DESCRIPTION_BYTES <= len(descriptor) <= MAX_DESCRIPTION_BYTES:
            self._reject_game()
            return
        try:
            packet: CreateGame = self.decoded(CREATE_GAME, payload)
            description = description_of(descriptor, self.family)
        except ProtocolError:
            self._reject_game()
            return
        hosting, listener = self.door.services.hosting, self.visitor.listener
        address, port = self.address, packet.port
        if self.client.is_marathon and packet.order_or_hub:
            hub = self.door.hub_for(packet.order_or_hub, hosting.of_host(listener))
            if hub is None:
                self.door.services.lobbies.line_to(listener, "That hub is not free. Choose another one.")
                return
            address, port = hub.address, hub.port
        is_new = hosting.of_host(listener) is None
        if self._pair is not None and not is_new:
            address, port = self._proxy_address(), self._pair.player_port
        try:
            game = hosting.announce(
                listener,
                address=address,
                port=port,
                facts=facts_of(description),
                descriptor=descriptor,
                clan_game=not self.client.is_marathon and packet.order_or_hub != 0,
                proxied=self._pair is not None and not is_new,
            )
        except (NameNotAllowed, PermissionDenied) as denied:
            self.door.services.lobbies.line_to(listener, f"{denied.message} {denied.hint}")
            return
        if is_new:
            self._close_pair()
            may_stand_in = self._proxy_mode() is not ProxyMode.OFF
            if (self.door.options.test_hosts or may_stand_in) and not self._tests_hosts:
                self._tests_hosts = True
                self.door.spawn(self._test_hosts(game))

    def _proxy_mode(self) -> ProxyMode:
        """OFF also where no proxy can stand in for us."""
        if not self.door.proxies.is_open or not knows_proxies(self.visitor):
            return ProxyMode.OFF
        return self.door.services.hosting.proxy_mode(self.visitor.number)

    async def _test_hosts(self, game: HostedGame) -> None:
        """One after the other, however fast games are announced and removed."""
        present: HostedGame | None = game
        while present is not None:
            game = present
            await self._test_host(game)
            present = self._hosted(None)
            if present is not None and present.number == game.number:
                break
        self._tests_hosts = False

    async def _test_host(self, game: HostedGame) -> None:
        """Whether players can connect to the host; if not, or if the host wishes so, a proxy stands in."""
        hosting, mode = self.door.services.hosting, self._proxy_mode()
        reachable = mode is not ProxyMode.ON and await is_reachable(game.address, game.port)
        if self._hosted(game.number) is None:
            return
        if reachable or mode is ProxyMode.OFF:
            hosting.set_reachable(game.number, reachable)
            return
        pair = await self.door.proxies.pair_for(self.address, self._ask_for_player)
        now = self._hosted(game.number)
        if now is None:
            if pair is not None:
                pair.close()
        elif pair is None:
            hosting.set_reachable(game.number, False)
        else:
            self._pair = pair
            hosting.announce(
                self.visitor.listener,
                address=self._proxy_address(),
                port=pair.player_port,
                facts=now.facts,
                descriptor=now.descriptor,
                clan_game=now.clan_game,
                reachable=True,
                proxied=True,
            )

    def _hosted(self, number: int | None) -> HostedGame | None:
        """Our game, if a number is given only if it is still that one."""
        game = None if self.closing else self.door.services.hosting.of_host(self.visitor.listener)
        return game if game is not None and number in (None, game.number) else None

    def _proxy_address(self) -> str:
        return str(room_host(self.line, self.door.advertised))

    def _ask_for_player(self, port: int) -> None:
        """22, also in the middle of the game."""
        if not self.closing:
            self.send(ProxyClientJoin(port=port, host=self._proxy_address()))

    def _close_pair(self) -> None:
        pair, self._pair = self._pair, None
        if pair is not None:
            pair.close()

    def _reject_game(self) -> None:
        self.door.stats.ignored_packets += 1
        self.door.services.lobbies.line_to(
            self.visitor.listener, "Your game cannot be listed: its description is damaged."
        )

    def on_remove_game(self, payload: bytes) -> None:
        """105."""
        del payload
        self._close_pair()
        self.door.services.hosting.remove(self.visitor.listener)

    def on_start_game(self, payload: bytes) -> None:
        """114. Without a game it means nothing."""
        try:
            packet: StartGame = self.decoded(START_GAME, payload)
        except ProtocolError:
            return
        time = packet.game_time / TICKS_PER_SECOND if self.client.is_marathon else float(packet.game_time)
        duration = time if 0 < time < LONGEST_GAME else None
        try:
            self.door.services.hosting.start(self.visitor.listener, duration)
        except (NoGame, WrongGameState):
            self.door.stats.ignored_packets += 1

    def on_reset_game(self, payload: bytes) -> None:
        """113: the round is over, another one gathers players."""
        del payload
        try:
            self.door.services.hosting.reset(self.visitor.listener)
        except NoGame:
            self.door.stats.ignored_packets += 1

    def on_line_up(self, payload: bytes) -> None:
        """111: who plays. Of a wrong length it means nothing."""
        if len(payload) < LINE_UP_HEAD_BYTES or len(payload) % 4:
            return
        packet: GamePlayerList = self.decoded(LINE_UP, payload)
        try:
            self.door.services.hosting.line_up(self.visitor.listener, packet.game_id, packet.player_ids)
        except NoGame:
            self.door.stats.ignored_packets += 1

    # --- films -------------------------------------------------------------------------------------

    def on_film_header(self, payload: bytes) -> None:
        """204, from the host of a game in a lobby that keeps films."""
        if self._may_record():
            if self._film is None:
                self._film = FilmRecorder()
            self._film.header(payload)

    def on_film_command(self, payload: bytes) -> None:
        """205."""
        if self._film is not None and self._may_record():
            self._film.command(payload)

    def on_film_end(self, payload: bytes) -> None:
        """206."""
        film, self._film = self._film, None
        game = self.door.services.hosting.of_host(self.visitor.listener)
        if film is None or game is None:
            self.door.stats.ignored_packets += 1
            return
        packet: RecordingStreamEnd = self.decoded(FILM_END, payload)
        data = film.finish(packet.end_time, game.facts.name, secrets.randbits(32))
        self.run(self._keep_film(game, data))

    def _may_record(self) -> bool:
        if self.lobby.takes_films and self.door.services.hosting.of_host(self.visitor.listener) is not None:
            return True
        self._film = None
        self.door.stats.ignored_packets += 1
        return False

    async def _keep_film(self, game: HostedGame, data: bytes) -> None:
        try:
            await self.door.services.films.keep(game, data, address=self.address)
        except Refused as error:
            self.tell_refusal(error)


HANDLERS: Final[Mapping[int, Callable[[RoomConnection, bytes], None]]] = {
    ROOM_LOGIN: RoomConnection.on_room_login,
    LOGOUT: RoomConnection.on_logout,
    PLAYER_DATA: RoomConnection.on_player_data,
    CREATE_GAME: RoomConnection.on_create_game,
    REMOVE_GAME: RoomConnection.on_remove_game,
    PLAYER_MODE: RoomConnection.on_player_mode,
    FULL_UPDATE: RoomConnection.on_full_update,
    LINE_UP: RoomConnection.on_line_up,
    RESET_GAME: RoomConnection.on_reset_game,
    START_GAME: RoomConnection.on_start_game,
    CHAT: RoomConnection.on_chat,
    PRIVATE: RoomConnection.on_private,
    FILM_HEADER: RoomConnection.on_film_header,
    FILM_COMMAND: RoomConnection.on_film_command,
    FILM_END: RoomConnection.on_film_end,
    **QUESTIONS,
}
"""What is done for each packet. The rest of what is legal means nothing to us."""
