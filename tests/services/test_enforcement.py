"""Measures: taken, changed, lifted, and what they do to who is connected; appeals; deleted messages; filters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.http import FAST_HASHES, MANY_ACCOUNTS

from mythgate.bootstrap import Node, open_node
from mythgate.config import Settings
from mythgate.domain.accounts import Account, AccountStatus, Role
from mythgate.domain.errors import (
    AccountDisabled,
    BadCredentials,
    Banned,
    InvalidInput,
    LobbyClosedToYou,
    Muted,
    NameNotAllowed,
    NotFound,
    PermissionDenied,
    SessionEnded,
    TooMany,
    WordsRefused,
    WrongState,
)
from mythgate.domain.events import LobbyMessage, SystemMessage
from mythgate.domain.filters import FilterAction, Where
from mythgate.domain.ids import AccountId, CharacterId, PlayId, SessionId
from mythgate.domain.lobbies import Family, Looks, Visitor, lobby_listener
from mythgate.domain.measures import AppealState, AppealStep, Measure, MeasureKind, Scope
from mythgate.domain.sessions import OPERATOR, Caller
from mythgate.services.enforcement import NETWORK, NewMeasure, named
from mythgate.services.ports import Transaction
from mythgate.services.sessions import SignedIn

PASSWORD = "correct horse battery"
HOME, AWAY = "192.0.2.7", "198.51.100.9"
ARRIVAL = 26


class Office:
    """A whole node without doors, and people on it."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.services = node.services

    async def person(self, name: str, role: Role = Role.PLAYER, *, address: str = HOME, door: str = "http") -> SignedIn:
        signed_in = await self.services.accounts.register(name, PASSWORD, door=door, address=address, client="test")
        if role is not Role.PLAYER:
            await self.services.accounts.set_role(OPERATOR, signed_in.caller.account_id, role)
        caller = signed_in.caller
        self.services.sessions.account_changed(await self.account(caller))
        return signed_in

    async def staff(self, name: str, role: Role = Role.MODERATOR) -> Caller:
        return (await self.person(name, role, address=AWAY)).caller

    async def account(self, caller: Caller) -> Account:
        return await self.services.store.read(lambda tx: tx.accounts.require(caller.account_id))

    async def ban(self, caller: Caller, who: Caller | None = None, **changes: Any) -> Measure:
        given: dict[str, Any] = {"account_id": who.account_id if who is not None else None}
        return await self.services.measures.take(caller, NewMeasure(MeasureKind.BAN, **given | changes))

    async def login(self, name: str, *, address: str = HOME, door: str = "http") -> SignedIn:
        return await self.services.accounts.login(name, PASSWORD, door=door, address=address, client="test")

    def visit(self, account: Account | None, *, address: str = HOME, door: str = "metaserver") -> Visitor:
        """Somebody with an old client before a lobby."""
        number = account.number if account is not None else self.services.lobbies.guest_number()
        listener = lobby_listener(number)
        owner = account.id if account is not None else AccountId(f"guest:{number}")
        self.node.lobby_hub.open(PlayId(f"p{number}"), listener, owner, SessionId(f"s{number}"))
        return Visitor(
            listener,
            number,
            account.name if account is not None else "Guest",
            Looks(account.name if account is not None else "Wanderer"),
            door,
            "Aleph One",
            account_id=account.id if account is not None else None,
            family=Family.MARATHON,
            role=account.role if account is not None else Role.PLAYER,
            address=address,
        )

    def is_in_lobby(self, listener: CharacterId) -> bool:
        return self.services.lobbies.occupant(listener) is not None

    def heard(self, listener: CharacterId) -> list[str]:
        """What the server said to somebody, in a lobby or in the world."""
        hubs = (self.node.lobby_hub, self.node.hub)
        events = [event for hub in hubs if (stream := hub.stream_of(listener)) is not None for event in stream.events]
        return [event.payload.message for event in events if isinstance(event.payload, LobbyMessage | SystemMessage)]

    async def acts(self) -> list[str]:
        entries = await self.services.store.read(lambda tx: tx.moderation.audit(limit=100))
        return [entry.action for entry in reversed(entries)]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    settings = Settings(
        data_dir=tmp_path / "data",
        passwords=FAST_HASHES,
        limits=MANY_ACCOUNTS,
        lobbies={"rooms": [{"room_id": ARRIVAL, "name": "Arrival"}, {"room_id": 5, "name": "Nook"}]},
    )
    async with open_node(settings) as node:
        await node.services.world.start()
        await node.services.measures.catch_up()
        await node.services.filters.catch_up()
        made = Office(node)
        yield made
        await node.services.filters.settle()
        await node.services.reports.settle()
        await node.services.lobbies.settle()


