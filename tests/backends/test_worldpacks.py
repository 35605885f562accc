"""Reading packs: every mistake is found, with the file, line and column where it stands."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.worlds import PACK, ZONE_FILE, write_pack

from mythgate.backends import worldpacks
from mythgate.backends.worldpacks import InvalidPacks, WorldPacks, check, load
from mythgate.domain.ids import QuestId, RoomId, TemplateId
from mythgate.domain.items import ItemKind
from mythgate.domain.quests import Reward, Step, StepKind
from mythgate.domain.sheets import CharacterClass
from mythgate.domain.world import Daypart, Direction, Environment, KitPart, Placement, Utterance

HEAD = "zone: {id: z, name: Zone, description: A zone for tests.}\n"
A = "  a: {name: A, description: The first of places., exits: {north: b}}\n"
B = "  b: {name: B, description: The second of places., exits: {south: a}}\n"
ITEM = "summary: A thing lies here., description: It is a thing."


def problems(folder: Path, zone: str = ZONE_FILE, pack: str = PACK, **files: str) -> list[str]:
    """What is wrong, as `file:line:column: message` with the file's name alone."""
    write_pack(folder, zone, pack, **files)
    return [f"{Path(p.file).name}:{p.line}:{p.column}: {p.message}" for p in check([folder])]


def test_a_small_pack_is_sound(tmp_path: Path) -> None:
    world = load([write_pack(tmp_path)])
    assert world.start_room == "p_z_main_a"
    assert set(world.rooms) == {"p_z_main_a", "p_z_main_b"}
    assert (world.name, world.version) == ("Test", "1")
    north = world.require("p_z_main_a").exits[Direction.NORTH]
    assert (north.target, north.hidden, north.locked, north.one_way) == ("p_z_main_b", False, False, False)


def test_a_room_may_have_a_number(tmp_path: Path) -> None:
    zone = HEAD + "rooms:\n" + A.replace("exits:", "number: 4, exits:") + B
    world = load([write_pack(tmp_path, zone)])
    assert world.number_of("p_z_main_a") == 4
    assert world.number_of("p_z_main_b") >= 1000
    assert world.room_by_number(4) is world.require("p_z_main_a")


def test_what_can_be_fought_where(tmp_path: Path) -> None:
    zone = HEAD + "rooms:\n" + A.replace("exits:", "creatures: [corrupt_wolf, dark_knight], exits:") + B
    world = load([write_pack(tmp_path, zone)])
    assert world.require("p_z_main_a").creatures == ("corrupt_wolf", "dark_knight")
    assert world.require("p_z_main_b").creatures == ()
    unknown = HEAD + "rooms:\n" + A.replace("exits:", "creatures: [corrupt_wulf], exits:") + B
    (problem,) = problems(tmp_path, unknown)
    assert problem.endswith("there is no creature 'corrupt_wulf'; did you mean 'corrupt_wolf'?")
    safe = HEAD + "rooms:\n" + A.replace("exits:", "tags: [safe], creatures: [corrupt_wolf], exits:") + B
    (problem,) = problems(tmp_path, safe)
    assert "nobody fights in a room with the tag 'safe'" in problem


def test_rooms_without_coordinates_are_laid_out_by_their_exits(tmp_path: Path) -> None:
    room = load([write_pack(tmp_path)]).require("p_z_main_b")
    assert (room.x, room.y, room.z) == (0, -1, 0)


FULL = """\
zone:
  id: town
  name: The Town
  description: A town for tests.
  colour: "#ABCDEF"
  environment: street
  sub_zones: {old: Old Town, new: New Town}
rooms:
  hall:
    name: The Hall
    sub_zone: new
    at: [2, 3, 1]
    environment: indoors
    tags: [start, safe]
    capacity: 7
    description: >-
      A hall.   It is
      long.
    by_daypart: {night: It is dark.}
    crowded: It is packed.
    empty: It is yours.
    exits:
      n: {to: loft, key: brass_key, hidden: yes, description: A door., aliases: [door]}
    fixtures:
      bell: {name: great bell, aliases: [gong], description: It is bronze., read: "RING\\n ME"}
    items:
      - pear
      - {item: brass_key, count: 2, respawn: 10m}
  loft:
    name: The Loft
    description: A loft over nothing.
    exits: {s: hall}
items:
  pear: {article: some, summary: A pear lies here., description: It is green., weight: 0, takeable: no, light: true,
    dropped: Some pear rolled here.}
  brass_key: {name: Brass Key, summary: A key lies here., description: It is brass., aliases: [key], read: "7"}
inhabitants:
  orla:
    name: Orla
    room: hall
    summary: Orla is here.
    description: She is busy.
    aliases: [landlady]
    greetings: ["Hello, {name}.", {does: nods.}]
    lines: No
    line_interval: 90s
    topics:
      - {words: [key, iron key], answer: It is lost.}
      - {words: key, answer: You have it!, needs: brass_key}
    fallback: I do not know.
    wares: "Beer\\nStew"
    route: [hall, loft]
    pace: 2h
"""


