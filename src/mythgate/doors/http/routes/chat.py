"""What was said. Talking goes over the stream or as commands; this is for who wants to read it again."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, Field

from mythgate.domain.events import ChatMessage
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.chat import HISTORY_LIMIT

router = new_router("chat")

ChannelName = Annotated[
    str,
    Path(
        max_length=40,
        pattern=r"^[a-z]+$",
        description="`room`, `global`, `party`, `faction`, `whisper` or `announcement`.",
        examples=["party"],
    ),
]


class ChannelHistory(BaseModel):
    channel: str
    messages: list[ChatMessage] = Field(description="Oldest first.")


@router.get(
    "/api/chat/{channel}/history", summary="What was said", responses=error_responses(401, 403, 404, 409, 422, 503)
)
async def channel_history(
    channel: ChannelName,
    caller: CallerDep,
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=HISTORY_LIMIT)] = 50,
) -> ChannelHistory:
    """The last messages of a channel that the caller's character is on: in its room, its party and its faction since it
    came to them, in private from and to it. Nothing of whom the caller ignores."""
    return ChannelHistory(channel=channel, messages=await services.chat.history_for(caller, channel, limit))
