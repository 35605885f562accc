"""How the caller is shown to others, and whom they list as friends."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Path
from pydantic import BaseModel, Field

from mythgate.domain.events import FriendView
from mythgate.domain.lobbies import Colour, Looks
from mythgate.domain.profiles import GREY, Profile
from mythgate.domain.sessions import Caller
from mythgate.doors.http.deps import CallerDep, ChargedCallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services import friends as friend_views
from mythgate.services.all import Services
from mythgate.services.lobbies import colour_code

router = new_router("lobbies")

# Generous bounds against abuse; what fits is the domain's business.
_Text = Annotated[str, Field(max_length=1000)]
_Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$", examples=["#3f7fff"])]
_WIDER: Final = 0x101  # from 8 bits to 16: white stays white


class OwnProfile(BaseModel):
    """How the caller is shown in lobbies, and what they tell of themselves."""

    shown_name: _Text = Field("", description="May hold style codes (`|b`, `|i`, `|u`, `|p`). Empty: the name.")
    team: _Text = ""
    primary_color: _Colour = "#000000"
    secondary_color: _Colour = "#000000"
    icon: int | None = Field(None, ge=-1, le=255, description="As old clients number them. Null: as it was.")
    city: _Text = ""
    state: _Text = ""
    country: _Text = ""
    quote: _Text = ""


class Ignored(BaseModel):
    number: int
    name: str


class IgnoredPeople(BaseModel):
    people: list[Ignored]


class Friends(BaseModel):
    friends: list[FriendView]


class NewFriend(BaseModel):
    number: int = Field(ge=1, le=0x7FFFFFFF, description="Of the account.", examples=[12])


def _own(profile: Profile) -> OwnProfile:
    return OwnProfile(
        shown_name=profile.shown_name,
        team=profile.team,
        primary_color=colour_code(profile.primary, unset="#000000"),
        secondary_color=colour_code(profile.secondary, unset="#000000"),
        icon=profile.icon,
        city=profile.city,
        state=profile.state,
        country=profile.country,
        quote=profile.quote,
    )


def _colour(code: str) -> Colour:
    red, green, blue = bytes.fromhex(code[1:])
    return Colour(red * _WIDER, green * _WIDER, blue * _WIDER)


@router.get("/api/profile", summary="My profile", responses=error_responses(401, 403, 503))
async def profile(caller: CallerDep, services: ServicesDep) -> OwnProfile:
    """The caller's profile, empty if nothing was ever saved."""
    return _own(await services.profiles.profile(caller.account_id))


@router.post("/api/profile", summary="Change my profile", responses=error_responses(400, 401, 403, 413, 422, 429, 503))
async def change_profile(body: OwnProfile, caller: ChargedCallerDep, services: ServicesDep) -> OwnProfile:
    """Save the whole profile. Who is in a lobby is seen as it says from now on, whatever client they are there with."""
    before = await services.profiles.profile(caller.account_id)
    looks = Looks(
        body.shown_name.strip(),
        body.team.strip(),
        before.icon if body.icon is None else body.icon,
        _colour(body.primary_color),
        _colour(body.secondary_color),
        before.opaque,
    )
    await services.profiles.dress(caller.account_id, looks)
    saved = await services.profiles.describe(
        caller.account_id,
        city=body.city.strip(),
        state=body.state.strip(),
        country=body.country.strip(),
        quote=body.quote.strip(),
    )
    await _show(services, caller, saved)
    return _own(saved)


async def _show(services: Services, caller: Caller, saved: Profile) -> None:
    """Whoever is in a lobby looks different at once."""
    account = await services.accounts.me(caller)
    present = services.lobbies.by_number(account.number)
    if present is not None:
        services.lobbies.dress(present.visitor.listener, saved.looks(account.name, unchosen=GREY))


@router.get("/api/ignored", summary="Whom I ignore", responses=error_responses(401, 403, 503))
async def ignored(caller: CallerDep, services: ServicesDep) -> IgnoredPeople:
    """By name. The commands `.ignore` and `.unignore` of lobbies, and those of the world, change it."""
    found = await services.lobbies.ignored(caller.account_id)
    return IgnoredPeople(people=[Ignored(number=number, name=name) for number, name in found])


@router.get("/api/friends", summary="My friends", responses=error_responses(401, 403, 503))
async def friends(caller: CallerDep, services: ServicesDep) -> Friends:
    """Whom the caller lists, and where they are; those who are not on come first."""
    return Friends(friends=friend_views.views(await services.friends.friends(caller.account_id)))


@router.post(
    "/api/friends", summary="Add a friend", responses=error_responses(400, 401, 403, 404, 409, 413, 422, 429, 503)
)
async def add_friend(body: NewFriend, caller: ChargedCallerDep, services: ServicesDep) -> Friends:
    """List somebody, who hears of it. They are active once they list the caller too."""
    return Friends(friends=friend_views.views(await services.friends.add(caller.account_id, body.number)))


@router.delete(
    "/api/friends/{number}", summary="Remove a friend", responses=error_responses(401, 403, 404, 422, 429, 503)
)
async def remove_friend(
    number: Annotated[int, Path(ge=1, le=0x7FFFFFFF, examples=[12])], caller: ChargedCallerDep, services: ServicesDep
) -> Friends:
    """Take somebody off the list."""
    return Friends(friends=friend_views.views(await services.friends.remove(caller.account_id, number)))
