"""Faults as rows, the newest kinds only."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from sqlalchemy import bindparam, delete, select

from mythgate.backends.sql.statements import SqlConnection, Statement, insert_or_replace
from mythgate.backends.sql.tables import faults
from mythgate.domain.logs import Fault

_FIELDS: Final = tuple(column.name for column in faults.c)
_VALUES: Final = {name: bindparam(name, type_=faults.c[name].type) for name in _FIELDS}
_SELECT: Final = select(*(faults.c[name] for name in _FIELDS))
_GET: Final = Statement(_SELECT.where(faults.c.fingerprint == bindparam("of")))
_ALL: Final = Statement(_SELECT.order_by(faults.c.last_at.desc(), faults.c.fingerprint))
_SAVE: Final = insert_or_replace(faults, [faults.c.fingerprint], _VALUES)
_newest = select(faults.c.fingerprint).order_by(faults.c.last_at.desc(), faults.c.fingerprint).limit(bindparam("most"))
_FORGET: Final = Statement(delete(faults).where(faults.c.fingerprint.not_in(_newest)))


class SqlFaults:
    """`services.ports.FaultRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def get(self, fingerprint: str) -> Fault | None:
        self._connection.reserve("fault:" + fingerprint)
        rows = self._connection.rows(_GET, {"of": fingerprint})
        return Fault(**dict(zip(_FIELDS, rows[0], strict=True))) if rows else None

    def all(self) -> list[Fault]:
        return [Fault(**dict(zip(_FIELDS, row, strict=True))) for row in self._connection.rows(_ALL, {})]

    def save(self, fault: Fault) -> None:
        self._connection.change(_SAVE, asdict(fault))

    def keep_newest(self, most: int) -> None:
        self._connection.change(_FORGET, {"most": most})
