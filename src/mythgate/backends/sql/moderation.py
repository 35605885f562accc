"""The audit log as rows."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import String, bindparam, func, insert, select

from mythgate.backends.sql.measures import SqlMeasures
from mythgate.backends.sql.statements import SqlConnection, Statement, field_values, row_columns
from mythgate.backends.sql.tables import audit_log
from mythgate.domain.ids import AccountId
from mythgate.domain.measures import MeasureKind
from mythgate.domain.moderation import AuditEntry, Mute

_RECORD: Final = Statement(insert(audit_log).values(**field_values(audit_log, AuditEntry)))
_subject: Final = bindparam("of_subject", type_=String)
_AUDIT: Final = Statement(
    select(*row_columns(audit_log, AuditEntry)).order_by(audit_log.c.number.desc()).limit(bindparam("at_most"))
)
_AUDIT_OF: Final = Statement(
    select(*row_columns(audit_log, AuditEntry))
    .where(audit_log.c.subject == _subject)
    .order_by(audit_log.c.number.desc())
    .limit(bindparam("at_most"))
)
_NEWEST: Final = Statement(select(func.coalesce(func.max(audit_log.c.number), 0)))
_ACTS_OF: Final = Statement(
    select(*row_columns(audit_log, AuditEntry))
    .where(audit_log.c.number > bindparam("after"), audit_log.c.actor == bindparam("of_actor"))
    .order_by(audit_log.c.number)
)


class SqlModeration:
    """`services.ports.ModerationRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def mute_of(self, account_id: AccountId) -> Mute | None:
        found = SqlMeasures(self._connection).everywhere(account_id, MeasureKind.MUTE)
        if found is None:
            return None
        return Mute(account_id, AccountId(found.by_account_id), found.reason, found.created_at, found.ends_at)

    def record(self, entry: AuditEntry) -> None:
        self._connection.change(_RECORD, {name: getattr(entry, name) for name in AuditEntry.__slots__})

    def audit(self, *, subject: str | None = None, limit: int = 100) -> list[AuditEntry]:
        params: dict[str, Any] = {"at_most": limit, "of_subject": subject}
        return [AuditEntry(*row) for row in self._connection.rows(_AUDIT if subject is None else _AUDIT_OF, params)]

    def newest(self) -> int:
        number: int = self._connection.rows(_NEWEST)[0][0]
        return number

    def acts_of(self, actor: str, *, after: int) -> list[AuditEntry]:
        return [AuditEntry(*row) for row in self._connection.rows(_ACTS_OF, {"of_actor": actor, "after": after})]
