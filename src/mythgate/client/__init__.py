"""The Python client: sign in, enter the world, send commands, receive events, survive a bad line.

Needs only aiohttp (`pip install 'mythgate[client]'`) and no part of the server.

    async with Client("http://127.0.0.1:54731") as client:
        await client.login("ada", "correct horse")
        await client.connect()
        answer = await client.command("look")
        print(answer["result"])
"""

from mythgate.client.connection import Client, ConnectionState, Unsent
from mythgate.client.reconnect import Backoff

__all__ = ["Backoff", "Client", "ConnectionState", "Unsent"]
