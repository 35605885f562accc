"""Commands that explain the others, derived from the table of commands."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Final

from mythgate.domain.errors import UnknownCommand
from mythgate.domain.events import CommandResponse
from mythgate.domain.textcommands import one_of, similar
from mythgate.domain.world import Direction
from mythgate.services.commands.registry import Call, Command, Group

TOPICS: Final[Mapping[str, str]] = {
    "shortcuts": (
        "Most commands can be shortened as long as only one begins so: inv, exam. Directions have short forms: n, ne, "
        "u, d. A line that begins with ' or \" is said, and so is one that begins with the name of somebody here and a "
        "comma; one that begins with : is what you do. A leading / is ignored."
    ),
    "names": (
        "Name things by any of their words, in full or in part: get brass lantern, get lant. When several different "
        "things answer to a name, say which: 2.lamp, lamp 2. For several of a kind: 2 pears, pears, all pears. The "
        "beginning of a player's name is enough."
    ),
    "combat": (
        "`attack wolf` begins a fight with what lurks in the room; `assist Ada` joins one. On your turn: light, heavy, "
        "cast and an ability, use and a potion, block, dodge, parry, wait or flee. Blows and stances cost stamina; "
        "`wait` brings 20, every round 10. Equip what you carry before; `help fighting` lists the commands."
    ),
    "connection": (
        "When your connection breaks, others see you linkdead at once, and leave after half a minute. Come back "
        "within two minutes and you have missed nothing. Whom you follow you go on following meanwhile."
    ),
    "keys": (
        "A locked way opens by itself to whoever carries its key. `unlock` tells whether you do. On the keyboard, in "
        "the browser and in the terminal, the arrow up brings back what you typed and Tab completes it; in the browser "
        "Escape or just typing goes back to the command line."
    ),
}


async def help_(call: Call) -> CommandResponse:
    topic = call.get("topic").casefold().removeprefix("/")
    if not topic:
        return _overview(call)
    allowed = call.registry.allowed(call.actor.role)
    command = call.registry.exact(topic)
    if command is None or command not in allowed:
        if topic in TOPICS:
            return call.done(TOPICS[topic], data={"topic": topic})
        group = next((one for one in Group if topic in (one.value.casefold(), one.name.casefold())), None)
        if group is not None and any(one.group is group for one in allowed):
            return call.done(_group_text(call, group), data={"group": group.value})
        try:
            command = call.registry.resolve(topic, call.actor.role)
        except UnknownCommand:
            known = [*TOPICS, *(word for one in allowed for word in one.words)]
            meant = similar(topic, known)
            choices = one_of([f"`help {word}`" for word in meant])
            hint = f"Did you mean {choices}?" if meant else "`help` lists what there is."
            raise UnknownCommand(f"There is no help about “{topic[:40]}”.", hint=hint) from None
    return call.done(_command_text(command), data=describe(command))


def _overview(call: Call) -> CommandResponse:
    directions = {direction.value for direction in Direction}
    lines = []
    order = list(Group)
    by_group = sorted(call.registry.allowed(call.actor.role), key=lambda one: order.index(one.group))
    for group, commands in groupby(by_group, key=lambda one: one.group):
        names = [one.name for one in commands if one.name not in directions]
        if group is Group.EXPLORING:
            names.append("and every direction")
        lines.append(f"{group.value}: {', '.join(names)}")
    lines.append(f"More: help and a command or one of {', '.join(TOPICS)}.")
    return call.done("\n".join(lines), data={"topics": list(TOPICS)})


def _group_text(call: Call, group: Group) -> str:
    commands = [one for one in call.registry.allowed(call.actor.role) if one.group is group]
    return f"{group.value}\n" + "\n".join(f"  {one.usage} – {one.summary}" for one in commands)


def _command_text(command: Command) -> str:
    lines = [command.usage, command.summary, command.help]
    if command.aliases:
        lines.append(f"Also: {', '.join(command.aliases)}")
    lines.append(f"For example: {' · '.join(command.examples)}")
    return "\n".join(lines)


def describe(command: Command) -> dict[str, object]:
    """A command for programs, as `GET /api/commands` tells it."""
    return {
        "name": command.name,
        "aliases": list(command.aliases),
        "usage": command.usage,
        "summary": command.summary,
        "help": command.help,
        "group": command.group.value,
    }


async def commands(call: Call) -> CommandResponse:
    names = sorted(one.name for one in call.registry.allowed(call.actor.role))
    return call.done(", ".join(names), data={"commands": names})


async def time(call: Call) -> CommandResponse:
    now, world_time = call.play.clock.now(), call.play.world.time()
    text = f"It is {world_time.bell_text}, {world_time.date_text}.\nServer time is {now:%Y-%m-%d %H:%M} UTC."
    return call.done(text, data={"world": world_time.bell_text, "date": world_time.date_text, "now": now})


COMMANDS: Final = (
    Command(
        name="help",
        aliases=("?",),
        group=Group.GUIDE,
        usage="help [<topic...>]",
        summary="What you can do.",
        help="Alone it lists the commands; with a command, a group or a topic it explains that.",
        examples=("help", "help give", "help talking", "help names"),
        run=help_,
    ),
    Command(
        name="commands",
        group=Group.GUIDE,
        usage="commands",
        summary="All commands, one after the other.",
        help="Only those you may use.",
        examples=("commands",),
        run=commands,
    ),
    Command(
        name="time",
        group=Group.GUIDE,
        usage="time",
        summary="What time it is, here and outside.",
        help="Shows the time of the world and of the server.",
        examples=("time",),
        run=time,
    ),
)
