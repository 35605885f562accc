"""Everything the database has about one person: read as it is, or made to be about nobody.

Which tables that are is taken from the schema: whatever refers to an account or to a character by a foreign key, and
those named here that do so without one. A test looks at all the rest.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, Text, and_, bindparam, cast, delete, func, or_, select, update

from mythgate.backends.sql.statements import SqlConnection, Statement
from mythgate.backends.sql.tables import metadata
from mythgate.domain.ids import AccountId
from mythgate.domain.items import HolderKind
from mythgate.domain.ratings import SubjectKind

_TABLES: Final = metadata.tables
_SECRETS: Final = frozenset(
    {"password_hash", "token_hash", "secret", "recovery", "keys", "code", "salt", "said", "link"}
)

_BY_ACCOUNT: Final[Mapping[str, Sequence[str]]] = {
    "accounts": ["id"],
    "result_lines": ["account_id"],
    "tournament_prizes": ["account_id"],
    "reports": ["subject"],
    "report_voices": ["account_id"],
    "report_lines": ["speaker"],
    "audit_log": ["subject", "actor"],
    "imported": ["ours"],
}
"""Columns with the id of an account that are no foreign keys, for the row stays when the account goes."""

_BY_CHARACTER: Final[Mapping[str, Sequence[str]]] = {
    "command_receipts": ["character_id"],
    "shards": ["holder"],
    "shard_ownerships": ["character_id"],
    "parties": ["leader"],
}

_STAYS: Final = frozenset({"accounts", "tournament_entries", "measures", "appeals", "api_tokens"})
"""Tables whose rows are not deleted with the person: they stay for others, without the name. Services have taken out
of them what must go."""

_NAMED: Final[Mapping[str, Sequence[str]]] = {
    "result_lines": ["name"],
    "results": ["name"],
    "matches": ["name", "line_up"],
    "score_reports": ["report"],
    "films": ["host_name", "file_name"],
    "tournament_entries": ["name"],
    "tournament_prizes": ["name"],
    "tournaments": ["bracket"],
    "parties": ["name"],
    "shards": ["holder_name", "defeated_by"],
    "shard_ownerships": ["character_name", "helpers"],
    "aetherfalls": ["holdings", "transformations"],
    "world_events": ["title", "description", "characters"],
    "measures": ["name", "by_name", "lifted_by", "reason"],
    "appeals": ["name", "text", "answer", "decided_by"],
    "notes": ["by_name", "text"],
    "reports": ["subject_name", "place_name", "claimed_name", "answer"],
    "report_voices": ["name", "reason"],
    "clans": ["name"],
    "imported": ["key"],
}
"""Columns of rows that stay in which somebody may be named: the names are replaced there."""


class SqlPersonal:
    """`services.ports.PersonalRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def rows(self, account_id: AccountId) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        params = {"account": account_id, "number": self._number(account_id)}
        found = {}
        for table in metadata.sorted_tables:
            about = _about(table)
            if about is None:
                continue
            columns = [column for column in table.columns if column.name not in _SECRETS]
            statement = Statement(select(*columns).where(_bound(about)))
            rows = self._connection.rows(statement, params)
            if rows:
                found[str(table.name)] = [
                    {str(column.name): _plain(value) for column, value in zip(columns, row, strict=True)}
                    for row in rows
                ]
        return found

    def erase(self, account_id: AccountId, names: Collection[str], anonymous: str) -> None:
        called = sorted({name for name in names if name}, key=len, reverse=True)
        pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, called))})(?!\w)", re.IGNORECASE) if called else None
        params = {"account": account_id, "number": self._number(account_id)}
        if pattern is not None:
            for name, columns in _NAMED.items():
                self._rename(_TABLES[name], columns, called, pattern, anonymous)
        # Characters last: what is theirs is found by them.
        for table in sorted(metadata.sorted_tables, key=lambda one: one.name == "characters"):
            about = _own(table)
            if about is not None and table.name not in _STAYS:
                self._connection.change(Statement(delete(table).where(_bound(about))), params)

    def _rename(
        self, table: Table, columns: Sequence[str], names: Sequence[str], pattern: re.Pattern[str], anonymous: str
    ) -> None:
        """Replace the names wherever they stand as words in these columns."""
        keys = list(table.primary_key.columns)
        wanted = [table.c[name] for name in columns]
        like = or_(
            *(
                func.lower(cast(column, Text)).like(bindparam(f"name_{position}", type_=Text()), escape="\\")
                for column in wanted
                for position in range(len(names))
            )
        )
        params: dict[str, Any] = {f"name_{position}": f"%{_searched(name)}%" for position, name in enumerate(names)}
        for row in self._connection.rows(Statement(select(*keys, *wanted).where(like)), params):
            known = dict(zip(columns, row[len(keys) :], strict=True))
            changed = {name: _replaced(value, pattern, anonymous) for name, value in known.items()}
            if changed == known:
                continue
            change = update(table).where(and_(*(key == bindparam(f"key_{key.name}", type_=key.type) for key in keys)))
            change = change.values({name: bindparam(f"to_{name}", type_=table.c[name].type) for name in changed})
            values = {f"to_{name}": value for name, value in changed.items()}
            values |= {f"key_{key.name}": value for key, value in zip(keys, row, strict=False)}
            self._connection.change(Statement(change), values)

    def _number(self, account_id: AccountId) -> int:
        accounts = _TABLES["accounts"]
        rows = self._connection.rows(
            Statement(select(accounts.c.number).where(accounts.c.id == bindparam("account"))), {"account": account_id}
        )
        return rows[0][0] if rows else 0


_Terms = Sequence[tuple[Column[Any], str]]
"""Columns, and what is compared with them: `account`, `bodies`, `number`, or a word that stands for itself."""


def _own(table: Table) -> _Terms | None:
    """How to find the rows that are somebody's own; None if the table has none."""
    terms: list[tuple[Column[Any], str]] = []
    for column in table.columns:
        for key in column.foreign_keys:
            if key.target_fullname == "accounts.id":
                terms.append((column, "account"))
            elif key.target_fullname == "characters.id":
                terms.append((column, "bodies"))
    if table.name == "items":
        terms.append((table.c.holder_id, "bodies"))
    if table.name == "command_receipts":
        terms.append((table.c.character_id, "bodies"))
    if table.name == "imported":
        terms.append((table.c.ours, "account"))
    return terms or None


def _about(table: Table) -> _Terms | None:
    """How to find all rows that tell something about somebody; None if the table has none."""
    terms = list(_own(table) or ())
    terms += [(table.c[name], "account") for name in _BY_ACCOUNT.get(table.name, ())]
    terms += [(table.c[name], "bodies") for name in _BY_CHARACTER.get(table.name, ())]
    if table.name == "standings":
        terms.append((table.c.number, "number"))
    return terms or None


def _bound(terms: _Terms) -> ColumnElement[bool]:
    characters = _TABLES["characters"]
    bodies = select(characters.c.id).where(characters.c.account_id == bindparam("account"))
    found: list[ColumnElement[bool]] = []
    for column, what in terms:
        if what == "bodies":
            term = column.in_(bodies.scalar_subquery())
            found.append(
                and_(column.table.c.holder_kind == HolderKind.CHARACTER, term) if column.name == "holder_id" else term
            )
        elif what == "number":
            found.append(and_(column.table.c.kind == SubjectKind.PLAYER, column == bindparam("number")))
        else:
            found.append(column == bindparam("account"))
    return or_(*found)


def _searched(name: str) -> str:
    """A name as it may stand in a text, or escaped in JSON."""
    ascii_ = json.dumps(name)[1:-1] if not name.isascii() else name
    if ascii_ != name:
        return "%"  # JSON may have it escaped: look at all
    return name.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _replaced(value: Any, pattern: re.Pattern[str], anonymous: str) -> Any:
    if isinstance(value, str):
        return pattern.sub(anonymous, value)
    if isinstance(value, list):
        return [_replaced(one, pattern, anonymous) for one in value]
    if isinstance(value, dict):
        return {
            pattern.sub(anonymous, key) if isinstance(key, str) else key: _replaced(one, pattern, anonymous)
            for key, one in value.items()
        }
    return value


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value


def tables_with_people() -> Iterator[str]:
    """The tables that `SqlPersonal.rows` looks at."""
    return (table.name for table in metadata.sorted_tables if _about(table) is not None)
