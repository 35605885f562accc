"""Trades: asking, offering, confirming, and the trade as it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from mythgate.client.connection import Connection
from mythgate.client.values import read
from mythgate.domain.errors import NoTrade
from mythgate.domain.events import (
    GameState,
    Payload,
    TradeAccept,
    TradeComplete,
    TradeDecline,
    TradeRequest,
    TradeUpdate,
    TradeView,
)

HEARD: Final = (GameState, TradeRequest, TradeAccept, TradeUpdate, TradeDecline, TradeComplete)

_PATH: Final = "/api/trades"


class Trades(Connection):
    """One's trade. What it is, `trade` says once a method returns; within a handler, once events have told."""

    trade: TradeView | None
    """The open trade, or one's own request that waits for an answer."""
    trade_requests: dict[str, TradeView]
    """Requests that wait for one's answer, by their ids, the oldest first."""

    async def request_trade(self, target_id: str) -> TradeView:
        """Ask a character in the same room for a trade. Who asks who has asked them accepts.

        Raises:
            NotHere: they are not in the room, or have lost the line.
            PermissionDenied: they want no requests, or one of you ignores the other.
            AlreadyTrading, LimitReached: one of you trades, or waits for an answer.
            TradeError: one of you fights.
            TooMany, Muted: not now.

        """
        return await self._known(await self.request("POST", _PATH, {"player_id": target_id}))

    async def accept_trade(self, trade_id: str | None = None) -> TradeView:
        """Begin the trade somebody asked for, without an id that of who asked first.

        Whoever wants what is offered then says so with `confirm_trade`.

        Raises:
            NoTrade, TradeChanged: there is no such request.
            AlreadyTrading: one trades already.
            NotHere, TradeError: one of you is not here any more, or fights.

        """
        asked = trade_id or next(iter(self.trade_requests), None)
        return await self._known(await self.request("POST", f"{_path(asked)}/accept"))

    async def update_trade(
        self, trade_id: str | None = None, souls: int = 0, items: Iterable[Mapping[str, Any]] = ()
    ) -> TradeView:
        """Offer souls and things (`item_id`, `quantity`) in place of what was offered; nobody has confirmed then.

        Raises:
            NoTrade, TradeChanged: there is no such trade, or it is not open.
            CannotTrade: one does not have that, or cannot give it away.
            InvalidInput, LimitReached: a number is out of range, a thing named twice, or there are too many.
            NotHere, TradeError: as with `accept_trade`.

        """
        body = {"souls": souls, "items": [dict(one) for one in items]}
        return await self._known(await self.request("PUT", f"{self._own(trade_id)}/offer", body))

    async def confirm_trade(self, trade_id: str | None = None, revision: int | None = None) -> TradeView:
        """Want the trade as it stands; of a `revision`, as it was seen. Once both do, all has changed hands.

        Raises:
            TradeChanged: an offer is another than in that revision; nothing was confirmed.
            NoTrade, CannotTrade, NotHere, TradeError: as with `update_trade`.

        """
        return await self._known(await self.request("POST", f"{self._own(trade_id)}/confirm", {"revision": revision}))

    async def decline_trade(self, trade_id: str | None = None) -> None:
        """Decline a request, without an id that of who asked first. Raises NoTrade."""
        await self._end(trade_id or next(iter(self.trade_requests), None))

    async def cancel_trade(self, trade_id: str | None = None) -> None:
        """End one's trade, or take one's own request back.

        Raises:
            NoTrade: there is none such.
            TradeChanged: it is being settled.

        """
        await self._end(trade_id or (None if self.trade is None else self.trade.id))

    async def _end(self, trade_id: str | None) -> None:
        await self.request("DELETE", _path(trade_id))
        await self._until(lambda: trade_id not in self._known_trades())

    async def _known(self, answer: dict[str, Any]) -> TradeView:
        told = read(TradeView, answer)
        await self._until(lambda: self._last_trade == told.id or self._has_seen(told))
        return told

    def _has_seen(self, told: TradeView) -> bool:
        trade = self.trade
        return (
            trade is not None
            and (trade.id, trade.state) == (told.id, told.state)
            and (trade.revision > told.revision or (trade.revision, trade.yours) == (told.revision, told.yours))
        )

    def _known_trades(self) -> set[str]:
        return {*self.trade_requests, *(() if self.trade is None else (self.trade.id,))}

    def _own(self, trade_id: str | None) -> str:
        return _path(trade_id or (None if self.trade is None else self.trade.id))

    def _put_trades(self, trade: TradeView | None, requests: Iterable[TradeView]) -> None:
        self.trade = trade
        self.trade_requests = {one.id: one for one in requests}

    def _forget(self) -> None:
        super()._forget()
        self._put_trades(None, ())
        self._last_trade = ""  # that is over

    def _hear(self, payload: Payload) -> None:
        super()._hear(payload)
        match payload:
            case GameState():  # what waits for an answer one has to ask for
                self._put_trades(None, ())
            case TradeRequest(trade) if trade.requester_id == trade.partner_id:
                self.trade_requests[trade.id] = trade
            case TradeRequest(trade) | TradeAccept(trade) | TradeUpdate(trade):
                self.trade_requests.pop(trade.id, None)
                self.trade = trade
            case TradeComplete(trade):
                self._over(trade.id)
            case TradeDecline(trade_id):
                self._over(trade_id)

    def _over(self, trade_id: str) -> None:
        self._last_trade = trade_id
        self.trade_requests.pop(trade_id, None)
        if self.trade is not None and self.trade.id == trade_id:
            self.trade = None


def _path(trade_id: str | None) -> str:
    if trade_id is None:
        raise NoTrade
    return f"{_PATH}/{quote(trade_id, safe='')}"
