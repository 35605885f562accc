"""The audit log as rows, each with a hash that covers the row before."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import BigInteger, String, Text, bindparam, cast, func, insert, null, or_, select, update

from mythgate.backends.sql.measures import SqlMeasures
from mythgate.backends.sql.statements import SqlConnection, Statement, field_values, row_columns
from mythgate.backends.sql.tables import audit_log
from mythgate.backends.sql.types import UtcDateTime, small_json
from mythgate.domain.ids import AccountId
from mythgate.domain.measures import MeasureKind
from mythgate.domain.moderation import AuditEntry, Mute
from mythgate.domain.record import FIRST_LINK, Recorded, Sought, digest, linked

_RECORD: Final = Statement(insert(audit_log).values(**field_values(audit_log, Recorded, without=["number"])))
_LAST_LINK: Final = Statement(select(audit_log.c.link).order_by(audit_log.c.number.desc()).limit(1))
_SALT_BYTES: Final = 16
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
_COLUMNS: Final = select(*row_columns(audit_log, Recorded))
_actor: Final = bindparam("by_actor", type_=String)
_action: Final = bindparam("of_action", type_=String)
_group: Final = bindparam("of_group", type_=String)
_text: Final = bindparam("with_text", type_=String)
_since: Final = bindparam("since", type_=UtcDateTime)
_until: Final = bindparam("until", type_=UtcDateTime)
_before: Final = bindparam("before", type_=BigInteger)
_SEARCH: Final = Statement(
    _COLUMNS.where(
        or_(_actor.is_(None), audit_log.c.actor == _actor),
        or_(_action.is_(None), audit_log.c.action == _action, audit_log.c.action.like(_group, escape="\\")),
        or_(_subject.is_(None), audit_log.c.subject == _subject),
        or_(_text.is_(None), func.lower(cast(audit_log.c.detail, Text)).like(_text, escape="\\")),
        or_(_since.is_(None), audit_log.c.at >= _since),
        or_(_until.is_(None), audit_log.c.at < _until),
        audit_log.c.number < _before,
    )
    .order_by(audit_log.c.number.desc())
    .limit(bindparam("at_most"))
)
_PAGE: Final = Statement(
    _COLUMNS.where(audit_log.c.number > bindparam("after")).order_by(audit_log.c.number).limit(bindparam("at_most"))
)
_ABOUT: Final = Statement(
    select(audit_log.c.number, audit_log.c.subject, audit_log.c.detail)
    .where(
        audit_log.c.salt.is_not(None),
        or_(
            audit_log.c.subject == _subject,
            func.lower(cast(audit_log.c.detail, Text)).like(bindparam("named", type_=String), escape="\\"),
        ),
    )
    .order_by(audit_log.c.number)
)
_EMPTY: Final = Statement(
    update(audit_log)
    .where(audit_log.c.number == bindparam("of_number"))
    .values(detail=bindparam("nothing", type_=small_json()), salt=null())
)
_ENDLESS: Final = 2**62


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
        self._connection.reserve("record")  # the order of the chain is that of the numbers
        rows = self._connection.rows(_LAST_LINK)
        before = (rows[0][0] if rows else None) or FIRST_LINK
        salt = secrets.token_bytes(_SALT_BYTES)
        said = digest(salt, entry.detail)
        values: dict[str, Any] = {name: getattr(entry, name) for name in AuditEntry.__slots__}
        values |= {
            "salt": salt,
            "said": said,
            "link": linked(before, entry.at, entry.actor, entry.action, entry.subject, said),
        }
        self._connection.change(_RECORD, values)

    def audit(self, *, subject: str | None = None, limit: int = 100) -> list[AuditEntry]:
        params: dict[str, Any] = {"at_most": limit, "of_subject": subject}
        return [AuditEntry(*row) for row in self._connection.rows(_AUDIT if subject is None else _AUDIT_OF, params)]

    def newest(self) -> int:
        number: int = self._connection.rows(_NEWEST)[0][0]
        return number

    def acts_of(self, actor: str, *, after: int) -> list[AuditEntry]:
        return [AuditEntry(*row) for row in self._connection.rows(_ACTS_OF, {"of_actor": actor, "after": after})]

    def search(self, sought: Sought, *, before: int | None = None, limit: int = 100) -> list[Recorded]:
        params: dict[str, Any] = {
            "by_actor": sought.actor or None,
            "of_action": sought.action or None,
            "of_group": _literal(sought.action.rstrip(".")) + ".%",
            "of_subject": sought.subject or None,
            "with_text": f"%{_literal(sought.text.lower())}%" if sought.text else None,
            "since": sought.since,
            "until": sought.until,
            "before": _ENDLESS if before is None else before,
            "at_most": limit,
        }
        return [Recorded(*row) for row in self._connection.rows(_SEARCH, params)]

    def page(self, *, after: int, limit: int) -> list[Recorded]:
        return [Recorded(*row) for row in self._connection.rows(_PAGE, {"after": after, "at_most": limit})]

    def about(self, account_id: AccountId, names: Collection[str]) -> list[int]:
        found: set[int] = set()
        for name in names:
            folded = name.casefold()
            # JSON may have other letters than these escaped: then all are looked at.
            named = f"%{_literal(name.lower())}%" if name.isascii() and name.isprintable() else "%"
            for number, subject, detail in self._connection.rows(_ABOUT, {"of_subject": account_id, "named": named}):
                if subject == account_id or any(folded in str(value).casefold() for value in detail.values()):
                    found.add(number)
        return sorted(found)

    def empty(self, number: int) -> None:
        self._connection.change(_EMPTY, {"of_number": number, "nothing": {}})


def _literal(text: str) -> str:
    """Text that stands for itself in LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
