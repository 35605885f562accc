"""Log-in sessions as rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import String, bindparam, delete, insert, or_, select, update

from mythgate.backends.sql.statements import SqlConnection, Statement, field_values, row_columns, values_of
from mythgate.backends.sql.tables import sessions
from mythgate.backends.sql.types import UtcDateTime
from mythgate.domain.errors import NotFound
from mythgate.domain.ids import AccountId, SessionId
from mythgate.domain.sessions import Session

_SELECT: Final = select(*row_columns(sessions, Session))
_ADD: Final = Statement(insert(sessions).values(**field_values(sessions, Session)))
_GET: Final = Statement(_SELECT.where(sessions.c.id == bindparam("session_id")), locks=True)
_PROVEN_UNTIL: Final = Statement(select(sessions.c.proven_until).where(sessions.c.id == bindparam("session_id")))
_BY_TOKEN_HASH: Final = Statement(_SELECT.where(sessions.c.token_hash == bindparam("digest")), locks=True)
_SAVE: Final = Statement(
    update(sessions)
    .where(sessions.c.id == bindparam("session_id"))
    .values(**field_values(sessions, Session, without=["id", "account_id", "created_at"]))
)
_OF_ACCOUNT: Final = Statement(
    _SELECT.where(sessions.c.account_id == bindparam("of_account"), sessions.c.revoked_at.is_(None)).order_by(
        sessions.c.created_at.desc(), sessions.c.id.desc()
    ),
    locks=True,
)
_LIVING: Final = Statement(
    _SELECT.where(sessions.c.revoked_at.is_(None), sessions.c.expires_at > bindparam("now", type_=UtcDateTime)),
    locks=True,
)
_keep: Final = bindparam("keep", type_=String)
_REVOKE_ALL: Final = Statement(
    update(sessions)
    .where(
        sessions.c.account_id == bindparam("of_account"),
        sessions.c.revoked_at.is_(None),
        or_(_keep.is_(None), sessions.c.id != _keep),
    )
    .values(revoked_at=bindparam("now", type_=UtcDateTime))
    .returning(sessions.c.id)
)
_before: Final = bindparam("before", type_=UtcDateTime)
_DELETE_ENDED: Final = Statement(
    delete(sessions)
    .where(or_(sessions.c.expires_at < _before, sessions.c.revoked_at < _before))
    .returning(sessions.c.id)
)


class SqlSessions:
    """`services.ports.SessionRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, session: Session) -> None:
        self._connection.change(_ADD, values_of(session))

    def get(self, session_id: SessionId) -> Session | None:
        return self._one(_GET, {"session_id": session_id})

    def by_token_hash(self, token_hash: bytes) -> Session | None:
        return self._one(_BY_TOKEN_HASH, {"digest": token_hash})

    def save(self, session: Session) -> None:
        """Raises NotFound if the session was deleted meanwhile."""
        if not self._connection.change(_SAVE, {**values_of(session), "session_id": session.id}):
            raise NotFound("There is no such session.")

    def of_account(self, account_id: AccountId) -> list[Session]:
        return [Session(*row) for row in self._connection.rows(_OF_ACCOUNT, {"of_account": account_id})]

    def living(self, now: datetime) -> list[Session]:
        return [Session(*row) for row in self._connection.rows(_LIVING, {"now": now})]

    def proven_until(self, session_id: SessionId) -> datetime | None:
        rows = self._connection.rows(_PROVEN_UNTIL, {"session_id": session_id})
        return rows[0][0] if rows else None

    def revoke_all(self, account_id: AccountId, now: datetime, *, keep: SessionId | None = None) -> list[SessionId]:
        rows = self._connection.rows(_REVOKE_ALL, {"of_account": account_id, "now": now, "keep": keep})
        return sorted(SessionId(row[0]) for row in rows)

    def delete_ended(self, before: datetime) -> list[SessionId]:
        return sorted(SessionId(row[0]) for row in self._connection.rows(_DELETE_ENDED, {"before": before}))

    def _one(self, statement: Statement, params: Mapping[str, Any]) -> Session | None:
        rows = self._connection.rows(statement, params)
        return Session(*rows[0]) if rows else None
