"""Random bytes into every decoder of the native door: ProtocolError and nothing else comes out.

`MYTHGATE_FUZZ=long` (as `make fuzz` sets) runs for long.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mythgate.domain.errors import ProtocolError
from mythgate.wire.envelope.inbound import decode_json, decode_msgpack
from mythgate.wire.websocket import Deflate, FrameParser, accept_deflate, accept_key, parse_close

EXAMPLES = 200_000 if os.environ.get("MYTHGATE_FUZZ") == "long" else 1_500


def frames(data: bytes) -> None:
    for limit, deflate in ((64, None), (4096, Deflate())):
        parser = FrameParser(limit, deflate)
        for start in range(0, len(data), 7):
            for _, payload in parser.feed(data[start : start + 7]):
                assert len(payload) <= max(limit, 125)
            assert len(parser._buffer) <= limit + 200


def inflate(data: bytes) -> None:
    inflated = Deflate.inflate(data, 1000)
    assert inflated is None or len(inflated) <= 1000


DECODERS: dict[str, Callable[[bytes], Any]] = {
    "frames": frames,
    "inflate": inflate,
    "json": decode_json,
    "msgpack": decode_msgpack,
    "close": parse_close,
    "key": accept_key,
    "offers": accept_deflate,
}

# Bytes that lead somewhere, so that more than the first check is reached.
_pieces = st.sampled_from(
    [
        b"\x81\x80\0\0\0\0", b"\x01\x85\1\2\3\4hello", b"\x80\x82\1\2\3\4xx", b"\x89\x80\0\0\0\0",
        b"\x88\x82\0\0\0\0\x03\xe8",
        b"\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\0", b"\x82\xfe\x00\x7e\0\0\0\0", b"\x82\xff\0\0\0\0\0\1\0\0\0\0\0\0",
        b'{"command":"look"', b'"args":["x"]', b'{"type":"position","data":', b"[1,2,3]", b"}", b"]", b",",
        b"\x81\xa7command\xa4look",
        b"permessage-deflate", b"; server_max_window_bits=", b"dGhlIHNhbXBsZSBub25jZQ==",
    ]
)  # fmt: skip
_inputs = st.binary(max_size=300) | st.lists(_pieces | st.binary(max_size=8), max_size=12).map(b"".join)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=_inputs)
def test_nothing_but_protocol_errors(name: str, data: bytes) -> None:
    try:
        DECODERS[name](data)
    except ProtocolError:
        pass
