"""The composition root: which backends, which doors, what runs beside them, and the order of the end.

`compose` builds one node's services over an open store; the command line uses it without doors,
`serve` with them. Nothing else in Mythgate knows which backend fulfils a port.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import logging
import math
import random
import secrets
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import uvicorn
from fastapi import FastAPI
from prometheus_client import ProcessCollector
from pydantic import SecretStr
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import mythgate
from mythgate import nodereadings, operating, telemetry
from mythgate.backends import webpush, worldpacks
from mythgate.backends.backups import BackupFolder, Place, make_in, unfinished
from mythgate.backends.filmfolder import FilmFolder
from mythgate.backends.folderlock import LOCK_FILE, FolderInUse, hold
from mythgate.backends.memory.history import MemoryHistory
from mythgate.backends.memory.presence import MemoryPresence
from mythgate.backends.memory.throttle import MemoryThrottle
from mythgate.backends.postmen import Postmen, PostOptions
from mythgate.backends.sql import migrate
from mythgate.backends.sql.store import SqlStore, StoreOptions, open_store
from mythgate.backends.sql.urls import sqlite_file
from mythgate.backends.system import (
    KEY_FILE,
    Argon2Hasher,
    JwtSigner,
    KeySealer,
    SystemClock,
    UuidIds,
    load_or_make_secret,
)
from mythgate.backends.worldpacks import InvalidPacks, WorldPacks
from mythgate.config import LobbySettings, Settings
from mythgate.domain.accounts import Account, Role
from mythgate.domain.backups import Reason, read_keep
from mythgate.domain.characters import Character
from mythgate.domain.chat import Channel
from mythgate.domain.errors import InvalidInput, MythError, Refused, Unavailable
from mythgate.domain.events import Disconnect, IceServerView
from mythgate.domain.ids import CharacterId, RoomId, SessionId
from mythgate.domain.lobbies import LOBBY_TOPICS, Lobby
from mythgate.domain.tournaments import TournamentLobby
from mythgate.domain.world import World
from mythgate.doors.http.app import HttpOptions, create_app, find_client
from mythgate.doors.http.errors import status_of
from mythgate.doors.http.lab import HttpLab
from mythgate.doors.http.play import GOING_AWAY, PlayDoor, PlayOptions
from mythgate.doors.http.routes import admin as admin_routes
from mythgate.doors.http.routes import adminbackups as backup_routes
from mythgate.doors.http.routes import admingames as staffgame_routes
from mythgate.doors.http.routes import adminlab as adminlab_routes
from mythgate.doors.http.routes import adminlogs as log_routes
from mythgate.doors.http.routes import adminme as staffself_routes
from mythgate.doors.http.routes import adminmessages as message_routes
from mythgate.doors.http.routes import adminmoderation as moderation_routes
from mythgate.doors.http.routes import adminnow as now_routes
from mythgate.doors.http.routes import adminpeople as staffpeople_routes
from mythgate.doors.http.routes import adminrecord as staffrecord_routes
from mythgate.doors.http.routes import adminrooms as staffroom_routes
from mythgate.doors.http.routes import adminsystem as system_routes
from mythgate.doors.http.routes import adminworld as atlas_routes
from mythgate.doors.http.routes import auth as auth_routes
from mythgate.doors.http.routes import characters as character_routes
from mythgate.doors.http.routes import chat as chat_routes
from mythgate.doors.http.routes import clans as clan_routes
from mythgate.doors.http.routes import combat as combat_routes
from mythgate.doors.http.routes import commands as command_routes
from mythgate.doors.http.routes import ladders as ladder_routes
from mythgate.doors.http.routes import lobbies as lobby_routes
from mythgate.doors.http.routes import metaclient as metaclient_routes
from mythgate.doors.http.routes import nearby as nearby_routes
from mythgate.doors.http.routes import notices as notice_routes
from mythgate.doors.http.routes import parties as party_routes
from mythgate.doors.http.routes import people as people_routes
from mythgate.doors.http.routes import reports as report_routes
from mythgate.doors.http.routes import roomops as roomop_routes
from mythgate.doors.http.routes import shards as shard_routes
from mythgate.doors.http.routes import status as status_routes
from mythgate.doors.http.routes import tournaments as tournament_routes
from mythgate.doors.http.routes import trades as trade_routes
from mythgate.doors.http.routes import why as why_routes
from mythgate.doors.http.routes import world as world_routes
from mythgate.doors.http.security import TrustedProxies
from mythgate.doors.http.socket_protocol import SocketProtocol
from mythgate.doors.http.sse import sse_router
from mythgate.doors.http.websocket import websocket_router
from mythgate.doors.metaserver.door import TICK_SECONDS, MetaserverDoor
from mythgate.doors.metaserver.entry import MetaserverRules
from mythgate.doors.metaserver.lab import MetaserverLab
from mythgate.doors.metaserver.options import MetaserverOptions, MetaserverStats, PasswordScheme, RemoteHub
from mythgate.doors.shards import door as shards_door
from mythgate.doors.shards.door import ShardsDoor
from mythgate.doors.shards.lab import ShardsLab
from mythgate.doors.shards.options import ShardsOptions, ShardsStats
from mythgate.doors.shards.rest import create_app as create_shards_app
from mythgate.doors.shards.socket import socket_router
from mythgate.doors.telnet import door as telnet_door
from mythgate.doors.telnet.door import CertificateUnusable, TelnetDoor
from mythgate.doors.telnet.options import TelnetOptions, TelnetStats
from mythgate.livesettings import LiveSettings, account_policy, second_factor_policy
from mythgate.realtime.hub import FINEST_SWEEP, Hub
from mythgate.realtime.hubs import Hubs, Watchers
from mythgate.realtime.limits import RealtimeLimits
from mythgate.services.accounts import AccountService, RecordMark
from mythgate.services.administration import AdministrationService
from mythgate.services.all import Services
from mythgate.services.announcements import AnnouncementService
from mythgate.services.appeals import AppealService
from mythgate.services.atlas import AtlasService
from mythgate.services.backups import BackupPolicy, BackupService
from mythgate.services.bridges import BridgeService
from mythgate.services.characters import Begun, CharacterPolicy, CharacterService
from mythgate.services.chat import ChatPolicy, ChatService
from mythgate.services.clans import ClanService
from mythgate.services.commands.execute import CommandPolicy, CommandService
from mythgate.services.commands.registry import Command, Play
from mythgate.services.commands.table import REGISTRY
from mythgate.services.company import Company
from mythgate.services.encounters import CombatPolicy, EncounterService
from mythgate.services.enforcement import MeasureService
from mythgate.services.evidence import WatchedHistory
from mythgate.services.extensions import Extensions
from mythgate.services.faults import FaultService
from mythgate.services.films import FilmService
from mythgate.services.filters import FilterService
from mythgate.services.friends import FriendService
from mythgate.services.gate import Gate
from mythgate.services.hosting import HostingService
from mythgate.services.importing import ImportService
from mythgate.services.lab import LabService
from mythgate.services.lobbies import LobbyPolicy, LobbyService
from mythgate.services.lobbycommands import REGISTRY as DOT_COMMANDS
from mythgate.services.lobbycommands import LobbyCommand, LobbyCommands
from mythgate.services.logs import LogService
from mythgate.services.lookout import LookoutService
from mythgate.services.matching import MatchingService
from mythgate.services.measures import LoopLag
from mythgate.services.messages import MessageService
from mythgate.services.moderation import ModerationService
from mythgate.services.movement import Moved, MovementService
from mythgate.services.notes import NoteService
from mythgate.services.notices import NoticeService
from mythgate.services.parties import PartyPolicy, PartyService
from mythgate.services.personaldata import PersonalDataService
from mythgate.services.ports import Transaction
from mythgate.services.positions import PositionService
from mythgate.services.presence import PresenceService
from mythgate.services.profiles import ProfileService
from mythgate.services.quests import QuestService
from mythgate.services.ratings import RatingService
from mythgate.services.readings import EVERY as READING_EVERY
from mythgate.services.readings import ReadingService
from mythgate.services.record import RecordService
from mythgate.services.reports import ReportPolicy, ReportService
from mythgate.services.results import ResultService
from mythgate.services.rooms import RoomService
from mythgate.services.roomtypes import RoomTypes
from mythgate.services.secondfactor import SecondFactorService
from mythgate.services.sessions import SessionPolicy, SessionService
from mythgate.services.settings import SettingService
from mythgate.services.shards import ShardService
from mythgate.services.sheets import SheetService
from mythgate.services.sight import Sight
from mythgate.services.system import SystemService
from mythgate.services.things import ThingPolicy, ThingService
from mythgate.services.tokens import TokenService
from mythgate.services.tournamentrooms import TournamentRooms
from mythgate.services.tournaments import TournamentService
from mythgate.services.trades import TradePolicy, TradeService
from mythgate.services.voice import VoicePolicy, VoiceService
from mythgate.services.why import DoorState, PlainDoor, WhyService
from mythgate.services.world import WorldPolicy, WorldService
from mythgate.services.worldchat import WorldChat
from mythgate.telemetry import tracing
from mythgate.wire.shards.encryption import EncryptionMissing

if TYPE_CHECKING:
    from mythgate.doors.http.http_protocol import HttpLimits, HttpProtocol, Sockets  # httptools is not for Windows

log = logging.getLogger(__name__)

SESSION_ENDED: Final = Disconnect("session_ended", "You are signed out.", may_reconnect=False, code=4501)
PRESENCE_CHECK_SECONDS: Final = 30.0
PUSH_KEY_FACT: Final = "push_key"
BACKLOG: Final = 2048  # connections that wait to be accepted


class CannotStart(MythError):
    """The server cannot start; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


