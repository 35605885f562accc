"""Whose word is taken for where a request comes from."""

from __future__ import annotations

import pytest
from starlette.types import Message, Receive, Scope, Send

from mythgate.doors.http.security import TrustedProxies

PROXY = ("127.0.0.1", 5000)


async def client_seen(trusted: str, forwarded: str | None, peer: tuple[str, int] | None = PROXY) -> str | None:
    """The address the application sees."""
    seen: list[tuple[str, int] | None] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["client"])
        assert not [key for key in scope if key.startswith("mythgate.")]

    async def receive() -> Message:
        raise AssertionError

    async def send(_message: Message) -> None:
        raise AssertionError

    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode("latin-1"))]
    scope: Scope = {"type": "http", "client": peer, "headers": headers, "scheme": "http"}
    await TrustedProxies(app, trusted=trusted)(scope, receive, send)
    return seen[0][0] if seen[0] is not None else None


@pytest.mark.parametrize(
    ("trusted", "forwarded", "client"),
    [
        ("127.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "6.6.6.6, 192.0.2.7", "192.0.2.7"),  # only the last word is the proxy's own
        ("127.0.0.1, 10.0.0.0/8", "192.0.2.7, 10.1.2.3", "192.0.2.7"),
        ("127.0.0.1", "2001:DB8::1", "2001:db8::1"),
        ("127.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("127.0.0.1", "::ffff:192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "192.0.2.7:80", "192.0.2.7"),
        ("10.0.0.1, *", "192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "<script>alert(1)</script>", "127.0.0.1"),
        ("127.0.0.1", "x" * 5000, "127.0.0.1"),
        ("127.0.0.1", "192.0.2.7\xff", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("10.0.0.1", "192.0.2.7", "127.0.0.1"),  # a stranger's word
        ("", "192.0.2.7", "127.0.0.1"),
    ],
)
async def test_where_a_request_comes_from(trusted: str, forwarded: str | None, client: str) -> None:
    assert await client_seen(trusted, forwarded) == client


async def test_a_peer_without_an_address() -> None:
    assert await client_seen("127.0.0.1", "192.0.2.7", None) is None
