"""What characters see: rooms, who is in them, what lies there, and themselves.

All services show things through here, so that an occupant looks the same in every event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mythgate.domain.errors import NotInWorld
from mythgate.domain.events import (
    Event,
    ExitView,
    ItemView,
    NpcView,
    OccupantView,
    PlayerView,
    RoomOccupants,
    RoomView,
    SheetView,
    StatsView,
    event_of,
)
from mythgate.domain.ids import CharacterId, RoomId, TemplateId, room_topic
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.presence import Presence
from mythgate.domain.sheets import DEFAULT_SHEET, EXPERIENCE, MAX_LEVEL, Bonuses, Sheet, prowess
from mythgate.domain.world import Room
from mythgate.services.ports import Clock, PresenceStore, Realtime, Store
from mythgate.services.world import WorldService, item_views, occupant_view, room_view, sentence_start


@dataclass(slots=True)
class Persona:
    """Durable facts about a character in the world, at hand without asking the database.

    Copies: the rows are the truth, and whoever changes a row changes the copy once that is saved.
    """

    explored: set[RoomId] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)
    description: str = ""
    is_guest: bool = False
    sheet: Sheet = DEFAULT_SHEET


class Sight:
    """Views of the world as it is at this instant."""

    def __init__(
        self, *, store: Store, presence: PresenceStore, world: WorldService, realtime: Realtime, clock: Clock
    ) -> None:
        self.personas: dict[CharacterId, Persona] = {}
        self.asleep: dict[CharacterId, Presence] = {}  # see `services.presence`
        self.entering: dict[CharacterId, int] = {}  # how often the sheet changed since the rows were to be read
        self.absent_steps = 0  # steps of characters that had left when they were saved
        self._store = store
        self._presence = presence
        self._world = world
        self._realtime = realtime
        self._clock = clock
        self._item_changes: dict[RoomId, int] = {}

    # --- people ---

    def present(self, character_id: CharacterId) -> Presence:
        """Raises NotInWorld for one who is not."""
        presence = self._presence.get(character_id)
        if presence is None:
            raise NotInWorld
        return presence

    def persona(self, character_id: CharacterId) -> Persona:
        persona = self.personas.get(character_id)
        if persona is None:
            raise NotInWorld
        return persona

    def occupants(self, room_id: RoomId) -> list[OccupantView]:
        return [occupant_view(one) for one in self._presence.in_room(room_id)]

    def occupants_event(self, room_id: RoomId) -> Event:
        """Who is in the room now."""
        players = self.occupants(room_id)
        npcs = [NpcView(one.id, one.name, one.summary) for one in self._world.inhabitants_in(room_id)]
        payload = RoomOccupants(
            players=players,
            npcs=npcs,
            occupants=[*(one.name for one in players), *(one.name for one in npcs)],
            count=len(players) + len(npcs),
        )
        return event_of(payload, self._clock.now(), room_id=room_id)

    def tell_occupants(self, room_id: RoomId) -> None:
        """Tell a room who is in it."""
        if self._presence.in_room(room_id):
            self._realtime.publish(room_topic(room_id), self.occupants_event(room_id))

    def player(self, actor: Presence, inventory: Sequence[ItemView]) -> PlayerView:
        persona = self.persona(actor.character_id)
        leader = self._presence.get(actor.following) if actor.following is not None else None
        return PlayerView(
            id=actor.character_id,
            name=actor.name,
            room_id=actor.room_id,
            level=actor.level,
            faction=actor.faction,
            description=persona.description,
            status=actor.availability.value,
            afk_text=actor.afk_text,
            role=actor.role.value,
            following=leader.name if leader is not None else None,
            inventory=list(inventory),
            is_guest=persona.is_guest,
            number=actor.number,
            sheet=sheet_view(persona.sheet, inventory),
        )

    # --- rooms ---

    def room_of(self, actor: Presence) -> Room:
        return self._world.world.require(actor.room_id)

    def items_changed(self, room_id: RoomId) -> None:
        """What lies in the room changed: views made from what was read before are stale."""
        self._item_changes[room_id] = self._item_changes.get(room_id, 0) + 1

    def item_changes(self, room_id: RoomId) -> int:
        """Rises with every change of what lies in the room."""
        return self._item_changes.get(room_id, 0)

    def view(self, actor: Presence, items: Iterable[Item]) -> RoomView:
        """The room the actor is in, with `items` lying there."""
        world = self._world.world
        return room_view(
            world,
            self.room_of(actor),
            occupants=self.occupants(actor.room_id),
            inhabitants=self._world.inhabitants_in(actor.room_id),
            items=item_views(world, items),
            explored=self.persona(actor.character_id).explored,
            daypart=self._world.daypart,
            omen=self._world.omen,
        )

    async def look(self, actor: Presence, *, known: Sequence[Item] | None = None, changes: int = -1) -> RoomView:
        """The room the actor is in, as of the instant this returns.

        `known` are the things that lay there when `item_changes` was `changes`; they are used if they are
        still true. The caller passes the view on without awaiting anything, so that no later event
        can reach the actor before it.
        """
        room_id = actor.room_id
        items = known
        while items is None or changes != self.item_changes(room_id) or room_id != actor.room_id:
            room_id = actor.room_id
            changes = self.item_changes(room_id)
            items = await self.items_in(room_id)
        return self.view(actor, items)

    async def items_in(self, room_id: RoomId) -> list[Item]:
        return await self._store.read(lambda tx: tx.items.held_by(HolderKind.ROOM, room_id))

    async def carried(self, character_id: CharacterId) -> list[Item]:
        return await self._store.read(lambda tx: tx.items.held_by(HolderKind.CHARACTER, character_id))

    async def templates_carried(self, character_id: CharacterId) -> set[TemplateId]:
        return {item.template_id for item in await self.carried(character_id)}

    def rows(self, items: Iterable[Item]) -> list[ItemView]:
        """Things as rows, those alike together."""
        return item_views(self._world.world, items)


def sheet_view(sheet: Sheet, inventory: Iterable[ItemView]) -> SheetView:
    """A sheet as its owner sees it, who carries `inventory`."""
    limit, equipped = sheet.most, [row for row in inventory if row.equipped]
    bonuses = Bonuses(
        sum(row.attack for row in equipped), sum(row.defence for row in equipped), sum(row.magic for row in equipped)
    )
    shown = prowess(sheet.stats, bonuses)
    return SheetView(
        race=sheet.race.value,
        character_class=sheet.calling.value,
        stats=StatsView(**sheet.stats.as_dict()),
        level=sheet.level,
        experience=sheet.experience,
        next_level_at=EXPERIENCE[sheet.level] if sheet.level < MAX_LEVEL else None,
        souls=sheet.souls,
        health=sheet.now.health,
        max_health=limit.health,
        stamina=sheet.now.stamina,
        max_stamina=limit.stamina,
        mana=sheet.now.mana,
        max_mana=limit.mana,
        attack=bonuses.attack,
        defence=bonuses.defence,
        magic=bonuses.magic,
        armor_class=shown.armor_class,
        initiative=shown.initiative,
        attack_power=shown.attack_power,
        magic_power=shown.magic_power,
        is_chosen=sheet.is_chosen,
    )


# --- words -----------------------------------------------------------------------------------------


def room_text(view: RoomView, onlooker: CharacterId) -> str:
    """A room as a few lines of text, as its response shows it."""
    lines = [view.name, view.description]
    lines += [item.summary if item.count == 1 else f"{item.summary} (×{item.count})" for item in view.items]
    lines += [npc.summary or f"{sentence_start(npc.name)} is here." for npc in view.npcs]
    lurking = [f"{one.name} (level {one.level})" for one in view.creatures]
    if lurking:
        lines.append(f"Lurking here: {enumerate_words(lurking)}.")
    others = [_with_status(one) for one in view.players if one.id != onlooker]
    if others:
        lines.append(f"{enumerate_words(others)} {'is' if len(others) == 1 else 'are'} here.")
    lines.append(ways_text(view))
    return "\n".join(line for line in lines if line)


def ways_text(view: RoomView) -> str:
    if not view.ways:
        return "There is no way out that you can see."
    return f"Ways: {', '.join(map(_way_text, view.ways))}."


def _way_text(way: ExitView) -> str:
    sign = f" to {way.name}" if way.signed else ""
    return f"{way.direction}{sign}{' (locked)' if way.locked else ''}"


def _with_status(view: OccupantView) -> str:
    return view.name if view.status == "online" else f"{view.name} ({view.status})"


def enumerate_words(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def with_counts(rows: Iterable[ItemView]) -> list[str]:
    """Names of things, with how many where there are several, and what is equipped."""
    counts: dict[str, int] = {}
    for row in rows:
        name = f"{row.name} (equipped)" if row.equipped else row.name
        counts[name] = counts.get(name, 0) + row.count
    return [name if count == 1 else f"{name} (×{count})" for name, count in counts.items()]
