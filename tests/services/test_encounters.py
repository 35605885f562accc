"""Fights in play: how they begin, whose turn it is and for how long, who comes and goes, and what they bring."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.play import CELLAR, GARDEN, PATH, SQUARE, TAVERN, PlayKit, small_world

from mythgate.domain.combat import commitment, replay
from mythgate.domain.errors import (
    CombatError,
    Fighting,
    InvalidAction,
    InvalidTarget,
    Muted,
    NoCombat,
    NotHere,
    NotInWorld,
    NotYourTurn,
    Refused,
    TooWeak,
    Unavailable,
)
from mythgate.domain.events import (
    CombatChallenge,
    CombatDamage,
    CombatEnd,
    CombatEvent,
    CombatHeal,
    CombatStart,
    CombatState,
    PlayerUpdate,
    TradeDecline,
)
from mythgate.domain.ids import CharacterId, EncounterId, TemplateId, combat_topic
from mythgate.domain.items import ItemKind
from mythgate.domain.parties import LootRule
from mythgate.domain.presence import Presence
from mythgate.domain.sheets import CharacterClass, Race, Sheet, Stats, most
from mythgate.domain.tactics import Deed
from mythgate.domain.world import ItemTemplate, World
from mythgate.services.encounters import EncounterService, Victory
from mythgate.services.movement import Moved
from mythgate.services.ports import Store

SWORD, POTION, BREW, FRAGMENT, DUST = map(
    TemplateId, ("small/sword", "small/health_potion", "small/mana_potion", "small/dark_fragment", "small/dust")
)
STRONG = Stats(40, 40, 40, 40, 40, 40)


def _template(template_id: TemplateId, kind: ItemKind, **values: int) -> ItemTemplate:
    name = template_id.rpartition("/")[2].replace("_", " ")
    return ItemTemplate(template_id, name, "It lies here.", "A thing.", kind=kind, **values)  # type: ignore[arg-type]


def wild_world() -> World:
    """The small world with a safe tavern, and creatures on the path and in the garden."""
    world = small_world()
    rooms = dict(world.rooms)
    rooms[TAVERN] = dataclasses.replace(rooms[TAVERN], tags=frozenset({"safe"}))
    rooms[PATH] = dataclasses.replace(rooms[PATH], creatures=("corrupt_wolf", "hollow_soldier", "dark_knight"))
    rooms[GARDEN] = dataclasses.replace(rooms[GARDEN], creatures=("lord_of_cinders",))
    templates = [
        _template(SWORD, ItemKind.WEAPON, attack=10),
        _template(POTION, ItemKind.CONSUMABLE, heals=50),
        _template(BREW, ItemKind.CONSUMABLE, restores_mana=50),
        _template(FRAGMENT, ItemKind.MISC),
        _template(DUST, ItemKind.MISC),
    ]
    return dataclasses.replace(world, rooms=rooms, templates=dict(world.templates) | {one.id: one for one in templates})


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PlayKit]:
    made = PlayKit(clock, store, wild_world())
    yield made
    await made.settle()
    await made.check()


@pytest.fixture
def fights(kit: PlayKit) -> EncounterService:
    return kit.encounters


def _sheet(calling: CharacterClass, stats: Stats, experience: int = 0, souls: int = 0) -> Sheet:
    return Sheet(Race.HUMAN, calling, stats, most(calling, stats, 1), experience, souls)


async def fighter(
    kit: PlayKit, name: str, *, strong: bool = True, calling: CharacterClass = CharacterClass.WARRIOR, at: Any = PATH
) -> Presence:
    """Somebody in the wilds."""
    one = await kit.somebody(name, at=at)
    sheet = _sheet(calling, STRONG if strong else Stats(10, 10, 10, 10, 10, 10))
    await kit.sheets.change(one.character_id, lambda _: sheet)
    kit.heard(one).events.clear()
    return one


async def frail(kit: PlayKit, name: str, *, at: Any = PATH, health: int = 1) -> Presence:
    """Somebody who does not survive the first blow."""
    one = await fighter(kit, name, strong=False, at=at)
    await kit.sheets.change(one.character_id, lambda sheet: sheet.with_now(health=health))
    return one


async def turn(kit: PlayKit, one: Presence) -> None:
    """What somebody strong does with a turn: the hardest blow they can afford."""
    for deed in (Deed.HEAVY_ATTACK, Deed.LIGHT_ATTACK):
        try:
            await kit.encounters.act(one.character_id, deed)
        except TooWeak:
            continue
        return
    await kit.encounters.act(one.character_id, Deed.WAIT)


async def fight_on(kit: PlayKit, *people: Presence) -> None:
    """Until nobody of them fights any more, and all is saved."""
    for _ in range(400):
        for one in people:
            encounter = kit.encounters.of(one.character_id)
            if (
                encounter is not None
                and kit.encounters.view_of(one.character_id).active_character_id == one.character_id
            ):
                await turn(kit, one)
        if not any(kit.encounters.of(one.character_id) for one in people):
            break
    await kit.settle()


async def sheet_of(kit: PlayKit, one: Presence) -> Sheet:
    return await kit.sheets.of(one.character_id)


# --- beginning -----------------------------------------------------------------------------------------


async def test_a_fight_begins_is_won_and_brings_something(kit: PlayKit, fights: EncounterService) -> None:
    won: list[Victory] = []
    fights.on_won(won.append)
    anna, witness = await fighter(kit, "Anna"), await kit.somebody("Wilma", at=PATH)
    encounter = await fights.start(anna.character_id, enemy="knight")
    assert encounter is not None
    start = kit.heard(anna).of(CombatStart)[0]
    assert start.message == "You fight: Anna against Dark Knight (Lv5)."
    assert start.combat.commitment == encounter.commitment
    assert start.combat.next_order == [one.number for one in sorted(encounter.fighters, key=lambda one: -one.speed)]
    assert [one.creature for one in start.combat.fighters] == ["", "dark_knight"]
    (seen,) = kit.heard(witness).of(CombatEvent)
    assert (seen.message, seen.joinable) == ("Anna against Dark Knight (Lv5).", [anna.character_id])
    assert fights.fights_in(PATH) == [encounter]
    assert fights.count() == 1
    with pytest.raises(NoCombat):
        fights.record(EncounterId(encounter.id))
    await fight_on(kit, anna)
    (end,) = kit.heard(anna).of(CombatEnd)
    assert end.outcome == "won"
    assert end.winner_ids == [anna.character_id]
    assert 250 <= end.souls_gained <= 750
    assert end.xp_gained == 500
    assert end.loot == ["dark fragment"]
    assert end.message.startswith(f"You have won. You get {end.souls_gained} souls, 500 experience and dark fragment.")
    sheet = await sheet_of(kit, anna)
    assert (sheet.souls, sheet.experience, sheet.level) == (end.souls_gained, 500, 3)
    assert [item.template_id for item in await kit.carried(anna)] == [FRAGMENT]
    assert won == [Victory(EncounterId(encounter.id), PATH, (anna.character_id,), ("dark_knight",))]
    assert kit.heard(witness).of(CombatEvent)[-1].message == "Anna won against Dark Knight (Lv5)."
    record = fights.record(EncounterId(encounter.id))
    assert commitment(encounter.id, int(end.seed)) == encounter.commitment
    assert replay(record).told == encounter.told
    assert not fights.is_fighting(anna.character_id)
    assert combat_topic(EncounterId(encounter.id)) not in kit.heard(anna).topics
    assert fights.count() == 0


async def test_who_carries_arms_and_bears_none_is_told_so(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna"), await fighter(kit, "Bert")
    for template_id in (SWORD, POTION):
        await kit.lay(template_id, anna.character_id, carried=True)
    assert "You have equipped nothing. `equip` puts on a sword." in (await kit.do(anna, "sheet")).result
    assert "You have equipped nothing.\n" in (await kit.do(bert, "sheet")).result + "\n"
    for wielded in (False, True):
        if wielded:
            await kit.do(anna, "equip sword")
        await fights.start(anna.character_id, enemy="wolf")
        told = kit.heard(anna).of(CombatStart)[-1].message
        advice = " You have equipped nothing and carry a sword: `equip` before the next fight."
        assert told == f"You fight: Anna against Corrupt Wolf (Lv2).{'' if wielded else advice}"
        fights.gone(anna.character_id)
        await kit.settle()


async def test_what_one_is_told_of_blows(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna", calling=CharacterClass.PALADIN)
    await kit.sheets.change(anna.character_id, lambda sheet: sheet.with_now(health=20))
    await fights.start(anna.character_id, enemy="corrupt_wolf")
    await fights.act(anna.character_id, Deed.ABILITY, ability="lay on hands")
    (heal,) = kit.heard(anna).of(CombatHeal)
    assert heal.source == heal.target == 1
    assert heal.amount > 0
    await fight_on(kit, anna)
    damages, lines = kit.heard(anna).of(CombatDamage), kit.heard(anna).of(CombatEvent)
    assert any(one.target == 2 and one.amount > 0 for one in damages)
    assert any(one.damage > 0 and one.target == "Corrupt Wolf (Lv2)" for one in lines)
    states = kit.heard(anna).of(CombatState)
    assert states[-1].combat.is_finished
    assert states[-1].combat.next_order == []
    assert (states[-1].combat.active, states[-1].combat.active_character_id) == (0, None)


async def test_whom_one_meets(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")
    met = set()
    for _ in range(12):
        encounter = await fights.start(anna.character_id)
        assert encounter is not None
        met.add(encounter.fighters[1].entered.creature)
        fights.gone(anna.character_id)
        await kit.settle()
        kit.clock.advance(timedelta(seconds=61))
        fights.tick()
    assert met == {"corrupt_wolf", "hollow_soldier"}  # the knight is for who has more than one level


async def test_where_and_with_whom_one_cannot_fight(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")
    with pytest.raises(InvalidTarget, match="No such creature") as refused:
        await fights.start(anna.character_id, enemy="dragon")
    assert refused.value.hint == "Here: Corrupt Wolf, Hollow Soldier and Dark Knight."
    inn = await kit.somebody("Ina", at=TAVERN)
    with pytest.raises(InvalidAction, match="Nobody fights here"):
        await fights.start(inn.character_id)
    idle = await kit.somebody("Ida", at=SQUARE)
    with pytest.raises(InvalidTarget, match="nothing to fight"):
        await fights.start(idle.character_id)
    with pytest.raises(NotInWorld):
        await fights.start(CharacterId("nobody"))
    weak = await frail(kit, "Will", health=0)
    with pytest.raises(InvalidAction, match="can hardly stand"):
        await fights.start(weak.character_id)
    assert not fights.is_fighting(weak.character_id)


async def test_the_slain_are_back_after_a_while(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna", at=GARDEN)
    await kit.sheets.change(anna.character_id, lambda sheet: sheet.learned(30_000))
    await fights.start(anna.character_id)
    await fight_on(kit, anna)
    assert kit.heard(anna).of(CombatEnd)[-1].outcome == "won"
    with pytest.raises(InvalidTarget, match="slain a moment ago") as refused:
        await fights.start(anna.character_id)
    assert refused.value.retry_after == timedelta(hours=1)  # a boss
    kit.clock.advance(timedelta(seconds=61))
    fights.tick()
    with pytest.raises(InvalidTarget):
        await fights.start(anna.character_id, enemy="lord")
    kit.clock.advance(timedelta(hours=1))
    fights.toughness = lambda: 1.5
    again = await fights.start(anna.character_id, enemy="lord")
    assert again is not None
    assert (
        again.fighters[1].entered.most.health == int(500 * (1 + 0.15 * 9)) * 3 // 2
    )  # and she is of the highest level


async def test_one_fight_at_a_time(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")
    both = await asyncio.gather(
        fights.start(anna.character_id), fights.start(anna.character_id), return_exceptions=True
    )
    assert sum(isinstance(one, Fighting) for one in both) == 1
    assert fights.count() == 1
    with pytest.raises(Fighting):
        await fights.start(anna.character_id)


async def test_who_is_gone_before_it_begins_does_not_fight(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")
    starting = asyncio.create_task(fights.start(anna.character_id))
    await asyncio.sleep(0)
    await kit.presence.quit(anna.character_id)
    await asyncio.gather(starting, return_exceptions=True)
    await kit.settle()
    assert not fights.is_fighting(anna.character_id)
    assert fights.count() == 0


async def test_one_sees_what_lives_in_a_room(kit: PlayKit) -> None:
    anna = await fighter(kit, "Anna")
    shown = await kit.do(anna, "look")
    lurking = "Lurking here: Corrupt Wolf (level 2), Hollow Soldier (level 1) and Dark Knight (level 5)."
    assert lurking in shown.result.splitlines()
    assert shown.room_state is not None
    assert [one.key for one in shown.room_state.creatures] == ["corrupt_wolf", "hollow_soldier", "dark_knight"]
    assert "Lurking" not in (await kit.do(anna, "north")).result


async def test_who_fights_does_nothing_else(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna"), await fighter(kit, "Bert")
    await kit.lay(SWORD, anna.character_id, carried=True)
    await kit.trades.request(anna.character_id, bert.character_id)
    await fights.start(anna.character_id, enemy="dark_knight")
    assert [one.reason for one in kit.heard(bert).of(TradeDecline)] == ["fighting"]
    for line in ("north", "rest", "equip sword", "trade Bert", "attack Bert"):
        response = await kit.do(anna, line)
        if line != "attack Bert":
            assert not response.success, line
            assert response.code in ("fighting", "cannot_trade", "trade_refused"), response
    assert anna.room_id == PATH


# --- turns ---------------------------------------------------------------------------------------------


async def test_who_takes_too_long_blocks(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")
    encounter = await fights.start(anna.character_id, enemy="dark_knight")
    assert encounter is not None
    assert fights.view_of(anna.character_id).seconds_left == 20.0
    kit.clock.advance(timedelta(seconds=19))
    fights.tick()
    assert encounter.round == 1
    kit.clock.advance(timedelta(seconds=1))
    fights.tick()
    assert encounter.round == 2
    assert fights.view_of(anna.character_id).seconds_left == 20.0
    assert any(one.message == "Anna gets ready to block." for one in kit.heard(anna).of(CombatEvent))


async def test_cheats_are_refused_logged_and_change_nothing(
    kit: PlayKit, fights: EncounterService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="mythgate.services.encounters")
    anna, bert = await fighter(kit, "Anna"), await fighter(kit, "Bert")
    await fights.start(anna.character_id, target=bert.character_id)
    encounter = await fights.start(bert.character_id, target=anna.character_id)
    assert encounter is not None
    active = fights.view_of(anna.character_id).active_character_id
    waiting = bert if active == anna.character_id else anna
    acting = anna if waiting is bert else bert
    before = encounter.record
    cases: list[tuple[Presence, dict[str, Any], type[Refused]]] = [
        (waiting, {"deed": Deed.LIGHT_ATTACK}, NotYourTurn),
        (waiting, {"deed": Deed.ITEM, "item": "potion"}, NotYourTurn),
        (acting, {"deed": Deed.LIGHT_ATTACK, "encounter_id": "another"}, NoCombat),
        (acting, {"deed": Deed.LIGHT_ATTACK, "target": -1}, InvalidTarget),
        (acting, {"deed": Deed.ITEM, "item": "potion"}, NotHere),
        (acting, {"deed": Deed.ITEM, "item": ""}, Refused),
    ]
    for one, act, refusal in cases:
        caplog.clear()
        with pytest.raises(refusal) as refused:
            await fights.act(one.character_id, **act)
        assert encounter.record == before
        if isinstance(refused.value, CombatError):
            (line,) = [one for one in caplog.records if one.message == "act refused"]
            assert line.__dict__["code"] == refused.value.code
    outsider = await fighter(kit, "Cleo")
    with pytest.raises(NoCombat):
        await fights.act(outsider.character_id, Deed.LIGHT_ATTACK, encounter_id=encounter.id)
    with pytest.raises(NoCombat):
        fights.view_of(outsider.character_id)


async def test_things_are_used_up_and_help(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")
    potion = await kit.lay(POTION, anna.character_id, carried=True)
    await kit.lay(BREW, anna.character_id, carried=True)
    await kit.lay(DUST, anna.character_id, carried=True)
    await kit.sheets.change(anna.character_id, lambda sheet: sheet.with_now(health=60, mana=0))
    encounter = await fights.start(anna.character_id, enemy="hollow_soldier")
    assert encounter is not None
    with pytest.raises(InvalidAction, match="of no use"):
        await fights.act(anna.character_id, Deed.ITEM, item="dust")
    kit.heard(anna).events.clear()
    await fights.act(anna.character_id, Deed.ITEM, item=str(potion.id))
    assert any("uses health potion" in one.message for one in kit.heard(anna).of(CombatEvent))
    assert kit.heard(anna).of(PlayerUpdate)
    response = await kit.do(anna, "use mana potion")
    assert response.success
    assert encounter.fighters[0].now.mana == 50
    assert [item.template_id for item in await kit.carried(anna)] == [DUST]


async def test_the_turn_does_not_run_out_while_something_is_being_used(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")
    await kit.lay(POTION, anna.character_id, carried=True)
    encounter = await fights.start(anna.character_id, enemy="dark_knight")
    assert encounter is not None
    fight = fights._fights[EncounterId(encounter.id)]
    fight.busy = True
    kit.clock.advance(timedelta(seconds=100))
    fights.tick()
    assert encounter.round == 1
    with pytest.raises(NotYourTurn):
        await fights.act(anna.character_id, Deed.BLOCK)
    fight.busy = False


async def test_who_is_gone_while_drinking_is_gone(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna"), await fighter(kit, "Bert")
    await kit.lay(POTION, anna.character_id, carried=True)
    encounter = await fights.start(anna.character_id, enemy="dark_knight")
    await fights.join(bert.character_id, anna.character_id)
    assert encounter is not None
    assert encounter.active == 1

    class Interrupting:
        async def write(self, work: Any, **more: Any) -> Any:
            fights._store = kit.store
            fights.gone(anna.character_id)
            return await kit.store.write(work, **more)

    fights._store = Interrupting()  # type: ignore[assignment]
    await fights.act(anna.character_id, Deed.ITEM, item="health potion")
    await kit.settle()
    assert not fights.is_fighting(anna.character_id)
    assert not any("uses health potion" in one.text for one in encounter.told)


# --- together ------------------------------------------------------------------------------------------


async def test_parties_fight_together_and_share(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna"), await fighter(kit, "Bert")
    await kit.parties.create(anna.character_id, "Wolves")
    await kit.parties.invite(anna.character_id, bert.character_id)
    await kit.parties.accept(bert.character_id)
    encounter = await fights.start(anna.character_id, enemy="dark_knight")
    assert encounter is not None
    call = kit.heard(bert).of(CombatEvent)[0]
    assert call.message == "Anna against Dark Knight (Lv5). `assist Anna` joins the fight."
    assert call.joinable == [anna.character_id]
    assert await fights.start(bert.character_id, enemy="wolf") is encounter  # his party needs him more
    assert kit.heard(bert).of(CombatStart)[0].combat.id == encounter.id
    await fight_on(kit, anna, bert)
    ends = {one.name: kit.heard(one).of(CombatEnd)[0] for one in (anna, bert)}
    assert abs(ends["Anna"].souls_gained - ends["Bert"].souls_gained) <= 1
    assert [ends[name].xp_gained for name in ("Anna", "Bert")] == [250, 250]
    assert sorted(ends["Anna"].loot + ends["Bert"].loot) == ["dark fragment"]
    party = kit.parties.of(anna.character_id)
    assert party is not None
    assert party.souls == ends["Anna"].souls_gained + ends["Bert"].souls_gained


async def test_the_leader_takes_it_all_if_that_is_the_rule(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna"), await fighter(kit, "Bert")
    await kit.parties.create(anna.character_id, "Wolves")
    await kit.parties.invite(anna.character_id, bert.character_id)
    await kit.parties.accept(bert.character_id)
    await kit.parties.set_loot(anna.character_id, LootRule.LEADER)
    await fights.start(bert.character_id, enemy="dark_knight")
    await fights.start(anna.character_id)
    await fight_on(kit, anna, bert)
    ends = {one.name: kit.heard(one).of(CombatEnd)[0] for one in (anna, bert)}
    assert ends["Bert"].souls_gained == 0
    assert ends["Anna"].loot == ["dark fragment"]
    assert ends["Bert"].xp_gained == 250


async def test_strangers_may_help(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna"), await fighter(kit, "Bert")
    with pytest.raises(NoCombat):
        await fights.join(bert.character_id, anna.character_id)
    encounter = await fights.start(anna.character_id, enemy="dark_knight")
    assert encounter is not None
    assert await fights.join(bert.character_id, anna.character_id) is encounter
    far = await fighter(kit, "Cleo", at=SQUARE)
    with pytest.raises(NotHere):
        await fights.join(far.character_id, anna.character_id)
    await fight_on(kit, anna, bert)
    assert {kit.heard(one).of(CombatEnd)[0].xp_gained for one in (anna, bert)} == {250}


# --- coming and going ------------------------------------------------------------------------------------


async def test_who_comes_back_sees_how_it_stands(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")
    encounter = await fights.start(anna.character_id, enemy="dark_knight")
    assert encounter is not None
    kit.presence.on_detached(anna.character_id)
    kit.clock.advance(timedelta(seconds=21))
    fights.tick()
    assert encounter.round == 2
    kit.heard(anna).topics.clear()
    kit.heard(anna).events.clear()
    await kit.enter(kit.caller_of(anna), anna.character_id, play_id="another")
    (state,) = kit.heard(anna).of(CombatState)
    assert state.combat.round == 2
    await fights.act(anna.character_id, Deed.BLOCK)
    assert len(kit.heard(anna).of(CombatState)) == 2


async def test_who_leaves_the_world_leaves_the_fight(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna"), await fighter(kit, "Bert")
    encounter = await fights.start(anna.character_id, enemy="dark_knight")
    await fights.join(bert.character_id, anna.character_id)
    assert encounter is not None
    await turn(kit, anna)
    hurt = encounter.fighters[0].now
    await kit.presence.quit(anna.character_id)
    await kit.settle()
    assert fights.of(bert.character_id) is encounter
    assert (await sheet_of(kit, anna)).now == hurt
    await kit.presence.quit(bert.character_id)
    await kit.settle()
    assert fights.count() == 0


async def test_fleeing_leads_elsewhere(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")
    await fights.start(anna.character_id, enemy="hollow_soldier")
    while fights.of(anna.character_id) is not None:
        await fights.flee(anna.character_id)
    await kit.settle()
    assert anna.room_id == SQUARE
    assert kit.heard(anna).of(CombatEnd)[-1].outcome == "fled"


async def test_who_flees_and_leaves_the_world_is_gone(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")
    await fights.start(anna.character_id, enemy="hollow_soldier")
    while fights.of(anna.character_id) is not None:
        await fights.flee(anna.character_id)
    await kit.presence.quit(anna.character_id)
    await kit.settle()
    body = await kit.store.read(lambda tx: tx.characters.require(anna.character_id))
    assert body.room_id == PATH
    assert not fights.is_fighting(anna.character_id)


async def test_fleeing_from_others_who_fight_on(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna"), await fighter(kit, "Bert")
    encounter = await fights.start(anna.character_id, enemy="dark_knight")
    await fights.join(bert.character_id, anna.character_id)
    assert encounter is not None
    while fights.of(anna.character_id) is not None and encounter.outcome is None:
        if encounter.active == 1:
            await fights.flee(anna.character_id)
        else:
            await fights.act(bert.character_id, Deed.WAIT)
    await kit.settle()
    assert anna.room_id == SQUARE
    assert fights.of(bert.character_id) is encounter
    end = kit.heard(anna).of(CombatEnd)[-1]
    assert (end.outcome, end.seed) == ("fled", "")


async def test_who_finds_no_way_stays(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")

    def shut(_: CharacterId) -> None:
        raise NotHere("The gate is shut.")

    await fights.start(anna.character_id, enemy="hollow_soldier")
    kit.movement.restrain(shut)
    while fights.of(anna.character_id) is not None:
        await fights.flee(anna.character_id)
    await kit.settle()
    assert anna.room_id == PATH
    assert not fights.is_fighting(anna.character_id)


async def test_who_is_brought_elsewhere_is_out_of_it(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")
    await fights.start(anna.character_id, enemy="dark_knight")
    fights.moved(Moved(anna.character_id, SQUARE, PATH))
    assert fights.of(anna.character_id) is not None
    await kit.movement.bring(anna.character_id, lambda tx, body: (CELLAR, None), then=lambda _: None)
    await kit.settle()
    assert anna.room_id == CELLAR
    assert not fights.is_fighting(anna.character_id)


async def test_the_dead_awake_in_a_safe_place(kit: PlayKit, fights: EncounterService) -> None:
    anna = await frail(kit, "Anna")
    await kit.sheets.change(anna.character_id, lambda sheet: dataclasses.replace(sheet, souls=100))
    await fights.start(anna.character_id, enemy="dark_knight")
    for _ in range(100):
        kit.clock.advance(timedelta(seconds=21))
        fights.tick()
        if fights.count() == 0 or fights.of(anna.character_id) is None:
            break
    await kit.settle()
    end = kit.heard(anna).of(CombatEnd)[-1]
    assert end.outcome == "lost"
    assert anna.room_id == TAVERN
    sheet = await sheet_of(kit, anna)
    assert end.message == f"Your enemies have won. You die. It costs you {100 - sheet.souls} souls."
    assert sheet.now.health == sheet.most.health // 2


async def test_who_falls_while_others_fight_on_is_brought_away_at_once(kit: PlayKit, fights: EncounterService) -> None:
    anna, will = await fighter(kit, "Anna"), await frail(kit, "Will")
    encounter = await fights.start(anna.character_id, enemy="dark_knight")
    assert encounter is not None
    await fights.join(will.character_id, anna.character_id)
    while encounter.fighters[2].is_standing:
        one = anna if encounter.active == 1 else will
        await fights.act(one.character_id, Deed.WAIT)
    assert fights.is_fighting(will.character_id)  # until it is saved
    await kit.settle()
    end = kit.heard(will).of(CombatEnd)[-1]
    assert (end.outcome, end.message) == ("fallen", "You fall. You die. It costs you nothing.")
    assert will.room_id == TAVERN
    assert fights.of(anna.character_id) is encounter


# --- duels -----------------------------------------------------------------------------------------------


async def test_a_duel_needs_both(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna", at=SQUARE), await fighter(kit, "Bert", at=SQUARE)
    assert await fights.start(anna.character_id, target=bert.character_id) is None
    assert [one.message for one in kit.heard(bert).of(CombatChallenge)] == [
        "Anna challenges you to a duel: `duel Anna` accepts."
    ]
    kit.clock.advance(timedelta(seconds=61))
    assert await fights.start(bert.character_id, target=anna.character_id) is None  # too late: it is a new one
    encounter = await fights.start(anna.character_id, target=bert.character_id)
    assert encounter is not None
    assert fights.view_of(anna.character_id).is_duel
    cleo = await fighter(kit, "Cleo", at=SQUARE)
    with pytest.raises(InvalidAction, match="between those two"):
        await fights.join(cleo.character_id, anna.character_id)
    with pytest.raises(InvalidTarget, match="fights already"):
        await fights.start(cleo.character_id, target=anna.character_id)
    await fight_on(kit, anna, bert)
    ends = [kit.heard(one).of(CombatEnd)[-1] for one in (anna, bert)]
    assert sorted(one.outcome for one in ends) in (["lost", "won"], ["undecided", "undecided"])
    assert all((one.souls_gained, one.xp_gained, one.loot) == (0, 0, []) for one in ends)
    assert anna.room_id == bert.room_id == SQUARE
    loser = anna if ends[0].outcome == "lost" else bert
    assert (await sheet_of(kit, loser)).now.health >= 1


async def test_challenges_that_cannot_be(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna", at=SQUARE), await fighter(kit, "Bert")
    with pytest.raises(NotHere):
        await fights.start(anna.character_id, target=bert.character_id)
    with pytest.raises(InvalidTarget):
        await fights.start(anna.character_id, target=anna.character_id)
    one, other = await fighter(kit, "Cleo", at=TAVERN), await fighter(kit, "Dora", at=TAVERN)
    with pytest.raises(InvalidAction, match="Nobody fights here"):
        await fights.start(one.character_id, target=other.character_id)
    emil = await fighter(kit, "Emil", at=SQUARE)
    await fights.start(anna.character_id, target=emil.character_id)
    fights.gone(anna.character_id)
    assert await fights.start(emil.character_id, target=anna.character_id) is None


async def test_a_duel_without_a_name_accepts_the_only_challenge(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert, cleo = [await fighter(kit, name, at=SQUARE) for name in ("Anna", "Bert", "Cleo")]
    nobody = await kit.do(anna, "duel")
    assert (nobody.code, nobody.result) == ("bad_usage", "Duel whom?")
    await kit.do(bert, "duel Anna")
    await kit.do(cleo, "duel Anna")
    both = await kit.do(anna, "duel")
    assert (both.code, both.hint) == ("bad_usage", "Bert and Cleo wait for your answer.")
    await kit.do(cleo, "go north")
    assert (await kit.do(anna, "duel")).success
    assert {one.name for one in fights.fights_in(SQUARE)[0].fighters} == {"Anna", "Bert"}
    await fight_on(kit, anna, bert)


async def test_the_guardian_of_a_shard_goes_by_its_own_name(kit: PlayKit, fights: EncounterService) -> None:
    world = kit.world.world
    guarded = dataclasses.replace(world.rooms[PATH], shard=1, creatures=("crystal_shard_guardian", "corrupt_wolf"))
    kit.world.world = dataclasses.replace(world, rooms={**world.rooms, PATH: guarded})
    anna = await fighter(kit, "Anna")
    assert "Lurking here: Ignarok the Eternal (level 12) and Corrupt Wolf" in (await kit.do(anna, "look")).result
    assert (await kit.do(anna, "attack unicorn")).hint == "Here: Ignarok the Eternal and Corrupt Wolf."
    for words in ("crystal shard guardian", "crystal_shard_guardian", "ignarok"):
        encounter = await fights.start(anna.character_id, enemy=words)
        assert encounter is not None
        assert encounter.fighters[1].name == "Ignarok the Eternal (Lv12)"
        fights.gone(anna.character_id)
        await kit.settle()


async def test_nobody_is_pestered_for_a_duel(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna", at=SQUARE), await fighter(kit, "Bert", at=SQUARE)
    await fights.start(anna.character_id, target=bert.character_id)
    with pytest.raises(InvalidAction, match="Bert knows"):
        await fights.start(anna.character_id, target=bert.character_id)
    assert len(kit.heard(bert).of(CombatChallenge)) == 1
    bert.muted_until = kit.clock.now() + timedelta(hours=1)
    cleo = await fighter(kit, "Cleo", at=SQUARE)
    with pytest.raises(Muted):
        await fights.start(bert.character_id, target=cleo.character_id)
    assert await fights.start(bert.character_id, target=anna.character_id) is not None  # to answer needs no voice


async def test_what_is_worn_in_a_fight_stays_on(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna"), await fighter(kit, "Bert")
    for template in (SWORD, DUST):
        await kit.lay(template, anna.character_id, carried=True)
    await kit.sheets.equip(anna.character_id, "sword")
    await fights.start(anna.character_id, enemy="dark knight")
    with pytest.raises(Fighting):
        await kit.things.give(anna.character_id, "sword", bert)
    with pytest.raises(Fighting):
        await kit.things.drop(anna.character_id, "all")
    await kit.things.drop(anna.character_id, "dust")


async def test_an_undecided_duel(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna", at=SQUARE), await fighter(kit, "Bert", at=SQUARE)
    await fights.start(anna.character_id, target=bert.character_id)
    encounter = await fights.start(bert.character_id, target=anna.character_id)
    assert encounter is not None
    while encounter.outcome is None:
        one = anna if fights.view_of(anna.character_id).active_character_id == anna.character_id else bert
        await fights.act(one.character_id, Deed.WAIT)
    await kit.settle()
    assert kit.heard(anna).of(CombatEnd)[-1].outcome == "undecided"
    assert kit.heard(anna).of(CombatEnd)[-1].message == "Nobody has won."


async def test_who_is_gone_before_a_duel_begins(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert = await fighter(kit, "Anna", at=SQUARE), await fighter(kit, "Bert", at=SQUARE)
    await fights.start(anna.character_id, target=bert.character_id)
    real_write = kit.store.write

    class Interrupting:
        async def write(self, work: Any, **more: Any) -> Any:
            fights._store = kit.store
            with pytest.raises(Fighting):
                await kit.movement.move(anna.character_id, "south")
            await kit.movement.bring(anna.character_id, lambda tx, body: (CELLAR, None), then=lambda _: None)
            return await real_write(work, **more)

    fights._store = Interrupting()  # type: ignore[assignment]
    with pytest.raises(NotHere, match="Anna is not here any more"):
        await fights.start(bert.character_id, target=anna.character_id)
    assert not fights.is_fighting(bert.character_id)


# --- when things go wrong --------------------------------------------------------------------------------


async def test_what_cannot_be_saved_is_tried_again(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")
    encounter = await fights.start(anna.character_id, enemy="hollow_soldier")
    assert encounter is not None

    class Down:
        async def write(self, *_: Any, **__: Any) -> Any:
            raise Unavailable

    fights._store = Down()  # type: ignore[assignment]
    await fight_on(kit, anna)
    assert encounter.outcome is not None
    assert fights.is_fighting(anna.character_id)
    assert not kit.heard(anna).of(CombatEnd)
    fights._store = kit.store
    fights.tick()
    fights.tick()  # it is being saved already
    await kit.settle()
    assert len(kit.heard(anna).of(CombatEnd)) == 1
    assert not fights.is_fighting(anna.character_id)


async def test_who_was_deleted_gets_nothing(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert, will = await fighter(kit, "Anna"), await fighter(kit, "Bert"), await fighter(kit, "Will")
    encounter = await fights.start(anna.character_id, enemy="dark_knight")
    assert encounter is not None
    for one in (bert, will):
        await fights.join(one.character_id, anna.character_id)

    def delete(tx: Any) -> None:
        for one in (anna, will):
            body = tx.characters.require(one.character_id)
            body.deleted_at = kit.clock.now()
            tx.characters.save(body)

    await kit.store.write(delete)
    fights.gone(will.character_id)  # out of a fight that goes on
    await fight_on(kit, anna, bert)  # and at its end
    assert encounter.outcome is not None
    assert not kit.heard(will).of(CombatEnd)
    assert kit.heard(bert).of(CombatEnd)[0].xp_gained == 250
    assert not await kit.carried(anna)
    assert fights.count() == 0
    for one in (anna, will):
        await kit.presence.quit(one.character_id)


async def test_a_faulty_observer_keeps_nobody_from_the_reward(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna")
    won: list[Victory] = []

    def fault(_: Victory) -> None:
        raise RuntimeError("oops")

    fights.on_won(fault)
    fights.on_won(won.append)
    await fights.start(anna.character_id, enemy="hollow_soldier")
    await fight_on(kit, anna)
    assert won


async def test_a_victory_is_saved_with_all_that_follows_from_it(kit: PlayKit, fights: EncounterService) -> None:
    anna, told = await fighter(kit, "Anna"), []

    def prepare(victory: Victory) -> Any:
        def work(tx: Any) -> Any:
            assert tx.sheets.get(anna.character_id).experience == 500  # the reward stands before what follows from it
            return lambda: told.append(victory.slain)

        return work

    fights.accompany(lambda _: None)
    fights.accompany(prepare)
    await fights.start(anna.character_id, enemy="dark_knight")
    await fight_on(kit, anna)
    assert told == [("dark_knight",)]


async def test_what_cannot_follow_takes_the_reward_along(kit: PlayKit, fights: EncounterService) -> None:
    """Nobody is kept in a fight that cannot be saved; everybody is as before it."""
    anna = await fighter(kit, "Anna")
    before = await sheet_of(kit, anna)

    def prepare(_: Victory) -> Any:
        def work(_: Any) -> Any:
            raise ZeroDivisionError

        return work

    fights.accompany(prepare)
    await fights.start(anna.character_id, enemy="dark_knight")
    await fight_on(kit, anna)
    assert await sheet_of(kit, anna) == before
    assert not await kit.carried(anna)
    end = kit.heard(anna).of(CombatEnd)[-1]
    assert (end.outcome, end.message) == ("undecided", "The fight is broken off, as if it had not been.")
    assert not fights.is_fighting(anna.character_id)
    assert fights.count() == 0
    assert (await kit.do(anna, "north")).success


async def test_a_fight_that_cannot_go_on_ends(
    kit: PlayKit, fights: EncounterService, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bert = await fighter(kit, "Anna"), await fighter(kit, "Bert")
    broken = await fights.start(anna.character_id, enemy="dark_knight")
    sound = await fights.start(bert.character_id, enemy="hollow_soldier")
    assert broken is not None
    assert sound is not None

    def oops() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(broken, "skip", oops)
    kit.clock.advance(timedelta(seconds=21))
    fights.tick()
    assert not fights.is_fighting(anna.character_id)
    assert sound.fighters[0].stance is Deed.BLOCK  # the others are not kept waiting
    assert (await kit.do(anna, "north")).success


async def test_a_fault_after_the_reward_was_saved_calls_nothing_off(
    kit: PlayKit, fights: EncounterService, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await fighter(kit, "Anna")
    await fights.start(anna.character_id, enemy="dark_knight")

    def oops(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(kit.sheets, "tell", oops)
    await fight_on(kit, anna)
    monkeypatch.undo()
    assert (await sheet_of(kit, anna)).experience == 500
    assert not fights.is_fighting(anna.character_id)


async def test_who_fell_and_could_not_be_saved_is_saved_later(
    kit: PlayKit, fights: EncounterService, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, will = await fighter(kit, "Anna"), await frail(kit, "Will")
    encounter = await fights.start(anna.character_id, enemy="dark_knight")
    assert encounter is not None
    await fights.join(will.character_id, anna.character_id)

    async def out_of_reach(self: Store, work: object, **_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(type(kit.store), "write", out_of_reach)
        while encounter.fighters[2].is_standing:
            one = anna if encounter.active == 1 else will
            await fights.act(one.character_id, Deed.WAIT)
        await kit.settle()
    assert fights.is_fighting(will.character_id)
    await fights.act(anna.character_id, Deed.WAIT)
    await kit.settle()
    assert not fights.is_fighting(will.character_id)
    assert will.room_id == TAVERN
    assert kit.heard(will).of(CombatEnd)[-1].outcome == "fallen"


@pytest.mark.parametrize("error", [Unavailable, ZeroDivisionError])
async def test_who_could_not_be_saved_before_the_end_is_let_go(
    kit: PlayKit, fights: EncounterService, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    anna, will = await fighter(kit, "Anna"), await frail(kit, "Will")
    encounter = await fights.start(anna.character_id, enemy="dark_knight")
    assert encounter is not None
    await fights.join(will.character_id, anna.character_id)
    write, hold = type(kit.store).write, asyncio.Event()

    async def late(self: Any, work: Any, **more: Any) -> Any:
        if hold.is_set():
            return await write(self, work, **more)
        await hold.wait()
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(type(kit.store), "write", late)
        while encounter.fighters[2].is_standing:
            one = anna if encounter.active == 1 else will
            await fights.act(one.character_id, Deed.WAIT)
        await asyncio.sleep(0)
        patch.setattr(type(kit.store), "write", write)
        fight = fights._by_character[anna.character_id]
        for _ in range(2):  # once is enough
            fights._call_off(fight)
        hold.set()
        await kit.settle()
    assert not fights.is_fighting(will.character_id)


async def test_only_so_many_records_are_kept(kit: PlayKit, fights: EncounterService) -> None:
    anna, ids = await fighter(kit, "Anna"), []
    for _ in range(4):
        encounter = await fights.start(anna.character_id, enemy="hollow_soldier")
        assert encounter is not None
        ids.append(EncounterId(encounter.id))
        await fight_on(kit, anna)
        await kit.sheets.change(anna.character_id, lambda sheet: sheet.rested())
        kit.clock.advance(timedelta(seconds=61))
    with pytest.raises(NoCombat):
        fights.record(ids[0])
    assert fights.record(ids[1]).id == ids[1]


# --- as commands -----------------------------------------------------------------------------------------


async def test_a_fight_by_commands(kit: PlayKit, fights: EncounterService) -> None:
    anna = await fighter(kit, "Anna", strong=False)
    listed = await kit.do(anna, "abilities")
    assert "Shield Bash: for an enemy, costs 30 stamina. 20 physical damage, stun for 1 round" in listed.result
    assert (await kit.do(anna, "fight")).code == "no_combat"
    assert (await kit.do(anna, "light")).code == "no_combat"
    begun = await kit.do(anna, "attack knight")
    assert begun.success
    assert begun.data is not None
    assert begun.data["combat"]["fighters"][1]["creature"] == "dark_knight"
    assert (await kit.do(anna, "cast waltz")).code == "no_such_ability"
    assert (await kit.do(anna, "cast battle cry")).success
    assert "Battle Cry: for yourself, costs 25 stamina; ready in" in (await kit.do(anna, "abilities")).result
    assert (await kit.do(anna, "cast execute at unicorn")).code == "invalid_target"
    encounter = fights.of(anna.character_id)
    assert encounter is not None
    deeds = ("heavy knight", "wait", "block", "dodge", "parry", "light 2", "attack dark", "cast whirlwind strike at 2")
    for line in deeds:
        response = await kit.do(anna, line)
        assert response.success or response.code == "insufficient_resources", (line, response)
        encounter.fighters[0].now = encounter.fighters[0].entered.most
        encounter.fighters[1].now = encounter.fighters[1].entered.most
    shown = await kit.do(anna, "fight")
    assert "It is your turn, for 20 seconds yet." in shown.result
    assert "2. Dark Knight (Lv5): health 150 of 150" in shown.result
    while fights.of(anna.character_id) is not None:
        assert (await kit.do(anna, "flee")).success
    await kit.settle()


async def test_a_duel_by_commands(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert, cleo = [await fighter(kit, name, at=SQUARE) for name in ("Anna", "Bert", "Cleo")]
    assert (await kit.do(anna, "attack")).code == "invalid_target"
    assert (await kit.do(anna, "attack Dora")).code == "invalid_target"
    assert (await kit.do(anna, "attack Anna")).code == "invalid_target"
    assert (await kit.do(anna, "attack Bert")).result == "Bert is to answer."
    assert (await kit.do(bert, "duel Anna")).success
    assert (await kit.do(cleo, "assist Anna")).code == "invalid_action"
    encounter = fights.of(anna.character_id)
    assert encounter is not None
    active, waiting = (anna, bert) if encounter.active == 2 else (bert, anna)  # who was asked first is the first
    if fights.view_of(anna.character_id).active_character_id != active.character_id:
        active, waiting = waiting, active
    assert f"It is the turn of {active.name}" in (await kit.do(waiting, "fight")).result
    await kit.do(active, "block")
    assert f"{active.name}: health" in (await kit.do(waiting, "fight")).result
    assert "ready to block" in (await kit.do(waiting, "fight")).result
    await fight_on(kit, anna, bert)


async def test_a_fight_that_is_over_at_once(kit: PlayKit, fights: EncounterService) -> None:
    over = False
    for name in ("Wa", "We", "Wi", "Wo", "Wu", "Za", "Ze", "Zi", "Zo", "Zu"):
        will = await frail(kit, f"{name}ll")
        response = await kit.do(will, "attack knight")
        assert response.success
        over = over or response.data is None
        fights.gone(will.character_id)
        await kit.settle()
    assert over


async def test_who_fell_and_who_fled_are_shown(kit: PlayKit, fights: EncounterService) -> None:
    anna, bert, will = await fighter(kit, "Anna"), await fighter(kit, "Bert"), await frail(kit, "Will")
    encounter = await fights.start(anna.character_id, enemy="dark_knight")
    assert encounter is not None
    assert (await kit.do(bert, "assist Anna")).success
    await fights.join(will.character_id, anna.character_id)
    fights.gone(bert.character_id)
    fallen = encounter.fighters[3]
    while fallen.is_standing:
        await fights.act(fights.view_of(anna.character_id).active_character_id or "", Deed.WAIT)  # type: ignore[arg-type]
    shown = (await kit.do(anna, "fight")).result
    assert "2. Dark Knight (Lv5): health" in shown
    assert "has fled." in shown
    assert "has fallen." in shown
