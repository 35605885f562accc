"""`mythgate import`: bring people over from another server."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mythgate.cli.offline import on_services
from mythgate.cli.output import EXIT_FAILED, DataDir, Json, fail, print_json, print_table

if TYPE_CHECKING:
    from mythgate.services.all import Services
    from mythgate.services.importing import ImportReport


class SourceKind(StrEnum):
    CSV = "csv"
    BUNGIE = "bungie"
    GOS = "gos"
    LHOWON = "lhowon"


def bring(
    kind: Annotated[SourceKind, typer.Argument(help="What the source is.")],
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A folder or a file, as each kind has it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    label: Annotated[str, typer.Option("--label", help="Name of the server, if there are several of its kind.")] = "",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Bring accounts, clans, friends and scores over from another server.

    What was brought over before stays as it is, so this can be repeated. What cannot be brought over is listed
    with the reason; then the exit code is 1, though all else was brought.

    csv: a folder with accounts.csv and perhaps clans.csv, or one file of accounts; the first row names the columns,
    of which `name` is needed. bungie: the players' or orders' file of the C server, or the folder they are in.
    gos: the folder with metaserver_users.csv and its other tables as CSV files, or an SQLite file with these tables.
    lhowon: the table `user`, as a CSV file or in an SQLite file.

    Examples:  mythgate import csv people/ --dry-run   ·   mythgate import bungie users.dat
    """
    from mythgate.backends import importers

    try:
        foreign = importers.read(kind.value, source, label)
    except importers.SourceUnreadable as error:
        fail(str(error), "`mythgate import --help` says what a source looks like.")

    async def work(services: Services) -> ImportReport:
        return await services.imports.bring(foreign, dry_run=dry_run)

    report = on_services(data_dir, work)
    if json:
        tallies = {kind.value: asdict(tally) for kind, tally in report.tallies.items()}
        print_json({**asdict(report), "tallies": tallies})
    else:
        _show(report)
    if report.troubles or report.damaged:
        raise typer.Exit(EXIT_FAILED)


def _show(report: ImportReport) -> None:
    print_table(
        ("", "found", "brought", "here before", "refused"),
        (
            (kind.value, str(tally.found), str(tally.brought), str(tally.known), str(tally.refused))
            for kind, tally in report.tallies.items()
        ),
        empty="",
    )
    for trouble in report.troubles:
        print(f"refused: {trouble.kind.value}: {trouble.record}: {trouble.why}")
    for damage in report.damaged:
        print(f"damaged: {damage.where}: {damage.why}")
    if report.without_password:
        print(f"{report.without_password} of them have no password: mythgate user password NAME")
    if report.dry_run:
        print("This was a dry run: nothing was changed.")
