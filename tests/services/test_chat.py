"""Talk: who hears what, worded how, exactly once."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from tests.support.play import PATH, TAVERN, PlayKit

from mythgate.domain.accounts import Role
from mythgate.domain.chat import Channel
from mythgate.domain.errors import BadUsage, InvalidInput, Muted, PermissionDenied, TooMany, Unreachable
from mythgate.domain.events import ChatMessage, SystemMessage
from mythgate.domain.ids import GLOBAL_TOPIC, AccountId, room_topic
from mythgate.domain.lobbies import guest_sender
from mythgate.domain.presence import Availability
from mythgate.services.chat import MAX_IGNORED


async def test_the_room_hears_the_same_line_once_speaker_included(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    far = await kit.somebody("Far", at=TAVERN)
    kit.realtime.clear()
    message = await kit.chat.say(ada, "  5 > 3;  really?  <b>hi</b> ")
    assert message.message == "5 > 3; really? <b>hi</b>"
    for one in (ada, bob):
        assert kit.heard(one).of(ChatMessage) == [message]
    (event,) = kit.heard(bob).events
    assert (event.sender, event.player_id, event.message_id) == (ada.account_id, ada.character_id, message.id)
    assert kit.heard(far).events == []
    assert [one.payload for one in await kit.history.recent(room_topic(ada.room_id))] == [message]


async def test_emote(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.chat.emote(ada, "waves at Bob.")
    assert kit.heard(bob).lines() == ["Ada waves at Bob."]
    with pytest.raises(BadUsage, match="do"):
        await kit.chat.emote(ada, " ")


async def test_in_some_places_one_does_not_shout(kit: PlayKit) -> None:
    rooms = dict(kit.world_data.rooms)
    rooms[TAVERN] = dataclasses.replace(rooms[TAVERN], tags=frozenset({"no_shout"}))
    await kit.world.apply(dataclasses.replace(kit.world_data, fingerprint="quiet", rooms=rooms))
    ada, bob = await kit.somebody("Ada", at=TAVERN), await kit.somebody("Bob")
    kit.realtime.clear()
    with pytest.raises(PermissionDenied, match="does not shout"):
        await kit.chat.shout(ada, "fire!")
    assert kit.heard(ada).lines() == kit.heard(bob).lines() == []
    await kit.chat.shout(bob, "fire!")
    assert kit.heard(ada).lines() == ["Bob shouts: fire!"]


async def test_shouts_carry_through_the_zone_and_no_further(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    near, far = await kit.somebody("Near", at=TAVERN), await kit.somebody("Far", at=PATH)
    kit.realtime.clear()
    await kit.chat.shout(ada, "fire!")
    assert kit.heard(near).lines() == kit.heard(ada).lines() == ["Ada shouts: fire!"]
    assert kit.heard(far).lines() == []


async def test_global_talk_reaches_everybody(kit: PlayKit) -> None:
    ada, far = await kit.somebody("Ada"), await kit.somebody("Far", at=PATH)
    message = await kit.chat.broadcast(ada, "hello world")
    assert message.channel == "global"
    assert kit.heard(far).lines() == kit.heard(ada).lines() == ["Ada (global): hello world"]
    assert kit.heard(far).events[-1].room_id is None
    assert len(await kit.history.recent(GLOBAL_TOPIC)) == 1
    assert await kit.history.recent(room_topic(ada.room_id)) == []


@pytest.mark.parametrize(
    ("channel", "theirs", "own"),
    [
        (Channel.WHISPER, "Ada whispers to you: psst", "You whisper to Far: psst"),
        (Channel.TELL, "Ada tells you: psst", "You tell Far: psst"),
    ],
)
async def test_private_words_reach_one_person_anywhere(kit: PlayKit, channel: Channel, theirs: str, own: str) -> None:
    ada, far = await kit.somebody("Ada"), await kit.somebody("Far", at=PATH)
    near = await kit.somebody("Near")
    kit.realtime.clear()
    assert await kit.chat.confide(ada, far, "psst", channel) == ""
    assert kit.heard(far).lines() == [theirs]
    assert kit.heard(ada).lines() == [own]
    assert kit.heard(near).events == []
    (a,), (b,) = kit.heard(ada).of(ChatMessage), kit.heard(far).of(ChatMessage)
    assert a.id == b.id
    assert (b.target_name, b.message) == ("Far", "psst")
    assert await kit.history.recent(room_topic(ada.room_id)) == []
    assert await kit.chat.reply(far, "what?") == ""
    assert kit.heard(ada).lines()[-1] == "Far tells you: what?"


async def test_who_cannot_be_told(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    with pytest.raises(BadUsage, match="yourself"):
        await kit.chat.confide(ada, ada, "hm", Channel.TELL)
    with pytest.raises(BadUsage, match="Nobody has told you"):
        await kit.chat.reply(ada, "hm")
    with pytest.raises(BadUsage, match="whisper Bob"):
        await kit.chat.confide(ada, bob, "  ", Channel.WHISPER)
    await kit.chat.confide(bob, ada, "hm", Channel.TELL)
    await kit.presence.depart(bob.character_id)
    with pytest.raises(Unreachable, match="no longer"):
        await kit.chat.reply(ada, "hm")


async def test_who_is_away_answers_by_themselves(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.presence.set_availability(bob.character_id, Availability.BUSY)
    assert await kit.chat.confide(ada, bob, "hm", Channel.TELL) == "Bob is busy."
    await kit.presence.set_availability(bob.character_id, Availability.AWAY, "back at six")
    assert await kit.chat.confide(ada, bob, "hm", Channel.TELL) == "Bob is away: back at six"
    kit.presence.on_detached(bob.character_id)
    assert "lost the connection" in await kit.chat.confide(ada, bob, "hm", Channel.TELL)
    assert len(kit.heard(bob).lines()) == 3  # told all the same


async def test_listeners_by_name(kit: PlayKit) -> None:
    await kit.somebody("Ada")
    tom, old_tom = await kit.somebody("Tom"), await kit.somebody("Tom Weaver")
    find = kit.chat.find_listener
    assert find("tom hello") == (tom, "hello")
    assert find("Tom Weaver hello there") == (old_tom, "hello there")
    assert find('"Tom Weaver" hello') == (old_tom, "hello")
    assert find("“Tom Weaver” hello") == (old_tom, "hello")
    assert find("TOM, hello") == (tom, "hello")
    assert find("ad hm")[0].name == "Ada"
    assert find("tom") == (tom, "")
    with pytest.raises(Unreachable, match="Nobody called Nobody"):
        find("Nobody hello")
    with pytest.raises(Unreachable):
        find('"" hello')
    await kit.presence.depart(tom.character_id)
    assert find("tom hello") == (old_tom, "hello")
    await kit.somebody("Tomas")
    with pytest.raises(BadUsage, match="Tom Weaver, Tomas"):
        find("tom hello")


# --- silence ---------------------------------------------------------------------------------------


async def test_the_muted_are_not_heard_anywhere(kit: PlayKit) -> None:
    moderator = await kit.somebody("Ada", role=Role.MODERATOR)
    bob = await kit.somebody("Bob")
    await kit.chat.confide(moderator, bob, "hm", Channel.TELL)
    await kit.moderation.mute(kit.caller_of(moderator), bob.account_id, 10)
    kit.realtime.clear()
    for attempt in (
        lambda: kit.chat.say(bob, "hm"),
        lambda: kit.chat.emote(bob, "hm"),
        lambda: kit.chat.shout(bob, "hm"),
        lambda: kit.chat.broadcast(bob, "hm"),
        lambda: kit.chat.confide(bob, moderator, "hm", Channel.TELL),
        lambda: kit.chat.reply(bob, "hm"),
    ):
        with pytest.raises(Muted) as refused:
            await attempt()
        assert refused.value.retry_after == timedelta(minutes=10)
        assert "10 minutes" in refused.value.message
    assert kit.heard(moderator).lines() == []
    kit.clock.advance(timedelta(minutes=10))
    await kit.chat.say(bob, "hm")
    assert bob.muted_until is None


async def test_a_mute_holds_over_leaving_and_without_end(kit: PlayKit) -> None:
    moderator, bob = await kit.somebody("Ada", role=Role.MODERATOR), await kit.somebody("Bob")
    await kit.moderation.mute(kit.caller_of(moderator), bob.account_id, None)
    await kit.presence.depart(bob.character_id)
    kit.clock.advance(timedelta(days=400))
    again = await kit.enter(kit.caller_of(bob))
    with pytest.raises(Muted, match="until the staff"):
        await kit.chat.say(again, "hm")
    await kit.moderation.unmute(kit.caller_of(moderator), bob.account_id)
    await kit.chat.say(again, "hm")


async def test_ignoring_silences_for_one(kit: PlayKit) -> None:
    ada, bob, cid = [await kit.somebody(name) for name in ("Ada", "Bob", "Cid")]
    assert await kit.chat.ignore(ada, "bob") == "Bob"
    assert await kit.chat.ignore(ada, "bob") == "Bob"
    await kit.chat.say(bob, "aloud")
    await kit.chat.broadcast(bob, "far")
    assert kit.heard(ada).lines() == []
    assert kit.heard(cid).lines() == ["Bob says: aloud", "Bob (global): far"]
    with pytest.raises(Unreachable, match="Nobody called Ada is on"):
        await kit.chat.confide(bob, ada, "hm", Channel.WHISPER)
    assert await kit.chat.ignored_names(ada) == ["Bob"]

    await kit.presence.depart(ada.character_id)
    again = await kit.enter(kit.caller_of(ada))
    await kit.chat.say(bob, "still")
    assert kit.heard(again).lines() == []

    assert await kit.chat.unignore(again, "Bob") == "Bob"
    await kit.chat.say(bob, "heard")
    assert kit.heard(again).lines() == ["Bob says: heard"]
    assert await kit.chat.ignored_names(again) == []


async def test_whom_one_can_ignore(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    with pytest.raises(BadUsage, match="yourself"):
        await kit.chat.ignore(ada, "Ada")
    with pytest.raises(Unreachable):
        await kit.chat.ignore(ada, "Nobody")
    await kit.presence.depart(bob.character_id)
    assert await kit.chat.ignore(ada, "Bob") == "Bob"  # also while they are not on
    await kit.characters.delete(kit.caller_of(bob), bob.character_id)
    assert await kit.chat.ignored_names(ada) == ["Bobs player"]
    ada.ignored = frozenset(AccountId(str(number)) for number in range(MAX_IGNORED))
    await kit.somebody("Cid")
    with pytest.raises(TooMany):
        await kit.chat.ignore(ada, "Cid")


async def test_guests_of_lobbies_are_ignored_for_as_long_as_one_is_on(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    wanderer = guest_sender(70_001)
    kit.chat.find_outside = lambda name: (wanderer, "Wanderer") if name in {"wanderer", "Bob"} else None
    assert await kit.chat.ignore(ada, "wanderer") == "Wanderer"
    assert await kit.chat.ignore(ada, "Bob") == "Bob"  # who is in the world comes first
    assert kit.heard(ada).ignored == ada.ignored == {wanderer, bob.account_id}
    assert await kit.store.read(lambda tx: list(tx.preferences.ignored(ada.account_id))) == [bob.account_id]
    assert await kit.chat.ignored_names(ada) == ["Bob"]
    assert await kit.chat.unignore(ada, "wanderer") == "Wanderer"
    assert kit.heard(ada).ignored == {bob.account_id}


async def test_limits(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.chat.say(ada, "x" * 512)
    with pytest.raises(InvalidInput) as refused:
        await kit.chat.say(ada, "x" * 513)
    assert "512" in refused.value.hint


async def test_inhabitants_answer_what_they_are_asked(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    kit.realtime.clear()
    await kit.chat.say(ada, "what about the cellar?")
    assert kit.heard(ada).lines() == ["Ada says: what about the cellar?", "The tavern keeper says: It is locked, Ada."]


async def test_announcements_are_for_staff_and_on_record(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada", role=Role.MODERATOR), await kit.somebody("Bob", at=PATH)
    await kit.chat.announce(kit.caller_of(ada), " Tea  is ready. ")
    (message,) = kit.heard(bob).of(SystemMessage)
    assert (message.message, message.message_type) == ("Tea is ready.", "announcement")
    entries = await kit.store.read(lambda tx: tx.moderation.audit())
    assert [entry.action for entry in entries] == ["world.announced"]
    with pytest.raises(PermissionDenied):
        await kit.chat.announce(kit.caller_of(bob), "hm")
