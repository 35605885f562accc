"""Parties and trades between programs, and with people of other doors."""

from __future__ import annotations

from tests.support.shards_door import Program, ShardsHouse

from mythgate.domain.ids import CharacterId


async def party_of(leader: Program, *others: Program) -> int:
    """A party of all of them."""
    await leader.send("party_create", party_name="Lanternbearers")
    party = (await leader.until("party_update"))["party_id"]
    for one in others:
        await leader.send(
            "party_invite",
            party_id=party,
            inviter_id=leader.character_id,
            inviter_name="whoever",
            invitee_id=one.character_id,
            invitee_name="whoever",
        )
        await one.until("party_invite")
        await one.send("party_accept")
        await one.until("party_update")
    return int(party)


async def test_a_party_from_its_beginning_to_its_end(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    carla = await house.enter("carla", "Carla Marsh")
    party = await party_of(ada, bo)

    update = await ada.until("party_update", lambda told: len(told["member_ids"]) == 2)
    assert (update["party_id"], update["leader_id"], update["max_members"]) == (party, ada.character_id, 4)
    assert update["member_ids"] == [ada.character_id, bo.character_id]
    assert update["member_names"] == ["Aldra Venn", "Borin Slate"]
    assert (update["party_name"], update["loot_sharing"]) == ("Lanternbearers", "equal")
    shown = await carla.call("GET", f"/api/party/{party}")
    assert (shown["member_count"], shown["leader_id"]) == (2, ada.character_id)

    await bo.chat("To us", kind="party_chat", channel="party")
    for one in (ada, bo):
        assert (await one.until("party_chat"))["sender_name"] == "borin"
    await carla.quiet("party_chat")

    asked = await bo.call("POST", "/api/party/invite", {"party_id": party, "invitee_id": carla.character_id})
    assert (asked.status, asked["success"]) == (200, True)
    invite = await carla.until("party_invite")
    assert (invite["inviter_name"], invite["invitee_name"]) == ("Borin Slate", "Carla Marsh")
    assert "party_decline" not in {told["type"] for one in (ada, bo) for told in one.heard}  # bo has accepted his
    await carla.send("party_decline", party_id=party)
    assert (await bo.until("party_decline"))["character_id"] == carla.character_id

    await ada.send("party_kick", party_id=party, character_id=bo.character_id)
    assert (await bo.until("party_kick"))["party_id"] == party
    await ada.send("party_disband")
    assert (await ada.until("party_disband"))["party_id"] == party
    gone = await ada.call("GET", f"/api/party/{party}")
    assert (gone.status, gone["is_active"]) == (200, False)


async def test_who_leaves_hands_the_lead_over(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    party = await party_of(ada, bo)
    left = await ada.call("POST", "/api/party/leave", {})
    assert (left.status, left["success"]) == (200, True)
    assert (await ada.until("party_leave"))["party_id"] == party
    update = await bo.until("party_update", lambda told: len(told["member_ids"]) == 1)
    assert update["leader_id"] == bo.character_id
    await bo.send("party_leave", party_id=party)
    assert (await bo.until("party_leave"))["party_id"] == party


async def test_what_parties_refuse(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    for kind, fields, code in (
        ("party_accept", {}, "NO_PENDING_INVITE"),
        ("party_decline", {"party_id": 5}, "NO_PENDING_INVITE"),
        ("party_leave", {}, "NOT_IN_PARTY"),
        ("party_kick", {"character_id": 1}, "NOT_IN_PARTY"),
        ("party_disband", {}, "NOT_IN_PARTY"),
        ("party_create", {"party_name": "x" * 101}, "INVALID_MESSAGE"),
    ):
        await ada.send(kind, **fields)
        assert await ada.refused() == code, kind
    party = await party_of(ada, bo)
    for kind, fields, code in (
        ("party_create", {}, "INVALID_ACTION"),
        ("party_kick", {}, "INVALID_MESSAGE"),
        ("party_kick", {"character_id": 99_999}, "NOT_FOUND"),
        ("party_kick", {"party_id": party + 1, "character_id": bo.character_id}, "NOT_IN_PARTY"),
        ("party_disband", {"party_id": party + 1}, "NOT_IN_PARTY"),
    ):
        await ada.send(kind, **fields)
        assert await ada.refused() == code, kind
    await bo.send("party_disband")
    assert await bo.refused() == "FORBIDDEN"
    carla = await house.enter("carla", "Carla Marsh")
    lurker = await house.enter("dorn")
    for who, path, body, status in (
        (carla, "invite", {"party_id": party, "invitee_id": carla.character_id}, 403),
        (ada, "invite", {"party_id": 99_999, "invitee_id": carla.character_id}, 404),
        (ada, "invite", {"party_id": party, "invitee_id": 99_999}, 404),
        (ada, "invite", {"party_id": party, "invitee_id": bo.character_id}, 409),
        (ada, "invite", {"party_id": party}, 400),
        (ada, "create", {"party_name": 7}, 400),
        (ada, "create", {}, 409),
        (carla, "leave", {}, 409),
        (ada, "leave", {"party_id": party + 1}, 409),
        (ada, "leave", {"party_id": "x"}, 400),
        (lurker, "leave", {}, 401),
    ):
        answer = await who.call("POST", f"/api/party/{path}", body)
        assert (answer.status, answer["success"]) == (status, False), (path, body, answer.body)
    assert (await ada.call("GET", "/api/party/99999")).status == 404
    assert (await ada.call("GET", "/api/party/x")).status == 400


async def test_a_party_that_is_full(house: ShardsHouse) -> None:
    ada, *others = [
        await house.enter(name.lower(), f"{name} Marsh") for name in ("Aldra", "Borin", "Carla", "Dorn", "Edda", "Finn")
    ]
    party = await party_of(ada, *others[:2])
    for one in others[2:]:  # one place is left, and two are asked
        asked = await ada.call("POST", "/api/party/invite", {"party_id": party, "invitee_id": one.character_id})
        assert asked.status == 200
        await one.until("party_invite")
        if one is others[3]:
            break
    await others[2].send("party_accept")
    await others[2].until("party_update", lambda told: len(told["member_ids"]) == 4)
    await others[3].send("party_accept", party_id=party, message_id="late")
    told = await others[3].until("error")
    assert (told["error_code"], told["message_id"], told["details"]) == ("PARTY_FULL", "late", None)
    fields = {"party_id": party, "inviter_id": ada.character_id, "invitee_id": others[4].character_id}
    await ada.send("party_invite", inviter_name="", invitee_name="", **fields)
    assert await ada.refused() == "PARTY_FULL"
    asked = await ada.call("POST", "/api/party/invite", {"party_id": party, "invitee_id": others[4].character_id})
    assert (asked.status, asked["success"]) == (409, False)


async def test_a_party_with_somebody_of_another_door(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    await party_of(ada, bo)
    present = house.door.by_number(bo.character_id)
    assert present is not None
    await house.node.services.commands.execute(CharacterId(present.character_id), "party say At your side")
    assert (await ada.until("party_chat"))["content"] == "At your side"


async def trade_between(ada: Program, bo: Program) -> str:
    await ada.send("trade_request", target_id=bo.character_id)
    request = await bo.until("trade_request")
    assert (request["initiator_id"], request["target_id"]) == (ada.character_id, bo.character_id)
    await bo.send("trade_accept", trade_id=request["trade_id"])
    for one in (ada, bo):
        assert (await one.until("trade_accept"))["character_id"] == bo.character_id
    return str(request["trade_id"])


async def souls_of(who: Program) -> int:
    (body,) = (await who.call("GET", "/api/characters"))["characters"]
    return int(body["progression"]["souls"])


async def test_a_trade_from_the_question_to_the_settlement(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    before = await souls_of(ada), await souls_of(bo)
    trade = await trade_between(ada, bo)
    present = house.door.by_number(bo.character_id)
    assert present is not None
    carried = await house.door.sight.carried(present.character_id)

    await ada.send("trade_update", trade_id=trade, souls=20)
    update = await bo.until("trade_update")
    assert (update["trade_id"], update["accepted"]) == (trade, [])
    assert {"character_id": ada.character_id, "souls": 20, "items": []} in update["offers"]
    thing = next(one for one in carried if not one.equipped)
    await bo.send("trade_update", trade_id=trade, souls=0, items=[{"item_id": thing.number, "quantity": 1}])
    update = await ada.until("trade_update", lambda told: any(one["items"] for one in told["offers"]))
    (row,) = house.door.sight.rows([thing])
    offered = {"item_id": thing.number, "quantity": 1, "name": row.name}
    assert {"character_id": bo.character_id, "souls": 0, "items": [offered]} in update["offers"]
    await bo.send("trade_accept", trade_id=trade, revision=0)
    assert await bo.refused() == "INVALID_ACTION"  # that is not how it stands
    await ada.send("trade_accept", trade_id=trade)
    await bo.until("trade_accept", lambda told: told["character_id"] == ada.character_id)
    await bo.send("trade_accept", trade_id=trade)
    for one in (ada, bo):
        done = await one.until("trade_complete")
        assert done["trade_id"] == trade

    assert (await souls_of(ada), await souls_of(bo)) == (before[0] - 20, before[1] + 20)


async def test_the_request_that_is_meant_is_the_newest(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    carla = await house.enter("carla", "Carla Marsh")
    for one in (bo, carla):
        await one.send("trade_request", target_id=ada.character_id)
        asked = await ada.until("trade_request")
        assert asked["initiator_id"] == one.character_id
    await ada.send("trade_decline")
    told = await carla.until("trade_decline")
    assert (told["trade_id"], told["character_id"]) == (asked["trade_id"], ada.character_id)
    await bo.quiet("trade_decline")


async def test_what_trades_refuse(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    for kind, fields, code in (
        ("trade_request", {}, "INVALID_MESSAGE"),
        ("trade_request", {"target_id": 99_999}, "RECIPIENT_OFFLINE"),
        ("trade_accept", {}, "NOT_FOUND"),
        ("trade_accept", {"trade_id": "x"}, "NOT_FOUND"),
        ("trade_decline", {"trade_id": 5}, "NOT_FOUND"),
        ("trade_update", {"souls": 5}, "NOT_FOUND"),
    ):
        await ada.send(kind, **fields)
        assert await ada.refused() == code, kind
    trade = await trade_between(ada, bo)
    await ada.send("trade_update", trade_id=trade, souls=1_000_000)
    assert await ada.refused() == "INVALID_ACTION"
    await ada.send("trade_update", trade_id=trade, items=[{"item_id": 99_999, "quantity": 1}])
    assert await ada.refused() == "NOT_FOUND"
    await bo.send("trade_decline")
    for one in (ada, bo):
        assert (await one.until("trade_decline"))["character_id"] == bo.character_id
    trade = await trade_between(ada, bo)
    assert bo.ws is not None
    await bo.ws.close()
    assert (await ada.until("trade_decline"))["trade_id"] == trade
