"""Rooms as the staff sees and runs them, on each database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.play import CELLAR, SQUARE, TAVERN, PlayKit

from mythgate.domain.accounts import Role
from mythgate.domain.errors import (
    BadUsage,
    ExitLocked,
    InvalidInput,
    NotFound,
    PermissionDenied,
    RoomFull,
    Unreachable,
)
from mythgate.domain.events import LobbyMessage, SystemMessage, event_of
from mythgate.domain.ids import AccountId, CharacterId, RoomId, SessionId, Topic, room_topic
from mythgate.domain.lobbies import Family, Lobby, Looks, Visitor, lobby_listener
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import PERMISSIONS, Permission
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import OPERATOR, Caller
from mythgate.services.lobbies import LobbyService
from mythgate.services.rooms import RoomService, said_in

ARRIVAL = "lobby:26"
NOOK = "lobby:5"


@dataclass
class House:
    """The services of play with two lobbies of the settings, and who runs rooms."""

    kit: PlayKit

    def __post_init__(self) -> None:
        kit = self.kit
        self.lobbies = LobbyService(
            [Lobby("Arrival", 26, motd="Welcome."), Lobby("Nook", 5, capacity=1)],
            store=kit.store,
            presence=kit.present,
            realtime=kit.realtime,
            clock=kit.clock,
            ids=kit.ids,
        )
        self.rooms = self.service()
        kit.presence.on_entered(self.rooms.entered)

    def service(self) -> RoomService:
        return RoomService(
            store=self.kit.store,
            presence=self.kit.present,
            realtime=self.kit.realtime,
            history=self.kit.history,
            world=self.kit.world,
            movement=self.kit.movement,
            lobbies=self.lobbies,
            clock=self.kit.clock,
            ids=self.kit.ids,
        )

    async def into(self, lobby: int, one: Presence, **more: Any) -> CharacterId:
        """Somebody of the world goes into a lobby as well."""
        account = await self.kit.store.read(lambda tx: tx.accounts.require(one.account_id))
        given: dict[str, Any] = {"role": one.role, "account_id": one.account_id} | more
        visitor = Visitor(one.character_id, account.number, account.name, Looks(one.name), "http", "browser", **given)
        self.lobbies.enter(visitor, lobby)
        return one.character_id

    def old_client(self, name: str = "Hopper") -> Visitor:
        number = self.lobbies.guest_number()
        listener = lobby_listener(number)
        self.kit.realtime.open(listener, AccountId(f"guest:{number}"), SessionId(""))
        visitor = Visitor(listener, number, "Guest", Looks(name), "metaserver", "Aleph One", family=Family.MARATHON)
        self.lobbies.enter(visitor, 26)
        return visitor

    def told(self, one: Presence) -> list[str]:
        """What the server said to somebody."""
        heard = self.kit.heard(one)
        lines = [said.message for said in heard.of(LobbyMessage) if said.kind == "line"]
        return [said.message for said in heard.of(SystemMessage)] + lines

    async def record(self, action: str) -> list[AuditEntry]:
        entries = await self.kit.store.read(lambda tx: tx.moderation.audit(limit=1000))
        return [entry for entry in reversed(entries) if entry.action == action]


@pytest.fixture
def house(kit: PlayKit) -> House:
    return House(kit)


async def test_the_list_has_lobbies_and_the_places_people_are_in(house: House) -> None:
    ada = await house.kit.somebody("Ada")
    await house.kit.somebody("Ben", at=TAVERN)
    await house.kit.somebody("Cid", at=TAVERN)
    await house.into(26, ada)
    rows = await house.rooms.all(OPERATOR)
    assert [(row.key, row.people) for row in rows] == [
        (NOOK, 0),
        (ARRIVAL, 1),
        (room_topic(TAVERN), 2),
        (room_topic(SQUARE), 1),
    ]
    assert (rows[1].motd, rows[1].family, rows[1].is_configured) == ("Welcome.", "marathon", True)
    assert (rows[3].kind, rows[3].zone != "", rows[3].capacity) == ("world", True, 32)
    everything = await house.rooms.all(OPERATOR, empty=True)
    assert room_topic(CELLAR) in {row.key for row in everything}


async def test_a_card_says_who_how_far_and_since_when(house: House) -> None:
    ada = await house.kit.somebody("Ada")
    guest = house.old_client()
    await house.into(26, ada)
    asked: list[list[CharacterId]] = []

    def round_trips(wanted: Collection[CharacterId]) -> dict[CharacterId, float]:
        asked.append(list(wanted))
        return {ada.character_id: 0.042}

    house.rooms.round_trips.append(round_trips)
    house.kit.clock.advance(timedelta(minutes=3))
    ada.linkdead_since = house.kit.clock.now()
    card = await house.rooms.card(OPERATOR, ARRIVAL)
    first, second = card.people
    assert (first.account_name, first.shown_name, first.client, first.is_guest) == ("", "Hopper", "Aleph One", True)
    assert (first.round_trip, first.account_id, first.linkdead) == (None, None, False)
    assert (second.account_name, second.shown_name, second.round_trip) == ("Adas player", "Ada", 0.042)
    assert second.linkdead
    assert house.kit.clock.now() - second.since == timedelta(minutes=3)
    assert asked == [[guest.listener, ada.character_id]]
    (there,) = (await house.rooms.card(OPERATOR, room_topic(SQUARE))).people
    assert (there.account_name, there.door, there.client, there.round_trip) == ("Adas player", "http", "test", 0.042)


async def test_hidden_staff_shows_to_those_who_may_hide_it(house: House) -> None:
    admin = await house.kit.somebody("Boss", role=Role.ADMIN)
    await house.into(26, admin, hidden=True)
    moderator = await house.kit.caller("Mo", role=Role.MODERATOR)
    assert [one.shown_name for one in (await house.rooms.card(OPERATOR, ARRIVAL)).people] == ["Boss"]
    assert (await house.rooms.card(moderator, ARRIVAL)).people == []


@pytest.mark.parametrize("key", ["lobby:77", "lobby:x", "lobby:12345678", "room:nowhere", "26", ""])
async def test_what_is_no_room(house: House, key: str) -> None:
    for ask in (house.rooms.card, house.rooms.talk, house.rooms.watch, house.rooms.close):
        with pytest.raises(NotFound):
            await ask(OPERATOR, key)


async def test_talk_of_a_lobby_and_of_a_place_with_times(house: House) -> None:
    ada, ben = await house.kit.somebody("Ada"), await house.kit.somebody("Ben")
    await house.into(26, ada)
    await house.lobbies.say(ada.character_id, "hello |bthere")
    await house.lobbies.say(ada.character_id, "again")
    lines = await house.rooms.talk(OPERATOR, ARRIVAL)
    assert [(line.speaker, line.text, line.channel) for line in lines] == [
        ("Ada", "hello there", "say"),
        ("Ada", "again", "say"),
    ]
    assert (lines[0].account_id, lines[0].at) == (ada.account_id, house.kit.clock.now())
    assert await house.rooms.talk(OPERATOR, ARRIVAL, after=lines[0].id) == lines[1:]
    assert await house.rooms.talk(OPERATOR, ARRIVAL, after="long gone") == lines
    assert await house.rooms.talk(OPERATOR, ARRIVAL, limit=1) == lines[1:]
    await house.kit.chat.say(ben, "good evening")
    (said,) = await house.rooms.talk(OPERATOR, room_topic(SQUARE))
    assert (said.speaker, said.text, said.number) == ("Ben", "good evening", 0)


async def test_that_talk_is_read_is_recorded_once_an_hour(house: House) -> None:
    for _ in range(3):
        await house.rooms.talk(OPERATOR, ARRIVAL)
    await house.rooms.talk(OPERATOR, NOOK)
    assert [entry.subject for entry in await house.record("room.talk_read")] == [ARRIVAL, NOOK]
    house.kit.clock.advance(timedelta(hours=1))
    await house.rooms.talk(OPERATOR, ARRIVAL)
    assert len(await house.record("room.talk_read")) == 3


async def test_looking_on_is_recorded_and_ends_with_the_right_to(house: House) -> None:
    caller = await house.kit.caller("Mo", role=Role.MODERATOR)
    watch = await house.rooms.watch(caller, ARRIVAL)
    house.kit.realtime.open(watch.listener, AccountId(watch.listener), watch.session_id)
    house.rooms.watching(watch)
    house.old_client()
    heard = house.kit.realtime.listeners[watch.listener]
    assert heard.kinds() == ["lobby_player_entered"]
    assert [entry.subject for entry in await house.record("room.watched")] == [ARRIVAL]
    account = await house.kit.store.read(lambda tx: tx.accounts.require(caller.account_id))
    house.rooms.account_changed(account)
    assert watch.listener in house.kit.realtime.listeners
    account.role = Role.PLAYER
    house.rooms.account_changed(account)
    assert watch.listener not in house.kit.realtime.listeners
    again = await house.rooms.watch(caller_with(caller, Role.MODERATOR), ARRIVAL)
    house.kit.realtime.open(again.listener, AccountId(again.listener), again.session_id)
    house.rooms.watched(again)
    house.rooms.account_changed(account)
    assert again.listener in house.kit.realtime.listeners  # whoever went is not closed again


def caller_with(caller: Caller, role: Role) -> Caller:
    return Caller(caller.account_id, caller.session_id, caller.name, role)


async def test_announcing_in_a_lobby_and_in_a_place(house: House) -> None:
    ada, ben = await house.kit.somebody("Ada"), await house.kit.somebody("Ben", at=TAVERN)
    await house.into(26, ada)
    await house.rooms.announce(OPERATOR, ARRIVAL, " The cup\n\nbegins. ")
    assert house.told(ada)[-2:] == [" The cup", "begins."]
    await house.rooms.announce(OPERATOR, room_topic(TAVERN), "Last round.")
    assert house.told(ben) == ["Last round."]
    assert "Last round." not in house.told(ada)
    assert [entry.subject for entry in await house.record("room.announced")] == [ARRIVAL, room_topic(TAVERN)]
    with pytest.raises(BadUsage):
        await house.rooms.announce(OPERATOR, ARRIVAL, " \n ")
    with pytest.raises(InvalidInput):
        await house.rooms.announce(OPERATOR, ARRIVAL, "x" * 1001)
    assert not house.rooms.tell(Topic("room:gone"), "to nobody")


async def test_a_locked_place_lets_in_the_staff_alone(house: House) -> None:
    ada, mo = await house.kit.somebody("Ada"), await house.kit.somebody("Mo", role=Role.MODERATOR)
    ben = await house.kit.somebody("Ben", at=TAVERN)
    row = await house.rooms.lock(OPERATOR, room_topic(TAVERN), True)
    assert row.locked
    assert house.told(ben) == ["This place is locked."]
    with pytest.raises(ExitLocked):
        await house.kit.movement.move(ada.character_id, "north")
    await house.kit.movement.move(mo.character_id, "north")
    await house.rooms.lock(OPERATOR, room_topic(TAVERN), False)
    await house.kit.movement.move(ada.character_id, "north")
    assert house.told(ben)[-1] == "This place is open again."
    locked, unlocked = await house.record("room.locked"), await house.record("room.unlocked")
    assert locked[0].detail["before"] == unlocked[0].detail["after"] == '{"locked": false, "motd": ""}'


async def test_a_place_greets_who_comes(house: House) -> None:
    ada, ben = await house.kit.somebody("Ada"), await house.kit.somebody("Ben", at=TAVERN)
    await house.rooms.greet(OPERATOR, room_topic(TAVERN), "Wipe your boots.")
    assert house.told(ben) == ["Wipe your boots."]
    await house.kit.movement.move(ada.character_id, "north")
    assert house.told(ada) == ["Wipe your boots."]
    cid = await house.kit.somebody("Cid", at=TAVERN)
    assert house.told(cid) == ["Wipe your boots."]
    assert (await house.rooms.greet(OPERATOR, room_topic(TAVERN), "")).motd == ""
    assert await house.kit.store.read(lambda tx: tx.facts.get("rooms")) == "{}"


async def test_what_was_changed_beside_the_node_is_taken_note_of(house: House) -> None:
    other = house.service()
    await other.lock(OPERATOR, room_topic(TAVERN), True)
    assert not house.rooms.marks_of(TAVERN).locked
    await house.rooms.catch_up()
    assert house.rooms.marks_of(TAVERN).locked
    await house.rooms.catch_up()
    assert house.rooms.marks_of(RoomId("elsewhere")).locked is False


async def test_what_was_read_late_does_not_undo_what_is_known(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    store = house.kit.store
    read = store.read

    async def slow(work: Any) -> Any:
        found = await read(work)
        monkeypatch.undo()
        await house.rooms.lock(OPERATOR, room_topic(TAVERN), True)  # meanwhile
        return found

    monkeypatch.setattr(store, "read", slow)
    await house.rooms.catch_up()
    assert house.rooms.marks_of(TAVERN).locked


async def test_lobbies_are_locked_greet_and_are_closed(house: House) -> None:
    ada = await house.kit.somebody("Ada")
    await house.into(26, ada)
    assert (await house.rooms.lock(OPERATOR, ARRIVAL, True)).locked
    assert (await house.rooms.greet(OPERATOR, ARRIVAL, "Tonight at eight.")).motd == "Tonight at eight."
    assert "Tonight at eight." in house.told(ada)
    left = await house.rooms.close(OPERATOR, ARRIVAL, "cleaning")
    assert left is not None
    assert (left.people, left.locked) == (0, True)
    assert "Arrival was closed." in house.told(ada)
    await house.lobbies.add(OPERATOR, Lobby("Shoal", 44))
    assert await house.rooms.close(OPERATOR, "lobby:44") is None
    with pytest.raises(NotFound):
        house.lobbies.lobby(44)
    closed = await house.record("lobby.closed")
    assert (closed[0].detail["reason"], closed[1].detail["name"]) == ("cleaning", "Shoal")
    assert '"locked"' not in closed[0].detail.get("before", "")  # it was locked before
    assert "Shoal" in closed[1].detail["before"]
    with pytest.raises(InvalidInput):
        await house.rooms.close(OPERATOR, room_topic(TAVERN))


async def test_old_clients_are_sent_away_when_a_lobby_of_the_settings_is_closed(house: House) -> None:
    guest = house.old_client()
    await house.rooms.close(OPERATOR, ARRIVAL)
    assert [listener for listener, _ in house.kit.realtime.closed] == [guest.listener]


async def test_people_are_moved_among_lobbies_however_full(house: House) -> None:
    ada, ben = await house.kit.somebody("Ada"), await house.kit.somebody("Ben")
    await house.into(5, ben)
    await house.into(26, ada)
    with pytest.raises(RoomFull):
        await house.into(5, ada)
    assert await house.rooms.move(OPERATOR, ada.character_id, NOOK, "company") == "Ada"
    assert [one.name for one in house.lobbies.occupants(5)] == ["Ben", "Ada"]
    assert "The staff moved you to Nook." in house.told(ada)
    (moved,) = await house.record("person.moved")
    assert (moved.subject, moved.detail) == (
        ada.account_id,
        {"name": "Ada", "before": ARRIVAL, "after": NOOK, "reason": "company"},
    )


async def test_who_cannot_be_moved(house: House) -> None:
    ada = await house.kit.somebody("Ada")
    guest = house.old_client()
    for person, to in ((ada.character_id, NOOK), (guest.listener, NOOK), (guest.listener, room_topic(TAVERN))):
        with pytest.raises(Unreachable):
            await house.rooms.move(OPERATOR, person, to)
    with pytest.raises(NotFound):
        await house.rooms.move(OPERATOR, ada.character_id, "lobby:77")


async def test_people_are_moved_in_the_world(house: House) -> None:
    ada = await house.kit.somebody("Ada")
    assert await house.rooms.move(OPERATOR, ada.character_id, room_topic(CELLAR), "lost") == "Ada"
    assert ada.room_id == CELLAR
    assert house.told(ada) == [f"The staff moved you to {house.kit.world.world.rooms[CELLAR].name}."]
    (moved,) = await house.record("person.moved")
    assert (moved.detail["before"], moved.detail["after"]) == (room_topic(SQUARE), room_topic(CELLAR))


async def test_nobody_is_moved_to_a_place_that_a_reload_took(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await house.kit.somebody("Ada")
    bring, whole = house.kit.movement.bring, house.kit.world.world

    async def after_a_reload(*args: Any, **named: Any) -> Any:
        rooms = {
            room_id: replace(room, exits={way: exit_ for way, exit_ in room.exits.items() if exit_.target != CELLAR})
            for room_id, room in whole.rooms.items()
            if room_id != CELLAR
        }
        placements = tuple(one for one in whole.placements if one.room != CELLAR)
        house.kit.world.world = replace(whole, rooms=rooms, placements=placements)
        try:
            return await bring(*args, **named)
        finally:
            house.kit.world.world = whole

    monkeypatch.setattr(house.kit.movement, "bring", after_a_reload)
    with pytest.raises(NotFound):
        await house.rooms.move(OPERATOR, ada.character_id, room_topic(CELLAR))
    assert (ada.room_id, await house.record("person.moved")) == (SQUARE, [])


def test_what_is_no_talk(clock: FakeClock) -> None:
    assert said_in(event_of(SystemMessage("Wipe your boots."), clock.now())) is None


async def test_nobody_moves_their_own_rank_but_themselves(house: House) -> None:
    mo = await house.kit.somebody("Mo", role=Role.MODERATOR)
    colleague = await house.kit.somebody("Una", role=Role.MODERATOR)
    caller = house.kit.caller_of(mo)
    for one in (mo, colleague):
        await house.into(26, one)
    for to in (NOOK, room_topic(TAVERN)):
        with pytest.raises(PermissionDenied):
            await house.rooms.move(caller, colleague.character_id, to)
        await house.rooms.move(caller, mo.character_id, to)
    assert (mo.room_id, colleague.room_id) == (TAVERN, SQUARE)


@pytest.mark.parametrize("role", list(Role))
async def test_the_table_says_who_may(house: House, role: Role) -> None:
    caller = await house.kit.caller("Somebody", role=role)
    ada = await house.kit.somebody("Ada")
    await house.into(26, ada)
    here = room_topic(TAVERN)
    acts: list[tuple[Permission, Any]] = [
        (Permission.SEE_CONSOLE, lambda: house.rooms.all(caller)),
        (Permission.SEE_CONSOLE, lambda: house.rooms.card(caller, ARRIVAL)),
        (Permission.SEE_TALK, lambda: house.rooms.talk(caller, ARRIVAL)),
        (Permission.SEE_TALK, lambda: house.rooms.watch(caller, ARRIVAL)),
        (Permission.ANNOUNCE, lambda: house.rooms.announce(caller, ARRIVAL, "hear")),
        (Permission.ANNOUNCE, lambda: house.rooms.announce(caller, here, "hear")),
        (Permission.RUN_ROOMS, lambda: house.rooms.lock(caller, ARRIVAL, False)),
        (Permission.RUN_ROOMS, lambda: house.rooms.lock(caller, here, False)),
        (Permission.RUN_ROOMS, lambda: house.rooms.greet(caller, ARRIVAL, "hi")),
        (Permission.RUN_ROOMS, lambda: house.rooms.greet(caller, here, "hi")),
        (Permission.RUN_ROOMS, lambda: house.rooms.move(caller, ada.character_id, NOOK)),
        (Permission.RUN_ROOMS, lambda: house.rooms.move(caller, ada.character_id, here)),
        (Permission.RUN_ROOMS, lambda: house.rooms.close(caller, ARRIVAL)),
    ]
    for permission, act in acts:
        if permission in PERMISSIONS[role]:
            await act()
        else:
            with pytest.raises(PermissionDenied):
                await act()
