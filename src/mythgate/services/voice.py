"""Voice chat in a party: who is in its channel, and how their clients come to connect with each other.

The voices themselves go from client to client; this server passes on what they need to find each other, and keeps none
of it. So that somebody is silenced is what the clients of all others see to: they are told, and do not play them. All
of this is live state: who loses it joins again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from mythgate.domain.errors import LimitReached, PermissionDenied, Refused, TooMany, Unreachable
from mythgate.domain.events import (
    IceServerView,
    Payload,
    VoiceReady,
    VoiceSignal,
    VoiceSpeakerView,
    VoiceUpdate,
    event_of,
)
from mythgate.domain.ids import AccountId, CharacterId, party_topic
from mythgate.domain.parties import Party
from mythgate.domain.presence import Presence
from mythgate.domain.throttling import Attempts
from mythgate.domain.voice import Signal, Speaker, VoiceChannels
from mythgate.services.parties import PartyChange, PartyService
from mythgate.services.ports import Clock, PresenceStore, Realtime
from mythgate.services.sight import Sight

log = logging.getLogger(__name__)

Reason = Literal["state", "joined", "left", "lost", "muted", "silenced"]
_MINUTE: Final = 60.0
_HEARD_AGAIN: Final = "You can be heard by voice again."


@dataclass(frozen=True, slots=True)
class VoicePolicy:
    """What an operator may change."""

    offered: bool = True
    speakers: int = 8  # in a channel, at most
    signal_bytes: int = 16384
    signals_per_minute: int = 240  # of one character
    ice_servers: Sequence[IceServerView] = ()


@dataclass(slots=True)
class VoiceStats:
    """Numbers for metrics, which only rise."""

    joined: int = 0
    signals: int = 0  # passed on
    refused: Counter[str] = field(default_factory=Counter)  # signals, by error code


class VoiceService:
    """Use cases around voice channels. The actor is a character that its door has authenticated."""

    def __init__(
        self,
        *,
        presence: PresenceStore,
        realtime: Realtime,
        sight: Sight,
        parties: PartyService,
        clock: Clock,
        policy: VoicePolicy | None = None,
    ) -> None:
        self._presence = presence
        self._realtime = realtime
        self._sight = sight
        self._parties = parties
        self._clock = clock
        self.policy: Final = policy if policy is not None else VoicePolicy()
        self.stats: Final = VoiceStats()
        self._channels = VoiceChannels(self.policy.speakers)
        self._signals: dict[CharacterId, Attempts] = {}  # kept until they leave the world

    # --- looking ---------------------------------------------------------------------------------------

    def count(self) -> int:
        """How many are in voice channels."""
        return len(self._channels)

    def of(self, character_id: CharacterId) -> Speaker | None:
        """How somebody is in a channel. Nobody changes what is returned."""
        return self._channels.get(character_id)

    def speakers(self, party: int) -> Sequence[Speaker]:
        """Everybody in the channel of a party, in the order they joined."""
        return self._channels.of(party)

    def views(self, party: int) -> list[VoiceSpeakerView]:
        """The same, as clients are told."""
        return [
            VoiceSpeakerView(one.character_id, one.number, one.name, one.visit, one.is_muted, one.is_silenced)
            for one in self._channels.of(party)
        ]

    # --- coming, going, being quiet ----------------------------------------------------------------------

    def join(self, actor: CharacterId) -> Speaker:
        """Be in the voice channel of one's party; who is in it already begins anew, with all connections.

        Who is muted may listen.

        Raises:
            PermissionDenied: there is no voice chat on this server.
            NotInWorld, NotInParty: the actor is not there, or in no party.
            VoiceFull: there is no place.

        """
        if not self.policy.offered:
            raise PermissionDenied("There is no voice chat on this server.")
        present, party = self._sight.present(actor), self._parties.require(actor)
        member, before = party.require_member(actor), self._channels.get(actor)
        speaker = Speaker(actor, present.account_id, member.number, member.name, party.number)
        speaker.is_muted = before is not None and before.is_muted
        speaker.is_silenced = self._is_silenced(present)
        self._channels.join(speaker)
        self.stats.joined += 1
        ready = VoiceReady(party.number, speaker.visit, list(self.policy.ice_servers), self.policy.signal_bytes)
        self._send(actor, ready)
        self._tell(speaker, "joined", "" if before is not None else f"{speaker.name} joins the voice channel.")
        log.info("voice joined", extra={"party": party.number, "character": actor, "visit": speaker.visit})
        return speaker

    def leave(self, actor: CharacterId) -> Speaker:
        """Be in no voice channel any more. Raises NotInVoice."""
        speaker = self._channels.require(actor)
        self._take_out(speaker, "left", f"{speaker.name} leaves the voice channel.")
        return speaker

    def mute(self, actor: CharacterId, is_muted: bool) -> Speaker:
        """Say whether one is to be heard. Raises NotInVoice."""
        speaker = self._channels.require(actor)
        if speaker.is_muted != is_muted:
            speaker.is_muted = is_muted
            self._tell(speaker, "muted", "")
        return speaker

    # --- signals ---------------------------------------------------------------------------------------

    def signal(self, actor: CharacterId, signal: Signal) -> None:
        """Pass on to one other client in the same channel what the actor's has to tell it.

        Raises:
            NotInVoice: the actor is in no channel, or has joined anew since.
            Unreachable: so is or has the other, or one of the two ignores the other.
            LimitReached: it is too long.
            TooMany: there were too many of late.

        """
        try:
            sender, reader = self._channels.pair(actor, signal)
            if self._ignore_each_other(sender, reader):
                raise Unreachable("They are not in your voice channel.", hint="")
            if signal.size > self.policy.signal_bytes:
                raise LimitReached(
                    "The signal is too long.", hint=f"At most {self.policy.signal_bytes} bytes are passed on."
                )
            self._count(actor)
        except Refused as refused:
            self.stats.refused[refused.code] += 1
            log.debug("voice signal refused", extra={"character": actor, "code": refused.code})
            raise
        self.stats.signals += 1
        told = VoiceSignal(actor, sender.visit, reader.visit, signal.kind, signal.sdp, list(signal.candidates))
        self._send(reader.character_id, told)

    def _count(self, actor: CharacterId) -> None:
        attempts = self._signals.setdefault(actor, Attempts())
        wait = attempts.hit(self._clock.monotonic(), self.policy.signals_per_minute, _MINUTE)
        if wait > 0:
            raise TooMany("Your client sends too many voice signals.", retry_after=timedelta(seconds=wait))

    def _ignore_each_other(self, one: Speaker, other: Speaker) -> bool:
        return self._ignores(one, other) or self._ignores(other, one)

    def _ignores(self, one: Speaker, other: Speaker) -> bool:
        present = self._presence.get(one.character_id)
        return present is not None and other.account_id in present.ignored

    # --- what others do (observers) ----------------------------------------------------------------------

    def party_changed(self, change: PartyChange) -> None:
        """Who is a member no longer is not in the channel; who is new is told who is (`PartyService.on_changed`)."""
        party, before = change.after, change.before
        for speaker in self._channels.of(party.number):
            if party.member(speaker.character_id) is None:
                self._take_out(speaker, "left", "")
        known = {one.character_id for one in before.members} if before is not None else set()
        for member in party.members:
            if member.character_id not in known:
                self._tell_state(member.character_id, party)

    def entered(self, present: Presence) -> None:
        """Who came, or began anew, has no connections; they are told who has (`PresenceService.on_entered`)."""
        self._lose(present.character_id)
        party = self._parties.of(present.character_id)
        if party is not None:
            self._tell_state(present.character_id, party)

    def status_changed(self, character_id: CharacterId) -> None:
        """Whose line is lost may talk on, until they are seen leaving (`PresenceService.on_status`)."""
        if self._presence.get(character_id) is None:
            self._lose(character_id)

    def gone(self, character_id: CharacterId) -> None:
        """Somebody left the world (`PresenceService.on_gone`)."""
        self._lose(character_id)
        self._signals.pop(character_id, None)

    def voice_changed(self, account_id: AccountId, _until: datetime | None, _sentence: str) -> None:
        """Somebody was muted by the staff, or may speak again (`ModerationService.on_voice_changed`)."""
        self._look_at(lambda one: one.account_id == account_id)

    def ignoring_changed(self, actor: Presence) -> None:
        """Who ignores somebody has no connection with them any more (`ChatService.on_ignoring`)."""
        mine = self._channels.get(actor.character_id)
        if mine is None:
            return
        for other in self._channels.of(mine.party):
            if other is not mine and self._ignore_each_other(mine, other):
                for sender, reader in ((mine, other), (other, mine)):
                    self._send(reader.character_id, VoiceSignal(sender.character_id, sender.visit, reader.visit, "bye"))

    def tick(self) -> None:
        """Once a second: who was muted for a time may speak again."""
        self._look_at(lambda one: one.is_silenced)

    def _look_at(self, concerned: Callable[[Speaker], bool]) -> None:
        for speaker in filter(concerned, self._channels.all()):
            present = self._presence.get(speaker.character_id)
            is_silenced = present is not None and self._is_silenced(present)
            if speaker.is_silenced != is_silenced:
                speaker.is_silenced = is_silenced
                words = "You are muted: nobody hears you by voice, either." if is_silenced else _HEARD_AGAIN
                self._tell(speaker, "silenced", "", words)

    def _is_silenced(self, present: Presence) -> bool:
        return present.muted_until is not None and self._clock.now() < present.muted_until

    # --- telling -----------------------------------------------------------------------------------------

    def _lose(self, character_id: CharacterId) -> None:
        speaker = self._channels.get(character_id)
        if speaker is not None:
            self._take_out(speaker, "lost", f"{speaker.name} is gone from the voice channel.")

    def _take_out(self, speaker: Speaker, reason: Reason, message: str) -> None:
        self._channels.leave(speaker.character_id)
        self._tell(speaker, reason, message)
        log.info("voice left", extra={"party": speaker.party, "character": speaker.character_id, "reason": reason})

    def _tell_state(self, character_id: CharacterId, party: Party) -> None:
        if self.policy.offered:
            self._send(character_id, self._update(party.number, "state", None, ""))

    def _tell(self, speaker: Speaker, reason: Reason, message: str, own: str = "") -> None:
        """Tell the party; the one it is about, if still a member, without the line, since they are answered."""
        subject, party = speaker.character_id, self._parties.of(speaker.character_id)
        if party is not None and party.number == speaker.party:
            self._send(subject, self._update(speaker.party, reason, subject, own))
        event = event_of(self._update(speaker.party, reason, subject, message), self._clock.now(), player_id=subject)
        self._realtime.publish(party_topic(speaker.party), event, exclude=subject)

    def _update(self, party: int, reason: Reason, subject: CharacterId | None, message: str) -> VoiceUpdate:
        return VoiceUpdate(party, self.views(party), self.policy.speakers, reason, subject, message)

    def _send(self, reader: CharacterId, payload: Payload) -> None:
        self._realtime.send(reader, event_of(payload, self._clock.now()))
