"""What was said lately, for whoever reports it: the history of the world, which tells when something is added, and the
private words of lobbies, which are kept nowhere else. All of it in memory, bounded, and gone when the server stops."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from mythgate.domain.events import ChatMessage, Event, LobbyMessage
from mythgate.domain.ids import AccountId, Topic
from mythgate.domain.reports import Said
from mythgate.services.ports import History

PRIVATE_LINES: Final = 50
MOST_PEOPLE: Final = 2000  # whose private words in lobbies are remembered; of more, those who were quiet longest go


class WatchedHistory:
    """`services.ports.History` that tells what is added to it."""

    def __init__(self, inner: History) -> None:
        self._inner = inner
        self._observers: list[Callable[[Topic, Event], None]] = []

    def on_added(self, observer: Callable[[Topic, Event], None]) -> None:
        """Have `observer` told of what is added; it must not wait."""
        self._observers.append(observer)

    async def append(self, topic: Topic, event: Event) -> None:
        """As `History`."""
        await self._inner.append(topic, event)
        for observer in self._observers:
            observer(topic, event)

    async def find(self, message_id: str) -> list[tuple[Topic, Event]]:
        """As `History`."""
        return await self._inner.find(message_id)

    async def remove(self, message_id: str) -> None:
        """As `History`."""
        await self._inner.remove(message_id)

    async def recent(self, topic: Topic, limit: int = 100) -> list[Event]:
        """As `History`."""
        return await self._inner.recent(topic, limit)


class PrivateLines:
    """The last private words of each person in lobbies, from and to them."""

    def __init__(self) -> None:
        self._of: dict[AccountId, deque[Event]] = {}

    def add(self, event: Event, people: tuple[AccountId, AccountId]) -> None:
        """Words between two people."""
        for one in people:
            lines = self._of.pop(one, None)
            self._of[one] = lines = lines if lines is not None else deque(maxlen=PRIVATE_LINES)
            lines.append(event)
            if len(self._of) > MOST_PEOPLE:
                del self._of[next(iter(self._of))]

    def between(self, one: AccountId, numbers: frozenset[int]) -> list[Event]:
        """Words between somebody and another, whom `numbers` holds with them; oldest first."""
        return [
            event
            for event in self._of.get(one, ())
            if isinstance(event.payload, LobbyMessage) and {event.payload.number, event.payload.target} == numbers
        ]


def said_in(event: Event, own: AccountId) -> Said | None:
    """An event as a line of evidence; None for what nobody said. `own` is who said what has no sender: one's own side
    of private words."""
    payload = event.payload
    if isinstance(payload, ChatMessage):
        speaker = (event.sender or own) if payload.speaker_kind == "player" else ""
        to = f" to {payload.target_name}" if payload.target_name else ""
        return Said(payload.timestamp, speaker, payload.player_name, payload.channel + to, payload.message, payload.id)
    if isinstance(payload, LobbyMessage) and payload.kind != "line":
        to = f" to {payload.target_name}" if payload.target_name else ""
        speaker = event.sender or own
        return Said(payload.timestamp, speaker, payload.name, payload.kind + to, payload.message, payload.id)
    return None
