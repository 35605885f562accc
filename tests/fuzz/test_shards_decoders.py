"""Random bytes into the decoders of the Shards dialect: ProtocolError and nothing else comes out.

`MYTHGATE_FUZZ=long` (as `make fuzz` sets) runs for long.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.wire.shards.vectors import VECTORS, WIRE

from mythgate.domain.errors import ProtocolError
from mythgate.wire.shards.codec import decode, encode
from mythgate.wire.shards.encryption import FrameCipher

EXAMPLES = 200_000 if os.environ.get("MYTHGATE_FUZZ") == "long" else 1_500
CIPHER = FrameCipher.of_phrase("your-secret-key")


def both_ways(data: bytes) -> None:
    """Whatever decodes is written as a text that decodes to the same."""
    message = decode(data)
    assert decode(encode(message)) == message


DECODERS: dict[str, Callable[[bytes], Any]] = {"messages": both_ways, "frames": CIPHER.decrypt}

_pieces = st.sampled_from(
    [b'{"version":"1.0.0",', b'"type":', b'"chat"', b'"move"', b'"world_state",', b'"position":{"x":1},', b"NaN",
     b'"timestamp":null,', b'"sender_id":1e30,', b'"character_id":"7",', b"}", b"{", b"[", b",", b"\xed\xa0\x80"]
)  # fmt: skip
_inputs = (
    st.binary(max_size=300)
    | st.sampled_from([wire.encode() for _, wire in WIRE])
    | st.lists(_pieces | st.binary(max_size=8), max_size=12).map(b"".join)
    | st.sampled_from([case["frame"].encode() for case in VECTORS["encryption"]["frames"]])
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_names = st.sampled_from(sorted({name for _, wire in WIRE for name in json.loads(wire)} | {"items", "class", "offers"}))


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=_inputs)
def test_nothing_but_protocol_errors(name: str, data: bytes) -> None:
    try:
        DECODERS[name](data)
    except ProtocolError:
        pass


@pytest.mark.timeout(0)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(base=st.sampled_from([wire for _, wire in WIRE]), changes=st.dictionaries(_names, _values, max_size=4))
def test_messages_with_fields_of_any_kind(base: str, changes: dict[str, Any]) -> None:
    try:
        both_ways(json.dumps(json.loads(base) | changes).encode())
    except ProtocolError:
        pass
