"""Clans: founded, joined, led, left, and disbanded when they stay too small.

Passwords are hashed as those of accounts are, and guesses are counted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from mythgate.domain import clans as rules
from mythgate.domain.clans import Clan, ClanDetails, ClanMember, ClanRank, Membership
from mythgate.domain.errors import BadCredentials, Conflict, NotFound, PermissionDenied, TooMany
from mythgate.domain.events import ClanChanged, ClanMemberView
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Occupant
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.names import name_key
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.departed import leave_clan
from mythgate.services.errands import Errands
from mythgate.services.friends import Whereabouts, present, self_of, tell
from mythgate.services.ports import Clock, PasswordHasher, Rate, Realtime, Store, Throttle, Transaction

log = logging.getLogger(__name__)

GUESSES: Final = Rate(5, timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class ClanView:
    """A clan with its members, the longest-standing first."""

    clan: Clan
    members: Sequence[ClanMember]


class ClanService:
    """Use cases around clans. The actor is an account that its door has authenticated."""

    def __init__(
        self,
        *,
        store: Store,
        hasher: PasswordHasher,
        throttle: Throttle,
        realtime: Realtime,
        lobbies: Whereabouts,
        clock: Clock,
    ) -> None:
        self._store = store
        self._hasher = hasher
        self.check_name: Callable[[str, str], None] = lambda *_: None  # what the staff does not want clans to be called
        self._throttle = throttle
        self._realtime = realtime
        self._lobbies = lobbies
        self._clock = clock
        self._errands = Errands("clans")
        self._observers: list[Callable[[Sequence[int]], None]] = []

    def on_ties_changed(self, observer: Callable[[Sequence[int]], None]) -> None:
        """Have `observer` told of accounts, by number, that came to a clan or left one."""
        self._observers.append(observer)

    # --- looking ---

    async def all(self) -> list[Clan]:
        """Every clan, the oldest first."""
        return await self._store.read(lambda tx: tx.clans.all())

    async def views(self) -> list[ClanView]:
        """Every clan with its members, the oldest first."""
        return await self._store.read(lambda tx: [_view(tx, clan.number) for clan in tx.clans.all()])

    async def view(self, number: int) -> ClanView:
        """A clan and its members. Raises NotFound."""
        return await self._store.read(lambda tx: _view(tx, number))

    async def find(self, name: str) -> ClanView:
        """The clan that has this name or one that looks like it. Raises NotFound."""

        def work(tx: Transaction) -> ClanView:
            clan = tx.clans.by_name_key(name_key(name))
            if clan is None:
                raise NotFound("There is no such clan.")
            return _view(tx, clan.number)

        return await self._store.read(work)

    async def of_account(self, account_id: AccountId) -> ClanView | None:
        """The clan somebody is in."""

        def work(tx: Transaction) -> ClanView | None:
            membership = tx.clans.membership(account_id)
            return _view(tx, membership.clan) if membership is not None else None

        return await self._store.read(work)

    async def online(self, account_id: AccountId) -> list[Occupant]:
        """The members of somebody's clan who are in a lobby."""
        view = await self.of_account(account_id)
        members = view.members if view is not None else ()
        return [found for one in members if (found := present(self._lobbies, one.number)) is not None]

    # --- founding, joining, leaving ---

    async def found(
        self,
        actor: AccountId,
        name: str,
        *,
        maintenance_password: str,
        member_password: str,
        details: ClanDetails | None = None,
    ) -> ClanView:
        """Make a clan and lead it.

        Raises:
            InvalidInput, NameTaken: a value does not fit.
            Conflict: the actor is in a clan.
            PermissionDenied: guests found no clans.

        """
        name = rules.clan_name(name)
        self.check_name(name, "name")
        details = details or ClanDetails()
        rules.check_details(details)
        rules.check_clan_password(maintenance_password, field="maintenance_password")
        rules.check_clan_password(member_password, field="member_password")
        hashes = await self._hasher.hash(maintenance_password), await self._hasher.hash(member_password)
        now = self._clock.now()

        def work(tx: Transaction) -> ClanView:
            self_of(tx, actor)
            clan = Clan(name, name_key(name), now, *hashes)
            _describe(clan, details)
            rules.note_size(clan, 1, now)
            clan = tx.clans.add(clan)
            if not tx.clans.join(rules.joined(clan, (), actor, now)):
                raise Conflict("You are in a clan already.", hint="Leave it first.")
            self._record(tx, actor, "clan.founded", clan)
            return _view(tx, clan.number)

        return await self._store.write(work, then=self._tell_with)

    async def join(self, actor: AccountId, number: int, member_password: str) -> ClanView:
        """Become a member.

        Raises:
            NotFound: there is no such clan.
            BadCredentials: the password is wrong.
            TooMany: too many wrong ones lately.
            LimitReached: the clan is full.
            Conflict: the actor is in a clan.

        """
        clan = (await self.view(number)).clan
        await self._prove(actor, clan, clan.member_hash, member_password)
        now = self._clock.now()

        def work(tx: Transaction) -> ClanView:
            self_of(tx, actor)
            found = tx.clans.require(number)
            if found.member_hash != clan.member_hash:
                raise BadCredentials("The password of the clan is wrong.")
            members = tx.clans.members(number)
            if not tx.clans.join(rules.joined(found, members, actor, now)):
                raise Conflict("You are in a clan already.", hint="Leave it first.")
            if rules.note_size(found, len(members) + 1, now):
                tx.clans.save(found)
            self._record(tx, actor, "clan.joined", found)
            return _view(tx, number)

        return await self._store.write(work, then=self._tell_with)

    async def leave(self, actor: AccountId) -> None:
        """Be in no clan any more; the lead passes on. Raises NotFound if the actor is in none."""

        def work(tx: Transaction) -> tuple[ClanView | None, int]:
            me = self_of(tx, actor)
            membership = tx.clans.membership(actor)
            if membership is None:
                raise NotFound("You are in no clan.")
            self._record(tx, actor, "clan.left", tx.clans.require(membership.clan))
            number = leave_clan(tx, actor, self._clock.now())
            return (_view(tx, number) if tx.clans.get(number) is not None else None), me.number

        await self._store.write(work, then=self._tell_without)

    # --- leading ---

    async def update(
        self,
        actor: AccountId,
        number: int,
        details: ClanDetails,
        *,
        maintenance_password: str | None = None,
        new_maintenance_password: str | None = None,
        new_member_password: str | None = None,
    ) -> ClanView:
        """Change what a clan says of itself, and its passwords; for its leader, or with the maintenance password.

        Raises:
            PermissionDenied: the actor does not lead the clan and gave no password.
            BadCredentials, TooMany: the password is wrong.
            InvalidInput: a value does not fit.

        """
        rules.check_details(details)
        new_hashes: list[str | None] = []
        for field, password in (
            ("maintenance_password", new_maintenance_password),
            ("member_password", new_member_password),
        ):
            if password is not None:
                rules.check_clan_password(password, field=field)
            new_hashes.append(None if password is None else await self._hasher.hash(password))
        proven = await self._proven(actor, number, maintenance_password)

        def work(tx: Transaction) -> ClanView:
            clan = self._led(tx, actor, number, proven)
            _describe(clan, details)
            clan.maintenance_hash = new_hashes[0] or clan.maintenance_hash
            clan.member_hash = new_hashes[1] or clan.member_hash
            tx.clans.save(clan)
            self._record(tx, actor, "clan.changed", clan)
            return _view(tx, number)

        return await self._store.write(work, then=self._tell)

    async def dismiss(
        self, actor: AccountId, number: int, target: int, *, maintenance_password: str | None = None
    ) -> None:
        """Send the member with the account number `target` away; for higher ranks, or with the maintenance password.

        Raises:
            NotFound: there is no such clan or member.
            PermissionDenied, BadCredentials, TooMany: as `update`.

        """
        proven = await self._proven(actor, number, maintenance_password)

        def work(tx: Transaction) -> tuple[ClanView | None, int]:
            self_of(tx, actor)
            clan = tx.clans.require(number)
            members = tx.clans.members(number)
            account = tx.accounts.by_number(target)
            leaving = rules.member(members, account.id if account is not None else AccountId(""))
            if proven is None:
                rules.require_dismissal(_own(members, actor), leaving)
            elif clan.maintenance_hash != proven:
                raise BadCredentials("The password of the clan is wrong.")
            self._record(tx, actor, "clan.member_dismissed", clan, member=leaving.account_id)
            leave_clan(tx, leaving.account_id, self._clock.now())
            return (_view(tx, number) if tx.clans.get(number) is not None else None), target

        await self._store.write(work, then=self._tell_without)

    async def set_rank(self, actor: AccountId, target: int, rank: ClanRank) -> ClanView:
        """Give a member of the actor's clan another rank; for the leader.

        Raises:
            NotFound: the actor is in no clan, or `target` not in it.
            PermissionDenied: the actor does not lead it, or would leave it without a leader.

        """

        def work(tx: Transaction) -> ClanView:
            self_of(tx, actor)
            mine = tx.clans.membership(actor)
            if mine is None:
                raise NotFound("You are in no clan.")
            clan = tx.clans.require(mine.clan)
            members = tx.clans.members(clan.number)
            account = tx.accounts.by_number(target)
            theirs = rules.member(members, account.id if account is not None else AccountId(""))
            before = theirs.rank
            for membership in rules.ranked_anew(rules.member(members, actor), theirs, rank):
                tx.clans.set_rank(membership)
            change = {"member": theirs.account_id, "before": before, "after": rank}
            self._record(tx, actor, "clan.rank_changed", clan, **change)
            return _view(tx, clan.number)

        return await self._store.write(work, then=self._tell)

    async def disband(self, caller: Caller, number: int) -> None:
        """Delete a clan; for its leader, and for admins and up. Raises NotFound, PermissionDenied."""

        def work(tx: Transaction) -> ClanView:
            tx.clans.require(number)
            members = tx.clans.members(number)
            if any(one.account_id == caller.account_id and one.rank is ClanRank.LEADER for one in members):
                self_of(tx, caller.account_id)
            else:
                require(role_within(tx, caller), Permission.RUN_CLANS)
            return self._disband(tx, caller.account_id, number)

        await self._store.write(work, then=self._tell_gone)

    async def maintain(self) -> list[str]:
        """Disband clans that were too small for too long; returns their names. To be called daily."""
        now = self._clock.now()

        def work(tx: Transaction) -> list[ClanView]:
            gone = []
            for clan in tx.clans.all():
                if rules.note_size(clan, len(tx.clans.members(clan.number)), now):
                    tx.clans.save(clan)
                if rules.is_lapsed(clan, now):
                    gone.append(self._disband(tx, "system", clan.number))
            return gone

        def then(gone: list[ClanView]) -> None:
            for view in gone:
                self._tell_gone(view)

        return [view.clan.name for view in await self._store.write(work, then=then)]

    # --- where they are ---

    def whereabouts_changed(self, occupant: Occupant) -> None:
        """Somebody entered a lobby, or is about to leave one: their clan hears of it."""
        if occupant.visitor.account_id is not None:
            self._errands.start(self._spread(occupant.visitor.account_id))

    async def _spread(self, account_id: AccountId) -> None:
        view = await self.of_account(account_id)
        if view is not None:
            self._tell(view)

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        await self._errands.settle()

    def _tell(self, view: ClanView) -> None:
        """All members who are on."""
        payload = ClanChanged(view.clan.number, view.clan.name, self.member_views(view))
        for member in view.members:
            tell(self._realtime, self._lobbies, self._clock, member.number, lambda: payload)

    def _tell_with(self, view: ClanView) -> None:
        self._tell_ties([member.number for member in view.members])
        self._tell(view)

    def _tell_ties(self, numbers: Sequence[int]) -> None:
        for observer in self._observers:
            observer(numbers)

    def _tell_without(self, result: tuple[ClanView | None, int]) -> None:
        view, number = result
        self._tell_ties([number])
        tell(self._realtime, self._lobbies, self._clock, number, lambda: ClanChanged(0, "", []))
        if view is not None:
            self._tell(view)

    def _tell_gone(self, view: ClanView) -> None:
        self._tell_ties([member.number for member in view.members])
        for member in view.members:
            tell(self._realtime, self._lobbies, self._clock, member.number, lambda: ClanChanged(0, "", []))

    def member_views(self, view: ClanView) -> list[ClanMemberView]:
        """A clan's members as clients are told of them."""
        found = [(one, present(self._lobbies, one.number)) for one in view.members]
        return [
            ClanMemberView(one.number, one.name, one.rank.value, None if where is None else where.room_id)
            for one, where in found
        ]

    # --- parts ---

    async def _prove(self, actor: AccountId, clan: Clan, stored: str, password: str) -> None:
        key = f"clan:{clan.number}:{actor}"
        wait = await self._throttle.hit(key, GUESSES)
        if wait is not None:
            raise TooMany("Too many wrong passwords for this clan.", retry_after=wait)
        if not await self._hasher.verify(stored, password):
            raise BadCredentials("The password of the clan is wrong.", hint="Ask a member for it.")
        await self._throttle.clear(key)

    async def _proven(self, actor: AccountId, number: int, password: str | None) -> str | None:
        """The maintenance hash that `password` fits; None without a password."""
        if password is None:
            return None
        clan = (await self.view(number)).clan
        await self._prove(actor, clan, clan.maintenance_hash, password)
        return clan.maintenance_hash

    def _led(self, tx: Transaction, actor: AccountId, number: int, proven: str | None) -> Clan:
        self_of(tx, actor)
        clan = tx.clans.require(number)
        if proven is None:
            if _own(tx.clans.members(number), actor).rank is not ClanRank.LEADER:
                raise PermissionDenied("Only the leader changes a clan.")
        elif clan.maintenance_hash != proven:
            raise BadCredentials("The password of the clan is wrong.")
        return clan

    def _disband(self, tx: Transaction, actor: str, number: int) -> ClanView:
        view = _view(tx, number)
        tx.clans.delete(number)
        self._record(tx, actor, "clan.disbanded", view.clan)
        log.info("clan disbanded", extra={"clan": number})
        return view

    def _record(self, tx: Transaction, actor: str, action: str, clan: Clan, **detail: str) -> None:
        entry = AuditEntry(self._clock.now(), actor, action, f"clan:{clan.number}", {"name": clan.name, **detail})
        tx.moderation.record(entry)


def _view(tx: Transaction, number: int) -> ClanView:
    return ClanView(tx.clans.require(number), tx.clans.roster(number))


def _describe(clan: Clan, details: ClanDetails) -> None:
    clan.motto, clan.url = details.motto, details.url
    clan.contact, clan.motd = details.contact, details.motd


def _own(members: Sequence[Membership], actor: AccountId) -> Membership:
    try:
        return rules.member(members, actor)
    except NotFound:
        raise PermissionDenied("You are not a member of this clan.") from None
