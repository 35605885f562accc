"""What people tell of themselves."""

from __future__ import annotations

import pytest

from mythgate.domain.errors import InvalidInput
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Colour, Looks
from mythgate.domain.profiles import GREY, Profile


def a_profile() -> Profile:
    return Profile(AccountId("a"))


def test_without_a_name_of_ones_own_the_accounts_is_shown() -> None:
    assert a_profile().looks("Anna") == Looks("Anna")


def test_a_colour_nobody_chose() -> None:
    profile = a_profile()
    assert profile.looks("Anna", unchosen=GREY).primary == GREY
    profile.dress(Looks("Anna", primary=Colour(0, 1, 0)))
    assert profile.looks("Anna", unchosen=GREY).primary == Colour(0, 1, 0)


def test_looks_are_kept() -> None:
    looks = Looks("|iAnna", "Otters", 3, Colour(1, 2, 3), Colour(4, 5, 6), b"\x01")
    profile = a_profile()
    profile.dress(looks)
    assert profile.looks("Anna") == looks


@pytest.mark.parametrize(
    ("looks", "field"),
    [
        (Looks("x" * 32), "name"),
        (Looks("a", "t\x00"), "team"),
        (Looks("a", icon=256), "icon"),
        (Looks("a", opaque=bytes(129)), "opaque"),
    ],
)
def test_looks_that_do_not_fit_change_nothing(looks: Looks, field: str) -> None:
    profile = a_profile()
    with pytest.raises(InvalidInput) as refused:
        profile.dress(looks)
    assert refused.value.field == field
    assert profile == a_profile()


def test_texts_are_kept() -> None:
    profile = a_profile()
    profile.describe(city="Ghent", state="", country="Belgium", quote="q" * (431 - 4 - 12))
    assert (profile.city, profile.country) == ("Ghent", "Belgium")


@pytest.mark.parametrize(("city", "quote", "field"), [("a\x00", "", "city"), ("", "q" * 428, "quote")])
def test_texts_that_do_not_fit(city: str, quote: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        a_profile().describe(city=city, state="", country="", quote=quote)
    assert refused.value.field == field
