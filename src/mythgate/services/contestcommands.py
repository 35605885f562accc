"""Dot commands about contests: the ladder, and taking part in tournaments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mythgate.domain.errors import NotFound
from mythgate.domain.ratings import CASTE_NAMES
from mythgate.domain.tournaments import TournamentState
from mythgate.services.ratings import RatingService
from mythgate.services.tournaments import TournamentService, TournamentView

if TYPE_CHECKING:
    from mythgate.services.lobbycommands import LobbyCall

SHOWN: Final = 10


async def ladder(call: LobbyCall) -> str:
    """The first of the ranked ladder."""
    ratings = RatingService(store=call.desk.store, clock=call.desk.clock)
    rows = await ratings.ladder(limit=SHOWN)
    if not rows:
        return "Nobody has played a ranked game yet."
    return "\n".join(
        f"{row.ranked.place}. {row.name or '(gone)'}, {CASTE_NAMES[row.ranked.caste]}, "
        f"{row.ranked.standing.points} points, {row.ranked.standing.games} games"
        for row in rows
    )


async def tournaments(call: LobbyCall) -> str:
    """`.tournaments` lists them; `.tournaments join 3` and `.tournaments leave 3` are what one does about them."""
    service = TournamentService(store=call.desk.store, lobbies=call.desk.lobbies, clock=call.desk.clock)
    act, _, number = call["choice"].casefold().partition(" ")
    if not act:
        found = await service.all()
        return "\n".join(_described(call, view) for view in found) or "No tournament is announced."
    if act not in ("join", "leave") or not (number.isascii() and number.isdigit()):
        raise call.command.grammar.misused()
    account_id = call.caller.account_id
    if act == "leave":
        await service.withdraw(account_id, int(number[:9]))
        call.desk.lobbies.ties_changed([call.actor.number])
        return "You do not take part any more."
    view = await service.sign_up(account_id, int(number[:9]))
    call.desk.lobbies.ties_changed([call.actor.number])
    return f"You take part. Be in its lobby in time. {_described(call, view)}"


def _described(call: LobbyCall, view: TournamentView) -> str:
    tournament = view.tournament
    try:
        place = call.desk.lobbies.lobby(tournament.room_id).name
    except NotFound:
        place = f"lobby {tournament.room_id}"
    if tournament.state is TournamentState.RUNNING:
        when = "is under way"
    else:
        when = f"begins {tournament.starts_at:%Y-%m-%d %H:%M} UTC"
    people = f"{len(view.entries)} of at most {tournament.max_players} take part"
    return f"{tournament.number}: {tournament.name} {when} in {place}; {people}."
