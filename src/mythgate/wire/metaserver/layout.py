"""How a table of fields becomes bytes: the engine under `records` and `packets`.

A record is a frozen dataclass whose annotations name the wire form of each field, in wire order:

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Colour:
        red: U16 = 0
        ...

`Layout(record, family)` compiles that table: neighbours of fixed width are read and written by one
`struct` call. A field of `Only` some families does not exist for the others. The same table gives the
named values that tools show (`show`) and read back (`take`): bytes as `…_hex`, addresses both dotted
and as a number, bytes without a meaning not at all.

Numbers are big-endian unless the layout says otherwise. Decoding raises ProtocolError and nothing else;
encoding raises ValueError for a value that does not fit its field.
"""

# ruff: noqa: ARG002 - all kinds of fields share one signature

from __future__ import annotations

import dataclasses
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from ipaddress import IPv4Address
from operator import attrgetter
from typing import Annotated, Any, Final, Generic, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver.text import decode_text, encode_text

R = TypeVar("R")
_MISSING: Final = object()
_MOST_SLOTS: Final = 1000  # of a table that is read from named values


class Family(StrEnum):
    """The kinds of client whose packets differ."""

    ALEPHONE = "alephone"
    MYTH = "myth"
    """Myth: TFL, Myth II up to 1.3, Myth III and the builds of the MythDevelopers era."""
    MYTH2_18 = "myth2-1.8"


def _too_short(what: str) -> ProtocolError:
    return ProtocolError(f"The packet ends inside {what}.", code="truncated_packet")


# --- kinds of fields -------------------------------------------------------------------------------


class Kind:
    """The wire form of one field, and its form among named values."""

    value: type = object
    """What it must be among named values; a bool is no int."""

    def show(self, record: Any, name: str, fields: dict[str, Any], family: Family) -> None:
        """Write the field of `record` into `fields`."""
        fields[name] = getattr(record, name)

    def take(self, fields: Mapping[str, Any], name: str, family: Family) -> Any:
        """The value in `fields`, or _MISSING. Raises TypeError or ValueError for what it cannot be."""
        value = fields.get(name, _MISSING)
        if value is not _MISSING and (not isinstance(value, self.value) or isinstance(value, bool)):
            raise TypeError
        return value


class Fixed(Kind):
    """A field of fixed width, part of a `struct` run."""

    code: str
    load: Callable[[Any], Any] | None = None
    """From what `struct` reads to what the record holds, if that differs."""
    dump: Callable[[Any], Any] | None = None
    """From what the record holds to what `struct` writes, if that differs."""


class Variable(Kind, ABC):
    """A field whose width its content decides."""

    @abstractmethod
    def read(self, data: bytes, at: int, family: Family, name: str) -> tuple[Any, int]:
        """The value at `at` and where the next field begins. Raises ProtocolError."""

    @abstractmethod
    def write(self, value: Any, family: Family) -> bytes:
        """The bytes of `value`. Raises ValueError."""


class Number(Fixed):
    """An integer."""

    value = int

    def __init__(self, code: str) -> None:
        self.code = code


class TrueOrFalse(Number):
    """A number of which only zero or not matters; written as 0 or 1."""

    def load(self, raw: Any) -> Any:
        return int(raw != 0)

    def dump(self, value: Any) -> Any:
        return int(value != 0)


class Address(Fixed):
    """An IPv4 address, held as a number; shown dotted, and as a number too if `both`."""

    value = int
    code = "I"

    def __init__(self, *, both: bool = True) -> None:
        self.both = both

    def show(self, record: Any, name: str, fields: dict[str, Any], family: Family) -> None:
        value = getattr(record, name)
        fields[name] = str(IPv4Address(value))
        if self.both:
            fields[f"{name}_u32"] = value

    def take(self, fields: Mapping[str, Any], name: str, family: Family) -> Any:
        dotted = fields.get(name)
        return super().take(fields, f"{name}_u32", family) if dotted is None else int(IPv4Address(dotted))


