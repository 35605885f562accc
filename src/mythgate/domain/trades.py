"""Trades: two people in one place, two offers, two confirmations, one settlement.

    requested ──accept──► open ──both confirm──► settling ──settle──► completed
        │                 │ ▲                       │
        └──────end──────► │ └────────fail───────────┘
                 ended ◄──┘

Whatever changes an offer takes both confirmations back. While a trade settles nobody can change or end it: it
is being saved, and either all of it happens or none. What somebody has may have changed since they offered
it, so `settlement` looks at what both have at that moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

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
    TradeChanged,
)
from mythgate.domain.ids import CharacterId, ItemId, RoomId, TradeId

MAX_SOULS: Final = 2_000_000_000  # anybody may have; an integer of 32 bits holds it
MAX_QUANTITY: Final = 1_000_000  # of one line
MAX_LINES: Final = 12  # of one offer
MAX_REQUESTS: Final = 5  # that wait for one person's answer
REQUEST_LIFETIME: Final = timedelta(seconds=60)
IDLE_LIFETIME: Final = timedelta(minutes=10)  # of an open trade that nobody touches
TIME_TO_LOOK: Final = timedelta(seconds=1)
"""After the other changed their offer, until a confirmation counts that does not say what it confirms."""


# --- offers ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """What one of the two gives: souls, and so many of each thing. Made by `offer_of`."""

    souls: int = 0
    lines: Mapping[ItemId, int] = field(default_factory=lambda: MappingProxyType({}))  # how many of which, in order

    @property
    def is_empty(self) -> bool:
        return not self.souls and not self.lines


NOTHING: Final = Offer()


def offer_of(souls: int, lines: Iterable[tuple[ItemId, int]]) -> Offer:
    """An offer within the limits.

    Raises:
        InvalidInput: a sum or quantity is out of range, or a thing is named twice.
        LimitReached: there are too many lines.

    """
    if not 0 <= souls <= MAX_SOULS:
        raise InvalidInput(f"Offer from 0 to {MAX_SOULS} souls.", field="souls")
    offered: dict[ItemId, int] = {}
    for item_id, quantity in lines:
        if not 1 <= quantity <= MAX_QUANTITY:
            raise InvalidInput(f"Offer from 1 to {MAX_QUANTITY} of a thing.", field="quantity")
        if item_id in offered:
            raise InvalidInput("The same thing is in your offer twice.", field="items")
        offered[item_id] = quantity
    if len(offered) > MAX_LINES:
        raise LimitReached(f"An offer has {MAX_LINES} lines at most.")
    return Offer(souls, MappingProxyType(offered))


# --- a trade ---------------------------------------------------------------------------------------


class TradeState(StrEnum):
    REQUESTED = "requested"
    OPEN = "open"
    SETTLING = "settling"
    COMPLETED = "completed"
    ENDED = "ended"


class TradeAct(StrEnum):
    ACCEPT = "accept"
    OFFER = "offer"
    CONFIRM = "confirm"  # by one of the two
    AGREE = "agree"  # by the second
    SETTLE = "settle"
    FAIL = "fail"
    END = "end"


TRANSITIONS: Final[Mapping[tuple[TradeState, TradeAct], TradeState]] = MappingProxyType(
    {
        (TradeState.REQUESTED, TradeAct.ACCEPT): TradeState.OPEN,
        (TradeState.REQUESTED, TradeAct.END): TradeState.ENDED,
        (TradeState.OPEN, TradeAct.OFFER): TradeState.OPEN,
        (TradeState.OPEN, TradeAct.CONFIRM): TradeState.OPEN,
        (TradeState.OPEN, TradeAct.AGREE): TradeState.SETTLING,
        (TradeState.OPEN, TradeAct.END): TradeState.ENDED,
        (TradeState.SETTLING, TradeAct.SETTLE): TradeState.COMPLETED,
        (TradeState.SETTLING, TradeAct.FAIL): TradeState.OPEN,
    }
)

_WHY_NOT: Final[Mapping[TradeState, str]] = MappingProxyType(
    {
        TradeState.REQUESTED: "That trade waits for an answer.",
        TradeState.OPEN: "That trade has begun.",
        TradeState.SETTLING: "Both have confirmed: the trade is being settled.",
        TradeState.COMPLETED: "That trade is done.",
        TradeState.ENDED: "That trade is over.",
    }
)


@dataclass(slots=True)
class Trade:
    """One trade, from the request to its end. Live state: what it moves is in the database only.

    `revision` rises with every change of an offer; a confirmation names the one it is for.
    """

    id: TradeId
    requester: CharacterId
    partner: CharacterId
    room_id: RoomId
    deadline: datetime  # of the answer, then of doing anything
    state: TradeState = TradeState.REQUESTED
    revision: int = 1
    offers: dict[CharacterId, Offer] = field(default_factory=dict)
    confirmed: set[CharacterId] = field(default_factory=set)
    changed: dict[CharacterId, datetime] = field(default_factory=dict)  # when somebody last changed their offer
    called: dict[str, str] = field(default_factory=dict)  # names of the two and of things in offers, for showing
    numbers: dict[ItemId, int] = field(default_factory=dict)  # of things in offers, likewise

    @property
    def both(self) -> tuple[CharacterId, CharacterId]:
        return self.requester, self.partner

    def other(self, one: CharacterId) -> CharacterId:
        return self.partner if one == self.requester else self.requester

    def offer_by(self, one: CharacterId) -> Offer:
        return self.offers.get(one, NOTHING)

    def accept(self, actor: CharacterId, now: datetime) -> None:
        """The request is answered with yes.

        Raises:
            PermissionDenied: by who asked.
            TradeChanged: there is nothing to answer.

        """
        if actor != self.partner and self.state is TradeState.REQUESTED:
            raise PermissionDenied("The answer is theirs.")
        self._apply(TradeAct.ACCEPT)
        self._touch(now)

    def offer(self, actor: CharacterId, offer: Offer, now: datetime) -> None:
        """Replace the actor's offer. Raises TradeChanged unless the trade is open."""
        self._apply(TradeAct.OFFER)
        self.offers[actor] = offer
        self.changed[actor] = now
        self._take_back(now)

    def confirm(self, actor: CharacterId, now: datetime, revision: int | None = None) -> bool:
        """The actor wants the offers as they are; True if now both do, and the trade is to be settled.

        Raises:
            TradeChanged: they are not as in `revision`, or it was not said and the other's have just changed; the
                actor has confirmed before; the trade is not open.
            CannotTrade: nobody offers anything.

        """
        self.check(TradeAct.CONFIRM)
        if actor in self.confirmed:
            raise TradeChanged("You have confirmed already.", hint="The other has not.")
        if revision is not None and revision != self.revision:
            raise TradeChanged
        changed = self.changed.get(self.other(actor))
        if revision is None and changed is not None and now < changed + TIME_TO_LOOK:
            raise TradeChanged("They have only just changed their offer.", retry_after=changed + TIME_TO_LOOK - now)
        if all(self.offer_by(one).is_empty for one in self.both):
            raise CannotTrade("Nobody offers anything.", hint="Offer something: `trade offer 10 souls`")
        self.confirmed.add(actor)
        agreed = len(self.confirmed) == 2
        self._apply(TradeAct.AGREE if agreed else TradeAct.CONFIRM)
        self._touch(now)
        return agreed

    def settle(self) -> None:
        """What both gave is saved."""
        self._apply(TradeAct.SETTLE)

    def fail(self, now: datetime) -> None:
        """It could not be settled: nothing changed hands, and nobody has confirmed any more."""
        self._apply(TradeAct.FAIL)
        self._take_back(now)

    def end(self) -> None:
        """Declined or cancelled. Raises TradeChanged once it is being settled."""
        self._apply(TradeAct.END)

    def _take_back(self, now: datetime) -> None:
        self.revision += 1
        self.confirmed.clear()
        self._touch(now)

    def _touch(self, now: datetime) -> None:
        self.deadline = now + IDLE_LIFETIME

    def check(self, act: TradeAct) -> TradeState:
        """The state `act` leads to. Raises TradeChanged if there is none."""
        state = TRANSITIONS.get((self.state, act))
        if state is None:
            raise TradeChanged(_WHY_NOT[self.state])
        return state

    def _apply(self, act: TradeAct) -> None:
        self.state = self.check(act)


