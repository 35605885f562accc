"""The examples of `docs/extending.md` work as they stand there."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.http import FAST_HASHES
from tests.support.pipe import Pipe
from tests.support.play import PlayKit

from mythgate.bootstrap import open_node
from mythgate.config import LobbiesSettings, Settings
from mythgate.domain import events, lobbies
from mythgate.domain.accounts import Role
from mythgate.domain.errors import InvalidInput
from mythgate.domain.ids import PlayId, SessionId
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.styles import plain
from mythgate.services import extensions, gamerooms, roomtypes
from mythgate.services.commands import exploring
from mythgate.services.commands.execute import CommandService
from mythgate.services.commands.registry import Registry
from mythgate.wire.envelope.render import json_envelope
from mythgate.wire.envelope.schema import bundle

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text("utf-8")


def example(containing: str) -> str:
    """The code block of the page that holds `containing`."""
    blocks: list[str] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    return next(block for block in blocks if containing in block)


async def test_a_text_command(kit: PlayKit) -> None:
    scope: dict[str, Any] = dict(vars(exploring))
    exec(compile(example("LISTEN ="), "docs/extending.md", "exec"), scope)
    registry = Registry([*kit.commands.registry.allowed(Role.OWNER), scope["LISTEN"]])
    commands = CommandService(kit.play, throttle=kit.throttle, registry=registry)
    ada = await kit.somebody("Ada")
    assert (await commands.execute(ada.character_id, "listen")).result == "Only your own breath."
    await kit.somebody("Bob")
    answer = await commands.execute(ada.character_id, "hark")
    assert answer.data == {"people": 1}
    assert "Hear who is about." in (await commands.execute(ada.character_id, "help listen")).result


def test_an_event(clock: FakeClock) -> None:
    scope: dict[str, Any] = dict(vars(events))
    try:
        exec(compile(example("class BellRung"), "docs/extending.md", "exec"), scope)
        event = events.event_of(scope["BellRung"](3), clock.now(), room_id="tower")
        assert b'"event_type":"bell_rung"' in json_envelope(1, event)
        assert b'"data":{"strokes":3}' in json_envelope(1, event)
    finally:
        events.CATALOGUE.pop("bell_rung", None)
    assert "bell_rung" not in bundle()["x-events"]


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The plug-in of the page, as a module that can be imported."""
    module = types.ModuleType("my_lobbies")
    scope = vars(module)
    scope.update({**vars(lobbies), **vars(roomtypes), **vars(extensions), "plain": plain, "__name__": module.__name__})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for start in ("class QuizLobby", "async def echo", "def plug_in"):
        exec(compile("from __future__ import annotations\n" + example(start), "docs/extending.md", "exec"), scope)
    return module


async def test_a_game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("my_counter")
    scope = vars(module)
    scope.update({**vars(lobbies), **vars(extensions), **vars(gamerooms), "InvalidInput": InvalidInput})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(
        compile("from __future__ import annotations\n" + example("class Counter("), "docs/extending.md", "exec"), scope
    )
    rooms = [{"name": "Count", "room_id": 40, "type": "counter"}]
    given: dict[str, Any] = {"data_dir": tmp_path, "passwords": FAST_HASHES, "plugins": [module.__name__]}
    async with open_node(Settings(**given, lobbies=LobbiesSettings.model_validate({"rooms": rooms}))) as node:
        services = node.services
        account = await services.accounts.create(OPERATOR, "Ada", "correct horse battery")
        listener = lobbies.lobby_listener(account.number)
        pipe = Pipe(node.lobby_hub)
        stream = node.lobby_hub.open(PlayId("play-ada"), listener, account.id, SessionId(""))
        node.lobby_hub.attach(stream, pipe)
        looks = lobbies.Looks("Ada")
        visitor = lobbies.Visitor(listener, account.number, "Ada", looks, "metaserver", "test", account.id)
        services.lobbies.enter(visitor, 40)
        with pytest.raises(InvalidInput, match="There is only: play up"):
            await services.lobbies.play(listener, "down")
        assert await services.lobbies.play(listener, "up") == "Ada, it is 1 now."
        await services.lobbies.say(listener, ".play up")
        node.lobby_hub._end_window()
        told = [event.payload for _, event in pipe.wire]
        assert [one.state["count"] for one in told if isinstance(one, events.LobbyPlayState)] == [0, 1, 2]
        assert [one.message for one in told if isinstance(one, events.LobbyMessage)] == ["Ada, it is 2 now."]
        await services.lobbies.settle()


async def test_a_plug_in_with_a_type_of_lobby(plug_in: types.ModuleType, tmp_path: Path) -> None:
    rooms = [{"name": "The Quiz", "room_id": 40, "type": "quiz", "options": {"question": "Why?", "answers": "5"}}]
    given: dict[str, Any] = {"data_dir": tmp_path, "passwords": FAST_HASHES, "plugins": [plug_in.__name__]}
    async with open_node(Settings(**given, lobbies=LobbiesSettings.model_validate({"rooms": rooms}))) as node:
        services = node.services
        quiz = services.lobbies.lobby(40)
        assert isinstance(quiz, plug_in.QuizLobby)
        assert (quiz.question, quiz.answers) == ("Why?", 5)
        changed = await services.lobbies.change(OPERATOR, 40, answers="7")
        assert changed == services.lobbies.lobby(40)
        assert isinstance(changed, plug_in.QuizLobby)
        assert changed.answers == 7
        with pytest.raises(InvalidInput, match="answers of a lobby is 1 or more"):
            await services.lobbies.change(OPERATOR, 40, answers=0)

        account = await services.accounts.create(OPERATOR, "Ada", "correct horse battery")
        listener = lobbies.lobby_listener(account.number)
        pipe = Pipe(node.lobby_hub)
        stream = node.lobby_hub.open(PlayId("play-ada"), listener, account.id, SessionId(""))
        node.lobby_hub.attach(stream, pipe)
        looks = lobbies.Looks("|bAda")
        visitor = lobbies.Visitor(listener, account.number, "Ada", looks, "metaserver", "test", account.id)
        services.lobbies.enter(visitor, 40)
        node.lobby_hub._end_window()
        told = [event.payload for _, event in pipe.wire]
        assert [one.message for one in told if isinstance(one, events.LobbyMessage)] == ["Why?"]
        await services.lobbies.settle()
