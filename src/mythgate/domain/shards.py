"""The twelve Crystal Shards, the realities that follow from who holds them, and the Aetherfall.

    unclaimed ──guardian falls──▶ contested ──capture──▶ controlled ──guardian falls──▶ contested
    contested ──guardian is back──▶ controlled or unclaimed          sealed ──seal is lifted──▶ unclaimed

Facts are those of the Shards network, version 1.0.0. A shard is taken by somebody of a faction, at its place, whose
party brought its guardian down within the last day. `Shards` is all twelve with the cycle they belong to: whatever
changes one of them is decided here, as a whole, and told as `Happening`s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mythgate.domain.bestiary import Creature
from mythgate.domain.errors import GuardianUndefeated, NoFaction, NoShard, ShardHeld, ShardSealed, WrongShardState
from mythgate.domain.ids import CharacterId
from mythgate.domain.sheets import Chance, Faction

SHARDS: Final = 12
GUARDIAN_RETURNS_AFTER: Final = timedelta(days=1)
GUARDIAN: Final = "crystal_shard_guardian"  # of the bestiary
NEUTRAL_UP_TO: Final = 3  # shards claimed in all, with which nobody's reality comes
FULL_STABILITY: Final = 100.0
SHAKEN_BY: Final = (5.0, 15.0)  # stability lost when a faction's reality comes
CALMED_BY: Final = 10.0  # stability regained when it goes
IMMINENT_SHARDS: Final = 10
IMMINENT_BELOW: Final = 20.0
CAPTURE_SOULS: Final = 100  # for who takes a shard


# --- what never changes ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lore:
    """What is told of a shard."""

    number: int
    name: str
    element: str
    place: str
    guardian: str
    influence: str

    @property
    def description(self) -> str:
        """In a sentence."""
        return f"The shard of {self.influence}, guarded by {self.guardian} in {self.place}."


LORE: Final[Mapping[int, Lore]] = MappingProxyType(
    {
        number: Lore(number, *words)
        for number, words in enumerate(
            (
                ("Phoenix Flame", "fire", "Ember Volcano", "Ignarok the Eternal", "Fire and Rebirth"),
                ("Ocean's Tear", "water", "Abyssal Trench", "Thalassia the Depths", "Water and Adaptation"),
                ("Mountain's Core", "earth", "Titan's Spine Mountains", "Terrakor the Unmoved", "Earth and Endurance"),
                ("Tempest Crown", "air", "Storm Citadel", "Zephyrath the Hurricane", "Air and Freedom"),
                ("Dawn's Radiance", "light", "Celestial Cathedral", "Solarius the Radiant", "Light and Truth"),
                ("Void Heart", "darkness", "Shadowfell Abyss", "Nocturnyx the Void", "Darkness and Fear"),
                ("Null Sphere", "void", "Reality Rift", "The Unmade", "Void and Unmaking"),
                ("Hourglass Eternal", "time", "Temporal Nexus", "Chronovax the Timeless", "Time and Fate"),
                ("Infinity Prism", "space", "Dimensional Crossroads", "Infinitus the Boundless", "Space and Distance"),
                ("Genesis Seed", "life", "Primordial Garden", "Vitaera the Ever-Growing", "Life and Growth"),
                ("Reaper's Eye", "death", "Necropolis of Lost Souls", "Mortifax the Final", "Death and Entropy"),
                ("Entropy Engine", "chaos", "Maelstrom of Madness", "Chaoticus the Random", "Chaos and Randomness"),
            ),
            1,
        )
    }
)


def called(kind: Creature, shard: int | None) -> str:
    """What a creature is called where that shard lies: its guardian has a proper name."""
    return LORE[shard].guardian if shard is not None and kind.key == GUARDIAN else kind.name


class Reality(StrEnum):
    """How the world is; see `reality_of`."""

    NEUTRAL = "Neutral"
    BLOOD_REALM = "Blood Realm"
    AETHER_STORM = "Aether Storm"
    IRON_AGE = "Iron Age"
    TWILIGHT_DOMINION = "Twilight Dominion"
    SHADOW_WORLD = "Shadow World"
    RADIANT_ERA = "Radiant Era"


REALITIES: Final[Mapping[Faction, Reality]] = MappingProxyType(
    {
        Faction.CRIMSON_COVENANT: Reality.BLOOD_REALM,
        Faction.AETHER_SEEKERS: Reality.AETHER_STORM,
        Faction.IRON_BROTHERHOOD: Reality.IRON_AGE,
        Faction.MOONLIT_CIRCLE: Reality.TWILIGHT_DOMINION,
        Faction.SHADOWBORN: Reality.SHADOW_WORLD,
        Faction.GOLDEN_ORDER: Reality.RADIANT_ERA,
    }
)


class Condition(StrEnum):
    """How firm the reality is."""

    STABLE = "stable"
    UNSTABLE = "unstable"
    FRAGMENTING = "fragmenting"
    COLLAPSING = "collapsing"


def condition_of(stability: float) -> Condition:
    """How firm a reality of this stability is."""
    if stability <= 0:
        return Condition.COLLAPSING
    if stability < 15:
        return Condition.FRAGMENTING
    return Condition.UNSTABLE if stability < 30 else Condition.STABLE


@dataclass(frozen=True, slots=True)
class Effects:
    """What a reality or a transformation does to the world.

    `omen` is seen under the open sky; `rest` multiplies what resting gives back, `enemies` the health of creatures.
    """

    omen: str = ""
    rest: float = 1.0
    enemies: float = 1.0

    def __add__(self, other: Effects) -> Effects:
        return Effects(f"{self.omen} {other.omen}".strip(), self.rest * other.rest, self.enemies * other.enemies)


REALITY_EFFECTS: Final[Mapping[Reality, Effects]] = MappingProxyType(
    {
        Reality.NEUTRAL: Effects(),
        Reality.BLOOD_REALM: Effects("The light has a tinge of red, and every shadow a pulse.", 0.75, 1.1),
        Reality.AETHER_STORM: Effects("Threads of blue light crawl along every edge and rustle like silk.", 1.1),
        Reality.IRON_AGE: Effects("Hammers beat somewhere out of sight, and the air tastes of filings."),
        Reality.TWILIGHT_DOMINION: Effects("It is dusk, whatever the bells say, and has been for some time.", 1.25),
        Reality.SHADOW_WORLD: Effects("Your shadow is a little late in everything it does.", 0.8, 1.1),
        Reality.RADIANT_ERA: Effects("A clear gold light falls from no side in particular.", 1.5),
    }
)


@dataclass(frozen=True, slots=True)
class Transformation:
    """How an Aetherfall leaves the world different."""

    name: str
    kind: str
    effects: Effects


TRANSFORMATIONS: Final[Mapping[str, Transformation]] = MappingProxyType(
    {
        one.name: one
        for one in (
            Transformation(
                "Age of Enlightenment", "physics_alteration", Effects("Far things look near enough to read.")
            ),
            Transformation("Reality Flux", "physics_alteration", Effects("Corners are not always where they were.")),
            Transformation("Floating Islands", "environment_shift", Effects("Far up, pieces of land drift by.")),
            Transformation("Eternal Peace", "timeline_divergence", Effects("Nothing here seems in a hurry.", 1.2)),
            Transformation("Void Incursion", "dimensional_merge", Effects("Between two stars hangs a third darkness.")),
            Transformation(
                "Reality Dissolution", "physics_alteration", Effects("Edges fray when one looks long.", 0.9)
            ),
            Transformation("Universal Market", "physics_alteration", Effects("Everything bears a small price tag.")),
            Transformation("Age of Individuals", "physics_alteration", Effects("No two footprints here are alike.")),
            Transformation(
                "Corrupted Evolution", "enemy_mutation", Effects("What cries at night has grown.", 1.0, 1.3)
            ),
            Transformation("Biome Chaos", "environment_shift", Effects("Moss, sand and frost lie side by side.")),
            Transformation("Elemental Surge", "elemental_dominance", Effects("The elements are restless.")),
            Transformation("Gravity Anomaly", "physics_alteration", Effects("What one drops takes its time to fall.")),
            Transformation("Temporal Echo", "timeline_divergence", Effects("Steps are heard before they are taken.")),
        )
    }
)

# What comes when a faction takes all twelve.
VICTORIES: Final[Mapping[Faction, tuple[str, ...]]] = MappingProxyType(
    {
        Faction.CRIMSON_COVENANT: ("Corrupted Evolution",),
        Faction.AETHER_SEEKERS: ("Age of Enlightenment",),
        Faction.IRON_BROTHERHOOD: ("Universal Market",),
        Faction.MOONLIT_CIRCLE: ("Reality Flux", "Floating Islands"),
        Faction.SHADOWBORN: ("Void Incursion", "Reality Dissolution"),
        Faction.GOLDEN_ORDER: ("Eternal Peace",),
    }
)
# From which is drawn when nobody won.
UPHEAVALS: Final = ("Corrupted Evolution", "Biome Chaos", "Elemental Surge", "Gravity Anomaly", "Temporal Echo")


# --- one shard -------------------------------------------------------------------------------------


class ShardStatus(StrEnum):
    UNCLAIMED = "unclaimed"
    CONTESTED = "contested"  # its guardian is down, and whose party did it may take it
    CONTROLLED = "controlled"
    SEALED = "sealed"
    LOST = "lost"  # lies nowhere in the world that is in force; never stored


class ShardMove(StrEnum):
    GUARDIAN_FELL = "guardian_fell"
    CAPTURE = "capture"
    GUARDIAN_BACK = "guardian_back"
    SEAL = "seal"
    UNSEAL = "unseal"
    RELEASE = "release"
    RESET = "reset"


_UNCLAIMED, _CONTESTED = ShardStatus.UNCLAIMED, ShardStatus.CONTESTED
_CONTROLLED, _SEALED = ShardStatus.CONTROLLED, ShardStatus.SEALED

# What is not here is refused. A guardian that is back leaves a shard that has an owner controlled.
TRANSITIONS: Final[Mapping[tuple[ShardStatus, ShardMove], ShardStatus]] = MappingProxyType(
    {
        (_UNCLAIMED, ShardMove.GUARDIAN_FELL): _CONTESTED,
        (_CONTESTED, ShardMove.GUARDIAN_FELL): _CONTESTED,
        (_CONTROLLED, ShardMove.GUARDIAN_FELL): _CONTESTED,
        (_CONTESTED, ShardMove.CAPTURE): _CONTROLLED,
        (_CONTESTED, ShardMove.GUARDIAN_BACK): _UNCLAIMED,
        (_UNCLAIMED, ShardMove.SEAL): _SEALED,
        (_CONTESTED, ShardMove.SEAL): _SEALED,
        (_CONTROLLED, ShardMove.SEAL): _SEALED,
        (_SEALED, ShardMove.SEAL): _SEALED,  # for another time
        (_SEALED, ShardMove.UNSEAL): _UNCLAIMED,
        (_CONTROLLED, ShardMove.RELEASE): _UNCLAIMED,
        (_CONTESTED, ShardMove.RELEASE): _UNCLAIMED,
        **{(status, ShardMove.RESET): _UNCLAIMED for status in (_UNCLAIMED, _CONTESTED, _CONTROLLED, _SEALED)},
    }
)


@dataclass(slots=True)
class Shard:
    """One of the twelve. It has a `faction` and a `holder`, or neither."""

    number: int
    status: ShardStatus = ShardStatus.UNCLAIMED
    faction: Faction | None = None
    holder: CharacterId | None = None  # who took it
    holder_name: str = ""
    captured_at: datetime | None = None
    sealed_until: datetime | None = None  # None: until it is lifted
    defeated_at: datetime | None = None  # when its guardian was last brought down
    defeated_by: tuple[CharacterId, ...] = ()  # who may take it for that
    power: int = 100

    @property
    def lore(self) -> Lore:
        return LORE[self.number]

    def is_guardian_down(self, now: datetime) -> bool:
        """Whether the guardian has not come back yet."""
        return self.defeated_at is not None and now < self.defeated_at + GUARDIAN_RETURNS_AFTER

    def apply(self, move: ShardMove) -> None:
        """Change the status.

        Raises:
            ShardSealed, WrongShardState: this cannot happen to the shard as it is.

        """
        target = TRANSITIONS.get((self.status, move))
        if target is None:
            if self.status is ShardStatus.SEALED:
                raise ShardSealed(f"{self.lore.name} is sealed.")
            raise WrongShardState(f"{self.lore.name} is {self.status.value}.")
        if move is ShardMove.GUARDIAN_BACK and self.faction is not None:
            target = ShardStatus.CONTROLLED
        self.status = target
        if target is ShardStatus.UNCLAIMED:
            self.faction = self.holder = self.captured_at = None
            self.holder_name = ""
        if target is not ShardStatus.SEALED:
            self.sealed_until = None
        if target is not ShardStatus.CONTESTED:
            self.defeated_by = ()


@dataclass(slots=True)
class Ownership:
    """A time during which somebody's faction held a shard; it has no end while it does."""

    shard: int
    character_id: CharacterId
    character_name: str
    faction: Faction
    captured_at: datetime
    number: int = 0
    lost_at: datetime | None = None
    helpers: tuple[str, ...] = ()  # who were in the party, by name
    souls: int = 0  # that the capture brought


