"""Every field that crosses the wire is explained to those who make clients."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pytest

from mythgate.bootstrap import describe_http
from mythgate.domain import events
from mythgate.wire.envelope import meanings, schema

DEFINITIONS: dict[str, Any] = schema.bundle()["$defs"]
FIELDS = [(name, field) for name, definition in DEFINITIONS.items() for field in definition.get("properties", {})]


def test_payloads_views_and_messages_are_among_them() -> None:
    assert {"Envelope", "ChatMessage", "RoomView", "ItemView", "Command", "PositionData"} <= set(DEFINITIONS)


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=[".".join(pair) for pair in FIELDS])
def test_every_field_has_a_meaning(name: str, field: str) -> None:
    meaning = DEFINITIONS[name]["properties"][field].get("description", "")
    assert meaning.endswith((".", "…")), "write a docstring of one or more sentences below the field"


@pytest.mark.parametrize("name", DEFINITIONS)
def test_every_definition_has_a_meaning(name: str) -> None:
    assert DEFINITIONS[name].get("description", "").endswith(".")


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=[".".join(pair) for pair in FIELDS])
def test_whatever_the_server_leaves_null_says_what_that_means(name: str, field: str) -> None:
    """What clients send may be left out instead, and a type says so."""
    described = DEFINITIONS[name]["properties"][field]
    if name in meanings.meanings(events) and {"type": "null"} in described.get("anyOf", ()):
        assert "null" in described["description"].lower()


def test_no_docstring_is_lost() -> None:
    """Each belongs to a field of the wire: a class or field that was renamed takes its docstring along."""
    for module in (events, schema):
        for name, fields in meanings.meanings(module).items():
            for field, meaning in fields.items():
                assert DEFINITIONS[name]["properties"][field]["description"] == meaning


def test_rest_tells_the_same() -> None:
    schemas = describe_http()["components"]["schemas"]
    shared = set(schemas) & set(meanings.meanings(events))
    assert {"CommandResponse", "RoomView", "ItemView"} <= shared
    for name in shared:
        # A state of a hosted game has the name of a payload, and no fields.
        for field, described in schemas[name].get("properties", {}).items():
            assert described["description"] == DEFINITIONS[name]["properties"][field]["description"]


# --- how they are read ---


def module_of(folder: Path, source: str) -> types.ModuleType:
    file = folder / "shapes.py"
    file.write_text(source, "utf-8")
    module = types.ModuleType("shapes")
    module.__file__ = str(file)
    return module


def test_a_docstring_belongs_to_the_field_above_it(tmp_path: Path) -> None:
    source = '''
class Box:
    """A box."""

    plain: int
    width: float = 1.0
    """Metres, from
    side to side."""
    colour = "red"
    """Of no field."""

    def open(self) -> None:
        """Do it."""
'''
    assert meanings.meanings(module_of(tmp_path, source)) == {"Box": {"width": "Metres, from side to side."}}


def test_a_reference_keeps_its_meaning_beside_it(tmp_path: Path) -> None:
    source = 'class Box:\n    lid: Lid\n    """On top."""\n    gone: int\n    """Not told."""\n'
    definitions: dict[str, Any] = {"Box": {"properties": {"lid": {"$ref": "#/$defs/Lid"}}}, "Lid": {"type": "object"}}
    for _ in range(2):  # describing again changes nothing
        meanings.describe(definitions, module_of(tmp_path, source))
        assert definitions["Box"] == {
            "properties": {"lid": {"allOf": [{"$ref": "#/$defs/Lid"}], "description": "On top."}}
        }
        assert definitions["Lid"] == {"type": "object"}


def test_without_sources_there_are_schemas_all_the_same(tmp_path: Path) -> None:
    module = module_of(tmp_path, "")
    (tmp_path / "shapes.py").unlink()
    definitions: dict[str, Any] = {"Box": {"properties": {"lid": {"type": "string"}}}}
    meanings.describe(definitions, module)
    assert definitions == {"Box": {"properties": {"lid": {"type": "string"}}}}
