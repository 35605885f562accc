"""The `History` port for one node."""

from __future__ import annotations

from collections import deque
from typing import Final

from mythgate.domain.events import Event
from mythgate.domain.ids import Topic

MAX_TOPICS: Final = 10_000


class MemoryHistory:
    """The last `size` events of each topic. Of more than `max_topics` topics, the quietest is forgotten.

    No method ever suspends.
    """

    def __init__(self, size: int = 100, *, max_topics: int = MAX_TOPICS) -> None:
        self._size = size
        self._max_topics = max_topics
        self._topics: dict[Topic, deque[Event]] = {}

    async def append(self, topic: Topic, event: Event) -> None:
        events = self._topics.get(topic)
        if events is None:
            if len(self._topics) >= self._max_topics:
                quietest = min(self._topics, key=lambda known: self._topics[known][-1].timestamp)
                del self._topics[quietest]
            events = self._topics[topic] = deque(maxlen=self._size)
        events.append(event)

    async def find(self, message_id: str) -> list[tuple[Topic, Event]]:
        """Looks at all that is remembered."""
        return [
            (topic, event)
            for topic, events in self._topics.items()
            for event in events
            if event.message_id == message_id
        ]

    async def remove(self, message_id: str) -> None:
        """As `find`."""
        for topic, event in await self.find(message_id):
            events = self._topics[topic]
            events.remove(event)
            if not events:
                del self._topics[topic]

    async def recent(self, topic: Topic, limit: int = 100) -> list[Event]:
        """Oldest first."""
        events = self._topics.get(topic)
        if events is None or limit <= 0:
            return []
        return list(events)[-limit:]
