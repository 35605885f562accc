"""The network between a client and the server, in our hands: a TCP proxy whose cable can be pulled.

Connections that were there when it was pulled stay dead afterwards, as behind a router that forgot them; new
ones pass.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

_CHUNK = 65536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _Link:
    """One connection of a client and, once the way is free, its continuation to the server."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.client = client
        self.server: asyncio.StreamWriter | None = None
        self.dead = False
        self.task = asyncio.current_task()

    def reset(self) -> None:
        """End both halves at once with RST, as a router does that does not know the connection."""
        for half in (self.client, self.server):
            if half is not None:
                half.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                half.transport.abort()

    def close(self) -> None:
        for half in (self.client, self.server):
            if half is not None:
                half.close()


class Network:
    """Listens on a port of its own and passes everything on to `target_port`."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.accepted = 0  # connections there ever were
        self._listener: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._unplugged = False
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def open_links(self) -> int:
        """Connections that still reach the server."""
        return sum(not link.dead for link in self._links)

    async def listen(self) -> None:
        """Accept connections, always on the same port; after `refuse` they are taken again."""
        assert self._listener is None, "listening already"
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=_CHUNK)
        self.port = self._listener.sockets[0].getsockname()[1]

    # --- what can befall a network ------------------------------------------------------------------

    def stall(self) -> None:
        """Hold everything back, to be delivered by `flow`: the cable is out for less than TCP's patience."""
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    def unplug(self) -> None:
        """Swallow everything in both directions without closing anything, also what connects from now on."""
        self._unplugged = True
        for link in self._links:
            link.dead = True

    def plug_in(self) -> None:
        """Let new connections pass again."""
        self._unplugged = False

    def cut(self) -> None:
        """Reset every connection; new ones pass."""
        for link in self._links:
            link.reset()

    async def refuse(self) -> None:
        """Take no connections any more, as a host where nobody listens; those there are go on."""
        assert self._listener is not None
        self._listener.close()
        self._listener = None

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self._flowing.set()
        under_way = [link.task for link in self._links if link.task is not None]
        self.cut()
        await asyncio.gather(*under_way)

    # --- passing on -----------------------------------------------------------------------------------

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        link = _Link(to_client)
        link.dead = self._unplugged
        self._links.add(link)
        self.accepted += 1
        try:
            await self._flowing.wait()
            if link.dead:
                while await from_client.read(_CHUNK):
                    pass
                return
            from_server, link.server = await asyncio.open_connection("127.0.0.1", self.target_port, limit=_CHUNK)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(link, from_client, link.server))
                both.create_task(self._pass(link, from_server, link.client))
        except* OSError:
            pass  # reset by either side, or nobody there: the other side learns it by the close below
        finally:
            self._links.discard(link)
            link.close()

    async def _pass(self, link: _Link, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(_CHUNK):
            await self._flowing.wait()
            if not link.dead:
                sink.write(data)
                await sink.drain()
        await self._flowing.wait()
        if not link.dead and sink.can_write_eof():
            sink.write_eof()


@contextlib.asynccontextmanager
async def network_to(target_port: int) -> AsyncIterator[Network]:
    """A network in good order; its connections end with the block."""
    network = Network(target_port)
    await network.listen()
    try:
        yield network
    finally:
        await network.close()
