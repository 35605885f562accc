"""Bad input, floods, silence and crowds: each ends within its time limit, and others do not notice."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest
from tests.support.metaserver import ARRIVAL, FALLS, FERRY, House, open_house, until
from tests.support.metaserver_client import (
    CHAT,
    KEEPALIVE,
    KEY,
    LOGIN,
    LOGOUT,
    PLAYER_DATA,
    ROOM_LOGIN,
    SERVER_MESSAGE,
    AlephOneClient,
    Denied,
    Line,
    Myth18Client,
    MythClient,
    aleph_game,
    denial,
    packet,
    player_data,
    text,
)

GARBAGE = {
    "no signature": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "length below a header": struct.pack(">HhI", 0xDEAD, 100, 7),
    "negative length": struct.pack(">Hhi", 0xDEAD, 100, -1),
    "huge length": struct.pack(">Hhi", 0xDEAD, 100, 0x7FFFFFFF),
    "above the limit": struct.pack(">Hhi", 0xDEAD, 100, 10_241),
    "empty log-in": packet(100),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
@pytest.mark.parametrize("room", [False, True])
async def test_garbage_closes_the_line_at_once(house: House, garbage: bytes, room: bool) -> None:
    other = await house.aleph("Other")
    line = await Line.open(house.door.room_ports[ARRIVAL] if room else house.port)
    line.writer.write(garbage)
    said = await line.wait_closed()
    assert all(kind == SERVER_MESSAGE for kind, _ in said)
    await other.caught_up()
    await until(lambda: house.door.stats.connected == 1)


@pytest.mark.parametrize(("port", "seconds"), [("login", 10), ("room", 15)])
async def test_silence_is_ended(house: House, port: str, seconds: float) -> None:
    line = await Line.open(house.door.room_ports[ARRIVAL] if port == "room" else house.port)
    await until(lambda: house.door.stats.connected == 1)
    await house.jump(seconds - 1)
    assert house.door.stats.connected == 1
    await house.jump(1)
    assert all(kind == KEY for kind, _ in await line.wait_closed())


async def test_half_a_packet_is_waited_for_and_then_given_up(house: House) -> None:
    line = await Line.open(house.port)
    line.writer.write(packet(LOGIN, bytes(276))[:40])
    await until(lambda: house.door.stats.connected == 1)
    await house.jump(10)
    assert all(kind == KEY for kind, _ in await line.wait_closed())


async def test_a_log_in_takes_a_minute_at_most(house: House) -> None:
    line = await Line.open(house.port)
    line.write(LOGIN, MythClient(user_name="alric").login_packet())
    await line.expect(6)
    await house.jump(59)
    line.write(KEEPALIVE)  # is no progress
    await until(lambda: house.door.stats.packets == 2)
    await house.jump(1)
    assert await line.wait_closed() == []


async def test_a_client_that_waits_for_our_key_gets_it(house: House) -> None:
    await house.account("Alric")
    line = await Line.open(house.port)
    await until(lambda: house.door.stats.connected == 1)
    await house.pass_time(1.5)
    await line.answer_key()
    line.write(LOGIN, Myth18Client(user_name="alric").login_packet())
    await line.expect(6)


async def test_a_lobby_of_18_sends_its_key_at_once(house: House) -> None:
    line = await Line.open(house.door.room_ports[FALLS])
    await line.answer_key()
    line.write(ROOM_LOGIN, bytes(32) + text("x"))
    assert denial(await line.expect(SERVER_MESSAGE)).code == 4


async def test_no_key_ever_goes_to_alephone_s_room(house: House) -> None:
    line = await Line.open(house.door.room_ports[ARRIVAL])
    await until(lambda: house.door.stats.connected == 1)
    await house.pass_time(14)
    line.write(KEY, bytes(8))
    assert await line.wait_closed() == []


async def test_a_packet_that_is_not_encrypted_with_the_key_closes(house: House) -> None:
    for damage in (b"", bytes(24), bytes(60)):
        line = await Line.open(house.port)
        await line.exchange_keys()
        line.writer.write(packet(LOGIN, damage))
        assert await line.wait_closed() == []


async def test_keys_are_exchanged_once(house: House) -> None:
    line = await Line.open(house.port)
    await line.exchange_keys()
    line.write(KEY, bytes(8))
    assert await line.wait_closed() == []


async def test_silent_clients_are_pinged_and_then_dropped(house: House) -> None:
    client, other = await house.aleph("Silent"), await house.aleph("Other")
    await client.caught_up()
    await other.caught_up()
    await house.pass_time(29)
    other.line.write(KEEPALIVE)
    await other.caught_up()
    await house.pass_time(2)
    assert await client.line.until(KEEPALIVE) == b""
    await house.pass_time(58)
    other.line.write(KEEPALIVE)
    await other.caught_up()
    await house.pass_time(2)
    assert [kind for kind, _ in await client.line.wait_closed()].count(KEEPALIVE) == 1  # the second one
    await other.until_player("Silent", present=False)


@pytest.mark.parametrize(
    ("kind", "seconds", "pinged"), [("aleph", 90, True), ("myth", 420, False), ("myth18", 600, False)]
)
async def test_deaf_clients_may_be_silent_for_longer(house: House, kind: str, seconds: int, pinged: bool) -> None:
    client = await getattr(house, kind)("Player")
    await client.caught_up()
    client.deaf()
    await until(
        lambda: house.door.stats.packets > 0 and any(one.in_game for one in house.node.services.lobbies.everybody())
    )
    await house.pass_time(seconds - 1)
    assert house.door.stats.in_rooms == 1
    await house.pass_time(1)
    assert (KEEPALIVE in [one for one, _ in await client.line.wait_closed()]) is pinged
    await until(lambda: house.door.stats.in_rooms == 0)


async def test_a_ping_with_a_payload_is_no_answer_that_alephone_gives(house: House) -> None:
    client = await house.aleph("Player")
    await house.pass_time(30)
    assert (await client.line.until(KEEPALIVE)) == b""


async def test_a_flood_is_dropped_and_then_closed(house: House) -> None:
    flooder, other = await house.aleph("Flooder"), await house.aleph("Other")
    for number in range(1000):
        flooder.chat(f"flood {number}")
    await other.until_player("Flooder", present=False)
    await other.caught_up()
    assert 150 <= sum(one.message.startswith("flood") for one in other.said) <= 200
    assert house.door.stats.closed["flood"] == 1


async def test_a_reader_that_does_not_read_is_closed_and_holds_nobody_up(tmp_path: Path) -> None:
    async with open_house(
        tmp_path, options={"packet_burst": 100_000}, realtime={"outbox_messages": 64, "merge_window": 0}
    ) as house:
        sleeper, talker = await house.aleph("Sleeper"), await house.aleph("Talker")
        sleeper.line.reader._transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(40):
            for _ in range(250):
                talker.chat("x" * 500)
            await talker.caught_up()
            if house.node.lobby_hub.stats.slow_closed:
                break
        await talker.until_player("Sleeper", present=False)


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 13])
async def test_packets_may_be_cut_anywhere(house: House, chunk: int) -> None:
    await house.account("Hopper")
    data = packet(LOGIN, MythClient(user_name="hopper").login_packet())
    line = await Line.open(house.port)
    for at in range(0, len(data), chunk):
        line.writer.write(data[at : at + chunk])
        await line.writer.drain()
        await asyncio.sleep(0)
    await line.expect(6)


async def test_everything_may_come_at_once(house: House) -> None:
    other = await house.aleph("Other")
    client = AlephOneClient(name="Hasty", user_name="guest")
    await client.log_in(house.port)
    client.line = await Line.open(client.rooms[0].port)
    block = struct.pack(">hh4HHHII", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) + text("x") + text("all at once")
    client.line.writer.write(
        packet(ROOM_LOGIN, client.token + text("guest"))
        + packet(PLAYER_DATA, player_data("Hasty"))
        + packet(CHAT, block)
        + packet(104, struct.pack(">HH", 1, 0) + aleph_game("Now"))
        + packet(LOGOUT)
    )
    await other.until_said("all at once")
    await other.until_player("Hasty", present=False)
    assert other.games == {}
    assert "Guest Hasty hosts Now" in other.notices


async def test_newcomers_make_room_for_each_other(tmp_path: Path) -> None:
    async with open_house(tmp_path, options={"newcomers": 50}) as house:
        lines = [await Line.open(house.port) for _ in range(60)]
        client = await house.aleph("Real")  # while fifty silent ones are there
        await until(lambda: house.door.stats.turned_away["newcomers"] >= 11)
        assert house.door.stats.connected == 50
        assert await lines[0].wait_closed() == []
        await client.caught_up()


async def test_two_thousand_silent_lines_leave_nothing_behind(house: House) -> None:
    lines = await asyncio.gather(*(Line.open(house.port) for _ in range(2000)))
    await until(lambda: house.door.stats.connected == 2000)
    began = asyncio.get_running_loop().time()
    client = await house.aleph("Real")
    assert asyncio.get_running_loop().time() - began < 1
    await house.jump(10)
    await until(lambda: house.door.stats.connected == 1)
    client.line.write(KEEPALIVE)
    await client.caught_up()
    assert not house.door._newcomers
    assert len(lines) == 2000


async def test_one_address_has_only_so_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ipaddress import IPv4Address

    from mythgate.doors.metaserver import connection

    async with open_house(tmp_path, options={"connections_per_address": 3}) as house:
        monkeypatch.setattr(connection, "ipv4", lambda text: IPv4Address("203.0.113.5"))
        for _ in range(3):
            await Line.open(house.port)
        await until(lambda: house.door.stats.connected == 3)
        assert await (await Line.open(house.port)).wait_closed() == []
        assert house.door.stats.turned_away["address"] == 1


async def test_guessing_is_slowed_down(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits={"logins_per_account": 3, "logins_per_address": 1000}) as house:
        await house.account("Alric")
        for _ in range(3):
            with pytest.raises(Denied):
                await house.aleph("x", "alric", "wrong")
        with pytest.raises(Denied) as refused:
            await house.aleph("x", "alric")  # and it is the right one
        assert refused.value.code == 3


async def test_lobbies_come_and_go_with_their_ports(house: House) -> None:
    from mythgate.domain.lobbies import Family, Lobby
    from mythgate.domain.sessions import OPERATOR

    lobbies = house.node.services.lobbies
    await lobbies.add(OPERATOR, Lobby("Shoal", 4, family=Family.MYTH))
    await house.door.tick()
    client = await house.myth("Alric", "", room_id=4)
    assert {room.room_id for room in client.rooms} == {FERRY, 4}
    await lobbies.remove(OPERATOR, 4)
    await house.door.tick()
    said = [denial(raw).code for kind, raw in await client.line.wait_closed() if kind == SERVER_MESSAGE]
    assert said == [18]
    assert 4 not in house.door.room_ports


async def test_the_end_of_the_server_is_told(tmp_path: Path) -> None:
    from mythgate.doors.http.play import GOING_AWAY

    async with open_house(tmp_path) as house:
        client = await house.aleph("Alric")
        house.node.hubs.close_all(GOING_AWAY)
        said = [denial(raw).code for kind, raw in await client.line.wait_closed() if kind == SERVER_MESSAGE]
        assert said == [18]


async def test_a_token_is_good_for_a_minute(house: House) -> None:
    client = AlephOneClient(user_name="guest")
    await client.log_in(house.port)
    await house.jump(61)
    line = await Line.open(house.door.room_ports[ARRIVAL])
    line.write(ROOM_LOGIN, client.token + text("guest"))
    assert denial(await line.expect(SERVER_MESSAGE)).code == 4
    assert len(house.door.passes) == 0


async def test_a_token_belongs_to_a_name_and_a_family(house: House) -> None:
    await house.account("Hopper")
    client = AlephOneClient(user_name="hopper", password="hunter2 hunter2")
    await client.log_in(house.port)
    line = await Line.open(house.door.room_ports[ARRIVAL])
    line.write(ROOM_LOGIN, client.token + text("somebody"))
    assert denial(await line.expect(SERVER_MESSAGE)).code == 3
    line = await Line.open(house.door.room_ports[FERRY])
    line.write(ROOM_LOGIN, client.token + text("hopper"))
    assert denial(await line.expect(SERVER_MESSAGE)).code == 1


async def test_a_token_lasts_as_long_as_its_holder_is_in_a_room(house: House) -> None:
    account = await house.account("Alric")
    client = Myth18Client(name="Alric", user_name="alric", password="hunter2 hunter2")
    await client.come(house.port, FALLS)
    await client.enter(client.rooms[0])  # in front of its own older self
    while client.number not in client.players:
        await client.hear()
    for _ in range(10):
        await house.pass_time(60)
        client.line.write(KEEPALIVE)
        await client.caught_up()
    sessions = house.node.services.sessions
    assert len(sessions.known_of(account.id)) == 1
    await client.leave()
    await until(lambda: house.door.stats.in_rooms == 0)
    await client.enter()
    await client.leave()
    await until(lambda: house.door.stats.in_rooms == 0)
    await house.jump(61)
    await until(lambda: not sessions.known_of(account.id))
    assert len(house.door.passes) == 0


async def test_alephone_s_session_ends_with_its_connection(house: House) -> None:
    account = await house.account("Hopper")
    client = await house.aleph("Hopper", "hopper")
    sessions = house.node.services.sessions
    assert len(sessions.known_of(account.id)) == 1
    client.vanish()
    await until(lambda: house.door.stats.in_rooms == 0)
    await house.door.tick()
    await until(lambda: not sessions.known_of(account.id))
    assert len(house.door.passes) == 0


async def test_a_legacy_client_without_looks_enters_all_the_same(house: House) -> None:
    await house.account("Alric")
    for first in ("silence", "a packet"):
        client = MythClient(name="Alric", user_name="alric", password="hunter2 hunter2")
        await client.log_in(house.port)
        client.line = await Line.open(client.rooms[0].port)
        client.line.write(ROOM_LOGIN, client.token + text("alric"))
        await client.line.expect(9)
        await client.line.expect(SERVER_MESSAGE)
        if first == "silence":
            await house.jump(15)
        await client.caught_up()
        assert client.players[client.number].name == "Alric"
        await client.leave()


async def test_who_is_refused_at_the_last_moment_is_told_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from mythgate.domain.errors import RoomFull

    client = Myth18Client(user_name="Bob", password="")
    await client.log_in(house.port)

    def refuse(*_: object, **__: object) -> None:
        raise RoomFull("One too many.")

    monkeypatch.setattr(house.node.services.lobbies, "enter", refuse)
    with pytest.raises(Denied) as refused:
        await client.enter()
    assert (refused.value.code, refused.value.text) == (13, "One too many.")
    assert await client.line.wait_closed() == []
    assert not list(house.node.lobby_hub.streams())
    assert house.door.stats.in_rooms == 0