def test_everything_a_pack_can_say(tmp_path: Path) -> None:
    pack = """\
        id: p
        plane: earth
        name: Test
        version: 2
        description: All there is.
        licence: Apache-2.0
        authors: [A, B]
        start_room: town/hall
        calendar: {day: 12h, months: [Amber, Brine], days_per_month: 10, epoch: 2030-01-01, first_year: 5}
        """
    world = load([write_pack(tmp_path, FULL, pack)])
    hall, loft = world.require("earth_town_new_hall"), world.require("earth_town_old_loft")
    assert world.start_room == hall.id
    assert (hall.name, hall.description) == ("The Hall", "A hall. It is long.")
    assert (hall.plane, hall.zone, hall.sub_zone, hall.environment) == (
        "earth",
        "earth_town",
        "new",
        Environment.INDOORS,
    )
    assert (hall.x, hall.y, hall.z, hall.capacity, hall.tags) == (2, 3, 1, 7, frozenset({"start", "safe"}))
    assert (hall.by_daypart, hall.crowded, hall.empty) == (
        {Daypart.NIGHT: "It is dark."},
        "It is packed.",
        "It is yours.",
    )
    assert (loft.x, loft.y, loft.z, loft.environment) == (2, 2, 1, Environment.STREET)
    door = hall.exits[Direction.NORTH]
    assert (door.hidden, door.locked, door.key_template) == (True, True, "p/brass_key")
    assert (door.description, door.aliases) == ("A door.", ("door",))
    (bell,) = hall.fixtures
    assert (bell.id, bell.names, bell.read_text) == ("bell", ("great bell", "gong"), "RING\nME")
    assert world.placements == (
        Placement(TemplateId("p/pear"), hall.id),
        Placement(TemplateId("p/brass_key"), hall.id, 2, timedelta(minutes=10)),
    )
    pear, key = world.template("p/pear"), world.template("p/brass_key")
    assert (pear.full_name, pear.weight, pear.takeable, pear.light) == ("some pear", 0, False, True)
    assert pear.lying(in_place=True) == "A pear lies here."
    assert pear.lying(in_place=False) == "Some pear rolled here."
    assert (key.full_name, key.read_text, key.weight) == ("a Brass Key", "7", 1)
    (orla,) = hall.inhabitants
    assert orla.greetings == (Utterance("Hello, {name}."), Utterance("nods.", action=True))
    assert orla.lines == (Utterance("No"),)  # a word, not a truth value
    assert (orla.line_interval, orla.pace) == (timedelta(seconds=90), timedelta(hours=2))
    assert orla.route == (hall.id, loft.id)
    assert [(s.keywords, s.needs) for s in orla.subjects] == [(("key", "iron key"), None), (("key",), "p/brass_key")]
    assert (orla.wares, orla.fallback) == ("Beer\nStew", "I do not know.")
    zone = world.zone_of(hall)
    assert (zone.colour, zone.sub_zones) == ("#abcdef", {"old": "Old Town", "new": "New Town"})
    calendar = world.calendar
    assert (calendar.day, calendar.months, calendar.first_year) == (timedelta(hours=12), ("Amber", "Brine"), 5)
    assert calendar.epoch == datetime(2030, 1, 1, tzinfo=UTC)


ARMED = """\
items:
  sword: {summary: A sword lies here., description: It is sharp., kind: weapon, attack: 5, defence: 1, magic: 2,
    value: 9}
  brew: {summary: A brew stands here., description: It is green., kind: consumable, heals: 7, restores_mana: 8}
  gem: {summary: A gem lies here., description: It is dull., quest: yes}
kits:
  rogue: [sword, {item: brew, count: 3}]
  ranger:
"""


def test_things_to_fight_with_and_what_one_begins_with(tmp_path: Path) -> None:
    world = load([write_pack(tmp_path, armed=ARMED)])
    sword, brew, gem = (world.template(f"p/{name}") for name in ("sword", "brew", "gem"))
    assert (sword.kind, sword.attack, sword.defence, sword.magic, sword.value) == (ItemKind.WEAPON, 5, 1, 2, 9)
    assert (brew.kind, brew.heals, brew.restores_mana, brew.quest) == (ItemKind.CONSUMABLE, 7, 8, False)
    assert (gem.kind, gem.quest, gem.stacks) == (ItemKind.MISC, True, False)
    assert world.kits == {CharacterClass.ROGUE: (KitPart(sword.id), KitPart(brew.id, 3))}


# What the Shards network gives: attack, defence, magic, value, quantity, in the order of its tables.
STARTING = {
    CharacterClass.WARRIOR: ("iron longsword 10 0 0 50 1", "leather armor 0 5 0 40 1", "health potion 0 0 0 20 3"),
    CharacterClass.SORCERER: ("wooden staff 5 0 8 60 1", "cloth robes 0 2 5 45 1", "mana potion 0 0 0 25 5"),
    CharacterClass.ROGUE: ("steel dagger 8 0 0 45 1", "light leather armor 0 3 0 35 1", "lockpick set 0 0 0 30 1"),
    CharacterClass.PALADIN: ("blessed mace 9 0 3 70 1", "chainmail armor 0 7 0 80 1", "holy water 0 0 0 30 2"),
    CharacterClass.NECROMANCER: ("bone staff 4 0 10 65 1", "dark robes 0 2 6 50 1", "soul gem 0 0 0 100 1"),
    CharacterClass.RANGER: ("hunting bow 9 0 0 55 1", "leather armor 0 4 0 40 1", "arrow 0 0 0 10 50"),
}