# --- the cycle -------------------------------------------------------------------------------------


class FallReason(StrEnum):
    TWELVE = "twelve"  # one faction held all shards
    COLLAPSE = "collapse"  # nothing of the stability was left
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Aetherfall:
    """The end of a cycle, as it is remembered."""

    cycle: int
    fell_at: datetime
    reason: FallReason
    winner: Faction | None
    transformations: tuple[str, ...]
    survivors: int  # characters in the world when it came
    holdings: Mapping[str, int]  # shards each faction had to give up


@dataclass(slots=True)
class Cycle:
    """The time between two Aetherfalls: how the world is now. There is one."""

    number: int = 1
    reality: Reality = Reality.NEUTRAL
    stability: float = FULL_STABILITY
    transformations: tuple[str, ...] = ()
    began_at: datetime | None = None  # None: with the world
    shifted_at: datetime | None = None
    version: int = 1

    @property
    def aetherfalls(self) -> int:
        """How many there have been."""
        return self.number - 1

    @property
    def condition(self) -> Condition:
        return condition_of(self.stability)

    @property
    def effects(self) -> Effects:
        """What reality and transformations do together."""
        effects = REALITY_EFFECTS[self.reality]
        for name in self.transformations:
            known = TRANSFORMATIONS.get(name.partition(":")[0])
            if known is not None:
                effects += known.effects
        return effects


