"""Commands of the Crystal Shards and of what happens to the world."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from mythgate.domain.errors import NoShard
from mythgate.domain.events import CommandResponse
from mythgate.domain.permissions import Permission
from mythgate.domain.shards import LORE
from mythgate.domain.world import words_of
from mythgate.services.commands.registry import Call, Command, Group
from mythgate.services.shards import ShardView, WorldSummary

LISTED: Final = 10  # events, and owners of one shard


async def shards(call: Call) -> CommandResponse:
    which = call.get("which")
    if which:
        return await _one(call, _number(which))
    views, state = call.play.shards.all(), call.play.shards.world_state()
    lines = [_world_line(state)]
    lines += [f"  {view.number}. {view.name} – {view.place}: {_how(view)}" for view in views]
    data = {"shards": [shard_data(view) for view in views], "world": world_data(state)}
    return call.done("\n".join(lines), data=data)


async def _one(call: Call, number: int) -> CommandResponse:
    view = call.play.shards.get(number)
    history = await call.play.shards.history(number, LISTED)
    lines = [f"{view.name}: {view.description}", f"It is {_how(view)}."]
    lines += [
        f"  {one.captured_at:%d %b %Y}: {one.character_name}, {one.faction.value}"
        f"{f' (until {one.lost_at:%d %b %Y})' if one.lost_at is not None else ''}"
        for one in history
    ]
    owners = [
        {
            "character": one.character_name,
            "faction": one.faction.value,
            "captured_at": one.captured_at.isoformat(),
            "lost_at": one.lost_at.isoformat() if one.lost_at is not None else None,
            "helpers": list(one.helpers),
        }
        for one in history
    ]
    return call.done("\n".join(lines), data={"shard": shard_data(view), "history": owners})


async def capture(call: Call) -> CommandResponse:
    taken = await call.play.shards.capture(call.actor.character_id, once=call.once)
    view = call.play.shards.get(taken.shard)
    name = LORE[taken.shard].name
    text = f"You take {name} for the {call.actor.faction}. It brings you {taken.souls} souls."
    return call.done(text, data={"shard": shard_data(view), "souls": taken.souls})


async def chronicle(call: Call) -> CommandResponse:
    events = await call.play.shards.events(LISTED)
    lines = [f"{one.happened_at:%d %b %Y %H:%M}  {one.title}. {one.description}" for one in events]
    rows = [
        {
            "id": one.number,
            "kind": one.kind.value,
            "title": one.title,
            "description": one.description,
            "happened_at": one.happened_at.isoformat(),
            "faction": one.faction,
        }
        for one in events
    ]
    return call.done("\n".join(lines) or "Nothing has happened to the world yet.", data={"events": rows})


async def seal(call: Call) -> CommandResponse:
    number, hours = _number(call["which"]), call.get("hours")
    lasting = None
    if hours:
        if not (hours.isascii() and hours.isdigit()):
            raise call.misused("The hours are a number.")
        lasting = timedelta(hours=int(hours[:6]))
    await call.play.shards.seal(call.caller, number, lasting, once=call.once)
    until = f" for {hours} hours" if hours else ""
    return call.done(f"{LORE[number].name} is sealed{until}.", data={"shard": shard_data(call.play.shards.get(number))})


async def unseal(call: Call) -> CommandResponse:
    number = _number(call["which"])
    await call.play.shards.unseal(call.caller, number, once=call.once)
    return call.done(f"{LORE[number].name} is nobody's.", data={"shard": shard_data(call.play.shards.get(number))})


async def release(call: Call) -> CommandResponse:
    number = _number(call["which"])
    await call.play.shards.release(call.caller, number, once=call.once)
    return call.done(f"{LORE[number].name} is nobody's.", data={"shard": shard_data(call.play.shards.get(number))})


async def aetherfall(call: Call) -> CommandResponse:
    await call.play.shards.aetherfall(call.caller, once=call.once)
    state = call.play.shards.world_state()
    return call.done(f"The world begins anew: cycle {state.cycle}.", data={"world": world_data(state)})


def _number(text: str) -> int:
    """The shard that a number or a part of its name stands for. Raises NoShard."""
    word = text.strip()
    if word.isascii() and word.isdigit() and int(word[:4]) in LORE:
        return int(word[:4])
    wanted = " ".join(words_of(word))
    found = [number for number, lore in LORE.items() if wanted and wanted in " ".join(words_of(lore.name))]
    if len(found) != 1:
        raise NoShard(f"There is no Crystal Shard “{word[:40]}”.")
    return found[0]


def _how(view: ShardView) -> str:
    held = f" by the {view.faction}" if view.faction is not None else ""
    until = f" until {view.sealed_until:%d %b %Y %H:%M} UTC" if view.sealed_until is not None else ""
    return f"{view.status.value}{held}{until}"


def _world_line(state: WorldSummary) -> str:
    leader = f" The {state.dominant} leads." if state.dominant is not None else ""
    end = " The Aetherfall is near." if state.imminent else ""
    return f"Reality: {state.reality.value}, {state.condition.value} at {state.stability:g}.{leader}{end}"


def shard_data(view: ShardView) -> dict[str, Any]:
    return {
        "number": view.number,
        "name": view.name,
        "place": view.place,
        "location": view.location,
        "status": view.status.value,
        "faction": view.faction,
        "holder": view.holder,
        "guardian": view.guardian,
        "guardian_defeated": view.guardian_defeated,
    }


def world_data(state: WorldSummary) -> dict[str, Any]:
    return {
        "current_reality": state.reality.value,
        "reality_stability": state.stability,
        "faction_shard_counts": state.counts,
        "dominant_faction": state.dominant,
        "total_aetherfalls": state.aetherfalls,
    }


COMMANDS: Final = (
    Command(
        name="shards",
        aliases=("reality",),
        group=Group.WORLD,
        usage="shards [<which...>]",
        summary="See who holds the twelve Crystal Shards.",
        help=(
            "Lists the shards, where they lie and which faction holds them, and the reality that follows from it. With "
            "a number or a name, one of them with those who held it."
        ),
        examples=("shards", "shards 3", "shards void heart"),
        run=shards,
    ),
    Command(
        name="capture",
        group=Group.WORLD,
        usage="capture",
        summary="Take the Crystal Shard that lies here for your faction.",
        help=(
            "You, or somebody of your party, must have brought its guardian down within the last day. When a faction "
            "leads with four shards and more, its reality comes; when one holds all twelve, the world ends and begins "
            "anew."
        ),
        examples=("capture",),
        durable=True,
        abbreviable=False,
        run=capture,
    ),
    Command(
        name="chronicle",
        aliases=("events",),
        group=Group.WORLD,
        usage="chronicle",
        summary="Read what happened to the world lately.",
        help="The last shards taken, realities and Aetherfalls.",
        examples=("chronicle",),
        run=chronicle,
    ),
)

STAFF_COMMANDS: Final = (
    Command(
        name="seal",
        group=Group.STAFF,
        usage="seal <which> [<hours>]",
        summary="Keep everybody from a Crystal Shard.",
        help="Who holds it goes on holding it. Without hours, until it is unsealed. Recorded.",
        examples=("seal 3", "seal 3 24"),
        permission=Permission.RUN_WORLD,
        durable=True,
        abbreviable=False,
        run=seal,
    ),
    Command(
        name="unseal",
        group=Group.STAFF,
        usage="unseal <which...>",
        summary="Lift the seal of a Crystal Shard.",
        help="The shard is nobody's then. Recorded.",
        examples=("unseal 3",),
        permission=Permission.RUN_WORLD,
        durable=True,
        abbreviable=False,
        run=unseal,
    ),
    Command(
        name="release",
        group=Group.STAFF,
        usage="release <which...>",
        summary="Take a Crystal Shard from who holds it.",
        help="The shard is nobody's then. Recorded.",
        examples=("release 3",),
        permission=Permission.RUN_WORLD,
        durable=True,
        abbreviable=False,
        run=release,
    ),
    Command(
        name="aetherfall",
        group=Group.STAFF,
        usage="aetherfall",
        summary="End the cycle of the world.",
        help="All shards are free, seals are lifted, the world is transformed. Everybody is told. Recorded.",
        examples=("aetherfall",),
        permission=Permission.RUN_WORLD,
        durable=True,
        abbreviable=False,
        run=aetherfall,
    ),
)
