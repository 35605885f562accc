"""Filters of words: what fits however it is dressed up, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mythgate.domain.errors import InvalidInput
from mythgate.domain.filters import (
    LONGEST_WORD,
    REMEMBERED_WORDS,
    Applies,
    FilterAction,
    FilterScope,
    Screen,
    Where,
    WordFilter,
    check_numbers,
    pattern_words,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ANYWHERE = Where()


def a_filter(pattern: str, **changes: Any) -> WordFilter:
    given: dict[str, Any] = {"anywhere": False, "action": FilterAction.MASK, "created_by": "x", "created_at": NOW}
    return WordFilter(pattern, **given | changes)


def found(screen: Screen, text: str, where: Where = ANYWHERE) -> list[str]:
    screening = screen.talk(text, where)
    return [] if screening is None else [rule.pattern for rule in screening.hits]


BADGER = Screen([a_filter("badger")])


@pytest.mark.parametrize(
    "text",
    [
        "badger", "a badger!", "BADGER", "Bádgér", "b4dg3r", "b@dger", "badg€r", "bаdger (Cyrillic)",
        "baaadgerrr", "b.a.d.g.e.r", "b-adger", "b a d g e r", "b  a  d  g  e  r", "so b a d g e r now", "b adger",
        "badge r", "ba\u200bdger", "b\u0336a\u0336d\u0336ger", "ｂａｄｇｅｒ", "(badger)", "x b a d g e r y",
        "𝐛𝐚𝐝𝐠𝐞𝐫", "badger's", "6adger".replace("6", "8"),
    ],
)  # fmt: skip
def test_disguises_do_not_help(text: str) -> None:
    assert found(BADGER, text) == ["badger"]


@pytest.mark.parametrize("text", ["", "badge", "badgers", "bad ger man", "a budget", "b a d g e", "bager", "4 8 15 16"])
def test_other_words_pass(text: str) -> None:
    assert found(BADGER, text) == []


def test_letters_count() -> None:
    screen = Screen([a_filter("ass")])
    assert [text for text in ("as", "ass", "asss", "class", "a$$", "4ss", "455", "a ss") if found(screen, text)] == [
        "ass",
        "asss",
        "a$$",
        "4ss",
        "a ss",
    ]


def test_within_longer_words() -> None:
    screen = Screen([a_filter("slug", anywhere=True), a_filter("slurp", anywhere=True), a_filter("zoo", anywhere=True)])
    assert found(screen, "slugs") == found(screen, "superslug!") == found(screen, "sluuugish") == ["slug"]
    assert found(screen, "slurped by slugs") == ["slurp", "slug"]
    assert found(screen, "slog slurred zo") == []
    assert found(screen, "zooo") == ["zoo"]


def test_several_words() -> None:
    screen = Screen([a_filter("buy gold")])
    assert found(screen, "BUY, gold now") == found(screen, "please buy g0ld") == ["buy gold"]
    assert found(screen, "gold buy") == found(screen, "buy more gold") == []
    assert screen.talk("please buy gold, now", ANYWHERE).words == "please *** ****, now"  # type: ignore[union-attr]


def test_masking_hides_what_was_found_and_nothing_else() -> None:
    screen = Screen([a_filter("badger"), a_filter("newt", action=FilterAction.FLAG)])
    assert screen.talk("A (Bádger), b a d g e r. newt!", ANYWHERE).words == "A (******), * * * * * *. newt!"  # type: ignore[union-attr]
    assert screen.talk("b..a..d..g..e..r", ANYWHERE).words == "*" * 16  # type: ignore[union-attr]


def test_places() -> None:
    rules = [
        a_filter("one", scope=FilterScope.LOBBY, place="26"),
        a_filter("two", scope=FilterScope.ROOM, place="square"),
        a_filter("three", scope=FilterScope.DOOR, place="telnet"),
        a_filter("four", private=True),
    ]
    screen, text = Screen(rules), "one two three four"
    assert found(screen, text) == ["four"]
    assert found(screen, text, Where(lobby="26", door="telnet")) == ["one", "three", "four"]
    assert found(screen, text, Where(room="square")) == ["two", "four"]
    assert found(screen, text, Where(room="square", private=True)) == ["four"]
    assert found(Screen(rules[:1]), "one") == found(Screen(()), "one") == []


def test_names() -> None:
    screen = Screen(
        [
            a_filter("badger", applies=Applies.NAMES),
            a_filter("slug", anywhere=True),
            a_filter("newt", applies=Applies.TALK),
            a_filter("off", enabled=False),
        ]
    )
    for name in ("Badger", "B4dger", "Bad-ger", "Badger42", "The Badger", "xSlugx", "Sluuug"):
        assert screen.name(name) is not None, name
    for name in ("Badge", "Newt", "Off", "Badgerly"):
        assert screen.name(name) is None, name
    assert Screen(()).name("Badger") is None
    assert found(screen, "badger off") == []


@pytest.mark.parametrize("pattern", ["", " ", "a", "!!", "x" * 61, "a b c d e f g"])
def test_patterns_that_look_for_nothing(pattern: str) -> None:
    with pytest.raises(InvalidInput):
        pattern_words(pattern)


@pytest.mark.parametrize("change", [{"hits": 0}, {"hits": 101}, {"within_minutes": 0}, {"mute_minutes": 0}])
def test_numbers_that_make_no_sense(change: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        check_numbers(a_filter("badger", **change))
    check_numbers(a_filter("badger"))


def test_the_memory_is_bounded() -> None:
    screen = Screen([a_filter("badger")])
    for number in range(REMEMBERED_WORDS + 10):
        screen.talk(f"word{number}", ANYWHERE)
    assert len(screen._known) <= REMEMBERED_WORDS
    screen.talk("x" * (LONGEST_WORD + 1), ANYWHERE)
    assert "x" * (LONGEST_WORD + 1) not in screen._known
    assert found(screen, "a badger") == ["badger"]


EVERYTHING = Screen(
    [
        a_filter("badger"),
        a_filter("aaaa", anywhere=True),
        a_filter("ab", anywhere=True),
        a_filter("abab ab"),
        a_filter("aab", anywhere=True),
    ]
)


@settings(max_examples=300)
@given(st.text(max_size=200) | st.text(alphabet="ab .!1", max_size=512))
def test_any_text_is_looked_at_and_keeps_its_words(text: str) -> None:
    screening = EVERYTHING.talk(text, ANYWHERE)
    if screening is not None:
        assert len(screening.words.split(" ")) == len(text.split(" "))
        assert screening.hits


@given(st.text(min_size=1, max_size=60))
def test_whatever_can_be_a_pattern_is_found(pattern: str) -> None:
    try:
        words = pattern_words(pattern)
    except InvalidInput:
        return
    if any(word.isdigit() for word in words):
        return
    tidied = " ".join(pattern.split())
    assert found(Screen([a_filter(pattern)]), tidied) == [pattern]


@pytest.mark.parametrize("text", ["a" * 512, "ab" * 256, "a " * 256, "a.b" * 170, "." * 512, "aA4@" * 128])
def test_nothing_takes_long(text: str) -> None:
    """There is nothing that looks back: what was built to make expressions slow is an ordinary line."""
    screen = Screen([a_filter("a" * 20 + "b", anywhere=anywhere) for anywhere in (True, False)])
    screen.talk(text, ANYWHERE)
    assert screen.name(text[:40]) is None
