"""The console of the staff: every page without a barrier, by keyboard, and a ban from a small phone."""

from __future__ import annotations

import base64
import hmac
import json
import struct
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from tests.browser.conftest import NewVisitor
from tests.browser.screens import Visitor, find_barriers
from tests.browser.test_looks import DESK, PHONE, fits
from tests.support.server import RunningServer
from tests.support.spec_client import PASSWORD, Address, Player, call, register, unique_name

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGES = {
    "now": "The last hour",
    "rooms": "The world",
    "rooms/lobby:26": "Who is here",
    "rooms/lobby:26/history": "Nothing is remembered",
    "users": "Accounts",
    "moderation": "Reports",
    "moderation/measures": "Nobody is banned or muted.",
    "moderation/appeals": "Nobody appeals.",
    "moderation/filters": "Filters of words",
    "games": "Nobody hosts a game",
    "games/results": "No game has ended",
    "games/ladder": "Seasons",
    "games/tournaments": "No tournament is announced",
    "world": "Rooms of the world",
    "world/entities": "Inhabitants",
    "world/events": "What happened",
    "world/packs": "Check the packs",
    "messages/announcements": "Message of the day",
    "messages/bridges": "There is none.",
    "logs/record": "Record, newest first",
    "logs/lines": "Log, newest first",
    "logs/errors": "Nothing went wrong",
    "logs/levels": "Levels of the log",
    "lab": "Captures",
    "system/ground": "Doors",
    "system/settings": "general",
    "system/backups": "There is no backup",
    "system/tokens": "There is none.",
    "factor": "Set up a second factor",
}
"""Each page by its address, and what stands on it when it is there."""

CLOSELY = {"users": "What to do about", "lab": "Began", "moderation": "Evidence", "rooms": "Who is here"}
"""What stands on the pages about one of something, by section."""

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


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def incident(server: RunningServer, owner: dict[str, Any]) -> AsyncIterator[list[str]]:
    """Two people in the world of whom one is reported and looked into; the pages about that."""
    at = Address.of(server.url)
    people = []
    for name in (unique_name("Loud"), unique_name("Meek")):
        account = await register(at)
        character = await account.create_character(name)
        people.append(Player(account, name, character["id"]))
        await people[-1].enter()
    loud, meek = people
    await loud.command("say Your cat is ugly.")
    reported = await meek.account.call("POST", "/api/reports", {"name": loud.name, "reason": "He hurts my cat."})
    number = reported.expect(201)["number"]
    token = owner["access_token"]
    known = (await call(at, "GET", "/api/admin/lab/connections", token=token)).expect(200)
    wanted = {"connection_id": known[0]["id"], "reason": "to see what is sent"}
    capture = (await call(at, "POST", "/api/admin/lab/captures", wanted, token=token)).expect(201)
    rooms = (await call(at, "GET", "/api/admin/rooms", token=token)).expect(200)["rooms"]
    crowded = next(one["key"] for one in rooms if one["kind"] == "world")
    await loud.command("say And its tail is crooked.")
    yield [f"moderation/reports/{number}", f"lab/{capture['id']}", f"rooms/{crowded}"]
    for one in people:
        await one.close()


async def at_console(
    visitors: NewVisitor, login: dict[str, Any], page: str = "now", *, first: str = "", **options: Any
) -> Visitor:
    """Somebody who is signed in already, at a page of the console, on which `first` stands instead of its own words."""
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
    if first:
        await expect(ada.page.get_by_label(first)).to_be_visible()
    else:
        await shows(ada.page, page)
    return ada


async def shows(page: Page, address: str) -> None:
    words = PAGES.get(address) or CLOSELY[address.partition("/")[0]]
    main = page.get_by_role("main")
    await expect(main.get_by_text(words).or_(main.get_by_label(words)).first).to_be_visible()
    await expect(main.get_by_text("Loading …")).to_have_count(0)


