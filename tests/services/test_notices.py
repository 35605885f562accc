"""Being told, while one is away, that it is worth coming."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests.support.clock import FakeClock
from tests.support.people import LADDER, OPEN, PeopleKit, people_kit

from mythgate.domain.accounts import AccountStatus
from mythgate.domain.errors import InvalidInput, NotFound, PermissionDenied, TooMany
from mythgate.domain.hosting import GameFacts
from mythgate.domain.notices import FAILURES, PAUSE, WORLD, Contact, Notice, Occasion, Outcome, Way
from mythgate.domain.sessions import Caller
from mythgate.services import notices
from mythgate.services.departed import forget
from mythgate.services.notices import NoticeService
from mythgate.services.ports import Store

PUSH = {"p256dh": "a", "auth": "b"}
BROWSER = "https://push.example.org/1"


@dataclass
class Letters:
    """A postman who writes down what he carries."""

    ways: Collection[Way] = frozenset(Way)
    push_key: str = "key"
    outcomes: list[Outcome] = field(default_factory=list)  # of the next deliveries
    sent: list[tuple[str, str]] = field(default_factory=list)

    def require(self, contact: Contact) -> None:
        if "forbidden" in contact.address:
            raise InvalidInput("Not there.")

    async def deliver(self, contact: Contact, notice: Notice) -> Outcome:
        self.sent.append((contact.address, notice.text))
        return self.outcomes.pop(0) if self.outcomes else Outcome.DELIVERED

    def texts(self) -> list[str]:
        found = [text for _, text in self.sent]
        self.sent.clear()
        return found


@dataclass
class Desk:
    people: PeopleKit
    post: Letters
    service: NoticeService

    async def somebody(self, name: str = "Ada", *, browser: bool = True) -> Caller:
        """Somebody who is away, and reached by their browser."""
        account = await self.people.account(name)
        caller = self.people.caller(self.people.visitor_of(account))
        if browser:
            await self.service.add_contact(caller, Way.PUSH, f"{BROWSER}{name}", PUSH)
        return caller

    async def look(self, after: timedelta = timedelta(seconds=5)) -> list[str]:
        """What is told when some time has passed."""
        self.people.clock.advance(after)
        await self.service.tick()
        await self.service.settle()
        return self.post.texts()


def service(kit: PeopleKit, post: Letters) -> NoticeService:
    return NoticeService(
        store=kit.store,
        presence=kit.presence,
        lobbies=kit.lobbies,
        games=kit.hosting,
        postman=post,
        throttle=kit.throttle,
        clock=kit.clock,
    )


@pytest.fixture
async def desk(clock: FakeClock, store: Store) -> AsyncIterator[Desk]:
    async with people_kit(clock, store) as kit:
        post = Letters()
        made = Desk(kit, post, service(kit, post))
        await made.service.start()
        yield made
        await made.service.settle()


# --- what is told ---


async def test_so_many_people_in_a_lobby(desk: Desk) -> None:
    ada = await desk.somebody()
    await desk.service.subscribe(ada, Occasion.PEOPLE, place=str(LADDER), count=2)
    first = await desk.people.myth("Bob")
    desk.people.myth_guest("Elsewhere")
    assert await desk.look() == []
    await desk.people.myth("Cid")
    assert await desk.look() == ["2 people are in Silvermines."]
    assert await desk.look() == []  # once
    assert await desk.look(PAUSE) == []  # and not again while it stays so
    desk.people.lobbies.leave(first.visitor.listener)
    assert await desk.look() == []
    await desk.people.myth("Dan")
    assert await desk.look() == ["2 people are in Silvermines."]


async def test_not_more_often_than_half_an_hour(desk: Desk) -> None:
    ada = await desk.somebody()
    await desk.service.subscribe(ada, Occasion.PEOPLE)
    bob = await desk.people.myth("Bob")
    assert await desk.look() == ["Somebody is there."]
    desk.people.lobbies.leave(bob.visitor.listener)
    assert await desk.look() == []
    await desk.people.myth("Cid")
    assert await desk.look() == []
    assert await desk.look(PAUSE) == ["Somebody is there."]


async def test_people_in_the_world(desk: Desk) -> None:
    ada = await desk.somebody()
    await desk.service.subscribe(ada, Occasion.PEOPLE, place=WORLD)
    await desk.people.visitor("Bob", browser=True)
    assert await desk.look() == ["Somebody is in the world."]


async def test_somebody_hosts(desk: Desk) -> None:
    ada = await desk.somebody()
    await desk.service.subscribe(ada, Occasion.GAME, count=99)
    bob = await desk.people.myth("Bob")
    facts = GameFacts(name="|iSiege", map_name="Somewhere")
    desk.people.hosting.announce(bob.visitor.listener, address="192.0.2.1", port=3453, facts=facts)
    assert await desk.look() == ["Somebody hosts “Siege” in Silvermines."]
    guest = desk.people.myth_guest("Nobody")
    facts = GameFacts(name="Other", map_name="Somewhere")
    desk.people.hosting.announce(guest.visitor.listener, address="192.0.2.1", port=3453, facts=facts)
    await desk.service.subscribe(ada, Occasion.GAME, place=str(OPEN))
    assert await desk.look() == ["Somebody hosts “Other” in White Falls."]


async def test_one_s_clan(desk: Desk) -> None:
    ada = await desk.somebody()
    with pytest.raises(InvalidInput, match="no clan"):
        await desk.service.subscribe(ada, Occasion.CLAN)
    clan = await desk.people.clans.found(
        ada.account_id, "Wolves", maintenance_password="moonlight", member_password="sunlight"
    )
    bob = await desk.people.myth("Bob")
    await desk.people.clans.join(desk.people.caller(bob).account_id, clan.clan.number, "sunlight")
    await desk.people.myth("Stranger")
    await desk.service.subscribe(ada, Occasion.CLAN)
    assert await desk.look() == ["One of your clan is there."]


async def test_a_friend(desk: Desk) -> None:
    ada = await desk.somebody()
    bob, cid = await desk.people.account("Bob"), await desk.people.account("Cid")
    with pytest.raises(NotFound, match="list"):
        await desk.service.subscribe(ada, Occasion.FRIEND, friend=bob.number)
    for friend in (bob, cid):
        await desk.people.friends.add(ada.account_id, friend.number)
    await desk.service.subscribe(ada, Occasion.FRIEND, friend=bob.number)
    await desk.service.subscribe(ada, Occasion.FRIEND)
    assert await desk.look() == []
    visitor = desk.people.visitor_of(cid, family=None)
    desk.people.lobbies.enter(visitor, OPEN)
    assert await desk.look() == ["Cid is there."]
    desk.people.lobbies.enter(desk.people.visitor_of(bob, family=None), OPEN)
    assert await desk.look() == ["Bob is there."]


async def test_ties_are_read_anew_after_a_while(desk: Desk) -> None:
    ada = await desk.somebody()
    await desk.service.subscribe(ada, Occasion.FRIEND)
    bob = await desk.people.myth("Bob")
    assert await desk.look() == []
    await desk.people.friends.add(ada.account_id, bob.number)
    assert await desk.look() == []
    assert await desk.look(notices.TIES_LAST) == ["Bob is there."]


async def test_more_ties_than_are_read_in_one_look(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "TIES_AT_ONCE", 1)
    bob = await desk.people.myth("Bob")
    for name in ("Ada", "Eve"):
        caller = await desk.somebody(name)
        await desk.people.friends.add(caller.account_id, bob.number)
        await desk.service.subscribe(caller, Occasion.FRIEND)
    assert await desk.look() == ["Bob is there."]
    assert await desk.look() == ["Bob is there."]


async def test_who_is_there_sees_it_themselves(desk: Desk) -> None:
    ada = await desk.people.myth("Ada")
    caller = desk.people.caller(ada)
    await desk.service.add_contact(caller, Way.PUSH, BROWSER, PUSH)
    await desk.service.subscribe(caller, Occasion.PEOPLE)
    await desk.people.myth("Bob")
    assert await desk.look() == []
    desk.people.lobbies.leave(ada.visitor.listener)
    assert await desk.look() == []  # they have seen it


async def test_nobody_is_told_of_who_is_hidden(desk: Desk) -> None:
    ada = await desk.somebody()
    await desk.service.subscribe(ada, Occasion.PEOPLE)
    await desk.people.myth("Ghost", hidden=True)
    assert await desk.look() == []


async def test_in_quiet_hours_it_waits(desk: Desk) -> None:
    ada = await desk.somebody()
    await desk.service.subscribe(ada, Occasion.PEOPLE)
    now = desk.people.clock.now()
    minute = now.hour * 60 + now.minute
    begins, ends = (minute - 5) % 1440, (minute + 10) % 1440
    await desk.service.set_quiet(ada, begins, ends, "UTC")
    await desk.people.myth("Bob")
    assert await desk.look() == []
    assert await desk.look() == []
    assert await desk.look(timedelta(minutes=11)) == ["Somebody is there."]


async def test_quiet_hours_end_when_they_are_taken_back(desk: Desk) -> None:
    ada = await desk.somebody()
    await desk.service.subscribe(ada, Occasion.PEOPLE)
    await desk.service.set_quiet(ada, 0, 1439, "UTC")
    await desk.people.myth("Bob")
    assert await desk.look() == []
    await desk.service.clear_quiet(ada)
    assert await desk.look() == ["Somebody is there."]


async def test_who_cannot_be_reached_is_not_told(desk: Desk) -> None:
    ada = await desk.somebody(browser=False)
    await desk.service.subscribe(ada, Occasion.PEOPLE)
    await desk.people.myth("Bob")
    assert await desk.look() == []


async def test_what_is_waited_for_survives_a_restart_and_is_not_told_again(desk: Desk) -> None:
    ada = await desk.somebody()
    await desk.service.subscribe(ada, Occasion.PEOPLE)
    await desk.people.myth("Bob")
    assert await desk.look() == ["Somebody is there."]
    desk.service = service(desk.people, desk.post)
    await desk.service.start()
    assert desk.service.waiting == 1
    assert await desk.look() == []


async def test_a_place_that_is_no_more(desk: Desk) -> None:
    ada = await desk.somebody()
    made = await desk.service.subscribe(ada, Occasion.PEOPLE, place=str(OPEN))
    made.place = "9999"  # as if the lobby had been closed
    assert desk.service._place_name("9999") == ""
    assert await desk.look() == []


# --- who goes ---


async def test_whose_account_goes_waits_no_longer(desk: Desk) -> None:
    ada = await desk.somebody()
    await desk.service.subscribe(ada, Occasion.PEOPLE)
    now = desk.people.clock.now()
    await desk.people.store.write(lambda tx: forget(tx, ada.account_id, now))
    await desk.people.myth("Bob")
    assert await desk.look() == []
    assert desk.service.waiting == 1  # found out when it would have been told


async def test_what_is_gone_meanwhile_is_dropped(desk: Desk) -> None:
    ada = await desk.somebody()
    made = await desk.service.subscribe(ada, Occasion.PEOPLE)
    await desk.people.store.write(lambda tx: tx.notices.unsubscribe(ada.account_id, made.number))
    await desk.people.myth("Bob")
    assert await desk.look() == []
    assert (desk.service.waiting, made.told_at) == (0, None)


async def test_whoever_is_locked_is_told_nothing(desk: Desk) -> None:
    ada = await desk.somebody()
    await desk.service.subscribe(ada, Occasion.PEOPLE)
    account = await desk.people.store.read(lambda tx: tx.accounts.require(ada.account_id))
    account.status = AccountStatus.DISABLED
    await desk.people.store.write(lambda tx: tx.accounts.save(account))
    await desk.people.myth("Bob")
    assert await desk.look() == []


# --- addresses ---


async def test_an_address_is_used_when_its_code_came_back(desk: Desk) -> None:
    ada = await desk.somebody(browser=False)
    made = await desk.service.add_contact(ada, Way.MAIL, " ada@example.org ")
    [code] = [text.split()[0] for text in desk.post.texts()]
    await desk.service.subscribe(ada, Occasion.PEOPLE)
    await desk.people.myth("Bob")
    assert await desk.look() == []
    with pytest.raises(InvalidInput):
        await desk.service.confirm_contact(ada, made.number, "0")
    assert (await desk.service.confirm_contact(ada, made.number, code)).is_in_use
    with pytest.raises(NotFound):
        await desk.service.confirm_contact(ada, made.number + 1, code)
    assert [code == "", await desk.look(PAUSE)] == [False, []]  # what was true while nothing could be told is over


async def test_adding_it_again_sends_a_new_code(desk: Desk) -> None:
    ada = await desk.somebody(browser=False)
    for _ in range(2):
        await desk.service.add_contact(ada, Way.MAIL, "ada@example.org")
    assert len((await desk.service.overview(ada)).contacts) == 1
    assert len(desk.post.texts()) == 2


async def test_nobody_gets_codes_without_end(desk: Desk) -> None:
    ada = await desk.somebody(browser=False)
    for _ in range(3):
        await desk.service.add_contact(ada, Way.MAIL, "victim@example.org")
    with pytest.raises(TooMany):
        await desk.service.add_contact(ada, Way.MAIL, "victim@example.org")
    eve = await desk.somebody("Eve", browser=False)
    with pytest.raises(TooMany):
        await desk.service.add_contact(eve, Way.MAIL, "victim@example.org")


async def test_codes_are_not_guessed(desk: Desk) -> None:
    ada = await desk.somebody(browser=False)
    made = await desk.service.add_contact(ada, Way.MAIL, "ada@example.org")
    for _ in range(10):
        with pytest.raises(InvalidInput):
            await desk.service.confirm_contact(ada, made.number, "x")
    with pytest.raises(TooMany):
        await desk.service.confirm_contact(ada, made.number, "x")


async def test_an_address_nothing_reaches_is_not_kept(desk: Desk) -> None:
    ada = await desk.somebody(browser=False)
    desk.post.outcomes.append(Outcome.FAILED)
    with pytest.raises(InvalidInput, match="Nothing could be sent"):
        await desk.service.add_contact(ada, Way.WEBHOOK, "https://example.org/hook")
    assert (await desk.service.overview(ada)).contacts == []


async def test_where_nothing_may_be_sent(desk: Desk) -> None:
    ada = await desk.somebody(browser=False)
    with pytest.raises(InvalidInput, match="Not there"):
        await desk.service.add_contact(ada, Way.WEBHOOK, "https://forbidden.example.org/")
    desk.post.ways = frozenset({Way.PUSH})
    with pytest.raises(InvalidInput, match="no notices by mail"):
        await desk.service.add_contact(ada, Way.MAIL, "ada@example.org")


async def test_trying_it_out(desk: Desk) -> None:
    ada = await desk.somebody(browser=False)
    with pytest.raises(NotFound):
        await desk.service.test(ada)
    await desk.service.add_contact(ada, Way.PUSH, BROWSER, PUSH)
    assert [outcome for _, outcome in await desk.service.test(ada)] == [Outcome.DELIVERED]
    for _ in range(3):
        await desk.service.test(ada)
    with pytest.raises(TooMany):
        await desk.service.test(ada)


# --- what does not arrive ---


async def told_badly(desk: Desk, *outcomes: Outcome) -> Caller:
    ada = await desk.somebody()
    await desk.service.subscribe(ada, Occasion.PEOPLE)
    desk.post.outcomes.extend(outcomes)
    await desk.people.myth("Bob")
    assert await desk.look() == ["Somebody is there."]
    return ada


async def test_what_may_arrive_later_is_tried_again(desk: Desk) -> None:
    ada = await told_badly(desk, Outcome.LATER, Outcome.LATER)
    assert await desk.look() == []
    assert await desk.look(timedelta(minutes=1)) == ["Somebody is there."]
    assert await desk.look(timedelta(minutes=5)) == ["Somebody is there."]
    assert await desk.look(timedelta(minutes=5)) == []
    assert [one.failures for one in (await desk.service.overview(ada)).contacts] == [0]


async def test_what_never_arrives_counts_against_the_address(desk: Desk) -> None:
    ada = await told_badly(desk, *[Outcome.LATER] * 3)
    assert len(await desk.look(timedelta(minutes=1)) + await desk.look(timedelta(minutes=5))) == 2
    [contact] = (await desk.service.overview(ada)).contacts
    assert contact.failures == 1
    contact.failures = FAILURES - 1
    await desk.people.store.write(lambda tx: tx.notices.save_contact(contact))
    desk.post.outcomes.append(Outcome.DELIVERED)
    await desk.service._send(contact, Notice("a", "b"), 0)
    assert (await desk.service.overview(ada)).contacts[0].failures == 0


async def test_who_is_gone_is_forgotten(desk: Desk) -> None:
    ada = await told_badly(desk, Outcome.GONE)
    assert (await desk.service.overview(ada)).contacts == []
    await desk.service._send(Contact(ada.account_id, Way.PUSH, "x", {}, desk.people.clock.now()), Notice("", ""), 0)
    desk.post.outcomes.append(Outcome.FAILED)
    gone = Contact(ada.account_id, Way.PUSH, "x", {}, desk.people.clock.now(), number=77)
    await desk.service._send(gone, Notice("", ""), 0)
    assert desk.service.outcomes[Outcome.GONE] == 1


# --- one's own, and not others' ---


async def test_the_overview(desk: Desk) -> None:
    ada = await desk.somebody()
    made = await desk.service.subscribe(ada, Occasion.PEOPLE, place=str(OPEN), count=3)
    await desk.service.set_quiet(ada, 0, 60, "UTC")
    own = await desk.service.overview(ada)
    assert [one.number for one in own.subscriptions] == [made.number]
    assert [one.address for one in own.contacts] == [f"{BROWSER}Ada"]
    assert own.quiet is not None
    assert (own.push_key, len(own.ways)) == ("key", 3)


async def test_taking_it_back(desk: Desk) -> None:
    ada, eve = await desk.somebody(), await desk.somebody("Eve")
    made = await desk.service.subscribe(ada, Occasion.PEOPLE)
    for act in (desk.service.unsubscribe, desk.service.remove_contact):
        with pytest.raises(NotFound):
            await act(eve, made.number)
    await desk.service.unsubscribe(ada, made.number)
    [contact] = (await desk.service.overview(ada)).contacts
    await desk.service.remove_contact(ada, contact.number)
    await desk.people.myth("Bob")
    assert await desk.look() == []


async def test_guests_have_no_notices(desk: Desk) -> None:
    guest = await desk.people.account("Guest-1", is_guest=True)
    caller = desk.people.caller(desk.people.visitor_of(guest))
    with pytest.raises(PermissionDenied):
        await desk.service.overview(caller)
    with pytest.raises(PermissionDenied):
        await desk.service.subscribe(caller, Occasion.PEOPLE)


@pytest.mark.parametrize("place", ["nowhere", "9999", "-1", "٣"])
async def test_places_there_are_none(desk: Desk, place: str) -> None:
    with pytest.raises(NotFound):
        await desk.service.subscribe(await desk.somebody(), Occasion.PEOPLE, place=place)
