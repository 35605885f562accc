"""Bringing people over from another server: accounts, characters, clans, friends and scores.

It is done in small transactions, so that a server can go on meanwhile, each of which brings whole people: an account
with its profile, characters and entry in the record. Who is with whom (clans, friends) comes after everybody is there.
What was brought over before is known by its key there and left as it is: an import that was interrupted goes on where
it was, and one that is repeated changes nothing. What cannot be brought over is reported with the reason and stops
nothing else. To see what an import would do, have one run on a copy of the database.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from mythgate.domain import clans as clan_rules
from mythgate.domain.accounts import HIDDEN, Account, AccountStatus
from mythgate.domain.backups import Progress
from mythgate.domain.characters import Character
from mythgate.domain.clans import Clan
from mythgate.domain.errors import NameTaken, Refused
from mythgate.domain.foreign import Damage, Foreign, ForeignAccount, ForeignCharacter, ForeignClan
from mythgate.domain.friends import FriendAct, FriendState, changed, require_other
from mythgate.domain.ids import AccountId, CharacterId, RoomId
from mythgate.domain.lobbies import Looks
from mythgate.domain.moderation import ACCOUNT_IMPORTED, AuditEntry
from mythgate.domain.names import account_name, character_name, name_key
from mythgate.domain.profiles import Profile
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.sheets import EXPERIENCE, MAX_LEVEL, Resources, Sheet, most
from mythgate.services.ports import Clock, Ids, PasswordHasher, Store, Transaction

Keyed = TypeVar("Keyed", ForeignAccount, ForeignClan)
T = TypeVar("T")

log = logging.getLogger(__name__)

AT_ONCE: Final = 40
"""Records that share a transaction."""

ACCOUNT_MERGED: Final = "account.merged"
_MOST_TRIES: Final = 99

# --- what became of it -----------------------------------------------------------------------------


class Kind(StrEnum):
    ACCOUNT = "accounts"
    PROFILE = "profiles"  # of accounts that were brought
    CHARACTER = "characters"
    CLAN = "clans"
    MEMBER = "clan members"
    FRIEND = "friends"


class Clash(StrEnum):
    """What becomes of somebody whose name is taken here by somebody who did not come from there."""

    SKIP = "skip"  # they stay behind, and are reported
    MERGE = "merge"  # they are the same person; what is here stays, and what is missing is added
    RENAME = "rename"  # they are another person, and get a number after their name


class Became(StrEnum):
    """What became of one record."""

    NEW = "new"
    KNOWN = "known"  # brought over before
    MERGED = "merged"  # with what was here
    SKIPPED = "skipped"
    DAMAGED = "damaged"  # it could not be read


@dataclass(slots=True)
class Tally:
    """What became of the records of one kind: `found` is the sum of the others."""

    found: int = 0
    new: int = 0
    known: int = 0
    merged: int = 0
    skipped: int = 0
    damaged: int = 0

    def count(self, became: Became) -> None:
        """One more."""
        self.found += 1
        setattr(self, became.value, getattr(self, became.value) + 1)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A record that was not brought over."""

    kind: Kind
    record: str
    why: str
    where: str = ""  # in the source


@dataclass(frozen=True, slots=True)
class Clashed:
    """Somebody whose name was taken here."""

    name: str
    became: Became
    here: str  # the name they have here now; empty if they stayed behind


@dataclass(slots=True)
class ImportReport:
    """What an import did."""

    source: str
    tallies: dict[Kind, Tally] = field(default_factory=lambda: {kind: Tally() for kind in Kind})
    troubles: list[Trouble] = field(default_factory=list)
    clashes: list[Clashed] = field(default_factory=list)
    damaged: Sequence[Damage] = ()
    passwords: dict[str, int] = field(default_factory=dict)  # how those who are new had theirs kept there
    without_password: int = 0  # new here, and cannot sign in before staff gives them a password
    notes: Sequence[str] = ()  # about the source


