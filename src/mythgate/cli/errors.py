"""`mythgate errors`: what went wrong in the server's own code."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from mythgate.cli.offline import on_services
from mythgate.cli.output import DataDir, Json, fail, print_json, print_table
from mythgate.domain.logs import Fault
from mythgate.domain.sessions import OPERATOR

app = typer.Typer(help="What went wrong in the server's own code.", no_args_is_help=True)

Fingerprint = Annotated[str, typer.Argument(help="As `mythgate errors list` shows it; its beginning will do.")]


def _faults(data_dir: str | None, *, new: bool = False) -> list[Fault]:
    return on_services(data_dir, lambda services: services.faults.list(OPERATOR, new=new))


def _one(data_dir: str | None, fingerprint: str) -> Fault:
    found = [fault for fault in _faults(data_dir) if fault.fingerprint.startswith(fingerprint)]
    if len(found) != 1:
        fail(
            f"There are {len(found)} faults that begin so." if found else f"There is no fault {fingerprint}.",
            "List them with: mythgate errors list",
        )
    return found[0]


@app.command("list")
def list_faults(
    new: Annotated[bool, typer.Option("--new", help="Only what nobody has looked at.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List what went wrong, the latest first. The same place in the code is one line, however often.

    Example:  mythgate errors list --new
    """
    faults = _faults(data_dir, new=new)
    if json:
        print_json([asdict(fault) | {"new": fault.is_new} for fault in faults])
        return
    print_table(
        ("fault", "", "times", "last", "what", "where"),
        (
            (
                fault.fingerprint,
                "new" if fault.is_new else "",
                str(fault.count),
                f"{fault.last_at:%Y-%m-%d %H:%M} UTC",
                f"{fault.kind}: {fault.message}" if fault.message else fault.kind,
                fault.where,
            )
            for fault in faults
        ),
        empty="Nothing new went wrong." if new else "Nothing went wrong.",
    )


@app.command()
def show(fingerprint: Fingerprint, data_dir: DataDir = None, json: Json = False) -> None:
    """Show one fault with a trace, for a report to the developers: it tells of nobody.

    Example:  mythgate errors show 5f2c
    """
    fault = _one(data_dir, fingerprint)
    if json:
        print_json(asdict(fault) | {"new": fault.is_new})
        return
    print(f"{fault.kind}: {fault.message}".removesuffix(": "))
    print(f"in {fault.where}, {fault.count} times")
    print(f"first {fault.first_at:%Y-%m-%d %H:%M:%S} UTC, last {fault.last_at:%Y-%m-%d %H:%M:%S} UTC")
    if fault.correlation:
        print(f"what led to the last: mythgate logs --correlation {fault.correlation}")
    print(f"\n{fault.trace}")


@app.command()
def seen(fingerprint: Fingerprint, data_dir: DataDir = None, json: Json = False) -> None:
    """Note that you have looked; it is new again when it happens again.

    Example:  mythgate errors seen 5f2c
    """
    known = _one(data_dir, fingerprint)
    fault = on_services(data_dir, lambda services: services.faults.mark_seen(OPERATOR, known.fingerprint))
    if json:
        print_json(asdict(fault) | {"new": fault.is_new})
        return
    print(f"{fault.fingerprint} is no longer new.")
