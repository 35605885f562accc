"""Being told, while one is away, that it is worth coming; and bridges between lobbies and channels elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Path, Response
from pydantic import BaseModel, Field

from mythgate.domain.bridges import Bridge
from mythgate.domain.notices import Contact, Occasion, Outcome, Quiet, Subscription, Way
from mythgate.doors.http.deps import BridgeTokenDep, CallerDep, ChargedCallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router

router = new_router("notices")
bridge_router = new_router("administration")

_LARGEST: Final = 0x7FFFFFFF
_Number = Annotated[int, Path(ge=1, le=_LARGEST)]
_NO_CONTENT: Final[dict[str, Any]] = {"status_code": 204, "response_class": Response}
_LOOK: Final = error_responses(401, 403, 503)
_CHANGE: Final = error_responses(400, 401, 403, 404, 409, 413, 422, 429, 503)


class WaitedFor(BaseModel):
    """One thing the caller waits for."""

    number: int
    occasion: Occasion
    place: str = Field(description="Number of a lobby, `world`, or empty for anywhere.")
    count: int = Field(description="Of people, at least.")
    friend: int = Field(description="Number of the account that is waited for; 0 for anybody.")
    told_at: datetime | None = Field(description="When a notice went out last.")


class Reach(BaseModel):
    """Where notices for the caller go."""

    number: int
    way: Way
    address: str
    confirmed: bool = Field(description="Nothing but a code goes there until it is.")
    in_use: bool = Field(description="False while it is not confirmed, or when nothing arrived there for long.")


class QuietHours(BaseModel):
    """The time of day in which the caller is told nothing; over midnight if it ends before it begins."""

    begins: int = Field(ge=0, le=1439, description="Minutes after midnight.", examples=[22 * 60])
    ends: int = Field(ge=0, le=1439, description="Minutes after midnight.", examples=[7 * 60])
    zone: str = Field(min_length=1, max_length=60, description="Name of the time zone.", examples=["Europe/Berlin"])


class OwnNotices(BaseModel):
    """What the caller waits for, and how they are reached."""

    subscriptions: list[WaitedFor]
    contacts: list[Reach]
    quiet: QuietHours | None
    ways: list[Way] = Field(description="Those this server can go.")
    push_key: str = Field(description="What browsers subscribe with, base64url; empty without that way.")


class NewSubscription(BaseModel):
    occasion: Occasion
    place: str = Field("", max_length=20, description="Number of a lobby, `world`, or empty for anywhere.")
    count: int = Field(1, ge=0, le=1000, description="Of people, at least.")
    friend: int = Field(0, ge=0, le=_LARGEST, description="Number of somebody on the caller's list; 0 for anybody.")


class NewContact(BaseModel):
    way: Way
    address: str = Field(min_length=1, max_length=1000, description="E-mail address, URL, or endpoint of a browser.")
    keys: dict[str, Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict, max_length=4, description="Of a browser: `p256dh` and `auth`."
    )


class Code(BaseModel):
    code: str = Field(min_length=1, max_length=20, examples=["123456"])


class Tried(BaseModel):
    number: int
    outcome: Outcome


class TriedAll(BaseModel):
    tried: list[Tried]


def _waited(one: Subscription) -> WaitedFor:
    return WaitedFor(
        number=one.number,
        occasion=one.occasion,
        place=one.place,
        count=one.count,
        friend=one.friend,
        told_at=one.told_at,
    )


def _reach(one: Contact) -> Reach:
    return Reach(
        number=one.number,
        way=one.way,
        address=one.address,
        confirmed=one.confirmed_at is not None,
        in_use=one.is_in_use,
    )


def _hours(quiet: Quiet) -> QuietHours:
    return QuietHours(begins=quiet.begins, ends=quiet.ends, zone=quiet.zone)


@router.get("/api/notices", summary="What I am told of", responses=_LOOK)
async def notices(caller: CallerDep, services: ServicesDep) -> OwnNotices:
    """What the caller waits for, where notices go, and when none do."""
    own = await services.notices.overview(caller)
    return OwnNotices(
        subscriptions=[_waited(one) for one in own.subscriptions],
        contacts=[_reach(one) for one in own.contacts],
        quiet=_hours(own.quiet) if own.quiet is not None else None,
        ways=list(own.ways),
        push_key=own.push_key,
    )


@router.post("/api/notices/subscriptions", status_code=201, summary="Wait for something", responses=_CHANGE)
async def subscribe(caller: ChargedCallerDep, services: ServicesDep, body: NewSubscription) -> WaitedFor:
    """Be told when it is the case: so many people in a lobby, a hosted game, one's clan, a friend."""
    made = await services.notices.subscribe(
        caller, body.occasion, place=body.place, count=body.count, friend=body.friend
    )
    return _waited(made)


@router.delete("/api/notices/subscriptions/{number}", summary="Wait for it no longer", responses=_CHANGE, **_NO_CONTENT)
async def unsubscribe(caller: ChargedCallerDep, services: ServicesDep, number: _Number) -> None:
    """Wait for it no longer."""
    await services.notices.unsubscribe(caller, number)


