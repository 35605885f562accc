"""Several hubs as one, and lobbies over the two that a node has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite
from tests.support.pipe import Pipe

from mythgate.backends.memory.presence import MemoryPresence
from mythgate.backends.sql import open_store
from mythgate.backends.system import UuidIds
from mythgate.domain.accounts import Account
from mythgate.domain.events import Disconnect, Event, RoomMessage, event_of
from mythgate.domain.ids import AccountId, CharacterId, PlayId, SessionId, Topic
from mythgate.domain.lobbies import LOBBY_TOPICS, Lobby, Looks, Visitor, lobby_listener
from mythgate.domain.names import name_key
from mythgate.domain.sessions import OPERATOR
from mythgate.realtime.hub import Hub
from mythgate.realtime.hubs import Hubs, Watchers
from mythgate.realtime.limits import RealtimeLimits
from mythgate.realtime.stream import Stream
from mythgate.services.lobbies import LobbyService

HERE = Topic("lobby:26")
BYE = Disconnect("removed", "Bye.", False, 4506)


class Both:
    """The two hubs of a node; nothing is merged, so what is told is written at once."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.world = Hub(self.clock, RealtimeLimits(merge_window=0))
        limits = RealtimeLimits(merge_window=0, linkdead_display=0, resume_grace=0)
        self.lobby = Hub(self.clock, limits, followed=LOBBY_TOPICS)
        self.hubs = Hubs(self.world, self.lobby)

    def open(self, hub: Hub, name: str, account: str = "") -> tuple[Stream, Pipe]:
        stream = hub.open(
            PlayId("play-" + name),
            CharacterId(name),
            AccountId(account or name),
            SessionId("login-" + (account or name)),
        )
        pipe = Pipe(hub)
        hub.attach(stream, pipe)
        return stream, pipe

    def event(self, text: str, sender: str | None = None) -> Event:
        return event_of(RoomMessage(text), self.clock.now(), sender=AccountId(sender) if sender else None)


@pytest.fixture
def both() -> Both:
    return Both()


def texts(pipe: Pipe) -> list[str]:
    return [event.payload.message for _, event in pipe.wire if isinstance(event.payload, RoomMessage)]


def kinds(pipe: Pipe) -> list[str]:
    return [type(event.payload).event_type for _, event in pipe.wire]


def test_a_topic_is_heard_in_all_hubs(both: Both) -> None:
    _, ada = both.open(both.world, "ada")
    _, bob = both.open(both.lobby, "bob")
    for name in ("ada", "bob"):
        assert both.hubs.has_stream(CharacterId(name))
        both.hubs.subscribe(CharacterId(name), HERE)
    both.hubs.publish(HERE, both.event("all"))
    both.hubs.publish(HERE, both.event("not bob"), exclude=CharacterId("bob"))
    both.hubs.publish(HERE, both.event("not ada"), exclude=CharacterId("ada"))
    both.hubs.unsubscribe(CharacterId("bob"), HERE)
    both.hubs.publish(HERE, both.event("ada alone"))
    assert texts(ada) == ["all", "not bob", "ada alone"]
    assert texts(bob) == ["all", "not ada"]
    assert not both.hubs.has_stream(CharacterId("eve"))


def test_one_is_told_in_whichever_hub_they_are(both: Both) -> None:
    _, ada = both.open(both.world, "ada")
    _, bob = both.open(both.lobby, "bob")
    both.hubs.send(CharacterId("ada"), both.event("to ada"))
    both.hubs.send(CharacterId("bob"), both.event("to bob"))
    both.hubs.send(CharacterId("eve"), both.event("to nobody"))
    assert (texts(ada), texts(bob)) == (["to ada"], ["to bob"])


def test_ignoring_works_from_hub_to_hub(both: Both) -> None:
    _, ada = both.open(both.world, "ada")
    _, bob = both.open(both.lobby, "bob")
    for name in ("ada", "bob"):
        both.hubs.subscribe(CharacterId(name), HERE)
    both.hubs.set_ignored(CharacterId("ada"), frozenset({AccountId("bob")}))
    both.hubs.publish(HERE, both.event("from bob", sender="bob"))
    assert (texts(ada), texts(bob)) == ([], ["from bob"])


