"""`mythgate import`: bring people over from another server."""

from __future__ import annotations

import csv
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from mythgate.cli.backup import place_of, progress_bar
from mythgate.cli.offline import on_services, require_folder
from mythgate.cli.output import EXIT_FAILED, DataDir, Json, fail, print_json, print_table, refusals, settings_or_exit

if TYPE_CHECKING:
    from mythgate.domain.backups import Progress
    from mythgate.domain.foreign import Foreign
    from mythgate.services.all import Services
    from mythgate.services.importing import ImportReport

SHOWN: Final = 20
"""Lines of each list that are shown; the report has all."""


class SourceKind(StrEnum):
    CSV = "csv"
    BUNGIE = "bungie"
    GOS = "gos"
    LHOWON = "lhowon"
    SHARDS = "shards"


class Clashes(StrEnum):
    SKIP = "skip"
    MERGE = "merge"
    RENAME = "rename"


_PASSWORDS: Final = {
    "in clear": "kept in clear there; here only a hash is kept, and they work as before",
    "MD5": "kept as MD5; they work as before and are kept safely from the first log-in on",
    "bcrypt": "kept as bcrypt; they work as before and are kept as ours from the first log-in on",
    "of an unknown kind": "kept in a way that cannot be checked here",
    "none": "without a password: nobody can sign in before `mythgate user password NAME`",
}
_CLASHED: Final = {
    Clashes.SKIP: "they stay behind; --clashes merge takes them for the same people, --clashes rename for others",
    Clashes.MERGE: "they are taken for the same people, who keep their password and all they have here",
    Clashes.RENAME: "they are taken for others, and have a number after their name here",
}


