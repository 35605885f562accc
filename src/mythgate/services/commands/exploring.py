"""Commands of looking and walking."""

from __future__ import annotations

import asyncio
from typing import Final

from mythgate.domain import maps, movement
from mythgate.domain.errors import Unavailable
from mythgate.domain.events import CommandResponse, RoomView
from mythgate.domain.world import Direction
from mythgate.services.commands.registry import Call, Command, Group
from mythgate.services.sight import room_text, ways_text

MAP_CELLS: Final = (9, 7)  # rooms across and down


async def look(call: Call) -> CommandResponse:
    what = call.get("what")
    for prefix in ("at ", "the "):
        what = what.removeprefix(prefix)
    if not what or what in ("around", "here"):
        view = await call.play.sight.look(call.actor)
        return call.done(room_text(view, call.actor.character_id), room_state=view)
    return await _look_at(call, what)


async def _look_at(call: Call, what: str) -> CommandResponse:
    seen = await call.play.things.look_at(call.actor.character_id, what)
    return call.done(seen.text, data={"kind": seen.kind.value, "id": seen.id, "name": seen.name})


async def examine(call: Call) -> CommandResponse:
    seen = await call.play.things.look_at(call.actor.character_id, call["what"])
    text = f"{seen.text}\nThere is something to read on it." if seen.read_text is not None else seen.text
    return call.done(text, data={"kind": seen.kind.value, "id": seen.id, "name": seen.name})


async def read(call: Call) -> CommandResponse:
    seen = await call.play.things.read(call.actor.character_id, call["what"])
    if seen.read_text is None:
        return call.done(f"There is nothing to read on {seen.full_name}.", data={"text": None, "name": seen.name})
    return call.done(seen.read_text, data={"text": seen.read_text, "id": seen.id, "name": seen.name})


async def go(call: Call) -> CommandResponse:
    return await _walk(call, call.get("where"))


async def walk(call: Call) -> CommandResponse:
    return await _walk(call, call.command.name)


async def _walk(call: Call, where: str) -> CommandResponse:
    actor = call.actor
    step = await call.play.movement.move(actor.character_id, where, once=call.once)
    view: RoomView | None
    try:
        view = await call.play.sight.look(actor)
    except Unavailable:  # the step is saved and told all the same
        view = None
    # After the response, which the door sends at once.
    asyncio.get_running_loop().call_soon(call.play.movement.settled_in, actor.character_id, actor.room_id)
    direction = step.way.direction
    text = f"You go {direction.value}."
    if view is not None:
        text = f"{text}\n{room_text(view, actor.character_id)}"
    data = {"direction": direction.value, "room_id": step.body.room_id, "first_visit": step.first_visit}
    return call.done(text, room_changed=True, room_state=view, data=data)


async def exits(call: Call) -> CommandResponse:
    view = await call.play.sight.look(call.actor)
    lines = [
        f"{way.direction}{f' – {way.name}' if way.name else ''}{' (locked)' if way.locked else ''}" for way in view.ways
    ]
    ways = [{"direction": way.direction, "room_id": way.room_id, "locked": way.locked} for way in view.ways]
    return call.done("\n".join(lines) or ways_text(view), data={"exits": ways})


async def map_(call: Call) -> CommandResponse:
    room = call.play.sight.room_of(call.actor)
    explored = call.play.sight.persona(call.actor.character_id).explored
    around = maps.viewport_around(room, *MAP_CELLS)
    drawn = maps.text_map(call.play.world.world, explored, around, current=room.id, trim=True)
    return call.done(drawn, data={"map": drawn})


async def unlock(call: Call) -> CommandResponse:
    sight = call.play.sight
    room, explored = sight.room_of(call.actor), sight.persona(call.actor.character_id).explored
    way = movement.way_out(room, call["way"], explored)
    if not way.locked:
        return call.done("That way is not locked.")
    movement.pass_through(way, await sight.templates_carried(call.actor.character_id))
    return call.done(f"You have the key. Just go {way.direction.value}.")


_SUMMARIES: Final = {Direction.UP: "Go up.", Direction.DOWN: "Go down."}

COMMANDS: Final = (
    Command(
        name="look",
        aliases=("l",),
        group=Group.EXPLORING,
        usage="look [<what...>]",
        summary="Look around, or at something.",
        help=(
            "Alone it shows where you are: the place, who and what is here, the ways out. With a word it shows "
            "a person, a thing here or in your hands, a part of the place, or what lies in a direction."
        ),
        examples=("look", "look north", "look fountain", "l 2.lantern"),
        run=look,
    ),
    Command(
        name="examine",
        aliases=("x",),
        group=Group.EXPLORING,
        usage="examine <what...>",
        summary="Look closely at something or somebody.",
        help="As look, and tells whether there is something to read.",
        examples=("examine notice board", "x me"),
        run=examine,
    ),
    Command(
        name="read",
        group=Group.EXPLORING,
        usage="read <what...>",
        summary="Read what is written on something.",
        help="Reads a sign, a book, a letter: something here or in your hands.",
        examples=("read notice board",),
        run=read,
    ),
    Command(
        name="go",
        aliases=("walk", "enter"),
        group=Group.EXPLORING,
        usage="go [<where...>]",
        summary="Go through a way out.",
        help=(
            "Takes a direction, its short form, or what the way is called. A locked way opens to whoever carries "
            "its key. Who follows you comes along."
        ),
        examples=("go north", "go se", "go ladder"),
        durable=True,
        run=go,
    ),
    *(
        Command(
            name=direction.value,
            aliases=(direction.short,),
            group=Group.EXPLORING,
            usage=direction.value,
            summary=_SUMMARIES.get(direction, f"Go {direction.value}."),
            help=f"The same as go {direction.value}.",
            examples=(direction.short,),
            durable=True,
            run=walk,
        )
        for direction in Direction
    ),
    Command(
        name="exits",
        aliases=("ways",),
        group=Group.EXPLORING,
        usage="exits",
        summary="List the ways out.",
        help="Lists the ways you see, with where they lead if you have been there.",
        examples=("exits",),
        run=exits,
    ),
    Command(
        name="map",
        aliases=("m",),
        group=Group.EXPLORING,
        usage="map",
        summary="Draw where you have been, around here.",
        help="Draws the places you have been to on this level, and the ways between them.",
        examples=("map",),
        run=map_,
    ),
    Command(
        name="unlock",
        aliases=("open",),
        group=Group.EXPLORING,
        usage="unlock <way...>",
        summary="Try whether you have the key to a way.",
        help="Whoever carries the right key simply goes through a locked way; this tells whether you do.",
        examples=("unlock north", "unlock gate"),
        run=unlock,
    ),
)
