"""The log of the world."""

from __future__ import annotations

import pytest

from mythgate.domain.worldevents import page_size


@pytest.mark.parametrize(("asked", "given"), [(None, 50), (1, 1), (200, 200), (0, 1), (-5, 1), (10**9, 200)])
def test_a_page_has_one_to_two_hundred_entries(asked: int | None, given: int) -> None:
    assert page_size(asked) == given
