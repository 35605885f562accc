"""The world that ships: sound, walkable, and written with care."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator

from mythgate.backends.worldpacks import DEFAULT_PACK, check, load
from mythgate.domain.bestiary import BESTIARY
from mythgate.domain.ids import RoomId, TemplateId
from mythgate.domain.quests import StepKind
from mythgate.domain.shards import GUARDIAN, LORE
from mythgate.domain.world import Direction, Exit, Room, World, fold

WORLD = load([DEFAULT_PACK])
SENTENCE_END = (".", "!", "?", "”", ")")


def texts() -> Iterator[tuple[str, str]]:
    """Every sentence a player can read, with where it stands. Inscriptions and lists follow their own laws."""
    for zone in WORLD.zones.values():
        yield f"{zone.id} description", zone.description
    for room in WORLD.rooms.values():
        yield f"{room.id} description", room.description
        for text in (room.crowded, room.empty, *room.by_daypart.values()):
            if text:
                yield f"{room.id} variant", text
        for way in room.exits.values():
            if way.description:
                yield f"{room.id} {way.direction.value}", way.description
        for fixture in room.fixtures:
            yield f"{room.id} {fixture.id}", fixture.description
    for template in WORLD.templates.values():
        yield f"{template.id} summary", template.summary
        yield f"{template.id} description", template.description
    for one in WORLD.inhabitants.values():
        yield f"{one.id} summary", one.summary
        yield f"{one.id} description", one.description
        if one.fallback:
            yield f"{one.id} fallback", one.fallback
        for subject in one.subjects:
            yield f"{one.id} {subject.keywords}", subject.answer
        for said in (*one.greetings, *one.lines):
            yield f"{one.id} says", said.text
    for quest in WORLD.quests.values():
        yield f"{quest.id} summary", quest.summary
        yield f"{quest.id} ending", quest.ending
        for step in quest.steps:
            yield f"{quest.id} step", step.text


def reachable(carried: frozenset[TemplateId] = frozenset(), *, hidden: bool = True) -> set[RoomId]:
    """Rooms one can walk to from the start with these things in hand."""
    seen = {WORLD.start_room}
    queue = deque(seen)
    while queue:
        for way in WORLD.require(queue.popleft()).exits.values():
            if way.target not in seen and way.opens_for(carried) and (hidden or not way.hidden):
                seen.add(way.target)
                queue.append(way.target)
    return seen


def ways(world: World) -> Iterator[tuple[Room, Exit]]:
    for room in world.rooms.values():
        for way in room.exits.values():
            yield room, way


def test_it_has_no_problem() -> None:
    assert check([DEFAULT_PACK]) == []


def test_it_is_large_enough_to_get_lost_in() -> None:
    assert len(WORLD.rooms) >= 66
    assert len(WORLD.zones) >= 5
    assert len(WORLD.inhabitants) >= 12
    assert sum(placement.count for placement in WORLD.placements) >= 40
    fixtures = [fixture for room in WORLD.rooms.values() for fixture in room.fixtures]
    assert len(fixtures) >= 30
    assert sum(fixture.read_text is not None for fixture in fixtures) >= 10


def test_newcomers_arrive_in_a_safe_market_square_near_a_tavern_and_a_shop() -> None:
    start = WORLD.require(WORLD.start_room)
    assert {"start", "safe"} <= start.tags
    near = {start.id} | {one.id for one in WORLD.neighbours(start)}
    near |= {two.id for one in near for two in WORLD.neighbours(WORLD.require(one))}
    tags = {tag for room_id in near for tag in WORLD.require(room_id).tags}
    assert {"tavern", "shop"} <= tags
    assert any(one.wares for room_id in near for one in WORLD.require(room_id).inhabitants)


def test_every_room_is_reached_without_any_key_and_leads_back() -> None:
    assert reachable() == set(WORLD.rooms)
    for room_id in WORLD.rooms:
        seen, queue = {room_id}, deque([room_id])
        while queue and WORLD.start_room not in seen:
            for way in WORLD.require(queue.popleft()).exits.values():
                if way.target not in seen and way.opens_for(()):
                    seen.add(way.target)
                    queue.append(way.target)
        assert WORLD.start_room in seen, f"whoever is in {room_id} without a key cannot come back"


def test_most_of_it_is_found_without_secrets() -> None:
    open_rooms = reachable(hidden=False)
    assert len(open_rooms) >= 60
    assert set(WORLD.rooms) - open_rooms, "there is nothing to discover"


def test_it_has_a_locked_door_whose_key_lies_where_one_gets_without_it() -> None:
    locked = [(room, way) for room, way in ways(WORLD) if way.locked]
    assert locked
    lying = {placement.template: placement.room for placement in WORLD.placements}
    for _, way in locked:
        assert way.key_template is not None
        assert lying[way.key_template] in reachable(hidden=False)


def test_it_has_hidden_ways_and_a_one_way_drop() -> None:
    assert sum(way.hidden for _, way in ways(WORLD)) >= 3
    assert any(way.one_way and way.direction is Direction.DOWN for _, way in ways(WORLD))


def test_who_asks_for_something_can_be_given_it() -> None:
    """A quest hook: the same word is answered otherwise by whoever carries the thing, and the thing exists."""
    lying = {placement.template for placement in WORLD.placements}
    hooks = 0
    for one in WORLD.inhabitants.values():
        for subject in one.subjects:
            if subject.needs is not None:
                assert subject.needs in lying
                word = subject.keywords[0]
                assert one.answer(word, {subject.needs}) == subject.answer
                hooks += one.answer(word) not in (None, subject.answer)
    assert hooks >= 4


def test_every_inhabitant_greets_and_has_something_to_say() -> None:
    for one in WORLD.inhabitants.values():
        assert one.greetings, one.id
        assert one.lines, one.id
        assert len(one.subjects) >= 2, one.id
        assert one.fallback, one.id


def test_what_inhabitants_are_asked_about_in_answers_can_be_asked() -> None:
    """Each subject is found by each of its words, so none is out of reach behind an earlier one."""
    for one in WORLD.inhabitants.values():
        for subject in one.subjects:
            if subject.needs is None:
                assert any(one.answer(word) == subject.answer for word in subject.keywords), (one.id, subject.keywords)


def test_every_placed_thing_is_described_and_every_description_is_placed() -> None:
    lying = {placement.template for placement in WORLD.placements}
    begun_with = {part.template for parts in WORLD.kits.values() for part in parts}
    earned = {template_id for quest in WORLD.quests.values() for template_id in quest.reward.items}
    left_behind = {TemplateId(f"mythgate/{drop.item}") for creature in BESTIARY.values() for drop in creature.drops}
    assert lying | begun_with | earned <= set(WORLD.templates) <= lying | begun_with | earned | left_behind


def test_descriptions_have_two_to_five_sentences() -> None:
    for room in WORLD.rooms.values():
        sentences = len(re.findall(r"[.!?]+[”\")]*(?:\s|$)", room.description))
        assert 2 <= sentences <= 5, f"{room.id} has {sentences}"
        assert 120 <= len(room.description) <= 700, f"{room.id} has {len(room.description)} characters"


def test_no_text_stands_twice() -> None:
    for name, many in {
        "room names": [room.name for room in WORLD.rooms.values()],
        "room descriptions": [fold(room.description) for room in WORLD.rooms.values()],
        "first sentences": [room.description.split(". ")[0] for room in WORLD.rooms.values()],
        "fixtures": [f.description for room in WORLD.rooms.values() for f in room.fixtures],
        "items": [one.description for one in WORLD.templates.values()],
        "inhabitants": [one.name for one in WORLD.inhabitants.values()],
        "answers": [s.answer for one in WORLD.inhabitants.values() for s in one.subjects],
    }.items():
        assert [text for text, count in Counter(many).items() if count > 1] == [], name


def test_typography() -> None:
    for where, text in texts():
        assert "  " not in text, where
        assert text == text.strip(), where
        assert text.endswith(SENTENCE_END), f"{where}: {text[-30:]!r}"
        assert not re.search(r"\s[,.;:!?]", text), where
        assert not re.search(r"[,;:][^\s\d”’\"')]", text), where
        assert not re.search(r"\b(\w+) \1\b", text, re.IGNORECASE), where
        assert text.isprintable(), where


def test_sentences_begin_with_capitals_unless_something_is_done() -> None:
    for room in WORLD.rooms.values():
        assert room.description[0].isupper(), room.id
    for one in WORLD.inhabitants.values():
        for said in (*one.greetings, *one.lines):
            first = said.text.lstrip('“‘"{')[0]
            assert first.islower() if said.action else first.isupper(), (one.id, said.text)


def test_placeholders_are_known() -> None:
    for where, text in texts():
        assert set(re.findall(r"\{.*?\}", text)) <= {"{name}"}, where


def test_no_two_rooms_share_a_place() -> None:
    assert len({(room.plane, room.x, room.y, room.z) for room in WORLD.rooms.values()}) == len(WORLD.rooms)


def test_zones_are_told_apart_by_colour() -> None:
    assert len({zone.colour for zone in WORLD.zones.values()}) == len(WORLD.zones)


def test_the_year_has_a_month_for_each_of_the_twelve() -> None:
    assert len(WORLD.calendar.months) == len(set(WORLD.calendar.months)) == 12


# --- shards and quests -----------------------------------------------------------------------------


def test_the_twelve_places_of_the_shards_network_are_numbered_and_one_step_from_the_nexus() -> None:
    names = [
        "The Nexus",
        "Ember Volcano",
        "Abyssal Trench",
        "Titan's Spine Mountains",
        "Crimson Cathedral",
        "Aether Academy",
        "Iron Foundry",
        "Twilight Grove",
        "Shadow Sanctum",
        "Golden Citadel",
        "Wilderness Outpost",
        "Necropolis of Lost Souls",
    ]
    places = [WORLD.room_by_number(number) for number in range(1, 13)]
    assert [place.name for place in places if place is not None] == names
    nexus = WORLD.room_by_number(1)
    assert nexus is not None
    assert WORLD.start_room in {way.target for way in nexus.exits.values()}
    for place in filter(None, places[1:]):
        assert WORLD.ways_to(nexus, place.id), place.name
        assert WORLD.ways_to(place, nexus.id), place.name
        assert bool(place.creatures) != ("safe" in place.tags), place.name


def test_each_shard_lies_in_the_place_that_is_told_of_it_with_its_guardian() -> None:
    assert list(WORLD.shards) == list(LORE)
    for number, room_id in WORLD.shards.items():
        room = WORLD.require(room_id)
        assert room.name == LORE[number].place
        assert GUARDIAN in room.creatures
    assert [WORLD.number_of(WORLD.shards[number]) for number in (1, 2, 3, 11)] == [2, 3, 4, 12]


def test_who_offers_a_quest_speaks_of_it() -> None:
    assert len(WORLD.quests) >= 3
    for quest in WORLD.quests.values():
        assert quest.giver is not None
        answer = WORLD.inhabitants[quest.giver].answer("quest")
        assert answer is not None, quest.id
        assert quest.reward.souls or quest.reward.experience or quest.reward.items


def test_every_kind_of_step_occurs() -> None:
    assert {step.kind for quest in WORLD.quests.values() for step in quest.steps} == set(StepKind)


def test_what_creatures_leave_behind_is_there() -> None:
    here = {key for room in WORLD.rooms.values() for key in room.creatures}
    things = {template_id.rpartition("/")[2] for template_id in WORLD.templates}
    assert {"corrupt_wolf", "hollow_soldier", "crystal_shard_guardian"} <= here
    for kind in BESTIARY.values():
        assert {drop.item for drop in kind.drops} <= things, kind.key
