"""What each role may do: one table, which services ask and a test walks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from mythgate.domain.accounts import Role
from mythgate.domain.errors import PermissionDenied


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
    # people
    KICK = "kick"
    MUTE = "mute"
    BAN = "ban"
    LIFT_BAN = "lift_ban"
    NOTE = "note"  # about people, for the staff
    RENAME = "rename"
    CREATE_ACCOUNT = "create_account"
    RESET_PASSWORD = "reset_password"  # noqa: S105 (the name of an act)
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
_ADMIN: Final = frozenset(Permission) - {Permission.USE_TOKENS}

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.PLAYER: frozenset(),
    Role.READ_ONLY: _LOOKING,
    Role.TOURNAMENT: _TOURNAMENT,
    Role.MODERATOR: _MODERATOR,
    Role.ADMIN: _ADMIN,
    Role.OWNER: frozenset(Permission),
}


def may(role: Role, permission: Permission) -> bool:
    """Whether the role may do it."""
    return permission in PERMISSIONS[role]


def roles_with(permission: Permission) -> list[Role]:
    """Those that may do it, the lowest first."""
    return [role for role in Role if may(role, permission)]


def require(role: Role, permission: Permission) -> None:
    """Raise PermissionDenied unless the role may do it."""
    if not may(role, permission):
        raise PermissionDenied(f"This needs the role {roles_with(permission)[0]}.")
