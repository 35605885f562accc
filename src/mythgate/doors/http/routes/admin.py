"""Accounts, for staff: look them up, make them, lock them, give them passwords and roles."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.clans import ClanRank
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import NO_CASTE, LobbyKind
from mythgate.domain.results import Outcome, Result, Verdict
from mythgate.domain.sessions import OPERATOR
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.accounts import made_up_password
from mythgate.services.administration import LONGEST_PAGE, Act, Dossier, Listed, Whereabouts
from mythgate.services.all import Services

router = new_router("administration")

# Generous bounds against abuse; what a name or a password must be like is the domain's business.
Username = Annotated[str, Field(min_length=1, max_length=200, examples=["Alric"])]
Reason = Annotated[str, Field(max_length=1000, description="Why; kept in the record.", examples=["spam"])]
NewPassword = Annotated[
    str | None, Field(min_length=1, max_length=4096, description="Without one, the server makes one up.")
]
UserId = Annotated[
    str, Path(min_length=1, max_length=100, description="Of the account.", examples=["01945a3e-7c1a-7b3c"])
]
After = Annotated[str | None, Query(min_length=1, max_length=100, description="`next` of the page before.")]

_NO_CONTENT: Final[dict[str, Any]] = {"status_code": 204, "response_class": Response}
_CHANGE: Final = error_responses(400, 401, 403, 404, 413, 422, 503)


class UserPlace(BaseModel):
    """Where an account is now."""

    door: str = Field(examples=["metaserver"])
    client: str = Field(examples=["Aleph One"])
    room_id: int | None = Field(description="Number of the lobby; null for the text world.")
    room_name: str = Field(description="Empty for the text world.")


class User(BaseModel):
    """One account in the list."""

    id: str
    number: int = Field(description="What it is known by in lobbies.")
    name: str
    role: Role
    status: AccountStatus
    guest: bool
    hidden: bool = Field(description="Whether lobbies do not show it.")
    caste: int = Field(description="0 to 17; -1 for guests.")
    created_at: datetime
    last_login_at: datetime | None
    locked_until: datetime | None = Field(description="When the lock ends; null if there is none, or it has no end.")
    online: list[UserPlace] = Field(description="Empty for who is away.")


class UserPage(BaseModel):
    users: list[User]
    next: str | None = Field(description="Ask for the next page with `after`; null on the last.")


class UserSession(BaseModel):
    """One log-in that may still be used."""

    door: str
    client: str
    address: str | None = Field(description="For admins.")
    created_at: datetime
    last_seen_at: datetime


class UserCharacter(BaseModel):
    id: str
    name: str
    room_id: str
    last_active_at: datetime


class UserClan(BaseModel):
    number: int
    name: str
    rank: ClanRank
    joined_at: datetime


class UserStanding(BaseModel):
    """What the games of one kind come to in this season."""

    place: int
    caste: int
    best_caste: int
    points: int
    games: int
    wins: int
    losses: int
    ties: int
    disconnects: int


class UserResult(BaseModel):
    """How one game ended for the account."""

    number: int
    name: str
    map_name: str
    kind: LobbyKind
    verdict: Verdict
    outcome: Outcome
    place: int = Field(description="From 1; 0 for spectators.")
    recorded_at: datetime


class UserLock(BaseModel):
    """Why an account cannot sign in."""

    at: datetime | None = Field(description="Null if it was too long ago to know.")
    by: str = Field(description="Name of who did it; empty if they are gone.")
    reason: str
    until: datetime | None = Field(description="Null: until somebody unlocks it.")


class UserMute(BaseModel):
    reason: str
    until: datetime | None = Field(description="Null: until it is lifted.")


class RecordedAct(BaseModel):
    """One entry of the record."""

    at: datetime
    by: str = Field(description="Name of who did it, `system`, or `the command line`; empty if they are gone.")
    action: str = Field(examples=["account.role_changed"])
    detail: dict[str, str]


class UserCard(User):
    """Everything staff may see of an account, and do about it."""

    email: str | None = Field(description="For admins.")
    lock: UserLock | None
    mute: UserMute | None
    has_game_password: bool = Field(description="Whether old game clients have a password of their own.")
    last_seen_at: datetime | None
    logins: dict[str, int] = Field(description="How often it came in, by door.", examples=[{"http": 12}])
    sessions: list[UserSession]
    characters: list[UserCharacter]
    clan: UserClan | None
    played: dict[LobbyKind, int] = Field(description="Games with a result, of all seasons, by kind of lobby.")
    standings: dict[str, UserStanding] = Field(description="By category: `unranked`, `ranked`, `ranked:<scoring>`.")
    results: list[UserResult] = Field(description="The newest first.")
    record: list[RecordedAct] | None = Field(description="The newest first; for admins.")
    may: list[Act] = Field(description="What the caller may do about it.")
    grantable: list[Role] = Field(description="The roles that the caller may give it.")


class NewUser(BaseModel):
    username: Username
    password: NewPassword = None
    email: str | None = Field(None, max_length=254)
    role: Role = Role.PLAYER


class CreatedUser(BaseModel):
    """A new account. Nobody can see the password again."""

    id: str
    name: str
    role: Role
    password: str | None = Field(description="The one that was made up; null if one was given.")


class LockRequest(BaseModel):
    days: float | None = Field(None, description="Null: until somebody unlocks it.", examples=[7])
    reason: Reason = ""


class BecauseRequest(BaseModel):
    reason: Reason = ""


class GivePasswordRequest(BaseModel):
    password: NewPassword = None
    reason: Reason = ""


class GivenPassword(BaseModel):
    """Nobody can see the password again."""

    password: str | None = Field(description="The one that was made up; null if one was given.")


class RoleRequest(BaseModel):
    role: Role
    reason: Reason = ""


class HiddenRequest(BaseModel):
    hidden: bool


# --- looking ---------------------------------------------------------------------------------------


@router.get("/api/admin/users", summary="Look for accounts", responses=error_responses(401, 403, 422, 503))
async def list_users(
    caller: CallerDep,
    services: ServicesDep,
    search: Annotated[str, Query(max_length=100, description="Only names that contain this.")] = "",
    role: Role | None = None,
    status: AccountStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = 50,
    after: After = None,
) -> UserPage:
    """Accounts by age, guests among them; for moderators."""
    page = await services.administration.search(
        caller, search, role=role, status=status, limit=limit, after=AccountId(after) if after is not None else None
    )
    return UserPage(users=[User(**_user(services, one)) for one in page.people], next=page.following)


@router.get("/api/admin/users/{user_id}", summary="An account", responses=error_responses(401, 403, 404, 422, 503))
async def show_user(user_id: UserId, caller: CallerDep, services: ServicesDep) -> UserCard:
    """Statistics, sessions and measures; for moderators. Addresses and the record are for admins."""
    return _card(services, await services.administration.dossier(caller, AccountId(user_id)))


# --- changing --------------------------------------------------------------------------------------


@router.post(
    "/api/admin/users",
    status_code=201,
    summary="Make an account",
    responses=error_responses(400, 401, 403, 409, 413, 422, 503),
)
async def create_user(body: NewUser, caller: CallerDep, services: ServicesDep) -> CreatedUser:
    """For somebody else, also while registration is closed; for admins, with a role below their own."""
    password = made_up_password() if body.password is None else body.password
    account = await services.accounts.create(caller, body.username, password, role=body.role, email=body.email)
    return CreatedUser(
        id=account.id, name=account.name, role=account.role, password=password if body.password is None else None
    )


@router.post("/api/admin/users/{user_id}/lock", summary="Lock an account", responses=_CHANGE)
async def lock_user(user_id: UserId, body: LockRequest, caller: CallerDep, services: ServicesDep) -> UserCard:
    """It is gone from all doors at once and cannot sign in until its time is over; for moderators, and up."""
    account_id = AccountId(user_id)
    await services.moderation.ban(caller, account_id, body.days, body.reason)
    return _card(services, await services.administration.dossier(caller, account_id))


@router.post("/api/admin/users/{user_id}/unlock", summary="Unlock an account", responses=_CHANGE)
async def unlock_user(user_id: UserId, body: BecauseRequest, caller: CallerDep, services: ServicesDep) -> UserCard:
    """It may sign in again; for admins."""
    account_id = AccountId(user_id)
    await services.accounts.enable(caller, account_id, body.reason)
    return _card(services, await services.administration.dossier(caller, account_id))


@router.post("/api/admin/users/{user_id}/password", summary="Give an account a password", responses=_CHANGE)
async def reset_password(
    user_id: UserId, body: GivePasswordRequest, caller: CallerDep, services: ServicesDep
) -> GivenPassword:
    """All its sessions end, and it has no game password any more; for admins, and not for the caller's own account."""
    chosen = await services.accounts.reset_password(caller, AccountId(user_id), body.password, body.reason)
    return GivenPassword(password=chosen if body.password is None else None)


