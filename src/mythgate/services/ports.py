"""What the services need from outside, in our words. Backends fulfil each port twice.

Durable state is reached through `Store`: a use case hands it a plain function over a `Transaction`.
The function runs synchronously (SQLite: on the event loop, or in a thread if it turns out long;
PostgreSQL: in a greenlet over asyncpg), sees rows nobody else can change meanwhile, and may be run again
if the database asks for a retry; it therefore does nothing but read and write through its transaction
and call domain rules. On SQLite a `read` does not suspend.

Live state (presence, topics) is read and changed synchronously on the event loop, between awaits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from mythgate.domain.accounts import Account, AccountStatus, Role
from mythgate.domain.announcements import Schedule
from mythgate.domain.apitokens import ApiToken
from mythgate.domain.backups import Backup, BackupFile, Reason
from mythgate.domain.backups import Progress as Told
from mythgate.domain.bridges import Bridge
from mythgate.domain.characters import Character
from mythgate.domain.clans import Clan, ClanMember, Membership
from mythgate.domain.events import Event, Payload
from mythgate.domain.films import Film
from mythgate.domain.filters import WordFilter
from mythgate.domain.friends import Friend, Pair
from mythgate.domain.ids import (
    AccountId,
    CharacterId,
    CommandId,
    ItemId,
    QuestId,
    RoomId,
    SessionId,
    Topic,
)
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.lobbies import LobbyKind
from mythgate.domain.logs import Fault, LevelChange, LogLine, LogQuery
from mythgate.domain.measures import Appeal, Measure, MeasureKind
from mythgate.domain.moderation import AuditEntry, Mute
from mythgate.domain.notices import Contact, Quiet, Subscription
from mythgate.domain.parties import Party
from mythgate.domain.people import Alternate, KeptName, Note, SeenAddress
from mythgate.domain.presence import Presence
from mythgate.domain.profiles import Profile
from mythgate.domain.quests import Progress
from mythgate.domain.ratings import Category, Season, Standing, StandingTable, SubjectKind
from mythgate.domain.record import Recorded, Sought
from mythgate.domain.reports import Line, Report, ReportState, Voice
from mythgate.domain.results import Match, Result, Testimony
from mythgate.domain.secondfactors import SecondFactor
from mythgate.domain.sessions import AccessClaims, Session
from mythgate.domain.shards import Aetherfall, Ownership, Shards
from mythgate.domain.sheets import Sheet
from mythgate.domain.tournaments import Entry, Prize, Tournament, TournamentState
from mythgate.domain.world import Problem, World
from mythgate.domain.worldevents import WorldEvent

T = TypeVar("T")


# --- time, chance, secrets -------------------------------------------------------------------------


class Clock(Protocol):
    def now(self) -> datetime:
        """The time as aware UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards, for durations and deadlines."""


class Ids(Protocol):
    def new(self) -> str:
        """A new id; later ones sort after earlier ones."""


class PasswordHasher(Protocol):
    """Bounded: at most a few hashes run at once, the rest wait in line without blocking the loop."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, stored_hash: str, password: str) -> bool:
        """False for a wrong password and for an unreadable hash; costs the same either way."""

    def needs_rehash(self, stored_hash: str) -> bool: ...

    async def adopt(self, foreign_hash: str) -> str:
        """Something to store for the hash of another server, which `verify` then checks passwords against.

        Raises:
            InvalidInput: it is of no kind that is known here.

        """


class Sealer(Protocol):
    """Keeps small secrets in the database unreadable for who has nothing but the database."""

    def seal(self, secret: bytes, purpose: str) -> bytes: ...
    def open(self, sealed: bytes, purpose: str) -> bytes | None:
        """The secret; None if it was sealed with another key, for another purpose, or changed."""


class TokenSigner(Protocol):
    """Makes and reads access tokens. Reading proves who signed, for whom and until when; nothing else."""

    def sign(self, account_id: AccountId, session_id: SessionId, name: str, now: datetime, lifetime: timedelta) -> str:
        """A token that names the session and lives for `lifetime`."""

    def read(self, token: str, now: datetime) -> AccessClaims:
        """What the token says.

        Raises:
            InvalidToken: forged, damaged, unsigned, or meant for something else.
            TokenExpired: genuine and too old.

        """


# --- durable state ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommandKey:
    """Names one command of one character, so that a repeat has no second effect."""

    actor: CharacterId
    command_id: CommandId


class Store(Protocol):
    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on a consistent snapshot. Writing through it is an error."""

    async def write(
        self,
        work: Callable[[Transaction], T],
        *,
        then: Callable[[T], None] | None = None,
        once: CommandKey | None = None,
    ) -> T:
        """Run `work` and commit; return its result once that is durable.

        `then(result)` is called on the event loop after the commit, in commit order, before this
        returns, and also if the caller was cancelled meanwhile: what was saved is always published.
        With `once`, the key is recorded in the same transaction.

        Raises:
            Repeated: `once` was recorded before; nothing was done.
            Unavailable: the database is out of reach; nothing was done.
            Refused: whatever `work` refused; nothing was done.

        """


Sequel = Callable[["Transaction"], Callable[[], None]]
"""What follows from somebody's act, within the transaction of the act; returns how to tell it once that is saved."""


