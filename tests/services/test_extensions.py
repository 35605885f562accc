"""What plug-ins add: packets, types of lobbies, and handlers that are told what happens in these."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest
from tests.support.clock import FakeClock
from tests.support.lobbies import LobbyKit

from mythgate.domain.errors import Conflict, InvalidInput, PermissionDenied
from mythgate.domain.lobbies import Family, Lobby, Occupant, checked
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.tournaments import TournamentLobby
from mythgate.services.all import Services
from mythgate.services.extensions import LONGEST_ANSWER, Extensions, PacketCall, PacketHandlers
from mythgate.services.lobbylist import LOBBIES_FACT, LobbyList
from mythgate.services.ports import Store
from mythgate.services.roomtypes import RoomHandler, RoomTypes

# --- packets -----------------------------------------------------------------------------------------


def a_call(packet_type: int, payload: bytes = b"") -> PacketCall:
    return PacketCall(cast("Services", None), cast("Occupant", None), packet_type, payload)


async def test_a_packet_reaches_its_handler_and_the_answer_comes_back() -> None:
    async def reverse(call: PacketCall) -> bytes | None:
        return call.payload[::-1]

    async def refuse(call: PacketCall) -> bytes | None:
        raise PermissionDenied

    packets = PacketHandlers()
    packets.add(1000, reverse)
    packets.add(0x7FFF, refuse)
    assert [number in packets for number in (999, 1000, 1001, 0x7FFF)] == [False, True, False, True]
    assert await packets.handle(a_call(1000, b"abc")) == b"cba"
    assert await packets.handle(a_call(1001, b"abc")) is None
    with pytest.raises(PermissionDenied):
        await packets.handle(a_call(0x7FFF))


async def test_an_answer_that_is_too_long_is_none(caplog: pytest.LogCaptureFixture) -> None:
    async def shout(call: PacketCall) -> bytes | None:
        return bytes(LONGEST_ANSWER + len(call.payload))

    packets = PacketHandlers()
    packets.add(1000, shout)
    assert await packets.handle(a_call(1000)) == bytes(LONGEST_ANSWER)
    assert await packets.handle(a_call(1000, b"!")) is None
    assert "too long" in caplog.text


@pytest.mark.parametrize("number", [0, 205, 999, 0x8000, 2000])
def test_numbers_that_are_not_free(number: int) -> None:
    async def nothing(call: PacketCall) -> bytes | None:
        return None

    packets = Extensions().packets
    packets.add(2000, nothing)
    with pytest.raises(ValueError, match=str(number)):
        packets.add(number, nothing)


# --- types of lobbies --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sized(Lobby):
    """A lobby with a field of each kind."""

    type_name: ClassVar[str] = "sized"

    words: str = ""
    count: int = 0
    share: float = 0.0
    open_late: bool = False
    since: datetime | None = None
    shares: tuple[int, ...] = ()
    anything: object = None


def some_types(handler: type[RoomHandler] = RoomHandler) -> RoomTypes:
    types = RoomTypes()
    types.add(Sized, handler)
    return types


BASE = {"name": "Shoal", "room_id": 4}
MOMENT = datetime(2030, 1, 30, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Sized("Shoal", 4)),
        ({"family": "myth2", "ranked": "yes"}, Sized("Shoal", 4, family=Family.MYTH2, ranked=True)),
        ({"words": "hello", "anything": [1]}, Sized("Shoal", 4, words="hello", anything=[1])),
        ({"count": "7", "share": "0.5"}, Sized("Shoal", 4, count=7, share=0.5)),
        ({"open_late": True, "capacity": 9}, Sized("Shoal", 4, open_late=True, capacity=9)),
        ({"open_late": "NO", "since": ""}, Sized("Shoal", 4)),
        ({"since": "2030-01-30T20:00"}, Sized("Shoal", 4, since=MOMENT)),
        ({"since": MOMENT, "shares": [70, 30]}, Sized("Shoal", 4, since=MOMENT, shares=(70, 30))),
        ({"since": "2030-01-30T21:00+01:00", "shares": "70,30"}, Sized("Shoal", 4, since=MOMENT, shares=(70, 30))),
    ],
)
def test_a_lobby_from_what_an_operator_says(given: dict[str, Any], expected: Sized) -> None:
    types = some_types()
    made = types.make("sized", {**BASE, **given})
    assert made == expected
    if made == expected and expected.anything is None:
        assert types.from_row(types.row_of(made)) == made


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"count": "many"}, "count"),
        ({"count": 1.5}, "count"),
        ({"count": True}, "count"),
        ({"words": 3}, "words"),
        ({"open_late": "perhaps"}, "open_late"),
        ({"since": "tonight"}, "since"),
        ({"shares": 3}, "shares"),
        ({"family": "doom"}, "family"),
        ({"capacity": 0}, "capacity"),
        ({"size": 3}, "size"),
    ],
)
def test_what_makes_no_sense_names_the_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        some_types().make("sized", {**BASE, **given})
    assert refused.value.field == field


def test_types_are_known_by_name() -> None:
    types = some_types()
    assert types.names() == ["sized", "standard"]
    with pytest.raises(InvalidInput, match="no such type"):
        types.make("grand", BASE)
    with pytest.raises(ValueError, match="sized"):
        types.add(Sized, RoomHandler)
    assert types.changed(types.make("sized", BASE), {"count": 3}) == Sized("Shoal", 4, count=3)


def test_a_type_that_is_gone_leaves_a_plain_lobby() -> None:
    row = some_types().row_of(Sized("Shoal", 4, count=3, ranked=True))
    assert RoomTypes().from_row(row) == Lobby("Shoal", 4, ranked=True)


async def test_the_list_keeps_the_type(store: Store, clock: FakeClock) -> None:
    def a_list(types: RoomTypes | None) -> LobbyList:
        return LobbyList([], store=store, clock=clock, on_changed=lambda _: None, types=types)

    types = some_types()
    await a_list(types).add(OPERATOR, Sized("Shoal", 4, count=3, since=MOMENT, shares=(70, 30)))
    known = a_list(types)
    await known.catch_up()
    assert known.require(4) == Sized("Shoal", 4, count=3, since=MOMENT, shares=(70, 30))
    changed = await known.change(OPERATOR, 4, count="5", motd="Hello.")
    assert changed == known.require(4) == Sized("Shoal", 4, count=5, motd="Hello.", since=MOMENT, shares=(70, 30))
    assert '"type": "sized"' in (await store.read(lambda tx: tx.facts.get(LOBBIES_FACT)) or "")
    without = a_list(None)
    await without.catch_up()
    assert without.require(4) == Lobby("Shoal", 4, motd="Hello.")


# --- handlers ----------------------------------------------------------------------------------------


class Usher(RoomHandler):
    """Notes what it is told."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.notes: list[tuple[str, int]] = []
        self.trouble = ""

    def entered(self, lobby: Lobby, occupant: Occupant) -> None:
        self.notes.append((f"{occupant.name} came", lobby.room_id))

    def leaving(self, lobby: Lobby, occupant: Occupant) -> None:
        self.notes.append((f"{occupant.name} goes", lobby.room_id))

    async def tick(self, lobby: Lobby) -> None:
        if self.trouble:
            raise Conflict(self.trouble)
        self.notes.append(("tick", lobby.room_id))


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[LobbyKit]:
    made = LobbyKit(clock, store)
    yield made
    await made.lobbies.settle()


