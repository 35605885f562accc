"""Captures of the protocol lab, as golden tests: every packet in them decodes to what was written down, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mythgate.cli.metaserver import decoded, encoded


def lines_of(file: Path) -> Iterator[dict[str, Any]]:
    """The packets of a capture."""
    for line in file.read_text("utf-8").splitlines():
        yield json.loads(line)


def replay(file: Path) -> int:
    """Decode and encode each packet again; how many there were. Raises AssertionError for the first that differs."""
    count = 0
    for number, line in enumerate(lines_of(file), 1):
        where = f"{file.name}, line {number}: {line['name']}"
        if "error" in line:
            continue
        answer = decoded(line)
        assert (answer["packet_type"], answer["name"]) == (line["packet_type"], line["name"]), where
        assert answer["fields"] == line["fields"], where
        again = encoded({key: line[key] for key in ("family", "direction", "packet_type", "fields")})
        assert again["hex"] == line["hex"], where
        count += 1
    return count
