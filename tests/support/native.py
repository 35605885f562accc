"""People with the Python client in a small arena: a gate, and sand on which a shard lies and its guardian lives.

Whoever comes as a warrior has a sword and a mail that make every fight short; rangers have a twig.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from mythgate.client import Backoff, Client

PASSWORD = "correct horse battery"
GATE, SAND = "arena_ring_main_gate", "arena_ring_main_sand"
FACTION = "Iron Brotherhood"
Event = dict[str, Any]

_names = (f"Alric{first}{second}" for first, second in itertools.product("bdfgkmprstwz", repeat=2))

_PACK = """\
    id: arena
    name: Arena
    version: "1"
    start_room: ring/gate
    """
_ZONE = """\
    zone: {id: ring, name: The Ring, description: A ring of sand.}
    rooms:
      gate:
        name: The Gate
        description: A gate of iron bars, and behind it sand.
        at: [0, 0]
        exits: {north: {to: sand, aliases: [arena]}, down: {to: cell, locked: true}}
      sand:
        name: The Sand
        description: Sand, raked smooth, with a dark spot here and there.
        exits: {south: gate}
        creatures: [hollow_soldier, skeleton_warrior, crystal_shard_guardian]
        shard: 1
      cell:
        name: The Cell
        description: Four walls and a little straw.
        exits: {up: gate}
    items:
      doom:
        name: doom
        summary: A sword called doom leans here.
        description: Nobody who saw it from the other side has described it.
        kind: weapon
        attack: 1000
      mail:
        name: mail
        summary: A heap of mail lies here.
        description: Every ring of it was blessed.
        kind: armor
        defence: 1000
      brew:
        name: brew
        summary: A bottle of brew stands here.
        description: It smells of cherries.
        kind: consumable
        heals: 50
      twig:
        name: twig
        summary: A twig lies here.
        description: Of a hazel.
        kind: weapon
    kits:
      warrior: [doom, mail, {item: brew, count: 3}]
      ranger: [twig, {item: brew, count: 1}]
    inhabitants:
      marta:
        name: Marta
        room: gate
        summary: Marta keeps the gate.
        description: Broad, and in no hurry.
        fallback: Hm.
    quests:
      soldier:
        name: The Hollow Soldier
        giver: marta
        summary: Marta wants quiet at night.
        steps:
          - {kill: hollow_soldier, text: Slay the soldier on the sand.}
        reward: {souls: 5, experience: 10}
        ending: It is quiet.
      captain:
        name: The Captain
        giver: marta
        level: 20
        summary: There is a captain, too.
        steps:
          - {kill: skeleton_warrior, text: Slay the captain.}
    """


def write_arena(folder: Path) -> Path:
    zones = folder / "zones"
    zones.mkdir(parents=True)
    (folder / "pack.yaml").write_text(textwrap.dedent(_PACK), "utf-8")
    (zones / "ring.yaml").write_text(textwrap.dedent(_ZONE), "utf-8")
    return folder


def impatience() -> Backoff:
    """Delays a test can afford."""
    return Backoff(10_000, delays=(), longest=0.02, jitter=0)


def fresh_name() -> str:
    return next(_names)


async def come(client: Client, character_class: str = "Warrior", faction: str | None = FACTION) -> Client:
    """Make an account and a character of one name, enter the world, and take up arms."""
    name = fresh_name()
    await client.register(name, PASSWORD)
    made = await client.create_character(name, character_class=character_class, faction=faction, race="Human")
    await client.connect(character_id=made["id"])
    if character_class == "Warrior":
        assert (await client.command("wield doom"))["success"]
        assert (await client.command("wear mail"))["success"]
    return client


@contextlib.asynccontextmanager
async def player(
    url: str, character_class: str = "Warrior", faction: str | None = FACTION, **options: Any
) -> AsyncIterator[Client]:
    """Somebody in the world, at the gate."""
    async with Client(url, backoff=impatience(), **options) as client:
        yield await come(client, character_class, faction)


def own_id(client: Client) -> str:
    assert client.character is not None
    return client.character.id


def own_name(client: Client) -> str:
    assert client.character is not None
    return client.character.name


def party_of(client: Client) -> int | None:
    """The number of one's party."""
    return client.party.number if client.party is not None else None


def trade_of(client: Client) -> str | None:
    """The id of one's trade."""
    return client.trade.id if client.trade is not None else None


def fight_of(client: Client) -> str | None:
    """The id of one's fight."""
    return client.combat.id if client.combat is not None else None


async def settled(client: Client, is_so: Callable[[], object]) -> None:
    """Wait until the client has been told so."""
    async with asyncio.timeout(15):
        while not is_so():
            await client.wait_for("*")


class Heard:
    """Everything a client was told, and a way to wait for one of it, told already or not."""

    def __init__(self, client: Client) -> None:
        self.events: list[Event] = []
        self._changed = asyncio.Event()
        client.register_handler("*", self._take)

    def _take(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    async def find(self, kind: str, **data: Any) -> dict[str, Any]:
        """The `data` of the first event of this type whose fields are these."""
        async with asyncio.timeout(15):
            while True:
                for event in self.events:
                    if event["event_type"] == kind and data.items() <= event["data"].items():
                        return dict(event["data"])
                self._changed.clear()
                await self._changed.wait()

    def count(self, kind: str, **data: Any) -> int:
        return sum(one["event_type"] == kind and data.items() <= one["data"].items() for one in self.events)
