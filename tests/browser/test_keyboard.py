"""Without a mouse: from the first page to the first step, and all the command line can do."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import NewVisitor
from tests.browser.screens import Visitor
from tests.support.spec_client import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# An outline, or a border in the colour of the focus, on the focused element or on the box that stands for it.
_FOCUS_SHOWS = """() => {
    const probe = document.body.appendChild(document.createElement("span"));
    probe.style.color = "var(--focus)";
    const colour = getComputedStyle(probe).color;
    probe.remove();
    const shows = element => {
        const {outlineStyle, outlineWidth, borderBottomColor} = getComputedStyle(element);
        return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || borderBottomColor === colour;
    };
    let element = document.activeElement;
    for (let up = 0; element && up < 3; up += 1, element = element.parentElement) if (shows(element)) return true;
    return false;
}"""
# Behind the last element the focus is the browser's own for one step.
_FOCUSED = """() => {
    const element = document.activeElement;
    if (element === document.body) return "outside";
    return [element.getAttribute("role") ?? element.tagName.toLowerCase(), element.getAttribute("aria-label")
        ?? element.labels?.[0]?.innerText ?? element.innerText].join(" ").trim();
}"""


async def focused(page: Page) -> str:
    return str(await page.evaluate(_FOCUSED))


async def tab_to(page: Page, wanted: str, *, most: int = 60) -> list[str]:
    """Press Tab until the focus is on what is wanted; all that it passed. The focus shows on each."""
    passed: list[str] = []
    for _ in range(most):
        await page.keyboard.press("Tab")
        passed.append(await focused(page))
        shows = passed[-1] == "outside" or await page.evaluate(_FOCUS_SHOWS)
        assert shows, f"the focus does not show on {passed[-1]}"
        if re.search(wanted, passed[-1]):
            return passed
    raise AssertionError(f"{wanted} was not reached: {passed}")


async def test_from_registration_to_the_first_step_without_a_mouse(visitors: NewVisitor) -> None:
    ada = await visitors()
    page, keys = ada.page, ada.page.keyboard
    await ada.arrive()
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await keys.press("Shift+Tab")
    assert await focused(page) == "tab Sign in"
    await keys.press("ArrowRight")
    assert await focused(page) == "tab Register"
    await tab_to(page, "^input Name")
    await keys.type(ada.username)
    await tab_to(page, "^input Password")
    await keys.type(PASSWORD)
    await keys.press("Enter")

    await expect(page.get_by_role("heading", name="Make your first character")).to_be_visible()
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await keys.type(ada.name)
    await tab_to(page, "^button Create and enter")
    await keys.press("Enter")
    await ada.in_world()

    await expect(ada.command_line).to_be_focused()
    await keys.type("look")
    await keys.press("Enter")
    await expect(ada.line("Gate Square", "place")).to_have_count(2)
    await tab_to(page, "^button east")
    await keys.press("Enter")
    await expect(ada.place).to_contain_text("Lantern Row")
    # Back to the command line from anywhere.
    await keys.press("/")
    await expect(ada.command_line).to_be_focused()
    await expect(ada.command_line).to_have_value("")
    await keys.type("w")
    await keys.press("Enter")
    await expect(ada.place).to_contain_text("Gate Square")
    await ada.exit("east").focus()
    await keys.press("Escape")
    await expect(ada.command_line).to_be_focused()
    await ada.exit("east").focus()
    await keys.type("say It types itself.")
    await expect(ada.command_line).to_have_value("say It types itself.")


async def test_everything_on_the_game_screen_is_reached_and_shows_its_focus(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    await ada.command("get pear")
    await expect(ada.panel("You carry").get_by_role("button")).to_have_count(1)
    await expect(ada.command_line).to_be_focused()
    around = " / ".join(await tab_to(ada.page, "Command$"))
    for wanted in (
        f"button {ada.name}: menu",
        "tab All",
        "log What happens",
        "button east",
        f"button {ben.name}",
        "button talk Warden Hask",
        "button take",
        "button read bronze plaque",
        "button a speckled pear",
        "button Zoom in",
        "summary The map in words",
    ):
        assert wanted in around, f"{wanted} is not among {around}"


async def test_menus_open_close_and_give_the_focus_back(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    person = ada.page.get_by_role("button", name=ben.name, exact=True)
    await person.focus()
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_role("menu", name=ben.name)).to_be_visible()
    await ada.page.keyboard.press("Escape")
    await expect(ada.page.get_by_role("menu")).to_have_count(0)
    await expect(person).to_be_focused()
    await ada.page.keyboard.press("Enter")
    await ada.page.keyboard.press("ArrowDown")
    await ada.page.keyboard.press("Enter")
    await expect(ada.line(f"look {ben.name}", "echo")).to_have_count(1)


async def test_the_menu_names_its_choices_and_explains_the_keyboard(pair: tuple[Visitor, Visitor]) -> None:
    ada, _ = pair
    page = ada.page
    menu = page.get_by_role("button", name=f"{ada.name}: menu")
    await menu.click()
    await expect(page.get_by_role("menuitemradio", name="Available", exact=True)).to_have_attribute(
        "aria-checked", "true"
    )
    await expect(page.get_by_role("menuitemradio", name="Away", exact=True)).to_be_visible()
    await page.get_by_role("menuitem", name="Help", exact=True).click()
    await expect(ada.line("help", "echo")).to_have_count(1)
    await expect(ada.command_line).to_be_focused()

    await menu.click()
    await page.get_by_role("menuitem", name="Keyboard", exact=True).click()
    dialog = page.get_by_role("dialog", name="Keyboard")
    await expect(dialog).to_contain_text("completes what you type")
    await page.keyboard.type("x")
    await expect(ada.command_line).to_have_value("")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


async def test_the_command_line_completes_remembers_and_clears(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    line, keys = ada.command_line, ada.page.keyboard
    await line.focus()
    await keys.type(f"whis {ben.name[:-2].lower()}")
    await keys.press("Tab")
    await expect(line).to_have_value(f"whis {ben.name} ")
    await keys.type("hello")
    await keys.press("Enter")
    await ben.sees(f"{ada.name} whispers to you: hello")

    await keys.type("look bronz")
    await keys.press("Tab")
    await expect(line).to_have_value("look bronze plaque ")
    await keys.press("Enter")
    await ada.sees("A plaque of bronze set into the paving")

    # Several candidates: Tab goes through them, Shift+Tab back, and each is read aloud.
    await keys.type("look wa")
    await keys.press("Tab")
    first = await line.input_value()
    if await ada.page.get_by_role("status").filter(has_text=re.compile("1 of")).count():
        await keys.press("Tab")
        await keys.press("Shift+Tab")
        await expect(line).to_have_value(first)
    await keys.press("Escape")
    await expect(line).to_have_value("")
    await expect(line).to_be_focused()

    await keys.type("a draft")
    for wanted in ("look bronze plaque", f"whis {ben.name} hello"):
        await keys.press("ArrowUp")
        await expect(line).to_have_value(wanted)
    await keys.press("ArrowUp")
    await expect(line).to_have_value(f"whis {ben.name} hello")
    for wanted in ("look bronze plaque", "a draft"):
        await keys.press("ArrowDown")
        await expect(line).to_have_value(wanted)
    await keys.press("Escape")

    # An empty line leaves Tab to the focus.
    await keys.press("Tab")
    await expect(line).not_to_be_focused()


async def test_an_unknown_command_gets_a_suggestion(pair: tuple[Visitor, Visitor]) -> None:
    ada, _ = pair
    await ada.command("wisper")
    await expect(ada.line("whisper", "refusal")).to_contain_text("Did you mean")


async def test_a_screen_reader_is_told_what_happens(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    log = ada.page.get_by_role("log", name="What happens")
    await expect(log).to_have_attribute("aria-live", "polite")
    await ben.command("say Is it read to you?")
    await expect(log.get_by_text(f"{ben.name} says: Is it read to you?")).to_be_attached()
    await expect(ada.page.get_by_role("status").get_by_text("Connected.")).to_be_attached()
    # One's own line is not read back.
    await ada.command("say Quite.")
    await expect(ada.line("say Quite.", "echo")).to_have_attribute("aria-live", "off")
    for name in ("Command line", "Panels"):
        role = ada.page.get_by_role("form" if name == "Command line" else "navigation", name=name, include_hidden=True)
        await expect(role).to_have_count(1)
    for place in (ada.page.get_by_role("main"), ada.page.get_by_role("complementary").first):
        await expect(place).to_be_visible()
