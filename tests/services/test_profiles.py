"""Profiles, and who can be found."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.support.clock import FakeClock
from tests.support.people import PeopleKit, people_kit

from mythgate.domain.accounts import AccountStatus
from mythgate.domain.errors import InvalidInput, NotFound, PermissionDenied
from mythgate.domain.lobbies import Colour, Looks
from mythgate.domain.profiles import Profile
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.tournaments import Tournament
from mythgate.services.ports import Store

LOOKS = Looks("|iAnna", "Otters", 3, Colour(1, 2, 3))


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PeopleKit]:
    async with people_kit(clock, store) as made:
        yield made


async def test_what_people_tell_of_themselves(kit: PeopleKit) -> None:
    anna = await kit.account("Anna")
    assert await kit.profiles.profile(anna.id) == Profile(anna.id)
    saved = await kit.profiles.describe(anna.id, city="Ghent", quote="Hm.")
    assert (saved.city, saved.quote, saved.updated_at) == ("Ghent", "Hm.", kit.clock.now())
    await kit.profiles.dress(anna.id, LOOKS, country_code=32)
    profile = await kit.profiles.profile(anna.id)
    assert (profile.city, profile.country_code, profile.looks("Anna")) == ("Ghent", 32, LOOKS)
    await kit.profiles.dress(anna.id, Looks("Anna"))
    assert (await kit.profiles.profile(anna.id)).country_code == 32


async def test_what_does_not_fit_is_not_saved(kit: PeopleKit) -> None:
    anna = await kit.account("Anna")
    with pytest.raises(InvalidInput):
        await kit.profiles.describe(anna.id, city="x" * 500)
    with pytest.raises(InvalidInput):
        await kit.profiles.dress(anna.id, Looks("x" * 40))
    assert await kit.profiles.profile(anna.id) == Profile(anna.id)


async def test_guests_have_no_profile(kit: PeopleKit) -> None:
    guest = await kit.account("Visitor", is_guest=True)
    with pytest.raises(PermissionDenied):
        await kit.profiles.describe(guest.id, city="Ghent")


async def test_what_a_client_says_counts_the_first_time_and_when_it_was_changed(kit: PeopleKit) -> None:
    anna = await kit.account("Anna")
    assert await kit.profiles.arrive(anna.id, LOOKS, changed=False, country_code=1) == (LOOKS, False)
    other = Looks("|bAnna", icon=5)
    assert await kit.profiles.arrive(anna.id, other, changed=False) == (LOOKS, True)
    assert await kit.profiles.arrive(anna.id, LOOKS, changed=False) == (LOOKS, False)
    assert await kit.profiles.arrive(anna.id, other, changed=True, country_code=2) == (other, False)
    assert (await kit.profiles.profile(anna.id)).country_code == 2


async def test_who_only_described_themselves_was_never_dressed(kit: PeopleKit) -> None:
    anna = await kit.account("Anna")
    await kit.profiles.describe(anna.id, city="Ghent")
    assert await kit.profiles.arrive(anna.id, LOOKS, changed=False) == (LOOKS, False)
    assert (await kit.profiles.profile(anna.id)).city == "Ghent"


async def test_cards(kit: PeopleKit) -> None:
    anna, bob = await kit.account("Anna"), await kit.account("Bob")
    await kit.clans.found(anna.id, "Otters", maintenance_password="maintain", member_password="swim")
    card = await kit.profiles.card("anna")
    assert (card.account.name, card.clan and card.clan.name) == ("Anna", "Otters")
    assert (await kit.profiles.card_of(bob.number)).clan is None
    for unknown in ("Nobody", ""):
        with pytest.raises(NotFound):
            await kit.profiles.card(unknown)
    bob.status = AccountStatus.DISABLED
    await kit.store.write(lambda tx: tx.accounts.save(bob))
    with pytest.raises(NotFound):
        await kit.profiles.card_of(bob.number)


async def test_looking_for_people(kit: PeopleKit) -> None:
    for name in ("Anna", "Johanna", "Bob"):
        await kit.account(name)
    await kit.account("Annabel", is_guest=True)
    assert [card.account.name for card in await kit.profiles.search("ANN")] == ["Anna", "Johanna"]
    assert len(await kit.profiles.search("", limit=2)) == 2


async def test_what_lobbies_ask_for(kit: PeopleKit) -> None:
    anna = await kit.account("Anna")
    assert await kit.profiles.ties(anna.id) == await kit.profiles.ties(anna.id)
    assert (await kit.profiles.ties(anna.id)).clan == 0
    view = await kit.clans.found(anna.id, "Otters", maintenance_password="maintain", member_password="swim")
    now = kit.clock.now()
    cup = await kit.tournaments.announce(OPERATOR, Tournament("Cup", 3, 4, now, now))
    await kit.tournaments.sign_up(anna.id, cup.number)
    ties = await kit.profiles.ties(anna.id)
    assert (ties.clan, ties.tournaments) == (view.clan.number, frozenset({3}))
