"""The application of the http door: routes, error table, protective headers, browser client."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import FileResponse, HTMLResponse, Response

import mythgate
from mythgate.domain import events
from mythgate.domain.errors import NotFound, Unavailable
from mythgate.doors.http import errors
from mythgate.doors.http.routing import mount, new_router
from mythgate.doors.http.security import Edge
from mythgate.services.all import Services
from mythgate.wire.envelope.meanings import describe

_READY_SECONDS: Final = 5.0
_READY_AGAIN: Final = timedelta(seconds=_READY_SECONDS)
_READY_FACT: Final = "ready"
_HERE: Final = Path(__file__).resolve().parent
_DOCS: Final = _HERE / "docs"

TAGS: Final = [
    {"name": "accounts", "description": "Registering, signing in, sessions, passwords."},
    {"name": "characters", "description": "The bodies an account has in the world."},
    {"name": "world", "description": "Rooms, maps and the state of the world."},
    {"name": "play", "description": "Commands and the event stream, for clients without a WebSocket."},
    {"name": "chat", "description": "What was said lately in the world's channels."},
    {"name": "parties", "description": "The party of the caller's character."},
    {"name": "combat", "description": "Fights, and their records."},
    {"name": "trades", "description": "Exchanging things and souls with somebody in the room."},
    {"name": "lobbies", "description": "Lobbies, hosted games, players, ladders, clans, friends."},
    {"name": "clans", "description": "The caller's clan: found it, join it, lead it, leave it."},
    {"name": "tournaments", "description": "Tournaments and results of games."},
    {"name": "moderation", "description": "Reporting people, and appealing against what the staff did."},
    {"name": "notices", "description": "Being told, while one is away, that it is worth coming; lines over bridges."},
    {"name": "administration", "description": "What staff sees and does."},
    {"name": "status", "description": "How the server is doing."},
]
DESCRIPTION: Final = """
Sign in with `POST /api/auth/login` (or register, or enter as a guest), send the `access_token` as
`Authorization: Bearer …`, and renew it with `POST /api/auth/refresh` before it expires. Play over the
WebSocket `/api/ws`, offering the sub-protocols `bearer` and the access token.

Every error has the same shape, with a stable `code`; every answer has an `X-Request-ID`.
"""


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """What the door needs to know besides the services."""

    node: str = "local"
    doors: Sequence[str] = ("http",)
    root_path: str = ""
    cors_origins: Sequence[str] = ()
    max_body_bytes: int = 65536
    client_dir: Path | None = None  # folder of the built browser client; None: look in the usual places
    started_at: datetime | None = None  # None: now
    players_online: Callable[[], int] = lambda: 0
    rooms: Callable[[], int] = lambda: 0
    rooms_occupied: Callable[[], int] = lambda: 0
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    errors: Counter[str] = field(default_factory=Counter)  # answers with an error, by code


class Readiness:
    """Whether the database takes changes: asked with a tiny one, at most once in a few seconds."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._asking = asyncio.Lock()
        self._asked_at: float | None = None
        self._refusal: Unavailable | None = None

    async def check(self) -> None:
        """Raises Unavailable if it does not."""
        clock = self._services.clock
        async with self._asking:
            if self._asked_at is None or clock.monotonic() - self._asked_at >= _READY_SECONDS:
                moment = clock.now().isoformat()
                try:
                    await self._services.store.write(lambda tx: tx.facts.set(_READY_FACT, moment))
                    self._refusal = None
                except Unavailable as refusal:
                    self._refusal = refusal
                self._asked_at = clock.monotonic()
            if self._refusal is not None:
                raise Unavailable(self._refusal.message, hint=self._refusal.hint, retry_after=_READY_AGAIN)


