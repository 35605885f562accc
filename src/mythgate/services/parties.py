"""Parties: founding, inviting, joining, leading, leaving; what they say and how they walk.

The rows are the truth; what is kept here repeats them, in the order of the commits, so that asking costs nothing.
Invitations are live state. Whoever leaves the world leaves their party; a lost line is no leaving as long as the
stream lives. When the server starts nobody is in the world: members then have a while to come back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from mythgate.domain.characters import Character
from mythgate.domain.chat import Channel
from mythgate.domain.errors import (
    AlreadyInParty,
    BadUsage,
    NoPendingInvite,
    NotFound,
    NotHere,
    NotInParty,
    Refused,
    TooMany,
    Unreachable,
)
from mythgate.domain.events import (
    ChatMessage,
    PartyInvite,
    PartyInviteEnded,
    PartyMemberView,
    PartyUpdate,
    PartyView,
    event_of,
)
from mythgate.domain.ids import CharacterId, party_topic
from mythgate.domain.parties import Invitation, Invitations, LootRule, Party, PartyMember, found, party_name
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import Caller
from mythgate.domain.worldevents import EventKind, WorldEvent
from mythgate.services.chat import WHO_HINT, ChatService, Source
from mythgate.services.company import Company
from mythgate.services.errands import Errands
from mythgate.services.ports import (
    Clock,
    CommandKey,
    PresenceStore,
    Rate,
    Realtime,
    Sequel,
    Store,
    Throttle,
    Transaction,
)
from mythgate.services.sight import Sight
from mythgate.services.world import occupant_view

log = logging.getLogger(__name__)

Reason = Literal["state", "created", "joined", "left", "kicked", "disbanded", "leader", "loot", "deeds", "status"]
Outcome = Literal["accepted", "declined", "expired", "withdrawn"]

_TO_ONE: Final = Rate(3, timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class PartyPolicy:
    """Numbers an operator may change."""

    members: int = 4  # at most
    invitation: timedelta = timedelta(minutes=2)  # how long one can be accepted
    return_within: timedelta = timedelta(minutes=10)  # for members to come back after the server started
    invitations_to_one: Rate = _TO_ONE  # from one person; who is accepted begins anew


@dataclass(frozen=True, slots=True)
class PartyChange:
    """What became of a party, saved and told. `before` is None for a new one; `after` is over if nobody is left."""

    before: Party | None
    after: Party
    reason: Reason
    subject: CharacterId | None  # whom it is about


@dataclass(frozen=True, slots=True)
class _Change:
    """What a transaction made of a party, and how to tell it."""

    party: Party
    reason: Reason
    subject: CharacterId | None = None
    actor: CharacterId | None = None  # who gets an answer of their own, and no line
    message: str = ""
    to_subject: str = ""  # the line for who is in it no longer


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a character is a member, and since when it hears what is said there."""

    party: int
    since: datetime


