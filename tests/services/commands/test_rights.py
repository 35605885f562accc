"""No role can do more with a text command than the table of permissions says."""

from __future__ import annotations

from typing import Any

import pytest

from mythgate.domain.accounts import Role
from mythgate.domain.errors import PermissionDenied
from mythgate.domain.permissions import Permission, may
from mythgate.services.commands.registry import Called, Group, Wordbook, least_role
from mythgate.services.commands.table import REGISTRY
from mythgate.services.lobbycommands import REGISTRY as DOT_COMMANDS
from mythgate.services.lobbycommands import LobbyGroup

P = Permission

NEEDS = {
    **{f"world: {one}": P.MUTE for one in ("mute", "unmute")},
    "world: kick": P.KICK,
    "world: ban": P.BAN,
    "world: announce": P.ANNOUNCE,
    **{f"world: {one}": P.RUN_WORLD for one in ("seal", "unseal", "release", "aetherfall")},
    **{f"lobby: {one}": P.MUTE for one in ("mute", "unmute")},
    "lobby: kick": P.KICK,
    "lobby: ban": P.BAN,
    **{f"lobby: {one}": P.RUN_ROOMS for one in ("lock", "unlock", "rainbow")},
    **{f"lobby: {one}": P.CHANGE_SETTINGS for one in ("open", "close")},
    "lobby: admin": P.HEAR_STAFF,
    "lobby: message": P.ANNOUNCE,
}
"""Whoever adds a command for the staff adds it here."""

BOOKS: list[tuple[str, Wordbook[Any]]] = [("world", REGISTRY), ("lobby", DOT_COMMANDS)]
COMMANDS: list[tuple[str, Wordbook[Any], Called]] = [
    (f"{place}: {one.name}", book, one) for place, book in BOOKS for one in book.allowed(Role.OWNER)
]


def test_every_command_for_the_staff_is_known_with_its_permission() -> None:
    assert {name: one.permission for name, _, one in COMMANDS if one.permission is not None} == NEEDS


def test_whatever_help_lists_among_the_staffs_needs_a_permission() -> None:
    listed = [one.permission for one in REGISTRY.allowed(Role.OWNER) if one.group is Group.STAFF]
    dotted = [one.permission for one in DOT_COMMANDS.allowed(Role.OWNER) if one.group is LobbyGroup.STAFF]
    assert listed and dotted and None not in (*listed, *dotted)


@pytest.mark.parametrize("role", Role)
def test_each_role_may_use_what_the_table_says(role: Role) -> None:
    for name, book, command in COMMANDS:
        for word in command.words:
            if command.permission is None or may(role, command.permission):
                assert book.resolve(word, role) is command
                continue
            with pytest.raises(PermissionDenied, match=f"{command.name} is for "):
                book.resolve(word, role)
            assert command not in book.allowed(role), name
        assert may(least_role(command), command.permission) if command.permission else True
