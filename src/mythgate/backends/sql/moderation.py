"""Mutes and the audit log as rows."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import String, bindparam, delete, func, insert, select

from mythgate.backends.sql.statements import SqlConnection, Statement, field_values, insert_or_replace, row_columns
from mythgate.backends.sql.tables import audit_log, mutes
from mythgate.domain.ids import AccountId
from mythgate.domain.moderation import AuditEntry, Mute

_MUTE: Final = insert_or_replace(mutes, [mutes.c.account_id], field_values(mutes, Mute))
_of_account: Final = mutes.c.account_id == bindparam("of_account")
_UNMUTE: Final = Statement(delete(mutes).where(_of_account))
_MUTE_OF: Final = Statement(select(*row_columns(mutes, Mute)).where(_of_account), locks=True)
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

    def mute(self, mute: Mute) -> None:
        self._connection.change(_MUTE, {name: getattr(mute, name) for name in Mute.__slots__})

    def unmute(self, account_id: AccountId) -> bool:
        return self._connection.change(_UNMUTE, {"of_account": account_id}) == 1

    def mute_of(self, account_id: AccountId) -> Mute | None:
        rows = self._connection.rows(_MUTE_OF, {"of_account": account_id})
        return Mute(*rows[0]) if rows else None

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
