"""Names of accounts and characters: what is allowed, and when two names are too alike.

A name is kept as it was typed, tidied (`account_name`, `character_name`). Whether it is free is decided
by its key (`name_key`): names that a hurried reader takes for each other share one key.

The look-alikes are a chosen subset of Unicode's confusables (Unicode Technical Standard 39,
`confusables.txt`): the letters of Cyrillic, Greek and Armenian that pass for Latin ones in a sentence,
the Latin letters that differ by a stroke, and the digits that stand in for letters. Where the small and the
capital form of a letter resemble different Latin letters, the small form decides; where only the
capital has a look-alike, the capital does. A whole name of another script is welcome; a mixture of
scripts in one name is not.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from mythgate.domain.errors import NameNotAllowed

ACCOUNT_NAME_LENGTH: Final = range(3, 21)  # characters
CHARACTER_NAME_LENGTH: Final = range(2, 21)

SEPARATORS: Final = " '-_"
_TYPOGRAPHIC: Final = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "‐": "-", "‑": "-", "–": "-", "—": "-"})

# Prefixes of `unicodedata.name` that stand for a script in everyday use (UAX 31, table 5).
_SCRIPT_NAMES: Final = """
    LATIN GREEK CYRILLIC ARMENIAN HEBREW ARABIC THAANA DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL TELUGU
    KANNADA MALAYALAM SINHALA THAI LAO TIBETAN MYANMAR GEORGIAN HANGUL ETHIOPIC KHMER BOPOMOFO HIRAGANA KATAKANA CJK
"""
_SCRIPTS: Final = frozenset(_SCRIPT_NAMES.split())
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
        "ԝ": "w", "ѡ": "w", "х": "x", "ԍ": "g", "п": "n", "з": "3",
        # Greek
        "α": "a", "β": "b", "γ": "y", "ε": "e", "ζ": "z", "η": "n", "ι": "i", "κ": "k", "μ": "u", "ν": "v", "ο": "o",
        "ρ": "p", "σ": "o", "τ": "t", "υ": "u", "χ": "x", "ω": "w", "ϲ": "c", "ϳ": "j",
        # Armenian
        "ա": "w", "ց": "g", "ո": "n", "ս": "u", "օ": "o", "հ": "h", "զ": "q", "յ": "j",
    }
)  # fmt: skip
_PAIRS: Final = (("rn", "m"), ("vv", "w"))

_DROPPED: Final = str.maketrans(dict.fromkeys(SEPARATORS))
_INVISIBLE_CATEGORIES: Final = frozenset({"Cf", "Cc", "Me"})
_FIRST_STRIPPED_CLASS: Final = 10  # below: nukta, kana voicing and virama, which make another letter


def name_key(name: str) -> str:
    """What names that look alike have in common. Any text has one, the key of a key is itself; it may be empty."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name.translate(_TYPOGRAPHIC)).casefold())
    text = "".join(c for c in text if not _is_dropped(c))
    text = text.translate(_LOOK_ALIKES).translate(_TYPOGRAPHIC).translate(_DROPPED)
    for pair, single in _PAIRS:
        text = text.replace(pair, single)
    return unicodedata.normalize("NFC", text)


def _is_dropped(character: str) -> bool:
    """Accents, and what cannot be seen."""
    return (
        unicodedata.combining(character) >= _FIRST_STRIPPED_CLASS
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
    if key in _RESERVED or key in _STAFF_WORDS or key.startswith(_GUEST_KEY):
        return True
    words = name.translate(_TYPOGRAPHIC).replace("-", " ").replace("_", " ").replace("'", " ").split()
    return any(name_key(word) in _STAFF_WORDS or name_key(word.rstrip("0123456789")) in _STAFF_WORDS for word in words)


# --- what a name may look like ---------------------------------------------------------------------


def account_name(text: str, *, field: str = "username") -> str:
    """`text` as an account name, tidied.

    Raises:
        NameNotAllowed: it breaks a rule or is reserved.

    """
    return _allowed(text, ACCOUNT_NAME_LENGTH, field)


def character_name(text: str, *, field: str = "name") -> str:
    """`text` as a character name, tidied.

    Raises:
        NameNotAllowed: it breaks a rule or is reserved.

    """
    return _allowed(text, CHARACTER_NAME_LENGTH, field)


def _allowed(text: str, lengths: range, field: str) -> str:
    if len(text) > 8 * lengths.stop:  # normalising costs time in proportion
        raise NameNotAllowed("The name is too long.", field=field, hint=_length_hint(lengths))
    name = unicodedata.normalize("NFKC", text.translate(_TYPOGRAPHIC)).translate(_TYPOGRAPHIC).strip()
    if len(name) not in lengths:
        size = "short" if len(name) < lengths.start else "long"
        raise NameNotAllowed(f"The name is too {size}.", field=field, hint=_length_hint(lengths))
    fault = _fault(name)
    if fault:
        raise NameNotAllowed(fault, field=field, hint="Use letters, digits, and single spaces or ' - _ between them.")
    if is_reserved(name):
        raise NameNotAllowed("This name is reserved.", field=field, hint="Choose another.")
    return name


def _length_hint(lengths: range) -> str:
    return f"A name has {lengths.start} to {lengths.stop - 1} characters."


def _fault(name: str) -> str | None:
    """What is wrong with `name`, in a sentence."""
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
            previous = character
            continue
        elif unicodedata.category(character) in ("Lu", "Ll", "Lo", "Lm", "Lt"):
            script = script_of(character)
            if script not in _SCRIPTS:
                return f"The character {character!r} cannot be part of a name."
            scripts.add(script)
        elif character not in "0123456789":
            return f"The character {character!r} cannot be part of a name."
        marks = 0
        previous = character
    if len(scripts) > 1 and not any(scripts <= companions for companions in _COMPANIONS):
        return "A name is written in one script, not in a mixture."
    return None


def script_of(letter: str) -> str:
    """The script of one letter as the first word of its Unicode name; "" for an unnamed character."""
    return unicodedata.name(letter, "").partition(" ")[0].partition("-")[0]