@dataclass(slots=True)
class Node:
    """One server process: its services and what drives them."""

    settings: Settings
    store: SqlStore
    hub: Hub  # of the world: browsers and whatever else resumes
    services: Services
    clock: SystemClock
    hasher: Argon2Hasher
    presences: MemoryPresence
    lobby_hub: Hub  # of connections that are in a lobby and nowhere else; they do not resume
    shards_hub: Hub  # of logged-in programs of the Shards network whose bodies are not in the world
    watch_hub: Hub  # of staff who look on
    hubs: Hubs  # all of them
    sight: Sight
    postmen: Postmen
    adopters: list[Callable[[Settings], None]] = field(default_factory=list)  # doors, told of other settings
    name: str = field(default_factory=lambda: f"{socket.gethostname()}-{secrets.token_hex(2)}")

    def room_of(self, character_id: str) -> str | None:
        """Where a character is in the world."""
        present = self.presences.get(CharacterId(character_id))
        return present.room_id if present is not None else None


@dataclass(frozen=True, slots=True)
class Started:
    """What an operator wants to know when the server is ready."""

    url: str
    claim_url: str | None
    claim_until: str
    doors: dict[str, str]
    data_dir: Path
    database: str
    world: str
    places: int
    has_browser_client: bool
    seconds: float