# --- taking ----------------------------------------------------------------------------------------


async def test_a_banned_account_is_told_why_until_when_and_how_to_appeal(office: Office) -> None:
    mira, bob = await office.staff("Mira"), (await office.person("Bob")).caller
    measure = await office.ban(mira, bob, minutes=60, reason="cheating", show_reason=True)
    with pytest.raises(AccountDisabled) as refused:
        await office.login("Bob")
    assert measure.code in refused.value.message
    assert "Reason: cheating." in refused.value.message
    (listed,) = await office.services.measures.page(mira)
    assert (listed.number, listed.by_name, listed.name) == (measure.number, "Mira", "Bob")
    assert await office.services.measures.get(mira, measure.number) == measure


async def test_a_network_is_kept_out_and_the_staff_is_not(office: Office) -> None:
    boss = await office.staff("Boss", Role.OWNER)
    bob = await office.person("Bob")
    carl = await office.person("Carl", address=AWAY)
    guard = await office.person("Guard", Role.MODERATOR)
    guest = office.visit(None)
    office.services.lobbies.enter(guest, ARRIVAL)
    measure = await office.ban(boss, network="192.0.2.0/24", minutes=60)
    with pytest.raises(SessionEnded):
        await office.services.sessions.authenticate(bob.access_token)
    await office.services.sessions.authenticate(carl.access_token)
    await office.services.sessions.authenticate(guard.access_token)
    assert not office.is_in_lobby(guest.listener)
    for coming in (
        office.login("Bob"),
        office.services.accounts.register("Dora", PASSWORD, door="http", address=HOME, client="test"),
        office.services.accounts.guest(door="http", address=HOME, client="test"),
    ):
        with pytest.raises(Banned, match="Your network is banned"):
            await coming
    assert (await office.login("Guard")).caller.name == "Guard"
    assert (await office.login("Bob", address=AWAY)).caller.name == "Bob"
    with pytest.raises(LobbyClosedToYou, match="Your network is banned"):
        office.services.lobbies.enter(office.visit(None), ARRIVAL)
    office.services.lobbies.enter(office.visit(await office.account(guard.caller)), ARRIVAL)
    await office.services.measures.lift(boss, measure.number, "they moved")
    assert (await office.login("Bob")).caller.name == "Bob"


async def test_one_door_is_closed_to_somebody(office: Office) -> None:
    mira = await office.staff("Mira")
    bob = await office.person("Bob")
    other = await office.login("Bob", door="telnet")
    await office.ban(mira, bob.caller, scope=Scope.DOOR, place="telnet")
    with pytest.raises(SessionEnded):
        await office.services.sessions.authenticate(other.access_token)
    await office.services.sessions.authenticate(bob.access_token)
    with pytest.raises(Banned, match="from this door"):
        await office.login("Bob", door="telnet")
    assert (await office.login("Bob")).caller.name == "Bob"


async def test_one_lobby_is_closed_to_somebody(office: Office) -> None:
    mira, bob = await office.staff("Mira"), await office.person("Bob")
    account = await office.account(bob.caller)
    visitor = office.visit(account)
    office.services.lobbies.enter(visitor, ARRIVAL)
    await office.ban(mira, bob.caller, scope=Scope.LOBBY, place=str(ARRIVAL))
    assert not office.is_in_lobby(visitor.listener)
    again = office.visit(account)
    with pytest.raises(LobbyClosedToYou, match="banned from this lobby"):
        office.services.lobbies.enter(again, ARRIVAL)
    office.services.lobbies.enter(again, 5)
    assert office.is_in_lobby(again.listener)


