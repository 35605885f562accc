"""A game of one's own, its rules and its players: `docs/your-own-game.md` explains it step by step."""

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar

from mythgate.client import Client
from mythgate.domain.errors import InvalidInput, NotYourTurn
from mythgate.domain.events import LobbyMessage, LobbyPlayState
from mythgate.domain.lobbies import Lobby
from mythgate.examples.server import running_server
from mythgate.services.extensions import Extensions
from mythgate.services.gamerooms import GameRoom, Player


@dataclass(frozen=True, slots=True)
class NimLobby(Lobby):
    type_name: ClassVar[str] = "nim"
    stones: int = 21
    seconds: int = 30  # that a turn may take


class Nim(GameRoom[NimLobby]):
    """Two players take one, two or three stones in turn; who takes the last one wins."""

    def begin(self) -> None:
        self.stones, self.winner = self.lobby.stones, ""
        self.seats: list[Player] = []  # the first one's turn it is

    def entered(self, player: Player) -> None:
        if player not in self.seats and len(self.seats) < 2:
            self.seats.append(player)
            if len(self.seats) == 2:
                self.say(f"{self.seats[0].name} begins. Take one, two or three of {self.stones} stones: play 2")
                self.wake_in(self.lobby.seconds)

    def moved(self, player: Player, move: str) -> None:
        if len(self.seats) < 2 or player != self.seats[0]:
            raise NotYourTurn(hint="")
        if move not in ("1", "2", "3") or int(move) > self.stones:
            raise InvalidInput("Take one, two or three of the stones there are.")
        self.take(int(move))

    def woken(self) -> None:
        self.take(1)  # for who does not play in time

    def take(self, count: int) -> None:
        player = self.seats[0]
        self.stones -= count
        self.say(f"{player.name} takes {count}, {self.stones} left.")
        self.wake_in(self.lobby.seconds if self.stones else None)
        if self.stones:
            self.seats.reverse()
        else:
            self.winner = player.name
            self.say(f"{player.name} wins.")

    def state(self) -> dict[str, Any]:
        is_on = len(self.seats) == 2 and not self.winner
        return {"stones": self.stones, "turn": self.seats[0].number if is_on else None, "winner": self.winner}


def plug_in(extensions: Extensions) -> None:
    extensions.add_game(NimLobby, Nim)


async def play(client: Client, most_moves: int = 21) -> None:
    with client.lobby.listen() as events:
        await client.lobby.enter("Nim", stay=True)
        async for event in events:
            if isinstance(event, LobbyPlayState) and (now := client.lobby.played) is not None:
                if now.state["winner"] or not most_moves:
                    return
                if now.state["turn"] == client.lobby.you:
                    await client.lobby.play(str(now.state["stones"] % 4 or 1))
                    most_moves -= 1


async def main() -> None:
    lobby = '[{"name": "Nim", "room_id": 7, "type": "nim", "options": {"stones": 15}}]'
    settings = {"MYTHGATE_PLUGINS": '["mythgate.examples.nim"]', "MYTHGATE_LOBBIES__ROOMS": lobby}
    async with running_server(**settings) as server, Client(server["url"]) as ada:
        async with Client(server["url"], keep_session=True) as bert:
            for client in (ada, bert):
                await client.guest()
                await client.connect()
            ada.lobby.register_handler(LobbyMessage, lambda said: print(said.message))
            opponent = asyncio.create_task(play(ada))
            await play(bert, most_moves=2)
        print("A player's line is gone. The game goes on, and they come back.")
        async with Client(server["url"], session_id=bert.session_id, last_seq=bert.last_seq) as bert_again:
            bert_again.access_token = bert.access_token
            await bert_again.connect()
            await play(bert_again)
            await opponent


if __name__ == "__main__":
    asyncio.run(main())
