"""Clans: founded, joined, led, left, disbanded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.support.clock import FakeClock
from tests.support.people import LADDER, PeopleKit, account_of, nobody, people_kit

from mythgate.domain.clans import GRACE, MOST_MEMBERS, ClanDetails, ClanRank
from mythgate.domain.errors import (
    BadCredentials,
    Conflict,
    InvalidInput,
    LimitReached,
    NameTaken,
    NotFound,
    PermissionDenied,
    SessionEnded,
    TooMany,
)
from mythgate.domain.events import ClanChanged
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Occupant
from mythgate.domain.sessions import OPERATOR
from mythgate.services.clans import ClanView
from mythgate.services.ports import Store


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PeopleKit]:
    async with people_kit(clock, store) as made:
        yield made


async def found(kit: PeopleKit, leader: Occupant, *members: Occupant, name: str = "Otters") -> int:
    view = await kit.clans.found(
        account_of(leader), name, maintenance_password="maintain", member_password="swim", details=ClanDetails("Swim!")
    )
    for one in members:
        kit.clock.advance(timedelta(seconds=1))
        await kit.clans.join(account_of(one), view.clan.number, "swim")
    return view.clan.number


def ranks(view: ClanView) -> list[tuple[str, str]]:
    return [(one.name, one.rank) for one in view.members]


def told(kit: PeopleKit, one: Occupant) -> list[tuple[str, list[tuple[str, int | None]]]]:
    return [
        (payload.name, [(member.name, member.room_id) for member in payload.members])
        for payload in kit.heard(one).of(ClanChanged)
    ]


async def test_founding_and_joining(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    number = await found(kit, anna, bob)
    view = await kit.clans.view(number)
    assert ranks(view) == [("Anna", "leader"), ("Bob", "member")]
    assert view.clan.motto == "Swim!"
    assert "swim" not in view.clan.member_hash
    assert await kit.clans.of_account(account_of(bob)) == view
    assert await kit.clans.find("OTTERS") == view
    assert [clan.name for clan in await kit.clans.all()] == ["Otters"]
    assert told(kit, anna)[-1] == ("Otters", [("Anna", LADDER), ("Bob", LADDER)])
    assert [one.number for one in await kit.clans.online(account_of(anna))] == [anna.number, bob.number]
    assert [action for action, _ in await kit.audited()] == ["clan.founded", "clan.joined"]


async def test_what_does_not_exist(kit: PeopleKit) -> None:
    anna = await kit.myth("Anna")
    with pytest.raises(NotFound):
        await kit.clans.view(9)
    with pytest.raises(NotFound):
        await kit.clans.find("Otters")
    assert await kit.clans.of_account(account_of(anna)) is None
    assert await kit.clans.online(account_of(anna)) == []
    with pytest.raises(NotFound):
        await kit.clans.leave(account_of(anna))
    with pytest.raises(NotFound):
        await kit.clans.set_rank(account_of(anna), anna.number, ClanRank.LEADER)


async def test_what_cannot_be_founded(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    await found(kit, anna)
    with pytest.raises(NameTaken):
        await found(kit, bob, name="0tters")
    with pytest.raises(Conflict):
        await found(kit, anna, name="Herons")
    with pytest.raises(InvalidInput):
        await kit.clans.found(account_of(bob), "Herons", maintenance_password="abc", member_password="swim")
    with pytest.raises(SessionEnded):
        await kit.clans.found(AccountId("gone"), "Herons", maintenance_password="abcd", member_password="swim")
    assert [clan.name for clan in await kit.clans.all()] == ["Otters"]


async def test_nobody_joins_two(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    await found(kit, anna)
    number = await found(kit, bob, name="Herons")
    with pytest.raises(Conflict):
        await kit.clans.join(account_of(anna), number, "swim")


async def test_guesses_are_counted(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    number = await found(kit, anna)
    for _ in range(5):
        with pytest.raises(BadCredentials):
            await kit.clans.join(account_of(bob), number, "guess")
    with pytest.raises(TooMany):
        await kit.clans.join(account_of(bob), number, "swim")
    kit.clock.advance(timedelta(minutes=2))
    await kit.clans.join(account_of(bob), number, "swim")


async def test_a_full_clan(kit: PeopleKit) -> None:
    anna = await kit.myth("Anna")
    number = await found(kit, anna)
    for index in range(MOST_MEMBERS - 1):
        await kit.clans.join((await kit.account(f"Member {index}")).id, number, "swim")
    with pytest.raises(LimitReached):
        await kit.clans.join((await kit.account("Late")).id, number, "swim")


async def test_the_last_places_are_not_given_twice(kit: PeopleKit) -> None:
    number = await found(kit, await kit.myth("Anna"))
    for index in range(MOST_MEMBERS - 2):
        await kit.clans.join((await kit.account(f"Member {index}")).id, number, "swim")
    late = [await kit.account(f"Late {index}") for index in range(4)]
    outcomes = await asyncio.gather(*(kit.clans.join(one.id, number, "swim") for one in late), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["ClanView", *["LimitReached"] * 3]


async def test_leaving_passes_the_lead_on(kit: PeopleKit) -> None:
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    number = await found(kit, anna, bob, cara)
    await kit.clans.leave(account_of(anna))
    assert ranks(await kit.clans.view(number)) == [("Bob", "leader"), ("Cara", "member")]
    assert told(kit, anna)[-1] == ("", [])
    assert told(kit, cara)[-1] == ("Otters", [("Bob", LADDER), ("Cara", LADDER)])
    await kit.clans.leave(account_of(cara))
    await kit.clans.leave(account_of(bob))
    assert await kit.clans.all() == []


async def test_the_leader_changes_the_clan(kit: PeopleKit) -> None:
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    number = await found(kit, anna, bob)
    view = await kit.clans.update(
        account_of(anna), number, ClanDetails(motd="Hello"), new_member_password="dive", new_maintenance_password="mend"
    )
    assert (view.clan.motd, view.clan.motto) == ("Hello", "")
    with pytest.raises(BadCredentials):
        await kit.clans.join(account_of(cara), number, "swim")
    await kit.clans.join(account_of(cara), number, "dive")
    for outsider in (bob, await kit.myth("Dan")):
        with pytest.raises(PermissionDenied):
            await kit.clans.update(account_of(outsider), number, ClanDetails())
    with pytest.raises(InvalidInput):
        await kit.clans.update(account_of(anna), number, ClanDetails(motto="x" * 512))
    with pytest.raises(InvalidInput):
        await kit.clans.update(account_of(anna), number, ClanDetails(), new_member_password="x")


async def test_who_knows_the_maintenance_password_changes_it_too(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    number = await found(kit, anna)
    with pytest.raises(BadCredentials):
        await kit.clans.update(account_of(bob), number, ClanDetails(), maintenance_password="swim")
    view = await kit.clans.update(
        account_of(bob), number, ClanDetails(url="https://otters.example"), maintenance_password="maintain"
    )
    assert view.clan.url == "https://otters.example"
    await kit.clans.dismiss(account_of(bob), number, anna.number, maintenance_password="maintain")
    assert await kit.clans.all() == []
    assert told(kit, anna)[-1] == ("", [])


async def test_a_password_that_is_changed_meanwhile_opens_nothing(
    kit: PeopleKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    number = await found(kit, anna)
    verify = kit.hasher.verify

    async def verified_too_late(stored: str, password: str) -> bool:
        fits = await verify(stored, password)
        clan = (await kit.clans.view(number)).clan
        clan.maintenance_hash = clan.member_hash = await kit.hasher.hash("swim")
        await kit.store.write(lambda tx: tx.clans.save(clan))
        return fits

    await kit.clans.update(account_of(anna), number, ClanDetails(), new_maintenance_password="swim")
    monkeypatch.setattr(kit.hasher, "verify", verified_too_late)
    with pytest.raises(BadCredentials):
        await kit.clans.join(account_of(bob), number, "swim")
    with pytest.raises(BadCredentials):
        await kit.clans.update(account_of(bob), number, ClanDetails(), maintenance_password="swim")
    with pytest.raises(BadCredentials):
        await kit.clans.dismiss(account_of(bob), number, anna.number, maintenance_password="swim")
    assert ranks(await kit.clans.view(number)) == [("Anna", "leader")]


async def test_sending_somebody_away(kit: PeopleKit) -> None:
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    number = await found(kit, anna, bob, cara)
    await kit.clans.set_rank(account_of(anna), bob.number, ClanRank.OFFICER)
    with pytest.raises(PermissionDenied):
        await kit.clans.dismiss(account_of(bob), number, anna.number)
    with pytest.raises(PermissionDenied):
        await kit.clans.dismiss(account_of(await kit.myth("Dan")), number, cara.number)
    with pytest.raises(NotFound):
        await kit.clans.dismiss(account_of(bob), number, 999)
    await kit.clans.dismiss(account_of(bob), number, cara.number)
    assert ranks(await kit.clans.view(number)) == [("Anna", "leader"), ("Bob", "officer")]
    assert told(kit, cara)[-1] == ("", [])


async def test_giving_the_lead_away(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    number = await found(kit, anna, bob)
    view = await kit.clans.set_rank(account_of(anna), bob.number, ClanRank.LEADER)
    assert ranks(view) == [("Anna", "officer"), ("Bob", "leader")]
    with pytest.raises(PermissionDenied):
        await kit.clans.set_rank(account_of(anna), bob.number, ClanRank.MEMBER)
    with pytest.raises(NotFound):
        await kit.clans.set_rank(account_of(bob), 999, ClanRank.MEMBER)
    assert number == view.clan.number


async def test_small_clans_are_disbanded_after_ten_days(kit: PeopleKit) -> None:
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    number = await found(kit, anna, bob, cara)
    kit.clock.advance(GRACE)
    assert await kit.clans.maintain() == []
    await kit.clans.leave(account_of(cara))
    kit.clock.advance(GRACE - timedelta(seconds=1))
    assert await kit.clans.maintain() == []
    kit.clock.advance(timedelta(seconds=1))
    assert await kit.clans.maintain() == ["Otters"]
    assert told(kit, bob)[-1] == ("", [])
    with pytest.raises(NotFound):
        await kit.clans.view(number)


async def test_the_size_is_noted_also_without_us(kit: PeopleKit) -> None:
    """A member's account was swept by hand."""
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    number = await found(kit, anna, bob, cara)
    await kit.store.write(lambda tx: tx.clans.leave(account_of(cara)))
    assert await kit.clans.maintain() == []
    assert (await kit.clans.view(number)).clan.below_since == kit.clock.now()


