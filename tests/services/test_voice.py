"""Voice chat: who is in a party's channel, what everybody is told of it, and which signals are passed on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.services.test_parties import join, leave_world, people
from tests.support.play import PlayKit

from mythgate.domain.accounts import Role
from mythgate.domain.errors import (
    LimitReached,
    NotInParty,
    NotInVoice,
    NotInWorld,
    PermissionDenied,
    Refused,
    TooMany,
    Unreachable,
    VoiceFull,
)
from mythgate.domain.events import IceCandidateView, IceServerView, Priority, VoiceReady, VoiceSignal, VoiceUpdate
from mythgate.domain.ids import CharacterId
from mythgate.domain.presence import Presence
from mythgate.domain.voice import Signal
from mythgate.services.voice import VoicePolicy, VoiceService


def with_policy(kit: PlayKit, **policy: Any) -> VoiceService:
    """Another service in the kit's place, as it is set."""
    made = VoiceService(
        presence=kit.present,
        realtime=kit.realtime,
        sight=kit.sight,
        parties=kit.parties,
        clock=kit.clock,
        policy=VoicePolicy(**policy),
    )
    kit.parties.on_changed(made.party_changed)
    return made


async def talking(kit: PlayKit, *names: str) -> list[Presence]:
    """People of one party, all in its channel; nobody has heard of anything."""
    found = await people(kit, *names)
    await join(kit, *found)
    for one in found:
        kit.voice.join(one.character_id)
    kit.realtime.clear()
    return found


def updates(kit: PlayKit, one: Presence) -> list[tuple[str, list[str], str]]:
    """Reason, who is in the channel, and the line, of all they were told."""
    return [
        (told.reason, [speaker.name for speaker in told.speakers], told.message)
        for told in kit.heard(one).of(VoiceUpdate)
    ]


def signals(kit: PlayKit, one: Presence) -> list[VoiceSignal]:
    return kit.heard(one).of(VoiceSignal)


def visit(kit: PlayKit, one: Presence) -> int:
    speaker = kit.voice.of(one.character_id)
    return speaker.visit if speaker is not None else 0


def to(kit: PlayKit, sender: Presence, reader: Presence, sdp: str = "v=0") -> Signal:
    return Signal(visit(kit, sender), reader.character_id, visit(kit, reader), "offer", sdp)


def send(kit: PlayKit, sender: Presence, reader: Presence, sdp: str = "v=0") -> None:
    kit.voice.signal(sender.character_id, to(kit, sender, reader, sdp))


def flags(kit: PlayKit, one: Presence) -> Sequence[bool]:
    speaker = kit.voice.of(one.character_id)
    assert speaker is not None
    return speaker.is_muted, speaker.is_silenced


# --- joining and leaving -----------------------------------------------------------------------------


