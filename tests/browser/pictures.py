"""Makes the pictures of the README and the documents: `make pictures`.

A real server, two people at browsers, a crowd of old clients beside them; what they see goes into `docs/images`.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Page, async_playwright, expect
from tests.browser.conftest import BROWSERS, FLAGS, chromium
from tests.browser.screens import PATIENCE, Visitor
from tests.browser.test_lobby import into_lobby
from tests.support.server import ROOMY, RunningServer, running_server
from tests.support.spec_client import PASSWORD, Address

IMAGES: Final = Path(__file__).parents[2] / "docs/images"
DESK: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 360, "height": 740}
CROWD_SECONDS: Final = 45


async def visitor(browser: Browser, server: RunningServer, username: str, name: str, theme: str = "dark") -> Visitor:
    """Somebody at a browser of their own."""
    context = await browser.new_context(
        viewport={"width": DESK["width"], "height": DESK["height"]},
        locale="en-GB",
        reduced_motion="reduce",
        color_scheme="dark" if theme == "dark" else "light",
    )
    context.set_default_timeout(PATIENCE * 1000)
    made = Visitor(await context.new_page(), server.url, Address.of(server.url))
    made.username, made.name = username, name
    return made


async def picture(page: Page, name: str, size: dict[str, int] = DESK) -> None:
    """Save what is on the page at that size."""
    await page.set_viewport_size({"width": size["width"], "height": size["height"]})
    await page.mouse.move(0, 0)
    await page.evaluate("document.activeElement?.blur()")
    await page.evaluate("document.fonts.ready.then(() => 0)")
    IMAGES.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
    print(f"docs/images/{name}.png")


async def crowd(server: RunningServer, data: Path) -> asyncio.subprocess.Process:
    """Old clients that talk, host and play for a while, and stop by themselves."""
    who = ("--door", "alephone=9", "--lobby", "26", "--seconds", str(CROWD_SECONDS), "--rate", "60")
    port = server.ready["doors"]["metaserver"].rpartition(":")[2]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mythgate",
        "bots",
        *who,
        "--port",
        port,
        "--data-dir",
        str(data),
        stdout=asyncio.subprocess.DEVNULL,
    )


async def make(server: RunningServer, data: Path, browser: Browser) -> None:
    """Play a little, and take the pictures."""
    ada = await visitor(browser, server, "ada", "Ada")
    ben = await visitor(browser, server, "ben", "Ben", "light")
    await ada.page.goto(server.ready["claim_url"])
    await ada.fill_entrance("Register", ada.username, PASSWORD)
    await expect(ada.page.get_by_role("heading", name="Make your first character")).to_be_visible()
    await ada.make_character()
    await ada.in_world()
    await ben.come()
    old_clients = await crowd(server, data)
    try:
        for step in ("north", "south", "east", "west", "west"):
            await ada.command(step)
        await expect(ada.place).not_to_have_text(re.compile("Gate Square"))
        await ada.command("east")
        await ada.reload()
        for who, line in (
            (ben, "say Is this the place?"),
            (ada, "say It is. The tavern is in the west, and the market never closes."),
            (ben, "emote looks round, and up."),
            (ada, "look plaque"),
            (ada, "party create The Early Ones"),
            (ada, "party invite Ben"),
            (ben, "party accept"),
            (ada, "p Shall we look for the first shard?"),
        ):
            await who.command(line)
        await expect(ben.line("Shall we look for the first shard?")).to_have_count(1)
        await expect(ada.line(re.compile("Ben joins the party"))).to_have_count(1)
        await picture(ada.page, "world")
        await picture(ben.page, "world-phone", PHONE)
        await ada.page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
        await into_lobby(ada)
        await expect(ada.page.get_by_role("log").locator("[data-kind]").nth(8)).to_be_visible(timeout=30_000)
        await picture(ada.page, "lobby")
        await ada.page.goto(f"{server.url.rstrip('/')}/admin/now")
        await expect(ada.page.get_by_role("heading", level=1)).to_be_visible()
        await expect(ada.page.locator(".uplot").first).to_be_visible(timeout=30_000)
        await picture(ada.page, "console")
    finally:
        if old_clients.returncode is None:
            old_clients.terminate()
        await old_clients.wait()
    for one in (ada, ben):
        await one.context.close()


async def main() -> None:
    """All pictures."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        async with running_server(data, ROOMY) as server, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium(BROWSERS), args=FLAGS)
            await make(server, data, browser)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
