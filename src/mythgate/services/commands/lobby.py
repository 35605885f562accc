"""Talk in the lobby that somebody is in beside the world. The words come back as a `lobby_message`.

What begins with `/` is a command of the lobby (`services.lobbycommands`) and is answered there.
"""

from __future__ import annotations

from typing import Final

from mythgate.domain.events import CommandResponse
from mythgate.services.commands.registry import Call, Command, Group, RateClass


async def lobby(call: Call) -> CommandResponse:
    await call.play.lobbies.say(call.actor.character_id, call["words"])
    return call.done()


async def lobbytell(call: Call) -> CommandResponse:
    lobbies, speaker = call.play.lobbies, call.actor.character_id
    room_id = lobbies.require(speaker).room_id
    person = call["person"]
    digits = person.removeprefix("#")
    is_number = digits.isascii() and digits.isdigit()
    number = int(digits[:11]) if is_number else lobbies.by_name(person, room_id).number
    await lobbies.tell(speaker, number, call["words"])
    return call.done()


# Neither can be shortened: whoever types a few letters means the world.
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
        help="Give the name, or # and the number; they may be in another lobby than you.",
        examples=("lobbytell Ada hello", "lobbytell #12 hello"),
        rate=RateClass.PRIVATE,
        run=lobbytell,
        abbreviable=False,
    ),
)
