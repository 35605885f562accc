"""MacRoman both ways, and styles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.wire.metaserver.text import (
    ADMIN_MARK,
    Run,
    Style,
    decode_text,
    embedded,
    encode_text,
    in_macroman,
    parse_styles,
    plain_name,
    strip_styles,
    write_styles,
)

NAMED = Style.BOLD | Style.ITALIC


@given(st.binary())
def test_every_byte_decodes_and_comes_back(raw: bytes) -> None:
    until_nul = raw.split(b"\0")[0]
    assert encode_text(decode_text(raw)) == until_nul


@given(st.text())
def test_every_text_can_be_written(text: str) -> None:
    raw = encode_text(text)
    assert b"\0" not in raw
    assert encode_text(decode_text(raw)) == raw


def test_known_bytes() -> None:
    assert encode_text("SoulÎlighter — café €") == b"Soul\xeblighter \xd1 caf\x8e \xdb"
    assert decode_text(b"\xd2quoted\xd3") == "“quoted”"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("“curly” ‘quotes’ – — …", "“curly” ‘quotes’ – — …"),
        ("Łódź", "Lódz"),
        ("Dvořák Ştefan Þór ðat", "Dvorák Stefan Thór dat"),
        ("e\N{COMBINING ACUTE ACCENT}te\N{COMBINING ACUTE ACCENT}", "été"),
        ("a\N{NON-BREAKING HYPHEN}b 3×4 ½", "a-b 3x4 1/2"),
        ("１２３ ｱ ™", "123 ? ™"),
        ("hi 🙂 ❤\N{VARIATION SELECTOR-16}", "hi :) <3"),
        ("joined\N{ZERO WIDTH JOINER}up \N{RIGHT-TO-LEFT OVERRIDE}x", "joinedup x"),
        ("Привет", "??????"),
        ("\ud800x", "x"),
        ("a\0b", "ab"),
        ("μ and µ", "µ and µ"),
        ("\u3300", "????"),
        ("\ufc5e", " "),
    ],
)
def test_what_is_missing_is_written_readably(text: str, seen: str) -> None:
    assert in_macroman(text) == seen


def test_text_is_cut_to_its_field() -> None:
    assert encode_text("abcdef", 4) == b"abcd"
    assert encode_text("½½", 4) == b"1/21"


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("", ()),
        ("plain", (Run("plain"),)),
        ("|bHopper|p", (Run("Hopper", Style.BOLD),)),
        ("|BHop|Iper|P.", (Run("Hop", Style.BOLD), Run("per", NAMED), Run("."))),
        ("|b|p|i|u", ()),
        ("a|b|pb", (Run("ab"),)),
        ("|cmid|rright|b|lleft", (Run("mid", Style.CENTRED), Run("right", Style.RIGHT),
                                  Run("left", Style.LEFT | Style.BOLD))),
        ("|s|ux", (Run("x", Style.SHADOW | Style.UNDERLINE),)),
        ("a|x|", (Run("a|x|"),)),
        ("||bx", (Run("|"), Run("x", Style.BOLD))),
    ],
)  # fmt: skip
def test_styles_are_read(text: str, runs: tuple[Run, ...]) -> None:
    assert parse_styles(text) == runs
    assert strip_styles(text) == "".join(run.text for run in runs)


@given(st.text(alphabet="ab|pBIUslcr x"))
def test_reading_and_writing_styles_changes_no_run(text: str) -> None:
    runs = parse_styles(text)
    if any("|" in run.text for run in runs):  # a bar may need a blank behind it
        return
    assert parse_styles(write_styles(runs)) == runs


_styles = st.sampled_from([Style.PLAIN, Style.BOLD, NAMED, Style.UNDERLINE, Style.CENTRED, Style.LEFT | Style.SHADOW])


@given(st.lists(st.builds(Run, st.text(alphabet="ab|p "), _styles)))
def test_what_people_type_is_never_read_as_a_style(runs: list[Run]) -> None:
    read = parse_styles(write_styles(runs))
    spoken = [(letter, run.style) for run in runs for letter in run.text if letter != " "]
    heard = [(letter, run.style) for run in read for letter in run.text if letter != " "]
    assert heard == spoken


def test_styles_are_written_shortly_and_end_plain() -> None:
    assert write_styles([Run("a"), Run("", Style.BOLD), Run("b", Style.BOLD), Run("c", NAMED)]) == "a|bb|ic|p"
    assert write_styles([Run("b", Style.BOLD), Run("a")]) == "|bb|pa"
    assert write_styles([Run("a|"), Run("b")]) == "a| b"
    assert write_styles([Run("say |b")]) == "say | b"


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("Hopper", "Hopper"),
        ("|bHopper|p", "|bHopper|p"),
        ("|bHopper", "|bHopper|p"),
        ("|b|pHop|iper", "|b|pHop|iper|p"),
    ],
)
def test_an_embedded_name_does_not_style_the_rest_of_the_line(name: str, inside: str) -> None:
    assert embedded(name) == inside
    assert parse_styles(inside + "!")[-1].style is Style.PLAIN


def test_names_are_compared_without_style_and_mark() -> None:
    assert encode_text(ADMIN_MARK) == b"\xb0"
    assert plain_name(f" |b{ADMIN_MARK} Soul|ublighter|p ") == "Soulblighter"
    assert plain_name("Alric") == "Alric"
