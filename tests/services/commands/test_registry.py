"""The table of commands: complete, without contradictions, and what words resolve to."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.accounts import Role
from mythgate.domain.errors import PermissionDenied, UnknownCommand
from mythgate.domain.textcommands import alias_name, read_line
from mythgate.domain.world import Direction
from mythgate.services.commands.registry import RATES, Command, RateClass, Registry
from mythgate.services.commands.table import REGISTRY

COMMANDS = REGISTRY.allowed(Role.OWNER)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.name)
def test_every_command_explains_itself(command: Command) -> None:
    assert command.usage.split()[0] == command.name
    assert command.summary.endswith((".", "!"))
    assert command.help
    assert len(command.summary) <= 70
    assert command.examples
    assert command.grammar.usage == command.usage


@pytest.mark.parametrize(
    ("command", "example"),
    [(command, example) for command in COMMANDS for example in command.examples],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_every_example_is_that_command_with_its_arguments(command: Command, example: str) -> None:
    line = read_line(example)
    assert REGISTRY.resolve(line.word, Role.OWNER) is command
    command.grammar.bind(line.rest)


def test_every_direction_is_a_command_long_and_short() -> None:
    for direction in Direction:
        assert REGISTRY.exact(direction.value) is REGISTRY.exact(direction.short) is not None


def test_rate_classes_have_rates() -> None:
    assert set(RATES) == set(RateClass) - {RateClass.PLAIN}


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("look", "look"),
        ("l", "look"),
        ("loo", "look"),
        ("inv", "inventory"),
        ("i", "inventory"),
        ("exam", "examine"),
        ("n", "north"),
        ("ne", "northeast"),
        ("u", "up"),
        ("g", "global"),
        ("afk", "away"),
        ("?", "help"),
        ("take", "get"),
        ("sh", "shout"),
    ],
)
def test_words_and_short_forms(typed: str, name: str) -> None:
    assert REGISTRY.resolve(typed, Role.PLAYER).name == name


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("loook", "look"), ("inventroy", "inventory"), ("whipser", "whisper"), ("nroth", "north"), ("taek", "take")],
)
def test_did_you_mean(typed: str, hint: str) -> None:
    with pytest.raises(UnknownCommand) as refused:
        REGISTRY.resolve(typed, Role.PLAYER)
    assert hint in refused.value.hint


def test_nonsense_points_to_help() -> None:
    with pytest.raises(UnknownCommand) as refused:
        REGISTRY.resolve("xyzzy", Role.PLAYER)
    assert refused.value.hint == "`help` lists them."


def test_a_word_too_short_lists_what_it_may_be() -> None:
    with pytest.raises(UnknownCommand) as refused:
        REGISTRY.resolve("wh", Role.PLAYER)
    assert "whisper or who" in refused.value.message


def test_leaving_is_not_done_by_half_a_word() -> None:
    with pytest.raises(UnknownCommand):
        REGISTRY.resolve("qui", Role.PLAYER)


def test_staff_commands_are_for_staff() -> None:
    for name in ("mute", "unmute", "kick", "announce"):
        with pytest.raises(PermissionDenied):
            REGISTRY.resolve(name, Role.PLAYER)
        assert REGISTRY.resolve(name, Role.MODERATOR).name == name
    assert "mute" not in REGISTRY.complete("mu", Role.PLAYER)
    with pytest.raises(UnknownCommand) as refused:
        REGISTRY.resolve("announec", Role.PLAYER)
    assert "announce" not in refused.value.hint


def test_completion() -> None:
    assert REGISTRY.complete("/LO", Role.PLAYER) == ["lobby", "lobbytell", "logout", "look", "lose"]
    assert REGISTRY.complete("mu", Role.MODERATOR) == ["mute"]


def test_a_word_stands_once() -> None:
    look = COMMANDS[0]
    with pytest.raises(ValueError, match="both"):
        Registry([look, dataclasses.replace(look, name="peer", usage="peer")])
    with pytest.raises(ValueError, match="usage"):
        Registry([dataclasses.replace(look, usage="peer")])


@given(st.text(max_size=30))
def test_any_word_resolves_or_is_refused(word: str) -> None:
    try:
        assert REGISTRY.resolve(word, Role.PLAYER).permission is None
    except UnknownCommand as refused:
        assert refused.hint
    except PermissionDenied:
        pass


def test_no_command_word_needs_more_than_an_alias_may_be_called() -> None:
    for command in COMMANDS:
        if command.name.isalpha():
            alias_name(command.name)
