"""Carrying out command lines: one at a time for each character, and a repeat has the effect of one.

A client that does not know whether its command arrived sends it again with the same id. Within ten
minutes it gets the same answer, marked as repeated and with the room as it is now. The answers are kept in
memory; commands that change rows also leave a receipt in the same transaction, so that a repeat
after a crash has no second effect either. Refusals are not kept: nothing was done, so the repeat is a new try.
"""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from mythgate.domain.chat import tidy
from mythgate.domain.errors import NotInWorld, Refused, Repeated, TooMany, Unavailable, UnknownCommand
from mythgate.domain.events import CommandResponse
from mythgate.domain.ids import CharacterId, CommandId
from mythgate.domain.presence import Presence
from mythgate.domain.textcommands import MAX_LINE, Line, addressee, expand, read_line
from mythgate.domain.world import SMALL_WORDS, words_of
from mythgate.services.commands.registry import RATES, Call, Command, Play, RateClass, Registry
from mythgate.services.commands.table import REGISTRY
from mythgate.services.measures import Histogram
from mythgate.services.ports import Throttle
from mythgate.services.refusals import note_refusal
from mythgate.services.turns import Turns

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CommandPolicy:
    """Numbers an operator may change."""

    line_characters: int = MAX_LINE
    remember_for: timedelta = timedelta(minutes=10)
    remembered_each: int = 1024  # answers a character; the oldest go first


class CommandService:
    """What doors call with the lines that players send. `refused` counts refusals by their code, `seconds` is how long
    commands took, from being taken up to their answer."""

    def __init__(
        self,
        play: Play,
        *,
        throttle: Throttle,
        registry: Registry = REGISTRY,
        policy: CommandPolicy | None = None,
    ) -> None:
        self.registry: Final = registry
        self.refused: Final[Counter[str]] = Counter()
        self.seconds: Final = Histogram()
        self._play = play
        self._throttle = throttle
        self.policy = policy if policy is not None else CommandPolicy()
        self._turns: Turns[CharacterId] = Turns()
        self._answers = _Answers(self.policy.remember_for.total_seconds(), self.policy.remembered_each)

    async def execute(
        self,
        actor: CharacterId,
        line: str | None,
        *,
        command: str | None = None,
        args: Sequence[str] = (),
        command_id: CommandId | None = None,
    ) -> CommandResponse:
        """Carry out a command, given as a `line` or in pieces, and answer it. Never raises `Refused`.

        Commands of one character are carried out in the order they are given here. Talk does not
        suspend. The caller passes the answer on at once, before anything else is told to the character.
        """
        monotonic = self._play.clock.monotonic
        began = monotonic()
        await self._turns.take(actor)
        try:
            return await self._answer(actor, line, command, args, command_id)
        finally:
            self._turns.give(actor)
            self.seconds.observe(monotonic() - began)

    async def _answer(
        self, actor: CharacterId, line: str | None, name: str | None, args: Sequence[str], command_id: CommandId | None
    ) -> CommandResponse:
        present = self._play.present.get(actor)
        if present is None:
            self.refused[NotInWorld.code] += 1
            return refusal(name or "", NotInWorld())
        clock = self._play.clock
        present.last_seen_at = clock.now()
        if command_id is not None:
            known = self._answers.recall(actor, command_id, clock.monotonic())
            if known is not None:
                return await self._again(present, known)
        command: Command | None = None
        try:
            call = self._understand(present, line, name, args, command_id)
            command = call.command
            if command.rate is not RateClass.PLAIN:
                await self._count(present, command)
            response = await command.run(call)
        except Repeated:
            assert command is not None
            response = await self._done_before(present, command)
        except Refused as refused:
            self.refused[refused.code] += 1
            note_refusal(refused, asked=command.name if command is not None else "", by=actor)
            return refusal(command.name if command is not None else (name or "")[:40], refused)
        if command_id is not None:
            self._answers.remember(actor, command_id, response, clock.monotonic())
        if log.isEnabledFor(logging.DEBUG):
            log.debug("command done", extra={"character": actor, "command": command.name})
        return response

    def _understand(
        self, present: Presence, line: str | None, name: str | None, args: Sequence[str], command_id: CommandId | None
    ) -> Call:
        limit = self.policy.line_characters
        if line is None:
            line = name or ""
            if args:
                line = f"{line} {' '.join(args)}"
        typed = read_line(line, limit=limit)
        persona = self._play.sight.personas.get(present.character_id)
        read = typed
        if persona is not None and persona.aliases:
            read = expand(typed, persona.aliases, limit=limit)
        if self.registry.exact(read.word) is None and (spoken_to := addressee(tidy(line))) is not None:
            is_here = self._is_here(present, spoken_to)
            if not is_here and self.registry.exact(spoken_to.partition(" ")[0].casefold()) is None:
                hint = f"Nobody called {spoken_to[:40]} is here. To speak all the same, begin with `say`."
                raise UnknownCommand(f"“{read.word[:40]}” is not a command here.", hint=hint)
            if is_here:
                read = Line("say", tidy(line).strip())
        command = self.registry.resolve(read.word, present.role)
        # Pieces are arguments only if they are what was typed after the command itself.
        in_pieces = args if read is typed and name is not None and " " not in name.strip() else None
        arguments = command.grammar.bind(read.rest, in_pieces)
        return Call(self._play, self.registry, present, command, arguments, command_id)

    def _is_here(self, present: Presence, name: str) -> bool:
        """Whether `name` is what somebody else in the room is called, in full or by whole words of it."""
        words = set(words_of(name))
        called = [one.name for one in self._play.present.in_room(present.room_id) if one is not present]
        for inhabitant in self._play.world.inhabitants_in(present.room_id):
            called += inhabitant.names
        return not words <= SMALL_WORDS and any(words <= set(words_of(one)) for one in called)

    async def _count(self, present: Presence, command: Command) -> None:
        """Raises TooMany if the character used commands of that rate class too often."""
        rate = RATES[command.rate]
        wait = await self._throttle.hit(f"command:{command.rate.value}:{present.character_id}", rate)
        if wait is not None:
            raise TooMany(
                f"You may {command.name} again in {max(1, round(wait.total_seconds()))} seconds.", retry_after=wait
            )

    # --- repeats ---------------------------------------------------------------------------------------

    async def _again(self, present: Presence, known: _Answer) -> CommandResponse:
        response = replace(known.response, repeated=True)
        await self._freshen(present, response, room=known.room, inventory=known.inventory)
        return response

    async def _done_before(self, present: Presence, command: Command) -> CommandResponse:
        """A receipt says it was carried out; what was answered then is not known any more."""
        response = CommandResponse(command.name, "That was done already.", True, repeated=True)
        await self._freshen(present, response, room=True, inventory=True)
        return response

    async def _freshen(self, present: Presence, response: CommandResponse, *, room: bool, inventory: bool) -> None:
        """How things are now, not how they were."""
        sight = self._play.sight
        try:
            if inventory:
                response.inventory = sight.rows(await sight.carried(present.character_id))
            if room:
                response.room_state = await sight.look(present)
        except Unavailable:  # it was done, whether or not it can be shown
            pass


