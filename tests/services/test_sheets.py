"""Character sheets in play: who changes them, what becomes of who hears, equipping, use, rest, death."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import pytest
from tests.support.armoury import AXE, BREW, POTION, ROBES, STONE, SWORD, armed_world
from tests.support.clock import FakeClock
from tests.support.play import CELLAR, COIN, PATH, SQUARE, TAVERN, PlayKit, small_world

from mythgate.backends.sql import SqlStore
from mythgate.domain.errors import (
    CannotUse,
    Conflict,
    InvalidInput,
    NotFound,
    NotHere,
    PermissionDenied,
    Refused,
    TooSoon,
    Unavailable,
)
from mythgate.domain.events import (
    Event,
    GameState,
    InventoryUpdate,
    LevelUp,
    PlayerDied,
    PlayerEntered,
    PlayerLeft,
    PlayerState,
    PlayerUpdate,
    RoomOccupants,
    RoomUpdate,
    SheetView,
    SystemMessage,
)
from mythgate.domain.ids import CharacterId, RoomId, TemplateId, Topic
from mythgate.domain.items import HolderKind
from mythgate.domain.presence import Presence
from mythgate.domain.sheets import (
    DEFAULT_SHEET,
    Bonuses,
    CharacterClass,
    Faction,
    Race,
    Sheet,
    Stats,
    new_sheet,
)
from mythgate.domain.world import World
from mythgate.services.characters import Beginning
from mythgate.services.movement import Moved
from mythgate.services.ports import Store, Transaction
from mythgate.services.sheets import treated


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PlayKit]:
    made = PlayKit(clock, store, world_data=armed_world())
    yield made
    await made.settle()
    await made.check()


def hurt(sheet: Sheet) -> Sheet:
    return sheet.with_now(health=10, stamina=20, mana=30)


def taught(sheet: Sheet) -> Sheet:
    return sheet.learned(300)


def rich(sheet: Sheet) -> Sheet:
    return sheet.paid(95)


async def level_of(kit: PlayKit, one: Presence) -> int:
    return (await kit.store.read(lambda tx: tx.characters.require(one.character_id))).level


# --- beginning -------------------------------------------------------------------------------------


async def test_who_chooses_nothing_has_the_default_sheet_and_nothing_else(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert await kit.sheets.of(ada.character_id) == DEFAULT_SHEET
    assert await kit.carried(ada) == []
    player = kit.sight.player(ada, [])
    assert player.sheet is not None
    assert (player.sheet.race, player.sheet.character_class, player.sheet.souls) == ("Human", "Ranger", 0)
    assert (player.number, ada.number) == (ada.number, 1)


async def test_a_beginning(kit: PlayKit) -> None:
    caller = await kit.caller("Ada")
    stats = Stats(14, 10, 12, 8, 8, 8)
    beginning = Beginning(Race.DWARF, CharacterClass.WARRIOR, Faction.IRON_BROTHERHOOD, stats, room_id=PATH)
    view = await kit.characters.create(caller, "Ada", beginning=beginning)
    assert (view.race, view.character_class, view.faction, view.level) == ("Dwarf", "Warrior", "Iron Brotherhood", 1)
    assert view.room_id == PATH
    sheet = await kit.sheets.of(CharacterId(view.id))
    assert 50 <= sheet.souls <= 150
    assert sheet == new_sheet(Race.DWARF, CharacterClass.WARRIOR, stats, sheet.souls)
    ada = await kit.enter(caller)
    assert ada.faction == "Iron Brotherhood"
    things = [(item.template_id, item.quantity, item.equipped) for item in await kit.carried(ada)]
    assert things == [(SWORD, 1, False), (STONE, 1, False), (STONE, 1, False), (POTION, 3, False)]
    assert len({item.number for item in await kit.carried(ada)}) == 4
    roster = await kit.characters.list(caller)
    assert [one.race for one in roster.characters] == ["Dwarf"]


async def test_stats_by_dice(kit: PlayKit) -> None:
    caller = await kit.caller("Ada")
    sheets = []
    for name, dice in (("Ada", "3d6"), ("Bob", "heroic")):
        view = await kit.characters.create(caller, name, beginning=Beginning(Race.ELF, dice=dice))
        sheets.append(await kit.sheets.of(CharacterId(view.id)))
    assert sheets[0].stats != sheets[1].stats
    assert sheets[0].race is Race.ELF


async def test_what_may_not_be_chosen(kit: PlayKit) -> None:
    caller = await kit.caller("Ada")
    with pytest.raises(InvalidInput, match="add up"):
        await kit.characters.create(caller, "Ada", beginning=Beginning(stats=Stats(strength=18)))
    with pytest.raises(InvalidInput, match="no such way"):
        await kit.characters.create(caller, "Ada", beginning=Beginning(dice="1d100"))
    assert (await kit.characters.list(caller)).characters == []


async def test_the_sheet_is_its_owners(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    view = await kit.sheets.view(kit.caller_of(ada), ada.character_id)
    assert isinstance(view, SheetView)
    assert (view.health, view.max_health, view.next_level_at) == (95, 95, 100)
    with pytest.raises(PermissionDenied):
        await kit.sheets.view(await kit.caller("Eve"), ada.character_id)
    with pytest.raises(NotFound):
        await kit.sheets.view(kit.caller_of(ada), CharacterId("nobody"))


async def test_who_has_not_chosen_may_choose_once(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada", at=PATH), await kit.somebody("Bob", at=PATH)
    await kit.sheets.change(ada.character_id, lambda sheet: hurt(rich(sheet)).learned(50))
    kit.realtime.clear()
    beginning = Beginning(Race.UNDEAD, CharacterClass.WARRIOR, Faction.GOLDEN_ORDER, Stats())
    view = await kit.characters.become(kit.caller_of(ada), ada.character_id, beginning)
    assert (view.race, view.faction, view.room_id) == ("Undead", "Golden Order", PATH)
    sheet = await kit.sheets.of(ada.character_id)
    assert (sheet.experience, sheet.now) == (50, sheet.most)
    assert 145 <= sheet.souls <= 245
    assert [item.template_id for item in await kit.carried(ada)] == [SWORD, STONE, STONE, POTION]
    (update,) = kit.heard(ada).of(PlayerUpdate)
    assert (update.player.faction, len(update.player.inventory)) == ("Golden Order", 3)
    assert {one.name: one.faction for one in kit.heard(bob).of(RoomOccupants)[-1].players}["Ada"] == "Golden Order"
    with pytest.raises(Conflict, match="an Undead Warrior already"):
        await kit.characters.become(kit.caller_of(ada), ada.character_id, Beginning())
    with pytest.raises(PermissionDenied):
        await kit.characters.become(kit.caller_of(ada), bob.character_id, Beginning())


async def test_with_the_second_level_it_is_too_late_to_choose(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.sheets.change(ada.character_id, taught)
    with pytest.raises(Conflict):
        await kit.characters.become(kit.caller_of(ada), ada.character_id, Beginning())


async def test_choosing_by_command(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert (await kit.do(ada, "become hobbit ranger")).hint == "Race: Human, Elf, Dwarf, Tiefling, Dragonborn, Undead."
    assert (await kit.do(ada, "become d ranger")).code == "bad_usage"
    assert (await kit.do(ada, "become dwarf ranger brother")).result == (
        "You are a Dwarf Ranger of the Iron Brotherhood from now on. See: sheet, inventory, equip."
    )
    assert ada.faction == "Iron Brotherhood"
    bob = await kit.somebody("Bob")
    first = await kit.do(bob, "become Elf War", "c1")
    assert first.result == "You are an Elf Warrior from now on. See: sheet, inventory, equip."
    assert (await kit.do(bob, "become Elf War", "c1")).repeated
    assert bob.faction == ""


async def test_who_is_deleted_and_restored_is_as_before(kit: PlayKit) -> None:
    caller = await kit.caller("Ada")
    view = await kit.characters.create(caller, "Ada", beginning=Beginning(Race.ELF, CharacterClass.WARRIOR))
    character_id = CharacterId(view.id)
    before = await kit.sheets.change(character_id, taught)
    await kit.characters.delete(caller, character_id)
    with pytest.raises(NotFound):
        await kit.sheets.change(character_id, rich)
    restored = await kit.characters.restore(caller, character_id)
    assert (restored.race, restored.level) == ("Elf", 3)
    assert await kit.sheets.of(character_id) == before
    ada = await kit.enter(caller)
    assert len(await kit.carried(ada)) == 4


# --- changing --------------------------------------------------------------------------------------


async def test_a_change_is_saved_and_told_to_the_owner_and_the_room(kit: PlayKit) -> None:
    ada, bob, cid = await kit.somebody("Ada"), await kit.somebody("Bob"), await kit.somebody("Cid", at=TAVERN)
    kit.realtime.clear()
    assert await kit.sheets.change(ada.character_id, hurt) == hurt(DEFAULT_SHEET)
    assert await kit.sheets.of(ada.character_id) == hurt(DEFAULT_SHEET)
    (update,) = kit.heard(ada).of(PlayerUpdate)
    assert update.player.sheet is not None
    assert update.player.sheet.health == 10
    state = PlayerState(ada.character_id, "Ada", 1, 10, 95, 20, 110, 30, 80)
    assert kit.heard(ada).of(PlayerState) == kit.heard(bob).of(PlayerState) == [state]
    assert kit.heard(cid).kinds() == []
    assert kit.heard(bob).kinds() == ["player_state"]


async def test_others_do_not_hear_of_souls(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.realtime.clear()
    await kit.sheets.change(ada.character_id, rich)
    assert kit.heard(ada).kinds() == ["player_update"]
    assert kit.heard(bob).kinds() == []


async def test_a_level_shows_everywhere(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.sheets.change(ada.character_id, hurt)
    kit.realtime.clear()
    sheet = await kit.sheets.change(ada.character_id, taught)
    assert (sheet.level, sheet.now) == (3, sheet.most)
    assert (ada.level, await level_of(kit, ada)) == (3, 3)
    (told,) = kit.heard(bob).of(LevelUp)
    assert (told.level, told.message) == (3, "Ada has reached level 3.")
    assert kit.heard(ada).of(LevelUp) == [told]
    assert {one.name: one.level for one in kit.heard(bob).of(RoomOccupants)[-1].players} == {"Ada": 3, "Bob": 1}
    # The row was changed by the change of the sheet alone, and can be changed on.
    await kit.characters.describe(ada.character_id, "Tall.")
    assert await level_of(kit, ada) == 3


async def test_nothing_changes_if_the_rules_refuse(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.realtime.clear()
    with pytest.raises(InvalidInput):
        await kit.sheets.change_all({ada.character_id: hurt, bob.character_id: lambda sheet: sheet.paid(-1)})
    assert await kit.sheets.of(ada.character_id) == DEFAULT_SHEET
    assert kit.heard(ada).kinds() == []
    with pytest.raises(NotFound):
        await kit.sheets.change(CharacterId("nobody"), hurt)


async def test_many_changes_at_once_lose_none(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    both = {ada.character_id: rich, bob.character_id: rich}
    await asyncio.gather(*(kit.sheets.change_all(both) for _ in range(10)))
    for one in (ada, bob):
        assert (await kit.sheets.of(one.character_id)).souls == 950


async def test_who_is_not_there_is_changed_all_the_same(kit: PlayKit) -> None:
    caller = await kit.caller("Ada")
    view = await kit.characters.create(caller, "Ada")
    await kit.sheets.change(CharacterId(view.id), taught)
    ada = await kit.enter(caller)
    assert ada.level == 3
    assert kit.sight.persona(ada.character_id).sheet.level == 3


async def test_a_change_while_somebody_enters_is_not_lost(kit: PlayKit, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = await kit.caller("Ada")
    view = await kit.characters.create(caller, "Ada")
    recent, changes = kit.history.recent, iter([taught])

    async def meanwhile(topic: Topic, limit: int = 100) -> list[Event]:
        for work in changes:
            await kit.sheets.change(CharacterId(view.id), work)
        return await recent(topic, limit)

    monkeypatch.setattr(kit.history, "recent", meanwhile)
    ada = await kit.enter(caller)
    assert ada.level == kit.sight.persona(ada.character_id).sheet.level == 3
    (state,) = kit.heard(ada).of(GameState)
    assert state.player.sheet is not None
    assert state.player.sheet.level == state.player.level == 3
    assert kit.sight.entering == {}


async def test_who_sleeps_awakes_as_they_are_then(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    await kit.sheets.change(ada.character_id, taught)
    kit.presence.on_returned(ada.character_id)
    assert ada.level == 3
    assert kit.sight.persona(ada.character_id).sheet.level == 3


async def test_things_are_granted_on_the_stack_of_the_same(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")

    def work(tx: Transaction) -> list[tuple[TemplateId, int]]:
        for template, quantity in ((SWORD, 1), (POTION, 2), (POTION, 3), (SWORD, 2)):
            kit.sheets.grant(tx, ada.character_id, template, quantity)
        carried = tx.items.held_by(HolderKind.CHARACTER, ada.character_id)
        return [(item.template_id, item.quantity) for item in carried]

    assert await kit.store.write(work) == [(SWORD, 1), (POTION, 5), (SWORD, 1), (SWORD, 1)]


# --- equipment -------------------------------------------------------------------------------------


async def test_one_weapon_and_one_armor_at_a_time(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    for template in (SWORD, AXE, ROBES):
        await kit.lay(template, ada.character_id, carried=True)
    assert await kit.sheets.bonuses(ada.character_id) == Bonuses()
    assert (await kit.sheets.equip(ada.character_id, "axe")).taken_off is None
    await kit.sheets.equip(ada.character_id, "robes")
    assert await kit.sheets.bonuses(ada.character_id) == Bonuses(7, 3, 2)
    kit.realtime.clear()
    used = await kit.sheets.equip(ada.character_id, "sword")
    assert used.taken_off is not None
    assert used.taken_off.id == AXE
    assert await kit.sheets.bonuses(ada.character_id) == Bonuses(10, 3, 0)
    (update,) = kit.heard(ada).of(PlayerUpdate)
    assert update.player.sheet is not None
    assert (update.player.sheet.attack, update.player.sheet.defence, update.player.sheet.magic) == (10, 3, 0)
    assert [row.name for row in update.player.inventory if row.equipped] == ["a sword", "a robes"]
    await kit.sheets.unequip(ada.character_id, "sword")
    assert await kit.sheets.bonuses(ada.character_id) == Bonuses(0, 3, 0)


async def test_what_cannot_be_equipped(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.lay(COIN, ada.character_id, carried=True)
    await kit.lay(SWORD, ada.character_id, carried=True)
    with pytest.raises(CannotUse, match="cannot equip a copper coin"):
        await kit.sheets.equip(ada.character_id, "coin")
    with pytest.raises(NotHere, match="carry nothing"):
        await kit.sheets.equip(ada.character_id, "axe")
    with pytest.raises(NotHere, match="equipped nothing"):
        await kit.sheets.unequip(ada.character_id, "sword")
    await kit.sheets.equip(ada.character_id, "sword")
    with pytest.raises(CannotUse, match="already"):
        await kit.sheets.equip(ada.character_id, "sword")


async def test_of_two_alike_the_other_is_equipped(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    for _ in range(2):
        await kit.lay(SWORD, ada.character_id, carried=True)
    first = (await kit.sheets.equip(ada.character_id, "sword")).item.id
    assert (await kit.sheets.equip(ada.character_id, "sword")).item.id != first
    assert [item.equipped for item in await kit.carried(ada)] == [False, True]


async def test_what_is_put_down_is_no_longer_equipped(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.lay(SWORD, ada.character_id, carried=True)
    await kit.sheets.equip(ada.character_id, "sword")
    kit.realtime.clear()
    await kit.things.give(ada.character_id, "sword", bob)
    assert [item.equipped for item in await kit.carried(bob)] == [False]
    assert not kit.heard(bob).of(InventoryUpdate)[-1].items[0].equipped
    (update,) = kit.heard(ada).of(PlayerUpdate)
    assert update.player.sheet is not None
    assert update.player.sheet.attack == 0


# --- use -------------------------------------------------------------------------------------------


async def test_a_potion_is_used_up(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.store.write(lambda tx: kit.sheets.grant(tx, ada.character_id, POTION, 2))
    await kit.sheets.change(ada.character_id, hurt)
    used = await kit.sheets.use(ada.character_id, "potion")
    assert used.change.after.now.health == 60
    assert [item.quantity for item in await kit.carried(ada)] == [1]
    assert (await kit.sheets.use(ada.character_id, "potion")).change.after.now.health == 95
    assert await kit.carried(ada) == []
    with pytest.raises(NotHere):
        await kit.sheets.use(ada.character_id, "potion")


async def test_what_does_nothing_is_not_used_up(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    for template in (POTION, STONE, BREW):
        await kit.lay(template, ada.character_id, carried=True)
    with pytest.raises(CannotUse, match="do not need"):
        await kit.sheets.use(ada.character_id, "potion")
    with pytest.raises(CannotUse, match="do not know what to do"):
        await kit.sheets.use(ada.character_id, "stone")
    assert len(await kit.carried(ada)) == 3
    assert treated(hurt(DEFAULT_SHEET), armed_world().template(BREW)).now.mana == 50


async def test_some_things_are_done_at_leisure_only(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    for template in (POTION, SWORD):
        await kit.lay(template, ada.character_id, carried=True)
    await kit.sheets.change(ada.character_id, hurt)

    def check(character_id: CharacterId) -> None:
        assert character_id == ada.character_id
        raise Refused("You are fighting.")

    kit.sheets.restrain(check)
    for attempt in (
        kit.sheets.rest(ada.character_id),
        kit.sheets.use(ada.character_id, "potion"),
        kit.sheets.equip(ada.character_id, "sword"),
        kit.sheets.unequip(ada.character_id, "sword"),
    ):
        with pytest.raises(Refused, match="You are fighting"):
            await attempt
    used = await kit.sheets.use(ada.character_id, "potion", in_need=True)
    assert used.change.after.now.health == 60


async def test_who_is_given_things_while_they_arm_waits_for_nobody_who_waits_for_them(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.sheets.change(ada.character_id, hurt)
    for template in (SWORD, *[POTION] * 8):
        await kit.lay(template, ada.character_id, carried=True)
    for _ in range(8):
        await kit.lay(COIN, bob.character_id, carried=True)
    await asyncio.gather(
        *(kit.things.give(bob.character_id, "coin", ada) for _ in range(8)),
        *(kit.sheets.use(ada.character_id, "potion") for _ in range(2)),
        kit.sheets.equip(ada.character_id, "sword"),
        return_exceptions=True,  # a potion may not be needed
    )
    assert cast("SqlStore", kit.store).statistics().retries == 0


# --- rest ------------------------------------------------------------------------------------------


async def test_in_a_safe_place_one_rests_well(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    await kit.sheets.change(ada.character_id, hurt)
    assert (await kit.sheets.rest(ada.character_id)).fully
    assert await kit.sheets.of(ada.character_id) == DEFAULT_SHEET
    assert (await kit.sheets.rest(ada.character_id)).fully


async def test_elsewhere_one_rests_by_half_and_now_and_then(kit: PlayKit, clock: FakeClock) -> None:
    ada = await kit.somebody("Ada")
    await kit.sheets.change(ada.character_id, hurt)
    rested = await kit.sheets.rest(ada.character_id)
    assert not rested.fully
    assert (rested.change.after.now.health, rested.change.after.now.mana) == (57, 70)
    clock.advance(timedelta(seconds=40))
    with pytest.raises(TooSoon) as refused:
        await kit.sheets.rest(ada.character_id)
    assert refused.value.retry_after == timedelta(seconds=20)
    clock.advance(timedelta(seconds=20))
    assert (await kit.sheets.rest(ada.character_id)).change.after.now.health == 95


async def test_of_rests_at_once_one_counts(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.sheets.change(ada.character_id, hurt)
    ends = await asyncio.gather(*(kit.sheets.rest(ada.character_id) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in ends].count(TooSoon) == 4
    assert (await kit.sheets.of(ada.character_id)).now.health == 57


@pytest.mark.parametrize("at", [SQUARE, TAVERN])
async def test_a_rest_that_was_not_saved_was_none(kit: PlayKit, at: RoomId, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await kit.somebody("Ada", at=at)
    await kit.sheets.change(ada.character_id, hurt)

    def unable(*_: Any) -> None:
        raise Unavailable

    with monkeypatch.context() as broken:
        broken.setattr(kit.sheets, "changing", unable)
        with pytest.raises(Unavailable):
            await kit.sheets.rest(ada.character_id)
    assert (await kit.sheets.rest(ada.character_id)).fully is (at == TAVERN)


# --- death -----------------------------------------------------------------------------------------


async def test_who_dies_awakes_in_the_nearest_safe_place(kit: PlayKit) -> None:
    ada, bob, cid = (
        await kit.somebody("Ada", at=PATH),
        await kit.somebody("Bob", at=PATH),
        await kit.somebody("Cid", at=TAVERN),
    )
    await kit.sheets.change(ada.character_id, lambda sheet: hurt(rich(sheet)))
    observed: list[Moved] = []
    kit.movement.on_moved(observed.append)
    kit.realtime.clear()
    death = await kit.sheets.die(ada.character_id)
    await kit.settle()  # the room is shown to her after that
    assert (death.origin, death.room_id, death.souls_lost) == (PATH, TAVERN, 9)
    sheet = await kit.sheets.of(ada.character_id)
    assert (sheet.now.health, sheet.souls, sheet.experience) == (47, 86, 0)
    assert ada.room_id == TAVERN
    assert observed == [Moved(ada.character_id, PATH, TAVERN, first_visit=True)]
    assert [one.message for one in kit.heard(bob).of(PlayerDied)] == ["Ada dies."]
    assert kit.heard(bob).of(PlayerLeft)[0].direction == ""
    assert kit.heard(cid).of(PlayerEntered)[0].player_name == "Ada"
    assert kit.heard(ada).of(RoomUpdate)[-1].room.id == TAVERN
    assert [one.message for one in kit.heard(ada).of(SystemMessage)] == [
        "You die, and awake in the tavern. You have lost 9 souls."
    ]
    kinds = kit.heard(ada).kinds()
    assert kinds.index("player_died") < kinds.index("player_update") < kinds.index("room_update")
    assert TAVERN in kit.sight.persona(ada.character_id).explored


async def test_who_dies_in_a_safe_place_stays_there(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    kit.realtime.clear()
    death = await kit.sheets.die(ada.character_id)
    assert death.room_id == TAVERN
    assert kit.heard(ada).of(RoomUpdate) == []
    assert [one.message for one in kit.heard(ada).of(SystemMessage)] == ["You die, and awake in the tavern."]


@pytest.mark.parametrize("asleep", [True, False])
async def test_who_is_away_dies_as_well(kit: PlayKit, asleep: bool) -> None:
    ada = await kit.somebody("Ada", at=CELLAR)
    if asleep:
        kit.presence.on_detached(ada.character_id)
        kit.presence.on_display_grace_over(ada.character_id)
    else:
        await kit.presence.depart(ada.character_id)
    await kit.sheets.die(ada.character_id)
    body = await kit.store.read(lambda tx: tx.characters.require(ada.character_id))
    assert body.room_id == TAVERN
    if asleep:
        kit.presence.on_returned(ada.character_id)
        assert ada.room_id == TAVERN


async def test_nobody_dies_who_does_not_exist(kit: PlayKit) -> None:
    with pytest.raises(NotFound):
        await kit.sheets.die(CharacterId("nobody"))


async def test_a_refuge_that_a_reload_takes_away(kit: PlayKit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The world is replaced between the decision and its announcement."""
    ada = await kit.somebody("Ada", at=PATH)
    rooms = {room_id: room for room_id, room in small_world().rooms.items() if room_id in (SQUARE, PATH)}
    plain = {one.id: dataclasses.replace(one, exits={}) for one in rooms.values()}
    smaller = small_world(rooms=plain)
    refuge = World.refuge_from

    def then_reloaded(world: World, room_id: RoomId) -> RoomId:
        found = refuge(world, room_id)
        kit.world.world = smaller
        return found

    monkeypatch.setattr(World, "refuge_from", then_reloaded)
    await kit.sheets.die(ada.character_id)
    await kit.settle()
    assert ada.room_id == SQUARE


