"""What two servers may answer differently without one of them being wrong: a table, which the report prints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Treatment(StrEnum):
    """What becomes of a field before answers are compared."""

    IGNORE = "not compared"
    PLAYER = "compared as the same player"
    ABOUT = "compared to within 5"
    COARSE = "compared as yes or no"


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field is compared; `*` as the field is the whole packet, as the packet it is any."""

    packet: str
    field: str
    treatment: Treatment
    why: str


_WORDS: Final = "each server has words of its own"
_OWN: Final = "each server has numbers and tokens of its own"
_DATA: Final = "it depends on data that only the other server has"

RULES: Final[tuple[Rule, ...]] = (
    Rule("keepalive", "*", Treatment.IGNORE, "each server asks in its own time"),
    Rule("session_key", "*", Treatment.IGNORE, _OWN),
    Rule("message_of_the_day", "*", Treatment.IGNORE, _WORDS),
    Rule("url", "*", Treatment.IGNORE, _WORDS),
    Rule("server_message", "message", Treatment.IGNORE, _WORDS),
    Rule("password_challenge", "salt_hex", Treatment.IGNORE, _OWN),
    Rule("user_successful_login", "token_hex", Treatment.IGNORE, _OWN),
    Rule("user_successful_login", "order_index", Treatment.IGNORE, _DATA),
    Rule("user_successful_login", "order_index_again", Treatment.IGNORE, _DATA),
    Rule(
        "room_login_successful", "maximum_players_per_room", Treatment.IGNORE, "a room has the size its operator gave"
    ),
    Rule("room_list", "host", Treatment.IGNORE, "each server has addresses of its own"),
    Rule("room_list", "port", Treatment.IGNORE, "each server has addresses of its own"),
    Rule("room_list", "player_count", Treatment.IGNORE, "who came past the shadow is not in ours"),
    Rule("room_list", "game_count", Treatment.IGNORE, "who came past the shadow is not in ours"),
    Rule("room_list", "room_type", Treatment.COARSE, "whose tournament it is the list does not say"),
    Rule("player_list", "room_id", Treatment.IGNORE, "no client reads it, and servers write what they like"),
    Rule("player_list", "ranking", Treatment.IGNORE, _DATA),
    Rule("player_list", "caste", Treatment.IGNORE, _DATA),
    Rule("player_list", "order", Treatment.IGNORE, _DATA),
    Rule("player_list", "flags", Treatment.IGNORE, _DATA),
    Rule("set_player_data_from_metaserver", "*", Treatment.IGNORE, _DATA),
    Rule("game_list", "game_id", Treatment.IGNORE, _OWN),
    Rule("game_list", "host", Treatment.IGNORE, "the host comes to each server from another address"),
    Rule("game_list", "seconds_remaining", Treatment.ABOUT, "the packets are not sent at the same instant"),
    Rule("player_info", "*", Treatment.IGNORE, _DATA),
    Rule("buddy_list", "*", Treatment.IGNORE, _DATA),
    Rule("order_list", "*", Treatment.IGNORE, _DATA),
    Rule("update_player_buddy_list", "*", Treatment.IGNORE, _DATA),
    Rule("update_order_member_list", "*", Treatment.IGNORE, _DATA),
    Rule("remote_hub_list", "*", Treatment.IGNORE, _DATA),
    Rule("proxy_client_join", "*", Treatment.IGNORE, _OWN),
    Rule("*", "user_id", Treatment.PLAYER, _OWN),
    Rule("*", "player_id", Treatment.PLAYER, _OWN),
    Rule("*", "target_player_id", Treatment.PLAYER, _OWN),
    Rule("*", "selected_player_id", Treatment.PLAYER, _OWN),
    Rule("*", "creating_player_id", Treatment.PLAYER, _OWN),
    Rule("*", "host_u32", Treatment.IGNORE, "the same address once more, as a number"),
    Rule("*", "player_data_length", Treatment.IGNORE, "it follows from the rest"),
    Rule("*", "game_data_size", Treatment.IGNORE, "it follows from the rest"),
    Rule("*", "length", Treatment.IGNORE, "it means nothing in talk"),
    Rule("*", "color", Treatment.IGNORE, "clients paint talk by themselves"),
)

_BY_FIELD: Final = {(rule.packet, rule.field): rule for rule in RULES}
TOLERANCE: Final = 5

LISTS: Final = {
    "room_list": ("rooms", ("room_id",)),
    "player_list": ("players", ("player_id",)),
    "game_list": ("games", ("creating_player_id",)),
    "game_search_result": ("games", ("creating_player_id",)),
    "player_search_list": ("players", ("player_id",)),
}
"""Packets that are lists: what their entries are called, and what tells one entry from another. Entries are compared
one by one, for a server may put them into packets as it likes."""

REPEATABLE: Final = frozenset({"player_list", "game_list", "room_list"})
"""Saying the same once more changes nothing."""


def rule_for(packet: str, field: str) -> Rule | None:
    """The rule for a field of a packet; the more special one."""
    return _BY_FIELD.get((packet, field)) or _BY_FIELD.get(("*", field))


def is_ignored(packet: str) -> bool:
    """Whether the packet is not compared at all."""
    return (packet, "*") in _BY_FIELD
