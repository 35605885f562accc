"""The world as builders wrote it: places, ways, things, inhabitants, and its calendar.

Everything here is immutable. A reload makes a new `World` beside the old one and swaps the two, so
whoever holds a `World` sees one consistent state of it. What changes while people play (who is where,
which item lies in which room) is not here.

Coordinates are integers: x grows to the east, y to the south (as on a screen), z upwards. They place
rooms of one plane on a common map.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mythgate.domain.errors import Ambiguous, NotFound, NotHere
from mythgate.domain.ids import InhabitantId, QuestId, RoomId, TemplateId, ZoneId
from mythgate.domain.items import ItemKind
from mythgate.domain.sheets import CharacterClass

if TYPE_CHECKING:
    from mythgate.domain.quests import Quest  # which knows the words of this module

T = TypeVar("T")


def _nothing() -> Mapping[Any, Any]:
    return MappingProxyType({})


# --- directions ------------------------------------------------------------------------------------


class Direction(StrEnum):
    """The ten ways out of a place."""

    NORTH = "north"
    NORTHEAST = "northeast"
    EAST = "east"
    SOUTHEAST = "southeast"
    SOUTH = "south"
    SOUTHWEST = "southwest"
    WEST = "west"
    NORTHWEST = "northwest"
    UP = "up"
    DOWN = "down"

    @property
    def short(self) -> str:
        """`n`, `ne`, … `u`, `d`."""
        return _SHORT[self]

    @property
    def opposite(self) -> Direction:
        """The way back."""
        return _OPPOSITE[self]

    @property
    def offset(self) -> tuple[int, int, int]:
        """One step that way, as x, y, z."""
        return _OFFSET[self]

    @property
    def toward(self) -> str:
        """For sentences: "to the north", "up"."""
        return self.value if self in (Direction.UP, Direction.DOWN) else f"to the {self.value}"

    @classmethod
    def parse(cls, word: str) -> Direction | None:
        """The direction a word names, long or short, in any case; None if it names none."""
        return _BY_WORD.get(word.strip().casefold())


_SHORT: Final[Mapping[Direction, str]] = {
    Direction.NORTH: "n",
    Direction.NORTHEAST: "ne",
    Direction.EAST: "e",
    Direction.SOUTHEAST: "se",
    Direction.SOUTH: "s",
    Direction.SOUTHWEST: "sw",
    Direction.WEST: "w",
    Direction.NORTHWEST: "nw",
    Direction.UP: "u",
    Direction.DOWN: "d",
}
_OFFSET: Final[Mapping[Direction, tuple[int, int, int]]] = {
    Direction.NORTH: (0, -1, 0),
    Direction.NORTHEAST: (1, -1, 0),
    Direction.EAST: (1, 0, 0),
    Direction.SOUTHEAST: (1, 1, 0),
    Direction.SOUTH: (0, 1, 0),
    Direction.SOUTHWEST: (-1, 1, 0),
    Direction.WEST: (-1, 0, 0),
    Direction.NORTHWEST: (-1, -1, 0),
    Direction.UP: (0, 0, 1),
    Direction.DOWN: (0, 0, -1),
}
_BY_OFFSET: Final = {offset: direction for direction, offset in _OFFSET.items()}
_OPPOSITE: Final = {direction: _BY_OFFSET[(-x, -y, -z)] for direction, (x, y, z) in _OFFSET.items()}
_BY_WORD: Final = {
    word: direction
    for direction in Direction
    for word in (
        direction.value,
        direction.short,
        direction.value.replace("north", "north-").replace("south", "south-"),
    )
}


# --- places ----------------------------------------------------------------------------------------


class Environment(StrEnum):
    INDOORS = "indoors"
    OUTDOORS = "outdoors"
    UNDERGROUND = "underground"
    WATER = "water"
    STREET = "street"


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of a room.

    A `hidden` way is not shown until one has been where it leads, but it can be taken by whoever knows
    or guesses it. A `locked` way opens to whoever carries `key_template`; without a key template it opens to
    nobody. `aliases` are words that stand for the way besides its direction ("door", "ladder").
    """

    direction: Direction
    target: RoomId
    hidden: bool = False
    locked: bool = False
    key_template: TemplateId | None = None
    one_way: bool = False
    description: str = ""
    aliases: tuple[str, ...] = ()

    def opens_for(self, carried: Container[TemplateId]) -> bool:
        """Whether somebody who carries things of these templates may pass."""
        return not self.locked or (self.key_template is not None and self.key_template in carried)


