"""Settings as people read them: the cells of `mythgate config show`.

Apart from the command itself, since settings are pydantic's, which takes its time to be imported.
"""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel

from mythgate.cli.output import size_text, span_text
from mythgate.settingrows import Row, plain_value, setting_rows

__all__ = ["Row", "plain_value", "setting_rows", "text_value"]


def text_value(row: Row) -> str:
    """The value for people, with its unit unless the name says it."""
    value = row.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return span_text(value)
    if isinstance(value, int) and row.name.endswith("_bytes"):
        return size_text(value)
    if isinstance(value, list):
        if any(isinstance(entry, BaseModel) for entry in value):
            return f"{len(value)} of them (see --json)"
        return ", ".join(map(str, value)) or "-"
    return "-" if value in ("", None) else f"{value:g}" if isinstance(value, float) else str(value)
