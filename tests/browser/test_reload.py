"""F5, closed tabs, second windows: the page may go at any moment, the player stays where they were."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect
from tests.browser.conftest import NewVisitor
from tests.browser.screens import Visitor, all_agree

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_reloading_keeps_log_input_line_history_and_place(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    await ada.reload()
    await ada.command("east")
    await expect(ada.place).to_contain_text("Lantern Row")
    await ada.command("say Nobody hears this.")
    await ada.sees("You say: Nobody hears this.")
    await ada.command_line.press_sequentially("whisper somebody half a sen")
    before = await ada.lines()

    await ada.reload()
    assert await ada.lines() == before
    await expect(ada.place).to_contain_text("Lantern Row")
    await expect(ada.command_line).to_have_value("whisper somebody half a sen")
    await ada.command_line.press("Escape")
    await ada.command_line.press("ArrowUp")
    await expect(ada.command_line).to_have_value("say Nobody hears this.")
    await ada.command_line.press("Escape")
    await all_agree(pair)
    assert await ben.line("connect", "presence").count() == 0, "a reload is not worth a word to others"


async def test_reloading_while_talk_flows_loses_nothing_and_repeats_nothing(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    said: list[str] = []
    happened: list[str] = []
    enough = asyncio.Event()

    async def talk() -> None:
        while not enough.is_set():
            said.append(f"Word {len(said) + 1}.")
            happened.append(f"{ben.name} says: {said[-1]}")
            await ben.command(f"say {said[-1]}")
            for direction, change in (("east", "leaves to"), ("west", "comes in from")):
                happened.append(f"{ben.name} {change} the east.")
                await ben.command(direction)

    talking = asyncio.create_task(talk())
    for words in (3, 6, 9, 12):
        await expect(ada.line(f"{ben.name} says:").nth(words)).to_be_attached()
        await ada.page.reload(wait_until="commit")
    # At an unlucky moment as well: as soon as the page has begun to draw itself.
    await expect(ada.command_line).to_be_attached()
    await ada.page.reload()
    await ada.in_world()
    await expect(ada.line(f"{ben.name} says:").nth(15)).to_be_attached()
    enough.set()
    await talking
    await expect(ada.line(f"{ben.name} comes in from the east.")).to_have_count(len(said))
    assert await ben.said() == said
    heard = [line.text for line in await ada.lines() if line.text.startswith(f"{ben.name} ")]
    assert heard == [f"{ben.name} enters the world.", *happened]
    await all_agree(pair)


async def test_a_command_under_way_during_a_reload_is_carried_out_once(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    for number in range(5):
        await ada.command(f"say Once {number}.")
        await ada.page.reload()
    await ada.in_world()
    for number in range(5):
        await ada.sees(f"You say: Once {number}.")
    await ben.sees(f"{ada.name} says: Once 4.")
    assert await ben.told(ada.name) == [f"Once {number}." for number in range(5)]


async def test_impatient_reloads_and_the_back_button_end_where_one_was(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    await ada.command("say Steady.")
    await ada.sees("You say: Steady.")
    for _ in range(8):
        await ada.page.reload(wait_until="domcontentloaded")
    await ada.in_world()
    await ben.command("say Are you still there?")
    await ada.sees(f"{ben.name} says: Are you still there?")
    before = await ada.lines()

    await ada.page.goto("about:blank")
    await ben.command("say And now?")
    await ben.sees("You say: And now?")
    await ada.page.go_back()
    await ada.in_world()
    await ada.sees(f"{ben.name} says: And now?")
    assert (await ada.lines())[: len(before)] == before
    assert await ada.told(ben.name) == ["Are you still there?", "And now?"]
    assert await ben.told(ada.name) == ["Steady."]
    await all_agree(pair)


async def test_a_closed_tab_asks_to_sign_in_again(pair: tuple[Visitor, Visitor]) -> None:
    ada, _ = pair
    await ada.command("south")
    await expect(ada.place).to_contain_text("Wellyard")
    again = await ada.in_new_tab()
    await ada.page.close()
    await again.arrive()
    await again.sign_in()
    await expect(again.page.get_by_role("list", name="Your characters")).to_contain_text("in Wellyard")
    await again.enter()
    await expect(again.place).to_contain_text("Wellyard")
    await again.agrees_with_server()


async def test_who_stays_signed_in_needs_no_password_in_a_new_tab(visitors: NewVisitor) -> None:
    ada = await visitors()
    await ada.register(stay=True)
    await ada.make_character()
    await ada.in_world()
    again = await ada.in_new_tab()
    await ada.page.close()
    await again.page.goto(again.url)
    await expect(again.page.get_by_role("heading", name="Who will you be?")).to_be_visible()
    await again.enter()
    await again.agrees_with_server()


async def test_a_second_window_takes_over_and_the_first_can_take_back(visitors: NewVisitor) -> None:
    first, friend = await visitors(), await visitors(come=True)
    await first.register(stay=True)
    await first.make_character()
    await first.in_world()

    second = await first.in_new_tab()
    await second.page.goto(second.url)
    await second.enter()
    taken = first.page.get_by_role("alertdialog", name="Playing in another window")
    await expect(taken).to_be_visible()
    await friend.command("say Which of you is real?")
    await second.sees(f"{friend.name} says: Which of you is real?")

    await taken.get_by_role("button", name="Play here").click()
    await first.in_world()
    await expect(taken).to_have_count(0)
    await expect(second.page.get_by_role("alertdialog", name="Playing in another window")).to_be_visible()
    await first.command("say I am.")
    await friend.sees(f"{first.name} says: I am.")
    # What was said while the other window had the character is remembered by the place.
    await first.sees(f"{friend.name} says: Which of you is real?")
    assert await friend.line(first.name, "presence").count() == 1, "nobody came and nobody went"
    await first.agrees_with_server()


async def test_a_duplicated_tab_takes_over_with_the_log_of_the_first(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    await ben.command("say Before the copy.")
    await ada.sees(f"{ben.name} says: Before the copy.")
    kept = await ada.page.evaluate("JSON.stringify({...sessionStorage})")
    copy = await ada.in_new_tab()
    # What "Duplicate tab" does: the new tab begins with a copy of the old one's storage.
    await copy.page.add_init_script(f"Object.assign(sessionStorage, JSON.parse({kept!r}))")
    await copy.page.goto(copy.url)
    await copy.in_world()
    await expect(ada.page.get_by_role("alertdialog", name="Playing in another window")).to_be_visible()
    await ben.command("say After the copy.")
    await copy.sees(f"{ben.name} says: After the copy.")
    assert await copy.told(ben.name) == ["Before the copy.", "After the copy."]
    await ada.page.get_by_role("button", name="Back to characters").click()
    await expect(ada.page.get_by_role("heading", name="Who will you be?")).to_be_visible()
    await expect(copy.badge).to_have_text("Connected")
