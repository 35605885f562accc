"""Voice channels over real connections: who is told what, and that signals reach one client alone.

The clients here have no microphone: the server does not know the difference.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.conftest import NewPlayer
from tests.scenarios.test_parties import join
from tests.support.server import RunningServer
from tests.support.spec_client import Event, Player, call

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "the password of the relay"
ENVIRONMENT = {
    "MYTHGATE_REALTIME__LINKDEAD_DISPLAY": "2",
    "MYTHGATE_REALTIME__RESUME_GRACE": "30",
    "MYTHGATE_VOICE__SIGNAL_BYTES": "2048",
    "MYTHGATE_VOICE__ICE_SERVERS": (
        f'[{{"urls": ["turn:relay.example.org:3478"], "username": "otter", "credential": "{SECRET}"}}]'
    ),
    "MYTHGATE_TELEMETRY__LOG_LEVEL": "debug",
}


async def talk(player: Player) -> int:
    """Join the channel; the number of the visit."""
    assert (await player.command("voice"))["success"]
    ready = await player.inbox.expect("voice_ready")
    visit: int = ready["data"]["visit"]
    return visit


def speakers(update: Event) -> list[tuple[str, int]]:
    found: list[dict[str, Any]] = update["data"]["speakers"]
    return [(one["name"], one["visit"]) for one in found]


async def send(sender: Player, visit: int, reader: Player, to_visit: int, **more: Any) -> None:
    data = {"visit": visit, "to": reader.character_id, "to_visit": to_visit, "kind": "offer", "sdp": "v=0"} | more
    sender.send({"type": "voice_signal", "data": data, "message_id": "call"})


async def test_two_arrange_a_call_and_nobody_else_hears_of_it(people: NewPlayer, server: RunningServer) -> None:
    ada, ben, cleo = await people(), await people(), await people()
    await join(ada, ben)
    state = await ben.inbox.expect("voice_update", reason="state")
    assert speakers(state) == []
    first, second = await talk(ada), await talk(ben)
    joined = await ada.inbox.expect("voice_update", reason="joined", player_id=ben.character_id)
    assert speakers(joined) == [(ada.name, first), (ben.name, second)]
    assert first < second
    mark = cleo.inbox.mark()

    await send(ben, second, ada, first)
    offer = await ada.inbox.expect("voice_signal")
    assert "priority" not in offer
    assert offer["data"] == {
        "player_id": ben.character_id,
        "visit": second,
        "to_visit": first,
        "kind": "offer",
        "sdp": "v=0",
        "candidates": [],
    }
    candidate = {"candidate": "candidate:1", "sdp_mid": "0", "sdp_m_line_index": 0, "username_fragment": None}
    await send(ada, first, ben, second, kind="candidates", sdp="", candidates=[candidate])
    assert (await ben.inbox.expect("voice_signal"))["data"]["candidates"] == [candidate]

    await send(ada, first, ben, second, sdp="x" * 2049)
    refused = await ada.inbox.expect("error", code="limit_reached")
    assert refused["reply_to"] == "call"
    await send(cleo, second, ada, first)
    await cleo.inbox.expect("error", code="not_in_voice")
    await cleo.fence()
    assert not {one["event_type"] for one in cleo.inbox.events[mark:]} & {"voice_signal", "voice_update"}

    assert (await ben.command("voice off"))["success"]
    left = await ada.inbox.expect("voice_update", reason="left")
    assert speakers(left) == [(ada.name, first)]
    await send(ada, first, ben, second)
    await ada.inbox.expect("error", code="unreachable")

    metrics = (await call(ada.account.at, "GET", "/metrics")).body.decode()
    assert "mythgate_voice_speakers 1" in metrics
    assert 'mythgate_refused_voice_signals_total{code="unreachable"} 1' in metrics
    assert SECRET not in server.log.read_text()


async def test_a_cut_line_is_mended_and_a_long_one_leaves(people: NewPlayer) -> None:
    ada, ben = await people(), await people()
    await join(ada, ben)
    first, second = await talk(ada), await talk(ben)
    await ben.cut()
    await send(ada, first, ben, second)  # waits for Ben
    await ben.connect(resume=True)
    assert (await ben.inbox.expect("voice_signal"))["data"]["visit"] == first
    await ben.cut()
    lost = await ada.inbox.expect("voice_update", reason="lost", player_id=ben.character_id)
    assert speakers(lost) == [(ada.name, first)]
    await ben.connect(resume=True)
    told = await ben.inbox.expect("voice_update", reason="lost")
    assert speakers(told) == [(ada.name, first)]
    third = await talk(ben)
    assert third > second
    # Whoever begins anew with another session is in no channel.
    await ben.cut()
    await ben.connect(session_id="another-session-of-ben")
    again = await ben.inbox.expect("voice_update", reason="state")
    assert speakers(again) == [(ada.name, first)]


async def test_who_is_muted_is_marked(people: NewPlayer, moderator: Player) -> None:
    ada, ben = await people(), await people()
    await join(ada, ben)
    await talk(ada)
    await talk(ben)
    assert (await ben.command("voice mute"))["success"]
    muted = await ada.inbox.expect("voice_update", reason="muted")
    assert [one["is_muted"] for one in muted["data"]["speakers"]] == [False, True]
    assert (await moderator.command(f"mute {ada.name} 5"))["success"]
    silenced = await ben.inbox.expect("voice_update", reason="silenced")
    assert [one["is_silenced"] for one in silenced["data"]["speakers"]] == [True, False]
    own = await ada.inbox.expect("voice_update", reason="silenced")
    assert own["data"]["message"] == "You are muted: nobody hears you by voice, either."
