"""The checklist names all that was asked for, and tests and pages that are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
ROWS: Final = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in (ROOT / "docs/checklist.md").read_text("utf-8").splitlines()
    if re.match(r"\| F\d{3} ", line)
]
ITEMS: Final = 475
CONTEXT: Final = 2  # figures kept for context


def test_every_item_has_its_row() -> None:
    assert [row[0] for row in ROWS] == [f"F{number:03}" for number in range(1, ITEMS + 1)]
    assert all(row[1] and row[2] for row in ROWS)


def test_the_counts_at_its_head_are_right() -> None:
    partly = sum("**Partly.**" in row[2] for row in ROWS)
    missing = sum("**Not built yet.**" in row[2] for row in ROWS)
    head = f"{ITEMS - CONTEXT - partly - missing} are met, {partly} in part, {missing} are not built yet, {CONTEXT} are"
    assert head in (ROOT / "docs/checklist.md").read_text("utf-8")


def test_what_the_rows_name_is_there() -> None:
    missing = []
    for number, *cells in ROWS:
        text = " ".join(cells[1:])
        for file, name in re.findall(r"`([\w/.-]+\.(?:py|ts))(?:::(\w+))?`", text):
            places = (ROOT / "tests" / file, ROOT / "src/mythgate" / file, ROOT / file)
            found = next((place for place in places if place.is_file()), None)
            made = rf"\b(def|class) {name}\b|^{name} = "
            if found is None or (name and not re.search(made, found.read_text("utf-8"), re.MULTILINE)):
                missing.append(f"{number}: {file}::{name}")
        targets = re.findall(r"\]\(([^)#]+)", text)
        missing += [f"{number}: {target}" for target in targets if not (ROOT / "docs" / target).is_file()]
    assert missing == []
