"""Parties: who comes together and how, what they hear, and what becomes of them."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

import pytest
from tests.support.play import CLOSET, PATH, TAVERN, PlayKit

from mythgate.domain.accounts import Role
from mythgate.domain.errors import (
    AlreadyInParty,
    BadUsage,
    InvalidInput,
    Muted,
    NoPendingInvite,
    NotFound,
    NotHere,
    NotInParty,
    NotInWorld,
    PartyFull,
    PermissionDenied,
    Repeated,
    TooMany,
    Unreachable,
)
from mythgate.domain.events import ChatMessage, PartyInvite, PartyInviteEnded, PartyUpdate
from mythgate.domain.ids import CharacterId, CommandId, PlayId
from mythgate.domain.parties import LootRule
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import Caller
from mythgate.domain.worldevents import EventKind, WorldEvent
from mythgate.services.parties import PartyChange, PartyService
from mythgate.services.ports import CommandKey

MOST = 4


async def join(kit: PlayKit, leader: Presence, *others: Presence) -> int:
    """A party of these, whose number it returns; nobody has heard of anything."""
    if kit.parties.of(leader.character_id) is None:
        await kit.parties.create(leader.character_id, "Otters")
    for one in others:
        await kit.parties.invite(leader.character_id, one.character_id)
        await kit.parties.accept(one.character_id)
        kit.clock.advance(timedelta(seconds=1))
    kit.realtime.clear()
    return kit.parties.require(leader.character_id).number


async def people(kit: PlayKit, *names: str) -> list[Presence]:
    return [await kit.somebody(name) for name in names]


def names(kit: PlayKit, one: Presence) -> list[str]:
    """The members of their party, the leader first."""
    party = kit.parties.of(one.character_id)
    if party is None:
        return []
    leader = party.require_member(party.leader).name
    return [leader, *(member.name for member in party.members if member.name != leader)]


def updates(kit: PlayKit, one: Presence) -> list[tuple[str, str]]:
    """Reasons and lines of what they were told of their party; "!" for being in none."""
    return [
        (("" if told.party is not None else "!") + told.reason, told.message) for told in kit.heard(one).of(PartyUpdate)
    ]


def ended(kit: PlayKit, one: Presence) -> list[tuple[str, str]]:
    return [(told.outcome, told.message) for told in kit.heard(one).of(PartyInviteEnded)]


async def leave_world(kit: PlayKit, one: Presence) -> None:
    kit.realtime.end(one.character_id, "expired")
    await kit.settle()


# --- founding and joining --------------------------------------------------------------------------


async def test_who_founds_a_party_leads_it(kit: PlayKit) -> None:
    (ada,) = await people(kit, "Ada")
    changes: list[PartyChange] = []
    kit.parties.on_changed(changes.append)
    party = await kit.parties.create(ada.character_id, "  The   Otters ")
    assert (party.number, party.name, party.leader) == (1, "The Otters", ada.character_id)
    assert kit.parties.of(ada.character_id) == kit.parties.by_number(1) == await kit.parties.record(1) == party
    assert kit.parties.members(ada.character_id) == kit.parties.together(ada.character_id) == [ada.character_id]
    assert updates(kit, ada) == [("created", "")]
    (told,) = kit.heard(ada).of(PartyUpdate)
    assert told.party == kit.parties.view(party)
    assert told.party is not None
    (member,) = told.party.members
    assert (member.name, member.status, member.level) == ("Ada", "online", 1)
    assert (told.party.leader_number, told.party.max_members) == (member.number, MOST)
    assert changes == [PartyChange(None, party, "created", ada.character_id)]
    with pytest.raises(AlreadyInParty):
        await kit.parties.create(ada.character_id)


async def test_a_name_that_does_not_fit(kit: PlayKit) -> None:
    (ada,) = await people(kit, "Ada")
    for name in ("", "  ", "x" * 101, "\u202e"):
        with pytest.raises(InvalidInput):
            await kit.parties.create(ada.character_id, name)
    assert (await kit.parties.create(ada.character_id)).name == "Adventuring Party"


async def test_nobody_in_particular_is_alone(kit: PlayKit) -> None:
    ghost = CharacterId("ghost")
    assert (kit.parties.members(ghost), kit.parties.together(ghost), kit.parties.of(ghost)) == ([ghost], [], None)
    for work in (kit.parties.create(ghost), kit.parties.invite(ghost, ghost), kit.parties.accept(ghost)):
        with pytest.raises(NotInWorld):
            await work
    with pytest.raises(NotFound):
        await kit.parties.record(7)


async def test_an_invitation_is_told_and_accepted(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    await join(kit, ada, cleo)
    invitation = await kit.parties.invite(ada.character_id, ben.character_id)
    for one, message in ((ben, "Ada asks you to join the party Otters."), (ada, "")):
        (told,) = kit.heard(one).of(PartyInvite)
        assert (told.party_number, told.inviter_name, told.invitee_name, told.message) == (1, "Ada", "Ben", message)
        assert told.expires_at == kit.clock.now() + timedelta(minutes=2)
    assert kit.heard(cleo).events == []
    assert kit.parties.invitations(ben.character_id) == [invitation]
    await kit.parties.accept(ben.character_id)
    assert names(kit, ben) == ["Ada", "Cleo", "Ben"]
    assert updates(kit, ada) == updates(kit, cleo) == [("joined", "Ben joins the party.")]
    assert updates(kit, ben) == [("joined", "")]
    assert ended(kit, ada) == ended(kit, ben) == [("accepted", "")]
    assert kit.parties.invitations(ben.character_id) == []
    (event,) = [one for one in kit.heard(ada).events if isinstance(one.payload, PartyUpdate)]
    assert (event.version, event.player_id) == (3, ben.character_id)


async def test_the_newest_invitation_is_answered_or_the_one_that_is_named(kit: PlayKit) -> None:
    ada, ben, cleo, dan = await people(kit, "Ada", "Ben", "Cleo", "Dan")
    first, second = await join(kit, ada), await join(kit, ben)
    for asks in (ada, ben):
        await kit.parties.invite(asks.character_id, cleo.character_id)
        await kit.parties.invite(asks.character_id, dan.character_id)
    assert [one.party for one in kit.parties.invitations(cleo.character_id)] == [second, first]
    assert (await kit.parties.accept(cleo.character_id)).number == second
    assert (await kit.parties.accept(dan.character_id, first)).number == first
    assert ended(kit, cleo) == [("accepted", ""), ("withdrawn", "")]
    with pytest.raises(NoPendingInvite):
        await kit.parties.accept(cleo.character_id, first)


async def test_declining(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada)
    await kit.parties.invite(ada.character_id, ben.character_id)
    await kit.parties.decline(ben.character_id)
    assert ended(kit, ada) == [("declined", "Ben does not join your party.")]
    assert ended(kit, ben) == [("declined", "")]
    for answer in (kit.parties.decline(ben.character_id), kit.parties.accept(ben.character_id)):
        with pytest.raises(NoPendingInvite):
            await answer
    await kit.parties.invite(ada.character_id, ben.character_id)  # one may ask again


async def test_an_invitation_is_good_for_two_minutes(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada)
    await kit.parties.invite(ada.character_id, ben.character_id)
    kit.clock.advance(timedelta(seconds=119))
    kit.parties.tick()
    with pytest.raises(BadUsage, match="invited already"):
        await kit.parties.invite(ada.character_id, ben.character_id)
    kit.clock.advance(timedelta(seconds=1))
    with pytest.raises(NoPendingInvite):
        await kit.parties.accept(ben.character_id)
    kit.parties.tick()
    assert ended(kit, ada) == [("expired", "Ben did not answer.")]
    assert ended(kit, ben) == [("expired", "")]
    kit.parties.tick()
    assert len(ended(kit, ben)) == 1


async def test_who_cannot_be_invited(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    with pytest.raises(NotInParty):
        await kit.parties.invite(ada.character_id, ben.character_id)
    number = await join(kit, ada, ben)
    await join(kit, cleo)
    for target, refusal in (
        (ada, BadUsage),
        (ben, AlreadyInParty),
        (cleo, AlreadyInParty),
        (CharacterId("ghost"), Unreachable),
    ):
        with pytest.raises(refusal):
            invitee = target.character_id if isinstance(target, Presence) else target
            await kit.parties.invite(ada.character_id, invitee)
    with pytest.raises(NotInParty, match="not in that party"):
        await kit.parties.invite(ada.character_id, ben.character_id, number + 1)
    gone = await kit.somebody("Gone")
    await leave_world(kit, gone)
    with pytest.raises(Unreachable):
        await kit.parties.invite(ada.character_id, gone.character_id)


async def test_who_ignores_somebody_looks_as_if_they_were_not_there(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada)
    await kit.chat.ignore(ben, "Ada")
    with pytest.raises(Unreachable) as ignored:
        await kit.parties.invite(ada.character_id, ben.character_id)
    with pytest.raises(Unreachable) as absent:
        await kit.parties.invite(ada.character_id, CharacterId("ghost"))
    assert ignored.value.message == absent.value.message
    assert kit.heard(ben).of(PartyInvite) == []


async def test_nobody_is_asked_again_and_again(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    for _ in range(3):
        await kit.parties.create(ada.character_id)
        await kit.parties.invite(ada.character_id, ben.character_id)
        await kit.parties.leave(ada.character_id)
    await kit.parties.create(ada.character_id)
    with pytest.raises(TooMany, match="too often") as refused:
        await kit.parties.invite(ada.character_id, ben.character_id)
    assert refused.value.retry_after is not None
    kit.clock.advance(refused.value.retry_after)
    await kit.parties.invite(ada.character_id, ben.character_id)


async def test_who_is_welcome_has_not_asked_too_often(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await kit.parties.create(ada.character_id)
    for _ in range(5):
        await kit.parties.invite(ada.character_id, ben.character_id)
        await kit.parties.accept(ben.character_id)
        await kit.parties.leave(ben.character_id)


async def test_who_is_muted_invites_nobody(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada)
    ada.muted_until = kit.clock.now() + timedelta(minutes=1)
    with pytest.raises(Muted):
        await kit.parties.invite(ada.character_id, ben.character_id)
    with pytest.raises(Muted):
        await kit.parties.say(ada, "psst")


async def test_a_party_takes_only_so_many(kit: PlayKit) -> None:
    ada, ben, cleo, dan, eve = await people(kit, "Ada", "Ben", "Cleo", "Dan", "Eve")
    await join(kit, ada, ben, cleo)
    for one in (dan, eve):
        await kit.parties.invite(ben.character_id, one.character_id)
    outcomes = await asyncio.gather(
        *(kit.parties.accept(one.character_id) for one in (dan, eve)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["Party", "PartyFull"]
    with pytest.raises(PartyFull):
        await kit.parties.invite(ada.character_id, eve.character_id)


async def test_an_invitation_to_a_party_that_is_no_more(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada)
    await kit.parties.invite(ada.character_id, ben.character_id)

    _, outcome = await asyncio.gather(
        kit.parties.disband(ada.character_id), kit.parties.accept(ben.character_id), return_exceptions=True
    )
    if isinstance(outcome, NoPendingInvite):
        assert ended(kit, ada) == ended(kit, ben) == [("withdrawn", "")]
    else:  # joined before it ended
        assert updates(kit, ben)[-1] == ("!disbanded", "Otters is no more.")
    assert kit.parties.of(ben.character_id) is None


async def test_accepting_while_being_in_another(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada)
    await kit.parties.invite(ada.character_id, ben.character_id)
    both = await asyncio.gather(
        kit.parties.create(ben.character_id), kit.parties.accept(ben.character_id), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in both) == ["AlreadyInParty", "Party"]


async def test_what_an_inviter_leaves_behind_leads_nowhere(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    await join(kit, ada, ben)
    await kit.parties.invite(ben.character_id, cleo.character_id)
    await kit.parties.kick(ada.character_id, ben.character_id)
    assert ended(kit, cleo) == [("withdrawn", "")]


# --- leading and leaving ---------------------------------------------------------------------------


async def test_the_longest_standing_succeeds(kit: PlayKit) -> None:
    ada, ben, cleo, dan = await people(kit, "Ada", "Ben", "Cleo", "Dan")
    number = await join(kit, ada, cleo, ben, dan)
    await kit.parties.leave(ada.character_id)
    assert updates(kit, ada) == [("!left", "")]
    assert updates(kit, ben) == [("left", "Ada leaves the party. Cleo leads it now.")]
    assert names(kit, ben) == ["Cleo", "Ben", "Dan"]
    await kit.parties.leave(ben.character_id, number)
    assert updates(kit, dan)[-1] == ("left", "Ben leaves the party.")
    with pytest.raises(NotInParty, match="not in that party"):
        await kit.parties.leave(dan.character_id, number + 1)
    for one in (cleo, dan):
        await kit.parties.leave(one.character_id)
    assert kit.parties.by_number(number) is None
    record = await kit.parties.record(number)
    assert (record.is_active, record.members) == (False, [])
    with pytest.raises(NotInParty):
        await kit.parties.leave(dan.character_id)


async def test_who_is_sent_away(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    await join(kit, ada, ben, cleo)
    for actor, target, refusal in (
        (ben, cleo, PermissionDenied),
        (ada, ada, BadUsage),
    ):
        with pytest.raises(refusal):
            await kit.parties.kick(actor.character_id, target.character_id)
    with pytest.raises(NotFound):
        await kit.parties.kick(ada.character_id, CharacterId("ghost"))
    await kit.parties.kick(ada.character_id, ben.character_id)
    assert updates(kit, ben) == [("!kicked", "You were sent away from Otters.")]
    assert updates(kit, cleo) == [("kicked", "Ben was sent away from the party.")]
    assert updates(kit, ada) == [("kicked", "")]
    assert names(kit, cleo) == ["Ada", "Cleo"]
    with pytest.raises(NotInParty):
        await kit.parties.say(ben, "Oh?")


async def test_the_leader_disbands(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)
    with pytest.raises(PermissionDenied):
        await kit.parties.disband(ben.character_id)
    await kit.parties.disband(ada.character_id)
    assert updates(kit, ada) == [("!disbanded", "")]
    assert updates(kit, ben) == [("!disbanded", "Otters is no more.")]
    assert kit.parties.all() == []
    with pytest.raises(NotInParty):
        await kit.parties.disband(ada.character_id)


async def test_another_leads_and_chooses_the_rule_for_loot(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)
    with pytest.raises(NotFound):
        await kit.parties.promote(ada.character_id, CharacterId("ghost"))
    await kit.parties.promote(ada.character_id, ben.character_id)
    assert updates(kit, ben) == [("leader", "Ben leads the party now.")]
    with pytest.raises(PermissionDenied):
        await kit.parties.set_loot(ada.character_id, LootRule.ROLL)
    assert (await kit.parties.set_loot(ben.character_id, LootRule.ROLL)).loot is LootRule.ROLL
    assert updates(kit, ada) == [("leader", ""), ("loot", "The party shares its loot by the rule: roll.")]


async def test_what_a_party_has_to_show(kit: PlayKit) -> None:
    (ada,) = await people(kit, "Ada")
    number = await join(kit, ada)
    await kit.parties.tally(number, souls=12, bosses=1)
    (told,) = kit.heard(ada).of(PartyUpdate)
    assert told.party is not None
    assert (told.reason, told.party.souls, told.party.shards, told.party.bosses) == ("deeds", 12, 0, 1)
    await kit.parties.disband(ada.character_id)
    kit.realtime.clear()
    await kit.parties.tally(number, souls=1)
    await kit.parties.tally(99, souls=1)
    assert updates(kit, ada) == []
    assert (await kit.parties.record(number)).souls == 12


@pytest.mark.parametrize("what", ["create", "accept", "leave", "kick", "promote", "disband", "loot"])
async def test_a_repeat_has_no_second_effect(kit: PlayKit, what: str) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    parties, actor = kit.parties, ada.character_id
    if what == "accept":
        await join(kit, ben)
        await parties.invite(ben.character_id, actor)
    elif what != "create":
        await join(kit, ada, ben)
    once = CommandKey(actor, CommandId("a command"))

    async def command() -> Any:
        match what:
            case "create":
                return await parties.create(actor, once=once)
            case "accept":
                return await parties.accept(actor, once=once)
            case "leave":
                return await parties.leave(actor, once=once)
            case "kick":
                return await parties.kick(actor, ben.character_id, once=once)
            case "promote":
                return await parties.promote(actor, ben.character_id, once=once)
            case "disband":
                return await parties.disband(actor, once=once)
            case _:
                return await parties.set_loot(actor, LootRule.ROLL, once=once)

    await command()
    kit.realtime.clear()
    with pytest.raises(Repeated):
        await command()
    assert updates(kit, ada) == []


# --- talk ------------------------------------------------------------------------------------------


async def test_the_party_hears_and_nobody_else(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    await join(kit, ada, ben)
    await kit.put(ben.character_id, PATH)
    message = await kit.parties.say(ada, " This  way! ")
    assert (message.channel, message.text) == ("party", "Ada (party): This way!")
    assert kit.heard(ada).of(ChatMessage) == kit.heard(ben).of(ChatMessage) == [message]
    assert kit.heard(cleo).events == []
    await kit.put(ben.character_id, ben.room_id)


async def test_who_ignores_a_member_hears_the_others(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    await join(kit, ada, ben, cleo)
    await kit.chat.ignore(cleo, "Ada")
    await kit.parties.say(ada, "one")
    await kit.parties.say(ben, "two")
    assert kit.heard(cleo).lines() == ["Ben (party): two"]
    assert [one.message for one in await kit.chat.history(cleo, "party")] == ["two"]
    assert [one.message for one in await kit.chat.history(ben, "party")] == ["one", "two"]


async def test_nobody_reads_what_was_said_before_they_joined_or_where_they_are_not(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    await join(kit, ada, ben)
    await kit.parties.say(ada, "of Cleo")
    kit.clock.advance(timedelta(seconds=1))
    with pytest.raises(NotInParty):
        await kit.chat.history(cleo, "party")
    await join(kit, ada, cleo)
    await kit.parties.say(ada, "welcome")
    assert [one.message for one in await kit.chat.history(cleo, "party")] == ["welcome"]
    assert [one.message for one in await kit.chat.history(ben, "party")] == ["of Cleo", "welcome"]
    assert [one.message for one in await kit.chat.history(ben, "party", 1)] == ["welcome"]
    await kit.parties.leave(ben.character_id)
    with pytest.raises(NotInParty):
        await kit.chat.history(ben, "party")


# --- walking ---------------------------------------------------------------------------------------


async def test_who_follows_the_leader_moves_with_them(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    await join(kit, ada, ben, cleo)
    kit.parties.follow(ben.character_id)
    await kit.movement.move(ada.character_id, "north")
    await kit.settle()
    assert [one.room_id == TAVERN for one in (ada, ben, cleo)] == [True, True, False]
    assert kit.parties.together(ada.character_id) == [ada.character_id, ben.character_id]
    with pytest.raises(NotHere):
        kit.parties.follow(cleo.character_id)
    with pytest.raises(BadUsage):
        kit.parties.follow(ada.character_id)
    with pytest.raises(BadUsage):
        kit.parties.follow(ben.character_id)
    stranger = await kit.somebody("Stranger")
    with pytest.raises(NotInParty):
        kit.parties.follow(stranger.character_id)


async def test_only_as_many_follow_as_fit(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    await join(kit, ada, ben, cleo)
    for one in (ben, cleo):
        kit.parties.follow(one.character_id)
    await kit.movement.move(ada.character_id, "east")
    await kit.settle()
    assert sorted(one.room_id == CLOSET for one in (ada, ben, cleo)) == [False, True, True]


async def test_followers_follow_the_new_leader(kit: PlayKit) -> None:
    ada, ben, cleo, dan = await people(kit, "Ada", "Ben", "Cleo", "Dan")
    stranger = await kit.somebody("Stranger")
    await join(kit, ada, ben, cleo, dan)
    kit.company.follow(stranger, ada)
    for one in (ben, cleo, dan):
        kit.parties.follow(one.character_id)
    await kit.put(dan.character_id, PATH)
    kit.present.relocate(dan.character_id, PATH)
    await kit.parties.promote(ada.character_id, ben.character_id)
    assert (ben.following, cleo.following, stranger.following) == (None, ben.character_id, ada.character_id)
    assert dan.following == ada.character_id  # is somewhere else
    await kit.put(dan.character_id, ada.room_id)
    kit.present.relocate(dan.character_id, ada.room_id)
    await kit.parties.leave(ben.character_id)
    assert (names(kit, cleo)[0], cleo.following) == ("Ada", ada.character_id)


async def test_who_is_sent_away_follows_no_longer(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)
    kit.parties.follow(ben.character_id)
    await kit.parties.kick(ada.character_id, ben.character_id)
    assert ben.following is None


async def test_a_leader_who_is_not_there_cannot_be_followed(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    await join(kit, ada, ben, cleo)
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    with pytest.raises(NotHere):
        kit.parties.follow(ben.character_id)
    await kit.parties.kick(ada.character_id, ben.character_id)
    await kit.parties.promote(ada.character_id, cleo.character_id)
    assert names(kit, cleo) == ["Cleo", "Ada"]


# --- coming and going ------------------------------------------------------------------------------


def status(kit: PlayKit, reader: Presence, one: Presence) -> str:
    told = kit.heard(reader).of(PartyUpdate)[-1]
    assert told.party is not None
    return next(member.status for member in told.party.members if member.id == one.character_id)


async def test_a_party_survives_a_lost_line_as_long_as_the_stream(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)
    kit.presence.on_detached(ada.character_id)
    assert status(kit, ben, ada) == "linkdead"
    kit.presence.on_display_grace_over(ada.character_id)
    assert kit.present.get(ada.character_id) is None
    assert (status(kit, ben, ada), names(kit, ben)) == ("linkdead", ["Ada", "Ben"])
    await kit.parties.say(ben, "Are you there?")
    assert kit.heard(ada).lines() == ["Ben (party): Are you there?"]
    kit.presence.on_returned(ada.character_id)
    await kit.settle()
    assert status(kit, ben, ada) == "online"
    kit.presence.on_detached(ada.character_id)
    await leave_world(kit, ada)
    assert names(kit, ben) == ["Ben"]
    assert updates(kit, ben)[-1] == ("left", "Ada leaves the party. Ben leads it now.")


async def test_who_comes_back_before_that_hears_how_it_stands(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)
    await kit.enter(kit.caller_of(ada), ada.character_id, play_id="another window")
    assert updates(kit, ada) == [("state", "")]
    assert updates(kit, ben) == [("status", "")]
    await kit.parties.say(ben, "Hello again")
    assert kit.heard(ada).lines() == ["Ben (party): Hello again"]


async def test_away_shows(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)
    await kit.do(ada, "away")
    assert status(kit, ben, ada) == "away"


async def test_members_see_wherever_they_are_how_each_other_is(kit: PlayKit) -> None:
    ada, ben, eve = await people(kit, "Ada", "Ben", "Eve")
    await join(kit, ada, ben)
    await kit.movement.move(ben.character_id, "east")
    kit.realtime.clear()
    await kit.sheets.change(ben.character_id, lambda sheet: sheet.with_now(health=7))
    assert updates(kit, ada) == [("status", "")]
    shown = kit.parties.view(kit.parties.require(ada.character_id)).members[1]
    assert (shown.name, shown.health, shown.max_health) == ("Ben", 7, 95)
    assert updates(kit, eve) == []


async def test_quitting_leaves_the_party(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    number = await join(kit, ada, ben)
    invited = await kit.somebody("Invited")
    await kit.parties.invite(ada.character_id, invited.character_id)
    await kit.presence.quit(ada.character_id)
    await kit.settle()
    assert ended(kit, invited) == [("withdrawn", "")]
    assert names(kit, ben) == ["Ben"]
    await kit.presence.quit(ben.character_id)
    await kit.settle()
    assert not (await kit.parties.record(number)).is_active


async def test_who_is_removed_by_the_staff_leaves_it(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    staff = await kit.somebody("Warden", role=Role.MODERATOR)
    await join(kit, ada, ben)
    await kit.presence.kick(kit.caller_of(staff), ada.character_id)
    await kit.settle()
    assert names(kit, ben) == ["Ben"]


async def test_another_character_of_the_same_player_is_in_no_party(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)
    second = await kit.characters.create(kit.caller_of(ada), "Second")
    await kit.enter(kit.caller_of(ada), CharacterId(second.id))
    await kit.settle()
    assert names(kit, ben) == ["Ben"]
    assert kit.parties.of(CharacterId(second.id)) is None


async def test_a_deleted_character_is_in_no_party(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)
    kit.presence.on_detached(ada.character_id)
    kit.presence.on_display_grace_over(ada.character_id)
    await kit.characters.delete(kit.caller_of(ada), ada.character_id)
    await kit.settle()
    assert names(kit, ben) == ["Ben"]
    assert (await kit.characters.restore(kit.caller_of(ada), ada.character_id)).id == ada.character_id
    assert kit.parties.of(ada.character_id) is None


async def test_a_character_that_is_gone_for_good_left_its_party_behind(kit: PlayKit) -> None:
    """An idle guest is deleted with all their rows, and only then leaves the world."""
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    await join(kit, ada, ben)
    await join(kit, cleo)

    def delete(tx: Any) -> None:
        for one in (ada, cleo):
            body = tx.characters.require(one.character_id)
            body.deleted_at = kit.clock.now()
            tx.characters.save(body)
        tx.characters.purge_deleted(kit.clock.now() + timedelta(days=1))

    await kit.store.write(delete)
    for one in (ada, cleo):
        await leave_world(kit, one)
    assert names(kit, ben) == ["Ben"]
    assert [one.name for one in kit.parties.all()] == ["Otters"]


async def test_leaving_the_world_while_joining(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada)
    await kit.parties.invite(ada.character_id, ben.character_id)
    joining = asyncio.create_task(kit.parties.accept(ben.character_id))
    await asyncio.sleep(0)
    kit.realtime.end(ben.character_id, "expired")
    await asyncio.gather(joining, return_exceptions=True)
    await kit.settle()
    assert names(kit, ada) == ["Ada"]


async def test_leaving_the_world_while_leaving_the_party(kit: PlayKit) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)
    leaving = asyncio.create_task(kit.parties.leave(ben.character_id))
    await asyncio.sleep(0)
    kit.realtime.end(ben.character_id, "expired")
    with contextlib.suppress(NotInParty):  # the end of the stream may have been first
        await leaving
    await kit.settle()
    assert names(kit, ada) == ["Ada"]


async def test_coming_back_while_leaving(kit: PlayKit) -> None:
    """Who left the world left the party, even if they are back before that is saved."""
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)
    kit.realtime.end(ben.character_id, "expired")
    await kit.enter(kit.caller_of(ben), ben.character_id)
    await kit.settle()
    kit.parties.tick()
    await kit.settle()
    assert names(kit, ada) == ["Ada"]
    assert kit.parties.of(ben.character_id) is None


async def test_what_could_not_be_saved_is_tried_again(kit: PlayKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, ben = await people(kit, "Ada", "Ben")
    await join(kit, ada, ben)

    async def refuse(*_: Any, **__: Any) -> None:
        raise Unreachable

    with monkeypatch.context() as broken:
        broken.setattr(kit.parties._store, "write", refuse)
        kit.realtime.end(ben.character_id, "expired")
        await kit.settle()
    assert names(kit, ada) == ["Ada", "Ben"]
    kit.parties.tick()
    kit.parties.tick()
    await kit.settle()
    assert names(kit, ada) == ["Ada"]


# --- the server starts -----------------------------------------------------------------------------


async def restarted(kit: PlayKit) -> PartyService:
    """Another service over the same store; nobody is in the world."""
    kit.stop_parties()
    for one in list(kit.realtime.listeners):
        kit.realtime.end(one, "stopped")
    kit.replace_parties()
    await kit.parties.start()
    return kit.parties


async def test_parties_are_there_after_a_restart_for_those_who_come_back(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    number = await join(kit, ada, ben, cleo)
    caller = Caller(ben.account_id, ben.session_id, ben.name, ben.role)
    parties = await restarted(kit)
    party = parties.by_number(number)
    assert party is not None
    assert [one.status for one in parties.view(party).members] == ["absent"] * 3
    kit.clock.advance(timedelta(minutes=9))
    parties.tick()
    back = await kit.enter(caller, ben.character_id, play_id=PlayId("back"))
    assert updates(kit, back) == [("state", "")]
    kit.clock.advance(timedelta(minutes=1))
    parties.tick()
    await kit.settle()
    assert names(kit, back) == ["Ben"]
    assert {one for one, _ in updates(kit, back)} == {"state", "left"}


async def test_parties_without_members_or_leader_are_mended(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    await join(kit, ada, ben)
    await join(kit, cleo)

    def delete(tx: Any) -> None:
        for one in (ada, cleo):
            body = tx.characters.require(one.character_id)
            body.deleted_at = kit.clock.now()
            tx.characters.save(body)
        tx.characters.purge_deleted(kit.clock.now() + timedelta(days=1))

    await kit.store.write(delete)
    parties = await restarted(kit)
    assert [(one.name, one.leader) for one in parties.all()] == [("Otters", ben.character_id)]


# --- deeds told elsewhere --------------------------------------------------------------------------


async def test_a_shard_that_was_captured_shows(kit: PlayKit) -> None:
    ada, ben, cleo = await people(kit, "Ada", "Ben", "Cleo")
    number = await join(kit, ada, ben)
    await join(kit, cleo)
    member = kit.parties.require(ben.character_id).require_member(ben.character_id)
    await kit.store.write(lambda tx: tx.parties.tally(number, shards=1))
    for kind, characters in ((EventKind.AETHERFALL, (member.number,)), (EventKind.SHARD_CAPTURE, (member.number, 99))):
        kit.parties.happened(WorldEvent(kind, "Something", "It happened.", kit.clock.now(), characters=characters))
    await kit.settle()
    (told,) = kit.heard(ada).of(PartyUpdate)
    assert told.party is not None
    assert (told.reason, told.party.shards) == ("deeds", 1)
    assert updates(kit, cleo) == []


async def test_a_character_that_vanished_from_nowhere(kit: PlayKit) -> None:
    """Leaving behind what is not there any more is no fault."""
    (ada,) = await people(kit, "Ada")
    await kit.parties._leave_behind(ada.character_id)
    await kit.parties._leave_behind(CharacterId("ghost"))
    assert kit.parties.all() == []
    assert updates(kit, ada) == []
