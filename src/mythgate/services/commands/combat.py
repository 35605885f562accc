"""Commands of fights: beginning, joining, acting, getting away.

What happens is told to all in the fight as events; the answer to a command says no more than that it was done.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from mythgate.domain.abilities import OF_CLASS, ability_named, effect
from mythgate.domain.combat import Encounter
from mythgate.domain.errors import BadUsage, InvalidTarget, NotHere
from mythgate.domain.events import AbilityView, CombatView, CommandResponse, FighterView
from mythgate.domain.presence import Presence
from mythgate.domain.tactics import Deed
from mythgate.services.commands.registry import Call, Command, Group
from mythgate.services.encounters import ability_views
from mythgate.services.sight import enumerate_words


async def attack(call: Call) -> CommandResponse:
    encounters, actor = call.play.encounters, call.actor.character_id
    if encounters.of(actor) is not None:
        return await light(call)
    words = call.get("whom")
    try:
        return _begun(call, await encounters.start(actor, enemy=words or None))
    except InvalidTarget:
        if not words or not _is_person(call, words):
            raise
    return await duel(call)


def _is_person(call: Call, words: str) -> bool:
    try:
        return call.play.things.find_person(call.actor, words) is not call.actor
    except NotHere:
        return False


async def duel(call: Call) -> CommandResponse:
    whom = call.get("whom")
    other = call.play.things.find_person(call.actor, whom) if whom else _challenger(call)
    encounter = await call.play.encounters.start(call.actor.character_id, target=other.character_id)
    if encounter is None:
        return call.done(f"{other.name} is to answer.")
    return _begun(call, encounter)


def _challenger(call: Call) -> Presence:
    """The only one who waits for the actor's answer."""
    waiting = call.play.encounters.challengers(call.actor.character_id)
    if not waiting:
        raise call.misused("Duel whom?")
    if len(waiting) > 1:
        names = enumerate_words([one.name for one in waiting])
        raise BadUsage("Duel whom?", hint=f"{names} wait for your answer.")
    return waiting[0]


async def assist(call: Call) -> CommandResponse:
    other = call.play.things.find_person(call.actor, call["whom"])
    return _begun(call, await call.play.encounters.join(call.actor.character_id, other.character_id))


def _begun(call: Call, encounter: Encounter | None) -> CommandResponse:
    encounters, actor = call.play.encounters, call.actor.character_id
    if encounter is None or encounters.of(actor) is None:  # it may be over already
        return call.done()
    return call.done(data={"combat": asdict(encounters.view_of(actor))})


async def light(call: Call) -> CommandResponse:
    return await _act(call, Deed.LIGHT_ATTACK, call.get("whom"))


async def heavy(call: Call) -> CommandResponse:
    return await _act(call, Deed.HEAVY_ATTACK, call.get("whom"))


async def dodge(call: Call) -> CommandResponse:
    return await _act(call, Deed.DODGE)


async def block(call: Call) -> CommandResponse:
    return await _act(call, Deed.BLOCK)


async def parry(call: Call) -> CommandResponse:
    return await _act(call, Deed.PARRY)


async def wait(call: Call) -> CommandResponse:
    return await _act(call, Deed.WAIT)


async def flee(call: Call) -> CommandResponse:
    return await _act(call, Deed.FLEE)


async def cast(call: Call) -> CommandResponse:
    ability, at, whom = call["ability"].rpartition(" at ")
    return await _act(call, Deed.ABILITY, whom if at else "", ability=ability if at else call["ability"])


async def _act(call: Call, deed: Deed, whom: str = "", *, ability: str = "") -> CommandResponse:
    encounters, actor = call.play.encounters, call.actor.character_id
    target = encounters.fighter(actor, whom) if whom else None
    view = await encounters.act(actor, deed, target=target, ability=ability)
    return call.done(data={"combat": asdict(view)})


async def fight(call: Call) -> CommandResponse:
    view = call.play.encounters.view_of(call.actor.character_id)
    return call.done(_text(view, call.actor.character_id), data={"combat": asdict(view)})


def _text(view: CombatView, reader: str) -> str:
    active = next(one.name for one in view.fighters if one.number == view.active)
    whose = "It is your turn" if view.active_character_id == reader else f"It is the turn of {active}"
    lines = [f"Round {view.round}. {whose}, for {view.seconds_left:.0f} seconds yet."]
    return "\n".join([*lines, *(_line(one) for one in view.fighters)])


def _line(one: FighterView) -> str:
    if one.condition != "standing":
        return f"  {one.number}. {one.name} has {'fallen' if one.condition == 'fallen' else 'fled'}."
    parts = [f"health {one.health} of {one.max_health}", f"stamina {one.stamina}", f"mana {one.mana}"]
    parts += [f"ready to {one.stance}"] if one.stance is not None else []
    parts += [status.kind.replace("_", " ") for status in one.statuses]
    return f"  {one.number}. {one.name}: {', '.join(parts)}."


async def abilities(call: Call) -> CommandResponse:
    encounters, actor = call.play.encounters, call.actor.character_id
    if encounters.of(actor) is not None:
        view = encounters.view_of(actor)
        views = next(one.abilities for one in view.fighters if one.character_id == actor)
    else:
        sheet = await call.play.sheets.of(actor)
        views = ability_views([one.name for one in OF_CLASS[sheet.calling]], {})
    text = "\n".join(_ability_line(one) for one in views)
    return call.done(text, data={"abilities": [asdict(one) for one in views]})