@pytest.mark.parametrize(("device", "theme"), [(DESK, "dark"), (PHONE, "light")], ids=["desk", "phone"])
async def test_no_page_has_a_barrier(
    visitors: NewVisitor, owner: dict[str, Any], incident: list[str], device: dict[str, Any], theme: str
) -> None:
    """All rules at both widths; on the desk also the colours of the other theme, which are those of phones."""
    ada = await at_console(visitors, owner, color_scheme=theme, **device)
    page, found = ada.page, []
    spam = {"pattern": "buy gold", "action": "refuse"}
    (await call(ada.server, "POST", "/api/admin/filters", spam, token=await ada.access_token())).expect(201)
    person = f"users/{owner['user_id']}"
    for address in [*PAGES, person, f"{person}/access", f"{person}/others", *incident]:
        await page.evaluate(_OPEN, f"/admin/{address}")
        await shows(page, address)
        await fits(page, address)
        # The frame is the same on all pages.
        within = None if address == "now" else "main"
        found += [f"{address}: {one}" for one in await find_barriers(page, within=within)]
        if device is DESK:
            await page.emulate_media(color_scheme="light")
            await expect(page.locator("html")).to_have_attribute("data-theme", "light")
            barriers = await find_barriers(page, ["color-contrast"], within=within)
            found += [f"{address} in the light: {one}" for one in barriers]
            await page.emulate_media(color_scheme="dark")
    assert found == []
    if device is DESK:
        sections = page.get_by_role("navigation", name="Console").get_by_role("link")
        await expect(sections).to_have_count(len({address.partition("/")[0] for address in PAGES}))  # none is left out


async def test_a_ban_from_a_small_phone(visitors: NewVisitor, server: RunningServer, owner: dict[str, Any]) -> None:
    at = Address.of(server.url)
    name = unique_name("pest").lower()
    pest = (await call(at, "POST", "/api/auth/register", {"username": name, "password": PASSWORD})).expect(201)
    ada = await at_console(visitors, owner, **PHONE)
    page = ada.page
    await page.get_by_role("button", name="Menu").tap()
    await page.get_by_role("link", name="Players", exact=True).tap()
    await expect(page.get_by_role("heading", level=1, name="Players")).to_be_focused()
    await page.get_by_label("Name contains").fill(name)
    await expect(page).to_have_url(f"{ada.url}/admin/users?search={name}")
    await page.get_by_role("list", name="Users").get_by_role("button").tap()
    await page.get_by_role("button", name="Ban", exact=True).tap()
    asked = page.get_by_role("alertdialog")
    await asked.get_by_label("For").select_option("30 days")
    await asked.get_by_label("Reason", exact=True).fill("Ruins every evening")
    await fits(page, "a ban")
    assert await find_barriers(page) == []
    await asked.get_by_role("button", name="Ban", exact=True).tap()
    await expect(page.get_by_test_id("told")).to_contain_text(f"{name} is banned.")
    await expect(page.get_by_role("region", name=name, exact=True)).to_contain_text("Locked since")
    await page.get_by_role("link", name="Measures").tap()
    await expect(page.get_by_role("table", name="Measures")).to_contain_text("Ruins every evening")

    refused = await call(at, "POST", "/api/auth/login", {"username": name, "password": PASSWORD})
    assert refused.status == 403
    assert "Ruins every evening" in refused.json["error"]["message"]
    assert (await call(at, "GET", "/api/auth/me", token=pest["access_token"])).status in (401, 403)

    await page.get_by_role("button", name=f"Lift the ban of {name}").tap()
    await page.get_by_role("alertdialog").get_by_role("button", name="Lift").tap()
    await expect(page.get_by_test_id("told")).to_contain_text("It is lifted.")
    assert (await call(at, "POST", "/api/auth/login", {"username": name, "password": PASSWORD})).status == 200
    await page.evaluate(_OPEN, f"/admin/logs/record?subject={name}")
    record = page.get_by_role("list", name="Record, newest first").get_by_role("listitem")
    await expect(record.filter(has_text="Ruins every evening")).to_contain_text(owner["username"])


