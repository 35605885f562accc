"""Filters of words: what a word looks like however it is dressed up, and what is done about it.

Words are compared by what they look like (`domain.names`): accents, capitals, digits and signs that stand for letters,
letters of other scripts and what cannot be seen make no difference, nor do letters that are drawn out or set apart by
spaces or signs. A pattern is plain words, never a regular expression; what is asked of a line costs a look into a
dictionary for each of its words, however many patterns there are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from mythgate.domain.errors import InvalidInput
from mythgate.domain.names import name_key

PATTERN_LENGTH: Final = 60
PATTERN_WORDS: Final = 6
MESSAGE_LENGTH: Final = 200
MASK: Final = "*"
REMEMBERED_WORDS: Final = 20_000  # of talk, with what was found in them
LONGEST_WORD: Final = 128  # that is remembered


class FilterAction(StrEnum):
    """What is done about words that fit, the mildest first."""

    FLAG = "flag"  # a report is made; they are said
    MASK = "mask"  # asterisks are said instead
    REFUSE = "refuse"  # they are not said
    MUTE = "mute"  # they are not said, and who says such things again and again is muted


class Applies(StrEnum):
    """What a filter looks at."""

    TALK = "talk"
    NAMES = "names"
    BOTH = "both"


class FilterScope(StrEnum):
    """Whose talk it looks at; `WordFilter.place` names the lobby, the room of the world, or the door."""

    EVERYWHERE = "everywhere"
    LOBBY = "lobby"
    ROOM = "room"
    DOOR = "door"


@dataclass(slots=True)
class WordFilter:
    """One pattern and what is done about it."""

    pattern: str
    anywhere: bool  # also within longer words
    action: FilterAction
    created_by: str
    created_at: datetime
    applies: Applies = Applies.BOTH
    scope: FilterScope = FilterScope.EVERYWHERE
    place: str = ""
    private: bool = False  # also in words to one person
    message: str = ""  # what whoever is refused reads; empty: the usual words
    hits: int = 3  # of `mute`: so many within `within_minutes` mute
    within_minutes: int = 10
    mute_minutes: int = 30
    enabled: bool = True
    number: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True)
class Where:
    """Where words are said, for filters that look at one place only. Empty: it is none of that kind."""

    lobby: str = ""
    room: str = ""
    door: str = ""
    private: bool = False

    def concerns(self, rule: WordFilter) -> bool:
        """Whether the filter looks at what is said here."""
        if self.private and not rule.private:
            return False
        if rule.scope is FilterScope.EVERYWHERE:
            return True
        return bool(rule.place == getattr(self, rule.scope.value))


@dataclass(frozen=True, slots=True)
class Screening:
    """What became of words: as they may be said, and the filters that fitted."""

    words: str
    hits: Sequence[WordFilter]


# --- what words look like --------------------------------------------------------------------------

_SIGNS: Final = str.maketrans(
    {"@": "a", "$": "s", "!": "i", "|": "i", "€": "e", "£": "l", "¢": "c", "+": "t", "(": "c"}
)
_SPELLED: Final = str.maketrans({"0": "o", "1": "i", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t",
                                 "8": "b", "9": "g", "l": "i"})  # fmt: skip
_PAIRS: Final = (("rn", "m"), ("vv", "w"))
_NOT_ALPHANUMERIC: Final = re.compile(r"[^0-9a-z\u00aa-\U0010ffff]+")
_REPEATED: Final = re.compile(r"(.)\1+")
_SPACES: Final = re.compile(r"\S+")


class _Looks(dict[int, str]):
    """What each character looks like, as `domain.names` has it; found out once. Digits and signs stay: what they stand
    for depends on the word."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = unicodedata.normalize("NFKD", character).casefold()
        if unicodedata.combining(character):
            look = ""  # letters are struck through, underlined and crowned to hide them
        elif plain.isascii() and (plain.isdigit() or not plain.isalnum()):
            look = plain
        else:
            look = name_key(character)
        self[code] = look
        return look


_LOOKS: Final = _Looks()


def _spelled(word: str) -> str:
    """A piece without signs, its digits as letters, unless it is a number."""
    if word.isdigit():
        return word
    word = word.translate(_SPELLED)
    for pair, single in _PAIRS:
        if pair in word:
            word = word.replace(pair, single)
    return word


def _forms(word: str) -> list[str]:
    """What a word between spaces may be read as: by itself, in the pieces that signs cut it into, without the signs,
    and with signs as letters."""
    looks = word.translate(_LOOKS)
    if looks.isalpha():
        return [_spelled(looks)]
    pieces = [piece for piece in _NOT_ALPHANUMERIC.split(looks) if piece]
    forms = [_spelled(piece) for piece in pieces]
    if len(pieces) > 1:
        forms.append(_spelled("".join(pieces)))
    signs = looks.translate(_SIGNS)
    if signs != looks:
        forms.append(_spelled(_NOT_ALPHANUMERIC.sub("", signs)))
    return forms


def squeezed(word: str) -> str:
    """A word with each letter that is drawn out once."""
    return _REPEATED.sub(r"\1", word)


