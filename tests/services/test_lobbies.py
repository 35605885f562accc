"""Lobbies: coming and going, being seen, talking, measures, and the list of lobbies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite
from tests.support.lobbies import ARRIVAL, LOBBIES, RANKED, SMALL, LobbyKit

from mythgate.backends.sql import open_store
from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.errors import (
    BadUsage,
    InvalidInput,
    LobbyClosedToYou,
    Muted,
    NotFound,
    NotInLobby,
    PermissionDenied,
    RoomFull,
    SessionEnded,
    TooMany,
    Unreachable,
)
from mythgate.domain.events import (
    AdminEvent,
    Disconnect,
    LobbyCounts,
    LobbyGameRemoved,
    LobbyMessage,
    LobbyPlayerChanged,
    LobbyPlayerEntered,
    LobbyPlayerLeft,
    LobbyState,
)
from mythgate.domain.hosting import GameFacts
from mythgate.domain.ids import STAFF_TOPIC, CharacterId
from mythgate.domain.lobbies import FIRST_GUEST, LAST_GUEST, Colour, Family, Lobby, Looks, Occupant, lobby_listener
from mythgate.domain.sessions import OPERATOR
from mythgate.services.lobbies import LobbyPolicy
from mythgate.services.ports import Store

HOUR = timedelta(hours=1)


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[LobbyKit]:
    made = LobbyKit(clock, store)
    yield made
    await made.lobbies.settle()


# --- coming ----------------------------------------------------------------------------------------


async def test_who_enters_is_told_all_and_the_others_are_told_of_them(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    bob = await kit.enter("Bob")
    state = kit.state(bob)
    assert [one.name for one in state.players] == ["Ada", "Bob"]
    assert (state.you, state.lobby.name, state.lobby.players) == (bob.number, "Arrival", 2)
    assert [told.player.name for told in kit.heard(ada).of(LobbyPlayerEntered)] == ["Ada", "Bob"]
    assert kit.heard(bob).kinds()[:2] == ["lobby_state", "lobby_player_entered"]
    event = kit.heard(ada).events[-1]
    assert event.subject == bob
    assert event.room_id == "lobby:26"
    assert kit.lobbies.by_number(bob.number) == kit.lobbies.occupant(bob.visitor.listener) == bob


async def test_greetings(kit: LobbyKit) -> None:
    assert kit.lines(await kit.enter("Ada")) == ["Welcome."]
    assert kit.lines(kit.enter_guest()) == ["Welcome.", "Sign up."]
    quiet = kit.guest("Quiet")
    kit.lobbies.enter(quiet, ARRIVAL, quiet=True)
    assert kit.lines(quiet) == []
    assert kit.lines(await kit.enter("Bob", SMALL)) == []


async def test_a_full_lobby(kit: LobbyKit) -> None:
    first = await kit.enter("Ada", SMALL)
    await kit.enter("Bob", SMALL)
    late = await kit.visitor("Eve")
    with pytest.raises(RoomFull, match="Nook is full: 2 of 2"):
        kit.lobbies.enter(late, SMALL)
    assert kit.heard(late).events == []
    moderator = await kit.enter("Watcher", SMALL, role=Role.MODERATOR)
    assert len(kit.lobbies.occupants(SMALL)) == 3
    kit.lobbies.leave(moderator.visitor.listener)
    kit.lobbies.leave(first.visitor.listener)
    kit.lobbies.enter(late, SMALL)
    assert kit.there(SMALL) == ["Bob", "Eve"]


async def test_ones_own_place_is_no_obstacle(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada", SMALL)
    bob = await kit.enter("Bob", SMALL)
    again = kit.lobbies.enter(ada.visitor, SMALL)
    assert kit.there(SMALL) == ["Bob", "Ada"]
    assert again.since == ada.since
    assert [left.reason for left in kit.heard(bob).of(LobbyPlayerLeft)] == ["elsewhere"]


async def test_a_lobby_that_is_not_for_one(kit: LobbyKit) -> None:
    stranger = kit.guest()
    with pytest.raises(LobbyClosedToYou) as refused:
        kit.lobbies.enter(stranger, RANKED)
    assert "is for players of myth; this client is for marathon." in refused.value.message
    assert "guests have no rank" in refused.value.message
    with pytest.raises(NotFound) as unknown:
        kit.lobbies.enter(stranger, 99)
    assert unknown.value.hint == "There are: 1, 5, 26."
    with pytest.raises(NotFound):
        kit.lobbies.view(99)


async def test_a_refusal_changes_nothing(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    with pytest.raises(LobbyClosedToYou):
        kit.lobbies.enter(ada.visitor, RANKED)
    assert kit.lobbies.occupant(ada.visitor.listener) == ada
    assert kit.heard(ada).of(LobbyPlayerLeft) == []


async def test_a_server_without_guests(clock: FakeClock, store: Store) -> None:
    kit = LobbyKit(clock, store, policy=LobbyPolicy(guests=False))
    guest = kit.guest()
    with pytest.raises(LobbyClosedToYou, match="takes no guests"):
        kit.lobbies.enter(guest, ARRIVAL)
    told = kit.lobbies.why(guest, ARRIVAL)
    assert told[2] == "NO  guests: This server takes no guests; sign up to play here."
    assert told[-1] == "Guest may not enter Arrival."


async def test_without_a_stream_nobody_is_let_in(kit: LobbyKit) -> None:
    gone = await kit.visitor("Ada")
    kit.realtime.end(gone.listener, "lost")
    with pytest.raises(SessionEnded):
        kit.lobbies.enter(gone, ARRIVAL)
    assert kit.there() == []


async def test_why(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    await kit.enter("Bob")
    lines = kit.lobbies.why(replace(ada.visitor, family=Family.MYTH), ARRIVAL)
    assert lines[0] == "ok  banned: no ban; needed: no ban"
    assert lines[1] == "NO  family: Arrival is for players of marathon; this client is for myth."
    assert "ok  full: 1 of 32 are in it; needed: fewer than 32" in lines  # one's own place is none of them
    assert lines[-1] == "Ada may not enter Arrival."
    staff = kit.lobbies.why(replace(ada.visitor, role=Role.ADMIN), ARRIVAL)
    assert "--  full: is not asked here" in staff
    assert staff[-1] == "Ada may enter Arrival."


# --- going and moving -----------------------------------------------------------------------------


async def test_leaving(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    assert kit.lobbies.leave(bob.visitor.listener) == bob
    (left,) = kit.heard(ada).of(LobbyPlayerLeft)
    assert (left.number, left.name, left.reason) == (bob.number, "Bob", "left")
    assert kit.heard(ada).events[-1].subject == bob
    assert kit.heard(bob).of(LobbyPlayerLeft) == []
    assert kit.heard(bob).topics == set()
    assert kit.lobbies.leave(bob.visitor.listener) is None
    assert kit.there() == ["Ada"]


async def test_moving(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob", SMALL)
    kit.lobbies.enter(ada.visitor, SMALL)
    assert (kit.there(), kit.there(SMALL)) == ([], ["Bob", "Ada"])
    assert [one.player.name for one in kit.heard(bob).of(LobbyPlayerEntered)] == ["Bob", "Ada"]
    await kit.lobbies.say(bob.visitor.listener, "hello")
    assert kit.talk(ada) == [("say", "Bob", "hello")]
    assert kit.heard(ada).topics == {"lobby:5", "lobbies"}


async def test_a_character_hears_that_it_left(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada", browser=True)
    kit.lobbies.enter(ada.visitor, SMALL)
    assert [(one.number, one.reason) for one in kit.heard(ada).of(LobbyPlayerLeft)] == [(ada.number, "moved")]
    assert kit.heard(ada).kinds()[-3:] == ["lobby_player_left", "lobby_state", "lobby_player_entered"]


async def test_loading_the_page_again_is_no_arrival(kit: LobbyKit) -> None:
    bob = await kit.enter("Bob")
    ada = await kit.enter("Ada", browser=True)
    kit.realtime.clear()
    again = kit.lobbies.enter(replace(ada.visitor, client="tablet"), ARRIVAL)
    assert (again.visitor.client, again.since) == ("tablet", ada.since)
    assert kit.heard(ada).kinds() == ["lobby_state"]
    assert kit.heard(bob).kinds() == []
    kit.lobbies.enter(replace(ada.visitor, looks=Looks("Ada", team="Blue")), ARRIVAL)
    assert [one.player.team for one in kit.heard(bob).of(LobbyPlayerChanged)] == ["Blue"]


async def test_the_newer_of_two_connections_of_a_player_stays(kit: LobbyKit) -> None:
    watcher = kit.enter_guest("Eve")
    old = await kit.enter("Ada")
    account = await kit.store.read(lambda tx: tx.accounts.require(old.visitor.account_id))  # type: ignore[arg-type]
    other = kit.realtime.listeners.pop(old.visitor.listener)  # as the streams of two hubs
    browser = kit.visitor_of(account, browser=True)
    kit.realtime.listeners[old.visitor.listener] = other
    kit.lobbies.enter(browser, ARRIVAL)
    (closed,) = kit.realtime.closed
    assert closed[0] == old.visitor.listener
    assert isinstance(closed[1], Disconnect)
    assert (closed[1].reason, closed[1].code, closed[1].may_reconnect) == ("elsewhere", 4502, False)
    assert [one.reason for one in kit.heard(watcher).of(LobbyPlayerLeft)] == ["elsewhere"]
    assert kit.lobbies.by_number(old.number) == kit.lobbies.occupant(browser.listener)


async def test_an_old_client_takes_the_place_of_a_character_that_stays_in_the_world(kit: LobbyKit) -> None:
    body = await kit.enter("Ada", browser=True)
    account = await kit.store.read(lambda tx: tx.accounts.require(body.visitor.account_id))  # type: ignore[arg-type]
    character = kit.realtime.listeners.pop(body.visitor.listener)
    client = kit.visitor_of(account)
    kit.realtime.listeners[body.visitor.listener] = character
    kit.lobbies.enter(client, SMALL)
    assert kit.realtime.closed == []
    assert [one.reason for one in character.of(LobbyPlayerLeft)] == ["elsewhere"]
    assert character.topics == set()
    assert kit.there() == []
    assert kit.there(SMALL) == ["Ada"]


# --- the line --------------------------------------------------------------------------------------


async def test_a_lost_line_of_an_old_client_is_a_departure(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    kit.lobbies.on_detached(bob.visitor.listener)
    assert [one.reason for one in kit.heard(ada).of(LobbyPlayerLeft)] == ["lost"]
    kit.lobbies.on_stream_ended(bob.visitor.listener, "expired")
    kit.lobbies.on_detached(bob.visitor.listener)
    assert len(kit.heard(ada).of(LobbyPlayerLeft)) == 1


async def test_a_character_whose_line_is_lost_stays_until_it_leaves_the_world(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob", browser=True)
    listener = bob.visitor.listener
    kit.lobbies.on_detached(listener)
    kit.lobbies.on_missed(listener)
    kit.lobbies.on_returned(listener)
    assert kit.there() == ["Ada", "Bob"]
    kit.lobbies.on_display_grace_over(listener)
    assert kit.there() == ["Ada"]
    assert [one.reason for one in kit.heard(ada).of(LobbyPlayerLeft)] == ["lost"]


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        ("quit", "left"),
        ("session_ended", "left"),
        ("removed", "kicked"),
        ("account_disabled", "kicked"),
        ("taken_over", "elsewhere"),
        ("expired", "lost"),
        ("slow", "lost"),
    ],
)
async def test_leaving_the_world_leaves_the_lobby(kit: LobbyKit, ended: str, reason: str) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob", browser=True)
    kit.lobbies.on_stream_ended(bob.visitor.listener, ended)
    assert [one.reason for one in kit.heard(ada).of(LobbyPlayerLeft)] == [reason]


async def test_a_character_that_is_taken_over_goes_on_listening(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob", browser=True)
    del kit.realtime.listeners[bob.visitor.listener]  # as `Hub.open` does: the new stream listens to nothing
    kit.realtime.open(bob.visitor.listener, bob.visitor.sender, kit.caller(bob).session_id)
    kit.lobbies.on_reentered(bob.visitor.listener)
    await kit.lobbies.say(ada.visitor.listener, "still here?")
    assert kit.heard(bob).kinds() == ["lobby_state", "lobby_message"]
    kit.lobbies.on_reentered(CharacterId("nobody"))


# --- guests ----------------------------------------------------------------------------------------


async def test_guests_have_numbers_nobody_else_has(kit: LobbyKit) -> None:
    first, second = kit.enter_guest("One"), kit.enter_guest("Two")
    assert (first.number, second.number) == (FIRST_GUEST, FIRST_GUEST + 1)
    kit.lobbies._last_guest = LAST_GUEST
    assert kit.lobbies.guest_number() == FIRST_GUEST + 2
    account = await kit.account("Ada")
    assert account.number < FIRST_GUEST


# --- being seen ------------------------------------------------------------------------------------


async def test_hidden_people(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    ghost = await kit.enter("Ghost", hidden=True)
    assert kit.there() == ["Ada"]
    assert [one.name for one in kit.lobbies.occupants(ARRIVAL, hidden=True)] == ["Ada", "Ghost"]
    assert {one.number for one in kit.lobbies.everybody()} == {ada.number, ghost.number}
    assert [one.name for one in kit.state(ghost).players] == ["Ada", "Ghost"]
    kit.lobbies.set_away(ghost.visitor.listener, True)
    kit.lobbies.enter(replace(ghost.visitor, looks=Looks("Spook")), ARRIVAL)
    with pytest.raises(Unreachable):
        await kit.lobbies.tell(ada.visitor.listener, ghost.number, "boo")
    with pytest.raises(Unreachable):
        kit.lobbies.by_name("Spook")
    await kit.lobbies.say(ghost.visitor.listener, "boo")
    kit.lobbies.leave(ghost.visitor.listener)
    assert kit.heard(ada).kinds() == ["lobby_state", "lobby_player_entered", "lobby_message", "lobby_message"]
    assert kit.talk(ada) == [("say", "Spook", "boo")]


async def test_views(kit: LobbyKit) -> None:
    looks = Looks("|bAda", team="|iBlue", primary=Colour(0xFFFF, 0x8000, 0x0100))
    ada = await kit.enter("Ada", looks=looks, role=Role.MODERATOR, clan=4)
    kit.lobbies.set_away(ada.visitor.listener, True, " tea \n time ")
    kit.lobbies.set_in_game(ada.visitor.listener, True)
    (view,) = kit.state(kit.enter_guest()).players[:1]
    assert (view.name, view.team, view.colour, view.role, view.clan) == ("Ada", "Blue", "#ff8001", "moderator", 4)
    assert (view.away, view.afk_text, view.in_game, view.is_guest, view.caste) == (True, "tea time", True, False, 3)
    assert (view.client, view.door) == ("Aleph One", "metaserver")
    assert kit.state(kit.enter_guest("Two")).players[1].colour == "#808080"


async def test_searching_lobbies(kit: LobbyKit) -> None:
    await kit.lobbies.add(OPERATOR, Lobby("The Shoal", 77, family=Family.MYTH2))
    assert [one.name for one in kit.lobbies.search("SHOAL")] == ["The Shoal"]
    assert [one.name for one in kit.lobbies.search("shoal", family=Family.MARATHON)] == []
    assert "The Shoal" in [one.name for one in kit.lobbies.search(family=Family.MYTH2)]
    assert kit.lobbies.search() == kit.lobbies.views()


async def test_changes_are_told_once(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    listener = bob.visitor.listener
    kit.realtime.clear()
    kit.lobbies.dress(listener, Looks("|iBobby"))
    kit.lobbies.dress(listener, Looks("|iBobby"))
    kit.lobbies.set_in_game(listener, True)
    kit.lobbies.set_away(listener, False)
    told = kit.heard(ada).of(LobbyPlayerChanged)
    assert [(one.player.name, one.player.in_game) for one in told] == [("Bobby", False), ("Bobby", True)]
    assert kit.heard(ada).events[-1].subject == kit.lobbies.occupant(listener)
    assert kit.heard(bob).of(LobbyPlayerChanged) == told
    nobody = CharacterId("nobody")
    with pytest.raises(NotInLobby):
        kit.lobbies.dress(nobody, Looks("x"))
    with pytest.raises(NotInLobby):
        kit.lobbies.set_away(nobody, True)
    with pytest.raises(NotInLobby):
        kit.lobbies.set_in_game(nobody, True)


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("  Ada  ", "Ada"),
        ("", "Player"),
        ("|b|p", "Player"),
        ("°Boss", "Boss"),
        ("° °Boss", "Boss"),
        ("A\x00da\u202e", "Ada"),
        ("x" * 40, "x" * 31),
    ],
)
async def test_names_are_made_presentable(kit: LobbyKit, wanted: str, shown: str) -> None:
    entered = await kit.enter("Player", looks=Looks(wanted, team="°T"))
    assert (entered.name, entered.looks.team) == (shown, "T")


async def test_the_staff_may_carry_its_mark(kit: LobbyKit) -> None:
    boss = await kit.enter("Boss", role=Role.ADMIN, looks=Looks("°Boss"))
    assert boss.name == "°Boss"


async def test_two_of_a_name_are_told_apart(kit: LobbyKit) -> None:
    await kit.enter("Ada")
    spoof = await kit.enter("Mallory", looks=Looks("|bA|pda"))
    assert spoof.name == "Ada (Mallory)"
    guest = kit.enter_guest("ada")
    assert guest.name == f"ada ({guest.number % 1000})"
    assert kit.enter_guest("Ada (Mallory)").name.startswith("Ada (Mallory) (")
    assert kit.lobbies.dress(spoof.visitor.listener, Looks("Mal")).name == "Mal"
    assert kit.lobbies.dress(spoof.visitor.listener, Looks("Mal")).name == "Mal"
    long = await kit.enter("Longwinded", looks=Looks("x" * 31))
    other = kit.enter_guest("x" * 31)
    assert len(other.name) == len(long.name) == 31
    assert other.name != long.name


async def test_a_mark_that_is_taken_too_is_not_used(kit: LobbyKit) -> None:
    await kit.enter("Ada")
    await kit.enter("Zoe", looks=Looks("Ada (Mallory)"))
    mallory = await kit.enter("Mallory", looks=Looks("Ada"))
    assert mallory.name == f"Ada ({mallory.number})"


async def test_finding_people_by_name(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada", looks=Looks("|bCountess"))
    adam = await kit.enter("Adam", SMALL)
    adele = await kit.enter("Adele", SMALL)
    find = kit.lobbies.by_name
    assert find("countess") == find("ada") == ada
    assert find("adam") == adam
    assert find("adel") == adele
    assert find("coun") == ada
    assert find("ad", ARRIVAL) == ada  # those nearby first
    with pytest.raises(BadUsage, match="Adam"):
        find("ad", SMALL)
    for nobody in ("", "|b", "zoe"):
        with pytest.raises(Unreachable):
            find(nobody)


# --- talk ------------------------------------------------------------------------------------------


async def test_words_reach_all_in_the_lobby_and_the_speaker(kit: LobbyKit) -> None:
    ada, bob, eve = await kit.enter("Ada"), await kit.enter("Bob"), await kit.enter("Eve", SMALL)
    await kit.lobbies.say(ada.visitor.listener, "  |bHello|p   there\x07 ")
    for one in (ada, bob):
        (said,) = [one for one in kit.heard(one).of(LobbyMessage) if one.kind == "say"]
        assert (said.number, said.name, said.target) == (ada.number, "Ada", 0)
        assert (said.message, said.styled) == ("Hello   there", "|bHello|p   there")
        assert said.timestamp == kit.clock.now()
    assert kit.talk(eve) == []
    event = kit.heard(bob).events[-1]
    assert (event.subject, event.sender, event.message_id) == (ada, ada.visitor.account_id, said.id)
    with pytest.raises(NotInLobby):
        await kit.lobbies.say(CharacterId("nobody"), "hello")


async def test_empty_words_are_dropped_and_long_ones_cut(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    for nothing in ("", "  ", "|b", "\x00"):
        await kit.lobbies.say(ada.visitor.listener, nothing)
        await kit.lobbies.act(ada.visitor.listener, nothing)
        await kit.lobbies.tell(ada.visitor.listener, ada.number, nothing)
    assert kit.talk(ada) == []
    await kit.lobbies.say(ada.visitor.listener, "é" * 600)
    assert kit.talk(ada) == [("say", "Ada", "é" * 512)]


async def test_talking_ends_being_away(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    kit.lobbies.set_away(ada.visitor.listener, True, "tea")
    await kit.lobbies.tell(bob.visitor.listener, ada.number, "there?")
    assert kit.lines(bob)[-1] == "Ada is away: tea"
    await kit.lobbies.say(ada.visitor.listener, "back")
    changes = [one.player.away for one in kit.heard(bob).of(LobbyPlayerChanged)]
    assert changes == [True, False]
    kit.lobbies.set_away(ada.visitor.listener, True)
    await kit.lobbies.tell(bob.visitor.listener, ada.number, "again?")
    assert kit.lines(bob)[-1] == "Ada is away."
    await kit.lobbies.tell(ada.visitor.listener, bob.number, "here I am")  # alone is talking, too
    assert [one.player.away for one in kit.heard(bob).of(LobbyPlayerChanged)] == [True, False, True, False]


async def test_in_a_squelched_lobby_only_the_staff_talks_to_all(kit: LobbyKit) -> None:
    assert not kit.lobbies.view(ARRIVAL).squelched
    await kit.lobbies.change(OPERATOR, ARRIVAL, squelched=True)
    assert kit.lobbies.view(ARRIVAL).squelched
    ada, bob, keeper = await kit.enter("Ada"), await kit.enter("Bob"), await kit.enter("Keeper", role=Role.MODERATOR)
    for talk in (kit.lobbies.say, kit.lobbies.act):
        with pytest.raises(Muted, match="Only the staff"):
            await talk(ada.visitor.listener, "hello")
    await kit.lobbies.tell(ada.visitor.listener, bob.number, "psst")
    await kit.lobbies.say(keeper.visitor.listener, "quiet, please")
    assert kit.talk(bob) == [("private", "Ada", "psst"), ("say", "Keeper", "quiet, please")]


async def test_the_last_words_are_kept(clock: FakeClock, store: Store) -> None:
    kit = LobbyKit(clock, store, policy=LobbyPolicy(history=3))
    ada = await kit.enter("Ada")
    for number in range(5):
        await kit.lobbies.say(ada.visitor.listener, str(number))
    assert [said.message for said in await kit.lobbies.recent(ARRIVAL)] == ["2", "3", "4"]
    assert [said.message for said in kit.state(await kit.enter("Bob")).messages] == ["2", "3", "4"]
    assert await kit.lobbies.recent(SMALL) == []
    with pytest.raises(NotFound):
        await kit.lobbies.recent(99)


async def test_acting(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    await kit.lobbies.act(ada.visitor.listener, "dances")
    assert kit.talk(bob) == [("action", "Ada", "dances")]
    kit.clock.advance(timedelta(seconds=5))
    with pytest.raises(TooMany) as refused:
        await kit.lobbies.act(ada.visitor.listener, "dances")
    assert refused.value.retry_after == timedelta(seconds=10)
    await kit.lobbies.act(bob.visitor.listener, "claps")
    kit.clock.advance(timedelta(seconds=10))
    await kit.lobbies.act(ada.visitor.listener, "bows")
    assert [what for _, _, what in kit.talk(bob)] == ["dances", "claps", "bows"]


async def test_private_words(kit: LobbyKit) -> None:
    ada, bob, eve = await kit.enter("Ada"), await kit.enter("Bob", SMALL), await kit.enter("Eve")
    await kit.lobbies.tell(ada.visitor.listener, bob.number, "|ipsst")
    for one in (ada, bob):
        (said,) = [one for one in kit.heard(one).of(LobbyMessage) if one.kind == "private"]
        assert (said.number, said.target, said.target_name, said.styled) == (ada.number, bob.number, "Bob", "|ipsst")
    assert kit.heard(bob).events[-1].subject == ada
    assert kit.talk(eve) == []
    await kit.lobbies.tell(ada.visitor.listener, eve.number, "no echo", echo=False)
    await kit.lobbies.tell(ada.visitor.listener, ada.number, "note to myself")
    assert [what for _, _, what in kit.talk(ada)] == ["psst", "note to myself"]
    assert await kit.lobbies.recent(ARRIVAL) == []
    with pytest.raises(Unreachable):
        await kit.lobbies.tell(ada.visitor.listener, 4711, "hello?")
    with pytest.raises(NotInLobby):
        await kit.lobbies.tell(CharacterId("nobody"), ada.number, "hello?")


async def test_whoever_plays_does_not_read(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob", looks=Looks("|bBob"))
    kit.lobbies.set_in_game(bob.visitor.listener, True)
    await kit.lobbies.tell(ada.visitor.listener, bob.number, "hello")
    assert kit.lines(ada)[-1] == "Bob is playing and does not read that now."


async def test_lines_of_the_server(kit: LobbyKit) -> None:
    ada, eve = await kit.enter("Ada"), await kit.enter("Eve", SMALL)
    kit.realtime.clear()
    kit.lobbies.line(ARRIVAL, "one\n\ntwo")
    kit.lobbies.line(None, "|ball")
    kit.lobbies.line_to(eve.visitor.listener, "you")
    assert kit.lines(ada) == ["one", "two", "|ball"]
    assert kit.lines(eve) == ["|ball", "you"]
    said = kit.heard(ada).of(LobbyMessage)[-1]
    assert (said.kind, said.number, said.name, said.message) == ("line", 0, "", "all")
    with pytest.raises(NotFound):
        kit.lobbies.line(99, "?")


async def test_commands_are_not_said(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    browser = await kit.enter("Bob", browser=True)
    for words in ("...", ".5", "/who", "."):
        await kit.lobbies.say(ada.visitor.listener, words)
    assert [what for _, _, what in kit.talk(browser)] == ["...", ".5", "/who", "."]
    assert (await kit.typed(browser, "/time"))[0].endswith("UTC.")
    await kit.lobbies.tell(ada.visitor.listener, browser.number, ".time")
    assert kit.lines(ada)[-1].endswith("UTC.")
    assert len(kit.talk(browser)) == 4
    kit.lobbies.commands = None
    assert await kit.typed(ada, ".who") == ["There are no commands here."]


async def test_who_left_meanwhile_says_nothing(kit: LobbyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    read = kit.store.read

    async def slow_read(work: Any) -> Any:
        kit.lobbies.leave(ada.visitor.listener)
        return await read(work)

    monkeypatch.setattr(kit.store, "read", slow_read)
    await kit.lobbies.say(ada.visitor.listener, "hello")
    assert kit.talk(bob) == []


# --- voices ----------------------------------------------------------------------------------------


async def test_a_muted_account_is_mute_in_lobbies(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob", browser=True)
    await kit.lobbies.say(ada.visitor.listener, "before")
    await kit.moderation.mute(OPERATOR, ada.visitor.account_id, 10, "spam")  # type: ignore[arg-type]
    assert kit.lines(ada)[-1].startswith("You are muted until ")
    for speaking in (
        kit.lobbies.say(ada.visitor.listener, "x"),
        kit.lobbies.act(ada.visitor.listener, "x"),
        kit.lobbies.tell(ada.visitor.listener, bob.number, "x"),
    ):
        with pytest.raises(Muted) as refused:
            await speaking
        assert refused.value.retry_after == timedelta(minutes=10)
    kit.clock.advance(timedelta(minutes=10))
    await kit.lobbies.say(ada.visitor.listener, "after")
    assert [what for _, _, what in kit.talk(bob)] == ["before", "after"]


async def test_a_mute_of_before_holds_and_is_lifted(kit: LobbyKit) -> None:
    visitor = await kit.visitor("Ada")
    await kit.moderation.mute(OPERATOR, visitor.account_id, None)  # type: ignore[arg-type]
    ada = kit.lobbies.enter(visitor, ARRIVAL)
    with pytest.raises(Muted, match="until the staff lifts it"):
        await kit.lobbies.say(ada.visitor.listener, "x")
    with pytest.raises(Muted):
        await kit.lobbies.tell(ada.visitor.listener, ada.number, "x")
    await kit.moderation.unmute(OPERATOR, visitor.account_id)  # type: ignore[arg-type]
    assert kit.lines(ada)[-1] == "You are no longer muted."
    await kit.lobbies.say(ada.visitor.listener, "thanks")
    assert kit.talk(ada) == [("say", "Ada", "thanks")]


async def test_somebody_in_the_world_is_told_of_a_mute_there(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada", browser=True)
    before = kit.lines(ada)
    await kit.moderation.mute(OPERATOR, ada.visitor.account_id, None)  # type: ignore[arg-type]
    assert kit.lines(ada) == before
    assert kit.heard(ada).kinds()[-1] == "system"
    with pytest.raises(Muted):
        await kit.lobbies.say(ada.visitor.listener, "x")


async def test_a_measure_taken_while_the_rows_are_read_counts(kit: LobbyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await kit.enter("Ada")
    read = kit.store.read

    async def slow_read(work: Any) -> Any:
        found = await read(work)
        monkeypatch.setattr(kit.store, "read", read)
        await kit.moderation.mute(OPERATOR, ada.visitor.account_id, None)  # type: ignore[arg-type]
        return found

    monkeypatch.setattr(kit.store, "read", slow_read)
    with pytest.raises(Muted):
        await kit.lobbies.say(ada.visitor.listener, "x")


async def test_guests_are_muted_for_as_long_as_they_are_there(kit: LobbyKit) -> None:
    moderator = await kit.enter("Watcher", role=Role.MODERATOR)
    guest = kit.enter_guest()
    await kit.lobbies.mute_guest(kit.caller(moderator), guest.number, 5, "spam")
    with pytest.raises(Muted):
        await kit.lobbies.say(guest.visitor.listener, "x")
    await kit.lobbies.mute_guest(kit.caller(moderator), guest.number, None)
    kit.clock.advance(HOUR)
    with pytest.raises(Muted):
        await kit.lobbies.say(guest.visitor.listener, "x")
    await kit.lobbies.unmute_guest(kit.caller(moderator), guest.number)
    await kit.lobbies.say(guest.visitor.listener, "x")
    assert kit.lines(guest)[-3:] == ["You are muted.", "You are muted.", "You are no longer muted."]
    assert [action for action, _ in await kit.audited()] == ["lobby.muted", "lobby.muted", "lobby.unmuted"]
    for minutes in (0, -1, 1e12, float("nan")):
        with pytest.raises(InvalidInput):
            await kit.lobbies.mute_guest(kit.caller(moderator), guest.number, minutes)
    with pytest.raises(Unreachable):
        await kit.lobbies.mute_guest(kit.caller(moderator), 4711, 5)
    with pytest.raises(PermissionDenied):
        await kit.lobbies.mute_guest(kit.caller(await kit.enter("Ada")), guest.number, 5)


async def test_a_muted_guest_is_mute_in_the_next_lobby_too(kit: LobbyKit) -> None:
    guest = kit.enter_guest()
    await kit.lobbies.mute_guest(OPERATOR, guest.number, 5)
    kit.lobbies.enter(guest.visitor, SMALL)
    with pytest.raises(Muted):
        await kit.lobbies.say(guest.visitor.listener, "x")


async def test_a_guest_who_left_before_the_measure_was_saved(kit: LobbyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    guest = kit.enter_guest()
    write = kit.store.write

    async def slow_write(work: Any, **more: Any) -> Any:
        kit.lobbies.leave(guest.visitor.listener)
        return await write(work, **more)

    monkeypatch.setattr(kit.store, "write", slow_write)
    await kit.lobbies.mute_guest(OPERATOR, guest.number, 5)
    kit.lobbies.enter(guest.visitor, ARRIVAL)
    await kit.lobbies.say(guest.visitor.listener, "x")
    assert kit.talk(guest) == [("say", "Wanderer", "x")]


# --- not listening ---------------------------------------------------------------------------------


async def test_ignoring(kit: LobbyKit) -> None:
    ada, bob, guest = await kit.enter("Ada"), await kit.enter("Bob"), kit.enter_guest()
    for pest in (bob, guest):
        assert (await kit.lobbies.ignore(ada.visitor.listener, pest.number)) == pest
        await kit.lobbies.say(pest.visitor.listener, "x")
        with pytest.raises(Unreachable):
            await kit.lobbies.tell(pest.visitor.listener, ada.number, "x")
    assert kit.talk(ada) == []
    own = kit.lobbies.occupant(ada.visitor.listener)
    assert own is not None
    assert own.ignored == {bob.number, guest.number}
    await kit.lobbies.unignore(ada.visitor.listener, bob.number)
    await kit.lobbies.say(bob.visitor.listener, "sorry")
    assert kit.talk(ada) == [("say", "Bob", "sorry")]
    with pytest.raises(BadUsage):
        await kit.lobbies.ignore(ada.visitor.listener, ada.number)
    with pytest.raises(Unreachable):
        await kit.lobbies.ignore(ada.visitor.listener, 4711)


async def test_one_listens_again_to_who_is_not_here(kit: LobbyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob, guest = await kit.enter("Ada"), await kit.enter("Bob"), kit.enter_guest()
    zed = await kit.visitor("Zed")
    own = ada.visitor.account_id
    assert own is not None
    for pest in (bob, guest):
        await kit.lobbies.ignore(ada.visitor.listener, pest.number)
    assert await kit.lobbies.ignored(own) == [(bob.number, "Bob"), (guest.number, "Wanderer")]
    kit.lobbies.leave(bob.visitor.listener)
    kit.lobbies.leave(guest.visitor.listener)
    assert await kit.lobbies.ignored(own) == [(bob.number, "Bob")]
    await kit.lobbies.unignore(ada.visitor.listener, bob.number)
    assert await kit.lobbies.ignored(own) == []
    assert kit.heard(ada).ignored == {guest.visitor.sender}
    with pytest.raises(Unreachable):
        await kit.lobbies.unignore(ada.visitor.listener, guest.number)
    with pytest.raises(NotInLobby):
        await kit.lobbies.unignore(zed.listener, bob.number)
    read = kit.store.read

    async def slow_read(work: Any) -> Any:
        kit.lobbies.leave(ada.visitor.listener)
        return await read(work)

    monkeypatch.setattr(kit.store, "read", slow_read)
    await kit.lobbies.unignore(ada.visitor.listener, bob.number)
    assert kit.lobbies.occupant(ada.visitor.listener) is None
    assert await kit.lobbies.ignored(own) == []


async def test_accounts_go_on_ignoring_accounts(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    await kit.lobbies.ignore(ada.visitor.listener, bob.number)
    kit.lobbies.leave(ada.visitor.listener)
    kit.realtime.listeners[ada.visitor.listener].ignored = frozenset()
    await kit.lobbies.say(bob.visitor.listener, "x")
    kit.lobbies.enter(ada.visitor, ARRIVAL)
    await kit.lobbies.settle()
    await kit.lobbies.say(bob.visitor.listener, "y")
    assert kit.talk(ada) == []
    await kit.lobbies.unignore(ada.visitor.listener, bob.number)
    kit.lobbies.leave(ada.visitor.listener)
    kit.lobbies.enter(ada.visitor, ARRIVAL)
    await kit.lobbies.settle()
    assert [said.message for said in kit.state(ada).messages] == ["x", "y"]


async def test_whom_one_ignores_in_the_world_one_ignores_in_lobbies(kit: LobbyKit) -> None:
    bob = await kit.enter("Bob")
    visitor = await kit.visitor("Ada", browser=True)
    present = kit.presence.get(visitor.listener)
    assert present is not None
    present.ignored = frozenset({bob.visitor.sender})
    await kit.lobbies.say(bob.visitor.listener, "x")
    ada = kit.lobbies.enter(visitor, ARRIVAL)
    assert kit.state(ada).messages == []
    guest = kit.enter_guest()
    await kit.lobbies.ignore(ada.visitor.listener, guest.number)
    assert present.ignored == {bob.visitor.sender, guest.visitor.sender}


async def test_who_leaves_while_it_is_saved_ignores_nobody(kit: LobbyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    write = kit.store.write

    async def slow_write(work: Any, **more: Any) -> Any:
        kit.lobbies.leave(ada.visitor.listener)
        return await write(work, **more)

    monkeypatch.setattr(kit.store, "write", slow_write)
    await kit.lobbies.ignore(ada.visitor.listener, bob.number)
    assert kit.heard(ada).ignored == frozenset()


async def test_who_leaves_while_it_is_read_is_left_alone(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    await kit.lobbies.ignore(ada.visitor.listener, bob.number)
    kit.lobbies.leave(ada.visitor.listener)
    kit.realtime.set_ignored(ada.visitor.listener, frozenset())
    kit.lobbies.enter(ada.visitor, ARRIVAL)
    kit.lobbies.leave(ada.visitor.listener)
    await kit.lobbies.settle()
    assert kit.heard(ada).ignored == frozenset()


# --- measures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("browser", [False, True])
async def test_a_kick_ends_the_connection_on_every_door(kit: LobbyKit, browser: bool) -> None:
    moderator = await kit.enter("Watcher", role=Role.MODERATOR)
    kit.realtime.subscribe(moderator.visitor.listener, STAFF_TOPIC)
    ada = await kit.enter("Ada", browser=browser)
    await kit.lobbies.kick(kit.caller(moderator), ada.number, "spam")
    ((listener, farewell),) = kit.realtime.closed
    assert listener == ada.visitor.listener
    assert isinstance(farewell, Disconnect)
    assert (farewell.reason, farewell.code, farewell.message) == (
        "removed",
        4506,
        "You were removed by the staff: spam",
    )
    assert [one.reason for one in kit.heard(moderator).of(LobbyPlayerLeft)] == ["kicked"]
    assert kit.lines(moderator)[-1] == "Ada was removed by Watcher."
    assert [one.message for one in kit.heard(moderator).of(AdminEvent)] == ["Watcher removed Ada."]
    assert await kit.audited() == [("lobby.kicked", ada.visitor.account_id)]


async def test_who_may_kick_whom(kit: LobbyKit) -> None:
    moderator = await kit.enter("Watcher", role=Role.MODERATOR)
    admin = await kit.enter("Boss", role=Role.ADMIN)
    ada, guest = await kit.enter("Ada"), kit.enter_guest()
    for actor, target in ((ada, guest), (moderator, admin), (moderator, moderator)):
        with pytest.raises(PermissionDenied):
            await kit.lobbies.kick(kit.caller(actor), target.number)
    await kit.lobbies.kick(kit.caller(moderator), guest.number)
    await kit.lobbies.kick(kit.caller(admin), moderator.number)
    assert [one.name for one in kit.lobbies.everybody()] == ["Boss", "Ada"]
    with pytest.raises(Unreachable):
        await kit.lobbies.kick(OPERATOR, guest.number)


async def test_a_kick_out_of_a_lobby_that_is_closed_meanwhile(kit: LobbyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await kit.enter("Ada", SMALL)
    write = kit.store.write

    async def slow_write(work: Any, **more: Any) -> Any:
        monkeypatch.setattr(kit.store, "write", write)
        await kit.lobbies.remove(OPERATOR, SMALL)
        return await write(work, **more)

    monkeypatch.setattr(kit.store, "write", slow_write)
    await kit.lobbies.kick(OPERATOR, ada.number)
    assert kit.lobbies.everybody() == []


async def test_a_banned_account_is_gone_from_lobbies(kit: LobbyKit) -> None:
    bob, ada = await kit.enter("Bob"), await kit.enter("Ada", browser=True)
    await kit.moderation.ban(OPERATOR, ada.visitor.account_id, 7, "cheating")  # type: ignore[arg-type]
    assert kit.there() == ["Bob"]
    assert [one.reason for one in kit.heard(bob).of(LobbyPlayerLeft)] == ["kicked"]
    ((listener, farewell),) = kit.realtime.closed
    assert listener == ada.visitor.listener
    assert isinstance(farewell, Disconnect)
    assert (farewell.reason, farewell.code) == ("account_disabled", 4501)


async def test_another_name_of_the_account_is_known_at_once(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    account = await kit.store.read(lambda tx: tx.accounts.require(ada.visitor.account_id))  # type: ignore[arg-type]
    account.name = "Ida"
    kit.lobbies.account_changed(account)
    now = kit.lobbies.by_number(ada.number)
    assert now is not None and now.visitor.name == "Ida"


async def test_another_role_is_seen_at_once(kit: LobbyKit) -> None:
    bob, ada = await kit.enter("Bob"), await kit.enter("Ada")
    account = await kit.store.read(lambda tx: tx.accounts.require(ada.visitor.account_id))  # type: ignore[arg-type]
    kit.lobbies.account_changed(account)
    assert kit.heard(bob).of(LobbyPlayerChanged) == []
    account.role = Role.MODERATOR
    kit.lobbies.account_changed(account)
    assert [one.player.role for one in kit.heard(bob).of(LobbyPlayerChanged)] == ["moderator"]
    account.status = AccountStatus.DELETED
    kit.lobbies.account_changed(account)
    assert kit.there() == ["Bob"]


# --- the list of lobbies ---------------------------------------------------------------------------


async def test_lobbies_are_opened_changed_and_closed_for_good(kit: LobbyKit) -> None:
    admin = kit.caller(await kit.visitor("Boss", role=Role.ADMIN))
    shoal = Lobby("Shoal", 4, ranked=True, family=Family.MYTH2, min_caste=2)
    assert await kit.lobbies.add(admin, shoal) == shoal
    await kit.lobbies.change(admin, SMALL, name="Cosy Nook", capacity=3)
    await kit.lobbies.remove(admin, RANKED)
    restarted = kit.service()
    assert restarted.lobbies() == sorted(LOBBIES, key=lambda one: one.room_id)
    await restarted.catch_up()
    for service in (kit.lobbies, restarted):
        assert [(one.room_id, one.name, one.capacity) for one in service.lobbies()] == [
            (4, "Shoal", 32),
            (SMALL, "Cosy Nook", 3),
            (ARRIVAL, "Arrival", 32),
        ]
        assert service.lobby(4) == shoal
    await kit.lobbies.remove(admin, 4)
    await kit.lobbies.add(admin, Lobby("Ferry", RANKED))
    await restarted.catch_up()
    assert [one.name for one in restarted.lobbies()] == ["Ferry", "Cosy Nook", "Arrival"]
    assert [action for action, _ in await kit.audited()] == [
        "lobby.added",
        "lobby.changed",
        "lobby.removed",
        "lobby.removed",
        "lobby.added",
    ]


async def test_what_cannot_be_done_to_the_list(kit: LobbyKit) -> None:
    moderator = kit.caller(await kit.visitor("Watcher", role=Role.MODERATOR))
    for change in (
        kit.lobbies.add(moderator, Lobby("Shoal", 4)),
        kit.lobbies.change(moderator, SMALL, name="x"),
        kit.lobbies.remove(moderator, SMALL),
    ):
        with pytest.raises(PermissionDenied):
            await change
    for wrong in (
        kit.lobbies.add(OPERATOR, Lobby("Again", SMALL)),
        kit.lobbies.add(OPERATOR, Lobby("", 4)),
        kit.lobbies.change(OPERATOR, SMALL, capacity=0),
    ):
        with pytest.raises(InvalidInput):
            await wrong
    for missing in (kit.lobbies.change(OPERATOR, 99, name="x"), kit.lobbies.remove(OPERATOR, 99)):
        with pytest.raises(NotFound):
            await missing
    assert await kit.audited() == []


async def test_who_is_in_a_lobby_that_is_closed_has_to_go(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada", SMALL), await kit.enter("Bob", SMALL, browser=True)
    await kit.lobbies.remove(OPERATOR, SMALL)
    ((listener, farewell),) = kit.realtime.closed
    assert listener == ada.visitor.listener
    assert isinstance(farewell, Disconnect)
    assert (farewell.reason, farewell.may_reconnect) == ("lobby_closed", True)
    assert kit.lines(bob) == ["Nook was closed."]
    assert kit.lobbies.everybody() == []


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as an error; that something was slow or tried again is none."""
    return [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


async def test_an_announcement_to_a_lobby_that_is_closed_meanwhile(
    kit: LobbyKit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await kit.enter("Ada", SMALL, browser=True)
    await kit.lobbies.announce(OPERATOR, SMALL, "The cup begins.")
    write = kit.store.write

    async def slow_write(work: Any, **more: Any) -> Any:
        monkeypatch.setattr(kit.store, "write", write)
        await kit.lobbies.remove(OPERATOR, SMALL)
        return await write(work, **more)

    monkeypatch.setattr(kit.store, "write", slow_write)
    await kit.lobbies.announce(OPERATOR, SMALL, "The cup is over.")
    assert faults(caplog) == []  # that nobody is there to hear it is no error
    assert kit.lines(ada) == ["The cup begins.", "Nook was closed."]
    assert [action for action, _ in await kit.audited()] == ["room.announced", "lobby.removed", "room.announced"]


@pytest.mark.parametrize("meanwhile", ["left", "went elsewhere", "lobby removed"])
async def test_whom_the_staff_cannot_move_any_more(
    kit: LobbyKit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, meanwhile: str
) -> None:
    await kit.lobbies.add(OPERATOR, Lobby("Shoal", 4))
    ada = await kit.enter("Ada", browser=True)
    write = kit.store.write

    async def slow_write(work: Any, **more: Any) -> Any:
        monkeypatch.setattr(kit.store, "write", write)
        match meanwhile:
            case "left":
                kit.lobbies.leave(ada.visitor.listener)
            case "went elsewhere":
                kit.lobbies.enter(ada.visitor, 4)
            case "lobby removed":
                await kit.lobbies.remove(OPERATOR, SMALL)
        return await write(work, **more)

    monkeypatch.setattr(kit.store, "write", slow_write)
    moved = await kit.lobbies.move(OPERATOR, ada.number, SMALL)
    there = {"left": None, "went elsewhere": 4, "lobby removed": ARRIVAL}[meanwhile]
    now = kit.lobbies.occupant(ada.visitor.listener)
    assert (now.room_id if now is not None else None) == there
    assert moved == (now or ada)
    assert "The staff moved you to Nook." not in kit.lines(ada)
    assert faults(caplog) == []


async def test_a_new_greeting_is_read_at_once(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    await kit.lobbies.change(OPERATOR, ARRIVAL, motd="Tournament tonight!")
    await kit.lobbies.change(OPERATOR, ARRIVAL, motd="")
    await kit.lobbies.catch_up()
    assert kit.lines(ada) == ["Welcome.", "Tournament tonight!"]


async def test_a_locked_lobby_lets_nobody_in_but_the_staff(kit: LobbyKit) -> None:
    ada, boss = await kit.enter("Ada"), await kit.visitor("Watcher", role=Role.MODERATOR)
    bob = await kit.visitor("Bob", family=Family.MARATHON)
    with pytest.raises(PermissionDenied):
        await kit.lobbies.lock(kit.caller(ada.visitor), ARRIVAL, True)
    assert (await kit.lobbies.lock(kit.caller(boss), ARRIVAL, True)).locked
    assert kit.lobbies.view(ARRIVAL).locked
    with pytest.raises(LobbyClosedToYou, match="locked"):
        kit.lobbies.enter(bob, ARRIVAL)
    assert kit.lobbies.enter(boss, ARRIVAL).room_id == ARRIVAL
    assert "NO  closed: Arrival is locked; the staff lets nobody in for now." in kit.lobbies.why(bob, ARRIVAL)
    await kit.lobbies.lock(kit.caller(boss), ARRIVAL, False)
    kit.lobbies.enter(bob, ARRIVAL)
    assert kit.lines(ada) == ["Welcome.", "Arrival is locked.", "Arrival is open again."]
    assert [action for action, _ in await kit.audited()] == ["lobby.locked", "lobby.unlocked"]
    with pytest.raises(NotFound):
        await kit.lobbies.lock(OPERATOR, 99, True)


async def test_what_was_read_before_a_change_does_not_undo_it(kit: LobbyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    read = kit.store.read

    async def slow_read(work: Any) -> Any:
        found = await read(work)
        monkeypatch.setattr(kit.store, "read", read)
        await kit.lobbies.add(OPERATOR, Lobby("Shoal", 4))
        await kit.enter("Ada", 4)
        return found

    monkeypatch.setattr(kit.store, "read", slow_read)
    await kit.lobbies.catch_up()
    assert kit.there(4) == ["Ada"]


async def test_unknown_fields_of_a_later_version_do_no_harm(kit: LobbyKit) -> None:
    row = '{"5": {"name": "Nook", "room_id": 5, "family": "myth", "colour": "red"}}'
    await kit.store.write(lambda tx: tx.facts.set("lobbies", row))
    await kit.lobbies.catch_up()
    assert kit.lobbies.lobby(5) == Lobby("Nook", 5, family=Family.MYTH)


async def test_a_temporary_lobby_is_closed_when_it_was_left_for_long(kit: LobbyKit) -> None:
    await kit.lobbies.add(OPERATOR, Lobby("Tent", 7, temporary=True))
    await kit.lobbies.tick()
    kit.clock.advance(timedelta(seconds=200))
    ada = await kit.enter("Ada", 7)
    kit.clock.advance(HOUR)
    await kit.lobbies.tick()
    kit.lobbies.leave(ada.visitor.listener)
    kit.clock.advance(timedelta(seconds=299))
    await kit.lobbies.tick()
    assert kit.lobbies.lobby(7).name == "Tent"
    kit.clock.advance(timedelta(seconds=1))
    await kit.lobbies.tick()
    with pytest.raises(NotFound):
        kit.lobbies.lobby(7)
    assert len(kit.lobbies.lobbies()) == 3


# --- how many are where ----------------------------------------------------------------------------


async def test_counts_are_told_once_when_they_changed(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    await kit.enter("Bob", SMALL)
    await kit.lobbies.tick()
    await kit.lobbies.tick()
    (counts,) = kit.heard(ada).of(LobbyCounts)
    assert {one.name: (one.players, one.games) for one in counts.lobbies} == {
        "Otter Ferry": (0, 0),
        "Nook": (1, 0),
        "Arrival": (1, 0),
    }
    kit.hosting.announce(ada.visitor.listener, address="192.0.2.1", port=1, facts=GameFacts())
    await kit.lobbies.tick()
    assert kit.heard(ada).of(LobbyCounts)[-1].lobbies == kit.lobbies.views()
    assert kit.lobbies.view(ARRIVAL).games == 1


async def test_a_departing_hosts_game_goes_first(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    game = kit.hosting.announce(bob.visitor.listener, address="192.0.2.1", port=1, facts=GameFacts())
    kit.realtime.clear()
    kit.lobbies.leave(bob.visitor.listener)
    assert kit.heard(ada).kinds() == ["lobby_game_removed", "lobby_player_left"]
    assert kit.heard(ada).of(LobbyGameRemoved)[0].number == game.number
    assert kit.heard(bob).events == []


# --- anything in any order -------------------------------------------------------------------------

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["enter", "leave", "lose", "kick", "away", "dress", "host", "reopen"]),
        st.integers(0, 4),
        st.sampled_from([ARRIVAL, SMALL]),
    ),
    max_size=40,
)


class Onlooker:
    """What a client that only follows the events takes for true."""

    def __init__(self) -> None:
        self.players: dict[int, str] = {}
        self.games: set[int] = set()

    def hear(self, payload: object) -> None:
        if isinstance(payload, LobbyState):
            self.players = {one.number: one.name for one in payload.players}
            self.games = {one.number for one in payload.games}
        elif isinstance(payload, LobbyPlayerEntered | LobbyPlayerChanged):
            self.players[payload.player.number] = payload.player.name
        elif isinstance(payload, LobbyPlayerLeft):
            del self.players[payload.number]
        elif isinstance(payload, LobbyGameRemoved):
            self.games.discard(payload.number)
        elif type(payload).__name__ == "LobbyGameListed":
            self.games.add(payload.game.number)  # type: ignore[attr-defined]


@settings(max_examples=60, deadline=None)
@given(acts=ACTS)
def test_what_is_told_is_what_is(acts: list[tuple[str, int, int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    async def story() -> None:
        clock = FakeClock()
        async with open_store(new_sqlite(tmp_path_factory.mktemp("story")), clock=clock) as store:
            kit = LobbyKit(clock, store)
            people = [await kit.visitor(f"Player {letter}", browser=letter in "de") for letter in "abcde"]
            for act, who, room_id in acts:
                await _carry_out(kit, act, people[who], room_id)
                _check(kit)
            await kit.lobbies.settle()

    asyncio.run(story())


async def _carry_out(kit: LobbyKit, act: str, one: Any, room_id: int) -> None:
    lobbies, listener = kit.lobbies, one.listener
    occupant = lobbies.occupant(listener)
    if act == "reopen" or listener not in kit.realtime.listeners:
        kit.realtime.end(listener, "lost")
        kit.realtime.open(listener, one.sender, kit.caller(one).session_id)
    if act == "enter":
        try:
            lobbies.enter(one, room_id)
        except RoomFull:
            assert lobbies.occupant(listener) == occupant
            assert len(lobbies.occupants(SMALL)) == 2
    elif act == "leave":
        lobbies.leave(listener)
    elif act == "lose":
        lobbies.on_detached(listener)
    elif occupant is not None and kit.lobbies.occupant(listener) is not None:
        if act == "kick":
            await lobbies.kick(OPERATOR, one.number)
        elif act == "away":
            lobbies.set_away(listener, not occupant.away)
        elif act == "dress":
            lobbies.dress(listener, Looks(f"Twin {room_id}"))
        elif act == "host":
            kit.hosting.announce(listener, address="192.0.2.1", port=room_id, facts=GameFacts())


def _check(kit: LobbyKit) -> None:
    everybody: list[Occupant] = list(kit.lobbies.everybody())
    assert len({one.number for one in everybody}) == len({one.visitor.listener for one in everybody}) == len(everybody)
    assert {one.host for one in kit.hosting.games()} <= {one.number for one in everybody}
    for one in everybody:
        assert kit.lobbies.by_number(one.number) == kit.lobbies.occupant(one.visitor.listener) == one
        onlooker = Onlooker()
        for event in kit.heard(one).events:
            if isinstance(event.payload, LobbyPlayerLeft) and event.payload.number == one.number:
                onlooker = Onlooker()  # its own departure, or its older self's
                continue
            onlooker.hear(event.payload)
        there = kit.lobbies.occupants(one.room_id)
        assert onlooker.players == {other.number: other.name for other in there}
        assert onlooker.games == {game.number for game in kit.hosting.games(one.room_id)}
        assert kit.heard(one).topics == {f"lobby:{one.room_id}", "lobbies"}
    names = [one.name for one in everybody]
    assert len(set(names)) == len(names)
    for listener, heard in kit.realtime.listeners.items():
        if kit.lobbies.occupant(listener) is None:
            assert heard.topics == set()


def test_listeners_of_old_clients() -> None:
    assert lobby_listener(7) == "lobby:7"


async def test_who_leaves_while_speaking_is_asked_anew_next_time(
    kit: LobbyKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether they are muted was being read when they left; a mute of afterwards must not be missed."""
    visitor = await kit.visitor("Ada")
    ada = kit.lobbies.enter(visitor, ARRIVAL)
    genuine, may_read = kit.store.read, asyncio.Event()

    async def slowly(work: Any) -> Any:
        found = await genuine(work)
        await may_read.wait()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(kit.store, "read", slowly)
        words = asyncio.create_task(kit.lobbies.say(ada.visitor.listener, "last words"))
        await asyncio.sleep(0)
        kit.lobbies.leave(ada.visitor.listener)
        may_read.set()
        await words
    await kit.moderation.mute(OPERATOR, visitor.account_id, None)  # type: ignore[arg-type]
    again = kit.lobbies.enter(visitor, ARRIVAL)
    with pytest.raises(Muted):
        await kit.lobbies.say(again.visitor.listener, "x")
