"""The caller's party: founding, inviting, answering, leading, leaving. It acts for a character that is in the world."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

from mythgate.domain.events import PartyView
from mythgate.domain.ids import CharacterId
from mythgate.domain.parties import NAME_CHARACTERS, Invitation, LootRule, Party
from mythgate.domain.sessions import Caller
from mythgate.doors.http.deps import CallerDep, ChargedCallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routes.characters import Id
from mythgate.doors.http.routing import new_router
from mythgate.services.all import Services

router = new_router("parties")

_CHANGE = error_responses(400, 401, 403, 404, 409, 413, 422, 429, 503)
Number = Annotated[int, Path(ge=1, le=0x7FFFFFFF, examples=[1])]
_Number = Annotated[int | None, Field(ge=1, le=0x7FFFFFFF, examples=[1])]
_Character = Annotated[Id, Field(description="A character.")]


class PartyCard(BaseModel):
    """A party as everybody who is signed in may know it; its members and its rules are for those who are in it."""

    number: int
    name: str
    is_active: bool = Field(description="False once it is over.")
    member_count: int
    max_members: int
    created_at: datetime
    disbanded_at: datetime | None
    party: PartyView | None = Field(description="As its members see it; null for others.")


class PendingInvitation(BaseModel):
    """An invitation that waits for an answer."""

    party_number: int
    party_name: str
    inviter_id: str
    inviter_name: str
    invitee_id: str
    invitee_name: str
    expires_at: datetime


class MyParty(BaseModel):
    """Where the caller's character belongs, and where it might."""

    party: PartyView | None
    invitations: list[PendingInvitation] = Field(description="Newest first.")


class NewParty(BaseModel):
    # A generous bound against abuse; what a name must be like is the domain's business.
    party_name: Annotated[str, Field(max_length=8 * NAME_CHARACTERS, examples=["The Otters"])] | None = Field(
        None, description="Null for the usual name."
    )


class Asking(BaseModel):
    invitee_id: _Character
    party_id: _Number = Field(None, description="Is compared with the caller's own party.")


class Answer(BaseModel):
    party_id: _Number = Field(None, description="Which party's invitation; null for the newest.")


class Leaving(BaseModel):
    party_id: _Number = Field(None, description="Is compared with the caller's own party.")


class MemberChoice(BaseModel):
    character_id: _Character


class LootChoice(BaseModel):
    loot_sharing: LootRule


def _actor(services: Services, caller: Caller) -> CharacterId:
    return services.presence.acting(caller)


def _pending(one: Invitation) -> PendingInvitation:
    return PendingInvitation(
        party_number=one.party,
        party_name=one.party_name,
        inviter_id=one.inviter,
        inviter_name=one.inviter_name,
        invitee_id=one.invitee,
        invitee_name=one.invitee_name,
        expires_at=one.expires_at,
    )


def _view(services: Services, party: Party) -> PartyView:
    return services.parties.view(party)


@router.get("/api/party", summary="My party", responses=error_responses(401, 403, 409, 503))
async def my_party(caller: CallerDep, services: ServicesDep) -> MyParty:
    """The party of the caller's character, and the invitations that wait for an answer."""
    actor = _actor(services, caller)
    mine = services.parties.of(actor)
    waiting = [_pending(one) for one in services.parties.invitations(actor)]
    return MyParty(party=_view(services, mine) if mine is not None else None, invitations=waiting)


@router.post("/api/party/create", status_code=201, summary="Found a party", responses=_CHANGE)
async def create_party(caller: ChargedCallerDep, services: ServicesDep, body: NewParty | None = None) -> PartyView:
    """Found a party, which the caller leads."""
    name = body.party_name if body is not None else None
    return _view(services, await services.parties.create(_actor(services, caller), name))


@router.post("/api/party/invite", summary="Invite somebody", responses=_CHANGE)
async def invite_to_party(body: Asking, caller: ChargedCallerDep, services: ServicesDep) -> PendingInvitation:
    """Ask somebody who is in the world into the caller's party; every member may."""
    invitee = CharacterId(body.invitee_id)
    return _pending(await services.parties.invite(_actor(services, caller), invitee, body.party_id))


@router.post("/api/party/accept", summary="Accept an invitation", responses=_CHANGE)
async def accept_invitation(caller: ChargedCallerDep, services: ServicesDep, body: Answer | None = None) -> PartyView:
    """Join the party that asked last, or the one that is named."""
    number = body.party_id if body is not None else None
    return _view(services, await services.parties.accept(_actor(services, caller), number))


@router.post("/api/party/decline", status_code=204, summary="Decline an invitation", responses=_CHANGE)
async def decline_invitation(caller: ChargedCallerDep, services: ServicesDep, body: Answer | None = None) -> None:
    """Say no to the party that asked last, or to the one that is named."""
    await services.parties.decline(_actor(services, caller), body.party_id if body is not None else None)


@router.post("/api/party/leave", status_code=204, summary="Leave my party", responses=_CHANGE)
async def leave_party(caller: ChargedCallerDep, services: ServicesDep, body: Leaving | None = None) -> None:
    """Be in no party any more. The longest-standing member succeeds a leader; the last one out ends it."""
    await services.parties.leave(_actor(services, caller), body.party_id if body is not None else None)


@router.post("/api/party/kick", summary="Send a member away", responses=_CHANGE)
async def kick_member(body: MemberChoice, caller: ChargedCallerDep, services: ServicesDep) -> PartyView:
    """For the leader."""
    kicked = await services.parties.kick(_actor(services, caller), CharacterId(body.character_id))
    return _view(services, kicked)


@router.post("/api/party/promote", summary="Have another member lead", responses=_CHANGE)
async def promote_member(body: MemberChoice, caller: ChargedCallerDep, services: ServicesDep) -> PartyView:
    """For the leader."""
    promoted = await services.parties.promote(_actor(services, caller), CharacterId(body.character_id))
    return _view(services, promoted)


@router.post("/api/party/loot", summary="Choose who gets what is found", responses=_CHANGE)
async def share_loot(body: LootChoice, caller: ChargedCallerDep, services: ServicesDep) -> PartyView:
    """For the leader: equal parts, all to the leader, or each to whoever rolls highest."""
    return _view(services, await services.parties.set_loot(_actor(services, caller), body.loot_sharing))


@router.post("/api/party/disband", status_code=204, summary="End my party", responses=_CHANGE)
async def disband_party(caller: ChargedCallerDep, services: ServicesDep) -> None:
    """For the leader."""
    await services.parties.disband(_actor(services, caller))


# After the fixed paths, which it would match.
@router.get("/api/party/{number}", summary="One party", responses=error_responses(401, 403, 404, 422, 503))
async def get_party(number: Number, caller: CallerDep, services: ServicesDep) -> PartyCard:
    """A party, also one that is over."""
    party, mine = await services.parties.record_for(caller, number)
    return PartyCard(
        number=party.number,
        name=party.name,
        is_active=party.is_active,
        member_count=len(party.members),
        max_members=services.parties.policy.members,
        created_at=party.created_at,
        disbanded_at=party.disbanded_at,
        party=_view(services, party) if mine else None,
    )