class Raw(Fixed):
    """Bytes of fixed number; fewer are filled up with zeros."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.code = f"{width}s"

    def dump(self, value: bytes) -> bytes:
        if len(value) > self.width:
            raise ValueError(f"{len(value)} bytes do not fit into {self.width}.")
        return value

    def show(self, record: Any, name: str, fields: dict[str, Any], family: Family) -> None:
        fields[f"{name}_hex"] = getattr(record, name).hex()

    def take(self, fields: Mapping[str, Any], name: str, family: Family) -> Any:
        value = _from_hex(fields, name)
        return value if value is _MISSING else value.ljust(self.width, b"\0")


class Sparse(Raw):
    """Bytes that are mostly zero: shown without the zeros at their end, and not at all if nothing is left."""

    def show(self, record: Any, name: str, fields: dict[str, Any], family: Family) -> None:
        if value := getattr(record, name).rstrip(b"\0"):
            fields[f"{name}_hex"] = value.hex()


class Unused(Raw):
    """Bytes without a meaning; kept, so that what was received can be passed on unchanged, but not shown."""

    def show(self, record: Any, name: str, fields: dict[str, Any], family: Family) -> None:
        """Nothing to show."""


class Echo(Number):
    """A meaningless slot that old servers fill with the field before it; receivers ignore it."""

    def __init__(self, original: str, code: str = "h", *, only: Family | None = None) -> None:
        super().__init__(code)
        self.original = original
        self.only = only

    def show(self, record: Any, name: str, fields: dict[str, Any], family: Family) -> None:
        """Nothing to show."""

    def take(self, fields: Mapping[str, Any], name: str, family: Family) -> Any:
        return 0 if self.only not in {None, family} else super().take(fields, self.original, family)


class Text(Fixed):
    """A string in a field of fixed width, filled up with zeros. What follows its first NUL is ignored.

    A string as long as the field has no NUL; where the readers rely on one, `terminated` cuts it shorter.
    """

    value = str

    def __init__(self, width: int, *, terminated: bool = True, filler: bytes = b"\0") -> None:
        self.limit = width - terminated
        self.code = f"{width}s"
        self.width = width
        self.filler = filler

    def load(self, raw: bytes) -> str:
        return decode_text(raw)

    def dump(self, value: str) -> bytes:
        raw = encode_text(value, self.limit)
        return raw if self.filler == b"\0" else (raw + b"\0").ljust(self.width, self.filler)


class String(Variable):
    """A string that ends with a NUL."""

    value = str

    def read(self, data: bytes, at: int, family: Family, name: str) -> tuple[str, int]:
        end = data.find(b"\0", at)
        if end < 0:
            raise ProtocolError(f"The string {name} does not end.", code="unterminated_string")
        return decode_text(data[at:end]), end + 1

    def write(self, value: str, family: Family) -> bytes:
        return encode_text(value) + b"\0"


class PaddedString(String):
    """The last string of a packet. Gate of Storms writes it to Myth II 1.8 into a field of fixed width,
    with 0xFF after the NUL, and so do we."""

    def __init__(self, width: int) -> None:
        self.width = width

    def read(self, data: bytes, at: int, family: Family, name: str) -> tuple[str, int]:
        return super().read(data, at, family, name)[0], len(data)

    def write(self, value: str, family: Family) -> bytes:
        if family is not Family.MYTH2_18:
            return super().write(value, family)
        return (encode_text(value, self.width - 1) + b"\0").ljust(self.width, b"\xff")


class Rest(Variable):
    """All bytes to the end."""

    def read(self, data: bytes, at: int, family: Family, name: str) -> tuple[bytes, int]:
        return data[at:], len(data)

    def write(self, value: bytes, family: Family) -> bytes:
        return value

    def show(self, record: Any, name: str, fields: dict[str, Any], family: Family) -> None:
        fields[f"{name}_hex"] = getattr(record, name).hex()

    def take(self, fields: Mapping[str, Any], name: str, family: Family) -> Any:
        return _from_hex(fields, name)


class Said(Rest):
    """As many bytes as the field `sized_by` in front says, which counts `more` bytes besides."""

    def __init__(self, sized_by: str, *, more: int = 0) -> None:
        self.sized_by = sized_by
        self.more = more

    def read_so_many(self, data: bytes, at: int, name: str, said: int) -> tuple[bytes, int]:
        """The bytes of a field that is said to have `said` of them, and where they end. Raises ProtocolError."""
        end = at + said - self.more
        if not at <= end <= len(data):
            raise _too_short(name)
        return data[at:end], end


class StringOrBytes(Rest):
    """All bytes to the end; shown as text if they are one string."""

    def show(self, record: Any, name: str, fields: dict[str, Any], family: Family) -> None:
        data: bytes = getattr(record, name)
        if data.find(b"\0") == len(data) - 1:
            fields[name] = decode_text(data)
        else:
            super().show(record, name, fields, family)

    def take(self, fields: Mapping[str, Any], name: str, family: Family) -> Any:
        return encode_text(fields[name]) + b"\0" if name in fields else super().take(fields, name, family)


class MissingZero(Variable):
    """A 16-bit number at the end that not everybody sends; absent means 0. A `hidden` one means nothing."""

    value = int

    def __init__(self, *, hidden: bool = False) -> None:
        self.hidden = hidden

    def show(self, record: Any, name: str, fields: dict[str, Any], family: Family) -> None:
        if not self.hidden:
            super().show(record, name, fields, family)

    def read(self, data: bytes, at: int, family: Family, name: str) -> tuple[int, int]:
        raw = data[at : at + 2]
        return (int.from_bytes(raw, "big", signed=True), at + 2) if len(raw) == 2 else (0, len(data))

    def write(self, value: int, family: Family) -> bytes:
        try:
            return value.to_bytes(2, "big", signed=True)
        except OverflowError:
            raise ValueError(f"{value} does not fit into 16 bits.") from None


class Nested(Variable):
    """A record inside a record.

    The inner record's own structure says where it ends. `sized_by` names the field in front that tells its
    length: Aleph One ignores that field when it reads, the Myth clients skip to where it points, and so do
    we for each of them. `width` is the size of the place it is padded to. A `flat` record shows its fields
    among those of the outer one.
    """

    def __init__(
        self,
        record: type | Mapping[Family, type],
        *,
        sized_by: str | None = None,
        width: int | None = None,
        flat: bool = False,
    ) -> None:
        self.record = record
        self.sized_by = sized_by
        self.width = width
        self.flat = flat

    def layout(self, family: Family) -> Layout[Any]:
        return layout_of(self.record if isinstance(self.record, type) else self.record[family], family)

    def read(self, data: bytes, at: int, family: Family, name: str) -> tuple[Any, int]:
        value, end = self.layout(family).read(data, at)
        if self.width is None:
            return value, end
        return value, max(end, min(at + self.width, len(data)))

    def write(self, value: Any, family: Family) -> bytes:
        raw = self.layout(family).write(value)
        if self.width is None:
            return raw
        if len(raw) > self.width:
            raise ValueError(f"A record of {len(raw)} bytes does not fit into {self.width}.")
        return raw.ljust(self.width, b"\0")

    def show(self, record: Any, name: str, fields: dict[str, Any], family: Family) -> None:
        inner = self.layout(family).show(getattr(record, name))
        fields.update(inner if self.flat else {name: inner})

    def take(self, fields: Mapping[str, Any], name: str, family: Family) -> Any:
        inner = fields if self.flat else fields.get(name, _MISSING)
        return inner if inner is _MISSING else self.layout(family).take(_mapping(inner, name))


class Many(Nested):
    """Records one after the other.

    They go to the end, or there are as many as the field `counted_by` in front says, or `exactly` so many.
    """

    def __init__(
        self, record: type | Mapping[Family, type], *, counted_by: str | None = None, exactly: int | None = None
    ) -> None:
        super().__init__(record)
        self.counted_by = counted_by
        self.exactly = exactly

    def read(self, data: bytes, at: int, family: Family, name: str) -> tuple[Any, int]:
        return self.read_so_many(data, at, family, self.exactly)

    def read_so_many(self, data: bytes, at: int, family: Family, count: int | None) -> tuple[Any, int]:
        """`count` records, or all there are. A record is never empty, so a lying count ends with the data."""
        layout = self.layout(family)
        records: list[Any] = []
        while at < len(data) if count is None else len(records) < count:
            record, at = layout.read(data, at)
            records.append(record)
        return tuple(records), at

    def write(self, value: Sequence[Any], family: Family) -> bytes:
        layout = self.layout(family)
        records = [layout.write(record) for record in value]
        if self.exactly is not None:
            if len(records) > self.exactly:
                raise ValueError(f"{len(records)} records do not fit into {self.exactly} places.")
            records += [bytes(layout.fixed_bytes)] * (self.exactly - len(records))
        return b"".join(records)

    def show(self, record: Any, name: str, fields: dict[str, Any], family: Family) -> None:
        show = self.layout(family).show
        fields[name] = [show(one) for one in getattr(record, name)]

    def take(self, fields: Mapping[str, Any], name: str, family: Family) -> Any:
        values = fields.get(name, _MISSING)
        if values is _MISSING:
            return values
        take = self.layout(family).take
        return tuple(take(_mapping(value, name)) for value in _list(values, name))


class Slots(Many):
    """A table with empty places at its end: `used` names the field that counts the places that mean something.

    Only those are shown, unless something stands in a place behind them. `slots_shown` is the name under
    which the number of all places is shown, and `legacy_slots` what it is for the older clients.
    """

    def __init__(
        self,
        record: type,
        *,
        used: str,
        exactly: int | None = None,
        slots_shown: str = "",
        legacy_slots: int = 0,
    ) -> None:
        super().__init__(record, exactly=exactly)
        self.used = used
        self.slots_shown = slots_shown
        self.legacy_slots = legacy_slots

    def show(self, record: Any, name: str, fields: dict[str, Any], family: Family) -> None:
        slots = getattr(record, name)
        layout = self.layout(family)
        empty = bytes(layout.fixed_bytes)
        filled = max((place for place, slot in enumerate(slots, 1) if layout.write(slot) != empty), default=0)
        if self.slots_shown:
            fields[self.slots_shown] = len(slots)
        fields[name] = [layout.show(slot) for slot in slots[: max(filled, getattr(record, self.used))]]

    def take(self, fields: Mapping[str, Any], name: str, family: Family) -> Any:
        values = super().take(fields, name, family)
        if values is _MISSING:
            return values
        slots = self.exactly
        if slots is None:
            default = self.legacy_slots if family is Family.MYTH else 0
            slots = fields.get(self.slots_shown, default)
            if slots > _MOST_SLOTS:
                raise ValueError(f"{slots} places are too many.")
        return values + (self.layout(family).take({}),) * (slots - len(values))


class Numbers(Variable):
    """Numbers to the end."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.width = struct.calcsize(f">{code}")

    def read(self, data: bytes, at: int, family: Family, name: str) -> tuple[Any, int]:
        count, over = divmod(len(data) - at, self.width)
        if over:
            raise _too_short(name)
        return struct.unpack_from(f">{count}{self.code}", data, at), len(data)

    def write(self, value: Sequence[int], family: Family) -> bytes:
        return struct.pack(f">{len(value)}{self.code}", *value)

    def show(self, record: Any, name: str, fields: dict[str, Any], family: Family) -> None:
        fields[name] = list(getattr(record, name))

    def take(self, fields: Mapping[str, Any], name: str, family: Family) -> Any:
        value = fields.get(name, _MISSING)
        if value is _MISSING:
            return value
        return tuple(Number(self.code).take({name: one}, name, family) for one in _list(value, name))


