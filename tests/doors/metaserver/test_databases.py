"""The door on each database: where a question to it waits, everything stays in order."""

from __future__ import annotations

import struct
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.metaserver import FALLS, RANKED_18, open_house, until
from tests.support.metaserver_client import (
    BUDDIES,
    LINE_UP,
    PLAYER_INFO,
    QUERY_INFO,
    SCORE,
    UPDATE_BUDDY,
    myth_game,
    report,
)

from mythgate.domain.errors import NotFound


async def test_an_evening(tmp_path: Path, database_url: str) -> None:
    async with open_house(tmp_path, database=database_url) as house:
        alric, balor = await house.account("Alric"), await house.account("Balor")
        first = await house.myth18("Alric", "alric", room_id=FALLS)
        second = await house.myth18("Balor", "balor", room_id=FALLS)
        await first.line.until(BUDDIES)  # its own list, on entering
        for number in range(50):
            first.chat(f"line {number}")
        await second.until_said("line 49")
        assert [one.message for one in second.said] == [f"line {number}" for number in range(50)]
        raw = await first.ask(UPDATE_BUDDY, struct.pack(">Ii", balor.number, 1), BUDDIES)
        assert struct.unpack_from(">IB", raw) == (balor.number, 1)
        await first.enter(next(room for room in first.rooms if room.room_id == RANKED_18))
        await second.enter(next(room for room in second.rooms if room.room_id == RANKED_18))
        first.host(myth_game("Duel"))
        game = await second.until_game("Duel")
        assert game is not None
        first.line.write(LINE_UP, struct.pack(">3I", game.number, alric.number, balor.number))
        first.start(60)
        await second.until(lambda: second.games[game.number].seconds == 60)
        results: list[object] = []
        house.node.services.results.on_recorded(results.append)
        for one in (first, second):
            one.line.write(SCORE, report(game.number, one.number, [(alric.number, 0), (balor.number, 1)]))
        await until(lambda: results)
        raw = await first.ask(QUERY_INFO, struct.pack(">I", alric.number), PLAYER_INFO)
        assert struct.unpack_from(">2h", raw, 76) == (1, 1)
        await first.leave()
        await second.until_player("Alric", present=False)


async def test_numbers_that_no_account_can_have(tmp_path: Path, database_url: str) -> None:
    """Clients say 32 bits without a sign; what is done with them must not depend on how a database keeps numbers."""
    most = 0xFFFFFFFF
    async with open_house(tmp_path, database=database_url) as house:
        await house.account("Alric")
        client = await house.myth18("Alric", "alric", room_id=RANKED_18)
        await client.ask(QUERY_INFO, struct.pack(">I", most), PLAYER_INFO)
        await client.ask(UPDATE_BUDDY, struct.pack(">Ii", most, 1), BUDDIES)
        client.host(myth_game("Game"))
        await client.until_game("Game")
        (number,) = client.games
        client.line.write(LINE_UP, struct.pack(">III", number, client.number, most))
        client.start(600)
        client.line.write(SCORE, report(number, client.number, [(client.number, 0), (most, 1)]))
        await client.caught_up()
        client.remove_game()
        await client.caught_up()
        services = house.node.services
        await services.results.settle()
        house.clock.advance(timedelta(minutes=3))
        await services.results.settle_due()
        assert house.door.stats.closed["internal"] == 0
        for unheard_of in (most, 2**63, -(2**40)):
            with pytest.raises(NotFound):
                await services.profiles.card_of(unheard_of)
            with pytest.raises(NotFound):
                await services.results.result(unheard_of)
