"""Parties and factions by commands."""

from __future__ import annotations

import pytest
from tests.support.play import TAVERN, PlayKit

from mythgate.domain.ids import CommandId
from mythgate.domain.presence import Presence


async def people(kit: PlayKit, *names: str) -> list[Presence]:
    return [await kit.somebody(name) for name in names]


async def result(kit: PlayKit, who: Presence, line: str) -> str:
    """What the command answers, or the code of its refusal."""
    response = await kit.do(who, line)
    return response.result if response.success else str(response.code)


async def test_an_evening_together(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    assert await result(kit, ada, "party") == "You are in no party. `party create` founds one."
    assert (await result(kit, ada, "party create The Otters")).startswith("You lead the party The Otters now.")
    assert await result(kit, ada, "party invite be") == "You ask Ben to join your party."
    assert await result(kit, ben, "party") == "Ada asks you to join the party The Otters: `party accept`"
    assert await result(kit, ben, "party accept") == "You join the party The Otters."
    assert await result(kit, ben, "party inv Cleo") == "You ask Cleo to join your party."
    assert await result(kit, cleo, "party decline ben") == "You do not join the party The Otters."
    assert (await kit.do(cleo, "away")).success
    await kit.do(ben, "party invite Cleo")
    assert await result(kit, cleo, "party accept the otters") == "You join the party The Otters."
    assert await result(kit, ada, "party") == (
        "The Otters: 3 of 4, loot by the rule: equal.\n  Ada (leads), level 1\n  Ben, level 1\n  Cleo (away), level 1"
    )
    assert await result(kit, ada, "p This way!") == await result(kit, ben, "party say Coming.") == ""
    assert kit.heard(cleo).lines() == ["Ada (party): This way!", "Ben (party): Coming."]
    await kit.do(ben, "north")
    apart = await kit.do(ben, "party follow")
    assert (apart.result, apart.hint) == ("Ada is in the market square.", "Go there, then `party follow`.")
    await kit.do(ben, "south")
    assert await result(kit, ben, "party follow") == "You follow Ada now."
    assert await result(kit, ada, "party loot") == "The party shares its loot by the rule: equal."
    assert await result(kit, ada, "party loot Roll") == "The party shares its loot by the rule: roll."
    await kit.do(ada, "north")
    await kit.settle()
    assert ben.room_id == TAVERN
    assert await result(kit, ada, "party promote ben") == "Ben leads the party now."
    assert await result(kit, ben, "party kick cleo") == "You send Cleo away from the party."
    assert await result(kit, ada, "party leave") == "You leave the party The Otters."
    assert await result(kit, ben, "party disband") == "The party The Otters is no more."


async def test_what_programs_are_told(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    founded = await kit.do(ada, "party invite Ben")  # founds one
    assert founded.data is not None
    assert [one["name"] for one in founded.data["party"]["members"]] == ["Ada"]
    asked = await kit.do(ben, "party")
    assert asked.data == {"party": None, "invitations": [founded.data["party"]["number"]]}
    left = await kit.do(ada, "party leave")
    assert left.data == {"party": None}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("party dance", "bad_usage"),
        ("party d", "bad_usage"),
        ("party invite", "bad_usage"),
        ("party invite Ghost", "unreachable"),
        ("party invite Ada", "not_in_party"),
        ("party accept", "no_pending_invite"),
        ("party accept Ben", "no_pending_invite"),
        ("party decline", "no_pending_invite"),
        ("party leave", "not_in_party"),
        ("party leave now", "bad_usage"),
        ("party kick", "bad_usage"),
        ("party kick Ben", "not_in_party"),
        ("party promote Ben", "not_in_party"),
        ("party disband", "not_in_party"),
        ("party loot", "not_in_party"),
        ("party loot thief", "invalid_input"),
        ("party loot roll", "not_in_party"),
        ("party follow", "not_in_party"),
        ("party say hi", "not_in_party"),
        ("pchat hi", "not_in_party"),
        ("fchat hi", "no_faction"),
        ("history party", "not_in_party"),
        ("history attic", "not_found"),
    ],
)
async def test_who_is_in_no_party_is_told_so(kit: PlayKit, line: str, code: str) -> None:
    (ada,) = await people(kit, "Ada")
    assert await result(kit, ada, line) == code
    assert kit.parties.of(ada.character_id) is None


async def test_who_is_meant(kit: PlayKit) -> None:
    ada, ben, bea = await people(kit, "Ada", "Ben", "Bea")
    for one in (ben, bea):
        await kit.do(ada, f"party invite {one.name}")
        await kit.do(one, "party accept")
    assert await result(kit, ada, "party kick be") == "bad_usage"
    assert await result(kit, ada, "party kick Cleo") == "not_found"
    assert await result(kit, ada, "party promote ghost") == "not_found"
    assert await result(kit, ada, "party kick Bea") == "You send Bea away from the party."
    assert await result(kit, ada, "party kick be") == "You send Ben away from the party."


async def test_one_of_several_invitations_is_meant(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    for one in (ada, ben):
        await kit.do(one, f"party create Friends of {one.name}")
        await kit.do(one, "party invite Cleo")
    assert await result(kit, cleo, "party accept Dan") == "no_pending_invite"
    assert await result(kit, cleo, "party accept ada") == "You join the party Friends of Ada."


async def test_who_ignores_somebody_is_not_on_for_them(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await kit.do(ben, "ignore Ada")
    ignored, absent = await kit.do(ada, "party invite Ben"), await kit.do(ada, "party invite Bob")
    assert ignored.result.replace("Ben", "Bob") == absent.result
    assert (ignored.code, ignored.hint) == (absent.code, absent.hint)


async def test_a_repeat_after_a_restart_has_no_second_effect(kit: PlayKit) -> None:
    """The answers are forgotten then; the receipts are not."""
    ada, ben = await people(kit, "Ada", "Ben")
    await kit.do(ada, "party invite Ben")
    await kit.do(ben, "party accept")
    for who, line in ((ada, "party kick Ben"), (ada, "party disband"), (ada, "party create Stoats")):
        command_id = CommandId(line)
        assert (await kit.commands.execute(who.character_id, line, command_id=command_id)).success
        kit.commands._answers._known.clear()
        again = await kit.commands.execute(who.character_id, line, command_id=command_id)
        assert (again.success, again.repeated) == (True, True)
    assert kit.parties.require(ada.character_id).name == "Stoats"


async def test_a_stranger_by_a_numbered_command(kit: PlayKit) -> None:
    (ada,) = await people(kit, "Ada")
    await kit.do(ada, "party create")
    refused = await kit.commands.execute(ada.character_id, "party kick Ghost", command_id=CommandId("c"))
    assert refused.code == "not_found"


async def test_a_faction_talks(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    for one in (ada, ben):
        kit.presence.align(one.character_id, "Golden Order")
    assert await result(kit, ada, "fchat For the Order!") == ""
    assert kit.heard(ben).lines() == ["Ada (faction): For the Order!"]


async def test_what_was_said_lately(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    assert await result(kit, ada, "history") == "Nothing was said there lately."
    await kit.do(ada, "say Good evening!")
    response = await kit.do(ben, "history")
    assert response.result == f"Said lately (room):\n  {kit.clock.now():%H:%M} Ada says: Good evening!"
    assert response.data is not None
    assert [one["message"] for one in response.data["messages"]] == ["Good evening!"]
    await kit.do(ada, "global Hello all")
    assert (await result(kit, ben, "history Global")).endswith("Ada (global): Hello all")
