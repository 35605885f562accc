"""Bridges: a lobby and a channel elsewhere hear each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from mythgate.domain.errors import InvalidInput, LimitReached

MOST_BRIDGES: Final = 20  # on one server
NAME_LENGTH: Final = 40
SPEAKER_LENGTH: Final = 32
FAILURES: Final = 50  # lines in a row that could not be delivered, after which nothing more is sent
_DISCORD: Final = ("discord.com", "discordapp.com")


@dataclass(slots=True)
class Bridge:
    """A lobby and a channel elsewhere. Both secrets are for staff only, and shown once.

    What is said in the lobby is posted to `url` (empty: nothing is), what is posted with the token whose hash is
    `token_hash` is told in the lobby (empty: nothing is).
    """

    room_id: int
    name: str  # of the channel elsewhere, as the lobby reads it
    url: str
    token_hash: bytes
    created_by: str  # account id, or the operator's
    created_at: datetime
    failures: int = 0  # in a row
    number: int = 0

    @property
    def sends(self) -> bool:
        """Whether lines of the lobby go out."""
        return bool(self.url) and self.failures < FAILURES

    @property
    def hears(self) -> bool:
        """Whether lines from elsewhere come in."""
        return bool(self.token_hash)

    @property
    def place(self) -> str:
        """Where the lines go, without what is secret of it."""
        return urlsplit(self.url).hostname or ""


def is_discord(url: str) -> bool:
    """Whether an address takes the form of Discord's webhooks."""
    host = urlsplit(url).hostname or ""
    return host in _DISCORD or host.endswith(tuple(f".{one}" for one in _DISCORD))


def bridge_name(text: str) -> str:
    """A name for the channel elsewhere. Raises InvalidInput."""
    name = " ".join(text.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise InvalidInput("This name does not fit.", field="name", hint=f"1 to {NAME_LENGTH} characters.")
    return name


def require_bridge(url: str, *, hears: bool, others: int) -> None:
    """Raise unless there may be one more bridge, and it has a side.

    Raises:
        InvalidInput: it would carry nothing, or its address is none.
        LimitReached: there are as many as there may be.

    """
    if not url and not hears:
        raise InvalidInput("This bridge would carry nothing.", hint="Give an address, or let it be heard.")
    if url and urlsplit(url).scheme not in ("https", "http"):
        raise InvalidInput("This is no address of the web.", field="url", hint="It begins with https://")
    if others >= MOST_BRIDGES:
        raise LimitReached(f"There are {MOST_BRIDGES} bridges already.", hint="Remove one first.")


def announcement(bridge: Bridge) -> str:
    """What people in the lobby are told of it."""
    if bridge.sends and bridge.hears:
        return f"What is said here is also read in {bridge.name}, and what is said there here."
    if bridge.sends:
        return f"What is said here is also read in {bridge.name}."
    if bridge.hears:
        return f"What is said in {bridge.name} is also read here."
    return f"The bridge to {bridge.name} is closed."


def speaker_name(text: str) -> str:
    """The name of somebody elsewhere, as the lobby reads it; never empty."""
    name = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return name[:SPEAKER_LENGTH].strip() or "somebody"
