"""Things: one holder at every instant, told to those who see it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.clock import FakeClock
from tests.support.play import ANVIL, COIN, GARDEN, KEY, LANTERN, LETTER, SQUARE, TAVERN, PlayKit, small_world

from mythgate.domain.errors import Ambiguous, BadUsage, CannotTake, NoSuchExit, NotHere, NotInWorld, Refused, Repeated
from mythgate.domain.events import InventoryUpdate, RoomItems, RoomMessage, SystemMessage
from mythgate.domain.ids import CharacterId, CommandId, TemplateId
from mythgate.domain.presence import Availability
from mythgate.domain.world import ItemTemplate, Placement
from mythgate.services.ports import CommandKey, Store


async def test_taking_is_saved_and_told(kit: PlayKit) -> None:
    lantern = await kit.lay(LANTERN)
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.realtime.clear()
    done = await kit.things.get(ada.character_id, "lantern")
    assert [item.id for item in done.items] == [lantern.id]
    assert [item.id for item in await kit.carried(ada)] == [lantern.id]
    assert await kit.lying() == []
    assert [one.message for one in kit.heard(bob).of(RoomMessage)] == ["Ada takes a brass lantern."]
    assert [one.items for one in kit.heard(bob).of(RoomItems)] == [[]]
    assert kit.heard(ada).kinds() == ["room_items"]


async def test_dropping_is_saved_and_told(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.lay(LANTERN, ada.character_id, carried=True)
    kit.realtime.clear()
    await kit.things.drop(ada.character_id, "brass lantern")
    assert [item.template_id for item in await kit.lying()] == [LANTERN]
    assert [one.message for one in kit.heard(bob).of(RoomMessage)] == ["Ada drops a brass lantern."]
    assert [item.name for item in kit.heard(bob).of(RoomItems)[-1].items] == ["a brass lantern"]
    with pytest.raises(NotHere):
        await kit.things.drop(ada.character_id, "lantern")
    with pytest.raises(NotHere):
        await kit.things.drop(ada.character_id, "all")


async def test_what_was_moved_is_no_longer_told_where_it_was_placed(kit: PlayKit) -> None:
    coin = dataclasses.replace(small_world().templates[COIN], summary="A coin glints between the cobbles.")
    templates = {**small_world().templates, COIN: coin}
    await kit.world.apply(small_world(templates=templates, placements=(Placement(COIN, SQUARE, 2),)))
    ada = await kit.somebody("Ada")

    async def seen() -> list[tuple[str, int]]:
        return [(row.summary, row.count) for row in (await kit.sight.look(ada)).items]

    assert await seen() == [("A coin glints between the cobbles.", 2)]
    await kit.do(ada, "get coin")
    await kit.lay(COIN)
    assert sorted(await seen()) == [("A coin glints between the cobbles.", 1), ("A copper coin lies here.", 1)]
    assert (await kit.do(ada, "get all coins")).result == "You take a copper coin (×2)."
    await kit.do(ada, "north")
    await kit.do(ada, "drop coin")
    assert await seen() == [("A copper coin lies here.", 1)]
    await kit.do(ada, "get coin")
    await kit.do(ada, "south")
    await kit.do(ada, "drop all")
    assert sorted(await seen()) == [("A coin glints between the cobbles.", 2), ("A copper coin lies here.", 1)]


@pytest.mark.parametrize(
    ("article", "name", "line"),
    [
        ("an", "iron key", "An iron key lies here."),
        ("some", "pears", "Some pears lie here."),
        ("some", "moss", "Some moss lies here."),
        ("", "Excalibur", "Excalibur lies here."),
        ("a", "pair of scissors", "A pair of scissors lies here."),
    ],
)
def test_what_nothing_is_said_about_simply_lies_here(article: str, name: str, line: str) -> None:
    thing = ItemTemplate(TemplateId("x"), name, "It hangs on a nail.", "A thing.", article)
    assert thing.lying(in_place=False) == line


async def test_giving_is_saved_and_told(kit: PlayKit) -> None:
    ada, bob, cid = [await kit.somebody(name) for name in ("Ada", "Bob", "Cid")]
    await kit.lay(LANTERN, ada.character_id, carried=True)
    kit.realtime.clear()
    done = await kit.things.give(ada.character_id, "lantern", bob)
    assert done.lying is None
    assert [item.template_id for item in await kit.carried(bob)] == [LANTERN]
    assert [one.message for one in kit.heard(cid).of(RoomMessage)] == ["Ada gives a brass lantern to Bob."]
    assert [one.message for one in kit.heard(bob).of(RoomMessage)] == ["Ada gives you a brass lantern."]
    assert kit.heard(bob).kinds() == ["room_message", "inventory_update"]
    assert kit.heard(ada).kinds() == []
    assert [row.name for row in kit.heard(bob).of(InventoryUpdate)[0].items] == ["a brass lantern"]
    with pytest.raises(NotHere):
        await kit.things.give(ada.character_id, "lantern", bob)
    with pytest.raises(BadUsage):
        await kit.things.give(ada.character_id, "lantern", ada)


async def test_a_gift_from_somebody_ignored_is_no_riddle(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.chat.ignore(bob, "Ada")
    await kit.lay(LANTERN, ada.character_id, carried=True)
    kit.realtime.clear()
    await kit.things.give(ada.character_id, "lantern", bob)
    assert kit.heard(bob).kinds() == ["inventory_update", "system"]
    assert kit.heard(bob).of(SystemMessage)[0].message == "Somebody hands you a brass lantern."


async def test_giving_needs_both_in_one_room(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob", at=TAVERN)
    await kit.lay(LANTERN, ada.character_id, carried=True)
    with pytest.raises(NotHere, match="Bob is not here"):
        await kit.things.give(ada.character_id, "lantern", bob)


async def test_all_and_all_of_a_kind(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    for template in (COIN, LANTERN, COIN, ANVIL, COIN):
        await kit.lay(template)
    done = await kit.things.get(ada.character_id, "all coins")
    assert [item.template_id for item in done.items] == [COIN] * 3
    assert kit.things.describe(done.items) == "a copper coin (×3)"
    await kit.things.drop(ada.character_id, "all coin")
    done = await kit.things.get(ada.character_id, "ALL")
    assert sorted(item.template_id for item in done.items) == [LANTERN, COIN, COIN, COIN] or len(done.items) == 4
    assert [item.template_id for item in await kit.lying()] == [ANVIL]
    with pytest.raises(NotHere):
        await kit.things.get(ada.character_id, "all lamps")
    with pytest.raises(CannotTake):
        await kit.things.get(ada.character_id, "all")
    done = await kit.things.drop(ada.character_id, "everything")
    assert len(done.items) == 4
    with pytest.raises(NotHere, match="nothing here"):
        await kit.movement.move(ada.character_id, "north")
        await kit.things.get(ada.character_id, "all")


async def test_what_cannot_be_taken(kit: PlayKit) -> None:
    await kit.lay(ANVIL)
    ada, _ = await kit.somebody("Ada"), await kit.somebody("Bob")
    with pytest.raises(CannotTake, match="anvil"):
        await kit.things.get(ada.character_id, "anvil")
    with pytest.raises(CannotTake, match="old fountain"):
        await kit.things.get(ada.character_id, "fountain")
    with pytest.raises(CannotTake, match="Bob"):
        await kit.things.get(ada.character_id, "Bob")
    with pytest.raises(NotHere):
        await kit.things.get(ada.character_id, "unicorn")


async def test_several_of_a_kind(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    for _ in range(5):
        await kit.lay(COIN)
    assert len((await kit.things.get(ada.character_id, "2 coins")).items) == 2
    assert len((await kit.things.get(ada.character_id, "One copper coin")).items) == 1
    with pytest.raises(NotHere, match="only 2 of those"):
        await kit.things.get(ada.character_id, "3 coins")
    assert len((await kit.things.get(ada.character_id, "coins")).items) == 2
    with pytest.raises(NotHere, match="nothing like that"):
        await kit.things.drop(ada.character_id, "2 lanterns")
    assert len((await kit.things.drop(ada.character_id, "4 of coins")).items) == 4
    with pytest.raises(NotHere, match="is only one of those"):
        await kit.things.drop(ada.character_id, "2 coins")
    assert (await kit.things.look_at(ada.character_id, "coins")).text == "A king's head is on it."


async def test_several_things_may_be_meant(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    for template in (KEY, COIN, COIN):
        await kit.lay(template)
    await kit.things.get(ada.character_id, "coin")  # all coins are alike
    with pytest.raises(NotHere):
        await kit.things.get(ada.character_id, "3.coin")


async def test_nobody_carries_more_than_fits(clock: FakeClock, store: Store) -> None:
    kit = PlayKit(clock, store, carry_limit=3)
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    for _ in range(5):
        await kit.lay(COIN)
    assert len((await kit.things.get(ada.character_id, "all")).items) == 3
    with pytest.raises(CannotTake, match="more than 3"):
        await kit.things.get(ada.character_id, "coin")
    with pytest.raises(CannotTake):
        await kit.things.get(ada.character_id, "all")
    await kit.things.get(bob.character_id, "coin")
    with pytest.raises(CannotTake, match="Bob cannot carry"):
        await kit.things.give(ada.character_id, "all", bob)
    await kit.things.give(ada.character_id, "coin", bob)
    assert (len(await kit.carried(ada)), len(await kit.carried(bob))) == (2, 2)


async def test_a_repeat_has_no_second_effect(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    for _ in range(4):
        await kit.lay(COIN)

    def once(number: int) -> CommandKey:
        return CommandKey(ada.character_id, CommandId(f"c{number}"))

    for _ in range(2):
        try:
            await kit.things.get(ada.character_id, "coin", once=once(1))
            await kit.things.get(ada.character_id, "coin", once=once(2))
            await kit.things.drop(ada.character_id, "coin", once=once(3))
            await kit.things.give(ada.character_id, "coin", bob, once=once(4))
        except Repeated:
            pass
    assert (len(await kit.carried(ada)), len(await kit.carried(bob)), len(await kit.lying())) == (0, 1, 3)


async def test_who_is_not_there_has_no_hands(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.presence.depart(ada.character_id)
    for attempt in (
        kit.things.get(ada.character_id, "coin"),
        kit.things.drop(ada.character_id, "coin"),
        kit.things.give(ada.character_id, "coin", bob),
        kit.things.inventory(ada.character_id),
        kit.things.look_at(ada.character_id, "coin"),
        kit.things.read(ada.character_id, "coin"),
    ):
        with pytest.raises(NotInWorld):
            await attempt


# --- at the same time ------------------------------------------------------------------------------


async def test_one_thing_fifty_hands(kit: PlayKit) -> None:
    await kit.lay(LANTERN)
    people = await kit.crowd(50)
    kit.realtime.clear()
    results = await asyncio.gather(
        *(kit.things.get(one.character_id, "lantern") for one in people), return_exceptions=True
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert sum(isinstance(result, Refused) for result in results) == 49
    owners = [one for one in people if await kit.carried(one)]
    assert len(owners) == 1
    assert await kit.lying() == []
    told = [one.message for one in kit.heard(next(one for one in people if one is not owners[0])).of(RoomMessage)]
    assert told == [f"{owners[0].name} takes a brass lantern."]


async def test_two_who_give_to_each_other(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    for _ in range(5):
        await kit.lay(COIN, ada.character_id, carried=True)
        await kit.lay(KEY, bob.character_id, carried=True)
    await asyncio.gather(
        *(kit.things.give(ada.character_id, "coin", bob) for _ in range(5)),
        *(kit.things.give(bob.character_id, "key", ada) for _ in range(5)),
    )
    assert {item.template_id for item in await kit.carried(ada)} == {KEY}
    assert {item.template_id for item in await kit.carried(bob)} == {COIN}


async def test_many_gifts_at_once_respect_what_one_can_carry(clock: FakeClock, store: Store) -> None:
    kit = PlayKit(clock, store, carry_limit=3)
    people = await kit.crowd(10)
    bob = await kit.somebody("Bob")
    for one in people:
        await kit.lay(COIN, one.character_id, carried=True)
    for _ in range(5):
        await kit.lay(COIN)
    await asyncio.gather(
        *(kit.things.give(one.character_id, "coin", bob) for one in people),
        *(kit.things.get(bob.character_id, "coin") for _ in range(5)),
        return_exceptions=True,
    )
    assert len(await kit.carried(bob)) == 3


async def test_what_is_told_last_is_what_lies_there(kit: PlayKit) -> None:
    people = await kit.crowd(10)
    witness = await kit.somebody("Witness")
    for one in people:
        await kit.lay(COIN, one.character_id, carried=True)
    await asyncio.gather(*(kit.things.drop(one.character_id, "coin") for one in people))
    rows = kit.heard(witness).of(RoomItems)[-1].items
    assert [(row.name, row.count) for row in rows] == [("a copper coin", 10)]


ACTS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["get", "drop", "give", "move"])), max_size=25)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
async def test_every_thing_has_one_holder_whatever_happens(kit: PlayKit, acts: list[tuple[int, str]]) -> None:
    if not kit.present.count():
        kit.people = await kit.crowd(4)  # type: ignore[attr-defined]
        for template in (COIN, COIN, LANTERN, KEY):
            await kit.lay(template)
    people = kit.people  # type: ignore[attr-defined]
    work: list[Coroutine[Any, Any, object]] = []
    for index, (who, act) in enumerate(acts):
        actor = people[who]
        if act == "get":
            work.append(kit.things.get(actor.character_id, "all" if index % 3 else "coin"))
        elif act == "drop":
            work.append(kit.things.drop(actor.character_id, "all"))
        elif act == "give":
            work.append(kit.things.give(actor.character_id, "all", people[(who + 1) % 4]))
        else:
            work.append(kit.movement.move(actor.character_id, "north" if index % 2 else "south"))
    for result in await asyncio.gather(*work, return_exceptions=True):
        assert not isinstance(result, Exception) or isinstance(result, Refused), result
    await kit.settle()
    holdings = await kit.holders()
    things = [item for held in holdings.values() for item in held]
    assert len(things) == len(set(things)) == await kit.store.read(lambda tx: tx.items.count())


# --- looking ---------------------------------------------------------------------------------------


async def test_looking_at_all_there_is(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.lay(LANTERN)
    await kit.lay(LETTER, ada.character_id, carried=True)
    look = kit.things.look_at
    assert (await look(ada.character_id, "lantern")).text == "It is dented."
    assert (await look(ada.character_id, "letter")).text == "Sealed."
    assert (await look(ada.character_id, "board")).text == "A board full of notes."
    assert (await look(ada.character_id, "bob")).text == "You see nothing special about Bob."
    assert (await look(ada.character_id, "me")).name == "Ada"
    assert (await look(ada.character_id, "north")).text == "A way leads to the north."
    assert (await look(ada.character_id, "door")).kind == "way"
    await kit.movement.move(ada.character_id, "north")
    assert (await look(ada.character_id, "innkeeper")).text == "A round woman with quick eyes."
    assert (await look(ada.character_id, "s")).text == "A way leads to the south. It leads to the market square."
    assert (await look(ada.character_id, "down")).text == "A way leads down. It is locked."
    await kit.presence.describe(bob.character_id, "A thin man.")
    await kit.presence.set_availability(bob.character_id, Availability.AWAY, "tea")
    await kit.movement.move(bob.character_id, "north")
    assert (await look(ada.character_id, "bob")).text == "A thin man. Bob is away: tea"
    kit.presence.on_detached(bob.character_id)
    assert "connection is lost" in (await look(ada.character_id, "bob")).text


async def test_hidden_ways_are_not_seen_before_one_was_there(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    for words in ("west", "up"):
        with pytest.raises(NoSuchExit):
            await kit.things.look_at(ada.character_id, words)
    await kit.movement.move(ada.character_id, "west")
    assert ada.room_id == GARDEN
    await kit.movement.move(ada.character_id, "east")
    assert "the garden" in (await kit.things.look_at(ada.character_id, "west")).text
    with pytest.raises(NotHere):
        await kit.things.look_at(ada.character_id, "unicorn")


async def test_reading(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.lay(LETTER)
    await kit.lay(COIN)
    assert (await kit.things.read(ada.character_id, "notice board")).read_text == "Wanted: a lamplighter."
    assert (await kit.things.read(ada.character_id, "letter")).read_text == "Meet me at the fountain."
    assert (await kit.things.read(ada.character_id, "coin")).read_text is None
    with pytest.raises(NotHere):
        await kit.things.read(ada.character_id, "unicorn")


async def test_finding_people(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.somebody("Bobo")
    assert kit.things.find_person(ada, "BOB") is bob
    with pytest.raises(Ambiguous):
        kit.things.find_person(ada, "bo")
    with pytest.raises(NotHere, match="Nobody"):
        kit.things.find_person(ada, "keeper")
    with pytest.raises(NotHere, match="talk to"):
        kit.things.find_inhabitant(ada, "keeper")
    assert CharacterId(kit.things.find_person(ada, "ada").character_id) == ada.character_id
    assert ada.room_id == SQUARE


async def test_a_thing_dropped_while_leaving_still_lies_there(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.lay(COIN, ada.character_id, carried=True)
    kit.realtime.clear()
    dropping = asyncio.create_task(kit.things.drop(ada.character_id, "coin"))
    await asyncio.sleep(0)
    kit.realtime.end(ada.character_id, "expired")
    await dropping
    await kit.settle()
    assert [row.name for row in kit.heard(bob).of(RoomItems)[-1].items] == ["a copper coin"]
    assert kit.heard(bob).of(RoomMessage) == []


async def test_all_of_what_is_not_there(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.lay(COIN)
    for words in ("all unicorn", "all unicorns"):
        with pytest.raises(NotHere):
            await kit.things.get(ada.character_id, words)


# --- stacks ----------------------------------------------------------------------------------------


async def _stack(kit: PlayKit, holder: CharacterId, quantity: int) -> None:
    await kit.store.write(lambda tx: kit.sheets.grant(tx, holder, COIN, quantity))


async def test_of_a_stack_as_many_change_hands_as_are_named(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await _stack(kit, ada.character_id, 10)
    done = await kit.things.give(ada.character_id, "3 coins", bob)
    assert [item.quantity for item in done.items] == [3]
    assert [item.quantity for item in done.carried] == [7]
    assert done.carried == await kit.carried(ada)
    assert done.received == await kit.carried(bob)
    assert kit.things.describe(done.items) == "a copper coin (×3)"
    done = await kit.things.drop(ada.character_id, "coin")
    assert [item.quantity for item in await kit.carried(ada)] == [6]
    assert done.lying == await kit.lying()
    await kit.things.drop(ada.character_id, "2 coins")
    assert [item.quantity for item in await kit.lying()] == [1, 2]
    done = await kit.things.get(bob.character_id, "2 coins")  # one whole item, and a part of the other
    assert [item.quantity for item in done.items] == [1, 1]
    assert done.lying == await kit.lying()
    assert [item.quantity for item in await kit.lying()] == [1]
    await kit.things.drop(ada.character_id, "coins")
    assert await kit.carried(ada) == []
    with pytest.raises(NotHere, match="only 5"):
        await kit.things.get(ada.character_id, "8 coins")
    assert sum(item.quantity for item in (await kit.things.get(ada.character_id, "all")).items) == 5
    assert sum(row.count for row in await kit.things.inventory(bob.character_id)) == 5