def refusal(command: str, refused: Refused) -> CommandResponse:
    """The answer to a command that was refused."""
    return CommandResponse(
        command=command,
        result=refused.message,
        success=False,
        code=refused.code,
        hint=refused.hint or None,
        retry_after=None if refused.retry_after is None else round(max(0.0, refused.retry_after.total_seconds()), 3),
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer without what would be stale when it is repeated."""

    response: CommandResponse
    room: bool
    inventory: bool
    until: float  # monotonic


class _Answers:
    """The last answers of each character by command id, for a while."""

    def __init__(self, seconds: float, each: int) -> None:
        self._seconds = seconds
        self._each = each
        self._known: dict[CharacterId, OrderedDict[CommandId, _Answer]] = {}
        self._next_sweep = 0.0

    def __len__(self) -> int:
        return sum(map(len, self._known.values()))

    def recall(self, actor: CharacterId, command_id: CommandId, now: float) -> _Answer | None:
        answers = self._known.get(actor)
        answer = answers.get(command_id) if answers is not None else None
        return answer if answer is not None and now < answer.until else None

    def remember(self, actor: CharacterId, command_id: CommandId, response: CommandResponse, now: float) -> None:
        room, inventory = response.room_state is not None, response.inventory is not None
        if room or inventory:
            response = replace(response, room_state=None, inventory=None)
        if now >= self._next_sweep:
            self._sweep(now)
        answers = self._known.get(actor)
        if answers is None:
            answers = self._known[actor] = OrderedDict()
        answers[command_id] = _Answer(response, room, inventory, now + self._seconds)
        if len(answers) > self._each:
            answers.popitem(last=False)

    def _sweep(self, now: float) -> None:
        """Drop what is too old, of those who are still there and of those who are not."""
        self._next_sweep = now + self._seconds / 10
        for actor, answers in list(self._known.items()):
            while answers and next(iter(answers.values())).until <= now:
                answers.popitem(last=False)
            if not answers:
                del self._known[actor]
