"""Signing out, guests, characters deleted and brought back, sessions, the owner's link."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect
from tests.browser.conftest import NewVisitor
from tests.browser.screens import Visitor
from tests.support.server import RunningServer
from tests.support.spec_client import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ENVIRONMENT = {"MYTHGATE_SESSIONS__ACCESS_TOKEN_LIFETIME": "4"}


async def test_the_owners_link_makes_the_signed_in_account_owner(visitors: NewVisitor, server: RunningServer) -> None:
    ada, eve = await visitors(), await visitors()
    link = server.ready["claim_url"]
    await ada.page.goto(link)
    await expect(ada.page.get_by_text("this account will own the server")).to_be_visible()
    await expect(ada.page.get_by_role("tab", name="Register")).to_have_attribute("aria-selected", "true")
    assert "claim" not in ada.page.url, "the secret does not stay in the address line"
    await ada.fill_entrance("Register", ada.username, PASSWORD)
    await expect(ada.page.get_by_role("status").get_by_text("You own this server now")).to_be_visible()
    assert (await ada.ask("/api/auth/me"))["role"] == "owner"
    await ada.make_character()
    await ada.in_world()
    await ada.choose(f"{ada.name}: menu", "Leave to characters")
    await expect(ada.page.get_by_role("heading", name="Who will you be?")).to_be_visible()
    await expect(ada.page.get_by_text("You own this server now")).to_have_count(0)

    eve.expects(r"status of 4\d\d")
    await eve.register()
    await eve.page.goto("about:blank")
    await eve.page.goto(link)
    await expect(eve.page.get_by_role("heading", name="Make your first character")).to_be_visible()
    await expect(eve.page.get_by_role("status").filter(has_text=re.compile(r"\w"))).to_contain_text("owner already")
    assert (await eve.ask("/api/auth/me"))["role"] == "player"


async def test_a_link_in_a_new_tab_finds_who_is_signed_in(visitors: NewVisitor, server: RunningServer) -> None:
    ada = await visitors()
    ada.expects(r"status of 4\d\d")
    await ada.register()
    again = await ada.in_new_tab()
    await again.page.goto(server.ready["claim_url"])
    await expect(again.page.get_by_role("heading", name="Make your first character")).to_be_visible()
    told = again.page.get_by_role("status").filter(has_text=re.compile("You own this server now|owner already"))
    await expect(told).to_be_visible()
    kept = str(await again.page.evaluate("JSON.stringify({...localStorage})"))
    assert "oken" not in kept, "what one does not want kept on the device is not"

    # Out in one is out in both, and whoever was here before is asked to sign in.
    await again.page.get_by_role("button", name="Sign out").click()
    await expect(ada.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    await ada.page.goto("about:blank")
    await ada.page.goto(server.ready["claim_url"])
    await expect(ada.page.get_by_text("this account will own the server")).to_be_visible()
    await expect(ada.page.get_by_role("tab", name="Sign in")).to_have_attribute("aria-selected", "true")


async def test_a_link_pasted_where_the_client_is_open_already(visitors: NewVisitor, server: RunningServer) -> None:
    ada = await visitors(come=True)
    ada.expects(r"status of 4\d\d")
    await ada.page.evaluate("link => { location.href = link }", server.ready["claim_url"])
    await expect(ada.line(re.compile("You own this server now|owner already"), "system")).to_have_count(1)
    assert "claim" not in ada.page.url, "the secret does not stay in the address line"
    await ada.agrees_with_server()


async def test_signing_out_leaves_the_world_and_nothing_behind(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    ada.expects("status of 401")  # what had been asked for a moment before
    await ada.choose(f"{ada.name}: menu", "Sign out")
    await expect(ada.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    await ben.sees(f"{ada.name} leaves the world.", "presence")
    await ben.agrees_with_server()
    assert ada.name not in await ben.sees_here()
    await ada.page.reload()
    await expect(ada.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    kept = str(await ada.page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])"))
    assert "oken" not in kept
    assert ben.name not in kept, "what was talked about is nobody's who comes after"

    await ada.sign_in()
    await ada.enter()
    await ben.agrees_with_server()


async def test_a_guest_comes_without_a_password(visitors: NewVisitor) -> None:
    guest, friend = await visitors(), await visitors(come=True)
    await guest.arrive()
    await guest.fill_entrance("Guest", "")
    await expect(guest.badge).to_have_text("Connected")
    guest.name = str((await guest.ask("/api/characters"))["characters"][0]["name"])
    await guest.in_world()
    await friend.sees(f"{guest.name} enters the world.", "presence")
    await guest.command("say I only look about.")
    await friend.sees(f"{guest.name} says: I only look about.")
    await expect(guest.panel("You")).to_contain_text("(guest)")
    await guest.agrees_with_server()


async def test_a_character_is_deleted_and_brought_back(visitors: NewVisitor) -> None:
    ada = await visitors(come=True)
    page = ada.page
    await ada.command("get pear")
    await ada.sees("You take a speckled pear.")
    await ada.choose(f"{ada.name}: menu", "Leave to characters")
    characters = page.get_by_role("list", name="Your characters")
    await expect(characters).to_contain_text(ada.name)

    await page.get_by_role("button", name=f"Delete {ada.name}").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Keep").click()
    await expect(page.get_by_role("alertdialog")).to_have_count(0)
    await expect(characters).to_contain_text(ada.name)
    await page.get_by_role("button", name=f"Delete {ada.name}").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete", exact=True).click()
    await expect(characters).to_have_count(0)

    await page.reload()
    await page.get_by_role("button", name=f"Bring back {ada.name}").click()
    await expect(characters).to_contain_text(ada.name)
    await ada.enter()
    assert await ada.carries() == {"a speckled pear"}
    await ada.agrees_with_server()


async def test_access_tokens_are_renewed_without_anybody_noticing(pair: tuple[Visitor, Visitor]) -> None:
    ada, ben = pair
    for _ in range(3):
        async with ada.page.expect_response(re.compile("/api/auth/refresh$")) as answer:
            pass
        assert (await answer.value).status == 200
    await ada.command("say Still here.")
    await ben.sees(f"{ada.name} says: Still here.")
    assert await ben.line("connect", "presence").count() == 0, "the connection outlives its token"
    await expect(ada.badge).to_have_text("Connected")


async def test_signing_out_in_one_tab_signs_out_the_others(visitors: NewVisitor) -> None:
    ada = await visitors()
    await ada.register(stay=True)
    await ada.make_character()
    await ada.in_world()
    other = await ada.in_new_tab()
    await other.page.goto(other.url)
    await expect(other.page.get_by_role("heading", name="Who will you be?")).to_be_visible()
    await other.page.get_by_role("button", name="Sign out").click()
    for tab in (other, ada):
        await expect(tab.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        await tab.page.reload()
        await expect(tab.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


async def test_signing_out_another_device_ends_it_there(visitors: NewVisitor) -> None:
    here, there = await visitors(), await visitors()
    there.username, there.name = here.username, here.name
    await here.register()
    await here.make_character()
    await here.in_world()
    await there.arrive()
    await there.sign_in()
    await there.page.get_by_role("button", name="Account", exact=True).click()
    sessions = there.page.get_by_role("dialog").get_by_role("listitem")
    await expect(sessions).to_have_count(2)
    await sessions.get_by_role("button", name=re.compile("^Sign out Chrome on")).click()
    await expect(sessions).to_have_count(1)
    await expect(here.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    await expect(here.page.get_by_role("status").filter(has_text=re.compile(r"\w"))).to_be_visible()


async def test_a_wrong_password_and_an_unknown_name_look_the_same(visitors: NewVisitor) -> None:
    ada = await visitors()
    ada.expects(r"status of 401")
    await ada.register()
    await ada.page.get_by_role("button", name="Sign out").click()
    alert = ada.page.get_by_role("alert")
    texts = []
    for name, password in ((ada.username, "not the password"), (f"{ada.username}x", PASSWORD)):
        await ada.page.reload()
        await ada.fill_entrance("Sign in", name, password)
        texts.append(await alert.inner_text())
    assert texts[0] == texts[1]
    await ada.sign_in()
