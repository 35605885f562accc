"""Fights: an encounter of characters and creatures, turn by turn.

An encounter is a machine of its seed, of who took part, and of what they did, in order: these alone decide
everything, so a fight can be told again from its record and every blow be proven (`replay`). The seed stays secret
until the end; what it is was promised at the beginning (`commitment`).

A round: what is the matter with the fighters takes effect, then everybody who stands acts once, the quickest first,
then all regain some stamina. Who takes a stance (to dodge, block or parry) holds it until the own next turn. A fight
ends when one side stands alone, or after `MAX_ROUNDS`, undecided.

Formulas are those of the Shards network, version 1.0.0, where it has any, and health is a whole number. How fleeing
goes, what poise is good for, and what frost and stun do, is of our own.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from mythgate.domain import tactics
from mythgate.domain.abilities import (
    FINISHING,
    NEARLY_DEAD,
    Ability,
    Aim,
    DamageType,
    Status,
    StatusKind,
    ability_named,
)
from mythgate.domain.bestiary import BESTIARY, RESURRECTION, Behaviour, Creature, Phase
from mythgate.domain.errors import InvalidAction, InvalidInput, InvalidTarget, NoSuchAbility, NotYourTurn, TooWeak
from mythgate.domain.ids import CharacterId
from mythgate.domain.sheets import Resources, Stats
from mythgate.domain.tactics import BREATH, STANCES, STRIKES, Deed, Mood, Strike, defence_of

MAX_ROUNDS: Final = 100
MAX_FIGHTERS: Final = 24
RESPITE: Final = Resources(0, 20, 10)  # what who waits regains on top
EXPERIENCE_PER_LEVEL: Final = 100  # of a slain creature; souls are 50 to 150
SOULS_PER_LEVEL: Final = (50, 150)

BEFOREHAND: Final = -1
_HIT_BOUNDS: Final = (10, 95)  # percent
_FLEEING: Final = (10, 95)
_BLEED: Final = Status(StatusKind.BLEED, 3, 5)
_BLEED_CHANCE: Final = 30  # percent of heavy hits
_USES_ABILITY: Final = 35  # percent of a creature's turns in which it has one to use
_RISES_WITH: Final = 30  # percent of the health
_TICKS: Final[Mapping[StatusKind, DamageType]] = MappingProxyType(
    {
        StatusKind.BLEED: DamageType.PHYSICAL,
        StatusKind.POISON: DamageType.POISON,
        StatusKind.BURN: DamageType.FIRE,
    }
)


# --- who fights ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Powers:
    """What follows from stats and equipment. Chances are percentages; `critical_damage` is tenths."""

    attack: int
    defence: int
    accuracy: int
    evasion: int
    critical: int
    critical_damage: int
    initiative: int
    poise: int


def powers(stats: Stats, attack: int = 0, defence: int = 0) -> Powers:
    """What somebody with these stats can do, with such bonuses of what is equipped."""
    strength, dexterity = stats.modifier("strength"), stats.modifier("dexterity")
    return Powers(
        attack=max(1, 10 + strength + attack),
        defence=max(0, 10 + dexterity + defence),
        accuracy=max(10, 60 + 3 * dexterity + 2 * strength),
        evasion=max(0, 10 + 4 * dexterity),
        critical=max(1, min(5 + dexterity, 50)),
        critical_damage=max(10, 15 + strength),
        initiative=max(1, 10 + dexterity),
        poise=max(1, 10 + stats.modifier("constitution")),
    )


@dataclass(frozen=True, slots=True)
class Combatant:
    """Somebody as they come into a fight: a character, or without one a creature."""

    name: str
    side: int
    level: int
    stats: Stats
    most: Resources
    now: Resources
    attack: int = 0  # bonuses of what is equipped
    defence: int = 0
    magic: int = 0
    armed: bool = False
    abilities: tuple[str, ...] = ()
    character: CharacterId | None = None
    creature: str = ""
    summoned: bool = False  # in the fight itself: gives no reward


def creature_as_combatant(
    kind: Creature,
    side: int,
    *,
    name: str = "",
    strength: int | None = None,
    toughness: float = 1.0,
    summoned: bool = False,
) -> Combatant:
    """A creature of that kind, with the stats of the level `strength`, its own unless told otherwise.

    `toughness` multiplies its health; a `name` is a proper one.
    """
    stats, most = kind.scaled(strength)
    most = replace(most, health=max(1, int(most.health * toughness)))
    return Combatant(
        f"{name or kind.name} (Lv{kind.level})",
        side,
        kind.level,
        stats,
        most,
        most,
        armed=True,
        abilities=kind.abilities,
        creature=kind.key,
        summoned=summoned,
    )


class Condition(StrEnum):
    STANDING = "standing"
    FALLEN = "fallen"
    FLED = "fled"


@dataclass(slots=True)
class Fighter:
    """Somebody in a fight, as they are at this moment."""

    number: int  # in this fight, from 1
    name: str
    entered: Combatant
    stats: Stats
    now: Resources
    speed: int  # initiative as rolled
    condition: Condition = Condition.STANDING
    stance: Deed | None = None
    statuses: dict[StatusKind, Status] = field(default_factory=dict)
    cooldowns: dict[str, int] = field(default_factory=dict)
    locked: frozenset[str] = frozenset()  # abilities it does not have yet
    phases: tuple[Phase, ...] = ()  # that are still to come
    fire: int = 0  # percent more damage by fire
    hardening: int = 0  # percent less damage of every kind
    can_rise: bool = False
    steady: bool = False  # just shook off a stun, and cannot be stunned before having acted

    @property
    def side(self) -> int:
        return self.entered.side

    @property
    def character(self) -> CharacterId | None:
        return self.entered.character

    @property
    def is_standing(self) -> bool:
        return self.condition is Condition.STANDING

    @property
    def powers(self) -> Powers:
        return powers(self.stats, self.entered.attack, self.entered.defence)

    @property
    def health(self) -> int:
        """Percent of the most, rounded up: nobody who stands has 0."""
        return -(-self.now.health * 100 // self.entered.most.health)

    @property
    def evasion(self) -> int:
        frost, shadow = self.statuses.get(StatusKind.FROST), self.statuses.get(StatusKind.EVASION)
        less = 5 * frost.potency if frost is not None else 0
        more = shadow.potency if shadow is not None else 0
        return max(0, self.powers.evasion + more - less)

    @property
    def defence(self) -> int:
        percent = 125 if StatusKind.DEFENSE_BUFF in self.statuses else 100
        return self.powers.defence * percent // 100

    @property
    def quickness(self) -> int:
        """What decides who acts before whom."""
        frost = self.statuses.get(StatusKind.FROST)
        return self.speed - (frost.potency if frost is not None else 0)

    @property
    def force(self) -> int:
        """Percent of damage dealt, for what is the matter with the fighter."""
        percent = 125 if StatusKind.STRENGTH_BUFF in self.statuses else 100
        return percent * 3 // 4 if StatusKind.WEAKNESS in self.statuses else percent

    def suffering(self, kind: DamageType) -> int:
        """Percent of such damage that reaches the fighter. Who is immune stays so."""
        creature = BESTIARY.get(self.entered.creature)
        percent = creature.suffers[kind] if creature is not None else 100
        percent = max(0, percent - self.hardening)
        return percent * 5 // 4 if StatusKind.MARKED in self.statuses else percent


# --- what happens ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a consumable does."""

    name: str
    health: int = 0
    mana: int = 0
    stamina: int = 0


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does with a turn. Without a target it is the first enemy who stands."""

    deed: Deed
    target: int | None = None
    ability: str = ""
    remedy: Remedy | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """Part of a record: somebody came in."""

    combatant: Combatant


@dataclass(frozen=True, slots=True)
class Acted:
    """Part of a record: somebody used their turn."""

    number: int
    act: Act


@dataclass(frozen=True, slots=True)
class Left:
    """Part of a record: somebody went without asking."""

    number: int


Entry = Joined | Acted | Left


@dataclass(frozen=True, slots=True)
class Record:
    """All a fight follows from."""

    id: str
    seed: int
    combatants: tuple[Combatant, ...]
    entries: tuple[Entry, ...]


class Result(StrEnum):
    """How an attack went."""

    HIT = "hit"
    MISS = "miss"
    CRITICAL = "critical"
    DODGED = "dodged"
    BLOCKED = "blocked"
    PARRIED = "parried"


class HappeningKind(StrEnum):
    NOTE = "note"
    DAMAGE = "damage"
    HEAL = "heal"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened, in words, and what it did to whom. Numbers are of fighters; 0: nobody."""

    kind: HappeningKind
    text: str
    source: int = 0
    target: int = 0
    amount: int = 0
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Roll:
    """Dice that decided something, for who wants to follow a fight. What creatures choose is not among them."""

    line: int  # of the log, from 0: what it decided about; `BEFOREHAND`: who acts first
    what: str
    sides: int
    value: int
    needed: int = 0  # at most this succeeds; 0: the value itself counts


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended. The reward is of the slain creatures, for all winners together."""

    winner: int | None  # side; None: nobody
    souls: int = 0
    experience: int = 0
    drops: tuple[str, ...] = ()
    slain: tuple[str, ...] = ()


def commitment(encounter_id: str, seed: int) -> str:
    """What is told of a seed at the beginning, so that nobody can claim another at the end."""
    return hashlib.sha256(f"{encounter_id}:{seed}".encode()).hexdigest()


# --- the fight -------------------------------------------------------------------------------------


class Encounter:
    """One fight. Every method either changes it and says what happened, or refuses and changes nothing."""

    def __init__(self, encounter_id: str, seed: int, combatants: Sequence[Combatant]) -> None:
        if len({one.side for one in combatants}) < 2 or len(combatants) > MAX_FIGHTERS:
            raise InvalidAction("A fight needs two sides, and room for all.")
        self.id = encounter_id
        self.round = 0
        self.active: int | None = None  # whose turn it is; None once it is over
        self.outcome: Outcome | None = None
        self.told: list[Happening] = []
        self.rolls: list[Roll] = []
        self.begins: list[int] = []  # how many lines there were when each round began
        self._seed = seed
        # The same on every machine: of this generator only random() is used, whose sequence Python promises to keep.
        self._dice = random.Random(seed)  # noqa: S311
        self._first = tuple(combatants)
        self._entries: list[Entry] = []
        self._fighters: list[Fighter] = []
        self._waiting: list[int] = []  # who acts in this round still, in order
        for combatant in combatants:
            self._add(combatant)
        self._go_on()

    # --- looking on --------------------------------------------------------------------------------

    @property
    def commitment(self) -> str:
        return commitment(self.id, self._seed)

    @property
    def record(self) -> Record:
        """What it can be told again from. Whoever has it knows the dice to come: not before the end."""
        return Record(self.id, self._seed, self._first, tuple(self._entries))

    @property
    def fighters(self) -> Sequence[Fighter]:
        """All who ever took part, by number."""
        return self._fighters

    @property
    def order(self) -> Sequence[int]:
        """Who acts in this round, from the active one on."""
        return [number for number in self._waiting if self._fighters[number - 1].is_standing]

    @property
    def next_order(self) -> Sequence[int]:
        """Who acts in the round after this one, as it looks now."""
        return [one.number for one in self._by_quickness()]

    def fighter(self, number: int) -> Fighter:
        """Raises InvalidTarget for a number nobody has."""
        if not 1 <= number <= len(self._fighters):
            raise InvalidTarget
        return self._fighters[number - 1]

    def fighter_of(self, character: CharacterId) -> Fighter | None:
        """The character's last appearance in this fight."""
        return next((one for one in reversed(self._fighters) if one.character == character), None)

    def enemies_of(self, fighter: Fighter) -> list[Fighter]:
        """Those who stand against them."""
        return [one for one in self._fighters if one.is_standing and one.side != fighter.side]

    # --- taking part -------------------------------------------------------------------------------

    def act(self, number: int, act: Act) -> list[Happening]:
        """Somebody uses their turn.

        Raises:
            NotYourTurn: it is not theirs.
            InvalidAction, InvalidTarget, NoSuchAbility, TooWeak: it is, and remains so.

        """
        self._refuse_if_over()
        if number != self.active:
            raise NotYourTurn
        begun = len(self.told)
        fighter = self.fighter(number)
        perform = self._ready(fighter, act)
        self._entries.append(Acted(number, act))
        self._take_turn(fighter, perform)
        self._go_on()
        return self.told[begun:]

    def skip(self) -> list[Happening]:
        """The active fighter took too long: they block, or wait if that left them too weak to strike a round later."""
        self._refuse_if_over()
        assert self.active is not None  # somebody's turn it is, while it is not over
        return self.act(self.active, Act(defence_of(self.fighter(self.active).now.stamina)))

    def join(self, combatant: Combatant) -> list[Happening]:
        """Somebody comes in, and acts from the next round on.

        Raises:
            InvalidAction: the fight is over or full, or they stand in it already.

        """
        self._refuse_if_over()
        there = self.fighter_of(combatant.character) if combatant.character is not None else None
        if there is not None:
            raise InvalidAction("You were in this fight already.")
        if len(self._fighters) >= MAX_FIGHTERS:
            raise InvalidAction("There is no room for another in this fight.")
        begun = len(self.told)
        self._entries.append(Joined(combatant))
        fighter = self._add(combatant)
        self._note(f"{fighter.name} joins the fight.", fighter)
        return self.told[begun:]

    def leave(self, number: int) -> list[Happening]:
        """Somebody is gone, whatever the dice would have said.

        Raises:
            InvalidAction: the fight is over, or they do not stand in it.

        """
        self._refuse_if_over()
        fighter = self.fighter(number)
        if not fighter.is_standing:
            raise InvalidAction
        begun = len(self.told)
        self._entries.append(Left(number))
        fighter.condition = Condition.FLED
        self._note(f"{fighter.name} is gone.", fighter)
        if number == self.active:
            self._waiting.pop(0)
        self._go_on()
        return self.told[begun:]

    def _refuse_if_over(self) -> None:
        if self.outcome is not None:
            raise InvalidAction("This fight is over.")

    # --- rounds and turns --------------------------------------------------------------------------

    def _add(self, combatant: Combatant) -> Fighter:
        taken = {one.name for one in self._fighters}
        name = next(
            name
            for name in (combatant.name, *(f"{combatant.name} {n}" for n in range(2, MAX_FIGHTERS + 2)))
            if name not in taken
        )
        creature = BESTIARY.get(combatant.creature)
        fighter = Fighter(
            len(self._fighters) + 1,
            name,
            combatant,
            combatant.stats,
            combatant.now,
            powers(combatant.stats).initiative
            + self._rolled(20, f"initiative of {name}", line=None if self.begins else BEFOREHAND),
            locked=creature.locked if creature is not None else frozenset(),
            phases=creature.phases if creature is not None else (),
        )
        self._fighters.append(fighter)
        return fighter

    def _go_on(self) -> None:
        """To the next turn of a character, or to the end; creatures act on the way."""
        self.active = None
        while not self._settled():
            if not self._waiting:
                self._next_round()
                continue
            fighter = self._fighters[self._waiting[0] - 1]
            if not fighter.is_standing:
                self._waiting.pop(0)
            elif StatusKind.STUN in fighter.statuses:
                self._waiting.pop(0)
                self._lose_turn(fighter)
            elif fighter.character is not None:
                self.active = fighter.number
                return
            else:
                self._take_turn(fighter, self._ready(fighter, self._instinct(fighter)))

    def _take_turn(self, fighter: Fighter, perform: Callable[[], None]) -> None:
        self._waiting.pop(0)
        fighter.stance = None
        fighter.steady = False
        perform()

    def _lose_turn(self, fighter: Fighter) -> None:
        stun = fighter.statuses.pop(StatusKind.STUN)
        if stun.rounds > 1:
            fighter.statuses[StatusKind.STUN] = replace(stun, rounds=stun.rounds - 1)
        fighter.stance = None
        fighter.steady = True
        self._note(f"{fighter.name} is stunned and loses the turn.", fighter)

    def _next_round(self) -> None:
        if self.round:
            for fighter in self._standing():
                fighter.now = self._within(fighter, stamina=fighter.now.stamina + BREATH)
                fighter.cooldowns = {name: left - 1 for name, left in fighter.cooldowns.items() if left > 1}
        self.round += 1
        self.begins.append(len(self.told))
        if self.round > MAX_ROUNDS:
            self.outcome = Outcome(None)
            self._note("Nobody wins; both sides part.")
            return
        for fighter in self._standing():
            self._tick(fighter)
        self._waiting = [one.number for one in self._by_quickness()]

    def _by_quickness(self) -> list[Fighter]:
        return sorted(self._standing(), key=lambda one: (-one.quickness, one.character is None, one.number))

    def _tick(self, fighter: Fighter) -> None:
        """One round of what is the matter with a fighter; a stun lasts turns instead."""
        for kind, status in list(fighter.statuses.items()):
            if kind is StatusKind.STUN or not fighter.is_standing:
                continue
            if kind is StatusKind.REGENERATION:
                self._heal(fighter, fighter, status.potency, "regenerates")
            elif kind in _TICKS:
                amount = status.potency * fighter.suffering(_TICKS[kind]) // 100
                self._tell_damage(f"{fighter.name} suffers {amount} from {kind.value}.", None, fighter, amount)
                self._hurt(fighter, amount)
            if status.rounds > 1:
                fighter.statuses[kind] = replace(status, rounds=status.rounds - 1)
            else:
                fighter.statuses.pop(kind, None)

    def _settled(self) -> bool:
        """Whether it is over; writes the outcome if it is so by now."""
        if self.outcome is None:
            sides = {one.side for one in self._standing()}
            if len(sides) < 2:
                winner = next(iter(sides), None)
                self.outcome = self._reward(winner)
                self._note("The fight is over.")
        return self.outcome is not None

    def _reward(self, winner: int | None) -> Outcome:
        """What the slain are worth to a winning side with characters."""
        if not any(one.character is not None and one.side == winner for one in self._standing()):
            return Outcome(winner)
        slain = [
            one
            for one in self._fighters
            if one.entered.creature and one.side != winner and one.condition is Condition.FALLEN
        ]
        souls = experience = 0
        drops: list[str] = []
        for one in slain:
            if one.entered.summoned:
                continue
            fewest, most = SOULS_PER_LEVEL
            souls += (fewest + self._rolled(most - fewest + 1, "souls") - 1) * one.entered.level
            experience += EXPERIENCE_PER_LEVEL * one.entered.level
            drops += [
                drop.item
                for drop in BESTIARY[one.entered.creature].drops
                if self._chance(drop.percent, drop.item.replace("_", " "))
            ]
        return Outcome(winner, souls, experience, tuple(drops), tuple(one.entered.creature for one in slain))

    # --- acts --------------------------------------------------------------------------------------

    def _ready(self, fighter: Fighter, act: Act) -> Callable[[], None]:
        """Check everything about an act; what is returned carries it out and cannot fail."""
        deed = act.deed
        if deed in STRIKES:
            return self._ready_strike(fighter, act, STRIKES[deed])
        if deed in STANCES:
            return self._ready_stance(fighter, deed)
        if deed is Deed.ABILITY:
            return self._ready_ability(fighter, act)
        if deed is Deed.ITEM:
            return self._ready_item(fighter, act)
        if deed is Deed.FLEE:
            return lambda: self._flee(fighter)
        return lambda: self._wait(fighter)

    def _ready_strike(self, fighter: Fighter, act: Act, strike: Strike) -> Callable[[], None]:
        target = self._target(fighter, act.target)
        self._afford(fighter, Resources(0, strike.stamina, 0))

        def perform() -> None:
            self._pay(fighter, Resources(0, strike.stamina, 0))
            self._strike(fighter, target, strike)

        return perform

    def _ready_stance(self, fighter: Fighter, deed: Deed) -> Callable[[], None]:
        cost = Resources(0, STANCES[deed], 0)
        self._afford(fighter, cost)

        def perform() -> None:
            self._pay(fighter, cost)
            fighter.stance = deed
            self._note(f"{fighter.name} gets ready to {deed.value}.", fighter)

        return perform

    def _ready_ability(self, fighter: Fighter, act: Act) -> Callable[[], None]:
        ability = ability_named(act.ability)
        if ability.name not in fighter.entered.abilities or ability.name in fighter.locked:
            raise NoSuchAbility
        rounds = fighter.cooldowns.get(ability.name, 0)
        if rounds:
            raise InvalidAction(f"{ability.name} is not ready yet.", hint=f"In {rounds} round{'s' * (rounds > 1)}.")
        if ability.needs_weapon and not fighter.entered.armed:
            raise InvalidAction(f"{ability.name} needs a weapon in hand.", hint="`equip` one before the next fight.")
        targets = self._targets(fighter, ability, act.target)
        self._afford(fighter, ability.cost)

        def perform() -> None:
            self._pay(fighter, ability.cost)
            fighter.cooldowns[ability.name] = ability.cooldown
            self._note(f"{fighter.name} uses {ability.name}.", fighter)
            self._use(fighter, ability, targets)

        return perform

    def _ready_item(self, fighter: Fighter, act: Act) -> Callable[[], None]:
        remedy = act.remedy
        if remedy is None:
            raise InvalidAction("That is of no use in a fight.")

        def perform() -> None:
            now = fighter.now
            fighter.now = self._within(fighter, stamina=now.stamina + remedy.stamina, mana=now.mana + remedy.mana)
            self._note(f"{fighter.name} uses {remedy.name}.", fighter)
            if remedy.health:
                self._heal(fighter, fighter, remedy.health, "recovers")

        return perform

    def _target(self, fighter: Fighter, number: int | None) -> Fighter:
        enemies = self.enemies_of(fighter)  # somebody stands against them while it is not over
        if number is None:
            return enemies[0]
        target = self.fighter(number)
        if target not in enemies:
            raise InvalidTarget
        return target

    def _targets(self, fighter: Fighter, ability: Ability, number: int | None) -> list[Fighter]:
        """Whom it is for; of an area the middle first."""
        if ability.aim is Aim.SELF:
            return [fighter]
        if ability.aim is Aim.ALL_ENEMIES:
            return self.enemies_of(fighter)
        middle = self._target(fighter, number)
        if ability.aim is Aim.SINGLE_ENEMY:
            return [middle]
        return [middle, *(one for one in self.enemies_of(fighter) if one is not middle)]

    def _afford(self, fighter: Fighter, cost: Resources) -> None:
        now = fighter.now
        short = now.stamina < cost.stamina or now.mana < cost.mana
        if short or (cost.health and now.health <= cost.health):
            parts = ((cost.stamina, "stamina"), (cost.mana, "mana"), (cost.health, "health"))
            prices = " and ".join(f"{amount} {name}" for amount, name in parts if amount)
            raise TooWeak(f"That takes {prices}.")

    def _pay(self, fighter: Fighter, cost: Resources) -> None:
        now = fighter.now
        fighter.now = Resources(now.health - cost.health, now.stamina - cost.stamina, now.mana - cost.mana)

    def _wait(self, fighter: Fighter) -> None:
        now = fighter.now
        fighter.now = self._within(fighter, stamina=now.stamina + RESPITE.stamina, mana=now.mana + RESPITE.mana)
        self._note(f"{fighter.name} waits and catches breath.", fighter)

    def _flee(self, fighter: Fighter) -> None:
        fastest = max(one.powers.initiative for one in self.enemies_of(fighter))
        least, most = _FLEEING
        if self._chance(max(least, min(50 + 3 * (fighter.powers.initiative - fastest), most)), "flee"):
            fighter.condition = Condition.FLED
            self._note(f"{fighter.name} flees.", fighter)
        else:
            self._note(f"{fighter.name} tries to flee and finds no way past.", fighter)

    # --- blows -------------------------------------------------------------------------------------

    def _strike(self, fighter: Fighter, target: Fighter, strike: Strike) -> None:
        if self._evaded(fighter, target, strike.accuracy, can_be_parried=True):
            return
        raw = fighter.powers.attack * strike.damage * fighter.force // 10000
        critical = self._chance(fighter.powers.critical + strike.critical, "critical")
        line = len(self.told)
        self._blow(fighter, target, raw, critical=critical)
        if strike.makes_bleed and target.is_standing and self._chance(_BLEED_CHANCE, "bleed", line):
            self._afflict(target, _BLEED)

    def _use(self, fighter: Fighter, ability: Ability, targets: Iterable[Fighter]) -> None:
        if ability.aim is Aim.SELF:
            self._use_on_self(fighter, ability)
            return
        raw = self._amount(fighter, ability, ability.damage) * fighter.force // 100
        has_hit = False
        for nth, target in enumerate(targets):
            if self._evaded(fighter, target, 100, can_be_parried=False):
                continue
            has_hit = True
            if ability.damage:
                part = raw // 2 if nth and ability.aim is Aim.AREA else raw
                if ability.finisher and target.health < NEARLY_DEAD:
                    part = part * FINISHING // 100
                if ability.damage_type is DamageType.FIRE:
                    part = part * (100 + fighter.fire) // 100
                critical = ability.sure_critical or self._chance(fighter.powers.critical, "critical")
                self._blow(
                    fighter,
                    target,
                    part,
                    critical=critical,
                    ignores_defence=ability.ignores_defence,
                    damage_type=ability.damage_type,
                )
            if ability.status is not None and target.is_standing:
                self._afflict(target, ability.status)
        if has_hit and ability.healing:
            self._heal(fighter, fighter, self._amount(fighter, ability, ability.healing), "recovers")

    def _use_on_self(self, fighter: Fighter, ability: Ability) -> None:
        if ability.healing:
            self._heal(fighter, fighter, self._amount(fighter, ability, ability.healing), "recovers")
        if ability.restores_mana:
            fighter.now = self._within(fighter, mana=fighter.now.mana + ability.restores_mana)
            self._note(f"{fighter.name} draws {ability.restores_mana} mana from the dark.", fighter)
        if ability.status is not None:
            self._afflict(fighter, ability.status)
        self._summon(fighter, ability.summons)

    def _amount(self, fighter: Fighter, ability: Ability, base: int) -> int:
        """What it scales to, and what is equipped adds: to what mana pays for, magic; else attack."""
        if not base:
            return 0
        entered = fighter.entered
        return ability.scaled(base, fighter.stats) + (entered.magic if ability.cost.mana else entered.attack)

    def _evaded(self, fighter: Fighter, target: Fighter, accuracy: int, *, can_be_parried: bool) -> bool:
        """Whether an attack comes to nothing, and says why."""
        if target.stance is Deed.DODGE and self._chance(target.evasion + 20, "dodge"):
            self._tell_damage(f"{target.name} dodges {fighter.name}.", fighter, target, 0, Result.DODGED)
            return True
        if can_be_parried and target.stance is Deed.PARRY and self._chance(30 + 2 * target.powers.initiative, "parry"):
            self._parry(fighter, target)
            return True
        least, most = _HIT_BOUNDS
        if self._chance(max(least, min(fighter.powers.accuracy * accuracy // 100 - target.evasion, most)), "hit"):
            return False
        self._tell_damage(f"{fighter.name} misses {target.name}.", fighter, target, 0, Result.MISS)
        return True

    def _parry(self, fighter: Fighter, target: Fighter) -> None:
        """The attacker runs into half of the own strength."""
        taken = self._taken(fighter, fighter.powers.attack // 2, DamageType.PHYSICAL, ignores_defence=False)
        text = f"{target.name} parries, and {fighter.name} takes {taken}."
        self._tell_damage(text, target, fighter, taken, Result.PARRIED)
        self._hurt(fighter, taken)

    def _blow(
        self,
        fighter: Fighter,
        target: Fighter,
        raw: int,
        *,
        critical: bool,
        ignores_defence: bool = False,
        damage_type: DamageType = DamageType.PHYSICAL,
    ) -> None:
        if critical:
            raw = raw * fighter.powers.critical_damage // 10
        taken = self._taken(target, raw, damage_type, ignores_defence=ignores_defence)
        result = Result.CRITICAL if critical else Result.HIT
        if target.stance is Deed.BLOCK:
            result = Result.BLOCKED
        words = {Result.CRITICAL: "strikes hard at", Result.HIT: "hits", Result.BLOCKED: "hits the guard of"}
        text = f"{fighter.name} {words[result]} {target.name} for {taken}."
        self._tell_damage(text, fighter, target, taken, result)
        self._hurt(target, taken)

    def _taken(self, target: Fighter, raw: int, damage_type: DamageType, *, ignores_defence: bool) -> int:
        """Damage after defence: at least 1, but for who is immune or blocks."""
        percent = target.suffering(damage_type)
        if not percent:
            return 0
        raw = raw * percent // 100
        doubled = max(2, 2 * raw - (0 if ignores_defence else target.defence))
        return doubled // 5 if target.stance is Deed.BLOCK else doubled // 2

    # --- what becomes of fighters ------------------------------------------------------------------

    def _hurt(self, target: Fighter, amount: int) -> None:
        target.now = self._within(target, health=target.now.health - amount)
        if target.now.health > 0:
            self._enter_phases(target)
            return
        if target.can_rise:
            target.can_rise = False
            target.statuses.clear()
            target.now = self._within(target, health=max(1, target.entered.most.health * _RISES_WITH // 100))
            self._note(f"{target.name} rises again.", target)
            return
        target.condition = Condition.FALLEN
        target.stance = None
        self._note(f"{target.name} falls.", target)

    def _enter_phases(self, fighter: Fighter) -> None:
        while fighter.phases and fighter.health <= fighter.phases[0].at:
            phase, *rest = fighter.phases
            fighter.phases = tuple(rest)
            fighter.locked -= set(phase.unlocks)
            fighter.can_rise = fighter.can_rise or RESURRECTION in phase.unlocks
            fighter.stats += Stats(phase.strength, 0, 0, 0, 0, 0)
            fighter.speed += phase.speed
            fighter.fire += phase.fire
            fighter.hardening += phase.hardening
            self._note(f"{fighter.name} is changing.", fighter)
            self._summon(fighter, phase.summons)

    def _summon(self, fighter: Fighter, keys: Iterable[str]) -> None:
        for key in keys:
            if len(self._fighters) < MAX_FIGHTERS:
                helper = self._add(creature_as_combatant(BESTIARY[key], fighter.side, strength=1, summoned=True))
                self._note(f"{helper.name} comes to help {fighter.name}.", helper)

    def _heal(self, source: Fighter, target: Fighter, amount: int, verb: str) -> None:
        before = target.now.health
        target.now = self._within(target, health=before + amount)
        gained = target.now.health - before
        text = f"{target.name} {verb} {gained} health."
        self._tell(Happening(HappeningKind.HEAL, text, source.number, target.number, gained))

    def _afflict(self, target: Fighter, status: Status) -> None:
        kind = status.kind
        if kind is StatusKind.STUN and (target.steady or self._chance(target.powers.poise, "poise")):
            self._note(f"{target.name} keeps standing firm.", target)
            return
        there = target.statuses.get(kind)
        target.statuses[kind] = status if there is None else status.over(there)
        self._note(f"{target.name} is affected: {kind.value.replace('_', ' ')}.", target)

    def _within(
        self, fighter: Fighter, *, health: int | None = None, stamina: int | None = None, mana: int | None = None
    ) -> Resources:
        """The fighter's resources with some of them changed, none below nothing or above the most."""
        now, most = fighter.now, fighter.entered.most
        return Resources(
            now.health if health is None else max(0, min(health, most.health)),
            now.stamina if stamina is None else max(0, min(stamina, most.stamina)),
            now.mana if mana is None else max(0, min(mana, most.mana)),
        )

    # --- creatures ---------------------------------------------------------------------------------

    def _instinct(self, fighter: Fighter) -> Act:
        """What a creature does with its turn."""
        kind = BESTIARY[fighter.entered.creature]
        enemies = self.enemies_of(fighter)
        if kind.behaviour is Behaviour.TACTICAL:
            target = min(enemies, key=lambda one: (one.health, one.number))
        else:
            target = enemies[self._die(len(enemies)) - 1]
        usable = [name for name in fighter.entered.abilities if self._can_use(fighter, name)]
        if usable and self._die(100) <= _USES_ABILITY:
            return Act(Deed.ABILITY, target.number, usable[self._die(len(usable)) - 1])
        behaviour = Behaviour.BERSERKER if fighter.health <= kind.enrages_at else kind.behaviour
        deed = tactics.choose(behaviour, Mood(fighter.now.stamina, fighter.health, target.health), self._dice)
        return Act(deed, target.number)

    def _can_use(self, fighter: Fighter, name: str) -> bool:
        ability = ability_named(name)
        is_ready = name not in fighter.locked and name not in fighter.cooldowns
        has_room = not ability.summons or len(self._fighters) < MAX_FIGHTERS
        return is_ready and has_room and fighter.now.stamina >= ability.cost.stamina

    # --- dice and words ----------------------------------------------------------------------------

    def _die(self, sides: int) -> int:
        """1 to `sides`."""
        return 1 + int(self._dice.random() * sides)

    def _rolled(self, sides: int, what: str, needed: int = 0, line: int | None = None) -> int:
        """1 to `sides`, for all to see; it decides about the next line of the log if none is named."""
        value = self._die(sides)
        self.rolls.append(Roll(len(self.told) if line is None else line, what, sides, value, needed))
        return value

    def _chance(self, percent: int, what: str, line: int | None = None) -> bool:
        return self._rolled(100, what, percent, line) <= percent

    def _standing(self) -> list[Fighter]:
        return [one for one in self._fighters if one.is_standing]

    def _tell(self, happening: Happening) -> None:
        self.told.append(happening)

    def _note(self, text: str, fighter: Fighter | None = None) -> None:
        self._tell(Happening(HappeningKind.NOTE, text, fighter.number if fighter is not None else 0))

    def _tell_damage(
        self, text: str, source: Fighter | None, target: Fighter, amount: int, result: Result | None = None
    ) -> None:
        number = source.number if source is not None else 0
        self._tell(Happening(HappeningKind.DAMAGE, text, number, target.number, amount, result))


def record_from(data: Mapping[str, Any]) -> Record:
    """The record that `GET /api/combats/{id}` shows as JSON. Raises InvalidInput if it is none."""
    try:
        return Record(
            str(data["id"]),
            int(data["seed"]),
            tuple(_combatant_from(one) for one in data["combatants"]),
            tuple(_entry_from(one) for one in data["entries"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput("That is no record of a fight.", field="record") from error


def _combatant_from(data: Mapping[str, Any]) -> Combatant:
    parts = {"stats": Stats(**data["stats"]), "most": Resources(**data["most"]), "now": Resources(**data["now"])}
    return Combatant(**{**data, **parts, "abilities": tuple(data["abilities"])})


def _entry_from(data: Mapping[str, Any]) -> Entry:
    details = data["details"]
    if data["kind"] == "join":
        return Joined(_combatant_from(details))
    if data["kind"] == "leave":
        return Left(int(data["fighter"]))
    remedy = Remedy(**details["remedy"]) if details["remedy"] is not None else None
    return Acted(int(data["fighter"]), Act(Deed(details["deed"]), details["target"], details["ability"], remedy))


def replay(record: Record) -> Encounter:
    """The fight once more, from its record: everything in it is as it was."""
    encounter = Encounter(record.id, record.seed, record.combatants)
    for entry in record.entries:
        if isinstance(entry, Joined):
            encounter.join(entry.combatant)
        elif isinstance(entry, Acted):
            encounter.act(entry.number, entry.act)
        else:
            encounter.leave(entry.number)
    return encounter
