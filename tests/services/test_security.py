"""Which refusals are events about security, and what is told of them."""

from __future__ import annotations

import contextvars
import logging

import pytest
from tests.support.clock import FakeClock

from mythgate.domain import errors
from mythgate.services import causes
from mythgate.services.refusals import RecentRefusals, note_refusal
from mythgate.services.security import SecurityEvent, counts, security_event


@pytest.mark.parametrize(
    ("refused", "is_known", "event"),
    [
        (errors.BadCredentials(), False, SecurityEvent.LOGIN_FAILED),
        (errors.TooManyLogins(), False, SecurityEvent.LOGIN_THROTTLED),
        (errors.AccountDisabled(), True, SecurityEvent.LOCKED_OUT),
        (errors.InvalidToken(), False, SecurityEvent.TOKEN_REFUSED),
        (errors.SessionEnded(), False, SecurityEvent.TOKEN_REFUSED),
        (errors.TokenExpired(), False, None),  # of honest people, every quarter of an hour
        (errors.PermissionDenied(), True, SecurityEvent.FORBIDDEN),
        (errors.TooMany(), False, SecurityEvent.STRANGER_THROTTLED),
        (errors.TooMany(), True, None),
        (errors.NotFound(), True, None),
    ],
)
def test_which_refusals_are_events(refused: errors.Refused, is_known: bool, event: SecurityEvent | None) -> None:
    assert security_event(refused, is_known=is_known) is event


def test_a_sign_in_that_failed_is_told_once_and_without_the_name(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    refusals = RecentRefusals(clock)
    before = counts["login_failed"]

    def work() -> None:
        causes.begin(causes.Line("abcd", "http", "203.0.113.9"))
        with pytest.raises(errors.BadCredentials), refusals.of_sign_in("hunter2, by mistake", "http"):
            causes.claims("account-ada")
            raise errors.BadCredentials
        note_refusal(errors.BadCredentials(), asked="POST /api/auth/login", by="")  # by the door

    with caplog.at_level(logging.INFO):
        contextvars.copy_context().run(work)
    [record] = caplog.records
    assert (record.message, vars(record)["security"], vars(record)["about"]) == (
        "sign-in refused", "login_failed", "account-ada",
    )  # fmt: skip
    assert "hunter2" not in str(vars(record))
    assert counts["login_failed"] == before + 1


def test_what_is_no_event_is_not_told(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        with pytest.raises(errors.Unavailable), RecentRefusals(clock).of_sign_in("ada", "http"):
            raise errors.Unavailable
        with pytest.raises(errors.BadCredentials), RecentRefusals(clock).of_sign_in("ada", "http"):
            raise errors.BadCredentials  # without a cause: from the command line, say
        note_refusal(errors.TokenExpired(), asked="GET /api/auth/me", by="")
        note_refusal(errors.NotFound(), asked="look", by="somebody")
        note_refusal(errors.InvalidToken(), asked="WebSocket", by="")
    assert [(one.message, getattr(one, "security", None)) for one in caplog.records] == [
        ("sign-in refused", "login_failed"),
        ("refused", None),
        ("refused", "token_refused"),
    ]