async def test_a_network_is_kept_out_of_one_lobby(office: Office) -> None:
    boss = await office.staff("Boss", Role.ADMIN)
    await office.ban(boss, network=HOME, scope=Scope.LOBBY, place=str(ARRIVAL))
    guest = office.visit(None)
    with pytest.raises(LobbyClosedToYou):
        office.services.lobbies.enter(guest, ARRIVAL)
    office.services.lobbies.enter(guest, 5)
    await office.ban(boss, network=HOME, scope=Scope.DOOR, place="metaserver")
    assert not office.is_in_lobby(guest.listener)


async def test_a_mute_in_one_place(office: Office) -> None:
    mira, bob = await office.staff("Mira"), await office.person("Bob")
    visitor = office.visit(await office.account(bob.caller))
    lobbies = office.services.lobbies
    lobbies.enter(visitor, ARRIVAL)
    muted = NewMeasure(MeasureKind.MUTE, bob.caller.account_id, scope=Scope.LOBBY, place=str(ARRIVAL), minutes=5)
    measure = await office.services.measures.take(mira, muted)
    with pytest.raises(Muted, match="muted in this lobby"):
        await lobbies.say(visitor.listener, "hello")
    lobbies.enter(visitor, 5)
    await lobbies.say(visitor.listener, "hello")
    lobbies.enter(visitor, ARRIVAL)
    await office.services.measures.lift(mira, measure.number)
    await lobbies.say(visitor.listener, "hello")


async def test_a_mute_everywhere_goes_through_the_list(office: Office) -> None:
    mira, bob = await office.staff("Mira"), await office.person("Bob")
    visitor = office.visit(await office.account(bob.caller))
    lobbies = office.services.lobbies
    lobbies.enter(visitor, ARRIVAL)
    measure = await office.services.measures.take(mira, NewMeasure(MeasureKind.MUTE, bob.caller.account_id))
    with pytest.raises(Muted) as refused:
        await lobbies.say(visitor.listener, "hello")
    assert measure.code in refused.value.hint
    changed = await office.services.measures.change(mira, measure.number, minutes=5, reason="noise", show_reason=True)
    with pytest.raises(Muted, match="another 5 minutes"):
        await lobbies.say(visitor.listener, "hello")
    assert (changed.reason, changed.version) == ("noise", 2)
    await office.services.measures.lift(mira, measure.number)
    await lobbies.say(visitor.listener, "hello")
    with pytest.raises(WrongState):
        await office.services.measures.lift(mira, measure.number)


