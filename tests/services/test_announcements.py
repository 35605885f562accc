"""The message of the day, and announcements by schedule, on each database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.services.test_rooms import House
from tests.support.play import TAVERN, PlayKit

from mythgate.domain.accounts import Role
from mythgate.domain.errors import InvalidInput, LimitReached, NotFound, PermissionDenied
from mythgate.domain.events import LobbyMessage
from mythgate.domain.ids import room_topic
from mythgate.domain.lobbies import Lobby
from mythgate.domain.permissions import PERMISSIONS, Permission
from mythgate.domain.sessions import OPERATOR
from mythgate.services.announcements import MOST, AnnouncementService

HOUR = timedelta(hours=1)


@dataclass
class Desk:
    house: House

    def __post_init__(self) -> None:
        self.kit, self.lobbies = self.house.kit, self.house.lobbies
        self.announcements = self.service()
        self.kit.presence.on_entered(self.announcements.entered)
        self.kit.chat.on_announced(self.lobbies.announced)

    def service(self) -> AnnouncementService:
        return AnnouncementService(
            store=self.kit.store,
            realtime=self.kit.realtime,
            chat=self.kit.chat,
            rooms=self.house.rooms,
            lobbies=self.lobbies,
            clock=self.kit.clock,
        )


@pytest.fixture
def desk(kit: PlayKit) -> Desk:
    return Desk(House(kit))


async def test_who_comes_reads_the_message_of_the_day_on_every_door(desk: Desk) -> None:
    await desk.announcements.set_motd(OPERATOR, "Moving tonight.")
    ada = await desk.kit.somebody("Ada")
    assert desk.house.told(ada) == ["Moving tonight."]
    guest = desk.house.old_client()
    heard = desk.kit.realtime.listeners[guest.listener].of(LobbyMessage)
    assert [said.message for said in heard] == ["Moving tonight.", "Welcome."]
    await desk.house.into(26, ada)
    assert desk.house.told(ada).count("Moving tonight.") == 1  # she read it in the world
    await desk.announcements.set_motd(OPERATOR, "")
    ben = await desk.kit.somebody("Ben")
    assert desk.house.told(ben) == []
    (first, second) = await desk.house.record("server.motd_changed")
    assert (first.detail, second.detail["before"]) == ({"before": "", "after": "Moving tonight."}, "Moving tonight.")


async def test_the_message_of_the_day_is_kept(desk: Desk) -> None:
    await desk.announcements.set_motd(OPERATOR, "Kept.")
    other = desk.service()
    await other.catch_up()
    assert other.motd == "Kept."
    await desk.service().set_motd(OPERATOR, "Other.")
    await other.catch_up()
    assert other.motd == "Other."


async def test_what_was_read_late_does_not_undo_what_is_known(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    read = desk.kit.store.read

    async def slow(work: Any) -> Any:
        found = await read(work)
        monkeypatch.undo()
        await desk.announcements.set_motd(OPERATOR, "Newer.")  # meanwhile
        return found

    monkeypatch.setattr(desk.kit.store, "read", slow)
    await desk.announcements.catch_up()
    assert desk.announcements.motd == "Newer."


async def test_announcements_are_told_when_due_and_once(desk: Desk) -> None:
    ada = await desk.kit.somebody("Ada", at=TAVERN)
    guest = desk.house.old_client()
    add = desk.announcements.add
    await add(OPERATOR, "Be kind.", every=60)
    await add(OPERATOR, "Last round.", place=room_topic(TAVERN), at=desk.kit.clock.now() + HOUR)
    await add(OPERATOR, "The cup begins.", place="lobby:26", every=90)
    await desk.announcements.tick()
    assert desk.house.told(ada) == []
    desk.kit.clock.advance(HOUR)
    for service in (desk.announcements, desk.announcements, desk.service()):  # another after a restart
        await service.tick()
    assert desk.house.told(ada) == ["Be kind.", "Last round."]
    desk.kit.clock.advance(HOUR / 2)
    await desk.announcements.tick()
    heard = desk.kit.realtime.listeners[guest.listener].of(LobbyMessage)
    assert [said.message for said in heard] == ["Welcome.", "Be kind.", "The cup begins."]
    reader = desk.kit.caller_of(ada)
    assert [one.message for one in await desk.kit.chat.history_for(reader, "announcement")] == ["Be kind."]
    first, second, third = await desk.announcements.all(OPERATOR)
    assert (second.next_at, third.told_at) == (None, desk.kit.clock.now())
    assert first.next_at == desk.kit.clock.now() + HOUR / 2


async def test_what_the_server_slept_through_is_left_out(desk: Desk) -> None:
    ada = await desk.kit.somebody("Ada")
    await desk.announcements.add(OPERATOR, "Be kind.", every=10)
    desk.kit.clock.advance(timedelta(minutes=18))
    await desk.service().tick()
    assert desk.house.told(ada) == []
    desk.kit.clock.advance(timedelta(minutes=2))
    await desk.service().tick()
    assert desk.house.told(ada) == ["Be kind."]


async def test_a_room_that_is_gone_hears_nothing(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    await desk.lobbies.add(OPERATOR, Lobby("Shoal", 44))
    await desk.announcements.add(OPERATOR, "Hello.", place="lobby:44", every=10)
    await desk.lobbies.remove(OPERATOR, 44)
    desk.kit.clock.advance(timedelta(minutes=10))
    await desk.announcements.tick()
    assert [record.message for record in caplog.records if record.name.endswith("announcements")] == [
        "announcement has no room"
    ]


async def test_adding_and_removing_are_recorded(desk: Desk) -> None:
    added = await desk.announcements.add(
        OPERATOR, "Be kind.", daily=60, zone="Europe/Berlin", ends_at=desk.kit.clock.now() + 100 * HOUR
    )
    await desk.announcements.add(OPERATOR, "Once.", at=desk.kit.clock.now() + HOUR)
    assert (await desk.announcements.remove(OPERATOR, added.number)).text == "Be kind."
    with pytest.raises(NotFound):
        await desk.announcements.remove(OPERATOR, added.number)
    scheduled, once = await desk.house.record("announcement.scheduled")
    (removed,) = await desk.house.record("announcement.removed")
    assert scheduled.subject == removed.subject == f"announcement:{added.number}"
    assert scheduled.detail["after"] == removed.detail["before"]
    assert "daily 60 Europe/Berlin" in removed.detail["before"]
    assert once.detail["after"].startswith("once, next ")


async def test_what_is_refused(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.announcements.add(OPERATOR, "Hello.", place="lobby:77", every=5)
    with pytest.raises(InvalidInput):
        await desk.announcements.add(OPERATOR, "Hello.")
    for _ in range(MOST):
        await desk.announcements.add(OPERATOR, "Hello.", every=5)
    with pytest.raises(LimitReached):
        await desk.announcements.add(OPERATOR, "Hello.", every=5)


@pytest.mark.parametrize("role", list(Role))
async def test_the_table_says_who_may(desk: Desk, role: Role) -> None:
    caller = await desk.kit.caller("Somebody", role=role)
    added = await desk.announcements.add(OPERATOR, "Hello.", every=5)
    acts: list[tuple[Permission, Any]] = [
        (Permission.SEE_CONSOLE, lambda: desk.announcements.all(caller)),
        (Permission.SET_MESSAGES, lambda: desk.announcements.set_motd(caller, "Mine.")),
        (Permission.SET_MESSAGES, lambda: desk.announcements.add(caller, "Hello.", every=5)),
        (Permission.SET_MESSAGES, lambda: desk.announcements.remove(caller, added.number)),
    ]
    for permission, act in acts:
        if permission in PERMISSIONS[role]:
            await act()
        else:
            with pytest.raises(PermissionDenied):
                await act()