async def test_who_is_in_a_party_is_told_of_its_channel(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await kit.parties.create(ada.character_id)
    assert updates(kit, ada) == [("state", [], "")]
    kit.voice.join(ada.character_id)
    await kit.parties.invite(ada.character_id, ben.character_id)
    await kit.parties.accept(ben.character_id)
    assert updates(kit, ben) == [("state", ["Ada"], "")]
    assert [one[0] for one in updates(kit, ada)] == ["state", "joined"]
    # Whoever begins anew is told anew, and has no connections any more.
    kit.voice.join(ben.character_id)
    kit.realtime.clear()
    await kit.enter(kit.caller_of(ben))
    assert updates(kit, ben) == [("lost", ["Ada"], ""), ("state", ["Ada"], "")]
    assert updates(kit, ada) == [("lost", ["Ada"], "Ben is gone from the voice channel.")]


async def test_joining_muting_and_leaving_are_told_to_the_party(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    party = await join(kit, ada, ben)
    kit.voice.join(ada.character_id)
    (ready,) = kit.heard(ada).of(VoiceReady)
    assert (ready.party_number, ready.visit, ready.ice_servers, ready.signal_bytes) == (party, 1, [], 16384)
    assert kit.heard(ada).kinds()[:2] == ["voice_ready", "voice_update"]
    assert updates(kit, ada) == [("joined", ["Ada"], "")]
    assert updates(kit, ben) == [("joined", ["Ada"], "Ada joins the voice channel.")]
    (told,) = kit.heard(ben).of(VoiceUpdate)
    assert (told.party_number, told.max_speakers, told.player_id) == (party, 8, ada.character_id)
    assert [(one.visit, one.is_muted, one.is_silenced) for one in told.speakers] == [(1, False, False)]
    kit.realtime.clear()
    for _ in range(2):  # once is enough
        kit.voice.mute(ada.character_id, True)
    assert [one.is_muted for told in kit.heard(ben).of(VoiceUpdate) for one in told.speakers] == [True]
    # Joining anew keeps that, and is not worth a line.
    assert (kit.voice.join(ada.character_id).visit, flags(kit, ada)) == (2, (True, False))
    kit.voice.mute(ada.character_id, False)
    kit.voice.leave(ada.character_id)
    assert updates(kit, ben)[1:] == [
        ("joined", ["Ada"], ""),
        ("muted", ["Ada"], ""),
        ("left", [], "Ada leaves the voice channel."),
    ]
    assert updates(kit, ada)[-1] == ("left", [], "")
    assert kit.heard(cleo).events == []
    assert (kit.voice.count(), kit.voice.stats.joined) == (0, 2)
    for act in (kit.voice.leave, lambda who: kit.voice.mute(who, True)):
        with pytest.raises(NotInVoice):
            act(ada.character_id)


async def test_who_may_not_join(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    with pytest.raises(NotInWorld):
        kit.voice.join(CharacterId("ghost"))
    with pytest.raises(NotInParty):
        kit.voice.join(ada.character_id)
    small = with_policy(kit, speakers=1)
    await join(kit, ada, ben)
    small.join(ada.character_id)
    with pytest.raises(VoiceFull):
        small.join(ben.character_id)
    assert small.join(ada.character_id).visit == 2


async def test_no_voice_chat_on_this_server(kit: PlayKit) -> None:
    kit.parties._observers.clear()
    quiet = with_policy(kit, offered=False)
    (ada,) = await people(kit, "Ada")
    await kit.parties.create(ada.character_id)
    assert updates(kit, ada) == []
    with pytest.raises(PermissionDenied):
        quiet.join(ada.character_id)


async def test_servers_that_help_are_told_to_who_joins_alone(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)
    servers = [IceServerView(["stun:a:1"]), IceServerView(["turn:b:2"], "user", "very secret")]
    with_policy(kit, ice_servers=servers).join(ada.character_id)
    (ready,) = kit.heard(ada).of(VoiceReady)
    assert ready.ice_servers == servers
    assert "very secret" not in repr(ready)
    assert kit.heard(ben).of(VoiceReady) == []


async def test_who_leaves_the_party_leaves_its_channel(kit: PlayKit) -> None:
    ada, ben, cleo = await talking(kit, "Ada", "Ben", "Cleo")
    await kit.parties.kick(ada.character_id, ben.character_id)
    assert kit.voice.of(ben.character_id) is None
    assert updates(kit, ben) == []  # that there is no party says it
    assert updates(kit, ada) == updates(kit, cleo) == [("left", ["Ada", "Cleo"], "")]
    await kit.parties.disband(ada.character_id)
    assert (kit.voice.count(), kit.voice.of(ada.character_id)) == (0, None)


async def test_a_lost_line_is_no_leaving_until_others_see_it(kit: PlayKit) -> None:
    ada, ben = await talking(kit, "Ada", "Ben")
    kit.presence.on_detached(ben.character_id)
    kit.presence.on_missed(ben.character_id)
    assert kit.voice.of(ben.character_id) is not None
    kit.presence.on_display_grace_over(ben.character_id)
    assert kit.voice.of(ben.character_id) is None
    assert updates(kit, ada) == [("lost", ["Ada"], "Ben is gone from the voice channel.")]
    kit.presence.on_returned(ben.character_id)
    kit.voice.join(ben.character_id)
    await leave_world(kit, ben)
    assert [speaker.name for speaker in kit.voice.speakers(1)] == ["Ada"]


# --- signals ---------------------------------------------------------------------------------------


async def test_a_signal_goes_to_one_client_alone(kit: PlayKit) -> None:
    ada, ben, cleo = await talking(kit, "Ada", "Ben", "Cleo")
    candidates = (IceCandidateView("candidate:1", "0", 0),)
    kit.voice.signal(ada.character_id, Signal(1, ben.character_id, 2, "candidates", "", candidates))
    assert signals(kit, ben) == [VoiceSignal(ada.character_id, 1, 2, "candidates", "", list(candidates))]
    assert kit.heard(ada).events == kit.heard(cleo).events == []
    (event,) = kit.heard(ben).events
    assert event.priority is Priority.NORMAL
    assert (kit.voice.stats.signals, kit.voice.stats.refused) == (1, {})


async def test_nobody_else_is_reached(kit: PlayKit) -> None:
    ada, ben = await talking(kit, "Ada", "Ben")
    dan, eve = await people(kit, "Dan", "Eve")
    await join(kit, dan, eve)
    kit.voice.join(dan.character_id)
    kit.realtime.clear()
    tried: list[tuple[Presence, Presence, type[Refused]]] = [
        (eve, dan, NotInVoice), (dan, eve, Unreachable), (dan, ada, Unreachable), (ada, dan, Unreachable),
        (ada, ada, Unreachable),
    ]  # fmt: skip
    for sender, reader, refusal in tried:
        with pytest.raises(refusal):
            send(kit, sender, reader)
    # Nor is what was meant for, or by, an earlier visit passed on.
    stale_to, stale_from = to(kit, ada, ben), to(kit, ben, ada)
    kit.voice.join(ben.character_id)
    with pytest.raises(Unreachable):
        kit.voice.signal(ada.character_id, stale_to)
    with pytest.raises(NotInVoice):
        kit.voice.signal(ben.character_id, stale_from)
    assert [signals(kit, one) for one in (ada, ben, dan, eve)] == [[], [], [], []]
    assert kit.voice.stats.refused == {"not_in_voice": 2, "unreachable": 5}


async def test_who_ignores_somebody_has_no_connection_with_them(kit: PlayKit) -> None:
    ada, ben, cleo = await talking(kit, "Ada", "Ben", "Cleo")
    await kit.chat.ignore(ada, "Ben")
    assert signals(kit, ada) == [VoiceSignal(ben.character_id, 2, 1, "bye")]
    assert signals(kit, ben) == [VoiceSignal(ada.character_id, 1, 2, "bye")]
    assert signals(kit, cleo) == []
    for sender, reader in ((ada, ben), (ben, ada)):
        with pytest.raises(Unreachable):
            send(kit, sender, reader)
    send(kit, cleo, ada)
    await kit.chat.unignore(ada, "Ben")
    send(kit, ben, ada)
    assert len(signals(kit, ada)) == 3
    kit.voice.leave(ada.character_id)
    await kit.chat.ignore(ada, "Cleo")  # concerns no connection
    assert len(signals(kit, cleo)) == 0


async def test_signals_have_limits(kit: PlayKit) -> None:
    ada, ben = await talking(kit, "Ada", "Ben")
    send(kit, ada, ben, "x" * 16384)
    with pytest.raises(LimitReached) as long:
        send(kit, ada, ben, "x" * 16385)
    assert long.value.hint == "At most 16384 bytes are passed on."
    for _ in range(239):
        send(kit, ada, ben)
    with pytest.raises(TooMany) as refused:
        send(kit, ada, ben)
    assert refused.value.retry_after == timedelta(minutes=1)
    send(kit, ben, ada)  # each for themselves
    kit.voice.leave(ada.character_id)
    kit.voice.join(ada.character_id)
    with pytest.raises(TooMany):  # joining anew does not help
        send(kit, ada, ben)
    kit.clock.advance(timedelta(minutes=1))
    send(kit, ada, ben)
    assert kit.voice.stats.refused == {"limit_reached": 1, "rate_limited": 2}


# --- muted by the staff ------------------------------------------------------------------------------


async def test_who_is_muted_may_listen(kit: PlayKit) -> None:
    ada, ben = await talking(kit, "Ada", "Ben")
    staff = kit.caller_of(await kit.somebody("Warden", role=Role.MODERATOR))
    await kit.moderation.mute(staff, ben.account_id, 10)
    assert updates(kit, ada) == [("silenced", ["Ada", "Ben"], "")]
    assert updates(kit, ben) == [("silenced", ["Ada", "Ben"], "You are muted: nobody hears you by voice, either.")]
    assert flags(kit, ben) == (False, True)
    send(kit, ben, ada)  # so that they hear
    await kit.moderation.unmute(staff, ben.account_id)
    assert updates(kit, ben)[-1][2] == "You can be heard by voice again."
    assert flags(kit, ben) == (False, False)


async def test_a_mute_that_ends_by_itself_ends_for_voices(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)
    staff = kit.caller_of(await kit.somebody("Warden", role=Role.MODERATOR))
    await kit.moderation.mute(staff, ben.account_id, 10)
    kit.voice.join(ben.character_id)
    assert flags(kit, ben) == (False, True)
    kit.clock.advance(timedelta(minutes=9))
    kit.voice.tick()
    assert flags(kit, ben) == (False, True)
    kit.clock.advance(timedelta(minutes=1))
    kit.voice.tick()
    kit.voice.tick()
    assert flags(kit, ben) == (False, False)
    assert [one[0] for one in updates(kit, ada)] == ["joined", "silenced"]


async def test_a_ban_ends_it(kit: PlayKit) -> None:
    ada, ben = await talking(kit, "Ada", "Ben")
    kit.realtime.end(ben.character_id, "banned")
    await kit.settle()
    assert [speaker.name for speaker in kit.voice.speakers(1)] == ["Ada"]
    with pytest.raises(Unreachable):
        kit.voice.signal(ada.character_id, Signal(1, ben.character_id, 2, "offer"))


# --- the command -----------------------------------------------------------------------------------


async def test_voice_by_commands(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)

    async def result(who: Presence, line: str) -> str:
        response = await kit.do(who, line)
        return response.result if response.success else str(response.code)

    assert await result(ada, "voice off") == "not_in_voice"
    assert await result(ada, "voice") == "You are in the voice channel of your party, and alone there."
    assert await result(ben, "voice on") == "You are in the voice channel of your party, with Ada."
    assert await result(ben, "voice mute") == "Nobody hears you now."
    muted = await kit.do(ben, "voice")
    assert muted.data == {"voice": {"visit": 3, "is_muted": True, "is_silenced": False}}
    assert await result(ben, "voice unmute") == "The others hear you again."
    staff = kit.caller_of(await kit.somebody("Warden", role=Role.MODERATOR))
    await kit.moderation.mute(staff, ben.account_id, None)
    assert await result(ben, "voice unmute") == "The staff has muted you: nobody hears you."
    assert (await result(ben, "voice")).endswith("You are muted: you hear the others, and nobody hears you.")
    assert await result(ben, "voice off") == "You leave the voice channel."
    refused = await kit.do(ben, "voice loud")
    assert (refused.code, refused.result) == (
        "bad_usage",
        "One says: `voice on`, `voice off`, `voice mute`, `voice unmute`.",
    )
