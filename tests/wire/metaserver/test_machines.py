"""Every state with every event and every packet."""

from __future__ import annotations

from itertools import product

import pytest

from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.machines import (
    ALEPHONE_BEFORE_ACCEPT,
    ALREADY_LOGGED_IN,
    ENTER_FIRST,
    IGNORE,
    KEEP_ALIVE,
    KEY_OFFER_AFTER,
    LOGIN_TRANSITIONS,
    NOT_LOGGED_IN,
    NOT_LOGGED_IN_STAY,
    ROOM_LEGAL,
    ROOM_TRANSITIONS,
    SAY_LOGGED_IN,
    SENT_TO_DEAF,
    STATUS_TEXTS,
    SYNTAX_ERROR,
    TAKE,
    LoginEvent,
    LoginState,
    Machine,
    Reaction,
    RoomEvent,
    RoomState,
    Verdict,
    login_machine,
    login_reaction,
    room_machine,
    room_reaction,
)
from mythgate.wire.metaserver.packets import StatusCode

A1, MYTH, MYTH18 = Family.ALEPHONE, Family.MYTH, Family.MYTH2_18
NUMBERS = range(-1, 300)
CLIENT_NUMBERS = {*range(100, 123), *range(200, 207)}


@pytest.mark.parametrize(("state", "event"), list(product(LoginState, LoginEvent)))
def test_every_event_in_every_state_of_a_log_in(state: LoginState, event: LoginEvent) -> None:
    machine = Machine(state, LOGIN_TRANSITIONS)
    if (state, event) in LOGIN_TRANSITIONS:
        assert machine.apply(event) is machine.state is LOGIN_TRANSITIONS[state, event]
    else:
        with pytest.raises(ValueError, match="cannot happen"):
            machine.apply(event)
        assert machine.state is state


@pytest.mark.parametrize(("state", "event"), list(product(RoomState, RoomEvent)))
def test_every_event_in_every_state_of_a_room(state: RoomState, event: RoomEvent) -> None:
    machine = Machine(state, ROOM_TRANSITIONS)
    if (state, event) in ROOM_TRANSITIONS:
        assert machine.apply(event) is machine.state is ROOM_TRANSITIONS[state, event]
    else:
        with pytest.raises(ValueError, match="cannot happen"):
            machine.apply(event)
        assert machine.state is state


def test_a_log_in_from_begin_to_end() -> None:
    login = login_machine()
    seen = [
        login.apply(event)
        for event in (LoginEvent.KEYS_EXCHANGED, LoginEvent.PASSWORD_ASKED, LoginEvent.PASSWORD_ASKED,
                      LoginEvent.PLAYER_ADMITTED, LoginEvent.ROOMS_TOLD, LoginEvent.CONNECTION_CLOSED)
    ]  # fmt: skip
    assert seen == [
        LoginState.KEYED, LoginState.CHALLENGED, LoginState.CHALLENGED, LoginState.ADMITTED, LoginState.DONE,
        LoginState.CLOSED,
    ]  # fmt: skip


def test_a_stay_from_begin_to_end() -> None:
    room = room_machine()
    seen = [
        room.apply(event)
        for event in (RoomEvent.TOKEN_ACCEPTED, RoomEvent.ROOM_ENTERED, RoomEvent.WENT_DEAF, RoomEvent.LISTENS_AGAIN,
                      RoomEvent.CONNECTION_CLOSED)
    ]  # fmt: skip
    assert seen == [RoomState.LOGGED_IN, RoomState.ACTIVE, RoomState.DEAF, RoomState.ACTIVE, RoomState.CLOSED]


LOGIN_TAKEN = {
    LoginState.OPEN: {100, 102, 203},
    LoginState.KEYED: {100, 102},
    LoginState.CHALLENGED: {100, 102, 109},
    LoginState.ADMITTED: {102, 115},
    LoginState.DONE: {102, 122},
    LoginState.CLOSED: set(),
}


