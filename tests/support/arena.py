"""People who always slay dark knights, and people who are always slain by them, all in one place."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta
from typing import Final

from tests.support.clock import FakeClock
from tests.support.play import PATH, TAVERN, PlayKit, small_world

from mythgate.domain.accounts import Role
from mythgate.domain.characters import Character
from mythgate.domain.errors import InvalidTarget, TooWeak
from mythgate.domain.ids import CharacterId, QuestId, RoomId, SessionId, TemplateId
from mythgate.domain.items import ItemKind
from mythgate.domain.presence import Presence
from mythgate.domain.quests import Quest, Step, StepKind
from mythgate.domain.sessions import Caller
from mythgate.domain.sheets import CharacterClass, Race, Sheet, Stats, most
from mythgate.domain.tactics import Deed
from mythgate.domain.world import ItemTemplate, World
from mythgate.services.ports import Store, Transaction
from mythgate.services.sheets import Change

HEROES: Final = ("Hilda", "Hugo", "Hedda")
VICTIMS: Final = ("Vera", "Viktor")
FRAGMENT: Final = TemplateId("small/dark_fragment")
HUNT: Final = QuestId("p/hunt")
EXPERIENCE: Final = 500  # of a dark knight

_STRONG: Final = Stats(200, 200, 200, 200, 200, 200)
_FRAIL: Final = Stats(1, 1, 1, 1, 1, 1)
DOOMED: Final = dataclasses.replace(
    Sheet(Race.HUMAN, CharacterClass.WARRIOR, _FRAIL, most(CharacterClass.WARRIOR, _FRAIL, 1)), souls=1000
).with_now(health=5)
"""A victim before it dies."""


def _world() -> World:
    """Dark knights outside of a safe place, for each of which one fragment is left; and a hunt without end."""
    world = small_world()
    rooms = dict(world.rooms)
    rooms[TAVERN] = dataclasses.replace(rooms[TAVERN], tags=frozenset({"safe"}))
    rooms[PATH] = dataclasses.replace(rooms[PATH], creatures=("dark_knight",))
    fragment = ItemTemplate(FRAGMENT, "dark fragment", "It lies here.", "A thing.", kind=ItemKind.MISC)
    step = Step(StepKind.KILL, "Slay them all.", "dark_knight", count=1_000_000)
    hunt = Quest(HUNT, "The Hunt", "There are many.", (step,))
    return dataclasses.replace(
        world, rooms=rooms, templates={**world.templates, FRAGMENT: fragment}, quests={HUNT: hunt}
    )


def arena(clock: FakeClock, store: Store, seed: str = "") -> PlayKit:
    kit = PlayKit(clock, store, _world(), room_capacity=1000)
    kit.chance.seed(seed)
    return kit


async def arrive(kit: PlayKit, name: str) -> Presence:
    """Somebody new, of one kind or the other by their name."""
    one = await kit.somebody(name, at=PATH)
    stats = _STRONG
    hero = Sheet(Race.HUMAN, CharacterClass.WARRIOR, stats, most(CharacterClass.WARRIOR, stats, 1))
    is_hero = name.split()[0] in HEROES
    await kit.sheets.change(one.character_id, lambda _: hero if is_hero else DOOMED)
    await kit.quests.accept(one.character_id, "hunt")
    return one


async def come_back(kit: PlayKit, body: Character) -> Presence:
    """Enter after a restart."""
    caller = Caller(body.account_id, SessionId(kit.ids.new()), body.name, Role.PLAYER)
    return await kit.enter(caller, body.id)


async def fight(kit: PlayKit, one: CharacterId) -> None:
    """Until it is over and saved."""
    while True:
        try:
            await kit.encounters.start(one, enemy="dark knight")
            break
        except InvalidTarget:  # slain by somebody else a moment ago
            kit.clock.advance(timedelta(hours=1))
    while kit.encounters.of(one) is not None:
        try:
            await kit.encounters.act(one, Deed.HEAVY_ATTACK)
        except TooWeak:
            await kit.encounters.act(one, Deed.WAIT)
    while kit.encounters.is_fighting(one):  # noqa: ASYNC110 - others fight on, so nothing settles
        await asyncio.sleep(0)


async def rest(kit: PlayKit, one: CharacterId) -> None:
    await kit.sheets.change(one, lambda sheet: dataclasses.replace(sheet, now=sheet.most))


async def revive(kit: PlayKit, one: CharacterId) -> None:
    """A victim is to die once more."""

    def decide(tx: Transaction, _: Character) -> tuple[RoomId, Change]:
        return PATH, kit.sheets.changing(tx, one, lambda _: DOOMED)

    await kit.movement.bring(one, decide, then=kit.sheets.tell)