def _stretches(word: str, pattern: str) -> bool:
    """Whether `word` is `pattern` with no letter less often in a row. Both are alike when squeezed."""
    runs = zip(_REPEATED_OR_ONE.findall(word), _REPEATED_OR_ONE.findall(pattern), strict=True)
    return all(len(said[0]) >= len(meant[0]) for said, meant in runs)


_REPEATED_OR_ONE: Final = re.compile(r"((.)\2*)")


def pattern_words(pattern: str) -> list[str]:
    """A pattern as the words that are looked for.

    Raises:
        InvalidInput: there is nothing in it to look for, or too much.

    """
    if len(pattern) > PATTERN_LENGTH:
        raise InvalidInput("The pattern is too long.", field="pattern", hint=f"At most {PATTERN_LENGTH} characters.")
    typed = pattern.split()
    if not all(any(character.isalnum() for character in word) for word in typed):
        raise InvalidInput("A word of the pattern is nothing but signs.", field="pattern", hint="Leave it out.")
    words = [forms[-1] for forms in map(_forms, typed) if forms]
    if len("".join(words)) < 2:
        raise InvalidInput("The pattern has too few letters.", field="pattern", hint="At least two.")
    if len(words) > PATTERN_WORDS:
        raise InvalidInput("The pattern has too many words.", field="pattern", hint=f"At most {PATTERN_WORDS}.")
    return words


# --- looking ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rule:
    rule: WordFilter
    words: tuple[str, ...]
    joined: str


class Screen:
    """All filters that are in force, ready to look at lines. Made anew when one changes."""

    def __init__(self, rules: Iterable[WordFilter]) -> None:
        self._whole: dict[str, list[_Rule]] = {}  # by the squeezed word
        self._within: dict[str, list[_Rule]] = {}
        self._phrases: list[_Rule] = []
        self._named: list[_Rule] = []
        self._known: dict[str, tuple[_Rule, ...]] = {}
        self._letters: dict[str, str] = {}  # of the known words those that look like one letter, or like nothing
        for rule in rules:
            if not rule.enabled:
                continue
            words = tuple(pattern_words(rule.pattern))
            made = _Rule(rule, words, "".join(words))
            if rule.applies is not Applies.TALK:
                self._named.append(made)
            if rule.applies is Applies.NAMES:
                continue
            if len(words) > 1:
                self._phrases.append(made)
            elif rule.anywhere:
                self._within.setdefault(squeezed(made.joined), []).append(made)
            else:
                self._whole.setdefault(squeezed(made.joined), []).append(made)
        self._parts = _trie_pattern(self._within) if self._within else None
        self._looks_at_talk = bool(self._whole or self._within or self._phrases)

    def talk(self, text: str, where: Where) -> Screening | None:
        """What the filters make of words that are said; None if they find nothing in them."""
        if not self._looks_at_talk:
            return None
        known, letters = self._known, self._letters
        words = text.split(" ")
        hits: list[tuple[_Rule, int, int]] = []  # with the first and last word it was found in
        apart = False
        for place, word in enumerate(words):
            found = known.get(word)
            if found is None:
                found = self._remember(word)
            if found:
                hits += [(rule, place, place) for rule in found]
            if word in letters:
                apart = True
        if apart:
            hits += self._set_apart(words)
        if self._phrases:
            hits += self._in_phrases(words)
        if not hits:
            return None
        hits = [hit for hit in hits if where.concerns(hit[0].rule)]
        return self._screened(words, hits) if hits else None

    def _remember(self, word: str) -> tuple[_Rule, ...]:
        if len(self._known) >= REMEMBERED_WORDS:
            self._known.clear()
            self._letters.clear()
        found = tuple(self._find(word))
        forms = _forms(word)
        if not forms or (len(forms) == 1 and len(forms[0]) == 1):
            self._letters[word] = forms[0] if forms else ""
        elif len(word) > LONGEST_WORD:
            return found
        self._known[word] = found
        return found

    def _find(self, word: str) -> list[_Rule]:
        found: dict[int, _Rule] = {}
        for form in _forms(word):
            short = squeezed(form)
            for one in self._whole.get(short, ()):
                if _stretches(form, one.joined):
                    found[id(one)] = one
            if self._parts is not None and self._parts.search(short) is not None:
                for one in self._all_within(form, short):
                    found[id(one)] = one
        return list(found.values())

    def _all_within(self, form: str, short: str) -> Iterable[_Rule]:
        for inner, rules in self._within.items():
            if inner in short:
                for one in rules:
                    if one.joined in form or _stretched_within(form, one.joined):
                        yield one

    def _set_apart(self, words: Sequence[str]) -> list[tuple[_Rule, int, int]]:
        """Words written with spaces between the letters, or with one letter cut off."""
        letters = self._letters
        hits: list[tuple[_Rule, int, int]] = []
        place = 0
        while place < len(words):
            if not letters.get(words[place]):
                place += 1
                continue
            end = place
            while end + 1 < len(words) and words[end + 1] in letters:
                end += 1
            run = "".join(letters[word] for word in words[place : end + 1])
            if len(run) > 1:
                hits += [(rule, place, end) for rule in self._in_run(run)]
            for first, last in ((place - 1, place), (end, end + 1)):
                if first >= 0 and last < len(words):
                    hits += self._in_two(words[first], words[last], first, last)
            place = end + 1
        return hits

    def _in_two(self, left: str, right: str, first: int, last: int) -> list[tuple[_Rule, int, int]]:
        """Two words as one, unless one of them is enough."""
        if self._known.get(left) or self._known.get(right):
            return []
        both = left + right
        found = self._known.get(both)
        return [(rule, first, last) for rule in (self._remember(both) if found is None else found)]

    def _in_run(self, run: str) -> list[_Rule]:
        """Whole words count within letters that stand apart, for nobody sees where one ends."""
        found = self._find(run)
        for size in range(2, min(len(run), PATTERN_LENGTH) + 1):
            for start in range(min(len(run) - size + 1, PATTERN_LENGTH)):
                piece = run[start : start + size]
                found += [
                    one for one in self._whole.get(squeezed(piece), ()) if one not in found and one.joined == piece
                ]
        return found

    def _in_phrases(self, words: Sequence[str]) -> list[tuple[_Rule, int, int]]:
        folded: list[tuple[set[str], int]] = []
        for place, word in enumerate(words):
            forms = set(map(squeezed, _forms(word)))
            if forms:
                folded.append((forms, place))
        hits: list[tuple[_Rule, int, int]] = []
        for one in self._phrases:
            meant = [squeezed(word) for word in one.words]
            hits += [
                (one, folded[start][1], folded[start + len(meant) - 1][1])
                for start in range(len(folded) - len(meant) + 1)
                if all(word in folded[start + step][0] for step, word in enumerate(meant))
            ]
        return hits

    @staticmethod
    def _screened(words: list[str], hits: Sequence[tuple[_Rule, int, int]]) -> Screening:
        shown = list(words)
        for one, first, last in hits:
            if one.rule.action is FilterAction.MASK:
                for place in range(first, last + 1):
                    shown[place] = _masked(words[place])
        found = {id(one.rule): one.rule for one, _, _ in hits}
        return Screening(" ".join(shown), list(found.values()))

    def name(self, name: str) -> WordFilter | None:
        """The filter that a name falls under, or None. Names have no place; what would mask refuses them."""
        if not self._named:
            return None
        words = [form for word in re.split(r"[\s\-_']+", name) for form in _forms(word)]
        words += [word.rstrip("0123456789") for word in name.translate(_LOOKS).split()]
        whole = _spelled(_NOT_ALPHANUMERIC.sub("", name.translate(_LOOKS).translate(_SIGNS)))
        candidates = {_spelled(word) for word in words} | {whole, _spelled(whole.rstrip("0123456789"))}
        for one in self._named:
            for word in candidates:
                if squeezed(word) == squeezed(one.joined) and _stretches(word, one.joined):
                    return one.rule
                if one.rule.anywhere and (one.joined in word or _stretched_within(word, one.joined)):
                    return one.rule
        return None