@router.post("/api/notices/contacts", status_code=201, summary="Be reached somewhere", responses=_CHANGE)
async def add_contact(caller: ChargedCallerDep, services: ServicesDep, body: NewContact) -> Reach:
    """Add an address. A code goes there, which confirms it; a browser needs none."""
    return _reach(await services.notices.add_contact(caller, body.way, body.address, body.keys))


@router.post("/api/notices/contacts/{number}/confirm", summary="Confirm an address", responses=_CHANGE)
async def confirm_contact(caller: ChargedCallerDep, services: ServicesDep, number: _Number, body: Code) -> Reach:
    """Begin to use an address, with the code that was sent there."""
    return _reach(await services.notices.confirm_contact(caller, number, body.code))


@router.delete("/api/notices/contacts/{number}", summary="Remove an address", responses=_CHANGE, **_NO_CONTENT)
async def remove_contact(caller: ChargedCallerDep, services: ServicesDep, number: _Number) -> None:
    """Be reached there no longer."""
    await services.notices.remove_contact(caller, number)


@router.put("/api/notices/quiet", summary="Set my quiet hours", responses=_CHANGE)
async def set_quiet(caller: ChargedCallerDep, services: ServicesDep, body: QuietHours) -> QuietHours:
    """Be told nothing in these hours; what is still the case when they end is told then."""
    return _hours(await services.notices.set_quiet(caller, body.begins, body.ends, body.zone))


@router.delete("/api/notices/quiet", summary="Have no quiet hours", responses=_CHANGE, **_NO_CONTENT)
async def clear_quiet(caller: ChargedCallerDep, services: ServicesDep) -> None:
    """Be told at all hours."""
    await services.notices.clear_quiet(caller)


@router.post("/api/notices/test", summary="Send me something", responses=_CHANGE)
async def test(caller: ChargedCallerDep, services: ServicesDep) -> TriedAll:
    """Send a notice to each address that is in use, and tell what became of it."""
    tried = await services.notices.test(caller)
    return TriedAll(tried=[Tried(number=contact.number, outcome=outcome) for contact, outcome in tried])


# --- bridges ---------------------------------------------------------------------------------------


class BridgeRow(BaseModel):
    """A lobby and a channel elsewhere that hear each other."""

    number: int
    room_id: int = Field(description="Number of the lobby.")
    name: str = Field(description="Of the channel elsewhere, as the lobby reads it.")
    sends_to: str = Field(description="Host its lines go to; empty if none do.")
    sends: bool = Field(description="Whether lines of the lobby go out; false also when nothing arrived for long.")
    hears: bool = Field(description="Whether lines from elsewhere come in.")
    failures: int = Field(description="Deliveries in a row that did not work.")
    created_at: datetime


class Bridges(BaseModel):
    bridges: list[BridgeRow]


class NewBridge(BaseModel):
    room_id: int = Field(ge=0, le=_LARGEST, description="Number of the lobby.")
    name: str = Field(min_length=1, max_length=100, examples=["Discord #general"])
    url: str = Field("", max_length=1000, description="Webhook that lines of the lobby are posted to. Empty: none are.")
    hears: bool = Field(False, description="Whether lines may be posted in from there.")


class OpenedBridge(BridgeRow):
    token: str = Field(description="With it lines are posted in; shown this once. Empty if none may be.")


class LineFromElsewhere(BaseModel):
    name: str = Field(min_length=1, max_length=200, description="Who said it.", examples=["Ann"])
    text: str = Field(min_length=1, max_length=2000)


class Taken(BaseModel):
    status: Literal["told"]


def _row(bridge: Bridge) -> dict[str, Any]:
    return {
        "number": bridge.number,
        "room_id": bridge.room_id,
        "name": bridge.name,
        "sends_to": bridge.place,
        "sends": bridge.sends,
        "hears": bridge.hears,
        "failures": bridge.failures,
        "created_at": bridge.created_at,
    }


@bridge_router.get("/api/admin/bridges", summary="List bridges", responses=_LOOK)
async def bridges(caller: CallerDep, services: ServicesDep) -> Bridges:
    """All bridges between lobbies and channels elsewhere."""
    return Bridges(bridges=[BridgeRow(**_row(one)) for one in await services.bridges.bridges(caller)])


@bridge_router.post("/api/admin/bridges", status_code=201, summary="Open a bridge", responses=_CHANGE)
async def open_bridge(caller: ChargedCallerDep, services: ServicesDep, body: NewBridge) -> OpenedBridge:
    """Let a lobby and a channel elsewhere hear each other. The lobby is told, and so is everybody who enters it."""
    made, token = await services.bridges.open(caller, body.room_id, body.name, url=body.url, hears=body.hears)
    return OpenedBridge(**_row(made), token=token)


@bridge_router.delete("/api/admin/bridges/{number}", summary="Close a bridge", responses=_CHANGE, **_NO_CONTENT)
async def close_bridge(caller: ChargedCallerDep, services: ServicesDep, number: _Number) -> None:
    """Take a bridge down; its token ends with it."""
    await services.bridges.close(caller, number)


@router.post("/api/bridge", status_code=202, summary="Say something from elsewhere", responses=_CHANGE)
async def post_line(token: BridgeTokenDep, services: ServicesDep, body: LineFromElsewhere) -> Taken:
    """Tell a lobby what was said in the channel its bridge leads to, with the token of the bridge."""
    await services.bridges.post(token, body.name, body.text)
    return Taken(status="told")
