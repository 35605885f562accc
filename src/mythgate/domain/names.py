"""Names of accounts and characters: what is allowed, and when two names are too alike.

A name is kept as it was typed, tidied (`account_name`, `character_name`). Whether it is free is decided
by its key (`name_key`): names that a hurried reader takes for each other share one key.

The look-alikes are a chosen subset of Unicode's confusables (Unicode Technical Standard 39,
`confusables.txt`): the letters of Cyrillic, Greek and Armenian that pass for Latin ones in a sentence,
the Latin letters that differ by a stroke, Katakana that pass for Chinese characters, and the digits that
stand in for letters. Letters that nobody writes names with need none: they are refused. Where the small and the
capital form of a letter resemble different Latin letters, the small form decides; where only the
capital has a look-alike, the capital does. A whole name of another script is welcome; a mixture of
scripts in one name is not.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from typing import Final

from mythgate.domain.errors import NameNotAllowed

ACCOUNT_NAME_LENGTH: Final = range(3, 21)  # characters
CHARACTER_NAME_LENGTH: Final = range(2, 21)

SEPARATORS: Final = " '-_"
_TYPOGRAPHIC: Final = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "‐": "-", "‑": "-", "–": "-", "—": "-"})

# The letters people write their names with today, by script, as ranges of code points with the marks that
# belong to them. Phonetic letters, small capitals, clicks, loose jamo and historic letters are not among
# them: nobody is called that, and most of them pass for another letter.
_EVERYDAY: Final = {
    "LATIN": "41-5a 61-7a c0-d6 d8-f6 f8-137 139-148 14a-17e 181 18a 18f 192 198-199 1b3-1b4 253 257 259 1e9e",
    "GREEK": "386 388-38a 38c 38e-3a1 3a3-3ce",
    "CYRILLIC": "400-45f 48a-4ff",
    "ARMENIAN": "531-556 561-587",
    "HEBREW": "5b0-5bd 5bf 5c1-5c2 5c4-5c5 5d0-5ea 5f0-5f2",
    "ARABIC": "620-63f 641-652 654-655 66e-66f 671-6d3 6d5 6ee-6ef 6fa-6fc 6ff 750-77f",
    "THAANA": "780-7b1",
    "DEVANAGARI": "900-94f 955-963 971-97f",
    "BENGALI": "980-9e3 9f0-9f1",
    "GURMUKHI": "a01-a51 a59-a5e a70-a75",
    "GUJARATI": "a81-acd ad0-ae3 af9-aff",
    "ORIYA": "b01-b57 b5c-b63 b71",
    "TAMIL": "b82-bd7",
    "TELUGU": "c00-c63",
    "KANNADA": "c80-ce3 cf1-cf2",
    "MALAYALAM": "d00-d4e d54-d57 d5f-d63 d7a-d7f",
    "SINHALA": "d81-ddf df2-df3",
    "THAI": "e01-e2e e30-e3a e40-e4e",
    "LAO": "e81-ec6 ec8-ecd edc-edf",
    "TIBETAN": "f00 f40-f84 f88-fbc",
    "MYANMAR": "1000-103f 1050-108f",
    "GEORGIAN": "10d0-10f0 1c90-1cb0",
    "ETHIOPIC": "1200-135f",
    "KHMER": "1780-17b3 17b6-17d3 17d7",
    "BOPOMOFO": "3105-312f",
    "HIRAGANA": "3041-3096 309d-309e",
    "KATAKANA": "30a1-30fa 30fc-30fe",
    "CJK": "3005 3400-4dbf 4e00-9fff 20000-323af",
    "HANGUL": "ac00-d7a3",
}
# Nothing is seen of these, wherever they stand (Unicode's Default_Ignorable_Code_Point).
_UNSEEN_CODES: Final = """
    ad 34f 61c 115f-1160 17b4-17b5 180b-180f 200b-200f 202a-202e 2060-206f 3164 fe00-fe0f feff ffa0 fff0-fff8
    1bca0-1bca3 1d173-1d17a e0000-e0fff