async def test_a_mute_that_is_lifted_while_it_is_taken(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    mira, bob = await office.staff("Mira"), (await office.person("Bob")).caller
    moderation = office.services.moderation
    mute = moderation.mute

    async def mute_and_unmute(*given: Any, **named: Any) -> None:
        await mute(*given, **named)
        await moderation.unmute(OPERATOR, bob.account_id)

    monkeypatch.setattr(moderation, "mute", mute_and_unmute)
    with pytest.raises(WrongState, match="Somebody else has lifted it"):
        await office.services.measures.take(mira, NewMeasure(MeasureKind.MUTE, bob.account_id))
    assert await office.services.measures.page(mira) == []


async def test_the_reason_alone_is_changed(office: Office) -> None:
    mira, bob = await office.staff("Mira"), (await office.person("Bob")).caller
    taken = await office.ban(mira, bob, scope=Scope.DOOR, place="telnet", minutes=60, reason="noise")
    await office.services.measures.change(mira, taken.number, reason=" rude ")
    changed = await office.services.measures.get(mira, taken.number)
    assert (changed.reason, changed.ends_at, changed.shows_reason) == ("rude", taken.ends_at, False)


async def test_lifting_the_ban_of_an_account_that_is_open_opens_nothing(office: Office) -> None:
    """As after somebody changed the database by hand."""
    boss, bob = await office.staff("Boss", Role.OWNER), (await office.person("Bob")).caller
    lock = await office.ban(boss, bob)

    def open_again(tx: Transaction) -> None:
        account = tx.accounts.require(bob.account_id)
        account.status = AccountStatus.ACTIVE
        tx.accounts.save(account)

    await office.services.store.write(open_again)
    before = await office.account(bob)
    await office.services.measures.lift(boss, lock.number)
    assert (await office.services.measures.get(boss, lock.number)).lifted_by == boss.account_id
    assert await office.account(bob) == before  # nothing is saved that is so already


async def test_a_ban_puts_nobody_out_of_where_it_does_not_hold(office: Office) -> None:
    boss, bob = await office.staff("Boss", Role.OWNER), await office.person("Bob")
    account = await office.account(bob.caller)
    lobbies = office.services.lobbies
    known, guest = office.visit(account), office.visit(None)
    other_door, far = office.visit(None, door="telnet"), office.visit(None, address=AWAY)
    for visitor in (known, guest, other_door, far):
        lobbies.enter(visitor, 5)
    await office.ban(boss, network=HOME, scope=Scope.LOBBY, place=str(ARRIVAL))
    assert all(office.is_in_lobby(one.listener) for one in (known, guest, other_door, far))
    await office.ban(boss, network=HOME, scope=Scope.DOOR, place="metaserver")
    # Who has an account goes with the session, which ended; guests have none.
    assert [office.is_in_lobby(one.listener) for one in (known, guest, other_door, far)] == [True, False, True, True]


async def test_a_room_of_the_world_is_closed_to_somebody(office: Office) -> None:
    mira, bob = await office.staff("Mira"), await office.person("Bob")
    room = office.services.world.world.start_room
    await office.ban(mira, bob.caller, scope=Scope.ROOM, place=room)
    with pytest.raises(PermissionDenied, match="banned from that place"):
        office.services.measures.gate.refuse_room(bob.caller.account_id, room)
    office.services.measures.gate.refuse_room(mira.account_id, room)
    muted = NewMeasure(MeasureKind.MUTE, bob.caller.account_id, scope=Scope.ROOM, place=room)
    await office.services.measures.take(mira, muted)
    assert office.services.measures.gate.mute(bob.caller.account_id, room=room) is not None
    assert office.services.measures.gate.mute(bob.caller.account_id, room="elsewhere") is None


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, InvalidInput),
        ({"network": HOME, "account": True}, InvalidInput),
        ({"account": True, "minutes": 0}, InvalidInput),
        ({"account": True, "minutes": float("nan")}, InvalidInput),
        ({"account": True, "place": "26"}, InvalidInput),
        ({"account": True, "scope": Scope.LOBBY, "place": "x"}, InvalidInput),
        ({"account": True, "scope": Scope.LOBBY, "place": "99"}, NotFound),
        ({"account": True, "scope": Scope.DOOR, "place": "window"}, InvalidInput),
        ({"account": True, "scope": Scope.ROOM, "place": "nowhere"}, NotFound),
        ({"network": HOME, "kind": MeasureKind.MUTE}, InvalidInput),
        ({"network": HOME, "scope": Scope.ROOM, "place": "START"}, InvalidInput),
        ({"network": "127.0.0.1"}, InvalidInput),
    ],
)
async def test_measures_that_make_no_sense(office: Office, values: dict[str, Any], error: type[Exception]) -> None:
    boss, bob = await office.staff("Boss", Role.OWNER), await office.person("Bob")
    kind = values.pop("kind", MeasureKind.BAN)
    if values.pop("account", False):
        values["account_id"] = bob.caller.account_id
    if values.get("place") == "START":
        values["place"] = office.services.world.world.start_room
    with pytest.raises(error):
        await office.services.measures.take(boss, NewMeasure(kind, **values))


async def test_who_may_take_lift_and_see_measures(office: Office) -> None:
    mira, boss = await office.staff("Mira"), await office.staff("Boss", Role.OWNER)
    finn, bob = await office.staff("Finn"), (await office.person("Bob")).caller
    with pytest.raises(PermissionDenied):
        await office.ban(mira, network=HOME)
    for target in (finn, boss, mira):
        with pytest.raises(PermissionDenied):
            await office.ban(mira, target, scope=Scope.DOOR, place="http")
    with pytest.raises(PermissionDenied):
        await office.ban(bob, mira, scope=Scope.DOOR, place="http")
    with pytest.raises(PermissionDenied):
        await office.services.measures.page(bob)
    with pytest.raises(NotFound):
        await office.services.measures.take(
            mira, NewMeasure(MeasureKind.BAN, AccountId("no"), scope=Scope.DOOR, place="http")
        )
    network = await office.ban(boss, network=HOME)
    (shown,) = await office.services.measures.page(mira)
    assert shown.network == NETWORK
    for act in (
        office.services.measures.lift(mira, network.number),
        office.services.measures.change(mira, network.number),
    ):
        with pytest.raises(PermissionDenied):
            await act
    lock = await office.ban(mira, bob)
    with pytest.raises(PermissionDenied, match="role admin"):
        await office.services.measures.lift(mira, lock.number)
    await office.services.measures.lift(boss, lock.number)
    assert (await office.account(bob)).status is AccountStatus.ACTIVE
    with pytest.raises(NotFound):
        await office.services.measures.get(boss, 999)
    with pytest.raises(InvalidInput):
        await office.services.measures.change(boss, network.number, minutes=-1)
    assert (await office.services.measures.change(boss, network.number, without_end=True)).ends_at is None
    assert len(await office.services.measures.page(boss, active=False, account_id=bob.account_id)) == 1


