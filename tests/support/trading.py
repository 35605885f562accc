"""Many pairs of people who trade, change their minds, lose things, walk off and hang up, all at once."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.play import COIN, LANTERN, PlayKit

from mythgate.domain.errors import Refused
from mythgate.domain.ids import CharacterId, ItemId, TemplateId
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.presence import Presence
from mythgate.domain.trades import Trade, TradeState
from mythgate.services.ports import Transaction

SOULS = 200  # of each at the beginning
COINS = 12  # one stack of each
LANTERNS = 2  # of each


@dataclass
class Rush:
    """What came of it."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


async def furnish(kit: PlayKit, people: list[Presence]) -> None:
    """Give everybody what there is to trade."""

    def work(tx: Transaction) -> None:
        now = kit.clock.now()
        for one in people:
            sheet = tx.sheets.get(one.character_id)
            tx.sheets.save(one.character_id, replace(sheet, souls=SOULS))
            for template, quantity in [(COIN, COINS), *[(LANTERN, 1)] * LANTERNS]:
                item_id = ItemId(kit.ids.new())
                tx.items.add(Item(item_id, template, HolderKind.CHARACTER, one.character_id, now, quantity=quantity))

    await kit.store.write(work)


async def holdings(kit: PlayKit, people: list[Presence]) -> tuple[int, Counter[TemplateId], list[ItemId]]:
    """All souls, how many things of each kind, and the ids of all, in hands and in rooms."""

    def work(tx: Transaction) -> tuple[int, Counter[TemplateId], list[ItemId]]:
        items: list[Item] = []
        for one in people:
            items += tx.items.held_by(HolderKind.CHARACTER, one.character_id)
        for room_id in kit.world.world.rooms:
            items += tx.items.held_by(HolderKind.ROOM, room_id)
        things: Counter[TemplateId] = Counter()
        for item in items:
            assert item.quantity >= 1
            things[item.template_id] += item.quantity
        souls = [tx.sheets.get(one.character_id).souls for one in people]
        assert min(souls) >= 0
        return sum(souls), things, [item.id for item in items]

    return await kit.store.read(work)


async def rush(kit: PlayKit, pairs: int, trades: int, chance: random.Random) -> Rush:
    """Let `pairs` of people try `trades` trades each, and look whether all is still there."""
    people = await kit.crowd(2 * pairs, prefix="Trader")
    await furnish(kit, people)
    before = await holdings(kit, people)
    found = Rush()
    couples = list(zip(people[::2], people[1::2], strict=True))
    await asyncio.gather(*(_trade(kit, one, other, trades, chance, found) for one, other in couples))
    await kit.settle()
    souls, things, ids = await holdings(kit, people)
    assert (souls, things) == before[:2]
    assert len(set(ids)) == len(ids)
    assert kit.trades.count() == 0
    assert found.faults == []
    return found


async def _trade(kit: PlayKit, one: Presence, other: Presence, count: int, chance: random.Random, found: Rush) -> None:
    for _ in range(count):
        trade = await kit.trades.request(one.character_id, other.character_id)
        await kit.trades.accept(other.character_id, trade.id)
        for actor in trade.both:
            for words in (f"{chance.randrange(SOULS)} souls", f"{chance.randrange(1, COINS)} coins", "lantern"):
                if chance.random() < 0.7:
                    await _try(kit.trades.offer, actor, words)
        await _confirm_and_meddle(kit, trade, chance)
        if trade.state is TradeState.OPEN:
            await _try(kit.trades.cancel, one.character_id)
        found.outcomes[trade.state.value] += 1
        if trade.state not in (TradeState.COMPLETED, TradeState.ENDED):
            found.faults.append(f"{trade.id} is {trade.state}")
        for body in (one, other):  # whatever was dropped is picked up by who comes first
            if body.room_id != trade.room_id:
                await kit.movement.move(body.character_id, "south")
            if chance.random() < 0.2:
                await _try(kit.things.get, body.character_id, "all")
        if chance.random() < 0.5:
            one, other = other, one


async def _confirm_and_meddle(kit: PlayKit, trade: Trade, chance: random.Random) -> None:
    one, other = chance.sample(trade.both, 2)
    revision = trade.revision

    async def confirm(actor: CharacterId) -> None:
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
        await kit.trades.confirm(actor, trade.id, revision)

    attempts: list[asyncio.Task[Any]] = [_start(confirm, actor) for actor in trade.both]
    meddling = chance.choice(("nothing", "cut", "cut", "drop", "walk", "cancel", "change", "twice"))
    for _ in range(chance.randrange(4)):
        await asyncio.sleep(0)
    if meddling == "cut":
        chance.choice(attempts).cancel()
    elif meddling == "drop":
        attempts.append(_start(kit.things.drop, one, chance.choice(("coins", "lantern"))))
    elif meddling == "walk":
        attempts.append(_start(kit.movement.move, one, "north"))
    elif meddling == "cancel":
        attempts.append(_start(kit.trades.cancel, other))
    elif meddling == "change":
        attempts.append(_start(kit.trades.offer, other, "1 soul"))
    elif meddling == "twice":
        attempts.append(_start(kit.trades.confirm, one, trade.id))
    await asyncio.gather(*attempts, return_exceptions=True)
    await kit.trades.settle()


async def _try(attempt: Callable[..., Awaitable[Any]], *arguments: Any) -> None:
    with contextlib.suppress(Refused):
        await attempt(*arguments)


def _start(attempt: Callable[..., Awaitable[Any]], *arguments: Any) -> asyncio.Task[None]:
    return asyncio.create_task(_try(attempt, *arguments))
