"""Characters, widths and colours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.wire.telnet.ansi import Depth, Style, painted
from mythgate.wire.telnet.text import (
    BOLD,
    ITALIC,
    PLAIN,
    UNDERLINED,
    Charset,
    charset_named,
    clean,
    columns,
    decoded,
    encoded,
    wrapped,
)


@pytest.mark.parametrize(
    ("text", "charset", "expected"),
    [
        ("Grüße, 世界", Charset.UTF_8, "Grüße, 世界".encode()),
        ("Grüße – “so”…", Charset.LATIN_1, b'Gr\xfc\xdfe - "so"...'),
        ("Grüße × 2", Charset.ASCII, b"Grusse x 2"),
        ("Łódź, Ångström, Œuvre, naïve", Charset.ASCII, b"Lodz, Angstrom, OEuvre, naive"),
        ("ﬁn ½ ²", Charset.ASCII, b"fin ? 2"),
        ("世界 👍", Charset.ASCII, b"?? ?"),
        ("┌─┐│", Charset.ASCII, b"+-+|"),
        ("a\u0301\u200d", Charset.ASCII, b"a"),
        ("ſ", Charset.LATIN_1, b"s"),
        ("→", Charset.LATIN_1, b"->"),
        ("“«", Charset.LATIN_1, b'"\xab'),
    ],
)
def test_what_a_set_lacks_is_written_otherwise(text: str, charset: Charset, expected: bytes) -> None:
    assert encoded(text, charset) == expected


@given(st.text(max_size=30), st.sampled_from(Charset))
def test_writing_never_fails(text: str, charset: Charset) -> None:
    encoded(clean(text), charset).decode(charset.value)


def test_what_was_typed() -> None:
    assert decoded("Grüße".encode(), Charset.UTF_8) == ("Grüße", Charset.UTF_8)
    assert decoded(b"Gr\xfc\xdfe", Charset.UTF_8) == ("Grüße", Charset.LATIN_1)
    assert decoded(b"Gr\xfc\xdfe", Charset.LATIN_1) == ("Grüße", Charset.LATIN_1)
    assert decoded(b"plain", Charset.ASCII) == ("plain", Charset.ASCII)


def test_names_of_sets() -> None:
    assert [charset_named(name) for name in ("utf-8", "UTF8", "ISO_8859-1", "latin1", "US-ASCII", "ebcdic", "")] == [
        *(Charset.UTF_8, Charset.UTF_8, Charset.LATIN_1, Charset.LATIN_1, Charset.ASCII),
        *(None, None),
    ]
    assert [one.label for one in Charset] == ["UTF-8", "ISO-8859-1", "US-ASCII"]


def test_nothing_steers_a_terminal() -> None:
    assert clean("a\x1b[31mb\x07\r\nc\td\x9bm") == "a[31mb\nc dm"
    assert clean(f"{BOLD}a{ITALIC}\u2028b\ud800") == "ab"
    assert clean("Zoë 👩‍👩‍👧") == "Zoë 👩‍👩‍👧"


@pytest.mark.parametrize(
    ("text", "expected"), [("abc", 3), ("世界", 4), ("e\u0301", 1), (f"{BOLD}x{PLAIN}", 1), ("é", 1)]
)
def test_columns(text: str, expected: int) -> None:
    assert columns(text) == expected


def test_lines_are_broken_at_words() -> None:
    assert wrapped("one two three four", 9) == ["one two", "three", "four"]
    assert wrapped("short\n\n  indented words here", 14) == ["short", "", "  indented", "  words here"]
    assert wrapped("unbreakablewordindeed yes", 10) == ["unbreakabl", "ewordindee", "d yes"]
    assert wrapped("一二三四五", 4) == ["一二", "三四", "五"]
    assert wrapped("whatever there is", 0) == ["whatever there is"]
    assert wrapped("世", 1) == ["世"]
    assert wrapped("  " + " " * 30, 10) == ["     "]
    assert wrapped("ab abcdefghij", 10) == ["ab", "abcdefghij"]
    assert wrapped("abcdefghij klm", 10) == ["abcdefghij", "klm"]


@given(st.text("ab 世é\n", max_size=60), st.integers(4, 12))
def test_no_line_is_too_wide_and_nothing_is_lost(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(columns(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")


def test_colours() -> None:
    assert painted("hello", Style.EMOTE, Depth.NONE) == "hello"
    assert painted("hello", Style.EMOTE, Depth.FEW) == "\x1b[35mhello\x1b[0m"
    assert painted("hello", Style.EMOTE, Depth.MANY) == "\x1b[38;5;176mhello\x1b[0m"
    assert painted("hello", Style.PLAIN, Depth.MANY) == "hello"
    assert painted("", Style.EMOTE, Depth.FEW) == ""


def test_marks_within_a_line() -> None:
    line = f"a {BOLD}b{ITALIC}c{UNDERLINED}d{PLAIN}e"
    assert painted(line, Style.SPEECH, Depth.NONE) == "a bcde"
    assert painted(line, Style.PLAIN, Depth.FEW) == "a \x1b[1mb\x1b[3mc\x1b[4md\x1b[0me\x1b[0m"
    assert painted(line, Style.EMOTE, Depth.FEW) == "\x1b[35ma \x1b[1mb\x1b[3mc\x1b[4md\x1b[0m\x1b[35me\x1b[0m"


def test_every_style_has_colours() -> None:
    for style in Style:
        for depth in (Depth.FEW, Depth.MANY):
            assert "x" in painted("x", style, depth)
