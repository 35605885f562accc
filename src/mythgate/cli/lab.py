"""`mythgate lab`: look at what a connection of the running server sends and is sent."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from mythgate.cli.output import DataDir, Json, fail, print_json, print_table, settings_or_exit
from mythgate.cli.running import ask

app = typer.Typer(help="Look at what one connection sends and is sent, decoded.", no_args_is_help=True)

_PAUSE_SECONDS: Final = 0.3


def _ask(data_dir: str | None, path: str, **more: Any) -> Any:
    told = ask(settings_or_exit(data_dir=data_dir), f"/api/admin/lab/{path}", **more)
    if told is None:
        fail("No server answers.", "It has to run on the data folder of the settings, or of --data-dir.")
    return told


@app.command("list")
def list_connections(data_dir: DataDir = None, json: Json = False) -> None:
    """List the connections that can be looked into: old clients, browsers and programs.

    Example:  mythgate lab list
    """
    found = _ask(data_dir, "connections")
    if json:
        print_json(found)
        return
    print_table(
        ("id", "door", "name", "client", "address", "form"),
        ((one["id"], one["door"], one["name"], one["client"], one["address"], one["form"]) for one in found),
        empty="Nobody is connected.",
    )


@app.command()
def watch(
    connection: Annotated[str, typer.Argument(metavar="ID", help="Of the connection; mythgate lab list has them.")],
    reason: Annotated[str, typer.Option(help="Why; it stands on record.")],
    seconds: Annotated[int, typer.Option(min=1, max=3600, help="How long.")] = 300,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the lines here.")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Show what passes, until Ctrl-C or the time is over. Passwords, tokens and private talk are left out.

    Example:  mythgate lab watch 4f1c2b --reason "bug 12" --output aleph.jsonl
    """
    body = {"connection_id": connection, "reason": reason, "seconds": seconds}
    capture = _ask(data_dir, "captures", method="POST", body=body)
    kept: list[dict[str, Any]] = []
    try:
        while True:
            told = _ask(data_dir, f"captures/{capture['id']}", query={"after": len(kept)})
            for line in told["lines"]:
                kept.append(line)
                _show(line, as_json=json)
            if not told["lines"]:
                if told["capture"]["ended_by"]:
                    break
                time.sleep(_PAUSE_SECONDS)
    except KeyboardInterrupt:
        _ask(data_dir, f"captures/{capture['id']}/stop", method="POST")
    if output is not None:
        _write(output, kept)
        print(f"{len(kept)} lines are in {output}.", file=sys.stderr)


def _write(file: Path, lines: list[dict[str, Any]]) -> None:
    try:
        file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}.")


def _show(line: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(line, ensure_ascii=False), flush=True)
        return
    arrow = "→" if line["direction"] == "c2s" else "←"
    said = json.dumps(line.get("fields", line.get("error", "")), ensure_ascii=False)
    print(f"{line['at'][11:23]} {arrow} {line['name']:<28} {line['size']:>6}  {said[:200]}", flush=True)
