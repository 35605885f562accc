"""What happens, in words: one table from the kinds of events to lines of text.

Most events bring a sentence along, worded by whoever made them. What is worded here is what depends on the reader:
one's own words, where somebody went as seen from here, a place, a lobby.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from mythgate.domain import events as told
from mythgate.domain.events import Event, Payload
from mythgate.doors.telnet.screen import Passage, say
from mythgate.services.sight import room_text
from mythgate.wire.telnet.ansi import Style
from mythgate.wire.telnet.text import BOLD, ITALIC, PLAIN, UNDERLINED, clean

PAST_LINES: Final = 10  # of a lobby's talk that who enters is shown
REMEMBERED: Final = 100  # messages of a lobby, so that none is shown twice

CHANNEL_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {
        "say": Style.SPEECH,
        "emote": Style.EMOTE,
        "whisper": Style.PRIVATE,
        "tell": Style.PRIVATE,
        "shout": Style.SHOUT,
        "global": Style.GLOBAL,
        "party": Style.PARTY,
        "faction": Style.FACTION,
    }
)

_OWN_VERBS: Final[Mapping[str, str]] = MappingProxyType(
    {"say": "say", "whisper": "whisper", "tell": "tell", "shout": "shout", "global": "say to all"}
)

_LEAVING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "left": "leaves",
        "lost": "lost the connection",
        "kicked": "was removed",
        "moved": "goes to another lobby",
        "elsewhere": "came in from somewhere else",
    }
)
_OWN_LEAVING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "left": "You left {room}.",
        "lost": "Your line was gone for so long that you left {room}.",
        "kicked": "You were removed from {room}.",
        "moved": "You left {room}.",
        "elsewhere": "You came into a lobby from somewhere else.",
    }
)
_RESETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "too_old": "You are back. Too much happened meanwhile to tell it all.",
        "overflow": "You are back. Too much happened meanwhile to tell it all.",
    }
)
_STYLE_CODES: Final[Mapping[str, str]] = MappingProxyType({"b": BOLD, "i": ITALIC, "u": UNDERLINED, "p": PLAIN})
_STYLE_CODE: Final = re.compile(r"\|([pbilrcsu])", re.IGNORECASE)


class Reader:
    """What is known of who reads: who they are, and what they were told of their surroundings last."""

    __slots__ = ("games", "greeting", "lobby", "number", "own_id", "people", "room", "shown", "turn")

    def __init__(self, own_id: str) -> None:
        self.own_id = own_id
        self.greeting = ""  # the message of the day, if they read it just now
        self.room: told.RoomView | None = None
        self.lobby = ""  # name of the lobby they are in; empty: in none
        self.number = 0  # what they are known by there
        self.people: dict[int, told.LobbyPlayerView] = {}
        self.games: dict[int, told.HostedGameView] = {}
        self.shown: dict[str, None] = {}  # the last messages of the lobby that were shown
        self.turn: tuple[str, int, int] = ("", 0, 0)  # the one of a fight that was announced last

    def is_in(self, lobby: str, number: int, people: Iterable[told.LobbyPlayerView]) -> None:
        """Who comes back to a lobby was told of it before."""
        self.lobby, self.number = lobby, number
        self.people = {one.number: one for one in people}

    def passages(self, event: Event) -> list[Passage]:
        """What to show of `event`; may be nothing."""
        handler = _WORDS.get(type(event.payload))
        return handler(self, event.payload) if handler is not None else []

    def reads_as_others(self, payload: Payload) -> bool:
        """Whether everybody reads the same of it."""
        kind = type(payload)
        if kind is told.ChatMessage:
            return payload.player_id != self.own_id or payload.channel not in _OWN_VERBS  # type: ignore[attr-defined]
        return kind in SHARED


Handler = Callable[[Reader, Any], list[Passage]]


def _line(style: Style) -> Handler:
    """The sentence an event brings along."""

    def told_line(_: Reader, payload: Any) -> list[Passage]:
        return [say(payload.message, style)] if payload.message else []

    return told_line


# --- the world -------------------------------------------------------------------------------------------


def _game_state(reader: Reader, payload: told.GameState) -> list[Passage]:
    reader.room = payload.room
    return place(payload.room, reader.own_id)


def _room_update(reader: Reader, payload: told.RoomUpdate) -> list[Passage]:
    before, reader.room = reader.room, payload.room
    if before is None or before.id != payload.room.id:
        return place(payload.room, reader.own_id)
    if before.description != payload.room.description:
        return [say("This place has changed.", Style.COMING)]
    return []


def place(room: told.RoomView, own_id: str) -> list[Passage]:
    """A place: what it is called and what is there."""
    title, _, rest = room_text(room, own_id).partition("\n")  # type: ignore[arg-type]
    return [say(title, Style.PLACE), say(_plain_status(rest))]


def _plain_status(text: str) -> str:
    return text.replace("(linkdead)", "(lost connection)")


def _entered(_: Reader, payload: told.PlayerEntered) -> list[Passage]:
    origin = {"up": "above", "down": "below"}.get(payload.direction, f"the {payload.direction}")
    words = f"{payload.player_name} comes in from {origin}." if payload.direction else payload.message
    return [say(words, Style.COMING)]


def _left(_: Reader, payload: told.PlayerLeft) -> list[Passage]:
    direction = payload.direction
    way = f", going {direction}" if direction in ("up", "down") else f" to the {direction}"
    words = f"{payload.player_name} leaves{way}." if direction else payload.message
    return [say(words, Style.COMING)]


def _chat(reader: Reader, payload: told.ChatMessage) -> list[Passage]:
    style = CHANNEL_STYLES.get(payload.channel, Style.SPEECH)
    if reader.reads_as_others(payload):
        return [say(payload.text, style)]
    if payload.channel == "tell":
        return [say(f"You tell {payload.target_name}: {payload.message}", style)]
    whom = f" to {payload.target_name}" if payload.target_name else ""
    return [say(f"You {_OWN_VERBS[payload.channel]}{whom}: {payload.message}", style)]


def _system(reader: Reader, payload: told.SystemMessage) -> list[Passage]:
    if payload.message == reader.greeting:
        reader.greeting = ""
        return []
    style = {"announcement": Style.NOTICE, "error": Style.ERROR, "warning": Style.WARNING}.get(payload.message_type)
    return [say(payload.message, style or Style.SYSTEM)]


def _staff(_: Reader, payload: told.AdminEvent) -> list[Passage]:
    return [say(f"[staff] {payload.message}", Style.COMING)]


def _error(_: Reader, payload: told.ErrorEvent) -> list[Passage]:
    return [say(payload.message, Style.ERROR), *([say(payload.hint, Style.COMING)] if payload.hint else [])]


def _reset(_: Reader, payload: told.Reset) -> list[Passage]:
    return [say(_RESETS.get(payload.reason, "You are back."), Style.SYSTEM)]


def _response(reader: Reader, payload: told.CommandResponse) -> list[Passage]:
    """The answer to a command of one's own."""
    text = payload.result.strip("\n")
    room = payload.room_state
    if room is not None:
        reader.room = room
    if not payload.success:
        hint = [say(payload.hint, Style.COMING)] if payload.hint else []
        return [say(text, Style.ERROR), *hint]
    if not text:
        return []
    if payload.data is not None and "map" in payload.data:
        return [say(text, drawn=True)]
    lines = text.split("\n")
    if room is not None and room.name in lines[:3]:
        title = lines.index(room.name)
        before = [say("\n".join(lines[:title]), Style.COMING)] if title else []
        rest = [say(_plain_status("\n".join(lines[title + 1 :])))] if title + 1 < len(lines) else []
        return [*before, say(room.name, Style.PLACE), *rest]
    return [say(text)]