class Application(FastAPI):
    """FastAPI, with the meaning of every field in what is derived from the catalogue of events."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        describe(document["components"]["schemas"], events)
        return document


def create_app(services: Services, *, http: HttpOptions, routers: Sequence[APIRouter]) -> FastAPI:
    """The application. `routers` are mounted as they are: their paths are complete."""
    app = Application(
        title="Mythgate",
        summary="One multiplayer game server, many kinds of client, the same rooms.",
        description=DESCRIPTION,
        version=mythgate.__version__,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_url="/openapi.json",
        openapi_tags=TAGS,
        docs_url=None,  # the stock pages load their scripts from elsewhere; ours work offline
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    app.state.http = http
    app.state.readiness = Readiness(services)
    app.state.started_at = http.started_at or services.clock.now()
    errors.install(app)
    mount(app, [*routers, _docs_router(), _client_router(http.client_dir or find_client())])
    app.add_middleware(Edge, max_body_bytes=http.max_body_bytes, errors=http.errors)
    if http.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(http.cors_origins),
            allow_credentials=True,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After"],
            max_age=600,
        )
    return app


# --- the browser client ----------------------------------------------------------------------------

_HASHED: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_FRESH: Final = {"Cache-Control": "no-cache"}
_PAGES: Final = ("/", "/admin", "/play", "/lobby", "/journal", "/notices", "/status", "/appeal")
_NOT_BUILT: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mythgate</title><meta name="viewport" content="width=device-width">
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}</style></head>
<body><main><h1>Mythgate is running</h1>
<p>The browser client is not built yet. With Node 20 or newer, run <code>make web</code> in the project folder and
load this page again; the server need not be restarted.</p>
<p>The programming interface works without it: <a href="docs">documentation</a>, <a href="api/status">status</a>.
</p></main></body></html>
"""


def find_client() -> Path:
    """Where the built browser client is or would be: inside the installed package, else in the source tree."""
    package = Path(mythgate.__file__).resolve().parent
    bundled = package / "web_client"
    return bundled if bundled.is_dir() else package.parent.parent / "web" / "dist"


def _client_router(folder: Path) -> APIRouter:
    router = new_router(in_schema=False)
    root = folder.resolve()

    async def page() -> Response:
        index = root / "index.html"
        if not index.is_file():
            return HTMLResponse(_NOT_BUILT, headers=_FRESH)
        return FileResponse(index, headers=_FRESH)

    async def page_below(rest: str) -> Response:
        # The page names its parts relative to the folder it is in, so that any path prefix will do.
        index, up = root / "index.html", "../" * (rest.count("/") + 1)
        if not index.is_file():
            return HTMLResponse(_NOT_BUILT.replace('href="', f'href="{up}'), headers=_FRESH)
        return HTMLResponse(index.read_text("utf-8").replace('="./', f'="{up}'), headers=_FRESH)

    async def asset(path: str) -> Response:
        return _file(root / "assets", path, _HASHED)

    async def other(path: str) -> Response:
        # Icons, manifest and the like; pages have routes of their own.
        return _file(root, path, _FRESH)

    for path in _PAGES:
        router.add_api_route(path, page, methods=["GET", "HEAD"])
    router.add_api_route("/admin/{rest:path}", page_below, methods=["GET", "HEAD"])
    router.add_api_route("/assets/{path:path}", asset, methods=["GET", "HEAD"])
    router.add_api_route("/{path}", other, methods=["GET", "HEAD"])
    return router


def _file(folder: Path, path: str, headers: dict[str, str]) -> Response:
    """A file below `folder`; nothing outside it, nothing hidden."""
    if "\0" in path or any(part.startswith(".") for part in path.split("/")):
        raise NotFound("There is nothing at this address.")
    try:
        file = (folder / path).resolve()
        found = file.is_relative_to(folder) and file.is_file()
    except (OSError, ValueError):  # a name the file system cannot have
        found = False
    if not found:
        raise NotFound("There is nothing at this address.")
    return FileResponse(file, headers=headers)


# --- the documentation page ------------------------------------------------------------------------


def _docs_router() -> APIRouter:
    router = new_router(in_schema=False)

    async def docs() -> Response:
        return FileResponse(_DOCS / "index.html", headers=_FRESH)

    async def part(path: str) -> Response:
        return _file(_DOCS, path, _FRESH)

    router.add_api_route("/docs", docs, methods=["GET", "HEAD"])
    router.add_api_route("/docs/{path}", part, methods=["GET", "HEAD"])
    return router
