"""A party through every door: coming together, talk that nobody else hears, lost lines, a killed server.

The graces are short here; the real ones are settings.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.conftest import NewPlayer
from tests.support.server import RunningServer
from tests.support.spec_client import DoorName, Event, Player

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENVIRONMENT = {
    "MYTHGATE_REALTIME__LINKDEAD_DISPLAY": "1",
    "MYTHGATE_REALTIME__RESUME_GRACE": "3",
    "MYTHGATE_PARTIES__RETURN_WITHIN": "6",
}


async def join(leader: Player, other: Player) -> None:
    assert (await leader.command(f"party invite {other.name}"))["success"]
    invitation = await other.inbox.expect("party_invite", invitee_id=other.character_id)
    assert invitation["data"]["inviter_name"] == leader.name
    assert (await other.command("party accept"))["success"]


def members(update: Event) -> list[tuple[str, str]]:
    party: dict[str, Any] = update["data"]["party"]
    return [(one["name"], one["status"]) for one in party["members"]]


async def test_a_party_hears_itself_and_walks_together(people: NewPlayer, door: DoorName) -> None:
    ada, ben, stranger = await people(door), await people(), await people()
    await join(ada, ben)
    joined = await ada.inbox.expect("party_update", reason="joined")
    assert members(joined) == [(ada.name, "online"), (ben.name, "online")]
    mark = stranger.inbox.mark()
    await ada.command("p this way")
    for one in (ada, ben):
        heard = await one.inbox.expect("chat_message", channel="party")
        assert heard["data"]["text"] == f"{ada.name} (party): this way"
    assert (await ben.command("party follow"))["success"]
    await ada.command("east")
    await ben.inbox.expect("room_update")
    assert {one["name"] for one in (await ada.command("look"))["room_state"]["players"]} == {ada.name, ben.name}
    history = (await ben.account.call("GET", "/api/chat/party/history")).expect(200)
    assert [one["message"] for one in history["messages"]] == ["this way"]
    assert (await stranger.account.call("GET", "/api/chat/party/history")).status == 409
    await stranger.fence()
    told = {event["event_type"] for event in stranger.inbox.events[mark:]}
    assert not told & {"chat_message", "party_update", "party_invite"}


async def test_a_lost_line_is_no_leaving(people: NewPlayer, door: DoorName) -> None:
    ada, ben = await people(door), await people()
    await join(ben, ada)
    await ada.cut()
    await ben.inbox.expect("player_left_game", player_id=ada.character_id)  # others see it leave
    shown = await ben.inbox.expect("party_update", reason="status", player_id=ada.character_id)
    assert dict(members(shown))[ada.name] == "linkdead"
    await ben.command("p still here")
    await ada.connect(resume=True)
    await ada.inbox.expect("chat_message", message="still here")
    assert not ada.inbox.seen("reset")
    assert (await ada.command("party"))["data"]["party"]["leader_id"] == ben.character_id
    await ben.cut()
    left = await ada.inbox.expect("party_update", reason="left", deadline=15)
    assert (left["data"]["party"]["leader_id"], members(left)) == (ada.character_id, [(ada.name, "online")])


async def test_a_party_is_there_after_a_killed_server_for_who_comes_back(
    people: NewPlayer, server: RunningServer
) -> None:
    ada, ben = await people(), await people()
    await join(ada, ben)
    assert (await ada.command("party loot roll"))["success"]
    await server.kill()
    await ben.wait_closed()
    await server.start()
    mark = ben.inbox.mark()
    await ben.connect(resume=True)
    await ben.inbox.expect("game_state")
    state = await ben.inbox.expect("party_update", reason="state")
    assert (state["data"]["party"]["loot_sharing"], members(state)) == (
        "roll",
        [(ada.name, "absent"), (ben.name, "online")],
    )
    left = await ben.inbox.expect("party_update", reason="left", deadline=15)
    assert (members(left), left["data"]["party"]["leader_id"]) == ([(ben.name, "online")], ben.character_id)
    assert len(ben.inbox.seen("party_update", since=mark, reason="state")) == 1
