"""Presence: entering the world, being away, losing the line, leaving.

Presence is live state. When the server starts nobody is present; characters stand where their rows
say. A character is *present* (others see it), *asleep* (its line has been gone long enough for
others to have seen it leave, while its stream still listens), or neither.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from mythgate.domain import chat
from mythgate.domain.accounts import Role
from mythgate.domain.characters import Character
from mythgate.domain.errors import Conflict, NotFound, NotInWorld, SessionEnded
from mythgate.domain.events import (
    AdminEvent,
    ChatMessage,
    Disconnect,
    Event,
    GameState,
    PlayerEntered,
    PlayerEnteredGame,
    PlayerLeft,
    PlayerLeftGame,
    PlayerStatus,
    PlayerUpdate,
    RoomUpdate,
    event_of,
)
from mythgate.domain.ids import (
    GLOBAL_TOPIC,
    STAFF_TOPIC,
    AccountId,
    CharacterId,
    PlayId,
    RoomId,
    faction_topic,
    room_topic,
)
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.moderation import AuditEntry, StaffAct
from mythgate.domain.permissions import Permission, may, require, require_authority
from mythgate.domain.presence import Availability, Presence
from mythgate.domain.sessions import Caller
from mythgate.domain.sheets import Sheet
from mythgate.services.accounts import role_within
from mythgate.services.characters import CharacterService
from mythgate.services.company import Company
from mythgate.services.errands import Errands
from mythgate.services.moderation import REASON_LENGTH, UNTIL_LIFTED
from mythgate.services.ports import Clock, History, PresenceStore, Realtime, Store, Transaction
from mythgate.services.sight import Persona, Sight
from mythgate.services.world import WorldService, occupant_view

log = logging.getLogger(__name__)

RECENT: Final = 20  # talk a newcomer is told
AFK_CHARACTERS: Final = 200
ENTRY_ATTEMPTS: Final = 10
FAREWELL: Final = Disconnect("quit", "You leave the world. Come back soon.", may_reconnect=False, code=4500)

_CHAT_FIELDS: Final = tuple(one.name for one in fields(ChatMessage))


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the rows say about somebody who enters."""

    body: Character
    explored: set[RoomId]
    aliases: dict[str, str]
    ignored: frozenset[AccountId]
    muted_until: datetime | None
    inventory: list[Item]
    items: list[Item]
    sheet: Sheet


