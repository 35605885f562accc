"""Random bytes into everything that reads what telnet clients send: ProtocolError and nothing else comes out.

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
from mythgate.wire.telnet import gmcp, terminal
from mythgate.wire.telnet.codec import Negotiation, Subnegotiation, TelnetDecoder, subnegotiation
from mythgate.wire.telnet.lines import LineAssembler
from mythgate.wire.telnet.negotiation import Negotiator
from mythgate.wire.telnet.text import Charset, clean, decoded, encoded, wrapped

EXAMPLES = 200_000 if os.environ.get("MYTHGATE_FUZZ") == "long" else 250


def stream(data: bytes) -> None:
    decoder, negotiator = TelnetDecoder(limit=64), Negotiator(range(0, 256, 3), range(0, 256, 2))
    for start in range(0, len(data), 7):
        decoder.receive_data(data[start : start + 7])
        while (item := decoder.next_item()) is not None:
            if isinstance(item, Negotiation):
                assert len(negotiator.receive(item).reply) in (0, 3)
            elif isinstance(item, Subnegotiation):
                assert len(item.payload) <= 64
        assert decoder.buffered <= 64 + 4 + 7


def lines(data: bytes) -> None:
    for line in LineAssembler(40).receive(data):
        assert line is None or len(line) <= 40
        text, _ = decoded(line or b"", Charset.UTF_8)
        for charset in Charset:
            encoded("\n".join(wrapped(clean(text), 10)), charset)


def messages(data: bytes) -> None:
    gmcp.Supports().receive(*gmcp.parsed(data))
    gmcp.Supports().receive("Core.Supports.Set", gmcp.parsed(b"X " + data)[1])


DECODERS: dict[str, Callable[[bytes], Any]] = {
    "stream": stream,
    "lines": lines,
    "gmcp": messages,
    "terminal": lambda data: terminal.Terminal().receive(b"\0" + data),
    "window": terminal.window,
    "charset": terminal.charset_answer,
}

_whole = st.sampled_from(
    [
        subnegotiation(201, b'Core.Supports.Set ["Char 1"]'),
        subnegotiation(31, b"\0\x50\0\x18"),
        b"\xff\xfb\x18\xff\xfd\xc9\xff\xff\xff\xf6",
        b'Core.Supports.Add ["Room 1", "Comm.Channel 1"]',
        "say Grüße\r\n".encode(),
        b"\x01;UTF-8;ISO-8859-1",
    ]
)
_torn = st.builds(
    lambda whole, place, change: whole[: place % len(whole)] + change + whole[place % len(whole) + len(change) :],
    _whole,
    st.integers(0, 500),
    st.binary(min_size=1, max_size=4),
)
_inputs = st.binary(max_size=120) | _torn | st.lists(_whole | st.binary(max_size=8), max_size=4).map(b"".join)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=_inputs)
def test_nothing_but_protocol_errors(name: str, data: bytes) -> None:
    try:
        DECODERS[name](data)
    except ProtocolError:
        pass
