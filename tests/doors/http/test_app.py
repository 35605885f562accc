"""The edge of the door, the browser client and the documentation page."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import StreamingResponse
from tests.support.clock import FakeClock
from tests.support.http import Answer, serving

from mythgate.domain.errors import Muted, ProtocolError
from mythgate.doors.http.app import HttpOptions, create_app, find_client
from mythgate.doors.http.security import CONTENT_SECURITY_POLICY
from mythgate.services.all import Services

ORIGIN = "https://play.example.org"


class NoSessions:
    active_count = 0


class FewServices:
    """The app itself needs no more than this."""

    clock = FakeClock()
    sessions = NoSessions()


probe = APIRouter()


@probe.get("/api/fail")
async def fail() -> None:
    raise RuntimeError("the secret of the traceback")


@probe.get("/api/refuse")
async def refuse() -> None:
    raise Muted(hint="Be quiet.")


@probe.get("/api/break")
async def broken() -> None:
    raise ProtocolError("That is no message.")


@probe.get("/fail-late")
async def fail_late() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("late")

    return StreamingResponse(parts())


@probe.post("/api/length")
async def length(request: Request) -> int:
    return len(await request.body())


@probe.post("/api/number")
async def number(body: dict[str, int]) -> int:
    return sum(body.values())


@pytest.fixture
def client_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>client</title>")
    (folder / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "assets" / "index-abc123.js").write_text("export {};")
    (folder / ".hidden").write_text("hidden")
    (tmp_path / "outside.txt").write_text("outside")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    return folder


def app_over(client_dir: Path, **options: Any) -> FastAPI:
    http = HttpOptions(client_dir=client_dir, max_body_bytes=1024, **options)
    return create_app(cast("Services", FewServices()), http=http, routers=[probe])


class Caller:
    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.http = http

    async def __call__(self, method: str, path: str, **options: Any) -> Answer:
        async with self.http.request(method, self.url + path, allow_redirects=False, **options) as answer:
            return Answer(answer.status, answer.headers, await answer.read())


@pytest.fixture
async def call(client_dir: Path) -> AsyncIterator[Caller]:
    async with serving(app_over(client_dir, cors_origins=[ORIGIN])) as url, aiohttp.ClientSession() as http:
        yield Caller(url, http)


# --- request ids and errors ---


async def test_every_answer_has_a_request_id_of_its_own(call: Caller) -> None:
    ids = {(await call("GET", path)).headers["X-Request-ID"] for path in ("/", "/nothing", "/api/refuse", "/api/fail")}
    assert len(ids) == 4


@pytest.mark.parametrize(
    ("sent", "kept"), [("abcdef-123456", True), ("short", False), ("with spaces in it", False), ("x" * 65, False)]
)
async def test_a_harmless_request_id_of_a_proxy_is_kept(call: Caller, sent: str, kept: bool) -> None:
    answer = await call("GET", "/api/refuse", headers={"X-Request-ID": sent})
    assert (answer.headers["X-Request-ID"] == sent) is kept
    assert answer.json["error"]["request_id"] == answer.headers["X-Request-ID"]


async def test_a_bug_is_logged_once_and_told_without_detail(call: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        answer = await call("GET", "/api/fail")
    assert (answer.status, answer.code) == (500, "internal")
    assert b"secret" not in answer.body
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.__dict__["request_id"] == answer.headers["X-Request-ID"]
    assert record.__dict__["path"] == "/api/fail"


async def test_a_bug_after_the_answer_began_cuts_the_connection(call: Caller) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        await call("GET", "/fail-late")
    assert (await call("GET", "/")).status == 200


async def test_refusals_and_broken_formats(call: Caller) -> None:
    refused = await call("GET", "/api/refuse")
    assert (refused.status, refused.code, refused.json["error"]["hint"]) == (403, "muted", "Be quiet.")
    broken = await call("GET", "/api/break")
    assert (broken.status, broken.code, broken.json["detail"]) == (400, "invalid_message", "That is no message.")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "not_found"),
        ("GET", "/nothing.txt", 404, "not_found"),
        ("GET", "/deep/nothing", 404, "not_found"),
        ("DELETE", "/api/refuse", 405, "method_not_allowed"),
        ("GET", "/api/refuse/", 404, "not_found"),
    ],
)
async def test_wrong_addresses_get_the_same_shape(call: Caller, method: str, path: str, status: int, code: str) -> None:
    answer = await call(method, path)
    assert (answer.status, answer.code) == (status, code)
    assert answer.json["error"]["request_id"] == answer.headers["X-Request-ID"]


async def test_values_that_do_not_fit_are_listed_by_path(call: Caller) -> None:
    answer = await call("POST", "/api/number", json={"a": "x", "b": 1, "c": None})
    assert (answer.status, answer.code) == (422, "validation_error")
    assert [fault["path"] for fault in answer.json["error"]["fields"]] == ["body.a", "body.c"]


# --- size of bodies ---


async def test_bodies_up_to_the_limit_pass(call: Caller) -> None:
    assert (await call("POST", "/api/length", data=b"x" * 1024)).json == 1024


async def test_a_body_announced_too_long_is_not_even_read(call: Caller) -> None:
    answer = await call("POST", "/api/length", data=b"x" * 1025)
    assert (answer.status, answer.code) == (413, "too_large")
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize("path", ["/api/length", "/api/number"])
async def test_a_body_that_grows_too_long_is_cut_off(call: Caller, path: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100
            await asyncio.sleep(0)

    answer = await call("POST", path, data=endless(), headers={"Content-Type": "application/json"})
    assert (answer.status, answer.code) == (413, "too_large")


# --- protection ---


@pytest.mark.parametrize("path", ["/", "/api/refuse", "/api/fail", "/nothing", "/docs", "/assets/index-abc123.js"])
async def test_protective_headers_are_everywhere(call: Caller, path: str) -> None:
    headers = (await call("GET", path)).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"


def test_the_policy_allows_no_foreign_script() -> None:
    rules = dict(rule.split(" ", 1) for rule in CONTENT_SECURITY_POLICY.split("; "))
    assert rules["default-src"] == "'self'"
    assert "script-src" not in rules
    assert rules["frame-ancestors"] == "'none'"
    assert "http:" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY


async def test_only_listed_origins_may_read_answers(call: Caller) -> None:
    for path in ("/api/refuse", "/api/fail"):
        ours = await call("GET", path, headers={"Origin": ORIGIN})
        assert ours.headers["Access-Control-Allow-Origin"] == ORIGIN
        theirs = await call("GET", path, headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in theirs.headers
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    preflight = await call("OPTIONS", "/api/length", headers={"Origin": ORIGIN} | asked)
    assert preflight.status == 200
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    refused = await call("OPTIONS", "/api/length", headers={"Origin": "https://evil.example"} | asked)
    assert refused.status == 400


async def test_without_a_list_no_origin_may(client_dir: Path) -> None:
    async with serving(app_over(client_dir)) as url, aiohttp.ClientSession() as http:
        answer = await Caller(url, http)("GET", "/api/refuse", headers={"Origin": ORIGIN})
        assert "Access-Control-Allow-Origin" not in answer.headers


# --- the browser client ---


@pytest.mark.parametrize("path", ["/", "/admin", "/admin/accounts/7", "/play"])
async def test_pages_of_the_client_are_always_asked_for_again(call: Caller, path: str) -> None:
    answer = await call("GET", path)
    assert (answer.status, answer.body) == (200, b"<!doctype html><title>client</title>")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert (await call("HEAD", path)).status == 200


async def test_hashed_files_are_kept_for_a_year(call: Caller) -> None:
    answer = await call("GET", "/assets/index-abc123.js")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "javascript" in answer.headers["Content-Type"]
    assert (await call("GET", "/favicon.svg")).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/assets/../index.html",
     "/assets/%2e%2e/index.html", "/assets/..%2findex.html", "/assets/..%2f..%2foutside.txt", "/.hidden", "/link.txt",
     "/assets", "/assets/", "/%00", "/assets/" + "a" * 5000, "/" + "a" * 300, "/docs/" + "a" * 5000],
)  # fmt: skip
async def test_nothing_outside_the_client_is_served(call: Caller, path: str) -> None:
    from yarl import URL

    async with call.http.get(URL(call.url + path, encoded=True), allow_redirects=False) as answer:
        assert answer.status == 404
        assert b"outside" not in await answer.read()


async def test_a_client_not_built_yet_says_how_and_appears_without_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    async with serving(app_over(folder)) as url, aiohttp.ClientSession() as http:
        call = Caller(url, http)
        before = await call("GET", "/")
        assert before.status == 200
        assert b"make web" in before.body
        assert (await call("GET", "/assets/x.js")).status == 404
        folder.mkdir()
        (folder / "index.html").write_text("built")
        assert (await call("GET", "/")).body == b"built"


def test_the_client_is_looked_for_in_the_package_and_the_source_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "src" / "mythgate"
    package.mkdir(parents=True)
    monkeypatch.setattr("mythgate.__file__", str(package / "__init__.py"))
    assert find_client() == tmp_path / "web" / "dist"
    (package / "web_client").mkdir()
    assert find_client() == package / "web_client"


# --- documentation ---


class References(HTMLParser):
    """What a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inline |= tag == "script" and "src" not in given
        self.inline |= any(name.startswith("on") or name == "style" for name in given)
        if tag in ("script", "link", "img"):
            self.found.append(given.get("src") or given.get("href") or "")