def event_loop() -> asyncio.AbstractEventLoop:
    """The fastest event loop there is on this platform."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


# --- building --------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def open_node(settings: Settings, *, makes: bool = True) -> AsyncIterator[Node]:
    """The services over an open, up-to-date store; everything is closed at the end.

    A folder, database or key that is not there is made, and an older database brought up to date; unless not
    `makes`, for who only looks or changes what is there.

    Raises:
        CannotStart: the database or the world is not usable.

    """
    clock = SystemClock()
    database = settings.database
    if settings.redis_url.get_secret_value():
        raise CannotStart(
            "redis_url is set, but this version runs as one node; clusters are not available yet.",
            "Remove redis_url (MYTHGATE_REDIS_URL) from the settings.",
        )
    try:
        _require_finished(settings)
        loaded = _load_packs(settings)  # before a file is made for a start that could only fail
        if makes:
            _make_data_dir(settings.data_dir)
        # In a thread: it blocks, and for PostgreSQL it runs an event loop of its own.
        if await asyncio.to_thread(migrate.pending, settings.database_location):
            if not makes:
                raise await asyncio.to_thread(_not_ready, settings)
            await asyncio.to_thread(_bring_up_to_date, settings)
        store = open_store(
            settings.database_location,
            clock=clock,
            options=StoreOptions(
                pool_size=database.pool_size,
                readers=database.readers,
                synchronous=database.synchronous,
                group_commit_max=database.group_commit_max,
                statement_timeout=database.statement_timeout,
            ),
        )
        await store.open()
    except CannotStart:
        raise
    except (MythError, OSError) as error:
        raise _database_fault(settings, error) from error
    hasher = Argon2Hasher(
        memory_kib=settings.passwords.memory_kib,
        time_cost=settings.passwords.time_cost,
        parallel=settings.passwords.parallel_hashes,
        queue=settings.passwords.queue,
    )
    try:
        if not (makes or settings.secret_key.get_secret_value() or (settings.data_dir / KEY_FILE).exists()):
            settings = settings.model_copy(update={"secret_key": SecretStr(secrets.token_urlsafe())})
        node = compose(settings, store, clock, hasher, loaded)
        await node.services.settings.catch_up()
        yield node
    finally:
        hasher.close()
        await store.close()


def _require_finished(settings: Settings) -> None:
    """Raises CannotStart in a folder that a backup was only half restored into."""
    source = unfinished(settings.data_dir)
    if source:
        raise CannotStart(
            f"The restore of {source} into {settings.data_dir} did not come to its end.",
            f"Run it again; it goes on by itself: mythgate restore {source} --data-dir {settings.data_dir} --yes",
        )


def _bring_up_to_date(settings: Settings) -> None:
    """Make the tables, or bring those of an older version up to date after a backup."""
    url = settings.database_location
    if settings.backups.before_migration and migrate.current_revision(url) is not None:
        try:
            path, _ = make_in(backup_place(settings), settings.backup_folder, Reason.BEFORE_MIGRATION)
        except (MythError, OSError) as error:
            raise CannotStart(
                f"The database is of an older version, and the backup before bringing it up to date failed: {error}",
                "Make room, or choose another folder with MYTHGATE_BACKUPS__FOLDER. To go without a backup: "
                "`mythgate migrate up --no-backup`",
            ) from error
        log.info("backup made before migration", extra={"backup": str(path)})
    migrate.upgrade(url)


def backup_place(settings: Settings) -> Place:
    """What a backup of a server with these settings is of."""
    return Place(
        url=settings.database_location,
        data_dir=settings.data_dir,
        version=mythgate.__version__,
        settings=settings.model_dump(mode="json", exclude_defaults=True),  # which hides secrets
        now=SystemClock().now,
    )


def _not_ready(settings: Settings) -> CannotStart:
    """Why the database cannot be used as it is."""
    if migrate.current_revision(settings.database_location) is not None:
        return CannotStart("The database is of an older version.", "Bring it up to date: `mythgate migrate up`")
    file = sqlite_file(settings.database_location)
    where = f"in {file.resolve().parent}" if file is not None else "of Mythgate where the settings say"
    return CannotStart(
        f"There is no database {where}.",
        "Is it the right folder? --data-dir names another; `mythgate serve` makes what is missing.",
    )


def _make_data_dir(folder: Path) -> list[Path]:
    """The folders that were missing, deepest first."""
    folder = folder.absolute()
    try:
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"The data folder cannot be used: {error}", "Choose another with --data-dir.") from error
    return missing


def _database_fault(settings: Settings, error: MythError | OSError) -> CannotStart:
    """What to tell an operator whose database does not let the server start."""
    if isinstance(error, Unavailable) and not settings.database_location.startswith("sqlite"):
        return CannotStart(
            f"PostgreSQL cannot be used: {error.message}",
            "Is it running, and is MYTHGATE_DATABASE_URL right? `mythgate doctor` looks again.",
        )
    hint = error.hint if isinstance(error, Refused) and error.hint != Unavailable.default_hint else ""
    return CannotStart(
        f"The database cannot be used: {error}",
        hint or "Look at the file, its folder and who owns them; `mythgate doctor` helps.",
    )


def _secret(settings: Settings) -> str:
    """The configured secret, or the one kept in the data folder."""
    configured = settings.secret_key.get_secret_value()
    if configured:
        return configured
    try:
        return load_or_make_secret(settings.data_dir)
    except (OSError, ValueError) as error:
        raise CannotStart(
            f"The secret key cannot be used: {error}",
            f"Restore {KEY_FILE} from a backup, or remove it: a new one is made, and everybody signs in again.",
        ) from error


def _load_packs(settings: Settings) -> tuple[WorldPacks, World]:
    packs = WorldPacks(settings.world.packs)
    try:
        return packs, packs.load_now()
    except InvalidPacks as error:
        raise CannotStart(str(error), "`mythgate world check` repeats the list.") from error


def compose(
    settings: Settings,
    store: SqlStore,
    clock: SystemClock,
    hasher: Argon2Hasher,
    loaded: tuple[WorldPacks, World] | None = None,
) -> Node:
    """Wire all services together; `loaded` is the world, if it was read already."""
    book = LiveSettings(settings)
    extensions = load_plugins(settings.plugins)
    ids = UuidIds()
    secret = _secret(settings)
    packs, first_world = loaded if loaded is not None else _load_packs(settings)
    hub = Hub(clock, _realtime_limits(settings))
    lobby_limits = replace(_realtime_limits(settings), linkdead_display=0, resume_grace=0)
    lobby_hub = Hub(clock, lobby_limits, followed=LOBBY_TOPICS)
    shards_hub = Hub(clock, lobby_limits)
    watch_hub = Hub(clock, lobby_limits)
    hubs = Hubs(hub, lobby_hub, shards_hub, watch_hub)
    presences = MemoryPresence()
    history = WatchedHistory(MemoryHistory(settings.world.history))
    throttle = MemoryThrottle(clock)
    limits = settings.limits

    base_url = settings.http.base_url.rstrip("/")
    gate = Gate(clock, appeal_at=f"{base_url}/appeal" if base_url else "")
    sessions = SessionService(
        gate=gate,
        store=store,
        signer=JwtSigner.from_secret(secret),
        clock=clock,
        ids=ids,
        policy=SessionPolicy(
            lifetime=settings.sessions.lifetime,
            access_token_lifetime=settings.sessions.access_token_lifetime,
            guest_lifetime=settings.sessions.guest_lifetime,
        ),
    )
    accounts = AccountService(
        store=store,
        sessions=sessions,
        hasher=hasher,
        throttle=throttle,
        clock=clock,
        ids=ids,
        presence=presences,
        realtime=hubs,
        policy=account_policy(settings),
    )
    world = WorldService(
        first_world,
        source=packs,
        store=store,
        presence=presences,
        realtime=hubs,
        clock=clock,
        ids=ids,
        policy=WorldPolicy(room_capacity=settings.world.room_capacity, tick_interval=settings.realtime.tick_interval),
    )
    chance = random.SystemRandom()
    characters = CharacterService(
        store=store,
        presence=presences,
        world=world,
        clock=clock,
        ids=ids,
        chance=chance,
        policy=CharacterPolicy(
            per_account=settings.sessions.characters_per_account, undo_window=settings.sessions.undo_window
        ),
    )
    sight = Sight(store=store, presence=presences, world=world, realtime=hubs, clock=clock)
    company = Company(presence=presences, realtime=hubs, clock=clock)
    presence = PresenceService(
        store=store,
        presence=presences,
        realtime=hubs,
        history=history,
        world=world,
        characters=characters,
        sight=sight,
        company=company,
        clock=clock,
    )
    movement = MovementService(
        store=store,
        presence=presences,
        realtime=hubs,
        world=world,
        sight=sight,
        company=company,
        clock=clock,
    )
    things = ThingService(
        store=store,
        presence=presences,
        realtime=hubs,
        world=world,
        sight=sight,
        clock=clock,
        policy=ThingPolicy(carry_limit=settings.world.carry_limit),
    )
    sheets = SheetService(
        store=store,
        presence=presences,
        realtime=hubs,
        world=world,
        sight=sight,
        movement=movement,
        clock=clock,
        ids=ids,
    )
    positions = PositionService(presence=presences, realtime=hubs, sight=sight, clock=clock)
    trades = TradeService(
        store=store,
        presence=presences,
        realtime=hubs,
        world=world,
        sight=sight,
        sheets=sheets,
        throttle=throttle,
        clock=clock,
        ids=ids,
        policy=TradePolicy(carry_limit=settings.world.carry_limit),
    )
    chat = ChatService(
        store=store,
        presence=presences,
        realtime=hubs,
        history=history,
        world=world,
        clock=clock,
        ids=ids,
        policy=ChatPolicy(characters=limits.chat_characters),
    )
    parties = PartyService(
        store=store,
        presence=presences,
        realtime=hubs,
        sight=sight,
        chat=chat,
        company=company,
        clock=clock,
        throttle=throttle,
        policy=PartyPolicy(
            members=settings.parties.members,
            invitation=settings.parties.invitation,
            return_within=settings.parties.return_within,
        ),
    )
    encounters = EncounterService(
        store=store,
        presence=presences,
        realtime=hubs,
        world=world,
        sight=sight,
        sheets=sheets,
        movement=movement,
        parties=parties,
        clock=clock,
        ids=ids,
        chance=chance,
        policy=CombatPolicy(
            turn=settings.combat.turn,
            respawn=settings.combat.respawn,
            challenge=settings.combat.challenge,
            records=settings.combat.records,
        ),
    )
    shards = ShardService(
        store=store,
        presence=presences,
        realtime=hubs,
        world=world,
        sight=sight,
        sheets=sheets,
        clock=clock,
        chance=chance,
    )
    quests = QuestService(
        store=store,
        presence=presences,
        realtime=hubs,
        world=world,
        sight=sight,
        sheets=sheets,
        clock=clock,
    )
    voice = VoiceService(
        presence=presences,
        realtime=hubs,
        sight=sight,
        parties=parties,
        clock=clock,
        policy=VoicePolicy(
            offered=settings.voice.offered,
            speakers=settings.voice.speakers,
            signal_bytes=settings.voice.signal_bytes,
            signals_per_minute=settings.voice.signals_per_minute,
            ice_servers=[
                IceServerView(list(one.urls), one.username, one.credential.get_secret_value())
                for one in settings.voice.ice_servers
            ],
        ),
    )
    moderation = ModerationService(store=store, presence=presences, realtime=hubs, clock=clock, gate=gate)
    filters = FilterService(store=store, moderation=moderation, realtime=hubs, clock=clock, ids=ids)
    lobbies = LobbyService(
        [_lobby(one, extensions.room_types) for one in settings.lobbies.rooms],
        store=store,
        presence=presences,
        realtime=hubs,
        clock=clock,
        ids=ids,
        policy=LobbyPolicy(
            characters=limits.chat_characters,
            history=settings.lobbies.history,
            action_interval=settings.lobbies.action_interval,
            empty_timeout=settings.lobbies.empty_timeout,
            guests=settings.sessions.guests,
        ),
        types=extensions.room_types,
    )
    reports = ReportService(
        store=store,
        presence=presences,
        realtime=hubs,
        history=history,
        chat=chat,
        lobbies=lobbies,
        throttle=throttle,
        clock=clock,
        ids=ids,
        policy=ReportPolicy(
            retention=settings.moderation.report_retention,
            joins_within=settings.moderation.reports_join_within,
            collects_for=settings.moderation.evidence_window,
        ),
    )
    measures = MeasureService(
        store=store,
        sessions=sessions,
        moderation=moderation,
        lobbies=lobbies,
        presence=presences,
        realtime=hubs,
        clock=clock,
        gate=gate,
        knows_room=lambda room_id: world.world.room(RoomId(room_id)) is not None,
    )
    play = Play(
        reports=reports,
        clock=clock,
        store=store,
        present=presences,
        sight=sight,
        world=world,
        presence=presence,
        movement=movement,
        things=things,
        sheets=sheets,
        characters=characters,
        chat=chat,
        company=company,
        moderation=moderation,
        lobbies=lobbies,
        trades=trades,
        positions=positions,
        parties=parties,
        encounters=encounters,
        shards=shards,
        quests=quests,
        voice=voice,
    )

    for talking in (chat, lobbies):
        talking.gate, talking.screen = gate, filters.screen
    for naming in (accounts, characters, lobbies):
        naming.check_name = filters.check_name
    filters.on_flagged(reports.flag)
    reports.room_name = lambda room_id: _room_name(world.world, room_id)
    presence.on_entered(reports.entered)
    lobbies.on_entered(reports.entered_lobby)
    movement.guard(lambda present, room_id: gate.refuse_room(present.account_id, room_id))

    def begun(one: Begun) -> None:
        presence.align(one.body.id, one.body.faction)
        sheets.tell(one.change)

    characters.on_begun(begun)
    sheets.on_changed(lambda change: parties.refresh(change.character_id) if change.shows_elsewhere else None)
    presence.on_entered(chat.entered)
    presence.on_gone(chat.gone)
    movement.on_moved(lambda moved: chat.moved(moved.character_id, moved.target))
    presence.on_entered(parties.entered)
    presence.on_gone(parties.gone)
    presence.on_status(parties.refresh)
    chat.add_channel(Channel.PARTY.value, parties.heard_by)
    parties.on_changed(voice.party_changed)
    presence.on_entered(voice.entered)
    presence.on_gone(voice.gone)
    presence.on_status(voice.status_changed)
    chat.on_ignoring(voice.ignoring_changed)
    movement.on_moved(positions.moved)
    presence.on_gone(positions.gone)
    movement.on_moved(trades.moved)
    presence.on_gone(trades.gone)
    presence.on_status(trades.status_changed)
    trades.while_not(encounters.is_fighting)
    encounters.on_started(trades.fights)
    sheets.restrain(encounters.refuse_fighting)
    things.restrain(encounters.refuse_fighting)
    movement.restrain(encounters.refuse_fighting)
    movement.on_moved(encounters.moved)
    presence.on_entered(encounters.entered)
    presence.on_gone(encounters.gone)
    encounters.accompany(shards.guardian_falling)
    encounters.toughness = lambda: shards.effects.enemies
    sheets.rest_rate = lambda: shards.effects.rest
    encounters.accompany(quests.winning)
    movement.accompany(quests.moving)
    movement.on_moved(quests.moved)
    world.on_talked(quests.talked)
    things.on_received(quests.carries)
    shards.on_event(quests.happened)
    shards.on_event(parties.happened)
    presence.on_entered(quests.entered)
    rooms = RoomService(
        store=store,
        presence=presences,
        realtime=hubs,
        history=history,
        world=world,
        movement=movement,
        lobbies=lobbies,
        clock=clock,
        ids=ids,
    )
    announcements = AnnouncementService(
        store=store, realtime=hubs, chat=chat, rooms=rooms, lobbies=lobbies, clock=clock
    )
    presence.on_entered(announcements.entered)
    presence.on_entered(rooms.entered)
    sessions.on_account_changed(rooms.account_changed)
    presence.on_gone(quests.gone)
    hosting = HostingService(lobbies, clock=clock)
    friends = FriendService(store=store, realtime=hubs, lobbies=lobbies, clock=clock)
    clans = ClanService(store=store, hasher=hasher, throttle=throttle, realtime=hubs, lobbies=lobbies, clock=clock)
    ratings = RatingService(store=store, clock=clock, default_formula=settings.ladder.formula)
    matching = MatchingService(lobbies=lobbies, strengths=ratings, realtime=hubs, clock=clock)
    clans.check_name = filters.check_name
    lobbies.commands = LobbyCommands(
        lobbies=lobbies,
        hosting=hosting,
        matching=matching,
        moderation=moderation,
        reports=reports,
        store=store,
        clock=clock,
    )
    tournaments = TournamentService(store=store, lobbies=lobbies, clock=clock)
    results = ResultService(
        store=store, lobbies=lobbies, ratings=ratings, tournaments=tournaments, clock=clock, ids=ids
    )
    hosting.results = results
    hosting.on_ended(results.round_over)
    hosting.on_reset(results.round_reset)
    clans.on_ties_changed(lobbies.ties_changed)
    tournaments.on_ties_changed(lobbies.ties_changed)
    for observer in (friends.whereabouts_changed, clans.whereabouts_changed):
        lobbies.on_entered(observer)
        lobbies.on_leaving(observer)
    hub.watcher = Watchers(presence, lobbies)
    lobby_hub.watcher = lobbies
    presence.on_reentered = lobbies.on_reentered

    def displaced(character: Character, origin: RoomId) -> None:
        presence.on_displaced(character, origin)
        movement.moved(Moved(character.id, origin, character.room_id))

    world.on_displaced = displaced
    world.on_items_changed = sight.items_changed
    sessions.on_revoked(lambda session_id: hubs.close_session(session_id, SESSION_ENDED))
    sessions.on_account_changed(lobbies.account_changed)
    lobbies.on_refused(accounts.refusals.note_entry)
    ratings.on_caste_changed(lobbies.caste_changed)
    moderation.on_voice_changed(lobbies.voice_changed)
    moderation.on_voice_changed(voice.voice_changed)
    chat.on_announced(lobbies.announced)
    chat.on_ignoring(lobbies.ignoring_changed)

    def locked(account: Account, ended: list[SessionId]) -> None:
        sessions.account_changed(account)  # first: who is locked out is to be told that, not that a session ended
        sessions.ended(ended)

    moderation.on_banned(locked)
    postmen = Postmen(_post_options(settings), clock)
    services = Services(
        clock=clock,
        store=store,
        accounts=accounts,
        sessions=sessions,
        characters=characters,
        presence=presence,
        movement=movement,
        things=things,
        chat=chat,
        moderation=moderation,
        measures=measures,
        appeals=AppealService(
            store=store, accounts=accounts, measures=measures, realtime=hubs, throttle=throttle, clock=clock
        ),
        reports=reports,
        filters=filters,
        messages=MessageService(store=store, history=history, lobbies=lobbies, realtime=hubs, clock=clock),
        world=world,
        commands=CommandService(
            play, throttle=throttle, policy=CommandPolicy(line_characters=limits.command_characters)
        ),
        positions=positions,
        lobbies=lobbies,
        hosting=hosting,
        matching=matching,
        friends=friends,
        clans=clans,
        profiles=ProfileService(store=store, clock=clock),
        results=results,
        ratings=ratings,
        tournaments=tournaments,
        imports=ImportService(
            store=store, hasher=hasher, clock=clock, ids=ids, start_room=lambda: world.world.start_room
        ),
        films=FilmService(
            store=store,
            files=FilmFolder(settings.data_dir / "films", settings.lobbies.film_megabytes * 2**20),
            results=results,
            throttle=throttle,
            clock=clock,
        ),
        administration=AdministrationService(
            store=store, sessions=sessions, ratings=ratings, lobbies=lobbies, presence=presences, clock=clock
        ),
        backups=BackupService(
            store=store,
            files=BackupFolder(backup_place(settings), settings.backup_folder),
            clock=clock,
            policy=BackupPolicy(
                settings.backups.every, read_keep(settings.backups.keep), str(settings.backup_folder.resolve())
            ),
        ),
        second_factor=SecondFactorService(
            store=store,
            accounts=accounts,
            sessions=sessions,
            sealer=KeySealer.from_secret(secret),
            throttle=throttle,
            clock=clock,
            policy=second_factor_policy(settings),
        ),
        record=RecordService(store=store),
        notes=NoteService(store=store, clock=clock),
        personal_data=PersonalDataService(store=store, accounts=accounts, clock=clock),
        tokens=TokenService(store=store, clock=clock),
        extensions=extensions,
        sheets=sheets,
        trades=trades,
        parties=parties,
        encounters=encounters,
        shards=shards,
        quests=quests,
        voice=voice,
        world_chat=WorldChat(lobbies=lobbies, chat=chat, realtime=hubs, history=history, throttle=throttle),
        logs=LogService(
            store=store,
            reader=telemetry.book(),
            clock=clock,
            rooms_called=lambda word: _rooms_called(world, lobbies, word),
        ),
        faults=FaultService(store=store, source=telemetry.book().faults, clock=clock),
        loop_lag=LoopLag(clock.monotonic),
        why=WhyService(
            store=store,
            accounts=accounts,
            lobbies=lobbies,
            refusals=accounts.refusals,
            clock=clock,
            gate=gate,
            catch_up=measures.catch_up,
        ),
        lab=LabService(store=store, realtime=hubs, clock=clock, ids=ids),
        readings=ReadingService(store=store, presence=presences, lobbies=lobbies, clock=clock),
        lookout=LookoutService(store=store, clock=clock),
        rooms=rooms,
        announcements=announcements,
        settings=SettingService(store=store, book=book, clock=clock),
        system=SystemService(store=store),
        atlas=AtlasService(store=store, presence=presences, world=world, rooms=rooms),
        notices=NoticeService(
            store=store,
            presence=presences,
            lobbies=lobbies,
            games=hosting,
            postman=postmen,
            throttle=throttle,
            clock=clock,
        ),
        bridges=BridgeService(
            store=store, lobbies=lobbies, realtime=hubs, relay=postmen, throttle=throttle, clock=clock, ids=ids
        ),
    )
    _explain_doors(settings, services)
    extensions.room_types.serve(services)
    node = Node(
        settings,
        store,
        hub,
        services,
        clock,
        hasher,
        presences,
        lobby_hub=lobby_hub,
        shards_hub=shards_hub,
        watch_hub=watch_hub,
        hubs=hubs,
        sight=sight,
        postmen=postmen,
    )
    book.node = node
    operating.set_up(node)
    return node


def _room_name(world: World, room_id: RoomId) -> str:
    room = world.room(room_id)
    return room.name if room is not None else room_id


def _explain_doors(settings: Settings, services: Services) -> None:
    """What each door asks, for `why`; whether it is open is known when it is."""
    why, http, metaserver, shards = services.why, settings.http, settings.metaserver, settings.shards
    why.doors["http"] = PlainDoor(DoorState("http", f"{http.host}:{http.port}"))
    options = metaserver_options(settings)
    state = DoorState(
        "metaserver", f"{options.host}:{options.port}", metaserver.enabled, setting="metaserver.enabled = true"
    )
    why.doors["metaserver"] = MetaserverRules(state, options, services.lobbies.lobbies, settings.sessions.guests)
    place = f"{shards.host or http.host}:{shards.port}"
    why.doors["shards"] = PlainDoor(
        DoorState("shards", place, shards.enabled, setting="shards.enabled = true"), takes_guests=False
    )
    telnet = settings.telnet
    place = f"{telnet.host or http.host}:{telnet.port}"
    why.doors["telnet"] = PlainDoor(DoorState("telnet", place, telnet.enabled, setting="telnet.enabled = true"))


def _doors_opened(
    services: Services, metaserver: MetaserverDoor | None, shards: str, telnet: TelnetDoor | None, http: str
) -> None:
    """The server runs, and its doors are open or not."""
    why = services.why
    why.is_live = True
    open_at = {"http": http, "shards": shards, "telnet": _telnet_address(telnet).get("telnet", "")}
    for name, place in open_at.items():
        rules = why.doors[name]
        if isinstance(rules, PlainDoor):
            rules.state = replace(rules.state, is_open=bool(place), place=place or rules.state.place)
    rules = why.doors["metaserver"]
    if isinstance(rules, MetaserverRules):
        rules.state = replace(rules.state, is_open=metaserver is not None)
        if metaserver is not None:
            rules.state = replace(rules.state, place=f"{metaserver.options.host}:{metaserver.login_port}")
            rules.rooms_for, rules.nowhere = metaserver.rooms_for, metaserver.nowhere_to_go
            rules.room_ports = metaserver.room_ports


def _rooms_called(world: WorldService, lobbies: LobbyService, word: str) -> frozenset[str]:
    """The ids of the places and lobbies that are called so."""
    key = word.strip().casefold()
    places = (room.id for room in world.world.rooms.values() if key in (room.id.casefold(), room.name.casefold()))
    open_ = (str(lobby.room_id) for lobby in lobbies.lobbies() if key in (str(lobby.room_id), lobby.name.casefold()))
    return frozenset((*places, *open_))


@contextlib.contextmanager
def _log_files(settings: Settings) -> Iterator[None]:
    """Write log files while the block runs, if the settings say so."""
    folder = settings.log_folder
    if folder is None:
        yield
        return
    handler = telemetry.write_files(folder, settings.telemetry.log_megabytes)
    try:
        yield
    finally:
        telemetry.stop_writing(handler)


def _open_lab(node: Node, play: PlayDoor, metaserver: MetaserverDoor | None, shards: ShardsDoor | None) -> None:
    """Offer the connections of the open doors to the protocol lab."""

    def client_of(character_id: CharacterId) -> tuple[str, str]:
        present = node.presences.get(character_id)
        return (present.name, present.client) if present is not None else ("somebody", "")

    doors = node.services.lab.doors
    doors.append(HttpLab(play, client_of))
    if metaserver is not None:
        doors.append(MetaserverLab(metaserver))
    if shards is not None:
        doors.append(ShardsLab(shards))


def load_plugins(modules: Sequence[str]) -> Extensions:
    """What a server has that is not in it by itself: what comes along, and what the plug-ins add.

    Raises:
        CannotStart: a plug-in is not there, or does not do what plug-ins do.

    """
    extensions = Extensions()
    extensions.room_types.add(TournamentLobby, TournamentRooms)
    for name in modules:
        try:
            importlib.import_module(name).plug_in(extensions)
        except Exception as error:
            raise CannotStart(
                f"The plug-in {name} cannot be used: {type(error).__name__}: {error}",
                "A plug-in is an importable module with a function plug_in(extensions).\n"
                "One in this folder is found with PYTHONPATH=. before the command: PYTHONPATH=. mythgate serve",
            ) from error
    return extensions


def _lobby(settings: LobbySettings, types: RoomTypes) -> Lobby:
    values = settings.model_dump(exclude={"type", "options"})
    try:
        return types.make(settings.type, {**values, **settings.options})
    except InvalidInput as error:
        words = f"Lobby {settings.room_id} does not fit: {error.message} {error.hint}".strip()
        raise CannotStart(words, "`mythgate config check` looks again.") from error


def lobby_problems(settings: Settings) -> list[tuple[tuple[str | int, ...], str]]:
    """What does not fit in the lobbies of the settings, and which setting it is."""
    types = load_plugins(settings.plugins).room_types
    problems: list[tuple[tuple[str | int, ...], str]] = []
    for number, one in enumerate(settings.lobbies.rooms):
        try:
            types.make(one.type, {**one.model_dump(exclude={"type", "options"}), **one.options})
        except InvalidInput as error:
            where = ("options", error.field) if error.field in one.options else (error.field or "type",)
            problems.append((("lobbies", "rooms", number, *where), f"{error.message} {error.hint}".strip()))
    return problems


def _realtime_limits(settings: Settings) -> RealtimeLimits:
    realtime = settings.realtime
    return RealtimeLimits(
        merge_window=realtime.merge_window.total_seconds(),
        outbox_events=realtime.outbox_messages,
        outbox_bytes=realtime.outbox_bytes,
        stream_events=realtime.stream_events,
        stream_bytes=realtime.stream_bytes,
        linkdead_display=realtime.linkdead_display.total_seconds(),
        resume_grace=realtime.resume_grace.total_seconds(),
        heartbeat_interval=realtime.heartbeat_interval.total_seconds(),
    )


def build_app(
    node: Node,
    door: PlayDoor,
    door_names: Sequence[str] = ("http",),
    *,
    sockets: Sockets | None = None,
    metaserver: MetaserverStats | None = None,
    shards: ShardsStats | None = None,
    telnet: TelnetStats | None = None,
) -> FastAPI:
    """The application of the http door over a node's services; `sockets` are the connections it is to count."""
    http = node.settings.http
    presences = node.presences
    options = HttpOptions(
        node=node.name,
        doors=list(door_names),
        root_path=http.root_path,
        cors_origins=http.cors_origins,
        max_body_bytes=http.max_body_bytes,
        players_online=presences.count,
        rooms=lambda: len(node.services.world.world.rooms),
        rooms_occupied=lambda: len(presences.populations()),
    )
    counts = metaserver if metaserver is not None else MetaserverStats()
    taken = shards if shards is not None else ShardsStats()
    read = nodereadings.reader(
        node, door, options.errors, metaserver=counts, shards=taken, telnet=telnet, sockets=sockets
    )
    options.registry.register(telemetry.Readings(read))
    ProcessCollector(registry=options.registry)
    node.services.rooms.round_trips.append(door.round_trips)
    node.services.readings.totals = operating.totals_of(node, door, options.errors, counts, taken, telnet)
    app = create_app(
        node.services,
        http=options,
        routers=[
            auth_routes.router,
            character_routes.router,
            command_routes.router,
            world_routes.router,
            shard_routes.router,
            trade_routes.router,
            nearby_routes.router,
            combat_routes.router,
            lobby_routes.router,
            people_routes.router,
            notice_routes.router,
            notice_routes.bridge_router,
            clan_routes.router,
            party_routes.router,
            chat_routes.router,
            tournament_routes.router,
            ladder_routes.router,
            roomop_routes.router,
            metaclient_routes.router,
            admin_routes.router,
            staffself_routes.router,
            staffrecord_routes.router,
            staffpeople_routes.router,
            backup_routes.router,
            now_routes.router,
            staffroom_routes.router,
            staffroom_routes.watch_router(operating.watch_door(node)),
            message_routes.router,
            report_routes.router,
            moderation_routes.router,
            system_routes.router,
            atlas_routes.router,
            staffgame_routes.router,
            log_routes.router,
            why_routes.router,
            adminlab_routes.router,
            why_routes.own_router,
            status_routes.router,
            websocket_router(door),
            sse_router(door),
        ],
    )
    app.state.play = door
    app.state.readings = read
    return app