def _stretched_within(word: str, pattern: str) -> bool:
    """Whether the pattern is in the word with letters drawn out. No step backwards: runs are compared with runs."""
    said = _REPEATED_OR_ONE.findall(word)
    meant = _REPEATED_OR_ONE.findall(pattern)
    for start in range(len(said) - len(meant) + 1):
        if all(
            said[start + step][1] == letter and len(said[start + step][0]) >= len(run)
            for step, (run, letter) in enumerate(meant)
        ):
            return True
    return False


_PUNCTUATION: Final = ".,;:?!\"'()"


def _masked(word: str) -> str:
    core = word.strip(_PUNCTUATION)
    return word.replace(core, MASK * len(core), 1) if core else MASK * len(word)


def _trie_pattern(words: Iterable[str]) -> re.Pattern[str]:
    """An expression that finds any of the words. Words with a beginning in common share it, so that what a line costs
    depends on the line; there is nothing in it that can be repeated."""
    trie: dict[str, dict[str, object]] = {}
    for word in words:
        node: dict[str, object] = trie  # type: ignore[assignment]
        for letter in word:
            node = node.setdefault(letter, {})  # type: ignore[assignment]
        node[""] = {}
    return re.compile(_alternatives(trie))


def _alternatives(node: dict[str, dict[str, object]]) -> str:
    if "" in node:  # the shortest will do: all that fit are looked for one by one then
        return ""
    make: Callable[[dict[str, dict[str, object]]], str] = _alternatives
    branches = [re.escape(letter) + make(below) for letter, below in node.items()]  # type: ignore[arg-type]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def check_numbers(rule: WordFilter) -> None:
    """Raise InvalidInput for numbers that make no sense."""
    for name, value, most in (
        ("hits", rule.hits, 100),
        ("within_minutes", rule.within_minutes, 1440),
        ("mute_minutes", rule.mute_minutes, 525_600),
    ):
        if not 1 <= value <= most:
            raise InvalidInput(f"{name} is from 1 to {most}.", field=name)
