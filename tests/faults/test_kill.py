"""`kill -9` while everybody is busy: what was acknowledged is there afterwards, what was not is there or not,
and nothing is there in halves.

Each client writes a history: what it asked for, and what it was told (ok, fail, or nothing: unknown). After
the restart the clients ask the server, and the database is read with nobody in between. When a check fails the
histories are written to a file, named in the failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sqlite3
import time
import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.faults.conftest import LONG, grid_server
from tests.support.server import RunningServer
from tests.support.spec_client import (
    Account,
    Address,
    ConnectionGone,
    Player,
    all_of,
    call,
    log_in,
    new_player,
    register,
    unique_name,
)

ROUNDS = 12 if LONG else 4
PLAYERS = 24
RATE = 500  # commands a second, all players together
BUSY_SECONDS = (1.0, 3.0)
GONE = (ConnectionGone, OSError, TimeoutError, EOFError, asyncio.IncompleteReadError)

Outcome = Literal["ok", "fail", "unknown"]


@dataclass
class Entry:
    """One thing asked of the server."""

    what: str
    message_id: str
    asked_at: float
    outcome: Outcome = "unknown"
    answer: dict[str, Any] = field(default_factory=dict)  # what it said: room, things carried, code


@dataclass
class History:
    """All that one client asked in one round, in order. One thing at a time: only the last can be unknown."""

    name: str
    room: str = ""  # by the last acknowledged move
    carried: frozenset[str] = frozenset()  # by the last acknowledged answer
    entries: list[Entry] = field(default_factory=list)

    def ask(self, what: str) -> Entry:
        entry = Entry(what, uuid.uuid4().hex, time.monotonic())
        self.entries.append(entry)
        return entry

    @property
    def unknown(self) -> Entry | None:
        last = self.entries[-1] if self.entries else None
        return last if last is not None and last.outcome == "unknown" else None

    def note(self, entry: Entry, data: dict[str, Any]) -> None:
        entry.outcome = "ok" if data["success"] else "fail"
        entry.answer = {"code": data["code"], "repeated": data["repeated"]}
        if data["success"]:
            if data["room_state"] is not None:
                self.room = entry.answer["room"] = data["room_state"]["id"]
            if data["inventory"] is not None:
                self.carried = names(data["inventory"])
                entry.answer["carried"] = sorted(self.carried)


def names(rows: list[dict[str, Any]]) -> frozenset[str]:
    return frozenset(row["name"] for row in rows)


class Busy:
    """A player who walks, takes, drops and gives without pause, at a share of the rate."""

    def __init__(self, player: Player, others: list[Player], chance: random.Random) -> None:
        self.player = player
        self.others = others
        self.chance = chance
        self.history = History(player.name)

        self.exits: list[str] = []
        self.lying: list[str] = []

    def start_round(self, state: dict[str, Any]) -> None:
        self.history = History(self.player.name, state["room"]["id"], names(state["player"]["inventory"]))
        self.exits = list(state["room"]["exits"])
        self.lying = [row["name"] for row in state["room"]["items"]]

    def choose(self) -> str:
        carried = sorted(self.history.carried)
        kind = self.chance.random()
        if kind < 0.5:
            return self.chance.choice(self.exits)
        if kind < 0.75 and self.lying:
            return f"get {self.chance.choice(self.lying).split()[-1]}"
        if kind < 0.9 and carried:
            return f"drop {self.chance.choice(carried).split()[-1]}"
        if carried:
            return f"give {self.chance.choice(carried).split()[-1]} to {self.chance.choice(self.others).name}"
        return self.chance.choice(self.exits)

    async def live(self, pause: float) -> None:
        """Until the line breaks."""
        player, history = self.player, self.history
        due = asyncio.get_running_loop().time()
        with contextlib.suppress(*GONE):
            while True:
                entry = history.ask(self.choose())
                data = await player.command(entry.what, message_id=entry.message_id, ok=None)
                history.note(entry, data)
                if data["room_state"] is not None:
                    self.exits = list(data["room_state"]["exits"])
                    self.lying = [row["name"] for row in data["room_state"]["items"]]
                elif entry.what.startswith("get") and entry.outcome == "fail":
                    self.lying = []
                due = max(due + pause, asyncio.get_running_loop().time() - 0.1)
                await asyncio.sleep(due - asyncio.get_running_loop().time())


class Newcomers:
    """People who register and make characters, one after another, until the line breaks."""

    def __init__(self, at: Address) -> None:
        self.at = at
        self.history = History("newcomers")
        self.made: list[tuple[Account, dict[str, Any]]] = []

    async def arrive(self) -> None:
        with contextlib.suppress(*GONE):
            while True:
                name = unique_name("Newcomer")
                entry = self.history.ask(f"register {name}")
                answer = await call(
                    self.at, "POST", "/api/auth/register", {"username": name, "password": "correct horse battery"}
                )
                if answer.status != 201:
                    entry.outcome, entry.answer = "fail", {"status": answer.status}
                    continue
                entry.outcome = "ok"
                account = Account(self.at, answer.json)
                named = unique_name("Newborn")
                entry = self.history.ask(f"create {named} of {name}")
                answer = await account.call("POST", "/api/characters", {"name": named})
                entry.outcome = "ok" if answer.status == 201 else "fail"
                if answer.status == 201:
                    self.made.append((account, answer.json))


class Rows:
    """What the database says, read while the server is down."""

    def __init__(self, data_dir: Path) -> None:
        with contextlib.closing(sqlite3.connect(f"file:{data_dir / 'mythgate.db'}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            self.integrity = db.execute("PRAGMA integrity_check").fetchone()[0]
            self.foreign = db.execute("PRAGMA foreign_key_check").fetchall()
            self.characters = {row["name"]: dict(row) for row in db.execute("SELECT * FROM characters")}
            self.accounts = {row["name"] for row in db.execute("SELECT name FROM accounts")}
            self.items = [dict(row) for row in db.execute("SELECT * FROM items")]


def keep(histories: list[History], folder: Path) -> Path:
    """Write the histories down, for whoever looks into a failure."""
    path = folder / f"histories-{int(time.time())}.json"
    path.write_text(
        json.dumps([asdict(history) | {"carried": sorted(history.carried)} for history in histories], indent=1)
    )
    return path


async def _come_back(player: Player) -> dict[str, Any]:
    """Resume as any client does: the restarted server knows no streams and says so."""
    await player.close()
    player.account = await log_in(player.account.at, player.account.username)
    player.inbox.mark()
    await player.connect(resume=True)
    reset = await player.inbox.expect("reset")
    assert reset["data"]["reason"] == "unknown_session"
    state: dict[str, Any] = (await player.inbox.expect("game_state"))["data"]
    return state


async def test_kill_nine_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    server = grid_server(tmp_path, things=4)
    await server.start()
    chance = random.Random(9)
    figures: list[str] = []
    try:
        at = Address.of(server.url)
        players = await all_of(new_player(at, stem="Busy") for _ in range(PLAYERS))
        busy = [Busy(player, [other for other in players if other is not player], chance) for player in players]
        states = [(await player.enter())["data"] for player in players]
        things = {item["template_id"] for item in Rows(server.data_dir).items}
        assert len(things) == 64
        newcomers: list[Newcomers] = []
        for number in range(ROUNDS):
            for one, state in zip(busy, states, strict=True):
                one.start_round(state)
            newcomer = Newcomers(at)
            newcomers.append(newcomer)
            tasks = [asyncio.create_task(one.live(PLAYERS / RATE)) for one in busy]
            tasks.append(asyncio.create_task(newcomer.arrive()))
            began = time.monotonic()
            await asyncio.sleep(chance.uniform(*BUSY_SECONDS) * (3 if LONG else 1))
            await server.kill()
            took = time.monotonic() - began
            await asyncio.gather(*tasks)
            histories = [*(one.history for one in busy), newcomer.history]
            try:
                states = await _check_round(server, busy, newcomers, things)
            except AssertionError as error:
                raise AssertionError(f"round {number}: {error}\nsee {keep(histories, tmp_path)}") from error
            outcomes = Counter(entry.outcome for history in histories for entry in history.entries)
            figures.append(
                f"{sum(outcomes.values()) / took:.0f}/s in {took:.1f} s: {dict(outcomes)}, "
                f"newcomers {len(newcomer.made)}, ready again in {server.ready['seconds']} s"
            )
        for player in players:
            await player.close()
        print("\n".join(figures))
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()


async def _check_round(
    server: RunningServer, busy: list[Busy], newcomers: list[Newcomers], things: set[str]
) -> list[dict[str, Any]]:
    """Everything that has to hold after one kill; returns the `game_state` each player came back to."""
    rows = Rows(server.data_dir)
    assert rows.integrity == "ok"
    assert not rows.foreign
    _check_things(rows, things)
    _check_histories(rows, busy)
    for newcomer in newcomers:
        for entry in newcomer.history.entries:
            kind, name = entry.what.split()[:2]
            known = rows.accounts if kind == "register" else rows.characters
            if entry.outcome == "ok":
                assert name in known, f"{name}: {kind} was acknowledged and is lost"
            elif entry.outcome == "fail":
                assert name not in known, f"{name}: {kind} was refused and happened"
    await server.start()
    states = await all_of(map(_come_back, (one.player for one in busy)))
    after = Rows(server.data_dir)
    for one, state in zip(busy, states, strict=True):
        row = after.characters[one.player.name]
        assert state["room"]["id"] == state["player"]["room_id"] == row["room_id"]
        assert {item["name"] for item in state["player"]["inventory"]} == carried_by(after, row["id"])
    await _check_rooms(busy, states)
    await _send_again(busy, states)
    final = [(await one.player.command("look"))["room_state"] | {} for one in busy]
    inventories = [(await one.player.command("inventory"))["inventory"] for one in busy]
    _check_things(Rows(server.data_dir), things)
    return [
        {"room": room, "player": {"inventory": inventory}} for room, inventory in zip(final, inventories, strict=True)
    ]


def carried_by(rows: Rows, character_id: str) -> set[str]:
    return {
        shown_name(item)
        for item in rows.items
        if item["holder_kind"] == "character" and item["holder_id"] == character_id
    }


def shown_name(item: dict[str, Any]) -> str:
    return f"a {item['template_id'].rpartition('/')[2].rpartition('.')[2]}"


def _check_things(rows: Rows, things: set[str]) -> None:
    """No thing is lost or there twice, and each has a holder that exists."""
    counts = Counter(item["template_id"] for item in rows.items)
    assert set(counts) == things
    assert max(counts.values()) == 1
    ids = {row["id"] for row in rows.characters.values()}
    for item in rows.items:
        assert item["holder_kind"] in ("room", "character")
        assert item["holder_kind"] == "room" or item["holder_id"] in ids


def _check_histories(rows: Rows, busy: list[Busy]) -> None:
    """Where everybody stands and what they carry is what they were told, but for what may have happened since
    without an answer: their own last command, and things others gave them."""
    given = {one.player.name: set[str]() for one in busy}
    for one in busy:
        for entry in one.history.entries:
            if entry.what.startswith("give") and entry.outcome in ("ok", "unknown"):
                given[entry.what.rpartition(" to ")[2]].add("a " + entry.what.split()[1])
    for one in busy:
        history, row = one.history, rows.characters[one.player.name]
        unknown = history.unknown
        walks = unknown is not None and unknown.what in ("north", "south", "east", "west")
        if not walks:
            assert row["room_id"] == history.room, f"{history.name} was told {history.room}"
        else:
            assert unknown is not None
            assert row["room_id"] in (history.room, beyond(history.room, unknown.what)), history.name
        carried = carried_by(rows, row["id"])
        mine, more = history.carried - carried, carried - history.carried
        may_lose = {f"a {unknown.what.split()[1]}"} if unknown and unknown.what.startswith(("drop", "give")) else set()
        may_gain = {f"a {unknown.what.split()[1]}"} if unknown and unknown.what.startswith("get") else set()
        assert mine <= may_lose, f"{history.name} lost {mine}"
        assert more <= may_gain | given[history.name], f"{history.name} has {more} from nowhere"


def beyond(room: str, direction: str) -> str:
    """The room next to one of the grid."""
    head, _, place = room.rpartition("_r")
    x, y = map(int, place.split("_"))
    dx, dy = {"east": (1, 0), "west": (-1, 0), "north": (0, -1), "south": (0, 1)}[direction]
    return f"{head}_r{x + dx}_{y + dy}"


async def _check_rooms(busy: list[Busy], states: list[dict[str, Any]]) -> None:
    """Everybody is seen in exactly one room: the one they stand in."""
    seen: Counter[str] = Counter()
    shown: dict[str, set[str]] = {}
    for one in busy:
        room = (await one.player.command("look"))["room_state"]
        shown[room["id"]] = {row["name"] for row in room["players"]}
    for people in shown.values():
        seen.update(people)
    assert seen == Counter({one.player.name: 1 for one in busy})
    for one, state in zip(busy, states, strict=True):
        assert one.player.name in shown[state["room"]["id"]]


async def _send_again(busy: list[Busy], states: list[dict[str, Any]]) -> None:
    """Whoever got no answer sends the same command again: it has the effect of one."""
    for one, state in zip(busy, states, strict=True):
        unknown = one.history.unknown
        if unknown is None:
            continue
        room = state["room"]["id"]
        again = await one.player.command(unknown.what, message_id=unknown.message_id, ok=None)
        now = (await one.player.command("look"))["room_state"]["id"]
        if unknown.what in ("north", "south", "east", "west"):
            if again["success"]:
                assert now == beyond(one.history.room, unknown.what), (one.history.name, unknown, room, again)
            if room != one.history.room:  # it had happened: once is enough
                assert again["repeated"] is True
        # The last acknowledged command is known to have been done: it, too, is not done again.
        done = next((entry for entry in reversed(one.history.entries) if entry.outcome == "ok"), None)
        if done is not None and done.what in ("north", "south", "east", "west"):
            repeat = await one.player.command(done.what, message_id=done.message_id, ok=None)
            assert repeat["success"] is True, repeat
            assert repeat["repeated"] is True
            assert (await one.player.command("look"))["room_state"]["id"] == now


async def test_a_restart_under_connected_clients_leaves_everybody_where_they_were(tmp_path: Path) -> None:
    server = grid_server(tmp_path, things=1)
    await server.start()
    try:
        at = Address.of(server.url)
        players = await all_of(new_player(at) for _ in range(12))
        chance = random.Random(4)
        places: dict[str, str] = {}
        for player in players:
            room = (await player.enter())["data"]["room"]
            for _ in range(chance.randrange(1, 6)):
                room = (await player.command(chance.choice(list(room["exits"]))))["room_state"]
            places[player.name] = room["id"]
            if room["items"]:
                await player.command(f"get {room['items'][0]['name'].split()[-1]}")
        carried = {player.name: names((await player.command("inventory"))["inventory"]) for player in players}
        last = {player.name: player.inbox.last_seq for player in players}
        await server.kill()
        codes = await asyncio.gather(*(player.wait_closed() for player in players))
        assert set(codes) == {None}, "kill -9 says nothing"
        await server.start()
        for player in players:  # the same access token: the key outlives the process, as the sessions do
            player.inbox.mark()
            await player.connect(resume=True)
            reset = await player.inbox.expect("reset")
            assert reset["data"]["last_seq"] == last[player.name]
            state = (await player.inbox.expect("game_state"))["data"]
            assert state["room"]["id"] == places[player.name]
            assert names(state["player"]["inventory"]) == carried[player.name]
        for player in players:
            await player.command("say and on we go")
            await player.fence()
            await player.close()
        assert await server.stop() == 0
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()


async def test_an_account_registered_right_before_the_kill_can_sign_in(tmp_path: Path) -> None:
    """The acknowledgement and the kill in the same instant, many times."""
    server = grid_server(tmp_path)
    try:
        for _ in range(20 if LONG else 5):
            await server.start()
            at = Address.of(server.url)
            account = await register(at)
            name = unique_name()
            character = await account.create_character(name)
            await server.kill()
            await server.start()
            again = await log_in(at, account.username)
            assert [row["id"] for row in again.signed_in["characters"]] == [character["id"]]
            await server.kill()
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()