# --- serving ---------------------------------------------------------------------------------------


async def serve(settings: Settings, *, on_ready: Callable[[Started], None]) -> None:
    """Run a node with its doors until it is told to stop (SIGINT or SIGTERM).

    Raises:
        CannotStart: a port, the database or the world cannot be used.

    """
    began = time.perf_counter()
    stop = asyncio.Event()
    ready = False
    try:
        with _stop_signals(stop), _only_server(settings), _log_files(settings):
            listener = _listen(settings.http.host, settings.http.port)
            async with open_node(settings) as node, open_doors(node, listener) as doors:
                spare_the_collector()
                on_ready(await _started(node, listener, doors, time.perf_counter() - began))
                ready = True
                log.info("ready", extra={"node": node.name, "http": _address(listener)})
                stopped = asyncio.create_task(stop.wait())
                await asyncio.wait({stopped, doors.serving}, return_when=asyncio.FIRST_COMPLETED)
                stopped.cancel()
                log.info("stopping", extra={"players": node.presences.count()})
    except (MythError, ExceptionGroup) as error:
        fault = _only_cause(error)
        if ready or isinstance(fault, CannotStart) or not isinstance(fault, MythError):
            raise fault from error
        # Opening went well, and the first real work did not: a damaged file shows itself here.
        raise _database_fault(settings, fault) from error
    log.info("stopped")