_AIMS: Final = {"self": "yourself", "single_enemy": "an enemy", "all_enemies": "all enemies", "area": "an area"}


def _ability_line(one: AbilityView) -> str:
    costs = ((one.health, "health"), (one.stamina, "stamina"), (one.mana, "mana"))
    price = enumerate_words([f"{amount} {name}" for amount, name in costs if amount])
    wait = f"; ready in {one.ready_in} round{'s' * (one.ready_in > 1)}" if one.ready_in else ""
    return f"{one.name}: for {_AIMS[one.target]}, costs {price}{wait}. {effect(ability_named(one.name))}."


_DEED_HELP: Final = "On your turn in a fight. Who takes longer than the turn lasts blocks."

COMMANDS: Final = (
    Command(
        name="attack",
        aliases=("kill",),
        group=Group.FIGHTING,
        usage="attack [<whom...>]",
        summary="Begin a fight; in a fight, strike quickly.",
        help=(
            "Begins a fight with a creature that lives here, or joins your party in theirs. With the name of a player "
            "it is a challenge to a duel. In a fight it is the same as `light`."
        ),
        examples=("attack wolf", "attack"),
        run=attack,
    ),
    Command(
        name="duel",
        group=Group.FIGHTING,
        usage="duel [<whom...>]",
        summary="Challenge somebody here, or accept their challenge.",
        help=(
            "A duel begins when both want it. It costs nobody's life, and brings nothing but the honour. Without a "
            "name it accepts the challenge that stands, if it is only one."
        ),
        examples=("duel Ada", "duel"),
        run=duel,
        abbreviable=False,
    ),
    Command(
        name="assist",
        aliases=("join",),
        group=Group.FIGHTING,
        usage="assist <whom...>",
        summary="Come to the help of somebody who fights creatures here.",
        help="You act from the next round on. What the fight brings is shared among all who stand at the end.",
        examples=("assist Ada",),
        run=assist,
        abbreviable=False,
    ),
    Command(
        name="light",
        group=Group.FIGHTING,
        usage="light [<whom...>]",
        summary="Strike quickly: 15 stamina.",
        help=f"{_DEED_HELP} Name the enemy, or its number in the fight, if there are several.",
        examples=("light", "light wolf", "light 3"),
        run=light,
        abbreviable=False,
    ),
    Command(
        name="heavy",
        group=Group.FIGHTING,
        usage="heavy [<whom...>]",
        summary="Strike hard: 35 stamina, misses more often, and may make bleed.",
        help=_DEED_HELP,
        examples=("heavy", "heavy wolf"),
        run=heavy,
        abbreviable=False,
    ),
    Command(
        name="dodge",
        group=Group.FIGHTING,
        usage="dodge",
        summary="Be ready to step aside until your next turn: 20 stamina.",
        help=f"{_DEED_HELP} Who is dodged does no harm at all.",
        examples=("dodge",),
        run=dodge,
        abbreviable=False,
    ),
    Command(
        name="block",
        aliases=("defend",),
        group=Group.FIGHTING,
        usage="block",
        summary="Keep your guard up until your next turn: 10 stamina.",
        help=f"{_DEED_HELP} What hits you does two fifths of the harm.",
        examples=("block",),
        run=block,
        abbreviable=False,
    ),
    Command(
        name="parry",
        group=Group.FIGHTING,
        usage="parry",
        summary="Be ready to turn blows back until your next turn: 25 stamina.",
        help=f"{_DEED_HELP} Abilities cannot be parried.",
        examples=("parry",),
        run=parry,
        abbreviable=False,
    ),
    Command(
        name="cast",
        aliases=("ability",),
        group=Group.FIGHTING,
        usage="cast <ability...>",
        summary="Use one of your abilities.",
        help=f"{_DEED_HELP} With `at` and an enemy, at that one. `abilities` lists yours.",
        examples=("cast fireball", "cast fireball at wolf", "cast shield bash at 3"),
        run=cast,
        abbreviable=False,
    ),
    Command(
        name="wait",
        group=Group.FIGHTING,
        usage="wait",
        summary="Catch your breath: 20 stamina and 10 mana more.",
        help=f"{_DEED_HELP} You take no stance meanwhile.",
        examples=("wait",),
        run=wait,
        abbreviable=False,
    ),
    Command(
        name="flee",
        group=Group.FIGHTING,
        usage="flee",
        summary="Try to get away through any way out.",
        help=f"{_DEED_HELP} The quicker you are, and the slower they, the likelier it is.",
        examples=("flee",),
        run=flee,
        abbreviable=False,
    ),
    Command(
        name="fight",
        group=Group.FIGHTING,
        usage="fight",
        summary="How the fight stands, and whose turn it is.",
        help="Lists everybody in it with their numbers.",
        examples=("fight",),
        run=fight,
        abbreviable=False,
    ),
    Command(
        name="abilities",
        group=Group.FIGHTING,
        usage="abilities",
        summary="What your class can do in a fight.",
        help="With what each costs and does, and in a fight, when it can be used again. Your stats make them stronger.",
        examples=("abilities",),
        run=abilities,
        abbreviable=False,
    ),
)
