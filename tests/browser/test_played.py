"""A game of one's own, played by two in a lobby with nothing but a browser."""

from __future__ import annotations

import json
import re

import pytest
from playwright.async_api import Locator, expect
from tests.browser.conftest import NewVisitor
from tests.browser.screens import Visitor
from tests.browser.test_lobby import in_menu, into_lobby, say
from tests.browser.test_looks import DESK, PHONE, is_sound

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ROOM = {"name": "Pebbles", "room_id": 7, "type": "nim", "options": {"stones": 4, "seconds": 60}}
ENVIRONMENT = {
    "MYTHGATE_PLUGINS": '["mythgate.examples.nim"]',
    "MYTHGATE_LOBBIES__ROOMS": json.dumps([ROOM]),
}


def board(visitor: Visitor) -> Locator:
    return visitor.panel("How Nim stands")


async def test_two_play_a_game_of_ones_own(visitors: NewVisitor) -> None:
    ada, ben = await visitors(come=True), await visitors(come=True)
    await into_lobby(ada, "Pebbles")
    await expect(ada.panel("Nim")).to_contain_text("Pebbles")  # no family's lobby: the game's own
    await expect(board(ada)).to_contain_text(re.compile("Stones\\s*4.*Turn\\s*none", re.DOTALL))
    await into_lobby(ben, "Pebbles")
    for one in (ada, ben):
        await expect(board(one)).to_contain_text("moves: /play …")
        await expect(board(one)).to_contain_text(re.compile(f"Turn\\s*{ada.username}"))
        await expect(board(one).get_by_role("timer")).to_have_text(re.compile(r"^\d+ s$"))
    for device in (PHONE, DESK):
        await ada.page.set_viewport_size(device["viewport"])
        await is_sound(ada, f"a game in a lobby, {device['viewport']['width']} pixels")

    await say(ada.page, "play 3")
    for one in (ada, ben):
        await expect(board(one)).to_contain_text(re.compile(f"Stones\\s*1.*Turn\\s*{ben.username}", re.DOTALL))
    await say(ben.page, "/play 1")
    for one in (ada, ben):
        await expect(board(one)).to_contain_text(re.compile(f"Winner\\s*{ben.username}"))
    await in_menu(ben.page, "Leave Pebbles")
    await expect(board(ben)).to_have_count(0)
