"""Quests of people in a real world, on each database."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import pytest
from tests.support.clock import FakeClock
from tests.support.play import COIN, GARDEN, KEY, LANTERN, PATH, SQUARE, TAVERN, PlayKit, small_world
from tests.support.shards import Won

from mythgate.domain.errors import Ambiguous, NoQuest, NotInWorld, QuestNotOpen, Repeated
from mythgate.domain.events import PlayerUpdate, QuestUpdate, SystemMessage
from mythgate.domain.ids import CharacterId, CommandId, InhabitantId, QuestId
from mythgate.domain.items import ItemKind
from mythgate.domain.quests import Progress, ProgressState, Quest, Reward, Step, StepKind
from mythgate.domain.world import World
from mythgate.domain.worldevents import EventKind, WorldEvent
from mythgate.services.ports import CommandKey, Store, Transaction

KEEPER = InhabitantId("keeper")
FETCH, WALK, HUNT = QuestId("p/fetch"), QuestId("p/walk"), QuestId("p/hunt")
WAIT, WITNESS, LATER = QuestId("p/wait"), QuestId("p/witness"), QuestId("p/later")


def quest_world() -> World:
    world = small_world()
    quests = (
        Quest(
            FETCH,
            "Coins for the Keeper",
            "The keeper is short of coins.",
            (
                Step(StepKind.COLLECT, "Find three coins.", COIN, count=3),
                Step(StepKind.TALK, "Bring them to the keeper.", KEEPER, count=2, about=("coin", "coins"), brings=COIN),
            ),
            giver=KEEPER,
            reward=Reward(20, 100, {LANTERN: 1, COIN: 2}),
            ending="The keeper bites each of them.",
            repeat=timedelta(days=1),
        ),
        Quest(WALK, "A Walk", "Stretch your legs.", (Step(StepKind.PLACE, "Go to the path.", PATH),)),
        Quest(HUNT, "The Hunt", "Wolves.", (Step(StepKind.KILL, "Slay two.", "corrupt_wolf", count=2, room=PATH),)),
        Quest(
            WAIT,
            "A Long Wait",
            "Somebody has to.",
            (Step(StepKind.TIME, "Wait an hour.", after=timedelta(hours=1)), Step(StepKind.TALK, "Tell.", KEEPER)),
        ),
        Quest(WITNESS, "The Witness", "See it.", (Step(StepKind.EVENT, "See the world end.", "aetherfall"),)),
        Quest(LATER, "A Later Hunt", "More.", (Step(StepKind.PLACE, "Go.", GARDEN),), needs=(HUNT,), level=2),
    )
    coin = dataclasses.replace(world.templates[COIN], kind=ItemKind.MISC)
    lantern = dataclasses.replace(world.templates[LANTERN], kind=ItemKind.TOOL)
    templates = {**world.templates, COIN: coin, LANTERN: lantern}
    return dataclasses.replace(world, quests={one.id: one for one in quests}, templates=templates)


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PlayKit]:
    made = PlayKit(clock, store, quest_world())
    yield made
    await made.settle()
    await made.check()


async def progress(kit: PlayKit, character_id: CharacterId, quest: QuestId) -> Progress:
    return (await kit.store.read(lambda tx: tx.quests.of_character(character_id)))[quest]


# --- the log ---


async def test_offers_are_those_of_who_is_here_and_those_of_nobody(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    here = [one.name for one in await kit.quests.offers(ada.character_id)]
    assert here == ["A Walk", "The Hunt", "A Long Wait", "The Witness"]
    await kit.movement.move(ada.character_id, "north")
    (first, *_) = await kit.quests.offers(ada.character_id)
    assert (first.name, first.giver, first.status, first.steps, first.total_steps) == (
        "Coins for the Keeper",
        "the tavern keeper",
        "offered",
        [],
        2,
    )
    assert await kit.quests.log(ada.character_id) == []
    log, offers = await kit.quests.board(ada.character_id)
    assert (log, len(offers)) == ([], 5)
    assert await kit.quests.board(CharacterId("asleep")) == ([], [])
    with pytest.raises(NotInWorld):
        await kit.quests.offers(CharacterId("asleep"))


async def test_a_quest_from_beginning_to_reward(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    view = await kit.quests.accept(ada.character_id, "coins")
    assert (view.status, view.step) == ("active", 0)
    (update,) = kit.heard(ada).of(QuestUpdate)
    assert update.message == "Coins for the Keeper: Find three coins. (0 of 3)"

    for _ in range(3):
        await kit.lay(COIN, TAVERN)
    kit.realtime.clear()
    await kit.do(ada, "get coin")
    await kit.settle()
    assert [one.message for one in kit.heard(ada).of(QuestUpdate)] == [
        "Coins for the Keeper: Find three coins. (1 of 3)"
    ]
    await kit.do(ada, "get coins")
    await kit.settle()
    assert kit.heard(ada).of(QuestUpdate)[-1].message == "Coins for the Keeper: Bring them to the keeper. (0 of 2)"
    (log,) = await kit.quests.log(ada.character_id)
    assert [(step.done, step.count, step.needed) for step in log.steps] == [(True, 3, 3), (False, 0, 2)]

    await kit.do(ada, "ask keeper about the cellar")
    await kit.settle()
    assert (await progress(kit, ada.character_id, FETCH)).step == 1
    kit.realtime.clear()
    await kit.do(ada, "ask keeper about coins")
    await kit.settle()
    (done,) = kit.heard(ada).of(QuestUpdate)
    assert (done.quest.status, done.souls, done.experience) == ("done", 20, 100)
    assert done.items == ["a brass lantern", "a copper coin (×2)"]
    assert done.message == (
        "You have done “Coins for the Keeper”. The keeper bites each of them. You get 20 souls, 100 experience, "
        "a brass lantern and a copper coin (×2)."
    )
    assert kit.heard(ada).of(PlayerUpdate)
    carried = await kit.sight.carried(ada.character_id)
    assert sum(item.quantity for item in carried if item.template_id == COIN) == 3
    assert [item.template_id for item in carried].count(LANTERN) == 1
    sheet = await kit.sheets.of(ada.character_id)
    assert (sheet.souls, sheet.experience, sheet.level) == (20, 100, 2)
    saved = await progress(kit, ada.character_id, FETCH)
    assert (saved.state, saved.times, saved.finished_at) == (ProgressState.DONE, 1, kit.clock.now())


async def test_too_few_things_are_not_taken(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    for _ in range(3):
        await kit.lay(COIN, ada.character_id, carried=True)
    await kit.quests.accept(ada.character_id, FETCH)
    assert (await progress(kit, ada.character_id, FETCH)).step == 1  # they were carried already
    await kit.do(ada, "drop all coins")
    await kit.do(ada, "get coin")
    await kit.do(ada, "ask keeper about coins")
    await kit.settle()
    assert (await progress(kit, ada.character_id, FETCH)).state is ProgressState.ACTIVE
    assert len(await kit.sight.carried(ada.character_id)) == 1


async def test_a_part_of_a_stack_is_handed_over(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    item = await kit.lay(COIN, ada.character_id, carried=True)
    await kit.lay(KEY, ada.character_id, carried=True)

    def pile(tx: Transaction) -> None:
        tx.items.save(dataclasses.replace(item, quantity=7))

    await kit.store.write(pile)
    await kit.quests.accept(ada.character_id, "coins")
    await kit.do(ada, "say keeper, the coins!")
    await kit.settle()
    carried = await kit.sight.carried(ada.character_id)
    assert sum(one.quantity for one in carried if one.template_id == COIN) == 7  # two given, two got
    assert (await progress(kit, ada.character_id, FETCH)).times == 1


# --- refusals ---


async def test_a_quest_is_taken_on_where_it_is_offered(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    for words, refusal in (("coins for the keeper", QuestNotOpen), ("later hunt", QuestNotOpen), ("gold", NoQuest)):
        with pytest.raises(refusal):
            await kit.quests.accept(ada.character_id, words)
    with pytest.raises(Ambiguous):
        await kit.quests.accept(ada.character_id, "a")
    with pytest.raises(NotInWorld):
        await kit.quests.accept(CharacterId("asleep"), "walk")
    key = CommandKey(ada.character_id, CommandId("c1"))
    await kit.quests.accept(ada.character_id, "walk", once=key)
    with pytest.raises(QuestNotOpen):
        await kit.quests.accept(ada.character_id, "walk")
    with pytest.raises((Repeated, QuestNotOpen)):
        await kit.quests.accept(ada.character_id, "walk", once=key)


async def test_a_quest_given_up_begins_anew(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    with pytest.raises(NoQuest):
        await kit.quests.abandon(ada.character_id, "gold")
    with pytest.raises(NoQuest):
        await kit.quests.abandon(ada.character_id, "the hunt")
    await kit.quests.accept(ada.character_id, "the hunt")
    await kit.lay(LANTERN)
    await kit.saved(kit.quests.winning(Won(PATH, (ada.character_id,), ("corrupt_wolf",))))
    await kit.settle()
    assert (await progress(kit, ada.character_id, HUNT)).count == 1
    view = await kit.quests.abandon(ada.character_id, "hunt")
    assert view.status == "abandoned"
    assert kit.heard(ada).of(QuestUpdate)[-1].message == "You give up “The Hunt”."
    await kit.saved(kit.quests.winning(Won(PATH, (ada.character_id,), ("corrupt_wolf",))))
    await kit.settle()
    await kit.quests.accept(ada.character_id, HUNT)
    assert (await progress(kit, ada.character_id, HUNT)).count == 0


# --- what happens ---


async def test_a_walk_is_done_by_walking(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.quests.accept(ada.character_id, "walk")
    await kit.movement.move(ada.character_id, "north")
    await kit.movement.move(ada.character_id, "south")
    await kit.movement.move(ada.character_id, "south")
    await kit.settle()
    assert kit.heard(ada).of(QuestUpdate)[-1].message == "You have done “A Walk”."
    with pytest.raises(QuestNotOpen):
        await kit.quests.accept(ada.character_id, "walk")


async def test_winners_of_a_fight_have_their_kills_counted(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.quests.accept(ada.character_id, "the hunt")
    await kit.saved(kit.quests.winning(Won(SQUARE, (ada.character_id,), ("corrupt_wolf",))))
    await kit.saved(
        kit.quests.winning(
            Won(PATH, (ada.character_id, bob.character_id), ("corrupt_wolf", "hollow_soldier", "corrupt_wolf"))
        )
    )
    await kit.settle()
    assert (await progress(kit, ada.character_id, HUNT)).state is ProgressState.DONE
    assert await kit.quests.log(bob.character_id) == []


async def test_a_place_one_only_passes_through_was_reached(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    await kit.quests.accept(ada.character_id, "walk")
    await kit.settle()
    for way in ("south", "south", "north"):
        await kit.movement.move(ada.character_id, way)
    # Not a word was waited for: it is saved with the step.
    assert (await progress(kit, ada.character_id, WALK)).state is ProgressState.DONE
    await kit.settle()
    assert len([one for one in kit.heard(ada).of(QuestUpdate) if one.quest.status == "done"]) == 1


async def test_who_is_brought_to_a_place_has_reached_it(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.quests.accept(ada.character_id, "walk")
    await kit.settle()
    await kit.movement.bring(ada.character_id, lambda tx, body: (PATH, None), then=lambda _: None)
    assert (await progress(kit, ada.character_id, WALK)).state is ProgressState.DONE


async def test_what_opens_the_step_late_counts_all_the_same(kit: PlayKit) -> None:
    """Something that happened before is still waiting to be looked at when a creature is slain."""
    ada = await kit.somebody("Ada", at=TAVERN)
    await kit.quests.accept(ada.character_id, "the hunt")
    await kit.settle()
    await kit.quests.abandon(ada.character_id, "hunt")
    sequel = kit.quests.winning(Won(PATH, (ada.character_id,), ("corrupt_wolf",)))

    async def slay() -> None:
        await kit.saved(sequel)

    kit.quests._waiting[ada.character_id] = []
    await slay()
    assert [one.subject for one in kit.quests._waiting.pop(ada.character_id) if one is not None] == ["corrupt_wolf"]


async def test_a_fault_in_what_follows_a_step_keeps_nobody_where_they_were(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")

    def oops() -> None:
        raise ZeroDivisionError

    kit.movement.accompany(lambda _: lambda _: oops)
    await kit.movement.move(ada.character_id, "south")
    await kit.settle()
    assert ada.room_id == PATH


async def test_time_is_looked_at_now_and_then(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    await kit.quests.accept(ada.character_id, "long wait")
    await kit.quests.tend()
    await kit.settle()
    assert (await progress(kit, ada.character_id, WAIT)).step == 0
    kit.clock.advance(timedelta(hours=1))
    await kit.quests.tend()
    await kit.settle()
    assert (await progress(kit, ada.character_id, WAIT)).step == 1
    await kit.quests.tend()  # nothing that stands is open any more
    await kit.do(ada, "talk to keeper")
    await kit.settle()
    assert (await progress(kit, ada.character_id, WAIT)).state is ProgressState.DONE


async def test_events_of_the_world_reach_who_is_in_it(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.quests.accept(ada.character_id, "witness")
    for kind in (EventKind.REALITY_SHIFT, EventKind.AETHERFALL):
        await kit.shards.record(WorldEvent(kind, "It happened", "Really.", kit.clock.now()))
        await kit.settle()
    assert (await progress(kit, ada.character_id, WITNESS)).state is ProgressState.DONE


async def test_things_that_happen_at_once_are_followed_one_after_the_other(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.quests.accept(ada.character_id, "the hunt")
    for _ in range(5):
        await kit.saved(kit.quests.winning(Won(PATH, (ada.character_id,), ("corrupt_wolf",))))
    await kit.settle()
    assert (await progress(kit, ada.character_id, HUNT)).times == 1
    assert len([one for one in kit.heard(ada).of(QuestUpdate) if one.quest.status == "done"]) == 1


async def test_who_talks_to_somebody_with_a_quest_is_told_of_it_once(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    kit.realtime.clear()
    for _ in range(2):
        await kit.do(ada, "talk to keeper")
        await kit.settle()
    (offer,) = kit.heard(ada).of(SystemMessage)
    assert offer.message == (
        "The tavern keeper has a quest for you: Coins for the Keeper. The keeper is short of coins. "
        "To take it on: `quest accept Coins for the Keeper`"
    )


async def test_who_leaves_while_their_quests_are_read_is_not_kept(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    await kit.quests.accept(ada.character_id, "the hunt")
    store = kit.quests._store

    class Slow:
        async def read(self, work: Any) -> Any:
            found = await store.read(work)
            await kit.presence.depart(ada.character_id)
            return found

    kit.quests._store = cast("Any", Slow())
    await kit.quests._read(ada.character_id)
    kit.quests._store = store
    assert ada.character_id not in kit.quests._open


async def test_who_left_is_forgotten_and_read_anew(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    await kit.quests.accept(ada.character_id, "the hunt")
    await kit.presence.depart(ada.character_id)
    await kit.settle()
    assert ada.character_id not in kit.quests._open
    await kit.saved(kit.quests.winning(Won(PATH, (ada.character_id,), ("corrupt_wolf", "corrupt_wolf"))))
    kit.quests.talked(ada.character_id, KEEPER, "work")
    await kit.settle()
    assert (await progress(kit, ada.character_id, HUNT)).times == 1
    assert ada.character_id not in kit.quests._open


async def test_a_character_that_is_no_more_has_no_quests(kit: PlayKit) -> None:
    kit.quests.note(CharacterId("gone"))
    await kit.settle()
    assert await kit.quests.log(CharacterId("gone")) == []


async def test_a_quest_the_world_no_longer_has_rests(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.quests.accept(ada.character_id, "walk")
    await kit.quests.accept(ada.character_id, "long wait")
    fewer = dataclasses.replace(kit.world.world, fingerprint="fewer", quests={})
    await kit.world.apply(fewer)
    await kit.movement.move(ada.character_id, "south")
    kit.quests.note(ada.character_id)
    kit.quests.carries(ada.character_id)
    await kit.quests.tend()
    await kit.settle()
    assert await kit.quests.log(ada.character_id) == []
    assert (await progress(kit, ada.character_id, WALK)).state is ProgressState.ACTIVE
    with pytest.raises(NoQuest):
        await kit.quests.abandon(ada.character_id, "walk")


async def test_two_rewards_at_once_are_both_had_and_each_once(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    for _ in range(3):
        await kit.lay(COIN, ada.character_id, carried=True)
    await kit.quests.accept(ada.character_id, "coins")
    await asyncio.gather(*(kit.do(ada, "ask keeper about coins") for _ in range(4)))
    await kit.settle()
    assert (await kit.sheets.of(ada.character_id)).souls == 20


async def test_what_is_saved_while_quests_are_read_is_not_missed(kit: PlayKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await kit.somebody("Ada")
    await kit.settle()
    kit.quests.gone(ada.character_id)
    read, slow = kit.store.read, asyncio.Event()

    async def late(work: Any) -> Any:
        known = await read(work)
        await slow.wait()
        return known

    monkeypatch.setattr(kit.store, "read", late)
    kit.quests.note(ada.character_id)
    await asyncio.sleep(0)
    monkeypatch.setattr(kit.store, "read", read)
    await kit.quests.accept(ada.character_id, "the hunt")
    slow.set()
    await kit.settle()
    assert list(kit.quests._open[ada.character_id]) == [HUNT]
