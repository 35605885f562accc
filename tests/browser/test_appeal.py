"""Who is banned appeals on a small phone without being signed in, and reads the answer; people are reported."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect
from tests.browser.conftest import ARTIFACTS, NewVisitor
from tests.browser.screens import Visitor, find_barriers
from tests.browser.test_keyboard import tab_to
from tests.browser.test_lobby import into_lobby, people
from tests.browser.test_looks import DESK, PHONE, fits
from tests.support.server import RunningServer
from tests.support.spec_client import PASSWORD, Address, call, unique_name

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def owner(server: RunningServer) -> AsyncIterator[str]:
    """The access token of somebody who owns the server."""
    address, name = Address.of(server.url), unique_name("owner").lower()
    login = await call(address, "POST", "/api/auth/register", {"username": name, "password": PASSWORD})
    await server.run_cli("user", "role", name, "owner")
    yield str(login.expect(201)["access_token"])


async def test_who_is_banned_appeals_on_a_phone_and_reads_the_answer(
    visitors: NewVisitor, server: RunningServer, owner: str
) -> None:
    ada = await visitors(color_scheme="light", **PHONE)
    ada.expects(r"status of 4\d\d")
    page, keys = ada.page, ada.page.keyboard
    made = await call(ada.server, "POST", "/api/auth/register", {"username": ada.username, "password": PASSWORD})
    ban = {"kind": "ban", "account_id": made.expect(201)["user_id"], "reason": "insults", "show_reason": True}
    (await call(ada.server, "POST", "/api/admin/measures", ban, token=owner)).expect(201)

    await ada.arrive()
    await ada.fill_entrance("Sign in", ada.username, PASSWORD)
    refusal = page.get_by_role("alert")
    await expect(refusal).to_contain_text("Appeal with the code")
    found = re.search(r"the code ([\w-]+)\.", await refusal.inner_text())
    assert found is not None

    await tab_to(page, "^button Banned or muted")
    await keys.press("Enter")
    await expect(page).to_have_url(f"{ada.url.rstrip('/')}/appeal")
    await expect(page.get_by_role("heading", level=1, name="Appeal")).to_be_visible()
    await is_sound(ada, "proof")
    await expect(page.get_by_label("Code")).to_be_focused()
    await keys.type("AAAA-BBBB")
    await keys.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("No measure has this code.")
    await page.get_by_label("Code").fill(found[1].lower())
    await keys.press("Enter")
    await expect(page.get_by_text("You are banned.", exact=True)).to_be_visible()
    await expect(page.get_by_text("Why: insults")).to_be_visible()
    await is_sound(ada, "words")

    await tab_to(page, "^textarea Why is it wrong")
    await keys.type("That was my brother.")
    await tab_to(page, "^button Send it")
    await keys.press("Enter")
    await expect(page.get_by_text("Nobody has decided yet.")).to_be_visible()
    await expect(page.get_by_label("Why is it wrong?")).to_have_count(0)
    await page.get_by_role("button", name="Look again").tap()
    await expect(page.get_by_text("Nothing is new.")).to_be_visible()
    await is_sound(ada, "open")

    open_ones = (await call(ada.server, "GET", "/api/admin/appeals", token=owner)).expect(200)["appeals"]
    number = next(one["number"] for one in open_ones if one["text"] == "That was my brother.")
    decision = {"step": "grant", "answer": "We are sorry."}
    (await call(ada.server, "POST", f"/api/admin/appeals/{number}", decision, token=owner)).expect(200)
    await page.get_by_role("button", name="Look again").tap()
    await expect(page.get_by_text("You are not banned any more.")).to_be_visible()
    await expect(page.get_by_text("They say: We are sorry.")).to_be_visible()
    await is_sound(ada, "granted")

    await page.get_by_role("button", name="I am somebody else").tap()
    await page.get_by_label("Find what is against me").select_option("by name and password")
    await page.get_by_label("Name").fill(ada.username)
    await page.get_by_label("Password").fill("another password")
    await keys.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("This name and password do not match.")
    await page.get_by_label("Password").fill(PASSWORD)
    await keys.press("Enter")
    await expect(page.get_by_text("They say: We are sorry.")).to_be_visible()
    await page.set_viewport_size(DESK["viewport"])
    await is_sound(ada, "desk")


async def is_sound(ada: Visitor, screen: str) -> None:
    await fits(ada.page, f"appeal {screen}")
    assert await find_barriers(ada.page) == []
    ARTIFACTS.mkdir(exist_ok=True)
    await ada.page.screenshot(path=ARTIFACTS / f"appeal-{screen}.png")


async def test_somebody_is_reported_from_the_world_and_from_a_lobby(pair: tuple[Visitor, Visitor], owner: str) -> None:
    ada, ben = pair
    page = ada.page
    await ada.choose(ben.name, "Report…")
    dialog = page.get_by_role("dialog", name=f"Report {ben.name}")
    await expect(dialog.get_by_label("What did they do?")).to_be_focused()
    await page.keyboard.type("He sings.")
    assert await find_barriers(page) == []
    await page.screenshot(path=ARTIFACTS / "report-world.png")
    await dialog.get_by_role("button", name="Report", exact=True).click()
    await expect(dialog.get_by_role("status")).to_contain_text("The staff looks into it.")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)

    await into_lobby(ada)
    await into_lobby(ben)
    await people(page).get_by_role("button", name=ben.username).click()
    await page.get_by_role("button", name="Report…").click()
    dialog = page.get_by_role("dialog", name="Report")
    await dialog.get_by_label("What did they do?").fill("He sings here too.")
    await dialog.get_by_role("button", name="Report", exact=True).click()
    await expect(dialog.get_by_role("status")).to_contain_text("looked at together")

    mine = await ada.ask("/api/reports")
    assert [one["reason"] for one in mine][:2] == ["He sings here too.", "He sings."]
    waiting = (await call(ada.server, "GET", "/api/admin/reports", token=owner)).expect(200)["reports"]
    assert [one["name"] for one in waiting] == [ben.name]
