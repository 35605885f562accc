"""Fixtures of service tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.support.clock import FakeClock
from tests.support.play import PlayKit

from mythgate.services.ports import Store


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PlayKit]:
    """All services of play on each database; at the end nothing is under way and all agrees."""
    made = PlayKit(clock, store)
    yield made
    await made.settle()
    await made.check()