def _combat_state(reader: Reader, payload: told.CombatState) -> list[Passage]:
    """One's own turn is announced, with how everybody is; what happened comes as lines of its own."""
    fight = payload.combat
    turn = (fight.id, fight.round, fight.active)
    if fight.active_character_id != reader.own_id or turn == reader.turn or fight.is_finished:
        return []
    reader.turn = turn
    standing = [one for one in fight.fighters if one.condition == "standing" and one.character_id != reader.own_id]
    others = "; ".join(f"{one.name} has {one.health} of {one.max_health} health" for one in standing)
    own = next((one for one in fight.fighters if one.character_id == reader.own_id), None)
    lines = [f"Round {fight.round}. It is your turn, for {fight.seconds_left:.0f} seconds."]
    if own is not None:
        lines.append(
            f"You have {own.health} of {own.max_health} health, {own.stamina} of {own.max_stamina} stamina and "
            f"{own.mana} of {own.max_mana} mana."
        )
    if others:
        lines.append(f"{others}.")
    return [say(" ".join(lines), Style.FIGHT)]


# --- lobbies ---------------------------------------------------------------------------------------------


def _lobby_state(reader: Reader, state: told.LobbyState) -> list[Passage]:
    is_new = reader.lobby != state.lobby.name
    reader.lobby, reader.number = state.lobby.name, state.you
    reader.people = {one.number: one for one in state.players}
    reader.games = {one.number: one for one in state.games}
    if is_new:
        reader.shown.clear()
    shown: list[Passage] = []
    if is_new:
        others = [_person(one) for one in state.players if one.number != state.you]
        shown.append(say(f"You are in the lobby {reader.lobby}.", Style.PLACE))
        shown.append(say(f"Here: {', '.join(others)}." if others else "Nobody else is here."))
        shown += [say(_hosted(game)) for game in state.games]
    fresh = [one for one in state.messages if one.id not in reader.shown]
    for message in fresh[-PAST_LINES:]:
        shown += _lobby_message(reader, message)
    reader.shown = {one.id: None for one in state.messages}
    if is_new:
        words = "`lobby` and your words speak to all here, `lobby leave` leaves; `help lobby` tells more."
        shown.append(say(words, Style.COMING))
    return shown