@dataclass(frozen=True, slots=True)
class _Fate:
    """What became of one record, in the transaction that decided it."""

    kind: Kind
    became: Became
    record: str = ""
    why: str = ""
    where: str = ""
    clashed: Clashed | None = None
    password: str = ""


SCORE_PREFIX: Final = "imported."  # among an account's numbers
_MD5: Final = re.compile("[0-9a-fA-F]{32}")


def password_kind(foreign: ForeignAccount) -> str:
    """How the other server kept the password of an account."""
    if foreign.password_hash:
        if foreign.password_hash.startswith("$2"):
            return "bcrypt"
        return "MD5" if _MD5.fullmatch(foreign.password_hash) else "of an unknown kind"
    return "in clear" if foreign.password else "none"


@dataclass(frozen=True, slots=True)
class _Secrets:
    """Hashes that were computed before the transaction, by key, and why some could not be."""

    hashes: Mapping[str, str]
    refused: Mapping[str, str]


class ImportService:
    """Use cases around imports; for the operator at the machine."""

    def __init__(
        self,
        *,
        store: Store,
        hasher: PasswordHasher,
        clock: Clock,
        ids: Ids,
        start_room: Callable[[], RoomId] = lambda: RoomId(""),
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._ids = ids
        self._start_room = start_room

    async def bring(
        self, foreign: Foreign, *, clash: Clash = Clash.SKIP, progress: Progress | None = None
    ) -> ImportReport:
        """Bring over what is not here yet."""
        progress = progress or Progress()
        report = ImportReport(foreign.source, damaged=foreign.damaged, notes=foreign.notes)
        for damage in foreign.damaged:
            report.tallies[Kind(damage.kind)].count(Became.DAMAGED)
        bringing = _Bringing(foreign, clash, self._ids, self._start_room)
        progress.begin("clans", len(foreign.clans))
        for some in _chunks(_marked(foreign.clans)):
            clan_secrets = await self._clan_secrets(foreign.source, [clan for clan, is_first in some if is_first])
            await self._write(report, bringing.clans, some, clan_secrets)
            progress.advance(len(some))
        progress.begin("people", len(foreign.accounts))
        for people in _chunks(_marked(foreign.accounts)):
            secrets = await self._secrets(foreign.source, [one for one, is_first in people if is_first])
            await self._write(report, bringing.people, people, secrets)
            progress.advance(len(people))
        firsts = [one for one, is_first in _marked(foreign.accounts) if is_first]
        progress.begin("clans and friends of people", len(firsts))
        for tied in _chunks(firsts):
            await self._write(report, bringing.ties, tied, None)
            progress.advance(len(tied))
        await self._end(report)
        return report

    async def _write(
        self,
        report: ImportReport,
        work: Callable[[Transaction, datetime, Sequence[T], _Secrets | None], list[_Fate]],
        some: Sequence[T],
        secrets: _Secrets | None,
    ) -> None:
        """Do it in one transaction, and count what became of it once that is saved."""
        now = self._clock.now()
        for fate in await self._store.write(lambda tx: work(tx, now, some, secrets)):
            report.tallies[fate.kind].count(fate.became)
            if fate.became is Became.SKIPPED:
                report.troubles.append(Trouble(fate.kind, fate.record, fate.why, fate.where))
            if fate.clashed is not None:
                report.clashes.append(fate.clashed)
            if fate.password:
                report.passwords[fate.password] = report.passwords.get(fate.password, 0) + 1
                report.without_password += fate.password == "none"  # noqa: S105 (that there is none)

    async def _end(self, report: ImportReport) -> None:
        """Clans that came with few members have the usual time to find more; and the record says what was done."""
        changed_any = any(tally.new or tally.merged for tally in report.tallies.values())
        if not changed_any:
            return
        now = self._clock.now()
        brought = {kind.value: str(tally.new) for kind, tally in report.tallies.items()}

        def work(tx: Transaction) -> None:
            for clan in tx.clans.all():
                if clan_rules.note_size(clan, len(tx.clans.members(clan.number)), now):
                    tx.clans.save(clan)
            subject = f"import:{report.source}"
            tx.moderation.record(AuditEntry(now, OPERATOR.account_id, "import.done", subject, brought))

        await self._store.write(work)
        log.info("imported", extra={"source": report.source, "accounts": report.tallies[Kind.ACCOUNT].new})

    # --- hashes, which take long: nothing may wait for them ---

    async def _secrets(self, source: str, people: Sequence[ForeignAccount]) -> _Secrets:
        """The passwords of those who are not here yet, hashed."""

        def is_new(tx: Transaction) -> list[ForeignAccount]:
            return [one for one in people if tx.imported.ours(source, Kind.ACCOUNT, one.key) is None]

        hashes: dict[str, str] = {}
        refused: dict[str, str] = {}
        for one in await self._store.read(is_new):
            try:
                if one.password_hash:
                    hashes[one.key] = await self._hasher.adopt(one.password_hash)
                elif one.password:
                    hashes[one.key] = await self._hasher.hash(one.password)
            except Refused as error:
                refused[one.key] = error.message
        return _Secrets(hashes, refused)

    async def _clan_secrets(self, source: str, clans: Sequence[ForeignClan]) -> _Secrets:
        """Both passwords of clans that are not here yet: that to maintain it by its key, that of members by its key
        and a bar. Without a password there is none that fits.
        """

        def is_new(tx: Transaction) -> list[ForeignClan]:
            return [one for one in clans if tx.imported.ours(source, Kind.CLAN, one.key) is None]

        hashes: dict[str, str] = {}
        for one in await self._store.read(is_new):
            for key, password in ((one.key, one.maintenance_password), (one.key + "|", one.member_password)):
                hashes[key] = await self._hasher.hash(password) if password else ""
        return _Secrets(hashes, {})


def _marked(records: Sequence[Keyed]) -> Iterator[tuple[Keyed, bool]]:
    """Each with whether its key is there for the first time. What repeats one is skipped whole, and lends nothing to
    the record it repeats: somebody who can add a line to a file must not get somebody's account that way.
    """
    seen: set[str] = set()
    for one in records:
        yield one, one.key not in seen
        seen.add(one.key)


def _chunks(records: Iterable[T]) -> Iterator[list[T]]:
    some: list[T] = []
    for one in records:
        some.append(one)
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _called(foreign: ForeignAccount, key: str, names: Mapping[str, str]) -> str:
    """What people know the person or clan by that `foreign` names by `key`."""
    return names.get(key) or foreign.written.get(key) or key


class _Bringing:
    """One import. Its methods are the work of a transaction each, and may be run again."""

    def __init__(self, foreign: Foreign, clash: Clash, ids: Ids, start_room: Callable[[], RoomId]) -> None:
        self._foreign = foreign
        self._source = foreign.source
        self._clash = clash
        self._ids = ids
        self._start_room = start_room
        self._new: set[str] = set()  # accounts of this import: who looks like one of them is somebody else
        self._people = {one.key: one.name for one, is_first in _marked(foreign.accounts) if is_first}
        self._clans = {one.key: one.name for one, is_first in _marked(foreign.clans) if is_first}

    # --- clans ---

    def clans(
        self, tx: Transaction, now: datetime, some: Sequence[tuple[ForeignClan, bool]], secrets: _Secrets | None
    ) -> list[_Fate]:
        assert secrets is not None
        return [
            self._clan(tx, now, one, secrets) if is_first else _repeated(Kind.CLAN, one.name, one.where)
            for one, is_first in some
        ]

    def _clan(self, tx: Transaction, now: datetime, foreign: ForeignClan, secrets: _Secrets) -> _Fate:
        if self._ours(tx, Kind.CLAN, foreign.key) is not None:
            return _Fate(Kind.CLAN, Became.KNOWN)
        details = foreign.details
        try:
            name = clan_rules.clan_name(foreign.name)
            clan_rules.check_details(details)
            maintenance, member = secrets.hashes.get(foreign.key, ""), secrets.hashes.get(foreign.key + "|", "")
            clan = Clan(name, name_key(name), foreign.founded_at or now, maintenance, member)
            clan.motto, clan.url, clan.contact, clan.motd = details.motto, details.url, details.contact, details.motd
            clan = tx.clans.add(clan)
        except NameTaken as error:
            here = tx.clans.by_name_key(name_key(foreign.name)) if self._clash is Clash.MERGE else None
            if here is None:
                return _Fate(Kind.CLAN, Became.SKIPPED, foreign.name, error.message, foreign.where)
            self._note(tx, Kind.CLAN, foreign.key, str(here.number))
            return _Fate(Kind.CLAN, Became.MERGED, clashed=Clashed(foreign.name, Became.MERGED, here.name))
        except Refused as error:
            return _Fate(Kind.CLAN, Became.SKIPPED, foreign.name, error.message, foreign.where)
        self._note(tx, Kind.CLAN, foreign.key, str(clan.number))
        return _Fate(Kind.CLAN, Became.NEW)

    # --- people ---

    def people(
        self, tx: Transaction, now: datetime, some: Sequence[tuple[ForeignAccount, bool]], secrets: _Secrets | None
    ) -> list[_Fate]:
        assert secrets is not None
        fates: list[_Fate] = []
        for one, is_first in some:
            if not is_first:
                fates.append(_repeated(Kind.ACCOUNT, one.name, one.where))
                continue
            fates.append(self._account(tx, now, one, secrets))
            fates.extend(self._profile(tx, now, one))
            fates.extend(self._character(tx, now, one, character) for character in one.characters)
        return fates

    def _account(self, tx: Transaction, now: datetime, foreign: ForeignAccount, secrets: _Secrets) -> _Fate:
        if self._ours(tx, Kind.ACCOUNT, foreign.key) is not None:
            return _Fate(Kind.ACCOUNT, Became.KNOWN)
        if foreign.key in secrets.refused:
            return _Fate(Kind.ACCOUNT, Became.SKIPPED, foreign.name, secrets.refused[foreign.key], foreign.where)
        try:
            name = account_name(foreign.name)
            here = tx.accounts.by_name_key(name_key(name))
            clashed = None
            if here is not None:
                may_merge = here.status is AccountStatus.ACTIVE and not here.is_guest and here.id not in self._new
                if self._clash is Clash.MERGE and may_merge:
                    return self._merge(tx, now, foreign, here)
                if self._clash is not Clash.RENAME:
                    why = f"The name is taken by {here.name}, number {here.number} here."
                    fate = Clashed(foreign.name, Became.SKIPPED, "")
                    return _Fate(Kind.ACCOUNT, Became.SKIPPED, foreign.name, why, foreign.where, fate)
                name = _free_name(tx, name)
                clashed = Clashed(foreign.name, Became.NEW, name)
            hash_ = secrets.hashes.get(foreign.key, "")
            account = tx.accounts.add(self._new_account(now, foreign, name, hash_))
        except Refused as error:
            return _Fate(Kind.ACCOUNT, Became.SKIPPED, foreign.name, error.message, foreign.where)
        self._new.add(account.id)
        self._note(tx, Kind.ACCOUNT, foreign.key, account.id)
        detail = {"source": self._source, "name": foreign.name}
        tx.moderation.record(AuditEntry(now, OPERATOR.account_id, ACCOUNT_IMPORTED, account.id, detail))
        kind = password_kind(foreign)
        return _Fate(Kind.ACCOUNT, Became.NEW, clashed=clashed, password=kind)

    def _merge(self, tx: Transaction, now: datetime, foreign: ForeignAccount, here: Account) -> _Fate:
        """Who is here keeps password, role and all they have, and gets what numbers they had there."""
        account = tx.accounts.require(here.id)
        added = {SCORE_PREFIX + name: value for name, value in foreign.scores.items()}
        account.stats = added | dict(account.stats)
        tx.accounts.save(account)
        self._note(tx, Kind.ACCOUNT, foreign.key, account.id)
        detail = {"source": self._source, "name": foreign.name}
        tx.moderation.record(AuditEntry(now, OPERATOR.account_id, ACCOUNT_MERGED, account.id, detail))
        return _Fate(Kind.ACCOUNT, Became.MERGED, clashed=Clashed(foreign.name, Became.MERGED, account.name))

    def _new_account(self, now: datetime, foreign: ForeignAccount, name: str, password_hash: str) -> Account:
        return Account(
            id=AccountId(self._ids.new()),
            name=name,
            name_key=name_key(name),
            password_hash=password_hash,
            created_at=foreign.created_at or now,
            role=foreign.role,
            status=AccountStatus.DISABLED if foreign.disabled else AccountStatus.ACTIVE,
            email=foreign.email,
            last_login_at=foreign.last_login_at,
            stats=({HIDDEN: 1} if foreign.hidden else {})
            | {SCORE_PREFIX + name: value for name, value in foreign.scores.items()},
        )

    def _profile(self, tx: Transaction, now: datetime, foreign: ForeignAccount) -> Iterator[_Fate]:
        """An account comes without what does not fit here. What there is already stays, whoever wrote it."""
        ours = self._ours(tx, Kind.ACCOUNT, foreign.key)
        if ours is None:
            return
        account_id = AccountId(ours)
        if tx.accounts.get(account_id) is None or tx.profiles.get(account_id) is not None:
            yield _Fate(Kind.PROFILE, Became.KNOWN)
            return
        profile = Profile(account_id, country_code=foreign.country_code, updated_at=now)
        try:
            profile.describe(city=foreign.city, state=foreign.state, country=foreign.country, quote=foreign.quote)
            profile.dress(Looks(foreign.shown_name, foreign.team, foreign.icon, foreign.primary, foreign.secondary))
        except Refused as error:
            yield _Fate(Kind.PROFILE, Became.SKIPPED, foreign.name, error.message, foreign.where)
            return
        tx.profiles.save(profile)
        yield _Fate(Kind.PROFILE, Became.NEW)

    def _character(self, tx: Transaction, now: datetime, owner: ForeignAccount, foreign: ForeignCharacter) -> _Fate:
        if self._ours(tx, Kind.CHARACTER, foreign.key) is not None:
            return _Fate(Kind.CHARACTER, Became.KNOWN)
        ours = self._ours(tx, Kind.ACCOUNT, owner.key)
        account = tx.accounts.get(AccountId(ours)) if ours is not None else None
        if account is None:
            why = "Its account is not here."
            return _Fate(Kind.CHARACTER, Became.SKIPPED, foreign.name, why, owner.where)
        try:
            name = character_name(foreign.name)
            body = Character(
                id=CharacterId(self._ids.new()),
                account_id=account.id,
                name=name,
                name_key=name_key(name),
                room_id=self._start_room(),
                created_at=foreign.created_at or now,
                last_active_at=now,
                faction=foreign.faction.value if foreign.faction is not None else "",
            )
            body = tx.characters.add(body)
        except Refused as error:
            return _Fate(Kind.CHARACTER, Became.SKIPPED, foreign.name, error.message, owner.where)
        tx.characters.explore(body.id, body.room_id, now)
        tx.sheets.save(body.id, _sheet(foreign))
        if not account.selected_character:
            account.selected_character = body.id
            tx.accounts.save(account)
        self._note(tx, Kind.CHARACTER, foreign.key, body.id)
        return _Fate(Kind.CHARACTER, Became.NEW)

    # --- who is with whom ---

    def ties(
        self, tx: Transaction, now: datetime, some: Sequence[ForeignAccount], secrets: _Secrets | None
    ) -> list[_Fate]:
        del secrets
        fates: list[_Fate] = []
        for one in some:
            if one.clan:
                fates.append(self._member(tx, now, one))
            seen: set[str] = set()
            for friend in one.friends:
                record = f"{one.name} lists {_called(one, friend, self._people)}"
                is_repeat = friend in seen
                seen.add(friend)
                fates.append(
                    _repeated(Kind.FRIEND, record, one.where) if is_repeat else self._friend(tx, one, friend, record)
                )
        return fates

    def _member(self, tx: Transaction, now: datetime, foreign: ForeignAccount) -> _Fate:
        record, key = (
            f"{foreign.name} in {_called(foreign, foreign.clan, self._clans)}",
            f"{foreign.key} {foreign.clan}",
        )
        if self._ours(tx, Kind.MEMBER, key) is not None:
            return _Fate(Kind.MEMBER, Became.KNOWN)
        account_id, clan_number = self._ours(tx, Kind.ACCOUNT, foreign.key), self._ours(tx, Kind.CLAN, foreign.clan)
        clan = tx.clans.get(int(clan_number)) if clan_number is not None else None
        if account_id is None or clan is None:
            why = "The account or the clan is not here."
            return _Fate(Kind.MEMBER, Became.SKIPPED, record, why, foreign.where)
        try:
            joining = clan_rules.joined(clan, tx.clans.members(clan.number), AccountId(account_id), now)
        except Refused as error:
            return _Fate(Kind.MEMBER, Became.SKIPPED, record, error.message, foreign.where)
        if not tx.clans.join(joining):
            why = "The player is in a clan already."
            return _Fate(Kind.MEMBER, Became.SKIPPED, record, why, foreign.where)
        self._note(tx, Kind.MEMBER, key, str(clan.number))
        return _Fate(Kind.MEMBER, Became.NEW)

    def _friend(self, tx: Transaction, foreign: ForeignAccount, friend: str, record: str) -> _Fate:
        key = f"{foreign.key} {friend}"
        if self._ours(tx, Kind.FRIEND, key) is not None:
            return _Fate(Kind.FRIEND, Became.KNOWN)
        mine, theirs = self._ours(tx, Kind.ACCOUNT, foreign.key), self._ours(tx, Kind.ACCOUNT, friend)
        if mine is None or theirs is None:
            return _Fate(Kind.FRIEND, Became.SKIPPED, record, "One of the two is not here.", foreign.where)
        owner, other = AccountId(mine), AccountId(theirs)
        try:
            require_other(owner, other)
            pair = tx.friends.pair(owner, other)
            after = changed(pair, FriendAct.ADD, mine_already=tx.friends.count(owner))
        except Refused as error:
            return _Fate(Kind.FRIEND, Became.SKIPPED, record, error.message, foreign.where)
        tx.friends.set_pair(owner, other, after)
        self._note(tx, Kind.FRIEND, key, FriendState.ACTIVE)
        return _Fate(Kind.FRIEND, Became.NEW)

    # --- what was brought before ---

    def _ours(self, tx: Transaction, kind: Kind, key: str) -> str | None:
        return tx.imported.ours(self._source, kind, key)

    def _note(self, tx: Transaction, kind: Kind, key: str, ours: str) -> None:
        tx.imported.note(self._source, kind, key, ours)


def _repeated(kind: Kind, record: str, where: str) -> _Fate:
    return _Fate(kind, Became.SKIPPED, record, "It is there twice.", where)


def _free_name(tx: Transaction, name: str) -> str:
    """`name` with a number after it that nobody has here. Raises NameTaken if all are taken, or none fits."""
    for number in range(2, _MOST_TRIES + 1):
        tried = account_name(f"{name}{number}")
        if tx.accounts.by_name_key(name_key(tried)) is None:
            return tried
    raise NameTaken


def _sheet(foreign: ForeignCharacter) -> Sheet:
    """A sheet of ours. Who came further than one can here has the highest level."""
    level = max(1, min(foreign.level, MAX_LEVEL))
    experience = max(foreign.experience, EXPERIENCE[level - 1])
    experience = min(experience, EXPERIENCE[level] - 1) if level < MAX_LEVEL else EXPERIENCE[-1]
    best: Resources = most(foreign.calling, foreign.stats, level)
    return Sheet(foreign.race, foreign.calling, foreign.stats, best, experience, max(0, foreign.souls))
