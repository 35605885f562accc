"""Lines of settings in a TOML file."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.cli.tomlplaces import _Reader, line_of

FILE = '''\
# settings
data_dir = "x"  # [http]
[http]
port = 80
text = """
[not.a.header]
port = 1 "quoted" \\""""
'single.quoted' = 'it = [ "'
"in.double" = 1
numbers = [1, 2,
  # a comment, with a comma
  3]
a.b.c = 2030-01-01T20:00:00Z
literal = \'\'\'
[[lobbies.rooms]]\'\'\'

[[lobbies.rooms]]
name = "A"
[lobbies.rooms.more]
deep = true

[[lobbies.rooms]]
name = "B"
castes = { min = 1, max = { of = 2 } }

[metaserver]
remote_hubs = [
  { number = 1, address = "127.0.0.1" },

  { number = 2, address = "127.0.0.2" },
]'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("data_dir",), 2),
        (("http",), 3),
        (("http", "port"), 4),
        (("http", "text"), 5),
        (("http", "single.quoted"), 8),
        (("http", "in.double"), 9),
        (("http", "numbers", 2), 12),
        (("http", "a", "b", "c"), 13),
        (("http", "literal"), 14),
        (("lobbies", "rooms", 0), 17),
        (("lobbies", "rooms", 0, "name"), 18),
        (("lobbies", "rooms", 0, "more", "deep"), 20),
        (("lobbies", "rooms", 1, "name"), 23),
        (("lobbies", "rooms", 1, "castes", "max", "of"), 24),
        (("lobbies", "rooms", 1, "missing"), 22),
        (("metaserver", "remote_hubs", 1, "address"), 30),
        (("metaserver", "remote_hubs", 1, "port"), 30),
        (("elsewhere", "x"), None),
        ((), None),
    ],
)
def test_lines(path: tuple[str | int, ...], line: int | None) -> None:
    tomllib.loads(FILE)
    assert line_of(FILE, path) == line


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for key, inner in below:
        found += paths(inner, (*path, key))
    return found


def test_all_that_the_file_holds_has_a_place() -> None:
    assert set(_Reader(FILE).places()) == set(paths(tomllib.loads(FILE)))


@given(st.text(alphabet="[]{}=.,#\"'\\\n a1"))
def test_what_is_no_toml_ends_as_well(text: str) -> None:
    line = line_of(text, ["a", 0])
    assert line is None or 1 <= line <= text.count("\n") + 1