def test_in_the_world_that_comes_along_one_begins_as_on_the_shards_network() -> None:
    world = load([worldpacks.DEFAULT_PACK])
    for calling, expected in STARTING.items():
        parts = [(world.template(part.template), part.count) for part in world.kits[calling]]
        assert [
            f"{one.name} {one.attack} {one.defence} {one.magic} {one.value} {count}" for one, count in parts
        ] == list(expected)
        assert [one.kind for one, _ in parts[:2]] == [ItemKind.WEAPON, ItemKind.ARMOR]
    assert (world.template("mythgate/health_potion").heals, world.template("mythgate/mana_potion").restores_mana) == (
        50,
        50,
    )
    assert world.template("mythgate/soul_gem").quest


def test_a_kit_can_be_wrong(tmp_path: Path) -> None:
    wrong = ARMED + "  bard: [sword]\n  warrior: [swrd, {item: brew, respawn: 5m}, [brew]]\n"
    other = "kits: {rogue: [p/sword]}\nitems: {x: {summary: An x lies here., description: It is an x., heals: 4}}\n"
    found = problems(tmp_path, armed=wrong, second=other)
    assert [one.partition(": ")[2] for one in found] == [
        "'kits' has no 'bard'",
        "there is no item 'swrd'; did you mean 'sword'?",
        "a part of a kit has no 'respawn'",
        "'warrior' is a list of item ids, or of mappings with 'item'",
        f"there is another kit for rogues, in {tmp_path}/zones/armed.yaml line 7",
        "only things of 'kind: consumable' can be used up: 'heals' and 'restores_mana'",
    ]


