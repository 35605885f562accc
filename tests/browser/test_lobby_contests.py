"""Contests on the lobby page: clans, tournaments, ladders and results, with old clients that play."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from tests.browser.conftest import ARTIFACTS, NewVisitor
from tests.browser.screens import Visitor
from tests.browser.test_lobby import in_menu, into_lobby, lines_closed, port_of, soon
from tests.browser.test_looks import DESK, PHONE, is_sound
from tests.support.metaserver_client import LINE_UP, SCORE, Myth18Client, myth_game, report
from tests.support.server import RunningServer
from tests.support.spec_client import PASSWORD, Address, call, unique_name

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

__all__ = ["lines_closed"]  # pytest looks for it here

SILVERMINES = 3
MAP = "Gyrwan Fields"


async def myth_account(server: RunningServer, name: str) -> Myth18Client:
    """A Myth player with an account, in a ranked lobby."""
    at = Address.of(server.url)
    joined = (await call(at, "POST", "/api/auth/register", {"username": name, "password": PASSWORD})).expect(201)
    passwords = {"current_password": PASSWORD, "new_password": "hunter2"}
    (await call(at, "POST", "/api/auth/game-password", passwords, token=joined["access_token"])).expect(204)
    client = Myth18Client(name=name, user_name=name, password="hunter2")
    await soon(client.come(port_of(server), SILVERMINES))
    return client


class Duel:
    """Two old clients, of which the first hosts and wins."""

    def __init__(self, winner: Myth18Client, loser: Myth18Client) -> None:
        self.winner, self.loser = winner, loser
        self.game = 0

    async def host(self) -> None:
        self.winner.host(myth_game("Duel", MAP, scoring=9, players=2))
        game = await soon(self.loser.until_game("Duel"))
        self.game = game.number

    async def start(self) -> None:
        numbers = (self.game, self.winner.number, self.loser.number)
        for one in (self.winner, self.loser):
            one.line.write(LINE_UP, struct.pack(">3I", *numbers))
        self.winner.start(600)
        await soon(self.loser.until(lambda: self.loser.games[self.game].seconds == 600))

    async def end(self) -> None:
        places = [(self.winner.number, 0), (self.loser.number, 1)]
        for one in (self.winner, self.loser):
            one.line.write(SCORE, report(self.game, one.number, places))
        self.winner.remove_game()

    async def leave(self) -> None:
        await self.winner.leave()
        await self.loser.leave()


@pytest_asyncio.fixture(loop_scope="session")
async def duel(server: RunningServer) -> AsyncIterator[Duel]:
    players = [await myth_account(server, unique_name(name)) for name in ("Alric", "Balor")]
    made = Duel(players[0], players[1])
    yield made
    await made.leave()


async def contests(page: Page, part: str) -> None:
    await page.get_by_role("button", name="Contests", exact=True).click()
    await page.get_by_role("tab", name=part).click()


async def tick(page: Page, words: str) -> None:
    await page.locator("label", has_text=words).click()


async def confirm(page: Page, action: str) -> None:
    dialog = page.get_by_role("alertdialog")
    await expect(dialog.get_by_role("button", name="Cancel", exact=True)).to_be_focused()
    await dialog.get_by_role("button", name=action).click()
    await expect(dialog).to_have_count(0)


async def about(page: Page, member: str, act: str) -> None:
    await page.get_by_role("button", name=f"{member}: what to do").click()
    await page.get_by_role("menuitem", name=act, exact=True).click()


# --- clans -----------------------------------------------------------------------------------------


async def found(page: Page, name: str) -> None:
    await contests(page, "Clans")
    await page.get_by_role("button", name="Found a clan").click()
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Motto").fill("Swim!")
    await page.get_by_label("Greeting").fill("Fish at eight.")
    await page.get_by_label("Member password").fill("swim")
    await page.get_by_label("Maintenance password").fill("mend it")
    await page.get_by_role("button", name="Found the clan").click()
    await expect(page.get_by_role("region", name="Your clan")).to_contain_text(name)


async def test_a_clan_from_founding_to_its_end(visitors: NewVisitor) -> None:
    ada, ben = await visitors(come=True), await visitors(come=True)
    ada.expects(r"status of 4(04|22)")
    ben.expects(r"status of 4(01|04)")
    clan = unique_name("Otters")
    for one in (ada, ben):
        await into_lobby(one)

    await contests(ada.page, "Clans")
    await ada.page.get_by_role("button", name="Found a clan").click()
    await ada.page.get_by_role("button", name="Found the clan").click()
    await expect(ada.page.get_by_label("Name", exact=True)).to_be_focused()
    await expect(ada.page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    await is_sound(ada, "a refused clan")
    await ada.page.keyboard.press("Escape")
    await found(ada.page, clan)
    own = ada.page.get_by_role("region", name="Your clan")
    await expect(own).to_contain_text("Fish at eight.")
    await expect(own).to_contain_text("With fewer than 3 members the clan goes in 10 days.")

    await contests(ben.page, "Clans")
    await ben.page.get_by_role("button", name=f"Join {clan}").click()
    password = ben.page.get_by_label("Member password")
    await password.fill("guess")
    await ben.page.get_by_role("button", name="Join", exact=True).click()
    await expect(ben.page.get_by_role("alert")).to_contain_text("The password of the clan is wrong.")
    await password.fill("swim")
    await ben.page.get_by_role("button", name="Join", exact=True).click()
    his = ben.page.get_by_role("region", name="Your clan")
    await expect(his).to_contain_text("Fish at eight.")
    await expect(his.get_by_role("button", name="what to do")).to_have_count(0)
    await expect(his.get_by_role("button", name="Dissolve")).to_have_count(0)

    # Ada hears of it without doing anything.
    members = ada.page.get_by_role("list", name=f"Members of {clan}")
    row = members.get_by_role("listitem").filter(has_text=ben.username)
    await expect(row).to_contain_text("member, in Arrival")
    await about(ada.page, ben.username, "Make an officer")
    await expect(row).to_contain_text("officer")
    await about(ada.page, ben.username, "Make a member")
    await expect(row).to_contain_text("member")
    await own.get_by_role("button", name="Change the clan").click()
    await ada.page.get_by_label("Greeting").fill("Fish at nine.")
    await ada.page.get_by_label("New member password").fill("dive")
    await ada.page.get_by_role("button", name="Save", exact=True).click()
    await expect(own).to_contain_text("Fish at nine.")

    await about(ada.page, ben.username, "Pass the lead on")
    await confirm(ada.page, "Pass the lead on")
    await expect(row).to_contain_text("leader")
    await expect(his).to_contain_text("leader, you")
    await expect(own.get_by_role("button", name="Dissolve")).to_have_count(0)

    # With the maintenance password an officer changes it, too.
    await own.get_by_role("button", name="Change with the password").click()
    await ada.page.get_by_label("Maintenance password", exact=True).fill("mend it")
    await ada.page.get_by_label("Motto").fill("Dive!")
    await ada.page.get_by_role("button", name="Save", exact=True).click()
    await expect(own).to_contain_text("Dive!")

    await about(ben.page, ada.username, "Send away")
    await confirm(ben.page, "Send away")
    await expect(own).to_have_count(0)
    await ada.page.get_by_role("button", name=f"Join {clan}").click()
    await ada.page.get_by_label("Member password").fill("dive")
    await ada.page.get_by_role("button", name="Join", exact=True).click()
    await expect(own).to_contain_text(clan)
    await own.get_by_role("button", name="Leave").click()
    await confirm(ada.page, "Leave the clan")
    await expect(own).to_have_count(0)

    await his.get_by_role("button", name="Dissolve").click()
    await confirm(ben.page, "Dissolve the clan")
    await expect(his).to_have_count(0)
    await expect(ben.page.get_by_role("list", name="All clans").filter(has_text=clan)).to_have_count(0)


async def test_a_clan_by_keyboard(visitors: NewVisitor) -> None:
    ada = await visitors(come=True)
    ada.expects("status of 404")
    page, clan = ada.page, unique_name("Herons")
    await into_lobby(ada)
    await page.get_by_role("button", name="Contests", exact=True).focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("tab", name="Ladder").focus()
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Clans")).to_be_focused()
    opener = page.get_by_role("button", name="Found a clan")
    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await page.keyboard.type(clan)
    for _ in range(5):
        await page.keyboard.press("Tab")
    await expect(page.get_by_label("Member password")).to_be_focused()
    await page.keyboard.type("swim")
    await page.keyboard.press("Tab")
    await page.keyboard.type("mend it")
    await page.keyboard.press("Enter")
    own = page.get_by_role("region", name="Your clan")
    await expect(own).to_contain_text(clan)
    await own.get_by_role("button", name="Dissolve").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alertdialog")).to_be_visible()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(own).to_have_count(0)


# --- tournaments -----------------------------------------------------------------------------------


async def announce(server: RunningServer, boss: Visitor, slot: int, *, room: int = 26, after: float = 1.0) -> str:
    """A tournament of two that begins at once, as its name."""
    name = unique_name("Cup")
    starts_at = datetime.now(UTC) + timedelta(seconds=after)
    body = {"name": name, "slot": slot, "room_id": room, "starts_at": starts_at.isoformat(), "prize_pool": 100}
    token = await boss.access_token()
    (await call(Address.of(server.url), "POST", "/api/tournaments", body, token=token)).expect(201)
    return name


async def test_a_tournament_from_the_announcement_to_the_prize(visitors: NewVisitor, server: RunningServer) -> None:
    ada, ben = await visitors(come=True), await visitors(come=True)
    ada.expects(r"status of 4(09|22)")
    await server.run_cli("user", "role", ada.username, "admin")
    for one in (ada, ben):
        await into_lobby(one)
        await contests(one.page, "Tournaments")
    await expect(ben.page.get_by_text("No tournament is announced.")).to_be_visible()
    await expect(ben.page.get_by_role("button", name="Announce a tournament")).to_have_count(0)

    page, name = ada.page, unique_name("Cup")
    await page.get_by_role("button", name="Announce a tournament").click()
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_role("button", name="Announce", exact=True).click()
    await expect(page.get_by_label("Begins")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Begins").fill("2035-03-01T20:00")
    await page.get_by_label("Lobby", exact=True).select_option("Arrival")
    await page.get_by_label("Prize").fill("500")
    await page.get_by_label("Percent for the second").fill("30")
    await is_sound(ada, "announcement")
    await page.get_by_role("button", name="Announce", exact=True).click()
    card = page.get_by_role("list", name="Tournaments").get_by_role("listitem").filter(has_text=name)
    await expect(card).to_contain_text("in Arrival · prize 350 and 150")
    await expect(card).to_contain_text("0 of 32 take part")
    await card.get_by_role("button", name="Sign up").click()
    await expect(card).to_contain_text("You take part. Be in Arrival when it begins")
    await card.get_by_role("button", name="Withdraw").click()
    await expect(card).to_contain_text("0 of 32 take part")
    await card.get_by_role("button", name="Cancel it").click()
    await confirm(page, "Cancel the tournament")
    await tick(page, "Those that are over")
    await expect(card).to_contain_text("cancelled")
    await tick(page, "Those that are over")

    now = await announce(server, ada, 2)
    cards = {
        one.username: one.page.get_by_role("list", name="Tournaments").get_by_role("listitem").filter(has_text=now)
        for one in (ada, ben)
    }
    for one in (ada, ben):
        await tick(one.page, "Those that are over")
        await tick(one.page, "Those that are over")
        await cards[one.username].get_by_role("button", name="Sign up").click()
    await expect(ada.line(f"Tournament {now}: it begins.", "line")).to_have_count(1)
    await expect(cards[ben.username]).to_contain_text("under way", timeout=30_000)
    await expect(cards[ben.username].get_by_role("button", name="Decide")).to_have_count(0)
    bracket = page.get_by_role("region", name=f"Bracket of {now}")
    await expect(bracket).to_contain_text("Final", timeout=30_000)
    await bracket.get_by_role("button", name="Decide").click()
    await page.get_by_role("dialog").get_by_role("button", name=ben.username).click()
    for one in (ada, ben):
        await tick(one.page, "Those that are over")
        await expect(cards[one.username]).to_contain_text(f"1. {ben.username} wins 100")
    await expect(bracket).to_contain_text("goes on")


# --- ladders and results ---------------------------------------------------------------------------


async def test_a_game_of_old_clients_from_the_list_to_the_ladder(
    visitors: NewVisitor, server: RunningServer, duel: Duel
) -> None:
    ada = await visitors(come=True)
    page = ada.page
    winner, loser = duel.winner.user_name, duel.loser.user_name
    await into_lobby(ada, "Silvermines")
    games = page.get_by_role("list", name="Games in this lobby")
    await duel.host()
    await expect(games).to_contain_text("Duel● can be joined")
    await page.get_by_label("Find a game").fill("moon")
    await expect(page.get_by_text("No game is like that.")).to_be_visible()
    await page.get_by_label("Find a game").fill("gyrwan")
    await expect(games).to_contain_text(f"on {MAP}")
    await duel.start()
    await expect(games).to_contain_text("▶ running")
    await expect(games).to_contain_text(":")
    await expect(games.get_by_role("button", name=loser)).to_be_visible()
    await tick(page, "Can be joined")
    await expect(page.get_by_text("No game is like that.")).to_be_visible()
    await tick(page, "Can be joined")
    await in_menu(page, "Leave Silvermines")
    await tick(page, "Of all lobbies")
    await expect(games).to_contain_text("in Silvermines")
    await duel.end()

    await contests(page, "Results")
    result = page.get_by_role("list", name="Results, newest first").get_by_role("listitem").filter(has_text=winner)
    await expect(result.first).to_contain_text("1. won", timeout=30_000)
    await contests(page, "Ladder")
    row = page.get_by_role("row").filter(has_text=winner)
    await expect(row).to_contain_text("1016")
    await page.get_by_role("combobox", name="Games").select_option("King of the Hill")
    await expect(row).to_contain_text("1016")
    await page.get_by_role("combobox", name="Games").select_option("Unranked")
    await expect(page.get_by_text("Nobody has a result yet.")).to_be_visible()

    await page.get_by_label("Find a player").fill(winner[:-1])
    await page.get_by_role("list", name="Players found").get_by_role("button", name=winner).click()
    card = page.get_by_role("dialog")
    await expect(card.get_by_role("row").filter(has_text="King of the Hill")).to_contain_text("1 of 1")
    await card.get_by_role("button", name="Last games").click()
    await card.get_by_role("button", name=loser).click()
    await expect(card.get_by_role("heading", name=loser)).to_be_visible()
    await page.keyboard.press("Escape")

    # Another season begins, and the old one can be looked up.
    await server.run_cli("user", "role", ada.username, "admin")
    body = {"name": "Second season"}
    answer = await call(
        Address.of(server.url), "POST", "/api/metaserver/ladder/seasons", body, token=await ada.access_token()
    )
    answer.expect(201)
    await page.reload()
    await contests(page, "Ladder")
    await expect(page.get_by_text("Nobody has a result yet.")).to_be_visible()
    await page.get_by_role("combobox", name="Season").select_option("First season")
    await expect(row).to_contain_text("1016")


@pytest.mark.parametrize(("device", "theme"), [(DESK, "dark"), (PHONE, "light")], ids=["desk-dark", "phone-light"])
async def test_no_contest_has_a_barrier(
    visitors: NewVisitor, server: RunningServer, duel: Duel, device: dict[str, Any], theme: str
) -> None:
    ada = await visitors(color_scheme=theme, reduced_motion="reduce", **device)
    ada.expects("status of 404")
    page = ada.page
    shown = f"contests-{theme}-{'phone' if device is PHONE else 'desk'}"
    ARTIFACTS.mkdir(exist_ok=True)
    await ada.register()
    await ada.make_character()
    await expect(ada.badge).to_have_text("Connected")
    await server.run_cli("user", "role", ada.username, "owner")
    await into_lobby(ada, "Silvermines")
    await duel.host()
    await duel.start()
    await duel.end()
    clan = unique_name("Otters")
    await found(page, clan)

    async def look(screen: str) -> None:
        await is_sound(ada, screen)
        await page.screenshot(path=ARTIFACTS / f"{shown}-{screen}.png")

    await look("clan")
    await page.get_by_role("button", name="Change the clan").click()
    await look("change")
    await page.keyboard.press("Escape")
    await contests(page, "Tournaments")
    await page.get_by_role("button", name="Announce a tournament").click()
    await look("announce")
    await page.keyboard.press("Escape")
    await contests(page, "Results")
    await expect(page.get_by_role("list", name="Results, newest first")).to_contain_text(duel.winner.user_name)
    await look("results")
    await contests(page, "Ladder")
    await look("ladder")
    if device is PHONE:
        await page.get_by_role("button", name="People", exact=True).click()
    await page.get_by_label("Find a player").fill(duel.winner.user_name)
    await page.get_by_role("list", name="Players found").get_by_role("button").click()
    await page.get_by_role("button", name="Last games").click()
    await expect(page.get_by_role("dialog").get_by_role("list", name="Results, newest first")).to_be_visible()
    await look("card")
    await page.keyboard.press("Escape")
    await contests(page, "Clans")
    await page.get_by_role("button", name="Dissolve").click()
    await look("confirm")
    await confirm(page, "Dissolve the clan")
