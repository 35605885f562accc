"""Telling the staff that somebody behaves badly."""

from __future__ import annotations

from typing import Final

from mythgate.domain.errors import Unreachable
from mythgate.domain.events import CommandResponse
from mythgate.services.commands.registry import Call, Command, Group, RateClass
from mythgate.services.commands.staff import subject_of


async def report(call: Call) -> CommandResponse:
    text = f"{call['person']} {call['reason']}"
    try:
        subject = await subject_of(call, text)
        name, reason = subject.name, subject.rest
    except Unreachable:  # who has no account can be reported by what they said
        name, reason = call["person"], call["reason"]
    filed = await call.play.reports.report_in_world(call.actor, name, reason)
    number = filed.report.number
    return call.done(f"The staff will look at it. This is report {number}.", data={"report": number})


COMMANDS: Final = (
    Command(
        name="report",
        group=Group.PEOPLE,
        usage="report <person> <reason...>",
        summary="Tell the staff that somebody behaves badly.",
        help=(
            "The staff gets what you could read of it: the last lines of where the person spoke last, of whispers "
            "those between you and them, and what is said there for some minutes more. You are told what came of it."
        ),
        examples=("report Bert insults everybody", 'report "Old Tom" begs for gold'),
        rate=RateClass.PRIVATE,
        abbreviable=False,
        run=report,
    ),
)
