"""World packs: folders of YAML that describe a world.

    pack.yaml        what the pack is, where newcomers arrive, the calendar
    zones/*.yaml     one zone each: its rooms, exits, fixtures, items, inhabitants

Reading has three steps. `_parse` turns text into nodes that know their line and column, without ever
making Python objects of it: no tags, no anchors, no guessing of types ("No" is a name, not a false).
`_Fields` takes the values out of a mapping one by one and complains about what is wrong, missing or
left over. `_Assembly` puts the parts of all packs together and checks what no single part can know.
All problems are collected; a world is made only if there is none. `docs/world-packs.md` is the format
for builders.
"""

from __future__ import annotations

import asyncio
import difflib
import hashlib
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

import yaml

from mythgate.domain.bestiary import BESTIARY
from mythgate.domain.ids import InhabitantId, QuestId, RoomId, TemplateId, ZoneId
from mythgate.domain.items import ItemKind
from mythgate.domain.quests import Quest, Reward, Step, StepKind
from mythgate.domain.shards import SHARDS
from mythgate.domain.sheets import MAX_LEVEL, CharacterClass
from mythgate.domain.world import (
    CROSSING,
    FIRST_MADE_NUMBER,
    SAFE,
    SIGNPOSTED,
    Calendar,
    Daypart,
    Direction,
    Environment,
    Exit,
    Fixture,
    Inhabitant,
    ItemTemplate,
    KitPart,
    Placement,
    Problem,
    Room,
    Subject,
    Utterance,
    World,
    Zone,
    words_of,
)
from mythgate.domain.worldevents import EventKind
from mythgate.services.ports import LoadedWorld

DEFAULT_PACK: Final = Path(__file__).resolve().parent.parent / "worlds" / "mythgate"

MAX_FILE_BYTES: Final = 1024 * 1024
MAX_FILES: Final = 1000
MAX_DEPTH: Final = 16
MAX_PROBLEMS: Final = 500  # of one check; whoever has more will look again anyway
MAX_COORDINATE: Final = 10_000

NAME_LENGTH: Final = 80
SENTENCE_LENGTH: Final = 400
TEXT_LENGTH: Final = 2000

_PARSER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ID: Final = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*\Z")
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}\Z")
_INTEGER: Final = re.compile(r"[-+]?\d{1,9}\Z")
_DURATION: Final = re.compile(r"(\d{1,6}) ?(s|m|h|d)\Z")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_FLAGS: Final = {"true": True, "yes": True, "false": False, "no": False}
_ARTICLES: Final = ("a", "an", "the", "some", "none")
_TAGS: Final = ("start", "safe", "shop", "tavern", "no_shout", CROSSING, SIGNPOSTED)


class InvalidPacks(ValueError):
    """The packs do not make a world; `problems` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


def load(paths: Sequence[Path]) -> World:
    """The world that the packs in `paths` make together; the first that names a start room is the main one.

    Raises:
        InvalidPacks: they do not make one.

    """
    loaded = _read(paths)
    if loaded.world is None:
        raise InvalidPacks(loaded.problems)
    return loaded.world


def check(paths: Sequence[Path]) -> list[Problem]:
    """Everything wrong with the packs, by file and line; empty if nothing is."""
    return list(_read(paths).problems)


class WorldPacks:
    """A `WorldSource` that reads packs from folders. Watching is comparing file times and sizes."""

    def __init__(self, paths: Sequence[Path] = ()) -> None:
        self.paths = tuple(paths) or (DEFAULT_PACK,)
        self._stamp: object = None

    def load_now(self) -> World:
        """As the function `load`, on the calling thread; for the start of the server."""
        self._stamp = _stamp(self.paths)
        return load(self.paths)

    async def load(self) -> LoadedWorld:
        """Read the packs on a thread."""
        # The stamp is taken first: what is saved while we read is then seen as a change.
        self._stamp = await asyncio.to_thread(_stamp, self.paths)
        return await asyncio.to_thread(_read, self.paths)

    async def changed(self) -> bool:
        """Whether files were changed, added or removed since the last load."""
        return await asyncio.to_thread(_stamp, self.paths) != self._stamp


def _folder(path: Path) -> Path:
    """`default` stands for the world that ships, unless there is a folder of that name."""
    return DEFAULT_PACK if path == Path("default") and not path.exists() else path


def _files(pack: Path) -> list[Path]:
    zones = pack / "zones"
    found = [path for path in zones.glob("*") if path.suffix in {".yaml", ".yml"}] if zones.is_dir() else []
    return [pack / "pack.yaml", *sorted(found)]


def _stamp(paths: Iterable[Path]) -> object:
    stamp = []
    for path in map(_folder, paths):
        for file in _files(path):
            try:
                status = file.stat()
            except OSError:
                stamp.append((str(file), 0, 0))
            else:
                stamp.append((str(file), status.st_mtime_ns, status.st_size))
    return stamp


def _read(paths: Sequence[Path]) -> LoadedWorld:
    problems = _Problems()
    digest = hashlib.sha256()
    assembly = _Assembly(problems)
    for path in map(_folder, paths):
        files = _files(path)
        if len(files) > MAX_FILES:
            problems.add(_Place(str(path), 1, 1), f"a pack has at most {MAX_FILES} files, this one {len(files)}")
            continue
        nodes: list[tuple[Path, _Node | None]] = []
        for file in files:
            content = _content(file, problems)
            if content is None:
                assembly.incomplete = True
                continue
            digest.update(f"{file.parent.name}/{file.name}\0".encode() + content + b"\0")
            node = _parse(str(file), content, problems)
            assembly.incomplete |= not isinstance(node, _Map)
            nodes.append((file, node))
        _read_pack(path, nodes, assembly, problems)
    world = assembly.build(digest.hexdigest())
    found = tuple(sorted(problems.found))
    return LoadedWorld(None if found else world, found)


def _content(file: Path, problems: _Problems) -> bytes | None:
    place = _Place(str(file), 1, 1)
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            problems.add(place, f"the file is larger than {MAX_FILE_BYTES} bytes")
            return None
        return file.read_bytes()
    except FileNotFoundError:
        problems.add(place, "there is no such file; every pack has a pack.yaml")
    except OSError as error:
        problems.add(place, f"the file cannot be read: {error.strerror or error}")
    return None


# --- text to nodes ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    file: str
    line: int
    column: int


class _Mark(Protocol):
    """A position as the YAML parser counts, from 0."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class _Problems:
    """Collects what is wrong."""

    def __init__(self) -> None:
        self.found: set[Problem] = set()

    def add(self, place: _Place, message: str) -> None:
        if len(self.found) < MAX_PROBLEMS:
            self.found.add(Problem(place.file, place.line, place.column, message))


@dataclass(slots=True)
class _Scalar:
    place: _Place
    value: str
    plain: bool  # written without quotes, so that nothing may mean nothing


@dataclass(slots=True)
class _List:
    place: _Place
    nodes: list[_Node] = field(default_factory=list)


@dataclass(slots=True)
class _Map:
    place: _Place
    entries: dict[str, tuple[_Place, _Node]] = field(default_factory=dict)


_Node = _Scalar | _List | _Map


