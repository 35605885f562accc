"""What staff sees of accounts: who there is, and everything that is known of one person.

Looking needs the role of a moderator; e-mail addresses, network addresses and the record are for admins. What
staff does about people is the business of `services.accounts` and `services.moderation`; `Dossier.may` says which
of it the one who looks is allowed to do, by the same rules that will be asked when they do it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from mythgate.domain.accounts import (
    Account,
    AccountStatus,
    Role,
    is_hidden,
    logins,
)
from mythgate.domain.characters import Character
from mythgate.domain.clans import Clan, Membership
from mythgate.domain.errors import PermissionDenied
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import LobbyKind
from mythgate.domain.moderation import AuditEntry, Mute
from mythgate.domain.permissions import Permission, Rights, require, require_authority, require_grant
from mythgate.domain.ratings import Category, Ranked
from mythgate.domain.results import Result
from mythgate.domain.sessions import Caller, Session
from mythgate.services import lockouts
from mythgate.services.accounts import role_within
from mythgate.services.lobbies import LobbyService
from mythgate.services.ports import Clock, PresenceStore, Store, Transaction
from mythgate.services.ratings import RatingService
from mythgate.services.sessions import SessionService

LONGEST_PAGE: Final = 100
RECENT_RESULTS: Final = 10
RECENT_ACTS: Final = 30
_LOCKING: Final = frozenset({"account.banned", "account.disabled"})
_ACTS_TO_SEARCH: Final = 200


class Act(StrEnum):
    """Something staff may do about an account."""

    LOCK = "lock"
    UNLOCK = "unlock"
    RESET_PASSWORD = "reset_password"  # noqa: S105 (the name of an act)
    SET_ROLE = "set_role"
    HIDE = "hide"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """One place an account is in now: a lobby, or the world."""

    door: str
    client: str
    lobby: int | None  # None: the world


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list of accounts."""

    account: Account
    hidden: bool
    locked_until: datetime | None  # None: not locked, or without an end
    whereabouts: Sequence[Whereabouts]
    """Without the lobby of who is hidden, unless an admin looks."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list, by age. `following` is what the next page comes after; None: this is the last."""

    people: Sequence[Listed]
    following: AccountId | None


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock that an account is under."""

    at: datetime | None  # None: it was locked too long ago to know more
    by: str
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything about one account. What only admins may see is None for others."""

    listed: Listed
    lock: Lock | None
    mute: Mute | None
    has_game_password: bool
    email: str | None
    logins: Mapping[str, int]
    last_seen_at: datetime | None
    sessions: Sequence[Session]
    characters: Sequence[Character]
    clan: Clan | None
    membership: Membership | None
    played: Mapping[LobbyKind, int]
    standings: Mapping[Category, Ranked]
    results: Sequence[Result]
    record: Sequence[AuditEntry] | None
    names: Mapping[str, str]  # of those who acted, by account
    shows_addresses: bool
    may: frozenset[Act]
    grantable: Sequence[Role]


@dataclass(frozen=True, slots=True)
class StaffStanding:
    """What somebody may do: of their role or token, and what is left of it until the second factor is shown."""

    role: Role
    permissions: Sequence[Permission]
    now: Sequence[Permission]


