"""Hear what happens: plain functions, coroutines, several for one event, one for all; and take them back."""

import asyncio
import logging
from collections import Counter
from typing import Any

from mythgate.client import Client
from mythgate.examples.alone import run

Event = dict[str, Any]


async def main(url: str = "http://127.0.0.1:54731") -> None:
    heard: Counter[str] = Counter()
    spoken = asyncio.Event()

    def count(event: Event) -> None:
        heard[event["event_type"]] += 1

    def show(event: Event) -> None:
        print(f"{event['data']['player_name']} says: {event['data']['message']}")

    async def note(_: Event) -> None:  # the next event waits until it is done
        await asyncio.sleep(0)
        spoken.set()

    def stumble(_: Event) -> None:
        raise LookupError("this handler has a fault")  # it is logged, and the others are called all the same

    logging.getLogger("mythgate.client").setLevel(logging.CRITICAL)  # the fault is printed below, once is enough
    async with Client(url) as client:
        client.register_handler("*", count)
        client.register_handler("chat_message", show)
        client.register_handler("chat_message", note)
        forget = client.register_handler("chat_message", stumble)
        client.on_error(lambda error: print(f"A handler failed: {error}"))

        await client.guest()
        await client.connect()
        await client.command("say One.")
        await spoken.wait()
        forget()
        client.unregister_handler("chat_message", show)
        await client.command("say Two, which nobody shows.")
    for kind, count_of_kind in sorted(heard.items()):
        print(f"{count_of_kind:3} x {kind}")


if __name__ == "__main__":
    run(main)
