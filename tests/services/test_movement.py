"""Movement: one room at every instant, whatever happens at the same time."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter

import pytest
from tests.support.clock import FakeClock
from tests.support.play import (
    CELLAR,
    CLOSET,
    CLOSET_CAPACITY,
    GARDEN,
    KEY,
    PATH,
    SQUARE,
    TAVERN,
    PlayKit,
    small_world,
)

from mythgate.domain.errors import Conflict, ExitLocked, NoSuchExit, NotInWorld, Refused, Repeated, RoomFull
from mythgate.domain.events import (
    Event,
    FollowState,
    PlayerEntered,
    PlayerLeft,
    RoomOccupants,
    RoomUpdate,
    SystemMessage,
)
from mythgate.domain.ids import CharacterId, CommandId, RoomId, Topic, room_topic
from mythgate.domain.presence import Presence
from mythgate.domain.world import Direction, Exit
from mythgate.services.movement import Moved
from mythgate.services.ports import CommandKey, Store


async def test_a_step_is_saved_and_told_leave_before_enter(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    left_behind = await kit.somebody("Bob")
    awaiting = await kit.somebody("Cid", at=TAVERN)
    kit.realtime.clear()
    told: list[tuple[Topic, str]] = []
    kit.realtime.observers.append(lambda topic, event: told.append((topic, type(event.payload).event_type)))

    step = await kit.movement.move(ada.character_id, "n")

    assert (step.origin, step.body.room_id, step.first_visit) == (SQUARE, TAVERN, True)
    assert ada.room_id == TAVERN
    assert told == [
        (room_topic(SQUARE), "player_left"),
        (room_topic(SQUARE), "room_occupants"),
        (room_topic(TAVERN), "player_entered"),
        (room_topic(TAVERN), "room_occupants"),
    ]
    (left,) = kit.heard(left_behind).of(PlayerLeft)
    assert (left.player_name, left.direction, left.message) == ("Ada", "north", "Ada leaves the room.")
    (entered,) = kit.heard(awaiting).of(PlayerEntered)
    assert (entered.direction, entered.message) == ("south", "Ada enters the room.")
    assert entered.player is not None
    assert entered.player.name == "Ada"
    assert [one.name for one in kit.heard(left_behind).of(RoomOccupants)[-1].players] == ["Bob"]
    occupants = kit.heard(awaiting).of(RoomOccupants)[-1]
    assert (occupants.occupants, occupants.count) == (["Cid", "Ada", "the tavern keeper"], 3)
    assert kit.heard(ada).kinds() == []  # the mover's own news is the command's response


async def test_events_name_room_and_player(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    events: list[Event] = []
    kit.realtime.observers.append(lambda _, event: events.append(event))
    await kit.movement.move(ada.character_id, "north")
    assert [(event.room_id, event.player_id) for event in events] == [
        (SQUARE, ada.character_id),
        (TAVERN, ada.character_id),
        (TAVERN, None),
    ]


async def test_where_one_has_been_is_remembered(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.movement.move(ada.character_id, "west")  # hidden, and guessed
    await kit.movement.move(ada.character_id, "east")
    view = await kit.sight.look(ada)
    assert view.exits["west"] == GARDEN
    assert not (await kit.movement.move(ada.character_id, "west")).first_visit
    explored = await kit.store.read(lambda tx: tx.characters.explored(ada.character_id))
    assert explored == {SQUARE, GARDEN} == kit.sight.personas[ada.character_id].explored


@pytest.mark.parametrize(
    ("start", "way", "refusal"),
    [
        (SQUARE, "up", NoSuchExit),
        (SQUARE, "nowhere", NoSuchExit),
        (TAVERN, "down", ExitLocked),
        (TAVERN, "up", ExitLocked),
    ],
)
async def test_a_refused_step_changes_nothing(kit: PlayKit, start: object, way: str, refusal: type[Refused]) -> None:
    ada = await kit.somebody("Ada", at=start)  # type: ignore[arg-type]
    bob = await kit.somebody("Bob", at=start)  # type: ignore[arg-type]
    kit.realtime.clear()
    with pytest.raises(refusal):
        await kit.movement.move(ada.character_id, way)
    assert ada.room_id == start
    assert kit.heard(bob).kinds() == []


async def test_who_is_not_in_the_world_does_not_walk(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.presence.depart(ada.character_id)
    with pytest.raises(NotInWorld):
        await kit.movement.move(ada.character_id, "north")
    with pytest.raises(NotInWorld):
        await kit.movement.move(CharacterId("nobody"), "north")


async def test_the_key_in_hand_opens_the_way(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    await kit.lay(KEY, ada.character_id, carried=True)
    await kit.movement.move(ada.character_id, "trapdoor")
    assert ada.room_id == CELLAR


async def test_a_repeat_takes_no_second_step(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    once = CommandKey(ada.character_id, CommandId("c1"))
    await kit.movement.move(ada.character_id, "north", once=once)
    # The same word means nothing here, which must not hide that it was done.
    with pytest.raises(Repeated):
        await kit.movement.move(ada.character_id, "north", once=once)
    assert ada.room_id == TAVERN


async def test_a_repeat_into_a_room_that_is_full_now_is_a_repeat(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    once = CommandKey(ada.character_id, CommandId("c1"))
    await kit.movement.move(ada.character_id, "east", once=once)
    await kit.movement.move(ada.character_id, "west")
    await kit.crowd(CLOSET_CAPACITY, at=CLOSET)
    with pytest.raises(Repeated):
        await kit.movement.move(ada.character_id, "east", once=once)


async def test_a_refused_command_can_be_tried_again_under_its_id(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    once = CommandKey(ada.character_id, CommandId("c1"))
    with pytest.raises(ExitLocked):
        await kit.movement.move(ada.character_id, "down", once=once)
    with pytest.raises(NoSuchExit):
        await kit.movement.move(ada.character_id, "west", once=once)
    await kit.lay(KEY, ada.character_id, carried=True)
    await kit.movement.move(ada.character_id, "down", once=once)
    assert ada.room_id == CELLAR


# --- at the same time ------------------------------------------------------------------------------


async def test_a_full_room_is_never_overfilled(kit: PlayKit) -> None:
    people = await kit.crowd(12)
    results = await asyncio.gather(
        *(kit.movement.move(one.character_id, "east") for one in people), return_exceptions=True
    )
    assert sum(not isinstance(result, BaseException) for result in results) == CLOSET_CAPACITY
    assert sum(isinstance(result, RoomFull) for result in results) == len(people) - CLOSET_CAPACITY
    assert len(kit.present.in_room(CLOSET)) == CLOSET_CAPACITY
    # No place stays reserved: when one leaves, one may come.
    await kit.movement.move(kit.present.in_room(CLOSET)[0].character_id, "west")
    assert kit.movement.people_in(kit.world.world.rooms[CLOSET]) == CLOSET_CAPACITY - 1
    await kit.movement.move(kit.present.in_room(SQUARE)[0].character_id, "east")


async def test_a_refused_step_gives_its_place_up(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    for _ in range(40):  # more often than the cellar holds people
        with pytest.raises(ExitLocked):
            await kit.movement.move(ada.character_id, "down")
    assert kit.movement.people_in(kit.world.world.rooms[CELLAR]) == 0


async def test_one_character_takes_one_step_at_a_time(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    ways = ["north", "south"] * 10
    steps = await asyncio.gather(*(kit.movement.move(ada.character_id, way) for way in ways))
    assert [step.way.direction.value for step in steps] == ways
    assert ada.room_id == SQUARE


async def test_a_cancelled_caller_leaves_nothing_half_done(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    bob = await kit.somebody("Bob")
    kit.company.follow(bob, ada)
    task = asyncio.create_task(kit.movement.move(ada.character_id, "north"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await kit.settle()
    assert ada.room_id == bob.room_id == TAVERN
    await kit.movement.move(ada.character_id, "south")  # the turn was given back


async def test_a_caller_cancelled_in_line_does_not_walk(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    first = asyncio.create_task(kit.movement.move(ada.character_id, "north"))
    second = asyncio.create_task(kit.movement.move(ada.character_id, "south"))
    await asyncio.sleep(0)
    second.cancel()
    await first
    with pytest.raises(asyncio.CancelledError):
        await second
    await kit.settle()
    assert ada.room_id == TAVERN


async def test_leaving_the_world_during_a_step_leaves_no_ghost(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    bob = await kit.somebody("Bob", at=TAVERN)
    kit.realtime.clear()
    walking = asyncio.create_task(kit.movement.move(ada.character_id, "north"))
    for _ in range(2):  # the move begins, and hands the step to a task of its own
        await asyncio.sleep(0)
    await kit.presence.depart(ada.character_id)
    await walking
    assert kit.present.get(ada.character_id) is None
    assert kit.heard(bob).of(PlayerEntered) == []
    room_id = await kit.store.read(lambda tx: tx.characters.require(ada.character_id).room_id)
    assert room_id == TAVERN


async def test_falling_asleep_during_a_step_is_falling_asleep_where_it_leads(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    bob = await kit.somebody("Bob", at=TAVERN)
    kit.realtime.clear()
    walking = asyncio.create_task(kit.movement.move(ada.character_id, "north"))
    for _ in range(2):  # the move begins, and hands the step to a task of its own
        await asyncio.sleep(0)
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    await walking
    assert kit.present.get(ada.character_id) is None
    assert kit.heard(bob).of(PlayerEntered) == []
    assert room_topic(TAVERN) in kit.heard(ada).topics
    assert room_topic(SQUARE) not in kit.heard(ada).topics
    kit.presence.on_returned(ada.character_id)
    await kit.settle()
    assert kit.present.get(ada.character_id) is ada
    assert ada.room_id == TAVERN


async def test_two_hundred_walk_at_once(clock: FakeClock, store: Store) -> None:
    kit = PlayKit(clock, store, room_capacity=1000)
    people = await kit.crowd(200)
    seen: dict[CharacterId, list[str]] = {one.character_id: [] for one in people}

    def watch(_: Topic, event: Event) -> None:
        if isinstance(event.payload, PlayerLeft | PlayerEntered):
            seen[CharacterId(event.payload.player_id)].append(type(event.payload).event_type)

    kit.realtime.observers.append(watch)
    ways = ["north", "south", "south", "north", "west", "east"]

    async def wander(one: Presence) -> None:
        for way in ways:
            await kit.movement.move(one.character_id, way)

    async with asyncio.TaskGroup() as group:
        for one in people:
            group.create_task(wander(one))
    await kit.settle()
    await kit.check()
    assert Counter(one.room_id for one in people) == {SQUARE: 200}
    assert all(told == ["player_left", "player_entered"] * len(ways) for told in seen.values())


# --- company ---------------------------------------------------------------------------------------


async def test_followers_of_followers_come_along(kit: PlayKit) -> None:
    ada, bob, cid = [await kit.somebody(name) for name in ("Ada", "Bob", "Cid")]
    elsewhere = await kit.somebody("Dot", at=PATH)
    kit.company.follow(bob, ada)
    kit.company.follow(cid, bob)
    kit.realtime.clear()
    await kit.movement.move(ada.character_id, "north")
    await kit.settle()
    assert {one.room_id for one in (ada, bob, cid)} == {TAVERN}
    assert elsewhere.room_id == PATH
    assert [message.message for message in kit.heard(bob).of(SystemMessage)] == ["You follow Ada to the north."]
    assert [message.message for message in kit.heard(cid).of(SystemMessage)] == ["You follow Bob to the north."]
    (update,) = kit.heard(cid).of(RoomUpdate)
    assert update.room.id == TAVERN
    assert {"Ada", "Bob", "Cid"} == {one.name for one in update.room.players}


async def test_a_follower_who_cannot_pass_stays_and_is_told(kit: PlayKit) -> None:
    ada, bob = [await kit.somebody(name, at=TAVERN) for name in ("Ada", "Bob")]
    await kit.lay(KEY, ada.character_id, carried=True)
    kit.company.follow(bob, ada)
    kit.realtime.clear()
    await kit.movement.move(ada.character_id, "down")
    await kit.settle()
    assert bob.room_id == TAVERN
    assert bob.following is None
    assert kit.heard(bob).of(FollowState)[-1].following is None
    assert "You cannot follow Ada" in kit.heard(bob).of(SystemMessage)[-1].message


async def test_only_as_many_followers_as_fit(kit: PlayKit) -> None:
    ada, bob, cid = [await kit.somebody(name) for name in ("Ada", "Bob", "Cid")]
    kit.company.follow(bob, ada)
    kit.company.follow(cid, ada)
    await kit.movement.move(ada.character_id, "east")
    await kit.settle()
    assert len(kit.present.in_room(CLOSET)) == CLOSET_CAPACITY
    assert sorted(one.room_id == CLOSET for one in (bob, cid)) == [False, True]


async def test_a_follower_who_left_the_room_first_is_not_dragged_back(kit: PlayKit) -> None:
    ada, bob = [await kit.somebody(name) for name in ("Ada", "Bob")]
    kit.company.follow(bob, ada)
    await asyncio.gather(kit.movement.move(bob.character_id, "south"), kit.movement.move(ada.character_id, "north"))
    await kit.settle()
    assert (ada.room_id, bob.room_id) == (TAVERN, PATH)
    assert bob.following == ada.character_id


async def test_a_linkdead_follower_comes_along_during_the_grace(kit: PlayKit) -> None:
    ada, bob = [await kit.somebody(name) for name in ("Ada", "Bob")]
    kit.company.follow(bob, ada)
    kit.presence.on_detached(bob.character_id)
    await kit.movement.move(ada.character_id, "north")
    await kit.settle()
    assert bob.room_id == TAVERN
    assert bob.linkdead_since is not None


async def test_a_greeting_comes_after_the_room_was_shown(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.do(ada, "north")
    assert kit.heard(ada).lines() == []
    await asyncio.sleep(0)
    assert kit.heard(ada).lines() == ["The tavern keeper says: Welcome, Ada!"]


# --- rare things -----------------------------------------------------------------------------------


async def test_a_way_may_lead_back_to_where_it_begins(clock: FakeClock, store: Store) -> None:
    world = small_world()
    maze = dataclasses.replace(world.rooms[CLOSET], exits={Direction.WEST: Exit(Direction.WEST, CLOSET)}, id=CLOSET)
    kit = PlayKit(clock, store, dataclasses.replace(world, rooms={**world.rooms, CLOSET: maze}))
    ada, bob = await kit.somebody("Ada", at=CLOSET), await kit.somebody("Bob", at=CLOSET)
    kit.company.follow(bob, ada)
    await kit.movement.move(ada.character_id, "west")  # the closet is full, which does not matter
    await kit.settle()
    assert ada.room_id == bob.room_id == CLOSET
    await kit.check()


async def test_who_was_moved_at_the_same_moment_does_not_walk(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.put(ada.character_id, PATH)
    with pytest.raises(Conflict):
        await kit.movement.move(ada.character_id, "north")
    assert len(await kit.presence.check()) == 1
    await kit.settle()


async def test_who_left_is_not_greeted_or_shown_anything(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    kit.realtime.clear()
    kit.movement.settled_in(ada.character_id, TAVERN)
    assert kit.heard(ada).kinds() == []
    showing = kit.movement._show(ada)
    kit.present.untrack(ada.character_id)
    await showing
    assert kit.heard(ada).kinds() == []
    kit.present.track(ada)


async def test_a_leader_who_left_the_world_is_still_followed_one_step(kit: PlayKit) -> None:
    ada, bob, cid = [await kit.somebody(name) for name in ("Ada", "Bob", "Cid")]
    kit.company.follow(bob, ada)
    kit.company.follow(cid, ada)
    step = await kit.movement.move(ada.character_id, "north")
    await kit.settle()
    await kit.movement.move(bob.character_id, "south")
    await kit.movement.move(cid.character_id, "south")
    kit.presence.on_detached(cid.character_id)
    # The follower leaves the world in the instant before its own step begins.
    following = kit.movement._go_along(bob.character_id, ada.character_id, step, set())
    kit.present.untrack(ada.character_id)
    await following
    assert kit.heard(bob).of(SystemMessage)[-1].message == "You follow your leader to the north."
    kit.present.track(ada)


async def test_a_follower_who_leaves_while_its_turn_comes(kit: PlayKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.company.follow(bob, ada)

    async def gone(*_: object) -> None:
        raise NotInWorld

    step = await kit.movement.move(ada.character_id, "north")
    await kit.settle()
    await kit.movement.move(bob.character_id, "south")
    monkeypatch.setattr(kit.movement, "_step", gone)
    await kit.movement._go_along(bob.character_id, ada.character_id, step, set())
    assert bob.following == ada.character_id


async def test_losing_nobody_is_nothing(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    kit.company.lose(ada, "why")
    assert kit.heard(ada).of(FollowState) == []


async def test_bringing_back_who_already_is(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    kit.realtime.clear()
    await kit.movement._bring_back(ada)
    assert kit.heard(ada).kinds() == ["room_update"]


async def test_a_follower_who_changed_their_mind_stays(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.company.follow(bob, ada)
    step = await kit.movement.move(ada.character_id, "north")
    await kit.settle()
    await kit.movement._go_along(bob.character_id, ada.character_id, step, set())  # is there already
    kit.company.unfollow(bob)
    await kit.movement._go_along(bob.character_id, ada.character_id, step, set())
    assert bob.room_id == TAVERN


async def test_parting_from_who_is_gone_already(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.company.follow(bob, ada)
    kit.present.untrack(bob.character_id)
    kit.company.part(ada)
    assert kit.company.followers_of(ada.character_id) == []
    kit.present.track(bob)


# --- observers -------------------------------------------------------------------------------------


async def test_who_observes_movement_hears_of_each_step_once_everybody_was_told(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.company.follow(bob, ada)
    moves: list[Moved] = []

    def observe(moved: Moved) -> None:
        present = kit.present.get(moved.character_id)
        assert present is not None
        assert present.room_id == moved.target
        moves.append(moved)

    kit.movement.on_moved(observe)
    await kit.movement.move(ada.character_id, "north")
    await kit.settle()
    with pytest.raises(NoSuchExit):
        await kit.movement.move(ada.character_id, "west")
    await kit.movement.move(ada.character_id, "south")
    assert moves[:3] == [
        Moved(ada.character_id, SQUARE, TAVERN, True),
        Moved(bob.character_id, SQUARE, TAVERN, True),
        Moved(ada.character_id, TAVERN, SQUARE, moves[2].first_visit),
    ]


async def test_a_step_of_somebody_who_leaves_meanwhile_is_observed_too(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    moves: list[Moved] = []
    kit.movement.on_moved(moves.append)
    walking = asyncio.create_task(kit.movement.move(ada.character_id, "north"))
    for _ in range(2):
        await asyncio.sleep(0)
    await kit.presence.depart(ada.character_id)
    await walking
    assert moves == [Moved(ada.character_id, SQUARE, TAVERN, True)]


async def test_who_is_brought_back_is_observed(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    moves: list[Moved] = []
    kit.movement.on_moved(moves.append)
    nowhere = RoomId("earth_town_middle_gone")
    await kit.put(ada.character_id, nowhere)
    kit.present.relocate(ada.character_id, nowhere)
    await kit.movement._bring_back(ada)
    assert moves == [Moved(ada.character_id, nowhere, SQUARE)]
    await kit.movement._bring_back(ada)
    assert len(moves) == 1


async def test_a_faulty_observer_keeps_nobody_from_walking(kit: PlayKit, caplog: pytest.LogCaptureFixture) -> None:
    ada = await kit.somebody("Ada")
    moves: list[Moved] = []

    def fail(_: Moved) -> None:
        raise RuntimeError("fault")

    kit.movement.on_moved(fail)
    kit.movement.on_moved(moves.append)
    await kit.movement.move(ada.character_id, "north")
    assert len(moves) == 1
    assert "observer of movement failed" in caplog.text
