"""The global channel of the world and lobbies that meet it: who hears what, once, and who is not heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from tests.support.listening import Listener
from tests.support.play import PlayKit

from mythgate.backends.memory.throttle import MemoryThrottle
from mythgate.domain.accounts import Role
from mythgate.domain.errors import BadUsage, Muted, NotInLobby, Unreachable
from mythgate.domain.events import ChatMessage, LobbyMessage, LobbyState
from mythgate.domain.ids import AccountId, CharacterId, SessionId
from mythgate.domain.lobbies import Lobby, Looks, Occupant, Visitor, guest_sender, lobby_listener
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import OPERATOR
from mythgate.services.hosting import HostingService
from mythgate.services.lobbies import LobbyService
from mythgate.services.lobbycommands import LobbyCommands
from mythgate.services.matching import MatchingService
from mythgate.services.ratings import RatingService
from mythgate.services.worldchat import WorldChat

ARRIVAL, FALLS, NOOK = 26, 2, 5
LOBBIES: Final = (
    Lobby("|bArrival", ARRIVAL, world_chat=True),
    Lobby("White Falls", FALLS, world_chat=True),
    Lobby("Nook", NOOK),
)


@dataclass
class Square:
    """The world and lobbies beside it, tied together as the composition root does."""

    kit: PlayKit

    def __post_init__(self) -> None:
        kit = self.kit
        shared: dict[str, Any] = {"store": kit.store, "clock": kit.clock}
        self.lobbies = LobbyService(LOBBIES, presence=kit.present, realtime=kit.realtime, ids=kit.ids, **shared)
        self.meeting = WorldChat(
            lobbies=self.lobbies,
            chat=kit.chat,
            realtime=kit.realtime,
            history=kit.history,
            throttle=MemoryThrottle(kit.clock),
        )
        ratings = RatingService(**shared)
        self.lobbies.commands = LobbyCommands(
            lobbies=self.lobbies,
            hosting=HostingService(self.lobbies, clock=kit.clock),
            matching=MatchingService(lobbies=self.lobbies, strengths=ratings, realtime=kit.realtime, clock=kit.clock),
            moderation=kit.moderation,
            reports=kit.reports,
            **shared,
        )
        kit.moderation.on_voice_changed(self.lobbies.voice_changed)
        kit.chat.on_ignoring(self.lobbies.ignoring_changed)

    async def player(self, name: str, room_id: int = ARRIVAL, **more: Any) -> Occupant:
        """Somebody with an account, in a lobby with an old client."""
        caller = await self.kit.caller(name, **more)
        return await self.old_client(caller.account_id, room_id)

    async def old_client(self, account_id: AccountId, room_id: int = ARRIVAL) -> Occupant:
        """An old client of an account, which may be in the world besides."""
        account = await self.kit.store.read(lambda tx: tx.accounts.require(account_id))
        listener = lobby_listener(account.number)
        # The hub of lobbies knows accounts of its own.
        self.kit.realtime.listeners[listener] = Listener(account_id, SessionId("s"))
        return self.lobbies.enter(
            Visitor(
                listener, account.number, account.name, Looks(account.name), "metaserver", "Aleph One",
                account_id=account_id, role=account.role,
            ),
            room_id,
        )  # fmt: skip

    def guest(self, name: str, room_id: int = ARRIVAL) -> Occupant:
        number = self.lobbies.guest_number()
        listener = lobby_listener(number)
        self.kit.realtime.open(listener, guest_sender(number), SessionId(""))
        return self.lobbies.enter(Visitor(listener, number, "Guest", Looks(name), "metaserver", "Aleph One"), room_id)

    async def browser(self, one: Presence, room_id: int = ARRIVAL) -> Occupant:
        """Somebody goes into a lobby from the world."""
        account = await self.kit.store.read(lambda tx: tx.accounts.require(one.account_id))
        visitor = Visitor(
            one.character_id, account.number, account.name, Looks(one.name), "http", "browser", account_id=account.id
        )
        return self.lobbies.enter(visitor, room_id)

    async def say(self, one: Occupant, words: str) -> None:
        await self.lobbies.say(one.visitor.listener, words)

    def lines(self, one: Occupant) -> list[tuple[str, str, str]]:
        """What an occupant heard: where from, who, what."""
        said = self.kit.realtime.listeners[one.visitor.listener].of(LobbyMessage)
        return [(one.origin, one.name, one.message) for one in said if one.kind != "line"]

    def talk(self, one: Presence) -> list[str]:
        """What somebody in the world heard, as it reads."""
        return self.kit.heard(one).lines()

    async def history(self, reader: Presence) -> list[str]:
        return [one.text for one in await self.kit.chat.history(reader, "global")]


@pytest.fixture
async def square(kit: PlayKit) -> AsyncIterator[Square]:
    made = Square(kit)
    yield made
    await made.lobbies.settle()


# --- being heard -----------------------------------------------------------------------------------


async def test_what_is_said_in_a_lobby_is_heard_in_the_world(square: Square) -> None:
    ada = await square.kit.somebody("Ada")
    hopper, other = await square.player("Hopper"), square.guest("Eve", FALLS)
    outsider = square.guest("Mallory", NOOK)
    await square.say(hopper, " Hello, |bworld ")
    (told,) = square.kit.heard(ada).of(ChatMessage)
    assert (told.channel, told.origin, told.text) == ("global", "Arrival", "[Arrival] Hopper: Hello, world")
    assert (told.player_id, told.player_name, told.message) == ("", "Hopper", "Hello, world")
    event = square.kit.heard(ada).events[-1]
    assert (event.player_id, event.sender, event.message_id) == (None, hopper.visitor.account_id, told.id)
    assert square.lines(hopper) == [("", "Hopper", "Hello, world")]
    (copy,) = square.kit.realtime.listeners[other.visitor.listener].of(LobbyMessage)
    assert (copy.id, copy.kind, copy.number, copy.origin) == (told.id, "say", 0, "Arrival")
    assert copy.styled == "Hello, |bworld"
    assert square.lines(outsider) == []
    assert square.meeting.carried == {"lobby": 1, "world": 0}


async def test_what_is_said_in_the_world_is_heard_in_lobbies(square: Square) -> None:
    ada, bob = await square.kit.somebody("Ada"), await square.kit.somebody("Bob")
    people = [await square.player("Hopper"), square.guest("Eve", FALLS)]
    outsider = square.guest("Mallory", NOOK)
    await square.kit.chat.broadcast(ada, "Is it |bold here?")
    for one in people:
        assert square.lines(one) == [("world", "Ada", "Is it |bold here?")]
        event = square.kit.realtime.listeners[one.visitor.listener].events[-1]
        assert isinstance(event.payload, LobbyMessage)
        assert (event.payload.styled, event.payload.number) == ("Is it old here?", 0)  # nobody there writes styles
        assert (event.sender, event.room_id) == (ada.account_id, f"lobby:{one.room_id}")
    assert square.lines(outsider) == []
    assert square.talk(ada) == square.talk(bob) == ["Ada (global): Is it |bold here?"]
    assert square.meeting.carried == {"lobby": 0, "world": 1}


async def test_the_channel_remembers_both_and_a_lobby_what_was_said_in_it(square: Square) -> None:
    ada, hopper = await square.kit.somebody("Ada"), await square.player("Hopper")
    await square.say(hopper, "first")
    await square.kit.chat.broadcast(ada, "second")
    assert await square.history(ada) == ["[Arrival] Hopper: first", "Ada (global): second"]
    assert [one.message for one in await square.lobbies.recent(ARRIVAL)] == ["first"]
    late = await square.player("Late")
    (state,) = square.kit.realtime.listeners[late.visitor.listener].of(LobbyState)
    assert [one.message for one in state.messages] == ["first"]
    assert state.lobby.world_chat


async def test_only_what_is_said_to_all_is_carried(square: Square) -> None:
    ada, hopper, eve = await square.kit.somebody("Ada"), await square.player("Hopper"), square.guest("Eve", FALLS)
    await square.lobbies.act(hopper.visitor.listener, "waves")
    await square.lobbies.tell(hopper.visitor.listener, eve.number, "psst")
    await square.say(hopper, ".who")
    await square.kit.chat.say(ada, "here")
    await square.kit.chat.emote(ada, "waves")
    assert square.talk(ada) == ["Ada says: here", "Ada waves"]
    assert square.lines(eve) == [("", "Hopper", "psst")]
    assert square.meeting.carried == {"lobby": 0, "world": 0}


# --- once ------------------------------------------------------------------------------------------


async def test_who_is_in_both_places_hears_each_line_once(square: Square) -> None:
    ada, bob = await square.kit.somebody("Ada"), await square.kit.somebody("Bob")
    here, hopper = await square.browser(ada), await square.player("Hopper")
    there = await square.browser(bob, FALLS)
    square.kit.realtime.clear()
    await square.say(hopper, "from the lobby")
    await square.kit.chat.broadcast(bob, "from the world")
    assert square.lines(here) == [("", "Hopper", "from the lobby")]
    assert square.talk(ada) == ["Bob (global): from the world"]
    assert square.lines(there) == []
    assert square.talk(bob) == ["[Arrival] Hopper: from the lobby", "Bob (global): from the world"]


async def test_who_speaks_in_a_lobby_from_the_world_is_known_there(square: Square) -> None:
    ada, bob = await square.kit.somebody("Ada"), await square.kit.somebody("Bob")
    here = await square.browser(ada)
    await square.say(here, "hello")
    (told,) = square.kit.heard(bob).of(ChatMessage)
    assert (told.player_id, told.text) == (ada.character_id, "[Arrival] Ada: hello")
    assert square.talk(ada) == []
    assert square.lines(here) == [("", "Ada", "hello")]


async def test_who_is_there_with_two_clients_hears_each_line_once(square: Square) -> None:
    ada, bob = await square.kit.somebody("Ada"), await square.kit.somebody("Bob")
    old, hopper = await square.old_client(ada.account_id), await square.player("Hopper")
    square.kit.realtime.clear()
    await square.say(hopper, "from the lobby")
    await square.kit.chat.broadcast(bob, "from the world")
    await square.say(old, "my own")
    assert square.lines(old) == [("", "Hopper", "from the lobby"), ("", old.name, "my own")]
    assert square.talk(ada) == ["Bob (global): from the world"]
    assert square.talk(bob)[-1] == f"[Arrival] {old.name}: my own"


# --- not being heard -------------------------------------------------------------------------------


async def test_the_muted_are_heard_on_neither_side(square: Square) -> None:
    ada, hopper = await square.kit.somebody("Ada"), await square.player("Hopper")
    assert hopper.visitor.account_id is not None
    await square.kit.moderation.mute(OPERATOR, hopper.visitor.account_id, 5)
    await square.kit.moderation.mute(OPERATOR, ada.account_id, 5)
    with pytest.raises(Muted):
        await square.say(hopper, "hello")
    with pytest.raises(Muted):
        await square.kit.chat.broadcast(ada, "hello")
    eve = square.guest("Eve")
    await square.lobbies.mute_guest(OPERATOR, eve.number, 5)
    with pytest.raises(Muted):
        await square.say(eve, "hello")
    assert square.talk(ada) + await square.history(ada) == []
    assert square.lines(hopper) == []
    square.kit.clock.advance(timedelta(minutes=6))
    await square.say(hopper, "hello")
    assert square.talk(ada) == ["[Arrival] Hopper: hello"]


async def test_where_only_the_staff_talks_only_the_staff_is_heard(square: Square) -> None:
    ada, eve = await square.kit.somebody("Ada"), square.guest("Eve")
    watcher = await square.kit.somebody("Watcher", role=Role.MODERATOR)
    other = await square.player("Hopper", FALLS)
    await square.lobbies.change(OPERATOR, ARRIVAL, squelched=True)
    await square.kit.chat.broadcast(ada, "hello")
    await square.say(other, "hello")
    await square.kit.chat.broadcast(watcher, "order")
    assert square.lines(eve) == [("world", "Watcher", "order")]
    with pytest.raises(Muted):
        await square.say(eve, "why?")
    assert [one for one in square.talk(ada) if "why" in one] == []


async def test_who_says_too_much_is_heard_where_they_are_only(square: Square) -> None:
    ada, bob = await square.kit.somebody("Ada"), await square.kit.somebody("Bob")
    hopper, eve = await square.player("Hopper"), square.guest("Eve")
    for number in range(12):
        await square.say(hopper, f"line {number}")
        await square.kit.chat.broadcast(ada, f"line {number}")
    assert len([line for line in square.talk(bob) if line.startswith("[Arrival]")]) == 10
    assert len([line for line in square.lines(eve) if line[0] == "world"]) == 10
    assert len(square.lines(eve)) == len(square.talk(bob)) == 22
    told = [one.message for one in square.kit.realtime.listeners[hopper.visitor.listener].of(LobbyMessage)]
    assert told.count("You say so much that only this lobby hears all of it, and the world does not.") == 1
    await square.say(eve, "and I?")
    assert square.talk(bob)[-1] == "[Arrival] Eve: and I?"
    square.kit.clock.advance(timedelta(minutes=1))
    await square.say(hopper, "again")
    assert square.talk(bob)[-1] == "[Arrival] Hopper: again"


async def test_who_is_ignored_is_heard_on_neither_side(square: Square) -> None:
    ada, bob = await square.kit.somebody("Ada"), await square.kit.somebody("Bob")
    hopper, eve = await square.player("Hopper"), square.guest("Eve")
    assert await square.kit.chat.ignore(ada, "hopper") == "Hopper"
    assert await square.kit.chat.ignore(ada, "[Arrival] Eve") == "Eve"
    await square.say(hopper, ".ignore [world] Ada")
    await square.say(eve, ".ignore Bob")
    square.kit.realtime.clear()
    await square.say(hopper, "one")
    await square.say(eve, "two")
    await square.kit.chat.broadcast(ada, "three")
    await square.kit.chat.broadcast(bob, "four")
    assert square.talk(ada) == ["Ada (global): three", "Bob (global): four"]
    assert await square.history(ada) == square.talk(ada)
    assert square.lines(hopper) == [("", "Hopper", "one"), ("", "Eve", "two"), ("world", "Bob", "four")]
    assert square.lines(eve) == [("", "Hopper", "one"), ("", "Eve", "two"), ("world", "Ada", "three")]

    assert await square.kit.chat.unignore(ada, "Hopper") == "Hopper"
    assert await square.kit.chat.unignore(ada, "Eve") == "Eve"
    await square.say(hopper, ".unignore Ada")
    square.kit.realtime.clear()
    await square.say(eve, "five")
    await square.kit.chat.broadcast(ada, "six")
    assert square.talk(ada) == ["[Arrival] Eve: five", "Ada (global): six"]
    assert square.lines(hopper)[-1] == ("world", "Ada", "six")


async def test_whom_one_ignores_with_one_client_one_ignores_with_the_other(square: Square) -> None:
    ada, bob = await square.kit.somebody("Ada"), await square.kit.somebody("Bob")
    old, hopper, eve = await square.old_client(ada.account_id), await square.player("Hopper"), square.guest("Eve")
    heard = square.kit.realtime.listeners[old.visitor.listener]
    await square.say(old, ".ignore Eve")
    await square.kit.chat.ignore(ada, "Bob")
    assert heard.ignored == {bob.account_id, eve.visitor.sender}
    assert ada.ignored == {bob.account_id, eve.visitor.sender}
    await square.say(old, ".ignore Hopper")
    assert ada.ignored == {bob.account_id, eve.visitor.sender, hopper.visitor.account_id}
    await square.say(old, ".unignore Hopper")
    await square.kit.chat.unignore(ada, "Bob")
    assert ada.ignored == heard.ignored == {eve.visitor.sender}


async def test_whom_one_cannot_ignore(square: Square, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await square.kit.somebody("Ada")
    old = await square.old_client(ada.account_id)
    square.guest("Mallory", NOOK)
    for name in ("Mallory", "[White Falls] " + old.name, "[Arrival] Nobody", "Nobody"):
        with pytest.raises(Unreachable):
            await square.kit.chat.ignore(ada, name)
    with pytest.raises(BadUsage):
        await square.lobbies.ignore_in_world(old.visitor.listener, ada)
    with pytest.raises(NotInLobby):
        await square.lobbies.ignore_in_world(CharacterId("nobody"), ada)
    hopper = await square.player("Hopper")
    await square.say(hopper, ".ignore Nobody")
    assert square.kit.realtime.listeners[hopper.visitor.listener].ignored == frozenset()
    read = square.kit.store.read

    async def read_and_go(work: Any) -> Any:
        found = await read(work)
        square.lobbies.leave(hopper.visitor.listener)
        return found

    monkeypatch.setattr(square.kit.store, "read", read_and_go)
    await square.lobbies.ignore_in_world(hopper.visitor.listener, ada)
    monkeypatch.undo()
    assert square.kit.realtime.listeners[hopper.visitor.listener].ignored == frozenset()


async def test_the_staff_of_a_lobby_may_silence_who_speaks_from_the_world(square: Square) -> None:
    ada = await square.kit.somebody("Ada Venn")
    watcher = await square.player("Watcher", role=Role.MODERATOR)
    await square.say(watcher, ".mute Ada Venn 5 shouting")
    with pytest.raises(Muted):
        await square.kit.chat.broadcast(ada, "HELLO")


# --- ending it -------------------------------------------------------------------------------------


async def test_it_ends_with_the_option_and_with_the_lobby(square: Square) -> None:
    ada, hopper = await square.kit.somebody("Ada"), await square.player("Hopper")
    eve = square.guest("Eve", FALLS)
    await square.lobbies.change(OPERATOR, ARRIVAL, world_chat=False)
    await square.say(hopper, "hello")
    await square.kit.chat.broadcast(ada, "hello")
    assert square.lines(hopper) == [("", "Hopper", "hello")]
    assert square.talk(ada) == ["Ada (global): hello"]
    assert square.lines(eve) == [("world", "Ada", "hello")]
    await square.lobbies.change(OPERATOR, NOOK, world_chat=True)
    await square.lobbies.remove(OPERATOR, FALLS)
    assert [one.room_id for one in square.lobbies.meeting] == [NOOK]
    await square.kit.chat.broadcast(ada, "again")
    assert len(square.lines(hopper)) == 1
    await square.lobbies.change(OPERATOR, NOOK, world_chat=False)
    await square.kit.chat.broadcast(ada, "and again")
    assert square.meeting.carried == {"lobby": 0, "world": 2}


async def test_who_left_hears_nothing_more(square: Square) -> None:
    ada, hopper = await square.kit.somebody("Ada"), await square.player("Hopper")
    square.lobbies.leave(hopper.visitor.listener)
    await square.kit.chat.broadcast(ada, "hello")
    assert square.lines(hopper) == []