async def test_a_walk_by_keyboard_only(visitors: NewVisitor, owner: dict[str, Any]) -> None:
    ada = await at_console(visitors, owner)
    page, keys = ada.page, ada.page.keyboard

    async def tab_to(name: str) -> None:
        for _ in range(60):
            await keys.press("Tab")
            if await page.evaluate("document.activeElement.textContent") == name:
                return
        raise AssertionError(f"nobody comes to {name} with Tab")

    await keys.press("Tab")
    await expect(page.get_by_role("link", name="To the page")).to_be_focused()
    await tab_to("Messages")
    await keys.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Messages")).to_be_focused()
    await expect(page.get_by_role("button", name="Change the message of the day")).to_be_visible()
    await tab_to("Change")
    await keys.press("Enter")
    await expect(page.get_by_label("Words")).to_be_focused()
    await keys.press("Escape")
    await expect(page.get_by_role("button", name="Change the message of the day")).to_be_focused()
    await keys.press("Enter")
    await keys.type("Feast on Friday")
    await tab_to("Change")
    await keys.press("Enter")
    await expect(page.get_by_test_id("told")).to_contain_text("The message of the day is changed.")
    await expect(page.get_by_role("region", name="Message of the day")).to_contain_text("Feast on Friday")
    await page.go_back()
    await expect(page.get_by_role("heading", level=1, name="Now")).to_be_visible()


async def test_a_role_sees_what_it_may_do_and_no_more(visitors: NewVisitor, server: RunningServer) -> None:
    at, name = Address.of(server.url), unique_name("reader").lower()
    reader = (await call(at, "POST", "/api/auth/register", {"username": name, "password": PASSWORD})).expect(201)
    await server.run_cli("user", "role", name, "read_only")
    ada = await at_console(visitors, reader, "rooms/lobby:26")
    page = ada.page
    sections = page.get_by_role("navigation", name="Console").get_by_role("link")
    assert await sections.all_inner_texts() == ["Now", "Rooms", "Players", "Games and ladder", "World"]
    for act in ("Announce", "Lock", "Close"):
        await expect(page.get_by_role("button", name=act, exact=True)).to_have_count(0)
    await page.evaluate(_OPEN, "/admin/system/settings")
    await expect(page.get_by_text("Your role does not open this page.")).to_be_visible()


async def test_a_second_factor_from_its_picture_to_its_code(visitors: NewVisitor, server: RunningServer) -> None:
    at, name = Address.of(server.url), unique_name("keeper").lower()
    keeper = (await call(at, "POST", "/api/auth/register", {"username": name, "password": PASSWORD})).expect(201)
    await server.run_cli("user", "role", name, "admin")
    ada = await at_console(visitors, keeper, "factor", **PHONE)
    page = ada.page
    await page.get_by_role("button", name="Set up a second factor").tap()
    await expect(page.get_by_role("img", name="The secret as a QR code")).to_be_visible()
    secret = await page.get_by_test_id("secret").inner_text()
    await fits(page, "a second factor")
    assert await find_barriers(page) == []
    ada.expects(r"status of 4(00|03|22)")
    await page.get_by_label("Code", exact=True).fill("000000")
    await page.get_by_role("button", name="Confirm").tap()
    await expect(page.get_by_role("alert").or_(page.locator("[aria-invalid=true]")).first).to_be_visible()
    await page.get_by_label("Code", exact=True).fill(code_of(secret))
    await page.get_by_role("button", name="Confirm").tap()
    codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    await expect(codes.first).to_be_visible()
    recovery = await codes.first.inner_text()
    await page.get_by_role("button", name="I have kept them").tap()
    await expect(page.get_by_text("in use", exact=True)).to_be_visible()

    ben = await at_console(visitors, keeper, "now", first="A code is asked for")  # a new session waits for a code
    asked = ben.page.get_by_role("region", name="A code is asked for")
    await asked.get_by_label("Code").fill(recovery)
    await asked.get_by_role("button", name="Show it").click()
    await expect(asked).to_have_count(0)
    await expect(ben.page.get_by_role("link", name="System", exact=True)).to_be_visible()


def code_of(secret: str) -> str:
    """What an authenticator shows now (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"
