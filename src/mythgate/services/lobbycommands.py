"""Dot commands: what people in a lobby can do by typing `.who`, and in a browser also `/who`.

A table like that of the text world (`services.commands`), with the same grammar. Answers come as lines of the
server to whoever typed the command. Who a command is about is named in it, by name or `#number`; an old client
that sends it as private chat means the receiver.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from mythgate import __version__
from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.chat import tidy
from mythgate.domain.errors import BadUsage, PermissionDenied, Refused, Unreachable
from mythgate.domain.hosting import HostedGame
from mythgate.domain.ids import AccountId, SessionId
from mythgate.domain.lobbies import Colour, Lobby, Occupant
from mythgate.domain.names import name_key
from mythgate.domain.permissions import Permission, may
from mythgate.domain.ratings import CASTE_NAMES
from mythgate.domain.sessions import Caller
from mythgate.domain.styles import enclosed, plain
from mythgate.domain.textcommands import Grammar, read_line
from mythgate.services import hostcommands
from mythgate.services.accounts import role_within
from mythgate.services.commands.registry import Wordbook
from mythgate.services.contestcommands import ladder, tournaments
from mythgate.services.hosting import HostingService
from mythgate.services.lobbies import LobbyService
from mythgate.services.matching import MatchingService
from mythgate.services.moderation import BAN_DAYS, ModerationService, lasting
from mythgate.services.ports import Clock, Store, Transaction
from mythgate.services.rainbow import Rainbow
from mythgate.services.reports import ReportService
from mythgate.services.roomcommands import close, open_

log = logging.getLogger(__name__)

NAME_WORDS: Final = 5
_COLOUR: Final = re.compile("#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})", re.IGNORECASE)


class LobbyGroup(StrEnum):
    """Where help lists a command. The value is the heading."""

    LOOKING = "Who and what is here"
    SELF = "Yourself"
    PEOPLE = "Others"
    STAFF = "Staff"


@dataclass(frozen=True, slots=True)
class Desk:
    """What commands are made of."""

    lobbies: LobbyService
    hosting: HostingService
    matching: MatchingService
    moderation: ModerationService
    reports: ReportService
    rainbow: Rainbow
    store: Store
    clock: Clock


@dataclass(slots=True)
class LobbyCall:
    """One command being carried out."""

    desk: Desk
    registry: LobbyRegistry
    actor: Occupant
    command: LobbyCommand
    arguments: Mapping[str, str]
    target: int | None  # whom an old client sent it to

    def __getitem__(self, name: str) -> str:
        """An argument that may be missing; then ""."""
        return self.arguments.get(name, "")

    @property
    def caller(self) -> Caller:
        """The actor, for use cases that check rights. Raises PermissionDenied for who has no account."""
        visitor = self.actor.visitor
        if visitor.account_id is None:
            raise PermissionDenied("Guests may not do that.")
        session_id = self.desk.lobbies.session_of(visitor) or SessionId("")
        return Caller(visitor.account_id, session_id, visitor.name, visitor.role)

    async def may(self, permission: Permission) -> bool:
        """Whether the actor may do something now, also asked of who has no account."""
        if not may(self.actor.visitor.role, permission):
            return False
        caller = self.caller
        return await self.desk.store.read(lambda tx: role_within(tx, caller).may(permission))

    @property
    def lobby(self) -> Lobby:
        return self.desk.lobbies.lobby(self.actor.room_id)

    def person(self, text: str) -> tuple[Occupant, str]:
        """Somebody in a lobby who is meant, and the words after their name.

        Raises:
            Unreachable: nobody is called so.
            BadUsage: nobody is named, or more than one may be meant.

        """
        lobbies = self.desk.lobbies
        if self.target is not None:
            found = lobbies.by_number(self.target)
            if found is None:
                raise Unreachable("That player is not here.")
            return found, text
        words = text.split()
        if not words:
            raise self.command.grammar.misused()
        if words[0][:1] == "#" and words[0][1:].isascii() and words[0][1:].isdigit():
            found = lobbies.by_number(int(words[0][1:11]))
            if found is None:
                raise Unreachable(f"Nobody has the number {words[0][1:11]}.")
            return found, " ".join(words[1:])
        if words[0][:1] in ('"', "“"):
            name, _, rest = text.strip()[1:].replace("”", '"').partition('"')
            return lobbies.by_name(name, self.actor.room_id), rest.strip()
        for count in range(min(NAME_WORDS, len(words)), 1, -1):
            try:
                return lobbies.by_name(" ".join(words[:count]), self.actor.room_id), " ".join(words[count:])
            except Unreachable:
                continue
        return lobbies.by_name(words[0], self.actor.room_id), " ".join(words[1:])


_NAMED_COMMAND: Final = re.compile(r"(?<=`)(?=[a-z])|(?<=^Usage: )")

Handler = Callable[[LobbyCall], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class LobbyCommand:
    """One dot command. `usage` is also its grammar (see `domain.textcommands`); `run` returns the answer."""

    name: str
    group: LobbyGroup
    usage: str
    summary: str  # one line
    run: Handler
    aliases: tuple[str, ...] = ()
    permission: Permission | None = None  # None: for everybody
    abbreviable: bool = True
    grammar: Grammar = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "grammar", Grammar.of(self.usage))

    @property
    def words(self) -> tuple[str, ...]:
        """All words that call it."""
        return (self.name, *self.aliases)


class LobbyRegistry(Wordbook[LobbyCommand]):
    """All dot commands."""


class LobbyCommands:
    """Carries out the lines that `LobbyService` takes for commands. `refused` counts refusals by their code."""

    def __init__(
        self,
        *,
        lobbies: LobbyService,
        hosting: HostingService,
        matching: MatchingService,
        moderation: ModerationService,
        reports: ReportService,
        store: Store,
        clock: Clock,
        registry: LobbyRegistry | None = None,
    ) -> None:
        self.registry: Final = registry if registry is not None else REGISTRY
        self.refused: Final[Counter[str]] = Counter()
        self._desk = Desk(lobbies, hosting, matching, moderation, reports, Rainbow(lobbies), store, clock)

    async def execute(self, actor: Occupant, line: str, target: int | None = None) -> None:
        """Carry out `line`, which has no dot any more, and tell the actor the answer. Never raises `Refused`."""
        try:
            typed = read_line(line)
            command = self.registry.resolve(typed.word, actor.visitor.role)
            call = LobbyCall(self._desk, self.registry, actor, command, command.grammar.bind(typed.rest), target)
            answer = await command.run(call)
        except Refused as refused:
            self.refused[refused.code] += 1
            log.debug("lobby command refused", extra={"number": actor.number, "code": refused.code})
            answer = f"{refused.message} {_dotted(refused.hint)}".rstrip()
        self._desk.lobbies.line_to(actor.visitor.listener, answer)


def _dotted(hint: str) -> str:
    """A hint of the words that text worlds share with us, with the dot that commands have here."""
    return _NAMED_COMMAND.sub(".", hint)


# --- looking -------------------------------------------------------------------------------------------


async def help_(call: LobbyCall) -> str:
    role, topic = call.actor.visitor.role, call["command"].lstrip("./").casefold()
    if topic:
        command = call.registry.resolve(topic, role)
        others = f" Also: {', '.join(f'.{alias}' for alias in command.aliases)}." if command.aliases else ""
        return f".{command.usage}: {command.summary}{others}"
    lines = []
    for group in LobbyGroup:
        names = [f".{one.name}" for one in call.registry.allowed(role) if one.group is group]
        if names:
            lines.append(f"{group.value}: {' '.join(names)}")
    return "\n".join([*lines, "More: .help and a command."])


async def who(call: LobbyCall) -> str:
    lobbies = call.desk.lobbies
    wanted = name_key(call["name"])
    lines = []
    for lobby in lobbies.lobbies():
        people = [one for one in lobbies.occupants(lobby.room_id) if wanted in name_key(plain(one.name))]
        if people or (lobby.room_id == call.actor.room_id and not wanted):
            lines.append(f"{lobby.name}: {', '.join(map(_described, people)) or 'nobody'}")
    return "\n".join(lines) or f"Nobody called {call['name'][:40]} is in a lobby."


def _described(one: Occupant) -> str:
    notes = [one.visitor.client] if one.visitor.client else []
    if one.in_game:
        notes.append("playing")
    elif one.away:
        notes.append(f"away: {one.afk_text}" if one.afk_text else "away")
    return enclosed(one.name) + (f" ({', '.join(notes)})" if notes else "")


async def games(call: LobbyCall) -> str:
    found = call.desk.hosting.games(call.actor.room_id)
    now = call.desk.clock.monotonic()
    return "\n".join(_listed(game, now) for game in found) or "No games are hosted here."


def _listed(game: HostedGame, now: float) -> str:
    facts = game.facts
    parts = [f"{enclosed(facts.name or 'A game')}, hosted by {enclosed(game.host_name)}"]
    if facts.map_name:
        parts.append(f"on {enclosed(facts.map_name)}")
    parts.append(f"{facts.players} of {facts.max_players}" if facts.max_players > 0 else f"{facts.players} in it")
    if game.started_at is not None:
        parts.append(f"running for {_clock_time(now - game.started_at)}")
    elif not game.is_joinable:
        parts.append("closed")
    if game.proxied:
        parts.append("by way of this server")
    if game.reachable is False:
        parts.append("cannot be reached")
    return ", ".join(parts)


def _clock_time(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


async def about(call: LobbyCall) -> str:
    del call
    return f"Mythgate {__version__}, an open multiplayer game server. .help lists what you can do."


async def time(call: LobbyCall) -> str:
    return f"{call.desk.clock.now():%A, %d %B %Y, %H:%M} UTC."


async def motd(call: LobbyCall) -> str:
    if not call["words"]:
        lobby = call.lobby
        return lobby.motd or f"{lobby.name} greets nobody."
    words = "" if call["words"] == "-" else tidy(call["words"])
    await call.desk.lobbies.greet(call.caller, call.actor.room_id, words)
    return "The greeting is changed." if words else "The greeting is gone."


async def rooms(call: LobbyCall) -> str:
    views = call.desk.lobbies.views()
    return "\n".join(f"{one.name} ({one.family}, {one.kind}): {one.players} of {one.capacity}" for one in views)


# --- yourself ------------------------------------------------------------------------------------------


async def afk(call: LobbyCall) -> str:
    text = call["text"] or "afk"
    call.desk.lobbies.set_away(call.actor.visitor.listener, True, text)
    return "You are away. Say something, or .back, when you are not."


async def back(call: LobbyCall) -> str:
    was_away = call.actor.away
    call.desk.lobbies.set_away(call.actor.visitor.listener, False)
    return "You are back." if was_away else "You were not away."


async def me(call: LobbyCall) -> str:
    await call.desk.lobbies.act(call.actor.visitor.listener, call["action"])
    return ""


async def play(call: LobbyCall) -> str:
    return await call.desk.lobbies.play(call.actor.visitor.listener, call["move"])


async def colour(call: LobbyCall) -> str:
    code = _COLOUR.fullmatch(call["code"])
    if code is None:
        raise call.command.grammar.misused()
    looks = replace(call.actor.looks, primary=Colour(*(int(part, 16) << 8 for part in code.groups())))
    call.desk.lobbies.dress(call.actor.visitor.listener, looks)
    return "You are shown in another colour, until your client tells its own again."


async def match(call: LobbyCall) -> str:
    listener, matching = call.actor.visitor.listener, call.desk.matching
    if call["off"].casefold() in ("off", "stop", "no"):
        return "You look for nobody any more." if matching.stop(listener) else "You were looking for nobody."
    if call["off"]:
        raise call.command.grammar.misused()
    seeker = await matching.seek(listener)
    others = len(matching.seekers(seeker.room_id)) - 1
    company = f"{others} more look for one." if others else "Nobody else looks for one yet."
    return f"You look for an opponent; your rating is {seeker.rating:.0f}. {company} .match off ends it."


async def why(call: LobbyCall) -> str:
    """About oneself; the staff may ask about others: `.why Ada in Arrival`."""
    lobbies = call.desk.lobbies
    named, _, place = call["lobby"].rpartition(" in ") if " in " in call["lobby"] else ("", "", call["lobby"])
    person = call.actor
    if call.target is not None or named:
        if not may(call.actor.visitor.role, Permission.SEE_PEOPLE):
            raise PermissionDenied("Only the staff may ask that about others.")
        person, _ = call.person(named)
    return "\n".join(lobbies.why(person.visitor, _lobby_called(lobbies, place, call.actor.room_id).room_id))


def _lobby_called(lobbies: LobbyService, text: str, here: int) -> Lobby:
    """By number, name or the beginning of a name; nothing stands for `here`."""
    text = text.strip().lstrip("#")
    if not text:
        return lobbies.lobby(here)
    if text.isascii() and text.isdigit():
        return lobbies.lobby(int(text[:6]))
    found = [one for one in lobbies.lobbies() if one.name.casefold().startswith(text.casefold())]
    if len(found) != 1:
        raise BadUsage("Which lobby?", hint=f"There are: {', '.join(one.name for one in lobbies.lobbies())}.")
    return found[0]


# --- others --------------------------------------------------------------------------------------------


async def info(call: LobbyCall) -> str:
    person, _ = call.person(call["person"]) if call["person"] or call.target is not None else (call.actor, "")
    visitor, lobbies = person.visitor, call.desk.lobbies
    kind = "a guest" if visitor.is_guest else f"registered as {visitor.name}"
    rank = f", {visitor.shown_role.value}" if visitor.shown_role is not Role.PLAYER else ""
    there = lobbies.lobby(person.room_id).name
    lines = [
        f"{enclosed(person.name)} (#{person.number}) is {kind}{rank}, in {there} with {visitor.client or visitor.door}."
    ]
    if visitor.caste >= 0:
        lines.append(f"Caste: {CASTE_NAMES[visitor.caste]}.")
    if may(call.actor.visitor.role, Permission.SEE_PEOPLE):
        lines.append(f"Build {visitor.build or 'unknown'}.")
    if await call.may(Permission.SEE_ADDRESSES):
        lines.append(f"Address {visitor.address or 'unknown'}.")
    return "\n".join(lines)


async def ignore(call: LobbyCall) -> str:
    lobbies, listener = call.desk.lobbies, call.actor.visitor.listener
    try:
        person, _ = call.person(call["person"])
    except Unreachable:
        present = lobbies.in_world(call["person"]) if call.target is None else None
        if present is None:
            raise
        await lobbies.ignore_in_world(listener, present)
        return f"You hear nothing of {present.name} any more."
    await lobbies.ignore(listener, person.number)
    return f"You hear nothing of {enclosed(person.name)} any more."


async def unignore(call: LobbyCall) -> str:
    subject = await _subject(call, call["person"])
    await call.desk.lobbies.unignore(call.actor.visitor.listener, subject.number)
    return f"You hear {subject.name} again."


async def ignored(call: LobbyCall) -> str:
    own, lobbies = call.actor.visitor.account_id, call.desk.lobbies
    if own is not None:
        names = [name for _, name in await lobbies.ignored(own)]
    else:
        names = [plain(one.name) for one in map(lobbies.by_number, call.actor.ignored) if one is not None]
    return f"You hear nothing of: {', '.join(names)}." if names else "You hear everybody."


# --- the staff -----------------------------------------------------------------------------------------


async def admin(call: LobbyCall) -> str:
    shown = not call.actor.visitor.badge
    call.desk.lobbies.set_badge(call.actor.visitor.listener, shown)
    return "Others see that you belong to the staff." if shown else "Others do not see that you belong to the staff."


async def rainbow(call: LobbyCall) -> str:
    return "Colours!" if call.desk.rainbow.toggle(call.actor.room_id) else "Everybody has their own colour again."


async def kick(call: LobbyCall) -> str:
    person, reason = call.person(call["person"])
    await call.desk.lobbies.kick(call.caller, person.number, reason)
    return f"{enclosed(person.name)} was removed."


async def lock(call: LobbyCall) -> str:
    lobby = await call.desk.lobbies.lock(call.caller, call.actor.room_id, True)
    return f"Only the staff comes into {lobby.name} until somebody types .unlock."


async def unlock(call: LobbyCall) -> str:
    was_locked = call.lobby.locked
    lobby = await call.desk.lobbies.lock(call.caller, call.actor.room_id, False)
    return "" if was_locked else f"{lobby.name} is not locked."


async def report(call: LobbyCall) -> str:
    person, reason = call.person(call["person"])
    filed = await call.desk.reports.report_in_lobby(call.actor, person, reason)
    return f"The staff will look at it. This is report {filed.report.number}."


async def mute(call: LobbyCall) -> str:
    subject = await _subject(call, call["person"])
    first, _, reason = subject.rest.partition(" ")
    minutes = _number(first)
    if minutes is None:
        reason = subject.rest
    if subject.account_id is None:
        await call.desk.lobbies.mute_guest(call.caller, subject.number, minutes, reason)
    else:
        await call.desk.moderation.mute(call.caller, subject.account_id, minutes, reason, called=subject.name)
    return f"{subject.name} is muted {lasting(minutes)}."


async def unmute(call: LobbyCall) -> str:
    subject = await _subject(call, call["person"])
    if subject.account_id is None:
        await call.desk.lobbies.unmute_guest(call.caller, subject.number)
        lifted = True
    else:
        lifted = await call.desk.moderation.unmute(call.caller, subject.account_id, called=subject.name)
    return f"{subject.name} may speak again." if lifted else f"{subject.name} is not muted."


async def ban(call: LobbyCall) -> str:
    subject = await _subject(call, call["person"])
    first, _, reason = subject.rest.partition(" ")
    days = _number(first)
    if days is None:
        reason = subject.rest
    if subject.account_id is None:
        await call.desk.lobbies.kick(call.caller, subject.number, reason)
        return f"{subject.name} is a guest and was only removed."
    days = BAN_DAYS if days is None else days
    await call.desk.moderation.ban(call.caller, subject.account_id, days, reason, called=subject.name)
    return f"{subject.name} is banned for {days:g} day{'' if days == 1 else 's'}."


async def message(call: LobbyCall) -> str:
    """To the receiver of the private message it came in, or the whole lobby."""
    words = f"{call.actor.visitor.name}: {tidy(call['words'])}"
    if call.target is not None:
        person, _ = call.person("")
        call.desk.lobbies.line_to(person.visitor.listener, words)
        return f"{enclosed(person.name)} was told."
    await call.desk.lobbies.announce(call.caller, call.actor.room_id, words)
    return ""


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whom a measure is meant for, and what was typed after the name. Guests have no account, only a number."""

    name: str
    number: int
    account_id: AccountId | None
    rest: str


