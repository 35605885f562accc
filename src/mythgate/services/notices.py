"""Notices: telling people who are away that it is worth coming.

What each waits for is compared with who is where every few seconds. A notice is told once when it becomes true, and
again only after it was not, and never more often than `PAUSE` about the same thing; not in somebody's quiet hours, and
not to who is there to see it. That it was told is saved before it is sent, so that a crash never tells it twice.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from mythgate.domain.accounts import AccountStatus
from mythgate.domain.errors import InvalidInput, NotFound, PermissionDenied, TooMany
from mythgate.domain.hosting import HostedGame
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Lobby, Occupant
from mythgate.domain.notices import (
    PAUSE,
    WORLD,
    Contact,
    Notice,
    Occasion,
    Outcome,
    Quiet,
    Scene,
    Subscription,
    Table,
    Way,
    quiet_time,
    reached,
    require_contact,
    require_subscription,
    words,
)
from mythgate.domain.sessions import Caller
from mythgate.domain.styles import plain
from mythgate.services.errands import Errands
from mythgate.services.ports import Clock, PresenceStore, Rate, Store, Throttle, Transaction

log = logging.getLogger(__name__)

CODES: Final = Rate(5, timedelta(hours=1))  # sent for one account
CODES_TO_ONE: Final = Rate(3, timedelta(days=1))  # sent to one address
TESTS: Final = Rate(5, timedelta(hours=1))  # of one account
AT_ONCE: Final = 8  # deliveries under way
RETRIES: Final = (timedelta(minutes=1), timedelta(minutes=5))
WAITING: Final = 1000  # deliveries that will be tried again; what comes on top is not
TIES_LAST: Final = timedelta(minutes=5)  # how long clans and lists of friends are taken for what they were
TIES_AT_ONCE: Final = 50  # of these that are read in one look


class Postman(Protocol):
    """What carries notices to where they are to go."""

    @property
    def ways(self) -> Collection[Way]:
        """Those this server is set up for."""

    @property
    def push_key(self) -> str:
        """What browsers must know to subscribe to its push notices, base64url; empty without that way."""

    def require(self, contact: Contact) -> None:
        """Raise InvalidInput if nothing may be sent there, by the operator's settings."""

    async def deliver(self, contact: Contact, notice: Notice) -> Outcome:
        """Carry one notice; never raises for what is wrong on the other side."""


class Lobbies(Protocol):
    """What of lobbies is looked at; `services.lobbies.LobbyService`."""

    def lobby(self, room_id: int) -> Lobby: ...

    def everybody(self) -> Sequence[Occupant]: ...


class Games(Protocol):
    """What of hosted games is looked at; `services.hosting.HostingService`."""

    def games(self, room_id: int | None = None) -> Sequence[HostedGame]: ...


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything about one person's notices."""

    subscriptions: Sequence[Subscription]
    contacts: Sequence[Contact]
    quiet: Quiet | None
    ways: Sequence[Way]
    push_key: str


@dataclass(frozen=True, slots=True)
class _Ties:
    """The people somebody's waiting may concern, as read at `read_at`."""

    clan: frozenset[str]
    friends: dict[int, str]  # account ids by number
    names: dict[int, str]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class _Again:
    """A delivery that did not work yet."""

    due: datetime
    contact: Contact
    notice: Notice
    tries: int