"""


def _ranges(text: str) -> list[tuple[int, int]]:
    pairs = ((first, last or first) for first, _, last in (part.partition("-") for part in text.split()))
    return [(int(first, 16), int(last, 16)) for first, last in pairs]


_SPANS: Final = sorted((first, last, script) for script, text in _EVERYDAY.items() for first, last in _ranges(text))
_SPAN_STARTS: Final = [first for first, _, _ in _SPANS]
_UNSEEN: Final = frozenset(code for first, last in _ranges(_UNSEEN_CODES) for code in range(first, last + 1))
# Scripts that are ordinarily written together.
_COMPANIONS: Final = (frozenset({"CJK", "HIRAGANA", "KATAKANA"}), frozenset({"CJK", "HANGUL"}))
# In these every ordinary accented letter is one character after NFKC; a mark left over is decoration.
_WITHOUT_LOOSE_MARKS: Final = frozenset({"LATIN", "GREEK", "CYRILLIC"})
_MARKS_IN_A_ROW: Final = 2

_LOOK_ALIKES: Final = str.maketrans(
    {
        # digits and signs
        "0": "o", "1": "i", "5": "s", "l": "i", "|": "i", "!": "i", "$": "s", "@": "a",
        # Latin with a stroke, without a dot, in another style
        "ı": "i", "ł": "i", "ƚ": "i", "ɩ": "i", "ɪ": "i", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ɑ": "a",
        "ɡ": "g", "ƽ": "s", "ƨ": "s", "ʋ": "v", "æ": "ae", "œ": "oe", "ȷ": "j", "ŋ": "n", "þ": "p", "ƅ": "b",
        # Cyrillic
        "а": "a", "в": "b", "ь": "b", "е": "e", "һ": "h", "н": "h", "і": "i", "ӏ": "i", "ј": "j", "к": "k", "м": "m",
        "о": "o", "р": "p", "ԛ": "q", "г": "r", "ѕ": "s", "т": "t", "с": "c", "ԁ": "d", "у": "y", "ү": "y", "ѵ": "v",
        "ԝ": "w", "ѡ": "w", "х": "x", "ԍ": "g", "п": "n",
        # Greek
        "α": "a", "β": "b", "γ": "y", "ε": "e", "ζ": "z", "η": "n", "ι": "i", "κ": "k", "μ": "u", "ν": "v", "ο": "o",
        "ρ": "p", "σ": "o", "τ": "t", "υ": "u", "χ": "x", "ω": "w", "ϲ": "c", "ϳ": "j",
        # Armenian
        "ա": "w", "ց": "g", "ո": "n", "ս": "u", "օ": "o", "հ": "h", "զ": "q", "յ": "j",
        # African and Azerbaijani letters of everyday use
        "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ə": "e", "ƒ": "f",
        # Katakana, for the Chinese characters and the Hiragana they pass for
        "カ": "力", "ロ": "口", "ニ": "二", "エ": "工", "ー": "一", "ハ": "八", "タ": "夕", "ト": "卜", "チ": "千",
        "ミ": "三", "オ": "才", "ヘ": "へ", "リ": "り",
    }
)  # fmt: skip
_PAIRS: Final = (("rn", "m"), ("vv", "w"))
# Digits that stand for letters only where a letter follows: "M4ry" is Mary, but "Bob 3" is the third Bob, not "Bobe".
# (0, 1 and 5, above, are letters wherever they stand: they look like them.)
_SPELLED: Final = {"3": "e", "4": "a", "7": "t", "8": "b"}
_SPELLED_IN_WORDS: Final = re.compile("[3478]+(?=[a-z])")
_ALL_SPELLED: Final = str.maketrans(_SPELLED)

_DROPPED: Final = str.maketrans(dict.fromkeys(SEPARATORS))
_INVISIBLE_CATEGORIES: Final = frozenset({"Cf", "Cc", "Me"})
_FIRST_STRIPPED_CLASS: Final = 10  # below: nukta, kana voicing and virama, which make another letter


def name_key(name: str) -> str:
    """What names that look alike have in common. Any text has one, the key of a key is itself; it may be empty."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name.translate(_TYPOGRAPHIC)).casefold())
    text = "".join(c for c in text if not _is_dropped(c))
    text = text.translate(_LOOK_ALIKES).translate(_TYPOGRAPHIC).translate(_DROPPED)
    text = _SPELLED_IN_WORDS.sub(lambda found: found[0].translate(_ALL_SPELLED), text)
    for pair, single in _PAIRS:
        text = text.replace(pair, single)
    return unicodedata.normalize("NFC", text)


def _is_dropped(character: str) -> bool:
    """Accents, and what cannot be seen."""
    return (
        unicodedata.combining(character) >= _FIRST_STRIPPED_CLASS
        or ord(character) in _UNSEEN
        or unicodedata.category(character) in _INVISIBLE_CATEGORIES
    )


# --- reserved names --------------------------------------------------------------------------------

# Nobody calls themselves this, not even as one word of a longer name.
_STAFF_TITLES: Final = """
    admin admins administrator administrators moderator moderators mod mods owner owners staff operator sysop
    sysadmin system server root mythgate superuser gamemaster support official
"""
# Words that commands and messages use for something else.
_TAKEN_WORDS: Final = """
    everyone everybody anyone anybody someone somebody noone nobody all any both none null nil undefined unknown
    anonymous here there around room world me myself self you yourself him her them it its they we us
    npc player players guest guests character user account
    north south east west northeast northwest southeast southwest up down in out inside outside ne nw se sw
    left right forward back enter exit leave return void global whisper say tell shout party faction
"""
_STAFF_WORDS: Final = frozenset(name_key(word) for word in _STAFF_TITLES.split())
_RESERVED: Final = frozenset(name_key(word) for word in _TAKEN_WORDS.split())
_GUEST_KEY: Final = name_key("guest")


