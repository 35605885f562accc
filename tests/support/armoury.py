"""The small world with things to fight with."""

from __future__ import annotations

import dataclasses

from tests.support.play import TAVERN, small_world

from mythgate.domain.ids import TemplateId
from mythgate.domain.items import ItemKind
from mythgate.domain.sheets import CharacterClass
from mythgate.domain.world import ItemTemplate, KitPart, World

SWORD, AXE, ROBES, POTION, BREW, STONE = map(TemplateId, ("sword", "axe", "robes", "potion", "brew", "stone"))


def _template(template_id: TemplateId, kind: ItemKind, **values: int) -> ItemTemplate:
    return ItemTemplate(template_id, str(template_id), "It lies here, waiting.", "A thing.", kind=kind, **values)  # type: ignore[arg-type]


def armed_world() -> World:
    """The small world with a safe tavern, things to equip and to drink, and kits."""
    world = small_world()
    rooms = dict(world.rooms)
    rooms[TAVERN] = dataclasses.replace(rooms[TAVERN], tags=frozenset({"safe"}))
    templates = [
        _template(SWORD, ItemKind.WEAPON, attack=10, value=50),
        _template(AXE, ItemKind.WEAPON, attack=7, magic=2),
        _template(ROBES, ItemKind.ARMOR, defence=3),
        _template(POTION, ItemKind.CONSUMABLE, heals=50),
        _template(BREW, ItemKind.CONSUMABLE, restores_mana=20),
        _template(STONE, ItemKind.QUEST_ITEM),
    ]
    kits = {CharacterClass.WARRIOR: (KitPart(SWORD), KitPart(STONE, 2), KitPart(POTION, 3))}
    return dataclasses.replace(
        world, rooms=rooms, templates={**world.templates, **{one.id: one for one in templates}}, kits=kits
    )
