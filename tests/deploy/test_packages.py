"""What is shipped: a wheel with the browser client in it, the unit for systemd, the container's recipe."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest
import yaml
from tests.deploy.conftest import DEPLOY, tool

from mythgate.config import Settings, unknown_variables

ROOT: Final = DEPLOY.parent
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text("utf-8")


def run(*command: str, cwd: Path, **environment: str) -> tuple[int, str]:
    """Exit code of a program, and what it said."""
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.returncode, done.stdout.decode()


def test_a_wheel_has_the_browser_client_and_serves_it(tmp_path: Path) -> None:
    """Built as `make dist` builds it, and unpacked where nothing else of ours is."""
    if not (ROOT / "web" / "dist" / "index.html").is_file():
        pytest.fail("the browser client is not built: run `make web`")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps")
    code, said = run(*pip, "--wheel-dir", str(tmp_path), str(ROOT), cwd=tmp_path)
    assert code == 0, said
    [wheel] = tmp_path.glob("mythgate-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        packed.extractall(tmp_path / "installed")
    assert "mythgate/web_client/index.html" in names
    assert any(name.startswith("mythgate/web_client/assets/") and name.endswith(".js") for name in names)
    assert any(name.endswith("worlds/mythgate/pack.yaml") for name in names)
    assert not [name for name in names if "node_modules" in name or name.startswith(("tests/", "web/"))]
    program = (
        "import mythgate, sys; from mythgate.doors.http.app import find_client; "
        "assert 'installed' in mythgate.__file__, mythgate.__file__; print(find_client())"
    )
    code, said = run(sys.executable, "-c", program, cwd=tmp_path, PYTHONPATH=str(tmp_path / "installed"))
    assert code == 0, said
    assert said.strip() == str(tmp_path / "installed" / "mythgate" / "web_client")


def test_systemd_takes_the_unit_and_finds_little_exposed(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    unit = (DEPLOY / "systemd" / "mythgate.service").read_text("utf-8")
    here = tmp_path / "mythgate.service"
    here.write_text(unit.replace("/opt/mythgate/bin/mythgate", sys.executable))
    code, said = run(analyze, "verify", str(here), cwd=tmp_path)
    assert (code, said.strip()) == (0, "")
    code, said = run(analyze, "security", "--offline=true", "--no-pager", str(here), cwd=tmp_path)
    [exposure] = re.findall(r"exposure level for \S+ ([0-9.]+)", said)
    assert float(exposure) <= 2.0


def test_the_unit_gives_the_server_the_time_it_takes_to_stop() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "systemd" / "mythgate.service")
    assert float(unit["Service"]["TimeoutStopSec"]) > Settings().http.stop_within.total_seconds()
    assert int(unit["Service"]["LimitNOFILE"]) > 2 * Settings().limits.connections


def test_the_image_runs_as_nobody_and_copies_what_there_is() -> None:
    stages = re.findall(r"^FROM (\S+)(?: AS (\w+))?", DOCKERFILE, re.MULTILINE)
    assert [name for _, name in stages] == ["client", "server", ""]
    last = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER mythgate$", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    taken = [line[1:] for line in ignored if line.startswith("!")]
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(source == one or source.startswith(f"{one}/") for one in taken), source


def test_settings_of_image_and_compose_exist() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    named = dict.fromkeys(re.findall(r"MYTHGATE_[A-Z_]+(?==)", DOCKERFILE), "")
    named |= compose["services"]["mythgate"]["environment"]
    assert len(named) >= 6
    assert unknown_variables(named) == []


def test_the_ports_of_image_and_compose_are_those_of_the_doors() -> None:
    settings = Settings()
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    published = " ".join(compose["services"]["mythgate"]["ports"])
    exposed = re.search(r"^EXPOSE (.+)$", DOCKERFILE, re.MULTILINE)
    assert exposed is not None
    for port in (
        settings.http.port,
        settings.metaserver.port,
        settings.metaserver.room_port,
        settings.shards.port,
        settings.telnet.port,
    ):
        assert re.search(rf"\b{port}\b", exposed[1]), port
        assert re.search(rf"\b{port}\b", published), port


def test_what_compose_mounts_is_there() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    mounted = [
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", ())
        if volume.startswith("./")
    ]
    assert len(mounted) == 4
    assert [path for path in mounted if not (ROOT / path).exists()] == []
    volumes = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", ())
        if not volume.startswith("./")
    }
    assert volumes == set(compose["volumes"])
