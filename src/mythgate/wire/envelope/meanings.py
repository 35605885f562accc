"""What fields mean, for the schemas: taken from the docstrings below them.

Python does not keep these docstrings, so they cost nothing where payloads are made; they are read from
the source when somebody asks for a schema.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from types import ModuleType
from typing import Any


@cache
def meanings(module: ModuleType) -> Mapping[str, Mapping[str, str]]:
    """What the docstrings say, by class and field."""
    try:
        source = inspect.getsource(module)
    except OSError:  # installed without sources
        return {}
    classes = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return {each.name: dict(_documented(each.body)) for each in classes}


def _documented(body: list[ast.stmt]) -> list[tuple[str, str]]:
    found = []
    for statement, following in pairwise(body):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found.append((name, " ".join(text.split())))
    return found


def describe(definitions: Mapping[str, dict[str, Any]], module: ModuleType) -> None:
    """Put the meanings of fields into the JSON Schemas that are named like the classes of `module`."""
    for name, fields in meanings(module).items():
        properties = definitions.get(name, {}).get("properties", {})
        for field, meaning in fields.items():
            if field not in properties:
                continue
            schema = properties[field]
            if "$ref" in schema:  # in older dialects, which AsyncAPI speaks, nothing may stand beside it
                schema = {"allOf": [schema]}
            properties[field] = {**schema, "description": meaning}
