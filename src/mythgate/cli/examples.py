"""`mythgate examples`: small programs on the Python client, to read and to run."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mythgate.cli.output import Json, fail, print_json, print_table, refusals
from mythgate.examples import EXAMPLES, HTTP, SHARDS

if TYPE_CHECKING:
    from mythgate.examples import Example

app = typer.Typer(help="Programs on the Python client, to read and to run.", invoke_without_command=True)

_BY_NAME: Final = {one.name: one for one in EXAMPLES}


@app.callback()
def menu(context: typer.Context) -> None:
    """Programs on the Python client, to read and to run. Without a command: a menu."""
    if context.invoked_subcommand is not None:
        return
    for number, one in enumerate(EXAMPLES, 1):
        print(f"{number}  {one.name:<12}{one.summary}")
    if not _is_asked():
        print("Run one: mythgate examples run NAME")
        return
    while word := input("Number or name, or nothing to leave: ").strip():
        chosen = EXAMPLES[int(word) - 1] if word in map(str, range(1, len(EXAMPLES) + 1)) else _BY_NAME.get(word)
        if chosen is None:
            print("There is no such example.")
            continue
        _run(chosen, "", "")


def _is_asked() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty()


@app.command("list")
def list_(json: Json = False) -> None:
    """List them, and where they can be read.

    Example:  mythgate examples list --json
    """
    if json:
        print_json([{"name": one.name, "summary": one.summary, "file": str(one.file)} for one in EXAMPLES])
        return
    rows = [(one.name, one.summary, str(one.file)) for one in EXAMPLES]
    print_table(("name", "what it does", "file"), rows, empty="There are none.")


@app.command()
def run(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(_BY_NAME)}.")],
    http: Annotated[str, typer.Option("--http", metavar="URL", help="Address of the http door.")] = "",
    shards: Annotated[str, typer.Option("--shards", metavar="URL", help="Address of the Shards door.")] = "",
) -> None:
    """Run one, on a server of its own that keeps nothing, unless addresses are given.

    Examples:  mythgate examples run party   ·   mythgate examples run world --shards http://127.0.0.1:8888
    """
    if name not in _BY_NAME:
        fail(f"There is no example {name}.", f"There are: {', '.join(_BY_NAME)}.")
    _run(_BY_NAME[name], http, shards)


def _run(example: Example, http: str, shards: str) -> None:
    try:
        import aiohttp
    except ImportError:
        fail("The Python client needs one more package.", "Install it with: pip install 'mythgate[client]'")
    addresses = {door: url for door, url in ((HTTP, http), (SHARDS, shards)) if url}
    with refusals():
        try:
            asyncio.run(_at_a_server(example, addresses))
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            fail(f"The example got no answer: {error}", "Is the server running? Without addresses one is started.")


async def _at_a_server(example: Example, addresses: dict[str, str]) -> None:
    from mythgate.examples.server import running_server

    async with AsyncExitStack() as stack:
        if not addresses and example.doors:
            print("Starting a server for it …", flush=True)
            ready = await stack.enter_async_context(running_server())
            addresses = {door: f"http://{address}" for door, address in ready["doors"].items()}
        missing = [door for door in example.doors if door not in addresses]
        if missing:
            fail(f"{example.name} needs {' and '.join(f'--{door} URL' for door in missing)}, too.")
        await example.run(addresses)
