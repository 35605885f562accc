"""MSSP: what a game tells lists of games about itself (option 70).

    payload: 1 name 2 value, and again; a variable with several values has a 2 before each.

Crawlers that speak no telnet type `MSSP-REQUEST` and read lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mythgate.wire.telnet.codec import Option, subnegotiation

REQUEST_LINE: Final = "MSSP-REQUEST"
_NAME, _VALUE = b"\x01", b"\x02"
_FORBIDDEN: Final = str.maketrans("", "", "\0\x01\x02\xff")

Values = Mapping[str, str | int | Sequence[str]]


def status(values: Values) -> bytes:
    """The status, ready to be sent."""
    parts = []
    for name, texts in _texts(values):
        parts.append(_NAME + name.encode())
        parts += [_VALUE + text.translate(_FORBIDDEN).encode() for text in texts]
    return subnegotiation(Option.MSSP, b"".join(parts))


def status_lines(values: Values) -> str:
    """The same for who asked in a line."""
    lines = ["", "MSSP-REPLY-START"]
    lines += ["\t".join((name, *texts)) for name, texts in _texts(values)]
    return "\n".join([*lines, "MSSP-REPLY-END", ""])


def _texts(values: Values) -> Iterator[tuple[str, Sequence[str]]]:
    for name, value in values.items():
        yield name, (str(value),) if isinstance(value, str | int) else value
