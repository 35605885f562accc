"""Commands about oneself."""

from __future__ import annotations

from typing import Final

from mythgate.domain import textcommands
from mythgate.domain.accounts import Role
from mythgate.domain.chat import remaining, tidy
from mythgate.domain.errors import BadUsage, InvalidInput
from mythgate.domain.events import CommandResponse
from mythgate.domain.presence import Availability
from mythgate.services.commands.registry import Call, Command, Group, RateClass
from mythgate.services.moderation import UNTIL_LIFTED
from mythgate.services.ports import Transaction


async def status(call: Call) -> CommandResponse:
    actor, play = call.actor, call.play
    rows = await play.things.inventory(actor.character_id)
    player = play.sight.player(actor, rows)
    place = play.sight.room_of(actor)
    zone = play.world.world.zone_of(place)
    lines = [f"You are {actor.name}, level {actor.level}{f', of {actor.faction}' if actor.faction else ''}."]
    if actor.role is not Role.PLAYER:
        lines.append(f"You are one of the staff ({actor.role.value}).")
    lines.append(f"You are in {place.name}, {zone.name}.")
    lines.append(player.description or "Others see nothing special about you. Change that with describe.")
    if actor.availability is not Availability.ONLINE:
        lines.append(f"You are {actor.availability.value}{f': {actor.afk_text}' if actor.afk_text else '.'}")
    if player.following is not None:
        lines.append(f"You follow {player.following}.")
    carried = sum(row.count for row in rows)
    lines.append(f"You carry {carried or 'no'} thing{'' if carried == 1 else 's'}.")
    now = play.clock.now()
    if actor.muted_until == UNTIL_LIFTED:
        lines.append("You are muted.")
    elif actor.muted_until is not None and now < actor.muted_until:
        lines.append(f"You are muted for another {remaining(actor.muted_until - now)}.")
    return call.done("\n".join(lines), player=player, inventory=rows)


async def away(call: Call) -> CommandResponse:
    return await _set(call, Availability.AWAY)


async def busy(call: Call) -> CommandResponse:
    return await _set(call, Availability.BUSY)


async def back(call: Call) -> CommandResponse:
    return await _set(call, Availability.ONLINE)


async def _set(call: Call, availability: Availability) -> CommandResponse:
    words = call.get("words")
    text = "" if words == "-" else words or None
    actor = await call.play.presence.set_availability(call.actor.character_id, availability, text)
    if availability is Availability.ONLINE:
        result = "You are back."
    else:
        result = f"You are {availability.value}{f': {actor.afk_text}' if actor.afk_text else '.'}"
    return call.done(result, data={"status": availability.value, "afk_text": actor.afk_text})


async def describe(call: Call) -> CommandResponse:
    words = call.get("words")
    if not words:
        description = call.play.sight.persona(call.actor.character_id).description
        text = f"Others see: {description}" if description else "Others see nothing special about you."
        return call.done(text, data={"description": description})
    await call.play.presence.describe(call.actor.character_id, "" if words == "-" else words)
    description = call.play.sight.persona(call.actor.character_id).description
    text = f"Others see now: {description}" if description else "Others see nothing special about you now."
    return call.done(text, data={"description": description})


async def alias(call: Call) -> CommandResponse:
    persona = call.play.sight.persona(call.actor.character_id)
    if not call.get("name"):
        lines = [f"  {name} = {command}" for name, command in sorted(persona.aliases.items())]
        text = "Your aliases:\n" + "\n".join(lines) if lines else "You have no aliases."
        return call.done(text, data={"aliases": dict(persona.aliases)})
    name = textcommands.alias_name(call["name"])
    meaning = tidy(call.get("command")).strip()
    if not meaning:
        if name not in persona.aliases:
            raise BadUsage(f"You have no alias {name}.", hint=f"Usage: {call.command.usage}")
        return call.done(f"{name} = {persona.aliases[name]}", data={"aliases": {name: persona.aliases[name]}})
    if call.registry.exact(name) is not None:
        raise InvalidInput(f"{name} is a command already.", field="name", hint="Choose another name.")
    character_id = call.actor.character_id

    def work(tx: Transaction) -> None:
        tx.characters.require(character_id)  # one at a time, so that the limit holds
        textcommands.define(name, meaning, tx.preferences.aliases(character_id))
        tx.preferences.set_alias(character_id, name, meaning)

    def after(_: None) -> None:
        persona.aliases[name] = meaning

    await call.play.store.write(work, then=after)
    return call.done(f"{name} = {meaning}", data={"aliases": {name: meaning}})


