"""What the server says by itself: its message of the day, to everybody who comes, and announcements by schedule."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from mythgate.domain.announcements import Schedule, scheduled, worded
from mythgate.domain.errors import LimitReached, NotFound
from mythgate.domain.events import SystemMessage, event_of
from mythgate.domain.ids import Topic
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import Permission, require
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.chat import ChatService
from mythgate.services.lobbies import LobbyService
from mythgate.services.ports import Clock, Realtime, Store, Transaction
from mythgate.services.rooms import RoomService

log = logging.getLogger(__name__)

MOTD_FACT: Final = "motd"
MOST: Final = 100  # announcements by schedule


class AnnouncementService:
    """Use cases around what everybody is told."""

    def __init__(
        self,
        *,
        store: Store,
        realtime: Realtime,
        chat: ChatService,
        rooms: RoomService,
        lobbies: LobbyService,
        clock: Clock,
    ) -> None:
        self.motd = ""
        self._store = store
        self._realtime = realtime
        self._chat = chat
        self._rooms = rooms
        self._lobbies = lobbies
        self._clock = clock

    # --- the message of the day ------------------------------------------------------------------------

    async def set_motd(self, caller: Caller, text: str) -> str:
        """Change what everybody reads who comes to the server; empty: nothing.

        Raises:
            PermissionDenied: the caller may not.
            InvalidInput: it is too long.

        """
        words, now = worded(text), self._clock.now()

        def work(tx: Transaction) -> str:
            require(role_within(tx, caller), Permission.SET_MESSAGES)
            before = tx.facts.get(MOTD_FACT) or ""
            tx.facts.set(MOTD_FACT, words)
            tx.moderation.record(
                AuditEntry(now, caller.account_id, "server.motd_changed", "", {"before": before, "after": words})
            )
            return words

        return await self._store.write(work, then=self._apply)

    async def catch_up(self) -> None:
        """Take note of what was changed beside this node. Call it before doors open, and every second."""
        known = self.motd
        words = await self._store.read(lambda tx: tx.facts.get(MOTD_FACT))
        if self.motd == known:
            self._apply(words or "")

    def _apply(self, words: str) -> None:
        self.motd = self._lobbies.server_greeting = words

    def entered(self, present: Presence) -> None:
        """Somebody came into the world (observer of `PresenceService`)."""
        if self.motd:
            event = event_of(SystemMessage(self.motd), self._clock.now())
            self._realtime.send(present.character_id, event)

    # --- by schedule -----------------------------------------------------------------------------------

    async def all(self, caller: Caller) -> list[Schedule]:
        """The oldest first, those that are over among them. Raises PermissionDenied."""

        def work(tx: Transaction) -> list[Schedule]:
            require(role_within(tx, caller), Permission.SEE_CONSOLE)
            return tx.announcements.all()

        return await self._store.read(work)

    async def add(
        self,
        caller: Caller,
        text: str,
        *,
        place: str = "",
        every: int | None = None,
        daily: int | None = None,
        at: datetime | None = None,
        zone: str = "UTC",
        ends_at: datetime | None = None,
    ) -> Schedule:
        """Have something announced by itself from now on; the fields are those of `domain.announcements.scheduled`.

        Raises:
            PermissionDenied: the caller may not.
            NotFound: there is no such room.
            InvalidInput: it makes no sense.
            LimitReached: there are as many as there may be.

        """
        now = self._clock.now()
        schedule = scheduled(
            text=text,
            place=self._rooms.require(place) if place else "",
            now=now,
            by=caller.account_id,
            every=every,
            daily=daily,
            at=at,
            zone=zone,
            ends_at=ends_at,
        )

        def work(tx: Transaction) -> Schedule:
            require(role_within(tx, caller), Permission.SET_MESSAGES)
            if len(tx.announcements.all()) >= MOST:
                raise LimitReached(f"There are {MOST} announcements.", hint="Remove one that is over.")
            added = tx.announcements.add(schedule)
            detail = {"text": added.text, "place": added.place, "after": _words(added)}
            tx.moderation.record(
                AuditEntry(now, caller.account_id, "announcement.scheduled", f"announcement:{added.number}", detail)
            )
            return added

        return await self._store.write(work)

    async def remove(self, caller: Caller, number: int) -> Schedule:
        """Announce it no more. Raises PermissionDenied, NotFound."""
        now = self._clock.now()

        def work(tx: Transaction) -> Schedule:
            require(role_within(tx, caller), Permission.SET_MESSAGES)
            found = next((one for one in tx.announcements.all() if one.number == number), None)
            if found is None:
                raise NotFound("There is no such announcement.", hint="`mythgate announcement list` lists them.")
            tx.announcements.remove(number)
            detail = {"text": found.text, "place": found.place, "before": _words(found)}
            tx.moderation.record(
                AuditEntry(now, caller.account_id, "announcement.removed", f"announcement:{number}", detail)
            )
            return found

        return await self._store.write(work)

    async def tick(self) -> None:
        """Tell what is due. Call it every second.

        That it was told is saved before anybody is told, so that nothing is told twice after a crash; at most, once.
        """
        now = self._clock.now()
        if not any(one.is_due(now) for one in await self._store.read(lambda tx: tx.announcements.all())):
            return

        def work(tx: Transaction) -> list[Schedule]:
            due = [one for one in tx.announcements.all() if one.is_due(now)]
            told = [one for one in due if one.tell(now)]
            for one in due:
                tx.announcements.save(one)
            return told

        for one in await self._store.write(work, then=self._tell):
            if not one.place:
                await self._chat.remember_announcement(one.text)

    def _tell(self, told: Sequence[Schedule]) -> None:
        for one in told:
            if not one.place:
                self._chat.proclaim(one.text)
            elif not self._rooms.tell(Topic(one.place), one.text):
                log.warning("announcement has no room", extra={"announcement": one.number, "room": one.place})


def _words(one: Schedule) -> str:
    """When it is told, for the record."""
    when = f"{one.repeat} {one.minutes} {one.zone}" if one.minutes else str(one.repeat)
    first = one.next_at.isoformat() if one.next_at is not None else "over"
    return f"{when}, next {first}" + (f", until {one.ends_at.isoformat()}" if one.ends_at is not None else "")
