"""Lines of what is typed, however clients end and cut them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.wire.telnet.lines import LineAssembler


def lines_of(*chunks: bytes, limit: int = 100) -> list[bytes | None]:
    assembler = LineAssembler(limit)
    return [line for chunk in chunks for line in assembler.receive(chunk)]


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r\0", b"\r"])
def test_ends_of_lines(end: bytes) -> None:
    whole = b"look" + end + end + b"say hi" + end
    assert lines_of(whole) == [b"look", b"", b"say hi"]
    assert lines_of(*(whole[n : n + 1] for n in range(len(whole)))) == [b"look", b"", b"say hi"]


def test_a_line_waits_for_its_end() -> None:
    assembler = LineAssembler(100)
    assert assembler.receive(b"lo") == []
    assert assembler.receive(b"") == []
    assert assembler.receive(b"ok\r") == [b"look"]
    assert assembler.receive(b"\nn\n") == [b"n"]


def test_what_is_taken_back() -> None:
    assert lines_of(b"lokk\x08\x7fok\n") == [b"look"]
    assert lines_of("Grü\x08uß\n".encode()) == ["Gruß".encode()]
    assert lines_of(b"\x08\x08a\n") == [b"a"]
    assert lines_of(b"a\0b\n") == [b"ab"]
    assembler = LineAssembler(100)
    assembler.receive(b"ab")
    assembler.erase_character()
    assembler.receive(b"c")
    assert assembler.receive(b"\n") == [b"ac"]
    assembler.receive(b"rubbish")
    assembler.erase_line()
    assert assembler.receive(b"look\n") == [b"look"]


def test_too_long_a_line_goes_whole() -> None:
    assert lines_of(b"x" * 101 + b"\nlook\n") == [None, b"look"]
    assert lines_of(*[b"x"] * 5000, b"\r", b"\nlook\n") == [None, b"look"]
    assert lines_of(b"x" * 100 + b"\n") == [b"x" * 100]


def test_never_keeps_more_than_the_limit() -> None:
    assembler = LineAssembler(100)
    for _ in range(100):
        assembler.receive(b"x" * 60)
        assert len(assembler._line) <= 100


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=4))
def test_any_chunking_gives_the_same(data: bytes, places: list[int]) -> None:
    cuts = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    chunks = [data[a:b] for a, b in itertools.pairwise(cuts)]
    assert lines_of(*chunks, b"\n", limit=20) == lines_of(data + b"\n", limit=20)
