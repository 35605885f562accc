"""Files of films in a folder."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from mythgate.domain.errors import LimitReached, NameTaken


class FilmFolder:
    """`services.ports.FilmFiles`, up to `most_bytes` in all. Names are made by us and hold no path."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._saving = threading.Lock()

    async def save(self, name: str, data: bytes) -> None:
        """Write the file whole, or not at all."""
        await asyncio.to_thread(self._save, name, data)

    def _save(self, name: str, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        target, unfinished = self._folder / name, self._folder / f".{name}"
        with self._saving:
            if target.exists():
                raise NameTaken
            kept = sum(one.stat().st_size for one in self._folder.iterdir())
            if kept + len(data) > self._most_bytes:
                raise LimitReached("There is no place for more films.")
            unfinished.write_bytes(data)
            unfinished.replace(target)

    async def read(self, name: str) -> bytes | None:
        return await asyncio.to_thread(self._read, name)

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