async def test_somebody_is_put_out(office: Office) -> None:
    mira, bob = await office.staff("Mira"), await office.person("Bob")
    visitor = office.visit(await office.account(bob.caller))
    office.services.lobbies.enter(visitor, ARRIVAL)
    kick = office.services.measures.kick
    who = bob.caller.account_id
    assert await kick(mira, who, scope=Scope.LOBBY, place="5") == 0
    assert await kick(mira, who, scope=Scope.LOBBY, place=str(ARRIVAL), reason="rest") == 1
    assert not office.is_in_lobby(visitor.listener)
    assert await kick(mira, who, scope=Scope.DOOR, place="telnet") == 0
    assert await kick(mira, who) == 1
    await office.services.sessions.authenticate(bob.access_token)  # they may come back
    with pytest.raises(InvalidInput):
        await kick(mira, who, scope=Scope.ROOM, place=office.services.world.world.start_room)
    assert (await office.acts())[-1] == "account.kicked"


async def test_what_is_done_beside_the_server_takes_effect(office: Office) -> None:
    """As the command line does it, which writes to the database alone."""
    bob = await office.person("Bob")
    visitor = office.visit(await office.account(bob.caller))
    office.services.lobbies.enter(visitor, ARRIVAL)
    async with open_node(office.node.settings, makes=False) as beside:
        lobby = await beside.services.measures.take(
            OPERATOR, NewMeasure(MeasureKind.BAN, bob.caller.account_id, scope=Scope.LOBBY, place=str(ARRIVAL))
        )
        mute = await beside.services.measures.take(OPERATOR, NewMeasure(MeasureKind.MUTE, bob.caller.account_id))
        await beside.services.filters.add(OPERATOR, "badger", FilterAction.REFUSE)
        assert office.is_in_lobby(visitor.listener)
        await office.services.measures.catch_up()
        await office.services.filters.catch_up()
        assert not office.is_in_lobby(visitor.listener)
        again = office.visit(await office.account(bob.caller))
        office.services.lobbies.enter(again, 5)
        with pytest.raises(Muted):
            await office.services.lobbies.say(again.listener, "hello")
        await beside.services.measures.lift(OPERATOR, mute.number)
        await beside.services.measures.lift(OPERATOR, lobby.number)
        await office.services.measures.catch_up()
        await office.services.measures.catch_up()
        with pytest.raises(WordsRefused):
            await office.services.lobbies.say(again.listener, "a badger")
        await office.services.lobbies.say(again.listener, "hello")
        office.services.lobbies.enter(again, ARRIVAL)
    assert await office.services.measures.sweep() == 0