# --- what is wrong with one file -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        # not YAML, or more YAML than packs use
        ("zone: [", "z.yaml:2:1: this is not YAML: did not find expected node content"),
        ("a:\n\tb: 1\n", "z.yaml:2:1: this is not YAML: found character that cannot start any token"),
        ("", "z.yaml:1:1: the file is empty"),
        ("- a\n", "z.yaml:1:1: the file is a mapping (“key: value” lines)"),
        (HEAD + "---\nrooms: {}\n", "z.yaml:2:1: one file holds one document"),
        (HEAD + "items: &all {}\n", "z.yaml:2:8: anchors and aliases are not used in packs; write it out"),
        (HEAD + "items: *all\n", "z.yaml:2:8: anchors and aliases are not used in packs; write it out"),
        (HEAD + "items: !!python/object:os.system {}\n", "z.yaml:2:8: tags are not used in packs"),
        (HEAD + "items: " + "[" * 40 + "]" * 40, "z.yaml:2:23: this is nested more than 16 deep"),
        (HEAD + "rooms:\n" + A + B + A, "z.yaml:5:3: the key 'a' stands here twice; first in line 3"),
        (HEAD + "? [a]\n: b\n", "z.yaml:2:3: a key must be a word"),
        # keys
        (HEAD + "roms: {}\n", "z.yaml:2:1: a zone file has no 'roms'; did you mean 'rooms'?"),
        (
            HEAD + "rooms:\n  a:\n    name: A\n    desc: The first.\n",
            "z.yaml:4:5: a room needs 'description'",
        ),
        (HEAD + "rooms:\n  a: yes\n", "z.yaml:3:6: room 'a' is a mapping".replace("room", "a room")),
        (HEAD + "rooms: []\n", "z.yaml:2:8: 'rooms' is a mapping (“name: …” lines)"),
        (HEAD + "rooms:\n  Big Room: {}\n", "z.yaml:3:3: an id is made of a-z, 0-9 and single _, not 'Big Room'"),
        ("rooms:\n" + A + B, "z.yaml:2:3: rooms need a zone; say which under 'zone'"),
        ("zone: {name: Z, description: A zone for tests.}\n", "z.yaml:1:7: a zone needs 'id'"),
        (HEAD.replace("id: z", "id: Z z"), "z.yaml:1:12: 'id' is made of a-z, 0-9 and single _, not 'Z z'"),
        (HEAD.replace("Zone,", "Zone, sub_zones: {A: x, b: []},"), "not 'A'"),
        (HEAD.replace("Zone,", "Zone, sub_zones: {A: x, b: []},"), "a sub-zone has a name"),
        (HEAD + "inhabitants:\n  o: {name: O, summary: O is here., description: Just an O.}\n", "needs 'room'"),
        (HEAD + "rooms:\n" + A.replace("exits:", "items: [{count: 2}], exits:") + B, "a placement needs 'item'"),
        # values
        (HEAD.replace("Zone,", "Zone, colour: red,"), "'colour' is written \"#rrggbb\" in quotes, not 'red'"),
        (HEAD.replace("Zone,", "Zone, environment: indoor,"), "not 'indoor'; did you mean 'indoors'?"),
        (HEAD.replace("Zone,", "[x],"), "z.yaml:1:21: 'name' is one value, not a list or mapping"),
        (HEAD + "items:\n  x: {" + ITEM + ", weight: heavy}\n", "'weight' is a whole number from 0 to 1000"),
        (HEAD + "items:\n  x: {" + ITEM + ", light: bright}\n", "'light' is true or false, not 'bright'"),
        (HEAD + "items:\n  x: {" + ITEM + ", aliases: [a, A]}\n", "'A' stands here twice"),
        (HEAD + "items:\n  x: {" + ITEM + ", aliases: ['!']}\n", "nobody can type '!'"),
        (HEAD + "items:\n  x: {" + ITEM + ", aliases: [{}]}\n", "'aliases' is a list of words"),
        (HEAD + f"items:\n  x: {{{ITEM}, name: {'x' * 81}}}\n", "'name' has 81 characters, 80 are allowed"),
        (HEAD + "items:\n  x: {summary: Short., description: Also short.}\n", "'summary' needs at least 10 characters"),
        (HEAD + 'items:\n  x: {summary: "A \\a thing is here.", description: Nothing special.}\n', "cannot be shown"),
        (HEAD + "rooms:\n" + A.replace("exits:", "at: [1], exits:") + B, "'at' is [x, y] or [x, y, z]"),
        (HEAD + "rooms:\n" + A.replace("exits:", "at: [x, 1], exits:") + B, "'at' is [x, y] or [x, y, z]"),
        (HEAD + "rooms:\n" + A.replace("exits:", "at: [99999, 1], exits:") + B, "'at' is [x, y] or [x, y, z]"),
        (HEAD + "rooms:\n" + A.replace("exits:", "tags: [shp], exits:") + B, "no tag 'shp'; did you mean 'shop'?"),
        (HEAD + "rooms:\n" + A.replace("exits:", "capacity: 0, exits:") + B, "'capacity' is a whole number from 1 to"),
        # exits
        (HEAD + "rooms:\n" + A.replace("north", "nort") + B, "'nort' is no direction; did you mean 'north'?"),
        (HEAD + "rooms:\n" + A.replace("north: b", "north: b, n: b") + B, "there is another exit north"),
        (HEAD + "rooms:\n" + A.replace("north: b", "north: [b]") + B, "an exit is the id of a room, or a mapping"),
        (HEAD + "rooms:\n" + A.replace("north: b", "north: {hidden: yes}") + B, "an exit needs 'to'"),
        # things and people
        (HEAD + "rooms:\n" + A.replace("exits:", "items: [[]], exits:") + B, "'items' is a list of item ids"),
        (
            HEAD + "rooms:\n" + A.replace("exits:", "items: [{item: x, respawn: 5}], exits:") + B,
            "'respawn' is a time such as 30s, 10m, 6h or 2d, not '5'",
        ),
        (
            HEAD + "inhabitants:\n  o: {name: O, room: a, summary: O is here., description: Just an O., topics: [x]}\n",
            "a topic is a mapping with 'words' and 'answer'",
        ),
        (
            HEAD + "inhabitants:\n  o: {name: O, room: a, summary: O is here., description: Just an O., lines: [[]]}\n",
            "'lines' is a list of sentences",
        ),
        (
            HEAD + "inhabitants:\n  o: {name: O, room: a, summary: O is here., description: Just an O., lines: ['']}\n",
            "a line has 1 to 400 characters",
        ),
        (
            HEAD + "inhabitants:\n  o: {name: O, room: a, summary: O is here., description: Just an O., "
            "topics: [{answer: x}]}\n",
            "a topic needs 'words'",
        ),
    ],
)
def test_a_mistake_in_a_zone_file_is_found(tmp_path: Path, zone: str, expected: str) -> None:
    found = problems(tmp_path, zone)
    assert any(expected in line for line in found), found


@pytest.mark.parametrize(
    ("pack", "expected"),
    [
        ("name: Test\nversion: 1\n", "pack.yaml:1:1: a pack needs 'id'"),
        ("id: p\nname: Test\nversion: 1\n", "pack.yaml:1:5: no pack says where newcomers arrive; name a 'start_room'"),
        (
            "id: p\nname: T\nversion: 1\nstart_room: z/aa\n",
            "pack.yaml:4:13: there is no room 'z/aa'; did you mean 'z/a'?",
        ),
        (
            "id: p\nname: T\nversion: 1\nstart: z/a\n",
            "pack.yaml:4:1: a pack has no 'start'; did you mean 'start_room'?",
        ),
        (PACK + "calendar: {epoch: soon}\n", "'epoch' is a date such as 2025-01-31, not 'soon'"),
        (PACK + "calendar: []\n", "'calendar' is a mapping"),
    ],
)
def test_a_mistake_in_the_head_is_found(tmp_path: Path, pack: str, expected: str) -> None:
    found = problems(tmp_path, pack="\n".join(line.strip() for line in pack.splitlines()))
    assert any(expected in line for line in found), found


def test_bytes_that_are_not_utf8_are_found(tmp_path: Path) -> None:
    write_pack(tmp_path)
    (tmp_path / "zones" / "z.yaml").write_bytes(b"zone:\n  id: z\xff\n")
    assert [(p.line, p.column, p.message) for p in check([tmp_path])] == [(2, 8, "this is not UTF-8")]