class NoticeService:
    """Use cases around notices. The actor is an account that its door has authenticated."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        lobbies: Lobbies,
        games: Games,
        postman: Postman,
        throttle: Throttle,
        clock: Clock,
    ) -> None:
        self.outcomes: Final[Counter[str]] = Counter({one.value: 0 for one in Outcome})  # of deliveries
        self._store = store
        self._presence = presence
        self._lobbies = lobbies
        self._games = games
        self._postman = postman
        self._throttle = throttle
        self._clock = clock
        self._subscriptions: dict[int, Subscription] = {}
        self._spent: set[int] = set()  # those that were told, or seen, and are still true
        self._asleep: dict[int, datetime] = {}  # those whose owner wants quiet, and when to look again
        self._ties: dict[AccountId, _Ties] = {}
        self._again: list[_Again] = []
        self._errands = Errands("notices")
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def start(self) -> None:
        """Take up what is waited for; before the first `tick`."""
        for one in await self._store.read(lambda tx: tx.notices.subscriptions()):
            self._subscriptions[one.number] = one

    async def settle(self) -> None:
        """Wait until nothing is under way. Before the store closes."""
        await self._errands.settle()

    @property
    def waiting(self) -> int:
        """How many things are waited for."""
        return len(self._subscriptions)

    # --- one's own -------------------------------------------------------------------------------------

    async def overview(self, caller: Caller) -> Overview:
        """What the caller waits for, and how they are reached. Raises PermissionDenied for guests."""

        def work(tx: Transaction) -> Overview:
            account_id = _own(tx, caller)
            return Overview(
                tx.notices.subscriptions(account_id),
                tx.notices.contacts(account_id),
                tx.notices.quiet(account_id),
                sorted(self._postman.ways),
                self._postman.push_key,
            )

        return await self._store.read(work)

    async def subscribe(
        self, caller: Caller, occasion: Occasion, *, place: str = "", count: int = 1, friend: int = 0
    ) -> Subscription:
        """Be told when it is the case; `friend` is the number of somebody on the caller's list, 0 for anybody.

        Raises:
            PermissionDenied: guests have no notices.
            NotFound: there is no such lobby, or nobody of that number on the list.
            InvalidInput, LimitReached: as `domain.notices.require_subscription`.

        """
        if place not in ("", WORLD):
            if not (place.isascii() and place.isdecimal()):
                raise NotFound("There is no such lobby.")
            place = str(self._lobbies.lobby(int(place)).room_id)
        one_matters = occasion in (Occasion.GAME, Occasion.FRIEND)
        who = friend if occasion is Occasion.FRIEND else 0
        now = self._clock.now()

        def work(tx: Transaction) -> Subscription:
            account_id = _own(tx, caller)
            wanted = Subscription(account_id, occasion, place, 1 if one_matters else count, who, now)
            require_subscription(wanted, tx.notices.subscriptions(account_id))
            if who and all(one.number != who for one in tx.friends.of_account(account_id)):
                raise NotFound("They are not on your list of friends.", hint="Add them first.")
            if occasion is Occasion.CLAN and tx.clans.membership(account_id) is None:
                raise InvalidInput("You are in no clan.", field="occasion")
            return tx.notices.subscribe(wanted)

        def then(made: Subscription) -> None:
            self._subscriptions[made.number] = made
            self._ties.pop(made.account_id, None)

        return await self._store.write(work, then=then)

    async def unsubscribe(self, caller: Caller, number: int) -> None:
        """Wait for it no longer. Raises NotFound, PermissionDenied."""

        def work(tx: Transaction) -> None:
            if not tx.notices.unsubscribe(_own(tx, caller), number):
                raise NotFound("You do not wait for that.")

        await self._store.write(work, then=lambda _: self._drop(number))

    async def add_contact(self, caller: Caller, way: Way, address: str, keys: dict[str, str] | None = None) -> Contact:
        """Be reached there. But for a browser's push service, a code goes there, which `confirm_contact` asks for.

        Raises:
            PermissionDenied: guests have no notices.
            InvalidInput, LimitReached: as `domain.notices.require_contact`; this server does not go that way, or not
                there; nothing could be sent there.
            TooMany: too many codes were sent.

        """
        now = self._clock.now()
        is_push = way is Way.PUSH
        code = "" if is_push else f"{secrets.randbelow(10**6):06}"
        if way not in self._postman.ways:
            raise InvalidInput(f"This server sends no notices by {way}.", field="way")
        account_id = await self._store.read(lambda tx: _own(tx, caller))
        contact = Contact(account_id, way, address.strip(), keys or {}, now, now if is_push else None, code)
        require_contact(contact, [])
        self._postman.require(contact)
        if not is_push:
            for key, rate in ((f"code:{account_id}", CODES), (f"code_to:{contact.address}", CODES_TO_ONE)):
                wait = await self._throttle.hit(f"notices_{key}", rate)
                if wait is not None:
                    raise TooMany("Too many codes were sent.", retry_after=wait)

        def work(tx: Transaction) -> Contact:
            others = tx.notices.contacts(_own(tx, caller))
            again = next((one for one in others if (one.way, one.address) == (way, contact.address)), None)
            if again is not None:  # a new code, or the browser's new keys
                tx.notices.remove_contact(account_id, again.number)
                others.remove(again)
            require_contact(contact, others)
            return tx.notices.add_contact(contact)

        made = await self._store.write(work)
        if not is_push:
            notice = Notice("Mythgate", f"{code} is your code. It confirms that notices may come here.")
            if await self._carry(made, notice) is not Outcome.DELIVERED:
                await self._store.write(lambda tx: tx.notices.remove_contact(account_id, made.number))
                raise InvalidInput("Nothing could be sent there.", field="address", hint="Check the address.")
        return made

    async def confirm_contact(self, caller: Caller, number: int, code: str) -> Contact:
        """Begin to use an address. Raises NotFound, TooMany, PermissionDenied, and InvalidInput for a wrong code."""
        wait = await self._throttle.hit(f"notices_confirm:{caller.account_id}", Rate(10, timedelta(minutes=10)))
        if wait is not None:
            raise TooMany("Too many attempts.", retry_after=wait)
        now = self._clock.now()

        def work(tx: Transaction) -> Contact:
            contact = _contact(tx.notices.contacts(_own(tx, caller)), number)
            contact.confirm(code, now)
            tx.notices.save_contact(contact)
            return contact

        return await self._store.write(work)

    async def remove_contact(self, caller: Caller, number: int) -> None:
        """Be reached there no longer. Raises NotFound, PermissionDenied."""

        def work(tx: Transaction) -> None:
            if not tx.notices.remove_contact(_own(tx, caller), number):
                raise NotFound("You have no such address.")

        await self._store.write(work)

    async def set_quiet(self, caller: Caller, begins: int, ends: int, zone: str) -> Quiet:
        """Be told nothing in these hours, in minutes after midnight. Raises InvalidInput, PermissionDenied."""
        quiet = quiet_time(begins, ends, zone)
        await self._store.write(lambda tx: tx.notices.set_quiet(_own(tx, caller), quiet), then=self._look_anew)
        return quiet

    async def clear_quiet(self, caller: Caller) -> None:
        """Be told at all hours. Raises PermissionDenied."""
        await self._store.write(lambda tx: tx.notices.set_quiet(_own(tx, caller), None), then=self._look_anew)

    async def test(self, caller: Caller) -> Sequence[tuple[Contact, Outcome]]:
        """Send something to each address that is in use. Raises TooMany, NotFound if none is, PermissionDenied."""
        wait = await self._throttle.hit(f"notices_test:{caller.account_id}", TESTS)
        if wait is not None:
            raise TooMany("You have tried often enough for now.", retry_after=wait)
        own = await self._store.read(lambda tx: tx.notices.contacts(_own(tx, caller)))
        used = [one for one in own if one.is_in_use]
        if not used:
            raise NotFound("You have no confirmed address.", hint="Add one first.")
        notice = Notice("Mythgate", "This is what a notice looks like.", "/lobby")
        return [(one, await self._carry(one, notice)) for one in used]

    def _look_anew(self, _: object) -> None:
        self._asleep.clear()

    def _drop(self, number: int) -> None:
        self._subscriptions.pop(number, None)
        self._spent.discard(number)
        self._asleep.pop(number, None)

    # --- time ------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Every few seconds: tell what has become true, and try again what did not work."""
        now = self._clock.now()
        due = [one for one in self._again if one.due <= now]
        self._again = [one for one in self._again if one.due > now]
        for one in due:
            self._errands.start(self._send(one.contact, one.notice, one.tries))
        if not self._subscriptions:
            return
        scene = self._scene()
        await self._read_ties(scene, now)
        for wanted in list(self._subscriptions.values()):
            ties = self._ties.get(wanted.account_id)
            found = reached(wanted, scene, _concerned(wanted, ties))
            if not found:
                self._spent.discard(wanted.number)
            elif wanted.account_id in scene.everybody:
                self._spent.add(wanted.number)  # they see it themselves
            elif wanted.number not in self._spent and self._may_be_told(wanted, now):
                await self._tell(wanted, self._notice(wanted, found, scene, ties), now)

    def _may_be_told(self, wanted: Subscription, now: datetime) -> bool:
        if wanted.told_at is not None and now < wanted.told_at + PAUSE:
            return False
        return self._asleep.get(wanted.number, now) <= now

    def _scene(self) -> Scene:
        places: dict[str, set[str]] = {WORLD: {one.account_id for one in self._presence.all()}}
        for one in self._lobbies.everybody():
            if not one.visitor.hidden:
                places.setdefault(str(one.room_id), set()).add(one.visitor.account_id or f"guest {one.number}")
        hosts = {one.number: one.visitor.account_id for one in self._lobbies.everybody()}
        tables = tuple(
            Table(str(game.room_id), hosts.get(game.host) or "", plain(game.facts.name))
            for game in self._games.games()
            if game.is_joinable
        )
        return Scene(
            {place: frozenset(people) for place, people in places.items()}, frozenset().union(*places.values()), tables
        )

    async def _read_ties(self, scene: Scene, now: datetime) -> None:
        """For who is away and waits for people they know: whom they know, a bounded number at a time."""
        stale: dict[AccountId, None] = {}
        for one in self._subscriptions.values():
            if one.occasion in (Occasion.CLAN, Occasion.FRIEND) and one.account_id not in scene.everybody:
                known = self._ties.get(one.account_id)
                if known is None or known.read_at + TIES_LAST <= now:
                    stale[one.account_id] = None
        some = list(stale)[:TIES_AT_ONCE]
        if some:
            self._ties.update(await self._store.read(lambda tx: {one: _read(tx, one, now) for one in some}))

    def _notice(self, wanted: Subscription, found: int, scene: Scene, ties: _Ties | None) -> Notice:
        place = self._place_name(wanted.place)
        names = ties.names if ties is not None else {}
        friend = names.get(wanted.friend, "")
        if wanted.occasion is Occasion.FRIEND and not friend and ties is not None:
            there = scene.at(wanted.place)
            friend = next((names[number] for number, one in ties.friends.items() if one in there), "")
        games = [one for one in scene.tables if one.host != wanted.account_id and wanted.place in ("", one.place)]
        if wanted.occasion is Occasion.GAME and not place:
            place = self._place_name(games[0].place)
        return words(wanted, found, place=place, friend=friend, game=games[0].name if games else "")

    def _place_name(self, place: str) -> str:
        if place in ("", WORLD):
            return "the world" if place else ""
        try:
            return plain(self._lobbies.lobby(int(place)).name)
        except NotFound:
            return ""

    async def _tell(self, wanted: Subscription, notice: Notice, now: datetime) -> None:
        def work(tx: Transaction) -> tuple[list[Contact], bool, bool]:
            account = tx.accounts.get(wanted.account_id)
            if account is None or account.status is not AccountStatus.ACTIVE:
                return [], False, account is not None
            quiet = tx.notices.quiet(wanted.account_id)
            if quiet is not None and quiet.holds(now):
                return [], True, True
            used = [one for one in tx.notices.contacts(wanted.account_id) if one.is_in_use]
            if not used:
                return [], False, True
            before, wanted.told_at = wanted.told_at, now
            if not tx.notices.told(wanted):
                wanted.told_at = before
                return [], False, False
            return used, False, True

        def then(told: tuple[list[Contact], bool, bool]) -> None:
            contacts, quiet, is_there = told
            if not is_there:
                self._drop(wanted.number)
            elif quiet:
                self._asleep[wanted.number] = now + timedelta(minutes=1)
            else:
                self._spent.add(wanted.number)
            for contact in contacts:
                self._errands.start(self._send(contact, notice, 0))

        await self._store.write(work, then=then)

    # --- on the way ------------------------------------------------------------------------------------

    async def _carry(self, contact: Contact, notice: Notice) -> Outcome:
        async with self._gate:
            outcome = await self._postman.deliver(contact, notice)
        self.outcomes[outcome] += 1
        return outcome

    async def _send(self, contact: Contact, notice: Notice, tries: int) -> None:
        outcome = await self._carry(contact, notice)
        if outcome is Outcome.LATER and tries < len(RETRIES) and len(self._again) < WAITING:
            self._again.append(_Again(self._clock.now() + RETRIES[tries], contact, notice, tries + 1))
            return
        if outcome is Outcome.DELIVERED and not contact.failures:
            return

        def work(tx: Transaction) -> None:
            known = next((one for one in tx.notices.contacts(contact.account_id) if one.number == contact.number), None)
            if known is None:
                return
            if outcome is Outcome.GONE:
                tx.notices.remove_contact(contact.account_id, contact.number)
                return
            known.failures = 0 if outcome is Outcome.DELIVERED else known.failures + 1
            tx.notices.save_contact(known)

        await self._store.write(work)
        if outcome is not Outcome.DELIVERED:
            log.warning("notice not delivered", extra={"way": contact.way.value, "outcome": outcome.value})


