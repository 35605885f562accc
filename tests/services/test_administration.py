"""What staff sees of accounts, and what it is told it may do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from tests.support.accounts import PASSWORD, AccountsKit, CountingHasher
from tests.support.clock import FakeClock
from tests.support.games import a_result
from tests.support.listening import Listening

from mythgate.backends.system import UuidIds
from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.errors import NotFound, PermissionDenied
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Lobby, LobbyKind, Looks, Visitor, lobby_listener
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.results import Result
from mythgate.domain.sessions import OPERATOR, Caller
from mythgate.services.administration import LONGEST_PAGE, Act, AdministrationService, Whereabouts
from mythgate.services.clans import ClanService
from mythgate.services.lobbies import LobbyService
from mythgate.services.ports import Store, Transaction
from mythgate.services.ratings import RatingService

ARRIVAL = 26
STAFF = (Role.MODERATOR, Role.ADMIN, Role.OWNER)


class Office(AccountsKit):
    """Accounts, a lobby, ladders and clans, and the desk from which staff looks at them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.streams = Listening()
        self.lobbies = LobbyService(
            [Lobby("Arrival", ARRIVAL)],
            store=self.store,
            presence=self.presence,
            realtime=self.streams,
            clock=self.clock,
            ids=UuidIds(),
        )
        self.ratings = RatingService(store=self.store, clock=self.clock)
        self.clans = ClanService(
            store=self.store,
            hasher=self.hasher,
            throttle=self.throttle,
            realtime=self.realtime,
            lobbies=self.lobbies,
            clock=self.clock,
        )
        self.desk = AdministrationService(
            store=self.store,
            sessions=self.sessions,
            ratings=self.ratings,
            lobbies=self.lobbies,
            presence=self.presence,
            clock=self.clock,
        )
        self.sessions.on_account_changed(self.lobbies.account_changed)
        self.moderation.on_banned(lambda account, ended: self.sessions.ended(ended))

    async def in_lobby(self, caller: Caller, **changes: Any) -> None:
        account = await self.account(caller.account_id)
        listener = lobby_listener(account.number)
        self.streams.open(listener, account.id, caller.session_id)
        self.lobbies.enter(
            Visitor(
                listener,
                account.number,
                account.name,
                Looks(account.name),
                "metaserver",
                "Aleph One",
                account_id=account.id,
                role=account.role,
                **changes,
            ),
            ARRIVAL,
        )


@pytest.fixture
async def office(clock: FakeClock, store: Store) -> AsyncIterator[Office]:
    made = Office(clock, store, CountingHasher())
    yield made
    await made.lobbies.settle()
    made.hasher.close()


async def names(office: Office, caller: Caller, text: str = "", **wanted: Any) -> list[str]:
    page = await office.desk.search(caller, text, **wanted)
    return [one.account.name for one in page.people]


async def test_looking_is_for_staff(office: Office) -> None:
    player = await office.caller("Alric")
    with pytest.raises(PermissionDenied):
        await office.desk.search(player)
    for nobody in (player.account_id, AccountId("nobody")):  # not even whether there is such an account
        with pytest.raises(PermissionDenied):
            await office.desk.dossier(player, nobody)
    keeper = await office.caller("Keeper", role=Role.MODERATOR)
    with pytest.raises(NotFound):
        await office.desk.dossier(keeper, AccountId("nobody"))
    await office.accounts.set_role(OPERATOR, keeper.account_id, Role.PLAYER)
    with pytest.raises(PermissionDenied):  # rights are those of now
        await office.desk.search(keeper)


async def test_the_list_has_pages(office: Office) -> None:
    keeper = await office.caller("Keeper", role=Role.MODERATOR)
    for name in ("Anna", "Hanna", "Johanna", "Bob"):
        await office.caller(name)
    first = await office.desk.search(keeper, "anna", limit=2)
    assert [one.account.name for one in first.people] == ["Anna", "Hanna"]
    last = await office.desk.search(keeper, "anna", limit=2, after=first.following)
    assert ([one.account.name for one in last.people], last.following) == (["Johanna"], None)
    whole = await office.desk.search(keeper, "anna", limit=3)
    assert whole.following is None  # no empty page behind one that is just full
    assert await names(office, keeper, role=Role.MODERATOR) == ["Keeper"]
    await office.accounts.disable(OPERATOR, last.people[0].account.id)
    assert await names(office, keeper, status=AccountStatus.DISABLED) == ["Johanna"]
    assert len(await names(office, keeper, limit=0)) == 1
    assert len(await names(office, keeper, limit=LONGEST_PAGE + 1)) == 5


