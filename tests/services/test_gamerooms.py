"""Games in lobbies: who is told what and when, whose fault harms whom."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest
from tests.support.clock import FakeClock
from tests.support.lobbies import ARRIVAL, LobbyKit

from mythgate.domain.errors import BadUsage, NoGame, NotInLobby, NotYourTurn, PermissionDenied, Unavailable
from mythgate.domain.events import LobbyMessage, LobbyPlayEvent, LobbyPlayState, LobbyState
from mythgate.domain.lobbies import Lobby, Occupant
from mythgate.domain.sessions import OPERATOR
from mythgate.services.all import Services
from mythgate.services.extensions import Extensions
from mythgate.services.gamerooms import FAILED, LONGEST_STATE, LONGEST_TEXT, MOST_SENDINGS, GameRoom, Player
from mythgate.services.ports import Store
from mythgate.services.roomtypes import RoomHandler

# Rooms keep nothing.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass(frozen=True, slots=True)
class RallyLobby(Lobby):
    type_name: ClassVar[str] = "rally"
    seconds: int = 30


class Rally(GameRoom[RallyLobby]):
    """Whoever is there hits a ball; moves name what to do."""

    def begin(self) -> None:
        self.hits: list[str] = []
        self.hand: Any = None

    def entered(self, player: Player) -> None:
        self.say(f"{player.name} takes a racket.\n")
        self.wake_in(self.lobby.seconds)

    def left(self, player: Player) -> None:
        self.hits.append(f"{player.name} is gone, {len(self.players)} left")

    def moved(self, player: Player, move: str) -> str | None:
        word, _, rest = move.partition(" ")
        deed: Callable[[], Any] = {
            "hit": lambda: self.hits.append(player.name),
            "wink": lambda: self.tell("winked", to=self.players[-1], eye=rest),
            "shout": lambda: self.tell("shouted", words=[rest], by=player.number),
            "tell": lambda: self.tell("told", to=Player(99, "Nobody")),
            "whisper": lambda: self.say(rest, to=self.players[-1]),
            "rest": lambda: self.wake_in(None if rest == "for good" else float(rest)),
            "hold": lambda: setattr(self, "hand", eval(rest)),
            "say": lambda: self.chatter(rest or "x" * (LONGEST_TEXT + 1)),
            "answer": lambda: None,
            "call": lambda: self.tell(eval(rest)),
            "murmur": lambda: self.say(eval(rest)),
            "grumble": lambda: self.grumble(eval(rest)),
        }[word]
        self.say("a racket moves")
        if word == "hit" and self.hits[-1:] == [player.name]:
            raise NotYourTurn(hint="")
        deed()
        return cast("str", 7) if rest == "wrongly" else f"{word}, {player.name}"

    def chatter(self, text: str) -> None:
        for _ in range(MOST_SENDINGS + 1):
            self.say(text)

    def grumble(self, text: str) -> None:
        raise BadUsage(text)

    def woken(self) -> None:
        self.hits.append("the ball falls")

    def state(self) -> Mapping[str, Any]:
        return {"hits": self.hits, "hand": self.hand}


class Plain(GameRoom[Lobby]):
    """Overrides nothing."""


class Stillborn(Plain):
    def begin(self) -> None:
        raise ZeroDivisionError


class PlainLobby(Lobby):
    type_name: ClassVar[str] = "plain"


class StillbornLobby(Lobby):
    type_name: ClassVar[str] = "stillborn"


class Careless(RoomHandler):
    async def moved(self, lobby: Lobby, occupant: Occupant, move: str) -> str:
        raise ZeroDivisionError


class CarelessLobby(Lobby):
    type_name: ClassVar[str] = "careless"


class IdleLobby(Lobby):
    type_name: ClassVar[str] = "idle"


RALLY, SECOND, PLAIN, STILLBORN, CARELESS, IDLE = 40, 41, 42, 43, 44, 45


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[LobbyKit]:
    extensions = Extensions()
    extensions.add_game(RallyLobby, Rally)
    extensions.add_game(PlainLobby, Plain)
    extensions.add_game(StillbornLobby, Stillborn)
    extensions.room_types.add(CarelessLobby, Careless)
    extensions.room_types.add(IdleLobby, RoomHandler)
    lobbies = (
        Lobby("Arrival", ARRIVAL),
        RallyLobby("Rally", RALLY),
        RallyLobby("Second", SECOND),
        PlainLobby("Plain", PLAIN),
        StillbornLobby("Stillborn", STILLBORN),
        CarelessLobby("Careless", CARELESS),
        IdleLobby("Idle", IDLE),
    )
    made = LobbyKit(clock, store, lobbies, types=extensions.room_types)
    extensions.room_types.serve(cast("Services", SimpleNamespace(lobbies=made.lobbies, clock=clock)))
    yield made
    await made.lobbies.settle()


async def play(kit: LobbyKit, one: Occupant, move: str) -> str:
    return await kit.lobbies.play(one.visitor.listener, move)


async def tick(kit: LobbyKit) -> None:
    assert kit.types is not None
    await kit.types.tick()


def told(kit: LobbyKit, one: Occupant) -> list[tuple[list[str], float | None]]:
    return [(state.state["hits"], state.seconds_left) for state in kit.heard(one).of(LobbyPlayState)]


async def test_everybody_is_told_how_it_stands(kit: LobbyKit, clock: FakeClock) -> None:
    ada = await kit.enter("Ada", RALLY)
    assert told(kit, ada) == [([], None), ([], 30.0)]
    assert kit.lobbies.view(RALLY).type_name == "rally"
    assert await play(kit, ada, "hit") == "hit, Ada"
    clock.advance(timedelta(seconds=10))
    bob = await kit.enter("Bob", RALLY)
    assert told(kit, bob) == [(["Ada"], 20.0), (["Ada"], 30.0)]  # before he came, and after
    order = [type(one.payload).__name__ for one in kit.heard(bob).events]
    assert order.index("LobbyState") < order.index("LobbyPlayState") < order.index("LobbyPlayerEntered")
    await play(kit, bob, "hit")
    assert told(kit, ada)[-1] == told(kit, bob)[-1] == (["Ada", "Bob"], 30.0)
    count = len(told(kit, ada))
    await play(kit, bob, "answer")
    assert len(told(kit, ada)) == count  # nothing is another
    assert kit.heard(ada).of(LobbyPlayState)[-1].kind == "rally"
    assert kit.lines(bob)[-1] == "a racket moves"


async def test_what_is_told_is_a_copy(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada", RALLY)
    before = kit.heard(ada).of(LobbyPlayState)[-1]
    await play(kit, ada, "hit")
    assert before.state["hits"] == []


async def test_a_refused_move_changes_and_tells_nothing(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada", RALLY)
    await play(kit, ada, "hit")
    heard = len(kit.heard(ada).events)
    with pytest.raises(NotYourTurn):
        await play(kit, ada, "hit")
    assert len(kit.heard(ada).events) == heard
    assert await kit.typed(ada, ".play hit") == ["It is not your turn."]
    assert (await kit.typed(ada, ".play answer"))[-1] == "answer, Ada"


async def test_words_for_programs(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada", RALLY), await kit.enter("Bob", RALLY)
    await play(kit, ada, "wink left")
    await play(kit, ada, "shout hey")
    await play(kit, ada, "tell nobody")
    shout = LobbyPlayEvent("rally", "shouted", {"words": ["hey"], "by": ada.number})
    assert kit.heard(ada).of(LobbyPlayEvent) == [shout]
    assert kit.heard(bob).of(LobbyPlayEvent) == [LobbyPlayEvent("rally", "winked", {"eye": "left"}), shout]


async def test_lines_for_one(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada", RALLY), await kit.enter("Bob", RALLY)
    await play(kit, ada, "whisper watch\nout")
    assert kit.lines(bob)[-2:] == ["a racket moves", "watch out"]
    assert kit.lines(ada)[-1] == "a racket moves"


async def test_time(kit: LobbyKit, clock: FakeClock) -> None:
    ada = await kit.enter("Ada", RALLY)
    clock.advance(timedelta(seconds=29))
    await tick(kit)
    assert told(kit, ada)[-1] == ([], 30.0)
    clock.advance(timedelta(seconds=1))
    await tick(kit)
    await tick(kit)
    assert told(kit, ada)[-1] == (["the ball falls"], None)
    await play(kit, ada, "rest 5")
    assert told(kit, ada)[-1] == (["the ball falls"], 5.0)
    await play(kit, ada, "rest for good")
    clock.advance(timedelta(seconds=100))
    await tick(kit)
    assert told(kit, ada)[-1] == (["the ball falls"], None)


async def test_who_leaves_and_who_returns(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada", RALLY), await kit.enter("Bob", RALLY)
    kit.lobbies.leave(bob.visitor.listener)
    assert told(kit, ada)[-1][0] == ["Bob is gone, 1 left"]
    kit.lobbies.enter(bob.visitor, RALLY)
    assert told(kit, bob)[-1][0] == ["Bob is gone, 1 left"]
    kit.lobbies.leave(ada.visitor.listener)
    kit.lobbies.leave(bob.visitor.listener)
    cleo = await kit.enter("Cleo", RALLY)
    assert told(kit, cleo)[-1][0] == []  # the last who left ended it


async def test_who_comes_back_to_the_page_is_told_again(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada", RALLY, browser=True)
    await play(kit, ada, "hit")
    count = len(told(kit, ada))
    kit.lobbies.enter(ada.visitor, RALLY)
    kit.lobbies.on_reentered(ada.visitor.listener)
    assert told(kit, ada)[count:] == [(["Ada"], 30.0)] * 2
    assert len(kit.heard(ada).of(LobbyState)) == 3


async def test_hidden_people_watch(kit: LobbyKit) -> None:
    ghost = await kit.enter("Ghost", RALLY, hidden=True)
    with pytest.raises(PermissionDenied):
        await play(kit, ghost, "hit")
    ada = await kit.enter("Ada", RALLY)
    await play(kit, ada, "hit")
    assert told(kit, ghost)[-1][0] == ["Ada"]
    with pytest.raises(PermissionDenied):
        await play(kit, ghost, "hit")
    kit.lobbies.leave(ghost.visitor.listener)
    assert told(kit, ada)[-1][0] == ["Ada"]


async def test_rooms_of_a_kind_are_apart_and_follow_their_settings(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada", RALLY), await kit.enter("Bob", SECOND)
    await play(kit, ada, "hit")
    assert told(kit, bob)[-1][0] == []
    await kit.lobbies.change(OPERATOR, RALLY, seconds=7)
    cleo = await kit.enter("Cleo", RALLY)
    assert told(kit, cleo)[-1] == (["Ada"], 7.0)


async def test_a_closed_lobby_forgets_its_game(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada", RALLY)
    await play(kit, ada, "hit")
    await kit.lobbies.remove(OPERATOR, RALLY)
    await kit.enter("Bob", SECOND)
    await kit.lobbies.add(OPERATOR, RallyLobby("Again", RALLY))
    cleo = await kit.enter("Cleo", RALLY)
    assert told(kit, cleo)[0][0] == []


FAULTS = [
    "jump",  # KeyError
    "answer wrongly",
    "say",
    "say much",
    "murmur 'half \\ud800'",
    "murmur None",
    "call None",
    "call 'half \\ud800'",
    "call 'x' * 1001",
    "grumble 'half \\ud800'",
    "rest -1",
    "rest nan",
    "rest inf",
    "hold {1, 2}",
    "hold math.nan",
    "hold 2 ** 53",
    "hold [-(2 ** 53)]",
    "hold {'a': 10 ** 30}",
    "hold '\\ud800'",
    f"hold 'x' * {LONGEST_STATE}",
    "hold [[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]",
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_puts_one_room_out_of_order(
    kit: LobbyKit, clock: FakeClock, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    ada, bob, cleo = await kit.enter("Ada", RALLY), await kit.enter("Bob", RALLY), await kit.enter("Cleo", SECOND)
    with pytest.raises(Unavailable, match="Rally is out of order"):
        await play(kit, ada, fault)
    assert kit.lines(bob)[-1] == FAILED
    for move in ("hit", "answer"):
        with pytest.raises(Unavailable):
            await play(kit, bob, move)
    clock.advance(timedelta(seconds=60))
    await tick(kit)
    late = await kit.enter("Late", RALLY)
    assert told(kit, late) == []
    assert [one.message for one in caplog.records if one.levelname == "ERROR"] == ["a game room is out of order"]
    assert await play(kit, cleo, "hit") == "hit, Cleo"  # the other room plays on
    for one in (ada, bob, late):
        kit.lobbies.leave(one.visitor.listener)
    assert await play(kit, await kit.enter("New", RALLY), "hit") == "hit, New"


async def test_as_much_as_may_be(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada", RALLY)
    for held in ("2 ** 53 - 1", "[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]", "{'a': (True, None, 'é', 0.5)}"):
        await play(kit, ada, f"hold {held}")
        given = kit.heard(ada).of(LobbyPlayState)[-1].state["hand"]
        assert given == (eval(held) if "(" not in held else {"a": [True, None, "é", 0.5]})


async def test_a_room_that_cannot_begin(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada", STILLBORN)
    with pytest.raises(Unavailable):
        await play(kit, ada, "hit")
    assert kit.lines(ada) == [FAILED]


async def test_a_room_that_overrides_nothing(kit: LobbyKit, clock: FakeClock) -> None:
    ada, bob = await kit.enter("Ada", PLAIN), await kit.enter("Bob", PLAIN)
    with pytest.raises(BadUsage):
        await play(kit, ada, "hit")
    kit.lobbies.leave(bob.visitor.listener)
    room = Plain(PlainLobby("Plain", PLAIN), clock.monotonic)
    room.woken()
    assert [one.state for one in kit.heard(ada).of(LobbyPlayState)] == [{}]


async def test_where_nothing_is_played(kit: LobbyKit, caplog: pytest.LogCaptureFixture) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob", CARELESS)
    with pytest.raises(NoGame, match="Nothing is played in Arrival"):
        await play(kit, ada, "hit")
    with pytest.raises(NoGame, match="Nothing is played in Idle"):
        await play(kit, await kit.enter("Cleo", IDLE), "hit")
    with pytest.raises(Unavailable, match="What is played in Careless has failed"):
        await play(kit, bob, "hit")
    assert [one.message for one in caplog.records if one.exc_info] == ["a type of lobby failed"]
    kit.lobbies.leave(ada.visitor.listener)
    with pytest.raises(NotInLobby):
        await play(kit, ada, "hit")
    assert kit.heard(bob).of(LobbyMessage) == []
