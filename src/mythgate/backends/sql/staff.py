"""What the staff has and keeps as rows: second factors, notes, addresses, kept names, tokens for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Integer, String, bindparam, delete, func, insert, select, update

from mythgate.backends.sql.statements import (
    SqlConnection,
    Statement,
    field_values,
    insert_or_replace,
    insert_unless,
    row_columns,
    values_of,
)
from mythgate.backends.sql.tables import accounts, api_tokens, kept_names, notes, second_factors, seen_addresses
from mythgate.backends.sql.types import UtcDateTime
from mythgate.domain.apitokens import ApiToken
from mythgate.domain.ids import AccountId
from mythgate.domain.people import ADDRESSES_PER_ACCOUNT, Alternate, KeptName, Note, SeenAddress
from mythgate.domain.secondfactors import SecondFactor

_person: Final = bindparam("of_account", type_=String)
_before: Final = bindparam("before", type_=UtcDateTime)
_number: Final = bindparam("of_number", type_=Integer)

# --- second factors --------------------------------------------------------------------------------

_FACTOR: Final = Statement(
    select(*row_columns(second_factors, SecondFactor)).where(second_factors.c.account_id == _person), locks=True
)
_IS_ENROLLED: Final = Statement(
    select(func.count())
    .select_from(second_factors)
    .where(second_factors.c.account_id == _person, second_factors.c.confirmed_at.is_not(None))
)
_SAVE_FACTOR: Final = insert_or_replace(
    second_factors, [second_factors.c.account_id], field_values(second_factors, SecondFactor)
)
_DELETE_FACTOR: Final = Statement(delete(second_factors).where(second_factors.c.account_id == _person))


class SqlSecondFactors:
    """`services.ports.SecondFactorRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def get(self, account_id: AccountId) -> SecondFactor | None:
        rows = self._connection.rows(_FACTOR, {"of_account": account_id})
        return SecondFactor(*rows[0]) if rows else None

    def is_enrolled(self, account_id: AccountId) -> bool:
        return bool(self._connection.rows(_IS_ENROLLED, {"of_account": account_id})[0][0])

    def save(self, factor: SecondFactor) -> None:
        self._connection.change(_SAVE_FACTOR, values_of(factor))

    def delete(self, account_id: AccountId) -> bool:
        return self._connection.change(_DELETE_FACTOR, {"of_account": account_id}) == 1


# --- notes -----------------------------------------------------------------------------------------

_ADD_NOTE: Final = Statement(
    insert(notes).values(**field_values(notes, Note, without=["number"])).returning(notes.c.number)
)
_NOTES: Final = Statement(
    select(*row_columns(notes, Note)).where(notes.c.account_id == _person).order_by(notes.c.number.desc())
)
_NOTE: Final = Statement(
    select(*row_columns(notes, Note)).where(notes.c.account_id == _person, notes.c.number == _number), locks=True
)
_REMOVE_NOTE: Final = Statement(delete(notes).where(notes.c.account_id == _person, notes.c.number == _number))
_FORGET_NOTES: Final = Statement(delete(notes).where(notes.c.account_id == _person))


class SqlNotes:
    """`services.ports.NoteRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, note: Note) -> Note:
        values = values_of(note)
        number: int = self._connection.rows(_ADD_NOTE, values)[0][0]
        return Note(**{**values, "number": number})

    def of_account(self, account_id: AccountId) -> list[Note]:
        return [Note(*row) for row in self._connection.rows(_NOTES, {"of_account": account_id})]

    def get(self, account_id: AccountId, number: int) -> Note | None:
        rows = self._connection.rows(_NOTE, {"of_account": account_id, "of_number": number})
        return Note(*rows[0]) if rows else None

    def remove(self, account_id: AccountId, number: int) -> bool:
        return self._connection.change(_REMOVE_NOTE, {"of_account": account_id, "of_number": number}) == 1

    def forget(self, account_id: AccountId) -> None:
        self._connection.change(_FORGET_NOTES, {"of_account": account_id})


# --- addresses and names ---------------------------------------------------------------------------

