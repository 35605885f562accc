"""Characters: names, limits, selection, deletion and its undoing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.support.play import COIN, SQUARE, PlayKit

from mythgate.domain.errors import (
    Conflict,
    InvalidInput,
    NameNotAllowed,
    NameTaken,
    NoCharacter,
    NotFound,
    PermissionDenied,
    TooManyCharacters,
)
from mythgate.domain.ids import CharacterId


async def test_a_new_character_stands_at_the_start(kit: PlayKit) -> None:
    caller = await kit.caller("Somebody")
    view = await kit.characters.create(caller, "  Ada ", " A  tall\nwoman. ")
    assert (view.name, view.description, view.room_id, view.room_name) == (
        "Ada",
        "A tall woman.",
        SQUARE,
        "the market square",
    )
    assert (view.player_id, view.selected, view.level) == (view.id, True, 1)
    assert view.number > 0
    explored = await kit.store.read(lambda tx: tx.characters.explored(CharacterId(view.id)))
    assert explored == {SQUARE}


@pytest.mark.parametrize("name", ["", "x", "123", "admin", "north", "A" * 21, "bad\x00name", "two  spaces"])
async def test_names_follow_the_rules(kit: PlayKit, name: str) -> None:
    with pytest.raises(NameNotAllowed):
        await kit.characters.create(await kit.caller("Somebody"), name)


async def test_look_alikes_are_taken(kit: PlayKit) -> None:
    await kit.characters.create(await kit.caller("Somebody"), "Olivia")
    with pytest.raises(NameTaken):
        await kit.characters.create(await kit.caller("Anybody"), "OLIV1A")


async def test_descriptions_are_bounded(kit: PlayKit) -> None:
    caller = await kit.caller("Somebody")
    with pytest.raises(InvalidInput):
        await kit.characters.create(caller, "Ada", "x" * 501)
    assert (await kit.characters.create(caller, "Ada", "\u200b")).description == ""


async def test_so_many_and_no_more_even_at_once(kit: PlayKit) -> None:
    caller = await kit.caller("Somebody")
    names = ["Ada", "Bob", "Cid", "Dot", "Eve"]
    results = await asyncio.gather(*(kit.characters.create(caller, name) for name in names), return_exceptions=True)
    assert sum(isinstance(result, TooManyCharacters) for result in results) == 2
    roster = await kit.characters.list(caller)
    assert len(roster.characters) == roster.limit == 3
    assert sum(view.selected for view in roster.characters) == 1


async def test_one_name_goes_to_one_of_many(kit: PlayKit) -> None:
    callers = [await kit.caller(f"Account {name}") for name in ("ada", "bob", "cid", "dot")]
    results = await asyncio.gather(
        *(kit.characters.create(caller, "Merlin") for caller in callers), return_exceptions=True
    )
    assert sum(isinstance(result, NameTaken) for result in results) == len(callers) - 1


async def test_selecting(kit: PlayKit) -> None:
    caller, other = await kit.caller("Somebody"), await kit.caller("Anybody")
    await kit.characters.create(caller, "Ada")
    second = await kit.characters.create(caller, "Bob")
    assert not second.selected
    assert (await kit.characters.select(caller, CharacterId(second.id))).selected
    assert (await kit.characters.select(caller, CharacterId(second.id))).selected
    assert [view.selected for view in (await kit.characters.list(caller)).characters] == [False, True]
    with pytest.raises(PermissionDenied):
        await kit.characters.select(other, CharacterId(second.id))
    with pytest.raises(NotFound):
        await kit.characters.select(caller, CharacterId("nothing"))


async def test_deleting_and_restoring(kit: PlayKit) -> None:
    caller, other = await kit.caller("Somebody"), await kit.caller("Anybody")
    ada = CharacterId((await kit.characters.create(caller, "Ada")).id)
    with pytest.raises(PermissionDenied):
        await kit.characters.delete(other, ada)
    await kit.characters.delete(caller, ada)
    roster = await kit.characters.list(caller)
    assert roster.characters == []
    (deleted,) = roster.deleted
    assert (deleted.deleted_at, deleted.restorable_until) == (
        kit.clock.now(),
        kit.clock.now() + timedelta(days=14),
    )
    assert not deleted.selected
    with pytest.raises(NotFound):
        await kit.characters.delete(caller, ada)
    with pytest.raises(NoCharacter):
        await kit.characters.choose(caller, None)
    with pytest.raises(PermissionDenied):
        await kit.characters.restore(other, ada)
    kit.clock.advance(timedelta(days=13, hours=23))
    assert (await kit.characters.restore(caller, ada)).id == ada
    with pytest.raises(NotFound):
        await kit.characters.restore(caller, ada)


async def test_who_is_in_the_world_is_not_deleted(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    with pytest.raises(Conflict, match="Ada is in the world"):
        await kit.characters.delete(kit.caller_of(ada), ada.character_id)
    with pytest.raises(PermissionDenied):
        await kit.characters.delete(kit.caller_of(bob), ada.character_id)


async def test_too_late_to_restore(kit: PlayKit) -> None:
    caller = await kit.caller("Somebody")
    ada = CharacterId((await kit.characters.create(caller, "Ada")).id)
    await kit.lay(COIN, ada, carried=True)
    await kit.characters.delete(caller, ada)
    assert await kit.characters.purge() == 0
    kit.clock.advance(timedelta(days=14))
    with pytest.raises(NotFound):
        await kit.characters.restore(caller, ada)
    assert (await kit.characters.list(caller)).deleted == []
    kit.clock.advance(timedelta(seconds=1))
    assert await kit.characters.purge() == 1
    assert await kit.store.read(lambda tx: (tx.characters.get(ada), tx.items.count())) == (None, 0)


async def test_a_name_may_have_gone_to_somebody_else(kit: PlayKit) -> None:
    caller = await kit.caller("Somebody")
    ada = CharacterId((await kit.characters.create(caller, "Ada")).id)
    await kit.characters.delete(caller, ada)
    await kit.characters.create(await kit.caller("Anybody"), "Ada")
    with pytest.raises(NameTaken):
        await kit.characters.restore(caller, ada)


async def test_restoring_respects_the_limit(kit: PlayKit) -> None:
    caller = await kit.caller("Somebody")
    ada = CharacterId((await kit.characters.create(caller, "Ada")).id)
    await kit.characters.delete(caller, ada)
    for name in ("Bob", "Cid", "Dot"):
        await kit.characters.create(caller, name)
    with pytest.raises(TooManyCharacters):
        await kit.characters.restore(caller, ada)


async def test_a_guest_who_enters_twice_at_once_has_one_body(kit: PlayKit) -> None:
    guest = await kit.caller("Guest 4711", guest=True)
    first, second = await asyncio.gather(kit.characters.choose(guest, None), kit.characters.choose(guest, None))
    assert first.id == second.id


async def test_a_guest_for_whom_no_name_is_left(kit: PlayKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mythgate.services.characters.GUEST_NAME_ATTEMPTS", 2)
    await kit.somebody("Wanderer")
    with pytest.raises(NoCharacter, match="No name"):
        await kit.characters.choose(await kit.caller("Wanderer", guest=True), None)


async def test_deleting_what_is_not_selected_and_nobody_watches(kit: PlayKit) -> None:
    caller = await kit.caller("Somebody")
    first = await kit.characters.create(caller, "Ada")
    second = await kit.characters.create(caller, "Bob")
    kit.characters.on_deleted = None
    await kit.characters.delete(caller, CharacterId(second.id))
    assert (await kit.characters.choose(caller, None)).id == first.id
