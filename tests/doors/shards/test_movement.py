"""Walking about and standing somewhere, as the dialect shows it."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.shards_door import Program, ShardsHouse


def way_from(house: ShardsHouse, who: Program) -> tuple[int, int]:
    """Where somebody is, and a place next to it."""
    world = house.door.world
    present = house.door.by_number(who.character_id)
    assert present is not None
    here = world.require(present.room_id)
    way = next(one for one in here.exits.values() if not one.locked)
    return world.number_of(here.id), world.number_of(way.target)


async def test_entering_shows_who_is_there(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    bo = await house.enter("borin", "Borin Slate", race="Dwarf")

    place = bo.heard[-1]
    joined, update = await ada.until("player_joined_area"), await ada.until("character_update")
    other = await bo.until("character_update")

    assert place["location_id"] == joined["location_id"] == update["location_id"] == other["location_id"]
    assert (place["character_id"], joined["character_id"]) == (bo.character_id, bo.character_id)
    assert (joined["character_name"], update["character_name"], other["character_name"]) == (
        "Borin Slate", "Borin Slate", "Aldra Venn",
    )  # fmt: skip
    assert update["health"] == update["max_health"] > 0
    assert (update["level"], update["faction"]) == (1, "Iron Brotherhood")


async def test_a_step_is_seen_by_those_left_and_those_reached(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    here, there = way_from(house, ada)
    carla = await house.enter("carla", "Carla Marsh")
    await carla.send("move", character_id=carla.character_id, to_location_id=there)
    assert (await carla.until("location_update"))["location_id"] == there

    await ada.send("move", character_id=ada.character_id, to_location_id=there)

    arrived = await ada.until("location_update")
    assert (arrived["location_id"], arrived["character_id"]) == (there, ada.character_id)
    assert (await ada.until("character_update"))["character_id"] == carla.character_id
    left = await bo.until("player_left_area", lambda told: told["character_id"] == ada.character_id)
    assert left["location_id"] == here
    joined = await carla.until("player_joined_area")
    assert (joined["character_id"], joined["location_id"]) == (ada.character_id, there)
    assert (await carla.until("character_update"))["location_id"] == there


async def test_who_lives_there_may_greet(house: ShardsHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the place was shown: words of greeting follow."""
    ada = await house.enter("aldra", "Aldra Venn")
    _, there = way_from(house, ada)
    present = house.door.by_number(ada.character_id)
    assert present is not None
    greeted: list[tuple[str, str]] = []

    def settled_in(character_id: str, room_id: str) -> None:
        greeted.append((character_id, room_id))

    monkeypatch.setattr(house.node.services.movement, "settled_in", settled_in)
    await ada.send("move", character_id=ada.character_id, to_location_id=there)
    assert (await ada.until("location_update"))["location_id"] == there
    await house.settled(lambda: greeted == [(present.character_id, present.room_id)])


