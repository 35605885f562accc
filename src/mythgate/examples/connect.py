"""The least there is: enter the world as a guest, look around, say something, leave."""

from mythgate.client import Client
from mythgate.examples.alone import run


async def main(url: str = "http://127.0.0.1:54731") -> None:
    async with Client(url) as client:  # at the end of the block one leaves the world
        account = await client.guest()
        print(f"You are {account['username']}.")
        await client.connect()
        for line in ("look", "exits", "say Hello, everybody!"):
            answer = await client.command(line)
            print(f"> {line}\n{answer['result']}\n")


if __name__ == "__main__":
    run(main)
