"""The lobby page: a browser and an old client in one lobby, and the page itself on a desk and on a phone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from tests.browser.conftest import ARTIFACTS, NewVisitor
from tests.browser.screens import PATIENCE, Visitor
from tests.browser.test_looks import DESK, PHONE, is_sound
from tests.support.metaserver_client import AlephOneClient, Denied, aleph_game, close_lines
from tests.support.server import RunningServer
from tests.support.spec_client import PASSWORD, Address, call, unique_name

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def lines_closed() -> AsyncIterator[None]:
    yield
    await close_lines()


def port_of(server: RunningServer) -> int:
    return int(server.ready["doors"]["metaserver"].rsplit(":", 1)[1])


async def aleph(server: RunningServer, name: str) -> AlephOneClient:
    client = AlephOneClient(name=name)
    await client.come(port_of(server))
    return client


async def soon(work: Any) -> Any:
    async with asyncio.timeout(PATIENCE):
        return await work


async def into_lobby(visitor: Visitor, room: str = "Arrival") -> None:
    """By way of the game's menu."""
    page = visitor.page
    await visitor.choose(f"{visitor.name}: menu", "Lobby")
    await expect(page).to_have_url(f"{visitor.url}/lobby")
    await page.get_by_role("button", name=room).click()
    await expect(page.get_by_role("heading", level=1, name=room)).to_be_visible()


async def in_menu(page: Page, item: str) -> None:
    await page.get_by_role("button", name=": menu").click()
    await page.get_by_role("menuitem", name=item, exact=True).click()


def people(page: Page) -> Any:
    return page.get_by_role("list", name="People in this lobby")


async def say(page: Page, words: str) -> None:
    line = page.get_by_label("Message to", exact=False)
    await line.fill(words)
    await line.press("Enter")
    await expect(line).to_have_value("")


