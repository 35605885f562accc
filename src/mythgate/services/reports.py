"""Reports: players say that somebody behaves badly, and the staff looks into it.

What comes with a report is what its reporter could read: the last lines of the room, lobby or channel it is about, of
whispers those between the two, and for a while what is said there afterwards. That is the only talk that is ever kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from mythgate.domain.accounts import Account, AccountStatus
from mythgate.domain.chat import tidy
from mythgate.domain.errors import BadUsage, InvalidInput, NotFound, TooMany, Unreachable
from mythgate.domain.events import AdminEvent, ChatMessage, Event, LobbyMessage, SystemMessage, event_of
from mythgate.domain.filters import Where, WordFilter
from mythgate.domain.ids import STAFF_TOPIC, AccountId, CharacterId, RoomId, Topic, room_topic
from mythgate.domain.lobbies import Occupant, is_guest_sender, lobby_topic
from mythgate.domain.moderation import AuditEntry, StaffAct
from mythgate.domain.names import name_key
from mythgate.domain.permissions import Permission, may, require
from mythgate.domain.presence import Presence
from mythgate.domain.reports import (
    ANSWER_LENGTH,
    LINES_AFTER,
    LINES_BEFORE,
    REASON_LENGTH,
    REPORTED,
    TRANSITIONS,
    Chain,
    Line,
    Report,
    ReportState,
    ReportStep,
    Said,
    Urgency,
    Verdict,
    Voice,
    urgency_of,
    verify,
)
from mythgate.domain.sessions import Caller
from mythgate.domain.styles import plain
from mythgate.services.accounts import role_within
from mythgate.services.chat import ChatService
from mythgate.services.errands import Errands
from mythgate.services.evidence import PrivateLines, WatchedHistory, said_in
from mythgate.services.lobbies import LobbyService
from mythgate.services.ports import Clock, Ids, PresenceStore, Rate, Realtime, Store, Throttle, Transaction

log = logging.getLogger(__name__)

LONGEST_PAGE: Final = 200
PRIVATE: Final = "private"  # the place of what was said to one person
FILTER_NAME: Final = "A filter"
_LOOKED_AT: Final = 100  # events of a channel that are looked at
_CHANNELS: Final = ("room", "whisper", "party", "faction", "global")
_ACTIONS: Final = {
    ReportStep.CLAIM: ("report.claimed", "claimed"),
    ReportStep.RELEASE: ("report.released", "released"),
    ReportStep.RESOLVE: ("report.resolved", "resolved"),
    ReportStep.DISMISS: ("report.dismissed", "dismissed"),
    ReportStep.REOPEN: ("report.reopened", "opened again"),
}


_OFTEN: Final = Rate(5, timedelta(minutes=10))
_A_DAY: Final = Rate(20, timedelta(days=1))


@dataclass(frozen=True, slots=True)
class ReportPolicy:
    """Numbers an operator may change."""

    retention: timedelta = timedelta(days=180)
    joins_within: timedelta = timedelta(hours=1)  # reports about one person that are one
    collects_for: timedelta = timedelta(minutes=10)
    often: Rate = _OFTEN
    a_day: Rate = _A_DAY


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports: an account, or a guest of an old client by what they are known by."""

    sender: AccountId
    name: str

    @property
    def account_id(self) -> AccountId | None:
        return None if is_guest_sender(self.sender) else self.sender


@dataclass(frozen=True, slots=True)
class Scene:
    """What a reporter could read of what happened, and where."""

    topic: Topic
    place_name: str
    moment: datetime
    lines: Sequence[Said]
    between: frozenset[str] = frozenset()  # of whispers: the two


@dataclass(frozen=True, slots=True)
class Filed:
    """A report that was made. `joined`: somebody had reported the same a moment before."""

    report: Report
    joined: bool


