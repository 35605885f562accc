"""`mythgate logs` and `mythgate log`: search the log files, and change what is written while the server runs."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from mythgate.cli.offline import on_services, require_folder
from mythgate.cli.output import DataDir, Json, fail, print_json, print_table, settings_or_exit
from mythgate.domain.errors import InvalidInput
from mythgate.domain.logs import SECURITY, LogLine, LogQuery, weight_of
from mythgate.domain.sessions import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mythgate.domain.logs import LevelChange
    from mythgate.services.all import Services

app = typer.Typer(help="What the server writes to its log, while it runs.", no_args_is_help=True)

_LOOK_SECONDS: Final = 0.5
_AGE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SHOWN_ELSEWHERE: Final = frozenset({"exception", "correlation"})


def search(
    user: Annotated[str, typer.Option(help="Name, id or #number of a player or a character.")] = "",
    room: Annotated[str, typer.Option(help="Name, id or number of a place or a lobby.")] = "",
    correlation: Annotated[str, typer.Option(metavar="ID", help="Of a request, or of a connection.")] = "",
    level: Annotated[str, typer.Option(help="This and worse: debug, info, warning, error.")] = "debug",
    text: Annotated[str, typer.Option(help="Anywhere in the line.")] = "",
    logger: Annotated[str, typer.Option(help="This module and those below it.")] = "",
    security: Annotated[bool, typer.Option("--security", help="Only events about security.")] = False,
    since: Annotated[str, typer.Option(metavar="WHEN", help="An age (90s, 10m, 2h, 3d) or a time.")] = "",
    until: Annotated[str, typer.Option(metavar="WHEN", help="Likewise.")] = "",
    limit: Annotated[int, typer.Option(help="How many at most; the newest.", min=1, max=1_000_000)] = 200,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Search the log files of the server, whether it runs or not.

    Examples:  mythgate logs --user ada --since 2h   ·   mythgate logs --room Arrival -f   ·   mythgate logs --security
    """
    try:
        weight_of(level)
    except InvalidInput as error:
        fail(error.message)
    query = LogQuery(
        level=level.lower(),
        text=text,
        logger=logger,
        correlation=correlation,
        security=security,
        since=_moment(since, "--since"),
        until=_moment(until, "--until"),
    )
    folder = _folder(data_dir)
    if user or room:
        query = on_services(data_dir, lambda services: _about(services, query, user, room))
    from mythgate.telemetry import lines_of, log_files

    files = log_files(folder)
    if not files and not follow:
        fail(
            f"There are no log files in {folder.resolve()}.",
            "A server writes them there while it runs. Is it the right folder? --data-dir names another.",
        )
    newest = deque((line for line in lines_of(files) if query.wants(line)), maxlen=limit)
    for line in newest:
        _print(line, json=json)
    if not newest and not follow and not json:
        print("No line fits.")
    if follow:
        _follow(folder, query, json=json)


async def _about(services: Services, query: LogQuery, user: str, room: str) -> LogQuery:
    from dataclasses import replace

    from mythgate.services.logs import people_called

    if user:
        people = await services.store.read(lambda tx: people_called(tx, user))
        query = replace(query, people=people.ids, numbers=people.numbers)
    if room:
        await services.lobbies.catch_up()
        query = replace(query, rooms=services.logs.rooms(room))
    return query


def _folder(data_dir: str | None) -> Path:
    settings = settings_or_exit(data_dir=data_dir)
    require_folder(data_dir)
    folder = settings.log_folder
    if folder is None:
        fail("The settings say that no log files are written.", "Set telemetry.log_megabytes, and start the server.")
    return folder


