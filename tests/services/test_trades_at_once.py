"""Fifty pairs at once: whatever they do to each other, no soul and no thing is lost or there twice."""

from __future__ import annotations

import random

from tests.support.clock import FakeClock
from tests.support.play import PlayKit
from tests.support.trading import rush

from mythgate.services.ports import Store


async def test_nothing_is_lost_or_made_by_fifty_pairs_at_once(clock: FakeClock, store: Store) -> None:
    kit = PlayKit(clock, store, carry_limit=100, room_capacity=1000)
    found = await rush(kit, pairs=50, trades=4, chance=random.Random(50))
    assert found.outcomes["completed"] > 20
    assert found.outcomes["ended"] > 20
    await kit.check()