@dataclass(frozen=True, slots=True)
class Fixture:
    """A part of a place that can be looked at, perhaps read, and never taken."""

    id: str  # unique within its room
    name: str
    description: str
    aliases: tuple[str, ...] = ()
    read_text: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The name and all else it is called."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, slots=True)
class ItemTemplate:
    """What a thing is like.

    `summary` is the sentence one sees where the world placed it, `dropped` the one where somebody left it.
    """

    id: TemplateId
    name: str  # without article: "brass lantern"
    summary: str
    description: str
    article: str = "a"  # "a", "an", "the", "some", or empty
    aliases: tuple[str, ...] = ()
    read_text: str | None = None
    weight: int = 1
    takeable: bool = True
    light: bool = False
    dropped: str = ""  # empty: "A brass lantern lies here."
    kind: ItemKind = ItemKind.MISC
    attack: int = 0  # what it adds while it is equipped
    defence: int = 0
    magic: int = 0
    value: int = 0  # in souls
    heals: int = 0  # health it restores when it is used
    restores_mana: int = 0
    quest: bool = False  # belongs to a quest: never traded away

    @property
    def stacks(self) -> bool:
        """Whether several of them may be one item with a quantity."""
        return self.kind.stacks and not self.quest

    def lying(self, *, in_place: bool) -> str:
        """The sentence one sees where it lies; `in_place`: where the world placed it."""
        if in_place:
            return self.summary
        if self.dropped:
            return self.dropped
        name = self.full_name
        many = self.article in ("some", "") and self.name.endswith("s") and not self.name.endswith("ss")
        return f"{name[:1].upper()}{name[1:]} {'lie' if many else 'lies'} here."

    @property
    def names(self) -> tuple[str, ...]:
        """The name and all else it is called."""
        return (self.name, *self.aliases)

    @property
    def full_name(self) -> str:
        """The name with its article."""
        return f"{self.article} {self.name}" if self.article else self.name


@dataclass(frozen=True, slots=True)
class Placement:
    """Things the world itself puts somewhere. With `respawn`, one comes back that long after it was taken."""

    template: TemplateId
    room: RoomId
    count: int = 1
    respawn: timedelta | None = None

    def origins(self) -> tuple[str, ...]:
        """The names under which the store remembers that these things were brought forth."""
        return tuple(f"{self.room}/{self.template}#{number}" for number in range(1, self.count + 1))


@dataclass(frozen=True, slots=True)
class KitPart:
    """Something that characters of a class begin with."""

    template: TemplateId
    count: int = 1


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something an inhabitant says, or with `action`, does. `{name}` stands for whom it is meant for."""

    text: str
    action: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """Something an inhabitant can be asked about. With `needs`, only who carries such a thing hears `answer`."""

    keywords: tuple[str, ...]
    answer: str
    needs: TemplateId | None = None


@dataclass(frozen=True, slots=True)
class Inhabitant:
    """Somebody who lives in the world and speaks. `route` (if any) begins with `room`."""

    id: InhabitantId
    name: str
    summary: str  # the sentence one sees in the room
    description: str
    room: RoomId
    aliases: tuple[str, ...] = ()
    greetings: tuple[Utterance, ...] = ()
    lines: tuple[Utterance, ...] = ()  # said now and then
    line_interval: timedelta = timedelta(minutes=3)
    subjects: tuple[Subject, ...] = ()
    fallback: str = ""  # the answer to what is none of the subjects
    wares: str = ""  # what a keeper sells, as text
    route: tuple[RoomId, ...] = ()
    pace: timedelta = timedelta(minutes=5)  # stay at each stop of the route

    def place_at(self, now: datetime) -> RoomId:
        """Where this inhabitant is at `now`: the same on every node and after every restart."""
        if not self.route:
            return self.room
        return self.route[int(now.timestamp() // self.pace.total_seconds()) % len(self.route)]

    @property
    def names(self) -> tuple[str, ...]:
        """The name and all else this inhabitant answers to."""
        return (self.name, *self.aliases)

    def answer(self, text: str, carried: Container[TemplateId] = ()) -> str | None:
        """The answer to `text`: of the subjects it touches, the one whose need is met first; None for none.

        A keyword counts if it stands in the text as a word, or as words in a row.
        """
        words = f" {' '.join(words_of(text))} "
        touched = [s for s in self.subjects if any(f" {' '.join(words_of(k))} " in words for k in s.keywords)]
        met = [s for s in touched if s.needs is not None and s.needs in carried]
        plain = [s for s in touched if s.needs is None]
        for subject in (*met, *plain):
            return subject.answer
        return None


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the world. `colour` is `#rrggbb`, for maps."""

    id: ZoneId  # `plane_zone`
    plane: str
    key: str  # the zone's own part of room ids
    name: str
    description: str
    colour: str
    environment: Environment = Environment.OUTDOORS
    sub_zones: Mapping[str, str] = field(default_factory=_nothing)  # id → name


