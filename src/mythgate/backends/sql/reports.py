"""Reports of people, with their evidence, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Integer, String, and_, bindparam, delete, func, insert, not_, or_, select, true, update

from mythgate.backends.sql.statements import (
    SqlConnection,
    Statement,
    field_values,
    row_columns,
    save_version,
    values_of,
)
from mythgate.backends.sql.tables import report_lines, report_voices, reports
from mythgate.backends.sql.types import LARGEST_NUMBER, UtcDateTime, may_exist
from mythgate.domain.ids import AccountId
from mythgate.domain.reports import CLOSED, Line, Report, ReportState, Voice

_COLUMNS: Final = row_columns(reports, Report)
_is_closed: Final = or_(*(reports.c.state == state for state in sorted(CLOSED)))
_ADD: Final = Statement(
    insert(reports).values(**field_values(reports, Report, without=["number"])).returning(reports.c.number)
)
_GET: Final = Statement(select(*_COLUMNS).where(reports.c.number == bindparam("of_number")), locks=True)
_SAVE: Final = Statement(
    update(reports)
    .where(reports.c.number == bindparam("of_number"), reports.c.version == bindparam("known_version"))
    .values(**field_values(reports, Report, without=["number"]))
)
_OPEN_ABOUT: Final = Statement(
    select(*_COLUMNS)
    .where(
        reports.c.subject == bindparam("of_subject"),
        not_(_is_closed),
        reports.c.created_at >= bindparam("since", type_=UtcDateTime()),
    )
    .order_by(reports.c.number.desc())
    .limit(1),
    locks=True,
)
_COLLECTING: Final = Statement(select(*_COLUMNS).where(reports.c.sealed_at.is_(None)).order_by(reports.c.number))
_urgency: Final = bindparam("urgency", type_=Integer)
_before: Final = bindparam("before", type_=Integer)
_after_row: Final = or_(
    reports.c.urgency < _urgency,
    and_(reports.c.urgency == _urgency, reports.c.number < _before),
)
_of_subject: Final = bindparam("of_subject", type_=String)
_PAGES: Final = {
    (state, of_subject): Statement(
        select(*_COLUMNS)
        .where(
            _after_row,
            reports.c.state == state if state is not None else true(),
            reports.c.subject == _of_subject if of_subject else true(),
        )
        .order_by(reports.c.urgency.desc(), reports.c.number.desc())
        .limit(bindparam("at_most"))
    )
    for state in (None, *ReportState)
    for of_subject in (False, True)
}
_COUNTS: Final = Statement(select(reports.c.state, func.count()).group_by(reports.c.state))
_SWEEP: Final = Statement(
    delete(reports).where(
        func.coalesce(reports.c.closed_at, reports.c.created_at) < bindparam("until", type_=UtcDateTime()),
    )
)

_VOICE_COLUMNS: Final = row_columns(report_voices, Voice)
_ADD_VOICE: Final = Statement(
    insert(report_voices)
    .values(**field_values(report_voices, Voice, without=["number"]))
    .returning(report_voices.c.number)
)
_VOICES: Final = Statement(
    select(*_VOICE_COLUMNS).where(report_voices.c.report == bindparam("of_report")).order_by(report_voices.c.number)
)
_OWN: Final = Statement(
    select(*_VOICE_COLUMNS)
    .where(report_voices.c.account_id == bindparam("of_account"))
    .order_by(report_voices.c.number.desc())
    .limit(bindparam("at_most"))
)
_UNTOLD: Final = Statement(
    select(*_VOICE_COLUMNS)
    .join_from(report_voices, reports, reports.c.number == report_voices.c.report)
    .where(
        report_voices.c.account_id == bindparam("of_account"),
        report_voices.c.told_at.is_(None),
        _is_closed,
    )
    .order_by(report_voices.c.number)
)
_TOLD: Final = Statement(
    update(report_voices)
    .where(report_voices.c.number == bindparam("of_number"))
    .values(told_at=bindparam("told_at", type_=UtcDateTime()))
)
_UNTELL: Final = Statement(
    update(report_voices).where(report_voices.c.report == bindparam("of_report")).values(told_at=None)
)

_LINE_COLUMNS: Final = row_columns(report_lines, Line)
_ADD_LINE: Final = Statement(insert(report_lines).values(**field_values(report_lines, Line)))
_LINES: Final = Statement(
    select(*_LINE_COLUMNS).where(report_lines.c.report == bindparam("of_report")).order_by(report_lines.c.position)
)
_person: Final = bindparam("of_person", type_=String)
_ERASE_LINES: Final = Statement(
    update(report_lines)
    .where(report_lines.c.speaker == _person)
    .values(speaker="", name="", text="", message_id="", erased=True)
)
_ERASE_SUBJECT: Final = Statement(
    update(reports)
    .where(reports.c.subject == _person)
    .values(subject="", subject_name="", version=reports.c.version + 1)
)
_ERASE_VOICES: Final = Statement(
    update(report_voices).where(report_voices.c.account_id == _person).values(account_id=None, name="", reason="")
)


class SqlReports:
    """`services.ports.ReportRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, report: Report) -> Report:
        report.number = self._connection.rows(_ADD, values_of(report))[0][0]
        return report

    def get(self, number: int) -> Report | None:
        rows = self._connection.rows(_GET, {"of_number": number}) if may_exist(number) else ()
        return Report(*rows[0]) if rows else None

    def save(self, report: Report) -> None:
        save_version(self._connection, _SAVE, report, of_number=report.number)

    def open_about(self, subject: str, since: datetime) -> Report | None:
        if self._connection.writes:
            self._connection.reserve("reports:" + subject)
        rows = self._connection.rows(_OPEN_ABOUT, {"of_subject": subject, "since": since})
        return Report(*rows[0]) if rows else None

    def collecting(self) -> list[Report]:
        return [Report(*row) for row in self._connection.rows(_COLLECTING)]

    def page(
        self,
        *,
        state: ReportState | None = None,
        subject: str | None = None,
        after: Report | None = None,
        limit: int = 50,
    ) -> list[Report]:
        params: dict[str, Any] = {
            "urgency": after.urgency if after is not None else LARGEST_NUMBER,
            "before": after.number if after is not None else LARGEST_NUMBER,
            "of_subject": subject,
            "at_most": limit,
        }
        return [Report(*row) for row in self._connection.rows(_PAGES[state, subject is not None], params)]

    def counts(self) -> dict[ReportState, int]:
        known: dict[ReportState, int] = dict(map(tuple, self._connection.rows(_COUNTS)))
        return {state: known.get(state, 0) for state in ReportState}

    def sweep(self, until: datetime) -> int:
        return self._connection.change(_SWEEP, {"until": until})

    def add_voice(self, voice: Voice) -> Voice:
        voice.number = self._connection.rows(_ADD_VOICE, values_of(voice))[0][0]
        return voice

    def voices(self, report: int) -> list[Voice]:
        return [Voice(*row) for row in self._connection.rows(_VOICES, {"of_report": report})]

    def of_reporter(self, account_id: AccountId, limit: int = 50) -> list[Voice]:
        return [Voice(*row) for row in self._connection.rows(_OWN, {"of_account": account_id, "at_most": limit})]

    def untold(self, account_id: AccountId) -> list[Voice]:
        return [Voice(*row) for row in self._connection.rows(_UNTOLD, {"of_account": account_id})]

    def told(self, voice: Voice) -> None:
        self._connection.change(_TOLD, {"of_number": voice.number, "told_at": voice.told_at})

    def untell(self, report: int) -> None:
        self._connection.change(_UNTELL, {"of_report": report})

    def add_lines(self, lines: Sequence[Line]) -> None:
        for line in lines:
            self._connection.change(_ADD_LINE, values_of(line))

    def lines(self, report: int) -> list[Line]:
        return [Line(*row) for row in self._connection.rows(_LINES, {"of_report": report})]

    def erase(self, account_id: AccountId) -> None:
        for statement in (_ERASE_LINES, _ERASE_SUBJECT, _ERASE_VOICES):
            self._connection.change(statement, {"of_person": account_id})
