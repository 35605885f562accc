"""Decisions as lists of named checks.

Whoever decides walks such a list, and so does who is asked why: what is told is what is done. A check looks at a
situation, and what is not known of it (yet, or to who asks) keeps nobody out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from mythgate.domain.errors import Refused

S = TypeVar("S")


class Answer(StrEnum):
    """What a check comes to."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    EXEMPT = "exempt"  # it is not asked of this one


def _everybody(_situation: object) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Check(Generic[S]):
    """One question asked before something is allowed. Only `holds` and `asked` decide; the rest is for people."""

    name: str
    holds: Callable[[S], bool | None]
    """Whether it lets them pass; None if that is not known."""
    refusal: Callable[[S], Refused]
    """What is raised if it does not."""
    found: Callable[[S], str]
    needed: Callable[[S], str]
    remedy: Callable[[S], str]
    """What an operator can do about it."""
    asked: Callable[[S], bool] = _everybody
    code: Callable[[S], str] | None = None
    """What the refusal is called where it is not told as an error with a code of its own."""

    def refuses(self, situation: S) -> bool:
        """Whether it keeps them out, as far as is known."""
        return self.asked(situation) and self.holds(situation) is False

    def explain(self, situation: S) -> Step:
        """What it comes to, in words."""
        answer = _ANSWERS[self.holds(situation)] if self.asked(situation) else Answer.EXEMPT
        found, needed = self.found(situation), self.needed(situation)
        if answer is not Answer.NO:
            return Step(self.name, answer, found, needed)
        refusal = self.refusal(situation)
        code = refusal.code if self.code is None else self.code(situation)
        return Step(self.name, answer, found, needed, code, refusal.message, refusal.hint, self.remedy(situation))


_ANSWERS = {True: Answer.YES, False: Answer.NO, None: Answer.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Step:
    """What one check came to. What follows `needed` is empty unless it said no."""

    check: str
    answer: Answer
    found: str
    needed: str
    code: str = ""  # of the error
    message: str = ""  # what whoever is refused reads
    hint: str = ""  # likewise
    remedy: str = ""  # for an operator


def explain(checks: Iterable[Check[S]], situation: S) -> list[Step]:
    """All checks in their order."""
    return [check.explain(situation) for check in checks]


def refusing(checks: Iterable[Check[S]], situation: S) -> Iterator[Check[S]]:
    """Those that keep them out, in their order."""
    return (check for check in checks if check.refuses(situation))


def require(checks: Iterable[Check[S]], situation: S) -> None:
    """Raise what the first check refuses that keeps them out, if one does."""
    for check in refusing(checks, situation):
        raise check.refusal(situation)


def passes(steps: Sequence[Step]) -> bool:
    """Whether nothing that is known keeps them out."""
    return all(step.answer is not Answer.NO for step in steps)
