"""Bringing people over from another server: accounts, clans, friends and scores.

Everything happens in one transaction: an import is done whole or not at all, and a dry run is an import that is
undone at the end. What was brought over before is known by its key there and left as it is, so that an import can
be repeated. What cannot be brought over is reported with the reason and stops nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from mythgate.domain import clans as clan_rules
from mythgate.domain.accounts import HIDDEN, Account, AccountStatus
from mythgate.domain.clans import Clan
from mythgate.domain.errors import Refused
from mythgate.domain.foreign import Damage, Foreign, ForeignAccount, ForeignClan
from mythgate.domain.friends import FriendAct, FriendState, changed, require_other
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Looks
from mythgate.domain.moderation import ACCOUNT_IMPORTED, AuditEntry
from mythgate.domain.names import account_name, name_key
from mythgate.domain.profiles import Profile
from mythgate.domain.sessions import OPERATOR
from mythgate.services.ports import Clock, Ids, PasswordHasher, Store, Transaction

Keyed = TypeVar("Keyed", ForeignAccount, ForeignClan)

log = logging.getLogger(__name__)

# --- what became of it -----------------------------------------------------------------------------


class Kind(StrEnum):
    ACCOUNT = "accounts"
    PROFILE = "profiles"  # of accounts that were brought
    CLAN = "clans"
    MEMBER = "clan members"
    FRIEND = "friends"


@dataclass(slots=True)
class Tally:
    """What became of the records of one kind: `found` is the sum of the others."""

    found: int = 0
    brought: int = 0
    known: int = 0  # brought over before
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """A record that was not brought over."""

    kind: Kind
    record: str
    why: str


@dataclass(slots=True)
class ImportReport:
    """What an import did, or would do."""

    source: str
    dry_run: bool
    tallies: dict[Kind, Tally] = field(default_factory=lambda: {kind: Tally() for kind in Kind})
    troubles: list[Trouble] = field(default_factory=list)
    damaged: Sequence[Damage] = ()
    without_password: int = 0  # brought over, and cannot sign in before staff gives them a password


class _Undone(Refused):
    """The end of a dry run."""

    def __init__(self, report: ImportReport) -> None:
        self.report = report
        super().__init__("This was a dry run.")


SCORE_PREFIX: Final = "imported."  # among an account's numbers


@dataclass(frozen=True, slots=True)
class _Secrets:
    """Hashes that were computed before the transaction, by key."""

    accounts: Mapping[str, str]
    clans: Mapping[str, tuple[str, str]]
    refused: Mapping[str, str]


class ImportService:
    """Use cases around imports; for the operator at the machine."""

    def __init__(self, *, store: Store, hasher: PasswordHasher, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._ids = ids

    async def bring(self, foreign: Foreign, *, dry_run: bool = False) -> ImportReport:
        """Bring over what is not here yet. With `dry_run`, say what would happen and change nothing."""
        secrets = await self._secrets(foreign)

        def work(tx: Transaction) -> ImportReport:
            report = _Import(tx, foreign, secrets, self._clock.now(), self._ids, dry_run=dry_run).run()
            if dry_run:
                raise _Undone(report)
            return report

        try:
            report = await self._store.write(work)
        except _Undone as undone:
            return undone.report
        log.info("imported", extra={"source": foreign.source, "accounts": report.tallies[Kind.ACCOUNT].brought})
        return report

    async def _secrets(self, foreign: Foreign) -> _Secrets:
        """Hash the passwords of those who are not here yet: each takes long, and nothing may wait for them."""

        def work(tx: Transaction) -> tuple[list[ForeignAccount], list[ForeignClan]]:
            new_accounts = [
                one
                for one in _first(foreign.accounts)
                if tx.imported.ours(foreign.source, Kind.ACCOUNT, one.key) is None
            ]
            new_clans = [
                one for one in _first(foreign.clans) if tx.imported.ours(foreign.source, Kind.CLAN, one.key) is None
            ]
            return new_accounts, new_clans

        accounts: dict[str, str] = {}
        refused: dict[str, str] = {}
        new_accounts, new_clans = await self._store.read(work)
        for one in new_accounts:
            try:
                if one.password_hash:
                    accounts[one.key] = await self._hasher.adopt(one.password_hash)
                elif one.password:
                    accounts[one.key] = await self._hasher.hash(one.password)
            except Refused as error:
                refused[one.key] = error.message
        clans = {
            one.key: (await self._clan_hash(one.maintenance_password), await self._clan_hash(one.member_password))
            for one in new_clans
        }
        return _Secrets(accounts, clans, refused)

    async def _clan_hash(self, password: str) -> str:
        """Without a password there is none that fits."""
        return await self._hasher.hash(password) if password else ""


def _first(records: Sequence[Keyed]) -> list[Keyed]:
    """Without those whose key was there before: they are refused whole, and lend nothing to the record they repeat."""
    found: dict[str, Keyed] = {}
    for one in records:
        found.setdefault(one.key, one)
    return list(found.values())


def _called(foreign: ForeignAccount, key: str, names: Mapping[str, str]) -> str:
    """What people know the person or clan by that `foreign` names by `key`."""
    return names.get(key) or foreign.written.get(key) or key


class _Import:
    """One import within its transaction."""

    def __init__(
        self, tx: Transaction, foreign: Foreign, secrets: _Secrets, now: datetime, ids: Ids, *, dry_run: bool
    ) -> None:
        self._tx = tx
        self._foreign = foreign
        self._secrets = secrets
        self._now = now
        self._ids = ids
        self._report = ImportReport(foreign.source, dry_run, damaged=foreign.damaged)
        self._seen: set[tuple[Kind, str]] = set()
        self._people = {one.key: one.name for one in _first(foreign.accounts)}
        self._clans = {one.key: one.name for one in _first(foreign.clans)}

    def run(self) -> ImportReport:
        for clan in self._foreign.clans:
            self._clan(clan)
        for account in self._foreign.accounts:
            self._account(account)
        for account in _first(self._foreign.accounts):
            self._profile(account)
            if account.clan:
                self._member(account)
            for friend in account.friends:
                self._friend(account, friend)
        self._settle_sizes()
        brought = {kind.value: str(tally.brought) for kind, tally in self._report.tallies.items()}
        subject = f"import:{self._foreign.source}"
        self._tx.moderation.record(AuditEntry(self._now, OPERATOR.account_id, "import.done", subject, brought))
        return self._report

    # --- one record each ---

    def _account(self, foreign: ForeignAccount) -> None:
        if not self._is_new(Kind.ACCOUNT, foreign.key, foreign.name):
            return
        if foreign.key in self._secrets.refused:
            self._refuse(Kind.ACCOUNT, foreign.name, self._secrets.refused[foreign.key])
            return
        try:
            name = account_name(foreign.name)
            account = self._tx.accounts.add(self._new_account(foreign, name))
        except Refused as error:
            self._refuse(Kind.ACCOUNT, foreign.name, error.message)
            return
        self._bring(Kind.ACCOUNT, foreign.key, account.id)
        self._report.without_password += not account.password_hash
        detail = {"source": self._foreign.source, "name": foreign.name}
        self._tx.moderation.record(AuditEntry(self._now, OPERATOR.account_id, ACCOUNT_IMPORTED, account.id, detail))

    def _new_account(self, foreign: ForeignAccount, name: str) -> Account:
        return Account(
            id=AccountId(self._ids.new()),
            name=name,
            name_key=name_key(name),
            password_hash=self._secrets.accounts.get(foreign.key, ""),
            created_at=foreign.created_at or self._now,
            role=foreign.role,
            status=AccountStatus.DISABLED if foreign.disabled else AccountStatus.ACTIVE,
            email=foreign.email,
            last_login_at=foreign.last_login_at,
            stats=({HIDDEN: 1} if foreign.hidden else {})
            | {SCORE_PREFIX + name: value for name, value in foreign.scores.items()},
        )

    def _profile(self, foreign: ForeignAccount) -> None:
        """An account comes without what does not fit here. What there is already stays, whoever wrote it."""
        ours = self._ours(Kind.ACCOUNT, foreign.key)
        if ours is None:
            return
        account_id, tally = AccountId(ours), self._report.tallies[Kind.PROFILE]
        tally.found += 1
        if self._tx.accounts.get(account_id) is None or self._tx.profiles.get(account_id) is not None:
            tally.known += 1
            return
        profile = Profile(account_id, country_code=foreign.country_code, updated_at=self._now)
        try:
            profile.describe(city=foreign.city, state=foreign.state, country=foreign.country, quote=foreign.quote)
            profile.dress(Looks(foreign.shown_name, foreign.team, foreign.icon, foreign.primary, foreign.secondary))
        except Refused as error:
            self._refuse(Kind.PROFILE, foreign.name, error.message)
            return
        self._tx.profiles.save(profile)
        tally.brought += 1

    def _clan(self, foreign: ForeignClan) -> None:
        if not self._is_new(Kind.CLAN, foreign.key, foreign.name):
            return
        maintenance, member = self._secrets.clans[foreign.key]
        details = foreign.details
        try:
            name = clan_rules.clan_name(foreign.name)
            clan_rules.check_details(details)
            clan = Clan(name, name_key(name), foreign.founded_at or self._now, maintenance, member)
            clan.motto, clan.url, clan.contact, clan.motd = details.motto, details.url, details.contact, details.motd
            clan = self._tx.clans.add(clan)
        except Refused as error:
            self._refuse(Kind.CLAN, foreign.name, error.message)
            return
        self._bring(Kind.CLAN, foreign.key, str(clan.number))

    def _member(self, foreign: ForeignAccount) -> None:
        record = f"{foreign.name} in {_called(foreign, foreign.clan, self._clans)}"
        if not self._is_new(Kind.MEMBER, f"{foreign.key} {foreign.clan}", record):
            return
        account_id, clan_number = self._ours(Kind.ACCOUNT, foreign.key), self._ours(Kind.CLAN, foreign.clan)
        clan = self._tx.clans.get(int(clan_number)) if clan_number is not None else None
        if account_id is None or clan is None:
            self._refuse(Kind.MEMBER, record, "The account or the clan is not here.")
            return
        try:
            joining = clan_rules.joined(clan, self._tx.clans.members(clan.number), AccountId(account_id), self._now)
        except Refused as error:
            self._refuse(Kind.MEMBER, record, error.message)
            return
        if not self._tx.clans.join(joining):
            self._refuse(Kind.MEMBER, record, "The player is in a clan already.")
            return
        self._bring(Kind.MEMBER, f"{foreign.key} {foreign.clan}", str(clan.number))

    def _friend(self, foreign: ForeignAccount, friend: str) -> None:
        record, key = f"{foreign.name} lists {_called(foreign, friend, self._people)}", f"{foreign.key} {friend}"
        if not self._is_new(Kind.FRIEND, key, record):
            return
        mine, theirs = self._ours(Kind.ACCOUNT, foreign.key), self._ours(Kind.ACCOUNT, friend)
        if mine is None or theirs is None:
            self._refuse(Kind.FRIEND, record, "One of the two is not here.")
            return
        owner, other = AccountId(mine), AccountId(theirs)
        try:
            require_other(owner, other)
            pair = self._tx.friends.pair(owner, other)
            after = changed(pair, FriendAct.ADD, mine_already=self._tx.friends.count(owner))
        except Refused as error:
            self._refuse(Kind.FRIEND, record, error.message)
            return
        self._tx.friends.set_pair(owner, other, after)
        self._bring(Kind.FRIEND, key, FriendState.ACTIVE)

    def _settle_sizes(self) -> None:
        """Clans that came with few members have the usual time to find more."""
        for clan in self._tx.clans.all():
            if clan_rules.note_size(clan, len(self._tx.clans.members(clan.number)), self._now):
                self._tx.clans.save(clan)

    # --- counting ---

    def _is_new(self, kind: Kind, key: str, record: str) -> bool:
        tally = self._report.tallies[kind]
        tally.found += 1
        if (kind, key) in self._seen:
            self._refuse(kind, record, "It is there twice.")
            return False
        self._seen.add((kind, key))
        if self._ours(kind, key) is not None:
            tally.known += 1
            return False
        return True

    def _ours(self, kind: Kind, key: str) -> str | None:
        return self._tx.imported.ours(self._foreign.source, kind, key)

    def _bring(self, kind: Kind, key: str, ours: str) -> None:
        self._tx.imported.note(self._foreign.source, kind, key, ours)
        self._report.tallies[kind].brought += 1

    def _refuse(self, kind: Kind, record: str, why: str) -> None:
        self._report.tallies[kind].refused += 1
        self._report.troubles.append(Trouble(kind, record, why))