@dataclass(frozen=True, slots=True)
class Room:
    """A place (a *Location*, where the lobby's rooms are meant as well)."""

    id: RoomId
    name: str
    description: str
    zone: ZoneId
    plane: str
    sub_zone: str
    environment: Environment
    x: int
    y: int
    z: int
    exits: Mapping[Direction, Exit] = field(default_factory=_nothing)
    fixtures: tuple[Fixture, ...] = ()
    inhabitants: tuple[Inhabitant, ...] = ()  # those at home here
    capacity: int | None = None  # None: the server's default
    tags: frozenset[str] = frozenset()
    by_daypart: Mapping[Daypart, str] = field(default_factory=_nothing)
    crowded: str = ""  # added to the description when many are here
    empty: str = ""  # added when the onlooker is alone
    number: int | None = None  # as the pack says; `World.number_of` knows one for each room
    creatures: tuple[str, ...] = ()  # of the bestiary: those one can fight here
    shard: int | None = None  # the Crystal Shard that lies here

    def exit_by(self, words: str) -> Exit | None:
        """The way that a direction or an alias of a way names, also a hidden one."""
        direction = Direction.parse(words)
        if direction is not None:
            return self.exits.get(direction)
        wanted = " ".join(words_of(words))
        for way in self.exits.values():
            if any(" ".join(words_of(alias)) == wanted for alias in way.aliases):
                return way
        return None

    @property
    def is_open(self) -> bool:
        """Whether it lies under the sky."""
        return self.environment not in (Environment.INDOORS, Environment.UNDERGROUND)

    def describe(self, *, people: int = 1, daypart: Daypart | None = None, omen: str = "") -> str:
        """The description as it is now: `people` are here, the onlooker included; `omen` is in the sky."""
        parts = [self.description]
        if daypart is not None and daypart in self.by_daypart:
            parts.append(self.by_daypart[daypart])
        if omen and self.is_open:
            parts.append(omen)
        if self.crowded and people >= CROWD:
            parts.append(self.crowded)
        elif self.empty and people <= 1:
            parts.append(self.empty)
        return " ".join(parts)


CROSSING: Final = "crossing"  # tag of rooms that only join others; see `World.ways_to`
SIGNPOSTED: Final = "signposted"  # tag of rooms that tell where their ways lead to who has not been there, too
SAFE: Final = "safe"  # tag of rooms in which nobody fights, and where one rests well
CROWD: Final = 5  # people in one room that make it crowded
FIRST_MADE_NUMBER: Final = 1000  # of rooms to which their pack gives no number; below are those of packs


def made_number(room_id: RoomId) -> int:
    """The number of a room without one from its pack: always the same for the same id, on every node.

    It fits into what JSON readers take for an exact number.
    """
    digest = hashlib.blake2b(room_id.encode(), digest_size=6).digest()
    return FIRST_MADE_NUMBER + int.from_bytes(digest)


def visible_exits(room: Room, explored: Container[RoomId]) -> list[Exit]:
    """The ways one sees, in the order of `Direction`; a hidden one only after having been where it leads."""
    return [
        room.exits[direction]
        for direction in Direction
        if direction in room.exits and (not room.exits[direction].hidden or room.exits[direction].target in explored)
    ]


# --- time ------------------------------------------------------------------------------------------


class Daypart(StrEnum):
    """A quarter of the world's day: six bells each."""

    NIGHT = "night"
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


_DAYPARTS: Final = tuple(Daypart)
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth")


