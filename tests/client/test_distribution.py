"""The Python client as a distribution of its own, with its files and what it requires, and nothing else in reach."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import AsyncIterator
from importlib import metadata
from pathlib import Path
from typing import Any

import grimp
import pytest
import pytest_asyncio
from packaging.requirements import Requirement
from tests.support.server import ROOMY, RunningServer, running_server

import mythgate

pytestmark = pytest.mark.xdist_group("client-distribution")
on_the_server = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "packages" / "client"
NO_INDEX = re.compile(r"No matching distribution|No module named pip|Connection|timed out|getaddrinfo", re.IGNORECASE)

PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:3]
import asyncio
import importlib.util
import json
import secrets

from mythgate.client import Client, NetworkClient, __file__ as place


async def main(http, shards):
    async with Client(http) as client:
        await client.guest()
        await client.connect()
        room = await client.look()
        await client.send_chat("Good evening!")
    async with NetworkClient(shards, encryption_phrase="not known here") as coated:
        await coated.disconnect()
    async with NetworkClient(shards) as network:
        name = "Aldra" + "".join(secrets.choice("bdfgkmprst") for _ in range(8))
        joined = await network.register(name, "correct horse") and await network.connect(name, "correct horse")
        world = await network.get_world_state()
    return {"room": room.name, "joined": joined, "reality": world["current_reality"]}


told = asyncio.run(main(*sys.argv[3:]))
told["place"] = place
parts = ("services", "doors", "config", "cli")
told["parts"] = [part for part in parts if importlib.util.find_spec(f"mythgate.{part}")]
told["loaded"] = sorted({name.split(".")[0] for name in sys.modules} - sys.stdlib_module_names)
print(json.dumps(told))
"""


def read_toml(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))


CLIENT, SERVER = read_toml(FOLDER), read_toml(ROOT)
REQUIRED = [*CLIENT["project"]["dependencies"], *CLIENT["project"]["optional-dependencies"]["encryption"]]


def files() -> dict[str, Path]:
    """What the distribution holds, by its place there."""
    found = {}
    for one in CLIENT["tool"]["hatch"]["build"]["only-include"]:
        place = FOLDER / one
        assert place.exists(), one
        for file in [place] if place.is_file() else place.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                found[file.relative_to(FOLDER / "src").as_posix()] = file
    return found


def modules() -> set[str]:
    return {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in files() if name[-1] == "y"}


def test_it_requires_what_the_extra_of_the_server_does() -> None:
    extras = SERVER["project"]["optional-dependencies"]
    assert CLIENT["project"]["dependencies"] == extras["client"]
    assert CLIENT["project"]["optional-dependencies"]["encryption"] == extras["encryption"]
    assert CLIENT["project"]["requires-python"] == SERVER["project"]["requires-python"]
    assert (FOLDER / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert (FOLDER / "src").resolve() == ROOT / "src"


def test_it_holds_and_requires_all_that_it_imports() -> None:
    graph = grimp.build_graph("mythgate", include_external_packages=True)
    held = modules()
    assert {"mythgate.client.player", "mythgate.domain.errors", "mythgate.wire.shards.codec"} <= held
    imported = {name for module in held for name in graph.find_modules_directly_imported_by(module)}
    own = {name for name in imported if name.split(".")[0] == "mythgate"}
    assert own - held == set()
    others = {name.split(".")[0] for name in imported - own} - sys.stdlib_module_names
    assert others == {Requirement(one).name for one in REQUIRED}


# --- in use ----------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    environment = ROOMY | {"MYTHGATE_SHARDS__ENABLED": "true", "MYTHGATE_METASERVER__ENABLED": "false"}
    async with running_server(tmp_path_factory.mktemp("distribution") / "data", environment) as running:
        yield running


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of what the distribution requires, and of what that requires."""
    folder, seen = tmp_path_factory.mktemp("libraries"), set[str]()
    wanted = list(REQUIRED)
    while wanted:
        requirement = Requirement(wanted.pop())
        marker = requirement.marker
        if requirement.name in seen or (marker is not None and not marker.evaluate({"extra": ""})):
            continue
        seen.add(requirement.name)
        found = metadata.distribution(requirement.name)
        wanted += found.requires or ()
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (folder / top).exists():
                (folder / top).symlink_to(str(found.locate_file(top)))
    return folder


async def use(place: Path, libraries: Path, server: RunningServer) -> dict[str, Any]:
    """Run the program with nothing but the standard library, the distribution and what it requires in reach."""
    shards = f"http://{server.ready['doors']['shards']}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-W", "error", "-c", PROGRAM),
        *(str(place), str(libraries), server.url, shards),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=place,
    )
    printed, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    return dict(json.loads(printed))


def require_use(told: dict[str, Any], place: Path) -> None:
    assert (told["room"], told["joined"], told["reality"]) == ("Gate Square", True, "Neutral")
    assert Path(told["place"]).is_relative_to(place)
    assert told["parts"] == [], "no part of the server is there"
    assert not {"fastapi", "sqlalchemy", "pytest", "structlog", "typer"} & set(told["loaded"])


@on_the_server
async def test_its_files_are_enough(server: RunningServer, libraries: Path, tmp_path: Path) -> None:
    for name, file in files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(file.read_bytes())
    require_use(await use(tmp_path, libraries, server), tmp_path)


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """The wheel, built here."""
    isolation = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    built = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--timeout", "10", "--retries", "0", "--disable-pip-version-check"),
            *("wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), *isolation, str(FOLDER)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode and NO_INDEX.search(built.stderr):
        pytest.skip("what builds wheels (hatchling) is not installed, and cannot be fetched")
    assert built.returncode == 0, built.stderr
    (file,) = tmp_path.glob("*.whl")
    return file


@on_the_server
async def test_its_wheel_is_enough(server: RunningServer, libraries: Path, wheel: Path, tmp_path: Path) -> None:
    assert wheel.name == f"mythgate_client-{mythgate.__version__}-py3-none-any.whl"
    place = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("mythgate/")}
        assert held == set(files())
        for name, file in files().items():
            assert archive.read(name) == file.read_bytes(), "the same as in the server's distribution"
        archive.extractall(place)
    require_use(await use(place, libraries, server), place)
