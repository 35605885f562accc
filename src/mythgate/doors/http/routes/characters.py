"""The caller's characters."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import Path, Response
from pydantic import BaseModel, Field

from mythgate.domain.events import SheetView
from mythgate.domain.ids import CharacterId
from mythgate.domain.sheets import CharacterClass, Faction, Race, Stats
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.characters import Beginning, CharacterView, Roster

router = new_router("characters")

_EXAMPLE_ID: Final = "01945a3e-7c1a-7b3c-9d2e-1f2a3b4c5d6e"
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z-]+$", examples=[_EXAMPLE_ID])]
PathId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z-]+$", examples=[_EXAMPLE_ID])]

_NO_CONTENT: Final[dict[str, Any]] = {"status_code": 204, "response_class": Response}


class ChosenStats(BaseModel):
    strength: int
    dexterity: int
    constitution: int
    intelligence: int
    wisdom: int
    charisma: int


class Choice(BaseModel):
    race: Race | None = Field(None, description="Without it, a human.")
    character_class: CharacterClass | None = Field(None, description="Without it, a ranger.")
    faction: Faction | None = Field(None, description="Without it, of none.")
    stats: ChosenStats | None = Field(
        None,
        description="The six attributes before what the race adds: each from 3 to 18, 60 together. Without them, dice.",
    )
    dice: Literal["4d6_drop_lowest", "3d6", "heroic"] | None = Field(
        None, description="How attributes are rolled that were not chosen; `4d6_drop_lowest` if nothing is said."
    )

    def chosen(self) -> Beginning:
        standard = Beginning()
        return Beginning(
            self.race or standard.race,
            self.character_class or standard.calling,
            self.faction,
            Stats(**self.stats.model_dump()) if self.stats is not None else None,
            self.dice or standard.dice,
        )


class NewCharacter(Choice):
    # Generous bounds against abuse; what a name must be like is the domain's business.
    name: str = Field(min_length=1, max_length=200, examples=["Thrall of the North"])
    description: str = Field(
        "", max_length=2000, description="What others see when they look.", examples=["A tall woman in a grey coat."]
    )

    def beginning(self) -> Beginning | None:
        """What was chosen; None if nothing was."""
        return self.chosen() if self.model_fields_set & Choice.model_fields.keys() else None


class Selection(BaseModel):
    character_id: Id


@router.get("/api/characters", summary="My characters", responses=error_responses(401, 403, 503))
async def list_characters(caller: CallerDep, services: ServicesDep) -> Roster:
    """The caller's characters by age, deleted ones that can still be restored, and how many there may be."""
    return await services.characters.list(caller)


@router.post(
    "/api/characters",
    status_code=201,
    summary="Make a character",
    responses=error_responses(400, 401, 403, 409, 413, 422, 503),
)
async def create_character(body: NewCharacter, caller: CallerDep, services: ServicesDep) -> CharacterView:
    """A new character where newcomers arrive. Names may not look like those of others. The first one is selected.

    Whoever says anything about race, class, faction or stats begins with the things of the class and some souls.
    """
    return await services.characters.create(caller, body.name, body.description, body.beginning())


@router.post(
    "/api/characters/select",
    summary="Select a character",
    responses=error_responses(400, 401, 403, 404, 413, 422, 503),
)
async def select_character(body: Selection, caller: CallerDep, services: ServicesDep) -> CharacterView:
    """The selected character enters the world when a connection names none."""
    return await services.characters.select(caller, CharacterId(body.character_id))


@router.delete(
    "/api/characters/{character_id}",
    **_NO_CONTENT,
    summary="Delete a character",
    responses=error_responses(401, 403, 404, 409, 422, 503),
)
async def delete_character(character_id: PathId, caller: CallerDep, services: ServicesDep) -> None:
    """Take a character out of the world. It can be restored for a while; it must not be in the world."""
    await services.characters.delete(caller, CharacterId(character_id))


@router.post(
    "/api/characters/{character_id}/restore",
    summary="Restore a deleted character",
    responses=error_responses(401, 403, 404, 409, 422, 503),
)
async def restore_character(character_id: PathId, caller: CallerDep, services: ServicesDep) -> CharacterView:
    """Undo a deletion, while it is possible and the name is still free."""
    return await services.characters.restore(caller, CharacterId(character_id))


@router.get(
    "/api/characters/{character_id}/sheet",
    summary="What a character can do and bear",
    responses=error_responses(401, 403, 404, 422, 503),
)
async def character_sheet(character_id: PathId, caller: CallerDep, services: ServicesDep) -> SheetView:
    """The sheet of one of the caller's characters: race, class, attributes, level, health and what it wears adds."""
    return await services.sheets.view(caller, CharacterId(character_id))


@router.post(
    "/api/characters/{character_id}/beginning",
    summary="Choose for a character that nothing was chosen for",
    responses=error_responses(400, 401, 403, 404, 409, 413, 422, 503),
)
async def choose_beginning(
    character_id: PathId, body: Choice, caller: CallerDep, services: ServicesDep
) -> CharacterView:
    """Race, class, faction and stats of a character that was made without. Once, before the second level."""
    return await services.characters.become(caller, CharacterId(character_id), body.chosen())
