"""Characters as the dialect shows them, and what owners do with them; the same over REST and on the socket."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mythgate.domain.characters import Character
from mythgate.domain.errors import InvalidInput, NotFound
from mythgate.domain.sheets import STATS, CharacterClass, Faction, Race, Sheet, Stats
from mythgate.services.characters import Beginning, CharacterPromise
from mythgate.services.ports import Transaction

if TYPE_CHECKING:
    from mythgate.doors.shards.door import ShardsDoor
    from mythgate.doors.shards.sessions import ShardsSession

Kind = TypeVar("Kind", bound=StrEnum)

NAME_LENGTHS: Final = range(3, 51)  # characters; which go together is the world's business
FIRST_LOCATION: Final = 1  # where newcomers arrive


def iso(moment: datetime) -> str:
    """A time as REST has it: UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()


async def listed(door: ShardsDoor, session: ShardsSession) -> list[dict[str, Any]]:
    """All characters of the player, the oldest first."""
    account_id = session.caller.account_id

    def work(tx: Transaction) -> list[tuple[Character, Sheet]]:
        return [(one, tx.sheets.get(one.id)) for one in tx.characters.of_account(account_id)]

    return [_view(door, body, sheet) for body, sheet in await door.services.store.read(work)]


async def shown(door: ShardsDoor, body: Character) -> dict[str, Any]:
    """One character."""
    return _view(door, body, await door.services.store.read(lambda tx: tx.sheets.get(body.id)))


def _view(door: ShardsDoor, body: Character, sheet: Sheet) -> dict[str, Any]:
    most = sheet.most
    return {
        "id": body.number,
        "name": body.name,
        "is_player": True,
        "race": sheet.race.value,
        "class": sheet.calling.value,
        "faction": body.faction,
        "stats": sheet.stats.as_dict(),
        "resources": {
            "health": sheet.now.health,
            "max_health": most.health,
            "stamina": sheet.now.stamina,
            "max_stamina": most.stamina,
            "mana": sheet.now.mana,
            "max_mana": most.mana,
        },
        "progression": {"level": sheet.level, "experience": sheet.experience, "souls": sheet.souls},
        "location_id": door.world.number_of(body.room_id),
        "created_at": iso(body.created_at),
        "updated_at": iso(body.last_active_at),
    }


async def created(door: ShardsDoor, session: ShardsSession, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Make a character as `fields` say.

    Raises:
        InvalidInput: one is missing or does not fit; see `CharacterService.create`.
        NameTaken, TooManyCharacters: likewise.

    """
    name = fields.get("name")
    if not isinstance(name, str) or len(name.strip()) < NAME_LENGTHS.start or not all(map(_is_of_a_name, name)):
        raise InvalidInput("A character needs a `name` of letters, with spaces, hyphens or apostrophes.", field="name")
    start = door.world.room_by_number(FIRST_LOCATION)
    beginning = Beginning(
        race=_one_of(Race, fields, "race"),
        calling=_one_of(CharacterClass, fields, "class"),
        faction=_one_of(Faction, fields, "faction"),
        stats=_stats(fields.get("stats")),
        room_id=start.id if start is not None else None,
    )
    view = await door.services.characters.create(
        session.caller, name, beginning=beginning, promise=CharacterPromise(NAME_LENGTHS[-1], door.options.characters)
    )
    body = await door.services.store.read(lambda tx: tx.characters.by_number(view.number))
    if body is None:
        raise NotFound("The character is gone already.")
    return await shown(door, body)


def _is_of_a_name(character: str) -> bool:
    return character in " -'’" or unicodedata.category(character)[0] in "LM"


def _one_of(kind: type[Kind], fields: Mapping[str, Any], name: str) -> Kind:
    try:
        return kind(str(fields.get(name)))
    except ValueError:
        raise InvalidInput(f"`{name}` is one of: {', '.join(kind)}.", field=name) from None


def _stats(value: object) -> Stats | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) != set(STATS):
        raise InvalidInput(f"`stats` are {_enumerated(STATS)}.", field="stats")
    if any(type(number) is not int for number in value.values()):
        raise InvalidInput("`stats` are whole numbers.", field="stats")
    return Stats(**value)


def _enumerated(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


async def deleted(door: ShardsDoor, session: ShardsSession, number: int) -> None:
    """Take a character out of the world for good, or for as long as deletions can be undone.

    Raises:
        NotFound: the player has no such character.

    """
    body = await door.services.store.read(lambda tx: tx.characters.by_number(number))
    if body is None or body.deleted_at is not None or body.account_id != session.caller.account_id:
        raise NotFound("You have no such character.")
    await door.release(session, number)
    await door.services.characters.delete(session.caller, body.id)