async def test_the_documentation_needs_nothing_from_elsewhere(call: Caller) -> None:
    page = await call("GET", "/docs")
    assert page.status == 200
    parser = References()
    parser.feed(page.body.decode())
    assert parser.found.pop(0) == "data:,"  # keeps browsers from asking for an icon
    assert len(parser.found) == 2
    assert not parser.inline
    for reference in parser.found:
        part = await call("GET", f"/{reference}")
        assert part.status == 200
        assert not re.search(rb"https?://", part.body)
    assert (await call("GET", "/docs/nothing.js")).status == 404
    assert (await call("GET", "/openapi.json")).json["info"]["title"] == "Mythgate"


async def test_a_page_in_a_section_finds_its_parts_above_it(tmp_path: Path) -> None:
    async with serving(app_over(tmp_path)) as url, aiohttp.ClientSession() as http:
        call = Caller(url, http)
        assert b'href="../docs"' in (await call("GET", "/admin/users")).body
        (tmp_path / "index.html").write_text('<script src="./assets/x.js"></script>')
        for page in ("/status", "/lobby", "/journal"):
            assert (await call("GET", page)).body == b'<script src="./assets/x.js"></script>'
        assert (await call("GET", "/admin")).body == b'<script src="./assets/x.js"></script>'
        assert (await call("GET", "/admin/users")).body == b'<script src="../assets/x.js"></script>'
        assert (await call("GET", "/admin/users/7")).body == b'<script src="../../assets/x.js"></script>'