async def test_what_others_see(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    assert (await kit.do(ada, "look bob")).result == "You see nothing special about Bob."
    await kit.sheets.change(bob.character_id, lambda sheet: sheet.with_now(health=20))
    assert (await kit.do(ada, "look bob")).result == "You see nothing special about Bob. Bob looks near death."
    await kit.characters.become(kit.caller_of(bob), bob.character_id, Beginning(Race.ELF))
    assert (await kit.do(ada, "look bob")).result.endswith("Bob. Bob is an Elf Ranger of level 1.")


# --- by commands -----------------------------------------------------------------------------------


async def test_commands(kit: PlayKit) -> None:
    caller = await kit.caller("Ada")
    beginning = Beginning(Race.HUMAN, CharacterClass.WARRIOR, Faction.SHADOWBORN, Stats())
    await kit.characters.create(caller, "Ada", beginning=beginning)
    ada = await kit.enter(caller)
    souls = kit.sight.persona(ada.character_id).sheet.souls
    answer = await kit.do(ada, "sheet")
    assert answer.result.splitlines() == [
        "Ada, Human Warrior of level 1, of the Shadowborn.",
        "Strength 11, Dexterity 11, Constitution 11, Intelligence 11, Wisdom 11, Charisma 11.",
        "Health 120 of 120, stamina 120 of 120, mana 50 of 50.",
        "Armor class 10, initiative +0, attack +0, magic +0.",
        "Experience 0; 100 brings level 2.",
        f"You have {souls} souls.",
        "You have equipped nothing. `equip` puts on a sword.",
    ]
    assert (await kit.do(ada, "wield sword")).result == "You equip a sword."
    await kit.lay(AXE, ada.character_id, carried=True)
    assert (await kit.do(ada, "equip axe")).result == "You equip a axe instead of a sword."
    assert "a axe (equipped)" in (await kit.do(ada, "inventory")).result
    await kit.sheets.change(ada.character_id, lambda sheet: sheet.learned(10**6))
    lines = (await kit.do(ada, "stats")).result.splitlines()
    assert lines[0].startswith("Ada, Human Warrior of level 25")
    assert lines[4] == "Experience 30000: there is no higher level."
    assert lines[6:] == ["You have equipped a axe.", "That adds 7 to attacks, 0 to defence and 2 to magic."]
    answer = await kit.do(ada, "unequip axe")
    assert answer.result == "You take off a axe."
    assert answer.inventory is not None
    assert not any(row.equipped for row in answer.inventory)
    assert (await kit.do(ada, "rest")).result == "You rest, and were not tired."
    await kit.sheets.change(ada.character_id, lambda sheet: sheet.with_now(health=10))
    assert (await kit.do(ada, "drink potion")).result == "You use a potion. You have 50 health more."
    assert (await kit.do(ada, "rest")).code == "too_soon"
    kit.clock.advance(timedelta(minutes=1))
    assert "You rest with one eye open. You have" in (await kit.do(ada, "rest")).result
    await kit.sheets.change(ada.character_id, hurt)
    await kit.do(ada, "north")
    assert (await kit.do(ada, "rest")).result.startswith("You rest as long as you like.")


async def test_a_repeated_potion_is_not_used_twice(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.store.write(lambda tx: kit.sheets.grant(tx, ada.character_id, POTION, 5))
    await kit.sheets.change(ada.character_id, lambda sheet: sheet.with_now(health=1))
    first = await kit.do(ada, "use potion", "c1")
    again = await kit.do(ada, "use potion", "c1")
    assert (first.repeated, again.repeated) == (False, True)
    assert [item.quantity for item in await kit.carried(ada)] == [4]
