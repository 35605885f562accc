"""The composition root ties lobbies to the hubs, to accounts and to moderation."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.http import FAST_HASHES
from tests.support.pipe import Pipe

from mythgate.bootstrap import CannotStart, Node, open_node
from mythgate.config import Settings
from mythgate.domain.accounts import Account, Role
from mythgate.domain.events import LobbyMessage, LobbyPlayerChanged
from mythgate.domain.ids import PlayId, SessionId
from mythgate.domain.lobbies import Family, Looks, Visitor, lobby_listener
from mythgate.domain.sessions import OPERATOR


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    given: dict[str, Any] = {"data_dir": tmp_path, "passwords": FAST_HASHES}
    async with open_node(Settings(**given)) as opened:
        yield opened
        await opened.services.lobbies.settle()


async def enter(node: Node, name: str) -> tuple[Account, Pipe]:
    """Somebody new in Arrival, as the metaserver's door does it."""
    account = await node.services.accounts.create(OPERATOR, name, "correct horse battery")
    listener = lobby_listener(account.number)
    pipe = Pipe(node.lobby_hub)
    stream = node.lobby_hub.open(PlayId(f"play-{name}"), listener, account.id, SessionId(""))
    node.lobby_hub.attach(stream, pipe)
    visitor = Visitor(listener, account.number, name, Looks(name), "metaserver", "test", account.id, Family.MARATHON)
    node.services.lobbies.enter(visitor, 26)
    return account, pipe


async def test_a_disabled_account_is_shown_out(node: Node) -> None:
    account, pipe = await enter(node, "Ada")
    await node.services.accounts.disable(OPERATOR, account.id)
    assert pipe.closed == 4501
    assert node.services.lobbies.everybody() == []


async def test_so_is_a_banned_one_whose_log_ins_end_besides(node: Node) -> None:
    account, pipe = await enter(node, "Ada")
    signed_in = await node.services.sessions.open(account, "metaserver", "192.0.2.1", "test")
    ended: list[SessionId] = []
    node.services.sessions.on_revoked(ended.append)
    await node.services.moderation.ban(OPERATOR, account.id, 1)
    assert pipe.closed == 4501
    assert ended == [signed_in.caller.session_id]


async def test_a_mute_and_a_new_role_reach_lobbies(node: Node) -> None:
    account, pipe = await enter(node, "Ada")
    await node.services.moderation.mute(OPERATOR, account.id, None)
    await node.services.accounts.set_role(OPERATOR, account.id, Role.MODERATOR)
    node.lobby_hub._end_window()
    told = [event.payload for _, event in pipe.wire]
    lines = [payload.message for payload in told if isinstance(payload, LobbyMessage)]
    assert lines[0] == "Welcome to Mythgate."
    assert re.fullmatch(r"You are muted until it is lifted\. Appeal with the code [0-9A-Z]{4}-[0-9A-Z]{4}\.", lines[1])
    assert len(lines) == 2
    assert [payload.player.role for payload in told if isinstance(payload, LobbyPlayerChanged)] == ["moderator"]


async def test_a_line_that_is_lost_ends_the_stream_with_the_next_tick(node: Node) -> None:
    account, pipe = await enter(node, "Ada")
    stream = node.lobby_hub.stream_of(lobby_listener(account.number))
    assert stream is not None
    node.lobby_hub.detach(stream, pipe)
    assert node.services.lobbies.everybody() == []
    node.hubs.tick()
    assert stream.ended


async def test_the_lobbies_are_those_of_the_settings(tmp_path: Path) -> None:
    rooms = [{"name": "Shoal", "room_id": 4, "ranked": True, "family": "myth2", "capacity": 50}]
    given: dict[str, Any] = {"data_dir": tmp_path, "passwords": FAST_HASHES, "lobbies": {"rooms": rooms}}
    async with open_node(Settings(**given)) as node:
        (lobby,) = node.services.lobbies.lobbies()
        assert (lobby.name, lobby.ranked, lobby.family, lobby.capacity) == ("Shoal", True, Family.MYTH2, 50)


