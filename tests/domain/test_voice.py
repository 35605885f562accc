"""Voice channels: places, visits, and who may reach whom."""

from __future__ import annotations

import pytest

from mythgate.domain.errors import NotInVoice, Unreachable, VoiceFull
from mythgate.domain.events import IceCandidateView
from mythgate.domain.ids import AccountId, CharacterId
from mythgate.domain.voice import Signal, Speaker, VoiceChannels

ADA, BEN, CLEO, DAN = map(CharacterId, ("ada", "ben", "cleo", "dan"))


def speaker(character_id: CharacterId, party: int = 1) -> Speaker:
    return Speaker(character_id, AccountId(character_id), 1, character_id.title(), party)


def signal(visit: int, to: CharacterId, to_visit: int) -> Signal:
    return Signal(visit, to, to_visit, "offer", "v=0")


@pytest.fixture
def channels() -> VoiceChannels:
    """Ada (1) and Ben (2) in the channel of one party, Cleo (3) in that of another."""
    channels = VoiceChannels(2)
    for one, party in ((ADA, 1), (BEN, 1), (CLEO, 2)):
        channels.join(speaker(one, party))
    return channels


def test_who_is_in_which_channel(channels: VoiceChannels) -> None:
    assert [one.character_id for one in channels.of(1)] == [ADA, BEN]
    assert [(one.character_id, one.visit) for one in channels.all()] == [(ADA, 1), (BEN, 2), (CLEO, 3)]
    assert (len(channels), channels.of(7), channels.get(DAN)) == (3, [], None)
    assert channels.require(ADA) is channels.get(ADA)
    with pytest.raises(NotInVoice):
        channels.require(DAN)
    left = channels.leave(ADA)
    assert left is not None
    assert (left.character_id, channels.leave(ADA), len(channels)) == (ADA, None, 2)


def test_a_channel_has_so_many_places(channels: VoiceChannels) -> None:
    with pytest.raises(VoiceFull) as refused:
        channels.join(speaker(DAN))
    assert refused.value.hint == "It takes at most 2 people."
    assert channels.get(DAN) is None
    # Who is in it takes no further place by joining anew, and is then the last who came.
    assert channels.join(speaker(ADA)).visit == 4
    assert [one.character_id for one in channels.of(1)] == [BEN, ADA]
    assert channels.join(speaker(ADA, 2)).party == 2
    assert [one.character_id for one in channels.of(1)] == [BEN]


def test_a_signal_is_from_one_visit_for_another(channels: VoiceChannels) -> None:
    sender, reader = channels.pair(ADA, signal(1, BEN, 2))
    assert (sender.character_id, reader.character_id) == (ADA, BEN)
    for actor, wrong in ((DAN, signal(1, BEN, 2)), (ADA, signal(2, BEN, 2))):
        with pytest.raises(NotInVoice):
            channels.pair(actor, wrong)
    for to, visit in ((DAN, 4), (CLEO, 3), (ADA, 1), (BEN, 1)):
        with pytest.raises(Unreachable):
            channels.pair(ADA, signal(1, to, visit))


def test_how_long_a_signal_is() -> None:
    assert signal(1, BEN, 2).size == 3
    candidates = (IceCandidateView("é"), IceCandidateView("a", "0", 0, "uf"))
    assert Signal(1, BEN, 2, "candidates", "", candidates).size == 2 + 1 + 1 + 2