class PartyService:
    """Use cases around parties. The actor is a character that its door has authenticated."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        sight: Sight,
        chat: ChatService,
        company: Company,
        clock: Clock,
        throttle: Throttle,
        policy: PartyPolicy | None = None,
    ) -> None:
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._sight = sight
        self._chat = chat
        self._company = company
        self._clock = clock
        self._throttle = throttle
        self.policy: Final = policy if policy is not None else PartyPolicy()
        self._parties: dict[int, Party] = {}
        self._places: dict[CharacterId, _Place] = {}
        self._absent: dict[CharacterId, datetime] = {}  # members who are not in the world, and until when they may be
        self._dropping: set[CharacterId] = set()
        self._invitations = Invitations(self.policy.invitation)
        self._observers: list[Callable[[PartyChange], None]] = []
        self._errands = Errands("parties")

    def on_changed(self, observer: Callable[[PartyChange], None]) -> None:
        """Have `observer` told of every change of a party, after its members were."""
        self._observers.append(observer)

    # --- looking ---------------------------------------------------------------------------------------

    def of(self, character_id: CharacterId) -> Party | None:
        """The party somebody is in. Nobody changes what is returned."""
        place = self._places.get(character_id)
        return self._parties[place.party] if place is not None else None

    def require(self, character_id: CharacterId) -> Party:
        """As `of`; raises NotInParty for none."""
        party = self.of(character_id)
        if party is None:
            raise NotInParty
        return party

    def members(self, character_id: CharacterId) -> Sequence[CharacterId]:
        """Everybody in the same party, the longest-standing first; oneself if there is none."""
        party = self.of(character_id)
        return [one.character_id for one in party.members] if party is not None else [character_id]

    def together(self, character_id: CharacterId) -> Sequence[CharacterId]:
        """Those of `members` who are in the same room, linkdead or not; nobody if one is not in the world."""
        present = self._presence.get(character_id)
        if present is None:
            return []
        found = map(self._presence.get, self.members(character_id))
        return [one.character_id for one in found if one is not None and one.room_id == present.room_id]

    def by_number(self, number: int) -> Party | None:
        """A party that is not over."""
        return self._parties.get(number)

    def all(self) -> Sequence[Party]:
        """Those that are not over."""
        return list(self._parties.values())

    async def record(self, number: int) -> Party:
        """A party as it is saved, also one that is over. Raises NotFound."""
        return await self._store.read(lambda tx: tx.parties.require(number))

    async def record_for(self, caller: Caller, number: int) -> tuple[Party, bool]:
        """`record`, and whether the caller's character in the world is a member."""
        party = await self.record(number)
        present = self._presence.of_account(caller.account_id)
        return party, present is not None and party.member(present.character_id) is not None

    def invitations(self, character_id: CharacterId) -> Sequence[Invitation]:
        """What somebody may still accept, newest first."""
        return self._invitations.of(character_id, self._clock.now())

    def view(self, party: Party) -> PartyView:
        """As its members see it."""
        leader = party.member(party.leader)
        return PartyView(
            number=party.number,
            name=party.name,
            leader_id=party.leader,
            leader_number=leader.number if leader is not None else 0,
            members=[self._member_view(one) for one in party.members],
            max_members=self.policy.members,
            loot_sharing=party.loot.value,
            souls=party.souls,
            shards=party.shards,
            bosses=party.bosses,
        )

    def _member_view(self, member: PartyMember) -> PartyMemberView:
        present = self._presence.get(member.character_id)
        asleep = self._sight.asleep.get(member.character_id)
        one = present or asleep
        persona = self._sight.personas.get(member.character_id)
        if one is None or persona is None:
            return PartyMemberView(member.character_id, member.number, member.name, 0, "", "absent")
        status = "linkdead" if asleep is not None else occupant_view(one).status
        sheet = persona.sheet
        return PartyMemberView(
            id=member.character_id,
            number=member.number,
            name=member.name,
            level=one.level,
            faction=one.faction,
            status=status,
            health=sheet.now.health,
            max_health=sheet.most.health,
        )

    # --- founding, leading, leaving ----------------------------------------------------------------------

    async def create(self, actor: CharacterId, name: str | None = None, *, once: CommandKey | None = None) -> Party:
        """Found a party and lead it.

        Raises:
            NotInWorld: the actor is not there.
            AlreadyInParty: they are in one.
            InvalidInput: the name does not fit.

        """
        self._sight.present(actor)
        title = party_name(name)
        now = self._clock.now()

        def work(tx: Transaction) -> _Change:
            founder = _member(tx, actor, now)  # the body first, as for who takes a shard or wins a fight
            if tx.parties.of_character(actor) is not None:
                raise AlreadyInParty
            party = tx.parties.add(found(title, founder))
            return _Change(party, "created", actor, actor)

        return await self._change(work, once)

    async def leave(self, actor: CharacterId, number: int | None = None, *, once: CommandKey | None = None) -> Party:
        """Be in no party any more, or, with a `number`, not in that one. Raises NotInParty."""
        now = self._clock.now()

        def work(tx: Transaction) -> _Change:
            party = _own(tx, actor)
            if number not in (None, party.number):
                raise NotInParty("You are not in that party.", hint="")
            return _left(tx, party, actor, now, actor)

        return await self._change(work, once)

    async def kick(self, actor: CharacterId, target: CharacterId, *, once: CommandKey | None = None) -> Party:
        """Send a member away; for the leader, whom they do not follow any longer.

        Raises:
            NotInParty, PermissionDenied: the actor does not lead a party.
            NotFound: the target is not in it.
            BadUsage: oneself.

        """
        now = self._clock.now()

        def work(tx: Transaction) -> _Change:
            party = _own(tx, actor)
            name = _name_in(party, target)
            party.kick(actor, target, now)
            tx.parties.save(party)
            line = f"{name} was sent away from the party."
            return _Change(party, "kicked", target, actor, line, f"You were sent away from {party.name}.")

        return await self._change(work, once)

    async def promote(self, actor: CharacterId, target: CharacterId, *, once: CommandKey | None = None) -> Party:
        """Have another member lead; who followed the former leader follows the new one, if they are together.
        Raises as `kick`."""

        def work(tx: Transaction) -> _Change:
            party = _own(tx, actor)
            name = _name_in(party, target)
            party.promote(actor, target)
            tx.parties.save(party)
            return _Change(party, "leader", target, actor, f"{name} leads the party now.")

        return await self._change(work, once)

    async def disband(self, actor: CharacterId, *, once: CommandKey | None = None) -> Party:
        """End the party; for its leader. Raises NotInParty, PermissionDenied."""
        now = self._clock.now()

        def work(tx: Transaction) -> _Change:
            party = _own(tx, actor)
            party.disband(actor, now)
            tx.parties.save(party)
            return _Change(party, "disbanded", actor, actor, to_subject=f"{party.name} is no more.")

        return await self._change(work, once)

    async def set_loot(self, actor: CharacterId, rule: LootRule, *, once: CommandKey | None = None) -> Party:
        """Choose how loot is shared; for the leader. Raises NotInParty, PermissionDenied."""

        def work(tx: Transaction) -> _Change:
            party = _own(tx, actor)
            party.set_loot(actor, rule)
            tx.parties.save(party)
            return _Change(party, "loot", actor, actor, f"The party shares its loot by the rule: {rule.value}.")

        return await self._change(work, once)

    async def tally(self, number: int, *, souls: int = 0, shards: int = 0, bosses: int = 0) -> None:
        """Add to what a party has to show for itself, and tell what that is; nothing happens if it is over."""

        await self._store.write(
            lambda tx: self._tallied(tx, number, souls=souls, shards=shards, bosses=bosses), then=self._adopt_any
        )

    def tallying(self, number: int, *, souls: int = 0, bosses: int = 0) -> Sequel:
        """`tally` for transactions of others."""

        def work(tx: Transaction) -> Callable[[], None]:
            change = self._tallied(tx, number, souls=souls, bosses=bosses)
            return lambda: self._adopt_any(change)

        return work

    def _tallied(
        self, tx: Transaction, number: int, *, souls: int = 0, shards: int = 0, bosses: int = 0
    ) -> _Change | None:
        party = tx.parties.get(number)
        if party is None or not party.is_active:
            return None
        if souls or shards or bosses:
            tx.parties.tally(number, souls=souls, shards=shards, bosses=bosses)
        return _Change(tx.parties.require(number), "deeds")

    def happened(self, event: WorldEvent) -> None:
        """A shard was captured (observer of `ShardService.on_event`): the row of a party may say so now."""
        if event.kind is EventKind.SHARD_CAPTURE:
            for party in self._parties.values():
                if any(one.number in event.characters for one in party.members):
                    self._errands.start(self.tally(party.number))

    # --- inviting and joining ----------------------------------------------------------------------------

    async def invite(self, actor: CharacterId, target: CharacterId, number: int | None = None) -> Invitation:
        """Ask somebody into the actor's party; any member may. `number` is checked if it is given.

        Raises:
            NotInWorld, Muted: the actor is not there, or cannot be heard.
            NotInParty: the actor is in no party, or not in that one.
            PartyFull: there is no place.
            Unreachable: the target is not there, or ignores the actor.
            AlreadyInParty: the target is in a party.
            BadUsage: oneself, or somebody who is asked already.
            TooMany: the target was asked several times within a minute.

        """
        self._sight.present(actor)
        body = await self._store.read(lambda tx: tx.characters.get(target))
        self._invitation(actor, target, body, number)
        wait = await self._throttle.hit(_throttle_key(actor, target), self.policy.invitations_to_one)
        if wait is not None:
            raise TooMany("You ask them too often.", retry_after=wait)
        invitation = self._invitation(actor, target, body, number)  # much may have changed meanwhile
        now = self._clock.now()
        self._invitations.add(invitation, now)
        self._tell_invitation(invitation, now)
        return invitation

    def _invitation(
        self, actor: CharacterId, target: CharacterId, body: Character | None, number: int | None
    ) -> Invitation:
        """What `invite` would send now; refuses as it does."""
        present, now = self._sight.present(actor), self._clock.now()
        party = self.require(actor)
        if number not in (None, party.number):
            raise NotInParty("You are not in that party.", hint="")
        self._chat.require_voice(present)
        if target == actor:
            raise BadUsage("You are in your party already.")
        asked = self._presence.get(target)
        if body is None or asked is None or present.account_id in asked.ignored:
            raise Unreachable("They are not in the world.", hint=WHO_HINT)
        party.require_place(self.policy.members)
        if target in self._places:
            raise AlreadyInParty(f"{asked.name} is in a party already.", hint="")
        inviter = party.require_member(actor)
        return Invitation(
            party=party.number,
            party_name=party.name,
            inviter=actor,
            inviter_number=inviter.number,
            inviter_name=inviter.name,
            inviter_account=present.account_id,
            invitee=target,
            invitee_number=body.number,
            invitee_name=body.name,
            expires_at=now + self._invitations.lifetime,
        )

    def _tell_invitation(self, invitation: Invitation, now: datetime) -> None:
        asked = f"{invitation.inviter_name} asks you to join the party {invitation.party_name}."
        for to, message in ((invitation.invitee, asked), (invitation.inviter, "")):
            payload = PartyInvite(
                party_number=invitation.party,
                party_name=invitation.party_name,
                inviter_id=invitation.inviter,
                inviter_number=invitation.inviter_number,
                inviter_name=invitation.inviter_name,
                invitee_id=invitation.invitee,
                invitee_number=invitation.invitee_number,
                invitee_name=invitation.invitee_name,
                expires_at=invitation.expires_at,
                message=message,
            )
            sender = invitation.inviter_account if message else None
            self._realtime.send(to, event_of(payload, now, player_id=invitation.inviter, sender=sender))

    async def accept(self, actor: CharacterId, number: int | None = None, *, once: CommandKey | None = None) -> Party:
        """Join the party that asked, or the one that asked last.

        Raises:
            NotInWorld: the actor is not there.
            NoPendingInvite: nobody asked, or not any more.
            PartyFull: others were faster.
            AlreadyInParty: the actor is in one.

        """
        self._sight.present(actor)
        now = self._clock.now()
        invitation: Invitation | None = None
        refusal: Refused | None = None
        try:
            invitation = self._invitations.find(actor, number, now)
        except NoPendingInvite as refused:
            refusal = refused  # a repeat of what was done is no refusal; only the store knows

        def work(tx: Transaction) -> _Change:
            if invitation is None:
                raise refusal or NoPendingInvite
            newcomer = _member(tx, actor, now)  # the body first, as for who takes a shard or wins a fight
            party = tx.parties.get(invitation.party)
            if party is None or not party.is_active:
                raise NoPendingInvite
            party.join(newcomer, self.policy.members)
            tx.parties.save(party)
            return _Change(party, "joined", actor, actor, f"{newcomer.name} joins the party.")

        joined = await self._change(work, once)
        assert invitation is not None  # or `work` had refused
        await self._throttle.clear(_throttle_key(invitation.inviter, actor))  # who is welcome has not asked too often
        return joined

    async def decline(self, actor: CharacterId, number: int | None = None) -> Invitation:
        """Say no to the party that asked, or to the one that asked last. Raises NoPendingInvite."""
        invitation = self._invitations.find(actor, number, self._clock.now())
        self._invitations.take(invitation)
        self._tell_ended(invitation, "declined", f"{invitation.invitee_name} does not join your party.", "")
        return invitation

    def _withdraw(self, unwanted: Callable[[Invitation], bool]) -> None:
        for one in self._invitations.take_if(unwanted):
            self._tell_ended(one, "withdrawn", "", "")

    def _tell_ended(self, one: Invitation, outcome: Outcome, to_inviter: str, to_invitee: str) -> None:
        now = self._clock.now()
        for to, message in ((one.inviter, to_inviter), (one.invitee, to_invitee)):
            payload = PartyInviteEnded(one.party, one.inviter, one.invitee, outcome, message)
            self._realtime.send(to, event_of(payload, now))

    # --- talking and walking -------------------------------------------------------------------------------

    async def say(self, speaker: Presence, text: str, *, subject: object = None) -> ChatMessage:
        """To the speaker's party. Raises NotInParty, and as `ChatService.say`; for `subject` see `to_group`."""
        topic = party_topic(self.require(speaker.character_id).number)
        verb = "tell your party"
        return await self._chat.to_group(speaker, Channel.PARTY, topic, text, verb=verb, subject=subject)

    def heard_by(self, reader: Presence) -> Source:
        """For `ChatService.add_channel`: nobody reads what was said before they joined. Raises NotInParty."""
        place = self._places.get(reader.character_id)
        if place is None:
            raise NotInParty
        return Source(party_topic(place.party), place.since)

    def follow(self, actor: CharacterId) -> Presence:
        """Walk where the leader of one's party walks, who is returned; each step is a transaction of one's own.

        Raises:
            NotInWorld: the actor is not there.
            NotInParty: they are in no party.
            NotHere: the leader is somewhere else.
            BadUsage: they lead it, or follow the leader already.

        """
        present = self._sight.present(actor)
        party = self.require(actor)
        if party.leader == actor:
            raise BadUsage("You lead the party yourself.")
        leader = self._presence.get(party.leader)
        if leader is None:
            raise NotHere("The leader of your party is not here.")
        if leader.room_id != present.room_id:
            place = self._sight.room_of(leader).name
            raise NotHere(f"{leader.name} is in {place}.", hint="Go there, then `party follow`.")
        self._company.follow(present, leader)
        return leader

    def _change_company(self, before: Party, change: _Change) -> None:
        """Nobody who was sent away follows the leader; who followed the former leader follows the new one."""
        party, former = change.party, before.leader
        leader = self._presence.get(party.leader)
        if leader is None:
            return
        gone = self._presence.get(change.subject) if change.reason == "kicked" and change.subject is not None else None
        if gone is not None:
            self._company.shake_off(leader, gone)
        if former == party.leader or not party.is_active:
            return
        if leader.following == former:
            self._company.unfollow(leader)
        for follower_id in self._company.followers_of(former):
            follower = self._presence.get(follower_id)
            if follower is None or party.member(follower_id) is None:
                continue
            try:
                self._company.follow(follower, leader)
            except Refused as refused:
                log.debug("follows the former leader on", extra={"character": follower_id, "code": refused.code})

    # --- the world (observers of PresenceService) ------------------------------------------------------------

    def entered(self, present: Presence) -> None:
        """Somebody came into the world, or has a new stream: they hear their party, and are shown it."""
        character_id = present.character_id
        place = self._places.get(character_id)
        if place is None:
            return
        self._absent.pop(character_id, None)
        party = self._parties[place.party]
        self._realtime.subscribe(character_id, party_topic(party.number))
        self._send(character_id, PartyUpdate(self.view(party), "state", party.number, None, ""), party)
        self._publish(party, "status", character_id, "", exclude=character_id)

    def gone(self, character_id: CharacterId) -> None:
        """Somebody left the world: they are in no party any more, and nobody's guest."""
        self._withdraw(lambda one: character_id in (one.inviter, one.invitee))
        if character_id in self._places:
            self._absent[character_id] = self._clock.now()
            self._drop(character_id)

    def refresh(self, character_id: CharacterId) -> None:
        """How a member can be reached, their level or their faction is another: their party is told."""
        party = self.of(character_id)
        if party is not None:
            self._publish(party, "status", character_id, "")

    # --- time ----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up the parties that were there when the server stopped; before anybody enters."""
        now = self._clock.now()

        def work(tx: Transaction) -> list[Party]:
            parties = tx.parties.active()
            for party in parties:
                if party.mend(now):
                    tx.parties.save(party)
            return [party for party in parties if party.is_active]

        for party in await self._store.write(work):
            self._parties[party.number] = party
            for member in party.members:
                self._places[member.character_id] = _Place(party.number, member.joined_at)
                self._absent[member.character_id] = now + self.policy.return_within

    def tick(self) -> None:
        """Once a second: invitations end, and who did not come back is in no party any more."""
        now = self._clock.now()
        for one in self._invitations.take_expired(now):
            self._tell_ended(one, "expired", f"{one.invitee_name} did not answer.", "")
        for character_id in [one for one, until in self._absent.items() if until <= now]:
            self._drop(character_id)

    async def settle(self) -> None:
        """Wait until nothing is under way. Before the store closes."""
        await self._errands.settle()

    def _drop(self, character_id: CharacterId) -> None:
        if character_id not in self._dropping:
            self._dropping.add(character_id)
            self._errands.start(self._leave_behind(character_id))

    async def _leave_behind(self, character_id: CharacterId) -> None:
        """Take somebody who is not in the world out of their party. If it cannot be saved, `tick` tries again."""
        now, place = self._clock.now(), self._places.get(character_id)

        def work(tx: Transaction) -> _Change | None:
            party = tx.parties.of_character(character_id)
            if party is not None:
                return _left(tx, party, character_id, now, None)
            party = tx.parties.get(place.party) if place is not None else None
            if party is None:
                return None
            if party.mend(now):  # the character was deleted for good, which took the membership along
                tx.parties.save(party)
            return _Change(party, "left", character_id)

        try:
            await self._store.write(work, then=self._adopt_any)
        finally:
            self._dropping.discard(character_id)

    # --- saved: live state follows, and everybody hears of it --------------------------------------------------

    async def _change(self, work: Callable[[Transaction], _Change], once: CommandKey | None) -> Party:
        return (await self._store.write(work, then=self._adopt, once=once)).party

    def _adopt_any(self, change: _Change | None) -> None:
        if change is not None:
            self._adopt(change)

    def _adopt(self, change: _Change) -> None:
        party, number = change.party, change.party.number
        before = self._parties.get(number)
        was = {one.character_id for one in before.members} if before is not None else set()
        now = {one.character_id for one in party.members}
        if party.is_active:
            self._parties[number] = party
        else:
            self._parties.pop(number, None)
        topic = party_topic(number)
        for character_id in was - now:
            del self._places[character_id]
            self._absent.pop(character_id, None)
            self._realtime.unsubscribe(character_id, topic)
        for character_id in now - was:
            self._places[character_id] = _Place(number, self._clock.now())
            self._realtime.subscribe(character_id, topic)
        self._settle_invitations(party, was - now, now - was)
        for character_id in was - now:
            line = change.to_subject if character_id != change.actor else ""
            self._send(character_id, PartyUpdate(None, change.reason, number, change.subject, line), party)
        self._publish(party, change.reason, change.subject, change.message, actor=change.actor)
        if before is not None:
            self._change_company(before, change)
        log.info("party changed", extra={"party": number, "reason": change.reason, "members": len(now)})
        for observer in self._observers:
            observer(PartyChange(before, party, change.reason, change.subject))
        for character_id in now - was:
            if self._presence.get(character_id) is None and character_id not in self._sight.asleep:
                self.gone(character_id)  # they left the world while it was being saved

    def _settle_invitations(self, party: Party, left: set[CharacterId], joined: set[CharacterId]) -> None:
        """Who joined needs none any more; those of who left, and of a party that is over, lead nowhere."""
        for one in self._invitations.take_if(lambda one: one.party == party.number and one.invitee in joined):
            self._tell_ended(one, "accepted", "", "")
        self._withdraw(
            lambda one: (
                one.invitee in joined or one.inviter in left or (one.party == party.number and not party.is_active)
            )
        )

    def _publish(
        self,
        party: Party,
        reason: Reason,
        subject: CharacterId | None,
        message: str,
        *,
        actor: CharacterId | None = None,
        exclude: CharacterId | None = None,
    ) -> None:
        """Tell all members; `actor` without the line, since they are answered."""
        if not party.members:
            return
        payload = PartyUpdate(self.view(party), reason, party.number, subject, message)
        event = event_of(payload, self._clock.now(), player_id=subject, version=party.version)
        spared = exclude
        if actor is not None and party.member(actor) is not None:
            spared = actor
            self._send(actor, PartyUpdate(payload.party, reason, party.number, subject, ""), party)
        self._realtime.publish(party_topic(party.number), event, exclude=spared)

    def _send(self, character_id: CharacterId, payload: PartyUpdate, party: Party) -> None:
        event = event_of(payload, self._clock.now(), player_id=payload.player_id, version=party.version)
        self._realtime.send(character_id, event)


def _member(tx: Transaction, character_id: CharacterId, now: datetime) -> PartyMember:
    body = tx.characters.require(character_id)
    return PartyMember(body.id, body.number, body.name, now)


def _throttle_key(inviter: CharacterId, invitee: CharacterId) -> str:
    return f"party:{inviter}:{invitee}"


def _own(tx: Transaction, actor: CharacterId) -> Party:
    party = tx.parties.of_character(actor)
    if party is None:
        raise NotInParty
    return party


def _name_in(party: Party, target: CharacterId) -> str:
    member = party.member(target)
    if member is None:
        raise NotFound("They are not in your party.")
    return member.name


def _left(tx: Transaction, party: Party, leaving: CharacterId, now: datetime, actor: CharacterId | None) -> _Change:
    name, former = party.require_member(leaving).name, party.leader
    party.leave(leaving, now)
    tx.parties.save(party)
    message = f"{name} leaves the party."
    if party.is_active and party.leader != former:
        message += f" {_name_in(party, party.leader)} leads it now."
    return _Change(party, "left", leaving, actor, message)
