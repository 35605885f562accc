"""Trades: two people in a room, and one transaction that moves all of it or nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.support.play import ANVIL, COIN, KEY, LANTERN, SQUARE, TAVERN, PlayKit, small_world

from mythgate.domain.errors import (
    AlreadyTrading,
    Ambiguous,
    BadUsage,
    CannotTake,
    CannotTrade,
    InvalidInput,
    LimitReached,
    Muted,
    NotHere,
    NotInWorld,
    NoTrade,
    PermissionDenied,
    TooMany,
    TradeChanged,
    TradeError,
    Unavailable,
)
from mythgate.domain.events import (
    InventoryUpdate,
    PlayerUpdate,
    TradeAccept,
    TradeComplete,
    TradeDecline,
    TradeLineView,
    TradeRequest,
    TradeUpdate,
)
from mythgate.domain.ids import ItemId, TemplateId, TradeId
from mythgate.domain.items import HolderKind, Item, ItemKind
from mythgate.domain.presence import Presence
from mythgate.domain.trades import MAX_REQUESTS, MAX_SOULS, REQUEST_LIFETIME, Trade, TradeState
from mythgate.domain.world import ItemTemplate
from mythgate.services.ports import Store, Transaction

PEARS = TemplateId("pears")
PEACH = TemplateId("peach")
RELIC = TemplateId("relic")


async def rich(kit: PlayKit, name: str, souls: int = 100) -> Presence:
    one = await kit.somebody(name)
    await kit.sheets.change(one.character_id, lambda sheet: dataclasses.replace(sheet, souls=souls))
    return one


async def two(kit: PlayKit) -> tuple[Presence, Presence, Trade]:
    """Ada and Bob with 100 souls each, trading."""
    ada, bob = await rich(kit, "Ada"), await rich(kit, "Bob")
    return ada, bob, await begun(kit, ada, bob)


async def begun(kit: PlayKit, ada: Presence, bob: Presence) -> Trade:
    trade = await kit.trades.request(ada.character_id, bob.character_id)
    await kit.trades.accept(bob.character_id, trade.id)
    kit.realtime.clear()
    return trade


async def souls(kit: PlayKit, *people: Presence) -> list[int]:
    return [(await kit.sheets.of(one.character_id)).souls for one in people]


async def confirm(kit: PlayKit, trade: Trade) -> None:
    for one in trade.both:
        await kit.trades.confirm(one, trade.id, trade.revision)


def endings(kit: PlayKit, *people: Presence) -> list[list[str]]:
    return [[one.reason for one in kit.heard(each).of(TradeDecline)] for each in people]


async def with_pears(kit: PlayKit) -> None:
    """A world with things that stack, and one that belongs to a quest."""
    templates = {
        **small_world().templates,
        PEARS: ItemTemplate(PEARS, "pear", "A pear.", "Ripe.", kind=ItemKind.CONSUMABLE),
        PEACH: ItemTemplate(PEACH, "peach", "A peach.", "Soft.", kind=ItemKind.CONSUMABLE),
        RELIC: ItemTemplate(RELIC, "relic", "A relic.", "Holy.", kind=ItemKind.QUEST_ITEM, quest=True),
    }
    await kit.world.apply(small_world(templates=templates))


async def stack(kit: PlayKit, one: Presence, template: TemplateId, quantity: int, *, equipped: bool = False) -> Item:
    item = Item(
        ItemId(kit.ids.new()),
        template,
        HolderKind.CHARACTER,
        one.character_id,
        kit.clock.now(),
        quantity=quantity,
        equipped=equipped,
    )
    await kit.store.write(lambda tx: tx.items.add(item))
    return item


# --- asking ---


async def test_a_request_is_told_to_both(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.realtime.clear()
    trade = await kit.trades.request(ada.character_id, bob.character_id)
    (asked,) = kit.heard(bob).of(TradeRequest)
    assert (asked.trade.partner_name, asked.trade.requester_id) == ("Ada", ada.character_id)
    assert asked.trade.expires_at == kit.clock.now() + REQUEST_LIFETIME
    assert asked.message.startswith("Ada wants to trade")
    (told,) = kit.heard(ada).of(TradeRequest)
    assert told.trade.partner_name == "Bob"
    assert kit.trades.asking(bob.character_id) == [trade]
    assert kit.trades.of(ada.character_id) is trade
    assert kit.trades.of(bob.character_id) is None
    assert kit.trades.count() == 1


async def test_accepting_opens_it_and_ends_other_requests(kit: PlayKit) -> None:
    ada, bob, cid = [await kit.somebody(name) for name in ("Ada", "Bob", "Cid")]
    await kit.trades.request(cid.character_id, bob.character_id)
    trade = await kit.trades.request(ada.character_id, bob.character_id)
    kit.realtime.clear()
    await kit.trades.accept(bob.character_id, trade.id)
    for one in (ada, bob):
        (accepted,) = kit.heard(one).of(TradeAccept)
        assert (accepted.trade.state, accepted.player_id) == ("open", bob.character_id)
        assert kit.trades.of(one.character_id) is trade
    assert endings(kit, ada, bob, cid) == [[], ["elsewhere"], ["elsewhere"]]
    assert kit.heard(cid).of(TradeDecline)[0].message == "Bob trades with somebody else now."


async def test_who_asks_who_has_asked_accepts(kit: PlayKit) -> None:
    ada, bob, cid = [await kit.somebody(name) for name in ("Ada", "Bob", "Cid")]
    await kit.trades.request(cid.character_id, bob.character_id)
    trade = await kit.trades.request(ada.character_id, bob.character_id)
    assert await kit.trades.request(bob.character_id, ada.character_id) is trade
    assert trade.state is TradeState.OPEN


async def test_only_people_in_the_same_room_can_be_asked(kit: PlayKit) -> None:
    ada, far = await kit.somebody("Ada"), await kit.somebody("Bob", at=TAVERN)
    with pytest.raises(NotHere):
        await kit.trades.request(ada.character_id, far.character_id)
    await kit.presence.depart(far.character_id)
    with pytest.raises(NotHere):
        await kit.trades.request(ada.character_id, far.character_id)
    with pytest.raises(NotInWorld):
        await kit.trades.request(far.character_id, ada.character_id)
    with pytest.raises(BadUsage):
        await kit.trades.request(ada.character_id, ada.character_id)


async def test_whoever_is_not_welcome_cannot_ask(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    ada.ignored = frozenset({bob.account_id})
    with pytest.raises(PermissionDenied, match="You ignore Bob"):
        await kit.trades.request(ada.character_id, bob.character_id)
    kit.realtime.clear()
    with pytest.raises(PermissionDenied, match="Ada does not want to trade"):
        await kit.trades.request(bob.character_id, ada.character_id)
    ada.ignored = frozenset()
    kit.trades.take_requests(ada.character_id, wanted=False)
    with pytest.raises(PermissionDenied, match="Ada does not want to trade"):
        await kit.trades.request(bob.character_id, ada.character_id)
    assert kit.heard(ada).events == []
    kit.trades.take_requests(ada.character_id, wanted=True)
    await kit.trades.request(bob.character_id, ada.character_id)


async def test_who_wants_no_requests_declines_those_that_wait(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.trades.request(ada.character_id, bob.character_id)
    kit.trades.take_requests(bob.character_id, wanted=False)
    assert endings(kit, ada) == [["declined"]]
    await kit.presence.depart(bob.character_id)
    with pytest.raises(NotInWorld):
        kit.trades.take_requests(bob.character_id, wanted=True)
    bob = await kit.enter(kit.caller_of(bob))
    await kit.trades.request(ada.character_id, bob.character_id)


async def test_the_muted_and_those_without_a_line_do_not_ask_or_get_asked(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    ada.muted_until = kit.clock.now() + timedelta(minutes=1)
    with pytest.raises(Muted):
        await kit.trades.request(ada.character_id, bob.character_id)
    ada.muted_until = kit.clock.now() - timedelta(minutes=1)
    kit.presence.on_detached(bob.character_id)
    with pytest.raises(NotHere, match="lost the connection"):
        await kit.trades.request(ada.character_id, bob.character_id)


async def test_who_is_otherwise_engaged_does_not_trade(kit: PlayKit) -> None:
    ada, bob, trade = await two(kit)
    cid = await kit.somebody("Cid")
    fighting = {cid.character_id}
    kit.trades.while_not(lambda one: one in fighting)
    with pytest.raises(TradeError, match="Cid is otherwise"):
        await kit.trades.request(ada.character_id, cid.character_id)
    with pytest.raises(TradeError, match="You are otherwise"):
        await kit.trades.request(cid.character_id, ada.character_id)
    fighting.add(bob.character_id)
    with pytest.raises(TradeError, match="One of you fights"):
        await kit.trades.offer(ada.character_id, "5 souls")
    assert trade.state is TradeState.ENDED
    assert endings(kit, ada, bob) == [["fighting"], ["fighting"]]


async def test_one_asks_only_so_often_until_one_is_welcome(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    for _ in range(3):
        trade = await kit.trades.request(ada.character_id, bob.character_id)
        await kit.trades.decline(bob.character_id, trade.id)
    with pytest.raises(TooMany):
        await kit.trades.request(ada.character_id, bob.character_id)
    kit.clock.advance(timedelta(seconds=120))
    for _ in range(5):
        trade = await begun(kit, ada, bob)
        await kit.trades.cancel(ada.character_id)
    others = [await kit.somebody(f"Other {name}") for name in ("Bat", "Dog", "Fox", "Hen")]
    for number in range(10):
        trade = await kit.trades.request(ada.character_id, others[number % 4].character_id)
        await kit.trades.cancel(ada.character_id)
    with pytest.raises(TooMany):
        await kit.trades.request(ada.character_id, bob.character_id)


async def test_only_so_many_wait_for_an_answer(kit: PlayKit) -> None:
    bob, *others = await kit.crowd(MAX_REQUESTS + 2)
    for one in others[:-1]:
        await kit.trades.request(one.character_id, bob.character_id)
    with pytest.raises(LimitReached):
        await kit.trades.request(others[-1].character_id, bob.character_id)


async def test_requests_are_declined_and_taken_back(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    trade = await kit.trades.request(ada.character_id, bob.character_id)
    await kit.trades.decline(bob.character_id, trade.id)
    assert kit.heard(ada).of(TradeDecline)[-1].message == "Bob does not want to trade."
    await kit.trades.request(ada.character_id, bob.character_id)
    await kit.trades.cancel(ada.character_id)
    assert endings(kit, ada, bob) == [["declined", "cancelled"]] * 2
    with pytest.raises(NoTrade):
        await kit.trades.cancel(ada.character_id)


async def test_a_trade_of_others_does_not_exist(kit: PlayKit) -> None:
    _, _, trade = await two(kit)
    cid = await kit.somebody("Cid")
    for attempt in (
        kit.trades.accept(cid.character_id, trade.id),
        kit.trades.decline(cid.character_id, trade.id),
        kit.trades.update(cid.character_id, trade.id, 0, []),
        kit.trades.confirm(cid.character_id, trade.id),
        kit.trades.confirm(cid.character_id, TradeId("made up")),
        kit.trades.offer(cid.character_id, "5 souls"),
    ):
        with pytest.raises(NoTrade):
            await attempt
    assert trade.state is TradeState.OPEN


async def test_one_cannot_accept_ones_own_request_or_trade_twice(kit: PlayKit) -> None:
    ada, bob, cid = [await kit.somebody(name) for name in ("Ada", "Bob", "Cid")]
    trade = await kit.trades.request(ada.character_id, bob.character_id)
    with pytest.raises(PermissionDenied):
        await kit.trades.accept(ada.character_id, trade.id)
    with pytest.raises(TradeChanged):
        await kit.trades.update(ada.character_id, trade.id, 5, [])
    await kit.trades.accept(bob.character_id, trade.id)
    with pytest.raises(AlreadyTrading):
        await kit.trades.request(cid.character_id, ada.character_id)


# --- offering ---


async def test_offers_are_told_to_both_and_take_confirmations_back(kit: PlayKit) -> None:
    ada, bob, trade = await two(kit)
    lantern = await kit.lay(LANTERN, ada.character_id, carried=True)
    await kit.trades.update(ada.character_id, trade.id, 30, [(lantern.id, 1)])
    await kit.trades.confirm(ada.character_id, trade.id)
    told = kit.heard(bob).of(TradeAccept)[-1]
    assert (told.trade.theirs.confirmed, told.trade.yours.confirmed) == (True, False)
    await kit.trades.update(bob.character_id, trade.id, 1, [])
    seen = kit.heard(bob).of(TradeUpdate)[-1].trade
    assert (seen.theirs.souls, seen.theirs.items) == (
        30,
        [TradeLineView(lantern.id, "a brass lantern", 1, lantern.number)],
    )
    assert (seen.yours.souls, seen.theirs.confirmed) == (1, False)
    assert [one.message for one in kit.heard(bob).of(TradeUpdate)] == [
        "Ada offers 30 souls and a brass lantern.",
        "You offer 1 soul.",
    ]
    assert seen.revision == trade.revision


@pytest.mark.parametrize(
    ("souls", "quantity", "error"),
    [
        (-1, 1, InvalidInput),
        (0, -1, InvalidInput),
        (0, 0, InvalidInput),
        (MAX_SOULS + 1, 1, InvalidInput),
        (2**70, 1, InvalidInput),
        (0, 2**70, InvalidInput),
        (101, 1, CannotTrade),
        (0, 2, CannotTrade),
    ],
)
async def test_impossible_offers_are_refused(
    kit: PlayKit, souls: int, quantity: int, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    ada, bob, trade = await two(kit)
    lantern = await kit.lay(LANTERN, ada.character_id, carried=True)
    with caplog.at_level(logging.INFO), pytest.raises(error):
        await kit.trades.update(ada.character_id, trade.id, souls, [(lantern.id, quantity)])
    assert trade.offers == {}
    assert kit.heard(bob).events == []
    assert (error is CannotTrade) == any(record.message == "offer refused" for record in caplog.records)


async def test_what_is_not_ones_own_worn_or_of_a_quest_cannot_be_offered(kit: PlayKit) -> None:
    await with_pears(kit)
    ada, bob, trade = await two(kit)
    his = await kit.lay(LANTERN, bob.character_id, carried=True)
    lying = await kit.lay(LANTERN)
    relic = await stack(kit, ada, RELIC, 1)
    worn = await stack(kit, ada, KEY, 1, equipped=True)
    for item_id in (his.id, lying.id, relic.id, worn.id, ItemId("nothing")):
        with pytest.raises(CannotTrade):
            await kit.trades.update(ada.character_id, trade.id, 0, [(item_id, 1)])
    for words in ("relic", "key"):
        with pytest.raises(CannotTrade):
            await kit.trades.offer(ada.character_id, words)
    with pytest.raises(NotHere):
        await kit.trades.offer(ada.character_id, "lantern")


async def test_the_id_of_one_thing_stands_for_those_like_it(kit: PlayKit) -> None:
    await with_pears(kit)
    ada, bob, trade = await two(kit)
    coins = [await kit.lay(COIN, ada.character_id, carried=True) for _ in range(3)]
    pears = [await stack(kit, ada, PEARS, 2), await stack(kit, ada, PEARS, 5)]
    await kit.trades.update(ada.character_id, trade.id, 0, [(coins[1].id, 2), (pears[0].id, 4)])
    assert dict(trade.offer_by(ada.character_id).lines) == {
        coins[1].id: 1,
        coins[0].id: 1,
        pears[0].id: 2,
        pears[1].id: 2,
    }
    with pytest.raises(CannotTrade, match="only 3"):
        await kit.trades.update(ada.character_id, trade.id, 0, [(coins[1].id, 4)])
    await confirm(kit, trade)
    assert sorted(item.quantity for item in await kit.carried(bob)) == [2, 4]
    assert sorted(item.quantity for item in await kit.carried(ada)) == [1, 3]
    assert kit.heard(bob).of(TradeComplete)[0].message == (
        "You give Ada nothing and get a copper coin (×2) and a pear (×4)."
    )


async def test_offers_in_words(kit: PlayKit) -> None:
    await with_pears(kit)
    ada, _, _ = await two(kit)
    lantern = await kit.lay(LANTERN, ada.character_id, carried=True)
    coins = [await kit.lay(COIN, ada.character_id, carried=True) for _ in range(3)]
    pears = await stack(kit, ada, PEARS, 7)
    await stack(kit, ada, PEACH, 1)

    async def offered(words: str) -> tuple[int, dict[ItemId, int]]:
        offer = (await kit.trades.offer(ada.character_id, words)).offer_by(ada.character_id)
        return offer.souls, dict(offer.lines)

    async def left(words: str) -> tuple[int, dict[ItemId, int]]:
        offer = (await kit.trades.withdraw(ada.character_id, words)).offer_by(ada.character_id)
        return offer.souls, dict(offer.lines)

    assert await offered("30 souls") == (30, {})
    assert await offered("all souls") == (100, {})
    assert await offered("1 soul") == (1, {})
    assert await offered("lantern") == (1, {lantern.id: 1})
    assert await offered("two coins") == (1, {lantern.id: 1, coins[0].id: 1, coins[1].id: 1})
    assert await offered("coin") == (1, {lantern.id: 1, coins[0].id: 1})
    assert await offered("all coins") == (1, {lantern.id: 1, **{coin.id: 1 for coin in coins}})
    assert await offered("3 pears") == (1, {lantern.id: 1, **{coin.id: 1 for coin in coins}, pears.id: 3})
    assert await left("coins") == (1, {lantern.id: 1, pears.id: 3})
    assert await offered("pears") == (1, {lantern.id: 1, pears.id: 7})
    for words, error in (
        ("-5 souls", InvalidInput),
        ("999999999999 souls", InvalidInput),
        ("101 souls", CannotTrade),
        ("8 pears", CannotTrade),
        ("0 pears", InvalidInput),
        ("crown", NotHere),
        ("pe", Ambiguous),
    ):
        with pytest.raises(error):
            await kit.trades.offer(ada.character_id, words)
    with pytest.raises(NotHere, match="You offer nothing"):
        await kit.trades.withdraw(ada.character_id, "coin")
    assert await left("souls") == (0, {lantern.id: 1, pears.id: 7})
    assert await left("all") == (0, {})
    await offered("5 souls")
    assert await left("5 souls") == (0, {})


async def test_what_was_dropped_meanwhile_can_be_withdrawn(kit: PlayKit) -> None:
    ada, _, trade = await two(kit)
    await kit.lay(LANTERN, ada.character_id, carried=True)
    await kit.lay(KEY, ada.character_id, carried=True)
    await kit.trades.offer(ada.character_id, "lantern")
    await kit.trades.offer(ada.character_id, "key")
    await kit.things.drop(ada.character_id, "all")
    await kit.trades.withdraw(ada.character_id, "lantern")
    assert len(trade.offer_by(ada.character_id).lines) == 1


# --- settling ---


async def test_both_confirmations_move_everything_at_once(kit: PlayKit, caplog: pytest.LogCaptureFixture) -> None:
    ada, bob, trade = await two(kit)
    await kit.lay(LANTERN, ada.character_id, carried=True)
    await kit.lay(KEY, bob.character_id, carried=True)
    await kit.trades.offer(ada.character_id, "lantern")
    await kit.trades.offer(ada.character_id, "30 souls")
    await kit.trades.offer(bob.character_id, "key")
    kit.realtime.clear()
    with caplog.at_level(logging.INFO):
        await confirm(kit, trade)
    assert trade.state is TradeState.COMPLETED
    assert await souls(kit, ada, bob) == [70, 130]
    assert [item.template_id for item in await kit.carried(ada)] == [KEY]
    assert [item.template_id for item in await kit.carried(bob)] == [LANTERN]
    (complete,) = kit.heard(ada).of(TradeComplete)
    assert (complete.souls, complete.trade.state) == (70, "completed")
    assert complete.message == "You give Bob 30 souls and a brass lantern and get an iron key."
    assert [row.name for row in kit.heard(ada).of(InventoryUpdate)[-1].items] == ["an iron key"]
    (update,) = kit.heard(bob).of(PlayerUpdate)
    assert update.player.sheet is not None
    assert (update.player.sheet.souls, [row.name for row in update.player.inventory]) == (130, ["a brass lantern"])
    assert kit.trades.of(ada.character_id) is kit.trades.of(bob.character_id) is None
    (record,) = [record for record in caplog.records if record.message == "trade settled"]
    assert record.__dict__["given"]["souls"] == 30


async def test_nobody_confirms_twice_or_what_they_have_not_seen(kit: PlayKit) -> None:
    ada, bob, trade = await two(kit)
    await kit.trades.offer(ada.character_id, "30 souls")
    seen = trade.revision
    await kit.trades.offer(ada.character_id, "1 soul")
    with pytest.raises(TradeChanged):
        await kit.trades.confirm(bob.character_id, trade.id, seen)
    with pytest.raises(TradeChanged, match="only just"):
        await kit.trades.confirm(bob.character_id, trade.id)
    kit.clock.advance(timedelta(seconds=2))
    await kit.trades.confirm(bob.character_id, trade.id)
    with pytest.raises(TradeChanged, match="already"):
        await kit.trades.confirm(bob.character_id, trade.id)
    assert await souls(kit, ada, bob) == [100, 100]


async def _drop(kit: PlayKit, ada: Presence) -> None:
    await kit.things.drop(ada.character_id, "lantern")


async def _spend(kit: PlayKit, ada: Presence) -> None:
    await kit.sheets.change(ada.character_id, lambda sheet: sheet.paid(-95))


async def _put_on(kit: PlayKit, ada: Presence) -> None:
    def work(tx: Transaction) -> None:
        (item,) = tx.items.held_by(HolderKind.CHARACTER, ada.character_id)
        item.equipped = True
        tx.items.save(item)

    await kit.store.write(work)


async def _become_a_relic(kit: PlayKit, _: Presence) -> None:
    templates = dict(small_world().templates)
    templates[LANTERN] = dataclasses.replace(templates[LANTERN], quest=True)
    await kit.world.apply(small_world(templates=templates))


@pytest.mark.parametrize("meanwhile", [_drop, _spend, _put_on, _become_a_relic])
async def test_what_both_have_at_the_commit_counts(kit: PlayKit, meanwhile: Callable[..., Any]) -> None:
    ada, bob, trade = await two(kit)
    await kit.lay(LANTERN, ada.character_id, carried=True)
    await kit.trades.offer(ada.character_id, "lantern")
    await kit.trades.offer(ada.character_id, "30 souls")
    await kit.trades.offer(bob.character_id, "20 souls")
    await kit.trades.confirm(ada.character_id, trade.id, trade.revision)
    await meanwhile(kit, ada)
    before = await souls(kit, ada, bob)
    with pytest.raises(CannotTrade):
        await kit.trades.confirm(bob.character_id, trade.id, trade.revision)
    assert await souls(kit, ada, bob) == before
    assert await kit.carried(bob) == []
    assert (trade.state, trade.confirmed) == (TradeState.OPEN, set())
    assert kit.heard(ada).of(TradeUpdate)[-1].trade.theirs.confirmed is False
    await kit.trades.withdraw(ada.character_id, "all")
    await confirm(kit, trade)
    assert await souls(kit, ada, bob) == [before[0] + 20, before[1] - 20]


async def test_nobody_gets_more_than_they_can_carry(kit: PlayKit) -> None:
    ada, bob, trade = await two(kit)
    for _ in range(kit.carry_limit):
        await kit.lay(COIN, bob.character_id, carried=True)
    await kit.lay(LANTERN, ada.character_id, carried=True)
    await kit.trades.offer(ada.character_id, "lantern")
    with pytest.raises(CannotTake):
        await confirm(kit, trade)
    await kit.trades.offer(bob.character_id, "coin")
    await confirm(kit, trade)
    assert trade.state is TradeState.COMPLETED


async def test_what_stacks_lies_on_what_one_has(kit: PlayKit) -> None:
    await with_pears(kit)
    ada, bob, trade = await two(kit)
    mine, theirs = await stack(kit, ada, PEARS, 5), await stack(kit, bob, PEARS, 3)
    peaches = [await stack(kit, bob, PEACH, 1) for _ in range(2)]
    await kit.trades.update(ada.character_id, trade.id, 0, [(mine.id, 2)])
    await kit.trades.update(bob.character_id, trade.id, 0, [(one.id, 1) for one in peaches])
    kit.realtime.clear()
    await confirm(kit, trade)
    assert {(one.id, one.quantity) for one in await kit.carried(bob)} == {(theirs.id, 5)}
    assert {(one.id, one.quantity) for one in await kit.carried(ada)} == {(mine.id, 3), (peaches[0].id, 2)}
    told = kit.heard(ada).of(InventoryUpdate)[-1].items
    assert {(one.id, one.count) for one in told} == {(mine.id, 3), (peaches[0].id, 2)}


@pytest.mark.parametrize("given", [1, 4, 5])
async def test_pears_for_pears(kit: PlayKit, given: int) -> None:
    """Both give some of the same: none are lost, none are made, and each has one stack."""
    await with_pears(kit)
    ada, bob, trade = await two(kit)
    mine, theirs = await stack(kit, ada, PEARS, 5), await stack(kit, bob, PEARS, 3)
    await kit.trades.update(ada.character_id, trade.id, 0, [(mine.id, given)])
    await kit.trades.update(bob.character_id, trade.id, 0, [(theirs.id, 2)])
    await confirm(kit, trade)
    assert [one.quantity for one in await kit.carried(ada)] == [5 - given + 2]
    assert [one.quantity for one in await kit.carried(bob)] == [3 - 2 + given]


async def test_stacks_of_pears_go_to_and_fro(kit: PlayKit) -> None:
    await with_pears(kit)
    ada, bob = await rich(kit, "Ada"), await rich(kit, "Bob")
    chance = random.Random(4)
    for one in (ada, bob):
        for template in (PEARS, PEACH):
            await stack(kit, one, template, 10)
    for _ in range(25):
        trade = await begun(kit, ada, bob)
        for one in (ada, bob):
            carried = chance.sample(await kit.carried(one), k=1)
            lines = [(item.id, chance.randint(1, item.quantity)) for item in carried]
            await kit.trades.update(one.character_id, trade.id, 0, lines)
        await confirm(kit, trade)
        kit.clock.advance(timedelta(minutes=1))
        held = [*await kit.carried(ada), *await kit.carried(bob)]
        for template in (PEARS, PEACH):
            assert sum(item.quantity for item in held if item.template_id == template) == 20
        assert len({(item.holder_id, item.template_id) for item in held}) == len(held)


async def test_a_trade_that_cannot_be_saved_is_off(kit: PlayKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob, trade = await two(kit)
    await kit.trades.offer(ada.character_id, "30 souls")

    async def out_of_reach(self: Store, work: object, **_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(type(kit.store), "write", out_of_reach)
        with pytest.raises(Unavailable):
            await confirm(kit, trade)
    assert trade.state is TradeState.ENDED
    assert endings(kit, ada, bob) == [["cancelled"], ["cancelled"]]
    assert await souls(kit, ada, bob) == [100, 100]


async def test_a_bug_while_settling_ends_the_trade_too(kit: PlayKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, _, trade = await two(kit)
    await kit.trades.offer(ada.character_id, "30 souls")

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(kit.trades, "_exchange", broken)
        with pytest.raises(ZeroDivisionError):
            await confirm(kit, trade)
    assert trade.state is TradeState.ENDED


async def test_who_hangs_up_while_it_is_saved_has_traded(kit: PlayKit) -> None:
    ada, bob, trade = await two(kit)
    await kit.trades.offer(ada.character_id, "30 souls")
    await kit.trades.confirm(ada.character_id, trade.id, trade.revision)
    task = asyncio.create_task(kit.trades.confirm(bob.character_id, trade.id, trade.revision))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await kit.trades.settle()
    assert await souls(kit, ada, bob) == [70, 130]
    assert kit.heard(ada).of(TradeComplete) != []


async def test_while_it_is_saved_nothing_changes_or_ends_it(kit: PlayKit) -> None:
    ada, bob, trade = await two(kit)
    await kit.trades.offer(ada.character_id, "30 souls")
    await kit.trades.confirm(ada.character_id, trade.id, trade.revision)
    task = asyncio.create_task(kit.trades.confirm(bob.character_id, trade.id, trade.revision))
    await asyncio.sleep(0)
    assert trade.state is TradeState.SETTLING
    for attempt in (
        kit.trades.cancel(ada.character_id),
        kit.trades.offer(ada.character_id, "1 soul"),
        kit.trades.confirm(bob.character_id, trade.id),
    ):
        with pytest.raises(TradeChanged):
            await attempt
    kit.clock.advance(timedelta(seconds=1200))
    kit.trades.tick()
    kit.trades.fights(ada.character_id)
    await task
    assert await souls(kit, ada, bob) == [70, 130]


# --- what ends it ---


@pytest.mark.parametrize("walker", [0, 1])
async def test_walking_away_ends_it(kit: PlayKit, walker: int) -> None:
    people = await two(kit)
    one = people[walker]
    assert isinstance(one, Presence)
    await kit.movement.move(one.character_id, "north")
    ada, bob, trade = people
    assert endings(kit, ada, bob) == [["moved"], ["moved"]]
    with pytest.raises(NoTrade):
        await kit.trades.confirm(ada.character_id, trade.id)


async def test_a_lost_line_ends_it_only_when_others_see_them_leave(kit: PlayKit) -> None:
    ada, bob, trade = await two(kit)
    kit.presence.on_detached(bob.character_id)
    kit.presence.on_missed(bob.character_id)
    assert trade.state is TradeState.OPEN
    kit.presence.on_display_grace_over(bob.character_id)
    assert endings(kit, ada) == [["gone"]]
    assert kit.trades.of(ada.character_id) is None


async def test_leaving_the_world_ends_it(kit: PlayKit) -> None:
    ada, bob, trade = await two(kit)
    await kit.presence.depart(ada.character_id)
    assert kit.heard(bob).of(TradeDecline)[-1].message == "Ada is gone: the trade is off."
    assert trade.state is TradeState.ENDED


async def test_a_fight_ends_it(kit: PlayKit) -> None:
    ada, bob, _ = await two(kit)
    kit.trades.fights(ada.character_id)
    assert [one.message for one in kit.heard(ada).of(TradeDecline)] == ["You fight: the trade with Bob is off."]
    assert [one.message for one in kit.heard(bob).of(TradeDecline)] == ["Ada fights: the trade is off."]


async def test_time_ends_requests_and_trades(kit: PlayKit) -> None:
    ada, bob, trade = await two(kit)
    cid, dee = await kit.somebody("Cid"), await kit.somebody("Dee")
    request = await kit.trades.request(cid.character_id, dee.character_id)
    kit.clock.advance(timedelta(seconds=59))
    kit.trades.tick()
    assert request.state is TradeState.REQUESTED
    kit.clock.advance(timedelta(seconds=1))
    with pytest.raises(NoTrade, match="Too much time"):
        await kit.trades.accept(dee.character_id, request.id)
    assert endings(kit, cid, dee) == [["expired"], ["expired"]]
    kit.clock.advance(timedelta(seconds=600))
    kit.trades.tick()
    assert endings(kit, ada, bob) == [["expired"], ["expired"]]
    assert trade.state is TradeState.ENDED


async def test_whatever_parted_them_unnoticed_is_noticed(kit: PlayKit) -> None:
    ada, bob, trade = await two(kit)
    await kit.trades.offer(ada.character_id, "30 souls")
    kit.present.relocate(bob.character_id, TAVERN)
    with pytest.raises(NotHere):
        await kit.trades.confirm(ada.character_id, trade.id, trade.revision)
    kit.present.relocate(bob.character_id, SQUARE)
    trade = await begun(kit, ada, bob)
    kit.present.relocate(bob.character_id, TAVERN)
    kit.trades.tick()
    kit.present.relocate(bob.character_id, SQUARE)
    assert trade.state is TradeState.ENDED


async def test_a_step_that_was_saved_first_stops_the_settlement(kit: PlayKit) -> None:
    ada, bob, trade = await two(kit)
    await kit.trades.offer(ada.character_id, "30 souls")
    await kit.trades.confirm(ada.character_id, trade.id, trade.revision)
    await kit.put(ada.character_id, TAVERN)  # the row knows, and nobody was told yet
    with pytest.raises(NotHere):
        await kit.trades.confirm(bob.character_id, trade.id, trade.revision)
    assert await souls(kit, ada, bob) == [100, 100]
    assert trade.state is TradeState.ENDED
    await kit.put(ada.character_id, SQUARE)


async def test_who_is_gone_when_it_could_not_be_settled_trades_no_more(kit: PlayKit) -> None:
    ada, bob, trade = await two(kit)
    await kit.trades.offer(ada.character_id, "30 souls")
    await kit.sheets.change(ada.character_id, lambda sheet: sheet.paid(-95))
    await kit.trades.confirm(ada.character_id, trade.id, trade.revision)
    task = asyncio.create_task(kit.trades.confirm(bob.character_id, trade.id, trade.revision))
    await asyncio.sleep(0)
    kit.present.relocate(bob.character_id, TAVERN)
    with pytest.raises(CannotTrade):
        await task
    assert trade.state is TradeState.ENDED
    kit.present.relocate(bob.character_id, SQUARE)


async def test_an_immovable_thing_is_a_thing_like_others_once_somebody_has_it(kit: PlayKit) -> None:
    ada, bob, trade = await two(kit)
    await kit.lay(ANVIL, ada.character_id, carried=True)
    await kit.trades.offer(ada.character_id, "anvil")
    await confirm(kit, trade)
    assert [item.template_id for item in await kit.carried(bob)] == [ANVIL]
