"""Style codes: how the old clients mark bold, italic and underlined text inside a line.

A bar and a letter, of either case: `|b` bold, `|i` italic, `|u` underlined, `|p` plain again; `|l`, `|r`,
`|c` and `|s` (left, right, centre, shadow) mean nothing to most and are taken out like the others. A style lasts
to the end of the line.
"""

from __future__ import annotations

import re
from typing import Final

PLAIN: Final = "|p"
STAFF_MARKS: Final = "\N{DEGREE SIGN}\N{INFINITY}"
"""A name that begins with one of them is taken for the staff's. Old clients go by the byte 0xB0, which was meant as the
one and is the other in their character set."""
_CODE: Final = re.compile(r"\|[pbilrcsu]", re.IGNORECASE)
_MARKED: Final = re.compile(rf"(?:\|[pbilrcsu]|[ {STAFF_MARKS}])*[{STAFF_MARKS}] *", re.IGNORECASE)


def plain(styled: str) -> str:
    """`styled` without its codes."""
    return _CODE.sub("", styled) if "|" in styled else styled


def enclosed(styled: str) -> str:
    """`styled` such that whatever follows it is plain."""
    return styled + PLAIN if "|" in styled else styled


def unmarked(styled: str) -> str:
    """`styled` without marks of the staff at its beginning, before, between or after style codes."""
    found = _MARKED.match(styled)
    return "".join(_CODE.findall(found[0])) + styled[found.end() :] if found is not None else styled
