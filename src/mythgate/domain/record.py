"""The record of who did what, as a chain: each entry's hash covers the one before, so that an edit shows.

What an entry says is hashed apart, with a salt: when a person is erased, what the record says of them goes together
with the salt, nobody can find it out again, and the chain still holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

ERASED: Final = "person.erased"
"""The act whose detail `entries` names, by number, the entries that were emptied with it."""

FIRST_LINK: Final = b"\0" * 32


@dataclass(frozen=True, slots=True)
class Recorded:
    """One entry as it is kept. `salt` is None once what it said was erased; `link` is None in entries from before there
    was a chain."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, str]
    salt: bytes | None = None
    said: bytes | None = None
    link: bytes | None = None


@dataclass(frozen=True, slots=True)
class Sought:
    """Which entries are looked for; what is empty or None does not matter."""

    actor: str = ""
    action: str = ""  # or its beginning: `account.` finds all acts about accounts
    subject: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


class Fault(StrEnum):
    """What is wrong with an entry."""

    CHANGED = "changed"  # what it says is not what was recorded
    BROKEN = "broken"  # it does not follow on the one before: something was changed, put in or taken out here
    EMPTIED = "emptied"  # what it said is gone, and no erasure names it
    UNLINKED = "unlinked"  # it has no hash, although the chain had begun


@dataclass(frozen=True, slots=True)
class Finding:
    number: int
    fault: Fault


@dataclass(slots=True)
class Verification:
    """What a walk along the whole chain found. Begin with a new one and hand it each entry in order."""

    entries: int = 0
    before_chain: int = 0  # entries from before there was a chain
    erased: int = 0
    findings: list[Finding] = field(default_factory=list)
    newest: int = 0
    link: bytes = FIRST_LINK
    _began: bool = False
    _emptied: set[int] = field(default_factory=set)
    _named: set[int] = field(default_factory=set)

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found. Ask after `finish`."""
        return not self.findings

    def look_at(self, entry: Recorded) -> None:
        """Check the next entry."""
        self.entries += 1
        self.newest = entry.number
        if entry.link is None:
            if self._began:
                self.findings.append(Finding(entry.number, Fault.UNLINKED))
            else:
                self.before_chain += 1
            return
        self._began = True
        if entry.salt is None:
            self._emptied.add(entry.number)
        elif entry.said is None or digest(entry.salt, entry.detail) != entry.said:
            self.findings.append(Finding(entry.number, Fault.CHANGED))
        if entry.salt is None and entry.detail:
            self.findings.append(Finding(entry.number, Fault.CHANGED))
        if linked(self.link, entry.at, entry.actor, entry.action, entry.subject, entry.said or b"") != entry.link:
            self.findings.append(Finding(entry.number, Fault.BROKEN))
        self.link = entry.link
        if entry.action == ERASED:
            self._named.update(numbers(entry.detail.get("entries", "")))

    def finish(self) -> None:
        """Compare what was emptied with what the erasures name."""
        self.erased = len(self._emptied)
        for number in sorted(self._emptied - self._named):
            self.findings.append(Finding(number, Fault.EMPTIED))
        self.findings.sort(key=lambda one: one.number)


def digest(salt: bytes, detail: Mapping[str, str]) -> bytes:
    """The hash of what an entry says."""
    text = json.dumps(detail, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(salt + text.encode("ascii")).digest()


def linked(before: bytes, at: datetime, actor: str, action: str, subject: str, said: bytes) -> bytes:
    """The hash of an entry that follows on the one with the hash `before`."""
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps([moment, actor, action, subject], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(before + said + text.encode("ascii")).digest()


def ranges(found: Iterable[int]) -> str:
    """Numbers in few letters: `3,7-9`."""
    parts: list[list[int]] = []
    for number in sorted(set(found)):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def numbers(text: str) -> set[int]:
    """The numbers that `ranges` wrote down."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first.isdecimal() and (last.isdecimal() or not dash):
            found.update(range(int(first), int(last or first) + 1))
    return found
