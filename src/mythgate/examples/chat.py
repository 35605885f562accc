"""Two programs talk, each in a dialect of its own: rooms and channels are the same behind all doors."""

import asyncio
from typing import Any

from mythgate.client import ChatMessage, Client
from mythgate.examples.alone import run
from mythgate.examples.newcomers import newcomer


async def main(http: str = "http://127.0.0.1:54731", shards: str = "http://127.0.0.1:8888") -> None:
    async with Client(http) as native, newcomer(shards, "Aldra") as network:
        answered = asyncio.Event()
        own = (await native.guest())["username"]

        async def answer(said: ChatMessage) -> None:
            if said.sender_name == own:
                print(f"Aldra hears {said.sender_name}: {said.content}")
                await network.send_chat(f"Hello, {said.sender_name}!")

        def show(event: dict[str, Any]) -> None:
            if event["data"]["channel"] == "global" and event["data"]["player_name"] != own:
                print(f"{own} hears: {event['data']['message']}")
                answered.set()

        network.register_handler("chat", answer)
        native.register_handler("chat_message", show)
        await native.connect()
        await native.command("global Is anybody there?")
        async with asyncio.timeout(10):
            await answered.wait()


if __name__ == "__main__":
    run(main)
