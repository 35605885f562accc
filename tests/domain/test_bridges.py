"""Bridges to channels elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mythgate.domain.bridges import (
    FAILURES,
    MOST_BRIDGES,
    Bridge,
    announcement,
    bridge_name,
    is_discord,
    require_bridge,
    speaker_name,
)
from mythgate.domain.errors import InvalidInput, LimitReached

NOW = datetime(2026, 1, 15, tzinfo=UTC)
URL = "https://discord.com/api/webhooks/1/secret"


def bridge(url: str = URL, token_hash: bytes = b"x", failures: int = 0) -> Bridge:
    return Bridge(26, "Discord #general", url, token_hash, "somebody", NOW, failures)


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (bridge(), "What is said here is also read in Discord #general, and what is said there here."),
        (bridge(token_hash=b""), "What is said here is also read in Discord #general."),
        (bridge(url=""), "What is said in Discord #general is also read here."),
        (bridge(token_hash=b"", failures=FAILURES), "The bridge to Discord #general is closed."),
    ],
)
def test_people_are_told_who_hears_them(one: Bridge, text: str) -> None:
    assert announcement(one) == text


def test_the_place_is_told_without_its_secret() -> None:
    assert bridge().place == "discord.com"
    assert bridge(url="").place == ""


@pytest.mark.parametrize(
    ("url", "discord"),
    [
        (URL, True),
        ("https://canary.discord.com/api/webhooks/1/x", True),
        ("https://discord.com.example.org/", False),
        ("https://example.org/discord.com", False),
        ("nothing", False),
    ],
)
def test_whose_form_an_address_takes(url: str, discord: bool) -> None:
    assert is_discord(url) is discord


def test_names() -> None:
    assert bridge_name("  Discord   #general ") == "Discord #general"
    for wrong in ("", "   ", "a" * 41, "a\x00b"):
        with pytest.raises(InvalidInput):
            bridge_name(wrong)
    assert speaker_name("  Ann\x07\n Lee ") == "Ann Lee"
    assert speaker_name("\x00") == "somebody"
    assert speaker_name("x" * 100) == "x" * 32


def test_a_bridge_has_a_side_and_there_are_not_too_many() -> None:
    require_bridge(URL, hears=False, others=0)
    require_bridge("", hears=True, others=0)
    with pytest.raises(InvalidInput):
        require_bridge("", hears=False, others=0)
    with pytest.raises(InvalidInput):
        require_bridge("gopher://example.org", hears=True, others=0)
    with pytest.raises(LimitReached):
        require_bridge(URL, hears=True, others=MOST_BRIDGES)