def _parse(file: str, content: bytes, problems: _Problems) -> _Node | None:
    """The one document in `content`; None with a problem if it is none."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        problems.add(_Place(file, before.count(b"\n") + 1, column), "this is not UTF-8")
        return None
    try:
        return _nodes(file, text, problems)
    except yaml.reader.ReaderError as error:
        before_text = text[: error.position]
        place = _Place(file, before_text.count("\n") + 1, error.position - (before_text.rfind("\n") + 1) + 1)
        problems.add(place, "this character is not allowed in YAML")
    except yaml.MarkedYAMLError as error:
        place = _place(file, error.problem_mark or error.context_mark)
        problems.add(place, f"this is not YAML: {error.problem or error.context or 'it cannot be read'}")
    return None


def _place(file: str, mark: _Mark | None) -> _Place:
    return _Place(file, 1, 1) if mark is None else _Place(file, mark.line + 1, mark.column + 1)


def _nodes(file: str, text: str, problems: _Problems) -> _Node | None:
    """Build nodes from the parser's events, without recursion, so that no nesting exhausts the stack."""
    root: _Node | None = None
    open_nodes: list[_List | _Map] = []
    keys: list[_Scalar | None] = []  # of each open node, the key that waits for its value

    def attach(node: _Node) -> None:
        nonlocal root
        if not open_nodes:
            root = node
            return
        parent = open_nodes[-1]
        if isinstance(parent, _List):
            parent.nodes.append(node)
            return
        key = keys[-1]
        if key is None:
            if not isinstance(node, _Scalar):
                problems.add(node.place, "a key must be a word")
                node = _Scalar(node.place, "?", plain=True)
            keys[-1] = node
            return
        keys[-1] = None
        if key.value in parent.entries:
            first = parent.entries[key.value][0]
            problems.add(key.place, f"the key {key.value!r} stands here twice; first in line {first.line}")
            return
        parent.entries[key.value] = (key.place, node)

    documents = 0
    for event in yaml.parse(text, Loader=_PARSER):
        place = _place(file, event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                problems.add(place, "one file holds one document")
                return root
        elif isinstance(event, yaml.AliasEvent):
            problems.add(place, "anchors and aliases are not used in packs; write it out")
            return None
        elif isinstance(event, yaml.NodeEvent):
            if event.anchor is not None:
                problems.add(place, "anchors and aliases are not used in packs; write it out")
                return None
            if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag not in (None, "!"):
                problems.add(place, "tags are not used in packs")
                return None
            if isinstance(event, yaml.ScalarEvent):
                attach(_Scalar(place, event.value, plain=not event.style))
                continue
            if len(open_nodes) >= MAX_DEPTH:
                problems.add(place, f"this is nested more than {MAX_DEPTH} deep")
                return None
            node: _List | _Map = _List(place) if isinstance(event, yaml.SequenceStartEvent) else _Map(place)
            attach(node)
            open_nodes.append(node)
            keys.append(None)
        elif isinstance(event, yaml.CollectionEndEvent):
            open_nodes.pop()
            keys.pop()
    return root


# --- nodes to values -------------------------------------------------------------------------------


def _meant(word: str, known: Iterable[str]) -> str:
    """ "; did you mean …?" if something of that kind is known, else nothing."""
    close = difflib.get_close_matches(word, [str(name) for name in known], n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def _is_nothing(node: _Node) -> bool:
    return isinstance(node, _Scalar) and node.plain and node.value in ("", "~", "null")


class _Fields:
    """The fields of one mapping, taken out one by one; `close` complains about what nobody took."""

    def __init__(self, node: _Map, problems: _Problems, what: str) -> None:
        self.place = node.place
        self._entries = node.entries
        self._problems = problems
        self._what = what
        self._taken: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._entries and not _is_nothing(self._entries[key][1])

    def close(self) -> None:
        for key, (place, _) in self._entries.items():
            if key not in self._taken:
                self._problems.add(place, f"{self._what} has no {key!r}{_meant(key, self._taken)}")

    def place_of(self, key: str) -> _Place:
        """Where the value of `key` stands, or the mapping if it is not there."""
        return self._entries[key][1].place if key in self._entries else self.place

    def _take(self, key: str, *, required: bool = False) -> _Node | None:
        if key not in self._taken:
            self._taken.append(key)
        if key in self:
            return self._entries[key][1]
        if required:
            self._problems.add(self.place, f"{self._what} needs {key!r}")
        return None

    def scalar(self, key: str, *, required: bool = False) -> str | None:
        node = self._take(key, required=required)
        if node is None:
            return None
        if not isinstance(node, _Scalar):
            self._problems.add(node.place, f"{key!r} is one value, not a list or mapping")
            return None
        return node.value

    def text(
        self, key: str, *, required: bool = False, longest: int = TEXT_LENGTH, shortest: int = 1, lines: bool = False
    ) -> str:
        """A text with its blanks in order; with `lines`, line breaks are kept."""
        value = self.scalar(key, required=required)
        return "" if value is None else self._tidy(self.place_of(key), key, value, longest, shortest, lines=lines)

    def _tidy(self, place: _Place, key: str, value: str, longest: int, shortest: int, *, lines: bool = False) -> str:
        rows = [" ".join(row.split()) for row in value.strip().splitlines()]
        text = "\n".join(rows) if lines else " ".join(row for row in rows if row)
        if len(text) > longest:
            self._problems.add(place, f"{key!r} has {len(text)} characters, {longest} are allowed")
        elif len(text) < shortest:
            self._problems.add(place, f"{key!r} needs at least {shortest} characters")
        elif not all(character.isprintable() or character == "\n" for character in text):
            self._problems.add(place, f"{key!r} holds characters that cannot be shown")
        return text

    def identifier(self, key: str, *, default: str | None = None) -> str:
        value = self.scalar(key, required=default is None)
        if value is None:
            return default or ""
        if not _ID.match(value):
            self._problems.add(self.place_of(key), f"{key!r} is made of a-z, 0-9 and single _, not {value!r}")
            return ""
        return value

    def integer(self, key: str, *, least: int, most: int) -> int | None:
        value = self.scalar(key)
        if value is None:
            return None
        if not _INTEGER.match(value) or not least <= int(value) <= most:
            self._problems.add(self.place_of(key), f"{key!r} is a whole number from {least} to {most}")
            return None
        return int(value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self.scalar(key)
        if value is None:
            return default
        if value.lower() not in _FLAGS:
            self._problems.add(self.place_of(key), f"{key!r} is true or false, not {value!r}")
            return default
        return _FLAGS[value.lower()]

    def duration(self, key: str) -> timedelta | None:
        value = self.scalar(key)
        if value is None:
            return None
        match = _DURATION.match(value)
        if match is None or int(match[1]) == 0:
            self._problems.add(self.place_of(key), f"{key!r} is a time such as 30s, 10m, 6h or 2d, not {value!r}")
            return None
        return timedelta(**{_UNITS[match[2]]: int(match[1])})

    def choice(self, key: str, choices: Iterable[str], default: str) -> str:
        value = self.scalar(key)
        if value is None:
            return default
        known = list(choices)
        if value not in known:
            self._problems.add(
                self.place_of(key), f"{key!r} is one of {', '.join(known)}, not {value!r}{_meant(value, known)}"
            )
            return default
        return value

    def nodes(self, key: str, *, required: bool = False) -> list[_Node]:
        """The members of a list; one value alone counts as a list of one."""
        node = self._take(key, required=required)
        if node is None:
            return []
        return node.nodes if isinstance(node, _List) else [node]

    def scalars(self, key: str, *, required: bool = False) -> list[_Scalar]:
        found = []
        for node in self.nodes(key, required=required):
            if isinstance(node, _Scalar) and not _is_nothing(node):
                found.append(node)
            else:
                self._problems.add(node.place, f"{key!r} is a list of words")
        return found

    def names(self, key: str) -> tuple[str, ...]:
        """A list of other names."""
        found: list[str] = []
        for node in self.scalars(key):
            name = self._tidy(node.place, key, node.value, NAME_LENGTH, 1)
            if not words_of(name):
                self._problems.add(node.place, f"nobody can type {name!r}")
            elif words_of(name) in [words_of(other) for other in found]:
                self._problems.add(node.place, f"{name!r} stands here twice")
            else:
                found.append(name)
        return tuple(found)

    def mapping(self, key: str, *, required: bool = False) -> dict[str, tuple[_Place, _Node]]:
        node = self._take(key, required=required)
        if node is None:
            return {}
        if not isinstance(node, _Map):
            self._problems.add(node.place, f"{key!r} is a mapping (“name: …” lines)")
            return {}
        return node.entries

    def inside(self, key: str, what: str) -> _Fields | None:
        """The mapping under `key` as fields of its own."""
        node = self._take(key)
        if node is None:
            return None
        if not isinstance(node, _Map):
            self._problems.add(node.place, f"{key!r} is a mapping (“key: value” lines)")
            return None
        return _Fields(node, self._problems, what)

    def parts(self, key: str, what: str) -> Iterator[tuple[str, _Place, _Fields]]:
        """The members of a mapping from ids to mappings."""
        for name, (place, node) in self.mapping(key).items():
            if not _ID.match(name):
                self._problems.add(place, f"an id is made of a-z, 0-9 and single _, not {name!r}")
            elif not isinstance(node, _Map):
                self._problems.add(node.place, f"{what} {name!r} is a mapping (“key: value” lines)")
            else:
                yield name, place, _Fields(node, self._problems, what)


# --- what the files say, references unresolved -----------------------------------------------------


@dataclass(slots=True)
class _Ref:
    """A name in a file that stands for something elsewhere."""

    place: _Place
    word: str


@dataclass(slots=True)
class _ExitDraft:
    place: _Place
    direction: Direction
    target: _Ref
    hidden: bool
    locked: bool
    key: _Ref | None
    one_way: bool
    description: str
    aliases: tuple[str, ...]


@dataclass(slots=True)
class _PlacementDraft:
    item: _Ref
    count: int
    respawn: timedelta | None


@dataclass(slots=True)
class _RoomDraft:
    place: _Place
    scope: _Scope
    short: str
    room: Room  # complete but for exits and inhabitants; coordinates hold if `located`
    located: bool
    exits: dict[Direction, _ExitDraft]
    placements: list[_PlacementDraft]


@dataclass(slots=True)
class _InhabitantDraft:
    place: _Place
    scope: _Scope
    inhabitant: Inhabitant  # complete but for room, route and needs
    room: _Ref
    route: list[_Ref]
    needs: list[_Ref | None]


@dataclass(slots=True)
class _ExtensionDraft:
    """Exits and things that one file adds to a room of another."""

    scope: _Scope
    room: _Ref
    exits: dict[Direction, _ExitDraft]
    placements: list[_PlacementDraft]


@dataclass(slots=True)
class _StepDraft:
    place: _Place
    step: Step  # complete but for what it refers to
    subject: _Ref
    room: _Ref | None
    brings: _Ref | None


@dataclass(slots=True)
class _QuestDraft:
    place: _Place
    scope: _Scope
    quest: Quest  # complete but for steps, giver, needs and things to be had
    giver: _Ref | None
    needs: list[_Ref]
    steps: list[_StepDraft]
    items: list[_PlacementDraft]


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where short names are looked up."""

    pack: str
    plane: str
    zone: str


def _read_pack(
    path: Path, nodes: Sequence[tuple[Path, _Node | None]], assembly: _Assembly, problems: _Problems
) -> None:
    pack: _PackHead | None = None
    for file, node in nodes:
        if node is None:
            if not any(problem.file == str(file) for problem in problems.found):
                problems.add(_Place(str(file), 1, 1), "the file is empty")
            continue
        if not isinstance(node, _Map):
            problems.add(node.place, "the file is a mapping (“key: value” lines)")
            continue
        if file.name == "pack.yaml" and file.parent == path:
            pack = _read_head(_Fields(node, problems, "a pack"), assembly, problems)
        elif pack is not None:
            _ZoneReader(pack, assembly, problems).read(_Fields(node, problems, "a zone file"))


@dataclass(slots=True)
class _PackHead:
    id: str
    plane: str


def _read_head(fields: _Fields, assembly: _Assembly, problems: _Problems) -> _PackHead:
    pack_id = fields.identifier("id")
    name = fields.text("name", required=True, longest=NAME_LENGTH)
    version = fields.text("version", required=True, longest=NAME_LENGTH)
    plane = fields.identifier("plane", default=pack_id)
    fields.text("description")
    fields.text("licence", longest=NAME_LENGTH)
    fields.names("authors")
    start = fields.scalar("start_room")
    inside = fields.inside("calendar", "a calendar")
    calendar = _read_calendar(inside, problems) if inside is not None else None
    fields.close()
    assembly.add_pack(
        fields.place_of("id"),
        pack_id,
        name,
        version,
        _Ref(fields.place_of("start_room"), start) if start is not None else None,
        calendar,
    )
    return _PackHead(pack_id, plane)


def _read_calendar(fields: _Fields, problems: _Problems) -> Calendar:
    standard = Calendar()
    day = fields.duration("day") or standard.day
    months = fields.names("months") or standard.months
    days = fields.integer("days_per_month", least=1, most=1000) or standard.days_per_month
    year = fields.integer("first_year", least=-1_000_000, most=1_000_000)
    epoch = standard.epoch
    written = fields.scalar("epoch")
    if written is not None:
        try:
            epoch = datetime.fromisoformat(written)
        except ValueError:
            problems.add(fields.place_of("epoch"), f"'epoch' is a date such as 2025-01-31, not {written!r}")
        epoch = epoch if epoch.tzinfo is not None else epoch.replace(tzinfo=UTC)
    fields.close()
    return Calendar(day, months, days, epoch, standard.first_year if year is None else year)


class _ZoneReader:
    """Reads one zone file into drafts."""

    def __init__(self, pack: _PackHead, assembly: _Assembly, problems: _Problems) -> None:
        self._pack = pack
        self._assembly = assembly
        self._problems = problems

    def read(self, fields: _Fields) -> None:
        zone = self._zone(fields.inside("zone", "a zone"))
        scope = _Scope(self._pack.id, zone.plane if zone else self._pack.plane, zone.key if zone else "")
        if zone is not None:
            self._assembly.add_zone(fields.place_of("zone"), zone)
        elif "rooms" in fields:
            self._problems.add(fields.place_of("rooms"), "rooms need a zone; say which under 'zone'")
        for short, place, inside in fields.parts("rooms", "a room"):
            self._room(scope, zone, short, place, inside)
        for short, place, inside in fields.parts("items", "an item"):
            self._item(scope, short, place, inside)
        for short, place, inside in fields.parts("inhabitants", "an inhabitant"):
            self._inhabitant(scope, short, place, inside)
        self._kits(scope, fields)
        for short, place, inside in fields.parts("quests", "a quest"):
            self._quest(scope, short, place, inside)
        for short, place, inside in fields.parts("extend", "an extension"):
            extension = _ExtensionDraft(scope, _Ref(place, short), self._exits(inside), self._placements(inside))
            inside.close()
            self._assembly.extensions.append(extension)
        fields.close()

    def _zone(self, fields: _Fields | None) -> Zone | None:
        if fields is None:
            return None
        key = fields.identifier("id")
        plane = fields.identifier("plane", default=self._pack.plane)
        colour = fields.text("colour", longest=7).lower() or "#808080"
        if not _COLOUR.match(colour):
            self._problems.add(fields.place_of("colour"), f"'colour' is written \"#rrggbb\" in quotes, not {colour!r}")
        sub_zones: dict[str, str] = {}
        for short, (place, node) in fields.mapping("sub_zones").items():
            if not _ID.match(short):
                self._problems.add(place, f"an id is made of a-z, 0-9 and single _, not {short!r}")
            elif not isinstance(node, _Scalar) or not node.value:
                self._problems.add(node.place, "a sub-zone has a name")
            else:
                sub_zones[short] = node.value
        zone = Zone(
            id=ZoneId(f"{plane}_{key}"),
            plane=plane,
            key=key,
            name=fields.text("name", required=True, longest=NAME_LENGTH),
            description=fields.text("description", required=True, shortest=10),
            colour=colour,
            environment=Environment(fields.choice("environment", Environment, Environment.OUTDOORS)),
            sub_zones=MappingProxyType(sub_zones or {"main": "main"}),
        )
        fields.close()
        return zone

    def _room(self, scope: _Scope, zone: Zone | None, short: str, place: _Place, fields: _Fields) -> None:
        sub_zones = zone.sub_zones if zone is not None else {"main": "main"}
        sub_zone = fields.choice("sub_zone", sub_zones, next(iter(sub_zones)))
        at = self._at(fields)
        default = zone.environment if zone is not None else Environment.OUTDOORS
        by_daypart = fields.inside("by_daypart", "'by_daypart'")
        dayparts = {}
        if by_daypart is not None:
            for daypart in Daypart:
                if daypart in by_daypart:
                    dayparts[daypart] = by_daypart.text(daypart, longest=SENTENCE_LENGTH)
                else:
                    by_daypart.scalar(daypart)
            by_daypart.close()
        tags = []
        for node in fields.scalars("tags"):
            if node.value in _TAGS:
                tags.append(node.value)
            else:
                self._problems.add(node.place, f"there is no tag {node.value!r}{_meant(node.value, _TAGS)}")
        room = Room(
            id=RoomId(f"{scope.plane}_{scope.zone}_{sub_zone}_{short}"),
            name=fields.text("name", required=True, longest=NAME_LENGTH),
            description=fields.text("description", required=True, shortest=10),
            zone=ZoneId(f"{scope.plane}_{scope.zone}"),
            plane=scope.plane,
            sub_zone=sub_zone,
            environment=Environment(fields.choice("environment", Environment, default)),
            x=at[0] if at else 0,
            y=at[1] if at else 0,
            z=at[2] if at else 0,
            fixtures=self._fixtures(fields),
            capacity=fields.integer("capacity", least=1, most=1000),
            tags=frozenset(tags),
            creatures=self._creatures(fields, tags),
            by_daypart=MappingProxyType(dayparts),
            crowded=fields.text("crowded", longest=SENTENCE_LENGTH),
            empty=fields.text("empty", longest=SENTENCE_LENGTH),
            number=fields.integer("number", least=1, most=FIRST_MADE_NUMBER - 1),
            shard=fields.integer("shard", least=1, most=SHARDS),
        )
        if room.number is not None:
            self._assembly.number(fields.place_of("number"), "room of number", room.number)
        if room.shard is not None:
            self._assembly.number(fields.place_of("shard"), "place of shard", room.shard)
        exits = self._exits(fields)
        placements = self._placements(fields)
        fields.close()
        if zone is not None:
            self._assembly.add_room(_RoomDraft(place, scope, short, room, at is not None, exits, placements))

    def _at(self, fields: _Fields) -> tuple[int, int, int] | None:
        if "at" not in fields:
            fields.scalars("at")
            return None
        nodes = fields.scalars("at")
        numbers = [int(node.value) for node in nodes if _INTEGER.match(node.value)]
        if len(numbers) != len(nodes) or len(numbers) not in (2, 3) or max(map(abs, numbers)) > MAX_COORDINATE:
            self._problems.add(
                fields.place_of("at"), f"'at' is [x, y] or [x, y, z], whole numbers up to {MAX_COORDINATE}"
            )
            return None
        return numbers[0], numbers[1], numbers[2] if len(numbers) == 3 else 0

    def _fixtures(self, fields: _Fields) -> tuple[Fixture, ...]:
        found = []
        for short, _, inside in fields.parts("fixtures", "a fixture"):
            read = inside.text("read", lines=True) or None
            found.append(
                Fixture(
                    id=short,
                    name=inside.text("name", longest=NAME_LENGTH) or short.replace("_", " "),
                    description=inside.text("description", required=True, shortest=10),
                    aliases=inside.names("aliases"),
                    read_text=read,
                )
            )
            inside.close()
        return tuple(found)

    def _exits(self, fields: _Fields) -> dict[Direction, _ExitDraft]:
        exits: dict[Direction, _ExitDraft] = {}
        for word, (place, node) in fields.mapping("exits").items():
            direction = Direction.parse(word)
            if direction is None:
                self._problems.add(place, f"{word!r} is no direction{_meant(word, Direction)}")
                continue
            if direction in exits:
                self._problems.add(place, f"there is another exit {direction.value}")
                continue
            draft = self._exit(direction, place, node)
            if draft is not None:
                exits[direction] = draft
        return exits

    def _exit(self, direction: Direction, place: _Place, node: _Node) -> _ExitDraft | None:
        if isinstance(node, _Scalar) and not _is_nothing(node):
            return _ExitDraft(place, direction, _Ref(node.place, node.value), False, False, None, False, "", ())
        if not isinstance(node, _Map):
            self._problems.add(node.place, "an exit is the id of a room, or a mapping with 'to'")
            return None
        fields = _Fields(node, self._problems, "an exit")
        target = fields.scalar("to", required=True)
        key = fields.scalar("key")
        draft = _ExitDraft(
            place=place,
            direction=direction,
            target=_Ref(fields.place_of("to"), target or ""),
            hidden=fields.flag("hidden"),
            locked=fields.flag("locked", default=key is not None),
            key=_Ref(fields.place_of("key"), key) if key is not None else None,
            one_way=fields.flag("one_way"),
            description=fields.text("description", longest=SENTENCE_LENGTH),
            aliases=fields.names("aliases"),
        )
        fields.close()
        return draft if target is not None else None

    def _creatures(self, fields: _Fields, tags: Sequence[str]) -> tuple[str, ...]:
        found = []
        for node in fields.scalars("creatures"):
            if node.value not in BESTIARY:
                self._problems.add(node.place, f"there is no creature {node.value!r}{_meant(node.value, BESTIARY)}")
            elif SAFE in tags:
                self._problems.add(node.place, "nobody fights in a room with the tag 'safe'; no creature lives there")
            else:
                found.append(node.value)
        return tuple(found)

    def _placements(self, fields: _Fields, key: str = "items", *, respawns: bool = True) -> list[_PlacementDraft]:
        found = []
        for node in fields.nodes(key):
            if isinstance(node, _Map):
                inside = _Fields(node, self._problems, "a placement" if respawns else "a part of a kit")
                item = inside.scalar("item", required=True)
                count = inside.integer("count", least=1, most=100) or 1
                respawn = inside.duration("respawn") if respawns else None
                inside.close()
                if item is not None:
                    found.append(_PlacementDraft(_Ref(inside.place_of("item"), item), count, respawn))
            elif isinstance(node, _Scalar) and not _is_nothing(node):
                found.append(_PlacementDraft(_Ref(node.place, node.value), 1, None))
            else:
                self._problems.add(node.place, f"{key!r} is a list of item ids, or of mappings with 'item'")
        return found

    def _kits(self, scope: _Scope, fields: _Fields) -> None:
        inside = fields.inside("kits", "'kits'")
        if inside is None:
            return
        for calling in CharacterClass:
            key = calling.name.lower()
            if key in inside:
                parts = self._placements(inside, key, respawns=False)
                self._assembly.add_kit(inside.place_of(key), calling, scope, parts)
            else:
                inside.nodes(key)
        inside.close()

    def _item(self, scope: _Scope, short: str, place: _Place, fields: _Fields) -> None:
        name = fields.text("name", longest=NAME_LENGTH) or short.replace("_", " ")
        article = fields.choice("article", _ARTICLES, "an" if name[0].lower() in "aeiou" else "a")
        weight = fields.integer("weight", least=0, most=1000)
        template = ItemTemplate(
            id=TemplateId(f"{scope.pack}/{short}"),
            name=name,
            summary=fields.text("summary", required=True, longest=SENTENCE_LENGTH, shortest=10),
            description=fields.text("description", required=True, shortest=10),
            article="" if article == "none" else article,
            aliases=fields.names("aliases"),
            read_text=fields.text("read", lines=True) or None,
            weight=1 if weight is None else weight,
            takeable=fields.flag("takeable", default=True),
            light=fields.flag("light"),
            dropped=fields.text("dropped", longest=SENTENCE_LENGTH, shortest=10),
            kind=ItemKind(fields.choice("kind", ItemKind, ItemKind.MISC)),
            attack=fields.integer("attack", least=0, most=1000) or 0,
            defence=fields.integer("defence", least=0, most=1000) or 0,
            magic=fields.integer("magic", least=0, most=1000) or 0,
            value=fields.integer("value", least=0, most=1_000_000) or 0,
            heals=fields.integer("heals", least=0, most=10_000) or 0,
            restores_mana=fields.integer("restores_mana", least=0, most=10_000) or 0,
            quest=fields.flag("quest"),
        )
        fields.close()
        if (template.heals or template.restores_mana) and template.kind is not ItemKind.CONSUMABLE:
            self._problems.add(place, "only things of 'kind: consumable' can be used up: 'heals' and 'restores_mana'")
        self._assembly.add_template(place, template)

    def _inhabitant(self, scope: _Scope, short: str, place: _Place, fields: _Fields) -> None:
        standard = Inhabitant(InhabitantId(""), "", "", "", RoomId(""))
        room = fields.scalar("room", required=True)
        subjects: list[Subject] = []
        needs: list[_Ref | None] = []
        for node in fields.nodes("topics"):
            if not isinstance(node, _Map):
                self._problems.add(node.place, "a topic is a mapping with 'words' and 'answer'")
                continue
            inside = _Fields(node, self._problems, "a topic")
            words = inside.names("words")
            if not words:
                self._problems.add(inside.place, "a topic needs 'words'")
            needed = inside.scalar("needs")
            subjects.append(Subject(words, inside.text("answer", required=True)))
            needs.append(_Ref(inside.place_of("needs"), needed) if needed is not None else None)
            inside.close()
        inhabitant = Inhabitant(
            id=InhabitantId(f"{scope.pack}/{short}"),
            name=fields.text("name", required=True, longest=NAME_LENGTH),
            summary=fields.text("summary", required=True, longest=SENTENCE_LENGTH, shortest=10),
            description=fields.text("description", required=True, shortest=10),
            room=RoomId(""),
            aliases=fields.names("aliases"),
            greetings=self._utterances(fields, "greetings"),
            lines=self._utterances(fields, "lines"),
            line_interval=fields.duration("line_interval") or standard.line_interval,
            subjects=tuple(subjects),
            fallback=fields.text("fallback", longest=SENTENCE_LENGTH),
            wares=fields.text("wares", lines=True),
            pace=fields.duration("pace") or standard.pace,
        )
        route = [_Ref(node.place, node.value) for node in fields.scalars("route")]
        fields.close()
        if room is not None:
            self._assembly.inhabitants.append(
                _InhabitantDraft(place, scope, inhabitant, _Ref(fields.place_of("room"), room), route, needs)
            )

    def _quest(self, scope: _Scope, short: str, place: _Place, fields: _Fields) -> None:
        giver = fields.scalar("giver")
        needs = [_Ref(node.place, node.value) for node in fields.scalars("needs")]
        inside = fields.inside("reward", "a reward")
        reward, items = Reward(), list[_PlacementDraft]()
        if inside is not None:
            souls = inside.integer("souls", least=0, most=1_000_000) or 0
            reward = Reward(souls, inside.integer("experience", least=0, most=1_000_000) or 0)
            items = self._placements(inside)
            inside.close()
        steps = [step for node in fields.nodes("steps", required=True) if (step := self._step(node)) is not None]
        quest = Quest(
            id=QuestId(f"{scope.pack}/{short}"),
            name=fields.text("name", required=True, longest=NAME_LENGTH),
            summary=fields.text("summary", required=True, longest=SENTENCE_LENGTH, shortest=10),
            steps=(),
            level=fields.integer("level", least=1, most=MAX_LEVEL) or 1,
            repeat=fields.duration("repeat"),
            reward=reward,
            ending=fields.text("ending", longest=SENTENCE_LENGTH),
        )
        fields.close()
        if "steps" in fields and not fields.nodes("steps"):
            self._problems.add(fields.place_of("steps"), "a quest has at least one step")
        self._assembly.add_quest(
            _QuestDraft(
                place,
                scope,
                quest,
                _Ref(fields.place_of("giver"), giver) if giver is not None else None,
                needs,
                steps,
                items,
            )
        )

    def _step(self, node: _Node) -> _StepDraft | None:
        kinds = ", ".join(StepKind)
        if not isinstance(node, _Map):
            self._problems.add(node.place, f"a step is a mapping with 'text' and one of {kinds}")
            return None
        fields = _Fields(node, self._problems, "a step")
        text = fields.text("text", required=True, longest=SENTENCE_LENGTH, shortest=3)
        chosen = [kind for kind in StepKind if kind.value in fields]
        after = fields.duration("after")
        if after is not None and not chosen:
            chosen = [StepKind.TIME]
        if len(chosen) != 1:
            self._problems.add(fields.place, f"a step has exactly one of {kinds}, after")
            return None
        kind = chosen[0]
        subject = fields.scalar(kind.value) or ""
        countable = kind in (StepKind.KILL, StepKind.COLLECT, StepKind.EVENT) or "brings" in fields
        count = (fields.integer("count", least=1, most=1000) or 1) if countable else 1
        room = fields.scalar("room") if kind is StepKind.KILL else None
        brings = fields.scalar("brings") if kind is StepKind.TALK else None
        about = fields.names("about") if kind is StepKind.TALK else ()
        if kind is StepKind.TIME and subject and after is not None:
            self._problems.add(
                fields.place_of("after"), "a step waits for a part of the day or for a while, not for both"
            )
        draft = _StepDraft(
            fields.place,
            Step(kind, text, count=count, about=about, after=after),
            _Ref(fields.place_of(kind.value), subject),
            _Ref(fields.place_of("room"), room) if room is not None else None,
            _Ref(fields.place_of("brings"), brings) if brings is not None else None,
        )
        fields.close()
        return draft

    def _utterances(self, fields: _Fields, key: str) -> tuple[Utterance, ...]:
        found = []
        for node in fields.nodes(key):
            if isinstance(node, _Map):
                inside = _Fields(node, self._problems, "a line")
                text, action = inside.text("does", required=True, longest=SENTENCE_LENGTH), True
                inside.close()
            elif isinstance(node, _Scalar):
                text, action = " ".join(node.value.split()), False
                if not 0 < len(text) <= SENTENCE_LENGTH:
                    self._problems.add(node.place, f"a line has 1 to {SENTENCE_LENGTH} characters")
            else:
                self._problems.add(node.place, f"{key!r} is a list of sentences")
                continue
            found.append(Utterance(text, action))
        return tuple(found)


# --- parts to a world ------------------------------------------------------------------------------


class _Assembly:
    """Collects the parts of all packs, resolves what refers to what, and checks the whole."""

    def __init__(self, problems: _Problems) -> None:
        self.incomplete = False  # a file could not be read
        self._problems = problems
        self._packs: dict[str, tuple[_Place, str, str]] = {}
        self._start: _Ref | None = None
        self._start_pack = ""
        self._calendar: Calendar | None = None
        self._zones: dict[ZoneId, tuple[_Place, Zone]] = {}
        self._rooms: dict[RoomId, _RoomDraft] = {}
        self._numbers: dict[tuple[str, int], _Place] = {}
        self._quests: dict[QuestId, _QuestDraft] = {}
        self._by_zone: dict[ZoneId, dict[str, _RoomDraft]] = {}
        self._templates: dict[TemplateId, tuple[_Place, ItemTemplate]] = {}
        self._kits: dict[CharacterClass, tuple[_Place, _Scope, list[_PlacementDraft]]] = {}
        self.inhabitants: list[_InhabitantDraft] = []
        self.extensions: list[_ExtensionDraft] = []

    # --- taking in ---

    def add_pack(
        self, place: _Place, pack_id: str, name: str, version: str, start: _Ref | None, calendar: Calendar | None
    ) -> None:
        if pack_id in self._packs:
            self._problems.add(place, f"there is another pack {pack_id!r}, in {self._packs[pack_id][0].file}")
        self._packs[pack_id] = (place, name, version)
        if self._start is None and start is not None:
            self._start, self._start_pack = start, pack_id
        if self._calendar is None:
            self._calendar = calendar

    def add_zone(self, place: _Place, zone: Zone) -> None:
        if zone.id in self._zones:
            self._problems.add(place, f"there is another zone {zone.id!r}, in {self._zones[zone.id][0].file}")
            return
        self._zones[zone.id] = (place, zone)

    def add_room(self, draft: _RoomDraft) -> None:
        other = self._rooms.get(draft.room.id)
        if other is not None:
            self._problems.add(draft.place, f"there is another room {draft.room.id!r}{_at(other.place)}")
            return
        self._rooms[draft.room.id] = draft
        self._by_zone.setdefault(draft.room.zone, {})[draft.short] = draft

    def number(self, place: _Place, what: str, number: int) -> None:
        first = self._numbers.setdefault((what, number), place)
        if first is not place:
            self._problems.add(place, f"there is another {what} {number}{_at(first)}")

    def add_quest(self, draft: _QuestDraft) -> None:
        other = self._quests.get(draft.quest.id)
        if other is not None:
            self._problems.add(draft.place, f"there is another quest {draft.quest.id!r}{_at(other.place)}")
            return
        self._quests[draft.quest.id] = draft

    def add_template(self, place: _Place, template: ItemTemplate) -> None:
        if template.id in self._templates:
            self._problems.add(place, f"there is another item {template.id!r}{_at(self._templates[template.id][0])}")
            return
        self._templates[template.id] = (place, template)

    def add_kit(self, place: _Place, calling: CharacterClass, scope: _Scope, parts: list[_PlacementDraft]) -> None:
        if calling in self._kits:
            self._problems.add(place, f"there is another kit for {calling.name.lower()}s{_at(self._kits[calling][0])}")
            return
        self._kits[calling] = (place, scope, parts)

    # --- looking up ---

    def _room_by(self, ref: _Ref, scope: _Scope) -> _RoomDraft | None:
        """The room `ref` names: a full id, `zone/room`, or a room of the same zone."""
        zone, slash, short = ref.word.rpartition("/")
        near = self._by_zone.get(ZoneId(f"{scope.plane}_{zone if slash else scope.zone}"), {})
        found = near.get(short) or self._rooms.get(RoomId(ref.word))
        if found is None:
            known = {(f"{zone}/" if slash else "") + name for name in near} or set(self._rooms)
            self._problems.add(ref.place, f"there is no room {ref.word!r}{_meant(ref.word, known)}")
        return found

    def _template_by(self, ref: _Ref, scope: _Scope) -> TemplateId | None:
        template_id = TemplateId(ref.word if "/" in ref.word else f"{scope.pack}/{ref.word}")
        if template_id in self._templates:
            return template_id
        known = [other.removeprefix(f"{scope.pack}/") for other in self._templates]
        self._problems.add(ref.place, f"there is no item {ref.word!r}{_meant(ref.word, known)}")
        return None

    # --- putting together ---

    def build(self, fingerprint: str) -> World | None:
        """The world; None if there is a problem anywhere."""
        if self.incomplete:
            return None  # what the unreadable file holds would be reported as missing everywhere
        for extension in self.extensions:
            self._extend(extension)
        exits = {room_id: self._resolve_exits(draft) for room_id, draft in self._rooms.items()}
        self._lay_out(exits)
        self._check_exits(exits)
        self._check_coordinates(exits)
        placements = self._resolve_placements()
        kits = self._resolve_kits()
        inhabitants = self._resolve_inhabitants()
        quests = self._resolve_quests({one.id for one in inhabitants})
        self._check_names(exits, placements, inhabitants)
        start = self._find_start(exits)
        if start is None or self._problems.found:
            return None
        rooms = {}
        for room_id, draft in self._rooms.items():
            at_home = tuple(one for one in inhabitants if one.room == room_id)
            in_order = {direction: exits[room_id][direction] for direction in Direction if direction in exits[room_id]}
            rooms[room_id] = replace(draft.room, exits=MappingProxyType(in_order), inhabitants=at_home)
        _, name, version = self._packs[self._start_pack]
        return World(
            name=name,
            version=version,
            fingerprint=fingerprint,
            start_room=start,
            rooms=rooms,
            zones={zone_id: zone for zone_id, (_, zone) in self._zones.items()},
            templates={template_id: template for template_id, (_, template) in self._templates.items()},
            placements=tuple(placements),
            calendar=self._calendar or Calendar(),
            quests={quest.id: quest for quest in quests},
            kits=kits,
        )

    def _extend(self, extension: _ExtensionDraft) -> None:
        draft = self._room_by(extension.room, extension.scope)
        if draft is None:
            return
        for direction, way in extension.exits.items():
            if direction in draft.exits:
                self._problems.add(way.place, f"{draft.room.id!r} has an exit {direction.value} already")
                continue
            # Resolve within the extending file's scope, not the extended room's.
            target = self._room_by(way.target, extension.scope)
            key = self._template_by(way.key, extension.scope) if way.key is not None else None
            if target is not None:
                way.target = _Ref(way.target.place, target.room.id)
                way.key = _Ref(way.key.place, key) if way.key is not None and key is not None else None
                draft.exits[direction] = way
        for placement in extension.placements:
            template_id = self._template_by(placement.item, extension.scope)
            if template_id is not None:
                placement.item = _Ref(placement.item.place, template_id)
                draft.placements.append(placement)

    def _resolve_exits(self, draft: _RoomDraft) -> dict[Direction, Exit]:
        exits = {}
        for direction, way in draft.exits.items():
            target = self._room_by(way.target, draft.scope)
            key = self._template_by(way.key, draft.scope) if way.key is not None else None
            if target is None:
                continue
            exits[direction] = Exit(
                direction, target.room.id, way.hidden, way.locked, key, way.one_way, way.description, way.aliases
            )
        return exits

    def _lay_out(self, exits: Mapping[RoomId, Mapping[Direction, Exit]]) -> None:
        """Give rooms without `at` the place next to a neighbour that has one."""
        taken = {_position(draft.room): draft.room.id for draft in self._rooms.values() if draft.located}
        planes = {draft.room.plane for draft in self._rooms.values() if draft.located}
        for seed in self._rooms.values():
            if not seed.located and seed.room.plane not in planes:
                seed.located = True  # the first room of a plane in which no room says where it lies
                planes.add(seed.room.plane)
                taken[_position(seed.room)] = seed.room.id
            queue = deque([seed]) if seed.located else deque()
            while queue:
                draft = queue.popleft()
                for direction, way in exits[draft.room.id].items():
                    other = self._rooms[way.target]
                    if other.located or other.room.plane != draft.room.plane:
                        continue
                    dx, dy, dz = direction.offset
                    other.room = replace(other.room, x=draft.room.x + dx, y=draft.room.y + dy, z=draft.room.z + dz)
                    other.located = True
                    occupant = taken.setdefault(_position(other.room), other.room.id)
                    if occupant != other.room.id:
                        self._problems.add(
                            other.place,
                            f"this room would lie on top of {occupant!r}; give one of them another 'at'",
                        )
                    queue.append(other)

    def _check_exits(self, exits: Mapping[RoomId, Mapping[Direction, Exit]]) -> None:
        for room_id, ways in exits.items():
            for direction, way in ways.items():
                draft = self._rooms[room_id].exits[direction]
                if way.target == room_id:
                    self._problems.add(draft.place, "this exit leads back into the same room")
                    continue
                back = exits[way.target].get(direction.opposite)
                if back is None and direction.opposite in self._rooms[way.target].exits:
                    continue  # it leads nowhere, which has been said
                if way.one_way and back is not None and back.target == room_id:
                    self._problems.add(draft.place, f"this exit is one_way, but {way.target!r} leads back")
                elif not way.one_way and (back is None or back.target != room_id):
                    self._problems.add(
                        draft.place,
                        f"{way.target!r} has no exit {direction.opposite.value} back here; add it or say one_way: true",
                    )
                if way.key_template is not None and not way.locked:
                    self._problems.add(draft.place, "an exit with a key is locked; leave 'locked' out")

    def _check_coordinates(self, exits: Mapping[RoomId, Mapping[Direction, Exit]]) -> None:
        at: dict[tuple[str, int, int, int], _RoomDraft] = {}
        for draft in self._rooms.values():
            other = at.setdefault(_position(draft.room), draft)
            if other is not draft and draft.located:
                self._problems.add(draft.place, f"{other.room.id!r} lies at the same place{_at(other.place)}")
        for room_id, ways in exits.items():
            draft = self._rooms[room_id]
            for direction, way in ways.items():
                target = self._rooms[way.target].room
                if target.plane != draft.room.plane:
                    continue
                delta = (target.x - draft.room.x, target.y - draft.room.y, target.z - draft.room.z)
                distance = max(map(abs, delta))
                offset = direction.offset
                place = draft.exits[direction].place
                if delta != tuple(step * distance for step in offset):
                    self._problems.add(
                        place,
                        f"{target.id!r} at {_shown(target)} does not lie {direction.value} of {_shown(draft.room)}",
                    )
                    continue
                for step in range(1, distance):
                    x, y, z = (base + part * step for base, part in zip(_position(draft.room)[1:], offset, strict=True))
                    between = at.get((draft.room.plane, x, y, z))
                    if between is not None:
                        self._problems.add(place, f"this exit runs through {between.room.id!r}")
                        break

    def _resolve_placements(self) -> list[Placement]:
        found: dict[tuple[RoomId, TemplateId], Placement] = {}
        for draft in self._rooms.values():
            for placement in draft.placements:
                template_id = self._template_by(placement.item, draft.scope)
                if template_id is None:
                    continue
                if (draft.room.id, template_id) in found:
                    self._problems.add(placement.item.place, f"{placement.item.word!r} lies here already; use 'count'")
                    continue
                found[draft.room.id, template_id] = Placement(
                    template_id, draft.room.id, placement.count, placement.respawn
                )
        return list(found.values())

    def _resolve_kits(self) -> dict[CharacterClass, tuple[KitPart, ...]]:
        kits = {}
        for calling, (_, scope, parts) in self._kits.items():
            known = [(self._template_by(part.item, scope), part.count) for part in parts]
            kits[calling] = tuple(KitPart(template_id, count) for template_id, count in known if template_id)
        return kits

    def _resolve_inhabitants(self) -> list[Inhabitant]:
        found: dict[InhabitantId, Inhabitant] = {}
        for draft in self.inhabitants:
            inhabitant = draft.inhabitant
            if inhabitant.id in found:
                self._problems.add(draft.place, f"there is another inhabitant {inhabitant.id!r}")
                continue
            home = self._room_by(draft.room, draft.scope)
            route = [self._room_by(stop, draft.scope) for stop in draft.route]
            needs = [self._template_by(need, draft.scope) if need is not None else None for need in draft.needs]
            if home is None or None in route:
                continue
            stops = tuple(stop.room.id for stop in route if stop is not None)
            if stops and stops[0] != home.room.id:
                self._problems.add(draft.route[0].place, "a route begins in the inhabitant's own room")
            subjects = tuple(
                Subject(subject.keywords, subject.answer, need)
                for subject, need in zip(inhabitant.subjects, needs, strict=True)
            )
            found[inhabitant.id] = replace(inhabitant, room=home.room.id, route=stops, subjects=subjects)
        return list(found.values())

    def _resolve_quests(self, inhabitants: Collection[InhabitantId]) -> list[Quest]:
        found = []
        for draft in self._quests.values():
            scope, steps = draft.scope, []
            giver = self._inhabitant_by(draft.giver, scope, inhabitants) if draft.giver is not None else None
            needs = [needed for ref in draft.needs if (needed := self._quest_by(ref, draft)) is not None]
            items: dict[TemplateId, int] = {}
            for part in draft.items:
                template_id = self._template_by(part.item, scope)
                if template_id is not None:
                    items[template_id] = items.get(template_id, 0) + part.count
            for one in draft.steps:
                subject = self._subject_by(one, scope, inhabitants)
                room = self._room_by(one.room, scope) if one.room is not None else None
                brings = self._template_by(one.brings, scope) if one.brings is not None else None
                if subject is not None:
                    steps.append(
                        replace(
                            one.step, subject=subject, room=room.room.id if room is not None else None, brings=brings
                        )
                    )
            found.append(
                replace(
                    draft.quest,
                    steps=tuple(steps),
                    giver=giver,
                    needs=tuple(needs),
                    reward=replace(draft.quest.reward, items=MappingProxyType(items)),
                )
            )
        return found

    def _subject_by(self, draft: _StepDraft, scope: _Scope, inhabitants: Collection[InhabitantId]) -> str | None:
        """What a step is about; None with a problem if there is no such thing."""
        ref = draft.subject
        match draft.step.kind:
            case StepKind.PLACE:
                room = self._room_by(ref, scope)
                return None if room is None else room.room.id
            case StepKind.TALK:
                return self._inhabitant_by(ref, scope, inhabitants)
            case StepKind.COLLECT:
                return self._template_by(ref, scope)
            case StepKind.KILL:
                return self._one_of(ref, "creature", BESTIARY)
            case StepKind.EVENT:
                return self._one_of(ref, "kind of event", [kind.value for kind in EventKind])
            case StepKind.TIME:
                return "" if draft.step.after is not None else self._one_of(ref, "part of the day", list(Daypart))

    def _one_of(self, ref: _Ref, what: str, known: Iterable[str]) -> str | None:
        words = [str(word) for word in known]
        if ref.word in words:
            return ref.word
        self._problems.add(ref.place, f"there is no {what} {ref.word!r}{_meant(ref.word, words)}")
        return None

    def _inhabitant_by(self, ref: _Ref, scope: _Scope, known: Collection[InhabitantId]) -> InhabitantId | None:
        inhabitant_id = InhabitantId(ref.word if "/" in ref.word else f"{scope.pack}/{ref.word}")
        if inhabitant_id in known:
            return inhabitant_id
        if all(draft.inhabitant.id != inhabitant_id for draft in self.inhabitants):  # else it is not well, and told of
            names = [other.removeprefix(f"{scope.pack}/") for other in known]
            self._problems.add(ref.place, f"there is no inhabitant {ref.word!r}{_meant(ref.word, names)}")
        return None

    def _quest_by(self, ref: _Ref, asking: _QuestDraft) -> QuestId | None:
        quest_id = QuestId(ref.word if "/" in ref.word else f"{asking.scope.pack}/{ref.word}")
        if quest_id == asking.quest.id:
            self._problems.add(ref.place, "a quest cannot need itself")
        elif quest_id in self._quests:
            return quest_id
        else:
            known = [other.removeprefix(f"{asking.scope.pack}/") for other in self._quests]
            self._problems.add(ref.place, f"there is no quest {ref.word!r}{_meant(ref.word, known)}")
        return None

    def _check_names(
        self,
        exits: Mapping[RoomId, Mapping[Direction, Exit]],
        placements: Iterable[Placement],
        inhabitants: Iterable[Inhabitant],
    ) -> None:
        """Within one room, no two things of the world may answer to exactly the same words."""
        things: dict[RoomId, list[tuple[str, tuple[str, ...]]]] = {room_id: [] for room_id in self._rooms}
        for room_id, draft in self._rooms.items():
            things[room_id] += [(f"fixture {fixture.id!r}", fixture.names) for fixture in draft.room.fixtures]
        for placement in placements:
            template = self._templates[placement.template][1]
            things[placement.room].append((f"item {template.id!r}", template.names))
        for inhabitant in inhabitants:
            for stop in {inhabitant.room, *inhabitant.route}:
                things[stop].append((f"inhabitant {inhabitant.id!r}", inhabitant.names))
        for room_id, named in things.items():
            self._check_clashes(self._rooms[room_id].place, named)
        for room_id, ways in exits.items():
            leading = [(f"exit {direction.value!r}", way.aliases) for direction, way in ways.items()]
            self._check_clashes(self._rooms[room_id].place, leading)
            for direction, way in ways.items():
                for alias in way.aliases:
                    if Direction.parse(alias) is not None:
                        place = self._rooms[room_id].exits[direction].place
                        self._problems.add(place, f"the alias {alias!r} is a direction")

    def _check_clashes(self, place: _Place, named: Iterable[tuple[str, tuple[str, ...]]]) -> None:
        owners: dict[tuple[str, ...], str] = {}
        for what, names in named:
            for name in {tuple(words_of(name)): name for name in names}.values():
                owner = owners.setdefault(tuple(words_of(name)), what)
                if owner != what:
                    self._problems.add(place, f"{owner} and {what} are both called {name!r} in this room")

    def _find_start(self, exits: Mapping[RoomId, Mapping[Direction, Exit]]) -> RoomId | None:
        if self._start is None:
            if self._packs:
                place = next(iter(self._packs.values()))[0]
                self._problems.add(place, "no pack says where newcomers arrive; name a 'start_room'")
            return None
        full = self._rooms.get(RoomId(self._start.word))
        shorts = [d for d in self._rooms.values() if f"{_zone_key(d)}/{d.short}" == self._start.word]
        start = full or (shorts[0] if shorts else None)
        if start is None:
            known = [*self._rooms, *(f"{_zone_key(draft)}/{draft.short}" for draft in self._rooms.values())]
            self._problems.add(
                self._start.place, f"there is no room {self._start.word!r}{_meant(self._start.word, known)}"
            )
            return None
        if any(len(ways) < len(self._rooms[room_id].exits) for room_id, ways in exits.items()):
            return start.room.id  # with an exit that leads nowhere, what is out of reach is no news
        forward = {room_id: [way.target for way in ways.values()] for room_id, ways in exits.items()}
        backward: dict[RoomId, list[RoomId]] = {room_id: [] for room_id in exits}
        for room_id, targets in forward.items():
            for target in targets:
                backward[target].append(room_id)
        reached, returning = _reachable(start.room.id, forward), _reachable(start.room.id, backward)
        for room_id, draft in self._rooms.items():
            if room_id not in reached:
                self._problems.add(draft.place, f"no way leads here from {start.room.id!r}")
            elif room_id not in returning:
                self._problems.add(draft.place, f"no way leads from here back to {start.room.id!r}")
        return start.room.id


def _zone_key(draft: _RoomDraft) -> str:
    return draft.scope.zone


def _reachable(start: RoomId, ways: Mapping[RoomId, Iterable[RoomId]]) -> set[RoomId]:
    seen = {start}
    queue = deque([start])
    while queue:
        for target in ways[queue.popleft()]:
            if target not in seen:
                seen.add(target)
                queue.append(target)
    return seen


def _position(room: Room) -> tuple[str, int, int, int]:
    return room.plane, room.x, room.y, room.z


def _shown(room: Room) -> str:
    return f"({room.x}, {room.y}, {room.z})"


def _at(place: _Place) -> str:
    return f", in {place.file} line {place.line}"
