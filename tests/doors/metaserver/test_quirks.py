"""What clients depend on, one test for each quirk of the protocol's description (its section 10)."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from tests.support.metaserver import ARRIVAL, FALLS, FERRY, PASSWORD, House, open_house, until
from tests.support.metaserver_client import (
    ACCEPT,
    BUDDIES,
    CREATE_GAME,
    FULL_UPDATE,
    GAMES,
    HUBS,
    KEEPALIVE,
    KEY,
    LOGIN,
    OWN_DATA,
    PLAYER_DATA,
    PLAYERS,
    ROOM_LIST,
    ROOM_LOGIN,
    ROOM_LOGIN_OK,
    SERVER_MESSAGE,
    SUCCESS,
    UPDATE_INFO,
    VERSIONS,
    AlephOneClient,
    Line,
    Myth18Client,
    MythClient,
    aleph_game,
    denial,
    myth_game,
    player_data,
    read_player,
    report,
    text,
)

from mythgate.domain.accounts import Role
from mythgate.doors.metaserver.options import RemoteHub


async def test_10_1_nothing_before_9_and_3(house: House) -> None:
    """Whatever else reaches Aleph One before these two is lost to it."""
    talker = await house.aleph("Talker")
    client = AlephOneClient(name="Hopper", user_name="guest")
    await client.log_in(house.port)
    client.line = await Line.open(client.rooms[0].port)
    client.line.write(ROOM_LOGIN, client.token + text("guest"))
    await until(lambda: house.door.stats.packets > 5)
    talker.chat("noise before the door")
    await talker.until_said("noise before the door")
    client.line.write(PLAYER_DATA, player_data("Hopper"))
    await talker.until_player("Hopper")
    assert [kind for kind, _ in [await client.line.read() for _ in range(4)]][:3] == [
        ROOM_LOGIN_OK,
        SERVER_MESSAGE,
        PLAYERS,
    ]


async def test_10_1_both_come_in_one_write(house: House) -> None:
    client = AlephOneClient(name="Hopper", user_name="guest")
    await client.log_in(house.port)
    client.line = await Line.open(client.rooms[0].port)
    client.line.write(ROOM_LOGIN, client.token + text("guest"))
    client.line.write(PLAYER_DATA, player_data("Hopper"))
    data = await client.line.reader.read(65536)
    assert struct.unpack_from(">Hh", data)[1] == ROOM_LOGIN_OK
    assert struct.unpack_from(">Hh", data, 16)[1] == SERVER_MESSAGE
    assert struct.unpack_from(">i", data, 24)[0] == 8


@pytest.mark.parametrize("user_name", ["guest", "hopper"])
async def test_10_2_7_before_0_and_nothing_else_before_12(house: House, user_name: str) -> None:
    await house.account("Hopper")
    line = await Line.open(house.port)
    head = (
        struct.pack(">hhiihh", 1, 0, 1, 0, 1, 43) + b"MARATHON".ljust(96, b"\0") + user_name.encode().ljust(32, b"\0")
    )
    line.write(LOGIN, head + player_data("Hop"))
    if user_name != "guest":
        await line.expect(6)
        line.write(109, PASSWORD.encode()[:16].ljust(16, b"\0"))
    await until(lambda: house.door.stats.packets == (1 if user_name == "guest" else 2))
    await house.pass_time(20)  # not even a keepalive meanwhile
    assert await line.expect(ACCEPT) == b""
    line.write(VERSIONS, struct.pack(">4i", 1, 2, 3, 0))
    await line.expect(SUCCESS)
    await line.expect(ROOM_LIST)


async def test_10_3_full_records_on_delete(house: House) -> None:
    """A record that lacks something makes Aleph One drop the whole packet."""
    stayer = await house.aleph("Stayer")
    goer = await house.aleph("Goer")
    await stayer.until_player("Goer")
    goer.host(aleph_game("Goer's Game", "Waterloo Waterpark"))
    await stayer.until_game("Goer's Game")
    await goer.leave()
    await stayer.until_player("Goer", present=False)
    deletes = [(kind, raw) for kind, raw in stayer.line.received if kind in (PLAYERS, GAMES)][-2:]
    assert [kind for kind, _ in deletes] == [GAMES, PLAYERS]  # the game first
    player, end = read_player(deletes[1][1], 0, by_length=True)
    assert (player.verb, player.plain, end) == (1, "Guest Goer", len(deletes[1][1]))
    assert stayer.games == {}


async def test_10_3_a_damaged_description_is_not_passed_on(house: House) -> None:
    other = await house.aleph("Other")
    host = await house.aleph("Host")
    whole = aleph_game("Good Game", "Map")
    for broken in (whole[:500], whole[:568] + b"no end", whole[:569], whole + bytes(600), b""):
        host.host(broken)
    await host.caught_up()
    assert sum("damaged" in line for line in host.lines) == 5
    host.host(whole + b"trailing")
    await other.until_game("Good Game")
    last = [raw for kind, raw in other.line.received if kind == GAMES][-1]
    assert last.endswith(b"Map\0")


async def test_10_3_player_data_is_packed_anew(house: House) -> None:
    """Padding after the team name would shift everything behind it."""
    other = await house.aleph("Other")
    padded = AlephOneClient(name="Hopper", user_name="guest")
    await padded.log_in(house.port)
    padded.line = await Line.open(padded.rooms[0].port)
    padded.line.write(ROOM_LOGIN, padded.token + text("guest"))
    padded.line.write(PLAYER_DATA, player_data("Hopper") + bytes(20))
    await other.until_player("Hopper")
    last = [raw for kind, raw in other.line.received if kind == PLAYERS][-1]
    assert read_player(last, 0, by_length=True)[1] == len(last)


async def test_10_4_newcomers_are_added_and_the_rest_is_changed(house: House) -> None:
    other = await house.aleph("Other")
    client = await house.aleph("Hopper")
    await other.until_player("Hopper")
    other.notices.clear()
    client.away("coffee")
    client.host(aleph_game("A Game", players=1))
    client.host(aleph_game("A Game", players=2))
    client.deaf(0)
    await client.caught_up()
    await other.caught_up()
    assert other.notices == ["Guest coffee-Hopper hosts A Game"]
    assert client.notices.count("Guest Hopper joined") == 1


async def test_10_5_who_hides_is_not_listed(house: House) -> None:
    account = await house.account("Shade", role=Role.ADMIN)
    await house.hide(account)
    seen = await house.aleph("Seen")
    hidden = await house.aleph("Shade", "shade")
    hidden.chat("boo")
    assert (await seen.until_said("boo")).number == account.number
    assert account.number not in seen.players
    late = await house.aleph("Late")
    assert account.number not in late.players
    seen.tell(account.number, "are you there?")
    await seen.until(
        lambda: (
            seen.messages[1:] == [(10, "That player is not here.")]
            or seen.messages == [(10, "That player is not here.")]
        )
    )
    await hidden.leave()
    await seen.caught_up()
    assert not any("Shade" in notice for notice in seen.notices)


async def test_10_5_who_hides_hosts_no_game_that_would_give_them_away(house: House) -> None:
    await house.hide(await house.account("Shade", role=Role.ADMIN))
    seen, hidden = await house.aleph("Seen"), await house.aleph("Shade", "shade")
    hidden.host(aleph_game("Fun"))
    await hidden.until_line("You are hidden, and a game would show that you are here")
    await seen.caught_up()
    assert seen.games == {}
    assert list(house.node.services.hosting.games()) == []


async def test_10_6_alephone_sorts_the_staff_first_and_who_is_away_last(house: House) -> None:
    await house.account("Keeper", role=Role.MODERATOR)
    await house.account("Hopper")
    keeper, member, guest = await house.aleph("K", "keeper"), await house.aleph("H", "hopper"), await house.aleph("G")
    assert {one.plain: one.flags for one in guest.players.values()} == {"K": 0x5001, "H": 0x4001, "Guest G": 0x4000}
    keeper.away("tea")
    member.chat(".afk lunch is ready")
    await guest.until(lambda: {one.flags for one in guest.players.values()} == {0x1001, 0x0001, 0x4000})
    shown = {one.number: one.name for one in guest.players.values()}
    assert shown[member.number] == "|ilunch is|p-H"
    assert shown[keeper.number] == "tea-K"


async def test_away_and_its_name_are_one_change(house: House) -> None:
    """Nobody sees the name of who is away without the state, nor the other way round."""
    client, other = await house.aleph("A"), await house.aleph("B")
    await client.caught_up()
    await other.caught_up()
    other.line.received.clear()
    client.away("coffee")
    await other.until(lambda: "coffee" in other.players[client.number].name)
    client.line.write(PLAYER_DATA, player_data("A", version=5000))
    await other.until(lambda: "coffee" not in other.players[client.number].name)
    assert [kind for kind, _ in other.line.received].count(PLAYERS) == 2


async def test_10_6_myth_gets_no_other_flags_than_its_own(house: House) -> None:
    await house.account("Keeper", role=Role.MODERATOR)
    keeper = await house.myth("Keeper", "keeper", room_id=FERRY)
    guest = await house.myth("Guest", "", room_id=FERRY)
    assert {one.flags for one in guest.players.values()} == {5, 2}
    keeper.chat(".admin")
    await guest.until(lambda: guest.players[keeper.number].flags == 0)
    await keeper.leave()


async def test_10_7_the_sender_needs_his_own_echo(house: House) -> None:
    client = await house.aleph("Hopper")
    other = await house.aleph("Tycho")
    client.chat("to all")
    assert (await client.until_said("to all")).target is None
    client.tell(other.number, "to you")
    copy = await client.until_said("to you")
    original = await other.until_said("to you")
    assert (copy.target, copy.flags, copy.number) == (other.number, 1, client.number)
    assert (original.target, original.flags, original.number) == (other.number, 1, client.number)
    client.tell(other.number, "no copy", echo=0)
    await other.until_said("no copy")
    await client.caught_up()
    assert not any(one.message == "no copy" for one in client.said)


async def test_10_8_the_host_is_where_its_connection_comes_from(house: House) -> None:
    host = await house.aleph("Host")
    other = await house.aleph("Other")
    host.host(aleph_game("Here"), port=4226)
    game = await other.until_game("Here")
    assert game is not None
    assert (game.host, game.port, game.creator) == ("127.0.0.1", 4226, host.number)


async def test_10_8_nobody_is_told_to_connect_to_nowhere(tmp_path: Path) -> None:
    async with open_house(tmp_path, options={"host": "0.0.0.0", "advertise_host": ""}) as house:
        client = AlephOneClient(user_name="guest")
        await client.log_in(house.port)
        assert [room.host for room in client.rooms] == ["127.0.0.1"]
    other = tmp_path / "other"
    other.mkdir()
    async with open_house(other, options={"advertise_host": "203.0.113.9"}) as house:
        client = AlephOneClient(user_name="guest")
        await client.log_in(house.port)
        assert [room.host for room in client.rooms] == ["203.0.113.9"]


async def test_10_8_games_of_remote_hubs_are_where_the_hub_is(tmp_path: Path) -> None:
    hubs = (RemoteHub(7, "203.0.113.50", 4226, "Aleph One WonderNAT V2"), RemoteHub(8, "203.0.113.51", 4227, "other"))
    async with open_house(tmp_path, options={"remote_hubs": hubs}) as house:
        host = AlephOneClient(name="Host", user_name="guest")
        assert await host.log_in(house.port, hubs=True) == [(7, "203.0.113.50", 4226)]
        await host.enter()
        host.host(aleph_game("Far"), second=7)
        game = await host.until_game("Far")
        assert game is not None
        assert (game.host, game.port) == ("203.0.113.50", 4226)
        host.host(aleph_game("Far", players=3), second=7)  # its own game keeps the hub
        rival = AlephOneClient(name="Rival", user_name="guest")
        assert await rival.log_in(house.port, hubs=True) == []
        await rival.enter()
        rival.host(aleph_game("Mine"), second=7)
        await rival.until_line("not free")
        assert rival.number not in {game.creator for game in rival.games.values()}
        await host.leave()
        await rival.until_game("Far", present=False)
        rival.host(aleph_game("Mine"), second=7)
        await rival.until_game("Mine")


@pytest.mark.parametrize("kind", ["aleph", "myth", "myth18"])
async def test_10_10_deaf_players_hear_nothing(house: House, kind: str) -> None:
    room_id = {"aleph": ARRIVAL, "myth": FERRY, "myth18": FALLS}[kind]
    player = await getattr(house, kind)("Player")
    other = await getattr(house, kind)("Other")
    await player.until_player("Other")
    await player.until_said(await other.caught_up())
    player.said.clear()
    player.line.received.clear()
    player.deaf(1, b"0123456789abcdef" if kind == "aleph" else b"")
    await other.until(lambda: other.players[player.number].state == 1)
    other.chat("anybody?")
    other.host(aleph_game("G") if kind == "aleph" else myth_game("G"))
    await other.until_game("G")
    house.browser().enter(room_id)
    await other.until_player("Ada")
    player.deaf(0)
    player.line.write(FULL_UPDATE)
    await player.until_game("G")
    assert {one for one, _ in player.line.received} <= {PLAYERS, GAMES}
    assert {one.plain.removeprefix("Guest ") for one in player.players.values()} == {"Player", "Other", "Ada"}
    assert not player.said
    other.chat("back?")
    await player.until_said("back?")
    await other.until(lambda: other.players[player.number].state == 0)


@pytest.mark.parametrize("kind", ["aleph", "myth", "myth18"])
async def test_10_10_only_alephone_reads_answers_in_a_game(house: House, kind: str) -> None:
    player = await getattr(house, kind)("Player")
    await player.caught_up()
    player.deaf(1)
    player.chat(".time")
    player.deaf(0)
    player.chat(".rooms")
    await player.until_line("of 32")
    assert any("UTC." in line for line in player.lines) == (kind == "aleph")


async def test_10_11_the_flow_of_an_alephone_game(house: House) -> None:
    host, joiner, watcher = await house.aleph("Host"), await house.aleph("Joiner"), await house.aleph("Watcher")
    host.host(aleph_game("Fun", players=1))
    await watcher.until_game("Fun")
    host.host(aleph_game("Fun", players=2))
    host.host(aleph_game("Fun", players=2, status=0x11))
    host.start(18000)
    host.deaf(1, b"0123456789abcdef")
    joiner.deaf(1, b"0123456789abcdef")
    await watcher.until(lambda: any(game.seconds == 600 for game in watcher.games.values()))
    await watcher.until(lambda: watcher.players[joiner.number].state == 1 == watcher.players[host.number].state)
    await house.jump(60)
    late = await house.aleph("Late")
    await late.caught_up()
    assert [game.seconds for game in late.games.values()] == [540]
    host.remove_game()
    await watcher.until_game("Fun", present=False)


@pytest.mark.parametrize(("ticks", "seconds"), [(18000, 600), (-(2**31), -1), (0, -1), (7 * 24 * 3600 * 30, -1)])
async def test_10_11_alephone_counts_in_ticks_and_myth_in_seconds(house: House, ticks: int, seconds: int) -> None:
    host = await house.aleph("Host")
    host.host(aleph_game("G"))
    host.start(ticks)
    await host.until(lambda: [game.seconds for game in host.games.values()] == [seconds])
    myth = await house.myth18("Host")
    myth.host(myth_game("G"))
    myth.start(600)
    await myth.until(lambda: [game.seconds for game in myth.games.values()] == [600])


async def test_10_12_the_version_of_alephone_is_a_constant(house: House) -> None:
    """1, 2, 3, 0 is no Myth client of the year dot."""
    client = await house.aleph("Hopper")
    assert client.number


async def test_10_13_122_is_two_packets(house: House) -> None:
    await house.account("Alric")
    client = AlephOneClient(user_name="guest")
    assert await client.log_in(house.port, hubs=True) == []
    myth = await house.myth("Alric", "alric", room_id=FERRY)
    myth.line.write(UPDATE_INFO, b"Covenant\0Province\0Myth\0Get off my hill\0")
    await myth.caught_up()
    assert HUBS not in {kind for kind, _ in myth.line.received}


@pytest.mark.parametrize("ending", [b"", b"\0", b"\0garbage"])
async def test_10_14_passwords_end_as_they_like(house: House, ending: bytes) -> None:
    await house.account("Alric", "short pw")

    class Ends(MythClient):
        def password_bytes(self) -> bytes:
            return b"short pw" + ending

    await Ends(user_name="alric").log_in(house.port)


@pytest.mark.parametrize("kind", [MythClient, Myth18Client])
async def test_10_15_the_token_changes_rooms_and_the_newcomer_wins(house: House, kind: type[MythClient]) -> None:
    await house.account("Alric")
    client = kind(name="Alric", user_name="alric", password=PASSWORD)
    await client.log_in(house.port)
    first, second = client.rooms[0], client.rooms[1]
    await client.enter(first)
    while client.number not in client.players:
        await client.hear()
    old = client.line
    witness = house.browser()
    witness.enter(first.room_id)
    await client.enter(second)  # the old connection is still there
    while client.number not in client.players:
        await client.hear()
    said = [denial(raw).code for one, raw in await old.wait_closed() if one == SERVER_MESSAGE]
    assert said == [6]
    assert house.names(first.room_id) == ["Ada"]
    assert house.names(second.room_id) == ["Alric"]
    assert "lobby_player_left" in witness.kinds()
    await client.leave()
    await until(lambda: house.names(second.room_id) == [])
    await client.enter(first)


async def test_10_15_alephone_logs_in_anew(house: House) -> None:
    await house.account("Hopper")
    first = await house.aleph("Hopper", "hopper")
    second = await house.aleph("Hopper", "hopper")
    assert [denial(raw).code for one, raw in await first.line.wait_closed() if one == SERVER_MESSAGE] == [6]
    assert house.names() == ["Hopper"]
    second.line.write(KEEPALIVE)
    await second.caught_up()
    again = AlephOneClient(name="Hopper", user_name="hopper", token=second.token)
    again.rooms = second.rooms
    line = await Line.open(second.rooms[0].port)
    line.write(ROOM_LOGIN, second.token + text("hopper"))
    assert denial(await line.expect(SERVER_MESSAGE)).code == 4  # the token was used up


async def test_10_16_the_copy_of_myth_asks_for_no_further_copy(house: House) -> None:
    client, other = await house.myth("A"), await house.myth("B")
    client.tell(other.number, "psst")
    assert (await client.until_said("psst")).echo == 0
    assert (await other.until_said("psst")).echo == 1


async def test_10_17_lengths_and_what_follows_a_zero_mean_nothing(house: House) -> None:
    client = await house.aleph("Hopper")
    other = await house.aleph("Tycho")
    block = struct.pack(">hh4HHHII", 0, 9999, 1, 2, 3, 4, 0xFFFE, 0xFFFF, 12345, 99) + b"Bacon\0said\0\xff\xff\xff"
    client.line.write(200, block)
    heard = await other.until_said("said")
    assert (heard.number, heard.name) == (client.number, "|iGuest|p Hopper")  # whatever the packet claims
    assert heard.colour == (4096, 8192, 12288)
    last = [raw for kind, raw in other.line.received if kind == 200][-1]
    assert struct.unpack_from(">h", last, 2)[0] == 26 + len("|iGuest|p Hopper") + len("said")


async def test_10_18_lists_stay_below_what_myth_can_take(tmp_path: Path) -> None:
    rooms = [{"name": f"Room {number}", "room_id": number, "family": "myth", "capacity": 1000} for number in range(30)]
    async with open_house(tmp_path, lobbies={"rooms": rooms}) as house:
        for number in range(150):
            house.browser(f"A visitor with a long name {number}", 900_000 + number).enter(29)
        client = await house.myth("Alric", "", room_id=29)
        assert len(client.rooms) == 24
        assert len(client.players) == 151
        lists = [raw for kind, raw in client.line.received if kind == PLAYERS]
        assert len(lists) > 1
        assert all(len(raw) + 8 < 8096 for raw in lists)


async def test_10_18_names_of_games_stay_below_what_myth_can_take(house: House) -> None:
    host = await house.myth18("Host")
    other = await house.myth18("Other")
    host.host(myth_game("G" * 40, "M" * 90))
    game = await other.until_game("G" * 31)
    assert game is not None
    assert game.map_name == "M" * 63
    late = await house.myth18("Late")
    await late.until_game("G" * 31)


async def test_10_18_lines_stay_below_what_myth_can_show(house: House) -> None:
    client = await house.myth("Alric", "", room_id=FERRY)
    house.node.services.lobbies.line_to(house.listener_of(client), "word " * 60)
    await client.until(lambda: sum(line.count("word") for line in client.lines) == 60)
    assert all(len(line) <= 127 for line in client.lines)


@pytest.mark.parametrize(("application", "places"), [("MYTH", 8), ("MYTH1", 16), ("MYTH2", 16)])
async def test_10_18_the_first_builds_have_room_for_eight_buddies(house: House, application: str, places: int) -> None:
    await house.account("Alric")
    client = await house.myth("Alric", "alric", application=application)
    assert len(await client.line.until(BUDDIES)) == 8 * places


async def test_alephone_is_sent_no_answers_it_cannot_read(house: House) -> None:
    client = await house.aleph("Hopper")
    await client.caught_up()
    client.line.received.clear()
    for question, size in ((116, 18), (117, 2), (118, 0), (119, 0), (120, 8), (121, 4)):
        client.line.write(question, bytes(size))
    await client.caught_up()
    assert {kind for kind, _ in client.line.received} == {200}


async def test_10_19_what_another_server_closes_on_is_legal_here(house: House) -> None:
    await house.account("Alric")
    for client in (await house.aleph("A"), await house.myth("B", "alric")):
        for packet_type, payload in {
            110: b"",
            111: bytes(12),
            112: report(1, client.number, [(client.number, 0)]),
            113: b"",
            114: bytes(12),
            116: bytes(18),
            117: b"nobody at all\0",
            118: b"",
            119: b"",
            120: bytes(8),
            121: bytes(4),
            777: bytes(40),
        }.items():
            client.line.write(packet_type, payload)
        await client.caught_up()


async def test_10_20_a_second_log_in_on_the_same_line(house: House) -> None:
    legacy = await house.myth("A", "")
    legacy.line.write(ROOM_LOGIN, legacy.token + text(""))
    await legacy.until(lambda: [code for code, _ in legacy.messages] == [8, 8])
    await legacy.caught_up()
    aleph = await house.aleph("B")
    aleph.line.write(ROOM_LOGIN, aleph.token + text("guest"))
    await aleph.until(lambda: [code for code, _ in aleph.messages] == [6])
    assert await aleph.line.wait_closed() == []


async def test_legacy_myth_is_told_how_it_looks_once_it_is_in(house: House) -> None:
    client = await house.myth("Alric", "", room_id=FERRY)
    await client.caught_up()
    kinds = [kind for kind, _ in client.line.received]
    assert kinds[:2] == [ROOM_LOGIN_OK, SERVER_MESSAGE]
    assert kinds.index(PLAYERS) < kinds.index(GAMES)
    assert OWN_DATA in kinds


async def test_a_game_with_a_wrong_head_is_not_announced(house: House) -> None:
    client = await house.aleph("A")
    client.line.write(CREATE_GAME, b"\0")
    await client.until_line("damaged")


async def test_what_comes_first_comes_first_in_a_busy_lobby_too(tmp_path: Path) -> None:
    """Who enters just after others waits for the lists, as everybody waits there; nothing may come before 9 and 3."""
    async with open_house(tmp_path, realtime={"merge_window": 0.2}) as house:
        for name in ("Ada", "Bob", "Cyd", "Dan"):
            await house.account(name)
        await house.myth18("Ada", "ada", room_id=FALLS)
        await house.myth("Cyd", "cyd", room_id=FERRY)
        encrypted = await house.myth18("Bob", "bob", room_id=FALLS)  # with a list of friends, asked for meanwhile
        legacy = await house.myth("Dan", "dan", room_id=FERRY)
        await encrypted.caught_up()
        await legacy.caught_up()
        told = [kind for kind, _ in encrypted.line.received if kind != KEY]
        assert told[:2] == [ROOM_LOGIN_OK, SERVER_MESSAGE]
        assert {PLAYERS, GAMES, BUDDIES} < set(told)
        told = [kind for kind, _ in legacy.line.received if kind != BUDDIES]
        assert told[:5] == [ROOM_LOGIN_OK, SERVER_MESSAGE, PLAYERS, GAMES, OWN_DATA]


async def test_what_myth_ii_18_is_told_on_entering(house: House) -> None:
    client = await house.myth18("Alric", room_id=FALLS)
    await client.caught_up()
    kinds = [kind for kind, _ in client.line.received if kind != KEY]
    assert kinds[:5] == [ROOM_LOGIN_OK, SERVER_MESSAGE, PLAYERS, GAMES, ROOM_LIST]
    assert {room.room_id: room.players for room in client.rooms}[FALLS] == 1


async def test_myth_hears_when_the_rooms_fill(house: House) -> None:
    client = await house.myth("Alric", "", room_id=FERRY)
    await house.node.services.lobbies.tick()
    await client.until(lambda: any(room.players == 1 for room in client.rooms))
    aleph = await house.aleph("Hopper")
    house.browser().enter(FERRY)
    await house.node.services.lobbies.tick()
    await client.until(lambda: any(room.players == 2 for room in client.rooms))
    await aleph.caught_up()
    assert ROOM_LIST not in {kind for kind, _ in aleph.line.received}
    client.line.received.clear()
    house.browser("Bob", 900_002).enter(ARRIVAL)  # is none of Myth's business
    await house.node.services.lobbies.tick()
    await client.caught_up()
    assert ROOM_LIST not in {kind for kind, _ in client.line.received}
