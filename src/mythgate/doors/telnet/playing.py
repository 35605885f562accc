"""In the world: lines become commands, events become text.

Commands are carried out one after another in the order they were typed. One that completes without waiting for
anything needs no task; one that runs is never cancelled by the loss of the line.
"""

from __future__ import annotations

import contextvars
import logging
from collections import deque
from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Final

from mythgate.domain.errors import MythError, Refused, TooMany
from mythgate.domain.events import (
    CombatStart,
    CombatState,
    CommandResponse,
    Disconnect,
    ErrorEvent,
    Event,
    GameState,
    PlayerState,
    PlayerUpdate,
    Priority,
    Reset,
    event_of,
)
from mythgate.domain.presence import Availability
from mythgate.domain.sessions import Caller
from mythgate.doors.http.allowance import Excess
from mythgate.doors.http.play import error_payload
from mythgate.doors.stepping import resume
from mythgate.doors.telnet.commands import LOCAL
from mythgate.doors.telnet.messages import Messages
from mythgate.doors.telnet.screen import Passage, say
from mythgate.doors.telnet.words import Reader
from mythgate.realtime.outbox import Batch, Outbox, Sink
from mythgate.realtime.stream import Stream
from mythgate.services import causes
from mythgate.services.security import SecurityEvent, marked
from mythgate.wire.telnet.ansi import Style

if TYPE_CHECKING:
    from mythgate.doors.telnet.door import TelnetDoor
    from mythgate.doors.telnet.line import TelnetLine

logger = logging.getLogger(__name__)

QUIT: Final = 4500
FLOOD: Final = 4505
MAX_QUEUED: Final = 64  # lines that wait for the one before them
REMEMBERED_WRITES: Final = 64
ERROR_SECONDS: Final = 1.0  # at most one complaint about haste in this time
MEANWHILE: Final = say("You are back. This happened meanwhile:", Style.SYSTEM)
_VITAL: Final = frozenset({GameState, PlayerUpdate, PlayerState, CommandResponse, CombatStart, CombatState})
_SPECIAL: Final = _VITAL | {Disconnect}
_LOW: Final = 0.25  # of health, from which on the prompt warns

Running = Coroutine[Any, Any, CommandResponse]


