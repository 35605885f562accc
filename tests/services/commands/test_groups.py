"""Every command, by what it answers and does."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from tests.support.clock import FakeClock
from tests.support.play import CELLAR, COIN, KEY, LANTERN, LETTER, SQUARE, TAVERN, VAULT, PlayKit, small_world

from mythgate.domain.accounts import Role
from mythgate.domain.errors import Unavailable
from mythgate.domain.events import AdminEvent, CommandResponse, Disconnect, FollowState, SystemMessage
from mythgate.domain.ids import STAFF_TOPIC
from mythgate.domain.presence import Presence
from mythgate.domain.textcommands import MAX_ALIASES
from mythgate.domain.world import SIGNPOSTED, Utterance
from mythgate.services.commands.guide import TOPICS
from mythgate.services.commands.table import REGISTRY
from mythgate.services.ports import Store, Transaction


async def ok(kit: PlayKit, one: Presence, line: str) -> CommandResponse:
    response = await kit.do(one, line)
    assert response.success, (line, response.result, response.hint)
    return response


async def refused(kit: PlayKit, one: Presence, line: str) -> CommandResponse:
    response = await kit.do(one, line)
    assert not response.success, (line, response.result)
    return response


# --- exploring -------------------------------------------------------------------------------------


async def test_look_around(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.somebody("Bob")
    await kit.lay(COIN)
    await kit.lay(COIN)
    response = await ok(kit, ada, "look")
    assert response.room_state is not None
    assert response.room_state.id == SQUARE
    assert response.result.splitlines() == [
        "the market square",
        "You are in the market square.",
        "A copper coin lies here. (×2)",
        "Bob is here.",
        "Ways: north, east, south.",
    ]
    assert (await ok(kit, ada, "look around")).room_state is not None


async def test_look_shows_how_people_are(kit: PlayKit) -> None:
    ada, bob, cid = [await kit.somebody(name, at=TAVERN) for name in ("Ada", "Bob", "Cid")]
    await ok(kit, bob, "away")
    kit.presence.on_detached(cid.character_id)
    text = (await ok(kit, ada, "l")).result
    assert "Bob (away) and Cid (linkdead) are here." in text
    assert "The tavern keeper polishes a mug." in text
    assert "down (locked)" in text


async def test_look_at_things(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.lay(LETTER)
    response = await ok(kit, ada, "look at the letter")
    assert (response.result, response.data) == (
        "Sealed.",
        {"kind": "item", "id": (await kit.lying())[0].id, "name": "a letter"},
    )
    assert "something to read" in (await ok(kit, ada, "examine letter")).result
    assert (await ok(kit, ada, "x fountain")).result == "It has run dry."
    assert (await refused(kit, ada, "look up")).code == "no_exit"


async def test_read(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    response = await ok(kit, ada, "read board")
    assert response.data is not None
    assert response.result == response.data["text"] == "Wanted: a lamplighter."
    assert "nothing to read" in (await ok(kit, ada, "read fountain")).result


@pytest.mark.parametrize("line", ["go north", "go n", "north", "n", "go door", "enter door", "N"])
async def test_going(kit: PlayKit, line: str) -> None:
    ada = await kit.somebody("Ada")
    response = await ok(kit, ada, line)
    assert ada.room_id == TAVERN
    assert response.room_changed
    assert response.room_state is not None
    assert (response.room_state.id, [one.name for one in response.room_state.players]) == (TAVERN, ["Ada"])
    assert response.result.startswith("You go north.\nthe tavern\n")
    assert response.data == {"direction": "north", "room_id": TAVERN, "first_visit": True}


async def test_going_nowhere(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    response = await refused(kit, ada, "up")
    assert (response.code, response.hint) == ("no_exit", "You can go north, east, south.")
    assert (await refused(kit, ada, "go")).code == "bad_usage"


async def test_the_answer_to_a_step_is_true_when_it_is_given(kit: PlayKit) -> None:
    """Whatever happens between the step and its answer is in the answer, or is told after it."""
    people = await kit.crowd(6)
    await kit.lay(COIN, people[5].character_id, carried=True)
    await kit.do(people[5], "north")
    responses = await asyncio.gather(*(kit.do(one, "north") for one in people[:5]), kit.do(people[5], "drop coin"))
    for response in responses[:5]:
        assert response.room_state is not None
        mine = next(one for one in people if response.room_state.id == one.room_id)
        assert mine.name
    final = {one.name for one in kit.present.in_room(TAVERN)}
    assert final == {one.name for one in people}


async def test_a_saved_step_is_answered_even_if_it_cannot_be_shown(
    kit: PlayKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await kit.somebody("Ada")

    async def out_of_reach(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(kit.sight, "items_in", out_of_reach)
    response = await kit.do(ada, "north", "c1")
    assert (response.success, response.room_changed, response.room_state) == (True, True, None)
    again = await kit.do(ada, "north", "c1")
    assert again.repeated
    kit.commands._answers._known.clear()
    again = await kit.do(ada, "north", "c1")
    assert (again.repeated, again.success, again.room_state) == (True, True, None)


async def test_exits_and_map(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await ok(kit, ada, "north")
    await ok(kit, ada, "south")
    response = await ok(kit, ada, "exits")
    assert response.result.splitlines() == ["north – the tavern", "east", "south"]
    assert response.data == {
        "exits": [
            {"direction": "north", "room_id": TAVERN, "locked": False},
            {"direction": "east", "room_id": None, "locked": False},
            {"direction": "south", "room_id": None, "locked": False},
        ]
    }
    drawn = (await ok(kit, ada, "map")).result
    assert "[" in drawn
    assert drawn == (await ok(kit, ada, "m")).result


async def test_signs_name_where_ways_lead(kit: PlayKit) -> None:
    world = kit.world.world
    square = dataclasses.replace(world.rooms[SQUARE], tags=frozenset({SIGNPOSTED}))
    kit.world.world = dataclasses.replace(world, rooms={**world.rooms, SQUARE: square})
    ada = await kit.somebody("Ada")
    seen = await ok(kit, ada, "look")
    assert "Ways: north to the tavern, east to " in seen.result
    assert seen.room_state is not None
    assert (seen.room_state.ways[0].name, seen.room_state.ways[0].room_id) == ("the tavern", None)
    assert "It leads to the tavern." in (await ok(kit, ada, "look north")).result


async def test_unlock(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    assert (await refused(kit, ada, "unlock down")).code == "exit_locked"
    assert (await ok(kit, ada, "unlock south")).result == "That way is not locked."
    await kit.lay(KEY, ada.character_id, carried=True)
    assert (await ok(kit, ada, "unlock trapdoor")).result == "You have the key. Just go down."
    await ok(kit, ada, "down")
    assert ada.room_id == CELLAR


# --- talking ---------------------------------------------------------------------------------------


async def test_talking_comes_back_once_and_not_in_the_answer(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    for line in ("say hi", "emote waves", "shout hi", "global hi", "tell Bob hi", "whisper Bob hi"):
        kit.realtime.clear()
        response = await ok(kit, ada, line)
        assert (response.result, response.data) == ("", None)
        assert kit.heard(ada).kinds() == ["chat_message"]
        assert kit.heard(bob).kinds() == ["chat_message"]
    await ok(kit, bob, "reply yes?")
    assert kit.heard(ada).lines()[-1] == "Bob tells you: yes?"


async def test_telling_who_is_away(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await ok(kit, bob, "afk back at six")
    assert (await ok(kit, ada, "tell bob hi")).result == "Bob is away: back at six"


async def test_telling_needs_somebody_and_words(kit: PlayKit) -> None:
    ada, _ = await kit.somebody("Ada"), await kit.somebody("Bob")
    assert (await refused(kit, ada, "tell bob")).hint == "Usage: tell <person> <words...>"
    assert (await refused(kit, ada, "tell bob")).result == "Tell bob what?"
    assert (await refused(kit, ada, "whisper")).result == "Whisper whom?"
    assert (await refused(kit, ada, "say")).result == "Say what?"
    assert (await refused(kit, ada, "tell zed hi")).code == "unreachable"


# --- things ----------------------------------------------------------------------------------------


async def test_things_in_hand(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    assert (await ok(kit, ada, "i")).result == "You carry nothing."
    await kit.lay(COIN)
    await kit.lay(COIN)
    await kit.lay(LANTERN)
    response = await ok(kit, ada, "get all")
    assert response.result == "You take a copper coin (×2) and a brass lantern."
    assert response.inventory is not None
    assert [(row.name, row.count) for row in response.inventory] == [("a copper coin", 2), ("a brass lantern", 1)]
    assert (await ok(kit, ada, "inventory")).result == "You carry:\n  a copper coin (×2)\n  a brass lantern"
    assert (await ok(kit, ada, "give coin to bob")).result == "You give a copper coin to Bob."
    assert (await ok(kit, ada, "drop lantern")).result == "You drop a brass lantern."
    assert (await refused(kit, ada, "give coin")).hint == "Usage: give <thing...> [to] <person...>"
    assert len(await kit.carried(bob)) == 1


async def test_inhabitants_take_nothing(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    await kit.lay(COIN, ada.character_id, carried=True)
    response = await refused(kit, ada, "give coin to keeper")
    assert response.result == "The tavern keeper does not take things."
    response = await refused(kit, ada, "give coin to nobody")
    assert (response.code, response.result) == ("not_here", "Nobody of that name is here.")


async def test_giving_in_fewer_words(kit: PlayKit) -> None:
    ada, tom = await kit.somebody("Ada"), await kit.somebody("Tom Weaver")
    for template in (COIN, COIN, COIN, LANTERN, KEY):
        await kit.lay(template, ada.character_id, carried=True)
    assert (await ok(kit, ada, "give lantern tom")).result == "You give a brass lantern to Tom Weaver."
    assert (await ok(kit, ada, "give iron key Tom Weaver")).result == "You give an iron key to Tom Weaver."
    assert (await ok(kit, ada, "give two coins to Weaver")).result == "You give a copper coin (×2) to Tom Weaver."
    assert (await refused(kit, ada, "give coin zed")).result == "Nobody of that name is here."
    assert len(await kit.carried(tom)) == 4


async def test_what_is_part_of_the_place_has_its_article(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert (await refused(kit, ada, "get fountain")).result == "You cannot take the old fountain."
    assert (await refused(kit, ada, "get fountains")).result == "You cannot take the old fountain."
    assert (await ok(kit, ada, "read fountain")).result == "There is nothing to read on the old fountain."


@pytest.mark.parametrize("line", ["keeper, where is the cellar?", "Innkeeper: cellar?", "the tavern keeper,  cellar"])
async def test_who_is_addressed_by_name_hears_it(kit: PlayKit, line: str) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    kit.realtime.clear()
    assert (await ok(kit, ada, line)).command == "say"
    words = " ".join(line.split())
    assert kit.heard(ada).lines() == [f"Ada says: {words}", "The tavern keeper says: It is locked, Ada."]


async def test_people_are_addressed_by_name_and_those_who_are_not_there_are_not(kit: PlayKit) -> None:
    ada, tom = await kit.somebody("Ada"), await kit.somebody("Tom Weaver")
    await kit.somebody("Nora", at=TAVERN)
    await ok(kit, ada, "Tom, hello: you!")
    assert kit.heard(tom).lines() == ["Ada says: Tom, hello: you!"]
    response = await refused(kit, ada, "Nora, hello")
    assert response.code == "unknown_command"
    assert response.hint == "Nobody called Nora is here. To speak all the same, begin with `say`."
    for line in ("the, hello", "Ada, hello", "to, hello", "tom,", ", hello"):
        assert (await refused(kit, ada, line)).code == "unknown_command"
    assert (await refused(kit, ada, "look, tom")).hint == "Did you mean `look` or `block`?"
    await ok(kit, ada, "say Nora, hello")


# --- people ----------------------------------------------------------------------------------------


async def test_who(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert (await ok(kit, ada, "who")).result == "One person is in the world:\n  Ada – The Town"
    bob = await kit.somebody("Bob", role=Role.MODERATOR)
    await ok(kit, bob, "busy cooking")
    response = await ok(kit, ada, "who")
    assert response.result.splitlines() == [
        "2 people are in the world:",
        "  Ada – The Town",
        "  Bob [moderator] (busy: cooking) – The Town",
    ]
    assert response.data is not None
    assert [one["name"] for one in response.data["players"]] == ["Ada", "Bob"]
    assert (await ok(kit, ada, "who BO")).result.startswith("One person")
    assert (await ok(kit, ada, "who zz")).data == {"players": []}


async def test_following(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    assert (await ok(kit, bob, "follow")).result == "You follow nobody."
    assert (await ok(kit, bob, "follow ada")).result == "You follow Ada now."
    assert kit.heard(bob).of(FollowState)[-1].following == "Ada"
    assert kit.heard(ada).of(SystemMessage)[-1].message == "Bob follows you now."
    assert (await ok(kit, bob, "follow")).result == "You follow Ada."
    assert "already" in (await refused(kit, bob, "follow ada")).result
    assert "circle" in (await refused(kit, ada, "follow bob")).result
    assert "yourself" in (await refused(kit, ada, "follow ada")).result
    await ok(kit, ada, "north")
    await kit.settle()
    assert bob.room_id == TAVERN
    assert "follow Ada" in (await ok(kit, bob, "status")).result
    assert (await ok(kit, bob, "unfollow")).result == "You no longer follow Ada."
    assert (await refused(kit, bob, "unfollow")).code == "bad_usage"
    assert kit.heard(ada).of(SystemMessage)[-1].message == "Bob no longer follows you."


async def test_following_another(kit: PlayKit) -> None:
    ada, bob, cid = [await kit.somebody(name) for name in ("Ada", "Bob", "Cid")]
    await ok(kit, cid, "follow ada")
    await ok(kit, cid, "follow bob")
    assert kit.heard(ada).of(SystemMessage)[-1].message == "Cid no longer follows you."
    assert kit.heard(bob).of(SystemMessage)[-1].message == "Cid follows you now."
    elsewhere = await kit.somebody("Dot", at=TAVERN)
    assert (await refused(kit, elsewhere, "follow ada")).code == "not_here"
    with pytest.raises(Exception, match="not here"):
        kit.company.follow(elsewhere, ada)


async def test_losing_company(kit: PlayKit) -> None:
    ada, bob, cid = [await kit.somebody(name) for name in ("Ada", "Bob", "Cid")]
    assert (await refused(kit, ada, "lose")).result == "Nobody follows you."
    await ok(kit, bob, "follow ada")
    assert (await refused(kit, ada, "lose cid")).result == "Cid does not follow you."
    assert (await ok(kit, ada, "lose bob")).result == "No longer in your company: Bob."
    assert "no longer wants" in kit.heard(bob).of(SystemMessage)[-1].message
    await ok(kit, bob, "follow ada")
    await ok(kit, cid, "follow ada")
    assert (await ok(kit, ada, "lose")).result == "No longer in your company: Bob, Cid."


async def test_ignoring(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await ok(kit, bob, "follow ada")
    assert (await ok(kit, ada, "ignore")).result == "You ignore nobody."
    assert (await ok(kit, ada, "ignore bob")).result == "You hear nothing of Bob any more."
    assert bob.following is None
    assert (await refused(kit, bob, "follow ada")).code == "permission_denied"
    assert (await refused(kit, bob, "tell ada hi")).code == "unreachable"
    assert (await ok(kit, ada, "ignores")).data == {"ignored": ["Bob"]}
    assert (await ok(kit, ada, "unignore bob")).result == "You listen to Bob again."
    await ok(kit, bob, "tell ada hi")


async def test_inhabitants_talk(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=TAVERN)
    assert (await ok(kit, ada, "talk to keeper")).result == "The tavern keeper says: Welcome, Ada!"
    assert (await ok(kit, ada, "ask keeper about the cellar")).result == "The tavern keeper says: It is locked, Ada."
    assert (await ok(kit, ada, "ask keeper about wares")).result == "The tavern keeper says: Ale, two coins."
    assert (await ok(kit, ada, "ask keeper about the moon")).result == "The tavern keeper says: I would not know."
    await kit.lay(KEY, ada.character_id, carried=True)
    assert "found the key" in (await ok(kit, ada, "ask keeper about the cellar")).result
    assert (await refused(kit, ada, "talk smith")).code == "not_here"
    assert (await refused(kit, ada, "ask keeper")).code == "bad_usage"


# --- oneself ---------------------------------------------------------------------------------------


async def test_status(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", role=Role.MODERATOR)
    await kit.lay(COIN, ada.character_id, carried=True)
    await ok(kit, ada, "away tea")
    response = await ok(kit, ada, "whoami")
    assert response.result.splitlines() == [
        "You are Ada, level 1.",
        "You are one of the staff (moderator).",
        "You are in the market square, The Town.",
        "Others see nothing special about you. Change that with describe.",
        "You are away: tea",
        "You carry 1 thing.",
    ]
    assert response.player is not None
    assert (response.player.status, response.player.afk_text, response.player.role) == ("away", "tea", "moderator")


async def test_status_of_the_muted(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada", role=Role.ADMIN), await kit.somebody("Bob")
    await ok(kit, ada, "mute bob 10 shouting")
    assert "muted for another 10 minutes" in (await ok(kit, bob, "status")).result
    await ok(kit, ada, "mute bob")
    assert "You are muted." in (await ok(kit, bob, "status")).result


async def test_away_busy_back(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert (await ok(kit, ada, "away")).result == "You are away."
    assert (await ok(kit, ada, "busy writing")).result == "You are busy: writing"
    assert (await ok(kit, ada, "away")).result == "You are away: writing"
    assert (await ok(kit, ada, "away -")).result == "You are away."
    response = await ok(kit, ada, "back")
    assert (response.result, response.data) == ("You are back.", {"status": "online", "afk_text": ""})


async def test_describe(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    assert "nothing special" in (await ok(kit, ada, "describe")).result
    assert (await ok(kit, ada, "describe A tall woman.")).result == "Others see now: A tall woman."
    assert (await ok(kit, bob, "look ada")).result == "A tall woman."
    assert (await ok(kit, ada, "describe")).result == "Others see: A tall woman."
    assert "nothing special" in (await ok(kit, ada, "describe -")).result
    assert (await refused(kit, ada, "describe " + "x" * 501)).code == "invalid_input"


async def test_aliases(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert (await ok(kit, ada, "alias")).result == "You have no aliases."
    assert (await ok(kit, ada, "alias hi say Hello, $*!")).result == "hi = say Hello, $*!"
    assert (await ok(kit, ada, "alias GREET hi $1")).result == "greet = hi $1"
    await ok(kit, ada, "greet Bob and Cid")
    assert kit.heard(ada).lines() == ["Ada says: Hello, Bob!"]
    assert (await ok(kit, ada, "alias hi")).result == "hi = say Hello, $*!"
    assert (await ok(kit, ada, "alias")).result == "Your aliases:\n  greet = hi $1\n  hi = say Hello, $*!"
    assert (await refused(kit, ada, "alias say look")).code == "invalid_input"
    assert (await refused(kit, ada, "alias 1x look")).code == "invalid_input"
    assert (await refused(kit, ada, "alias nothing")).code == "bad_usage"
    assert "hi → greet → hi" in (await refused(kit, ada, "alias hi greet you")).result
    await kit.presence.depart(ada.character_id)
    again = await kit.enter(kit.caller_of(ada))
    await ok(kit, again, "hi Dot")
    assert kit.heard(again).lines()[-1] == "Ada says: Hello, Dot!"
    assert (await ok(kit, again, "unalias hi")).result == "The alias hi is gone."
    assert (await ok(kit, again, "unalias hi")).result == "You have no alias hi."
    assert (await refused(kit, again, "hi Dot")).code == "unknown_command"


async def test_so_many_aliases(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")

    def fill(tx: Transaction) -> None:
        for number in range(MAX_ALIASES):
            tx.preferences.set_alias(ada.character_id, f"a{number}", "look")

    await kit.store.write(fill)
    assert "as many as" in (await refused(kit, ada, "alias hi look")).result


async def test_saving_is_needless(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert "saved" in (await ok(kit, ada, "save")).result


async def test_a_gesture_is_told_how_to_be_acted_out(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    for gesture in ("wave", "wave Tom"):
        assert (await refused(kit, ada, gesture)).hint == "Act it out: `emote waves`"


async def test_a_guest_who_quits_is_not_promised_to_be_the_same_again(kit: PlayKit) -> None:
    ada, guest = await kit.somebody("Ada"), await kit.enter(await kit.caller("Lost Lamb", guest=True))
    assert "find yourself here when you come back" in (await ok(kit, ada, "quit")).result
    farewell = (await ok(kit, guest, "quit")).result
    assert "when you come back" not in farewell
    assert "somebody new" in farewell


async def test_quitting_tells_the_door(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert (await ok(kit, ada, "quit")).data == {"quit": True}
    assert kit.present.get(ada.character_id) is ada  # leaving is the door's next step


# --- help ------------------------------------------------------------------------------------------


async def test_help_lists_and_explains_every_command(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", role=Role.OWNER)
    overview = (await ok(kit, ada, "help")).result
    for command in REGISTRY.allowed(Role.OWNER):
        text = (await ok(kit, ada, f"help {command.name}")).result
        assert command.usage in text
        assert command.summary in text
        for alias in command.aliases:
            assert alias in text
        group = (
            await ok(kit, ada, f"help {command.group.value}" if command.group.value != "Help" else "help guide")
        ).result
        assert command.usage in group
        if command.name not in ("north", "south", "east", "west", "up", "down") and len(command.name) < 9:
            assert command.name in overview
    for topic, text in TOPICS.items():
        assert topic in overview
        assert (await ok(kit, ada, f"help {topic}")).result == text


async def test_help_finds_what_was_meant(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert (await ok(kit, ada, "help inv")).result.startswith("inventory")
    assert (await ok(kit, ada, "? /say")).result.startswith("say")
    response = await refused(kit, ada, "help lok")
    assert response.hint is not None
    assert "`help look`" in response.hint
    assert (await refused(kit, ada, "help xyzzy")).hint == "`help` lists what there is."


async def test_help_hides_what_is_for_staff(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert "announce" not in (await ok(kit, ada, "help")).result
    assert "announce" not in (await ok(kit, ada, "commands")).result
    assert not (await kit.do(ada, "help staff")).success
    assert not (await kit.do(ada, "help announce")).success


async def test_time(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert "Server time is 2030-01-01 12:00 UTC." in (await ok(kit, ada, "time")).result


# --- staff -----------------------------------------------------------------------------------------


async def test_muting(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada", role=Role.MODERATOR), await kit.somebody("Tom Weaver")
    assert (await ok(kit, ada, "mute Tom Weaver 10 too loud")).result == "Tom Weaver is muted for 10 minutes."
    response = await refused(kit, bob, "say hm")
    assert (response.code, response.retry_after) == ("muted", 600.0)
    mute = await kit.moderation.mute_of(bob.account_id)
    assert mute is not None
    assert mute.reason == "too loud"
    assert (await ok(kit, ada, "unmute tom")).result == "Tom Weaver may speak again."
    assert (await ok(kit, ada, "unmute tom")).result == "Tom Weaver is not muted."
    await ok(kit, bob, "say hm")
    await kit.presence.depart(bob.character_id)
    assert (await ok(kit, ada, "mute Tom Weaver rude")).result == "Tom Weaver is muted until lifted."
    again = await kit.enter(kit.caller_of(bob))
    assert (await refused(kit, again, "say hm")).code == "muted"
    assert (await refused(kit, ada, "mute zed")).code == "unreachable"
    assert (await refused(kit, ada, "mute ada")).code == "permission_denied"


def admin_events(kit: PlayKit, one: Presence) -> list[str]:
    return [event.message for event in kit.heard(one).of(AdminEvent)]


async def test_all_concerned_read_of_a_mute_once(kit: PlayKit) -> None:
    ada, mira = await kit.somebody("Ada", role=Role.MODERATOR), await kit.somebody("Mira", role=Role.MODERATOR)
    bob, cid = await kit.somebody("Bob"), await kit.somebody("Cid")
    kit.realtime.clear()
    assert (await ok(kit, ada, "mute bob 1 too loud")).result == "Bob is muted for 1 minute."
    (told,) = [one.message for one in kit.heard(bob).of(SystemMessage)]
    assert told.startswith("You are muted until 2030-01-01 12:01 UTC. Appeal with the code ")
    assert told.endswith("Reason: too loud.")
    assert admin_events(kit, mira) == ["Ada muted Bob for 1 minute."]
    assert (await ok(kit, ada, "unmute bob")).result == "Bob may speak again."
    await ok(kit, ada, "unmute bob")
    assert [one.message for one in kit.heard(bob).of(SystemMessage)][1:] == ["You are no longer muted."]
    assert admin_events(kit, mira)[1:] == ["Ada unmuted Bob."]
    await ok(kit, ada, "mute bob")
    assert kit.heard(bob).of(SystemMessage)[-1].message.startswith("You are muted until it is lifted.")
    assert kit.heard(ada).events == kit.heard(cid).events == []


async def test_muted_staff_reads_of_it_once_and_of_what_comes_after(kit: PlayKit) -> None:
    ada, mira = await kit.somebody("Ada", role=Role.ADMIN), await kit.somebody("Mira", role=Role.MODERATOR)
    finn = await kit.somebody("Finn", role=Role.MODERATOR)
    kit.realtime.clear()
    await ok(kit, ada, "mute mira 1")
    await ok(kit, ada, "unmute mira")
    muted, unmuted = [one.message for one in kit.heard(mira).of(SystemMessage)]
    assert muted.startswith("You are muted until 2030-01-01 12:01 UTC.")
    assert unmuted == "You are no longer muted."
    assert admin_events(kit, mira) == []
    assert admin_events(kit, finn) == ["Ada muted Mira for 1 minute.", "Ada unmuted Mira."]
    await ok(kit, ada, "mute finn 1")
    assert admin_events(kit, mira) == ["Ada muted Finn for 1 minute."]


async def test_an_owner_who_mutes_themselves_stays_on_the_staff(kit: PlayKit) -> None:
    ada, mira = await kit.somebody("Ada", role=Role.OWNER), await kit.somebody("Mira", role=Role.ADMIN)
    kit.realtime.clear()
    await ok(kit, ada, "mute ada 1")
    assert admin_events(kit, ada) == []
    assert admin_events(kit, mira) == ["Ada muted Ada for 1 minute."]
    assert STAFF_TOPIC in kit.heard(ada).topics


async def test_muting_people_who_are_not_on(kit: PlayKit) -> None:
    ada, tom = await kit.somebody("Ada", role=Role.MODERATOR), await kit.somebody("Tom Weaver")
    await kit.somebody("Tom Weavers Cousin")
    await kit.presence.depart(tom.character_id)
    assert (await ok(kit, ada, "mute Tom Weaver 2 rude")).result == "Tom Weaver is muted for 2 minutes."
    mute = await kit.moderation.mute_of(tom.account_id)
    assert mute is not None
    assert mute.reason == "rude"
    assert (await ok(kit, ada, "unmute Tom Weavers player")).result == "Tom Weavers player may speak again."
    assert (await ok(kit, ada, 'mute "tom weaver" 3')).data == {"account_id": tom.account_id, "minutes": 3}
    assert (await ok(kit, ada, "unmute tom weaver")).data == {"account_id": tom.account_id, "lifted": True}
    assert (await refused(kit, ada, "mute")).hint == "Usage: mute <person> [<minutes>] [<reason...>]"


async def test_kicking(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada", role=Role.MODERATOR), await kit.somebody("Bob")
    assert (await ok(kit, ada, "kick bob read the rules")).result == "Bob was removed."
    ((_, farewell),) = kit.realtime.closed
    assert isinstance(farewell, Disconnect)
    assert "read the rules" in farewell.message
    assert kit.present.get(bob.character_id) is None


async def test_announcing(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada", role=Role.MODERATOR), await kit.somebody("Bob", at=TAVERN)
    await ok(kit, ada, "announce tea time")
    assert kit.heard(bob).of(SystemMessage)[-1].message == "tea time"


async def test_only_the_ignored_are_lost(kit: PlayKit) -> None:
    ada, bob, cid = [await kit.somebody(name) for name in ("Ada", "Bob", "Cid")]
    await ok(kit, bob, "follow ada")
    await ok(kit, cid, "follow ada")
    await ok(kit, ada, "ignore bob")
    assert (bob.following, cid.following) == (None, ada.character_id)


async def test_inhabitants_of_few_words(clock: FakeClock, store: Store) -> None:
    world = small_world()
    (keeper,) = world.rooms[TAVERN].inhabitants
    silent = dataclasses.replace(keeper, greetings=(), fallback="", subjects=(), wares="")
    tavern = dataclasses.replace(world.rooms[TAVERN], inhabitants=(silent,))
    kit = PlayKit(clock, store, dataclasses.replace(world, rooms={**world.rooms, TAVERN: tavern}))
    ada = await kit.somebody("Ada", at=TAVERN)
    answer = "The tavern keeper has nothing to say about that."
    assert (await ok(kit, ada, "talk keeper")).result == answer
    assert (await ok(kit, ada, "ask keeper about life")).result == answer
    waving = dataclasses.replace(silent, greetings=(Utterance("waves at {name}.", action=True),))
    await kit.world.apply(
        dataclasses.replace(
            world,
            rooms={**world.rooms, TAVERN: dataclasses.replace(tavern, inhabitants=(waving,))},
            fingerprint="waving",
        )
    )
    assert (await ok(kit, ada, "talk keeper")).result == "The tavern keeper waves at Ada."


async def test_a_place_without_ways(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada", at=VAULT)
    assert (await ok(kit, ada, "look")).result.endswith("There is no way out that you can see.")
    assert (await ok(kit, ada, "exits")).result == "There is no way out that you can see."
