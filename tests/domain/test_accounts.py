"""Roles, who may act on whom, and passwords."""

from __future__ import annotations

import pytest

from mythgate.domain.accounts import Role, check_game_password, check_password
from mythgate.domain.errors import InvalidInput


def test_each_role_stands_as_high_as_the_ones_before() -> None:
    assert [role.rank for role in Role] == [0, 1, 2, 3, 4, 5]
    for actor in Role:
        for needed in Role:
            assert actor.includes(needed) == (actor.rank >= needed.rank)


@pytest.mark.parametrize(
    "password", ["correct horse", "пароль от всего", "        x y z", "a1" + "é" * 1022, "tr0ub4dor&3"]
)
def test_good_passwords(password: str) -> None:
    check_password(password, name="Alric")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "short"),
        ("seven77", "short"),
        ("a1" + "b" * 1023, "long"),
        ("          ", "blank"),
        ("AlricTheGreat", "is the name"),
        ("a1ric-the-great", "is the name"),
        ("password", "first that anybody"),
        ("PassWord1", "first that anybody"),
        ("aaaaaaaaaaaa", "first that anybody"),
        ("abababababab", "first that anybody"),
    ],
)
def test_bad_passwords(password: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        check_password(password, name="Alric the Great", field="new_password")
    assert refused.value.field == "new_password"


def test_the_bounds_are_the_operators() -> None:
    check_password("four", name="Alric", min_length=4)
    with pytest.raises(InvalidInput, match="long"):
        check_password("0123456789x", name="Alric", max_length=10)


def test_where_the_length_alone_is_promised_the_name_is_refused_still() -> None:
    for password in ("123456", "p" * 700):
        check_password(password, name="Alric", min_length=6, any_wording=True)
    for password, why in (("12345", "short"), ("alric1", "is the name"), (" " * 6, "blank")):
        with pytest.raises(InvalidInput, match=why):
            check_password(password, name="Alric1", min_length=6, any_wording=True)


@pytest.mark.parametrize("password", ["four", "fifteen letters", "grüße"])
def test_game_passwords(password: str) -> None:
    check_game_password(password, name="Anna")


@pytest.mark.parametrize("password", ["abc", "sixteen letters!", "      ", "日本語です", "tab\tby", "A n n a"])
def test_game_passwords_that_do_not_fit(password: str) -> None:
    with pytest.raises(InvalidInput):
        check_game_password(password, name="Anna")
