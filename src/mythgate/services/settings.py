"""Settings that are changed while the server runs: saved as one named fact, in force at once and after a restart.

Defaults < settings file < what is changed here < environment and flags. What an environment variable or a flag fixes
stays as it is: whoever set it there did so on purpose, and on the machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from mythgate.domain.errors import InvalidInput
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.ports import Clock, Store, Transaction

SETTINGS_FACT: Final = "settings"
AT_RUN_TIME: Final = "changed at run time"
_NOTHING: Final = "{}"
_LONGEST: Final = 500  # characters of a value in the record

Overrides = Mapping[str, Any]
"""What was changed, by dotted name, as JSON knows it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; secrets are masked."""

    name: str  # dotted
    value: Any  # as JSON knows it: durations are seconds
    origin: str  # "default", the file, the environment variable, "flag", or AT_RUN_TIME
    description: str
    is_changeable: bool
    obstacle: str = ""  # why it cannot be changed at run time


class SettingBook(Protocol):
    """All settings, and the parts of the server they are for."""

    def rows(self) -> Sequence[Setting]:
        """All of them, as they are in force."""

    def checked(self, name: str, value: Any) -> Any:
        """The value as JSON knows it, if the setting can have it now.

        Raises:
            NotFound: there is no such setting.
            InvalidInput: it cannot have this value, or cannot be changed at run time.

        """

    def apply(self, overrides: Overrides) -> None:
        """Have these in force, and all others as they are without. What does not fit any more is left out."""


class SettingService:
    """Use cases of changing settings."""

    def __init__(self, *, store: Store, book: SettingBook, clock: Clock) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._known = _NOTHING

    async def all(self, caller: Caller) -> Sequence[Setting]:
        """Every setting with where it comes from. Raises PermissionDenied."""
        await self._store.read(lambda tx: require(role_within(tx, caller), Permission.SEE_SETTINGS))
        return self._book.rows()

    async def change(self, caller: Caller, changes: Mapping[str, Any]) -> Sequence[Setting]:
        """Change settings, all of them or none; None: as it is without. Returns those that were named, as they are now.

        Raises:
            PermissionDenied: the caller may not.
            NotFound: there is no such setting.
            InvalidInput: one cannot have this value, or cannot be changed at run time.

        """
        if not changes:
            raise InvalidInput("Which setting?", field="settings")
        before = {row.name: row.value for row in self._book.rows()}
        # None is checked as well: whoever takes a change back is told what cannot be changed.
        wanted = {
            name: self._book.checked(name, before.get(name) if value is None else value)
            for name, value in changes.items()
        }
        now = self._clock.now()

        def work(tx: Transaction) -> str:
            require(role_within(tx, caller), Permission.CHANGE_SETTINGS)
            overrides: dict[str, Any] = json.loads(tx.facts.get(SETTINGS_FACT) or _NOTHING)
            for name, value in wanted.items():
                if changes[name] is None:
                    overrides.pop(name, None)
                    said = "as without this change"
                else:
                    overrides[name] = value
                    said = _words(value)
                detail = {"before": _words(before.get(name)), "after": said}
                tx.moderation.record(AuditEntry(now, caller.account_id, "setting.changed", name, detail))
            text = json.dumps(overrides)
            tx.facts.set(SETTINGS_FACT, text)
            return text

        await self._store.write(work, then=self._apply)
        return [row for row in self._book.rows() if row.name in changes]

    async def catch_up(self) -> None:
        """Take note of what was changed before, or beside this node. Call it before doors open, and every second."""
        known = self._known
        text = await self._store.read(lambda tx: tx.facts.get(SETTINGS_FACT))
        if self._known == known:  # otherwise what was read may be older than what is known
            self._apply(text or _NOTHING)

    def _apply(self, text: str) -> None:
        if text != self._known:
            self._known = text
            self._book.apply(json.loads(text))


def _words(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:_LONGEST]
