"""The OpenAPI document: complete, readable, and true."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.http import Site, site

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 200 if os.environ.get("MYTHGATE_FUZZ") == "long" else 6  # of an operation, and once more of wrong ones
ENDLESS = {"/api/events", "/api/admin/rooms/{key}/live"}  # answer for as long as one listens


class Background:
    """The server in a loop of its own, for a client that blocks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loop = asyncio.new_event_loop()
        self.started = threading.Event()
        self.stop = asyncio.Event()
        self.web: Site | None = None
        self.token = ""
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self.loop.run_until_complete(self.serve())
        except BaseException as error:
            self.failure = error
        finally:
            self.started.set()
            self.loop.close()

    async def serve(self) -> None:
        async with site(self.folder) as web:
            self.web = web
            self.token = (await web.register("Alric"))["access_token"]
            await web.post("/api/characters", {"name": "Body"}, token=self.token)
            self.started.set()
            await self.stop.wait()


@pytest.fixture(scope="module")
def background(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Background]:
    made = Background(tmp_path_factory.mktemp("openapi"))
    thread = threading.Thread(target=made.run)
    thread.start()
    made.started.wait(60)
    if made.failure is not None:
        raise made.failure
    yield made
    made.loop.call_soon_threadsafe(made.stop.set)
    thread.join(30)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def document(background: Background) -> dict[str, Any]:
    assert background.web is not None
    return background.web.app.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    known = {tag["name"] for tag in document["tags"]}
    seen = set()
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert len(operation["tags"]) == 1, where
        assert set(operation["tags"]) <= known, where
        assert operation["operationId"] not in seen, where
        seen.add(operation["operationId"])


def test_errors_are_documented_in_the_one_shape(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status >= "4":
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}, f"{method} {path} {status}"
        if operation.get("security"):
            assert "401" in operation["responses"], f"{method} {path}"


def test_the_accounts_endpoints_are_all_there(document: dict[str, Any]) -> None:
    assert {(method, path) for method, path, _ in operations(document) if path.startswith("/api/auth/")} == {
        ("post", "/api/auth/register"),
        ("post", "/api/auth/login"),
        ("post", "/api/auth/guest"),
        ("post", "/api/auth/refresh"),
        ("post", "/api/auth/logout"),
        ("get", "/api/auth/me"),
        ("get", "/api/auth/sessions"),
        ("delete", "/api/auth/sessions/{session_id}"),
        ("post", "/api/auth/password"),
        ("get", "/api/auth/game-password"),
        ("post", "/api/auth/game-password"),
        ("delete", "/api/auth/game-password"),
        ("post", "/api/auth/delete"),
        ("post", "/api/auth/admin-link"),
    }


def test_models_have_examples_or_descriptions(document: dict[str, Any]) -> None:
    for name in ("SignedIn", "LoginRequest", "RegisterRequest", "ErrorBody", "Status"):
        schema = document["components"]["schemas"][name]
        assert schema.get("examples") or any(
            "examples" in field or "description" in field for field in schema["properties"].values()
        ), name


def test_the_server_does_what_the_document_says(background: Background) -> None:
    """Generated requests: no bug, no undocumented status, no answer that breaks its schema."""
    assert background.web is not None
    web = background.web
    document = web.app.openapi()
    document["paths"] = {path: item for path, item in document["paths"].items() if path not in ENDLESS}
    loaded = schemathesis.openapi.from_dict(document)
    loaded.config.update(base_url=web.url)
    tried = 0
    for result in loaded.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if operation.path in ("/api/auth/logout", "/api/auth/delete"):
            headers = {}  # these would end the session the others use
        else:
            headers = {"Authorization": f"Bearer {background.token}"}
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            run_generated(operation, mode, headers)
        tried += 1
    assert tried == sum(1 for _ in operations(document))


def run_generated(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def attempt(case: Any) -> None:
        case.call_and_validate(headers=headers, timeout=20, checks=CHECKS)

    with contextlib.suppress(Unsatisfiable):  # an operation without parameters cannot be called wrongly
        attempt()
