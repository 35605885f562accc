"""The door on each database: where a question to it waits, everything stays in order."""

from __future__ import annotations

import struct
from pathlib import Path

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
