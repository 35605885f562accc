"""A server of one's own in a process beside: for programs that bring their world along, and for tests."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

from mythgate.client import Client

ADDRESSES = {
    "MYTHGATE_SHARDS__HOST": "127.0.0.1",
    "MYTHGATE_SHARDS__PORT": "0",
    "MYTHGATE_METASERVER__ENABLED": "false",
}
READY_SECONDS = 60.0


@contextlib.asynccontextmanager
async def running_server(*options: str, **settings: str) -> AsyncIterator[dict[str, Any]]:
    """Run `mythgate serve` on free ports until the end of the block; gives what it says when it is ready.

    It keeps nothing, unless `options` say something else than `--demo`. `settings` are environment variables.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mythgate", "serve", "--json", "--host", "127.0.0.1", "--port", "0"),
        *(options or ("--demo", "--log-level", "error")),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | ADDRESSES | settings,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_SECONDS):
            line = await process.stdout.readline()
        if not line:
            raise SystemExit("The server did not start.")
        yield json.loads(line)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def main() -> None:
    async with running_server() as server:
        print(f"Mythgate {server['version']} is ready: {server['url']}, doors {server['doors']}")
        async with Client(server["url"]) as client:
            await client.guest()
            await client.connect()
            print((await client.command("who"))["result"])
    print("The server has stopped.")


if __name__ == "__main__":
    asyncio.run(main())
