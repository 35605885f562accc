"""Quests of characters: offered, taken on, followed step by step, rewarded.

What happens to a character is noted as a `Trigger`. Steps and fights that are won count in the transaction that saves
them. Other triggers of one character are looked at one after the other, each against the row, in one transaction with
what it brings or takes. A copy of the open quests says early which triggers concern nobody, so that walking about costs
the database nothing.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mythgate.domain.errors import NoQuest, NotHere, QuestNotOpen
from mythgate.domain.events import QuestStepView, QuestUpdate, QuestView, SystemMessage, event_of
from mythgate.domain.ids import CharacterId, InhabitantId, QuestId, RoomId, TemplateId
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.presence import Presence
from mythgate.domain.quests import (
    Advance,
    Progress,
    ProgressState,
    Quest,
    StepKind,
    Surroundings,
    Trigger,
    abandon,
    advance,
    closed_because,
    concerns,
    open_step,
    take_on,
)
from mythgate.domain.sheets import Sheet
from mythgate.domain.world import World, find
from mythgate.domain.worldevents import WorldEvent
from mythgate.services.errands import Errands
from mythgate.services.movement import Moved
from mythgate.services.ports import Clock, CommandKey, PresenceStore, Realtime, Sequel, Store, Transaction
from mythgate.services.shards import Won
from mythgate.services.sheets import Change, SheetService
from mythgate.services.sight import Sight, enumerate_words
from mythgate.services.world import WorldService, sentence_start

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of one quest, and what its character has afterwards."""

    quest: Quest
    progress: Progress
    advance: Advance | None  # None: it was given up
    change: Change | None  # None: nothing of the character's changed
    received: Sequence[Item] = ()


