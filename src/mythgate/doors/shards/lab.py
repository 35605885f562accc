"""Looking into WebSockets of the Shards network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mythgate.doors.http.lab import WatchedSocket
from mythgate.doors.shards.door import ShardsDoor
from mythgate.services.lab import LabConnection


@dataclass(slots=True)
class ShardsLab:
    """The door, for the lab."""

    door: ShardsDoor

    def connections(self) -> Iterator[WatchedSocket]:
        """All that are open."""
        for connection in self.door.open_connections():
            session = connection.session
            about = LabConnection(
                id=connection.source.id,
                door="shards",
                form="json",
                client=connection.client,
                account_id=session.caller.account_id if session is not None else None,
                name=session.caller.name if session is not None else "somebody",
                address=connection.address,
            )
            yield WatchedSocket(connection.protocol, about, lambda _transport: None)