class PresenceService:
    """Who is in the world, and how reachable. Fulfils `realtime.hub.StreamWatcher`."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        history: History,
        world: WorldService,
        characters: CharacterService,
        sight: Sight,
        company: Company,
        clock: Clock,
    ) -> None:
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._history = history
        self._world = world
        self._characters = characters
        self._sight = sight
        self._company = company
        self._clock = clock
        self._asleep = sight.asleep
        self._entering: dict[CharacterId, set[object]] = {}  # rows read, not present yet: by attempt
        self.on_reentered: Callable[[CharacterId], None] | None = None  # a new stream without having left
        characters.on_deleted = self._on_deleted
        self._errands = Errands("presence")
        self._aligned: dict[CharacterId, datetime] = {}  # who came to a faction since the server started, and when
        self._entry_observers: list[Callable[[Presence], None]] = []
        self._exit_observers: list[Callable[[CharacterId], None]] = []
        self._status_observers: list[Callable[[CharacterId], None]] = []

    def on_entered(self, observer: Callable[[Presence], None]) -> None:
        """Have `observer` told of who was given a stream, after its `game_state`: who came, or came back to a character
        that had not left."""
        self._entry_observers.append(observer)

    def on_gone(self, observer: Callable[[CharacterId], None]) -> None:
        """Have `observer` told of who left the world, was put out of it, or was deleted; perhaps more than once.

        A lost line is no reason before the stream has ended.
        """
        self._exit_observers.append(observer)

    def on_status(self, observer: Callable[[CharacterId], None]) -> None:
        """Have `observer` told of who is away, busy, linkdead, asleep or back from now on."""
        self._status_observers.append(observer)

    # --- coming ----------------------------------------------------------------------------------------

    async def choose(self, caller: Caller, character_id: CharacterId | None) -> Character:
        """The character that enters: the one named, else the one selected, else the oldest.

        A guest who has none gets one.

        Raises:
            NoCharacter: none is named and the account has none.
            NotFound: there is no such living character.
            PermissionDenied: it is somebody else's.

        """
        return await self._characters.choose(caller, character_id)

    async def enter(
        self, caller: Caller, character: Character, *, play_id: PlayId, door: str = "http", client: str = ""
    ) -> Presence:
        """Put the character into the world, or hand one that is there to its new stream.

        The stream is open already; its first event is `game_state`. Only who was not there before is
        announced.

        Raises:
            NotFound: the character was deleted meanwhile.
            SessionEnded: the stream was ended meanwhile: signed out, removed, taken over.

        """
        room_id, entering, attempt = character.room_id, self._sight.entering, object()
        try:
            for _ in range(ENTRY_ATTEMPTS):
                changes, steps = self._sight.item_changes(room_id), self._sight.absent_steps
                edits = entering.setdefault(character.id, 0)
                entry = await self._store.write(
                    lambda tx: self._read_entry(tx, caller, character.id),
                    then=lambda read: self._entering.setdefault(read.body.id, set()).add(attempt),
                )
                expected, room_id = room_id, entry.body.room_id
                recent = await self._recent(room_id, entry.ignored)
                present = self._presence.get(character.id)
                if attempt not in self._entering.get(character.id, ()):
                    raise NotFound("There is no such character.")
                # Meanwhile the world may have been reloaded, things been dropped, or the character have changed or
                # walked on: one that is there already and taken over, or one that left in the middle of a step.
                if (
                    room_id == expected
                    and changes == self._sight.item_changes(room_id)
                    and steps == self._sight.absent_steps
                    and entering.get(character.id) == edits  # else it changed, or another attempt has come to its end
                    and self._world.world.room(room_id) is not None
                    and (present is None or present.room_id == room_id)
                ):
                    return self._admit(caller, entry, recent, play_id, door, client)
            raise Conflict("Too much changes where you are.", hint="Try again.")
        finally:
            attempts = self._entering.get(character.id, set())
            attempts.discard(attempt)
            if not attempts:
                self._entering.pop(character.id, None)
            entering.pop(character.id, None)

    def _read_entry(self, tx: Transaction, caller: Caller, character_id: CharacterId) -> _Entry:
        now = self._clock.now()
        world = self._world.world
        account = tx.accounts.require(caller.account_id)
        body = tx.characters.require(character_id)
        if body.account_id != caller.account_id:
            raise NotFound("There is no such character.")
        if world.room(body.room_id) is None:
            body = tx.characters.relocate(body, world.start_room, now)
        else:
            body.last_active_at = now
            tx.characters.save(body)
        if account.selected_character != body.id:
            account.selected_character = body.id
            tx.accounts.save(account)
        tx.characters.explore(body.id, body.room_id, now)
        return _Entry(
            body=body,
            items=tx.items.held_by(HolderKind.ROOM, body.room_id),
            inventory=tx.items.held_by(HolderKind.CHARACTER, body.id),
            explored=tx.characters.explored(body.id),
            aliases=tx.preferences.aliases(body.id),
            ignored=frozenset(tx.preferences.ignored(caller.account_id)),
            muted_until=_muted_until(tx, caller.account_id, now),
            sheet=tx.sheets.get(body.id),
        )

    async def _recent(self, room_id: RoomId, ignored: frozenset[AccountId]) -> list[dict[str, Any]]:
        """What was said in the room lately, without the words of those the newcomer ignores."""
        events: list[Event] = await self._history.recent(room_topic(room_id), RECENT)
        return [
            {name: getattr(event.payload, name) for name in _CHAT_FIELDS}
            for event in events
            if isinstance(event.payload, ChatMessage) and event.sender not in ignored
        ]

    def _admit(
        self,
        caller: Caller,
        entry: _Entry,
        recent: list[dict[str, Any]],
        play_id: PlayId,
        door: str,
        client: str,
    ) -> Presence:
        body, now = entry.body, self._clock.now()
        if not self._realtime.has_stream(body.id):
            raise SessionEnded  # nobody would ever take away who is tracked without one
        other = self._presence.of_account(caller.account_id)
        if other is not None and other.character_id != body.id:
            self._remove(other)
        self._asleep.pop(body.id, None)
        present = self._presence.get(body.id)
        came = present is None
        if present is None:
            present = Presence(
                character_id=body.id,
                account_id=caller.account_id,
                session_id=caller.session_id,
                name=body.name,
                name_key=body.name_key,
                room_id=body.room_id,
                role=caller.role,
                door=door,
                client=client,
                since=now,
                last_seen_at=now,
                level=body.level,
                faction=body.faction,
                afk_text=body.afk_text,
                number=body.number,
                faction_since=self._aligned.get(body.id, body.created_at),
            )
            self._presence.track(present)
        else:
            self.align(body.id, body.faction)
            present.level = body.level
        present.session_id, present.role = caller.session_id, caller.role
        present.door, present.client, present.last_seen_at = door, client, now
        present.muted_until, present.ignored = entry.muted_until, entry.ignored
        self._sight.personas[body.id] = Persona(
            entry.explored, entry.aliases, body.description, caller.is_guest, entry.sheet
        )
        self._realtime.set_ignored(body.id, entry.ignored)
        state = GameState(
            player=self._sight.player(present, self._sight.rows(entry.inventory)),
            room=self._sight.view(present, entry.items),
            session_id=play_id,
            recent=recent,
        )
        self._realtime.send(body.id, event_of(state, now, room_id=present.room_id, player_id=body.id))
        self._subscribe(present)
        if came:
            self._tell_came(present)
            self._world.on_entered(body.id, body.name, present.room_id)
        elif present.linkdead_since is not None:
            self.on_returned(body.id)
        else:
            self._realtime.send(body.id, self._sight.occupants_event(present.room_id))
        if not came and self.on_reentered is not None:
            self.on_reentered(body.id)
        for observer in self._entry_observers:
            observer(present)
        log.info("character entered", extra={"character": body.id, "room": present.room_id, "came": came, "door": door})
        return present

    def _subscribe(self, present: Presence) -> None:
        self._realtime.subscribe(present.character_id, room_topic(present.room_id))
        self._realtime.subscribe(present.character_id, GLOBAL_TOPIC)
        if present.faction:
            self._realtime.subscribe(present.character_id, faction_topic(present.faction))
        self._listen_to_staff(present)

    def _listen_to_staff(self, present: Presence) -> None:
        """The staff's events are for whoever has the role now, whatever the character listened to before."""
        if may(present.role, Permission.HEAR_STAFF):
            self._realtime.subscribe(present.character_id, STAFF_TOPIC)
        else:
            self._realtime.unsubscribe(present.character_id, STAFF_TOPIC)

    def _tell_came(self, present: Presence) -> None:
        payload = PlayerEnteredGame(
            present.character_id, present.name, f"{present.name} enters the world.", occupant_view(present)
        )
        self._publish(present, payload)
        self._sight.tell_occupants(present.room_id)

    # --- going -----------------------------------------------------------------------------------------

    async def depart(self, character_id: CharacterId, *, reason: str = "quit") -> bool:
        """Leave the world on purpose. Others are told at once. False if the character was not there."""
        present = self._presence.get(character_id)
        if present is None:
            return self._forget_sleeper(character_id)
        self._remove(present)
        log.info("character left", extra={"character": character_id, "reason": reason})
        await self._errands.carry_out(self._save_last_active(character_id))
        return True

    async def quit(self, character_id: CharacterId) -> None:
        """`depart`, and end the character's stream with a farewell."""
        try:
            await self.depart(character_id)
        finally:
            self._realtime.close(character_id, FAREWELL)

    def acting(self, caller: Caller) -> CharacterId:
        """The caller's character that is in the world. Raises NotInWorld if there is none."""
        present = self._presence.of_account(caller.account_id)
        if present is None:
            raise NotInWorld(hint="Connect to the event stream first.")
        return present.character_id

    def _remove(self, present: Presence) -> None:
        """Nobody sees the character any more, and its stream hears nothing of the world."""
        self._realtime.unsubscribe(present.character_id, room_topic(present.room_id))
        self._realtime.unsubscribe(present.character_id, GLOBAL_TOPIC)
        self._realtime.unsubscribe(present.character_id, STAFF_TOPIC)
        self._realtime.unsubscribe(present.character_id, faction_topic(present.faction))
        self._vanish(present)
        self._sight.personas.pop(present.character_id, None)
        self._tell_gone(present.character_id)

    def _vanish(self, present: Presence) -> None:
        """Others see the character leave."""
        self._presence.untrack(present.character_id)
        self._company.part(present)
        payload = PlayerLeftGame(present.character_id, present.name, f"{present.name} leaves the world.")
        self._publish(present, payload)
        self._sight.tell_occupants(present.room_id)

    def _forget_sleeper(self, character_id: CharacterId) -> bool:
        sleeper = self._asleep.pop(character_id, None)
        if sleeper is None:
            return False
        for topic in (room_topic(sleeper.room_id), GLOBAL_TOPIC, STAFF_TOPIC, faction_topic(sleeper.faction)):
            self._realtime.unsubscribe(character_id, topic)
        self._sight.personas.pop(character_id, None)
        self._tell_gone(character_id)
        return True

    def _tell_gone(self, character_id: CharacterId) -> None:
        for observer in self._exit_observers:
            observer(character_id)

    def _on_deleted(self, character_id: CharacterId) -> None:
        """The character is no more; it may just have been entering."""
        self._entering.pop(character_id, None)
        present = self._presence.get(character_id)
        if present is not None:
            self._remove(present)
        if not self._forget_sleeper(character_id) and present is None:
            self._tell_gone(character_id)
        self._realtime.close(character_id, Disconnect("no_character", "Your character was deleted.", False, 4504))

    async def kick(self, caller: Caller, character_id: CharacterId, reason: str = "") -> Presence:
        """Remove somebody from the world and end the connection. They may come back later.

        Raises:
            PermissionDenied: the caller is no moderator, or does not stand above them.
            NotInWorld: they are not there.

        """
        present = self._sight.present(character_id)
        now = self._clock.now()

        def work(tx: Transaction) -> None:
            actor = role_within(tx, caller)
            require(actor, Permission.KICK)
            require_authority(actor, tx.accounts.require(present.account_id).role, Permission.KICK)
            detail = {"name": present.name, "reason": reason[:REASON_LENGTH]}
            tx.moderation.record(AuditEntry(now, caller.account_id, "character.kicked", present.account_id, detail))

        def after(_: None) -> None:
            if self._presence.get(character_id) is present:
                self._remove(present)
            message = f"You were removed by the staff{f': {reason}' if reason else '.'}"
            self._realtime.close(character_id, Disconnect("removed", message, False, 4506))
            event = AdminEvent("character.kicked", present.account_id, f"{caller.name} removed {present.name}.")
            told = event_of(event, self._clock.now(), subject=StaffAct(caller.account_id))
            self._realtime.publish(STAFF_TOPIC, told)

        await self._store.write(work, then=after)
        self._errands.start(self._save_last_active(character_id))
        return present

    async def _save_last_active(self, character_id: CharacterId) -> None:
        now = self._clock.now()

        def work(tx: Transaction) -> None:
            body = tx.characters.get(character_id)
            if body is not None and body.deleted_at is None:
                body.last_active_at = now
                tx.characters.save(body)

        await self._store.write(work)

    # --- the line (realtime.hub.StreamWatcher) ------------------------------------------------------------

    def on_detached(self, character_id: CharacterId) -> None:
        """The line broke: the character stands there, linkdead. Whom it follows it goes on following.

        Not worth a word yet: whoever reloads their page is back in a moment.
        """
        present = self._presence.get(character_id)
        if present is None or present.linkdead_since is not None:
            return
        present.linkdead_since = self._clock.now()
        self._tell_status(present, "")

    def on_missed(self, character_id: CharacterId) -> None:
        """Not back in a moment: others read about it."""
        present = self._presence.get(character_id)
        if present is None or present.linkdead_since is None or present.loss_told:
            return
        present.loss_told = True
        self._tell_status(present, f"{present.name} has lost the connection.")

    def on_returned(self, character_id: CharacterId) -> None:
        """The line is back: linkdead no more, or, seen leaving before, come again."""
        sleeper = self._asleep.pop(character_id, None)
        if sleeper is not None:
            self._wake(sleeper)
            return
        present = self._presence.get(character_id)
        if present is None or present.linkdead_since is None:
            return
        present.linkdead_since = None
        present.last_seen_at = self._clock.now()
        was_told, present.loss_told = present.loss_told, False
        self._tell_status(present, f"{present.name} is connected again." if was_told else "")

    def _wake(self, sleeper: Presence) -> None:
        if self._world.world.room(sleeper.room_id) is None:  # a reload took it, and moved the row to the start
            self._realtime.unsubscribe(sleeper.character_id, room_topic(sleeper.room_id))
            sleeper.room_id = self._world.world.start_room
            self._realtime.subscribe(sleeper.character_id, room_topic(sleeper.room_id))
            self._errands.start(self._show_room(sleeper))
        sleeper.linkdead_since = None
        sleeper.loss_told = False
        sleeper.last_seen_at = self._clock.now()
        self._presence.track(sleeper)
        self._tell_came(sleeper)
        self._note_status(sleeper.character_id)
        self._errands.start(self._catch_up(sleeper))

    async def _catch_up(self, present: Presence) -> None:
        """What passes sleepers by: roles, mutes, and a step that was being saved when they fell asleep."""
        await self.check([present])

        def work(tx: Transaction) -> tuple[Role, datetime | None]:
            return tx.accounts.require(present.account_id).role, _muted_until(tx, present.account_id, now)

        def after(found: tuple[Role, datetime | None]) -> None:
            if self._presence.get(present.character_id) is present:
                present.role, present.muted_until = found
                self._listen_to_staff(present)

        now = self._clock.now()
        # Nothing is written, but what is found comes in line with the changes others save and announce.
        await self._store.write(work, then=after)

    def align(self, character_id: CharacterId, faction: str) -> None:
        """The character belongs to another faction, or with empty text to none: it hears that one's talk. To be called
        once it is saved."""
        if character_id in self._sight.entering:
            self._sight.entering[character_id] += 1
        one = self._presence.get(character_id) or self._asleep.get(character_id)
        if one is not None and one.faction == faction:
            return
        self._aligned[character_id] = now = self._clock.now()
        if one is None:
            return
        self._realtime.unsubscribe(character_id, faction_topic(one.faction))
        one.faction, one.faction_since = faction, now
        if faction:
            self._realtime.subscribe(character_id, faction_topic(faction))
        if self._presence.get(character_id) is one:
            self._sight.tell_occupants(one.room_id)

    async def _show_room(self, present: Presence) -> None:
        view = await self._sight.look(present)
        event = event_of(RoomUpdate(view), self._clock.now(), room_id=present.room_id)
        self._realtime.send(present.character_id, event)

    def on_display_grace_over(self, character_id: CharacterId) -> None:
        """Others see the character leave; its stream listens on, and it may yet come back."""
        present = self._presence.get(character_id)
        if present is None or present.linkdead_since is None:
            return
        self._asleep[character_id] = present
        self._vanish(present)
        self._note_status(character_id)
        self._errands.start(self._save_last_active(character_id))

    def on_stream_ended(self, character_id: CharacterId, reason: str) -> None:
        """The stream is no more: the character is gone, unless it had left before."""
        present = self._presence.get(character_id)
        if present is not None:
            self._remove(present)
            self._errands.start(self._save_last_active(character_id))
            log.info("character left", extra={"character": character_id, "reason": reason})
        elif self._forget_sleeper(character_id):
            log.info("sleeper gone", extra={"character": character_id, "reason": reason})

    def on_displaced(self, character: Character, _origin: RoomId) -> None:
        """A reload took the room the character was in (`WorldService.on_displaced`)."""
        present = self._presence.get(character.id)
        if present is None:
            return
        self._sight.persona(character.id).explored.add(character.room_id)
        payload = PlayerEntered(
            present.character_id, present.name, f"{present.name} enters the room.", player=occupant_view(present)
        )
        self._publish(present, payload)
        self._sight.tell_occupants(present.room_id)
        self._errands.start(self._show_room(present))

    # --- away, busy, back ----------------------------------------------------------------------------------

    async def set_availability(
        self, character_id: CharacterId, availability: Availability, text: str | None = None
    ) -> Presence:
        """Say whether one can be talked to. `text` is kept and used again when none is given; "" clears it.

        Raises:
            NotInWorld: the character is not present.
            InvalidInput: the text is too long.

        """
        present = self._sight.present(character_id)
        if text:
            text = chat.clean(text, limit=AFK_CHARACTERS, verb="tell them")
        if text is not None and text != present.afk_text:
            await self._save_afk_text(character_id, text)
            present = self._sight.present(character_id)
            present.afk_text = text
        if present.availability is availability and text is None:
            return present
        present.availability = availability
        if availability is Availability.ONLINE:
            message = f"{present.name} is back."
        else:
            message = f"{present.name} is {availability.value}{f': {present.afk_text}' if present.afk_text else '.'}"
        self._tell_status(present, message)
        return present

    async def _save_afk_text(self, character_id: CharacterId, text: str) -> None:
        def work(tx: Transaction) -> None:
            body = tx.characters.require(character_id)
            body.afk_text = text
            tx.characters.save(body)

        await self._store.write(work)

    def _tell_status(self, present: Presence, message: str) -> None:
        view = occupant_view(present)
        payload = PlayerStatus(present.character_id, present.name, view.status, present.afk_text, message)
        self._publish(present, payload)
        self._sight.tell_occupants(present.room_id)
        self._note_status(present.character_id)

    def _note_status(self, character_id: CharacterId) -> None:
        for observer in self._status_observers:
            observer(character_id)

    def _publish(
        self, present: Presence, payload: PlayerStatus | PlayerEntered | PlayerLeft | PlayerEnteredGame | PlayerLeftGame
    ) -> None:
        """Tell the others in the room about `present`."""
        event = event_of(payload, self._clock.now(), room_id=present.room_id, player_id=present.character_id)
        self._realtime.publish(room_topic(present.room_id), event, exclude=present.character_id)

    # --- descriptions ----------------------------------------------------------------------------------------

    async def describe(self, character_id: CharacterId, text: str) -> None:
        """What others see when they look at the character; empty text for nothing special."""
        present = self._sight.present(character_id)
        description = await self._characters.describe(character_id, text)
        inventory = self._sight.rows(await self._sight.carried(character_id))
        persona = self._sight.personas.get(character_id)
        if persona is not None:  # otherwise they have left meanwhile
            persona.description = description
            event = event_of(PlayerUpdate(self._sight.player(present, inventory)), self._clock.now())
            self._realtime.send(character_id, event)

    # --- truth -----------------------------------------------------------------------------------------------

    def is_asleep(self, character_id: CharacterId) -> bool:
        """Whether others have seen the character leave while its stream still listens."""
        return character_id in self._asleep

    async def check(self, presences: Sequence[Presence] | None = None) -> list[str]:
        """Compare presence with the rows; put right what differs, and tell what it was. Empty if all is well.

        A step that is saved and not yet announced is no difference: suspects are compared again in the
        order of the commits, after everything saved before was announced.
        """
        present = self._presence.all() if presences is None else presences
        ghosts = self._remove_ghosts(present)
        ids = [one.character_id for one in present]
        bodies = await self._store.read(lambda tx: _living(tx, ids))
        suspects = sorted(one.character_id for one in present if self._differs(one, bodies))
        findings = ghosts
        if suspects:
            await self._store.write(
                lambda tx: _living(tx, suspects), then=lambda bodies: findings.extend(self._put_right(bodies))
            )
        for finding in findings:
            log.error("presence put right", extra={"finding": finding})
        return findings

    def _remove_ghosts(self, present: Sequence[Presence]) -> list[str]:
        """Whoever is in the world, or asleep, without a stream: nothing would ever end that."""
        findings = []
        for one in present:
            if self._presence.get(one.character_id) is one and not self._realtime.has_stream(one.character_id):
                findings.append(f"{one.character_id} is present and has no stream")
                self._remove(one)
        for character_id in [one for one in self._asleep if not self._realtime.has_stream(one)]:
            findings.append(f"{character_id} is asleep and has no stream")
            self._forget_sleeper(character_id)
        return findings

    def _differs(self, present: Presence, bodies: Mapping[CharacterId, Character | None]) -> bool:
        if self._presence.get(present.character_id) is not present:
            return False
        body = bodies[present.character_id]
        return body is None or body.room_id != present.room_id

    def _put_right(self, bodies: Mapping[CharacterId, Character | None]) -> list[str]:
        findings = []
        for character_id, body in bodies.items():
            present = self._presence.get(character_id)
            if present is None:
                continue
            if body is None:
                findings.append(f"{character_id} is present and does not exist")
                self._remove(present)
            elif body.room_id != present.room_id:
                findings.append(f"{character_id} is shown in {present.room_id} and stands in {body.room_id}")
                self._place(present, body.room_id)
        return findings

    def _place(self, present: Presence, room_id: RoomId) -> None:
        origin = present.room_id
        self._publish(present, PlayerLeft(present.character_id, present.name, f"{present.name} leaves the room."))
        self._realtime.unsubscribe(present.character_id, room_topic(origin))
        self._presence.relocate(present.character_id, room_id)
        self._sight.tell_occupants(origin)
        view = occupant_view(present)
        entered = f"{present.name} enters the room."
        self._publish(present, PlayerEntered(present.character_id, present.name, entered, player=view))
        self._realtime.subscribe(present.character_id, room_topic(room_id))
        self._sight.tell_occupants(room_id)
        self._errands.start(self._show_room(present))

    async def settle(self) -> None:
        """Wait until all that was started in passing is done. Before the store closes."""
        await self._errands.settle()


def _muted_until(tx: Transaction, account_id: AccountId, now: datetime) -> datetime | None:
    mute = tx.moderation.mute_of(account_id)
    return (mute.ends_at or UNTIL_LIFTED) if mute is not None and mute.is_active(now) else None


def _living(tx: Transaction, ids: Iterable[CharacterId]) -> dict[CharacterId, Character | None]:
    """The rows of living characters; None for others."""
    found = {character_id: tx.characters.get(character_id) for character_id in ids}
    return {one: body if body is not None and body.deleted_at is None else None for one, body in found.items()}
