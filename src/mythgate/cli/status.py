"""`mythgate status`: how the running server is doing, and what it warns of."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, NoReturn

import typer

from mythgate.cli.offline import require_folder
from mythgate.cli.output import EXIT_FAILED, DataDir, Json, fail, print_json, settings_or_exit, span_text
from mythgate.cli.running import address_of, ask

_MINUTE: Final = timedelta(minutes=1)
_SECOND: Final = timedelta(seconds=1)
_STYLES: Final = {"problem": "bold red", "warning": "yellow", "notice": "dim"}


def status(data_dir: DataDir = None, json: Json = False) -> None:
    """Say how the running server is doing: who is on, how busy it is, and each warning with what mends it.

    Ends with 1 if no server answers, or if there is a problem. Example:  mythgate status --json
    """
    told = asked(data_dir, "/api/admin/now")
    if json:
        print_json(told)
    else:
        _print(told)
    if any(one["severity"] == "problem" for one in told["warnings"]):
        raise typer.Exit(EXIT_FAILED)


def asked(
    data_dir: str | None,
    path: str,
    query: dict[str, object] | None = None,
    *,
    method: str = "GET",
    body: object = None,
) -> Any:
    """What the running server answers; without one, the program ends and says where it looked."""
    require_folder(data_dir)
    settings = settings_or_exit(data_dir=data_dir)
    told = ask(settings, path, query, method=method, body=body)
    if told is None:
        no_server(str(settings.data_dir.resolve()), address_of(settings))
    return told


def no_server(folder: str, address: str) -> NoReturn:
    """End the program: this needs a server that runs."""
    if address:
        fail(f"The server of {folder} does not answer at {address}.", "Was it killed? `mythgate serve` starts it.")
    fail(
        f"No server runs on the data folder {folder}.",
        "`mythgate serve` starts one. Does yours use another folder? --data-dir names it.",
    )


def _print(told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    up = datetime.fromisoformat(told["server_time"]) - datetime.fromisoformat(told["started_at"])
    whole = up - (up % _MINUTE) if up > _MINUTE else up - (up % _SECOND)
    lines = [
        ("Running", f"Mythgate {told['version']} for {span_text(whole)}"),
        ("People", f"{told['players']}{_by(told['players_by_door'])}"),
        ("World", f"{told['in_world']} in {_count(told['rooms'], 'room')}"),
        ("Lobbies", f"{told['in_lobbies']} in {_count(told['lobbies'], 'lobby')}"),
        ("Games", f"{told['games']}{_by(told['games_by_door'])}"),
        ("Connections", ", ".join(f"{door} {count}" for door, count in told["connections"].items())),
    ]
    newest = told["newest"]
    if newest is not None:
        latency = newest["latency_p99_ms"]
        lines += [
            ("Messages", f"{newest['messages_per_second']:g}/s in, {newest['deliveries_per_second']:g}/s told"),
            ("Answers", f"99 % within {latency:g} ms" if latency else "none asked for"),
            ("Loop lag", f"{newest['loop_lag_p99_ms']:g} ms"),
            ("Refusals", f"{sum(newest['refusals_per_second'].values()):g}/s"),
            ("Errors", f"{newest['errors_per_second']:g}/s"),
            ("Memory", f"{newest['memory_bytes'] / 2**20:.0f} MiB"),
        ]
    for name, value in lines:
        console.print(f"  [dim]{name:<12}[/]{escape(value)}")
    warnings = told["warnings"]
    console.print()
    if not warnings:
        console.print("  Nothing to warn of.")
    for one in warnings:
        console.print(f"  [{_STYLES[one['severity']]}]{one['severity']}[/]  [bold]{escape(one['message'])}[/]")
        console.print(f"    {escape(one['meaning'])}")
        console.print(f"    → {escape(one['fix'])}")


def _by(counts: dict[str, int]) -> str:
    return f" ({', '.join(f'{name} {count}' for name, count in counts.items())})" if counts else ""


def _count(number: int, what: str) -> str:
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {what if number == 1 else plural}"
