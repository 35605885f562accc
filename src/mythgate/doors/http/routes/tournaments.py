"""Tournaments and results of games: what everybody may read, and how one takes part."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, Field

from mythgate.domain.lobbies import LobbyKind
from mythgate.domain.results import Outcome, Result, Verdict
from mythgate.domain.tournaments import Tournament, TournamentState
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.tournaments import TournamentView

router = new_router("tournaments")

Number = Annotated[int, Path(ge=1, le=0x7FFFFFFF, examples=[1])]
_PlayerNumber = Annotated[int, Field(ge=1, le=0x7FFFFFFF, description="Number of the account.", examples=[12])]


class Entrant(BaseModel):
    """Somebody who takes part."""

    number: int
    name: str
    seed: int = Field(description="From 1, best first; 0 before the draw.")


class PairingView(BaseModel):
    """Two who are to meet."""

    round: int = Field(description="From 1.")
    slot: int = Field(description="From 0, within the round.")
    first: int = Field(description="Number of a player; 0: not known yet, or nobody.")
    second: int = Field(description="Number of a player; 0: not known yet, or nobody.")
    winner: int = Field(description="Number of who goes on; 0: not decided.")
    result: int = Field(description="Number of the result that decided it; 0: none did.")


class PrizeView(BaseModel):
    """What somebody won."""

    place: int
    name: str
    amount: int


class TournamentCard(BaseModel):
    """A tournament."""

    number: int
    name: str
    slot: int = Field(description="1 to 6, as lobbies name it.")
    room_id: int = Field(description="The lobby it is played in.")
    state: TournamentState
    starts_at: datetime
    min_players: int
    max_players: int
    prize_pool: int
    prize_shares: list[int] = Field(description="Percent of the pool for the first places.")
    entrants: list[Entrant]
    bracket: list[PairingView]
    prizes: list[PrizeView]


class Tournaments(BaseModel):
    tournaments: list[TournamentCard]


class NewTournament(BaseModel):
    """What staff says of a tournament. It begins once its time has come and enough who signed up are in its lobby."""

    name: str = Field(max_length=200, examples=["Autumn Cup"])
    slot: int = Field(ge=-1000, le=1000, description="1 to 6, as its lobby names it.", examples=[1])
    room_id: int = Field(ge=0, le=32767, examples=[4])
    starts_at: datetime = Field(description="With the time zone; without one, UTC is meant.")
    min_players: int = Field(2, ge=-1000, le=1000)
    max_players: int = Field(32, ge=-1000, le=1000)
    prize_pool: int = Field(0, ge=-(10**12), le=10**12)
    prize_shares: list[Annotated[int, Field(ge=-1000, le=1000)]] = Field([100], max_length=10)


class Decision(BaseModel):
    """Who goes on though nothing was played."""

    round: int = Field(ge=1, le=100)
    slot: int = Field(ge=0, le=1000)
    winner: _PlayerNumber


class Award(BaseModel):
    """Who has the prize of a place that nobody was given one for."""

    place: int = Field(ge=1, le=10, description="1 for the first.")
    winner: _PlayerNumber


def _card(view: TournamentView) -> TournamentCard:
    one = view.tournament
    return TournamentCard(
        number=one.number,
        name=one.name,
        slot=one.slot,
        room_id=one.room_id,
        state=one.state,
        starts_at=one.starts_at,
        min_players=one.min_players,
        max_players=one.max_players,
        prize_pool=one.prize_pool,
        prize_shares=list(one.prize_shares),
        entrants=[Entrant(number=entry.number, name=entry.name, seed=entry.seed) for entry in view.entries],
        bracket=[
            PairingView(
                round=pairing.round,
                slot=pairing.slot,
                first=pairing.first,
                second=pairing.second,
                winner=pairing.winner,
                result=pairing.result,
            )
            for pairing in one.bracket
        ],
        prizes=[PrizeView(place=prize.place, name=prize.name, amount=prize.amount) for prize in view.prizes],
    )


@router.get("/api/metaserver/tournaments", summary="Tournaments", responses=error_responses(422, 503))
async def tournaments(services: ServicesDep, over: bool = False) -> Tournaments:
    """Those to come and under way, by start time; or those that are over."""
    return Tournaments(tournaments=[_card(view) for view in await services.tournaments.all(over=over)])


@router.get("/api/metaserver/tournaments/{number}", summary="A tournament", responses=error_responses(404, 422, 503))
async def tournament(number: Number, services: ServicesDep) -> TournamentCard:
    """A tournament with its bracket."""
    return _card(await services.tournaments.view(number))


@router.post(
    "/api/tournaments/{number}/entry", summary="Sign up", responses=error_responses(401, 403, 404, 409, 422, 503)
)
async def enter_tournament(number: Number, caller: CallerDep, services: ServicesDep) -> TournamentCard:
    """Take part. Be in the tournament's lobby when it begins."""
    return _card(await services.tournaments.sign_up(caller.account_id, number))


@router.delete(
    "/api/tournaments/{number}/entry",
    status_code=204,
    summary="Withdraw",
    responses=error_responses(401, 403, 404, 409, 422, 503),
)
async def leave_tournament(number: Number, caller: CallerDep, services: ServicesDep) -> None:
    """Take part no more, as long as it has not begun."""
    await services.tournaments.withdraw(caller.account_id, number)


