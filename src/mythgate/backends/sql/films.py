"""What is known of recordings of games, as rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy import bindparam, select

from mythgate.backends.sql.statements import (
    SqlConnection,
    Statement,
    field_values,
    insert_unless,
    row_columns,
    values_of,
)
from mythgate.backends.sql.tables import films
from mythgate.backends.sql.types import may_exist
from mythgate.domain.errors import NameTaken
from mythgate.domain.films import Film

_SELECT: Final = select(*row_columns(films, Film))
_ADD: Final = insert_unless(
    films, [films.c.file_name], field_values(films, Film, without=["number"]), returning=films.c.number
)
_GET: Final = Statement(_SELECT.where(films.c.number == bindparam("of_film")))
_OF_MATCH: Final = Statement(_SELECT.where(films.c.match_id == bindparam("of_match")).order_by(films.c.number))
_RECENT: Final = Statement(_SELECT.order_by(films.c.number.desc()).limit(bindparam("at_most")))


class SqlFilms:
    """`services.ports.FilmRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, film: Film) -> Film:
        rows = self._connection.rows(_ADD, values_of(film))
        if not rows:
            raise NameTaken("There is a film of that name.", field="file_name")
        return replace(film, number=rows[0][0])

    def get(self, number: int) -> Film | None:
        rows = self._connection.rows(_GET, {"of_film": number}) if may_exist(number) else ()
        return Film(*rows[0]) if rows else None

    def of_match(self, match_id: str) -> list[Film]:
        return [Film(*row) for row in self._connection.rows(_OF_MATCH, {"of_match": match_id})]

    def recent(self, limit: int = 50) -> list[Film]:
        return [Film(*row) for row in self._connection.rows(_RECENT, {"at_most": limit})]
