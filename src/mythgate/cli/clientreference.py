"""The reference of the Python client: its methods, what they give and what they raise, out of the code itself."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, get_type_hints, is_typeddict

_NAME: Final = re.compile(r"\b[A-Z]\w+\b")
_FAILURE: Final = re.compile(r"^([A-Z][A-Za-z]+(?:, [A-Z][A-Za-z]+)*)(: .*|\.)$")
_SHORT: Final = 80
_NOT_FOR_PROGRAMS: Final = frozenset({"hear", "require_no_handler"})

INTRODUCTION: Final = """\
What stands here is in the docstrings of `mythgate.client` too; [Python client](../python-client.md) explains how it
belongs together. Methods with `await` are coroutines; the others answer at once, from what is known. Parameters behind
`*` go by name only.

What a method gives is an object whose fields are attributes, or, where [that is said](#what-methods-give), a dict with
these keys. Errors are those of `mythgate.domain.errors` ([codes](errors.md)) and `mythgate.client`.

**A position** (`Vector`), like a velocity, is three finite numbers, `(x, y, z)`, or an object of `x`, `y` and `z`. The
server hands it on to clients that draw rooms, and neither knows a scale nor checks ways: what the numbers measure is up
to these clients. It is a place within the room one is in, and is gone with the next room. `send_move` goes to another
room; `send_position_update` moves within this one.

`Where` is a function that is given an event or message and says whether it is meant; a `Handler` one that is given it,
and an `ErrorHandler` one that is given the error: plain functions or coroutine functions. `Event` is a dict, the
[envelope](messages.md#the-envelope).
"""


def page(notice: str, in_messages: Iterable[str]) -> str:
    """The whole page; `in_messages` names the types that have a section in the message catalogue."""
    from mythgate.client import Client, Lobby, NetworkClient

    known = {name: f"messages.md#{name.lower()}" for name in in_messages}
    given: dict[str, type] = {}
    sections: list[str] = []
    for kind, title in (
        (Client, "Client"),
        (Lobby, "Lobby: `client.lobby`"),
        (NetworkClient, "NetworkClient"),
    ):
        sections += [f"## {title}", "", *_text(inspect.getdoc(kind) or ""), ""]
        for part in reversed(kind.__mro__[:-1]):
            members = list(_members(part))
            if part is not kind and members:
                sections += [f"### {part.__name__} of {kind.__name__}", "", *_text(inspect.getdoc(part) or ""), ""]
            for name, member in members:
                sections += _member(kind.__name__, name, member, known, given)
    lines = ["# Methods of the Python client", "", f"<!-- {notice} -->", "", INTRODUCTION, *sections]
    lines += ["## What methods give", ""]
    for name in sorted(_reached(given, known)):
        lines += _value(name, given[name], known, given)
    return "\n".join(lines).rstrip() + "\n"


def _members(part: type) -> Iterator[tuple[str, Callable[..., Any] | property]]:
    for name, member in vars(part).items():
        if name.startswith("_") or name in _NOT_FOR_PROGRAMS:
            continue
        if isinstance(member, property) or inspect.isfunction(member):
            yield name, member


def _member(
    owner: str, name: str, member: Callable[..., Any] | property, known: Mapping[str, str], given: dict[str, type]
) -> list[str]:
    if isinstance(member, property):
        getter = member.fget
        assert getter is not None
        returned = str(getter.__annotations__["return"])
        shown = f"{name}: {returned}"
        doc = inspect.getdoc(member) or ""
        module = getter.__module__
    else:
        signature = inspect.signature(member)
        parameters = [one for one in signature.parameters.values() if one.name != "self"]
        returned = str(signature.return_annotation)
        waits = "await " if inspect.iscoroutinefunction(member) else ""
        shown = f"{waits}{name}{_parameters(parameters)} -> {returned}"
        doc = inspect.getdoc(member) or ""
        module = member.__module__
    lines = [f"#### {owner}.{name}", "", "```python", shown, "```", "", *_text(doc), ""]
    links = [_link(one, module, known, given) for one in dict.fromkeys(_NAME.findall(returned))]
    if any(links):
        lines += [f"Gives {', '.join(filter(None, links))}.", ""]
    return lines


def _parameters(parameters: list[inspect.Parameter]) -> str:
    """What stands in parentheses; on lines of their own where there is much of it."""
    words: list[str] = []
    for one in parameters:
        if one.kind is inspect.Parameter.KEYWORD_ONLY and "*" not in words:
            words.append("*")
        default = "" if one.default is one.empty else f" = {'…' if callable(one.default) else repr(one.default)}"
        words.append(f"{one.name}: {one.annotation}{default}")
    short = f"({', '.join(words)})"
    return short if len(short) <= _SHORT else "(\n" + "".join(f"    {word},\n" for word in words) + ")"


def _link(name: str, module: str, known: Mapping[str, str], given: dict[str, type]) -> str:
    """Where it says what fields this type has; empty if it is none that has some."""
    kind = getattr(sys.modules[module], name, None)
    if not isinstance(kind, type) or not (dataclasses.is_dataclass(kind) or is_typeddict(kind)):
        return ""
    if name in known:
        return f"[{name}]({known[name]})"
    given[name] = kind
    return f"[{name}](#{name.lower()})"


def _reached(given: dict[str, type], known: Mapping[str, str]) -> set[str]:
    """The types that are to be described: those of methods, and whatever is in them."""
    done: set[str] = set()
    while open_ones := set(given) - done:
        for name in open_ones:
            _value(name, given[name], known, given)
            done.add(name)
    return done


def _value(name: str, kind: type, known: Mapping[str, str], given: dict[str, type]) -> list[str]:
    is_dict = is_typeddict(kind)
    lines = [f"### {name}", "", f"{'A dict.' if is_dict else 'An object.'} {(inspect.getdoc(kind) or '').strip()}", ""]
    lines += ["| key | type |" if is_dict else "| field | type |", "|---|---|"]
    for field in get_type_hints(kind):
        written = _written(kind, field)
        links = [_link(one, kind.__module__, known, given) for one in dict.fromkeys(_NAME.findall(written))]
        also = f" ({', '.join(filter(None, links))})" if any(links) else ""
        escaped = written.replace("|", "\\|")
        lines.append(f"| `{field}` | `{escaped}`{also} |")
    return [*lines, ""]


def _written(kind: type, field: str) -> str:
    """The type of a field as the source has it."""
    for part in kind.__mro__:
        found = inspect.get_annotations(part).get(field)
        if found is not None:
            written = str(getattr(found, "__forward_arg__", found))
            return written.removeprefix("NotRequired[").removesuffix("]") if "NotRequired[" in written else written
    return "Any"


def _text(doc: str) -> list[str]:
    """A docstring as Markdown: its list of errors as a list, examples as code."""
    lines: list[str] = []
    in_list = False
    for line in doc.splitlines():
        if line.strip() == "Raises:":
            in_list = True
            lines += ["Raises", ""]
        elif in_list and line.startswith("    "):
            entry = line.strip()
            told = _FAILURE.match(entry)
            if told is not None:
                names = ", ".join(f"`{one}`" for one in told[1].split(", "))
                lines.append(f"- {names}{told[2]}")
            elif entry[0].isupper() or not lines[-1].startswith(("- ", "  ")):
                lines.append(f"- {entry}")
            else:
                lines.append(f"  {entry}")
        else:
            in_list = in_list and not line.strip()
            lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    return lines
