"""Faults: what was raised and should not have been, counted by where in our code it came from.

Of a fault is kept what helps to mend it and tells of nobody: class, place, a trace without values. The words of an
exception may quote what somebody typed; only what the operating system says is kept of them.
"""

from __future__ import annotations

import hashlib
import traceback
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final

import mythgate
from mythgate.domain.logs import Fault

_PACKAGE: Final = str(Path(mythgate.__file__).resolve().parent)
_MOST: Final = 200  # kinds between two times that somebody takes them away
_FRAMES: Final = 8  # of our own code that tell one fault from another, those nearest to it
_SHOWN: Final = 25


class FaultBook:
    """What went wrong since somebody took it away, by fingerprint. Bounded: beyond that, new kinds are only counted."""

    def __init__(self) -> None:
        self.total = 0
        self.unheard = 0  # of new kinds, when there were too many
        self._faults: dict[str, Fault] = {}

    def note(self, error: BaseException, correlation: str, at: datetime) -> None:
        """Count one."""
        self.total += 1
        frames = _own_frames(error.__traceback__)
        kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
        text = "|".join([kind, *(f"{module}:{function}" for module, function, _ in frames[-_FRAMES:])])
        fingerprint = hashlib.sha256(text.encode()).hexdigest()[:12]
        known = self._faults.get(fingerprint)
        if known is None and len(self._faults) >= _MOST:
            self.unheard += 1
            return
        module, function, _ = frames[-1] if frames else ("", "", 0)
        self._faults[fingerprint] = Fault(
            fingerprint=fingerprint,
            kind=kind,
            where=f"{module}:{function}",
            message=_harmless(error),
            trace=known.trace if known is not None else _trace(error),
            correlation=correlation,
            count=1 if known is None else known.count + 1,
            first_at=at if known is None else known.first_at,
            last_at=at,
        )

    def take(self) -> list[Fault]:
        """What went wrong since the last time; it is forgotten here."""
        taken, self._faults = list(self._faults.values()), {}
        return taken

    def give_back(self, faults: list[Fault]) -> None:
        """What was taken could not be saved: keep it for the next time."""
        for fault in faults:
            newer = self._faults.get(fault.fingerprint)
            self._faults[fault.fingerprint] = fault if newer is None else together(fault, newer)

    def waiting(self) -> list[Fault]:
        """What went wrong since the last time."""
        return list(self._faults.values())


def together(older: Fault, newer: Fault) -> Fault:
    """Two counts of one fault as one."""
    return Fault(
        fingerprint=older.fingerprint,
        kind=newer.kind,
        where=newer.where,
        message=newer.message,
        trace=older.trace,
        correlation=newer.correlation,
        count=older.count + newer.count,
        first_at=min(older.first_at, newer.first_at),
        last_at=max(older.last_at, newer.last_at),
        seen_at=older.seen_at,
        seen_by=older.seen_by,
    )


def _own_frames(trace: TracebackType | None) -> list[tuple[str, str, int]]:
    """Module, function and line of each frame of our code; of all frames, if it never was in ours."""
    frames = traceback.extract_tb(trace)
    own = [frame for frame in frames if frame.filename.startswith(_PACKAGE)]
    return [(_module(frame.filename), frame.name, frame.lineno or 0) for frame in own or frames]


def _module(file: str) -> str:
    path = Path(file)
    if not file.startswith(_PACKAGE):
        return path.stem
    parts = path.relative_to(_PACKAGE).with_suffix("").parts
    return ".".join(("mythgate", *parts)).removesuffix(".__init__")


def _trace(error: BaseException) -> str:
    """Where it came from, the last call last. Neither values nor the words of the exception."""
    frames = traceback.extract_tb(error.__traceback__)[-_SHOWN:]
    lines = [f"{_module(frame.filename)}:{frame.lineno} {frame.name}\n    {frame.line or ''}" for frame in frames]
    return "\n".join([*lines, type(error).__qualname__])


def _harmless(error: BaseException) -> str:
    """The words of an exception, if they cannot come from outside."""
    return error.strerror or "" if isinstance(error, OSError) else ""
