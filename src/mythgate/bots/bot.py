"""One bot: it logs in, enters a lobby, talks, plays, goes away, and comes back."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from random import Random
from typing import Final, NamedTuple

from mythgate.bots import talk
from mythgate.bots.dialects import Dialect
from mythgate.bots.line import ANSWER_WITHIN, Line, LineLost, NoLobby, SentAway, TurnedAway
from mythgate.bots.tables import SEATS, Table, Tables, settle
from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver.packets import (
    AuthenticationType,
    CreateGame,
    DirectedData,
    GameList,
    GamePlayerList,
    Keepalive,
    Logout,
    MessageOfTheDay,
    Packet,
    PasswordChallenge,
    PasswordResponse,
    PlayerList,
    PlayerMode,
    RemoveGame,
    RequestFullUpdate,
    RoomBroadcast,
    RoomList,
    RoomLogin,
    RoomLoginSuccessful,
    SendVersions,
    ServerMessage,
    SetPlayerData,
    SetPlayerMode,
    StartGame,
    StatusCode,
    UserSuccessfulLogin,
    YouJustGotBlammed,
)
from mythgate.wire.metaserver.records import (
    CHAT_DIRECTED,
    ChatBlock,
    Colour,
    GameEntry,
    RoomEntry,
    RoomFlag,
    RoomType,
    Verb,
)
from mythgate.wire.metaserver.text import plain_name

BEAT_SECONDS: Final = 60.0  # how often Myth clients say that they are there, which keeps games of theirs alive
SILENCE_SECONDS: Final = 900.0  # longer than any family's server is silent
GAME_PORT: Final = 4226
_GOODBYE_WITHIN: Final = 2.0
_CHANCE_OF_ASIDE: Final = 0.1
_CHANCE_OF_ABSENCE: Final = 0.1
_CHANCE_TO_PLAY: Final = 0.7
_BOTS_A_GAME: Final = 4  # for every so many bots, one game may gather


class Account(NamedTuple):
    """Whom a bot logs in as."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast bots live. Seconds."""

    turn: float = 5.0  # on average, between two things a bot does
    gather: float = 6.0  # that a game waits for players
    play: float = 20.0
    absence: float = 5.0  # between going and coming back
    turns: int = 12  # of a visit, on average


@dataclass(slots=True)
class Tally:
    """What the bots of a door have done. All but `present` and `in_games` only rise."""

    present: int = 0
    in_games: int = 0
    logins: int = 0
    visits: int = 0  # lobbies entered
    said: int = 0
    whispered: int = 0
    heard: int = 0  # lines of anybody
    hosted: int = 0
    changed: int = 0  # announcements that a game changed
    started: int = 0
    removed: int = 0  # from the list, whether they were played or not
    reported: int = 0
    told: int = 0  # lines of the server, such as its greeting


@dataclass(slots=True)
class Stage:
    """What the bots of one door share."""

    dialect: Dialect
    host: str
    port: int
    pace: Pace
    chance: Random
    bots: int
    lobby: int | None = None  # None: the first that is open to them
    tally: Tally = field(default_factory=Tally)
    tables: defaultdict[int, Tables] = field(default_factory=lambda: defaultdict(Tables))  # by lobby
    numbers: dict[int, str] = field(default_factory=dict)  # names of those who are in a lobby


