"""A node full of people to measure with: a world of plain rooms, one signed-in character a connection."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from mythgate.bootstrap import Node
from mythgate.config import (
    HttpSettings,
    LimitSettings,
    LobbiesSettings,
    LobbySettings,
    MetaserverSettings,
    PasswordSettings,
    RealtimeSettings,
    Settings,
    TelemetrySettings,
    WorldSettings,
)
from mythgate.domain.accounts import Account
from mythgate.domain.characters import Character
from mythgate.domain.ids import AccountId, CharacterId, RoomId
from mythgate.realtime.limits import RealtimeLimits
from mythgate.services.ports import Transaction
from mythgate.services.sessions import Opening

MERGE_MS: Final = RealtimeLimits().merge_window * 1000  # as it comes

PACK_ID = "bench"


def settings(folder: Path, rooms: int, merge_window: float, *, creature: str = "") -> Settings:
    """A node's settings with the limits out of the way; all else as it comes. A `creature` lives in every room."""
    many = 1_000_000
    limits: dict[str, Any] = {"commands_per_second": many, "command_burst": many}
    return Settings(
        data_dir=folder / "data",
        secret_key=SecretStr("measured, never reached from outside"),
        http=HttpSettings(port=0),
        limits=LimitSettings(connections=many, connections_per_address=many, unauthenticated=many, **limits),
        passwords=PasswordSettings(memory_kib=8),
        realtime=RealtimeSettings(merge_window=timedelta(seconds=merge_window)),
        telemetry=TelemetrySettings(log_level="error"),
        metaserver=MetaserverSettings(port=0, room_port=0, packets_per_second=many, packet_burst=many),
        lobbies=LobbiesSettings(rooms=[LobbySettings(name="Arrival", room_id=26, capacity=1000)]),
        world=WorldSettings(packs=[write_world(folder / "world", rooms, creature)], watch=False, room_capacity=1000),
    )


def write_world(folder: Path, rooms: int, creature: str = "") -> Path:
    """`rooms` places in a row, from west to east."""
    zones = folder / "zones"
    zones.mkdir(parents=True)
    (folder / "pack.yaml").write_text(
        f"id: {PACK_ID}\nname: Bench\nversion: '1.0'\nlicence: Apache-2.0\nauthors: [The Mythgate authors]\n"
        "description: A row of rooms to measure in.\nstart_room: row/r0\n"
    )
    lines = ["zone:", "  id: row", "  name: The Row", "  description: A row of rooms.", "rooms:"]
    for number in range(rooms):
        ways = {"west": number - 1, "east": number + 1}
        exits = ", ".join(f"{way}: r{target}" for way, target in ways.items() if 0 <= target < rooms)
        lines += [
            f"  r{number}:",
            f"    name: Room {number}",
            f"    at: [{number}, 0]",
            f"    description: A plain room with the number {number} painted over the door.",
            f"    exits: {{{exits}}}",
            f"    creatures: [{creature}]",
        ]
    (zones / "row.yaml").write_text("\n".join(lines) + "\n")
    return folder


async def populate(node: Node, players: int, room_size: int, stride: int) -> list[str]:
    """Access tokens of as many players; player N stands in the room N // `room_size` * `stride` from the west."""
    now = node.clock.now()
    rooms = {room.name: room.id for room in node.services.world.world.rooms.values()}
    sessions = node.services.sessions

    def work(tx: Transaction) -> list[tuple[Account, Opening]]:
        opened = []
        for number in range(players):
            name = "Walker " + "".join(chr(ord("a") + int(digit)) for digit in f"{number:05}")
            account = tx.accounts.add(Account(AccountId(f"a{number}"), name, f"w{number}", "", now))
            room_id: RoomId = rooms[f"Room {number // room_size * stride}"]
            body = Character(CharacterId(f"c{number}"), account.id, name, f"w{number}", room_id, now, now)
            tx.characters.add(body)
            opened.append((account, sessions.open_within(tx, account, "http", "127.0.0.1", "benchmark")))
        return opened

    return [sessions.opened(*one).access_token for one in await node.store.write(work)]
