"""The families of clients, and how each of them wants to be treated, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from mythgate.domain.lobbies import Family
from mythgate.wire.metaserver.layout import Family as WireFamily

MYTH_18_PLATFORM: Final = 100
"""Builds since 1.8 number their platforms from here on; Marathon and the older Myth builds below."""


@dataclass(frozen=True, slots=True)
class Client:
    """A kind of client. `name` is how people see it."""

    name: str
    family: Family
    wire: WireFamily
    keeps_token: bool = True  # the token of a log-in opens room after room
    waits_for_data: bool = True  # enters a room with its player data, not before
    takes_room_pushes: bool = True  # understands a room list in a room
    has_blam: bool = True  # knows the notice to somebody who is kicked
    legacy: bool = False  # Myth from before 1.8
    friend_places: int = 16  # in its list of friends

    @property
    def is_marathon(self) -> bool:
        return self.family is Family.MARATHON


ALEPH_ONE: Final = Client(
    name="Aleph One",
    family=Family.MARATHON,
    wire=WireFamily.ALEPHONE,
    keeps_token=False,
    takes_room_pushes=False,
    has_blam=False,
)
MYTH_TFL: Final = Client("Myth: The Fallen Lords", Family.TFL, WireFamily.MYTH, legacy=True)
MYTH_II: Final = Client("Myth II", Family.MYTH, WireFamily.MYTH, legacy=True)
MYTH_ORIGINAL: Final = replace(MYTH_II, friend_places=8)  # as it was released
MYTH_III: Final = Client("Myth III", Family.MYTH3, WireFamily.MYTH, legacy=True)
MYTH_II_18: Final = Client(
    name="Myth II 1.8",
    family=Family.MYTH2,
    wire=WireFamily.MYTH2_18,
    waits_for_data=False,
)

_APPLICATIONS: Final = {
    "MARATHON": ALEPH_ONE,
    "MYTH": MYTH_ORIGINAL,
    "MYTH1": MYTH_TFL,
    "MYTH3": MYTH_III,
}


def client_of(application: str, *, is_18: bool) -> Client | None:
    """The client that calls itself `application`; None if we serve no such game."""
    name = application.strip().upper()
    if name.startswith("MYTH2"):
        return MYTH_II_18 if is_18 else MYTH_II
    return _APPLICATIONS.get(name)
