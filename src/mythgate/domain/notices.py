"""Notices: what somebody who is away wants to be told of, when, and by which way it reaches them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mythgate.domain.errors import InvalidInput, LimitReached
from mythgate.domain.ids import AccountId

MOST_SUBSCRIPTIONS: Final = 20  # of one account
MOST_CONTACTS: Final = 5  # of one account
MOST_PEOPLE: Final = 100  # that one may wait for
PAUSE: Final = timedelta(minutes=30)  # between two notices about the same thing
FAILURES: Final = 10  # in a row, after which a way is taken for dead
CODE_LIFETIME: Final = timedelta(hours=1)
WORLD: Final = "world"  # as a place: the text world as a whole
_ADDRESS_LENGTH: Final = 1000
_MINUTES: Final = 24 * 60


class Occasion(StrEnum):
    """What one can wait for."""

    PEOPLE = "people"  # at least so many others are in a place
    GAME = "game"  # somebody hosts a game that can be joined
    CLAN = "clan"  # at least so many others of one's clan are there
    FRIEND = "friend"  # somebody on one's list of friends is there


class Outcome(StrEnum):
    """What became of a notice on its way."""

    DELIVERED = "delivered"
    LATER = "later"  # it may work in a while
    FAILED = "failed"  # it will not work
    GONE = "gone"  # whoever was there is not any more: forget the address


class Way(StrEnum):
    """How a notice reaches somebody."""

    PUSH = "push"  # a browser's push service
    WEBHOOK = "webhook"  # a POST to an address; in the form of Discord if it is one of theirs
    MAIL = "mail"


@dataclass(slots=True)
class Subscription:
    """One thing somebody waits for. `place` is the number of a lobby, `WORLD`, or empty for anywhere."""

    account_id: AccountId
    occasion: Occasion
    place: str
    count: int  # of people; 1 where it makes no difference
    friend: int  # number of the account that is waited for; 0 for anybody
    created_at: datetime
    told_at: datetime | None = None
    number: int = 0

    def is_like(self, other: Subscription) -> bool:
        """Whether both wait for the same."""
        mine = (self.occasion, self.place, self.count, self.friend)
        return mine == (other.occasion, other.place, other.count, other.friend)


@dataclass(slots=True)
class Contact:
    """Where notices for somebody go. Nothing but the code goes there until it is confirmed."""

    account_id: AccountId
    way: Way
    address: str  # e-mail address, URL, or the endpoint of a push service
    keys: dict[str, str]  # of a browser: `p256dh` and `auth`, base64url
    created_at: datetime
    confirmed_at: datetime | None = None
    code: str = ""  # what confirms it; empty once it is
    failures: int = 0  # in a row
    number: int = 0

    @property
    def is_in_use(self) -> bool:
        """Whether notices go there."""
        return self.confirmed_at is not None and self.failures < FAILURES

    def confirm(self, code: str, now: datetime) -> None:
        """Begin to use it. Raises InvalidInput for a wrong or an old code."""
        if self.confirmed_at is not None:
            return
        if not self.code or code.strip() != self.code or now > self.created_at + CODE_LIFETIME:
            raise InvalidInput("This is not the code.", field="code", hint="Add the address again for a new one.")
        self.confirmed_at, self.code = now, ""


@dataclass(frozen=True, slots=True)
class Quiet:
    """The time of day in which somebody is told nothing, in minutes after midnight where they live."""

    begins: int
    ends: int
    zone: str

    def holds(self, now: datetime) -> bool:
        """Whether it is that time; over midnight if it ends before it begins."""
        there = now.astimezone(ZoneInfo(self.zone))
        minute = there.hour * 60 + there.minute
        if self.begins <= self.ends:
            return self.begins <= minute < self.ends
        return minute >= self.begins or minute < self.ends


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told."""

    title: str
    text: str
    path: str = ""  # of the page to open, on this server


# --- what fits -------------------------------------------------------------------------------------


