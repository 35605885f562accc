r"""Command lines: how a line falls into a word and the rest, how the rest falls into arguments, how a
player's own aliases expand, and what somebody may have meant.

A command says what it takes in its usage, and the usage is the grammar:

    look [<what...>]                 one argument, may be missing
    ask <whom...> about <topic...>   two arguments with a word between them
    give <thing...> [to] <person...> the same; without the word, the last one typed is the second argument
    tell <person> <words...>         one word, then the rest of the line

`<x>` is one word, `<x...>` the rest of the line as typed, `[ ]` may be missing, a bare word is itself.

A line such as `Hask, who are you?` is no command but speech, if there is a Hask.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from mythgate.domain.chat import tidy
from mythgate.domain.errors import BadUsage, InvalidInput

MAX_LINE: Final = 1000
MAX_ALIASES: Final = 50
MAX_ALIAS_COMMAND: Final = 200
MAX_ALIAS_DEPTH: Final = 10
SHORTCUTS: Final[Mapping[str, str]] = {"'": "say", "’": "say", '"': "say", "“": "say", ":": "emote"}
"""Signs that stand for a command when a line begins with them."""


# --- lines -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A command's first word, folded, and what follows it, as typed."""

    word: str
    rest: str


def read_line(text: str, *, limit: int = MAX_LINE) -> Line:
    """Split a command line.

    Raises:
        BadUsage: the line is empty.
        InvalidInput: the line has more than `limit` characters.

    """
    if len(text) > limit:
        raise InvalidInput(
            f"That line is too long: {len(text)} characters.", field="command", hint=f"At most {limit} characters."
        )
    text = tidy(text).strip()
    if text[:1] == "/":
        text = text[1:].lstrip()
    if not text:
        raise BadUsage("You did not type a command.", hint="`help` lists them.")
    meant = SHORTCUTS.get(text[0])
    if meant is not None:
        return Line(meant, text[1:].strip())
    word, _, rest = text.partition(" ")
    return Line(word.casefold(), rest.strip())


_ADDRESSED: Final = re.compile(r"\s*(?P<name>[^,:]{1,60}?)\s*(?:,|:(?!\S*//))\s*(?P<words>\S.*)", re.DOTALL)


def addressee(text: str) -> str | None:
    """Who is spoken to in a line such as "Hask, who are you?" or "hask: hello"; None if it has not that form."""
    match = _ADDRESSED.fullmatch(text)
    return match["name"] if match is not None else None


# --- arguments -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slot:
    """One argument: one word, or with `many` the rest of the line."""

    name: str
    many: bool = False
    optional: bool = False


