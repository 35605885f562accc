"""Measures that a moderator in the text world takes against people who are elsewhere."""

from __future__ import annotations

from typing import Any

from tests.support.play import PlayKit

from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.events import Disconnect
from mythgate.domain.ids import SessionId
from mythgate.domain.lobbies import Looks, Visitor, lobby_listener


def enter_lobby(kit: PlayKit, name: str, **more: Any) -> Visitor:
    """Somebody with an old client."""
    listener = lobby_listener(99)
    visitor = Visitor(listener, 99, name, Looks(f"|b{name}"), "metaserver", "Aleph One", **more)
    kit.realtime.open(listener, visitor.sender, SessionId("s"))
    kit.lobbies.enter(visitor, 26)
    return visitor


async def test_a_kick_finds_people_in_lobbies(kit: PlayKit) -> None:
    watcher = await kit.somebody("Watcher", role=Role.MODERATOR)
    enter_lobby(kit, "Ada")
    response = await kit.do(watcher, "kick ada flooding")
    assert (response.success, response.result) == (True, "Ada was removed.")
    ((listener, farewell),) = kit.realtime.closed
    assert listener == lobby_listener(99)
    assert isinstance(farewell, Disconnect)
    assert farewell.message.endswith("flooding")
    assert kit.lobbies.everybody() == []
    again = await kit.do(watcher, "kick ada")
    assert (again.code, again.result) == ("unreachable", "Nobody called ada is on.")


async def test_who_is_in_the_world_comes_first(kit: PlayKit) -> None:
    watcher, ada = await kit.somebody("Watcher", role=Role.MODERATOR), await kit.somebody("Ada")
    enter_lobby(kit, "Adam")
    await kit.do(watcher, "kick ada")
    assert kit.present.get(ada.character_id) is None
    assert len(kit.lobbies.everybody()) == 1


async def test_bans(kit: PlayKit) -> None:
    watcher, ada = await kit.somebody("Watcher", role=Role.MODERATOR), await kit.somebody("Ada")
    for line, days in (("ban ada", 7), ("ban ada 1 cheating", 1), ("ban ada cheating again", 7)):
        response = await kit.do(watcher, line)
        assert response.result == f"Ada is banned for {days} day{'' if days == 1 else 's'}."
        assert response.data == {"account_id": ada.account_id, "days": days}
    account = await kit.store.read(lambda tx: tx.accounts.require(ada.account_id))
    assert account.status is AccountStatus.DISABLED
    record = await kit.store.read(lambda tx: tx.moderation.audit(subject=ada.account_id))
    assert [entry.detail["reason"] for entry in record] == ["cheating again", "cheating", ""]
    assert (await kit.do(watcher, "ban ada 0")).code == "invalid_input"
    assert (await kit.do(ada, "ban watcher")).code == "permission_denied"
