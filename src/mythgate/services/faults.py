"""Faults, for staff: what went wrong in our own code, how often, and whether somebody has looked at it.

They are gathered in memory and written down every few seconds; the database keeps the newest kinds, so that a fault
that ended the server is still known afterwards.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from mythgate.domain.errors import MythError, NotFound
from mythgate.domain.logs import Fault
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.ports import Clock, FaultSource, Store, Transaction

log = logging.getLogger(__name__)

MOST_KINDS: Final = 200


class FaultService:
    """Use cases of faults."""

    def __init__(self, *, store: Store, source: FaultSource, clock: Clock) -> None:
        self._store = store
        self._source = source
        self._clock = clock

    async def list(self, caller: Caller, *, new: bool = False) -> list[Fault]:
        """What went wrong, the latest first; with `new`, only what nobody has looked at.

        Raises:
            PermissionDenied: the caller may not see the log.

        """
        await self.save()

        def work(tx: Transaction) -> list[Fault]:
            require(role_within(tx, caller), Permission.SEE_LOGS)
            return [fault for fault in tx.faults.all() if fault.is_new or not new]

        return await self._store.read(work)

    async def mark_seen(self, caller: Caller, fingerprint: str) -> Fault:
        """Note that somebody has looked; it is new again when it happens again.

        Raises:
            PermissionDenied: the caller may not see the log.
            NotFound: there is no such fault.

        """
        await self.save()

        def work(tx: Transaction) -> Fault:
            require(role_within(tx, caller), Permission.SEE_LOGS)
            fault = tx.faults.get(fingerprint)
            if fault is None:
                raise NotFound("There is no such fault.")
            now = self._clock.now()
            seen = replace(fault, seen_at=now, seen_by=caller.account_id)
            tx.faults.save(seen)
            detail = {"kind": fault.kind, "where": fault.where, "before": _seen(fault), "after": _seen(seen)}
            tx.moderation.record(AuditEntry(now, caller.account_id, "fault.seen", fingerprint, detail))
            return seen

        return await self._store.write(work)

    async def save(self) -> None:
        """Write down what went wrong since the last time. Call it every few seconds."""
        faults = self._source.take()
        if not faults:
            return

        def work(tx: Transaction) -> None:
            for fault in faults:
                known = tx.faults.get(fault.fingerprint)
                tx.faults.save(fault if known is None else _together(known, fault))
            tx.faults.keep_newest(MOST_KINDS)

        try:
            await self._store.write(work)
        except MythError as error:
            self._source.give_back(faults)
            log.warning("faults could not be saved", extra={"faults": len(faults), "reason": str(error)})


def _together(known: Fault, newer: Fault) -> Fault:
    return replace(
        newer,
        trace=known.trace,
        count=known.count + newer.count,
        first_at=known.first_at,
        seen_at=known.seen_at,
        seen_by=known.seen_by,
    )


def _seen(fault: Fault) -> str:
    return "new" if fault.is_new else "seen"
