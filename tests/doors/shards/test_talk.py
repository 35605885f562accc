"""Log-in on the socket, and talk."""

from __future__ import annotations

from tests.support.shards import ShardsHouse


async def test_everybody_who_is_logged_in_hears_global_talk_and_the_speaker_once(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    lurker = await house.enter("carla")
    stranger = house.program()
    await stranger.connect()

    await ada.chat("Hello", message_id="m-1", priority=3, sender_id=99, sender_name="Somebody Else", timestamp=12.5)

    for listener in (ada, bo, lurker):
        told = await listener.until("chat")
        assert told["content"] == "Hello"
        assert (told["sender_id"], told["sender_name"]) == (ada.character_id, "aldra")
        assert (told["message_id"], told["priority"], told["timestamp"]) == ("m-1", 3, 12.5)
        assert told["channel"] == "global"
        await listener.quiet("chat")
    await stranger.quiet("chat")
