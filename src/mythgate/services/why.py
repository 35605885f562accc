"""Why somebody may or may not come in: each check in the order in which the server makes it.

What is told comes from the rules that decide: `domain.signin`, `domain.lobbies.ENTRY_CHECKS`, and those of the doors
themselves. A server that runs knows how long somebody has to wait and how many are where; beside one, or without one,
these steps are unknown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from mythgate.domain.accounts import Account, AccountStatus, is_hidden
from mythgate.domain.decisions import Answer, Check, Step, explain, passes
from mythgate.domain.errors import Banned, NotFound, Unavailable
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import (
    ANY_COUNTRY,
    ENTRY_CHECKS,
    NO_CASTE,
    Family,
    Lobby,
    Looks,
    Visitor,
    lobby_listener,
)
from mythgate.domain.moderation import Mute
from mythgate.domain.names import name_key
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.domain.signin import BAN_CHECKS, GUEST_CHECKS, SIGN_IN_CHECKS
from mythgate.services.accounts import AccountService, role_within
from mythgate.services.gate import Gate
from mythgate.services.lobbies import LobbyService
from mythgate.services.ports import Clock, Store, Transaction
from mythgate.services.refusals import NotedRefusal, RecentRefusals

GUEST: Final = "guest"  # the name under which one asks about people without an account


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asked about, and with what they would come; None and empty is what nobody said."""

    name: str
    room_id: int | None = None
    door: str = ""
    family: Family | None = None  # of the game client
    country: int = ANY_COUNTRY
    version: int | None = None  # of the game client, as it tells it: 2180, or the patch of the games before
    build: int | None = None
    address: str | None = None

    @property
    def is_guest(self) -> bool:
        return self.name.casefold() == GUEST


@dataclass(frozen=True, slots=True)
class DoorState:
    """A door of this server as an operator set it up. `is_open`: None if no server runs, or who knows."""

    name: str
    place: str  # where it listens, or would
    is_enabled: bool = True
    is_open: bool | None = None
    setting: str = ""  # that opens it

    @property
    def words(self) -> str:
        if not self.is_enabled:
            return "is off"
        if self.is_open is None:
            return f"would be at {self.place}; whether it is open the running server knows"
        return f"is open at {self.place}" if self.is_open else f"is closed: {self.place} could not be opened"


def _unavailable(state: DoorState) -> Unavailable:
    return Unavailable(f"The {state.name} door is closed.", hint="Ask an administrator of this server.")


DOOR_CHECKS: Final[Sequence[Check[DoorState]]] = (
    Check(
        "door",
        holds=lambda state: False if not state.is_enabled else state.is_open,
        refusal=_unavailable,
        found=lambda state: state.words,
        needed=lambda _: "an open port",
        remedy=lambda state: (
            f"set {state.setting}, and start again" if not state.is_enabled else "mythgate doctor   (who has the port?)"
        ),
    ),
)


class DoorRules(Protocol):
    """What a door asks besides the rules of all doors."""

    @property
    def state(self) -> DoorState: ...
    @property
    def for_games(self) -> bool:
        """Whether old game clients come through it: they have passwords and guests of their own."""

    @property
    def takes_guests(self) -> bool:
        """Whether anybody may come through it without an account, if the server admits guests."""

    def first(self, question: Question) -> Sequence[Step]:
        """What is asked before who it is."""

    def last(self, question: Question, visitor: Visitor) -> Sequence[Step]:
        """What is asked once that is known."""

    def entering(self, question: Question, lobby: Lobby) -> Sequence[Step]:
        """What is asked before a lobby."""


@dataclass(slots=True)
class PlainDoor:
    """A door that asks nothing of its own."""

    state: DoorState
    for_games: bool = False
    takes_guests: bool = True

    def first(self, question: Question) -> Sequence[Step]:
        """Nothing."""
        del question
        return ()

    def last(self, question: Question, visitor: Visitor) -> Sequence[Step]:
        """Nothing."""
        del question, visitor
        return ()

    def entering(self, question: Question, lobby: Lobby) -> Sequence[Step]:
        """Nothing."""
        del question, lobby
        return ()


@dataclass(frozen=True, slots=True)
class Path:
    """One decision: whether somebody may sign in through a door, or enter a lobby."""

    name: str
    steps: Sequence[Step]
    room_id: int | None = None  # None: a door

    @property
    def may(self) -> bool:
        """Nothing that is known keeps them out."""
        return passes(self.steps)

    @property
    def first_refusal(self) -> Step | None:
        return next((step for step in self.steps if step.answer is Answer.NO), None)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known about somebody's coming in."""

    name: str
    account: Account | None
    is_live: bool
    doors: Sequence[Path]
    rooms: Sequence[Path]
    mute: Mute | None = None
    refusals: Sequence[NotedRefusal] = ()  # newest first

    @property
    def may_sign_in(self) -> bool:
        return any(path.may for path in self.doors)

    @property
    def may_enter(self) -> bool:
        """A lobby of those that were asked about, through a door of those."""
        return self.may_sign_in and any(path.may for path in self.rooms)


@dataclass(frozen=True, slots=True)
class _Person:
    account: Account | None
    clan: int
    tournaments: frozenset[int]
    mute: Mute | None