async def test_a_browser_and_aleph_one_talk_in_one_lobby_and_see_each_other_leave(
    visitors: NewVisitor, server: RunningServer
) -> None:
    ada = await visitors(come=True)
    page = ada.page
    await into_lobby(ada)
    hopper = await soon(aleph(server, "Hopper"))
    assert await soon(hopper.until_player(ada.username)) is not None

    row = people(page).get_by_role("button", name="Guest Hopper")
    await expect(row).to_contain_text("Aleph One")
    hopper.chat("Café |bdéjà|p vu: see https://example.org/maps")
    heard = ada.line("Café déjà vu", "say")
    await expect(heard).to_have_count(1)
    await expect(heard.get_by_text("déjà", exact=True)).to_have_css("font-weight", "700")
    await expect(heard.get_by_role("link")).to_have_attribute("href", "https://example.org/maps")

    await say(page, "Bonjour “tous” |iici|p")
    said = await soon(hopper.until_said("Bonjour “tous” |iici|p"))
    assert said.name == ada.username

    await row.click()
    await page.get_by_role("button", name="Private message").click()
    await expect(page.get_by_label("Message to Guest Hopper")).to_be_focused()
    await say(page, "psst")
    private = await soon(hopper.until_said("psst"))
    assert private.target == hopper.number
    await expect(ada.line("to Guest Hopper alone", "private")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Message to the lobby")).to_be_visible()
    hopper.tell(private.number, "|uyes|p?")
    asked = ada.line("to you alone", "private")
    await expect(asked.get_by_text("yes", exact=True)).to_have_css("text-decoration-line", "underline")
    await asked.get_by_role("button", name="Reply to Guest Hopper").click()
    await expect(page.get_by_label("Message to Guest Hopper")).to_be_focused()
    await say(page, "|bno|p")
    answered = await soon(hopper.until_said("|bno|p"))
    assert (answered.number, answered.target) == (private.number, hopper.number)
    await page.keyboard.press("Escape")

    await row.click()
    await page.get_by_role("button", name="Ignore").click()
    await expect(ada.line("You hear nothing of Guest Hopper any more.", "line")).to_have_count(1)
    hopper.chat("unheard")
    await row.click()
    await page.get_by_role("button", name="Listen again").click()
    await expect(ada.line("You hear Guest Hopper again.", "line")).to_have_count(1)
    hopper.chat("heard")
    await expect(ada.line("heard", "say")).to_have_count(1)

    hopper.host(aleph_game("Mars attacks", "Mars Needs Women", players=1))
    games = page.get_by_role("list", name="Games in this lobby")
    await expect(games).to_contain_text("Mars attacks● can be joined")
    await expect(games).to_contain_text("on Mars Needs Women")
    hopper.remove_game()
    await expect(page.get_by_text("No games are hosted here.")).to_be_visible()

    await say(page, "/who")
    await expect(ada.line("Arrival: ", "line")).to_have_count(1)
    await say(page, "/dance")
    await expect(ada.line("is not a command", "line")).to_have_count(1)

    await page.reload()
    await expect(page.get_by_role("heading", level=1, name="Arrival")).to_be_visible()
    await expect(ada.badge).to_have_text("Connected")
    await expect(ada.line("Café déjà vu", "say")).to_have_count(1)
    await expect(row).to_be_visible()

    # Seen from another lobby, and spoken to there.
    await page.get_by_role("button", name="White Falls").click()
    await expect(page.get_by_role("heading", level=1, name="White Falls")).to_be_visible()
    await page.locator("label", has_text="In all lobbies").click()
    elsewhere = page.get_by_role("list", name="People in Arrival")
    await elsewhere.get_by_role("button", name="Guest Hopper").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Aleph One")
    await page.get_by_role("button", name="Private message").click()
    await say(page, "from afar")
    await soon(hopper.until_said("from afar"))
    await page.keyboard.press("Escape")
    await page.locator("label", has_text="In all lobbies").click()
    await page.get_by_role("button", name="Arrival").click()
    await expect(page.get_by_role("heading", level=1, name="Arrival")).to_be_visible()

    tycho = await soon(aleph(server, "Tycho"))
    await expect(people(page)).to_contain_text("Guest Tycho")
    await tycho.leave()
    await expect(ada.line("Guest Tycho leaves.", "presence")).to_have_count(1)
    await expect(people(page)).not_to_contain_text("Tycho")
    await in_menu(page, "Leave Arrival")
    await soon(hopper.until_player(ada.username, present=False))
    await expect(page.get_by_role("heading", level=1, name="Lobby")).to_be_visible()
    await in_menu(page, "To the world")
    await expect(ada.place).to_contain_text("Gate Square")
    hopper.vanish()


async def test_kicks_and_mutes_go_both_ways(visitors: NewVisitor, server: RunningServer) -> None:
    ada, ben = await visitors(come=True), await visitors(come=True)
    await server.run_cli("user", "role", ada.username, "moderator")
    await into_lobby(ada)
    await into_lobby(ben)
    hopper = await soon(aleph(server, "Hopper"))

    await say(ada.page, f"/mute {ben.username} 5 noise")
    await expect(ben.line("You are muted", "line")).to_have_count(1)
    await say(ben.page, "hello?")
    await expect(ben.line("You are muted", "refusal")).to_have_count(1)

    await say(ada.page, "/kick Guest Hopper")
    for one in (ada, ben):
        await expect(one.line("Guest Hopper was removed", "presence")).to_have_count(1)
    async with asyncio.timeout(PATIENCE):
        await hopper.line.wait_closed()

    await people(ada.page).get_by_role("button", name=ben.username).click()
    await ada.page.get_by_label("Reason").fill("noise")
    await ada.page.get_by_role("button", name="Unmute").click()
    await expect(ben.line("You are no longer muted", "line")).to_have_count(1)
    await people(ada.page).get_by_role("button", name=ben.username).click()
    await ada.page.get_by_label("Reason").fill("noise again")
    await ada.page.get_by_role("button", name="Kick").click()
    await expect(ben.page.get_by_text("You were removed by the staff: noise again")).to_be_visible()
    await expect(people(ada.page)).not_to_contain_text(ben.username)


async def old_account(server: RunningServer, name: str) -> AlephOneClient:
    """An old client that logs in to an account of its own."""
    at = Address.of(server.url)
    joined = (await call(at, "POST", "/api/auth/register", {"username": name, "password": PASSWORD})).expect(201)
    passwords = {"current_password": PASSWORD, "new_password": "hunter2"}
    (await call(at, "POST", "/api/auth/game-password", passwords, token=joined["access_token"])).expect(204)
    return AlephOneClient(name=name, user_name=name, password="hunter2")


async def test_an_old_client_of_the_staff_kicks_a_browser(visitors: NewVisitor, server: RunningServer) -> None:
    ada = await visitors(come=True)
    await into_lobby(ada)
    warden = await old_account(server, unique_name("Warden"))
    await server.run_cli("user", "role", warden.user_name, "moderator")
    await soon(warden.come(port_of(server)))
    await expect(people(ada.page)).to_contain_text(warden.user_name)
    warden.chat(f".kick {ada.username} not today")
    await expect(ada.page.get_by_text("You were removed by the staff: not today")).to_be_visible()
    await soon(warden.until_player(ada.username, present=False))
    await warden.leave()


async def test_the_staff_manages_a_lobby(visitors: NewVisitor, server: RunningServer) -> None:
    ada, ben = await visitors(come=True), await visitors(come=True)
    ben.expects("status of 403")
    page = ada.page
    await into_lobby(ada)
    hopper = await soon(aleph(server, "Hopper"))
    await page.get_by_role("button", name=": menu").click()
    await expect(page.get_by_role("menuitem", name="Leave Arrival")).to_be_visible()
    await expect(page.get_by_role("menuitem", name="Manage Arrival")).to_have_count(0)
    await page.keyboard.press("Escape")
    await server.run_cli("user", "role", ada.username, "admin")
    await expect(people(page).get_by_role("button", name=ada.username)).to_contain_text("admin")

    await in_menu(page, "Manage Arrival")
    await is_sound(ada, "desk")
    await page.get_by_role("button", name="Lock", exact=True).click()
    await soon(hopper.until_line("Arrival is locked."))
    await expect(page.get_by_role("button", name="Arrival")).to_contain_text("locked")
    await ben.choose(f"{ben.name}: menu", "Lobby")
    await ben.page.get_by_role("button", name="Arrival").click()
    await expect(ben.line("Arrival is locked; the staff lets nobody in for now.", "refusal")).to_have_count(1)
    with pytest.raises(Denied):
        await soon(aleph(server, "Latecomer"))
    await in_menu(page, "Manage Arrival")
    await page.get_by_role("button", name="Unlock", exact=True).click()
    await soon(hopper.until_line("Arrival is open again."))

    await in_menu(page, "Manage Arrival")
    greeting = page.get_by_label("Who comes in reads")
    await expect(greeting).to_have_value("Welcome to Mythgate.")
    await greeting.fill("Tournament tonight.")
    await page.get_by_role("button", name="Change the greeting").click()
    await soon(hopper.until_line("Tournament tonight."))
    await ben.page.get_by_role("button", name="Arrival").click()
    await expect(ben.line("Tournament tonight.", "line")).to_have_count(1)
    await in_menu(page, "Manage Arrival")
    await page.get_by_label("Words").fill("Back in five minutes.")
    await page.get_by_role("button", name="Say it").click()
    await soon(hopper.until_line(f"{ada.username}: Back in five minutes."))
    await expect(ben.line("Back in five minutes.", "line")).to_have_count(1)
    await server.run_cli("lobby", "set", "26", "--motd", "Welcome to Mythgate.")
    await hopper.leave()


async def test_friends_are_shown_with_where_they_are(visitors: NewVisitor) -> None:
    ada, ben = await visitors(come=True), await visitors(come=True)
    await into_lobby(ada)
    await into_lobby(ben)
    await people(ada.page).get_by_role("button", name=ben.username).click()
    await ada.page.get_by_role("button", name="Add to friends").click()
    await expect(ada.page.get_by_role("button", name="Remove from friends")).to_be_visible()
    await expect(ben.line(f"{ada.username} wants you as a friend.", "line")).to_have_count(1)
    await ada.page.keyboard.press("Escape")
    friends = ada.page.get_by_role("list", name="Your friends")
    await expect(friends).to_contain_text("in Arrival, has not listed you")
    await in_menu(ben.page, "Leave Arrival")
    await expect(friends).to_contain_text("not on")
    await ben.page.get_by_role("button", name="White Falls").click()
    await expect(ada.line(f"{ben.username} is on, in White Falls.", "presence")).to_have_count(1)
    await friends.get_by_role("button", name=ben.username).click()
    await ada.page.get_by_role("button", name="Private message").click()
    await say(ada.page, "over there?")
    await expect(ben.line("over there?", "private")).to_have_count(1)
    await ada.page.keyboard.press("Escape")
    await in_menu(ben.page, "Leave White Falls")
    await expect(ada.line(f"{ben.username} is not on any more.", "presence")).to_have_count(1)
    await ada.page.reload()
    await expect(friends).to_contain_text(ben.username)


async def test_the_lobby_is_there_again_after_the_server_was_killed(
    visitors: NewVisitor, server: RunningServer
) -> None:
    ada = await visitors(come=True)
    ada.expects_lost_connections()
    await into_lobby(ada)
    await say(ada.page, "before")
    await expect(ada.line("before", "say")).to_have_count(1)
    await server.kill()
    await server.start()
    await expect(people(ada.page)).to_contain_text(ada.username)
    hopper = await soon(aleph(server, "Hopper"))
    await expect(people(ada.page)).to_contain_text("Guest Hopper")
    await say(ada.page, "after")
    await soon(hopper.until_said("after"))
    await expect(ada.line("before", "say")).to_have_count(1)
    await hopper.leave()


async def test_the_settings_of_an_old_client_open_the_profile(visitors: NewVisitor) -> None:
    ada, browser = await visitors(come=True), await visitors()
    page = browser.page
    form: dict[str, str | float | bool] = {"username": ada.username, "password": PASSWORD, "salt": ""}
    answer = await page.request.post(f"{ada.url}/metaclient/login", form=form)
    token = (await answer.body()).hex().upper()
    await page.goto(f"{ada.url}/metaclient/settings?token={token}")
    await expect(page.get_by_role("dialog").get_by_role("heading", name="Your profile")).to_be_visible()
    await expect(page).to_have_url(f"{ada.url}/lobby")
    await page.get_by_label("City").fill("Tharsis")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    browser.expects("status of 403")
    await page.goto(f"{ada.url}/metaclient/settings?token={token}")
    await expect(page.get_by_text("This link was used already")).to_be_visible()
    await page.get_by_role("link", name="To the lobby").click()
    await expect(page.get_by_role("heading", name="Lobbies")).to_be_visible()
    await expect(page.get_by_role("button", name="Profile", exact=True)).to_be_visible()

    # Whoever plays in that browser as somebody else stops doing so.
    answer = await page.request.post(f"{ada.url}/metaclient/login", form=form)
    token = (await answer.body()).hex().upper()
    ben = await visitors(come=True)
    await ben.page.goto(f"{ada.url}/metaclient/settings?token={token}")
    await expect(ben.page.get_by_label("City")).to_have_value("Tharsis")


async def test_whoever_is_not_signed_in_sees_who_is_on_and_comes_in_as_a_guest(
    visitors: NewVisitor, server: RunningServer
) -> None:
    hopper = await soon(aleph(server, "Hopper"))
    hopper.host(aleph_game("Mars attacks", "Mars Needs Women"))
    await soon(hopper.until_game("Mars attacks"))
    ada = await visitors()
    page = ada.page
    await page.goto(f"{ada.url}/lobby")
    arrival = page.get_by_role("region", name="Arrival")
    await expect(arrival).to_contain_text("Guest Hopper")
    await expect(arrival).to_contain_text("Mars attacks")
    await expect(page.get_by_text("Nobody has a result yet.")).to_be_visible()
    await is_sound(ada, "overview")

    await page.get_by_role("button", name="Enter Arrival").click()
    await ada.fill_entrance("Guest", ada.name)
    await expect(page.get_by_role("heading", level=1, name="Arrival")).to_be_visible()
    await say(page, "hello from a guest")
    await soon(hopper.until_said("hello from a guest"))
    await hopper.leave()


async def test_the_profile_is_seen_by_everybody_at_once(visitors: NewVisitor, server: RunningServer) -> None:
    ada = await visitors(come=True)
    page = ada.page
    ada.expects(r"status of 4(01|22)")
    await into_lobby(ada)
    hopper = await soon(aleph(server, "Hopper"))
    await in_menu(page, "Your profile")
    shown = f"Countess {ada.username[-6:]}"
    await page.get_by_label("Shown as").fill(shown)
    await page.get_by_label("A few words").fill("Engines weave.")
    await page.get_by_label("Colour", exact=True).fill("#ff0000")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await page.get_by_label("Your password").fill("wrong password")
    await page.get_by_label("Game password").fill("hunter2")
    await page.get_by_role("button", name="Set game password").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Your password").fill(PASSWORD)
    await page.get_by_role("button", name="Set game password").click()
    await expect(page.get_by_text("You have a game password.")).to_be_visible()
    await is_sound(ada, "profile")
    await page.get_by_role("button", name="Close", exact=True).click()

    seen = await soon(hopper.until_player(shown))
    assert seen is not None
    assert seen.primary == (0xFFFF, 0, 0)
    await people(page).get_by_role("button", name=shown).click()
    await expect(page.get_by_role("dialog")).to_contain_text("Engines weave.")
    await is_sound(ada, "card")
    await page.keyboard.press("Escape")
    await hopper.leave()

    # With the game password the old client comes in as the same person.
    player = AlephOneClient(name=shown, user_name=ada.username, password="hunter2")
    await soon(player.log_in(port_of(server)))


@pytest.mark.parametrize(("device", "theme"), [(DESK, "dark"), (PHONE, "light")], ids=["desk-dark", "phone-light"])
async def test_no_part_of_the_lobby_has_a_barrier(
    visitors: NewVisitor, server: RunningServer, device: dict[str, Any], theme: str
) -> None:
    ada = await visitors(color_scheme=theme, reduced_motion="reduce", **device)
    page = ada.page
    name = f"lobby-{theme}-{'phone' if device is PHONE else 'desk'}"
    ARTIFACTS.mkdir(exist_ok=True)
    await page.goto(f"{ada.url}/lobby")
    await expect(page.get_by_text("Nobody has a result yet.")).to_be_visible()
    await is_sound(ada, "overview")
    await page.screenshot(path=ARTIFACTS / f"{name}-overview.png")
    await ada.register()
    await ada.make_character()
    await expect(ada.badge).to_have_text("Connected")
    await into_lobby(ada)
    clients = [await soon(aleph(server, name)) for name in ("Hopper", "A name of 25 letters here")]
    clients[0].host(aleph_game("Mars attacks", "Mars Needs Women", players=3))
    clients[1].host(aleph_game("Closed", "Somewhere with a very long name indeed", status=0x10))
    for words in (
        "Bonjour |btout|p le |imonde|p, |uvoici|p " + "un texte long " * 8,
        "https://example.org/" + "x" * 90,
    ):
        clients[0].chat(words)
    clients[1].tell(next(one.number for one in clients[1].players.values() if ada.username in one.plain), "psst")
    clients[1].away("lunch")
    await say(page, "/help")
    await say(page, "Hello!")
    await expect(ada.line("psst", "private")).to_have_count(1)
    await is_sound(ada, "talk")
    await page.screenshot(path=ARTIFACTS / f"{name}-talk.png")
    await in_menu(page, "Your profile")
    await expect(page.get_by_text("You have no game password.")).to_be_attached()
    await is_sound(ada, "profile")
    await page.screenshot(path=ARTIFACTS / f"{name}-profile.png")
    await page.keyboard.press("Escape")
    await ada.line("psst", "private").get_by_role("button").first.click()
    await expect(page.get_by_role("dialog")).to_contain_text("Aleph One")
    await is_sound(ada, "card")
    await page.screenshot(path=ARTIFACTS / f"{name}-card.png")
    await page.keyboard.press("Escape")
    for part in ("Rooms", "People", "Games", "Contests") if device is PHONE else ("Contests",):
        await page.get_by_role("button", name=part, exact=True).click()
        await is_sound(ada, part)
        await page.screenshot(path=ARTIFACTS / f"{name}-{part.lower()}.png")
    for one in clients:
        await one.leave()


async def test_everything_by_keyboard(visitors: NewVisitor, server: RunningServer) -> None:
    ada = await visitors(come=True)
    page = ada.page
    await page.get_by_role("button", name=f"{ada.name}: menu").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="Lobby")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Arrival").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Arrival")).to_be_visible()
    hopper = await soon(aleph(server, "Hopper"))
    await expect(people(page)).to_contain_text("Guest Hopper")
    line = page.get_by_label("Message to the lobby")
    await line.focus()
    await page.keyboard.type("typed")
    await page.keyboard.press("Enter")
    await soon(hopper.until_said("typed"))
    await people(page).get_by_role("button", name="Guest Hopper").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("Aleph One")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(people(page).get_by_role("button", name="Guest Hopper")).to_be_focused()
    await hopper.leave()


