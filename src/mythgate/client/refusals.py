"""What the server refuses, as the errors of `mythgate.domain.errors`, by the names they have there; and no answer."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import aiohttp

from mythgate.domain.errors import AuthenticationError, InvalidInput, MythError, Refused, TooMany

_BY_STATUS: Final[dict[int, type[Refused]]] = {401: AuthenticationError, 422: InvalidInput, 429: TooMany}


class Unsent(MythError):
    """A command got no answer because the connection ended for good; whether it took effect is unknown."""


class NoAnswer(Unsent, aiohttp.ClientConnectionError):
    """A REST call got no answer; whether it took effect is unknown."""


def _all_kinds(root: type[Refused]) -> Iterator[type[Refused]]:
    yield root
    for kind in root.__subclasses__():
        yield from _all_kinds(kind)


_BY_CODE: Final = {kind.code: kind for kind in reversed(list(_all_kinds(Refused)))}  # the most general of a code


def refusal_of_answer(status: int, text: str) -> Refused:
    """What a REST call was refused with."""
    try:
        error = json.loads(text)["error"]
    except (ValueError, KeyError, TypeError):
        error = {"code": f"http_{status}", "message": f"The server answered {status}."}
    return refusal_of(error, status)


def refusal_of_command(answer: dict[str, Any]) -> Refused:
    """What a command was refused with."""
    return refusal_of(answer | {"message": answer["result"]})


def refusal_of(error: dict[str, Any], status: int = 0) -> Refused:
    """The error that an `error` object of the server stands for."""
    kind = _BY_CODE.get(error.get("code", ""), _BY_STATUS.get(status, Refused))
    refusal = kind(error.get("message"), hint=error.get("hint") or "")
    retry = error.get("retry_after")
    put_off(refusal, None if retry is None else timedelta(seconds=retry))
    if isinstance(refusal, InvalidInput):
        refusal.field = error.get("field") or ""
    refusal.code = error.get("code") or kind.code  # type: ignore[misc]
    return refusal


def put_off(refusal: Refused, wait: timedelta | None) -> None:
    """Say when to try again; to people, too, unless they are told something better."""
    refusal.retry_after = wait
    if isinstance(refusal, TooMany) and wait is not None and refusal.hint in ("", TooMany.default_hint):
        seconds = math.ceil(wait.total_seconds())
        count, unit = (math.ceil(seconds / 60), "minute") if seconds > 120 else (seconds, "second")
        refusal.hint = f"Try again in {count} {unit}{'' if count == 1 else 's'}."


def complaint(error: BaseException | None) -> str:
    """What went wrong and what to do, to be read by people."""
    if error is None:
        return "Nobody said why."
    return f"{str(error) or type(error).__name__} {getattr(error, 'hint', '')}".rstrip()
