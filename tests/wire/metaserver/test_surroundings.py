"""What surrounds the protocol: forms of the site, pings between players, the administration tool, named values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver import fields, web
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.metaclient import (
    MAX_FORM_BYTES,
    FormRequest,
    key_of,
    parse_form,
    parse_request,
    salt_of,
    write_form,
    write_request,
)
from mythgate.wire.metaserver.packets import Direction, Opaque, PasswordResponse, encode
from mythgate.wire.metaserver.udp import Ping, crc16, decode_ping, encode_ping

A1, MYTH, MYTH18 = Family.ALEPHONE, Family.MYTH, Family.MYTH2_18
UP, DOWN = Direction.TO_SERVER, Direction.TO_CLIENT

# --- forms -----------------------------------------------------------------------------------------


@given(st.dictionaries(st.text(alphabet="abc&=%+ é"), st.binary(max_size=20), max_size=5))
def test_forms_there_and_back(values: dict[str, bytes]) -> None:
    assert parse_form(write_form(values)) == values


def test_a_form_as_aleph_one_and_as_a_browser_write_it() -> None:
    assert write_form({"username": b"hopper", "password": b"p&ss w=rd+%"}) == (
        b"password=p%26ss%20w%3Drd%2B%25&username=hopper"
    )
    assert parse_form(b"password=a+b%2b&odd=%zz%4") == {"password": b"a b+", "odd": b"%zz%4"}
    assert parse_form(b"") == {}
    for wrong in (b"name", b"a=1&&b=2", b"a=" + b"x" * MAX_FORM_BYTES):
        with pytest.raises(ProtocolError):
            parse_form(wrong)


def test_salts_and_keys_are_strings_of_sixteen_bytes() -> None:
    assert salt_of(b"0123456789abcde") == b"0123456789abcde\0"
    assert key_of(b"short") == b"short".ljust(16, b"\0")
    assert key_of(b"ab\0cd") == b"ab".ljust(16, b"\0")
    assert key_of(bytes(range(1, 30))) == bytes(range(1, 17))


@pytest.mark.parametrize(
    "raw",
    [b"", b"POST /x HTTP/1.1\r\n", b"POST /x\r\n\r\n", b"POST /x SPDY/3\r\n\r\n", b"\xff\r\n\r\n",
     b"POST /x HTTP/1.1\r\nContent-Length: 4\r\n\r\na=1"],
)  # fmt: skip
def test_what_is_no_request(raw: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_request(raw)


def test_a_request_there_and_back() -> None:
    request = FormRequest("POST", "/metaclient/signup", b"a=1")
    assert parse_request(write_request(request, "localhost")) == request


# --- pings -----------------------------------------------------------------------------------------


@given(identifier=st.integers(0, 0xFFFF), is_request=st.booleans())
def test_pings_there_and_back(identifier: int, is_request: bool) -> None:
    ping = Ping(identifier, is_request)
    assert decode_ping(encode_ping(ping)) == ping


def test_the_checksum_is_the_known_one() -> None:
    assert crc16(b"123456789") == 0x29B1


@pytest.mark.parametrize("raw", ["", "5051d1c600", "5051d1c6000100", "5053d1c60001", "5051d1c70001", "5052d1c60001"])
def test_broken_pings(raw: str) -> None:
    with pytest.raises(ProtocolError):
        decode_ping(bytes.fromhex(raw))


# --- the administration tool -----------------------------------------------------------------------


def test_every_packet_of_the_tool_there_and_back() -> None:
    strings = {
        "login": "alric", "password": "pw", "order_name": "The Nine", "maintenance_password": "m", "motd": "hi",
        "member_password": "n", "url": "u", "contact_email": "c", "motto": "é", "ban_duration": -2, "order": 1,
        "game_type": 3, "response_type": 108, "operation_code": 1, "data_hex": "610062006300",
    }  # fmt: skip
    for packet_type, name in web.NAMES.items():
        packet = web.take(packet_type, strings)
        raw = web.encode_frame(packet_type, packet)
        assert web.decode_frame(raw)[0] == packet_type == web.type_of(name)
        packet, sent = web.decode(*web.decode_frame(raw)), packet
        assert packet == sent
        assert strings | web.show(packet_type, packet) == strings | ({"data_length": 6} if packet_type == 100 else {})


def test_the_data_of_an_answer() -> None:
    for data, shown in ((b"ok\0", {"data": "ok"}), (b"a\0b\0", {"data_hex": "61006200"}), (b"", {"data": ""}),
                        (b"\x2a\0\0\0", {"data_hex": "2a000000"})):  # fmt: skip
        answer = web.show(100, web.Response(response_type=103, operation_code=1, data=data))
        assert {
            name: value for name, value in answer.items() if name.startswith("data") and name != "data_length"
        } == shown


@pytest.mark.parametrize("raw", ["", "020000", "02000500", "0200030000", "020005006100", "63000400"])
def test_broken_packets_of_the_tool(raw: str) -> None:
    with pytest.raises(ProtocolError):
        web.decode(*web.decode_frame(bytes.fromhex(raw)))


def test_what_the_tool_cannot_send() -> None:
    with pytest.raises(ValueError, match="no packet named"):
        web.type_of("web_sing")
    with pytest.raises(ValueError, match="at most"):
        web.encode_frame(1, web.ChangeMotd(motd="x" * 40_000))


# --- named values ----------------------------------------------------------------------------------


def test_unknown_packets_have_a_payload() -> None:
    packet = Opaque(11, b"\x01")
    assert fields.name_of(MYTH, DOWN, 11) == "patch"
    assert fields.name_of(MYTH, DOWN, 4000) == "unknown"
    assert fields.name_of(MYTH, UP, 7) == "unknown", "nobody sends it this way"
    assert fields.show(MYTH, DOWN, packet) == {"payload_hex": "01"}
    assert fields.take(MYTH, DOWN, 11, {"payload_hex": "01"}) == packet
    assert fields.take(MYTH, DOWN, 11, {}) == Opaque(11, b"")
    with pytest.raises(ValueError, match="no packet named"):
        fields.type_of("dance")


def test_names_differ_by_family_where_the_packets_do() -> None:
    assert fields.name_of(A1, UP, 122) == "remote_hub_request"
    assert fields.name_of(MYTH, UP, 122) == "update_player_information"
    assert fields.type_of("localization") == fields.type_of("version_control") == 115


def test_unused_bytes_are_kept_but_not_shown() -> None:
    room = {"room_id": 1, "host": "10.0.0.1", "port": 6335}
    packet = fields.take(MYTH, DOWN, 0, {"rooms": [room | {"unused_hex": "00ff"}]})
    assert encode(MYTH, DOWN, packet)[16:] == bytes.fromhex("00ff000000000000")
    assert fields.show(MYTH, DOWN, packet) == fields.show(MYTH, DOWN, fields.take(MYTH, DOWN, 0, {"rooms": [room]}))
    login = fields.take(MYTH, UP, 100, {"player_data": {"name": "A"}, "pad": 7})
    assert encode(MYTH, UP, login)[-2:] == b"\0\7"
    assert "pad" not in fields.show(MYTH, UP, login)


def test_an_address_may_be_a_number() -> None:
    for named in ({"host": "10.0.0.1"}, {"host_u32": 167772161}, {"host": "10.0.0.1", "host_u32": 1}):
        packet = fields.take(MYTH, DOWN, 18, {"size": 1, "port": 2, **named})
        assert (packet.host, packet.port_again) == (167772161, 2)


@pytest.mark.parametrize(
    ("family", "values", "answer"),
    [
        (MYTH, {"response": "pw"}, b"pw\0"),
        (MYTH18, {"response": "pw"}, b"pw"),
        (MYTH18, {}, b""),
        (A1, {"password": "pw"}, b"pw".ljust(16, b"\0")),
        (A1, {"password": "p" * 20}, b"p" * 16),
        (A1, {"response_hex": "0102"}, b"\x01\x02"),
    ],
)
def test_answers_to_a_challenge(family: Family, values: dict[str, Any], answer: bytes) -> None:
    assert fields.take(family, UP, 109, values) == PasswordResponse(response=answer)


@pytest.mark.parametrize(
    ("packet_type", "values", "told"),
    [
        (10, {}, "MessageOfTheDay needs message"),
        (10, {"message": 5}, "message cannot be 5"),
        (121, {"player_id": "x"}, "player_id cannot be 'x'"),
        (121, {"player_id": True}, "player_id cannot be True"),
        (103, {"data": []}, "data cannot be"),
        (103, {"data": {}}, "needs name"),
        (1, {"players": {}}, "players cannot be"),
        (1, {"players": [5]}, "players cannot be"),
        (111, {"game_id": 1, "player_ids": 5}, "player_ids cannot be"),
        (111, {"game_id": 1, "player_ids": ["x"]}, "player_ids cannot be"),
        (111, {"game_id": 1}, "needs player_ids"),
        (203, {"public_key_hex": "zz"}, "hexadecimal"),
        (203, {"public_key_hex": 5}, "public_key"),
        (18, {"size": 1, "host": "nowhere", "port": 1}, "nowhere"),
        (112, {"game_id": 1, "teams": 5, "players": []}, "teams cannot be"),
        (112, {"game_id": 1, "teams": []}, "needs players"),
        (112, {"game_id": 1, "teams": [], "players": [], "player_slots_in_packet": "x"}, "players cannot be"),
        (20, {}, "needs members"),
        (204, {}, "needs data"),
    ],
)
def test_named_values_that_make_no_packet(packet_type: int, values: dict[str, Any], told: str) -> None:
    direction = UP if 100 <= packet_type < 200 or packet_type > 203 else DOWN
    with pytest.raises(ValueError, match=told):
        encode(MYTH, direction, fields.take(MYTH, direction, packet_type, values))


def test_more_places_than_anybody_needs() -> None:
    values = {"game_id": 1, "teams": [], "players": [], "player_slots_in_packet": 1000}
    assert len(fields.take(MYTH, UP, 112, values).players) == 1000
    with pytest.raises(ValueError, match="too many"):
        fields.take(MYTH, UP, 112, values | {"player_slots_in_packet": 1001})
