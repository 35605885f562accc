"""A person at a browser: what they do on the screens of the client, and what they see there."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect
from tests.support.spec_client import PASSWORD, Address, call, unique_name

T = TypeVar("T")

PATIENCE: Final = 15.0
"""Seconds until something that has to happen counts as not happening; the machine may be busy."""

_LOG: Final = "[role=log] [data-kind]"
_READ_LINES: Final = """lines => lines.map(line => ({
    kind: line.dataset.kind, channel: line.dataset.channel ?? "", text: line.lastElementChild.innerText,
}))"""
_READ_ROWS: Final = "rows => rows.map(row => row.innerText.split('\\n')[0].replace('▾', '').trim())"
# Several windows over one account: the tab's own login counts before the browser's.
_REFRESH_TOKEN: Final = """() => JSON.parse(
    sessionStorage.getItem("mythgate.login") ?? localStorage.getItem("mythgate.login") ?? "{}").refreshToken"""


@dataclass(frozen=True)
class Line:
    """One line of the log as it stands on the screen."""

    kind: str
    channel: str
    text: str


async def eventually(
    what: Callable[[], str], found: Callable[[], Awaitable[T | None]], patience: float = PATIENCE
) -> T:
    """What `found` gives as soon as it is not None; for conditions that lie in two places at once."""
    ends = time.monotonic() + patience
    while (result := await found()) is None:
        assert time.monotonic() < ends, f"not within {patience:.0f} s: {what()}"
        await asyncio.sleep(0.05)
    return result


class Visitor:
    """One tab. Complaints of its browser are collected and fail the test unless it `expects` them."""

    def __init__(self, page: Page, url: str, server: Address) -> None:
        self.page = page
        self.url = url
        self.server = server
        self.username = unique_name("player").lower()
        self.name = unique_name("Nib")
        self.complaints: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("request", self._request)

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    # --- what the browser complains about ---------------------------------------------------------------

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.netloc != urlsplit(self.url).netloc:
            self.complaints.append(f"request to another host: {request.url}")

    def expects(self, pattern: str) -> None:
        """The browser itself writes refused and failed requests to its console."""
        self._expected.append(re.compile(pattern))

    def expects_lost_connections(self) -> None:
        self.expects(r"WebSocket connection to .* failed|net::ERR_")

    @property
    def unexpected_complaints(self) -> list[str]:
        return [one for one in self.complaints if not any(pattern.search(one) for pattern in self._expected)]

    # --- entrance and characters ------------------------------------------------------------------------

    async def arrive(self) -> None:
        await self.page.goto(self.url)
        await expect(self.page.get_by_role("heading", name="Mythgate")).to_be_visible()

    async def fill_entrance(self, mode: str, username: str, password: str | None = None, *, stay: bool = False) -> None:
        page = self.page
        await page.get_by_role("tab", name=mode, exact=True).click()
        await page.get_by_label("Name", exact=mode != "Guest").fill(username)
        if password is not None:
            await page.get_by_label("Password", exact=True).fill(password)
        if stay:
            await page.get_by_text("Stay signed in on this device").click()
        action = "Play as a guest" if mode == "Guest" else mode
        await page.get_by_role("button", name=action, exact=True).click()

    async def register(self, *, stay: bool = False) -> None:
        await self.arrive()
        await self.fill_entrance("Register", self.username, PASSWORD, stay=stay)
        await expect(self.page.get_by_role("heading", name="Make your first character")).to_be_visible()

    async def sign_in(self) -> None:
        await self.fill_entrance("Sign in", self.username, PASSWORD)
        await expect(self.page.get_by_role("heading", name="Who will you be?")).to_be_visible()

    async def make_character(self, name: str | None = None) -> None:
        await self.page.get_by_label("Name", exact=True).fill(name or self.name)
        await self.page.get_by_role("button", name=re.compile("^Create")).click()

    async def enter(self) -> None:
        """Enter the world as one's only character, or as `name`."""
        await self.page.get_by_role("button", name=f"Enter the world as {self.name}").click()
        await self.in_world()

    async def come(self) -> None:
        """From nowhere into the world."""
        await self.register()
        await self.make_character()
        await self.in_world()

    async def in_world(self) -> None:
        await expect(self.badge).to_have_text("Connected")
        await expect(self.page.get_by_text(f"{self.name} (you)").first).to_be_attached()

    # --- the game ---------------------------------------------------------------------------------------

    @property
    def badge(self) -> Locator:
        return self.page.get_by_test_id("connection")

    @property
    def banner(self) -> Locator:
        return self.page.get_by_test_id("reconnecting")

    @property
    def command_line(self) -> Locator:
        return self.page.get_by_label("Command", exact=True)

    @property
    def place(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    def panel(self, title: str) -> Locator:
        return self.page.get_by_role("region", name=title, exact=True)

    def exit(self, direction: str) -> Locator:
        return self.page.get_by_role("list", name="Exits").get_by_role("button", name=re.compile(f"^{direction}\\b"))

    def tab(self, name: str) -> Locator:
        return self.page.get_by_role("tab", name=re.compile(f"^{name}"))

    def line(self, text: str | re.Pattern[str], kind: str = "") -> Locator:
        """Lines of the log with that text."""
        lines = self.page.locator(f'[role=log] [data-kind="{kind}"]' if kind else _LOG)
        return lines.filter(has_text=text)

    async def command(self, line: str) -> None:
        await self.command_line.fill(line)
        await self.command_line.press("Enter")
        await expect(self.command_line).to_have_value("")

    async def sees(self, text: str, kind: str = "") -> None:
        """A line with that text is there, once."""
        await expect(self.line(text, kind)).to_have_count(1)

    async def lines(self) -> list[Line]:
        """The whole log of the tab that is shown."""
        found: list[dict[str, str]] = await self.page.locator(_LOG).evaluate_all(_READ_LINES)
        return [Line(**one) for one in found]

    async def told(self, speaker: str) -> list[str]:
        """What `speaker` said aloud, in the order of the log."""
        return await self._lines_after(f"{speaker} says: ")

    async def said(self) -> list[str]:
        """What this player said aloud, in the order of the log."""
        return await self._lines_after("You say: ")

    async def _lines_after(self, start: str) -> list[str]:
        return [line.text.removeprefix(start) for line in await self.lines() if line.text.startswith(start)]

    async def sees_here(self) -> set[str]:
        """Names in the list of who is here."""
        rows = self.page.get_by_role("list", name="Who is here").get_by_role("listitem")
        names: list[str] = await rows.evaluate_all(_READ_ROWS)
        return {name.removesuffix(" (you)").strip() for name in names}

    async def sees_lying(self) -> set[str]:
        names: list[str] = await self.panel("Things").get_by_role("listitem").evaluate_all(_READ_ROWS)
        return set(names)

    async def carries(self) -> set[str]:
        names: list[str] = await self.panel("You carry").get_by_role("listitem").evaluate_all(_READ_ROWS)
        return set(names)

    async def choose(self, button: str, item: str) -> None:
        """An item of the menu behind a button."""
        await self.page.get_by_role("button", name=button, exact=True).click()
        items = self.page.get_by_role("menuitem").or_(self.page.get_by_role("menuitemradio"))
        await items.filter(has_text=re.compile(f"^{re.escape(item)}$")).click()

    async def reload(self) -> None:
        await self.page.reload()
        await self.in_world()

    async def in_new_tab(self) -> Visitor:
        """The same person at another tab of the same browser, which shows nothing yet."""
        other = Visitor(await self.context.new_page(), self.url, self.server)
        other.username, other.name = self.username, self.name
        other.complaints, other._expected = self.complaints, self._expected
        return other

    # --- what the server says -----------------------------------------------------------------------------

    async def access_token(self) -> str | None:
        """A token of the login this tab uses; None if it is not signed in."""
        secret = await self.page.evaluate(_REFRESH_TOKEN)
        if secret is None:
            return None
        answer = await call(self.server, "POST", "/api/auth/refresh", {"refresh_token": secret})
        return str(answer.json["access_token"]) if answer.status == 200 else None

    async def ask(self, path: str) -> Any:
        answer = await call(self.server, "GET", path, token=await self.access_token())
        return answer.expect(200)

    async def room_of_server(self) -> dict[str, Any]:
        """The room the server holds this player's character in."""
        explored = await self.ask("/api/maps/explored")
        room: dict[str, Any] = await self.ask(f"/api/rooms/{explored['current_room_id']}")
        return room

    async def agrees_with_server(self) -> None:
        """Place, people and things on the screen are those of the server."""

        difference = ""

        async def same() -> bool | None:
            nonlocal difference
            room = await self.room_of_server()
            people = {one["name"] for one in [*room["players"], *room["npcs"]]}
            things = {one["name"] for one in room["fixtures"]} | {_row(one) for one in room["items"]}
            known = room["name"], people, things, str(len(people))
            count = await self.page.get_by_test_id("occupant-count").text_content()
            place = str(await self.place.evaluate("heading => heading.firstChild.textContent"))
            shown = place, await self.sees_here(), await self.sees_lying(), count
            difference = f"{shown} instead of {known}"
            return shown == known or None

        await eventually(lambda: f"{self.name} sees what the server knows: {difference}", same)

    async def sign_out_everywhere(self) -> None:
        """Out of the world at once, for whoever comes next."""
        token = None if self.page.is_closed() else await self.access_token()
        if token is not None:
            await call(self.server, "POST", "/api/auth/logout", token=token)

    # --- for whoever reads about a failed test ---------------------------------------------------------------

    async def save(self, folder: Path, name: str) -> None:
        """A picture of the page, its log and what the browser said."""
        picture = await self.page.screenshot()
        lines = [f"{one.kind}/{one.channel}: {one.text}" for one in await self.lines()]
        text = [f"{self.name} ({self.username}) at {self.page.url}", *self.complaints, "", *lines]
        _write(folder, {f"{name}.png": picture, f"{name}.txt": "\n".join([*text, ""]).encode()})


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _row(item: dict[str, Any]) -> str:
    count = item.get("count") or 1
    return f"{item['name']} ×{count}" if count > 1 else str(item["name"])


def numbered(word: str, count: int) -> list[str]:
    return [f"{word} {number}" for number in range(1, count + 1)]


async def all_agree(visitors: Sequence[Visitor]) -> None:
    for visitor in visitors:
        await visitor.agrees_with_server()


# --- accessibility ---------------------------------------------------------------------------------------

_AXE: Final = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"


async def find_barriers(page: Page, rules: Sequence[str] | None = None, *, within: str | None = None) -> list[str]:
    """What axe-core finds on the page, or `within` a part of it, that is serious or critical; by all its rules unless
    some are named."""
    if not await page.evaluate("'axe' in window"):  # it is half a megabyte of program
        await page.evaluate(_AXE.read_text())
    # No rule in use wants style sheets and media to be loaded once more.
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
    found = await page.evaluate(
        "([within, options]) => axe.run(within ?? document, options)",
        [within, options | ({"runOnly": list(rules)} if rules else {})],
    )
    return [
        f"{one['impact']} {one['id']}: {json.dumps([node['html'][:160] for node in one['nodes'][:3]])}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