class Transaction(Protocol):
    """One transaction's view of all repositories. Valid only while the work runs."""

    @property
    def accounts(self) -> AccountRepository: ...
    @property
    def sessions(self) -> SessionRepository: ...
    @property
    def characters(self) -> CharacterRepository: ...
    @property
    def items(self) -> ItemRepository: ...
    @property
    def moderation(self) -> ModerationRepository: ...
    @property
    def measures(self) -> MeasureRepository: ...
    @property
    def reports(self) -> ReportRepository: ...
    @property
    def filters(self) -> FilterRepository: ...
    @property
    def preferences(self) -> PreferenceRepository: ...
    @property
    def facts(self) -> FactRepository: ...
    @property
    def faults(self) -> FaultRepository: ...
    @property
    def announcements(self) -> AnnouncementRepository: ...
    @property
    def profiles(self) -> ProfileRepository: ...
    @property
    def game_passwords(self) -> GamePasswordRepository: ...
    @property
    def friends(self) -> FriendRepository: ...
    @property
    def clans(self) -> ClanRepository: ...
    @property
    def matches(self) -> MatchRepository: ...
    @property
    def results(self) -> ResultRepository: ...
    @property
    def ratings(self) -> RatingRepository: ...
    @property
    def tournaments(self) -> TournamentRepository: ...
    @property
    def films(self) -> FilmRepository: ...
    @property
    def imported(self) -> ImportRepository: ...
    @property
    def sheets(self) -> SheetRepository: ...
    @property
    def parties(self) -> PartyRepository: ...
    @property
    def shards(self) -> ShardRepository: ...
    @property
    def world_events(self) -> WorldEventRepository: ...
    @property
    def quests(self) -> QuestRepository: ...
    @property
    def notices(self) -> NoticeRepository: ...
    @property
    def second_factors(self) -> SecondFactorRepository: ...
    @property
    def notes(self) -> NoteRepository: ...
    @property
    def seen_addresses(self) -> SeenAddressRepository: ...
    @property
    def kept_names(self) -> KeptNameRepository: ...
    @property
    def api_tokens(self) -> ApiTokenRepository: ...
    @property
    def personal(self) -> PersonalRepository: ...
    @property
    def now(self) -> datetime:
        """The time, for rules that have to know it within the transaction."""


class AccountRepository(Protocol):
    """In a write, `get`/`require`/`by_name_key` lock the row (PostgreSQL) or hold the writer (SQLite)."""

    def add(self, account: Account) -> Account:
        """Save a new account and set its `number`.

        Raises:
            NameTaken: an account has the same `name_key`.

        """

    def get(self, account_id: AccountId) -> Account | None: ...
    def require(self, account_id: AccountId) -> Account:
        """As `get`; raises NotFound for nothing."""

    def by_name_key(self, name_key: str) -> Account | None: ...
    def by_number(self, number: int) -> Account | None: ...
    def save(self, account: Account) -> None:
        """Write all fields back and raise `version`; raises Conflict on a stale version."""

    def search(
        self,
        text: str = "",
        *,
        role: Role | None = None,
        status: AccountStatus | None = None,
        limit: int = 50,
        after: AccountId | None = None,
    ) -> list[Account]:
        """Accounts whose name contains `text`, by id, from after `after` on."""

    def count(self) -> int: ...
    def delete_idle_guests(self, idle_since: datetime) -> int:
        """Delete guests, with all they own, whose last log-in is older; returns how many."""


class SessionRepository(Protocol):
    def add(self, session: Session) -> None: ...
    def get(self, session_id: SessionId) -> Session | None: ...
    def by_token_hash(self, token_hash: bytes) -> Session | None: ...
    def save(self, session: Session) -> None: ...
    def of_account(self, account_id: AccountId) -> list[Session]:
        """Not revoked ones, newest first (expired ones may be among them)."""

    def living(self, now: datetime) -> list[Session]:
        """All that live at `now`."""

    def proven_until(self, session_id: SessionId) -> datetime | None:
        """How long the second factor holds that was shown in the session; looks without keeping others from it."""

    def revoke_all(self, account_id: AccountId, now: datetime, *, keep: SessionId | None = None) -> list[SessionId]:
        """Revoke every session of the account but `keep`; returns the ones revoked."""

    def delete_ended(self, before: datetime) -> list[SessionId]:
        """Delete sessions that were revoked or expired before `before`."""


