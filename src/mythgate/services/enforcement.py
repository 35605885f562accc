"""Measures in force: taken, changed and lifted by the staff, and at once for those who are connected.

Bans and mutes of an account that hold everywhere are the business of `services.moderation`; here is what they all have
in common, and those that hold in one place or for a network. What is changed beside this node is noticed by a mark in
the database.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from mythgate.domain.accounts import Account, AccountStatus, Role
from mythgate.domain.addresses import plain_address
from mythgate.domain.errors import InvalidInput, NotFound, PermissionDenied, WrongState
from mythgate.domain.events import AdminEvent, Disconnect, SystemMessage, event_of
from mythgate.domain.ids import STAFF_TOPIC, AccountId, SessionId
from mythgate.domain.lobbies import Occupant
from mythgate.domain.measures import (
    REASON_LENGTH,
    Measure,
    MeasureKind,
    Scope,
    banned_words,
    network_of,
    until,
    where,
)
from mythgate.domain.moderation import AuditEntry, StaffAct
from mythgate.domain.permissions import Permission, Rights, require, require_authority
from mythgate.domain.sessions import Caller, Session
from mythgate.services import lockouts
from mythgate.services.accounts import role_within
from mythgate.services.gate import Gate
from mythgate.services.lobbies import LobbyService
from mythgate.services.moderation import LONGEST_BAN, ModerationService
from mythgate.services.ports import Clock, PresenceStore, Realtime, Store, Transaction
from mythgate.services.sessions import SessionService

LONGEST_PAGE: Final = 200
DOORS: Final = ("http", "metaserver", "shards", "telnet")
NETWORK: Final = "a network"  # how one is called to who may not see addresses
_KEPT_OVER: Final = timedelta(days=365)  # how long a measure that is over is remembered


@dataclass(frozen=True, slots=True)
class NewMeasure:
    """What somebody of the staff wants done. One of `account_id` and `network` is given."""

    kind: MeasureKind
    account_id: AccountId | None = None
    network: str = ""
    scope: Scope = Scope.EVERYWHERE
    place: str = ""
    minutes: float | None = None  # None: until it is lifted
    reason: str = ""
    show_reason: bool = False


@dataclass(slots=True)
class MeasureService:
    """Use cases of measures."""

    store: Store
    sessions: SessionService
    moderation: ModerationService
    lobbies: LobbyService
    presence: PresenceStore
    realtime: Realtime
    clock: Clock
    gate: Gate
    knows_room: Callable[[str], bool] = lambda _: True
    _mark: str | None = None

    # --- looking ---------------------------------------------------------------------------------------

    async def page(
        self,
        caller: Caller,
        *,
        active: bool = True,
        account_id: AccountId | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[Measure]:
        """Newest first, from before the measure `before` on. Raises PermissionDenied."""
        now = self.clock.now()

        def work(tx: Transaction) -> Sequence[Measure]:
            actor = role_within(tx, caller)
            require(actor, Permission.SEE_REPORTS)
            found = tx.measures.page(
                active_at=now if active else None,
                account_id=account_id,
                before=before,
                limit=max(1, min(limit, LONGEST_PAGE)),
            )
            return [_shown(one, actor) for one in found]

        return await self.store.read(work)

    async def get(self, caller: Caller, number: int) -> Measure:
        """One of them. Raises PermissionDenied and NotFound."""

        def work(tx: Transaction) -> Measure:
            actor = role_within(tx, caller)
            require(actor, Permission.SEE_REPORTS)
            return _shown(_known(tx, number), actor)

        return await self.store.read(work)

    # --- taking ----------------------------------------------------------------------------------------

    async def take(self, caller: Caller, wanted: NewMeasure) -> Measure:
        """Take a measure.

        Raises:
            PermissionDenied: the caller may not, or does not stand above the account; networks are for who may see
                addresses.
            NotFound: there is no such account, lobby or room.
            InvalidInput: a value makes no sense.

        """
        if (wanted.account_id is None) == (not wanted.network):
            raise InvalidInput("A measure is against an account or a network.", field="account_id")
        if wanted.minutes is not None and not 0 < wanted.minutes <= LONGEST_BAN.total_seconds() / 60:
            raise InvalidInput("The time makes no sense.", field="minutes", hint="Leave it out for no end.")
        self._check_place(wanted)
        if wanted.account_id is not None and wanted.scope is Scope.EVERYWHERE:
            return await self._take_everywhere(caller, wanted, wanted.account_id)
        if wanted.network and wanted.kind is MeasureKind.MUTE:
            raise InvalidInput("A network can be banned, not muted.", field="kind")
        if wanted.network and wanted.scope is Scope.ROOM:
            raise InvalidInput("A network can be banned from a lobby or a door, not from a room.", field="scope")
        network = network_of(wanted.network) if wanted.network else ""
        now = self.clock.now()
        permission = _PERMISSIONS[wanted.kind]

        def work(tx: Transaction) -> Measure:
            actor = role_within(tx, caller)
            require(actor, permission)
            name = ""
            if wanted.account_id is not None:
                name = _require_target(tx, actor, caller, wanted.account_id, permission).name
            else:
                require(actor, Permission.SEE_ADDRESSES)
            measure = tx.measures.add(
                Measure(
                    wanted.kind,
                    wanted.account_id,
                    name,
                    network,
                    wanted.scope,
                    wanted.place,
                    wanted.reason.strip()[:REASON_LENGTH],
                    wanted.show_reason,
                    caller.account_id,
                    caller.name,
                    now,
                    None if wanted.minutes is None else now + timedelta(minutes=wanted.minutes),
                    lockouts.new_code(),
                )
            )
            self._record(tx, caller, "measure.taken", measure, reason=measure.reason)
            return measure

        def told(measure: Measure) -> None:
            self.gate.put(measure)
            self._tell_staff(caller, "measure.taken", measure, f"{_VERBS[measure.kind]} {_subject(measure)}")

        measure = await self._changing(work, told)
        await self._apply(measure)
        return measure

    async def _take_everywhere(self, caller: Caller, wanted: NewMeasure, account_id: AccountId) -> Measure:
        if wanted.kind is MeasureKind.MUTE:
            await self.moderation.mute(
                caller, account_id, wanted.minutes, wanted.reason, show_reason=wanted.show_reason
            )
        else:
            days = None if wanted.minutes is None else wanted.minutes / 1440
            await self.moderation.ban(caller, account_id, days, wanted.reason, show_reason=wanted.show_reason)
        found = await self.store.read(lambda tx: tx.measures.everywhere(account_id, wanted.kind))
        if found is None:
            raise WrongState("Somebody else has lifted it at this moment.")
        return found

    def _check_place(self, wanted: NewMeasure) -> None:
        if wanted.scope is Scope.EVERYWHERE:
            if wanted.place:
                raise InvalidInput("What holds everywhere has no place.", field="place")
        elif wanted.scope is Scope.LOBBY:
            if not (wanted.place.isascii() and wanted.place.isdigit()):
                raise InvalidInput("A lobby is named by its number.", field="place")
            self.lobbies.lobby(int(wanted.place[:9]))
        elif wanted.scope is Scope.DOOR:
            if wanted.place not in DOORS:
                raise InvalidInput("There is no such door.", field="place", hint=f"{', '.join(DOORS)}.")
        elif not self.knows_room(wanted.place):
            raise NotFound("There is no such room in the world.")

    # --- changing and lifting --------------------------------------------------------------------------

    async def change(
        self,
        caller: Caller,
        number: int,
        *,
        minutes: float | None = None,
        without_end: bool = False,
        reason: str | None = None,
        show_reason: bool | None = None,
    ) -> Measure:
        """Have a measure end so many minutes from now, or not by itself; change its reason.

        Raises:
            PermissionDenied: as for taking it.
            NotFound, WrongState: there is no such measure, or it holds no more.
            InvalidInput: the time makes no sense.

        """
        if minutes is not None and not 0 < minutes <= LONGEST_BAN.total_seconds() / 60:
            raise InvalidInput("The time makes no sense.", field="minutes")
        now = self.clock.now()

        def work(tx: Transaction) -> Measure:
            measure = self._require_active(tx, caller, number, now)
            before = replace(measure)
            if without_end or minutes is not None:
                measure.ends_at = None if minutes is None else now + timedelta(minutes=minutes)
            if reason is not None:
                measure.reason = reason.strip()[:REASON_LENGTH]
            if show_reason is not None:
                measure.shows_reason = show_reason
            tx.measures.save(measure)
            detail = {"until_before": until(before), "until_after": until(measure)}
            if before.reason != measure.reason:
                detail |= {"reason_before": before.reason, "reason_after": measure.reason}
            self._record(tx, caller, "measure.changed", measure, **detail)
            return measure

        def told(measure: Measure) -> None:
            if measure.kind is MeasureKind.MUTE and measure.scope is Scope.EVERYWHERE:
                self.moderation.silence(measure)
            else:
                self.gate.put(measure)
            self._tell_staff(caller, "measure.changed", measure, f"changed the {measure.kind} of {_subject(measure)}")

        return await self._changing(work, told)

    async def lift(self, caller: Caller, number: int, reason: str = "") -> Measure:
        """End a measure before its time.

        Raises:
            PermissionDenied: the caller may not lift such measures, or does not stand above the account.
            NotFound, WrongState: there is no such measure, or it holds no more.

        """
        now = self.clock.now()
        tell: list[Callable[[], None]] = []

        def work(tx: Transaction) -> Measure:
            measure = self._require_active(tx, caller, number, now, lifting=True)
            tell[:] = [self.lift_within(tx, measure, caller, now, reason)]
            return measure

        return await self._changing(work, lambda _: tell[-1]())

    def lift_within(
        self, tx: Transaction, measure: Measure, caller: Caller, now: datetime, reason: str = ""
    ) -> Callable[[], None]:
        """Lift a measure in a transaction of the caller's, who has asked for the rights; returns what takes effect once
        that is saved."""
        measure.lifted_at, measure.lifted_by = now, caller.account_id
        tx.measures.save(measure)
        lockouts.note_change(tx)
        account: Account | None = None
        is_lock = measure.kind is MeasureKind.BAN and measure.scope is Scope.EVERYWHERE
        if is_lock and measure.account_id is not None:
            account = tx.accounts.get(measure.account_id)
            if account is not None and account.status is AccountStatus.DISABLED:
                account.status = AccountStatus.ACTIVE
                tx.accounts.save(account)
        self._record(tx, caller, "measure.lifted", measure, reason=reason.strip()[:REASON_LENGTH])

        def tell() -> None:
            if account is not None:
                self.moderation.readmitted(account)
            self._free(measure)
            self._tell_staff(caller, "measure.lifted", measure, f"lifted the {measure.kind} of {_subject(measure)}")

        return tell

    def _require_active(
        self, tx: Transaction, caller: Caller, number: int, now: datetime, *, lifting: bool = False
    ) -> Measure:
        actor = role_within(tx, caller)
        require(actor, Permission.SEE_REPORTS)
        measure = _known(tx, number)
        permission = _PERMISSIONS[measure.kind]
        if lifting and measure.kind is MeasureKind.BAN and measure.scope is Scope.EVERYWHERE:
            permission = Permission.LIFT_BAN
        require(actor, permission)
        if measure.account_id is not None:
            account = tx.accounts.get(measure.account_id)
            require_authority(actor, account.role if account is not None else Role.PLAYER, permission)
        else:
            require(actor, Permission.SEE_ADDRESSES)
        if not measure.is_active(now):
            raise WrongState("This measure is over.")
        return measure

    # --- a short one -----------------------------------------------------------------------------------

    async def kick(
        self,
        caller: Caller,
        account_id: AccountId,
        *,
        scope: Scope = Scope.EVERYWHERE,
        place: str = "",
        reason: str = "",
    ) -> int:
        """Put somebody out: of one lobby, of one door, or of all; they may come back. Returns of how many places.

        Raises:
            PermissionDenied: the caller may not, or does not stand above the account.
            NotFound: there is no such account.
            InvalidInput: the place makes no sense.

        """
        self._check_place(NewMeasure(MeasureKind.BAN, account_id, scope=scope, place=place))
        if scope is Scope.ROOM:
            raise InvalidInput("One is put out of a lobby or a door.", field="scope")
        now = self.clock.now()
        reason = reason.strip()[:REASON_LENGTH]

        def work(tx: Transaction) -> tuple[Account, list[Session]]:
            account = _require_target(tx, role_within(tx, caller), caller, account_id, Permission.KICK)
            detail = {"name": account.name, "scope": scope.value, "place": place, "reason": reason}
            tx.moderation.record(AuditEntry(now, caller.account_id, "account.kicked", account_id, detail))
            return account, [one for one in tx.sessions.of_account(account_id) if one.is_live(now)]

        places = 0

        def after(result: tuple[Account, list[Session]]) -> None:
            nonlocal places
            account, sessions = result
            words = f"You were removed by the staff{f': {reason}' if reason else '.'}"
            if scope is Scope.LOBBY:
                there = [one for one in self._in_lobbies(account_id) if str(one.room_id) == place]
                for one in there:
                    self._put_out(one, words, "removed", 4506)
                places = len(there)
            else:
                for session in sessions:
                    if scope is Scope.EVERYWHERE or session.door == place:
                        self.realtime.close_session(session.id, Disconnect("removed", words, False, 4506))
                        places += 1
            event = AdminEvent("account.kicked", account_id, f"{caller.name} removed {account.name}.")
            self.realtime.publish(STAFF_TOPIC, event_of(event, now, subject=StaffAct(caller.account_id)))

        await self.store.write(work, then=after)
        return places

    # --- taking effect ---------------------------------------------------------------------------------

    async def _apply(self, measure: Measure) -> None:
        """Somebody may be where they may not be any more, or is to be told."""
        if measure.kind is MeasureKind.MUTE:
            self._tell_person(measure, self.gate.muted_words(measure))
            return
        words = banned_words(measure, self.gate.appeal_at)
        if measure.scope is Scope.LOBBY:
            for one in self._everybody_under(measure):
                if str(one.room_id) == measure.place:
                    self._put_out(one, words, "banned", 4506)
        elif measure.scope is Scope.ROOM:
            self._tell_person(measure, words)  # they are kept from coming back to it
        else:
            await self._end_sessions(measure, words)

    async def _end_sessions(self, measure: Measure, words: str) -> None:
        """Sign out whom a ban through a door, or of a network, keeps out, and close the connections of guests."""
        now = self.clock.now()
        farewell = Disconnect("banned", words, False, 4506)

        def work(tx: Transaction) -> list[SessionId]:
            ended = []
            for session in tx.sessions.living(now):
                if measure.place not in ("", session.door) or not self._is_under(tx, measure, session):
                    continue
                session.revoked_at = now
                tx.sessions.save(session)
                ended.append(session.id)
            return ended

        def after(ended: list[SessionId]) -> None:
            for session_id in ended:
                self.realtime.close_session(session_id, farewell)
            self.sessions.ended(ended)
            for one in self._everybody_under(measure):
                if one.visitor.account_id is None and measure.place in ("", one.visitor.door):
                    self._put_out(one, words, "banned", 4506)

        await self.store.write(work, then=after)

    @staticmethod
    def _is_under(tx: Transaction, measure: Measure, session: Session) -> bool:
        if measure.account_id is not None:
            return session.account_id == measure.account_id
        if not _within(session.address, measure.network):
            return False
        account = tx.accounts.get(session.account_id)
        return account is not None and not account.role.includes(Role.MODERATOR)

    def _everybody_under(self, measure: Measure) -> list[Occupant]:
        """Who is in a lobby and meant by a ban."""
        if measure.account_id is not None:
            return self._in_lobbies(measure.account_id)
        return [
            one
            for one in self.lobbies.everybody()
            if _within(one.visitor.address, measure.network) and not one.visitor.role.includes(Role.MODERATOR)
        ]

    def _in_lobbies(self, account_id: AccountId) -> list[Occupant]:
        return [one for one in self.lobbies.everybody() if one.visitor.account_id == account_id]

    def _put_out(self, one: Occupant, words: str, reason: str, code: int) -> None:
        listener = one.visitor.listener
        self.lobbies.leave(listener, "kicked")
        if one.visitor.is_character:
            self.lobbies.line_to(listener, words)
        else:
            self.realtime.close(listener, Disconnect(reason, words, False, code))

    def _tell_person(self, measure: Measure, words: str) -> None:
        assert measure.account_id is not None
        present = self.presence.of_account(measure.account_id)
        if present is not None:
            self.realtime.send(present.character_id, event_of(SystemMessage(words, "warning"), self.clock.now()))
        for one in self._in_lobbies(measure.account_id):
            if not one.visitor.is_character:
                self.lobbies.line_to(one.visitor.listener, words)

    def _free(self, measure: Measure) -> None:
        """A measure is over before its time."""
        self.gate.drop(measure.number)
        if measure.kind is not MeasureKind.MUTE:
            return
        if measure.scope is Scope.EVERYWHERE:
            self.moderation.give_voice(measure)
        else:
            self._tell_person(measure, "You are no longer muted there.")

    # --- keeping up ------------------------------------------------------------------------------------

    async def catch_up(self) -> None:
        """Take note of measures that were taken or lifted beside this node. Call it before anybody comes in, and now
        and then."""
        now, changes = self.clock.now(), self.gate.changes

        def work(tx: Transaction) -> tuple[str, list[Measure] | None]:
            mark = tx.facts.get(lockouts.CHANGED_FACT) or ""
            return mark, None if mark == self._mark else tx.measures.in_force(now)

        mark, found = await self.store.read(work)
        if found is None or changes != self.gate.changes:
            return  # nothing is new, or what was read is old already: the next round reads again
        is_first, self._mark = self._mark is None, mark
        before = dict(self.gate.known)
        self.gate.fill(found)
        if is_first:
            return
        for measure in found:
            if measure.number in before:
                continue
            if measure.kind is MeasureKind.MUTE and measure.scope is Scope.EVERYWHERE:
                self.moderation.silence(measure)
            elif measure.network or measure.scope is not Scope.EVERYWHERE:
                await self._apply(measure)
        held = {measure.number for measure in found}
        for number, measure in before.items():
            if number not in held and measure.is_active(now):
                self._free(measure)

    async def sweep(self) -> int:
        """Forget measures that have been over for a year. Run regularly."""
        over = self.clock.now() - _KEPT_OVER
        return await self.store.write(lambda tx: tx.measures.delete_over(over))

    async def _changing(self, work: Callable[[Transaction], Measure], told: Callable[[Measure], None]) -> Measure:
        def marked(tx: Transaction) -> Measure:
            measure = work(tx)
            lockouts.note_change(tx)
            return measure

        return await self.store.write(marked, then=told)

    def _record(self, tx: Transaction, caller: Caller, action: str, measure: Measure, **detail: str) -> None:
        entry = {
            "name": measure.name or measure.network,
            "measure": str(measure.number),
            "kind": measure.kind.value,
            "scope": measure.scope.value,
            "place": measure.place,
            "until": until(measure),
            **detail,
        }
        tx.moderation.record(AuditEntry(self.clock.now(), caller.account_id, action, measure.subject, entry))

    def _tell_staff(self, caller: Caller, action: str, measure: Measure, what: str) -> None:
        message = f"{caller.name} {what}{where(measure)}, {until(measure)}."
        event = AdminEvent(action, measure.account_id or "", message)
        self.realtime.publish(STAFF_TOPIC, event_of(event, self.clock.now(), subject=StaffAct(caller.account_id)))


_PERMISSIONS: Final = {MeasureKind.BAN: Permission.BAN, MeasureKind.MUTE: Permission.MUTE}
_VERBS: Final = {MeasureKind.BAN: "banned", MeasureKind.MUTE: "muted"}


def named(by: str) -> str:
    """Who took a measure whose name was not noted."""
    return _NAMES.get(by, "")


_NAMES: Final = {"cli": "the command line", "system": "the server"}


def _subject(measure: Measure) -> str:
    return measure.name if measure.account_id is not None else NETWORK


def _shown(measure: Measure, actor: Rights) -> Measure:
    """Without the addresses, to who may not see them."""
    if measure.network and not actor.may(Permission.SEE_ADDRESSES):
        return replace(measure, network=NETWORK)
    return measure


def _known(tx: Transaction, number: int) -> Measure:
    measure = tx.measures.get(number)
    if measure is None:
        raise NotFound("There is no such measure.")
    return measure


def _require_target(
    tx: Transaction, actor: Rights, caller: Caller, account_id: AccountId, permission: Permission
) -> Account:
    require(actor, permission)
    account = tx.accounts.get(account_id)
    if account is None or account.status is AccountStatus.DELETED:
        raise NotFound("There is no such account.")
    if account_id == caller.account_id:
        raise PermissionDenied("You may not take measures against yourself.")
    require_authority(actor, account.role, permission)
    return account


def _within(address: str, network: str) -> bool:
    plain = plain_address(address)
    return plain is not None and ipaddress.ip_address(plain) in ipaddress.ip_network(network)
