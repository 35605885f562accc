"""What clients in a room are told: the hub's events as packets.

Each kind of client has a sink class of its own, for a room is told as one: what an event is in the words of
a family is made once and kept with the event, and written to all its connections as it is. Connections that
exchanged keys share the part of the encryption that does not depend on the key.

A deaf client, one that plays, is told nothing but why its connection ends; Aleph One also reads what is for its
player alone.
"""

from __future__ import annotations

import logging
import secrets
import textwrap
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, ClassVar, Final

from mythgate.domain.chat import MAX_CHARACTERS
from mythgate.domain.events import (
    AdminEvent,
    ClanChanged,
    Disconnect,
    Event,
    FriendsChanged,
    LobbyCounts,
    LobbyGameChanged,
    LobbyGameListed,
    LobbyGameRemoved,
    LobbyMessage,
    LobbyPlayerChanged,
    LobbyPlayerEntered,
    LobbyPlayerLeft,
    LobbyState,
    Payload,
)
from mythgate.domain.friends import Friend, FriendState
from mythgate.domain.hosting import HostedGame
from mythgate.domain.lobbies import Occupant, Visitor
from mythgate.domain.moderation import StaffAct
from mythgate.domain.styles import enclosed
from mythgate.doors.metaserver.addresses import game_host
from mythgate.doors.metaserver.connection import packets_in
from mythgate.doors.metaserver.questions import buddies
from mythgate.doors.metaserver.rendering import game_entry, player_entry, shown_name, wire_colour
from mythgate.realtime.outbox import Batch, Outbox, Sink
from mythgate.wire.metaserver import crypto
from mythgate.wire.metaserver.framing import frame
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.machines import SENT_TO_DEAF
from mythgate.wire.metaserver.packets import (
    DirectedData,
    Direction,
    MessageOfTheDay,
    Packet,
    RoomBroadcast,
    RoomList,
    ServerMessage,
    SetPlayerDataFromMetaserver,
    StatusCode,
    UpdateOrderMemberList,
    UpdatePlayerBuddyList,
    YouJustGotBlammed,
    encode_entry,
    encode_frame,
    pack_entries,
)
from mythgate.wire.metaserver.records import CHAT_DIRECTED, MAX_LINE_BYTES, ChatBlock, OrderMember, Verb
from mythgate.wire.metaserver.text import decode_text, encode_text, in_macroman

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from mythgate.doors.metaserver.room import RoomConnection

CHAT_HEAD_LENGTH: Final = 26  # what a chat block says it has besides name and words; no client looks at it
LINE: Final = 10
MARK_CHARACTERS: Final = 40  # before each line of what was said elsewhere
PLAYER_LIST: Final = 1
GAME_LIST: Final = 2
GAME_VERBS: Final[Mapping[type[Payload], Verb]] = {
    LobbyGameListed: Verb.ADD,
    LobbyGameChanged: Verb.CHANGE,
    LobbyGameRemoved: Verb.DELETE,
}
PLAYER_VERBS: Final[Mapping[type[Payload], Verb]] = {
    LobbyPlayerEntered: Verb.ADD,
    LobbyPlayerChanged: Verb.CHANGE,
    LobbyPlayerLeft: Verb.DELETE,
}
DIFFERS: Final = frozenset((AdminEvent, LobbyPlayerChanged, LobbyPlayerEntered, *GAME_VERBS))
"""What may be another thing to one client than to others of its kind; see `MetaserverSink.is_apart`."""
FAREWELLS: Final[Mapping[str, StatusCode]] = {
    "taken_over": StatusCode.ALREADY_LOGGED_IN,
    "elsewhere": StatusCode.ALREADY_LOGGED_IN,
    "account_disabled": StatusCode.ACCOUNT_LOCKED,
    "session_ended": StatusCode.LOGGED_OUT,
    "lobby_closed": StatusCode.ROOM_SHUT_DOWN,
    "going_away": StatusCode.ROOM_SHUT_DOWN,
}
"""The server message that ends a connection; for other reasons the client is told in words."""


