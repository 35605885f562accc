"""What messages ask for: one function a type, and what refusals are called here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mythgate.domain import errors
from mythgate.domain.chat import Channel
from mythgate.domain.errors import AuthenticationError, InvalidInput, MythError, NotFound, PermissionDenied, Refused
from mythgate.domain.events import RoomUpdate, event_of
from mythgate.domain.ids import ItemId, TradeId
from mythgate.domain.items import HolderKind
from mythgate.domain.presence import Presence
from mythgate.domain.tactics import Deed, defence_of
from mythgate.domain.world import Direction
from mythgate.doors.shards import characters, worldviews
from mythgate.doors.shards.rendering import Original, fighter_id
from mythgate.wire.shards import messages as wire
from mythgate.wire.shards.messages import ErrorCode, MessageType

if TYPE_CHECKING:
    from mythgate.doors.shards.connection import ShardsConnection
    from mythgate.doors.shards.door import ShardsDoor
    from mythgate.doors.shards.sessions import ShardsSession


MOST_AXES: Final = 8  # of a position
AXIS_CHARACTERS: Final = 16
FAR: Final = 2.0**53
NOT_IN_WORLD: Final = "They are not in the world."
NOBODY: Final = 0  # whose words come from a lobby; no character has this number
IN_LOBBY: Final = "Nobody can whisper to the number 0: whose words have it speak in a lobby, or have left the world."


class Unheard(MythError):
    """Refused with a code of this dialect."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.error_code = code


CODES: Final[Mapping[type[Refused], ErrorCode]] = MappingProxyType(
    {
        errors.AuthenticationError: ErrorCode.AUTH_FAILED,
        errors.PermissionDenied: ErrorCode.FORBIDDEN,
        errors.Muted: ErrorCode.FORBIDDEN,
        errors.TooMany: ErrorCode.RATE_LIMITED,
        errors.TooSoon: ErrorCode.RATE_LIMITED,
        errors.Unavailable: ErrorCode.INTERNAL_ERROR,
        errors.InvalidInput: ErrorCode.INVALID_MESSAGE,
        errors.BadUsage: ErrorCode.INVALID_MESSAGE,
        errors.NotFound: ErrorCode.NOT_FOUND,
        errors.NoTrade: ErrorCode.NOT_FOUND,
        errors.NoShard: ErrorCode.NOT_FOUND,
        errors.NoQuest: ErrorCode.NOT_FOUND,
        errors.NotHere: ErrorCode.INVALID_TARGET,
        errors.NoSuchExit: ErrorCode.INVALID_LOCATION,
        errors.ExitLocked: ErrorCode.INVALID_LOCATION,
        errors.RoomFull: ErrorCode.INVALID_LOCATION,
        errors.NotInWorld: ErrorCode.FORBIDDEN,
        errors.NoCharacter: ErrorCode.FORBIDDEN,
        errors.Unreachable: ErrorCode.RECIPIENT_OFFLINE,
        errors.NoFaction: ErrorCode.FORBIDDEN,
        errors.NotInParty: ErrorCode.NOT_IN_PARTY,
        errors.PartyFull: ErrorCode.PARTY_FULL,
        errors.NoPendingInvite: ErrorCode.NO_PENDING_INVITE,
        errors.NoCombat: ErrorCode.COMBAT_NOT_FOUND,
        errors.NotYourTurn: ErrorCode.NOT_YOUR_TURN,
        errors.InvalidTarget: ErrorCode.INVALID_TARGET,
        errors.TooWeak: ErrorCode.INSUFFICIENT_RESOURCES,
    }
)
"""What a refusal is called; the nearest class counts, and whatever is not here is an INVALID_ACTION."""


def code_of(error: Exception, message: wire.Message) -> ErrorCode:
    """What `error` is called in answer to `message`."""
    if isinstance(error, Unheard):
        return error.error_code
    if message.type == MessageType.MOVE and isinstance(error, NotFound | errors.Conflict):
        return ErrorCode.INVALID_LOCATION
    for kind in type(error).__mro__:
        if kind in CODES:
            return CODES[kind]
    return ErrorCode.INVALID_ACTION


