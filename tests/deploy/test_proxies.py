"""The recipes for nginx and Caddy, as they are shipped, with the real programs in front of a real server.

Only names, ports and certificates are put in their place. What goes through: the page and its parts, REST, WebSocket,
events, and the address of who comes; also below a path.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from tests.deploy.conftest import DEPLOY, running, tool, until
from tests.support.ports import free_ports
from tests.support.server import RunningServer, running_server

VISITOR: Final = "127.0.0.2"  # so that it is not the proxy's own address
LIAR: Final = {"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6"}
PASSWORD: Final = "correct horse battery"


async def certificate(folder: Path) -> None:
    """A self-signed one for this machine, as `cert.pem` and `key.pem`."""
    words = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    out = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        tool("openssl"), *words, *names, "-out", "cert.pem", "-keyout", "key.pem", cwd=folder, stdout=out, stderr=out
    )
    assert await process.wait() == 0


def nginx(folder: Path, port: int, upstream: int, path: str) -> tuple[str, ...]:
    """What runs nginx with the recipe."""
    recipe = (DEPLOY / "nginx" / "mythgate.conf").read_text("utf-8")
    recipe = re.sub(r"listen( \[::\]:|\s+)443", rf"listen\g<1>{port}", recipe)
    recipe = re.sub(r"listen( \[::\]:|\s+)80\b", rf"listen\g<1>{port + 1}", recipe)
    recipe = re.sub(r"listen (\[::\]:)", "listen [::1]:", re.sub(r"listen (\d)", r"listen 127.0.0.1:\1", recipe))
    recipe = re.sub(r"/etc/letsencrypt/live/play\.example\.org/fullchain\.pem", str(folder / "cert.pem"), recipe)
    recipe = re.sub(r"/etc/letsencrypt/live/play\.example\.org/privkey\.pem", str(folder / "key.pem"), recipe)
    recipe = recipe.replace("127.0.0.1:54731", f"127.0.0.1:{upstream}")
    if path:
        below = (DEPLOY / "nginx" / "mythgate-below-a-path.conf").read_text("utf-8")
        recipe = re.sub(r"    location / \{.*?\n    \}\n", lambda _: below, recipe, flags=re.DOTALL)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n"
        f"events {{ worker_connections 256; }}\nhttp {{\naccess_log off;\n{temporary}{recipe}\n}}\n"
    )
    return (tool("nginx"), "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf"))


def caddy(folder: Path, port: int, upstream: int, path: str) -> tuple[str, ...]:
    """What runs Caddy with the recipe."""
    recipe = (DEPLOY / "caddy" / ("Caddyfile.below-a-path" if path else "Caddyfile")).read_text("utf-8")
    here = f"https://127.0.0.1:{port} {{\n\ttls cert.pem key.pem"
    recipe, sites = re.subn(r"^(?:play\.)?example\.org \{", here, recipe, flags=re.MULTILINE)
    assert sites == 1
    recipe = recipe.replace("127.0.0.1:54731", f"127.0.0.1:{upstream}")
    options = "{\n\tadmin off\n\tauto_https off\n\tskip_install_trust\n\tdefault_sni 127.0.0.1\n}\n"
    (folder / "Caddyfile").write_text(options + recipe)
    return (tool("caddy"), "run", "--config", "Caddyfile", "--adapter", "caddyfile")


@dataclass(frozen=True)
class Site:
    """Mythgate behind a proxy."""

    server: RunningServer
    url: str  # as people write it
    http: aiohttp.ClientSession
    trusts: ssl.SSLContext

    async def is_up(self) -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            async with self.http.get(f"{self.url}/api/status", ssl=self.trusts) as answer:
                return answer.status == 200
        return False

    async def register(self, name: str) -> str:
        body = {"username": name, "password": PASSWORD}
        async with self.http.post(f"{self.url}/api/auth/register", json=body, headers=LIAR, ssl=self.trusts) as answer:
            assert answer.status == 201, await answer.text()
            token: str = (await answer.json())["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with self.http.post(
            f"{self.url}/api/characters", json={"name": name}, headers=headers, ssl=self.trusts
        ) as answer:
            assert answer.status == 201, await answer.text()
        return token

    def lines(self, text: str) -> list[dict[str, Any]]:
        """Lines of the server's log."""
        lines = (self.server.data_dir / "logs" / "mythgate.log").read_text("utf-8").splitlines()
        return [entry for entry in map(json.loads, lines) if entry["event"] == text]