def _only_cause(error: Exception) -> Exception:
    """The one error inside groups of one, which task groups wrap around it."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


@contextlib.contextmanager
def _only_server(settings: Settings) -> Iterator[None]:
    """Keep a second server away from the data folder, and from a SQLite file that lies elsewhere.

    A folder that was made for a start that fails goes again, unless more than the lock is in it.
    """
    missing = _make_data_dir(settings.data_dir)
    folders = {settings.data_dir.resolve()}
    with contextlib.suppress(MythError):  # an URL nobody can use is told about when it is opened
        file = sqlite_file(settings.database_location)
        if file is not None and file.resolve().parent.is_dir():
            folders.add(file.resolve().parent)
    with contextlib.ExitStack() as held:
        for folder in sorted(folders):
            try:
                held.enter_context(hold(folder))
            except FolderInUse as error:
                by = f" (pid {error.pid})" if error.pid else ""
                raise CannotStart(
                    f"Another Mythgate uses this data folder{by}: {folder}",
                    "Stop it first, or choose another folder with --data-dir.",
                ) from error
            except OSError as error:
                raise CannotStart(
                    f"The data folder cannot be used: {error}", "Choose another with --data-dir."
                ) from error
        try:
            yield
        except BaseException:
            with contextlib.suppress(OSError):
                if missing and {file.name for file in missing[0].iterdir()} == {LOCK_FILE}:
                    (missing[0] / LOCK_FILE).unlink()
                    for folder in missing:
                        folder.rmdir()
            raise


@dataclass(frozen=True, slots=True)
class OpenDoors:
    """What `open_doors` gives: the doors, and the task that serves, which ends when the server does."""

    play: PlayDoor
    serving: asyncio.Task[None]
    metaserver: MetaserverDoor | None = None  # None: closed
    shards: str = ""  # where the Shards door is open; empty: closed
    telnet: TelnetDoor | None = None  # None: closed


@contextlib.asynccontextmanager
async def open_doors(node: Node, listener: socket.socket) -> AsyncIterator[OpenDoors]:
    """Serve on `listener`, with all that runs beside, while the block runs; then tell people and let them go."""
    settings = node.settings
    telemetry.book().room_of = node.room_of
    traces = _open_tracing(node)
    if traces is not None:
        node.services = replace(node.services, commands=tracing.TracedCommands(node.services.commands, traces))
    await node.services.world.start()
    await node.services.parties.start()
    await _prepare_push(node)
    await node.services.notices.start()
    await node.services.bridges.start()
    await node.services.lobbies.catch_up()
    await node.services.second_factor.catch_up()
    await node.services.measures.catch_up()
    await node.services.filters.catch_up()
    await node.services.reports.start()
    await node.services.rooms.catch_up()
    await node.services.announcements.catch_up()
    await node.services.results.start()
    known = await node.services.accounts.mark_record()
    door = PlayDoor(node.hub, node.services, _play_options(settings))
    http = _http_protocol(settings)
    metaserver = await _open_metaserver(node)
    node.adopters.append(lambda settings: _adopt(settings, door, http, metaserver))
    shards = _open_shards(node)
    telnet = await _open_telnet(node, door)
    beside_http = {"metaserver": metaserver, "shards": shards, "telnet": telnet}
    app = build_app(
        node,
        door,
        ("http", *(name for name, opened in beside_http.items() if opened is not None)),
        sockets=http.sockets if http is not None else None,
        metaserver=metaserver.stats if metaserver is not None else None,
        shards=shards.door.stats if shards is not None else None,
        telnet=telnet.stats if telnet is not None else None,
    )
    server = uvicorn.Server(_uvicorn_config(settings, app, http))
    async with contextlib.AsyncExitStack() as running, door.running(), asyncio.TaskGroup() as tasks:
        if traces is not None:
            app.add_middleware(tracing.TracedRequests, tracing=traces)
            running.push_async_callback(traces.close)
        jobs = _beside(node, door, known)
        if settings.telemetry.statsd:
            jobs["statsd"] = telemetry.Statsd(app.state.readings, _statsd_options(settings)).run()
        if telnet is not None:
            await running.enter_async_context(telnet.running())
            jobs["telnet"] = _every(telnet_door.TICK_SECONDS, telnet.tick)
        if metaserver is not None:
            await running.enter_async_context(metaserver.running())
            jobs["metaserver"] = _every(TICK_SECONDS, metaserver.tick)
        if shards is not None:
            await running.enter_async_context(shards.door.running())
            jobs["shards"] = _every(shards_door.TICK_SECONDS, shards.door.tick)
            shards.serving = tasks.create_task(shards.server.serve(sockets=[shards.listener]), name="shards")
            await _until_started(shards.server, shards.serving, "Shards")
        serving = tasks.create_task(server.serve(sockets=[listener]), name="http")
        beside = [tasks.create_task(work, name=name) for name, work in jobs.items()]
        await _until_started(server, serving, "http")
        shards_address = shards.address if shards is not None else ""
        _doors_opened(node.services, metaserver, shards_address, telnet, _address(listener))
        _open_lab(node, door, metaserver, shards.door if shards is not None else None)
        try:
            yield OpenDoors(door, serving, metaserver, shards_address, telnet)
        finally:
            node.hubs.close_all(GOING_AWAY)
            server.should_exit = True
            for task in beside:
                task.cancel()
            await serving
            if shards is not None and shards.serving is not None:
                shards.server.should_exit = True
                await shards.serving
    await node.services.movement.settle()
    await node.services.presence.settle()
    await node.services.parties.settle()
    await node.services.encounters.settle()
    await node.services.shards.settle()
    await node.services.quests.settle()
    await node.services.trades.settle()
    await node.services.filters.settle()  # which report
    await node.services.reports.settle()
    await node.services.lobbies.settle()
    await node.services.lab.settle()
    await node.services.friends.settle()
    await node.services.clans.settle()
    await node.services.results.settle()
    await node.services.notices.settle()
    await node.services.bridges.settle()
    node.postmen.close()
    await node.services.faults.save()


async def _prepare_push(node: Node) -> None:
    """Have the key that browsers know this server's notices by, the same on every node and after every start."""
    if not webpush.is_possible():
        return
    made = webpush.new_key()

    def work(tx: Transaction) -> str:
        known = tx.facts.get(PUSH_KEY_FACT)
        if known is None:
            tx.facts.set(PUSH_KEY_FACT, made)
        return known or made

    node.postmen.use_push_key(await node.store.write(work))


