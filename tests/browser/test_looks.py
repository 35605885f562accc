"""Every screen in both themes, on a desk and on a small phone: no barrier, nothing cut off, no complaint."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import NewVisitor
from tests.browser.screens import Visitor, find_barriers

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
DRAWERS = {"Place": "Exits", "Map": "Map", "You": "You", "Party": "Party", "Bag": "You carry"}


async def fits(page: Page, screen: str) -> None:
    """Nothing is wider than the window, and nothing but what is made for it (a section one can focus) scrolls."""
    assert page.viewport_size is not None
    window = page.viewport_size["width"]  # `innerWidth` grows on a phone that zooms out to show it all
    wide = await page.evaluate(
        """window => [...document.querySelectorAll("body *")].filter(element => {
            const box = element.getBoundingClientRect();
            return box.width > 0 && (box.right > window + 1 || box.left < -1)
                && getComputedStyle(element).visibility !== "hidden"
                && !element.closest("svg, [role=tablist], [aria-hidden=true], section[tabindex] > *");
        }).map(element => element.outerHTML.slice(0, 120))""",
        window,
    )
    width = await page.evaluate("Math.max(document.documentElement.scrollWidth, innerWidth)")
    assert width <= window, f"{screen} is {width} pixels wide: {wide}"
    assert wide == [], f"{screen} hides something beside the window"


async def is_sound(visitor: Visitor, screen: str) -> None:
    await fits(visitor.page, screen)
    barriers = await find_barriers(visitor.page)
    assert barriers == [], f"{screen}: {barriers}"


@pytest.mark.parametrize(("device", "theme"), [(DESK, "dark"), (PHONE, "light")], ids=["desk-dark", "phone-light"])
async def test_no_screen_has_a_barrier(visitors: NewVisitor, device: dict[str, Any], theme: str) -> None:
    ada = await visitors(color_scheme=theme, reduced_motion="reduce", **device)
    page = ada.page
    ada.expects(r"status of 4(01|22)")
    await ada.arrive()
    await expect(page.locator("html")).to_have_attribute("data-theme", theme)
    await is_sound(ada, "entrance")
    await ada.fill_entrance("Sign in", "nobody", "wrong password")
    await expect(page.get_by_role("alert")).to_be_visible()
    await is_sound(ada, "a refused log-in")
    await ada.fill_entrance("Register", ada.username, "short")
    await expect(page.get_by_label("Password", exact=True)).to_have_attribute("aria-invalid", "true")
    await is_sound(ada, "a refused registration")

    await ada.register()
    await is_sound(ada, "first character")
    await ada.make_character()
    await expect(ada.badge).to_have_text("Connected")
    ben = await visitors(come=True)
    await ben.command("say Welcome!")
    await ben.command(f"whisper {ada.name} This way.")
    await ben.command("shout Fish!")
    for line in ("get pear", "dnace", "emote waves.", "say Thank you.", "who", "help"):
        await ada.command(line)
    await ada.sees("This way.")
    await is_sound(ada, "game")

    if device is PHONE:
        for label, panel in DRAWERS.items():
            await page.get_by_role("button", name=label, exact=True).tap()
            await expect(ada.panel(panel)).to_be_in_viewport()
            await is_sound(ada, f"drawer {label}")
        await page.keyboard.press("Escape")
        await expect(ada.panel("You")).not_to_be_in_viewport()
        await page.get_by_role("button", name="Place", exact=True).tap()

    await page.get_by_role("button", name=ben.name, exact=True).click()
    await expect(page.get_by_role("menu")).to_be_visible()
    await is_sound(ada, "a person's menu")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name=f"{ada.name}: menu").click()
    await expect(page.get_by_role("menu")).to_be_visible()
    await is_sound(ada, "main menu")
    await page.keyboard.press("Escape")

    ada.expects_lost_connections()
    await ada.context.set_offline(True)
    for words in ("This device is offline.", "Attempt", "Nothing is lost"):
        told = ada.banner.get_by_text(words)
        await expect(told).to_be_visible()
        assert await told.evaluate(
            "it => it.scrollWidth <= it.clientWidth || getComputedStyle(it).display === 'inline'"
        )
    await is_sound(ada, "reconnecting")
    await ada.context.set_offline(False)
    await expect(ada.badge).to_have_text("Connected")
    await ada.choose(f"{ada.name}: menu", "Leave to characters")
    await expect(page.get_by_role("heading", name="Who will you be?")).to_be_visible()
    await is_sound(ada, "characters")
    await page.get_by_role("button", name=f"Delete {ada.name}").click()
    await expect(page.get_by_role("alertdialog")).to_be_visible()
    await is_sound(ada, "delete?")
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_role("button", name=f"Bring back {ada.name}")).to_be_visible()
    await is_sound(ada, "characters with a deleted one")
    await page.get_by_role("button", name="Account", exact=True).click()
    await expect(page.get_by_role("dialog").get_by_text("this one")).to_be_visible()
    await is_sound(ada, "account")


async def test_theme_and_text_size_are_remembered(visitors: NewVisitor) -> None:
    ada = await visitors(come=True, color_scheme="dark")
    html = ada.page.locator("html")
    await expect(html).to_have_attribute("data-theme", "dark")
    dark = await ada.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    await ada.choose(f"{ada.name}: menu", "Theme: light")
    await ada.page.keyboard.press("Escape")
    await ada.choose(f"{ada.name}: menu", "Text: large")
    await ada.page.keyboard.press("Escape")
    await expect(html).to_have_attribute("data-theme", "light")
    assert await ada.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != dark
    size = await ada.command_line.evaluate("line => getComputedStyle(line).fontSize")

    await ada.reload()
    other = await ada.in_new_tab()
    await other.page.goto(other.url)
    for page in (ada.page, other.page):
        await expect(page.locator("html")).to_have_attribute("data-theme", "light")
        await expect(page.locator("html")).to_have_attribute("data-text-size", "large")
    assert await ada.command_line.evaluate("line => getComputedStyle(line).fontSize") == size

    await ada.choose(f"{ada.name}: menu", "Theme: as the system")
    await expect(html).to_have_attribute("data-theme", "dark")


async def test_a_long_log_stays_at_its_end_unless_one_reads_further_up(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    for number in range(30):
        await ben.command(f"say Line {number} of a long evening, told at some length so that it fills the page.")
    await expect(ada.line("Line 29 of")).to_be_in_viewport()
    log = ada.page.get_by_role("log")
    await log.evaluate("log => log.scrollTo({top: 0, behavior: 'instant'})")
    await expect(ada.line("Line 29 of")).not_to_be_in_viewport()
    await ben.command("say And one more.")
    newer = ada.page.get_by_role("button", name="1 new line ↓")
    await expect(newer).to_be_visible()
    await expect(ada.line("And one more.")).not_to_be_in_viewport()
    await newer.click()
    await expect(ada.line("And one more.")).to_be_in_viewport()
    await expect(newer).to_have_count(0)


async def test_large_text_on_a_small_phone_shows_all_tabs_and_that_the_menu_goes_on(visitors: NewVisitor) -> None:
    ada = await visitors(come=True, **PHONE)
    await ada.choose(f"{ada.name}: menu", "Text: large")
    await ada.page.keyboard.press("Escape")
    await expect(ada.page.get_by_role("tab").last).to_be_in_viewport(ratio=1)
    await fits(ada.page, "game in large text")
    await ada.page.get_by_role("button", name=f"{ada.name}: menu").click()
    menu = ada.page.get_by_role("menu")
    await expect(menu).to_be_visible()
    layers = await menu.evaluate("menu => getComputedStyle(menu.parentElement).backgroundAttachment")
    assert "local" in layers, "a shadow lies over what is cut off"
    await expect(ada.page.get_by_role("menuitem", name="Sign out")).not_to_be_in_viewport()
    await ada.page.get_by_role("menuitem", name="Sign out").scroll_into_view_if_needed()
    await expect(ada.page.get_by_role("menuitem", name="Sign out")).to_be_in_viewport()


async def test_the_interface_documentation_shows_code_as_code(visitors: NewVisitor) -> None:
    ada = await visitors()
    await ada.page.goto(f"{ada.url}/docs")
    about = ada.page.locator("#about")
    await expect(about.locator("code").first).to_have_text("POST /api/auth/login")
    assert "`" not in await about.inner_text()
