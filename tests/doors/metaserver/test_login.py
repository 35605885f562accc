"""The log-in port: every family's way in, and every way to be refused."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from tests.support.metaserver import ARRIVAL, FALLS, FERRY, LORDS, PASSWORD, RANKED_18, House, open_house, until
from tests.support.metaserver_client import (
    ACCEPT,
    CHALLENGE,
    FIND_PLAYERS,
    KEEPALIVE,
    LOGIN,
    PLAYERS_FOUND,
    SERVER_MESSAGE,
    SUCCESS,
    VERSIONS,
    AlephOneClient,
    Denied,
    Hangs,
    Line,
    Myth18Client,
    MythClient,
    denial,
    fixed,
    myth_game,
    player_data,
    text,
)
from tests.support.metaserver_client import (
    PASSWORD as PASSWORD_PACKET,
)

from mythgate.domain.accounts import Role
from mythgate.domain.sessions import OPERATOR
from mythgate.doors.metaserver.options import PasswordScheme


async def test_alephone_logs_in_with_a_password_in_clear(house: House) -> None:
    account = await house.account("Hopper")
    client = await house.aleph("Grace", "hopper")
    assert client.number == account.number
    assert client.players[client.number].name == "Grace"
    assert client.players[client.number].team == "Hopper"  # the account's name stands where others see it


async def test_alephone_logs_in_with_a_key_it_got_over_https(house: House) -> None:
    account = await house.account("Hopper")
    asked: list[bytes] = []

    class Redirected(AlephOneClient):
        async def answer(self, scheme: int, salt: bytes) -> bytes:
            assert scheme == 4
            asked.append(salt)
            text = salt.partition(b"\0")[0].decode("ascii")
            return await house.node.services.accounts.issue_login_key(self.user_name, self.password, text)

    client = Redirected(name="Grace", user_name="hopper", password=PASSWORD, https=True)
    await client.come(house.port)
    assert client.number == account.number
    assert len(asked[0]) == 16
    assert asked[0].index(b"\0") == 15
    assert asked[0][:15].decode("ascii").isprintable()


async def test_a_key_is_good_once_and_for_a_minute(house: House) -> None:
    await house.account("Hopper")
    accounts = house.node.services.accounts
    key = await accounts.issue_login_key("Hopper", PASSWORD, "0123456789abcde")
    client = AlephOneClient(user_name="hopper", https=True, key=key)
    await client.log_in(house.port)
    with pytest.raises(Denied) as again:
        await client.log_in(house.port)
    assert again.value.code == 3
    client.key = await accounts.issue_login_key("Hopper", PASSWORD, "0123456789abcde")
    await house.jump(61)
    with pytest.raises(Denied) as late:
        await client.log_in(house.port)
    assert late.value.code == 3


@pytest.mark.parametrize("https", [False, True])
@pytest.mark.parametrize(("name", "password"), [("hopper", "wrong"), ("hopper", ""), ("nobody", PASSWORD)])
async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    house: House, name: str, password: str, https: bool
) -> None:
    await house.account("Hopper")
    client = AlephOneClient(user_name=name, password=password, https=https)
    with pytest.raises(Denied) as refused:
        await client.log_in(house.port)
    assert (refused.value.code, refused.value.text) == (3, "This name and password do not match.")


async def test_myth_clients_are_told_of_a_wrong_password(house: House) -> None:
    await house.account("Alric")
    for client in (MythClient(user_name="alric", password="no"), Myth18Client(user_name="alric", password="no")):
        with pytest.raises(Denied) as refused:
            await client.log_in(house.port)
        assert refused.value.code == 3


@pytest.mark.parametrize("user_name", ["", "guest", "GUEST"])
async def test_guests_need_no_password(house: House, user_name: str) -> None:
    client = AlephOneClient(name="Hopper", user_name=user_name)
    await client.come(house.port)
    assert client.number >= 0x3FFFFFFF
    assert client.players[client.number].name == "|iGuest|p Hopper"


async def test_guests_of_myth_come_without_a_name_and_those_of_18_without_a_password(house: House) -> None:
    legacy = MythClient(name="Fenris", user_name="")
    await legacy.come(house.port, FERRY)
    modern = Myth18Client(name="Balor", user_name="Shiver", password="")
    await modern.come(house.port, FALLS)
    assert legacy.players[legacy.number].flags & 2
    assert modern.players[modern.number].flags & 2
    assert modern.players[modern.number].caste == -1


async def test_a_guest_of_18_may_not_use_the_name_of_an_account(house: House) -> None:
    await house.account("Alric")
    for build, code in ((431, 17), (427, 3)):
        with pytest.raises(Denied) as refused:
            await Myth18Client(user_name="Alric", password="", build=build).log_in(house.port)
        assert refused.value.code == code


@pytest.mark.parametrize("wished", ["Alric", "|bALRIC|p", "Alr1c"])
async def test_a_guest_is_not_taken_for_an_account_whose_owner_is_absent(house: House, wished: str) -> None:
    await house.account("Alric")
    legacy = await house.myth(wished, "", room_id=FERRY)
    modern = await house.myth18(wished, "", room_id=FALLS)
    for client in (legacy, modern):
        assert " (guest)" in client.players[client.number].plain
    other = await house.myth("Fenris", "", room_id=FERRY)
    other.line.write(103, player_data(wished))  # nor later on
    await other.until(lambda: " (guest)" in other.players[other.number].plain)
    owner = await house.myth("Alric", "alric", room_id=FERRY)
    assert owner.players[owner.number].name == "Alric"


@pytest.mark.parametrize(
    ("client", "code"),
    [
        (AlephOneClient(user_name="guest"), 16),
        (MythClient(user_name=""), 3),
        (Myth18Client(user_name="Bob", password="", build=431), 16),
        (Myth18Client(user_name="Bob", password="", build=427), 3),
    ],
)
async def test_guests_can_be_refused(tmp_path: Path, client: Any, code: int) -> None:
    async with open_house(tmp_path, sessions={"guests": False}) as house:
        with pytest.raises(Denied) as refused:
            await client.log_in(house.port)
        assert refused.value.code == code


async def test_every_family_sees_its_own_rooms_only(house: House) -> None:
    await house.account("Alric")
    aleph = AlephOneClient(user_name="alric", password=PASSWORD)
    legacy = MythClient(user_name="alric", password=PASSWORD)
    modern = Myth18Client(user_name="alric", password=PASSWORD)
    for client in (aleph, legacy, modern):
        await client.log_in(house.port)
    assert [room.room_id for room in aleph.rooms] == [ARRIVAL]
    assert {room.room_id for room in legacy.rooms} == {FERRY, 1}
    assert {room.room_id for room in modern.rooms} == {FALLS, RANKED_18}
    assert {room.room_id: room.kind for room in modern.rooms} == {FALLS: 0, RANKED_18: 1}
    assert all(room.host == "127.0.0.1" for room in aleph.rooms + legacy.rooms + modern.rooms)


async def test_the_fallen_lords_are_a_game_of_their_own(house: House) -> None:
    """Their games mean nothing to Myth II, and the other way round."""
    lords = await house.myth("Alric", "", application="MYTH1")
    others = await house.myth("Balor", "")
    assert [room.room_id for room in lords.rooms] == [LORDS]
    assert LORDS not in {room.room_id for room in others.rooms}
    found = await lords.ask(FIND_PLAYERS, text("Balor"), PLAYERS_FOUND)
    assert found == b""


async def test_lobbies_may_demand_films(tmp_path: Path) -> None:
    rooms = [
        {"name": "Free", "room_id": 0, "family": "myth2"},
        {"name": "Kept", "room_id": 1, "family": "myth2", "films": True},
        {"name": "Due", "room_id": 2, "family": "myth2", "films_required": True},
    ]
    async with open_house(tmp_path, lobbies={"rooms": rooms}) as house:
        client = Myth18Client(user_name="Shiver", password="")
        await client.log_in(house.port)
        assert {room.room_id: room.flags for room in client.rooms} == {0: 0, 1: 1, 2: 3}


async def test_guests_of_18_see_which_rooms_are_closed_to_them(house: House) -> None:
    client = Myth18Client(user_name="Shiver", password="")
    await client.log_in(house.port)
    assert {room.room_id: room.flags for room in client.rooms} == {FALLS: 1, RANKED_18: 4}


@pytest.mark.parametrize(("application", "code"), [("DOOM", 7), ("", 7), ("MYTH3", 1), ("MARATHONX", 7)])
async def test_products_that_are_not_served_are_refused(house: House, application: str, code: int) -> None:
    with pytest.raises(Denied) as refused:
        await MythClient(user_name="alric", application=application).log_in(house.port)
    assert refused.value.code == code


async def test_who_guessed_too_often_is_told_how_long_to_wait(tmp_path: Path) -> None:
    async with open_house(tmp_path, limits={"logins_per_account": 2, "logins_per_address": 1000}) as house:
        await house.account("Alric")
        texts = []
        for _ in range(3):
            with pytest.raises(Denied) as refused:
                await MythClient(user_name="alric", password="no").log_in(house.port)
            texts.append(refused.value.text)
    assert texts[2] == "Too many failed attempts to sign in. Try again in 1 minute."
    assert texts[1] != texts[2]


async def test_who_finds_no_lobby_is_told_for_which_game(tmp_path: Path) -> None:
    rooms = [{"name": "Crows Bridge", "room_id": FERRY, "family": "myth"}]
    async with open_house(tmp_path, lobbies={"rooms": rooms}) as house:
        with pytest.raises(Denied) as refused:
            await MythClient(user_name="alric", application="MYTH1").log_in(house.port)
    assert (refused.value.code, refused.value.text) == (1, "This server has no room for Myth: The Fallen Lords.")


@pytest.mark.parametrize("application", ["MYTH", "MYTH1", "MYTH2", "myth2", "MYTH2 1.5.1"])
async def test_legacy_myth_is_served(house: House, application: str) -> None:
    await house.account("Alric")
    client = await house.myth("Alric", "alric", application=application)
    assert client.limit == 32


@pytest.mark.parametrize(
    "client",
    [
        MythClient(user_name="alric", password=PASSWORD, patch=2),
        Myth18Client(user_name="alric", password=PASSWORD, version=2179),
        Myth18Client(user_name="alric", password=PASSWORD, build=426),
    ],
)
async def test_old_versions_are_refused(house: House, client: MythClient) -> None:
    await house.account("Alric")
    line = await client.connect(house.port)
    line.write(LOGIN, client.login_packet())
    await line.expect(CHALLENGE)
    line.write(PASSWORD_PACKET, client.password_bytes())
    await line.expect(ACCEPT)
    line.write(VERSIONS, struct.pack(">4i", client.platform, client.version, client.patch, client.build))
    assert denial(await line.expect(SERVER_MESSAGE)).code == 2
    assert await line.wait_closed() == []


async def test_a_locked_account_is_told_so(house: House) -> None:
    account = await house.account("Alric")
    await house.node.services.accounts.disable(OPERATOR, account.id, "because")
    for client in (
        AlephOneClient(user_name="alric", password=PASSWORD),
        Myth18Client(user_name="alric", password=PASSWORD),
    ):
        with pytest.raises(Denied) as refused:
            await client.log_in(house.port)
        assert refused.value.code == 14


async def test_locking_an_account_ends_its_connection(house: House) -> None:
    account = await house.account("Alric")
    client = await house.aleph("Alric", "alric")
    await house.node.services.accounts.disable(OPERATOR, account.id, "because")
    said = [denial(payload).code for kind, payload in await client.line.wait_closed() if kind == SERVER_MESSAGE]
    assert said in ([14], [9])
    await until(lambda: house.names() == [])


async def test_a_full_room_refuses_at_the_log_in_where_alephone_understands_it(tmp_path: Path) -> None:
    rooms = [{"name": "Arrival", "room_id": ARRIVAL, "capacity": 1}]
    async with open_house(tmp_path, lobbies={"rooms": rooms}) as house:
        await house.aleph("First")
        with pytest.raises(Denied) as refused:
            await AlephOneClient(user_name="guest").log_in(house.port)
        assert refused.value.code == 13
        await house.account("Keeper", role=Role.MODERATOR)
        await house.aleph("Staff", "keeper")  # who keeps order is never kept out


async def test_a_room_that_fills_meanwhile_closes_the_line(tmp_path: Path) -> None:
    rooms = [
        {"name": "Arrival", "room_id": ARRIVAL, "capacity": 1},
        {"name": "Falls", "room_id": FALLS, "family": "myth2", "capacity": 1},
    ]
    async with open_house(tmp_path, lobbies={"rooms": rooms}) as house:
        late = AlephOneClient(user_name="guest")
        late_too = Myth18Client(user_name="Bob", password="")
        await late.log_in(house.port)
        await late_too.log_in(house.port)
        await house.aleph("First")
        await house.myth18("First")
        with pytest.raises((Hangs, EOFError)):
            await late.enter()
        assert (await late.line.wait_closed())[:0] == []
        with pytest.raises(Denied) as refused:
            await late_too.enter()
        assert refused.value.code == 13
        assert await late_too.line.wait_closed() == []


async def test_a_password_before_a_name_is_out_of_place(house: House) -> None:
    for packet_type in (PASSWORD_PACKET, VERSIONS):
        line = await Line.open(house.port)
        line.write(packet_type, bytes(16))
        assert denial(await line.expect(SERVER_MESSAGE)).code == 0
        assert await line.wait_closed() == []


async def test_a_version_before_the_password_is_out_of_place(house: House) -> None:
    line = await Line.open(house.port)
    line.write(LOGIN, MythClient(user_name="alric").login_packet())
    await line.expect(CHALLENGE)
    line.write(VERSIONS, bytes(16))
    assert denial(await line.expect(SERVER_MESSAGE)).code == 0
    assert await line.wait_closed() == []


async def test_keep_alives_and_unknown_packets_are_harmless_at_any_time(house: House) -> None:
    line = await Line.open(house.port)
    line.write(KEEPALIVE)
    line.write(999, b"whatever")
    line.write(LOGIN, MythClient(user_name="").login_packet())
    line.write(KEEPALIVE)
    await line.expect(ACCEPT)
    line.write(KEEPALIVE)
    line.write(VERSIONS, struct.pack(">4i", 1, 1300, 3, 0))
    await line.expect(SUCCESS)


async def test_https_only_takes_no_passwords_in_clear(tmp_path: Path) -> None:
    async with open_house(tmp_path, options={"passwords": PasswordScheme.HTTPS}) as house:
        await house.account("Alric")
        for client in (AlephOneClient(user_name="alric", password=PASSWORD), MythClient(user_name="alric")):
            with pytest.raises(Denied) as refused:
                await client.log_in(house.port)
            assert refused.value.code == 3
            assert "HTTPS" in refused.value.text
        await house.myth18("Alric", "alric")  # is encrypted
        await house.aleph("Guest")


async def test_plain_asks_every_client_for_its_password(tmp_path: Path) -> None:
    async with open_house(tmp_path, options={"passwords": PasswordScheme.PLAIN}) as house:
        await house.account("Alric")
        client = AlephOneClient(user_name="alric", password=PASSWORD, https=True)
        await client.come(house.port)


async def test_a_name_of_32_characters_has_no_terminator(house: House) -> None:
    line = await Line.open(house.port)
    data = player_data("Hopper")
    head = struct.pack(">hhiihh", 1, 0, 1, 0, 1, len(data)) + fixed("MARATHON", 32) + bytes(64) + b"x" * 32
    line.write(LOGIN, head + data)
    await line.expect(CHALLENGE)


async def test_a_log_in_that_is_too_short_closes(house: House) -> None:
    line = await Line.open(house.port)
    line.write(LOGIN, bytes(20))
    assert await line.wait_closed() == []


async def test_myth_iii_has_lobbies_of_its_own(tmp_path: Path) -> None:
    rooms = [{"name": "Shiver", "room_id": 20, "family": "myth3"}, {"name": "Arrival", "room_id": ARRIVAL}]
    async with open_house(tmp_path, lobbies={"rooms": rooms}) as house:
        await house.account("Alric")
        client = await house.myth("Alric", "alric", application="MYTH3")
        assert [room.room_id for room in client.rooms] == [20]
        client.host(myth_game("Third"))
        assert (await client.until_game("Third")) is not None


async def test_builds_of_the_mythdevelopers_era_may_encrypt(house: House) -> None:
    """An older Myth II that exchanges keys is an older Myth II all the same."""
    await house.account("Alric")

    class Developers(MythClient):
        encrypts = True

    client = Developers(name="Alric", user_name="alric", password=PASSWORD, game_version=2150, build=300)
    await client.come(house.port, FERRY)
    other = await house.myth("Other", "", room_id=FERRY)  # in clear
    client.chat("hidden from a glance")
    await other.until_said("hidden from a glance")
    other.chat("and back")
    await client.until_said("and back")
    assert {room.room_id for room in client.rooms} == {FERRY, 1}
