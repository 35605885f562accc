"""What a text command is, and the table of all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, Generic, Protocol, TypeVar

from mythgate.domain.accounts import Role
from mythgate.domain.errors import PermissionDenied, UnknownCommand
from mythgate.domain.events import CommandResponse
from mythgate.domain.ids import CommandId
from mythgate.domain.permissions import Permission, may, roles_with
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import Caller
from mythgate.domain.textcommands import Grammar, abbreviated, gesture, one_of, similar
from mythgate.services.characters import CharacterService
from mythgate.services.chat import ChatService
from mythgate.services.company import Company
from mythgate.services.encounters import EncounterService
from mythgate.services.lobbies import LobbyService
from mythgate.services.moderation import ModerationService
from mythgate.services.movement import MovementService
from mythgate.services.parties import PartyService
from mythgate.services.ports import Clock, CommandKey, PresenceStore, Rate, Store
from mythgate.services.positions import PositionService
from mythgate.services.presence import PresenceService
from mythgate.services.quests import QuestService
from mythgate.services.reports import ReportService
from mythgate.services.shards import ShardService
from mythgate.services.sheets import SheetService
from mythgate.services.sight import Sight
from mythgate.services.things import ThingService
from mythgate.services.trades import TradeService
from mythgate.services.voice import VoiceService
from mythgate.services.world import WorldService


class Group(StrEnum):
    """Where help lists a command. The value is the heading."""

    EXPLORING = "Looking and walking"
    TALKING = "Talking"
    THINGS = "Things"
    PEOPLE = "People"
    FIGHTING = "Fighting"
    SELF = "Yourself"
    WORLD = "Quests and shards"
    GUIDE = "Help"
    STAFF = "Staff"


class RateClass(StrEnum):
    """How dear a command is to others. The connection's own limit holds for all of them."""

    PLAIN = "plain"
    PRIVATE = "private"  # reaches into somebody's day
    BROADCAST = "broadcast"  # reaches many
    SETTING = "setting"  # writes without playing


RATES: Final[Mapping[RateClass, Rate]] = {
    RateClass.PRIVATE: Rate(40, timedelta(minutes=1)),
    RateClass.BROADCAST: Rate(10, timedelta(minutes=1)),
    RateClass.SETTING: Rate(30, timedelta(minutes=1)),
}


@dataclass(frozen=True, slots=True)
class Play:
    """What commands are made of."""

    clock: Clock
    store: Store
    present: PresenceStore
    sight: Sight
    world: WorldService
    presence: PresenceService
    movement: MovementService
    things: ThingService
    sheets: SheetService
    characters: CharacterService
    chat: ChatService
    company: Company
    moderation: ModerationService
    reports: ReportService
    lobbies: LobbyService
    parties: PartyService
    trades: TradeService
    positions: PositionService
    shards: ShardService
    quests: QuestService
    encounters: EncounterService
    voice: VoiceService


@dataclass(slots=True)
class Call:
    """One command being carried out."""

    play: Play
    registry: Registry
    actor: Presence
    command: Command
    arguments: Mapping[str, str]
    command_id: CommandId | None

    def __getitem__(self, name: str) -> str:
        """An argument the grammar requires."""
        return self.arguments[name]

    def get(self, name: str) -> str:
        """An argument that may be missing; then ""."""
        return self.arguments.get(name, "")

    @property
    def once(self) -> CommandKey | None:
        """For the store: a repeat of this command has no second effect."""
        if self.command_id is None:
            return None
        return CommandKey(self.actor.character_id, self.command_id)

    @property
    def caller(self) -> Caller:
        """The actor's player, for use cases that check rights."""
        actor = self.actor
        return Caller(actor.account_id, actor.session_id, actor.name, actor.role)

    def done(self, result: str = "", **fields: Any) -> CommandResponse:
        """The answer to a command that was carried out."""
        return CommandResponse(self.command.name, result, True, **fields)

    def misused(self, message: str | None = None) -> Exception:
        """The refusal that shows the usage."""
        return self.command.grammar.misused(message)


Handler = Callable[[Call], Awaitable[CommandResponse]]


