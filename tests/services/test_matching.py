"""Looking for an opponent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.lobbies import SMALL, LobbyKit

from mythgate.domain.errors import NotInLobby
from mythgate.domain.events import LobbyMatchFound
from mythgate.domain.ids import CharacterId
from mythgate.domain.lobbies import Occupant
from mythgate.domain.ratings import RANKED, Standing, SubjectKind
from mythgate.services.ports import Store


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[LobbyKit]:
    made = LobbyKit(clock, store)
    yield made
    await made.lobbies.settle()


async def rated(kit: LobbyKit, name: str, points: int) -> Occupant:
    """Somebody in the lobby with a place on the ladder."""
    one = await kit.enter(name)

    def work(tx: Any) -> None:
        season = kit.ratings.season_within(tx)
        tx.ratings.table(season.number).put(Standing(SubjectKind.PLAYER, one.number, RANKED, points, games=9))

    await kit.store.write(work)
    return one


def found(kit: LobbyKit, one: Occupant) -> list[tuple[str, int, int]]:
    return [(told.player.name, told.rating, told.yours) for told in kit.heard(one).of(LobbyMatchFound)]


async def test_the_window_widens_until_somebody_fits(kit: LobbyKit) -> None:
    ada, bob = await rated(kit, "Ada", 1500), await rated(kit, "Bob", 1700)
    for one in (ada, bob):
        await kit.matching.seek(one.visitor.listener)
    kit.clock.advance(timedelta(seconds=9))
    kit.matching.tick()
    assert found(kit, ada) == []
    kit.clock.advance(timedelta(seconds=1))
    kit.matching.tick()
    assert found(kit, ada) == [("Bob", 1700, 1500)]
    assert found(kit, bob) == [("Ada", 1500, 1700)]
    assert kit.lines(ada)[-1] == f"Bob (#{bob.number}, rating 1700) suits you. Say hello!"
    kit.matching.tick()
    assert len(found(kit, ada)) == 1
    assert kit.matching.seekers(26) == []


async def test_beginners_and_guests_meet(kit: LobbyKit) -> None:
    ada, guest = await kit.enter("Ada"), kit.enter_guest()
    elsewhere = await kit.enter("Eve", SMALL)
    for one in (ada, elsewhere, guest):
        await kit.matching.seek(one.visitor.listener)
    kit.matching.tick()
    assert found(kit, ada) == [("Wanderer", 1000, 1000)]
    assert found(kit, guest) == [("Ada", 1000, 1000)]
    assert found(kit, elsewhere) == []


async def test_asking_again_does_not_lose_ones_place(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    first = await kit.matching.seek(ada.visitor.listener)
    kit.clock.advance(timedelta(seconds=5))
    assert await kit.matching.seek(ada.visitor.listener) == first
    assert kit.matching.stop(ada.visitor.listener)
    assert not kit.matching.stop(ada.visitor.listener)


async def test_who_leaves_looks_no_more(kit: LobbyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    await kit.matching.seek(ada.visitor.listener)
    kit.lobbies.leave(ada.visitor.listener)
    await kit.matching.seek(bob.visitor.listener)
    kit.matching.tick()
    assert found(kit, bob) == []
    nobody = CharacterId("nobody")
    with pytest.raises(NotInLobby):
        await kit.matching.seek(nobody)
    with pytest.raises(NotInLobby):
        kit.matching.stop(nobody)


async def test_who_leaves_while_the_rating_is_read(kit: LobbyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await kit.enter("Ada")
    strength = kit.ratings.strength

    async def slow(number: int) -> int:
        kit.lobbies.leave(ada.visitor.listener)
        return await strength(number)

    monkeypatch.setattr(kit.ratings, "strength", slow)
    with pytest.raises(NotInLobby):
        await kit.matching.seek(ada.visitor.listener)
    assert kit.matching.seekers(26) == []
