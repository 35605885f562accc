"""The client of the Shards network: everything one can do there, as methods.

async with NetworkClient("http://127.0.0.1:8888") as client:
    if not await client.connect("aldra", "correct horse"):
        sys.exit(str(client.last_error))
    await client.select_character(11)
    client.register_handler("chat", lambda said: print(said.sender_name, said.content))
    await client.send_chat("Hello")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mythgate.client.nearby import NearbyPlayer, updated
from mythgate.client.shardsconnection import ShardsConnection, Where
from mythgate.client.values import is_finite
from mythgate.domain.errors import InvalidInput, NoCharacter, ProtocolError
from mythgate.wire.shards.builders import create_chat_message
from mythgate.wire.shards.messages import (
    CharacterUpdateMessage,
    CombatActionMessage,
    CombatStartMessage,
    LocationUpdateMessage,
    Message,
    MessageType,
    MoveMessage,
    PartyStepMessage,
    TradeRequestMessage,
    TradeStepMessage,
    TradeUpdateMessage,
)

Vector = Mapping[str, float] | Sequence[float]
"""A position or velocity: three finite numbers, `(x, y, z)`, or an object of `x`, `y` and `z`.

What the numbers measure is up to the clients that draw: the server hands them on. They begin anew at each location.
"""

_AXES: Final = ("x", "y", "z")


class NetworkClient(ShardsConnection):
    """A program in the Shards network, at a server of this project or of another.

    Methods that ask return what the server answers, or None, False or an empty list, and `last_error` says why;
    no method raises because of the network, the server or what it was given. Methods that `send_…` return as
    soon as it is sent: what is refused comes as a message `error`, and to `on_error`.

    Servers of the original answer nothing on the socket but log-ins and talk to all. There whatever waits for an answer
    returns that it failed, after `timeout` seconds.
    """

    # --- characters ------------------------------------------------------------------------------------

    async def get_characters(self) -> list[dict[str, Any]]:
        """The account's characters; an empty list on failure (AuthenticationError: not logged in)."""
        return _dicts(await self._ask("GET", "/api/characters", wants="characters"))

    async def create_character(
        self,
        name: str,
        race: str = "Human",
        character_class: str = "Warrior",
        faction: str = "Iron Brotherhood",
        stats: Mapping[str, int] | None = None,
    ) -> dict[str, Any] | None:
        """Make a character. `stats` are six numbers of 3 to 18 with the sum 60; without them they are rolled.

        None with InvalidInput, Conflict (the name is taken) or ProtocolError (the original makes none).
        """
        body: dict[str, Any] = {"name": name, "race": race, "class": character_class, "faction": faction}
        if stats is not None:
            try:
                body["stats"] = dict(stats)
            except (TypeError, ValueError):
                await self._fail(InvalidInput("The stats are six numbers, by name.", field="stats"))
                return None
        made = await self._ask("POST", "/api/characters", body, wants="character")
        return made if isinstance(made, dict) else None

    async def select_character(self, character_id: int) -> bool:
        """Choose who is played, also after a lost line. False with NotFound, or Conflict (it is played already)."""
        body = {"character_id": character_id}
        if not await self._ask("POST", "/api/characters/select", body, wants="success"):
            return False
        self.character_id = character_id
        self.nearby_players.pop(character_id, None)
        return True

    async def delete_character(self, character_id: int) -> bool:
        """Delete a character. False with NotFound: the account has none of this id."""
        deleted = bool(await self._ask("DELETE", f"/api/characters/{character_id}", wants="success"))
        if deleted and character_id == self.character_id:
            self.character_id = None
        return deleted

    # --- movement --------------------------------------------------------------------------------------

    async def send_move(
        self, to_location_id: int, from_location_id: int | None = None, position: Vector | None = None
    ) -> None:
        """Go somewhere. Refused with NoSuchExit (`INVALID_LOCATION`); done, `location_update` comes."""
        await self._send_as_character(
            MoveMessage, to_location_id=to_location_id, from_location_id=from_location_id, position=position
        )

    async def send_position_update(self, position: Vector, velocity: Vector | None = None) -> None:
        """Tell those near where one is within the location. While the line is gone only the last is kept."""
        await self._send_as_character(MoveMessage, to_location_id=0, position=position, velocity=velocity)

    def get_nearby_players(self, location_id: int | None = None) -> list[NearbyPlayer]:
        """Who is in the world by what the server told, or of these who is at one location."""
        everybody = self.nearby_players.values()
        return [one for one in everybody if location_id is None or one.location_id == location_id]

    def update_nearby_player(self, data: Mapping[str, Any] | None) -> None:
        """Note what a `character_update` tells; nothing without a `character_id`, or about one's own."""
        if not isinstance(data, Mapping):
            return
        character_id = data.get("character_id")
        if isinstance(character_id, int) and character_id and character_id != self.character_id:
            self.nearby_players[character_id] = updated(self.nearby_players.get(character_id), data)

    def _note(self, message: Message) -> None:
        if isinstance(message, CharacterUpdateMessage):
            self.update_nearby_player(message.model_dump(include=set(CharacterUpdateMessage.model_fields)))
        elif message.type == MessageType.PLAYER_LEFT_AREA:
            self.nearby_players.pop(getattr(message, "character_id", None) or 0, None)
        elif isinstance(message, LocationUpdateMessage):  # it is told to who moved, and who is there is told next
            here = self.get_nearby_players(message.location_id)
            self.nearby_players = {one.character_id: one for one in here}

    # --- talk ------------------------------------------------------------------------------------------

    async def send_chat(self, message: str, channel: str = "global", recipient_id: int | None = None) -> None:
        """Say something of 1 to 500 characters; on the channels `party`, `faction` and `whisper` as talk of that type.

        One hears it oneself, too. Not sent without a selected character (NoCharacter) or if too long (InvalidInput).
        """
        sender = await self._character()
        if sender is None:
            return
        try:
            said = create_chat_message(sender, self.username or "", message, channel, recipient_id)
        except ValueError:
            await self._fail(InvalidInput("A line of talk has 1 to 500 characters.", field="content"))
            return
        await self.send(said)

    async def send_party_chat(self, message: str) -> None:
        """Say something to the party. Refused with NotInParty; else as `send_chat`."""
        await self.send_chat(message, "party")

    async def send_faction_chat(self, message: str) -> None:
        """Say something to all of the character's faction; else as `send_chat`."""
        await self.send_chat(message, "faction")

    async def send_whisper(self, recipient_id: int, message: str) -> None:
        """Say something to one character. Refused with Unreachable; else as `send_chat`."""
        await self.send_chat(message, "whisper", recipient_id)

    # --- parties ---------------------------------------------------------------------------------------

    async def create_party(self, party_name: str = "Adventuring Party") -> int | None:
        """Found a party; its id. None with AuthenticationError (no character is selected) or Conflict."""
        made = await self._ask("POST", "/api/party/create", {"party_name": party_name}, wants="party_id")
        return made if isinstance(made, int) else None

    async def get_party(self, party_id: int) -> dict[str, Any] | None:
        """What a party is. None with NotFound."""
        return await self._object(f"/api/party/{party_id}", login=True)

    async def invite_to_party(self, party_id: int, invitee_id: int) -> bool:
        """Ask a character to join. False with PermissionDenied, NotFound (not in the world) or Conflict (full)."""
        body = {"party_id": party_id, "invitee_id": invitee_id}
        return bool(await self._ask("POST", "/api/party/invite", body, wants="success"))

    async def accept_party_invite(self, party_id: int | None = None) -> bool:
        """Join, without an id whoever asked last; waits until one is in. False with NoPendingInvite or PartyFull."""
        own = self.character_id
        return await self._step(
            MessageType.PARTY_ACCEPT,
            lambda one: one.type == MessageType.PARTY_UPDATE and own in one.member_ids,
            party_id=party_id,
        )

    async def decline_party_invite(self, party_id: int | None = None) -> None:
        """Decline, without an id whoever asked last. Refused with NoPendingInvite."""
        await self._send_step(PartyStepMessage, MessageType.PARTY_DECLINE, party_id=party_id)

    async def leave_party(self, party_id: int | None = None) -> bool:
        """Leave the party one is in. False with NotInParty or Conflict."""
        body = {} if party_id is None else {"party_id": party_id}
        return bool(await self._ask("POST", "/api/party/leave", body, wants="success"))

    async def kick_from_party(self, party_id: int, character_id: int) -> bool:
        """Remove a member, as the leader; waits until they are gone. False with PermissionDenied or NotFound."""
        return await self._step(
            MessageType.PARTY_KICK,
            lambda one: one.type == MessageType.PARTY_UPDATE and character_id not in one.member_ids,
            party_id=party_id,
            character_id=character_id,
        )

    async def disband_party(self, party_id: int | None = None) -> bool:
        """End the party, as the leader; waits until that is done. False with PermissionDenied or NotInParty."""
        return await self._step(
            MessageType.PARTY_DISBAND, lambda one: one.type == MessageType.PARTY_DISBAND, party_id=party_id
        )

    # --- fights ----------------------------------------------------------------------------------------

    async def start_combat(self, enemy: str | None = None, target_id: int | None = None) -> str | None:
        """Fight a creature that lives here, by its key, or challenge a character; the id of the fight once it begins.

        None with NotFound, InvalidTarget and the like, and if nobody takes up the challenge within `timeout` seconds.
        """
        told = None
        if await self._character() is not None:
            told = await self._exchange(
                CombatStartMessage(enemy=enemy, target_id=target_id),
                lambda one: one.type == MessageType.COMBAT_START and bool(one.combat_id),
            )
        return told.combat_id if isinstance(told, CombatStartMessage) else None

    async def send_combat_action(
        self,
        combat_id: str,
        action_type: str,
        target_id: int | None = None,
        ability_name: str | None = None,
        item_id: int | None = None,
    ) -> None:
        """Act in a fight: `attack`, `heavy_attack`, `defend`, `dodge`, `parry`, `spell`, `item` or `flee`.

        `combat_state` follows. Refused with NoCombat, NotYourTurn, InvalidTarget, InvalidAction or TooWeak.
        """
        await self._send_as_character(
            CombatActionMessage,
            combat_id=combat_id,
            action_type=action_type,
            target_id=target_id,
            ability_name=ability_name,
            item_id=item_id,
        )

    # --- trades ----------------------------------------------------------------------------------------

    async def request_trade(self, target_id: int) -> None:
        """Ask a character at the same place for a trade; `trade_accept` or `trade_decline` follows."""
        await self._send_step(TradeRequestMessage, MessageType.TRADE_REQUEST, target_id=target_id)

    async def accept_trade(self, trade_id: str | None = None, revision: int | None = None) -> None:
        """Take up a request; in an open trade, agree with what is offered, as of a `revision` if one is given.

        Once both have agreed, `trade_complete` comes.
        """
        await self._send_step(TradeStepMessage, MessageType.TRADE_ACCEPT, trade_id=trade_id, revision=revision)

    async def decline_trade(self, trade_id: str | None = None) -> None:
        """Decline a request, or break a trade off."""
        await self._send_step(TradeStepMessage, MessageType.TRADE_DECLINE, trade_id=trade_id)

    async def update_trade(self, trade_id: str, souls: int = 0, items: Sequence[Mapping[str, int]] = ()) -> None:
        """Offer souls and things (`item_id`, `quantity`) in place of what was offered; nobody has agreed then."""
        message = TradeUpdateMessage(trade_id=trade_id, souls=souls, items=items)
        try:
            message.souls, message.items = message.offered()
        except ValueError:
            await self._fail(InvalidInput("An offer has souls, and things with `item_id` and `quantity`."))
            return
        if await self._character() is not None:
            await self.send(message)

    # --- the world -------------------------------------------------------------------------------------

    async def get_world_state(self) -> dict[str, Any] | None:
        """Reality, stability, and how many shards each faction holds; needs no log-in."""
        return await self._object("/api/world/state")

    async def get_shard_status(self) -> list[dict[str, Any]] | None:
        """The twelve Crystal Shards; needs no log-in."""
        found = await self._ask("GET", "/api/world/shards", wants="shards", login=False)
        return None if found is None else _dicts(found)

    async def get_world_events(self, limit: int = 50) -> list[dict[str, Any]] | None:
        """What happened in the world, the newest first; needs no log-in."""
        found = await self._ask("GET", f"/api/world/events?limit={limit}", wants="events", login=False)
        return None if found is None else _dicts(found)

    async def get_status(self) -> dict[str, Any] | None:
        """How the server is, and how many are on; needs no log-in."""
        return await self._object("/api/status")

    # --- common ----------------------------------------------------------------------------------------

    async def _character(self) -> int | None:
        """The selected character's id; without one it is told as an error."""
        if self.character_id is None:
            await self._fail(NoCharacter("Select a character first."))
        return self.character_id

    async def _object(self, path: str, *, login: bool = False) -> dict[str, Any] | None:
        found = await self._ask("GET", path, login=login)
        return found if isinstance(found, dict) else None

    async def _send_as_character(self, kind: type[Message], **fields: Any) -> None:
        """Send a message that bears the id of who is played."""
        for name in ("position", "velocity"):
            if fields.get(name) is not None:
                try:
                    fields[name] = _by_axis(fields[name], name)
                except InvalidInput as error:
                    await self._fail(error)
                    return
        if await self._character() is not None:
            await self._send_step(kind, None, character_id=self.character_id, **fields)

    async def _send_step(self, kind: type[Message], message_type: MessageType | None, **fields: Any) -> None:
        """Send a message of a character; fields that do not fit are told as an error."""
        if await self._character() is None:
            return
        given = {name: value for name, value in fields.items() if value is not None}
        if message_type is not None:
            given["type"] = message_type
        try:
            message = kind(**given)
        except ValueError as error:
            await self._fail(ProtocolError(f"The message cannot be written: {error}"))
            return
        await self.send(message)

    async def _step(self, message_type: MessageType, done: Where, **fields: int | None) -> bool:
        """Send a step of a party and wait until it is done."""
        if await self._character() is None:
            return False
        given = {name: value for name, value in fields.items() if value is not None}
        return await self._exchange(PartyStepMessage(type=message_type, **given), done) is not None


def _by_axis(vector: object, name: str) -> dict[str, float]:
    """Raises InvalidInput."""
    given: dict[Any, Any] = {}
    if isinstance(vector, Mapping):
        given = dict(vector)
    elif isinstance(vector, Sequence) and len(vector) == len(_AXES):
        given = dict(zip(_AXES, vector, strict=True))
    fits = all(isinstance(axis, str) and is_finite(number) for axis, number in given.items())
    if fits and (given or isinstance(vector, Mapping)):
        return given
    raise InvalidInput(f"A {name} is three finite numbers, (x, y, z), or an object of x, y and z.", field=name)


def _dicts(found: object) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


async def create_client_and_connect(
    username: str, password: str, master_server_url: str | None = None
) -> NetworkClient | None:
    """A connected client, which the caller disconnects; None if the account cannot log in."""
    client = NetworkClient(master_server_url)
    if await client.connect(username, password):
        return client
    await client.disconnect()
    return None
