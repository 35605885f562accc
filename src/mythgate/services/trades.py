"""Trades between two characters in one room: asking, offering, confirming, and the one transaction that settles.

Requests and offers are live state: a restart forgets them, and nothing was lost by it. What both have is read
when they offer, to tell them early what cannot be, and again in the transaction that settles, which alone counts.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from mythgate.domain.errors import (
    CannotTrade,
    Muted,
    NotFound,
    NotHere,
    NoTrade,
    PermissionDenied,
    Refused,
    TooMany,
    TradeError,
    Unavailable,
)
from mythgate.domain.events import (
    InventoryUpdate,
    Payload,
    TradeAccept,
    TradeComplete,
    TradeDecline,
    TradeLineView,
    TradeOfferView,
    TradeRequest,
    TradeUpdate,
    TradeView,
    event_of,
)
from mythgate.domain.ids import CharacterId, ItemId, TemplateId, TradeId
from mythgate.domain.items import HolderKind, Item, ItemKind
from mythgate.domain.presence import Presence
from mythgate.domain.sheets import Sheet
from mythgate.domain.trades import (
    Belongings,
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
from mythgate.domain.world import World, find
from mythgate.services.errands import Errands
from mythgate.services.movement import Moved
from mythgate.services.ports import Clock, Ids, PresenceStore, Rate, Realtime, Store, Throttle, Transaction
from mythgate.services.sheets import Change, SheetService
from mythgate.services.sight import Sight, enumerate_words
from mythgate.services.stacks import put_together
from mythgate.services.world import WorldService

log = logging.getLogger(__name__)

Reason = Literal["declined", "cancelled", "moved", "gone", "fighting", "expired", "elsewhere"]

# What ends a trade, in the words of who causes it and in those of the other, who reads the first's name.
_ENDINGS: Final[Mapping[Reason, tuple[str, str]]] = {
    "declined": ("You do not trade with {}.", "{} does not want to trade."),
    "cancelled": ("You end the trade with {}.", "{} ends the trade."),
    "moved": ("You walk away: the trade with {} is off.", "{} walks away: the trade is off."),
    "gone": ("You are gone: the trade with {} is off.", "{} is gone: the trade is off."),
    "fighting": ("You fight: the trade with {} is off.", "{} fights: the trade is off."),
    "expired": ("Too much time has passed: the trade with {} is off.",) * 2,
    "elsewhere": ("You trade with somebody else than {} now.", "{} trades with somebody else now."),
}


_REQUESTS: Final = Rate(10, timedelta(minutes=1))
_REQUESTS_TO_ONE: Final = Rate(3, timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class TradePolicy:
    """Numbers an operator may change."""

    carry_limit: int = 20
    requests: Rate = _REQUESTS  # by one character
    requests_to_one: Rate = _REQUESTS_TO_ONE  # by one character to one other


@dataclass(frozen=True, slots=True)
class _Purse:
    """What somebody has: as the rules look at it, and the rows."""

    belongings: Belongings
    items: Mapping[ItemId, Item]
    sheet: Sheet

    @property
    def free(self) -> list[Item]:
        """What can be given away."""
        return [item for item in self.items.values() if not self.belongings.things[item.id].bound]


class TradeService:
    """Use cases around trades. `trade_id` is of a trade the actor has part in; all others do not exist for them."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        world: WorldService,
        sight: Sight,
        sheets: SheetService,
        throttle: Throttle,
        clock: Clock,
        ids: Ids,
        policy: TradePolicy | None = None,
    ) -> None:
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._world = world
        self._sight = sight
        self._sheets = sheets
        self._throttle = throttle
        self._clock = clock
        self._ids = ids
        self._policy = policy if policy is not None else TradePolicy()
        self._trades = Trades()
        self._closed: set[CharacterId] = set()  # who wants no requests
        self._engagements: list[Callable[[CharacterId], bool]] = []
        self._errands = Errands("trades")

    def while_not(self, engaged: Callable[[CharacterId], bool]) -> None:
        """Nobody trades for whom `engaged` is true, such as who fights."""
        self._engagements.append(engaged)

    # --- looking -----------------------------------------------------------------------------------------

    def of(self, actor: CharacterId) -> Trade | None:
        """The trade the actor is in; else their own request that waits for an answer."""
        return self._trades.current(actor) or self._trades.asked_by(actor)

    def asking(self, actor: CharacterId) -> list[Trade]:
        """Requests that wait for the actor's answer, the oldest first."""
        return self._trades.asking(actor)

    def count(self) -> int:
        """Requests and trades that go on."""
        return len(self._trades)

    def view(self, trade: Trade, reader: CharacterId) -> TradeView:
        """The trade as one of the two sees it."""
        partner = trade.other(reader)
        return TradeView(
            id=trade.id,
            state=trade.state.value,
            requester_id=trade.requester,
            partner_id=partner,
            partner_name=trade.called[partner],
            yours=_offer_view(trade, reader),
            theirs=_offer_view(trade, partner),
            revision=trade.revision,
            expires_at=trade.deadline,
        )

    # --- asking ------------------------------------------------------------------------------------------

    async def request(self, actor: CharacterId, target: CharacterId) -> Trade:
        """Ask somebody in the same room for a trade. Whoever asks who has asked them accepts.

        Raises:
            NotInWorld, NotHere: one of them is not there.
            PermissionDenied: the other wants no requests or ignores the actor, or is ignored.
            Muted: the actor is muted.
            AlreadyTrading, LimitReached: one of them trades, or waits for an answer, or too many wait for theirs.
            TooMany: the actor asks too often.

        """
        await self._count_request(actor, target)
        mine, theirs = self._sight.present(actor), self._presence.get(target)
        if theirs is None or theirs.room_id != mine.room_id:
            raise NotHere("They are not here.")
        for request in self._trades.asking(actor):
            if request.requester == target:
                return await self.accept(actor, request.id)
        self._require_welcome(mine, theirs)
        for one in (mine, theirs):
            self._require_free(one, actor)
        trade_id = TradeId(self._ids.new())
        trade = self._trades.request(trade_id, actor, target, mine.room_id, self._clock.now())
        trade.called.update({actor: mine.name, target: theirs.name})
        self._send(actor, TradeRequest(self.view(trade, actor), f"You ask {theirs.name} for a trade."))
        words = f"{mine.name} wants to trade with you. `trade accept` or `trade decline`."
        self._send(target, TradeRequest(self.view(trade, target), words))
        return trade

    async def _count_request(self, actor: CharacterId, target: CharacterId) -> None:
        to_one, to_all = _throttle_keys(actor, target)
        for key, rate in ((to_one, self._policy.requests_to_one), (to_all, self._policy.requests)):
            wait = await self._throttle.hit(key, rate)
            if wait is not None:
                raise TooMany("You ask for trades too often.", retry_after=wait)

    def _require_welcome(self, mine: Presence, theirs: Presence) -> None:
        if mine.muted_until is not None and self._clock.now() < mine.muted_until:
            raise Muted("Who is muted cannot ask for a trade.")
        if theirs.account_id in mine.ignored:
            raise PermissionDenied(f"You ignore {theirs.name}.", hint=f"`unignore {theirs.name}` first.")
        if mine.account_id in theirs.ignored or theirs.character_id in self._closed:
            raise PermissionDenied(f"{theirs.name} does not want to trade.")

    def _require_free(self, one: Presence, actor: CharacterId) -> None:
        if any(engaged(one.character_id) for engaged in self._engagements):
            called = "You are" if one.character_id == actor else f"{one.name} is"
            raise TradeError(f"{called} otherwise engaged.", hint="Try again later.")
        if one.linkdead_since is not None and one.character_id != actor:
            raise NotHere(f"{one.name} has lost the connection.")

    def take_requests(self, actor: CharacterId, *, wanted: bool) -> None:
        """Say whether others may ask for trades; holds until the character leaves the world. Raises NotInWorld."""
        self._sight.present(actor)
        if wanted:
            self._closed.discard(actor)
            return
        self._closed.add(actor)
        for request in self._trades.asking(actor):
            self._end(request, "declined", actor)

    async def accept(self, actor: CharacterId, trade_id: TradeId) -> Trade:
        """Begin the trade somebody asked for. All other requests by and to the two are over.

        Raises:
            NoTrade, TradeChanged: there is no such request.
            PermissionDenied: the actor asked themselves.
            AlreadyTrading: the actor trades with somebody else.
            NotHere, TradeError: one of them is not there any more, or fights.

        """
        trade = self._together(actor, trade_id)
        for other in self._trades.accept(trade, actor, self._clock.now()):
            by = next(one for one in other.both if one in trade.both)
            self._tell_end(other, "elsewhere", by)
        self._tell_accept(trade, actor, "You trade with {} now.", "{} accepts: you trade now.")
        for key in _throttle_keys(trade.requester, trade.partner):
            await self._throttle.clear(key)  # who is welcome has not asked too often
        return trade

    async def decline(self, actor: CharacterId, trade_id: TradeId) -> None:
        """Decline a request, take one's own back, or end a trade.

        Raises:
            NoTrade: there is none such.
            TradeChanged: it is being settled.

        """
        trade = self._trades.require(trade_id, actor)
        declines = trade.state is TradeState.REQUESTED and actor == trade.partner
        self._end(trade, "declined" if declines else "cancelled", actor)

    async def cancel(self, actor: CharacterId) -> Trade:
        """End one's trade, or take one's request back. Raises NoTrade and TradeChanged as `decline`."""
        trade = self.of(actor)
        if trade is None:
            raise NoTrade
        await self.decline(actor, trade.id)
        return trade

    # --- offering ----------------------------------------------------------------------------------------

    async def update(
        self, actor: CharacterId, trade_id: TradeId, souls: int, items: Sequence[tuple[ItemId, int]]
    ) -> Trade:
        """Offer exactly this instead of what was offered. Both have to confirm anew.

        The id of a thing stands for those like it as well, if more of it are offered than it is.

        Raises:
            NoTrade, TradeChanged: there is no such trade, or it is not open.
            InvalidInput, LimitReached: a number is out of range, a thing named twice, or there are too many lines.
            CannotTrade: the actor does not have it, or cannot give it away.
            NotHere, TradeError: one of them is not there any more, or fights.

        """
        offer_of(souls, items)  # refused before anything is read
        return await self._change(actor, trade_id, lambda _, purse: offer_of(souls, _spread(purse, items)))

    async def offer(self, actor: CharacterId, words: str) -> Trade:
        """Offer what `words` name besides: "30 souls", "lantern", "2 pears", "all pears". Of what is offered already,
        it says anew how many. Raises as `update`, and NotHere or Ambiguous for words that name nothing or several.
        """

        def work(now: Offer, purse: _Purse) -> Offer:
            souls = _souls_in(words, purse.belongings.souls)
            if souls is not None:
                return offer_of(souls, now.lines.items())
            template, count = self._named(words, purse)
            alike = [item for item in purse.free if item.template_id == template]
            quantity = sum(item.quantity for item in alike) if count is None else count
            ids = {item.id for item in alike}
            kept = [line for line in now.lines.items() if line[0] not in ids]
            return offer_of(now.souls, [*kept, *_spread(purse, [(alike[0].id, quantity)])])

        return await self._change(actor, self._current(actor).id, work)

    async def withdraw(self, actor: CharacterId, words: str) -> Trade:
        """Offer no longer what `words` name: "souls", a thing, or "all". Raises as `offer`."""
        trade = self._current(actor)

        def work(now: Offer, _: _Purse) -> Offer:
            if words.casefold() in ("all", "everything"):
                return Offer()
            if words.casefold() in ("souls", "soul") or _souls_in(words, 0) is not None:
                return offer_of(0, now.lines.items())
            # What was dropped meanwhile is still in the offer, and called what it was called.
            offered = {item_id: trade.called[item_id] for item_id in now.lines}
            try:
                named = find(words, offered, names=lambda item_id: (offered[item_id],), alike=offered.get, plurals=True)
            except NotHere:
                raise NotHere("You offer nothing like that.", hint="See: `trade show`") from None
            kept = [line for line in now.lines.items() if offered[line[0]] != offered[named]]
            return offer_of(now.souls, kept)

        return await self._change(actor, trade.id, work, checked=False)

    async def _change(
        self,
        actor: CharacterId,
        trade_id: TradeId,
        work: Callable[[Offer, _Purse], Offer],
        *,
        checked: bool = True,
    ) -> Trade:
        self._together(actor, trade_id).check(TradeAct.OFFER)
        purse = await self._store.read(lambda tx: self._purse(tx, actor))
        trade = self._together(actor, trade_id)
        try:
            offer = work(trade.offer_by(actor), purse)
            if checked:
                check_offer(offer, purse.belongings)
        except (CannotTrade, NotHere) as refused:
            log.info("offer refused", extra={"trade": trade.id, "character": actor, "code": refused.code})
            raise
        trade.offer(actor, offer, self._clock.now())
        things = purse.belongings.things
        trade.called.update({item_id: things[item_id].name for item_id in offer.lines if item_id in things})
        items = purse.items
        trade.numbers.update({item_id: items[item_id].number for item_id in offer.lines if item_id in items})
        words = self.describe(_offer_view(trade, actor))
        self._tell(trade, actor, TradeUpdate, f"You offer {words}.", f"{trade.called[actor]} offers {words}.")
        return trade

    def _named(self, words: str, purse: _Purse) -> tuple[TemplateId, int | None]:
        """Of which template things are that `words` name, and how many are meant; None for all."""
        world = self._world.world

        def named(wanted: str, among: Iterable[Item], *, plurals: bool) -> TemplateId:
            def names(item: Item) -> tuple[str, ...]:
                return world.template(item.template_id).names

            return find(wanted, among, names=names, alike=lambda item: item.template_id, plurals=plurals).template_id

        try:
            return named(words, purse.free, plurals=False), 1
        except NotHere:
            count, rest = _counted(words)
        try:
            return named(rest, purse.free, plurals=True), count
        except NotHere:
            pass
        try:
            template = named(rest, purse.items.values(), plurals=True)
        except NotHere:
            raise NotHere("You carry nothing like that.", hint="See: `inventory`") from None
        raise CannotTrade(f"You cannot trade {world.template(template).full_name}: it is in use, or part of a quest.")

    def describe(self, offer: TradeOfferView) -> str:
        """What somebody gives, in a sentence: "30 souls, a lantern and a copper coin (×2)"."""
        counts: dict[str, int] = {}
        for line in offer.items:
            counts[line.name] = counts.get(line.name, 0) + line.quantity
        words = [f"{offer.souls} soul{'' if offer.souls == 1 else 's'}"] if offer.souls else []
        words += [name if count == 1 else f"{name} (×{count})" for name, count in counts.items()]
        return enumerate_words(words) or "nothing"

    # --- confirming --------------------------------------------------------------------------------------

    async def confirm(self, actor: CharacterId, trade_id: TradeId, revision: int | None = None) -> Trade:
        """Want the trade as it stands in `revision`. Once both do, it is settled and saved before this returns.

        A caller that is cancelled meanwhile changes nothing about that.

        Raises:
            NoTrade, TradeChanged: there is no such trade; it is not what the actor believes.
            CannotTrade, CannotTake: something cannot change hands, and so nothing did; both may try anew.
            NotHere, TradeError: one of them is not there any more, or fights.
            Unavailable: it could not be saved, and is off.

        """
        trade = self._together(actor, trade_id)
        agreed = trade.confirm(actor, self._clock.now(), revision)
        self._tell_accept(trade, actor, "You confirm the trade with {}.", "{} confirms the trade.")
        if agreed:
            await self._errands.carry_out(self._settle(trade))
        return trade

    async def _settle(self, trade: Trade) -> None:
        try:
            await self._store.write(
                lambda tx: self._exchange(tx, trade), then=lambda changes: self._settled(trade, changes)
            )
        except Refused as refused:
            self._not_settled(trade, refused)
            raise
        except Exception:
            self._not_settled(trade, Unavailable())
            raise

    def _exchange(self, tx: Transaction, trade: Trade) -> list[Change]:
        # Always in the same order, so that two trades of the same people do not wait for each other.
        both = sorted(trade.both)
        purses = {one: self._purse(tx, one) for one in both}
        has = {one: purse.belongings for one, purse in purses.items()}
        moves = settlement(trade, has, carry_limit=self._policy.carry_limit)
        got: dict[CharacterId, set[ItemId]] = {one: set() for one in both}
        for handover in moves.handovers:
            item = purses[handover.giver].items[handover.item_id]
            given = tx.items.give(item, HolderKind.CHARACTER, handover.receiver, quantity=handover.quantity)
            got[handover.receiver].add(given.id)
        changes = []
        for one, purse in purses.items():
            after = purse.sheet.paid(moves.souls[one])
            if after != purse.sheet:
                tx.sheets.save(one, after)
            hands = put_together(tx, self._world.world, HolderKind.CHARACTER, one, got[one])
            changes.append(Change(one, purse.sheet, after, hands))
        return changes

    def _purse(self, tx: Transaction, one: CharacterId) -> _Purse:
        body, world = tx.characters.require(one), self._world.world
        items = {item.id: item for item in tx.items.held_by(HolderKind.CHARACTER, one)}
        things = {item.id: _holding(world, item) for item in items.values()}
        sheet = tx.sheets.get(one)
        return _Purse(Belongings(body.room_id, sheet.souls, things), items, sheet)

    def _settled(self, trade: Trade, changes: Sequence[Change]) -> None:
        """Saved: live state follows, and both are told."""
        self._trades.settle(trade)
        requester, partner = trade.both
        log.info(
            "trade settled",
            extra={
                "trade": trade.id,
                "requester": requester,
                "partner": partner,
                "given": _for_log(trade.offer_by(requester)),
                "received": _for_log(trade.offer_by(partner)),
            },
        )
        for change in changes:
            one = change.character_id
            view = self.view(trade, one)
            given, received = self.describe(view.yours), self.describe(view.theirs)
            words = f"You give {view.partner_name} {given} and get {received}."
            self._send(one, TradeComplete(view, change.after.souls, words))
            self._send(one, InventoryUpdate(self._sight.rows(change.carried)))
        self._sheets.tell_all(changes)

    def _not_settled(self, trade: Trade, refused: Refused) -> None:
        """Nothing changed hands: both may look again, unless there is no use in it.

        What could not be saved may yet have been, if the database cannot say: then nobody is to confirm it again.
        """
        trade.fail(self._clock.now())
        log.info("trade not settled", extra={"trade": trade.id, "code": refused.code})
        if isinstance(refused, Unavailable | NotFound | NotHere):
            self._end(trade, "cancelled", None, refused.message)
            return
        self._tell(trade, None, TradeUpdate, refused.message, refused.message)
        self._check(trade)

    # --- what ends a trade otherwise ---------------------------------------------------------------------

    def moved(self, moved: Moved) -> None:
        """For `MovementService.on_moved`."""
        self._end_all(moved.character_id, "moved")

    def gone(self, character_id: CharacterId) -> None:
        """For `PresenceService.on_gone`: the character left the world."""
        self._closed.discard(character_id)
        self._end_all(character_id, "gone")

    def status_changed(self, character_id: CharacterId) -> None:
        """For `PresenceService.on_status`. Whose line is lost may be back in a moment, until they are seen leaving."""
        if self._presence.get(character_id) is None:
            self._end_all(character_id, "gone")

    def fights(self, character_id: CharacterId) -> None:
        """The character is in a fight from now on."""
        self._end_all(character_id, "fighting")

    def tick(self) -> None:
        """End what nobody answered or touched for long, and whatever should have ended. Call it every second."""
        for trade in self._trades.due(self._clock.now()):
            self._end(trade, "expired", None)
        for trade in self._trades.all():
            self._check(trade)

    async def settle(self) -> None:
        """Wait until no trade is being saved. Before the store closes."""
        await self._errands.settle()

    def _end_all(self, character_id: CharacterId, reason: Reason) -> None:
        for trade in self._trades.involving(character_id):
            if trade.state is not TradeState.SETTLING:
                self._end(trade, reason, character_id)

    def _check(self, trade: Trade) -> Refused | None:
        """End the trade if the two cannot go on; returns why."""
        if trade.state is TradeState.SETTLING:
            return None
        for one in trade.both:
            present = self._presence.get(one)
            if present is None or present.room_id != trade.room_id:
                self._end(trade, "gone" if present is None else "moved", one)
                return NotHere("You are not in the same place any more.")
            if any(engaged(one) for engaged in self._engagements):
                self._end(trade, "fighting", one)
                return TradeError("One of you fights: the trade is off.")
        return None

    def _current(self, actor: CharacterId) -> Trade:
        trade = self._trades.current(actor)
        if trade is None:
            raise NoTrade
        return trade

    def _together(self, actor: CharacterId, trade_id: TradeId) -> Trade:
        """The trade, if both are still where it began; it is over if they are not."""
        self._sight.present(actor)
        trade = self._trades.require(trade_id, actor)
        if trade.deadline <= self._clock.now() and trade.state is not TradeState.SETTLING:
            self._end(trade, "expired", None)
            raise NoTrade("Too much time has passed: that trade is off.")
        refused = self._check(trade)
        if refused is not None:
            raise refused
        return trade

    # --- telling -----------------------------------------------------------------------------------------

    def _end(self, trade: Trade, reason: Reason, by: CharacterId | None, message: str | None = None) -> None:
        self._trades.end(trade)
        self._tell_end(trade, reason, by, message)

    def _tell_end(self, trade: Trade, reason: Reason, by: CharacterId | None, message: str | None = None) -> None:
        mine, theirs = _ENDINGS[reason]
        for one in trade.both:
            other = trade.other(one)
            words = message if message is not None else (mine if one == by else theirs).format(trade.called[other])
            self._send(one, TradeDecline(trade.id, other, reason, by, words))

    def _tell_accept(self, trade: Trade, actor: CharacterId, mine: str, theirs: str) -> None:
        for one in trade.both:
            words = (mine if one == actor else theirs).format(trade.called[trade.other(one)])
            self._send(one, TradeAccept(self.view(trade, one), actor, words))

    def _tell(self, trade: Trade, actor: CharacterId | None, kind: type[TradeUpdate], mine: str, theirs: str) -> None:
        for one in trade.both:
            self._send(one, kind(self.view(trade, one), mine if one == actor else theirs))

    def _send(self, reader: CharacterId, payload: Payload) -> None:
        self._realtime.send(reader, event_of(payload, self._clock.now(), player_id=reader))


