"""Dot commands about the list of lobbies: opening and closing them from where people are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mythgate.domain.errors import BadUsage
from mythgate.domain.lobbies import LAST_ROOM, Lobby

if TYPE_CHECKING:
    from mythgate.services.lobbycommands import LobbyCall


async def open_(call: LobbyCall) -> str:
    """A temporary lobby for the family of this one. What it is to be besides is set elsewhere."""
    number = _number(call["number"])
    lobby = Lobby(call["name"], number, family=call.lobby.family, temporary=True)
    added = await call.desk.lobbies.add(call.caller, lobby)
    return f"{added.name} is open, number {added.room_id}, until nobody was in it for a while."


async def close(call: LobbyCall) -> str:
    lobby = call.desk.lobbies.lobby(_number(call["number"]))
    await call.desk.lobbies.remove(call.caller, lobby.room_id)
    return f"{lobby.name} is closed."


def _number(text: str) -> int:
    text = text.lstrip("#")
    if not (text.isascii() and text.isdigit()) or int(text[:6]) > LAST_ROOM:
        raise BadUsage("Which number?", hint=f"0 to {LAST_ROOM}; .rooms lists those there are.")
    return int(text[:6])