def test_control_characters_are_found(tmp_path: Path) -> None:
    write_pack(tmp_path)
    (tmp_path / "zones" / "z.yaml").write_bytes(b"zone:\n  id: \x01z\n")
    (problem,) = check([tmp_path])
    assert problem.line in (1, 2)  # libyaml does not say precisely
    assert "not" in problem.message


def test_files_that_are_too_large_are_not_read(tmp_path: Path) -> None:
    write_pack(tmp_path)
    (tmp_path / "zones" / "z.yaml").write_bytes(b"#" * (worldpacks.MAX_FILE_BYTES + 1))
    (problem,) = check([tmp_path])
    assert problem.message == f"the file is larger than {worldpacks.MAX_FILE_BYTES} bytes"


def test_a_folder_without_a_pack_is_said_so(tmp_path: Path) -> None:
    (problem,) = check([tmp_path])
    assert problem.message == "there is no such file; every pack has a pack.yaml"
    assert problem.file == str(tmp_path / "pack.yaml")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worldpacks, "MAX_FILES", 1)
    (problem,) = check([write_pack(tmp_path)])
    assert problem.message == "a pack has at most 1 files, this one 2"


def test_a_flood_of_problems_is_cut_off(tmp_path: Path) -> None:
    found = problems(tmp_path, HEAD + "items:\n" + "".join(f"  x{n}: {{}}\n" for n in range(1000)))
    assert len(found) == worldpacks.MAX_PROBLEMS


# --- what is wrong with the whole ------------------------------------------------------------------


def test_two_rooms_may_not_come_to_one_id(tmp_path: Path) -> None:
    head = HEAD.replace("Zone,", "Zone, sub_zones: {main: M, main_x: X},")
    rooms = "  x_a: {name: A, description: The first of places.}\n"
    rooms += "  a: {name: B, description: The second of places., sub_zone: main_x}\n"
    found = problems(tmp_path, head + "rooms:\n" + rooms)
    assert any("z.yaml:4:3: there is another room 'p_z_main_x_a', in " in line for line in found), found


def test_a_file_that_may_not_be_read_is_a_problem(tmp_path: Path) -> None:
    write_pack(tmp_path)
    (tmp_path / "zones" / "y.yaml").mkdir()
    (problem,) = check([tmp_path])
    assert problem.message.startswith("the file cannot be read: ")


@pytest.mark.parametrize(
    ("rooms", "expected"),
    [
        (A.replace("north: b", "north: bb") + B, "z.yaml:3:66: there is no room 'bb'; did you mean 'b'?"),
        (
            A + B.replace("{south: a}", "{}"),
            "z.yaml:3:59: 'p_z_main_b' has no exit south back here; add it or say one_way: true",
        ),
        (
            A.replace("north: b", "north: {to: b, one_way: true}") + B,
            "z.yaml:3:59: this exit is one_way, but 'p_z_main_b' leads back",
        ),
        (
            A.replace("north: b", "north: {to: b, one_way: true}") + B.replace("{south: a}", "{}"),
            "z.yaml:4:3: no way leads from here back to 'p_z_main_a'",
        ),
        (
            A + B + A.replace("  a:", "  c:").replace("{north: b}", "{}"),
            "z.yaml:5:3: no way leads here from 'p_z_main_a'",
        ),
        (A.replace("north: b", "north: b, east: a") + B, "this exit leads back into the same room"),
        (
            A.replace("exits:", "at: [0, 0], exits:") + B.replace("exits:", "at: [0, 1], exits:"),
            "z.yaml:3:71: 'p_z_main_b' at (0, 1, 0) does not lie north of (0, 0, 0)",
        ),
        (
            A.replace("exits:", "at: [0, 0], exits:") + B.replace("exits:", "at: [0, 0], exits:"),
            "'p_z_main_a' lies at the same place, in ",
        ),
        (
            A.replace("north: b", "north: b, east: c")
            + B.replace("south: a", "south: a, southeast: d")
            + "  c: {name: C, description: The third of places., exits: {west: a}}\n"
            + "  d: {name: D, description: The fourth of places., exits: {northwest: b}}\n",
            "would lie on top of 'p_z_main_",
        ),
        (
            A.replace("exits:", "at: [0, 0], exits:").replace("north: b", "north: b, east: c")
            + B.replace("exits:", "at: [0, -2], exits:")
            + "  c: {name: C, description: The third of places., at: [1, 0], exits: {west: a, northwest: d}}\n"
            + "  d: {name: D, description: The fourth of places., at: [0, -1], exits: {southeast: c}}\n",
            "this exit runs through 'p_z_main_d'",
        ),
        (A.replace("north: b", "north: {to: b, key: ky}") + B, "there is no item 'ky'"),
        (
            A.replace("exits:", "number: 4, exits:") + B.replace("exits:", "number: 4, exits:"),
            "there is another room of number 4, in ",
        ),
        (A.replace("exits:", "number: 1000, exits:") + B, "'number' is a whole number from 1 to 999"),
        (A.replace("exits:", "items: [rok], exits:") + B + "items:\n  rock: {" + ITEM + "}\n", "did you mean 'rock'?"),
        (
            A.replace("exits:", "items: [rock, rock], exits:") + B + "items:\n  rock: {" + ITEM + "}\n",
            "'rock' lies here already; use 'count'",
        ),
        (
            A.replace("exits:", "fixtures: {rock: {description: A rock in a wall.}}, items: [rock], exits:")
            + B
            + "items:\n  rock: {"
            + ITEM
            + "}\n",
            "z.yaml:3:3: fixture 'rock' and item 'p/rock' are both called 'rock' in this room",
        ),
        (A.replace("north: b", "north: {to: b, aliases: [up]}") + B, "the alias 'up' is a direction"),
        (
            A.replace("north: b", "north: {to: b, key: k, locked: false}") + B + "items:\n  k: {" + ITEM + "}\n",
            "an exit with a key is locked; leave 'locked' out",
        ),
        (
            A + B + "inhabitants:\n"
            "  o: {name: O, room: a, summary: O is here., description: Just an O., route: [b, a]}\n",
            "a route begins in the inhabitant's own room",
        ),
        (
            A + B + "inhabitants:\n  o: {name: O, room: x, summary: O is here., description: Just an O.}\n",
            "z.yaml:6:22: there is no room 'x'",
        ),
    ],
)
def test_parts_that_do_not_fit_are_found(tmp_path: Path, rooms: str, expected: str) -> None:
    found = problems(tmp_path, HEAD + "rooms:\n" + rooms)
    assert any(expected in line for line in found), found