async def _subject(call: LobbyCall, text: str) -> _Subject:
    """Who is meant: in a lobby, else by the account's name, on or not, or by the name of a character in the world."""
    try:
        person, rest = call.person(text)
        return _Subject(plain(person.name), person.number, person.visitor.account_id, rest)
    except Unreachable:
        if call.target is not None:
            raise
    words = text.split()
    number = _number(words[0][1:]) if words[0][:1] == "#" else None

    def work(tx: Transaction) -> _Subject | None:
        if number is not None:
            account = tx.accounts.by_number(int(number))
            return None if account is None else _Subject(account.name, account.number, account.id, " ".join(words[1:]))
        for count in range(min(NAME_WORDS, len(words)), 0, -1):
            account = tx.accounts.by_name_key(name_key(" ".join(words[:count])))
            if account is not None and account.status is not AccountStatus.DELETED:
                return _Subject(account.name, account.number, account.id, " ".join(words[count:]))
        for count in range(min(NAME_WORDS, len(words)), 0, -1):
            present = call.desk.lobbies.in_world(" ".join(words[:count]))
            if present is not None:
                account = tx.accounts.require(present.account_id)
                return _Subject(present.name, account.number, account.id, " ".join(words[count:]))
        return None

    found = await call.desk.store.read(work)
    if found is None:
        who_it_is = f"is called {words[0][:40]}" if number is None else f"has the number {number:.0f}"
        raise Unreachable(f"Nobody {who_it_is}.")
    return found


