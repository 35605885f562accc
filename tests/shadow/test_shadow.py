"""Shadow mode in front of a metaserver that shares no code with ours."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.metaserver import until
from tests.support.metaserver_client import (
    ACCEPT,
    CHALLENGE,
    CHAT,
    GAMES,
    PLAYERS,
    PRIVATE,
    SERVER_MESSAGE,
    AlephOneClient,
    Denied,
    Hangs,
    Line,
    Myth18Client,
    MythClient,
    RoomClient,
    aleph_game,
    close_lines,
)
from tests.support.old_metaserver import OldMetaserver, OldRoom

from mythgate.config import Settings
from mythgate.domain.sessions import OPERATOR
from mythgate.shadow.mirror import Mirror
from mythgate.shadow.ours import InProcess, own_server
from mythgate.shadow.proxy import Place, Shadow
from mythgate.shadow.report import Report, lines
from mythgate.shadow.rules import RULES
from mythgate.shadow.state import ShadowState, StateFile, bucket
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.records import RoomEntry

ARRIVAL, FERRY, FALLS = 26, 0, 2
PASSWORDS = {"ada": "four words", "bob": "more words", "eve": "hidden"}


@dataclass
class Stage:
    """An old server, a shadow in front of it, and ours."""

    old: OldMetaserver
    shadow: Shadow
    report: Report
    ours: InProcess
    state: StateFile

    @property
    def port(self) -> int:
        return self.shadow.port

    async def settled(self) -> None:
        """Until ours has done what the clients did."""
        await until(lambda: self.shadow.is_settled)

    def told(self) -> list[tuple[str, str]]:
        return [(one.packet, one.what) for one in self.report.differences]


@contextlib.asynccontextmanager
async def stage(folder: Path, ours: InProcess, **options: Any) -> AsyncIterator[Stage]:
    old = OldMetaserver(
        [OldRoom(ARRIVAL, ("aleph",)), OldRoom(FERRY, ("myth",)), OldRoom(FALLS, ("myth18",))], PASSWORDS
    )
    async with old.running():
        report, state = Report("old"), StateFile(folder)
        mirror = Mirror(ours, report, patience=0.3)
        shadow = Shadow(Place("127.0.0.1", old.port), report, state, mirror, **options)
        async with shadow.running():
            try:
                yield Stage(old, shadow, report, ours, state)
            finally:
                await close_lines()


@pytest.fixture
async def ours() -> AsyncIterator[InProcess]:
    async with own_server() as made:
        yield made


async def come(set_: Stage) -> tuple[AlephOneClient, AlephOneClient]:
    ada = AlephOneClient(name="Ada", user_name="ada", password="four words")
    bob = AlephOneClient(name="Bob", user_name="bob", password="more words")
    await ada.come(set_.port)
    await bob.come(set_.port)
    await ada.until(lambda: bob.number in ada.players)
    return ada, bob


async def evening(set_: Stage) -> None:
    """What people do; what is told of it may be spoilt."""
    ada, bob = await come(set_)
    ada.chat("hello")
    await bob.until(lambda: bob.said)
    await ada.until(lambda: ada.said)
    bob.tell(ada.number, "psst")
    await ada.until(lambda: len(ada.said) == 2)
    ada.host(aleph_game("Late"))
    await bob.until(lambda: bob.games)
    ada.away("tea")
    await bob.until(lambda: "tea" in bob.players[ada.number].name)
    ada.remove_game()
    await bob.until(lambda: not bob.games)
    await bob.leave()
    await ada.until(lambda: bob.number not in ada.players)
    await ada.leave()
    await set_.settled()


async def test_no_difference_where_there_is_none(tmp_path: Path, ours: InProcess) -> None:
    async with stage(tmp_path, ours) as set_:
        await evening(set_)
        assert set_.told() == []
        assert set_.report.faults == {}
        told = set_.report.as_json()
        assert (told["logins"], told["clients"]) == ({"upstream": 2}, {"MARATHON alephone": 2})
        assert sum(set_.report.same.values()) > 20
        words = list(lines(told))
        assert "Log-ins: 2 to the other server" in words
        assert any(line.endswith("different: 0") for line in words)


async def test_myth_clients_and_guests(tmp_path: Path, ours: InProcess) -> None:
    async with stage(tmp_path, ours) as set_:
        old = MythClient(name="Ada", user_name="ada", password="four words")
        new = Myth18Client(name="Bob", user_name="bob", password="more words")
        guest = AlephOneClient(name="Stray")
        await old.come(set_.port)
        await new.come(set_.port)
        await guest.come(set_.port)
        for client in (old, new, guest):
            client.chat("anybody?")
            await client.until_said("anybody?")
            await client.leave()
        await set_.settled()
        assert {room.port for room in new.rooms}.isdisjoint({room.port for room in set_.old.rooms.values()})
        assert set_.told() == []
        assert set_.report.faults == {}
        assert set_.old.logins == ["ada", "bob", ""]


async def test_who_is_refused_there_is_refused_here(tmp_path: Path, ours: InProcess) -> None:
    async with stage(tmp_path, ours) as set_:
        for wrong in (
            AlephOneClient(name="Ada", user_name="ada", password="wrong"),
            Myth18Client(name="Bob", user_name="bob", password="wrong"),
        ):
            with pytest.raises(Denied) as denied:
                await wrong.come(set_.port)
            assert denied.value.code == 3
        await until(lambda: set_.report.same["server_message"] == 2)
        assert set_.told() == []


def _flip(at: int, bit: int = 1) -> Callable[[bytes], bytes]:
    return lambda raw: raw[:at] + bytes((raw[at] ^ bit,)) + raw[at + 1 :]


PLANTED: list[tuple[str, int, Callable[[bytes], bytes], str, str]] = [
    ("another scheme", CHALLENGE, _flip(1), "password_challenge", "authentication_type"),
    ("another code", SERVER_MESSAGE, _flip(3), "server_message", "code"),
    ("another name", PLAYERS, lambda raw: raw.replace(b"Bob", b"Rob"), "player_list", "data.name"),
    ("another colour", PLAYERS, _flip(24 + 4), "player_list", "data.primary_color.red"),
    ("other talk", CHAT, lambda raw: raw.replace(b"hello", b"jello"), "room_broadcast", "chat.message"),
    ("other private talk", PRIVATE, lambda raw: raw.replace(b"psst", b"pfft"), "directed_data", "chat.message"),
    ("another port", GAMES, _flip(9), "game_list", "port"),
    ("another game", GAMES, lambda raw: raw.replace(b"Late", b"Late!"), "game_list", "description.game_name"),
    ("more time", GAMES, lambda raw: raw[:12] + struct.pack(">i", 400) + raw[16:], "game_list", "a time"),
]


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case[0])
async def test_every_planted_difference_is_found(
    tmp_path: Path, ours: InProcess, case: tuple[str, int, Callable[[bytes], bytes], str, str]
) -> None:
    _, packet_type, change, packet, where = case
    async with stage(tmp_path, ours) as set_:

        def spoil(kind: int, payload: bytes) -> list[tuple[int, bytes]]:
            return [(kind, change(payload) if kind == packet_type else payload)]

        set_.old.spoil = spoil
        with contextlib.suppress(AssertionError, Denied, Hangs):
            await evening(set_)
        await close_lines()
        await set_.settled()
        found = [one for one in set_.report.differences if one.packet == packet and where in one.fields]
        assert found, list(lines(set_.report.as_json()))
        assert all(one.packet == packet for one in set_.report.differences), set_.told()
        for one in found:
            assert one.theirs is not None
            assert one.ours is not None
        kept = json.dumps(set_.report.as_json())
        assert "psst" not in kept
        assert "four words" not in kept
        assert set(PASSWORDS.values()).isdisjoint(kept.split('"'))


@pytest.mark.parametrize("dropped", [PLAYERS, CHAT, GAMES, ACCEPT])
async def test_what_one_side_does_not_say_is_found(tmp_path: Path, ours: InProcess, dropped: int) -> None:
    name = {PLAYERS: "player_list", CHAT: "room_broadcast", GAMES: "game_list", ACCEPT: "send_versions"}[dropped]
    async with stage(tmp_path, ours) as set_:
        set_.old.spoil = lambda kind, payload: [] if kind == dropped else [(kind, payload)]
        with contextlib.suppress(TimeoutError, Hangs):
            await asyncio.wait_for(evening(set_), 0.4)
        await close_lines()
        await set_.settled()
        assert (name, "extra") in set_.told()
        words = list(lines(set_.report.as_json()))
        assert any("is said by ours only" in line for line in words)


async def test_what_ours_does_not_say_is_found(tmp_path: Path, ours: InProcess) -> None:
    async with stage(tmp_path, ours) as set_:
        set_.old.spoil = lambda kind, payload: [(kind, payload)] * (2 if kind == CHAT else 1)
        await evening(set_)
        assert set_.told() == [("room_broadcast", "missing")] * 2


# --- clients see what they would see without us ------------------------------------------------------


async def raw_line(port: int) -> Line:
    return await Line.open(port)


async def test_half_packets_and_nonsense_are_passed_on(tmp_path: Path, ours: InProcess) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    report = Report("echo")
    port = server.sockets[0].getsockname()[1]
    shadow = Shadow(Place("127.0.0.1", port), report, StateFile(tmp_path), Mirror(ours, report))
    async with server, shadow.running():
        for said in (
            b"\xde\xad\x00\xca\x00\x00\x00\x08",
            b"GET / HTTP/1.0\r\n\r\n",
            b"\xde\xad\x00\x64\x00\x00\x00\x40 half a packet",
            bytes(300),
            b"\xde\xad\x00\x64\x00\x00\x00\x0cabcd",
            b"\xde\xad\x00\x00\x00\x00\x00\x0babc",  # a list of rooms that is none
            b"\xde\xad\x00\x00\x00\x00\x00\x40half a list",
        ):
            line = await raw_line(shadow.port)
            line.writer.write(said)
            line.writer.write_eof()
            assert await line.reader.read() == said
            await line.close()
    assert any("makes no sense" in fault for fault in report.faults)


async def test_a_dead_and_a_silent_server(tmp_path: Path, ours: InProcess) -> None:
    async with stage(tmp_path, ours) as set_:
        set_.old.silent = True
        line = await raw_line(set_.port)
        line.writer.write(b"\xde\xad")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.reader.read(1), 0.1)
        await line.close()
        nobody = Shadow(Place("127.0.0.1", 1), set_.report, set_.state)
        async with nobody.running():
            lost = await raw_line(nobody.port)
            with contextlib.suppress(ConnectionError):
                assert await lost.reader.read() == b""
        assert any("cannot be reached" in fault for fault in set_.report.faults)


async def test_a_server_of_ours_that_fails_is_not_noticed(tmp_path: Path, ours: InProcess) -> None:
    async with stage(tmp_path, ours) as set_:
        assert set_.ours.door._login_server is not None
        set_.ours.door._login_server.close()
        ada, bob = await come(set_)
        ada.chat("hello")
        await bob.until_said("hello")
        await ada.leave()
        await bob.leave()
        await set_.settled()
        assert any(fault.startswith("ours: ") for fault in set_.report.faults)


# --- moving over -------------------------------------------------------------------------------------


async def test_a_share_of_people_is_moved_and_always_the_same(tmp_path: Path, ours: InProcess) -> None:
    mover = StateFile(tmp_path)
    mover.set_share(100)
    async with stage(tmp_path, ours, target=Place("127.0.0.1", ours.port)) as set_:
        for name, kind in (("ada", AlephOneClient), ("bob", Myth18Client), ("eve", MythClient)):
            await ours.admit(name)
            await ours.open_rooms(
                {AlephOneClient: Family.ALEPHONE, Myth18Client: Family.MYTH2_18, MythClient: Family.MYTH}[kind],
                "MARATHON" if kind is AlephOneClient else "MYTH2",
                [RoomEntry(room_id={AlephOneClient: 26, Myth18Client: 2, MythClient: 0}[kind], host=1, port=1)],
            )
            client: RoomClient = kind(name=name, user_name=name, password="let in as there")
            await client.come(set_.port)  # type: ignore[attr-defined]
            client.chat("here")
            await client.until_said("here")
            await client.leave()
        assert set_.old.logins == []
        assert set_.report.logins["moved"] == 3
        guest = AlephOneClient(name="Stray")
        await guest.come(set_.port)
        await guest.leave()
        assert set_.old.logins == [""]  # guests stay where they are
        mover.fall_back("the operator said so")
        ada = AlephOneClient(name="Ada", user_name="ada", password="four words")
        await ada.come(set_.port)
        await ada.leave()
        assert set_.old.logins == ["", "ada"]
        assert mover.resume() == ShadowState(100)
        await set_.settled()


async def test_it_falls_back_by_itself(tmp_path: Path, ours: InProcess) -> None:
    """A server of ours that is gone, and one that hangs up: nobody notices, and then nobody is moved any more."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as rude:
        StateFile(tmp_path).set_share(100)
        target = Place("127.0.0.1", rude.sockets[0].getsockname()[1])
        async with stage(tmp_path, ours, target=target) as set_:
            for client in (
                AlephOneClient(name="Ada", user_name="ada", password="four words"),
                AlephOneClient(name="Bob", user_name="bob", password="more words"),
                Myth18Client(name="Eve", user_name="eve", password="hidden"),
                AlephOneClient(name="Ada", user_name="ada", password="four words"),
            ):
                await client.come(set_.port)
                await client.leave()
            assert set_.old.logins == ["ada", "bob", "eve", "ada"]
            assert set_.state.read().has_fallen_back
            assert "three" not in set_.state.read().reason
            assert set_.report.logins["fallback"] == 3
            await set_.settled()


