"""Parties: a few characters who travel together, one of whom leads.

A character is in one party at most. A party lasts until its last member leaves or its leader ends it; when the
leader goes, whoever has been in it longest leads. Invitations are good for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from mythgate.domain.chat import tidy
from mythgate.domain.errors import (
    AlreadyInParty,
    BadUsage,
    InvalidInput,
    NoPendingInvite,
    NotFound,
    NotInParty,
    PartyFull,
    PermissionDenied,
)
from mythgate.domain.ids import AccountId, CharacterId
from mythgate.domain.sheets import Chance

T = TypeVar("T")

DEFAULT_NAME: Final = "Adventuring Party"
NAME_CHARACTERS: Final = 100
DIE: Final = 100  # sides of the die that is rolled for loot


class LootRule(StrEnum):
    """Who gets what a party finds."""

    EQUAL = "equal"  # souls in equal parts, things dealt out in turn
    LEADER = "leader"  # all to the leader
    ROLL = "roll"  # each to whoever rolls highest


def party_name(text: str | None) -> str:
    """`text` as a party's name, tidied; the usual name for None.

    Raises:
        InvalidInput: nothing is left of it, or it is too long.

    """
    if text is None:
        return DEFAULT_NAME
    name = " ".join(tidy(text).split())
    if not name or len(name) > NAME_CHARACTERS:
        raise InvalidInput(
            "That is no name for a party.", field="party_name", hint=f"Use 1 to {NAME_CHARACTERS} characters."
        )
    return name


def loot_rule(text: str) -> LootRule:
    """The rule of that name. Raises InvalidInput for none."""
    try:
        return LootRule(text.strip().casefold())
    except ValueError:
        raise InvalidInput(
            "There is no such rule for loot.", field="loot_sharing", hint=f"{', '.join(LootRule)}."
        ) from None


# --- parties ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PartyMember:
    """A character in a party. `number` and `name` are the character's."""

    character_id: CharacterId
    number: int
    name: str
    joined_at: datetime


@dataclass(slots=True)
class Party:
    """A party with its members, the longest-standing first. `number` is 0 until it is saved, and never given again.

    While it lasts it has a member at least, and its leader is one of them.
    """

    name: str
    leader: CharacterId
    created_at: datetime
    loot: LootRule = LootRule.EQUAL
    souls: int = 0  # all that its fights brought
    shards: int = 0  # Crystal Shards it captured
    bosses: int = 0  # it defeated
    disbanded_at: datetime | None = None
    number: int = 0
    version: int = 1
    members: list[PartyMember] = field(default_factory=list)

    @property
    def is_active(self) -> bool:
        return self.disbanded_at is None

    def member(self, character_id: CharacterId) -> PartyMember | None:
        return next((one for one in self.members if one.character_id == character_id), None)

    def require_member(self, character_id: CharacterId) -> PartyMember:
        """Raises NotInParty if the character is not in it."""
        found = self.member(character_id)
        if found is None:
            raise NotInParty
        return found

    def require_leader(self, actor: CharacterId) -> None:
        """Raises NotInParty, or PermissionDenied if somebody else leads."""
        self.require_member(actor)
        if actor != self.leader:
            raise PermissionDenied("Only the leader of the party may do that.")

    def require_place(self, most: int) -> None:
        """Raises PartyFull if there is no place for one more of `most`."""
        if len(self.members) >= most:
            raise PartyFull(f"{self.name} is full.", hint=f"A party has at most {most} members.")

    def join(self, newcomer: PartyMember, most: int) -> None:
        """Take somebody in.

        Raises:
            NotFound: the party has been disbanded.
            AlreadyInParty: they are in it.
            PartyFull: it has `most` members.

        """
        if not self.is_active:
            raise NotFound("That party is no more.")
        if self.member(newcomer.character_id) is not None:
            raise AlreadyInParty(f"{newcomer.name} is in it already.", hint="")
        self.require_place(most)
        self.members.append(newcomer)

    def leave(self, leaving: CharacterId, now: datetime) -> None:
        """Take a member out; whoever has been in it longest succeeds a leader, and the last one ends the party.

        Raises:
            NotInParty: they are not in it.

        """
        self.members.remove(self.require_member(leaving))
        if not self.members:
            self.disbanded_at = now
        elif leaving == self.leader:
            self.leader = self.members[0].character_id

    def kick(self, actor: CharacterId, target: CharacterId, now: datetime) -> None:
        """The leader sends a member away.

        Raises:
            NotInParty, PermissionDenied: the actor does not lead it.
            NotFound: the target is not in it.
            BadUsage: oneself.

        """
        self.require_leader(actor)
        if target == actor:
            raise BadUsage("You cannot send yourself away.", hint="To go, use `party leave`.")
        if self.member(target) is None:
            raise NotFound("They are not in your party.")
        self.leave(target, now)

    def promote(self, actor: CharacterId, target: CharacterId) -> None:
        """The leader has another member lead. Raises as `kick`."""
        self.require_leader(actor)
        if target == actor:
            raise BadUsage("You lead the party already.")
        if self.member(target) is None:
            raise NotFound("They are not in your party.")
        self.leader = target

    def disband(self, actor: CharacterId, now: datetime) -> None:
        """The leader ends it. Raises NotInParty, PermissionDenied."""
        self.require_leader(actor)
        self.members.clear()
        self.disbanded_at = now

    def mend(self, now: datetime) -> bool:
        """Keep the promises after members vanished who did not leave, since their characters are no more; True if that
        changed anything."""
        if not self.members:
            self.disbanded_at = now
        elif self.member(self.leader) is None:
            self.leader = self.members[0].character_id
        else:
            return False
        return True

    def set_loot(self, actor: CharacterId, rule: LootRule) -> None:
        """The leader chooses how loot is shared. Raises NotInParty, PermissionDenied."""
        self.require_leader(actor)
        self.loot = rule


