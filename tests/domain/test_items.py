"""Where a thing is counts as its place only if the world put it there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.support.worlds import room_id

from mythgate.domain.ids import ItemId, TemplateId
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.world import Placement

LAMP = TemplateId("p/lamp")


@pytest.mark.parametrize(
    ("kind", "holder", "origin", "in_place"),
    [
        (HolderKind.ROOM, room_id("a"), Placement(LAMP, room_id("a")).origins()[0], True),
        (HolderKind.ROOM, room_id("b"), Placement(LAMP, room_id("a")).origins()[0], False),
        (HolderKind.CHARACTER, "ann", Placement(LAMP, room_id("a")).origins()[0], False),
        (HolderKind.CHARACTER, room_id("a"), Placement(LAMP, room_id("a")).origins()[0], False),
        (HolderKind.ROOM, room_id("a"), "", False),
    ],
    ids=["where it was placed", "carried elsewhere", "in somebody's hands", "whoever is named like it", "not placed"],
)
def test_a_thing_is_in_place_where_the_world_placed_it(
    kind: HolderKind, holder: str, origin: str, in_place: bool
) -> None:
    thing = Item(ItemId("1"), LAMP, kind, holder, datetime(2026, 3, 1, tzinfo=UTC), origin)
    assert thing.in_place is in_place