@dataclass(slots=True)
class WhyService:
    """Explains decisions, for the staff and for whom they are about."""

    store: Store
    accounts: AccountService
    lobbies: LobbyService
    refusals: RecentRefusals
    clock: Clock
    gate: Gate
    catch_up: Callable[[], Awaitable[object]]
    """Takes note of measures that were taken or lifted beside this node."""
    doors: dict[str, DoorRules] = field(default_factory=dict)
    is_live: bool = False  # this is the server, and not a command beside it

    async def about(self, caller: Caller, question: Question) -> Explanation:
        """Everything about somebody; for staff who may see accounts.

        Raises:
            PermissionDenied: the caller may not.
            NotFound: there is no such lobby or door.

        """

        def work(tx: Transaction) -> _Person:
            require(role_within(tx, caller), Permission.SEE_PEOPLE)
            if question.is_guest:
                return _Person(None, 0, frozenset(), None)
            return self._person(tx, tx.accounts.by_name_key(name_key(question.name)))

        person = await self.store.read(work)
        await self.lobbies.catch_up()  # an operator who asks has often just changed something
        await self.catch_up()
        doors = [rules for name, rules in self.doors.items() if question.door in ("", name)]
        if not doors:
            raise NotFound(f"There is no door {question.door[:40]}.", hint=f"There are: {', '.join(self.doors)}.")
        rooms = self.lobbies.lobbies() if question.room_id is None else [self.lobbies.lobby(question.room_id)]
        visitor = self._visitor(question, person)
        paths = [await self._door(rules, question, visitor) for rules in doors]
        account_id = person.account.id if person.account is not None else None
        return Explanation(
            name=visitor.name,
            account=person.account,
            is_live=self.is_live,
            doors=paths,
            rooms=[self._room(lobby, question, visitor) for lobby in rooms],
            mute=person.mute,
            refusals=self.refusals.recent(question.name, account_id),
        )

    async def own(self, caller: Caller, room_id: int | None = None, family: Family | None = None) -> Explanation:
        """What somebody may know about themselves, who has signed in. Raises NotFound."""
        person = await self.store.read(lambda tx: self._person(tx, tx.accounts.get(caller.account_id)))
        question = Question(caller.name, room_id, family=family)
        visitor = self._visitor(question, person)
        present = self.lobbies.by_number(visitor.number)
        if present is not None:  # as they are, and not as they would come
            visitor = present.visitor
        rooms = self.lobbies.lobbies() if room_id is None else [self.lobbies.lobby(room_id)]
        return Explanation(
            name=caller.name,
            account=person.account,
            is_live=self.is_live,
            doors=(),
            rooms=[self._room(lobby, question, visitor) for lobby in rooms],
            mute=person.mute,
            refusals=self.refusals.recent(caller.name, caller.account_id),
        )

    def _person(self, tx: Transaction, account: Account | None) -> _Person:
        if account is None or account.status is AccountStatus.DELETED:
            return _Person(None, 0, frozenset(), None)
        membership = tx.clans.membership(account.id)
        slots = frozenset(tournament.slot for tournament in tx.tournaments.of_account(account.id))
        mute = tx.moderation.mute_of(account.id)
        if mute is not None and not mute.is_active(self.clock.now()):
            mute = None
        return _Person(account, membership.clan if membership is not None else 0, slots, mute)

    @staticmethod
    def _visitor(question: Question, person: _Person) -> Visitor:
        account = person.account
        if account is None:
            name = "Guest" if question.is_guest else question.name
            return Visitor(
                lobby_listener(0), 0, name, Looks(name), "", "", family=question.family, country=question.country
            )
        return Visitor(
            listener=lobby_listener(account.number),
            number=account.number,
            name=account.name,
            looks=Looks(account.name),
            door=question.door,
            client="",
            account_id=AccountId(account.id),
            family=question.family,
            role=account.role,
            caste=NO_CASTE if account.is_guest else account.caste,
            country=question.country,
            clan=person.clan,
            tournaments=person.tournaments,
            hidden=is_hidden(account),
            has_guest_account=account.is_guest,
        )

    async def _door(self, rules: DoorRules, question: Question, visitor: Visitor) -> Path:
        steps = [*explain(DOOR_CHECKS, rules.state), *rules.first(question)]
        if not question.is_guest:
            attempt = await self.accounts.attempt(question.name, game=rules.for_games, address=question.address)
            if not self.is_live:
                attempt = replace(attempt, account_wait=None, address_wait=None)
            steps += explain(SIGN_IN_CHECKS, attempt)
            if attempt.account is not None:
                steps += explain(BAN_CHECKS, self._ban(attempt.account, rules.state.name, question.address))
        elif not rules.for_games:
            steps += explain(GUEST_CHECKS, rules.takes_guests and self.accounts.policy.guests)
        if question.is_guest:
            steps += explain(BAN_CHECKS, self._ban(None, rules.state.name, question.address))
        return Path(rules.state.name, [*steps, *rules.last(question, visitor)])

    def _ban(self, account: Account | None, door: str, address: str | None) -> str | None:
        """What the staff has against their coming in through a door, in words for them; None: nobody said from where
        they come, and nothing else is against it."""
        try:
            if account is None:
                self.gate.refuse_stranger(door, address or "")
            else:
                self.gate.refuse(account.id, account.role, door, address or "")
        except Banned as banned:
            return banned.message
        return None if address is None else ""

    def _room(self, lobby: Lobby, question: Question, visitor: Visitor) -> Path:
        entry = self.lobbies.entry(visitor, lobby.room_id)
        if not self.is_live:
            entry = replace(entry, occupants=None)
        steps = explain(ENTRY_CHECKS, entry)
        rules = self.doors.get(question.door)
        if rules is not None:
            steps = [*rules.entering(question, lobby), *steps]
        return Path(lobby.name, steps, lobby.room_id)
