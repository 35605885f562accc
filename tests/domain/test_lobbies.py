"""Lobbies: who may come in and why not, and who is where."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mythgate.domain.accounts import Role
from mythgate.domain.decisions import Answer, Step, explain, passes
from mythgate.domain.errors import InvalidInput, LobbyClosedToYou, RoomFull
from mythgate.domain.ids import AccountId, CharacterId, Topic
from mythgate.domain.lobbies import (
    ENTRY_CHECKS,
    FIRST_GUEST,
    Attendance,
    Barrier,
    Entry,
    Family,
    Lobby,
    LobbyKind,
    Looks,
    Occupant,
    Visitor,
    barriers,
    checked,
    listed_for,
    lobby_listener,
    refusal_of,
)

OPEN = Lobby("Arrival", 26)
RANKED = Lobby("Otter Ferry", 1, ranked=True)


def somebody(number: int = 7, **more: object) -> Visitor:
    fields: dict[str, object] = {
        "listener": lobby_listener(number),
        "number": number,
        "name": f"Player {number}",
        "looks": Looks(f"Player {number}"),
        "door": "metaserver",
        "client": "Aleph One",
        "account_id": AccountId(f"account {number}"),
        "caste": 5,
    }
    return Visitor(**fields | more)  # type: ignore[arg-type]


def guest(number: int = FIRST_GUEST) -> Visitor:
    return somebody(number, account_id=None, caste=-1, name="Guest")


def found(lobby: Lobby, visitor: Visitor, occupants: int = 0) -> set[Barrier]:
    return {barrier for barrier, _ in barriers(lobby, visitor, occupants)}


def steps_of(lobby: Lobby, visitor: Visitor, occupants: int = 0, *, admits_guests: bool = True) -> dict[str, Step]:
    return {step.check: step for step in explain(ENTRY_CHECKS, Entry(lobby, visitor, occupants, admits_guests))}


def test_a_locked_lobby_is_for_the_staff() -> None:
    locked = replace(OPEN, locked=True)
    assert found(locked, somebody()) == {Barrier.CLOSED}
    assert found(locked, somebody(role=Role.MODERATOR)) == set()
    assert listed_for([locked], somebody()) == [locked]
    assert steps_of(OPEN, somebody())[Barrier.CLOSED].found == "it is not locked"
    closed = steps_of(locked, somebody())
    assert [name for name, step in closed.items() if step.answer is Answer.NO] == [Barrier.CLOSED]
    assert closed[Barrier.CLOSED].remedy == "mythgate lobby set 26 --unlocked"
    assert steps_of(locked, somebody(role=Role.MODERATOR))[Barrier.CLOSED].answer is Answer.EXEMPT


@pytest.mark.parametrize("name", ["Łódź", "Ⅳ", "Ж 3", "Écoute", "Ωmega"])
def test_names_of_which_old_clients_can_read_something(name: str) -> None:
    assert checked(replace(OPEN, name=name)).name == name


@pytest.mark.parametrize("name", ["Тишина", "静か", "★★", "…"])
def test_names_of_which_old_clients_can_read_nothing(name: str) -> None:
    with pytest.raises(InvalidInput, match="The name of a lobby is something with Latin letters or digits"):
        checked(replace(OPEN, name=name))


def test_what_is_wrong_with_a_lobby_is_said_in_words() -> None:
    for changes, field, words in (
        ({"room_id": -1}, "room_id", "The number of a lobby is a number from 0 to 32767."),
        ({"min_caste": 5, "max_caste": 4}, "max_caste", "The highest caste of a lobby is from the least caste to 99"),
        ({"guest_motd": "x" * 1001}, "guest_motd", "The greeting for guests of a lobby is at most 1000"),
    ):
        with pytest.raises(InvalidInput, match=words) as refused:
            checked(replace(OPEN, **changes))
        assert refused.value.field == field


def test_kinds_and_topics() -> None:
    assert (OPEN.kind, RANKED.kind) == (LobbyKind.UNRANKED, LobbyKind.RANKED)
    assert replace(RANKED, tournament=2).kind is LobbyKind.TOURNAMENT
    assert OPEN.topic == Topic("lobby:26")


@pytest.mark.parametrize(
    ("changes", "visitor", "occupants", "expected"),
    [
        ({}, somebody(), 31, set()),
        ({}, somebody(), 32, {Barrier.FULL}),
        ({}, guest(), 0, set()),
        ({"min_caste": -1}, guest(), 0, set()),
        ({"min_caste": 0}, guest(), 0, {Barrier.CASTE}),
        ({"min_caste": 5, "max_caste": 5}, somebody(), 0, set()),
        ({"min_caste": 6}, somebody(), 0, {Barrier.CASTE}),
        ({"max_caste": 4}, somebody(), 0, {Barrier.CASTE}),
        ({"ranked": True}, guest(), 0, {Barrier.GUEST}),
        ({"ranked": True}, somebody(has_guest_account=True), 0, {Barrier.GUEST}),
        ({"country": 4}, somebody(country=4), 0, set()),
        ({"country": 4}, somebody(country=5), 0, {Barrier.COUNTRY}),
        ({"tournament": 2}, somebody(tournaments=frozenset({2})), 0, set()),
        ({"tournament": 2}, somebody(tournaments=frozenset({3})), 0, {Barrier.TOURNAMENT}),
        ({"family": Family.MYTH2}, somebody(family=Family.MYTH2), 0, set()),
        ({"family": Family.MYTH2}, somebody(family=Family.MARATHON), 0, {Barrier.FAMILY}),
        ({"family": Family.MYTH2}, somebody(family=None), 0, set()),
        (
            {"family": Family.MYTH, "ranked": True, "country": 3, "tournament": 1, "capacity": 1},
            replace(guest(), family=Family.MARATHON),
            1,
            {Barrier.FAMILY, Barrier.FULL, Barrier.GUEST, Barrier.COUNTRY, Barrier.TOURNAMENT},
        ),
    ],
)
def test_what_keeps_somebody_out(
    changes: dict[str, object], visitor: Visitor, occupants: int, expected: set[Barrier]
) -> None:
    lobby = replace(OPEN, **changes)  # type: ignore[arg-type]
    assert found(lobby, visitor, occupants) == expected
    for _, words in barriers(lobby, visitor, occupants):
        assert words.startswith(lobby.name)
        assert words.endswith(".")


def test_the_staff_is_kept_out_by_the_family_alone() -> None:
    moderator = somebody(role=Role.MODERATOR, family=Family.MYTH, caste=-1)
    closed = replace(RANKED, min_caste=9, tournament=3, country=1, capacity=1)
    assert found(closed, moderator, 5) == {Barrier.FAMILY}
    assert found(replace(closed, family=Family.MYTH), moderator, 5) == set()


def test_a_decision_tells_all_steps() -> None:
    steps = steps_of(replace(RANKED, country=3), guest(), 4)
    assert list(steps) == list(Barrier)
    assert [name for name, step in steps.items() if step.answer is Answer.NO] == [Barrier.GUEST, Barrier.COUNTRY]
    assert (steps[Barrier.FULL].found, steps[Barrier.FULL].needed) == ("4 of 32 are in it", "fewer than 32")
    assert steps[Barrier.GUEST].code == "lobby_closed_to_you"
    assert steps[Barrier.GUEST].message == "Otter Ferry is ranked, and guests have no rank; sign up to play there."
    assert steps[Barrier.CASTE].answer is Answer.EXEMPT  # said already
    assert passes(list(steps_of(RANKED, somebody()).values()))


def test_every_step_of_a_decision_has_words() -> None:
    lobby = Lobby("Pit", 9, True, 3, 2, 4, 7, Family.MYTH, 1, locked=True)
    steps = steps_of(lobby, somebody(family=Family.TFL, caste=1), 1) | {
        Barrier.GUESTS: steps_of(lobby, guest(), 1, admits_guests=False)[Barrier.GUESTS],
        Barrier.GUEST: steps_of(lobby, guest())[Barrier.GUEST],
    }
    banned = explain(
        ENTRY_CHECKS, Entry(lobby, guest(), 1, banned="You are banned from this lobby until it is lifted.")
    )
    steps[Barrier.BANNED] = banned[0]
    for name, step in steps.items():
        assert step.answer is Answer.NO, name
        assert step.message.endswith("."), name
        assert all((step.found, step.needed, step.code, step.hint, step.remedy)), name
    assert steps[Barrier.CASTE].remedy == "mythgate lobby set 9 --min-caste 1"
    assert steps_of(lobby, somebody(caste=6))[Barrier.CASTE].remedy == "mythgate lobby set 9 --max-caste 6"
    assert steps_of(RANKED, guest())[Barrier.GUEST].remedy == "mythgate lobby set 1 --unranked"
    taking_part = steps_of(lobby, somebody(tournaments=frozenset({7, 2})))[Barrier.TOURNAMENT]
    assert (taking_part.answer, taking_part.found) == (Answer.YES, "takes part in 2, 7")


def test_what_is_not_known_keeps_nobody_out() -> None:
    entry = Entry(OPEN, somebody(), None)
    assert refusal_of(entry) is None
    full = explain(ENTRY_CHECKS, entry)[list(Barrier).index(Barrier.FULL)]
    assert (full.answer, full.found) == (Answer.UNKNOWN, "who is in it only the running server knows")


def test_who_is_banned_is_told_that_alone() -> None:
    refusal = refusal_of(Entry(replace(OPEN, locked=True), somebody(), 32, banned="You are banned."))
    assert isinstance(refusal, LobbyClosedToYou)
    assert refusal.message == "You are banned."


def test_all_that_is_against_somebody_is_said_at_once() -> None:
    assert isinstance(refusal_of(Entry(OPEN, somebody(), 32)), RoomFull)
    both = refusal_of(Entry(replace(OPEN, locked=True), somebody(), 32))
    assert isinstance(both, LobbyClosedToYou)
    assert "is locked" in both.message
    assert "is full" in both.message


def test_lists_show_what_one_may_enter_in_the_order_old_clients_expect() -> None:
    lobbies = [
        Lobby("a", 1),
        Lobby("b", 2, capacity=1),
        Lobby("ranked", 3, ranked=True, min_caste=3),
        Lobby("country", 4, country=2),
        Lobby("tournament", 5, tournament=1),
        Lobby("other family", 6, family=Family.MYTH),
        Lobby("too high", 7, min_caste=6),
    ]
    visitor = somebody(country=2, tournaments=frozenset({1}), family=Family.MARATHON)
    assert [one.name for one in listed_for(lobbies, visitor)] == ["country", "tournament", "ranked", "b", "a"]
    assert [one.name for one in listed_for(lobbies, visitor, limit=2)] == ["country", "tournament"]
    assert len(listed_for([Lobby(str(number), number) for number in range(40)], visitor)) == 24


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "  "),
        ("name", "x" * 32),
        ("room_id", -1),
        ("room_id", 0x8000),
        ("min_caste", -2),
        ("max_caste", 100),
        ("country", -1),
        ("tournament", 40000),
        ("capacity", 0),
        ("motd", "x" * 1001),
        ("guest_motd", "x" * 1001),
    ],
)
def test_lobbies_that_make_no_sense(field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked(replace(OPEN, **{field: value}))  # type: ignore[arg-type]
    assert refused.value.field == field
    assert checked(OPEN) is OPEN


def test_castes_the_wrong_way_round() -> None:
    with pytest.raises(InvalidInput, match="highest caste"):
        checked(replace(OPEN, min_caste=5, max_caste=4))


def test_visitors() -> None:
    assert guest().is_guest
    assert not somebody().is_guest
    assert somebody(has_guest_account=True).is_guest
    assert guest(FIRST_GUEST + 2).sender == f"guest:{FIRST_GUEST + 2}"
    assert somebody().sender == "account 7"
    assert not somebody().is_character
    assert somebody(listener=CharacterId("0190")).is_character


def occupant(visitor: Visitor, room_id: int, name: str = "") -> Occupant:
    return Occupant(visitor, room_id, 0.0, replace(visitor.looks, name=name or visitor.looks.name))


def test_nobody_is_in_two_places() -> None:
    attendance = Attendance()
    attendance.add(occupant(somebody(7), 26))
    for again in (somebody(7), somebody(8, listener=lobby_listener(7)), somebody(7, listener=CharacterId("body"))):
        with pytest.raises(ValueError, match="already"):
            attendance.add(occupant(again, 1))
    assert len(attendance) == 1
    assert attendance.remove(lobby_listener(9)) is None


LOBBY_IDS = st.sampled_from([1, 2, 3])
NUMBERS = st.integers(1, 6)
NAMES = st.sampled_from(["Ada", "|bAda", "Bob", "B0b", ""])


class Gatherings(RuleBasedStateMachine):
    """Entering, leaving and changing in any order, against a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.attendance = Attendance()
        self.expected: list[Occupant] = []

    def known(self, number: int) -> Occupant | None:
        return next((one for one in self.expected if one.number == number), None)

    @rule(number=NUMBERS, room_id=LOBBY_IDS, name=NAMES)
    def enter(self, number: int, room_id: int, name: str) -> None:
        newcomer = occupant(somebody(number), room_id, name)
        if self.known(number) is None:
            self.attendance.add(newcomer)
            self.expected.append(newcomer)
        else:
            with pytest.raises(ValueError, match="already"):
                self.attendance.add(newcomer)

    @rule(number=NUMBERS)
    def leave(self, number: int) -> None:
        known = self.known(number)
        assert self.attendance.remove(lobby_listener(number)) == known
        if known is not None:
            self.expected.remove(known)

    @rule(number=NUMBERS, name=NAMES, away=st.booleans())
    def change(self, number: int, name: str, away: bool) -> None:
        known = self.known(number)
        if known is not None:
            changed = replace(known, looks=replace(known.looks, name=name), away=away)
            self.attendance.replace(changed)
            self.expected[self.expected.index(known)] = changed

    @invariant()
    def all_agree(self) -> None:
        attendance = self.attendance
        assert len(attendance) == len(self.expected)
        assert sorted(one.number for one in attendance.all()) == sorted(one.number for one in self.expected)
        for room_id in (1, 2, 3):
            assert list(attendance.within(room_id)) == [one for one in self.expected if one.room_id == room_id]
        for number in range(1, 7):
            assert attendance.by_number(number) == attendance.get(lobby_listener(number)) == self.known(number)
        for name, alike in (("ada", {"Ada", "|bAda"}), ("bob", {"Bob", "B0b"}), ("nobody", set())):
            assert attendance.called(name) == {one.number for one in self.expected if one.name in alike}


TestGatherings = Gatherings.TestCase
TestGatherings.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_lobby_by_position_has_nobody_in_it() -> None:
    """Name, number, ranked, country, least and highest caste, tournament."""
    lobby = Lobby("Test Room", 0, False, 0, -1, 99, False)
    assert (lobby.name, lobby.room_id, lobby.kind, lobby.capacity) == ("Test Room", 0, LobbyKind.UNRANKED, 32)
    assert list(Attendance().within(lobby.room_id)) == []
