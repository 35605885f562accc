"""Taking back what somebody said in private."""

from __future__ import annotations

from tests.support.play import PlayKit

from mythgate.domain.accounts import Role
from mythgate.domain.chat import Channel
from mythgate.domain.events import ChatMessage, Event, MessageDeleted
from mythgate.domain.ids import STAFF_TOPIC, Topic
from mythgate.services.messages import MessageService


async def test_a_whisper_is_forgotten_and_nobody_is_told_between_whom_it_was(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    mira = await kit.somebody("Mira", role=Role.MODERATOR)
    messages = MessageService(kit.store, kit.history, kit.lobbies, kit.realtime, kit.clock)
    await kit.chat.confide(bob, ada, "rude", Channel.WHISPER)
    await kit.chat.confide(bob, ada, "polite", Channel.WHISPER)
    first = kit.heard(ada).of(ChatMessage)[0]
    published: list[tuple[Topic, Event]] = []
    kit.realtime.observers.append(lambda topic, event: published.append((topic, event)))
    assert await messages.delete(kit.caller_of(mira), first.id, "insults") == ["in private"]
    for reader in (ada, bob):
        assert [said.message for said in await kit.chat.history(reader, "whisper")] == ["polite"]
    assert [topic for topic, _ in published] == [STAFF_TOPIC]
    assert not isinstance(published[0][1].payload, MessageDeleted)
    entry = (await kit.store.read(lambda tx: tx.moderation.audit()))[0]
    assert (entry.action, entry.subject) == ("message.deleted", bob.account_id)
    assert entry.detail == {"id": first.id, "before": "in private", "after": "", "reason": "insults"}


async def test_what_was_said_in_a_room_disappears_from_screens(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    mira = await kit.somebody("Mira", role=Role.MODERATOR)
    messages = MessageService(kit.store, kit.history, kit.lobbies, kit.realtime, kit.clock)
    said = await kit.chat.say(bob, "rude")
    (topic,) = await messages.delete(kit.caller_of(mira), said.id)
    assert kit.heard(ada).of(MessageDeleted) == [MessageDeleted(said.id, Topic(topic))]
    assert await kit.chat.history(ada, "room") == []
