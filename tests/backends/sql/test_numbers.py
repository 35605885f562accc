"""Numbers that no row can have are not there, on every database; nothing fails because somebody asks for them."""

from __future__ import annotations

import pytest

from mythgate.domain.ratings import SubjectKind
from mythgate.services.ports import Store, Transaction


@pytest.mark.parametrize("number", [-1, 2**31, 0xFFFFFFFF, 2**63, -(2**63) - 1])
async def test_a_number_that_cannot_be(store: Store, number: int) -> None:
    def look(tx: Transaction) -> list[object]:
        return [
            tx.accounts.by_number(number),
            tx.clans.get(number),
            tx.films.get(number),
            tx.results.get(number),
            tx.tournaments.get(number),
            tx.ratings.season(number),
            *tx.ratings.of_subject(1, SubjectKind.PLAYER, number),
        ]

    assert await store.read(look) == [None] * 6
