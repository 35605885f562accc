"""The hub: who gets an event, and when it is written.

Publishing is synchronous: when `publish` returns, the event has its place in every reader's stream, and
every connection that was quiet and writable has been given it. Nothing here makes a task or waits.

Writes are merged: the first event after a quiet spell is written at once; while a connection had a
write within the merge window, further events wait for one timer that the whole hub shares and leave
together, unless they are HIGH or CRITICAL, which take all that waits before them along.

Rooms are told as one (`TopicLog`): what is done for each member, for an event or for all that waited, is
one write. Connections for which that is not all there is to do stand `apart` until they are level again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Protocol

from mythgate.domain.events import Disconnect, Event, Heartbeat, Payload, Priority, Reset, event_of
from mythgate.domain.ids import ROOM_TOPICS, AccountId, CharacterId, PlayId, SessionId, Topic
from mythgate.realtime.limits import MAX_WAITING_LOW, RealtimeLimits
from mythgate.realtime.outbox import NEVER, Batch, Outbox, Sink
from mythgate.realtime.stats import RealtimeStats
from mythgate.realtime.stream import Stream
from mythgate.realtime.topic import TAKE_OVER, TopicLog
from mythgate.services.ports import Clock

logger = logging.getLogger(__name__)

ResetReason = Literal["unknown_session", "too_old", "ahead", "overflow", "other_character"]

SLOW = 4400
TAKEN_OVER = 4502
TRY_LATER = 4429
CLOSED_TRANSPORT = "the handler is closed"  # uvloop's word for it, until it tells that the line is lost
SWEEP_SECONDS = 5.0  # how finely silence is measured for heartbeats, or finer for a short interval
FINEST_SWEEP = 0.5
RECOUNT = 16  # events a paused connection is behind from one exact count of their bytes to the next

RESET_MESSAGES: dict[str, str] = {
    "unknown_session": "This play session is over; here is where you are now.",
    "too_old": "Too much happened while you were away to repeat it; here is where you are now.",
    "ahead": "You asked for more than was ever sent; here is where you are now.",
    "overflow": "Too much happened while you were away to repeat it; here is where you are now.",
    "other_character": "This play session belonged to another character; here is where you are now.",
}


class StreamWatcher(Protocol):
    """Who wants to know how reachable characters are; presence. Synchronous, on the event loop."""

    def on_detached(self, character_id: CharacterId) -> None:
        """The last connection is gone; the stream listens on."""

    def on_returned(self, character_id: CharacterId) -> None:
        """A connection is there again before the stream ended."""

    def on_missed(self, character_id: CharacterId) -> None:
        """Gone for longer than a reload of the page takes."""

    def on_display_grace_over(self, character_id: CharacterId) -> None:
        """Gone long enough for others to see the character leave."""

    def on_stream_ended(self, character_id: CharacterId, reason: str) -> None:
        """The stream is forgotten. `reason`: `expired`, `taken_over`, or as given to `Hub.end`."""


@dataclass(frozen=True, slots=True)
class AttachResult:
    """What became of a wish to resume.

    `reset` says why the events asked for are not there; a `Reset` event has then been written and the
    caller sends a fresh `game_state`.
    """

    outbox: Outbox
    replayed: int
    returned: bool  # the stream had been detached
    reset: ResetReason | None = None


class Hub:
    """All streams of this node, and the topics they listen to. Fulfils `services.ports.Realtime`.

    One stream a character, one character an account: opening another ends the former.
    """

    def __init__(
        self,
        clock: Clock,
        limits: RealtimeLimits | None = None,
        *,
        watcher: StreamWatcher | None = None,
        call_later: Callable[[float, Callable[[], None]], object] | None = None,
        followed: str = ROOM_TOPICS,
    ) -> None:
        self._followed = followed  # what the topics begin with of which a listener has one at a time
        self.limits = limits if limits is not None else RealtimeLimits()
        self.stats = RealtimeStats()
        self.watcher = watcher
        self._clock = clock
        self._started_at = clock.now()
        self._monotonic = clock.monotonic
        self._call_later = call_later
        self._window = self.limits.merge_window
        self._outbox_events = self.limits.outbox_events
        self._topics: dict[Topic, TopicLog] = {}
        self._ignorers: dict[AccountId, dict[CharacterId, Stream]] = {}  # by whom they ignore
        self._by_play: dict[tuple[PlayId, AccountId], Stream] = {}
        self._by_character: dict[CharacterId, Stream] = {}
        self._by_account: dict[AccountId, Stream] = {}
        self._detached: dict[CharacterId, Stream] = {}
        self._dirty: list[Outbox] = []
        self._waiting: list[TopicLog] = []
        self._timer_runs = False
        self._overdue: list[Outbox] = []
        self._next_sweep = 0.0
        self._sweep_every = max(FINEST_SWEEP, min(SWEEP_SECONDS, self.limits.heartbeat_interval))

    # --- services.ports.Realtime -------------------------------------------------------------------

    def publish(
        self, topic: Topic, event: Event, *, exclude: CharacterId | None = None, sparing: Collection[AccountId] = ()
    ) -> None:
        """Tell everybody subscribed to `topic` but `exclude`, and those of the accounts in `sparing`."""
        log = self._topics.get(topic)
        if log is None:
            return
        spared: Collection[Stream] = ()
        if exclude is not None or sparing or event.sender in self._ignorers:
            spared = self._spared(log, event, exclude, sparing)
        if event.priority == Priority.LOW:
            self._publish_low_to_all(log, event, spared)
            return
        stats = self.stats
        stats.published += 1
        stats.deliveries += len(log.followers) + len(log.members) - len(spared)
        if log.followers:
            self._tell_followers(log, event, spared)
        for stream in tuple(log.members.values()):
            if stream not in spared:
                self._push(stream, event)
        if self._overdue:
            self._close_overdue()

    def _spared(
        self, log: TopicLog, event: Event, exclude: CharacterId | None, accounts: Collection[AccountId]
    ) -> Collection[Stream]:
        """Who listens to the topic and yet is not to hear `event`."""
        ignorers = self._ignorers.get(event.sender) if event.sender is not None else None
        spared: set[Stream] = set()
        if ignorers is not None:
            for character_id, stream in ignorers.items():
                if character_id in log.followers or character_id in log.members:
                    spared.add(stream)
                    self.stats.ignored += 1
        if exclude is not None:
            excluded = log.followers.get(exclude) or log.members.get(exclude)
            if excluded is not None:
                spared.add(excluded)
        for account_id in accounts:
            own = self._by_account.get(account_id)
            if own is not None and (own.character_id in log.followers or own.character_id in log.members):
                spared.add(own)
        return spared

    def _tell_followers(self, log: TopicLog, event: Event, spared: Collection[Stream]) -> None:
        if spared:
            self._append_sparing(log, event, [stream for stream in spared if stream.log is log])
        else:
            log.append(event)
        # More than an outbox holds never waits together.
        urgent = event.priority > Priority.NORMAL or log.count - log.written >= self._outbox_events
        if urgent or not log.waits or log.low:
            now = self._monotonic()
            if urgent or now >= log.quiet_from:
                self._write_live(log, now)
            else:
                self._let_room_wait(log)
        if log.apart:
            now = self._monotonic()
            for outbox in tuple(log.apart):
                if (outbox.paused or urgent) and outbox.stream not in spared:
                    self._hold(outbox, event, urgent, now)
        if log.count - log.base >= TAKE_OVER:
            if log.written < log.count:
                self._write_live(log, self._monotonic())
            log.hand_over()

    def _let_room_wait(self, log: TopicLog) -> None:
        """Something waits for the whole room until the end of the window."""
        if not log.waits:
            log.waits = True
            self._waiting.append(log)
            if not self._timer_runs:
                self._start_timer()

    def _append_sparing(self, log: TopicLog, event: Event, spared: Collection[Stream]) -> None:
        """Keep `event` for the followers but these: for them it was never there."""
        for stream in spared:
            stream.catch_up()
            for outbox in stream.outboxes:
                self._step_apart(outbox)
        log.append(event)
        for stream in spared:
            stream.taken = log.count
            for outbox in stream.outboxes:
                self._step_back(outbox)

    def _write_live(self, log: TopicLog, now: float) -> None:
        """Give all connections that are level what the room was told and they were not."""
        first = log.written
        early, log.early = log.early, {}
        batch = log.unwritten()
        wrote = False
        for kind, live in log.live.items():
            level = tuple(live)
            if early:
                level = tuple(outbox for outbox in level if outbox not in early)
            if level:
                wrote = True
                try:
                    failures = kind.write_to_all(level, first, batch)
                except Exception as error:  # against the promise; who has got it cannot be told
                    failures = [(outbox, error) for outbox in level]
                for outbox, failure in failures:
                    self._failed(outbox, failure, first + outbox.offset)
        for outbox, start in early.items():
            if start < log.count:
                wrote = True
                try:
                    outbox.sink.write(start + outbox.offset, Batch(batch.events[start - first :]))
                except Exception as error:
                    self._failed(outbox, error, start + outbox.offset)
        if wrote:
            log.quiet_from = now + self._window
        log.weigh(batch.events)

    def _step_apart(self, outbox: Outbox) -> None:
        """From now on `outbox` is given what lies behind its cursor, not what its room is told."""
        log = outbox.stream.log
        if not outbox.live or log is None:
            return
        outbox.cursor = outbox.written
        outbox.live = False
        log.early.pop(outbox, None)
        del log.live[type(outbox.sink)][outbox]
        log.apart[outbox] = None
        takes_low = bool(log.low) and self._take_low(log, outbox.stream)
        if takes_low or outbox.cursor < outbox.stream.last_seq:
            self._mark_dirty(outbox)
        else:
            outbox.ready_at = max(outbox.ready_at, log.quiet_from)

    def _take_low(self, log: TopicLog, stream: Stream) -> bool:
        """What waits for the room waits for `stream` by itself from now on. Returns whether there is any of it."""
        takes = False
        for event, spared in log.low.values():
            if stream not in spared:
                spared[stream] = None
                takes = True
                self._remember_low(stream, event)
        return takes

    def _step_back(self, outbox: Outbox) -> None:
        """Let `outbox` be told with its room again if nothing else waits for it."""
        stream = outbox.stream
        log = stream.log
        if log is None or outbox.live or outbox.dirty or outbox.paused:
            return
        log.apart.pop(outbox, None)
        log.live.setdefault(type(outbox.sink), {})[outbox] = None
        outbox.live = True
        self._level(outbox)

    def send(self, character_id: CharacterId, event: Event) -> None:
        """Tell one character; nothing happens if it has no stream."""
        stream = self._by_character.get(character_id)
        if stream is None:
            return
        self.send_to(stream, event)

    def send_to(self, stream: Stream, event: Event) -> None:
        """Tell whoever plays `stream`."""
        if stream.ended or (stream.ignored and event.sender in stream.ignored):
            return
        if event.priority == Priority.LOW:
            self._publish_low((stream,), event)
            return
        self.stats.published += 1
        self.stats.deliveries += 1
        self._push(stream, event)
        if self._overdue:
            self._close_overdue()

    def has_stream(self, character_id: CharacterId) -> bool:
        return character_id in self._by_character

    def listens(self, account_id: AccountId, topic: Topic) -> bool:
        stream = self._by_account.get(account_id)
        return stream is not None and topic in stream.topics

    def subscribe(self, character_id: CharacterId, topic: Topic) -> None:
        stream = self._by_character.get(character_id)
        if stream is None or topic in stream.topics:
            return
        stream.topics.add(topic)
        log = self._topics.get(topic)
        if log is None:
            log = self._topics[topic] = TopicLog()
        if stream.log is None and topic.startswith(self._followed):
            self._follow(stream, log)
        else:
            log.members[character_id] = stream

    def unsubscribe(self, character_id: CharacterId, topic: Topic) -> None:
        stream = self._by_character.get(character_id)
        if stream is not None and topic in stream.topics:
            stream.topics.discard(topic)
            self._leave(stream, topic)

    def unsubscribe_all(self, character_id: CharacterId) -> None:
        """Let the character's stream listen to no topic, until it is subscribed again."""
        stream = self._by_character.get(character_id)
        if stream is not None:
            topics, stream.topics = stream.topics, set()
            for topic in topics:
                self._leave(stream, topic)

    def set_ignored(self, character_id: CharacterId, accounts: frozenset[AccountId]) -> None:
        stream = self._by_character.get(character_id)
        if stream is not None:
            self._ignore(stream, accounts)

    def _ignore(self, stream: Stream, accounts: frozenset[AccountId]) -> None:
        for account_id in stream.ignored - accounts:
            ignorers = self._ignorers[account_id]
            del ignorers[stream.character_id]
            if not ignorers:
                del self._ignorers[account_id]
        for account_id in accounts - stream.ignored:
            self._ignorers.setdefault(account_id, {})[stream.character_id] = stream
        stream.ignored = accounts

    def close(self, character_id: CharacterId, payload: Payload) -> None:
        """Send `payload` last, close the character's connections, end its stream."""
        stream = self._by_character.get(character_id)
        if stream is not None:
            self.end(stream, payload)

    def close_session(self, session_id: SessionId, payload: Payload) -> None:
        """As `close`, for every stream that was opened under the login session."""
        for stream in [stream for stream in self._by_character.values() if stream.session_id == session_id]:
            self.end(stream, payload)

    # --- streams, for doors ------------------------------------------------------------------------

    def find(self, play_id: PlayId, account_id: AccountId) -> Stream | None:
        """The living stream of that play session, if it is this account's."""
        return self._by_play.get((play_id, account_id))

    def stream_of(self, character_id: CharacterId) -> Stream | None:
        """The stream of a character."""
        return self._by_character.get(character_id)

    def streams(self) -> Iterable[Stream]:
        """All living streams."""
        return self._by_character.values()

    def topics(self) -> Iterable[Topic]:
        """All topics somebody listens to."""
        return self._topics.keys()

    def open(self, play_id: PlayId, character_id: CharacterId, account_id: AccountId, session_id: SessionId) -> Stream:
        """A new stream. The account's other stream ends with `Disconnect(code=4502)`.

        If that was the same character's, the watcher hears nothing of an end: the character never left.
        The new stream listens to nothing yet; who enters the world subscribes it.
        """
        stream = Stream(play_id, character_id, account_id, session_id, self.limits, self._monotonic())
        for old in (self._by_account.get(account_id), self._by_character.get(character_id)):
            if old is not None:
                self._end(old, self._taken_over(), reason="taken_over", tell=old.character_id != character_id)
        self._by_play[play_id, account_id] = stream
        self._by_character[character_id] = stream
        self._by_account[account_id] = stream
        self._detached[character_id] = stream
        self.stats.streams_opened += 1
        return stream

    def attach(self, stream: Stream, sink: Sink, last_seq: int | None = None) -> AttachResult:
        """Write the events after `last_seq` to `sink`, then all that follow.

        Without `last_seq`, what was never written to a socket. If these events are not kept, or were never
        made, a `Reset` event is written first; numbering goes on from the stream's own last number.

        On a stream that has ended, `sink` gets what the stream was ended with, and is closed.
        """
        if stream.ended:
            return self._dismiss(stream, sink)
        reset: ResetReason | None = None
        if last_seq is not None and not 0 <= last_seq <= stream.last_seq:  # before a farewell takes a number
            reset = "ahead"
        written = stream.written
        if sink.exclusive:
            for other in stream.outboxes:
                if other.sink.exclusive:
                    self._displace(other, self._taken_over())
        # Whoever was displaced without having read leaves events that were never written to a socket.
        start = min(written, stream.written) if last_seq is None else last_seq
        if reset is None and start < stream.first_seq - 1:
            reset = "overflow" if last_seq is None else "too_old"
        returned = stream.detached_at is not None and stream.was_attached
        stream.was_attached = True
        stream.detached_at = None
        stream.display_told = stream.missed_told = False
        self._detached.pop(stream.character_id, None)
        if reset is not None:
            self.stats.resets[reset] += 1
            for other in stream.outboxes:  # a number of its own: the twins step apart
                self._let_wait(other)
            start = stream.last_seq
            stream.append(self.reset_event(reset, last_seq))
        outbox = Outbox(stream, sink, start)
        sink.attached(outbox)
        replayed = outbox.pending
        stream.outboxes = (*stream.outboxes, outbox)
        if stream.log is not None:
            stream.log.away.pop(stream, None)
            stream.log.apart[outbox] = None
        self.stats.attached += 1
        if returned:
            self.stats.resumed += 1
            self.stats.replayed += replayed
        self._flush(outbox, self._monotonic())
        if returned and self.watcher is not None:
            self.watcher.on_returned(stream.character_id)
        if self._overdue:
            self._close_overdue()
        return AttachResult(outbox, replayed, returned, reset)

    def _dismiss(self, stream: Stream, sink: Sink) -> AttachResult:
        """`sink` came too late."""
        outbox = Outbox(stream, sink, stream.last_seq)
        sink.attached(outbox)
        farewell = stream.farewell
        if farewell is not None:
            event = event_of(farewell, self._clock.now())
            outbox.cursor = number = stream.append(event)
            sink.write(number, Batch((event,)))
        if isinstance(farewell, Disconnect):
            sink.close(farewell.code, farewell.reason)
        else:
            sink.close(TRY_LATER, "ended")
        return AttachResult(outbox, 0, returned=False)

    def detach(self, stream: Stream, sink: Sink) -> None:
        """The connection is gone. The stream goes on listening for the grace."""
        for outbox in stream.outboxes:
            if outbox.sink is sink:
                self._remove(outbox)
                break

    def end(self, stream: Stream, payload: Payload | None = None, *, reason: str = "closed") -> None:
        """Forget `stream`; its connections get `payload` (a `Disconnect`) last and are closed."""
        self._end(stream, payload, reason=payload.reason if isinstance(payload, Disconnect) else reason, tell=True)

    def close_all(self, payload: Disconnect) -> None:
        """Tell every connection `payload` and close it. Streams live on, for as long as the node does.

        The watcher hears nothing of it: all go at once, and nobody is left to be told.
        """
        watcher, self.watcher = self.watcher, None
        for stream in list(self._by_character.values()):
            for outbox in stream.outboxes:
                self._displace(outbox, payload)
        self.watcher = watcher

    def reset_event(self, reason: ResetReason, last_seq: int | None) -> Event:
        """What tells a client that it cannot resume and why."""
        return event_of(Reset(reason, RESET_MESSAGES[reason], last_seq, self._started_at), self._clock.now())

    # --- back-pressure, for sinks ------------------------------------------------------------------

    def pause(self, outbox: Outbox) -> None:
        """The transport takes no more for now."""
        self._step_apart(outbox)
        outbox.paused = True
        outbox.dirty = False
        outbox.ready_at = NEVER
        outbox.unread_bytes = 0

    def resume(self, outbox: Outbox) -> None:
        """The transport takes more again: write all that waits in one go."""
        if outbox.paused:
            outbox.paused = False
            if outbox in outbox.stream.outboxes:
                self._flush(outbox, self._monotonic())

    # --- time --------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Look after streams without a connection and connections without news. Call every `FINEST_SWEEP`."""
        now = self._monotonic()
        for stream in list(self._detached.values()):
            if stream.detached_at is None or stream.ended:
                continue
            away = now - stream.detached_at
            if away >= self.limits.resume_grace:
                self._end(stream, None, reason="expired", tell=True)
            elif away >= self.limits.linkdead_display and not stream.display_told:
                stream.display_told = stream.missed_told = True
                if self.watcher is not None:
                    self.watcher.on_display_grace_over(stream.character_id)
            elif away >= self.limits.linkdead_told and not stream.missed_told:
                stream.missed_told = True
                if self.watcher is not None:
                    self.watcher.on_missed(stream.character_id)
        if now >= self._next_sweep:
            self._next_sweep = now + self._sweep_every
            self._send_heartbeats()

    def _send_heartbeats(self) -> None:
        """A heartbeat for each connection that got nothing but LOW events lately."""
        patience = max(1, round(self.limits.heartbeat_interval / self._sweep_every))
        heartbeat: Event | None = None
        for stream in list(self._by_character.values()):
            for outbox in stream.outboxes:
                mark = stream.last_seq - stream.low_count
                if mark != outbox.quiet_mark:
                    outbox.quiet_mark = mark
                    outbox.quiet_sweeps = 0
                    continue
                outbox.quiet_sweeps += 1
                if outbox.quiet_sweeps >= patience:
                    if heartbeat is None:
                        heartbeat = event_of(Heartbeat(), self._clock.now())
                    self._push(stream, heartbeat)
                    outbox.quiet_mark = stream.last_seq - stream.low_count
                    outbox.quiet_sweeps = 0
        if self._overdue:
            self._close_overdue()

    # --- inside ------------------------------------------------------------------------------------

    def _push(self, stream: Stream, event: Event) -> None:
        """Tell one stream something that its room is not told."""
        urgent = event.priority > Priority.NORMAL
        now = self._monotonic()
        stream.catch_up()
        for outbox in stream.outboxes:
            if outbox.live:
                if urgent or self._is_ready(outbox, now):
                    outbox.cursor = outbox.written  # what it gets next begins behind that
                else:
                    self._step_apart(outbox)
        number = stream.append(event)
        for outbox in stream.outboxes:
            if outbox.live:
                self._level(outbox)
                self._write(outbox, outbox.cursor + 1, Batch(stream.since(outbox.cursor)), now)
            elif outbox.ready_at <= now:
                self._write(outbox, number, Batch((event,)), now)
            else:
                self._hold(outbox, event, urgent, now)

    def _level(self, outbox: Outbox) -> None:
        """`outbox` has or is about to get all there is."""
        log = outbox.stream.log
        if log is not None:
            outbox.offset = outbox.stream.last_seq + 1 - log.count
            if log.written < log.count:
                log.early[outbox] = log.count

    def _write(self, outbox: Outbox, first: int, batch: Batch, now: float) -> None:
        """Write all that was left for `outbox` in one go."""
        outbox.ready_at = now + self._window
        outbox.cursor = first + len(batch.events) - 1
        try:
            outbox.sink.write(first, batch)
        except Exception as error:
            self._failed(outbox, error, first)
        self._step_back(outbox)

    def _publish_low_to_all(self, log: TopicLog, event: Event, spared: Collection[Stream]) -> None:
        """Who is level is told as one: at once in a quiet room, else at the end of the window. All others are told one
        by one."""
        aside = dict.fromkeys(outbox.stream for outbox in log.apart)
        aside.update(log.away)
        others = [stream for stream in (*aside, *log.members.values()) if stream not in spared]
        for stream in spared:
            if stream.log is log:
                aside[stream] = None
        level = len(log.followers) - len(aside)
        if level and (log.waits or log.written < log.count or self._monotonic() < log.quiet_from):
            self._hold_low(log, event, aside, level)
        elif level:
            self.stats.deliveries += level
            self._count_low(log, aside)
            self._tell_followers(log, event, aside)
        self._publish_low(others, event)

    @staticmethod
    def _count_low(log: TopicLog, spared: Iterable[Stream]) -> None:
        """All followers but these get a LOW event."""
        log.low_count += 1
        for stream in spared:
            stream.low_own -= 1

    def _hold_low(self, log: TopicLog, event: Event, spared: dict[Stream, None], level: int) -> None:
        """Let a LOW event wait for all followers but these, who are `level` many."""
        key = event.coalesce or event.payload.event_type
        replaced = log.low.pop(key, None)  # the latest stands last
        log.low[key] = (event, spared)
        if replaced is not None:
            self.stats.low_replaced += level
        elif len(log.low) > MAX_WAITING_LOW:
            del log.low[next(iter(log.low))]
            self.stats.low_dropped += level
        else:
            self.stats.deliveries += level
        self._let_room_wait(log)

    def _promote_low(self, log: TopicLog) -> None:
        """The LOW events that waited for a room get their place."""
        held, log.low = log.low, {}
        for event, spared in held.values():
            aside = dict.fromkeys(outbox.stream for outbox in log.apart)
            owed = [stream for stream in aside if stream not in spared]
            aside.update(log.away)
            for stream in spared:
                if stream.log is log:
                    aside[stream] = None
            if len(aside) < len(log.followers):
                self._count_low(log, aside)
                self._append_sparing(log, event, aside)
                if log.count - log.written >= self._outbox_events:
                    self._write_live(log, self._monotonic())
            for stream in owed:  # apart since an earlier one of these events, which was their own
                self._let_low_wait(stream, event)

    def _publish_low(self, streams: Iterable[Stream], event: Event) -> None:
        """LOW events are numbered when they are written; nobody keeps them for who is away."""
        stats = self.stats
        stats.published += 1
        now = self._monotonic()
        for stream in streams:
            outboxes = stream.outboxes
            if not outboxes:
                stats.low_dropped += 1
                continue
            stats.deliveries += 1
            waits = stream.low or (stream.log is not None and stream.log.low)
            if not waits and any(self._is_ready(outbox, now) for outbox in outboxes):
                stream.low_own += 1
                self._push(stream, event)
            else:
                self._let_low_wait(stream, event)
        if self._overdue:
            self._close_overdue()

    def _let_low_wait(self, stream: Stream, event: Event) -> None:
        """A LOW event waits for one stream."""
        for outbox in stream.outboxes:
            self._step_apart(outbox)  # with what waits for its room, which is older
        self._remember_low(stream, event)
        for outbox in stream.outboxes:
            self._let_wait(outbox)

    def _remember_low(self, stream: Stream, event: Event) -> None:
        replaced = stream.wait_low(event)
        if replaced is not None:
            self.stats.deliveries -= 1
            if replaced:
                self.stats.low_replaced += 1
            else:
                self.stats.low_dropped += 1

    @staticmethod
    def _is_ready(outbox: Outbox, now: float) -> bool:
        """Whether an event would be written this moment."""
        log = outbox.stream.log
        if outbox.live and log is not None:
            return max(outbox.ready_at, log.quiet_from) <= now and log.written == log.count
        return outbox.ready_at <= now

    def _let_wait(self, outbox: Outbox) -> None:
        """Something waits for `outbox` until the end of the window."""
        self._step_apart(outbox)
        if not outbox.dirty and not outbox.paused:
            self._mark_dirty(outbox)

    def _hold(self, outbox: Outbox, event: Event, urgent: bool, now: float) -> None:
        """`event` cannot be written this moment, or has to take along what waits before it."""
        if outbox.paused:
            outbox.unread_bytes += event.weight
            limits, pending = self.limits, outbox.pending
            if pending % RECOUNT == 0:  # what was merged was rendered since, and its weight is exact now
                outbox.unread_bytes = sum(one.weight for one in outbox.stream.since(outbox.cursor))
            if pending > limits.outbox_events or outbox.unread_bytes > limits.outbox_bytes:
                self._overdue.append(outbox)
        elif urgent or outbox.pending >= self.limits.outbox_events:
            self._flush(outbox, now)
        elif not outbox.dirty:
            self._mark_dirty(outbox)

    def _mark_dirty(self, outbox: Outbox) -> None:
        outbox.dirty = True
        outbox.ready_at = NEVER
        self._dirty.append(outbox)
        if not self._timer_runs:
            self._start_timer()

    def _start_timer(self) -> None:
        self._timer_runs = True
        call_later = self._call_later
        if call_later is None:
            call_later = self._call_later = asyncio.get_running_loop().call_later
        call_later(self._window, self._end_window)

    def _end_window(self) -> None:
        """The merge window is over for all that waited."""
        self._timer_runs = False
        now = self._monotonic()
        waiting, self._waiting = self._waiting, []
        for log in waiting:
            log.waits = False
            if log.low:
                self._promote_low(log)
            if log.written < log.count:
                self._write_live(log, now)
            if log.count - log.base >= TAKE_OVER:
                log.hand_over()
        dirty, self._dirty = self._dirty, []
        for outbox in dirty:
            if outbox.dirty:
                self._flush(outbox, now)
        if self._overdue:
            self._close_overdue()

    def _flush(self, outbox: Outbox, now: float) -> None:
        """Write all that lies behind the cursor in one go."""
        stream = outbox.stream
        if stream.low:
            for other in stream.outboxes:
                if other is not outbox:
                    self._let_wait(other)
            stream.promote_low()
        outbox.dirty = False
        waiting = stream.since(outbox.cursor)
        if waiting:
            self._write(outbox, outbox.cursor + 1, Batch(waiting), now)
        else:
            outbox.ready_at = min(outbox.ready_at, now)
            self._step_back(outbox)

    def _failed(self, outbox: Outbox, error: Exception, first: int) -> None:
        """A sink broke its promise, or its line a moment ago: the connection goes, nobody else notices."""
        self._note_failure(error)
        self.pause(outbox)
        outbox.cursor = first - 1  # when in doubt, none of it was written: a client recognises a repeat
        self._overdue.append(outbox)

    def _note_failure(self, error: Exception) -> None:
        if isinstance(error, OSError) or (isinstance(error, RuntimeError) and CLOSED_TRANSPORT in str(error)):
            logger.debug("A connection was lost while being written to", exc_info=error)
            return
        logger.error("Writing to a connection failed", exc_info=error)
        self.stats.sink_failures += 1

    def _close_overdue(self) -> None:
        """Close those who do not read. After the loop: telling others about it publishes in turn."""
        while self._overdue:
            outbox = self._overdue.pop()
            if outbox in outbox.stream.outboxes:
                self.stats.slow_closed += 1
                self._remove(outbox)
                outbox.sink.close(SLOW, "slow", abandon=True)

    def _displace(self, outbox: Outbox, payload: Disconnect) -> None:
        """Close one connection of a stream that lives on, with `payload` as its last event.

        The farewell takes a number like any event, but must not be repeated to the next connection: in the
        buffer a heartbeat takes its place, for clients who never got that number.
        """
        stream = outbox.stream
        stream.catch_up()
        for one in stream.outboxes:
            self._step_apart(one)
        if not outbox.paused:
            self._flush(outbox, self._monotonic())
            self._step_apart(outbox)
        if not outbox.paused:
            farewell = event_of(payload, self._clock.now())
            outbox.cursor = number = stream.append(farewell)
            try:
                outbox.sink.write(number, Batch((farewell,)))
            except Exception as error:
                self._note_failure(error)
            stream.replace_last(event_of(Heartbeat(), farewell.timestamp))
        for other in stream.outboxes:
            if other is outbox:
                continue
            if other.cursor < stream.last_seq:
                self._let_wait(other)
            else:
                self._step_back(other)
        self._remove(outbox)
        outbox.sink.close(payload.code, payload.reason, abandon=outbox.paused)

    def _end(self, stream: Stream, payload: Payload | None, *, reason: str, tell: bool) -> None:
        if stream.ended:
            return
        stream.ended = True
        stream.farewell = payload
        for topic in stream.topics:
            self._leave(stream, topic)
        self._ignore(stream, frozenset())
        if self._by_play.get((stream.play_id, stream.account_id)) is stream:
            del self._by_play[stream.play_id, stream.account_id]
        if self._by_character.get(stream.character_id) is stream:
            del self._by_character[stream.character_id]
        if self._by_account.get(stream.account_id) is stream:
            del self._by_account[stream.account_id]
        if self._detached.get(stream.character_id) is stream:
            del self._detached[stream.character_id]
        outboxes = stream.outboxes
        if outboxes:
            stream.promote_low()  # before the farewell, which is the last event
            if payload is not None:
                stream.append(event_of(payload, self._clock.now()))
        stream.outboxes = ()  # only now: what they still have to get must be kept until here
        code = payload.code if isinstance(payload, Disconnect) else 1000
        for outbox in outboxes:
            if not outbox.paused:
                self._flush(outbox, self._monotonic())
            outbox.dirty = False
            outbox.ready_at = NEVER
            outbox.sink.close(code, reason, abandon=outbox.paused)
        self.stats.streams_ended[reason] += 1
        if tell and self.watcher is not None:
            self.watcher.on_stream_ended(stream.character_id, reason)

    def _remove(self, outbox: Outbox) -> None:
        """Take `outbox` off its stream; the stream is detached if it was the last."""
        stream = outbox.stream
        self._step_apart(outbox)
        if stream.log is not None:
            stream.log.apart.pop(outbox, None)
        stream.written_seq = max(stream.written_seq, outbox.cursor - self._lost(outbox))
        stream.outboxes = tuple(other for other in stream.outboxes if other is not outbox)
        outbox.dirty = False
        outbox.ready_at = NEVER
        if stream.outboxes or stream.ended:
            return
        if stream.low:
            self.stats.low_dropped += len(stream.low)
            stream.low = None
        if stream.log is not None:
            stream.log.away[stream] = None
        stream.detached_at = self._monotonic()
        self._detached[stream.character_id] = stream
        self.stats.detached += 1
        if self.watcher is not None:
            self.watcher.on_detached(stream.character_id)

    @staticmethod
    def _lost(outbox: Outbox) -> int:
        """How many of the written events the operating system never took whole."""
        kept = outbox.stream.events
        newest_first = islice(reversed(kept), outbox.pending, None)
        return outbox.sink.lost(outbox.cursor, newest_first)

    def _follow(self, stream: Stream, log: TopicLog) -> None:
        log.followers[stream.character_id] = stream
        stream.log = log
        stream.taken = log.count
        stream.low_own -= log.low_count
        for _, spared in log.low.values():
            spared[stream] = None
        if not stream.outboxes:
            log.away[stream] = None
        for outbox in stream.outboxes:
            log.apart[outbox] = None
            self._step_back(outbox)

    def _leave(self, stream: Stream, topic: Topic) -> None:
        log = self._topics[topic]
        if stream.log is log:
            stream.catch_up()
            for outbox in stream.outboxes:
                self._step_apart(outbox)
                log.apart.pop(outbox, None)
            log.away.pop(stream, None)
            stream.low_own += log.low_count
            del log.followers[stream.character_id]
            stream.log = None
        else:
            del log.members[stream.character_id]
        if not log.followers and not log.members:
            del self._topics[topic]

    def _taken_over(self) -> Disconnect:
        return Disconnect(
            "taken_over", "You went on playing from somewhere else.", may_reconnect=False, code=TAKEN_OVER
        )