def _post_options(settings: Settings) -> PostOptions:
    notices, http = settings.notices, settings.http
    url = http.base_url.rstrip("/") or f"http://{http.host}:{http.port}"
    return PostOptions(
        url=url,
        hosts=frozenset(notices.allowed_hosts),
        webhooks=notices.webhooks,
        timeout=notices.timeout.total_seconds(),
        smtp_host=notices.smtp_host,
        smtp_port=notices.smtp_port,
        smtp_user=notices.smtp_user,
        smtp_password=notices.smtp_password.get_secret_value(),
        smtp_security=notices.smtp_security,
        mail_from=notices.mail_from,
        operator=notices.operator,
    )


async def _open_metaserver(node: Node) -> MetaserverDoor | None:
    """The metaserver door with its ports open; None if it is to be closed.

    A port that somebody else has is a reason not to start if it was chosen, and else to do without this door.

    Raises:
        CannotStart: the chosen port cannot be opened.

    """
    settings = node.settings.metaserver
    if not settings.enabled:
        return None
    door = MetaserverDoor(node.lobby_hub, node.services, metaserver_options(node.settings))
    try:
        await door.open()
    except OSError as error:
        where = f"{door.options.host}:{settings.port}"
        if settings.place_was_chosen:
            raise CannotStart(
                f"The metaserver door cannot be opened at {where}: {error.strerror or error}.",
                "Choose another with MYTHGATE_METASERVER__PORT, or close the door: MYTHGATE_METASERVER__ENABLED=false",
            ) from error
        log.warning("metaserver door stays closed", extra={"address": where, "reason": error.strerror or str(error)})
        return None
    return door


async def _open_telnet(node: Node, play: PlayDoor) -> TelnetDoor | None:
    """The telnet door with its ports open; None if it is to be closed.

    As with the metaserver door, only a port that was chosen is a reason not to start; and a certificate that cannot be
    used always is.

    Raises:
        CannotStart: a chosen port cannot be opened, or the certificate cannot be used.

    """
    settings = node.settings.telnet
    if not settings.enabled:
        return None
    options = _telnet_options(node.settings)
    announcements = node.services.announcements
    door = TelnetDoor(play, presences=node.presences, options=options, greeting=lambda: announcements.motd)
    try:
        await door.open()
    except CertificateUnusable as error:
        raise CannotStart(
            f"The telnet door cannot offer TLS: {error}",
            "Look at MYTHGATE_TELNET__TLS_CERTIFICATE and MYTHGATE_TELNET__TLS_KEY; `mythgate doctor` looks again.",
        ) from error
    except OSError as error:
        where = f"{options.host}:{settings.port}"
        if settings.place_was_chosen:
            raise CannotStart(
                f"The telnet door cannot be opened at {where}: {error.strerror or error}.",
                "Choose another with MYTHGATE_TELNET__PORT, or close the door: MYTHGATE_TELNET__ENABLED=false",
            ) from error
        log.warning("telnet door stays closed", extra={"address": where, "reason": error.strerror or str(error)})
        return None
    return door


