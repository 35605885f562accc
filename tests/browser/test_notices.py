"""What one wants to be told while away: chosen in the browser, and told by it when no page is open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect
from tests.browser.conftest import WHOLE_BROWSERS, NewVisitor
from tests.browser.screens import eventually, find_barriers

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

BROWSERS = WHOLE_BROWSERS  # the one without windows shows no notices
ENVIRONMENT = {"MYTHGATE_NOTICES__ALLOWED_HOSTS": '["127.0.0.1"]'}


@pytest_asyncio.fixture(loop_scope="session")
async def hook() -> AsyncIterator[tuple[str, asyncio.Queue[str]]]:
    """Somewhere on the web that takes notices: its address, and the texts that came."""
    got: asyncio.Queue[str] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        got.put_nowait(json.loads(await reader.readexactly(length))["text"])
        writer.write(b"HTTP/1.1 204 Fine\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", got


async def test_from_the_page_to_the_webhook(visitors: NewVisitor, hook: tuple[str, asyncio.Queue[str]]) -> None:
    address, got = hook
    ada = await visitors()
    ada.expects(r"status of 4\d\d")
    await ada.register()
    page = ada.page
    await page.goto(f"{ada.url.rstrip('/')}/notices")
    await expect(page.get_by_text("You wait for nothing yet.")).to_be_visible()

    await page.get_by_label("Address of a webhook").fill(address)
    await page.get_by_role("button", name="Add it").click()
    code = (await asyncio.wait_for(got.get(), 15)).split()[0]
    field = page.get_by_label(f"Code that went to {address}")
    await field.fill("0")
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_text("This is not the code.")).to_be_visible()
    await field.fill(code)
    await page.get_by_role("button", name="Confirm").click()
    await page.get_by_role("button", name="Send me something").click()
    await expect(page.get_by_text("Sent to 1, arrived at 1.")).to_be_visible()
    assert await asyncio.wait_for(got.get(), 15) == "This is what a notice looks like."

    await page.get_by_label("How many, at least").fill("0")
    await page.get_by_role("button", name="Tell me", exact=True).click()
    await expect(page.get_by_text("Wait for 1 to 100 people.")).to_be_visible()
    await page.get_by_label("How many, at least").fill("1")
    await page.get_by_label("Where", exact=True).select_option("the world")
    await page.get_by_role("button", name="Tell me", exact=True).click()
    await expect(page.get_by_text("Somebody is in the world")).to_be_visible()
    await page.get_by_label("From").fill("03:00")
    await page.get_by_label("Until").fill("03:01")
    await page.get_by_role("button", name="Set quiet hours").click()
    await expect(page.get_by_text("You are told nothing from 03:00 to 03:01")).to_be_visible()
    await page.get_by_role("button", name="Have none").click()
    await expect(page.get_by_text("You are told at all hours.")).to_be_visible()
    for width in (1280, 360):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await find_barriers(page) == []

    await visitors(come=True)
    assert await asyncio.wait_for(got.get(), 20) == "Somebody is in the world."
    await page.get_by_role("button", name="remove: Somebody is in the world").click()
    await expect(page.get_by_text("You wait for nothing yet.")).to_be_visible()


async def test_a_notice_shows_while_no_page_is_open(visitors: NewVisitor) -> None:
    ada = await visitors()
    await ada.context.grant_permissions(["notifications"], origin=ada.url.rstrip("/"))
    await ada.page.goto(ada.url)
    versions: dict[str, str] = {}  # of workers, by where they belong
    devtools = await ada.context.new_cdp_session(ada.page)
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: versions.update({one["scopeURL"]: one["registrationId"] for one in told["registrations"]}),
    )
    await devtools.send("ServiceWorker.enable")
    await ada.page.evaluate(
        "navigator.serviceWorker.register('notices-worker.js').then(() => navigator.serviceWorker.ready).then(() => 0)"
    )

    async def registered() -> str | None:
        return next(iter(versions.values()), None)

    number = await eventually(lambda: str(versions), registered)
    notice = {"title": "Mythgate", "text": "3 people are in Ranked.", "url": f"{ada.url}lobby"}
    await devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": ada.url.rstrip("/"), "registrationId": number, "data": json.dumps(notice)},
    )
    read = """navigator.serviceWorker.ready.then(one => one.getNotifications())
        .then(all => all.map(one => [one.title, one.body, one.data.url]))"""

    async def shown() -> list[str] | None:
        return next(iter(await ada.page.evaluate(read)), None)

    assert await eventually(lambda: "no notice", shown) == ["Mythgate", notice["text"], notice["url"]]
