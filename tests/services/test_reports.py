"""Reports: what comes with them, who handles them, and what their reporters hear."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.clock import FakeClock
from tests.support.lobbies import ARRIVAL, LobbyKit
from tests.support.play import SQUARE, PlayKit

from mythgate.domain.accounts import Role
from mythgate.domain.chat import Channel
from mythgate.domain.errors import BadUsage, InvalidInput, NotFound, PermissionDenied, TooMany, Unreachable, WrongState
from mythgate.domain.events import AdminEvent, ChatMessage, SystemMessage, event_of
from mythgate.domain.filters import FilterAction
from mythgate.domain.ids import AccountId, room_topic
from mythgate.domain.lobbies import Looks, Visitor
from mythgate.domain.presence import Presence
from mythgate.domain.reports import LINES_AFTER, ReportState, ReportStep, Urgency
from mythgate.domain.sessions import OPERATOR
from mythgate.services.ports import Store
from mythgate.services.reports import Case, ReportService

CLAIM, RELEASE, RESOLVE, DISMISS, REOPEN = ReportStep


async def case(kit: PlayKit, staff: Presence, number: int) -> Case:
    return await kit.reports.case(kit.caller_of(staff), number)


def talk(found: Case) -> list[str]:
    return [f"{line.name}: {line.text}" for line in found.lines if line.channel != "report"]


async def test_a_report_brings_what_its_reporter_could_read(kit: PlayKit) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    for words in ("hello", "you fool"):
        await kit.chat.say(bob, words)
    await kit.chat.say(ada, "stop it")
    filed = await kit.reports.report_in_world(ada, "bob", "  insults\nme ")
    assert not filed.joined
    await kit.chat.say(bob, "never")
    await kit.reports.tick()
    found = await case(kit, mira, filed.report.number)
    assert found.lines[0].text == "Bob: insults me"
    assert talk(found) == ["Bob: hello", "Bob: you fool", "Ada: stop it", "Bob: never"]
    assert [line.after for line in found.lines] == [False] * 4 + [True]
    assert (found.report.subject, found.report.place_name, found.report.sealed_at) == (
        bob.account_id,
        SQUARE,
        None,
    )
    assert found.subject is not None
    assert found.verdict.genuine
    kit.clock.advance(timedelta(minutes=11))
    await kit.chat.say(bob, "too late")
    await kit.reports.tick()
    await kit.reports.tick()
    sealed = await case(kit, mira, filed.report.number)
    assert sealed.report.sealed_at is not None
    assert len(sealed.lines) == 6
    assert sealed.verdict.genuine


async def test_only_so_many_lines_are_collected(kit: PlayKit) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    await kit.chat.say(bob, "rude")
    filed = await kit.reports.report_in_world(ada, "bob", "rude")
    for number in range(LINES_AFTER + 5):
        await kit.chat.say(bob, f"line {number}")
    await kit.reports.tick()
    found = await case(kit, mira, filed.report.number)
    assert found.report.after == LINES_AFTER
    assert found.report.sealed_at is not None


async def test_whispers_of_the_two_and_of_nobody_else(kit: PlayKit) -> None:
    ada, bob, cid = await kit.somebody("Ada"), await kit.somebody("Bob"), await kit.somebody("Cid")
    mira = await kit.somebody("Mira", role=Role.MODERATOR)
    await kit.chat.say(bob, "aloud")
    for speaker, listener, words in ((cid, ada, "secret"), (ada, cid, "mine"), (bob, ada, "psst"), (ada, bob, "what")):
        await kit.chat.confide(speaker, listener, words, Channel.WHISPER)
    await kit.chat.confide(bob, ada, "fool", Channel.TELL)
    filed = await kit.reports.report_in_world(ada, "Bob", "insults me")
    await kit.chat.confide(bob, ada, "again", Channel.WHISPER)
    await kit.chat.confide(cid, ada, "another secret", Channel.WHISPER)
    await kit.chat.confide(ada, cid, "and mine", Channel.WHISPER)
    await kit.chat.confide(ada, bob, "no", Channel.WHISPER)
    await kit.reports.tick()
    found = await case(kit, mira, filed.report.number)
    assert talk(found) == ["Bob: psst", "Ada: what", "Bob: fool", "Bob: again", "Ada: no"]
    assert found.report.place_name == "in private"
    assert found.lines[1].channel == "whisper to Ada"


async def test_one_line_is_reported_by_its_id(kit: PlayKit) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    await kit.chat.say(ada, "before")
    kit.clock.advance(timedelta(seconds=1))
    rude = await kit.chat.say(bob, "rude")
    kit.clock.advance(timedelta(seconds=1))
    mine = await kit.chat.say(ada, "after")
    filed = await kit.reports.report_in_world(ada, "", "rude", message_id=rude.id)
    found = await case(kit, mira, filed.report.number)
    assert talk(found) == ["Ada: before", "Bob: rude", "Ada: after"]
    assert found.report.moment == rude.timestamp
    with pytest.raises(Unreachable):
        await kit.reports.report_in_world(ada, "", "rude", message_id="nothing")
    with pytest.raises(BadUsage, match="yourself"):
        await kit.reports.report_in_world(ada, "", "rude", message_id=mine.id)


async def test_what_is_said_where_the_reporter_is_not_is_not_collected(kit: PlayKit) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    await kit.chat.say(bob, "rude")
    filed = await kit.reports.report_in_world(ada, "bob", "rude")
    await kit.movement.move(ada.character_id, "north")
    await kit.chat.say(bob, "unheard")
    await kit.movement.move(ada.character_id, "south")
    await kit.chat.ignore(ada, "Bob")
    await kit.chat.say(bob, "ignored")
    await kit.chat.unignore(ada, "Bob")
    await kit.chat.say(bob, "heard")
    await kit.reports.tick()
    assert talk(await case(kit, mira, filed.report.number)) == ["Bob: rude", "Bob: heard"]


async def test_other_channels_and_people_who_said_nothing(kit: PlayKit) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    silent = await kit.reports.report_in_world(ada, "Bob", "stares")
    assert talk(await case(kit, mira, silent.report.number)) == []
    kit.clock.advance(timedelta(hours=2))
    await kit.chat.broadcast(bob, "BUY GOLD")
    filed = await kit.reports.report_in_world(ada, "Bob", "sells")
    found = await case(kit, mira, filed.report.number)
    assert (talk(found), found.report.place_name) == (["Bob: BUY GOLD"], "the channel global")
    for name in ("Nobody", ""):
        with pytest.raises(Unreachable):
            await kit.reports.report_in_world(ada, name, "?")
    for reason in ("", "x" * 501):
        with pytest.raises(InvalidInput):
            await kit.reports.report_in_world(ada, "Bob", reason)


async def test_reports_about_one_person_are_joined(kit: PlayKit) -> None:
    bob, mira = await kit.somebody("Bob"), await kit.somebody("Mira", role=Role.MODERATOR)
    people = [await kit.somebody(name) for name in ("Ada", "Cid", "Dora")]
    numbers = set()
    for one in people:
        await kit.chat.say(bob, f"you too, {one.name}")
        filed = await kit.reports.report_in_world(one, "Bob", "insults")
        numbers.add(filed.report.number)
    again = await kit.reports.report_in_world(people[0], "Bob", "still")
    assert (again.joined, numbers) == (True, {again.report.number})
    found = await case(kit, mira, again.report.number)
    assert (found.report.voices, found.report.urgency, len(found.voices)) == (3, Urgency.HIGH, 4)
    assert talk(found) == ["Bob: you too, Ada", "Bob: you too, Cid", "Bob: you too, Dora"]
    assert found.verdict.genuine
    kit.clock.advance(timedelta(minutes=20))
    await kit.reports.tick()
    late = await kit.reports.report_in_world(people[1], "Bob", "and again")
    assert late.joined
    assert (await case(kit, mira, late.report.number)).verdict.genuine
    kit.clock.advance(timedelta(hours=1))
    assert not (await kit.reports.report_in_world(people[1], "Bob", "today")).joined


async def test_reporting_is_throttled(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    for number in range(6):
        await kit.somebody(f"Bob{'xyzuvw'[number]}")
        if number < 5:
            await kit.reports.report_in_world(ada, f"Bob{'xyzuvw'[number]}", "rude")
    with pytest.raises(TooMany):
        await kit.reports.report_in_world(ada, "Bobw", "rude")
    kit.clock.advance(timedelta(minutes=11))
    await kit.reports.report_in_world(ada, "Bobw", "rude")


async def test_the_way_of_a_report(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    mira, finn = await kit.somebody("Mira", role=Role.MODERATOR), await kit.somebody("Finn", role=Role.MODERATOR)
    boss = kit.caller_of(await kit.somebody("Boss", role=Role.ADMIN))
    one, other = kit.caller_of(mira), kit.caller_of(finn)
    await kit.chat.say(bob, "rude")
    number = (await kit.reports.report_in_world(ada, "Bob", "rude")).report.number
    step = kit.reports.step
    with pytest.raises(WrongState, match="is open"):
        await step(one, number, RESOLVE)
    await step(one, number, CLAIM)
    with pytest.raises(WrongState, match="claimed by Mira"):
        await step(other, number, CLAIM)
    with pytest.raises(PermissionDenied):
        await step(other, number, RESOLVE)
    with pytest.raises(InvalidInput):
        await step(one, number, RESOLVE, "x" * 1001)
    kit.realtime.clear()
    await step(one, number, RESOLVE, "He was warned.")
    assert [told.message for told in kit.heard(ada).of(SystemMessage)] == ["About your report of Bob: He was warned."]
    (mine,) = await kit.reports.mine(kit.caller_of(ada))
    assert (mine.state, mine.answer, mine.subject_name) == (ReportState.RESOLVED, "He was warned.", "Bob")
    assert mine.voice.told_at is not None
    await step(other, number, REOPEN)
    assert (await kit.reports.mine(kit.caller_of(ada)))[0].state is ReportState.OPEN
    await step(other, number, CLAIM)
    unseen = (await kit.reports.mine(kit.caller_of(ada)))[0]
    assert (unseen.state, unseen.answer) == (ReportState.OPEN, "")
    await step(boss, number, RELEASE)
    await step(other, number, CLAIM)
    await step(boss, number, DISMISS)
    assert kit.heard(ada).of(SystemMessage)[-1].message.endswith("Nothing had to be done about it.")
    await kit.reports.set_urgency(one, number, Urgency.LOW)
    assert (await kit.reports.counts(one))[ReportState.DISMISSED] == 1
    entries = await kit.store.read(lambda tx: tx.moderation.audit(subject=f"report:{number}"))
    claimed = entries[-1]
    assert (claimed.action, claimed.detail["before"], claimed.detail["after"]) == ("report.claimed", "open", "claimed")
    assert entries[0].detail == {"before": "normal", "after": "low"}
    with pytest.raises(PermissionDenied):
        await step(kit.caller_of(bob), number, CLAIM)
    for refused in (kit.reports.page, kit.reports.counts):
        with pytest.raises(PermissionDenied):
            await refused(kit.caller_of(bob))
    with pytest.raises(NotFound):
        await step(one, 999, CLAIM)


async def test_who_was_away_hears_the_answer_when_they_come(kit: PlayKit) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    await kit.chat.say(bob, "rude")
    number = (await kit.reports.report_in_world(ada, "Bob", "rude")).report.number
    caller = kit.caller_of(ada)
    await kit.presence.quit(ada.character_id)
    for step in (CLAIM, RESOLVE):
        await kit.reports.step(kit.caller_of(mira), number, step)
    assert (await kit.reports.mine(caller))[0].voice.told_at is None
    back = await kit.enter(kit.caller_of(ada), ada.character_id)
    await kit.reports.settle()
    assert "Something was done about it." in kit.heard(back).of(SystemMessage)[-1].message
    assert (await kit.reports.mine(caller))[0].voice.told_at is not None


async def test_the_staff_hears_of_reports_but_not_who_is_reported(kit: PlayKit) -> None:
    ada, mira = await kit.somebody("Ada"), await kit.somebody("Mira", role=Role.MODERATOR)
    finn = await kit.somebody("Finn", role=Role.MODERATOR)
    await kit.chat.say(finn, "rude")
    await kit.reports.report_in_world(ada, "Finn", "rude")
    assert [one.action for one in kit.heard(mira).of(AdminEvent)] == ["report.made"]
    assert kit.heard(finn).of(AdminEvent) == []


async def test_pages(kit: PlayKit) -> None:
    mira = kit.caller_of(await kit.somebody("Mira", role=Role.MODERATOR))
    ada = await kit.somebody("Ada")
    numbers = []
    for name in ("Bob", "Cid", "Dora"):
        await kit.somebody(name)
        numbers.append((await kit.reports.report_in_world(ada, name, "rude")).report.number)
    await kit.reports.set_urgency(mira, numbers[0], Urgency.URGENT)
    first = await kit.reports.page(mira, limit=2)
    assert [one.number for one in first] == [numbers[0], numbers[2]]
    assert [one.number for one in await kit.reports.page(mira, after=first[-1].number)] == [numbers[1]]
    assert await kit.reports.page(mira, state=ReportState.CLAIMED) == []
    assert len(await kit.reports.page(mira, subject=first[0].subject)) == 1


async def test_old_reports_are_swept(kit: PlayKit) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    await kit.chat.say(bob, "rude")
    number = (await kit.reports.report_in_world(ada, "Bob", "rude")).report.number
    kit.clock.advance(timedelta(days=180))
    assert await kit.reports.sweep() == 0
    kit.clock.advance(timedelta(seconds=1))
    assert await kit.reports.sweep() == 1
    await kit.reports.tick()  # what was to be collected for it has nowhere to go
    with pytest.raises(NotFound):
        await case(kit, mira, number)


async def test_who_deletes_their_account_is_erased_from_evidence(kit: PlayKit) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    await kit.chat.say(bob, "rude")
    await kit.chat.say(ada, "stop")
    number = (await kit.reports.report_in_world(ada, "Bob", "rude")).report.number
    await kit.store.write(lambda tx: tx.reports.erase(bob.account_id))
    found = await case(kit, mira, number)
    assert [line.text for line in found.lines] == ["Bob: rude", "", "stop"]
    assert (found.report.subject, found.report.subject_name, found.verdict.erased) == ("", "", 1)
    assert found.verdict.genuine
    await kit.store.write(lambda tx: tx.reports.erase(ada.account_id))
    found = await case(kit, mira, number)
    assert {line.text for line in found.lines} == {""}
    assert (found.voices[0].account_id, found.voices[0].name) == (None, "")


async def test_an_edit_in_the_database_shows(kit: PlayKit) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    await kit.chat.say(bob, "rude")
    filed = await kit.reports.report_in_world(ada, "Bob", "rude")
    report = filed.report

    report.seal = "0" * 64
    await kit.store.write(lambda tx: tx.reports.save(report))
    verdict = (await case(kit, mira, report.number)).verdict
    assert not verdict.genuine
    assert "seal" in verdict.problem


async def test_collecting_ends_when_the_server_does(kit: PlayKit) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    await kit.chat.say(bob, "rude")
    number = (await kit.reports.report_in_world(ada, "Bob", "rude")).report.number
    await kit.reports.start()
    found = await case(kit, mira, number)
    assert found.report.sealed_at is not None
    entries = await kit.store.read(lambda tx: tx.moderation.audit(subject=f"report:{number}"))
    assert entries[0].detail["seal"] == found.report.seal


async def test_lines_are_not_lost_when_the_database_is_away(kit: PlayKit, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    await kit.chat.say(bob, "rude")
    number = (await kit.reports.report_in_world(ada, "Bob", "rude")).report.number
    await kit.chat.say(bob, "ruder")

    async def away(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(ReportService, "_save", away)
        with pytest.raises(ConnectionError):
            await kit.reports.tick()
    await kit.reports.tick()
    assert talk(await case(kit, mira, number)) == ["Bob: rude", "Bob: ruder"]


async def test_a_filter_flags_what_is_said_in_the_world(kit: PlayKit) -> None:
    boss, bob = kit.caller_of(await kit.somebody("Boss", role=Role.ADMIN)), await kit.somebody("Bob")
    await kit.filters.add(boss, "badger", FilterAction.FLAG)
    await kit.chat.say(bob, "hello")
    await kit.chat.say(bob, "a badger")
    await kit.reports.settle()
    await kit.reports.tick()
    (report,) = await kit.reports.page(boss)
    found = await kit.reports.case(boss, report.number)
    assert "badger" in found.voices[0].reason
    assert talk(found) == ["Bob: hello", "Bob: a badger"]


async def test_what_is_said_after_a_filter_flagged_something_is_collected(kit: PlayKit) -> None:
    boss, bob = kit.caller_of(await kit.somebody("Boss", role=Role.ADMIN)), await kit.somebody("Bob")
    await kit.filters.add(boss, "badger", FilterAction.FLAG)
    await kit.chat.say(bob, "a badger")
    await kit.reports.settle()
    await kit.chat.say(bob, "just one")
    await kit.reports.tick()
    (report,) = await kit.reports.page(boss)
    lines = (await kit.reports.case(boss, report.number)).lines
    assert [(line.text, line.after) for line in lines[1:]] == [("a badger", False), ("just one", True)]


async def test_only_what_people_say_is_collected(kit: PlayKit) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    await kit.chat.say(bob, "rude")
    filed = await kit.reports.report_in_world(ada, "Bob", "rude")
    await kit.history.append(room_topic(ada.room_id), event_of(SystemMessage("It rains."), kit.clock.now()))
    await kit.chat.say(bob, "ruder")
    await kit.reports.tick()
    found = await case(kit, mira, filed.report.number)
    assert talk(found) == ["Bob: rude", "Bob: ruder"]
    assert found.report.after == 1


async def test_inhabitants_cannot_be_reported(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert ada.name
    words = ChatMessage("m1", "say", "npc", "the keeper", "Hm.", "Hm.", kit.clock.now(), speaker_kind="npc")
    await kit.history.append(room_topic(ada.room_id), event_of(words, kit.clock.now(), message_id="m1"))
    with pytest.raises(Unreachable):
        await kit.reports.report_in_world(ada, "", "dull", message_id="m1")


# --- in lobbies ------------------------------------------------------------------------------------


@pytest.fixture
def lobby(clock: FakeClock, store: Store) -> LobbyKit:
    return LobbyKit(clock, store)


async def lobby_case(kit: LobbyKit, number: int) -> Case:
    return await kit.reports.case(OPERATOR, number)


async def test_reports_in_a_lobby(lobby: LobbyKit) -> None:
    ada, bob = await lobby.enter("Ada"), await lobby.enter("Bob")
    await lobby.lobbies.say(bob.visitor.listener, "rude")
    assert await lobby.typed(ada, ".report Bob insults") == ["The staff will look at it. This is report 1."]
    await lobby.lobbies.say(bob.visitor.listener, "ruder")
    await lobby.lobbies.say(ada.visitor.listener, "stop")
    await lobby.reports.tick()
    found = await lobby_case(lobby, 1)
    assert talk(found) == ["Bob: rude", "Bob: ruder", "Ada: stop"]
    assert found.report.place_name == "Arrival"
    assert (await lobby.typed(ada, ".report Ada silly"))[-1] == "You cannot report yourself."
    with pytest.raises(BadUsage):
        await lobby.reports.report_in_lobby(ada, None, "?")


async def test_private_words_in_a_lobby(lobby: LobbyKit) -> None:
    ada, bob, cid = await lobby.enter("Ada"), await lobby.enter("Bob"), await lobby.enter("Cid")
    tell = lobby.lobbies.tell
    await lobby.lobbies.say(bob.visitor.listener, "aloud")
    lobby.clock.advance(timedelta(seconds=1))
    await tell(cid.visitor.listener, ada.number, "secret")
    await tell(bob.visitor.listener, ada.number, "psst")
    await tell(ada.visitor.listener, bob.number, "what")
    filed = await lobby.reports.report_in_lobby(ada, bob, "insults")
    await tell(bob.visitor.listener, ada.number, "fool")
    await tell(bob.visitor.listener, cid.number, "not for Ada")
    await tell(cid.visitor.listener, ada.number, "another secret")
    await lobby.reports.tick()
    found = await lobby_case(lobby, filed.report.number)
    assert talk(found) == ["Bob: psst", "Ada: what", "Bob: fool"]


async def test_guests_report_and_are_reported(lobby: LobbyKit) -> None:
    ada, guest = await lobby.enter("Ada"), lobby.enter_guest("Rover")
    await lobby.lobbies.say(guest.visitor.listener, "rude")
    said = lobby.lobbies.said(ARRIVAL)[-1]
    filed = await lobby.reports.report_in_lobby(ada, None, "rude", message_id=said.message_id)
    assert filed.report.subject == guest.visitor.sender
    await lobby.lobbies.say(ada.visitor.listener, "no, you")
    back = await lobby.reports.report_in_lobby(guest, ada, "rude")
    voices = (await lobby_case(lobby, back.report.number)).voices
    assert (voices[0].account_id, voices[0].name) == (None, "Rover")
    with pytest.raises(Unreachable):
        await lobby.reports.report_in_lobby(guest, None, "rude", message_id="nothing")


async def test_a_guest_is_not_told_what_came_of_it(lobby: LobbyKit) -> None:
    """Nobody knows whether the next guest is the same person."""
    ada, bob, guest = await lobby.enter("Ada"), await lobby.enter("Bob"), lobby.enter_guest("Rover")
    staff = lobby.caller(await lobby.enter("Mira", role=Role.MODERATOR))
    for one in (guest, ada):
        number = (await lobby.reports.report_in_lobby(one, bob, "rude")).report.number
    before = lobby.lines(guest)
    for step in (CLAIM, RESOLVE):
        await lobby.reports.step(staff, number, step, "Thank you.")
    assert lobby.lines(ada)[-1] == "About your report of Bob: Thank you."
    assert lobby.lines(guest) == before
    told = {voice.name: voice.told_at for voice in (await lobby_case(lobby, number)).voices}
    assert told == {"Rover": None, "Ada": lobby.clock.now()}


async def test_reports_over_rest_find_where_one_is(lobby: LobbyKit) -> None:
    ada, bob = await lobby.enter("Ada"), await lobby.enter("Bob")
    caller = lobby.caller(ada)
    await lobby.lobbies.say(bob.visitor.listener, "rude")
    filed = await lobby.reports.report(caller, "Bob", "rude")
    assert filed.report.place_name == "Arrival"
    said = lobby.lobbies.said(ARRIVAL)[-1]
    assert (await lobby.reports.report(caller, "", "rude", message_id=said.message_id)).joined
    lobby.lobbies.leave(ada.visitor.listener)
    lobby.clock.advance(timedelta(hours=2))
    nowhere = await lobby.reports.report(caller, "Bob", "was rude")
    assert nowhere.report.place_name == "nowhere"
    with pytest.raises(Unreachable):
        await lobby.reports.report(caller, "", "rude", message_id=said.message_id)
    with pytest.raises(BadUsage):
        await lobby.reports.report(caller, "Ada", "silly")


async def test_answers_reach_who_is_in_a_lobby(lobby: LobbyKit) -> None:
    lobby.lobbies.on_entered(lobby.reports.entered_lobby)
    ada, bob = await lobby.enter("Ada"), await lobby.enter("Bob")
    staff = lobby.caller(await lobby.enter("Mira", role=Role.MODERATOR))
    filed = await lobby.reports.report_in_lobby(ada, bob, "rude")
    lobby.lobbies.leave(ada.visitor.listener)
    for step in (CLAIM, RESOLVE):
        await lobby.reports.step(staff, filed.report.number, step, "Thank you.")
    lobby.lobbies.enter(ada.visitor, ARRIVAL)
    await lobby.reports.settle()
    assert lobby.lines(ada)[-1] == "About your report of Bob: Thank you."


async def test_a_report_from_the_world_about_somebody_in_ones_lobby(kit: PlayKit) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    await kit.chat.say(bob, "rude")
    filed = await kit.reports.report(kit.caller_of(ada), "Bob", "rude")
    assert talk(await case(kit, mira, filed.report.number)) == ["Bob: rude"]
    answer = await kit.do(ada, "report Bob once more")
    assert answer.result == f"The staff will look at it. This is report {filed.report.number}."
    assert AccountId(filed.report.subject) == bob.account_id
    assert kit.clock.now() - filed.report.created_at < timedelta(minutes=1)


async def test_who_is_in_the_world_and_in_a_lobby_reports_where_it_was(lobby: LobbyKit) -> None:
    """A browser's character is in both."""
    ada, bob = await lobby.enter("Ada", browser=True), await lobby.enter("Bob")
    await lobby.lobbies.say(bob.visitor.listener, "rude")
    said = lobby.lobbies.said(ARRIVAL)[-1]
    by_name = await lobby.reports.report(lobby.caller(ada), "Bob", "rude")
    by_line = await lobby.reports.report(lobby.caller(ada), "", "rude", message_id=said.message_id)
    assert (by_name.report.place_name, by_line.report.number) == ("Arrival", by_name.report.number)


async def test_who_is_in_a_lobby_reports_somebody_who_is_only_in_the_world(kit: PlayKit) -> None:
    ada, bob, mira = (
        await kit.somebody("Ada"),
        await kit.somebody("Bob"),
        await kit.somebody("Mira", role=Role.MODERATOR),
    )
    visitor = Visitor(
        ada.character_id, 7, "Ada", Looks("Ada"), door="http", client="browser", account_id=ada.account_id
    )
    kit.lobbies.enter(visitor, ARRIVAL)
    await kit.lobbies.say(ada.character_id, "in the lobby")
    await kit.chat.say(bob, "rude")
    filed = await kit.reports.report(kit.caller_of(ada), "Bob", "rude")
    assert (filed.report.subject, filed.report.place_name) == (bob.account_id, SQUARE)
    assert talk(await case(kit, mira, filed.report.number)) == ["Bob: rude"]
