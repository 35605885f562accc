"""People meet: they see each other come and go, talk, whisper, emote, walk, take, drop, give, follow and ignore.

Each story goes the same through every door; `door` is that of the one who acts, or of the one who watches
where that is more telling.
"""

from __future__ import annotations

import asyncio

import pytest
from tests.scenarios.conftest import NewPlayer
from tests.support.server import RunningServer
from tests.support.spec_client import DoorName, Player, log_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENVIRONMENT = {"MYTHGATE_REALTIME__LINKDEAD_DISPLAY": "60"}


def here(player: Player) -> str:
    """The room the player's own events say they are in."""
    for event in reversed(player.inbox.events):
        data = event["data"]
        room = data.get("room_state") or data.get("room")
        if room is not None:
            return str(room["id"])
    raise AssertionError("no room was ever shown")


# --- coming and going ------------------------------------------------------------------------------


async def test_somebody_enters_the_world(people: NewPlayer, door: DoorName) -> None:
    watcher = await people(door)
    comer = await people()
    event = await watcher.inbox.expect("player_entered_game", player_id=comer.character_id)
    assert event["data"]["player_name"] == comer.name
    assert event["room_id"] == here(watcher)
    assert event["player_id"] == comer.character_id
    occupants = await watcher.inbox.expect("room_occupants")
    assert comer.name in occupants["data"]["occupants"]
    await comer.fence()
    assert not comer.inbox.seen("player_entered_game", player_id=comer.character_id), "nobody is told of themselves"


async def test_walking_is_told_in_both_rooms_and_to_the_walker(people: NewPlayer, door: DoorName) -> None:
    walker, left_behind, found = await people(door), await people(), await people()
    start = here(walker)
    await found.command("east")
    await left_behind.inbox.expect("player_left", player_id=found.character_id)
    answer = await walker.command("east")
    assert answer["command"] in ("east", "go")
    assert answer["room_changed"] is True
    room = answer["room_state"]
    assert room["id"] != start
    assert {row["name"] for row in room["players"]} == {walker.name, found.name}
    assert room["exits"]["west"] == start

    left = await left_behind.inbox.expect("player_left", player_id=walker.character_id)
    assert left["data"]["message"] == f"{walker.name} leaves the room."
    assert left["data"]["player_name"] == walker.name
    assert left["data"]["direction"] == "east"
    assert left["room_id"] == start
    assert walker.name not in (await left_behind.inbox.expect("room_occupants"))["data"]["occupants"]

    entered = await found.inbox.expect("player_entered", player_id=walker.character_id)
    assert entered["data"]["message"] == f"{walker.name} enters the room."
    assert entered["data"]["player_name"] == walker.name
    assert entered["room_id"] == room["id"]
    assert walker.name in (await found.inbox.expect("room_occupants"))["data"]["occupants"]

    await walker.fence()
    assert not walker.inbox.seen("player_left", player_id=walker.character_id)
    assert not walker.inbox.seen("player_entered", player_id=walker.character_id)


async def test_somebody_quits(people: NewPlayer, door: DoorName) -> None:
    watcher, leaver = await people(), await people(door)
    assert (await leaver.command("quit"))["success"] is True
    assert await leaver.wait_closed() == 4500
    farewell = leaver.inbox.events[-1]
    assert farewell["event_type"] == "disconnect"
    assert farewell["data"]["may_reconnect"] is False
    gone = await watcher.inbox.expect("player_left_game", player_id=leaver.character_id)
    assert gone["data"]["player_name"] == leaver.name
    assert leaver.name not in (await watcher.inbox.expect("room_occupants"))["data"]["occupants"]
    assert leaver.name not in (await watcher.command("who"))["result"]


async def test_who_quit_is_found_where_they_quit(people: NewPlayer, door: DoorName) -> None:
    player = await people(door)
    room = (await player.command("south"))["room_state"]["id"]
    await player.command("quit")
    await player.wait_closed()
    state = await player.enter(session_id=f"again-{player.session_id}")
    assert state["data"]["room"]["id"] == room


# --- talk ------------------------------------------------------------------------------------------


