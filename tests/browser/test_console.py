"""The console of the staff: every page without a barrier, by keyboard, and a ban from a small phone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from tests.browser.conftest import ARTIFACTS, NewVisitor
from tests.browser.screens import Visitor, find_barriers
from tests.browser.test_looks import DESK, PHONE, fits
from tests.support.server import RunningServer
from tests.support.spec_client import PASSWORD, Address, call, unique_name

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGES = {
    "now": "People",
    "users": "Accounts",
    "games": "Nobody hosts a game",
    "games/results": "No game has ended",
    "games/ladder": "Seasons",
    "games/tournaments": "No tournament is announced",
    "rooms": "Lobbies",
    "rooms/lobby:26": "Who is here",
    "rooms/lobby:26/history": "Nothing is remembered",
    "messages/announcements": "Message of the day",
    "messages/bridges": "There is none.",
    "system/backups": "There is no backup",
    "logs/lines": "Log, newest first",
    "logs/errors": "Nothing went wrong",
    "logs/levels": "Levels of the log",
}
"""Each page by its address, and what stands on it when it is there."""

_OPEN = """path => {
    history.pushState(null, "", path);
    dispatchEvent(new PopStateEvent("popstate"));
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def owner(server: RunningServer) -> AsyncIterator[dict[str, Any]]:
    """The login of somebody who owns the server."""
    address, name = Address.of(server.url), unique_name("owner").lower()
    login = await call(address, "POST", "/api/auth/register", {"username": name, "password": PASSWORD})
    await server.run_cli("user", "role", name, "owner")
    yield login.expect(201)


async def at_console(visitors: NewVisitor, login: dict[str, Any], page: str = "now", **options: Any) -> Visitor:
    """Somebody who is signed in already, at a page of the console."""
    ada = await visitors(**options)
    again = await call(ada.server, "POST", "/api/auth/login", {"username": login["username"], "password": PASSWORD})
    fresh = again.expect(200)
    stored = {
        "refreshToken": fresh["refresh_token"],
        "userId": fresh["user_id"],
        "username": fresh["username"],
        "role": fresh["role"],
        "isGuest": False,
    }
    once = f"if (!sessionStorage.length) sessionStorage.setItem('mythgate.login', {json.dumps(json.dumps(stored))});"
    await ada.page.add_init_script(once)
    await ada.page.goto(f"{ada.url}/admin/{page}")
    await shows(ada.page, page)
    return ada


async def shows(page: Page, address: str) -> None:
    words = PAGES[address]
    main = page.get_by_role("main")
    await expect(main.get_by_text(words).or_(main.get_by_label(words)).first).to_be_visible()


@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "phone"])
async def test_no_page_has_a_barrier_in_either_theme(
    visitors: NewVisitor, owner: dict[str, Any], device: dict[str, Any]
) -> None:
    ada = await at_console(visitors, owner, color_scheme="dark", **device)
    page, where = ada.page, "phone" if device is PHONE else "desk"
    ARTIFACTS.mkdir(exist_ok=True)
    found: list[str] = []
    for address in PAGES:
        await page.evaluate(_OPEN, f"/admin/{address}")
        await shows(page, address)
        await fits(page, address)
        found += [f"{address}, dark: {one}" for one in await find_barriers(page)]
        await page.emulate_media(color_scheme="light")
        await expect(page.locator("html")).to_have_attribute("data-theme", "light")
        found += [f"{address}, light: {one}" for one in await find_barriers(page, rules=["color-contrast"])]
        await page.emulate_media(color_scheme="dark")
    assert found == []
    sections = await page.get_by_role("navigation", name="Console").get_by_role("link").count() if where == "desk" else 0
    if where == "desk":
        assert sections == len({address.partition("/")[0] for address in PAGES}), "a section is not looked at"