# --- what happened ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Captured:
    shard: int
    ownership: Ownership
    previous: Faction | None


@dataclass(frozen=True, slots=True)
class StatusChanged:
    shard: int
    status: ShardStatus
    faction: Faction | None
    previous: Faction | None  # who held it before


@dataclass(frozen=True, slots=True)
class Shifted:
    before: Reality
    after: Reality
    stability: float


@dataclass(frozen=True, slots=True)
class Fallen:
    record: Aetherfall


Happening = Captured | StatusChanged | Shifted | Fallen


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who wants to take a shard, and those who are in the party, oneself included."""

    character_id: CharacterId
    name: str
    faction: Faction | None
    party: Collection[CharacterId]
    helpers: tuple[str, ...] = ()


def faction_of(text: str) -> Faction | None:
    """The faction that a character's row names; None for none of the six."""
    try:
        return Faction(text)
    except ValueError:
        return None


def leader_of(counts: Mapping[Faction, int]) -> Faction | None:
    """Who has more shards than anybody else; None if nobody has."""
    ranked = sorted(counts.items(), key=lambda one: -one[1])
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def reality_of(counts: Mapping[Faction, int]) -> Reality:
    """Which reality comes when shards are held so."""
    leader = leader_of(counts)
    if leader is None or sum(counts.values()) <= NEUTRAL_UP_TO:
        return Reality.NEUTRAL
    return REALITIES[leader]


