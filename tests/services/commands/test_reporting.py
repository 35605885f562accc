"""The command `report`: whom it finds."""

from __future__ import annotations

import pytest
from tests.support.play import PlayKit

from mythgate.domain.events import ChatMessage, event_of
from mythgate.domain.ids import GLOBAL_TOPIC
from mythgate.domain.lobbies import guest_sender
from mythgate.domain.sessions import OPERATOR


async def test_a_guest_of_a_lobby_is_reported_by_what_they_said(kit: PlayKit) -> None:
    """They have neither a character nor an account."""
    ada, now = await kit.somebody("Ada"), kit.clock.now()
    said = ChatMessage("m1", "global", "", "Rover", "rude", "[Arrival] Rover: rude", now, origin="Arrival")
    await kit.history.append(GLOBAL_TOPIC, event_of(said, now, message_id="m1", sender=guest_sender(99)))
    response = await kit.do(ada, "report rover insults all of us")
    assert (response.success, response.result) == (True, "The staff will look at it. This is report 1.")
    assert response.data == {"report": 1}
    found = await kit.reports.case(OPERATOR, 1)
    assert found.report.subject == guest_sender(99)
    assert found.voices[0].reason == "insults all of us"
    assert [line.text for line in found.lines] == ["Rover: insults all of us", "rude"]


async def test_the_name_may_have_several_words(kit: PlayKit) -> None:
    ada, tom = await kit.somebody("Ada"), await kit.somebody("Tom Weaver")
    assert (await kit.do(ada, "report Tom Weaver begs for gold")).success
    found = await kit.reports.case(OPERATOR, 1)
    assert (found.report.subject, found.voices[0].reason) == (tom.account_id, "begs for gold")


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("report Zoe rude", "unreachable", "Nobody is called Zoe."),
        ("report Ada rude", "bad_usage", "You cannot report yourself."),
    ],
)
async def test_refusals(kit: PlayKit, line: str, code: str, words: str) -> None:
    response = await kit.do(await kit.somebody("Ada"), line)
    assert (response.success, response.code, response.result) == (False, code, words)
    assert await kit.reports.page(OPERATOR) == []
