"""Trades: what both confirmed changes hands, or nothing does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mythgate.domain.errors import (
    AlreadyTrading,
    BadUsage,
    CannotTake,
    CannotTrade,
    InvalidInput,
    LimitReached,
    NotHere,
    NoTrade,
    PermissionDenied,
    Refused,
    TradeChanged,
    TradeError,
)
from mythgate.domain.ids import CharacterId, ItemId, RoomId, TradeId
from mythgate.domain.trades import (
    IDLE_LIFETIME,
    MAX_LINES,
    MAX_QUANTITY,
    MAX_REQUESTS,
    MAX_SOULS,
    NOTHING,
    REQUEST_LIFETIME,
    TIME_TO_LOOK,
    TRANSITIONS,
    Belongings,
    Handover,
    Holding,
    Offer,
    Trade,
    TradeAct,
    Trades,
    TradeState,
    check_offer,
    offer_of,
    settlement,
)

NOW: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER: Final = NOW + TIME_TO_LOOK
ADA, BOB, CID, DEE = (CharacterId(name) for name in ("ada", "bob", "cid", "dee"))
SQUARE, TAVERN = RoomId("square"), RoomId("tavern")
PEARS, SWORD, LAMP = ItemId("pears"), ItemId("sword"), ItemId("lamp")


def asked(trades: Trades, one: CharacterId = ADA, other: CharacterId = BOB) -> Trade:
    return trades.request(TradeId(f"{one}-{other}"), one, other, SQUARE, NOW)


def opened(trades: Trades | None = None) -> Trade:
    trades = trades if trades is not None else Trades()
    trade = asked(trades)
    trades.accept(trade, BOB, NOW)
    return trade


def has(souls: int = 100, room_id: RoomId = SQUARE, **things: int | Holding) -> Belongings:
    holdings = {ItemId(one): it if isinstance(it, Holding) else Holding(it, one) for one, it in things.items()}
    return Belongings(room_id, souls, holdings)


# --- offers ---


def test_an_offer_is_what_was_said() -> None:
    offer = offer_of(5, [(PEARS, 3), (SWORD, 1)])
    assert (offer.souls, dict(offer.lines), offer.is_empty) == (5, {PEARS: 3, SWORD: 1}, False)
    assert offer_of(0, []) == NOTHING
    assert NOTHING.is_empty


@pytest.mark.parametrize("souls", [-1, -(2**63), MAX_SOULS + 1, 2**64])
def test_souls_out_of_range_are_refused(souls: int) -> None:
    with pytest.raises(InvalidInput):
        offer_of(souls, [])


@pytest.mark.parametrize("quantity", [0, -1, MAX_QUANTITY + 1, 2**64])
def test_quantities_out_of_range_are_refused(quantity: int) -> None:
    with pytest.raises(InvalidInput):
        offer_of(0, [(PEARS, quantity)])


def test_the_largest_offer_is_an_offer() -> None:
    lines = [(ItemId(str(number)), MAX_QUANTITY) for number in range(MAX_LINES)]
    assert len(offer_of(MAX_SOULS, lines).lines) == MAX_LINES
    with pytest.raises(LimitReached):
        offer_of(0, [*lines, (PEARS, 1)])


def test_a_thing_is_named_once() -> None:
    with pytest.raises(InvalidInput, match="twice"):
        offer_of(0, [(PEARS, 1), (PEARS, 1)])


# --- one trade ---


@pytest.mark.parametrize(("state", "act"), list(product(TradeState, TradeAct)))
def test_every_state_allows_what_the_table_says(state: TradeState, act: TradeAct) -> None:
    trade = Trade(TradeId("one"), ADA, BOB, SQUARE, NOW, state, offers={ADA: Offer(1)})
    if act in (TradeAct.CONFIRM, TradeAct.AGREE):
        trade.confirmed = {BOB} if act is TradeAct.AGREE else set()

    def carry_out() -> None:
        match act:
            case TradeAct.ACCEPT:
                trade.accept(BOB, NOW)
            case TradeAct.OFFER:
                trade.offer(ADA, Offer(2), NOW)
            case TradeAct.CONFIRM | TradeAct.AGREE:
                trade.confirm(ADA, NOW)
            case TradeAct.SETTLE:
                trade.settle()
            case TradeAct.FAIL:
                trade.fail(NOW)
            case TradeAct.END:
                trade.end()

    expected = TRANSITIONS.get((state, act))
    if expected is None:
        with pytest.raises(TradeChanged):
            carry_out()
        assert trade.state is state
        assert (trade.offers, trade.revision) == ({ADA: Offer(1)}, 1)
    else:
        carry_out()
        assert trade.state is expected


def test_only_who_was_asked_may_accept() -> None:
    trades = Trades()
    trade = asked(trades)
    with pytest.raises(PermissionDenied):
        trades.accept(trade, ADA, NOW)
    assert trade.state is TradeState.REQUESTED


def test_both_confirmations_settle_it() -> None:
    trade = opened()
    trade.offer(ADA, Offer(5), NOW)
    assert not trade.confirm(ADA, NOW)
    assert trade.confirm(BOB, LATER)
    assert trade.state is TradeState.SETTLING


@pytest.mark.parametrize("editor", [ADA, BOB])
def test_any_change_takes_both_confirmations_back(editor: CharacterId) -> None:
    trade = opened()
    trade.offer(ADA, Offer(5), NOW)
    trade.confirm(ADA, NOW)
    before = trade.revision
    trade.offer(editor, Offer(6), NOW)
    assert trade.confirmed == set()
    assert trade.revision == before + 1


def test_a_confirmation_is_for_the_offers_it_names() -> None:
    trade = opened()
    trade.offer(ADA, Offer(5), NOW)
    seen = trade.revision
    trade.offer(ADA, Offer(1), NOW)
    with pytest.raises(TradeChanged):
        trade.confirm(BOB, LATER, seen)
    assert not trade.confirm(BOB, NOW, trade.revision)  # who says what they have seen need not wait


def test_who_does_not_say_what_they_confirm_has_time_to_look() -> None:
    trade = opened()
    trade.offer(ADA, Offer(5), NOW)
    with pytest.raises(TradeChanged) as refused:
        trade.confirm(BOB, NOW + timedelta(milliseconds=400))
    assert refused.value.retry_after == timedelta(milliseconds=600)
    assert not trade.confirm(BOB, LATER)


def test_nobody_confirms_twice() -> None:
    trade = opened()
    trade.offer(ADA, Offer(5), NOW)
    trade.confirm(ADA, NOW)
    with pytest.raises(TradeChanged, match="already"):
        trade.confirm(ADA, NOW)
    assert trade.state is TradeState.OPEN


def test_nothing_for_nothing_is_no_trade() -> None:
    with pytest.raises(CannotTrade):
        opened().confirm(ADA, NOW)


def test_what_failed_can_be_confirmed_anew() -> None:
    trade = opened()
    trade.offer(ADA, Offer(5), NOW)
    for one in trade.both:
        trade.confirm(one, LATER)
    trade.fail(LATER)
    assert (trade.state, trade.confirmed, trade.revision) == (TradeState.OPEN, set(), 3)


# --- all trades ---


def test_requests_and_trades_are_found_by_person() -> None:
    trades = Trades()
    trade = asked(trades)
    assert trades.asked_by(ADA) is trade
    assert trades.asking(BOB) == trades.involving(BOB) == trades.all() == [trade]
    assert trades.asking(ADA) == []
    assert trades.asked_by(BOB) is trades.current(ADA) is trades.current(BOB) is None
    trades.accept(trade, BOB, NOW)
    assert trades.current(ADA) is trades.current(BOB) is trade
    assert trades.asked_by(ADA) is None
    assert trades.require(trade.id, BOB) is trade
    assert len(trades) == 1
    for stranger in (CID, DEE):
        with pytest.raises(NoTrade):
            trades.require(trade.id, stranger)


def test_what_is_over_is_forgotten() -> None:
    trades = Trades()
    trades.end(asked(trades))
    trade = opened(trades)
    trade.offer(ADA, Offer(1), NOW)
    for one in trade.both:
        trade.confirm(one, LATER)
    with pytest.raises(TradeChanged):
        trades.end(trade)
    trades.settle(trade)
    assert len(trades) == 0
    assert trades.involving(ADA) == []
    with pytest.raises(NoTrade):
        trades.require(trade.id, ADA)


def test_nobody_trades_with_themselves() -> None:
    with pytest.raises(BadUsage):
        asked(Trades(), ADA, ADA)


def test_nobody_asks_two_at_once_or_while_trading() -> None:
    trades = Trades()
    trade = asked(trades)
    with pytest.raises(AlreadyTrading, match="wait"):
        asked(trades, ADA, CID)
    trades.accept(trade, BOB, NOW)
    for one in (ADA, BOB):
        with pytest.raises(AlreadyTrading, match="You are"):
            asked(trades, one, CID)
        with pytest.raises(AlreadyTrading, match="They are"):
            asked(trades, CID, one)


def test_only_so_many_wait_for_one_answer() -> None:
    trades = Trades()
    for number in range(MAX_REQUESTS):
        asked(trades, CharacterId(str(number)), BOB)
    with pytest.raises(LimitReached):
        asked(trades, ADA, BOB)


def test_accepting_ends_all_other_requests_of_both() -> None:
    trades = Trades()
    to_ada, by_bob = asked(trades, CID, ADA), asked(trades, BOB, DEE)
    trade = asked(trades)
    assert trades.accept(trade, BOB, NOW) == [to_ada, by_bob]
    assert to_ada.state is by_bob.state is TradeState.ENDED
    assert trades.all() == [trade]


def test_who_trades_accepts_nothing_else() -> None:
    trades = Trades()
    trade = opened(trades)
    stale = Trade(TradeId("stale"), CID, BOB, SQUARE, NOW)
    with pytest.raises(AlreadyTrading):
        trades.accept(stale, BOB, NOW)
    with pytest.raises(TradeChanged):
        trades.accept(trade, BOB, NOW)


def test_requests_expire_and_trades_do_when_nobody_touches_them() -> None:
    trades = Trades()
    request = asked(trades, CID, DEE)
    trade = opened(trades)
    assert trades.due(NOW + REQUEST_LIFETIME - timedelta(seconds=1)) == []
    assert trades.due(NOW + REQUEST_LIFETIME) == [request]
    trades.end(request)
    trade.offer(ADA, Offer(1), NOW + timedelta(minutes=1))
    assert trades.due(NOW + IDLE_LIFETIME) == []
    assert trades.due(NOW + IDLE_LIFETIME + timedelta(minutes=1)) == [trade]
    for one in trade.both:
        trade.confirm(one, NOW + timedelta(minutes=2))
    assert trades.due(NOW + timedelta(days=1)) == []  # what is being saved does not expire


# --- settling ---


def agreed(ada: Offer, bob: Offer = NOTHING) -> Trade:
    trade = opened()
    trade.offers = {ADA: ada, BOB: bob}
    return trade


def test_both_offers_change_hands() -> None:
    trade = agreed(offer_of(30, [(PEARS, 2)]), offer_of(5, [(SWORD, 1)]))
    found = settlement(trade, {ADA: has(pears=5), BOB: has(sword=1)}, carry_limit=20)
    assert found.handovers == (Handover(PEARS, 2, ADA, BOB), Handover(SWORD, 1, BOB, ADA))
    assert found.souls == {ADA: -25, BOB: 25}


@pytest.mark.parametrize(
    ("offer", "belongings", "error", "words"),
    [
        (Offer(101), has(100), CannotTrade, "100 souls"),
        (offer_of(0, [(SWORD, 1)]), has(), CannotTrade, "not in the hands"),
        (offer_of(0, [(PEARS, 3)]), has(pears=2), CannotTrade, "only 2 of pears"),
        (offer_of(0, [(SWORD, 1)]), has(sword=Holding(1, "a sword", "it is worn.")), CannotTrade, "A sword .* worn"),
        (Offer(1), has(room_id=TAVERN), NotHere, "same place"),
    ],
)
def test_what_is_not_there_to_be_given_stops_all_of_it(
    offer: Offer, belongings: Belongings, error: type[Refused], words: str
) -> None:
    with pytest.raises(error, match=words):
        settlement(agreed(offer), {ADA: belongings, BOB: has()}, carry_limit=20)
    with pytest.raises(error, match=words):
        settlement(agreed(NOTHING, offer), {ADA: has(), BOB: belongings}, carry_limit=20)


def test_nobody_gets_more_souls_than_one_can_have() -> None:
    rich = {ADA: has(2), BOB: has(MAX_SOULS - 1)}
    assert settlement(agreed(Offer(1)), rich, carry_limit=20).souls[BOB] == 1
    with pytest.raises(CannotTrade, match="more than"):
        settlement(agreed(Offer(2)), rich, carry_limit=20)


def test_nobody_gets_more_than_they_can_carry() -> None:
    three = has(lamp=1, pears=2, sword=1)
    one = has(ring=1)
    with pytest.raises(CannotTake):
        settlement(agreed(offer_of(0, [(PEARS, 1)])), {ADA: three, BOB: one}, carry_limit=1)
    # Even exchange, also for who has more than the limit already; a part of a stack makes room for nothing.
    swap = agreed(offer_of(0, [(PEARS, 2)]), offer_of(0, [(ItemId("ring"), 1)]))
    assert len(settlement(swap, {ADA: three, BOB: one}, carry_limit=1).handovers) == 2
    part = agreed(offer_of(0, [(PEARS, 1)]), offer_of(0, [(ItemId("ring"), 1)]))
    with pytest.raises(CannotTake):
        settlement(part, {ADA: three, BOB: one}, carry_limit=3)


def test_what_lies_on_a_stack_takes_no_more_room() -> None:
    apples, plums = Holding(3, "apples", kind="apple"), Holding(2, "plums", kind="plum")
    giver, full = has(apples=apples, plums=plums), has(more=Holding(1, "apples", kind="apple"), ring=1)
    gift = agreed(offer_of(0, [(ItemId("apples"), 3)]))
    assert len(settlement(gift, {ADA: giver, BOB: full}, carry_limit=2).handovers) == 1
    other = agreed(offer_of(0, [(ItemId("apples"), 3), (ItemId("plums"), 2)]))
    with pytest.raises(CannotTake):
        settlement(other, {ADA: giver, BOB: full}, carry_limit=2)
    # What one gives away whole is no stack to lay anything on.
    swap = agreed(offer_of(0, [(ItemId("apples"), 1)]), offer_of(0, [(ItemId("more"), 1)]))
    assert len(settlement(swap, {ADA: giver, BOB: full}, carry_limit=2).handovers) == 2


def test_an_offer_can_be_checked_before_it_counts() -> None:
    check_offer(offer_of(100, [(PEARS, 2)]), has(pears=2))
    with pytest.raises(CannotTrade):
        check_offer(Offer(101), has())


# --- conservation ---


@given(
    souls=st.tuples(st.integers(0, MAX_SOULS), st.integers(0, MAX_SOULS)),
    offered=st.tuples(st.integers(0, MAX_SOULS), st.integers(0, MAX_SOULS)),
)
def test_souls_are_conserved_and_never_below_nothing(souls: tuple[int, int], offered: tuple[int, int]) -> None:
    trade = agreed(Offer(offered[0]), Offer(offered[1]))
    before = dict(zip(trade.both, souls, strict=True))
    try:
        moved = settlement(trade, {one: has(before[one]) for one in trade.both}, carry_limit=20).souls
    except CannotTrade:
        return
    assert sum(moved.values()) == 0
    assert all(0 <= before[one] + moved[one] <= MAX_SOULS for one in trade.both)


PEOPLE: Final = (ADA, BOB, CID, DEE)
ROOMS: Final = (SQUARE, TAVERN)
CARRY_LIMIT: Final = 6
person = st.sampled_from(PEOPLE)


class TradingHall(RuleBasedStateMachine):
    """Four people with souls and things, who ask, offer, confirm, walk off and lose things in any order.

    Settling is two steps, as it is in life: what happens between the second confirmation and the commit
    may make it impossible.
    """

    @initialize()
    def begin(self) -> None:
        self.trades = Trades()
        self.now = NOW
        self.numbers = 0
        self.souls = dict.fromkeys(PEOPLE, 100)
        self.things: dict[CharacterId, dict[ItemId, int]] = {
            one: {ItemId(f"{one}-stack"): 5, ItemId(f"{one}-sword"): 1} for one in PEOPLE
        }
        self.ground: dict[ItemId, int] = {}
        self.room = dict.fromkeys(PEOPLE, SQUARE)
        self.confirmed_as: dict[tuple[TradeId, CharacterId], tuple[Offer, Offer]] = {}

    def new_id(self) -> str:
        self.numbers += 1
        return str(self.numbers)

    def belongings(self, one: CharacterId) -> Belongings:
        things = {item_id: Holding(quantity) for item_id, quantity in self.things[one].items()}
        return Belongings(self.room[one], self.souls[one], things)

    @rule(one=person, other=person)
    def ask(self, one: CharacterId, other: CharacterId) -> None:
        if self.room[one] == self.room[other]:
            self.attempt(lambda: self.trades.request(TradeId(self.new_id()), one, other, self.room[one], self.now))

    @rule(one=person)
    def accept(self, one: CharacterId) -> None:
        asking = self.trades.asking(one)
        if asking:
            self.attempt(lambda: self.trades.accept(asking[0], one, self.now))

    @rule(data=st.data())
    def offer(self, data: st.DataObject) -> None:
        self.offer_by(*self.somebody_trading(data), data)

    def offer_by(self, trade: Trade, one: CharacterId, data: st.DataObject) -> None:
        """Mostly what one has; sometimes more souls, or anything at all."""
        wild = data.draw(st.sampled_from(["", "", "souls", "things"]))
        souls = data.draw(st.sampled_from([-5, 500, MAX_SOULS + 1]) if wild == "souls" else st.integers(0, 60))
        mine = self.things[one]
        if wild == "things":
            mine = {item_id: 6 for things in self.things.values() for item_id in things} | self.ground
        chosen = data.draw(st.lists(st.sampled_from(sorted(mine)), max_size=2, unique=not wild)) if mine else []
        lines = [(item_id, data.draw(st.integers(-1 if wild else 1, mine[item_id]))) for item_id in chosen]
        self.attempt(lambda: trade.offer(one, offer_of(souls, lines), self.now))

    @rule(data=st.data(), knows=st.booleans())
    def confirm(self, data: st.DataObject, knows: bool) -> None:
        self.confirm_by(*self.somebody_trading(data), knows=knows)

    @rule(data=st.data(), changes=st.booleans())
    def agree(self, data: st.DataObject, changes: bool) -> None:
        """Both confirm, but one may change their offer in between."""
        trade, one = self.somebody_trading(data)
        self.confirm_by(trade, one, knows=True)
        if changes:
            self.offer_by(trade, trade.other(one), data)
        self.confirm_by(trade, trade.other(one), knows=True)
        self.commit()

    def confirm_by(self, trade: Trade, one: CharacterId, *, knows: bool) -> None:
        if self.attempt(lambda: trade.confirm(one, self.now, trade.revision if knows else None)):
            self.confirmed_as[trade.id, one] = (trade.offer_by(trade.requester), trade.offer_by(trade.partner))

    def somebody_trading(self, data: st.DataObject) -> tuple[Trade, CharacterId]:
        """Begins a trade if there is none."""
        trades = [trade for trade in self.trades.all() if trade.state is not TradeState.REQUESTED]
        if not trades:
            one, other = data.draw(st.permutations(PEOPLE))[:2]
            for trade in [*self.trades.involving(one), *self.trades.involving(other)]:
                if trade.state is TradeState.REQUESTED:
                    self.trades.end(trade)
            self.room[one] = self.room[other]
            trade = self.trades.request(TradeId(self.new_id()), one, other, self.room[one], self.now)
            self.trades.accept(trade, other, self.now)
            trades = [trade]
        trade = data.draw(st.sampled_from(trades))
        return trade, data.draw(st.sampled_from(trade.both))

    @rule()
    def commit(self) -> None:
        for trade in self.trades.all():
            if trade.state is not TradeState.SETTLING:
                continue
            try:
                moved = settlement(trade, {one: self.belongings(one) for one in trade.both}, carry_limit=CARRY_LIMIT)
            except (TradeError, CannotTake, NotHere):
                trade.fail(self.now)
                continue
            assert {self.room[one] for one in trade.both} == {trade.room_id}
            for one, change in moved.souls.items():
                self.souls[one] += change
            for handover in moved.handovers:
                self.hand_over(handover)
            agreed_on = (trade.offer_by(trade.requester), trade.offer_by(trade.partner))
            assert all(self.confirmed_as[trade.id, one] == agreed_on for one in trade.both)
            self.trades.settle(trade)

    def hand_over(self, handover: Handover) -> None:
        giver, receiver = self.things[handover.giver], self.things[handover.receiver]
        giver[handover.item_id] -= handover.quantity
        item_id = handover.item_id
        if giver[item_id]:
            item_id = ItemId(f"{item_id}/{self.new_id()}")  # a new stack of what was split off
        else:
            del giver[item_id]
        receiver[item_id] = handover.quantity

    @rule(one=person)
    def cancel(self, one: CharacterId) -> None:
        for trade in self.trades.involving(one):
            self.attempt(partial(self.trades.end, trade))

    @rule(one=person, room=st.sampled_from(ROOMS))
    def walk(self, one: CharacterId, room: RoomId) -> None:
        self.room[one] = room

    @rule(one=person, data=st.data())
    def drop(self, one: CharacterId, data: st.DataObject) -> None:
        if self.things[one]:
            item_id = data.draw(st.sampled_from(sorted(self.things[one])))
            self.ground[item_id] = self.things[one].pop(item_id)

    @rule(one=person, data=st.data())
    def pick_up(self, one: CharacterId, data: st.DataObject) -> None:
        if self.ground and len(self.things[one]) < CARRY_LIMIT:
            item_id = data.draw(st.sampled_from(sorted(self.ground)))
            self.things[one][item_id] = self.ground.pop(item_id)

    @rule(seconds=st.sampled_from([1, 30, 700]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        for trade in self.trades.due(self.now):
            self.trades.end(trade)

    def attempt(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except Refused:
            return False
        return True

    @invariant()
    def nothing_is_lost_or_made(self) -> None:
        assert sum(self.souls.values()) == 100 * len(PEOPLE)
        assert min(self.souls.values()) >= 0
        everything = [*self.things.values(), self.ground]
        assert _total(everything, "stack") == 5 * len(PEOPLE)
        assert _total(everything, "sword") == len(PEOPLE)
        ids = [item_id for things in everything for item_id in things]
        assert len(set(ids)) == len(ids)
        assert all(quantity > 0 for things in everything for quantity in things.values())

    @invariant()
    def nobody_is_in_two_trades(self) -> None:
        for one in PEOPLE:
            mine = self.trades.involving(one)
            assert sum(trade.state is not TradeState.REQUESTED for trade in mine) <= 1
            assert sum(trade.requester == one for trade in mine if trade.state is TradeState.REQUESTED) <= 1
            assert all(trade.state not in (TradeState.COMPLETED, TradeState.ENDED) for trade in mine)
        assert {trade.id for one in PEOPLE for trade in self.trades.involving(one)} == {
            trade.id for trade in self.trades.all()
        }


def _total(everything: Iterable[dict[ItemId, int]], kind: str) -> int:
    return sum(quantity for things in everything for item_id, quantity in things.items() if kind in item_id)


TestTradingHall = TradingHall.TestCase
TestTradingHall.settings = settings(max_examples=250, stateful_step_count=50, deadline=None)
