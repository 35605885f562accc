"""Talk: on all channels, to one person, and what was said before."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from mythgate.client.connection import Connection
from mythgate.client.pages import ChannelHistory
from mythgate.client.values import read
from mythgate.domain.errors import InvalidInput
from mythgate.domain.events import ChatMessage

_AS_MESSAGE: Final = frozenset({"say", "local", "room", "emote", "shout", "whisper", "lobby", "lobby_tell"})
_AS_COMMAND: Final = {"global": "global", "party": "pchat", "faction": "fchat", "tell": "tell"}
_DIRECTED: Final = frozenset({"whisper", "tell", "lobby_tell"})


class Talk(Connection):
    """What one says. What others say comes as `chat_message`, on every channel alike, one's own words too."""

    async def send_chat(
        self, message: str, channel: str = "say", recipient_id: str | None = None, *, wait: float = 60.0
    ) -> None:
        """Say something on a channel.

        `say` and `emote` reach the room, `shout` the zone, `global` everybody, `party` and `faction` who is in it,
        `whisper`, `tell` and `lobby_tell` one person, `lobby` the lobby. The `recipient_id` is that person: the id of
        their character if they are near or in one's party, or their name. The words go as they stand, but in lobbies,
        where what begins with `/` is a command; `lobby.say` and `lobby.tell` see to that.

        Raises:
            Muted, TooMany, Unreachable, NotInParty, NoFaction, NotInLobby: nobody heard it.
            InvalidInput: there is no such channel, or nobody it could be for.
            Unsent, TimeoutError: as with `command`.

        """
        if channel not in _AS_MESSAGE and channel not in _AS_COMMAND:
            raise InvalidInput(f"There is no channel {channel[:40]}.", field="channel")
        if channel in _DIRECTED and not recipient_id:
            raise InvalidInput("For whom?", field="recipient_id")
        person = None if recipient_id is None else self._name_of(recipient_id)
        if channel in _AS_MESSAGE:
            data = {"channel": channel, "message": message} | ({} if person is None else {"target": person})
            await self._converse("chat", data, wait)
        else:
            words = (message,) if person is None else (person, message)
            await self._carry_out(_AS_COMMAND[channel], *words, wait=wait)

    async def send_party_chat(self, message: str) -> None:
        """Say something to the party. Raises NotInParty, and as `send_chat`."""
        await self.send_chat(message, "party")

    async def send_faction_chat(self, message: str) -> None:
        """Say something to all of the character's faction. Raises NoFaction, and as `send_chat`."""
        await self.send_chat(message, "faction")

    async def send_whisper(self, recipient_id: str, message: str) -> None:
        """Say something to one person, wherever they are: by name, or by the id of their character as in `send_chat`.

        Raises:
            Unreachable: nobody of that name is on, or they do not listen to you.
            Muted, TooMany, Unsent, TimeoutError: as with `send_chat`.

        """
        await self.send_chat(message, "whisper", recipient_id)

    async def get_chat_history(self, channel: str = "room", limit: int = 50) -> list[ChatMessage]:
        """What was said on a channel one is on: `room`, `global`, `party`, `faction`, `whisper`, `announcement`.

        Oldest first. Raises NotInParty, NoFaction, and NotFound: there is no such channel.
        """
        page = await self.request("GET", f"/api/chat/{quote(channel, safe='')}/history?limit={limit}")
        return read(ChannelHistory, page).messages

    def _name_of(self, person: str) -> str:
        """The name of a character given by id, if it is known; else what is given is a name."""
        return person
