"""Talk and play in the lobby that somebody is in beside the world. The words come back as a `lobby_message`.

What begins with `/` is a command of the lobby (`services.lobbycommands`) and is answered there.
"""

from __future__ import annotations

import re
from typing import Final

from mythgate.domain.events import CommandResponse
from mythgate.services.commands.registry import Call, Command, Group, RateClass

_QUOTED: Final = re.compile(r'["“](?P<name>[^"”]+)["”]\s*(?P<words>.+)', re.DOTALL)


async def lobby(call: Call) -> CommandResponse:
    await call.play.lobbies.say(call.actor.character_id, call["words"])
    return call.done()


async def lobbytell(call: Call) -> CommandResponse:
    lobbies, speaker = call.play.lobbies, call.actor.character_id
    room_id = lobbies.require(speaker).room_id
    person, words = _addressed(call)
    digits = person.removeprefix("#")
    is_number = digits.isascii() and digits.isdigit()
    number = int(digits[:11]) if is_number else lobbies.by_name(person, room_id).number
    await lobbies.tell(speaker, number, words)
    return call.done()


async def play(call: Call) -> CommandResponse:
    return call.done(await call.play.lobbies.play(call.actor.character_id, call["move"]))


def _addressed(call: Call) -> tuple[str, str]:
    """Whom it is for, and the words. A name of several words was typed in quotes, and cut at its first space."""
    person, words = call["person"], call["words"]
    if person[:1] not in ('"', "“"):
        return person, words
    quoted = _QUOTED.fullmatch(f"{person} {words}")
    if quoted is None:
        raise call.misused()
    return quoted["name"], quoted["words"]


# None of them can be shortened: whoever types a few letters means the world.
COMMANDS: Final = (
    Command(
        name="lobby",
        group=Group.TALKING,
        usage="lobby <words...>",
        summary="Speak to everybody in the lobby you are in.",
        help="Everybody in the lobby hears it, whatever client they use. `lobby /help` lists what one can do there.",
        examples=("lobby Anybody up for a game?", "lobby /who"),
        run=lobby,
        abbreviable=False,
    ),
    Command(
        name="lobbytell",
        group=Group.TALKING,
        usage="lobbytell <person> <words...>",
        summary="Speak to one person in a lobby.",
        help="Give the name, in quotes if it has several words, or # and the number; they may be in another lobby.",
        examples=("lobbytell Ada hello", 'lobbytell "Guest Hopper" hello', "lobbytell #12 hello"),
        rate=RateClass.PRIVATE,
        run=lobbytell,
        abbreviable=False,
    ),
    Command(
        name="play",
        group=Group.TALKING,
        usage="play <move...>",
        summary="Make a move in what is played in the lobby you are in.",
        help="What a move is the game says. In the lobby itself it is `/play` or `.play`.",
        examples=("play 3", "play e2 e4"),
        run=play,
        abbreviable=False,
    ),
)
