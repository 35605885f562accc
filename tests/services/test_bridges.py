"""Lobbies and channels elsewhere that hear each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.clock import FakeClock
from tests.support.lobbies import ARRIVAL, RANKED, LobbyKit

from mythgate.backends.memory.throttle import MemoryThrottle
from mythgate.domain import bridges as rules
from mythgate.domain.accounts import Role
from mythgate.domain.errors import InvalidInput, InvalidToken, NotFound, PermissionDenied, TooMany
from mythgate.domain.events import AdminEvent, Event, LobbyMessage, event_of
from mythgate.domain.ids import STAFF_TOPIC
from mythgate.domain.notices import Outcome
from mythgate.domain.sessions import OPERATOR
from mythgate.services import bridges
from mythgate.services.bridges import BridgeService
from mythgate.services.ports import Rate, Store

URL = "https://discord.com/api/webhooks/1/secret"
NAME = "Discord #general"


@dataclass
class Wire:
    """A relay that writes down what it carries."""

    outcomes: list[Outcome] = field(default_factory=list)
    sent: list[list[tuple[str, str]]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def require(self, url: str) -> None:
        if "forbidden" in url:
            raise InvalidInput("Not there.")

    async def relay(self, url: str, lines: Sequence[tuple[str, str]]) -> Outcome:
        await self.gate.wait()
        self.sent.append(list(lines))
        return self.outcomes.pop(0) if self.outcomes else Outcome.DELIVERED


@dataclass
class Span:
    kit: LobbyKit
    wire: Wire
    service: BridgeService

    async def went_out(self) -> list[list[tuple[str, str]]]:
        await self.service.settle()
        sent, self.wire.sent = self.wire.sent, []
        return sent


def service(kit: LobbyKit, wire: Wire) -> BridgeService:
    return BridgeService(
        store=kit.store,
        lobbies=kit.lobbies,
        realtime=kit.realtime,
        relay=wire,
        throttle=MemoryThrottle(kit.clock),
        clock=kit.clock,
        ids=kit.ids,
    )


@pytest.fixture
async def span(clock: FakeClock, store: Store) -> AsyncIterator[Span]:
    kit, wire = LobbyKit(clock, store), Wire()
    made = Span(kit, wire, service(kit, wire))
    await made.service.start()
    yield made
    await made.service.settle()


async def test_what_is_said_goes_out(span: Span) -> None:
    ada = await span.kit.enter("Ada")
    other = await span.kit.enter("Eve", RANKED, family=None)
    await span.kit.lobbies.say(ada.visitor.listener, "Nobody else reads this")
    await span.service.open(OPERATOR, ARRIVAL, NAME, url=URL, hears=False)
    await span.kit.lobbies.say(ada.visitor.listener, "|bHello|p there")
    await span.kit.lobbies.say(other.visitor.listener, "Not here")
    assert await span.went_out() == [[("Ada", "Hello there")]]
    span.kit.clock.advance(timedelta(minutes=1))
    await span.kit.lobbies.act(ada.visitor.listener, "waves")
    assert await span.went_out() == [[("Ada", "* Ada waves")]]


async def test_what_is_said_elsewhere_comes_in(span: Span) -> None:
    ada = await span.kit.enter("Ada")
    _, token = await span.service.open(OPERATOR, ARRIVAL, NAME, hears=True)
    await span.service.post(token, " An|bn\x07 ", "  Hello\n there ")
    [line] = [said for said in span.kit.heard(ada).of(LobbyMessage) if said.kind == "say"]
    assert (line.name, line.message, line.origin, line.number) == ("Ann", "Hello there", NAME, 0)
    later = await span.kit.enter("Late")
    assert [said.message for said in await span.kit.lobbies.recent(ARRIVAL)] == ["Hello there"]
    assert await span.went_out() == []
    assert later.room_id == ARRIVAL


async def test_lines_do_not_come_back_but_cross_other_bridges(span: Span) -> None:
    _, token = await span.service.open(OPERATOR, ARRIVAL, NAME, url=URL, hears=True)
    await span.service.open(OPERATOR, ARRIVAL, "Elsewhere", url=URL, hears=False)
    await span.service.post(token, "Ann", "Hello")
    assert await span.went_out() == [[("Ann (Discord #general)", "Hello")]]


async def test_everybody_is_told_who_hears_them(span: Span) -> None:
    ada = await span.kit.enter("Ada")
    made, _ = await span.service.open(OPERATOR, ARRIVAL, NAME, url=URL, hears=True)
    told = "What is said here is also read in Discord #general, and what is said there here."
    assert told in span.kit.lines(ada)
    assert told in span.kit.lines(await span.kit.enter("Bob"))
    await span.service.close(OPERATOR, made.number)
    assert span.kit.lines(ada)[-1] == "The bridge to Discord #general is closed."
    assert told not in span.kit.lines(await span.kit.enter("Cid"))


async def test_only_who_may_opens_and_closes_and_it_is_on_record(span: Span) -> None:
    admin = span.kit.caller(await span.kit.enter("Admin", role=Role.ADMIN))
    made, token = await span.service.open(admin, ARRIVAL, NAME, url=URL, hears=True)
    moderator = span.kit.caller(await span.kit.enter("Mod", role=Role.MODERATOR))
    for act in (
        span.service.bridges(moderator),
        span.service.open(moderator, ARRIVAL, NAME, hears=True),
        span.service.close(moderator, made.number),
    ):
        with pytest.raises(PermissionDenied):
            await act
    assert [one.number for one in await span.service.bridges(admin)] == [made.number]
    await span.service.close(admin, made.number)
    with pytest.raises(NotFound):
        await span.service.close(admin, made.number)
    entries = await span.kit.store.read(lambda tx: tx.moderation.audit())
    assert [entry.action for entry in entries] == ["bridge.closed", "bridge.opened"]
    assert all(token not in str(entry) and "secret" not in str(entry) for entry in entries)


async def test_the_staff_hears_of_it(span: Span) -> None:
    mod = await span.kit.enter("Mod", role=Role.MODERATOR)
    span.kit.realtime.subscribe(mod.visitor.listener, STAFF_TOPIC)
    made, _ = await span.service.open(OPERATOR, ARRIVAL, NAME, url=URL, hears=False)
    await span.service.close(OPERATOR, made.number)
    assert [told.action for told in span.kit.heard(mod).of(AdminEvent)] == ["bridge.opened", "bridge.closed"]


@pytest.mark.parametrize(
    ("room_id", "name", "url", "hears", "error"),
    [
        (9999, NAME, URL, True, NotFound),
        (ARRIVAL, "", URL, True, InvalidInput),
        (ARRIVAL, NAME, "", False, InvalidInput),
        (ARRIVAL, NAME, "https://forbidden.example.org", True, InvalidInput),
    ],
)
async def test_bridges_that_cannot_be(
    span: Span, room_id: int, name: str, url: str, hears: bool, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await span.service.open(OPERATOR, room_id, name, url=url, hears=hears)
    assert await span.service.bridges(OPERATOR) == []


async def test_tokens_and_lines_that_are_none(span: Span) -> None:
    made, token = await span.service.open(OPERATOR, ARRIVAL, NAME, hears=True)
    await span.service.open(OPERATOR, ARRIVAL, "Deaf", url=URL, hears=False)
    for wrong in ("", "x", token[:-1]):
        with pytest.raises(InvalidToken):
            await span.service.post(wrong, "Ann", "Hello")
    for text in ("", " \n", "x" * 513):
        with pytest.raises(InvalidInput):
            await span.service.post(token, "Ann", text)
    await span.service.close(OPERATOR, made.number)
    with pytest.raises(InvalidToken):
        await span.service.post(token, "Ann", "Hello")


async def test_a_flood_is_stopped(span: Span) -> None:
    _, token = await span.service.open(OPERATOR, ARRIVAL, NAME, hears=True)
    for _ in range(bridges.LINES_IN.count):
        await span.service.post(token, "Ann", "Hello")
    with pytest.raises(TooMany):
        await span.service.post(token, "Ann", "Hello")


async def test_a_bridge_that_closes_while_a_line_is_on_its_way(span: Span, monkeypatch: pytest.MonkeyPatch) -> None:
    made, token = await span.service.open(OPERATOR, ARRIVAL, NAME, hears=True)
    hit = span.service._throttle.hit

    async def slow(key: str, rate: Rate) -> timedelta | None:
        wait: timedelta | None = await hit(key, rate)
        await span.service.close(OPERATOR, made.number)
        return wait

    monkeypatch.setattr(span.service._throttle, "hit", slow)
    with pytest.raises(InvalidToken):
        await span.service.post(token, "Ann", "Hello")


async def test_words_from_elsewhere_pass_the_same_filter(span: Span) -> None:
    ada = await span.kit.enter("Ada")
    _, token = await span.service.open(OPERATOR, ARRIVAL, NAME, hears=True)
    span.service.check = lambda _lobby, name, words: f"{name} said {len(words)}"
    await span.service.post(token, "Ann", "darn")
    assert span.kit.talk(ada) == [("say", "Ann", "Ann said 4")]


# --- what does not arrive ---


async def test_what_waits_goes_together(span: Span) -> None:
    ada = await span.kit.enter("Ada")
    await span.service.open(OPERATOR, ARRIVAL, NAME, url=URL, hears=False)
    span.wire.gate.clear()
    for words in ("one", "two", "three"):
        await span.kit.lobbies.say(ada.visitor.listener, words)
        await asyncio.sleep(0)
    span.wire.gate.set()
    assert await span.went_out() == [[("Ada", "one")], [("Ada", "two"), ("Ada", "three")]]
    assert span.service.carried["out"] == 3


async def test_what_may_arrive_later_is_kept(span: Span) -> None:
    ada = await span.kit.enter("Ada")
    [made, _] = await span.service.open(OPERATOR, ARRIVAL, NAME, url=URL, hears=False)
    span.wire.outcomes = [Outcome.LATER]
    await span.kit.lobbies.say(ada.visitor.listener, "one")
    assert await span.went_out() == [[("Ada", "one")]]
    await span.kit.lobbies.say(ada.visitor.listener, "two")
    span.service.tick()
    assert await span.went_out() == []
    assert made.failures == 1
    span.kit.clock.advance(bridges.PAUSE)
    span.service.tick()
    assert await span.went_out() == [[("Ada", "one"), ("Ada", "two")]]
    assert made.failures == 0


async def test_only_so_much_waits(span: Span) -> None:
    ada = await span.kit.enter("Ada")
    await span.service.open(OPERATOR, ARRIVAL, NAME, url=URL, hears=False)
    span.wire.gate.clear()
    for number in range(bridges.WAITING + 5):
        span.service.said(span.kit.lobbies.lobby(ARRIVAL), ada, a_line(str(number)))
        if not number:
            await asyncio.sleep(0)
    span.wire.outcomes = [Outcome.LATER]
    span.wire.gate.set()
    await span.went_out()
    assert span.service.carried["lost"] == 5
    span.kit.clock.advance(bridges.PAUSE)
    span.service.tick()
    [lines] = await span.went_out()
    assert (len(lines), lines[-1]) == (bridges.WAITING, ("Ada", str(bridges.WAITING + 4)))


def a_line(words: str) -> Event:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return event_of(LobbyMessage(words, "say", 1, "Ada", words, words, now), now)


async def test_what_will_not_arrive_is_let_go_and_the_bridge_given_up_in_the_end(
    span: Span, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "FAILURES", 2)
    ada = await span.kit.enter("Ada")
    made, _ = await span.service.open(OPERATOR, ARRIVAL, NAME, url=URL, hears=False)
    span.wire.outcomes = [Outcome.FAILED, Outcome.FAILED]
    for words in ("one", "two", "three"):
        await span.kit.lobbies.say(ada.visitor.listener, words)
        await span.service.settle()
    assert await span.went_out() == [[("Ada", "one")], [("Ada", "two")]]
    assert not made.sends
    assert span.kit.lines(ada)[-1] == "The bridge to Discord #general is closed."
    again = service(span.kit, span.wire)
    await again.start()
    assert [one.sends for one in again.of(ARRIVAL)] == [False]
    assert "closed" not in "".join(span.kit.lines(await span.kit.enter("Bob")))


async def test_a_channel_that_is_gone_is_given_up_at_once(span: Span) -> None:
    ada = await span.kit.enter("Ada")
    made, _ = await span.service.open(OPERATOR, ARRIVAL, NAME, url=URL, hears=False)
    span.wire.outcomes = [Outcome.GONE]
    await span.kit.lobbies.say(ada.visitor.listener, "one")
    await span.went_out()
    assert not made.sends