class Bot:
    """A client with a life of its own. Does everything in `live`, and takes its leave when that is cancelled."""

    def __init__(self, stage: Stage, name: str, account: Account | None, gate: asyncio.Semaphore) -> None:
        self._stage = stage
        self._dialect = stage.dialect
        self._name = account.name if account is not None else name
        self._account = account
        self._gate = gate  # how many come at the same time
        self._chance = stage.chance
        self._colour = Colour(
            red=self._chance.randrange(65_536),
            green=self._chance.randrange(65_536),
            blue=self._chance.randrange(65_536),
        )
        self._line: Line
        self._number = 0
        self._token = b""
        self._room_id = 0
        self._people: dict[int, str] = {}
        self._games: dict[int, GameEntry] = {}
        self._news = asyncio.Event()  # set when anything was heard
        self._hosts = False

    async def live(self) -> None:
        """Come and go until cancelled.

        Raises:
            NoServer: nobody answers.
            TurnedAway: the server said no.
            NoLobby: none is open to the bot.
            SentAway: a moderator said so.
            LineLost: the connection ended.
            ProtocolError: the server breaks the format.

        """
        while True:
            async with self._gate:
                room = await self._log_in()
                await self._enter(room)
            try:
                await self._stay()
            finally:
                await self._leave()
            await self._pause(self._stage.pace.absence)

    # --- coming --------------------------------------------------------------------------------------

    async def _log_in(self) -> RoomEntry:
        """Everything on the log-in port; the lobby to go to."""
        stage, dialect = self._stage, self._dialect
        line = await Line.open(stage.host, stage.port, dialect.family, encrypts=dialect.encrypts)
        try:
            line.send(dialect.login(self._user_name, dialect.looks(self._name, self._colour)))
            challenge = await line.expect_any(PasswordChallenge, SendVersions)
            if isinstance(challenge, PasswordChallenge):
                if challenge.authentication_type != AuthenticationType.PLAINTEXT:
                    raise ProtocolError("The server asks for the password in a way that no bot knows.")
                line.send(PasswordResponse(response=self._password))
                await line.expect(SendVersions)
            line.send(dialect.versions())
            success = await line.expect(UserSuccessfulLogin)
            self._number, self._token = success.user_id, success.token
            rooms = (await line.expect(RoomList)).rooms
            line.send(Logout())
        finally:
            await line.close()
        stage.tally.logins += 1
        return self._choose(rooms)

    @property
    def _user_name(self) -> str:
        if self._account is not None:
            return self._account.name
        if self._dialect.names_guests:
            return self._name
        return "guest" if self._dialect.is_marathon else ""

    @property
    def _password(self) -> bytes:
        if self._account is not None:
            return self._dialect.password(self._account.password)
        return b""

    def _choose(self, rooms: tuple[RoomEntry, ...]) -> RoomEntry:
        """The lobby that was asked for, or one that is open: where results count if they would be the bot's."""
        wanted = self._stage.lobby
        is_open = [room for room in rooms if not room.room_flags & RoomFlag.CLOSED_TO_YOU]
        if wanted is not None:
            for room in rooms:
                if room.room_id == wanted:
                    return room
            shown = ", ".join(str(room.room_id) for room in is_open) or "none at all"
            raise NoLobby(f"The server does not offer lobby {wanted} to {self._dialect.title}, but {shown}.")
        kind = RoomType.UNRANKED if self._account is None else RoomType.RANKED
        if not is_open:
            raise NoLobby(f"The server offers no lobby to {self._dialect.title}, or all are full.")
        return next((room for room in is_open if room.room_type == kind), is_open[0])

    async def _enter(self, room: RoomEntry) -> None:
        """Into a lobby. Once this returns, the others see the bot."""
        dialect = self._dialect
        host = str(IPv4Address(room.host)) if room.host else self._stage.host
        self._line = line = await Line.open(host, room.port, dialect.family, encrypts=dialect.encrypts)
        try:
            line.send(
                RoomLogin(token=self._token, username=self._user_name),
                SetPlayerData(data=dialect.looks(self._name, self._colour)),
            )
            self._number = (await line.expect(RoomLoginSuccessful)).user_id
        except BaseException:
            await line.close()
            raise
        self._room_id = room.room_id
        self._people.clear()
        self._games.clear()
        self._stage.tally.visits += 1
        self._stage.tally.present += 1
        self._stage.numbers[self._number] = self._name

    async def _leave(self) -> None:
        """Say goodbye, if somebody still listens, and close."""
        self._stage.tally.present -= 1
        self._stage.numbers.pop(self._number, None)
        if self._hosts:
            self._line.send(RemoveGame())
            self._withdrawn()
        self._line.send(Logout())
        with contextlib.suppress(LineLost, TimeoutError):
            async with asyncio.timeout(_GOODBYE_WITHIN):
                await self._line.drain()
        await self._line.close()

    # --- being there ---------------------------------------------------------------------------------

    async def _stay(self) -> None:
        """A visit to the lobby."""
        try:
            async with asyncio.TaskGroup() as group:
                ears = group.create_task(self._listen())
                heart = group.create_task(self._beat())
                await self._visit()
                ears.cancel()
                heart.cancel()
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed  # what ended the visit; the rest mostly follows from it

    async def _listen(self) -> None:
        while True:
            self._believe(await self._line.next(SILENCE_SECONDS))
            self._news.set()

    async def _beat(self) -> None:
        """Aleph One only answers; the Myth clients speak up by themselves."""
        while not self._dialect.is_marathon:
            await asyncio.sleep(BEAT_SECONDS)
            self._line.send(Keepalive())

    def _believe(self, packet: Packet) -> None:
        tally = self._stage.tally
        match packet:
            case RoomBroadcast() | DirectedData():
                tally.heard += 1
            case MessageOfTheDay():
                tally.told += 1
            case PlayerList():
                for player in packet.players:
                    if player.verb == Verb.DELETE:
                        self._people.pop(player.player_id, None)
                    else:
                        self._people[player.player_id] = plain_name(player.data.name)
            case GameList():
                for game in packet.games:
                    if game.verb == Verb.DELETE:
                        self._games.pop(game.game_id, None)
                    else:
                        self._games[game.game_id] = game
            case YouJustGotBlammed():
                raise SentAway(packet.message)
            case ServerMessage() if packet.code in _LAST_WORDS:
                raise TurnedAway(packet.code, packet.message)
            case _:
                pass

    async def _visit(self) -> None:
        """Do this and that for a while."""
        pace, chance = self._stage.pace, self._chance
        await self._pause(pace.turn / 2)
        await self._say(talk.greeting(chance))
        for _ in range(chance.randint(max(1, pace.turns // 2), max(1, pace.turns * 3 // 2))):
            await self._pause(pace.turn)
            has_played = await self._perhaps_play()
            if has_played and self._dialect.comes_back_after_games:
                return
            roll = chance.random()
            if roll < _CHANCE_OF_ASIDE and await self._whisper():
                continue
            if roll < _CHANCE_OF_ASIDE + _CHANCE_OF_ABSENCE:
                await self._be_away()
                continue
            others = [name for number, name in self._people.items() if number != self._number]
            await self._say(talk.line(chance, others, self._dialect.maps))

    async def _pause(self, mean: float) -> None:
        """Wait for about so long."""
        await asyncio.sleep(mean * self._chance.uniform(0.5, 1.5))

    async def _say(self, words: str) -> None:
        self._line.send(RoomBroadcast(chat=self._chat(words)))
        await self._line.drain()
        self._stage.tally.said += 1

    async def _whisper(self) -> bool:
        """Say something to another bot alone; people are left in peace. False if there is none."""
        others = [(n, name) for n, name in self._stage.numbers.items() if n in self._people and n != self._number]
        if not others:
            return False
        target, name = self._chance.choice(others)
        words = self._chat(talk.aside(self._chance, name, self._dialect.maps), target)
        self._line.send(DirectedData(target_player_id=target, echo=1, chat=words))
        await self._line.drain()
        self._stage.tally.whispered += 1
        return True

    def _chat(self, words: str, target: int = 0) -> ChatBlock:
        return ChatBlock(
            color=self._colour,
            flags=CHAT_DIRECTED if target else 0,
            player_id=self._number,
            selected_player_id=target,
            name=self._name,
            message=words,
        )

    async def _be_away(self) -> None:
        self._line.send(SetPlayerData(data=self._dialect.looks(self._name, self._colour, away=True)))
        await self._pause(self._stage.pace.turn)
        self._line.send(SetPlayerData(data=self._dialect.looks(self._name, self._colour)))
        await self._line.drain()

    # --- games ---------------------------------------------------------------------------------------

    async def _perhaps_play(self) -> bool:
        """Join a game or host one, if the bot feels like it; whether it did."""
        if self._chance.random() >= _CHANCE_TO_PLAY:
            return False
        tables = self._stage.tables[self._room_id]
        table = tables.with_a_seat()
        if table is not None:
            await self._join(table)
        elif tables.gathering < max(1, self._stage.bots // _BOTS_A_GAME // 2):
            await self._host(tables)
        else:
            return False
        return True

    async def _host(self, tables: Tables) -> None:
        """A game from its announcement until it is gone."""
        chance, pace, dialect = self._chance, self._stage.pace, self._dialect
        map_name = chance.choice(dialect.maps)
        kind = chance.choice(dialect.kinds)
        name = talk.game_name(chance, self._name, map_name)
        table = tables.open(self._number)

        def announce(*, running: bool = False) -> None:
            description = dialect.game(
                name,
                map_name,
                kind=kind,
                players=len(table.players),
                seats=SEATS,
                seconds=pace.play,
                running=running,
            )
            self._line.send(CreateGame(port=GAME_PORT, description=description))

        try:
            announce()
            self._hosts = True
            self._stage.tally.hosted += 1
            if not await self._heard(lambda: self._own_game() is not None):
                self._line.send(RemoveGame())  # the server did not want it, and has said so in a line
                self._withdrawn()
                return
            game = self._own_game()
            assert game is not None
            table.game_id = game.game_id
            await self._gather(table, announce)
            await self._run(table, kind, announce)
        finally:
            tables.clear(table)

    def _own_game(self) -> GameEntry | None:
        return next((game for game in self._games.values() if game.creating_player_id == self._number), None)

    async def _gather(self, table: Table, announce: Callable[[], None]) -> None:
        """Wait for players; the server is told of each."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._stage.pace.gather):
                while len(table.players) < SEATS:
                    table.changed.clear()
                    await table.changed.wait()
                    announce()
                    self._stage.tally.changed += 1
                    await self._line.drain()

    async def _run(self, table: Table, kind: int, announce: Callable[..., None]) -> None:
        """Start the game, play it, and say how it ended."""
        dialect, tally, seconds = self._dialect, self._stage.tally, self._stage.pace.play
        announce(running=True)
        tally.changed += 1
        if dialect.reports:
            self._line.send(GamePlayerList(game_id=table.game_id, player_ids=tuple(table.players)))
        self._line.send(StartGame(game_time=dialect.start_time(seconds)), SetPlayerMode(mode=PlayerMode.DEAF))
        table.started.set()  # before anybody else can sit down: the line-up is told
        await self._line.drain()
        tally.started += 1
        tally.in_games += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            tally.in_games -= 1
        if dialect.reports and len(table.players) > 1:
            table.score = settle(table, kind, seconds, self._chance)
        self._report(table)
        self._line.send(RemoveGame())
        self._withdrawn()
        await self._line.drain()
        table.over.set()
        await self._listen_again()

    def _withdrawn(self) -> None:
        self._hosts = False
        self._stage.tally.removed += 1

    async def _join(self, table: Table) -> None:
        """Play in the game of another bot."""
        tally = self._stage.tally
        table.sit_down(self._number)
        try:
            await _first_of(table.started, table.over)
        finally:
            table.stand_up(self._number)
        if not table.started.is_set():
            return
        self._line.send(SetPlayerMode(mode=PlayerMode.DEAF))
        await self._line.drain()
        tally.in_games += 1
        try:
            await table.over.wait()
        finally:
            tally.in_games -= 1
        self._report(table)
        await self._listen_again()

    def _report(self, table: Table) -> None:
        """112, if the family reports and the game came to its end."""
        score = table.report_of(self._number)
        if score is not None:
            self._line.send(score)
            self._stage.tally.reported += 1

    async def _listen_again(self) -> None:
        """Back from a game: what happened meanwhile has to be asked for."""
        self._people.clear()
        self._games.clear()
        self._line.send(SetPlayerMode(mode=PlayerMode.LISTENING))
        if not self._dialect.is_marathon:
            self._line.send(RequestFullUpdate())
        await self._line.drain()

    async def _heard(self, condition: Callable[[], bool]) -> bool:
        """Listen until something is so; False if it is not for long."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True


_LAST_WORDS: Final = frozenset(
    {
        StatusCode.SYNTAX_ERROR,
        StatusCode.NOT_LOGGED_IN,
        StatusCode.ALREADY_LOGGED_IN,
        StatusCode.ROOM_FULL,
        StatusCode.ACCOUNT_LOCKED,
        StatusCode.ROOM_SHUT_DOWN,
    }
)
"""Server messages after which the connection ends."""


async def _first_of(*events: asyncio.Event) -> None:
    """Wait until one of these is set."""
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(event.wait()) for event in events]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
