"""What the terminal client makes of what happens in a lobby."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mythgate.cli.lobbytalk import HOW_TO_TALK, LobbyTalk
from mythgate.client import Client
from mythgate.domain.events import (
    ClanChanged,
    HostedGameView,
    LobbyCounts,
    LobbyGameChanged,
    LobbyGameListed,
    LobbyGameRemoved,
    LobbyMatchFound,
    LobbyMessage,
    LobbyPlayerChanged,
    LobbyPlayerEntered,
    LobbyPlayerLeft,
    LobbyPlayerView,
    LobbyState,
    LobbyView,
    Payload,
)
from mythgate.wire.envelope.render import json_envelope

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ARRIVAL = LobbyView(26, "Arrival", "marathon", "unranked", 2, 1, 32, -1, 99)
YOU = LobbyPlayerView(1, "Ada", client="mythgate-play 0.1.0")
BEN = LobbyPlayerView(2, "Ben", client="browser")
HOPPER = LobbyPlayerView(3, "Guest Hopper", client="Aleph One", away=True, in_game=True)
MARS = HostedGameView(9, "Mars attacks", 3, "Guest Hopper", "marathon", "listed", True, "Mars Needs Women")


def said(words: str, kind: str = "say", number: int = 2, name: str = "Ben", **more: object) -> LobbyMessage:
    return LobbyMessage(f"m-{words}", kind, number, name, words, words, NOW, **more)  # type: ignore[arg-type]


STATE = LobbyState(ARRIVAL, [YOU, BEN, HOPPER], [MARS], [said(f"line {n}") for n in range(12)], 1)


class Shown:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.talk = LobbyTalk(Client("http://127.0.0.1:1").lobby, lambda text, style: self.lines.append((text, style)))

    def tell(self, *payloads: Payload) -> list[str]:
        """What is shown of these."""
        self.lines.clear()
        for payload in payloads:
            self.talk.tell(payload)
        return [text for text, _ in self.lines]


@pytest.fixture
def shown() -> Shown:
    made = Shown()
    made.tell(STATE)
    return made


def test_coming_in_tells_who_is_there_what_is_hosted_and_what_was_said_last() -> None:
    assert Shown().tell(STATE) == [
        "You are in the lobby Arrival.",
        "Here: Ben, Guest Hopper (Aleph One, away, in a game).",
        "Guest Hopper hosts Mars attacks on Mars Needs Women; it can be joined.",
        *(f"[Arrival] Ben: line {number}" for number in range(2, 12)),
        HOW_TO_TALK,
    ]
    assert Shown().tell(replace(STATE, players=[YOU], games=[], messages=[])) == [
        "You are in the lobby Arrival.",
        "Nobody else is here.",
        HOW_TO_TALK,
    ]


def test_the_same_lobby_told_again_tells_only_what_was_missed(shown: Shown) -> None:
    again = replace(STATE, messages=[*STATE.messages[-3:], said("missed")])
    assert shown.tell(again) == ["[Arrival] Ben: missed"]
    assert shown.tell(again) == []


@pytest.mark.parametrize(
    ("payload", "line", "style"),
    [
        (LobbyPlayerEntered(LobbyPlayerView(4, "Cleo", client="Myth II 1.8")), "Cleo comes in with Myth II 1.8.", ""),
        (LobbyPlayerEntered(LobbyPlayerView(4, "Cleo", client="browser")), "Cleo comes in.", ""),
        (LobbyPlayerChanged(replace(BEN, away=True, afk_text="tea")), "Ben is away: tea", ""),
        (LobbyPlayerChanged(replace(BEN, away=True)), "Ben is away.", ""),
        (LobbyPlayerChanged(replace(HOPPER, away=False)), "Guest Hopper is back.", ""),
        (LobbyPlayerChanged(replace(BEN, name="Benno")), "Ben is now called Benno.", ""),
        (LobbyPlayerLeft(2, "Ben", "left"), "Ben leaves.", ""),
        (LobbyPlayerLeft(2, "Ben", "kicked"), "Ben was removed.", ""),
        (LobbyPlayerLeft(2, "Ben", "lost"), "Ben lost the connection.", ""),
        (said("hello"), "Ben: hello", "say"),
        (said("hello", number=1, name="Ada"), "You say: hello", "say"),
        (said("waves", "action"), "Ben waves", "emote"),
        (said("psst", "private", target=1, target_name="Ada"), "Ben tells you: psst", "tell"),
        (said("psst", "private", 1, "Ada", target=2, target_name="Ben"), "You tell Ben: psst", "tell"),
        (said("Tournament at eight.", "line", 0, ""), "Tournament at eight.", "system"),
        (said("\x1b[2Jgone\x07"), "Ben:  [2Jgone ", "say"),
        (
            LobbyGameListed(replace(MARS, number=10, name="", map_name="", joinable=False)),
            "Guest Hopper hosts a game; it is full.",
            "",
        ),
        (LobbyGameChanged(replace(MARS, state="running")), "Mars attacks begins.", ""),
        (LobbyGameRemoved(9), "Mars attacks is gone.", ""),
        (
            LobbyMatchFound(BEN, 1200, 1150),
            "An opponent for you: Ben with 1200 points; you have 1150.",
            "system",
        ),
    ],
)
def test_what_happens_is_told_in_a_line(shown: Shown, payload: Payload, line: str, style: str) -> None:
    assert shown.tell(payload) == [f"[Arrival] {line}"]
    assert shown.lines[0][1] == (style or "coming")


@pytest.mark.parametrize(
    "payload",
    [
        LobbyCounts([ARRIVAL]),
        ClanChanged(0, "", []),
        LobbyPlayerEntered(YOU),
        LobbyPlayerChanged(replace(BEN, colour="#ff0000")),
        LobbyPlayerChanged(replace(HOPPER, in_game=False)),
        LobbyPlayerChanged(LobbyPlayerView(7, "Nobody", away=True)),
        LobbyGameChanged(replace(MARS, players=3)),
        LobbyGameRemoved(77),
    ],
)
def test_what_is_not_worth_a_line(shown: Shown, payload: Payload) -> None:
    assert shown.tell(payload) == []


def test_a_game_that_ran_is_over(shown: Shown) -> None:
    running = LobbyGameChanged(replace(MARS, state="running"))
    assert shown.tell(running, LobbyGameRemoved(9)) == [
        "[Arrival] Mars attacks begins.",
        "[Arrival] Mars attacks is over.",
    ]


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("left", "You left Arrival."),
        ("moved", "You left Arrival."),
        ("kicked", "You were removed from Arrival."),
        ("lost", "Your line was gone for so long that you left Arrival."),
        ("elsewhere", "You came into a lobby from somewhere else."),
    ],
)
def test_ones_own_leaving(shown: Shown, reason: str, line: str) -> None:
    assert shown.tell(LobbyPlayerLeft(1, "Ada", reason)) == [line]  # type: ignore[arg-type]
    assert shown.tell(said("late", "line", 0, "")) == ["[Lobby] late"]
    assert shown.tell(STATE)[0] == "You are in the lobby Arrival."


async def test_it_hears_what_the_client_hears() -> None:
    from json import loads

    from mythgate.domain.events import event_of

    client = Client("http://127.0.0.1:1")
    lines: list[str] = []
    LobbyTalk(client.lobby, lambda text, style: lines.append(text))
    async with asyncio.timeout(1):
        await client.lobby.hear(loads(json_envelope(1, event_of(said("hello"), NOW))))
    assert lines == ["[Lobby] Ben: hello"]
