"""What bots say has to arrive as it was meant, and must be neither a command nor cut off."""

from __future__ import annotations

from random import Random

from mythgate.bots import talk
from mythgate.bots.dialects import DIALECTS
from mythgate.wire.metaserver.records import MAX_LINE_BYTES, MAX_MAP_NAME_BYTES, MAX_NAME_BYTES
from mythgate.wire.metaserver.text import encode_text, in_macroman, strip_styles

LONGEST_LOGIN_NAME = 15
PEOPLE = ("Ada", "Bot Sanderling")


def test_lines_are_varied_text_that_old_clients_can_show() -> None:
    chance = Random(1)
    for dialect in DIALECTS.values():
        said = {talk.line(chance, PEOPLE, dialect.maps) for _ in range(300)}
        said |= {talk.greeting(chance) for _ in range(50)} | {
            talk.aside(chance, "Ada", dialect.maps) for _ in range(50)
        }
        assert len(said) > 20
        for words in said:
            assert in_macroman(words) == words
            assert len(encode_text(words)) <= MAX_LINE_BYTES
            assert strip_styles(words)[0] not in "./"  # would be a command
            assert "{" not in words


def test_a_line_needs_nobody_to_be_there() -> None:
    assert all(talk.line(Random(seed), (), ("Desert",)) for seed in range(50))


def test_games_and_maps_have_names_that_fit() -> None:
    chance = Random(1)
    for dialect in DIALECTS.values():
        for map_name in dialect.maps:
            assert len(map_name) <= MAX_MAP_NAME_BYTES
            names = [talk.game_name(chance, "Bot Sanderling 12", map_name) for _ in range(30)]
            assert all(0 < len(encode_text(name)) <= MAX_NAME_BYTES for name in names)


def test_no_two_bots_have_one_name_and_all_can_log_in_with_it() -> None:
    names = [talk.name_of(index) for index in range(200)]
    assert len(set(names)) == len(names)
    assert max(map(len, names[:32])) <= LONGEST_LOGIN_NAME
    assert all(name.startswith("Bot ") for name in names)
