"""Items as rows, and which placements of the world packs were ever brought forth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from uuid import uuid4

from sqlalchemy import bindparam, delete, func, insert, select, update

from mythgate.backends.sql.statements import (
    SqlConnection,
    Statement,
    field_values,
    insert_unless,
    row_columns,
    values_of,
)
from mythgate.backends.sql.tables import items, seeded_origins
from mythgate.domain.errors import Conflict, InvalidInput
from mythgate.domain.ids import ItemId
from mythgate.domain.items import HolderKind, Item

_SELECT: Final = select(*row_columns(items, Item))
_ADD: Final = Statement(insert(items).values(**field_values(items, Item, without=["number"])).returning(items.c.number))
_GET: Final = Statement(_SELECT.where(items.c.id == bindparam("item_id")), locks=True)
_HELD_BY: Final = Statement(
    _SELECT.where(items.c.holder_kind == bindparam("kind"), items.c.holder_id == bindparam("holder")).order_by(
        items.c.created_at, items.c.number
    ),
    locks=True,
)
_guarded: Final = (items.c.id == bindparam("item_id"), items.c.version == bindparam("known_version"))
_GIVE: Final = Statement(
    update(items)
    .where(*_guarded)
    .values(
        holder_kind=bindparam("kind", type_=items.c.holder_kind.type),
        holder_id=bindparam("holder"),
        equipped=False,
        version=items.c.version + 1,
    )
)
_SAVE: Final = Statement(
    update(items)
    .where(*_guarded)
    .values(
        quantity=bindparam("now_quantity"),
        equipped=bindparam("now_equipped", type_=items.c.equipped.type),
        version=items.c.version + 1,
    )
)
_REMOVE: Final = Statement(delete(items).where(*_guarded))
_ORIGINS: Final = Statement(select(seeded_origins.c.origin))
_REMEMBER_ORIGIN: Final = insert_unless(
    seeded_origins, [seeded_origins.c.origin], {"origin": bindparam("of_placement")}
)
_COUNT: Final = Statement(select(func.count()).select_from(items))


class SqlItems:
    """`services.ports.ItemRepository`.

    In a write, a holder whose things were listed gets no other thing until the end, so that "carries
    fewer than twenty" stays true.
    """

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, item: Item) -> None:
        """An `origin` counts as seeded from then on."""
        if item.origin:
            self._connection.change(_REMEMBER_ORIGIN, {"of_placement": item.origin})
        self._insert(item)

    def get(self, item_id: ItemId) -> Item | None:
        rows = self._connection.rows(_GET, {"item_id": item_id})
        return Item(*rows[0]) if rows else None

    def held_by(self, kind: HolderKind, holder_id: str) -> list[Item]:
        self._connection.reserve(_holder(kind, holder_id))
        return [Item(*row) for row in self._connection.rows(_HELD_BY, {"kind": kind, "holder": holder_id})]

    def give(self, item: Item, kind: HolderKind, holder_id: str, *, quantity: int | None = None) -> Item:
        if quantity is not None and not 1 <= quantity <= item.quantity:
            raise InvalidInput(f"There are {item.quantity} of those.", field="quantity")
        self._connection.reserve(_holder(kind, holder_id))
        if quantity is not None and quantity < item.quantity:
            self.save(replace(item, quantity=item.quantity - quantity))
            part = replace(item, id=ItemId(str(uuid4())), holder_kind=kind, holder_id=holder_id, origin="")
            part = replace(part, version=1, quantity=quantity, equipped=False)
            self._insert(part)
            return part
        params = {"item_id": item.id, "known_version": item.version, "kind": kind, "holder": holder_id}
        if not self._connection.change(_GIVE, params):
            raise Conflict
        return replace(item, holder_kind=kind, holder_id=holder_id, equipped=False, version=item.version + 1)

    def save(self, item: Item) -> None:
        params = {
            "item_id": item.id,
            "known_version": item.version,
            "now_quantity": item.quantity,
            "now_equipped": item.equipped,
        }
        if not self._connection.change(_SAVE, params):
            raise Conflict
        item.version += 1

    def remove(self, item: Item) -> None:
        """Raises Conflict if it changed hands since it was read."""
        if not self._connection.change(_REMOVE, {"item_id": item.id, "known_version": item.version}):
            raise Conflict

    def origins(self) -> set[str]:
        return {row[0] for row in self._connection.rows(_ORIGINS)}

    def seed(self, items: Iterable[Item]) -> int:
        self._connection.reserve("seeding")  # nodes that start together take turns
        known = self.origins()
        added = 0
        for item in items:
            if item.origin and item.origin in known:
                continue
            known.add(item.origin)
            self.add(item)
            added += 1
        return added

    def count(self) -> int:
        return int(self._connection.rows(_COUNT)[0][0])

    def _insert(self, item: Item) -> None:
        self._connection.reserve(_holder(item.holder_kind, item.holder_id))
        item.number = self._connection.rows(_ADD, values_of(item))[0][0]


def _holder(kind: HolderKind, holder_id: str) -> str:
    return f"{kind.value}:{holder_id}"
