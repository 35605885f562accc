"""What was seen, and what differed: for programs as JSON, for people as text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from mythgate.shadow.rules import RULES

MOST_DIFFERENCES: Final = 1000
"""Of which both decodes are kept; of more, only the numbers are."""
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One answer that ours was not: `different`, `missing` (ours did not say it) or `extra` (theirs did not)."""

    what: str
    packet: str
    client: str
    name: str
    fields: list[str]
    theirs: dict[str, Any] | None
    ours: dict[str, Any] | None


@dataclass(slots=True)
class Report:
    """What a shadow has seen since it began."""

    upstream: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seen: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # client, direction, packet
    clients: Counter[str] = field(default_factory=Counter)  # log-ins, by client
    logins: Counter[str] = field(default_factory=Counter)  # upstream, moved, fallback
    same: Counter[str] = field(default_factory=Counter)  # answers that agreed, by packet
    not_compared: Counter[str] = field(default_factory=Counter)
    different: Counter[tuple[str, str]] = field(default_factory=Counter)  # packet, what
    faults: Counter[str] = field(default_factory=Counter)  # what went wrong on either side, in words
    differences: list[Difference] = field(default_factory=list)

    def add(self, difference: Difference) -> None:
        """Note a difference."""
        self.different[difference.packet, difference.what] += 1
        if len(self.differences) < MOST_DIFFERENCES:
            self.differences.append(difference)

    def as_json(self) -> dict[str, Any]:
        """All of it, for a file."""
        return {
            "upstream": self.upstream,
            "started_at": self.started_at.isoformat(),
            "written_at": datetime.now(UTC).isoformat(),
            "logins": dict(self.logins),
            "clients": dict(self.clients),
            "seen": [
                {"client": client, "direction": direction, "packet": packet, "count": count}
                for (client, direction, packet), count in sorted(self.seen.items())
            ],
            "same": dict(sorted(self.same.items())),
            "not_compared": dict(sorted(self.not_compared.items())),
            "different": [
                {"packet": packet, "what": what, "count": count}
                for (packet, what), count in sorted(self.different.items())
            ],
            "faults": dict(sorted(self.faults.items())),
            "differences": [asdict(difference) for difference in self.differences],
            "rules": [asdict(rule) for rule in RULES],
        }


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """A report, as it is in its file, for people."""
    yield f"In front of {report['upstream']} since {report['started_at'][:19].replace('T', ' ')} UTC"
    logins = report["logins"]
    told = ", ".join(f"{count} {_LOGINS.get(where, where)}" for where, count in sorted(logins.items()))
    yield f"Log-ins: {told or 'none'}"
    yield f"Clients: {', '.join(f'{name} {count}' for name, count in sorted(report['clients'].items())) or 'none'}"
    agreed, differed = sum(report["same"].values()), sum(row["count"] for row in report["different"])
    yield f"Answers compared: {agreed + differed}; the same: {agreed}; different: {differed}"
    for fault, count in report["faults"].items():
        yield f"Fault: {fault} ({count} times)"
    if report["seen"]:
        yield ""
        yield "Seen:"
        for row in report["seen"]:
            yield f"  {row['count']:>7}  {row['direction']}  {row['packet']:<32} {row['client']}"
    if report["different"]:
        yield ""
        yield "Different:"
        for row in report["different"]:
            yield f"  {row['count']:>7}  {row['packet']:<32} {_WHAT[row['what']]}"
    for difference in report["differences"][:_SHOWN]:
        yield ""
        yield from _side_by_side(difference)
    if len(report["differences"]) > _SHOWN:
        yield ""
        yield f"{len(report['differences']) - _SHOWN} more are in the file."


_LOGINS: Final = {"upstream": "to the other server", "moved": "to ours", "fallback": "back to the other: ours failed"}
_WHAT: Final = {"different": "says something else", "missing": "is not said by ours", "extra": "is said by ours only"}


def _side_by_side(difference: Mapping[str, Any]) -> Iterator[str]:
    where = f": {', '.join(difference['fields'])}" if difference["fields"] else ""
    whom = f"{difference['name'] or 'a guest'} ({difference['client']})"
    yield f"{difference['packet']} to {whom} {_WHAT[difference['what']]}{where}"
    theirs, ours = _flat(difference["theirs"]), _flat(difference["ours"])
    for name in dict.fromkeys((*theirs, *ours)):
        one, other = theirs.get(name, "-"), ours.get(name, "-")
        mark = "≠" if one != other else " "
        yield f"  {mark} {name:<34} {one[:48]:<48} │ {other[:48]}"


def _flat(values: Mapping[str, Any] | None, at: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in (values or {}).items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{at}{name}.")
        else:
            found[f"{at}{name}"] = value if isinstance(value, str) else json.dumps(value)
    return found
