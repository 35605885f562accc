"""The documents on error codes: a table of all, and a page for each with every sentence that is said under it.

Sentences are read out of the sources: wherever one of our errors is made, the text it is given, with `…` for what
is filled in. Whoever looks for the words they were told finds the page.
"""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import mythgate
from mythgate.domain.errors import Refused

TABLE: Final = "docs/reference/errors.md"
PAGES: Final = "docs/errors"

OTHER_CODES: Final = (
    ("bad_request", "400", "The request cannot be read.", "Compare it with `/docs` on the server."),
    ("internal", "500", "A fault of ours.", "Report the `request_id`; the server's log has the story under it."),
    ("invalid_json", "–", "A WebSocket message is not JSON.", "The connection lives on; send a JSON object."),
    ("invalid_message", "–", "A WebSocket message has a form nobody knows.", "See the message catalogue."),
    ("message_too_long", "–", "A WebSocket message is longer than 64 KiB.", "Send less at once."),
    ("method_not_allowed", "405", "The address is right and the method is not.", "`Allow` lists those that are."),
    ("too_large", "413", "The body of a request is too large.", "Send less; the message says how much is taken."),
    ("unsupported_media_type", "415", "The body is not JSON.", "Send `Content-Type: application/json`."),
    ("validation_error", "422", "A request's fields do not fit.", "`error.fields` names each and what it lacks."),
)
"""Code, status, meaning, what to do: what doors say that is no refusal of the rules."""


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence that is told with an error, and the hint that goes with it; `…` is filled in."""

    message: str
    hint: str


def documents(notice: str, statuses: list[tuple[type[Refused], int]]) -> Iterator[tuple[str, str]]:
    """Path and content of the table and of each page."""
    said = sentences({error.__name__: error for error, _ in statuses})
    yield TABLE, _table(notice, statuses)
    for error, status in statuses:
        yield f"{PAGES}/{error.code}.md", _page(notice, error, status, said.get(error.code, []))
    for code, answer, meaning, remedy in OTHER_CODES:
        lines = [f"# {code}", "", f"<!-- {notice} -->", "", meaning, "", f"**What to do:** {remedy}", ""]
        if answer != "–":
            lines += [f"Over HTTP it has the status {answer}.", ""]
        yield f"{PAGES}/{code}.md", "\n".join([*lines, _BACK]) + "\n"


_BACK: Final = (
    "All codes: [the table](../reference/errors.md). From symptom to remedy: [troubleshooting](../troubleshooting.md)."
)


def _table(notice: str, statuses: list[tuple[type[Refused], int]]) -> str:
    lines = [
        "# Error codes",
        "",
        f"<!-- {notice} -->",
        "",
        "What the rules refuse has a stable `code`, a `message`, a `hint` and sometimes `retry_after` in seconds.",
        "REST answers carry them under `error`, WebSocket and SSE in an `error` event or in `command_response`.",
        "Behind each code is a page with the sentences that are said under it.",
        "[Troubleshooting](../troubleshooting.md) goes from symptom to remedy.",
        "",
        "| code | status | meaning | what to do |",
        "|---|---|---|---|",
    ]
    for error, status in statuses:
        meaning = " ".join(_doc(error)[0].split())
        lines.append(f"| {_link(error.code)} | {status} | {meaning} | {error.default_hint or '–'} |")
    lines += [f"| {_link(code)} | {answer} | {meaning} | {hint} |" for code, answer, meaning, hint in OTHER_CODES]
    return "\n".join(lines) + "\n"


def _link(code: str) -> str:
    return f"[`{code}`](../errors/{code}.md)"


def _page(notice: str, error: type[Refused], status: int, said: list[Said]) -> str:
    lines = [f"# {error.code}", "", f"<!-- {notice} -->", ""]
    for paragraph in _doc(error):
        lines += [paragraph, ""]
    if error.default_hint:
        lines += [f"**What to do:** {error.default_hint}", ""]
    lines += [f"Over HTTP it has the status {status}. If nothing more precise is known, people read:", ""]
    lines += [f"> {error.default_message}", ""]
    if said:
        lines += ["## What is said under it", "", "`…` is filled in.", "", "| message | hint |", "|---|---|"]
        lines += [f"| {_cell(one.message)} | {_cell(one.hint)} |" for one in said]
        lines.append("")
    parent = error.__mro__[1]
    if issubclass(parent, Refused) and parent.code != error.code and parent is not Refused:
        lines += [f"It is a kind of [`{parent.code}`]({parent.code}.md).", ""]
    return "\n".join([*lines, _BACK]) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ") or "–"


def _doc(error: type[Refused]) -> list[str]:
    """The paragraphs on what an error means, without the section on what is raised."""
    return [" ".join(part.split()) for part in (inspect.getdoc(error) or "").split("\n\n") if part.strip()]


def sentences(errors: Mapping[str, type[Refused]], sources: Path | None = None) -> dict[str, list[Said]]:
    """By code, what the sources say wherever one of `errors` (by class name) is made; each once, sorted."""
    found: defaultdict[str, set[Said]] = defaultdict(set)
    for file in sorted((sources or Path(mythgate.__file__).parent).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            error = errors.get(name)
            message = _text(node.args[0]) if node.args else ""
            if error is None or not message:
                continue
            hint = next((_text(one.value) for one in node.keywords if one.arg == "hint"), error.default_hint)
            found[error.code].add(Said(message, hint))
    return {code: sorted(said, key=lambda one: (one.message, one.hint)) for code, said in found.items()}


def _text(node: ast.expr) -> str:
    """What an expression says, as far as it can be read without running it; empty for what is computed altogether."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) or "…" for part in parts)
        case ast.BinOp(left=left, right=right):
            return f"{_text(left) or '…'}{_text(right) or '…'}" if _text(left) or _text(right) else ""
        case ast.IfExp(body=one, orelse=other):
            return _text(one) if not _text(other) else _text(other)
        case _:
            return ""