async def unalias(call: Call) -> CommandResponse:
    persona = call.play.sight.persona(call.actor.character_id)
    name = call["name"].casefold()
    character_id = call.actor.character_id

    def after(_: bool) -> None:
        persona.aliases.pop(name, None)

    if not await call.play.store.write(lambda tx: tx.preferences.remove_alias(character_id, name), then=after):
        return call.done(f"You have no alias {name}.")
    return call.done(f"The alias {name} is gone.")


async def save(call: Call) -> CommandResponse:
    return call.done("There is no need to: everything you do is saved the moment it is done.")


async def quit_(call: Call) -> CommandResponse:
    if call.play.sight.persona(call.actor.character_id).is_guest:
        farewell = "Goodbye! As a guest you are somebody new each time; with an account you would find yourself here."
    else:
        farewell = "Goodbye! You will find yourself here when you come back."
    return call.done(farewell, data={"quit": True})


COMMANDS: Final = (
    Command(
        name="status",
        aliases=("whoami", "score"),
        group=Group.SELF,
        usage="status",
        summary="How you are and where.",
        help="Shows your character as it stands now.",
        examples=("status",),
        run=status,
    ),
    Command(
        name="away",
        aliases=("afk",),
        group=Group.SELF,
        usage="away [<words...>]",
        summary="Say that you are not at the keyboard.",
        help=(
            "Others see it, and who speaks to you in private is told your words. Without words your last ones are "
            "used again; a single - clears them. back ends it."
        ),
        examples=("away", "away back at six", "away -"),
        rate=RateClass.SETTING,
        run=away,
    ),
    Command(
        name="busy",
        aliases=("dnd",),
        group=Group.SELF,
        usage="busy [<words...>]",
        summary="Say that you would rather not be disturbed.",
        help="As away. back ends it.",
        examples=("busy in a fight",),
        rate=RateClass.SETTING,
        run=busy,
    ),
    Command(
        name="back",
        group=Group.SELF,
        usage="back",
        summary="Say that you are there again.",
        help="Ends away and busy.",
        examples=("back",),
        rate=RateClass.SETTING,
        run=back,
    ),
    Command(
        name="describe",
        group=Group.SELF,
        usage="describe [<words...>]",
        summary="Set what others see when they look at you.",
        help="Alone it shows the description; a single - clears it.",
        examples=("describe A tall woman in a travel-worn coat.", "describe -"),
        durable=True,
        rate=RateClass.SETTING,
        run=describe,
    ),
    Command(
        name="alias",
        aliases=("aliases",),
        group=Group.SELF,
        usage="alias [<name>] [<command...>]",
        summary="Make a word of your own for a command.",
        help=(
            "Alone it lists your aliases. $* in the command stands for all you type after the alias, $1 to $9 for "
            "single words; without these, what you type is added at the end. Aliases may use each other, up to ten "
            "deep. One command each."
        ),
        examples=("alias hi say Hello, $*!", "alias gg get all", "alias hi"),
        durable=True,
        rate=RateClass.SETTING,
        run=alias,
    ),
    Command(
        name="unalias",
        group=Group.SELF,
        usage="unalias <name>",
        summary="Remove one of your own words.",
        help="Removes an alias.",
        examples=("unalias hi",),
        durable=True,
        rate=RateClass.SETTING,
        run=unalias,
    ),
    Command(
        name="save",
        group=Group.SELF,
        usage="save",
        summary="Everything is always saved.",
        help="There is nothing to do: what you are told is done is saved.",
        examples=("save",),
        run=save,
    ),
    Command(
        name="quit",
        aliases=("logout", "exit"),
        group=Group.SELF,
        usage="quit",
        summary="Leave the world.",
        help="Your character stays where it is, unseen, until you come back.",
        examples=("quit",),
        abbreviable=False,
        run=quit_,
    ),
)