class Needs(Enum):
    """What a peer must have done before."""

    NOTHING = auto()
    LOGIN = auto()
    CHARACTER = auto()  # chosen one, which is in the world


Handler = Callable[["Asked", Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and with what body if that is needed."""

    connection: ShardsConnection
    presence: Presence | None = None

    @property
    def session(self) -> ShardsSession:
        if self.connection.session is None:  # it ended while something was waited for
            raise Unheard(ErrorCode.AUTH_REQUIRED, "You are logged out.")
        return self.connection.session

    @property
    def actor(self) -> Presence:
        assert self.presence is not None
        return self.presence

    def require_own(self, number: int | None) -> None:
        """Raises PermissionDenied unless `number` is the chosen character's."""
        if number != self.session.number:
            raise PermissionDenied("That is not your character.")

    def somebody(self, number: int | None) -> Presence:
        """Who is in the world under this number. Raises InvalidInput if there is none, and Unheard for nobody."""
        if number is None:
            raise InvalidInput("Whom do you mean?", field="target_id")
        found = self.connection.door.by_number(number)
        if found is None:
            raise Unheard(ErrorCode.RECIPIENT_OFFLINE, NOT_IN_WORLD)
        return found


async def answer(connection: ShardsConnection, message: wire.Message) -> None:
    """Do what `message` asks for. Raises what refuses it."""
    found = HANDLERS.get(MessageType(message.type))
    if found is None:
        return  # nothing to answer: pongs, and errors, which would go to and fro for ever
    needs, handler = found
    if needs is Needs.NOTHING:
        await handler(Asked(connection), message)
        return
    session = connection.session
    if session is None or not connection.door.is_live(session):
        raise Unheard(ErrorCode.AUTH_REQUIRED, "Log this socket in first: send auth_request with your token.")
    if needs is Needs.LOGIN:
        await handler(Asked(connection), message)
        return
    if session.character is None:
        raise PermissionDenied("Choose a character first.")
    present = _present(connection.door, session)
    if present is None:  # still on its way in, or was kept out before
        await connection.door.enter(session)
        present = _present(connection.door, session)
    if present is None:
        raise PermissionDenied("Your character is not in the world.")
    await handler(Asked(connection, present), message)


def _present(door: ShardsDoor, session: ShardsSession) -> Presence | None:
    """The session's body in the world, if there is one: it may be deleted at any moment."""
    return door.presences.get(session.character.id) if session.character is not None else None


# --- log-in and connection -------------------------------------------------------------------------


async def _auth(asked: Asked, message: wire.AuthRequest) -> None:
    connection = asked.connection
    door = connection.door
    try:
        if message.session_token:
            session = await door.sessions.prove(message.session_token)
        else:
            session = await door.login(
                message.username, message.password, address=connection.address, client=connection.client
            )
    except Refused as refused:
        if not isinstance(refused, AuthenticationError | errors.TooMany | errors.PermissionDenied):
            raise
        connection.send(wire.AuthResponse(success=False, message=refused.message, message_id=message.message_id))
        return
    token = message.session_token or session.token
    connection.send(
        wire.AuthResponse(
            success=True,
            session_token=token,
            player_id=session.player_id,
            message="Logged in.",
            server_time=door.clock.now().timestamp(),
            message_id=message.message_id,
        )
    )
    await door.bind(connection, session)


async def _ping(asked: Asked, message: wire.Message) -> None:
    asked.connection.send(wire.BareMessage(type=MessageType.PONG, message_id=message.message_id))


async def _disconnect(asked: Asked, _: wire.DisconnectMessage) -> None:
    asked.connection.close(1000, "goodbye")


# --- characters ------------------------------------------------------------------------------------


async def _characters(asked: Asked, message: wire.CharacterListMessage) -> None:
    listed = await characters.listed(asked.connection.door, asked.session)
    asked.connection.send(wire.CharacterListMessage(characters=listed, message_id=message.message_id))


async def _select(asked: Asked, message: wire.CharacterSelectMessage) -> None:
    if not message.character_id:
        raise InvalidInput("Which character? `character_id` is missing.", field="character_id")
    door = asked.connection.door
    body = await door.select(asked.session, message.character_id)
    shown = await characters.shown(door, body)
    asked.connection.send(wire.CharacterSelectMessage(success=True, character=shown, message_id=message.message_id))


async def _create(asked: Asked, message: wire.CharacterCreateMessage) -> None:
    fields = {
        "name": message.name,
        "race": message.race,
        "class": message.calling,
        "faction": message.faction,
        "stats": message.stats,
    }
    shown = await characters.created(asked.connection.door, asked.session, fields)
    asked.connection.send(wire.CharacterCreateMessage(success=True, character=shown, message_id=message.message_id))


async def _delete(asked: Asked, message: wire.CharacterDeleteMessage) -> None:
    if not message.character_id:
        raise InvalidInput("Which character? `character_id` is missing.", field="character_id")
    await characters.deleted(asked.connection.door, asked.session, message.character_id)
    asked.connection.send(
        wire.CharacterDeleteMessage(success=True, character_id=message.character_id, message_id=message.message_id)
    )


# --- movement --------------------------------------------------------------------------------------


async def _move(asked: Asked, message: wire.MoveMessage) -> None:
    asked.require_own(message.character_id)
    for vector in (message.position or {}, message.velocity or {}):
        if len(vector) > MOST_AXES or any(len(axis) > AXIS_CHARACTERS for axis in vector):
            raise InvalidInput("A position has few numbers with short names.", field="position")
        if any(abs(number) >= FAR for number in vector.values()):
            raise InvalidInput("That is too far away.", field="position")
    connection, actor = asked.connection, asked.actor
    door = connection.door
    world = door.world
    target = message.to_location_id
    if target not in (0, world.number_of(actor.room_id)):
        room = world.room_by_number(target)
        here = world.require(actor.room_id)
        if room is None:
            raise Unheard(ErrorCode.INVALID_LOCATION, "There is no such location.")
        ways = world.ways_to(here, room.id)
        # In this network all ways begin or end at the first location; a crossing near it makes no others.
        if not ways or (len(ways) > 1 and characters.FIRST_LOCATION not in (target, world.number_of(here.id))):
            raise Unheard(ErrorCode.INVALID_LOCATION, "There is no way there from here.")
        await _walk(asked, ways)
        door.positions.pop(actor.character_id, None)
    if message.position is not None:
        door.positions[actor.character_id] = dict(message.position)
        door.services.positions.report(actor.character_id, _three(message.position), _three(message.velocity or {}))


async def _walk(asked: Asked, ways: Sequence[Direction]) -> None:
    """Step by step, and then what the walker sees, in line with all else that is heard."""
    door, actor = asked.connection.door, asked.actor
    origin = actor.room_id
    try:
        for way in ways:
            await door.services.movement.move(actor.character_id, way.value)
    finally:  # also where one got stuck on the way
        if actor.room_id != origin:
            await _look_about(asked)


async def _look_about(asked: Asked) -> None:
    door, actor = asked.connection.door, asked.actor
    if door.presences.get(actor.character_id) is not actor:
        return
    view = await door.sight.look(actor)
    event = event_of(RoomUpdate(view), door.clock.now(), room_id=actor.room_id)
    door.hub.send(actor.character_id, event)
    door.services.movement.settled_in(actor.character_id, actor.room_id)


def _three(vector: Mapping[str, float]) -> list[float]:
    return [vector.get(axis, 0.0) for axis in "xyz"]


# --- talk ------------------------------------------------------------------------------------------


async def _chat(asked: Asked, message: wire.ChatMessage) -> None:
    chat, actor = asked.connection.door.services.chat, asked.actor
    original = Original.of(message)
    match message.channel.strip().casefold():
        case "global" | "":
            await chat.broadcast(actor, original.spoken, subject=original)
        case "party":
            await _party_chat(asked, message)
        case "faction":
            await _faction_chat(asked, message)
        case "whisper":
            await _whisper(asked, message)
        case "say" | "local" | "room":
            await chat.say(actor, message.content)
        case "emote":
            await chat.emote(actor, message.content)
        case "shout":
            await chat.shout(actor, message.content)
        case _:
            raise Unheard(ErrorCode.INVALID_CHANNEL, "There is no such channel.")


async def _party_chat(asked: Asked, message: wire.ChatMessage) -> None:
    original = Original.of(message)
    await asked.connection.door.services.parties.say(asked.actor, original.spoken, subject=original)


async def _faction_chat(asked: Asked, message: wire.ChatMessage) -> None:
    original = Original.of(message)
    await asked.connection.door.services.chat.to_faction(asked.actor, original.spoken, subject=original)


async def _whisper(asked: Asked, message: wire.ChatMessage) -> None:
    original = Original.of(message)
    if message.recipient_id == NOBODY:
        raise Unheard(ErrorCode.RECIPIENT_OFFLINE, IN_LOBBY)
    listener = asked.somebody(message.recipient_id)
    chat = asked.connection.door.services.chat
    try:
        await chat.confide(asked.actor, listener, original.spoken, Channel.WHISPER, subject=original)
    except errors.Unreachable:  # they ignore the speaker, who is to read the same as about somebody who is not there
        raise Unheard(ErrorCode.RECIPIENT_OFFLINE, NOT_IN_WORLD) from None


# --- parties ---------------------------------------------------------------------------------------


async def _party_create(asked: Asked, message: wire.PartyCreateMessage) -> None:
    await asked.connection.door.services.parties.create(asked.actor.character_id, message.party_name)


async def _party_invite(asked: Asked, message: wire.PartyInviteMessage) -> None:
    asked.require_own(message.inviter_id)
    target = asked.somebody(message.invitee_id)
    await asked.connection.door.services.parties.invite(
        asked.actor.character_id, target.character_id, message.party_id or None
    )


async def _party_accept(asked: Asked, message: wire.PartyStepMessage) -> None:
    await asked.connection.door.services.parties.accept(asked.actor.character_id, message.party_id)


async def _party_decline(asked: Asked, message: wire.PartyStepMessage) -> None:
    await asked.connection.door.services.parties.decline(asked.actor.character_id, message.party_id)


async def _party_leave(asked: Asked, message: wire.PartyStepMessage) -> None:
    await asked.connection.door.services.parties.leave(asked.actor.character_id, message.party_id)


async def _party_kick(asked: Asked, message: wire.PartyStepMessage) -> None:
    parties, actor = asked.connection.door.services.parties, asked.actor.character_id
    party = parties.require(actor)
    if message.character_id is None:
        raise InvalidInput("Who is to go? `character_id` is missing.", field="character_id")
    if message.party_id not in (None, party.number):
        raise errors.NotInParty("You are not in that party.")
    for member in party.members:
        if member.number == message.character_id:
            await parties.kick(actor, member.character_id)
            return
    raise NotFound("They are not in your party.")


async def _party_disband(asked: Asked, message: wire.PartyStepMessage) -> None:
    parties, actor = asked.connection.door.services.parties, asked.actor.character_id
    if message.party_id not in (None, parties.require(actor).number):
        raise errors.NotInParty("You are not in that party.")
    await parties.disband(actor)


# --- trades ----------------------------------------------------------------------------------------


async def _trade_request(asked: Asked, message: wire.TradeRequestMessage) -> None:
    target = asked.somebody(message.target_id)
    await asked.connection.door.services.trades.request(asked.actor.character_id, target.character_id)


def _trade(asked: Asked, trade_id: object) -> TradeId:
    """The trade that is meant: that of the id, else the one the actor is in or was asked for last."""
    trades, actor = asked.connection.door.services.trades, asked.actor.character_id
    if trade_id is not None:
        return TradeId(str(trade_id))
    asking = trades.asking(actor)
    trade = trades.of(actor) or (asking[-1] if asking else None)
    if trade is None:
        raise errors.NoTrade
    return trade.id


async def _trade_accept(asked: Asked, message: wire.TradeStepMessage) -> None:
    """Accept a request; of an open trade, confirm what is offered, or what `revision` says was seen."""
    trades, actor = asked.connection.door.services.trades, asked.actor.character_id
    trade_id = _trade(asked, message.trade_id)
    if any(one.id == trade_id for one in trades.asking(actor)):
        await trades.accept(actor, trade_id)
        return
    trade = trades.of(actor)
    known = trade.revision if trade is not None else None  # who does not say what they saw has read all there is
    await trades.confirm(actor, trade_id, message.revision if message.revision is not None else known)


async def _trade_decline(asked: Asked, message: wire.TradeStepMessage) -> None:
    await asked.connection.door.services.trades.decline(asked.actor.character_id, _trade(asked, message.trade_id))


async def _trade_update(asked: Asked, message: wire.TradeUpdateMessage) -> None:
    door, actor = asked.connection.door, asked.actor.character_id
    try:
        souls, things = message.offered()
    except ValueError:
        problem = "An offer has `souls`, and `items` with `item_id` and `quantity`, in whole numbers."
        raise InvalidInput(problem, field="souls") from None
    carried = await door.services.store.read(lambda tx: tx.items.held_by(HolderKind.CHARACTER, actor))
    by_number = {item.number: item.id for item in carried}
    lines: list[tuple[ItemId, int]] = []
    for line in things:
        item_id = by_number.get(line.get("item_id", 0))
        if item_id is None:
            raise NotFound("You carry no such thing.")
        lines.append((item_id, line.get("quantity", 1)))
    await door.services.trades.update(actor, _trade(asked, message.trade_id), souls, lines)


# --- fights ----------------------------------------------------------------------------------------

DEEDS: Final[Mapping[str, Deed]] = MappingProxyType(
    {
        "attack": Deed.LIGHT_ATTACK,
        "spell": Deed.ABILITY,
        **{one.value: one for one in Deed},
    }
)
"""What the words of clients mean. `defend` is to block, or to catch breath: see `defence_of`."""


async def _combat_start(asked: Asked, message: wire.CombatStartMessage) -> None:
    encounters, actor = asked.connection.door.services.encounters, asked.actor.character_id
    if message.target_id is not None:
        await encounters.start(actor, target=asked.somebody(message.target_id).character_id)
    elif message.enemy:
        await encounters.start(actor, enemy=message.enemy)
    else:
        raise InvalidInput("Whom do you want to fight? Name an `enemy` or a `target_id`.", field="enemy")


async def _combat_action(asked: Asked, message: wire.CombatActionMessage) -> None:
    asked.require_own(message.character_id)
    encounters, actor = asked.connection.door.services.encounters, asked.actor.character_id
    combat = encounters.view_of(actor)
    if combat.id != message.combat_id:
        raise errors.NoCombat
    action = message.action_type.strip().casefold()
    deed = DEEDS.get(action)
    if action == "defend":
        deed = next((defence_of(one.stamina) for one in combat.fighters if one.character_id == actor), None)
    if deed is None:
        raise errors.InvalidAction("There is no such action.")
    target: int | None = None
    if message.target_id is not None:
        target = next((one.number for one in combat.fighters if fighter_id(one) == message.target_id), None)
        if target is None:
            raise errors.InvalidTarget
    if deed is Deed.ITEM and message.item_id is None:
        raise errors.InvalidAction("Which thing? `item_id` is missing.")
    try:
        await encounters.act(
            actor,
            deed,
            target=target,
            ability=message.ability_name or "",
            item=str(message.item_id or ""),
            encounter_id=message.combat_id,
        )
    except errors.NotHere as error:
        raise errors.InvalidTarget("You carry no such thing.") from error


# --- the world -------------------------------------------------------------------------------------


async def _world_state(asked: Asked, message: wire.WorldStateMessage) -> None:
    asked.connection.send(
        wire.WorldStateMessage(message_id=message.message_id, **worldviews.state(asked.connection.door))
    )


# --- what only the server says ---------------------------------------------------------------------


async def _not_from_you(_: Asked, message: wire.Message) -> None:
    code = ErrorCode.INVALID_MESSAGE if message.type == MessageType.AUTH_RESPONSE else ErrorCode.FORBIDDEN
    raise Unheard(code, f"`{message.type}` is for the server to say.")


HANDLERS: Final[Mapping[MessageType, tuple[Needs, Handler]]] = MappingProxyType(
    {
        MessageType.AUTH_REQUEST: (Needs.NOTHING, _auth),
        MessageType.PING: (Needs.NOTHING, _ping),
        MessageType.DISCONNECT: (Needs.NOTHING, _disconnect),
        MessageType.CHARACTER_LIST: (Needs.LOGIN, _characters),
        MessageType.CHARACTER_SELECT: (Needs.LOGIN, _select),
        MessageType.CHARACTER_CREATE: (Needs.LOGIN, _create),
        MessageType.CHARACTER_DELETE: (Needs.LOGIN, _delete),
        MessageType.MOVE: (Needs.CHARACTER, _move),
        MessageType.CHAT: (Needs.CHARACTER, _chat),
        MessageType.PARTY_CHAT: (Needs.CHARACTER, _party_chat),
        MessageType.FACTION_CHAT: (Needs.CHARACTER, _faction_chat),
        MessageType.WHISPER: (Needs.CHARACTER, _whisper),
        MessageType.PARTY_CREATE: (Needs.CHARACTER, _party_create),
        MessageType.PARTY_INVITE: (Needs.CHARACTER, _party_invite),
        MessageType.PARTY_ACCEPT: (Needs.CHARACTER, _party_accept),
        MessageType.PARTY_DECLINE: (Needs.CHARACTER, _party_decline),
        MessageType.PARTY_LEAVE: (Needs.CHARACTER, _party_leave),
        MessageType.PARTY_KICK: (Needs.CHARACTER, _party_kick),
        MessageType.PARTY_DISBAND: (Needs.CHARACTER, _party_disband),
        MessageType.TRADE_REQUEST: (Needs.CHARACTER, _trade_request),
        MessageType.TRADE_ACCEPT: (Needs.CHARACTER, _trade_accept),
        MessageType.TRADE_DECLINE: (Needs.CHARACTER, _trade_decline),
        MessageType.TRADE_UPDATE: (Needs.CHARACTER, _trade_update),
        MessageType.COMBAT_START: (Needs.CHARACTER, _combat_start),
        MessageType.COMBAT_ACTION: (Needs.CHARACTER, _combat_action),
        MessageType.WORLD_STATE: (Needs.LOGIN, _world_state),
        **dict.fromkeys(
            (
                MessageType.AUTH_RESPONSE,
                MessageType.CHARACTER_UPDATE,
                MessageType.LOCATION_UPDATE,
                MessageType.PLAYER_JOINED_AREA,
                MessageType.PLAYER_LEFT_AREA,
                MessageType.WORLD_ANNOUNCEMENT,
                MessageType.PARTY_UPDATE,
                MessageType.COMBAT_DAMAGE,
                MessageType.COMBAT_HEAL,
                MessageType.COMBAT_END,
                MessageType.COMBAT_STATE,
                MessageType.SHARD_CAPTURED,
                MessageType.SHARD_STATUS,
                MessageType.REALITY_SHIFT,
                MessageType.AETHERFALL,
                MessageType.TRADE_COMPLETE,
                MessageType.QUEST_UPDATE,
                MessageType.EVENT_TRIGGER,
            ),
            (Needs.LOGIN, _not_from_you),
        ),
    }
)
"""What is done about a message; about one of other types nothing."""
