"""Talk: to the room, the zone, everybody, or one person.

Whoever speaks gets their own words back exactly once, as the same `chat_message` that the others get (so
that all see one order), and nothing in the command's response; a client words its own lines as it
likes ("You say: …") by `player_id`. Private words come back to the sender as a `chat_message` worded for
them. Only what concerns the speaker alone, such as that the other is away, is in the response.

Nothing here waits in the embedded set-up: a door may run `say` to its end in one step.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mythgate.domain import chat
from mythgate.domain.accounts import Role
from mythgate.domain.chat import Channel
from mythgate.domain.errors import (
    BadUsage,
    Muted,
    NoFaction,
    NotFound,
    NotInParty,
    NotInWorld,
    PermissionDenied,
    TooMany,
    Unreachable,
)
from mythgate.domain.events import ChatMessage, Event, SystemMessage, event_of
from mythgate.domain.filters import Where
from mythgate.domain.ids import GLOBAL_TOPIC, AccountId, CharacterId, RoomId, Topic, faction_topic, room_topic
from mythgate.domain.lobbies import is_guest_sender
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.names import name_key
from mythgate.domain.permissions import Permission, require
from mythgate.domain.presence import Availability, Presence
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.gate import Gate
from mythgate.services.moderation import UNTIL_LIFTED
from mythgate.services.ports import Clock, History, Ids, PresenceStore, Realtime, Store, Transaction
from mythgate.services.world import WorldService

log = logging.getLogger(__name__)

MAX_IGNORED: Final = 200
ANNOUNCEMENT_CHARACTERS: Final = 1000
ANNOUNCEMENTS: Final = "announcement"
HISTORY_LIMIT: Final = 100
NAME_WORDS: Final = 5  # a name has at most twenty characters, and hardly more words
WHO_HINT: Final = "`who` shows who is."
_ANNOUNCED: Final = Topic("announcements")  # nobody listens to it: they hear of them in the world and in lobbies


@dataclass(frozen=True, slots=True)
class ChatPolicy:
    """Numbers an operator may change."""

    characters: int = chat.MAX_CHARACTERS


Screening = Callable[[str, AccountId, str, Role, Where], str]
"""What becomes of words: whose, what they are called and are, where. Raises WordsRefused (`services.filters`)."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where one reader finds what was said on a channel, and from when on it is for them."""

    topic: Topic
    since: datetime | None = None