def _lobby_entered(reader: Reader, payload: told.LobbyPlayerEntered) -> list[Passage]:
    player = payload.player
    is_known = player.number in reader.people
    reader.people[player.number] = player
    return [] if is_known else [_aside(reader, f"{player.name} comes in{_with(player)}.")]


def _lobby_changed(reader: Reader, payload: told.LobbyPlayerChanged) -> list[Passage]:
    player = payload.player
    before = reader.people.get(player.number)
    reader.people[player.number] = player
    if before is None:
        return []
    shown = []
    if before.name != player.name:
        shown.append(_aside(reader, f"{before.name} is now called {player.name}."))
    if player.away and (before.away, before.afk_text) != (True, player.afk_text):
        shown.append(_aside(reader, f"{player.name} is away{f': {player.afk_text}' if player.afk_text else '.'}"))
    elif before.away and not player.away:
        shown.append(_aside(reader, f"{player.name} is back."))
    return shown


def _lobby_left(reader: Reader, payload: told.LobbyPlayerLeft) -> list[Passage]:
    if payload.number != reader.number:
        reader.people.pop(payload.number, None)
        return [_aside(reader, f"{payload.name} {_LEAVING[payload.reason]}.")]
    words = _OWN_LEAVING[payload.reason].format(room=reader.lobby or "the lobby")
    reader.lobby, reader.number, reader.people, reader.games = "", 0, {}, {}
    return [say(words, Style.COMING)]


def _lobby_message(reader: Reader, message: told.LobbyMessage) -> list[Passage]:
    if message.id in reader.shown:
        return []
    reader.shown[message.id] = None
    if len(reader.shown) > REMEMBERED:
        del reader.shown[next(iter(reader.shown))]
    own = message.number == reader.number != 0
    words = _styled(message.styled) if message.styled else clean(message.message)
    name = clean(message.name)
    if message.kind == "say":
        text = f"You say: {words}" if own else f"{name}: {words}"
        return [_marked(reader, text, Style.LOBBY)]
    if message.kind == "action":
        return [_marked(reader, f"{name} {words}", Style.EMOTE)]
    if message.kind == "private":
        said = f"You tell {clean(message.target_name)}" if own else f"{name} tells you"
        return [_marked(reader, f"{said}: {words}", Style.PRIVATE)]
    return [_marked(reader, words, Style.SYSTEM)]


def _game_changed(reader: Reader, payload: told.LobbyGameListed | told.LobbyGameChanged) -> list[Passage]:
    game = payload.game
    before = reader.games.get(game.number)
    reader.games[game.number] = game
    if before is None:
        return [_aside(reader, _hosted(game))]
    if before.state != "running" and game.state == "running":
        return [_aside(reader, f"{_game(game)} begins.")]
    return []


def _game_removed(reader: Reader, payload: told.LobbyGameRemoved) -> list[Passage]:
    gone = reader.games.pop(payload.number, None)
    if gone is None:
        return []
    return [_aside(reader, f"{_game(gone)} is over." if gone.state == "running" else f"{_game(gone)} is gone.")]


def _match(reader: Reader, payload: told.LobbyMatchFound) -> list[Passage]:
    words = f"An opponent for you: {payload.player.name} with {payload.rating} points; you have {payload.yours}."
    return [_aside(reader, words, Style.SYSTEM)]


def _aside(reader: Reader, text: str, style: Style = Style.COMING) -> Passage:
    return _marked(reader, clean(text), style)


def _marked(reader: Reader, text: str, style: Style) -> Passage:
    """A line of the lobby, among those of the world."""
    return Passage(f"[{clean(reader.lobby) or 'Lobby'}] {text}", style)


def _styled(text: str) -> str:
    """Style codes of old clients as marks for the terminal."""
    return _STYLE_CODE.sub(lambda found: _STYLE_CODES.get(found[1].lower(), ""), clean(text))


def _with(player: told.LobbyPlayerView) -> str:
    return f" with {player.client}" if player.client not in ("", "browser") else ""


def _person(player: told.LobbyPlayerView) -> str:
    states: Iterable[str] = (
        player.client if player.client != "browser" else "",
        "away" if player.away else "",
        "in a game" if player.in_game else "",
    )
    known = ", ".join(filter(None, states))
    return f"{player.name} ({known})" if known else player.name


