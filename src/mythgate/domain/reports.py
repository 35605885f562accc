"""Reports of people: what a report is, how it goes on, and the evidence that comes with it.

The evidence is a chain. Each line's hash covers the line and the hash before it, and the seal of the report covers the
last of them with their number: whoever changes, adds, removes or moves a line breaks the chain at that place, and
`verify` names it. The first line is the report itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from mythgate.domain.errors import PermissionDenied, WrongState
from mythgate.domain.ids import AccountId

REASON_LENGTH: Final = 500
ANSWER_LENGTH: Final = 1000
LINES_BEFORE: Final = 50
LINES_AFTER: Final = 50
NOTHING: Final = "0" * 64  # what comes before the first line
REPORTED: Final = "report"  # the channel of a line that holds what a reporter said of it


class ReportState(StrEnum):
    OPEN = "open"  # nobody looks at it yet
    CLAIMED = "claimed"  # somebody of the staff does
    RESOLVED = "resolved"  # something was done about it
    DISMISSED = "dismissed"  # nothing had to be


class ReportStep(StrEnum):
    CLAIM = "claim"
    RELEASE = "release"
    RESOLVE = "resolve"
    DISMISS = "dismiss"
    REOPEN = "reopen"


TRANSITIONS: Final[Mapping[tuple[ReportState, ReportStep], ReportState]] = {
    (ReportState.OPEN, ReportStep.CLAIM): ReportState.CLAIMED,
    (ReportState.CLAIMED, ReportStep.RELEASE): ReportState.OPEN,
    (ReportState.CLAIMED, ReportStep.RESOLVE): ReportState.RESOLVED,
    (ReportState.CLAIMED, ReportStep.DISMISS): ReportState.DISMISSED,
    (ReportState.RESOLVED, ReportStep.REOPEN): ReportState.OPEN,
    (ReportState.DISMISSED, ReportStep.REOPEN): ReportState.OPEN,
}
CLOSED: Final = frozenset({ReportState.RESOLVED, ReportState.DISMISSED})
_OWN: Final = frozenset({ReportStep.RELEASE, ReportStep.RESOLVE, ReportStep.DISMISS})


class Urgency(IntEnum):
    """How soon somebody should look. Reports about one person that come together are the more urgent."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    URGENT = 3


def urgency_of(voices: int) -> Urgency:
    """How urgent it is if so many people report the same."""
    return Urgency.URGENT if voices >= 6 else Urgency.HIGH if voices >= 3 else Urgency.NORMAL


@dataclass(slots=True)
class Report:
    """Somebody is reported. `subject` is an account's id, or what a guest of an old client goes by; empty for a flag
    that a filter raised about nobody who could be named."""

    subject: str
    subject_name: str
    place: str  # the topic where it happened
    place_name: str  # the same for people
    moment: datetime  # around which the evidence was taken
    created_at: datetime
    collects_until: datetime
    state: ReportState = ReportState.OPEN
    urgency: int = Urgency.NORMAL
    voices: int = 1  # how many people reported it
    lines: int = 0
    after: int = 0  # of the lines, how many were said after it was reported
    seal: str = NOTHING
    sealed_at: datetime | None = None  # when the last line had come
    claimed_by: str = ""
    claimed_name: str = ""
    answer: str = ""
    closed_at: datetime | None = None
    number: int = 0
    version: int = 1

    def apply(self, step: ReportStep, by: str, name: str, now: datetime, *, may_take_over: bool = False) -> None:
        """Take one step. Only who claimed a report goes on with it, and who `may_take_over`.

        Raises:
            WrongState: the report is not in a state for it.
            PermissionDenied: somebody else looks at it.

        """
        state = TRANSITIONS.get((self.state, step))
        if state is None:
            by_whom = f" by {self.claimed_name}" if self.state is ReportState.CLAIMED else ""
            raise WrongState(f"This report is {self.state}{by_whom}.", hint=_NEXT[self.state])
        if step in _OWN and self.claimed_by != by and not may_take_over:
            raise PermissionDenied(f"{self.claimed_name} looks at this report.", hint="Let them release it first.")
        self.state = state
        if step is ReportStep.CLAIM:
            self.claimed_by, self.claimed_name = by, name
        elif state is ReportState.OPEN:
            self.claimed_by = self.claimed_name = ""
            self.closed_at = None
        else:
            self.closed_at = now


