"""Taking Crystal Shards in a real world, on each database."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import cast

import pytest
from tests.support.clock import FakeClock
from tests.support.play import PATH, SQUARE, TAVERN, PlayKit
from tests.support.shards import BLOOD, GOLD, IRON, PLACES, Won, conquer, go_to, partisan, shard_world

from mythgate.backends.sql import SqlStore
from mythgate.domain.accounts import Role
from mythgate.domain.errors import (
    GuardianUndefeated,
    InvalidInput,
    NoFaction,
    NoShard,
    NotInWorld,
    PermissionDenied,
    Refused,
    Repeated,
    ShardHeld,
    ShardSealed,
    WrongShardState,
)
from mythgate.domain.events import (
    Aetherfall,
    EventTrigger,
    PlayerUpdate,
    RealityShift,
    RoomUpdate,
    ShardCaptured,
    ShardStatusChanged,
    WorldStateChanged,
)
from mythgate.domain.ids import CharacterId, CommandId, RoomId
from mythgate.domain.shards import CAPTURE_SOULS, LORE, Condition, FallReason, Reality, ShardStatus
from mythgate.domain.sheets import Sheet, Stats
from mythgate.domain.worldevents import EventKind, WorldEvent
from mythgate.services.ports import CommandKey, Store, Transaction
from mythgate.services.shards import ShardService


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PlayKit]:
    made = PlayKit(clock, store, shard_world())
    await made.shards.start()
    yield made
    await made.settle()
    await made.check()
    await check_rows(made)


async def check_rows(kit: PlayKit) -> None:
    """Never two owners, never thirteen shards, and the copy is what the rows say."""

    def work(tx: Transaction) -> None:
        known = tx.shards.all()
        assert list(known.by_number) == list(LORE)
        for number, shard in known.by_number.items():
            current = [one for one in tx.shards.history(number, 200) if one.lost_at is None]
            assert [one.faction for one in current] == ([shard.faction] if shard.faction is not None else [])
        assert kit.shards.world_state().counts == {faction.value: held for faction, held in known.counts.items()}
        assert kit.shards.reality is known.cycle.reality

    await kit.store.read(work)


def again(kit: PlayKit) -> ShardService:
    """The service as another start of the server has it."""
    return ShardService(
        store=kit.store,
        presence=kit.present,
        realtime=kit.realtime,
        world=kit.world,
        sight=kit.sight,
        sheets=kit.sheets,
        clock=kit.clock,
        chance=random.Random(1),
    )


# --- looking ---


async def test_a_new_world_has_twelve_shards_that_are_nobodys(kit: PlayKit) -> None:
    views = kit.shards.all()
    assert [view.number for view in views] == list(range(1, 13))
    assert {view.status for view in views} == {ShardStatus.UNCLAIMED}
    assert (views[0].name, views[0].location, views[0].room_id) == ("Phoenix Flame", 1, PLACES[1])
    assert kit.shards.get(12).guardian == "Chaoticus the Random"
    with pytest.raises(NoShard):
        kit.shards.get(13)
    state = kit.shards.world_state()
    assert (state.reality, state.stability, state.counts, state.dominant) == (Reality.NEUTRAL, 100.0, {}, None)
    assert (state.aetherfalls, state.cycle, state.condition, state.imminent) == (0, 1, Condition.STABLE, False)
    assert await kit.shards.events() == []


async def test_a_shard_without_a_place_is_lost(clock: FakeClock, store: Store) -> None:
    kit = PlayKit(clock, store)
    await kit.shards.start()
    assert {view.status for view in kit.shards.all()} == {ShardStatus.LOST}
    assert (kit.shards.get(1).room_id, kit.shards.get(1).location, kit.shards.get(1).place) == (
        None,
        None,
        "Ember Volcano",
    )


# --- taking ---


async def test_who_brought_the_guardian_down_takes_the_shard(kit: PlayKit) -> None:
    ada = await partisan(kit, "Ada")
    elsewhere = await kit.somebody("Bob")
    kit.realtime.clear()
    with pytest.raises(GuardianUndefeated):
        await kit.shards.capture(ada.character_id)
    await kit.saved(kit.shards.guardian_falling(Won(PLACES[1], (ada.character_id,))))
    await kit.shards.settle()
    (contested,) = kit.heard(elsewhere).of(ShardStatusChanged)
    assert (contested.shard, contested.status, contested.faction) == (1, "contested", None)
    assert contested.message == "Ignarok the Eternal has fallen: Phoenix Flame can be taken."
    assert kit.shards.get(1).guardian_defeated

    kit.realtime.clear()
    taken = await kit.shards.capture(ada.character_id)
    assert (taken.shard, taken.souls) == (1, CAPTURE_SOULS)
    assert kit.heard(elsewhere).kinds() == ["shard_captured", "world_state", "event_trigger"]
    (captured,) = kit.heard(elsewhere).of(ShardCaptured)
    number = (await kit.store.read(lambda tx: tx.characters.require(ada.character_id))).number
    assert captured == ShardCaptured(
        1,
        "Phoenix Flame",
        ada.character_id,
        number,
        "Ada",
        IRON.value,
        None,
        "Ada takes Phoenix Flame for the Iron Brotherhood.",
    )
    (state,) = kit.heard(elsewhere).of(WorldStateChanged)
    assert (state.faction_shard_counts, state.dominant_faction) == ({IRON.value: 1}, IRON.value)
    (event,) = kit.heard(elsewhere).of(EventTrigger)
    assert (event.kind, event.faction) == ("shard_capture", IRON.value)
    (logged,) = await kit.shards.events()
    assert (logged.number, logged.characters, logged.shard) == (event.id, (number,), 1)
    view = kit.shards.get(1)
    assert (view.status, view.faction, view.holder) == (ShardStatus.CONTROLLED, IRON.value, "Ada")
    (owner,) = await kit.shards.history(1)
    assert (owner.character_name, owner.faction, owner.souls, owner.lost_at) == ("Ada", IRON, CAPTURE_SOULS, None)
    assert (await kit.sheets.of(ada.character_id)).souls == CAPTURE_SOULS
    assert kit.heard(ada).of(PlayerUpdate)


async def test_the_whole_party_may_take_it_and_helps(kit: PlayKit) -> None:
    ada, bob, cid = [await partisan(kit, name) for name in ("Ada", "Bob", "Cid")]
    party = await kit.parties.create(ada.character_id, "Takers")
    for one in (bob, cid):
        await kit.parties.invite(ada.character_id, one.character_id)
        await kit.parties.accept(one.character_id, party.number)
    await kit.shards.defeat(1, (bob.character_id, cid.character_id, CharacterId("gone")))
    await kit.shards.capture(ada.character_id)
    (owner,) = await kit.shards.history(1)
    assert (owner.character_name, owner.helpers) == ("Ada", ("Bob", "Cid"))
    (event,) = await kit.shards.events()
    assert "With them: Bob and Cid." in event.description
    assert len(event.characters) == 3
    saved = await kit.store.read(lambda tx: tx.parties.require(party.number))
    assert saved.shards == 1
    await kit.settle()
    assert kit.parties.require(ada.character_id).shards == 1


async def test_capture_is_refused_with_a_reason_and_changes_nothing(kit: PlayKit) -> None:
    ada = await partisan(kit, "Ada")
    stranger = await partisan(kit, "Bob", GOLD)
    free = await partisan(kit, "Cid", None)
    await kit.shards.defeat(1, (ada.character_id, free.character_id))
    with pytest.raises(GuardianUndefeated):
        await kit.shards.capture(stranger.character_id)
    with pytest.raises(NoFaction):
        await kit.shards.capture(free.character_id)
    with pytest.raises(NotInWorld):
        await kit.shards.capture(CharacterId("nobody"))
    await kit.put(ada.character_id, SQUARE)
    with pytest.raises(NoShard):
        await kit.shards.capture(ada.character_id)  # the row counts, not what was believed
    await kit.put(ada.character_id, PLACES[1])
    await go_to(kit, ada, 2)
    with pytest.raises(GuardianUndefeated):
        await kit.shards.capture(ada.character_id)  # another guardian
    await go_to(kit, ada, 1)
    kit.clock.advance(timedelta(days=1))
    with pytest.raises(GuardianUndefeated):
        await kit.shards.capture(ada.character_id)  # it is back
    assert await kit.shards.history(1) == []
    assert (await kit.sheets.of(ada.character_id)).souls == 0


async def test_another_faction_takes_it_over_and_history_tells(kit: PlayKit) -> None:
    ada, bob = await partisan(kit, "Ada"), await partisan(kit, "Bob", GOLD)
    await conquer(kit, ada, 1)
    with pytest.raises(ShardHeld):
        await kit.shards.capture(ada.character_id)
    kit.clock.advance(timedelta(hours=1))
    await conquer(kit, bob, 1)
    newest, oldest = await kit.shards.history(1)
    assert (newest.character_name, newest.lost_at) == ("Bob", None)
    assert (oldest.character_name, oldest.lost_at) == ("Ada", kit.clock.now())
    assert kit.heard(ada).of(ShardCaptured)[-1].previous_faction == IRON.value
    assert "from the Iron Brotherhood" in (await kit.shards.events(1))[0].description
    assert kit.shards.world_state().counts == {GOLD.value: 1}


async def test_only_a_guardian_at_its_shard_counts(kit: PlayKit) -> None:
    ada = await partisan(kit, "Ada")
    for won in (
        Won(PLACES[1], (ada.character_id,), ("corrupt_wolf",)),
        Won(SQUARE, (ada.character_id,)),
        Won(RoomId("nowhere"), (ada.character_id,)),
    ):
        await kit.saved(kit.shards.guardian_falling(won))
    await kit.shards.settle()
    assert not kit.shards.get(1).guardian_defeated


async def test_a_capture_that_is_repeated_has_no_second_effect(kit: PlayKit) -> None:
    ada = await partisan(kit, "Ada")
    await kit.shards.defeat(1, (ada.character_id,))
    key = CommandKey(ada.character_id, CommandId("c1"))
    await kit.shards.capture(ada.character_id, once=key)
    with pytest.raises(Repeated):
        await kit.shards.capture(ada.character_id, once=key)
    assert len(await kit.shards.history(1)) == 1


async def test_many_who_take_one_shard_at_once_leave_it_one_owner(kit: PlayKit) -> None:
    people = [await partisan(kit, name, faction) for name, faction in (("Ada", IRON), ("Bob", GOLD), ("Cid", IRON))]
    await kit.shards.defeat(1, [one.character_id for one in people])

    async def take(one: CharacterId) -> bool:
        try:
            await kit.shards.capture(one)
        except Refused:
            return False
        return True

    taken = await asyncio.gather(*(take(one.character_id) for one in people))
    assert sum(taken) == 1
    assert len(await kit.shards.history(1)) == 1
    assert sum([(await kit.sheets.of(one.character_id)).souls for one in people]) == CAPTURE_SOULS


# --- realities ---


async def test_four_shards_bring_a_reality_that_is_seen_under_the_sky(kit: PlayKit) -> None:
    ada, outside = await partisan(kit, "Ada"), await kit.somebody("Bob")
    kit.realtime.clear()
    await conquer(kit, ada, 1, 2, 3)
    assert kit.heard(outside).of(RealityShift) == []
    await conquer(kit, ada, 4)
    (shift,) = kit.heard(outside).of(RealityShift)
    assert (shift.previous_reality, shift.current_reality) == ("Neutral", "Iron Age")
    assert 85 <= shift.reality_stability <= 95
    await kit.settle()
    (update,) = kit.heard(outside).of(RoomUpdate)
    assert "Hammers beat" in update.room.description
    view = await kit.sight.look(outside)
    assert "Hammers beat" in view.description
    assert [event.kind for event in await kit.shards.events(2)] == [EventKind.REALITY_SHIFT, EventKind.SHARD_CAPTURE]

    staff = await kit.caller("Root", role=Role.ADMIN)
    await kit.shards.release(staff, 4)
    await kit.settle()
    assert kit.heard(outside).of(RealityShift)[-1].message == "The world belongs to nobody again, and is as it was."
    assert "Hammers" not in (await kit.sight.look(outside)).description
    assert kit.shards.reality is Reality.NEUTRAL


async def test_what_is_known_survives_a_restart(kit: PlayKit) -> None:
    ada = await partisan(kit, "Ada")
    await conquer(kit, ada, 1, 2, 3, 4)
    await kit.settle()
    other = again(kit)
    assert other.world_state().counts == {}
    kit.world.omen = ""
    await other.start()
    assert other.all() == kit.shards.all()
    assert other.world_state() == kit.shards.world_state()
    assert "Hammers" in kit.world.omen


async def test_twelve_shards_end_the_world(kit: PlayKit) -> None:
    ada, witness = await partisan(kit, "Ada"), await kit.somebody("Bob")
    await conquer(kit, ada, *range(1, 12))
    assert kit.shards.world_state().imminent
    await kit.settle()
    kit.realtime.clear()
    await conquer(kit, ada, 12)
    await kit.settle()
    kinds = [kind for kind in kit.heard(witness).kinds() if kind not in ("event_trigger", "room_update")]
    assert kinds == [
        "shard_status",
        "world_state",
        "shard_captured",
        "aetherfall",
        "reality_shift",
        "world_state",
    ]
    (fall,) = kit.heard(witness).of(Aetherfall)
    assert (fall.cycle, fall.reason, fall.winning_faction) == (1, "twelve", IRON.value)
    assert fall.transformations == ["Universal Market"]
    assert "Iron Brotherhood holds all twelve" in fall.message
    assert kit.shards.world_state().counts == {}
    assert kit.shards.world_state().aetherfalls == 1
    assert "price tag" in kit.world.omen
    (remembered,) = await kit.shards.aetherfalls()
    assert (remembered.reason, remembered.survivors, remembered.holdings) == (FallReason.TWELVE, 2, {IRON.value: 12})
    assert {one.lost_at for number in LORE for one in await kit.shards.history(number)} == {kit.clock.now()}
    assert [event.kind for event in await kit.shards.events(3)] == [
        EventKind.REALITY_SHIFT,
        EventKind.AETHERFALL,
        EventKind.SHARD_CAPTURE,
    ]


async def test_a_reality_makes_rest_better_or_worse(kit: PlayKit) -> None:
    await kit.sheets.change(
        (one := await partisan(kit, "Ada", BLOOD, at=2)).character_id, lambda sheet: sheet.with_now(health=0)
    )
    await conquer(kit, one, 1, 2, 3, 4)
    assert kit.shards.effects.rest == 0.75
    await kit.put(one.character_id, PLACES[4])
    rested = await kit.sheets.rest(one.character_id)
    limit = rested.change.after.most
    assert rested.change.after.now.health == int(limit.health // 2 * 0.75)


async def test_a_guardian_is_fought_and_its_shard_taken(kit: PlayKit) -> None:
    ada = await partisan(kit, "Ada")

    def mighty(sheet: Sheet) -> Sheet:
        return dataclasses.replace(sheet, stats=Stats(500, 500, 5000, 500, 500, 500)).rested()

    await kit.sheets.change(ada.character_id, mighty)
    assert (await kit.do(ada, "attack crystal shard guardian")).success
    for _ in range(200):
        if kit.encounters.of(ada.character_id) is None:
            break
        await kit.do(ada, "attack")
        await kit.settle()
    await kit.settle()
    assert kit.shards.get(1).guardian_defeated
    assert (await kit.do(ada, "capture")).success
    assert kit.shards.get(1).faction == IRON.value


# --- staff ---


async def test_staff_seal_unseal_and_end(kit: PlayKit) -> None:
    ada = await partisan(kit, "Ada")
    staff = await kit.caller("Root", role=Role.ADMIN)
    await conquer(kit, ada, 1)
    kit.realtime.clear()
    await kit.shards.seal(staff, 1)
    (sealed,) = kit.heard(ada).of(ShardStatusChanged)
    assert (sealed.status, sealed.faction, sealed.message) == ("sealed", IRON.value, "Phoenix Flame is sealed.")
    assert kit.shards.get(1).faction == IRON.value
    with pytest.raises(ShardSealed):
        await kit.shards.release(staff, 1)
    await kit.shards.unseal(staff, 1)
    assert kit.shards.get(1).faction is None
    with pytest.raises(WrongShardState):
        await kit.shards.unseal(staff, 1)
    await kit.shards.seal(staff, 2, timedelta(hours=1))
    assert kit.shards.get(2).sealed_until == kit.clock.now() + timedelta(hours=1)
    await kit.shards.aetherfall(staff)
    assert kit.shards.get(2).status is ShardStatus.UNCLAIMED
    assert "powers above" in kit.heard(ada).of(Aetherfall)[-1].message
    entries = await kit.store.read(lambda tx: tx.moderation.audit(limit=10))
    assert [one.action for one in entries] == ["world.aetherfall", "shard.sealed", "shard.unsealed", "shard.sealed"]
    for lasting in (timedelta(), timedelta(days=-1), timedelta(days=10_000)):
        with pytest.raises(InvalidInput):
            await kit.shards.seal(staff, 1, lasting)
    with pytest.raises(NoShard):
        await kit.shards.seal(staff, 0)


async def test_nobody_else_may(kit: PlayKit) -> None:
    player = await kit.caller("Ada")
    pretender = await kit.caller("Bob", role=Role.ADMIN)

    def demote(tx: Transaction) -> None:
        account = tx.accounts.require(pretender.account_id)
        account.role = Role.PLAYER
        tx.accounts.save(account)

    await kit.store.write(demote)
    shards = kit.shards
    for caller in (player, pretender):
        for decree in (shards.seal(caller, 1), shards.unseal(caller, 1), shards.release(caller, 1)):
            with pytest.raises(PermissionDenied):
                await decree
        with pytest.raises(PermissionDenied):
            await shards.aetherfall(caller)
    assert kit.shards.world_state().aetherfalls == 0


# --- time ---


async def test_guardians_come_back_and_seals_end(kit: PlayKit) -> None:
    ada = await partisan(kit, "Ada")
    staff = await kit.caller("Root", role=Role.ADMIN)
    await kit.shards.defeat(1, (ada.character_id,))
    await kit.shards.seal(staff, 2, timedelta(hours=1))
    await kit.shards.tend()
    assert kit.shards.get(1).status is ShardStatus.CONTESTED
    kit.clock.advance(timedelta(days=1))
    kit.realtime.clear()
    await kit.shards.tend()
    changed = kit.heard(ada).of(ShardStatusChanged)
    assert [(one.shard, one.status) for one in changed] == [(1, "unclaimed"), (2, "unclaimed")]
    assert await kit.shards.defeat(3, ()) is not None  # nobody who is still there: nothing changes
    assert kit.shards.get(3).status is ShardStatus.UNCLAIMED


# --- the log ---


async def test_others_may_write_into_the_log(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    heard: list[WorldEvent] = []
    kit.shards.on_event(heard.append)
    kit.realtime.clear()
    quiet = WorldEvent(EventKind.AETHERFALL, "Quiet", "Nobody is told.", kit.clock.now(), broadcast=False)
    loud = WorldEvent(EventKind.AETHERFALL, "Loud", "Everybody is told.", kit.clock.now())
    assert (await kit.shards.record(quiet)).number > 0
    assert quiet.number == 0
    saved = await kit.shards.record(loud)
    assert [event.title for event in kit.heard(ada).of(EventTrigger)] == ["Loud"]
    assert [event.title for event in heard] == ["Quiet", "Loud"]
    assert await kit.shards.events(1) == [saved]
    assert [one.title for one in await kit.shards.events(10, before=saved.number)] == ["Quiet"]


async def test_no_omen_inside(kit: PlayKit) -> None:
    await kit.world.show_omen("A comet hangs in the sky.")
    ada = await kit.somebody("Ada", at=TAVERN)
    kit.realtime.clear()
    await kit.world.show_omen("A comet hangs in the sky.")
    assert kit.heard(ada).kinds() == []
    assert kit.world.world.require(PATH).describe(omen="A comet.").endswith("A comet.")


async def test_all_who_fight_trade_and_take_shards_lock_in_one_order(kit: PlayKit) -> None:
    """Two who wait for each other PostgreSQL tells after a second, and one of them has to begin anew."""
    a, b = sorted([(await partisan(kit, name)).character_id for name in ("Ada", "Bob")])
    await kit.encounters.start(b, target=a)
    works = {a: _paid_back, b: _paid_back}

    def outcome(tx: Transaction) -> None:
        """As where a fight with a guardian ends."""
        kit.sheets.changing(tx, a, _paid_back)
        sequel = kit.shards.guardian_falling(Won(PLACES[1], (a,)))
        assert sequel is not None
        sequel(tx)

    await asyncio.gather(
        kit.encounters.start(a, target=b),
        *(kit.sheets.change_all(works) for _ in range(6)),
        *(kit.shards.capture(a) for _ in range(6)),
        *(kit.store.write(outcome) for _ in range(6)),
        *(kit.parties.create(a) for _ in range(2)),
        return_exceptions=True,  # most of it is refused
    )
    assert cast("SqlStore", kit.store).statistics().retries == 0


def _paid_back(sheet: Sheet) -> Sheet:
    return dataclasses.replace(sheet, souls=sheet.souls + 1)