class _SecondServer(uvicorn.Server):
    """A server beside the first, which alone listens to signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class _ShardsServer:
    """The Shards door with its port."""

    door: ShardsDoor
    server: uvicorn.Server
    listener: socket.socket
    serving: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        return _address(self.listener)


def _open_shards(node: Node) -> _ShardsServer | None:
    """The Shards door with its port taken; None if it is to be closed.

    As with the metaserver door, only a port that was chosen is a reason not to start.

    Raises:
        CannotStart: the chosen port cannot be opened, or encryption is asked for and not installed.

    """
    settings = node.settings
    shards = settings.shards
    if not shards.enabled:
        return None
    options = _shards_options(settings)
    try:
        door = ShardsDoor(
            node.hub, node.shards_hub, node.services, presences=node.presences, sight=node.sight, options=options
        )
    except EncryptionMissing as error:
        raise CannotStart(
            "shards.encryption_phrase is set, but the library that encrypts is not installed.",
            "Install the extra `encryption` (make extras), or remove MYTHGATE_SHARDS__ENCRYPTION_PHRASE.",
        ) from error
    host = shards.host or settings.http.host
    try:
        listener = _listen(host, shards.port)
    except CannotStart as error:
        if shards.place_was_chosen:
            raise CannotStart(
                f"The Shards door cannot be opened: {error}",
                "Choose another port with MYTHGATE_SHARDS__PORT, or close the door: MYTHGATE_SHARDS__ENABLED=false",
            ) from error
        log.warning("shards door stays closed", extra={"address": f"{host}:{shards.port}", "reason": error.message})
        return None
    app = create_shards_app(door, socket_router(door))
    config = _uvicorn_config(settings, app, _http_protocol(settings))
    config.root_path = ""
    return _ShardsServer(door, _SecondServer(config), listener)


def _shards_options(settings: Settings) -> ShardsOptions:
    shards = settings.shards
    return ShardsOptions(
        connections=shards.connections,
        connections_per_address=shards.connections_per_address,
        strangers=shards.strangers,
        frame_bytes=shards.frame_bytes,
        body_bytes=shards.body_bytes,
        messages_per_second=shards.messages_per_second,
        message_burst=shards.message_burst,
        flood_mute=settings.limits.flood_mute.total_seconds(),
        requests_per_second=shards.requests_per_second,
        request_burst=shards.request_burst,
        ping_interval=shards.ping_interval.total_seconds(),
        pong_within=shards.pong_within.total_seconds(),
        password_characters=shards.password_min_length,
        characters=shards.characters_per_account,
        encryption_phrase=shards.encryption_phrase.get_secret_value(),
        encryption_iterations=shards.encryption_iterations,
        bind_connections=shards.bind_connections,
        cors_origins=tuple(shards.cors_origins),
    )


def _telnet_options(settings: Settings) -> TelnetOptions:
    telnet = settings.telnet
    return TelnetOptions(
        host=telnet.host or settings.http.host,
        port=telnet.port,
        tls_port=telnet.tls_port,
        certificate=telnet.tls_certificate,
        certificate_key=telnet.tls_key,
        clear_passwords=telnet.clear_passwords,
        name=telnet.name,
        website=telnet.website,
        contact=telnet.contact,
        connections=telnet.connections,
        connections_per_address=telnet.connections_per_address,
        strangers=telnet.strangers,
        answer_within=telnet.answer_within.total_seconds(),
        sign_in_within=telnet.sign_in_within.total_seconds(),
        line_bytes=telnet.line_bytes,
        compress=telnet.compress,
        away_after=telnet.away_after.total_seconds(),
    )


def metaserver_options(settings: Settings) -> MetaserverOptions:
    """What the settings say of the metaserver door."""
    metaserver = settings.metaserver
    host = metaserver.host or settings.http.host
    if ":" in host:  # these clients know IPv4 only
        host = "127.0.0.1" if host == "::1" else "0.0.0.0"  # noqa: S104 (as the http door was told to)
    return MetaserverOptions(
        host=host,
        port=metaserver.port,
        room_port=metaserver.room_port,
        advertise_host=metaserver.advertise_host,
        connections=metaserver.connections,
        connections_per_address=metaserver.connections_per_address,
        connects_per_second=metaserver.connects_per_second,
        connect_burst=metaserver.connect_burst,
        newcomers=metaserver.newcomers,
        first_packet_within=metaserver.first_packet_within.total_seconds(),
        login_within=metaserver.login_within.total_seconds(),
        room_login_within=metaserver.room_login_within.total_seconds(),
        packets_per_second=metaserver.packets_per_second,
        packet_burst=metaserver.packet_burst,
        token_lifetime=metaserver.token_lifetime.total_seconds(),
        passwords=PasswordScheme(metaserver.passwords),
        minimum_build=metaserver.minimum_build,
        test_hosts=metaserver.test_hosts,
        proxy_port=metaserver.proxy_port,
        proxy_pairs=metaserver.proxy_pairs,
        remote_hubs=tuple(RemoteHub(**hub.model_dump()) for hub in metaserver.remote_hubs),
    )


def _open_tracing(node: Node) -> tracing.Tracing | None:
    """Where traces go; None: nowhere.

    Raises:
        CannotStart: they are to go somewhere, and the library for it is not installed.

    """
    chosen = node.settings.telemetry
    if not chosen.otlp_endpoint:
        return None
    try:
        return tracing.open_tracing(chosen.otlp_endpoint, sample=chosen.otlp_sample, node=node.name)
    except tracing.TracingMissing as error:
        raise CannotStart(
            "telemetry.otlp_endpoint is set, but OpenTelemetry is not installed.",
            "Install the extra `otel` (make extras), or remove MYTHGATE_TELEMETRY__OTLP_ENDPOINT.",
        ) from error


def _statsd_options(settings: Settings) -> telemetry.StatsdOptions:
    chosen = settings.telemetry
    host, _, port = chosen.statsd.rpartition(":")
    return telemetry.StatsdOptions(
        host.strip("[]"),
        int(port),
        prefix=chosen.statsd_prefix,
        interval=chosen.statsd_interval.total_seconds(),
        tags=chosen.statsd_tags,
    )


@contextlib.contextmanager
def _stop_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGINT and SIGTERM set `stop`. Uvicorn raises the signals it caught again; they then arrive here."""
    if sys.platform == "win32":
        yield
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def spare_the_collector() -> None:
    """Let the garbage collector leave alone what is there when the server is ready, and look seldom at the rest.

    Nearly all that a server throws away goes without it, by reference counts.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # two may have bound the same port until one of them listens
    except OSError as error:
        listener.close()
        raise CannotStart(
            f"{host}:{port} cannot be opened: {error.strerror or error}.",
            "Choose another port with --port, or --port 0 for a free one.",
        ) from error
    listener.setblocking(False)
    return listener


def _uvicorn_config(settings: Settings, app: FastAPI, http: type[HttpProtocol] | None) -> uvicorn.Config:
    return uvicorn.Config(
        TrustedProxies(app, trusted=settings.http.trusted_proxies),
        ws=SocketProtocol,
        http=http or "h11",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        backlog=BACKLOG,
        proxy_headers=False,  # `TrustedProxies` does it, and looks at what it is told
        root_path=settings.http.root_path,
        timeout_graceful_shutdown=math.ceil(settings.http.stop_within.total_seconds()),
        ws_max_size=settings.limits.frame_bytes,
    )


def _http_protocol(settings: Settings) -> type[HttpProtocol] | None:
    if sys.platform == "win32":
        return None
    from mythgate.doors.http.http_protocol import http_protocol

    return http_protocol(_http_limits(settings))


def _http_limits(settings: Settings) -> HttpLimits:
    from mythgate.doors.http.http_protocol import HttpLimits

    http, limits = settings.http, settings.limits
    proxies = ProxyHeadersMiddleware(cast("Any", None), http.trusted_proxies).trusted_hosts
    return HttpLimits(
        connections=limits.connections + limits.other_connections,
        connections_per_address=2 * limits.connections_per_address,
        unlimited=cast("Container[str]", proxies),
        head_bytes=http.max_head_bytes,
        head_within=http.head_within.total_seconds(),
        body_within=http.body_within.total_seconds(),
    )


def _adopt(
    settings: Settings, door: PlayDoor, http: type[HttpProtocol] | None, metaserver: MetaserverDoor | None
) -> None:
    """Have open doors go by other limits."""
    door.adopt(_play_options(settings))
    if http is not None:
        http.sockets.limits = _http_limits(settings)
    if metaserver is not None:
        metaserver.options = metaserver_options(settings)
        rules = metaserver.services.why.doors.get("metaserver")
        if isinstance(rules, MetaserverRules):
            rules.options = metaserver.options


def _play_options(settings: Settings) -> PlayOptions:
    limits, realtime = settings.limits, settings.realtime
    return PlayOptions(
        connections=limits.connections,
        connections_per_address=limits.connections_per_address,
        joins_per_account=limits.joins_per_account,
        unauthenticated=limits.unauthenticated,
        authenticate_within=limits.authenticate_within.total_seconds(),
        frame_bytes=limits.frame_bytes,
        command_characters=limits.command_characters,
        commands_per_second=limits.commands_per_second,
        command_burst=limits.command_burst,
        flood_mute=limits.flood_mute.total_seconds(),
        ping_interval=realtime.ping_interval.total_seconds(),
        pong_within=realtime.pong_within.total_seconds(),
        deflate_threshold=realtime.deflate_threshold,
        token_in_query=settings.http.token_in_query,
    )


async def _until_started(server: uvicorn.Server, serving: asyncio.Task[None], door: str) -> None:
    while not server.started:
        if serving.done():
            raise CannotStart(f"The {door} door did not open.", "The log above says why.")
        await asyncio.sleep(0.005)


async def _started(node: Node, listener: socket.socket, doors: OpenDoors, seconds: float) -> Started:
    settings = node.settings
    address = _address(listener)
    host, _, port = address.rpartition(":")
    url = settings.http.base_url.rstrip("/") or f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104
    accounts = node.services.accounts
    token = await accounts.make_admin_link_token()
    until = node.clock.now().astimezone() + accounts.policy.admin_link_lifetime
    world = node.services.world.world
    return Started(
        url=url,
        # In the fragment, which browsers keep to themselves: it reaches no log.
        claim_url=f"{url}/#claim={token}" if token else None,
        claim_until=f"{until:%d %B %H:%M}",
        doors={
            "http": address,
            **_metaserver_address(doors.metaserver),
            **({"shards": doors.shards} if doors.shards else {}),
            **_telnet_address(doors.telnet),
        },
        data_dir=settings.data_dir,
        database="SQLite" if settings.database_location.startswith("sqlite") else "PostgreSQL",
        world=world.name,
        places=len(world.rooms),
        has_browser_client=browser_client_dir() is not None,
        seconds=seconds,
    )


def _metaserver_address(door: MetaserverDoor | None) -> dict[str, str]:
    return {} if door is None else {"metaserver": f"{door.options.host}:{door.login_port}"}


def _telnet_address(door: TelnetDoor | None) -> dict[str, str]:
    if door is None:
        return {}
    host = f"[{door.options.host}]" if ":" in door.options.host else door.options.host
    ports = {"telnet": door.port, "telnet with TLS": door.tls_port}
    return {name: f"{host}:{port}" for name, port in ports.items() if port}


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


# --- what runs beside the doors --------------------------------------------------------------------


def _beside(node: Node, door: PlayDoor, known: RecordMark) -> dict[str, Coroutine[Any, Any, None]]:
    services, settings = node.services, node.settings

    async def seconds() -> None:
        node.hubs.tick()
        door.tick()

    async def sweep() -> None:
        await services.sessions.sweep()
        await services.characters.purge()
        await services.reports.sweep()
        await services.measures.sweep()

    async def forget_receipts() -> None:
        await node.store.sweep(node.clock.now())

    async def check_presence() -> None:
        for problem in await services.presence.check():
            log.error("presence was wrong", extra={"problem": problem})

    async def catch_up() -> None:
        nonlocal known
        known = await services.accounts.catch_up(known)
        await services.logs.catch_up()
        await services.settings.catch_up()
        await services.second_factor.catch_up()
        await services.measures.catch_up()
        await services.filters.catch_up()
        await services.reports.tick()
        await services.rooms.catch_up()
        await services.announcements.catch_up()
        await services.announcements.tick()
        await services.lobbies.tick()
        services.matching.tick()
        services.parties.tick()
        services.bridges.tick()
        services.voice.tick()
        services.lab.tick()
        services.trades.tick()
        services.encounters.tick()

    async def settle_games() -> None:
        await services.results.settle_due()
        await services.tournaments.tick()

    async def rerank() -> None:
        await services.ratings.rerank()

    async def tend_world() -> None:
        await services.shards.tend()
        await services.quests.tend()

    async def maintain_clans() -> None:
        await services.clans.maintain()

    async def lift_bans() -> None:
        await services.moderation.lift_bans()

    jobs: dict[str, Coroutine[Any, Any, None]] = {
        "seconds": _every(FINEST_SWEEP, seconds),
        "catch_up": _every(1.0, catch_up),
        "sweep": _every(settings.sessions.sweep_interval.total_seconds(), sweep, jitter=0.1),
        "bans": _every(60.0, lift_bans, jitter=0.1),
        "games": _every(5.0, settle_games, jitter=0.1),
        "notices": _every(settings.notices.interval.total_seconds(), services.notices.tick, jitter=0.1),
        "room_types": _every(1.0, services.extensions.room_types.tick, jitter=0.1),
        "shards_and_quests": _every(5.0, tend_world, jitter=0.1),
        "castes": _every(600.0, rerank, jitter=0.1),
        "clans": _every(3600.0, maintain_clans, jitter=0.1),
        "receipts": _every(60.0, forget_receipts, jitter=0.1),
        "faults": _every(5.0, services.faults.save, jitter=0.1),
        "loop_lag": services.loop_lag.measure(),
        "readings": _every(READING_EVERY.total_seconds(), operating.look(node)),
        "lookout": operating.look_closely(node),
        "backups": _every(60, services.backups.tick),
        "presence": _every(PRESENCE_CHECK_SECONDS, check_presence, jitter=0.1),
        "world": services.world.run(random.Random().random),  # noqa: S311 (when an inhabitant speaks is no secret)
    }
    if settings.world.watch:
        jobs["watch"] = services.world.watch()
    return jobs


async def _every(seconds: float, work: Callable[[], Awaitable[None]], *, jitter: float = 0) -> None:
    """Run `work` again and again. A failure is logged and the next round tries again."""
    chance = random.Random()  # noqa: S311 (spreads load)
    while True:
        await asyncio.sleep(seconds * chance.uniform(1 - jitter, 1 + jitter))
        try:
            await work()
        except Refused as refused:
            log.warning("a periodic job was refused", extra={"job": work.__name__, "reason": refused.message})
        except Exception:
            log.exception("a periodic job failed", extra={"job": work.__name__})


# --- for the command line --------------------------------------------------------------------------


def world_problems(settings: Settings) -> list[str]:
    """Everything wrong with the world packs the settings name, with file and line."""
    return [str(problem) for problem in worldpacks.check(settings.world.packs or [worldpacks.DEFAULT_PACK])]


def browser_client_dir() -> Path | None:
    """Where the built browser client is; None if it is not built."""
    folder = find_client()
    return folder if (folder / "index.html").is_file() else None


@contextlib.contextmanager
def _node_on_paper() -> Iterator[tuple[Node, PlayDoor]]:
    """A node and its door as they would serve, over a database that is never opened."""
    hasher = Argon2Hasher(memory_kib=8, time_cost=1)
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(hasher):
        settings = Settings(data_dir=Path(folder), secret_key=SecretStr("not a secret: nothing is ever served"))
        clock = SystemClock()
        node = compose(settings, open_store(settings.database_location, clock=clock), clock, hasher)
        yield node, PlayDoor(node.hub, node.services)


def describe_http() -> dict[str, Any]:
    """The OpenAPI document of the http door."""
    with _node_on_paper() as (node, door):
        return build_app(node, door).openapi()


def metric_reference() -> list[telemetry.Reading]:
    """What is counted, by name."""
    with _node_on_paper() as (node, door):
        http = _http_protocol(node.settings)
        readings = list(nodereadings.reader(node, door, {}, sockets=http.sockets if http is not None else None)())
    return sorted(readings, key=lambda reading: reading.name)


def error_statuses() -> list[tuple[type[Refused], int]]:
    """Every refusal with its HTTP status, by code."""

    def all_below(kind: type[Refused]) -> Iterator[type[Refused]]:
        yield kind
        for child in kind.__subclasses__():
            yield from all_below(child)

    ours = (kind for kind in all_below(Refused) if kind.__module__.startswith("mythgate."))
    unique = {kind.code: kind for kind in ours if not kind.__name__.startswith("_")}  # those never leave their module
    return [(kind, status_of(kind())) for _, kind in sorted(unique.items())]


def command_reference() -> list[Command]:
    """All text commands, by group and name."""
    return sorted(REGISTRY.allowed(Role.OWNER), key=lambda command: (command.group.value, command.name))


def dot_command_reference() -> list[LobbyCommand]:
    """All commands of lobbies, by name."""
    return sorted(DOT_COMMANDS.allowed(Role.OWNER), key=lambda command: command.name)