class ChatService:
    """Use cases around talk."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        history: History,
        world: WorldService,
        clock: Clock,
        ids: Ids,
        policy: ChatPolicy | None = None,
    ) -> None:
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._history = history
        self._world = world
        self._clock = clock
        self._ids = ids
        self.policy = policy if policy is not None else ChatPolicy()
        self._announcement_observers: list[Callable[[str], None]] = []
        self._ignoring_observers: list[Callable[[Presence], None]] = []
        self._broadcast_observers: list[Callable[[Presence, ChatMessage], Awaitable[None]]] = []
        self.gate = Gate(clock)
        self.screen: Screening = lambda words, *_: words
        self.find_outside: Callable[[str], tuple[AccountId, str] | None] = lambda _: None
        self._arrivals: dict[CharacterId, tuple[RoomId, datetime | None]] = {}
        self._sources: dict[str, Callable[[Presence], Source]] = {
            "room": self._in_room,
            Channel.GLOBAL.value: lambda _: Source(GLOBAL_TOPIC),
            Channel.FACTION.value: _of_faction,
            Channel.WHISPER.value: lambda reader: Source(_private_topic(reader.character_id)),
            ANNOUNCEMENTS: lambda _: Source(_ANNOUNCED),
        }

    def on_announced(self, observer: Callable[[str], None]) -> None:
        """Have `observer` told what was announced, for those who are not in the world."""
        self._announcement_observers.append(observer)

    def on_ignoring(self, observer: Callable[[Presence], None]) -> None:
        """Have `observer` told of who ignores others than before, once it is saved."""
        self._ignoring_observers.append(observer)

    def on_broadcast(self, observer: Callable[[Presence, ChatMessage], Awaitable[None]]) -> None:
        """Have `observer` told what is said to everybody in the world, for those who are not in it."""
        self._broadcast_observers.append(observer)

    # --- aloud -----------------------------------------------------------------------------------------

    async def say(self, speaker: Presence, text: str) -> ChatMessage:
        """To everybody in the room, who may be inhabitants that answer.

        Raises:
            Muted: the speaker is.
            BadUsage, InvalidInput: there are no words, or too many.

        """
        words = chat.clean(text, limit=self.policy.characters)
        message = await self._aloud(speaker, Channel.SAY, words)
        self._world.heard(speaker.name, speaker.room_id, message.message, speaker_id=speaker.character_id)
        return message

    async def emote(self, speaker: Presence, text: str) -> ChatMessage:
        """Do something that everybody in the room sees. Raises as `say`."""
        return await self._aloud(speaker, Channel.EMOTE, chat.clean(text, limit=self.policy.characters, verb="do"))

    async def _aloud(self, speaker: Presence, channel: Channel, words: str) -> ChatMessage:
        now = self._clock.now()
        self.require_voice(speaker)
        words = self._screened(speaker, words)
        topic = room_topic(speaker.room_id)
        event, message = self._worded(speaker, channel, words, now, speaker.room_id)
        self._realtime.publish(topic, event)
        await self._history.append(topic, event)
        return message

    async def shout(self, speaker: Presence, text: str) -> ChatMessage:
        """To everybody in the same zone. Raises as `say`.

        Raises:
            PermissionDenied: one does not shout in this place.

        """
        words = chat.clean(text, limit=self.policy.characters, verb="shout")
        now = self._clock.now()
        self.require_voice(speaker)
        words = self._screened(speaker, words)
        rooms = self._world.world.rooms
        here = rooms.get(speaker.room_id)
        if here is not None and "no_shout" in here.tags:
            raise PermissionDenied("One does not shout in this place.", hint="`say` is loud enough here.")
        event, message = self._worded(speaker, Channel.SHOUT, words, now, speaker.room_id)
        for room_id in self._presence.populations():
            room = rooms.get(room_id)
            if room_id == speaker.room_id or (room is not None and here is not None and room.zone == here.zone):
                self._realtime.publish(room_topic(room_id), event)
                await self._history.append(room_topic(room_id), event)
        return message

    async def broadcast(self, speaker: Presence, text: str, *, subject: object = None) -> ChatMessage:
        """To everybody in the world, on the channel `global`. Raises as `say`."""
        verb = "tell everybody"
        message = await self.to_group(speaker, Channel.GLOBAL, GLOBAL_TOPIC, text, verb=verb, subject=subject)
        for observer in self._broadcast_observers:
            await observer(speaker, message)
        return message

    async def to_faction(self, speaker: Presence, text: str, *, subject: object = None) -> ChatMessage:
        """To everybody in the world who belongs to the speaker's faction. Raises as `say`.

        Raises:
            NoFaction: the speaker belongs to none.

        """
        if not speaker.faction:
            raise NoFaction
        topic = faction_topic(speaker.faction)
        return await self.to_group(speaker, Channel.FACTION, topic, text, verb="tell your faction", subject=subject)

    async def to_group(
        self,
        speaker: Presence,
        channel: Channel,
        topic: Topic,
        text: str,
        *,
        verb: str = "say",
        subject: object = None,
    ) -> ChatMessage:
        """To everybody who listens to `topic`, to whom the speaker belongs: the caller knows. Raises as `say`.

        `subject` goes along for doors that tell it in words of their own.
        """
        words = chat.clean(text, limit=self.policy.characters, verb=verb)
        now = self._clock.now()
        self.require_voice(speaker)
        words = self._screened(speaker, words)
        event, message = self._worded(speaker, channel, words, now, None)
        event.subject = subject
        self._realtime.publish(topic, event)
        await self._history.append(topic, event)
        return message

    def _worded(
        self, speaker: Presence, channel: Channel, words: str, now: datetime, room_id: str | None
    ) -> tuple[Event, ChatMessage]:
        message = ChatMessage(
            self._ids.new(),
            channel.value,
            speaker.character_id,
            speaker.name,
            words,
            chat.heard(channel, speaker.name, words),
            now,
        )
        event = event_of(
            message,
            now,
            room_id=room_id,
            player_id=speaker.character_id,
            message_id=message.id,
            sender=speaker.account_id,
        )
        return event, message

    # --- in private ------------------------------------------------------------------------------------

    def find_listener(self, text: str) -> tuple[Presence, str]:
        """Who is addressed at the beginning of `text`, and the words for them.

        Names may have several words; the longest that somebody in the world is called wins. A name in
        quotation marks ends with these. Without a match, the first word may begin one name.

        Raises:
            Unreachable: nobody of that name is on.
            BadUsage: more than one may be meant.

        """
        text = text.strip()
        if text[:1] in ('"', "“"):
            name, _, words = text[1:].replace("”", '"').partition('"')
            return self.require_listener(name), words.strip()
        words_ = text.split(" ")
        for count in range(min(NAME_WORDS, len(words_)), 0, -1):
            found = self._presence.by_name_key(name_key(" ".join(words_[:count]).rstrip(",:")))
            if found is not None:
                return found, " ".join(words_[count:]).strip()
        return self.require_listener(words_[0].rstrip(",:")), " ".join(words_[1:]).strip()

    def require_listener(self, name: str) -> Presence:
        """Somebody in the world by name, or by how the name begins if that is only one.

        Raises:
            Unreachable: nobody of that name is on.
            BadUsage: more than one may be meant.

        """
        key = name_key(name)
        exact = self._presence.by_name_key(key)
        if exact is not None:
            return exact
        begun = [one for one in self._presence.all() if key and one.name_key.startswith(key)]
        if len(begun) == 1:
            return begun[0]
        if begun:
            names = ", ".join(sorted(one.name for one in begun)[:8])
            raise BadUsage(f"Whom do you mean: {names}?")
        raise Unreachable(f"Nobody called {name} is on." if name else None, hint=WHO_HINT)

    async def confide(
        self, speaker: Presence, listener: Presence, text: str, channel: Channel, *, subject: object = None
    ) -> str:
        """To one person, wherever they are. Returns what the speaker should know about them, or "".

        For `subject` see `to_group`.

        Raises:
            Unreachable: they ignore the speaker, which looks as if they were not there.
            BadUsage: to oneself, or no words.
            InvalidInput: too many words.
            Muted: the speaker is.

        """
        if listener.character_id == speaker.character_id:
            raise BadUsage("You talk to yourself quietly. Nobody notices.")
        words = chat.clean(text, limit=self.policy.characters, verb=f"{channel.value} {listener.name}")
        now = self._clock.now()
        self.require_voice(speaker)
        if speaker.account_id in listener.ignored:
            raise Unreachable(f"Nobody called {listener.name} is on.", hint=WHO_HINT)
        words = self._screened(speaker, words, private=True)
        message_id = self._ids.new()
        ends = (
            (listener.character_id, chat.heard(channel, speaker.name, words), speaker.account_id),
            (speaker.character_id, chat.confided(channel, listener.name, words), None),
        )
        for to, line, sender in ends:
            message = ChatMessage(
                id=message_id,
                channel=channel.value,
                player_id=speaker.character_id,
                player_name=speaker.name,
                message=words,
                text=line,
                timestamp=now,
                target_id=listener.character_id,
                target_name=listener.name,
            )
            event = event_of(message, now, player_id=speaker.character_id, message_id=message_id, sender=sender)
            event.subject = subject
            self._realtime.send(to, event)
            await self._history.append(_private_topic(to), event)
        listener.reply_to = speaker.character_id
        return _absence(listener)

    async def reply(self, speaker: Presence, text: str) -> str:
        """To whoever confided in the speaker last. Returns and raises as `confide`."""
        if speaker.reply_to is None:
            raise BadUsage("Nobody has told you anything yet.")
        listener = self._presence.get(speaker.reply_to)
        if listener is None:
            raise Unreachable("They are no longer on.", hint=WHO_HINT)
        return await self.confide(speaker, listener, text, Channel.TELL)

    def _screened(self, speaker: Presence, words: str, *, private: bool = False) -> str:
        """The words as they may be said. Raises WordsRefused."""
        where = Where(room=speaker.room_id, door=speaker.door, private=private)
        return self.screen(words, speaker.account_id, speaker.name, speaker.role, where)

    def require_voice(self, speaker: Presence) -> None:
        """Raises Muted if the speaker is, everywhere or where they are."""
        now, until = self._clock.now(), speaker.muted_until
        if until is None:
            measure = self.gate.mute(speaker.account_id, door=speaker.door, room=speaker.room_id)
            if measure is not None:
                raise Muted(self.gate.muted_words(measure))
            return
        if now >= until:
            speaker.muted_until = None
            return
        if until == UNTIL_LIFTED:
            raise Muted("You are muted until the staff lifts it.", hint=self.gate.appeal_hint(speaker.account_id))
        left, hint = until - now, self.gate.appeal_hint(speaker.account_id)
        raise Muted(f"You are muted for another {chat.remaining(left)}.", hint=hint, retry_after=left)

    # --- not listening ---------------------------------------------------------------------------------

    async def ignore(self, actor: Presence, name: str) -> str:
        """Hear nothing of an account any more, in whatever body, or of a guest in a lobby that is heard in the world.
        Returns the name of who is meant.

        Raises:
            Unreachable: nobody of that name is or ever was.
            BadUsage: oneself.
            TooMany: one ignores as many as one can.

        """
        target, shown = await self._account_of(name)
        if target == actor.account_id:
            raise BadUsage("You cannot ignore yourself.")
        if target not in actor.ignored and len(actor.ignored) >= MAX_IGNORED:
            raise TooMany(f"You ignore {MAX_IGNORED} people, as many as one can.", hint="`unignore` somebody first.")
        if is_guest_sender(target):  # without an account, there is nothing to keep
            self._set_ignored(actor, actor.ignored | {target})
            return shown
        await self._store.write(
            lambda tx: tx.preferences.ignore(actor.account_id, target),
            then=lambda _: self._set_ignored(actor, actor.ignored | {target}),
        )
        return shown

    async def unignore(self, actor: Presence, name: str) -> str:
        """Listen again. Returns the name of who is meant. Raises Unreachable if there is nobody of that name."""
        target, shown = await self._account_of(name)
        await self._store.write(
            lambda tx: tx.preferences.unignore(actor.account_id, target),
            then=lambda _: self._set_ignored(actor, actor.ignored - {target}),
        )
        return shown

    async def ignored_names(self, actor: Presence) -> list[str]:
        """Whom the actor ignores, by the names of their characters."""

        def work(tx: Transaction) -> list[str]:
            names = []
            for account_id in tx.preferences.ignored(actor.account_id):
                bodies = tx.characters.of_account(account_id)
                called = " / ".join(one.name for one in bodies)
                names.append(called or tx.accounts.require(account_id).name)
            return sorted(names)

        return await self._store.read(work)

    async def _account_of(self, name: str) -> tuple[AccountId, str]:
        try:
            present = self.require_listener(name)
        except Unreachable:
            outside = self.find_outside(name)
            if outside is not None:
                return outside
            body = await self._store.read(lambda tx: tx.characters.by_name_key(name_key(name)))
            if body is None:
                raise Unreachable(f"Nobody is called {name}.") from None
            return body.account_id, body.name
        return present.account_id, present.name

    def _set_ignored(self, actor: Presence, ignored: frozenset[AccountId]) -> None:
        actor.ignored = ignored
        self._realtime.set_ignored(actor.character_id, ignored)
        for observer in self._ignoring_observers:
            observer(actor)

    # --- from the staff --------------------------------------------------------------------------------

    async def announce(self, caller: Caller, text: str) -> str:
        """To everybody on the server, in its name; recorded.

        Raises:
            PermissionDenied: the caller may not.

        """
        words = chat.clean(text, limit=ANNOUNCEMENT_CHARACTERS, verb="announce")
        now = self._clock.now()

        def work(tx: Transaction) -> None:
            require(role_within(tx, caller), Permission.ANNOUNCE)
            tx.moderation.record(AuditEntry(now, caller.account_id, "world.announced", "", {"text": words}))

        await self._store.write(work, then=lambda _: self.proclaim(words))
        await self.remember_announcement(words)
        return words

    def proclaim(self, words: str) -> None:
        """Tell everybody on the server, in its name. Nothing is recorded: for what the server says by itself."""
        self._realtime.publish(GLOBAL_TOPIC, event_of(SystemMessage(words, "announcement"), self._clock.now()))
        for observer in self._announcement_observers:
            observer(words)

    async def remember_announcement(self, words: str) -> None:
        """Have it among the announcements that people can read later."""
        now = self._clock.now()
        told = ChatMessage(self._ids.new(), ANNOUNCEMENTS, "", "", words, words, now, speaker_kind="system")
        await self._history.append(_ANNOUNCED, event_of(told, now, message_id=told.id))

    # --- what was said -----------------------------------------------------------------------------------

    def entered(self, present: Presence) -> None:
        """Somebody came into the world, and is shown what was said there lately, or has a new stream (observer of
        `PresenceService`)."""
        arrival = self._arrivals.get(present.character_id)
        if arrival is None or arrival[0] != present.room_id:
            self._arrivals[present.character_id] = present.room_id, None

    def moved(self, character_id: CharacterId, room_id: RoomId) -> None:
        """Somebody is in another room (observer of `MovementService`)."""
        self._arrivals[character_id] = room_id, self._clock.now()

    def gone(self, character_id: CharacterId) -> None:
        """Somebody left the world (observer of `PresenceService`)."""
        self._arrivals.pop(character_id, None)

    def _in_room(self, reader: Presence) -> Source:
        room_id, since = self._arrivals.get(reader.character_id, (None, None))
        if room_id != reader.room_id:  # brought there, rather than having walked
            since = self._clock.now()
        return Source(room_topic(reader.room_id), since)

    def add_channel(self, name: str, within: Callable[[Presence], Source]) -> None:
        """Have a channel that belongs to somebody else remembered, too. `within` says where, for one reader, and
        refuses who has no part in it."""
        self._sources[name] = within

    @property
    def remembered(self) -> list[str]:
        """The channels that `history` knows."""
        return sorted(self._sources)

    async def history(self, reader: Presence, channel: str, limit: int = HISTORY_LIMIT) -> list[ChatMessage]:
        """What was said on a channel that the reader is on, oldest first: in their room, party and faction since they
        came to it, in private with them. Nothing of whom they ignore.

        Raises:
            NotFound: there is no such channel.
            NotInParty, NoFaction: the reader has no part in it.

        """
        self.source(reader, channel)
        found = [event.payload for event in await self.read(reader, channel) if isinstance(event.payload, ChatMessage)]
        return found[-limit:] if limit > 0 else []

    def source(self, reader: Presence, channel: str) -> Source:
        """Where the reader finds what was said on a channel. Raises as `history`."""
        within = self._sources.get(channel)
        if within is None:
            raise NotFound("There is no such channel.", hint=f"{', '.join(self.remembered)}.")
        return within(reader)

    async def read(self, reader: Presence, channel: str) -> list[Event]:
        """As `history`, with who said it; nothing of a channel that the reader has no part in."""
        try:
            source = self.source(reader, channel)
        except (NoFaction, NotInParty):
            return []
        return [
            event
            for event in await self._history.recent(source.topic, HISTORY_LIMIT)
            if isinstance(event.payload, ChatMessage)
            and event.sender not in reader.ignored
            and (source.since is None or event.timestamp >= source.since)
        ]

    async def history_for(self, caller: Caller, channel: str, limit: int = HISTORY_LIMIT) -> list[ChatMessage]:
        """`history` for the caller's character. Raises NotInWorld if there is none in the world, and as that."""
        reader = self._presence.of_account(caller.account_id)
        if reader is None:
            raise NotInWorld(hint="Connect to the event stream first.")
        return await self.history(reader, channel, limit)


def _of_faction(reader: Presence) -> Source:
    if not reader.faction:
        raise NoFaction
    return Source(faction_topic(reader.faction), reader.faction_since)


def _private_topic(character_id: CharacterId) -> Topic:
    """Under which the private words from and to somebody are remembered; nobody listens to it."""
    return Topic("private:" + character_id)


def _absence(listener: Presence) -> str:
    """What somebody who talks to `listener` should know."""
    if listener.linkdead_since is not None:
        return f"{listener.name} has lost the connection and may not read that."
    if listener.availability is Availability.ONLINE:
        return ""
    return f"{listener.name} is {listener.availability.value}{f': {listener.afk_text}' if listener.afk_text else '.'}"