async def test_talk_is_heard_in_the_room_only(people: NewPlayer, door: DoorName) -> None:
    speaker, listener, elsewhere = await people(door), await people(), await people()
    await elsewhere.command("south")
    await speaker.command("say 5 > 3; really? <b>yes</b> & $(no)")
    heard = await listener.inbox.expect("chat_message", channel="say", player_id=speaker.character_id)
    assert heard["data"]["message"] == "5 > 3; really? <b>yes</b> & $(no)"
    assert heard["data"]["text"] == f"{speaker.name} says: 5 > 3; really? <b>yes</b> & $(no)"
    assert heard["data"]["player_name"] == speaker.name
    assert heard["room_id"] == here(listener)
    own = await speaker.inbox.expect("chat_message", channel="say", player_id=speaker.character_id)
    assert own["data"]["id"] == heard["data"]["id"], "the speaker's copy is the same message"
    await elsewhere.fence()
    assert not elsewhere.inbox.seen("chat_message", player_id=speaker.character_id)


@pytest.mark.parametrize("line", ["'hello you", '"hello you', "say hello you", "SAY   hello you", "/say hello you"])
async def test_ways_to_say_it(people: NewPlayer, line: str) -> None:
    speaker, listener = await people(), await people()
    await speaker.command(line)
    heard = await listener.inbox.expect("chat_message", channel="say", player_id=speaker.character_id)
    assert heard["data"]["message"] == "hello you"


async def test_an_emote_is_seen(people: NewPlayer, door: DoorName) -> None:
    actor, watcher = await people(door), await people()
    await actor.command(":waves.")
    seen = await watcher.inbox.expect("chat_message", channel="emote", player_id=actor.character_id)
    assert seen["data"]["text"] == f"{actor.name} waves."


async def test_a_whisper_is_a_secret(people: NewPlayer, door: DoorName) -> None:
    speaker, listener, bystander = await people(door), await people(door), await people()
    await speaker.command(f"whisper {listener.name} the key is under the stone")
    heard = await listener.inbox.expect("chat_message", channel="whisper", player_id=speaker.character_id)
    assert heard["data"]["message"] == "the key is under the stone"
    assert heard["data"]["text"] == f"{speaker.name} whispers to you: the key is under the stone"
    assert heard["data"]["target_id"] == listener.character_id
    own = await speaker.inbox.expect("chat_message", channel="whisper")
    assert own["data"]["text"] == f"You whisper to {listener.name}: the key is under the stone"
    await listener.command("reply which stone?")
    answered = await speaker.inbox.expect("chat_message", player_id=listener.character_id)
    assert answered["data"]["message"] == "which stone?"
    await bystander.fence()
    assert "stone" not in str(bystander.inbox.events)


async def test_a_whisper_does_not_linger_in_the_rooms_history(people: NewPlayer) -> None:
    speaker, listener = await people(), await people()
    await speaker.command(f"whisper {listener.name} swordfish")
    await speaker.command("say good evening to all")
    late = await people()
    state = late.inbox.events[0]["data"]
    assert "good evening to all" in str(state["recent"])
    assert "swordfish" not in str(state)


async def test_telling_reaches_another_room(people: NewPlayer, door: DoorName) -> None:
    speaker, listener = await people(), await people(door)
    await listener.command("south")
    await speaker.command(f"tell {listener.name} come back")
    heard = await listener.inbox.expect("chat_message", channel="tell", player_id=speaker.character_id)
    assert heard["data"]["message"] == "come back"
    assert heard.get("room_id") is None


async def test_global_reaches_everybody(people: NewPlayer, door: DoorName) -> None:
    speaker, listener = await people(), await people(door)
    await listener.command("south")
    await speaker.command("global anybody there?")
    heard = await listener.inbox.expect("chat_message", channel="global", player_id=speaker.character_id)
    assert heard["data"]["text"] == f"{speaker.name} (global): anybody there?"


async def test_whispering_to_nobody_is_answered(people: NewPlayer, door: DoorName) -> None:
    speaker = await people(door)
    answer = await speaker.command("whisper Nobodyatall hello", ok=False)
    assert answer["code"] == "unreachable"