def bring(
    kind: Annotated[SourceKind, typer.Argument(help="What the source is.")],
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A folder or a file, as each kind has it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    clashes: Annotated[
        Clashes, typer.Option("--clashes", help="What becomes of people whose name is taken here.")
    ] = Clashes.SKIP,
    report_file: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write what stayed behind, and why, as a CSV table.")
    ] = None,
    label: Annotated[str, typer.Option("--label", help="Name of the server, if there are several of its kind.")] = "",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Bring accounts, characters, clans, friends and scores over from another server.

    Try it first with --dry-run: it does everything on a copy, and nothing here changes. What was brought over before
    stays as it is, so this can be repeated, and goes on where it was if it was interrupted. What cannot be brought
    over is listed with the place and the reason; then the exit code is 1, though all else was brought.

    csv: a folder with accounts.csv and perhaps clans.csv, or one file of accounts; the first row names the columns,
    of which `name` is needed. bungie: the players' or orders' file of the C server, or the folder they are in.
    gos: the folder with metaserver_users.csv and its other tables as CSV files, or an SQLite file with these tables.
    lhowon: the table `user`, as a CSV file or in an SQLite file. shards: shards_of_eternity.db.

    Examples:  mythgate import csv people/ --dry-run   ·   mythgate import bungie users.dat --report left.csv
    """
    from mythgate.backends import importers

    try:
        foreign = importers.read(kind.value, source, label)
    except importers.SourceUnreadable as error:
        fail(str(error), "`mythgate import --help` says what a source looks like.")
    with progress_bar(quiet=json) as progress:
        bringing = _try if dry_run else _bring
        report = bringing(foreign, clashes, data_dir, progress)
    if report_file is not None:
        with refusals():
            _write_report(report, report_file)
    if json:
        tallies = {kind.value: asdict(tally) for kind, tally in report.tallies.items()}
        print_json({**asdict(report), "tallies": tallies, "dry_run": dry_run})
    else:
        _show(report, clashes, dry_run=dry_run, report_file=report_file)
    if report.troubles or report.damaged:
        raise typer.Exit(EXIT_FAILED)


def _bring(foreign: Foreign, clashes: Clashes, data_dir: str | None, progress: Progress) -> ImportReport:
    from mythgate.services.importing import Clash

    async def work(services: Services) -> ImportReport:
        return await services.imports.bring(foreign, clash=Clash(clashes.value), progress=progress)

    return on_services(data_dir, work)


def _try(foreign: Foreign, clashes: Clashes, data_dir: str | None, progress: Progress) -> ImportReport:
    """The same on a copy of the database, with hashes that cost next to nothing."""
    import asyncio

    from pydantic import SecretStr

    from mythgate import bootstrap, telemetry
    from mythgate.backends.backups import scratch
    from mythgate.services.importing import Clash

    settings = settings_or_exit(data_dir=data_dir)
    require_folder(data_dir)
    telemetry.configure("warning")

    async def on_copy(url: str) -> ImportReport:
        fast = settings.passwords.model_copy(update={"memory_kib": 8, "time_cost": 1})
        copied = settings.model_copy(update={"database_url": SecretStr(url), "passwords": fast})
        async with bootstrap.open_node(copied, makes=False) as node:
            return await node.services.imports.bring(foreign, clash=Clash(clashes.value), progress=progress)

    try:
        with refusals():
            progress.begin("copying the database")
            with scratch(place_of(settings)) as url:
                return asyncio.run(on_copy(url))
    except bootstrap.CannotStart as error:
        fail(error.message, error.hint)


# --- telling ---------------------------------------------------------------------------------------


def _show(report: ImportReport, clashes: Clashes, *, dry_run: bool, report_file: Path | None) -> None:
    for note in report.notes:
        print(note)
    print_table(
        ("", "found", "new", "known", "merged", "skipped", "damaged"),
        (
            (kind.value, *(str(count) for count in asdict(tally).values()))
            for kind, tally in report.tallies.items()
            if tally.found
        ),
        empty="There is nobody in it.",
    )
    print("known: brought over before, left as it is. skipped and damaged: listed below.")
    for kind, count in sorted(report.passwords.items()):
        print(f"Passwords: {count} {_PASSWORDS[kind]}.")
    if report.clashes:
        print(f"Names that others have here: {len(report.clashes)}; {_CLASHED[clashes]}.")
        _list(
            [f"  {one.name}" + (f" → {one.here}" if one.here else " stays behind") for one in report.clashes],
            report_file,
        )
    _list(
        [_line("skipped", kind.kind.value, kind.record, kind.where, kind.why) for kind in report.troubles], report_file
    )
    _list([_line("damaged", one.kind, "", one.where, one.why) for one in report.damaged], report_file)
    if report_file is not None:
        print(f"What stayed behind is listed in {report_file}.")
    if dry_run:
        print("This was a dry run: nothing was changed. Without --dry-run the same happens for good.")


def _line(what: str, kind: str, record: str, where: str, why: str) -> str:
    named = f"{record}: " if record else ""
    place = f" ({where})" if where and record else f"{where}: " if where else ""
    return f"{what}: {kind}: {named}{why}{place}" if record else f"{what}: {kind}: {place}{why}"


def _list(lines: list[str], report_file: Path | None) -> None:
    for line in lines[:SHOWN]:
        print(line)
    if len(lines) > SHOWN:
        where = report_file if report_file is not None else "--report FILE writes them all down"
        print(f"… and {len(lines) - SHOWN} more: {where}")


def _write_report(report: ImportReport, path: Path) -> None:
    rows: list[tuple[str, ...]] = [("what", "kind", "record", "where", "why")]
    rows += [("skipped", one.kind.value, one.record, one.where, one.why) for one in report.troubles]
    rows += [("damaged", one.kind, "", one.where, one.why) for one in report.damaged]
    rows += [(one.became.value, "name taken", one.name, "", one.here) for one in report.clashes if one.here]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([_plain(cell) for cell in row] for row in rows)


def _plain(cell: Any) -> str:
    """A cell that no spreadsheet takes for a formula: names come from strangers."""
    text = str(cell)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
