"""Parties: founding, inviting, answering, leading, leaving, and the party as it is."""

from __future__ import annotations

from typing import Any, Final, Literal

from mythgate.client.connection import Connection
from mythgate.client.pages import PartyCard, PendingInvitation
from mythgate.client.values import read
from mythgate.domain.errors import NotInParty
from mythgate.domain.events import GameState, PartyInvite, PartyInviteEnded, PartyUpdate, PartyView, Payload

HEARD: Final = (GameState, PartyUpdate, PartyInvite, PartyInviteEnded)

_PATH: Final = "/api/party"


class Parties(Connection):
    """One's party. What it is, `party` says once a method returns; within a handler, once events have told."""

    party: PartyView | None
    """The party one is in."""
    party_invitations: dict[int, PendingInvitation]
    """Invitations that wait for one's answer, by the numbers of the parties, the oldest first."""

    async def create_party(self, party_name: str | None = None) -> PartyView:
        """Found a party, which one leads; its `number` is what others call its id.

        Raises:
            AlreadyInParty: one is in a party.
            NameNotAllowed: the name cannot be used.
            NotInWorld.

        """
        made = read(PartyView, await self.request("POST", f"{_PATH}/create", {"party_name": party_name}))
        await self._until(lambda: self._is_in(made.number))
        return made

    async def get_party(self, party_id: int) -> PartyCard:
        """A party, also one that is over. Raises NotFound. One's own is in `party`."""
        return read(PartyCard, await self.request("GET", f"{_PATH}/{party_id}"))

    async def invite_to_party(self, party_id: int | None, invitee_id: str) -> PendingInvitation:
        """Ask a character that is in the world into one's party; every member may.

        Raises:
            NotInParty: one is in no party, or not in that one.
            PartyFull: there is no place.
            Unreachable: they are not in the world, or ignore you.
            AlreadyInParty: they are in a party.
            BadUsage: they are asked already, or it is oneself.
            Muted: one cannot be heard.

        """
        body: dict[str, Any] = {"invitee_id": invitee_id, "party_id": party_id}
        return read(PendingInvitation, await self.request("POST", f"{_PATH}/invite", body))

    async def accept_party_invite(self, party_id: int | None = None) -> PartyView:
        """Join, without an id whoever asked last.

        Raises:
            NoPendingInvite: nobody asked, or it is too late.
            AlreadyInParty, PartyFull: it cannot be.

        """
        joined = read(PartyView, await self.request("POST", f"{_PATH}/accept", {"party_id": party_id}))
        await self._until(lambda: self._is_in(joined.number))
        return joined

    async def decline_party_invite(self, party_id: int | None = None) -> None:
        """Decline, without an id whoever asked last. Raises NoPendingInvite."""
        declined = party_id if party_id is not None else next(reversed(self.party_invitations), None)
        await self.request("POST", f"{_PATH}/decline", {"party_id": declined})
        await self._until(lambda: declined not in self.party_invitations)

    async def leave_party(self, party_id: int | None = None) -> None:
        """Be in no party any more. Raises NotInParty."""
        await self.request("POST", f"{_PATH}/leave", {"party_id": party_id})
        await self._until(lambda: self.party is None)

    async def kick_from_party(self, party_id: int | None, character_id: str) -> PartyView:
        """Send a member away, as the leader.

        Raises:
            NotInParty: one is in no party, or not in that one.
            PermissionDenied: one does not lead it.
            NotFound: they are no member.

        """
        return await self._lead(party_id, "kick", {"character_id": character_id})

    async def promote_in_party(self, party_id: int | None, character_id: str) -> PartyView:
        """Have another member lead. Raises as `kick_from_party`."""
        return await self._lead(party_id, "promote", {"character_id": character_id})

    async def set_party_loot(self, party_id: int | None, rule: Literal["equal", "leader", "roll"]) -> PartyView:
        """Choose who gets what is found: equal parts, all to the leader, or each to who rolls highest.

        Raises InvalidInput for another rule, and as `kick_from_party`.
        """
        return await self._lead(party_id, "loot", {"loot_sharing": rule})

    async def disband_party(self, party_id: int | None = None) -> None:
        """End the party, as the leader. Raises as `kick_from_party`."""
        self._require_own(party_id)
        await self.request("POST", f"{_PATH}/disband")
        await self._until(lambda: self.party is None)

    async def _lead(self, party_id: int | None, deed: str, body: dict[str, Any]) -> PartyView:
        self._require_own(party_id)
        led = read(PartyView, await self.request("POST", f"{_PATH}/{deed}", body))
        await self._until(lambda: self.party is None or _rules(self.party) == _rules(led))
        return led

    def _require_own(self, party_id: int | None) -> None:
        """These calls name no party: see to it that it is the one that is meant."""
        if party_id is not None and self.party is not None and self.party.number != party_id:
            raise NotInParty("You are not in that party.", hint="")

    def _is_in(self, number: int) -> bool:
        return self.party is not None and self.party.number == number

    def _put_party(self, party: PartyView | None, invitations: list[PendingInvitation]) -> None:
        self.party = party
        self.party_invitations = {one.party_number: one for one in reversed(invitations)}  # they come newest first

    def _forget(self) -> None:
        super()._forget()
        self._put_party(None, [])

    def _hear(self, payload: Payload) -> None:
        super()._hear(payload)
        match payload:
            case GameState():  # who is in a party is told of it next
                self._put_party(None, [])
            case PartyUpdate(party):
                self.party = party
            case PartyInvite() if self._is_own(payload.invitee_id):
                self.party_invitations.pop(payload.party_number, None)
                self.party_invitations[payload.party_number] = PendingInvitation(
                    payload.party_number,
                    payload.party_name,
                    payload.inviter_id,
                    payload.inviter_name,
                    payload.invitee_id,
                    payload.invitee_name,
                    payload.expires_at,
                )
            case PartyInviteEnded(party_number, _, invitee_id) if self._is_own(invitee_id):
                self.party_invitations.pop(party_number, None)


def _rules(party: PartyView) -> tuple[object, ...]:
    """What its leader decides."""
    return party.number, party.leader_id, party.loot_sharing, [one.id for one in party.members]
