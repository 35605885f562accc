"""The log, for staff: searching the newest lines, and changing what is written while the server runs.

Levels that were changed lie in the database as a fact, so that the command line changes those of a running server as
the console does; the server looks once a second.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from mythgate.domain.errors import InvalidInput, NotFound
from mythgate.domain.ids import AccountId, CharacterId
from mythgate.domain.logs import LevelChange, LogLine, LogQuery, weight_of
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.names import name_key
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.ports import Clock, LogReader, Store, Transaction

log = logging.getLogger(__name__)

LONGEST_PAGE: Final = 500
LONGEST_CHANGE: Final = timedelta(days=30)
MOST_CHANGES: Final = 50
_FACT: Final = "log_levels"
_LOGGER_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True)
class People:
    """Everything a person goes by in the log."""

    ids: frozenset[str]
    numbers: frozenset[int]


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines, the oldest first. `newest` is the number of the newest line there is: ask for what comes after."""

    lines: Sequence[LogLine]
    newest: int


class LogService:
    """Use cases of the log. `rooms_called` gives the ids of rooms and lobbies that somebody may mean by a word."""

    def __init__(
        self, *, store: Store, reader: LogReader, clock: Clock, rooms_called: Callable[[str], frozenset[str]]
    ) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._rooms_called = rooms_called
        self._applied: list[LevelChange] = []

    async def search(
        self,
        caller: Caller,
        query: LogQuery,
        *,
        user: str = "",
        room: str = "",
        after: int = 0,
        limit: int = 200,
    ) -> LogPage:
        """The newest lines that fit, of those numbered above `after`. `user` is a name, an id or a `#number`.

        Raises:
            PermissionDenied: the caller may not see the log.
            NotFound: there is nobody of that name, or no such room.

        """

        def work(tx: Transaction) -> People | None:
            require(role_within(tx, caller), Permission.SEE_LOGS)
            return people_called(tx, user) if user else None

        people = await self._store.read(work)
        if people is not None:
            query = replace(query, people=people.ids, numbers=people.numbers)
        if room:
            query = replace(query, rooms=self.rooms(room))
        limit = max(1, min(limit, LONGEST_PAGE))
        return LogPage(self._reader.search(query, after=after, limit=limit), self._reader.newest)

    def rooms(self, word: str) -> frozenset[str]:
        """The ids of the rooms and lobbies of that name, number or id. Raises NotFound."""
        found = self._rooms_called(word)
        if not found:
            raise NotFound(f"There is no room called {word[:80]}.", hint="Say its name, its number or its id.")
        return found

    # --- levels ------------------------------------------------------------------------------------

    async def levels(self, caller: Caller) -> Mapping[str, str]:
        """The levels in force in this process, by logger; that of all others under the empty name.

        Raises:
            PermissionDenied: the caller may not see the log.

        """
        await self._store.read(lambda tx: require(role_within(tx, caller), Permission.SEE_LOGS))
        return self._reader.levels()

    async def changes(self, caller: Caller) -> list[LevelChange]:
        """What was changed and holds still.

        Raises:
            PermissionDenied: the caller may not see the log.

        """

        def work(tx: Transaction) -> list[LevelChange]:
            require(role_within(tx, caller), Permission.SEE_LOGS)
            return _living(_read(tx), self._clock.now())

        return await self._store.read(work)

    async def set_level(
        self, caller: Caller, level: str | None, *, logger: str = "", lasting: timedelta | None = None
    ) -> list[LevelChange]:
        """Have `logger` and what is below it (empty: all) log from this level on, for a while or for good.

        Without a level, as the settings say again.

        Raises:
            PermissionDenied: the caller may not change settings.
            InvalidInput: there is no such level, or the logger or the time makes no sense.

        """
        if level is not None:
            weight_of(level)
            level = level.lower()
        if logger and (len(logger) > _LOGGER_CHARACTERS or not all(part.isidentifier() for part in logger.split("."))):
            raise InvalidInput("A logger is called like a module: mythgate.services.chat.", field="logger")
        if lasting is not None and not timedelta(0) < lasting <= LONGEST_CHANGE:
            raise InvalidInput(f"It lasts for up to {LONGEST_CHANGE.days} days.", field="minutes")

        def work(tx: Transaction) -> list[LevelChange]:
            require(role_within(tx, caller), Permission.CHANGE_SETTINGS)
            now = self._clock.now()
            known = {change.logger: change for change in _living(_read(tx), now)}
            before = known.pop(logger, None)
            if level is not None:
                until = now + lasting if lasting is not None else None
                known[logger] = LevelChange(logger, level, until)
            if len(known) > MOST_CHANGES:
                raise InvalidInput(f"At most {MOST_CHANGES} loggers have a level of their own.", field="logger")
            changes = [known[name] for name in sorted(known)]
            tx.facts.set(_FACT, _written(changes))
            was = before.level if before is not None else "as the settings say"
            detail = {"logger": logger or "all", "before": was, "after": level or "as the settings say"}
            if level is not None and known[logger].until is not None:
                detail["until"] = f"{known[logger].until:%Y-%m-%d %H:%M} UTC"
            tx.moderation.record(AuditEntry(now, caller.account_id, "log.level_set", "server", detail))
            return changes

        return await self._store.write(work, then=self._apply)

    async def catch_up(self) -> None:
        """Do as the database says, which others write as well. Call it about once a second."""
        self._apply(await self._store.read(_read))

    def _apply(self, changes: Sequence[LevelChange]) -> None:
        living = _living(changes, self._clock.now())
        if living != self._applied:
            self._applied = living
            self._reader.apply(living)
            log.warning("log levels changed", extra={"levels": {one.logger or "all": one.level for one in living}})


def people_called(tx: Transaction, word: str) -> People:
    """What somebody goes by: account, characters, numbers. `word` is a name, an id or a number.

    Raises:
        NotFound: there is nobody like that.

    """
    number = word.removeprefix("#")
    key = name_key(word)
    account = tx.accounts.by_name_key(key) if key else None
    if account is None:
        account = tx.accounts.get(AccountId(word))
    if account is None and number.isascii() and number.isdigit() and len(number) < 10:
        account = tx.accounts.by_number(int(number))
    if account is None:
        character = (tx.characters.by_name_key(key) if key else None) or tx.characters.get(CharacterId(word))
        if character is not None:
            account = tx.accounts.get(character.account_id)
    if account is None:
        raise NotFound(f"There is nobody called {word[:80]}.", hint="Say a name, an id, or a number like #12.")
    bodies = [*tx.characters.of_account(account.id), *tx.characters.of_account(account.id, deleted=True)]
    return People(frozenset({account.id, *(body.id for body in bodies)}), frozenset({account.number}))


def _read(tx: Transaction) -> list[LevelChange]:
    text = tx.facts.get(_FACT)
    if text is None:
        return []
    return [
        LevelChange(one["logger"], one["level"], datetime.fromisoformat(one["until"]) if one["until"] else None)
        for one in json.loads(text)
    ]


def _written(changes: Sequence[LevelChange]) -> str:
    return json.dumps(
        [
            {"logger": one.logger, "level": one.level, "until": one.until.isoformat() if one.until else None}
            for one in changes
        ]
    )


def _living(changes: Sequence[LevelChange], now: datetime) -> list[LevelChange]:
    return [one for one in changes if one.until is None or now < one.until]
