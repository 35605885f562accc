"""Rows for tests of the store."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from mythgate.domain.accounts import Account
from mythgate.domain.characters import Character
from mythgate.domain.ids import AccountId, CharacterId, ItemId, RoomId, SessionId, TemplateId
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.sessions import Session
from mythgate.services.ports import Transaction

SQUARE = RoomId("earth_haven_centre_square")
TAVERN = RoomId("earth_haven_centre_tavern")


def an_account(name: str, now: datetime, *, is_guest: bool = False) -> Account:
    return Account(AccountId(f"account-{name}"), name, name.lower(), "hash", now, is_guest=is_guest)


def a_character(name: str, account: str, now: datetime, *, room_id: RoomId = SQUARE) -> Character:
    return Character(
        CharacterId(f"character-{name}"), AccountId(f"account-{account}"), name, name.lower(), room_id, now, now
    )


def a_session(name: str, account: str, now: datetime, *, lifetime: timedelta = timedelta(hours=1)) -> Session:
    return Session(
        SessionId(f"session-{name}"),
        AccountId(f"account-{account}"),
        hashlib.sha256(name.encode()).digest(),
        now,
        now,
        now + lifetime,
        "http",
        "192.0.2.1",
        "test",
    )


def an_item(name: str, now: datetime, *, room_id: RoomId = SQUARE, origin: str = "") -> Item:
    return Item(ItemId(f"item-{name}"), TemplateId("lantern"), HolderKind.ROOM, room_id, now, origin)


def add_person(tx: Transaction, name: str, now: datetime) -> Character:
    """An account with one character of the same name."""
    tx.accounts.add(an_account(name, now))
    return tx.characters.add(a_character(name, name, now))