@router.post(
    "/api/tournaments",
    status_code=201,
    summary="Announce a tournament",
    responses=error_responses(400, 401, 403, 409, 413, 422, 503),
)
async def announce_tournament(body: NewTournament, caller: CallerDep, services: ServicesDep) -> TournamentCard:
    """For admins."""
    starts_at = body.starts_at if body.starts_at.tzinfo is not None else body.starts_at.replace(tzinfo=UTC)
    announced = await services.tournaments.announce(
        caller,
        Tournament(
            body.name.strip(),
            body.slot,
            body.room_id,
            starts_at,
            services.clock.now(),
            body.min_players,
            body.max_players,
            body.prize_pool,
            tuple(body.prize_shares),
        ),
    )
    return _card(await services.tournaments.view(announced.number))


@router.post(
    "/api/tournaments/{number}/cancel",
    summary="Cancel a tournament",
    responses=error_responses(401, 403, 404, 409, 422, 503),
)
async def cancel_tournament(number: Number, caller: CallerDep, services: ServicesDep) -> TournamentCard:
    """End it without a winner; for admins."""
    await services.tournaments.cancel(caller, number)
    return _card(await services.tournaments.view(number))


@router.post(
    "/api/tournaments/{number}/start",
    summary="Start a tournament before its time",
    responses=error_responses(401, 403, 404, 409, 422, 503),
)
async def start_tournament(number: Number, caller: CallerDep, services: ServicesDep) -> TournamentCard:
    """Let it begin as soon as enough of its players are in its lobby; for admins."""
    await services.tournaments.start(caller, number)
    return _card(await services.tournaments.view(number))


@router.post(
    "/api/tournaments/{number}/award",
    summary="Give a prize by hand",
    responses=error_responses(400, 401, 403, 404, 409, 413, 422, 503),
)
async def award_prize(number: Number, body: Award, caller: CallerDep, services: ServicesDep) -> TournamentCard:
    """Give the prize of a place that has none, once the tournament is over, as when it was cancelled; for admins."""
    return _card(await services.tournaments.award(caller, number, body.place, body.winner))


@router.post(
    "/api/tournaments/{number}/decide",
    summary="Decide a pairing",
    responses=error_responses(400, 401, 403, 404, 409, 413, 422, 503),
)
async def decide_pairing(number: Number, body: Decision, caller: CallerDep, services: ServicesDep) -> TournamentCard:
    """Say who goes on, for a pairing that is not played; for moderators."""
    return _card(await services.tournaments.decide(caller, number, body.round, body.slot, body.winner))


# --- results ---------------------------------------------------------------------------------------


class ResultLine(BaseModel):
    """A player in a result."""

    number: int
    name: str
    place: int = Field(description="From 1; 0 for spectators.")
    side: int = Field(description="Those with the same one played together.")
    outcome: Outcome
    captain: bool
    finished: bool
    units_killed: int
    units_lost: int
    damage_given: int
    damage_taken: int


class ResultCard(BaseModel):
    """How a game ended."""

    number: int
    name: str
    map_name: str
    room_id: int
    kind: LobbyKind
    scoring: int
    verdict: Verdict
    cooperative: bool
    agreeing: int = Field(description="Reports that say so.")
    heard: int = Field(description="Reports that were heard.")
    started_at: datetime
    recorded_at: datetime
    players: list[ResultLine]


class Results(BaseModel):
    results: list[ResultCard]


def _result(result: Result) -> ResultCard:
    return ResultCard(
        number=result.number,
        name=result.name,
        map_name=result.map_name,
        room_id=result.room_id,
        kind=result.kind,
        scoring=result.scoring,
        verdict=result.verdict,
        cooperative=result.cooperative,
        agreeing=result.agreeing,
        heard=result.heard,
        started_at=result.started_at,
        recorded_at=result.recorded_at,
        players=[
            ResultLine(
                number=line.number,
                name=line.name,
                place=line.place,
                side=line.side,
                outcome=line.outcome,
                captain=line.captain,
                finished=line.finished,
                units_killed=line.units_killed,
                units_lost=line.units_lost,
                damage_given=line.points_killed,
                damage_taken=line.points_lost,
            )
            for line in result.lines
        ],
    )


@router.get("/api/metaserver/results", summary="Results of games", responses=error_responses(404, 422, 503))
async def game_results(
    services: ServicesDep,
    player: Annotated[str | None, Query(max_length=100, description="Only games of this player.")] = None,
    room_id: Annotated[int | None, Query(ge=0, le=32767, description="Only games of this lobby.")] = None,
    before: Annotated[int | None, Query(ge=1, le=0x7FFFFFFF, description="Only results with a lower number.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Results:
    """Newest first."""
    account_id = (await services.profiles.card(player)).account.id if player is not None else None
    found = await services.results.recent(account_id=account_id, room_id=room_id, before=before, limit=limit)
    return Results(results=[_result(one) for one in found])


@router.get("/api/metaserver/results/{number}", summary="A result", responses=error_responses(404, 422, 503))
async def game_result(number: Number, services: ServicesDep) -> ResultCard:
    """How one game ended."""
    return _result((await services.results.result(number)).result)
