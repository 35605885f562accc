"""`python -m benchmarks [--quick] [--json]`: what things cost on this machine, next to a bare floor.

Servers that are compared run side by side and get their load in short turns, one after the other, so that
whatever else the machine does meets all of them alike; the figure is that of the least disturbed turns. CPU is
the run time of all threads of the server process by the kernel's scheduler. Server and load generator
have a core each if there are two.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.world import MERGE_MS

ROOM: Final = 32
LOBBY_FRAME_BYTES: Final = 105  # as long as the packet of a line of talk
CORES: Final = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


class Process:
    """A server or the load generator: JSON lines in, JSON lines out."""

    def __init__(self, arguments: list[str], core: int) -> None:
        command = [sys.executable, "-m", *arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
        )
        if len(CORES) > 1:
            os.sched_setaffinity(self.process.pid, {CORES[core % len(CORES)]})

    @property
    def pid(self) -> int:
        return self.process.pid

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a benchmark process ended early (exit status {self.process.wait()})")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, **order: Any) -> dict[str, Any]:
        self.tell(json.dumps(order))
        return self.answer()

    def cpu_seconds(self) -> float:
        """Run time of all threads so far."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def resident_kib(self) -> int:
        """Memory in use."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0

    def stop(self) -> None:
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running(*server_arguments: str, lobby: bool = False) -> Iterator[tuple[Process, Process]]:
    """A server and a load generator connected to it; with `lobby`, to its metaserver door."""
    server = Process(["benchmarks.server", *server_arguments], 0)
    try:
        where = server.answer()
        if lobby:
            load = Process(["benchmarks.lobbyload", str(where["lobby_port"])], 1)
        else:
            load = Process(["benchmarks.load", str(where["port"]), *filter(None, [where["tokens"]])], 1)
        try:
            yield server, load
        finally:
            load.stop()
    finally:
        server.stop()


@dataclass
class Delivery:
    """One measurement of fan-out."""

    server: str
    source: str  # "door": clients say; "hub": the server publishes by itself; "lobby": Aleph One clients say
    merge_ms: float
    connections: int
    rate: int  # deliveries a second asked for
    delivered: float  # deliveries a second achieved
    complete: bool  # nothing lost
    cpu_us: float  # of the server, per delivery, in the least disturbed turns
    cpu_us_median: float  # of all turns
    cpu_share: float  # of one core
    p50_ms: float | None
    p99_ms: float | None
    ratio: float  # to the floor under the same load


CONTESTANTS: Final = (("floor", 0.0), ("mythgate", 0.0), ("mythgate", MERGE_MS))  # with the merge window in ms


def measure_deliveries(source: str, connections: int, rate: int, turns: int, seconds: float) -> list[Delivery]:
    """CPU per delivery and latency: floor, merging off, merging on.

    Everybody is in rooms of 32, or in the one lobby if the source is `lobby`.
    """
    room = connections if source == "lobby" else ROOM
    size = ("--room", str(room), "--frame-bytes", str(LOBBY_FRAME_BYTES)) if source == "lobby" else ()
    internal = rate / room if source == "hub" else 0.0
    with contextlib.ExitStack() as stack:
        pairs = [
            stack.enter_context(
                running(
                    *(kind, "--merge-ms", str(merge_ms), "--internal", str(internal), "--players", str(connections)),
                    *size,
                    lobby=source == "lobby" and kind != "floor",
                )
            )
            for kind, merge_ms in CONTESTANTS
        ]
        order = {"do": "listen"} if source == "hub" else {"do": "send", "rate": rate / room}
        for server, load in pairs:
            load.ask(do="connect", count=connections)
            _turn(server, load, order, 1.0)  # warm up
            load.ask(do="latencies")
        cpu: list[list[float]] = [[] for _ in pairs]
        received, expected, spent, elapsed = ([0.0] * len(pairs) for _ in range(4))
        for _ in range(turns):
            for index, (server, load) in enumerate(pairs):
                used, answer = _turn(server, load, order, seconds)
                cpu[index].append(used / max(1, answer["received"]) * 1e6)
                received[index] += answer["received"]
                expected[index] += answer["sent"] * room
                spent[index] += used
                elapsed[index] += answer["seconds"]
        latencies = [load.ask(do="latencies") for _, load in pairs]
    return [
        Delivery(
            server=kind,
            source=source,
            merge_ms=merge_ms,
            connections=connections,
            rate=rate,
            delivered=round(received[index] / elapsed[index]),
            complete=source == "hub" or received[index] == expected[index],
            cpu_us=round(_undisturbed(cpu[index]), 3),
            cpu_us_median=round(statistics.median(cpu[index]), 3),
            cpu_share=round(spent[index] / elapsed[index], 3),
            p50_ms=round(latencies[index]["p50"] / 1000, 2) if latencies[index] else None,
            p99_ms=round(latencies[index]["p99"] / 1000, 2) if latencies[index] else None,
            ratio=round(_undisturbed(cpu[index]) / _undisturbed(cpu[0]), 3),
        )
        for index, (kind, merge_ms) in enumerate(CONTESTANTS)
    ]


def _undisturbed(turns: list[float]) -> float:
    """Mean of the best quarter: what else the machine does can only add to what a turn costs."""
    return statistics.mean(sorted(turns)[: max(1, len(turns) // 4)])


def _turn(server: Process, load: Process, order: dict[str, Any], seconds: float) -> tuple[float, dict[str, Any]]:
    """CPU seconds of the server and the generator's answer for one turn of load."""
    server.tell("go")
    before = server.cpu_seconds()
    answer = load.ask(**order, seconds=seconds)
    used = server.cpu_seconds() - before
    server.tell("halt")
    return used, answer


