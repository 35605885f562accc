"""Hosted games: what can happen to them, the board, searching."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mythgate.domain import hosting
from mythgate.domain.errors import NoGame, WrongGameState
from mythgate.domain.hosting import (
    OVER,
    TRANSITIONS,
    GameAct,
    GameBoard,
    GameFacts,
    GamePhase,
    GameSearch,
    HostedGame,
    apply,
)
from mythgate.domain.lobbies import Family

FACTS = GameFacts(
    name="|bAda's Game",
    map_name="Thirty Naked Recruits",
    kind="king of the hill",
    scoring=3,
    players=2,
    max_players=8,
    teams=True,
    scenario="Marathon",
    options=frozenset({"veterans"}),
)
GAME = HostedGame(5, 26, Family.MARATHON, 7, "Ada", "192.0.2.1", 4226, FACTS)


@pytest.mark.parametrize(("state", "act"), list(product(GamePhase, GameAct)))
def test_every_act_in_every_state(state: GamePhase, act: GameAct) -> None:
    game = replace(GAME, state=state)
    if (state, act) in TRANSITIONS:
        changed = apply(game, act, port=1)
        assert (changed.state, changed.port) == (TRANSITIONS[state, act], 1)
    else:
        with pytest.raises(WrongGameState):
            apply(game, act)


def test_nothing_happens_to_a_game_that_is_over_and_none_starts_twice() -> None:
    assert {act for (state, act) in TRANSITIONS if state in OVER} == set()
    assert {state for state in GamePhase if replace(GAME, state=state).is_over} == OVER
    assert (GamePhase.RUNNING, GameAct.START) not in TRANSITIONS


@pytest.mark.parametrize(
    ("started_at", "duration", "now", "left"),
    [(None, 60.0, 5.0, None), (10.0, None, 20.0, None), (10.0, 60.0, 20.0, 50), (10.0, 60.0, 99.0, 0)],
)
def test_time_left(started_at: float | None, duration: float | None, now: float, left: int | None) -> None:
    assert replace(GAME, started_at=started_at, duration=duration).seconds_left(now) == left


def test_time_stands_still_for_a_game_that_is_over() -> None:
    game = replace(GAME, started_at=10.0, duration=60.0, over_at=25.0, state=GamePhase.ABANDONED)
    assert (game.elapsed_seconds(999.0), game.seconds_left(20.0)) == (15, None)


@pytest.mark.parametrize(
    ("changes", "is_joinable"),
    [
        ({}, True),
        ({"players": 8}, False),
        ({"players": 8, "max_players": 0}, True),
        ({"closed": True}, False),
    ],
)
def test_joining(changes: dict[str, object], is_joinable: bool) -> None:
    game = replace(GAME, facts=replace(FACTS, **changes))  # type: ignore[arg-type]
    assert game.is_joinable is is_joinable
    assert not replace(game, state=GamePhase.RUNNING).is_joinable


@pytest.mark.parametrize(
    ("criteria", "matches"),
    [
        ({}, True),
        ({"name": "ADA'S"}, True),
        ({"name": "|bada"}, True),
        ({"name": "bob"}, False),
        ({"map_name": "naked"}, True),
        ({"map_name": "clothed"}, False),
        ({"kind": "hill"}, True),
        ({"kind": "tag"}, False),
        ({"scenario": "marathon"}, True),
        ({"scenario": "infinity"}, False),
        ({"scoring": 3}, True),
        ({"scoring": 4}, False),
        ({"teams": True}, True),
        ({"teams": False}, False),
        ({"has_password": False}, True),
        ({"has_password": True}, False),
        ({"joinable": True}, True),
        ({"joinable": False}, False),
        ({"state": GamePhase.LISTED}, True),
        ({"state": GamePhase.RUNNING}, False),
        ({"family": Family.MARATHON}, True),
        ({"family": Family.MYTH}, False),
        ({"wanted": frozenset({"veterans"})}, True),
        ({"wanted": frozenset({"unit_trading"})}, False),
        ({"unwanted": frozenset({"unit_trading"})}, True),
        ({"unwanted": frozenset({"veterans"})}, False),
        ({"name": "ada", "teams": False}, False),
    ],
)
def test_searching(criteria: dict[str, object], matches: bool) -> None:
    assert GameSearch(**criteria).matches(GAME) is matches  # type: ignore[arg-type]


def test_one_game_a_host_and_one_host_a_game() -> None:
    board = GameBoard()
    board.post(GAME)
    for other in (replace(GAME, number=6), replace(GAME, host=8)):
        with pytest.raises(ValueError, match="already"):
            board.post(other)


def test_numbers_come_round_and_skip_those_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "LAST_NUMBER", 3)
    board = GameBoard()
    assert [board.new_number() for _ in range(4)] == [1, 2, 3, 1]
    board.post(replace(GAME, number=2))
    assert board.new_number() == 3
    assert board.new_number() == 1
    assert board.new_number() == 3


HOSTS = st.integers(1, 4)


class Board(RuleBasedStateMachine):
    """Anything that hosts may do in any order, against a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.board = GameBoard()
        self.expected: dict[int, HostedGame] = {}

    @rule(host=HOSTS, room_id=st.integers(1, 2))
    def post(self, host: int, room_id: int) -> None:
        if host not in self.expected:
            game = replace(GAME, number=self.board.new_number(), host=host, room_id=room_id)
            self.board.post(game)
            self.expected[host] = game

    @rule(host=HOSTS, act=st.sampled_from(list(GameAct)))
    def act(self, host: int, act: GameAct) -> None:
        game = self.expected.get(host)
        if game is None:
            with pytest.raises(NoGame):
                self.board.act(host, act)
            return
        if (game.state, act) not in TRANSITIONS:
            with pytest.raises(WrongGameState):
                self.board.act(host, act)
            return
        changed = self.board.act(host, act)
        if act in (GameAct.REMOVE, GameAct.ABANDON):
            del self.expected[host]
        else:
            self.expected[host] = changed

    @invariant()
    def all_agree(self) -> None:
        games = sorted(self.expected.values(), key=lambda game: game.number)
        assert len(self.board) == len(games)
        assert self.board.within() == games
        for room_id in (1, 2):
            assert self.board.within(room_id) == [game for game in games if game.room_id == room_id]
        for host in range(1, 5):
            assert self.board.of_host(host) == self.expected.get(host)
        for game in games:
            assert self.board.get(game.number) == game
        assert self.board.get(0) is None


TestBoard = Board.TestCase
TestBoard.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