_PART: Final = re.compile(
    r"(?P<open>\[)?<(?P<name>[a-z]+)(?P<many>\.\.\.)?>(?(open)\])|(?P<literal>[a-z]+)|\[(?P<spare>[a-z]+)\]"
)
_QUESTIONS: Final[Mapping[str, str]] = {"person": "whom", "whom": "whom", "where": "where"}


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a usage says about arguments: slots, with literal words between some of them."""

    usage: str
    parts: tuple[Slot | str, ...]
    spare: frozenset[str] = frozenset()  # literal words that may be left out

    @classmethod
    def of(cls, usage: str) -> Grammar:
        """Read a usage; its first word is the command. Raises ValueError for one that breaks the form."""
        command, _, pattern = usage.partition(" ")
        parts: list[Slot | str] = []
        spare = set()
        for text in pattern.split():
            match = _PART.fullmatch(text)
            if match is None:
                raise ValueError(f"unreadable usage: {usage}")
            if match["spare"]:
                if not (parts and isinstance(parts[-1], Slot)):
                    raise ValueError(f"ambiguous usage: {usage}")
                spare.add(match["spare"])
            if match["literal"] or match["spare"]:
                parts.append(match["literal"] or match["spare"])
            else:
                parts.append(Slot(match["name"], bool(match["many"]), bool(match["open"])))
        if not command or any(
            isinstance(part, Slot) and part.many and isinstance(after, Slot) for part, after in pairwise(parts)
        ):
            raise ValueError(f"ambiguous usage: {usage}")
        return cls(usage, tuple(parts), frozenset(spare))

    @property
    def slots(self) -> list[Slot]:
        return [part for part in self.parts if isinstance(part, Slot)]

    def bind(self, rest: str, args: Sequence[str] | None = None) -> dict[str, str]:
        """Arguments by name; missing ones are missing.

        `args` is the same in pieces, as programs send it: one piece for each argument, or any pieces
        that make up the line.

        Raises:
            BadUsage: an argument is missing, or there is more than the command takes.

        """
        if args and len(args) > 1:
            pieces = [piece.strip() for piece in args]
            literals = {part for part in self.parts if isinstance(part, str)}
            if len(pieces) == len(self.slots) and all(pieces) and literals.isdisjoint(map(str.casefold, pieces)):
                return {slot.name: piece for slot, piece in zip(self.slots, pieces, strict=True)}
        bound: dict[str, str] = {}
        typed = rest
        for index, part in enumerate(self.parts):
            if isinstance(part, str):
                continue
            value, rest = self._take(part, rest, self._next_literal(index))
            if value:
                bound[part.name] = value
            elif not part.optional:
                raise self.misused(self._question(part, typed))
        if rest:
            raise self.misused("That is more than this command takes.")
        return bound

    def _next_literal(self, index: int) -> str | None:
        following = self.parts[index + 1] if index + 1 < len(self.parts) else None
        return following if isinstance(following, str) else None

    def _question(self, missing: Slot, typed: str) -> str | None:
        """What to ask back: "Say what?", "Tell Ada what?"; None if that would not be a sentence."""
        if typed and not all(isinstance(part, Slot) for part in self.parts):
            return None
        command = self.usage.partition(" ")[0].capitalize()
        return f"{' '.join([command, *typed.split()])} {_QUESTIONS.get(missing.name, 'what')}?"

    def _take(self, slot: Slot, rest: str, until: str | None) -> tuple[str, str]:
        if until is None:
            if slot.many:
                return rest, ""
            value, _, rest = rest.partition(" ")
            return value, rest.lstrip()
        # The last such word parts the two, so that things may be called "key to the tower".
        splits = list(re.finditer(rf"(?:(?<=\s)|^){until}(?=\s|$)", rest, re.IGNORECASE))
        if not splits:
            value, _, last = rest.rpartition(" ") if until in self.spare else ("", "", rest)
            return value.strip(), last
        return rest[: splits[-1].start()].strip(), rest[splits[-1].end() :].strip()

    def misused(self, message: str | None = None) -> BadUsage:
        """The refusal that shows how the command is used."""
        return BadUsage(message, hint=f"Usage: {self.usage}")


# --- what was meant --------------------------------------------------------------------------------


def abbreviated(word: str, names: Iterable[str]) -> list[str]:
    """The `names` that begin with `word`."""
    return sorted(name for name in names if name.startswith(word))


def similar(word: str, names: Iterable[str], *, limit: int = 3) -> list[str]:
    """The `names` that somebody who typed `word` may have meant, likeliest first."""
    return difflib.get_close_matches(word[:40], list(names), n=limit, cutoff=0.6)


_GESTURE_WORDS: Final = (
    "agree applaud blink blush bow cackle cheer chuckle clap comfort cough cringe cry cuddle curtsy dance disagree "
    "embrace faint fidget flinch frown gasp giggle glare greet grin groan grumble hug jump kiss kneel laugh mumble "
    "nod pat point ponder pout shiver shrug sigh sing sleep smile smirk sneeze snicker snore sob stare stretch "
    "think thank tickle tremble wave weep whistle wink wince yawn"
)
_GESTURES: Final = frozenset(_GESTURE_WORDS.split())


def gesture(word: str) -> str | None:
    """What a player does who typed `word`, as others see it: "waves" for "wave". None if it is no known gesture."""
    if word not in _GESTURES:
        return None
    if word.endswith(("s", "sh", "ch", "x", "z")):
        return f"{word}es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


def one_of(names: Sequence[str]) -> str:
    """Choices in a sentence: "a", "a or b", "a, b or c"."""
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


# --- a player's own aliases ------------------------------------------------------------------------

_ALIAS_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,19}")
_PLACEHOLDER: Final = re.compile(r"\$(\*|[1-9])")


def alias_name(text: str) -> str:
    """`text` as the name of an alias. Raises InvalidInput for one that is none."""
    name = text.casefold()
    if not _ALIAS_NAME.fullmatch(name):
        raise InvalidInput(
            "That cannot be the name of an alias.",
            field="name",
            hint="A letter, then up to 19 letters, digits or underscores.",
        )
    return name


def define(name: str, command: str, aliases: Mapping[str, str]) -> None:
    """Check that alias `name` may stand for `command` besides `aliases`.

    Raises:
        InvalidInput: the command is too long, or there are too many aliases.
        BadUsage: it would call itself, perhaps through others.

    """
    if len(command) > MAX_ALIAS_COMMAND:
        raise InvalidInput(
            "That is too long for an alias.", field="command", hint=f"At most {MAX_ALIAS_COMMAND} characters."
        )
    if name not in aliases and len(aliases) >= MAX_ALIASES:
        raise InvalidInput(
            f"You have {len(aliases)} aliases, as many as one may have.", hint="Remove one with `unalias` first."
        )
    chain = [name]
    while True:
        word = read_line(command).word
        if word in chain:
            raise BadUsage(f"That alias would call itself: {' → '.join([*chain, word])}.")
        if word not in aliases:
            return
        chain.append(word)
        command = aliases[word]


def expand(line: Line, aliases: Mapping[str, str], *, limit: int = MAX_LINE) -> Line:
    """`line` with the player's alias, and the aliases that it uses, replaced by what they stand for.

    `$*` is all that was typed after the alias, `$1` to `$9` its words; without any of these, what was
    typed is added at the end.

    Raises:
        BadUsage: the aliases go in a circle or too deep.
        InvalidInput: the result is too long.

    """
    chain: list[str] = []
    while line.word in aliases:
        if line.word in chain or len(chain) >= MAX_ALIAS_DEPTH:
            raise BadUsage(f"Your aliases never end: {' → '.join([*chain, line.word])}.", hint="See: `alias`")
        chain.append(line.word)
        line = read_line(_filled(aliases[line.word], line.rest), limit=limit)
    return line


def _filled(command: str, rest: str) -> str:
    if not _PLACEHOLDER.search(command):
        return f"{command} {rest}".rstrip()
    words = rest.split()

    def value(match: re.Match[str]) -> str:
        if match[1] == "*":
            return rest
        index = int(match[1]) - 1
        return words[index] if index < len(words) else ""

    return _PLACEHOLDER.sub(value, command)