class AdministrationService:
    """Use cases of looking at accounts."""

    def __init__(
        self,
        *,
        store: Store,
        sessions: SessionService,
        ratings: RatingService,
        lobbies: LobbyService,
        presence: PresenceStore,
        clock: Clock,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._ratings = ratings
        self._lobbies = lobbies
        self._presence = presence
        self._clock = clock

    async def standing(self, caller: Caller) -> StaffStanding:
        """What the caller may do."""
        rights = await self._store.read(lambda tx: role_within(tx, caller))
        held, now = replace(rights, is_proven=True).permissions(), rights.permissions()
        return StaffStanding(
            rights.role, [one for one in Permission if one in held], [one for one in Permission if one in now]
        )

    async def search(
        self,
        caller: Caller,
        text: str = "",
        *,
        role: Role | None = None,
        status: AccountStatus | None = None,
        limit: int = 50,
        after: AccountId | None = None,
    ) -> Page:
        """Accounts whose name contains `text`, by age, `limit` at once; the next page comes after `Page.following`.

        Raises:
            PermissionDenied: the caller is no moderator.

        """
        limit = max(1, min(limit, LONGEST_PAGE))

        def work(tx: Transaction) -> Page:
            actor = role_within(tx, caller)
            require(actor, Permission.SEE_PEOPLE)
            ends = lockouts.ends(tx)
            # One more than is shown, to know whether there are more.
            found = tx.accounts.search(text, role=role, status=status, limit=limit + 1, after=after)
            return Page(
                [self._listed(account, ends.get(account.id), actor) for account in found[:limit]],
                found[limit - 1].id if len(found) > limit else None,
            )

        return await self._store.read(work)

    async def dossier(self, caller: Caller, account_id: AccountId) -> Dossier:
        """Everything about one account that the caller may see.

        Raises:
            PermissionDenied: the caller is no moderator.
            NotFound: there is no such account.

        """
        number = await self._store.read(lambda tx: self._number(tx, caller, account_id))
        standings = await self._ratings.standings(number)
        sessions = await self._sessions.living_of(account_id)
        now = self._clock.now()

        def work(tx: Transaction) -> Dossier:
            actor = role_within(tx, caller)
            require(actor, Permission.SEE_PEOPLE)
            account = tx.accounts.require(account_id)
            membership = tx.clans.membership(account_id)
            mute = tx.moderation.mute_of(account_id)
            record = tx.moderation.audit(subject=account_id, limit=_ACTS_TO_SEARCH)
            until = lockouts.ends(tx).get(account_id)
            sees_addresses = actor.may(Permission.SEE_ADDRESSES)
            shown = record[:RECENT_ACTS] if actor.may(Permission.SEE_RECORD) else None
            lock = _lock(account, record, until)
            actors = {act.actor for act in shown or ()} | ({lock.by} if lock is not None else set())
            known = ((one, tx.accounts.get(AccountId(one))) for one in actors)
            return Dossier(
                listed=self._listed(account, until, actor),
                lock=lock,
                mute=mute if mute is not None and mute.is_active(now) else None,
                has_game_password=tx.game_passwords.get(account_id) is not None,
                email=account.email if sees_addresses else None,
                logins=logins(account),
                last_seen_at=max((one.last_seen_at for one in sessions), default=account.last_login_at),
                sessions=sessions,
                characters=tx.characters.of_account(account_id),
                clan=tx.clans.get(membership.clan) if membership is not None else None,
                membership=membership,
                played=tx.results.played(account_id),
                standings=standings,
                results=tx.results.recent(account_id=account_id, limit=RECENT_RESULTS),
                record=shown,
                names={one: named.name for one, named in known if named is not None},
                shows_addresses=sees_addresses,
                may=frozenset(act for act, allow in _RULES.items() if _allows(allow, caller, actor, account)),
                grantable=[role for role in Role if _allows(_to(role), caller, actor, account)],
            )

        return await self._store.read(work)

    @staticmethod
    def _number(tx: Transaction, caller: Caller, account_id: AccountId) -> int:
        require(role_within(tx, caller), Permission.SEE_PEOPLE)
        return tx.accounts.require(account_id).number

    def _listed(self, account: Account, until: datetime | None, actor: Rights) -> Listed:
        whereabouts = []
        present = self._presence.of_account(account.id)
        if present is not None:
            whereabouts.append(Whereabouts(present.door, present.client, None))
        occupant = self._lobbies.by_number(account.number)
        if occupant is not None and (actor.may(Permission.HIDE) or not occupant.visitor.hidden):
            whereabouts.append(Whereabouts(occupant.visitor.door, occupant.visitor.client, occupant.room_id))
        return Listed(account, is_hidden(account), until, whereabouts)


def _lock(account: Account, record: Sequence[AuditEntry], until: datetime | None) -> Lock | None:
    """The lock an account is under, as far as the record (newest first) knows of it."""
    if account.status is not AccountStatus.DISABLED:
        return None
    for act in record:
        if act.action in _LOCKING:
            return Lock(act.at, act.actor, act.detail.get("reason", ""), until)
    return Lock(None, "", "", until)


# --- what one may do -------------------------------------------------------------------------------

Rule = Callable[[Caller, Rights, Account], None]
"""Raises PermissionDenied if a caller with these rights may not do it about an account."""


def _may_lock(caller: Caller, actor: Rights, account: Account) -> None:
    require_authority(actor, account.role, Permission.BAN)
    _require(account.id != caller.account_id and account.status is AccountStatus.ACTIVE)


def _may_unlock(caller: Caller, actor: Rights, account: Account) -> None:
    del caller
    require_authority(actor, account.role, Permission.LIFT_BAN)
    _require(account.status is AccountStatus.DISABLED)


def _may_reset(caller: Caller, actor: Rights, account: Account) -> None:
    require_authority(actor, account.role, Permission.RESET_PASSWORD)
    _require(account.id != caller.account_id and not account.is_guest)


def _may_hide(caller: Caller, actor: Rights, account: Account) -> None:
    require(actor, Permission.HIDE)
    _require(account.role.includes(Role.MODERATOR))
    if account.id != caller.account_id:
        require_authority(actor, account.role, Permission.HIDE)


def _may_set_role(caller: Caller, actor: Rights, account: Account) -> None:
    _require(any(_allows(_to(role), caller, actor, account) for role in Role))


def _to(granted: Role) -> Rule:
    def rule(caller: Caller, actor: Rights, account: Account) -> None:
        del caller
        _require(granted is not account.role and not account.is_guest)
        require_grant(actor, account.role, granted)

    return rule


_RULES: Final[Mapping[Act, Rule]] = {
    Act.LOCK: _may_lock,
    Act.UNLOCK: _may_unlock,
    Act.RESET_PASSWORD: _may_reset,
    Act.SET_ROLE: _may_set_role,
    Act.HIDE: _may_hide,
}


def _require(fits: bool) -> None:
    if not fits:
        raise PermissionDenied


def _allows(rule: Rule, caller: Caller, actor: Rights, account: Account) -> bool:
    if account.status is AccountStatus.DELETED:
        return False
    try:
        rule(caller, actor, account)
    except PermissionDenied:
        return False
    return True