@dataclass(frozen=True, slots=True)
class SizeOf:
    """The number before it is written as the size of a later field: its bytes plus `more`, or its records."""

    field: str
    more: int = 0
    records: bool = False


@dataclass(frozen=True, slots=True)
class Only:
    """The field exists for this family alone."""

    family: Family


I8 = Annotated[int, Number("b")]
U8 = Annotated[int, Number("B")]
I16 = Annotated[int, Number("h")]
U16 = Annotated[int, Number("H")]
I32 = Annotated[int, Number("i")]
U32 = Annotated[int, Number("I")]
Str = Annotated[str, String()]
Tail = Annotated[bytes, Rest()]


# --- layouts ---------------------------------------------------------------------------------------


class _Field(NamedTuple):
    name: str
    kind: Kind
    size_of: SizeOf | None


class _Run(NamedTuple):
    """Fields of fixed width that one `struct` reads and writes."""

    struct: struct.Struct
    names: tuple[str, ...]
    values_of: Callable[[Any], Sequence[Any]]
    loads: tuple[tuple[str, Callable[[Any], Any]], ...]
    """Those whose value is not what `struct` gives."""
    dumps: tuple[tuple[int, Callable[[Any], Any]], ...]
    """Those whose value is not what `struct` takes, by place."""
    sizes: tuple[tuple[int, str], ...]
    """Those that are written as the size of another field, by place."""


