"""Old files with damage, all the way into the database: counts add up, nobody is there by half, twice is once."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backends.test_importers import ORDR, PLAY, a_clan, a_file, a_player
from tests.support.accounts import accounts_kit
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite

from mythgate.backends.importers import SourceUnreadable, read
from mythgate.backends.sql import open_store
from mythgate.backends.system import UuidIds
from mythgate.domain.errors import BadCredentials
from mythgate.domain.names import name_key
from mythgate.services.importing import Became, ImportReport, ImportService, Kind

NAMES = ["Anna", "Boris", "Cara", "Dorothy", "Emil"]


def written(folder: Path, order: str) -> tuple[bytearray, bytearray]:
    people = [
        a_player(number, NAMES[number - 1].encode(), order, clan=number % 2 + 1, friends=[(number % 5 + 1, 2)])
        for number in range(1, 6)
    ]
    clans = [a_clan(1, b"Otters", order), a_clan(2, b"Herons", order)]
    folder.mkdir(exist_ok=True)
    return bytearray(a_file(PLAY, *people, order=order)), bytearray(a_file(ORDR, *clans, order=order))


def adds_up(report: ImportReport) -> None:
    for kind, tally in report.tallies.items():
        counts = asdict(tally)
        assert counts.pop("found") == sum(counts.values())
        assert sum(one.kind is kind for one in report.troubles) == tally.skipped
        assert sum(one.kind == kind for one in report.damaged) == tally.damaged


@settings(deadline=None, max_examples=20)
@given(
    order=st.sampled_from("<>"),
    spot=st.floats(0, 1, exclude_max=True),
    how=st.sampled_from(["flip", "cut", "tear", "repeat"]),
    bit=st.integers(0, 7),
)
def test_any_damage_is_counted_and_twice_is_once(
    order: str, spot: float, how: str, bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("old")
    people, clans = written(folder, order)
    at = int(spot * len(people))
    if how == "flip":
        people[at] ^= 1 << bit
    elif how == "cut":
        del people[at:]
    elif how == "tear":
        del people[at : at + 100]
    else:
        people += people[164:]
    (folder / "users.dat").write_bytes(people)
    (folder / "orders.dat").write_bytes(clans)

    async def run() -> None:
        clock = FakeClock()
        async with (
            open_store(new_sqlite(tmp_path_factory.mktemp("new")), clock=clock) as store,
            accounts_kit(clock, store) as kit,
        ):
            imports = ImportService(store=store, hasher=kit.hasher, clock=clock, ids=UuidIds())
            first = await imports.bring(read("bungie", folder))
            adds_up(first)
            count = await store.read(lambda tx: tx.accounts.count())
            assert count == first.tallies[Kind.ACCOUNT].new
            if how == "repeat":
                assert first.tallies[Kind.ACCOUNT].skipped == count == 5
            audited = await kit.audited()
            second = await imports.bring(read("bungie", folder))
            adds_up(second)
            assert all(tally.new == tally.merged == 0 for kind, tally in second.tallies.items())
            assert await kit.audited() == audited
            for number in range(1, 6):
                account = await store.read(lambda tx, one=number: tx.accounts.by_name_key(name_key(NAMES[one - 1])))  # type: ignore[misc]
                if account is not None and account.password_hash:
                    try:
                        await kit.login(account.name, "secret")
                    except BadCredentials:
                        assert how in ("flip", "tear")  # it is in the very byte

    asyncio.run(run())


def test_nothing_that_can_be_read_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "users.dat").write_bytes(b"\0" * 5000)
    with pytest.raises(SourceUnreadable):
        read("bungie", tmp_path)
    assert Became.DAMAGED.value == "damaged"