@dataclass(slots=True)
class Shards:
    """All twelve, and the cycle. `changed` are those that are to be saved."""

    by_number: dict[int, Shard]
    cycle: Cycle
    changed: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, known: Iterable[Shard], cycle: Cycle | None = None) -> Shards:
        """Those that are known, and the others as they are in the beginning."""
        found = {shard.number: shard for shard in known}
        return cls({number: found.get(number) or Shard(number) for number in LORE}, cycle or Cycle())

    def require(self, number: int) -> Shard:
        """Raises NoShard for a number that is none of the twelve."""
        shard = self.by_number.get(number)
        if shard is None:
            raise NoShard
        return shard

    @property
    def counts(self) -> dict[Faction, int]:
        """How many each faction holds; those that hold none are left out."""
        held = Counter(shard.faction for shard in self.by_number.values() if shard.faction is not None)
        return {faction: held[faction] for faction in Faction if held[faction]}

    @property
    def is_imminent(self) -> bool:
        """Whether the next Aetherfall is near."""
        return max(self.counts.values(), default=0) >= IMMINENT_SHARDS or self.cycle.stability < IMMINENT_BELOW

    # --- what can happen ---

    def guardian_falls(
        self, number: int, winners: Mapping[CharacterId, Faction | None], now: datetime
    ) -> list[Happening]:
        """Somebody brought the guardian down. What is their own already, or sealed, stays as it is."""
        shard = self.require(number)
        if shard.status is ShardStatus.SEALED or not winners:
            return []
        if shard.faction is not None and all(faction is shard.faction for faction in winners.values()):
            return []
        happened = self._move(shard, ShardMove.GUARDIAN_FELL)
        shard.defeated_at, shard.defeated_by = now, tuple(winners)
        return happened

    def capture(
        self, number: int, claimant: Claimant, now: datetime, chance: Chance, *, survivors: int = 0
    ) -> list[Happening]:
        """Take a shard; who is entitled stands at its place, which the caller has seen to.

        Raises:
            NoShard: it is none of the twelve.
            NoFaction: the claimant belongs to no faction.
            ShardSealed: nobody can take it.
            ShardHeld: the claimant's faction has it.
            GuardianUndefeated: the claimant's party did not bring the guardian down, or too long ago.

        """
        shard = self.require(number)
        if claimant.faction is None:
            raise NoFaction
        if shard.status is ShardStatus.SEALED:
            raise ShardSealed(f"{shard.lore.name} is sealed.")
        if shard.faction is claimant.faction:
            raise ShardHeld(f"{shard.lore.name} is yours already.")
        if not shard.is_guardian_down(now) or not set(shard.defeated_by) & {claimant.character_id, *claimant.party}:
            raise GuardianUndefeated(f"{shard.lore.guardian} stands between you and {shard.lore.name}.")
        previous = shard.faction
        self._move(shard, ShardMove.CAPTURE)
        shard.faction, shard.holder, shard.holder_name = claimant.faction, claimant.character_id, claimant.name
        shard.captured_at = now
        ownership = Ownership(
            number,
            claimant.character_id,
            claimant.name,
            claimant.faction,
            now,
            helpers=claimant.helpers,
            souls=CAPTURE_SOULS,
        )
        return [Captured(number, ownership, previous), *self._settle(now, chance, survivors)]

    def seal(self, number: int, until: datetime | None = None) -> list[Happening]:
        """Keep everybody from a shard; who holds it goes on holding it.

        Raises:
            NoShard: it is none of the twelve.

        """
        shard = self.require(number)
        happened = self._move(shard, ShardMove.SEAL)
        shard.sealed_until = until
        return happened

    def unseal(self, number: int, now: datetime, chance: Chance, *, survivors: int = 0) -> list[Happening]:
        """Lift a seal: the shard is nobody's.

        Raises:
            NoShard: it is none of the twelve.
            WrongShardState: it is not sealed.

        """
        return [*self._move(self.require(number), ShardMove.UNSEAL), *self._settle(now, chance, survivors)]

    def release(self, number: int, now: datetime, chance: Chance, *, survivors: int = 0) -> list[Happening]:
        """Take a shard from its owner.

        Raises:
            NoShard: it is none of the twelve.
            ShardSealed, WrongShardState: it is sealed, or nobody has it.

        """
        shard = self.require(number)
        if shard.status is not ShardStatus.SEALED and shard.faction is None:
            raise WrongShardState(f"Nobody holds {shard.lore.name}.")
        return [*self._move(shard, ShardMove.RELEASE), *self._settle(now, chance, survivors)]

    def tend(self, now: datetime, chance: Chance, *, survivors: int = 0) -> list[Happening]:
        """What time brings: guardians come back, seals end."""
        happened: list[Happening] = []
        for shard in self.by_number.values():
            if shard.status is ShardStatus.CONTESTED and not shard.is_guardian_down(now):
                happened += self._move(shard, ShardMove.GUARDIAN_BACK)
            elif shard.status is ShardStatus.SEALED and shard.sealed_until is not None and shard.sealed_until <= now:
                happened += self._move(shard, ShardMove.UNSEAL)
        return [*happened, *self._settle(now, chance, survivors)] if happened else []

    def is_due(self, now: datetime) -> bool:
        """Whether `tend` would change anything."""
        return any(
            (shard.status is ShardStatus.CONTESTED and not shard.is_guardian_down(now))
            or (shard.sealed_until is not None and shard.sealed_until <= now)
            for shard in self.by_number.values()
        )

    def fall(self, reason: FallReason, now: datetime, chance: Chance, *, survivors: int = 0) -> list[Happening]:
        """The Aetherfall: every shard is free, the world is another, a new cycle begins."""
        counts = self.counts
        winner = next((one for one, held in counts.items() if held == SHARDS), None)
        transformations = VICTORIES[winner] if winner is not None else _draw(chance)
        holdings = {faction.value: held for faction, held in counts.items()}
        record = Aetherfall(self.cycle.number, now, reason, winner, transformations, survivors, holdings)
        for shard in self.by_number.values():
            self._move(shard, ShardMove.RESET)
            shard.defeated_at = None
        before, cycle = self.cycle.reality, self.cycle
        cycle.number += 1
        cycle.reality, cycle.stability = Reality.NEUTRAL, FULL_STABILITY
        cycle.transformations, cycle.began_at = transformations, now
        happened: list[Happening] = [Fallen(record)]
        if before is not Reality.NEUTRAL:
            cycle.shifted_at = now
            happened.append(Shifted(before, Reality.NEUTRAL, cycle.stability))
        return happened

    # --- what follows ---

    def _move(self, shard: Shard, move: ShardMove) -> list[Happening]:
        status, previous = shard.status, shard.faction
        shard.apply(move)
        self.changed.add(shard.number)
        if shard.status is status and shard.faction is previous:
            return []
        return [StatusChanged(shard.number, shard.status, shard.faction, previous)]

    def _settle(self, now: datetime, chance: Chance, survivors: int) -> list[Happening]:
        """The reality that belongs to who holds what now; and the end, if it has come."""
        counts, cycle = self.counts, self.cycle
        if SHARDS in counts.values():
            return self.fall(FallReason.TWELVE, now, chance, survivors=survivors)
        before, after = cycle.reality, reality_of(counts)
        if before is after:
            return []
        if after is Reality.NEUTRAL:
            cycle.stability = min(FULL_STABILITY, cycle.stability + CALMED_BY)
        else:
            cycle.stability = max(0.0, round(cycle.stability - chance.uniform(*SHAKEN_BY), 2))
        if cycle.stability == 0:
            return self.fall(FallReason.COLLAPSE, now, chance, survivors=survivors)
        cycle.reality, cycle.shifted_at = after, now
        return [Shifted(before, after, cycle.stability)]


def _draw(chance: Chance) -> tuple[str, ...]:
    """Two to five upheavals, each once."""
    left = list(UPHEAVALS)
    drawn = []
    for _ in range(chance.randint(2, len(UPHEAVALS))):
        name = left.pop(chance.randint(0, len(left) - 1))
        if name == "Elemental Surge":
            name = f"{name}: {('fire', 'water', 'earth', 'air')[chance.randint(0, 3)]}"
        drawn.append(name)
    return tuple(drawn)