def test_all_problems_of_all_files_are_told_at_once_and_in_order(tmp_path: Path) -> None:
    assert problems(
        tmp_path,
        HEAD + "rooms:\n" + A.replace("north: b", "north: x, sout: b") + B,
        PACK + "colour: red\n",
        y="zone: {id: y, nam: Y, description: Another zone.}\n",
    ) == [
        "pack.yaml:5:1: a pack has no 'colour'",
        "y.yaml:1:7: a zone needs 'name'",
        "y.yaml:1:15: a zone has no 'nam'; did you mean 'name'?",
        "z.yaml:3:66: there is no room 'x'",
        "z.yaml:3:69: 'sout' is no direction; did you mean 'south'?",
    ]


def test_what_follows_from_another_mistake_is_not_told(tmp_path: Path) -> None:
    """One wrong target is one line, not one for everything behind it."""
    assert problems(tmp_path, HEAD + "rooms:\n" + A.replace("north: b", "north: bb") + B) == [
        "z.yaml:3:66: there is no room 'bb'; did you mean 'b'?"
    ]


def test_a_file_that_cannot_be_read_does_not_drown_the_report(tmp_path: Path) -> None:
    """What the unreadable file defines is not reported as missing everywhere else."""
    found = problems(tmp_path, ZONE_FILE, x="zone: [", y="zone: {id: y, nam: Y, description: Another zone.}\n")
    assert {line.split(":")[0] for line in found} == {"x.yaml", "y.yaml"}


def test_a_shipped_world_is_one_exception_with_all_problems(tmp_path: Path) -> None:
    write_pack(tmp_path, HEAD + "roms: {}\n")
    with pytest.raises(InvalidPacks) as refused:
        load([tmp_path])
    assert len(refused.value.problems) == 2
    assert "z.yaml:2:1: a zone file has no 'roms'" in str(refused.value)


# --- several packs ---------------------------------------------------------------------------------

MORE_PACK = """\
    id: more
    plane: p
    name: More
    version: "1"
    """
MORE_ZONE = """\
    zone: {id: more, name: More, description: A zone beside it.}
    rooms:
      c:
        name: Place C
        description: The third of places.
        exits: {west: z/a}
    items:
      rock: {summary: A rock lies here., description: It is a rock.}
    extend:
      p_z_main_a:
        exits:
          east: {to: c, key: rock}
        items: [rock]
    """


def test_an_extension_adds_ways_and_things_to_rooms_of_another_pack(tmp_path: Path) -> None:
    world = load([write_pack(tmp_path / "p"), write_pack(tmp_path / "more", MORE_ZONE, MORE_PACK)])
    assert world.name == "Test"
    east = world.require("p_z_main_a").exits[Direction.EAST]
    assert (east.target, east.key_template) == ("p_more_main_c", "more/rock")
    assert world.placements == (Placement(TemplateId("more/rock"), RoomId("p_z_main_a")),)
    c = world.require("p_more_main_c")
    assert (c.x, c.y, c.z) == (1, 0, 0)


@pytest.mark.parametrize(
    ("zone", "pack", "expected"),
    [
        (MORE_ZONE.replace("east: {to: c, key: rock}", "north: c"), MORE_PACK, "has an exit north already"),
        (MORE_ZONE.replace("p_z_main_a:", "p_z_main_x:"), MORE_PACK, "there is no room 'p_z_main_x'"),
        (MORE_ZONE, MORE_PACK.replace("id: more", "id: p"), "there is another pack 'p'"),
        (MORE_ZONE.replace("id: more", "id: z"), MORE_PACK, "there is another zone 'p_z'"),
    ],
)
def test_packs_that_do_not_fit_are_found(tmp_path: Path, zone: str, pack: str, expected: str) -> None:
    write_pack(tmp_path / "p")
    write_pack(tmp_path / "more", zone, pack)
    assert any(expected in problem.message for problem in check([tmp_path / "p", tmp_path / "more"]))


