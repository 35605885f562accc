"""The table of what each role may do."""

from __future__ import annotations

from pathlib import Path

import pytest

from mythgate.domain.accounts import Role
from mythgate.domain.errors import PermissionDenied, SecondFactorNeeded
from mythgate.domain.permissions import (
    PERMISSIONS,
    WITHOUT_SECOND_FACTOR,
    Permission,
    Rights,
    may,
    readable,
    require,
    require_authority,
    require_grant,
    roles_with,
)


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


# --- standing above somebody -----------------------------------------------------------------------

P, M, A, O = Role.PLAYER, Role.MODERATOR, Role.ADMIN, Role.OWNER  # noqa: E741
BELOW_ADMINS = {P, Role.READ_ONLY, Role.TOURNAMENT, M}
FOR_ADMINS = Permission.RENAME


def allowed(actor: Rights | Role, target: Role, permission: Permission) -> bool:
    try:
        require_authority(actor, target, permission)
    except PermissionDenied:
        return False
    return True


@pytest.mark.parametrize(("actor", "may_act_on"), [(P, set()), (M, set()), (A, BELOW_ADMINS), (O, set(Role))])
def test_nobody_acts_on_an_equal_or_higher_role(actor: Role, may_act_on: set[Role]) -> None:
    assert {target for target in Role if allowed(actor, target, FOR_ADMINS)} == may_act_on


def test_moderators_act_on_those_below_where_moderators_suffice() -> None:
    assert {target for target in Role if allowed(M, target, Permission.MUTE)} == BELOW_ADMINS - {M}


@pytest.mark.parametrize(
    ("actor", "target", "granted"),
    [(A, P, M), (A, M, P), (A, P, P), *((O, target, granted) for target in Role for granted in Role)],
)
def test_roles_that_may_be_given(actor: Role, target: Role, granted: Role) -> None:
    require_grant(actor, target, granted)


@pytest.mark.parametrize(
    ("actor", "target", "granted"),
    [(A, P, A), (A, P, O), (A, A, P), (A, O, P), (A, M, A), *((weak, P, role) for weak in (P, M) for role in Role)],
)  # fmt: skip
def test_roles_that_may_not_be_given(actor: Role, target: Role, granted: Role) -> None:
    with pytest.raises(PermissionDenied):
        require_grant(Rights(actor), target, granted)


# --- without the second factor, and with a token ---------------------------------------------------


@pytest.mark.parametrize("role", [A, O])
@pytest.mark.parametrize("permission", Permission)
def test_what_is_not_theirs_alone_needs_no_second_factor(role: Role, permission: Permission) -> None:
    rights = Rights(role, is_proven=False)
    assert rights.may(permission) == (permission in WITHOUT_SECOND_FACTOR)
    if permission in WITHOUT_SECOND_FACTOR:
        require(rights, permission)
        return
    with pytest.raises(SecondFactorNeeded if may(role, permission) else PermissionDenied):
        require(rights, permission)


def test_what_nobody_may_is_not_asked_a_code_for() -> None:
    with pytest.raises(PermissionDenied) as caught:
        require(Rights(A, is_proven=False), Permission.USE_TOKENS)
    assert caught.value.code == "permission_denied"


def test_who_has_not_shown_the_second_factor_stands_where_moderators_do() -> None:
    unproven = Rights(A, is_proven=False)
    require_authority(unproven, Role.PLAYER, Permission.MUTE)
    with pytest.raises(SecondFactorNeeded):
        require_authority(unproven, M, Permission.MUTE)
    with pytest.raises(SecondFactorNeeded):
        require_authority(Rights(O, is_proven=False), O, Permission.MUTE)
    with pytest.raises(PermissionDenied) as caught:
        require_authority(unproven, O, Permission.MUTE)  # not with a code either
    assert caught.value.code == "permission_denied"


def test_a_token_is_good_for_what_it_was_made_for_and_no_more_than_its_owner_may() -> None:
    token = Rights(A, limited_to=frozenset({Permission.SEE_PEOPLE, Permission.USE_TOKENS}))
    assert readable(token.permissions()) == ["see_people"]
    require(token, Permission.SEE_PEOPLE)
    with pytest.raises(PermissionDenied, match="not for see addresses"):
        require(token, Permission.SEE_ADDRESSES)
    with pytest.raises(PermissionDenied, match="the role owner"):
        require(token, Permission.USE_TOKENS)


def test_the_page_about_administration_has_the_same_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "administration.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in page.splitlines() if "| `" in line]
    told = {row[0].strip("`"): [cell == "yes" for cell in [*row[2:], *[""] * 5][:5]] for row in rows}
    assert told == {one.value: [may(role, one) for role in Role if role is not P] for one in Permission}
