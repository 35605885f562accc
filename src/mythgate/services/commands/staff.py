"""Commands of the staff. The services they call check the rights once more, against the rows."""

from __future__ import annotations

from typing import Final

from mythgate.domain.accounts import Role
from mythgate.domain.chat import tidy
from mythgate.domain.errors import Unreachable
from mythgate.domain.events import CommandResponse
from mythgate.domain.ids import AccountId
from mythgate.domain.names import name_key
from mythgate.services.commands.registry import Call, Command, Group


async def mute(call: Call) -> CommandResponse:
    account_id, name, rest = await _subject(call)
    first, _, reason = rest.partition(" ")
    minutes: float | None = None
    if first.isascii() and first.isdigit():
        minutes = float(first[:9])
    else:
        reason = rest
    await call.play.moderation.mute(call.caller, account_id, minutes, tidy(reason))
    lasting = "until lifted" if minutes is None else f"for {minutes:g} minutes"
    return call.done(f"{name} is muted {lasting}.", data={"account_id": account_id, "minutes": minutes})


async def unmute(call: Call) -> CommandResponse:
    account_id, name, _ = await _subject(call)
    lifted = await call.play.moderation.unmute(call.caller, account_id)
    text = f"{name} may speak again." if lifted else f"{name} is not muted."
    return call.done(text, data={"account_id": account_id, "lifted": lifted})


async def _subject(call: Call) -> tuple[AccountId, str, str]:
    """Whose account is meant (also of somebody who is not on), their name, and the rest of the line."""
    text = f"{call['person']} {call.get('reason')}".strip()
    try:
        present, rest = call.play.chat.find_listener(text)
    except Unreachable:
        words = text.split(" ")
        keys = {count: name_key(" ".join(words[:count])) for count in range(min(5, len(words)), 0, -1)}
        found = await call.play.store.read(
            lambda tx: next(
                ((count, body) for count, key in keys.items() if (body := tx.characters.by_name_key(key))), None
            )
        )
        if found is None:
            raise
        count, body = found
        return body.account_id, body.name, " ".join(words[count:])
    return present.account_id, present.name, rest


async def kick(call: Call) -> CommandResponse:
    present, reason = call.play.chat.find_listener(f"{call['person']} {call.get('reason')}")
    await call.play.presence.kick(call.caller, present.character_id, tidy(reason))
    return call.done(f"{present.name} was removed.", data={"account_id": present.account_id})


async def announce(call: Call) -> CommandResponse:
    await call.play.chat.announce(call.caller, call["words"])
    return call.done("Everybody was told.")


COMMANDS: Final = (
    Command(
        name="mute",
        group=Group.STAFF,
        usage="mute <person> [<reason...>]",
        summary="Silence a player, for some minutes or until lifted.",
        help="Nobody hears the account, in whatever body. A number before the reason is how many minutes. Recorded.",
        examples=("mute Ada 10 shouting", "mute Ada"),
        role=Role.MODERATOR,
        durable=True,
        abbreviable=False,
        run=mute,
    ),
    Command(
        name="unmute",
        group=Group.STAFF,
        usage="unmute <person> [<reason...>]",
        summary="Let a player speak again.",
        help="Lifts a mute. Recorded.",
        examples=("unmute Ada",),
        role=Role.MODERATOR,
        durable=True,
        abbreviable=False,
        run=unmute,
    ),
    Command(
        name="kick",
        group=Group.STAFF,
        usage="kick <person> [<reason...>]",
        summary="Remove a player from the world.",
        help="Ends the connection; the player may come back. The reason is shown to them. Recorded.",
        examples=("kick Ada please read the rules",),
        role=Role.MODERATOR,
        abbreviable=False,
        run=kick,
    ),
    Command(
        name="announce",
        group=Group.STAFF,
        usage="announce <words...>",
        summary="Tell everybody something in the name of the server.",
        help="Everybody sees it, whatever they ignore. Recorded.",
        examples=("announce The server restarts in five minutes.",),
        role=Role.MODERATOR,
        abbreviable=False,
        run=announce,
    ),
)
