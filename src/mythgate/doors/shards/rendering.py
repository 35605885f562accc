"""What happens, as messages of the dialect.

Most of it is the same for all who hear it and is written once an event. What only shows where one is
(`game_state`, `room_update`) is turned into `location_update` and one `character_update` for each player there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mythgate.domain import chat
from mythgate.domain.chat import Channel
from mythgate.domain.events import (
    Aetherfall,
    ChatMessage,
    CombatChallenge,
    CombatDamage,
    CombatEnd,
    CombatHeal,
    CombatStart,
    CombatState,
    CombatView,
    Disconnect,
    ErrorEvent,
    Event,
    EventTrigger,
    FighterView,
    GameState,
    PartyInvite,
    PartyInviteEnded,
    PartyUpdate,
    Payload,
    PlayerEntered,
    PlayerEnteredGame,
    PlayerLeft,
    PlayerLeftGame,
    PlayerState,
    PositionUpdate,
    QuestUpdate,
    RealityShift,
    RoomUpdate,
    ShardCaptured,
    ShardStatusChanged,
    SystemMessage,
    TradeAccept,
    TradeComplete,
    TradeDecline,
    TradeOfferView,
    TradeRequest,
    TradeUpdate,
    TradeView,
    WorldStateChanged,
)
from mythgate.domain.ids import CharacterId, RoomId
from mythgate.domain.presence import Presence
from mythgate.wire.shards import messages as wire
from mythgate.wire.shards.codec import encode
from mythgate.wire.shards.messages import MessageType
from mythgate.wire.websocket import TEXT, frame

if TYPE_CHECKING:
    from mythgate.doors.shards.door import ShardsDoor

logger = logging.getLogger(__name__)

ID_CHARACTERS: Final = 128
FORMAT: Final = "shards"  # under which an event keeps its text
ANNOUNCEMENT: Final = "Announcement"
SILENCE: Final = "…"
SPEECH: Final = "speech"  # the type of the event that an inhabitant of the world says something

CHALLENGE: Final = "duel_challenge"  # the type of the event that somebody wants a duel
CREATURES: Final = 10**12  # what numbers of creatures in a fight begin above; those of characters are below

TYPES: Final[Mapping[str, MessageType]] = MappingProxyType(
    {
        Channel.WHISPER: MessageType.WHISPER,
        Channel.TELL: MessageType.WHISPER,
        Channel.PARTY: MessageType.PARTY_CHAT,
        Channel.FACTION: MessageType.FACTION_CHAT,
    }
)
"""The type of talk on a channel of the world; else `chat`."""
CHANNELS: Final[Mapping[str, str]] = MappingProxyType({Channel.TELL: "whisper"})
"""What a channel is called here, where that is something else."""


@dataclass(frozen=True, slots=True)
class Original:
    """What the message of a speaker had that goes along with the words."""

    timestamp: float
    message_id: str | None
    priority: wire.MessagePriority
    words: str  # as typed, but for what cannot be seen

    @classmethod
    def of(cls, message: wire.ChatMessage) -> Original:
        """Of `message`; an id that is more than an id stays behind."""
        name = message.message_id
        if name is not None and not 0 < len(name) <= ID_CHARACTERS:
            name = None
        return cls(message.timestamp, name, message.priority, chat.tidy(message.content))

    @property
    def spoken(self) -> str:
        """The words as other doors tell them. There a line of spaces is none, here it may be."""
        return self.words if self.words.strip() else SILENCE

    def spaced(self, said: str) -> str:
        """`said` with the spaces as they were typed: programs compare what they hear with what they sent."""
        return self.words if self.words and self.spoken.split() == said.split() else said


class Rendering:
    """Words for events, with what they take from the world as it is."""

    def __init__(self, door: ShardsDoor) -> None:
        self._door = door

    # --- people ----------------------------------------------------------------------------------------

    def update_of(self, present: Presence, timestamp: float) -> wire.CharacterUpdateMessage:
        """Somebody in the world, with place and position always: who reads it forgets what is left out."""
        door = self._door
        persona = door.sight.personas.get(present.character_id)
        resources: dict[str, int] = {}
        if persona is not None:
            now, most = persona.sheet.now, persona.sheet.most
            resources = {
                "health": now.health,
                "max_health": most.health,
                "mana": now.mana,
                "max_mana": most.mana,
                "stamina": now.stamina,
                "max_stamina": most.stamina,
            }
        return wire.CharacterUpdateMessage(
            timestamp=timestamp,
            character_id=present.number,
            character_name=present.name,
            location_id=door.world.number_of(present.room_id),
            position=door.positions.get(present.character_id),
            level=present.level,
            faction=present.faction or None,
            **resources,
        )

    def place(self, reader: CharacterId, room_id: RoomId, name: str, timestamp: float) -> list[wire.Message]:
        """Where `reader` is, and who else is there."""
        door = self._door
        shown: list[wire.Message] = [
            wire.LocationUpdateMessage(
                timestamp=timestamp,
                character_id=door.number_of(reader),
                location_id=door.world.number_of(room_id),
                location_name=name,
            )
        ]
        others = (one for one in door.presences.in_room(room_id) if one.character_id != reader)
        return shown + [self.update_of(one, timestamp) for one in others]

    # --- events ----------------------------------------------------------------------------------------

    def texts(self, event: Event) -> bytes:
        """What all who hear `event` are told, as frames; nothing if it is none of theirs."""
        data = event.rendered.get(FORMAT)
        if data is None:
            renderer = SHARED.get(type(event.payload))
            try:
                data = frames(renderer(self, event.payload, event)) if renderer is not None else b""
            except ValueError:  # nobody is to lose the connection over what the dialect cannot say
                logger.exception("an event cannot be told", extra={"event": event.payload.event_type})
                data = b""
            event.rendered[FORMAT] = data
        return data

    def texts_for(self, reader: CharacterId, event: Event) -> bytes:
        """What `reader` is told, which may be another thing to each."""
        own = OWN.get(type(event.payload))
        return frames(own(self, reader, event.payload, event)) if own is not None else self.texts(event)

    def _chat(self, said: ChatMessage, event: Event) -> Iterable[wire.Message]:
        door = self._door
        if said.speaker_kind != "player":  # no chat: programs take that for what people say to everybody
            yield wire.EventTriggerMessage(
                timestamp=said.timestamp.timestamp(),
                event_type=SPEECH,
                title=said.player_name,
                description=said.message,
            )
            return
        original = event.subject if isinstance(event.subject, Original) else None
        speaker = door.number_of(CharacterId(said.player_id))
        session = door.sessions.of_number(speaker) if speaker else None
        words = original.spaced(said.message) if original is not None else said.message
        # Programs know their own lines by the name they logged in with.
        name = session.caller.name if session is not None else said.player_name
        if said.origin:  # nobody logs in with such a name
            name = f"[{said.origin}] {said.player_name}"
        yield wire.ChatMessage(
            type=TYPES.get(said.channel, MessageType.CHAT),
            timestamp=original.timestamp if original is not None else said.timestamp.timestamp(),
            message_id=original.message_id if original is not None else None,
            priority=original.priority if original is not None else wire.MessagePriority.NORMAL,
            sender_id=speaker,
            sender_name=name,
            channel=CHANNELS.get(said.channel, said.channel),
            content=words[: wire.CONTENT_CHARACTERS],
            recipient_id=door.number_of(CharacterId(said.target_id)) if said.target_id else None,
        )

    def _came(self, payload: PlayerEntered | PlayerEnteredGame, event: Event) -> Iterable[wire.Message]:
        at = event.timestamp.timestamp()
        yield self._area(MessageType.PLAYER_JOINED_AREA, payload, event)
        present = self._door.presences.get(CharacterId(payload.player_id))
        if present is not None:
            yield self.update_of(present, at)

    def _went(self, payload: PlayerLeft | PlayerLeftGame, event: Event) -> Iterable[wire.Message]:
        yield self._area(MessageType.PLAYER_LEFT_AREA, payload, event)

    def _area(self, kind: MessageType, payload: Any, event: Event) -> wire.Message:
        door = self._door
        return wire.AreaMessage(
            type=kind,
            timestamp=event.timestamp.timestamp(),
            character_id=door.number_of(CharacterId(payload.player_id)),
            character_name=payload.player_name,
            location_id=door.world.number_of(event.room_id) if event.room_id is not None else None,
        )

    def _state(self, payload: PlayerState | PositionUpdate, event: Event) -> Iterable[wire.Message]:
        door, character_id = self._door, CharacterId(payload.player_id)
        if isinstance(payload, PositionUpdate):
            door.note_position(character_id, payload.position)
        present = door.presences.get(character_id)
        if present is not None:
            yield self.update_of(present, event.timestamp.timestamp())

    def _system(self, payload: SystemMessage, event: Event) -> Iterable[wire.Message]:
        if payload.message_type == "announcement":
            yield wire.WorldAnnouncementMessage(
                timestamp=event.timestamp.timestamp(), content=payload.message, title=ANNOUNCEMENT
            )

    def _farewell(self, payload: Disconnect, event: Event) -> Iterable[wire.Message]:
        yield wire.DisconnectMessage(timestamp=event.timestamp.timestamp(), reason=payload.reason)

    def _error(self, payload: ErrorEvent, event: Event) -> Iterable[wire.Message]:
        yield wire.ErrorMessage(
            timestamp=event.timestamp.timestamp(),
            error_code=wire.ErrorCode.INTERNAL_ERROR,
            error_message=payload.message,
        )

    # --- parties ---------------------------------------------------------------------------------------

    def _party(self, reader: CharacterId, payload: PartyUpdate, event: Event) -> Iterable[wire.Message]:
        at, party = event.timestamp.timestamp(), payload.party
        if party is not None:
            yield wire.PartyUpdateMessage(
                timestamp=at,
                party_id=party.number,
                party_name=party.name,
                leader_id=party.leader_number,
                member_ids=[one.number for one in party.members],
                member_names=[one.name for one in party.members],
                max_members=party.max_members,
                loot_sharing=party.loot_sharing,
            )
        elif payload.reason == "disbanded":
            yield wire.PartyStepMessage(type=MessageType.PARTY_DISBAND, timestamp=at, party_id=payload.party_number)
        else:
            kind = MessageType.PARTY_KICK if payload.reason == "kicked" else MessageType.PARTY_LEAVE
            number = self._door.number_of(reader)
            yield wire.PartyStepMessage(type=kind, timestamp=at, party_id=payload.party_number, character_id=number)

    def _invited(self, reader: CharacterId, payload: PartyInvite, event: Event) -> Iterable[wire.Message]:
        if reader == payload.invitee_id:
            yield wire.PartyInviteMessage(
                timestamp=event.timestamp.timestamp(),
                party_id=payload.party_number,
                inviter_id=payload.inviter_number,
                inviter_name=payload.inviter_name,
                invitee_id=payload.invitee_number,
                invitee_name=payload.invitee_name,
                party_name=payload.party_name,
            )

    def _answered(self, payload: PartyInviteEnded, event: Event) -> Iterable[wire.Message]:
        if payload.outcome == "declined":
            yield wire.PartyStepMessage(
                type=MessageType.PARTY_DECLINE,
                timestamp=event.timestamp.timestamp(),
                party_id=payload.party_number,
                character_id=self._door.number_of(CharacterId(payload.invitee_id)),
            )

    # --- trades ----------------------------------------------------------------------------------------

    def _trade_asked(self, reader: CharacterId, payload: TradeRequest, event: Event) -> Iterable[wire.Message]:
        door, trade = self._door, payload.trade
        target = trade.partner_id if trade.requester_id == reader else reader
        yield wire.TradeRequestMessage(
            timestamp=event.timestamp.timestamp(),
            trade_id=trade.id,
            initiator_id=door.number_of(CharacterId(trade.requester_id)),
            target_id=door.number_of(CharacterId(target)),
        )

    def _trade_agreed(self, payload: TradeAccept, event: Event) -> Iterable[wire.Message]:
        yield wire.TradeStepMessage(
            type=MessageType.TRADE_ACCEPT,
            timestamp=event.timestamp.timestamp(),
            trade_id=payload.trade.id,
            character_id=self._door.number_of(CharacterId(payload.player_id)),
        )

    def _trade_changed(self, reader: CharacterId, payload: TradeUpdate, event: Event) -> Iterable[wire.Message]:
        trade = payload.trade
        yield wire.TradeUpdateMessage(
            timestamp=event.timestamp.timestamp(),
            trade_id=trade.id,
            offers=self._offers(reader, trade),
            accepted=[number for number, offer in self._sides(reader, trade) if offer.confirmed],
            revision=trade.revision,
        )

    def _trade_over(self, payload: TradeDecline, event: Event) -> Iterable[wire.Message]:
        yield wire.TradeStepMessage(
            type=MessageType.TRADE_DECLINE,
            timestamp=event.timestamp.timestamp(),
            trade_id=payload.id,
            character_id=self._door.number_of(CharacterId(payload.player_id)) if payload.player_id else None,
        )

    def _trade_done(self, reader: CharacterId, payload: TradeComplete, event: Event) -> Iterable[wire.Message]:
        yield wire.TradeCompleteMessage(
            timestamp=event.timestamp.timestamp(),
            trade_id=payload.trade.id,
            offers=self._offers(reader, payload.trade),
        )

    def _sides(self, reader: CharacterId, trade: TradeView) -> list[tuple[int, TradeOfferView]]:
        door = self._door
        return [(door.number_of(reader), trade.yours), (door.number_of(CharacterId(trade.partner_id)), trade.theirs)]

    def _offers(self, reader: CharacterId, trade: TradeView) -> list[dict[str, Any]]:
        """What the two give."""
        return [
            {
                "character_id": number,
                "souls": offer.souls,
                "items": [
                    {"item_id": line.number, "quantity": line.quantity, "name": line.name} for line in offer.items
                ],
            }
            for number, offer in self._sides(reader, trade)
        ]

    # --- fights ----------------------------------------------------------------------------------------

    def _fight_begins(self, payload: CombatStart, event: Event) -> Iterable[wire.Message]:
        yield wire.CombatStartMessage(
            timestamp=event.timestamp.timestamp(),
            combat_id=payload.combat.id,
            participants=self._fighters(payload.combat),
        )
        yield self._fight(payload.combat, event)

    def _fight_stands(self, payload: CombatState, event: Event) -> Iterable[wire.Message]:
        yield self._fight(payload.combat, event)

    def _fight(self, combat: CombatView, event: Event) -> wire.Message:
        fighters = self._fighters(combat)
        return wire.CombatStateMessage(
            timestamp=event.timestamp.timestamp(),
            combat_id=combat.id,
            turn_number=combat.round,
            active_character_id=self._door.fighters[combat.id].get(combat.active, 0),
            participants=fighters,
            combat_log=combat.log,
            is_finished=combat.is_finished,
        )

    def _fighters(self, combat: CombatView) -> list[dict[str, Any]]:
        self._door.fighters[combat.id] = {one.number: fighter_id(one) for one in combat.fighters}
        return [
            {
                "character_id": fighter_id(one),
                "name": one.name,
                "is_player": one.character_id is not None,
                "enemy": one.creature or None,
                "side": one.side,
                "level": one.level,
                "condition": one.condition,
                "stance": one.stance,
                "health": one.health,
                "max_health": one.max_health,
                "stamina": one.stamina,
                "max_stamina": one.max_stamina,
                "mana": one.mana,
                "max_mana": one.max_mana,
                "statuses": [
                    {"kind": what.kind, "rounds": what.rounds, "potency": what.potency} for what in one.statuses
                ],
            }
            for one in combat.fighters
        ]

    def _hurt(self, payload: CombatDamage | CombatHeal, event: Event) -> Iterable[wire.Message]:
        fighters = self._door.fighters.get(payload.combat_id, {})
        is_damage = isinstance(payload, CombatDamage)
        yield wire.CombatEffectMessage(
            type=MessageType.COMBAT_DAMAGE if is_damage else MessageType.COMBAT_HEAL,
            timestamp=event.timestamp.timestamp(),
            combat_id=payload.combat_id,
            source_id=fighters.get(payload.source, 0),
            target_id=fighters.get(payload.target, 0),
            amount=payload.amount,
            result=payload.result if isinstance(payload, CombatDamage) else None,
        )

    def _fight_over(self, payload: CombatEnd, event: Event) -> Iterable[wire.Message]:
        yield wire.CombatEndMessage(
            timestamp=event.timestamp.timestamp(),
            combat_id=payload.combat_id,
            winner_ids=[self._door.number_of(CharacterId(one)) for one in payload.winner_ids],
            souls_gained=payload.souls_gained,
            xp_gained=payload.xp_gained,
            loot=list(payload.loot),
        )

    def _challenged(self, payload: CombatChallenge, event: Event) -> Iterable[wire.Message]:
        yield wire.EventTriggerMessage(
            timestamp=event.timestamp.timestamp(),
            event_type=CHALLENGE,
            title=payload.challenger_name,
            description=payload.message,
        )

    # --- the world -------------------------------------------------------------------------------------

    def _captured(self, payload: ShardCaptured, event: Event) -> Iterable[wire.Message]:
        yield wire.ShardCapturedMessage(
            timestamp=event.timestamp.timestamp(),
            shard_id=payload.shard,
            shard_name=payload.shard_name,
            captured_by_character_id=payload.character_number,
            captured_by_character_name=payload.character_name,
            faction=payload.faction,
            previous_owner_faction=payload.previous_faction,
        )

    def _shard(self, payload: ShardStatusChanged, event: Event) -> Iterable[wire.Message]:
        yield wire.ShardStatusMessage(
            timestamp=event.timestamp.timestamp(),
            shard_id=payload.shard,
            status=payload.status,
            owning_faction=payload.faction,
        )

    def _shift(self, payload: RealityShift, event: Event) -> Iterable[wire.Message]:
        yield wire.RealityShiftMessage(
            timestamp=event.timestamp.timestamp(),
            previous_reality=payload.previous_reality,
            current_reality=payload.current_reality,
            reality_stability=payload.reality_stability,
        )

    def _fall(self, payload: Aetherfall, event: Event) -> Iterable[wire.Message]:
        yield wire.AetherfallMessage(
            timestamp=event.timestamp.timestamp(),
            cycle=payload.cycle,
            winning_faction=payload.winning_faction,
            transformations=list(payload.transformations),
        )

    def _world(self, payload: WorldStateChanged, event: Event) -> Iterable[wire.Message]:
        yield wire.WorldStateMessage(
            timestamp=event.timestamp.timestamp(),
            current_reality=payload.current_reality,
            reality_stability=payload.reality_stability,
            faction_shard_counts=payload.faction_shard_counts,
            dominant_faction=payload.dominant_faction,
            active_players=payload.active_players,
            total_aetherfalls=payload.total_aetherfalls,
        )

    def _logged(self, payload: EventTrigger, event: Event) -> Iterable[wire.Message]:
        yield wire.EventTriggerMessage(
            timestamp=event.timestamp.timestamp(),
            id=payload.id,
            event_type=payload.kind,
            title=payload.title,
            description=payload.description,
            faction=payload.faction,
        )

    def _quest(self, payload: QuestUpdate, event: Event) -> Iterable[wire.Message]:
        quest = payload.quest
        yield wire.QuestUpdateMessage(
            timestamp=event.timestamp.timestamp(),
            quest_id=quest.id,
            status=quest.status,
            progress={
                "name": quest.name,
                "step": quest.step,
                "total_steps": quest.total_steps,
                "steps": [
                    {"text": one.text, "count": one.count, "needed": one.needed, "done": one.done}
                    for one in quest.steps
                ],
            },
        )

    # --- places ----------------------------------------------------------------------------------------

    def own_place(self, payload: Payload) -> tuple[RoomId, str] | None:
        """The room an event shows its reader, and its name."""
        if isinstance(payload, GameState | RoomUpdate):
            return RoomId(payload.room.id), payload.room.name
        return None


Renderer = Callable[[Rendering, Any, Event], Iterable[wire.Message]]
OwnRenderer = Callable[[Rendering, CharacterId, Any, Event], Iterable[wire.Message]]

SHARED: Final[Mapping[type[Payload], Renderer]] = MappingProxyType(
    {
        ChatMessage: Rendering._chat,
        PlayerEntered: Rendering._came,
        PlayerEnteredGame: Rendering._came,
        PlayerLeft: Rendering._went,
        PlayerLeftGame: Rendering._went,
        PlayerState: Rendering._state,
        PositionUpdate: Rendering._state,
        SystemMessage: Rendering._system,
        Disconnect: Rendering._farewell,
        ErrorEvent: Rendering._error,
        PartyInviteEnded: Rendering._answered,
        TradeAccept: Rendering._trade_agreed,
        TradeDecline: Rendering._trade_over,
        CombatStart: Rendering._fight_begins,
        CombatState: Rendering._fight_stands,
        CombatDamage: Rendering._hurt,
        CombatHeal: Rendering._hurt,
        CombatEnd: Rendering._fight_over,
        CombatChallenge: Rendering._challenged,
        ShardCaptured: Rendering._captured,
        ShardStatusChanged: Rendering._shard,
        RealityShift: Rendering._shift,
        Aetherfall: Rendering._fall,
        WorldStateChanged: Rendering._world,
        EventTrigger: Rendering._logged,
        QuestUpdate: Rendering._quest,
    }
)
"""How an event is told to all who hear it alike."""
OWN: Final[Mapping[type[Payload], OwnRenderer]] = MappingProxyType(
    {
        PartyUpdate: Rendering._party,
        PartyInvite: Rendering._invited,
        TradeRequest: Rendering._trade_asked,
        TradeUpdate: Rendering._trade_changed,
        TradeComplete: Rendering._trade_done,
    }
)
"""How an event is told to who is meant, which depends on who that is."""


def fighter_id(fighter: FighterView) -> int:
    """The number of a fighter: of characters their own, of creatures one that no character has."""
    return fighter.character_number or CREATURES + fighter.number


def frames(messages: Iterable[wire.Message]) -> bytes:
    """Messages as WebSocket frames, one behind the other."""
    return b"".join(frame(TEXT, encode(message).encode()) for message in messages)