def _throttle_keys(requester: CharacterId, partner: CharacterId) -> tuple[str, str]:
    return f"trade:{requester}:{partner}", f"trade:{requester}"


def _offer_view(trade: Trade, one: CharacterId) -> TradeOfferView:
    offer = trade.offer_by(one)
    lines = [
        TradeLineView(item_id, trade.called[item_id], quantity, trade.numbers.get(item_id, 0))
        for item_id, quantity in offer.lines.items()
    ]
    return TradeOfferView(offer.souls, lines, one in trade.confirmed)


def _holding(world: World, item: Item) -> Holding:
    template = world.template(item.template_id)
    if template.quest or template.kind is ItemKind.QUEST_ITEM:
        bound = "it is part of a quest."
    elif item.equipped:
        bound = "it is in use."
    else:
        bound = ""
    return Holding(item.quantity, template.full_name, bound, item.template_id if template.stacks else "")


def _spread(purse: _Purse, wanted: Sequence[tuple[ItemId, int]]) -> list[tuple[ItemId, int]]:
    """`wanted` with what is more than one item has taken from others like it. Raises CannotTrade for too much."""
    left = {item.id: item.quantity for item in purse.free}
    lines: dict[ItemId, int] = {}
    for item_id, quantity in wanted:
        item = purse.items.get(item_id)
        if item is None or item_id not in left or quantity < 1:
            lines[item_id] = quantity  # refused when the offer is checked
            continue
        alike = [one for one in purse.free if one.template_id == item.template_id and one is not item]
        missing = quantity
        for one in (item, *alike):
            part = min(missing, left[one.id])
            if part:
                lines[one.id] = lines.get(one.id, 0) + part
                left[one.id] -= part
                missing -= part
        if missing:
            name = purse.belongings.things[item_id].name
            raise CannotTrade(f"There are only {quantity - missing} of {name} to give.")
    return list(lines.items())


_SOULS: Final = re.compile(r"(?P<amount>[+-]?\d{1,15}|all)(?:\s+souls?)", re.IGNORECASE)
_NUMBERS: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNTED: Final = re.compile(
    rf"(?P<count>\d{{1,9}}|all|{'|'.join(_NUMBERS)})\s+(?:of\s+)?(?P<rest>\S.*)", re.IGNORECASE
)


def _souls_in(words: str, everything: int) -> int | None:
    """How many souls `words` name, if they name souls; `everything` for all."""
    match = _SOULS.fullmatch(words.strip())
    if match is None:
        return None
    return everything if match["amount"].casefold() == "all" else int(match["amount"])


def _counted(words: str) -> tuple[int | None, str]:
    """How many of what: "2 pears", "two pears"; None for all, as in "all pears" and "pears"."""
    match = _COUNTED.fullmatch(words.strip())
    if match is None:
        return None, words
    count = match["count"].casefold()
    if count == "all":
        return None, match["rest"]
    return (_NUMBERS.index(count) + 1 if count in _NUMBERS else int(count)), match["rest"]


def _for_log(offer: Offer) -> dict[str, int]:
    return {"souls": offer.souls, **{str(item_id): quantity for item_id, quantity in offer.lines.items()}}
