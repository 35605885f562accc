"""Every golden packet: read, written back byte for byte, named, made from its names, cut, and encrypted."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.wire.metaserver.vectors import PACKETS, VECTORS, Vector, of_kind

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver import crypto, fields, metaclient, udp, web
from mythgate.wire.metaserver.framing import HEADER_BYTES, FrameDecoder
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import (
    AlephLogin,
    Direction,
    MythLogin,
    PasswordResponse,
    ServerMessage,
    decode,
    encode,
    encode_frame,
)

MAY_BE_EMPTY = {
    "room_list", "player_list", "game_list", "game_search_result", "player_search_list", "buddy_list", "order_list",
    "remote_hub_list", "update_player_buddy_list", "password_response", "recording_stream_header",
}  # fmt: skip


def expected_fields(vector: Vector) -> dict[str, object]:
    if vector.name.startswith("password_response.alephone"):  # lists what the client knew, too
        return {"response_hex": vector.fields["response_hex"]}
    return vector.fields


@pytest.mark.parametrize("vector", PACKETS, ids=str)
def test_a_packet_is_written_back_as_it_was_read(vector: Vector) -> None:
    packet = decode(*vector.dialect, *vector.frame)
    assert encode_frame(*vector.dialect, packet) == vector.raw
    assert packet == decode(*vector.dialect, vector.frame.packet_type, encode(*vector.dialect, packet))


@pytest.mark.parametrize("vector", PACKETS, ids=str)
def test_a_packet_says_what_its_vector_says(vector: Vector) -> None:
    shown = fields.show(*vector.dialect, decode(*vector.dialect, *vector.frame))
    assert shown == expected_fields(vector)
    assert list(shown) == list(expected_fields(vector)), "in the same order"


@pytest.mark.parametrize("vector", PACKETS, ids=str)
def test_a_packet_is_made_from_what_its_vector_says(vector: Vector) -> None:
    packet = fields.take(*vector.dialect, vector.frame.packet_type, vector.fields)
    assert encode_frame(*vector.dialect, packet) == vector.raw


@pytest.mark.parametrize("vector", of_kind("packet"), ids=str)
def test_a_packet_has_the_name_of_its_vector(vector: Vector) -> None:
    name = vector.name.split(".")[0]
    assert fields.type_of(name) == vector.packet_type == vector.frame.packet_type
    aliases = {"localization", "player_list_delete", "session_key_client", "session_key_server"}
    assert name in aliases or fields.name_of(*vector.dialect, vector.frame.packet_type) == name


@pytest.mark.parametrize("vector", PACKETS, ids=str)
def test_a_packet_cut_anywhere_is_refused_or_whole_in_itself(vector: Vector) -> None:
    payload = vector.frame.payload
    for length in range(len(payload)):
        try:
            packet = decode(*vector.dialect, vector.frame.packet_type, payload[:length])
        except ProtocolError:
            continue
        name = fields.name_of(*vector.dialect, vector.frame.packet_type)
        again = encode(*vector.dialect, packet)
        if isinstance(packet, MythLogin):  # the end of its padding and the country may be missing
            assert length >= 144 + 40
        elif isinstance(packet, ServerMessage):  # the filler behind the text may be missing
            assert len(again) == len(payload)
        else:
            assert name not in {"data_chunk", "recording_stream_command", "update_order_member_list"}, (
                "the length or count in front promises what is not there"
            )
            assert again == payload[:length]
            assert length or name in MAY_BE_EMPTY


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 64, 1000, 10**6])
def test_any_chunking_gives_the_same_frames(size: int) -> None:
    stream = b"".join(vector.raw for vector in PACKETS)
    decoder = FrameDecoder()
    frames = []
    for start in range(0, len(stream), size):
        decoder.receive_data(stream[start : start + size])
        while frame := decoder.next_frame():
            frames.append(frame)
    assert frames == [vector.frame for vector in PACKETS]
    assert decoder.buffered == 0


@pytest.mark.parametrize("vector", of_kind("malformed"), ids=str)
def test_malformed_packets_are_refused(vector: Vector) -> None:
    families = list(Family) if vector.family == "any" else [Family(vector.family)]
    for family in families:
        for direction in Direction:
            decoder = FrameDecoder()
            decoder.receive_data(vector.raw)
            try:
                frame = decoder.next_frame()
            except ProtocolError:
                continue
            assert frame is not None
            try:
                packet = decode(family, direction, *frame)
            except ProtocolError:
                continue
            assert encode(family, direction, packet) == frame.payload, "it does not go this way"
            assert type(packet).__name__ == "Opaque"


def test_a_session_of_aleph_one_from_the_first_packet_to_the_last() -> None:
    steps = of_kind("transcript_step")
    assert all(earlier.step + 1 == later.step for earlier, later in pairwise(steps))
    login = decode(*steps[0].dialect, *steps[0].frame)
    assert isinstance(login, AlephLogin)
    assert (login.application, login.username, login.max_authentication) == ("MARATHON", "hopper", 4)
    assert login.replaces_player_data
    answer = decode(*steps[2].dialect, *steps[2].frame)
    assert isinstance(answer, PasswordResponse)
    assert answer.text == "hunter2"


@pytest.mark.parametrize("vector", of_kind("encrypted_packet"), ids=str)
def test_encrypted_packets(vector: Vector) -> None:
    cipher = crypto.Cipher(bytes.fromhex(vector.fields["session_key_hex"]))
    payload = bytes.fromhex(vector.fields["plaintext_payload_hex"])
    assert cipher.seal(payload, vector.fields["random0"], vector.fields["random1"]) == vector.frame.payload
    assert cipher.open(vector.frame.payload) == payload


@pytest.mark.parametrize("vector", of_kind("algorithm"), ids=str)
def test_key_exchange(vector: Vector) -> None:
    client, client_public, server, server_public = (
        bytes.fromhex(vector.fields[f"{side}_key_hex"])
        for side in ("client_private", "client_public", "server_private", "server_public")
    )
    assert crypto.public_key(client) == client_public
    assert crypto.public_key(server) == server_public
    assert crypto.session_key(client, server_public) == crypto.session_key(server, client_public) == vector.raw


@pytest.mark.parametrize(
    "vector", [vector for vector in PACKETS if "password" in vector.fields and "salt_hex" in vector.fields], ids=str
)
def test_the_answer_to_a_challenge_follows_from_what_the_client_knew(vector: Vector) -> None:
    known = {name: value for name, value in vector.fields.items() if name != "response_hex"}
    packet = fields.take(*vector.dialect, vector.frame.packet_type, known)
    assert encode_frame(*vector.dialect, packet) == vector.raw


@pytest.mark.parametrize("vector", of_kind("udp_datagram"), ids=str)
def test_datagrams(vector: Vector) -> None:
    ping = udp.decode_ping(vector.raw)
    assert ping == udp.Ping(vector.fields["identifier"], is_request=vector.fields["magic"] == "PQ")
    assert udp.encode_ping(ping) == vector.raw


@pytest.mark.parametrize("vector", of_kind("web_packet"), ids=str)
def test_packets_of_the_administration_tool(vector: Vector) -> None:
    packet_type, payload = web.decode_frame(vector.raw)
    assert packet_type == vector.packet_type == web.type_of(vector.name.split(".")[0])
    packet = web.decode(packet_type, payload)
    assert web.encode_frame(packet_type, packet) == vector.raw
    assert web.show(packet_type, packet) == vector.fields
    assert web.encode_frame(packet_type, web.take(packet_type, vector.fields)) == vector.raw


@pytest.mark.parametrize("vector", of_kind("http_request"), ids=str)
def test_the_form_of_a_log_in(vector: Vector) -> None:
    request = metaclient.parse_request(vector.raw)
    assert (request.method, request.path) == ("POST", metaclient.LOGIN_PATH)
    assert request.body.decode() == vector.fields["body"]
    form = metaclient.parse_form(request.body)
    assert form["username"].decode() == vector.fields["username"]
    assert form["password"].decode() == vector.fields["password"]
    assert metaclient.salt_of(form["salt"]).hex() == vector.fields["salt_hex"]
    assert metaclient.write_form(form) == request.body
    host = vector.raw.split(b"Host: ")[1].split(b"\r\n")[0].decode()
    assert metaclient.write_request(request, host) == vector.raw


def test_no_vector_is_left_out() -> None:
    assert {vector.kind for vector in VECTORS} == {
        "packet", "transcript_step", "encrypted_packet", "algorithm", "malformed", "http_request", "udp_datagram",
        "web_packet",
    }  # fmt: skip
    assert len(VECTORS) == 307
    assert all(len(vector.raw) >= HEADER_BYTES for vector in PACKETS)
