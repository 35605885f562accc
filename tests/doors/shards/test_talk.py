"""Talk: who hears what, across the doors."""

from __future__ import annotations

from typing import Any

from tests.support.shards_door import Program, ShardsHouse

from mythgate.domain.ids import CharacterId, PlayId, SessionId
from mythgate.domain.lobbies import Looks, Visitor, lobby_listener
from mythgate.domain.sessions import OPERATOR


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


async def test_thirty_lines_at_once_arrive_in_their_order(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    for number in range(30):
        await ada.chat(f"Line {number}")
    for listener in (ada, bo):
        assert [(await listener.until("chat"))["content"] for _ in range(30)] == [f"Line {n}" for n in range(30)]


async def test_ids_that_are_more_than_ids_stay_behind(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    await ada.chat("Hello", message_id="x" * 10_000)
    assert (await ada.until("chat"))["message_id"] is None


async def test_who_talks_needs_a_character(house: ShardsHouse) -> None:
    carla = await house.enter("carla")
    await carla.chat("Hello", sender_id=5)
    assert await carla.refused() == "FORBIDDEN"


async def test_channels(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    carla = await house.enter("carla", "Carla Marsh", faction="Moonlit Circle")

    await ada.chat("For the Brotherhood", kind="faction_chat", channel="faction")
    for one in (ada, bo):
        told = await one.until("faction_chat")
        assert (told["channel"], told["sender_name"]) == ("faction", "aldra")
    await ada.chat("Secret", kind="whisper", channel="whisper", recipient_id=bo.character_id)
    for one in (ada, bo):
        told = await one.until("whisper")
        assert (told["content"], told["recipient_id"]) == ("Secret", bo.character_id)
        assert (told["sender_id"], told["sender_name"]) == (ada.character_id, "aldra")
    await carla.quiet("whisper")
    assert "faction_chat" not in [told["type"] for told in carla.heard]
    await ada.chat("To the room", channel="local")
    for one in (ada, bo, carla):
        assert (await one.until("chat"))["channel"] == "say"
    await ada.chat("waves", channel="emote")
    assert (await bo.until("chat"))["channel"] == "emote"


async def test_what_is_refused(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"channel": "trade-district"}, "INVALID_CHANNEL"),
        ({"channel": "party"}, "NOT_IN_PARTY"),
        ({"kind": "party_chat", "channel": "global"}, "NOT_IN_PARTY"),
        ({"kind": "whisper", "recipient_id": 999_999}, "RECIPIENT_OFFLINE"),
        ({"kind": "whisper"}, "INVALID_MESSAGE"),
    )
    for fields, code in cases:
        await ada.chat(**{"content": "Hello", **fields})
        assert await ada.refused() == code, fields
    for kind, fields in (
        ("character_update", {"character_id": ada.character_id, "character_name": "x", "level": 25}),
        ("world_announcement", {"content": "Free souls"}),
        ("aetherfall", {}),
    ):
        await ada.send(kind, **fields)
        assert await ada.refused() == "FORBIDDEN", kind
    await ada.send("auth_response", success=True)
    assert await ada.refused() == "INVALID_MESSAGE"


async def _command(house: ShardsHouse, who: Program, line: str) -> None:
    """As if the same body were played over another door."""
    present = house.door.by_number(who.character_id)
    assert present is not None
    response = await house.node.services.commands.execute(CharacterId(present.character_id), line)
    assert response.success, response


async def test_people_of_other_doors_are_heard(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")

    await _command(house, bo, "say Good evening")
    told = await ada.until("chat")
    assert (told["content"], told["channel"], told["sender_id"]) == ("Good evening", "say", bo.character_id)
    await _command(house, bo, "tell Aldra Venn psst")
    assert (await ada.until("whisper"))["content"] == "psst"
    await house.node.services.chat.announce(OPERATOR, "The server stops at midnight.")
    assert (await ada.until("world_announcement"))["content"] == "The server stops at midnight."


async def test_long_talk_of_other_doors_is_cut_to_what_programs_take(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    await _command(house, bo, "say " + "x" * 510)
    assert (await ada.until("chat"))["content"] == "x" * 500


async def test_the_ignored_are_not_heard(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    await _command(house, ada, "ignore Borin Slate")
    await bo.chat("Can you hear me?")
    await bo.until("chat")
    await ada.quiet("chat")
    refusals = []
    for recipient in (ada.character_id, 424_242):  # who is there, and nobody: it looks the same
        await bo.chat("psst", kind="whisper", recipient_id=recipient)
        told = await bo.until("error")
        refusals.append((told["error_code"], told["error_message"], told["details"]))
    assert refusals == [("RECIPIENT_OFFLINE", "They are not in the world.", None)] * 2


async def test_words_come_back_as_they_were_sent_but_for_what_cannot_be_seen(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    for sent, heard in (
        (" two  spaces ", " two  spaces "),
        ("   ", "   "),
        ("\u200b", "…"),  # of which nothing is left
        ("a\nb\u202ec", "a bc"),
        ("💎" * 500, "💎" * 500),
    ):
        await ada.chat(sent)
        assert (await ada.until("chat"))["content"] == heard
    await ada.chat("  ", kind="faction_chat")
    assert (await ada.until("faction_chat"))["content"] == "  "


async def test_words_from_a_lobby_have_a_sender_nobody_whispers_to(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    lobbies, hub = house.node.services.lobbies, house.node.lobby_hub
    number = lobbies.guest_number()
    listener = lobby_listener(number)
    guest = Visitor(listener, number, "Guest", Looks("aldra"), "metaserver", "Aleph One")
    hub.open(PlayId(listener), listener, guest.sender, SessionId(""))
    lobbies.enter(guest, 26)
    await lobbies.say(listener, "|bHello")
    told = await ada.until("chat")
    assert (told["sender_id"], told["sender_name"], told["content"]) == (0, "[Arrival] aldra", "Hello")
    assert (told["channel"], told["recipient_id"]) == ("global", None)
    await ada.chat("psst", kind="whisper", recipient_id=told["sender_id"])
    refused = await ada.until("error")
    assert refused["error_code"] == "RECIPIENT_OFFLINE"
    assert "speak in a lobby" in refused["error_message"]