_here: Final = (seen_addresses.c.account_id == _person, seen_addresses.c.address == bindparam("at_address"))
_SEEN_AGAIN: Final = Statement(
    update(seen_addresses)
    .where(*_here)
    .values(
        door=bindparam("by_door", type_=String),
        last_at=bindparam("now", type_=UtcDateTime),
        times=seen_addresses.c.times + 1,
    )
)
_SEEN: Final = insert_unless(
    seen_addresses,
    [seen_addresses.c.account_id, seen_addresses.c.address],
    field_values(seen_addresses, SeenAddress),
)
_kept: Final = (
    select(seen_addresses.c.address)
    .where(seen_addresses.c.account_id == _person)
    .order_by(seen_addresses.c.last_at.desc(), seen_addresses.c.address)
    .limit(ADDRESSES_PER_ACCOUNT)
    .scalar_subquery()
)
_CROWDED_OUT: Final = Statement(
    delete(seen_addresses).where(seen_addresses.c.account_id == _person, seen_addresses.c.address.not_in(_kept))
)
_ADDRESSES: Final = Statement(
    select(*row_columns(seen_addresses, SeenAddress))
    .where(seen_addresses.c.account_id == _person)
    .order_by(seen_addresses.c.last_at.desc(), seen_addresses.c.address)
)
_own = seen_addresses.alias("own")
_ALTERNATES: Final = Statement(
    select(accounts.c.id, accounts.c.name, seen_addresses.c.address, seen_addresses.c.last_at)
    .select_from(seen_addresses)
    .join(accounts, accounts.c.id == seen_addresses.c.account_id)
    .join(_own, _own.c.address == seen_addresses.c.address)
    .where(_own.c.account_id == _person, seen_addresses.c.account_id != _person)
    .order_by(seen_addresses.c.last_at.desc(), accounts.c.id)
    .limit(bindparam("at_most"))
)
_EXPIRED_ADDRESSES: Final = Statement(delete(seen_addresses).where(seen_addresses.c.last_at < _before))
_FORGET_ADDRESSES: Final = Statement(delete(seen_addresses).where(seen_addresses.c.account_id == _person))


