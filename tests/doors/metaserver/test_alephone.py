"""Aleph One clients: from the log-in to the last goodbye."""

from __future__ import annotations

from tests.support.metaserver import House, until


async def test_guests_and_a_browser_talk_in_one_lobby(house: House) -> None:
    ada = house.browser("Ada")
    ada.enter()
    first = await house.aleph("Hopper")
    second = await house.aleph("Tycho")
    await first.until_player("Tycho")
    assert {player.plain for player in second.players.values()} == {"Ada", "Guest Hopper", "Guest Tycho"}
    first.chat("Café ƒ déjà vu")
    heard = await second.until_said("Café ƒ déjà vu")
    assert heard.number == first.number
    assert heard.name == "|iGuest|p Hopper"
    await first.until_said("Café ƒ déjà vu")
    await ada.say("Bonjour “tous” |bbold|p")
    assert (await first.until_said("Bonjour “tous” |bbold|p")).number == 900_001
    await second.until_said("Bonjour “tous” |bbold|p")
    assert ("Guest Hopper", "Café ƒ déjà vu") in ada.said()
    await second.leave()
    await first.until_player("Tycho", present=False)
    assert "lobby_player_left" in ada.kinds()
    first.vanish()
    await until(lambda: house.names() == ["Ada"])
