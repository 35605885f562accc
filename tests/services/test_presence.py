"""Presence: entering, losing the line, coming back, leaving; no ghosts."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.support.measures import mute_of
from tests.support.play import (
    CLOSET,
    CLOSET_CAPACITY,
    LANTERN,
    PATH,
    SQUARE,
    TAVERN,
    PlayKit,
    small_world,
)

from mythgate.domain.accounts import Role
from mythgate.domain.errors import (
    Conflict,
    InvalidInput,
    NoCharacter,
    NotFound,
    NotInWorld,
    PermissionDenied,
    Refused,
    SessionEnded,
)
from mythgate.domain.events import (
    AdminEvent,
    Disconnect,
    Event,
    FollowState,
    GameState,
    PlayerEntered,
    PlayerEnteredGame,
    PlayerLeftGame,
    PlayerStatus,
    PlayerUpdate,
    RoomOccupants,
    RoomUpdate,
)
from mythgate.domain.ids import GLOBAL_TOPIC, STAFF_TOPIC, CharacterId, PlayId, RoomId, Topic, faction_topic, room_topic
from mythgate.domain.presence import Availability, Presence
from mythgate.domain.sheets import Faction, Race
from mythgate.services.characters import Beginning
from mythgate.services.moderation import UNTIL_LIFTED
from mythgate.services.ports import Store, Transaction

CHOSEN = Faction.SHADOWBORN.value


async def give_role(kit: PlayKit, one: Presence, role: Role) -> None:
    """As another process does it: nobody here is told."""

    def work(tx: Transaction) -> None:
        account = tx.accounts.require(one.account_id)
        account.role = role
        tx.accounts.save(account)

    await kit.store.write(work)


def before_the_next_write(
    kit: PlayKit, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[object]]
) -> None:
    """Let something happen between what a use case has looked at and what it saves."""
    store = type(kit.store)
    write = store.write

    async def interrupted(self: Store, *args: Any, **named: Any) -> Any:
        monkeypatch.setattr(store, "write", write)
        await happens()
        return await write(self, *args, **named)

    monkeypatch.setattr(store, "write", interrupted)


async def test_entering_tells_the_newcomer_all_and_the_others_of_the_newcomer(kit: PlayKit) -> None:
    bob = await kit.somebody("Bob")
    await kit.lay(LANTERN)
    kit.realtime.clear()
    ada = await kit.somebody("Ada")
    listener = kit.heard(ada)
    assert listener.kinds() == ["game_state", "room_occupants"]
    (state,) = listener.of(GameState)
    assert state.session_id == "play"
    assert (state.player.name, state.player.status, state.player.room_id) == ("Ada", "online", SQUARE)
    assert (state.room.id, [one.name for one in state.room.players]) == (SQUARE, ["Bob", "Ada"])
    assert [item.name for item in state.room.items] == ["a brass lantern"]
    assert listener.topics == {room_topic(SQUARE), GLOBAL_TOPIC}
    assert kit.heard(bob).kinds() == ["player_entered_game", "room_occupants"]
    (entered,) = kit.heard(bob).of(PlayerEnteredGame)
    assert entered.player_name == "Ada"
    assert entered.player is not None


async def test_staff_hear_what_concerns_staff(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", role=Role.MODERATOR)
    assert STAFF_TOPIC in kit.heard(ada).topics


async def test_recent_talk_of_the_room_is_in_the_first_event(kit: PlayKit) -> None:
    bob, cid = await kit.somebody("Bob"), await kit.somebody("Cid")
    ada = await kit.somebody("Ada")
    await kit.do(ada, "ignore Cid")
    kit.realtime.end(ada.character_id, "expired")
    await kit.settle()
    for number in range(25):
        await kit.do(bob, f"say {number}")
    await kit.do(cid, "say unheard")
    again = await kit.enter(kit.caller_of(ada))
    (state,) = kit.heard(again).of(GameState)
    assert [line["message"] for line in state.recent] == [str(number) for number in range(6, 25)]
    assert set(state.recent[0]) >= {"id", "channel", "player_id", "player_name", "message", "text", "timestamp"}


async def test_which_character_enters(kit: PlayKit) -> None:
    caller, other = await kit.caller("Somebody"), await kit.caller("Anybody")
    with pytest.raises(NoCharacter):
        await kit.presence.choose(caller, None)
    first = await kit.characters.create(caller, "Ada")
    second = await kit.characters.create(caller, "Bob")
    assert (await kit.presence.choose(caller, None)).id == first.id
    assert (await kit.presence.choose(caller, CharacterId(second.id))).id == second.id
    with pytest.raises(PermissionDenied):
        await kit.presence.choose(other, CharacterId(first.id))
    with pytest.raises(NotFound):
        await kit.presence.choose(caller, CharacterId("nothing"))
    await kit.enter(caller, CharacterId(second.id))
    assert (await kit.presence.choose(caller, None)).id == second.id  # who entered is selected
    kit.realtime.end(CharacterId(second.id), "quit")
    await kit.settle()
    await kit.characters.delete(caller, CharacterId(second.id))
    assert (await kit.presence.choose(caller, None)).id == first.id


async def test_a_guest_gets_a_body_of_the_same_name(kit: PlayKit) -> None:
    guest = await kit.caller("Guest 4711", guest=True)
    ada = await kit.enter(guest)
    assert ada.name == "Guest 4711"
    assert kit.heard(ada).of(GameState)[0].player.is_guest
    other = await kit.somebody("Wanderer")
    namesake = await kit.caller("Wanderer", guest=True)
    assert (await kit.presence.choose(namesake, None)).name == "Wanderer 2"
    assert (await kit.presence.choose(namesake, None)).name == "Wanderer 2"  # made once
    assert other.name == "Wanderer"


async def test_another_character_of_the_account_leaves_first(kit: PlayKit) -> None:
    caller = await kit.caller("Somebody")
    first = await kit.characters.create(caller, "Ada")
    second = await kit.characters.create(caller, "Bob")
    witness = await kit.somebody("Cid")
    await kit.enter(caller, CharacterId(first.id))
    kit.realtime.clear()
    await kit.enter(caller, CharacterId(second.id))
    assert {one.name for one in kit.present.all()} == {"Bob", "Cid"}
    assert kit.heard(witness).kinds() == [
        "player_left_game",
        "room_occupants",
        "player_entered_game",
        "room_occupants",
    ]


async def test_even_if_the_hub_did_not_end_the_other_stream(kit: PlayKit) -> None:
    caller = await kit.caller("Somebody")
    first = await kit.characters.create(caller, "Ada")
    second = await kit.characters.create(caller, "Bob")
    await kit.enter(caller, CharacterId(first.id))
    character = await kit.presence.choose(caller, CharacterId(second.id))
    kit.realtime.on_closed = None
    kit.realtime.open(character.id, caller.account_id, caller.session_id)
    await kit.presence.enter(caller, character, play_id="x")  # type: ignore[arg-type]
    assert [one.name for one in kit.present.all()] == ["Bob"]


async def test_being_taken_over_is_nobody_elses_business(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.presence.set_availability(ada.character_id, Availability.AWAY, "tea")
    kit.realtime.clear()
    again = await kit.enter(kit.caller_of(ada), play_id="another window")
    assert again is ada
    assert kit.heard(bob).kinds() == []
    assert kit.heard(ada).kinds() == ["game_state", "room_occupants"]
    assert kit.heard(ada).of(GameState)[0].player.afk_text == "tea"


# --- the line --------------------------------------------------------------------------------------


async def test_a_lost_line_shows_at_once_and_so_does_its_return(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.realtime.clear()
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_detached(ada.character_id)  # told once
    assert kit.heard(bob).kinds() == ["player_status", "room_occupants"]
    (status,) = kit.heard(bob).of(PlayerStatus)
    assert (status.player_name, status.status, status.message) == ("Ada", "linkdead", "")
    assert {one.name: one.status for one in kit.heard(bob).of(RoomOccupants)[-1].players}["Ada"] == "linkdead"
    kit.realtime.clear()
    kit.presence.on_returned(ada.character_id)
    kit.presence.on_returned(ada.character_id)
    assert [(one.status, one.message) for one in kit.heard(bob).of(PlayerStatus)] == [("online", "")]
    assert ada.linkdead_since is None


async def test_who_is_not_back_in_a_moment_is_told_of_and_so_is_their_return(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.presence.on_missed(ada.character_id)  # the line is fine
    kit.presence.on_missed(CharacterId("nobody"))
    kit.realtime.clear()
    for _ in range(2):
        kit.presence.on_detached(ada.character_id)
        kit.presence.on_missed(ada.character_id)
        kit.presence.on_missed(ada.character_id)  # told once
        kit.presence.on_returned(ada.character_id)
        told = [one.message for one in kit.heard(bob).of(PlayerStatus) if one.message]
        assert told == ["Ada has lost the connection.", "Ada is connected again."]
        kit.realtime.clear()


async def test_who_slept_is_back_without_a_word_after_the_next_short_break(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_missed(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    kit.presence.on_returned(ada.character_id)
    kit.realtime.clear()
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_returned(ada.character_id)
    assert [one.message for one in kit.heard(bob).of(PlayerStatus)] == ["", ""]


async def test_after_the_grace_others_see_one_leave_while_the_stream_listens(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.presence.on_detached(ada.character_id)
    kit.realtime.clear()
    kit.clock.advance(timedelta(seconds=30))
    kit.presence.on_display_grace_over(ada.character_id)
    assert kit.heard(bob).kinds() == ["player_left_game", "room_occupants"]
    assert kit.present.get(ada.character_id) is None
    assert kit.presence.is_asleep(ada.character_id)
    await kit.do(bob, "say still there?")
    assert kit.heard(ada).lines() == ["Bob says: still there?"]
    await kit.settle()
    saved = await kit.store.read(lambda tx: tx.characters.require(ada.character_id))
    assert saved.last_active_at == kit.clock.now()

    kit.realtime.clear()
    kit.presence.on_returned(ada.character_id)
    assert kit.heard(bob).kinds() == ["player_entered_game", "room_occupants"]
    assert kit.present.get(ada.character_id) is ada
    assert not kit.presence.is_asleep(ada.character_id)
    assert ada.linkdead_since is None


async def test_grace_is_over_only_for_who_is_linkdead(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    kit.presence.on_display_grace_over(ada.character_id)
    assert kit.present.get(ada.character_id) is ada
    kit.presence.on_detached(CharacterId("nobody"))
    kit.presence.on_returned(CharacterId("nobody"))
    kit.presence.on_display_grace_over(CharacterId("nobody"))
    kit.presence.on_stream_ended(CharacterId("nobody"), "expired")


async def test_a_stream_that_ended_leaves_nothing(kit: PlayKit) -> None:
    ada, bob, cid = [await kit.somebody(name) for name in ("Ada", "Bob", "Cid")]
    kit.company.follow(bob, ada)
    kit.company.follow(ada, cid)
    kit.realtime.clear()
    kit.clock.advance(timedelta(minutes=2))
    kit.realtime.end(ada.character_id, "expired")
    await kit.settle()
    assert [one.message for one in kit.heard(bob).of(PlayerLeftGame)] == ["Ada leaves the world."]
    assert kit.heard(bob).of(FollowState)[-1].following is None
    assert bob.following is None
    assert kit.company.followers_of(cid.character_id) == []
    assert ada.character_id not in kit.sight.personas
    saved = await kit.store.read(lambda tx: tx.characters.require(ada.character_id))
    assert saved.last_active_at == kit.clock.now()


async def test_a_sleepers_end_is_told_to_nobody_again(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    kit.realtime.clear()
    kit.realtime.end(ada.character_id, "expired")
    assert kit.heard(bob).kinds() == []
    assert ada.character_id not in kit.sight.personas
    await kit.enter(kit.caller_of(ada))
    assert kit.heard(bob).kinds() == ["player_entered_game", "room_occupants"]


async def test_entering_anew_while_asleep_counts_as_coming(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    kit.realtime.clear()
    again = await kit.enter(kit.caller_of(ada), play_id="new")
    assert not kit.presence.is_asleep(again.character_id)
    assert kit.heard(bob).kinds() == ["player_entered_game", "room_occupants"]


async def test_taking_over_a_linkdead_character_brings_it_back(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.presence.on_detached(ada.character_id)
    kit.realtime.clear()
    await kit.enter(kit.caller_of(ada), play_id="new")
    assert [one.status for one in kit.heard(bob).of(PlayerStatus)] == ["online"]


async def test_who_comes_back_does_so_even_into_a_full_room(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=CLOSET)
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    await kit.crowd(CLOSET_CAPACITY, at=CLOSET)
    kit.presence.on_returned(ada.character_id)
    assert len(kit.present.in_room(CLOSET)) == CLOSET_CAPACITY + 1


async def test_a_mute_reaches_who_slept(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    now = kit.clock.now()
    await kit.store.write(lambda tx: tx.measures.add(mute_of(ada.account_id, now)))
    kit.presence.on_returned(ada.character_id)
    await kit.settle()
    assert ada.muted_until == UNTIL_LIFTED


@pytest.mark.parametrize(("before", "after"), [(Role.MODERATOR, Role.PLAYER), (Role.PLAYER, Role.MODERATOR)])
async def test_a_role_given_or_taken_reaches_who_slept(kit: PlayKit, before: Role, after: Role) -> None:
    ada = await kit.somebody("Ada", role=before)
    assert (STAFF_TOPIC in kit.heard(ada).topics) == before.includes(Role.MODERATOR)
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    await give_role(kit, ada, after)
    kit.presence.on_returned(ada.character_id)
    await kit.settle()
    assert ada.role is after
    assert (STAFF_TOPIC in kit.heard(ada).topics) == after.includes(Role.MODERATOR)


async def test_who_leaves_right_after_waking_listens_to_nothing(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    await give_role(kit, ada, Role.MODERATOR)
    kit.presence.on_returned(ada.character_id)
    await kit.presence.depart(ada.character_id)
    await kit.settle()
    assert kit.heard(ada).topics == set()


# --- leaving ---------------------------------------------------------------------------------------


async def test_departing_is_at_once_and_saved(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.realtime.clear()
    kit.clock.advance(timedelta(minutes=5))
    assert await kit.presence.depart(ada.character_id)
    assert kit.heard(bob).kinds() == ["player_left_game", "room_occupants"]
    assert kit.heard(ada).topics == set()
    assert not await kit.presence.depart(ada.character_id)
    saved = await kit.store.read(lambda tx: tx.characters.require(ada.character_id))
    assert (saved.last_active_at, saved.room_id) == (kit.clock.now(), SQUARE)


async def test_a_sleeper_can_depart(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    assert await kit.presence.depart(ada.character_id)
    assert kit.heard(ada).topics == set()


async def test_quitting_ends_the_stream(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert kit.presence.acting(kit.caller_of(ada)) == ada.character_id
    await kit.presence.quit(ada.character_id)
    ((_, farewell),) = kit.realtime.closed
    assert isinstance(farewell, Disconnect)
    assert (farewell.code, farewell.may_reconnect) == (4500, False)
    with pytest.raises(NotInWorld):
        kit.presence.acting(kit.caller_of(ada))


async def test_deleting_needs_one_to_leave_first(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    caller = kit.caller_of(ada)
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    await kit.characters.delete(caller, ada.character_id)  # a sleeper has been seen to leave
    ((_, farewell),) = kit.realtime.closed
    assert isinstance(farewell, Disconnect)
    assert farewell.code == 4504
    assert not kit.presence.is_asleep(ada.character_id)


async def test_a_character_deleted_while_it_enters_does_not_haunt(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    caller = kit.caller_of(ada)
    await kit.presence.depart(ada.character_id)
    character = await kit.presence.choose(caller, None)
    results = await asyncio.gather(
        kit.presence.enter(caller, character, play_id="x"),  # type: ignore[arg-type]
        kit.characters.delete(caller, character.id),
        return_exceptions=True,
    )
    # Either the deletion was first, or it put out whoever had just come in.
    assert isinstance(results[0], NotFound) or results[0].character_id == character.id  # type: ignore[union-attr]
    assert results[1] is None
    assert kit.present.count() == 0


async def test_a_character_deleted_between_its_rows_and_its_entry_does_not_enter(
    kit: PlayKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await kit.somebody("Ada")
    caller = kit.caller_of(ada)
    await kit.presence.depart(ada.character_id)
    recent = kit.history.recent

    async def delete_first(topic: Topic, limit: int = 100) -> list[Event]:
        await kit.characters.delete(caller, ada.character_id)
        return await recent(topic, limit)

    monkeypatch.setattr(kit.history, "recent", delete_first)
    with pytest.raises(NotFound):
        await kit.enter(caller)
    assert kit.present.count() == 0


async def test_a_character_that_enters_while_its_deletion_is_saved_is_put_out(
    kit: PlayKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    caller = kit.caller_of(ada)
    await kit.presence.depart(ada.character_id)
    before_the_next_write(kit, monkeypatch, lambda: kit.enter(caller))
    kit.realtime.clear()
    await kit.characters.delete(caller, ada.character_id)
    assert kit.present.all() == [bob]
    assert kit.heard(bob).kinds() == ["player_entered_game", "room_occupants", "player_left_game", "room_occupants"]
    ((closed, farewell),) = kit.realtime.closed
    assert closed == ada.character_id
    assert isinstance(farewell, Disconnect)
    assert farewell.code == 4504


async def check_faction(kit: PlayKit, character_id: CharacterId) -> None:
    """Row, presence, topics and sheet of somebody who chose."""
    body, sheet = await kit.store.read(lambda tx: (tx.characters.require(character_id), tx.sheets.get(character_id)))
    ada = kit.sight.present(character_id)
    topics = [topic for topic in kit.heard(ada).topics if topic.startswith("faction:")]
    assert (body.faction, ada.faction, topics) == (CHOSEN, CHOSEN, [faction_topic(CHOSEN)])
    assert kit.sight.persona(character_id).sheet == sheet
    assert sheet.is_chosen


async def test_who_chooses_while_two_lines_enter_is_what_they_chose(
    kit: PlayKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second line comes in and ends its attempt before the first, which has read what was before the choice."""
    ada = await kit.somebody("Ada")
    caller = kit.caller_of(ada)
    await kit.presence.depart(ada.character_id)
    character = await kit.presence.choose(caller, None)
    kit.realtime.open(character.id, caller.account_id, caller.session_id)
    recent, calls = kit.history.recent, [0]

    async def meanwhile(topic: Topic, limit: int) -> list[Event]:
        calls[0] += 1
        if calls[0] == 1:
            await kit.presence.enter(caller, character, play_id=PlayId("second"))
            await kit.characters.become(caller, character.id, Beginning(Race.ELF, faction=Faction(CHOSEN)))
        return await recent(topic, limit)

    monkeypatch.setattr(kit.history, "recent", meanwhile)
    await kit.presence.enter(caller, character, play_id=PlayId("first"))
    await check_faction(kit, character.id)