class SqlSeenAddresses:
    """`services.ports.SeenAddressRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def note(self, account_id: AccountId, address: str, door: str, now: datetime) -> None:
        here = {"of_account": account_id, "at_address": address, "by_door": door, "now": now}
        if self._connection.change(_SEEN_AGAIN, here):
            return
        self._connection.change(_SEEN, values_of(SeenAddress(account_id, address, door, now, now, 1)))
        self._connection.change(_CROWDED_OUT, {"of_account": account_id})

    def of_account(self, account_id: AccountId) -> list[SeenAddress]:
        return [SeenAddress(*row) for row in self._connection.rows(_ADDRESSES, {"of_account": account_id})]

    def alternates(self, account_id: AccountId, *, limit: int = 500) -> list[Alternate]:
        found: dict[AccountId, Alternate] = {}
        for other, name, address, last_at in self._connection.rows(
            _ALTERNATES, {"of_account": account_id, "at_most": limit}
        ):
            known = found.get(other)
            if known is None:
                found[other] = Alternate(other, name, (address,), last_at)
            else:
                found[other] = Alternate(other, name, (*known.addresses, address), known.last_at)
        return list(found.values())

    def expire(self, before: datetime) -> int:
        return self._connection.change(_EXPIRED_ADDRESSES, {"before": before})

    def forget(self, account_id: AccountId) -> None:
        self._connection.change(_FORGET_ADDRESSES, {"of_account": account_id})


_KEEP_NAME: Final = insert_or_replace(kept_names, [kept_names.c.name_key], field_values(kept_names, KeptName))
_KEPT_NAME: Final = Statement(
    select(*row_columns(kept_names, KeptName)).where(kept_names.c.name_key == bindparam("key"))
)
_NAMES_OF: Final = Statement(
    select(*row_columns(kept_names, KeptName))
    .where(kept_names.c.account_id == _person)
    .order_by(kept_names.c.until.desc())
)
_RELEASE_NAME: Final = Statement(delete(kept_names).where(kept_names.c.name_key == bindparam("key")))
_EXPIRED_NAMES: Final = Statement(delete(kept_names).where(kept_names.c.until < _before))
_FORGET_NAMES: Final = Statement(delete(kept_names).where(kept_names.c.account_id == _person))


class SqlKeptNames:
    """`services.ports.KeptNameRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def keep(self, name: KeptName) -> None:
        self._connection.change(_KEEP_NAME, values_of(name))

    def get(self, name_key: str) -> KeptName | None:
        rows = self._connection.rows(_KEPT_NAME, {"key": name_key})
        return KeptName(*rows[0]) if rows else None

    def of_account(self, account_id: AccountId) -> list[KeptName]:
        return [KeptName(*row) for row in self._connection.rows(_NAMES_OF, {"of_account": account_id})]

    def release(self, name_key: str) -> bool:
        return self._connection.change(_RELEASE_NAME, {"key": name_key}) == 1

    def expire(self, before: datetime) -> int:
        return self._connection.change(_EXPIRED_NAMES, {"before": before})

    def forget(self, account_id: AccountId) -> None:
        self._connection.change(_FORGET_NAMES, {"of_account": account_id})


# --- tokens for programs ---------------------------------------------------------------------------

_ADD_TOKEN: Final = Statement(
    insert(api_tokens).values(**field_values(api_tokens, ApiToken, without=["number"])).returning(api_tokens.c.number)
)
_TOKEN_COLUMNS: Final = select(*row_columns(api_tokens, ApiToken))
_TOKEN: Final = Statement(_TOKEN_COLUMNS.where(api_tokens.c.number == _number))
_TOKEN_BY_HASH: Final = Statement(_TOKEN_COLUMNS.where(api_tokens.c.token_hash == bindparam("digest")))
_TOKENS: Final = Statement(_TOKEN_COLUMNS.order_by(api_tokens.c.number.desc()))
_TOKEN_USED: Final = Statement(
    update(api_tokens).where(api_tokens.c.number == _number).values(last_used_at=bindparam("now", type_=UtcDateTime))
)
_END_TOKEN: Final = Statement(
    update(api_tokens)
    .where(api_tokens.c.number == _number, api_tokens.c.ended_at.is_(None))
    .values(ended_at=bindparam("now", type_=UtcDateTime))
)
_END_TOKENS: Final = Statement(
    update(api_tokens)
    .where(api_tokens.c.account_id == _person, api_tokens.c.ended_at.is_(None))
    .values(ended_at=bindparam("now", type_=UtcDateTime))
)
_FORGET_TOKENS: Final = Statement(delete(api_tokens).where(api_tokens.c.account_id == _person))


class SqlApiTokens:
    """`services.ports.ApiTokenRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, token: ApiToken) -> ApiToken:
        values = values_of(token)
        number: int = self._connection.rows(_ADD_TOKEN, values)[0][0]
        return ApiToken(**{**values, "number": number})

    def get(self, number: int) -> ApiToken | None:
        rows = self._connection.rows(_TOKEN, {"of_number": number})
        return ApiToken(*rows[0]) if rows else None

    def by_hash(self, token_hash: bytes) -> ApiToken | None:
        rows = self._connection.rows(_TOKEN_BY_HASH, {"digest": token_hash})
        return ApiToken(*rows[0]) if rows else None

    def all(self) -> list[ApiToken]:
        return [ApiToken(*row) for row in self._connection.rows(_TOKENS)]

    def used(self, number: int, now: datetime) -> None:
        self._connection.change(_TOKEN_USED, {"of_number": number, "now": now})

    def end(self, number: int, now: datetime) -> bool:
        return self._connection.change(_END_TOKEN, {"of_number": number, "now": now}) == 1

    def end_all(self, account_id: AccountId, now: datetime) -> int:
        return self._connection.change(_END_TOKENS, {"of_account": account_id, "now": now})

    def forget(self, account_id: AccountId) -> None:
        self._connection.change(_FORGET_TOKENS, {"of_account": account_id})
