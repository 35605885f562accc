"""What names are allowed, and which ones count as the same."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.errors import NameNotAllowed
from mythgate.domain.names import account_name, character_name, is_reserved, name_key, script_of

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAME_LIKE = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 '-_éßøŁжщіΩψ京かガ한", max_size=24)


@given(ANY_TEXT | NAME_LIKE)
def test_the_key_of_a_key_is_itself(text: str) -> None:
    assert name_key(name_key(text)) == name_key(text)


@given(ANY_TEXT | NAME_LIKE)
def test_keys_do_not_mind_case_or_normal_form(text: str) -> None:
    key = name_key(text)
    assert name_key(text.casefold()) == key
    assert name_key(unicodedata.normalize("NFD", text)) == key
    assert name_key(unicodedata.normalize("NFKC", text)) == key


def test_every_single_character_has_a_stable_key() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) not in ("Cs", "Cn", "Co"):  # surrogates, what is nothing yet, private use
            key = name_key(character)
            assert name_key(key) == key, hex(code)


@pytest.mark.parametrize(
    ("name", "imitation"),
    [
        ("Alric", "ALRIC"),
        ("Alric", "A1ric"),
        ("Alric", "AIric"),
        ("Alric", "Álríc"),
        ("Alric", "Аlric"),  # Cyrillic А
        ("Paco", "Расо"),  # all Cyrillic
        ("Ion", "Іоп"),  # Cyrillic again
        ("Toto", "T0t0"),
        ("Sasha", "5a5ha"),
        ("Bo Peep", "bo-peep"),
        ("Bo Peep", "Bo_Peep"),
        ("O'Neil", "O’Neil"),
        ("O'Neil", "ONeil"),
        ("Modem", "Modern"),
        ("Wanda", "VVanda"),
        ("Zoe", "Ｚｏｅ"),  # full-width
        ("Soren", "Søren"),
        ("Lukasz", "Łukasz"),
        ("strasse", "Straße"),
        ("Alpha", "Al\u200bpha"),  # zero-width space
        ("Alpha", "A\u0301lpha"),
        ("voodoo", "νοοdoo"),  # Greek ν and ο
        ("Mary", "M4ry"),
        ("Steven", "S73v3n"),
        ("Abby", "A88y"),
        ("力メラ", "カメラ"),  # Chinese 力, Katakana カ
        ("口口", "ロロ"),
        ("Bob", "Bo\u034fb"),  # combining grapheme joiner
        ("Bob", "Bo\ufe0fb"),  # variation selector
        ("Bob", "Bo\U000e0062b"),  # tag
        ("가가", "가\u3164가"),  # Hangul filler
    ],
)
def test_names_that_look_alike_share_a_key(name: str, imitation: str) -> None:
    assert name_key(imitation) == name_key(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna", "Anne"),
        ("Tom", "Tim"),
        ("が", "か"),
        ("Иван", "Ивана"),
        ("कि", "कु"),
        ("Bob 2", "Bob 3"),
        ("Bob 3", "Bobe"),
        ("Anna", "Ann4"),
        ("No 34", "No 43"),
        ("김", "금"),
    ],
)
def test_names_that_differ_keep_apart(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize(
    "name",
    ["Bob", "Bob O'Neil", "Jean-Luc", "r2d2", "x_y", "A" * 20, "Zoë", "Иван", "Ἀθηνᾶ", "東京太郎", "サクラの花",
     "김철수", "नमस्ते", "สมชาย", "佐々木", "Nguyễn", "Łukasz", "Ștefan", "İsmayıl", "Əli", "Þórr", "Straße", "Ћирило",
     "Ռուբեն", "שלום", "محمد", "გიორგი", "አበበ", "தமிழ்", "สุดา", "力石山", "ニコラ"],
)  # fmt: skip
def test_ordinary_names_are_taken_as_they_are(name: str) -> None:
    assert account_name(name) == unicodedata.normalize("NFKC", name)


def test_names_are_tidied() -> None:
    assert account_name("  Bob  ") == "Bob"
    assert account_name("Ｂｏｂ") == "Bob"
    assert account_name("O’Neil") == "O'Neil"
    assert account_name("Zoe\u0308") == "Zoë"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "too short"),
        ("ab", "too short"),
        ("a" * 21, "too long"),
        ("a" * 100_000, "too long"),
        ("   ", "too short"),
        ("1bob", "starts with a letter"),
        ("-bob", "starts with a letter"),
        ("bob-", "ends with"),
        ("bo  bb", "in a row"),
        ("bo-'bb", "in a row"),
        ("bob!", "cannot be part"),
        ("bob\nbob", "cannot be part"),
        ("bob\x00bob", "cannot be part"),
        ("bob\u200bbob", "cannot be part"),
        ("bob\u202ebob", "cannot be part"),
        ("bob☃", "cannot be part"),
        ("bob😀", "cannot be part"),
        ("bob٣", "cannot be part"),  # an Arabic digit
        ("ᚠᚢᚦ", "cannot be part"),  # runes
        ("ᴍᴏᴅᴇʀᴀᴛᴏʀ", "cannot be part"),  # small capitals
        ("moᴅerator", "cannot be part"),
        ("aᴅmin", "cannot be part"),
        ("sysᴏp", "cannot be part"),
        ("ꜱteve", "cannot be part"),
        ("Bᴏb", "cannot be part"),
        ("ꞵob", "cannot be part"),
        ("Aǀǀison", "cannot be part"),  # clicks
        ("bɩll", "cannot be part"),  # phonetic
        ("ㅤㅤㅤ", "cannot be part"),  # Hangul fillers
        ("ᅟᅟᅟ", "cannot be part"),
        ("ᅠᅠᅠ", "cannot be part"),
        ("ﾠﾠﾠ", "cannot be part"),
        ("가ㅤ가", "cannot be part"),
        ("ㄱㄴㄷ", "cannot be part"),  # loose jamo
        ("שלו\u034fמ", "cannot be part"),
        ("שלו\ufe0fמ", "cannot be part"),
        ("นาย\u034f", "cannot be part"),
        ("bob\U000e0062", "cannot be part"),
        ("שלוم", "one script"),
        ("नמ\u093c", "one script"),
        ("가\u093c나", "cannot be part"),  # a mark of another script
        ("محـــمد", "cannot be part"),  # tatweel stretches, and says nothing
        ("bоb", "one script"),  # the о is Cyrillic
        ("Αlpha", "one script"),  # the Α is Greek
        ("bob東京", "one script"),
        ("김かか", "one script"),
        ("bob\u0335\u0335", "loose accents"),
        ("b\u0335ob", "loose accents"),
        ("नम" + "\u093c" * 3, "loose accents"),
    ],
)
def test_names_against_the_rules_are_refused(name: str, why: str) -> None:
    with pytest.raises(NameNotAllowed, match=why) as refused:
        account_name(name)
    assert refused.value.field == "username"
    assert refused.value.hint


@pytest.mark.parametrize(
    "name",
    ["admin", "Admin", "ADMIN", "adm1n", "Ádmin", "Moderator", "Bob-Admin", "The Moderator", "admin2", "Admin 007",
     "System", "Mod Bob", "Mythgate", "guest", "Guest-Amber-417", "guest99", "Everyone", "Someone", "Here", "myself",
     "North", "n0rth", "s0uthwest", "M0d3rator", "adm1n1s7ra7or", "staff", "S7aff", "oper4t0r",
     "ev3ryone", "roo7", "gue57", "the roo7"],
)  # fmt: skip
def test_reserved_names_are_refused(name: str) -> None:
    assert is_reserved(name)
    with pytest.raises(NameNotAllowed, match="reserved"):
        account_name(name)


@pytest.mark.parametrize("name", ["Adminius", "Northrup", "Heremon", "Modesty", "Systema", "Ghost", "Allan"])
def test_names_that_merely_contain_a_reserved_word_are_fine(name: str) -> None:
    assert account_name(name) == name


def test_characters_may_have_two_letters() -> None:
    assert character_name("Bo") == "Bo"
    with pytest.raises(NameNotAllowed, match="too short") as refused:
        character_name("B")
    assert refused.value.field == "name"
    with pytest.raises(NameNotAllowed, match="reserved"):
        character_name("ne")


@pytest.mark.parametrize("checked", [account_name, character_name])
def test_a_door_may_promise_longer_names(checked: Callable[..., str]) -> None:
    assert checked("a" * 50, max_length=50) == "a" * 50
    with pytest.raises(NameNotAllowed, match="too long") as refused:
        checked("a" * 51, max_length=50)
    assert "50 characters" in str(refused.value.hint)


@given(ANY_TEXT | NAME_LIKE)
def test_an_allowed_name_stays_allowed_and_has_a_key(text: str) -> None:
    try:
        name = account_name(text)
    except NameNotAllowed:
        return
    assert account_name(name) == name
    assert name_key(name)
    assert len(name_key(name)) <= 64  # what the column holds
    assert "\n" not in name
    assert name.isprintable()


def test_scripts_are_those_of_everyday_letters() -> None:
    assert script_of("a") == "LATIN"
    assert script_of("ж") == "CYRILLIC"
    assert script_of("京") == "CJK"
    assert script_of("\ue000") == ""
    assert script_of("ễ") == "LATIN"
    assert script_of("ᴅ") == ""


def test_everyday_letters_are_letters_and_named_after_their_script() -> None:
    """The ranges hold letters, marks and unassigned places only, and no letter of a neighbour."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        script = script_of(character)
        if script and unicodedata.category(character)[0] in "LM" and unicodedata.is_normalized("NFKC", character):
            name = unicodedata.name(character)
            assert (
                name.startswith((script, "IDEOGRAPHIC", "MICRO"))
                or unicodedata.category(character)[0] == "M"
                or (script in ("KATAKANA", "HIRAGANA") and "KATAKANA-HIRAGANA" in name)
            ), (hex(code), name)
            assert unicodedata.category(character) != "Cf"
