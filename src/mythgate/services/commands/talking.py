"""Commands of talk. The words come back to the speaker as a `chat_message`, not in the response."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from mythgate.domain.chat import Channel
from mythgate.domain.events import CommandResponse
from mythgate.services.commands.registry import Call, Command, Group, RateClass

SHOWN: Final = 20


async def say(call: Call) -> CommandResponse:
    await call.play.chat.say(call.actor, call["words"])
    return call.done()


async def emote(call: Call) -> CommandResponse:
    await call.play.chat.emote(call.actor, call["action"])
    return call.done()


async def shout(call: Call) -> CommandResponse:
    await call.play.chat.shout(call.actor, call["words"])
    return call.done()


async def tell_all(call: Call) -> CommandResponse:
    await call.play.chat.broadcast(call.actor, call["words"])
    return call.done()


async def whisper(call: Call) -> CommandResponse:
    return await _confide(call, Channel.WHISPER)


async def tell(call: Call) -> CommandResponse:
    return await _confide(call, Channel.TELL)


async def _confide(call: Call, channel: Channel) -> CommandResponse:
    chat = call.play.chat
    listener, words = chat.find_listener(f"{call['person']} {call['words']}")
    if not words:
        raise call.misused(f"What do you want to {channel.value} {listener.name}?")
    return call.done(await chat.confide(call.actor, listener, words, channel))


async def reply(call: Call) -> CommandResponse:
    return call.done(await call.play.chat.reply(call.actor, call["words"]))


async def history(call: Call) -> CommandResponse:
    channel = call.get("channel").casefold() or "room"
    messages = await call.play.chat.history(call.actor, channel, SHOWN)
    lines = [f"  {one.timestamp:%H:%M} {one.text}" for one in messages]
    text = "\n".join([f"Said lately ({channel}):", *lines]) if lines else "Nothing was said there lately."
    return call.done(text, data={"channel": channel, "messages": [asdict(one) for one in messages]})


COMMANDS: Final = (
    Command(
        name="say",
        group=Group.TALKING,
        usage="say <words...>",
        summary="Speak to everybody in the room.",
        help=(
            "Everybody in the room hears it. Shorter: begin a line with ' or \", or with the name of somebody here and "
            "a comma or colon."
        ),
        examples=("say Good evening!", "'Good evening!"),
        run=say,
    ),
    Command(
        name="emote",
        aliases=("me",),
        group=Group.TALKING,
        usage="emote <action...>",
        summary="Do something that everybody in the room sees.",
        help="Your name comes first. Shorter: begin a line with a colon.",
        examples=("emote waves.", ":smiles.", "me 's hat falls off."),
        run=emote,
    ),
    Command(
        name="whisper",
        group=Group.TALKING,
        usage="whisper <person> <words...>",
        summary="Speak to one person only.",
        help=(
            "Only the one you name hears it, wherever they are. The beginning of a name is enough if it fits only "
            "one; a name of several words may stand in quotation marks."
        ),
        examples=("whisper Ada the key is under the stone", 'whisper "Old Tom" hello'),
        rate=RateClass.PRIVATE,
        run=whisper,
    ),
    Command(
        name="tell",
        group=Group.TALKING,
        usage="tell <person> <words...>",
        summary="Tell one person something, wherever they are.",
        help="As whisper. They can answer with reply.",
        examples=("tell Ada I am at the market",),
        rate=RateClass.PRIVATE,
        run=tell,
    ),
    Command(
        name="reply",
        aliases=("r",),
        group=Group.TALKING,
        usage="reply <words...>",
        summary="Answer whoever told you something last.",
        help="Goes to the last person who whispered to you or told you something.",
        examples=("reply On my way.",),
        rate=RateClass.PRIVATE,
        run=reply,
    ),
    Command(
        name="shout",
        aliases=("sh",),
        group=Group.TALKING,
        usage="shout <words...>",
        summary="Speak to everybody in this part of the world.",
        help="Carries through the zone you are in. In some places one does not shout.",
        examples=("shout Fire!",),
        rate=RateClass.BROADCAST,
        run=shout,
    ),
    Command(
        name="global",
        aliases=("g",),
        group=Group.TALKING,
        usage="global <words...>",
        summary="Speak to everybody in the world.",
        help="Everybody hears it, wherever they are.",
        examples=("global Anybody up for the old mine?",),
        rate=RateClass.BROADCAST,
        run=tell_all,
    ),
    Command(
        name="history",
        group=Group.TALKING,
        usage="history [<channel>]",
        summary="What was said lately.",
        help=(
            "In the room you are in, or on another channel: global, party, faction, whisper or announcement. Times are "
            "those of UTC."
        ),
        examples=("history", "history party"),
        run=history,
        abbreviable=False,
    ),
)
