"""Where the global channel of the world and lobbies with `world_chat` meet.

What somebody says in such a lobby is told on the global channel, and in the other lobbies that meet there; what
somebody says on the global channel is told in the lobbies. Nothing is decided anew: words come here when they were
said, so who is mute on one side is not heard on the other; and they are told, not said again, so they never come back.
Only how much one person says to so many has a limit here, that of the command `global`: lobbies and programs have none.

Each person hears a line once: where it was said, else in the world, else in their lobby. People are told apart by
account, since somebody may be in both places with two clients.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from mythgate.domain.accounts import Role
from mythgate.domain.chat import Channel
from mythgate.domain.errors import Unreachable
from mythgate.domain.events import ChatMessage, Event, LobbyMessage, event_of
from mythgate.domain.ids import GLOBAL_TOPIC, AccountId
from mythgate.domain.lobbies import Lobby, Occupant
from mythgate.domain.permissions import Permission, may
from mythgate.domain.presence import Presence
from mythgate.domain.styles import plain
from mythgate.services.chat import ChatService
from mythgate.services.commands.registry import RATES, RateClass
from mythgate.services.lobbies import LobbyService
from mythgate.services.ports import History, Rate, Realtime, Throttle

TOO_MUCH: Final = "You say so much that only this lobby hears all of it, and the world does not."
ONCE: Final = Rate(1, timedelta(minutes=1))
WORLD: Final = "world"  # what lobbies read of where words come from


class WorldChat:
    """Carries words between the world and lobbies."""

    def __init__(
        self, *, lobbies: LobbyService, chat: ChatService, realtime: Realtime, history: History, throttle: Throttle
    ) -> None:
        self.carried: Final[Counter[str]] = Counter({"lobby": 0, WORLD: 0})  # lines, by where they were said
        self._lobbies = lobbies
        self._realtime = realtime
        self._history = history
        self._throttle = throttle
        lobbies.on_said(self.said_in_lobby)
        chat.on_broadcast(self.said_in_world)
        chat.find_outside = self.find

    async def said_in_lobby(self, lobby: Lobby, speaker: Occupant, event: Event) -> None:
        """Somebody spoke in a lobby that meets the world, or did something: for that the global channel has no form."""
        said: LobbyMessage = event.payload  # type: ignore[assignment]
        if said.kind != "say":
            return
        if not await self._may_go_on(speaker.visitor.sender):
            if await self._throttle.hit(f"world_chat_told:{speaker.visitor.sender}", ONCE) is None:
                self._lobbies.line_to(speaker.visitor.listener, TOO_MUCH)
            return
        visitor, origin, words = speaker.visitor, plain(lobby.name), said.message.strip()
        self.carried["lobby"] += 1
        told = ChatMessage(
            said.id,
            Channel.GLOBAL.value,
            visitor.listener if visitor.is_character else "",
            said.name,
            words,
            f"[{origin}] {said.name}: {words}",
            said.timestamp,
            origin=origin,
        )
        there = event_of(
            told, said.timestamp, player_id=told.player_id or None, message_id=said.id, sender=visitor.sender
        )
        heard = [one.visitor.sender for one in self._lobbies.occupants(lobby.room_id, hidden=True)]
        self._realtime.publish(GLOBAL_TOPIC, there, sparing=heard)
        copy = LobbyMessage(said.id, "say", 0, said.name, words, said.styled, said.timestamp, origin=origin)
        self._tell_lobbies(copy, said.timestamp, visitor.sender, visitor.role, but=lobby.room_id)
        await self._history.append(GLOBAL_TOPIC, there)

    async def said_in_world(self, speaker: Presence, said: ChatMessage) -> None:
        """Somebody told everybody in the world something."""
        if not self._lobbies.meeting or not await self._may_go_on(speaker.account_id):
            return
        self.carried[WORLD] += 1
        styled = plain(said.message)  # a bar is a bar there
        copy = LobbyMessage(said.id, "say", 0, speaker.name, said.message, styled, said.timestamp, origin=WORLD)
        self._tell_lobbies(copy, said.timestamp, speaker.account_id, speaker.role)

    async def _may_go_on(self, sender: AccountId) -> bool:
        return await self._throttle.hit(f"world_chat:{sender}", RATES[RateClass.BROADCAST]) is None

    def _tell_lobbies(
        self, copy: LobbyMessage, now: datetime, sender: AccountId, role: Role, *, but: int | None = None
    ) -> None:
        for lobby in self._lobbies.meeting:
            if lobby.room_id == but or (lobby.squelched and not may(role, Permission.RUN_ROOMS)):
                continue
            here = [one.visitor.sender for one in self._lobbies.occupants(lobby.room_id, hidden=True)]
            heard = [one for one in here if self._realtime.listens(one, GLOBAL_TOPIC)]
            event = event_of(copy, now, room_id=lobby.topic, message_id=copy.id, sender=sender)
            self._realtime.publish(lobby.topic, event, sparing=heard)

    def find(self, name: str) -> tuple[AccountId, str] | None:
        """Whom people in the world may mean by the name of somebody in a lobby that meets it, also as they read it:
        "[Arrival] Ada"; and what they are called. Raises BadUsage if more than one may be meant."""
        place, _, called = name[1:].partition("] ") if name.startswith("[") else ("", "", name)
        try:
            found = self._lobbies.by_name(called)
        except Unreachable:
            return None
        lobby = self._lobbies.lobby(found.room_id)
        if not lobby.world_chat or (place and plain(lobby.name).casefold() != place.casefold()):
            return None
        return found.visitor.sender, plain(found.name)
