"""Films of games: kept with what they are of, found again, and missed when they are gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.clock import FakeClock
from tests.support.people import PeopleKit, people_kit

from mythgate.backends.filmfolder import FilmFolder
from mythgate.backends.memory.throttle import MemoryThrottle
from mythgate.domain.errors import LimitReached, NameTaken, NotFound, TooMany
from mythgate.services.films import PER_ADDRESS, FilmService
from mythgate.services.ports import Store

HOME = "203.0.113.7"
MOST_BYTES = 1000


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PeopleKit]:
    async with people_kit(clock, store) as made:
        yield made


@pytest.fixture
def films(kit: PeopleKit, tmp_path: Path) -> FilmService:
    return FilmService(
        store=kit.store,
        files=FilmFolder(tmp_path / "films", MOST_BYTES),
        results=kit.results,
        throttle=MemoryThrottle(kit.clock),
        clock=kit.clock,
    )


async def test_a_film_is_kept_and_read(kit: PeopleKit, films: FilmService) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    film = await films.keep(game, b"a film", address=HOME)
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
    film = await films.keep(kit.start_game(anna, bob), b"a film", address=HOME)
    (tmp_path / "films" / film.file_name).unlink()
    with pytest.raises(NotFound):
        await films.read(film.number)


async def test_a_second_film_of_a_second_does_not_replace_the_first(kit: PeopleKit, films: FilmService) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    film = await films.keep(game, b"a film", address=HOME)
    with pytest.raises(NameTaken):
        await films.keep(game, b"another", address=HOME)
    assert await films.read(film.number) == (film, b"a film")


async def test_films_fill_no_more_than_their_place(kit: PeopleKit, films: FilmService) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    await films.keep(game, bytes(MOST_BYTES - 10), address=HOME)
    kit.clock.advance(timedelta(seconds=1))
    with pytest.raises(LimitReached):
        await films.keep(game, bytes(11), address=HOME)
    film = await films.keep(game, bytes(10), address=HOME)
    assert await films.recent() == [film, *(await films.recent())[1:]]
    assert len(await films.recent()) == 2


async def test_only_so_many_films_come_from_one_address(kit: PeopleKit, films: FilmService) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    game = kit.start_game(anna, bob)
    for _ in range(PER_ADDRESS.count):
        await films.keep(game, b"x", address=HOME)
        kit.clock.advance(timedelta(seconds=1))
    with pytest.raises(TooMany):
        await films.keep(game, b"x", address=HOME)
    await films.keep(game, b"x", address="203.0.113.8")