@router.post("/api/admin/users/{user_id}/game-password", summary="Give an account a game password", responses=_CHANGE)
async def reset_game_password(
    user_id: UserId, body: GivePasswordRequest, caller: CallerDep, services: ServicesDep
) -> GivenPassword:
    """A password for old game clients only; for admins, and not for the caller's own account."""
    chosen = await services.accounts.reset_game_password(caller, AccountId(user_id), body.password, body.reason)
    return GivenPassword(password=chosen if body.password is None else None)


@router.delete(
    "/api/admin/users/{user_id}/game-password",
    **_NO_CONTENT,
    summary="Take the game password of an account away",
    responses=error_responses(401, 403, 404, 422, 503),
)
async def remove_game_password(
    user_id: UserId, caller: CallerDep, services: ServicesDep, reason: Annotated[str, Query(max_length=1000)] = ""
) -> None:
    """Old game clients use the account's own password again, if the operator allows it; for admins."""
    await services.accounts.remove_game_password(caller, AccountId(user_id), reason)


@router.post("/api/admin/users/{user_id}/role", summary="Give an account a role", responses=_CHANGE)
async def set_role(user_id: UserId, body: RoleRequest, caller: CallerDep, services: ServicesDep) -> UserCard:
    """At once, for those who are on as well; for admins, who stand above both the account and the role."""
    account_id = AccountId(user_id)
    await services.accounts.set_role(caller, account_id, body.role, body.reason)
    return _card(services, await services.administration.dossier(caller, account_id))