class Playing(Sink):
    """One connection through which a character is played."""

    exclusive = True

    def __init__(self, door: TelnetDoor, line: TelnetLine, caller: Caller, character_id: str) -> None:
        self.door = door
        self.line = line
        self.caller = caller
        self.reader = Reader(character_id)
        self.messages = Messages(character_id, line.supports, door.number_of)
        self.wants_prompt = True
        self.stream: Stream | None = None
        self.outbox: Outbox | None = None
        self.active = False  # said something since the last sweep
        self.heard_at = door.clock.monotonic()
        self.set_away = False  # by us, because nothing was typed for long
        self.returns = False  # to a stream that was here before
        self._context = contextvars.copy_context()
        self._busy = False
        self._queue: deque[str] = deque()
        self._allowance = door.play.allowance(caller.account_id)
        self._allowance.holders += 1
        self._holds = True
        self._writes: deque[tuple[int, int]] = deque()  # first number of each, and where it ends in all bytes written

    # --- realtime.outbox.Sink ----------------------------------------------------------------------

    def attached(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.stream = outbox.stream
        self.line.source.account, self.line.source.character = outbox.stream.account_id, outbox.stream.character_id

    def write(self, first: int, batch: Batch) -> None:
        line, events = self.line, batch.events
        wanted = line.has_gmcp
        if not wanted and len(events) == 1 and type(events[0].payload) not in _SPECIAL and not self.returns:
            text = self._text(events[0])
            if text:
                line.write(text)
            self._note_write(first)
            return
        texts: list[bytes] = []
        asides: list[bytes] = []
        is_answer = False
        for event in events:
            kind = type(event.payload)
            if wanted or kind in _VITAL:
                asides.append(self.messages.hear(event, wanted=wanted))
                is_answer = is_answer or kind is CommandResponse
            text = self._text(event)
            if text:
                texts.append(text)
        if type(events[-1].payload) is Disconnect:
            line.prompt = b""
        elif asides:
            self._renew_prompt()
        aside = b"".join(asides)
        if texts:
            if self.returns and type(events[0].payload) is not Reset:
                texts.insert(0, line.mode.rendered([MEANWHILE]))
            line.write(b"".join(texts), aside)
        else:
            line.write_aside(aside)
            if is_answer:
                line.stand_by()
        self.returns = False
        self._note_write(first)

    def _note_write(self, first: int) -> None:
        line, writes = self.line, self._writes
        writes.append((first, line.written))
        if len(writes) > REMEMBERED_WRITES:
            taken = line.written - line.unsent
            while len(writes) > 1 and writes[0][1] <= taken:
                writes.popleft()

    def _text(self, event: Event) -> bytes:
        """The lines of an event; made once for all who read the same."""
        reader, mode = self.reader, self.line.mode
        if not reader.reads_as_others(event.payload):
            passages = reader.passages(event)
            return mode.rendered(passages) if passages else b""
        made = event.rendered.get(mode)
        if made is None:
            made = event.rendered[mode] = mode.rendered(reader.passages(event))
        return made

    def close(self, code: int, reason: str, *, abandon: bool = False) -> None:
        del code  # the last line has said it in words
        self.line.close(reason, abandon=abandon)

    def lost(self, number: int, newest_first: Iterable[Event]) -> int:
        del newest_first
        taken = self.line.written - self.line.unsent
        return next((number - first + 1 for first, end in self._writes if end > taken), 0)

    # --- line.Listener -----------------------------------------------------------------------------

    def on_line(self, text: str | None) -> None:
        stream = self.stream
        if stream is None or stream.ended:
            return
        now = self.door.clock.monotonic()
        self.heard_at = now
        if not self._allowance.spend(now):
            self._drop(now)
            return
        self.active = True
        if text is None:
            self.line.show(say("That line was too long; nothing was done.", Style.ERROR))
        elif not text.strip():
            self.line.stand_by()
        elif self._busy:
            self._queue.append(text)
            if len(self._queue) >= MAX_QUEUED:
                self.line.transport.pause_reading()
        else:
            self._carry_out(text)

    def on_message(self, package: str, data: Any) -> None:
        del data
        if package.casefold() == "core.ping":
            self.line.write_aside(self.door.pong)

    def on_full(self) -> None:
        if self.outbox is not None:
            self.door.hub.pause(self.outbox)

    def on_drained(self) -> None:
        if self.outbox is not None:
            self.door.hub.resume(self.outbox)

    def on_lost(self) -> None:
        self.door.left_world(self)
        self.release()
        if self.stream is not None:
            self.door.hub.detach(self.stream, self)

    def release(self) -> None:
        """Nothing more is typed here."""
        if self._holds:
            self._holds = False
            self._allowance.holders -= 1

    def _drop(self, now: float) -> None:
        """Too fast: say so, then listen to nothing for a while, then close."""
        door, allowance, stream = self.door, self._allowance, self.stream
        assert stream is not None
        door.stats.rate_limited += 1
        excess = allowance.exceed(now)
        if excess is Excess.FLOODING:
            where = {"correlation": self.line.source.id, "address": self.line.address}
            logger.warning("Connection closed for flooding", extra=where | marked(SecurityEvent.FLOOD))
            message = "You kept sending far too much."
            door.hub.end(stream, Disconnect("flood", message, may_reconnect=False, code=FLOOD))
        elif excess is Excess.MUTED or (excess is Excess.DROPPED and now >= allowance.next_error):
            allowance.next_error = now + ERROR_SECONDS
            self._tell(error_payload(TooMany("You are sending too fast; this was not carried out.")))

    def _tell(self, payload: ErrorEvent) -> None:
        assert self.stream is not None
        self.door.hub.send_to(self.stream, event_of(payload, self.door.clock.now()))

    # --- carrying out ------------------------------------------------------------------------------

    def _carry_out(self, text: str) -> None:
        """Go as far as possible without waiting; make a task only for the rest."""
        context = self._context
        context.run(causes.begin, self.line.source)
        work = self._obey(text)
        try:
            awaited = context.run(work.send, None)
        except StopIteration:
            return
        self._busy = True
        self.door.spawn(self._go_on(work, awaited), context)

    async def _go_on(self, work: Coroutine[Any, Any, None], awaited: object) -> None:
        """Bring a suspended command, and those that came after it, to their end."""
        await resume(work, awaited)
        while self._queue:
            text = self._queue.popleft()
            if len(self._queue) == MAX_QUEUED // 2 and not self.line.closing:
                self.line.transport.resume_reading()
            causes.begin(self.line.source)
            await self._obey(text)
        self._busy = False

    async def _obey(self, text: str) -> None:
        """Carry out a line and show the answer. Never raises."""
        try:
            await self._come_back()
            word, _, rest = text.strip().removeprefix("/").partition(" ")
            local = LOCAL.get(word.casefold())
            if local is not None and await local(self, rest.strip()):
                return
            await self.command(text)
        except Refused as refused:
            self.refuse(refused)
        except Exception as error:
            self._fail(error)

    async def command(self, text: str) -> None:
        """Carry out a command of the world."""
        assert self.stream is not None
        door, character_id = self.door, self.stream.character_id
        response = await door.services.commands.execute(character_id, text)
        # Who spoke hears it from the room; that it was carried out may leave together with that.
        priority = Priority.NORMAL if response.says_nothing else None
        door.hub.send(character_id, event_of(response, door.clock.now(), priority=priority))
        if response.data is not None and response.data.get("quit"):
            door.spawn(self._quit())

    async def _come_back(self) -> None:
        """Who types is not away, if nobody but us said so."""
        if self.set_away and self.stream is not None:
            self.set_away = False
            await self.door.services.presence.set_availability(self.stream.character_id, Availability.ONLINE)
            self.line.show(say("You are back.", Style.COMING))

    async def go_away(self) -> None:
        """Nothing was typed for long: others read that the player is away. Never raises."""
        presence = self.door.presences.get(self.stream.character_id) if self.stream is not None else None
        if presence is None or presence.availability is not Availability.ONLINE:
            return
        try:
            await self.door.services.presence.set_availability(presence.character_id, Availability.AWAY)
            self.set_away = True
            self.line.show(say("You have typed nothing for a while; others read that you are away.", Style.COMING))
        except MythError:
            logger.debug("Somebody could not be set away")

    async def _quit(self) -> None:
        """Leave the world and sign out. Never raises."""
        assert self.stream is not None
        door, character_id = self.door, self.stream.character_id
        try:
            await door.services.presence.depart(character_id)
        except Exception:
            logger.exception("Leaving the world failed")
        farewell = Disconnect("quit", "You leave the world. Come back soon.", may_reconnect=False, code=QUIT)
        door.hub.close(character_id, farewell)
        await door.sign_out(self.caller)

    # --- telling -----------------------------------------------------------------------------------

    def show(self, *passages: Passage) -> None:
        """Tell this peer alone, now."""
        self.line.show(*passages)

    def refuse(self, refused: Refused) -> None:
        """Say why something was not done."""
        self.show(say(refused.message, Style.ERROR), *([say(refused.hint, Style.COMING)] if refused.hint else []))

    def _fail(self, error: Exception) -> None:
        """A bug, told to the log in full and to the player in short."""
        request_id = causes.Cause(self.line.source, self.line.source.count).correlation
        logger.error("A command failed", exc_info=error, extra={"correlation": request_id})
        self.show(
            say("Something went wrong on our side.", Style.ERROR),
            say(f"If it happens again, tell an administrator this: {request_id}", Style.COMING),
        )

    async def look_around(self) -> None:
        """For who is back: where they are, and how."""
        assert self.stream is not None
        door, character_id = self.door, self.stream.character_id
        self.messages.repeat()
        if self.line.has_gmcp:
            self.line.write_aside(self.messages.begin())
        status = await door.services.commands.execute(character_id, "status")
        self.line.write_aside(self.messages.hear(event_of(status, door.clock.now()), wanted=self.line.has_gmcp))
        self._renew_prompt()
        door.hub.send(
            character_id, event_of(await door.services.commands.execute(character_id, "look"), door.clock.now())
        )

    def choose_prompt(self, wanted: bool) -> None:
        """Whether vitals stand before what is typed."""
        self.wants_prompt = wanted
        self._renew_prompt()

    def _renew_prompt(self) -> None:
        line, vitals = self.line, self.messages.vitals
        if line.spoken or not self.wants_prompt or not vitals:
            line.prompt = b"" if line.spoken or not self.wants_prompt else b"> "
            return
        text = (
            f"{vitals['hp']}/{vitals['maxhp']}hp {vitals['sp']}/{vitals['maxsp']}sp {vitals['mp']}/{vitals['maxmp']}mp>"
        )
        style = Style.WARNING if vitals["hp"] < _LOW * vitals["maxhp"] else Style.PROMPT
        line.prompt = line.mode.rendered([Passage(text, style, drawn=True)]).rstrip(b"\r\n") + b" "