class CharacterRepository(Protocol):
    def add(self, character: Character) -> Character:
        """Raises NameTaken if a living character has the same `name_key`."""

    def get(self, character_id: CharacterId) -> Character | None:
        """Also soft-deleted ones."""

    def require(self, character_id: CharacterId) -> Character:
        """A living character; raises NotFound otherwise."""

    def by_name_key(self, name_key: str) -> Character | None: ...
    def by_number(self, number: int) -> Character | None: ...
    def of_account(self, account_id: AccountId, *, deleted: bool = False) -> list[Character]:
        """Living characters by age; with `deleted`, the soft-deleted ones instead."""

    def save(self, character: Character) -> None:
        """Write all fields back and raise `version`; raises Conflict on a stale version."""

    def relocate(self, character: Character, room_id: RoomId, now: datetime) -> Character:
        """Move the body: one row, one statement, guarded by `version`.

        Returns the character as it now is. Raises Conflict if the row changed since it was read.
        """

    def in_room(self, room_id: RoomId) -> list[Character]: ...
    def outside(self, rooms: Collection[RoomId]) -> list[Character]:
        """Living characters who stand in none of `rooms` (after a reload removed one)."""

    def purge_deleted(self, before: datetime) -> int: ...
    def explored(self, character_id: CharacterId) -> set[RoomId]: ...
    def explore(self, character_id: CharacterId, room_id: RoomId, now: datetime) -> bool:
        """Remember a visit; True if it is the first."""


class ItemRepository(Protocol):
    def add(self, item: Item) -> None: ...
    def get(self, item_id: ItemId) -> Item | None: ...
    def held_by(self, kind: HolderKind, holder_id: str) -> list[Item]:
        """By age, oldest first."""

    def give(self, item: Item, kind: HolderKind, holder_id: str, *, quantity: int | None = None) -> Item:
        """Change the one holder, guarded by `version`; raises Conflict if somebody was faster.

        Nobody has it equipped any more. With a `quantity` below the item's, a part of that size goes to the
        holder as an item of its own, which is returned, and the rest stays where it is.

        Raises:
            InvalidInput: `quantity` is not from 1 to the item's.

        """

    def save(self, item: Item) -> None:
        """Write `quantity` and `equipped` back and raise `version`; raises Conflict on a stale version."""

    def remove(self, item: Item) -> None: ...
    def origins(self) -> set[str]:
        """Every placement that was ever brought forth, also of items since removed."""

    def seed(self, items: Iterable[Item]) -> int:
        """Add those whose `origin` was never seeded before; returns how many."""

    def count(self) -> int: ...


class MeasureRepository(Protocol):
    """Bans and mutes, those that are over among them, and the appeals against them. In a write, what `get`,
    `everywhere` and `get_appeal` find is kept from others to the end."""

    def add(self, measure: Measure) -> Measure:
        """Save a new measure and set its `number`."""

    def get(self, number: int) -> Measure | None: ...
    def by_code(self, code: str) -> Measure | None: ...
    def save(self, measure: Measure) -> None:
        """Write all fields back and raise `version`; raises Conflict on a stale version."""

    def everywhere(self, account_id: AccountId, kind: MeasureKind) -> Measure | None:
        """The newest against the account that holds everywhere and was not lifted; its time may be over."""

    def in_force(self, now: datetime) -> list[Measure]:
        """Newest first."""

    def over(self, now: datetime) -> list[Measure]:
        """Those whose time is over and that nobody has lifted, oldest first."""

    def lock_ends(self) -> dict[AccountId, datetime]:
        """When the bans of accounts everywhere end, of those that do."""

    def page(
        self,
        *,
        active_at: datetime | None = None,
        account_id: AccountId | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Measure]:
        """Newest first, from before the measure `before` on; with `active_at`, those that hold then."""

    def forget(self, account_id: AccountId) -> None:
        """Delete all that is about an account."""

    def delete_over(self, until: datetime) -> int:
        """Delete what was over at `until`, with the appeals; returns how many."""

    def appeal(self, appeal: Appeal) -> Appeal:
        """Save a new appeal and set its `number`. Raises WrongState if there is an open one."""

    def get_appeal(self, number: int) -> Appeal | None: ...
    def appeal_against(self, measure: int) -> Appeal | None:
        """The newest."""

    def save_appeal(self, appeal: Appeal) -> None:
        """Write all fields back and raise `version`; raises Conflict on a stale version."""

    def appeals(self, *, open_only: bool = True, before: int | None = None, limit: int = 50) -> list[Appeal]:
        """Newest first."""

    def open_appeals(self) -> int:
        """How many are not decided."""


