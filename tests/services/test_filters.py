"""Filters of words: whose hits are counted, and which changes are taken note of. At work: `test_enforcement.py`."""

from __future__ import annotations

import pytest
from tests.support.clock import FakeClock
from tests.support.lobbies import LobbyKit

from mythgate.domain.accounts import Account
from mythgate.domain.errors import WordsRefused
from mythgate.domain.filters import FilterAction, FilterScope, Where, WordFilter
from mythgate.domain.sessions import OPERATOR
from mythgate.services import filters
from mythgate.services.filters import CHANGED_FACT, FilterService
from mythgate.services.ports import Store


@pytest.fixture
def kit(clock: FakeClock, store: Store) -> LobbyKit:
    return LobbyKit(clock, store)


def said(service: FilterService, account: Account, words: str) -> str:
    return service.screen(words, account.id, account.name, account.role, Where())


async def test_only_the_hits_of_who_spoke_last_are_counted(kit: LobbyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "MOST_COUNTED", 2)
    await kit.filters.add(OPERATOR, "newt", FilterAction.MUTE, hits=3)
    ada, bob, cid = [await kit.account(name) for name in ("Ada", "Bob", "Cid")]
    for speaker in (ada, bob, ada, cid):  # with Cid they are three, and Bob has been silent for longest
        with pytest.raises(WordsRefused):
            said(kit.filters, speaker, "newt")
    await kit.filters.settle()
    assert [action for action, _ in await kit.audited()] == ["filter.added"]
    for speaker in (ada, bob, bob):
        with pytest.raises(WordsRefused):
            said(kit.filters, speaker, "newt")
    await kit.filters.settle()
    assert await kit.audited() == [("filter.added", "1"), ("account.muted", ada.id)]


async def test_filters_are_read_again_only_when_their_mark_is_another(kit: LobbyKit) -> None:
    ada = await kit.account("Ada")
    await kit.filters.add(OPERATOR, "badger", FilterAction.MASK)
    beside = WordFilter("newt", False, FilterAction.MASK, OPERATOR.account_id, kit.clock.now())
    await kit.store.write(lambda tx: tx.filters.add(beside))
    await kit.filters.catch_up()
    assert said(kit.filters, ada, "a badger, a newt") == "a ******, a newt"
    await kit.store.write(lambda tx: tx.facts.set(CHANGED_FACT, "another"))
    await kit.filters.catch_up()
    assert said(kit.filters, ada, "a badger, a newt") == "a ******, a ****"


async def test_a_filter_for_one_place_keeps_it_and_one_for_all_has_none(kit: LobbyKit) -> None:
    ada = await kit.account("Ada")
    rule = await kit.filters.add(OPERATOR, "newt", FilterAction.MASK, scope=FilterScope.LOBBY, place="26")
    assert rule.place == "26"
    assert said(kit.filters, ada, "a newt") == "a newt"  # not in that lobby
    rule = await kit.filters.change(OPERATOR, rule.number, scope=FilterScope.EVERYWHERE)
    assert rule.place == ""
    assert said(kit.filters, ada, "a newt") == "a ****"