async def test_who_is_ignored_is_not_heard(people: NewPlayer, door: DoorName) -> None:
    ignorer, pest, third = await people(door), await people(), await people()
    await ignorer.command(f"ignore {pest.name}")
    mark = ignorer.inbox.mark()
    await pest.command("say listen to me")
    await pest.command(":shakes a fist.")
    await pest.command("global hello?")
    assert (await pest.command(f"whisper {ignorer.name} hello?", ok=False))["code"] == "unreachable"
    await third.inbox.expect("chat_message", channel="global", player_id=pest.character_id)
    await ignorer.fence()
    assert not ignorer.inbox.seen("chat_message", since=mark, player_id=pest.character_id)
    await ignorer.command(f"unignore {pest.name}")
    await pest.command("say and now?")
    await ignorer.inbox.expect("chat_message", player_id=pest.character_id, message="and now?")


async def test_staff_mutes_somebody(people: NewPlayer, moderator: Player, door: DoorName) -> None:
    loud, listener = await people(door), await people()
    assert (await loud.command(f"mute {listener.name}", ok=False))["code"] in ("unknown_command", "permission_denied")
    await moderator.command(f"mute {loud.name} 5 shouting")
    mark = listener.inbox.mark()
    for line in ("say hello", ":waves", f"whisper {listener.name} psst", "global hello", "shout hello"):
        answer = await loud.command(line, ok=False)
        assert answer["code"] == "muted", line
        assert 0 < answer["retry_after"] <= 300
    await listener.fence()
    assert not listener.inbox.seen("chat_message", since=mark, player_id=loud.character_id)
    await moderator.command(f"unmute {loud.name}")
    await loud.command("say thank you")
    await listener.inbox.expect("chat_message", player_id=loud.character_id, message="thank you")


async def test_staff_hears_what_players_do_not(
    people: NewPlayer, moderator: Player, server: RunningServer, door: DoorName
) -> None:
    player, loud = await people(door), await people()
    promoted = await people(enter=False)
    await server.run_cli("user", "role", promoted.account.username, "moderator")
    account = await log_in(promoted.account.at, promoted.account.username)
    colleague = Player(account, promoted.name, promoted.character_id)
    await colleague.enter()
    response = await moderator.command(f"mute {loud.name} 1 too loud")
    assert response["result"] == f"{loud.name} is muted for 1 minute."
    told = await colleague.inbox.expect("admin_event")
    assert told["data"]["message"] == f"{moderator.name} muted {loud.name} for 1 minute."
    assert "too loud" in (await loud.inbox.expect("system"))["data"]["message"]
    for one in (player, loud, moderator):
        await one.fence()
        assert not one.inbox.seen("admin_event")
    await colleague.close()
    await account.log_out()


async def test_staff_removes_somebody(people: NewPlayer, moderator: Player, door: DoorName) -> None:
    player, watcher = await people(door), await people()
    await moderator.command(f"kick {player.name} enough now")
    assert await player.wait_closed() == 4506
    assert "enough now" in player.inbox.events[-1]["data"]["message"]
    await watcher.inbox.expect("player_left_game", player_id=player.character_id)


# --- things ----------------------------------------------------------------------------------------


async def test_a_thing_is_taken_dropped_and_given(people: NewPlayer, door: DoorName) -> None:
    """Things are called after their square; each run of the story uses one nobody else uses."""
    taker, watcher = await people(door), await people()
    for _ in range(3):  # another square than the other stories
        for player in (taker, watcher):
            await player.command("east")
    token = (await watcher.command("look"))["room_state"]["items"][0]["name"]
    word = token.split()[-1]

    taken = await taker.command(f"get {word}")
    assert [row["name"] for row in taken["inventory"]] == [token]
    seen = await watcher.inbox.expect("room_message")
    assert taker.name in seen["data"]["message"]
    assert word in seen["data"]["message"]
    lying = await watcher.inbox.expect("room_items")
    assert token not in [row["name"] for row in lying["data"]["items"]]
    assert (await watcher.command(f"get {word}", ok=False))["code"] == "not_here"

    given = await taker.command(f"give {word} to {watcher.name}")
    assert given["inventory"] == []
    received = await watcher.inbox.expect("inventory_update")
    assert [row["name"] for row in received["data"]["items"]] == [token]

    dropped = await watcher.command(f"drop {word}")
    assert dropped["inventory"] == []
    lying = await taker.inbox.expect(
        "room_items", lambda event: token in [row["name"] for row in event["data"]["items"]]
    )
    assert (await taker.command("inventory"))["inventory"] == []


