"""Character sheets and stacks of things as rows, on every database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from tests.support.clock import FakeClock
from tests.support.rows import TAVERN, add_person, an_item

from mythgate.backends.sql import SqlStore
from mythgate.domain.characters import Character
from mythgate.domain.errors import Conflict, InvalidInput
from mythgate.domain.ids import ItemId
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.sheets import DEFAULT_SHEET, CharacterClass, Race, Sheet, Stats, new_sheet
from mythgate.services.ports import Transaction

OGRE = new_sheet(Race.DRAGONBORN, CharacterClass.WARRIOR, Stats(18, 3, 16, 4, 5, 14), souls=2**40)


@pytest.fixture
async def ann(store: SqlStore, clock: FakeClock) -> Character:
    return await store.write(lambda tx: add_person(tx, "Ann", clock.now()))


async def test_a_sheet_comes_back_as_it_was_saved(store: SqlStore, ann: Character) -> None:
    assert await store.read(lambda tx: tx.sheets.get(ann.id)) == DEFAULT_SHEET
    for sheet in (OGRE, OGRE.with_now(health=1, stamina=2, mana=3).learned(99), DEFAULT_SHEET):
        await store.write(partial(_save, ann, sheet))
        assert await store.read(lambda tx: tx.sheets.get(ann.id)) == sheet


def _save(one: Character, sheet: Sheet, tx: Transaction) -> None:
    tx.sheets.save(one.id, sheet)


async def test_a_new_level_goes_to_the_character(store: SqlStore, ann: Character) -> None:
    def work(tx: Transaction) -> tuple[int, int]:
        before = tx.characters.require(ann.id)
        tx.sheets.save(ann.id, tx.sheets.get(ann.id).learned(100))
        tx.sheets.save(ann.id, tx.sheets.get(ann.id).learned(10))
        tx.sheets.save(ann.id, tx.sheets.get(ann.id).learned(1000))
        with pytest.raises(Conflict):
            tx.characters.save(before)
        after = tx.characters.require(ann.id)
        return after.level, after.version - before.version

    assert await store.write(work) == (5, 2)


async def test_a_sheet_saved_unread_sets_the_level_as_well(store: SqlStore, ann: Character) -> None:
    def level(tx: Transaction) -> int:
        return tx.characters.require(ann.id).level

    await store.write(lambda tx: tx.sheets.save(ann.id, OGRE.learned(300)))
    assert await store.read(level) == 3
    await store.write(lambda tx: tx.sheets.save(ann.id, OGRE))
    assert await store.read(level) == 1


async def test_two_who_change_one_sheet_take_turns_even_before_it_has_a_row(store: SqlStore, ann: Character) -> None:
    def earn(tx: Transaction) -> None:
        tx.sheets.save(ann.id, tx.sheets.get(ann.id).paid(1))

    await asyncio.gather(*(store.write(earn) for _ in range(20)))
    assert (await store.read(lambda tx: tx.sheets.get(ann.id))).souls == 20


async def test_a_sheet_goes_with_its_character(store: SqlStore, ann: Character, clock: FakeClock) -> None:
    def work(tx: Transaction) -> Sheet:
        tx.sheets.save(ann.id, OGRE)
        body = tx.characters.require(ann.id)
        body.deleted_at = clock.now()
        tx.characters.save(body)
        kept = tx.sheets.get(ann.id)
        clock.advance(timedelta(seconds=1))
        tx.characters.purge_deleted(clock.now())
        return kept

    assert await store.write(work) == OGRE
    assert await store.read(lambda tx: tx.sheets.get(ann.id)) == DEFAULT_SHEET


# --- stacks ----------------------------------------------------------------------------------------


async def test_a_part_of_a_stack_becomes_a_thing_of_its_own(store: SqlStore, clock: FakeClock) -> None:
    heap = replace(an_item("heap", clock.now(), origin="square/lantern#1"), quantity=10)

    def work(tx: Transaction) -> tuple[Item, Item, Item | None]:
        tx.items.add(heap)
        part = tx.items.give(heap, HolderKind.ROOM, TAVERN, quantity=3)
        again = tx.items.get(part.id)
        assert again is not None
        with pytest.raises(Conflict):
            tx.items.give(heap, HolderKind.ROOM, TAVERN)  # it is one of seven now
        rest = tx.items.get(heap.id)
        assert rest is not None
        whole = tx.items.give(rest, HolderKind.ROOM, TAVERN, quantity=7)
        assert tx.items.get(whole.id) == whole
        return part, again, rest

    part, again, rest = await store.write(work)
    assert part == again
    assert (part.quantity, part.origin, part.holder_id, part.version) == (3, "", TAVERN, 1)
    assert rest is not None
    assert (rest.quantity, rest.origin, rest.version) == (7, heap.origin, 2)
    assert len({part.number, rest.number}) == 2
    assert part.id != rest.id


@pytest.mark.parametrize("quantity", [0, -1, 3])
async def test_a_stack_has_no_such_part(store: SqlStore, clock: FakeClock, quantity: int) -> None:
    heap = replace(an_item("heap", clock.now()), quantity=2)
    await store.write(lambda tx: tx.items.add(heap))
    with pytest.raises(InvalidInput, match="are 2"):
        await store.write(lambda tx: tx.items.give(heap, HolderKind.ROOM, TAVERN, quantity=quantity))


async def test_what_is_equipped_is_saved_and_given_unequipped(store: SqlStore, clock: FakeClock) -> None:
    sword = an_item("sword", clock.now())

    def work(tx: Transaction) -> list[bool]:
        tx.items.add(sword)
        sword.equipped = True
        tx.items.save(sword)
        found = tx.items.get(ItemId(sword.id))
        assert found == sword
        given = tx.items.give(sword, HolderKind.ROOM, TAVERN)
        assert tx.items.get(given.id) == given
        with pytest.raises(Conflict):
            tx.items.save(sword)
        return [given.equipped]

    assert await store.write(work) == [False]
