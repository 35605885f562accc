"""Logs, faults and metrics: what an operator sees of a running server. Only the composition root and the command line
know this package; everybody else logs with the standard library and counts in plain numbers."""

from mythgate.telemetry.logs import (
    LOG_FILE,
    LogBook,
    book,
    configure,
    lines_of,
    log_files,
    read_line,
    set_level,
    stop_writing,
    write_files,
)
from mythgate.telemetry.metrics import PREFIX, Reading, Readings, resident_bytes
from mythgate.telemetry.statsd import Statsd, StatsdOptions

__all__ = [
    "LOG_FILE",
    "PREFIX",
    "LogBook",
    "Reading",
    "Readings",
    "Statsd",
    "StatsdOptions",
    "book",
    "configure",
    "lines_of",
    "log_files",
    "read_line",
    "resident_bytes",
    "set_level",
    "stop_writing",
    "write_files",
]
