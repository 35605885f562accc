"""Two people at two browsers: they come, meet, talk, walk, hand things to each other."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect
from tests.browser.conftest import NewVisitor
from tests.browser.screens import Visitor, all_agree, eventually
from tests.support.spec_client import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_registration_says_what_is_wrong_and_ends_in_a_described_place(visitors: NewVisitor) -> None:
    ada, ben = await visitors(), await visitors()
    ada.expects(r"status of 4(09|22)")
    await ben.register()
    page = ada.page

    await ada.arrive()
    await ada.fill_entrance("Register", ada.username, "short")
    await expect(page.get_by_label("Password", exact=True)).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Password", exact=True)).to_have_accessible_description(
        "The password is too short. Use at least 8 characters."
    )

    await ada.fill_entrance("Register", ben.username, PASSWORD)
    await expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    assert await page.get_by_label("Password", exact=True).input_value() == PASSWORD, "what was typed stays"

    await ada.fill_entrance("Register", ada.username, PASSWORD)
    await expect(page.get_by_role("heading", name="Make your first character")).to_be_visible()

    await ben.make_character()
    await ben.in_world()
    await ada.make_character(ben.name)
    await expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    await ada.make_character()
    await ada.in_world()

    await expect(ada.place).to_contain_text("Gate Square")
    await expect(page).to_have_title("Gate Square · Mythgate")
    words = "Market stalls stand in rings"
    await expect(page.get_by_label("The place you are in").get_by_text(words)).to_be_visible()
    again = await page.get_by_role("log").get_by_text(words).bounding_box()
    assert again is not None
    assert again["width"] <= 1, "what the place is like stands there once; whoever listens to the log hears it"
    await expect(page.get_by_role("button", name=ben.name, exact=True)).to_be_visible()
    await ada.agrees_with_server()


async def test_two_people_talk_whisper_and_gesture(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    await ada.sees(f"{ben.name} enters the world.", "presence")
    await all_agree(pair)
    assert (await ada.ask("/api/status"))["players_online"] == 2

    await ada.command("say Good evening; is 5 > 3, really? <b>&amp;</b>")
    await ada.sees("You say: Good evening; is 5 > 3, really? <b>&amp;</b>", "chat")
    await ben.sees(f"{ada.name} says: Good evening; is 5 > 3, really? <b>&amp;</b>", "chat")
    await ada.command("say Look at https://example.org/a?b=<i>c</i>, and javascript:alert(1)!")
    link = ben.line("Look at").get_by_role("link")
    await expect(link).to_have_count(1)
    await expect(link).to_have_attribute("href", "https://example.org/a?b=")
    await expect(link).to_have_attribute("rel", re.compile("noopener noreferrer"))
    await ben.sees(f"{ada.name} says: Look at https://example.org/a?b=<i>c</i>, and javascript:alert(1)!", "chat")
    await ben.command("emote bows to the Arch.")
    for one in pair:
        await one.sees(f"{ben.name} bows to the Arch.", "chat")

    # Ada reads what is said here; the whisper announces itself on its tab and is not mixed in.
    await ada.tab("Here").click()
    await ben.choose(ada.name, "Whisper…")
    await expect(ben.command_line).to_be_focused()
    await expect(ben.command_line).to_have_value(f"whisper {ada.name} ")
    await ben.command(f"whisper {ada.name} meet me at the well")
    await ben.sees(f"You whisper to {ada.name}: meet me at the well")
    await expect(ada.tab("Whispers").get_by_label("1 new")).to_be_visible()
    await expect(ada.line("meet me at the well")).to_have_count(0)
    await ada.tab("Whispers").click()
    await ada.sees(f"{ben.name} whispers to you: meet me at the well")
    await expect(ada.tab("Whispers").get_by_label("1 new")).to_have_count(0)
    assert {line.channel for line in await ada.lines()} == {"whisper"}
    await ada.tab("All").click()
    await ada.sees("meet me at the well")

    await ada.command("dnace")
    await expect(ada.line("", "refusal")).to_have_count(1)


async def test_whispers_are_for_one(pair: tuple[Visitor, Visitor], visitors: NewVisitor) -> None:
    ada, ben = pair
    eve = await visitors(come=True)
    await ada.command(f"whisper {ben.name} the key is under the mat")
    await ben.sees("the key is under the mat")
    # What is said afterwards arrives afterwards: were the whisper meant for Eve, she would have it by now.
    await ada.command("say Lovely evening.")
    await eve.sees(f"{ada.name} says: Lovely evening.")
    assert [line for line in await eve.lines() if "under the mat" in line.text] == []


async def test_walking_by_click_and_by_word_is_seen_at_both_ends(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    await expect(ada.page.get_by_role("img", name="Map of 1 explored place. You are in Gate Square.")).to_be_visible()

    await ada.exit("east").click()
    await expect(ada.place).to_contain_text("Lantern Row")
    await expect(ada.page.get_by_text("Every house on the Row hangs out a lantern").first).to_be_visible()
    await ben.sees(f"{ada.name} leaves to the east.", "presence")
    await all_agree(pair)
    assert ada.name not in await ben.sees_here()
    await expect(ada.page.get_by_role("img", name="Map of 2 explored places. You are in Lantern Row.")).to_be_visible()

    await ben.command("e")
    await expect(ben.place).to_contain_text("Lantern Row")
    await ada.sees(f"{ben.name} comes in from the west.", "presence")
    await all_agree(pair)
    assert await ada.sees_here() >= {ada.name, ben.name}

    await ben.command("go west")
    await expect(ben.place).to_contain_text("Gate Square")
    await ada.sees(f"{ben.name} leaves to the west.", "presence")
    await (
        ada.page.get_by_title("Gate Square: walk west")
        .or_(ada.page.locator("g:has(title)", has_text="walk west"))
        .click()
    )
    await expect(ada.place).to_contain_text("Gate Square")
    await ben.sees(f"{ada.name} comes in from the east.", "presence")
    await all_agree(pair)

    await ada.command("go up")
    await expect(ada.line("", "refusal")).to_have_count(1)
    await all_agree(pair)


async def test_things_are_taken_dropped_and_given(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    glove, things = "single glove", ada.panel("Things")
    lying = await ada.sees_lying()
    name = next(one for one in lying if one.endswith(glove))

    async def holders(lies: bool, ada_has: bool, ben_has: bool) -> None:
        async def as_wanted() -> bool | None:
            held = (
                [name in await one.sees_lying() for one in pair],
                name in await ada.carries(),
                name in await ben.carries(),
            )
            return held == ([lies, lies], ada_has, ben_has) or None

        await eventually(lambda: f"on the ground {lies}, with Ada {ada_has}, with Ben {ben_has}", as_wanted)
        await all_agree(pair)

    await holders(True, False, False)
    await things.get_by_role("button", name=f"take {name}").click()
    await holders(False, True, False)
    await ben.sees(f"{ada.name} takes a single glove.", "action")

    await ada.page.get_by_role("button", name=name, exact=True).click()
    assert await ada.page.get_by_role("menuitem").all_inner_texts() == ["Look", "Give…", "Drop"], "no Read for a glove"
    await ada.page.keyboard.press("Escape")
    await ada.choose(name, "Give…")
    await expect(ada.command_line).to_have_value(f"give {glove} to ")
    await ada.command(f"give {glove} to {ben.name}")
    await holders(False, False, True)
    await ben.sees(f"{ada.name} gives you {name}.", "action")

    await ben.choose(name, "Drop")
    await holders(True, False, False)
    # The panels are not only told of changes; they are right from the start as well.
    await ada.command(f"get {glove}")
    await holders(False, True, False)
    await ada.reload()
    await ben.reload()
    await holders(False, True, False)
    await ada.command(f"drop {glove}")
    await holders(True, False, False)
