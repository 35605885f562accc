"""Characters as rows, and the rooms they have been to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, select, update

from mythgate.backends.sql.statements import (
    SqlConnection,
    Statement,
    field_values,
    insert_unless,
    row_columns,
    save_version,
    values_of,
)
from mythgate.backends.sql.tables import accounts, characters, explored_rooms, items
from mythgate.backends.sql.types import UtcDateTime
from mythgate.domain.characters import Character
from mythgate.domain.errors import Conflict, NameTaken, NotFound
from mythgate.domain.ids import AccountId, CharacterId, RoomId
from mythgate.domain.items import HolderKind

_SELECT: Final = select(*row_columns(characters, Character))
_living: Final = characters.c.deleted_at.is_(None)
_ADD: Final = insert_unless(
    characters,
    [characters.c.name_key],
    field_values(characters, Character, without=["number"]),
    where=_living,
    returning=characters.c.number,
)
_GET: Final = Statement(_SELECT.where(characters.c.id == bindparam("character_id")), locks=True)
_BY_NAME_KEY: Final = Statement(_SELECT.where(characters.c.name_key == bindparam("key"), _living), locks=True)
_BY_NUMBER: Final = Statement(_SELECT.where(characters.c.number == bindparam("of"), _living), locks=True)
_LOCK_ACCOUNT: Final = Statement(select(accounts.c.number).where(accounts.c.id == bindparam("of_account")), locks=True)
_LIVING_OF_ACCOUNT: Final = Statement(
    _SELECT.where(characters.c.account_id == bindparam("of_account"), _living).order_by(characters.c.number),
    locks=True,
)
_DELETED_OF_ACCOUNT: Final = Statement(
    _SELECT.where(characters.c.account_id == bindparam("of_account"), ~_living).order_by(characters.c.number),
    locks=True,
)
_guarded: Final = (characters.c.id == bindparam("character_id"), characters.c.version == bindparam("known_version"))
_SAVE: Final = Statement(
    update(characters)
    .where(*_guarded)
    .values(**field_values(characters, Character, without=["id", "number", "created_at"]))
)
_RELOCATE: Final = Statement(
    update(characters)
    .where(*_guarded, _living)
    .values(
        room_id=bindparam("to"),
        last_active_at=bindparam("now", type_=UtcDateTime),
        version=characters.c.version + 1,
    )
)
_IN_ROOM: Final = Statement(
    _SELECT.where(characters.c.room_id == bindparam("of_room"), _living).order_by(characters.c.number)
)
_OCCUPIED_ROOMS: Final = Statement(select(characters.c.room_id).where(_living).distinct())
_purged: Final = characters.c.deleted_at < bindparam("before", type_=UtcDateTime)
_PURGE_THINGS: Final = Statement(
    delete(items).where(
        items.c.holder_kind == HolderKind.CHARACTER,
        items.c.holder_id.in_(select(characters.c.id).where(_purged).scalar_subquery()),
    )
)
_PURGE: Final = Statement(delete(characters).where(_purged))
_EXPLORED: Final = Statement(
    select(explored_rooms.c.room_id).where(explored_rooms.c.character_id == bindparam("of_character"))
)
_EXPLORE: Final = insert_unless(
    explored_rooms,
    [explored_rooms.c.character_id, explored_rooms.c.room_id],
    {
        "character_id": bindparam("of_character"),
        "room_id": bindparam("of_room"),
        "first_visited_at": bindparam("now", type_=UtcDateTime),
    },
)


class SqlCharacters:
    """`services.ports.CharacterRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, character: Character) -> Character:
        rows = self._connection.rows(_ADD, values_of(character))
        if not rows:
            raise NameTaken(field="name")
        character.number = rows[0][0]
        return character

    def get(self, character_id: CharacterId) -> Character | None:
        return self._one(_GET, {"character_id": character_id})

    def require(self, character_id: CharacterId) -> Character:
        character = self._one(_GET, {"character_id": character_id})
        if character is None or character.deleted_at is not None:
            raise NotFound("There is no such character.")
        return character

    def by_name_key(self, name_key: str) -> Character | None:
        return self._one(_BY_NAME_KEY, {"key": name_key})

    def by_number(self, number: int) -> Character | None:
        return self._one(_BY_NUMBER, {"of": number})

    def of_account(self, account_id: AccountId, *, deleted: bool = False) -> list[Character]:
        params = {"of_account": account_id}
        if self._connection.writes:
            # Whoever counts an account's characters must be alone in counting them.
            self._connection.rows(_LOCK_ACCOUNT, params)
        statement = _DELETED_OF_ACCOUNT if deleted else _LIVING_OF_ACCOUNT
        return [Character(*row) for row in self._connection.rows(statement, params)]

    def save(self, character: Character) -> None:
        save_version(self._connection, _SAVE, character, character_id=character.id)

    def relocate(self, character: Character, room_id: RoomId, now: datetime) -> Character:
        params = {
            "character_id": character.id,
            "known_version": character.version,
            "to": room_id,
            "now": now,
        }
        if not self._connection.change(_RELOCATE, params):
            raise Conflict
        return replace(character, room_id=room_id, last_active_at=now, version=character.version + 1)

    def in_room(self, room_id: RoomId) -> list[Character]:
        """By age. Their rows are not locked: somebody may be leaving at this moment."""
        return [Character(*row) for row in self._connection.rows(_IN_ROOM, {"of_room": room_id})]

    def outside(self, rooms: Collection[RoomId]) -> list[Character]:
        known = frozenset(rooms)
        occupied = {RoomId(row[0]) for row in self._connection.rows(_OCCUPIED_ROOMS)}
        return [character for room_id in sorted(occupied - known) for character in self.in_room(room_id)]

    def purge_deleted(self, before: datetime) -> int:
        params = {"before": before}
        self._connection.change(_PURGE_THINGS, params)
        return self._connection.change(_PURGE, params)

    def explored(self, character_id: CharacterId) -> set[RoomId]:
        return {RoomId(row[0]) for row in self._connection.rows(_EXPLORED, {"of_character": character_id})}

    def explore(self, character_id: CharacterId, room_id: RoomId, now: datetime) -> bool:
        params = {"of_character": character_id, "of_room": room_id, "now": now}
        return self._connection.change(_EXPLORE, params) == 1

    def _one(self, statement: Statement, params: Mapping[str, Any]) -> Character | None:
        rows = self._connection.rows(statement, params)
        return Character(*rows[0]) if rows else None