@dataclass(frozen=True, slots=True)
class WorldTime:
    """A moment of the world. Years, days of the month and bells count from 1, hours from 0."""

    year: int
    month: str
    month_number: int
    day: int
    hour: int
    daypart: Daypart
    bell: int

    @property
    def bell_text(self) -> str:
        """Such as "the third bell of evening"."""
        return f"the {_ORDINALS[self.bell - 1]} bell of {self.daypart.value}"

    @property
    def date_text(self) -> str:
        """Such as "the 4th of Reedmonth, year 212"."""
        return f"the {_ordinal(self.day)} of {self.month}, year {self.year}"


@dataclass(frozen=True, slots=True)
class Calendar:
    """How real time becomes the world's. `epoch` is the first instant of `first_year`."""

    day: timedelta = timedelta(hours=6)
    months: tuple[str, ...] = tuple(f"the {name} month" for name in (*_ORDINALS, "seventh", "eighth"))
    days_per_month: int = 30
    epoch: datetime = datetime(2025, 1, 1, tzinfo=UTC)
    first_year: int = 1

    def day_number(self, now: datetime) -> int:
        """The days of the world that have begun since the epoch; 1 at least."""
        return max(1, (now - self.epoch) // self.day + 1)

    def at(self, now: datetime) -> WorldTime:
        """The world's time at `now`. Moments before the epoch lie in earlier years."""
        days, rest = divmod(now - self.epoch, self.day)
        hour = int(rest / self.day * 24)
        months, day = divmod(days, self.days_per_month)
        years, month = divmod(months, len(self.months))
        quarter, bell = divmod(hour, 6)
        return WorldTime(
            self.first_year + years, self.months[month], month + 1, day + 1, hour, _DAYPARTS[quarter], bell + 1
        )


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


# --- the world -------------------------------------------------------------------------------------


class BrokenWorld(ValueError):
    """A `World` was put together from parts that do not fit. The loader reports these before."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """All of it. Whatever a room, placement or inhabitant refers to exists."""

    name: str
    version: str
    fingerprint: str  # changes with every change of content
    start_room: RoomId
    rooms: Mapping[RoomId, Room]
    zones: Mapping[ZoneId, Zone]
    templates: Mapping[TemplateId, ItemTemplate]
    placements: tuple[Placement, ...] = ()
    calendar: Calendar = field(default_factory=Calendar)
    kits: Mapping[CharacterClass, tuple[KitPart, ...]] = field(default_factory=_nothing)
    quests: Mapping[QuestId, Quest] = field(default_factory=_nothing)
    inhabitants: Mapping[InhabitantId, Inhabitant] = field(init=False)
    shards: Mapping[int, RoomId] = field(init=False)  # where the Crystal Shards lie
    _by_number: Mapping[int, RoomId] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Freeze the mappings and refuse parts that do not fit together.

        Raises:
            BrokenWorld: a reference leads nowhere, or an id stands twice.

        """
        inhabitants: dict[InhabitantId, Inhabitant] = {}
        for room in self.rooms.values():
            for inhabitant in room.inhabitants:
                if inhabitant.id in inhabitants:
                    raise BrokenWorld(f"inhabitant {inhabitant.id} stands twice")
                inhabitants[inhabitant.id] = inhabitant
        for name in ("rooms", "zones", "templates", "kits", "quests"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        object.__setattr__(self, "inhabitants", MappingProxyType(inhabitants))
        by_number: dict[int, RoomId] = {}
        for room_id in self.rooms:
            if by_number.setdefault(self.number_of(room_id), room_id) != room_id:
                raise BrokenWorld(f"the number {self.number_of(room_id)} stands twice")
        object.__setattr__(self, "_by_number", MappingProxyType(by_number))
        shards: dict[int, RoomId] = {}
        for room in self.rooms.values():
            if room.shard is not None and shards.setdefault(room.shard, room.id) != room.id:
                raise BrokenWorld(f"shard {room.shard} lies in two rooms")
        object.__setattr__(self, "shards", MappingProxyType(dict(sorted(shards.items()))))
        for reference, known in self._references():
            if reference not in known:
                raise BrokenWorld(f"{reference} does not exist")

    def _references(self) -> Iterator[tuple[str, Container[Any]]]:
        yield self.start_room, self.rooms
        for room in self.rooms.values():
            yield room.zone, self.zones
            for way in room.exits.values():
                yield way.target, self.rooms
                if way.key_template is not None:
                    yield way.key_template, self.templates
        for placement in self.placements:
            yield placement.room, self.rooms
            yield placement.template, self.templates
        for kit in self.kits.values():
            for part in kit:
                yield part.template, self.templates
        for inhabitant in self.inhabitants.values():
            for stop in (inhabitant.room, *inhabitant.route):
                yield stop, self.rooms
            for subject in inhabitant.subjects:
                if subject.needs is not None:
                    yield subject.needs, self.templates
        for quest in self.quests.values():
            yield from self._references_of(quest)

    def _references_of(self, quest: Quest) -> Iterator[tuple[str, Container[Any]]]:
        if quest.giver is not None:
            yield quest.giver, self.inhabitants
        for needed in quest.needs:
            yield needed, self.quests
        for template_id in quest.reward.items:
            yield template_id, self.templates
        known: Mapping[str, Container[Any]] = {
            "place": self.rooms,
            "talk": self.inhabitants,
            "collect": self.templates,
        }
        for step in quest.steps:
            if step.kind in known:
                yield step.subject, known[step.kind]
            if step.room is not None:
                yield step.room, self.rooms
            if step.brings is not None:
                yield step.brings, self.templates

    def room(self, room_id: RoomId | str) -> Room | None:
        return self.rooms.get(RoomId(room_id))

    def require(self, room_id: RoomId | str) -> Room:
        """As `room`; raises NotFound for nothing."""
        room = self.rooms.get(RoomId(room_id))
        if room is None:
            raise NotFound("There is no such place.")
        return room

    def refuge_from(self, room_id: RoomId | str) -> RoomId:
        """The nearest safe room, by ways that are not locked; the start of the world if there is none."""
        queue, seen = deque([RoomId(room_id)]), {RoomId(room_id)}
        while queue:
            room = self.rooms.get(queue.popleft())
            if room is None:
                continue
            if SAFE in room.tags:
                return room.id
            ways = [way.target for way in room.exits.values() if not way.locked and way.target not in seen]
            seen.update(ways)
            queue.extend(ways)
        return self.start_room

    def room_by_number(self, number: int) -> Room | None:
        """The room that clients know by `number`, who know no other ids than whole numbers."""
        room_id = self._by_number.get(number)
        return None if room_id is None else self.rooms[room_id]

    def number_of(self, room_id: RoomId | str) -> int:
        """The number of a room, also of one that is no more; stable over reloads and restarts."""
        room = self.rooms.get(RoomId(room_id))
        return made_number(RoomId(room_id)) if room is None or room.number is None else room.number

    def ways_to(self, room: Room, target: RoomId) -> tuple[Direction, ...]:
        """The directions to walk from `room` to one that is next to it, or next but for a crossing between them.
        Empty if neither is the case."""
        for direction, way in room.exits.items():
            if way.target == target:
                return (direction,)
        for direction, way in room.exits.items():
            between = self.rooms[way.target]
            if CROSSING in between.tags:
                for onward, last in between.exits.items():
                    if last.target == target:
                        return direction, onward
        return ()

    def zone(self, zone_id: ZoneId | str) -> Zone:
        """Raises NotFound for nothing."""
        zone = self.zones.get(ZoneId(zone_id))
        if zone is None:
            raise NotFound("There is no such part of the world.")
        return zone

    def zone_of(self, room: Room) -> Zone:
        return self.zones[room.zone]

    def template(self, template_id: TemplateId | str) -> ItemTemplate:
        """The template, or for one that a reload took away a plain stand-in: things outlive their packs."""
        template = self.templates.get(TemplateId(template_id))
        return template if template is not None else _forgotten(TemplateId(template_id))

    def inhabitant(self, inhabitant_id: InhabitantId | str) -> Inhabitant | None:
        return self.inhabitants.get(InhabitantId(inhabitant_id))

    def neighbours(self, room: Room) -> list[Room]:
        """The rooms its ways lead to, in the order of `Direction`."""
        return [self.rooms[room.exits[direction].target] for direction in Direction if direction in room.exits]


def _forgotten(template_id: TemplateId) -> ItemTemplate:
    name = template_id.rpartition("/")[2].replace("_", " ") or "thing"
    return ItemTemplate(
        id=template_id,
        name=name,
        article="an" if name[0] in "aeiou" else "a",
        summary=f"Something that was once {name} lies here, faded beyond use.",
        description="It has faded so far that you cannot tell what it was for.",
        dropped=f"Something that was once {name} lies here, faded beyond use.",
    )


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something in a world pack that keeps it from being used. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


# --- naming things ---------------------------------------------------------------------------------

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_ARTICLES: Final = frozenset({"a", "an", "the", "some", "my"})
SMALL_WORDS: Final = frozenset({"the", "of", "a", "an", "and", "old", "master", "mother"})
"""Words of names by which nobody is called."""
_NUMBERED: Final = re.compile(r"^(?:(?P<before>[1-9]\d?)\.(?P<named>\D.*)|(?P<name>.*\S)[\s\-](?P<after>[1-9]\d?))$")


def fold(text: str) -> str:
    """`text` as people type it who do not care about case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def words_of(text: str) -> list[str]:
    """The words of `text`, folded, without punctuation."""
    return _WORD.findall(fold(text))


def find(
    wanted: str,
    things: Iterable[T],
    *,
    names: Callable[[T], Collection[str]],
    alike: Callable[[T], object] | None = None,
    plurals: bool = False,
) -> T:
    """The one of `things` that `wanted` names; with `plurals`, "pears" names a pear if nothing is called pears.

    A thing is called exactly so before one whose name begins so, and that before one in whose name
    each wanted word begins some word. `2.lamp`, `lamp 2` and `lamp-2` take the second of those that
    answer to "lamp". Things that `alike` maps to the same value are as good as each other; the first
    is taken. The first of a thing's `names` is how it is called in the hint of `Ambiguous`.

    Raises:
        NotHere: nothing answers to that.
        Ambiguous: several different things do; the hint lists them.

    """
    candidates = list(things)
    best = _best(wanted, candidates, names, plurals=plurals)
    number: int | None = None
    if not best and (match := _NUMBERED.match(wanted.strip())):
        number = int(match["before"] or match["after"])
        best = _best(match["named"] or match["name"], candidates, names, plurals=plurals)
    if not best:
        raise NotHere
    if number is not None:
        if number > len(best):
            raise NotHere("There are not that many of those here.")
        return best[number - 1]
    first = best[0]
    if len(best) > 1 and not (alike is not None and len({alike(thing) for thing in best}) == 1):
        called = [f"{index}. {next(iter(names(thing)), wanted)}" for index, thing in enumerate(best, 1)]
        raise Ambiguous(hint=f"{', '.join(called)}. Say which, as in “1.{wanted.strip()}”.")
    return first


_PLURALS: Final = (("s", ""), ("es", ""), ("ies", "y"), ("ves", "f"), ("ves", "fe"))


def _singulars(words: Sequence[str]) -> Iterator[list[str]]:
    """`words` with their noun (the last word, or the one before "of") as a singular of which it may be the plural."""
    for index in {len(words) - 1, words.index("of") - 1 if "of" in words[1:] else len(words) - 1}:
        for ending, instead in _PLURALS:
            noun = words[index]
            if len(noun) > len(ending) + 1 and noun.endswith(ending) and not noun.endswith("ss"):
                yield [*words[:index], noun.removesuffix(ending) + instead, *words[index + 1 :]]


def _best(wanted: str, things: Sequence[T], names: Callable[[T], Collection[str]], *, plurals: bool = False) -> list[T]:
    words = words_of(wanted)
    if len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    if not words:
        return []
    best = _ranked(words, things, names)
    if not best and plurals:
        best = next((found for one in _singulars(words) if (found := _ranked(one, things, names))), [])
    return best


def _ranked(words: Sequence[str], things: Sequence[T], names: Callable[[T], Collection[str]]) -> list[T]:
    ranked = [(max((_rank(words, words_of(name)) for name in names(thing)), default=0), thing) for thing in things]
    top = max((rank for rank, _ in ranked), default=0)
    return [thing for rank, thing in ranked if rank == top] if top else []


def _rank(wanted: Sequence[str], name: Sequence[str]) -> int:
    """3 for the same words, 2 if the name begins so, 1 if each wanted word begins a word of it, else 0."""
    if list(wanted) == list(name):
        return 3
    if " ".join(name).startswith(" ".join(wanted)):
        return 2
    remaining = list(name)
    for word in wanted:
        hit = next((candidate for candidate in remaining if candidate.startswith(word)), None)
        if hit is None:
            return 0
        remaining.remove(hit)
    return 1
