"""Somebody kills the server and starts it again: both players go on where they were."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.screens import Visitor, all_agree
from tests.support.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_after_a_kill_everybody_is_where_they_were(pair: tuple[Visitor, Visitor], server: RunningServer) -> None:
    ada, ben = pair
    for one in pair:
        one.expects_lost_connections()
    await ada.command("get single glove")
    await ada.sees("You take a single glove.")
    await ada.command("west")
    await expect(ada.place).to_contain_text("Latch and Lintel")
    await ben.command("get pear")
    await ben.sees("You take a speckled pear.")
    carried = [await one.carries() for one in pair]
    logs = [await one.lines() for one in pair]

    await server.kill()
    for one in pair:
        await expect(one.badge).to_have_text("Reconnecting")
        await expect(one.banner).to_contain_text("Attempt")
    await ben.command("say Is anybody there?")
    await server.start()
    for one in pair:
        await expect(one.badge).to_have_text("Connected", timeout=40_000)

    await expect(ada.place).to_contain_text("Latch and Lintel")
    await expect(ben.place).to_contain_text("Gate Square")
    await ben.sees("You say: Is anybody there?")
    for one, things, lines in zip(pair, carried, logs, strict=True):
        assert await one.carries() == things
        assert (await one.lines())[: len(lines)] == lines, "the log of before is still there"
        await one.sees("The server was started again.", "notice")
    await all_agree(pair)
    assert (await ada.ask("/api/status"))["players_online"] == 2

    # The world goes on: they find each other, and things can be handed over.
    await ben.command("west")
    await expect(ben.page.get_by_role("button", name=ada.name, exact=True)).to_be_visible()
    await ben.command(f"give pear to {ada.name}")
    await ada.sees(f"{ben.name} gives you a speckled pear.", "action")
    await all_agree(pair)

    lines = await ada.lines()
    await ada.reload()
    assert await ada.lines() == lines
    await all_agree(pair)


async def test_a_page_reloaded_after_the_server_was_killed_finds_its_player(
    pair: tuple[Visitor, Visitor], server: RunningServer
) -> None:
    ada, ben = pair
    for one in pair:
        one.expects_lost_connections()
    await ada.command("north")
    await expect(ada.place).to_contain_text("Beneath the Arch")
    await ada.command("say Cold in here.")
    await ada.sees("You say: Cold in here.")
    # What is not answered when the server falls is said again to the next one; this was.
    await ada.command("inventory")
    await expect(ada.line("", "answer")).to_have_count(1)
    await server.kill()
    await expect(ada.badge).to_have_text("Reconnecting")
    await server.start()
    await ada.reload()
    await expect(ada.place).to_contain_text("Beneath the Arch")
    await ada.sees("You say: Cold in here.")
    await expect(ben.badge).to_have_text("Connected", timeout=40_000)
    await all_agree(pair)


async def test_a_graceful_restart_is_announced_and_survived(
    pair: tuple[Visitor, Visitor], server: RunningServer
) -> None:
    ada, ben = pair
    for one in pair:
        one.expects_lost_connections()
    await ada.command("south")
    await expect(ada.place).to_contain_text("Wellyard")
    assert await server.stop() == 0
    for one in pair:
        await expect(one.banner).to_contain_text("Attempt")
        await expect(one.banner).to_contain_text("The server stops.")
        await one.sees("The server stops.", "system")
    await server.start()
    for one in pair:
        await expect(one.badge).to_have_text("Connected", timeout=40_000)
        await one.sees("The server was started again.", "notice")
    await expect(ada.place).to_contain_text("Wellyard")
    await ben.command("south")
    await expect(ada.page.get_by_role("button", name=ben.name, exact=True)).to_be_visible()
    await all_agree(pair)
