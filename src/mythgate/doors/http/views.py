"""Parts of answers that several routes share."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from mythgate.domain.characters import Character
from mythgate.domain.ids import CharacterId
from mythgate.services.all import Services


class CharacterView(BaseModel):
    """One of the caller's own characters."""

    id: str = Field(examples=["01945a3e-7c1a-7b3c-9d2e-1f2a3b4c5d6e"])
    player_id: str = Field(description="The same as `id`.")
    number: int = Field(description="Integer id, for protocols that know nothing else.")
    name: str = Field(examples=["Alric"])
    description: str = Field(description="What others see when they look.")
    level: int
    faction: str
    room_id: str = Field(description="Where the character is, or will enter.")
    room_name: str
    created_at: datetime
    last_active: datetime
    selected: bool = Field(description="Whether this one enters if the client names none.")
    profession_id: int = 0
    profession_name: str = ""


def character_view(services: Services, character: Character, selected: CharacterId | None) -> CharacterView:
    """`character` as its owner sees it."""
    room = services.world.world.room(character.room_id)
    return CharacterView(
        id=character.id,
        player_id=character.id,
        number=character.number,
        name=character.name,
        description=character.description,
        level=character.level,
        faction=character.faction,
        room_id=character.room_id,
        room_name=room.name if room is not None else "",
        created_at=character.created_at,
        last_active=character.last_active_at,
        selected=character.id == selected,
    )
