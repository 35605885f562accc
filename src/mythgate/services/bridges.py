"""Bridges: what is said in a lobby is read in a channel elsewhere, and what is said there is read in the lobby.

Nothing is hidden: whoever enters a bridged lobby is told, and everybody there when a bridge opens or closes. Lines from
elsewhere name where they come from, and their length and number is bounded; they are told, not said, so they never go
back over the bridge they came by. Each bridge sends one thing at a time, and joins what waits meanwhile: a slow place
elsewhere costs memory for some lines, never the lobby.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from mythgate.domain.bridges import Bridge, announcement, bridge_name, require_bridge, speaker_name
from mythgate.domain.errors import InvalidInput, InvalidToken, NotFound, TooMany
from mythgate.domain.events import AdminEvent, Event, LobbyMessage, event_of
from mythgate.domain.ids import STAFF_TOPIC, AccountId
from mythgate.domain.lobbies import Lobby, Occupant
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.notices import Outcome
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller, token_hash
from mythgate.domain.styles import plain
from mythgate.services.accounts import role_within
from mythgate.services.errands import Errands
from mythgate.services.lobbies import LobbyService
from mythgate.services.ports import Clock, Ids, Rate, Realtime, Store, Throttle, Transaction
from mythgate.services.sessions import new_token

log = logging.getLogger(__name__)

LINES_IN: Final = Rate(30, timedelta(seconds=10))  # over one bridge
LINE_LENGTH: Final = 512
WAITING: Final = 200  # lines of one bridge that wait to go out; the oldest go first if there are more
PAUSE: Final = timedelta(seconds=10)  # after a failure that may pass


class Relay(Protocol):
    """What carries lines to where a bridge leads."""

    def require(self, url: str) -> None:
        """Raise InvalidInput if nothing may be sent there, by the operator's settings."""

    async def relay(self, url: str, lines: Sequence[tuple[str, str]]) -> Outcome:
        """Carry some lines, each who said it and the words; never raises for what is wrong on the other side."""


@dataclass(slots=True)
class _Lane:
    """What goes out over one bridge."""

    bridge: Bridge
    lines: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=WAITING))
    is_busy: bool = False
    not_before: datetime | None = None


