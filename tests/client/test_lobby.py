"""The Python client in lobbies of a real server: over a line that breaks, and beside a client of the old games."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
import pytest_asyncio
from aiohttp import ServerDisconnectedError
from tests.support.metaserver_client import AlephOneClient, aleph_game, close_lines
from tests.support.proxy import Network
from tests.support.server import ROOMY, RunningServer, running_server

from mythgate.client import Backoff, Client, OwnProfile, Unsent
from mythgate.domain.errors import (
    InvalidInput,
    NoGame,
    NotFound,
    NotInLobby,
    NotInWorld,
    NotYourTurn,
    PermissionDenied,
    RoomFull,
    TooMany,
    Unreachable,
)
from mythgate.domain.events import (
    FriendsChanged,
    LobbyCounts,
    LobbyGameListed,
    LobbyGameRemoved,
    LobbyMessage,
    LobbyPlayerChanged,
    LobbyPlayerEntered,
    LobbyPlayerLeft,
    LobbyPlayState,
    LobbyState,
    Payload,
)
from mythgate.examples import nim

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("client")]

ARRIVAL, FERRY = 26, 1
PATIENCE = 30.0
PASSWORD = "battery staple"  # Aleph One sends 16 bytes at most in clear
P = TypeVar("P", bound=Payload)
_names = (f"Tycho{first}{second}" for first, second in itertools.product("abcdefgh", repeat=2))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    quick = {"MYTHGATE_REALTIME__LINKDEAD_DISPLAY": "1", "MYTHGATE_LIMITS__LOGINS_PER_ADDRESS": "100000"}
    quick["MYTHGATE_PLUGINS"] = '["mythgate.examples.nim"]'
    async with running_server(tmp_path_factory.mktemp("lobby") / "data", ROOMY | quick) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def network(server: RunningServer) -> AsyncIterator[Network]:
    line = Network(server.port)
    await line.listen()
    try:
        yield line
    finally:
        await line.close()


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def lines() -> AsyncIterator[None]:
    """All connections of a test end with it."""
    yield
    await close_lines()


async def aleph(server: RunningServer, name: str = "Hopper", user_name: str = "guest") -> AlephOneClient:
    client = AlephOneClient(name=name, user_name=user_name, password=PASSWORD)
    await client.come(int(server.ready["doors"]["metaserver"].rsplit(":", 1)[1]))
    return client


def impatience() -> Backoff:
    return Backoff(10_000, delays=(), longest=0.02, jitter=0)


@contextlib.asynccontextmanager
async def player(url: str, **options: Any) -> AsyncIterator[Client]:
    """Somebody with an account, in the world."""
    async with Client(url, backoff=impatience(), **options) as client:
        await come(client, next(_names))
        yield client


async def come(client: Client, name: str) -> None:
    await client.register(name, PASSWORD)
    await client.create_character(name)
    await client.connect()


def room_of(client: Client) -> int | None:
    return None if client.lobby.room is None else client.lobby.room.room_id


class Heard:
    """What a client was told of lobbies, and a way to wait for one of it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.payloads: list[Payload] = []
        self._changed = asyncio.Event()
        client.lobby.register_handler(Payload, self._take)

    def _take(self, payload: Payload) -> None:
        self.payloads.append(payload)
        self._changed.set()

    async def find(self, kind: type[P], wanted: Callable[[P], object] = lambda _: True) -> P:
        async with asyncio.timeout(PATIENCE):
            while True:
                for one in self.payloads:
                    if isinstance(one, kind) and wanted(one):
                        return one
                self._changed.clear()
                await self._changed.wait()

    async def until(self, is_so: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    def all(self, kind: type[P]) -> list[P]:
        return [one for one in self.payloads if isinstance(one, kind)]


# --- beside an old client --------------------------------------------------------------------------------


async def test_who_is_there_with_which_client_goes_both_ways(server: RunningServer) -> None:
    async with player(server.url) as ada:
        heard = Heard(ada)
        state = await ada.lobby.enter("arrival")
        assert (state.lobby.room_id, state.lobby.name, ada.lobby.room) == (ARRIVAL, "Arrival", state.lobby)
        own = ada.lobby.players[ada.lobby.you]
        assert (own.name, own.client, own.door) == (ada.account["username"], "mythgate-python 0.1.0", "http")

        hopper = await aleph(server)
        entered = await heard.find(LobbyPlayerEntered, lambda one: one.player.number == hopper.number)
        assert (entered.player.name, entered.player.client) == ("Guest Hopper", "Aleph One")
        assert ada.lobby.players[hopper.number] == entered.player
        assert hopper.players[ada.lobby.you].plain == own.name
        rooms = await ada.lobby.get_rooms()
        (arrival,) = (room for room in rooms.rooms if room.id == ARRIVAL)
        clients = {one.nick_name: one.client for one in arrival.players}
        assert clients == {own.name: "mythgate-python 0.1.0", "Guest Hopper": "Aleph One"}

        hopper.away("supper")
        changed = await heard.find(LobbyPlayerChanged, lambda one: "supper" in one.player.name)
        assert changed.player.away
        assert ada.lobby.players[hopper.number] == changed.player

        you = ada.lobby.you
        await hopper.leave()
        left = await heard.find(LobbyPlayerLeft)
        assert (left.number, left.reason) == (hopper.number, "left")
        assert list(ada.lobby.players) == [you]

        again = await aleph(server)
        await ada.lobby.leave()
        assert (ada.lobby.room, ada.lobby.out, ada.lobby.players) == (None, "left", {})
        await again.until_player(own.name, present=False)
        with pytest.raises(NotInLobby):
            await ada.lobby.leave()
        with pytest.raises(NotInLobby):
            await ada.lobby.say("Anybody?")


async def test_talk_goes_both_ways_with_accents_and_styles(server: RunningServer) -> None:
    async with player(server.url) as ada:
        heard = Heard(ada)
        await ada.lobby.enter(ARRIVAL)
        hopper = await aleph(server)
        hopper.chat("Où est la |bsortie|p ?")
        said = await heard.find(LobbyMessage, lambda one: one.number == hopper.number)
        assert (said.kind, said.name, said.message) == ("say", "Guest Hopper", "Où est la sortie ?")
        assert said.styled == "Où est la |bsortie|p ?"

        await ada.lobby.say("Par là, “je crois” …")
        assert (await hopper.until_said("Par là, “je crois” …")).number == ada.lobby.you

        await ada.lobby.tell(hopper.number, "viens, à droite")
        whispered = await hopper.until_said("viens, à droite")
        assert (whispered.number, whispered.target) == (ada.lobby.you, hopper.number)
        echo = await heard.find(LobbyMessage, lambda one: one.message == "viens, à droite")
        assert (echo.kind, echo.target, echo.target_name) == ("private", hopper.number, "Guest Hopper")
        hopper.tell(ada.lobby.you, "j’arrive")
        answer = await heard.find(LobbyMessage, lambda one: one.message == "j’arrive")
        assert (answer.kind, answer.number, answer.target) == ("private", hopper.number, ada.lobby.you)
        await ada.lobby.tell("Guest Hopper", "by name")
        await hopper.until_said("by name")
        with pytest.raises(Unreachable) as refused:
            await ada.lobby.tell(999_999, "hello?")
        assert refused.value.code == "unreachable"
        assert [one.message for one in ada.lobby.messages if one.kind == "say"][-2:] == [
            "Où est la sortie ?",
            "Par là, “je crois” …",
        ]


async def test_what_looks_like_a_command_is_said_and_commands_are_carried_out(server: RunningServer) -> None:
    async with player(server.url) as ada:
        heard = Heard(ada)
        await ada.lobby.enter(ARRIVAL)
        for words in ("/kick me", ".who", " /who", "/", "...", "\u200b/who"):
            await ada.lobby.say(words)
        await ada.lobby.command("me waves")
        action = await heard.find(LobbyMessage, lambda one: one.kind == "action")
        assert action.message == "waves"
        assert [one.message for one in heard.all(LobbyMessage) if one.kind == "say"][-6:] == [
            "/kick me",
            ".who",
            " /who",
            "/",
            "...",
            "/who",
        ]
        await ada.lobby.command("/who")
        await heard.find(LobbyMessage, lambda one: one.kind == "line" and one.message.startswith("Arrival: "))
        await ada.lobby.command("frobnicate")
        await heard.find(LobbyMessage, lambda one: one.kind == "line" and "frobnicate" in one.message)


async def test_games_are_seen_and_found(server: RunningServer) -> None:
    async with player(server.url) as ada:
        heard = Heard(ada)
        hopper = await aleph(server)
        await ada.lobby.enter(ARRIVAL)
        hopper.host(aleph_game("Mars attacks", "Mars Needs Women"))
        listed = await heard.find(LobbyGameListed)
        assert (listed.game.name, listed.game.map_name, listed.game.host) == (
            "Mars attacks",
            "Mars Needs Women",
            hopper.number,
        )
        assert ada.lobby.games == {listed.game.number: listed.game}
        (found,) = await ada.lobby.get_games(room=ARRIVAL, joinable=True, map_name="needs")
        assert (found.id, found.room_name, found.host_name) == (listed.game.number, "Arrival", "Guest Hopper")
        assert await ada.lobby.get_games(family="myth2") == []
        hopper.start(600)
        await heard.until(lambda: ada.lobby.games[listed.game.number].state == "running")
        hopper.remove_game()
        await heard.find(LobbyGameRemoved)
        assert ada.lobby.games == {}


async def test_kicks_go_both_ways(server: RunningServer) -> None:
    async with player(server.url) as ada, player(server.url) as ben:
        await server.run_cli("user", "role", ada.account["username"], "moderator")
        heard = Heard(ben)
        await ada.lobby.enter(ARRIVAL)
        await ben.lobby.enter(ARRIVAL)
        hopper = await aleph(server)
        await heard.until(lambda: hopper.number in ben.lobby.players)
        await ada.lobby.command(f"kick #{hopper.number} spamming")
        left = await heard.find(LobbyPlayerLeft, lambda one: one.number == hopper.number)
        assert left.reason == "kicked"
        with pytest.raises(EOFError):
            await hopper.until(lambda: False)
        assert "removed by the staff: spamming" in " ".join(hopper.lines), (hopper.lines, hopper.messages)

        await ada.lobby.leave()
        chief = await aleph(server, "Chief", ada.account["username"])
        await heard.until(lambda: chief.number in ben.lobby.players)
        over = asyncio.Event()
        ben.register_handler("disconnected", lambda _: over.set())
        chief.tell(ben.lobby.you, ".kick enough")
        await chief.until_player(ben.account["username"], present=False)
        async with asyncio.timeout(PATIENCE):
            await over.wait()
        assert (ben.state, ben.close_code) == ("disconnected", 4506)
        assert (ben.lobby.room, ben.lobby.out) == (None, "kicked")


# --- a line that breaks ----------------------------------------------------------------------------------


async def test_what_is_known_is_right_after_every_cut(server: RunningServer, network: Network) -> None:
    async with player(server.url) as watcher, player(network.url) as ada:
        seen, heard = Heard(watcher), Heard(ada)
        await watcher.lobby.enter(ARRIVAL)
        await ada.lobby.enter(ARRIVAL)
        hopper = await aleph(server)
        for number in range(12):
            network.cut()
            guest = await aleph(server, f"Marine {number}")
            hopper.chat(f"né {number}")
            saying = asyncio.create_task(ada.lobby.say(f"là {number}"))
            if number % 3 == 0:
                network.cut()
            await saying
            if number % 2:
                guest.vanish()
        hopper.host(aleph_game("Last"))
        for one in (seen, heard):
            await one.find(LobbyGameListed, lambda listed: listed.game.name == "Last")
            await one.until(lambda one=one: len(one.client.lobby.players) == 9)  # type: ignore[misc]
        for client in (watcher, ada):
            said = [one.message for one in client.lobby.messages if one.message[:2] in ("né", "là")]
            assert sorted(said) == sorted(f"{word} {number}" for word in ("né", "là") for number in range(12))
        assert ada.lobby.players == watcher.lobby.players
        assert ada.lobby.games == watcher.lobby.games
        lefts = [one.number for one in seen.all(LobbyPlayerLeft)]
        assert ada.lobby.you not in lefts, "a cut is no leaving"
        assert len(heard.all(LobbyState)) == 1, "nothing had to be told anew"


async def test_a_game_goes_on_over_every_cut(server: RunningServer, network: Network) -> None:
    def cut_once_begun(state: dict[str, Any]) -> None:
        if state["stones"] < 15:
            network.cut()

    await server.run_cli("lobby", "add", "906", "Nim", "--type", "nim", "--option", "stones=15")
    async with player(server.url) as ben, player(network.url) as ada:
        seen, heard = Heard(ben), Heard(ada)
        await ben.lobby.enter(ARRIVAL)
        await seen.find(LobbyCounts, lambda one: any(view.room_id == 906 for view in one.lobbies))
        game = asyncio.create_task(nim.play(ada))
        await heard.find(LobbyPlayState)
        ada.register_handler("lobby_play_state", lambda told: cut_once_begun(told["data"]["state"]))
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(nim.play(ben), game)
        over = await seen.find(LobbyPlayState, lambda one: one.state["winner"])
        assert over.state["stones"] == 0
        assert ada.lobby.played == ben.lobby.played == over
        of_the_game = re.compile(r" (begins|takes|wins)\b")
        told = [
            [one.message for one in each.all(LobbyMessage) if of_the_game.search(one.message)] for each in (seen, heard)
        ]
        assert told[0] == told[1], "nothing is missing, nothing came twice"
        loser = ben if over.state["winner"] != ben.lobby.players[ben.lobby.you].name else ada
        with pytest.raises(NotYourTurn):
            await loser.lobby.play("1")
        await loser.lobby.enter(ARRIVAL)
        assert loser.lobby.played is None
        with pytest.raises(NoGame, match="Nothing is played in Arrival"):
            await loser.lobby.play("1")
        await loser.lobby.leave()
        with pytest.raises(NotInLobby):
            await loser.lobby.play("1")
    await server.run_cli("lobby", "remove", "906")


async def test_whoever_was_gone_for_long_learns_that_they_are_out(server: RunningServer, network: Network) -> None:
    async with player(server.url) as watcher, player(network.url) as ada:
        seen, heard = Heard(watcher), Heard(ada)
        await watcher.lobby.enter(ARRIVAL)
        await ada.lobby.enter(ARRIVAL)
        you = ada.lobby.you
        await network.refuse()
        network.cut()
        assert (await seen.find(LobbyPlayerLeft)).number == you
        assert room_of(ada) == ARRIVAL, "nobody has told it"
        await network.listen()
        left = await heard.find(LobbyPlayerLeft)
        assert (left.number, left.reason) == (you, "lost")
        assert (ada.lobby.room, ada.lobby.out, ada.lobby.players) == (None, "lost", {})


async def test_whoever_stays_comes_back_after_a_long_absence(server: RunningServer, network: Network) -> None:
    async with player(server.url) as watcher, player(network.url) as ada:
        seen, heard = Heard(watcher), Heard(ada)
        await watcher.lobby.enter(ARRIVAL)
        await ada.lobby.enter(ARRIVAL, stay=True)
        you = ada.lobby.you
        await network.refuse()
        network.cut()
        await seen.find(LobbyPlayerLeft, lambda one: one.number == you)
        await network.listen()
        await heard.until(lambda: len(heard.all(LobbyState)) == 2)
        await seen.until(lambda: you in watcher.lobby.players)
        assert ada.lobby.players == watcher.lobby.players
        assert set(ada.lobby.players) == {you, watcher.lobby.you}
        await ada.lobby.leave()
        assert ada.lobby.out == "left"


class Stumbling(Client):
    """Requests to enter a lobby fail as often as told."""

    failures: ClassVar[list[Exception]] = []

    async def request(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        if path.endswith("/enter") and self.failures:
            raise self.failures.pop(0)
        return await super().request(method, path, body)


@pytest.mark.parametrize(
    ("failures", "comes_back"),
    [
        ([ServerDisconnectedError(), TooMany(retry_after=timedelta(milliseconds=10)), TimeoutError()], True),
        ([RoomFull("It is full.")], False),
    ],
)
async def test_coming_back_takes_as_many_attempts_as_the_line_needs(
    server: RunningServer, network: Network, failures: list[Exception], comes_back: bool
) -> None:
    async with player(server.url) as watcher, Stumbling(network.url, backoff=impatience()) as ada:
        await come(ada, next(_names))
        seen, heard = Heard(watcher), Heard(ada)
        await watcher.lobby.enter(ARRIVAL)
        await ada.lobby.enter(ARRIVAL, stay=True)
        Stumbling.failures = failures
        await network.refuse()
        network.cut()
        await seen.find(LobbyPlayerLeft)
        await network.listen()
        await heard.find(LobbyPlayerLeft)
        if comes_back:
            await heard.until(lambda: room_of(ada) == ARRIVAL)
        else:
            assert ada.lobby._return is not None
            await ada.lobby._return
            assert room_of(ada) is None
        assert failures == []


async def test_another_process_finds_its_lobby(server: RunningServer) -> None:
    async with player(server.url) as watcher:
        await watcher.lobby.enter(ARRIVAL)
        async with player(server.url, keep_session=True) as first:
            name = first.account["username"]
            await first.lobby.enter(ARRIVAL)
            before = dict(first.lobby.players)
        async with Client(server.url, session_id=first.session_id, last_seq=first.last_seq) as second:
            await second.login(name, PASSWORD)
            await second.connect()
            assert room_of(second) is None, "nothing has happened that it could be told"
            await second.lobby.resync()
            assert room_of(second) == ARRIVAL
            assert second.lobby.players == before
            await second.lobby.leave()
            await second.lobby.resync()
            assert room_of(second) is None


async def test_a_new_play_session_of_who_is_in_a_lobby_is_told_at_once(server: RunningServer) -> None:
    async with player(server.url, keep_session=True) as first:
        name = first.account["username"]
        await first.lobby.enter(ARRIVAL)
    async with Client(server.url) as second:
        heard = Heard(second)
        await second.login(name, PASSWORD)
        await second.connect()
        state = await heard.find(LobbyState)
        assert state.you == second.lobby.you
        assert second.lobby.players[state.you].name == name


async def test_a_new_start_of_the_server_puts_everybody_out_but_who_stays(tmp_path: Path) -> None:
    async with (
        running_server(tmp_path / "data", ROOMY) as server,
        player(server.url) as ada,
        player(server.url) as ben,
    ):
        heard = Heard(ada)
        told = asyncio.Event()
        ben.register_handler("game_state", lambda _: told.set())
        await ada.lobby.enter(ARRIVAL, stay=True)
        await ben.lobby.enter(ARRIVAL)
        told.clear()
        await server.kill()
        await server.start()
        await heard.until(lambda: len(heard.all(LobbyState)) == 2)
        async with asyncio.timeout(PATIENCE):
            await told.wait()
        assert set(ada.lobby.players) == {ada.lobby.you}
        assert (ben.lobby.room, ben.lobby.players) == (None, {})


async def test_what_is_awaited_fails_when_the_connection_ends_for_good(server: RunningServer) -> None:
    async with player(server.url) as watcher, player(server.url) as ada:
        seen = Heard(watcher)
        await watcher.lobby.enter(ARRIVAL)
        busy = asyncio.Event()

        async def never_ready(_: Any) -> None:
            busy.set()
            await asyncio.Event().wait()

        ada.register_handler("chat_message", never_ready)
        await ada.request("POST", "/api/command", {"command": "say hello"})
        await busy.wait()
        entering = asyncio.create_task(ada.lobby.enter(ARRIVAL))
        await seen.find(LobbyPlayerEntered, lambda one: one.player.name == ada.account["username"])
        await ada.request("GET", "/api/lobbies")  # the answer to entering came before this one
        with ada.lobby.listen() as events:
            await ada.close()
            assert [one async for one in events] == []
        with pytest.raises(Unsent):
            await entering
        assert ada.lobby.room is None


# --- refusals, handlers, values --------------------------------------------------------------------------


async def test_refusals_have_their_names(server: RunningServer) -> None:
    await server.run_cli("lobby", "add", "905", "Nook", "--capacity", "1")
    async with Client(server.url) as outside, player(server.url) as ada, player(server.url) as ben:
        await outside.guest()
        with pytest.raises(NotInWorld):
            await outside.lobby.enter(ARRIVAL)
        with pytest.raises(NotFound, match="no lobby called Nowhere") as unknown:
            await ada.lobby.enter("Nowhere")
        assert "Otter Ferry" in unknown.value.hint
        with pytest.raises(NotFound):
            await ada.lobby.enter(77)
        heard = Heard(ada)
        await ada.lobby.enter(ARRIVAL)
        if 905 not in ada.lobby.lobbies:  # the server looks for changes every second
            await heard.find(LobbyCounts, lambda one: any(view.room_id == 905 for view in one.lobbies))
        await ada.lobby.enter("905")
        with pytest.raises(RoomFull) as full:
            await ben.lobby.enter("nook")
        assert (full.value.code, ben.lobby.room) == ("room_full", None)
        with pytest.raises(NotFound):
            await ada.lobby.get_player("nobody")
        with pytest.raises(PermissionDenied):
            await outside.lobby.save_profile(await outside.lobby.get_profile())
        await server.run_cli("lobby", "remove", "905")


async def test_moving_on_leaves_the_lobby_one_was_in(server: RunningServer) -> None:
    async with player(server.url) as ada:
        heard = Heard(ada)
        await ada.lobby.enter(ARRIVAL, stay=True)
        await ada.lobby.enter("Otter Ferry", stay=True)
        await heard.find(LobbyPlayerLeft, lambda one: one.reason == "moved")  # others may be lost meanwhile
        assert ada.lobby.room is not None
        assert (ada.lobby.room.room_id, ada.lobby.out) == (FERRY, None)
        await heard.find(LobbyCounts, lambda one: any(view.room_id == FERRY and view.players for view in one.lobbies))
        assert ada.lobby.room.players == ada.lobby.lobbies[FERRY].players == 1


async def test_a_handler_may_not_wait_for_what_it_keeps_from_coming(server: RunningServer) -> None:
    async with player(server.url) as ada:
        refused: list[str] = []

        async def answer(_message: LobbyMessage) -> None:
            waiting: tuple[Callable[[], Awaitable[Any]], ...] = (
                lambda: ada.lobby.say("an echo"),
                lambda: ada.lobby.enter(FERRY),
                ada.lobby.leave,
                lambda: ada.command("look"),
                ada.ping,
            )
            for wait in waiting:
                try:
                    await wait()
                except RuntimeError as error:
                    refused.append(str(error))

        undo = ada.lobby.register_handler(LobbyMessage, answer)
        await ada.lobby.enter(ARRIVAL)
        heard = Heard(ada)
        await ada.lobby.say("hello")
        await heard.find(LobbyMessage, lambda one: one.message == "hello")
        assert refused
        assert len(refused) % 5 == 0
        assert set(refused) == {"a handler cannot wait for the server; start a task for it"}
        undo()
        count = len(refused)
        await ada.lobby.say("once more")
        await heard.find(LobbyMessage, lambda one: one.message == "once more")
        assert len(refused) == count


async def test_whoever_listens_may_answer(server: RunningServer) -> None:
    async with player(server.url) as bot, player(server.url) as ada:
        heard = Heard(ada)

        async def parrot() -> None:
            with bot.lobby.listen() as events:
                await bot.lobby.enter(ARRIVAL)
                async for event in events:
                    if isinstance(event, LobbyMessage) and event.kind == "private" and event.number != bot.lobby.you:
                        await bot.lobby.tell(event.number, f"You said: {event.message}")

        perched = asyncio.create_task(parrot())
        await ada.lobby.enter(ARRIVAL)
        await heard.until(lambda: len(ada.lobby.players) == 2)
        (number,) = set(ada.lobby.players) - {ada.lobby.you}
        await ada.lobby.tell(number, "hello")
        await heard.find(LobbyMessage, lambda one: one.message == "You said: hello")
        await bot.leave()
        await perched  # ends with the connection


async def test_people_ladders_clans_profiles_friends(server: RunningServer) -> None:
    async with player(server.url) as ada, player(server.url) as ben:
        heard = Heard(ada)
        await ada.lobby.enter(ARRIVAL)
        await ben.lobby.enter(ARRIVAL)
        await heard.until(lambda: ben.lobby.you in ada.lobby.players)
        name = ben.account["username"]
        (entry,) = await ada.lobby.find_players(name)
        assert (entry.number, entry.guest, entry.clan) == (ben.lobby.you, False, None)
        saved = await ben.lobby.save_profile(OwnProfile(city="Köln", primary_color="#ff0000", team="Reds"))
        assert saved == await ben.lobby.get_profile()
        await heard.until(lambda: ada.lobby.players[entry.number].colour == "#ff0000")
        for asked in (name, entry.number):
            page = await ada.lobby.get_player(asked)
            assert (page.name, page.profile.city, page.profile.team, page.standings) == (name, "Köln", "Reds", {})
            assert page.online is not None
            assert (page.online.room_name, page.online.client) == ("Arrival", "mythgate-python 0.1.0")
            assert page.member_since.tzinfo is not None
        with pytest.raises(InvalidInput):
            await ben.lobby.save_profile(OwnProfile(team="a\x07b"))
        ladder = await ada.lobby.get_ladder("ranked", "clan", limit=5)
        assert (ladder.category, ladder.kind, ladder.rows) == ("ranked", "clan", [])
        assert "unranked" in ladder.categories
        assert await ada.lobby.get_clans() == []
        with pytest.raises(NotFound):
            await ada.lobby.get_clan(7)

        (friend,) = await ada.lobby.add_friend(entry.number)
        assert (friend.name, friend.state, friend.room_id) == (name, "unacknowledged", ARRIVAL)
        assert await ada.lobby.get_friends() == [friend]
        await ben.lobby.leave()
        await heard.find(FriendsChanged, lambda one: [friend.state for friend in one.friends] == ["offline"])
        assert ada.lobby.friends[entry.number].state == "offline"
        assert await ada.lobby.remove_friend(entry.number) == []
        assert ada.lobby.friends == {}


async def test_the_examples_of_the_page_run(server: RunningServer) -> None:
    page = (Path(__file__).parents[2] / "docs" / "python-client.md").read_text("utf-8")
    in_world, _fighting, in_lobby, _registering, _network = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    output, _ = await (await _run(in_world, server)).communicate()
    assert "Ways: " in output.decode()

    async with player(server.url) as ada:
        heard = Heard(ada)
        await ada.lobby.enter(ARRIVAL)
        greeter = await _run(in_lobby, server)
        entered = await heard.find(LobbyPlayerEntered, lambda one: one.player.client == "greeter 1.0")
        await ada.lobby.say("hello everybody")
        answer = await heard.find(LobbyMessage, lambda one: one.number == entered.player.number)
        assert answer.message == f"Hello, {ada.account['username']}!"
        await ada.lobby.tell(entered.player.number, "goodbye")
        assert (await heard.find(LobbyPlayerLeft)).reason == "left"
        output, _ = await greeter.communicate()
        assert f"{ada.account['username']}, mythgate-python" in output.decode()
        assert greeter.returncode == 0


async def _run(example: str, server: RunningServer) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", example.replace("http://127.0.0.1:54731", server.url), stdout=asyncio.subprocess.PIPE
    )
