"""Frames: any chunking, every wrong header, and what waits in the buffer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver.framing import HEADER_BYTES, Frame, FrameDecoder, frame


def frames_of(decoder: FrameDecoder) -> list[Frame]:
    taken = []
    while one := decoder.next_frame():
        taken.append(one)
    return taken


def test_a_packet_without_payload_is_eight_bytes() -> None:
    assert frame(202, b"") == bytes.fromhex("dead00ca00000008")
    assert frame(-2, b"x") == bytes.fromhex("deadfffe0000000978")


@given(
    sent=st.lists(st.builds(Frame, st.integers(-(2**15), 2**15 - 1), st.binary(max_size=40)), max_size=8),
    cuts=st.lists(st.integers(1, 60), min_size=1, max_size=30),
)
def test_any_chunking_gives_the_same_frames(sent: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(frame(*one) for one in sent)
    decoder = FrameDecoder(limit=48)
    taken = []
    start = number = 0
    while start < len(stream):
        size = cuts[number % len(cuts)]
        decoder.receive_data(stream[start : start + size])
        start, number = start + size, number + 1
        if number % 3:  # sometimes several chunks come before anybody asks
            taken += frames_of(decoder)
    assert taken + frames_of(decoder) == sent
    assert decoder.buffered == 0


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("beef006400000008", "bad_signature"),
        ("00ad006400000008", "bad_signature"),
        ("dead006400000007", "bad_length"),
        ("dead006400000000", "bad_length"),
        ("dead0064ffffffff", "bad_length"),
        ("dead006480000000", "bad_length"),
        ("dead00640000000b", "bad_length"),
        ("dead00647fffffff", "bad_length"),
    ],
)
def test_a_wrong_header_is_refused_at_its_eighth_byte(header: str, code: str) -> None:
    decoder = FrameDecoder(limit=10)
    raw = bytes.fromhex(header)
    decoder.receive_data(frame(1, b"ab") + raw[:-1])
    assert decoder.next_frame() == Frame(1, b"ab")
    assert decoder.next_frame() is None
    decoder.receive_data(raw[-1:])
    for _ in range(2):
        with pytest.raises(ProtocolError) as caught:
            decoder.next_frame()
        assert caught.value.code == code


def test_the_limit_counts_the_whole_packet() -> None:
    decoder = FrameDecoder(limit=10)
    decoder.receive_data(frame(1, b"12"))
    assert decoder.next_frame() == Frame(1, b"12")
    decoder.receive_data(frame(1, b"123"))
    with pytest.raises(ProtocolError):
        decoder.next_frame()


def test_a_limit_below_a_header_makes_no_sense() -> None:
    FrameDecoder(limit=HEADER_BYTES)
    with pytest.raises(ValueError, match="no room for a header"):
        FrameDecoder(limit=HEADER_BYTES - 1)


def test_what_waits_is_known() -> None:
    decoder = FrameDecoder()
    decoder.receive_data(frame(1, b"abc")[:-1])
    assert decoder.next_frame() is None
    assert decoder.buffered == 10
    decoder.receive_data(b"c" + frame(2, b""))
    assert decoder.buffered == 19
    assert decoder.next_frame() == Frame(1, b"abc")
    assert decoder.buffered == 8
