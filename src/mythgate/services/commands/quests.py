"""Commands of quests."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from mythgate.domain.events import CommandResponse, QuestView
from mythgate.services.commands.registry import Call, Command, Group


async def quest(call: Call) -> CommandResponse:
    action, words = call.get("action").casefold(), call.get("words")
    quests, actor = call.play.quests, call.actor.character_id
    if action in ("accept", "abandon"):
        if not words:
            raise call.misused(f"Which quest do you want to {action}?")
        if action == "accept":
            view = await quests.accept(actor, words, once=call.once)
            return call.done(f"You take on “{view.name}”. {view.summary}", data={"quest": asdict(view)})
        view = await quests.abandon(actor, words, once=call.once)
        return call.done(f"You give up “{view.name}”.", data={"quest": asdict(view)})
    if action not in ("", "log", "list"):
        raise call.misused()
    log, offers = await quests.log(actor), await quests.offers(actor)
    active = [view for view in log if view.status == "active"]
    done = [view for view in log if view.times]
    lines = [line for view in active for line in _lines(view)]
    lines += [f"Offered here: {view.name}. {view.summary} `quest accept {view.name}`" for view in offers]
    if done:
        lines.append(f"Done: {', '.join(view.name for view in done)}.")
    text = "\n".join(lines) or "You have no quests. People who need something tell you when you talk to them."
    return call.done(text, data={"quests": [asdict(one) for one in log], "offers": [asdict(one) for one in offers]})


def _lines(view: QuestView) -> list[str]:
    lines = [f"{view.name}: {view.summary}"]
    for step in view.steps:
        count = f" ({step.count} of {step.needed})" if step.needed > 1 else ""
        lines.append(f"  {'✓' if step.done else '–'} {step.text}{count}")
    return lines


COMMANDS: Final = (
    Command(
        name="quest",
        aliases=("quests",),
        group=Group.WORLD,
        usage="quest [<action>] [<words...>]",
        summary="See your quests, take one on, or give one up.",
        help=(
            "Alone it lists your quests with what is to be done, and those you can take on where you are. "
            "`quest accept` and a name takes one on, `quest abandon` gives one up."
        ),
        examples=("quests", "quest accept the iron key", "quest abandon the iron key"),
        durable=True,
        run=quest,
    ),
)
