"""Films of games: kept with what they are of, found again, and missed when they are gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.clock import FakeClock
from tests.support.people import PeopleKit, people_kit

from mythgate.backends.filmfolder import FilmFolder
from mythgate.domain.errors import NotFound
from mythgate.services.films import FilmService
from mythgate.services.ports import Store


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PeopleKit]:
    async with people_kit(clock, store) as made:
        yield made


@pytest.fixture
def films(kit: PeopleKit, tmp_path: Path) -> FilmService:
    return FilmService(store=kit.store, files=FilmFolder(tmp_path / "films"), results=kit.results, clock=kit.clock)


async def test_a_film_is_kept_and_read(kit: PeopleKit, films: FilmService) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    film = await films.keep(game, b"a film")
    assert (film.match_id, film.host_name, film.size) == (kit.results.match_of(game), "Anna", 6)
    assert await films.recent() == [film]
    assert await films.read(film.number) == (film, b"a film")


async def test_a_film_of_a_round_that_is_over_is_of_that_round(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    kit.clock.advance(timedelta(minutes=5))
    kit.hosting.reset(anna.visitor.listener)
    gathering = kit.hosting.game(game.number)
    assert gathering.started_at is None
    assert kit.results.match_of(gathering) == kit.results.match_of(game)


async def test_a_film_that_is_not_there(kit: PeopleKit, films: FilmService, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await films.read(1)
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    film = await films.keep(kit.start_game(anna, bob), b"a film")
    (tmp_path / "films" / film.file_name).unlink()
    with pytest.raises(NotFound):
        await films.read(film.number)