def measure_connections(count: int) -> dict[str, float]:
    """Handshakes a second, server CPU for one, and memory of an idle connection."""
    figures: dict[str, float] = {}
    for kind in ("floor", "mythgate"):
        with running(kind, "--players", str(count + 200)) as (server, load):
            load.ask(do="connect", count=200)  # what is allocated once is allocated now
            memory, cpu = server.resident_kib(), server.cpu_seconds()
            answer = load.ask(do="connect", count=count)
            figures[f"{kind}_handshakes_per_second"] = round(count / answer["seconds"])
            figures[f"{kind}_handshake_cpu_us"] = round((server.cpu_seconds() - cpu) / count * 1e6, 1)
            figures[f"{kind}_idle_kib"] = round((server.resident_kib() - memory) / count, 2)
    return figures


def measure_joining(steps: Sequence[int]) -> dict[str, float]:
    """Server CPU for one more guest of the metaserver, log-in and all, when so many are in the lobby already."""
    figures = {}
    with running("mythgate", "--players", "1", lobby=True) as (server, load):
        there = 0
        for count in steps:
            before = server.cpu_seconds()
            load.ask(do="connect", count=count - there)
            figures[f"lobby_join_{there}_to_{count}_cpu_us"] = round(
                (server.cpu_seconds() - before) / (count - there) * 1e6, 1
            )
            there = count
    return figures


def measure_quiet(seconds: float) -> dict[str, float]:
    """Latency in one quiet room with merging on and off: merging must not be felt."""
    figures = {}
    for name, merge_ms in (("merging", MERGE_MS), ("direct", 0.0)):
        with running("mythgate", "--merge-ms", str(merge_ms), "--players", str(ROOM)) as (_, load):
            load.ask(do="connect", count=ROOM)
            load.ask(do="send", rate=5, seconds=1.0)
            load.ask(do="latencies")
            load.ask(do="send", rate=5, seconds=seconds)
            figures[f"{name}_p50_ms"] = round(load.ask(do="latencies")["p50"] / 1000, 3)
    return figures


def measure_commands(players: int, seconds: float) -> dict[str, float]:
    """Steps a second that are answered because they are saved, each player alone, one step at a time."""
    with running("mythgate", "--players", str(players), "--room", "1", "--stride", "2") as (server, load):
        load.ask(do="connect", count=players)
        load.ask(do="walk", seconds=0.5)
        before = server.cpu_seconds()
        answer = load.ask(do="walk", seconds=seconds)
        used = server.cpu_seconds() - before
    return {
        f"steps_per_second_by_{players}": round(answer["commands"] / answer["seconds"]),
        f"step_cpu_us_by_{players}": round(used / answer["commands"] * 1e6, 1),
    }


def measure_positions(players: int, rate: float, turns: int, seconds: float) -> dict[str, float]:
    """Server CPU for one position update, told to all others in a room, next to one line of talk there."""
    used: dict[str, list[float]] = {"report": [], "send": []}
    told = updates = 0
    with running("mythgate", "--players", str(players)) as (server, load):
        load.ask(do="connect", count=players)
        for what in used:
            _turn(server, load, {"do": what, "rate": rate}, 1.0)  # warm up
        for _ in range(turns):
            for what, spent in used.items():
                cpu, answer = _turn(server, load, {"do": what, "rate": rate}, seconds)
                spent.append(cpu / answer["sent"] * 1e6)
                if what == "report":
                    told, updates = told + answer["received"], updates + answer["sent"]
    report, talk = _undisturbed(used["report"]), _undisturbed(used["send"])
    return {
        f"position_cpu_us_at_{rate:g}_a_second": round(report, 1),
        "position_told_to": round(told / updates, 1),
        f"line_of_talk_cpu_us_at_{rate:g}_a_second": round(talk, 1),
        "position_to_line_of_talk": round(report / talk, 3),
    }


def measure_trades(pairs: int, seconds: float) -> dict[str, float]:
    """Trades a second that are saved, on each database, asked for by code: request, two offers, two confirmations."""
    return _by_pairs("trades", pairs, seconds)


