"""The `Realtime` port in memory: who is subscribed to what, and what everybody was told, in order."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from mythgate.domain.events import ChatMessage, Event, Payload
from mythgate.domain.ids import AccountId, CharacterId, SessionId, Topic

P = TypeVar("P", bound=Payload)


@dataclass
class Listener:
    """One open stream."""

    account_id: AccountId
    session_id: SessionId
    topics: set[Topic] = field(default_factory=set)
    ignored: frozenset[AccountId] = frozenset()
    events: list[Event] = field(default_factory=list)

    def of(self, kind: type[P]) -> list[P]:
        """What was told of one kind, in order."""
        return [event.payload for event in self.events if isinstance(event.payload, kind)]

    def lines(self) -> list[str]:
        """The talk as it reads."""
        return [message.text for message in self.of(ChatMessage)]

    def kinds(self) -> list[str]:
        return [type(event.payload).event_type for event in self.events]


class Listening:
    """Streams that are never written anywhere. `on_closed` stands for the hub's watcher."""

    def __init__(self) -> None:
        self.listeners: dict[CharacterId, Listener] = {}
        self.closed: list[tuple[CharacterId, Payload]] = []
        self.on_closed: Callable[[CharacterId, str], None] | None = None
        self.observers: list[Callable[[Topic, Event], None]] = []

    def open(self, character_id: CharacterId, account_id: AccountId, session_id: SessionId) -> Listener:
        """As `Hub.open`: another character of the account loses its stream; the same one inherits its topics."""
        for other_id, other in list(self.listeners.items()):
            if other.account_id == account_id and other_id != character_id:
                self.end(other_id, "taken_over")
        former = self.listeners.get(character_id)
        listener = Listener(account_id, session_id)
        if former is not None:
            listener.topics, listener.ignored = former.topics, former.ignored
        self.listeners[character_id] = listener
        return listener

    def end(self, character_id: CharacterId, reason: str) -> None:
        if self.listeners.pop(character_id, None) is not None and self.on_closed is not None:
            self.on_closed(character_id, reason)

    def clear(self) -> None:
        """Forget what was told so far."""
        for listener in self.listeners.values():
            listener.events.clear()

    # --- services.ports.Realtime ---

    def publish(
        self, topic: Topic, event: Event, *, exclude: CharacterId | None = None, sparing: Collection[AccountId] = ()
    ) -> None:
        for observer in self.observers:
            observer(topic, event)
        for character_id, listener in self.listeners.items():
            if topic in listener.topics and character_id != exclude and listener.account_id not in sparing:
                self._tell(listener, event)

    def send(self, character_id: CharacterId, event: Event) -> None:
        listener = self.listeners.get(character_id)
        if listener is not None:
            self._tell(listener, event)

    @staticmethod
    def _tell(listener: Listener, event: Event) -> None:
        if event.sender is None or event.sender not in listener.ignored:
            listener.events.append(event)

    def has_stream(self, character_id: CharacterId) -> bool:
        return character_id in self.listeners

    def listens(self, account_id: AccountId, topic: Topic) -> bool:
        return any(one.account_id == account_id and topic in one.topics for one in self.listeners.values())

    def subscribe(self, character_id: CharacterId, topic: Topic) -> None:
        listener = self.listeners.get(character_id)
        if listener is not None:
            listener.topics.add(topic)

    def unsubscribe(self, character_id: CharacterId, topic: Topic) -> None:
        listener = self.listeners.get(character_id)
        if listener is not None:
            listener.topics.discard(topic)

    def set_ignored(self, character_id: CharacterId, accounts: frozenset[AccountId]) -> None:
        listener = self.listeners.get(character_id)
        if listener is not None:
            listener.ignored = accounts

    def close(self, character_id: CharacterId, payload: Payload) -> None:
        if character_id in self.listeners:
            self.closed.append((character_id, payload))
            self.end(character_id, "closed")

    def close_session(self, session_id: SessionId, payload: Payload) -> None:
        for character_id, listener in list(self.listeners.items()):
            if listener.session_id == session_id:
                self.close(character_id, payload)
