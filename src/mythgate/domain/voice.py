"""Voice: who is in the voice channel of which party, and may arrange a connection with whom.

What is said goes from one client to the other and never comes by here. A character is in one channel at most. Each
time it joins it gets a number, its *visit*, so that what was meant for an earlier connection is told from what is meant
for this one; of two, the one with the lower visit was there first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from mythgate.domain.errors import NotInVoice, Unreachable, VoiceFull
from mythgate.domain.events import IceCandidateView
from mythgate.domain.ids import AccountId, CharacterId

SignalKind = Literal["offer", "answer", "candidates"]
SIGNAL_KINDS: Final[frozenset[SignalKind]] = frozenset(("offer", "answer", "candidates"))
MAX_CANDIDATES: Final = 32  # in one signal


@dataclass(frozen=True, slots=True)
class Signal:
    """What one client tells another in order to connect with it, as WebRTC has it."""

    visit: int  # of who sends it
    to: CharacterId
    to_visit: int
    kind: SignalKind
    sdp: str = ""
    candidates: Sequence[IceCandidateView] = ()

    @property
    def size(self) -> int:
        """Bytes of all its texts."""
        texts = [self.sdp]
        for one in self.candidates:
            texts += (one.candidate, one.sdp_mid or "", one.username_fragment or "")
        return sum(len(text.encode()) for text in texts)


@dataclass(slots=True)
class Speaker:
    """A character in a voice channel. `number` and `name` are the character's."""

    character_id: CharacterId
    account_id: AccountId
    number: int
    name: str
    party: int
    visit: int = 0
    is_muted: bool = False  # by themselves
    is_silenced: bool = False  # by the staff: nobody is to hear them


class VoiceChannels:
    """One channel a party, with at most so many `places`. Nobody is in two."""

    def __init__(self, places: int) -> None:
        self.places: Final = places
        self._speakers: dict[CharacterId, Speaker] = {}  # in the order they joined
        self._visits = 0

    def __len__(self) -> int:
        return len(self._speakers)

    def all(self) -> list[Speaker]:
        """Everybody in any channel."""
        return list(self._speakers.values())

    def of(self, party: int) -> list[Speaker]:
        """Everybody in the channel of a party, in the order they joined."""
        return [one for one in self._speakers.values() if one.party == party]

    def get(self, character_id: CharacterId) -> Speaker | None:
        return self._speakers.get(character_id)

    def require(self, character_id: CharacterId) -> Speaker:
        """Raises NotInVoice."""
        found = self._speakers.get(character_id)
        if found is None:
            raise NotInVoice
        return found

    def join(self, speaker: Speaker) -> Speaker:
        """Take somebody in, who is then in no other channel, and gets a new visit. Who is in already begins anew.

        Raises:
            VoiceFull: the channel has no place.

        """
        others = [one for one in self.of(speaker.party) if one.character_id != speaker.character_id]
        if len(others) >= self.places:
            raise VoiceFull(hint=f"It takes at most {self.places} people.")
        self._visits += 1
        speaker.visit = self._visits
        self._speakers.pop(speaker.character_id, None)
        self._speakers[speaker.character_id] = speaker
        return speaker

    def leave(self, character_id: CharacterId) -> Speaker | None:
        """Take somebody out; None if they are in no channel."""
        return self._speakers.pop(character_id, None)

    def pair(self, actor: CharacterId, signal: Signal) -> tuple[Speaker, Speaker]:
        """Who sends a signal, and who is to get it.

        Raises:
            NotInVoice: the actor is in no channel, or has joined anew since.
            Unreachable: the other is not in the same channel, or has joined anew since; or it is the actor.

        """
        sender = self.require(actor)
        if sender.visit != signal.visit:
            raise NotInVoice("You have joined the voice channel anew since.")
        reader = self._speakers.get(signal.to)
        if reader is None or reader is sender or reader.party != sender.party or reader.visit != signal.to_visit:
            raise Unreachable("They are not in your voice channel.", hint="")
        return sender, reader
