"""What the terminal client tells of the lobby its player is in: who comes and goes, what is said and hosted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from mythgate.domain.events import (
    HostedGameView,
    LobbyGameChanged,
    LobbyGameListed,
    LobbyGameRemoved,
    LobbyMatchFound,
    LobbyMessage,
    LobbyPlayerChanged,
    LobbyPlayerEntered,
    LobbyPlayerLeft,
    LobbyPlayerView,
    LobbyState,
    Payload,
)

if TYPE_CHECKING:
    from mythgate.client import Lobby

Show = Callable[[str, str], None]
"""Puts a line on the screen, in a style of `play.Screen`."""

PAST_LINES: Final = 10
HOW_TO_TALK: Final = (
    '`lobby` and your words speak to all here, `lobbytell "NAME"` to one; `lobby /help` lists the rest.'
)
HOW_TO_ENTER: Final = "To enter one, come with --lobby and its name or number."
_LEAVING: Final = {
    "left": "leaves",
    "lost": "lost the connection",
    "kicked": "was removed",
    "moved": "goes to another lobby",
    "elsewhere": "came in from somewhere else",
}
_OWN_LEAVING: Final = {
    "lost": "Your line was gone for so long that you left {room}.",
    "kicked": "You were removed from {room}.",
    "elsewhere": "You came into a lobby from somewhere else.",
}


class LobbyTalk:
    """Follows the lobby of a client, and shows what is worth a line."""

    def __init__(self, lobby: Lobby, show: Show) -> None:
        self._show = show
        self._room = ""  # name of the lobby; empty: in none
        self._you = 0
        self._players: dict[int, LobbyPlayerView] = {}
        self._games: dict[int, HostedGameView] = {}
        self._shown: set[str] = set()  # ids of messages
        lobby.register_handler(Payload, self.tell)

    def tell(self, payload: Payload) -> None:
        """Show an event, if there is something to say about it."""
        match payload:
            case LobbyState():
                self._tell_state(payload)
            case LobbyPlayerEntered(player):
                known = player.number in self._players
                self._players[player.number] = player
                if not known:
                    self._line(f"{player.name} comes in{_with(player)}.")
            case LobbyPlayerChanged(player):
                self._tell_change(self._players.get(player.number), player)
            case LobbyPlayerLeft(number, name, reason):
                self._tell_leaving(number, name, reason)
            case LobbyMessage():
                self._tell_message(payload)
            case LobbyMatchFound(player, rating, yours):
                self._line(f"An opponent for you: {player.name} with {rating} points; you have {yours}.", "system")
            case LobbyGameListed(game) | LobbyGameChanged(game):
                self._tell_game(self._games.get(game.number), game)
            case LobbyGameRemoved(number):
                gone = self._games.pop(number, None)
                if gone is not None:
                    self._line(f"{_game(gone)} is over." if gone.state == "running" else f"{_game(gone)} is gone.")

    def _tell_state(self, state: LobbyState) -> None:
        is_new = self._room != state.lobby.name
        self._room, self._you = state.lobby.name, state.you
        self._players = {one.number: one for one in state.players}
        self._games = {one.number: one for one in state.games}
        if is_new:
            self._print(f"You are in the lobby {self._room}.", "place")
            others = [_person(one) for one in state.players if one.number != self._you]
            self._print(f"Here: {', '.join(others)}." if others else "Nobody else is here.", "")
            for game in state.games:
                self._print(_hosted(game), "")
        for message in [one for one in state.messages if one.id not in self._shown][-PAST_LINES:]:
            self._tell_message(message)
        if is_new:
            self._print(HOW_TO_TALK, "coming")

    def _tell_change(self, before: LobbyPlayerView | None, player: LobbyPlayerView) -> None:
        self._players[player.number] = player
        if before is None:
            return
        if before.name != player.name:
            self._line(f"{before.name} is now called {player.name}.")
        if player.away and (before.away, before.afk_text) != (True, player.afk_text):
            self._line(f"{player.name} is away{f': {player.afk_text}' if player.afk_text else '.'}")
        elif before.away and not player.away:
            self._line(f"{player.name} is back.")

    def _tell_leaving(self, number: int, name: str, reason: str) -> None:
        if number != self._you:
            self._players.pop(number, None)
            self._line(f"{name} {_LEAVING.get(reason, 'leaves')}.")
            return
        text = _OWN_LEAVING.get(reason, "You left {room}.")
        self._print(text.format(room=self._room), "coming")
        self._room, self._you, self._players, self._games = "", 0, {}, {}

    def _tell_message(self, message: LobbyMessage) -> None:
        if message.id in self._shown:
            return
        self._shown.add(message.id)
        own = message.number == self._you != 0
        if message.kind == "say":
            self._line(f"You say: {message.message}" if own else f"{message.name}: {message.message}", "say")
        elif message.kind == "action":
            self._line(f"{message.name} {message.message}", "emote")
        elif message.kind == "private":
            said = f"You tell {message.target_name}" if own else f"{message.name} tells you"
            self._line(f"{said}: {message.message}", "tell")
        else:
            self._line(message.message, "system")

    def _tell_game(self, before: HostedGameView | None, game: HostedGameView) -> None:
        self._games[game.number] = game
        if before is None:
            self._line(_hosted(game))
        elif before.state != "running" and game.state == "running":
            self._line(f"{_game(game)} begins.")

    def _line(self, text: str, style: str = "coming") -> None:
        self._print(f"[{self._room or 'Lobby'}] {text}", style)

    def _print(self, text: str, style: str) -> None:
        # Names and words come from clients of all kinds; none of them may steer the terminal.
        self._show("".join(letter if letter.isprintable() else " " for letter in text), style)


def _with(player: LobbyPlayerView) -> str:
    return f" with {player.client}" if player.client not in ("", "browser") else ""


def _person(player: LobbyPlayerView) -> str:
    states: Iterable[str] = (
        player.client if player.client != "browser" else "",
        "away" if player.away else "",
        "in a game" if player.in_game else "",
    )
    told = ", ".join(word for word in states if word)
    return f"{player.name} ({told})" if told else player.name


def _game(game: HostedGameView) -> str:
    return game.name or "A game"


def _hosted(game: HostedGameView) -> str:
    place = f" on {game.map_name}" if game.map_name else ""
    how = "it runs" if game.state == "running" else "it can be joined" if game.joinable else "it is full"
    return f"{game.host_name} hosts {game.name or 'a game'}{place}; {how}."
