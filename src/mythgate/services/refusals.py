"""Refusals: what is written to the log about them, for somebody may be trying what they can get away with; and a short
memory of them, for who is asked why."""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from mythgate.domain.errors import (
    Ambiguous,
    AuthenticationError,
    BadUsage,
    MythError,
    NotHere,
    Refused,
    TooMany,
    TooSoon,
    UnknownCommand,
    Unreachable,
)
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Lobby, Visitor
from mythgate.domain.names import name_key
from mythgate.services import causes
from mythgate.services.ports import Clock
from mythgate.services.security import SIGN_IN_EVENTS, marked, security_event

log = logging.getLogger(__name__)

EVERYDAY: Final = (Ambiguous, AuthenticationError, BadUsage, NotHere, TooMany, TooSoon, UnknownCommand, Unreachable)
"""Slips of honest people, sign-ins that ran out, and what would fill the log for whoever wants that. Of these one hears
with `debug` only."""


def note_refusal(refused: MythError, *, asked: str, by: str, code: str = "") -> None:
    """Log who was refused what. `asked` names the command, path or type, without what was said in it; `by` is empty for
    somebody who has not signed in, and could fill the log as well."""
    event = security_event(refused, is_known=bool(by))
    if not by and event in SIGN_IN_EVENTS:
        event = None  # `of_sign_in` has told it
    level = logging.INFO if event or (by and not isinstance(refused, EVERYDAY)) else logging.DEBUG
    if not code and isinstance(refused, Refused):
        code = refused.code
    extra = {"code": code, "asked": asked, "by": by} | (marked(event) if event is not None else {})
    log.log(level, "refused", extra=extra)


def _note_sign_in(refused: Refused, door: str) -> None:
    """Log that somebody did not come in: not the name they gave, which may be a password."""
    event = security_event(refused, is_known=False)
    if event is not None:
        cause = causes.current()
        about = cause.line.claimed if cause is not None else ""
        log.info("sign-in refused", extra={"code": refused.code, "door": door, "about": about} | marked(event))


# --- a short memory --------------------------------------------------------------------------------

SIGN_IN: Final = "sign in"
MOST_PEOPLE: Final = 2000  # of whom refusals are remembered; of more, those who were refused longest ago are forgotten
EACH: Final = 10
_NAME_CHARACTERS: Final = 80

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class NotedRefusal:
    """What somebody was refused lately. It does not hold what they said."""

    at: datetime
    code: str
    door: str
    asked: str  # "sign in", "lobby 26", a command, a path


class _Memory(Generic[K]):
    """The last few of each, of the people who were refused last."""

    def __init__(self) -> None:
        self.of: dict[K, deque[NotedRefusal]] = {}  # by when they were refused last

    def note(self, who: K, refusal: NotedRefusal) -> None:
        notes = self.of.pop(who, None)
        self.of[who] = notes = notes if notes is not None else deque(maxlen=EACH)
        notes.append(refusal)
        if len(self.of) > MOST_PEOPLE:
            del self.of[next(iter(self.of))]


class RecentRefusals:
    """What people were refused lately: in memory, bounded, gone when the server stops.

    Who did not come in is known by the name they gave, others by their account.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._names: _Memory[str] = _Memory()
        self._accounts: _Memory[AccountId] = _Memory()

    def note(self, account_id: AccountId, code: str, *, door: str, asked: str) -> None:
        """Remember what an account was refused."""
        self._accounts.note(account_id, NotedRefusal(self._clock.now(), code, door, asked))

    def note_name(self, name: str, code: str, *, door: str, asked: str = SIGN_IN) -> None:
        """Remember what somebody was refused who goes by `name` and has proven nothing."""
        self._names.note(_known_by(name), NotedRefusal(self._clock.now(), code, door, asked))

    def note_entry(self, visitor: Visitor, lobby: Lobby, refusal: Refused) -> None:
        """Remember that somebody was kept out of a lobby."""
        asked = f"lobby {lobby.room_id}"
        if visitor.account_id is not None:
            self.note(visitor.account_id, refusal.code, door=visitor.door, asked=asked)
        else:
            self.note_name(visitor.name, refusal.code, door=visitor.door, asked=asked)

    @contextlib.contextmanager
    def of_sign_in(self, name: str, door: str) -> Iterator[None]:
        """Remember what the block refuses somebody who signs in as `name`."""
        try:
            yield
        except Refused as refused:
            self.note_name(name, refused.code, door=door)
            _note_sign_in(refused, door)
            raise

    def recent(self, name: str, account_id: AccountId | None) -> list[NotedRefusal]:
        """What somebody was refused, by that name or with that account; newest first."""
        own = self._accounts.of.get(account_id, ()) if account_id is not None else ()
        found = sorted((*self._names.of.get(_known_by(name), ()), *own), key=lambda one: one.at)
        return found[::-1]  # of one moment, too, the last comes first

    def forget(self, name: str, account_id: AccountId) -> None:
        """Somebody's account is gone, and what was known of them."""
        self._names.of.pop(_known_by(name), None)
        self._accounts.of.pop(account_id, None)


def _known_by(name: str) -> str:
    return name_key(name)[:_NAME_CHARACTERS]