async def test_two_reach_for_the_same_thing(people: NewPlayer, door: DoorName) -> None:
    """Ten hands, one thing: it is in one of them."""
    hands = [await people(door if number == 0 else "websocket") for number in range(5)]
    for player in hands:
        await player.command("south")
        await player.command("south")
    word = (await hands[0].command("look"))["room_state"]["items"][0]["name"].split()[-1]
    for _ in range(3):
        answers = await asyncio.gather(*(player.command(f"get {word}", ok=None) for player in hands))
        holders = [player for player, answer in zip(hands, answers, strict=True) if answer["success"]]
        assert len(holders) == 1
        for player in hands:
            carried = [row["name"] for row in (await player.command("inventory"))["inventory"]]
            assert any(word in name for name in carried) is (player is holders[0])
        await holders[0].command(f"drop {word}")


# --- company ---------------------------------------------------------------------------------------


async def test_following(people: NewPlayer, door: DoorName) -> None:
    leader, follower, watcher = await people(), await people(door), await people()
    await watcher.command("east")
    await follower.command(f"follow {leader.name}")
    state = await follower.inbox.expect("follow_state")
    assert state["data"] == {"following": leader.name, "following_id": leader.character_id}
    answer = await leader.command("east")
    shown = await follower.inbox.expect("room_update")
    assert shown["data"]["room"]["id"] == answer["room_state"]["id"]
    await watcher.inbox.expect("player_entered", player_id=leader.character_id)
    await watcher.inbox.expect("player_entered", player_id=follower.character_id)
    await follower.command("unfollow")
    assert (await follower.inbox.expect("follow_state"))["data"]["following"] is None
    await leader.command("west")
    await follower.fence()
    assert (await follower.command("look"))["room_state"]["id"] == answer["room_state"]["id"]


async def test_being_away(people: NewPlayer, door: DoorName) -> None:
    player, watcher = await people(door), await people()
    await player.command("away back at six")
    seen = await watcher.inbox.expect("player_status", player_id=player.character_id)
    assert (seen["data"]["status"], seen["data"]["afk_text"]) == ("away", "back at six")
    answer = await watcher.command(f"whisper {player.name} hello")
    assert "back at six" in answer["result"]
    await player.command("back")
    await watcher.inbox.expect("player_status", player_id=player.character_id, status="online")


# --- words -----------------------------------------------------------------------------------------


async def test_commands_that_are_none_are_answered(people: NewPlayer, door: DoorName) -> None:
    player = await people(door)
    answer = await player.command("lokk", ok=False)
    assert answer["code"] == "unknown_command"
    assert "look" in f"{answer['result']} {answer['hint']}"
    answer = await player.command("north", ok=False)
    assert answer["code"] == "no_exit"
    assert answer["room_changed"] is False


async def test_every_answer_has_command_result_success(people: NewPlayer, door: DoorName) -> None:
    player = await people(door)
    for line in ("look", "who", "inventory", "status", "time", "help", "exits", "say x", "look east", "aliases"):
        answer = await player.command(line, ok=None)
        assert isinstance(answer["command"], str)
        assert isinstance(answer["result"], str)
        assert isinstance(answer["success"], bool)


async def test_an_alias(people: NewPlayer, door: DoorName) -> None:
    player, listener = await people(door), await people()
    await player.command("alias hi say hello to everybody")
    await player.command("hi")
    await listener.inbox.expect("chat_message", player_id=player.character_id, message="hello to everybody")


async def test_a_repeated_command_has_the_effect_of_one(people: NewPlayer, door: DoorName) -> None:
    player, watcher = await people(door), await people()
    mark = watcher.inbox.mark()
    first = await player.command("east", message_id=f"step-{player.character_id}")
    again = await player.command("east", message_id=f"step-{player.character_id}")
    assert first["repeated"] is False
    assert again["repeated"] is True
    assert again["room_state"]["id"] == first["room_state"]["id"]
    await watcher.fence()
    assert len(watcher.inbox.seen("player_left", since=mark, player_id=player.character_id)) == 1
