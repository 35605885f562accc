"""The table of what each role may do."""

from __future__ import annotations

import pytest

from mythgate.domain.accounts import Role
from mythgate.domain.errors import PermissionDenied
from mythgate.domain.permissions import PERMISSIONS, Permission, may, require, roles_with


def test_players_may_do_nothing_and_owners_everything() -> None:
    assert PERMISSIONS[Role.PLAYER] == frozenset()
    assert PERMISSIONS[Role.OWNER] == frozenset(Permission)
    assert set(PERMISSIONS) == set(Role)


def test_who_may_only_look_changes_nothing() -> None:
    assert all(permission.startswith("see_") for permission in PERMISSIONS[Role.READ_ONLY])


def test_admins_may_do_what_moderators_and_tournament_staff_may() -> None:
    assert (
        PERMISSIONS[Role.MODERATOR] | PERMISSIONS[Role.TOURNAMENT] < PERMISSIONS[Role.ADMIN] < PERMISSIONS[Role.OWNER]
    )


def test_neither_moderators_nor_tournament_staff_may_do_all_that_the_others_may() -> None:
    assert not may(Role.MODERATOR, Permission.RUN_TOURNAMENTS)
    assert not may(Role.TOURNAMENT, Permission.MUTE)


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_whoever_may_not_is_told_which_role_it_needs(role: Role, permission: Permission) -> None:
    if may(role, permission):
        require(role, permission)
        return
    with pytest.raises(PermissionDenied, match=f"the role {roles_with(permission)[0]}"):
        require(role, permission)
