"""What clients say about themselves, GMCP, MSSP and compression."""

from __future__ import annotations

import zlib

import pytest

from mythgate.domain.errors import ProtocolError
from mythgate.wire.telnet import gmcp, mssp, terminal
from mythgate.wire.telnet.ansi import Depth
from mythgate.wire.telnet.compression import START, Compressor
from mythgate.wire.telnet.terminal import MOST_NAMES, Ability, Terminal
from mythgate.wire.telnet.text import Charset

# --- terminals -------------------------------------------------------------------------------------------


def told(*names: str) -> Terminal:
    known = Terminal()
    for name in names:
        known.receive(b"\0" + name.encode())
    return known


def test_a_client_that_knows_mtts() -> None:
    known = Terminal()
    assert known.receive(b"\0MUDLET")
    assert known.receive(b"\0ANSI-256COLOR")
    assert not known.receive(b"\0MTTS 2349")
    assert (known.client, known.kind) == ("MUDLET", "ANSI-256COLOR")
    assert known.abilities is not None
    assert Ability.UTF_8 in known.abilities
    assert (known.depth, known.charset, known.reads_aloud) == (Depth.MANY, Charset.UTF_8, False)


@pytest.mark.parametrize(
    ("number", "depth", "charset", "aloud"),
    [
        (0, Depth.NONE, Charset.ASCII, False),
        (1, Depth.FEW, Charset.ASCII, False),
        (9, Depth.MANY, Charset.ASCII, False),
        (69, Depth.FEW, Charset.UTF_8, True),
    ],
)
def test_abilities(number: int, depth: Depth, charset: Charset, aloud: bool) -> None:
    known = told("X", "Y", f"MTTS {number}")
    assert (known.depth, known.charset, known.reads_aloud) == (depth, charset, aloud)


def test_a_plain_terminal_repeats_itself() -> None:
    known = Terminal()
    assert known.receive(b"\0XTERM-256COLOR")
    assert not known.receive(b"\0XTERM-256COLOR")
    assert (known.depth, known.charset, known.reads_aloud) == (Depth.MANY, None, False)
    assert told("VT100").depth is Depth.FEW
    assert told("DUMB").depth is Depth.NONE
    assert Terminal().depth is Depth.NONE


def test_nobody_is_asked_for_ever() -> None:
    known = Terminal()
    answers = [known.receive(b"\0name %d" % number) for number in range(MOST_NAMES)]
    assert answers == [True] * (MOST_NAMES - 1) + [False]
    assert not Terminal().receive(b"\0")


@pytest.mark.parametrize("payload", [b"", b"\x01", b"xterm"])
def test_terminal_types_that_are_none(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        Terminal().receive(payload)


def test_names_are_short_and_legible() -> None:
    assert told("\x1b[2Jevil" + "x" * 100).client == "[2Jevil" + "x" * 33


def test_windows() -> None:
    assert terminal.window(b"\0\x50\0\x18") == (80, 24)
    with pytest.raises(ProtocolError):
        terminal.window(b"\0\x50")


def test_character_sets() -> None:
    assert terminal.charset_request() == b"\x01;UTF-8;ISO-8859-1;US-ASCII"
    assert terminal.charset_answer(b"\x02UTF-8") == (Charset.UTF_8, b"")
    assert terminal.charset_answer(b"\x02KLINGON") == (None, b"")
    assert terminal.charset_answer(b"\x03") == (None, b"")
    assert terminal.charset_answer(b"\x01 KOI8-R UTF-8") == (Charset.UTF_8, b"\x02UTF-8")
    assert terminal.charset_answer(b"\x01;KOI8-R") == (None, b"\x03")
    assert terminal.charset_answer(b"\x01") == (None, b"\x03")
    for payload in (b"", b"\x09"):
        with pytest.raises(ProtocolError):
            terminal.charset_answer(payload)


# --- GMCP ------------------------------------------------------------------------------------------------


def test_messages() -> None:
    assert gmcp.message("Char.Vitals", {"hp": 1}) == b'\xff\xfa\xc9Char.Vitals {"hp":1}\xff\xf0'
    assert gmcp.parsed(b'Core.Hello {"client": "Mudlet"}') == ("Core.Hello", {"client": "Mudlet"})
    assert gmcp.parsed(b"Core.Ping") == ("Core.Ping", None)
    assert gmcp.parsed(b"Core.Ping ") == ("Core.Ping", None)


@pytest.mark.parametrize(
    "payload", [b"", b" {}", b"1x {}", b"Core..X 1", b"Core.Hello {", b"a" * 65, b"\xff.x", b"Core.X \xff"]
)
def test_messages_that_are_none(payload: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        gmcp.parsed(payload)
    assert caught.value.code == "bad_gmcp"


def test_what_a_client_wants() -> None:
    supports = gmcp.Supports()
    assert supports.wants("Room.Info")  # it did not say yet
    assert supports.receive("Core.Supports.Set", ["Char 1", "Comm.Channel 1"])
    assert supports.wants("Char.Vitals")
    assert supports.wants("Comm.Channel.Text")
    assert not supports.wants("Room.Info")
    assert not supports.wants("Comm")
    assert supports.wants("Core.Goodbye")
    assert supports.receive("core.supports.add", ["Room.Info 1"])
    assert supports.wants("Room.Info")
    assert not supports.wants("Room.Players")
    assert supports.receive("Core.Supports.Remove", ["char"])
    assert not supports.wants("Char.Vitals")
    assert not supports.receive("Core.Hello", {})
    assert not supports.receive("Set", [])
    assert not supports.receive("Core.Supports.Other", [])


@pytest.mark.parametrize("data", [None, {}, "Char 1", [1], ["Char 1", None]])
def test_lists_that_are_none(data: object) -> None:
    with pytest.raises(ProtocolError):
        gmcp.Supports().receive("Core.Supports.Set", data)


def test_a_list_without_end() -> None:
    supports = gmcp.Supports()
    for start in range(0, 300, 60):
        supports.receive("Core.Supports.Add", [f"Module{number} 1" for number in range(start, start + 60)])
    assert sum(supports.wants(f"Module{number}") for number in range(300)) == gmcp.MOST_MODULES


# --- MSSP and MCCP ---------------------------------------------------------------------------------------


def test_status() -> None:
    values: mssp.Values = {"NAME": "My\x01th", "PLAYERS": 3, "GAMEPLAY": ["Adventure", "PvP"]}
    assert mssp.status(values) == (b"\xff\xfaF\x01NAME\x02Myth\x01PLAYERS\x023\x01GAMEPLAY\x02Adventure\x02PvP\xff\xf0")
    assert mssp.status_lines({**values, "NAME": "Myth"}).split("\n") == [
        *("", "MSSP-REPLY-START", "NAME\tMyth", "PLAYERS\t3", "GAMEPLAY\tAdventure\tPvP", "MSSP-REPLY-END", "")
    ]


def test_compression() -> None:
    assert START == b"\xff\xfaV\xff\xf0"
    compressor, reader = Compressor(), zlib.decompressobj()
    words = b"Ada says: hello there\r\n"
    told = [reader.decompress(compressor.compressed(words)) for _ in range(20)]
    assert told == [words] * 20  # each can be read at once
    assert compressor.bytes_in == 20 * len(words)
    assert compressor.bytes_out < compressor.bytes_in / 2
    assert reader.decompress(compressor.finished()) == b""
    assert reader.eof
