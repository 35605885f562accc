"""Commands of character sheets: how one is, what one wears and uses up, and rest."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Final, TypeVar

from mythgate.domain.errors import BadUsage
from mythgate.domain.events import CommandResponse, SheetView
from mythgate.domain.sheets import STATS, CharacterClass, Faction, Race, Sheet, in_words
from mythgate.domain.tactics import Deed
from mythgate.services.characters import Beginning
from mythgate.services.commands.registry import Call, Command, Group
from mythgate.services.sheets import Change
from mythgate.services.sight import enumerate_words, sheet_view

E = TypeVar("E", bound=StrEnum)


async def sheet(call: Call) -> CommandResponse:
    actor, play = call.actor, call.play
    saved = await play.sheets.of(actor.character_id)
    rows = await play.things.inventory(actor.character_id)
    view = sheet_view(saved, rows)
    equipped = [row.name for row in rows if row.equipped]
    idle = [row.name for row in rows if row.kind in ("weapon", "armor")]
    advice = f" `equip` puts on {enumerate_words(idle)}." if idle else ""
    of_faction = f", of the {actor.faction}" if actor.faction else ""
    lines = [
        f"{actor.name}, {view.race} {view.character_class} of level {view.level}{of_faction}.",
        ", ".join(f"{name.capitalize()} {getattr(view.stats, name)}" for name in STATS) + ".",
        _resources(view),
        _prowess(view),
        _experience(view),
        f"You have {view.souls} souls.",
        f"You have equipped {enumerate_words(equipped)}." if equipped else f"You have equipped nothing.{advice}",
    ]
    if equipped:
        lines.append(f"That adds {view.attack} to attacks, {view.defence} to defence and {view.magic} to magic.")
    return call.done("\n".join(lines), player=play.sight.player(actor, rows), inventory=rows)


def _resources(view: SheetView) -> str:
    return (
        f"Health {view.health} of {view.max_health}, stamina {view.stamina} of {view.max_stamina}, "
        f"mana {view.mana} of {view.max_mana}."
    )


def _prowess(view: SheetView) -> str:
    return (
        f"Armor class {view.armor_class}, initiative {view.initiative:+}, attack {view.attack_power:+}, "
        f"magic {view.magic_power:+}."
    )


def _experience(view: SheetView) -> str:
    if view.next_level_at is None:
        return f"Experience {view.experience}: there is no higher level."
    return f"Experience {view.experience}; {view.next_level_at} brings level {view.level + 1}."


async def become(call: Call) -> CommandResponse:
    race = _one_of(Race, call["race"], "race")
    calling = _one_of(CharacterClass, call["class"], "class")
    faction = _one_of(Faction, call.get("faction"), "faction") if call.get("faction") else None
    actor = call.actor
    beginning = Beginning(race, calling, faction)
    await call.play.characters.become(call.caller, actor.character_id, beginning, once=call.once)
    of_faction = f" of the {faction.value}" if faction is not None else ""
    return call.done(f"You are {in_words(race, calling)}{of_faction} from now on. See: sheet, inventory, equip.")


def _one_of(choices: type[E], word: str, what: str) -> E:
    """The choice that begins with `word`, or has a word that does."""
    wanted = word.casefold().removeprefix("the ")
    found = [one for one in choices if any(part.startswith(wanted) for part in _beginnings(one.value.casefold()))]
    if len(found) != 1:
        raise BadUsage(f"There is no {what} {word}.", hint=f"{what.capitalize()}: {', '.join(choices)}.")
    return found[0]


def _beginnings(name: str) -> list[str]:
    words = name.split()
    return [" ".join(words[index:]) for index in range(len(words))]


async def equip(call: Call) -> CommandResponse:
    done = await call.play.sheets.equip(call.actor.character_id, call["thing"], once=call.once)
    instead = f" instead of {done.taken_off.full_name}" if done.taken_off is not None else ""
    return _changed(call, f"You equip {done.template.full_name}{instead}.", done.change)


async def unequip(call: Call) -> CommandResponse:
    done = await call.play.sheets.unequip(call.actor.character_id, call["thing"], once=call.once)
    return _changed(call, f"You take off {done.template.full_name}.", done.change)


async def use(call: Call) -> CommandResponse:
    encounters, actor = call.play.encounters, call.actor.character_id
    if encounters.of(actor) is not None:
        view = await encounters.act(actor, Deed.ITEM, item=call["thing"], once=call.once)
        return call.done(data={"combat": asdict(view)})
    done = await call.play.sheets.use(call.actor.character_id, call["thing"], once=call.once)
    return _changed(call, f"You use {done.template.full_name}. {_gained(done.change)}", done.change)


async def rest(call: Call) -> CommandResponse:
    done = await call.play.sheets.rest(call.actor.character_id, once=call.once)
    if done.change.after == done.change.before:
        text = "You rest, and were not tired."
    elif done.fully:
        text = "You rest as long as you like. Nothing is wrong with you any more."
    else:
        text = f"You rest with one eye open. {_gained(done.change)}"
    return _changed(call, text, done.change)


def _gained(change: Change) -> str:
    return f"You have {_amounts(change.before, change.after)} more."


def _amounts(before: Sheet, after: Sheet) -> str:
    gains = {
        "health": after.now.health - before.now.health,
        "stamina": after.now.stamina - before.now.stamina,
        "mana": after.now.mana - before.now.mana,
    }
    return enumerate_words([f"{gain} {name}" for name, gain in gains.items() if gain])


def _changed(call: Call, text: str, change: Change) -> CommandResponse:
    # The character as it now is was told in a `player_update` already.
    return call.done(text, inventory=call.play.sight.rows(change.carried))


COMMANDS: Final = (
    Command(
        name="sheet",
        aliases=("stats",),
        group=Group.SELF,
        usage="sheet",
        summary="What you can do and bear.",
        help="Shows race, class, attributes, health, stamina, mana, experience, souls, and what you have equipped.",
        examples=("sheet",),
        run=sheet,
    ),
    Command(
        name="become",
        group=Group.SELF,
        usage="become <race> <class> [<faction...>]",
        summary="Choose race, class and faction.",
        help=(
            "For who has not chosen yet; one chooses once, before the second level. Stats come by dice, and you are "
            f"given what one of your class begins with. Race: {', '.join(Race)}. Class: {', '.join(CharacterClass)}. "
            f"Faction: {', '.join(Faction)}."
        ),
        examples=("become dwarf warrior", "become elf ranger moonlit circle"),
        durable=True,
        run=become,
        abbreviable=False,
    ),
    Command(
        name="rest",
        group=Group.SELF,
        usage="rest",
        summary="Regain health, stamina and mana.",
        help=(
            "In a safe place you rest as long as it takes. Elsewhere you regain half of the most there can be, and can "
            "rest again after a minute."
        ),
        examples=("rest",),
        durable=True,
        run=rest,
    ),
    Command(
        name="equip",
        aliases=("wield", "wear"),
        group=Group.THINGS,
        usage="equip <thing...>",
        summary="Take a weapon into your hand, or put on armor.",
        help="One weapon and one armor at a time; what you had equipped before you go on carrying. See also: sheet.",
        examples=("equip longsword", "wear robes"),
        durable=True,
        run=equip,
    ),
    Command(
        name="unequip",
        aliases=("unwield", "remove"),
        group=Group.THINGS,
        usage="unequip <thing...>",
        summary="Take off what you have equipped.",
        help="You go on carrying it.",
        examples=("unequip longsword",),
        durable=True,
        run=unequip,
    ),
    Command(
        name="use",
        aliases=("drink", "quaff"),
        group=Group.THINGS,
        usage="use <thing...>",
        summary="Use something up, such as a potion.",
        help="One of them is gone then.",
        examples=("use health potion", "drink potion"),
        durable=True,
        run=use,
    ),
)
