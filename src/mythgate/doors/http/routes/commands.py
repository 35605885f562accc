"""Commands over REST, for clients that only read the event stream."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Request
from pydantic import BaseModel, Field

from mythgate.domain.events import CommandResponse
from mythgate.domain.ids import CommandId
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.play import PlayDoor
from mythgate.doors.http.routing import new_router

router = new_router("play")

MAX_ARGUMENTS: Final = 100
# What is too long for a command is the command's business; this is against abuse.
_Text = Annotated[str, Field(max_length=8192)]


class CommandRequest(BaseModel):
    """A command as a whole line, or its first word and its arguments."""

    command: str = Field(min_length=1, max_length=8192, examples=["say Good evening!"])
    args: list[_Text] = Field(default_factory=list, max_length=MAX_ARGUMENTS, examples=[[]])
    message_id: str | None = Field(
        None,
        min_length=1,
        max_length=128,
        description="Of the client's choice. The same id again within ten minutes has no second effect.",
        examples=["c-17"],
    )


class CommandInfo(BaseModel):
    """What a client needs for help and completion."""

    name: str = Field(examples=["say"])
    aliases: list[str]
    usage: str = Field(
        description="`<x>` one word, `<x...>` the rest, `[ ]` may be missing.", examples=["say <words...>"]
    )
    summary: str
    help: str
    group: str


class Commands(BaseModel):
    commands: list[CommandInfo]


@router.post(
    "/api/command",
    summary="Carry out a command",
    responses=error_responses(400, 401, 403, 409, 413, 422, 429, 503),
)
async def carry_out(
    request: Request, body: CommandRequest, caller: CallerDep, services: ServicesDep
) -> CommandResponse:
    """Carry out a command of the caller's character, which has to be in the world (see `/api/events`).

    What the rules refuse is answered with `success: false`, `code` and `hint`, as on the WebSocket. Commands
    count together with what comes over the WebSocket; whoever sends too many is answered 429.
    """
    character_id = services.presence.acting(caller)
    door: PlayDoor = request.app.state.play
    door.charge(caller.account_id)
    response = await services.commands.execute(
        character_id,
        None,
        command=body.command,
        args=body.args,
        command_id=CommandId(body.message_id) if body.message_id is not None else None,
    )
    if response.data is not None and response.data.get("quit"):
        await services.presence.quit(character_id)
    return response


@router.get("/api/commands", summary="The text commands", responses=error_responses(401, 403, 503))
async def list_commands(caller: CallerDep, services: ServicesDep) -> Commands:
    """The commands the caller may use, in the order of help."""
    allowed = services.commands.registry.allowed(caller.role)
    return Commands(
        commands=[
            CommandInfo(
                name=command.name,
                aliases=list(command.aliases),
                usage=command.usage,
                summary=command.summary,
                help=command.help,
                group=command.group.value,
            )
            for command in allowed
        ]
    )
