"""Logs: one structured line per event worth waking for, for people on a terminal and for machines.

Everything logs through the standard library with fixed text and `extra` fields; here those records are rendered by
structlog, kept for a while in memory, and, where a folder is given, in files of one JSON object a line. What the line
was caused by (`services.causes`) is added here, when it is written. Values whose name suggests a secret are blanked.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import re
import sys
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import structlog

from mythgate.domain.logs import LEVELS, SECURITY, LevelChange, LogLine, LogQuery, weight_of
from mythgate.services import causes
from mythgate.telemetry.faults import FaultBook

log = logging.getLogger(__name__)

SECRET_NAMES: Final = frozenset(
    {"password", "token", "access_token", "refresh_token", "authorization", "cookie", "secret", "secret_key", "url"}
)
"""Fields that never reach a log. `url` because query strings and database URLs carry credentials."""

LOG_FILE: Final = "mythgate.log"
LOG_FILES: Final = 5  # old ones that are kept
_MEGABYTE: Final = 1024 * 1024
_LINES_KEPT: Final = 5000
_LONGEST_VALUE: Final = 2000  # characters of a field in memory
_LONGEST_TRACE: Final = 8000
_STANDARD: Final = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}


class Bound(logging.Filter):
    """Lets so many lines about security through in a second, and says how many it did not: strangers could fill the
    files otherwise. All handlers share one, which decides about each record once."""

    def __init__(self, per_second: int = 30) -> None:
        super().__init__()
        self._per_second = per_second
        self._second = 0
        self._let_through = 0
        self._left_out = 0
        self._record: logging.LogRecord | None = None
        self._is_in = True

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        if not hasattr(record, SECURITY):
            return True
        if record is self._record:
            return self._is_in
        second = int(record.created)
        if second != self._second:
            left_out, self._second, self._let_through, self._left_out = self._left_out, second, 0, 0
            if left_out:
                log.warning("lines about security left out", extra={"lines": left_out})
        self._let_through += 1
        self._is_in = self._let_through <= self._per_second
        self._left_out += not self._is_in
        self._record = record
        return self._is_in


class LogBook(logging.Handler):
    """The newest lines, in memory, for who searches them. Also who is told of what went wrong."""

    def __init__(self, lines: int = _LINES_KEPT) -> None:
        super().__init__()
        self.faults: Final = FaultBook()
        self.room_of: Callable[[str], str | None] = lambda _character: None
        """Where a character is; lines that a character caused are filed under that room."""
        self.counts: Final[Counter[str]] = Counter(dict.fromkeys(LEVELS, 0))
        self._lines: deque[LogLine] = deque(maxlen=lines)
        self._count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line. Never raises."""
        try:
            fields = self._fields(record)
            error = record.exc_info[1] if record.exc_info else None
            correlation = str(fields.pop("correlation", ""))
            if error is not None:
                fields["exception"] = "".join(traceback.format_exception(error))[-_LONGEST_TRACE:]
                if record.levelno >= logging.ERROR and isinstance(error, Exception):
                    self.faults.note(error, correlation, datetime.fromtimestamp(record.created, UTC))
            self._count += 1
            self.counts[record.levelname.lower()] += 1
            self._lines.append(
                LogLine(
                    self._count,
                    datetime.fromtimestamp(record.created, UTC),
                    record.levelname.lower(),
                    record.name,
                    record.getMessage(),
                    correlation,
                    fields,
                )
            )
        except Exception:
            self.handleError(record)

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields = {
            name: "***" if name.lower() in SECRET_NAMES else _plain(value)
            for name, value in vars(record).items()
            if name not in _STANDARD and name != "color_message"
        }
        return file_under(fields, self.room_of)

    def search(self, query: LogQuery, *, after: int = 0, limit: int = 200) -> list[LogLine]:
        """The newest `limit` lines that are wanted, of those numbered above `after`; the oldest of them first."""
        found: list[LogLine] = []
        for line in reversed(self._lines):
            if line.number <= after or len(found) == limit:
                break
            if query.wants(line):
                found.append(line)
        found.reverse()
        return found

    @property
    def newest(self) -> int:
        """The number of the newest line."""
        return self._count

    def levels(self) -> Mapping[str, str]:
        """The least level logged by loggers that have one of their own; the one without a name is for the rest."""
        return levels()

    def apply(self, changes: Iterable[LevelChange]) -> None:
        """Have these levels, and no others, besides the one of the settings."""
        apply_levels(changes)


def _plain(value: object) -> Any:
    """A value as JSON has it, and not long."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value[:20]]
    return str(value)[:_LONGEST_VALUE]


def file_under(fields: dict[str, Any], room_of: Callable[[str], str | None]) -> dict[str, Any]:
    """Add what the line was caused by, unless the line itself says something else."""
    cause = causes.current()
    if cause is None:
        return fields
    line = cause.line
    fields.setdefault("correlation", cause.correlation)
    fields.setdefault("door", line.door)
    if line.address:
        fields.setdefault("address", line.address)
    if line.account:
        fields.setdefault("account", line.account)
    if line.number is not None:
        fields.setdefault("number", line.number)
    if line.character:
        fields.setdefault("character", line.character)
        if "room" not in fields:
            room = room_of(line.character)
            if room is not None:
                fields["room"] = room
    return fields


_bound: Final = Bound()
_book: Final = LogBook()
"""Of this process, as the standard library's loggers are."""


