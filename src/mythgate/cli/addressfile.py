"""Where the server of a data folder is: it says so in the folder while it runs, and `mythgate play` reads it.

A demo keeps nothing and has a data folder nobody knows: it says so in the folder it was started in.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from mythgate.config import Settings

log = logging.getLogger(__name__)

ADDRESS_FILE: Final = "address"
DEMO_FILE: Final = ".mythgate-demo"
_PROBE_SECONDS: Final = 1.0


@contextlib.contextmanager
def telling(file: Path, url: str) -> Iterator[None]:
    """Leave the address in this file while the block runs. Whoever reads it finds all of it or nothing."""
    fresh = file.with_name(f"{file.name}.new")
    try:
        fresh.write_text(f"{url}\n", "utf-8")
        fresh.replace(file)
    except OSError as error:  # a server without this file is a server
        log.warning("the address cannot be left in the folder", extra={"reason": str(error)})
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
    http = settings.http
    return told_in(settings.data_dir / ADDRESS_FILE) or http.base_url or f"http://{http.host}:{http.port}"


def server_near(settings: Settings, folder: Path) -> tuple[str, str]:
    """The server of these settings, or of a demo that was started in this folder; and which of them it is, in words."""
    of_data, of_demo = told_in(settings.data_dir / ADDRESS_FILE), told_in(folder / DEMO_FILE)
    if of_demo and not (of_data and _answers(of_data)) and _answers(of_demo):
        return of_demo, "It is the demo that was started in this folder."
    if of_data:
        return of_data, f"It is the server of the data folder {settings.data_dir}."
    usual = f"No server has left its address in the data folder {settings.data_dir}: this is where one usually is."
    return server_of(settings), "" if settings.http.base_url else usual


def told_in(file: Path) -> str:
    """The address in a file; empty if there is none."""
    with contextlib.suppress(OSError, ValueError):
        told = file.read_text("utf-8").strip()
        if told.startswith(("http://", "https://")):
            return told
    return ""


def _answers(url: str) -> bool:
    """Whether anybody listens there."""
    parts = urlsplit(url)
    with contextlib.suppress(OSError, ValueError):
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname or "", port), _PROBE_SECONDS):
            return True
    return False
