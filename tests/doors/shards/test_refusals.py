"""What refusals of the world are called in this dialect."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.shards_door import ShardsHouse

from mythgate.domain import errors
from mythgate.domain.errors import MythError, Refused
from mythgate.doors.shards import requests
from mythgate.doors.shards.requests import CODES, Asked, Unheard, code_of
from mythgate.wire.shards.messages import BareMessage, ErrorCode, Message, MessageType, MoveMessage

PING = BareMessage(type=MessageType.PING)
STEP = MoveMessage(character_id=1, to_location_id=2)
SAID_ELSEWHERE = {
    ErrorCode.PROTOCOL_ERROR,
    ErrorCode.AUTH_REQUIRED,
    ErrorCode.INVALID_CHANNEL,
    ErrorCode.INVALID_ACTION,
}
"""Codes that no class of refusals stands for."""


def test_every_code_has_its_refusal() -> None:
    assert set(CODES.values()) | SAID_ELSEWHERE == set(ErrorCode)


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (errors.SessionEnded(), PING, "AUTH_FAILED"),
        (errors.BadCredentials(), PING, "AUTH_FAILED"),
        (errors.Muted(), PING, "FORBIDDEN"),
        (errors.PartyFull(), PING, "PARTY_FULL"),
        (errors.AlreadyInParty(), PING, "INVALID_ACTION"),
        (errors.NoPendingInvite(), PING, "NO_PENDING_INVITE"),
        (errors.Unavailable(), PING, "INTERNAL_ERROR"),
        (errors.TooSoon(), PING, "RATE_LIMITED"),
        (errors.NotFound(), PING, "NOT_FOUND"),
        (errors.NotFound(), STEP, "INVALID_LOCATION"),
        (errors.ExitLocked(), STEP, "INVALID_LOCATION"),
        (errors.Conflict(), STEP, "INVALID_LOCATION"),
        (errors.TooWeak(), PING, "INSUFFICIENT_RESOURCES"),
        (errors.NoSuchAbility(), PING, "INVALID_ACTION"),
        (Unheard(ErrorCode.INVALID_CHANNEL, "No."), STEP, "INVALID_CHANNEL"),
    ],
    ids=lambda value: getattr(value, "type", None) or (type(value).__name__ if isinstance(value, MythError) else value),
)
def test_the_nearest_class_names_it(error: Exception, message: Message, code: str) -> None:
    assert code_of(error, message) == code


async def test_a_refusal_says_when_to_try_again(house: ShardsHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await house.enter("aldra")

    async def busy(_: Asked, __: Message) -> None:
        raise Refused("Not now.", retry_after=timedelta(seconds=2.5))

    handlers = {**requests.HANDLERS, MessageType.CHARACTER_LIST: (requests.Needs.LOGIN, busy)}
    monkeypatch.setattr(requests, "HANDLERS", handlers)
    await ada.send("character_list", message_id="mine")
    told = await ada.until("error")
    assert (told["error_code"], told["error_message"]) == ("INVALID_ACTION", "Not now.")
    assert (told["message_id"], told["details"]) == ("mine", {"retry_after": 2.5})
