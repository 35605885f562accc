"""The log, for staff: who may search it, whom a word means, and levels that a running server follows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import timedelta

import pytest
from tests.support.accounts import AccountsKit, CountingHasher
from tests.support.clock import FakeClock

from mythgate.domain.accounts import Role
from mythgate.domain.characters import Character
from mythgate.domain.errors import InvalidInput, NotFound, PermissionDenied
from mythgate.domain.ids import CharacterId, RoomId
from mythgate.domain.logs import LevelChange, LogLine, LogQuery
from mythgate.domain.sessions import OPERATOR
from mythgate.services.logs import LONGEST_CHANGE, LONGEST_PAGE, MOST_CHANGES, LogService
from mythgate.services.ports import Store


class Book:
    """A log with nothing in it, that remembers what it was asked."""

    newest = 41

    def __init__(self) -> None:
        self.asked: list[tuple[LogQuery, int, int]] = []
        self.applied: list[list[LevelChange]] = []

    def search(self, query: LogQuery, *, after: int = 0, limit: int = 200) -> list[LogLine]:
        self.asked.append((query, after, limit))
        return []

    def levels(self) -> Mapping[str, str]:
        return {"": "info"}

    def apply(self, changes: Iterable[LevelChange]) -> None:
        self.applied.append(list(changes))


class Office(AccountsKit):
    """Accounts, and the log."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.book = Book()
        self.logs = LogService(
            store=self.store,
            reader=self.book,
            clock=self.clock,
            rooms_called=lambda word: frozenset({"26"}) if word == "Arrival" else frozenset(),
        )


@pytest.fixture
async def office(clock: FakeClock, store: Store) -> AsyncIterator[Office]:
    made = Office(clock, store, CountingHasher())
    yield made
    made.hasher.close()


async def test_the_log_is_for_admins(office: Office) -> None:
    keeper = await office.caller("Keeper", role=Role.MODERATOR)
    with pytest.raises(PermissionDenied):
        await office.logs.search(keeper, LogQuery())
    with pytest.raises(PermissionDenied):
        await office.logs.levels(keeper)
    with pytest.raises(PermissionDenied):
        await office.logs.changes(keeper)
    with pytest.raises(PermissionDenied):
        await office.logs.set_level(keeper, "debug")
    assert (office.book.asked, office.book.applied) == ([], [])
    admin = await office.caller("Adda", role=Role.ADMIN)
    page = await office.logs.search(admin, LogQuery(), after=7, limit=10_000)
    assert (page.lines, page.newest) == ([], 41)
    assert office.book.asked == [(LogQuery(), 7, LONGEST_PAGE)]
    assert await office.logs.levels(admin) == {"": "info"}


async def test_somebody_is_all_they_go_by(office: Office) -> None:
    ada = await office.caller("Ada")
    account = await office.account(ada.account_id)
    now = office.clock.now()
    body = Character(
        id=CharacterId("body"), account_id=account.id, name="Otter", name_key="otter", room_id=RoomId("r"),
        created_at=now, last_active_at=now,
    )  # fmt: skip
    await office.store.write(lambda tx: tx.characters.add(body))
    for word in ("ada", "Otter", account.id, "body", f"#{account.number}", str(account.number)):
        await office.logs.search(OPERATOR, LogQuery(), user=word)
        query, _, _ = office.book.asked[-1]
        assert query.people == frozenset({account.id, "body"}), word
        assert query.numbers == {account.number}
    for word in ("nobody", "#99999", "§§"):
        with pytest.raises(NotFound, match="nobody called"):
            await office.logs.search(OPERATOR, LogQuery(), user=word)


async def test_rooms_are_asked_for_by_what_they_are_called(office: Office) -> None:
    await office.logs.search(OPERATOR, LogQuery(), room="Arrival")
    assert office.book.asked[-1][0].rooms == frozenset({"26"})
    with pytest.raises(NotFound, match="no room called"):
        await office.logs.search(OPERATOR, LogQuery(), room="Nowhere")


async def test_levels_are_set_recorded_and_followed_by_another_process(office: Office) -> None:
    other = Book()
    elsewhere = LogService(store=office.store, reader=other, clock=office.clock, rooms_called=lambda _: frozenset())
    await elsewhere.catch_up()
    assert other.applied == []
    doors = "mythgate.doors"
    await office.logs.set_level(OPERATOR, "DEBUG", logger=doors, lasting=timedelta(minutes=5))
    changes = await office.logs.set_level(OPERATOR, "warning")
    until = office.clock.now() + timedelta(minutes=5)
    assert changes == [LevelChange("", "warning"), LevelChange(doors, "debug", until)]
    assert await office.logs.changes(OPERATOR) == changes
    assert office.book.applied[-1] == changes
    await elsewhere.catch_up()
    await elsewhere.catch_up()  # nothing new: nothing done
    assert other.applied == [changes]
    office.clock.advance(timedelta(minutes=5))
    await elsewhere.catch_up()
    assert other.applied[-1] == [LevelChange("", "warning")]
    await office.logs.set_level(OPERATOR, None)
    await elsewhere.catch_up()
    assert other.applied[-1] == []
    entries = await office.store.read(lambda tx: tx.moderation.audit(subject="server"))
    assert [(one.action, one.detail["logger"], one.detail["before"], one.detail["after"]) for one in entries] == [
        ("log.level_set", "all", "warning", "as the settings say"),
        ("log.level_set", "all", "as the settings say", "warning"),
        ("log.level_set", doors, "as the settings say", "debug"),
    ]
    assert entries[-1].detail["until"].endswith("UTC")


async def test_levels_that_make_no_sense(office: Office) -> None:
    for level, logger, lasting in (
        ("loud", "", None),
        ("info", "not a module", None),
        ("info", "a" * 101, None),
        ("info", "", timedelta(0)),
        ("info", "", LONGEST_CHANGE + timedelta(seconds=1)),
    ):
        with pytest.raises(InvalidInput):
            await office.logs.set_level(OPERATOR, level, logger=logger, lasting=lasting)
    for number in range(MOST_CHANGES):
        await office.logs.set_level(OPERATOR, "info", logger=f"m{number}")
    with pytest.raises(InvalidInput, match="At most"):
        await office.logs.set_level(OPERATOR, "info")
