"""Traces of requests and commands: what they say, and what they do not."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from tests.support.clock import FakeClock
from tests.support.http import Site, site
from tests.support.play import PlayKit

from mythgate.services import causes
from mythgate.services.ports import Store
from mythgate.telemetry.tracing import TracedCommands, TracedRequests, Tracing, TracingMissing, open_tracing


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    yield InMemorySpanExporter()


@pytest.fixture
async def tracing(spans: InMemorySpanExporter) -> AsyncIterator[Tracing]:
    made = Tracing(spans, node="one", at_once=True)
    yield made
    await made.close()


def attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


async def test_requests(tmp_path: Path, tracing: Tracing, spans: InMemorySpanExporter) -> None:
    async with site(tmp_path) as place:
        place.app.add_middleware(TracedRequests, tracing=tracing)
        signed_in = await place.register("Ada")
        looked_up = await place.get("/api/admin/users/somebody", token=signed_in["access_token"])
        await place.get("/no/such/page/of/ada")
        broken = await break_something(place, signed_in["access_token"])
    found = spans.get_finished_spans()
    names = [span.name for span in found]
    assert names == ["POST /api/auth/register", "GET /api/admin/users/{user_id}", "GET", "POST /api/characters"]
    registered, refused, lost, failed = found
    assert registered.kind is SpanKind.SERVER
    assert attributes(registered)["http.response.status_code"] == 201
    assert attributes(refused)["http.response.status_code"] == 403
    assert attributes(refused)["mythgate.correlation"] == looked_up.headers["X-Request-ID"]
    assert attributes(refused)["mythgate.door"] == "http"
    assert attributes(lost)["http.response.status_code"] == 404
    assert broken == 500
    assert failed.status.status_code is StatusCode.ERROR
    told = "".join(span.to_json() for span in found)
    assert "Ada" not in told
    assert "somebody" not in told
    assert "of/ada" not in told
    assert registered.resource.attributes["service.instance.id"] == "one"


async def break_something(place: Site, token: str) -> int:
    async def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError("somebody's words")

    patch = pytest.MonkeyPatch()
    patch.setattr(place.node.services.characters, "create", breaks)
    try:
        return (await place.call("POST", "/api/characters", {"name": "Otter"}, token=token)).status
    finally:
        patch.undo()


async def test_commands(clock: FakeClock, store: Store, tracing: Tracing, spans: InMemorySpanExporter) -> None:
    kit = PlayKit(clock, store)
    ann = (await kit.somebody("Ann")).character_id
    commands = TracedCommands(kit.commands, tracing)
    causes.begin(causes.Line("abcd", "http"))
    await commands.execute(ann, "say a secret word")
    await commands.execute(ann, "xyzzy, a secret word")
    said, unknown = spans.get_finished_spans()
    assert said.name == "command say"
    assert attributes(said) == {
        "mythgate.command": "say", "mythgate.outcome": "ok", "mythgate.correlation": "abcd-1", "mythgate.door": "http",
    }  # fmt: skip
    assert unknown.name == "command"
    assert attributes(unknown)["mythgate.outcome"] == "unknown_command"
    assert "secret" not in said.to_json() + unknown.to_json()
    assert commands.seconds is kit.commands.seconds
    await kit.settle()


async def test_what_is_raised_makes_a_failed_span_without_its_words(
    tracing: Tracing, spans: InMemorySpanExporter
) -> None:
    with pytest.raises(KeyError), tracing.span("odd"):
        raise KeyError("somebody's words")
    [span] = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["error.type"] == "KeyError"
    assert "words" not in span.to_json()


async def test_connections_that_last_have_no_span(tracing: Tracing, spans: InMemorySpanExporter) -> None:
    seen = []

    async def app(scope: object, receive: object, send: object) -> None:
        seen.append(scope)

    scope = {"type": "websocket"}
    await TracedRequests(app, tracing)(scope, None, None)  # type: ignore[arg-type]
    assert (seen, spans.get_finished_spans()) == ([scope], ())


async def test_without_the_library_it_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(TracingMissing):
        open_tracing("http://127.0.0.1:4318", sample=1.0, node="one")


async def test_an_endpoint_is_told_over_http() -> None:
    made = open_tracing("http://127.0.0.1:1/", sample=0.0, node="one")  # none of the traces is sent
    with made.span("command"):
        pass
    await made.close()
