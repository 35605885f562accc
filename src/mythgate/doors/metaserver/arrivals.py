"""How often connections come from one address: logging in and entering cost everybody something, and nobody but a
machine does it again and again."""

from __future__ import annotations


class Arrivals:
    """What each address has left: a connection costs one, and `per_second` come back, up to `burst`."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._left: dict[str, tuple[float, float]] = {}  # and since when; who is not here has all

    def __len__(self) -> int:
        return len(self._left)

    def take(self, address: str, now: float) -> bool:
        """Whether another connection may come from there; then it is counted."""
        left = self._at(address, now)
        if left < 1.0:
            return False
        self._left[address] = left - 1.0, now
        return True

    def _at(self, address: str, now: float) -> float:
        left, since = self._left.get(address, (self._burst, now))
        return min(self._burst, left + (now - since) * self._per_second)

    def sweep(self, now: float) -> None:
        """Forget addresses that have all again."""
        self._left = {address: kept for address, kept in self._left.items() if self._at(address, now) < self._burst}
