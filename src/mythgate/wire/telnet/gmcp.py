"""GMCP: messages for programs beside the text (option 201).

    payload: package, a space, JSON. The package is words joined by dots; the JSON may be missing.

Which packages a client wants it says with `Core.Supports.Set`, `.Add` and `.Remove`, each with a list of `Module
version`. Until it says so it gets all.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from mythgate.domain.errors import ProtocolError
from mythgate.wire.telnet.codec import Option, subnegotiation

MOST_MODULES: Final = 64
_PACKAGE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
_PACKAGE_CHARACTERS: Final = 64


def message(package: str, data: object) -> bytes:
    """A message, ready to be sent."""
    return subnegotiation(Option.GMCP, package.encode() + b" " + orjson.dumps(data))


def parsed(payload: bytes) -> tuple[str, Any]:
    """The package of a message and its data, None without any. Raises ProtocolError."""
    head, _, body = payload.partition(b" ")
    package = head.decode("ascii", "replace")
    if len(package) > _PACKAGE_CHARACTERS or _PACKAGE.fullmatch(package) is None:
        raise ProtocolError("A GMCP message begins with the name of its package.", code="bad_gmcp")
    if not body.strip():
        return package, None
    try:
        return package, orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ProtocolError("The data of a GMCP message is JSON.", code="bad_gmcp") from None


class Supports:
    """Which packages a client wants."""

    __slots__ = ("_modules",)

    def __init__(self) -> None:
        self._modules: set[str] | None = None

    def receive(self, package: str, data: object) -> bool:
        """Take one of the `Core.Supports` messages; False if it is none. Raises ProtocolError."""
        verb = package.casefold().removeprefix("core.supports.")
        if verb not in ("set", "add", "remove") or not package.casefold().startswith("core.supports."):
            return False
        if not isinstance(data, list) or not all(isinstance(one, str) for one in data):
            raise ProtocolError(f"{package} has a list of modules.", code="bad_gmcp")
        named = {one.split(" ")[0].casefold() for one in data[:MOST_MODULES]}
        known = set() if verb == "set" or self._modules is None else self._modules
        chosen = known - named if verb == "remove" else known | named
        self._modules = set(sorted(chosen)[:MOST_MODULES])
        return True

    def wants(self, package: str) -> bool:
        """Whether the client wants messages of that package: it named it, or what stands before a dot in it. `Core` is
        for all."""
        name = package.casefold()
        if self._modules is None or name.startswith("core."):
            return True
        while name:
            if name in self._modules:
                return True
            name = name.rpartition(".")[0]
        return False
