"""Bots of every family in a real lobby, watched by somebody with a browser."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.support.metaserver import ARRIVAL, FALLS, FERRY, LOBBIES, LORDS, RANKED_18, House, open_house, until

from mythgate.bots.bot import Account, Pace
from mythgate.bots.line import LineLost, NoLobby, NoServer, SentAway, TurnedAway
from mythgate.bots.troupe import Plan, Troupe
from mythgate.domain.accounts import Role
from mythgate.domain.events import LobbyGameChanged, LobbyGameListed, LobbyGameRemoved, LobbyMessage
from mythgate.domain.results import Outcome, Result
from mythgate.doors.metaserver.options import MetaserverStats
from mythgate.wire.metaserver.packets import StatusCode

SMITHS, TIGHT = 9, 10
HURRY = Pace(turn=0.02, gather=0.1, play=0.1, absence=0.02, turns=6)
CALM = Pace(turn=1000, gather=1000, play=1000, absence=1000)
ROOMS: list[dict[str, Any]] = [
    *LOBBIES,
    {"name": "Smithy", "room_id": SMITHS, "family": "myth3"},
]
ROOM_OF = {"alephone": ARRIVAL, "tfl": LORDS, "myth": FERRY, "myth2": FALLS, "myth3": SMITHS}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, lobbies={"rooms": ROOMS}) as opened:
        yield opened


def troupe_of(house: House, pace: Pace = HURRY, *, port: int = 0, **more: Any) -> Troupe:
    bots = more.pop("bots", {"myth2": 3})
    return Troupe(Plan(bots, "127.0.0.1", port or house.port, 60, pace, **more), Random(5))


@contextlib.asynccontextmanager
async def playing(troupe: Troupe) -> AsyncIterator[None]:
    """Let the bots live while the block runs; they say goodbye at its end."""
    run = asyncio.create_task(troupe.run())
    try:
        yield
    finally:
        await asyncio.sleep(0)
        troupe.stop()
        await run


def both_answered(stats: MetaserverStats, before: int) -> bool:
    """Whether two packets came since there were so many."""
    return stats.packets >= before + 2


async def failed(troupe: Troupe) -> list[Any]:
    """Let bots live that cannot, to their end."""
    async with asyncio.timeout(20):
        await troupe.run()
    assert troupe.elapsed < 20
    return troupe.errors


@pytest.mark.parametrize("door", ROOM_OF)
async def test_bots_of_each_family_talk_and_play_and_come_back(house: House, door: str) -> None:
    room_id = ROOM_OF[door]
    watcher = house.browser()
    watcher.enter(room_id)
    troupe = troupe_of(house, bots={door: 3})
    tally = troupe.stages[door].tally

    def heard(kind: type) -> list[Any]:
        return [event.payload for event in watcher.events if isinstance(event.payload, kind)]

    async with playing(troupe):
        await until(lambda: len({one.message for one in heard(LobbyMessage) if "Bot" in one.name}) > 5)
        await until(lambda: heard(LobbyGameRemoved))
        await until(lambda: tally.visits > 4 and tally.started > 1)
        assert tally.present <= 3
    await until(lambda: house.names(room_id) == ["Ada"])  # all said goodbye
    listed, removed = heard(LobbyGameListed)[0].game, {one.number for one in heard(LobbyGameRemoved)}
    assert "Bot" in listed.host_name
    assert listed.max_players == 8
    assert {one.game.number for one in heard(LobbyGameListed)} == removed  # none is left behind
    changes = [one.game for one in heard(LobbyGameChanged)]
    assert any(game.state == "running" and not game.joinable for game in changes)
    assert any(game.players > 1 for game in changes)
    assert troupe.gone == 0
    assert not troupe.errors
    assert tally.reported > 1 if door != "alephone" else tally.reported == 0
    assert house.door.stats.ignored_packets == 0
    assert not house.node.services.hosting.games()


async def test_bots_with_accounts_are_ranked_by_what_they_report(house: House) -> None:
    for name in ("Thetis", "Peleus"):
        await house.account(name)
    results: list[Result] = []
    house.node.services.results.on_recorded(results.append)
    accounts = [Account("Thetis", "hunter2 hunter2"), Account("Peleus", "hunter2 hunter2")]
    troupe = troupe_of(house, bots={"myth2": 2}, accounts=accounts)
    async with playing(troupe):
        await until(lambda: any(len(result.lines) == 2 for result in results))
    result = next(result for result in results if len(result.lines) == 2)
    assert result.room_id == RANKED_18
    assert {line.name for line in result.lines} == {"Thetis", "Peleus"}
    assert {line.outcome for line in result.lines} == {Outcome.WIN, Outcome.LOSS}
    assert troupe.gone == 0


async def test_bots_go_where_they_are_sent(house: House) -> None:
    async with playing(troupe_of(house, CALM, bots={"myth2": 2}, lobby=FALLS)):
        await until(lambda: len(house.names(FALLS)) == 2)


@pytest.mark.parametrize("door", ROOM_OF)
async def test_bots_show_that_they_live(house: House, door: str) -> None:
    troupe, stats = troupe_of(house, CALM, bots={door: 2}), house.door.stats
    async with playing(troupe):
        await until(lambda: len(house.names(ROOM_OF[door])) == 2)
        for _ in range(5):  # longer than any family may be silent
            packets = stats.packets
            await house.jump(200 if door == "myth2" else 60)
            await until(functools.partial(both_answered, stats, packets))
        assert len(house.names(ROOM_OF[door])) == 2
    assert troupe.gone == 0


async def test_a_run_ends_by_itself(house: House) -> None:
    plan = Plan({"alephone": 2, "myth": 2}, "127.0.0.1", house.port, 0.5, HURRY)
    troupe = Troupe(plan, Random(5))
    async with asyncio.timeout(10):
        await troupe.run()
    assert troupe.gone == 0
    assert all(stage.tally.said for stage in troupe.stages.values())
    await until(lambda: not house.names(ARRIVAL) + house.names(FERRY))


# --- what can go wrong ---


async def test_a_server_that_goes_away_ends_the_run(tmp_path: Path) -> None:
    async with open_house(tmp_path, lobbies={"rooms": ROOMS}) as house:
        troupe = troupe_of(house, bots={"alephone": 2, "myth2": 2})
        run = asyncio.create_task(troupe.run())
        await until(lambda: sum(stage.tally.said for stage in troupe.stages.values()) > 4)
    async with asyncio.timeout(10):
        await run
    assert troupe.gone == 4
    assert all(isinstance(error, LineLost | NoServer | TurnedAway) for error in troupe.errors)
    assert all(stage.tally.present == 0 for stage in troupe.stages.values())


async def test_nobody_answers(house: House) -> None:
    with contextlib.closing(await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)) as server:
        port = server.sockets[0].getsockname()[1]
    errors = await failed(troupe_of(house, port=port))
    assert [str(error) for error in errors] == [f"No metaserver answers at 127.0.0.1:{port} (connection refused)."]
    assert isinstance(errors[0], NoServer)


async def test_somebody_else_answers(house: House) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        errors = await failed(troupe_of(house, port=server.sockets[0].getsockname()[1]))
    assert "signature" in str(errors[0])


async def test_guests_are_not_let_in(tmp_path: Path) -> None:
    async with open_house(tmp_path, lobbies={"rooms": ROOMS}, sessions={"guests": False}) as house:
        for door in ROOM_OF:
            troupe = troupe_of(house, bots={door: 2})
            (error,) = await failed(troupe)
            assert isinstance(error, TurnedAway)
            assert "no guests" in error.text
            assert error.status in {StatusCode.GUESTS_NOT_ALLOWED, StatusCode.BAD_USER_OR_PASSWORD}
            assert troupe.gone == 2


async def test_a_wrong_password_is_told(house: House) -> None:
    await house.account("Thetis")
    (error,) = await failed(troupe_of(house, bots={"myth": 1}, accounts=[Account("Thetis", "wrong")]))
    assert isinstance(error, TurnedAway)
    assert error.status is StatusCode.BAD_USER_OR_PASSWORD


@pytest.mark.parametrize(("door", "family"), [("alephone", "marathon"), ("myth", "myth"), ("myth2", "myth2")])
async def test_a_full_lobby_takes_no_more(tmp_path: Path, door: str, family: str) -> None:
    rooms = [{"name": "Tight", "room_id": TIGHT, "family": family, "capacity": 2}]
    async with open_house(tmp_path, lobbies={"rooms": rooms}) as house:
        troupe = troupe_of(house, CALM, bots={door: 3})
        async with playing(troupe):
            await until(lambda: troupe.gone and len(house.names(TIGHT)) == 2)
            assert len(house.names(TIGHT)) == 2
        assert troupe.gone == 1
        (error,) = troupe.errors
        assert "full" in str(error)


async def test_a_lobby_that_is_not_there(house: House) -> None:
    (error,) = await failed(troupe_of(house, lobby=77))
    assert isinstance(error, NoLobby)
    assert str(error) == f"The server does not offer lobby 77 to Myth II 1.8, but {FALLS}."


async def test_a_bot_that_is_kicked_stays_away(house: House) -> None:
    await house.account("Warden", role=Role.MODERATOR)
    troupe = troupe_of(house, CALM, bots={"myth": 2})
    async with playing(troupe):
        await until(lambda: len(house.names(FERRY)) == 2)
        warden = await house.myth(user_name="Warden", name="Warden", room_id=FERRY)
        warden.chat(f".kick {house.names(FERRY)[0]} too many bots")
        await until(lambda: troupe.gone == 1)
        assert house.names(FERRY)[1:] == ["Warden"]  # and the other bot
    (error,) = troupe.errors
    assert isinstance(error, SentAway)
    assert "too many bots" in str(error)