async def test_what_is_known_already_takes_effect_once(office: Office) -> None:
    mira, bob = await office.staff("Mira"), await office.person("Bob")
    carl, dora = await office.person("Carl"), await office.person("Dora")
    muted, put_out, locked = [office.visit(await office.account(one.caller)) for one in (bob, carl, dora)]
    for visitor in (muted, put_out, locked):
        office.services.lobbies.enter(visitor, ARRIVAL)
    wanted = NewMeasure(MeasureKind.MUTE, bob.caller.account_id, scope=Scope.LOBBY, place=str(ARRIVAL))
    mute = await office.services.measures.take(mira, wanted)
    told = office.heard(muted.listener)
    assert f"with the code {mute.code}" in told[-1]
    async with open_node(office.node.settings, makes=False) as beside:
        take = beside.services.measures.take
        nook = await take(OPERATOR, replace(wanted, kind=MeasureKind.BAN, account_id=carl.caller.account_id))
        lock = await take(OPERATOR, NewMeasure(MeasureKind.BAN, dora.caller.account_id))
        heard_before = office.heard(locked.listener)
        await office.services.measures.catch_up()
        assert not office.is_in_lobby(put_out.listener)
        assert set(office.services.measures.gate.known) == {mute.number, nook.number, lock.number}
        assert office.heard(locked.listener) == heard_before  # that the account is locked is noticed elsewhere
        assert office.services.measures.gate.appeal_hint(dora.caller.account_id) == ""
        await beside.services.measures.lift(OPERATOR, nook.number)
        await office.services.measures.catch_up()
    assert office.heard(muted.listener) == told  # neither told again nor freed
    with pytest.raises(Muted):
        await office.services.lobbies.say(muted.listener, "hello")
    office.services.lobbies.enter(replace(put_out, listener=office.visit(None).listener), ARRIVAL)


def test_measures_without_a_name_say_what_took_them() -> None:
    assert [named(by) for by in ("cli", "system", "somebody")] == ["the command line", "the server", ""]


# --- appeals ---------------------------------------------------------------------------------------


async def test_an_appeal_that_is_granted_lifts_the_ban(office: Office) -> None:
    mira, boss = await office.staff("Mira", Role.ADMIN), await office.staff("Boss", Role.ADMIN)
    bob = (await office.person("Bob")).caller
    measure = await office.ban(mira, bob, minutes=60, reason="cheating")
    appeals = office.services.appeals
    made = await appeals.appeal("  It was\nmy brother. ", HOME, name="Bob", password=PASSWORD)
    assert (made.text, made.name, await appeals.waiting()) == ("It was\nmy brother.", "Bob", 1)
    with pytest.raises(WrongState):
        await appeals.appeal("Please!", HOME, code=measure.code)
    with pytest.raises(PermissionDenied, match="You took this measure"):
        await appeals.decide(mira, made.number, AppealStep.GRANT)
    (waiting,) = await appeals.page(boss)
    assert (waiting.appeal.number, waiting.measure.number) == (made.number, measure.number)
    granted = await appeals.decide(boss, made.number, AppealStep.GRANT, "Mind your brother.")
    assert granted.state is AppealState.GRANTED
    assert (await office.login("Bob")).caller.name == "Bob"
    with pytest.raises(WrongState):
        await appeals.decide(boss, made.number, AppealStep.REFUSE)
    standing = await appeals.look(HOME, code=measure.code.lower())
    assert standing.appeal is not None
    assert (standing.appeal.answer, standing.measure.lifted_by) == ("Mind your brother.", boss.account_id)
    with pytest.raises(WrongState, match="does not hold"):
        await appeals.appeal("Again", HOME, code=measure.code)
    assert (await appeals.page(boss), len(await appeals.page(boss, open_only=False))) == ([], 1)


async def test_an_appeal_that_is_refused_changes_nothing(office: Office) -> None:
    owner = await office.staff("Olga", Role.OWNER)
    bob = (await office.person("Bob")).caller
    measure = await office.services.measures.take(owner, NewMeasure(MeasureKind.MUTE, bob.account_id))
    appeals = office.services.appeals
    made = await appeals.appeal("Why?", AWAY, code=measure.code)
    refused = await appeals.decide(owner, made.number, AppealStep.REFUSE, "You know.")  # owners decide on their own
    assert refused.state is AppealState.REFUSED
    assert (await office.services.measures.get(owner, measure.number)).is_active(office.services.clock.now())
    assert (await appeals.look(AWAY, name="Bob", password=PASSWORD)).measure.number == measure.number
    second = await appeals.appeal("Really?", AWAY, code=measure.code)
    assert second.number == made.number + 1


