"""What carries notices out of the server: to real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.ports import closed_port

from mythgate.backends import webpush
from mythgate.backends.postmen import DISCORD_LENGTH, Postmen, PostOptions, outcome_of, relayed
from mythgate.domain.errors import InvalidInput
from mythgate.domain.ids import AccountId
from mythgate.domain.notices import Contact, Notice, Outcome, Way

NOW = datetime(2026, 1, 15, tzinfo=UTC)
NOTICE = Notice("Mythgate", "3 people are in Ranked.", "/lobby")
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
KEYS = {"p256dh": P256DH, "auth": "BTBZMqHH6r4Tts7J_aSIgg"}
DISCORD = "https://discord.com/api/webhooks/1/secret"
OPTIONS = PostOptions("https://play.example.org", hosts=("127.0.0.1",), timeout=5)


def contact(way: Way, address: str, **keys: str) -> Contact:
    return Contact(AccountId("ada"), way, address, keys, NOW)


@dataclass
class Place:
    """A web server that answers everything alike."""

    port: int = 0
    status: int = 204
    answer: bytes = b""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((head[0], headers, body))
        writer.write(self.answer or b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % self.status)
        await writer.drain()
        writer.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=b"

    def json(self) -> Any:
        return json.loads(self.requests[-1][2])


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    made = Place()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


@contextlib.contextmanager
def postmen(clock: FakeClock, **options: Any) -> Any:
    made = Postmen(replace(OPTIONS, **options), clock)
    yield made
    made.close()


async def test_a_webhook_gets_json(place: Place, clock: FakeClock) -> None:
    with postmen(clock) as post:
        assert await post.deliver(contact(Way.WEBHOOK, place.url), NOTICE) is Outcome.DELIVERED
    line, headers, _ = place.requests[0]
    assert line == "POST /hook?a=b HTTP/1.1"
    assert (headers["host"], headers["content-type"]) == (f"127.0.0.1:{place.port}", "application/json")
    assert place.json() == {
        "title": "Mythgate",
        "text": "3 people are in Ranked.",
        "url": "https://play.example.org/lobby",
    }


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.DELIVERED),
        (302, Outcome.FAILED),  # nothing is followed
        (400, Outcome.FAILED),
        (404, Outcome.GONE),
        (410, Outcome.GONE),
        (429, Outcome.LATER),
        (503, Outcome.LATER),
    ],
)
async def test_what_answers_mean(place: Place, clock: FakeClock, status: int, outcome: Outcome) -> None:
    assert outcome_of(status) is outcome
    place.status = status
    with postmen(clock) as post:
        assert await post.deliver(contact(Way.WEBHOOK, place.url), NOTICE) is outcome


async def test_who_does_not_answer_or_answers_nonsense_may_later(place: Place, clock: FakeClock) -> None:
    place.answer = b"what?\r\n\r\n"
    with postmen(clock) as post:
        assert await post.deliver(contact(Way.WEBHOOK, place.url), NOTICE) is Outcome.LATER
        nobody = f"http://127.0.0.1:{closed_port()}/"
        assert await post.deliver(contact(Way.WEBHOOK, nobody), NOTICE) is Outcome.LATER


async def test_who_is_silent_does_not_hold_the_thread(clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, postmen(clock, timeout=0.05) as post:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert await post.deliver(contact(Way.WEBHOOK, url), NOTICE) is Outcome.LATER


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "0.0.0.0"])
async def test_nothing_goes_into_closed_networks(clock: FakeClock, host: str) -> None:
    with postmen(clock, hosts=()) as post:
        for scheme in ("http", "https"):
            there = contact(Way.WEBHOOK, f"{scheme}://{host}:1/")
            assert await post.deliver(there, NOTICE) is Outcome.FAILED
            assert await post.relay(there.address, [("Ada", "hello")]) is Outcome.FAILED


async def test_names_that_lead_into_closed_networks(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.215.14", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)
    with postmen(clock) as post:
        assert await post.deliver(contact(Way.WEBHOOK, "https://rebinding.example.org/"), NOTICE) is Outcome.FAILED


def test_what_may_be_an_address(clock: FakeClock) -> None:
    with postmen(clock) as post:
        post.require(contact(Way.MAIL, "ada@example.org"))
        post.require(contact(Way.WEBHOOK, DISCORD))
        post.require("http://127.0.0.1/")  # the operator allows it
        post.require(contact(Way.PUSH, "https://push.example.org/x", **KEYS))
        with pytest.raises(InvalidInput, match="encrypted"):
            post.require("http://example.org/")
        with pytest.raises(InvalidInput, match="keys"):
            post.require(contact(Way.PUSH, "https://push.example.org/x", p256dh="x", auth="y"))


def test_the_ways_this_server_can_go(clock: FakeClock) -> None:
    with postmen(clock, webhooks=False) as post:
        assert (post.ways, post.push_key) == (frozenset(), "")
        key = webpush.new_key()
        post.use_push_key(key)
        assert (post.ways, post.push_key) == ({Way.PUSH}, webpush.public_key(key))
    with postmen(clock, smtp_host="mail.example.org") as post:
        assert post.ways == {Way.WEBHOOK, Way.MAIL}


async def test_a_browser_gets_what_only_it_can_read(place: Place, clock: FakeClock) -> None:
    with postmen(clock) as post:
        post.use_push_key(webpush.new_key())
        assert await post.deliver(contact(Way.PUSH, place.url, **KEYS), NOTICE) is Outcome.DELIVERED
    _, headers, body = place.requests[0]
    assert headers["content-encoding"] == "aes128gcm"
    assert headers["authorization"].startswith("vapid t=")
    assert b"Ranked" not in body


async def test_lines_of_a_bridge(place: Place, clock: FakeClock) -> None:
    with postmen(clock) as post:
        assert await post.relay(place.url, [("Ada", "one"), ("Bob", "two")]) is Outcome.DELIVERED
        assert place.json() == {"lines": [{"name": "Ada", "text": "one"}, {"name": "Bob", "text": "two"}]}
        place.status = 500
        assert await post.relay(place.url, [("Ada", "one")]) is Outcome.LATER


def test_the_form_of_discord() -> None:
    quiet: dict[str, Any] = {"allowed_mentions": {"parse": []}}
    assert relayed(DISCORD, [("Ada", "@everyone")]) == [{"username": "Ada", "content": "@everyone", **quiet}]
    assert relayed(DISCORD, [("Ada", "one"), ("Bob", "two")]) == [{"content": "**Ada**: one\n**Bob**: two", **quiet}]
    many = relayed(DISCORD, [("Ada", "x" * 500)] * 9)
    assert [len(body["content"]) <= DISCORD_LENGTH for body in many] == [True] * 3
    assert sum(body["content"].count("**Ada**") for body in many) == 9


# --- mail ---


@dataclass
class MailServer:
    """As much of SMTP as a client needs to hand over a mail."""

    port: int = 0
    refuses: bool = False
    mails: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        say("220 hello")
        while word := (await reader.readline()).decode().strip():
            match word.split()[0].upper():
                case "DATA":
                    say("354 go on")
                    self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                    say("250 kept")
                case "RCPT" if self.refuses:
                    say("550 nobody")
                case "QUIT":
                    say("221 bye")
                    break
                case "AUTH":
                    say("235 fine")
                case "EHLO":
                    say("250-here\r\n250 AUTH PLAIN")
                case _:
                    say("250 fine")
        writer.close()


@pytest.mark.parametrize(("refuses", "outcome"), [(False, Outcome.DELIVERED), (True, Outcome.FAILED)])
async def test_mail(clock: FakeClock, refuses: bool, outcome: Outcome) -> None:
    mail = MailServer(refuses=refuses)
    async with await asyncio.start_server(mail.serve, "127.0.0.1", 0) as server:
        given = {"smtp_port": server.sockets[0].getsockname()[1], "smtp_user": "mythgate", "smtp_password": "secret"}
        with postmen(clock, smtp_host="127.0.0.1", smtp_security="none", mail_from="game@example.org", **given) as post:
            assert await post.deliver(contact(Way.MAIL, "ada@example.org"), NOTICE) is outcome
    if not refuses:
        [text] = mail.mails
        assert "To: ada@example.org" in text
        assert "https://play.example.org/lobby" in text
        assert "https://play.example.org/notices" in text


async def test_mail_that_cannot_be_encrypted_is_not_sent(clock: FakeClock) -> None:
    mail = MailServer()
    async with await asyncio.start_server(mail.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with postmen(clock, smtp_host="127.0.0.1", smtp_port=port, mail_from="game@example.org") as post:
            assert await post.deliver(contact(Way.MAIL, "ada@example.org"), NOTICE) is Outcome.LATER
    assert mail.mails == []
