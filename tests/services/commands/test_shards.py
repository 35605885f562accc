"""Commands of shards and quests, as players type them."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.support.clock import FakeClock
from tests.support.play import PATH, PlayKit
from tests.support.shards import GOLD, IRON, conquer, go_to, partisan, shard_world

from mythgate.domain.accounts import Role
from mythgate.domain.events import CommandResponse
from mythgate.domain.ids import QuestId
from mythgate.domain.presence import Presence
from mythgate.domain.quests import Quest, Reward, Step, StepKind
from mythgate.services.ports import Store

WALK = Quest(
    QuestId("p/walk"),
    "A Walk",
    "Stretch your legs.",
    (Step(StepKind.KILL, "Slay two wolves.", "corrupt_wolf", count=2), Step(StepKind.PLACE, "Go to the path.", PATH)),
    reward=Reward(5),
)


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PlayKit]:
    made = PlayKit(clock, store, shard_world(quests={WALK.id: WALK}))
    await made.shards.start()
    yield made
    await made.settle()
    await made.check()


async def done(kit: PlayKit, one: Presence, line: str) -> CommandResponse:
    response = await kit.do(one, line)
    assert response.success, response.result
    return response


async def refused(kit: PlayKit, one: Presence, line: str) -> str | None:
    response = await kit.do(one, line)
    assert not response.success
    return response.code


async def test_shards_are_listed_with_the_world(kit: PlayKit) -> None:
    ada = await partisan(kit, "Ada")
    before = await done(kit, ada, "shards")
    lines = before.result.splitlines()
    assert lines[0] == "Reality: Neutral, stable at 100."
    assert lines[1] == "  1. Phoenix Flame – Ember Volcano: unclaimed"
    assert len(lines) == 13
    await conquer(kit, ada, *range(1, 11))
    after = await done(kit, ada, "reality")
    assert "The Iron Brotherhood leads. The Aetherfall is near." in after.result
    assert "controlled by the Iron Brotherhood" in after.result
    assert after.data is not None
    assert after.data["world"]["faction_shard_counts"] == {IRON.value: 10}
    assert after.data["shards"][0]["holder"] == "Ada"


async def test_one_shard_is_shown_with_who_held_it(kit: PlayKit) -> None:
    ada, bob = await partisan(kit, "Ada"), await partisan(kit, "Bob", GOLD)
    await conquer(kit, ada, 1)
    await conquer(kit, bob, 1)
    for line in ("shards 1", "shards phoenix", "shards Phoenix Flame"):
        response = await done(kit, ada, line)
        assert response.result.splitlines()[1] == "It is controlled by the Golden Order."
        assert response.data is not None
        assert [one["character"] for one in response.data["history"]] == ["Bob", "Ada"]
        assert response.data["history"][1]["lost_at"] is not None
        assert "(until " in response.result
    for line in ("shards 13", "shards e", "shards gold", "shards ?"):
        assert await refused(kit, ada, line) == "no_shard"


async def test_a_shard_is_captured_where_one_stands(kit: PlayKit) -> None:
    ada = await partisan(kit, "Ada")
    assert await refused(kit, ada, "capture") == "guardian_undefeated"
    await kit.shards.defeat(1, (ada.character_id,))
    response = await kit.do(ada, "capture", "c1")
    assert response.result == "You take Phoenix Flame for the Iron Brotherhood. It brings you 100 souls."
    repeated = await kit.do(ada, "capture", "c1")
    assert (repeated.success, repeated.repeated) == (True, True)
    await go_to(kit, ada, 2)
    assert await refused(kit, ada, "capture") == "guardian_undefeated"


async def test_the_chronicle_tells_what_happened(kit: PlayKit) -> None:
    ada = await partisan(kit, "Ada")
    assert (await done(kit, ada, "chronicle")).result == "Nothing has happened to the world yet."
    await conquer(kit, ada, 1)
    response = await done(kit, ada, "events")
    assert "Phoenix Flame for the Iron Brotherhood. Ada took Phoenix Flame, in Ember Volcano." in response.result
    assert response.data is not None
    assert response.data["events"][0]["kind"] == "shard_capture"


async def test_staff_commands(kit: PlayKit) -> None:
    root = await kit.somebody("Rhea", role=Role.ADMIN)
    ada = await partisan(kit, "Ada")
    await conquer(kit, ada, 1, 2)
    assert (await done(kit, root, "seal 1")).result == "Phoenix Flame is sealed."
    assert (await done(kit, root, "seal 2 24")).result == "Ocean's Tear is sealed for 24 hours."
    until = (kit.clock.now() + timedelta(hours=24)).strftime("%d %b %Y %H:%M")
    assert f"sealed by the Iron Brotherhood until {until} UTC" in (await done(kit, ada, "shards 2")).result
    assert await refused(kit, root, "seal 3 soon") == "bad_usage"
    assert (await done(kit, root, "unseal 1")).result == "Phoenix Flame is nobody's."
    await conquer(kit, ada, 3)
    assert (await done(kit, root, "release mountain")).result == "Mountain's Core is nobody's."
    assert (await done(kit, root, "aetherfall")).result == "The world begins anew: cycle 2."
    for line in ("seal 1", "unseal 1", "release 1", "aetherfall"):
        assert await refused(kit, ada, line) == "permission_denied"


async def test_quests_are_listed_taken_on_and_given_up(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    offered = await done(kit, ada, "quests")
    assert offered.result == "Offered here: A Walk. Stretch your legs. `quest accept A Walk`"
    taken = await done(kit, ada, "quest accept walk")
    assert taken.result == "You take on “A Walk”. Stretch your legs."
    assert taken.data is not None
    assert taken.data["quest"]["status"] == "active"
    log = await done(kit, ada, "quest log")
    assert log.result.splitlines() == ["A Walk: Stretch your legs.", "  – Slay two wolves. (0 of 2)"]
    assert (await done(kit, ada, "quest abandon walk")).result == "You give up “A Walk”."
    for line in ("quest accept", "quest abandon", "quest eat walk"):
        assert await refused(kit, ada, line) == "bad_usage"
    assert await refused(kit, ada, "quest abandon walk") == "no_quest"


async def test_quests_that_are_done_are_named(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    short = dataclasses.replace(WALK, steps=WALK.steps[1:])
    await kit.world.apply(dataclasses.replace(kit.world.world, fingerprint="short", quests={short.id: short}))
    await done(kit, ada, "quest accept walk")
    await kit.movement.move(ada.character_id, "south")
    await kit.settle()
    assert (await done(kit, ada, "quests")).result == "Done: A Walk."
    fewer = dataclasses.replace(kit.world.world, fingerprint="fewer", quests={})
    await kit.world.apply(fewer)
    assert (await done(kit, ada, "quests")).result.startswith("You have no quests.")
