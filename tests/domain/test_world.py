"""The world model: directions, naming things, time, and what a world refuses to be made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import worlds
from tests.support.play import CELLAR, PATH, SQUARE, TAVERN, small_world
from tests.support.worlds import room, room_id, world

from mythgate.domain.errors import Ambiguous, NotFound, NotHere
from mythgate.domain.ids import InhabitantId, QuestId, RoomId, TemplateId
from mythgate.domain.items import ItemKind
from mythgate.domain.quests import Quest, Reward, Step, StepKind
from mythgate.domain.sheets import CharacterClass
from mythgate.domain.world import (
    CROSSING,
    CROWD,
    BrokenWorld,
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
    Subject,
    Utterance,
    World,
    find,
    fold,
    made_number,
    visible_exits,
    words_of,
)

LAMP = ItemTemplate(
    TemplateId("p/lamp"), "brass lamp", "A brass lamp stands here.", "It is dented.", aliases=("light",)
)


def named(*names: str) -> list[tuple[str, ...]]:
    return [tuple(name.split("|")) for name in names]


def pick(wanted: str, *names: str) -> str:
    """The name of the thing found; aliases are separated by a bar."""
    return find(wanted, named(*names), names=lambda thing: thing)[0]


# --- directions ---


@pytest.mark.parametrize("direction", list(Direction))
def test_a_direction_is_undone_by_its_opposite(direction: Direction) -> None:
    assert direction.opposite.opposite is direction
    assert [a + b for a, b in zip(direction.offset, direction.opposite.offset, strict=True)] == [0, 0, 0]


@pytest.mark.parametrize("direction", list(Direction))
def test_a_direction_is_read_in_every_spelling(direction: Direction) -> None:
    for word in (direction.value, direction.short, direction.value.upper(), f" {direction.short} "):
        assert Direction.parse(word) is direction


def test_short_forms_are_those_players_know() -> None:
    assert [direction.short for direction in Direction] == ["n", "ne", "e", "se", "s", "sw", "w", "nw", "u", "d"]
    assert Direction.parse("north-east") is Direction.NORTHEAST
    assert [Direction.parse(word) for word in ("", "nort", "q", "in")] == [None] * 4


def test_a_direction_in_a_sentence() -> None:
    assert (Direction.NORTH.toward, Direction.UP.toward) == ("to the north", "up")


# --- rooms and exits ---


def test_hidden_exits_show_once_one_has_been_where_they_lead() -> None:
    hidden = Exit(Direction.WEST, room_id("b"), hidden=True)
    here = room("a", exits={"west": hidden, "north": "c"})
    assert [way.direction for way in visible_exits(here, set())] == [Direction.NORTH]
    assert [way.direction for way in visible_exits(here, {room_id("b")})] == [Direction.NORTH, Direction.WEST]


def test_an_exit_is_named_by_direction_or_alias() -> None:
    ladder = Exit(Direction.UP, room_id("b"), aliases=("ladder", "loft hatch"))
    here = room("a", exits={"up": ladder})
    for words in ("u", "up", "Ladder", "the-ladder"[4:], "loft  hatch"):
        assert here.exit_by(words) is ladder
    for words in ("north", "lad", "", "hatch"):
        assert here.exit_by(words) is None


def test_a_lock_opens_to_its_key_and_a_lock_without_one_to_nobody() -> None:
    key, other = TemplateId("p/key"), TemplateId("p/other")
    locked = Exit(Direction.UP, room_id("b"), locked=True, key_template=key)
    assert locked.opens_for({key, other})
    assert not locked.opens_for({other})
    assert not dataclasses.replace(locked, key_template=None).opens_for({key})
    assert dataclasses.replace(locked, locked=False).opens_for(())


def test_a_description_changes_with_hour_and_company() -> None:
    here = room("a", crowded="It is packed.", empty="It is yours.", by_daypart={Daypart.NIGHT: "It is dark."})
    assert here.describe(people=2) == "You are at a."
    assert here.describe(people=1) == "You are at a. It is yours."
    assert here.describe(people=CROWD, daypart=Daypart.NIGHT) == "You are at a. It is dark. It is packed."
    assert here.describe(people=2, daypart=Daypart.MORNING) == "You are at a."


# --- time ---


def test_the_first_instant_of_the_calendar() -> None:
    calendar = Calendar(first_year=611)
    time = calendar.at(calendar.epoch)
    assert (time.year, time.month_number, time.day, time.hour, time.daypart, time.bell) == (
        611, 1, 1, 0, Daypart.NIGHT, 1,
    )  # fmt: skip
    assert time.bell_text == "the first bell of night"
    assert time.date_text == "the 1st of the first month, year 611"


def test_six_real_hours_are_a_day_and_one_bell_takes_a_quarter() -> None:
    calendar = Calendar()
    evening = calendar.at(calendar.epoch + timedelta(hours=6 * 3 + 5))
    assert (evening.day, evening.hour, evening.bell_text) == (4, 20, "the third bell of evening")
    assert calendar.at(calendar.epoch + timedelta(minutes=14)).bell == 1
    assert calendar.at(calendar.epoch + timedelta(minutes=15)).bell == 2


def test_before_the_epoch_lie_earlier_years() -> None:
    calendar = Calendar(first_year=1)
    time = calendar.at(calendar.epoch - timedelta(seconds=1))
    assert (time.year, time.month_number, time.day, time.hour) == (0, len(calendar.months), 30, 23)


@pytest.mark.parametrize(
    ("day", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st")],
)
def test_days_are_ordinals(day: int, text: str) -> None:
    calendar = Calendar(months=("Amber",))
    assert calendar.at(calendar.epoch + calendar.day * (day - 1)).date_text == f"the {text} of Amber, year 1"


moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments, st.integers(0, 10**9))
def test_world_time_never_runs_backwards(now: datetime, seconds: int) -> None:
    calendar = Calendar()
    before, after = calendar.at(now), calendar.at(now + timedelta(seconds=seconds))
    order = [(time.year, time.month_number, time.day, time.hour) for time in (before, after)]
    assert order == sorted(order)
    assert 1 <= before.bell <= 6
    assert 1 <= before.day <= calendar.days_per_month


# --- inhabitants ---


def inhabitant(**more: object) -> Inhabitant:
    given: dict[str, object] = {
        "id": InhabitantId("p/orla"),
        "name": "Orla Finch",
        "summary": "Orla is here.",
        "description": "She is busy.",
        "room": room_id("a"),
        "subjects": (
            Subject(("key", "iron key"), "A bird has it."),
            Subject(("key",), "You found it!", needs=TemplateId("p/key")),
            Subject(("long song",), "Verse nine is disputed."),
        ),
    }
    return Inhabitant(**(given | more))  # type: ignore[arg-type]


def test_the_answer_depends_on_what_one_carries() -> None:
    orla = inhabitant()
    assert orla.answer("Where is the KEY?") == "A bird has it."
    assert orla.answer("I have your key", {TemplateId("p/key")}) == "You found it!"


def test_keywords_are_whole_words_in_a_row() -> None:
    orla = inhabitant()
    assert orla.answer("keyboard") is None
    assert orla.answer("a song that is long") is None
    assert orla.answer("the long, long song") == "Verse nine is disputed."
    assert orla.answer("") is None


def test_where_a_wanderer_is_follows_from_the_time_alone() -> None:
    walker = inhabitant(route=(room_id("a"), room_id("b")), pace=timedelta(minutes=1))
    start = datetime(2030, 1, 1, tzinfo=UTC)
    assert [walker.place_at(start + timedelta(seconds=s)) for s in (0, 59, 60, 120)] == [
        room_id("a"), room_id("a"), room_id("b"), room_id("a"),
    ]  # fmt: skip
    assert inhabitant().place_at(start) == room_id("a")


# --- the world ---


def test_a_world_finds_its_parts() -> None:
    orla = inhabitant(subjects=())
    made = world(room("a", exits={"north": "b"}, inhabitants=(orla,)), room("b", (0, -1)), templates={LAMP.id: LAMP})
    assert made.room(room_id("b")) is made.rooms[room_id("b")]
    assert made.room("nowhere") is None
    assert made.inhabitant(orla.id) is orla
    assert made.inhabitant("nobody") is None
    assert made.template(LAMP.id) is LAMP
    assert made.zone(worlds.ZONE) is made.zone_of(made.require(room_id("a")))
    assert made.neighbours(made.require(room_id("a"))) == [made.require(room_id("b"))]
    with pytest.raises(NotFound):
        made.require("nowhere")
    with pytest.raises(NotFound):
        made.zone("nowhere")


def test_a_thing_whose_template_is_gone_can_still_be_seen() -> None:
    ghost = world(room("a")).template("p/iron_key")
    assert (ghost.name, ghost.full_name) == ("iron key", "an iron key")
    assert world(room("a")).template("").full_name == "a thing"


def test_a_world_cannot_be_changed() -> None:
    made = world(room("a"))
    with pytest.raises(TypeError):
        made.rooms[RoomId("b")] = made.rooms[room_id("a")]  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.name = "Other"  # type: ignore[misc]


def test_parts_that_do_not_fit_are_refused() -> None:
    nowhere, nothing = room_id("nowhere"), TemplateId("p/nothing")
    key_to_nothing = Exit(Direction.NORTH, room_id("a"), locked=True, key_template=nothing)
    broken: list[Callable[[], World]] = [
        lambda: world(room("a"), start_room=nowhere),
        lambda: world(room("a"), zones={}),
        lambda: world(room("a", exits={"north": "nowhere"})),
        lambda: world(room("a", exits={"north": key_to_nothing})),
        lambda: world(room("a"), placements=(Placement(nothing, room_id("a")),)),
        lambda: world(room("a"), placements=(Placement(LAMP.id, nowhere),), templates={LAMP.id: LAMP}),
        lambda: world(room("a", inhabitants=(inhabitant(subjects=(), route=(nowhere,)),))),
        lambda: world(room("a", inhabitants=(inhabitant(),))),  # a subject needs a template
        lambda: world(room("a", inhabitants=(inhabitant(subjects=()), inhabitant(subjects=())))),
    ]
    for make in broken:
        with pytest.raises(BrokenWorld):
            make()


def test_a_placement_names_each_thing_it_brings_forth() -> None:
    assert Placement(LAMP.id, room_id("a"), 2).origins() == ("p_z_main_a/p/lamp#1", "p_z_main_a/p/lamp#2")


def test_names_begin_with_the_name() -> None:
    assert LAMP.names == ("brass lamp", "light")
    assert LAMP.full_name == "a brass lamp"
    assert dataclasses.replace(LAMP, article="").full_name == "brass lamp"
    assert Fixture("f", "old well", "Deep.", ("shaft",)).names == ("old well", "shaft")
    assert inhabitant(aliases=("landlady",)).names == ("Orla Finch", "landlady")
    assert Utterance("Hello.").action is False


# --- naming things ---


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("brass lamp", "brass lamp"),
        ("BRASS LAMP", "brass lamp"),
        ("the brass lamp", "brass lamp"),
        ("a lamp", "brass lamp"),
        ("lamp", "brass lamp"),
        ("br la", "brass lamp"),
        ("bra", "brass lamp"),
        ("light", "brass lamp"),
        ("oil", "tin of oil"),
        ("zoe", "Zoë's hat"),
        ("zoes hat", None),
        ("zoe's hat", "Zoë's hat"),
        ("amp", None),
        ("", None),
        ("the", "the"),
        ("!", None),
    ],
)
def test_words_find_things(wanted: str, found: str | None) -> None:
    things = ("brass lamp|light", "tin of oil", "Zoë's hat", "the")
    if found is None:
        with pytest.raises(NotHere):
            pick(wanted, *things)
    else:
        assert pick(wanted, *things) == found


def test_the_same_words_win_over_a_beginning_and_that_over_a_word() -> None:
    assert pick("lamp", "old lamp", "lamp post", "lamp") == "lamp"
    assert pick("lamp", "old lamp", "lamp post") == "lamp post"


def test_several_that_answer_are_ambiguous_and_the_hint_lists_them() -> None:
    with pytest.raises(Ambiguous) as refused:
        pick("lamp", "brass lamp", "tin lamp")
    assert refused.value.hint == "1. brass lamp, 2. tin lamp. Say which, as in “1.lamp”."


@pytest.mark.parametrize("wanted", ["2.lamp", "lamp 2", "lamp-2", "2.la"])
def test_a_number_chooses_among_several(wanted: str) -> None:
    assert pick(wanted, "brass lamp", "tin lamp", "hat") == "tin lamp"


def test_a_number_that_is_too_high_is_said_so() -> None:
    with pytest.raises(NotHere, match="not that many"):
        pick("3.lamp", "brass lamp", "tin lamp")
    with pytest.raises(NotHere):
        pick("0.lamp", "brass lamp", "tin lamp")


def test_a_number_that_is_part_of_a_name_is_no_choice() -> None:
    assert pick("pier 2", "pier 1", "pier 2") == "pier 2"


def test_things_alike_are_as_good_as_each_other() -> None:
    pears = [("pear", 1), ("pear", 2)]
    assert find("pear", pears, names=lambda one: [one[0]], alike=lambda one: one[0]) == ("pear", 1)
    assert find("2.pear", pears, names=lambda one: [one[0]], alike=lambda one: one[0]) == ("pear", 2)
    with pytest.raises(Ambiguous):
        find("pear", pears, names=lambda one: [one[0]], alike=lambda one: one[1])


def test_folding_forgets_case_accents_and_curls() -> None:
    assert fold("ZOË’S Straße") == "zoe's strasse"
    assert words_of("Say “hello”, Zoë’s_cat!") == ["say", "hello", "zoe's", "cat"]


name_lists = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), min_size=1, max_size=5)


@given(st.text(max_size=20), name_lists)
def test_whatever_is_typed_finds_something_or_is_refused(wanted: str, names: list[str]) -> None:
    try:
        found = find(wanted, names, names=lambda name: [name])
    except (NotHere, Ambiguous):
        return
    assert found in names


@given(st.lists(st.from_regex(r"[a-z]{2,8}( [a-z]{2,8})?", fullmatch=True), min_size=1, max_size=6, unique=True))
def test_every_thing_can_be_named_by_its_own_name(names: list[str]) -> None:
    for name in names:
        if name.split()[0] not in {"a", "an", "the", "some", "my"}:
            assert find(name, names, names=lambda name: [name]) == name


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("pears", "speckled pear"),
        ("the speckled pears", "speckled pear"),
        ("boxes", "box"),
        ("berries", "red berry"),
        ("loaves", "loaf of bread"),
        ("loaves of bread", "loaf of bread"),
        ("knives", "knife"),
    ],
)
def test_a_plural_names_what_is_called_in_the_singular(wanted: str, name: str) -> None:
    things = ("speckled pear", "box", "red berry", "loaf of bread", "knife", "glass", "gas lamp")
    assert find(wanted, things, names=lambda one: (one,), plurals=True) == name
    with pytest.raises(NotHere):
        find(wanted, things, names=lambda one: (one,))


def test_what_is_called_so_counts_before_a_plural() -> None:
    assert find("scales", ("scale", "pair of scales"), names=lambda one: (one,), plurals=True) == "pair of scales"
    with pytest.raises(NotHere):
        find("glass", ("glas",), names=lambda one: (one,), plurals=True)


@pytest.mark.parametrize(
    ("article", "name", "sentence"),
    [
        ("a", "brass lamp", "A brass lamp lies here."),
        ("an", "iron key", "An iron key lies here."),
        ("", "Excalibur", "Excalibur lies here."),
        ("some", "boots", "Some boots lie here."),
        ("", "dice of bones", "Dice of bones lie here."),
        ("some", "moss", "Some moss lies here."),
        ("a", "pair of boots", "A pair of boots lies here."),
    ],
)
def test_what_was_dropped_lies_there(article: str, name: str, sentence: str) -> None:
    thing = dataclasses.replace(LAMP, article=article, name=name)
    assert thing.lying(in_place=False) == sentence
    assert thing.lying(in_place=True) == LAMP.summary


def test_the_world_can_say_how_a_dropped_thing_lies() -> None:
    lamp = dataclasses.replace(LAMP, dropped="A lamp has been left here.")
    assert lamp.lying(in_place=False) == "A lamp has been left here."
    assert lamp.lying(in_place=True) == LAMP.summary


def test_a_problem_reads_as_editors_expect_it() -> None:
    assert str(Problem("rooms.yaml", 12, 3, "no such room")) == "rooms.yaml:12:3: no such room"
    unordered = [Problem("b", 1, 1, "x"), Problem("a", 10, 1, "x"), Problem("a", 9, 5, "x"), Problem("a", 9, 1, "x")]
    assert [str(problem) for problem in sorted(unordered)] == ["a:9:1: x", "a:9:5: x", "a:10:1: x", "b:1:1: x"]


# --- numbers of rooms ------------------------------------------------------------------------------


def test_a_room_has_the_number_its_pack_gives_it_and_else_one_made_of_its_id() -> None:
    world = small_world()
    rooms = {
        room_id: dataclasses.replace(room, number=7 if room_id == SQUARE else None)
        for room_id, room in world.rooms.items()
    }
    world = dataclasses.replace(world, rooms=rooms)
    assert world.number_of(SQUARE) == 7
    numbers = {world.number_of(room_id) for room_id in world.rooms}
    assert len(numbers) == len(world.rooms)
    assert min(numbers - {7}) >= 1000
    assert max(numbers) < 2**53
    for one in world.rooms:
        found = world.room_by_number(world.number_of(one))
        assert found is not None
        assert found.id == one
    assert world.room_by_number(8) is None


def test_a_made_number_stays_whatever_else_is_in_the_world() -> None:
    assert made_number(RoomId("earth_town_middle_tavern")) == small_world().number_of(TAVERN) == 153109563382297
    fewer = dataclasses.replace(
        small_world(), rooms={PATH: dataclasses.replace(small_world().rooms[PATH], exits={})}, start_room=PATH
    )
    assert fewer.number_of(TAVERN) == 153109563382297  # also of a room that is no more


def test_no_two_rooms_have_one_number() -> None:
    world = small_world()
    rooms = {room_id: dataclasses.replace(room, number=3) for room_id, room in world.rooms.items()}
    with pytest.raises(BrokenWorld, match="number 3 stands twice"):
        dataclasses.replace(world, rooms=rooms)


# --- refuge and kits ---


def test_the_nearest_safe_room_is_found_by_open_ways() -> None:
    base = small_world()
    assert base.refuge_from(PATH) == SQUARE  # no room is safe: the start of the world
    tavern = dataclasses.replace(base.rooms[TAVERN], tags=frozenset({"safe"}))
    safe = small_world(rooms={**base.rooms, TAVERN: tavern})
    assert safe.refuge_from(PATH) == safe.refuge_from(TAVERN) == TAVERN
    assert safe.refuge_from(CELLAR) == TAVERN
    assert safe.refuge_from("gone") == SQUARE
    cellar = dataclasses.replace(base.rooms[CELLAR], tags=frozenset({"safe"}))
    locked = small_world(rooms={**base.rooms, CELLAR: cellar})
    assert locked.refuge_from(TAVERN) == SQUARE


def test_a_kit_is_made_of_things_there_are() -> None:
    with pytest.raises(BrokenWorld, match="p/sword"):
        small_world(kits={CharacterClass.ROGUE: (KitPart(TemplateId("p/sword")),)})


@pytest.mark.parametrize("kind", list(ItemKind))
def test_what_stacks_and_what_is_worn(kind: ItemKind) -> None:
    thing = dataclasses.replace(LAMP, kind=kind)
    assert thing.stacks is (kind in (ItemKind.CONSUMABLE, ItemKind.MISC))
    assert not dataclasses.replace(thing, quest=True).stacks
    assert kind.is_worn is (kind in (ItemKind.WEAPON, ItemKind.ARMOR))


# --- crossings, shards, quests ---------------------------------------------------------------------


def test_ways_lead_next_door_and_over_one_crossing() -> None:
    world = small_world()
    square, tavern = world.rooms[SQUARE], world.rooms[TAVERN]
    assert world.ways_to(square, TAVERN) == (Direction.NORTH,)
    assert world.ways_to(tavern, PATH) == ()
    crossing = dataclasses.replace(square, tags=frozenset({CROSSING}))
    crossed = dataclasses.replace(world, rooms={**world.rooms, SQUARE: crossing})
    assert crossed.ways_to(tavern, PATH) == (Direction.SOUTH, Direction.SOUTH)
    assert crossed.ways_to(tavern, RoomId("nowhere")) == ()


def test_no_shard_lies_in_two_rooms() -> None:
    world = small_world()
    rooms = {room_id: dataclasses.replace(room, shard=3) for room_id, room in world.rooms.items()}
    with pytest.raises(BrokenWorld, match="shard 3 lies in two rooms"):
        dataclasses.replace(world, rooms=rooms)


@pytest.mark.parametrize(
    "changes",
    [
        {"giver": InhabitantId("nobody")},
        {"needs": (QuestId("none"),)},
        {"reward": Reward(items={TemplateId("none"): 1})},
        {"steps": (Step(StepKind.PLACE, "Go.", "nowhere"),)},
        {"steps": (Step(StepKind.TALK, "Tell.", "nobody"),)},
        {"steps": (Step(StepKind.COLLECT, "Get.", "none"),)},
        {"steps": (Step(StepKind.KILL, "Slay.", "corrupt_wolf", room=RoomId("nowhere")),)},
        {"steps": (Step(StepKind.TALK, "Bring.", "keeper", brings=TemplateId("none")),)},
    ],
)
def test_a_quest_refers_to_what_exists(changes: dict[str, Any]) -> None:
    sound = Quest(QuestId("q"), "Q", "Sound.", (Step(StepKind.TIME, "Wait.", "night"),), giver=InhabitantId("keeper"))
    assert dataclasses.replace(small_world(), quests={sound.id: sound}).quests == {sound.id: sound}
    broken = dataclasses.replace(sound, **changes)
    with pytest.raises(BrokenWorld, match="does not exist"):
        dataclasses.replace(small_world(), quests={broken.id: broken})


def test_days_are_counted_from_the_first() -> None:
    calendar = Calendar(day=timedelta(hours=6))
    assert [calendar.day_number(calendar.epoch + timedelta(hours=hours)) for hours in (-9, 0, 5, 6, 25)] == [
        1,
        1,
        1,
        2,
        5,
    ]


def test_an_omen_is_seen_under_the_sky_only() -> None:
    square = small_world().rooms[SQUARE]
    inside = dataclasses.replace(square, environment=Environment.INDOORS)
    assert square.describe(omen="A comet.").endswith("A comet.")
    assert "comet" not in inside.describe(omen="A comet.")
