"""The caller's clan: founding, joining, leading, leaving. What everybody may read of clans is with the lobbies."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

from mythgate.domain.clans import ClanDetails, ClanRank
from mythgate.domain.errors import NotFound
from mythgate.domain.events import ClanMemberView
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.all import Services
from mythgate.services.clans import ClanView

router = new_router("clans")

# Generous bounds against abuse; what fits is the domain's business.
_Text = Annotated[str, Field(max_length=1000)]
_Password = Annotated[str, Field(max_length=100)]
Number = Annotated[int, Path(ge=1, le=0x7FFFFFFF, examples=[1])]
_Member = Annotated[int, Field(ge=1, le=0x7FFFFFFF, description="Number of the account.", examples=[12])]


class Details(BaseModel):
    """What a clan says of itself."""

    motto: _Text = ""
    url: _Text = ""
    contact: _Text = Field("", description="Whom to write to.")
    motd: _Text = Field("", description="Greets members.")

    def as_details(self) -> ClanDetails:
        """As the rules have it."""
        return ClanDetails(self.motto.strip(), self.url.strip(), self.contact.strip(), self.motd.strip())


class OwnClan(Details):
    """A clan as its members see it."""

    number: int
    name: str
    founded_at: datetime
    below_since: datetime | None = Field(description="Since when it has too few members; it goes after ten days.")
    members: list[ClanMemberView]


class NewClan(Details):
    name: _Text = Field(examples=["The Otters"])
    maintenance_password: _Password = Field(description="Whoever knows it may change the clan.", examples=["mend it"])
    member_password: _Password = Field(description="Whoever knows it may join.", examples=["swim"])


class ClanChange(Details):
    """Replaces what the clan says of itself. Passwords stay if they are not given."""

    maintenance_password: _Password | None = Field(None, description="For those who do not lead the clan.")
    new_maintenance_password: _Password | None = None
    new_member_password: _Password | None = None


class Joining(BaseModel):
    member_password: _Password


class Dismissal(BaseModel):
    member: _Member
    maintenance_password: _Password | None = Field(None, description="For those whose rank is not above the member's.")


class Ranking(BaseModel):
    member: _Member
    rank: ClanRank


def _own(services: Services, view: ClanView) -> OwnClan:
    clan = view.clan
    return OwnClan(
        number=clan.number,
        name=clan.name,
        motto=clan.motto,
        url=clan.url,
        contact=clan.contact,
        motd=clan.motd,
        founded_at=clan.founded_at,
        below_since=clan.below_since,
        members=services.clans.member_views(view),
    )


@router.get("/api/clan", summary="My clan", responses=error_responses(401, 403, 404, 503))
async def my_clan(caller: CallerDep, services: ServicesDep) -> OwnClan:
    """The clan the caller is in."""
    view = await services.clans.of_account(caller.account_id)
    if view is None:
        raise NotFound("You are in no clan.", hint="Join one, or found one.")
    return _own(services, view)


@router.post(
    "/api/clans",
    status_code=201,
    summary="Found a clan",
    responses=error_responses(400, 401, 403, 409, 413, 422, 503),
)
async def found_clan(body: NewClan, caller: CallerDep, services: ServicesDep) -> OwnClan:
    """Make a clan, which the caller leads. With fewer than three members it goes after ten days."""
    view = await services.clans.found(
        caller.account_id,
        body.name,
        maintenance_password=body.maintenance_password,
        member_password=body.member_password,
        details=body.as_details(),
    )
    return _own(services, view)


@router.post(
    "/api/clans/{number}/join",
    summary="Join a clan",
    responses=error_responses(400, 401, 403, 404, 409, 413, 422, 429, 503),
)
async def join_clan(number: Number, body: Joining, caller: CallerDep, services: ServicesDep) -> OwnClan:
    """Become a member, with the member password."""
    return _own(services, await services.clans.join(caller.account_id, number, body.member_password))


@router.post("/api/clan/leave", status_code=204, summary="Leave my clan", responses=error_responses(401, 403, 404, 503))
async def leave_clan(caller: CallerDep, services: ServicesDep) -> None:
    """Be in no clan any more. The lead passes on; a clan without members goes."""
    await services.clans.leave(caller.account_id)


@router.post(
    "/api/clans/{number}",
    summary="Change a clan",
    responses=error_responses(400, 401, 403, 404, 409, 413, 422, 429, 503),
)
async def change_clan(number: Number, body: ClanChange, caller: CallerDep, services: ServicesDep) -> OwnClan:
    """For its leader, or with the maintenance password."""
    view = await services.clans.update(
        caller.account_id,
        number,
        body.as_details(),
        maintenance_password=body.maintenance_password,
        new_maintenance_password=body.new_maintenance_password,
        new_member_password=body.new_member_password,
    )
    return _own(services, view)


@router.delete(
    "/api/clans/{number}",
    status_code=204,
    summary="Dissolve a clan",
    responses=error_responses(401, 403, 404, 422, 503),
)
async def dissolve_clan(number: Number, caller: CallerDep, services: ServicesDep) -> None:
    """Delete it, with all memberships; for its leader, and for admins."""
    await services.clans.disband(caller, number)


@router.post(
    "/api/clans/{number}/dismiss",
    status_code=204,
    summary="Send a member away",
    responses=error_responses(400, 401, 403, 404, 409, 413, 422, 429, 503),
)
async def dismiss_member(number: Number, body: Dismissal, caller: CallerDep, services: ServicesDep) -> None:
    """For members of a higher rank, or with the maintenance password."""
    await services.clans.dismiss(caller.account_id, number, body.member, maintenance_password=body.maintenance_password)


@router.post(
    "/api/clan/ranks", summary="Give a member a rank", responses=error_responses(400, 401, 403, 404, 409, 413, 422, 503)
)
async def rank_member(body: Ranking, caller: CallerDep, services: ServicesDep) -> OwnClan:
    """For the leader. Giving the lead away makes the caller an officer."""
    return _own(services, await services.clans.set_rank(caller.account_id, body.member, body.rank))