def test_accounts_are_spared_in_whichever_hub_they_are(both: Both) -> None:
    _, ada = both.open(both.world, "ada", "one")
    _, bob = both.open(both.lobby, "bob", "two")
    _, cid = both.open(both.world, "cid", "three")
    topic = Topic("global")  # in the hub of lobbies nobody follows it as their own
    for name in ("ada", "bob", "cid"):
        both.hubs.subscribe(CharacterId(name), topic)
    accounts = [AccountId("one"), AccountId("two"), AccountId("nobody")]
    both.hubs.publish(topic, both.event("for others"), sparing=accounts)
    both.hubs.publish(topic, both.event("for all"), sparing=[])
    assert (texts(ada), texts(bob), texts(cid)) == (["for all"], ["for all"], ["for others", "for all"])
    assert both.world.stats.deliveries == 3
    assert both.hubs.listens(AccountId("two"), topic)
    both.hubs.unsubscribe(CharacterId("bob"), topic)
    assert not both.hubs.listens(AccountId("two"), topic)
    assert not both.hubs.listens(AccountId("nobody"), topic)


def test_who_follows_a_room_is_spared_in_it_and_only_there(both: Both) -> None:
    _, ada = both.open(both.lobby, "ada", "one")
    _, bob = both.open(both.lobby, "bob", "two")
    both.hubs.subscribe(CharacterId("ada"), HERE)
    both.hubs.publish(HERE, both.event("nobody else"), sparing=[AccountId("one"), AccountId("two")])
    both.hubs.subscribe(CharacterId("bob"), HERE)
    both.hubs.publish(HERE, both.event("bob alone"), sparing=[AccountId("one")])
    both.hubs.publish(HERE, both.event("both"))
    assert (texts(ada), texts(bob)) == (["both"], ["bob alone", "both"])
    assert [number for number, _ in ada.wire] == [1]


def test_closing(both: Both) -> None:
    _, ada = both.open(both.world, "ada")
    _, bob = both.open(both.lobby, "bob")
    both.hubs.close(CharacterId("bob"), BYE)
    assert (kinds(bob), bob.closed) == (["disconnect"], 4506)
    assert ada.closed is None
    assert not both.hubs.has_stream(CharacterId("bob"))


def test_a_login_session_ends_in_all_hubs(both: Both) -> None:
    _, body = both.open(both.world, "body", account="ada")
    _, client = both.open(both.lobby, "lobby:1", account="ada")
    _, other = both.open(both.lobby, "lobby:2", account="bob")
    both.hubs.close_session(SessionId("login-ada"), BYE)
    assert (body.closed, client.closed, other.closed) == (4506, 4506, None)


def test_all_are_let_go_at_the_end(both: Both) -> None:
    pipes = [both.open(both.world, "ada")[1], both.open(both.lobby, "bob")[1]]
    both.hubs.close_all(Disconnect("going_away", "Bye.", True, 1001))
    assert [pipe.closed for pipe in pipes] == [1001, 1001]


def test_time_passes_in_all_hubs(both: Both) -> None:
    streams = [both.open(hub, name) for hub, name in ((both.world, "ada"), (both.lobby, "bob"))]
    for stream, pipe in streams:
        (both.world if stream.character_id == "ada" else both.lobby).detach(stream, pipe)
    both.hubs.tick()
    assert (both.hubs.has_stream(CharacterId("ada")), both.hubs.has_stream(CharacterId("bob"))) == (True, False)
    both.clock.advance(timedelta(seconds=121))
    both.hubs.tick()
    assert not both.hubs.has_stream(CharacterId("ada"))


class Witness:
    def __init__(self, name: str, log: list[tuple[str, ...]]) -> None:
        self.name, self.log = name, log

    def on_detached(self, character_id: CharacterId) -> None:
        self.log.append((self.name, "detached", character_id))

    def on_returned(self, character_id: CharacterId) -> None:
        self.log.append((self.name, "returned", character_id))

    def on_missed(self, character_id: CharacterId) -> None:
        self.log.append((self.name, "missed", character_id))

    def on_display_grace_over(self, character_id: CharacterId) -> None:
        self.log.append((self.name, "display", character_id))

    def on_stream_ended(self, character_id: CharacterId, reason: str) -> None:
        self.log.append((self.name, reason, character_id))


