"""Carrying out lines: understanding, order, repeats, rates; and never an exception."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.play import COIN, KEY, SQUARE, TAVERN, PlayKit

from mythgate.domain.accounts import Role
from mythgate.domain.events import ChatMessage, CommandResponse
from mythgate.domain.ids import CharacterId, CommandId
from mythgate.services.commands.execute import CommandPolicy, CommandService
from mythgate.services.commands.registry import RATES, RateClass
from mythgate.services.commands.table import REGISTRY


@pytest.fixture
def database_url(tmp_path: Any) -> Any:
    """One database is enough where none is asked."""
    from tests.support.databases import new_sqlite

    return new_sqlite(tmp_path)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("say Hello  There", "Ada says: Hello There"),
        ("SAY hi", "Ada says: hi"),
        ("/say hi", "Ada says: hi"),
        ("'hello", "Ada says: hello"),
        ('"5 > 3; really?', "Ada says: 5 > 3; really?"),
        ("say <b>hi</b> $(ls); import os", "Ada says: <b>hi</b> $(ls); import os"),
        (":waves", "Ada waves"),
        ("me waves", "Ada waves"),
        ("emo waves", "Ada waves"),
        ("say say say", "Ada says: say say"),
    ],
)
async def test_lines_are_understood(kit: PlayKit, typed: str, told: str) -> None:
    ada = await kit.somebody("Ada")
    response = await kit.do(ada, typed)
    assert (response.success, response.result) == (True, "")
    assert kit.heard(ada).lines() == [told]


@pytest.mark.parametrize(
    ("command", "args", "told"),
    [
        ("say", ["Hello", "There"], "Ada says: Hello There"),
        ("say", ["Hello there"], "Ada says: Hello there"),
        ("say hello there", [], "Ada says: hello there"),
        ("say hello", ["there"], "Ada says: hello there"),
        ("'", ["hello"], "Ada says: hello"),
        ("/SAY", ["hi"], "Ada says: hi"),
    ],
)
async def test_pieces_are_understood(kit: PlayKit, command: str, args: list[str], told: str) -> None:
    ada = await kit.somebody("Ada")
    response = await kit.commands.execute(ada.character_id, None, command=command, args=args)
    assert response.success
    assert kit.heard(ada).lines() == [told]


async def test_arguments_with_spaces_in_pieces(kit: PlayKit) -> None:
    ada, tom = await kit.somebody("Ada"), await kit.somebody("Tom Weaver")
    await kit.lay(KEY, ada.character_id, carried=True)
    response = await kit.commands.execute(ada.character_id, None, command="give", args=["iron key", "Tom Weaver"])
    assert response.result == "You give an iron key to Tom Weaver."
    assert len(await kit.carried(tom)) == 1
    response = await kit.commands.execute(ada.character_id, None, command="tell", args=["Tom Weaver", "hi there"])
    assert response.success
    assert kit.heard(tom).lines() == ["Ada tells you: hi there"]


@pytest.mark.parametrize(
    ("typed", "code", "command"),
    [
        ("", "bad_usage", ""),
        ("frobnicate", "unknown_command", ""),
        ("say", "bad_usage", ""),
        ("north west", "bad_usage", ""),
        ("up", "no_exit", "up"),
        ("get unicorn", "not_here", "get"),
        ("tell nobody hi", "unreachable", "tell"),
        ("mute ada", "permission_denied", ""),
        ("say " + "x" * 600, "invalid_input", "say"),
        ("x" * 1001, "invalid_input", ""),
    ],
)
async def test_refusals_are_answers(kit: PlayKit, typed: str, code: str, command: str) -> None:
    ada = await kit.somebody("Ada")
    response = await kit.do(ada, typed)
    assert (response.success, response.code, response.command) == (False, code, command)
    assert response.result
    assert kit.commands.refused == {code: 1}


async def test_who_is_not_in_the_world_is_told_so(kit: PlayKit) -> None:
    response = await kit.commands.execute(CharacterId("nobody"), "look")
    assert (response.success, response.code) == (False, "not_in_world")
    assert kit.commands.refused == {"not_in_world": 1}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    line=st.one_of(
        st.text(max_size=60),
        st.builds(
            "{} {}".format,
            st.sampled_from([word for one in REGISTRY.allowed(Role.OWNER) for word in one.words]),
            st.text(max_size=30),
        ),
    ),
    args=st.lists(st.text(max_size=8), max_size=3),
)
async def test_nothing_typed_raises(kit: PlayKit, line: str, args: list[str]) -> None:
    ada = next(iter(kit.present.all()), None) or await kit.somebody("Ada")
    kit.clock.advance(timedelta(minutes=1))
    for response in (
        await kit.do(ada, line),
        await kit.commands.execute(ada.character_id, None, command=line, args=args),
    ):
        assert isinstance(response, CommandResponse)
        assert response.success or (response.code and response.result)


async def test_say_does_not_suspend(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    work = kit.commands.execute(ada.character_id, "say hello", command_id=CommandId("c1"))
    with pytest.raises(StopIteration) as ended:
        work.send(None)
    assert ended.value.value.success


async def test_being_active_is_noted(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    kit.clock.advance(timedelta(minutes=1))
    await kit.do(ada, "time")
    assert ada.last_seen_at == kit.clock.now()


# --- order -----------------------------------------------------------------------------------------


async def test_commands_of_one_character_are_carried_out_in_order(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    lines = ["north", "say in the tavern", "south", "say in the square", "north"]
    responses = await asyncio.gather(*(kit.do(ada, line) for line in lines))
    assert all(response.success for response in responses)
    said = [
        (event.room_id, event.payload.message)
        for event in kit.heard(ada).events
        if isinstance(event.payload, ChatMessage) and event.payload.speaker_kind == "player"
    ]
    assert said == [(TAVERN, "in the tavern"), (SQUARE, "in the square")]


async def test_one_slow_command_does_not_hold_up_others_people(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    slow = asyncio.create_task(kit.do(ada, "north"))
    await asyncio.sleep(0)
    with pytest.raises(StopIteration):
        kit.commands.execute(bob.character_id, "say hello").send(None)
    assert (await slow).success


async def test_a_cancelled_command_gives_its_turn_up(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    tasks = [asyncio.create_task(kit.do(ada, line)) for line in ("north", "south", "north")]
    await asyncio.sleep(0)
    tasks[1].cancel()
    tasks[0].cancel()
    assert (await tasks[2]).command == "north"
    await kit.settle()
    assert (await kit.do(ada, "look")).success


# --- repeats ---------------------------------------------------------------------------------------


async def test_a_repeat_has_the_effect_of_one(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    first = await kit.do(ada, "say once", "c1")
    again = await kit.do(ada, "say once", "c1")
    assert (first.repeated, again.repeated, again.success) == (False, True, True)
    assert kit.heard(bob).lines() == ["Ada says: once"]
    assert not (await kit.do(bob, "say mine", "c1")).repeated  # ids are each character's own


async def test_a_repeat_shows_how_things_are_now(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    first = await kit.do(ada, "north", "c1")
    await kit.do(ada, "south", "c2")
    again = await kit.do(ada, "north", "c1")
    assert first.room_state is not None
    assert again.room_state is not None
    assert (first.room_state.id, again.room_state.id) == (TAVERN, SQUARE)
    assert (again.result, again.room_changed, again.repeated) == (first.result, True, True)
    await kit.lay(COIN)
    await kit.do(ada, "get coin", "c3")
    await kit.do(ada, "drop coin", "c4")
    repeated = await kit.do(ada, "get coin", "c3")
    assert repeated.inventory == []
    assert len(await kit.lying()) == 1


async def test_repeats_at_the_same_time(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    responses = await asyncio.gather(*(kit.do(ada, "north", "c1") for _ in range(5)))
    assert [response.repeated for response in responses] == [False, True, True, True, True]
    assert all(response.success for response in responses)
    assert ada.room_id == TAVERN


async def test_after_a_restart_the_receipt_remembers(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.lay(COIN)
    await kit.do(ada, "get coin", "c1")
    await kit.do(ada, "drop coin", "c2")
    await kit.do(ada, "north", "c3")
    kit.commands = CommandService(kit.play, throttle=kit.throttle)  # nothing in memory any more
    for line, command_id in (("get coin", "c1"), ("drop coin", "c2"), ("north", "c3")):
        again = await kit.do(ada, line, command_id)
        assert (again.success, again.repeated, again.code) == (True, True, None)
        assert again.room_state is not None
        assert again.room_state.id == TAVERN
        assert again.inventory == []
    assert len(await kit.lying()) == 1


async def test_a_refusal_is_not_an_effect(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert not (await kit.do(ada, "get coin", "c1")).success
    await kit.lay(COIN)
    again = await kit.do(ada, "get coin", "c1")
    assert (again.success, again.repeated) == (True, False)


async def test_ids_are_forgotten_in_time_and_number(kit: PlayKit) -> None:
    kit.commands = CommandService(kit.play, throttle=kit.throttle, policy=CommandPolicy(remembered_each=3))
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    for number in range(4):
        await kit.do(ada, "say hm", f"c{number}")
    assert not (await kit.do(ada, "say hm", "c0")).repeated
    assert (await kit.do(ada, "say hm", "c3")).repeated
    kit.clock.advance(timedelta(minutes=10))
    assert not (await kit.do(ada, "say hm", "c3")).repeated
    kit.clock.advance(timedelta(minutes=11))
    await kit.do(bob, "say hm", "b1")
    assert len(kit.commands._answers) == 1


# --- rates -----------------------------------------------------------------------------------------


async def test_what_reaches_everybody_is_rationed(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    allowed = RATES[RateClass.BROADCAST].count
    for _ in range(allowed):
        assert (await kit.do(ada, "global hm")).success
    refused = await kit.do(ada, "shout hm")
    assert (refused.success, refused.code) == (False, "rate_limited")
    assert refused.retry_after is not None
    assert 0 < refused.retry_after <= 60
    assert (await kit.do(bob, "global hm")).success
    assert (await kit.do(ada, "say hm")).success
    kit.clock.advance(timedelta(seconds=refused.retry_after))
    assert (await kit.do(ada, "shout hm")).success


async def test_answers_of_the_lively_outlive_a_sweep(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.do(ada, "say hm", "c1")
    kit.clock.advance(timedelta(minutes=5))
    await kit.do(ada, "say hm", "c2")
    kit.clock.advance(timedelta(minutes=6))
    await kit.do(ada, "say hm", "c3")
    assert len(kit.commands._answers) == 2


async def test_the_log_names_commands_and_not_words(kit: PlayKit, caplog: pytest.LogCaptureFixture) -> None:
    ada = await kit.somebody("Ada")
    caplog.set_level(logging.DEBUG, "mythgate.services")
    caplog.clear()
    for line in ("say my secret", "my secret", "whisper bob my secret", "trade confirm 1"):
        await kit.do(ada, line)
    told = [(record.message, record.levelno) for record in caplog.records]
    assert told == [
        ("command done", logging.DEBUG),
        ("refused", logging.DEBUG),
        ("refused", logging.DEBUG),
        ("refused", logging.INFO),
    ]
    assert caplog.records[-1].__dict__["code"] == "no_trade"
    assert "secret" not in str([vars(record) for record in caplog.records])