@pytest.mark.parametrize("state", LoginState)
def test_every_packet_in_every_state_of_a_log_in(state: LoginState) -> None:
    reactions = {number: login_reaction(state, number) for number in NUMBERS}
    assert {number for number, reaction in reactions.items() if reaction is TAKE} == LOGIN_TAKEN[state]
    assert reactions[202] is IGNORE, "a keepalive is legal at any time"
    rest = CLIENT_NUMBERS - LOGIN_TAKEN[state] - {202}
    assert {reactions[number] for number in rest} == {IGNORE if state is LoginState.CLOSED else SYNTAX_ERROR}
    assert all(reactions[number] is IGNORE for number in NUMBERS if number not in CLIENT_NUMBERS)


@pytest.mark.parametrize(("family", "state"), list(product(Family, [RoomState.ACTIVE, RoomState.DEAF])))
def test_every_packet_in_a_room(family: Family, state: RoomState) -> None:
    reactions = {number: room_reaction(family, state, number) for number in NUMBERS}
    assert {number for number, reaction in reactions.items() if reaction is TAKE} == ROOM_LEGAL[family]
    assert {102, 103, 104, 105, 107, 110, 114, 200, 201} <= ROOM_LEGAL[family]
    assert (122 in ROOM_LEGAL[family]) == (family is not A1)
    assert ({116, 117, 118, 119, 120, 121} <= ROOM_LEGAL[family]) == (family is not A1)
    assert (204 in ROOM_LEGAL[family]) == (family is MYTH18)
    assert reactions[101] is (SAY_LOGGED_IN if family is MYTH else ALREADY_LOGGED_IN)
    assert {reactions[number] for number in (100, 109, 115, 203)} == {SYNTAX_ERROR}
    assert {reactions[number] for number in (106, 108, 202, 0, 11, 299, -1)} == {IGNORE}


@pytest.mark.parametrize("family", Family)
def test_every_packet_between_log_in_and_entry(family: Family) -> None:
    reactions = {number: room_reaction(family, RoomState.LOGGED_IN, number) for number in NUMBERS}
    assert {number for number, reaction in reactions.items() if reaction is TAKE} == {102, 103}
    early = ROOM_LEGAL[family] - {102, 103}
    assert {reactions[number] for number in early} == {NOT_LOGGED_IN if family is A1 else ENTER_FIRST}


@pytest.mark.parametrize(("family", "state"), list(product(Family, [RoomState.OPEN, RoomState.KEYED])))
def test_every_packet_before_the_log_in(family: Family, state: RoomState) -> None:
    reactions = {number: room_reaction(family, state, number) for number in NUMBERS}
    taken = {number for number, reaction in reactions.items() if reaction is TAKE}
    assert taken == ({101, 203} if state is RoomState.OPEN else {101})
    assert reactions[102] is NOT_LOGGED_IN
    assert reactions[202] is reactions[0] is IGNORE
    if family is MYTH:
        assert {reactions[number] for number in (103, 104, 105, 107, 113, 200, 201)} == {NOT_LOGGED_IN_STAY}
        assert {reactions[number] for number in (106, 110, 112, 116, 119, 120, 204)} == {IGNORE}
        assert reactions[100] is SYNTAX_ERROR
    else:
        assert {reactions[number] for number in CLIENT_NUMBERS - taken - {202}} == {NOT_LOGGED_IN}


def test_a_closed_room_connection_hears_nothing() -> None:
    assert {room_reaction(A1, RoomState.CLOSED, number) for number in NUMBERS} == {IGNORE}


def test_refusals_say_why() -> None:
    assert Reaction(Verdict.REFUSE, StatusCode.NOT_LOGGED_IN, closes=True) == NOT_LOGGED_IN
    assert not NOT_LOGGED_IN_STAY.closes
    assert {3, 6, 12} == ALEPHONE_BEFORE_ACCEPT


@pytest.mark.parametrize("family", Family)
def test_silence(family: Family) -> None:
    policy = KEEP_ALIVE[family]
    assert policy.drop_after >= 3 * policy.ping_after
    assert policy.deaf_drop_after >= policy.drop_after
    assert (policy.deaf_ping_after is None) == (202 not in SENT_TO_DEAF[family])
    assert not SENT_TO_DEAF[family] & {0, 1, 2, 200, 201}
    assert KEY_OFFER_AFTER.total_seconds() == 1.5


def test_every_code_has_words_that_fit_a_line() -> None:
    assert set(STATUS_TEXTS) == set(StatusCode)
    assert max(map(len, STATUS_TEXTS.values())) < 127
