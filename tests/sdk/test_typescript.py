"""The TypeScript SDK as others use it: built alone, installed beside a program, run by Node against a real server."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.support.proxy import network_to
from tests.support.server import ROOMY, RunningServer, running_server

ROOT = Path(__file__).parents[2]
SDK = ROOT / "web/sdk"
TSC = ROOT / "web/node_modules/.bin/tsc"
VISITOR = SDK / "examples/visitor.js"
SECONDS = 60.0

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("typescript-sdk")]

COUNTING = """
import { Api, Player, Session } from "@mythgate/sdk";

const api = new Api(process.argv[2]);
const session = new Session(api);
await session.guest();
const player = new Player({
  api,
  session,
  random: () => 0,
  onStatus: ({ state }) => state === "reconnecting" && console.log(state),
});
const { player: { id } } = await player.enter();
let last = 0;
player.on("*", ({ sequence_number: number, event_type: type }) => {
  if (last && number && number !== last + 1) console.log(`${type} ${number} after ${last}`);
  last = number || last;
});
player.on("chat_message", ({ data }) => data.player_id === id && console.log(data.message));
for (let number = 1; number <= 12; number += 1) {
  const echo = player.next("chat_message", ({ data }) => data.player_id === id && data.message === `${number}`);
  await player.command(`say ${number}`);
  await echo;
}
await player.leave();
await session.signOut();
"""

WITHOUT = """
import { Api, Player, Session } from "@mythgate/sdk";

delete globalThis.WebSocket;
const api = new Api("http://127.0.0.1:9/");
try {
  await new Player({ api, session: new Session(api), onStatus: ({ state }) => console.log(state) }).enter();
} catch (error) {
  console.log(`${error.code}: ${error.message}`);
}
"""

TYPED = """
import { type EnvelopeOf, Player, type PlayerOptions, Refused } from "@mythgate/sdk";

export function watch(options: PlayerOptions): Promise<string> {
  const player = new Player(options);
  player.on("chat_message", ({ data }) => data.text.length);
  // @ts-expect-error no event is called that
  player.on("chat_massage", () => undefined);
  // @ts-expect-error no such field
  player.on("level_up", ({ data }) => data.levle);
  const died: Promise<EnvelopeOf<"player_died">> = player.next("player_died");
  // @ts-expect-error a line is text
  player.command(7);
  return died.then(({ data }) => data.message).catch((error: unknown) => (error instanceof Refused ? error.code : ""));
}
"""


async def run(*command: object, folder: Path) -> str:
    """What it printed; it must not fail."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node() -> list[str]:
    """How to run a program: Node 20 has the socket only if asked for it."""
    path = shutil.which("node")
    if path is None or not TSC.exists():
        pytest.fail("no Node, or no packages for it: run make web")
    version = await run(path, "--version", folder=ROOT)
    return [path, "--no-warnings", *(["--experimental-websocket"] if version.startswith("v20.") else [])]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a program that has the SDK installed, built from its own folder alone."""
    place: Path = tmp_path_factory.mktemp("program")
    alone, installed = place / "sdk", place / "node_modules/@mythgate/sdk"
    shutil.copytree(SDK, alone, ignore=shutil.ignore_patterns("dist", "node_modules"))
    await run(TSC, "-p", ".", "--outDir", installed / "dist", folder=alone)
    shutil.copy(SDK / "package.json", installed)
    (place / "package.json").write_text('{"type": "module"}')
    return place


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path_factory.mktemp("server") / "data", ROOMY) as running:
        yield running


async def test_the_program_of_the_page_looks_around(node: list[str], folder: Path, server: RunningServer) -> None:
    program = VISITOR.read_text().split("\n", 1)[1]
    assert f"```js\n{program}```" in (ROOT / "docs/typescript-sdk.md").read_text()
    shutil.copy(VISITOR, folder)
    printed = await run(*node, "visitor.js", f"{server.url}/", folder=folder)
    lines = printed.splitlines()
    assert "connected" in lines
    assert any(re.fullmatch(r".+ is at .+\. Ways: .+\.", line) for line in lines)
    assert any(line.endswith("Is anybody here?") for line in lines)
    assert any(line.startswith("no_combat: ") for line in lines)


async def test_a_node_without_a_socket_is_told_so_at_once(folder: Path) -> None:
    (folder / "without.js").write_text(WITHOUT)
    path = shutil.which("node")
    assert await run(path, "without.js", folder=folder) == (
        "no_websocket: There is no WebSocket here. Use Node 22, or run Node 20 with --experimental-websocket, or hand "
        "over a `socket`.\n"
    )


async def test_the_page_names_every_method_of_a_session() -> None:
    source = (SDK / "session.ts").read_text()
    methods = re.compile(r"^  (?:async )?(\w+)(?: = (?:async )?(?:<T>)?\(|\()", re.MULTILINE)
    names = methods.findall(source.partition("export class Session")[2])
    page = (ROOT / "docs/typescript-sdk.md").read_text().partition("## Sessions")[2].partition("\n## ")[0]
    assert {"signIn", "listCharacters", "request", "quests", "take"} <= set(names)
    assert [name for name in names if name != "constructor" and f"`{name}(" not in page] == []


async def test_a_program_goes_on_over_a_lost_line_and_misses_nothing(
    node: list[str], folder: Path, server: RunningServer
) -> None:
    (folder / "counting.js").write_text(COUNTING)
    async with network_to(server.port) as network:
        process = await asyncio.create_subprocess_exec(
            *node, "counting.js", f"{network.url}/", cwd=folder, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        lines: list[str] = []
        try:
            while line := await asyncio.wait_for(process.stdout.readline(), SECONDS):
                lines.append(line.decode().strip())
                if lines[-1] in ("3", "8"):
                    network.cut()
            assert await asyncio.wait_for(process.wait(), SECONDS) == 0
        finally:
            if process.returncode is None:
                process.kill()
    assert [line for line in lines if line != "reconnecting"] == [str(number) for number in range(1, 13)]
    assert lines.count("reconnecting") >= 2


async def test_what_is_wrong_is_found_by_the_types(folder: Path) -> None:
    (folder / "typed.ts").write_text(TYPED)
    strict = ["--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--noEmit"]
    modules = ["--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom", "--types", ""]
    assert await run(TSC, *strict, *modules, "typed.ts", folder=folder) == ""