# --- all trades ------------------------------------------------------------------------------------


class Trades:
    """All requests and open trades. Everybody trades with one other at most, and asks one other at most."""

    def __init__(self) -> None:
        self._all: dict[TradeId, Trade] = {}
        self._of: dict[CharacterId, dict[TradeId, Trade]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def all(self) -> list[Trade]:
        """Requests and trades, the oldest first."""
        return list(self._all.values())

    def involving(self, one: CharacterId) -> list[Trade]:
        """Requests and trades, the oldest first."""
        return list(self._of.get(one, {}).values())

    def current(self, one: CharacterId) -> Trade | None:
        """The trade that was accepted, if any."""
        return next((trade for trade in self.involving(one) if trade.state is not TradeState.REQUESTED), None)

    def asked_by(self, one: CharacterId) -> Trade | None:
        """Their own request, if any."""
        return next((trade for trade in self._requests(one) if trade.requester == one), None)

    def asking(self, one: CharacterId) -> list[Trade]:
        """Requests of others to them, the oldest first."""
        return [trade for trade in self._requests(one) if trade.partner == one]

    def require(self, trade_id: TradeId, actor: CharacterId) -> Trade:
        """Raises NoTrade for one the actor has no part in."""
        trade = self._of.get(actor, {}).get(trade_id)
        if trade is None:
            raise NoTrade
        return trade

    def request(
        self, trade_id: TradeId, requester: CharacterId, partner: CharacterId, room_id: RoomId, now: datetime
    ) -> Trade:
        """A new request.

        Raises:
            BadUsage: to oneself.
            AlreadyTrading: one of them trades, or the requester waits for an answer.
            LimitReached: the partner has as many requests as one may.

        """
        if requester == partner:
            raise BadUsage("You cannot trade with yourself.")
        if self.current(requester) is not None:
            raise AlreadyTrading
        if self.asked_by(requester) is not None:
            raise AlreadyTrading("You wait for an answer already.", hint="Take it back with `trade cancel`.")
        if self.current(partner) is not None:
            raise AlreadyTrading("They are trading with somebody.", hint="Try again later.")
        if len(self.asking(partner)) >= MAX_REQUESTS:
            raise LimitReached("Too many others want to trade with them.")
        trade = Trade(trade_id, requester, partner, room_id, now + REQUEST_LIFETIME)
        self._all[trade_id] = trade
        for one in trade.both:
            self._of.setdefault(one, {})[trade_id] = trade
        return trade

    def accept(self, trade: Trade, actor: CharacterId, now: datetime) -> list[Trade]:
        """Open `trade`; returns all other requests to and by the two, which are over.

        Raises:
            AlreadyTrading: one of them trades already.
            PermissionDenied, TradeChanged: as `Trade.accept`.

        """
        if self.current(actor) not in (None, trade):
            raise AlreadyTrading
        trade.accept(actor, now)
        others = {other.id: other for one in trade.both for other in self._requests(one)}
        for other in others.values():
            self.end(other)
        return list(others.values())

    def end(self, trade: Trade) -> None:
        """It is declined or cancelled. Raises TradeChanged once it is being settled."""
        trade.end()
        self._forget(trade)

    def settle(self, trade: Trade) -> None:
        """What both gave is saved."""
        trade.settle()
        self._forget(trade)

    def due(self, now: datetime) -> list[Trade]:
        """Requests nobody answered, and trades nobody touched for long."""
        return [trade for trade in self._all.values() if trade.deadline <= now and trade.state in _ENDABLE]

    def _requests(self, one: CharacterId) -> list[Trade]:
        return [trade for trade in self.involving(one) if trade.state is TradeState.REQUESTED]

    def _forget(self, trade: Trade) -> None:
        del self._all[trade.id]
        for one in trade.both:
            mine = self._of[one]
            del mine[trade.id]
            if not mine:
                del self._of[one]


_ENDABLE: Final = frozenset(state for state, act in TRANSITIONS if act is TradeAct.END)


# --- settling --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Holding:
    """A thing, or a stack of things alike, that somebody has."""

    quantity: int = 1
    name: str = "a thing"  # in a sentence
    bound: str = ""  # why it stays with its owner, in a sentence: "You wear it." Empty: it does not
    kind: str = ""  # what it lies on one stack with; empty: nothing


@dataclass(frozen=True, slots=True)
class Belongings:
    """What one of the two has at the moment of settling."""

    room_id: RoomId
    souls: int
    things: Mapping[ItemId, Holding]


@dataclass(frozen=True, slots=True)
class Handover:
    """A thing, or so many of a stack, that changes hands."""

    item_id: ItemId
    quantity: int
    giver: CharacterId
    receiver: CharacterId


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a trade moves: `souls` says how many each has more, or with a negative number fewer."""

    handovers: tuple[Handover, ...]
    souls: Mapping[CharacterId, int]


def check_offer(offer: Offer, belongings: Belongings) -> None:
    """Raises CannotTrade unless all of `offer` is there to be given."""
    if offer.souls > belongings.souls:
        raise CannotTrade(f"There are only {belongings.souls} souls to give.")
    for item_id, quantity in offer.lines.items():
        holding = belongings.things.get(item_id)
        if holding is None:
            raise CannotTrade("What was offered is not in the hands of who offered it.")
        if holding.bound:
            raise CannotTrade(f"{_capitalised(holding.name)} cannot be traded: {holding.bound}")
        if quantity > holding.quantity:
            raise CannotTrade(f"There are only {holding.quantity} of {holding.name} to give.")


def settlement(trade: Trade, has: Mapping[CharacterId, Belongings], *, carry_limit: int) -> Settlement:
    """What changes hands, given what both have now.

    Raises:
        NotHere: they are not in the place where the trade began.
        CannotTrade: something that was offered is not there, worn, or part of a quest; or too many souls for one.
        CannotTake: somebody cannot carry it all.

    """
    if any(has[one].room_id != trade.room_id for one in trade.both):
        raise NotHere("You are not in the same place any more.")
    handovers: list[Handover] = []
    souls = dict.fromkeys(trade.both, 0)
    for giver in trade.both:
        receiver, offer = trade.other(giver), trade.offer_by(giver)
        check_offer(offer, has[giver])
        handovers += [Handover(item_id, quantity, giver, receiver) for item_id, quantity in offer.lines.items()]
        souls[giver] -= offer.souls
        souls[receiver] += offer.souls
    for one in trade.both:
        if has[one].souls + souls[one] > MAX_SOULS:
            raise CannotTrade(f"Nobody can have more than {MAX_SOULS} souls.")
        if _rows_after(one, has, handovers) > max(carry_limit, len(has[one].things)):
            raise CannotTake(f"One of you would carry more than {carry_limit} things.", hint="Drop something first.")
    return Settlement(tuple(handovers), MappingProxyType(souls))


def _rows_after(one: CharacterId, has: Mapping[CharacterId, Belongings], handovers: Collection[Handover]) -> int:
    """How many things, or stacks, somebody has afterwards. What they get lies on a stack of the same, if any."""
    kept = dict(has[one].things)
    for handover in handovers:
        if handover.giver == one and handover.quantity == kept[handover.item_id].quantity:
            del kept[handover.item_id]
    rows, kinds = len(kept), {holding.kind for holding in kept.values()}
    for handover in handovers:
        if handover.receiver == one:
            kind = has[handover.giver].things[handover.item_id].kind
            rows += not kind or kind not in kinds
            kinds.add(kind)
    return rows


def _capitalised(name: str) -> str:
    return name[:1].upper() + name[1:]