async def test_the_line_to_write_on_shows_on_a_phone_what_it_is_for(visitors: NewVisitor) -> None:
    ada = await visitors(come=True, **PHONE)
    await into_lobby(ada)
    line = ada.page.get_by_label("Message to the lobby")
    await expect(line).to_have_attribute("placeholder", "Say something, or /help")
    room, needed = await line.evaluate(
        """field => {
            const style = getComputedStyle(field);
            const pen = document.createElement("canvas").getContext("2d");
            pen.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
            const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
            return [field.clientWidth - padding, pen.measureText(field.placeholder).width];
        }"""
    )
    assert room >= needed
    await is_sound(ada, "the lobby")


async def test_an_empty_lobby_stays_small_beside_a_full_one(visitors: NewVisitor, server: RunningServer) -> None:
    await server.run_cli("lobby", "add", "90", "Busy", "--squelched")
    await server.run_cli("lobby", "add", "91", "Calm")
    hoppers = [await soon(aleph(server, f"Hopper{number}")) for number in range(3)]
    ada = await visitors(**DESK)
    page = ada.page
    await page.goto(f"{ada.url}/lobby")
    full, empty = (page.get_by_role("region", name=name, exact=True) for name in ("Arrival", "Calm"))
    await expect(full.get_by_role("listitem")).to_have_count(len(hoppers))
    tall, small = await full.bounding_box(), await empty.bounding_box()
    assert tall is not None
    assert small is not None
    assert small["height"] < tall["height"] / 2
    busy = page.get_by_role("region", name="Busy", exact=True)
    await expect(busy).to_contain_text("only the staff talks to all")
    await expect(empty).not_to_contain_text("staff")
    await page.get_by_role("button", name="Come in").click()
    await expect(page.get_by_text("Worlds to walk and talk in, lobbies to meet and play.")).to_be_visible()
    for number in ("90", "91"):
        await server.run_cli("lobby", "remove", number)
