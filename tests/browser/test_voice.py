"""Voice chat in two browsers, each with a microphone that beeps: sound flows from one to the other, and only then."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, expect
from tests.browser.conftest import WHOLE_BROWSERS, NewVisitor
from tests.browser.screens import Visitor, eventually
from tests.browser.test_looks import DESK, PHONE, is_sound
from tests.support.proxy import Network

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
BROWSERS = WHOLE_BROWSERS

# Keeps every connection the page makes, for the statistics of the browser itself, and the microphone it opens.
_WATCH = """
    window.peers = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(...given) { super(...given); window.peers.push(this); }
    };
    window.microphones = [];
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async wanted => {
        const stream = await open(wanted);
        window.microphones.push(...stream.getTracks());
        return stream;
    };
"""
_RECEIVED = """async () => {
    let bytes = 0;
    for (const peer of window.peers) {
        if (peer.connectionState === "closed") continue;
        for (const one of (await peer.getStats()).values()) {
            if (one.type === "inbound-rtp" && one.kind === "audio") bytes += one.bytesReceived;
        }
    }
    return bytes;
}"""
# The names that both ends of each connection chose for what they agreed on last.
_AGREED = """() => window.peers.filter(peer => peer.connectionState === "connected").map(
    ({ currentLocalDescription: ours, currentRemoteDescription: theirs }) =>
        [ours, theirs].map(({ sdp }) => /a=ice-ufrag:(.*)/.exec(sdp)[1].trim()).sort().join())"""
_IS_OVER = """() => window.peers.every(peer => peer.connectionState === "closed")
    && window.microphones.every(track => track.readyState === "ended")"""
_ENOUGH = 2000  # bytes of sound, about half a second


def voice(visitor: Visitor) -> Locator:
    return visitor.panel("Voice")


def row(visitor: Visitor, name: str) -> Locator:
    speakers = voice(visitor).get_by_role("list", name="In the voice channel")
    return speakers.get_by_role("listitem").filter(has_text=name)


def button(visitor: Visitor, name: str) -> Locator:
    return voice(visitor).get_by_role("button", name=name, exact=True)


async def hears(visitor: Visitor) -> None:
    """Sound arrives, and goes on arriving."""
    before: int = await visitor.page.evaluate(_RECEIVED)
    received = before

    async def more() -> bool | None:
        nonlocal received
        received = await visitor.page.evaluate(_RECEIVED)
        return received > before + _ENOUGH or None

    await eventually(lambda: f"{visitor.name} hears something: {before} bytes, then {received}", more)


async def speaks(visitor: Visitor, name: str) -> None:
    """The lamp is lit for a moment each second, as the microphone beeps: looked for at every frame."""
    shown = await row(visitor, name).element_handle()
    await visitor.page.wait_for_function("row => row.textContent.includes('speaks')", arg=shown, polling="raf")


async def is_over(visitor: Visitor) -> None:
    async def closed() -> bool | None:
        return await visitor.page.evaluate(_IS_OVER) or None

    await eventually(lambda: f"{visitor.name} has no connection and no microphone any more", closed)


async def come(visitors: NewVisitor, *, url: str | None = None, may_speak: bool = True) -> Visitor:
    visitor = await visitors(url=url, permissions=["microphone"] if may_speak else [])
    await visitor.context.add_init_script(_WATCH)
    await visitor.come()
    return visitor


async def form_a_party(ada: Visitor, ben: Visitor) -> None:
    await ada.command(f"party invite {ben.name}")
    await ben.sees(f"{ada.name} asks you to join the party Adventuring Party.")
    await ben.command("party accept")
    await expect(voice(ben)).to_contain_text("Nobody talks by voice.")


async def test_two_hear_each_other(visitors: NewVisitor, network: Network) -> None:
    ada, ben = await come(visitors), await come(visitors, url=network.url)
    ben.expects_lost_connections()
    await form_a_party(ada, ben)
    await button(ada, "Join voice").click()
    await expect(row(ben, ada.name)).to_be_visible()
    await button(ben, "Join voice").press("Enter")
    for visitor in (ada, ben):
        await hears(visitor)
    await speaks(ada, ben.name)
    await speaks(ben, ada.name)
    await looks_sound(ada)

    slider = voice(ada).get_by_role("slider", name=f"Volume of {ben.name}")
    await slider.press("ArrowLeft")
    await expect(slider).to_have_attribute("aria-valuetext", "95 percent")
    await button(ada, "Mute").click()
    await expect(row(ben, ada.name)).to_contain_text("muted")
    assert await ada.page.evaluate("window.microphones.every(track => !track.enabled)")
    await button(ada, "Unmute").click()
    await expect(row(ben, ada.name)).not_to_contain_text("muted")
    assert await ada.page.evaluate("window.microphones.every(track => track.enabled)")

    # The line to the server is cut: voices do not go through it, and are agreed on anew afterwards.
    agreed = [await one.page.evaluate(_AGREED) for one in (ada, ben)]
    await network.refuse()
    network.cut()
    await expect(ben.badge).not_to_have_text("Connected")
    await hears(ada)
    await hears(ben)
    await network.listen()
    await ben.in_world()

    async def anew() -> bool | None:
        now = [await one.page.evaluate(_AGREED) for one in (ada, ben)]
        return all(len(one) == 1 and one != before for one, before in zip(now, agreed, strict=True)) or None

    await eventually(lambda: "both have agreed on a way anew, over the same connection", anew)
    await hears(ada)
    await hears(ben)

    await ben.reload()
    await expect(button(ben, "Leave voice")).to_be_visible()
    await hears(ben)
    await hears(ada)

    await button(ben, "Leave voice").click()
    await expect(row(ada, ben.name)).to_have_count(0)
    await expect(voice(ben)).to_contain_text("1 of 4 talk by voice:")
    await is_over(ben)
    assert await ada.page.evaluate("window.peers.every(peer => peer.connectionState === 'closed')")
    await ada.command("party leave")
    await expect(voice(ada)).to_have_count(0)
    await is_over(ada)


async def looks_sound(visitor: Visitor) -> None:
    page = visitor.page
    await is_sound(visitor, "voice on a desk")
    await page.set_viewport_size(PHONE["viewport"])
    await page.get_by_role("button", name="Party", exact=True).click()
    await expect(button(visitor, "Leave voice")).to_be_visible()
    await is_sound(visitor, "voice on a phone")
    await page.keyboard.press("Escape")
    await page.set_viewport_size(DESK["viewport"])
    await expect(button(visitor, "Leave voice")).to_be_visible()


async def test_who_may_not_use_the_microphone_may_listen(visitors: NewVisitor) -> None:
    ada, ben = await come(visitors), await come(visitors, may_speak=False)
    await form_a_party(ada, ben)
    await button(ada, "Join voice").click()
    await expect(row(ben, ada.name)).to_be_visible()
    # What is typed asks for the microphone as well.
    await ben.command("voice")
    await expect(voice(ben).get_by_role("alert")).to_contain_text("This page may not use the microphone.")
    await expect(row(ada, ben.name)).to_have_count(0)
    await is_sound(ben, "no microphone")
    await button(ben, "Only listen").click()
    await expect(voice(ben)).to_contain_text("You only listen.")
    await expect(button(ben, "Mute")).to_have_count(0)
    await hears(ben)
    await expect(row(ben, ada.name)).to_contain_text(re.compile("speaks"))
    await ben.command("voice off")
    await expect(button(ben, "Join voice")).to_be_visible()
    await is_over(ben)
