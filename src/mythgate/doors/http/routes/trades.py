"""Trades, for clients that show them: the same as the text command `trade`."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Path, Response
from pydantic import BaseModel, Field

from mythgate.domain.events import TradeView
from mythgate.domain.ids import CharacterId, ItemId, TradeId
from mythgate.domain.trades import MAX_LINES, MAX_QUANTITY, MAX_SOULS
from mythgate.doors.http.deps import CallerDep, ChargedCallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router

router = new_router("trades")

_EXAMPLE: Final = "01979c5e-7c2b-7d4a-9d38-1f4b8c2a6e10"

PathId = Annotated[str, Path(min_length=1, max_length=64, examples=[_EXAMPLE])]
_CHANGE = error_responses(400, 401, 403, 404, 409, 413, 422, 429, 503)


class Trades(BaseModel):
    """What the caller's character trades."""

    trade: TradeView | None = Field(description="The open trade, or the caller's own request; null for neither.")
    requests: list[TradeView] = Field(description="Requests that wait for the caller's answer, the oldest first.")


class NewTrade(BaseModel):
    player_id: str = Field(
        min_length=1, max_length=64, examples=[_EXAMPLE], description="The character to ask; in the same room."
    )


class OfferedItem(BaseModel):
    item_id: str = Field(min_length=1, max_length=64, examples=[_EXAMPLE], description="Of a thing one carries.")
    quantity: int = Field(1, ge=1, le=MAX_QUANTITY, description="How many; things like it count as well.")


class NewOffer(BaseModel):
    souls: int = Field(0, ge=0, le=MAX_SOULS, examples=[30])
    items: list[OfferedItem] = Field([], max_length=MAX_LINES)


class Confirmation(BaseModel):
    revision: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Of the trade as it was seen; refused if an offer changed since."
    )


@router.get("/api/trades", summary="One's trade and requests", responses=error_responses(401, 403, 409, 503))
async def list_trades(caller: CallerDep, services: ServicesDep) -> Trades:
    """The open trade of the caller's character in the world, and the requests it got."""
    actor, trades = services.presence.acting(caller), services.trades
    current = trades.of(actor)
    return Trades(
        trade=trades.view(current, actor) if current is not None else None,
        requests=[trades.view(one, actor) for one in trades.asking(actor)],
    )


@router.post("/api/trades", status_code=201, summary="Ask for a trade", responses=_CHANGE)
async def request_trade(body: NewTrade, caller: ChargedCallerDep, services: ServicesDep) -> TradeView:
    """Ask somebody in the room. Whoever asks who has asked them accepts that."""
    actor = services.presence.acting(caller)
    trade = await services.trades.request(actor, CharacterId(body.player_id))
    return services.trades.view(trade, actor)


@router.post("/api/trades/{trade_id}/accept", summary="Accept a request", responses=_CHANGE)
async def accept_trade(trade_id: PathId, caller: ChargedCallerDep, services: ServicesDep) -> TradeView:
    """Begin to trade. All other requests by and to the two are over."""
    actor = services.presence.acting(caller)
    return services.trades.view(await services.trades.accept(actor, TradeId(trade_id)), actor)


@router.put("/api/trades/{trade_id}/offer", summary="Offer something", responses=_CHANGE)
async def offer(trade_id: PathId, body: NewOffer, caller: ChargedCallerDep, services: ServicesDep) -> TradeView:
    """Offer exactly this instead of what was offered. Both have to confirm anew."""
    actor = services.presence.acting(caller)
    items = [(ItemId(one.item_id), one.quantity) for one in body.items]
    trade = await services.trades.update(actor, TradeId(trade_id), body.souls, items)
    return services.trades.view(trade, actor)


@router.post("/api/trades/{trade_id}/confirm", summary="Confirm a trade", responses=_CHANGE)
async def confirm_trade(
    trade_id: PathId, body: Confirmation, caller: ChargedCallerDep, services: ServicesDep
) -> TradeView:
    """Want the trade as it stands. Once both do, all of it has changed hands when this answers."""
    actor = services.presence.acting(caller)
    trade = await services.trades.confirm(actor, TradeId(trade_id), body.revision)
    return services.trades.view(trade, actor)


@router.delete(
    "/api/trades/{trade_id}",
    status_code=204,
    response_class=Response,
    summary="Decline or end a trade",
    responses=error_responses(401, 403, 404, 409, 422, 429, 503),
)
async def end_trade(trade_id: PathId, caller: ChargedCallerDep, services: ServicesDep) -> None:
    """Decline a request, take one's own back, or end an open trade. Nothing changes hands."""
    await services.trades.decline(services.presence.acting(caller), TradeId(trade_id))
