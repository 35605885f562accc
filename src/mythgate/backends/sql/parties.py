"""Parties and their members as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import bindparam, delete, select, update

from mythgate.backends.sql.statements import SqlConnection, Statement, insert_unless
from mythgate.backends.sql.tables import characters, parties, party_members
from mythgate.backends.sql.types import UtcDateTime, may_exist
from mythgate.domain.errors import AlreadyInParty, Conflict, NotFound
from mythgate.domain.ids import CharacterId
from mythgate.domain.parties import Party, PartyMember

_FIELDS: Final = (
    "name",
    "leader",
    "created_at",
    "loot",
    "souls",
    "shards",
    "bosses",
    "disbanded_at",
    "number",
    "version",
)
_VALUES: Final = {
    name: bindparam(name, type_=parties.c[name].type) for name in _FIELDS if name not in ("number", "created_at")
}
_SELECT: Final = select(*(parties.c[name] for name in _FIELDS))
_ADD: Final = insert_unless(
    parties,
    [parties.c.number],
    {**_VALUES, "created_at": bindparam("created_at", type_=UtcDateTime)},
    returning=parties.c.number,
)
_GET: Final = Statement(_SELECT.where(parties.c.number == bindparam("of_party")), locks=True)
_ACTIVE: Final = Statement(_SELECT.where(parties.c.disbanded_at.is_(None)).order_by(parties.c.number), locks=True)
_SAVE: Final = Statement(
    update(parties)
    .where(parties.c.number == bindparam("of_party"), parties.c.version == bindparam("known_version"))
    .values(**_VALUES)
)
_TALLY: Final = Statement(
    update(parties)
    .where(parties.c.number == bindparam("of_party"))
    .values(
        souls=parties.c.souls + bindparam("more_souls", type_=parties.c.souls.type),
        shards=parties.c.shards + bindparam("more_shards", type_=parties.c.shards.type),
        bosses=parties.c.bosses + bindparam("more_bosses", type_=parties.c.bosses.type),
        version=parties.c.version + 1,
    )
)

_of_party: Final = party_members.c.party == bindparam("of_party")
_of_character: Final = party_members.c.character_id == bindparam("of_character")
_MEMBERS: Final = Statement(
    select(party_members.c.character_id, characters.c.number, characters.c.name, party_members.c.joined_at)
    .join(characters, characters.c.id == party_members.c.character_id)
    .where(_of_party)
    .order_by(party_members.c.number)
)
_PARTY_OF: Final = Statement(select(party_members.c.party).where(_of_character))
_JOIN: Final = insert_unless(
    party_members,
    [party_members.c.character_id],
    {
        "character_id": bindparam("of_character"),
        "party": bindparam("of_party"),
        "joined_at": bindparam("joined_at", type_=UtcDateTime),
    },
)
_LEAVE: Final = Statement(delete(party_members).where(_of_character, _of_party))


class SqlParties:
    """`services.ports.PartyRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, party: Party) -> Party:
        values = {name: getattr(party, name) for name in _FIELDS if name != "number"}
        party.number = self._connection.rows(_ADD, values)[0][0]
        for member in party.members:
            self._join(party.number, member)
        return party

    def get(self, number: int) -> Party | None:
        return self._one({"of_party": number}) if may_exist(number) else None

    def require(self, number: int) -> Party:
        party = self.get(number)
        if party is None:
            raise NotFound("There is no such party.")
        return party

    def of_character(self, character_id: CharacterId) -> Party | None:
        while rows := self._connection.rows(_PARTY_OF, {"of_character": character_id}):
            # Until the party's row was locked, they may have left it, and joined another.
            party = self._one({"of_party": rows[0][0]})
            if party is not None and party.member(character_id) is not None:
                return party
        return None

    def active(self) -> list[Party]:
        return [self._with_members(row) for row in self._connection.rows(_ACTIVE)]

    def save(self, party: Party) -> None:
        before = {one.character_id for one in self._members(party.number)}
        after = {one.character_id for one in party.members}
        for gone in before - after:
            self._connection.change(_LEAVE, {"of_character": gone, "of_party": party.number})
        for member in party.members:
            if member.character_id not in before:
                self._join(party.number, member)
        values = {name: getattr(party, name) for name in _FIELDS}
        known = {"of_party": party.number, "known_version": party.version}
        if not self._connection.change(_SAVE, {**values, **known, "version": party.version + 1}):
            raise Conflict
        party.version += 1

    def tally(self, number: int, *, souls: int = 0, shards: int = 0, bosses: int = 0) -> None:
        more = {"more_souls": souls, "more_shards": shards, "more_bosses": bosses}
        self._connection.change(_TALLY, {"of_party": number, **more})

    def _join(self, number: int, member: PartyMember) -> None:
        params = {"of_character": member.character_id, "of_party": number, "joined_at": member.joined_at}
        if not self._connection.change(_JOIN, params):
            raise AlreadyInParty

    def _one(self, params: Mapping[str, Any]) -> Party | None:
        rows = self._connection.rows(_GET, params)
        return self._with_members(rows[0]) if rows else None

    def _with_members(self, row: Any) -> Party:
        party = Party(**dict(zip(_FIELDS, row, strict=True)))
        party.members = self._members(party.number)
        return party

    def _members(self, number: int) -> list[PartyMember]:
        return [PartyMember(*row) for row in self._connection.rows(_MEMBERS, {"of_party": number})]
