"""Files of films in a folder."""

from __future__ import annotations

import asyncio
from pathlib import Path


class FilmFolder:
    """`services.ports.FilmFiles`. Names are made by us and hold no path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def save(self, name: str, data: bytes) -> None:
        """Write the file whole, or not at all."""
        await asyncio.to_thread(self._save, name, data)

    def _save(self, name: str, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / f".{name}"
        unfinished.write_bytes(data)
        unfinished.replace(self._folder / name)

    async def read(self, name: str) -> bytes | None:
        return await asyncio.to_thread(self._read, name)

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
