"""The examples of `docs/extending.md` work as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.support.clock import FakeClock
from tests.support.play import PlayKit

from mythgate.domain import events
from mythgate.domain.accounts import Role
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
