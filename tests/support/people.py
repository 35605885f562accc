"""Friends, clans, profiles, results, ladders and tournaments around real lobbies and a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from tests.support.accounts import CountingHasher
from tests.support.clock import FakeClock
from tests.support.games import a_report
from tests.support.lobbies import LobbyKit

from mythgate.backends.memory.throttle import MemoryThrottle
from mythgate.domain.accounts import Role
from mythgate.domain.hosting import GameFacts, HostedGame
from mythgate.domain.ids import AccountId, SessionId
from mythgate.domain.lobbies import Family, Lobby, Occupant
from mythgate.domain.results import Result
from mythgate.domain.sessions import Caller
from mythgate.services.clans import ClanService
from mythgate.services.friends import FriendService
from mythgate.services.ports import Store
from mythgate.services.profiles import ProfileService
from mythgate.services.ratings import RatingService
from mythgate.services.results import Reported, ResultService
from mythgate.services.tournaments import TournamentService

OPEN, LADDER, CUP = 2, 3, 4
ROOMS = (
    Lobby("White Falls", OPEN, family=Family.MYTH2),
    Lobby("Silvermines", LADDER, ranked=True, family=Family.MYTH2),
    Lobby("Shoal", CUP, tournament=1, family=Family.MYTH2),
)


@dataclass
class PeopleKit(LobbyKit):
    """Built as at the composition root."""

    lobby_list: tuple[Lobby, ...] = ROOMS
    hasher: CountingHasher = field(default_factory=CountingHasher)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.throttle = MemoryThrottle(self.clock)
        self.friends = FriendService(store=self.store, realtime=self.realtime, lobbies=self.lobbies, clock=self.clock)
        self.clans = ClanService(
            store=self.store,
            hasher=self.hasher,
            throttle=self.throttle,
            realtime=self.realtime,
            lobbies=self.lobbies,
            clock=self.clock,
        )
        self.profiles = ProfileService(store=self.store, clock=self.clock)
        self.ratings = RatingService(store=self.store, clock=self.clock)
        self.tournaments = TournamentService(store=self.store, lobbies=self.lobbies, clock=self.clock)
        self.results = self.result_service()
        self.recorded: list[Result] = []
        self.results.on_recorded(self.recorded.append)
        self.ratings.on_caste_changed(self.lobbies.caste_changed)
        self.hosting.results = self.results
        self.hosting.on_ended(self.results.round_over)
        self.hosting.on_reset(self.results.round_reset)
        self.clans.on_ties_changed(self.lobbies.ties_changed)
        self.tournaments.on_ties_changed(self.lobbies.ties_changed)
        for observer in (self.friends.whereabouts_changed, self.clans.whereabouts_changed):
            self.lobbies.on_entered(observer)
            self.lobbies.on_leaving(observer)

    def result_service(self) -> ResultService:
        """Another one over the same store, as after a restart."""
        return ResultService(
            store=self.store,
            lobbies=self.lobbies,
            ratings=self.ratings,
            tournaments=self.tournaments,
            clock=self.clock,
            ids=self.ids,
        )

    async def settle(self) -> None:
        for service in (self.friends, self.clans, self.results, self.lobbies):
            await service.settle()

    async def myth(self, name: str, room_id: int = LADDER, **more: Any) -> Occupant:
        """Somebody new with a Myth client, in a lobby."""
        return await self.enter(name, room_id, family=Family.MYTH2, **more)

    def myth_guest(self, name: str, room_id: int = OPEN) -> Occupant:
        return self.enter_guest(name, room_id, family=Family.MYTH2)

    # --- games ---

    def start_game(self, host: Occupant, *others: Occupant, clan_game: bool = False, **facts: Any) -> HostedGame:
        """A game of these players, which runs."""
        listener = host.visitor.listener
        game = self.hosting.announce(
            listener,
            address="192.0.2.1",
            port=3453,
            facts=GameFacts(**{"name": "|iA game", "map_name": "Somewhere", **facts}),
            clan_game=clan_game,
        )
        self.hosting.line_up(listener, game.number, [one.number for one in (host, *others)])
        return self.hosting.start(listener, 600)

    async def report(self, game: HostedGame, by: Occupant, *teams: Sequence[Occupant], **changes: Any) -> Reported:
        numbers = [[one.number for one in team] for team in teams]
        report = replace(a_report(by.number, *numbers), **changes)
        reported: Reported = await self.hosting.report(by.visitor.listener, report, game_number=game.number)
        return reported

    async def play(self, winner: Occupant, loser: Occupant, **changes: Any) -> Result:
        """A whole game between two, which both report."""
        game = self.start_game(winner, loser)
        await self.report(game, winner, [winner], [loser], **changes)
        reported = await self.report(game, loser, [winner], [loser], **changes)
        self.hosting.remove(winner.visitor.listener)
        self.clock.advance(timedelta(seconds=1))
        assert reported.result is not None
        return reported.result


def account_of(one: Occupant) -> AccountId:
    assert one.visitor.account_id is not None
    return one.visitor.account_id


def nobody() -> Caller:
    """Somebody whose account is gone."""
    return Caller(AccountId("gone"), SessionId(""), "gone", Role.OWNER)


@asynccontextmanager
async def people_kit(clock: FakeClock, store: Store) -> AsyncIterator[PeopleKit]:
    """A kit whose hashing threads end with the test, and that has nothing under way then."""
    kit = PeopleKit(clock, store)
    try:
        yield kit
        await kit.settle()
    finally:
        kit.hasher.close()
