"""Seasons and standings as rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from mythgate.backends.sql.statements import (
    Row,
    SqlConnection,
    Statement,
    field_values,
    insert_or_replace,
    row_columns,
    values_of,
)
from mythgate.backends.sql.tables import accounts, clans, seasons, standings
from mythgate.backends.sql.types import may_exist
from mythgate.domain.ratings import ENOUGH_GAMES, Category, Season, Standing, StandingTable, SubjectKind

_SEASON: Final = select(*row_columns(seasons, Season))
_CURRENT: Final = Statement(_SEASON.where(seasons.c.ends_at.is_(None)).order_by(seasons.c.number.desc()).limit(1))
_GET_SEASON: Final = Statement(_SEASON.where(seasons.c.number == bindparam("of_season")))
_SEASONS: Final = Statement(_SEASON.order_by(seasons.c.number))
_ADD_SEASON: Final = Statement(
    insert(seasons).values(**field_values(seasons, Season, without=["number"])).returning(seasons.c.number)
)
_SAVE_SEASON: Final = Statement(
    update(seasons)
    .where(seasons.c.number == bindparam("of_season"))
    .values(**field_values(seasons, Season, without=["number"]))
)

_STANDING: Final = select(*row_columns(standings, Standing))
_in_season: Final = standings.c.season == bindparam("of_season")
_kind: Final = standings.c.kind == bindparam("of_kind", type_=standings.c.kind.type)
_ladder: Final = and_(_in_season, _kind, standings.c.category == bindparam("of_category"))
_number: Final = standings.c.number == bindparam("of_number")
_is_active: Final = standings.c.games >= ENOUGH_GAMES
_GET: Final = Statement(_STANDING.where(_ladder, _number))
_PUT: Final = insert_or_replace(
    standings,
    [standings.c.season, standings.c.kind, standings.c.category, standings.c.number],
    {"season": bindparam("of_season"), **field_values(standings, Standing)},
)
_CLEAR: Final = Statement(delete(standings).where(_in_season))
_FORGET: Final = Statement(delete(standings).where(_ladder, _number))
_ACTIVE: Final = Statement(select(func.count()).select_from(standings).where(_ladder, _is_active))
_AHEAD: Final = Statement(
    select(func.count())
    .select_from(standings)
    .where(
        _ladder,
        _is_active,
        or_(
            standings.c.points > bindparam("points"),
            and_(
                standings.c.points == bindparam("points"),
                or_(
                    standings.c.games > bindparam("games"),
                    and_(standings.c.games == bindparam("games"), standings.c.number < bindparam("of_number")),
                ),
            ),
        ),
    )
)
_LADDER: Final = Statement(
    _STANDING.where(_ladder)
    .order_by(_is_active.desc(), standings.c.points.desc(), standings.c.games.desc(), standings.c.number)
    .limit(bindparam("at_most"))
    .offset(bindparam("skipped"))
)
_OF_SUBJECT: Final = Statement(_STANDING.where(_in_season, _kind, _number).order_by(standings.c.category))
_PLAYER_NAME: Final = Statement(select(accounts.c.name).where(accounts.c.number == bindparam("of_number")))
_CLAN_NAME: Final = Statement(select(clans.c.name).where(clans.c.number == bindparam("of_number")))
_EVERYTHING: Final = 2**31 - 1


def _standing(row: Row) -> Standing:
    values = dict(zip(Standing.__slots__, row, strict=True))
    return Standing(**{**values, "recent": tuple(tuple(opponents) for opponents in values["recent"])})


class SqlRatings:
    """`services.ports.RatingRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def current(self) -> Season | None:
        self._connection.reserve("standings")
        rows = self._connection.rows(_CURRENT)
        return Season(*rows[0]) if rows else None

    def season(self, number: int) -> Season | None:
        rows = self._connection.rows(_GET_SEASON, {"of_season": number}) if may_exist(number) else ()
        return Season(*rows[0]) if rows else None

    def seasons(self) -> list[Season]:
        return [Season(*row) for row in self._connection.rows(_SEASONS)]

    def add(self, season: Season) -> Season:
        season.number = self._connection.rows(_ADD_SEASON, values_of(season))[0][0]
        return season

    def save(self, season: Season) -> None:
        self._connection.change(_SAVE_SEASON, {**values_of(season), "of_season": season.number})

    def table(self, season: int) -> StandingTable:
        return _Table(self._connection, season)

    def clear(self, season: int) -> None:
        self._connection.change(_CLEAR, {"of_season": season})

    def forget(self, season: int, standing: Standing) -> None:
        params = {"of_season": season, "of_kind": standing.kind, "of_category": standing.category}
        self._connection.change(_FORGET, {**params, "of_number": standing.number})

    def ladder(
        self, season: int, kind: SubjectKind, category: Category, *, limit: int | None = None, offset: int = 0
    ) -> list[Standing]:
        params: dict[str, Any] = {
            "of_season": season,
            "of_kind": kind,
            "of_category": category,
            "at_most": _EVERYTHING if limit is None else limit,
            "skipped": offset,
        }
        return [_standing(row) for row in self._connection.rows(_LADDER, params)]

    def active(self, season: int, kind: SubjectKind, category: Category) -> int:
        params = {"of_season": season, "of_kind": kind, "of_category": category}
        return int(self._connection.rows(_ACTIVE, params)[0][0])

    def of_subject(self, season: int, kind: SubjectKind, number: int) -> list[Standing]:
        if not may_exist(number):
            return []
        params = {"of_season": season, "of_kind": kind, "of_number": number}
        return [_standing(row) for row in self._connection.rows(_OF_SUBJECT, params)]

    def names(self, kind: SubjectKind, numbers: Collection[int]) -> dict[int, str]:
        statement = _PLAYER_NAME if kind is SubjectKind.PLAYER else _CLAN_NAME
        found = {number: self._connection.rows(statement, {"of_number": number}) for number in numbers}
        return {number: rows[0][0] for number, rows in found.items() if rows}


class _Table:
    """`domain.ratings.StandingTable` of one season."""

    def __init__(self, connection: SqlConnection, season: int) -> None:
        self._connection = connection
        self._season = season

    def get(self, kind: SubjectKind, category: Category, number: int) -> Standing | None:
        rows = self._connection.rows(_GET, self._params(kind, category, of_number=number))
        return _standing(rows[0]) if rows else None

    def put(self, standing: Standing) -> None:
        self._connection.change(_PUT, {**values_of(standing), "of_season": self._season})

    def place(self, standing: Standing) -> tuple[int, int]:
        params = self._params(
            standing.kind,
            standing.category,
            points=standing.points,
            games=standing.games,
            of_number=standing.number,
        )
        ahead = self._connection.rows(_AHEAD, params)[0][0]
        return ahead + 1, int(self._connection.rows(_ACTIVE, params)[0][0])

    def _params(self, kind: SubjectKind, category: Category, **others: int) -> dict[str, Any]:
        return {"of_season": self._season, "of_kind": kind, "of_category": category, **others}
