"""Why: what is told is what is done, in whatever situation."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.accounts import PASSWORD, AccountsKit, accounts_kit
from tests.support.clock import FakeClock
from tests.support.lobbies import LobbyKit

from mythgate.backends.memory.presence import MemoryPresence
from mythgate.domain.accounts import Role
from mythgate.domain.decisions import Answer, Check, Step, explain, passes, refusing
from mythgate.domain.decisions import require as require_met
from mythgate.domain.errors import (
    BadCredentials,
    Banned,
    LobbyClosedToYou,
    NotFound,
    PermissionDenied,
    Refused,
    RoomFull,
)
from mythgate.domain.ids import AccountId, SessionId
from mythgate.domain.lobbies import ENTRY_CHECKS, Family, Lobby, Looks, Visitor, lobby_listener
from mythgate.domain.sessions import OPERATOR, Caller
from mythgate.domain.signin import BAN_CHECKS, GUEST_CHECKS, SIGN_IN_CHECKS, Attempt, Secret
from mythgate.services.accounts import AccountPolicy
from mythgate.services.gate import Gate
from mythgate.services.lobbies import LobbyPolicy, LobbyService
from mythgate.services.ports import Store
from mythgate.services.refusals import EACH, MOST_PEOPLE, RecentRefusals
from mythgate.services.why import DoorState, PlainDoor, Question, WhyService

# --- lobbies -----------------------------------------------------------------------------------------

LOBBIES = st.builds(
    Lobby,
    name=st.just("Pit"),
    room_id=st.just(9),
    ranked=st.booleans(),
    country=st.integers(0, 2),
    min_caste=st.integers(-1, 3),
    max_caste=st.integers(3, 9),
    tournament=st.integers(0, 2),
    family=st.sampled_from(Family),
    capacity=st.integers(1, 3),
    locked=st.booleans(),
)
PEOPLE = st.builds(
    Visitor,
    listener=st.just(lobby_listener(1)),
    number=st.just(1),
    name=st.just("Ada"),
    looks=st.just(Looks("Ada")),
    door=st.just("metaserver"),
    client=st.just("Aleph One"),
    family=st.none() | st.sampled_from(Family),
    role=st.sampled_from(Role),
    caste=st.integers(-1, 10),
    country=st.integers(0, 2),
    tournaments=st.frozensets(st.integers(1, 2)),
)


async def test_entering_a_lobby_and_the_reasons_agree(clock: FakeClock, store: Store) -> None:
    kit = LobbyKit(clock, store)
    others = [replace(kit.guest(), family=None, role=Role.OWNER) for _ in range(3)]

    @settings(max_examples=80, deadline=None)
    @given(LOBBIES, PEOPLE, st.integers(0, 3), st.booleans())
    def agree(lobby: Lobby, person: Visitor, inside: int, guests: bool) -> None:
        lobbies = LobbyService(
            [lobby],
            store=store,
            presence=MemoryPresence(),
            realtime=kit.realtime,
            clock=clock,
            ids=kit.ids,
            policy=LobbyPolicy(guests=guests),
        )
        refused: list[str] = []
        lobbies.on_refused(lambda _visitor, _lobby, refusal: refused.append(refusal.code))
        for one in others[:inside]:
            lobbies.enter(one, 9)
        kit.realtime.open(person.listener, AccountId("ada"), SessionId("session"))
        entry = lobbies.entry(person, 9)
        steps = explain(ENTRY_CHECKS, entry)
        against = [step for step in steps if step.answer is Answer.NO]
        try:
            lobbies.enter(person, 9)
        except RoomFull as full:
            assert [step.check for step in against] == ["full"]
            assert full.message == against[0].message
        except LobbyClosedToYou as closed:
            assert closed.message == " ".join(step.message for step in against)
        else:
            assert passes(steps)
            assert refused == []
            return
        assert len(refused) == 1
        assert [step.check for step in against] == [check.name for check in refusing(ENTRY_CHECKS, entry)]
        assert lobbies.why(person, 9)[-1] == "Ada may not enter Pit."

    agree()


# --- signing in --------------------------------------------------------------------------------------

LETTERS = "bdfgkmprstwz"  # none looks like another
KINDS = ("nobody", "active", "locked", "locked for a while", "guest", "deleted", "game password")


@pytest.mark.parametrize("only_game_passwords", [False, True])
async def test_signing_in_and_the_reasons_agree(clock: FakeClock, store: Store, only_game_passwords: bool) -> None:
    policy = AccountPolicy(game_passwords_only=only_game_passwords)
    async with accounts_kit(clock, store, account_policy=policy) as kit:
        usual = itertools.product(KINDS, (True, False), (0,), (0,), (False, True))
        throttled = [("active", True, 5, 0, False), ("locked", False, 0, 10, True), ("nobody", True, 5, 10, False)]
        cases = (*usual, *throttled)
        for number, (kind, right, failures, from_there, game) in enumerate(cases):
            name = f"Alric{LETTERS[number % 12]}{LETTERS[number // 12]}"
            address = f"203.0.113.{number}"
            password = await _arrange(kit, kind, name)
            for _ in range(failures):
                await kit.throttle.hit(f"login:account:{name.casefold()}", policy.failures_per_account)
            for _ in range(from_there):
                await kit.throttle.hit(f"login:address:{address}", policy.failures_per_address)
            attempt = await kit.accounts.attempt(name, game=game, address=address)
            told = explain(SIGN_IN_CHECKS, replace(attempt, is_genuine=right if attempt.is_known else None))
            first = next((step.code for step in told if step.answer is Answer.NO), "")
            if kind == "game password":
                password = "in clear" if game else PASSWORD
            elif game and only_game_passwords and kind != "guest" and kind not in ("nobody", "deleted"):
                assert attempt.secret is Secret.NONE
            said = password if right else f"not {password}"
            try:
                if game:
                    await kit.accounts.check_game_login(name, said.encode(), address=address)
                else:
                    await kit.login(name, said, address=address)
                done = ""
            except Refused as refused:
                done = refused.code
            assert first == done, (kind, right, failures, from_there, game, told)
            noted = kit.accounts.refusals.recent(name, None)
            assert [one.code for one in noted] == ([done] if done else [])
            assert all(one.door == ("metaserver" if game else "http") for one in noted)


async def _arrange(kit: AccountsKit, kind: str, name: str) -> str:
    """An account of that kind; its password."""
    if kind == "nobody":
        return PASSWORD
    if kind == "guest":
        await kit.accounts.guest(name, door="http", address=f"address of {name}", client="test")
        return ""
    signed_in = await kit.register(name)
    account_id = signed_in.caller.account_id
    if kind == "locked":
        await kit.moderation.ban(OPERATOR, account_id, None)
    elif kind == "locked for a while":
        await kit.moderation.ban(OPERATOR, account_id, 3)
    elif kind == "deleted":
        await kit.accounts.delete_own(signed_in.caller, PASSWORD)
    elif kind == "game password":
        await kit.accounts.set_game_password(signed_in.caller, PASSWORD, "in clear")
    return PASSWORD


def test_every_step_of_signing_in_has_words() -> None:
    nobody = Attempt("Zoe", timedelta(seconds=5), timedelta(minutes=2), is_known=False, secret=Secret.NONE)
    for step in explain(SIGN_IN_CHECKS, replace(nobody, is_genuine=False, needs_game_password=True)):
        assert step.found
        assert step.needed
        if step.answer is Answer.NO:
            assert step.code
            assert step.remedy
    unknown = explain(SIGN_IN_CHECKS, Attempt("Zoe"))
    assert {step.answer for step in unknown} == {Answer.UNKNOWN}
    own = explain(SIGN_IN_CHECKS, replace(nobody, is_known=True))
    assert own[3].remedy == "mythgate user password Zoe"
    assert explain(GUEST_CHECKS, False)[0].code == PermissionDenied.code
    assert [explain(BAN_CHECKS, words)[0].answer for words in ("Banned.", "", None)] == [
        Answer.NO,
        Answer.YES,
        Answer.UNKNOWN,
    ]


def test_a_list_of_checks() -> None:
    def made(name: str, holds: bool | None, *, asked: bool = True) -> Check[int]:
        return Check(
            name,
            holds=lambda _: holds,
            refusal=lambda _: BadCredentials(),
            found=str,
            needed=lambda _: "more",
            remedy=lambda _: "wait",
            asked=lambda _: asked,
            code=lambda _: f"no_{name}",
        )

    checks = [made("a", True), made("b", None), made("c", False, asked=False), made("d", False), made("e", False)]
    steps = explain(checks, 7)
    assert [step.answer for step in steps] == ["yes", "unknown", "exempt", "no", "no"]
    assert steps[3] == Step(
        "d", Answer.NO, "7", "more", "no_d", BadCredentials().message, BadCredentials().hint, "wait"
    )
    assert [check.name for check in refusing(checks, 7)] == ["d", "e"]
    with pytest.raises(BadCredentials):
        require_met(checks, 7)
    require_met(checks[:3], 7)


# --- the service -------------------------------------------------------------------------------------


async def nothing() -> None:
    """No measure was taken beside this node."""


def service(kit: AccountsKit, *, live: bool = True) -> WhyService:
    lobbies = LobbyKit(kit.clock, kit.store).lobbies
    why = WhyService(
        store=kit.store,
        accounts=kit.accounts,
        lobbies=lobbies,
        refusals=kit.accounts.refusals,
        clock=kit.clock,
        gate=Gate(kit.clock),
        catch_up=nothing,
        is_live=live,
    )
    why.doors["http"] = PlainDoor(DoorState("http", "127.0.0.1:1", is_open=True))
    why.doors["shards"] = PlainDoor(DoorState("shards", "127.0.0.1:2", False, setting="x"), takes_guests=False)
    return why


async def test_about_somebody(clock: FakeClock, store: Store) -> None:
    async with accounts_kit(clock, store) as kit:
        ada, mona = await kit.caller("Ada"), await kit.caller("Mona", role=Role.READ_ONLY)
        why = service(kit)
        told = await why.about(mona, Question("ada"))
        assert (told.name, told.may_sign_in, told.may_enter, told.is_live) == ("Ada", True, True, True)
        shards = next(path for path in told.doors if path.name == "shards")
        assert shards.first_refusal is not None
        assert shards.first_refusal.code == "unavailable"
        assert told.doors[0].first_refusal is None
        await kit.moderation.mute(OPERATOR, ada.account_id, 5)
        assert (await why.about(mona, Question("Ada", 26, door="http"))).mute is not None
        kit.pass_time(minutes=6)
        assert (await why.about(mona, Question("Ada", 26))).mute is None
        guest = await why.about(mona, Question("guest"))
        assert [path.may for path in guest.doors] == [True, False]
        with pytest.raises(PermissionDenied):
            await why.about(ada, Question("Mona"))
        with pytest.raises(NotFound, match="no door gate"):
            await why.about(mona, Question("Ada", door="gate"))
        with pytest.raises(NotFound):
            await why.about(mona, Question("Ada", 99))
        beside = await service(kit, live=False).about(OPERATOR, Question("Ada", 26))
        assert {step.check for step in beside.rooms[0].steps if step.answer is Answer.UNKNOWN} == {"full"}
        nobody = await why.about(mona, Question("Zoe"))
        assert (nobody.account, nobody.may_sign_in) == (None, False)


async def test_what_players_learn_about_themselves(clock: FakeClock, store: Store) -> None:
    async with accounts_kit(clock, store) as kit:
        ada = await kit.caller("Ada")
        why = service(kit)
        told = await why.own(ada)
        assert told.doors == ()
        assert len(told.rooms) == 3
        assert (await why.own(ada, 1, Family.MARATHON)).rooms[0].first_refusal is not None
        why.refusals.note(ada.account_id, "muted", door="http", asked="say")
        assert [one.code for one in (await why.own(ada)).refusals] == ["muted"]


def test_refusals_are_remembered_within_bounds(clock: FakeClock) -> None:
    memory = RecentRefusals(clock)
    for number in range(EACH + 5):
        memory.note_name("Ada", f"code {number}", door="http")
    assert [one.code for one in memory.recent("ADA", None)][-1] == "code 5"
    for number in range(MOST_PEOPLE):
        memory.note_name(f"flood {number}", "x", door="http")
    assert memory.recent("Ada", None) == []
    ada = AccountId("ada")
    memory.note(ada, "muted", door="http", asked="say")
    memory.note_name("Ada", "late", door="http")
    assert {one.code for one in memory.recent("Ada", ada)} == {"muted", "late"}
    memory.forget("Ada", ada)
    assert memory.recent("Ada", ada) == []


async def test_about_a_ban_of_a_door_or_a_network(clock: FakeClock, store: Store) -> None:
    async with accounts_kit(clock, store) as kit:
        await kit.caller("Ada")
        why = service(kit)

        class Strict(Gate):
            """Keeps one network out."""

            def refuse_stranger(self, door: str, address: str) -> None:
                if address.startswith("198.51.100."):
                    raise Banned("You are banned.")

        why.gate = Strict(kit.clock)
        for name in ("Ada", "guest"):
            told = await why.about(OPERATOR, Question(name, address="198.51.100.7"))
            assert [path.first_refusal.check for path in told.doors if path.first_refusal] == ["ban", "door"]
            free = await why.about(OPERATOR, Question(name, address="203.0.113.1"))
            assert free.doors[0].may


async def test_who_is_in_a_lobby_is_told_as_they_are(clock: FakeClock, store: Store) -> None:
    async with accounts_kit(clock, store) as kit:
        lobby_kit = LobbyKit(clock, store)
        why = service(kit)
        why.lobbies = lobby_kit.lobbies
        ada = await lobby_kit.enter("Ada", caste=1)
        assert ada.visitor.account_id is not None
        caller = Caller(ada.visitor.account_id, SessionId("s"), "Ada", Role.PLAYER)
        told = (await why.own(caller, 1)).rooms[0]
        assert told.first_refusal is not None
        assert told.first_refusal.check == "family"  # of the client they are here with
        await lobby_kit.lobbies.settle()


def test_a_door_in_words() -> None:
    state = DoorState("telnet", "127.0.0.1:4000", is_open=False)
    assert state.words == "is closed: 127.0.0.1:4000 could not be opened"
    assert replace(state, is_enabled=False).words == "is off"


def test_refusals_of_lobbies_are_remembered(clock: FakeClock) -> None:
    memory = RecentRefusals(clock)
    guest = Visitor(lobby_listener(5), 5, "Guest", Looks("G"), "metaserver", "Aleph One")
    lobby = Lobby("Pit", 9)
    memory.note_entry(guest, lobby, RoomFull())
    memory.note_entry(replace(guest, account_id=AccountId("ada")), lobby, LobbyClosedToYou())
    told = {(one.code, one.asked) for one in memory.recent("guest", AccountId("ada"))}
    assert told == {("lobby_closed_to_you", "lobby 9"), ("room_full", "lobby 9")}
