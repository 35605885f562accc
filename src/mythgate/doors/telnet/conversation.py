"""Before the world: screen reader or not, the first screen, signing in, and whom to play.

One coroutine asks and waits for lines, each within a deadline. Whoever hangs up ends it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict, TypeVar

from mythgate.domain.errors import InvalidInput, NameNotAllowed, NameTaken, PermissionDenied, Refused
from mythgate.domain.ids import CharacterId, PlayId
from mythgate.domain.sessions import Caller
from mythgate.domain.sheets import CharacterClass, Faction, Race
from mythgate.doors.telnet.commands import client_name
from mythgate.doors.telnet.playing import Playing
from mythgate.doors.telnet.screen import Passage, say
from mythgate.realtime.stream import Stream
from mythgate.services import causes
from mythgate.services.characters import Beginning, CharacterView
from mythgate.services.lobbies import player_view
from mythgate.services.sessions import SignedIn
from mythgate.wire.telnet.ansi import Style
from mythgate.wire.telnet.mssp import REQUEST_LINE, status_lines

if TYPE_CHECKING:
    from mythgate.doors.telnet.door import TelnetDoor
    from mythgate.doors.telnet.line import TelnetLine

logger = logging.getLogger(__name__)

DOOR: Final = "telnet"
PLAYS: Final = "telnet_"  # what play sessions of this door begin with
MOST_TYPED_AHEAD: Final = 16
ATTEMPTS: Final = 3
MOST_NAMES: Final = 20  # of who is on, on the first screen
_YES: Final = frozenset({"y", "yes", "j", "ja", "on", "1"})
_NO: Final = frozenset({"n", "no", "nein", "off", "0", ""})
_RULE: Final = "A password has at least {least} characters. A sentence is easiest to remember."
_SCREEN_READER: Final = "Do you use a screen reader? Type yes, or press Enter for no: "
_CLEAR_LINE: Final = (
    "This line is not encrypted, and this server takes no passwords over it. Connect with TLS, or come in as a guest."
)

Choice = TypeVar("Choice", Race, CharacterClass, Faction)


class Ended(Exception):
    """The conversation is over: the line is gone, or the person is."""


class Origin(TypedDict):
    """Where somebody signs in from."""

    door: str
    address: str
    client: str


class Conversation:
    """What is said before the world, over one line."""

    def __init__(self, door: TelnetDoor, line: TelnetLine) -> None:
        self.door = door
        self.line = line
        self._typed: deque[str] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._caller: Caller | None = None
        self._patience = door.options.answer_within

    # --- line.Listener -----------------------------------------------------------------------------

    def on_line(self, text: str | None) -> None:
        if len(self._typed) >= MOST_TYPED_AHEAD:
            self.door.stats.rate_limited += 1
            return
        self._typed.append(text if text is not None else "")
        self._wake()

    def on_message(self, package: str, data: Any) -> None:
        del data
        if package.casefold() == "core.ping":
            self.line.write_aside(self.door.pong)

    def on_full(self) -> None:
        self.line.close("slow", abandon=True)

    def on_drained(self) -> None:
        """It was closed."""

    def on_lost(self) -> None:
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # --- asking ------------------------------------------------------------------------------------

    async def ask(self, question: str, *, secret: bool = False, style: Style = Style.PROMPT) -> str:
        """Put a question, and wait for the line that answers it. Raises Ended, TimeoutError."""
        line = self.line
        line.prompt = line.mode.rendered([Passage(question, style, drawn=True)]).rstrip(b"\r\n")
        if question.endswith(" "):
            line.prompt = line.prompt.rstrip(b" ") + b" "
        if secret:
            line.hide_typing(True)
        line.write(b"")
        try:
            async with asyncio.timeout(self._patience):
                while not self._typed:
                    if line.closing:
                        raise Ended
                    self._waiting = asyncio.get_running_loop().create_future()
                    await self._waiting
        finally:
            line.prompt = b""
            if secret:
                line.hide_typing(False)
        if secret:
            line.write(b"")
        return self._typed.popleft()

    def show(self, *passages: Passage) -> None:
        self.line.show(*passages)

    def refuse(self, refused: Refused) -> None:
        self.door.stats.refused[refused.code] += 1
        self.show(say(refused.message, Style.ERROR), *([say(refused.hint, Style.COMING)] if refused.hint else []))

    # --- the whole of it ---------------------------------------------------------------------------

    async def run(self) -> None:
        """From the first byte to the world. Never raises."""
        causes.attribute_to(self.line.source)
        try:
            try:
                await self._run()
            except TimeoutError:
                self.show(say("Nothing came for a while. Goodbye.", Style.SYSTEM))
                self.line.close("late")
            except Refused as refused:
                self.refuse(refused)
                self.line.close("refused")
            except Ended:
                self.line.close("left")
            if self.line.listener is self and self._caller is not None:
                await self.door.sign_out(self._caller)
        except Exception:
            logger.exception("A telnet conversation failed")
            self.line.close("internal")

    async def _run(self) -> None:
        options = self.door.options
        async with asyncio.timeout(options.sign_in_within):
            await self.line.settled()
            ahead = await self._ask_about_screen_reader()
            self._welcome()
            self._caller = caller = await self._sign_in(ahead)
        self.door.proven(self.line)
        self._patience = options.choose_within
        async with asyncio.timeout(options.choose_within):
            character_id = await self._choose(caller)
        await self._enter(caller, character_id)

    async def _ask_about_screen_reader(self) -> str:
        """Before anything that a screen reader would read badly. Whoever types their name at once is believed to see;
        returns what they typed then."""
        if self.line.spoken:
            return ""
        answer = (await self.ask(_SCREEN_READER, style=Style.PLAIN)).strip()
        if answer.casefold() in _YES:
            self.line.choose_spoken(True)
            self.show(say("You read plain sentences from now on. `set screenreader off` in the world ends that."))
            return ""
        return "" if answer.casefold() in _NO else answer

    def _welcome(self) -> None:
        door = self.door
        world = door.services.world.world
        on = sorted((one.name for one in door.presences.all()), key=str.casefold)
        shown: list[Passage] = [] if self.line.spoken else [say("")]
        shown.append(
            say(
                door.options.name if door.options.name == world.name else f"{door.options.name}: {world.name}",
                Style.PLACE,
            )
        )
        motd = door.greeting()
        if motd:
            shown.append(say(motd))
        if on:
            more = f" and {len(on) - MOST_NAMES} more" if len(on) > MOST_NAMES else ""
            shown.append(say(f"In the world now: {', '.join(on[:MOST_NAMES])}{more}."))
        else:
            shown.append(say("Nobody is in the world now."))
        players = sum(one.players for one in door.services.lobbies.views())
        if players:
            shown.append(say("One player is in a lobby." if players == 1 else f"{players} players are in lobbies."))
        ways = ["Type your name to sign in"]
        policy = door.services.accounts.policy
        if policy.registration_open:
            ways.append("`register` for a new account")
        if policy.guests:
            ways.append("`guest` for a look around")
        shown.append(say(f"{', '.join(ways)}, or `quit`.", Style.COMING))
        self.show(*shown)

    # --- signing in --------------------------------------------------------------------------------

    async def _sign_in(self, ahead: str) -> Caller:
        failures = 0
        while failures < ATTEMPTS:
            words, ahead = ahead or (await self.ask("Name: ")).strip(), ""
            kind = words.casefold()
            if not words:
                continue
            if words == REQUEST_LINE:
                self.door.stats.status_questions += 1
                self.show(Passage(status_lines(self.door.status()), drawn=True))
                raise Ended
            if kind in ("quit", "exit", "bye"):
                self.show(say("Goodbye.", Style.SYSTEM))
                raise Ended
            if kind == "who":
                self._welcome()
                continue
            name, _, given = words.partition(" ")
            try:
                if name.casefold() == "guest":
                    return await self._guest(given.strip())
                if kind in ("register", "new", "create"):
                    return await self._register()
                if name.casefold() in ("connect", "login") and given:
                    words = given.strip()
                return await self._login(words)
            except Refused as refused:
                failures += 1
                self.refuse(refused)
        self.show(say("That is enough for now. Goodbye.", Style.SYSTEM))
        raise Ended

    async def _login(self, name: str) -> Caller:
        if not self._takes_passwords():
            raise PermissionDenied(_CLEAR_LINE)
        password = await self.ask("Password: ", secret=True)
        return await self._signed_in("login", await self.door.services.accounts.login(name, password, **self._origin()))

    async def _register(self) -> Caller:
        if not self._takes_passwords():
            raise PermissionDenied(_CLEAR_LINE)
        accounts = self.door.services.accounts
        self.show(say("A name has 3 to 20 letters, digits, - or _, and begins with a letter."))
        name = (await self.ask("New name: ")).strip()
        self.show(say(_RULE.format(least=accounts.policy.password_min_length)))
        password = await self.ask("New password: ", secret=True)
        if await self.ask("The same again: ", secret=True) != password:
            raise InvalidInput("These are two different passwords.", field="password", hint="`register` begins again.")
        return await self._signed_in("register", await accounts.register(name, password, **self._origin()))

    async def _guest(self, name: str) -> Caller:
        accounts = self.door.services.accounts
        caller = await self._signed_in("guest", await accounts.guest(name or None, **self._origin()))
        self.show(
            say(
                f"You are {caller.name}. As a guest you cannot come back to this character; `register` at the "
                "beginning makes an account.",
                Style.COMING,
            )
        )
        return caller

    def _takes_passwords(self) -> bool:
        return self.line.encrypted or self.door.options.clear_passwords or self.door.is_local(self.line)

    def _origin(self) -> Origin:
        return {"door": DOOR, "address": self.line.address, "client": client_name(self.line)}

    async def _signed_in(self, how: str, signed_in: SignedIn) -> Caller:
        self.door.stats.sign_ins[how] += 1
        causes.learned(account=signed_in.caller.account_id)
        return await self.door.services.sessions.authenticate(signed_in.access_token)

    # --- whom to play ------------------------------------------------------------------------------

    async def _choose(self, caller: Caller) -> CharacterId:
        services = self.door.services
        if caller.is_guest:
            return (await services.presence.choose(caller, None)).id
        while True:
            roster = await services.characters.list(caller)
            mine = roster.characters
            if not mine:
                self.show(say("You have no character yet. Let us make one."))
                made = await self._create(caller, default=caller.name)
            elif len(mine) == 1:
                return CharacterId(mine[0].id)
            else:
                chosen = await self._pick(mine, may_make=len(mine) < roster.limit)
                made = await self._create(caller) if chosen is None else chosen
            if made is not None:
                return made

    async def _pick(self, mine: Sequence[CharacterView], *, may_make: bool) -> CharacterId | None:
        """One of several; None for a new one."""
        selected = next((one for one in mine if one.selected), mine[0])
        self.show(say("Your characters:"), *(say(f"  {n}: {_described(one)}") for n, one in enumerate(mine, 1)))
        new = ", `new` for another" if may_make else ""
        while True:
            answer = (await self.ask(f"Number or name{new}, Enter for {selected.name}: ")).strip()
            if may_make and answer.casefold() == "new":
                return None
            found = chosen_of(answer, [one.name for one in mine]) if answer else mine.index(selected)
            if found is not None:
                return CharacterId(mine[found].id)
            self.show(say("That is none of them.", Style.ERROR))

    async def _create(self, caller: Caller, default: str = "") -> CharacterId | None:
        """A new character; None if there is to be none."""
        ending = f", Enter for {default}" if default else ", Enter for none"
        while True:
            name = (await self.ask(f"Its name{ending}: ")).strip() or default
            if not name:
                return None
            race = await self._one_of("race", Race, Race.HUMAN)
            calling = await self._one_of("class", CharacterClass, CharacterClass.RANGER)
            faction = await self._one_of("faction", Faction, None)
            beginning = Beginning(race or Race.HUMAN, calling or CharacterClass.RANGER, faction)
            try:
                made = await self.door.services.characters.create(caller, name, beginning=beginning)
            except Refused as refused:
                self.refuse(refused)
                if not isinstance(refused, NameNotAllowed | NameTaken):
                    return None
                default = ""
                ending = ", Enter for none"
                continue
            self.show(say(f"{made.name} has been made.", Style.SYSTEM))
            return CharacterId(made.id)

    async def _one_of(self, what: str, kinds: Iterable[Choice], default: Choice | None) -> Choice | None:
        choices = list(kinds)
        listed = ", ".join(f"{n} {one.value}" for n, one in enumerate(choices, 1))
        self.show(say(f"Choose a {what}: {listed}."))
        while True:
            answer = (
                await self.ask(f"{what.capitalize()}, Enter for {default.value if default else 'none'}: ")
            ).strip()
            if not answer:
                return default
            found = chosen_of(answer, [one.value for one in choices])
            if found is not None:
                return choices[found]
            self.show(say("That is none of them.", Style.ERROR))

    # --- the world ---------------------------------------------------------------------------------

    async def _enter(self, caller: Caller, character_id: CharacterId) -> None:
        door, line = self.door, self.line
        if line.closing:
            raise Ended
        playing = Playing(door, line, caller, character_id)
        known = self._own_stream(character_id)
        play_id = known.play_id if known is not None else PlayId(PLAYS + secrets.token_urlsafe(18))
        former = known.session_id if known is not None else None
        playing.returns = known is not None
        playing.reader.greeting = door.greeting()
        if known is not None:
            self._remind(playing)
        line.listener = playing
        if line.has_gmcp:
            line.write_aside(playing.messages.begin())
        try:
            stream = await door.play.join(caller, character_id, play_id, None, playing, client_name(line), door=DOOR)
        except BaseException:
            line.listener = self
            playing.release()
            raise
        if line.lost:
            door.hub.detach(stream, playing)
            return
        door.entered_world(playing)
        if known is stream and not stream.ended:
            await playing.look_around()
            if former is not None and former != caller.session_id:
                await door.end_session(caller, former)
        for text in self._typed:
            playing.on_line(text)

    def _remind(self, playing: Playing) -> None:
        """Tell `playing` what its player knew before the line broke."""
        lobbies = self.door.services.lobbies
        here = lobbies.occupant(CharacterId(playing.reader.own_id))
        if here is not None:
            people = map(player_view, lobbies.occupants(here.room_id, hidden=True))
            playing.reader.is_in(lobbies.lobby(here.room_id).name, here.number, people)

    def _own_stream(self, character_id: CharacterId) -> Stream | None:
        """What is left of an earlier connection through this door: it goes on where it was."""
        stream = self.door.hub.stream_of(character_id)
        return stream if stream is not None and stream.play_id.startswith(PLAYS) else None


def chosen_of(answer: str, names: Sequence[str]) -> int | None:
    """Which of `names` is meant by its number from 1, itself, or a beginning that only one has."""
    if answer.isascii() and answer.isdigit():
        number = int(answer[:4])
        return number - 1 if 1 <= number <= len(names) else None
    key = answer.casefold()
    for fits in (
        [n for n, name in enumerate(names) if name.casefold() == key],
        [n for n, name in enumerate(names) if name.casefold().startswith(key)],
    ):
        if len(fits) == 1:
            return fits[0]
    return None


def _described(one: CharacterView) -> str:
    return f"{one.name}, level {one.level} {one.race} {one.character_class}, in {one.room_name}"
