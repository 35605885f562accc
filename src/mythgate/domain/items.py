"""Items: things that lie in rooms or are carried. Each has exactly one holder at every instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mythgate.domain.ids import ItemId, TemplateId


class HolderKind(StrEnum):
    ROOM = "room"
    CHARACTER = "character"


class ItemKind(StrEnum):
    """What a thing is for."""

    WEAPON = "weapon"
    ARMOR = "armor"
    CONSUMABLE = "consumable"
    TOOL = "tool"
    QUEST_ITEM = "quest_item"
    MISC = "misc"

    @property
    def is_worn(self) -> bool:
        """Whether one can equip it: one thing of each such kind at a time."""
        return self in (ItemKind.WEAPON, ItemKind.ARMOR)

    @property
    def stacks(self) -> bool:
        """Whether things alike may be one item with a quantity."""
        return self in (ItemKind.CONSUMABLE, ItemKind.MISC)


@dataclass(slots=True)
class Item:
    """One thing, or with a `quantity` several that are alike. What it looks like is in the world pack under
    `template_id`.

    `origin` names the placement of the world pack that brought it forth (`room/placement#n`), so that a
    reload or restart never makes it a second time; empty for things made otherwise.
    """

    id: ItemId
    template_id: TemplateId
    holder_kind: HolderKind
    holder_id: str
    created_at: datetime
    origin: str = ""
    version: int = 1
    quantity: int = 1
    equipped: bool = False  # only while a character holds it
    number: int = 0  # for clients that name things by numbers; set when it is saved

    @property
    def in_place(self) -> bool:
        """Whether it lies in the room where the world placed it."""
        return self.holder_kind is HolderKind.ROOM and self.origin.partition("/")[0] == self.holder_id
