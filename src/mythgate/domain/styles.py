"""Style codes: how the old clients mark bold, italic and underlined text inside a line.

A bar and a letter, of either case: `|b` bold, `|i` italic, `|u` underlined, `|p` plain again; `|l`, `|r`,
`|c` and `|s` (left, right, centre, shadow) mean nothing to most and are taken out like the others. A style lasts
to the end of the line.
"""

from __future__ import annotations

import re
from typing import Final

PLAIN: Final = "|p"
_CODE: Final = re.compile(r"\|[pbilrcsu]", re.IGNORECASE)


def plain(styled: str) -> str:
    """`styled` without its codes."""
    return _CODE.sub("", styled) if "|" in styled else styled


def enclosed(styled: str) -> str:
    """`styled` such that whatever follows it is plain."""
    return styled + PLAIN if "|" in styled else styled
