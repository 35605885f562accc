"""The life of one session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mythgate.domain.ids import AccountId, SessionId
from mythgate.domain.sessions import Session, token_hash

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def session() -> Session:
    return Session(SessionId("s"), AccountId("a"), b"", NOW, NOW, NOW + HOUR, "http", "127.0.0.1", "")


def test_a_session_lives_until_its_hour_is_over() -> None:
    one = session()
    assert one.is_live(NOW)
    assert one.is_live(NOW + HOUR - timedelta(microseconds=1))
    assert not one.is_live(NOW + HOUR)


def test_activity_prolongs_it() -> None:
    one = session()
    one.touch(NOW + HOUR / 2, HOUR)
    assert one.last_seen_at == NOW + HOUR / 2
    assert one.is_live(NOW + HOUR)
    assert not one.is_live(NOW + HOUR * 1.5)


def test_revoking_ends_it_at_once() -> None:
    one = session()
    one.revoked_at = NOW
    assert not one.is_live(NOW)


def test_the_hash_of_a_token_tells_nothing_and_distinguishes() -> None:
    assert len(token_hash("a")) == 32
    assert token_hash("a") != token_hash("b")
    assert token_hash("\ud800") != token_hash("?")  # whatever text comes in, no error
