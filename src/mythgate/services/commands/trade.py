"""Commands of trade: one word that says everything about a trade, or whom to ask for one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Final

from mythgate.domain.errors import NoTrade
from mythgate.domain.events import CommandResponse, TradeOfferView
from mythgate.domain.trades import Trade, TradeState
from mythgate.domain.world import find
from mythgate.services.commands.registry import Call, Command, Group

_NO_REQUEST: Final = "Nobody has asked you for a trade."


async def trade(call: Call) -> CommandResponse:
    word, _, rest = call.get("what").partition(" ")
    known = _WORDS.get(word.casefold())
    if known is None:
        return await _ask(call, call["what"])
    wants_more, handler = known
    if wants_more and not rest.strip():
        raise call.misused(f"Trade {word.casefold()} what?")
    return await handler(call, rest.strip())


async def _show(call: Call, _: str) -> CommandResponse:
    trades, actor = call.play.trades, call.actor.character_id
    current = trades.of(actor)
    asking = trades.asking(actor)
    lines = [
        f"{one.called[one.requester]} wants to trade with you: `trade accept` or `trade decline`" for one in asking
    ]
    if current is not None:
        lines.insert(0, _text(call, current))
    data = {
        "trade": asdict(trades.view(current, actor)) if current is not None else None,
        "requests": [asdict(trades.view(one, actor)) for one in asking],
    }
    return call.done("\n".join(lines) or "You are not trading. To begin: `trade <person>`", data=data)


async def _ask(call: Call, words: str) -> CommandResponse:
    target = call.play.things.find_person(call.actor, words)
    done = await call.play.trades.request(call.actor.character_id, target.character_id)
    if done.state is TradeState.REQUESTED:
        return _done(call, done, f"{target.name} is to answer.")
    return _done(call, done, f"You trade with {target.name} now.")


async def _accept(call: Call, words: str) -> CommandResponse:
    request = _request(call, words)
    done = await call.play.trades.accept(call.actor.character_id, request.id)
    return _done(call, done, f"You trade with {request.called[request.requester]} now.")


async def _decline(call: Call, words: str) -> CommandResponse:
    request = _request(call, words)
    await call.play.trades.decline(call.actor.character_id, request.id)
    return _done(call, request, f"You do not trade with {request.called[request.requester]}.")


def _request(call: Call, words: str) -> Trade:
    """The request that `words` name by who made it; without words the only one, or that of the first who asked."""
    asking = call.play.trades.asking(call.actor.character_id)
    if not asking:
        raise NoTrade(_NO_REQUEST)
    return find(words, asking, names=lambda one: (one.called[one.requester],)) if words else asking[0]


async def _offer(call: Call, words: str) -> CommandResponse:
    return _done(call, await call.play.trades.offer(call.actor.character_id, words))


async def _withdraw(call: Call, words: str) -> CommandResponse:
    return _done(call, await call.play.trades.withdraw(call.actor.character_id, words))


async def _confirm(call: Call, words: str) -> CommandResponse:
    trades, actor = call.play.trades, call.actor.character_id
    current = trades.of(actor)
    if current is None:
        raise NoTrade
    revision: int | None = None
    if words:
        if not (words.isascii() and words.isdigit() and len(words) < 10):
            raise call.misused("That is no number of a state of the trade.")
        revision = int(words)
    done = await trades.confirm(actor, current.id, revision)
    if done.state is TradeState.COMPLETED:
        view = trades.view(done, actor)
        given, received = trades.describe(view.yours), trades.describe(view.theirs)
        return _done(call, done, f"Done. You give {view.partner_name} {given} and get {received}.")
    return _done(call, done)


async def _cancel(call: Call, _: str) -> CommandResponse:
    done = await call.play.trades.cancel(call.actor.character_id)
    return _done(call, done, f"You do not trade with {done.called[done.other(call.actor.character_id)]} any more.")


async def _on(call: Call, _: str) -> CommandResponse:
    call.play.trades.take_requests(call.actor.character_id, wanted=True)
    return call.done("Others may ask you for a trade again.", data={"requests": True})


async def _off(call: Call, _: str) -> CommandResponse:
    call.play.trades.take_requests(call.actor.character_id, wanted=False)
    return call.done("Nobody can ask you for a trade now, until you leave the world.", data={"requests": False})


def _done(call: Call, trade: Trade, text: str | None = None) -> CommandResponse:
    view = call.play.trades.view(trade, call.actor.character_id)
    return call.done(text if text is not None else _text(call, trade), data={"trade": asdict(view)})


def _text(call: Call, trade: Trade) -> str:
    trades = call.play.trades
    view = trades.view(trade, call.actor.character_id)
    if trade.state is TradeState.REQUESTED:
        return f"You wait for {view.partner_name} to answer."

    def side(offer: TradeOfferView) -> str:
        return trades.describe(offer) + (" (confirmed)" if offer.confirmed else "")

    return (
        f"You trade with {view.partner_name} (state {view.revision}).\n"
        f"  You give: {side(view.yours)}\n  You get: {side(view.theirs)}"
    )


# Whether a word wants more behind it, and what it does. Anything else is somebody's name.
_WORDS: Final[Mapping[str, tuple[bool, Callable[[Call, str], Awaitable[CommandResponse]]]]] = MappingProxyType(
    {
        "": (False, _show),
        "show": (False, _show),
        "with": (True, _ask),
        "accept": (False, _accept),
        "decline": (False, _decline),
        "offer": (True, _offer),
        "withdraw": (True, _withdraw),
        "confirm": (False, _confirm),
        "cancel": (False, _cancel),
        "on": (False, _on),
        "off": (False, _off),
    }
)


COMMANDS: Final = (
    Command(
        name="trade",
        group=Group.PEOPLE,
        usage="trade [<what...>]",
        summary="Exchange things and souls with somebody here.",
        help=(
            "trade <person> asks somebody in the room, trade accept and trade decline answer. Then both offer: "
            "trade offer 30 souls, trade offer lantern, trade offer 2 pears; what you offer you can withdraw. "
            "When both have said trade confirm, all of it changes hands at once. Any change takes the confirmations "
            "back; with trade confirm and the number of a state you confirm just that one. trade show tells how "
            "it stands, trade cancel ends it, as does walking away. trade off keeps requests away, trade on takes them."
        ),
        examples=("trade Ada", "trade accept", "trade offer 30 souls", "trade offer 2 pears", "trade confirm"),
        run=trade,
        abbreviable=False,
    ),
)
