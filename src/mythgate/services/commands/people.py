"""Commands of company: who is there, following, ignoring, talking with inhabitants."""

from __future__ import annotations

from typing import Final

from mythgate.domain.errors import BadUsage
from mythgate.domain.events import CommandResponse
from mythgate.domain.presence import Presence
from mythgate.domain.world import Inhabitant
from mythgate.services.commands.registry import Call, Command, Group, RateClass
from mythgate.services.world import occupant_view, sentence_start


async def who(call: Call) -> CommandResponse:
    part = call.get("name").casefold()
    present = [one for one in call.play.present.all() if part in one.name.casefold()]
    present.sort(key=lambda one: one.name.casefold())
    if not present:
        return call.done(f"Nobody with “{part}” in the name is on.", data={"players": []})
    lines = [_who_line(call, one) for one in present]
    count = "One person is" if len(lines) == 1 else f"{len(lines)} people are"
    players = []
    for one in present:
        view = occupant_view(one)
        players.append({"id": view.id, "name": view.name, "status": view.status, "afk_text": view.afk_text})
    return call.done(f"{count} in the world:\n" + "\n".join(lines), data={"players": players})


def _who_line(call: Call, one: Presence) -> str:
    room = call.play.world.world.room(one.room_id)
    zone = f" – {call.play.world.world.zone_of(room).name}" if room is not None else ""
    view = occupant_view(one)
    role = "" if one.role.value == "player" else f" [{one.role.value}]"
    status = "" if view.status == "online" else f" ({view.status}{f': {one.afk_text}' if one.afk_text else ''})"
    return f"  {one.name}{role}{status}{zone}"


async def follow(call: Call) -> CommandResponse:
    person = call.get("person")
    if not person:
        leader = call.play.present.get(call.actor.following) if call.actor.following is not None else None
        text = f"You follow {leader.name}." if leader is not None else "You follow nobody."
        return call.done(text, data={"following": leader.name if leader is not None else None})
    leader = call.play.things.find_person(call.actor, person)
    call.play.company.follow(call.actor, leader)
    return call.done(f"You follow {leader.name} now.", data={"following": leader.name})


async def unfollow(call: Call) -> CommandResponse:
    name = call.play.company.unfollow(call.actor)
    return call.done(f"You no longer follow {name}.", data={"following": None})


async def lose(call: Call) -> CommandResponse:
    person = call.get("person")
    followers = [
        one
        for one in map(call.play.present.get, call.play.company.followers_of(call.actor.character_id))
        if one is not None
    ]
    if not followers:
        raise BadUsage("Nobody follows you.")
    chosen = [call.play.chat.require_listener(person)] if person else followers
    lost = [one.name for one in chosen if call.play.company.shake_off(call.actor, one)]
    if not lost:
        raise BadUsage(f"{chosen[0].name} does not follow you.")
    return call.done(f"No longer in your company: {', '.join(lost)}.")


async def ignore(call: Call) -> CommandResponse:
    person = call.get("person")
    if not person:
        return await ignores(call)
    name = await call.play.chat.ignore(call.actor, person)
    for follower in map(call.play.present.get, call.play.company.followers_of(call.actor.character_id)):
        if follower is not None and follower.account_id in call.actor.ignored:
            call.play.company.shake_off(call.actor, follower)
    return call.done(f"You hear nothing of {name} any more.")


async def unignore(call: Call) -> CommandResponse:
    return call.done(f"You listen to {await call.play.chat.unignore(call.actor, call['person'])} again.")


async def ignores(call: Call) -> CommandResponse:
    names = await call.play.chat.ignored_names(call.actor)
    text = f"You ignore: {', '.join(names)}." if names else "You ignore nobody."
    return call.done(text, data={"ignored": names})


