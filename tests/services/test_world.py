"""The world while people are in it: seeding, reload, inhabitants, restocking, clock."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.support.clock import FakeClock
from tests.support.databases import PostgresServer
from tests.support.play import (
    CELLAR,
    CLOSET,
    COIN,
    GARDEN,
    KEY,
    LANTERN,
    LETTER,
    PATH,
    SQUARE,
    TAVERN,
    PlayKit,
    small_world,
)

from mythgate.backends.sql import open_store
from mythgate.backends.sql.characters import SqlCharacters
from mythgate.domain.accounts import Role
from mythgate.domain.characters import Character
from mythgate.domain.errors import NoCharacter, NotFound, PermissionDenied
from mythgate.domain.events import (
    AdminEvent,
    ChatMessage,
    Event,
    GameTick,
    RoomItems,
    RoomMessage,
    RoomUpdate,
    SystemMessage,
)
from mythgate.domain.ids import CharacterId, InhabitantId, RoomId, Topic, room_topic
from mythgate.domain.world import (
    Daypart,
    Inhabitant,
    Placement,
    Problem,
    Utterance,
    World,
)
from mythgate.services.ports import LoadedWorld, Store, Transaction
from mythgate.services.world import EPOCH, WorldPolicy, WorldService, _rehouse, item_views, occupant_view, room_view

HALF = lambda: 0.5


def without(world: World, *gone: RoomId, **changes: Any) -> World:
    """The world with rooms and all ways to them taken out."""
    rooms = {
        room_id: dataclasses.replace(room, exits={d: way for d, way in room.exits.items() if way.target not in gone})
        for room_id, room in world.rooms.items()
        if room_id not in gone
    }
    return dataclasses.replace(world, fingerprint="smaller", rooms=rooms, **changes)


def with_room(world: World, room_id: RoomId, **changes: Any) -> World:
    """The world with one room changed."""
    rooms = {**world.rooms, room_id: dataclasses.replace(world.require(room_id), **changes)}
    return dataclasses.replace(world, fingerprint=world.fingerprint + "+", rooms=rooms)


class Drafts:
    """A `WorldSource` whose next loads a test lays out."""

    def __init__(self, *drafts: LoadedWorld | Exception) -> None:
        self.drafts = list(drafts)
        self.asked = asyncio.Event()

    async def load(self) -> LoadedWorld:
        draft = self.drafts.pop(0)
        if isinstance(draft, Exception):
            raise draft
        return draft

    async def changed(self) -> bool:
        if not self.drafts:
            self.asked.set()
        return bool(self.drafts)


def service(kit: PlayKit, *drafts: LoadedWorld | Exception, **policy: Any) -> WorldService:
    """Another service over the same parts, that reads `drafts`."""
    return WorldService(
        kit.world_data,
        source=Drafts(*drafts),
        store=kit.store,
        presence=kit.present,
        realtime=kit.realtime,
        clock=kit.clock,
        ids=kit.ids,
        policy=WorldPolicy(**policy),
    )


# --- seeding ---------------------------------------------------------------------------------------


async def test_things_are_brought_forth_once_and_never_again(kit: PlayKit) -> None:
    stocked = dataclasses.replace(small_world(), placements=(Placement(COIN, SQUARE, 2), Placement(KEY, PATH)))
    assert (await kit.world.apply(stocked)).items == 3
    assert [item.template_id for item in await kit.lying()] == [COIN, COIN]
    assert {item.origin for item in await kit.lying()} == {f"{SQUARE}/{COIN}#1", f"{SQUARE}/{COIN}#2"}

    one = await kit.somebody("Ada", at=SQUARE)
    await kit.do(one, "get coin")
    assert (await kit.world.start()).items == 0
    assert len(await kit.lying()) == 1
    assert len(await kit.carried(one)) == 1


async def test_a_reload_that_adds_things_brings_forth_only_those(kit: PlayKit) -> None:
    await kit.world.apply(dataclasses.replace(small_world(), placements=(Placement(COIN, SQUARE),)))
    more = dataclasses.replace(small_world(), placements=(Placement(COIN, SQUARE, 3), Placement(LANTERN, SQUARE)))
    applied = await kit.world.apply(more)
    assert applied.items == 3
    assert SQUARE in applied.rooms
    assert sorted(item.template_id for item in await kit.lying()) == [COIN, COIN, COIN, LANTERN]


async def test_who_shows_rooms_hears_what_was_laid_where(kit: PlayKit) -> None:
    told: list[RoomId] = []
    kit.world.on_items_changed = told.append
    await kit.world.apply(dataclasses.replace(small_world(), placements=(Placement(COIN, PATH),)))
    assert told == [PATH]


# --- reload ----------------------------------------------------------------------------------------


async def test_people_in_a_changed_room_see_it_change_and_nobody_else_does(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada", at=SQUARE), await kit.somebody("Bob", at=PATH)
    kit.realtime.clear()
    applied = await kit.world.apply(with_room(small_world(), SQUARE, description="It was painted blue."))
    assert applied.rooms == {SQUARE}
    (update,) = kit.heard(ada).of(RoomUpdate)
    assert update.room.description == "It was painted blue."
    assert [view.name for view in update.room.players] == ["Ada"]
    assert [line.message for line in kit.heard(ada).of(RoomMessage)] == ["Something about this place has changed."]
    assert kit.heard(bob).events == []


async def test_a_change_one_does_not_read_is_not_told_in_words(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=SQUARE)
    kit.realtime.clear()
    await kit.world.apply(with_room(small_world(), SQUARE, capacity=7))
    await kit.world.apply(small_world(placements=(Placement(COIN, SQUARE),)))
    assert kit.heard(ada).kinds() == ["room_update"] * 2


async def test_hidden_ways_stay_hidden_in_an_update(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada", at=SQUARE), await kit.somebody("Bob", at=GARDEN)
    await kit.do(bob, "east")
    kit.realtime.clear()
    await kit.world.apply(with_room(small_world(), SQUARE, description="It was painted blue."))
    assert "west" not in kit.heard(ada).of(RoomUpdate)[0].room.exits
    assert kit.heard(bob).of(RoomUpdate)[0].room.exits["west"] == GARDEN


async def test_who_stood_in_a_room_that_is_gone_finds_themselves_at_the_start(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada", at=PATH), await kit.somebody("Bob", at=SQUARE)
    sleeper = await kit.somebody("Cy", at=PATH)
    await kit.presence.depart(sleeper.character_id)
    kit.realtime.end(sleeper.character_id, "quit")
    kit.realtime.clear()

    applied = await kit.world.apply(without(small_world(), PATH))
    await kit.settle()
    assert applied.displaced == 2
    for one in (ada, sleeper):
        outlook = await kit.world.outlook(kit.caller_of(one))
        assert (outlook.here.id, outlook.explored) == (SQUARE, frozenset({SQUARE}))
    assert ada.room_id == SQUARE
    assert [message.message for message in kit.heard(ada).of(SystemMessage)] == [
        "The place you were in is gone. You find yourself in the market square."
    ]
    assert kit.heard(ada).of(RoomUpdate)[-1].room.id == SQUARE
    assert "Ada" in [view.name for view in kit.sight.occupants(SQUARE)]
    assert kit.heard(bob).of(SystemMessage) == []


async def test_a_thing_that_looks_different_is_shown_to_everybody(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=PATH)
    await kit.lay(COIN, PATH)
    world = small_world()
    gilded = dataclasses.replace(world.template(COIN), name="gold coin")
    kit.realtime.clear()
    await kit.world.apply(dataclasses.replace(world, fingerprint="gilded", templates={**world.templates, COIN: gilded}))
    assert [item.name for item in kit.heard(ada).of(RoomUpdate)[0].room.items] == ["a gold coin"]


async def test_one_who_stepped_into_a_room_as_it_vanished_is_fetched_at_the_next_tick(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=SQUARE)
    await kit.world.apply(without(small_world(), PATH))
    # A step that was decided before and saved after.
    await kit.put(ada.character_id, PATH)
    kit.present.relocate(ada.character_id, PATH)
    kit.realtime.unsubscribe(ada.character_id, room_topic(SQUARE))
    kit.realtime.subscribe(ada.character_id, room_topic(PATH))
    kit.world.on_displaced = None
    await kit.world.tick(kit.clock.now(), HALF)
    assert ada.room_id == SQUARE
    await kit.check()


async def test_movers_under_way_during_a_reload_end_up_somewhere_that_exists(kit: PlayKit) -> None:
    people = await kit.crowd(20, at=SQUARE)

    async def wander(index: int) -> None:
        for _ in range(4):
            await kit.do(people[index], ("south", "north", "west", "east")[index % 4])
            await kit.do(people[index], ("north", "south", "east", "west")[index % 4])

    await asyncio.gather(*(wander(index) for index in range(20)), kit.world.apply(without(small_world(), PATH, GARDEN)))
    await kit.settle()
    await kit.world.tick(kit.clock.now(), HALF)  # whoever stepped into a room as it vanished is fetched now
    await kit.settle()
    await kit.check()
    places = {one.room_id for one in kit.present.all()}
    assert places <= kit.world.world.rooms.keys()
    assert await kit.store.read(lambda tx: tx.characters.outside(kit.world.world.rooms)) == []


def _delete(tx: Transaction, body: Character) -> None:
    body.deleted_at = body.created_at
    tx.characters.save(body)


def _purge(tx: Transaction, body: Character) -> None:
    _delete(tx, body)
    assert tx.characters.purge_deleted(body.created_at + timedelta(days=1)) == 1


def _go_elsewhere(tx: Transaction, body: Character) -> None:
    tx.characters.relocate(body, TAVERN, body.created_at)


@pytest.mark.parametrize("change", [_delete, _purge, _go_elsewhere])
async def test_who_needs_no_new_place_any_more_is_left_alone(
    postgres: PostgresServer,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Transaction, Character], None],
) -> None:
    """A reload reads who stands in rooms it takes away, and by the time it moves them one has changed."""
    async with postgres.borrowed_database() as url, open_store(url, clock=clock) as store, asyncio.timeout(20):
        kit = PlayKit(clock, store)
        ada = await kit.somebody("Ada", at=PATH)
        await kit.presence.depart(ada.character_id)
        changed, listed = asyncio.Event(), asyncio.Event()
        outside = SqlCharacters.outside

        def listing(characters: SqlCharacters, rooms: Collection[RoomId]) -> list[Character]:
            found = outside(characters, rooms)
            listed.set()
            return found

        def hold(tx: Transaction) -> None:
            change(tx, tx.characters.require(ada.character_id))
            changed.set()
            while not listed.is_set():
                tx.accounts.count()  # the loop runs meanwhile

        monkeypatch.setattr(SqlCharacters, "outside", listing)
        holding = asyncio.create_task(store.write(hold))
        await changed.wait()
        applied = await kit.world.apply(without(small_world(), PATH))
        await holding
        assert applied.displaced == 0
        body = await store.read(lambda tx: tx.characters.get(ada.character_id))
        assert body is None or body.room_id == (TAVERN if change is _go_elsewhere else PATH)


async def test_only_admins_reload(kit: PlayKit) -> None:
    for role in (Role.PLAYER, Role.MODERATOR):
        with pytest.raises(PermissionDenied):
            await kit.world.reload(await kit.caller(f"A {role.value}", role=role))
    done = await kit.world.reload(await kit.caller("An admin", role=Role.ADMIN))
    assert done.problems == ()
    assert done.applied is not None
    assert not done.applied.rooms


async def test_a_world_with_problems_changes_nothing(kit: PlayKit) -> None:
    problem = Problem("zones/x.yaml", 3, 5, "there is no room 'bb'")
    world = service(kit, LoadedWorld(None, (problem,)))
    done = await world.refresh()
    assert (done.problems, done.applied) == ((problem,), None)
    assert world.world is kit.world_data


async def test_the_staff_hear_when_the_packs_break_and_when_they_are_well_again(kit: PlayKit) -> None:
    mira = await kit.somebody("Mira", role=Role.MODERATOR)
    bob = await kit.somebody("Bob")
    kit.realtime.clear()
    first, second = Problem("x", 1, 2, "there is no room 'bb'"), Problem("y", 1, 1, "?")
    broken, twice = LoadedWorld(None, (first,)), LoadedWorld(None, (first, second))
    sound, other = LoadedWorld(kit.world_data, ()), LoadedWorld(with_room(small_world(), SQUARE, name="blue"), ())
    world = service(kit, sound, broken, broken, twice, sound, sound, broken, other)
    for _ in range(8):
        await world.refresh()
    assert [event.message for event in kit.heard(mira).of(AdminEvent)] == [
        "The world packs cannot be used: x:1:2: there is no room 'bb'.",
        "The world packs cannot be used: x:1:2: there is no room 'bb'. And 1 more.",
        "The world is well again.",
        "The world packs cannot be used: x:1:2: there is no room 'bb'.",
        "The world is well again.",
    ]
    assert kit.heard(bob).of(AdminEvent) == []


async def test_a_sound_world_replaces_the_old_one(kit: PlayKit) -> None:
    new = with_room(small_world(), SQUARE, name="the blue square")
    world = service(kit, LoadedWorld(new, ()))
    done = await world.refresh()
    assert done.applied is not None
    assert done.applied.rooms == {SQUARE}
    assert world.world is new


async def test_watching_reloads_what_changed_and_survives_what_breaks(
    kit: PlayKit, caplog: pytest.LogCaptureFixture
) -> None:
    new = with_room(small_world(), SQUARE, name="the blue square")
    drafts = (OSError("the disk is gone"), LoadedWorld(None, (Problem("x", 1, 1, "?"),)), LoadedWorld(new, ()))
    world = service(kit, *drafts, watch_interval=timedelta(0))
    source = world._source
    assert isinstance(source, Drafts)
    with caplog.at_level(logging.WARNING):
        watching = asyncio.create_task(world.watch())
        await source.asked.wait()
        watching.cancel()
    assert world.world is new
    assert [record.message for record in caplog.records] == ["world packs could not be read", "world not reloaded"]


# --- views -----------------------------------------------------------------------------------------


async def test_a_view_says_what_one_sees(kit: PlayKit) -> None:
    world = small_world()
    ada = await kit.somebody("Ada", at=TAVERN)
    view = room_view(
        world,
        world.require(TAVERN),
        occupants=[occupant_view(ada)],
        inhabitants=kit.world.inhabitants_in(TAVERN),
        items=[],
        explored={SQUARE, CELLAR},
    )
    assert view.exits == {"south": SQUARE, "up": None, "down": None}
    down = next(way for way in view.ways if way.direction == "down")
    assert (down.locked, down.room_id, down.name) == (True, None, "the cellar")
    assert (view.occupants, view.occupant_count) == (["Ada", "the tavern keeper"], 2)
    assert [npc.summary for npc in view.npcs] == ["The tavern keeper polishes a mug."]
    assert (view.zone_name, view.environment, view.map_x, view.map_y) == ("The Town", "outdoors", 0, -1)


async def test_things_alike_share_a_row(kit: PlayKit) -> None:
    items = [await kit.lay(template) for template in (COIN, LANTERN, COIN)]
    rows = item_views(small_world(), items)
    assert [(row.id, row.name, row.count) for row in rows] == [
        (items[0].id, "a copper coin", 2),
        (items[1].id, "a brass lantern", 1),
    ]


async def test_a_row_says_whether_one_can_read_it(kit: PlayKit) -> None:
    rows = item_views(small_world(), [await kit.lay(template) for template in (COIN, LETTER)])
    assert [(row.name, row.readable) for row in rows] == [("a copper coin", False), ("a letter", True)]


async def test_an_occupant_is_seen_linkdead_before_anything_else(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert occupant_view(ada).status == "online"
    ada.linkdead_since = kit.clock.now()
    assert occupant_view(ada).status == "linkdead"
    ada.linkdead_since = None


# --- what a caller may know ------------------------------------------------------------------------


async def test_a_caller_knows_the_rooms_their_character_was_in(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=SQUARE)
    caller = kit.caller_of(ada)
    await kit.do(ada, "north")
    outlook = await kit.world.outlook(caller)
    assert (outlook.here.id, outlook.explored, outlook.is_staff) == (TAVERN, frozenset({SQUARE, TAVERN}), False)
    assert (await kit.world.view_room(caller, SQUARE)).name == "the market square"
    for unknown in (PATH, RoomId("nowhere")):
        with pytest.raises(NotFound):
            await kit.world.view_room(caller, unknown)


async def test_who_and_what_is_in_a_room_shows_only_to_those_in_it(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada", at=SQUARE), await kit.somebody("Bob", at=SQUARE)
    await kit.lay(COIN)
    inside = await kit.world.view_room(kit.caller_of(ada), SQUARE)
    assert (inside.occupants, [item.name for item in inside.items]) == (["Ada", "Bob"], ["a copper coin"])
    await kit.do(ada, "north")
    outside = await kit.world.view_room(kit.caller_of(ada), SQUARE)
    assert (outside.occupants, outside.items, outside.npcs) == ([], [], [])
    admin = await kit.caller("An admin", role=Role.ADMIN)
    assert (await kit.world.view_room(admin, SQUARE)).occupants == [bob.name]
    assert (await kit.world.view_room(admin, PATH)).name == "the path"


async def test_without_a_character_one_knows_nothing(kit: PlayKit) -> None:
    with pytest.raises(NoCharacter):
        await kit.world.outlook(await kit.caller("Nobody"))
    outlook = await kit.world.outlook(await kit.caller("An admin", role=Role.ADMIN))
    assert (outlook.character_id, outlook.here.id, outlook.explored) == (None, SQUARE, frozenset())


async def test_one_who_left_the_world_still_knows_it(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=PATH)
    await kit.presence.depart(ada.character_id)
    kit.realtime.end(ada.character_id, "quit")
    outlook = await kit.world.outlook(kit.caller_of(ada))
    assert (outlook.here.id, outlook.character_id) == (PATH, ada.character_id)


# --- inhabitants -----------------------------------------------------------------------------------


def townsfolk(**changes: Any) -> World:
    """The small world with a keeper who talks, and a bard who walks between tavern and square."""
    world = small_world()
    keeper = dataclasses.replace(
        world.require(TAVERN).inhabitants[0],
        lines=(Utterance("Ale!"), Utterance("wipes the bar.", action=True)),
        line_interval=timedelta(minutes=2),
    )
    bard = Inhabitant(  # says nothing at all
        id=InhabitantId("bard"),
        name="Finn Bell",
        summary="Finn Bell tunes a lute.",
        description="A thin man.",
        room=SQUARE,
        route=(SQUARE, PATH),
        pace=timedelta(minutes=1),
        **changes,
    )
    rooms = {
        **world.rooms,
        TAVERN: dataclasses.replace(world.require(TAVERN), inhabitants=(keeper,)),
        SQUARE: dataclasses.replace(world.require(SQUARE), inhabitants=(bard,)),
    }
    return dataclasses.replace(world, rooms=rooms, fingerprint="townsfolk")


@pytest.fixture
async def town(clock: FakeClock, store: Store) -> PlayKit:
    return PlayKit(clock, store, townsfolk())


async def test_an_inhabitant_greets_and_not_again_too_soon(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada", at=TAVERN), await kit.somebody("Bob", at=TAVERN)
    kit.clock.advance(timedelta(minutes=11))
    kit.realtime.clear()
    greeting = "The tavern keeper says: Welcome, Bob!"
    for _ in range(2):
        kit.world.on_entered(bob.character_id, "Bob", TAVERN)
        assert kit.heard(ada).lines() == kit.heard(bob).lines() == [greeting]
    kit.clock.advance(timedelta(minutes=11))
    kit.world.on_entered(bob.character_id, "Bob", TAVERN)
    assert kit.heard(bob).lines() == [greeting, greeting]
    (message, *_) = kit.heard(ada).of(ChatMessage)
    assert (message.speaker_kind, message.channel, message.player_id) == ("npc", "say", "keeper")


async def test_who_comes_together_is_greeted_once(clock: FakeClock, store: Store) -> None:
    world = small_world()
    (keeper,) = world.require(TAVERN).inhabitants
    cook = dataclasses.replace(keeper, id=InhabitantId("cook"), name="the cook")
    tavern = dataclasses.replace(world.require(TAVERN), inhabitants=(keeper, cook))
    kit = PlayKit(clock, store, dataclasses.replace(world, rooms={**world.rooms, TAVERN: tavern}))
    ada = await kit.somebody("Ada", at=TAVERN)
    kit.clock.advance(timedelta(minutes=11))
    kit.realtime.clear()
    for name in ("Bob", "Cid", "Dora"):
        kit.world.on_entered(CharacterId(name), name, TAVERN)
    assert kit.heard(ada).lines() == ["The tavern keeper says: Welcome, Bob!"]
    kit.clock.advance(timedelta(seconds=15))
    kit.world.on_entered(CharacterId("Bob"), "Bob", TAVERN)  # by who has not greeted him yet
    assert kit.heard(ada).lines()[1:] == ["The cook says: Welcome, Bob!"]


async def test_greetings_are_forgotten_when_there_are_very_many(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    kit.world.policy = dataclasses.replace(kit.world.policy, greet_next_after=timedelta(0))
    for number in range(10_001):
        kit.world.on_entered(CharacterId(f"ghost {number}"), "Ghost", TAVERN)
    kit.clock.advance(timedelta(minutes=11))
    kit.world.on_entered(ada.character_id, "Ada", TAVERN)
    assert len(kit.world._greeted) == 1


async def test_idle_lines_are_for_company_only_and_not_said_twice_running(town: PlayKit) -> None:
    spoken: list[str] = []
    town.realtime.observers.append(lambda _, event: spoken.append(getattr(event.payload, "text", "")))
    for room_id in (SQUARE, TAVERN):  # one has no greeting, the other nobody who would hear it
        town.world.on_entered(CharacterId("somebody"), "Somebody", room_id)
    for _ in range(50):
        town.clock.advance(timedelta(minutes=1))
        await town.world.inhabitants_tick(town.clock.now(), HALF)
    assert spoken == []

    ada = await town.somebody("Ada", at=TAVERN)
    town.realtime.clear()
    for _ in range(10):
        town.clock.advance(timedelta(minutes=1))
        await town.world.inhabitants_tick(town.clock.now(), HALF)
    lines = town.heard(ada).lines()
    # Two minutes at one half: a line every second minute, the first two minutes after company came.
    assert lines == [line for _ in range(3) for line in lines[:2]][: len(lines)]
    assert len(lines) == 4
    assert set(lines) == {"The tavern keeper says: Ale!", "The tavern keeper wipes the bar."}
    assert {message.channel for message in town.heard(ada).of(ChatMessage)} == {"say", "emote"}


async def test_a_wanderer_is_seen_leaving_and_arriving(town: PlayKit) -> None:
    ada, bob = await town.somebody("Ada", at=SQUARE), await town.somebody("Bob", at=PATH)
    here, there = (ada, bob) if town.world.inhabitants_in(SQUARE) else (bob, ada)
    assert [one.id for one in town.world.inhabitants_in(here.room_id)] == ["bard"]
    town.realtime.clear()
    town.clock.advance(timedelta(minutes=1))
    await town.world.tick(town.clock.now(), HALF)
    assert [one.id for one in town.world.inhabitants_in(there.room_id)] == ["bard"]
    assert town.world.inhabitants_in(here.room_id) == ()
    assert [m.message for m in town.heard(here).of(RoomMessage)] == ["Finn Bell walks away."]
    assert [m.message for m in town.heard(there).of(RoomMessage)] == ["Finn Bell arrives."]
    town.realtime.clear()
    await town.world.tick(town.clock.now(), HALF)
    assert town.heard(here).of(RoomMessage) == []


async def test_a_reload_forgets_inhabitants_that_are_gone(town: PlayKit) -> None:
    ada = await town.somebody("Ada", at=TAVERN)
    await town.world.inhabitants_tick(town.clock.now(), HALF)
    assert town.world._next_line.keys() == {"keeper"}
    nobody = {room_id: dataclasses.replace(room, inhabitants=()) for room_id, room in townsfolk().rooms.items()}
    await town.world.apply(dataclasses.replace(townsfolk(), rooms=nobody, fingerprint="empty"))
    assert town.world._next_line == {}
    assert town.world.inhabitants_in(ada.room_id) == ()


@pytest.mark.parametrize(
    ("text", "carried", "answer"),
    [
        ("cellar", (), "It is locked, {name}."),
        ("the CELLAR, please", (KEY,), "So you found the key!"),
        ("what do you sell?", (), None),
        ("your wares", (), "Ale, two coins."),
        ("the weather", (), "I would not know."),
    ],
)
def test_answers(text: str, carried: Sequence[Any], answer: str | None) -> None:
    world = small_world()
    keeper = world.require(TAVERN).inhabitants[0]
    answering = WorldService.answer
    expected = "Ale, two coins." if answer is None else answer
    assert answering(None, keeper, text, carried) == expected  # type: ignore[arg-type]


def test_one_with_nothing_to_say_says_nothing() -> None:
    silent = dataclasses.replace(small_world().require(TAVERN).inhabitants[0], subjects=(), fallback="", wares="")
    assert WorldService.answer(None, silent, "wares") is None  # type: ignore[arg-type]


async def test_talk_is_answered_when_one_is_named_or_alone(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    assert kit.world.heard("Ada", TAVERN, "What is in the cellar?")
    assert kit.heard(ada).lines()[-1] == "The tavern keeper says: It is locked, Ada."
    kit.clock.advance(timedelta(seconds=3))
    assert not kit.world.heard("Ada", TAVERN, "What a lovely day.")

    await kit.somebody("Bob", at=TAVERN)
    assert not kit.world.heard("Ada", TAVERN, "What is in the cellar?")
    assert kit.world.heard("Ada", TAVERN, "Innkeeper, what is in the cellar?")
    assert not kit.world.heard("Ada", TAVERN, "Keeper? Keeper?"), "not faster than the gap"
    kit.clock.advance(timedelta(seconds=3))
    assert kit.world.heard("Ada", TAVERN, "Keeper, lovely day?")
    assert kit.heard(ada).lines()[-1] == "The tavern keeper says: I would not know."
    assert not kit.world.heard("Ada", SQUARE, "Keeper?"), "nobody lives there"


# --- coming back -----------------------------------------------------------------------------------


@pytest.fixture
async def shop(clock: FakeClock, store: Store) -> PlayKit:
    """The square has two lanterns that come back ten minutes after they were taken, and a coin that does not."""
    placements = (Placement(LANTERN, SQUARE, 2, timedelta(minutes=10)), Placement(COIN, SQUARE))
    kit = PlayKit(clock, store, dataclasses.replace(small_world(), placements=placements))
    await kit.world.start()
    return kit


def pass_time(kit: PlayKit, **time: float) -> None:
    kit.clock.advance(timedelta(**time))


async def test_what_was_taken_comes_back_after_its_time_and_no_sooner(shop: PlayKit) -> None:
    ada = await shop.somebody("Ada", at=SQUARE)
    shop.world.on_items_changed = shop.sight.items_changed
    await shop.do(ada, "get lantern")
    await shop.do(ada, "get coin")
    assert await shop.world.restock(shop.clock.now()) == 0  # from now on it is known to be missing
    pass_time(shop, minutes=9)
    assert await shop.world.restock(shop.clock.now()) == 0
    shop.realtime.clear()
    pass_time(shop, minutes=1)
    assert await shop.world.restock(shop.clock.now()) == 1
    assert [item.template_id for item in await shop.lying()] == [LANTERN, LANTERN]
    (told,) = shop.heard(ada).of(RoomItems)
    assert [(row.name, row.count) for row in told.items] == [("a brass lantern", 2)]
    assert await shop.world.restock(shop.clock.now()) == 0


async def test_what_was_put_back_by_hand_does_not_come_back_as_well(shop: PlayKit) -> None:
    ada = await shop.somebody("Ada", at=SQUARE)
    await shop.do(ada, "get lantern")
    await shop.world.restock(shop.clock.now())
    await shop.do(ada, "drop lantern")
    await shop.world.restock(shop.clock.now())  # it is there: the wait is over
    await shop.do(ada, "get lantern")
    pass_time(shop, minutes=11)
    assert await shop.world.restock(shop.clock.now()) == 0  # a new wait begins
    pass_time(shop, minutes=10)
    assert await shop.world.restock(shop.clock.now()) == 1


async def test_copies_left_lying_about_are_cleared_away_after_a_day(shop: PlayKit) -> None:
    ada = await shop.somebody("Ada", at=SQUARE)
    await shop.do(ada, "get lantern")
    await shop.do(ada, "get lantern")
    await shop.world.restock(shop.clock.now())
    pass_time(shop, minutes=10)
    await shop.do(ada, "south")
    assert await shop.world.restock(shop.clock.now()) == 2
    await shop.do(ada, "north")
    await shop.do(ada, "get lantern")
    await shop.do(ada, "south")
    for _ in range(3):
        await shop.do(ada, "drop lantern")
    assert len(await shop.lying(PATH)) == 3
    assert await shop.world.clear_litter(shop.clock.now()) == 0
    pass_time(shop, hours=25)
    shop.realtime.clear()
    assert await shop.world.clear_litter(shop.clock.now()) == 1
    assert [item.origin.count("@") for item in await shop.lying(PATH)] == [0, 0], "the first ones are nobody's litter"
    assert len(shop.heard(ada).of(RoomItems)) == 1
    assert len(await shop.lying(SQUARE)) == 2, "what lies at home is no litter"


async def test_a_world_without_such_things_restocks_nothing(kit: PlayKit) -> None:
    assert await kit.world.restock(kit.clock.now()) == 0


# --- time ------------------------------------------------------------------------------------------


async def test_a_tick_tells_everybody_the_time(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    kit.realtime.clear()
    await kit.world.tick(kit.clock.now(), HALF)
    (event,) = [event for event in kit.heard(ada).events if isinstance(event.payload, GameTick)]
    tick = event.payload
    assert isinstance(tick, GameTick)
    assert (tick.players, tick.timestamp, event.coalesce) == (1, kit.clock.now(), "game_tick")
    assert tick.world_time == kit.world.time().bell_text
    pass_time(kit, seconds=10)
    assert kit.world.tick_number(kit.clock.now()) == tick.tick_number + 1


async def test_ticks_come_at_multiples_of_the_interval(kit: PlayKit) -> None:
    assert kit.world.until_next_tick(EPOCH) == timedelta(seconds=10)
    assert kit.world.until_next_tick(EPOCH + timedelta(seconds=3)) == timedelta(seconds=7)
    assert kit.world.tick_number(EPOCH + timedelta(seconds=29)) == 2


async def test_the_state_of_the_world(kit: PlayKit) -> None:
    await kit.somebody("Ada")
    state = kit.world.state()
    assert (state.players, state.world, state.now) == (1, kit.world.world, kit.clock.now())
    assert state.tick == kit.world.tick_number(kit.clock.now())
    assert kit.world.daypart in Daypart


async def test_the_heart_beats_on_when_a_beat_fails(kit: PlayKit, caplog: pytest.LogCaptureFixture) -> None:
    await kit.somebody("Ada")
    world = service(kit, tick_interval=timedelta(microseconds=1))
    beats: list[int] = []
    enough = asyncio.Event()

    def broken_on_purpose() -> None:
        raise RuntimeError

    def count(_: Topic, event: Event) -> None:
        if isinstance(event.payload, GameTick):
            beats.append(event.payload.tick_number)
            if len(beats) == 3:
                enough.set()
            broken_on_purpose()

    kit.realtime.observers.append(count)
    beating = asyncio.create_task(world.run(HALF))
    await enough.wait()
    beating.cancel()
    kit.realtime.observers.remove(count)
    assert "tick failed" in caplog.text


async def test_a_timer_that_rings_early_brings_no_tick_twice(kit: PlayKit) -> None:
    """The clock stands still: each timer rings before its time."""
    await kit.somebody("Ada")
    world = service(kit, tick_interval=timedelta(milliseconds=1))
    beats: list[int] = []
    enough = asyncio.Event()

    def count(_: Topic, event: Event) -> None:
        if isinstance(event.payload, GameTick):
            beats.append(event.payload.tick_number)
            if len(beats) == 4:
                enough.set()

    kit.realtime.observers.append(count)
    beating = asyncio.create_task(world.run(HALF))
    await enough.wait()
    beating.cancel()
    kit.realtime.observers.remove(count)
    first = world.tick_number(kit.clock.now()) + 1
    assert beats == list(range(first, first + len(beats)))


# --- rooms -----------------------------------------------------------------------------------------


def test_a_room_says_how_many_it_holds_or_the_server_does(kit: PlayKit) -> None:
    assert kit.world.capacity_of(small_world().require(CLOSET)) == 2
    assert kit.world.capacity_of(small_world().require(SQUARE)) == 32


def test_who_came_back_while_the_list_was_read_stays_where_they_are() -> None:
    """The list of those in no room is read without locks; what counts is the row behind it."""
    ada = SimpleNamespace(id="ada", deleted_at=None, room_id=TAVERN)
    rows = SimpleNamespace(outside=lambda _rooms: [ada, SimpleNamespace(id="bo")], get={"ada": ada}.get)
    tx = cast("Transaction", SimpleNamespace(characters=rows))
    assert _rehouse(tx, small_world(), datetime(2026, 1, 1, tzinfo=UTC)) == []