def measure_combat(pairs: int, seconds: float) -> dict[str, float]:
    """Acts in fights a second on each database: what each leads to is computed and told, and rewards are saved."""
    return _by_pairs("combat", pairs, seconds)


def _by_pairs(what: str, pairs: int, seconds: float) -> dict[str, float]:
    """The figures of a process that measures itself, on each database."""
    figures: dict[str, float] = {}
    for database in ("sqlite", "postgres"):
        process = Process([f"benchmarks.{what}", database, "--pairs", str(pairs), "--seconds", str(seconds)], 0)
        try:
            figures |= {f"{what}_{name}_on_{database}": value for name, value in process.answer().items()}
        finally:
            process.stop()
    return figures


def measure_sight(players: int, rate: float, seconds: float) -> dict[str, float]:
    """How long until a step is seen by the others in the room, while everybody talks."""
    with running("mythgate", "--players", str(players), "--stride", "2") as (_, load):
        load.ask(do="connect", count=players)
        load.ask(do="watch", rate=rate, seconds=1.0)
        answer = load.ask(do="watch", rate=rate, seconds=seconds)
    if answer["seen"] != answer["moves"] * (ROOM - 1):
        raise SystemExit(f"{answer['moves']} steps were seen {answer['seen']} times")
    return {f"sight_of_a_step_{name}_ms": round(answer[name] / 1000, 2) for name in ("p50", "p99")}


def plan(quick: bool) -> list[tuple[str, int, int]]:
    """Source, connections, deliveries a second."""
    sizes = (64, 1024) if quick else (64, 1024, 4096)
    runs = [(source, connections, 20_000) for connections in sizes for source in ("door", "hub")]
    return [*runs, ("door", 1024, 31_000), ("lobby", 200, 20_000)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs, fewer sizes; wider error")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if not Path("/proc/self/task").is_dir():
        raise SystemExit("The benchmarks read CPU times from /proc and need Linux.")
    console = Console(stderr=options.json)
    if not console.is_terminal:
        console.width = 120  # a log has no width of its own
    deliveries: list[Delivery] = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        for source, connections, rate in plan(options.quick):
            progress.update(
                task, description=f"{rate:,} deliveries/s to {connections:,} connections, from the {source}"
            )
            deliveries += measure_deliveries(source, connections, rate, 5 if options.quick else 12, 1.0)
        progress.update(task, description="connections")
        connections_figures = measure_connections(1000 if options.quick else 4000)
        progress.update(task, description="guests of the metaserver")
        connections_figures |= measure_joining((100, 200, 300, 400, 500))
        progress.update(task, description="commands that are saved")
        commands = measure_commands(1, 3.0) | measure_commands(64, 3.0)
        progress.update(task, description="steps that others see")
        sight = measure_sight(1024, 1000.0, 4.0 if options.quick else 10.0)
        progress.update(task, description="positions")
        positions = measure_positions(1024, 1000.0, 5 if options.quick else 12, 1.0)
        progress.update(task, description="trades")
        trades = measure_trades(50, 2.0 if options.quick else 5.0)
        progress.update(task, description="fights")
        combat = measure_combat(50, 2.0 if options.quick else 5.0)
        progress.update(task, description="a quiet room")
        quiet = measure_quiet(4.0 if options.quick else 10.0)
    if options.json:
        rows = [asdict(row) for row in deliveries]
        figures = {"deliveries": rows, "connections": connections_figures, "commands": commands | sight, "quiet": quiet}
        figures |= {"positions": positions, "trades": trades, "combat": combat}
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        return
    caption = "CPU of the server process in the least disturbed turns; ratio to the floor under the same load"
    table = Table(title=f"Deliveries, rooms of {ROOM}", caption=caption)
    headings = ("server", "source", "merge", "connections", "asked/s", "got/s", "CPU µs", "ratio", "core", "p50", "p99")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in ("server", "source") else "right")
    for row in deliveries:
        table.add_row(
            row.server,
            row.source,
            f"{row.merge_ms:g} ms" if row.merge_ms else "off",
            f"{row.connections:,}",
            f"{row.rate:,}",
            f"{row.delivered:,.0f}" + ("" if row.complete else " !"),
            f"{row.cpu_us:.2f}",
            f"{row.ratio:.2f}",
            f"{row.cpu_share:.0%}",
            f"{row.p50_ms:.2f} ms" if row.p50_ms is not None else "",
            f"{row.p99_ms:.2f} ms" if row.p99_ms is not None else "",
            end_section=row.merge_ms > 0,
        )
    console.print(table)
    other = Table(title="Connections and commands", show_header=False)
    quiet_rows = ((f"quiet_room_{name}", value) for name, value in quiet.items())
    for name, value in (
        *connections_figures.items(),
        *commands.items(),
        *sight.items(),
        *positions.items(),
        *trades.items(),
        *combat.items(),
        *quiet_rows,
    ):
        other.add_row(name.replace("_", " "), f"{value:,}")
    console.print(other)


if __name__ == "__main__":
    main()
