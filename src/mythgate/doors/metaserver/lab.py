"""Looking into connections of old game clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mythgate.domain.errors import ProtocolError
from mythgate.doors.metaserver.connection import Connection, packets_in
from mythgate.doors.metaserver.door import MetaserverDoor
from mythgate.doors.metaserver.login import LoginConnection
from mythgate.doors.metaserver.room import RoomConnection
from mythgate.services.lab import LabConnection, Line
from mythgate.wire.metaserver.packets import SESSION_KEY, Direction
from mythgate.wire.metaserver.shown import line_of


class _Written:
    """A transport whose writes somebody sees."""

    def __init__(self, transport: Any, saw: Callable[[bytes], None]) -> None:
        self._transport = transport
        self._saw = saw

    def write(self, data: bytes) -> None:
        self._saw(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


@dataclass(slots=True)
class WatchedConnection:
    """One connection, for the lab."""

    connection: Connection

    @property
    def is_open(self) -> bool:
        return not (self.connection.closing or self.connection.lost)

    @property
    def about(self) -> LabConnection:
        connection = self.connection
        account_id, name, client = None, "", connection.family.value
        if isinstance(connection, RoomConnection) and connection.held is not None:
            visitor = connection.visitor
            account_id, name, client = visitor.account_id, visitor.name, connection.client.name
        elif isinstance(connection, LoginConnection) and connection.account is not None:
            account_id, name, client = connection.account.id, connection.account.name, connection.client.name
        return LabConnection(
            id=connection.source.id,
            door="metaserver",
            form="packets",
            client=client,
            account_id=account_id,
            name=name or "somebody",
            address=connection.address,
            is_encrypted=connection.cipher is not None,
        )

    def watch(self, observer: Callable[[Line], None]) -> Callable[[], None]:
        """See `services.lab.Watchable`. The connection gets another transport and another way to take packets, and
        its own back: nothing is asked of one that is not watched."""
        connection = self.connection
        transport, receive = connection.transport, connection.receive
        own = vars(connection)  # where what is put shadows the method

        def taken(packet_type: int, payload: bytes) -> None:
            clear = payload
            if connection.cipher is not None and packet_type != SESSION_KEY:
                try:
                    clear = connection.cipher.open(payload)
                except ProtocolError:
                    clear = b""
            observer(line_of(connection.family, Direction.TO_SERVER, packet_type, clear))
            receive(packet_type, payload)

        def written(data: bytes) -> None:
            for packet_type, payload in packets_in(data):
                clear = payload
                if connection.cipher is not None and packet_type != SESSION_KEY:
                    clear = connection.cipher.open(payload)
                observer(line_of(connection.family, Direction.TO_CLIENT, packet_type, clear))

        own["receive"] = taken
        self._write_through(_Written(transport, written))

        def stop() -> None:
            del own["receive"]
            self._write_through(transport)

        return stop

    def _write_through(self, transport: Any) -> None:
        connection = self.connection
        connection.transport = transport
        if isinstance(connection, RoomConnection) and connection.sink is not None:
            connection.sink.listen(deaf=connection.deaf)


@dataclass(slots=True)
class MetaserverLab:
    """The door, for the lab."""

    door: MetaserverDoor

    def connections(self) -> Iterator[WatchedConnection]:
        """All that are open."""
        return (WatchedConnection(one) for one in self.door.open_connections() if not one.closing)
