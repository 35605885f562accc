"""Two browsers a session, one server a module, people who clean up behind themselves.

All tests here share one event loop, that of the browsers:
`pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]`.
A module may set `ENVIRONMENT` (settings of its server) and `BROWSERS` (`WHOLE_BROWSERS` have a microphone).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect
from tests.browser.screens import PATIENCE, Visitor
from tests.support.proxy import Network, network_to
from tests.support.server import ROOMY, RunningServer, running_server
from tests.support.spec_client import Address

HERE = Path(__file__).parent
ARTIFACTS = HERE / "artifacts"
CLIENT = HERE.parents[1] / "web/dist/index.html"
WHOLE_BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# Without windows it needs half the time.
BROWSERS = ("chromium-headless-shell", *WHOLE_BROWSERS)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A microphone that beeps, and voices that find a way on a machine without a network.
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
]

NewVisitor = Callable[..., Awaitable[Visitor]]

expect.set_options(timeout=PATIENCE * 1000)
_failed = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of a module use one server, so they stay in one worker."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group(f"browser-{item.path.stem}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[_failed] = True
    return report


def chromium(names: Sequence[str]) -> str:
    """The system's browser; nothing is downloaded."""
    if not CLIENT.exists():
        pytest.fail("the browser client is not built: run make web")
    for name in names:
        if path := shutil.which(name):
            return path
    reason = f"no Chromium: apt-get install {names[0]}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


Computers = Callable[[Sequence[str]], Awaitable[tuple[Browser, Browser]]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def computers() -> AsyncIterator[Computers]:
    """Two browser processes that share nothing, as two people's computers, of the first kind there is."""
    started: dict[str, tuple[Browser, Browser]] = {}
    async with async_playwright() as playwright:

        async def start(names: Sequence[str]) -> tuple[Browser, Browser]:
            path = chromium(names)
            if path not in started:
                launched = [await playwright.chromium.launch(executable_path=path, args=FLAGS) for _ in range(2)]
                started[path] = launched[0], launched[1]
            return started[path]

        yield start
        for both in started.values():
            for browser in both:
                await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browsers(request: pytest.FixtureRequest, computers: Computers) -> tuple[Browser, Browser]:
    return await computers(getattr(request.module, "BROWSERS", BROWSERS))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningServer]:
    environment = ROOMY | getattr(request.module, "ENVIRONMENT", {})
    async with running_server(tmp_path_factory.mktemp("server") / "data", environment) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def network(server: RunningServer) -> AsyncIterator[Network]:
    """The cable between one browser and the server."""
    async with network_to(server.port) as cable:
        yield cable


@pytest_asyncio.fixture(loop_scope="session")
async def visitors(
    request: pytest.FixtureRequest, server: RunningServer, browsers: tuple[Browser, Browser]
) -> AsyncIterator[NewVisitor]:
    """Makes people, in turn at the first and the second browser. Options are those of a browser context."""
    made: list[Visitor] = []

    async def make(*, url: str | None = None, come: bool = False, **options: object) -> Visitor:
        viewport = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", "reduced_motion": "reduce"}
        context = await browsers[len(made) % 2].new_context(**(viewport | options))  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE * 1000)
        visitor = Visitor(await context.new_page(), url or server.url, Address.of(server.url))
        made.append(visitor)
        if come:
            await visitor.come()
        return visitor

    yield make

    complaints: list[str] = []
    for number, visitor in enumerate(made, 1):
        if request.node.stash.get(_failed, False) and not visitor.page.is_closed():
            await visitor.save(ARTIFACTS / re.sub(r"[^\w-]+", "_", request.node.name), f"visitor{number}")
        complaints += visitor.unexpected_complaints
        await visitor.sign_out_everywhere()
        await visitor.context.close()
    assert complaints == []


@pytest_asyncio.fixture(loop_scope="session")
async def pair(visitors: NewVisitor) -> tuple[Visitor, Visitor]:
    """Two people who stand in the same place and know of each other."""
    ada, ben = await visitors(come=True), await visitors(come=True)
    await expect(ada.page.get_by_role("button", name=ben.name, exact=True)).to_be_visible()
    return ada, ben
