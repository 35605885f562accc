"""The line breaks and is mended: nothing is missing, nothing comes twice, or a `reset` says so."""

from __future__ import annotations

import asyncio
import random

import pytest
from tests.scenarios.conftest import NewPlayer
from tests.support.spec_client import DoorName, Mailbox, Player, unique_name

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENVIRONMENT = {"MYTHGATE_REALTIME__STREAM_EVENTS": "200"}


async def gone(player: Player, watcher: Player) -> None:
    """Cut the player's line and wait until the server knows."""
    mark = len(watcher.inbox.events)
    await player.cut()
    await watcher.inbox.until(
        lambda: (
            watcher.inbox.seen("player_status", since=mark, player_id=player.character_id, status="linkdead") or None
        ),
        what=f"{player.name} linkdead",
    )


def told(player: Player, speaker: Player, channel: str = "say") -> list[str]:
    """What the player was told by that speaker, in order."""
    events = player.inbox.seen("chat_message", player_id=speaker.character_id, channel=channel)
    return [event["data"]["message"] for event in events]


async def something_new(player: Player, events: int = 1) -> None:
    """Wait until the player got so many more events."""
    wanted = len(player.inbox.events) + events
    await player.inbox.until(lambda: len(player.inbox.events) >= wanted or None, what="some life")


# --- exact -----------------------------------------------------------------------------------------


async def test_a_line_cut_at_thirty_random_points_loses_nothing_and_repeats_nothing(
    people: NewPlayer, door: DoorName
) -> None:
    chance = random.Random(20)
    listener, first, second = await people(door), await people(), await people()
    stop = asyncio.Event()

    async def live(player: Player) -> list[tuple[str, str]]:
        """Talk and walk to and fro; what happened where the listener is, in order."""
        happened: list[tuple[str, str]] = []
        number, is_here = 0, True
        while not stop.is_set():
            number += 1
            if number % 7 == 0:
                await player.command("east" if is_here else "west")
                happened.append(("player_left" if is_here else "player_entered", player.name))
                is_here = not is_here
            elif is_here:
                await player.command(f"say {player.name} {number}")
                happened.append(("chat_message", f"{player.name} {number}"))
        return happened

    lives = [asyncio.create_task(live(player)) for player in (first, second)]
    for _ in range(30):
        await something_new(listener, chance.randrange(1, 12))
        await listener.cut()
        for _ in range(chance.randrange(3)):  # stay away for some of their doings
            await something_new(first)
        await listener.connect(resume=True)
    stop.set()
    happened = await asyncio.gather(*lives)
    await listener.fence()
    assert not listener.inbox.seen("reset")
    for player, doings in zip((first, second), happened, strict=True):
        seen_doings = [
            (event["event_type"], data["message"] if event["event_type"] == "chat_message" else data["player_name"])
            for event in listener.inbox.events
            for data in [event["data"]]
            if event["event_type"] in ("chat_message", "player_left", "player_entered")
            and data["player_id"] == player.character_id
        ]
        assert seen_doings == doings
    ids = [event["data"]["id"] for event in listener.inbox.seen("chat_message")]
    assert len(ids) == len(set(ids))


async def test_reloading_the_page_goes_on_where_it_was(people: NewPlayer, door: DoorName) -> None:
    """F5: the page knows its session and the last number, and nothing else."""
    player, other = await people(door), await people()
    await player.command("say before")
    await gone(player, other)
    await other.command("say meanwhile")
    page = Player(player.account, player.name, player.character_id, door, player.session_id)
    page.inbox.last_seq = player.inbox.last_seq
    await page.connect(resume=True)
    await page.inbox.expect("chat_message", message="meanwhile")
    await page.fence()
    assert told(page, other) == ["meanwhile"]
    assert not page.inbox.seen("game_state"), "what the page has is still true"
    await page.command("say after")
    await other.inbox.expect("chat_message", message="after")
    assert told(other, player) == ["before", "after"]
    await page.close()


async def test_without_a_number_what_was_never_written_comes(people: NewPlayer, door: DoorName) -> None:
    player, other = await people(door), await people()
    await other.command("say heard")
    await player.inbox.expect("chat_message", message="heard")
    await player.fence()
    await gone(player, other)
    for word in ("one", "two", "three"):
        await other.command(f"say {word}")
    await player.connect()
    await player.inbox.expect("chat_message", message="three")
    await player.fence()
    assert told(player, other) == ["heard", "one", "two", "three"]


