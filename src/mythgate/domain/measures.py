"""Measures against people: bans and mutes of an account or a network, everywhere or in one place, for a while or until
they are lifted; and the appeals against them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from mythgate.domain.addresses import plain_address
from mythgate.domain.errors import InvalidInput, WrongState
from mythgate.domain.ids import AccountId

REASON_LENGTH: Final = 200
APPEAL_LENGTH: Final = 2000
ANSWER_LENGTH: Final = 1000
CODE_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is read as another
CODE_LENGTH: Final = 8
SHORTEST_PREFIX: Final = {4: 8, 6: 19}  # networks that are larger are half the world

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class MeasureKind(StrEnum):
    BAN = "ban"  # may not come in
    MUTE = "mute"  # may not be heard


class Scope(StrEnum):
    """Where a measure holds; `Measure.place` names which lobby, room or door."""

    EVERYWHERE = "everywhere"
    LOBBY = "lobby"
    ROOM = "room"  # of the world
    DOOR = "door"


@dataclass(slots=True)
class Measure:
    """One measure. It holds until it ends or is lifted; exactly one of `account_id` and `network` says against whom.

    `code` is what whoever it is about can appeal with, who is told it with every refusal.
    """

    kind: MeasureKind
    account_id: AccountId | None
    name: str  # the account's when the measure was taken
    network: str  # in the form 192.0.2.0/24
    scope: Scope
    place: str
    reason: str
    shows_reason: bool  # to whom it is about
    by_account_id: str  # or "cli", "system"
    by_name: str
    created_at: datetime
    ends_at: datetime | None  # None: until lifted
    code: str
    lifted_at: datetime | None = None
    lifted_by: str = ""
    number: int = 0
    version: int = 1

    def is_active(self, now: datetime) -> bool:
        """Whether it holds at `now`."""
        return self.lifted_at is None and (self.ends_at is None or now < self.ends_at)

    @property
    def subject(self) -> str:
        """Whom it is about, for the record."""
        return self.account_id or self.network


def until(measure: Measure) -> str:
    """How long it holds, in words."""
    return "until it is lifted" if measure.ends_at is None else f"until {measure.ends_at:%Y-%m-%d %H:%M} UTC"


def where(measure: Measure) -> str:
    """Where it holds, in words that follow others; nothing if that is everywhere."""
    if measure.scope is Scope.EVERYWHERE:
        return ""
    return f" {_WHERE[measure.scope]} {measure.place}"


_WHERE: Final[Mapping[Scope, str]] = {
    Scope.LOBBY: "in lobby",
    Scope.ROOM: "in the room",
    Scope.DOOR: "through the door",
}
_BANNED_FROM: Final[Mapping[Scope, str]] = {
    Scope.LOBBY: "from this lobby",
    Scope.ROOM: "from that place",
    Scope.DOOR: "from this door of the server",
}
_MUTED_IN: Final[Mapping[Scope, str]] = {
    Scope.LOBBY: " in this lobby",
    Scope.ROOM: " in this place",
    Scope.DOOR: " with this client",
}


def banned_words(measure: Measure, appeal_at: str = "") -> str:
    """What somebody reads whom a ban keeps out. `appeal_at` is the page for appeals, if there is one."""
    who = "Your network is" if measure.network else "You are"
    if measure.scope is Scope.EVERYWHERE and measure.account_id is not None:
        first = f"This account is locked {until(measure)}."
    else:
        first = f"{who} banned {_BANNED_FROM.get(measure.scope, 'from this server')} {until(measure)}."
    return " ".join((first, *_because(measure, appeal_at)))


def muted_words(measure: Measure, appeal_at: str = "") -> str:
    """What somebody reads who is muted."""
    first = f"You are muted{_MUTED_IN.get(measure.scope, '')} {until(measure)}."
    return " ".join((first, *_because(measure, appeal_at)))


def _because(measure: Measure, appeal_at: str) -> list[str]:
    """How to appeal, and then why: old clients cut off what is long."""
    words = []
    if measure.code:
        words.append(f"Appeal{f' at {appeal_at}' if appeal_at else ''} with the code {measure.code}.")
    if measure.reason and measure.shows_reason:
        words.append(f"Reason: {measure.reason.rstrip('.')}.")
    return words


# --- networks --------------------------------------------------------------------------------------


def network_of(text: str, field: str = "network") -> str:
    """An address or a range of them (CIDR), in its one usual form.

    Raises:
        InvalidInput: it is none, or one that nobody may mean.

    """
    address, _, bits = text.strip().partition("/")
    plain = plain_address(address)
    if plain is None:
        raise InvalidInput("This is no network address.", field=field, hint="192.0.2.7, 192.0.2.0/24 or 2001:db8::/48.")
    if bits and ":" in address and ":" not in plain:  # IPv4 in the clothes of IPv6
        bits = str(int(bits) - 96) if bits.isascii() and bits.isdigit() and int(bits) >= 96 else "x"
    try:
        network = ipaddress.ip_network(f"{plain}/{bits}" if bits else plain, strict=False)
    except ValueError:
        raise InvalidInput(
            "This is no range of addresses.", field=field, hint="192.0.2.0/24 or 2001:db8::/48."
        ) from None
    if network.is_loopback or network.is_unspecified:
        raise InvalidInput(
            "That is this machine itself.",
            field=field,
            hint="If everybody seems to come from there, http.trusted_proxies does not name your proxy.",
        )
    if network.prefixlen < SHORTEST_PREFIX[network.version]:
        raise InvalidInput(
            "That is too many addresses.", field=field, hint=f"At least /{SHORTEST_PREFIX[network.version]}."
        )
    return str(network)


def code_of(text: str) -> str:
    """A code as it is kept, however somebody typed it."""
    letters = "".join(letter for letter in text.upper() if letter in CODE_LETTERS)
    return f"{letters[:4]}-{letters[4:CODE_LENGTH]}" if len(letters) >= CODE_LENGTH else ""


class NetworkTable:
    """Measures against networks, found by an address. Costs a look for each length of prefix that is in use."""

    def __init__(self) -> None:
        self._by_network: dict[tuple[int, int], dict[int, list[Measure]]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_network)

    def add(self, measure: Measure) -> None:
        """Add one that has a network."""
        network = ipaddress.ip_network(measure.network)
        known = self._by_network.setdefault((network.version, network.prefixlen), {})
        known.setdefault(int(network.network_address), []).append(measure)

    def of(self, address: str) -> list[Measure]:
        """Those whose network holds the address."""
        if not self._by_network:
            return []
        plain = plain_address(address)
        if plain is None:
            return []
        parsed = ipaddress.ip_address(plain)
        number, found = int(parsed), []
        for (version, prefix), networks in self._by_network.items():
            if version == parsed.version:
                free = parsed.max_prefixlen - prefix
                found += networks.get(number >> free << free, [])
        return found


# --- appeals ---------------------------------------------------------------------------------------


class AppealState(StrEnum):
    OPEN = "open"
    GRANTED = "granted"  # the measure was lifted
    REFUSED = "refused"


class AppealStep(StrEnum):
    GRANT = "grant"
    REFUSE = "refuse"


APPEAL_TRANSITIONS: Final[Mapping[tuple[AppealState, AppealStep], AppealState]] = {
    (AppealState.OPEN, AppealStep.GRANT): AppealState.GRANTED,
    (AppealState.OPEN, AppealStep.REFUSE): AppealState.REFUSED,
}


@dataclass(slots=True)
class Appeal:
    """Somebody says why a measure against them is wrong. A measure has one open appeal at most."""

    measure: int
    account_id: AccountId | None
    name: str
    text: str
    created_at: datetime
    state: AppealState = AppealState.OPEN
    answer: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None
    number: int = 0
    version: int = 1

    def apply(self, step: AppealStep, by: str, answer: str, now: datetime) -> None:
        """Decide it. Raises WrongState if it is decided."""
        state = APPEAL_TRANSITIONS.get((self.state, step))
        if state is None:
            raise WrongState(f"This appeal is {self.state} already.")
        self.state, self.decided_by, self.answer, self.decided_at = state, by, answer, now
