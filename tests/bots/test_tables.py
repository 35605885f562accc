"""Bots that play together, and what they report of it."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from mythgate.bots.tables import SEATS, Table, Tables, settle
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import Direction, GameScore, decode, encode, packet_type_of


@settings(deadline=None)
@given(count=st.integers(1, SEATS), seed=st.integers(0, 10_000), seconds=st.floats(0.01, 300))
def test_a_score_names_every_player_and_one_winner(count: int, seed: int, seconds: float) -> None:
    table = Table([100 + one for one in range(count)], game_id=7)
    table.score = settle(table, 9, seconds, Random(seed))
    for family in (Family.MYTH, Family.MYTH2_18):
        said = table.report_of(100)
        assert said is not None
        payload = encode(family, Direction.TO_SERVER, said)
        read = decode(family, Direction.TO_SERVER, packet_type_of(said), payload)
        assert isinstance(read, GameScore)
        assert (read.game_id, read.reporter_player_id, read.number_of_players) == (7, 100, count)
        places = [team.place for team in read.teams[:count]]
        assert min(places) == 0
        assert places.count(0) == 1
        assert max(places) < count
        captains = [read.players[team.captain_player_index].player_id for team in read.teams[:count]]
        assert sorted(captains) == table.players


def test_all_players_report_the_same_but_for_who_reports() -> None:
    table = Table([1, 2, 3], game_id=7)
    assert table.report_of(2) is None  # it is not over
    table.score = settle(table, 0, 20, Random(3))
    reports = [table.report_of(number) for number in table.players]
    assert [report.reporter_player_id for report in reports if report] == [1, 2, 3]
    assert len({report.players for report in reports if report}) == 1


def test_a_seat_is_free_from_the_listing_of_a_game_to_its_start() -> None:
    tables = Tables()
    table = tables.open(1)
    assert tables.with_a_seat() is None  # nobody knows its number yet
    table.game_id = 5
    assert tables.with_a_seat() is table
    for number in range(2, SEATS + 1):
        table.sit_down(number)
    assert tables.with_a_seat() is None
    table.stand_up(3)
    assert tables.with_a_seat() is table
    table.started.set()
    assert tables.with_a_seat() is None
    assert tables.gathering == 0
    table.stand_up(4)
    assert 4 in table.players  # who played is in the report, whether they stayed or not
    tables.clear(table)
    assert table.over.is_set()


def test_nobody_waits_for_a_host_who_left() -> None:
    tables = Tables()
    table = tables.open(1)
    table.game_id = 5
    table.sit_down(2)
    tables.clear(table)
    assert table.over.is_set()
    assert not table.started.is_set()
    assert tables.with_a_seat() is None
