"""Commands of the staff. The services they call check the rights once more, against the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mythgate.domain.accounts import AccountStatus
from mythgate.domain.chat import tidy
from mythgate.domain.errors import Unreachable
from mythgate.domain.events import CommandResponse
from mythgate.domain.ids import AccountId
from mythgate.domain.names import name_key
from mythgate.domain.permissions import Permission
from mythgate.domain.styles import plain
from mythgate.services.chat import NAME_WORDS
from mythgate.services.commands.registry import Call, Command, Group
from mythgate.services.moderation import BAN_DAYS, lasting
from mythgate.services.ports import Transaction


async def mute(call: Call) -> CommandResponse:
    subject = await subject_of(call, f"{call['person']} {call.get('minutes')} {call.get('reason')}")
    first, _, reason = subject.rest.partition(" ")
    minutes: float | None = None
    if first.isascii() and first.isdigit():
        minutes = float(first[:9])
    else:
        reason = subject.rest
    await call.play.moderation.mute(call.caller, subject.account_id, minutes, tidy(reason), called=subject.name)
    data = {"account_id": subject.account_id, "minutes": minutes}
    return call.done(f"{subject.name} is muted {lasting(minutes)}.", data=data)


async def unmute(call: Call) -> CommandResponse:
    subject = await subject_of(call, call["person"])
    lifted = await call.play.moderation.unmute(call.caller, subject.account_id, called=subject.name)
    text = f"{subject.name} may speak again." if lifted else f"{subject.name} is not muted."
    return call.done(text, data={"account_id": subject.account_id, "lifted": lifted})


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whom a measure is meant for, the name to speak of them by, and what was typed after it."""

    account_id: AccountId
    name: str
    rest: str


async def subject_of(call: Call, text: str) -> _Subject:
    """Who is named at the beginning of `text`, whether they are on or not: by character, else by account.

    A full name counts before the beginning of another's, so that a measure never hits somebody else
    because the one who is meant has left.

    Raises:
        Unreachable: nobody is called so.
        BadUsage: more than one may be meant.

    """
    text = text.strip()
    names = _names_at_the_start(text)

    def work(tx: Transaction) -> _Subject | None:
        for key, rest in names:
            body = tx.characters.by_name_key(key)
            if body is not None and body.deleted_at is None:
                return _Subject(body.account_id, body.name, rest)
            account = tx.accounts.by_name_key(key)
            if account is not None and account.status is not AccountStatus.DELETED:
                return _Subject(account.id, account.name, rest)
        return None

    found = await call.play.store.read(work)
    if found is not None:
        return found
    present, rest = call.play.chat.find_listener(text)
    return _Subject(present.account_id, present.name, rest)


def _names_at_the_start(text: str) -> list[tuple[str, str]]:
    """What may be the name, as its key, longest first, each with what follows it."""
    if text[:1] in ('"', "“"):
        name, _, rest = text[1:].replace("”", '"').partition('"')
        return [(name_key(name), rest.strip())]
    words = text.split()
    return [
        (name_key(" ".join(words[:count]).rstrip(",:")), " ".join(words[count:]))
        for count in range(min(NAME_WORDS, len(words)), 0, -1)
    ]


async def kick(call: Call) -> CommandResponse:
    try:
        present, reason = call.play.chat.find_listener(f"{call['person']} {call.get('reason')}")
    except Unreachable as nobody:
        return await _kick_from_lobby(call, nobody)
    await call.play.presence.kick(call.caller, present.character_id, tidy(reason))
    return call.done(f"{present.name} was removed.", data={"account_id": present.account_id})


async def _kick_from_lobby(call: Call, nobody: Unreachable) -> CommandResponse:
    """Who is not in the world may be in a lobby, with an old client."""
    try:
        person = call.play.lobbies.by_name(call["person"])
    except Unreachable:
        raise nobody from None
    await call.play.lobbies.kick(call.caller, person.number, tidy(call.get("reason")))
    return call.done(f"{plain(person.name)} was removed.", data={"account_id": person.visitor.account_id})


async def ban(call: Call) -> CommandResponse:
    subject = await subject_of(call, f"{call['person']} {call.get('days')} {call.get('reason')}")
    first, _, reason = subject.rest.partition(" ")
    days = BAN_DAYS
    if first.isascii() and first.isdigit():
        days = float(first[:9])
    else:
        reason = subject.rest
    await call.play.moderation.ban(call.caller, subject.account_id, days, tidy(reason), called=subject.name)
    text = f"{subject.name} is banned for {days:g} day{'' if days == 1 else 's'}."
    return call.done(text, data={"account_id": subject.account_id, "days": days})


async def announce(call: Call) -> CommandResponse:
    await call.play.chat.announce(call.caller, call["words"])
    return call.done("Everybody was told.")


COMMANDS: Final = (
    Command(
        name="mute",
        group=Group.STAFF,
        usage="mute <person> [<minutes>] [<reason...>]",
        summary="Silence a player, for some minutes or until lifted.",
        help=(
            "Nobody hears the account, in whatever body; without minutes, until it is lifted. Works for people who are "
            "not on, too, by the name of a character or an account. They are told, with the reason. Recorded."
        ),
        examples=("mute Ada 10 shouting", "mute Ada", 'mute "Old Tom" 5'),
        permission=Permission.MUTE,
        durable=True,
        abbreviable=False,
        run=mute,
    ),
    Command(
        name="unmute",
        group=Group.STAFF,
        usage="unmute <person...>",
        summary="Let a player speak again.",
        help="Lifts a mute, whether they are on or not. They are told. Recorded.",
        examples=("unmute Ada",),
        permission=Permission.MUTE,
        durable=True,
        abbreviable=False,
        run=unmute,
    ),
    Command(
        name="kick",
        group=Group.STAFF,
        usage="kick <person> [<reason...>]",
        summary="Remove a player from the world.",
        help=(
            "Ends the connection; the player may come back. The reason is shown to them. Who is not in the world is "
            "looked for in the lobbies. Recorded."
        ),
        examples=("kick Ada please read the rules",),
        permission=Permission.KICK,
        abbreviable=False,
        run=kick,
    ),
    Command(
        name="ban",
        group=Group.STAFF,
        usage="ban <person> [<days>] [<reason...>]",
        summary="Lock a player's account out, for seven days or as many as you say.",
        help=(
            "They are gone from everywhere at once, whatever client they use, and cannot sign in until the days are "
            "over or an admin enables the account. Works for people who are not on, too. Recorded."
        ),
        examples=("ban Ada 3 cheating", "ban Ada", 'ban "Old Tom" 30'),
        permission=Permission.BAN,
        durable=True,
        abbreviable=False,
        run=ban,
    ),
    Command(
        name="announce",
        group=Group.STAFF,
        usage="announce <words...>",
        summary="Tell everybody something in the name of the server.",
        help="Everybody sees it, whatever they ignore. Recorded.",
        examples=("announce The server restarts in five minutes.",),
        permission=Permission.ANNOUNCE,
        abbreviable=False,
        run=announce,
    ),
)