class ReportRepository(Protocol):
    """In a write, what `get` and `open_about` find is kept from others to the end."""

    def add(self, report: Report) -> Report:
        """Save a new report and set its `number`."""

    def get(self, number: int) -> Report | None: ...
    def save(self, report: Report) -> None:
        """Write all fields back and raise `version`; raises Conflict on a stale version."""

    def open_about(self, subject: str, since: datetime) -> Report | None:
        """The newest about a person that is not closed and no older. In a write, nobody else reports them then."""

    def collecting(self) -> list[Report]:
        """Those whose evidence is not complete."""

    def page(
        self,
        *,
        state: ReportState | None = None,
        subject: str | None = None,
        after: Report | None = None,
        limit: int = 50,
    ) -> list[Report]:
        """The most urgent first, and of those the newest, from after the report `after` on."""

    def counts(self) -> dict[ReportState, int]: ...
    def sweep(self, until: datetime) -> int:
        """Delete reports that were closed before `until`, and those of before then that nobody closed."""

    def add_voice(self, voice: Voice) -> Voice: ...
    def voices(self, report: int) -> list[Voice]:
        """The oldest first."""

    def of_reporter(self, account_id: AccountId, limit: int = 50) -> list[Voice]:
        """Newest first."""

    def untold(self, account_id: AccountId) -> list[Voice]:
        """Those of closed reports whose answer the account has not been told, oldest first."""

    def told(self, voice: Voice) -> None:
        """Save when the reporter was told."""

    def untell(self, report: int) -> None:
        """The report is open again: all are to be told its answer anew."""

    def add_lines(self, lines: Sequence[Line]) -> None: ...
    def lines(self, report: int) -> list[Line]:
        """In the order of the chain."""

    def erase(self, account_id: AccountId) -> None:
        """Take all out that an account said or is called. The chains hold."""


class FilterRepository(Protocol):
    """Filters of words. In a write, what `get` finds is kept from others to the end."""

    def add(self, rule: WordFilter) -> WordFilter:
        """Save a new filter and set its `number`."""

    def all(self) -> list[WordFilter]:
        """By number."""

    def get(self, number: int) -> WordFilter | None: ...
    def save(self, rule: WordFilter) -> None:
        """Write all fields back and raise `version`; raises Conflict on a stale version."""

    def remove(self, number: int) -> bool: ...


class ModerationRepository(Protocol):
    """The record of who did what, and who is muted."""

    def mute_of(self, account_id: AccountId) -> Mute | None:
        """The mute that holds everywhere and was not lifted; its time may be over."""

    def record(self, entry: AuditEntry) -> None: ...
    def audit(self, *, subject: str | None = None, limit: int = 100) -> list[AuditEntry]:
        """Newest first."""

    def newest(self) -> int:
        """The number of the entry recorded last, 0 for none. An entry with a lower one may yet be committed."""

    def acts_of(self, actor: str, *, after: int) -> list[AuditEntry]:
        """What `actor` did, of the entries with a number above `after`. Oldest first."""

    def search(self, sought: Sought, *, before: int | None = None, limit: int = 100) -> list[Recorded]:
        """Those that fit, of the entries with a number below `before`. Newest first."""

    def page(self, *, after: int, limit: int) -> list[Recorded]:
        """The entries with a number above `after`. Oldest first."""

    def about(self, account_id: AccountId, names: Collection[str]) -> list[int]:
        """The numbers of entries about an account, and of those in which one of `names` may stand, that still say
        something."""

    def empty(self, number: int) -> None:
        """Remove what an entry says; the chain holds if an entry of the act `record.ERASED` names it."""


class SecondFactorRepository(Protocol):
    """In a write, a factor that was asked for is kept from others to the end."""

    def get(self, account_id: AccountId) -> SecondFactor | None: ...
    def is_enrolled(self, account_id: AccountId) -> bool:
        """Whether codes are asked for; looks without keeping others from it."""

    def save(self, factor: SecondFactor) -> None:
        """Replaces an earlier one."""

    def delete(self, account_id: AccountId) -> bool: ...


class NoteRepository(Protocol):
    def add(self, note: Note) -> Note:
        """Keep it; returns it with its number."""

    def of_account(self, account_id: AccountId) -> list[Note]:
        """Newest first."""

    def get(self, account_id: AccountId, number: int) -> Note | None: ...
    def remove(self, account_id: AccountId, number: int) -> bool: ...
    def forget(self, account_id: AccountId) -> None:
        """Delete all notes about an account."""


class SeenAddressRepository(Protocol):
    """Where accounts came from: the latest few addresses of each, for a while."""

    def note(self, account_id: AccountId, address: str, door: str, now: datetime) -> None:
        """Somebody came from there; the oldest of too many addresses are forgotten."""

    def of_account(self, account_id: AccountId) -> list[SeenAddress]:
        """The latest first."""

    def alternates(self, account_id: AccountId, *, limit: int = 500) -> list[Alternate]:
        """Who else came from the addresses of an account, the latest first; `limit` pairs of account and address are
        looked at."""

    def expire(self, before: datetime) -> int:
        """Forget where nobody came from since `before`; returns how many."""

    def forget(self, account_id: AccountId) -> None: ...


