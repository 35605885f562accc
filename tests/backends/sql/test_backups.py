"""Backups of real databases: whole, of one instant, and into either kind."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from tests.support.clock import FakeClock
from tests.support.databases import PostgresServer, new_sqlite
from tests.support.rows import a_session, add_person, an_account, an_item

from mythgate.backends import backups, folderlock
from mythgate.backends.backups import FolderBusy, Place, make, make_in, restore, unfinished
from mythgate.backends.sql import SqlStore, migrate, open_store
from mythgate.backends.sql.backup import RETIRED_TABLES, NothingToBackUp
from mythgate.backends.sql.backupfile import (
    FRAME,
    MANIFEST,
    UNFINISHED,
    BackupDamaged,
    BackupUnusable,
    read_manifest,
    verify,
)
from mythgate.backends.sql.backuprestore import DoesNotFit, InUse, NotEmpty
from mythgate.backends.sql.revisions import KNOWN
from mythgate.backends.sql.tables import metadata
from mythgate.backends.sql.urls import parse
from mythgate.domain.backups import Progress, Reason
from mythgate.domain.errors import Unavailable
from mythgate.domain.films import Film
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.profiles import Profile
from mythgate.services.ports import Transaction

FILM = b"\x00\x01 a recording " * 1000
OLD = "0006"


def place_at(url: str, folder: Path) -> Place:
    folder.mkdir(parents=True, exist_ok=True)
    return Place(url, folder, "9.9", {"http": {"port": 8000}}, lambda: datetime.now(UTC))


def looked_at(url: str, work: Any) -> Any:
    return migrate.connected(parse(url), work)


def rows_of(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All that is in a database, as our types, in an order that both kinds have."""

    def work(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
        return {
            str(table.name): sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
            for table in metadata.sorted_tables
        }

    found: dict[str, list[tuple[Any, ...]]] = looked_at(url, work)
    return found


def filled(tx: Transaction, now: datetime) -> None:
    """A bit of everything that databases keep differently."""
    for name in ("Ann", "Bob"):
        add_person(tx, name, now)
        tx.sessions.add(a_session(name, name, now))
    ann = tx.accounts.require(an_account("Ann", now).id)
    ann.stats = {"logins.http": 3}
    ann.last_login_at = now + timedelta(microseconds=123456)
    tx.accounts.save(ann)
    gone = tx.accounts.add(an_account("Gone", now, is_guest=True))
    tx.accounts.delete_idle_guests(now + timedelta(days=400))
    assert tx.accounts.get(gone.id) is None
    tx.profiles.save(Profile(ann.id, city='Zoë\'s 東京 \\ "x"\n', opaque=b"\x00\xff\x80", updated_at=now))
    tx.items.add(an_item("lamp", now))
    tx.facts.set("a", 'b\u2028"')
    tx.moderation.record(AuditEntry(now, "cli", "test.done", ann.id, {"before": "ä", "after": "\t"}))
    tx.films.add(Film("m1", 3, "Ann", "there.m2rec", len(FILM), b"\x01" * 32, now))
    tx.films.add(Film("m2", 3, "Ann", "missing.m2rec", 1, b"\x02" * 32, now))


@pytest.fixture
async def source(store: SqlStore, database_url: str, clock: FakeClock, tmp_path: Path) -> Place:
    """A server's folder with people, on either database."""
    await store.write(lambda tx: filled(tx, clock.now()))
    made = place_at(database_url, tmp_path / "source")
    made.films.mkdir()
    (made.films / "there.m2rec").write_bytes(FILM)
    return made


@pytest.fixture(params=["sqlite", "postgres"])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """An empty place, of either kind."""
    folder = tmp_path / "empty"
    if request.param == "sqlite":
        yield place_at(f"sqlite:///{folder}/mythgate.db", folder)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = await server.new_database()
    yield place_at(server.url(name), folder)
    await server.drop_database(name)


async def made_of(place: Place, target: Path) -> Path:
    await asyncio.to_thread(make, place, target, Reason.ASKED, gentle=True)
    return target


@pytest.fixture
async def backup(tmp_path: Path, clock: FakeClock) -> Path:
    """A small backup, made on SQLite."""
    folder = tmp_path / "small"
    folder.mkdir()
    url = new_sqlite(folder)
    async with open_store(url, clock=clock) as store:
        await store.write(lambda tx: filled(tx, clock.now()))
    place = place_at(url, folder)
    place.films.mkdir()
    (place.films / "there.m2rec").write_bytes(FILM)
    return await made_of(place, tmp_path / "small.zip")


# --- there and back ----------------------------------------------------------------------------------


async def test_everything_comes_back_on_either_kind(source: Place, empty: Place, tmp_path: Path) -> None:
    file = await made_of(source, tmp_path / "one.zip")
    manifest = read_manifest(file)
    assert manifest.settings == {"http": {"port": 8000}}
    assert (manifest.backup.films, manifest.backup.missing_films) == (1, ["missing.m2rec"])
    assert manifest.backup.tables["accounts"] == 2
    assert file.stat().st_mode & 0o077 == 0
    done = await asyncio.to_thread(restore, empty, file, folder=tmp_path / "backups")
    assert done.safety is None
    assert done.backup == manifest.backup
    before, after = await asyncio.to_thread(lambda: (rows_of(source.url), rows_of(empty.url)))
    revoked = list(metadata.tables["sessions"].columns.keys()).index("revoked_at")
    assert {one[revoked] for one in before["sessions"]} == {None}
    assert None not in {one[revoked] for one in after["sessions"]}, "who was signed in then must sign in again"
    for rows in (before, after):
        rows["sessions"] = [(*one[:revoked], *one[revoked + 1 :]) for one in rows["sessions"]]
    assert after["audit_log"].pop()[3] == "backup.restored"
    assert after["facts"].pop()[0] == "restored"
    assert after == before
    assert (empty.films / "there.m2rec").read_bytes() == FILM
    assert unfinished(empty.data_dir) == ""


async def test_no_number_is_given_twice_after_a_restore(source: Place, empty: Place, tmp_path: Path) -> None:
    file = await made_of(source, tmp_path / "one.zip")
    await asyncio.to_thread(restore, empty, file, folder=tmp_path / "backups")
    clock = FakeClock()
    async with open_store(empty.url, clock=clock) as store:
        newcomer = await store.write(lambda tx: tx.accounts.add(an_account("New", clock.now())))
    assert newcomer.number == 4  # the third went before the backup


async def test_times_are_kept_to_the_microsecond(source: Place, empty: Place, clock: FakeClock, tmp_path: Path) -> None:
    file = await made_of(source, tmp_path / "one.zip")
    await asyncio.to_thread(restore, empty, file, folder=tmp_path / "backups")
    async with open_store(empty.url, clock=clock) as store:
        ann = await store.read(lambda tx: tx.accounts.by_name_key("ann"))
    assert ann is not None
    assert ann.last_login_at == clock.now() + timedelta(microseconds=123456)


# --- one instant -------------------------------------------------------------------------------------


async def test_it_holds_what_was_acknowledged_before_its_instant_and_nothing_later(
    store: SqlStore, database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    """Five writers number what they write; each waits for the answer before the next."""
    place = place_at(database_url, tmp_path / "busy")
    acknowledged = [0] * 5
    asked = [0] * 5
    under_way, stop = asyncio.Event(), asyncio.Event()

    async def write(who: int) -> None:
        while not stop.is_set():
            asked[who] += 1
            number = asked[who]
            entry = AuditEntry(clock.now(), f"writer-{who}", "numbered", str(number), {})

            def work(tx: Transaction, entry: AuditEntry = entry, number: int = number) -> None:
                tx.moderation.record(entry)
                tx.facts.set(entry.actor, str(number))

            await store.write(work)
            acknowledged[who] = number
            if min(acknowledged) >= 20:
                under_way.set()

    instants: list[list[int]] = []

    def now() -> datetime:  # asked when the snapshot has begun, in a thread
        instants.append(list(asked))
        return datetime.now(UTC)

    async with asyncio.TaskGroup() as tasks:
        for who in range(5):
            tasks.create_task(write(who))
        await under_way.wait()
        before = list(acknowledged)
        made = await asyncio.to_thread(make, replace(place, now=now), tmp_path / "busy.zip", Reason.ASKED, gentle=True)
        stop.set()
    assert made.tables["audit_log"] < sum(acknowledged), "the writers went on meanwhile"
    target = place_at(f"sqlite:///{tmp_path}/then/mythgate.db", tmp_path / "then")
    await asyncio.to_thread(restore, target, tmp_path / "busy.zip", folder=tmp_path / "backups")
    with closing(sqlite3.connect(tmp_path / "then" / "mythgate.db")) as database:
        for who in range(5):
            listed = database.execute(
                "SELECT subject FROM audit_log WHERE actor = ? ORDER BY number", (f"writer-{who}",)
            )
            found = [int(one) for (one,) in listed]
            assert found == list(range(1, len(found) + 1)), "no gap, and each once"
            assert before[who] <= len(found) <= instants[0][who]
            (fact,) = database.execute("SELECT value FROM facts WHERE key = ?", (f"writer-{who}",)).fetchone()
            assert int(fact) == len(found), "what one transaction wrote is there together"


# --- damage ------------------------------------------------------------------------------------------


def test_a_whole_one_is_whole(backup: Path) -> None:
    checked = verify(backup)
    assert checked.damaged == []
    assert checked.manifest is not None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_flipped_bit_is_found(backup: Path, place: float, bit: int) -> None:
    data = bytearray(backup.read_bytes())
    data[int(place * len(data))] ^= 1 << bit
    other = backup.with_name("flipped.zip")
    other.write_bytes(data)
    try:
        checked = verify(other)
    except BackupUnusable:
        raise AssertionError("a damaged file was taken for a whole one of another kind") from None
    assert checked.damaged


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.floats(0, 1, exclude_max=True))
def test_any_cut_is_found(backup: Path, part: float) -> None:
    other = backup.with_name("cut.zip")
    other.write_bytes(backup.read_bytes()[: int(part * backup.stat().st_size)])
    assert verify(other).damaged


def changed_at(backup: Path, part: str) -> Path:
    """A copy with a byte changed in the middle of a part's bytes."""
    with zipfile.ZipFile(backup) as archive:
        info = archive.getinfo(part)
    data = bytearray(backup.read_bytes())
    begin = info.header_offset + 30 + len(part) + 20  # past its own header and the sizes of 64 bits
    data[begin + info.compress_size // 2] ^= 0xFF
    other = backup.with_name("changed.zip")
    other.write_bytes(data)
    return other


@pytest.mark.parametrize("part", ["tables/accounts.jsonl", "films/there.m2rec", MANIFEST])
async def test_the_changed_part_is_named_and_nothing_is_restored(part: str, backup: Path, tmp_path: Path) -> None:
    other = changed_at(backup, part)
    assert verify(other).damaged == [part]
    target = place_at(f"sqlite:///{tmp_path}/new/mythgate.db", tmp_path / "new")
    with pytest.raises(BackupDamaged, match=part):
        restore(target, other, folder=tmp_path / "backups")
    assert list(target.data_dir.iterdir()) == []


def test_what_is_around_the_parts_is_looked_at_too(backup: Path) -> None:
    data = bytearray(backup.read_bytes())
    data[10] ^= 1  # the hour in the header of the first part
    backup.write_bytes(data)
    assert verify(backup).damaged == [FRAME]


@pytest.mark.parametrize("content", [b"", b"something", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_backup_is_not_taken_for_one(content: bytes, tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    other.write_bytes(content)
    assert verify(other).damaged
    with pytest.raises(BackupUnusable):
        read_manifest(other)
    with pytest.raises(BackupUnusable, match="There is no file"):
        verify(tmp_path / "none.zip")


def with_manifest(backup: Path, target: Path, change: Mapping[str, Any]) -> Path:
    """The same backup, sealed anew with another manifest: what another version might write."""
    from mythgate.backends.sql import backupfile

    manifest = read_manifest(backup)
    with zipfile.ZipFile(backup) as archive, backupfile.BackupWriter(target) as writer:
        for name in archive.namelist():
            if name not in (MANIFEST, backupfile.MANIFEST_SUM):
                with writer.part(name) as part:
                    part.write(archive.read(name))
        document = {**manifest.document(), **change}
        told = type("Told", (), {"document": lambda _self: document})()
        writer.finish(told)
    return target


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "else"}, "no backup of Mythgate"),
        ({"format_version": 2}, "has format 2; this version reads format 1"),
        ({"revision": "9999"}, "schema 9999, made by Mythgate 9.9"),
    ],
)
def test_what_this_version_cannot_use_is_refused_in_words(
    change: Mapping[str, Any], words: str, backup: Path, tmp_path: Path
) -> None:
    other = with_manifest(backup, tmp_path / "other.zip", change)
    target = place_at(f"sqlite:///{tmp_path}/new/mythgate.db", tmp_path / "new")
    with pytest.raises(BackupUnusable, match=words):
        restore(target, other, folder=tmp_path / "backups")
    assert list(target.data_dir.iterdir()) == []


async def test_rows_that_do_not_fit_leave_nothing_behind(backup: Path, empty: Place, tmp_path: Path) -> None:
    document = read_manifest(backup).document()
    accounts = next(one for one in document["tables"] if one["name"] == "accounts")
    accounts["columns"][1], accounts["columns"][2] = accounts["columns"][2], {"name": "none", "kind": "text"}
    other = with_manifest(backup, tmp_path / "other.zip", document)
    with pytest.raises(DoesNotFit, match=r"accounts\.none"):
        await asyncio.to_thread(restore, empty, other, folder=tmp_path / "backups")
    with zipfile.ZipFile(backup) as archive:
        lines = archive.read("tables/characters.jsonl").replace(b'"account-Ann"', b'"account-Nobody"')
    from mythgate.backends.sql import backupfile

    other = tmp_path / "orphan.zip"
    with zipfile.ZipFile(backup) as archive, backupfile.BackupWriter(other) as writer:
        tables = []
        for table in read_manifest(backup).tables:
            with writer.part(table.part.name) as part:
                part.write(lines if table.name == "characters" else archive.read(table.part.name))
            tables.append(replace(table, part=part.part))
        writer.finish(replace(read_manifest(backup), tables=tables, films=[]))
    with pytest.raises(DoesNotFit):
        await asyncio.to_thread(restore, empty, other, folder=tmp_path / "backups")
    assert unfinished(empty.data_dir) == ""
    assert await asyncio.to_thread(migrate.current_revision, empty.url) is None


# --- where it may go ---------------------------------------------------------------------------------


async def test_a_place_with_people_is_replaced_only_on_demand_and_saved_first(
    source: Place, backup: Path, tmp_path: Path, store: SqlStore
) -> None:
    await store.close()
    before = await asyncio.to_thread(rows_of, source.url)
    folder = tmp_path / "backups"
    with pytest.raises(NotEmpty, match="people"):
        await asyncio.to_thread(restore, source, backup, folder=folder)
    assert await asyncio.to_thread(rows_of, source.url) == before
    (source.films / "newer.m2rec").write_bytes(b"x")
    done = await asyncio.to_thread(restore, source, backup, folder=folder, replaces=True)
    assert done.safety is not None
    assert done.safety.name.endswith("-before-restore.mythgate.zip")
    assert sorted(one.name for one in source.films.iterdir()) == ["there.m2rec"]
    assert read_manifest(done.safety).backup.tables["accounts"] == len(before["accounts"])


async def test_an_empty_database_with_tables_counts_as_empty(database_url: str, backup: Path, tmp_path: Path) -> None:
    target = place_at(database_url, tmp_path / "target")
    done = await asyncio.to_thread(restore, target, backup, folder=tmp_path / "backups")
    assert done.safety is None


async def test_a_running_server_is_left_alone(source: Place, backup: Path, tmp_path: Path, store: SqlStore) -> None:
    with folderlock.hold(source.data_dir), pytest.raises(FolderBusy, match=f"process {os.getpid()}"):
        await asyncio.to_thread(restore, source, backup, folder=tmp_path, replaces=True)
    if source.url.startswith("postgres"):
        await store.check()
        with pytest.raises(InUse):
            await asyncio.to_thread(restore, source, backup, folder=tmp_path, replaces=True)


async def test_without_a_database_there_is_nothing_to_back_up(empty: Place, tmp_path: Path) -> None:
    with pytest.raises(NothingToBackUp):
        await asyncio.to_thread(make, empty, tmp_path / "none.zip", Reason.ASKED)
    await asyncio.to_thread(looked_at, empty.url, lambda _connection: None)
    with pytest.raises(NothingToBackUp):
        await asyncio.to_thread(make, empty, tmp_path / "none.zip", Reason.ASKED)
    assert not (tmp_path / "none.zip").exists()


async def test_what_is_damaged_or_out_of_reach_makes_no_backup(tmp_path: Path) -> None:
    (tmp_path / "mythgate.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(Unavailable):
        make(place_at(f"sqlite:///{tmp_path}/mythgate.db", tmp_path), tmp_path / "none.zip", Reason.ASKED)
    nowhere = place_at("postgresql://nobody@127.0.0.1:1/none", tmp_path)
    with pytest.raises(Unavailable):
        await asyncio.to_thread(make, nowhere, tmp_path / "none.zip", Reason.ASKED)
    assert not (tmp_path / "none.zip").exists()


def test_a_write_that_fails_leaves_no_file(tmp_path: Path) -> None:
    place = place_at(new_sqlite(tmp_path), tmp_path)
    taken: list[int] = []

    def now() -> datetime:
        taken.append(1)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        make(replace(place, now=now), tmp_path / "full" / "one.zip", Reason.ASKED)
    assert list((tmp_path / "full").iterdir()) == []


# --- other revisions ---------------------------------------------------------------------------------


async def test_an_older_backup_is_brought_up_to_date(empty: Place, tmp_path: Path, clock: FakeClock) -> None:
    """A database as version 0006 left it, of either kind, comes to life in SQLite."""
    await asyncio.to_thread(migrate.upgrade, empty.url, OLD)
    await asyncio.to_thread(
        looked_at,
        empty.url,
        lambda connection: connection.execute(text("INSERT INTO facts (key, value) VALUES ('old', 'yes')")).close(),
    )
    file = await made_of(empty, tmp_path / "old.zip")
    assert read_manifest(file).backup.revision == OLD
    target = place_at(f"sqlite:///{tmp_path}/new/mythgate.db", tmp_path / "new")
    await asyncio.to_thread(restore, target, file, folder=tmp_path / "backups")
    async with open_store(target.url, clock=clock) as store:
        assert await store.read(lambda tx: tx.facts.get("old")) == "yes"
    as_it_was = place_at(f"sqlite:///{tmp_path}/then/mythgate.db", tmp_path / "then")
    await asyncio.to_thread(restore, as_it_was, file, folder=tmp_path / "backups", upgrade=False)
    assert await asyncio.to_thread(migrate.current_revision, as_it_was.url) == OLD


def test_all_tables_that_ever_were_are_known(tmp_path: Path) -> None:
    names: set[str] = set()
    for revision in sorted(KNOWN):
        migrate.upgrade(f"sqlite:///{tmp_path}/all.db", revision)
        with closing(sqlite3.connect(tmp_path / "all.db")) as database:
            names |= {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    ours = {name for name in names if not name.startswith("sqlite_")} - {"alembic_version"}
    assert ours == set(metadata.tables) | RETIRED_TABLES


# --- interruptions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("doing", "done"),
    [("restoring recordings", 1), ("restoring rows", 1), ("putting recordings in their place", 0)],
)
async def test_a_restore_that_is_killed_says_so_and_goes_on(
    doing: str, done: int, backup: Path, empty: Place, tmp_path: Path
) -> None:
    script = Path(__file__).with_name("restoring_process.py")
    words = [sys.executable, "-P", str(script), empty.url, str(empty.data_dir), str(backup), doing, str(done)]
    ended = await asyncio.to_thread(subprocess.run, words, capture_output=True, timeout=60, check=False)
    assert ended.returncode == -9, ended.stderr.decode()
    assert unfinished(empty.data_dir) == str(backup)
    done_before = doing == "putting recordings in their place"
    if not done_before:
        assert await asyncio.to_thread(migrate.current_revision, empty.url) is None, "no row came in halves"
    await asyncio.to_thread(restore, empty, backup, folder=tmp_path / "backups")
    assert unfinished(empty.data_dir) == ""
    assert len((await asyncio.to_thread(rows_of, empty.url))["accounts"]) == 2
    assert [one.name for one in empty.films.iterdir()] == ["there.m2rec"]
    assert {one.name for one in empty.data_dir.iterdir()} <= {
        "films",
        "lock",
        "mythgate.db",
        "mythgate.db-wal",
        "mythgate.db-shm",
    }


def test_an_unreadable_mark_is_a_mark(tmp_path: Path) -> None:
    assert unfinished(tmp_path) == ""
    (tmp_path / backups.UNFINISHED).write_text("{")
    assert unfinished(tmp_path) == "a backup"
    (tmp_path / backups.UNFINISHED).write_text(json.dumps({"id": "1", "source": "x.zip"}))
    assert unfinished(tmp_path) == "x.zip"


# --- the folder --------------------------------------------------------------------------------------


async def test_the_folder_holds_them_by_age(tmp_path: Path) -> None:
    place = place_at(new_sqlite(tmp_path), tmp_path)
    folder = tmp_path / "backups"
    assert backups.files_in(folder) == []
    moments = iter([datetime(2020, 1, day, tzinfo=UTC) for day in (2, 1, 3)])
    for _ in range(3):
        path, _made = make_in(replace(place, now=lambda: next(moments)), folder, Reason.ASKED)
        assert path.parent == folder
    (folder / "notes.txt").write_text("mine")
    assert [one.taken_at.day for one in backups.files_in(folder)] == [3, 2, 1]
    kept = backups.BackupFolder(place, folder)
    progress = Progress()
    name, made = await kept.make(Reason.SCHEDULED, progress)
    assert progress.doing == "writing rows"
    assert (await kept.all())[0].name == name
    assert (await kept.about(name)) == made
    assert await kept.verify(name, Progress()) == []
    damaged = bytearray((folder / name).read_bytes())
    damaged[-1] ^= 1
    (folder / name).write_bytes(damaged)
    assert await kept.verify(name, Progress()) == [FRAME]
    (folder / name).write_bytes(b"nothing")
    with pytest.raises(Unavailable):
        await kept.about(name)
    await kept.remove(name)
    assert name not in {one.name for one in await kept.all()}
    for asked in (name, "../mythgate.db", "notes.txt"):
        with pytest.raises(Exception, match="There is no backup of that name"):
            await kept.about(asked)
    nowhere = backups.BackupFolder(place, tmp_path / "notes.txt" / "backups")
    (tmp_path / "notes.txt").write_text("a file")
    with pytest.raises(Unavailable, match="could not be written"):
        await nowhere.make(Reason.ASKED, Progress())


async def test_two_may_be_made_at_once(tmp_path: Path) -> None:
    """One that somebody asks for while that of the schedule is being made: each is whole."""
    place = place_at(new_sqlite(tmp_path), tmp_path)
    inner: list[Path] = []

    def now() -> datetime:  # asked in the middle of the first
        if not inner:
            inner.append(tmp_path)
            inner[0] = make_in(place, tmp_path / "backups", Reason.ASKED)[0]
        return datetime.now(UTC)

    outer, _ = make_in(replace(place, now=now), tmp_path / "backups", Reason.SCHEDULED)
    assert verify(outer).damaged == verify(inner[0]).damaged == []
    assert len(list((tmp_path / "backups").iterdir())) == 2


def test_halves_go_when_nobody_can_be_making_them(tmp_path: Path) -> None:
    place = place_at(new_sqlite(tmp_path), tmp_path)
    folder = tmp_path / "backups"
    folder.mkdir()
    old, new = folder / f".a{UNFINISHED}", folder / f".b{UNFINISHED}"
    for one in (old, new):
        one.touch()
    os.utime(old, (0, 0))
    made, _ = make_in(place, folder, Reason.ASKED)
    assert set(folder.iterdir()) == {new, made}


async def test_a_copy_to_try_things_on(source: Place) -> None:
    def work() -> None:
        before = rows_of(source.url)
        with backups.scratch(source) as url:
            assert {one[1] for one in rows_of(url)["accounts"]} == {one[1] for one in before["accounts"]}
            looked_at(url, lambda connection: connection.execute(text("DELETE FROM accounts")).close())
        assert rows_of(source.url) == before
        assert not Path(url.removeprefix("sqlite:///")).exists()

    await asyncio.to_thread(work)


async def test_a_copy_of_what_is_not_there_is_empty(tmp_path: Path) -> None:
    nothing = place_at(f"sqlite:///{tmp_path}/none.db", tmp_path)
    with backups.scratch(nothing) as url:
        assert migrate.current_revision(url) is None
    assert not (tmp_path / "none.db").exists()
