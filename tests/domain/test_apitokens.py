"""What a token for programs is called and good for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mythgate.domain.apitokens import NAME_LENGTH, ApiToken, checked_name, checked_permissions
from mythgate.domain.errors import InvalidInput
from mythgate.domain.ids import AccountId
from mythgate.domain.people import NOTE_LENGTH, checked_note
from mythgate.domain.permissions import Permission

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_token_lives_until_it_ends() -> None:
    token = ApiToken(1, AccountId("ada"), "x", b"", ["see_people"], NOW, NOW + timedelta(days=1))
    assert token.is_live(NOW) and not token.is_live(NOW + timedelta(days=1))
    ended = ApiToken(1, AccountId("ada"), "x", b"", [], NOW, NOW + timedelta(days=1), ended_at=NOW)
    assert not ended.is_live(NOW)


def test_permissions_that_are_no_more_and_those_no_token_has_count_for_nothing() -> None:
    held = ["see_people", "use_tokens", "fly"]
    assert ApiToken(1, AccountId("ada"), "x", b"", held, NOW, NOW).allowed() == {Permission.SEE_PEOPLE}


def test_names() -> None:
    assert checked_name("  nightly \n export ") == "nightly export"
    for name in ("", "  ", "a\x00b", "x" * (NAME_LENGTH + 1)):
        with pytest.raises(InvalidInput):
            checked_name(name)


def test_permissions_are_in_the_order_of_the_table() -> None:
    assert checked_permissions([Permission.KICK, Permission.SEE_TALK, Permission.KICK]) == ["see_talk", "kick"]
    for wrong in ([], [Permission.SEE_TALK, Permission.USE_TOKENS]):
        with pytest.raises(InvalidInput):
            checked_permissions(wrong)


def test_notes() -> None:
    assert checked_note(" asked twice ") == "asked twice"
    for text in ("", " \n", "x" * (NOTE_LENGTH + 1)):
        with pytest.raises(InvalidInput):
            checked_note(text)
