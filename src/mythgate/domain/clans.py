"""Clans ("orders" of the old clients): a name, a few people, ranks among them, and two passwords.

Who knows the member password may join; who knows the maintenance password may change the clan, as its leader may.
A clan that stays too small for too long is disbanded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mythgate.domain.errors import InvalidInput, LimitReached, NotFound, PermissionDenied
from mythgate.domain.ids import AccountId
from mythgate.domain.names import name_key

MOST_MEMBERS: Final = 16
FEWEST_MEMBERS: Final = 3
GRACE: Final = timedelta(days=10)  # for a clan with fewer
PASSWORD_LENGTH: Final = 15

_LENGTHS: Final[Mapping[str, int]] = MappingProxyType(
    {"name": 31, "motto": 511, "url": 127, "contact": 127, "motd": 511}
)


class ClanRank(StrEnum):
    LEADER = "leader"
    OFFICER = "officer"
    MEMBER = "member"

    @property
    def standing(self) -> int:
        """0 for a member, 2 for the leader."""
        return _STANDING[self]


_STANDING: Final = {ClanRank.MEMBER: 0, ClanRank.OFFICER: 1, ClanRank.LEADER: 2}


@dataclass(slots=True)
class Clan:
    """A clan. `number` is 0 until it is saved, and never given to another clan."""

    name: str
    name_key: str
    founded_at: datetime
    maintenance_hash: str
    member_hash: str
    motto: str = ""
    url: str = ""
    contact: str = ""
    motd: str = ""  # greets members
    below_since: datetime | None = None  # since when it has too few members
    number: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True)
class Membership:
    """One member. Nobody is in two clans."""

    account_id: AccountId
    clan: int
    rank: ClanRank
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class ClanMember:
    """A member as lists show them. `number` is the account's."""

    account_id: AccountId
    number: int
    name: str
    rank: ClanRank
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class ClanDetails:
    """What a clan says of itself."""

    motto: str = ""
    url: str = ""
    contact: str = ""
    motd: str = ""


def clan_name(text: str) -> str:
    """`text` as a clan's name, tidied.

    Raises:
        InvalidInput: it is too long, or says nothing.

    """
    name = " ".join(text.split())
    _check("name", name)
    if not name_key(name):
        raise InvalidInput("A clan needs a name.", field="name")
    return name


def check_details(details: ClanDetails) -> None:
    """Raise InvalidInput unless `details` fit."""
    for field in ("motto", "url", "contact", "motd"):
        _check(field, getattr(details, field))


def check_clan_password(password: str, *, field: str) -> None:
    """Raise InvalidInput unless `password` may open a clan; the old clients' forms hold 15 characters."""
    if not 4 <= len(password) <= PASSWORD_LENGTH or not password.isprintable():
        raise InvalidInput(
            "The password does not fit.", field=field, hint=f"Use 4 to {PASSWORD_LENGTH} characters on one line."
        )


def _check(field: str, text: str) -> None:
    if len(text) > _LENGTHS[field]:
        raise InvalidInput("The text is too long.", field=field, hint=f"At most {_LENGTHS[field]} characters.")
    if any(not (character.isprintable() or character in "\n\t") for character in text):
        raise InvalidInput("The text has a character that cannot be shown.", field=field)


# --- members ---------------------------------------------------------------------------------------


def member(members: Sequence[Membership], account_id: AccountId) -> Membership:
    """The membership of `account_id`.

    Raises:
        NotFound: they are not a member.

    """
    for one in members:
        if one.account_id == account_id:
            return one
    raise NotFound("This player is not a member of the clan.")


def joined(clan: Clan, members: Sequence[Membership], account_id: AccountId, now: datetime) -> Membership:
    """A new membership. The first member leads.

    Raises:
        LimitReached: the clan has as many members as it may.

    """
    if len(members) >= MOST_MEMBERS:
        raise LimitReached("This clan is full.", hint=f"A clan has at most {MOST_MEMBERS} members.")
    rank = ClanRank.MEMBER if members else ClanRank.LEADER
    return Membership(account_id, clan.number, rank, now)


def successor(members: Sequence[Membership], leaving: Membership) -> Membership | None:
    """Who leads after `leaving` left: the officer, else the member, who is in it longest. None: no change."""
    others = [one for one in members if one.account_id != leaving.account_id]
    if leaving.rank is not ClanRank.LEADER or not others:
        return None
    heir = min(others, key=lambda one: (-one.rank.standing, one.joined_at, one.account_id))
    return replace(heir, rank=ClanRank.LEADER)


def require_dismissal(actor: Membership, target: Membership) -> None:
    """Raise PermissionDenied unless `actor` may send `target` away: officers and the leader may, those below them."""
    if actor.rank is ClanRank.MEMBER or actor.rank.standing <= target.rank.standing:
        raise PermissionDenied("Only somebody of a higher rank in the clan may send a member away.")


def ranked_anew(actor: Membership, target: Membership, rank: ClanRank) -> Sequence[Membership]:
    """The memberships that change when the leader gives `target` another rank; giving the lead away gives it up.

    Raises:
        PermissionDenied: `actor` does not lead, or would leave the clan without a leader.

    """
    if actor.rank is not ClanRank.LEADER:
        raise PermissionDenied("Only the leader of the clan gives ranks.")
    if target.account_id == actor.account_id:
        if rank is ClanRank.LEADER:
            return ()
        raise PermissionDenied("A clan has a leader.", hint="Give the lead to somebody else.")
    if rank is ClanRank.LEADER:
        return (replace(target, rank=rank), replace(actor, rank=ClanRank.OFFICER))
    return (replace(target, rank=rank),)


# --- size ------------------------------------------------------------------------------------------


def note_size(clan: Clan, members: int, now: datetime) -> bool:
    """Note since when the clan has too few members; True if that changed."""
    if members >= FEWEST_MEMBERS:
        was, clan.below_since = clan.below_since, None
        return was is not None
    if clan.below_since is None:
        clan.below_since = now
        return True
    return False


def is_lapsed(clan: Clan, now: datetime) -> bool:
    """Whether the clan has been too small for too long."""
    return clan.below_since is not None and now - clan.below_since >= GRACE
