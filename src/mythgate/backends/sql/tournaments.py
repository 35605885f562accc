"""Tournaments, their entries and prizes, as rows."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, or_, select, update

from mythgate.backends.sql.statements import (
    Row,
    SqlConnection,
    Statement,
    field_values,
    insert_unless,
    row_columns,
    values_of,
)
from mythgate.backends.sql.tables import tournament_entries, tournament_prizes, tournaments
from mythgate.backends.sql.types import may_exist
from mythgate.domain.errors import Conflict, NotFound
from mythgate.domain.ids import AccountId
from mythgate.domain.tournaments import Entry, Pairing, Prize, Tournament, TournamentState

_living: Final = or_(
    tournaments.c.state == TournamentState.SIGNUP,
    tournaments.c.state == TournamentState.RUNNING,
)
_SELECT: Final = select(*row_columns(tournaments, Tournament))
_ADD: Final = Statement(
    insert(tournaments)
    .values(**field_values(tournaments, Tournament, without=["number"]))
    .returning(tournaments.c.number)
)
_GET: Final = Statement(_SELECT.where(tournaments.c.number == bindparam("of_tournament")), locks=True)
_SAVE: Final = Statement(
    update(tournaments)
    .where(tournaments.c.number == bindparam("of_tournament"), tournaments.c.version == bindparam("known_version"))
    .values(**field_values(tournaments, Tournament, without=["number", "created_at"]))
)
_IN_STATE: Final = Statement(
    _SELECT.where(tournaments.c.state == bindparam("of_state", type_=tournaments.c.state.type))
)
_IN_SLOT: Final = Statement(
    _SELECT.where(tournaments.c.slot == bindparam("of_slot"), _living).limit(1),
    locks=True,
)

_of_tournament: Final = tournament_entries.c.tournament == bindparam("of_tournament")
_of_account: Final = tournament_entries.c.account_id == bindparam("of_account")
_ENTRIES: Final = Statement(
    select(*row_columns(tournament_entries, Entry))
    .where(_of_tournament)
    .order_by(tournament_entries.c.entered_at, tournament_entries.c.number)
)
_ENTER: Final = insert_unless(
    tournament_entries,
    [tournament_entries.c.tournament, tournament_entries.c.account_id],
    field_values(tournament_entries, Entry),
)
_SET_SEED: Final = Statement(
    update(tournament_entries).where(_of_tournament, _of_account).values(seed=bindparam("to_seed"))
)
_WITHDRAW: Final = Statement(delete(tournament_entries).where(_of_tournament, _of_account))
_OF_ACCOUNT: Final = Statement(
    _SELECT.join(tournament_entries, tournament_entries.c.tournament == tournaments.c.number)
    .where(_of_account, _living)
    .order_by(tournaments.c.starts_at, tournaments.c.number)
)
_AWARD: Final = insert_unless(
    tournament_prizes,
    [tournament_prizes.c.tournament, tournament_prizes.c.place],
    field_values(tournament_prizes, Prize),
)
_PRIZES: Final = Statement(
    select(*row_columns(tournament_prizes, Prize))
    .where(tournament_prizes.c.tournament == bindparam("of_tournament"))
    .order_by(tournament_prizes.c.place)
)
_BRACKET: Final = [field.name for field in fields(Tournament)].index("bracket")


class SqlTournaments:
    """`services.ports.TournamentRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, tournament: Tournament) -> Tournament:
        tournament.number = self._connection.rows(_ADD, _values(tournament))[0][0]
        return tournament

    def get(self, number: int) -> Tournament | None:
        rows = self._connection.rows(_GET, {"of_tournament": number}) if may_exist(number) else ()
        return _tournament(rows[0]) if rows else None

    def require(self, number: int) -> Tournament:
        tournament = self.get(number)
        if tournament is None:
            raise NotFound("There is no such tournament.")
        return tournament

    def save(self, tournament: Tournament) -> None:
        known = tournament.version
        params = {**_values(tournament), "of_tournament": tournament.number, "known_version": known}
        if not self._connection.change(_SAVE, {**params, "version": known + 1}):
            raise Conflict
        tournament.version = known + 1

    def in_state(self, *states: TournamentState) -> list[Tournament]:
        read = [_tournament(row) for state in states for row in self._connection.rows(_IN_STATE, {"of_state": state})]
        return sorted(read, key=lambda one: (one.starts_at, one.number))

    def in_slot(self, slot: int) -> Tournament | None:
        self._connection.reserve(f"tournament slot:{slot}")
        rows = self._connection.rows(_IN_SLOT, {"of_slot": slot})
        return _tournament(rows[0]) if rows else None

    def entries(self, number: int) -> list[Entry]:
        return [Entry(*row) for row in self._connection.rows(_ENTRIES, {"of_tournament": number})]

    def enter(self, entry: Entry) -> bool:
        return self._connection.change(_ENTER, values_of(entry)) == 1

    def set_seed(self, entry: Entry) -> None:
        params = {"of_tournament": entry.tournament, "of_account": entry.account_id, "to_seed": entry.seed}
        self._connection.change(_SET_SEED, params)

    def withdraw(self, number: int, account_id: AccountId) -> bool:
        return self._connection.change(_WITHDRAW, {"of_tournament": number, "of_account": account_id}) == 1

    def of_account(self, account_id: AccountId) -> list[Tournament]:
        return [_tournament(row) for row in self._connection.rows(_OF_ACCOUNT, {"of_account": account_id})]

    def award(self, prize: Prize) -> bool:
        return self._connection.change(_AWARD, values_of(prize)) == 1

    def prizes(self, number: int) -> list[Prize]:
        return [Prize(*row) for row in self._connection.rows(_PRIZES, {"of_tournament": number})]


def _values(tournament: Tournament) -> dict[str, Any]:
    return {**values_of(tournament), "bracket": [asdict(one) for one in tournament.bracket]}


def _tournament(row: Row) -> Tournament:
    tournament = Tournament(*row)
    tournament.prize_shares = tuple(tournament.prize_shares)
    tournament.bracket = tuple(Pairing(**one) for one in row[_BRACKET])
    return tournament
