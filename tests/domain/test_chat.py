"""Rules of talk: what is tidied, what is refused, how it is worded."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain import chat
from mythgate.domain.chat import Channel
from mythgate.domain.errors import BadUsage, InvalidInput


@pytest.mark.parametrize(
    "speech",
    [
        "5 > 3; really?",
        "<b>hi</b>",
        "a; b | c && d",
        "$(rm -rf /)",
        "import os and eval() are words",
        "../.. %s `hm` javascript:alert(1) onload=x",
        "Größe, naïve, 日本語, Ελληνικά",
        "100%",
        "\\o/",
        "'quoted' \"twice\"",
    ],
)
def test_ordinary_speech_passes_unchanged(speech: str) -> None:
    assert chat.clean(speech) == speech


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("  spaced \t out  ", "spaced out"),
        ("two\nlines\r\nof text", "two lines of text"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b1mold\x9b0m", "old"),
        ("\x1b(Bset", "set"),
        ("nul\x00bell\x07", "nulbell"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("\u202eright to left\u202c", "right to left"),
        ("\u2066isolated\u2069", "isolated"),
        ("cafe\u0301", "café"),
        ("no\u00a0break\u2028line", "no break line"),
        ("\ud83d\ude00 smile", "😀 smile"),
        ("half \ud83d of it", "half of it"),
        ("join\u200dlatin", "joinlatin"),
        ("\u200dlead and trail\u200d", "lead and trail"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("می\u200c\u200c\u200cخواهم", "می\u200cخواهم"),
        ("private \ue000 use", "private use"),
        ("un\U000e0001tag", "untag"),
        ("not\u0378assigned", "notassigned"),
    ],
)
def test_what_cannot_be_seen_or_would_be_obeyed_is_removed(typed: str, told: str) -> None:
    assert chat.clean(typed) == told


@pytest.mark.parametrize("nothing", ["", "   ", "\n\t", "\u200b", "\x1b[31m"])
def test_no_words_are_refused_with_the_verb(nothing: str) -> None:
    with pytest.raises(BadUsage, match="What do you want to shout"):
        chat.clean(nothing, verb="shout")


def test_too_many_characters_are_refused_with_the_limit() -> None:
    assert chat.clean("x" * 512) == "x" * 512
    with pytest.raises(InvalidInput) as refused:
        chat.clean("x" * 513)
    assert refused.value.field == "message"
    assert "512" in refused.value.hint
    assert "513" in refused.value.message


def test_spaces_do_not_count_towards_the_limit() -> None:
    assert chat.clean("a" + " " * 600 + "b") == "a b"


@given(st.text(max_size=300))
def test_cleaning_is_settled_safe_and_never_fails_otherwise(text: str) -> None:
    try:
        cleaned = chat.clean(text)
    except (BadUsage, InvalidInput):
        return
    assert chat.clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert "  " not in cleaned
    assert all(character.isprintable() or character in "\u200c\u200d" for character in cleaned)
    cleaned.encode()


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=100))
def test_visible_text_loses_nothing(text: str) -> None:
    assert chat.clean(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("channel", "line"),
    [
        (Channel.SAY, "Ada says: hello"),
        (Channel.EMOTE, "Ada hello"),
        (Channel.WHISPER, "Ada whispers to you: hello"),
        (Channel.TELL, "Ada tells you: hello"),
        (Channel.SHOUT, "Ada shouts: hello"),
        (Channel.GLOBAL, "Ada (global): hello"),
    ],
)
def test_every_channel_is_worded(channel: Channel, line: str) -> None:
    assert chat.heard(channel, "Ada", "hello") == line


def test_a_possessive_emote_clings_to_the_name() -> None:
    assert chat.heard(Channel.EMOTE, "Ada", "'s hat falls off.") == "Ada's hat falls off."


def test_private_words_are_worded_for_their_sender() -> None:
    assert chat.confided(Channel.WHISPER, "Bob", "psst") == "You whisper to Bob: psst"
    assert chat.confided(Channel.TELL, "Bob", "psst") == "You tell Bob: psst"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (90, "90 seconds"),
        (150, "2 minutes"),
        (3600, "1 hour"),
        (7200, "2 hours"),
        (86400, "1 day"),
        (86400 * 3.2, "3 days"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert chat.remaining(timedelta(seconds=seconds)) == words
