"""Clans and their members as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import bindparam, delete, select, update

from mythgate.backends.sql.statements import (
    SqlConnection,
    Statement,
    field_values,
    insert_unless,
    row_columns,
    save_version,
    values_of,
)
from mythgate.backends.sql.tables import accounts, clan_members, clans
from mythgate.backends.sql.types import may_exist
from mythgate.domain.clans import Clan, ClanMember, Membership
from mythgate.domain.errors import NameTaken, NotFound
from mythgate.domain.ids import AccountId

_SELECT: Final = select(*row_columns(clans, Clan))
_ADD: Final = insert_unless(
    clans, [clans.c.name_key], field_values(clans, Clan, without=["number"]), returning=clans.c.number
)
_GET: Final = Statement(_SELECT.where(clans.c.number == bindparam("of_clan")), locks=True)
_BY_NAME_KEY: Final = Statement(_SELECT.where(clans.c.name_key == bindparam("key")), locks=True)
_ALL: Final = Statement(_SELECT.order_by(clans.c.number), locks=True)
_SAVE: Final = Statement(
    update(clans)
    .where(clans.c.number == bindparam("of_clan"), clans.c.version == bindparam("known_version"))
    .values(**field_values(clans, Clan, without=["number", "founded_at"]))
)
_DELETE: Final = Statement(delete(clans).where(clans.c.number == bindparam("of_clan")))

_of_clan: Final = clan_members.c.clan == bindparam("of_clan")
_of_account: Final = clan_members.c.account_id == bindparam("of_account")
_MEMBERS: Final = Statement(
    select(*row_columns(clan_members, Membership))
    .where(_of_clan)
    .order_by(clan_members.c.joined_at, clan_members.c.account_id)
)
_ROSTER: Final = Statement(
    select(clan_members.c.account_id, accounts.c.number, accounts.c.name, clan_members.c.rank, clan_members.c.joined_at)
    .join(accounts, accounts.c.id == clan_members.c.account_id)
    .where(_of_clan)
    .order_by(clan_members.c.joined_at, clan_members.c.account_id)
)
_MEMBERSHIP: Final = Statement(select(*row_columns(clan_members, Membership)).where(_of_account), locks=True)
_JOIN: Final = insert_unless(clan_members, [clan_members.c.account_id], field_values(clan_members, Membership))
_SET_RANK: Final = Statement(
    update(clan_members).where(_of_account).values(rank=bindparam("to_rank", type_=clan_members.c.rank.type))
)
_LEAVE: Final = Statement(delete(clan_members).where(_of_account))
_LEAVE_ALL: Final = Statement(delete(clan_members).where(_of_clan))


class SqlClans:
    """`services.ports.ClanRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, clan: Clan) -> Clan:
        rows = self._connection.rows(_ADD, values_of(clan))
        if not rows:
            raise NameTaken("This name, or one that looks like it, belongs to a clan.", field="name")
        clan.number = rows[0][0]
        return clan

    def get(self, number: int) -> Clan | None:
        return self._one(_GET, {"of_clan": number}) if may_exist(number) else None

    def require(self, number: int) -> Clan:
        clan = self.get(number)
        if clan is None:
            raise NotFound("There is no such clan.")
        return clan

    def by_name_key(self, name_key: str) -> Clan | None:
        return self._one(_BY_NAME_KEY, {"key": name_key})

    def all(self) -> list[Clan]:
        return [Clan(*row) for row in self._connection.rows(_ALL)]

    def save(self, clan: Clan) -> None:
        save_version(self._connection, _SAVE, clan, of_clan=clan.number)

    def delete(self, number: int) -> None:
        self._connection.change(_LEAVE_ALL, {"of_clan": number})
        self._connection.change(_DELETE, {"of_clan": number})

    def membership(self, account_id: AccountId) -> Membership | None:
        rows = self._connection.rows(_MEMBERSHIP, {"of_account": account_id})
        return Membership(*rows[0]) if rows else None

    def members(self, number: int) -> list[Membership]:
        return [Membership(*row) for row in self._connection.rows(_MEMBERS, {"of_clan": number})]

    def roster(self, number: int) -> list[ClanMember]:
        return [ClanMember(*row) for row in self._connection.rows(_ROSTER, {"of_clan": number})]

    def join(self, membership: Membership) -> bool:
        return self._connection.change(_JOIN, values_of(membership)) == 1

    def set_rank(self, membership: Membership) -> None:
        params = {"of_account": membership.account_id, "to_rank": membership.rank}
        self._connection.change(_SET_RANK, params)

    def leave(self, account_id: AccountId) -> bool:
        return self._connection.change(_LEAVE, {"of_account": account_id}) == 1

    def _one(self, statement: Statement, params: Mapping[str, Any]) -> Clan | None:
        rows = self._connection.rows(statement, params)
        return Clan(*rows[0]) if rows else None
