"""What is remembered of talk for reports, and what counts as a line of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mythgate.domain.events import LobbyMessage, Payload, SystemMessage, event_of
from mythgate.domain.ids import AccountId
from mythgate.services import evidence
from mythgate.services.evidence import PrivateLines, said_in

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ADA, BOB, CID = AccountId("ada"), AccountId("bob"), AccountId("cid")


def private(number: int, target: int, message_id: str = "m") -> LobbyMessage:
    return LobbyMessage(message_id, "private", number, "Ada", "psst", "psst", NOW, target, "Bob")


def test_only_so_many_people_and_lines_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MOST_PEOPLE", 3)
    lines = PrivateLines()
    for number in range(evidence.PRIVATE_LINES + 5):
        lines.add(event_of(private(1, 2, f"m{number}"), NOW), (ADA, BOB))
    assert len(lines.between(ADA, frozenset({1, 2}))) == evidence.PRIVATE_LINES
    lines.add(event_of(private(3, 4), NOW), (CID, AccountId("dora")))
    assert lines.between(ADA, frozenset({1, 2})) == []
    assert len(lines.between(BOB, frozenset({1, 2}))) == evidence.PRIVATE_LINES
    assert lines.between(CID, frozenset({1, 2})) == []


@pytest.mark.parametrize("payload", [SystemMessage("hello"), LobbyMessage("m", "line", 0, "", "hi", "hi", NOW)])
def test_what_nobody_said_is_no_evidence(payload: Payload) -> None:
    assert said_in(event_of(payload, NOW), ADA) is None


def test_ones_own_side_of_private_words_has_a_speaker() -> None:
    said = said_in(event_of(private(1, 2), NOW), ADA)
    assert said is not None
    assert (said.speaker, said.channel) == (ADA, "private to Bob")
