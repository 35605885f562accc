"""A part of the composition root: settings that are put into force while the server runs.

What is not in `APPLIERS` is read once, at the start: ports, folders, the database, whatever others have built upon.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ValidationError

from mythgate.config import Settings
from mythgate.domain.errors import InvalidInput, NotFound, Refused
from mythgate.services.accounts import AccountPolicy
from mythgate.services.ports import Rate
from mythgate.services.secondfactor import SecondFactorPolicy
from mythgate.services.settings import AT_RUN_TIME, Overrides, Setting
from mythgate.settingrows import plain_value, setting_rows, variable_of

if TYPE_CHECKING:
    from mythgate.bootstrap import Node

log = logging.getLogger(__name__)

Applier = Callable[["Node", Settings], None]
"""Has a part of the server go by the settings from now on."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "telemetry.log_level": "`mythgate log level` changes it, for all or for one logger.",
    "lobbies.rooms": "`mythgate lobby` changes the lobbies.",
    "world.packs": "`mythgate world reload` reads the packs again.",
}
"""What can be changed at run time in another way."""


def account_policy(settings: Settings) -> AccountPolicy:
    """What the settings say about accounts."""
    limits = settings.limits
    return AccountPolicy(
        registration_open=settings.sessions.registration == "open",
        guests=settings.sessions.guests,
        password_min_length=settings.passwords.min_length,
        password_max_length=settings.passwords.max_length,
        game_passwords_only=settings.passwords.game_passwords_only,
        failures_per_account=Rate(limits.logins_per_account, limits.login_pause),
        failures_per_address=Rate(limits.logins_per_address, limits.login_address_pause),
        registrations_per_address=Rate(limits.registrations_per_address, limits.registration_window),
    )


def _accounts(node: Node, settings: Settings) -> None:
    node.services.accounts.adopt(account_policy(settings))


def _guests(node: Node, settings: Settings) -> None:
    _accounts(node, settings)
    _lobbies(node, settings)
    for rules in node.services.why.doors.values():
        if hasattr(rules, "admits_guests"):
            rules.admits_guests = settings.sessions.guests


def _lobbies(node: Node, settings: Settings) -> None:
    lobbies = node.services.lobbies
    lobbies.policy = replace(
        lobbies.policy,
        characters=settings.limits.chat_characters,
        action_interval=settings.lobbies.action_interval,
        empty_timeout=settings.lobbies.empty_timeout,
        guests=settings.sessions.guests,
    )


def _talk(node: Node, settings: Settings) -> None:
    node.services.chat.policy = replace(node.services.chat.policy, characters=settings.limits.chat_characters)
    _lobbies(node, settings)


def _commands(node: Node, settings: Settings) -> None:
    commands = node.services.commands
    commands.policy = replace(commands.policy, line_characters=settings.limits.command_characters)
    _connections(node, settings)


def _connections(node: Node, settings: Settings) -> None:
    for adopt in node.adopters:
        adopt(settings)


def second_factor_policy(settings: Settings) -> SecondFactorPolicy:
    """What the settings say about the second factor."""
    admin = settings.admin
    return SecondFactorPolicy(required=admin.second_factor == "required", lasts=admin.second_factor_lasts)


def _second_factor(node: Node, settings: Settings) -> None:
    node.services.second_factor.policy = second_factor_policy(settings)  # `catch_up` tells the database


def _rooms(node: Node, settings: Settings) -> None:
    world = node.services.world
    world.policy = replace(world.policy, room_capacity=settings.world.room_capacity)