class KeptNameRepository(Protocol):
    """Names that are kept for who gave them up."""

    def keep(self, name: KeptName) -> None:
        """Replaces what was known of the name."""

    def get(self, name_key: str) -> KeptName | None:
        """Its time may be over."""

    def of_account(self, account_id: AccountId) -> list[KeptName]: ...
    def release(self, name_key: str) -> bool: ...
    def expire(self, before: datetime) -> int:
        """Release those whose time was over before `before`; returns how many."""

    def forget(self, account_id: AccountId) -> None: ...


class PersonalRepository(Protocol):
    """Everything the database has about one person, whatever it is for."""

    def rows(self, account_id: AccountId) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """What is there, by table, without secrets; as JSON has it."""

    def erase(self, account_id: AccountId, names: Collection[str], anonymous: str) -> None:
        """Delete what is somebody's own, but for the account's row, and put `anonymous` for `names` where others need
        what is told of them: results, measures, reports, the history of the world. The record is not touched."""


class ApiTokenRepository(Protocol):
    def add(self, token: ApiToken) -> ApiToken:
        """Keep it; returns it with its number."""

    def get(self, number: int) -> ApiToken | None: ...
    def by_hash(self, token_hash: bytes) -> ApiToken | None: ...
    def all(self) -> list[ApiToken]:
        """Also those that ended. Newest first."""

    def used(self, number: int, now: datetime) -> None: ...
    def end(self, number: int, now: datetime) -> bool:
        """False if there is no such token, or it had ended."""

    def end_all(self, account_id: AccountId, now: datetime) -> int: ...
    def forget(self, account_id: AccountId) -> None: ...


class PreferenceRepository(Protocol):
    """What a player set for themselves."""

    def ignored(self, account_id: AccountId) -> set[AccountId]: ...
    def ignore(self, account_id: AccountId, target: AccountId) -> None: ...
    def unignore(self, account_id: AccountId, target: AccountId) -> bool: ...
    def aliases(self, character_id: CharacterId) -> dict[str, str]: ...
    def set_alias(self, character_id: CharacterId, name: str, command: str) -> None: ...
    def remove_alias(self, character_id: CharacterId, name: str) -> bool: ...


class FactRepository(Protocol):
    """Small named facts the server itself keeps (tick number, one-time links)."""

    def get(self, key: str) -> str | None: ...
    def set(self, key: str, value: str) -> None: ...
    def take(self, key: str) -> str | None:
        """Get and delete in one step."""


class FaultRepository(Protocol):
    """What went wrong in our own code, by fingerprint. In a write, a fault that was asked for is kept from others."""

    def get(self, fingerprint: str) -> Fault | None: ...
    def all(self) -> list[Fault]:
        """The latest first."""

    def save(self, fault: Fault) -> None:
        """Replaces an earlier count of it."""

    def keep_newest(self, most: int) -> None:
        """Forget all but the `most` that happened last."""


class ProfileRepository(Protocol):
    def get(self, account_id: AccountId) -> Profile | None: ...
    def save(self, profile: Profile) -> None:
        """Replaces an earlier one."""

    def delete(self, account_id: AccountId) -> bool: ...


class GamePasswordRepository(Protocol):
    """Passwords for old game clients only, as hashes."""

    def get(self, account_id: AccountId) -> str | None: ...
    def set(self, account_id: AccountId, password_hash: str) -> None: ...
    def clear(self, account_id: AccountId) -> bool: ...


class FriendRepository(Protocol):
    """In a write, two people whose entries were asked for keep their lists to themselves until the end."""

    def pair(self, mine: AccountId, theirs: AccountId) -> Pair: ...
    def set_pair(self, mine: AccountId, theirs: AccountId, pair: Pair) -> None: ...
    def count(self, account_id: AccountId) -> int:
        """How many the account lists."""

    def of_account(self, account_id: AccountId) -> list[Friend]:
        """Whom the account lists, by number; nobody's whereabouts are known here."""

    def listing(self, account_id: AccountId) -> list[AccountId]:
        """Who lists the account."""

    def forget(self, account_id: AccountId) -> None:
        """Delete the account's entries and all entries for it."""


class ClanRepository(Protocol):
    """In a write, a clan that was asked for is kept from others to the end, with its members."""

    def add(self, clan: Clan) -> Clan:
        """Save a new clan and set its `number`; raises NameTaken."""

    def get(self, number: int) -> Clan | None: ...
    def require(self, number: int) -> Clan:
        """As `get`; raises NotFound for nothing."""

    def by_name_key(self, name_key: str) -> Clan | None: ...
    def all(self) -> list[Clan]:
        """By number."""

    def save(self, clan: Clan) -> None:
        """Write all fields back and raise `version`; raises Conflict on a stale version."""

    def delete(self, number: int) -> None:
        """Delete the clan and all memberships."""

    def membership(self, account_id: AccountId) -> Membership | None: ...
    def members(self, number: int) -> list[Membership]:
        """By age, oldest first."""

    def roster(self, number: int) -> list[ClanMember]:
        """As `members`, with names."""

    def join(self, membership: Membership) -> bool:
        """False if the account is in a clan already."""

    def set_rank(self, membership: Membership) -> None: ...
    def leave(self, account_id: AccountId) -> bool: ...