def found(name: str, founder: PartyMember) -> Party:
    """A party of one, who leads it."""
    return Party(name, founder.character_id, founder.joined_at, members=[founder])


# --- invitations -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invitation:
    """One character asked into one party. `party_name` and names are as they were when it was made."""

    party: int
    party_name: str
    inviter: CharacterId
    inviter_number: int
    inviter_name: str
    inviter_account: AccountId
    invitee: CharacterId
    invitee_number: int
    invitee_name: str
    expires_at: datetime


class Invitations:
    """All that wait for an answer: one at most of each party for each character."""

    def __init__(self, lifetime: timedelta) -> None:
        self.lifetime: Final = lifetime
        self._waiting: dict[tuple[CharacterId, int], Invitation] = {}  # in the order they were made

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, invitation: Invitation, now: datetime) -> None:
        """Keep it. Raises BadUsage if the party has asked them and waits for an answer."""
        known = self._waiting.get((invitation.invitee, invitation.party))
        if known is not None and now < known.expires_at:
            raise BadUsage(f"{invitation.invitee_name} is invited already.", hint="Wait for the answer.")
        self._waiting.pop((invitation.invitee, invitation.party), None)
        self._waiting[invitation.invitee, invitation.party] = invitation

    def of(self, invitee: CharacterId, now: datetime) -> list[Invitation]:
        """What they may still accept, newest first."""
        mine = [one for one in self._waiting.values() if one.invitee == invitee and now < one.expires_at]
        return mine[::-1]

    def find(self, invitee: CharacterId, party: int | None, now: datetime) -> Invitation:
        """The newest one for `invitee`, or that of `party`.

        Raises:
            NoPendingInvite: there is none.

        """
        for one in self.of(invitee, now):
            if party in (None, one.party):
                return one
        raise NoPendingInvite

    def take(self, invitation: Invitation) -> bool:
        """Remove it; False if it is gone already."""
        key = (invitation.invitee, invitation.party)
        if self._waiting.get(key) is not invitation:
            return False
        del self._waiting[key]
        return True

    def take_if(self, unwanted: Callable[[Invitation], bool]) -> list[Invitation]:
        """Remove those; returns them."""
        taken = [one for one in self._waiting.values() if unwanted(one)]
        for one in taken:
            self.take(one)
        return taken

    def take_expired(self, now: datetime) -> list[Invitation]:
        """Remove those that nobody answered in time."""
        return self.take_if(lambda one: now >= one.expires_at)


# --- loot ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Roll:
    """What the dice said for one piece of loot: who has it, and all rolls in their order."""

    winner: CharacterId
    rolls: Sequence[tuple[CharacterId, int]]


def roll_off(among: Sequence[CharacterId], chance: Chance) -> Roll:
    """Everybody rolls; those who roll alike and highest roll again."""
    rolls: list[tuple[CharacterId, int]] = []
    still = list(among)
    while True:
        thrown = [(one, chance.randint(1, DIE)) for one in still]
        rolls += thrown
        highest = max(value for _, value in thrown)
        still = [one for one, value in thrown if value == highest]
        if len(still) == 1:
            return Roll(still[0], tuple(rolls))


def _leader_of(leader: CharacterId, among: Sequence[CharacterId]) -> CharacterId:
    return leader if leader in among else among[0]


def divide(
    rule: LootRule, leader: CharacterId, among: Sequence[CharacterId], souls: int, chance: Chance
) -> Mapping[CharacterId, int]:
    """Souls for each of `among`, the longest-standing first, who get all of them together.

    What cannot be divided goes to the longest-standing, one each. A leader who is not among them is stood in for by the
    longest-standing.
    """
    shares = dict.fromkeys(among, 0)
    if rule is LootRule.EQUAL:
        each, over = divmod(souls, len(among))
        shares = {one: each + (index < over) for index, one in enumerate(among)}
    elif rule is LootRule.LEADER:
        shares[_leader_of(leader, among)] = souls
    else:
        shares[roll_off(among, chance).winner] = souls
    return MappingProxyType(shares)


def deal(
    rule: LootRule, leader: CharacterId, among: Sequence[CharacterId], things: Iterable[T], chance: Chance
) -> list[tuple[T, CharacterId]]:
    """Who gets which of `things`. In equal parts, they are dealt out in turn, beginning with somebody by chance."""
    if rule is LootRule.LEADER:
        return [(thing, _leader_of(leader, among)) for thing in things]
    if rule is LootRule.ROLL:
        return [(thing, roll_off(among, chance).winner) for thing in things]
    first = chance.randint(0, len(among) - 1)
    return [(thing, among[(first + turn) % len(among)]) for turn, thing in enumerate(things)]
