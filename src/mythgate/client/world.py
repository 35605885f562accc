"""The world: its state, the Crystal Shards, what happened to it, the server, and one's quests."""

from __future__ import annotations

from typing import Any, Final, cast

from mythgate.client.pages import QuestLog
from mythgate.client.rows import ShardHistoryRow, ShardRow, StatusRow, WorldEventRow, WorldStateRow
from mythgate.client.surroundings import Surroundings
from mythgate.client.values import read
from mythgate.domain.errors import Repeated
from mythgate.domain.events import QuestView

_PATH: Final = "/api/world"


class Affairs(Surroundings):
    """What concerns everybody, and what somebody wants of one."""

    async def get_world_state(self) -> WorldStateRow:
        """The world's clock, its size, how many are in it, and which reality holds. Raises AuthenticationError."""
        return cast("WorldStateRow", await self.request("GET", f"{_PATH}/state"))

    async def get_shard_status(self) -> list[ShardRow]:
        """The twelve Crystal Shards: where they lie and who holds them. Raises AuthenticationError."""
        return cast("list[ShardRow]", (await self.request("GET", f"{_PATH}/shards"))["shards"])

    async def get_shard_history(self, shard_id: int) -> ShardHistoryRow:
        """A shard with the last who held it. Raises InvalidInput: it is none of the twelve."""
        return cast("ShardHistoryRow", await self.request("GET", f"{_PATH}/shards/{shard_id}"))

    async def capture_shard(self) -> ShardRow:
        """Take the Crystal Shard that lies here for one's faction; the shard as it is then.

        Raises:
            NoShard: none lies here.
            NoFaction, ShardSealed, ShardHeld, GuardianUndefeated: it cannot be taken, or not by you.
            NotInWorld, Unsent, TimeoutError: as with `command`.

        """
        await self._carry_out("capture")
        assert self.room is not None  # where the shard lies
        return next(one for one in await self.get_shard_status() if one["room_id"] == self.room.id)

    async def get_world_events(self, limit: int = 50, before: int | None = None) -> list[WorldEventRow]:
        """What happened to the world, newest first; of those `before` one with that id. Raises InvalidInput."""
        earlier = "" if before is None else f"&before={before}"
        found = await self.request("GET", f"{_PATH}/events?limit={limit}{earlier}")
        return cast("list[WorldEventRow]", found["events"])

    async def get_status(self) -> StatusRow:
        """How the server is, and how many are on; needs no log-in."""
        return cast("StatusRow", await self.request("GET", "/api/status"))

    async def get_quests(self) -> QuestLog:
        """One's quests, and those one can take on where one is. Raises NoCharacter."""
        return read(QuestLog, await self.request("GET", "/api/quests"))

    async def accept_quest(self, quest: str) -> QuestView:
        """Take on a quest that is offered here: its name, a part of it, or its id.

        Raises:
            NoQuest, Ambiguous: nothing or more than one of what is offered here answers to that.
            QuestNotOpen: it cannot be taken on; the message says why.
            Repeated: it was, before the server was started again; `get_quests` tells how it stands.
            NotInWorld, Unsent, TimeoutError: as with `command`.

        """
        return _quest(await self._carry_out("quest", "accept", quest))

    async def abandon_quest(self, quest: str) -> QuestView:
        """Give up a quest; it can be taken on again from its beginning.

        Raises:
            NoQuest, Ambiguous: nothing or more than one of one's open quests answers to that.
            Repeated, NotInWorld, Unsent, TimeoutError: as with `accept_quest`.

        """
        return _quest(await self._carry_out("quest", "abandon", quest))


def _quest(answer: dict[str, Any]) -> QuestView:
    if answer.get("data") is None:  # of a command from before a new start of the server no more is known
        raise Repeated
    return read(QuestView, answer["data"]["quest"])
