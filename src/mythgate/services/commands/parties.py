"""Commands of parties and factions: coming together, leading, talking among one's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, Final

from mythgate.domain.errors import BadUsage, NoPendingInvite, NotFound, Unreachable
from mythgate.domain.events import CommandResponse, PartyView
from mythgate.domain.ids import CharacterId
from mythgate.domain.names import name_key
from mythgate.domain.parties import LootRule, Party, loot_rule
from mythgate.services.chat import WHO_HINT
from mythgate.services.commands.registry import Call, Command, Group, RateClass

Action = Callable[[Call, str], Awaitable[CommandResponse]]


async def party(call: Call) -> CommandResponse:
    word = call.get("action").casefold()
    if not word:
        return _show(call)
    begun = [action for action in ACTIONS if action.startswith(word)]
    if word not in ACTIONS and len(begun) != 1:
        raise BadUsage(f"“{word[:20]}” is nothing one does with a party.", hint=f"{', '.join(ACTIONS)}.")
    action = word if word in ACTIONS else begun[0]
    return await ACTIONS[action](call, call.get("words"))


def _show(call: Call) -> CommandResponse:
    parties, actor = call.play.parties, call.actor.character_id
    waiting = parties.invitations(actor)
    lines = [f"{one.inviter_name} asks you to join the party {one.party_name}: `party accept`" for one in waiting]
    mine = parties.of(actor)
    if mine is None:
        lines = lines or ["You are in no party. `party create` founds one."]
        return call.done("\n".join(lines), data=_data(None, [one.party for one in waiting]))
    view = parties.view(mine)
    people = [
        f"  {one.name}{' (leads)' if one.id == view.leader_id else ''}"
        f"{'' if one.status == 'online' else f' ({one.status})'}{f', level {one.level}' if one.level else ''}"
        for one in view.members
    ]
    head = f"{view.name}: {len(people)} of {view.max_members}, loot by the rule: {view.loot_sharing}."
    return call.done("\n".join([head, *people, *lines]), data=_data(view, [one.party for one in waiting]))


def _data(view: PartyView | None, invitations: list[int]) -> dict[str, Any]:
    return {"party": asdict(view) if view is not None else None, "invitations": invitations}


def _done(call: Call, result: str, changed: Party) -> CommandResponse:
    still = changed.member(call.actor.character_id) is not None
    view = call.play.parties.view(changed) if still else None
    return call.done(result, data={"party": asdict(view) if view is not None else None})


async def _create(call: Call, words: str) -> CommandResponse:
    founded = await call.play.parties.create(call.actor.character_id, words or None, once=call.once)
    return _done(call, f"You lead the party {founded.name} now. `party invite` asks somebody to join.", founded)


async def _invite(call: Call, words: str) -> CommandResponse:
    if not words:
        raise call.misused("Whom do you want to invite?")
    parties, actor = call.play.parties, call.actor.character_id
    try:
        listener = call.play.chat.require_listener(words)
        if parties.of(actor) is None and listener.character_id != actor:
            await parties.create(actor)
        invitation = await parties.invite(actor, listener.character_id)
    except Unreachable:  # who ignores somebody looks as if they were not there
        raise Unreachable(f"Nobody called {words} is on.", hint=WHO_HINT) from None
    return _done(call, f"You ask {invitation.invitee_name} to join your party.", parties.require(actor))


async def _accept(call: Call, words: str) -> CommandResponse:
    joined = await call.play.parties.accept(call.actor.character_id, _asked_by(call, words), once=call.once)
    return _done(call, f"You join the party {joined.name}.", joined)


async def _decline(call: Call, words: str) -> CommandResponse:
    invitation = await call.play.parties.decline(call.actor.character_id, _asked_by(call, words))
    return call.done(f"You do not join the party {invitation.party_name}.")


def _asked_by(call: Call, words: str) -> int | None:
    """The party that `words` mean: its name, or that of who asked. None: whichever asked last."""
    if not words:
        return None
    key = name_key(words)
    for one in call.play.parties.invitations(call.actor.character_id):
        if key and (name_key(one.inviter_name).startswith(key) or name_key(one.party_name).startswith(key)):
            return one.party
    raise NoPendingInvite(f"No party called {words}, or of somebody called that, waits for your answer.")


async def _leave(call: Call, words: str) -> CommandResponse:
    _nothing_more(call, words)
    left = await call.play.parties.leave(call.actor.character_id, once=call.once)
    return _done(call, f"You leave the party {left.name}.", left)


async def _kick(call: Call, words: str) -> CommandResponse:
    target, name = _member(call, words)
    changed = await call.play.parties.kick(call.actor.character_id, target, once=call.once)
    return _done(call, f"You send {name} away from the party.", changed)


async def _promote(call: Call, words: str) -> CommandResponse:
    target, name = _member(call, words)
    changed = await call.play.parties.promote(call.actor.character_id, target, once=call.once)
    return _done(call, f"{name} leads the party now.", changed)


def _member(call: Call, words: str) -> tuple[CharacterId, str]:
    if not words:
        raise call.misused("Whom do you mean?")
    mine = call.play.parties.of(call.actor.character_id)
    if mine is None:  # perhaps because this is a repeat, of which only the store knows
        return CharacterId(""), words
    key = name_key(words)
    begun = [one for one in mine.members if key and name_key(one.name).startswith(key)]
    found = [one for one in begun if name_key(one.name) == key] or begun
    if len(found) > 1:
        raise BadUsage(f"Whom do you mean: {', '.join(one.name for one in found)}?")
    if found:
        return found[0].character_id, found[0].name
    if call.once is None:
        raise NotFound(f"Nobody called {words} is in your party.")
    return CharacterId(""), words


async def _disband(call: Call, words: str) -> CommandResponse:
    _nothing_more(call, words)
    ended = await call.play.parties.disband(call.actor.character_id, once=call.once)
    return _done(call, f"The party {ended.name} is no more.", ended)


async def _loot(call: Call, words: str) -> CommandResponse:
    if not words:
        rule = call.play.parties.require(call.actor.character_id).loot
        return call.done(f"The party shares its loot by the rule: {rule.value}.", data={"loot_sharing": rule.value})
    changed = await call.play.parties.set_loot(call.actor.character_id, loot_rule(words), once=call.once)
    return _done(call, f"The party shares its loot by the rule: {changed.loot.value}.", changed)


async def _say(call: Call, words: str) -> CommandResponse:
    await call.play.parties.say(call.actor, words)
    return call.done()


async def _follow(call: Call, words: str) -> CommandResponse:
    _nothing_more(call, words)
    leader = call.play.parties.follow(call.actor.character_id)
    return call.done(f"You follow {leader.name} now.", data={"following": leader.name})


def _nothing_more(call: Call, words: str) -> None:
    if words:
        raise call.misused()


async def pchat(call: Call) -> CommandResponse:
    return await _say(call, call["words"])


async def fchat(call: Call) -> CommandResponse:
    await call.play.chat.to_faction(call.actor, call["words"])
    return call.done()


ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        "create": _create,
        "invite": _invite,
        "accept": _accept,
        "decline": _decline,
        "leave": _leave,
        "kick": _kick,
        "promote": _promote,
        "disband": _disband,
        "loot": _loot,
        "follow": _follow,
        "say": _say,
    }
)

COMMANDS: Final = (
    Command(
        name="party",
        group=Group.PEOPLE,
        usage="party [<action>] [<words...>]",
        summary="Travel together.",
        help=(
            "Alone it shows your party and whose invitations wait. party create NAME founds one; party invite WHOM "
            "asks somebody, and founds a party if you have none; party accept and party decline answer whoever asked "
            "last. party leave goes, party follow walks where the leader walks, party say speaks to the party, as p "
            "does. The leader sends members away with party kick, has another lead with party promote, chooses with "
            f"party loot who gets what is found ({', '.join(LootRule)}), and ends it with party disband. When the "
            "leader goes, whoever has been in it longest leads. Who leaves the world leaves it."
        ),
        examples=("party invite Ada", "party accept", "party loot roll", "party leave"),
        rate=RateClass.PRIVATE,
        durable=True,
        run=party,
    ),
    Command(
        name="pchat",
        aliases=("p",),
        group=Group.TALKING,
        usage="pchat <words...>",
        summary="Speak to your party.",
        help="Everybody in your party hears it, wherever they are.",
        examples=("p This way!",),
        run=pchat,
        abbreviable=False,
    ),
    Command(
        name="fchat",
        group=Group.TALKING,
        usage="fchat <words...>",
        summary="Speak to your faction.",
        help="Everybody of your faction who is in the world hears it.",
        examples=("fchat Who holds the northern shard?",),
        rate=RateClass.BROADCAST,
        run=fchat,
        abbreviable=False,
    ),
)
