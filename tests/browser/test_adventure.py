"""The adventure in two browsers: who one is, company, trade, a fight, and what the journal tells.

Each walk looks at its panels on a small phone in light and on a desk in dark colours.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import NewVisitor
from tests.browser.screens import Visitor, eventually
from tests.browser.test_keyboard import focused, tab_to
from tests.browser.test_looks import DESK, PHONE, is_sound

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ENVIRONMENT = {"MYTHGATE_COMBAT__TURN": "60"}


async def looks_sound(visitor: Visitor, screen: str) -> None:
    """On a light phone and on a dark desk, which it is afterwards."""
    page = visitor.page
    looks: tuple[tuple[dict[str, Any], Literal["light", "dark"]], ...] = ((PHONE, "light"), (DESK, "dark"))
    for device, theme in looks:
        await page.set_viewport_size(device["viewport"])
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        await expect(page.locator("html")).to_have_attribute("data-theme", theme)
        await is_sound(visitor, f"{screen}, {theme}, {device['viewport']['width']} pixels")


def stage(visitor: Visitor) -> Locator:
    return visitor.panel("What is going on")


def deed(visitor: Visitor, name: str) -> Locator:
    """A button of the fight, which tells a price after its name."""
    return stage(visitor).get_by_role("button", name=re.compile(rf"^{name} ([+\d]|free)"))


async def do_one_of(visitor: Visitor, *names: str, within: float | None = None) -> None:
    """The first that can be paid."""
    for name in names:
        button = deed(visitor, name)
        if await button.get_attribute("aria-disabled", timeout=within) is None:
            await button.click(timeout=within)
            return


def meter(where: Locator, name: str) -> Locator:
    return where.get_by_role("meter", name=name)


async def choose_dwarf(page: Page) -> None:
    await page.get_by_text("Choose race, class and faction now").click()
    await page.get_by_label("Race", exact=True).select_option("Dwarf")
    await page.get_by_label("Class", exact=True).select_option("Warrior")
    await page.get_by_label("Faction", exact=True).select_option("Iron Brotherhood")
    await page.get_by_text("Choose the attributes instead of rolling dice").click()
    create = page.get_by_role("button", name=re.compile("^Create"))
    await page.get_by_label("Strength").fill("16")
    await expect(page.get_by_text("6 too many.")).to_be_visible()
    await expect(create).to_be_disabled()
    await page.get_by_label("Charisma").fill("4")
    await expect(page.get_by_text("All points are spent.")).to_be_visible()


async def test_one_begins_as_somebody_and_reads_it_in_the_journal(visitors: NewVisitor) -> None:
    ada = await visitors()
    page = ada.page
    await ada.register()
    await page.get_by_label("Name", exact=True).fill(ada.name)
    await choose_dwarf(page)
    await looks_sound(ada, "choosing")
    await page.get_by_role("button", name=re.compile("^Create")).click()
    await ada.in_world()

    you = ada.panel("You")
    await expect(you).to_contain_text("Dwarf Warrior")
    await expect(you).to_contain_text("Iron Brotherhood")
    health = meter(you, "Health")
    assert await health.get_attribute("value") == await health.get_attribute("max")
    await ada.choose("an iron longsword", "Equip")
    await expect(ada.panel("You carry").get_by_role("listitem").filter(has_text="iron longsword")).to_contain_text(
        "equipped"
    )

    await tab_to(page, "^button Journal")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{ada.url}/journal")
    await expect(ada.panel("Attributes")).to_contain_text(re.compile("17\\s*Strength|Strength\\s*17"))
    worn = page.get_by_role("list", name="Equipped", exact=True)
    await expect(worn).to_contain_text("longsword")
    await page.get_by_role("button", name="take off an iron longsword").click()
    await expect(page.get_by_text("You have equipped nothing.")).to_be_visible()
    await page.get_by_role("button", name="use a health potion").click()
    await expect(page.get_by_role("status").filter(has_text="You do not need a health potion now.")).to_be_visible()
    await looks_sound(ada, "journal: character")

    await page.get_by_role("tab", name="Quests").click()
    await page.get_by_role("button", name="Take it on: The Watch of the Arch").click()
    mine = page.get_by_role("list", name="Your quests")
    await expect(mine).to_contain_text("Stand beneath the Arch.")
    await looks_sound(ada, "journal: quests")
    await page.get_by_role("button", name="give up The Watch of the Arch").click()
    await page.get_by_role("button", name="Give it up").click()
    await expect(mine.get_by_role("listitem")).to_have_count(0)

    await page.get_by_role("tab", name="Shards").click()
    await expect(page.get_by_role("list", name="Crystal Shards").get_by_role("heading")).to_have_count(12)
    await expect(ada.panel("Factions").get_by_role("row", name=re.compile("Iron Brotherhood"))).to_contain_text("yours")
    await page.get_by_role("button", name="who held it").first.click()
    await expect(page.get_by_text("Nobody ever held it.")).to_be_visible()
    await looks_sound(ada, "journal: shards")

    ben = await visitors(come=True)
    await page.get_by_role("tab", name="Nearby").click()
    await expect(page.get_by_role("row", name=re.compile(ben.name))).to_contain_text("1")
    await looks_sound(ada, "journal: nearby")
    # Whoever did not choose in the beginning chooses here.
    await ben.choose(f"{ben.name}: menu", "Journal")
    chooses = ben.page.get_by_role("form", name="Who you are")
    await chooses.get_by_label("Class", exact=True).select_option("Necromancer")
    await chooses.get_by_role("button", name="Choose").click()
    await expect(chooses).to_have_count(0)
    await expect(ben.panel("Human Necromancer")).to_be_visible()
    await ben.page.go_back()
    await ben.in_world()


async def test_two_travel_together_trade_and_fight(visitors: NewVisitor) -> None:
    ada, ben = await visitors(), await visitors(come=True)
    ben.expects_lost_connections()
    await ada.register()
    await ada.page.get_by_label("Name", exact=True).fill(ada.name)
    await choose_dwarf(ada.page)
    await ada.page.get_by_role("button", name=re.compile("^Create")).click()
    await ada.in_world()
    await form_a_party(ada, ben)
    await trade(ada, ben)
    await fight(ada, ben)


async def form_a_party(ada: Visitor, ben: Visitor) -> None:
    await ada.choose(ben.name, "Invite to your party")
    await expect(stage(ben)).to_contain_text(f"{ada.name} asks you to join the party")
    await expect(stage(ben).get_by_role("timer")).to_have_text(re.compile(r"^[12]:\d\d$"))
    await looks_sound(ben, "an invitation")
    # Told again to who loads the page anew.
    await ben.reload()
    await expect(stage(ben)).to_contain_text(f"{ada.name} asks you")
    await stage(ben).get_by_role("button", name="Decline").click()
    await expect(stage(ben)).to_have_count(0)
    await ada.choose(ben.name, "Invite to your party")
    await ben.tab("All").focus()
    while "Join" not in await focused(ben.page):
        await ben.page.keyboard.press("Shift+Tab")
    await ben.page.keyboard.press("Enter")

    for one, other in ((ada, ben), (ben, ada)):
        party = one.panel("Party")
        await expect(party).to_contain_text("2 of 4")
        health = meter(party, f"Health of {other.name}")
        await expect(health).to_be_attached()
        assert await health.get_attribute("value") == await health.get_attribute("max")
    await expect(ada.panel("Party").get_by_role("listitem").first).to_contain_text("leads")

    await ben.context.set_offline(True)
    theirs = ada.panel("Party").get_by_role("listitem").filter(has_text=ben.name)
    await expect(theirs).to_contain_text("lost connection")
    await ada.page.set_viewport_size(PHONE["viewport"])
    await ada.page.get_by_role("button", name="Party", exact=True).click()
    await expect(theirs).to_be_in_viewport()
    await looks_sound(ada, "a party")
    await ada.page.keyboard.press("Escape")
    await ben.context.set_offline(False)
    await expect(theirs).not_to_contain_text("lost connection")
    await ada.panel("Party").get_by_label("Loot").select_option("roll")
    await expect(ben.panel("Party")).to_contain_text("Loot by dice.")


async def trade(ada: Visitor, ben: Visitor) -> None:
    await ben.command("get pear")
    await expect(ben.panel("You carry")).to_contain_text("speckled pear")
    await ada.choose(ben.name, "Trade")
    await expect(stage(ada)).to_contain_text(f"You asked {ben.name} for a trade.")
    await stage(ben).get_by_role("button", name="Trade").click()
    mine, theirs = (stage(one).get_by_role("region", name="Trade", exact=True) for one in (ada, ben))

    thing = mine.get_by_role("form", name="Offer a thing")
    await thing.get_by_label("Thing", exact=True).select_option(label="a health potion (3)")
    await thing.get_by_label("How many").fill("2")
    await thing.get_by_role("button", name="Offer", exact=True).click()
    gets = theirs.get_by_role("region", name=f"{ada.name} gives")
    await expect(gets).to_contain_text("a health potion ×2")
    await theirs.get_by_role("form", name="Offer a thing").get_by_role("button", name="Offer", exact=True).click()
    await expect(mine.get_by_role("region", name=f"{ben.name} gives")).to_contain_text("a speckled pear")

    await theirs.get_by_role("button", name="Confirm").click()
    await expect(mine.get_by_role("region", name=f"{ben.name} gives")).to_contain_text("✓ confirmed")
    await looks_sound(ada, "a trade")
    # Whoever changes something after that takes the other's word back.
    await mine.get_by_role("spinbutton", name="Souls").fill("7")
    await mine.get_by_role("button", name="Offer souls").click()
    await expect(gets).to_contain_text("7 souls")
    await expect(theirs.get_by_role("button", name="Confirm")).to_be_visible()
    await expect(mine.get_by_role("region", name=f"{ben.name} gives")).to_contain_text("not confirmed")
    await mine.get_by_role("button", name="Confirm").press("Enter")
    await theirs.get_by_role("button", name="Confirm").press("Enter")
    for one in (ada, ben):
        await expect(stage(one)).to_contain_text("The trade is done")
        await stage(one).get_by_role("button", name="Close").click()
        await expect(stage(one)).to_have_count(0)
    await expect(ada.panel("You carry")).to_contain_text("a speckled pear")
    await expect(ben.panel("You carry")).to_contain_text("a health potion ×2")
    await expect(ben.panel("You")).to_contain_text("Souls7")


async def fight(ada: Visitor, ben: Visitor) -> None:
    await ada.choose("an iron longsword", "Equip")
    await ben.panel("Party").get_by_role("button", name="Follow").click()
    await expect(ben.panel("You")).to_contain_text(f"Following{ada.name}")
    await ada.command("go northwest")
    await ada.command("go northwest")
    await expect(ben.place).to_contain_text("Wilderness Outpost")
    await ada.panel("Creatures").get_by_role("button", name="attack Hollow Soldier").click()
    await expect(stage(ada).get_by_role("list", name="Turn order").get_by_role("listitem").first).to_be_visible()
    await expect(stage(ben)).to_contain_text(f"{ada.name} of your party fights.")
    await is_sound(ben, "a fight to join")
    await stage(ben).get_by_role("button", name="Join the fight").click()
    for one in (ada, ben):
        fight = stage(one).get_by_role("region", name="Fight")
        await expect(meter(fight, f"Health of {ada.name}")).to_be_attached()
        await expect(meter(fight, f"Health of {ben.name}")).to_be_attached()
        await expect(fight.get_by_role("timer")).to_have_text(re.compile(r"^\d+ s$"))
    for one in (ada, ben):
        is_on = await stage(one).get_by_role("status").filter(has_text="It is your turn").count() > 0
        await expect(deed(one, "Flee")).to_be_enabled(enabled=is_on)
    await looks_sound(ada, "a fight")
    await ada.page.set_viewport_size(PHONE["viewport"])
    await ada.page.get_by_role("button", name="Place", exact=True).click()
    await expect(ada.command_line).to_be_in_viewport(ratio=1)  # whatever else is open
    await ada.page.keyboard.press("Escape")
    await ada.page.set_viewport_size(DESK["viewport"])
    await ben.reload()
    await expect(stage(ben).get_by_role("list", name="Your side")).to_contain_text(f"{ben.name} (you)")

    async def act(one: Visitor) -> None:
        over = stage(one).get_by_role("button", name="Close")
        own = stage(one).get_by_role("status").filter(has_text="It is your turn")
        if await own.count() and not await over.count():
            await do_one_of(one, "Strike", "Wait")

    async def ended() -> bool | None:
        for one in (ada, ben):
            await act(one)
        closed = [await stage(one).get_by_role("button", name="Close").count() for one in (ada, ben)]
        return all(closed) or None

    await eventually(lambda: "the fight ends", ended, patience=90)
    told = re.compile("You have won|You fell|You have lost")
    for one in (ada, ben):
        await expect(stage(one).get_by_role("heading")).to_have_text(told)
    await looks_sound(ada, "the end of a fight")
    await stage(ada).get_by_role("button", name="How it went").click()
    record = ada.page.get_by_role("dialog", name="How the fight went")
    await expect(record.get_by_role("region", name="Round 1", exact=True)).to_be_attached()
    await looks_sound(ada, "the record of a fight")
    await record.get_by_role("button", name="Close").click()
    for one in (ada, ben):
        await stage(one).get_by_role("button", name="Close").click()
    await ada.choose(f"{ada.name}: menu", "Journal")
    await ada.page.get_by_role("tab", name="Fights").click()
    await expect(ada.page.get_by_role("list", name="Your fights").get_by_role("heading")).to_have_text(told)
    await is_sound(ada, "journal: fights")
    await ada.page.get_by_role("button", name="Back to the world").click()
    # Afterwards each sees how the other came out of it, wherever they are now.
    for one, other in ((ada, ben), (ben, ada)):
        own = await meter(other.panel("You"), "Health").get_attribute("value")
        await expect(meter(one.panel("Party"), f"Health of {other.name}")).to_have_attribute("value", own or "")
