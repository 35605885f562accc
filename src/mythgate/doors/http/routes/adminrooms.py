"""Rooms, for staff: who is in them, what is said, and running them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId, PlayId
from mythgate.doors.http.deps import CallerDep, OriginDep, ServicesDep
from mythgate.doors.http.errors import error_responses, json_error_responses
from mythgate.doors.http.play import PlayDoor
from mythgate.doors.http.routing import new_router
from mythgate.doors.http.socket_protocol import ABORT_EXTENSION
from mythgate.doors.http.sse import EventStream, SseSink
from mythgate.services.rooms import MOST_LINES, Person, RoomCard, RoomKind, RoomRow, Said, Watch

router = new_router("administration")

RoomKey = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        description="`lobby:` and its number, or `room:` and the id of a room of the world.",
        examples=["lobby:26"],
    ),
]
Reason = Annotated[str, Field(max_length=1000, description="Why; kept in the record.")]
Words = Annotated[str, Field(max_length=4000)]

_LOOK: Final = error_responses(401, 403, 404, 422, 503)
_CHANGE: Final = error_responses(400, 401, 403, 404, 409, 413, 422, 503)


class StaffRoom(BaseModel):
    """One room in the list."""

    key: str = Field(description="What the other routes know it by.", examples=["lobby:26"])
    kind: RoomKind
    name: str
    people: int
    capacity: int
    locked: bool = Field(description="Whether only the staff comes in.")
    motd: str = Field(description="What it greets with; empty: nothing.")
    games: int = Field(description="Of a lobby: games listed or running.")
    family: str = Field(description="Of a lobby: whose clients it is for.")
    zone: str = Field(description="Of a room of the world: the zone it is in.")
    configured: bool = Field(description="Whether the settings or a world pack name it: it can be locked, not closed.")
    temporary: bool
    squelched: bool = Field(description="Whether only the staff talks to all.")


class StaffRooms(BaseModel):
    """Lobbies by number, then rooms of the world, the fullest first."""

    rooms: list[StaffRoom]


class StaffOccupant(BaseModel):
    """Somebody in a room."""

    id: str = Field(description="What `move` knows them by.")
    account_id: str | None = Field(description="Null: a guest of an old client.")
    account: str = Field(description="Name of the account; empty: none.")
    name: str = Field(description="As others see it.")
    number: int
    role: Role
    guest: bool
    hidden: bool
    door: str
    client: str
    ping_ms: float | None = Field(description="Round trip; null where it is not known. Asking has it measured anew.")
    since: datetime = Field(description="When they came to the lobby, or into the world.")
    away: bool
    linkdead: bool = Field(description="Whether the connection is lost and they may yet be back.")


class StaffRoomCard(StaffRoom):
    """One room and who is in it, the longest there first."""

    occupants: list[StaffOccupant]


class TalkLine(BaseModel):
    """One line of talk."""

    id: str
    at: datetime
    channel: str = Field(examples=["say"])
    name: str = Field(description="Who said it; empty: the server.")
    account_id: str | None
    number: int = Field(description="Their number in a lobby; 0 elsewhere.")
    text: str


class RoomTalk(BaseModel):
    """The oldest first."""

    lines: list[TalkLine]


class AnnounceRequest(BaseModel):
    text: Words


class LockRoomRequest(BaseModel):
    locked: bool


class GreetRequest(BaseModel):
    text: Words = Field(description="Empty: it greets with nothing.")


class MoveRequest(BaseModel):
    id: Annotated[str, Field(min_length=1, max_length=100, description="`id` of an occupant.")]
    to: Annotated[str, Field(min_length=1, max_length=200, description="Key of a room of the same kind.")]
    reason: Reason = ""


class CloseRequest(BaseModel):
    reason: Reason = ""


class Announced(BaseModel):
    text: str = Field(description="As it was told.")


class MovedPerson(BaseModel):
    name: str


class ClosedRoom(BaseModel):
    room: StaffRoom | None = Field(description="The room, if the settings name it: it is locked. Null: it is no more.")


# --- looking ---------------------------------------------------------------------------------------


@router.get("/api/admin/rooms", summary="Rooms and how many are in them", responses=_LOOK)
async def admin_rooms(
    caller: CallerDep,
    services: ServicesDep,
    empty: Annotated[bool, Query(description="Also rooms of the world with nobody in them.")] = False,
) -> StaffRooms:
    """All lobbies, and rooms of the world with people in them; for staff."""
    rows = await services.rooms.all(caller, empty=empty)
    return StaffRooms(rooms=[staff_room(row) for row in rows])


@router.get("/api/admin/rooms/{key}", summary="A room and who is in it", responses=_LOOK)
async def admin_room(key: RoomKey, caller: CallerDep, services: ServicesDep) -> StaffRoomCard:
    """Who is in it, through which door, with which client, and how far away they are; for staff."""
    return _card(await services.rooms.card(caller, key))


@router.get("/api/admin/rooms/{key}/talk", summary="What was said in a room", responses=_LOOK)
async def admin_room_talk(
    key: RoomKey,
    caller: CallerDep,
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=MOST_LINES)] = 100,
    after: Annotated[str, Query(max_length=100, description="`id` of a line: only what was said since.")] = "",
) -> RoomTalk:
    """What the server remembers of it. That somebody of the staff reads it is recorded, once an hour."""
    lines = await services.rooms.talk(caller, key, limit=limit, after=after)
    return RoomTalk(lines=[talk_line(line) for line in lines])


# --- running ---------------------------------------------------------------------------------------


@router.post("/api/admin/rooms/{key}/announce", summary="Announce in a room", responses=_CHANGE)
async def announce_in_room(key: RoomKey, body: AnnounceRequest, caller: CallerDep, services: ServicesDep) -> Announced:
    """Everybody in it reads it in the name of the server, whatever client they have."""
    return Announced(text=await services.rooms.announce(caller, key, body.text))


@router.post("/api/admin/rooms/{key}/lock", summary="Lock or unlock a room", responses=_CHANGE)
async def lock_room(key: RoomKey, body: LockRoomRequest, caller: CallerDep, services: ServicesDep) -> StaffRoom:
    """Nobody but the staff comes in; who is in it stays, and is told."""
    return staff_room(await services.rooms.lock(caller, key, body.locked))


@router.post("/api/admin/rooms/{key}/motd", summary="Change what a room greets with", responses=_CHANGE)
async def greet_in_room(key: RoomKey, body: GreetRequest, caller: CallerDep, services: ServicesDep) -> StaffRoom:
    """Who is in it reads it now, others when they come."""
    return staff_room(await services.rooms.greet(caller, key, body.text))


@router.post("/api/admin/rooms/{key}/close", summary="Close a lobby", responses=_CHANGE)
async def close_room(key: RoomKey, body: CloseRequest, caller: CallerDep, services: ServicesDep) -> ClosedRoom:
    """Everybody has to go. A lobby that somebody opened is no more; one of the settings is emptied and locked."""
    left = await services.rooms.close(caller, key, body.reason)
    return ClosedRoom(room=staff_room(left) if left is not None else None)


@router.post("/api/admin/rooms/{key}/move", summary="Move somebody to another room", responses=_CHANGE)
async def move_person(key: RoomKey, body: MoveRequest, caller: CallerDep, services: ServicesDep) -> MovedPerson:
    """Somebody in this room goes to another of the same kind, whatever is asked of who goes there by themselves.

    Old clients choose their lobby themselves: who came with one cannot be moved.
    """
    services.rooms.require(key)
    return MovedPerson(name=await services.rooms.move(caller, body.id, body.to, body.reason))


@router.post("/api/admin/announce", summary="Announce to everybody", responses=_CHANGE)
async def announce_everywhere(body: AnnounceRequest, caller: CallerDep, services: ServicesDep) -> Announced:
    """Everybody on the server reads it, through all doors."""
    return Announced(text=await services.chat.announce(caller, body.text))


# --- looking on ------------------------------------------------------------------------------------


class _Looking(EventStream):
    """The endless response of somebody who looks on."""

    watch: Watch

    def ended(self) -> None:
        """The connection is gone."""
        super().ended()
        self.door.services.rooms.watched(self.watch)


def watch_router(door: PlayDoor) -> APIRouter:
    """Looking on as it happens. `door` is one of its own, over a hub of those who look on."""
    watching = new_router("administration")

    @watching.get(
        "/api/admin/rooms/{key}/live",
        summary="What is said in a room, as it happens",
        status_code=200,
        response_class=EventStream,
        responses={
            200: {"description": "An endless stream of envelopes.", "content": {"text/event-stream": {}}},
            **json_error_responses(401, 403, 404, 422, 429, 503),
        },
    )
    async def admin_room_live(
        key: RoomKey, request: Request, caller: CallerDep, services: ServicesDep, origin: OriginDep
    ) -> EventStream:
        """Talk, and who comes and goes, as Server-Sent Events with the envelopes of play; ask for what was said before
        with `talk`. Recorded. It ends when the caller signs out or may not look on any more."""
        door.admit(origin.address)
        try:
            watch = await services.rooms.watch(caller, key)
            extension = request.scope.get("extensions", {}).get(ABORT_EXTENSION)
            sink = SseSink(door, extension["abort"] if extension is not None else None)
            # A stream for each window: an account may look at several rooms.
            stream = door.hub.open(PlayId(watch.listener), watch.listener, AccountId(watch.listener), watch.session_id)
            door.hub.attach(stream, sink)
            services.rooms.watching(watch)
        except BaseException:
            door.leave(origin.address)
            raise
        response = _Looking(door, stream, sink, origin.address)
        response.watch = watch
        return response

    return watching


# --- views -----------------------------------------------------------------------------------------


def staff_room(row: RoomRow) -> StaffRoom:
    """A room as JSON has it."""
    return StaffRoom(**_row(row))


def _row(row: RoomRow) -> dict[str, object]:
    return {
        "key": row.key,
        "kind": row.kind,
        "name": row.name,
        "people": row.people,
        "capacity": row.capacity,
        "locked": row.locked,
        "motd": row.motd,
        "games": row.games,
        "family": row.family,
        "zone": row.zone,
        "configured": row.is_configured,
        "temporary": row.is_temporary,
        "squelched": row.is_squelched,
    }


def _card(card: RoomCard) -> StaffRoomCard:
    return StaffRoomCard(**_row(card.row), occupants=[_occupant(one) for one in card.people])


def _occupant(one: Person) -> StaffOccupant:
    return StaffOccupant(
        id=one.id,
        account_id=one.account_id,
        account=one.account_name,
        name=one.shown_name,
        number=one.number,
        role=one.role,
        guest=one.is_guest,
        hidden=one.is_hidden,
        door=one.door,
        client=one.client,
        ping_ms=round(one.round_trip * 1000, 1) if one.round_trip is not None else None,
        since=one.since,
        away=one.away,
        linkdead=one.linkdead,
    )


def talk_line(line: Said) -> TalkLine:
    """A line of talk as JSON has it."""
    return TalkLine(
        id=line.id,
        at=line.at,
        channel=line.channel,
        name=line.speaker,
        account_id=line.account_id,
        number=line.number,
        text=line.text,
    )
