"""Who is in the world: every question agrees with every other, whatever happened."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mythgate.backends.memory.presence import MemoryPresence
from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId, CharacterId, RoomId, SessionId
from mythgate.domain.presence import Presence

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def somebody(name: str, room: str = "square", account: str = "") -> Presence:
    return Presence(
        character_id=CharacterId(name),
        account_id=AccountId(account or f"account of {name}"),
        session_id=SessionId("s"),
        name=name,
        name_key=name.casefold(),
        room_id=RoomId(room),
        role=Role.PLAYER,
        door="http",
        client="test",
        since=NOW,
        last_seen_at=NOW,
    )


def test_one_is_found_by_all_one_is_known_by() -> None:
    store = MemoryPresence()
    ada = somebody("Ada")
    store.track(ada)
    assert store.get(ada.character_id) is ada
    assert store.by_name_key("ada") is ada
    assert store.of_account(ada.account_id) is ada
    assert list(store.in_room(ada.room_id)) == list(store.all()) == [ada]
    assert (store.count(), store.populations()) == (1, {ada.room_id: 1})


def test_nobody_is_found_after_leaving() -> None:
    store = MemoryPresence()
    ada = somebody("Ada")
    store.track(ada)
    assert store.untrack(ada.character_id) is ada
    assert store.untrack(ada.character_id) is None
    assert store.get(ada.character_id) is store.by_name_key("ada") is store.of_account(ada.account_id) is None
    assert (list(store.in_room(ada.room_id)), store.populations()) == ([], {})


def test_a_room_lists_people_in_the_order_they_came() -> None:
    store = MemoryPresence()
    ada, bob, cid = somebody("Ada"), somebody("Bob"), somebody("Cid")
    for one in (ada, bob, cid):
        store.track(one)
    store.relocate(ada.character_id, RoomId("tavern"))
    store.relocate(ada.character_id, RoomId("square"))
    assert list(store.in_room(RoomId("square"))) == [bob, cid, ada]


def test_going_where_one_is_keeps_ones_place() -> None:
    store = MemoryPresence()
    ada, bob = somebody("Ada"), somebody("Bob")
    store.track(ada)
    store.track(bob)
    store.relocate(ada.character_id, ada.room_id)
    store.relocate(CharacterId("nobody"), ada.room_id)
    assert list(store.in_room(ada.room_id)) == [ada, bob]


def test_a_list_once_given_does_not_change() -> None:
    store = MemoryPresence()
    ada = somebody("Ada")
    store.track(ada)
    before = store.in_room(ada.room_id)
    store.untrack(ada.character_id)
    assert list(before) == [ada]


def test_the_last_of_an_account_or_name_counts() -> None:
    store = MemoryPresence()
    first, second = somebody("Ada", account="a"), somebody("Bob", account="a")
    store.track(first)
    store.track(second)
    store.untrack(first.character_id)
    assert store.of_account(AccountId("a")) is second
    namesake = somebody("Bobo")
    namesake.name_key = second.name_key
    store.track(namesake)
    store.untrack(second.character_id)
    assert store.by_name_key("bob") is namesake


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["track", "untrack", "move"]), st.sampled_from("abcd"), st.sampled_from(["r1", "r2", "r3"])
    )
)


@given(STEPS)
def test_everybody_is_in_exactly_one_room(steps: list[tuple[str, str, str]]) -> None:
    store = MemoryPresence()
    where: dict[str, str] = {}
    for what, name, room in steps:
        if what == "track":
            store.track(somebody(name, room))
            where[name] = room
        elif what == "untrack":
            store.untrack(CharacterId(name))
            where.pop(name, None)
        else:
            store.relocate(CharacterId(name), RoomId(room))
            if name in where:
                where[name] = room
        assert {one.character_id: one.room_id for one in store.all()} == where
        rooms = {
            room_id: {one.character_id for one in store.in_room(RoomId(room_id))} for room_id in ("r1", "r2", "r3")
        }
        assert rooms == {room: {name for name, at in where.items() if at == room} for room in rooms}
        assert store.populations() == {room: len(names) for room, names in rooms.items() if names}
        assert store.count() == len(where)
