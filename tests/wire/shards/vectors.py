"""The vectors of the Shards network: those made by running the original library, and further ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

VECTORS: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))
WIRE: Final[list[tuple[str, str]]] = [
    (name, example["wire"]) for name, entry in VECTORS["messages"].items() for example in entry["examples"]
]
"""Exact texts by type."""
FURTHER: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "further.json").read_text("utf-8"))
"""By type: more texts to take and to refuse, made from the protocol's description alone, without our codec."""