def _game(game: told.HostedGameView) -> str:
    return game.name or "A game"


def _hosted(game: told.HostedGameView) -> str:
    where = f" on {game.map_name}" if game.map_name else ""
    how = "it runs" if game.state == "running" else "it can be joined" if game.joinable else "it is full"
    return f"{game.host_name} hosts {game.name or 'a game'}{where}; {how}."


# --- the table -------------------------------------------------------------------------------------------

_WORDS: Final[Mapping[type[Payload], Handler]] = MappingProxyType(
    {
        told.GameState: _game_state,
        told.RoomUpdate: _room_update,
        told.PlayerEntered: _entered,
        told.PlayerLeft: _left,
        told.PlayerEnteredGame: _line(Style.COMING),
        told.PlayerLeftGame: _line(Style.COMING),
        told.PlayerStatus: _line(Style.COMING),
        told.ChatMessage: _chat,
        told.RoomMessage: _line(Style.PLAIN),
        told.SystemMessage: _system,
        told.CommandResponse: _response,
        told.Reset: _reset,
        told.SessionExpiring: _line(Style.WARNING),
        told.Disconnect: _line(Style.SYSTEM),
        told.ErrorEvent: _error,
        told.AdminEvent: _staff,
        told.LobbyState: _lobby_state,
        told.LobbyPlayerEntered: _lobby_entered,
        told.LobbyPlayerChanged: _lobby_changed,
        told.LobbyPlayerLeft: _lobby_left,
        told.LobbyMessage: _lobby_message,
        told.LobbyGameListed: _game_changed,
        told.LobbyGameChanged: _game_changed,
        told.LobbyGameRemoved: _game_removed,
        told.LobbyMatchFound: _match,
        told.LevelUp: _line(Style.SYSTEM),
        told.PlayerDied: _line(Style.FIGHT),
        told.TradeRequest: _line(Style.SYSTEM),
        told.TradeAccept: _line(Style.SYSTEM),
        told.TradeUpdate: _line(Style.SYSTEM),
        told.TradeDecline: _line(Style.SYSTEM),
        told.TradeComplete: _line(Style.SYSTEM),
        told.PartyUpdate: _line(Style.PARTY),
        told.PartyInvite: _line(Style.PARTY),
        told.PartyInviteEnded: _line(Style.PARTY),
        told.VoiceUpdate: _line(Style.PARTY),
        told.ShardCaptured: _line(Style.NOTICE),
        told.ShardStatusChanged: _line(Style.NOTICE),
        told.RealityShift: _line(Style.NOTICE),
        told.Aetherfall: _line(Style.NOTICE),
        told.QuestUpdate: _line(Style.SYSTEM),
        told.CombatStart: _line(Style.FIGHT),
        told.CombatState: _combat_state,
        told.CombatEvent: _line(Style.FIGHT),
        told.CombatEnd: _line(Style.FIGHT),
        told.CombatChallenge: _line(Style.FIGHT),
    }
)

SILENT: Final[frozenset[type[Payload]]] = frozenset(
    {
        # What another event or an answer has told in words, or nobody reads as text.
        told.RoomOccupants,
        told.RoomItems,
        told.PlayerUpdate,
        told.PlayerState,
        told.InventoryUpdate,
        told.PositionUpdate,
        told.MessageDeleted,  # what was read on a terminal cannot be taken back
        told.FollowState,
        told.Heartbeat,
        told.GameTick,
        told.Pong,
        told.LobbyCounts,
        told.FriendsChanged,
        told.ClanChanged,
        told.CombatDamage,
        told.CombatHeal,
        told.WorldStateChanged,
        told.EventTrigger,
        # For programs: what a plug-in's game says in words comes as answers and lines of the lobby.
        told.LobbyPlayState,
        told.LobbyPlayEvent,
        # A terminal has no microphone.
        told.VoiceReady,
        told.VoiceSignal,
    }
)
"""Kinds of events without words."""

SHARED: Final[frozenset[type[Payload]]] = frozenset(
    {
        *(told.PlayerEntered, told.PlayerLeft, told.PlayerEnteredGame, told.PlayerLeftGame, told.PlayerStatus),
        *(told.RoomMessage, told.LevelUp, told.PlayerDied, told.AdminEvent),
        *(told.ShardCaptured, told.ShardStatusChanged, told.RealityShift, told.Aetherfall),
        *(told.CombatEvent, told.PartyUpdate),
    }
)
"""Kinds that say the same to everybody: their lines are made once for all terminals of a kind."""


def is_worded(kind: type[Payload]) -> bool:
    """Whether there are words for it."""
    return kind in _WORDS
