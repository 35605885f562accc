"""A small world with all services of play over a real store, and people to walk about in it."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, cast

from tests.support.clock import FakeClock
from tests.support.listening import Listener, Listening

from mythgate.backends.memory.history import MemoryHistory
from mythgate.backends.memory.presence import MemoryPresence
from mythgate.backends.memory.throttle import MemoryThrottle
from mythgate.backends.sql.store import SqlStore
from mythgate.backends.system import UuidIds
from mythgate.domain.accounts import Account, Role
from mythgate.domain.characters import Character
from mythgate.domain.chat import Channel
from mythgate.domain.events import CommandResponse
from mythgate.domain.ids import (
    AccountId,
    CharacterId,
    CommandId,
    InhabitantId,
    ItemId,
    PlayId,
    RoomId,
    SessionId,
    TemplateId,
    ZoneId,
    party_topic,
    room_topic,
)
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.lobbies import Lobby
from mythgate.domain.names import name_key
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import Caller
from mythgate.domain.world import (
    Direction,
    Environment,
    Exit,
    Fixture,
    Inhabitant,
    ItemTemplate,
    Room,
    Subject,
    Utterance,
    World,
    Zone,
)
from mythgate.services.characters import Begun, CharacterPolicy, CharacterService
from mythgate.services.chat import ChatService
from mythgate.services.commands.execute import CommandService
from mythgate.services.commands.registry import Play
from mythgate.services.company import Company
from mythgate.services.encounters import CombatPolicy, EncounterService
from mythgate.services.evidence import WatchedHistory
from mythgate.services.filters import FilterService
from mythgate.services.gate import Gate
from mythgate.services.lobbies import LobbyService
from mythgate.services.moderation import ModerationService
from mythgate.services.movement import MovementService
from mythgate.services.parties import PartyPolicy, PartyService
from mythgate.services.ports import LoadedWorld, Sequel, Store
from mythgate.services.positions import PositionService
from mythgate.services.presence import PresenceService
from mythgate.services.quests import QuestService
from mythgate.services.reports import ReportService
from mythgate.services.shards import ShardService
from mythgate.services.sheets import SheetService
from mythgate.services.sight import Sight
from mythgate.services.things import ThingPolicy, ThingService
from mythgate.services.trades import TradePolicy, TradeService
from mythgate.services.voice import VoiceService
from mythgate.services.world import WorldPolicy, WorldService

TOWN: Final = ZoneId("earth_town")
WILDS: Final = ZoneId("earth_wilds")
SQUARE: Final = RoomId("earth_town_middle_square")
TAVERN: Final = RoomId("earth_town_middle_tavern")
CELLAR: Final = RoomId("earth_town_middle_cellar")
CLOSET: Final = RoomId("earth_town_middle_closet")
GARDEN: Final = RoomId("earth_town_middle_garden")
VAULT: Final = RoomId("earth_town_middle_vault")
PATH: Final = RoomId("earth_wilds_edge_path")

LANTERN: Final = TemplateId("lantern")
COIN: Final = TemplateId("coin")
KEY: Final = TemplateId("key")
ANVIL: Final = TemplateId("anvil")
LETTER: Final = TemplateId("letter")

CLOSET_CAPACITY: Final = 2


def _room(
    room_id: RoomId,
    name: str,
    exits: Sequence[Exit] = (),
    zone: ZoneId = TOWN,
    at: tuple[int, int] = (0, 0),
    **more: Any,
) -> Room:
    return Room(
        id=room_id,
        name=name,
        description=f"You are in {name}.",
        zone=zone,
        plane="earth",
        sub_zone="middle",
        environment=Environment.OUTDOORS,
        x=at[0],
        y=at[1],
        z=0,
        exits={way.direction: way for way in exits},
        **more,
    )


def small_world(**changes: Any) -> World:
    """A square, a tavern with a locked cellar below, a closet for two, a hidden garden, a path into the wilds."""
    north, south, east, west = Direction.NORTH, Direction.SOUTH, Direction.EAST, Direction.WEST
    keeper = Inhabitant(
        id=InhabitantId("keeper"),
        name="the tavern keeper",
        summary="The tavern keeper polishes a mug.",
        description="A round woman with quick eyes.",
        room=TAVERN,
        aliases=("innkeeper",),
        greetings=(Utterance("Welcome, {name}!"),),
        subjects=(
            Subject(("cellar",), "It is locked, {name}."),
            Subject(("cellar",), "So you found the key!", needs=KEY),
        ),
        fallback="I would not know.",
        wares="Ale, two coins.",
    )
    rooms = [
        _room(
            SQUARE,
            "the market square",
            [
                Exit(north, TAVERN, aliases=("door",)),
                Exit(south, PATH),
                Exit(east, CLOSET),
                Exit(west, GARDEN, hidden=True),
            ],
            fixtures=(
                Fixture("board", "notice board", "A board full of notes.", ("board",), "Wanted: a lamplighter."),
                Fixture("fountain", "old fountain", "It has run dry."),
            ),
        ),
        _room(
            TAVERN,
            "the tavern",
            [
                Exit(south, SQUARE),
                Exit(Direction.DOWN, CELLAR, locked=True, key_template=KEY, aliases=("trapdoor",)),
                Exit(Direction.UP, VAULT, locked=True),
            ],
            at=(0, -1),
            inhabitants=(keeper,),
        ),
        _room(CELLAR, "the cellar", [Exit(Direction.UP, TAVERN)], at=(0, -1)),
        _room(CLOSET, "the closet", [Exit(west, SQUARE)], at=(1, 0), capacity=CLOSET_CAPACITY),
        _room(GARDEN, "the garden", [Exit(east, SQUARE)], at=(-1, 0)),
        _room(VAULT, "the vault", at=(0, -1)),
        _room(PATH, "the path", [Exit(north, SQUARE)], zone=WILDS, at=(0, 1)),
    ]
    templates = [
        ItemTemplate(LANTERN, "brass lantern", "A brass lantern stands here.", "It is dented.", light=True),
        ItemTemplate(COIN, "copper coin", "A copper coin lies here.", "A king's head is on it."),
        ItemTemplate(KEY, "iron key", "An iron key lies here.", "It is heavy.", article="an"),
        ItemTemplate(ANVIL, "anvil", "An anvil stands here.", "Immovable.", article="an", takeable=False),
        ItemTemplate(LETTER, "letter", "A letter lies here.", "Sealed.", read_text="Meet me at the fountain."),
    ]
    world = World(
        name="Small",
        version="1",
        fingerprint="small",
        start_room=SQUARE,
        rooms={room.id: room for room in rooms},
        zones={
            TOWN: Zone(TOWN, "earth", "town", "The Town", "Small.", "#123456"),
            WILDS: Zone(WILDS, "earth", "wilds", "The Wilds", "Large.", "#654321"),
        },
        templates={template.id: template for template in templates},
    )
    return dataclasses.replace(world, **changes) if changes else world


class OneWorld:
    """A `WorldSource` that always reads the same."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def load(self) -> LoadedWorld:
        return LoadedWorld(self.world, ())

    async def changed(self) -> bool:
        return False