def _moment(text: str, option: str) -> datetime | None:
    """A time as people write it: an age, or ISO 8601, in UTC if it does not say."""
    if not text:
        return None
    age = _AGE.fullmatch(text.strip().lower())
    if age is not None:
        return datetime.now(UTC) - timedelta(seconds=float(age[1]) * _UNITS[age[2]])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option} {text} is no time.", "Write an age like 90s, 10m, 2h or 3d, or a time like 2026-03-01T18:30.")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _follow(folder: Path, query: LogQuery, *, json: bool) -> None:
    """Print what is added to the newest file, and to the one that follows it, until Ctrl-C."""
    try:
        for line in appended(folder):
            if query.wants(line):
                _print(line, json=json)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def appended(folder: Path, pause: float = _LOOK_SECONDS) -> Iterator[LogLine]:
    """Lines that are written to the log of a folder from now on, for ever."""
    from mythgate.telemetry import LOG_FILE, read_line

    file = folder / LOG_FILE
    place = file.stat().st_size if file.is_file() else 0
    known = file.stat().st_ino if file.is_file() else None
    while True:
        try:
            found = file.stat()
        except FileNotFoundError:
            time.sleep(pause)
            continue
        if found.st_ino != known or found.st_size < place:  # a new one was begun
            known, place = found.st_ino, 0
        if found.st_size == place:
            time.sleep(pause)
            continue
        with file.open("rb") as opened:
            opened.seek(place)
            data = opened.read()
        whole = data.rfind(b"\n") + 1  # the last line may be half written
        place += whole
        for text in data[:whole].decode("utf-8", "replace").splitlines():
            line = read_line(text, place)
            if line is not None:
                yield line
        if not whole:
            time.sleep(pause)


def _print(line: LogLine, *, json: bool) -> None:
    if json:
        import orjson

        document: dict[str, Any] = {
            "at": line.at,
            "level": line.level,
            "logger": line.logger,
            "text": line.text,
            "correlation": line.correlation,
            "fields": line.fields,
        }
        print(orjson.dumps(document, option=orjson.OPT_UTC_Z).decode(), flush=True)
        return
    print(sentence(line), flush=True)
    trace = line.fields.get("exception")
    if trace:
        print("\n".join(f"    {row}" for row in str(trace).splitlines()), flush=True)


def sentence(line: LogLine) -> str:
    """A line of the log as people read it."""
    level = "" if line.level == "info" else f"[{line.level}] "
    fields = " ".join(f"{name}={value}" for name, value in line.fields.items() if name not in _SHOWN_ELSEWHERE)
    mark = "! " if SECURITY in line.fields else ""
    cause = f"  ({line.correlation})" if line.correlation else ""
    return f"{line.at:%Y-%m-%d %H:%M:%S}Z {mark}{level}{line.text}  {fields}{cause}".rstrip()


# --- levels ----------------------------------------------------------------------------------------


@app.command("levels")
def show_levels(data_dir: DataDir = None, json: Json = False) -> None:
    """Show what was changed of the levels the settings give.

    Example:  mythgate log levels --json
    """
    settings = settings_or_exit(data_dir=data_dir)
    changes = on_services(data_dir, lambda services: services.logs.changes(OPERATOR))
    _tell(settings.telemetry.log_level, changes, json=json)


@app.command("level")
def set_level(
    level: Annotated[str, typer.Argument(help="debug, info, warning, error; `default` for what the settings say.")],
    logger: Annotated[str, typer.Option(help="Only this module and those below it: mythgate.doors.metaserver.")] = "",
    minutes: Annotated[float | None, typer.Option(help="For so long; else until it is changed again.", min=0)] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Change what is logged. A running server follows within a second, without a restart.

    Examples:  mythgate log level debug --logger mythgate.doors.metaserver --minutes 30   ·   mythgate log level default
    """
    settings = settings_or_exit(data_dir=data_dir)
    lasting = timedelta(minutes=minutes) if minutes is not None else None
    wanted = None if level == "default" else level
    changes = on_services(
        data_dir, lambda services: services.logs.set_level(OPERATOR, wanted, logger=logger, lasting=lasting)
    )
    _tell(settings.telemetry.log_level, changes, json=json)


def _tell(base: str, changes: list[LevelChange], *, json: bool) -> None:
    named: Mapping[str, LevelChange] = {one.logger: one for one in changes}
    rows = [("", named[""].level if "" in named else base, named[""].until if "" in named else None)]
    rows += [(one.logger, one.level, one.until) for one in changes if one.logger]
    if json:
        print_json([{"logger": logger, "level": level, "until": until} for logger, level, until in rows])
        return
    print_table(
        ("logger", "level", "until"),
        (
            (logger or "all others", level, f"{until:%Y-%m-%d %H:%M} UTC" if until is not None else "")
            for logger, level, until in rows
        ),
        empty="",
    )