async def test_events_seen_already_may_be_asked_for_again(people: NewPlayer, door: DoorName) -> None:
    """A number smaller than what was sent: all after it comes again, under the same numbers."""
    player, other = await people(door), await people()
    for number in range(5):
        await other.command(f"say {number}")
    await player.inbox.expect("chat_message", message="4")
    await player.fence()
    before = {event["sequence_number"]: event for event in player.inbox.events}
    await gone(player, other)
    again = Player(player.account, player.name, player.character_id, door, player.session_id)
    again.inbox.last_seq = 2
    await again.connect(resume=True)
    await again.fence()
    for event in again.inbox.events:
        known = before.get(event["sequence_number"])
        assert known is None or known == event
    assert told(again, other) == ["0", "1", "2", "3", "4"]
    await again.close()


async def test_a_new_line_takes_the_session_over_while_the_old_one_is_open(people: NewPlayer) -> None:
    """Same `session_id`: a page opened twice, or a line that is dead without our knowing."""
    old, other = await people(), await people()
    await other.command("say one")
    await old.inbox.expect("chat_message", message="one")
    new = Player(old.account, old.name, old.character_id, "websocket", old.session_id)
    new.inbox.last_seq = old.inbox.last_seq
    await new.connect(resume=True)
    assert await old.wait_closed() == 4502
    await other.command("say two")
    await new.inbox.expect("chat_message", message="two")
    new.inbox.check()
    await other.fence()
    assert not other.inbox.seen("player_left_game", player_id=old.character_id)
    await new.close()


# --- not exact, and said so ------------------------------------------------------------------------


async def _reset(player: Player, reason: str) -> None:
    """`reset` with that reason comes, and then `game_state`; only the life of the room may come in between."""
    reset = await player.inbox.expect("reset")
    assert reset["data"]["reason"] == reason
    state = await player.inbox.expect("game_state")
    between = player.inbox.events[player.inbox.events.index(reset) + 1 : player.inbox.events.index(state)]
    assert {event["event_type"] for event in between} <= {"room_occupants"}
    assert state["data"]["player"]["id"] == player.character_id
    await player.inbox.expect("room_occupants")
    await player.fence()  # numbers go on from there


async def test_more_than_was_sent_is_ahead(people: NewPlayer, door: DoorName) -> None:
    player, other = await people(door), await people()
    await gone(player, other)
    player.inbox.mark()
    await player.connect(resume=1_000_000)
    await _reset(player, "ahead")


async def test_a_session_nobody_knows(people: NewPlayer, door: DoorName) -> None:
    player = await people(door, enter=False)
    await player.connect(resume=17)
    await _reset(player, "unknown_session")


async def test_too_long_ago(people: NewPlayer, door: DoorName) -> None:
    player, other = await people(door), await people()
    await gone(player, other)
    for number in range(450):
        other.send_command(f"say {number}")
    await other.inbox.expect("chat_message", message="449", deadline=30)
    player.inbox.mark()
    await player.connect(resume=2)
    await _reset(player, "too_old")
    await other.command("say and on")
    await player.inbox.expect("chat_message", message="and on")


async def test_too_much_while_away(people: NewPlayer, door: DoorName) -> None:
    player, other = await people(door), await people()
    await gone(player, other)
    for number in range(450):
        other.send_command(f"say {number}")
    await other.inbox.expect("chat_message", message="449", deadline=30)
    player.inbox.mark()
    await player.connect()
    await _reset(player, "overflow")


async def test_the_last_hundred_events_are_always_kept(people: NewPlayer, door: DoorName) -> None:
    player, other = await people(door), await people()
    await player.fence()
    await gone(player, other)
    for number in range(98):  # and linkdead-free: nothing else is told to the player
        other.send_command(f"say {number} {'long words ' * 40}")
    await other.inbox.expect("chat_message", lambda event: event["data"]["message"].startswith("97 "))
    await player.connect(resume=True)
    await player.inbox.expect("chat_message", lambda event: event["data"]["message"].startswith("97 "))
    assert not player.inbox.seen("reset")
    assert len(told(player, other)) == 98


async def test_another_character_under_the_same_session(people: NewPlayer, door: DoorName) -> None:
    player, other = await people(door), await people()
    second = await player.account.create_character(unique_name("Second"))
    await gone(player, other)
    changed = Player(player.account, second["name"], second["id"], door, player.session_id)
    await changed.connect(resume=player.inbox.last_seq)
    reset = await changed.inbox.expect("reset")
    assert reset["data"]["reason"] == "other_character"
    state = await changed.inbox.expect("game_state")
    assert state["data"]["player"]["id"] == second["id"]
    await other.inbox.expect("player_left_game", player_id=player.character_id)
    await changed.close()