class QuestService:
    """Use cases around quests. Whoever asks acts for their own character."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        world: WorldService,
        sight: Sight,
        sheets: SheetService,
        clock: Clock,
    ) -> None:
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._world = world
        self._sight = sight
        self._sheets = sheets
        self._clock = clock
        self._errands = Errands("quests")
        self._open: dict[CharacterId, dict[QuestId, Progress]] = {}  # of those in the world, as they were saved
        self._waiting: dict[CharacterId, list[Trigger | None]] = {}  # while somebody looks at them
        self._stale: dict[CharacterId, bool] = {}  # while they are read: whether something was saved meanwhile
        self._offered: dict[CharacterId, set[QuestId]] = {}  # of which they were told

    # --- looking ---------------------------------------------------------------------------------------

    async def log(self, character_id: CharacterId) -> list[QuestView]:
        """The quests a character has taken on, in the order of that; those the world no longer has are left out."""
        known = await self._store.read(lambda tx: tx.quests.of_character(character_id))
        quests = self._world.world.quests
        return [self._view(quests[one.quest], one) for one in known.values() if one.quest in quests]

    async def offers(self, actor: CharacterId) -> list[QuestView]:
        """The quests the actor can take on where it is.

        Raises:
            NotInWorld: the character is not in the world.

        """
        return [self._view(quest, None) for quest in await self._open_to(self._sight.present(actor))]

    async def board(self, character_id: CharacterId) -> tuple[list[QuestView], list[QuestView]]:
        """The log of a character, and while it is in the world, the offers where it is."""
        log_, is_here = await self.log(character_id), self._presence.get(character_id) is not None
        return log_, await self.offers(character_id) if is_here else []

    async def _open_to(self, present: Presence) -> list[Quest]:
        known = await self._store.read(lambda tx: tx.quests.of_character(present.character_id))
        now, here = self._clock.now(), self._here(present.room_id)
        return [
            quest
            for quest in self._world.world.quests.values()
            if (quest.giver is None or quest.giver in here)
            and not closed_because(quest, known, level=present.level, now=now)
        ]

    def _here(self, room_id: RoomId) -> set[InhabitantId]:
        return {one.id for one in self._world.inhabitants_in(room_id)}

    def _view(self, quest: Quest, progress: Progress | None) -> QuestView:
        giver = self._world.world.inhabitant(quest.giver) if quest.giver is not None else None
        steps = []
        if progress is not None:
            steps = [QuestStepView(step.text, step.count, step.count, True) for step in quest.steps[: progress.step]]
            step = open_step(quest, progress)
            if step is not None:
                steps.append(QuestStepView(step.text, progress.count, step.count, False))
        return QuestView(
            id=quest.id,
            name=quest.name,
            summary=quest.summary,
            status="offered" if progress is None else progress.state.value,
            steps=steps,
            step=0 if progress is None else progress.step,
            total_steps=len(quest.steps),
            giver=giver.name if giver is not None else "",
            times=0 if progress is None else progress.times,
        )

    # --- taking on, giving up --------------------------------------------------------------------------

    async def accept(self, actor: CharacterId, words: str, *, once: CommandKey | None = None) -> QuestView:
        """Take on the quest that `words` name: its name, a part of it, or its id.

        Raises:
            NotInWorld: the character is not in the world.
            NoQuest, Ambiguous: nothing or more than one of the offers here answers to that.
            QuestNotOpen: it cannot be taken on; the message says why.
            Repeated: `once` was carried out before.

        """
        present = self._sight.present(actor)
        world = self._world.world
        quest = _named(words, world.quests.values(), await self._open_to(present))

        def work(tx: Transaction) -> list[Followed]:
            body = tx.characters.require(actor)
            known = tx.quests.of_character(actor)
            now = self._clock.now()
            progress = take_on(quest, actor, known, level=body.level, here=self._here(body.room_id), now=now)
            tx.quests.save(progress)
            return [self._follow(tx, quest, progress, self._surroundings(tx, actor, body.room_id), None)]

        done = await self._store.write(work, then=lambda done: self._tell(actor, done), once=once)
        return self._view(quest, done[0].progress)

    async def abandon(self, actor: CharacterId, words: str, *, once: CommandKey | None = None) -> QuestView:
        """Give up the quest that `words` name; it can be taken on again from its beginning.

        Raises:
            NoQuest, Ambiguous: nothing or more than one of the actor's open quests answers to that.
            Repeated: `once` was carried out before.

        """

        def work(tx: Transaction) -> list[Followed]:
            quests = self._world.world.quests
            known = tx.quests.of_character(actor)
            mine = [
                quests[one.quest] for one in known.values() if one.state is ProgressState.ACTIVE and one.quest in quests
            ]
            quest = _named(words, mine, mine)
            progress = abandon(known[quest.id], self._clock.now())
            tx.quests.save(progress)
            return [Followed(quest, progress, None, None)]

        done = await self._store.write(work, then=lambda done: self._tell(actor, done), once=once)
        return self._view(done[0].quest, done[0].progress)

    # --- what happens to characters --------------------------------------------------------------------

    def note(self, character_id: CharacterId, trigger: Trigger | None = None) -> None:
        """Something happened to a character; without a trigger, look how things are. Does not wait."""
        waiting = self._waiting.get(character_id)
        if waiting is not None:
            waiting.append(trigger)
        elif self._is_worth_it(character_id, trigger):
            self._waiting[character_id] = [trigger]
            self._errands.start(self._look_at(character_id))

    def entered(self, present: Presence) -> None:
        """Somebody came into the world (observer of `PresenceService.on_entered`)."""
        self._open.pop(present.character_id, None)
        self.note(present.character_id)

    def gone(self, character_id: CharacterId) -> None:
        """Somebody left it (observer of `PresenceService.on_gone`)."""
        self._open.pop(character_id, None)
        self._offered.pop(character_id, None)

    def moving(self, character_id: CharacterId) -> Sequel | None:
        """For `MovementService.accompany`: whoever has come where they were to go has done so once it is saved."""
        if character_id in self._open and not self._stands(character_id, (StepKind.PLACE,)):
            return None
        return self._sequel({character_id: [None]})

    def moved(self, moved: Moved) -> None:
        """Observer of `MovementService.on_moved`: of who took a quest on while they walked."""
        self.note(moved.character_id, Trigger(StepKind.PLACE, moved.target, room=moved.target))

    def talked(self, character_id: CharacterId, inhabitant_id: InhabitantId, text: str) -> None:
        """Observer of `WorldService.on_talked`."""
        self.note(character_id, Trigger(StepKind.TALK, inhabitant_id, text=text))

    def carries(self, character_id: CharacterId) -> None:
        """Somebody has more things than before (observer of `ThingService.on_received`)."""
        if self._stands(character_id, (StepKind.COLLECT,)):
            self.note(character_id)

    def winning(self, won: Won) -> Sequel:
        """For `EncounterService.accompany`: the slain count in the transaction that saves the reward."""
        slain = [Trigger(StepKind.KILL, key, count, won.room_id) for key, count in Counter(won.slain).items()]
        return self._sequel(dict.fromkeys(sorted(won.winners), slain))

    def happened(self, event: WorldEvent) -> None:
        """Observer of `ShardService.on_event`."""
        for character_id in list(self._open):
            self.note(character_id, Trigger(StepKind.EVENT, event.kind.value))

    async def tend(self) -> None:
        """Look at steps that are done by how things are. To be called now and then."""
        for character_id in list(self._open):
            if self._stands(character_id, (StepKind.COLLECT, StepKind.TIME)):
                self.note(character_id)

    async def settle(self) -> None:
        """Wait until nothing is under way. Before the store closes."""
        await self._errands.settle()

    def _stands(self, character_id: CharacterId, kinds: Sequence[StepKind]) -> bool:
        """Whether an open step of the character's is of one of these kinds."""
        quests = self._world.world.quests
        for one in self._open.get(character_id, {}).values():
            quest = quests.get(one.quest)
            step = open_step(quest, one) if quest is not None else None
            if step is not None and step.kind in kinds:
                return True
        return False

    def _is_worth_it(self, character_id: CharacterId, trigger: Trigger | None) -> bool:
        """Whether the trigger may change anything, as far as is known without asking the database."""
        known = self._open.get(character_id)
        if known is None or trigger is None:
            return True
        quests = self._world.world.quests
        if trigger.kind is StepKind.TALK and any(quest.giver == trigger.subject for quest in quests.values()):
            return True
        return any(one.quest in quests and concerns(quests[one.quest], one, trigger) for one in known.values())

    async def _look_at(self, character_id: CharacterId) -> None:
        """Follow the quests of a character for as long as something waits to be looked at."""
        waiting = self._waiting[character_id]
        try:
            while waiting:
                trigger = waiting.pop(0)
                if character_id not in self._open and self._presence.get(character_id) is not None:
                    await self._read(character_id)
                if self._is_worth_it(character_id, trigger):
                    await self._advance(character_id, trigger)
                if trigger is not None and trigger.kind is StepKind.TALK:
                    await self._offer(character_id, trigger)
        finally:
            del self._waiting[character_id]

    async def _read(self, character_id: CharacterId) -> None:
        """Have the open quests of a character at hand."""
        while self._stale.get(character_id, True):
            self._stale[character_id] = False
            known = await self._store.read(lambda tx: tx.quests.of_character(character_id))
        del self._stale[character_id]
        if self._presence.get(character_id) is not None:  # or they left meanwhile
            self._open[character_id] = _active(known.values())

    async def _advance(self, character_id: CharacterId, trigger: Trigger | None) -> None:
        await self._store.write(
            lambda tx: self._follow_all(tx, character_id, trigger), then=lambda done: self._tell(character_id, done)
        )

    def _sequel(self, noted: Mapping[CharacterId, Sequence[Trigger | None]]) -> Sequel:
        """What happened to characters, to be looked at in the transaction in which it happens."""

        def work(tx: Transaction) -> Callable[[], None]:
            found = [
                (character_id, trigger, self._follow_all(tx, character_id, trigger))
                for character_id, triggers in noted.items()
                for trigger in triggers
            ]

            def tell() -> None:
                for character_id, trigger, done in found:
                    self._tell(character_id, done)
                    if trigger is not None and not done:
                        # Something that happened before, and waits to be looked at, may yet open the step it is for.
                        self.note(character_id, trigger)

            return tell

        return work

    def _follow_all(self, tx: Transaction, character_id: CharacterId, trigger: Trigger | None) -> list[Followed]:
        """Carry all quests of a character on; returns those that went on."""
        body = tx.characters.get(character_id)
        known = tx.quests.of_character(character_id)
        if body is None or not any(one.state is ProgressState.ACTIVE for one in known.values()):
            return []
        done, quests = [], self._world.world.quests
        for progress in known.values():
            quest = quests.get(progress.quest)
            if quest is None or progress.state is not ProgressState.ACTIVE:
                continue
            around = self._surroundings(tx, character_id, body.room_id)
            followed = self._follow(tx, quest, progress, around, trigger)
            if followed.progress != progress:
                done.append(followed)
        return done

    def _surroundings(self, tx: Transaction, character_id: CharacterId, room_id: RoomId) -> Surroundings:
        carried: Counter[TemplateId] = Counter()
        for item in tx.items.held_by(HolderKind.CHARACTER, character_id):
            carried[item.template_id] += item.quantity
        return Surroundings(room_id, carried, self._world.daypart.value, self._clock.now())

    def _follow(
        self, tx: Transaction, quest: Quest, progress: Progress, around: Surroundings, trigger: Trigger | None
    ) -> Followed:
        """Carry one quest on, with what it takes and gives."""
        character_id = progress.character_id
        done = advance(quest, progress, around, trigger)
        if done.progress != progress:
            tx.quests.save(done.progress)
        _hand_over(tx, character_id, done.handed)
        received: list[Item] = []
        reward = quest.reward
        if done.is_finished:
            for template_id, count in reward.items.items():
                received += self._sheets.grant(tx, character_id, template_id, count)
        if not (done.handed or received or (done.is_finished and (reward.souls or reward.experience))):
            return Followed(quest, done.progress, done, None)

        def earn(sheet: Sheet) -> Sheet:
            return sheet.paid(reward.souls).learned(reward.experience) if done.is_finished else sheet

        return Followed(quest, done.progress, done, self._sheets.changing(tx, character_id, earn), received)

    # --- telling ---------------------------------------------------------------------------------------

    def _tell(self, character_id: CharacterId, done: Sequence[Followed]) -> None:
        """Saved: the copy follows, and the character hears of it."""
        now = self._clock.now()
        known = self._open.get(character_id)
        if character_id in self._stale:
            self._stale[character_id] = True
        for one in done:
            if known is not None:
                known.pop(one.quest.id, None)
                known.update(_active([one.progress]))
            if one.change is not None:
                self._sheets.tell(one.change)
            self._realtime.send(character_id, event_of(self._update(one), now, player_id=character_id))

    def _update(self, one: Followed) -> QuestUpdate:
        quest, finished = one.quest, one.advance is not None and one.advance.is_finished
        reward = quest.reward
        items = []
        if finished:
            world = self._world.world
            items = [_counted(world, template_id, count) for template_id, count in reward.items.items()]
        return QuestUpdate(
            quest=self._view(quest, one.progress),
            souls=reward.souls if finished else 0,
            experience=reward.experience if finished else 0,
            items=items,
            message=_message(quest, one, items),
        )

    async def _offer(self, character_id: CharacterId, trigger: Trigger) -> None:
        """Whoever talks to somebody who has a quest for them is told so, once."""
        present = self._presence.get(character_id)
        if present is None:
            return
        told = self._offered.setdefault(character_id, set())
        for quest in await self._open_to(present):
            if quest.giver == trigger.subject and quest.id not in told:
                told.add(quest.id)
                giver = self._world.world.inhabitants[quest.giver]
                message = (
                    f"{sentence_start(giver.name)} has a quest for you: {quest.name}. {quest.summary} "
                    f"To take it on: `quest accept {quest.name}`"
                )
                self._realtime.send(character_id, event_of(SystemMessage(message), self._clock.now()))