async def test_appeals_prove_who_they_are_from(office: Office) -> None:
    owner, bob = await office.staff("Olga", Role.OWNER), (await office.person("Bob")).caller
    appeals = office.services.appeals
    with pytest.raises(NotFound, match="nothing against"):
        await appeals.look(HOME, name="Bob", password=PASSWORD)
    measure = await office.ban(owner, bob, scope=Scope.DOOR, place="telnet")
    assert (await appeals.look(HOME, name="Bob", password=PASSWORD)).measure.number == measure.number
    with pytest.raises(BadCredentials):
        await appeals.look(HOME, name="Bob", password="wrong")
    for text in ("", "x" * 2001):
        with pytest.raises(InvalidInput):
            await appeals.appeal(text, HOME, code=measure.code)
    with pytest.raises(PermissionDenied):
        await appeals.page(bob)
    with pytest.raises(NotFound):
        await appeals.decide(owner, 99, AppealStep.GRANT)
    for _ in range(10):
        with pytest.raises(NotFound):
            await appeals.look(HOME, code="AAAA-AAAA")
    with pytest.raises(TooMany):
        await appeals.look(HOME, code=measure.code)
    for number in range(5):
        made = await appeals.appeal(f"Please {number}", AWAY, code=measure.code)
        await appeals.decide(owner, made.number, AppealStep.REFUSE)
    with pytest.raises(TooMany):
        await appeals.appeal("Please", AWAY, code=measure.code)


# --- filters ---------------------------------------------------------------------------------------


async def test_filters_at_work_in_a_lobby(office: Office) -> None:
    boss, bob = await office.staff("Boss", Role.ADMIN), await office.person("Bob")
    visitor = office.visit(await office.account(bob.caller))
    lobbies, filters = office.services.lobbies, office.services.filters
    lobbies.enter(visitor, ARRIVAL)
    await filters.add(boss, "badger", FilterAction.MASK)
    rude = await filters.add(boss, "newt", FilterAction.MUTE, hits=2, mute_minutes=5, message="No newts.")
    await filters.add(boss, "spam", FilterAction.FLAG, private=True)
    await lobbies.say(visitor.listener, "|bA badger|p!")
    assert lobbies.said(ARRIVAL)[-1].payload.message == "A ******!"  # type: ignore[attr-defined]
    for _ in range(2):
        with pytest.raises(WordsRefused, match="No newts"):
            await lobbies.say(visitor.listener, "n e w t")
    await filters.settle()
    with pytest.raises(Muted):
        await lobbies.say(visitor.listener, "hello")
    assert (await office.services.moderation.mute_of(bob.caller.account_id)) is not None
    await filters.change(boss, rude.number, enabled=False)
    await office.services.moderation.unmute(boss, bob.caller.account_id)
    await lobbies.say(visitor.listener, "newt spam")
    await office.services.reports.settle()
    (report,) = await office.services.reports.page(boss)
    assert (report.subject_name, report.place_name) == ("Bob", "Arrival")
    await lobbies.tell(visitor.listener, visitor.number, "spam, privately")
    await office.services.reports.settle()
    assert (await office.services.reports.page(boss))[0].voices == 1
    assert (await filters.try_out(boss, "a badger"))[0] == "a ******"
    assert await filters.try_out(boss, "hello") == ("hello", ())
    await filters.remove(boss, rude.number)
    with pytest.raises(NotFound):
        await filters.remove(boss, rude.number)
    with pytest.raises(NotFound):
        await filters.change(boss, rude.number, enabled=True)
    assert [rule.pattern for rule in await filters.all(boss)] == ["badger", "spam"]
    assert [act for act in await office.acts() if act.startswith("filter.")] == [
        *["filter.added"] * 3,
        "filter.changed",
        "filter.removed",
    ]
    with pytest.raises(PermissionDenied):
        await filters.add(bob.caller, "x y", FilterAction.MASK)
    with pytest.raises(InvalidInput):
        await filters.add(boss, "fine", FilterAction.MASK, hits=0)


async def test_filters_look_at_names(office: Office) -> None:
    boss = await office.staff("Boss", Role.ADMIN)
    await office.services.filters.add(boss, "badger", FilterAction.REFUSE, place="ignored", message="No badgers.")
    await office.services.filters.add(boss, "newt", FilterAction.FLAG)
    with pytest.raises(NameNotAllowed, match="No badgers"):
        await office.person("Badger")
    with pytest.raises(NameNotAllowed):
        await office.services.accounts.guest("B4dger", door="http", address=HOME, client="")
    bob = await office.person("Newton")
    with pytest.raises(NameNotAllowed):
        await office.services.characters.create(bob.caller, "Badger")
    visitor = office.visit(await office.account(bob.caller))
    shown = office.services.lobbies.enter(replace(visitor, looks=Looks("|bBadger", "Badger")), ARRIVAL)
    assert (shown.name, shown.looks.team) == ("Newton", "")


