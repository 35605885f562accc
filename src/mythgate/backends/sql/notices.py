"""What people wait for, how they are reached, and bridges to channels elsewhere, as rows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, insert, select, update

from mythgate.backends.sql.statements import (
    SqlConnection,
    Statement,
    field_values,
    insert_or_replace,
    row_columns,
    values_of,
)
from mythgate.backends.sql.tables import bridges, contacts, quiet_hours, subscriptions
from mythgate.domain.bridges import Bridge
from mythgate.domain.ids import AccountId
from mythgate.domain.notices import Contact, Quiet, Subscription

_SUBSCRIBE: Final = Statement(
    insert(subscriptions)
    .values(**field_values(subscriptions, Subscription, without=["number"]))
    .returning(subscriptions.c.number)
)
_SUBSCRIPTIONS: Final = select(*row_columns(subscriptions, Subscription)).order_by(subscriptions.c.number)
_ALL_SUBSCRIPTIONS: Final = Statement(_SUBSCRIPTIONS)
_OWN_SUBSCRIPTIONS: Final = Statement(_SUBSCRIPTIONS.where(subscriptions.c.account_id == bindparam("of_account")))
_TOLD: Final = Statement(
    update(subscriptions)
    .where(subscriptions.c.number == bindparam("of_number"))
    .values(told_at=bindparam("told_at", type_=subscriptions.c.told_at.type))
)
_UNSUBSCRIBE: Final = Statement(
    delete(subscriptions).where(
        subscriptions.c.account_id == bindparam("of_account"), subscriptions.c.number == bindparam("of_number")
    )
)

_ADD_CONTACT: Final = Statement(
    insert(contacts).values(**field_values(contacts, Contact, without=["number"])).returning(contacts.c.number)
)
_CONTACTS: Final = Statement(
    select(*row_columns(contacts, Contact))
    .where(contacts.c.account_id == bindparam("of_account"))
    .order_by(contacts.c.number)
)
_SAVE_CONTACT: Final = Statement(
    update(contacts)
    .where(contacts.c.number == bindparam("number"))
    .values(**field_values(contacts, Contact, without=["number", "account_id"]))
)
_REMOVE_CONTACT: Final = Statement(
    delete(contacts).where(
        contacts.c.account_id == bindparam("of_account"), contacts.c.number == bindparam("of_number")
    )
)

_of_account: Final = quiet_hours.c.account_id == bindparam("of_account")
_QUIET: Final = Statement(select(*row_columns(quiet_hours, Quiet)).where(_of_account))
_SET_QUIET: Final = insert_or_replace(
    quiet_hours,
    [quiet_hours.c.account_id],
    {"account_id": bindparam("of_account"), **field_values(quiet_hours, Quiet)},
)
_CLEAR_QUIET: Final = Statement(delete(quiet_hours).where(_of_account))
_FORGET: Final = tuple(
    Statement(delete(table).where(table.c.account_id == bindparam("of_account"))) for table in (subscriptions, contacts)
)

_ADD_BRIDGE: Final = Statement(
    insert(bridges).values(**field_values(bridges, Bridge, without=["number"])).returning(bridges.c.number)
)
_BRIDGES: Final = Statement(select(*row_columns(bridges, Bridge)).order_by(bridges.c.number))
_SAVE_BRIDGE: Final = Statement(
    update(bridges)
    .where(bridges.c.number == bindparam("number"))
    .values(**field_values(bridges, Bridge, without=["number"]))
)
_REMOVE_BRIDGE: Final = Statement(delete(bridges).where(bridges.c.number == bindparam("of_number")))


class SqlNotices:
    """`services.ports.NoticeRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def subscribe(self, wanted: Subscription) -> Subscription:
        wanted.number = self._connection.rows(_SUBSCRIBE, values_of(wanted))[0][0]
        return wanted

    def subscriptions(self, account_id: AccountId | None = None) -> list[Subscription]:
        if account_id is None:
            return [Subscription(*row) for row in self._connection.rows(_ALL_SUBSCRIPTIONS)]
        if self._connection.writes:
            self._connection.reserve("notices:" + account_id)
        rows = self._connection.rows(_OWN_SUBSCRIPTIONS, {"of_account": account_id})
        return [Subscription(*row) for row in rows]

    def told(self, wanted: Subscription) -> bool:
        return self._connection.change(_TOLD, {"of_number": wanted.number, "told_at": wanted.told_at}) == 1

    def unsubscribe(self, account_id: AccountId, number: int) -> bool:
        return self._connection.change(_UNSUBSCRIBE, {"of_account": account_id, "of_number": number}) == 1

    def add_contact(self, contact: Contact) -> Contact:
        contact.number = self._connection.rows(_ADD_CONTACT, values_of(contact))[0][0]
        return contact

    def contacts(self, account_id: AccountId) -> list[Contact]:
        if self._connection.writes:
            self._connection.reserve("notices:" + account_id)
        return [Contact(*row) for row in self._connection.rows(_CONTACTS, {"of_account": account_id})]

    def save_contact(self, contact: Contact) -> None:
        self._connection.change(_SAVE_CONTACT, values_of(contact))

    def remove_contact(self, account_id: AccountId, number: int) -> bool:
        return self._connection.change(_REMOVE_CONTACT, {"of_account": account_id, "of_number": number}) == 1

    def quiet(self, account_id: AccountId) -> Quiet | None:
        rows = self._connection.rows(_QUIET, {"of_account": account_id})
        return Quiet(*rows[0]) if rows else None

    def set_quiet(self, account_id: AccountId, quiet: Quiet | None) -> None:
        if quiet is None:
            self._connection.change(_CLEAR_QUIET, {"of_account": account_id})
        else:
            self._connection.change(_SET_QUIET, {"of_account": account_id, **values_of(quiet)})

    def forget(self, account_id: AccountId) -> None:
        for statement in (*_FORGET, _CLEAR_QUIET):
            self._connection.change(statement, {"of_account": account_id})

    def add_bridge(self, bridge: Bridge) -> Bridge:
        bridge.number = self._connection.rows(_ADD_BRIDGE, values_of(bridge))[0][0]
        return bridge

    def bridges(self) -> list[Bridge]:
        if self._connection.writes:
            self._connection.reserve("bridges")
        return [Bridge(*row) for row in self._connection.rows(_BRIDGES)]

    def save_bridge(self, bridge: Bridge) -> None:
        self._connection.change(_SAVE_BRIDGE, values_of(bridge))

    def remove_bridge(self, number: int) -> bool:
        return self._connection.change(_REMOVE_BRIDGE, {"of_number": number}) == 1
