"""Stacks: things alike that lie on one another in the same hands."""

from __future__ import annotations

from collections.abc import Collection

from mythgate.domain.ids import ItemId, TemplateId
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.world import World
from mythgate.services.ports import Transaction


def put_together(
    tx: Transaction, world: World, kind: HolderKind, holder_id: str, got: Collection[ItemId]
) -> list[Item]:
    """Lay each of what the holder just `got` on a stack of the same, if things of that kind stack and there is one.

    Returns all that the holder has then.
    """
    held = tx.items.held_by(kind, holder_id)
    stacks: dict[TemplateId, Item] = {}
    for item in held:
        if item.id not in got:
            stacks.setdefault(item.template_id, item)
    there: list[Item] = []
    for item in held:
        stack = stacks.setdefault(item.template_id, item)
        if stack is item or item.id not in got or not world.template(item.template_id).stacks:
            there.append(item)
            continue
        stack.quantity += item.quantity
        tx.items.save(stack)
        tx.items.remove(item)
    return there
