"""Lobbies that announce their tournament by themselves (`domain.tournaments.TournamentLobby`).

A tournament is announced once for each start time that the staff gives the lobby, whatever becomes of it. Sign-up, the
start once time and players have come, bracket and prizes are the business of `services.tournaments`.
"""

from __future__ import annotations

from typing import Final

from mythgate.domain.lobbies import Lobby
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.tournaments import TournamentLobby
from mythgate.services.ports import Transaction
from mythgate.services.roomtypes import RoomHandler

ANNOUNCED_FACT: Final = "tournament_lobby"  # and the lobby's number: for which start time it has announced one


class TournamentRooms(RoomHandler):
    """Announces the tournaments of tournament lobbies."""

    async def tick(self, lobby: Lobby) -> None:
        """Announce a tournament as soon as its lobby has a start time that is yet to come."""
        assert isinstance(lobby, TournamentLobby)
        now = self.services.clock.now()
        if lobby.start_time is None or lobby.start_time <= now:
            return
        fact, wanted = f"{ANNOUNCED_FACT}:{lobby.room_id}", lobby.start_time.isoformat()
        if await self.services.store.read(lambda tx: tx.facts.get(fact)) == wanted:
            return
        announced = await self.services.tournaments.announce(OPERATOR, lobby.announcement(now))

        def remember(tx: Transaction) -> None:
            tx.facts.set(fact, wanted)

        await self.services.store.write(remember)
        words = (
            f"Tournament {announced.name} begins {announced.starts_at:%Y-%m-%d %H:%M} UTC with at least "
            f"{announced.min_players} players. Sign up: .tournaments join {announced.number}"
        )
        for other in self.services.lobbies.lobbies():  # in its own only members are let in, and nobody is one yet
            if other.family is lobby.family:
                self.services.lobbies.line(other.room_id, words)
