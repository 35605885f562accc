"""Opening, changing and closing lobbies, for admins: what `mythgate lobby` does, from elsewhere."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any, Final, cast

from fastapi import Path, Response
from pydantic import BaseModel, Field

from mythgate.domain.errors import InvalidInput
from mythgate.domain.events import LobbyView
from mythgate.domain.lobbies import Family, Lobby
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router

router = new_router("administration")

RoomNumber = Annotated[int, Path(ge=0, le=0x7FFF, examples=[26])]
_Option = str | int | float | bool | datetime | list[int] | None
_NO_OPTIONS: Final = frozenset({"caller", "type", *(one.name for one in fields(Lobby))})
_CHANGE = error_responses(400, 401, 403, 404, 413, 422, 503)


class LobbyFields(BaseModel):
    """Fields of a lobby; what is left out stays as it is, or as it is by default. Bounds are those of the settings."""

    name: Annotated[str, Field(max_length=200)] | None = None
    family: Family | None = None
    ranked: bool | None = None
    country: int | None = None
    min_caste: int | None = None
    max_caste: int | None = None
    tournament: int | None = None
    capacity: int | None = None
    motd: Annotated[str, Field(max_length=4000)] | None = None
    guest_motd: Annotated[str, Field(max_length=4000)] | None = None
    films: bool | None = None
    films_required: bool | None = None
    squelched: bool | None = None
    temporary: bool | None = None
    world_chat: bool | None = None
    options: Annotated[
        dict[Annotated[str, Field(max_length=40)], _Option],
        Field(max_length=40, description="What lobbies of its type have besides."),
    ] = {}

    def given(self) -> dict[str, Any]:
        """What was said, by name of the field."""
        for name in self.options:
            if name in _NO_OPTIONS:
                raise InvalidInput(f"{name} is no option of a lobby.", field=name)
        said = self.model_dump(exclude_none=True, exclude={"options", "room_id", "type"})
        return {**cast("dict[str, Any]", self.options), **said}


class NewLobby(LobbyFields):
    name: Annotated[str, Field(max_length=200, examples=["Shoal"])]
    room_id: int = Field(ge=0, le=0x7FFF, examples=[4], description="Its number.")
    type: str = Field(Lobby.type_name, max_length=40, description="`tournament`, or what a plug-in adds.")


@router.post(
    "/api/lobbies", status_code=201, summary="Open a lobby", responses=error_responses(400, 401, 403, 413, 422, 503)
)
async def open_lobby(body: NewLobby, caller: CallerDep, services: ServicesDep) -> LobbyView:
    """Open a lobby at once and for good, or, if it is temporary, until nobody was in it for a while."""
    made = services.extensions.room_types.make(body.type, {**body.given(), "room_id": body.room_id})
    await services.lobbies.add(caller, made)
    return services.lobbies.view(body.room_id)


@router.patch("/api/lobbies/{room_id}", summary="Change a lobby", responses=_CHANGE)
async def change_lobby(room_id: RoomNumber, body: LobbyFields, caller: CallerDep, services: ServicesDep) -> LobbyView:
    """Change a lobby at once and for good. Who is in it stays, and reads a greeting that is new."""
    await services.lobbies.change(caller, room_id, **body.given())
    return services.lobbies.view(room_id)


@router.delete(
    "/api/lobbies/{room_id}",
    status_code=204,
    response_class=Response,
    summary="Close a lobby",
    responses=error_responses(401, 403, 404, 422, 503),
)
async def close_lobby(room_id: RoomNumber, caller: CallerDep, services: ServicesDep) -> None:
    """Close a lobby for good. Who is in it has to go."""
    await services.lobbies.remove(caller, room_id)
