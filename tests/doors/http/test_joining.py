"""Joining while somebody else ends it: no ghosts, no half-open connections, and the reason is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from tests.support.http import Site, site
from tests.support.pipe import Pipe
from tests.support.playground import playground, token_protocols

from mythgate.domain.accounts import Role
from mythgate.domain.errors import SessionEnded, Unavailable
from mythgate.domain.events import Disconnect
from mythgate.domain.ids import AccountId, CharacterId, PlayId
from mythgate.domain.sessions import OPERATOR, Caller
from mythgate.doors.http.play import PlayDoor

PLAY = PlayId("play-session")
Ending = Callable[[Site, Caller, CharacterId], Awaitable[None]]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


async def somebody(place: Site, name: str = "Alric") -> tuple[Caller, CharacterId]:
    token: str = (await place.register(name))["access_token"]
    answer = await place.post("/api/characters", {"name": name}, token=token)
    caller = await place.node.services.sessions.authenticate(token)
    return caller, CharacterId(answer.json["id"])


async def log_out(place: Site, caller: Caller, character_id: CharacterId) -> None:
    del character_id
    await place.node.services.accounts.logout(caller)


async def delete_character(place: Site, caller: Caller, character_id: CharacterId) -> None:
    await place.node.services.characters.delete(caller, character_id)


async def delete_account(place: Site, caller: Caller, character_id: CharacterId) -> None:
    del character_id
    await place.node.services.accounts.delete(OPERATOR, caller.account_id)


async def disable_account(place: Site, caller: Caller, character_id: CharacterId) -> None:
    del character_id
    await place.node.services.accounts.disable(OPERATOR, caller.account_id)


def during_entering(place: Site, monkeypatch: pytest.MonkeyPatch, ending: Callable[[], Awaitable[object]]) -> None:
    """Let `ending` happen after the rows were read and before the character is in the world."""
    history = place.node.services.presence._history
    recent = history.recent

    async def meanwhile(*arguments: object) -> object:
        monkeypatch.setattr(history, "recent", recent)
        await ending()
        return await recent(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(history, "recent", meanwhile)


async def nobody_is_left(place: Site, character_id: CharacterId) -> None:
    node = place.node
    assert node.presences.get(character_id) is None
    assert node.hub.stream_of(character_id) is None
    assert list(node.hub.topics()) == []
    assert await node.services.presence.check() == []


@pytest.mark.parametrize(
    ("ending", "code"),
    [(log_out, 4501), (delete_character, 4504), (delete_account, 4501), (disable_account, 4501)],
)
async def test_who_is_ended_while_entering_hears_why_and_is_not_there(
    place: Site, monkeypatch: pytest.MonkeyPatch, ending: Ending, code: int
) -> None:
    caller, character_id = await somebody(place)
    during_entering(place, monkeypatch, lambda: ending(place, caller, character_id))
    door: PlayDoor = place.app.state.play
    pipe = Pipe(place.node.hub)
    await door.join(caller, character_id, PLAY, None, pipe, "test")
    assert pipe.closed == code
    _, farewell = pipe.wire[-1]
    assert isinstance(farewell.payload, Disconnect)
    assert farewell.payload.code == code
    await nobody_is_left(place, character_id)


async def test_who_is_removed_while_taking_over_hears_why(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    caller, character_id = await somebody(place)
    moderator, _ = await somebody(place, "Berit")
    await place.node.services.accounts.set_role(OPERATOR, AccountId(moderator.account_id), Role.MODERATOR)
    door: PlayDoor = place.app.state.play
    await door.join(caller, character_id, PLAY, None, Pipe(place.node.hub), "test")
    during_entering(place, monkeypatch, lambda: place.node.services.presence.kick(moderator, character_id))
    pipe = Pipe(place.node.hub)
    await door.join(caller, character_id, PlayId("another-session"), None, pipe, "test")
    assert pipe.closed == 4506
    await nobody_is_left(place, character_id)


async def test_who_is_ended_while_resuming_hears_why(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    caller, character_id = await somebody(place)
    door: PlayDoor = place.app.state.play
    await door.join(caller, character_id, PLAY, None, Pipe(place.node.hub), "test")
    during_entering(place, monkeypatch, lambda: log_out(place, caller, character_id))
    pipe = Pipe(place.node.hub)
    await door.join(caller, character_id, PLAY, 999, pipe, "test")
    kinds = [event.payload.event_type for _, event in pipe.wire]
    assert (kinds[0], kinds[-1]) == ("reset", "disconnect")
    assert "game_state" not in kinds
    assert pipe.closed == 4501
    await nobody_is_left(place, character_id)


async def test_who_is_signed_out_before_the_stream_is_open_does_not_get_one(
    place: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, character_id = await somebody(place)
    presence = place.node.services.presence
    choose = presence.choose

    async def slowly(*arguments: object) -> object:
        await place.node.services.accounts.logout(caller)
        return await choose(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(presence, "choose", slowly)
    pipe = Pipe(place.node.hub)
    with pytest.raises(SessionEnded):
        await place.app.state.play.join(caller, character_id, PLAY, None, pipe, "test")
    assert pipe.outbox is None
    await nobody_is_left(place, character_id)


async def test_the_check_removes_who_has_no_stream(place: Site) -> None:
    caller, character_id = await somebody(place)
    await place.app.state.play.join(caller, character_id, PLAY, None, Pipe(place.node.hub), "test")
    stream = place.node.hub.stream_of(character_id)
    assert stream is not None
    place.node.hub._end(stream, None, reason="lost", tell=False)
    assert await place.node.services.presence.check() == [f"{character_id} is present and has no stream"]
    await nobody_is_left(place, character_id)


async def test_a_failed_resume_leaves_nothing_attached(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    caller, character_id = await somebody(place)
    door: PlayDoor = place.app.state.play
    first = Pipe(place.node.hub, exclusive=False)
    stream = await door.join(caller, character_id, PLAY, None, first, "test")

    async def fail() -> None:
        raise Unavailable

    during_entering(place, monkeypatch, fail)
    pipe = Pipe(place.node.hub, exclusive=False)
    with pytest.raises(Unavailable):
        await door.join(caller, character_id, PLAY, 999, pipe, "test")
    assert pipe.closed is None  # the door says why and closes
    assert pipe.outbox not in stream.outboxes
    assert first.closed == 4429
    await nobody_is_left(place, character_id)
    again = Pipe(place.node.hub)
    await door.join(caller, character_id, PLAY, 999, again, "test")
    assert [event.payload.event_type for _, event in again.wire][:2] == ["reset", "game_state"]


@pytest.mark.parametrize("query", ["&last_seq=999", "2"])
async def test_a_client_whose_entering_fails_hears_an_error(monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    async with playground() as ground, aiohttp.ClientSession() as http:
        url = ground.url("/api/ws?session_id=session-ann")
        first = await http.ws_connect(url, protocols=token_protocols("ann"))
        await first.receive_json()

        async def fail(*_: object, **__: object) -> None:
            raise Unavailable

        monkeypatch.setattr(ground.game, "enter", fail)
        again = await http.ws_connect(url + query, protocols=token_protocols("ann"))
        kinds = []
        while (message := await again.receive()).type is aiohttp.WSMsgType.TEXT:
            kinds.append(message.json()["event_type"])
        assert kinds[-2:] == ["error", "disconnect"]
        assert again.close_code == 4429
        assert list(ground.hub.streams()) == []
        assert ground.game.present == {}
        await first.close()
