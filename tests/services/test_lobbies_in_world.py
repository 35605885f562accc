"""A character of the text world in a lobby: both come and go together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from tests.support.play import PlayKit

from mythgate.domain.accounts import Role
from mythgate.domain.events import LobbyMessage, LobbyPlayerLeft, LobbyState, SystemMessage
from mythgate.domain.ids import SessionId
from mythgate.domain.lobbies import Lobby, Looks, Occupant, Visitor, lobby_listener
from mythgate.domain.presence import Presence
from mythgate.realtime.hubs import Watchers
from mythgate.services.lobbies import LobbyService


@dataclass
class Hall:
    """The world with a lobby beside it, as the composition root ties them together."""

    kit: PlayKit

    def __post_init__(self) -> None:
        kit = self.kit
        self.lobbies = LobbyService(
            [Lobby("Arrival", 26)],
            store=kit.store,
            presence=kit.present,
            realtime=kit.realtime,
            clock=kit.clock,
            ids=kit.ids,
        )
        kit.realtime.on_closed = Watchers(kit.presence, self.lobbies).on_stream_ended
        kit.presence.on_reentered = self.lobbies.on_reentered
        kit.chat.on_announced(self.lobbies.announced)

    def enter(self, one: Presence) -> Occupant:
        visitor = Visitor(
            listener=one.character_id,
            number=7,
            name=one.name,
            looks=Looks(one.name),
            door="http",
            client="browser",
            account_id=one.account_id,
        )
        return self.lobbies.enter(visitor, 26)


@pytest.fixture
async def hall(kit: PlayKit) -> AsyncIterator[Hall]:
    made = Hall(kit)
    yield made
    await made.lobbies.settle()


async def test_leaving_the_world_leaves_the_lobby(hall: Hall) -> None:
    ada = await hall.kit.somebody("Ada")
    hall.enter(ada)
    await hall.kit.presence.quit(ada.character_id)
    assert hall.lobbies.everybody() == []


async def test_a_kick_from_the_world_is_one_from_the_lobby(hall: Hall) -> None:
    ada = await hall.kit.somebody("Ada")
    hall.enter(ada)
    moderator = await hall.kit.caller("Watcher", role=Role.MODERATOR)
    await hall.kit.presence.kick(moderator, ada.character_id)
    assert hall.lobbies.everybody() == []


async def test_a_kick_from_the_lobby_is_one_from_the_world(hall: Hall) -> None:
    ada = await hall.kit.somebody("Ada")
    hall.enter(ada)
    moderator = await hall.kit.caller("Watcher", role=Role.MODERATOR)
    await hall.lobbies.kick(moderator, 7)
    assert hall.kit.present.get(ada.character_id) is None


async def test_a_page_loaded_anew_is_still_in_the_lobby(hall: Hall) -> None:
    ada = await hall.kit.somebody("Ada")
    hall.enter(ada)
    caller = hall.kit.caller_of(ada)
    again = await hall.kit.enter(caller, play_id="another-page")
    heard = hall.kit.heard(again)
    assert "lobby:26" in heard.topics
    assert [state.you for state in heard.of(LobbyState)] == [7]
    assert heard.of(LobbyPlayerLeft) == []


async def test_walking_about_does_not_leave_the_lobby(hall: Hall) -> None:
    ada = await hall.kit.somebody("Ada")
    hall.enter(ada)
    await hall.kit.commands.execute(ada.character_id, "north")
    assert [one.name for one in hall.lobbies.occupants(26)] == ["Ada"]
    await hall.lobbies.say(ada.character_id, "hello")
    assert hall.kit.heard(ada).kinds()[-1] == "lobby_message"


async def test_an_announcement_is_heard_once_by_everybody(hall: Hall) -> None:
    ada = await hall.kit.somebody("Ada")
    hall.enter(ada)
    listener = lobby_listener(99)
    guest = Visitor(listener, 99, "Guest", Looks("Eve"), "metaserver", "Aleph One")
    hall.kit.realtime.open(listener, guest.sender, SessionId("s"))
    hall.lobbies.enter(guest, 26)
    moderator = await hall.kit.caller("Watcher", role=Role.MODERATOR)
    await hall.kit.chat.announce(moderator, "The server restarts at noon.")
    told = [message.message for message in hall.kit.heard(ada).of(SystemMessage)]
    assert told[-1] == "The server restarts at noon."
    assert hall.kit.heard(ada).of(LobbyMessage) == []
    lines = [message.message for message in hall.kit.realtime.listeners[listener].of(LobbyMessage)]
    assert lines == ["The server restarts at noon."]