def _own(tx: Transaction, caller: Caller) -> AccountId:
    account = tx.accounts.get(caller.account_id)
    if account is None or account.is_guest:
        raise PermissionDenied("Guests have no notices.", hint="Register, and they can be yours.")
    return account.id


def _contact(own: Iterable[Contact], number: int) -> Contact:
    found = next((one for one in own if one.number == number), None)
    if found is None:
        raise NotFound("You have no such address.")
    return found


def _concerned(wanted: Subscription, ties: _Ties | None) -> frozenset[str]:
    if ties is None:
        return frozenset()
    if wanted.occasion is Occasion.CLAN:
        return ties.clan
    if wanted.friend:
        return frozenset(one for number, one in ties.friends.items() if number == wanted.friend)
    return frozenset(ties.friends.values())


def _read(tx: Transaction, account_id: AccountId, now: datetime) -> _Ties:
    membership = tx.clans.membership(account_id)
    clan = tx.clans.members(membership.clan) if membership is not None else []
    friends: dict[int, str] = {}
    names: dict[int, str] = {}
    for friend in tx.friends.of_account(account_id):
        account = tx.accounts.by_number(friend.number)
        assert account is not None  # or it would be in no list
        friends[friend.number], names[friend.number] = account.id, account.name
    return _Ties(frozenset(one.account_id for one in clan), friends, names, now)