def is_reserved(name: str) -> bool:
    """Whether `name` is kept from everybody (guest names made by the server aside)."""
    key = name_key(name)
    spelled = name_key(key.translate(_ALL_SPELLED))
    if {key, spelled} & (_RESERVED | _STAFF_WORDS) or spelled.startswith(_GUEST_KEY):
        return True
    words = name.translate(_TYPOGRAPHIC).replace("-", " ").replace("_", " ").replace("'", " ").split()
    return any(
        key in _STAFF_WORDS
        for word in words
        for key in (
            name_key(word),
            name_key(word.rstrip("0123456789")),
            name_key(name_key(word).translate(_ALL_SPELLED)),
        )
    )


# --- what a name may look like ---------------------------------------------------------------------


def account_name(text: str, *, field: str = "username", max_length: int | None = None) -> str:
    """`text` as an account name, tidied. `max_length` is what a door's protocol promises, where that is another
    one than usual.

    Raises:
        NameNotAllowed: it breaks a rule or is reserved.

    """
    return _allowed(text, _up_to(ACCOUNT_NAME_LENGTH, max_length), field)


def character_name(text: str, *, field: str = "name", max_length: int | None = None) -> str:
    """`text` as a character name, tidied; for `max_length` see `account_name`.

    Raises:
        NameNotAllowed: it breaks a rule or is reserved.

    """
    return _allowed(text, _up_to(CHARACTER_NAME_LENGTH, max_length), field)


def _up_to(lengths: range, most: int | None) -> range:
    return lengths if most is None else range(lengths.start, most + 1)


def _allowed(text: str, lengths: range, field: str) -> str:
    if len(text) > 8 * lengths.stop:  # normalising costs time in proportion
        raise NameNotAllowed("The name is too long.", field=field, hint=_length_hint(lengths))
    name = unicodedata.normalize("NFKC", text.translate(_TYPOGRAPHIC)).translate(_TYPOGRAPHIC).strip()
    if len(name) not in lengths:
        size = "short" if len(name) < lengths.start else "long"
        raise NameNotAllowed(f"The name is too {size}.", field=field, hint=_length_hint(lengths))
    fault = _fault(name, text)
    if fault:
        raise NameNotAllowed(fault, field=field, hint="Use letters, digits, and single spaces or ' - _ between them.")
    if is_reserved(name):
        raise NameNotAllowed("This name is reserved.", field=field, hint="Choose another.")
    return name


def _length_hint(lengths: range) -> str:
    return f"A name has {lengths.start} to {lengths.stop - 1} characters."


def _fault(name: str, text: str) -> str | None:
    """What is wrong with `name`, which was typed as `text`, in a sentence."""
    unseen = next((character for character in text if ord(character) in _UNSEEN), None)
    if unseen is not None:
        return f"The character {unseen!r} cannot be part of a name."
    if not name[0].isalpha():
        return "A name starts with a letter."
    if name[-1] in SEPARATORS:
        return "A name ends with a letter or a digit."
    scripts: set[str] = set()
    previous = ""
    marks = 0
    for character in name:
        if character in SEPARATORS:
            if previous in SEPARATORS:
                return "A name has no two spaces or signs in a row."
        elif unicodedata.category(character) in ("Mn", "Mc"):
            marks += 1
            if marks > _MARKS_IN_A_ROW or scripts & _WITHOUT_LOOSE_MARKS or not (previous.isalpha() or marks > 1):
                return "A name has no loose accents."
            if script_of(character) not in scripts:
                return f"The character {character!r} cannot be part of a name."
            previous = character
            continue
        elif unicodedata.category(character) in ("Lu", "Ll", "Lo", "Lm", "Lt"):
            script = script_of(character)
            if not script:
                return f"The character {character!r} cannot be part of a name."
            scripts.add(script)
        elif character not in "0123456789":
            return f"The character {character!r} cannot be part of a name."
        marks = 0
        previous = character
    if len(scripts) > 1 and not any(scripts <= companions for companions in _COMPANIONS):
        return "A name is written in one script, not in a mixture."
    return None


def script_of(character: str) -> str:
    """The script of an everyday letter or of a mark that belongs to one; "" for all else."""
    code = ord(character)
    place = bisect_right(_SPAN_STARTS, code) - 1
    if place >= 0 and code <= _SPANS[place][1]:
        return _SPANS[place][2]
    # An accented letter is as good as the letter, in the scripts that compose them.
    parts = unicodedata.normalize("NFD", character)
    if len(parts) > 1 and all(unicodedata.category(mark) == "Mn" for mark in parts[1:]):
        script = script_of(parts[0])
        return script if script in _WITHOUT_LOOSE_MARKS else ""
    return ""
