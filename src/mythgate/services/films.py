"""Films: recordings of games that hosts sent while they ran, kept as files."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from mythgate.domain.addresses import address_key
from mythgate.domain.errors import NotFound, TooMany
from mythgate.domain.films import Film
from mythgate.domain.hosting import HostedGame
from mythgate.domain.styles import plain
from mythgate.services.ports import Clock, FilmFiles, Rate, Store, Throttle
from mythgate.services.results import ResultService

log = logging.getLogger(__name__)

SUFFIX: Final = ".m2rec"
PER_ADDRESS: Final = Rate(30, timedelta(hours=1))


class FilmService:
    """Use cases around films."""

    def __init__(
        self, *, store: Store, files: FilmFiles, results: ResultService, throttle: Throttle, clock: Clock
    ) -> None:
        self._store = store
        self._files = files
        self._results = results
        self._throttle = throttle
        self._clock = clock

    def name_for(self, game: HostedGame) -> str:
        """The name of a film of `game`, without suffix; it tells when and who."""
        return f"{self._clock.now():%Y_%m_%d__%H_%M_%S}_{game.host}"

    async def keep(self, game: HostedGame, data: bytes, *, address: str) -> Film:
        """Keep a whole film of `game` that came from `address`.

        Raises:
            TooMany: so many came from there lately.
            NameTaken: the host has sent one this second.
            LimitReached: there is no place for more.

        """
        wait = await self._throttle.hit(f"films:{address_key(address)}", PER_ADDRESS)
        if wait is not None:
            raise TooMany("So many films came from you lately that this one is not kept.", hint="", retry_after=wait)
        name = self.name_for(game)
        film = Film(
            match_id=self._results.match_of(game),
            room_id=game.room_id,
            host_name=plain(game.host_name),
            file_name=name + SUFFIX,
            size=len(data),
            sha256=(await asyncio.to_thread(hashlib.sha256, data)).digest(),
            stored_at=self._clock.now(),
        )
        await self._files.save(film.file_name, data)
        kept = await self._store.write(lambda tx: tx.films.add(film))
        log.info("film kept", extra={"film": kept.number, "room": kept.room_id, "bytes": kept.size})
        return kept

    async def recent(self, limit: int = 50) -> Sequence[Film]:
        """The newest first."""
        return await self._store.read(lambda tx: tx.films.recent(limit))

    async def read(self, number: int) -> tuple[Film, bytes]:
        """A film and its file. Raises NotFound."""
        film = await self._store.read(lambda tx: tx.films.get(number))
        data = await self._files.read(film.file_name) if film is not None else None
        if film is None or data is None:
            raise NotFound("There is no such film.")
        return film, data