@dataclass(frozen=True, slots=True)
class Command:
    """One text command. `usage` is also its grammar (see `domain.textcommands`)."""

    name: str
    group: Group
    usage: str
    summary: str  # one line
    help: str
    run: Handler
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    permission: Permission | None = None  # None: for everybody
    durable: bool = False  # an `ok` means saved, and a repeat has no second effect even after a crash
    rate: RateClass = RateClass.PLAIN
    abbreviable: bool = True  # False for what one should not do by half a word
    grammar: Grammar = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "grammar", Grammar.of(self.usage))

    @property
    def words(self) -> tuple[str, ...]:
        """All words that call it."""
        return (self.name, *self.aliases)


class Called(Protocol):
    """What a registry has to know of a command."""

    @property
    def name(self) -> str: ...
    @property
    def usage(self) -> str: ...
    @property
    def words(self) -> tuple[str, ...]: ...
    @property
    def permission(self) -> Permission | None: ...
    @property
    def abbreviable(self) -> bool: ...


C = TypeVar("C", bound=Called)

_WHOM: Final[Mapping[Role, str]] = {
    Role.PLAYER: "everybody",
    Role.READ_ONLY: "the staff",
    Role.TOURNAMENT: "those who run tournaments, and moderators",
    Role.MODERATOR: "moderators",
    Role.ADMIN: "admins",
    Role.OWNER: "owners",
}


def least_role(command: Called) -> Role:
    """The lowest role that may use a command."""
    return Role.PLAYER if command.permission is None else roles_with(command.permission)[0]


def _is_for(command: Called, role: Role) -> bool:
    return command.permission is None or may(role, command.permission)


class Wordbook(Generic[C]):
    """Commands by their words. Built once; a word that stands twice is an error."""

    def __init__(self, commands: Iterable[C]) -> None:
        self._commands = tuple(commands)
        self._by_word: dict[str, C] = {}
        for command in self._commands:
            if command.usage.partition(" ")[0] != command.name:
                raise ValueError(f"the usage of {command.name} begins with another word")
            for word in command.words:
                if word in self._by_word:
                    raise ValueError(f"{word} is both {self._by_word[word].name} and {command.name}")
                self._by_word[word] = command

    def exact(self, word: str) -> C | None:
        """The command that `word` calls without being shortened."""
        return self._by_word.get(word)

    def resolve(self, word: str, role: Role) -> C:
        """The command that `word`, perhaps shortened, calls for somebody with `role`.

        Raises:
            UnknownCommand: none, or more than one; the hint says what may have been meant.
            PermissionDenied: it is for others.

        """
        command = self._by_word.get(word)
        if command is not None:
            if not _is_for(command, role):
                raise PermissionDenied(f"{command.name} is for {_WHOM[least_role(command)]}.")
            return command
        mine = self.allowed(role)
        begun = abbreviated(word, (one.name for one in mine if one.abbreviable))
        if len(begun) == 1:
            return self._by_word[begun[0]]
        if begun:
            raise UnknownCommand(f"“{word}” may be short for {one_of(begun)}.", hint="Type one letter more.")
        acted_out = gesture(word)
        if acted_out is not None and any(one.name == "emote" for one in mine):
            raise UnknownCommand(f"“{word}” is not a command here.", hint=f"Act it out: `emote {acted_out}`")
        meant = similar(word, [known for one in mine for known in one.words if len(known) > 1])
        hint = f"Did you mean {one_of([f'`{one}`' for one in meant])}?" if meant else None
        raise UnknownCommand(f"“{word[:40]}” is not a command here.", hint=hint)

    def allowed(self, role: Role) -> list[C]:
        """What somebody with `role` may use, in the order of help."""
        return [command for command in self._commands if _is_for(command, role)]

    def complete(self, begun: str, role: Role) -> list[str]:
        """The words of commands that `begun` may become."""
        word = begun.strip().removeprefix("/").casefold()
        return abbreviated(word, (known for one in self.allowed(role) for known in one.words))


class Registry(Wordbook[Command]):
    """All commands of the text world."""
