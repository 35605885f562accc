"""What `mythgate doctor` finds, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `mend` says what to do about it."""

    level: Level
    subject: str
    message: str
    mend: str = ""


_MARKS = {"ok": "[green]ok     [/]", "warning": "[yellow]warning[/]", "problem": "[red]problem[/]"}


def show(findings: Sequence[Finding]) -> None:
    """For people."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(f"{_MARKS[finding.level]}  [bold]{finding.subject:<15}[/] {escape(finding.message)}")
        if finding.mend:
            console.print(f"{'':26}→ {escape(finding.mend)}")
