"""Quests: what somebody is asked to do, step by step, and how far a character is with it.

A quest is part of the world; `Progress` is a row. One step is open at a time. Some steps wait for something to happen
(a talk, a kill, an event of the world); others ask how things are (where one stands, what one carries, how late it is)
and may be done the moment they open.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mythgate.domain.errors import QuestNotOpen
from mythgate.domain.ids import CharacterId, InhabitantId, QuestId, RoomId, TemplateId
from mythgate.domain.world import words_of


class StepKind(StrEnum):
    """What a step waits for. The value is the key under which a world pack names its subject."""

    PLACE = "place"
    TALK = "talk"
    KILL = "kill"
    COLLECT = "collect"
    TIME = "time"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a quest. `subject` is a room, an inhabitant, a creature of the bestiary, an item, a part of the day
    (or nothing, with `after`), or a kind of world event."""

    kind: StepKind
    text: str  # what is to be done, in a sentence
    subject: str = ""
    count: int = 1
    room: RoomId | None = None  # where to kill; None: anywhere
    about: tuple[str, ...] = ()  # what to talk about, one of them; none: whatever
    brings: TemplateId | None = None  # what the inhabitant is given in that talk
    after: timedelta | None = None  # how long the step takes


@dataclass(frozen=True, slots=True)
class Reward:
    """What one gets for a quest."""

    souls: int = 0
    experience: int = 0
    items: Mapping[TemplateId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quest:
    """A quest as the world pack describes it."""

    id: QuestId
    name: str
    summary: str
    steps: tuple[Step, ...]
    giver: InhabitantId | None = None  # who offers it; None: it can be taken on anywhere
    needs: tuple[QuestId, ...] = ()  # quests to be done before
    level: int = 1  # the least
    repeat: timedelta | None = None  # when it can be done again; None: never
    reward: Reward = field(default_factory=Reward)
    ending: str = ""  # read when it is done


class ProgressState(StrEnum):
    ACTIVE = "active"
    DONE = "done"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a character is with one quest."""

    character_id: CharacterId
    quest: QuestId
    accepted_at: datetime
    since: datetime  # when the step was opened
    state: ProgressState = ProgressState.ACTIVE
    step: int = 0  # the open one; all are done at the number of steps
    count: int = 0  # of the open step
    finished_at: datetime | None = None
    times: int = 0  # it was done


@dataclass(frozen=True, slots=True)
class Trigger:
    """Something that happened to a character, or that it did."""

    kind: StepKind
    subject: str = ""
    count: int = 1
    room: RoomId | None = None
    text: str = ""  # what was said


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How things are for a character at this instant."""

    room: RoomId
    carried: Mapping[TemplateId, int]
    daypart: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Advance:
    """What became of a quest: `handed` are things given away for it."""

    progress: Progress
    done: tuple[Step, ...] = ()
    handed: Mapping[TemplateId, int] = field(default_factory=dict)

    @property
    def is_finished(self) -> bool:
        return self.progress.state is ProgressState.DONE


def take_on(
    quest: Quest,
    character_id: CharacterId,
    known: Mapping[QuestId, Progress],
    *,
    level: int,
    here: Collection[InhabitantId],
    now: datetime,
) -> Progress:
    """The character takes the quest on. `here` are the inhabitants in the room.

    Raises:
        QuestNotOpen: it cannot; the message says why.

    """
    why = closed_because(quest, known, level=level, now=now)
    if why:
        raise QuestNotOpen(why)
    if quest.giver is not None and quest.giver not in here:
        raise QuestNotOpen("Nobody here has asked you for that.", hint="Go to who offers it.")
    before = known.get(quest.id)
    return Progress(character_id, quest.id, now, now, times=0 if before is None else before.times)


def closed_because(quest: Quest, known: Mapping[QuestId, Progress], *, level: int, now: datetime) -> str:
    """Why somebody who knows these quests cannot take it on anywhere; empty if they can."""
    before = known.get(quest.id)
    if before is not None and before.state is ProgressState.ACTIVE:
        return f"You have taken “{quest.name}” on already."
    if before is not None and before.finished_at is not None and before.times:
        if quest.repeat is None:
            return f"You have done “{quest.name}” already."
        if now < before.finished_at + quest.repeat:
            return f"It is too early to do “{quest.name}” again."
    if level < quest.level:
        return f"“{quest.name}” is for those of level {quest.level} and more."
    done = {one.quest for one in known.values() if one.times}
    if not set(quest.needs) <= done:
        return f"Something else has to be done before “{quest.name}”."
    return ""


def abandon(progress: Progress, now: datetime) -> Progress:
    """The character gives the quest up, and may take it on again from its beginning."""
    return replace(progress, state=ProgressState.ABANDONED, since=now)


def open_step(quest: Quest, progress: Progress) -> Step | None:
    """The step that is to be done now; None if there is none."""
    if progress.state is not ProgressState.ACTIVE or progress.step >= len(quest.steps):
        return None
    return quest.steps[progress.step]


def concerns(quest: Quest, progress: Progress, trigger: Trigger) -> bool:
    """Whether the open step may be about what happened. Cheap: nothing of the character's is looked at."""
    step = open_step(quest, progress)
    if step is None:
        # The pack has fewer steps than when it was taken on: whatever happens finishes it.
        return progress.state is ProgressState.ACTIVE
    if step.kind is not trigger.kind:
        return False
    if step.kind is StepKind.TIME:
        return True
    if step.subject != trigger.subject or step.room not in (None, trigger.room):
        return False
    if step.kind is not StepKind.TALK or not step.about:
        return True
    words = f" {' '.join(words_of(trigger.text))} "
    return any(f" {' '.join(words_of(about))} " in words for about in step.about)


def advance(quest: Quest, progress: Progress, around: Surroundings, trigger: Trigger | None = None) -> Advance:
    """How far the character is after `trigger`, which counts for one step. Steps that are done by how things are
    open the next one at once."""
    if progress.state is not ProgressState.ACTIVE:
        return Advance(progress)
    carried = dict(around.carried)
    done: list[Step] = []
    handed: dict[TemplateId, int] = {}
    while (step := open_step(quest, progress)) is not None:
        if trigger is not None and concerns(quest, progress, trigger) and not _stands(step):
            given, trigger = trigger, None
            if step.brings is not None:
                if carried.get(step.brings, 0) < step.count:
                    break
                carried[step.brings] -= step.count
                handed[step.brings] = handed.get(step.brings, 0) + step.count
                count = step.count
            else:
                count = progress.count + given.count
        else:
            count = _count(step, progress, around, carried)
        progress = replace(progress, count=min(count, step.count))
        if progress.count < step.count:
            break
        done.append(step)
        progress = replace(progress, step=progress.step + 1, count=0, since=around.now)
    if progress.step >= len(quest.steps):
        progress = replace(
            progress, state=ProgressState.DONE, count=0, finished_at=around.now, times=progress.times + 1
        )
    return Advance(progress, tuple(done), handed)


def _stands(step: Step) -> bool:
    """Whether how things are decides about the step, not what happens."""
    return step.kind in (StepKind.PLACE, StepKind.COLLECT, StepKind.TIME)


def _count(step: Step, progress: Progress, around: Surroundings, carried: Mapping[TemplateId, int]) -> int:
    """How much of a step is done as things are."""
    match step.kind:
        case StepKind.PLACE:
            return int(around.room == step.subject)
        case StepKind.COLLECT:
            return carried.get(TemplateId(step.subject), 0)
        case StepKind.TIME if step.after is not None:
            return int(around.now >= progress.since + step.after)
        case StepKind.TIME:
            return int(around.daypart == step.subject)
    return progress.count