@pytest.mark.parametrize("first", range(3))
async def test_choosing_and_entering_at_once(kit: PlayKit, first: int) -> None:
    ada = await kit.somebody("Ada")
    caller = kit.caller_of(ada)
    await kit.presence.depart(ada.character_id)
    character = await kit.presence.choose(caller, None)
    kit.realtime.open(character.id, caller.account_id, caller.session_id)
    acts: list[Awaitable[Any]] = [
        kit.presence.enter(caller, character, play_id=PlayId("one")),
        kit.presence.enter(caller, character, play_id=PlayId("two")),
    ]
    acts.insert(first, kit.characters.become(caller, character.id, Beginning(Race.ELF, faction=Faction(CHOSEN))))
    await asyncio.gather(*acts)
    await check_faction(kit, character.id)


async def test_a_new_line_puts_right_what_presence_says(kit: PlayKit) -> None:
    """Whatever made it differ: who enters anew is of the faction and level that are saved."""
    ada = await kit.somebody("Ada")

    def work(tx: Transaction) -> None:
        body = tx.characters.require(ada.character_id)
        body.faction = CHOSEN
        tx.characters.save(body)

    await kit.store.write(work)
    assert await kit.enter(kit.caller_of(ada)) is ada
    assert ada.faction == CHOSEN
    assert faction_topic(CHOSEN) in kit.heard(ada).topics