def book() -> LogBook:
    """The lines of this process."""
    return _book


# --- setting up ------------------------------------------------------------------------------------


def configure(level: str = "info", style: Literal["auto", "console", "json"] = "auto") -> None:
    """Send all logs to standard error and to the book.

    Calling it again replaces what it set up before.
    """
    if style == "auto":
        style = "console" if sys.stderr.isatty() else "json"
    console = _formatter(
        [_add_correlation, *_shared()],
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
    screen.setFormatter(console if style == "console" else _json_formatter())
    handlers: list[logging.Handler] = [screen, _book]

    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        handler.filters.clear()
        handler.addFilter(_bound)
        root.addHandler(handler)
    set_level(level)
    # Uvicorn's own handlers would print every line a second time; its access log would print URLs.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True


def write_files(log_dir: Path, megabytes: int = 10) -> logging.Handler:
    """Also write a rotating JSON file in `log_dir`. File and folder are made with the first line."""
    handler = _file_handler(log_dir, megabytes)
    handler.addFilter(_bound)
    logging.getLogger().addHandler(handler)
    return handler


def stop_writing(handler: logging.Handler) -> None:
    """Take back `write_files`."""
    logging.getLogger().removeHandler(handler)
    handler.close()


def log_files(log_dir: Path) -> list[Path]:
    """The files with lines in a folder, the oldest first."""
    names = [*(f"{LOG_FILE}.{number}" for number in range(LOG_FILES, 0, -1)), LOG_FILE]
    return [log_dir / name for name in names if (log_dir / name).is_file()]


class _File(logging.handlers.RotatingFileHandler):
    """Makes its folder when there is something to write. A disk that is full stops no server: lines are lost."""

    def _open(self) -> Any:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the library calls it so)
        """The library would print a trace for each line, to where the screen's handler writes as well."""


def _file_handler(log_dir: Path, megabytes: int = 10) -> logging.Handler:
    file = _File(
        log_dir / LOG_FILE,
        maxBytes=megabytes * _MEGABYTE,
        backupCount=LOG_FILES,
        encoding="utf-8",
        errors="backslashreplace",  # half characters, as standard error writes them
        delay=True,
    )
    file.setFormatter(_json_formatter())
    return file


def _shared() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _blank_secrets,
        _drop_uvicorn_colours,
    ]


def _json_formatter() -> structlog.stdlib.ProcessorFormatter:
    return _formatter(
        [*_shared(), _add_cause], [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )


def _formatter(shared: list[Any], last: list[Any]) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _add_cause(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return file_under(entry, _book.room_of)  # type: ignore[arg-type]  # it is a dictionary


def _add_correlation(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A screen is narrow: who and where is found by this."""
    cause = causes.current()
    if cause is not None:
        entry["correlation"] = cause.correlation
    return entry


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
        if isinstance(value, str) and name not in ("event", "correlation"):
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


# --- levels ----------------------------------------------------------------------------------------

_base: str = "info"
_changed: dict[str, str] = {}


def set_level(level: str) -> None:
    """The least level that is logged where nothing else was said, at run time too."""
    global _base
    _base = level.lower()
    _set_all(_changed.get("", _base))


def apply_levels(changes: Iterable[LevelChange]) -> None:
    """Have these levels, and no others, besides the one of `set_level`."""
    wanted = {change.logger: change.level for change in changes}
    for name in [name for name in _changed if name and name not in wanted]:
        logging.getLogger(name).setLevel(logging.NOTSET)
    _changed.clear()
    _changed.update(wanted)
    _set_all(wanted.get("", _base))
    for name, level in wanted.items():
        if name:
            logging.getLogger(name).setLevel(weight_of(level))


def levels() -> dict[str, str]:
    """The levels in force, by logger; that of all others under the empty name."""
    return {"": _changed.get("", _base)} | {name: level for name, level in sorted(_changed.items()) if name}


def _set_all(level: str) -> None:
    logging.getLogger().setLevel(LEVELS[level])
    # One line a start-up step is uvicorn's habit, not an operator's need.
    if "uvicorn" not in _changed:
        logging.getLogger("uvicorn").setLevel(max(logging.WARNING, LEVELS[level]))


# --- reading files ---------------------------------------------------------------------------------


def read_line(text: str, number: int) -> LogLine | None:
    """A line of a log file; None if it is none of ours."""
    try:
        entry = json.loads(text)  # the library's own, which takes half characters
        at = datetime.fromisoformat(entry.pop("timestamp"))
        return LogLine(
            number,
            at,
            entry.pop("level"),
            entry.pop("logger", ""),
            entry.pop("event"),
            entry.pop("correlation", ""),
            entry,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def lines_of(files: Iterable[Path]) -> Iterator[LogLine]:
    """All lines of files that `log_files` names, in their order."""
    number = 0
    for file in files:
        with file.open(encoding="utf-8", errors="replace") as lines:
            for text in lines:
                line = read_line(text, number := number + 1)
                if line is not None:
                    yield line