def to_client(family: Family, *packets: Packet) -> bytes:
    """Whole packets, not encrypted."""
    return b"".join(encode_frame(family, Direction.TO_CLIENT, packet) for packet in packets)


def fitting(words: str) -> str:
    """What is said, no longer than people may talk: some signs become many in MacRoman, for which there is no room."""
    return words if words.isascii() else decode_text(encode_text(words, max(len(words), MAX_CHARACTERS)))


def lines(text: str, family: Family, mark: str = "") -> bytes:
    """Server text, in lines that clients have room for, each after `mark`."""
    mark = in_macroman(mark)[:MARK_CHARACTERS]
    wrapped = [
        mark + piece
        for line in text.splitlines()
        for piece in textwrap.wrap(in_macroman(line), MAX_LINE_BYTES - len(mark), break_on_hyphens=False) or [""]
    ]
    return to_client(family, *(MessageOfTheDay(message=piece) for piece in wrapped))


def packets_of_list(packet_type: int, entries: Iterable[Any], family: Family) -> bytes:
    """A list in as few packets as clients can take."""
    payloads = pack_entries(encode_entry(family, entry) for entry in entries)
    return b"".join(frame(packet_type, payload) for payload in payloads)


class MetaserverSink(Sink):
    """One connection in a room."""

    exclusive = True
    family: ClassVar[Family]

    __slots__ = ("_marks", "_told_rooms", "connection", "number", "outbox", "prelude")

    def __init__(self, connection: RoomConnection, number: int) -> None:
        self.connection = connection
        self.number = number
        self.prelude = b""  # what has to come before the first list, in one write with it
        self.outbox: Outbox | None = None
        self._told_rooms = b""  # the last list of rooms
        self._marks = _marks_of(connection.visitor)  # as the client knows them

    # --- realtime.outbox.Sink ----------------------------------------------------------------------

    def attached(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.listen(deaf=False)

    def listen(self, *, deaf: bool) -> None:
        """Whether what the room is told reaches the client."""
        if self.outbox is not None:
            self.outbox.target = _nothing if deaf else self.connection.transport.write

    def write(self, first: int, batch: Batch) -> None:
        del first  # these clients know no numbers
        data = b"".join([self.render(event) for event in batch.events])
        if data:
            self.connection.send_clear(data)

    @classmethod
    def write_to_all(cls, outboxes: Iterable[Outbox], index: int, batch: Batch) -> list[tuple[Outbox, Exception]]:
        failures: list[tuple[Outbox, Exception]] = []
        differs = any(type(event.payload) in DIFFERS for event in batch.events)
        shared: Any = None
        for outbox in outboxes:
            try:
                if differs and outbox.sink.is_apart(batch):  # type: ignore[attr-defined]
                    outbox.sink.write(index, batch)
                    continue
                if shared is None:
                    shared = cls.prepared(outbox.sink, batch)  # type: ignore[arg-type]
                if shared:
                    outbox.target(shared)
            except Exception as error:
                failures.append((outbox, error))
        return failures

    @classmethod
    def prepared(cls, sink: MetaserverSink, batch: Batch) -> Any:
        """What is the same to all connections of a kind, as their `target` takes it."""
        return b"".join([sink.shared(event) for event in batch.events])

    def close(self, code: int, reason: str, *, abandon: bool = False) -> None:
        del code
        self.connection.dismissed(reason, abandon=abandon)

    def lost(self, number: int, newest_first: Iterable[Event]) -> int:
        """Nobody resumes here."""
        del number, newest_first
        return 0

    # --- rendering ---------------------------------------------------------------------------------

    def is_apart(self, batch: Batch) -> bool:
        """Whether something in `batch` is another thing to this client than to others of its kind."""
        for event in batch.events:
            kind = type(event.payload)
            if kind is LobbyPlayerEntered or kind is LobbyPlayerChanged:
                if event.subject.number == self.number:
                    return True
            elif kind is AdminEvent or (kind in GAME_VERBS and self._host_of(event.subject) != event.subject.address):
                return True
        return False

    def render(self, event: Event) -> bytes:
        """The event in packets for this client; nothing if it is none of its business."""
        kind = type(event.payload)
        if kind is Disconnect:
            return self._farewell(event.payload)  # type: ignore[arg-type]
        if self.connection.deaf and not self._is_answer(event):
            return b""
        own = OWN.get(kind)
        if own is not None:
            return own(self, event)
        if kind is LobbyPlayerEntered and event.subject.number == self.number:
            return b""  # is in the list already
        if kind in GAME_VERBS:
            return self._game(event)
        return self.shared(event)

    def _is_answer(self, event: Event) -> bool:
        """Whether it is a line for this player alone, and the client reads lines in a game."""
        message = event.payload
        is_own_line = isinstance(message, LobbyMessage) and message.kind == "line" and event.room_id is None
        return is_own_line and LINE in SENT_TO_DEAF[self.family]

    def shared(self, event: Event) -> bytes:
        """The event in packets for everybody of this kind."""
        data = event.rendered.get(self.family)
        if data is None:
            renderer = SHARED.get(type(event.payload))
            try:
                data = renderer(self, event) if renderer is not None else b""
            except ValueError:  # nobody is to lose the connection over what has no room in a packet
                logger.exception("an event cannot be told to old clients", extra={"event": event.payload.event_type})
                data = b""
            event.rendered[self.family] = data
        return data

    def _shared_player(self, event: Event) -> bytes:
        occupant: Occupant = event.subject
        verb = PLAYER_VERBS[type(event.payload)]
        ranked = self.connection.door.is_ranked(occupant.room_id)
        return packets_of_list(PLAYER_LIST, [player_entry(occupant, self.family, verb, ranked=ranked)], self.family)

    def _shared_game(self, event: Event) -> bytes:
        return self._game_packet(event, event.subject.address)

    def _shared_message(self, event: Event) -> bytes:
        message: LobbyMessage = event.payload  # type: ignore[assignment]
        if message.origin:  # by somebody who is in no list here
            return lines(f"{message.name}: {message.styled}", self.family, f"[{message.origin}] ")
        if message.kind == "say":
            return to_client(self.family, RoomBroadcast(chat=self._chat(event.subject, message)))
        if message.kind == "action":
            text = f"{enclosed(event.subject.name)} {message.styled}"
            return lines(text, self.family)
        return lines(message.styled, self.family)

    def _chat(self, speaker: Occupant, message: LobbyMessage) -> ChatBlock:
        name, words = shown_name(speaker, self.family), fitting(message.styled)
        return ChatBlock(
            length=CHAT_HEAD_LENGTH + len(name) + len(words),
            color=wire_colour(speaker.looks.primary),
            flags=CHAT_DIRECTED if message.kind == "private" else 0,
            player_id=speaker.number,
            selected_player_id=message.target,
            name=name,
            message=words,
        )

    def _own_message(self, event: Event) -> bytes:
        message: LobbyMessage = event.payload  # type: ignore[assignment]
        if message.kind != "private":
            return self.shared(event)
        # Myth's copy for the sender asks for no further copy; Aleph One's is the same as the original.
        echo = self.family is Family.ALEPHONE or message.number != self.number
        chat = self._chat(event.subject, message)
        return to_client(self.family, DirectedData(target_player_id=message.target, echo=int(echo), chat=chat))

    def _game(self, event: Event) -> bytes:
        host = self._host_of(event.subject)
        if host == event.subject.address:
            return self.shared(event)
        key = f"{self.family}@{host}"
        data = event.rendered.get(key)
        if data is None:
            data = event.rendered[key] = self._game_packet(event, host)
        return data

    def _game_packet(self, event: Event, host: str) -> bytes:
        entry = self.game_entry(event.subject, GAME_VERBS[type(event.payload)], host)
        return packets_of_list(GAME_LIST, [entry], self.family) if entry is not None else b""

    def game_entry(self, game: HostedGame, verb: Verb, host: str | None = None) -> Any:
        """A game as this client sees it; None for one of other clients, which mean nothing to it."""
        if not game.descriptor:
            return None
        address = int(IPv4Address(self._host_of(game) if host is None else host))
        return game_entry(game, self.family, verb, host=address, now=self.connection.door.clock.monotonic())

    def _host_of(self, game: HostedGame) -> str:
        connection = self.connection
        return game_host(game.address, connection.line, connection.door.advertised)

    def _own_state(self, event: Event) -> bytes:
        """Everything, after 9 and 3; older Myth is told how it looks as well, and Myth II 1.8 of the rooms."""
        del event
        client = self.connection.client
        if client.is_marathon:
            return self.full_lists()
        if not client.legacy:
            return self.full_lists() + self._rooms()
        own = self.connection.door.services.lobbies.by_number(self.number)
        return self.full_lists() + (self._own_looks(own) if own is not None else b"")

    def _own_looks(self, own: Occupant) -> bytes:
        """8."""
        entry = player_entry(own, self.family, Verb.ADD, ranked=True)
        return to_client(self.family, SetPlayerDataFromMetaserver(player=entry))

    def full_lists(self) -> bytes:
        """All players and all games, and before them what had to come first; also for who asks for them anew."""
        connection = self.connection
        prelude, self.prelude = self.prelude, b""
        room_id = connection.lobby.room_id
        ranked = connection.door.is_ranked(room_id)
        services = connection.door.services
        occupants = list(services.lobbies.occupants(room_id))
        own = services.lobbies.by_number(self.number)
        if own is not None and own.visitor.hidden:
            occupants.append(own)
        entry_of = connection.door.player_entries.get
        people = [entry_of(one, self.family, ranked=ranked) for one in occupants]
        games = [self.game_entry(game, Verb.ADD) for game in services.hosting.games(room_id)]
        return b"".join(
            (
                prelude,
                *(frame(PLAYER_LIST, payload) for payload in pack_entries(people)),
                packets_of_list(GAME_LIST, [entry for entry in games if entry is not None], self.family),
            )
        )

    def _own_counts(self, event: Event) -> bytes:
        """0: how many are where, if that is news; to Aleph One it means nothing."""
        del event
        if not self.connection.client.takes_room_pushes:
            return b""
        before = self._told_rooms
        return b"" if self._rooms() == before else self._told_rooms

    def _rooms(self) -> bytes:
        connection = self.connection
        visitor = connection.held.visitor if connection.held is not None else connection.visitor
        rooms = connection.door.room_entries(visitor, connection.client, connection.line)
        self._told_rooms = to_client(self.family, RoomList(rooms=rooms))
        return self._told_rooms

    def _own_player(self, event: Event) -> bytes:
        """1; and 8 to a Myth client whose player has got another caste, rank or clan."""
        data = self.shared(event)
        occupant: Occupant = event.subject
        if occupant.number != self.number or _marks_of(occupant.visitor) == self._marks:
            return data
        self._marks = _marks_of(occupant.visitor)
        if self.connection.client.is_marathon:
            return data
        return data + self._own_looks(occupant)

    def _own_staff_news(self, event: Event) -> bytes:
        """10: what the staff is told of, unless it is known from elsewhere."""
        news: AdminEvent = event.payload  # type: ignore[assignment]
        held = self.connection.held
        own = held.visitor.account_id if held is not None else None
        act: StaffAct | None = event.subject
        is_known = act is not None and (act.actor == own or act.room_id == self.connection.lobby.room_id)
        return b"" if is_known or news.subject == own else lines(f"[staff] {news.message}", self.family)

    def _own_friends(self, event: Event) -> bytes:
        """19; Aleph One knows no such thing."""
        if self.connection.client.is_marathon:
            return b""
        friends: FriendsChanged = event.payload  # type: ignore[assignment]
        listed = (Friend(one.number, one.name, FriendState(one.state), one.room_id) for one in friends.friends)
        return to_client(self.family, UpdatePlayerBuddyList(buddies=buddies(listed, self.connection.client)))

    def _own_clan(self, event: Event) -> bytes:
        """20, likewise."""
        if self.connection.client.is_marathon:
            return b""
        clan: ClanChanged = event.payload  # type: ignore[assignment]
        members = tuple(OrderMember(player_id=one.number, online=one.room_id is not None) for one in clan.members)
        return to_client(self.family, UpdateOrderMemberList(members=members))

    def _farewell(self, payload: Disconnect) -> bytes:
        code = FAREWELLS.get(payload.reason)
        if code is not None:
            return to_client(self.family, ServerMessage(code=code, message=payload.message))
        if self.connection.client.has_blam:
            return to_client(self.family, YouJustGotBlammed(message=payload.message))
        return lines(payload.message, self.family)


SHARED: Final[Mapping[type[Payload], Callable[[MetaserverSink, Event], bytes]]] = {
    LobbyPlayerEntered: MetaserverSink._shared_player,
    LobbyPlayerChanged: MetaserverSink._shared_player,
    LobbyPlayerLeft: MetaserverSink._shared_player,
    LobbyGameListed: MetaserverSink._shared_game,
    LobbyGameChanged: MetaserverSink._shared_game,
    LobbyGameRemoved: MetaserverSink._shared_game,
    LobbyMessage: MetaserverSink._shared_message,
}
"""What is the same to all clients of a kind. Whatever is in neither table, these clients have no words for."""

OWN: Final[Mapping[type[Payload], Callable[[MetaserverSink, Event], bytes]]] = {
    LobbyState: MetaserverSink._own_state,
    LobbyCounts: MetaserverSink._own_counts,
    LobbyMessage: MetaserverSink._own_message,
    LobbyPlayerChanged: MetaserverSink._own_player,
    AdminEvent: MetaserverSink._own_staff_news,
    FriendsChanged: MetaserverSink._own_friends,
    ClanChanged: MetaserverSink._own_clan,
}


class AlephOneSink(MetaserverSink):
    """Aleph One."""

    family = Family.ALEPHONE
    __slots__ = ()


class MythSink(MetaserverSink):
    """Myth: TFL, Myth II before 1.8, Myth III, in clear."""

    family = Family.MYTH
    __slots__ = ()


class Myth18Sink(MetaserverSink):
    """Myth II 1.8, in clear."""

    family = Family.MYTH2_18
    __slots__ = ()


class _SealedSink(MetaserverSink):
    """A connection that exchanged keys."""

    __slots__ = ()

    def listen(self, *, deaf: bool) -> None:
        if self.outbox is not None:
            self.outbox.target = _nothing if deaf else self._write_sealed

    def _write_sealed(self, chained: list[tuple[int, crypto.Chained]]) -> None:
        cipher = self.connection.cipher
        assert cipher is not None
        self.connection.send_raw(b"".join([frame(kind, cipher.seal_chained(payload)) for kind, payload in chained]))

    @classmethod
    def prepared(cls, sink: MetaserverSink, batch: Batch) -> Any:
        return [
            (kind, crypto.chain(payload, secrets.randbits(32), secrets.randbits(32)))
            for kind, payload in packets_in(super().prepared(sink, batch))
        ]


class SealedMythSink(_SealedSink):
    """The builds of the MythDevelopers era, encrypted."""

    family = Family.MYTH
    __slots__ = ()


class SealedMyth18Sink(_SealedSink):
    """Myth II 1.8."""

    family = Family.MYTH2_18
    __slots__ = ()


SINKS: Final[Mapping[tuple[Family, bool], type[MetaserverSink]]] = {
    (Family.ALEPHONE, False): AlephOneSink,
    (Family.MYTH, False): MythSink,
    (Family.MYTH2_18, False): Myth18Sink,
    (Family.MYTH, True): SealedMythSink,
    (Family.MYTH2_18, True): SealedMyth18Sink,
}
"""The kind of sink by family, and whether keys were exchanged."""


def _marks_of(visitor: Visitor) -> tuple[object, ...]:
    """What the own data of a player says besides the looks."""
    return visitor.shown_role, visitor.caste, visitor.clan


def _nothing(data: object) -> None:
    """What a deaf client hears."""
