"""Agreeing on options without loops: the Q method of RFC 1143.

Each option has two sides: what we do (the peer says DO or DONT) and what the peer does (it says WILL or WONT). Both
follow one table; `yes` and `no` stand for the words of the side. Two requests under way never answer each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from mythgate.wire.telnet.codec import Command, Negotiation, negotiation


class Side(Enum):
    """Who does what an option means."""

    OURS = auto()
    THEIRS = auto()


class State(Enum):
    """Of one side of an option. The last two: asked, and changed our mind since."""

    NO = auto()
    YES = auto()
    WANT_NO = auto()
    WANT_YES = auto()
    WANT_NO_THEN_YES = auto()
    WANT_YES_THEN_NO = auto()


class Step(Enum):
    """What happens to a side."""

    ENABLE = auto()  # we want it
    DISABLE = auto()  # we do not want it any more
    AGREED = auto()  # the peer says yes, and that is fine
    UNWANTED = auto()  # the peer says yes to what we do not know
    REFUSED = auto()  # the peer says no


class Say(Enum):
    """What the peer is told."""

    NOTHING = auto()
    YES = auto()
    NO = auto()


TRANSITIONS: Final[Mapping[tuple[State, Step], tuple[State, Say]]] = {
    (State.NO, Step.ENABLE): (State.WANT_YES, Say.YES),
    (State.NO, Step.DISABLE): (State.NO, Say.NOTHING),
    (State.NO, Step.AGREED): (State.YES, Say.YES),
    (State.NO, Step.UNWANTED): (State.NO, Say.NO),
    (State.NO, Step.REFUSED): (State.NO, Say.NOTHING),
    (State.YES, Step.ENABLE): (State.YES, Say.NOTHING),
    (State.YES, Step.DISABLE): (State.WANT_NO, Say.NO),
    (State.YES, Step.AGREED): (State.YES, Say.NOTHING),
    (State.YES, Step.UNWANTED): (State.YES, Say.NOTHING),
    (State.YES, Step.REFUSED): (State.NO, Say.NO),
    (State.WANT_NO, Step.ENABLE): (State.WANT_NO_THEN_YES, Say.NOTHING),
    (State.WANT_NO, Step.DISABLE): (State.WANT_NO, Say.NOTHING),
    # "Error: DONT answered by WILL." It is off all the same.
    (State.WANT_NO, Step.AGREED): (State.NO, Say.NOTHING),
    (State.WANT_NO, Step.UNWANTED): (State.NO, Say.NOTHING),
    (State.WANT_NO, Step.REFUSED): (State.NO, Say.NOTHING),
    (State.WANT_YES, Step.ENABLE): (State.WANT_YES, Say.NOTHING),
    (State.WANT_YES, Step.DISABLE): (State.WANT_YES_THEN_NO, Say.NOTHING),
    (State.WANT_YES, Step.AGREED): (State.YES, Say.NOTHING),
    (State.WANT_YES, Step.UNWANTED): (State.YES, Say.NOTHING),
    (State.WANT_YES, Step.REFUSED): (State.NO, Say.NOTHING),
    (State.WANT_NO_THEN_YES, Step.ENABLE): (State.WANT_NO_THEN_YES, Say.NOTHING),
    (State.WANT_NO_THEN_YES, Step.DISABLE): (State.WANT_NO, Say.NOTHING),
    # "Error: DONT answered by WILL." It is on, as we want by now.
    (State.WANT_NO_THEN_YES, Step.AGREED): (State.YES, Say.NOTHING),
    (State.WANT_NO_THEN_YES, Step.UNWANTED): (State.YES, Say.NOTHING),
    (State.WANT_NO_THEN_YES, Step.REFUSED): (State.WANT_YES, Say.YES),
    (State.WANT_YES_THEN_NO, Step.ENABLE): (State.WANT_YES, Say.NOTHING),
    (State.WANT_YES_THEN_NO, Step.DISABLE): (State.WANT_YES_THEN_NO, Say.NOTHING),
    (State.WANT_YES_THEN_NO, Step.AGREED): (State.WANT_NO, Say.NO),
    (State.WANT_YES_THEN_NO, Step.UNWANTED): (State.WANT_NO, Say.NO),
    (State.WANT_YES_THEN_NO, Step.REFUSED): (State.NO, Say.NOTHING),
}

_WORDS: Final[Mapping[tuple[Side, Say], Command]] = {
    (Side.OURS, Say.YES): Command.WILL,
    (Side.OURS, Say.NO): Command.WONT,
    (Side.THEIRS, Say.YES): Command.DO,
    (Side.THEIRS, Say.NO): Command.DONT,
}
_HEARD: Final[Mapping[int, tuple[Side, bool]]] = {
    Command.DO: (Side.OURS, True),
    Command.DONT: (Side.OURS, False),
    Command.WILL: (Side.THEIRS, True),
    Command.WONT: (Side.THEIRS, False),
}


class Heard(NamedTuple):
    """What came of something the peer said."""

    reply: bytes  # to be sent; may be empty
    side: Side
    option: int
    was_on: bool
    is_on: bool


class Negotiator:
    """What a connection has agreed on. `ours` are options we are willing to do, `theirs` those we let the peer do."""

    __slots__ = ("_insisted", "_known", "_states")

    def __init__(self, ours: Iterable[int], theirs: Iterable[int]) -> None:
        self._known = {*((Side.OURS, one) for one in ours), *((Side.THEIRS, one) for one in theirs)}
        self._insisted: set[tuple[Side, int]] = set()
        self._states: dict[tuple[Side, int], State] = {}

    def state(self, side: Side, option: int) -> State:
        return self._states.get((side, option), State.NO)

    def is_on(self, side: Side, option: int) -> bool:
        """Whether both have agreed."""
        return self.state(side, option) is State.YES

    def enable(self, side: Side, option: int) -> bytes:
        """Ask for an option; what to send, which may be nothing."""
        return self._apply(side, option, Step.ENABLE)

    def insist(self, side: Side, option: int) -> bytes:
        """As `enable`, without waiting for the answer to an earlier word: some clients never answer WONT."""
        self._insisted.add((side, option))
        if self.is_on(side, option):
            return b""
        self._states[side, option] = State.WANT_YES
        return negotiation(_WORDS[side, Say.YES], option)

    def disable(self, side: Side, option: int) -> bytes:
        """Ask to do without one; what to send, which may be nothing."""
        self._insisted.discard((side, option))
        return self._apply(side, option, Step.DISABLE)

    def receive(self, heard: Negotiation) -> Heard:
        """The peer said something about an option."""
        side, is_yes = _HEARD[heard.verb]
        key = side, heard.option
        step = Step.REFUSED if not is_yes else Step.AGREED if key in self._known | self._insisted else Step.UNWANTED
        was_on = self.is_on(*key)
        reply = self._apply(*key, step)
        return Heard(reply, side, heard.option, was_on, self.is_on(*key))

    def _apply(self, side: Side, option: int, step: Step) -> bytes:
        before = self.state(side, option)
        after, say = TRANSITIONS[before, step]
        if after is not before:  # so that options nobody knows leave nothing behind
            self._states[side, option] = after
        return b"" if say is Say.NOTHING else negotiation(_WORDS[side, say], option)
