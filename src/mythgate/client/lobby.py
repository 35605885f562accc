"""Lobbies, where people with a browser, with an old game client and with this one meet.

    async with Client("http://127.0.0.1:54731") as client:
        await client.login("ada", "correct horse")
        await client.connect()
        with client.lobby.listen() as events:
            await client.lobby.enter("Arrival")
            async for event in events:
                if isinstance(event, LobbyMessage) and event.message == "hello":
                    await client.lobby.tell(event.number, "hello yourself")

What is known of the lobby one is in (`room`, `players`, `games`, `played`, `messages`) follows the events, also over a
lost line. Numbers of people are those of their accounts, the same in every lobby and on every day.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar
from urllib.parse import quote, urlencode

import aiohttp

from mythgate.client.pages import (
    ClanCard,
    ClanEntry,
    Clans,
    EnteredLobby,
    Friends,
    LadderPage,
    ListedGame,
    ListedGames,
    Lobbies,
    LobbyRooms,
    OwnProfile,
    PlayerEntry,
    PlayerPage,
    PlayersFound,
)
from mythgate.client.reconnect import FIRST_FATAL_CLOSE_CODE
from mythgate.client.refusals import Unsent, refusal_of_command
from mythgate.client.values import read
from mythgate.domain.errors import MythError, NotFound, NotInLobby, ProtocolError, TooMany
from mythgate.domain.events import (
    ClanChanged,
    FriendsChanged,
    FriendView,
    HostedGameView,
    LobbyCounts,
    LobbyGameChanged,
    LobbyGameListed,
    LobbyGameRemoved,
    LobbyMatchFound,
    LobbyMessage,
    LobbyPlayerChanged,
    LobbyPlayerEntered,
    LobbyPlayerLeft,
    LobbyPlayerView,
    LobbyPlayEvent,
    LobbyPlayState,
    LobbyState,
    LobbyView,
    Payload,
)

if TYPE_CHECKING:
    from mythgate.client.connection import Event
    from mythgate.client.player import Client

log = logging.getLogger(__name__)

P = TypeVar("P", bound=Payload)
PayloadHandler = Callable[[P], Awaitable[None] | None]

LOBBY_EVENTS: Final = (
    LobbyState,
    LobbyPlayerEntered,
    LobbyPlayerChanged,
    LobbyPlayerLeft,
    LobbyMessage,
    LobbyGameListed,
    LobbyGameChanged,
    LobbyGameRemoved,
    LobbyCounts,
    LobbyMatchFound,
    LobbyPlayState,
    LobbyPlayEvent,
    FriendsChanged,
    ClanChanged,
)
"""All that is told about lobbies and the people in them."""

KEPT_MESSAGES: Final = 200
_KINDS: Final = {kind.event_type: kind for kind in LOBBY_EVENTS}
_LOOKS_LIKE_COMMAND: Final = re.compile(r"[^A-Za-z0-9]*[./]")
_STATE_SECONDS: Final = 60.0
_AGAIN: Final = timedelta(seconds=1)  # after a request that got no answer


def lobby_event(event: Event) -> Payload | None:
    """What an event of the connection tells about lobbies, as a value; None if it is about something else.

    Raises:
        ProtocolError: it is not what it should be.

    """
    kind = _KINDS.get(event["event_type"])
    return None if kind is None else read(kind, event["data"])


class Lobby:
    """All a client can do about lobbies, and what is so in the one it is in. It is the `lobby` of a `Client`.

    Being in a lobby needs a character in the world (`Client.connect`); questions (`get_…`, `find_…`) about
    others need nothing. What the server refuses is raised as `Refused`; see `mythgate.domain.errors`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.room: LobbyView | None = None
        """The lobby one is in."""
        self.out: Literal["left", "lost", "kicked", "moved", "elsewhere"] | None = None
        """Why one is in none any more."""
        self.you = 0
        """One's own number there."""
        self.players: dict[int, LobbyPlayerView] = {}
        """Who is there, oneself among them, by number."""
        self.games: dict[int, HostedGameView] = {}
        """What is hosted there, by number."""
        self.played: LobbyPlayState | None = None
        """How what is played there stands; None if nothing is."""
        self.messages: deque[LobbyMessage] = deque(maxlen=KEPT_MESSAGES)
        """What was said last, oldest first."""
        self.lobbies: dict[int, LobbyView] = {}
        """All lobbies by number, as last told: at `get_lobbies`, and about every second while one is in one."""
        self.friends: dict[int, FriendView] = {}
        """Whom one lists, by number, as last told: at `get_friends`, and whenever something about them changes."""
        self._handlers: list[tuple[type[Payload], Callable[[Any], Awaitable[None] | None]]] = []
        self._listening: list[asyncio.Queue[Payload | None]] = []
        self._awaited: list[tuple[Callable[[Payload], bool], asyncio.Future[Payload]]] = []
        self._stays: int | None = None
        self._return: asyncio.Task[None] | None = None

    # --- coming, going and talking ----------------------------------------------------------------------

    async def enter(self, lobby: int | str, *, stay: bool = False) -> LobbyState:
        """Enter a lobby, by number or name, and leave the one you were in; returns when all of it is known.

        With `stay` the client enters it again when a lost line, or a new start of the server, has put it out.

        Raises:
            NotFound: there is no such lobby.
            RoomFull, LobbyClosedToYou: it is not for you now; the message says why.
            NotInWorld: no character of yours is in the world.
            Unsent, TimeoutError: you may be in it, but the line ended before that could be told.

        """
        self._client.require_no_handler()
        room_id = lobby if isinstance(lobby, int) else (await self.find_lobby(lobby)).room_id
        self._stay_no_more()
        state = await self._enter(room_id)
        self._stays = room_id if stay else None
        return state

    async def _enter(self, room_id: int) -> LobbyState:
        def is_told(payload: Payload) -> bool:
            return isinstance(payload, LobbyState) and payload.lobby.room_id == room_id

        async with self._awaiting(is_told) as told:
            read(EnteredLobby, await self._client.request("POST", f"/api/lobbies/{room_id}/enter"))
            state = await told
        assert isinstance(state, LobbyState)
        return state

    async def leave(self) -> None:
        """Leave the lobby; the character stays in the world. Raises NotInLobby, Unsent and TimeoutError."""
        self._client.require_no_handler()
        self._stay_no_more()
        if self.room is None:
            raise NotInLobby
        you = self.you
        async with self._awaiting(
            lambda payload: isinstance(payload, LobbyPlayerLeft) and payload.number == you
        ) as told:
            await self._client.request("POST", f"/api/lobbies/{self.room.room_id}/leave")
            await told

    @contextlib.asynccontextmanager
    async def _awaiting(self, is_meant: Callable[[Payload], bool]) -> AsyncIterator[asyncio.Future[Payload]]:
        """The first event that is meant, from now on; in time."""
        told: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        entry = (is_meant, told)
        self._awaited.append(entry)
        try:
            async with asyncio.timeout(_STATE_SECONDS):
                yield told
        except TimeoutError:
            raise TimeoutError("The server did not tell what came of it in time.") from None
        finally:
            self._awaited.remove(entry)
            if told.done() and not told.cancelled():
                told.exception()  # whoever failed before they could wait for it does not want to know

    async def say(self, styled_text: str) -> None:
        """Speak to everybody in the lobby. Style codes: `|b` bold, `|i` italic, `|u` underlined, `|p` plain again.

        Whatever the words are, they are said; a command goes by `command`.

        Raises:
            NotInLobby, Muted, TooMany: nobody heard it.
            Unsent, TimeoutError: as with `Client.command`.

        """
        await self._client.send_chat(_as_words(styled_text), "lobby")

    async def tell(self, person: int | str, styled_text: str) -> None:
        """Speak to one person, by number or name, in whatever lobby they are. Raises Unreachable, and as `say`."""
        target = person if isinstance(person, str) else f"#{person}"
        await self._client.send_chat(_as_words(styled_text), "lobby_tell", target)

    async def command(self, line: str) -> None:
        """Carry out a command of the lobby, such as `who`, `me waves` or `kick #12`; `help` tells all there are.

        The answer comes as messages of the kind `line`, also if it is a refusal. Raises NotInLobby, TooMany
        and as `Client.command`.
        """
        await self._client.send_chat(f"/{line.lstrip('./')}", "lobby")

    async def play(self, move: str) -> str:
        """Make a move in what is played in the lobby; returns what the game says to it, and only to oneself.

        Raises:
            Refused: it is against the rules of the game; the class and `code` say why.
            NotInLobby, NoGame: there is nothing to play.
            Unsent, TimeoutError, TooMany: as with `Client.command`.

        """
        answered = await self._client.command(f"play {move}")
        if not answered["success"]:
            raise refusal_of_command(answered)
        return str(answered["result"])

    async def resync(self) -> None:
        """Find out which lobby one is in and all of it, after a play session was resumed in another process."""
        found = await self._lobbies()
        if found.room_id is None:
            self._go_out(None)
        else:
            await self.enter(found.room_id, stay=self._stays == found.room_id)

    # --- what happens there -----------------------------------------------------------------------------

    def register_handler(self, kind: type[P], handler: PayloadHandler[P]) -> Callable[[], None]:
        """Call `handler` with every event of this type, `Payload` for all of `LOBBY_EVENTS`.

        Returns how to take it back. It is called like the handlers of the client, before them, and finds here
        what is so after the event: `room` is None after one's own leaving.
        """
        entry = (kind, handler)
        self._handlers.append(entry)
        return lambda: self._handlers.remove(entry)

    @contextlib.contextmanager
    def listen(self) -> Iterator[AsyncIterator[Payload]]:
        """All events of `LOBBY_EVENTS` from now on, one after the other, until the connection ends for good.

        What is not taken yet is kept, however much it is. Other than in a handler one may wait for the server.
        """
        queue: asyncio.Queue[Payload | None] = asyncio.Queue()
        self._listening.append(queue)

        async def events() -> AsyncIterator[Payload]:
            while (payload := await queue.get()) is not None:
                yield payload

        try:
            yield events()
        finally:
            self._listening.remove(queue)

    async def hear(self, event: Event) -> None:
        """Take note of an event of the connection. For `Client`, which calls it before handlers of its own."""
        kind = event["event_type"]
        if kind == "reset":
            self._go_out(None)  # whether one is still in it is told next, by `lobby_state`
        elif kind == "game_state" and self.room is None:
            self._come_back()
        elif kind == "disconnected":
            self._end(event["data"]["code"])
        try:
            payload = lobby_event(event)
        except ProtocolError as error:
            log.warning("lobby event not understood", extra={"event_type": kind, "why": error.message})
            return
        if payload is None:
            return
        self._apply(payload)
        for is_meant, told in self._awaited:
            if not told.done() and is_meant(payload):
                told.set_result(payload)
        for queue in self._listening:
            queue.put_nowait(payload)
        for wanted, handler in list(self._handlers):
            if isinstance(payload, wanted):
                await self._client.handlers.call(handler, payload)

    def _apply(self, payload: Payload) -> None:
        match payload:
            case LobbyState():
                self._apply_state(payload)
            case LobbyPlayerEntered(player) | LobbyPlayerChanged(player):
                self.players[player.number] = player
            case LobbyPlayerLeft(number, _, reason) if number == self.you:
                self._go_out(reason)
                if reason == "lost":
                    self._come_back()
                else:
                    self._stays = None
            case LobbyPlayerLeft(number):
                self.players.pop(number, None)
            case LobbyMessage():
                self.messages.append(payload)
            case LobbyGameListed(game) | LobbyGameChanged(game):
                self.games[game.number] = game
            case LobbyGameRemoved(number):
                self.games.pop(number, None)
            case LobbyCounts(lobbies):
                self._note_lobbies(lobbies)
            case LobbyPlayState():
                self.played = payload
            case FriendsChanged(friends):
                self.friends = {one.number: one for one in friends}

    def _apply_state(self, state: LobbyState) -> None:
        self.room, self.out, self.you = state.lobby, None, state.you
        self.played = None  # is told next, if something is
        self.players = {one.number: one for one in state.players}
        self.games = {one.number: one for one in state.games}
        self.messages.clear()
        self.messages.extend(state.messages)
        self.lobbies[state.lobby.room_id] = state.lobby

    def _note_lobbies(self, lobbies: list[LobbyView]) -> None:
        self.lobbies = {one.room_id: one for one in lobbies}
        if self.room is not None:
            self.room = self.lobbies.get(self.room.room_id, self.room)

    def _go_out(self, reason: Literal["left", "lost", "kicked", "moved", "elsewhere"] | None) -> None:
        self.room, self.out, self.you = None, reason, 0
        self.players, self.games, self.played = {}, {}, None

    def _stay_no_more(self) -> None:
        self._stays = None
        if self._return is not None:
            self._return.cancel()

    def _come_back(self) -> None:
        if self._stays is not None and (self._return is None or self._return.done()):
            self._return = asyncio.create_task(self._enter_again(self._stays))

    async def _enter_again(self, room_id: int) -> None:
        """Until it is done, or the server says that it cannot be; `_end` and `_stay_no_more` cancel it."""
        while True:
            try:
                await self._enter(room_id)
                return
            except TooMany as refused:
                delay = refused.retry_after or _AGAIN
            except Unsent:
                delay = _AGAIN
            except MythError as refused:
                log.warning("lobby not entered again", extra={"room": room_id, "why": str(refused)})
                return
            except (aiohttp.ClientError, OSError, TimeoutError):
                delay = _AGAIN
            await asyncio.sleep(delay.total_seconds())

    def _end(self, code: int | None) -> None:
        """The connection ended. What is known is kept if the play session may be resumed."""
        if self._return is not None:
            self._return.cancel()
        if code is not None and code >= FIRST_FATAL_CLOSE_CODE:
            self._go_out(self.out)
        for queue in self._listening:
            queue.put_nowait(None)
        for _, told in self._awaited:
            if not told.done():
                told.set_exception(Unsent("The connection ended before the server told what came of it."))

    # --- questions --------------------------------------------------------------------------------------

    async def get_lobbies(self) -> list[LobbyView]:
        """All lobbies by number."""
        return (await self._lobbies()).lobbies

    async def _lobbies(self) -> Lobbies:
        found = read(Lobbies, await self._client.request("GET", "/api/lobbies"))
        self._note_lobbies(found.lobbies)
        return found

    async def find_lobby(self, name: str) -> LobbyView:
        """The lobby of this name, whatever its case; a number will do. Raises NotFound."""
        for one in await self.get_lobbies():
            if name.casefold() in (one.name.casefold(), str(one.room_id)):
                return one
        names = ", ".join(one.name for one in self.lobbies.values())
        raise NotFound(f"There is no lobby called {name}.", hint=f"There are: {names}.")

    async def get_rooms(self) -> LobbyRooms:
        """All lobbies, who is in them and with which client, and what is hosted there."""
        return read(LobbyRooms, await self._client.request("GET", "/api/metaserver/rooms"))

    async def get_games(
        self,
        *,
        room: int | None = None,
        family: str | None = None,
        state: str | None = None,
        joinable: bool | None = None,
        name: str = "",
        map_name: str = "",
        kind: str = "",
        scenario: str = "",
    ) -> list[ListedGame]:
        """The hosted games that fit, those one can join first. Names are looked for anywhere in the name."""
        asked = {"room": room, "family": family, "state": state, "name": name, "map": map_name, "kind": kind}
        asked |= {"scenario": scenario, "joinable": None if joinable is None else str(joinable).lower()}
        return read(ListedGames, await self._ask("games", asked)).games

    async def find_players(self, name_part: str) -> list[PlayerEntry]:
        """Players with an account whose name contains this, at most twenty."""
        return read(PlayersFound, await self._ask("players", {"search": name_part})).players

    async def get_player(self, player: int | str) -> PlayerPage:
        """A player, by number or name: profile, clan, standings, and where they are. Raises NotFound."""
        return read(PlayerPage, await self._ask(f"players/{quote(str(player), safe='')}", {}))

    async def get_ladder(
        self,
        category: str = "ranked",
        kind: Literal["player", "clan"] = "player",
        *,
        season: int | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> LadderPage:
        """A part of a ladder, best first. Raises NotFound if there is no such season."""
        asked = {"category": category, "kind": kind, "season": season, "limit": limit, "offset": offset}
        return read(LadderPage, await self._ask("ladder", asked))

    async def get_clans(self) -> list[ClanEntry]:
        """All clans, the oldest first."""
        return read(Clans, await self._ask("clans", {})).clans

    async def get_clan(self, number: int) -> ClanCard:
        """A clan and its members. Raises NotFound."""
        return read(ClanCard, await self._ask(f"clans/{number}", {}))

    async def _ask(self, page: str, asked: dict[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in asked.items() if value not in (None, "")}
        return await self._client.request("GET", f"/api/metaserver/{page}" + (f"?{urlencode(given)}" if given else ""))

    # --- oneself ----------------------------------------------------------------------------------------

    async def get_profile(self) -> OwnProfile:
        """How one is shown, and what one tells of oneself."""
        return read(OwnProfile, await self._client.request("GET", "/api/profile"))

    async def save_profile(self, profile: OwnProfile) -> OwnProfile:
        """Change all of it; in the lobby one looks different at once.

        Raises:
            InvalidInput: something does not fit.
            PermissionDenied: guests have none.

        """
        return read(OwnProfile, await self._client.request("POST", "/api/profile", dataclasses.asdict(profile)))

    async def get_friends(self) -> list[FriendView]:
        """Whom one lists, and where they are."""
        return self._note_friends(await self._client.request("GET", "/api/friends"))

    async def add_friend(self, number: int) -> list[FriendView]:
        """List somebody, who hears of it. Raises NotFound, LimitReached."""
        return self._note_friends(await self._client.request("POST", "/api/friends", {"number": number}))

    async def remove_friend(self, number: int) -> list[FriendView]:
        """Take somebody off the list."""
        return self._note_friends(await self._client.request("DELETE", f"/api/friends/{number}"))

    def _note_friends(self, answer: dict[str, Any]) -> list[FriendView]:
        found = read(Friends, answer).friends
        self.friends = {one.number: one for one in found}
        return found


def _as_words(styled_text: str) -> str:
    """The text such that it is said even if it looks like a command: it begins with a style code."""
    return f"|p{styled_text}" if _LOOKS_LIKE_COMMAND.match(styled_text) else styled_text
