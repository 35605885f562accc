"""Packets of every kind: round trips, what is tolerated, what is refused, long lists, who is it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.metaserver_packets import TABLE, records, table_id

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver import fields
from mythgate.wire.metaserver.framing import MAX_LIST_PAYLOAD_BYTES, frame
from mythgate.wire.metaserver.layout import Echo, Family, Layout, Many, MissingZero, Nested, Unused, layout_of
from mythgate.wire.metaserver.packets import (
    KINDS,
    AlephLogin,
    CreateGame,
    DataChunk,
    Direction,
    GameScore,
    Keepalive,
    Logout,
    MessageOfTheDay,
    MythLogin,
    Opaque,
    PacketKind,
    PasswordResponse,
    PlayerInfo,
    PlayerList,
    Product,
    ProxyClientJoin,
    RemoteHubList,
    RemoteHubRequest,
    RoomList,
    RoomLogin,
    SendVersions,
    ServerMessage,
    SetPlayerData,
    SetPlayerMode,
    StatusCode,
    UpdateInfo,
    UpdateOrderMemberList,
    UpdatePlayerInformation,
    application_of,
    decode,
    encode,
    encode_entry,
    encode_frame,
    family_of,
    layout_for,
    pack_entries,
    packet_type_of,
    product_of,
)
from mythgate.wire.metaserver.records import (
    AlephGame,
    GameDescription,
    GameEntry,
    MythGame,
    OrderMember,
    PlayerData,
    PlayerEntry,
    PlayerResult,
    RoomEntry,
    TeamResult,
    Verb,
)

A1, MYTH, MYTH18 = Family.ALEPHONE, Family.MYTH, Family.MYTH2_18
UP, DOWN = Direction.TO_SERVER, Direction.TO_CLIENT
ALRIC = PlayerData(name="Alric", team="The Nine")
ENTRY = PlayerEntry(player_id=7, data=ALRIC)
DESCRIPTION: dict[Family, GameDescription] = {
    A1: AlephGame(game_name="Duel", map_name="Duality"),
    MYTH: MythGame(game_name="Duel", map_name="Desert"),
}


# --- every packet ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("family", "direction", "kind"), TABLE, ids=table_id)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_round_trip(family: Family, direction: Direction, kind: PacketKind, data: st.DataObject) -> None:
    layout = layout_for(family, direction, kind.packet_type)
    assert layout is not None
    packet = data.draw(records(layout))
    if isinstance(packet, MythLogin):  # the place for the player's data has 128 bytes
        packet = dataclasses.replace(packet, player_data_size=0)
    payload = encode(family, direction, packet)
    assert decode(family, direction, kind.packet_type, payload) == packet
    assert encode_frame(family, direction, packet) == frame(kind.packet_type, payload)
    shown = json.loads(json.dumps(fields.show(family, direction, packet)))
    again = fields.take(family, direction, kind.packet_type, shown)
    assert fields.show(family, direction, again) == shown
    assert _without_idle_bytes(family, again) == _without_idle_bytes(family, packet)


def _without_idle_bytes(family: Family, record: Any) -> Any:
    """The record with zeros for what receivers ignore, which named values leave out."""
    changes: dict[str, Any] = {}
    layout: Layout[Any] = layout_of(type(record), family)  # type: ignore[arg-type]
    for name, kind, _ in layout.fields:
        value = getattr(record, name)
        match kind:
            case Unused():
                changes[name] = bytes(kind.width)
            case Echo() | MissingZero(hidden=True):
                changes[name] = 0
            case Many():
                changes[name] = tuple(_without_idle_bytes(family, one) for one in value)
            case Nested():
                changes[name] = _without_idle_bytes(family, value)
    return dataclasses.replace(record, **changes)


def test_the_table_has_every_number_once_for_each_family() -> None:
    for family in Family:
        for direction in Direction:
            numbers = [kind.packet_type for kind in KINDS if family in kind.families and direction in kind.directions]
            assert len(numbers) == len(set(numbers))
            expected = (
                {*range(100, 123), *range(200, 207)} if direction is UP else {*range(23), *range(200, 204)} - {11}
            )
            assert set(numbers) == expected


@pytest.mark.parametrize(("packet_type", "direction"), [(11, DOWN), (999, UP), (-1, DOWN), (7, UP), (100, DOWN)])
def test_unknown_numbers_pass_through(packet_type: int, direction: Direction) -> None:
    packet = decode(MYTH, direction, packet_type, b"\x01\x02")
    assert packet == Opaque(packet_type, b"\x01\x02")
    assert packet_type_of(packet) == packet_type
    assert encode(MYTH, direction, packet) == b"\x01\x02"


def test_a_packet_goes_only_where_it_belongs() -> None:
    for family, direction, packet in (
        (A1, UP, MessageOfTheDay(message="")),
        (A1, UP, MythLogin(player_data=ALRIC)),
        (MYTH, DOWN, RemoteHubList(hubs=())),
    ):
        with pytest.raises(ValueError, match="is not sent"):
            encode(family, direction, packet)


def test_numbers_shared_by_two_packets() -> None:
    assert decode(A1, DOWN, 18, b"") == RemoteHubList(hubs=())
    assert isinstance(decode(MYTH18, DOWN, 18, bytes(12)), UpdateInfo)
    assert decode(A1, UP, 122, b"V2\0") == RemoteHubRequest(network_version="V2")
    assert decode(MYTH, UP, 122, b"a\0b\0c\0d\0") == UpdatePlayerInformation(
        city="a", state="b", country="c", quote="d"
    )


# --- what is tolerated -----------------------------------------------------------------------------


def test_a_string_ends_at_its_first_nul_whatever_follows() -> None:
    filled = b"alric\0".ljust(32, b"\xff")
    packet = decode(MYTH, UP, 100, bytes(112) + filled + bytes(132))
    assert packet.username == "alric"
    assert decode(MYTH18, DOWN, 3, b"\0\0\0\x08hello\0" + b"\xff" * 122) == ServerMessage(code=8, message="hello")
    assert decode(MYTH, DOWN, 10, b"line\0garbage") == MessageOfTheDay(message="line")


def test_a_user_name_of_aleph_one_may_fill_its_field() -> None:
    name = "n" * 32
    packet = AlephLogin(username=name, player_data=ALRIC)
    assert decode(A1, UP, 100, encode(A1, UP, packet)).username == name
    assert encode(A1, UP, AlephLogin(username=name + "x", player_data=ALRIC)) == encode(A1, UP, packet)


def test_fixed_fields_of_myth_keep_their_nul() -> None:
    payload = encode(MYTH, UP, MythLogin(username="n" * 40, player_data=ALRIC))
    assert payload[112:144] == b"n" * 31 + b"\0"


def test_a_log_in_of_myth_may_end_after_the_player_data() -> None:
    whole = encode(MYTH, UP, MythLogin(username="alric", player_data=ALRIC, country_code=840))
    assert len(whole) == 276
    assert decode(MYTH, UP, 100, whole).country_code == 840
    for length in (274, 273, 272, 200):
        packet = decode(MYTH, UP, 100, whole[:length])
        assert packet.player_data == ALRIC
        assert packet.country_code == (840 if length == 274 else 0)


def test_log_in_flags() -> None:
    assert AlephLogin(player_data=ALRIC).replaces_player_data
    assert not MythLogin(player_data=ALRIC, flags=2).replaces_player_data
    assert MythLogin(player_data=ALRIC, flags=3).replaces_player_data


def test_lying_lengths_inside_a_list() -> None:
    raw = encode_entry(MYTH, ENTRY)
    for lie in (0, 1, 0xFFFF):
        entries = raw[:18] + lie.to_bytes(2, "big") + raw[20:]
        for family in Family:
            assert decode(family, DOWN, 1, entries) == PlayerList(players=(ENTRY,))
    # bytes after the team name: part of the entry for Myth, the begin of the next one for Aleph One
    padded = raw[:18] + (len(raw) - 24 + 4).to_bytes(2, "big") + raw[20:] + bytes(4)
    assert decode(MYTH18, DOWN, 1, padded + raw) == PlayerList(players=(ENTRY, ENTRY))
    with pytest.raises(ProtocolError):
        decode(A1, DOWN, 1, padded + raw)


def test_lengths_are_written_as_they_are() -> None:
    lying = dataclasses.replace(ENTRY, player_data_length=3)
    assert encode_entry(A1, lying)[18:20] == (40 + 5 + 8).to_bytes(2, "big")
    assert encode(MYTH, DOWN, DataChunk(flags=0, chunk_type=0, chunk_offset=0, data=b"abc"))[12:16] == b"\0\0\0\x03"
    assert encode(MYTH, UP, MythLogin(player_data=ALRIC, player_data_size=9))[14:16] == b"\0\x09"[:2]


def test_true_may_be_any_number_but_zero() -> None:
    payload = bytes.fromhex("00000003 0000002a 01000000 0000002b 00000001 0000002c 00000000")
    packet = decode(MYTH18, DOWN, 20, payload)
    assert [member.online for member in packet.members] == [1, 1, 0]
    assert encode(MYTH18, DOWN, packet) == bytes.fromhex(
        "00000003 0000002a 00000001 0000002b 00000001 0000002c 00000000"
    )


@pytest.mark.parametrize("packet_type", [102, 105, 110, 113, 118, 119, 202])
def test_only_aleph_one_insists_on_empty_packets(packet_type: int) -> None:
    assert encode(MYTH, UP, decode(MYTH, UP, packet_type, b"x")) == b""
    with pytest.raises(ProtocolError) as caught:
        decode(A1, UP, packet_type, b"x")
    assert caught.value.code == "unexpected_payload"


def test_passwords_end_as_their_clients_end_them() -> None:
    assert decode(A1, UP, 109, b"hunter2".ljust(16, b"\0")).text == "hunter2"
    assert decode(MYTH, UP, 109, b"hunter2\0").text == "hunter2"
    assert decode(MYTH18, UP, 109, b"hunter2").text == "hunter2"
    assert decode(MYTH18, UP, 109, b"").text == ""
    assert PasswordResponse(response=b"ab\0cd").key == b"ab\0cd" + bytes(11)
    assert PasswordResponse(response=bytes(range(20))).key == bytes(range(16))


def test_a_score_report_has_sixteen_places_or_as_many_as_there_are_players() -> None:
    report = GameScore(
        game_id=1,
        number_of_players=2,
        number_of_teams=1,
        teams=(TeamResult(valid=1),),
        players=(PlayerResult(player_id=42), PlayerResult(player_id=43)),
    )
    payload = encode(MYTH18, UP, report)
    assert len(payload) == 28 + 16 * 12 + 2 * 28
    read = decode(MYTH18, UP, 112, payload)
    assert read.players == report.players
    assert read.teams == report.teams + (TeamResult(),) * 15
    padded = dataclasses.replace(report, players=report.players + (PlayerResult(),) * 14)
    assert len(encode(MYTH, UP, padded)) == 668
    shown = fields.show(MYTH, UP, padded)
    assert shown["player_slots_in_packet"] == 16
    assert len(shown["players"]) == 2
    del shown["player_slots_in_packet"]
    assert encode(MYTH, UP, fields.take(MYTH, UP, 112, shown)) == encode(MYTH, UP, padded)
    assert encode(MYTH18, UP, fields.take(MYTH18, UP, 112, shown)) == payload
    # a place that the counts leave out is shown all the same if something stands in it
    assert len(fields.show(MYTH, UP, dataclasses.replace(padded, number_of_players=0))["players"]) == 2
    many = dataclasses.replace(report, players=tuple(PlayerResult(player_id=number) for number in range(1, 21)))
    assert decode(MYTH18, UP, 112, encode(MYTH18, UP, many)).players == many.players
    with pytest.raises(ProtocolError):
        decode(MYTH18, UP, 112, payload[:-1])
    with pytest.raises(ValueError, match="16 places"):
        encode(MYTH18, UP, dataclasses.replace(report, teams=(TeamResult(),) * 17))


def test_the_least_player_info() -> None:
    payload = encode(MYTH18, DOWN, PlayerInfo(login="alric", name="Alric"))
    assert len(payload) == 4356 + len("alric\0Alric\0\0\0\0\0\0")


def test_the_mode_of_a_myth_player_names_no_game() -> None:
    assert decode(MYTH, UP, 107, b"\0\1ignored") == SetPlayerMode(mode=1)
    assert decode(A1, UP, 107, b"\0\1" + bytes(16)) == SetPlayerMode(mode=1, session_id=bytes(16))


def test_filler_of_the_newest_myth() -> None:
    long = "x" * 200
    assert encode(MYTH18, DOWN, ServerMessage(code=8, message=long)) == b"\0\0\0\x08" + b"x" * 127 + b"\0"
    assert encode(MYTH, DOWN, ServerMessage(code=8, message=long)) == b"\0\0\0\x08" + b"x" * 200 + b"\0"
    assert encode(MYTH18, DOWN, ProxyClientJoin(port=1, host="1.2.3.4"))[2:50] == b"1.2.3.4\0".ljust(48, b"\xff")


# --- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("family", Family)
def test_descriptions_of_games_have_a_right_length(family: Family) -> None:
    description = DESCRIPTION[A1 if family is A1 else MYTH]
    payload = encode(family, UP, CreateGame(port=1, description=description))
    assert decode(family, UP, 104, payload) == CreateGame(port=1, description=description)
    least = encode(
        family, UP, CreateGame(port=1, description=dataclasses.replace(description, game_name="", map_name=""))
    )
    assert len(least) == 4 + 570
    decode(family, UP, 104, least)
    for wrong in (least[:-1], payload + bytes(1024)):
        with pytest.raises(ProtocolError):
            decode(family, UP, 104, wrong)
    decode(family, UP, 104, payload.ljust(4 + 1023, b"\0"))


def test_room_lists_are_whole_entries() -> None:
    room = RoomEntry(room_id=26, host=0x7F000001, port=6335)
    payload = encode(A1, DOWN, RoomList(rooms=(room, room)))
    assert len(payload) == 48
    for length in (1, 23, 25, 47):
        with pytest.raises(ProtocolError) as caught:
            decode(A1, DOWN, 0, payload[:length])
        assert caught.value.code == "truncated_packet"


def test_one_broken_entry_breaks_the_list() -> None:
    deleted = encode_entry(A1, dataclasses.replace(ENTRY, verb=Verb.DELETE))
    with pytest.raises(ProtocolError):
        decode(A1, DOWN, 1, encode_entry(A1, ENTRY) + deleted[:24])


def test_a_count_that_lies() -> None:
    for count in (2, 0x7FFFFFFF):
        with pytest.raises(ProtocolError):
            decode(MYTH, DOWN, 20, count.to_bytes(4, "big") + bytes(8))
    assert decode(MYTH, DOWN, 20, b"\xff\xff\xff\xff" + bytes(8)) == UpdateOrderMemberList(members=())
    assert encode(MYTH, DOWN, UpdateOrderMemberList(members=(OrderMember(player_id=1),)))[:4] == b"\0\0\0\x01"


def test_numbers_to_the_end_are_whole() -> None:
    assert decode(MYTH, UP, 111, bytes(12)).player_ids == (0, 0)
    with pytest.raises(ProtocolError):
        decode(MYTH, UP, 111, bytes(11))


@pytest.mark.parametrize(
    ("packet", "told"),
    [
        (RoomLogin(token=bytes(33)), "33 bytes do not fit into 32"),
        (MessageOfTheDay(message="x"), ""),
        (SetPlayerMode(mode=40_000), "SetPlayerMode cannot be written"),
        (MythLogin(player_data=PlayerData(name="n" * 100)), "does not fit into 128"),
        (MythLogin(player_data=ALRIC, country_code=1 << 15), "does not fit into 16 bits"),
    ],
)
def test_values_that_do_not_fit(packet: Any, told: str) -> None:
    if not told:
        encode(MYTH, DOWN, packet)
        return
    with pytest.raises(ValueError, match=told):
        encode(MYTH, UP, packet)


def test_nothing_secret_in_the_complaint() -> None:
    with pytest.raises(ValueError, match="cannot be written") as caught:
        encode(MYTH, UP, MythLogin(player_data=ALRIC, user_id=1 << 40, username="a secret"))
    assert "secret" not in str(caught.value)


# --- lists -----------------------------------------------------------------------------------------


@given(sizes=st.lists(st.integers(1, 60), max_size=30))
def test_long_lists_become_several_packets(sizes: list[int]) -> None:
    entries = [bytes((number,)) * size for number, size in enumerate(sizes)]
    packed = list(pack_entries(entries, limit=50))
    assert b"".join(packed) == b"".join(entries)
    assert packed, "an empty answer is an answer, too"
    assert all(len(payload) <= 50 or payload in entries for payload in packed)
    assert all(packed) or not sizes


def test_a_full_room_fits_the_buffers_of_its_clients() -> None:
    entries = [encode_entry(MYTH18, dataclasses.replace(ENTRY, player_id=number)) for number in range(1000)]
    payloads = list(pack_entries(entries))
    assert max(map(len, payloads)) <= MAX_LIST_PAYLOAD_BYTES < 8096 - 8 - 24
    seen = [entry for payload in payloads for entry in decode(MYTH18, DOWN, 1, payload).players]
    assert [entry.player_id for entry in seen] == list(range(1000))
    game = GameEntry(game_id=1, host=1, port=2, description=DESCRIPTION[MYTH])
    assert encode_entry(MYTH, game) == layout_of(GameEntry, MYTH).write(game)


# --- who is it? ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("application", "encrypted", "product", "family"),
    [
        ("MARATHON", False, Product.MARATHON, A1),
        ("marathon", True, Product.MARATHON, A1),
        ("MYTH", False, Product.MYTH_2, MYTH),
        ("MYTH1", False, Product.MYTH_TFL, MYTH),
        ("myth2", False, Product.MYTH_2, MYTH),
        ("MYTH2", True, Product.MYTH_2, MYTH18),
        ("MYTH2 1.8.5", True, Product.MYTH_2, MYTH18),
        ("MYTH1", True, Product.MYTH_TFL, MYTH),
        ("MYTH3", True, Product.MYTH_3, MYTH),
        ("DOOM", False, None, None),
        ("", True, None, None),
    ],
)
def test_the_application_tells_the_family(
    application: str, encrypted: bool, product: Product | None, family: Family | None
) -> None:
    assert product_of(application) is product
    assert family_of(application, encrypted=encrypted) is family


def test_the_application_stands_in_the_same_place_for_everybody() -> None:
    assert application_of(encode(A1, UP, AlephLogin(player_data=ALRIC))) == "MARATHON"
    assert application_of(encode(MYTH18, UP, MythLogin(player_data=ALRIC))) == "MYTH2"
    with pytest.raises(ProtocolError):
        application_of(bytes(47))


def test_codes_and_empty_packets() -> None:
    assert [int(code) for code in StatusCode] == list(range(19))
    assert encode_frame(A1, DOWN, SendVersions()) == bytes.fromhex("dead000c00000008")
    assert encode_frame(A1, UP, Logout()) == bytes.fromhex("dead006600000008")
    assert encode_frame(A1, DOWN, Keepalive()) == bytes.fromhex("dead00ca00000008")
    assert packet_type_of(SetPlayerData(data=ALRIC)) == 103
