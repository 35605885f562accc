"""Games under way, reports of games, and results, as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any, Final

from sqlalchemy import Integer, String, bindparam, delete, func, insert, or_, select, update

from mythgate.backends.sql.statements import (
    Row,
    SqlConnection,
    Statement,
    field_values,
    insert_unless,
    row_columns,
    values_of,
)
from mythgate.backends.sql.tables import matches, result_lines, results, score_reports
from mythgate.backends.sql.types import may_exist
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import LobbyKind
from mythgate.domain.results import (
    Ending,
    Line,
    Match,
    Participant,
    PlayerReport,
    Result,
    ScoreReport,
    TeamReport,
    Testimony,
)

_MATCH: Final = select(*row_columns(matches, Match))
_OPEN: Final = Statement(insert(matches).values(**field_values(matches, Match)))
_GET_MATCH: Final = Statement(_MATCH.where(matches.c.id == bindparam("of_match")), locks=True)
_ALL_MATCHES: Final = Statement(_MATCH.order_by(matches.c.started_at, matches.c.id))
_SAVE_MATCH: Final = Statement(
    update(matches)
    .where(matches.c.id == bindparam("of_match"))
    .values(**field_values(matches, Match, without=["id", "started_at"]))
)
_CLOSE: Final = Statement(delete(matches).where(matches.c.id == bindparam("of_match")))

_TESTIFY: Final = Statement(insert(score_reports).values(**field_values(score_reports, Testimony)))
_TESTIMONY: Final = Statement(
    select(*row_columns(score_reports, Testimony))
    .where(score_reports.c.match_id == bindparam("of_match"))
    .order_by(score_reports.c.number)
)

_FIELDS: Final = [field.name for field in fields(Result) if field.name not in ("lines", "number")]
_RESULT: Final = select(*(results.c[name] for name in _FIELDS), results.c.number)
_ADD: Final = insert_unless(
    results,
    [results.c.match_id],
    {name: bindparam(name, type_=results.c[name].type) for name in _FIELDS},
    returning=results.c.number,
)
_ADD_LINE: Final = Statement(
    insert(result_lines).values(result=bindparam("of_result"), **field_values(result_lines, Line))
)
_GET: Final = Statement(_RESULT.where(results.c.number == bindparam("of_result")))
_OF_MATCH: Final = Statement(_RESULT.where(results.c.match_id == bindparam("of_match")))
_account: Final = bindparam("of_account", type_=String)
_room: Final = bindparam("of_room", type_=Integer)
_before: Final = bindparam("before", type_=Integer)
_RECENT: Final = Statement(
    _RESULT.where(or_(_room.is_(None), results.c.room_id == _room), or_(_before.is_(None), results.c.number < _before))
    .order_by(results.c.number.desc())
    .limit(bindparam("at_most"))
)
_RECENT_OF_ACCOUNT: Final = Statement(
    _RESULT.where(
        results.c.number.in_(select(result_lines.c.result).where(result_lines.c.account_id == _account)),
        or_(_room.is_(None), results.c.room_id == _room),
        or_(_before.is_(None), results.c.number < _before),
    )
    .order_by(results.c.number.desc())
    .limit(bindparam("at_most"))
)
_last: Final = bindparam("last", type_=Integer)
_FROM_NUMBER: Final = Statement(
    _RESULT.where(results.c.number >= bindparam("first"), or_(_last.is_(None), results.c.number <= _last))
    .order_by(results.c.number)
    .limit(bindparam("at_most"))
)
_LINES: Final = Statement(
    select(result_lines.c.result, *row_columns(result_lines, Line)).where(
        result_lines.c.result.between(bindparam("lowest"), bindparam("highest"))
    )
)
_LINES_OF: Final = Statement(
    select(result_lines.c.result, *row_columns(result_lines, Line)).where(
        result_lines.c.result == bindparam("of_result")
    )
)
_NEWEST: Final = Statement(select(func.coalesce(func.max(results.c.number), 0)))
_PLAYED: Final = Statement(
    select(results.c.kind, func.count())
    .join(result_lines, result_lines.c.result == results.c.number)
    .where(result_lines.c.account_id == bindparam("of_account"))
    .group_by(results.c.kind)
)


class SqlMatches:
    """`services.ports.MatchRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def open(self, match: Match) -> None:
        self._connection.change(_OPEN, _match_values(match))

    def get(self, match_id: str) -> Match | None:
        self._connection.reserve("match:" + match_id)  # also one that is not there yet
        rows = self._connection.rows(_GET_MATCH, {"of_match": match_id})
        return _match(rows[0]) if rows else None

    def all(self) -> list[Match]:
        return [_match(row) for row in self._connection.rows(_ALL_MATCHES)]

    def save(self, match: Match) -> None:
        self._connection.change(_SAVE_MATCH, {**_match_values(match), "of_match": match.id})

    def close(self, match_id: str) -> None:
        self._connection.change(_CLOSE, {"of_match": match_id})

    def testify(self, testimony: Testimony) -> None:
        self._connection.change(_TESTIFY, {**values_of(testimony), "report": asdict(testimony.report)})

    def testimony(self, match_id: str) -> list[Testimony]:
        return [
            Testimony(match_id, _report(report), received_at, fault)
            for _, report, received_at, fault in self._connection.rows(_TESTIMONY, {"of_match": match_id})
        ]


def _match_values(match: Match) -> dict[str, Any]:
    return {**values_of(match), "line_up": [asdict(one) for one in match.line_up]}


def _match(row: Row) -> Match:
    values = dict(zip(Match.__slots__, row, strict=True))
    return Match(**{**values, "line_up": tuple(Participant(**one) for one in values["line_up"])})


def _report(report: Mapping[str, Any]) -> ScoreReport:
    parts = {
        "teams": tuple(TeamReport(**one) for one in report["teams"]),
        "players": tuple(PlayerReport(**one) for one in report["players"]),
        "ended": Ending(report["ended"]),
    }
    return ScoreReport(**{**report, **parts})


class SqlResults:
    """`services.ports.ResultRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, result: Result) -> Result | None:
        # Numbers are given out before a commit: without this, a lower one could appear after a higher one.
        self._connection.reserve("results")
        rows = self._connection.rows(_ADD, values_of(result))
        if not rows:
            return None
        number = rows[0][0]
        for line in result.lines:
            self._connection.change(_ADD_LINE, {**values_of(line), "of_result": number})
        return replace(result, number=number)

    def get(self, number: int) -> Result | None:
        return self._one(_GET, {"of_result": number}) if may_exist(number) else None

    def of_match(self, match_id: str) -> Result | None:
        return self._one(_OF_MATCH, {"of_match": match_id})

    def recent(
        self,
        *,
        account_id: AccountId | None = None,
        room_id: int | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Result]:
        params = {"of_account": account_id, "of_room": room_id, "before": before, "at_most": limit}
        rows = self._connection.rows(_RECENT if account_id is None else _RECENT_OF_ACCOUNT, params)
        # One by one: those of one player lie far apart.
        return [self._complete(row, self._connection.rows(_LINES_OF, {"of_result": row[-1]})) for row in rows]

    def from_number(self, first: int, last: int | None = None, *, limit: int = 1000) -> list[Result]:
        rows = self._connection.rows(_FROM_NUMBER, {"first": first, "last": last, "at_most": limit})
        if not rows:
            return []
        lines: dict[int, list[Row]] = {}
        for line in self._connection.rows(_LINES, {"lowest": rows[0][-1], "highest": rows[-1][-1]}):
            lines.setdefault(line[0], []).append(line)
        return [self._complete(row, lines.get(row[-1], ())) for row in rows]

    def newest(self) -> int:
        return int(self._connection.rows(_NEWEST)[0][0])

    def played(self, account_id: AccountId) -> dict[LobbyKind, int]:
        return {kind: int(count) for kind, count in self._connection.rows(_PLAYED, {"of_account": account_id})}

    def _one(self, statement: Statement, params: Mapping[str, Any]) -> Result | None:
        rows = self._connection.rows(statement, params)
        if not rows:
            return None
        return self._complete(rows[0], self._connection.rows(_LINES_OF, {"of_result": rows[0][-1]}))

    def _complete(self, row: Row, lines: Sequence[Row]) -> Result:
        read = [Line(*line[1:]) for line in lines]
        read.sort(key=lambda one: (one.side, not one.captain, one.name.casefold(), one.number))
        return Result(**dict(zip(_FIELDS, row, strict=False)), lines=tuple(read), number=row[-1])
