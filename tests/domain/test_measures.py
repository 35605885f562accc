"""Measures, networks, codes and appeals."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.measures import mute_of

from mythgate.domain.errors import InvalidInput, WrongState
from mythgate.domain.ids import AccountId
from mythgate.domain.measures import (
    APPEAL_TRANSITIONS,
    CODE_LETTERS,
    Appeal,
    AppealState,
    AppealStep,
    MeasureKind,
    NetworkTable,
    Scope,
    banned_words,
    code_of,
    muted_words,
    network_of,
    until,
    where,
)

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
ANN = AccountId("ann")


def test_a_measure_holds_until_it_ends_or_is_lifted() -> None:
    measure = mute_of(ANN, NOW, ends_at=NOW + timedelta(hours=1))
    assert measure.is_active(NOW)
    assert not measure.is_active(NOW + timedelta(hours=1))
    assert mute_of(ANN, NOW).is_active(NOW + timedelta(days=9999))
    assert not mute_of(ANN, NOW, lifted_at=NOW).is_active(NOW)
    assert (measure.subject, mute_of(None, NOW, network="192.0.2.0/24").subject) == ("ann", "192.0.2.0/24")


def test_what_people_read_of_it() -> None:
    ban = mute_of(ANN, NOW, kind=MeasureKind.BAN, reason="cheating.", ends_at=NOW + timedelta(days=1))
    assert banned_words(ban) == (
        "This account is locked until 2030-01-02 12:00 UTC. Appeal with the code ABCD-2345. Reason: cheating."
    )
    hidden = mute_of(ANN, NOW, kind=MeasureKind.BAN, reason="cheating", shows_reason=False, scope=Scope.DOOR, code="")
    assert banned_words(hidden) == "You are banned from this door of the server until it is lifted."
    network = mute_of(None, NOW, kind=MeasureKind.BAN, network="192.0.2.0/24")
    assert banned_words(network, "https://x.example/appeal") == (
        "Your network is banned from this server until it is lifted. "
        "Appeal at https://x.example/appeal with the code ABCD-2345."
    )
    here = mute_of(ANN, NOW, scope=Scope.LOBBY, place="26")
    assert muted_words(here).startswith("You are muted in this lobby until it is lifted.")
    assert (where(here), where(ban), until(here)) == (" in lobby 26", "", "until it is lifted")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        (" 192.0.2.7/24 ", "192.0.2.0/24"),
        ("2001:DB8::1/48", "2001:db8::/48"),
        ("fe80::1%eth0", "fe80::1/128"),
        ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
    ],
)
def test_networks_have_one_form(typed: str, kept: str) -> None:
    assert network_of(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "here", "192.0.2.7/33", "192.0.2.7/x", "10.0.0.0/7", "2001::/18", "127.0.0.1", "::1", "0.0.0.0", "1.2.3.4/-1",
     "::ffff:192.0.2.7/95", "::ffff:192.0.2.7/²"],
)  # fmt: skip
def test_what_is_no_network_that_anybody_may_mean(typed: str) -> None:
    with pytest.raises(InvalidInput):
        network_of(typed)


@given(st.ip_addresses(v=4).map(int), st.integers(8, 32), st.ip_addresses(v=4).map(str))
def test_the_table_finds_what_the_library_finds(number: int, prefix: int, address: str) -> None:
    network = ipaddress.ip_network((number, prefix), strict=False)
    measure = mute_of(None, NOW, network=str(network))
    table = NetworkTable()
    assert not table
    assert table.of(address) == []
    table.add(measure)
    table.add(mute_of(None, NOW, network="2001:db8::/32"))
    assert table
    assert (measure in table.of(address)) is (ipaddress.ip_address(address) in network)
    assert measure in table.of(str(network.network_address))
    assert table.of("unknown") == []
    assert len(table.of("2001:db8::5")) == 1


def test_codes_are_read_however_they_are_typed() -> None:
    assert code_of("abcd 2345") == code_of("ABCD-2345!") == "ABCD-2345"
    assert code_of("ABC") == ""
    assert set("O0I1L") & set(CODE_LETTERS) == set()


@pytest.mark.parametrize("state", AppealState)
@pytest.mark.parametrize("step", AppealStep)
def test_appeals_are_decided_once(state: AppealState, step: AppealStep) -> None:
    appeal = Appeal(1, ANN, "Ann", "It was my brother.", NOW, state=state)
    if (state, step) in APPEAL_TRANSITIONS:
        appeal.apply(step, "boss", "Very well.", NOW)
        assert (appeal.state, appeal.decided_by, appeal.answer, appeal.decided_at) == (
            APPEAL_TRANSITIONS[state, step],
            "boss",
            "Very well.",
            NOW,
        )
    else:
        with pytest.raises(WrongState):
            appeal.apply(step, "boss", "", NOW)