def test_shares_grow_and_keep_who_is_in_them(tmp_path: Path) -> None:
    names = [f"player {number}" for number in range(1000)]
    moved = [{name for name in names if ShadowState(share).moves(name)} for share in (0, 10, 50, 100)]
    assert not moved[0]
    assert 60 < len(moved[1]) < 140
    assert moved[1] < moved[2] < moved[3] == set(names)
    assert bucket("Ada") == bucket("ADA")
    file = StateFile(tmp_path)
    assert file.read() == ShadowState()
    file.path.write_text("{broken")
    assert file.read().has_fallen_back


# --- with the operator's accounts --------------------------------------------------------------------


async def test_a_copy_of_the_operators_database_is_asked_for_passwords(tmp_path: Path) -> None:
    from mythgate.bootstrap import open_node

    settings = Settings(
        data_dir=tmp_path / "data",
        passwords={"memory_kib": 8, "time_cost": 1},
        lobbies={"rooms": [{"name": "Arrival", "room_id": ARRIVAL}]},
    )
    async with open_node(settings) as node:
        await node.services.accounts.create(OPERATOR, "Ada", "four words")
        await node.services.accounts.create(OPERATOR, "Bob", "another one")
    before = (tmp_path / "data" / "mythgate.db").read_bytes()
    async with own_server(settings) as copy, stage(tmp_path, copy) as set_:
        ada = AlephOneClient(name="Ada", user_name="Ada", password="four words")
        await ada.come(set_.port)
        await ada.leave()
        await set_.settled()
        assert set_.told() == []
        bob = AlephOneClient(name="Bob", user_name="bob", password="more words")
        await bob.come(set_.port)
        await bob.leave()
        await set_.settled()
        assert ("server_message", "extra") in set_.told()  # ours has another password for them
    assert (tmp_path / "data" / "mythgate.db").read_bytes() == before


def test_every_rule_is_documented() -> None:
    words = (Path(__file__).parents[2] / "docs" / "shadow-mode.md").read_text("utf-8")
    for rule in RULES:
        assert f"| {rule.packet.replace('*', 'any')} | {rule.field.replace('*', 'all of it')} |" in words, rule
