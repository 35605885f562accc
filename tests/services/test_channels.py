"""Talk among factions, and what was said on each channel: who may read it, and what of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.play import TAVERN, PlayKit

from mythgate.domain.accounts import Role
from mythgate.domain.chat import Channel
from mythgate.domain.errors import Muted, NoFaction, NotFound, NotInParty, NotInWorld
from mythgate.domain.events import ChatMessage, RoomOccupants
from mythgate.domain.ids import CharacterId, faction_topic
from mythgate.domain.presence import Presence
from mythgate.services.ports import Transaction

ORDER, CIRCLE = "Golden Order", "Moonlit Circle"


async def of_faction(kit: PlayKit, name: str, faction: str) -> Presence:
    one = await kit.somebody(name)
    kit.presence.align(one.character_id, faction)
    return one


async def said(kit: PlayKit, reader: Presence, channel: str) -> list[str]:
    return [one.message for one in await kit.chat.history(reader, channel)]


def factions(kit: PlayKit, one: Presence) -> list[str]:
    return [topic for topic in kit.heard(one).topics if topic.startswith("faction:")]


async def test_a_faction_hears_its_own(kit: PlayKit) -> None:
    ada, ben, cleo = (
        await of_faction(kit, "Ada", ORDER),
        await of_faction(kit, "Ben", ORDER),
        await of_faction(kit, "Cleo", CIRCLE),
    )
    dora = await kit.somebody("Dora")
    kit.realtime.clear()
    message = await kit.chat.to_faction(ada, " Who holds  it? ")
    assert (message.channel, message.text) == ("faction", "Ada (faction): Who holds it?")
    assert kit.heard(ada).of(ChatMessage) == kit.heard(ben).of(ChatMessage) == [message]
    assert kit.heard(cleo).events == kit.heard(dora).events == []
    with pytest.raises(NoFaction):
        await kit.chat.to_faction(dora, "Hello?")
    ada.muted_until = kit.clock.now() + timedelta(minutes=1)
    with pytest.raises(Muted):
        await kit.chat.to_faction(ada, "psst")


async def test_who_ignores_somebody_does_not_hear_them_there(kit: PlayKit) -> None:
    ada, ben = await of_faction(kit, "Ada", ORDER), await of_faction(kit, "Ben", ORDER)
    await kit.chat.ignore(ben, "Ada")
    await kit.chat.to_faction(ada, "psst")
    assert kit.heard(ben).lines() == []
    assert await said(kit, ben, "faction") == []
    assert await said(kit, ada, "faction") == ["psst"]


async def test_who_changes_sides_hears_the_other_one(kit: PlayKit) -> None:
    ada, ben = await of_faction(kit, "Ada", ORDER), await of_faction(kit, "Ben", CIRCLE)
    await kit.chat.to_faction(ada, "of the order")
    kit.realtime.clear()
    kit.presence.align(ada.character_id, CIRCLE)
    assert factions(kit, ada) == [faction_topic(CIRCLE)]
    assert [one.faction for one in kit.heard(ben).of(RoomOccupants)[-1].players] == [CIRCLE, CIRCLE]
    assert (await said(kit, ada, "faction"), ada.faction) == ([], CIRCLE)
    await kit.chat.to_faction(ben, "welcome")
    assert kit.heard(ada).lines() == ["Ben (faction): welcome"]
    kit.presence.align(ada.character_id, CIRCLE)
    kit.presence.align(CharacterId("ghost"), CIRCLE)
    kit.presence.align(ada.character_id, "")
    assert factions(kit, ada) == []
    with pytest.raises(NoFaction):
        await said(kit, ada, "faction")


async def test_a_faction_is_heard_from_entering_to_leaving(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    caller = kit.caller_of(ada)

    def belong(tx: Transaction) -> None:
        body = tx.characters.require(ada.character_id)
        body.faction = ORDER
        tx.characters.save(body)

    await kit.store.write(belong)
    await kit.presence.depart(ada.character_id)
    ada = await kit.enter(caller, ada.character_id)
    assert factions(kit, ada) == [faction_topic(ORDER)]
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    assert factions(kit, ada) == [faction_topic(ORDER)]  # whoever may come back goes on listening
    kit.presence.align(ada.character_id, CIRCLE)
    assert factions(kit, ada) == [faction_topic(CIRCLE)]
    await kit.presence.depart(ada.character_id)
    assert factions(kit, ada) == []
    await kit.settle()


async def test_what_was_said_in_the_room_and_to_everybody(kit: PlayKit) -> None:
    ada, far = await kit.somebody("Ada"), await kit.somebody("Far", at=TAVERN)
    await kit.chat.say(ada, "here")
    await kit.chat.broadcast(ada, "everywhere")
    assert [await said(kit, one, "room") for one in (ada, far)] == [["here"], []]
    assert await said(kit, far, "global") == ["everywhere"]
    assert await kit.chat.history(ada, "room", 0) == []


async def test_nobody_reads_what_was_said_before_they_walked_in(kit: PlayKit) -> None:
    ada, ben = await kit.somebody("Ada"), await kit.somebody("Ben", at=TAVERN)
    await kit.chat.say(ada, "before")
    kit.clock.advance(timedelta(seconds=1))
    await kit.movement.move(ben.character_id, "south")
    await kit.chat.say(ada, "after")
    assert await said(kit, ben, "room") == ["after"]
    await kit.enter(kit.caller_of(ben), ben.character_id, play_id="another window")
    assert await said(kit, ben, "room") == ["after"]
    caller = kit.caller_of(ben)
    await kit.presence.depart(ben.character_id)
    ben = await kit.enter(caller, ben.character_id)  # and is shown it
    assert await said(kit, ben, "room") == await said(kit, ada, "room") == ["before", "after"]


async def test_who_was_brought_somewhere_reads_nothing_older(kit: PlayKit) -> None:
    ada, ben = await kit.somebody("Ada"), await kit.somebody("Ben", at=TAVERN)
    await kit.chat.say(ada, "before")
    kit.clock.advance(timedelta(seconds=1))
    await kit.put(ben.character_id, ada.room_id)
    await kit.presence.check()
    await kit.settle()
    assert ben.room_id == ada.room_id
    assert await said(kit, ben, "room") == []


async def test_private_words_are_for_two(kit: PlayKit) -> None:
    ada, ben, cleo = [await kit.somebody(name) for name in ("Ada", "Ben", "Cleo")]
    await kit.chat.confide(ada, ben, "psst", Channel.WHISPER)
    await kit.chat.confide(ben, ada, "what?", Channel.TELL)
    texts = [[one.text for one in await kit.chat.history(reader, "whisper")] for reader in (ada, ben, cleo)]
    assert texts == [
        ["You whisper to Ben: psst", "Ben tells you: what?"],
        ["Ada whispers to you: psst", "You tell Ada: what?"],
        [],
    ]


async def test_announcements_can_be_read_again(kit: PlayKit) -> None:
    ada, staff = await kit.somebody("Ada"), await kit.somebody("Warden", role=Role.MODERATOR)
    await kit.chat.announce(kit.caller_of(staff), "The bridge is closed.")
    (told,) = await kit.chat.history(ada, "announcement")
    assert (told.text, told.speaker_kind, told.player_name) == ("The bridge is closed.", "system", "")


async def test_channels_one_is_not_on(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert kit.chat.remembered == ["announcement", "faction", "global", "party", "room", "whisper"]
    for channel, refusal in (("party", NotInParty), ("faction", NoFaction), ("staff", NotFound), ("", NotFound)):
        with pytest.raises(refusal):
            await kit.chat.history(ada, channel)


async def test_only_who_is_in_the_world_reads(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    caller = kit.caller_of(ada)
    await kit.chat.say(ada, "here")
    assert [one.message for one in await kit.chat.history_for(caller, "room")] == ["here"]
    await kit.presence.depart(ada.character_id)
    with pytest.raises(NotInWorld):
        await kit.chat.history_for(caller, "room")


async def test_nobody_reads_what_a_faction_said_before_they_belonged_to_it(kit: PlayKit) -> None:
    ada, ben = await of_faction(kit, "Ada", ORDER), await kit.somebody("Ben")
    kit.clock.advance(timedelta(seconds=1))
    await kit.chat.to_faction(ada, "before")
    kit.clock.advance(timedelta(seconds=1))
    newcomer = await kit.somebody("Cleo")
    caller = kit.caller_of(ben)
    await kit.presence.depart(ben.character_id)
    for character_id in (ben.character_id, newcomer.character_id):
        kit.presence.align(character_id, ORDER)  # one of them is not in the world

    def belong(tx: Transaction) -> None:
        body = tx.characters.require(ben.character_id)
        body.faction = ORDER
        tx.characters.save(body)

    await kit.store.write(belong)
    kit.clock.advance(timedelta(seconds=1))
    await kit.chat.to_faction(ada, "after")
    ben = await kit.enter(caller, ben.character_id)
    assert await said(kit, ada, "faction") == ["before", "after"]
    assert await said(kit, ben, "faction") == await said(kit, newcomer, "faction") == ["after"]
    await kit.settle()


async def test_a_new_character_reads_nothing_older_than_itself(kit: PlayKit) -> None:
    ada = await of_faction(kit, "Ada", ORDER)
    await kit.chat.to_faction(ada, "before")
    kit.clock.advance(timedelta(seconds=1))
    caller = await kit.caller("Newcomer")
    view = await kit.characters.create(caller, "Newcomer")

    def belong(tx: Transaction) -> None:
        body = tx.characters.require(CharacterId(view.id))
        body.faction = ORDER  # from its beginning
        tx.characters.save(body)

    await kit.store.write(belong)
    newcomer = await kit.enter(caller)
    assert await said(kit, newcomer, "faction") == []
