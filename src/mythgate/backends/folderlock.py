"""One server for one data folder: a lock that the system takes back when its holder dies, however it dies."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LOCK_FILE: Final = "lock"
_DIGITS: Final = 20  # of a process id; Windows locks the byte after them, so that they stay readable


class FolderInUse(Exception):
    """Another process holds the folder; `pid` says which one, if it could be found out."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        self.pid = pid
        super().__init__(f"{folder} is in use")


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold `folder` while the block runs. The file stays behind; only the lock on it counts.

    Raises:
        FolderInUse: another process holds it.
        OSError: the folder cannot be written.

    """
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _lock(descriptor)
        except OSError as error:
            raise FolderInUse(folder, _pid_in(descriptor)) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)  # which unlocks it


def _pid_in(descriptor: int) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        return int(os.read(descriptor, _DIGITS))
    return None


def _lock(descriptor: int) -> None:
    """Raises OSError if another process has the lock."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _DIGITS, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
