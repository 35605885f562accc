"""The messages as a JSON Schema, for programs in other languages."""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from mythgate.wire.shards.messages import CLASSES, VERSION, BareMessage, Message, MessagePriority

DIALECT: Final = GenerateJsonSchema.schema_dialect
_BOUNDS: Final = {"ge": "minimum", "lt": "exclusiveMaximum"}  # names that pydantic leaves as they are


def document() -> dict[str, Any]:
    """One definition a type. It says what is written; readers are more patient, see `messages`."""
    definitions = {}
    for kind, model in CLASSES.items():
        whole = _standard(model.model_json_schema())
        properties = whole["properties"] | {"type": {"const": str(kind)}, "version": {"const": VERSION}}
        usual = int(model.model_fields["priority"].default)
        properties["priority"] = {"enum": [int(one) for one in MessagePriority], "default": usual}
        definitions[str(kind)] = {
            "type": "object",
            "description": _kind(model),
            "properties": properties,
            "required": [*dict.fromkeys(("type", "version", *whole.get("required", ())))],
        }
    return {
        "$schema": DIALECT,
        "title": f"Messages of the Shards network, protocol {VERSION}",
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in definitions],
        "$defs": definitions,
    }


def _kind(model: type[Message]) -> str:
    if issubclass(model, BareMessage):
        return "Bare: older peers know only the envelope, and drop the other fields."
    return "Full: older peers know all fields, and check them."


def _standard(schema: Any) -> Any:
    """`schema` in the words of JSON Schema, without titles that repeat names."""
    if isinstance(schema, list):
        return [_standard(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    told = {_BOUNDS.get(name, name): _standard(value) for name, value in schema.items() if name != "title"}
    if "properties" in schema:  # whose names are names of fields, a title's too
        told["properties"] = {name: _standard(value) for name, value in schema["properties"].items()}
    told.pop("$defs", None)
    return told
