"""Several hubs as one: people of every door hear what is told, whichever hub their stream is in.

The doors differ in what a stream is worth: a browser resumes it, an old client's ends with its connection.
So each kind has a hub with limits and a watcher of its own, and the services tell them all at once.
"""

from __future__ import annotations

from collections.abc import Collection

from mythgate.domain.events import Disconnect, Event, Payload
from mythgate.domain.ids import AccountId, CharacterId, SessionId, Topic
from mythgate.realtime.hub import Hub, StreamWatcher


class Hubs:
    """Fulfils `services.ports.Realtime` over several hubs. A listener has its stream in one of them."""

    def __init__(self, *hubs: Hub) -> None:
        self.hubs = hubs

    def publish(
        self, topic: Topic, event: Event, *, exclude: CharacterId | None = None, sparing: Collection[AccountId] = ()
    ) -> None:
        for hub in self.hubs:
            hub.publish(topic, event, exclude=exclude, sparing=sparing)

    def send(self, character_id: CharacterId, event: Event) -> None:
        for hub in self.hubs:
            hub.send(character_id, event)

    def has_stream(self, character_id: CharacterId) -> bool:
        return any(hub.has_stream(character_id) for hub in self.hubs)

    def listens(self, account_id: AccountId, topic: Topic) -> bool:
        return any(hub.listens(account_id, topic) for hub in self.hubs)

    def subscribe(self, character_id: CharacterId, topic: Topic) -> None:
        for hub in self.hubs:
            hub.subscribe(character_id, topic)

    def unsubscribe(self, character_id: CharacterId, topic: Topic) -> None:
        for hub in self.hubs:
            hub.unsubscribe(character_id, topic)

    def set_ignored(self, character_id: CharacterId, accounts: frozenset[AccountId]) -> None:
        for hub in self.hubs:
            hub.set_ignored(character_id, accounts)

    def close(self, character_id: CharacterId, payload: Payload) -> None:
        for hub in self.hubs:
            hub.close(character_id, payload)

    def close_session(self, session_id: SessionId, payload: Payload) -> None:
        for hub in self.hubs:
            hub.close_session(session_id, payload)

    def close_all(self, payload: Disconnect) -> None:
        """As `Hub.close_all`, for every hub."""
        for hub in self.hubs:
            hub.close_all(payload)

    def tick(self) -> None:
        """As `Hub.tick`, for every hub."""
        for hub in self.hubs:
            hub.tick()


class Watchers:
    """Several watchers of one hub's streams, told in their order."""

    def __init__(self, *watchers: StreamWatcher) -> None:
        self.watchers = watchers

    def on_detached(self, character_id: CharacterId) -> None:
        for watcher in self.watchers:
            watcher.on_detached(character_id)

    def on_returned(self, character_id: CharacterId) -> None:
        for watcher in self.watchers:
            watcher.on_returned(character_id)

    def on_missed(self, character_id: CharacterId) -> None:
        for watcher in self.watchers:
            watcher.on_missed(character_id)

    def on_display_grace_over(self, character_id: CharacterId) -> None:
        for watcher in self.watchers:
            watcher.on_display_grace_over(character_id)

    def on_stream_ended(self, character_id: CharacterId, reason: str) -> None:
        for watcher in self.watchers:
            watcher.on_stream_ended(character_id, reason)