class Layout(Generic[R]):
    """The compiled table of one record for one family."""

    def __init__(self, record: type[R], family: Family, byte_order: str = ">") -> None:
        self.record = record
        self.family = family
        self.fields = tuple(_fields(record, family))
        self._steps = tuple(_steps(self.fields, byte_order))
        self._required = {
            field.name
            for field in dataclasses.fields(record)  # type: ignore[arg-type]
            if field.default is dataclasses.MISSING
        }
        self._sizes = tuple((field.name, field.size_of) for field in self.fields if field.size_of)
        self._variable = tuple((field.name, field.kind) for field in self.fields if isinstance(field.kind, Variable))
        self.fixed_bytes = sum(step.struct.size for step in self._steps if isinstance(step, _Run))

    def read(self, data: bytes, at: int = 0) -> tuple[R, int]:
        """The record at `at` and where it ends. Raises ProtocolError."""
        values: dict[str, Any] = {}
        for step in self._steps:
            if isinstance(step, _Run):
                try:
                    values.update(zip(step.names, step.struct.unpack_from(data, at), strict=True))
                except struct.error:
                    raise _too_short(f"{self.record.__name__}.{step.names[0]} and what follows it") from None
                at += step.struct.size
                for name, load in step.loads:
                    values[name] = load(values[name])
            else:
                at = self._read_variable(step, data, at, values)
        return self.record(**values), at

    def _read_variable(self, field: _Field, data: bytes, at: int, values: dict[str, Any]) -> int:
        """Put the field at `at` into `values`; where the next one begins."""
        name, kind, _ = field
        if isinstance(kind, Many) and kind.counted_by:
            values[name], end = kind.read_so_many(data, at, self.family, values[kind.counted_by])
        elif isinstance(kind, Said):
            values[name], end = kind.read_so_many(data, at, name, values[kind.sized_by])
        else:
            assert isinstance(kind, Variable)
            values[name], end = kind.read(data, at, self.family, name)
        if isinstance(kind, Nested) and kind.sized_by and self.family is not Family.ALEPHONE:
            end = max(end, min(at + values[kind.sized_by], len(data)))
        return end

    def write(self, record: R) -> bytes:
        """The bytes of `record`, with true sizes. Raises ValueError."""
        variable = {name: kind.write(getattr(record, name), self.family) for name, kind in self._variable}
        sizes = {
            name: (len(getattr(record, size.field)) if size.records else len(variable[size.field])) + size.more
            for name, size in self._sizes
        }
        return b"".join(
            [
                self._write_run(step, record, sizes) if isinstance(step, _Run) else variable[step.name]
                for step in self._steps
            ]
        )

    def _write_run(self, run: _Run, record: R, sizes: Mapping[str, int]) -> bytes:
        values = run.values_of(record)
        if run.dumps or run.sizes:
            values = list(values)
            for place, dump in run.dumps:
                values[place] = dump(values[place])
            for place, name in run.sizes:
                values[place] = sizes[name]
        try:
            return run.struct.pack(*values)
        except struct.error as error:
            raise ValueError(f"{self.record.__name__} cannot be written: {error}.") from None

    def show(self, record: R) -> dict[str, Any]:
        """The fields as named values that JSON can hold."""
        fields: dict[str, Any] = {}
        for name, kind, _ in self.fields:
            kind.show(record, name, fields, self.family)
        return fields

    def take(self, fields: Mapping[str, Any]) -> R:
        """The record with these named values; what is not named has its default. Raises ValueError."""
        values: dict[str, Any] = {}
        for name, kind, _ in self.fields:
            try:
                value = kind.take(fields, name, self.family)
            except (TypeError, AttributeError):
                raise ValueError(f"The field {name} cannot be {fields.get(name)!r}.") from None
            if value is not _MISSING:
                values[name] = value
        if missing := self._required - values.keys():
            raise ValueError(f"{self.record.__name__} needs {', '.join(sorted(missing))}.")
        return self.record(**values)


