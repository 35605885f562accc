"""The server itself, for staff: what it stands on, and its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.settings import Setting

router = new_router("administration")

_LOOK: Final = error_responses(401, 403, 503)
_CHANGE: Final = error_responses(400, 401, 403, 404, 413, 422, 503)


class SystemDoor(BaseModel):
    """One door."""

    name: str = Field(examples=["metaserver"])
    place: str = Field(description="Where it listens, or would.", examples=["127.0.0.1:6321"])
    enabled: bool
    open: bool


class SystemAnswer(BaseModel):
    """What the server stands on."""

    version: str
    python: str
    platform: str
    node: str
    started_at: datetime
    data_dir: str
    database: str = Field(examples=["SQLite"])
    revision: str | None = Field(description="Of the schema in the database.")
    head_revision: str = Field(description="That this version needs.")
    migrated: bool = Field(description="Whether the two are the same.")
    free_bytes: int = Field(description="On the disk of the data folder.")
    total_bytes: int
    memory_bytes: int
    open_files: int
    most_open_files: int
    world: str
    world_version: str
    plugins: list[str]
    doors: list[SystemDoor]


class SettingRow(BaseModel):
    """One setting; secrets are masked."""

    name: str = Field(examples=["limits.chat_characters"])
    value: Any = Field(description="Durations in seconds.")
    origin: str = Field(
        description="`default`, the settings file, the environment variable, `flag`, or `changed at run time`."
    )
    description: str
    changeable: bool = Field(description="Whether it can be changed while the server runs.")
    obstacle: str = Field(description="Why not; empty if it can.")


class SettingRows(BaseModel):
    settings: list[SettingRow]


class SettingChanges(BaseModel):
    """What is to be different."""

    settings: Annotated[
        dict[Annotated[str, Field(max_length=100)], Any],
        Field(
            max_length=100,
            description="By name; null takes a change back: it is as file and environment say.",
            examples=[{"sessions.registration": "closed"}],
        ),
    ]


@router.get("/api/admin/system", summary="What the server stands on", responses=_LOOK)
async def admin_system(caller: CallerDep, services: ServicesDep) -> SystemAnswer:
    """Versions, schema, disk, doors; for admins."""
    facts = await services.system.facts(caller)
    known = {key: value for key, value in asdict(facts).items() if key != "doors"}
    return SystemAnswer(
        **known,
        migrated=facts.revision == facts.head_revision,
        doors=[
            SystemDoor(name=one.name, place=one.place, enabled=one.is_enabled, open=one.is_open) for one in facts.doors
        ],
    )


@router.get("/api/admin/settings", summary="All settings", responses=_LOOK)
async def admin_settings(caller: CallerDep, services: ServicesDep) -> SettingRows:
    """With where each comes from, and whether it can be changed now; for admins. No secrets."""
    return _rows(await services.settings.all(caller))


@router.patch("/api/admin/settings", summary="Change settings", responses=_CHANGE)
async def change_settings(body: SettingChanges, caller: CallerDep, services: ServicesDep) -> SettingRows:
    """At once and for good, all that are named or none; for admins. Answers with those that were named."""
    return _rows(await services.settings.change(caller, body.settings))


def _rows(settings: Sequence[Setting]) -> SettingRows:
    return SettingRows(
        settings=[
            SettingRow(
                name=one.name,
                value=one.value,
                origin=one.origin,
                description=one.description,
                changeable=one.is_changeable,
                obstacle=one.obstacle,
            )
            for one in settings
        ]
    )
