"""Character sheets: what bodies can do and bear, what they wear and use up, how they rest, die and return.

The row is the truth; `Persona.sheet` repeats it for whoever shows a character. Everybody who is to know hears
of a change once it is saved: the owner of the whole character, the room of how it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mythgate.domain.errors import CannotUse, NotHere, PermissionDenied, Refused, TooSoon
from mythgate.domain.events import (
    LevelUp,
    Payload,
    PlayerDied,
    PlayerState,
    PlayerUpdate,
    SheetView,
    SystemMessage,
    event_of,
)
from mythgate.domain.ids import CharacterId, ItemId, RoomId, TemplateId, room_topic
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import Caller
from mythgate.domain.sheets import Bonuses, Sheet
from mythgate.domain.world import SAFE, ItemTemplate, World, find
from mythgate.services.movement import Brought, MovementService
from mythgate.services.ports import Clock, CommandKey, Ids, PresenceStore, Realtime, Sequel, Store, Transaction
from mythgate.services.sight import Sight, sheet_view
from mythgate.services.world import WorldService

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SheetPolicy:
    """Numbers an operator may change."""

    rest_interval: timedelta = timedelta(minutes=1)  # between two rests outside of safe rooms


@dataclass(frozen=True, slots=True)
class Change:
    """A sheet before and after, and what its owner carries then."""

    character_id: CharacterId
    before: Sheet
    after: Sheet
    carried: Sequence[Item]

    @property
    def shows_elsewhere(self) -> bool:
        """Whether those who are told of levels, health and the like, wherever they are, have to hear of it."""
        return _from_afar(self.before) != _from_afar(self.after)


@dataclass(frozen=True, slots=True)
class Used:
    """Something that was put on, taken off or used up."""

    item: Item
    template: ItemTemplate
    taken_off: ItemTemplate | None  # what was worn before
    change: Change


@dataclass(frozen=True, slots=True)
class Rested:
    """A rest: in a safe room all there is, elsewhere half of it."""

    fully: bool
    change: Change


@dataclass(frozen=True, slots=True)
class Death:
    """Where who died awakes, and what it cost."""

    origin: RoomId
    room_id: RoomId
    souls_lost: int
    change: Change
    brought: Brought


class SheetService:
    """Use cases around sheets and what is equipped. Rights are those of the caller: doors only ever name the
    actor's own character, and services those whom their rules concern."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        world: WorldService,
        sight: Sight,
        movement: MovementService,
        clock: Clock,
        ids: Ids,
        policy: SheetPolicy | None = None,
    ) -> None:
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._world = world
        self._sight = sight
        self._movement = movement
        self._clock = clock
        self._ids = ids
        self._policy = policy if policy is not None else SheetPolicy()
        self.rest_rate: Callable[[], float] = lambda: 1.0  # multiplies what a rest outside of safe rooms gives
        self._restraints: list[Callable[[CharacterId], None]] = []
        self._observers: list[Callable[[Change], None]] = []
        self._rested: dict[CharacterId, datetime] = {}

    def restrain(self, check: Callable[[CharacterId], None]) -> None:
        """Have `check` asked before somebody rests, equips or uses things at leisure. It raises what is against it."""
        self._restraints.append(check)

    def on_changed(self, observer: Callable[[Change], None]) -> None:
        """Have `observer` told of every change of a sheet, once owner and room were."""
        self._observers.append(observer)

    # --- reading ---------------------------------------------------------------------------------------

    async def of(self, character_id: CharacterId) -> Sheet:
        """The sheet as it is saved; the default one for who has none."""
        return await self._store.read(lambda tx: tx.sheets.get(character_id))

    async def view(self, caller: Caller, character_id: CharacterId) -> SheetView:
        """The sheet of one of the caller's characters.

        Raises:
            NotFound: there is no such living character.
            PermissionDenied: it is somebody else's.

        """

        def work(tx: Transaction) -> SheetView:
            if tx.characters.require(character_id).account_id != caller.account_id:
                raise PermissionDenied("That is not your character.")
            carried = tx.items.held_by(HolderKind.CHARACTER, character_id)
            return sheet_view(tx.sheets.get(character_id), self._sight.rows(carried))

        return await self._store.read(work)

    async def bonuses(self, character_id: CharacterId) -> Bonuses:
        """What equipped things add."""
        return bonuses(self._world.world, await self._sight.carried(character_id))

    # --- changing --------------------------------------------------------------------------------------

    async def change(
        self, character_id: CharacterId, work: Callable[[Sheet], Sheet], *, once: CommandKey | None = None
    ) -> Sheet:
        """Let `work` decide what becomes of the sheet, save it, and tell who is to know.

        Raises:
            NotFound: there is no such living character.
            Refused: whatever `work` refused; nothing was done.

        """
        return (await self.change_all({character_id: work}, once=once))[character_id]

    async def change_all(
        self, works: Mapping[CharacterId, Callable[[Sheet], Sheet]], *, once: CommandKey | None = None
    ) -> dict[CharacterId, Sheet]:
        """As `change` for several, in one transaction."""

        def work(tx: Transaction) -> list[Change]:
            # Always in the same order, so that two who change each other do not wait for each other.
            return [self.changing(tx, one, works[one]) for one in sorted(works)]

        changes = await self._store.write(work, then=self.tell_all, once=once)
        return {one.character_id: one.after for one in changes}

    def changing(self, tx: Transaction, character_id: CharacterId, work: Callable[[Sheet], Sheet]) -> Change:
        """For transactions of others: change a sheet within theirs. They hand what is returned to `tell` once it is
        saved. Raises NotFound if there is no such living character."""
        tx.characters.require(character_id)
        before = tx.sheets.get(character_id)
        after = work(before)
        if after != before:
            tx.sheets.save(character_id, after)
        return Change(character_id, before, after, tx.items.held_by(HolderKind.CHARACTER, character_id))

    def grant(
        self, tx: Transaction, character_id: CharacterId, template_id: TemplateId, quantity: int = 1
    ) -> list[Item]:
        """For transactions of others: new things in somebody's hands, on a stack of the same if there is one.

        How much one can carry is not asked. Returns the items as they now are.
        """
        stacks = self._world.world.template(template_id).stacks
        if stacks:
            for item in tx.items.held_by(HolderKind.CHARACTER, character_id):
                if item.template_id == template_id:
                    grown = replace(item, quantity=item.quantity + quantity)
                    tx.items.save(grown)
                    return [grown]
        now = self._clock.now()
        made = [
            Item(
                ItemId(self._ids.new()),
                template_id,
                HolderKind.CHARACTER,
                character_id,
                now,
                quantity=quantity if stacks else 1,
            )
            for _ in range(1 if stacks else quantity)
        ]
        for item in made:
            tx.items.add(item)
        return made

    def tell_all(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.tell(change)

    def tell(self, change: Change) -> None:
        """Saved: live state follows, the owner and the room hear of it. Not to be called for what was not saved."""
        present = self._presence.get(change.character_id)
        persona = self._sight.personas.get(change.character_id)
        if change.character_id in self._sight.entering:
            self._sight.entering[change.character_id] += 1
        if persona is not None:
            persona.sheet = change.after
        sleeper = self._sight.asleep.get(change.character_id)
        if sleeper is not None:
            sleeper.level = change.after.level
        if present is not None and persona is not None:
            self._show(present, change)
        for observer in self._observers:
            observer(change)

    def _show(self, present: Presence, change: Change) -> None:
        present.level = change.after.level
        now = self._clock.now()
        update = PlayerUpdate(self._sight.player(present, self._sight.rows(change.carried)))
        self._realtime.send(change.character_id, event_of(update, now, player_id=change.character_id))
        if _state(change.before) != _state(change.after):
            self._publish(present, _player_state(present, change.after))
        if change.after.level > change.before.level:
            level = change.after.level
            message = f"{present.name} has reached level {level}."
            self._publish(present, LevelUp(present.character_id, present.name, level, message))
            self._sight.tell_occupants(present.room_id)
            log.info("level reached", extra={"character": change.character_id, "level": level})

    def _publish(self, present: Presence, payload: Payload) -> None:
        event = event_of(payload, self._clock.now(), room_id=present.room_id, player_id=present.character_id)
        self._realtime.publish(room_topic(present.room_id), event)

    # --- death -----------------------------------------------------------------------------------------

    async def die(self, character_id: CharacterId) -> Death:
        """The character dies and awakes in the nearest safe room, with half of its health and fewer souls.

        Raises:
            NotFound: there is no such living character.

        """

        sequels = self._movement.prepare(character_id)
        return await self._store.write(lambda tx: self.dying(tx, character_id, sequels), then=self.died)

    def dying(
        self,
        tx: Transaction,
        character_id: CharacterId,
        sequels: Sequence[Sequel],
        work: Callable[[Sheet], Sheet] = lambda sheet: sheet,
    ) -> Death:
        """For transactions of others: `die` within theirs, after `work` on the sheet. They hand what is returned to
        `died` once it is saved; `sequels` are what `MovementService.prepare` said before."""
        origin = tx.characters.require(character_id).room_id
        refuge = self._world.world.refuge_from(origin)
        change = self.changing(tx, character_id, lambda sheet: work(sheet).died())
        lost = change.before.souls - change.after.souls
        return Death(origin, refuge, lost, change, self._movement.bringing(tx, character_id, refuge, sequels))

    def died(self, death: Death) -> None:
        """Saved: everybody hears of it. Not to be called for what was not saved."""
        character_id, now = death.change.character_id, self._clock.now()
        present = self._presence.get(character_id)
        if present is not None:
            died = PlayerDied(character_id, present.name, f"{present.name} dies.")
            self._publish(present, died)
            room = self._world.world.room(death.room_id)
            loss = f" You have lost {death.souls_lost} souls." if death.souls_lost else ""
            message = f"You die, and awake in {room.name if room is not None else 'another place'}.{loss}"
            self._realtime.send(character_id, event_of(SystemMessage(message), now))
        self.tell(death.change)
        self._movement.brought(death.brought)
        log.info("character died", extra={"character": character_id, "room": death.origin})

    # --- at leisure ------------------------------------------------------------------------------------

    async def rest(self, actor: CharacterId, *, once: CommandKey | None = None) -> Rested:
        """Rest: in a safe room for as long as it takes, elsewhere half of that, and not all the time.

        Raises:
            NotInWorld: the character is not in the world.
            TooSoon: it has rested elsewhere a moment ago.
            Refused: something keeps it from resting.

        """
        present = self._at_leisure(actor)
        now, interval, rate = self._clock.now(), self._policy.rest_interval, self.rest_rate()
        fully = SAFE in self._sight.room_of(present).tags
        self._rested = {one: at for one, at in self._rested.items() if now < at + interval}
        if not fully and actor in self._rested:
            wait = self._rested[actor] + interval - now
            raise TooSoon("You have rested a moment ago.", hint="In a safe place one rests well.", retry_after=wait)

        if not fully:
            self._rested[actor] = now  # before it is saved: of two rests at once the second is too soon
        try:
            change = await self._store.write(
                lambda tx: self.changing(tx, actor, lambda sheet: sheet.rested(fully=fully, rate=rate)),
                then=self.tell,
                once=once,
            )
        except Refused:
            if self._rested.get(actor) == now:
                del self._rested[actor]
            raise
        return Rested(fully, change)

    async def equip(self, actor: CharacterId, words: str, *, once: CommandKey | None = None) -> Used:
        """Put on or wield a carried thing; what was worn of its kind is taken off.

        Raises:
            NotInWorld: the character is not in the world.
            NotHere, Ambiguous: nothing or more than one thing that is carried answers to that.
            CannotUse: it is no weapon or armor, or is equipped already.

        """
        self._at_leisure(actor)
        world = self._world.world

        def work(tx: Transaction) -> Used:
            carried = _hands(tx, actor)
            try:
                item = _named(world, words, [one for one in carried if not one.equipped])
            except NotHere:
                item = _named(world, words, carried)
            template = world.template(item.template_id)
            if not template.kind.is_worn:
                raise CannotUse(f"You cannot equip {template.full_name}.", hint="Weapons and armor can be equipped.")
            if item.equipped:
                raise CannotUse(f"You have equipped {template.full_name} already.")
            before = None
            for other in carried:
                if other.equipped and world.template(other.template_id).kind is template.kind:
                    before = world.template(other.template_id)
                    other.equipped = False
                    tx.items.save(other)
            item.equipped = True
            tx.items.save(item)
            return Used(item, template, before, self.changing(tx, actor, _unchanged))

        return await self._store.write(work, then=lambda used: self.tell(used.change), once=once)

    async def unequip(self, actor: CharacterId, words: str, *, once: CommandKey | None = None) -> Used:
        """Take off what is equipped; it is carried on.

        Raises:
            NotInWorld: the character is not in the world.
            NotHere, Ambiguous: nothing or more than one thing that is equipped answers to that.

        """
        self._at_leisure(actor)
        world = self._world.world

        def work(tx: Transaction) -> Used:
            carried = _hands(tx, actor)
            try:
                item = _named(world, words, [one for one in carried if one.equipped])
            except NotHere:
                raise NotHere("You have equipped nothing like that.", hint="See: `sheet`") from None
            item.equipped = False
            tx.items.save(item)
            template = world.template(item.template_id)
            return Used(item, template, template, self.changing(tx, actor, _unchanged))

        return await self._store.write(work, then=lambda used: self.tell(used.change), once=once)

    async def use(
        self, actor: CharacterId, words: str, *, once: CommandKey | None = None, in_need: bool = False
    ) -> Used:
        """Use up one of what `words` name: a potion. With `in_need`, also where nothing can be done at leisure.

        Raises:
            NotInWorld: the character is not in the world.
            NotHere, Ambiguous: nothing or more than one thing that is carried answers to that.
            CannotUse: it is not to be used up, or nothing would come of it.

        """
        if in_need:
            self._sight.present(actor)
        else:
            self._at_leisure(actor)
        world = self._world.world

        def work(tx: Transaction) -> Used:
            item = _named(world, words, _hands(tx, actor))
            template = world.template(item.template_id)
            used_up(tx, item)
            return Used(item, template, None, self.changing(tx, actor, lambda sheet: treated(sheet, template)))

        return await self._store.write(work, then=lambda used: self.tell(used.change), once=once)

    def _at_leisure(self, actor: CharacterId) -> Presence:
        present = self._sight.present(actor)
        for check in self._restraints:
            check(actor)
        return present


def _hands(tx: Transaction, character_id: CharacterId) -> list[Item]:
    """What somebody carries. First the body, then its hands, as for all who give and take: else two wait for each other
    until the database finds out."""
    tx.characters.require(character_id)
    return tx.items.held_by(HolderKind.CHARACTER, character_id)


def used_up(tx: Transaction, item: Item) -> None:
    """One of the item is no more."""
    if item.quantity > 1:
        tx.items.save(replace(item, quantity=item.quantity - 1))
    else:
        tx.items.remove(item)


def treated(sheet: Sheet, template: ItemTemplate) -> Sheet:
    """The sheet after a thing of that kind was used up.

    Raises:
        CannotUse: that does nothing, or nothing to somebody who lacks nothing.

    """
    if not (template.heals or template.restores_mana):
        raise CannotUse(f"You do not know what to do with {template.full_name}.")
    after = sheet.with_now(health=sheet.now.health + template.heals, mana=sheet.now.mana + template.restores_mana)
    if after == sheet:
        raise CannotUse(f"You do not need {template.full_name} now.")
    return after


def bonuses(world: World, carried: Sequence[Item]) -> Bonuses:
    """What those of the carried things add that are equipped."""
    equipped = [world.template(item.template_id) for item in carried if item.equipped]
    return Bonuses(
        sum(one.attack for one in equipped), sum(one.defence for one in equipped), sum(one.magic for one in equipped)
    )


def _named(world: World, words: str, items: Sequence[Item]) -> Item:
    try:
        return find(
            words,
            items,
            names=lambda item: world.template(item.template_id).names,
            alike=lambda item: item.template_id,
        )
    except NotHere:
        raise NotHere("You carry nothing like that.", hint="See: `inventory`") from None


def _unchanged(sheet: Sheet) -> Sheet:
    return sheet


def _from_afar(sheet: Sheet) -> object:
    return sheet.level, sheet.race, sheet.calling, sheet.now.health, sheet.most.health


def _state(sheet: Sheet) -> object:
    return sheet.now, sheet.most, sheet.level


def _player_state(present: Presence, sheet: Sheet) -> PlayerState:
    now, limit = sheet.now, sheet.most
    return PlayerState(
        player_id=present.character_id,
        player_name=present.name,
        level=sheet.level,
        health=now.health,
        max_health=limit.health,
        stamina=now.stamina,
        max_stamina=limit.stamina,
        mana=now.mana,
        max_mana=limit.mana,
    )