@cache
def layout_of(record: type[R], family: Family) -> Layout[R]:
    """The compiled layout of a record that is always big-endian."""
    return Layout(record, family)


def _fields(record: type, family: Family) -> list[_Field]:
    hints = get_type_hints(record, include_extras=True)
    fields = []
    for field in dataclasses.fields(record):
        hint = hints[field.name]
        marks: tuple[Any, ...] = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        if any(isinstance(mark, Only) and mark.family is not family for mark in marks):
            continue
        kinds = [mark for mark in marks if isinstance(mark, Kind)]
        sizes = [mark for mark in marks if isinstance(mark, SizeOf)]
        fields.append(_Field(field.name, kinds[0], sizes[0] if sizes else None))
    return fields


def _steps(fields: Sequence[_Field], byte_order: str) -> list[_Run | _Field]:
    steps: list[_Run | _Field] = []
    run: list[_Field] = []
    for field in [*fields, None]:
        if field is not None and isinstance(field.kind, Fixed):
            run.append(field)
            continue
        if run:
            steps.append(_run(run, byte_order))
            run = []
        if field is not None:
            steps.append(field)
    return steps


def _run(fields: Sequence[_Field], byte_order: str) -> _Run:
    kinds = [field.kind for field in fields if isinstance(field.kind, Fixed)]
    names = tuple(field.name for field in fields)
    return _Run(
        struct.Struct(byte_order + "".join(kind.code for kind in kinds)),
        names,
        _values_of(names),
        tuple((name, kind.load) for name, kind in zip(names, kinds, strict=True) if kind.load),
        tuple(
            (place, kind.dump)
            for place, (kind, field) in enumerate(zip(kinds, fields, strict=True))
            if kind.dump and field.size_of is None
        ),
        tuple((place, field.name) for place, field in enumerate(fields) if field.size_of),
    )


def _values_of(names: tuple[str, ...]) -> Callable[[Any], Sequence[Any]]:
    get: Callable[[Any], Any] = attrgetter(*names)
    return get if len(names) > 1 else lambda record: (get(record),)


def _from_hex(fields: Mapping[str, Any], name: str) -> Any:
    value = fields.get(f"{name}_hex", _MISSING)
    return value if value is _MISSING else bytes.fromhex(value)


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"The field {name} holds named values.")
    return value


def _list(value: Any, name: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise TypeError(f"The field {name} is a list.")
    return value
