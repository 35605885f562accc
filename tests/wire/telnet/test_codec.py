"""Telnet itself: golden bytes, and the same items however the bytes come."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.errors import ProtocolError
from mythgate.wire.telnet.codec import (
    Command,
    Data,
    Item,
    Negotiation,
    Option,
    Subnegotiation,
    TelnetDecoder,
    Told,
    escaped,
    negotiation,
    subnegotiation,
    told,
)

# What a session of TinTin++ 2.02 sends, as it was seen: window, terminal, character set, GMCP, a line.
TINTIN = (
    b"\xff\xfb\x18\xff\xfb\x1f\xff\xfa\x1f\x00d\x00-\xff\xf0\xff\xfd*\xff\xfd\x19\xff\xfd\xc9"
    b'\xff\xfa\xc9Core.Supports.Set ["Char 1"]\xff\xf0\xff\xfdV'
    b"\xff\xfa\x18\x00TINTIN++\xff\xf0\xff\xfa*\x02UTF-8\xff\xf0say Gr\xc3\xbc\xc3\x9fe\r\n"
)
ITEMS: list[Item] = [
    Negotiation(Command.WILL, Option.TTYPE),
    Negotiation(Command.WILL, Option.NAWS),
    Subnegotiation(Option.NAWS, b"\x00d\x00-"),
    Negotiation(Command.DO, Option.CHARSET),
    Negotiation(Command.DO, Option.EOR),
    Negotiation(Command.DO, Option.GMCP),
    Subnegotiation(Option.GMCP, b'Core.Supports.Set ["Char 1"]'),
    Negotiation(Command.DO, Option.MCCP2),
    Subnegotiation(Option.TTYPE, b"\x00TINTIN++"),
    Subnegotiation(Option.CHARSET, b"\x02UTF-8"),
    Data("say Grüße\r\n".encode()),
]


def items_of(*chunks: bytes, limit: int = 8192) -> list[Item]:
    """What comes out, with data that follows data joined."""
    decoder = TelnetDecoder(limit)
    found: list[Item] = []
    for chunk in chunks:
        decoder.receive_data(chunk)
        while (item := decoder.next_item()) is not None:
            last = found[-1] if found else None
            if isinstance(item, Data) and isinstance(last, Data):
                found.pop()
                item = Data(last.data + item.data)
            found.append(item)
    return found


def test_a_real_client() -> None:
    assert items_of(TINTIN) == ITEMS


@pytest.mark.parametrize("place", range(len(TINTIN) + 1))
def test_cut_anywhere(place: int) -> None:
    assert items_of(TINTIN[:place], TINTIN[place:]) == ITEMS


def test_byte_by_byte() -> None:
    assert items_of(*(TINTIN[n : n + 1] for n in range(len(TINTIN)))) == ITEMS


def test_commands_and_the_byte_255() -> None:
    assert items_of(b"a\xff\xffb\xff\xf6\xff\xf9") == [Data(b"a\xffb"), Told(Command.AYT), Told(Command.GA)]
    assert items_of(b"\xff\xfa\x1f\x00\xff\xff\x00\x18\xff\xf0") == [Subnegotiation(Option.NAWS, b"\x00\xff\x00\x18")]


def test_a_client_that_forgets_to_double_255() -> None:
    assert items_of(b"\xff\xfa\x1f\x00\xff\x00\x18\xff\xf0") == [Subnegotiation(Option.NAWS, b"\x00\xff\x00\x18")]


def test_what_is_sent() -> None:
    assert told(Command.GA) == b"\xff\xf9"
    assert negotiation(Command.WILL, Option.ECHO) == b"\xff\xfb\x01"
    assert subnegotiation(Option.GMCP, b"a\xffb") == b"\xff\xfa\xc9a\xff\xffb\xff\xf0"
    assert subnegotiation(Option.MCCP2) == b"\xff\xfaV\xff\xf0"
    assert escaped(b"plain") == b"plain"


def test_waits_for_the_rest() -> None:
    decoder = TelnetDecoder()
    decoder.receive_data(b"x\xff\xfb")
    assert decoder.next_item() == Data(b"x")
    assert decoder.next_item() is None
    assert decoder.buffered == 2
    decoder.receive_data(b"\x18")
    assert decoder.next_item() == Negotiation(Command.WILL, Option.TTYPE)
    assert decoder.buffered == 0


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_longest_subnegotiation(step: int) -> None:
    whole = subnegotiation(Option.GMCP, b"x" * 19)
    chunks = [whole[n : n + step] for n in range(0, len(whole), step)]
    assert items_of(*chunks, limit=20) == [Subnegotiation(Option.GMCP, b"x" * 19)]
    with pytest.raises(ProtocolError) as caught:
        items_of(*chunks, limit=19)
    assert caught.value.code == "subnegotiation_too_long"


def test_after_an_error_nothing_means_anything() -> None:
    decoder = TelnetDecoder(limit=4)
    decoder.receive_data(b"\xff\xfa\xc9xxxxxxxxx")
    for _ in range(2):
        with pytest.raises(ProtocolError):
            decoder.next_item()


def test_subnegotiation_without_an_option() -> None:
    with pytest.raises(ProtocolError) as caught:
        items_of(b"\xff\xfa\xff\xf0")
    assert caught.value.code == "bad_subnegotiation"


_items = st.one_of(
    st.binary(min_size=1, max_size=12).map(escaped),
    st.sampled_from([told(Command.NOP), told(Command.AYT), told(Command.EOR)]),
    st.builds(negotiation, st.sampled_from([251, 252, 253, 254]), st.integers(0, 255)),
    st.builds(subnegotiation, st.integers(0, 254), st.binary(max_size=12)),
)


@given(st.lists(_items, max_size=8).map(b"".join), st.lists(st.integers(0, 120), max_size=5))
def test_any_chunking_gives_the_same(stream: bytes, places: list[int]) -> None:
    cuts = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    chunks = [stream[a:b] for a, b in itertools.pairwise(cuts)]
    assert items_of(*chunks) == items_of(stream)


@given(st.binary(max_size=40))
def test_data_comes_back(data: bytes) -> None:
    assert items_of(escaped(data)) == ([Data(data)] if data else [])
