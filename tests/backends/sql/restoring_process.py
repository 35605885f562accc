"""A process that restores a backup and kills itself when it has put so many rows in, or at the end of a step.

Arguments: database URL, data folder, backup, what it is doing when it dies, how far it is then.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from mythgate.backends import backups
from mythgate.domain.backups import Progress


def main(url: str, data_dir: Path, source: Path, doing: str, done: int) -> None:
    def told(progress: Progress) -> None:
        if progress.doing == doing and progress.done >= done:
            os.kill(os.getpid(), signal.SIGKILL)

    if doing == "putting recordings in their place":
        backups._swap = lambda _place: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
    place = backups.Place(url, data_dir, "0.1", {}, lambda: datetime.now(UTC))
    backups.restore(place, source, folder=data_dir / "backups", progress=Progress(told=told))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
