"""Reports, measures, appeals, filters and deleted messages over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.http import PASSWORD, Site, site

from mythgate.domain.accounts import Role
from mythgate.domain.errors import AccountDisabled
from mythgate.domain.ids import AccountId
from mythgate.domain.sessions import OPERATOR


async def staff(made: Site, name: str = "Mira", role: Role = Role.MODERATOR) -> str:
    """The token of somebody of the staff. Admins would need a second factor, so the operator makes what is theirs."""
    signed_in = await made.register(name)
    await made.node.services.accounts.set_role(OPERATOR, AccountId(signed_in["user_id"]), role)
    token: str = signed_in["access_token"]
    return token


async def ok(
    made: Site, method: str, path: str, body: Any = None, *, token: str | None = None, status: int = 200
) -> Any:
    answer = await made.call(method, path, body, token=token)
    assert answer.status == status, answer.body
    return answer.json


async def test_a_report_from_beginning_to_end(tmp_path: Path) -> None:
    async with site(tmp_path) as made:
        ada, bob, mira = await made.register("Ada"), await made.register("Bob"), await staff(made)
        report = {"name": "Bob", "reason": "insults everybody"}
        filed = await ok(made, "POST", "/api/reports", report, token=ada["access_token"], status=201)
        assert filed == {"number": 1, "joined": False}
        page = await ok(made, "GET", "/api/admin/reports?state=open&limit=1", token=mira)
        assert [(row["name"], row["state"], row["urgency"]) for row in page["reports"]] == [("Bob", "open", 1)]
        assert (page["counts"]["open"], page["next"]) == (1, 1)
        assert (await ok(made, "GET", "/api/admin/reports?after=1", token=mira))["reports"] == []
        card = await ok(made, "GET", "/api/admin/reports/1", token=mira)
        assert card["verdict"] == {"genuine": True, "line": None, "problem": "", "lines": 1, "erased": 0}
        assert (card["evidence"][0]["text"], card["may"]) == ("Bob: insults everybody", ["claim"])
        path = "/api/admin/reports/1/step"
        claimed = await ok(made, "POST", path, {"step": "claim"}, token=mira)
        assert (claimed["state"], claimed["claimed_name"]) == ("claimed", "Mira")
        urgent = await ok(made, "POST", "/api/admin/reports/1/urgency", {"urgency": 3}, token=mira)
        assert urgent["urgency"] == 3
        await ok(made, "POST", path, {"step": "resolve", "answer": "Thank you."}, token=mira)
        (own,) = await ok(made, "GET", "/api/reports", token=ada["access_token"])
        assert (own["state"], own["answer"], own["name"]) == ("resolved", "Thank you.", "Bob")
        assert (await made.post(path, {"step": "claim"}, token=mira)).code == "wrong_state"
        assert (await made.get("/api/admin/reports", token=bob["access_token"])).code == "permission_denied"
        assert (await made.get("/api/admin/reports/99", token=mira)).status == 404


async def test_a_ban_and_an_appeal(tmp_path: Path) -> None:
    async with site(tmp_path) as made:
        bob, mira = await made.register("Bob"), await staff(made)
        wanted = {"kind": "ban", "account_id": bob["user_id"], "minutes": 60, "reason": "cheating", "show_reason": True}
        measure = await ok(made, "POST", "/api/admin/measures", wanted, token=mira, status=201)
        assert (measure["name"], measure["active"], measure["by"]) == ("Bob", True, "Mira")
        refused = await made.post("/api/auth/login", {"username": "Bob", "password": PASSWORD})
        assert (refused.status, refused.code) == (403, "account_disabled")
        words = refused.json["error"]["message"]
        assert "Reason: cheating." in words
        code = words.partition("code ")[2][:9]
        appeal = {"code": code, "text": "It was my brother."}
        standing = await ok(made, "POST", "/api/appeals", appeal, status=201)
        assert (standing["kind"], standing["appeal"]["state"], standing["reason"]) == ("ban", "open", "cheating")
        (waiting,) = (await ok(made, "GET", "/api/admin/appeals", token=mira))["appeals"]
        assert (waiting["name"], waiting["measure"]["number"]) == ("Bob", measure["number"])
        decide = f"/api/admin/appeals/{waiting['number']}"
        assert (await made.post(decide, {"step": "grant"}, token=mira)).code == "permission_denied"
        granted = await made.node.services.appeals.decide(OPERATOR, waiting["number"], "grant", "Welcome back.")  # type: ignore[arg-type]
        assert granted.answer == "Welcome back."
        look = await ok(made, "POST", "/api/appeals/look", {"username": "Bob", "password": PASSWORD})
        assert (look["active"], look["appeal"]["answer"]) == (False, "Welcome back.")
        await ok(made, "POST", "/api/auth/login", {"username": "Bob", "password": PASSWORD})
        assert (await made.post("/api/appeals/look", {"code": "AAAA-AAAA"})).status == 404


async def test_the_list_of_measures(tmp_path: Path) -> None:
    async with site(tmp_path) as made:
        bob, mira = await made.register("Bob"), await staff(made)
        who = {"account_id": bob["user_id"]}
        place = {"scope": "door", "place": "telnet"}
        made_here = await ok(
            made, "POST", "/api/admin/measures", {"kind": "mute"} | who | place, token=mira, status=201
        )
        path = f"/api/admin/measures/{made_here['number']}"
        changed = await ok(made, "PATCH", path, {"minutes": 5, "reason": "noise"}, token=mira)
        assert changed["until"] is not None
        listed = await ok(made, "GET", f"/api/admin/measures?account_id={bob['user_id']}&limit=1", token=mira)
        assert (listed["measures"][0]["reason"], listed["next"]) == ("noise", made_here["number"])
        lifted = await ok(made, "POST", f"{path}/lift", {}, token=mira)
        assert (lifted["active"], lifted["lifted_at"] is None) == (False, False)
        assert (await ok(made, "GET", "/api/admin/measures", token=mira))["measures"] == []
        assert len((await ok(made, "GET", "/api/admin/measures?active=false", token=mira))["measures"]) == 1
        kicked = await ok(made, "POST", "/api/admin/kicks", who, token=mira)
        assert kicked == {"places": 1}
        network = {"kind": "ban", "network": "192.0.2.0/24"}
        assert (await made.post("/api/admin/measures", network, token=mira)).status == 403


async def test_filters_and_messages(tmp_path: Path) -> None:
    async with site(tmp_path) as made:
        mira = await staff(made)
        services = made.node.services
        rule = await services.filters.add(OPERATOR, "badger", "mask")  # type: ignore[arg-type]
        (row,) = await ok(made, "GET", "/api/admin/filters", token=mira)
        assert (row["pattern"], row["action"], row["number"]) == ("badger", "mask", rule.number)
        tried = await ok(made, "POST", "/api/admin/filters/try", {"text": "a b.a.d.g.e.r"}, token=mira)
        assert tried == {"words": "a ***********", "filters": [rule.number]}
        path = f"/api/admin/filters/{rule.number}"
        for answer in (
            await made.post("/api/admin/filters", {"pattern": "newt", "action": "refuse"}, token=mira),
            await made.call("PATCH", path, {"enabled": False}, token=mira),
            await made.call("DELETE", path, token=mira),
        ):
            assert answer.code == "permission_denied"
        gone = await made.post("/api/admin/messages/delete", {"id": "nothing"}, token=mira)
        assert gone.status == 404


async def test_who_comes_from_a_banned_network_with_an_old_token(tmp_path: Path) -> None:
    """Loopback cannot be banned; what is asked is the same for every address."""
    async with site(tmp_path) as made:
        bob = await made.register("Bob")
        gate = made.node.services.sessions.gate
        asked: list[tuple[str, str]] = []
        refuse = gate.refuse

        def noted(account_id: AccountId, role: Role, door: str, address: str) -> None:
            asked.append((door, address))
            refuse(account_id, role, door, address)

        gate.refuse = noted  # type: ignore[method-assign]
        await ok(made, "GET", "/api/reports", token=bob["access_token"])
        assert asked == [("http", "127.0.0.1")]
        await made.node.services.accounts.disable(OPERATOR, AccountId(bob["user_id"]))
        with pytest.raises(AccountDisabled):
            await made.node.services.accounts.login("Bob", PASSWORD, door="http", address="", client="")