class MatchRepository(Protocol):
    """Games whose result is not recorded yet, and what was reported of all games."""

    def open(self, match: Match) -> None: ...
    def get(self, match_id: str) -> Match | None:
        """In a write, nobody else has the match until the end."""

    def all(self) -> list[Match]: ...
    def save(self, match: Match) -> None: ...
    def close(self, match_id: str) -> None:
        """Forget the match. Its reports stay."""

    def testify(self, testimony: Testimony) -> None: ...
    def testimony(self, match_id: str) -> list[Testimony]:
        """In the order it was received."""


class ResultRepository(Protocol):
    """Results are added and read; there is no way to change one."""

    def add(self, result: Result) -> Result | None:
        """Record a result and set its `number`, above that of all others; None if the match has one already."""

    def get(self, number: int) -> Result | None: ...
    def of_match(self, match_id: str) -> Result | None: ...
    def recent(
        self,
        *,
        account_id: AccountId | None = None,
        room_id: int | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Result]:
        """Newest first, from before the result `before` on."""

    def from_number(self, first: int, last: int | None = None, *, limit: int = 1000) -> list[Result]:
        """Oldest first."""

    def newest(self) -> int:
        """The number of the newest; 0 for none."""

    def played(self, account_id: AccountId) -> dict[LobbyKind, int]:
        """How many games of each kind the account has a result of; kinds without one are left out."""


class RatingRepository(Protocol):
    """Seasons, and the standings that were derived from their results."""

    def current(self) -> Season | None:
        """The season without an end. In a write, whoever has it is alone with all standings until the end."""

    def season(self, number: int) -> Season | None: ...
    def seasons(self) -> list[Season]:
        """By number."""

    def add(self, season: Season) -> Season:
        """Save a new season and set its `number`."""

    def save(self, season: Season) -> None: ...
    def table(self, season: int) -> StandingTable: ...
    def clear(self, season: int) -> None:
        """Delete all standings of the season."""

    def forget(self, season: int, standing: Standing) -> None:
        """Delete one of them."""

    def ladder(
        self, season: int, kind: SubjectKind, category: Category, *, limit: int | None = None, offset: int = 0
    ) -> list[Standing]:
        """Standings in the order of `Standing.order`."""

    def active(self, season: int, kind: SubjectKind, category: Category) -> int:
        """How many active standings there are."""

    def of_subject(self, season: int, kind: SubjectKind, number: int) -> list[Standing]:
        """All categories of one player or clan."""

    def names(self, kind: SubjectKind, numbers: Collection[int]) -> dict[int, str]:
        """What those who are still there are called."""


class TournamentRepository(Protocol):
    """In a write, a tournament that was asked for is kept from others to the end, with its entries."""

    def add(self, tournament: Tournament) -> Tournament:
        """Save a new tournament and set its `number`."""

    def get(self, number: int) -> Tournament | None: ...
    def require(self, number: int) -> Tournament:
        """As `get`; raises NotFound for nothing."""

    def save(self, tournament: Tournament) -> None:
        """Write all fields back and raise `version`; raises Conflict on a stale version."""

    def in_state(self, *states: TournamentState) -> list[Tournament]:
        """By start time."""

    def in_slot(self, slot: int) -> Tournament | None:
        """The tournament of a slot that is not over. In a write, the slot is kept from others."""

    def entries(self, number: int) -> list[Entry]:
        """In the order they came."""

    def enter(self, entry: Entry) -> bool:
        """False if the account has entered already."""

    def set_seed(self, entry: Entry) -> None: ...
    def withdraw(self, number: int, account_id: AccountId) -> bool: ...
    def of_account(self, account_id: AccountId) -> list[Tournament]:
        """Those the account entered that are not over."""

    def award(self, prize: Prize) -> bool:
        """Record a prize; False if this place has one already."""

    def prizes(self, number: int) -> list[Prize]:
        """By place."""


class FilmRepository(Protocol):
    def add(self, film: Film) -> Film:
        """Save what is known of a film and set its `number`; raises NameTaken if there is such a file."""

    def get(self, number: int) -> Film | None: ...
    def of_match(self, match_id: str) -> list[Film]: ...
    def recent(self, limit: int = 50) -> list[Film]:
        """Newest first."""


class FilmFiles(Protocol):
    """Where the files of films are."""

    async def save(self, name: str, data: bytes) -> None:
        """Keep a whole file. Raises NameTaken if there is one of that name, LimitReached if there is no place."""

    async def read(self, name: str) -> bytes | None: ...


