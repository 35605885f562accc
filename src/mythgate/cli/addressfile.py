"""Where the server of a data folder is: it says so in the folder while it runs, and `mythgate play` reads it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mythgate.config import Settings

log = logging.getLogger(__name__)

ADDRESS_FILE: Final = "address"


@contextlib.contextmanager
def telling(folder: Path, url: str) -> Iterator[None]:
    """Leave the address in the folder while the block runs. Whoever reads it finds all of it or nothing."""
    file, fresh = folder / ADDRESS_FILE, folder / f"{ADDRESS_FILE}.new"
    try:
        fresh.write_text(f"{url}\n", "utf-8")
        fresh.replace(file)
    except OSError as error:  # a server without this file is a server
        log.warning("the address cannot be left in the data folder", extra={"reason": str(error)})
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if file.read_text("utf-8").strip() == url:  # not that of a server which came meanwhile
                file.unlink()


def server_of(settings: Settings) -> str:
    """Where the server of these settings is: where it said it is, or else where it would be by default.

    A server that was killed takes nothing back, so nobody may answer there.
    """
    with contextlib.suppress(OSError, ValueError):
        told = (settings.data_dir / ADDRESS_FILE).read_text("utf-8").strip()
        if told.startswith(("http://", "https://")):
            return told
    http = settings.http
    return http.base_url or f"http://{http.host}:{http.port}"
