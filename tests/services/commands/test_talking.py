"""Talking to one person: where the name ends and the words begin."""

from __future__ import annotations

import pytest
from tests.support.play import PlayKit


@pytest.mark.parametrize("verb", ["tell", "whisper"])
@pytest.mark.parametrize("name", ["Tom Weaver", "tom weaver,", '"Tom Weaver"', '"tom w" '])
async def test_a_name_of_several_words_is_not_taken_for_a_message(kit: PlayKit, verb: str, name: str) -> None:
    ada, tom = await kit.somebody("Ada"), await kit.somebody("Tom Weaver")
    kit.realtime.clear()
    response = await kit.do(ada, f"{verb} {name}")
    assert (response.success, response.code) == (False, "bad_usage")
    assert response.result == f"What do you want to {verb} Tom Weaver?"
    assert response.hint == f"Usage: {verb} <person> <words...>"
    assert kit.heard(tom).lines() == kit.heard(ada).lines() == []
    assert (await kit.do(ada, f"{verb} {name} psst")).success
    assert len(kit.heard(tom).lines()) == 1
