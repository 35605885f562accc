"""Random bytes into every decoder of the metaserver door: ProtocolError and nothing else comes out.

`MYTHGATE_FUZZ=long` (as `make fuzz` sets) runs for long.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.wire.metaserver.vectors import PACKETS, VECTORS

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver import fields, metaclient, text, udp, web
from mythgate.wire.metaserver.crypto import Cipher, session_key
from mythgate.wire.metaserver.framing import FrameDecoder
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import Direction, application_of, decode, encode

EXAMPLES = 200_000 if os.environ.get("MYTHGATE_FUZZ") == "long" else 1_500
NUMBERS = [*range(-1, 24), *range(99, 124), *range(199, 208)]


def frames(data: bytes) -> None:
    decoder = FrameDecoder(limit=200)
    for start in range(0, len(data), 7):
        decoder.receive_data(data[start : start + 7])
        while frame := decoder.next_frame():
            assert len(frame.payload) <= 192
        assert decoder.buffered < 200 + 7


def packets(data: bytes) -> None:
    """Whatever decodes can be encoded, which settles it (fields without NUL are cut), and has named values."""
    payload = data[1:]
    packet_type = NUMBERS[(data[:1] or b"\0")[0] % len(NUMBERS)]
    for family in Family:
        for direction in Direction:
            try:
                packet = decode(family, direction, packet_type, payload)
            except ProtocolError:
                continue
            try:
                again = encode(family, direction, packet)
            except ValueError as error:
                assert "128" in str(error), "a log-in may bring more than there is place for"
                continue
            settled = decode(family, direction, packet_type, again)
            assert encode(family, direction, settled) == again
            fields.show(family, direction, packet)


def styles(data: bytes) -> None:
    name = text.decode_text(data)
    text.parse_styles(text.embedded(text.plain_name(name)))


def answers_of_the_tool(data: bytes) -> None:
    web.decode(*web.decode_frame(data))


DECODERS: dict[str, Callable[[bytes], Any]] = {
    "frames": frames,
    "packets": packets,
    "application": application_of,
    "cipher": Cipher(b"\x72\x5b\x81\x14\x6d\x1a\xa7\x50").open,
    "key": lambda data: session_key(b"12345678", data),
    "styles": styles,
    "web": answers_of_the_tool,
    "ping": udp.decode_ping,
    "form": metaclient.parse_form,
    "request": metaclient.parse_request,
}

# Whole packets and payloads with their number in front, cut and joined, so that more than the first check is reached.
_numbered = [bytes((NUMBERS.index(vector.frame.packet_type),)) + vector.frame.payload for vector in PACKETS]
_whole = st.sampled_from([*_numbered, *(vector.raw for vector in VECTORS)])
_cut = st.builds(
    lambda whole, start, end: whole[start : len(whole) - end], _whole, st.integers(0, 9), st.integers(0, 9)
)
_torn = st.builds(
    lambda whole, place, change: whole[: place % len(whole)] + change + whole[place % len(whole) + len(change) :],
    _whole,
    st.integers(0, 5000),
    st.binary(min_size=1, max_size=4),
)
_inputs = st.binary(max_size=300) | _torn | st.lists(_cut | st.binary(max_size=8), max_size=4).map(b"".join)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=_inputs)
def test_nothing_but_protocol_errors(name: str, data: bytes) -> None:
    try:
        DECODERS[name](data)
    except ProtocolError:
        pass