async def test_where_people_are(office: Office) -> None:
    keeper = await office.caller("Keeper", role=Role.MODERATOR)
    boss = await office.caller("Boss", role=Role.ADMIN)
    player = await office.caller("Alric")
    office.enter_world(player)
    await office.in_lobby(player)
    await office.in_lobby(boss, hidden=True)
    here = {one.account.name: one.whereabouts for one in (await office.desk.search(keeper)).people}
    assert here["Alric"] == [Whereabouts("http", "test", None), Whereabouts("metaserver", "Aleph One", ARRIVAL)]
    assert (here["Boss"], here["Keeper"]) == ([], [])  # who is hidden is so from those below
    seen = (await office.desk.dossier(boss, boss.account_id)).listed
    assert seen.whereabouts == [Whereabouts("metaserver", "Aleph One", ARRIVAL)]


async def test_everything_about_one_person(office: Office) -> None:
    boss = await office.caller("Boss", role=Role.ADMIN)
    signed_in = await office.register("Alric")
    player = signed_in.caller
    await office.login("Alric")
    await office.accounts.set_game_password(player, PASSWORD, "games only")
    await office.accounts.check_game_login("Alric", b"games only")
    await office.accounts.issue_login_key("Alric", "games only", b"salt")
    await office.accounts.issue_login_key("Alric", "games only")  # to look at settings: no log-in
    founded = await office.clans.found(
        player.account_id, "Otters", maintenance_password="mend it", member_password="swim"
    )
    number = (await office.account(player.account_id)).number
    for match, kind in (("first", LobbyKind.RANKED), ("second", LobbyKind.RANKED), ("third", LobbyKind.UNRANKED)):
        result = replace(a_result([number], [77]), match_id=match, kind=kind, recorded_at=office.clock.now())
        lines = (replace(result.lines[0], account_id=player.account_id), *result.lines[1:])
        await office.store.write(partial(_record, office, replace(result, lines=lines)))
    office.clock.advance(timedelta(minutes=5))
    office.sessions.note_activity(signed_in.session.id)
    await office.sessions.authenticate(signed_in.access_token)
    await office.moderation.mute(boss, player.account_id, 10, "noise")

    found = await office.desk.dossier(boss, player.account_id)
    assert (found.listed.account.name, found.lock, found.has_game_password) == ("Alric", None, True)
    assert found.logins == {"http": 2, "metaserver": 2}
    assert found.last_seen_at == office.clock.now()
    assert len(found.sessions) == 2
    assert found.clan is not None
    assert (found.clan.number, found.membership and found.membership.rank) == (founded.clan.number, "leader")
    assert found.played == {LobbyKind.RANKED: 2, LobbyKind.UNRANKED: 1}
    games = {str(category): one.standing.games for category, one in found.standings.items()}
    assert (games["ranked"], games["unranked"]) == (2, 1)
    assert [result.match_id for result in found.results] == ["third", "second", "first"]
    assert found.mute is not None
    assert found.mute.reason == "noise"
    assert found.record is not None
    assert [act.action for act in found.record] == [
        "account.muted",
        "account.game_password_set",
        "account.registered",
    ]
    assert found.names == {boss.account_id: "Boss", player.account_id: "Alric"}
    office.clock.advance(timedelta(minutes=10))
    assert (await office.desk.dossier(boss, player.account_id)).mute is None


def _record(office: Office, result: Result, tx: Transaction) -> None:
    recorded = tx.results.add(result)
    assert recorded is not None
    office.ratings.apply_within(tx, recorded)


async def test_somebody_who_never_came(office: Office) -> None:
    made = await office.accounts.create(OPERATOR, "Helper", PASSWORD)
    found = await office.desk.dossier(OPERATOR, made.id)
    assert (found.last_seen_at, found.logins, found.played, found.clan, found.sessions) == (None, {}, {}, None, [])


async def test_addresses_and_the_record_are_for_admins(office: Office) -> None:
    keeper = await office.caller("Keeper", role=Role.MODERATOR)
    made = await office.accounts.create(OPERATOR, "Helper", PASSWORD, email="helper@example.org")
    found = await office.desk.dossier(keeper, made.id)
    assert (found.email, found.record, found.shows_addresses) == (None, None, False)
    found = await office.desk.dossier(OPERATOR, made.id)
    assert (found.email, found.shows_addresses) == ("helper@example.org", True)
    assert found.record is not None


