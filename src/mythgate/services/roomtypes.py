"""Types of lobbies: a dataclass that says what an operator may set, and a handler that does what is special.

The plain `Lobby` is one, `TournamentLobby` another. To add one, write a class below each of `Lobby` and `RoomHandler`
and hand both to `RoomTypes.add`, from a plug-in (`services.extensions`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from mythgate.domain.errors import InvalidInput, NoGame, NotFound, Refused, Unavailable
from mythgate.domain.lobbies import Family, Lobby, Occupant, checked

if TYPE_CHECKING:
    from mythgate.services.all import Services

log = logging.getLogger(__name__)


class RoomHandler:
    """What lobbies of one type do besides. There is one handler for all lobbies of its type; what it does not
    override does nothing."""

    def __init__(self, services: Services) -> None:
        self.services: Final = services

    def entered(self, lobby: Lobby, occupant: Occupant) -> None:
        """Somebody came in; all others have been told."""

    def leaving(self, lobby: Lobby, occupant: Occupant) -> None:
        """Somebody is about to be gone."""

    def shown(self, lobby: Lobby, occupant: Occupant) -> None:
        """Somebody was just told all of the lobby: they are coming in, or came back to the page."""

    async def moved(self, lobby: Lobby, occupant: Occupant, move: str) -> str:
        """Somebody makes a move in what is played there. Returns what they are told."""
        del occupant, move
        raise _nothing_played(lobby)

    async def tick(self, lobby: Lobby) -> None:
        """A second has passed, or a little more."""


class RoomTypes:
    """The types of lobbies there are, by name."""

    def __init__(self) -> None:
        self._lobbies: dict[str, type[Lobby]] = {Lobby.type_name: Lobby}
        self._handlers: dict[str, Callable[[Services], RoomHandler]] = {}
        self._running: dict[str, RoomHandler] = {}
        self._services: Services | None = None
        self._refused: dict[int, str] = {}  # what lobbies could not do when they were last asked, by number

    def add(self, lobby: type[Lobby], handler: Callable[[Services], RoomHandler]) -> None:
        """Have one more type, called as `lobby.type_name` says. Raises ValueError if there is one of that name."""
        if lobby.type_name in self._lobbies:
            raise ValueError(f"there is a type of lobby called {lobby.type_name} already")
        self._lobbies[lobby.type_name] = lobby
        self._handlers[lobby.type_name] = handler

    def names(self) -> list[str]:
        """Sorted."""
        return sorted(self._lobbies)

    # --- making lobbies ----------------------------------------------------------------------------------

    def make(self, type_name: str, values: Mapping[str, Any]) -> Lobby:
        """A lobby of a type. Times may be text. Raises InvalidInput that names the field."""
        kind = self._lobbies.get(type_name)
        if kind is None:
            raise InvalidInput(
                "There is no such type of lobby.", field="type", hint=f"There are: {', '.join(self.names())}."
            )
        known = {one.name for one in fields(kind)}
        for name in values:
            if name not in known:
                raise InvalidInput(f"A lobby of type {type_name} has no {name}.", field=name)
        return checked(_built(kind, values))

    def changed(self, lobby: Lobby, changes: Mapping[str, Any]) -> Lobby:
        """A lobby with other values. Raises as `make`."""
        return self.make(lobby.type_name, {one.name: getattr(lobby, one.name) for one in fields(lobby)} | dict(changes))

    # --- keeping them ------------------------------------------------------------------------------------

    def row_of(self, lobby: Lobby) -> dict[str, Any]:
        """A lobby as JSON can keep it."""
        row = {one.name: getattr(lobby, one.name) for one in fields(lobby)}
        row = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
        return {**row, "type": lobby.type_name}

    def from_row(self, row: Mapping[str, Any]) -> Lobby:
        """What `row_of` kept. Fields of a later version, and of a type that is not there any more, are passed over."""
        kind = self._lobbies.get(row.get("type", Lobby.type_name), Lobby)
        known = {one.name for one in fields(kind)}
        return _built(kind, {name: value for name, value in row.items() if name in known})

    # --- handling what happens ---------------------------------------------------------------------------

    def serve(self, services: Services) -> None:
        """Begin to handle what happens in the lobbies of `services`."""
        self._services = services
        self._running = {name: handler(services) for name, handler in self._handlers.items()}
        services.lobbies.on_entered(self._entered)
        services.lobbies.on_leaving(self._leaving)
        services.lobbies.on_shown(self._shown)

    async def tick(self) -> None:
        """Call it every second. What one lobby cannot do is logged once and keeps no other from its turn."""
        assert self._services is not None
        for lobby in self._services.lobbies.lobbies():
            handler = self._running.get(lobby.type_name)
            if handler is None:
                continue
            try:
                await handler.tick(lobby)
                self._refused.pop(lobby.room_id, None)
            except Exception as error:  # of a plug-in: it must not take the turn of others
                is_refusal = isinstance(error, Refused)
                reason = error.message if isinstance(error, Refused) else repr(error)
                if self._refused.get(lobby.room_id) != reason:
                    self._refused[lobby.room_id] = reason
                    extra = {"room": lobby.room_id, "type": lobby.type_name, "reason": reason}
                    log.warning("a lobby cannot do what its type does", extra=extra, exc_info=not is_refusal)

    async def moved(self, lobby: Lobby, occupant: Occupant, move: str) -> str:
        """Have a move made in what is played in a lobby; returns what the player is told.

        Raises:
            NoGame: nothing is played there.
            Unavailable: it failed.
            Refused: it is against the rules.

        """
        handler = self._running.get(lobby.type_name)
        if handler is None:
            raise _nothing_played(lobby)
        try:
            return await handler.moved(lobby, occupant, move)
        except Refused:
            raise
        except Exception as error:  # of a plug-in
            log.exception("a type of lobby failed", extra={"room": lobby.room_id, "type": lobby.type_name})
            raise Unavailable(f"What is played in {lobby.name} has failed.") from error

    def _entered(self, occupant: Occupant) -> None:
        self._tell(occupant, lambda handler, lobby: handler.entered(lobby, occupant))

    def _leaving(self, occupant: Occupant) -> None:
        self._tell(occupant, lambda handler, lobby: handler.leaving(lobby, occupant))

    def _shown(self, occupant: Occupant) -> None:
        self._tell(occupant, lambda handler, lobby: handler.shown(lobby, occupant))

    def _tell(self, occupant: Occupant, what: Callable[[RoomHandler, Lobby], None]) -> None:
        assert self._services is not None
        try:
            lobby = self._services.lobbies.lobby(occupant.room_id)
        except NotFound:
            return  # it was closed, and who was in it has to go
        handler = self._running.get(lobby.type_name)
        if handler is not None:
            try:
                what(handler, lobby)
            except Exception:  # of a plug-in: people come and go all the same
                log.exception("a type of lobby failed", extra={"room": lobby.room_id, "type": lobby.type_name})


def _nothing_played(lobby: Lobby) -> NoGame:
    return NoGame(f"Nothing is played in {lobby.name}.", hint="Try another lobby.")


# --- reading values ------------------------------------------------------------------------------------------


def _built(kind: type[Lobby], values: Mapping[str, Any]) -> Lobby:
    hints = get_type_hints(kind)
    read = {}
    for name, value in values.items():
        reader = _READERS.get(hints[name])
        try:
            read[name] = value if reader is None else reader(value)
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"The {name} of a lobby cannot be {value!r}.", field=name) from error
    return kind(**read)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: Any) -> int:
    if isinstance(value, (bool, float)):
        raise TypeError
    return int(value)


_TRUTHS: Final = {"true": True, "yes": True, "false": False, "no": False}


def _truth(value: Any) -> bool:
    found = _TRUTHS.get(str(value).casefold())
    if found is None:
        raise ValueError
    return found


def _moment(value: Any) -> datetime | None:
    """Times without a zone are in UTC."""
    if value is None or value == "":
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _wholes(value: Any) -> tuple[int, ...]:
    return tuple(_whole(one) for one in (value.split(",") if isinstance(value, str) else value))


_READERS: Final[Mapping[Any, Callable[[Any], Any]]] = {
    str: _text,
    int: _whole,
    float: float,
    bool: _truth,
    Family: Family,
    datetime | None: _moment,
    tuple[int, ...]: _wholes,
}
"""What is made of a value from settings, from JSON or from the command line, by the type of its field."""