_NEXT: Final[Mapping[ReportState, str]] = {
    ReportState.OPEN: "Claim it first.",
    ReportState.CLAIMED: "It can be released, resolved or dismissed.",
    ReportState.RESOLVED: "It can be opened again.",
    ReportState.DISMISSED: "It can be opened again.",
}


@dataclass(slots=True)
class Voice:
    """One person's part in a report: who said what about it, and whether they have been told the answer."""

    report: int
    account_id: AccountId | None  # None: a guest of an old client, a filter, or somebody who is gone
    name: str
    reason: str
    at: datetime
    told_at: datetime | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """One line of talk, as evidence. `speaker` is an account, or what a guest goes by."""

    at: datetime
    speaker: str
    name: str
    channel: str
    text: str
    message_id: str


@dataclass(slots=True)
class Line:
    """One link of a report's chain. What is erased keeps its hash, so that the chain holds."""

    report: int
    position: int
    at: datetime
    speaker: str
    name: str
    channel: str
    text: str
    message_id: str
    after: bool  # it was said after the report
    hash: str
    erased: bool = False


def _canonical(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def line_hash(before: str, line: Line) -> str:
    """The hash of a line after the one whose hash is `before`."""
    return hashlib.sha256(
        _canonical(
            {
                "before": before,
                "position": line.position,
                "at": line.at.isoformat(),
                "speaker": line.speaker,
                "name": line.name,
                "channel": line.channel,
                "text": line.text,
                "message_id": line.message_id,
                "after": line.after,
            }
        )
    ).hexdigest()


def seal_of(last: str, lines: int) -> str:
    """What a report keeps of its chain."""
    return hashlib.sha256(_canonical({"last": last, "lines": lines})).hexdigest()


@dataclass(slots=True)
class Chain:
    """The end of a report's chain, where lines are added."""

    report: int
    last: str = NOTHING
    lines: int = 0
    known: set[str] = field(default_factory=set)  # ids of the messages that are in it

    @classmethod
    def of(cls, report: int, lines: Sequence[Line]) -> Chain:
        """The chain that ends with the last of `lines`."""
        last = lines[-1].hash if lines else NOTHING
        return cls(report, last, len(lines), {line.message_id for line in lines if line.message_id})

    def add(self, said: Iterable[Said], *, after: bool = False) -> list[Line]:
        """Links for what is not in the chain yet."""
        added = []
        for one in said:
            if one.message_id and one.message_id in self.known:
                continue
            self.known.add(one.message_id)
            link = Line(
                self.report,
                self.lines + 1,
                one.at,
                one.speaker,
                one.name,
                one.channel,
                one.text,
                one.message_id,
                after,
                "",
            )
            link.hash = self.last = line_hash(self.last, link)
            self.lines += 1
            added.append(link)
        return added

    @property
    def seal(self) -> str:
        return seal_of(self.last, self.lines)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a report's evidence is as it was taken."""

    genuine: bool
    line: int | None  # the first that is not; None: all are, or the report does not fit them
    problem: str  # empty if it is genuine
    lines: int
    erased: int


def verify(report: Report, lines: Sequence[Line], recorded: str = "") -> Verdict:
    """Walk the chain. `recorded` is the seal as the record of what the staff did has it, if it does."""
    erased = sum(line.erased for line in lines)
    before = NOTHING
    for place, line in enumerate(lines, 1):
        if line.position != place:
            return Verdict(False, place, f"Line {place} is missing.", len(lines), erased)
        if not line.erased and line.hash != line_hash(before, line):
            return Verdict(False, place, f"Line {place} is not as it was taken.", len(lines), erased)
        before = line.hash
    if seal_of(before, len(lines)) != report.seal or len(lines) != report.lines:
        return Verdict(
            False, None, "The lines do not fit the seal: some were added or removed at the end.", len(lines), erased
        )
    if recorded and recorded != report.seal:
        return Verdict(False, None, "The seal is not the one on record.", len(lines), erased)
    return Verdict(True, None, "", len(lines), erased)
