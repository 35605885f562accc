"""One person's data: notes, where they came from, another name, a copy of everything, and that nothing is left."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, select
from tests.support.accounts import PASSWORD, AccountsKit, CountingHasher
from tests.support.clock import FakeClock
from tests.support.games import a_result

from mythgate.backends.sql.moderation import SqlModeration
from mythgate.backends.sql.personal import tables_with_people
from mythgate.backends.sql.statements import SqlConnection, Statement
from mythgate.backends.sql.tables import metadata, shard_ownerships
from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.characters import Character
from mythgate.domain.errors import InvalidInput, LimitReached, NameTaken, NotFound, PermissionDenied
from mythgate.domain.ids import AccountId, CharacterId, RoomId
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.names import name_key
from mythgate.domain.people import ADDRESSES_PER_ACCOUNT
from mythgate.domain.profiles import Profile
from mythgate.domain.sessions import OPERATOR, Caller
from mythgate.domain.sheets import Faction
from mythgate.services import notes
from mythgate.services.notes import NoteService
from mythgate.services.personaldata import PersonalDataService
from mythgate.services.ports import Store, Transaction
from mythgate.services.record import RecordService

NAME = "Zwetschge"
BODY = "Quittenmus"
BEFORE = "Holunder"


class Archive(AccountsKit):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.notes = NoteService(store=self.store, clock=self.clock)
        self.people = PersonalDataService(store=self.store, accounts=self.accounts, clock=self.clock)

    async def everything(self) -> dict[str, list[list[Any]]]:
        """All rows of all tables."""

        def work(tx: Transaction) -> dict[str, list[list[Any]]]:
            connection = connection_of(tx)
            return {
                table.name: [list(row) for row in connection.rows(Statement(select(*table.columns)))]
                for table in metadata.sorted_tables
            }

        return await self.store.read(work)

    async def mentions(self, *words: str) -> list[str]:
        """The tables in which one of these words stands."""
        found = await self.everything()
        return [name for name, rows in found.items() if any(word.casefold() in text_of(rows) for word in words)]


def connection_of(tx: Transaction) -> SqlConnection:
    assert isinstance(tx.moderation, SqlModeration)
    return tx.moderation._connection


def text_of(rows: list[list[Any]]) -> str:
    return json.dumps(rows, default=str, ensure_ascii=False).casefold()


@pytest.fixture
async def archive(clock: FakeClock, store: Store) -> AsyncIterator[Archive]:
    hasher = CountingHasher()
    yield Archive(clock, store, hasher)
    hasher.close()


async def a_life(archive: Archive) -> Caller:
    """Somebody who has left a trace in many places."""
    owner = await archive.caller("Cleo", role=Role.OWNER)
    them = await archive.caller(BEFORE)
    await archive.accounts.rename(owner, them.account_id, NAME, f"{BEFORE} asked for it")
    await archive.notes.add(owner, them.account_id, f"{NAME} asks a lot")
    await archive.moderation.mute(owner, them.account_id, 60, f"{NAME} shouted")
    now = archive.clock.now()
    body = Character(
        id=CharacterId("their body"), account_id=them.account_id, name=BODY, name_key=name_key(BODY),
        room_id=RoomId("quay"), created_at=now, last_active_at=now, description="tall",
    )  # fmt: skip
    account = await archive.account(them.account_id)

    def leave_traces(tx: Transaction) -> None:
        tx.characters.add(body)
        tx.characters.explore(body.id, RoomId("quay"), now)
        tx.preferences.set_alias(body.id, "gg", f"say {NAME} was here")
        tx.preferences.ignore(them.account_id, owner.account_id)
        tx.preferences.ignore(owner.account_id, them.account_id)
        tx.profiles.save(Profile(them.account_id, shown_name=f"|i{NAME}"))
        game = a_result([account.number], [4711], name=f"{NAME}'s game")
        mine, theirs = game.lines
        lines = (replace(mine, name=NAME, account_id=account.id), replace(theirs, name="Somebody"))
        tx.results.add(replace(game, lines=lines))
        held = {
            "shard": 1, "character_id": body.id, "character_name": BODY, "faction": next(iter(Faction)),
            "captured_at": now, "helpers": [{"name": BODY, "souls": 3, BODY: True}], "souls": 0,
        }  # fmt: skip
        connection_of(tx).change(Statement(insert(shard_ownerships).values(held)))
        tx.moderation.record(AuditEntry(now, owner.account_id, "game.judged", "7", {"winner": NAME}))

    await archive.store.write(leave_traces)
    return them


# --- notes -----------------------------------------------------------------------------------------


async def test_notes_are_by_the_staff_and_for_the_staff(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    mira, ada = await archive.caller("Mira", role=Role.MODERATOR), await archive.caller("Ada")
    first = await archive.notes.add(mira, ada.account_id, " asked twice ")
    await archive.notes.add(OPERATOR, ada.account_id, "and again")
    found = await archive.notes.of(mira, ada.account_id)
    assert [(one.by_name, one.text) for one in found] == [("operator", "and again"), ("Mira", "asked twice")]
    await archive.notes.remove(mira, ada.account_id, first.number)
    with pytest.raises(NotFound):
        await archive.notes.remove(mira, ada.account_id, first.number)
    with pytest.raises(NotFound):
        await archive.notes.of(mira, AccountId("nobody"))
    with pytest.raises(PermissionDenied):
        await archive.notes.of(ada, ada.account_id)
    assert (await archive.audited(ada.account_id))[-3:] == ["note.added", "note.added", "note.removed"]
    monkeypatch.setattr(notes, "NOTES_PER_ACCOUNT", 1)
    with pytest.raises(LimitReached):
        await archive.notes.add(mira, ada.account_id, "more")
    await archive.accounts.delete(OPERATOR, ada.account_id)
    with pytest.raises(NotFound):
        await archive.notes.add(mira, ada.account_id, "gone")


# --- addresses -------------------------------------------------------------------------------------


async def test_who_else_came_from_there(archive: Archive) -> None:
    boss = await archive.caller("Boss Ada", role=Role.ADMIN)
    ids = {}
    for name in ("Anna", "Bob", "Carl"):
        ids[name] = (await archive.register(name)).caller.account_id
        archive.pass_time(minutes=1)
    for name in ("Anna", "Bob"):
        await archive.login(name, address="192.0.2.7")
    await archive.login("Bob", address="192.0.2.8")
    await archive.login("Anna", address="192.0.2.8")
    found = await archive.people.alternates(boss, ids["Anna"])
    assert {one.address: one.times for one in found.addresses} == {
        "address of Anna": 1, "192.0.2.7": 1, "192.0.2.8": 1,
    }  # fmt: skip
    assert [(one.name, set(one.addresses)) for one in found.others] == [("Bob", {"192.0.2.7", "192.0.2.8"})]
    assert not (await archive.people.alternates(boss, ids["Carl"])).others
    with pytest.raises(PermissionDenied):
        await archive.people.alternates(await archive.caller("Mira", role=Role.MODERATOR), ids["Anna"])
    with pytest.raises(NotFound):
        await archive.people.alternates(boss, AccountId("nobody"))


async def test_only_the_latest_addresses_are_kept_and_not_for_ever(archive: Archive) -> None:
    ada = await archive.caller("Ada")
    for number in range(ADDRESSES_PER_ACCOUNT + 5):
        archive.pass_time(minutes=1)
        await archive.login("Ada", address=f"192.0.2.{number}")
    await archive.login("Ada", address="192.0.2.24")
    found = (await archive.people.alternates(OPERATOR, ada.account_id)).addresses
    assert len(found) == ADDRESSES_PER_ACCOUNT
    assert (found[0].address, found[0].times, found[-1].address) == ("192.0.2.24", 2, "192.0.2.5")
    archive.pass_time(days=91)
    await archive.sessions.sweep()
    assert not (await archive.people.alternates(OPERATOR, ada.account_id)).addresses


async def test_where_guests_came_from_is_not_kept(archive: Archive) -> None:
    guest = await archive.accounts.guest(door="http", address="192.0.2.1", client="test")
    assert not (await archive.people.alternates(OPERATOR, guest.caller.account_id)).addresses


# --- names -----------------------------------------------------------------------------------------


async def test_nobody_else_gets_a_name_that_was_given_up_lately(archive: Archive) -> None:
    boss, ada = await archive.caller("Boss Ada", role=Role.ADMIN), await archive.caller("Ada")
    await archive.accounts.rename(boss, ada.account_id, "Ida", "typing error")
    assert (await archive.store.read(lambda tx: tx.moderation.audit(limit=1)))[0].detail == {
        "name": "Ida", "before": "Ada", "after": "Ida", "reason": "typing error",
    }  # fmt: skip
    for attempt in (
        archive.register("Ada"),
        archive.accounts.guest("ADA", door="http", address="x", client="test"),
        archive.accounts.create(boss, "Ada", PASSWORD),
        archive.accounts.rename(boss, (await archive.caller("Bob")).account_id, "Ada"),
    ):
        with pytest.raises(NameTaken, match="until lately"):
            await attempt
    await archive.accounts.rename(boss, ada.account_id, "ADA")  # whose it was gets it back
    await archive.accounts.rename(boss, ada.account_id, "Ada")  # and may write it otherwise
    await archive.register("Otto")
    archive.pass_time(days=30, minutes=1)
    await archive.register("Ida")
    await archive.sessions.sweep()
    assert not await archive.store.read(lambda tx: tx.kept_names.get(name_key("Ida")))


# --- everything ------------------------------------------------------------------------------------


def test_no_table_with_people_is_forgotten() -> None:
    """Whoever adds a table that refers to people by an id without a foreign key adds it to `SqlPersonal`."""
    known = set(tables_with_people())
    about_others = {
        "bridges", "word_filters", "announcements", "faults", "matches", "score_reports", "results", "tournaments",
        "films", "cycles", "aetherfalls", "world_events", "seasons", "clans", "seeded_origins", "facts",
    }  # fmt: skip
    assert known | about_others == set(metadata.tables)
    assert not known & about_others


async def test_a_copy_of_everything_without_secrets(archive: Archive) -> None:
    them = await a_life(archive)
    made = await archive.people.export(OPERATOR, them.account_id)
    assert (made.name, made.format) == (NAME, "mythgate-person-1")
    assert {
        "accounts", "sessions", "characters", "explored_rooms", "aliases", "ignores", "profiles", "notes",
        "seen_addresses", "kept_names", "measures", "result_lines", "audit_log",
    } <= made.tables.keys()  # fmt: skip
    text = json.dumps(made.tables)
    assert NAME in text and BODY in text
    account = await archive.account(them.account_id)
    assert account.password_hash not in text and "token_hash" not in text and '"secret"' not in text
    assert (await archive.audited(them.account_id))[-1] == "person.exported"


async def test_nothing_personal_is_left_and_results_stay(archive: Archive) -> None:
    them = await a_life(archive)
    owner = await archive.login("Cleo")
    assert len(await archive.mentions(NAME, BODY, BEFORE)) > 8
    with pytest.raises(InvalidInput, match="not the name"):
        await archive.people.erase(owner.caller, them.account_id, "Somebody else")
    done = await archive.people.erase(owner.caller, them.account_id, NAME.lower(), "asked for it")
    assert await archive.mentions(NAME, BODY, BEFORE, f"address of {BEFORE}") == []
    account = await archive.account(them.account_id)
    assert (account.status, account.name, account.password_hash) == (AccountStatus.DELETED, done.known_as, "")
    results = await archive.store.read(lambda tx: tx.results.recent(account_id=None, limit=5))
    assert any(line.name == done.known_as for result in results for line in result.lines)
    assert any(line.name == "Somebody" for result in results for line in result.lines)
    assert them.session_id in archive.ended
    checked = await RecordService(store=archive.store).verify(OPERATOR)
    assert (checked.is_sound, checked.erased) == (True, done.record_entries)
    assert (await archive.audited(them.account_id))[-2:] == ["account.deleted", "person.erased"]
    left = (await archive.everything()).items()
    for name, rows in left:
        if name not in ("accounts", "audit_log", "result_lines", "measures", "shard_ownerships"):
            assert them.account_id not in text_of(rows), name
    await archive.register(NAME)  # the name is free


async def test_who_deleted_themselves_before_can_be_erased_all_the_same(archive: Archive) -> None:
    them = await a_life(archive)
    await archive.accounts.delete(OPERATOR, them.account_id)
    assert BODY.casefold() in text_of((await archive.everything())["characters"])  # it could be brought back
    known_as = (await archive.account(them.account_id)).name
    done = await archive.people.erase(OPERATOR, them.account_id, known_as)
    assert done.known_as == known_as
    assert await archive.mentions(BODY) == []


async def test_who_may_erase_and_export_whom(archive: Archive) -> None:
    owner, ada = await archive.caller("Cleo", role=Role.OWNER), await archive.caller("Ada", role=Role.ADMIN)
    bob = await archive.caller("Bob", role=Role.ADMIN)
    for act in (
        archive.people.erase(ada, bob.account_id, "Bob"),
        archive.people.export(ada, bob.account_id),
        archive.people.erase(ada, ada.account_id, "Ada"),
        archive.people.erase(OPERATOR, owner.account_id, "Cleo"),  # the last owner
        archive.people.export(await archive.caller("Mira", role=Role.MODERATOR), bob.account_id),
    ):
        with pytest.raises(PermissionDenied):
            await act
    with pytest.raises(NotFound):
        await archive.people.export(owner, AccountId("nobody"))
    assert (await archive.people.export(ada, ada.account_id)).name == "Ada"
    await archive.people.erase(owner, bob.account_id, "Bob")
