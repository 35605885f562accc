"""Hypothesis strategies for the packets of the metaserver, made from their layouts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mythgate.wire.metaserver.layout import (
    Address,
    Family,
    Kind,
    Layout,
    Many,
    MissingZero,
    Nested,
    Number,
    Numbers,
    PaddedString,
    Raw,
    Rest,
    Slots,
    String,
    Text,
    TrueOrFalse,
)
from mythgate.wire.metaserver.packets import KINDS, Direction

_BITS = {"b": 8, "B": 8, "h": 16, "H": 16, "i": 32, "I": 32}


def _integers(code: str) -> st.SearchStrategy[int]:
    bits = _BITS[code]
    return st.integers(0, 2**bits - 1) if code.isupper() else st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def texts(limit: int) -> st.SearchStrategy[str]:
    """What MacRoman can express, without NUL."""
    letters = st.sampled_from([bytes((byte,)).decode("mac_roman") for byte in range(1, 256)])
    return st.text(letters, max_size=limit)


def _values(kind: Kind, family: Family) -> st.SearchStrategy[Any]:
    match kind:
        case TrueOrFalse():
            return st.sampled_from([0, 1])
        case Number() | Numbers():
            numbers = _integers(kind.code)
            return numbers if isinstance(kind, Number) else st.lists(numbers, max_size=5).map(tuple)
        case Address():
            return _integers("I")
        case Raw():
            return st.binary(min_size=kind.width, max_size=kind.width)
        case Text():
            return texts(kind.limit)
        case PaddedString():
            return texts(kind.width - 1)
        case String():
            return texts(10)
        case Rest():
            return st.binary(max_size=20)
        case MissingZero():
            return _integers("h")
        case Slots(exactly=None):
            return st.lists(records(kind.layout(family)), max_size=20).map(tuple)
        case Many(exactly=None):
            return st.lists(records(kind.layout(family)), max_size=3).map(tuple)
        case Many():
            return _filled(records(kind.layout(family)), kind.exactly or 0)
        case Nested():
            return records(kind.layout(family))
    raise AssertionError(kind)


def _filled(some: st.SearchStrategy[Any], size: int) -> st.SearchStrategy[Any]:
    """A table of so many, with one or two different ones in it."""
    return st.lists(some, min_size=1, max_size=2).map(lambda made: tuple(made[at % len(made)] for at in range(size)))


def records(layout: Layout[Any]) -> st.SearchStrategy[Any]:
    """Any record of a layout; sizes are left to the encoder."""
    return st.builds(
        layout.record,
        **{
            field.name: _values(field.kind, layout.family) if field.size_of is None else st.just(0)
            for field in layout.fields
        },
    )


TABLE = [(family, direction, kind) for kind in KINDS for direction in kind.directions for family in kind.families]
"""Every packet in every family and direction it has."""


def table_id(row: Any) -> str:
    """How a row of `TABLE` is called in test results."""
    return str(row.name if hasattr(row, "name") and not isinstance(row, (Family, Direction)) else row)
