"""Friends ("buddies" of the old clients): who lists whom, and whether the other agrees.

Each side has an entry of its own for the other. An entry waits until the other side lists back; then both are
active. Taking an entry away leaves the other's waiting again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mythgate.domain.errors import InvalidInput, LimitReached
from mythgate.domain.ids import AccountId

MOST_FRIENDS: Final = 16  # the old clients' list holds no more


class FriendState(StrEnum):
    """What an entry says. The order is that of the old clients' numbers."""

    INACTIVE = "inactive"  # no entry
    UNACKNOWLEDGED = "unacknowledged"
    ACTIVE = "active"
    OFFLINE = "offline"  # only shown, never kept: the friend is not on

    @property
    def number(self) -> int:
        """0 to 3."""
        return _NUMBERS[self]


_NUMBERS: Final = {state: number for number, state in enumerate(FriendState)}


class FriendAct(StrEnum):
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Pair:
    """The entries of two people for each other."""

    mine: FriendState = FriendState.INACTIVE
    theirs: FriendState = FriendState.INACTIVE


_NOBODY: Final = Pair()
_I_WAIT: Final = Pair(FriendState.UNACKNOWLEDGED, FriendState.INACTIVE)
_THEY_WAIT: Final = Pair(FriendState.INACTIVE, FriendState.UNACKNOWLEDGED)
_BOTH: Final = Pair(FriendState.ACTIVE, FriendState.ACTIVE)

TRANSITIONS: Final[Mapping[tuple[Pair, FriendAct], Pair]] = MappingProxyType(
    {
        (_NOBODY, FriendAct.ADD): _I_WAIT,
        (_I_WAIT, FriendAct.ADD): _I_WAIT,
        (_THEY_WAIT, FriendAct.ADD): _BOTH,
        (_BOTH, FriendAct.ADD): _BOTH,
        (_NOBODY, FriendAct.REMOVE): _NOBODY,
        (_I_WAIT, FriendAct.REMOVE): _NOBODY,
        (_THEY_WAIT, FriendAct.REMOVE): _THEY_WAIT,
        (_BOTH, FriendAct.REMOVE): _THEY_WAIT,
    }
)


def changed(pair: Pair, act: FriendAct, *, mine_already: int) -> Pair:
    """What `act` of mine makes of our entries.

    Raises:
        LimitReached: there are `mine_already` on my list, and it is full.

    """
    if act is FriendAct.ADD and pair.mine is FriendState.INACTIVE and mine_already >= MOST_FRIENDS:
        raise LimitReached("Your list of friends is full.", hint="Remove somebody first.")
    return TRANSITIONS[pair, act]


def require_other(mine: AccountId, theirs: AccountId) -> None:
    """Raise InvalidInput for somebody who means themselves."""
    if mine == theirs:
        raise InvalidInput("You cannot be your own friend.")


@dataclass(frozen=True, slots=True)
class Friendship:
    """An entry as it is kept: never inactive, never offline."""

    account_id: AccountId
    friend_id: AccountId
    state: FriendState


@dataclass(frozen=True, slots=True)
class Friend:
    """An entry as its owner sees it. `room_id` is the lobby the friend is in, None if they are not on."""

    number: int
    name: str
    state: FriendState
    room_id: int | None = None


def listed(friends: Iterable[Friend]) -> list[Friend]:
    """In the order of the list: those who are not on first, then active ones, then those who wait; by name."""
    return sorted(friends, key=lambda one: (-one.state.number, one.name.casefold(), one.number))
