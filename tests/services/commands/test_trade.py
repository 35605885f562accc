"""The command of trade."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.play import KEY, LANTERN, PlayKit

from mythgate.domain.presence import Presence


async def two(kit: PlayKit) -> tuple[Presence, Presence]:
    people = []
    for name in ("Ada", "Bob"):
        one = await kit.somebody(name)
        await kit.sheets.change(one.character_id, lambda sheet: replace(sheet, souls=100))
        people.append(one)
    return people[0], people[1]


async def test_a_trade_from_the_request_to_the_end(kit: PlayKit) -> None:
    ada, bob = await two(kit)
    await kit.lay(LANTERN, ada.character_id, carried=True)
    await kit.lay(KEY, bob.character_id, carried=True)

    async def says(one: Presence, line: str) -> str:
        answer = await kit.do(one, line)
        assert answer.success, answer
        return answer.result

    assert await says(ada, "trade") == "You are not trading. To begin: `trade <person>`"
    assert await says(ada, "trade bob") == "Bob is to answer."
    assert await says(ada, "trade show") == "You wait for Bob to answer."
    assert await says(bob, "trade") == "Ada wants to trade with you: `trade accept` or `trade decline`"
    assert await says(bob, "trade accept ada") == "You trade with Ada now."
    assert await says(ada, "trade offer lantern") == (
        "You trade with Bob (state 2).\n  You give: a brass lantern\n  You get: nothing"
    )
    await says(ada, "trade offer 30 souls")
    await says(bob, "trade offer key")
    await says(bob, "trade offer 5 souls")
    await says(bob, "trade withdraw souls")
    assert (await says(ada, "trade confirm 6")).endswith(
        "You give: 30 souls and a brass lantern (confirmed)\n  You get: an iron key"
    )
    assert await says(bob, "trade confirm 6") == (
        "Done. You give Ada an iron key and get 30 souls and a brass lantern."
    )
    assert [item.template_id for item in await kit.carried(ada)] == [KEY]


async def test_requests_in_words(kit: PlayKit) -> None:
    ada, bob = await two(kit)
    cid = await kit.somebody("Cid")
    await kit.do(bob, "trade with ada")
    await kit.do(cid, "trade ada")
    assert (await kit.do(ada, "trade decline cid")).result == "You do not trade with Cid."
    assert (await kit.do(ada, "trade bob")).result == "You trade with Bob now."
    assert (await kit.do(ada, "trade cancel")).result == "You do not trade with Bob any more."
    assert (await kit.do(ada, "trade off")).data == {"requests": False}
    assert (await kit.do(bob, "trade ada")).code == "permission_denied"
    assert (await kit.do(ada, "trade on")).data == {"requests": True}
    answer = await kit.do(bob, "trade ada")
    assert answer.data is not None
    assert answer.data["trade"]["state"] == "requested"
    shown = (await kit.do(ada, "trade show")).data
    assert shown is not None
    assert (shown["trade"], [one["partner_name"] for one in shown["requests"]]) == (None, ["Bob"])
    assert (await kit.do(ada, "trade decline")).success


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("trade accept", "no_trade"),
        ("trade decline", "no_trade"),
        ("trade confirm", "no_trade"),
        ("trade cancel", "no_trade"),
        ("trade offer 5 souls", "no_trade"),
        ("trade withdraw all", "no_trade"),
        ("trade offer", "bad_usage"),
        ("trade withdraw", "bad_usage"),
        ("trade with", "bad_usage"),
        ("trade nobody", "not_here"),
        ("trade ada", "bad_usage"),
    ],
)
async def test_refusals(kit: PlayKit, line: str, code: str) -> None:
    ada, _ = await two(kit)
    assert (await kit.do(ada, line)).code == code


async def test_what_is_confirmed_is_a_number(kit: PlayKit) -> None:
    ada, bob = await two(kit)
    await kit.do(ada, "trade bob")
    await kit.do(bob, "trade ada")
    await kit.do(ada, "trade offer 30 souls")
    for word in ("six", "-2", "9999999999"):
        assert (await kit.do(ada, f"trade confirm {word}")).code == "bad_usage"
    assert (await kit.do(ada, "trade confirm 1")).code == "trade_changed"
    assert (await kit.do(ada, "trade confirm")).success


async def test_a_repeated_confirmation_has_one_effect(kit: PlayKit) -> None:
    ada, bob = await two(kit)
    await kit.do(ada, "trade bob")
    await kit.do(bob, "trade ada")
    await kit.do(ada, "trade offer 30 souls")
    await kit.do(ada, "trade confirm 2", "one")
    await kit.do(bob, "trade confirm 2", "two")
    again = await kit.do(bob, "trade confirm 2", "two")
    assert (again.success, again.repeated) == (True, True)
    assert (await kit.do(bob, "trade confirm 2", "three")).code == "no_trade"
    assert [(await kit.sheets.of(one.character_id)).souls for one in (ada, bob)] == [70, 130]