async def test_a_lock_is_explained_to_all_staff(office: Office) -> None:
    keeper = await office.caller("Keeper", role=Role.MODERATOR)
    player = await office.caller("Alric")
    await office.moderation.ban(keeper, player.account_id, 2, "cheating")
    await office.accounts.set_hidden(OPERATOR, keeper.account_id, True)  # something else on the record
    lock = (await office.desk.dossier(keeper, player.account_id)).lock
    ends = office.clock.now() + timedelta(days=2)
    assert lock is not None
    assert (lock.by, lock.reason, lock.until) == (keeper.account_id, "cheating", ends)
    (listed,) = (await office.desk.search(keeper, "Alric")).people
    assert listed.locked_until == ends

    await office.accounts.disable(OPERATOR, player.account_id, "for good")
    lock = (await office.desk.dossier(keeper, player.account_id)).lock
    assert lock is not None
    assert (lock.by, lock.reason, lock.until) == ("cli", "for good", None)
    await office.accounts.enable(OPERATOR, player.account_id, "a mistake")
    assert (await office.desk.dossier(keeper, player.account_id)).lock is None


async def test_a_lock_that_the_record_has_forgotten(office: Office) -> None:
    player = await office.caller("Alric")
    await office.accounts.disable(OPERATOR, player.account_id)
    other = AuditEntry(office.clock.now(), "system", "account.seen", player.account_id, {})

    def fill(tx: Transaction) -> None:
        for _ in range(250):
            tx.moderation.record(other)

    await office.store.write(fill)
    lock = (await office.desk.dossier(OPERATOR, player.account_id)).lock
    assert lock is not None
    assert (lock.at, lock.by, lock.reason) == (None, "", "")


# --- what one may do -------------------------------------------------------------------------------

DOES: Mapping[Act, Callable[[Office, Caller, AccountId], Awaitable[object]]] = {
    Act.LOCK: lambda office, caller, target: office.moderation.ban(caller, target, 1),
    Act.UNLOCK: lambda office, caller, target: office.accounts.enable(caller, target),
    Act.RESET_PASSWORD: lambda office, caller, target: office.accounts.reset_password(caller, target),
    Act.HIDE: lambda office, caller, target: office.accounts.set_hidden(caller, target, True),
}


@pytest.mark.parametrize("locked", [False, True], ids=["active", "locked"])
@pytest.mark.parametrize("target_role", list(Role))
@pytest.mark.parametrize("actor_role", STAFF)
async def test_what_one_is_told_is_what_one_can_do(
    office: Office, actor_role: Role, target_role: Role, locked: bool
) -> None:
    actor = await office.caller("Actor", role=actor_role)
    target = await office.caller("Target", role=target_role)
    await office.caller("Boss", role=Role.OWNER)
    if locked:
        await office.accounts.disable(OPERATOR, target.account_id)
    found = await office.desk.dossier(actor, target.account_id)
    assert (Act.SET_ROLE in found.may) is bool(found.grantable)
    for act, do in DOES.items():
        fresh = act in found.may
        try:
            await do(office, actor, target.account_id)
            allowed = True
        except PermissionDenied:
            allowed = False
        if act is Act.LOCK:  # one may lock again, which is not offered; and so with unlocking what is open
            assert allowed is (fresh or (locked and _may_lock(actor_role, target_role)))
        elif act is Act.UNLOCK:
            assert allowed is (fresh or (not locked and Act.RESET_PASSWORD in found.may))
        else:
            assert allowed is fresh, act
    for role in Role:
        if role is target_role:
            continue
        try:
            await office.accounts.set_role(actor, target.account_id, role)
            allowed = True
        except PermissionDenied:
            allowed = False
        assert allowed is (role in found.grantable), role
        await office.accounts.set_role(OPERATOR, target.account_id, target_role)


def _may_lock(actor: Role, target: Role) -> bool:
    return actor is Role.OWNER or actor.rank > target.rank


async def test_what_one_may_do_about_oneself_guests_and_the_deleted(office: Office) -> None:
    owner = await office.caller("Boss", role=Role.OWNER)
    own = await office.desk.dossier(owner, owner.account_id)
    assert own.may == {Act.HIDE, Act.SET_ROLE}
    guest = await office.accounts.guest(door="http", address="a", client="")
    assert (await office.desk.dossier(owner, guest.caller.account_id)).may == {Act.LOCK}
    gone = await office.caller("Alric")
    await office.accounts.delete(OPERATOR, gone.account_id)
    found = await office.desk.dossier(owner, gone.account_id)
    assert (found.may, found.grantable) == (frozenset(), [])