class BackupStore(Protocol):
    """Where backups are: made of all that is durable, while everything goes on."""

    async def make(self, reason: Reason, progress: Told) -> tuple[str, Backup]:
        """Make one and return its name. Raises Unavailable if it could not be written."""

    async def all(self) -> Sequence[BackupFile]:
        """The newest first."""

    async def about(self, name: str) -> Backup:
        """What one says of itself. Raises NotFound, or Unavailable if it cannot be read."""

    async def verify(self, name: str, progress: Told) -> Sequence[str]:
        """The parts that are not as they were written. Raises as `about`."""

    async def remove(self, name: str) -> None: ...


class ImportRepository(Protocol):
    """What was brought over from another server: its key there, and what it became here."""

    def ours(self, source: str, kind: str, key: str) -> str | None: ...
    def note(self, source: str, kind: str, key: str, ours: str) -> None: ...


class SheetRepository(Protocol):
    """In a write, whose sheet was asked for is kept from others to the end."""

    def get(self, character_id: CharacterId) -> Sheet:
        """The default sheet for who has none of their own."""

    def save(self, character_id: CharacterId, sheet: Sheet) -> None:
        """Replaces an earlier one. A new level goes to the character's row as well, whose version then rises."""


class PartyRepository(Protocol):
    """In a write, a party that was asked for is kept from others to the end, with its members."""

    def add(self, party: Party) -> Party:
        """Save a new party and set its `number`; raises AlreadyInParty if its founder is in one."""

    def get(self, number: int) -> Party | None:
        """Also one that is over."""

    def require(self, number: int) -> Party:
        """As `get`; raises NotFound for nothing."""

    def of_character(self, character_id: CharacterId) -> Party | None: ...
    def active(self) -> list[Party]:
        """Those that are not over, by number."""

    def save(self, party: Party) -> None:
        """Write it back with its members and raise `version`.

        Raises:
            Conflict: on a stale version.
            AlreadyInParty: a new member is in another one.

        """

    def tally(self, number: int, *, souls: int = 0, shards: int = 0, bosses: int = 0) -> None:
        """Add to what the party has to show for itself."""


class ShardRepository(Protocol):
    """In a write, whoever asked for the shards is alone with them until the end."""

    def all(self) -> Shards:
        """All twelve and the cycle; what was never saved is as in the beginning."""

    def save(self, known: Shards) -> None:
        """Write those that changed, and the cycle."""

    def begin(self, ownership: Ownership) -> None:
        """Record that somebody holds a shard from now on, and set its `number`. Who held it was ended before."""

    def end(self, shard: int, now: datetime) -> bool:
        """Record that nobody holds the shard any more; False if nobody did."""

    def history(self, shard: int, limit: int) -> list[Ownership]:
        """Newest first."""

    def remember(self, fall: Aetherfall) -> None: ...
    def falls(self, limit: int) -> list[Aetherfall]:
        """Newest first."""


class WorldEventRepository(Protocol):
    def add(self, event: WorldEvent) -> None:
        """Record an event and set its `number`, above that of all others."""

    def recent(self, limit: int, before: int | None = None) -> list[WorldEvent]:
        """Newest first, from before the event `before` on."""


class QuestRepository(Protocol):
    """In a write, whoever asked for a character's quests is alone with them until the end."""

    def of_character(self, character_id: CharacterId) -> Mapping[QuestId, Progress]:
        """The quests the character has ever taken on, in the order of that."""

    def save(self, progress: Progress) -> None:
        """Replaces what was known of this quest."""


class NoticeRepository(Protocol):
    """What people wait for, how they are reached, and bridges to channels elsewhere."""

    def subscribe(self, wanted: Subscription) -> Subscription:
        """Keep it; the row's number is set."""

    def subscriptions(self, account_id: AccountId | None = None) -> list[Subscription]:
        """Those of one account, or all, the oldest first. In a write, nobody else changes those of the account."""

    def told(self, wanted: Subscription) -> bool:
        """Save when it was told last; False if it is gone."""

    def unsubscribe(self, account_id: AccountId, number: int) -> bool: ...
    def add_contact(self, contact: Contact) -> Contact:
        """Keep it; the row's number is set."""

    def contacts(self, account_id: AccountId) -> list[Contact]:
        """Those of one account, the oldest first. In a write, nobody else changes them."""

    def save_contact(self, contact: Contact) -> None:
        """Overwrite the row, if it is still there."""

    def remove_contact(self, account_id: AccountId, number: int) -> bool: ...
    def quiet(self, account_id: AccountId) -> Quiet | None: ...
    def set_quiet(self, account_id: AccountId, quiet: Quiet | None) -> None: ...
    def forget(self, account_id: AccountId) -> None:
        """Delete all that an account waits for, and how it is reached."""

    def add_bridge(self, bridge: Bridge) -> Bridge:
        """Keep it; the row's number is set."""

    def bridges(self) -> list[Bridge]:
        """All, the oldest first. In a write, nobody else changes them."""

    def save_bridge(self, bridge: Bridge) -> None:
        """Overwrite the row, if it is still there."""

    def remove_bridge(self, number: int) -> bool: ...