@pytest.mark.parametrize(
    ("rooms", "fault"),
    [
        ([{"name": "A", "room_id": 1}, {"name": "B", "room_id": 1}], "room_id 1 stands twice"),
        ([{"name": "A", "room_id": 1, "min_caste": 5, "max_caste": 4}], "max_caste must not be below min_caste"),
        ([{"name": "★★", "room_id": 1}], "must be something with Latin letters or digits"),
        ([{"name": "", "room_id": 1}], "at least 1 character"),
        ([{"name": "A", "room_id": 40000}], "less than or equal to 32767"),
    ],
)
def test_lobbies_that_make_no_sense(rooms: list[dict[str, Any]], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        Settings(lobbies={"rooms": rooms})


async def test_a_tournament_lobby_announces_and_the_tournament_begins(tmp_path: Path) -> None:
    start = datetime.now(UTC) + timedelta(hours=1)
    options = {"prize_pool": 100, "prize_shares": [70, 30], "start_time": start.isoformat(), "min_players": 2}
    rooms = [
        {"name": "Cup Hall", "room_id": 5, "tournament": 1, "type": "tournament", "options": options},
        {"name": "Arrival", "room_id": 26},
        {"name": "Crows Bridge", "room_id": 9, "family": "myth"},
    ]
    given: dict[str, Any] = {"data_dir": tmp_path, "passwords": FAST_HASHES, "lobbies": {"rooms": rooms}}
    async with open_node(Settings(**given)) as node:
        services = node.services
        ada, pipe = await enter(node, "Ada")
        for _ in range(2):
            await services.extensions.room_types.tick()
        node.lobby_hub._end_window()
        told = [event.payload.message for _, event in pipe.wire if isinstance(event.payload, LobbyMessage)]
        assert sum(".tournaments join 1" in line for line in told) == 1
        (view,) = await services.tournaments.all()
        cup = view.tournament
        assert (cup.name, cup.slot, cup.room_id, cup.starts_at) == ("Cup Hall", 1, 5, start)
        assert (cup.prize_pool, cup.prize_shares, cup.min_players) == (100, (70, 30), 2)

        await services.tournaments.cancel(OPERATOR, cup.number)  # it is announced once, whatever becomes of it
        await services.extensions.room_types.tick()
        assert await services.tournaments.all() == []
        later = start + timedelta(days=1)
        await services.lobbies.change(OPERATOR, 5, start_time=later)
        await services.extensions.room_types.tick()
        (view,) = await services.tournaments.all()
        assert view.tournament.starts_at == later
        await services.lobbies.change(OPERATOR, 5, start_time=None)
        await services.extensions.room_types.tick()
        assert len(await services.tournaments.all()) == 1

        # It begins once both are met: the time, and enough of those who signed up.
        number = view.tournament.number
        await services.tournaments.sign_up(ada.id, number)
        await services.tournaments.start(OPERATOR, number)
        await services.lobbies.settle()
        services.lobbies.enter(services.lobbies.require(lobby_listener(ada.number)).visitor, 5)
        assert await services.tournaments.tick() == []
        bob, _ = await enter(node, "Bob")
        await services.tournaments.sign_up(bob.id, number)
        await services.lobbies.settle()
        services.lobbies.enter(services.lobbies.require(lobby_listener(bob.number)).visitor, 5)
        assert [one.state.value for one in await services.tournaments.tick()] == ["running"]
        await services.lobbies.settle()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"plugins": ["no.such.module"]}, "The plug-in no.such.module cannot be used: ModuleNotFoundError"),
        ({"plugins": ["mythgate.domain.chat"]}, "The plug-in mythgate.domain.chat cannot be used: AttributeError"),
        ({"lobbies": {"rooms": [{"name": "A", "room_id": 1, "type": "grand"}]}}, "no such type of lobby"),
        ({"lobbies": {"rooms": [{"name": "A", "room_id": 1, "options": {"size": 3}}]}}, "Lobby 1 does not fit"),
    ],
)
async def test_extensions_that_do_not_fit(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"data_dir": tmp_path, "passwords": FAST_HASHES, **changes}
    with pytest.raises(CannotStart, match=words):
        async with open_node(Settings(**given)):
            pass
