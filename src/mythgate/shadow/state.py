"""What an operator may change while a shadow runs: which share of log-ins is moved over, and whether any is.

It is a file in the data folder, which the shadow reads at each log-in: so it needs no line to the shadow, and holds
when that is started again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from mythgate.domain.names import name_key

FILE: Final = "shadow.json"
BUCKETS: Final = 100


@dataclass(frozen=True, slots=True)
class ShadowState:
    """`share` of a hundred people log in to ours, unless it `has_fallen_back`."""

    share: int = 0
    has_fallen_back: bool = False
    reason: str = ""

    def moves(self, name: str) -> bool:
        """Whether somebody of that name logs in to our server: always the same people, as long as the share does not
        get smaller."""
        return not self.has_fallen_back and bucket(name) < self.share


def bucket(name: str) -> int:
    """A number from 0 to 99 that a name always has."""
    return int.from_bytes(hashlib.sha256(name_key(name).encode()).digest()[:4], "big") % BUCKETS


class StateFile:
    """The state as it is in a folder. Who writes it replaces it whole."""

    def __init__(self, folder: Path) -> None:
        self.path: Final = folder / FILE
        self._known: tuple[int, int] | None = None
        self._state = ShadowState()

    def read(self) -> ShadowState:
        """As it is now. A file that cannot be understood moves nobody."""
        try:
            found = self.path.stat()
            seen = found.st_mtime_ns, found.st_ino
            if seen != self._known:
                values = json.loads(self.path.read_text("utf-8"))
                self._state = ShadowState(
                    int(values["share"]), bool(values["has_fallen_back"]), str(values.get("reason", ""))
                )
                self._known = seen
        except FileNotFoundError:
            self._known, self._state = None, ShadowState()
        except (OSError, ValueError, LookupError, TypeError):
            self._known, self._state = None, ShadowState(0, True, f"{self.path.name} cannot be read")
        return self._state

    def write(self, state: ShadowState) -> None:
        """Have it so from the next log-in on. Raises OSError."""
        fresh = self.path.with_name(f"{self.path.name}.new")
        fresh.write_text(json.dumps(asdict(state)), "utf-8")
        fresh.replace(self.path)

    def set_share(self, share: int) -> ShadowState:
        """Another share, which also ends a fall-back."""
        state = ShadowState(share)
        self.write(state)
        return state

    def fall_back(self, reason: str) -> ShadowState:
        """Nobody is moved any more."""
        state = replace(self.read(), has_fallen_back=True, reason=reason)
        self.write(state)
        return state

    def resume(self) -> ShadowState:
        """The share as it was before the fall-back."""
        state = replace(self.read(), has_fallen_back=False, reason="")
        self.write(state)
        return state