class AnnouncementRepository(Protocol):
    """What is told by schedule."""

    def add(self, schedule: Schedule) -> Schedule:
        """Keep it; the row's number is set."""

    def all(self) -> list[Schedule]:
        """The oldest first. In a write, nobody else changes them."""

    def save(self, schedule: Schedule) -> None:
        """Overwrite the row, if it is still there."""

    def remove(self, number: int) -> bool: ...


# --- live state ------------------------------------------------------------------------------------


class PresenceStore(Protocol):
    """Who is in the world. A character is tracked at most once, in exactly one room."""

    def track(self, presence: Presence) -> None: ...
    def untrack(self, character_id: CharacterId) -> Presence | None: ...
    def get(self, character_id: CharacterId) -> Presence | None: ...
    def by_name_key(self, name_key: str) -> Presence | None: ...
    def of_account(self, account_id: AccountId) -> Presence | None: ...
    def relocate(self, character_id: CharacterId, room_id: RoomId) -> None: ...
    def in_room(self, room_id: RoomId) -> Sequence[Presence]:
        """In the order they came."""

    def all(self) -> Sequence[Presence]: ...
    def count(self) -> int: ...
    def populations(self) -> dict[RoomId, int]: ...


class History(Protocol):
    """The last events of a topic, a bounded ring (100 by default)."""

    async def append(self, topic: Topic, event: Event) -> None: ...
    async def find(self, message_id: str) -> list[tuple[Topic, Event]]:
        """The events with that `message_id`, and where they are."""

    async def remove(self, message_id: str) -> None:
        """Forget the events with that `message_id`."""

    async def recent(self, topic: Topic, limit: int = 100) -> list[Event]:
        """Oldest first."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` in any `per`."""

    count: int
    per: timedelta


class Throttle(Protocol):
    """Counts attempts by key, shared by all nodes."""

    async def hit(self, key: str, rate: Rate) -> timedelta | None:
        """Count one attempt. None if it is within the rate, else how long to wait; a refused attempt
        is not counted."""

    async def blocked(self, key: str, rate: Rate) -> timedelta | None:
        """As `hit` without counting."""

    async def clear(self, key: str) -> None: ...


class Realtime(Protocol):
    """Telling people. Nothing here waits: events are numbered and queued at once, in call order."""

    def publish(
        self, topic: Topic, event: Event, *, exclude: CharacterId | None = None, sparing: Collection[AccountId] = ()
    ) -> None:
        """Tell everybody subscribed to `topic` but `exclude`, and those of the accounts in `sparing`."""

    def send(self, character_id: CharacterId, event: Event) -> None:
        """Tell one character; nothing happens if it has no stream."""

    def has_stream(self, character_id: CharacterId) -> bool:
        """Whether the character has a stream: somebody plays it, or may come back to it."""

    def listens(self, account_id: AccountId, topic: Topic) -> bool:
        """Whether somebody of the account is subscribed to `topic`."""

    def subscribe(self, character_id: CharacterId, topic: Topic) -> None: ...
    def unsubscribe(self, character_id: CharacterId, topic: Topic) -> None: ...
    def set_ignored(self, character_id: CharacterId, accounts: frozenset[AccountId]) -> None:
        """Events whose `sender` is among `accounts` are not delivered to the character."""

    def close(self, character_id: CharacterId, payload: Payload) -> None:
        """Send `payload` (a `Disconnect`) last, close the character's connections, end its stream."""

    def close_session(self, session_id: SessionId, payload: Payload) -> None:
        """As `close`, for every stream that was opened under the login session."""


# --- the world -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LoadedWorld:
    """What reading the world packs gave: a world, or the problems that keep it from being one."""

    world: World | None
    problems: Sequence[Problem]


class WorldSource(Protocol):
    """Where the world is read from. Reading happens off the event loop."""

    async def load(self) -> LoadedWorld: ...

    async def changed(self) -> bool:
        """Whether what `load` would read changed since it was last called."""


# --- what the server says of itself ----------------------------------------------------------------


class LogReader(Protocol):
    """The newest lines of this process's log, and what is written there."""

    @property
    def newest(self) -> int:
        """The number of the newest line."""

    def search(self, query: LogQuery, *, after: int = 0, limit: int = 200) -> list[LogLine]:
        """The newest `limit` lines that are wanted, of those numbered above `after`; the oldest of them first."""

    def levels(self) -> Mapping[str, str]:
        """The least level logged by loggers that have one of their own; the one without a name is for the rest."""

    def apply(self, changes: Iterable[LevelChange]) -> None:
        """Have these levels, and no others, besides the one of the settings."""


class FaultSource(Protocol):
    """Faults of this process since somebody took them away."""

    def take(self) -> list[Fault]: ...
    def give_back(self, faults: list[Fault]) -> None:
        """They could not be saved: keep them for the next time."""