def usher(kit: LobbyKit, types: RoomTypes) -> Usher:
    types.serve(cast("Services", SimpleNamespace(lobbies=kit.lobbies)))
    return cast("Usher", types._running["sized"])


async def test_a_handler_hears_of_the_lobbies_of_its_type_alone(
    kit: LobbyKit, caplog: pytest.LogCaptureFixture
) -> None:
    types = some_types(Usher)
    kit.lobbies._list._types = types  # type: ignore[misc]
    door = usher(kit, types)
    await kit.lobbies.add(OPERATOR, types.make("sized", BASE))
    await kit.enter("Ada")
    bob = await kit.enter("Bob", room_id=4)
    await types.tick()
    kit.lobbies.leave(bob.visitor.listener)
    assert door.notes == [("Bob came", 4), ("tick", 4), ("Bob goes", 4)]

    caplog.set_level(logging.WARNING)
    for door.trouble in ("no room", "no room", "no time", ""):
        await types.tick()
    assert [getattr(one, "reason", "") for one in caplog.records] == ["no room", "no time"]
    assert door.notes[3:] == [("tick", 4)]

    await kit.enter("Cara", room_id=4)
    await kit.lobbies.remove(OPERATOR, 4)  # who is in it goes with it
    assert door.notes[4:] == [("Cara came", 4)]