async def test_positions(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    here, there = way_from(house, ada)
    for to in (0, here):
        await ada.send("move", character_id=ada.character_id, to_location_id=to, position={"x": 1, "y": to + 0.5})
        told = await bo.until("character_update", lambda one: one["position"] is not None)
        assert (told["position"], told["location_id"]) == ({"x": 1.0, "y": to + 0.5}, here)
    carla = await house.enter("carla", "Carla Marsh")
    seen = await carla.until("character_update", lambda one: one["character_id"] == ada.character_id)
    assert seen["position"] == {"x": 1.0, "y": here + 0.5}
    await ada.send("move", character_id=ada.character_id, to_location_id=there)
    await ada.until("location_update")
    await ada.send("move", character_id=ada.character_id, to_location_id=here)
    assert (await bo.until("character_update", lambda one: one["character_id"] == ada.character_id))["position"] is None


async def test_others_are_told_how_one_moves(house: ShardsHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """People of other doors know three numbers."""
    ada = await house.enter("aldra", "Aldra Venn")
    reported: list[tuple[list[float], list[float]]] = []

    def report(_: str, position: list[float], velocity: list[float]) -> None:
        reported.append((position, velocity))

    monkeypatch.setattr(house.door.services.positions, "report", report)
    move = {"character_id": ada.character_id, "to_location_id": 0}
    await ada.send("move", **move, position={"x": 1, "z": 3, "angle": 90}, velocity={"y": -0.5})
    await ada.send("move", **move, position={"y": 2})
    await house.settled(lambda: reported == [([1, 0, 3], [0, -0.5, 0]), ([0, 2, 0], [0, 0, 0])])


async def test_the_twelve_locations_are_one_move_from_the_first(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    world = house.door.world
    if world.number_of(house.node.presences.all()[0].room_id) != 1:
        await ada.send("move", character_id=ada.character_id, to_location_id=1)
        await ada.until("location_update", lambda told: told["location_id"] == 1)
    for there in (2, 12, 5, 11):
        await ada.send("move", character_id=ada.character_id, to_location_id=there)
        await ada.until("location_update", lambda told, there=there: told["location_id"] == there)  # type: ignore[misc]
        await ada.send("move", character_id=ada.character_id, to_location_id=1)
        await ada.until("location_update", lambda told: told["location_id"] == 1)


async def test_there_is_no_way_past_the_first_location(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    for there, beyond in ((2, 3), (12, 4)):  # which a crossing joins, for who walks
        await ada.send("move", character_id=ada.character_id, to_location_id=there)
        await ada.until("location_update", lambda told, there=there: told["location_id"] == there)  # type: ignore[misc]
        await ada.send("move", character_id=ada.character_id, to_location_id=beyond)
        assert await ada.refused() == "INVALID_LOCATION"
        await ada.send("move", character_id=ada.character_id, to_location_id=1)
        await ada.until("location_update", lambda told: told["location_id"] == 1)


async def test_where_one_cannot_go(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    here, _ = way_from(house, ada)
    world = house.door.world
    room = world.room_by_number(here)
    assert room is not None
    near = {one.target for one in room.exits.values()} | {room.id}
    far = next(world.number_of(one) for one in world.rooms if one not in near)
    for to in (far, 424_242, -3):
        await ada.send("move", character_id=ada.character_id, to_location_id=to)
        assert await ada.refused() == "INVALID_LOCATION"
    for position in ({str(axis): 1 for axis in range(9)}, {"x" * 17: 1}):
        await ada.send("move", character_id=ada.character_id, to_location_id=0, position=position)
        assert await ada.refused() == "INVALID_MESSAGE"
    for whose in (bo.character_id, 999_999):
        await ada.send("move", character_id=whose, to_location_id=0)
        assert await ada.refused() == "FORBIDDEN"


async def test_who_says_goodbye_is_gone_at_once(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    assert bo.ws is not None
    await bo.ws.close()
    assert (await ada.until("player_left_area"))["character_id"] == bo.character_id


async def test_a_lost_line_is_taken_up_again(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    await ada.until("player_joined_area")
    connection = next(one for one in house.door._connections if one.session and one.session.number == bo.character_id)
    connection.protocol.transport.abort()
    await house.settled(lambda: connection not in house.door._connections)

    await bo.open()
    assert (await bo.until("location_update"))["character_id"] == bo.character_id
    await bo.chat("Here again")

    assert (await ada.until("chat"))["content"] == "Here again"
    assert "player_left_area" not in [told["type"] for told in ada.heard]


async def test_a_second_socket_is_shown_the_place_too(house: ShardsHouse) -> None:
    ada, _ = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    second = house.program()
    second.name, second.token = ada.name, ada.token
    await second.open()
    assert (await second.until("location_update"))["character_id"] == ada.character_id
    assert (await second.until("character_update"))["character_name"] == "Borin Slate"


@pytest.mark.parametrize("kind", ["rest", "socket"])
async def test_another_character_takes_the_place_of_the_first(house: ShardsHouse, kind: str) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    await bo.send("character_create", name="Bela Stone", race="Elf", faction="Shadowborn", **{"class": "Rogue"})
    made = await bo.until("character_create")
    number = made["character"]["id"]
    if kind == "rest":
        assert (await bo.call("POST", "/api/characters/select", {"character_id": number})).status == 200
    else:
        await bo.send("character_select", character_id=number)
    assert (await bo.until("location_update"))["character_id"] == number
    assert (await ada.until("player_left_area"))["character_id"] == bo.character_id
    assert (await ada.until("player_joined_area"))["character_id"] == number
    await asyncio.gather(bo.quiet("disconnect"), ada.quiet("disconnect"))


async def test_every_location_is_one_step_from_the_first(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    assert ada.heard[-1]["location_id"] == 1
    for there in range(2, 13):
        for to in (there, 1):
            await ada.send("move", character_id=ada.character_id, to_location_id=to)
            assert (await ada.until("location_update"))["location_id"] == to