@pytest.fixture(params=["", "/play"], ids=["at the root", "below a path"])
async def path(request: pytest.FixtureRequest) -> str:
    value: str = request.param
    return value


@pytest.fixture(params=[nginx, caddy])
async def site(request: pytest.FixtureRequest, path: str, tmp_path: Path) -> AsyncIterator[Site]:
    recipe: Callable[[Path, int, int, str], tuple[str, ...]] = request.param
    port = free_ports(2)
    await certificate(tmp_path)
    trusts = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    connector = aiohttp.TCPConnector(local_addr=(VISITOR, 0))
    async with running_server(tmp_path / "data", {"MYTHGATE_HTTP__ROOT_PATH": path}) as server:
        command = recipe(tmp_path, port, server.port, path)
        async with (
            running(*command, cwd=tmp_path),
            aiohttp.ClientSession(connector=connector) as http,
        ):
            found = Site(server, f"https://127.0.0.1:{port}{path}", http, trusts)
            await until(found.is_up, "the proxy passes requests on")
            yield found


async def test_everything_goes_through(site: Site, path: str) -> None:
    await page_and_parts(site)
    token = await site.register("Ada")
    await who_comes_is_known(site)
    await talk(site, token)
    await events(site, token)
    async with site.http.get(f"{site.url}/metrics", ssl=site.trusts) as answer:
        assert answer.status == 404
    async with site.http.get(f"{site.url}/api/auth/me", ssl=site.trusts) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if path:
        async with site.http.get(site.url, ssl=site.trusts, allow_redirects=False) as answer:
            assert answer.status in (301, 302)
            assert answer.headers["Location"].endswith("/play/")


async def page_and_parts(site: Site) -> None:
    """The page names its parts relative to where it is."""
    for page, up in (("", "./"), ("admin/users", "../")):
        async with site.http.get(f"{site.url}/{page}", ssl=site.trusts) as answer:
            assert answer.status == 200
            html = await answer.text()
        [script] = re.findall(r'<script type="module"[^>]* src="([^"]+)"', html)
        assert script.startswith(f"{up}assets/"), script
        async with site.http.get(f"{site.url}/{script.removeprefix(up)}", ssl=site.trusts) as answer:
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]


async def who_comes_is_known(site: Site) -> None:
    """The address is the visitor's, whatever they say of themselves."""
    body = {"username": "Ada", "password": "wrong"}
    async with site.http.post(f"{site.url}/api/auth/login", json=body, headers=LIAR, ssl=site.trusts) as answer:
        assert answer.status == 401
        request_id = answer.headers["X-Request-ID"]
    [line] = site.lines("sign-in refused")
    assert (line["address"], line["security"], line["correlation"]) == (VISITOR, "login_failed", request_id)


async def talk(site: Site, token: str) -> None:
    """A WebSocket, and what is said on it answered."""
    async with site.http.ws_connect(f"{site.url}/api/ws", protocols=("bearer", token), ssl=site.trusts) as socket:
        assert socket.protocol == "bearer"
        await socket.send_json({"type": "command", "message_id": "one", "data": {"command": "look"}})
        async with asyncio.timeout(10):
            async for message in socket:
                event = json.loads(message.data)
                if event.get("reply_to") == "one":
                    break
        assert event["data"].get("success") is True, event
    [entered] = site.lines("character entered")
    assert entered["address"] == VISITOR


async def events(site: Site, token: str) -> None:
    """Events come as they happen: the first does while the answer is still open."""
    headers = {"Authorization": f"Bearer {token}"}
    async with site.http.get(f"{site.url}/api/events", headers=headers, ssl=site.trusts) as answer:
        assert answer.status == 200
        async with asyncio.timeout(10):
            async for line in answer.content:
                if line.startswith(b"data:"):
                    break
        assert b"event_type" in line