@router.post("/api/admin/users/{user_id}/hidden", summary="Hide an account", responses=_CHANGE)
async def set_hidden(user_id: UserId, body: HiddenRequest, caller: CallerDep, services: ServicesDep) -> UserCard:
    """Whether lobbies show it when it comes in next. Only staff can be hidden; for admins."""
    account_id = AccountId(user_id)
    await services.accounts.set_hidden(caller, account_id, body.hidden)
    return _card(services, await services.administration.dossier(caller, account_id))


# --- wording ---------------------------------------------------------------------------------------


def _user(services: Services, listed: Listed) -> dict[str, Any]:
    account = listed.account
    return {
        "id": account.id,
        "number": account.number,
        "name": account.name,
        "role": account.role,
        "status": account.status,
        "guest": account.is_guest,
        "hidden": listed.hidden,
        "caste": NO_CASTE if account.is_guest else account.caste,
        "created_at": account.created_at,
        "last_login_at": account.last_login_at,
        "locked_until": listed.locked_until,
        "online": [_place(services, one) for one in listed.whereabouts],
    }


def _place(services: Services, one: Whereabouts) -> UserPlace:
    name = services.lobbies.lobby(one.lobby).name if one.lobby is not None else ""
    return UserPlace(door=one.door, client=one.client, room_id=one.lobby, room_name=name)


def _name(names: dict[str, str], actor: str) -> str:
    return names.get(actor, actor if actor == "system" else "")


def _card(services: Services, dossier: Dossier) -> UserCard:
    account, clan, membership = dossier.listed.account, dossier.clan, dossier.membership
    names = {OPERATOR.account_id: "the command line", **dossier.names}
    lock, mute = dossier.lock, dossier.mute
    return UserCard(
        **_user(services, dossier.listed),
        email=dossier.email,
        lock=None
        if lock is None
        else UserLock(at=lock.at, by=_name(names, lock.by), reason=lock.reason, until=lock.until),
        mute=None if mute is None else UserMute(reason=mute.reason, until=mute.ends_at),
        has_game_password=dossier.has_game_password,
        last_seen_at=dossier.last_seen_at,
        logins=dict(dossier.logins),
        sessions=[
            UserSession(
                door=one.door,
                client=one.client,
                address=one.address if dossier.shows_addresses else None,
                created_at=one.created_at,
                last_seen_at=one.last_seen_at,
            )
            for one in dossier.sessions
        ],
        characters=[
            UserCharacter(id=one.id, name=one.name, room_id=one.room_id, last_active_at=one.last_active_at)
            for one in dossier.characters
        ],
        clan=None
        if clan is None or membership is None
        else UserClan(number=clan.number, name=clan.name, rank=membership.rank, joined_at=membership.joined_at),
        played=dict(dossier.played),
        standings={
            str(category): UserStanding(
                place=one.place,
                caste=one.caste,
                best_caste=one.standing.best_caste,
                points=one.standing.points,
                games=one.standing.games,
                wins=one.standing.wins,
                losses=one.standing.losses,
                ties=one.standing.ties,
                disconnects=one.standing.disconnects,
            )
            for category, one in dossier.standings.items()
        },
        results=[_result(one, account.id) for one in dossier.results],
        record=None
        if dossier.record is None
        else [
            RecordedAct(at=one.at, by=_name(names, one.actor), action=one.action, detail=one.detail)
            for one in dossier.record
        ],
        may=sorted(dossier.may),
        grantable=list(dossier.grantable),
    )


def _result(result: Result, account_id: AccountId) -> UserResult:
    line = next(one for one in result.lines if one.account_id == account_id)
    return UserResult(
        number=result.number,
        name=result.name,
        map_name=result.map_name,
        kind=result.kind,
        verdict=result.verdict,
        outcome=line.outcome,
        place=line.place,
        recorded_at=result.recorded_at,
    )
