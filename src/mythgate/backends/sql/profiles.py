"""Profiles and game passwords as rows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, select

from mythgate.backends.sql.statements import (
    SqlConnection,
    Statement,
    field_values,
    insert_or_replace,
    row_columns,
    values_of,
)
from mythgate.backends.sql.tables import game_passwords, profiles
from mythgate.domain.ids import AccountId
from mythgate.domain.profiles import Profile

_of_account: Final = profiles.c.account_id == bindparam("of_account")
_GET: Final = Statement(select(*row_columns(profiles, Profile)).where(_of_account), locks=True)
_SAVE: Final = insert_or_replace(profiles, [profiles.c.account_id], field_values(profiles, Profile))
_DELETE: Final = Statement(delete(profiles).where(_of_account))

_password_of: Final = game_passwords.c.account_id == bindparam("of_account")
_GET_PASSWORD: Final = Statement(select(game_passwords.c.password_hash).where(_password_of), locks=True)
_SET_PASSWORD: Final = insert_or_replace(
    game_passwords,
    [game_passwords.c.account_id],
    {"account_id": bindparam("of_account"), "password_hash": bindparam("hashed")},
)
_CLEAR_PASSWORD: Final = Statement(delete(game_passwords).where(_password_of))


class SqlProfiles:
    """`services.ports.ProfileRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def get(self, account_id: AccountId) -> Profile | None:
        rows = self._connection.rows(_GET, {"of_account": account_id})
        return Profile(*rows[0]) if rows else None

    def save(self, profile: Profile) -> None:
        self._connection.change(_SAVE, values_of(profile))

    def delete(self, account_id: AccountId) -> bool:
        return self._connection.change(_DELETE, {"of_account": account_id}) == 1


class SqlGamePasswords:
    """`services.ports.GamePasswordRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def get(self, account_id: AccountId) -> str | None:
        rows = self._connection.rows(_GET_PASSWORD, {"of_account": account_id})
        return rows[0][0] if rows else None

    def set(self, account_id: AccountId, password_hash: str) -> None:
        self._connection.change(_SET_PASSWORD, {"of_account": account_id, "hashed": password_hash})

    def clear(self, account_id: AccountId) -> bool:
        return self._connection.change(_CLEAR_PASSWORD, {"of_account": account_id}) == 1