async def test_the_check_leaves_alone_who_leaves_before_it_is_put_right(
    kit: PlayKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await kit.somebody("Ada")
    await kit.put(ada.character_id, TAVERN)
    before_the_next_write(kit, monkeypatch, lambda: kit.presence.depart(ada.character_id))
    assert await kit.presence.check() == []
    assert kit.present.count() == 0
    assert kit.heard(ada).topics == set()


async def test_the_check_leaves_alone_whose_step_is_announced_before_it_is_put_right(
    kit: PlayKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.put(ada.character_id, TAVERN)

    async def announce() -> None:
        kit.present.relocate(ada.character_id, TAVERN)
        kit.realtime.unsubscribe(ada.character_id, room_topic(SQUARE))
        kit.realtime.subscribe(ada.character_id, room_topic(TAVERN))

    before_the_next_write(kit, monkeypatch, announce)
    kit.realtime.clear()
    assert await kit.presence.check() == []
    assert kit.heard(ada).kinds() == kit.heard(bob).kinds() == []


async def test_somebody_elses_character_cannot_be_entered(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    thief = await kit.caller("Thief")
    body = await kit.store.read(lambda tx: tx.characters.require(ada.character_id))
    with pytest.raises(NotFound):
        await kit.presence.enter(thief, body, play_id="x")  # type: ignore[arg-type]


# --- away ------------------------------------------------------------------------------------------


async def test_away_and_back(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.realtime.clear()
    await kit.presence.set_availability(ada.character_id, Availability.AWAY, "back  at six")
    (status,) = kit.heard(bob).of(PlayerStatus)
    assert (status.status, status.afk_text, status.message) == ("away", "back at six", "Ada is away: back at six")
    saved = await kit.store.read(lambda tx: tx.characters.require(ada.character_id))
    assert saved.afk_text == "back at six"
    kit.realtime.clear()
    await kit.presence.set_availability(ada.character_id, Availability.AWAY)
    assert kit.heard(bob).kinds() == []  # nothing new
    await kit.presence.set_availability(ada.character_id, Availability.ONLINE)
    assert kit.heard(bob).of(PlayerStatus)[-1].message == "Ada is back."
    await kit.presence.set_availability(ada.character_id, Availability.BUSY)
    assert kit.heard(bob).of(PlayerStatus)[-1].message == "Ada is busy: back at six"
    await kit.presence.set_availability(ada.character_id, Availability.BUSY, "")
    assert kit.heard(bob).of(PlayerStatus)[-1].message == "Ada is busy."
    with pytest.raises(InvalidInput):
        await kit.presence.set_availability(ada.character_id, Availability.AWAY, "x" * 201)
    with pytest.raises(NotInWorld):
        await kit.presence.set_availability(CharacterId("nobody"), Availability.AWAY)


async def test_a_description_is_saved_and_shown(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.presence.describe(ada.character_id, " A  tall woman. ")
    assert kit.heard(ada).of(PlayerUpdate)[-1].player.description == "A tall woman."
    saved = await kit.store.read(lambda tx: tx.characters.require(ada.character_id))
    assert saved.description == "A tall woman."


# --- order -----------------------------------------------------------------------------------------


async def test_staff_may_remove_somebody(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", role=Role.MODERATOR)
    bob = await kit.somebody("Bob")
    cid = await kit.somebody("Cid", role=Role.MODERATOR)
    await kit.presence.kick(kit.caller_of(ada), bob.character_id, "rude")
    ((_, farewell),) = kit.realtime.closed
    assert isinstance(farewell, Disconnect)
    assert (farewell.code, farewell.message) == (4506, "You were removed by the staff: rude")
    assert kit.present.get(bob.character_id) is None
    assert kit.heard(ada).of(AdminEvent)[-1].message == "Ada removed Bob."
    entries = await kit.store.read(lambda tx: tx.moderation.audit(subject=bob.account_id))
    assert [entry.action for entry in entries] == ["character.kicked"]
    with pytest.raises(PermissionDenied):  # somebody of the same rank
        await kit.presence.kick(kit.caller_of(ada), cid.character_id)
    with pytest.raises(NotInWorld):
        await kit.presence.kick(kit.caller_of(ada), bob.character_id)


async def test_a_claimed_role_does_not_count(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    forged = dataclasses.replace(kit.caller_of(ada), role=Role.OWNER)
    with pytest.raises(PermissionDenied):
        await kit.presence.kick(forged, bob.character_id)
    assert kit.present.get(bob.character_id) is bob


# --- reload ----------------------------------------------------------------------------------------


def without_tavern() -> object:
    world = small_world()
    rooms = {
        room_id: dataclasses.replace(
            room, exits={way.direction: way for way in room.exits.values() if way.target != TAVERN}
        )
        for room_id, room in world.rooms.items()
        if room_id != TAVERN
    }
    return dataclasses.replace(world, rooms=rooms, fingerprint="without tavern")


async def test_a_reload_that_takes_a_room_moves_everybody_to_the_start(kit: PlayKit) -> None:
    ada, sleeper = await kit.somebody("Ada", at=TAVERN), await kit.somebody("Bob", at=TAVERN)
    at_square = await kit.somebody("Cid")
    away = await kit.somebody("Dot", at=TAVERN)
    caller = kit.caller_of(away)
    await kit.presence.depart(away.character_id)
    kit.presence.on_detached(sleeper.character_id)
    kit.presence.on_display_grace_over(sleeper.character_id)
    await kit.settle()
    kit.realtime.clear()
    await kit.world.apply(without_tavern())  # type: ignore[arg-type]
    await kit.settle()
    assert ada.room_id == SQUARE
    assert [one.player_name for one in kit.heard(at_square).of(PlayerEntered)] == ["Ada"]
    assert kit.heard(ada).of(RoomUpdate)[-1].room.id == SQUARE
    kit.presence.on_returned(sleeper.character_id)
    await kit.settle()
    assert sleeper.room_id == SQUARE
    assert kit.heard(sleeper).of(RoomUpdate)[-1].room.id == SQUARE
    assert (await kit.enter(caller)).room_id == SQUARE


async def test_walking_while_the_world_is_reloaded(kit: PlayKit) -> None:
    people = await kit.crowd(8)
    walks = [kit.movement.move(one.character_id, "north") for one in people]
    *steps, applied = await asyncio.gather(
        *walks,
        kit.world.apply(without_tavern()),  # type: ignore[arg-type]
        return_exceptions=True,
    )
    assert not isinstance(applied, BaseException), "walkers do not keep a reload from succeeding"
    assert all(isinstance(step, Refused) for step in steps if isinstance(step, BaseException))
    await kit.settle()
    assert {one.room_id for one in people} <= set(kit.world.world.rooms)


async def test_a_step_saved_after_the_reload_is_taken_back(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    decided = kit.movement._way_out(ada, "north")
    await kit.world.apply(without_tavern())  # type: ignore[arg-type]
    kit.realtime.clear()
    step = await kit.store.write(
        lambda tx: kit.movement._decide(tx, ada.character_id, SQUARE, decided, ()),
        then=lambda step: kit.movement._arrive(step, None),
    )
    assert step.body.room_id == TAVERN
    await kit.settle()
    assert ada.room_id == SQUARE
    assert kit.heard(bob).kinds() == ["player_left", "room_occupants", "player_entered", "room_occupants"]
    assert kit.heard(ada).of(RoomUpdate)[-1].room.id == SQUARE


# --- the check -------------------------------------------------------------------------------------


async def test_the_check_puts_right_what_differs(kit: PlayKit, caplog: pytest.LogCaptureFixture) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob", at=PATH)
    ghost = await kit.somebody("Cid")
    await kit.put(ada.character_id, PATH)  # behind everybody's back

    def lay_aside(tx: object) -> None:
        body = tx.characters.require(ghost.character_id)  # type: ignore[attr-defined]
        body.deleted_at = kit.clock.now()
        tx.characters.save(body)  # type: ignore[attr-defined]

    await kit.store.write(lay_aside)
    kit.realtime.clear()
    findings = await kit.presence.check()
    assert sorted(finding.split(" ", 1)[1] for finding in findings) == [
        "is present and does not exist",
        f"is shown in {SQUARE} and stands in {PATH}",
    ]
    await kit.settle()
    assert ada.room_id == PATH
    assert kit.present.get(ghost.character_id) is None
    assert [one.player_name for one in kit.heard(bob).of(PlayerEntered)] == ["Ada"]
    assert kit.heard(ada).of(RoomUpdate)[-1].room.id == PATH
    assert await kit.presence.check() == []
    caplog.clear()


async def test_the_check_does_not_mistake_a_step_for_an_error(kit: PlayKit) -> None:
    people = await kit.crowd(10)
    walking = [asyncio.create_task(kit.movement.move(one.character_id, "north")) for one in people]
    findings = []
    while not all(task.done() for task in walking):
        findings += await kit.presence.check()
        await asyncio.sleep(0)
    assert findings == []
    await asyncio.gather(*walking)


# --- rare things -----------------------------------------------------------------------------------


async def test_a_row_in_a_room_that_is_gone_enters_at_the_start(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.presence.depart(ada.character_id)
    await kit.put(ada.character_id, RoomId("nowhere"))
    assert (await kit.enter(kit.caller_of(ada))).room_id == SQUARE


async def test_entering_gives_up_where_nothing_keeps_still(kit: PlayKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await kit.somebody("Ada")
    caller = kit.caller_of(ada)
    await kit.presence.depart(ada.character_id)
    changes = iter(range(1000))
    monkeypatch.setattr(kit.sight, "item_changes", lambda _: next(changes))
    with pytest.raises(Conflict):
        await kit.enter(caller)


async def test_a_kick_meets_who_just_left(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada", role=Role.MODERATOR), await kit.somebody("Bob")
    await asyncio.gather(kit.presence.kick(kit.caller_of(ada), bob.character_id), kit.presence.depart(bob.character_id))
    assert kit.present.get(bob.character_id) is None


async def test_nobody_is_displaced_who_is_not_there(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    body = await kit.store.read(lambda tx: tx.characters.require(ada.character_id))
    await kit.presence.depart(ada.character_id)
    kit.presence.on_displaced(body, TAVERN)
    with pytest.raises(NotInWorld):
        kit.sight.persona(ada.character_id)


async def test_a_description_set_while_leaving_is_saved_all_the_same(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    saving = asyncio.create_task(kit.presence.describe(ada.character_id, "Tall."))
    await asyncio.sleep(0)
    kit.realtime.end(ada.character_id, "expired")
    await saving
    await kit.settle()
    saved = await kit.store.read(lambda tx: tx.characters.require(ada.character_id))
    assert saved.description == "Tall."


async def test_the_check_leaves_alone_who_left_meanwhile(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.put(ada.character_id, PATH)
    checking = asyncio.create_task(kit.presence.check())
    await asyncio.sleep(0)
    kit.realtime.end(ada.character_id, "expired")
    assert await checking == []
    assert await kit.presence.check([ada]) == []


async def test_who_has_no_stream_any_more_does_not_enter(kit: PlayKit, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = await kit.caller("Adas player")
    await kit.characters.create(caller, "Ada")
    recent = kit.history.recent

    async def meanwhile(topic: Topic, limit: int) -> list[Event]:
        kit.realtime.close_session(caller.session_id, Disconnect("session_ended", "", False, 4501))
        return await recent(topic, limit)

    monkeypatch.setattr(kit.history, "recent", meanwhile)
    with pytest.raises(SessionEnded):
        await kit.enter(caller)
    assert kit.present.all() == []


async def test_the_check_finds_those_without_a_stream_awake_and_asleep(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.presence.on_detached(bob.character_id)
    kit.presence.on_display_grace_over(bob.character_id)
    assert kit.presence.is_asleep(bob.character_id)
    kit.realtime.listeners.clear()
    assert await kit.presence.check() == [
        f"{ada.character_id} is present and has no stream",
        f"{bob.character_id} is asleep and has no stream",
    ]
    assert kit.present.all() == []
    assert not kit.presence.is_asleep(bob.character_id)
