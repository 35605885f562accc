"""Staff looks after accounts in the browser, and everybody may look at the status page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import ARTIFACTS, NewVisitor
from tests.browser.screens import Visitor, eventually
from tests.browser.test_lobby import aleph, port_of, soon
from tests.browser.test_looks import DESK, PHONE, is_sound
from tests.support.metaserver_client import AlephOneClient, Denied, Hangs, aleph_game, close_lines
from tests.support.server import RunningServer
from tests.support.spec_client import PASSWORD, call, unique_name

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

GAMES_ONLY = "games only"


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def lines_closed() -> AsyncIterator[None]:
    yield
    await close_lines()


async def staff(visitors: NewVisitor, server: RunningServer, role: str = "admin", **options: Any) -> Visitor:
    """Somebody with a role, at the list of users."""
    ada = await visitors(**options)
    await ada.register()
    await server.run_cli("user", "role", ada.username, role)
    await ada.page.goto(f"{ada.url}/admin/users")
    await expect(row(ada.page, ada.username)).to_be_visible()
    return ada


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name="Users").get_by_role("button", name=re.compile(f"^{re.escape(name)}\\b"))


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


async def find(page: Page, name: str) -> Locator:
    """Search for somebody and open what is known of them."""
    await page.get_by_label("Name contains").fill(name)
    await expect(page.get_by_role("list", name="Users").get_by_role("listitem")).to_have_count(1)
    await row(page, name).click()
    await expect(card(page, name).get_by_role("heading", level=2).first).to_have_text(name)
    return card(page, name)


async def act(page: Page, opens: str, does: str, *, reason: str | None = None) -> None:
    """A measure, with what it asks."""
    await page.get_by_role("button", name=opens, exact=True).click()
    dialog = page.get_by_role("alertdialog")
    if reason is not None:
        await dialog.get_by_label("Reason").fill(reason)
    await dialog.get_by_role("button", name=does, exact=True).click()


async def may_log_in(visitor: Visitor, name: str, password: str) -> int:
    answer = await call(visitor.server, "POST", "/api/auth/login", {"username": name, "password": password})
    return answer.status


async def test_only_staff_gets_in(visitors: NewVisitor, server: RunningServer) -> None:
    ada = await visitors()
    page = ada.page
    await page.goto(f"{ada.url}/admin/users")
    await ada.fill_entrance("Register", ada.username, PASSWORD)
    await expect(page.get_by_role("heading", name="For staff only")).to_be_visible()
    await is_sound(ada, "for staff only")
    await page.get_by_role("button", name="To the world").click()
    await ada.make_character()
    await ada.in_world()
    await page.get_by_role("button", name=f"{ada.name}: menu").click()
    await expect(page.get_by_role("menuitem", name="Lobby")).to_be_visible()
    await expect(page.get_by_role("menuitem", name="Console")).to_have_count(0)
    await page.keyboard.press("Escape")

    await server.run_cli("user", "role", ada.username, "moderator")

    async def offered() -> bool | None:
        await page.get_by_role("button", name=f"{ada.name}: menu").click()
        await page.get_by_role("menuitem", name="Lobby").wait_for()
        shown = await page.get_by_role("menuitem", name="Console").count()
        if not shown:
            await page.keyboard.press("Escape")
        return True if shown else None

    await eventually(lambda: "the menu offers the users", offered)
    await page.get_by_role("menuitem", name="Console").click()
    await page.get_by_role("link", name="Players", exact=True).click()
    await expect(page).to_have_url(f"{ada.url}/admin/users")
    await expect(row(page, ada.username)).to_be_visible()
    await expect(page.get_by_role("button", name="New account")).to_have_count(0)  # a moderator makes none
    own = await find(page, ada.username)
    await expect(own).to_contain_text("There is nothing you may do about this account.")
    await expect(own.get_by_role("region", name="On record")).to_have_count(0)
    await page.go_back()
    await expect(page.get_by_text("Choose somebody")).to_be_visible()
    await page.get_by_role("link", name="To the game").click()
    await ada.in_world()


async def test_an_account_from_making_to_locking(visitors: NewVisitor, server: RunningServer) -> None:
    ada = await staff(visitors, server)
    page, name = ada.page, unique_name("helper").lower()
    ada.expects(r"status of 4(09|22)")
    await page.get_by_role("button", name="New account").click()
    await page.get_by_label("Name", exact=True).fill(ada.username)
    await page.get_by_role("button", name="Create", exact=True).click()
    await expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Name", exact=True).fill(name)
    roles = page.get_by_role("alertdialog").get_by_label("Role").locator("option")
    # nothing as high as an admin
    assert await roles.all_inner_texts() == ["player", "read-only", "tournament", "moderator"]
    await page.get_by_role("button", name="Create", exact=True).click()
    password = await page.get_by_test_id("password").inner_text()
    await page.get_by_role("button", name="Done").click()
    assert await may_log_in(ada, name, password) == 200

    helper = card(page, name)
    await expect(helper).to_contain_text("made the account by " + ada.username)
    await page.get_by_role("button", name="Change role", exact=True).click()
    await page.get_by_label("New role").select_option("moderator")
    await page.get_by_role("alertdialog").get_by_label("Reason").fill("helps others")
    await page.get_by_role("alertdialog").get_by_role("button", name="Change role").click()
    await expect(helper.get_by_role("heading", level=2).first).to_have_text(name)
    await expect(row(page, name)).to_contain_text("moderator")
    await expect(helper).to_contain_text("reason: helps others")
    await act(page, "Hide", "Hide")
    await expect(row(page, name)).to_contain_text("hidden")
    await act(page, "Show", "Show")
    await expect(row(page, name)).not_to_contain_text("hidden")

    await act(page, "New password", "Set password", reason="forgot it")
    newer = await page.get_by_test_id("password").inner_text()
    await page.get_by_role("button", name="Done").click()
    await expect(helper.get_by_role("region", name="Signed in")).to_contain_text("Nowhere.")
    assert [await may_log_in(ada, name, one) for one in (password, newer)] == [401, 200]

    await act(page, "Lock", "Lock", reason="spam")
    await expect(helper).to_contain_text(re.compile(f"Locked since .* by {ada.username}, until .*Reason: spam"))
    await expect(row(page, name)).to_contain_text("locked")
    assert await may_log_in(ada, name, newer) == 403
    await page.get_by_label("Name contains").fill("")
    await page.get_by_label("Status", exact=True).select_option("Locked")
    await expect(row(page, name)).to_be_visible()
    await expect(row(page, ada.username)).to_have_count(0)
    await act(page, "Unlock", "Unlock", reason="a mistake")
    await expect(helper.get_by_role("button", name="Lock", exact=True)).to_be_visible()
    assert await may_log_in(ada, name, newer) == 200


async def test_a_lock_ends_everything_on_all_doors_at_once(visitors: NewVisitor, server: RunningServer) -> None:
    ada, ben = await staff(visitors, server), await visitors(come=True)
    page = ada.page
    his = await find(page, ben.username)
    await page.get_by_role("button", name="Game password", exact=True).click()
    await page.get_by_role("alertdialog").get_by_label("Password (optional)").fill(GAMES_ONLY)
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_role("button", name="Remove game password")).to_be_visible()

    old = AlephOneClient(name=ben.username, user_name=ben.username, password=GAMES_ONLY)
    await soon(old.come(port_of(server)))
    waiting = AlephOneClient(name=ben.username, user_name=ben.username, password=GAMES_ONLY)
    await soon(waiting.log_in(port_of(server)))  # has a token for a room and has not used it yet
    await his.get_by_role("button", name="refresh").click()
    await expect(his).to_contain_text("the world (")
    await expect(his).to_contain_text("Arrival (Aleph One)")
    await expect(his).to_contain_text("Old game clients: 2 times")

    ben.expects(r"status of 40[13]")
    ben.expects_lost_connections()
    await act(page, "Lock", "Lock", reason="cheating")
    await expect(ben.page.get_by_role("heading", name="Mythgate")).to_be_visible()  # the entrance
    assert old.line is not None
    await soon(old.line.wait_closed())
    with pytest.raises((Hangs, EOFError)):
        await soon(waiting.enter())
    with pytest.raises(Denied):
        await soon(AlephOneClient(name="x", user_name=ben.username, password=GAMES_ONLY).log_in(port_of(server)))
    await expect(his).to_contain_text("not on")
    await expect(his.get_by_role("region", name="Signed in")).to_contain_text("Nowhere.")


async def test_everything_by_keyboard(visitors: NewVisitor, server: RunningServer) -> None:
    ada = await staff(visitors, server)
    made = await call(
        ada.server, "POST", "/api/admin/users", {"username": unique_name("keys")}, token=await ada.access_token()
    )
    name = str(made.expect(201)["name"])
    page = ada.page
    await page.get_by_label("Name contains").focus()
    await page.keyboard.type(name)
    await expect(page.get_by_role("list", name="Users").get_by_role("listitem")).to_have_count(1)
    await row(page, name).focus()
    await page.keyboard.press("Enter")
    await expect(card(page, name)).to_be_visible()
    await page.get_by_role("button", name="Lock", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Reason")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("alertdialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Lock", exact=True)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Reason")).to_be_focused()
    await page.keyboard.type("typed")
    await page.keyboard.press("Enter")
    await expect(card(page, name)).to_contain_text("Reason: typed")


@pytest.mark.parametrize(("device", "theme"), [(DESK, "dark"), (PHONE, "light")], ids=["desk-dark", "phone-light"])
async def test_no_part_of_the_administration_has_a_barrier(
    visitors: NewVisitor, server: RunningServer, device: dict[str, Any], theme: str
) -> None:
    ada = await staff(visitors, server, "owner", color_scheme=theme, reduced_motion="reduce", **device)
    page, where = ada.page, f"{theme}-{'phone' if device is PHONE else 'desk'}"
    token = await ada.access_token()
    for number in range(3):
        new = {"username": f"{unique_name('A long one')} {number}", "role": "moderator" if number else "player"}
        made = (await call(ada.server, "POST", "/api/admin/users", new, token=token)).expect(201)
    await page.reload()
    name = made["name"]
    await expect(row(page, name)).to_be_visible()
    ARTIFACTS.mkdir(exist_ok=True)

    async def looked_at(screen: str) -> None:
        await is_sound(ada, screen)
        await page.screenshot(path=ARTIFACTS / f"admin-{where}-{screen}.png", full_page=screen == "card")

    await looked_at("list")
    await page.get_by_role("button", name="New account").click()
    await looked_at("new")
    await page.get_by_role("button", name="Cancel").click()
    await row(page, name).click()
    await expect(card(page, name).get_by_role("region", name="On record")).to_be_visible()
    if device is PHONE:
        await expect(page.get_by_role("list", name="Users")).to_be_hidden()
        await expect(page.get_by_role("button", name="All users")).to_be_focused()
    await looked_at("card")
    for opens in ("Lock", "New password", "Game password", "Change role", "Hide"):
        await page.get_by_role("button", name=opens, exact=True).click()
        await expect(page.get_by_role("alertdialog")).to_be_visible()
        await looked_at(opens.lower().replace(" ", "-"))
        await page.get_by_role("button", name="Cancel").click()
    await act(page, "New password", "Set password")
    await expect(page.get_by_test_id("password")).to_be_visible()
    await looked_at("told")
    await page.get_by_role("button", name="Done").click()
    await act(page, "Lock", "Lock", reason="a reason of some length, as people give them")
    await expect(card(page, name)).to_contain_text("Locked since")
    await looked_at("locked")
    if device is PHONE:
        await page.get_by_role("button", name="All users").click()
        await expect(row(page, name)).to_be_focused()
        await expect(row(page, name)).to_contain_text("locked")


@pytest.mark.parametrize(("device", "theme"), [(DESK, "dark"), (PHONE, "light")], ids=["desk-dark", "phone-light"])
async def test_everybody_may_look_at_the_status(
    visitors: NewVisitor, server: RunningServer, device: dict[str, Any], theme: str
) -> None:
    hopper = await soon(aleph(server, "Hopper"))
    hopper.host(aleph_game("Mars attacks", "Mars Needs Women", players=3))
    await soon(hopper.until_game("Mars attacks"))
    ada = await visitors(color_scheme=theme, reduced_motion="reduce", **device)
    page = ada.page
    await ada.arrive()
    await page.get_by_role("button", name="Status of the server").click()
    await expect(page).to_have_url(f"{ada.url}/status")
    await expect(page.get_by_role("status")).to_contain_text("Running since")
    await expect(page.get_by_role("region", name="People", exact=True)).to_contain_text("Old game clients1")
    await expect(page.get_by_role("region", name="Lobbies", exact=True)).to_contain_text("Arrival1 of 32")
    games = page.get_by_role("region", name="Hosted games")
    await expect(games).to_contain_text("Mars attacks on Mars Needs Womenby Guest Hopper in Arrival, 3")
    await expect(page.get_by_role("region", name="Top of the ladder")).to_contain_text("Nobody has a result yet.")
    await is_sound(ada, "status")
    where = f"{theme}-{'phone' if device is PHONE else 'desk'}"
    ARTIFACTS.mkdir(exist_ok=True)
    await page.screenshot(path=ARTIFACTS / f"status-{where}.png", full_page=True)
    await page.reload()
    await expect(games).to_contain_text("Mars attacks")
    await page.get_by_role("button", name="Lobbies", exact=True).click()
    await expect(page.get_by_role("heading", level=1, name="Lobbies")).to_be_visible()
    await page.go_back()
    await page.get_by_role("button", name="World", exact=True).click()
    await expect(page.get_by_role("heading", name="Mythgate")).to_be_visible()
    await expect(page.get_by_label("Name")).to_be_visible()
    await hopper.leave()
