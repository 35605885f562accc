"""Commands of things."""

from __future__ import annotations

from typing import Final

from mythgate.domain.errors import CannotTake, NotHere
from mythgate.domain.events import CommandResponse
from mythgate.domain.names import name_key
from mythgate.services.commands.registry import Call, Command, Group
from mythgate.services.sight import with_counts
from mythgate.services.things import Exchanged
from mythgate.services.world import sentence_start


async def inventory(call: Call) -> CommandResponse:
    rows = await call.play.things.inventory(call.actor.character_id)
    lines = with_counts(rows)
    text = "You carry:\n" + "\n".join(f"  {line}" for line in lines) if lines else "You carry nothing."
    return call.done(text, inventory=rows)


async def get(call: Call) -> CommandResponse:
    done = await call.play.things.get(call.actor.character_id, call["thing"], once=call.once)
    return _exchanged(call, done, "You take", ".")


async def drop(call: Call) -> CommandResponse:
    done = await call.play.things.drop(call.actor.character_id, call["thing"], once=call.once)
    return _exchanged(call, done, "You drop", ".")


async def give(call: Call) -> CommandResponse:
    things = call.play.things
    try:
        receiver = things.find_person(call.actor, call["person"])
    except NotHere as nobody:
        try:
            inhabitant = things.find_inhabitant(call.actor, call["person"])
        except NotHere:
            raise nobody from None
        raise CannotTake(
            f"{sentence_start(inhabitant.name)} does not take things.", hint="Try to `talk` instead."
        ) from None
    thing = _without_name(call["thing"], call["person"], receiver.name)
    done = await things.give(call.actor.character_id, thing, receiver, once=call.once)
    return _exchanged(call, done, "You give", f" to {receiver.name}.")


def _without_name(thing: str, person: str, name: str) -> str:
    """`thing` without the first words of a `name` whose last word alone was read as `person`: "shoe Tom Weaver"."""
    words = thing.split()
    for count in range(1, len(words)):
        if name_key(" ".join([*words[count:], person])) == name_key(name):
            return " ".join(words[:count])
    return thing


def _exchanged(call: Call, done: Exchanged, verb: str, end: str) -> CommandResponse:
    sight = call.play.sight
    data = {"items": [item.id for item in done.items]}
    return call.done(
        f"{verb} {call.play.things.describe(done.items)}{end}", inventory=sight.rows(done.carried), data=data
    )


COMMANDS: Final = (
    Command(
        name="inventory",
        aliases=("i", "inv"),
        group=Group.THINGS,
        usage="inventory",
        summary="What you carry.",
        help="Lists what you carry.",
        examples=("i",),
        run=inventory,
    ),
    Command(
        name="get",
        aliases=("take", "pickup"),
        group=Group.THINGS,
        usage="get <thing...>",
        summary="Pick something up.",
        help="Takes a thing that lies here, several, or with all everything you can carry. See also: help names.",
        examples=("get lantern", "get 2.coin", "get 2 pears", "get pears", "get all"),
        durable=True,
        run=get,
    ),
    Command(
        name="drop",
        group=Group.THINGS,
        usage="drop <thing...>",
        summary="Put something down.",
        help="Lays down what you carry, here, for anybody to take.",
        examples=("drop lantern", "drop 2 pears", "drop all"),
        durable=True,
        run=drop,
    ),
    Command(
        name="give",
        aliases=("hand",),
        group=Group.THINGS,
        usage="give <thing...> [to] <person...>",
        summary="Hand something to somebody here.",
        help="The other has to be in the same room and able to carry it.",
        examples=("give lantern to Ada", "give lantern Ada", "give 2 pears to Ada"),
        durable=True,
        run=give,
    ),
)