def test_all_watchers_are_told_in_their_order(both: Both) -> None:
    log: list[tuple[str, ...]] = []
    both.world.watcher = Watchers(Witness("first", log), Witness("second", log))
    stream, pipe = both.open(both.world, "ada")
    both.world.detach(stream, pipe)
    both.world.attach(stream, pipe)
    both.world.detach(stream, pipe)
    for seconds in (10, 31, 100):
        both.clock.advance(timedelta(seconds=seconds))
        both.hubs.tick()
    told = ["detached", "returned", "detached", "missed", "display", "expired"]
    assert log == [(who, what, "ada") for what in told for who in ("first", "second")]


# --- lobbies over both -----------------------------------------------------------------------------


@pytest.fixture
async def lobbies(both: Both, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LobbyService]:
    async with open_store(new_sqlite(tmp_path_factory.mktemp("hubs")), clock=both.clock) as store:
        for number in (1, 2):
            account = Account(
                AccountId(f"account-{number}"), f"P{number}", name_key(f"P{number}"), "", both.clock.now()
            )
            await store.write(lambda tx, account=account: tx.accounts.add(account))  # type: ignore[misc]
        made = LobbyService(
            [Lobby("Arrival", 26)],
            store=store,
            presence=MemoryPresence(),
            realtime=both.hubs,
            clock=both.clock,
            ids=UuidIds(),
        )
        both.world.watcher = Watchers(made)
        both.lobby.watcher = made
        yield made
        await made.settle()


def visitor(number: int, listener: CharacterId) -> Visitor:
    return Visitor(
        listener, number, f"P{number}", Looks(f"P{number}"), "", "", account_id=AccountId(f"account-{number}")
    )


async def test_a_browser_and_an_old_client_talk_and_see_each_other_leave(both: Both, lobbies: LobbyService) -> None:
    body, client = CharacterId("body"), lobby_listener(2)
    _, browser = both.open(both.world, body, "account-1")
    stream, old = both.open(both.lobby, client, "account-2")
    lobbies.enter(visitor(1, body), 26)
    lobbies.enter(visitor(2, client), 26)
    await lobbies.say(body, "hello")
    await lobbies.say(client, "hi")
    both.lobby.detach(stream, old)
    entered = ["lobby_player_entered", "lobby_message", "lobby_message"]
    assert kinds(browser) == ["lobby_state", "lobby_player_entered", *entered, "lobby_player_left"]
    assert kinds(old) == ["lobby_state", *entered]
    both.hubs.tick()
    assert not both.hubs.has_stream(client)
    assert [one.number for one in lobbies.everybody()] == [1]


async def test_an_old_client_that_comes_again_displaces_its_dead_line(both: Both, lobbies: LobbyService) -> None:
    body, client = CharacterId("body"), lobby_listener(2)
    _, browser = both.open(both.world, body, "account-1")
    lobbies.enter(visitor(1, body), 26)
    _, first = both.open(both.lobby, client, "account-2")
    lobbies.enter(visitor(2, client), 26)
    _, second = both.open(both.lobby, client, "account-2")
    lobbies.enter(visitor(2, client), 26)
    await lobbies.say(body, "hello")
    assert first.closed == 4502
    assert kinds(second)[-1] == "lobby_message"
    assert kinds(browser)[2:] == [
        "lobby_player_entered",
        "lobby_player_left",
        "lobby_player_entered",
        "lobby_message",
    ]
    assert len(lobbies.everybody()) == 2


async def test_a_kick_closes_the_line_once(both: Both, lobbies: LobbyService) -> None:
    body, client = CharacterId("body"), lobby_listener(2)
    _, browser = both.open(both.world, body, "account-1")
    _, old = both.open(both.lobby, client, "account-2")
    lobbies.enter(visitor(1, body), 26)
    lobbies.enter(visitor(2, client), 26)
    await lobbies.kick(OPERATOR, 2)
    assert (kinds(old)[-1], old.closed) == ("disconnect", 4506)
    assert kinds(browser).count("lobby_player_left") == 1
    await lobbies.kick(OPERATOR, 1)
    assert browser.closed == 4506
    assert lobbies.everybody() == []