def require_subscription(wanted: Subscription, others: list[Subscription]) -> None:
    """Raise unless somebody who has `others` may have `wanted`, too.

    Raises:
        InvalidInput: it makes no sense, or they have it already.
        LimitReached: they have as many as they may.

    """
    if not 1 <= wanted.count <= MOST_PEOPLE:
        raise InvalidInput(f"Wait for 1 to {MOST_PEOPLE} people.", field="count")
    if wanted.place == WORLD and wanted.occasion is Occasion.GAME:
        raise InvalidInput("Games are hosted in lobbies.", field="place", hint="Choose a lobby, or anywhere.")
    if any(wanted.is_like(one) for one in others):
        raise InvalidInput("You wait for that already.")
    if len(others) >= MOST_SUBSCRIPTIONS:
        raise LimitReached(f"You wait for {MOST_SUBSCRIPTIONS} things already.", hint="Remove one first.")


def require_contact(wanted: Contact, others: list[Contact]) -> None:
    """Raise unless somebody who has `others` may have `wanted`, too. Raises as `require_subscription`."""
    address = wanted.address
    if not address or len(address) > _ADDRESS_LENGTH or not address.isascii() or not address.isprintable():
        raise InvalidInput("This address cannot be used.", field="address")
    if wanted.way is Way.MAIL:
        name, at, domain = address.rpartition("@")
        if not name or not at or "." not in domain or any(mark in address for mark in ' <>,;:"\\'):
            raise InvalidInput("This is no e-mail address.", field="address")
    else:
        parts = urlsplit(address)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.password:
            raise InvalidInput("This is no address of the web.", field="address", hint="It begins with https://")
    if wanted.way is Way.PUSH and set(wanted.keys) != {"p256dh", "auth"}:
        raise InvalidInput("The browser's keys are missing.", field="keys")
    if len(others) >= MOST_CONTACTS:
        raise LimitReached(f"You have {MOST_CONTACTS} addresses already.", hint="Remove one first.")


def quiet_time(begins: int, ends: int, zone: str) -> Quiet:
    """Quiet hours that make sense. Raises InvalidInput."""
    if not (0 <= begins < _MINUTES and 0 <= ends < _MINUTES) or begins == ends:
        raise InvalidInput("These hours make no sense.", field="begins", hint="Minutes after midnight, 0 to 1439.")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput("There is no such time zone.", field="zone", hint="Like Europe/Berlin, or UTC.") from None
    return Quiet(begins, ends, zone)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open Internet: not of this machine, nor of a network behind a wall."""
    found = ipaddress.ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    one = mapped if mapped is not None else found
    return one.is_global and not one.is_multicast and not one.is_reserved


# --- what is true now ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Table:
    """A game somebody hosts that can be joined."""

    place: str
    host: str  # account id; of a guest anything else
    name: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Who is where at one moment, by account id, and of guests of old clients anything else; nobody who is hidden."""

    places: dict[str, frozenset[str]]
    everybody: frozenset[str]
    tables: tuple[Table, ...] = ()

    def at(self, place: str) -> frozenset[str]:
        """Who is in a place; anywhere if it is empty."""
        return self.everybody if not place else self.places.get(place, frozenset())


def reached(wanted: Subscription, scene: Scene, known: frozenset[str]) -> int:
    """How many there are of what is waited for; 0 if it is not (yet) the case.

    `known` are the people it concerns: the others of the clan, or the friends that are waited for.
    """
    there, own = scene.at(wanted.place), wanted.account_id
    match wanted.occasion:
        case Occasion.PEOPLE:
            found = len(there) - (own in there)
        case Occasion.GAME:
            found = sum(one.host != own and wanted.place in ("", one.place) for one in scene.tables)
        case _:
            found = len((there & known) - {own})
    return found if found >= wanted.count else 0


def words(wanted: Subscription, found: int, *, place: str, friend: str = "", game: str = "") -> Notice:
    """What is told when it is the case; `place` is a name like `friend` and `game`, empty for none in particular."""
    where = f"in {place}" if place else "there"
    match wanted.occasion:
        case Occasion.PEOPLE:
            text = f"Somebody is {where}." if found == 1 else f"{found} people are {where}."
        case Occasion.CLAN:
            text = f"{'One' if found == 1 else found} of your clan {'is' if found == 1 else 'are'} {where}."
        case Occasion.FRIEND:
            text = f"{friend or 'A friend of yours'} is {where}."
        case _:
            text = f"Somebody hosts {f'“{game}”' if game else 'a game'}{f' {where}' if place else ''}."
    return Notice("Mythgate", text, "/" if wanted.place == WORLD else "/lobby")