# --- taken over ------------------------------------------------------------------------------------


async def test_another_session_takes_the_character_over(people: NewPlayer, door: DoorName) -> None:
    old, other = await people(door), await people()
    new = Player(old.account, old.name, old.character_id, door)
    await new.enter()
    assert await old.wait_closed() == 4502
    assert old.inbox.events[-1]["event_type"] == "disconnect"
    assert old.inbox.events[-1]["data"]["may_reconnect"] is False
    await other.fence()
    for kind in ("player_left_game", "player_entered_game"):
        assert not other.inbox.seen(kind, player_id=old.character_id), "to others nothing happened"
    await other.command("say welcome back")
    await new.inbox.expect("chat_message", message="welcome back")
    await new.close()


async def test_the_session_that_was_taken_over_comes_back_as_a_fresh_one(people: NewPlayer) -> None:
    old = await people()
    new = Player(old.account, old.name, old.character_id)
    await new.enter()
    await old.wait_closed()
    old.inbox.mark()
    await old.connect(resume=True)
    await _reset(old, "unknown_session")
    assert await new.wait_closed() == 4502


async def test_ten_pages_at_once_leave_one_playing(people: NewPlayer) -> None:
    """Whoever comes last plays; everybody else is told."""
    player, other = await people(), await people()
    pages = [Player(player.account, player.name, player.character_id) for _ in range(10)]
    await asyncio.gather(*(page.connect() for page in pages))
    everybody = [player, *pages]

    def open_pages() -> list[Player]:
        return [page for page in everybody if not page.closed.is_set()]

    while len(open_pages()) > 1:
        _, waiting = await asyncio.wait(
            [asyncio.create_task(page.closed.wait()) for page in open_pages()],
            timeout=10,
            return_when=asyncio.FIRST_COMPLETED,
        )
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert open_pages(), "somebody has to stay"
    (last,) = open_pages()
    await last.command("say it is me")
    heard = await other.inbox.expect("chat_message", message="it is me")
    assert heard["data"]["player_id"] == player.character_id
    for page in everybody:
        if page is not last:
            assert page.close_code == 4502
        await page.close()


# --- linkdead --------------------------------------------------------------------------------------


async def test_others_see_the_line_break_and_mend(people: NewPlayer, door: DoorName) -> None:
    player, other = await people(door), await people()
    await gone(player, other)
    shown = next(
        row for row in (await other.command("look"))["room_state"]["players"] if row["id"] == player.character_id
    )
    assert shown["status"] == "linkdead"
    mark = other.inbox.mark()
    await player.connect(resume=True)
    await other.inbox.expect("player_status", player_id=player.character_id, status="online")
    await player.fence()
    for kind in ("player_entered_game", "player_left_game"):
        assert not other.inbox.seen(kind, since=mark, player_id=player.character_id)


async def test_a_command_sent_again_after_the_line_broke_has_the_effect_of_one(people: NewPlayer) -> None:
    """The client cannot know whether the answer or the command was lost, so it sends the command again."""
    chance = random.Random(7)
    player, other = await people(), await people()
    steps = [("east", "west")[number % 2] for number in range(20)]
    for number, step in enumerate(steps):
        message_id = f"{player.session_id}-{number}"
        player.send_command(step, message_id=message_id)
        if chance.random() < 0.5:
            await asyncio.sleep(0)
        await player.cut()
        since = len(player.inbox.events)
        await player.connect(resume=True)
        player.send_command(step, message_id=message_id)
        answer = await player.response(message_id, since=since)
        assert answer["data"]["success"] is True, answer
    await other.fence()
    moves = [
        event["event_type"]
        for event in other.inbox.events
        if event["event_type"] in ("player_left", "player_entered")
        and event["data"]["player_id"] == player.character_id
    ]
    assert moves == ["player_left", "player_entered"] * 10


async def test_the_mailbox_notices_a_gap_and_a_repeat() -> None:
    """The judge is judged: what all these stories rely on."""
    for numbers in ([1, 2, 4], [1, 2, 2], [2], [1, 3, 2]):
        inbox = Mailbox()
        for number in numbers:
            inbox.put({"sequence_number": number, "event_type": "x", "data": {}})
        with pytest.raises(AssertionError):
            inbox.check()