class Clumsy(RoomHandler):
    """A plug-in with a fault."""

    def entered(self, lobby: Lobby, occupant: Occupant) -> None:
        raise ZeroDivisionError

    async def tick(self, lobby: Lobby) -> None:
        raise ZeroDivisionError


async def test_a_handler_that_fails_harms_nobody(kit: LobbyKit, caplog: pytest.LogCaptureFixture) -> None:
    types = some_types(Clumsy)
    kit.lobbies._list._types = types  # type: ignore[misc]
    types.serve(cast("Services", SimpleNamespace(lobbies=kit.lobbies)))
    await kit.lobbies.add(OPERATOR, types.make("sized", BASE))
    ada = await kit.enter("Ada", room_id=4)
    assert kit.lobbies.occupant(ada.visitor.listener) == ada
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        await types.tick()
    assert [one.message for one in caplog.records if one.levelno >= logging.WARNING] == [
        "a type of lobby failed",
        "a lobby cannot do what its type does",
    ]
    assert all(one.exc_info for one in caplog.records if one.levelno >= logging.WARNING)
    kit.lobbies.leave(ada.visitor.listener)
    assert kit.lobbies.everybody() == []


async def test_a_handler_that_overrides_nothing(kit: LobbyKit) -> None:
    types = some_types()
    kit.lobbies._list._types = types  # type: ignore[misc]
    types.serve(cast("Services", SimpleNamespace(lobbies=kit.lobbies)))
    await kit.lobbies.add(OPERATOR, types.make("sized", BASE))
    one = await kit.enter("Ada", room_id=4)
    await types.tick()
    kit.lobbies.leave(one.visitor.listener)
    assert kit.lobbies.everybody() == []


# --- tournament lobbies ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "tournament"),
        ({"tournament": 7}, "tournament"),
        ({"tournament": 1, "min_players": 1}, "min_players"),
        ({"tournament": 1, "prize_pool": -1}, "prize_pool"),
        ({"tournament": 1, "prize_shares": (60, 60)}, "prize_pool"),
        ({"tournament": 1, "capacity": 0}, "capacity"),
        ({"tournament": 1, "name": "x" * 40}, "name"),
    ],
)
def test_tournament_lobbies_that_make_no_sense(given: dict[str, Any], field: str) -> None:
    types = RoomTypes()
    types.add(TournamentLobby, RoomHandler)
    with pytest.raises(InvalidInput) as refused:
        types.make("tournament", {**BASE, **given})
    assert refused.value.field == field


def test_a_tournament_lobby_wants_a_clear_start_time() -> None:
    assert checked(TournamentLobby("Cup", 5, tournament=1, start_time=MOMENT)).start_time == MOMENT
    with pytest.raises(InvalidInput, match="start time"):
        checked(TournamentLobby("Cup", 5, tournament=1, start_time=MOMENT.replace(tzinfo=None)))