async def test_guests_are_refused_and_not_muted(office: Office) -> None:
    boss = await office.staff("Boss", Role.ADMIN)
    await office.services.filters.add(boss, "newt", FilterAction.MUTE, hits=1)
    visitor = office.visit(None)
    office.services.lobbies.enter(visitor, ARRIVAL)
    for _ in range(2):
        with pytest.raises(WordsRefused):
            await office.services.lobbies.say(visitor.listener, "newt")
    screen = office.services.filters.screen
    assert screen("newt", boss.account_id, "Boss", Role.MODERATOR, Where()) == "newt"
    for number in range(3):
        with pytest.raises(WordsRefused):
            screen("newt", AccountId(f"someone {number}"), "x", Role.PLAYER, Where())
    await office.services.filters.settle()


# --- deleted messages ------------------------------------------------------------------------------


async def test_a_message_is_deleted_wherever_it_is(office: Office) -> None:
    mira, bob = await office.staff("Mira"), await office.person("Bob")
    visitor = office.visit(await office.account(bob.caller))
    lobbies = office.services.lobbies
    lobbies.enter(visitor, ARRIVAL)
    await lobbies.say(visitor.listener, "rude")
    message_id = lobbies.said(ARRIVAL)[-1].message_id or ""
    with pytest.raises(PermissionDenied):
        await office.services.messages.delete(bob.caller, message_id)
    assert await office.services.messages.delete(mira, message_id, "rude") == [f"lobby:{ARRIVAL}"]
    assert lobbies.said(ARRIVAL) == []
    with pytest.raises(NotFound):
        await office.services.messages.delete(mira, message_id)
    assert (await office.acts())[-1] == "message.deleted"


async def test_a_ban_reaches_who_is_in_a_lobby_and_in_the_world(office: Office) -> None:
    mira, bob = await office.staff("Mira"), await office.person("Bob")
    await office.services.characters.create(bob.caller, "Bobby")
    services = office.services
    character = await services.presence.choose(bob.caller, None)
    office.node.hub.open(PlayId("playing1"), character.id, bob.caller.account_id, bob.caller.session_id)
    await services.presence.enter(bob.caller, character, play_id=PlayId("playing1"), client="test")
    account = await office.account(bob.caller)
    visitor = replace(office.visit(account), listener=character.id, door="http", family=None)
    services.lobbies.enter(visitor, ARRIVAL)
    await office.ban(mira, bob.caller, scope=Scope.LOBBY, place=str(ARRIVAL))
    assert not office.is_in_lobby(character.id)
    room = services.world.world.start_room
    muted = NewMeasure(MeasureKind.MUTE, bob.caller.account_id, scope=Scope.ROOM, place=room)
    await services.measures.take(mira, muted)
    present = office.node.presences.of_account(bob.caller.account_id)
    assert present is not None
    with pytest.raises(Muted, match="muted in this place"):
        await services.chat.say(present, "hello")


async def test_who_is_in_a_lobby_from_the_world_is_told_of_a_mute_once(office: Office) -> None:
    mira, bob = await office.staff("Mira"), await office.person("Bob")
    services = office.services
    await services.characters.create(bob.caller, "Bobby")
    character = await services.presence.choose(bob.caller, None)
    office.node.hub.open(PlayId("playing1"), character.id, bob.caller.account_id, bob.caller.session_id)
    await services.presence.enter(bob.caller, character, play_id=PlayId("playing1"), client="test")
    old_client = office.visit(await office.account(bob.caller))
    visitor = replace(old_client, listener=character.id, door="http", family=None)
    services.lobbies.enter(visitor, ARRIVAL)
    muted = NewMeasure(MeasureKind.MUTE, bob.caller.account_id, scope=Scope.LOBBY, place=str(ARRIVAL))
    measure = await services.measures.take(mira, muted)
    words = [one for one in office.heard(character.id) if measure.code in one]
    assert words == [services.measures.gate.muted_words(measure)]
