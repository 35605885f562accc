"""Accounts as rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import String, bindparam, delete, exists, func, or_, select, update

from mythgate.backends.sql.statements import (
    SqlConnection,
    Statement,
    field_values,
    insert_unless,
    row_columns,
    save_version,
    values_of,
)
from mythgate.backends.sql.tables import accounts, characters, items, sessions
from mythgate.backends.sql.types import Choice, UtcDateTime, may_exist
from mythgate.domain.accounts import Account, AccountStatus, Role
from mythgate.domain.errors import NameTaken, NotFound
from mythgate.domain.ids import AccountId
from mythgate.domain.items import HolderKind

_SELECT: Final = select(*row_columns(accounts, Account))
_ADD: Final = insert_unless(
    accounts,
    [accounts.c.name_key],
    field_values(accounts, Account, without=["number"]),
    returning=accounts.c.number,
)
_GET: Final = Statement(_SELECT.where(accounts.c.id == bindparam("account_id")), locks=True)
_BY_NAME_KEY: Final = Statement(_SELECT.where(accounts.c.name_key == bindparam("key")), locks=True)
_BY_NUMBER: Final = Statement(_SELECT.where(accounts.c.number == bindparam("of")), locks=True)
_SAVE: Final = Statement(
    update(accounts)
    .where(accounts.c.id == bindparam("account_id"), accounts.c.version == bindparam("known_version"))
    .values(**field_values(accounts, Account, without=["id", "number", "created_at"]))
)
_role: Final = bindparam("of_role", type_=Choice(Role))
_status: Final = bindparam("of_status", type_=Choice(AccountStatus))
_after: Final = bindparam("after_id", type_=String)
_SEARCH: Final = Statement(
    _SELECT.where(
        func.lower(accounts.c.name).like(bindparam("pattern", type_=String), escape="\\"),
        or_(_role.is_(None), accounts.c.role == _role),
        or_(_status.is_(None), accounts.c.status == _status),
        or_(_after.is_(None), accounts.c.id > _after),
    )
    .order_by(accounts.c.id)
    .limit(bindparam("at_most"))
)
_COUNT: Final = Statement(select(func.count()).select_from(accounts))

_idle_since: Final = bindparam("idle_since", type_=UtcDateTime)
_idle_guest: Final = (
    accounts.c.is_guest,
    func.coalesce(accounts.c.last_login_at, accounts.c.created_at, type_=UtcDateTime) < _idle_since,
    ~exists().where(sessions.c.account_id == accounts.c.id, sessions.c.last_seen_at >= _idle_since),
)
_DELETE_THINGS_OF_IDLE_GUESTS: Final = Statement(
    delete(items).where(
        items.c.holder_kind == HolderKind.CHARACTER,
        items.c.holder_id.in_(
            select(characters.c.id)
            .join(accounts, accounts.c.id == characters.c.account_id)
            .where(*_idle_guest)
            .scalar_subquery()
        ),
    )
)
_DELETE_IDLE_GUESTS: Final = Statement(delete(accounts).where(*_idle_guest))


class SqlAccounts:
    """`services.ports.AccountRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, account: Account) -> Account:
        rows = self._connection.rows(_ADD, values_of(account))
        if not rows:
            raise NameTaken(field="name")
        account.number = rows[0][0]
        return account

    def get(self, account_id: AccountId) -> Account | None:
        return self._one(_GET, {"account_id": account_id})

    def require(self, account_id: AccountId) -> Account:
        account = self._one(_GET, {"account_id": account_id})
        if account is None:
            raise NotFound("There is no such account.")
        return account

    def by_name_key(self, name_key: str) -> Account | None:
        return self._one(_BY_NAME_KEY, {"key": name_key})

    def by_number(self, number: int) -> Account | None:
        return self._one(_BY_NUMBER, {"of": number}) if may_exist(number) else None

    def save(self, account: Account) -> None:
        save_version(self._connection, _SAVE, account, account_id=account.id)

    def search(
        self,
        text: str = "",
        *,
        role: Role | None = None,
        status: AccountStatus | None = None,
        limit: int = 50,
        after: AccountId | None = None,
    ) -> list[Account]:
        literal = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        params = {
            "pattern": f"%{literal}%",
            "of_role": role,
            "of_status": status,
            "after_id": after,
            "at_most": limit,
        }
        return [Account(*row) for row in self._connection.rows(_SEARCH, params)]

    def count(self) -> int:
        return int(self._connection.rows(_COUNT)[0][0])

    def delete_idle_guests(self, idle_since: datetime) -> int:
        params = {"idle_since": idle_since}
        self._connection.change(_DELETE_THINGS_OF_IDLE_GUESTS, params)
        return self._connection.change(_DELETE_IDLE_GUESTS, params)

    def _one(self, statement: Statement, params: Mapping[str, Any]) -> Account | None:
        rows = self._connection.rows(statement, params)
        return Account(*rows[0]) if rows else None
