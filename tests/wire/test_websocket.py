"""WebSocket frames: golden bytes, any chunking, limits before memory, and nothing but ProtocolError."""

from __future__ import annotations

import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.errors import ProtocolError
from mythgate.wire.websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    TOO_LONG,
    Deflate,
    FrameParser,
    accept_deflate,
    accept_key,
    close_frame,
    frame,
    frame_head,
    parse_close,
    unmask,
)

KEY = b"\x37\xfa\x21\x3d"


def masked(opcode: int, payload: bytes, *, final: bool = True, rsv1: bool = False, key: bytes = KEY) -> bytes:
    """A frame as a client sends it."""
    first = opcode | (0x80 if final else 0) | (0x40 if rsv1 else 0)
    head = bytearray(frame_head(first, len(payload)))
    head[1] |= 0x80
    return bytes(head) + key + unmask(payload, key)


# --- golden bytes ---


def test_accept_key_of_the_standard() -> None:
    assert accept_key(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("key", [b"", b"short", b"dGhlIHNhbXBsZSBub25jZQ", b"!!!!", b"AAAA"])
def test_bad_keys(key: bytes) -> None:
    with pytest.raises(ProtocolError):
        accept_key(key)


def test_frames_of_the_standard() -> None:
    """RFC 6455, section 5.7."""
    assert frame(TEXT, b"Hello") == bytes.fromhex("810548656c6c6f")
    parser = FrameParser(1000)
    assert parser.feed(bytes.fromhex("818537fa213d7f9f4d5158")) == [(TEXT, b"Hello")]
    assert frame(PING, b"Hello") == bytes.fromhex("890548656c6c6f")
    assert parser.feed(bytes.fromhex("8a8537fa213d7f9f4d5158")) == [(PONG, b"Hello")]
    assert frame_head(0x82, 256) == bytes.fromhex("827e0100")
    assert frame_head(0x82, 65536) == bytes.fromhex("827f0000000000010000")


def test_compressed_hello_of_the_standard() -> None:
    """RFC 7692, section 7.2.3.1."""
    parser = FrameParser(1000, Deflate())
    assert parser.feed(masked(TEXT, bytes.fromhex("f248cdc9c90700"), rsv1=True)) == [(TEXT, b"Hello")]


def test_close_frames() -> None:
    assert close_frame(4400, "slow") == bytes.fromhex("88061130") + b"slow"
    assert len(close_frame(4400, "ü" * 200)) <= 127
    assert parse_close(close_frame(4400, "ü" * 200)[2:]) == (4400, "ü" * 61)
    assert parse_close(b"") == (1005, "")


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_close_codes_that_must_not_be_sent(code: int) -> None:
    with pytest.raises(ProtocolError):
        parse_close(code.to_bytes(2, "big"))


@pytest.mark.parametrize("payload", [b"\x03", b"\x03\xe8\xff\xfe"])
def test_broken_close_payloads(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_close(payload)


# --- what breaks the format ---

BROKEN = {
    "not masked": frame(TEXT, b"x"),
    "reserved bit 2": b"\xa1\x81" + KEY + b"x",
    "reserved bit 3": b"\x91\x81" + KEY + b"x",
    "compressed without agreement": b"\xc1\x81" + KEY + b"x",
    "unknown data opcode": b"\x83\x81" + KEY + b"x",
    "unknown control opcode": b"\x8b\x80" + KEY,
    "fragmented ping": b"\x09\x80" + KEY,
    "long ping": b"\x89\xfe\x00\x7e",
    "continuation of nothing": masked(CONTINUATION, b"x"),
    "message within a message": masked(TEXT, b"x", final=False) + masked(TEXT, b"y"),
    "length 125 in 16 bits": b"\x81\xfe\x00\x7d",
    "length 65535 in 64 bits": b"\x81\xff" + (65535).to_bytes(8, "big"),
    "highest bit of the length": b"\x81\xff" + (1 << 63).to_bytes(8, "big"),
    "far too long": b"\x81\xff" + (1 << 40).to_bytes(8, "big"),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_broken_frames(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        FrameParser(1000).feed(data)


def test_compressed_continuations_and_controls_are_refused() -> None:
    for data in (
        masked(TEXT, b"x", final=False) + masked(CONTINUATION, b"y", rsv1=True),
        masked(PING, b"x", rsv1=True),
    ):
        with pytest.raises(ProtocolError):
            FrameParser(1000, Deflate()).feed(data)


def test_damaged_compression() -> None:
    with pytest.raises(ProtocolError):
        FrameParser(1000, Deflate()).feed(masked(TEXT, b"\xff\xff\xff", rsv1=True))


# --- limits ---


@pytest.mark.parametrize("size", [1001, 2000, 15_999])
def test_a_message_above_the_limit_is_skipped_and_the_next_one_read(size: int) -> None:
    parser = FrameParser(1000)
    data = masked(TEXT, b"x" * size) + masked(TEXT, b"next")
    assert parser.feed(data) == [(TOO_LONG, b""), (TEXT, b"next")]
    assert parser.is_idle


def test_skipping_spends_no_memory() -> None:
    parser = FrameParser(1000)
    data = masked(TEXT, b"x" * 15_000)
    assert parser.feed(data[:5000]) == []
    assert len(parser._buffer) == 0
    assert parser.feed(data[5000:]) == [(TOO_LONG, b"")]


def test_fragments_count_together() -> None:
    parser = FrameParser(1000)
    data = masked(TEXT, b"x" * 600, final=False) + masked(CONTINUATION, b"y" * 600, final=False)
    data += masked(PING, b"still there") + masked(CONTINUATION, b"", final=False) + masked(CONTINUATION, b"z")
    assert parser.feed(data) == [(PING, b"still there"), (TOO_LONG, b"")]
    assert parser.feed(masked(TEXT, b"next")) == [(TEXT, b"next")]


def test_endless_fragments_break_the_connection() -> None:
    parser = FrameParser(1000)
    parser.feed(masked(TEXT, b"x", final=False))
    with pytest.raises(ProtocolError):
        for _ in range(1000):
            parser.feed(masked(CONTINUATION, b"x" * 900, final=False))


@pytest.mark.parametrize("content", [b"", b"x"])
def test_a_message_has_so_many_fragments_at_most(content: bytes) -> None:
    def message(fragments: int) -> bytes:
        between = masked(CONTINUATION, content, final=False) * (fragments - 2)
        return masked(TEXT, content, final=False) + between + masked(CONTINUATION, content)

    parser = FrameParser(1000)
    assert parser.feed(message(64)) == [(TEXT, content * 64)]
    assert parser.frames == 64
    with pytest.raises(ProtocolError):
        parser.feed(message(65))


def test_messages_can_be_taken_one_at_a_time() -> None:
    parser = FrameParser(1000)
    parser.add(masked(TEXT, b"one") + masked(PING, b"two") + masked(TEXT, b"three")[:-1])
    assert [parser.take() for _ in range(4)] == [(TEXT, b"one"), (PING, b"two"), None, None]
    parser.add(masked(TEXT, b"three")[-1:])
    assert parser.take() == (TEXT, b"three")
    assert parser.is_idle


def test_a_bomb_is_too_long() -> None:
    bomb = Deflate().compress(b"\0" * 1_000_000)
    assert len(bomb) < 2000
    parser = FrameParser(10_000, Deflate())
    assert parser.feed(masked(TEXT, bomb, rsv1=True)) == [(TOO_LONG, b"")]


# --- any chunking ---

_data_frames = st.tuples(st.sampled_from((TEXT, BINARY)), st.lists(st.binary(max_size=300), min_size=1, max_size=4))
_control_frames = st.tuples(st.sampled_from((PING, PONG)), st.binary(max_size=125))


@given(
    messages=st.lists(_data_frames | _control_frames, max_size=6),
    interleaved=st.binary(max_size=20),
    key=st.binary(min_size=4, max_size=4),
    cuts=st.lists(st.integers(0, 3000), max_size=20),
    compressed=st.booleans(),
)
def test_any_chunking_gives_the_same_messages(
    messages: list[tuple[int, list[bytes] | bytes]], interleaved: bytes, key: bytes, cuts: list[int], compressed: bool
) -> None:
    deflate = Deflate()
    data = b""
    expected: list[tuple[int, bytes]] = []
    for opcode, content in messages:
        if isinstance(content, bytes):
            data += masked(opcode, content, key=key)
            expected.append((opcode, content))
            continue
        whole = b"".join(content)
        parts = content
        if compressed:
            packed = deflate.compress(whole)
            parts = [packed[: len(packed) // 2], packed[len(packed) // 2 :]]
        for index, part in enumerate(parts):
            final = index == len(parts) - 1
            data += masked(CONTINUATION if index else opcode, part, final=final, rsv1=compressed and not index, key=key)
            if not final:
                data += masked(PING, interleaved, key=key)
                expected.append((PING, interleaved))
        expected.append((opcode, whole))
    parser = FrameParser(2000, deflate)
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    found: list[tuple[int, bytes]] = []
    for start, end in pairwise(places):
        found += parser.feed(data[start:end])
    assert found == expected
    assert parser.is_idle


@pytest.mark.parametrize("size", [0, 125, 126, 0xFFFF, 0x10000])
def test_a_frame_may_end_anywhere_in_its_head(size: int) -> None:
    """Each of the three forms of a length, cut after every byte of the head: nothing until it is whole."""
    payload = bytes(size)
    data = masked(BINARY, payload)
    for cut in range(1, len(data) - size + 1):
        parser = FrameParser(0x10000)
        assert parser.feed(data[:cut]) == ([] if cut < len(data) else [(BINARY, payload)])
        assert not parser.is_idle or cut == len(data)
        assert parser.feed(data[cut:]) == ([(BINARY, payload)] if cut < len(data) else [])
        assert parser.is_idle


@given(st.binary(max_size=70_000), st.binary(min_size=4, max_size=4))
def test_masking_twice_is_nothing(payload: bytes, key: bytes) -> None:
    assert unmask(unmask(payload, key), key) == payload
    assert unmask(payload, key) == bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))


# --- compression ---


@given(st.lists(st.binary(max_size=2000), max_size=5), st.sampled_from((9, 11, 15)))
def test_messages_are_compressed_independently(payloads: list[bytes], bits: int) -> None:
    for payload in payloads:
        packed = Deflate(bits).compress(payload)
        assert zlib.decompressobj(-bits).decompress(packed + b"\0\0\xff\xff") == payload
        assert Deflate.inflate(packed, 2000) == payload


def test_connections_share_a_compressor_but_no_history() -> None:
    """What one connection was sent must not show in the size or content of what another gets."""
    one, other = Deflate(11), Deflate(11)
    secret = b"the quick brown fox jumps over the lazy dog"
    first = one.compress(secret)
    assert other.compress(secret) == first
    assert Deflate.inflate(first, 100) == secret


OFFERS = {
    b"permessage-deflate": b"",
    b"permessage-deflate; client_max_window_bits": b"",
    b"permessage-deflate; server_max_window_bits=10": b"; server_max_window_bits=10",
    b"x-webkit-deflate-frame, permessage-deflate; client_no_context_takeover": b"",
    b"permessage-deflate; server_max_window_bits=8, permessage-deflate": b"",
    b'Permessage-Deflate; server_max_window_bits="12"': b"; server_max_window_bits=12",
}


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.decode())
def test_offers_we_take(offer: bytes) -> None:
    deflate = accept_deflate(offer)
    assert deflate is not None
    expected = b"permessage-deflate; server_no_context_takeover; client_no_context_takeover" + OFFERS[offer]
    assert deflate.answer == expected


@pytest.mark.parametrize(
    "offer",
    [
        b"",
        b"x-webkit-deflate-frame",
        b"permessage-deflate; unknown",
        b"permessage-deflate; server_max_window_bits=8",
        b"permessage-deflate; server_max_window_bits=16",
        b"permessage-deflate; client_max_window_bits=99",
        b"permessage-deflate; server_no_context_takeover=1",
        b"permessage-deflate; client_max_window_bits; client_max_window_bits",
    ],
)
def test_offers_we_do_not_take(offer: bytes) -> None:
    assert accept_deflate(offer) is None


def test_close_is_passed_on() -> None:
    assert FrameParser(1000).feed(masked(CLOSE, b"\x03\xe8bye")) == [(CLOSE, b"\x03\xe8bye")]
