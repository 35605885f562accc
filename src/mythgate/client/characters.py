"""Characters: whom the account has, who of them is played, and how they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast
from urllib.parse import quote

from mythgate.client.connection import Connection
from mythgate.client.rows import CharacterRow
from mythgate.client.values import read
from mythgate.domain.errors import NoCharacter
from mythgate.domain.events import (
    CommandResponse,
    GameState,
    InventoryUpdate,
    Payload,
    PlayerState,
    PlayerUpdate,
    PlayerView,
    SheetView,
)

HEARD: Final = (GameState, PlayerUpdate, InventoryUpdate, PlayerState, CommandResponse)

_PATH: Final = "/api/characters"


class Characters(Connection):
    """The account's characters."""

    character: PlayerView | None
    """Who is played, as last told; None before one is in the world."""

    async def get_characters(self) -> list[CharacterRow]:
        """The account's living characters by age. Raises AuthenticationError: nobody is signed in."""
        return cast("list[CharacterRow]", (await self.request("GET", _PATH))["characters"])

    async def characters(self) -> list[CharacterRow]:
        """The same as `get_characters`."""
        return await self.get_characters()

    async def get_deleted_characters(self) -> list[CharacterRow]:
        """Those of the account that can still be restored. Raises AuthenticationError."""
        return cast("list[CharacterRow]", (await self.request("GET", _PATH))["deleted"])

    async def create_character(
        self,
        name: str,
        race: str | None = None,
        character_class: str | None = None,
        faction: str | None = None,
        stats: Mapping[str, int] | None = None,
        *,
        description: str = "",
        dice: str | None = None,
    ) -> CharacterRow:
        """Make a character. Who chooses anything of the rest begins with things and souls.

        `stats` are six numbers of 3 to 18 with the sum 60; without them they are rolled, `4d6_drop_lowest` unless
        `dice` says `3d6` or `heroic`.

        Raises:
            NameNotAllowed, NameTaken: the name cannot be had.
            InvalidInput: there is no such race, class or faction, or the stats do not fit.
            TooManyCharacters: the account has as many as it may.

        """
        chosen = _choice(race, character_class, faction, stats, dice)
        return _row(await self.request("POST", _PATH, {"name": name, "description": description} | chosen))

    async def choose_beginning(
        self,
        character_id: str,
        *,
        race: str | None = None,
        character_class: str | None = None,
        faction: str | None = None,
        stats: Mapping[str, int] | None = None,
        dice: str | None = None,
    ) -> CharacterRow:
        """Choose for a character that was made without a choice; once, before the second level.

        Raises:
            NotFound: the account has none of this id.
            CannotUse, Conflict: it is too late for that.
            InvalidInput: as with `create_character`.

        """
        chosen = _choice(race, character_class, faction, stats, dice)
        return _row(await self.request("POST", f"{_path(character_id)}/beginning", chosen))

    async def select_character(self, character_id: str) -> CharacterRow:
        """Choose who enters the world on the next `connect`. Raises NotFound: the account has none of this id."""
        chosen = _row(await self.request("POST", f"{_PATH}/select", {"character_id": character_id}))
        self._character_id = character_id
        return chosen

    async def delete_character(self, character_id: str) -> None:
        """Delete a character, which can be restored for some days.

        Raises:
            NotFound: the account has none of this id.
            Conflict: it is in the world.

        """
        await self.request("DELETE", _path(character_id))
        if self._character_id == character_id:
            self._character_id = None

    async def restore_character(self, character_id: str) -> CharacterRow:
        """Undo `delete_character`.

        Raises:
            NotFound: there is none such, or it is too late.
            NameTaken: somebody else has the name now.
            TooManyCharacters: there is no place for one more.

        """
        return _row(await self.request("POST", f"{_path(character_id)}/restore"))

    async def get_sheet(self, character_id: str | None = None) -> SheetView:
        """What one of the account's characters can do and bear; without an id, who is played.

        Raises:
            NotFound: the account has none of this id.
            NoCharacter: nobody is played.

        """
        return read(SheetView, await self.request("GET", f"{_path(character_id or self._own_id())}/sheet"))

    def _own_id(self) -> str:
        """Raises NoCharacter."""
        if self.character is None:
            raise NoCharacter("You are not in the world.", hint="`connect` first.")
        return self.character.id

    def _forget(self) -> None:
        super()._forget()
        self.character = None

    def _hear(self, payload: Payload) -> None:
        super()._hear(payload)
        match payload:
            case GameState(player=player) | PlayerUpdate(player=player):
                self.character = player
            case CommandResponse(player=PlayerView() as player):
                self.character = player
            case CommandResponse(inventory=list() as items) | InventoryUpdate(items=items):
                if self.character is not None:
                    self.character = replace(self.character, inventory=items)
            case PlayerState(player_id=player_id) if self.character is not None and player_id == self.character.id:
                self._apply(payload)

    def _apply(self, state: PlayerState) -> None:
        assert self.character is not None
        sheet = self.character.sheet
        if sheet is not None:
            told = {name: getattr(state, name) for name in _STATE}
            sheet = replace(sheet, **told)
        self.character = replace(self.character, level=state.level, sheet=sheet)


_STATE: Final = ("level", "health", "max_health", "stamina", "max_stamina", "mana", "max_mana")


def _choice(
    race: str | None,
    character_class: str | None,
    faction: str | None,
    stats: Mapping[str, int] | None,
    dice: str | None,
) -> dict[str, Any]:
    given: dict[str, Any] = {"race": race, "character_class": character_class, "faction": faction, "dice": dice}
    if stats is not None:
        given["stats"] = dict(stats)
    return {name: value for name, value in given.items() if value is not None}


def _path(character_id: str) -> str:
    return f"{_PATH}/{quote(character_id, safe='')}"


def _row(answer: dict[str, Any]) -> CharacterRow:
    return cast("CharacterRow", answer)
