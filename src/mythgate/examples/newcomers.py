"""Somebody new in the Shards network, for the examples that need people."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator

from mythgate.client import NetworkClient
from mythgate.client.refusals import complaint

PASSWORD = "only for an example"  # noqa: S105 (accounts of the examples are nobody's)


def fresh_name(name: str) -> str:
    """A name nobody has yet: names of characters are letters."""
    return name + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(8))


@contextlib.asynccontextmanager
async def newcomer(url: str, name: str, faction: str = "Iron Brotherhood") -> AsyncIterator[NetworkClient]:
    """Make an account and a warrior, and enter the world; at the end of the block they leave it."""
    async with NetworkClient(url) as client:
        name = fresh_name(name)
        if not (await client.register(name, PASSWORD) and await client.connect(name, PASSWORD)):
            raise SystemExit(f"No way in at {url}: {complaint(client.last_error)}")
        character = await client.create_character(name, "Human", "Warrior", faction)
        if character is None or not await client.select_character(character["id"]):
            raise SystemExit(f"No character: {complaint(client.last_error)}")
        yield client
