"""What the terminal client knows of where its player is, and how it words it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mythgate.client.connection import Event

_ARTICLE: Final = re.compile(r"^(an?|the|some)\s+", re.IGNORECASE)
_STATUS_WORDS: Final = {"linkdead": "lost connection"}


class Surroundings:
    """The player, the room they are in and the names that can be typed there, as far as events told."""

    def __init__(self) -> None:
        self.own_id = ""
        self.room: dict[str, Any] = {}
        self.commands: Sequence[str] = ()
        self._inventory: list[dict[str, Any]] = []

    def hear(self, event: Event) -> None:
        """Learn from an event, or from the answer to a command."""
        kind, data = event["event_type"], event["data"]
        elsewhere = event.get("room_id") not in (None, self.room.get("id"))
        if kind == "game_state":
            self.own_id = data["player"]["id"]
            self._inventory = data["player"]["inventory"]
            self.room = data["room"]
        elif kind == "room_update":
            self.room = data["room"]
        elif kind == "command_response":
            self.room = data.get("room_state") or self.room
            if data.get("inventory") is not None:
                self._inventory = data["inventory"]
        elif kind == "inventory_update":
            self._inventory = data["items"]
        elif kind == "room_occupants" and not elsewhere:
            self.room = self.room | {"players": data["players"], "npcs": data["npcs"]}
        elif kind == "room_items" and not elsewhere:
            self.room = self.room | {"items": data["items"]}

    def completions(self, line: str, begin: int) -> list[str]:
        """What the word of `line` that starts at `begin` may become; names of several words go on from there."""
        if not line[:begin].strip():
            word = line[begin:].casefold()
            return sorted({name for name in (*self.commands, *self._ways()) if name.casefold().startswith(word)})
        tail = line.lstrip().partition(" ")[2].lstrip()
        shift = len(line) - len(tail)
        for start in [0, *(match.end() for match in re.finditer(r"\s+", tail))]:
            if shift + start > begin:
                break
            wanted = tail[start:].casefold()
            # Any word of a name may stand for it: "pear" for "a speckled pear".
            ends = (name[match.start() :] for name in self._names() for match in re.finditer(r"\b\w", name))
            found = {end for end in ends if end.casefold().startswith(wanted)} if wanted else self._names()
            if found:
                return sorted(name[begin - shift - start :] for name in found)
        return []

    def _ways(self) -> list[str]:
        return [way["direction"] for way in self.room.get("ways", ())]

    def _names(self) -> set[str]:
        room = self.room
        rows = [row for kind in ("players", "npcs", "items", "fixtures") for row in room.get(kind, ())]
        named = (row["name"] for row in (*rows, *self._inventory) if row["id"] != self.own_id)
        return {_ARTICLE.sub("", name) for name in named} | set(self._ways())


def place_text(room: dict[str, Any], own_id: str) -> str:
    """What a place is like, what lies there, who is there and the ways out, as the server tells whoever walks in."""
    lines = [room["description"]]
    lines += [_thing(item) for item in room["items"]]
    lines += [npc.get("summary") or f"{_sentence_start(npc['name'])} is here." for npc in room["npcs"]]
    lurking = [f"{one['name']} (level {one['level']})" for one in room.get("creatures", ())]
    if lurking:
        lines.append(f"Lurking here: {_enumerated(lurking)}.")
    others = [_person(one) for one in room["players"] if one["id"] != own_id]
    if others:
        lines.append(f"{_enumerated(others)} {'is' if len(others) == 1 else 'are'} here.")
    ways = [_way(way) for way in room["ways"]]
    lines.append(f"Ways: {', '.join(ways)}." if ways else "There is no way out that you can see.")
    return "\n".join(line for line in lines if line)


def _way(way: dict[str, Any]) -> str:
    sign = f" to {way['name']}" if way.get("signed") else ""
    return f"{way['direction']}{sign}{' (locked)' if way.get('locked') else ''}"


def in_plain_words(text: str) -> str:
    """The server's own lines about a place, with the words people read for a status."""
    for status, word in _STATUS_WORDS.items():
        text = text.replace(f"({status})", f"({word})")
    return text


def coming_text(data: dict[str, Any]) -> str:
    """Of `player_entered`: `direction` is where they come from; without one the server's words stand."""
    name, direction = data["player_name"], data.get("direction")
    if not direction:
        return str(data["message"])
    origin = {"up": "above", "down": "below"}.get(direction, f"the {direction}")
    return f"{name} comes in from {origin}."


def leaving_text(data: dict[str, Any]) -> str:
    """Of `player_left`: `direction` is where they go; without one the server's words stand."""
    name, direction = data["player_name"], data.get("direction")
    if not direction:
        return str(data["message"])
    return f"{name} leaves, going {direction}." if direction in ("up", "down") else f"{name} leaves to the {direction}."


def reset_text(data: dict[str, Any], heard_at: datetime | None) -> str:
    """What a reset means to the player, of whom nobody asks to know about sessions.

    `heard_at` is when the server last said something. However it ended, one that was started later is another.
    """
    started_at = data.get("started_at")
    if started_at and heard_at is not None and datetime.fromisoformat(started_at) > heard_at:
        return "The server was started again."
    if data["reason"] in ("too_old", "overflow"):
        return "You are back. Too much happened meanwhile to tell it all."
    return "You are back."


def _thing(item: dict[str, Any]) -> str:
    text = str(item.get("summary") or item["name"])
    return text if item.get("count", 1) == 1 else f"{text} (×{item['count']})"


def _person(one: dict[str, Any]) -> str:
    status = one.get("status", "online")
    return str(one["name"]) if status == "online" else f"{one['name']} ({_STATUS_WORDS.get(status, status)})"


def _enumerated(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _sentence_start(text: str) -> str:
    return text[:1].upper() + text[1:]
