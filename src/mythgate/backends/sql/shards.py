"""The Crystal Shards, who held them, the cycle of the world and its log, as rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from mythgate.backends.sql.statements import (
    Row,
    SqlConnection,
    Statement,
    field_values,
    insert_or_replace,
    row_columns,
    values_of,
)
from mythgate.backends.sql.tables import aetherfalls, cycles, shard_ownerships, shards, world_events
from mythgate.backends.sql.types import LARGEST_NUMBER, UtcDateTime
from mythgate.domain.shards import Aetherfall, Cycle, Ownership, Shard, Shards
from mythgate.domain.worldevents import WorldEvent

_ALL: Final = Statement(select(*row_columns(shards, Shard)).order_by(shards.c.number))
_SAVE: Final = insert_or_replace(shards, [shards.c.number], field_values(shards, Shard))
_CYCLE: Final = Statement(select(*row_columns(cycles, Cycle)))
_SAVE_CYCLE: Final = insert_or_replace(cycles, [cycles.c.id], {"id": bindparam("id"), **field_values(cycles, Cycle)})
_BEGIN: Final = Statement(
    insert(shard_ownerships)
    .values(**field_values(shard_ownerships, Ownership, without=["number"]))
    .returning(shard_ownerships.c.number)
)
_END: Final = Statement(
    update(shard_ownerships)
    .where(shard_ownerships.c.shard == bindparam("of_shard"), shard_ownerships.c.lost_at.is_(None))
    .values(lost_at=bindparam("then", type_=UtcDateTime))
)
_HISTORY: Final = Statement(
    select(*row_columns(shard_ownerships, Ownership))
    .where(shard_ownerships.c.shard == bindparam("of_shard"))
    .order_by(shard_ownerships.c.number.desc())
    .limit(bindparam("at_most"))
)
_REMEMBER: Final = Statement(insert(aetherfalls).values(**field_values(aetherfalls, Aetherfall)))
_FALLS: Final = Statement(
    select(*row_columns(aetherfalls, Aetherfall)).order_by(aetherfalls.c.cycle.desc()).limit(bindparam("at_most"))
)
_RECORD: Final = Statement(
    insert(world_events)
    .values(**field_values(world_events, WorldEvent, without=["number"]))
    .returning(world_events.c.number)
)
_EVENTS: Final = Statement(
    select(*row_columns(world_events, WorldEvent))
    .where(world_events.c.number < bindparam("before"))
    .order_by(world_events.c.number.desc())
    .limit(bindparam("at_most"))
)


class SqlShards:
    """`services.ports.ShardRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def all(self) -> Shards:
        self._connection.reserve("shards")
        found = [_shard(row) for row in self._connection.rows(_ALL)]
        cycle = [_cycle(row) for row in self._connection.rows(_CYCLE)]
        return Shards.of(found, *cycle)

    def save(self, known: Shards) -> None:
        for number in sorted(known.changed):
            shard = known.require(number)
            self._connection.change(_SAVE, {**values_of(shard), "defeated_by": list(shard.defeated_by)})
        known.changed.clear()
        known.cycle.version += 1
        values = {**values_of(known.cycle), "transformations": list(known.cycle.transformations)}
        self._connection.change(_SAVE_CYCLE, {"id": 1, **values})

    def begin(self, ownership: Ownership) -> None:
        values = {**values_of(ownership), "helpers": list(ownership.helpers)}
        ownership.number = self._connection.rows(_BEGIN, values)[0][0]

    def end(self, shard: int, now: datetime) -> bool:
        return self._connection.change(_END, {"of_shard": shard, "then": now}) == 1

    def history(self, shard: int, limit: int) -> list[Ownership]:
        rows = self._connection.rows(_HISTORY, {"of_shard": shard, "at_most": limit})
        found = [Ownership(*row) for row in rows]
        for one in found:
            one.helpers = tuple(one.helpers)
        return found

    def remember(self, fall: Aetherfall) -> None:
        values = {**values_of(fall), "transformations": list(fall.transformations), "holdings": dict(fall.holdings)}
        self._connection.change(_REMEMBER, values)

    def falls(self, limit: int) -> list[Aetherfall]:
        rows = self._connection.rows(_FALLS, {"at_most": limit})
        return [replace(Aetherfall(*row), transformations=tuple(row[4])) for row in rows]


class SqlWorldEvents:
    """`services.ports.WorldEventRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, event: WorldEvent) -> None:
        values = {**values_of(event), "characters": list(event.characters)}
        event.number = self._connection.rows(_RECORD, values)[0][0]

    def recent(self, limit: int, before: int | None = None) -> list[WorldEvent]:
        if before is None or before > LARGEST_NUMBER:
            before = LARGEST_NUMBER
        rows = self._connection.rows(_EVENTS, {"before": max(0, before), "at_most": limit})
        found = [WorldEvent(*row) for row in rows]
        for one in found:
            one.characters = tuple(one.characters)
        return found


def _shard(row: Row) -> Shard:
    shard = Shard(*row)
    shard.defeated_by = tuple(shard.defeated_by)
    return shard


def _cycle(row: Row) -> Cycle:
    cycle = Cycle(*row)
    cycle.transformations = tuple(cycle.transformations)
    return cycle
