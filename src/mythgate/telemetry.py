"""Logs and metrics: what an operator sees of a running server.

Logs: one structured line per event worth waking for, for people on a terminal and for machines.

Everything logs through the standard library with fixed text and `extra` fields; here those records are
rendered by structlog. Context bound with `structlog.contextvars` (a request id, say) appears in every
line below it. Values whose name suggests a secret are blanked.
"""

from __future__ import annotations

import logging
import logging.handlers
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

SECRET_NAMES: Final = frozenset(
    {"password", "token", "access_token", "refresh_token", "authorization", "cookie", "secret", "secret_key", "url"}
)
"""Fields that never reach a log. `url` because query strings and database URLs carry credentials."""

_LOG_FILE_BYTES: Final = 10 * 1024 * 1024
_LOG_FILES: Final = 5


def configure(
    level: str = "info", style: Literal["auto", "console", "json"] = "auto", log_dir: Path | None = None
) -> None:
    """Send all logs to standard error and, if `log_dir` is given, to a rotating JSON file there.

    Calling it again replaces what it set up before. Folders that are missing are made.
    """
    if style == "auto":
        style = "console" if sys.stderr.isatty() else "json"
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _blank_secrets,
        _drop_uvicorn_colours,
    ]
    json_formatter = _formatter(shared, [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])
    console = _formatter(
        shared,
        [
            _for_narrow_screens,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                pad_event_to=0,
                pad_level=False,
                # The richer formatter prints local variables, and those hold passwords and tokens.
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ],
    )

    screen = logging.StreamHandler(sys.stderr)
    screen.setFormatter(console if style == "console" else json_formatter)
    handlers: list[logging.Handler] = [screen]
    if log_dir is not None:
        log_dir.mkdir(parents=True, exist_ok=True)
        file = logging.handlers.RotatingFileHandler(
            log_dir / "mythgate.log",
            maxBytes=_LOG_FILE_BYTES,
            backupCount=_LOG_FILES,
            encoding="utf-8",
            errors="backslashreplace",  # half characters, as standard error writes them
        )
        file.setFormatter(json_formatter)
        handlers.append(file)

    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        root.addHandler(handler)
    set_level(level)
    # Uvicorn's own handlers would print every line a second time; its access log would print URLs.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True


def set_level(level: str) -> None:
    """Change the least level that is logged, at run time."""
    logging.getLogger().setLevel(level.upper())
    # One line a start-up step is uvicorn's habit, not an operator's need.
    logging.getLogger("uvicorn").setLevel(max(logging.WARNING, logging.getLogger().level))


def _formatter(shared: list[Any], last: list[Any]) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _blank_secrets(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in entry:
        if name.lower() in SECRET_NAMES:
            entry[name] = "***"
    return entry


_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{4}([0-9a-f]{8})")
_LONG_NAME: Final = re.compile(r"[a-z0-9_]{25,}")  # the id of a place, say
_NAME_END: Final = 20


def _for_narrow_screens(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The time of day; no level if it is the usual one, no name of a logger of ours; of long ids the end."""
    for name, value in entry.items():
        if isinstance(value, str) and name != "event":
            if _LONG_NAME.fullmatch(value):
                end = value[-_NAME_END:]
                entry[name] = f"…{end[end.find('_') + 1 :]}"
            else:
                entry[name] = _UUID.sub(r"…\1", value)
    entry["timestamp"] = entry["timestamp"][11:19] + "Z"
    if entry["level"] == "info":
        del entry["level"]
    if str(entry.get("logger", "")).startswith("mythgate"):
        del entry["logger"]
    return entry


def _drop_uvicorn_colours(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    entry.pop("color_message", None)
    return entry


# --- metrics ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    """One number at this moment. Names end in their unit; labels never name a person.

    A counter's name is given without `_total`. With `by`, `values` has one number a label value.
    """

    name: str
    meaning: str
    value: float = 0
    kind: Literal["gauge", "counter"] = "gauge"
    by: str = ""
    values: Mapping[str, float] = field(default_factory=dict)


class Readings(Collector):
    """Numbers that are read when Prometheus asks and cost nothing until then."""

    def __init__(self, read: Callable[[], Iterable[Reading]]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """One metric family a reading."""
        for reading in self._read():
            kind = GaugeMetricFamily if reading.kind == "gauge" else CounterMetricFamily
            family = kind(f"mythgate_{reading.name}", reading.meaning, labels=[reading.by] if reading.by else None)
            if reading.by:
                for label, value in reading.values.items():
                    family.add_metric([label], value)
            else:
                family.add_metric([], reading.value)
            yield family


def resident_bytes() -> int:
    """Memory of this process that is in use now; 0 where the platform does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * 4096