async def test_the_leader_disbands_the_clan(kit: PeopleKit) -> None:
    anna, bob, cara = await kit.myth("Anna"), await kit.myth("Bob"), await kit.myth("Cara")
    number = await found(kit, anna, bob)
    for other in (bob, cara):
        with pytest.raises(PermissionDenied):
            await kit.clans.disband(kit.caller(other), number)
    await kit.clans.disband(kit.caller(anna), number)
    for member in (anna, bob):
        assert told(kit, member)[-1] == ("", [])
    assert await kit.clans.of_account(account_of(bob)) is None


async def test_an_admin_disbands_any(kit: PeopleKit) -> None:
    anna = await kit.myth("Anna")
    number = await found(kit, anna)
    with pytest.raises(SessionEnded):
        await kit.clans.disband(nobody(), number)
    await kit.clans.disband(OPERATOR, number)
    assert told(kit, anna)[-1] == ("", [])
    with pytest.raises(NotFound):
        await kit.clans.disband(OPERATOR, number)


async def test_members_hear_who_comes_and_goes(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    await found(kit, anna, bob)
    await kit.settle()
    kit.realtime.clear()
    kit.lobbies.leave(bob.visitor.listener)
    await kit.settle()
    assert told(kit, anna) == [("Otters", [("Anna", LADDER), ("Bob", None)])]
    kit.myth_guest("Wanderer")
    await kit.settle()
    assert len(told(kit, anna)) == 1


async def test_all_clans_with_their_members(kit: PeopleKit) -> None:
    number = await found(kit, await kit.myth("Anna"))
    assert await kit.clans.views() == [await kit.clans.view(number)]
