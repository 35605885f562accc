"""Rooms, maps and the state of the world over HTTP, by a whole node."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.http import Site, site
from tests.support.worlds import PACK, write_pack

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId, CharacterId, RoomId
from mythgate.domain.sessions import OPERATOR

ZONE = """\
zone: {id: z, name: Zone, description: A zone for tests., colour: "#112233"}
rooms:
  a:
    name: Place <A>
    description: The first of the places.
    exits:
      north: b
      east: {to: c, hidden: true}
    items: [rock]
  b: {name: Place B, description: The second of the places., exits: {south: a}}
  c: {name: Place C, description: The third of the places., exits: {west: a}}
items:
  rock: {summary: A rock lies here., description: It is a rock.}
"""
A, B, C = "p_z_main_a", "p_z_main_b", "p_z_main_c"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_pack(tmp_path / "pack", ZONE, PACK)


@pytest.fixture
async def place(tmp_path: Path, pack: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, world={"packs": [pack], "watch": False}) as made:
        yield made


async def player(place: Site, name: str = "Alric", *, been: tuple[str, ...] = (), role: Role = Role.PLAYER) -> str:
    """The token of somebody whose character stands in A and has been in the rooms `been`."""
    signed_in = await place.register(name)
    token: str = signed_in["access_token"]
    character = (await place.post("/api/characters", {"name": name}, token=token)).json
    now = place.node.services.clock.now()

    def explore(tx: Any) -> None:
        for room_id in (A, *been):
            tx.characters.explore(CharacterId(character["id"]), RoomId(room_id), now)

    await place.node.services.store.write(explore)
    if role is not Role.PLAYER:
        await place.node.services.accounts.set_role(OPERATOR, AccountId(signed_in["user_id"]), role)
    return token


async def test_nobody_is_told_anything_without_a_token(place: Site) -> None:
    for path in (
        f"/api/rooms/{A}",
        "/api/rooms/list",
        "/api/maps/ascii",
        "/api/maps/ascii/minimap",
        "/api/maps/explored",
        "/api/world/state",
    ):
        assert (await place.get(path)).status == 401
    assert (await place.post("/api/world/reload")).status == 401


async def test_a_room_one_has_been_in(place: Site) -> None:
    token = await player(place)
    answer = await place.get(f"/api/rooms/{A}", token=token)
    assert answer.status == 200
    room = answer.json
    assert (room["id"], room["name"], room["zone_name"]) == (A, "Place <A>", "Zone")
    assert room["exits"] == {"north": None}
    assert (room["map_x"], room["map_y"], room["map_z"]) == (0, 0, 0)
    assert room["items"] == [], "asleep one does not see what lies there"


@pytest.mark.parametrize("room_id", [B, "p_z_main_x"])
async def test_a_room_one_has_not_been_in_is_no_different_from_none(place: Site, room_id: str) -> None:
    token = await player(place)
    answer = await place.get(f"/api/rooms/{room_id}", token=token)
    assert (answer.status, answer.code) == (404, "not_found")


async def test_ids_are_checked(place: Site) -> None:
    token = await player(place)
    assert (await place.get("/api/rooms/..%2Fx", token=token)).status in (404, 422)
    assert (await place.get("/api/rooms/A-B", token=token)).status == 422
    assert (await place.get("/api/maps/ascii/minimap?size=1000", token=token)).status == 422
    assert (await place.get("/api/maps/ascii?viewport_x=99999999999999999999", token=token)).status == 422
    assert (await place.get("/api/maps/ascii?style=oil", token=token)).status == 422


async def test_an_admin_sees_any_room_and_what_is_in_it(place: Site) -> None:
    token = await player(place, role=Role.ADMIN)
    room = (await place.get(f"/api/rooms/{A}", token=token)).json
    assert [item["name"] for item in room["items"]] == ["a rock"]
    assert room["exits"] == {"north": B, "east": C}
    assert (await place.get(f"/api/rooms/{C}", token=token)).status == 200


async def test_the_list_holds_what_one_has_explored(place: Site) -> None:
    token = await player(place, been=(B,))
    answer = (await place.get("/api/rooms/list?plane=p&zone=z", token=token)).json
    assert [room["id"] for room in answer["rooms"]] == [A, B]
    assert answer["total"] == 2
    assert answer["rooms"][0]["exits"] == {"north": B}
    assert C not in str(answer)
    bare = (await place.get("/api/rooms/list?include_exits=false", token=token)).json
    assert bare["rooms"][0]["exits"] is None
    for nothing in ("plane=q", "zone=y", "sub_zone=x"):
        assert (await place.get(f"/api/rooms/list?{nothing}", token=token)).json["rooms"] == []
    assert (await place.get("/api/rooms/list?zone=p_z", token=token)).json["total"] == 2


async def test_an_admin_lists_all_or_what_was_explored(place: Site) -> None:
    token = await player(place, role=Role.ADMIN)
    assert (await place.get("/api/rooms/list", token=token)).json["total"] == 3
    assert (await place.get("/api/rooms/list?filter_explored=true", token=token)).json["total"] == 1


async def test_the_text_map_shows_the_surroundings(place: Site) -> None:
    token = await player(place, been=(B,))
    answer = (await place.get("/api/maps/ascii?viewport_width=3&viewport_height=3", token=token)).json
    assert answer["map"] == "        [   ]\n          |\n        [ @ ]\n\n\n\n@ you"
    assert answer["map_html"] == f'<pre class="map">{html.escape(answer["map"])}</pre>'
    assert answer["viewport"] == {"x": -1, "y": -1, "z": 0, "width": 3, "height": 3, "plane": "p"}
    assert answer["current_room_id"] == A


async def test_the_viewport_can_be_moved(place: Site) -> None:
    token = await player(place, been=(B, C))
    corner = "viewport_x=0&viewport_y=0&viewport_width=2&viewport_height=1&legend=false"
    assert (await place.get(f"/api/maps/ascii?{corner}", token=token)).json["map"] == "[ @ ]---[   ]"
    elsewhere = (await place.get(f"/api/maps/ascii?{corner}&plane=q&z=3", token=token)).json
    assert (elsewhere["map"], elsewhere["viewport"]["z"]) == ("", 3)
    around = (await place.get(f"/api/maps/ascii?current_room_id={C}&viewport_width=1", token=token)).json
    assert around["viewport"]["x"] == 1


async def test_a_map_cannot_be_centred_on_what_one_does_not_know(place: Site) -> None:
    token = await player(place)
    for unknown in (C, "p_z_main_x"):
        answer = (await place.get(f"/api/maps/ascii/minimap?current_room_id={unknown}", token=token)).json
        assert answer["viewport"]["x"] == -2, "where the character is"


async def test_the_minimap_has_the_character_in_its_middle(place: Site) -> None:
    token = await player(place)
    answer = (await place.get("/api/maps/ascii/minimap?size=3&style=boxes", token=token)).json
    assert (answer["size"], answer["style"]) == (3, "boxes")
    assert answer["map"].splitlines()[5][10] == "@"


async def test_the_map_to_draw(place: Site) -> None:
    token = await player(place, been=(B,))
    answer = (await place.get("/api/maps/explored", token=token)).json
    assert answer == {
        "plane": "p",
        "rooms": [
            {"id": A, "name": "Place <A>", "zone": "p_z", "plane": "p", "x": 0, "y": 0, "z": 0,
             "exits": {"north": B}, "locked": [], "current": True},
            {"id": B, "name": "Place B", "zone": "p_z", "plane": "p", "x": 0, "y": -1, "z": 0,
             "exits": {"south": A}, "locked": [], "current": False},
        ],
        "zones": [{"id": "p_z", "name": "Zone", "colour": "#112233"}],
        "current_room_id": A,
    }  # fmt: skip
    assert (await place.get("/api/maps/explored?plane=q", token=token)).json["rooms"] == []


async def test_only_admins_may_map_what_nobody_explored(place: Site) -> None:
    wanted = "/api/maps/explored?everything=true"
    assert len((await place.get(wanted, token=await player(place, "Alric"))).json["rooms"]) == 1
    assert len((await place.get(wanted, token=await player(place, "Berta", role=Role.ADMIN))).json["rooms"]) == 3


async def test_without_a_character_there_is_no_map(place: Site) -> None:
    token = (await place.register())["access_token"]
    answer = await place.get("/api/maps/explored", token=token)
    assert answer.code == "no_character"


async def test_the_state_of_the_world(place: Site) -> None:
    token = await player(place)
    state = (await place.get("/api/world/state", token=token)).json
    assert (state["name"], state["version"], state["rooms"], state["zones"]) == ("Test", "1", 3, 1)
    assert (state["players"], state["inhabitants"]) == (0, 0)
    assert state["world_time"].startswith("the ")
    assert state["directions"][0] == "north"
    assert state["tick"] > 0


async def test_an_admin_reloads_and_is_told_what_is_wrong(place: Site, pack: Path) -> None:
    token = await player(place, role=Role.ADMIN)
    zone = pack / "zones" / "z.yaml"
    zone.write_text(ZONE.replace("north: b", "north: bb"))
    refused = (await place.post("/api/world/reload", token=token)).json
    assert refused["reloaded"] is False
    (problem,) = refused["problems"]
    assert (problem["line"], problem["column"], problem["message"]) == (
        7,
        14,
        "there is no room 'bb'; did you mean 'b'?",
    )
    assert place.node.services.world.world.require(A).name == "Place <A>"

    zone.write_text(
        ZONE.replace("Place <A>", "Place Alpha").replace("items: [rock]", "items: [{item: rock, count: 3}]")
    )
    done = (await place.post("/api/world/reload", token=token)).json
    assert done == {"reloaded": True, "problems": [], "rooms_changed": 1, "items_added": 2, "characters_moved": 0}
    assert (await place.get(f"/api/rooms/{A}", token=token)).json["name"] == "Place Alpha"


async def test_players_do_not_reload(place: Site) -> None:
    answer = await place.post("/api/world/reload", token=await player(place))
    assert (answer.status, answer.code) == (403, "permission_denied")


async def test_a_room_that_went_away_moves_its_people(place: Site, pack: Path) -> None:
    token = await player(place)
    admin = await player(place, "Berta", role=Role.ADMIN)
    character = (await place.get("/api/characters", token=token)).json["characters"][0]
    store, now = place.node.services.store, place.node.services.clock.now()

    def walk(tx: Any) -> None:
        tx.characters.relocate(tx.characters.require(CharacterId(character["id"])), RoomId(B), now)

    await store.write(walk)
    lines = [line for line in ZONE.splitlines() if "north: b" not in line and not line.startswith("  b:")]
    (pack / "zones" / "z.yaml").write_text("\n".join(lines))
    assert (await place.post("/api/world/reload", token=admin)).json["characters_moved"] == 1
    assert (await place.get("/api/characters", token=token)).json["characters"][0]["room_id"] == A