def test_ids_that_stand_twice_are_found(tmp_path: Path) -> None:
    thing = "{summary: A rock lies here., description: It is a rock.}"
    person = "{name: O, room: z/a, summary: O is here., description: Just an O.}"
    found = problems(
        tmp_path,
        ZONE_FILE + f"items: {{rock: {thing}}}\ninhabitants: {{o: {person}}}\n",
        y=f"items: {{rock: {thing}}}\ninhabitants: {{o: {person}}}\n",
    )
    assert any("there is another item 'p/rock', in " in line for line in found)
    assert any("there is another inhabitant 'p/o'" in line for line in found)


def test_default_stands_for_the_world_that_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load([Path("default")]).fingerprint == load([worldpacks.DEFAULT_PACK]).fingerprint
    write_pack(tmp_path / "default")
    assert load([Path("default")]).name == "Test"


def test_the_packs_of_the_manual_are_sound(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "world-packs.md").read_text("utf-8")
    files = re.findall(r"```yaml\n# (\S+)\n(.*?)```", manual, re.DOTALL)
    for name, content in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    assert len(files) == 4
    hearth = load([tmp_path / "hearth"])
    assert hearth.require(hearth.start_room).name == "The Taproom"
    both = load([tmp_path / "hearth", tmp_path / "hearth-annex"])
    assert len(both.rooms) == len(hearth.rooms) + 1


# --- watching --------------------------------------------------------------------------------------


async def test_a_change_of_any_file_is_noticed_once(tmp_path: Path) -> None:
    source = WorldPacks([write_pack(tmp_path)])
    first = source.load_now()
    assert not await source.changed()

    zone = tmp_path / "zones" / "z.yaml"
    zone.write_text(zone.read_text().replace("Place A", "Place Alpha"))
    assert await source.changed()
    loaded = await source.load()
    assert loaded.world is not None
    assert loaded.world.require("p_z_main_a").name == "Place Alpha"
    assert loaded.world.fingerprint != first.fingerprint
    assert not await source.changed()

    (tmp_path / "zones" / "y.yml").write_text("zone: [")
    assert await source.changed()
    assert (await source.load()).world is None
    assert not await source.changed()

    (tmp_path / "zones" / "y.yml").unlink()
    assert await source.changed()
    again = (await source.load()).world
    assert again is not None
    assert again.fingerprint == loaded.world.fingerprint


async def test_touching_a_file_changes_nothing_but_is_looked_at(tmp_path: Path) -> None:
    source = WorldPacks([write_pack(tmp_path)])
    first = source.load_now()
    os.utime(tmp_path / "pack.yaml", ns=(1, 1))
    assert await source.changed()
    loaded = await source.load()
    assert loaded.world is not None
    assert loaded.world.fingerprint == first.fingerprint


async def test_a_pack_that_vanishes_is_a_problem(tmp_path: Path) -> None:
    source = WorldPacks([write_pack(tmp_path)])
    source.load_now()
    (tmp_path / "pack.yaml").unlink()
    assert await source.changed()
    assert [problem.message for problem in (await source.load()).problems] == [
        "there is no such file; every pack has a pack.yaml"
    ]


# --- anything at all -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield write_pack(tmp_path_factory.mktemp("scratch"))


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*"abxyz", "zone", "rooms", "exits", "to", "items", "name", "topics"]), inner)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | trees.map(lambda tree: yaml.safe_dump({"zone": tree, "rooms": tree}).encode()))
def test_whatever_a_file_holds_the_answer_is_problems(scratch: Path, content: bytes) -> None:
    (scratch / "zones" / "z.yaml").write_bytes(content)
    assert check([scratch])


# --- quests and shards -----------------------------------------------------------------------------

MARTA = "inhabitants:\n  marta: {name: Marta, room: a, summary: Marta is here., description: She is Marta.}\n"
PEAR = "items:\n  pear: {" + ITEM + "}\n"
QUEST = "quests:\n  fetch: {name: Fetch, summary: Somebody wants a pear., steps: [%s]%s}\n"
GO = "{place: b, text: Go there.}"


def quest_zone(steps: str = GO, more: str = "") -> str:
    return HEAD + "rooms:\n" + A + B + MARTA + PEAR + QUEST % (steps, more)


