"""What the staff keeps about people: notes, the addresses they came from, the names they had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mythgate.domain.errors import InvalidInput
from mythgate.domain.ids import AccountId

NOTE_LENGTH: Final = 2000
NOTES_PER_ACCOUNT: Final = 100
ADDRESSES_PER_ACCOUNT: Final = 20
ADDRESSES_KEPT: Final = timedelta(days=90)  # since somebody last came from there
NAME_KEPT: Final = timedelta(days=30)  # reserved for who had it, after a change


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody of the staff wrote about a person, for the staff."""

    number: int
    account_id: AccountId
    by_account_id: str  # outlives the account
    by_name: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SeenAddress:
    """An address that an account came from."""

    account_id: AccountId
    address: str
    door: str  # the last one
    first_at: datetime
    last_at: datetime
    times: int


@dataclass(frozen=True, slots=True)
class KeptName:
    """A name that is kept for whoever had it: nobody else may take it until then."""

    name_key: str
    account_id: AccountId
    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Alternate:
    """Another account that came from an address of somebody's."""

    account_id: AccountId
    name: str
    addresses: tuple[str, ...]  # that both came from, the latest first
    last_at: datetime  # when the other came from one of them


def checked_note(text: str) -> str:
    """The text of a note as it is kept. Raises InvalidInput."""
    words = text.strip()
    if not words:
        raise InvalidInput("The note is empty.", field="text")
    if len(words) > NOTE_LENGTH:
        raise InvalidInput("The note is too long.", field="text", hint=f"Use at most {NOTE_LENGTH} characters.")
    return words