@dataclass(frozen=True, slots=True)
class Own:
    """One's own part in a report, and how it ended. The answer is empty until it did."""

    voice: Voice
    subject_name: str
    state: ReportState
    answer: str


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of a report."""

    report: Report
    voices: Sequence[Voice]
    lines: Sequence[Line]
    verdict: Verdict
    subject: Account | None


@dataclass(slots=True)
class _Collection:
    """Lines that are said after a report, until there are enough or the time is over."""

    report: int
    reporter: AccountId
    between: frozenset[str]
    until: datetime
    left: int
    waiting: list[Said] = field(default_factory=list)


class ReportService:
    """Use cases of reports."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        history: WatchedHistory,
        chat: ChatService,
        lobbies: LobbyService,
        throttle: Throttle,
        clock: Clock,
        ids: Ids,
        policy: ReportPolicy | None = None,
    ) -> None:
        self.policy: Final = policy if policy is not None else ReportPolicy()
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._history = history
        self._chat = chat
        self._lobbies = lobbies
        self._throttle = throttle
        self._clock = clock
        self._ids = ids
        self._private = PrivateLines()
        self._collecting: dict[Topic, list[_Collection]] = {}
        self._errands = Errands("reports")
        history.on_added(self._heard)
        lobbies.on_heard(self._heard_in_lobby)
        self.room_name: Callable[[RoomId], str] = str

    # --- reporting -------------------------------------------------------------------------------------

    async def report_in_world(
        self, reporter: Presence, name: str, reason: str, *, message_id: str | None = None
    ) -> Filed:
        """Report somebody, as a character of the world: by name, or by something they said.

        Raises:
            Unreachable: nobody is called so, and nobody said that where the reporter could read it.
            BadUsage: oneself.
            InvalidInput: no reason, or too long a one.
            TooMany: the reporter reports too much.

        """
        who = Reporter(reporter.account_id, reporter.name)
        reason = _reason(reason)
        found = await self._last_said(reporter, name, message_id)
        if found is None:
            if message_id is not None:
                raise Unreachable("You cannot have read that.", hint="Name who said it instead.")
            subject, called = await self._person(name)
            channel: str = "room"
            moment = self._clock.now()
        else:
            channel, said = found
            subject, called = AccountId(said.speaker), said.name
            moment = said.at if message_id is not None else self._clock.now()
        _require_other(who, subject)
        scene = await self._scene(reporter, channel, subject, moment)
        return await self._file(who, subject, called, reason, scene)

    async def report_in_lobby(
        self, reporter: Occupant, target: Occupant | None, reason: str, *, message_id: str | None = None
    ) -> Filed:
        """Report somebody, as one who is in a lobby; without a target, who said the message. Raises as
        `report_in_world`."""
        who = Reporter(reporter.visitor.sender, plain(reporter.name))
        reason = _reason(reason)
        public = [event for event in self._lobbies.said(reporter.room_id) if isinstance(event.payload, LobbyMessage)]
        moment = self._clock.now()
        if message_id is not None:
            by_id = next((event for event in public if event.message_id == message_id), None)
            if by_id is None or by_id.sender is None:
                raise Unreachable("You cannot have read that.", hint="Name who said it instead.")
            subject, called = by_id.sender, _speaker_name(by_id)
            moment = by_id.timestamp
        elif target is not None:
            subject, called = target.visitor.sender, plain(target.name)
        else:
            raise BadUsage("Whom do you report?")
        _require_other(who, subject)
        private: list[Event] = []
        if target is not None:
            private = self._private.between(who.sender, frozenset({reporter.number, target.number}))
        aloud = [event for event in public if event.sender == subject]
        if private and (not aloud or aloud[-1].timestamp < private[-1].timestamp):
            topic, name, lines = _private_place(who.sender), "in private", private
            between = frozenset({str(who.sender), str(subject)})
        else:
            lobby = self._lobbies.lobby(reporter.room_id)
            topic, name, lines, between = lobby.topic, lobby.name, public, frozenset()
        scene = Scene(topic, name, moment, _around(lines, who.sender, moment), between)
        return await self._file(who, subject, called, reason, scene)

    async def report(self, caller: Caller, name: str, reason: str, *, message_id: str | None = None) -> Filed:
        """Report somebody over REST: as who one is in the world, else in a lobby; who is in neither can report by name,
        and there is no evidence. Raises as `report_in_world`."""
        present = self._presence.of_account(caller.account_id)
        occupant = next((one for one in self._lobbies.everybody() if one.visitor.account_id == caller.account_id), None)
        if occupant is not None and (present is None or self._is_about_lobby(occupant, name, message_id)):
            target = None if message_id is not None else self._lobbies.by_name(name, occupant.room_id)
            return await self.report_in_lobby(occupant, target, reason, message_id=message_id)
        if present is not None:
            return await self.report_in_world(present, name, reason, message_id=message_id)
        if message_id is not None:
            raise Unreachable("You cannot have read that.", hint="Name who said it instead.")
        who = Reporter(caller.account_id, caller.name)
        subject, called = await self._person(name)
        _require_other(who, subject)
        scene = Scene(Topic(""), "nowhere", self._clock.now(), ())
        return await self._file(who, subject, called, _reason(reason), scene)

    def _is_about_lobby(self, occupant: Occupant, name: str, message_id: str | None) -> bool:
        if message_id is not None:
            return any(event.message_id == message_id for event in self._lobbies.said(occupant.room_id))
        try:
            return self._lobbies.by_name(name, occupant.room_id).room_id == occupant.room_id
        except (Unreachable, BadUsage):
            return False

    def flag(self, speaker: AccountId, name: str, where: Where, rule: WordFilter) -> None:
        """A filter found words that somebody of the staff should look at (`FilterService.on_flagged`). They are about
        to be said, and so are among the evidence."""
        self._errands.start(self._flag(speaker, name, where, rule))

    async def _flag(self, speaker: AccountId, name: str, where: Where, rule: WordFilter) -> None:
        moment = self._clock.now()
        events: Sequence[Event] = ()
        topic, place = Topic(""), "in private"
        if where.lobby and not where.private:
            topic, place = lobby_topic(int(where.lobby)), self._lobbies.lobby(int(where.lobby)).name
            events = self._lobbies.said(int(where.lobby))
        elif where.room and not where.private:
            topic, place = room_topic(RoomId(where.room)), self.room_name(RoomId(where.room))
            events = await self._history.recent(topic, _LOOKED_AT)
        scene = Scene(topic, place, moment, _around(events, speaker, moment))
        words = f"Filter {rule.number} fits what they said: {rule.pattern}"
        await self._file(Reporter(AccountId(""), FILTER_NAME), speaker, name, words, scene, throttled=False)

    async def _file(
        self,
        who: Reporter,
        subject: AccountId,
        called: str,
        reason: str,
        scene: Scene,
        *,
        throttled: bool = True,
    ) -> Filed:
        if throttled:
            for rate in (self.policy.a_day, self.policy.often):
                wait = await self._throttle.hit(f"report:{rate.per}:{who.sender}", rate)
                if wait is not None:
                    raise TooMany("You have reported enough for now.", retry_after=wait)
        now = self._clock.now()

        def work(tx: Transaction) -> Filed:
            known = tx.reports.open_about(subject, now - self.policy.joins_within)
            if known is None:
                report = tx.reports.add(
                    Report(
                        subject,
                        called,
                        scene.topic,
                        scene.place_name,
                        scene.moment,
                        now,
                        now + self.policy.collects_for,
                    )
                )
                chain = Chain.of(report.number, ())
            else:
                report = known
                chain = Chain.of(report.number, tx.reports.lines(report.number))
                voices = tx.reports.voices(report.number)
                if all((one.account_id, one.name) != (_account(who), who.name) for one in voices):
                    report.voices += 1
                    report.urgency = max(report.urgency, urgency_of(report.voices))
            tx.reports.add_voice(Voice(report.number, _account(who), who.name, reason, now))
            own = Said(now, who.sender, who.name, REPORTED, f"{called}: {reason}", "")
            added = chain.add([own, *scene.lines])
            tx.reports.add_lines(added)
            report.lines, report.seal = chain.lines, chain.seal
            if known is not None and report.sealed_at is not None:
                self._seal(tx, report, now)
            tx.reports.save(report)
            return Filed(report, known is not None)

        def after(filed: Filed) -> None:
            report = filed.report
            if not filed.joined and scene.topic:
                collection = _Collection(report.number, who.sender, scene.between, report.collects_until, LINES_AFTER)
                self._collecting.setdefault(scene.topic, []).append(collection)
            how = "joins report" if filed.joined else "report"
            self._tell_staff("report.made", subject, f"{who.name} reports {called} ({how} {report.number}).")

        return await self._store.write(work, then=after)

    # --- what can be read ------------------------------------------------------------------------------

    async def _last_said(self, reader: Presence, name: str, message_id: str | None) -> tuple[str, Said] | None:
        """The channel and the newest line there of who is called so, or the line with that id."""
        key = name_key(name)
        newest: tuple[str, Said] | None = None
        for channel in _CHANNELS:
            for said in await self._readable(reader, channel):
                if not said.speaker or (said.speaker == reader.account_id and message_id is None):
                    continue
                fits = said.message_id == message_id if message_id is not None else name_key(said.name) == key
                if fits and (newest is None or said.at >= newest[1].at):
                    newest = channel, said
        return newest

    async def _readable(self, reader: Presence, channel: str) -> list[Said]:
        events = await self._chat.read(reader, channel)
        return [said for said in (said_in(event, reader.account_id) for event in events) if said is not None]

    async def _scene(self, reader: Presence, channel: str, subject: AccountId, moment: datetime) -> Scene:
        source = self._chat.source(reader, channel)
        events = await self._chat.read(reader, channel)
        if channel == "whisper":
            pair = frozenset({str(reader.account_id), str(subject)})
            bodies = {
                one.character_id for one in map(self._presence.of_account, (AccountId(one) for one in pair)) if one
            }
            events = [event for event in events if _is_between(event, reader, subject, bodies)]
            lines = _around(events, reader.account_id, moment)
            return Scene(source.topic, "in private", moment, lines, pair)
        name = self.room_name(reader.room_id) if channel == "room" else f"the channel {channel}"
        return Scene(source.topic, name, moment, _around(events, reader.account_id, moment))

    async def _person(self, name: str) -> tuple[AccountId, str]:
        """Somebody by the name of a character or an account. Raises Unreachable."""
        key = name_key(name)

        def work(tx: Transaction) -> tuple[AccountId, str] | None:
            body = tx.characters.by_name_key(key)
            if body is not None and body.deleted_at is None:
                return body.account_id, body.name
            account = tx.accounts.by_name_key(key)
            if account is not None and account.status is not AccountStatus.DELETED:
                return account.id, account.name
            return None

        found = await self._store.read(work) if key else None
        if found is None:
            raise Unreachable(f"Nobody is called {name[:40]}." if key else "Whom do you report?")
        return found

    # --- what is said afterwards -----------------------------------------------------------------------

    def _heard(self, topic: Topic, event: Event) -> None:
        """Something was said in the world."""
        collections = self._collecting.get(topic)
        if collections is not None:
            self._collect(collections, topic, event)

    def _heard_in_lobby(self, event: Event, room_id: int | None, target: Occupant | None) -> None:
        """Something was said in a lobby, or to one person in one."""
        if room_id is not None:
            collections = self._collecting.get(lobby_topic(room_id))
            if collections is not None:
                self._collect(collections, lobby_topic(room_id), event)
            return
        assert target is not None  # private words are to somebody
        assert event.sender is not None
        people = (event.sender, target.visitor.sender)
        self._private.add(event, people)
        for one in people:
            for collection in self._collecting.get(_private_place(one), ()):
                said = said_in(event, event.sender)
                if said is not None and {str(person) for person in people} == collection.between:
                    self._take(collection, said)

    def _collect(self, collections: Sequence[_Collection], topic: Topic, event: Event) -> None:
        for collection in collections:
            said = said_in(event, collection.reporter)
            if said is None:
                continue
            if collection.between:
                other = event.sender or collection.reporter
                if other not in collection.between or not self._is_to(event, collection):
                    continue
            elif not self._can_hear(collection.reporter, topic, event):
                continue
            self._take(collection, said)

    def _can_hear(self, reporter: AccountId, topic: Topic, event: Event) -> bool:
        """Whether the reporter hears it as well. What a filter collects, it reads itself."""
        if not reporter:
            return True
        present = self._presence.of_account(reporter)
        if present is not None and event.sender in present.ignored:
            return False
        return self._realtime.listens(reporter, topic)

    def _is_to(self, event: Event, collection: _Collection) -> bool:
        payload = event.payload
        assert isinstance(payload, ChatMessage)  # whispers: what is private in lobbies is not collected here
        ends = {payload.player_id, payload.target_id}
        bodies = [self._presence.of_account(AccountId(one)) for one in collection.between]
        return all(body is not None and body.character_id in ends for body in bodies)

    @staticmethod
    def _take(collection: _Collection, said: Said) -> None:
        if collection.left > 0:
            collection.left -= 1
            collection.waiting.append(said)

    async def tick(self) -> None:
        """Save what was said after reports, and end what has gone on for long enough. Call it every second or so."""
        now = self._clock.now()
        for topic in list(self._collecting):
            for collection in list(self._collecting.get(topic, ())):
                is_over = now >= collection.until or not collection.left
                if not (collection.waiting or is_over):
                    continue
                lines, collection.waiting = collection.waiting, []
                try:
                    await self._save(collection.report, lines, now, seals=is_over)
                except BaseException:
                    collection.waiting[:0] = lines
                    raise
                if is_over:
                    self._collecting[topic].remove(collection)
            if not self._collecting.get(topic):
                self._collecting.pop(topic, None)

    async def _save(self, number: int, lines: Sequence[Said], now: datetime, *, seals: bool) -> None:
        def work(tx: Transaction) -> None:
            report = tx.reports.get(number)
            if report is None:
                return  # swept away meanwhile
            chain = Chain.of(number, tx.reports.lines(number))
            added = chain.add(lines, after=True)
            tx.reports.add_lines(added)
            report.after += len(added)
            report.lines, report.seal = chain.lines, chain.seal
            if seals:
                self._seal(tx, report, now)
            tx.reports.save(report)

        await self._store.write(work)

    def _seal(self, tx: Transaction, report: Report, now: datetime) -> None:
        """The evidence is complete, and what it comes to stands in the record as well."""
        report.sealed_at = now
        detail = {"seal": report.seal, "lines": str(report.lines)}
        tx.moderation.record(AuditEntry(now, "system", "report.sealed", _on_record(report.number), detail))

    async def start(self) -> None:
        """Go on with what was being collected when the server stopped. Call it before anybody talks."""
        for report in await self._store.read(lambda tx: tx.reports.collecting()):
            await self._save(report.number, (), self._clock.now(), seals=True)

    async def sweep(self) -> int:
        """Delete reports that are too old, with their evidence. Run regularly; returns how many there were."""
        over = self._clock.now() - self.policy.retention
        deleted = await self._store.write(lambda tx: tx.reports.sweep(over))
        if deleted:
            log.info("reports swept", extra={"reports": deleted})
        return deleted

    async def settle(self) -> None:
        """Wait until what was started in passing is done."""
        await self._errands.settle()

    # --- one's own -------------------------------------------------------------------------------------

    async def mine(self, caller: Caller, limit: int = 50) -> list[Own]:
        """What the caller reported, newest first, and what became of it."""

        def work(tx: Transaction) -> list[Own]:
            found = [
                (voice, tx.reports.get(voice.report)) for voice in tx.reports.of_reporter(caller.account_id, limit)
            ]
            return [_own(voice, report) for voice, report in found if report is not None]  # unless swept meanwhile

        return await self._store.read(work)

    def entered(self, present: Presence) -> None:
        """Somebody came into the world, where they may be waiting for an answer."""
        self._errands.start(self._answer(present.account_id))

    def entered_lobby(self, occupant: Occupant) -> None:
        """Somebody came into a lobby."""
        account_id = occupant.visitor.account_id
        if account_id is not None and not occupant.visitor.is_character:
            self._errands.start(self._answer(account_id))

    async def _answer(self, account_id: AccountId) -> None:
        def work(tx: Transaction) -> list[tuple[Voice, Report]]:
            found = [(voice, tx.reports.get(voice.report)) for voice in tx.reports.untold(account_id)]
            return [(voice, report) for voice, report in found if report is not None]

        now = self._clock.now()
        for voice, report in await self._store.read(work):
            if not self._tell(account_id, _answer_words(report)):
                return
            voice.told_at = now
            await self._store.write(lambda tx, voice=voice: tx.reports.told(voice))  # type: ignore[misc]

    def _tell(self, account_id: AccountId, words: str) -> bool:
        """Tell somebody, wherever they are; False if they are nowhere."""
        present = self._presence.of_account(account_id)
        if present is not None:
            self._realtime.send(present.character_id, event_of(SystemMessage(words, "info"), self._clock.now()))
            return True
        for one in self._lobbies.everybody():
            if one.visitor.account_id == account_id:
                self._lobbies.line_to(one.visitor.listener, words)
                return True
        return False

    # --- the staff -------------------------------------------------------------------------------------

    async def page(
        self,
        caller: Caller,
        *,
        state: ReportState | None = None,
        subject: str | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> list[Report]:
        """The most urgent first, and of those the newest, from after the report `after` on. Raises PermissionDenied."""

        def work(tx: Transaction) -> list[Report]:
            require(role_within(tx, caller), Permission.SEE_REPORTS)
            last = tx.reports.get(after) if after is not None else None
            return tx.reports.page(state=state, subject=subject, after=last, limit=max(1, min(limit, LONGEST_PAGE)))

        return await self._store.read(work)

    async def counts(self, caller: Caller) -> dict[ReportState, int]:
        """How many reports there are, by state. Raises PermissionDenied."""

        def work(tx: Transaction) -> dict[ReportState, int]:
            require(role_within(tx, caller), Permission.SEE_REPORTS)
            return tx.reports.counts()

        return await self._store.read(work)

    async def case(self, caller: Caller, number: int) -> Case:
        """A report with its evidence, which is checked. Raises PermissionDenied and NotFound."""

        def work(tx: Transaction) -> Case:
            require(role_within(tx, caller), Permission.SEE_REPORTS)
            report = _known(tx, number)
            lines = tx.reports.lines(number)
            sealed = tx.moderation.audit(subject=_on_record(number), limit=50)
            recorded = next((one.detail.get("seal", "") for one in sealed if one.action == "report.sealed"), "")
            subject = tx.accounts.get(AccountId(report.subject)) if report.subject else None
            return Case(report, tx.reports.voices(number), lines, verify(report, lines, recorded), subject)

        return await self._store.read(work)

    async def step(self, caller: Caller, number: int, step: ReportStep, answer: str = "") -> Report:
        """Claim a report, release it, close it with an answer for those who made it, or open it again.

        Raises:
            PermissionDenied: the caller may not handle reports, or somebody else looks at this one.
            NotFound: there is no such report.
            WrongState: the report is not in a state for it.

        """
        now = self._clock.now()
        answer = " ".join(tidy(answer).split())
        if len(answer) > ANSWER_LENGTH:
            raise InvalidInput("The answer is too long.", field="answer", hint=f"At most {ANSWER_LENGTH} characters.")

        def work(tx: Transaction) -> Report:
            actor = role_within(tx, caller)
            require(actor, Permission.HANDLE_REPORTS)
            report = _known(tx, number)
            before = report.state
            takes_over = actor.may(Permission.HANDLE_APPEALS)  # admins go on with what a moderator began
            report.apply(step, caller.account_id, caller.name, now, may_take_over=takes_over)
            if report.closed_at is not None:
                report.answer = answer
            elif step is ReportStep.REOPEN:
                report.answer = ""
                tx.reports.untell(number)
            tx.reports.save(report)
            detail = {"name": report.subject_name, "before": before.value, "after": report.state.value}
            if answer:
                detail["answer"] = answer
            tx.moderation.record(AuditEntry(now, caller.account_id, _ACTIONS[step][0], _on_record(number), detail))
            return report

        def after(report: Report) -> None:
            message = f"{caller.name} {_ACTIONS[step][1]} report {number} about {report.subject_name}."
            self._tell_staff(_ACTIONS[step][0], AccountId(report.subject), message, caller)

        report = await self._store.write(work, then=after)
        if report.closed_at is not None:
            for voice in await self._store.read(lambda tx: tx.reports.voices(number)):
                if voice.account_id is not None:
                    await self._answer(voice.account_id)
        return report

    async def set_urgency(self, caller: Caller, number: int, urgency: Urgency) -> Report:
        """How soon somebody should look. Raises PermissionDenied and NotFound."""
        now = self._clock.now()

        def work(tx: Transaction) -> Report:
            require(role_within(tx, caller), Permission.HANDLE_REPORTS)
            report = _known(tx, number)
            detail = {"before": Urgency(report.urgency).name.lower(), "after": urgency.name.lower()}
            report.urgency = urgency
            tx.reports.save(report)
            tx.moderation.record(AuditEntry(now, caller.account_id, "report.urgency", _on_record(number), detail))
            return report

        return await self._store.write(work)

    def _tell_staff(self, action: str, subject: AccountId, message: str, by: Caller | None = None) -> None:
        """Not who is reported, even if they belong to the staff."""
        concerned = self._presence.of_account(subject) if subject else None
        hides = concerned is not None and may(concerned.role, Permission.HEAR_STAFF)
        act = StaffAct(by.account_id) if by is not None else None
        event = event_of(AdminEvent(action, subject, message), self._clock.now(), subject=act)
        self._realtime.publish(STAFF_TOPIC, event, sparing=[subject] if hides else ())


def steps_from(state: ReportState) -> Sequence[ReportStep]:
    """What can be done with a report."""
    return [step for known, step in TRANSITIONS if known is state]


def _own(voice: Voice, report: Report) -> Own:
    if report.closed_at is None:
        return Own(voice, report.subject_name, ReportState.OPEN, "")  # who looks at it is the staff's business
    return Own(voice, report.subject_name, report.state, report.answer)


def _account(who: Reporter) -> AccountId | None:
    return who.account_id if who.sender else None


def _require_other(who: Reporter, subject: str) -> None:
    if subject == who.sender:
        raise BadUsage("You cannot report yourself.")


def _reason(reason: str) -> str:
    reason = " ".join(tidy(reason).split())
    if not reason:
        raise InvalidInput("Say why.", field="reason", hint="A few words will do.")
    if len(reason) > REASON_LENGTH:
        raise InvalidInput("The reason is too long.", field="reason", hint=f"At most {REASON_LENGTH} characters.")
    return reason


def _around(events: Iterable[Event], own: AccountId, moment: datetime) -> list[Said]:
    """The lines of `events` before the moment, and those after it that are known already."""
    said = [one for one in (said_in(event, own) for event in events) if one is not None]
    before = [one for one in said if one.at <= moment]
    return [*before[-LINES_BEFORE:], *[one for one in said if one.at > moment][:LINES_AFTER]]


def _is_between(event: Event, reader: Presence, subject: AccountId, bodies: set[CharacterId]) -> bool:
    """Whether private words are from one of the two to the other."""
    payload = event.payload
    assert isinstance(payload, ChatMessage)  # `ChatService.read` gives nothing else
    if event.sender is not None:
        return event.sender == subject
    return payload.player_id == reader.character_id and payload.target_id in bodies


def _speaker_name(event: Event) -> str:
    assert isinstance(event.payload, LobbyMessage)
    return event.payload.name


def _private_place(sender: AccountId) -> Topic:
    return Topic(f"lobby private:{sender}")


def _on_record(number: int) -> str:
    return f"report:{number}"


def _answer_words(report: Report) -> str:
    done = (
        "Something was done about it." if report.state is ReportState.RESOLVED else "Nothing had to be done about it."
    )
    return f"About your report of {report.subject_name}: {report.answer or done}"


def _known(tx: Transaction, number: int) -> Report:
    report = tx.reports.get(number)
    if report is None:
        raise NotFound("There is no such report.")
    return report