APPLIERS: Final[Mapping[str, Applier]] = {
    "admin.second_factor": _second_factor,
    "admin.second_factor_lasts": _second_factor,
    "sessions.registration": _accounts,
    "sessions.guests": _guests,
    "passwords.min_length": _accounts,
    "passwords.game_passwords_only": _accounts,
    "limits.logins_per_account": _accounts,
    "limits.login_pause": _accounts,
    "limits.logins_per_address": _accounts,
    "limits.login_address_pause": _accounts,
    "limits.registrations_per_address": _accounts,
    "limits.registration_window": _accounts,
    "limits.chat_characters": _talk,
    "limits.command_characters": _commands,
    "limits.connections": _connections,
    "limits.connections_per_address": _connections,
    "limits.other_connections": _connections,
    "limits.unauthenticated": _connections,
    "limits.joins_per_account": _connections,
    "limits.commands_per_second": _connections,
    "limits.command_burst": _connections,
    "limits.flood_mute": _connections,
    "lobbies.action_interval": _lobbies,
    "lobbies.empty_timeout": _lobbies,
    "world.room_capacity": _rooms,
    "metaserver.connections": _connections,
    "metaserver.connections_per_address": _connections,
    "metaserver.newcomers": _connections,
    "metaserver.packets_per_second": _connections,
    "metaserver.packet_burst": _connections,
    "metaserver.minimum_build": _connections,
    "metaserver.test_hosts": _connections,
}
"""What can be changed at run time, and who has to hear of it."""


class LiveSettings:
    """Fulfils `services.settings.SettingBook` for a node, whose `settings` are always those in force."""

    def __init__(self, base: Settings) -> None:
        self._base = base
        self._overrides: Overrides = {}
        self.node: Node | None = None

    @property
    def _current(self) -> Settings:
        return self._base if self.node is None else self.node.settings

    def rows(self) -> Sequence[Setting]:
        found = []
        for row in setting_rows(self._base):
            obstacle = _obstacle(row.name, row.origin)
            changed = row.name in self._overrides and not obstacle
            value = _value_in(self._current, row.name) if changed else row.value
            found.append(
                Setting(
                    name=row.name,
                    value=plain_value(value),
                    origin=AT_RUN_TIME if changed else row.origin,
                    description=row.description,
                    is_changeable=not obstacle,
                    obstacle=obstacle,
                )
            )
        return found

    def checked(self, name: str, value: Any) -> Any:
        row = next((one for one in setting_rows(self._base) if one.name == name), None)
        if row is None:
            raise NotFound(f"There is no setting {name[:60]}.", hint="`mythgate config show` lists them.")
        obstacle = _obstacle(row.name, row.origin)
        if obstacle:
            raise InvalidInput(f"{name} cannot be changed while the server runs.", field=name, hint=obstacle)
        return plain_value(_value_in(_with(self._current, name, value), name))

    def apply(self, overrides: Overrides) -> None:
        before, settings = self._current, self._base
        origins = {row.name: row.origin for row in setting_rows(self._base)}
        kept: dict[str, Any] = {}
        for name, value in overrides.items():
            if name not in APPLIERS or _obstacle(name, origins.get(name, "")):
                continue  # of another version, or fixed on the machine since
            try:
                settings, kept[name] = _with(settings, name, value), value
            except Refused as refused:
                log.warning("setting does not fit any more", extra={"setting": name, "reason": refused.message})
        self._overrides = kept
        if self.node is None:
            return
        self.node.settings = settings
        changed = [name for name in APPLIERS if _value_in(before, name) != _value_in(settings, name)]
        for applier in dict.fromkeys(APPLIERS[name] for name in changed):
            applier(self.node, settings)
        for name in changed:
            log.info("setting changed", extra={"setting": name, "value": str(plain_value(_value_in(settings, name)))})


def _obstacle(name: str, origin: str) -> str:
    """Why a setting cannot be changed at run time; empty if it can."""
    if name not in APPLIERS:
        return ELSEWHERE.get(name, "Change it in the settings file, and start the server again.")
    if variable_of(name) in {key.upper() for key in os.environ}:
        return f"The environment variable {variable_of(name)} fixes it."
    if origin == "flag":
        return "It was given as a flag when the server was started."
    return ""


def _value_in(settings: Settings, name: str) -> Any:
    found: Any = settings
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _with(settings: Settings, name: str, value: Any) -> Settings:
    """The settings with another value, which the model has checked. Raises InvalidInput."""
    part, _, field = name.rpartition(".")
    section: BaseModel = _value_in(settings, part)
    given = {one: getattr(section, one) for one in type(section).model_fields}
    try:
        checked = type(section)(**{**given, field: value})
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        words = problem["msg"].removeprefix("Value error, ")
        raise InvalidInput(f"{name} cannot be that: {words}.", field=name) from None
    # Of the section only this field counts as chosen by somebody.
    changed = section.model_copy(update={field: getattr(checked, field)})
    return settings.model_copy(update={part: changed})
