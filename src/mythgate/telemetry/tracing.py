"""Traces of requests and commands, with OpenTelemetry: what was asked, how it ended, how long it took.

Only for who has the extra `otel` and names an endpoint. Spans have the correlation id of the log, and neither what was
said nor who said it. The provider is our own: nothing global is set, so that a plug-in may have another.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

import mythgate
from mythgate.domain.events import CommandResponse
from mythgate.domain.ids import CharacterId, CommandId
from mythgate.services import causes
from mythgate.services.commands.execute import CommandService

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

log = logging.getLogger(__name__)

_END_SECONDS: Final = 5.0
_CORRELATION: Final = "mythgate.correlation"


class TracingMissing(Exception):
    """OpenTelemetry is not installed."""


class Tracing:
    """Where spans go."""

    def __init__(self, exporter: SpanExporter, *, sample: float = 1.0, node: str = "", at_once: bool = False) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

        named = {"service.name": "mythgate", "service.version": mythgate.__version__, "service.instance.id": node}
        self._provider: TracerProvider = TracerProvider(
            resource=Resource.create(named), sampler=ParentBased(TraceIdRatioBased(sample)), shutdown_on_exit=False
        )
        processor = SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("mythgate", mythgate.__version__)

    @contextmanager
    def span(self, name: str, *, is_server: bool = False) -> Iterator[Span]:
        """A span while the block runs. What it raises makes it a failed one, without the words of the exception."""
        from opentelemetry.trace import SpanKind, Status, StatusCode

        kind = SpanKind.SERVER if is_server else SpanKind.INTERNAL
        with self._tracer.start_as_current_span(
            name, kind=kind, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR))
                span.set_attribute("error.type", type(error).__qualname__)
                raise
            finally:
                cause = causes.current()
                if cause is not None:
                    span.set_attribute(_CORRELATION, cause.correlation)
                    span.set_attribute("mythgate.door", cause.line.door)

    async def close(self) -> None:
        """Send what is left, for a while."""
        try:
            async with asyncio.timeout(_END_SECONDS):
                await asyncio.to_thread(self._provider.shutdown)
        except TimeoutError:
            log.warning("traces could not be sent in time")


def open_tracing(endpoint: str, *, sample: float, node: str) -> Tracing:
    """Send traces to `endpoint` over HTTP.

    Raises:
        TracingMissing: the extra `otel` is not installed.

    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise TracingMissing from error
    return Tracing(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces"), sample=sample, node=node)


class TracedRequests:
    """A span for each HTTP request, as plain ASGI; connections that last have none."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        from opentelemetry.trace import Status, StatusCode

        with self._tracing.span(scope["method"], is_server=True) as span:

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status: int = message["status"]
                    span.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            try:
                await self._app(scope, receive, watched)
            finally:
                # The path as it is declared: one that was sent may hold an id, or anything.
                route = getattr(scope.get("route"), "path", "")
                span.set_attribute("http.request.method", scope["method"])
                if route:
                    span.set_attribute("http.route", route)
                    span.update_name(f"{scope['method']} {route}")


class TracedCommands(CommandService):
    """The same commands, each with a span. It shares all that `inner` has."""

    def __init__(self, inner: CommandService, tracing: Tracing) -> None:
        vars(self).update(vars(inner))
        self._tracing = tracing

    async def execute(
        self,
        actor: CharacterId,
        line: str | None,
        *,
        command: str | None = None,
        args: Sequence[str] = (),
        command_id: CommandId | None = None,
    ) -> CommandResponse:
        """As `CommandService.execute`."""
        with self._tracing.span("command") as span:
            response = await super().execute(actor, line, command=command, args=args, command_id=command_id)
            known: Any = self.registry.exact(response.command)
            if known is not None:  # else it is something that somebody typed
                span.update_name(f"command {known.name}")
                span.set_attribute("mythgate.command", known.name)
            span.set_attribute("mythgate.outcome", response.code or "ok")
            return response
