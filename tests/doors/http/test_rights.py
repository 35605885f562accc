"""No role can do more over HTTP than the table of permissions says: every route below `/api/admin`, every role.

**Whoever adds a route there adds a line to `NEEDS`**: the permission that the service asks for, or None if everybody
who is signed in may call it. The test fails for a route without a line, and for a line without a route.

Bodies and paths are made up from the schema. Who may is sent to what does not exist, so that little happens; who may
not is sent to what does exist (`Staff.there`), with a body that makes sense: if none can be made up, one stands in
`BODIES`. They have to hear 403 and nothing else.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from tests.support.http import PASSWORD, Site, site

from mythgate.domain import totp
from mythgate.domain.accounts import Role
from mythgate.domain.apitokens import NOT_FOR_TOKENS
from mythgate.domain.ids import AccountId
from mythgate.domain.permissions import WITHOUT_SECOND_FACTOR, Permission, may
from mythgate.domain.sessions import OPERATOR

P: Final = Permission
ADMIN: Final = "/api/admin"

NEEDS: Final[Mapping[str, Permission | None]] = {
    # about oneself
    "GET /me": None,
    "POST /second-factor": None,
    "POST /second-factor/enrol": None,
    "POST /second-factor/confirm": None,
    "POST /second-factor/disable": None,
    "POST /second-factor/recovery-codes": None,
    # tokens, the record
    "GET /tokens": P.USE_TOKENS,
    "POST /tokens": P.USE_TOKENS,
    "DELETE /tokens/{number}": P.USE_TOKENS,
    "GET /record": P.SEE_RECORD,
    "GET /record/verification": P.SEE_RECORD,
    # people
    "GET /users": P.SEE_PEOPLE,
    "POST /users": P.CREATE_ACCOUNT,
    "GET /users/{user_id}": P.SEE_PEOPLE,
    "POST /users/{user_id}/lock": P.BAN,
    "POST /users/{user_id}/unlock": P.LIFT_BAN,
    "POST /users/{user_id}/password": P.RESET_PASSWORD,
    "POST /users/{user_id}/game-password": P.RESET_PASSWORD,
    "DELETE /users/{user_id}/game-password": P.RESET_PASSWORD,
    "POST /users/{user_id}/role": P.SET_ROLE,
    "POST /users/{user_id}/hidden": P.HIDE,
    "GET /users/{user_id}/notes": P.NOTE,
    "POST /users/{user_id}/notes": P.NOTE,
    "DELETE /users/{user_id}/notes/{number}": P.NOTE,
    "GET /users/{user_id}/alternates": P.SEE_ADDRESSES,
    "POST /users/{user_id}/rename": P.RENAME,
    "GET /users/{user_id}/export": P.EXPORT_PERSON,
    "POST /users/{user_id}/erase": P.ERASE_PERSON,
    "POST /users/{user_id}/second-factor/reset": P.RESET_SECOND_FACTOR,
    "GET /why/{name}": P.SEE_PEOPLE,
    # measures, reports, filters
    "GET /reports": P.SEE_REPORTS,
    "GET /reports/{number}": P.SEE_REPORTS,
    "POST /reports/{number}/step": P.HANDLE_REPORTS,
    "POST /reports/{number}/urgency": P.HANDLE_REPORTS,
    "GET /measures": P.SEE_REPORTS,
    "POST /measures": P.MUTE,  # BAN for bans
    "PATCH /measures/{number}": P.MUTE,
    "POST /measures/{number}/lift": P.MUTE,
    "POST /kicks": P.KICK,
    "GET /appeals": P.SEE_REPORTS,
    "POST /appeals/{number}": P.HANDLE_APPEALS,
    "GET /filters": P.SEE_REPORTS,
    "POST /filters": P.SET_FILTERS,
    "PATCH /filters/{number}": P.SET_FILTERS,
    "DELETE /filters/{number}": P.SET_FILTERS,
    "POST /filters/try": P.SEE_REPORTS,
    "POST /messages/delete": P.DELETE_MESSAGES,
    # rooms and messages
    "GET /now": P.SEE_CONSOLE,
    "GET /now/series": P.SEE_CONSOLE,
    "GET /rooms": P.SEE_CONSOLE,
    "GET /rooms/{key}": P.SEE_CONSOLE,
    "GET /rooms/{key}/talk": P.SEE_TALK,
    "GET /rooms/{key}/live": P.SEE_TALK,
    "POST /rooms/{key}/announce": P.ANNOUNCE,
    "POST /rooms/{key}/lock": P.RUN_ROOMS,
    "POST /rooms/{key}/motd": P.RUN_ROOMS,
    "POST /rooms/{key}/close": P.RUN_ROOMS,
    "POST /rooms/{key}/move": P.RUN_ROOMS,
    "POST /announce": P.ANNOUNCE,
    "GET /motd": P.SEE_CONSOLE,
    "PUT /motd": P.SET_MESSAGES,
    "GET /announcements": P.SEE_CONSOLE,
    "POST /announcements": P.SET_MESSAGES,
    "DELETE /announcements/{number}": P.SET_MESSAGES,
    "GET /bridges": P.RUN_BRIDGES,
    "POST /bridges": P.RUN_BRIDGES,
    "DELETE /bridges/{number}": P.RUN_BRIDGES,
    # the world
    "GET /world/map": P.SEE_CONSOLE,
    "GET /world/entities": P.SEE_CONSOLE,
    "POST /world/check": P.RUN_WORLD,
    "POST /world/reload": P.RUN_WORLD,
    "GET /world/events": P.SEE_CONSOLE,
    "POST /world/aetherfall": P.RUN_WORLD,
    "POST /world/shards/{number}/seal": P.RUN_WORLD,
    "POST /world/shards/{number}/unseal": P.RUN_WORLD,
    "POST /world/shards/{number}/release": P.RUN_WORLD,
    # games
    "GET /results": P.SEE_CONSOLE,
    "POST /results/{number}/void": P.CORRECT_RESULTS,
    "POST /results/{number}/restore": P.CORRECT_RESULTS,
    # the server
    "GET /system": P.SEE_SETTINGS,
    "GET /settings": P.SEE_SETTINGS,
    "PATCH /settings": P.CHANGE_SETTINGS,
    "GET /backups": P.BACK_UP,
    "POST /backups": P.BACK_UP,
    "GET /backups/{name}": P.BACK_UP,
    "POST /backups/{name}/verify": P.BACK_UP,
    "POST /backups/prune": P.BACK_UP,
    "GET /logs": P.SEE_LOGS,
    "GET /logs/levels": P.SEE_LOGS,
    "POST /logs/levels": P.CHANGE_SETTINGS,
    "GET /errors": P.SEE_LOGS,
    "POST /errors/{fingerprint}/seen": P.SEE_LOGS,
    "GET /lab/connections": P.CAPTURE,
    "GET /lab/captures": P.CAPTURE,
    "POST /lab/captures": P.CAPTURE,
    "GET /lab/captures/{capture_id}": P.CAPTURE,
    "POST /lab/captures/{capture_id}/stop": P.CAPTURE,
    "GET /lab/captures/{capture_id}/events": P.CAPTURE,
    "GET /lab/captures/{capture_id}/file": P.CAPTURE,
}

BODIES: Final[Mapping[str, Any]] = {
    "POST /users/{user_id}/role": {"role": "moderator"},
    "POST /announcements": {"text": "Tonight.", "every_minutes": 60},
    "PATCH /settings": {"settings": {"limits.chat_characters": 500}},
    "POST /measures": {"kind": "mute", "account_id": "{user_id}", "minutes": 5},
}

LOOKS_FIRST: Final = {
    "POST /rooms/{key}/move",  # tells that nobody of that id is in a room, which whoever is in it sees as well
    "POST /lab/captures",  # tells that there is no such connection; their ids cannot be guessed
}

OWN_AFFAIRS: Final = {one for one, permission in NEEDS.items() if permission is None}


@dataclass(frozen=True)
class Operation:
    """One operation below `/api/admin`, made up from the schema."""

    name: str
    method: str
    template: str  # of the path
    nowhere: str  # the path of what does not exist
    body: Any

    def at(self, there: Mapping[str, str]) -> str:
        """The path of what does exist."""
        path = self.template
        for name, value in there.items():
            path = path.replace(f"{{{name}}}", value)
        return path


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        if not path.startswith(f"{ADMIN}/"):
            continue
        for method, operation in methods.items():
            nowhere, asked = path, ""
            for parameter in operation.get("parameters", []):
                value = example(document, parameter["schema"])
                if parameter["in"] == "path":
                    nowhere = nowhere.replace(f"{{{parameter['name']}}}", str(value))
                elif parameter.get("required"):
                    asked += f"{'&' if asked else '?'}{parameter['name']}={value}"
            content = operation.get("requestBody", {}).get("content", {})
            body = example(document, content["application/json"]["schema"]) if content else None
            name = f"{method.upper()} {path.removeprefix(ADMIN)}"
            yield Operation(name, method.upper(), path + asked, nowhere + asked, body)


def example(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Something that fits a schema, as little as will do."""
    if "$ref" in schema:
        return example(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return example(document, schema[several][0])
    kind = schema.get("type", "object")
    if kind == "object":
        wanted = schema.get("required", [])
        found = {name: example(document, part) for name, part in schema.get("properties", {}).items() if name in wanted}
        if not wanted and "additionalProperties" in schema and not schema.get("properties"):
            return {}
        return found
    if kind == "array":
        return [example(document, schema["items"])] * schema.get("minItems", 0)
    if kind == "boolean":
        return False
    if kind in ("integer", "number"):
        lowest = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        return min(max(int(lowest) + 1, 3), int(schema.get("maximum", 3)))
    if schema.get("format") == "date-time":
        return "2030-01-01T00:00:00Z"
    return "x" * max(schema.get("minLength", 0), 3)


class Staff:
    """People with each role, and programs, in one place."""

    def __init__(self, place: Site) -> None:
        self.place = place
        self.operations = list(operations(place.app.openapi()))
        self.there: dict[str, str] = {}

    async def prepare(self) -> None:
        """Somebody and something to act on."""
        target, _ = await self.somebody("Target", Role.PLAYER)
        await self.place.node.services.moderation.mute(OPERATOR, target, 60)
        lobby = self.place.node.services.lobbies.lobbies()[0]
        self.there = {"user_id": target, "number": "1", "key": lobby.topic, "name": "Target"}

    async def somebody(self, name: str, role: Role) -> tuple[AccountId, str]:
        signed_in = await self.place.register(name)
        account_id = AccountId(signed_in["user_id"])
        if role is not Role.PLAYER:
            await self.place.node.services.accounts.set_role(OPERATOR, account_id, role)
        return account_id, signed_in["access_token"]

    async def unproven(self, name: str, role: Role) -> str:
        """Somebody who has enrolled and not shown a code in this session."""
        _, token = await self.somebody(name, role)
        made = (await self.place.post(f"{ADMIN}/second-factor/enrol", token=token)).json
        secret = base64.b32decode(made["secret"])
        code = totp.code_at(secret, totp.step_of(self.place.node.clock.now()))
        confirmed = await self.place.post(f"{ADMIN}/second-factor/confirm", {"code": code}, token=token)
        assert confirmed.status == 200, confirmed.body
        signed_in = await self.place.post("/api/auth/login", {"username": name, "password": PASSWORD})
        return str(signed_in.json["access_token"])

    async def refusal(self, one: Operation, token: str) -> str:
        """What somebody hears who may not do it: a code, or what is wrong with the answer."""
        body = BODIES.get(one.name, one.body)
        if isinstance(body, dict):
            known = {f"{{{name}}}": value for name, value in self.there.items()}
            body = {key: known.get(value, value) if isinstance(value, str) else value for key, value in body.items()}
        answer = await self.place.call(one.method, one.at(self.there), body, token=token)
        if answer.status == 404 and one.name in LOOKS_FIRST:
            return ""
        return answer.code if answer.status == 403 else f"{answer.status} {answer.body[:80]!r}"


@pytest.fixture
async def staff(tmp_path: Path) -> AsyncIterator[Staff]:
    async with site(tmp_path) as place:
        made = Staff(place)
        await made.prepare()
        yield made


async def test_every_route_against_every_role(staff: Staff) -> None:
    known = {one.name for one in staff.operations}
    assert known - NEEDS.keys() == set(), "add to NEEDS which permission these routes ask for"
    assert NEEDS.keys() - known == set(), "these routes are no more: take them out of NEEDS"

    faults: list[str] = []
    for one in staff.operations:
        stranger = await staff.place.call(one.method, one.at(staff.there), one.body)
        if stranger.status != 401:
            faults.append(f"strangers: {one.name}: {stranger.status}")
    for role in Role:
        _, token = await staff.somebody(f"Bre {role.value[::-1].replace('_', ' ')}", role)
        for one in staff.operations:
            needs = NEEDS[one.name]
            if needs is not None and not may(role, needs):
                heard = await staff.refusal(one, token)
                if heard not in ("permission_denied", ""):
                    faults.append(f"{role} may not, but {one.name}: {heard}")
                continue
            answer = await staff.place.call(one.method, one.nowhere, one.body, token=token)
            refused = answer.status == 403 and one.name not in OWN_AFFAIRS
            if refused or answer.status in (401, 500) or (answer.status == 422 and answer.code == "validation_error"):
                faults.append(f"{role} may, but {one.name}: {answer.status} {answer.body[:80]!r}")
    assert not faults, "\n".join(faults)


async def test_every_route_without_the_second_factor(staff: Staff) -> None:
    faults: list[str] = []
    for role, name in ((Role.ADMIN, "Bertil"), (Role.OWNER, "Cleo")):
        token = await staff.unproven(name, role)
        for one in staff.operations:
            needs = NEEDS[one.name]
            if needs is not None and needs not in WITHOUT_SECOND_FACTOR:
                heard = await staff.refusal(one, token)
                if heard not in ("second_factor_needed" if may(role, needs) else "permission_denied", ""):
                    faults.append(f"{role}: {one.name}: {heard}")
    assert not faults, "\n".join(faults)


async def test_every_route_with_a_token_that_is_for_something_else(staff: Staff) -> None:
    owner, _ = await staff.somebody("Cleo", Role.OWNER)
    make = staff.place.node.services.tokens.make
    secrets: dict[Permission, str] = {}
    for permission in {needed for needed in NEEDS.values() if needed is not None}:
        others = set(Permission) - {permission} - NOT_FOR_TOKENS
        _, secrets[permission] = await make(OPERATOR, f"not {permission}", others, timedelta(days=1), owner=owner)
    faults: list[str] = []
    for one in staff.operations:
        needs = NEEDS[one.name]
        if needs is not None:
            heard = await staff.refusal(one, secrets[needs])
            if heard not in ("permission_denied", ""):
                faults.append(f"{one.name}: {heard}")
    assert not faults, "\n".join(faults)
