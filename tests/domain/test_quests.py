"""Quests: taken on, followed step by step, done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.errors import QuestNotOpen
from mythgate.domain.ids import CharacterId, InhabitantId, QuestId, RoomId, TemplateId
from mythgate.domain.quests import (
    Progress,
    ProgressState,
    Quest,
    Step,
    StepKind,
    Surroundings,
    Trigger,
    abandon,
    advance,
    concerns,
    open_step,
    take_on,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = CharacterId("ada")
INN, MOOR = RoomId("inn"), RoomId("moor")
MARTA = InhabitantId("p/marta")
KEY, PEAR = TemplateId("p/key"), TemplateId("p/pear")

PLACE = Step(StepKind.PLACE, "Go to the moor.", MOOR)
COLLECT = Step(StepKind.COLLECT, "Get two pears.", PEAR, count=2)
TALK = Step(StepKind.TALK, "Tell Marta.", MARTA, about=("the key", "bird"))
BRING = Step(StepKind.TALK, "Bring Marta two pears.", MARTA, count=2, brings=PEAR)
KILL = Step(StepKind.KILL, "Slay two wolves on the moor.", "wolf", count=2, room=MOOR)
NIGHT = Step(StepKind.TIME, "Wait for the night.", "night")
AFTER = Step(StepKind.TIME, "Wait an hour.", after=timedelta(hours=1))
EVENT = Step(StepKind.EVENT, "See a shard taken.", "shard_capture")


def quest(*steps: Step, **changes: object) -> Quest:
    return Quest(QuestId("p/q"), "The Quest", "Somebody asks.", steps, **changes)  # type: ignore[arg-type]


def begun(**changes: object) -> Progress:
    return Progress(ADA, QuestId("p/q"), NOW, NOW, **changes)  # type: ignore[arg-type]


def around(room: RoomId = INN, daypart: str = "morning", now: datetime = NOW, **carried: int) -> Surroundings:
    return Surroundings(room, {TemplateId(f"p/{name}"): count for name, count in carried.items()}, daypart, now)


# --- taking on ---


def test_a_quest_begins_with_its_first_step() -> None:
    taken = take_on(quest(PLACE), ADA, {}, level=1, here=(), now=NOW)
    assert taken == begun()
    assert open_step(quest(PLACE), taken) is PLACE


def test_who_may_not_take_a_quest_on_is_told_why() -> None:
    one = quest(PLACE, giver=MARTA, level=3, needs=(QuestId("p/other"),))
    done_other = {QuestId("p/other"): Progress(ADA, QuestId("p/other"), NOW, NOW, ProgressState.DONE, times=1)}
    for level, known, here, why in (
        (2, done_other, {MARTA}, "level 3"),
        (3, {}, {MARTA}, "before"),
        (3, done_other, set(), "Nobody here"),
        (3, {**done_other, one.id: begun()}, {MARTA}, "already"),
    ):
        with pytest.raises(QuestNotOpen, match=why):
            take_on(one, ADA, known, level=level, here=here, now=NOW)
    assert take_on(one, ADA, done_other, level=3, here={MARTA}, now=NOW).step == 0


def test_a_quest_is_done_once_unless_it_comes_again() -> None:
    done = begun(state=ProgressState.DONE, finished_at=NOW, times=2)
    with pytest.raises(QuestNotOpen, match=r"done .* already"):
        take_on(quest(PLACE), ADA, {done.quest: done}, level=1, here=(), now=NOW)
    daily = quest(PLACE, repeat=timedelta(days=1))
    with pytest.raises(QuestNotOpen, match="too early"):
        take_on(daily, ADA, {done.quest: done}, level=1, here=(), now=NOW + timedelta(hours=23))
    again = take_on(daily, ADA, {done.quest: done}, level=1, here=(), now=NOW + timedelta(days=1))
    assert (again.times, again.step, again.state) == (2, 0, ProgressState.ACTIVE)


def test_what_was_given_up_can_be_taken_on_again() -> None:
    given_up = abandon(begun(step=1), NOW)
    assert given_up.state is ProgressState.ABANDONED
    assert open_step(quest(PLACE, TALK), given_up) is None
    assert not concerns(quest(PLACE, TALK), given_up, Trigger(StepKind.TALK, MARTA))
    assert advance(quest(PLACE), given_up, around(MOOR)).progress == given_up
    assert take_on(quest(PLACE, TALK), ADA, {given_up.quest: given_up}, level=1, here=(), now=NOW).step == 0


# --- steps ---


def test_a_place_is_reached_by_being_there() -> None:
    assert advance(quest(PLACE), begun(), around(INN)).progress == begun()
    done = advance(quest(PLACE), begun(), around(MOOR))
    assert done.is_finished
    assert (done.progress.times, done.progress.finished_at, done.done) == (1, NOW, (PLACE,))
    assert advance(quest(PLACE), begun(), around(MOOR), Trigger(StepKind.PLACE, MOOR)).is_finished


def test_things_count_while_they_are_carried() -> None:
    half = advance(quest(COLLECT), begun(), around(pear=1))
    assert (half.progress.count, half.is_finished) == (1, False)
    none = advance(quest(COLLECT), half.progress, around())
    assert none.progress.count == 0
    assert advance(quest(COLLECT), none.progress, around(pear=5)).is_finished


def test_a_talk_counts_with_the_right_one_about_the_right_thing() -> None:
    for trigger in (
        Trigger(StepKind.TALK, MARTA, text="the monkey"),
        Trigger(StepKind.TALK, InhabitantId("p/other"), text="the key"),
        Trigger(StepKind.PLACE, MOOR),
    ):
        assert not concerns(quest(TALK), begun(), trigger)
        assert not advance(quest(TALK), begun(), around(), trigger).is_finished
    for text in ("about THE KEY, please", "a bird"):
        assert advance(quest(TALK), begun(), around(), Trigger(StepKind.TALK, MARTA, text=text)).is_finished
    assert not advance(quest(TALK), begun(), around()).is_finished


def test_what_is_brought_is_handed_over_all_at_once() -> None:
    talk = Trigger(StepKind.TALK, MARTA, text="whatever")
    short = advance(quest(BRING), begun(), around(pear=1), talk)
    assert (short.is_finished, short.handed) == (False, {})
    done = advance(quest(BRING), begun(), around(pear=3), talk)
    assert (done.is_finished, done.handed) == (True, {PEAR: 2})


def test_what_was_handed_over_is_no_longer_carried() -> None:
    done = advance(quest(BRING, COLLECT), begun(), around(pear=3), Trigger(StepKind.TALK, MARTA))
    assert (done.progress.step, done.progress.count, done.handed) == (1, 1, {PEAR: 2})


def test_kills_add_up_where_they_count() -> None:
    elsewhere = Trigger(StepKind.KILL, "wolf", 2, INN)
    assert not advance(quest(KILL), begun(), around(), elsewhere).is_finished
    one = advance(quest(KILL), begun(), around(MOOR), Trigger(StepKind.KILL, "wolf", 1, MOOR))
    assert one.progress.count == 1
    assert advance(quest(KILL), one.progress, around(MOOR), Trigger(StepKind.KILL, "wolf", 5, MOOR)).is_finished


def test_time_passes_by_the_part_of_the_day_or_by_a_while() -> None:
    assert not advance(quest(NIGHT), begun(), around()).is_finished
    assert advance(quest(NIGHT), begun(), around(daypart="night")).is_finished
    assert concerns(quest(NIGHT), begun(), Trigger(StepKind.TIME))
    assert not advance(quest(AFTER), begun(), around(now=NOW + timedelta(minutes=59))).is_finished
    assert advance(quest(AFTER), begun(), around(now=NOW + timedelta(hours=1))).is_finished


def test_an_event_counts_when_it_happens() -> None:
    assert not advance(quest(EVENT), begun(), around()).is_finished
    assert advance(quest(EVENT), begun(), around(), Trigger(StepKind.EVENT, "shard_capture")).is_finished


def test_one_trigger_counts_for_one_step() -> None:
    talks = quest(TALK, replace_about(TALK))
    once = advance(talks, begun(), around(), Trigger(StepKind.TALK, MARTA, text="bird"))
    assert (once.progress.step, once.is_finished) == (1, False)


def replace_about(step: Step) -> Step:
    return Step(step.kind, step.text, step.subject)


def test_a_step_that_is_done_as_things_are_opens_the_next_at_once() -> None:
    chain = quest(PLACE, COLLECT, NIGHT, TALK)
    far = advance(chain, begun(), around(MOOR, "night", pear=2), Trigger(StepKind.PLACE, MOOR))
    assert (far.progress.step, far.done) == (3, (PLACE, COLLECT, NIGHT))
    assert far.progress.since == NOW


def test_a_quest_that_lost_steps_is_done_by_whatever_happens() -> None:
    late = begun(step=4)
    assert concerns(quest(PLACE), late, Trigger(StepKind.TALK, MARTA))
    assert advance(quest(PLACE), late, around()).is_finished


steps = st.lists(st.sampled_from([PLACE, COLLECT, TALK, BRING, KILL, NIGHT, AFTER, EVENT]), min_size=1, max_size=6)
triggers = st.sampled_from(
    [
        None,
        Trigger(StepKind.PLACE, MOOR),
        Trigger(StepKind.TALK, MARTA, text="bird"),
        Trigger(StepKind.KILL, "wolf", 2, MOOR),
        Trigger(StepKind.EVENT, "shard_capture"),
    ]
)
worlds = st.builds(
    lambda room, daypart, pears, hours: around(room, daypart, NOW + timedelta(hours=hours), pear=pears),
    st.sampled_from([INN, MOOR]),
    st.sampled_from(["night", "morning"]),
    st.integers(0, 4),
    st.integers(0, 5),
)


@given(steps, st.lists(st.tuples(worlds, triggers), max_size=20))
def test_whatever_happens_a_quest_only_goes_on(
    parts: list[Step], happenings: list[tuple[Surroundings, Trigger | None]]
) -> None:
    one, progress = quest(*parts), begun()
    for here, trigger in happenings:
        done = advance(one, progress, here, trigger)
        assert done.progress.step >= progress.step
        assert len(done.done) == done.progress.step - progress.step
        assert done.is_finished == (done.progress.step == len(parts))
        for template_id, count in done.handed.items():
            assert 0 < count <= here.carried[template_id]
        step = open_step(one, done.progress)
        assert step is None or 0 <= done.progress.count < step.count
        assert (step is None) == done.is_finished
        progress = done.progress
