"""What repositories promise, on every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.support.clock import FakeClock
from tests.support.measures import mute_of
from tests.support.rows import (
    SQUARE,
    TAVERN,
    a_character,
    a_session,
    add_person,
    an_account,
    an_item,
)

from mythgate.backends.sql import SqlStore
from mythgate.domain.accounts import Account, AccountStatus, Role
from mythgate.domain.characters import Character
from mythgate.domain.errors import Conflict, NameTaken, NotFound
from mythgate.domain.ids import AccountId, CharacterId, ItemId, RoomId, SessionId
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.measures import MeasureKind
from mythgate.domain.moderation import AuditEntry, Mute
from mythgate.domain.sessions import Session
from mythgate.services.ports import Transaction

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


# --- accounts --------------------------------------------------------------------------------------


async def test_an_account_comes_back_as_it_was_saved(store: SqlStore, clock: FakeClock) -> None:
    account = replace(
        an_account("Ann", clock.now() + timedelta(microseconds=1)),
        role=Role.MODERATOR,
        status=AccountStatus.DISABLED,
        email="ann@example.org",
        last_login_at=clock.now(),
        selected_character=CharacterId("c"),
        caste=3,
        stats={"kills": 3},
    )
    saved = await store.write(lambda tx: tx.accounts.add(account))
    assert saved.number == 1

    def find(tx: Transaction) -> list[Account | None]:
        repository = tx.accounts
        return [
            repository.require(saved.id),
            repository.get(saved.id),
            repository.by_name_key("ann"),
            repository.by_number(1),
        ]

    assert await store.read(find) == [saved] * 4
    found = await store.read(lambda tx: tx.accounts.require(saved.id))
    assert found.created_at.tzinfo is UTC
    assert type(found.role) is Role


async def test_times_of_any_zone_are_the_same_instant(store: SqlStore, clock: FakeClock) -> None:
    local = clock.now().astimezone(timezone(timedelta(hours=5, minutes=30)))
    await store.write(lambda tx: tx.accounts.add(an_account("Ann", local)))
    found = await store.read(lambda tx: tx.accounts.require(AccountId("account-Ann")))
    assert found.created_at == local
    assert found.created_at.tzinfo is UTC


async def test_a_time_without_zone_is_refused(store: SqlStore) -> None:
    with pytest.raises(ValueError, match="time zone"):
        await store.write(lambda tx: tx.accounts.add(an_account("Ann", datetime(2030, 1, 1))))  # noqa: DTZ001


async def test_nobody_is_found(store: SqlStore) -> None:
    assert await store.read(lambda tx: tx.accounts.get(AccountId("x"))) is None
    assert await store.read(lambda tx: tx.accounts.by_name_key("x")) is None
    assert await store.read(lambda tx: tx.accounts.by_number(0)) is None
    with pytest.raises(NotFound):
        await store.read(lambda tx: tx.accounts.require(AccountId("x")))


async def test_look_alike_names_belong_to_one_account_only(store: SqlStore, clock: FakeClock) -> None:
    def work(tx: Transaction) -> str:
        tx.accounts.add(an_account("Ann", clock.now()))
        with pytest.raises(NameTaken) as taken:
            tx.accounts.add(replace(an_account("Ann", clock.now()), id=AccountId("other")))
        assert taken.value.field == "name"
        # The unit goes on: a refused name spoils nothing.
        return tx.accounts.add(an_account("Bob", clock.now())).name

    assert await store.write(work) == "Bob"
    assert await store.read(lambda tx: tx.accounts.count()) == 2


async def test_renaming_to_a_taken_name_is_refused(store: SqlStore, clock: FakeClock) -> None:
    def add(tx: Transaction) -> Account:
        tx.accounts.add(an_account("Ann", clock.now()))
        return tx.accounts.add(an_account("Bob", clock.now()))

    bob = await store.write(add)
    with pytest.raises(NameTaken):
        await store.write(lambda tx: tx.accounts.save(replace(bob, name="Ann", name_key="ann")))
    assert await store.read(lambda tx: tx.accounts.require(bob.id)) == bob


async def test_saving_raises_the_version_and_refuses_a_stale_one(store: SqlStore, clock: FakeClock) -> None:
    stale = await store.write(lambda tx: tx.accounts.add(an_account("Ann", clock.now())))

    def promote(tx: Transaction) -> Account:
        account = tx.accounts.require(stale.id)
        account.role = Role.ADMIN
        account.stats = {"logins": 2}
        tx.accounts.save(account)
        assert account.version == 2
        tx.accounts.save(account)
        return account

    saved = await store.write(promote)
    assert saved.version == 3
    assert await store.read(lambda tx: tx.accounts.require(stale.id)) == saved
    with pytest.raises(Conflict):
        await store.write(lambda tx: tx.accounts.save(stale))
    with pytest.raises(Conflict):
        await store.write(lambda tx: tx.accounts.save(an_account("Nobody", clock.now())))


async def test_search(store: SqlStore, clock: FakeClock) -> None:
    names = ["Ann", "Hannah", "Bob", "100%", "a_b", "ÄNNE", "back\\slash"]

    def add(tx: Transaction) -> None:
        for name in names:
            account = an_account(name, clock.now())
            tx.accounts.add(replace(account, role=Role.OWNER if name == "Bob" else Role.PLAYER))
        gone = tx.accounts.require(AccountId("account-Hannah"))
        gone.status = AccountStatus.DELETED
        tx.accounts.save(gone)

    await store.write(add)

    async def search(text: str = "", **filters: object) -> list[str]:
        found = await store.read(lambda tx: tx.accounts.search(text, **filters))  # type: ignore[arg-type]
        return [account.name for account in found]

    assert await search() == sorted(names)
    assert sorted(await search("ANN")) == ["Ann", "Hannah"]
    assert await search("änn") == ["ÄNNE"]
    assert await search("%") == ["100%"]
    assert await search("_") == ["a_b"]
    assert await search("\\") == ["back\\slash"]
    assert await search("' OR 1=1 --") == []
    assert await search(role=Role.OWNER) == ["Bob"]
    assert await search(status=AccountStatus.DELETED) == ["Hannah"]
    assert await search("an", status=AccountStatus.ACTIVE) == ["Ann"]
    assert await search(limit=2) == sorted(names)[:2]
    assert await search(after=AccountId("account-" + sorted(names)[1])) == sorted(names)[2:]


async def test_idle_guests_go_with_all_they_own(store: SqlStore, clock: FakeClock) -> None:
    long_ago, now = clock.now() - 2 * DAY, clock.now()

    def add(tx: Transaction) -> None:
        for name, is_guest, last_login in [
            ("idle", True, long_ago),
            ("never", True, None),
            ("recent", True, now),
            ("seen", True, long_ago),
            ("player", False, long_ago),
        ]:
            tx.accounts.add(replace(an_account(name, long_ago, is_guest=is_guest), last_login_at=last_login))
        tx.sessions.add(replace(a_session("old", "idle", long_ago)))
        tx.sessions.add(replace(a_session("new", "seen", long_ago), last_seen_at=now))
        tx.characters.add(a_character("Idle", "idle", long_ago))
        tx.characters.add(a_character("Player", "player", long_ago))
        tx.preferences.ignore(AccountId("account-player"), AccountId("account-idle"))
        tx.preferences.set_alias(CharacterId("character-Idle"), "k", "kick")
        tx.characters.explore(CharacterId("character-Idle"), SQUARE, long_ago)
        tx.measures.add(mute_of(AccountId("account-idle"), long_ago))
        for name in ("Idle", "Player"):
            item = an_item(name, long_ago)
            tx.items.add(item)
            tx.items.give(item, HolderKind.CHARACTER, f"character-{name}")

    await store.write(add)
    assert await store.write(lambda tx: tx.accounts.delete_idle_guests(now - DAY)) == 2

    def left(tx: Transaction) -> tuple[list[str], int, Session | None, Character | None, set[AccountId], set[RoomId]]:
        return (
            [account.name for account in tx.accounts.search()],
            tx.items.count(),
            tx.sessions.get(SessionId("session-old")),
            tx.characters.get(CharacterId("character-Idle")),
            tx.preferences.ignored(AccountId("account-player")),
            tx.characters.explored(CharacterId("character-Idle")),
        )

    assert await store.read(left) == (["player", "recent", "seen"], 1, None, None, set(), set())
    assert await store.read(lambda tx: tx.moderation.mute_of(AccountId("account-idle"))) is None


async def test_a_number_is_never_given_out_twice(store: SqlStore, clock: FakeClock) -> None:
    await store.write(lambda tx: tx.accounts.add(an_account("guest", clock.now(), is_guest=True)))
    await store.write(lambda tx: tx.accounts.delete_idle_guests(clock.now() + DAY))
    again = await store.write(lambda tx: tx.accounts.add(an_account("guest", clock.now(), is_guest=True)))
    assert again.number > 1


# --- sessions --------------------------------------------------------------------------------------


async def test_sessions(store: SqlStore, clock: FakeClock) -> None:
    await store.write(lambda tx: tx.accounts.add(an_account("Ann", clock.now())))
    ann = AccountId("account-Ann")
    first = a_session("first", "Ann", clock.now())
    second = a_session("second", "Ann", clock.now() + HOUR)
    for session in (first, second):
        await store.write(lambda tx, session=session: tx.sessions.add(session))  # type: ignore[misc]

    assert await store.read(lambda tx: tx.sessions.get(first.id)) == first
    assert await store.read(lambda tx: tx.sessions.by_token_hash(first.token_hash)) == first
    assert await store.read(lambda tx: tx.sessions.by_token_hash(b"x" * 32)) is None
    assert await store.read(lambda tx: tx.sessions.of_account(ann)) == [second, first]

    first.touch(clock.now() + HOUR, HOUR)
    await store.write(lambda tx: tx.sessions.save(first))
    assert await store.read(lambda tx: tx.sessions.get(first.id)) == first

    first.revoked_at = clock.now()
    await store.write(lambda tx: tx.sessions.save(first))
    assert await store.read(lambda tx: tx.sessions.of_account(ann)) == [second]
    assert await store.read(lambda tx: tx.sessions.get(first.id)) == first


async def test_saving_a_session_that_is_gone_is_refused(store: SqlStore, clock: FakeClock) -> None:
    with pytest.raises(NotFound):
        await store.write(lambda tx: tx.sessions.save(a_session("gone", "Ann", clock.now())))


async def test_revoking_all_sessions_but_one(store: SqlStore, clock: FakeClock) -> None:
    def add(tx: Transaction) -> None:
        for name in ("Ann", "Bob"):
            tx.accounts.add(an_account(name, clock.now()))
        for name in "abc":
            tx.sessions.add(a_session(name, "Ann", clock.now()))
        tx.sessions.add(a_session("bob", "Bob", clock.now()))

    await store.write(add)
    ann = AccountId("account-Ann")
    kept = SessionId("session-b")
    revoked = await store.write(lambda tx: tx.sessions.revoke_all(ann, clock.now(), keep=kept))
    assert revoked == ["session-a", "session-c"]
    assert [session.id for session in await store.read(lambda tx: tx.sessions.of_account(ann))] == [kept]
    assert await store.write(lambda tx: tx.sessions.revoke_all(ann, clock.now())) == [kept]
    assert await store.write(lambda tx: tx.sessions.revoke_all(ann, clock.now())) == []
    bobs = await store.read(lambda tx: tx.sessions.of_account(AccountId("account-Bob")))
    assert [session.revoked_at for session in bobs] == [None]


async def test_ended_sessions_are_deleted_and_live_ones_are_not(store: SqlStore, clock: FakeClock) -> None:
    now = clock.now()

    def add(tx: Transaction) -> None:
        tx.accounts.add(an_account("Ann", now))
        tx.sessions.add(a_session("expired", "Ann", now - 2 * HOUR))
        tx.sessions.add(replace(a_session("revoked", "Ann", now), revoked_at=now - HOUR))
        tx.sessions.add(replace(a_session("just-revoked", "Ann", now), revoked_at=now))
        tx.sessions.add(a_session("live", "Ann", now))

    await store.write(add)
    assert await store.write(lambda tx: tx.sessions.delete_ended(now)) == ["session-expired", "session-revoked"]
    assert await store.write(lambda tx: tx.sessions.delete_ended(now)) == []


# --- characters ------------------------------------------------------------------------------------


async def test_a_character_comes_back_as_it_was_saved(store: SqlStore, clock: FakeClock) -> None:
    await store.write(lambda tx: tx.accounts.add(an_account("Ann", clock.now())))
    character = replace(
        a_character("Ann", "Ann", clock.now()),
        description="Tall.\nWith a hat.",
        level=7,
        faction="moon",
        afk_text="tea",
    )
    saved = await store.write(lambda tx: tx.characters.add(character))
    assert saved.number == 1

    def find(tx: Transaction) -> list[Character | None]:
        repository = tx.characters
        return [
            repository.require(saved.id),
            repository.get(saved.id),
            repository.by_name_key("ann"),
            repository.by_number(1),
            *repository.of_account(saved.account_id),
            *repository.in_room(SQUARE),
        ]

    assert await store.read(find) == [saved] * 6


async def test_the_name_of_a_deleted_character_is_free_until_somebody_takes_it(
    store: SqlStore, clock: FakeClock
) -> None:
    first = await store.write(lambda tx: add_person(tx, "Ann", clock.now()))
    with pytest.raises(NameTaken):
        await store.write(lambda tx: tx.characters.add(replace(first, id=CharacterId("second"))))

    def delete(tx: Transaction) -> Character:
        character = tx.characters.require(first.id)
        character.deleted_at = clock.now()
        tx.characters.save(character)
        return character

    deleted = await store.write(delete)
    with pytest.raises(NotFound):
        await store.read(lambda tx: tx.characters.require(first.id))
    assert await store.read(lambda tx: tx.characters.get(first.id)) == deleted
    assert await store.read(lambda tx: tx.characters.by_name_key("ann")) is None
    assert await store.read(lambda tx: tx.characters.by_number(first.number)) is None
    assert await store.read(lambda tx: tx.characters.in_room(SQUARE)) == []
    assert await store.read(lambda tx: tx.characters.of_account(first.account_id)) == []
    assert await store.read(lambda tx: tx.characters.of_account(first.account_id, deleted=True)) == [deleted]

    second = replace(a_character("Ann", "Ann", clock.now()), id=CharacterId("second"))
    await store.write(lambda tx: tx.characters.add(second))

    def restore(tx: Transaction) -> None:
        character = tx.characters.get(first.id)
        assert character is not None
        character.deleted_at = None
        tx.characters.save(character)

    with pytest.raises(NameTaken):
        await store.write(restore)
    with pytest.raises(Conflict):  # nor can a deleted one walk
        await store.write(lambda tx: tx.characters.relocate(deleted, TAVERN, clock.now()))


async def test_relocating_is_guarded_by_the_version(store: SqlStore, clock: FakeClock) -> None:
    before = await store.write(lambda tx: add_person(tx, "Ann", clock.now()))
    later = clock.now() + HOUR
    after = await store.write(lambda tx: tx.characters.relocate(before, TAVERN, later))
    assert after == replace(before, room_id=TAVERN, last_active_at=later, version=2)
    assert before.room_id == SQUARE
    assert await store.read(lambda tx: tx.characters.require(before.id)) == after
    with pytest.raises(Conflict):
        await store.write(lambda tx: tx.characters.relocate(before, SQUARE, later))
    with pytest.raises(Conflict):
        await store.write(lambda tx: tx.characters.save(before))


async def test_who_stands_outside_the_known_rooms(store: SqlStore, clock: FakeClock) -> None:
    def add(tx: Transaction) -> None:
        for name in ("Ann", "Bob", "Cid"):
            add_person(tx, name, clock.now())
        for name, room in (("Bob", TAVERN), ("Cid", RoomId("cellar"))):
            tx.characters.relocate(tx.characters.require(CharacterId(f"character-{name}")), room, clock.now())

    await store.write(add)

    async def outside(rooms: list[RoomId]) -> list[str]:
        return [character.name for character in await store.read(lambda tx: tx.characters.outside(rooms))]

    assert await outside([SQUARE, TAVERN]) == ["Cid"]
    assert sorted(await outside([])) == ["Ann", "Bob", "Cid"]
    many = [RoomId(f"room{number}") for number in range(40_000)]  # more than a statement has parameters
    assert sorted(await outside([*many, SQUARE])) == ["Bob", "Cid"]


async def test_purging_deleted_characters_takes_their_things_along(store: SqlStore, clock: FakeClock) -> None:
    def add(tx: Transaction) -> None:
        for name, deleted_at in (("Ann", None), ("Bob", clock.now() - DAY), ("Cid", clock.now())):
            character = add_person(tx, name, clock.now() - DAY)
            item = an_item(name, clock.now())
            tx.items.add(item)
            tx.items.give(item, HolderKind.CHARACTER, character.id)
            character.deleted_at = deleted_at
            tx.characters.save(character)
        tx.items.add(replace(an_item("x", clock.now()), holder_id="character-Bob"))  # a room of that name

    await store.write(add)
    assert await store.write(lambda tx: tx.characters.purge_deleted(clock.now() - HOUR)) == 1
    assert await store.read(lambda tx: tx.characters.get(CharacterId("character-Bob"))) is None
    assert await store.read(lambda tx: tx.characters.get(CharacterId("character-Cid"))) is not None
    assert await store.read(lambda tx: tx.items.count()) == 3


async def test_explored_rooms(store: SqlStore, clock: FakeClock) -> None:
    ann = (await store.write(lambda tx: add_person(tx, "Ann", clock.now()))).id
    assert await store.read(lambda tx: tx.characters.explored(ann)) == set()
    assert await store.write(lambda tx: tx.characters.explore(ann, SQUARE, clock.now())) is True
    assert await store.write(lambda tx: tx.characters.explore(ann, SQUARE, clock.now())) is False
    assert await store.write(lambda tx: tx.characters.explore(ann, TAVERN, clock.now())) is True
    assert await store.read(lambda tx: tx.characters.explored(ann)) == {SQUARE, TAVERN}


# --- items -----------------------------------------------------------------------------------------


async def test_items_change_hands(store: SqlStore, clock: FakeClock) -> None:
    young = an_item("young", clock.now() + HOUR)
    old = an_item("old", clock.now())
    assert await store.write(lambda tx: tx.items.seed([young, old])) == 2
    assert await store.read(lambda tx: tx.items.held_by(HolderKind.ROOM, SQUARE)) == [old, young]
    assert await store.read(lambda tx: tx.items.get(old.id)) == old
    assert await store.read(lambda tx: tx.items.get(ItemId("none"))) is None

    taken = await store.write(lambda tx: tx.items.give(old, HolderKind.CHARACTER, "ann"))
    assert taken == replace(old, holder_kind=HolderKind.CHARACTER, holder_id="ann", version=2)
    assert await store.read(lambda tx: tx.items.held_by(HolderKind.CHARACTER, "ann")) == [taken]
    assert await store.read(lambda tx: tx.items.held_by(HolderKind.ROOM, SQUARE)) == [young]

    with pytest.raises(Conflict):
        await store.write(lambda tx: tx.items.give(old, HolderKind.CHARACTER, "bob"))
    with pytest.raises(Conflict):
        await store.write(lambda tx: tx.items.remove(old))
    await store.write(lambda tx: tx.items.remove(taken))
    assert await store.read(lambda tx: tx.items.get(old.id)) is None


async def test_a_placement_is_seeded_once_also_after_its_item_is_gone(store: SqlStore, clock: FakeClock) -> None:
    def placements() -> list[Item]:
        return [an_item(f"{n}-{clock.monotonic()}", clock.now(), origin=f"square/lantern#{n}") for n in range(3)]

    first = placements()
    assert await store.write(lambda tx: tx.items.seed(first[:2])) == 2
    await store.write(lambda tx: tx.items.remove(first[0]))
    clock.advance(HOUR)
    again = placements()
    assert await store.write(lambda tx: tx.items.seed([*again, *again])) == 1
    assert await store.read(lambda tx: tx.items.origins()) == {item.origin for item in first}
    held = await store.read(lambda tx: tx.items.held_by(HolderKind.ROOM, SQUARE))
    assert [item.id for item in held] == [first[1].id, again[2].id]
    assert await store.read(lambda tx: tx.items.count()) == 2

    await store.write(lambda tx: tx.items.add(an_item("made", clock.now(), origin="square/sign#0")))
    assert "square/sign#0" in await store.read(lambda tx: tx.items.origins())
    plain = [an_item("p1", clock.now()), an_item("p2", clock.now())]
    assert await store.write(lambda tx: tx.items.seed(plain)) == 2


# --- moderation, preferences, facts ----------------------------------------------------------------


async def test_mutes(store: SqlStore, clock: FakeClock) -> None:
    await store.write(lambda tx: tx.accounts.add(an_account("Ann", clock.now())))
    ann = AccountId("account-Ann")
    first = mute_of(ann, clock.now(), reason="flood")
    second = mute_of(ann, clock.now(), reason="again", ends_at=clock.now() + HOUR)
    for measure in (first, second):
        await store.write(lambda tx, measure=measure: tx.measures.add(measure))  # type: ignore[misc]
        mute = Mute(ann, AccountId("moderator"), measure.reason, clock.now(), measure.ends_at)
        assert await store.read(lambda tx: tx.moderation.mute_of(ann)) == mute
    for left in (first, None):
        known = await store.read(lambda tx: tx.measures.everywhere(ann, MeasureKind.MUTE))
        assert known is not None
        known.lifted_at = clock.now()
        await store.write(lambda tx, known=known: tx.measures.save(known))  # type: ignore[misc]
        found = await store.read(lambda tx: tx.moderation.mute_of(ann))
        assert (found is None) is (left is None)


async def test_the_audit_log_is_read_newest_first(store: SqlStore, clock: FakeClock) -> None:
    entries = [
        AuditEntry(clock.now(), "cli", "account.role_changed", f"account-{n % 2}", {"to": "admin", "n": str(n)})
        for n in range(4)
    ]
    for entry in entries:
        await store.write(lambda tx, entry=entry: tx.moderation.record(entry))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.moderation.audit()) == entries[::-1]
    assert await store.read(lambda tx: tx.moderation.audit(limit=1)) == entries[:-2:-1]
    assert await store.read(lambda tx: tx.moderation.audit(subject="account-1")) == [entries[3], entries[1]]


async def test_the_audit_log_is_read_on_from_a_number(store: SqlStore, clock: FakeClock) -> None:
    assert await store.read(lambda tx: tx.moderation.newest()) == 0
    entries = [AuditEntry(clock.now(), f"actor-{n % 2}", "account.renamed", f"account-{n}", {}) for n in range(5)]
    numbers = []
    for entry in entries:
        await store.write(lambda tx, entry=entry: tx.moderation.record(entry))  # type: ignore[misc]
        numbers.append(await store.read(lambda tx: tx.moderation.newest()))
    assert numbers == sorted(set(numbers))
    assert await store.read(lambda tx: tx.moderation.acts_of("actor-0", after=0)) == entries[::2]
    assert await store.read(lambda tx: tx.moderation.acts_of("actor-0", after=numbers[0])) == [entries[2], entries[4]]
    assert await store.read(lambda tx: tx.moderation.acts_of("actor-0", after=numbers[4])) == []
    assert await store.read(lambda tx: tx.moderation.acts_of("actor-7", after=0)) == []


async def test_preferences(store: SqlStore, clock: FakeClock) -> None:
    def add(tx: Transaction) -> None:
        for name in ("Ann", "Bob"):
            add_person(tx, name, clock.now())

    await store.write(add)
    ann, bob, body = AccountId("account-Ann"), AccountId("account-Bob"), CharacterId("character-Ann")
    for _ in range(2):
        await store.write(lambda tx: tx.preferences.ignore(ann, bob))
    assert await store.read(lambda tx: tx.preferences.ignored(ann)) == {bob}
    assert await store.read(lambda tx: tx.preferences.ignored(bob)) == set()
    assert await store.write(lambda tx: tx.preferences.unignore(ann, bob)) is True
    assert await store.write(lambda tx: tx.preferences.unignore(ann, bob)) is False

    for command in ("kick", "kick %1"):
        await store.write(lambda tx, command=command: tx.preferences.set_alias(body, "k", command))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.preferences.aliases(body)) == {"k": "kick %1"}
    assert await store.write(lambda tx: tx.preferences.remove_alias(body, "k")) is True
    assert await store.write(lambda tx: tx.preferences.remove_alias(body, "k")) is False


async def test_facts(store: SqlStore) -> None:
    assert await store.read(lambda tx: tx.facts.get("tick")) is None
    for value in ("1", "2"):
        await store.write(lambda tx, value=value: tx.facts.set("tick", value))  # type: ignore[misc]
        assert await store.read(lambda tx: tx.facts.get("tick")) == value
    assert await store.write(lambda tx: tx.facts.take("tick")) == "2"
    assert await store.write(lambda tx: tx.facts.take("tick")) is None


# --- every column, every field ---------------------------------------------------------------------


async def test_hostile_text_is_only_text(store: SqlStore, clock: FakeClock) -> None:
    text = "'); DROP TABLE accounts; -- \" \\ % _ $1 ? :x {0} \u202e \U0001f409"
    await store.write(lambda tx: tx.accounts.add(replace(an_account("Ann", clock.now()), name=text, name_key=text)))
    found = await store.read(lambda tx: tx.accounts.by_name_key(text))
    assert found is not None
    assert found.name == text
    await store.write(lambda tx: tx.facts.set(text, text))
    assert await store.read(lambda tx: tx.facts.get(text)) == text
