"""Encounters: fights that go on, who is in them, whose turn it is and for how long, and what comes of them.

A fight is live state: a restart forgets it, and everybody is as before it. What is durable is written when somebody is
out of a fight: how they are, for the fallen where they awake, for winners what they gained, and what else follows
from a victory, all of it in one transaction. While somebody fights, they neither walk nor trade nor rest.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Final, Literal, TypeVar

from mythgate.domain.abilities import OF_CLASS, ability_named
from mythgate.domain.bestiary import BESTIARY, Creature, Tier, likely
from mythgate.domain.combat import (
    Act,
    Combatant,
    Condition,
    Encounter,
    Fighter,
    Happening,
    HappeningKind,
    Outcome,
    Record,
    Remedy,
    creature_as_combatant,
)
from mythgate.domain.errors import (
    CombatError,
    Fighting,
    InvalidAction,
    InvalidTarget,
    Muted,
    NoCombat,
    NotFound,
    NotHere,
    NotYourTurn,
    Refused,
    Unavailable,
)
from mythgate.domain.events import (
    AbilityView,
    CombatChallenge,
    CombatDamage,
    CombatEnd,
    CombatEvent,
    CombatHeal,
    CombatStart,
    CombatState,
    CombatView,
    FighterStatusView,
    FighterView,
    Payload,
    event_of,
)
from mythgate.domain.ids import CharacterId, EncounterId, ItemId, RoomId, TemplateId, combat_topic
from mythgate.domain.items import HolderKind, ItemKind
from mythgate.domain.parties import LootRule, Party, deal, divide
from mythgate.domain.presence import Presence
from mythgate.domain.shards import called
from mythgate.domain.sheets import Chance, Sheet
from mythgate.domain.tactics import Deed
from mythgate.domain.world import SAFE, World, find, visible_exits
from mythgate.services.errands import Errands
from mythgate.services.movement import Moved, MovementService
from mythgate.services.parties import PartyService
from mythgate.services.ports import Clock, CommandKey, Ids, PresenceStore, Realtime, Sequel, Store, Transaction
from mythgate.services.sheets import Change, Death, SheetService, bonuses, used_up
from mythgate.services.sight import Sight, enumerate_words
from mythgate.services.world import WorldService

log = logging.getLogger(__name__)
T = TypeVar("T")
R = TypeVar("R")

Ending = Literal["won", "lost", "undecided", "fled", "fallen"]

HEROES: Final = 0  # the side of those who began a fight with creatures
FOES: Final = 1
LOG_LINES: Final = 20
_WORN: Final = frozenset({ItemKind.WEAPON, ItemKind.ARMOR})
_BOSSES: Final = frozenset({Tier.MINI_BOSS, Tier.BOSS, Tier.WORLD_BOSS})
# How many times as long as the others they are away when they were slain.
_RARITY: Final[Mapping[Tier, int]] = {
    Tier.BASIC: 1,
    Tier.ELITE: 5,
    Tier.MINI_BOSS: 15,
    Tier.BOSS: 60,
    Tier.WORLD_BOSS: 24 * 60,
}


@dataclass(frozen=True, slots=True)
class CombatPolicy:
    """Numbers an operator may change."""

    turn: timedelta = timedelta(seconds=20)
    respawn: timedelta = timedelta(minutes=1)  # until a slain basic creature is back
    challenge: timedelta = timedelta(minutes=1)  # how long one to a duel stands
    records: int = 200  # of fights that are over, for who wants to prove one


@dataclass(frozen=True, slots=True)
class Victory:
    """Creatures were slain. `winners` are the characters who stood to the end."""

    encounter_id: EncounterId
    room_id: RoomId
    winners: tuple[CharacterId, ...]
    slain: tuple[str, ...]  # keys of the bestiary


@dataclass(slots=True, eq=False)
class Fight:
    """An encounter that goes on, or has just been decided and is being saved."""

    encounter: Encounter
    room_id: RoomId
    deadline: float  # monotonic; of the turn
    is_duel: bool
    turn: tuple[int, int | None] = (0, None)  # round and fighter for which the deadline is
    numbers: dict[CharacterId, int] = field(default_factory=dict)  # of characters, for clients
    busy: bool = False  # somebody's act is being saved: the turn does not run out
    settling: bool = False
    inside: set[CharacterId] = field(default_factory=set)  # who cannot be anywhere else yet
    taken: set[CharacterId] = field(default_factory=set)  # who went without fleeing

    @property
    def id(self) -> EncounterId:
        return EncounterId(self.encounter.id)


@dataclass(frozen=True, slots=True)
class Share:
    """What one winner gets."""

    souls: int
    experience: int
    loot: tuple[TemplateId, ...]


@dataclass(frozen=True, slots=True)
class _Comer:
    """Somebody who is about to fight, and what they could wear and wield if they wear and wield nothing."""

    combatant: Combatant
    idle: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Outing:
    """How somebody came out of a fight, as it is saved: alive, or dead."""

    character_id: CharacterId
    change: Change | None
    death: Death | None = None


@dataclass(frozen=True, slots=True)
class _Settled:
    """What was saved at the end of a fight, and what is to be told besides."""

    outings: Sequence[_Outing]
    shares: Mapping[CharacterId, Share]
    tell: Sequence[Callable[[], None]]


class EncounterService:
    """Use cases around fights. The actor is a character that its door has authenticated."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        world: WorldService,
        sight: Sight,
        sheets: SheetService,
        movement: MovementService,
        parties: PartyService,
        clock: Clock,
        ids: Ids,
        chance: Chance,
        policy: CombatPolicy | None = None,
    ) -> None:
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._world = world
        self._sight = sight
        self._sheets = sheets
        self._movement = movement
        self._parties = parties
        self._clock = clock
        self._ids = ids
        self._chance = chance
        self.policy: Final = policy if policy is not None else CombatPolicy()
        self._fights: dict[EncounterId, Fight] = {}
        self._by_character: dict[CharacterId, Fight] = {}
        self._beginning: set[CharacterId] = set()  # whose sheet is being read for a fight
        self._challenges: dict[tuple[CharacterId, CharacterId], float] = {}  # who, whom; monotonic end
        self._slain: dict[tuple[RoomId, str], float] = {}  # when they are back, monotonic
        self._records: OrderedDict[EncounterId, Record] = OrderedDict()
        self._win_observers: list[Callable[[Victory], None]] = []
        self._sequels: list[Callable[[Victory], Sequel | None]] = []
        self._start_observers: list[Callable[[CharacterId], None]] = []
        self._errands = Errands("encounters")
        self.toughness: Callable[[], float] = lambda: 1.0  # multiplies the health of creatures

    def on_won(self, observer: Callable[[Victory], None]) -> None:
        """Have `observer` told when creatures were slain, once the reward is saved."""
        self._win_observers.append(observer)

    def accompany(self, prepare: Callable[[Victory], Sequel | None]) -> None:
        """Have `prepare` asked for what follows from a victory, to be saved with the reward.

        It is asked before the transaction, on the event loop, and what it returns runs once the reward is given.
        """
        self._sequels.append(prepare)

    def on_started(self, observer: Callable[[CharacterId], None]) -> None:
        """Have `observer` told of each character who is in a fight from now on."""
        self._start_observers.append(observer)

    # --- looking ---------------------------------------------------------------------------------------

    def of(self, character_id: CharacterId) -> Encounter | None:
        """The fight a character stands in."""
        fight = self._standing_in(character_id)
        return fight.encounter if fight is not None else None

    def view_of(self, character_id: CharacterId) -> CombatView:
        """The fight a character stands in, as it is now. Raises NoCombat for none."""
        return self._view(self._require(character_id, None)[0])

    def is_fighting(self, character_id: CharacterId) -> bool:
        """Whether a character fights, is about to, or is being brought out of a fight."""
        return character_id in self._by_character or character_id in self._beginning

    def refuse_fighting(self, character_id: CharacterId) -> None:
        """Raises Fighting if the character does. For what cannot be done meanwhile."""
        if self.is_fighting(character_id):
            raise Fighting

    def fights_in(self, room_id: RoomId) -> Sequence[Encounter]:
        """The fights that go on in a room."""
        return [one.encounter for one in self._fights.values() if one.room_id == room_id and not one.settling]

    def count(self) -> int:
        """How many fights go on."""
        return len(self._fights)

    def record(self, encounter_id: EncounterId) -> Record:
        """What a fight that is over can be told again from. Raises NoCombat if it is none, or of too long ago."""
        record = self._records.get(encounter_id)
        if record is None:
            raise NoCombat("There is no such fight, or it goes on, or it was long ago.", hint="")
        return record

    def fighter(self, actor: CharacterId, words: str) -> int:
        """The enemy in the actor's fight whom `words` name, also by the number in the fight.

        Raises:
            NoCombat: the actor stands in none.
            InvalidTarget, Ambiguous: nobody, or more than one.

        """
        fight, me = self._require(actor, None)
        enemies = fight.encounter.enemies_of(me)
        for one in enemies:
            if words.strip() == str(one.number):
                return one.number
        try:
            return find(words, enemies, names=lambda one: (one.name,), alike=lambda one: one.entered.creature).number
        except NotHere:
            raise InvalidTarget from None

    # --- beginning -------------------------------------------------------------------------------------

    async def start(
        self, actor: CharacterId, *, enemy: str | None = None, target: CharacterId | None = None
    ) -> Encounter | None:
        """Fight a creature that lives here, or, with a `target`, somebody who wants it too.

        `enemy` names the creature by key or in words; without one it is one of those here by chance. If somebody of the
        actor's party fights creatures here, the actor joins them. None: the target was challenged, and is to answer.

        Raises:
            NotInWorld: the actor is not there.
            Fighting: they fight already.
            InvalidAction: nobody fights here, or they can hardly stand; or the target was challenged a moment ago.
            Muted: to a duel, by who is.
            InvalidTarget, Ambiguous: no such creature is here, or it was slain a moment ago; or more than one.
            NotHere: the target is not.

        """
        present = self._may_begin(actor)
        if target is not None:
            return await self._challenge(present, target)
        kind = self._creature(present, enemy)
        ally = self._ally_of(present)
        if ally is not None:
            return await self.join(actor, ally)
        strength = kind.strength_against(self._highest_level(present))
        name = called(kind, self._sight.room_of(present).shard)
        foe = creature_as_combatant(kind, FOES, name=name, strength=strength, toughness=self.toughness())
        return await self._begin([present], [foe], is_duel=False)

    async def join(self, actor: CharacterId, ally: CharacterId) -> Encounter:
        """Come to the help of somebody who fights creatures in the same room.

        Raises:
            NotInWorld: the actor is not there.
            Fighting: they fight already.
            NotHere, NoCombat: the ally is not here, or does not fight.
            InvalidAction: it is a duel, or full, or the actor has been in it, or can hardly stand.

        """
        present = self._may_begin(actor)
        room_id = present.room_id
        self._joinable(present, ally)
        self._beginning.add(actor)

        def work(tx: Transaction) -> _Comer:
            return self._comer(tx, present, HEROES)

        def after(comer: _Comer) -> Encounter:
            self._beginning.discard(actor)
            self._require_present(room_id, present)
            fight, side = self._joinable(present, ally)
            told = fight.encounter.join(replace(comer.combatant, side=side))
            self._take_in(fight, [present])
            self._send_start(fight, present, comer)
            self._tell(fight, told)
            return fight.encounter

        try:
            return await self._in_order(work, after)
        finally:
            self._beginning.discard(actor)

    def _may_begin(self, actor: CharacterId) -> Presence:
        present = self._sight.present(actor)
        self.refuse_fighting(actor)
        return present

    def _require_present(self, room_id: RoomId, *people: Presence) -> None:
        """After a while. Raises NotInWorld, NotHere, Fighting if things are not as they were."""
        for one in people:
            if self._sight.present(one.character_id).room_id != room_id:
                raise NotHere(f"{one.name} is not here any more.")
            self.refuse_fighting(one.character_id)

    def _creature(self, present: Presence, words: str | None) -> Creature:
        """Which of the creatures here it is to be."""
        room = self._sight.room_of(present)
        if SAFE in room.tags:
            raise InvalidAction("Nobody fights here.", hint="This place is safe.")
        here = [BESTIARY[key] for key in room.creatures]
        if not here:
            raise InvalidTarget("There is nothing to fight here.", hint="Go where it is wilder.")
        if words:
            try:
                names_of = partial(_names, shard=room.shard)
                kind = find(words.replace("_", " "), here, names=names_of)
            except NotHere:
                names = enumerate_words([called(one, room.shard) for one in here])
                raise InvalidTarget("No such creature is here.", hint=f"Here: {names}.") from None
            here = [kind]
        now = self._clock.monotonic()
        back = {one.key: self._slain.get((room.id, one.key), now) - now for one in here}
        around = [one for one in here if back[one.key] <= 0]
        if not around:
            wait = timedelta(seconds=min(back.values()))
            raise InvalidTarget("It was slain a moment ago; all is quiet.", hint="Wait a while.", retry_after=wait)
        if words:
            return around[0]
        met = [one for one in likely(around, present.level) if one in around] or around
        return met[self._chance.randint(0, len(met) - 1)]

    def _highest_level(self, present: Presence) -> int:
        """Of the party, as far as it is here."""
        there = (self._presence.get(one) for one in self._parties.together(present.character_id))
        return max(one.level for one in there if one is not None)

    def _ally_of(self, present: Presence) -> CharacterId | None:
        """Somebody of the same party who fights creatures here."""
        for one in self._parties.members(present.character_id):
            fight = self._standing_in(one)
            if fight is not None and not fight.is_duel and fight.room_id == present.room_id:
                return one
        return None

    def _joinable(self, present: Presence, ally: CharacterId) -> tuple[Fight, int]:
        """The fight of `ally`, and on which side they are."""
        fight = self._standing_in(ally)
        if fight is None:
            raise NoCombat("They do not fight.", hint="")
        if fight.room_id != present.room_id:
            raise NotHere("They are not here.")
        if fight.is_duel:
            raise InvalidAction("That is between those two.")
        fighter = fight.encounter.fighter_of(ally)
        assert fighter is not None  # they stand in it
        return fight, fighter.side

    async def _begin(self, people: Sequence[Presence], others: Sequence[Combatant], *, is_duel: bool) -> Encounter:
        """A fight of `people`, in a duel each on an own side, with `others`."""
        actors, room_id = {one.character_id for one in people}, people[0].room_id
        self._beginning |= actors

        def work(tx: Transaction) -> list[_Comer]:
            # Always in the same order, so that those who fight and trade with each other do not wait for each other.
            for actor in sorted(actors):
                tx.characters.require(actor)
            sides = range(len(people)) if is_duel else [HEROES] * len(people)
            return [self._comer(tx, one, side) for one, side in zip(people, sides, strict=True)]

        def after(comers: list[_Comer]) -> Encounter:
            self._beginning.difference_update(actors)
            self._require_present(room_id, *people)
            seed = self._chance.randint(0, 2**63 - 1)
            encounter = Encounter(self._ids.new(), seed, [*(one.combatant for one in comers), *others])
            fight = Fight(encounter, room_id, self._deadline(), is_duel)
            self._fights[fight.id] = fight
            self._take_in(fight, people)
            for one, comer in zip(people, comers, strict=True):
                self._send_start(fight, one, comer)
            self._tell_beginning(fight, people)
            log.info("encounter begun", extra={"encounter": fight.id, "room": fight.room_id, "duel": is_duel})
            self._tell(fight, encounter.told)
            return encounter

        try:
            return await self._in_order(work, after)
        finally:
            self._beginning.difference_update(actors)

    async def _in_order(self, work: Callable[[Transaction], T], after: Callable[[T], R]) -> R:
        """Read in line with what others save, and go on in the same instant; what `after` refuses is refused."""
        results: list[R | Refused] = []

        def then(found: T) -> None:
            try:
                results.append(after(found))
            except Refused as refused:
                results.append(refused)

        await self._store.write(work, then=then)
        (result,) = results
        if isinstance(result, Refused):
            raise result
        return result

    def _comer(self, tx: Transaction, present: Presence, side: int) -> _Comer:
        tx.characters.require(present.character_id)
        sheet = tx.sheets.get(present.character_id)
        if sheet.now.health < 1:
            raise InvalidAction(f"{present.name} can hardly stand.", hint="`rest` first.")
        world = self._world.world
        carried = tx.items.held_by(HolderKind.CHARACTER, present.character_id)
        worn = bonuses(world, carried)
        gear = [(one, world.template(one.template_id)) for one in carried]
        armed = any(one.equipped and template.kind is ItemKind.WEAPON for one, template in gear)
        is_bare = not any(one.equipped for one in carried)
        idle = [template.full_name for _, template in gear if is_bare and template.kind in _WORN]
        combatant = Combatant(
            present.name,
            side,
            sheet.level,
            sheet.stats,
            sheet.most,
            sheet.now,
            attack=worn.attack,
            defence=worn.defence,
            magic=worn.magic,
            armed=armed,
            abilities=tuple(one.name for one in OF_CLASS[sheet.calling]),
            character=present.character_id,
        )
        return _Comer(combatant, idle)

    def _take_in(self, fight: Fight, people: Sequence[Presence]) -> None:
        for one in people:
            fight.inside.add(one.character_id)
            fight.numbers[one.character_id] = one.number
            self._by_character[one.character_id] = fight
            self._realtime.subscribe(one.character_id, combat_topic(fight.id))
            for observer in self._start_observers:
                observer(one.character_id)

    # --- duels -----------------------------------------------------------------------------------------

    async def _challenge(self, present: Presence, target: CharacterId) -> Encounter | None:
        """Ask for a duel; whoever was asked by the target accepts with it."""
        other = self._presence.get(target)
        if other is None or other.room_id != present.room_id or present.account_id in other.ignored:
            raise NotHere("They are not here.")
        if other is present:
            raise InvalidTarget("You would win and lose.", hint="")
        if SAFE in self._sight.room_of(present).tags:
            raise InvalidAction("Nobody fights here.", hint="This place is safe.")
        if self.is_fighting(target):
            raise InvalidTarget(f"{other.name} fights already.", hint="Wait, or `join` them.")
        actor, now = present.character_id, self._clock.monotonic()
        if self._challenges.pop((target, actor), 0.0) > now:
            self._challenges.pop((actor, target), None)
            return await self._begin([other, present], [], is_duel=True)
        if present.muted_until is not None and self._clock.now() < present.muted_until:
            raise Muted("Who is muted cannot ask for a duel.")
        if self._challenges.get((actor, target), 0.0) > now:
            raise InvalidAction(f"{other.name} knows that you want a duel.", hint="Wait for the answer.")
        self._challenges[actor, target] = now + self.policy.challenge.total_seconds()
        until = self._clock.now() + self.policy.challenge
        for reader, message in (
            (actor, f"You challenge {other.name} to a duel."),
            (target, f"{present.name} challenges you to a duel: `duel {present.name}` accepts."),
        ):
            challenge = CombatChallenge(actor, present.name, target, until, message)
            event = event_of(challenge, self._clock.now(), player_id=reader, sender=present.account_id)
            self._realtime.send(reader, event)
        return None

    def challengers(self, actor: CharacterId) -> Sequence[Presence]:
        """Those in the room who wait for the actor's answer to their challenge."""
        here, now = self._sight.present(actor).room_id, self._clock.monotonic()
        waiting = [who for (who, whom), until in self._challenges.items() if whom == actor and until > now]
        found = map(self._presence.get, waiting)
        return [one for one in found if one is not None and one.room_id == here]

    # --- taking turns ----------------------------------------------------------------------------------

    async def act(
        self,
        actor: CharacterId,
        deed: Deed,
        *,
        target: int | None = None,
        ability: str = "",
        item: str = "",
        encounter_id: str | None = None,
        once: CommandKey | None = None,
    ) -> CombatView:
        """Use the actor's turn. `item` is what to use up, in words or by id; an `encounter_id` is checked.

        Raises:
            NoCombat: the actor stands in no fight, or not in that one.
            NotYourTurn, InvalidAction, InvalidTarget, NoSuchAbility, TooWeak: nothing changed.
            NotHere, Ambiguous: the actor carries nothing like that, or more than one.

        """
        try:
            fight, me = self._require(actor, encounter_id)
            if deed is Deed.ITEM:
                return await self._use(fight, me, item, once)
            self._require_turn(fight, me)
            return self._tell(fight, fight.encounter.act(me.number, Act(deed, target, ability)))
        except CombatError as refused:  # somebody may be trying what they can get away with
            log.info("act refused", extra={"character": actor, "deed": deed.value, "code": refused.code})
            raise

    async def flee(self, actor: CharacterId) -> CombatView:
        """Try to get away, through any way out. Raises as `act`."""
        return await self.act(actor, Deed.FLEE)

    def _require_turn(self, fight: Fight, fighter: Fighter) -> None:
        if fight.encounter.active != fighter.number or fight.busy:
            raise NotYourTurn

    async def _use(self, fight: Fight, me: Fighter, words: str, once: CommandKey | None) -> CombatView:
        """Use something up: it is gone, and helps, in the same instant, or neither."""
        self._require_turn(fight, me)
        actor, world = me.entered.character, self._world.world
        assert actor is not None  # `me` is somebody's character
        fight.busy = True

        def work(tx: Transaction) -> tuple[Remedy, Change]:
            tx.characters.require(actor)  # before its hands, as for all who give and take
            carried = tx.items.held_by(HolderKind.CHARACTER, actor)
            item = next((one for one in carried if one.id == ItemId(words) or str(one.number) == words), None)
            if item is None:
                item = find(
                    words,
                    carried,
                    names=lambda one: world.template(one.template_id).names,
                    alike=lambda one: one.template_id,
                )
            template = world.template(item.template_id)
            if not (template.heals or template.restores_mana):
                raise InvalidAction(f"{template.full_name} is of no use in a fight.".capitalize())
            used_up(tx, item)
            remedy = Remedy(template.name, health=template.heals, mana=template.restores_mana)
            return remedy, self._sheets.changing(tx, actor, lambda sheet: sheet)

        def after(done: tuple[Remedy, Change]) -> None:
            fight.busy = False
            remedy, change = done
            self._sheets.tell(change)
            if fight.encounter.active == me.number:  # they may have left the world meanwhile
                self._tell(fight, fight.encounter.act(me.number, Act(Deed.ITEM, remedy=remedy)))

        try:
            await self._store.write(work, then=after, once=once)
        finally:
            fight.busy = False
        return self._view(fight)

    def tick(self) -> None:
        """Who takes too long blocks; what is forgotten goes; what could not be saved is tried again. Every second."""
        now = self._clock.monotonic()
        self._challenges = {pair: until for pair, until in self._challenges.items() if until > now}
        self._slain = {one: until for one, until in self._slain.items() if until > now}
        for fight in list(self._fights.values()):
            if fight.encounter.outcome is not None:
                self._settle(fight)
            elif not fight.busy and now >= fight.deadline:
                try:
                    self._tell(fight, fight.encounter.skip())
                except Exception:
                    log.exception("encounter cannot go on", extra={"encounter": fight.id})
                    self._call_off(fight)

    def _deadline(self) -> float:
        return self._clock.monotonic() + self.policy.turn.total_seconds()

    # --- coming back, going ------------------------------------------------------------------------------

    def entered(self, present: Presence) -> None:
        """For `PresenceService.on_entered`: who comes back to a fight sees how it stands."""
        fight = self._standing_in(present.character_id)
        if fight is not None:
            self._realtime.subscribe(present.character_id, combat_topic(fight.id))
            self._send(present.character_id, CombatState(self._view(fight)))

    def gone(self, character_id: CharacterId) -> None:
        """For `PresenceService.on_gone`: who leaves the world leaves the fight, as they are."""
        self._challenges = {pair: until for pair, until in self._challenges.items() if character_id not in pair}
        self._take_away(character_id)

    def moved(self, moved: Moved) -> None:
        """For `MovementService.on_moved`: who was brought elsewhere is in the fight no more."""
        fight = self._standing_in(moved.character_id)
        if fight is not None and fight.room_id != moved.target:
            self._take_away(moved.character_id)

    def _take_away(self, character_id: CharacterId) -> None:
        fight = self._standing_in(character_id)
        if fight is not None:
            fighter = fight.encounter.fighter_of(character_id)
            assert fighter is not None  # they stand in it
            fight.taken.add(character_id)
            self._tell(fight, fight.encounter.leave(fighter.number))

    async def settle(self) -> None:
        """Wait until nothing is being saved. Before the store closes."""
        await self._errands.settle()

    # --- what comes of it --------------------------------------------------------------------------------

    def _tell(self, fight: Fight, happenings: Sequence[Happening]) -> CombatView:
        """Tell those inside what happened; who is out of it now is brought out. Returns how it stands."""
        topic = combat_topic(fight.id)
        for one in happenings:
            damage = one.amount if one.kind is HappeningKind.DAMAGE else 0
            target = fight.encounter.fighter(one.target).name if one.target else ""
            self._publish(fight, CombatEvent(fight.id, one.text, damage, target))
            if one.kind is HappeningKind.DAMAGE:
                damage_dealt = CombatDamage(
                    fight.id,
                    one.source,
                    one.target,
                    one.amount,
                    one.result.value if one.result is not None else None,
                )
                self._publish(fight, damage_dealt)
            elif one.kind is HappeningKind.HEAL:
                self._publish(fight, CombatHeal(fight.id, one.source, one.target, one.amount))
        turn = (fight.encounter.round, fight.encounter.active)
        if turn != fight.turn:
            fight.turn, fight.deadline = turn, self._deadline()
        view = self._view(fight)
        self._publish(fight, CombatState(view))
        if fight.encounter.outcome is not None:
            self._settle(fight)
            return view
        for character in sorted(fight.inside):
            fighter = fight.encounter.fighter_of(character)
            if fighter is not None and not fighter.is_standing:
                fight.inside.discard(character)
                self._realtime.unsubscribe(character, topic)
                self._errands.start(self._bring_out(fight, fighter))
        return view

    async def _bring_out(self, fight: Fight, fighter: Fighter) -> None:
        """Somebody is out of a fight that goes on: save how they are; then they die, or run."""
        character = fighter.entered.character
        assert character is not None  # creatures are nowhere else
        sequels = self._movement.prepare(character)

        def after(outing: _Outing | None) -> None:
            self._release(fight, character)
            if outing is None:
                return
            has_fled = fighter.condition is Condition.FLED
            message = "You are out of the fight." if has_fled else f"You fall.{_loss(outing.death)}"
            self._send(character, CombatEnd(fight.id, "fled" if has_fled else "fallen", [], 0, 0, [], "", message))
            self._tell_outing(outing)

        try:
            outing = await self._store.write(lambda tx: self._save_state(tx, fight, fighter, sequels), then=after)
        except Unavailable:
            if fight.id in self._fights:
                fight.inside.add(character)  # is brought out with the next act, or at the end
            else:
                self._release(fight, character)
            raise
        except Exception:
            self._release(fight, character)
            raise
        if outing is not None:
            await self._run_away(fight, fighter)

    def _tell_outing(self, outing: _Outing) -> None:
        if outing.change is not None:
            self._sheets.tell(outing.change)
        if outing.death is not None:
            self._sheets.died(outing.death)

    async def _run_away(self, fight: Fight, fighter: Fighter) -> None:
        """Who has fled runs through some way that is open."""
        character = fighter.entered.character
        assert character is not None  # creatures stay where they are
        present = self._presence.get(character)
        if fighter.condition is not Condition.FLED or character in fight.taken or present is None:
            return
        ways = visible_exits(self._sight.room_of(present), self._sight.persona(character).explored)
        while ways:
            way = ways.pop(self._chance.randint(0, len(ways) - 1))
            try:
                await self._movement.move(character, way.direction.value)
            except Refused:
                continue
            return

    def _settle(self, fight: Fight) -> None:
        """A fight is decided: save what it brought. If that cannot be done now, `tick` tries again."""
        if not fight.settling:
            fight.settling = True
            self._errands.start(self._save_outcome(fight))

    async def _save_outcome(self, fight: Fight) -> None:
        encounter = fight.encounter
        outcome = encounter.outcome
        assert outcome is not None  # that is why we are here
        try:
            shares = self._shares(fight, outcome)
            sequels = self._sequels_of(fight, outcome)
            leaving = {one: self._movement.prepare(one) for one in sorted(fight.inside)}

            def work(tx: Transaction) -> _Settled:
                outings, given = [], {}
                for character, walking in leaving.items():
                    fighter = encounter.fighter_of(character)
                    assert fighter is not None  # whoever is inside came in
                    outing = self._save_state(tx, fight, fighter, walking, shares.get(character))
                    if outing is not None:
                        outings.append(outing)
                        if character in shares:
                            given[character] = shares[character]
                return _Settled(outings, given, [sequel(tx) for sequel in sequels])

            settled = await self._store.write(work, then=lambda settled: self._settled(fight, outcome, settled))
        except Unavailable:
            fight.settling = False
            return
        except Exception:
            self._call_off(fight)
            raise
        for outing in settled.outings:
            fighter = encounter.fighter_of(outing.character_id)
            assert fighter is not None  # they were inside
            await self._run_away(fight, fighter)

    def _sequels_of(self, fight: Fight, outcome: Outcome) -> list[Sequel]:
        """What is to be saved with a victory besides the reward."""
        winners = _winners(fight.encounter, outcome)
        if not winners or not outcome.slain:
            return []
        victory = Victory(fight.id, fight.room_id, tuple(winners), outcome.slain)
        sequels = [sequel for prepare in self._sequels if (sequel := prepare(victory)) is not None]
        party = self._common_party(winners)
        if party is not None:
            bosses = sum(1 for key in outcome.slain if BESTIARY[key].tier in _BOSSES)
            sequels.append(self._parties.tallying(party.number, souls=outcome.souls, bosses=bosses))
        return sequels

    def _call_off(self, fight: Fight) -> None:
        """Something in the server is broken: nobody stays in the fight for that. Everybody is as before it."""
        if self._fights.pop(fight.id, None) is None:
            return  # it was saved, and then something went wrong
        log.error("encounter called off", extra={"encounter": fight.id, "round": fight.encounter.round})
        for character in sorted(fight.inside):
            self._realtime.unsubscribe(character, combat_topic(fight.id))
            self._release(fight, character)
            message = "The fight is broken off, as if it had not been."
            self._send(character, CombatEnd(fight.id, "undecided", [], 0, 0, [], "", message))

    def _save_state(
        self,
        tx: Transaction,
        fight: Fight,
        fighter: Fighter,
        sequels: Sequence[Sequel],
        share: Share | None = None,
    ) -> _Outing | None:
        """How somebody is after a fight, and what they gained; None if they are no more. Who fell dies, or after
        a duel is barely alive."""
        character = fighter.entered.character
        assert character is not None  # only characters have rows
        now = fighter.now

        def after(sheet: Sheet) -> Sheet:
            left = sheet.with_now(health=max(1, now.health), stamina=now.stamina, mana=now.mana)
            return left.paid(share.souls).learned(share.experience) if share is not None else left

        try:
            tx.characters.require(character)
        except NotFound:
            return None
        if fighter.condition is Condition.FALLEN and not fight.is_duel:
            return _Outing(character, None, self._sheets.dying(tx, character, sequels, after))
        if share is not None:
            for template_id in share.loot:
                self._sheets.grant(tx, character, template_id)
        return _Outing(character, self._sheets.changing(tx, character, after))

    def _shares(self, fight: Fight, outcome: Outcome) -> dict[CharacterId, Share]:
        """Who gets what: by the rule of the party, if all winners are of one; else in equal parts."""
        winners = _winners(fight.encounter, outcome)
        if not winners or not outcome.experience:
            return {}
        party = self._common_party(winners)
        rule = party.loot if party is not None else LootRule.EQUAL
        if party is not None:
            standing = [one.character_id for one in party.members if one.character_id in winners]
            leader = party.leader
        else:
            standing, leader = winners, winners[0]
        souls = divide(rule, leader, standing, outcome.souls, self._chance)
        templates = _by_last_part(self._world.world)
        drops = [templates[item] for item in outcome.drops if item in templates]
        loot = deal(rule, leader, standing, drops, self._chance)
        each = max(1, outcome.experience // len(standing))
        return {one: Share(souls[one], each, tuple(thing for thing, whose in loot if whose == one)) for one in standing}

    def _common_party(self, people: Sequence[CharacterId]) -> Party | None:
        party = self._parties.of(people[0])
        if party is None or any(self._parties.of(one) is not party for one in people):
            return None
        return party

    def _settled(self, fight: Fight, outcome: Outcome, settled: _Settled) -> None:
        """Saved: everybody hears of the end and can do other things again."""
        encounter, world = fight.encounter, self._world.world
        winners = _winners(encounter, outcome)
        del self._fights[fight.id]
        self._records[fight.id] = encounter.record
        while len(self._records) > self.policy.records:
            self._records.popitem(last=False)
        now, respawn = self._clock.monotonic(), self.policy.respawn.total_seconds()
        for key in outcome.slain:
            self._slain[fight.room_id, key] = now + respawn * _RARITY[BESTIARY[key].tier]
        inside = sorted(fight.inside)
        deaths = {outing.character_id: outing.death for outing in settled.outings}
        for character in inside:
            self._realtime.unsubscribe(character, combat_topic(fight.id))
            self._release(fight, character)
        for outing in settled.outings:
            if outing.change is not None:
                self._sheets.tell(outing.change)
        for character in inside:
            fighter = encounter.fighter_of(character)
            assert fighter is not None  # whoever is inside came in
            share = settled.shares.get(character, Share(0, 0, ()))
            loot = [world.template(one).name for one in share.loot]
            ending = _ending(fighter, outcome)
            end = CombatEnd(
                fight.id,
                ending,
                list(winners),
                share.souls,
                share.experience,
                loot,
                str(encounter.record.seed),
                _farewell(ending, share, loot) + _loss(deaths.get(character)),
            )
            self._send(character, end)
        self._tell_room(fight, f"{_result(encounter, outcome)}.", besides=inside)
        for outing in settled.outings:
            if outing.death is not None:
                self._sheets.died(outing.death)
        log.info(
            "encounter over", extra={"encounter": fight.id, "rounds": encounter.round, "slain": len(outcome.slain)}
        )
        if winners and outcome.slain:
            victory = Victory(fight.id, fight.room_id, tuple(winners), outcome.slain)
            observers: list[Callable[[], None]] = [partial(observer, victory) for observer in self._win_observers]
            for tell in (*settled.tell, *observers):
                try:
                    tell()
                except Exception:
                    # The reward is saved. A fault in what follows from it keeps nobody else from hearing of it.
                    log.exception("observer of victories failed")

    # --- parts -------------------------------------------------------------------------------------------

    def _standing_in(self, character_id: CharacterId) -> Fight | None:
        """The undecided fight in which the character stands."""
        fight = self._by_character.get(character_id)
        if fight is None or fight.encounter.outcome is not None:
            return None
        fighter = fight.encounter.fighter_of(character_id)
        return fight if fighter is not None and fighter.is_standing else None

    def _require(self, actor: CharacterId, encounter_id: str | None) -> tuple[Fight, Fighter]:
        fight = self._standing_in(actor)
        if fight is None or encounter_id not in (None, fight.id):
            raise NoCombat
        fighter = fight.encounter.fighter_of(actor)
        assert fighter is not None  # they stand in it
        return fight, fighter

    def _release(self, fight: Fight, character_id: CharacterId) -> None:
        fight.inside.discard(character_id)
        self._by_character.pop(character_id, None)

    def _send_start(self, fight: Fight, one: Presence, comer: _Comer) -> None:
        advice = ""
        if comer.idle:
            things = enumerate_words(comer.idle)
            advice = f" You have equipped nothing and carry {things}: `equip` before the next fight."
        self._send(one.character_id, CombatStart(self._view(fight), f"You fight: {_versus(fight.encounter)}.{advice}"))

    def _send(self, character_id: CharacterId, payload: Payload) -> None:
        self._realtime.send(character_id, event_of(payload, self._clock.now(), player_id=character_id))

    def _publish(self, fight: Fight, payload: Payload) -> None:
        event = event_of(payload, self._clock.now(), room_id=fight.room_id)
        self._realtime.publish(combat_topic(fight.id), event)

    def _tell_room(
        self, fight: Fight, message: str, *, besides: Collection[CharacterId], joinable: Sequence[str] = ()
    ) -> None:
        """A line for those who look on, with whom they could help."""
        told = CombatEvent(fight.id, message, joinable=list(joinable))
        event = event_of(told, self._clock.now(), room_id=fight.room_id)
        for one in self._presence.in_room(fight.room_id):
            if one.character_id not in besides:
                self._realtime.send(one.character_id, event)

    def _tell_beginning(self, fight: Fight, people: Sequence[Presence]) -> None:
        """Tell who looks on whom they can help, and those of the same party in words how."""
        message, inside = f"{_versus(fight.encounter)}.", {one.character_id for one in people}
        if fight.is_duel:
            self._tell_room(fight, message, besides=inside)
            return
        (hero,) = people  # others join one by one
        joinable: list[str] = [hero.character_id]
        call = CombatEvent(fight.id, f"{message} `assist {hero.name}` joins the fight.", joinable=joinable)
        allies = {one for one in self._parties.together(hero.character_id) if not self.is_fighting(one)}
        for ally in sorted(allies):
            self._realtime.send(ally, event_of(call, self._clock.now(), room_id=fight.room_id))
        self._tell_room(fight, message, besides=inside | allies, joinable=joinable)

    def _view(self, fight: Fight) -> CombatView:
        encounter = fight.encounter
        active = encounter.fighter(encounter.active) if encounter.active is not None else None
        return CombatView(
            id=fight.id,
            room_id=fight.room_id,
            round=encounter.round,
            active=active.number if active is not None else 0,
            active_character_id=active.character if active is not None else None,
            order=list(encounter.order) if active is not None else [],
            seconds_left=round(max(0.0, fight.deadline - self._clock.monotonic()), 1) if active is not None else 0.0,
            turn_seconds=self.policy.turn.total_seconds(),
            fighters=[_fighter_view(one, fight.numbers) for one in encounter.fighters],
            log=[one.text for one in encounter.told[-LOG_LINES:]],
            is_finished=encounter.outcome is not None,
            is_duel=fight.is_duel,
            commitment=encounter.commitment,
            next_order=list(encounter.next_order) if active is not None else [],
        )


# --- views and words -----------------------------------------------------------------------------------


def _fighter_view(fighter: Fighter, numbers: Mapping[CharacterId, int]) -> FighterView:
    entered, now = fighter.entered, fighter.now
    stance: Literal["dodge", "block", "parry"] | None = None
    if fighter.stance is not None:
        stance = _STANCES[fighter.stance]
    return FighterView(
        number=fighter.number,
        name=fighter.name,
        side=fighter.side,
        character_id=entered.character,
        character_number=numbers[entered.character] if entered.character is not None else 0,
        creature=entered.creature,
        level=entered.level,
        condition=fighter.condition.value,
        stance=stance,
        health=now.health,
        max_health=entered.most.health,
        stamina=now.stamina,
        max_stamina=entered.most.stamina,
        mana=now.mana,
        max_mana=entered.most.mana,
        statuses=[FighterStatusView(one.kind.value, one.rounds, one.potency) for one in fighter.statuses.values()],
        abilities=ability_views(entered.abilities, fighter.cooldowns) if entered.character is not None else [],
    )


_STANCES: Final[Mapping[Deed, Literal["dodge", "block", "parry"]]] = {
    Deed.DODGE: "dodge",
    Deed.BLOCK: "block",
    Deed.PARRY: "parry",
}


def ability_views(names: Sequence[str], cooldowns: Mapping[str, int]) -> list[AbilityView]:
    """Abilities as their owner sees them."""
    abilities = [ability_named(name) for name in names]
    return [
        AbilityView(
            one.name, cooldowns.get(one.name, 0), one.cost.health, one.cost.stamina, one.cost.mana, one.aim.value
        )
        for one in abilities
    ]


def _names(kind: Creature, shard: int | None) -> tuple[str, ...]:
    """What one may call a creature where that shard lies."""
    return called(kind, shard), kind.name, kind.key


def _winners(encounter: Encounter, outcome: Outcome) -> list[CharacterId]:
    """The characters who won and stand, in the order they came in."""
    return [
        one.character
        for one in encounter.fighters
        if one.character is not None and one.is_standing and one.side == outcome.winner
    ]


def _ending(fighter: Fighter, outcome: Outcome) -> Ending:
    if fighter.condition is Condition.FLED:
        return "fled"
    if fighter.condition is Condition.FALLEN:
        return "fallen" if fighter.side == outcome.winner else "lost"
    return "undecided" if outcome.winner is None else "won"


_FAREWELLS: Final[Mapping[Ending, str]] = {
    "won": "You have won.",
    "lost": "Your enemies have won.",
    "undecided": "Nobody has won.",
    "fled": "You are out of the fight.",
    "fallen": "You fall; the others have won.",
}


def _farewell(ending: Ending, share: Share, loot: Sequence[str]) -> str:
    gains = [f"{share.souls} souls"] if share.souls else []
    gains += [f"{share.experience} experience"] if share.experience else []
    gained = f" You get {enumerate_words([*gains, *loot])}." if gains or loot else ""
    return f"{_FAREWELLS[ending]}{gained}"


def _loss(death: Death | None) -> str:
    """What it costs who fell, with a space before it."""
    if death is None:
        return ""
    return f" You die. It costs you {f'{death.souls_lost} souls' if death.souls_lost else 'nothing'}."


def _sides(encounter: Encounter) -> tuple[str, str]:
    """Who fights whom, in words."""
    first = encounter.fighters[0].side
    ours = [one.name for one in encounter.fighters if one.side == first]
    others = [one.name for one in encounter.fighters if one.side != first]
    return enumerate_words(ours), enumerate_words(others)


def _versus(encounter: Encounter) -> str:
    ours, others = _sides(encounter)
    return f"{ours} against {others}"


def _result(encounter: Encounter, outcome: Outcome) -> str:
    ours, others = _sides(encounter)
    if outcome.winner is None:
        return f"Nobody wins the fight of {ours} against {others}"
    if outcome.winner == encounter.fighters[0].side:
        return f"{ours} won against {others}"
    return f"{others} won against {ours}"


def _by_last_part(world: World) -> dict[str, TemplateId]:
    """Item templates by the last part of their ids, as the bestiary names things; the first of each."""
    found: dict[str, TemplateId] = {}
    for template_id in world.templates:
        found.setdefault(template_id.rpartition("/")[2], template_id)
    return found