def _number(word: str) -> float | None:
    return float(word[:9]) if word.isascii() and word.isdigit() else None


REGISTRY: Final = LobbyRegistry(
    (
        LobbyCommand("help", LobbyGroup.LOOKING, "help [<command>]", "What you can do here.", help_),
        LobbyCommand("who", LobbyGroup.LOOKING, "who [<name...>]", "Who is in which lobby.", who),
        LobbyCommand("games", LobbyGroup.LOOKING, "games", "Which games are hosted here.", games),
        LobbyCommand("rooms", LobbyGroup.LOOKING, "rooms", "Which lobbies there are.", rooms, ("lobbies",)),
        LobbyCommand("ladder", LobbyGroup.LOOKING, "ladder", "Who stands where by ranked games.", ladder),
        LobbyCommand(
            "tournaments",
            LobbyGroup.LOOKING,
            "tournaments [<choice...>]",
            "Which there are; with `join 3` or `leave 3`, whether you take part.",
            tournaments,
        ),
        LobbyCommand("time", LobbyGroup.LOOKING, "time", "What time the server has.", time),
        LobbyCommand("about", LobbyGroup.LOOKING, "about", "What server this is.", about, ("credits",)),
        LobbyCommand("why", LobbyGroup.LOOKING, "why [<lobby...>]", "Why you may or may not enter a lobby.", why),
        LobbyCommand("afk", LobbyGroup.SELF, "afk [<text...>]", "Say that you are away.", afk, ("away",)),
        LobbyCommand("back", LobbyGroup.SELF, "back", "Say that you are back.", back),
        LobbyCommand("play", LobbyGroup.SELF, "play <move...>", "Make a move in what is played here.", play),
        LobbyCommand("match", LobbyGroup.SELF, "match [<off>]", "Look for an opponent of your strength.", match),
        LobbyCommand(
            "colour",
            LobbyGroup.SELF,
            "colour <code>",
            "Be shown in another colour, `#` and two hexadecimal digits each for red, green and blue.",
            colour,
            ("hexcolor",),
        ),
        LobbyCommand(
            "test", LobbyGroup.SELF, "test", "Try whether others can join the game you host.", hostcommands.test
        ),
        LobbyCommand(
            "proxy",
            LobbyGroup.SELF,
            "proxy [<mode>]",
            "Whether the server stands in for games you host: `on`, `off`, or `unknown`, which is if need be.",
            hostcommands.proxy,
        ),
        LobbyCommand("me", LobbyGroup.SELF, "me <action...>", "Do something that all see.", me, ("action",)),
        LobbyCommand("info", LobbyGroup.PEOPLE, "info [<person...>]", "Who somebody is.", info, ("caste",)),
        LobbyCommand("ignore", LobbyGroup.PEOPLE, "ignore [<person...>]", "Hear nothing of somebody.", ignore),
        LobbyCommand("ignored", LobbyGroup.PEOPLE, "ignored", "Whom you hear nothing of.", ignored, ("mutelist",)),
        LobbyCommand("unignore", LobbyGroup.PEOPLE, "unignore [<person...>]", "Hear somebody again.", unignore),
        LobbyCommand(
            "report",
            LobbyGroup.PEOPLE,
            "report <person...>",
            "Tell the staff that somebody behaves badly, with why after the name.",
            report,
            abbreviable=False,
        ),
        LobbyCommand(
            "kick",
            LobbyGroup.STAFF,
            "kick [<person...>]",
            "Remove somebody, with a reason after the name.",
            kick,
            permission=Permission.KICK,
            abbreviable=False,
        ),
        LobbyCommand(
            "ban",
            LobbyGroup.STAFF,
            "ban [<person...>]",
            "Lock an account out for so many days, 7 unless a number follows the name, and then a reason.",
            ban,
            permission=Permission.BAN,
            abbreviable=False,
        ),
        LobbyCommand(
            "mute",
            LobbyGroup.STAFF,
            "mute [<person...>]",
            "Silence somebody, for so many minutes if a number follows the name, and then a reason.",
            mute,
            permission=Permission.MUTE,
            abbreviable=False,
        ),
        LobbyCommand(
            "unmute",
            LobbyGroup.STAFF,
            "unmute [<person...>]",
            "Let somebody speak again.",
            unmute,
            permission=Permission.MUTE,
            abbreviable=False,
        ),
        LobbyCommand(
            "lock",
            LobbyGroup.STAFF,
            "lock",
            "Let nobody but the staff into this lobby; who is in it stays.",
            lock,
            permission=Permission.RUN_ROOMS,
            abbreviable=False,
        ),
        LobbyCommand(
            "unlock",
            LobbyGroup.STAFF,
            "unlock",
            "Let people into this lobby again.",
            unlock,
            permission=Permission.RUN_ROOMS,
            abbreviable=False,
        ),
        LobbyCommand(
            "open",
            LobbyGroup.STAFF,
            "open <number> <name...>",
            "Open a lobby for clients like those here, until nobody was in it for a while.",
            open_,
            permission=Permission.CHANGE_SETTINGS,
            abbreviable=False,
        ),
        LobbyCommand(
            "close",
            LobbyGroup.STAFF,
            "close <number>",
            "Close a lobby for good; who is in it has to go.",
            close,
            permission=Permission.CHANGE_SETTINGS,
            abbreviable=False,
        ),
        LobbyCommand(
            "admin",
            LobbyGroup.STAFF,
            "admin",
            "Be shown as one of the staff, or not.",
            admin,
            permission=Permission.HEAR_STAFF,
            abbreviable=False,
        ),
        LobbyCommand(
            "rainbow",
            LobbyGroup.STAFF,
            "rainbow",
            "Let the colours of everybody here change, or end that.",
            rainbow,
            permission=Permission.RUN_ROOMS,
            abbreviable=False,
        ),
        LobbyCommand(
            "message",
            LobbyGroup.STAFF,
            "message <words...>",
            "Tell the lobby something in the name of the server.",
            message,
            permission=Permission.ANNOUNCE,
            abbreviable=False,
        ),
        LobbyCommand(
            "motd",
            LobbyGroup.LOOKING,
            "motd [<words...>]",
            "The greeting of this lobby; the staff changes it with words, and removes it with a dash.",
            motd,
        ),
    )
)