class BridgeService:
    """Use cases around bridges. Opening and closing them is for who has the permission."""

    def __init__(
        self,
        *,
        store: Store,
        lobbies: LobbyService,
        realtime: Realtime,
        relay: Relay,
        throttle: Throttle,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self.carried: Final[Counter[str]] = Counter({"in": 0, "out": 0, "lost": 0})  # lines
        self._store = store
        self._lobbies = lobbies
        self._realtime = realtime
        self._relay = relay
        self._throttle = throttle
        self._clock = clock
        self._ids = ids
        self._lanes: dict[int, _Lane] = {}
        self._errands = Errands("bridges")
        self.check: Callable[[Lobby, str, str], str] = lambda _lobby, _name, words: words
        """What becomes of words from elsewhere in a lobby: they, others instead, or a refusal."""
        lobbies.on_aloud(self.said)
        lobbies.on_entered(self.entered)

    async def start(self) -> None:
        """Take up the bridges there are; before anybody enters a lobby."""
        for bridge in await self._store.read(lambda tx: tx.notices.bridges()):
            self._lanes[bridge.number] = _Lane(bridge)

    async def settle(self) -> None:
        """Wait until nothing is under way. Before the store closes."""
        await self._errands.settle()

    def of(self, room_id: int) -> Sequence[Bridge]:
        """The bridges of a lobby."""
        return [lane.bridge for lane in self._lanes.values() if lane.bridge.room_id == room_id]

    # --- staff -----------------------------------------------------------------------------------------

    async def bridges(self, caller: Caller) -> Sequence[Bridge]:
        """All there are. Raises PermissionDenied."""

        def work(tx: Transaction) -> list[Bridge]:
            require(role_within(tx, caller), Permission.RUN_BRIDGES)
            return tx.notices.bridges()

        return await self._store.read(work)

    async def open(self, caller: Caller, room_id: int, name: str, *, url: str = "", hears: bool) -> tuple[Bridge, str]:
        """Build a bridge; with `hears`, lines from elsewhere come in with the token that is returned, and known to
        nobody afterwards.

        Raises:
            PermissionDenied: the caller's role does not allow it.
            NotFound: there is no such lobby.
            InvalidInput, LimitReached: as `domain.bridges.require_bridge`; nothing may be sent there.

        """
        lobby = self._lobbies.lobby(room_id)
        called = bridge_name(name)
        token = new_token() if hears else ""
        now = self._clock.now()

        def work(tx: Transaction) -> Bridge:
            require(role_within(tx, caller), Permission.RUN_BRIDGES)
            require_bridge(url, hears=hears, others=len(tx.notices.bridges()))
            if url:
                self._relay.require(url)
            kept = token_hash(token) if token else b""
            bridge = tx.notices.add_bridge(Bridge(lobby.room_id, called, url, kept, caller.account_id, now))
            self._record(tx, caller, "bridge.opened", bridge)
            return bridge

        def then(bridge: Bridge) -> None:
            self._lanes[bridge.number] = _Lane(bridge)
            self._lobbies.line(bridge.room_id, announcement(bridge))
            self._tell_staff(
                "bridge.opened", bridge, f"{caller.name} opened a bridge to {called} in {plain(lobby.name)}."
            )

        return await self._store.write(work, then=then), token

    async def close(self, caller: Caller, number: int) -> None:
        """Take a bridge down. Raises NotFound, PermissionDenied."""

        def work(tx: Transaction) -> Bridge:
            require(role_within(tx, caller), Permission.RUN_BRIDGES)
            bridge = next((one for one in tx.notices.bridges() if one.number == number), None)
            if bridge is None:
                raise NotFound("There is no such bridge.")
            tx.notices.remove_bridge(number)
            self._record(tx, caller, "bridge.closed", bridge)
            return bridge

        def then(bridge: Bridge) -> None:
            self._lanes.pop(number, None)
            self._tell_lobby(bridge, f"The bridge to {bridge.name} is closed.")
            self._tell_staff("bridge.closed", bridge, f"{caller.name} closed the bridge to {bridge.name}.")

        await self._store.write(work, then=then)

    def _record(self, tx: Transaction, caller: Caller, action: str, bridge: Bridge) -> None:
        detail = {
            "name": bridge.name,
            "lobby": str(bridge.room_id),
            "sends_to": bridge.place,
            "hears": str(bridge.hears).lower(),
        }
        tx.moderation.record(
            AuditEntry(self._clock.now(), caller.account_id, action, f"bridge {bridge.number}", detail)
        )

    def _tell_lobby(self, bridge: Bridge, text: str) -> None:
        """The lobby may be gone."""
        with suppress(NotFound):
            self._lobbies.line(bridge.room_id, text)

    def _tell_staff(self, action: str, bridge: Bridge, message: str) -> None:
        event = event_of(AdminEvent(action, f"bridge {bridge.number}", message), self._clock.now())
        self._realtime.publish(STAFF_TOPIC, event)

    # --- in --------------------------------------------------------------------------------------------

    async def post(self, token: str, speaker: str, text: str) -> Bridge:
        """Something was said elsewhere.

        Raises:
            InvalidToken: it is no token of a bridge.
            NotFound: its lobby is no more.
            InvalidInput: nothing was said, or too much.
            TooMany: so much is said that the lobby would be of nothing else.

        """
        kept = token_hash(token)
        lane = next((one for one in self._lanes.values() if one.bridge.hears and one.bridge.token_hash == kept), None)
        if lane is None:
            raise InvalidToken("This is no token of a bridge.", hint="Open a new one.")
        bridge = lane.bridge
        lobby = self._lobbies.lobby(bridge.room_id)
        said = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
        if not said or len(said) > LINE_LENGTH:
            raise InvalidInput("This line does not fit.", field="text", hint=f"1 to {LINE_LENGTH} characters.")
        wait = await self._throttle.hit(f"bridge:{bridge.number}", LINES_IN)
        if wait is not None:
            raise TooMany("Too much is said over this bridge.", retry_after=wait)
        if bridge.number not in self._lanes:
            raise InvalidToken("This is no token of a bridge.", hint="Open a new one.")
        name = speaker_name(plain(speaker))
        words = plain(self.check(lobby, name, said))
        now = self._clock.now()
        line = LobbyMessage(self._ids.new(), "say", 0, name, words, words, now, origin=bridge.name)
        sender = AccountId(f"bridge {bridge.number}")
        self._lobbies.tell_from_elsewhere(
            lobby.room_id, event_of(line, now, room_id=lobby.topic, message_id=line.id, sender=sender)
        )
        self.carried["in"] += 1
        self._queue(lobby.room_id, f"{name} ({bridge.name})", words, but=bridge.number)
        return bridge

    # --- out -------------------------------------------------------------------------------------------

    def said(self, lobby: Lobby, speaker: Occupant, event: Event) -> None:
        """Somebody spoke in a lobby, or did something (observer of `LobbyService.on_aloud`)."""
        if not self._lanes:
            return
        line = event.payload
        assert isinstance(line, LobbyMessage)
        words = line.message if line.kind == "say" else f"* {line.name} {line.message}"
        self._queue(lobby.room_id, plain(speaker.name), words)

    def entered(self, occupant: Occupant) -> None:
        """Somebody entered a lobby: they are told which bridges it has."""
        for bridge in self.of(occupant.room_id):
            if bridge.sends or bridge.hears:
                self._lobbies.line_to(occupant.visitor.listener, announcement(bridge))

    def _queue(self, room_id: int, name: str, words: str, *, but: int = 0) -> None:
        for number, lane in self._lanes.items():
            if lane.bridge.room_id != room_id or number == but or not lane.bridge.sends:
                continue
            if len(lane.lines) == WAITING:
                self.carried["lost"] += 1
            lane.lines.append((name, words))
            self._set_off(lane)

    def _set_off(self, lane: _Lane) -> None:
        if not lane.is_busy and lane.lines and (lane.not_before is None or lane.not_before <= self._clock.now()):
            lane.is_busy = True
            self._errands.start(self._empty(lane))

    def tick(self) -> None:
        """Once a second: go on where something failed that may pass."""
        for lane in self._lanes.values():
            self._set_off(lane)

    async def _empty(self, lane: _Lane) -> None:
        """Send what waits, in one piece each time."""
        bridge = lane.bridge
        try:
            while lane.lines and bridge.sends and bridge.number in self._lanes:
                lines = list(lane.lines)
                lane.lines.clear()
                outcome = await self._relay.relay(bridge.url, lines)
                if outcome is Outcome.DELIVERED:
                    self.carried["out"] += len(lines)
                    if bridge.failures:
                        await self._note(bridge, 0)
                    continue
                await self._note(bridge, bridge.failures + 1 if outcome is not Outcome.GONE else 10**6)
                if outcome is Outcome.LATER:
                    later = [*lines, *lane.lines][-WAITING:]
                    self.carried["lost"] += len(lines) + len(lane.lines) - len(later)
                    lane.lines = deque(later, maxlen=WAITING)
                    lane.not_before = self._clock.now() + PAUSE
                    return
                self.carried["lost"] += len(lines)
        finally:
            lane.is_busy = False

    async def _note(self, bridge: Bridge, failures: int) -> None:
        """Keep how often it failed in a row; when it is given up, the lobby and the staff are told."""
        sent = bridge.sends
        bridge.failures = failures
        await self._store.write(lambda tx: tx.notices.save_bridge(bridge))
        if sent and not bridge.sends:
            log.error("bridge given up", extra={"bridge": bridge.number})
            self._tell_lobby(bridge, announcement(bridge))
            words = f"The bridge to {bridge.name} does not carry any more: nothing arrives there."
            self._tell_staff("bridge.given_up", bridge, words)
