"""Bans, mutes and the appeals against them as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Integer, String, and_, bindparam, delete, func, insert, or_, select, true, update

from mythgate.backends.sql.statements import (
    Duplicate,
    SqlConnection,
    Statement,
    field_values,
    row_columns,
    save_version,
    values_of,
)
from mythgate.backends.sql.tables import appeals, measures
from mythgate.backends.sql.types import LARGEST_NUMBER, UtcDateTime, may_exist
from mythgate.domain.errors import WrongState
from mythgate.domain.ids import AccountId
from mythgate.domain.measures import Appeal, AppealState, Measure, MeasureKind, Scope

_COLUMNS: Final = row_columns(measures, Measure)
_now: Final = bindparam("now", type_=UtcDateTime())
_in_force: Final = and_(measures.c.lifted_at.is_(None), or_(measures.c.ends_at.is_(None), measures.c.ends_at > _now))
_before: Final = measures.c.number < bindparam("before")
_limit: Final = bindparam("at_most", type_=Integer)
_NEWEST_FIRST: Final = select(*_COLUMNS).order_by(measures.c.number.desc())

_ADD: Final = Statement(
    insert(measures).values(**field_values(measures, Measure, without=["number"])).returning(measures.c.number)
)
_GET: Final = Statement(select(*_COLUMNS).where(measures.c.number == bindparam("of_number")), locks=True)
_BY_CODE: Final = Statement(_NEWEST_FIRST.where(measures.c.code == bindparam("of_code")).limit(1))
_SAVE: Final = Statement(
    update(measures)
    .where(measures.c.number == bindparam("of_number"), measures.c.version == bindparam("known_version"))
    .values(**field_values(measures, Measure, without=["number"]))
)
_OF_ACCOUNT: Final = Statement(
    _NEWEST_FIRST.where(
        measures.c.account_id == bindparam("of_account"),
        measures.c.kind == bindparam("of_kind", type_=measures.c.kind.type),
        measures.c.scope == Scope.EVERYWHERE,
        measures.c.lifted_at.is_(None),
    ),
    locks=True,
)
_IN_FORCE: Final = Statement(_NEWEST_FIRST.where(_in_force))
_OVER: Final = Statement(
    _NEWEST_FIRST.where(measures.c.lifted_at.is_(None), measures.c.ends_at <= _now)
    .order_by(None)
    .order_by(measures.c.number)
)
_LOCKS: Final = Statement(
    select(measures.c.account_id, measures.c.ends_at).where(
        measures.c.kind == MeasureKind.BAN,
        measures.c.scope == Scope.EVERYWHERE,
        measures.c.account_id.is_not(None),
        measures.c.lifted_at.is_(None),
        measures.c.ends_at.is_not(None),
    )
)
_of_account: Final = bindparam("of_account", type_=String)
_PAGE: Final = {
    (active, of_account): Statement(
        _NEWEST_FIRST.where(
            _before,
            _in_force if active else true(),
            measures.c.account_id == _of_account if of_account else true(),
        ).limit(_limit)
    )
    for active in (False, True)
    for of_account in (False, True)
}
_FORGET: Final = Statement(delete(measures).where(measures.c.account_id == _of_account))

_APPEAL_COLUMNS: Final = row_columns(appeals, Appeal)
_APPEAL: Final = Statement(
    insert(appeals).values(**field_values(appeals, Appeal, without=["number"])).returning(appeals.c.number)
)
_GET_APPEAL: Final = Statement(select(*_APPEAL_COLUMNS).where(appeals.c.number == bindparam("of_number")), locks=True)
_OF_MEASURE: Final = Statement(
    select(*_APPEAL_COLUMNS)
    .where(appeals.c.measure == bindparam("of_measure"))
    .order_by(appeals.c.number.desc())
    .limit(1)
)
_SAVE_APPEAL: Final = Statement(
    update(appeals)
    .where(appeals.c.number == bindparam("of_number"), appeals.c.version == bindparam("known_version"))
    .values(**field_values(appeals, Appeal, without=["number"]))
)
_APPEALS: Final = {
    open_only: Statement(
        select(*_APPEAL_COLUMNS)
        .where(
            appeals.c.number < bindparam("before"),
            appeals.c.state == AppealState.OPEN if open_only else true(),
        )
        .order_by(appeals.c.number.desc())
        .limit(_limit)
    )
    for open_only in (False, True)
}
_COUNT_OPEN: Final = Statement(select(func.count()).select_from(appeals).where(appeals.c.state == AppealState.OPEN))
_DELETE_OLD: Final = Statement(
    delete(measures).where(
        or_(
            measures.c.lifted_at <= bindparam("until", type_=UtcDateTime()),
            measures.c.ends_at <= bindparam("until", type_=UtcDateTime()),
        )
    )
)


class SqlMeasures:
    """`services.ports.MeasureRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, measure: Measure) -> Measure:
        measure.number = self._connection.rows(_ADD, values_of(measure))[0][0]
        return measure

    def get(self, number: int) -> Measure | None:
        rows = self._connection.rows(_GET, {"of_number": number}) if may_exist(number) else ()
        return Measure(*rows[0]) if rows else None

    def by_code(self, code: str) -> Measure | None:
        rows = self._connection.rows(_BY_CODE, {"of_code": code}) if code else ()
        return Measure(*rows[0]) if rows else None

    def save(self, measure: Measure) -> None:
        save_version(self._connection, _SAVE, measure, of_number=measure.number)

    def everywhere(self, account_id: AccountId, kind: MeasureKind) -> Measure | None:
        rows = self._connection.rows(_OF_ACCOUNT, {"of_account": account_id, "of_kind": kind})
        return Measure(*rows[0]) if rows else None

    def in_force(self, now: datetime) -> list[Measure]:
        return [Measure(*row) for row in self._connection.rows(_IN_FORCE, {"now": now})]

    def over(self, now: datetime) -> list[Measure]:
        return [Measure(*row) for row in self._connection.rows(_OVER, {"now": now})]

    def lock_ends(self) -> dict[AccountId, datetime]:
        return {row[0]: row[1] for row in self._connection.rows(_LOCKS)}

    def page(
        self,
        *,
        active_at: datetime | None = None,
        account_id: AccountId | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Measure]:
        params: dict[str, Any] = {
            "now": active_at,
            "of_account": account_id,
            "before": before if before is not None else LARGEST_NUMBER,
            "at_most": limit,
        }
        statement = _PAGE[active_at is not None, account_id is not None]
        return [Measure(*row) for row in self._connection.rows(statement, params)]

    def forget(self, account_id: AccountId) -> None:
        self._connection.change(_FORGET, {"of_account": account_id})

    def delete_over(self, until: datetime) -> int:
        return self._connection.change(_DELETE_OLD, {"until": until})

    # --- appeals ---

    def appeal(self, appeal: Appeal) -> Appeal:
        try:
            appeal.number = self._connection.rows(_APPEAL, values_of(appeal))[0][0]
        except Duplicate:
            raise WrongState("There is an appeal already that nobody has decided yet.") from None
        return appeal

    def get_appeal(self, number: int) -> Appeal | None:
        rows = self._connection.rows(_GET_APPEAL, {"of_number": number}) if may_exist(number) else ()
        return Appeal(*rows[0]) if rows else None

    def appeal_against(self, measure: int) -> Appeal | None:
        rows = self._connection.rows(_OF_MEASURE, {"of_measure": measure})
        return Appeal(*rows[0]) if rows else None

    def save_appeal(self, appeal: Appeal) -> None:
        save_version(self._connection, _SAVE_APPEAL, appeal, of_number=appeal.number)

    def appeals(self, *, open_only: bool = True, before: int | None = None, limit: int = 50) -> list[Appeal]:
        params = {"before": before if before is not None else LARGEST_NUMBER, "at_most": limit}
        return [Appeal(*row) for row in self._connection.rows(_APPEALS[open_only], params)]

    def open_appeals(self) -> int:
        count: int = self._connection.rows(_COUNT_OPEN)[0][0]
        return count