def _active(progress: Iterable[Progress]) -> dict[QuestId, Progress]:
    return {one.quest: one for one in progress if one.state is ProgressState.ACTIVE}


def _named(words: str, known: Iterable[Quest], open_: Sequence[Quest]) -> Quest:
    """The one of the `open_` quests that `words` name; if another that is `known` is meant, it is said so."""
    for quest in open_:
        if words.strip() == quest.id:
            return quest
    try:
        return find(words, open_, names=_names)
    except NotHere:
        pass
    try:
        find(words, known, names=_names)
    except NotHere:
        raise NoQuest from None
    raise QuestNotOpen(hint="`quests` lists what you can take on here.")


def _names(quest: Quest) -> tuple[str, ...]:
    return quest.name, quest.id.rpartition("/")[2].replace("_", " ")


def _hand_over(tx: Transaction, character_id: CharacterId, handed: Mapping[TemplateId, int]) -> None:
    """Things the character gives away are no more; what is not equipped goes first."""
    left = dict(handed)
    carried = tx.items.held_by(HolderKind.CHARACTER, character_id) if handed else []
    for item in sorted(carried, key=lambda one: one.equipped):
        part = min(left.get(item.template_id, 0), item.quantity)
        if not part:
            continue
        left[item.template_id] -= part
        if part < item.quantity:
            tx.items.save(replace(item, quantity=item.quantity - part))
        else:
            tx.items.remove(item)


def _counted(world: World, template_id: TemplateId, count: int) -> str:
    name = world.template(template_id).full_name
    return name if count == 1 else f"{name} (×{count})"


def _message(quest: Quest, one: Followed, items: Sequence[str]) -> str:
    if one.advance is None:
        return f"You give up “{quest.name}”."
    if one.advance.is_finished:
        got = [
            *([f"{quest.reward.souls} souls"] if quest.reward.souls else []),
            *([f"{quest.reward.experience} experience"] if quest.reward.experience else []),
            *items,
        ]
        reward = f" You get {enumerate_words(got)}." if got else ""
        return f"You have done “{quest.name}”. {quest.ending}".rstrip() + reward
    step = open_step(quest, one.progress)
    assert step is not None  # an active quest after an advance has one
    count = f" ({one.progress.count} of {step.count})" if step.count > 1 else ""
    return f"{quest.name}: {step.text}{count}"