async def talk(call: Call) -> CommandResponse:
    inhabitant = call.play.things.find_inhabitant(call.actor, call["whom"].removeprefix("to ").removeprefix("with "))
    call.play.world.talked(call.actor.character_id, inhabitant.id, "")
    if inhabitant.greetings:
        greeting = inhabitant.greetings[call.play.clock.now().second % len(inhabitant.greetings)]
        return _spoken(call, inhabitant, greeting.text, action=greeting.action)
    return _answered(call, inhabitant, inhabitant.fallback or None)


async def ask(call: Call) -> CommandResponse:
    inhabitant = call.play.things.find_inhabitant(call.actor, call["whom"])
    carried = await call.play.sight.templates_carried(call.actor.character_id)
    call.play.world.talked(call.actor.character_id, inhabitant.id, call["topic"])
    return _answered(call, inhabitant, call.play.world.answer(inhabitant, call["topic"], carried))


def _answered(call: Call, inhabitant: Inhabitant, answer: str | None) -> CommandResponse:
    if answer is None:
        return call.done(f"{sentence_start(inhabitant.name)} has nothing to say about that.", data={"answer": None})
    return _spoken(call, inhabitant, answer)


def _spoken(call: Call, inhabitant: Inhabitant, text: str, *, action: bool = False) -> CommandResponse:
    words = text.replace("{name}", call.actor.name)
    line = (
        f"{sentence_start(inhabitant.name)} {words}" if action else f"{sentence_start(inhabitant.name)} says: {words}"
    )
    return call.done(line, data={"npc": inhabitant.id, "answer": words})


COMMANDS: Final = (
    Command(
        name="who",
        group=Group.PEOPLE,
        usage="who [<name...>]",
        summary="Who is in the world.",
        help="Lists everybody, or those with a part of the name.",
        examples=("who", "who ad"),
        run=who,
    ),
    Command(
        name="talk",
        group=Group.PEOPLE,
        usage="talk <whom...>",
        summary="Speak to somebody who lives here.",
        help="An inhabitant greets you. Ask them about things with ask.",
        examples=("talk lamplighter",),
        run=talk,
    ),
    Command(
        name="ask",
        group=Group.PEOPLE,
        usage="ask <whom...> about <topic...>",
        summary="Ask an inhabitant about something.",
        help="Only you hear the answer. What you carry may loosen a tongue.",
        examples=("ask smith about the old road", "ask keeper about wares"),
        run=ask,
    ),
    Command(
        name="follow",
        group=Group.PEOPLE,
        usage="follow [<person...>]",
        summary="Go along with somebody.",
        help="You take every way they take, until you unfollow or cannot go on. Alone it tells whom you follow.",
        examples=("follow Ada",),
        run=follow,
    ),
    Command(
        name="unfollow",
        group=Group.PEOPLE,
        usage="unfollow",
        summary="Stop following.",
        help="You stay where you are when the other goes on.",
        examples=("unfollow",),
        run=unfollow,
    ),
    Command(
        name="lose",
        group=Group.PEOPLE,
        usage="lose [<person...>]",
        summary="Have somebody, or all, stop following you.",
        help="They are told.",
        examples=("lose Ada", "lose"),
        run=lose,
    ),
    Command(
        name="ignore",
        group=Group.PEOPLE,
        usage="ignore [<person...>]",
        summary="Hear nothing of somebody any more.",
        help="You get nothing they say or do, in whatever body, and they cannot reach you. They are not told.",
        examples=("ignore Ada", "ignore"),
        rate=RateClass.SETTING,
        durable=True,
        run=ignore,
    ),
    Command(
        name="unignore",
        group=Group.PEOPLE,
        usage="unignore <person...>",
        summary="Listen to somebody again.",
        help="Ends ignore.",
        examples=("unignore Ada",),
        rate=RateClass.SETTING,
        durable=True,
        run=unignore,
    ),
    Command(
        name="ignores",
        group=Group.PEOPLE,
        usage="ignores",
        summary="Whom you ignore.",
        help="Lists those you ignore.",
        examples=("ignores",),
        run=ignores,
    ),
)
