"""Items: things that lie in rooms or are carried. Each has exactly one holder at every instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mythgate.domain.ids import ItemId, TemplateId


class HolderKind(StrEnum):
    ROOM = "room"
    CHARACTER = "character"


@dataclass(slots=True)
class Item:
    """One thing. What it looks like is in the world pack under `template_id`.

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

    @property
    def in_place(self) -> bool:
        """Whether it lies in the room where the world placed it."""
        return self.holder_kind is HolderKind.ROOM and self.origin.partition("/")[0] == self.holder_id