@dataclass
class PlayKit:
    """All services of play, built as at the composition root."""

    clock: FakeClock
    store: Store
    world_data: World = field(default_factory=small_world)
    carry_limit: int = 20
    room_capacity: int = 32

    def __post_init__(self) -> None:
        clock, store = self.clock, self.store
        self.ids = UuidIds()
        self.chance = random.Random(4)
        self.present = MemoryPresence()
        self.realtime = Listening()
        self.history = WatchedHistory(MemoryHistory())
        self.throttle = MemoryThrottle(clock)
        shared: dict[str, Any] = {"store": store, "presence": self.present, "realtime": self.realtime, "clock": clock}
        self.world = WorldService(
            self.world_data,
            source=OneWorld(self.world_data),
            ids=self.ids,
            policy=WorldPolicy(room_capacity=self.room_capacity),
            **shared,
        )
        self.characters = CharacterService(
            store=store,
            presence=self.present,
            world=self.world,
            clock=clock,
            ids=self.ids,
            chance=self.chance,
            policy=CharacterPolicy(per_account=3, undo_window=timedelta(days=14)),
        )
        self.sight = Sight(world=self.world, **shared)
        self.company = Company(presence=self.present, realtime=self.realtime, clock=clock)
        self.presence = PresenceService(
            history=self.history,
            world=self.world,
            characters=self.characters,
            sight=self.sight,
            company=self.company,
            **shared,
        )
        self.movement = MovementService(world=self.world, sight=self.sight, company=self.company, **shared)
        self.things = ThingService(
            world=self.world, sight=self.sight, policy=ThingPolicy(carry_limit=self.carry_limit), **shared
        )
        self.sheets = SheetService(world=self.world, sight=self.sight, movement=self.movement, ids=self.ids, **shared)
        self.positions = PositionService(presence=self.present, realtime=self.realtime, sight=self.sight, clock=clock)
        self.trades = TradeService(
            world=self.world,
            sight=self.sight,
            sheets=self.sheets,
            throttle=self.throttle,
            ids=self.ids,
            policy=TradePolicy(carry_limit=self.carry_limit),
            **shared,
        )
        self.chat = ChatService(history=self.history, world=self.world, ids=self.ids, **shared)
        self.parties, self.parties_stopped = self._parties_of(), False
        self.encounters = EncounterService(
            world=self.world,
            sight=self.sight,
            sheets=self.sheets,
            movement=self.movement,
            parties=self.parties,
            ids=self.ids,
            chance=self.chance,
            policy=CombatPolicy(records=3),
            **shared,
        )
        self.shards = ShardService(world=self.world, sight=self.sight, sheets=self.sheets, chance=self.chance, **shared)
        self.quests = QuestService(world=self.world, sight=self.sight, sheets=self.sheets, **shared)
        self.gate = Gate(clock)
        self.moderation = ModerationService(gate=self.gate, **shared)
        self.filters = FilterService(
            store=store, moderation=self.moderation, realtime=self.realtime, clock=clock, ids=self.ids
        )
        self.voice = VoiceService(
            presence=self.present, realtime=self.realtime, sight=self.sight, parties=self.parties, clock=clock
        )
        self.lobbies = LobbyService([Lobby("Arrival", 26)], ids=self.ids, **shared)
        self.reports = ReportService(
            history=self.history,
            chat=self.chat,
            lobbies=self.lobbies,
            throttle=self.throttle,
            ids=self.ids,
            **shared,
        )
        for talking in (self.chat, self.lobbies):
            talking.gate, talking.screen = self.gate, self.filters.screen
        self.characters.check_name = self.filters.check_name
        self.filters.on_flagged(self.reports.flag)
        self.presence.on_entered(self.reports.entered)
        self.movement.guard(lambda present, room_id: self.gate.refuse_room(present.account_id, room_id))
        self.play = Play(
            reports=self.reports,
            clock=clock,
            store=store,
            present=self.present,
            sight=self.sight,
            world=self.world,
            presence=self.presence,
            movement=self.movement,
            things=self.things,
            sheets=self.sheets,
            characters=self.characters,
            chat=self.chat,
            company=self.company,
            moderation=self.moderation,
            lobbies=self.lobbies,
            parties=self.parties,
            trades=self.trades,
            positions=self.positions,
            encounters=self.encounters,
            shards=self.shards,
            quests=self.quests,
            voice=self.voice,
        )
        self.parties.on_changed(self.voice.party_changed)
        self.presence.on_entered(self.voice.entered)
        self.presence.on_gone(self.voice.gone)
        self.presence.on_status(self.voice.status_changed)
        self.chat.on_ignoring(self.voice.ignoring_changed)
        self.moderation.on_voice_changed(self.voice.voice_changed)
        self.characters.on_begun(self._begun)
        self.encounters.toughness = lambda: self.shards.effects.enemies
        self.sheets.rest_rate = lambda: self.shards.effects.rest
        self.presence.on_entered(self.chat.entered)
        self.presence.on_gone(self.chat.gone)
        self._observe_for_parties()
        self.movement.on_moved(lambda moved: self.chat.moved(moved.character_id, moved.target))
        self.encounters.accompany(self.shards.guardian_falling)
        self.encounters.accompany(self.quests.winning)
        self.movement.accompany(self.quests.moving)
        self.movement.on_moved(self.quests.moved)
        self.world.on_talked(self.quests.talked)
        self.things.on_received(self.quests.carries)
        self.shards.on_event(self.quests.happened)
        self.presence.on_entered(self.quests.entered)
        self.presence.on_gone(self.quests.gone)
        self.movement.on_moved(self.positions.moved)
        self.presence.on_gone(self.positions.gone)
        self.movement.on_moved(self.trades.moved)
        self.presence.on_gone(self.trades.gone)
        self.presence.on_status(self.trades.status_changed)
        self.trades.while_not(self.encounters.is_fighting)
        self.encounters.on_started(self.trades.fights)
        self.sheets.restrain(self.encounters.refuse_fighting)
        self.things.restrain(self.encounters.refuse_fighting)
        self.movement.restrain(self.encounters.refuse_fighting)
        self.movement.on_moved(self.encounters.moved)
        self.presence.on_entered(self.encounters.entered)
        self.presence.on_gone(self.encounters.gone)
        self.commands = CommandService(self.play, throttle=self.throttle)
        self.realtime.on_closed = self.presence.on_stream_ended
        self.world.on_displaced = self.presence.on_displaced

    def replace_parties(self, policy: PartyPolicy | None = None) -> None:
        """Another service of parties over the same rows, as after a start. Everybody else is told of it."""
        self.parties = self._parties_of(policy)
        self.parties_stopped = False
        self.play = dataclasses.replace(self.play, parties=self.parties)
        self.commands = CommandService(self.play, throttle=self.throttle)
        self.encounters._parties = self.voice._parties = self.parties
        self.parties.on_changed(self.voice.party_changed)

    def _parties_of(self, policy: PartyPolicy | None = None) -> PartyService:
        return PartyService(
            store=self.store,
            presence=self.present,
            realtime=self.realtime,
            sight=self.sight,
            chat=self.chat,
            company=self.company,
            clock=self.clock,
            throttle=self.throttle,
            policy=policy,
        )

    def stop_parties(self) -> None:
        """Parties hear no longer of who comes and goes, as if the server had stopped."""
        self.parties_stopped = True

    def _observe_for_parties(self) -> None:
        """Once: whichever service of parties there is hears of it."""

        def hearing(tell: Callable[[PartyService, Any], object]) -> Callable[[Any], None]:
            def observer(what: Any) -> None:
                if not self.parties_stopped:
                    tell(self.parties, what)

            return observer

        self.presence.on_entered(hearing(lambda parties, present: parties.entered(present)))
        self.presence.on_gone(hearing(lambda parties, one: parties.gone(one)))
        self.presence.on_status(hearing(lambda parties, one: parties.refresh(one)))
        self.sheets.on_changed(
            hearing(lambda parties, one: parties.refresh(one.character_id) if one.shows_elsewhere else None)
        )
        self.shards.on_event(hearing(lambda parties, event: parties.happened(event)))
        self.chat.add_channel(Channel.PARTY.value, lambda reader: self.parties.heard_by(reader))

    def _begun(self, begun: Begun) -> None:
        self.presence.align(begun.body.id, begun.body.faction)
        self.sheets.tell(begun.change)

    # --- people ---

    async def caller(self, name: str, *, role: Role = Role.PLAYER, guest: bool = False) -> Caller:
        """A new account."""
        account_id = AccountId(self.ids.new())
        now = self.clock.now()
        account = Account(account_id, name, name_key(name), "", now, role=role, is_guest=guest, last_login_at=now)
        await self.store.write(lambda tx: tx.accounts.add(account))
        return Caller(account_id, SessionId(self.ids.new()), name, role, guest)

    async def enter(
        self, caller: Caller, character_id: CharacterId | None = None, *, play_id: str = "play"
    ) -> Presence:
        """As the door does it."""
        character = await self.presence.choose(caller, character_id)
        self.realtime.open(character.id, caller.account_id, caller.session_id)
        return await self.presence.enter(caller, character, play_id=PlayId(play_id), client="test")

    async def somebody(self, name: str, *, at: RoomId | None = None, role: Role = Role.PLAYER) -> Presence:
        """Somebody new with a character called the same, in the world."""
        caller = await self.caller(f"{name}s player", role=role)
        view = await self.characters.create(caller, name)
        if at is not None:
            await self.put(CharacterId(view.id), at)
        return await self.enter(caller)

    async def crowd(self, count: int, *, at: RoomId | None = None, prefix: str = "Walker") -> list[Presence]:
        """Many, quickly: their rows are made in one transaction."""
        now = self.clock.now()
        callers, bodies = [], []
        for index in range(count):
            name = f"{prefix} {_letters(index)}"
            caller = Caller(AccountId(self.ids.new()), SessionId(self.ids.new()), name, Role.PLAYER)
            callers.append(caller)
            bodies.append((name, CharacterId(self.ids.new())))

        def work(tx: Any) -> None:
            for caller, (name, character_id) in zip(callers, bodies, strict=True):
                tx.accounts.add(Account(caller.account_id, name, name_key(name), "", now))
                tx.characters.add(
                    Character(character_id, caller.account_id, name, name_key(name), at or SQUARE, now, now)
                )

        await self.store.write(work)
        return [await self.enter(caller) for caller in callers]

    async def put(self, character_id: CharacterId, room_id: RoomId) -> None:
        """Where the row says the character stands."""
        now = self.clock.now()
        await self.store.write(lambda tx: tx.characters.relocate(tx.characters.require(character_id), room_id, now))

    def heard(self, one: Presence) -> Listener:
        return self.realtime.listeners[one.character_id]

    def caller_of(self, one: Presence) -> Caller:
        return Caller(one.account_id, one.session_id, one.name, one.role)

    # --- things ---

    async def lay(self, template: TemplateId, at: RoomId | CharacterId = SQUARE, *, carried: bool = False) -> Item:
        """A new thing in a room, or with `carried` in somebody's hands."""
        kind = HolderKind.CHARACTER if carried else HolderKind.ROOM
        item = Item(ItemId(self.ids.new()), template, kind, at, self.clock.now())
        await self.store.write(lambda tx: tx.items.add(item))
        return item

    async def lying(self, room_id: RoomId = SQUARE) -> list[Item]:
        return await self.store.read(lambda tx: tx.items.held_by(HolderKind.ROOM, room_id))

    async def carried(self, one: Presence) -> list[Item]:
        return await self.store.read(lambda tx: tx.items.held_by(HolderKind.CHARACTER, one.character_id))

    async def holders(self) -> Mapping[str, list[ItemId]]:
        """All rooms and present characters with what they hold."""

        def work(tx: Any) -> dict[str, list[ItemId]]:
            found: dict[str, list[ItemId]] = {
                room_id: [item.id for item in tx.items.held_by(HolderKind.ROOM, room_id)]
                for room_id in self.world.world.rooms
            }
            for one in self.present.all():
                found[one.character_id] = [item.id for item in tx.items.held_by(HolderKind.CHARACTER, one.character_id)]
            return found

        return await self.store.read(work)

    # --- commands ---

    async def do(self, one: Presence, line: str, command_id: str | None = None) -> CommandResponse:
        """What the character's player types."""
        return await self.commands.execute(
            one.character_id, line, command_id=None if command_id is None else CommandId(command_id)
        )

    async def saved(self, sequel: Sequel | None) -> None:
        """What follows from something, in a transaction of its own."""
        if sequel is not None:
            await self.store.write(sequel, then=lambda tell: tell())

    async def settle(self) -> None:
        """Until nothing is under way, including what cancelled callers had given to the store."""
        while True:
            await self.encounters.settle()
            await self.movement.settle()
            await self.presence.settle()
            await self.trades.settle()
            await self.parties.settle()
            await self.shards.settle()
            await self.quests.settle()
            await self.filters.settle()
            await self.reports.settle()
            if not cast("SqlStore", self.store).statistics().queued:
                return
            await self.store.write(lambda _: None)

    # --- the invariant ---

    async def check(self) -> None:
        """Presence, rows and subscriptions agree, and everybody is in exactly one room."""
        assert await self.presence.check() == []
        rows = {
            body.id: body.room_id
            for body in await self.store.read(
                lambda tx: [tx.characters.require(present.character_id) for present in self.present.all()]
            )
        }
        for one in self.present.all():
            assert rows[one.character_id] == one.room_id
            assert [other for other in self.present.in_room(one.room_id) if other is one] == [one]
            listener = self.realtime.listeners.get(one.character_id)
            if listener is not None:
                rooms = {topic for topic in listener.topics if topic.startswith("room:")}
                assert rooms == {room_topic(one.room_id)}
        assert sum(self.present.populations().values()) == self.present.count()
        parties = await self.store.read(lambda tx: tx.parties.active())
        assert list(self.parties.all()) == parties
        for character_id, listener in self.realtime.listeners.items():
            mine = [party_topic(one.number) for one in parties if one.member(character_id) is not None]
            assert [topic for topic in listener.topics if topic.startswith("party:")] == mine


def _letters(number: int) -> str:
    """Three letters, none of which looks like another or like two of them."""
    letters = "abdefghkpst"
    text = ""
    for _ in range(3):
        number, rest = divmod(number, len(letters))
        text = letters[rest] + text
    return text.capitalize()
