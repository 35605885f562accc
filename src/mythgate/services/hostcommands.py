"""Dot commands for hosts: whether they can be reached, and whether the host proxy stands in for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mythgate.domain.hosting import ProxyMode

if TYPE_CHECKING:
    from mythgate.services.hosting import HostTest
    from mythgate.services.lobbycommands import LobbyCall

_WORDS = {
    ProxyMode.ON: "The server stands in for every game you host.",
    ProxyMode.OFF: "The server stands in for none of your games.",
    ProxyMode.UNKNOWN: "The server stands in for you if nobody can connect to you.",
}


async def test(call: LobbyCall) -> str:
    """As the players who join would: a connection, and for Aleph One the pings they measure their way with."""
    game = call.desk.hosting.of_host(call.actor.visitor.listener)
    if game is not None and game.proxied:
        return "Players come to your game by way of this server, so they can join."
    found = await call.desk.hosting.test(call.actor.visitor.listener)
    return "\n".join(_told(found))


def _told(found: HostTest) -> list[str]:
    where = f"{found.address}, port {found.port}"
    if not found.connected:
        lines = [f"Nobody answers at {where}. Let your router pass TCP and UDP of this port on to your machine."]
    elif found.protocol is None:
        lines = [f"Players can connect to {where}."]
    elif found.protocol:
        lines = [f"Players can connect to {where}; it speaks {found.protocol}."]
    else:
        lines = [f"Something answers at {where}, but it does not host a game."]
    if found.pings:
        best = f", the fastest in {min(found.answers) * 1000:.0f} ms" if found.answers else ""
        lines.append(f"{len(found.answers)} of {found.pings} pings came back{best}.")
    return lines


async def proxy(call: LobbyCall) -> str:
    """Without a word, what holds now."""
    hosting, listener, word = call.desk.hosting, call.actor.visitor.listener, call["mode"].casefold()
    if not word:
        return _WORDS[hosting.proxy_mode(call.actor.number)]
    if word not in tuple(ProxyMode):
        raise call.command.grammar.misused()
    mode = ProxyMode(word)
    hosting.set_proxy_mode(listener, mode)
    return f"{_WORDS[mode]} It holds from your next game on."