def test_a_quest_says_what_is_to_be_done_and_what_one_gets(tmp_path: Path) -> None:
    steps = f"""{GO},
      {{collect: pear, count: 2, text: Get two pears.}},
      {{talk: marta, about: [pear, fruit], brings: pear, count: 2, text: Bring them.}},
      {{kill: corrupt_wolf, count: 3, room: b, text: Slay wolves.}},
      {{time: night, text: Wait for the night.}},
      {{after: 10m, text: Wait ten minutes.}},
      {{event: shard_capture, text: See a shard taken.}}"""
    more = (
        ", giver: marta, level: 2, repeat: 1d, needs: [walk], ending: Well done., "
        "reward: {souls: 5, experience: 7, items: [pear, {item: pear, count: 2}]}"
    )
    zone = quest_zone(steps, more) + "  walk: {name: Walk, summary: Somebody is tired., steps: [" + GO + "]}\n"
    world = load([write_pack(tmp_path, zone)])
    quest = world.quests[QuestId("p/fetch")]
    assert (quest.name, quest.giver, quest.level, quest.repeat) == ("Fetch", "p/marta", 2, timedelta(days=1))
    assert (quest.needs, quest.ending, quest.reward) == (
        ("p/walk",),
        "Well done.",
        Reward(5, 7, {TemplateId("p/pear"): 3}),
    )
    assert quest.steps == (
        Step(StepKind.PLACE, "Go there.", "p_z_main_b"),
        Step(StepKind.COLLECT, "Get two pears.", "p/pear", 2),
        Step(StepKind.TALK, "Bring them.", "p/marta", 2, about=("pear", "fruit"), brings=TemplateId("p/pear")),
        Step(StepKind.KILL, "Slay wolves.", "corrupt_wolf", 3, RoomId("p_z_main_b")),
        Step(StepKind.TIME, "Wait for the night.", "night"),
        Step(StepKind.TIME, "Wait ten minutes.", after=timedelta(minutes=10)),
        Step(StepKind.EVENT, "See a shard taken.", "shard_capture"),
    )
    plain = world.quests[QuestId("p/walk")]
    assert (plain.giver, plain.needs, plain.repeat, plain.reward) == (None, (), None, Reward())


@pytest.mark.parametrize(
    ("steps", "more", "expected"),
    [
        ("{place: x, text: Go there.}", "", "z.yaml:10:73: there is no room 'x'"),
        ("{collect: paer, text: Get it.}", "", "there is no item 'paer'; did you mean 'pear'?"),
        ("{talk: martha, text: Tell her.}", "", "there is no inhabitant 'martha'; did you mean 'marta'?"),
        ("{talk: marta, brings: x, text: Tell her.}", "", "there is no item 'x'"),
        ("{kill: corrupt_wulf, text: Slay it.}", "", "there is no creature 'corrupt_wulf'; did you mean"),
        ("{kill: corrupt_wolf, room: x, text: Slay it.}", "", "there is no room 'x'"),
        ("{time: noon, text: Wait.}", "", "there is no part of the day 'noon'"),
        ("{event: wedding, text: Be there.}", "", "there is no kind of event 'wedding'"),
        ("{time: night, after: 5m, text: Wait.}", "", "for a part of the day or for a while, not for both"),
        ("{text: Do it.}", "", "a step has exactly one of place, talk, kill, collect, time, event, after"),
        ("{place: b, talk: marta, text: Do it.}", "", "a step has exactly one of"),
        ("{place: b}", "", "a step needs 'text'"),
        ("{place: b, about: [x], text: Go.}", "", "a step has no 'about'"),
        ("{place: b, count: 2, text: Go.}", "", "a step has no 'count'"),
        ("go", "", "a step is a mapping with 'text' and one of place"),
        ("", "", "a quest has at least one step"),
        (GO, ", giver: nobody", "there is no inhabitant 'nobody'"),
        (GO, ", needs: [fetch]", "a quest cannot need itself"),
        (GO, ", needs: [fetsch]", "there is no quest 'fetsch'; did you mean 'fetch'?"),
        (GO, ", reward: {items: [x]}", "there is no item 'x'"),
        (GO, ", reward: {gold: 5}", "a reward has no 'gold'"),
        (GO, ", level: 99", "'level' is a whole number from 1 to 25"),
    ],
)
def test_a_mistake_in_a_quest_is_found(tmp_path: Path, steps: str, more: str, expected: str) -> None:
    found = problems(tmp_path, quest_zone(steps, more))
    assert any(expected in problem for problem in found), found


def test_a_quest_without_steps_and_one_that_stands_twice_are_found(tmp_path: Path) -> None:
    assert (
        "a quest needs 'steps'" in problems(tmp_path / "1", quest_zone().replace("steps: [" + GO + "]", "level: 1"))[0]
    )
    second = HEAD.replace("id: z", "id: y") + QUEST % (GO.replace("b", "z/b"), "")
    found = problems(tmp_path / "2", quest_zone(), **{"y.yaml": second})
    assert any("there is another quest 'p/fetch', in" in problem for problem in found), found


def test_a_giver_with_a_mistake_of_their_own_is_told_of_once(tmp_path: Path) -> None:
    zone = quest_zone(GO, ", giver: marta").replace("name: Marta, room: a", "name: Marta, room: x")
    assert [problem.partition(": ")[2] for problem in problems(tmp_path, zone)] == ["there is no room 'x'"]


def test_a_crystal_shard_lies_in_one_room(tmp_path: Path) -> None:
    zone = HEAD + "rooms:\n" + A.replace("exits:", "shard: 3, exits:") + B
    assert load([write_pack(tmp_path / "1", zone)]).shards == {3: "p_z_main_a"}
    twice = zone.replace("second of places.,", "second of places., shard: 3,")
    assert any("there is another place of shard 3, in" in problem for problem in problems(tmp_path / "2", twice))
    assert any("1 to 12" in problem for problem in problems(tmp_path / "3", zone.replace("shard: 3", "shard: 13")))
