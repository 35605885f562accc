"""The Python client: sign in, enter the world, send commands, receive events, survive a bad line.

Needs only aiohttp (`pip install 'mythgate[client]'`) and no part of the server. Lobbies: `Client.lobby`.

    async with Client("http://127.0.0.1:54731") as client:
        await client.login("ada", "correct horse")
        await client.connect()
        answer = await client.command("look")
        print(answer["result"])
"""

from mythgate.client.connection import Client, ConnectionState
from mythgate.client.lobby import LOBBY_EVENTS, Lobby, lobby_event
from mythgate.client.pages import OwnProfile
from mythgate.client.reconnect import Backoff
from mythgate.client.refusals import Unsent

__all__ = ["LOBBY_EVENTS", "Backoff", "Client", "ConnectionState", "Lobby", "OwnProfile", "Unsent", "lobby_event"]
