"""What each role may do: one table, which services ask and a test walks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mythgate.domain.accounts import Role
from mythgate.domain.errors import PermissionDenied, SecondFactorNeeded


class Permission(StrEnum):
    """One thing staff may do. What it is about (whose account, say) is asked for besides."""

    # looking
    SEE_CONSOLE = "see_console"  # numbers, rooms and who is in them, games, the map; no addresses
    SEE_TALK = "see_talk"  # what is said in public rooms, now and in their history
    SEE_PEOPLE = "see_people"  # accounts, without e-mail and network addresses
    SEE_ADDRESSES = "see_addresses"  # e-mail and network addresses, and who else came from there
    SEE_REPORTS = "see_reports"  # reports with their evidence, appeals, active measures
    SEE_RECORD = "see_record"  # who did what, before and after
    SEE_LOGS = "see_logs"
    SEE_SETTINGS = "see_settings"  # without secrets
    HEAR_STAFF = "hear_staff"  # what the staff does, told as it happens
    # people
    KICK = "kick"
    MUTE = "mute"
    BAN = "ban"
    LIFT_BAN = "lift_ban"
    NOTE = "note"  # about people, for the staff
    RENAME = "rename"
    CREATE_ACCOUNT = "create_account"
    RESET_PASSWORD = "reset_password"  # noqa: S105 (the name of an act)
    RESET_SECOND_FACTOR = "reset_second_factor"  # of somebody who lost it
    SET_ROLE = "set_role"  # below one's own
    HIDE = "hide"  # staff from lobbies
    EXPORT_PERSON = "export_person"
    ERASE_PERSON = "erase_person"
    # rooms and what is said in them
    ANNOUNCE = "announce"
    RUN_ROOMS = "run_rooms"  # lock, message of the day, move people, close
    RUN_BRIDGES = "run_bridges"  # let a lobby and a channel elsewhere hear each other
    SET_MESSAGES = "set_messages"  # the server's message of the day, announcements by schedule
    HANDLE_REPORTS = "handle_reports"
    HANDLE_APPEALS = "handle_appeals"
    DELETE_MESSAGES = "delete_messages"
    SET_FILTERS = "set_filters"  # of words and names
    # games and the world
    RUN_TOURNAMENTS = "run_tournaments"
    CORRECT_RESULTS = "correct_results"  # void and restore results, begin seasons
    RUN_CLANS = "run_clans"  # those of others
    RUN_WORLD = "run_world"  # reload packs, cause events
    # the server
    CAPTURE = "capture"  # what a connection sends and is sent
    CHANGE_SETTINGS = "change_settings"
    BACK_UP = "back_up"
    DRAIN = "drain"
    USE_TOKENS = "use_tokens"  # make and end tokens for programs


_LOOKING: Final = frozenset({Permission.SEE_CONSOLE, Permission.SEE_TALK, Permission.SEE_PEOPLE})
_TOURNAMENT: Final = _LOOKING | {Permission.ANNOUNCE, Permission.RUN_TOURNAMENTS}
_MODERATOR: Final = _LOOKING | {
    Permission.HEAR_STAFF,
    Permission.SEE_REPORTS,
    Permission.KICK,
    Permission.MUTE,
    Permission.BAN,
    Permission.NOTE,
    Permission.ANNOUNCE,
    Permission.RUN_ROOMS,
    Permission.HANDLE_REPORTS,
    Permission.DELETE_MESSAGES,
}
_ADMIN: Final = frozenset(Permission) - {Permission.USE_TOKENS, Permission.RESET_SECOND_FACTOR}

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.PLAYER: frozenset(),
    Role.READ_ONLY: _LOOKING,
    Role.TOURNAMENT: _TOURNAMENT,
    Role.MODERATOR: _MODERATOR,
    Role.ADMIN: _ADMIN,
    Role.OWNER: frozenset(Permission),
}


WITHOUT_SECOND_FACTOR: Final = _MODERATOR | _TOURNAMENT
"""What an admin or owner may do who has not shown their second factor lately: what is not theirs alone."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do in one transaction, as the database has it now.

    Ask `require` and `require_authority`. `role` is the account's, also of somebody whose rights are limited.
    """

    role: Role
    is_proven: bool = True
    """False: an admin or owner who has to show their second factor first."""
    limited_to: frozenset[Permission] | None = None
    """Of a token for programs: all that it is good for."""

    @property
    def rank(self) -> int:
        """Whom they stand above. Without the second factor an admin or owner stands where a moderator does."""
        return self.role.rank if self.is_proven else min(self.role.rank, Role.MODERATOR.rank)

    @property
    def is_owner(self) -> bool:
        """Whether they act as an owner, who stands above everybody."""
        return self.role is Role.OWNER and self.is_proven

    def may(self, permission: Permission) -> bool:
        """Whether `require` lets them."""
        return permission in self.permissions()

    def permissions(self) -> frozenset[Permission]:
        """All that they may do now."""
        held = PERMISSIONS[self.role]
        if self.limited_to is not None:
            held &= self.limited_to
        return held if self.is_proven else held & WITHOUT_SECOND_FACTOR


def may(role: Role, permission: Permission) -> bool:
    """Whether the role may do it."""
    return permission in PERMISSIONS[role]


def roles_with(permission: Permission) -> list[Role]:
    """Those that may do it, the lowest first."""
    return [role for role in Role if may(role, permission)]


def require(actor: Rights | Role, permission: Permission) -> None:
    """Raise PermissionDenied unless they may do it: SecondFactorNeeded if nothing but that stands in the way."""
    rights = actor if isinstance(actor, Rights) else Rights(actor)
    if not may(rights.role, permission):
        raise PermissionDenied(f"This needs the role {roles_with(permission)[0]}.")
    if rights.limited_to is not None and permission not in rights.limited_to:
        raise PermissionDenied(
            f"This token is not for {permission.replace('_', ' ')}.", hint="An owner can make one that is."
        )
    if not rights.may(permission):
        raise SecondFactorNeeded


def require_authority(actor: Rights | Role, target: Role, permission: Permission) -> None:
    """Raise as `require`, and PermissionDenied unless the actor stands above `target`.

    Nobody acts on an equal or higher role; owners act on everybody.
    """
    rights = actor if isinstance(actor, Rights) else Rights(actor)
    require(rights, permission)
    if rights.is_owner or rights.rank > target.rank:
        return
    if rights.role is Role.OWNER or rights.role.rank > target.rank:
        raise SecondFactorNeeded
    raise PermissionDenied("You may not act on somebody of your own or a higher role.")


def require_grant(actor: Rights | Role, target: Role, granted: Role) -> None:
    """Raise PermissionDenied unless the actor may change the role of a `target` to `granted`."""
    require_authority(actor, target, Permission.SET_ROLE)
    role = actor.role if isinstance(actor, Rights) else actor
    if role is not Role.OWNER and granted.includes(role):
        raise PermissionDenied("You may only give roles below your own.")


def readable(permissions: Iterable[Permission]) -> list[str]:
    """Their names, in the order of the table."""
    held = frozenset(permissions)
    return [permission.value for permission in Permission if permission in held]
