"""What the repository of parties promises, on every database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from tests.support.clock import FakeClock
from tests.support.rows import add_person

from mythgate.backends.sql import SqlStore
from mythgate.domain.errors import AlreadyInParty, Conflict, NotFound, Refused
from mythgate.domain.ids import CharacterId
from mythgate.domain.parties import LootRule, Party, PartyMember, found
from mythgate.services.ports import Transaction

NAMES = ("anna", "bob", "cara", "dan")
ANNA, BOB, CARA, DAN = (CharacterId(f"character-{name}") for name in NAMES)
MOST = 3


@pytest.fixture
async def people(store: SqlStore, clock: FakeClock) -> None:
    def work(tx: Transaction) -> None:
        for name in NAMES:
            add_person(tx, name, clock.now())

    await store.write(work)


def member(tx: Transaction, character_id: CharacterId, clock: FakeClock) -> PartyMember:
    body = tx.characters.require(character_id)
    return PartyMember(body.id, body.number, body.name, clock.now())


async def a_party(store: SqlStore, clock: FakeClock, leader: CharacterId = ANNA) -> Party:
    return await store.write(lambda tx: tx.parties.add(found("Otters", member(tx, leader, clock))))


async def join(store: SqlStore, clock: FakeClock, number: int, newcomer: CharacterId) -> Party:
    def work(tx: Transaction) -> Party:
        party = tx.parties.require(number)
        party.join(member(tx, newcomer, clock), MOST)
        tx.parties.save(party)
        return party

    return await store.write(work)


@pytest.mark.usefixtures("people")
async def test_a_party_is_found_as_it_was_saved(store: SqlStore, clock: FakeClock) -> None:
    party = await a_party(store, clock)
    assert party.number == 1
    clock.advance(timedelta(seconds=1))
    joined = await join(store, clock, 1, CARA)
    clock.advance(timedelta(seconds=1))
    joined = await join(store, clock, 1, BOB)
    assert [one.name for one in joined.members] == ["anna", "cara", "bob"]
    assert joined.version == 3
    for look in (
        lambda tx: tx.parties.get(1),
        lambda tx: tx.parties.require(1),
        lambda tx: tx.parties.of_character(BOB),
        lambda tx: tx.parties.active()[0],
    ):
        assert await store.read(look) == joined
        assert await store.write(look) == joined


@pytest.mark.usefixtures("people")
async def test_members_go_and_the_row_stays(store: SqlStore, clock: FakeClock) -> None:
    await a_party(store, clock)
    party = await join(store, clock, 1, BOB)

    def leave(tx: Transaction) -> None:
        party = tx.parties.require(1)
        party.leave(ANNA, clock.now())
        party.set_loot(BOB, LootRule.ROLL)
        tx.parties.save(party)

    await store.write(leave)
    party = await store.read(lambda tx: tx.parties.require(1))
    assert (party.leader, party.loot, [one.character_id for one in party.members]) == (BOB, LootRule.ROLL, [BOB])
    assert await store.read(lambda tx: tx.parties.of_character(ANNA)) is None

    def end(tx: Transaction) -> None:
        party = tx.parties.require(1)
        party.disband(BOB, clock.now())
        tx.parties.save(party)

    await store.write(end)
    party = await store.read(lambda tx: tx.parties.require(1))
    assert (party.is_active, party.disbanded_at, party.members) == (False, clock.now(), [])
    assert await store.read(lambda tx: (tx.parties.active(), tx.parties.of_character(BOB))) == ([], None)
    assert (await a_party(store, clock)).number == 2


@pytest.mark.usefixtures("people")
async def test_nobody_is_in_two_parties(store: SqlStore, clock: FakeClock) -> None:
    await a_party(store, clock)
    await a_party(store, clock, BOB)
    with pytest.raises(AlreadyInParty):
        await a_party(store, clock, BOB)
    with pytest.raises(AlreadyInParty):
        await join(store, clock, 1, BOB)
    assert await store.read(lambda tx: [len(one.members) for one in tx.parties.active()]) == [1, 1]


@pytest.mark.usefixtures("people")
async def test_there_is_no_such_party(store: SqlStore) -> None:
    for number in (0, 1, -1, 2**40):
        assert await store.read(partial(_party, number=number)) is None
        with pytest.raises(NotFound):
            await store.read(partial(_required, number=number))


def _party(tx: Transaction, number: int) -> Party | None:
    return tx.parties.get(number)


def _required(tx: Transaction, number: int) -> Party:
    return tx.parties.require(number)


@pytest.mark.usefixtures("people")
async def test_a_stale_party_is_not_saved(store: SqlStore, clock: FakeClock) -> None:
    stale = await a_party(store, clock)
    await join(store, clock, 1, BOB)
    stale.name = "Stoats"
    with pytest.raises(Conflict):
        await store.write(lambda tx: tx.parties.save(stale))
    assert (await store.read(lambda tx: tx.parties.require(1))).name == "Otters"


@pytest.mark.usefixtures("people")
async def test_what_a_party_has_to_show(store: SqlStore, clock: FakeClock) -> None:
    await a_party(store, clock)
    await store.write(lambda tx: tx.parties.tally(1, souls=40, bosses=1))
    await store.write(lambda tx: tx.parties.tally(1, souls=2, shards=1))
    party = await store.read(lambda tx: tx.parties.require(1))
    assert (party.souls, party.shards, party.bosses, party.version) == (42, 1, 1, 3)


@pytest.mark.usefixtures("people")
async def test_of_those_who_come_at_once_only_as_many_get_in_as_fit(store: SqlStore, clock: FakeClock) -> None:
    await a_party(store, clock)
    await asyncio.gather(*(join(store, clock, 1, one) for one in (BOB, CARA, DAN)), return_exceptions=True)
    assert len((await store.read(lambda tx: tx.parties.require(1))).members) == MOST


@pytest.mark.usefixtures("people")
async def test_leaving_and_joining_elsewhere_at_the_same_moment(store: SqlStore, clock: FakeClock) -> None:
    """Whoever looks for the party of somebody who is changing it finds one they are in, or none."""
    await a_party(store, clock)
    await a_party(store, clock, CARA)
    await join(store, clock, 1, BOB)

    def change(tx: Transaction) -> None:
        party = tx.parties.of_character(BOB)
        assert party is not None
        party.leave(BOB, clock.now())
        tx.parties.save(party)
        other = tx.parties.require(3 - party.number)
        other.join(member(tx, BOB, clock), MOST)
        tx.parties.save(other)

    for outcome in await asyncio.gather(*(store.write(change) for _ in range(5)), return_exceptions=True):
        assert outcome is None or isinstance(outcome, Refused)
    party = await store.read(lambda tx: tx.parties.of_character(BOB))
    assert party is not None
    assert sum(len(one.members) for one in await store.read(lambda tx: tx.parties.active())) == 3


@pytest.mark.usefixtures("people")
async def test_a_character_that_is_gone_for_good_is_in_no_party(store: SqlStore, clock: FakeClock) -> None:
    await a_party(store, clock)
    await join(store, clock, 1, BOB)

    def delete(tx: Transaction) -> None:
        body = tx.characters.require(BOB)
        body.deleted_at = clock.now()
        tx.characters.save(body)
        tx.characters.purge_deleted(clock.now() + timedelta(days=1))

    await store.write(delete)
    party = await store.read(lambda tx: tx.parties.require(1))
    assert [one.character_id for one in party.members] == [ANNA]
