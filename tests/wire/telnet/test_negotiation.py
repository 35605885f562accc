"""Options: every state with every step, and no loops."""

from __future__ import annotations

import itertools
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.wire.telnet.codec import Command, Negotiation, Option
from mythgate.wire.telnet.negotiation import TRANSITIONS, Negotiator, Say, Side, State, Step

OURS, THEIRS = Side.OURS, Side.THEIRS


def heard(negotiator: Negotiator, verb: Command, option: int) -> bytes:
    return negotiator.receive(Negotiation(verb, option)).reply


def test_every_state_knows_every_step() -> None:
    assert set(TRANSITIONS) == set(itertools.product(State, Step))


def test_only_changes_are_answered() -> None:
    """A word that changes nothing gets no answer: that is what keeps two machines from talking for ever."""
    for (before, step), (after, say) in TRANSITIONS.items():
        if step in (Step.AGREED, Step.REFUSED) and before is after:
            assert say is Say.NOTHING


def test_offering_and_asking() -> None:
    negotiator = Negotiator([Option.GMCP], [Option.NAWS])
    assert negotiator.enable(OURS, Option.GMCP) == b"\xff\xfb\xc9"
    assert negotiator.enable(THEIRS, Option.NAWS) == b"\xff\xfd\x1f"
    assert negotiator.enable(OURS, Option.GMCP) == b""
    assert not negotiator.is_on(OURS, Option.GMCP)
    agreed = negotiator.receive(Negotiation(Command.DO, Option.GMCP))
    assert (agreed.reply, agreed.side, agreed.option, agreed.was_on, agreed.is_on) == (b"", OURS, 201, False, True)
    assert heard(negotiator, Command.WONT, Option.NAWS) == b""
    assert negotiator.state(THEIRS, Option.NAWS) is State.NO


def test_what_the_peer_begins() -> None:
    negotiator = Negotiator([Option.SGA], [Option.CHARSET])
    assert heard(negotiator, Command.DO, Option.SGA) == b"\xff\xfb\x03"
    assert heard(negotiator, Command.DO, Option.SGA) == b""
    assert heard(negotiator, Command.WILL, Option.CHARSET) == b"\xff\xfd\x2a"
    assert heard(negotiator, Command.DO, 99) == b"\xff\xfc\x63"
    assert heard(negotiator, Command.WILL, 99) == b"\xff\xfe\x63"
    assert heard(negotiator, Command.WONT, 99) == b""
    assert heard(negotiator, Command.DONT, Option.SGA) == b"\xff\xfc\x03"
    assert not negotiator.is_on(OURS, Option.SGA)


def test_changing_ones_mind() -> None:
    negotiator = Negotiator([Option.EOR], [])
    assert negotiator.enable(OURS, Option.EOR) == b"\xff\xfb\x19"
    assert negotiator.disable(OURS, Option.EOR) == b""  # not before the answer
    assert heard(negotiator, Command.DO, Option.EOR) == b"\xff\xfc\x19"
    assert negotiator.enable(OURS, Option.EOR) == b""
    assert heard(negotiator, Command.DONT, Option.EOR) == b"\xff\xfb\x19"
    assert heard(negotiator, Command.DO, Option.EOR) == b""
    assert negotiator.is_on(OURS, Option.EOR)


def test_echo_is_ours_to_begin() -> None:
    negotiator = Negotiator([], [])
    assert heard(negotiator, Command.DO, Option.ECHO) == b"\xff\xfc\x01"
    assert negotiator.insist(OURS, Option.ECHO) == b"\xff\xfb\x01"
    assert heard(negotiator, Command.DO, Option.ECHO) == b""
    assert negotiator.insist(OURS, Option.ECHO) == b""
    assert negotiator.disable(OURS, Option.ECHO) == b"\xff\xfc\x01"


def test_insisting_waits_for_no_answer() -> None:
    """TinTin++ 2.02 never answers WONT ECHO; a client that does so late must not show what is typed either."""
    negotiator = Negotiator([], [])
    negotiator.insist(OURS, Option.ECHO)
    heard(negotiator, Command.DO, Option.ECHO)
    negotiator.disable(OURS, Option.ECHO)
    assert negotiator.insist(OURS, Option.ECHO) == b"\xff\xfb\x01"
    assert heard(negotiator, Command.DONT, Option.ECHO) == b""  # to the WONT before
    assert heard(negotiator, Command.DO, Option.ECHO) == b"\xff\xfb\x01"
    assert negotiator.is_on(OURS, Option.ECHO)


@pytest.mark.parametrize("option", [Option.GMCP, 200])
def test_options_nobody_knows_leave_nothing_behind(option: int) -> None:
    negotiator = Negotiator([], [])
    for verb in (Command.WILL, Command.DO, Command.WONT, Command.DONT):
        heard(negotiator, verb, option)
    assert not negotiator._states


_acts = st.lists(
    st.tuples(
        st.booleans(), st.booleans(), st.sampled_from([OURS, THEIRS]), st.sampled_from([Option.EOR, Option.NAWS])
    ),
    max_size=12,
)


@given(_acts, st.booleans())
def test_two_that_follow_the_rules_come_to_an_end(acts: list[tuple[bool, bool, Side, Option]], slow: bool) -> None:
    """Whatever both want, and however their words cross: they stop talking, and agree on what is on."""
    known = [Option.EOR, Option.NAWS]
    one, two = Negotiator(known, known), Negotiator(known, [Option.EOR])
    lines: tuple[deque[bytes], deque[bytes]] = (deque(), deque())  # to one, to two

    def deliver(most: int) -> int:
        count = 0
        while count < most and (lines[0] or lines[1]):
            for me, negotiator in enumerate((one, two)):
                if lines[me]:
                    word = lines[me].popleft()
                    reply = negotiator.receive(Negotiation(word[1], word[2])).reply
                    count += 1
                    if reply:
                        lines[1 - me].append(reply)
        return count

    for by_one, wanted, side, option in acts:
        negotiator = one if by_one else two
        said = negotiator.enable(side, option) if wanted else negotiator.disable(side, option)
        if said:
            lines[1 if by_one else 0].append(said)
        deliver(1 if slow else 50)
    assert deliver(200) < 200
    for option in known:
        assert one.is_on(OURS, option) == two.is_on(THEIRS, option)
        assert one.is_on(THEIRS, option) == two.is_on(OURS, option)
