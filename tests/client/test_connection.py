"""The Python client against a real server, over a line that breaks."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.support.proxy import Network
from tests.support.server import ROOMY, RunningServer, running_server

from mythgate.client import Backoff, Client, Unsent
from mythgate.domain.errors import AuthenticationError, Refused

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("client")]

PASSWORD = "correct horse battery"
Event = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path_factory.mktemp("client") / "data", ROOMY) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def network(server: RunningServer) -> AsyncIterator[Network]:
    line = Network(server.port)
    await line.listen()
    try:
        yield line
    finally:
        await line.close()


def impatience(attempts: int = 50) -> Backoff:
    """Delays a test can afford."""
    return Backoff(attempts, delays=(), longest=0.01, jitter=0)


class Listener:
    """Everything a client was told, and a way to wait for one of it."""

    def __init__(self, client: Client) -> None:
        self.events: list[Event] = []
        self._waiting: list[tuple[Callable[[Event], bool], asyncio.Future[Event]]] = []
        client.register_handler("*", self._take)

    def _take(self, event: Event) -> None:
        self.events.append(event)
        for wanted, found in self._waiting:
            if not found.done() and wanted(event):
                found.set_result(event)

    async def find(self, wanted: Callable[[Event], bool]) -> Event:
        for event in self.events:
            if wanted(event):
                return event
        found: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, found))
        return await asyncio.wait_for(found, 10)

    def said(self) -> list[str]:
        return [e["data"]["message"] for e in self.events if e["event_type"] == "chat_message"]

    def numbers(self) -> list[int]:
        return [event["sequence_number"] for event in self.events if event.get("sequence_number")]


async def test_sign_up_enter_talk_and_leave(server: RunningServer) -> None:
    async with Client(server.url) as client:
        account = await client.register("Ada", PASSWORD)
        assert account["username"] == "Ada"
        made = await client.create_character("Ada", description="Tall.")
        assert [one["id"] for one in await client.characters()] == [made["id"]]
        listener = Listener(client)
        await client.connect(made["id"])
        assert client.state == "connected"
        assert (await listener.find(lambda e: e["event_type"] == "game_state"))["sequence_number"] == 1
        assert (await client.command("say 5 > 3; really?"))["success"]
        await listener.find(lambda e: e["event_type"] == "chat_message" and e["data"]["message"] == "5 > 3; really?")
        assert await client.ping() < 1000
        refused = await client.command("frobnicate")
        assert (refused["success"], refused["code"]) == (False, "unknown_command")
        assert (await client.command("quit"))["data"] == {"quit": True}
        assert (await listener.find(lambda e: e["event_type"] == "disconnected"))["data"]["code"] == 4500
        assert client.state == "disconnected"


async def test_refusals_carry_code_and_hint(server: RunningServer) -> None:
    async with Client(server.url) as client:
        with pytest.raises(AuthenticationError) as refused:
            await client.login("Nobody", PASSWORD)
        assert refused.value.code == "bad_credentials"
        assert refused.value.hint
        await client.register("Cato", PASSWORD)
        with pytest.raises(Refused, match="no character") as refused_entry:
            await client.connect()
        assert refused_entry.value.code == "no_character"


async def test_who_is_not_signed_in_is_told_so_at_once(server: RunningServer) -> None:
    async with Client(server.url) as client, asyncio.timeout(5):
        for refused in (client.connect, client.create_party, client.get_characters):
            with pytest.raises(AuthenticationError) as refusal:
                await refused()
            assert (refusal.value.code, refusal.value.hint) == (
                "authentication_failed",
                "Call `login` or `guest` first, then `connect`.",
            )
        waiting = (
            client.send_chat("Hello"),
            client.send_move("north"),
            client.command("look"),
            client.ping(),
            client.wait_for("chat_message"),
            client.send_position_update((1, 2, 3)),
        )
        for call in waiting:
            with pytest.raises(Unsent, match=r"^Not connected\. Call `login` or `guest` first, then `connect`\.$"):
                await call
        with pytest.raises(AuthenticationError) as wrong:
            await client.login("Nobody", PASSWORD)
        assert "password" in wrong.value.hint
        await client.guest()
        with pytest.raises(Unsent, match=r"^Not connected\. Call `connect` first\.$"):
            await client.send_chat("Hello")


async def test_what_takes_too_long_says_so(server: RunningServer) -> None:
    async with Client(server.url) as client:
        await client.guest()
        await client.connect()
        with pytest.raises(TimeoutError, match=r"No answer came within 0 seconds\."):
            await client.command("look", wait=0)
        with pytest.raises(TimeoutError, match=r"No such event came in time\."):
            await client.wait_for("aetherfall", wait=0)


async def test_nothing_is_lost_and_nothing_comes_twice_over_cuts(server: RunningServer, network: Network) -> None:
    async with Client(server.url) as talker, Client(network.url, backoff=impatience()) as other:
        listener = Listener(other)
        await talker.guest()
        await talker.connect()
        await other.guest()
        await other.connect()
        words = [f"word {number}" for number in range(60)]
        for number, word in enumerate(words):
            if number % 7 == 3:
                network.cut()
            assert (await talker.command(f"say {word}"))["success"]
        await listener.find(lambda e: e["event_type"] == "chat_message" and e["data"]["message"] == words[-1])
        assert [said for said in listener.said() if said.startswith("word")] == words
        assert listener.numbers() == list(range(1, listener.numbers()[-1] + 1))


async def test_a_command_typed_while_the_line_is_gone_has_one_effect(server: RunningServer, network: Network) -> None:
    async with Client(server.url) as watcher, Client(network.url, backoff=impatience()) as client:
        seen = Listener(watcher)
        await watcher.guest()
        await watcher.connect()
        await client.guest()
        await client.connect()
        for number in range(10):
            answer = asyncio.create_task(client.command(f"say once {number}"))
            await asyncio.sleep(0)
            network.cut()
            assert (await answer)["success"]
        await seen.find(lambda e: e["event_type"] == "chat_message" and e["data"]["message"] == "once 9")
        assert [said for said in seen.said() if said.startswith("once")] == [f"once {number}" for number in range(10)]


async def test_another_process_resumes_the_play_session(server: RunningServer) -> None:
    async with Client(server.url) as first, Client(server.url) as friend:
        await first.register("Bera", PASSWORD)
        made = await first.create_character("Bera")
        await first.connect(made["id"])
        await friend.guest()
        await friend.connect()
        assert first.last_seq
        number, play = first.last_seq, first.session_id
        await first.close()
        assert (await friend.command("say while you were out"))["success"]
        async with Client(server.url, session_id=play, last_seq=number) as second:
            listener = Listener(second)
            await second.login("Bera", PASSWORD)
            await second.connect(made["id"])
            await listener.find(
                lambda e: e["event_type"] == "chat_message" and e["data"]["message"] == "while you were out"
            )
            assert listener.numbers()[0] == number + 1
            assert not any(event["event_type"] in ("reset", "game_state") for event in listener.events)


async def test_the_end_of_the_block_leaves_the_world(server: RunningServer) -> None:
    async with Client(server.url) as friend:
        seen = Listener(friend)
        await friend.guest()
        await friend.connect()
        async with Client(server.url) as client:
            name = (await client.guest())["username"]
            await client.connect()
        gone = await seen.find(lambda e: e["event_type"] == "player_left_game")
        assert gone["data"]["player_name"] == name
        assert not any(event["event_type"] == "player_status" for event in seen.events)
        with pytest.raises(ZeroDivisionError):
            async with Client(server.url) as client:
                name = (await client.guest())["username"]
                await client.connect()
                _ = 1 / 0
        await seen.find(lambda e: e["event_type"] == "player_left_game" and e["data"]["player_name"] == name)


async def test_a_kept_session_waits_for_its_return(server: RunningServer) -> None:
    async with Client(server.url) as friend:
        seen = Listener(friend)
        await friend.guest()
        await friend.connect()
        async with Client(server.url, keep_session=True) as first:
            await first.register("Cleo", PASSWORD)
            made = await first.create_character("Cleo")
            await first.connect(made["id"])
        await seen.find(lambda e: e["event_type"] == "player_status" and e["data"]["status"] == "linkdead")
        async with Client(server.url, session_id=first.session_id, last_seq=first.last_seq) as second:
            listener = Listener(second)
            await second.login("Cleo", PASSWORD)
            await second.connect()
            assert not any(event["event_type"] in ("reset", "game_state") for event in listener.events)
            assert not any(event["event_type"] == "player_left_game" for event in seen.events)


async def test_no_answer_at_all_ends_in_failed_with_what_was_not_sent(server: RunningServer, network: Network) -> None:
    async with Client(network.url, backoff=impatience(2)) as client:
        await client.guest()
        await client.connect()
        await network.refuse()
        answer = asyncio.create_task(client.command("say anybody?"))
        await asyncio.sleep(0)
        network.cut()
        with pytest.raises(Unsent):
            await answer
        assert client.state == "failed"


async def test_the_example_of_the_quick_start_runs(server: RunningServer) -> None:
    page = (Path(__file__).parents[2] / "docs" / "index.md").read_text("utf-8")
    example = textwrap.dedent(page.split("```python\n", 1)[1].split("```", 1)[0])
    ran = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        example.replace("http://127.0.0.1:54731", server.url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(ran.communicate(), 30)
    assert ran.returncode == 0, errors.decode()
    assert "Gate Square" in output.decode()
    assert "says: hello, everybody" in output.decode()
