"""The set of use cases that a door is handed. Built once, in `mythgate.bootstrap`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mythgate.services.accounts import AccountService
    from mythgate.services.administration import AdministrationService
    from mythgate.services.announcements import AnnouncementService
    from mythgate.services.appeals import AppealService
    from mythgate.services.atlas import AtlasService
    from mythgate.services.backups import BackupService
    from mythgate.services.bridges import BridgeService
    from mythgate.services.characters import CharacterService
    from mythgate.services.chat import ChatService
    from mythgate.services.clans import ClanService
    from mythgate.services.commands.execute import CommandService
    from mythgate.services.encounters import EncounterService
    from mythgate.services.enforcement import MeasureService
    from mythgate.services.extensions import Extensions
    from mythgate.services.faults import FaultService
    from mythgate.services.films import FilmService
    from mythgate.services.filters import FilterService
    from mythgate.services.friends import FriendService
    from mythgate.services.hosting import HostingService
    from mythgate.services.importing import ImportService
    from mythgate.services.lab import LabService
    from mythgate.services.lobbies import LobbyService
    from mythgate.services.logs import LogService
    from mythgate.services.lookout import LookoutService
    from mythgate.services.matching import MatchingService
    from mythgate.services.measures import LoopLag
    from mythgate.services.messages import MessageService
    from mythgate.services.moderation import ModerationService
    from mythgate.services.movement import MovementService
    from mythgate.services.notes import NoteService
    from mythgate.services.notices import NoticeService
    from mythgate.services.parties import PartyService
    from mythgate.services.personaldata import PersonalDataService
    from mythgate.services.ports import Clock, Store
    from mythgate.services.positions import PositionService
    from mythgate.services.presence import PresenceService
    from mythgate.services.profiles import ProfileService
    from mythgate.services.quests import QuestService
    from mythgate.services.ratings import RatingService
    from mythgate.services.readings import ReadingService
    from mythgate.services.record import RecordService
    from mythgate.services.reports import ReportService
    from mythgate.services.results import ResultService
    from mythgate.services.rooms import RoomService
    from mythgate.services.secondfactor import SecondFactorService
    from mythgate.services.sessions import SessionService
    from mythgate.services.settings import SettingService
    from mythgate.services.shards import ShardService
    from mythgate.services.sheets import SheetService
    from mythgate.services.system import SystemService
    from mythgate.services.things import ThingService
    from mythgate.services.tokens import TokenService
    from mythgate.services.tournaments import TournamentService
    from mythgate.services.trades import TradeService
    from mythgate.services.voice import VoiceService
    from mythgate.services.why import WhyService
    from mythgate.services.world import WorldService
    from mythgate.services.worldchat import WorldChat


@dataclass(frozen=True, slots=True)
class Services:
    """All use cases of one node."""

    clock: Clock
    store: Store
    accounts: AccountService
    sessions: SessionService
    characters: CharacterService
    presence: PresenceService
    movement: MovementService
    things: ThingService
    chat: ChatService
    moderation: ModerationService
    measures: MeasureService
    appeals: AppealService
    reports: ReportService
    filters: FilterService
    messages: MessageService
    world: WorldService
    commands: CommandService
    positions: PositionService
    lobbies: LobbyService
    hosting: HostingService
    matching: MatchingService
    friends: FriendService
    clans: ClanService
    profiles: ProfileService
    results: ResultService
    ratings: RatingService
    tournaments: TournamentService
    imports: ImportService
    films: FilmService
    administration: AdministrationService
    backups: BackupService
    second_factor: SecondFactorService
    record: RecordService
    notes: NoteService
    personal_data: PersonalDataService
    tokens: TokenService
    extensions: Extensions
    sheets: SheetService
    trades: TradeService
    parties: PartyService
    encounters: EncounterService
    shards: ShardService
    quests: QuestService
    voice: VoiceService
    world_chat: WorldChat
    logs: LogService
    faults: FaultService
    loop_lag: LoopLag
    why: WhyService
    lab: LabService
    readings: ReadingService
    lookout: LookoutService
    rooms: RoomService
    announcements: AnnouncementService
    settings: SettingService
    system: SystemService
    atlas: AtlasService
    notices: NoticeService
    bridges: BridgeService
