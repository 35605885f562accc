"""One evening: two at browsers and a program form a party, fight while a line is lost, take a shard, trade the loot and
hand in a quest; a program of the Shards network hears of it.

Ada and Ben, who sit at browsers, and Cleo, a Python program, are grown up and stand at the Nexus when it begins; that
Ben has driven off the wolves is told, not played. `MYTHGATE_PICTURES` names a folder for pictures of each scene.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout
from tests.browser.conftest import NewVisitor
from tests.browser.screens import Visitor, eventually
from tests.browser.test_adventure import do_one_of, meter, stage
from tests.browser.test_looks import DESK, PHONE, fits
from tests.support.proxy import Network
from tests.support.server import ROOMY, RunningServer, running_server
from tests.support.spec_client import PASSWORD

from mythgate.bootstrap import open_node
from mythgate.client import Client, NetworkClient, ShardCapturedMessage
from mythgate.config import PasswordSettings, Settings
from mythgate.domain.ids import CharacterId, QuestId, RoomId
from mythgate.domain.quests import Progress, ProgressState
from mythgate.domain.sheets import CharacterClass, Faction, Race, Sheet, Stats
from mythgate.services.characters import Beginning
from mythgate.services.ports import Transaction

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TURN: Final = 3
ENVIRONMENT: Final = {"MYTHGATE_COMBAT__TURN": str(TURN)}
HEROES: Final = ("Ada", "Ben", "Cleo")
NEXUS: Final = RoomId("aether_nexus_hub_the_nexus")
GUARDIAN: Final = "Ignarok the Eternal"
PICTURES: Final = os.environ.get("MYTHGATE_PICTURES")


def grown(sheet: Sheet) -> Sheet:
    """Of the second level, as the quest demands, and a match for a guardian."""
    strong = replace(sheet, experience=100, souls=50, stats=Stats(90, 20, 90, 10, 10, 10))
    return strong.rested()


async def prepare(folder: Path) -> None:
    """Accounts with their characters, as they would be after some evenings."""
    settings = Settings(data_dir=folder, passwords=PasswordSettings(memory_kib=64, time_cost=1))
    async with open_node(settings) as node:
        services, now = node.services, node.services.clock.now()
        wolves = next(one for one in services.world.world.quests if one.endswith("wolves_at_the_gate"))
        for name in HEROES:
            signed_in = await services.accounts.register(
                name.lower(), PASSWORD, door="http", address="192.0.2.1", client="test"
            )
            caller = await services.sessions.authenticate(signed_in.access_token)
            beginning = Beginning(Race.DWARF, CharacterClass.WARRIOR, Faction.IRON_BROTHERHOOD, room_id=NEXUS)
            view = await services.characters.create(caller, name, beginning=beginning)
            await services.sheets.change(CharacterId(view.id), grown)
            done = Progress(
                CharacterId(view.id),
                QuestId(wolves),
                now,
                now,
                ProgressState.DONE,
                step=2,
                finished_at=now,
                times=1,
            )

            def work(tx: Transaction, done: Progress = done) -> None:
                tx.quests.save(done)

            await services.store.write(work)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    folder = tmp_path_factory.mktemp("story") / "data"
    await prepare(folder)
    async with running_server(folder, ROOMY | ENVIRONMENT) as running:
        yield running


async def scene(name: str, *visitors: Visitor) -> None:
    """Nothing is cut off, neither at a desk nor on a phone."""
    for visitor in visitors:
        for device in (PHONE, DESK):
            await visitor.page.set_viewport_size(device["viewport"])
            await fits(visitor.page, name)
            if PICTURES:
                width = device["viewport"]["width"]
                await visitor.page.screenshot(path=Path(PICTURES) / f"{name}-{visitor.name}-{width}.png")


# --- those who are no browsers -----------------------------------------------------------------------------


class Cleo:
    """A program in the party, which fights when it is its turn."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.heard: list[dict[str, Any]] = []
        self.fight: dict[str, Any] | None = None
        self.id = ""
        client.register_handler("*", self._hear)

    def _hear(self, event: dict[str, Any]) -> None:
        self.heard.append(event)
        data = event["data"]
        if event["event_type"] in ("combat_start", "combat_state"):
            self.fight = data["combat"]
        elif event["event_type"] == "combat_end":
            self.fight = None
        elif event["event_type"] == "game_state":
            self.id = data["player"]["id"]

    @property
    def is_next(self) -> bool:
        return self.fight is not None and self.fight["active_character_id"] == self.id

    async def hears(self, kind: str, where: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        async def found() -> dict[str, Any] | None:
            return next((one["data"] for one in self.heard if one["event_type"] == kind and where(one["data"])), None)

        return await eventually(lambda: f"Cleo hears a {kind}", found)


@dataclass
class Story:
    """Who takes part, and the cable to Ben's desk."""

    ada: Visitor
    ben: Visitor
    cleo: Cleo
    dora: NetworkClient
    cable: Network


@pytest_asyncio.fixture(loop_scope="session")
async def story(server: RunningServer, network: Network, visitors: NewVisitor) -> AsyncIterator[Story]:
    async with Client(server.url) as client, NetworkClient(f"http://{server.ready['doors']['shards']}") as dora:
        ada, ben = await visitors(), await visitors(url=network.url)
        ben.expects_lost_connections()

        async def come(visitor: Visitor, name: str) -> None:
            visitor.name, visitor.username = name, name.lower()
            await visitor.arrive()
            await visitor.sign_in()
            await visitor.enter()

        async def come_by_shards_door() -> None:
            assert await dora.register("dora", "abcdef1")
            assert await dora.connect("dora", "abcdef1")

        cleo = Cleo(client)
        await asyncio.gather(
            come(ada, "Ada"), come(ben, "Ben"), client.connect("cleo", PASSWORD), come_by_shards_door()
        )
        yield Story(ada, ben, cleo, dora, network)


# --- the story -------------------------------------------------------------------------------------------


async def test_an_evening(story: Story) -> None:
    await form_a_party(story)
    await take_on_a_quest(story.ben)
    await go_down(story)
    await fight(story)
    await read_the_record(story.ada)
    await capture(story)
    await trade_the_loot(story.ada, story.ben)
    await hand_in_the_quest(story)


async def form_a_party(story: Story) -> None:
    ada, ben, cleo = story.ada, story.ben, story.cleo
    await ada.choose("Ben", "Invite to your party")
    await expect(stage(ben)).to_contain_text("Ada asks you to join the party")
    await scene("invitation", ben)
    await stage(ben).get_by_role("button", name="Join").click()
    await ada.choose("Cleo", "Invite to your party")
    await cleo.hears("party_invite")
    await cleo.client.command("party accept")
    for one in (ada, ben):
        await expect(one.panel("Party")).to_contain_text("3 of 4")
    await ada.panel("Party").get_by_label("Loot").select_option("leader")

    await ben.panel("Party").get_by_role("button", name="Follow").click()
    await cleo.client.command("party follow")
    await ada.tab("Here").click()
    await cleo.client.command("p Onward!")
    await expect(ada.tab("Party").get_by_label("1 new")).to_be_visible()
    await ada.tab("Party").click()
    await ada.sees("Cleo (party): Onward!")
    await ada.command("p Down the stair.")
    await ben.tab("Party").click()
    # Said before the tab was opened, and while it was: each once.
    await ben.sees("Cleo (party): Onward!")
    await ben.sees("Ada (party): Down the stair.")
    await scene("party", ada, ben)
    await ada.command("fchat For the Brotherhood!")
    await expect(ben.tab("Faction").get_by_label("1 new")).to_be_visible()
    for one in (ada, ben):
        await one.tab("All").click()


async def take_on_a_quest(ben: Visitor) -> None:
    page = ben.page
    await ben.choose("Ben: menu", "Journal")
    await page.get_by_role("tab", name="Quests").click()
    await page.get_by_role("button", name="Take it on: How a Shard Is Taken").click()
    await expect(page.get_by_role("list", name="Your quests")).to_contain_text("look into Ember Volcano")
    await scene("quest", ben)
    await page.get_by_role("button", name="Back to the world").click()


async def go_down(story: Story) -> None:
    ada, ben = story.ada, story.ben
    await ada.exit("down").click()
    await expect(ada.place).to_contain_text("Cinder Stair")
    await ada.exit("north").click()
    for one in (ada, ben):
        await expect(one.place).to_contain_text("Ember Volcano")
        await expect(one.page.get_by_role("button", name="Cleo", exact=True)).to_be_visible()


# --- the fight -------------------------------------------------------------------------------------------


def turn(visitor: Visitor) -> Locator:
    return stage(visitor).get_by_role("status").first


def is_over(visitor: Visitor) -> Locator:
    return stage(visitor).get_by_role("button", name="Close")


async def act(visitor: Visitor, *deeds: str) -> None:
    """What they can pay for, if it is their turn."""
    if await turn(visitor).filter(has_text="It is your turn").count() and not await is_over(visitor).count():
        with contextlib.suppress(PlaywrightTimeout):  # on a busy machine a turn may be over by then, or all of it
            await do_one_of(visitor, *deeds, "Block", "Wait", within=TURN * 1000)


async def fight_on(
    story: Story, what: str, found: Callable[[], Awaitable[bool]], *deeds: str, at_desks: tuple[Visitor, ...]
) -> None:
    """Everybody uses their turns until it is so."""

    async def lived() -> bool | None:
        for one in at_desks:
            await act(one, *deeds)
        if story.cleo.is_next:
            await story.cleo.client.command("heavy" if deeds[0] == "Strike hard" else "wait")
        return await found() or None

    await eventually(lambda: what, lived, patience=60)


async def fight(story: Story) -> None:
    ada, ben, cleo = story.ada, story.ben, story.cleo
    await ada.panel("Creatures").get_by_role("button", name=f"attack {GUARDIAN}").click()
    await expect(turn(ada)).to_contain_text("turn")
    await asyncio.gather(
        ben.panel("Creatures").get_by_role("button", name=f"attack {GUARDIAN}").click(),
        cleo.client.command("assist Ada"),
    )
    for one in (ada, ben):
        for name in HEROES:
            await expect(meter(stage(one), f"Health of {name}")).to_be_attached()
        await expect(stage(one).get_by_role("timer")).to_have_text(re.compile(r"^\d s$"))
    await scene("fight", ada, ben)

    async def is_bens() -> bool:
        return await turn(ada).inner_text() == "It is the turn of Ben"

    await fight_on(story, "it is Ben's turn", is_bens, "Block", at_desks=(ada,))
    passed = ada.line(re.compile("Ben (gets ready to block|waits)"))
    before = await passed.count()
    await ben.context.set_offline(True)
    story.cable.cut()
    await expect(ben.badge).to_have_text("Reconnecting")
    await expect(turn(ben)).to_have_text("Until you are back, you defend yourself")

    async def has_passed() -> bool:
        return await passed.count() > before

    await fight_on(story, "Ben's turn passes", has_passed, "Block", at_desks=(ada,))
    await expect(ada.panel("Party").get_by_role("listitem").filter(has_text="Ben")).to_contain_text("lost connection")
    await scene("lost-line", ben)
    await ben.context.set_offline(False)
    await expect(ben.badge).to_have_text("Connected")

    async def all_know() -> bool:
        return all([await is_over(one).count() for one in (ada, ben)]) and cleo.fight is None

    await fight_on(story, "the fight ends", all_know, "Strike hard", at_desks=(ada, ben))
    for one in (ada, ben):
        await expect(stage(one).get_by_role("heading")).to_have_text("You have won")
    assert (await cleo.hears("combat_end"))["outcome"] == "won"
    await scene("won", ada, ben)
    # Who was away has heard all that the others heard, once.
    missed = Counter(await blows(ada)) - Counter(await blows(ben))
    repeated = Counter(await blows(ben)) - Counter(await blows(ada))
    assert not missed
    assert not repeated


async def blows(visitor: Visitor) -> list[str]:
    """The fight in the log, from where all were in it."""
    lines = [one.text for one in await visitor.lines()]
    joined = max(number for number, line in enumerate(lines) if "joins the fight." in line)
    over = lines.index("The fight is over.")
    return [line for line in lines[joined:over] if re.search(r"\b(hits|strikes|misses|falls|ready|waits|uses)\b", line)]


async def read_the_record(ada: Visitor) -> None:
    await stage(ada).get_by_role("button", name="How it went").click()
    record = ada.page.get_by_role("dialog", name="How the fight went")
    proof = record.get_by_role("region", name="Proof")
    await expect(proof).to_contain_text("the seed is the one promised at the beginning")
    await expect(record.get_by_role("region", name="Before the first round")).to_contain_text("initiative of Ada")
    await expect(record).to_contain_text(re.compile(r"hit \d+, within \d+"))
    await expect(record).to_contain_text("The fight is over.")
    await scene("record", ada)
    await record.get_by_role("button", name="Close").click()
    await is_over(ada).click()


# --- afterwards ------------------------------------------------------------------------------------------


async def capture(story: Story) -> None:
    ada, ben, page = story.ada, story.ben, story.ada.page
    await is_over(ben).click()
    heard = asyncio.create_task(story.dora.wait_for("shard_captured", wait=15))
    await ada.choose("Ada: menu", "Journal")
    await page.get_by_role("tab", name="Shards").click()
    await page.get_by_role("button", name="Take it", exact=True).click()
    await expect(page.get_by_role("list", name="What happened to the world")).to_contain_text("Phoenix Flame")
    brotherhood = ada.panel("Factions").get_by_role("row", name=re.compile("Iron Brotherhood"))
    await expect(brotherhood).to_contain_text("1")
    await scene("captured", ada)
    await page.get_by_role("button", name="Back to the world").click()

    await expect(ben.line(re.compile("Ada.*Phoenix Flame"), "system")).to_have_count(1)
    assert (await story.cleo.hears("shard_captured"))["shard"] == 1
    told = await heard
    assert isinstance(told, ShardCapturedMessage)
    assert (told.shard_id, told.captured_by_character_name, told.faction) == (1, "Ada", "Iron Brotherhood")


async def trade_the_loot(ada: Visitor, ben: Visitor) -> None:
    await expect(ada.panel("You carry")).to_contain_text("splinter of crystal")
    await ada.choose("Ben", "Trade")
    await stage(ben).get_by_role("button", name="Trade").click()
    mine, theirs = (stage(one).get_by_role("region", name="Trade", exact=True) for one in (ada, ben))
    thing = mine.get_by_role("form", name="Offer a thing")
    await thing.get_by_label("Thing", exact=True).select_option(label="a splinter of crystal")
    await thing.get_by_role("button", name="Offer", exact=True).click()
    await expect(theirs.get_by_role("region", name="Ada gives")).to_contain_text("a splinter of crystal")
    await theirs.get_by_role("spinbutton", name="Souls").fill("30")
    await theirs.get_by_role("button", name="Offer souls").click()
    await expect(mine.get_by_role("region", name="Ben gives")).to_contain_text("30 souls")
    await mine.get_by_role("button", name="Confirm").click()
    await expect(theirs.get_by_role("region", name="Ada gives")).to_contain_text("✓ confirmed")
    await scene("trade", ben)
    await theirs.get_by_role("button", name="Confirm").click()
    for one in (ada, ben):
        await expect(stage(one)).to_contain_text("The trade is done")
        await stage(one).get_by_role("button", name="Close").click()
    await expect(ben.panel("You carry")).to_contain_text("splinter of crystal")
    await expect(ada.panel("You carry")).not_to_contain_text("splinter of crystal")


async def hand_in_the_quest(story: Story) -> None:
    ada, ben = story.ada, story.ben
    await ada.exit("south").click()
    await expect(ada.place).to_contain_text("Cinder Stair")
    await ada.exit("up").click()
    await expect(ben.place).to_contain_text("The Nexus")
    await ben.command("ask Myra about shards")
    await expect(ben.line("She has filled both books, and turns them round.")).to_have_count(1)
    await ben.choose("Ben: menu", "Journal")
    await ben.page.get_by_role("tab", name="Quests").click()
    await expect(ben.page.get_by_role("list", name="Quests you have done")).to_contain_text("How a Shard Is Taken")
    await scene("quest-done", ben)
