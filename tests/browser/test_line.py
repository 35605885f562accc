"""The cable is pulled, the connection reset, the server gone: the player sees it, and nothing is lost."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect
from tests.browser.conftest import NewVisitor
from tests.browser.screens import Visitor, all_agree, numbered
from tests.support.proxy import Network
from tests.support.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# The server notices within twenty seconds that nobody answers.
ENVIRONMENT = {"MYTHGATE_REALTIME__PING_INTERVAL": "1", "MYTHGATE_REALTIME__PONG_WITHIN": "1"}

COUNTDOWN = re.compile(r"Attempt \d+ of \d+ (in \d+ s|now…|under way…)")


async def reconnecting(visitor: Visitor) -> None:
    await expect(visitor.badge).to_have_text("Reconnecting")
    await expect(visitor.banner).to_contain_text(COUNTDOWN)


async def linkdead(friend: Visitor, visitor: Visitor) -> None:
    await expect(friend.page.get_by_role("button", name=f"{visitor.name}, lost connection")).to_be_visible()


async def back(friend: Visitor, visitor: Visitor) -> None:
    """Connected again, and the friend's list says so."""
    await expect(visitor.badge).to_have_text("Connected", timeout=40_000)
    await expect(visitor.banner).to_have_count(0)
    await expect(friend.page.get_by_role("button", name=visitor.name, exact=True)).to_be_visible()


async def test_a_pulled_cable_loses_nothing_and_repeats_nothing(visitors: NewVisitor, network: Network) -> None:
    ada, ben = await visitors(url=network.url), await visitors(come=True)
    ada.expects_lost_connections()
    await ada.page.clock.install()
    await ada.come()
    await ben.command("say Before.")
    await ada.sees(f"{ben.name} says: Before.")

    network.unplug()
    await ada.command("say I am still here.")
    await expect(ada.badge).to_have_text("Connected")
    await ada.page.clock.fast_forward(11_000)  # past the time in which an answer is due
    await reconnecting(ada)
    await expect(ada.line("say I am still here.", "echo")).to_contain_text("(waits for the connection)")
    while_away = numbered("While you were away,", 10)
    for words in while_away:
        await ben.command(f"say {words}")
    await ben.sees("You say: While you were away, 10")
    await ada.command("say Can you hear me?")
    await expect(ada.banner).to_contain_text("2 lines are kept and sent when you are back.")
    assert await ada.told(ben.name) == ["Before."]

    network.plug_in()
    # If it is gone, they have come back by themselves in this moment.
    await ada.page.get_by_role("button", name="Reconnect now").evaluate_all("all => all.forEach(one => one.click())")
    await back(ben, ada)
    for text in ("I am still here.", "Can you hear me?"):
        await ben.sees(f"{ada.name} says: {text}")
        await ada.sees(f"You say: {text}")
    await expect(ada.page.get_by_text("(waits for the connection)")).to_have_count(0)
    await ben.command("say After.")
    await ada.sees(f"{ben.name} says: After.")
    assert await ada.told(ben.name) == ["Before.", *while_away, "After."]
    assert await ben.told(ada.name) == ["I am still here.", "Can you hear me?"]
    await all_agree((ada, ben))


async def test_twenty_seconds_without_the_network_in_real_time(visitors: NewVisitor, network: Network) -> None:
    ada, ben = await visitors(url=network.url, come=True), await visitors(come=True)
    ada.expects_lost_connections()
    await expect(ada.page.get_by_role("button", name=ben.name, exact=True)).to_be_visible()
    # The device knows: its network is gone, and nothing it sent still arrives.
    network.unplug()
    await ada.context.set_offline(True)
    await reconnecting(ada)
    await expect(ada.banner).to_contain_text("This device is offline.")
    told = numbered("Second", 20)
    for words in told:
        await ben.command(f"say {words}")
        await ben.page.wait_for_timeout(1000)  # these twenty seconds are what the test is about
    await linkdead(ben, ada)
    await ben.sees(f"{ada.name} has lost the connection.", "presence")
    await reconnecting(ada)
    assert await ada.told(ben.name) == []

    network.plug_in()
    await ada.context.set_offline(False)
    await back(ben, ada)
    await ada.sees(f"{ben.name} says: Second 20")
    await ben.sees(f"{ada.name} is connected again.", "presence")
    assert await ada.told(ben.name) == told
    await all_agree((ada, ben))


async def test_a_connection_reset_while_talk_flows(visitors: NewVisitor, network: Network) -> None:
    ada, ben = await visitors(url=network.url, come=True), await visitors(come=True)
    ada.expects_lost_connections()
    await expect(ada.page.get_by_role("button", name=ben.name, exact=True)).to_be_visible()
    told = numbered("Word", 30)
    for number, words in enumerate(told):
        if number % 10 == 5:
            network.cut()
        await ben.command(f"say {words}")
    await back(ben, ada)
    await ada.sees(f"{ben.name} says: Word 30")
    assert await ada.told(ben.name) == told
    await all_agree((ada, ben))


async def test_a_network_that_hesitates_is_no_lost_connection(visitors: NewVisitor, network: Network) -> None:
    ada, ben = await visitors(url=network.url, come=True), await visitors(come=True)
    network.stall()
    await ada.command("say Slowly now.")
    await ben.command("say Hurry up!")
    await ben.sees("You say: Hurry up!")
    assert await ada.told(ben.name) == []
    network.flow()
    await ada.sees(f"{ben.name} says: Hurry up!")
    await ben.sees(f"{ada.name} says: Slowly now.")
    await expect(ada.badge).to_have_text("Connected")


async def test_while_nobody_answers_attempts_are_counted_until_one_succeeds(
    visitors: NewVisitor, network: Network, server: RunningServer
) -> None:
    ada, ben = await visitors(url=network.url), await visitors(come=True)
    ada.expects_lost_connections()
    await ada.page.clock.install()
    await ada.come()
    await network.refuse()
    network.cut()
    await expect(ada.banner).to_contain_text("Attempt 1 of 20")
    for attempt, seconds in ((2, 2), (3, 3), (4, 5), (5, 10)):
        await ada.page.clock.fast_forward(seconds * 1000)
        await expect(ada.banner).to_contain_text(f"Attempt {attempt} of 20")
    await expect(ada.page.get_by_role("status").get_by_text("Connection lost. Attempt 5 of 20.")).to_be_attached()
    await ben.command("say Are you there?")

    await network.listen()
    await expect(ada.banner).to_contain_text(re.compile(r"in \d+ s"))
    await ada.page.clock.fast_forward(20_000)
    await back(ben, ada)
    await ada.sees(f"{ben.name} says: Are you there?")
    await all_agree((ada, ben))
