"""The command of voice chat. It arranges who is in the channel; talking is up to clients that can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mythgate.domain.events import CommandResponse
from mythgate.domain.voice import Speaker
from mythgate.services.commands.registry import Call, Command, Group, RateClass
from mythgate.services.sight import enumerate_words


async def voice(call: Call) -> CommandResponse:
    action = _ACTIONS.get(call.get("action").casefold())
    if action is None:
        raise call.misused(f"One says: {', '.join(f'`voice {word}`' for word in _ACTIONS if word)}.")
    return action(call)


def _join(call: Call) -> CommandResponse:
    speaker = call.play.voice.join(call.actor.character_id)
    others = [one.name for one in call.play.voice.speakers(speaker.party) if one is not speaker]
    company = f"with {enumerate_words(others)}" if others else "and alone there"
    lines = [f"You are in the voice channel of your party, {company}."]
    if speaker.is_silenced:
        lines.append("You are muted: you hear the others, and nobody hears you.")
    return _done(call, " ".join(lines), speaker)


def _leave(call: Call) -> CommandResponse:
    call.play.voice.leave(call.actor.character_id)
    return call.done("You leave the voice channel.", data={"voice": None})


def _mute(call: Call) -> CommandResponse:
    return _done(call, "Nobody hears you now.", call.play.voice.mute(call.actor.character_id, True))


def _unmute(call: Call) -> CommandResponse:
    speaker = call.play.voice.mute(call.actor.character_id, False)
    words = "The staff has muted you: nobody hears you." if speaker.is_silenced else "The others hear you again."
    return _done(call, words, speaker)


def _done(call: Call, result: str, speaker: Speaker) -> CommandResponse:
    state = {"visit": speaker.visit, "is_muted": speaker.is_muted, "is_silenced": speaker.is_silenced}
    return call.done(result, data={"voice": state})


_ACTIONS: Final[Mapping[str, Callable[[Call], CommandResponse]]] = MappingProxyType(
    {"": _join, "on": _join, "off": _leave, "mute": _mute, "unmute": _unmute}
)

COMMANDS: Final = (
    Command(
        name="voice",
        group=Group.TALKING,
        usage="voice [<action>]",
        summary="Talk with your party by voice.",
        help=(
            "voice joins the voice channel of your party, voice off leaves it. voice mute has nobody hear you, voice "
            "unmute has them hear you again. The browser asks for the microphone; other clients may only show who is "
            "there. What is said goes straight from one player to the other, not through the server."
        ),
        examples=("voice", "voice mute", "voice off"),
        rate=RateClass.PRIVATE,
        run=voice,
    ),
)
