"""Announcements by schedule, as rows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, insert, select, update

from mythgate.backends.sql.statements import SqlConnection, Statement, field_values, row_columns, values_of
from mythgate.backends.sql.tables import announcements
from mythgate.domain.announcements import Schedule

_ADD: Final = Statement(
    insert(announcements)
    .values(**field_values(announcements, Schedule, without=["number"]))
    .returning(announcements.c.number)
)
_ALL: Final = Statement(select(*row_columns(announcements, Schedule)).order_by(announcements.c.number))
_SAVE: Final = Statement(
    update(announcements)
    .where(announcements.c.number == bindparam("of_number"))
    .values(**field_values(announcements, Schedule, without=["number"]))
)
_REMOVE: Final = Statement(delete(announcements).where(announcements.c.number == bindparam("of_number")))


class SqlAnnouncements:
    """`services.ports.AnnouncementRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, schedule: Schedule) -> Schedule:
        schedule.number = self._connection.rows(_ADD, values_of(schedule))[0][0]
        return schedule

    def all(self) -> list[Schedule]:
        if self._connection.writes:
            self._connection.reserve("announcements")
        return [Schedule(*row) for row in self._connection.rows(_ALL)]

    def save(self, schedule: Schedule) -> None:
        self._connection.change(_SAVE, {**values_of(schedule), "of_number": schedule.number})

    def remove(self, number: int) -> bool:
        return self._connection.change(_REMOVE, {"of_number": number}) == 1
