"""What the log-in port asks of a game client, as named checks: `login` walks them, and whoever asks why.

They are asked in this order, with the password in between: `COMING` before it, `GOING_IN` after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mythgate.domain.decisions import Check, Step, explain, refusing
from mythgate.domain.errors import Refused
from mythgate.domain.lobbies import Family, Lobby, Visitor
from mythgate.doors.metaserver.clients import ALEPH_ONE, MYTH_II, MYTH_II_18, MYTH_III, MYTH_TFL, Client
from mythgate.doors.metaserver.options import MetaserverOptions, PasswordScheme
from mythgate.services.why import DoorState, Question
from mythgate.wire.metaserver.machines import STATUS_TEXTS
from mythgate.wire.metaserver.packets import AuthenticationType, StatusCode

CLIENTS: Final[Mapping[Family, Client]] = MappingProxyType(
    {client.family: client for client in (ALEPH_ONE, MYTH_TFL, MYTH_II, MYTH_III, MYTH_II_18)}
)
_OVER_HTTPS: Final = AuthenticationType.HTTPS_TOKEN


@dataclass(frozen=True, slots=True)
class GameVisit:
    """A game client at the log-in port; None is what is not known, or not yet."""

    options: MetaserverOptions
    client: Client | None = None
    has_lobby: bool | None = None  # there is a lobby for its game
    is_guest: bool = False
    admits_guests: bool = True
    name_is_taken: bool | None = None  # the name a guest came with
    highest_scheme: int | None = None  # the safest way to send a password that it knows
    is_encrypted: bool | None = None
    rooms: int | None = None  # it would be told of
    nowhere: tuple[StatusCode, str] | None = None  # what it is told if there are none
    version: int | None = None
    build: int | None = None

    @property
    def scheme(self) -> AuthenticationType | None:
        """How to ask for the password; None if there is no way the operator allows."""
        wanted, client = self.options.passwords, self.client
        knows_https = client is not None and client.is_marathon and (self.highest_scheme or 0) >= _OVER_HTTPS
        if knows_https and wanted is not PasswordScheme.PLAIN:
            return AuthenticationType.HTTPS_TOKEN
        if wanted is PasswordScheme.HTTPS and not self.is_encrypted:
            return None
        return AuthenticationType.PLAINTEXT

    @property
    def is_current(self) -> bool | None:
        """Whether the client is new enough."""
        client, options = self.client, self.options
        if client is None or client.is_marathon:
            return None if client is None else True
        if client.legacy:
            return None if self.version is None else self.version >= options.minimum_patch
        if self.version is not None and self.version < options.minimum_version:
            return False
        if self.build is not None and self.build < options.minimum_build:
            return False
        return None if self.version is None or self.build is None else True

    @property
    def oldest(self) -> str:
        """The oldest version that is taken, in words."""
        client, options = self.client, self.options
        if client is None or client.is_marathon:
            return "any version"
        if client.legacy:
            return f"patch {options.minimum_patch} or newer"
        return f"version {options.minimum_version}, build {options.minimum_build} or newer"

    @property
    def game(self) -> str:
        return self.client.name if self.client is not None else "the client"


class _Told(Refused):
    """What a game client is told in a packet of its own protocol; `hint` is no part of that."""


def _told(words: Callable[[GameVisit], str]) -> Callable[[GameVisit], Refused]:
    return lambda visit: _Told(words(visit))


def _scheme_holds(visit: GameVisit) -> bool | None:
    if visit.is_guest or visit.scheme is not None:
        return True
    return None if visit.client is None or visit.highest_scheme is None else False


_CODES: Final[Mapping[str, StatusCode]] = MappingProxyType(
    {
        "game": StatusCode.GAME_NOT_ALLOWED,
        "guests": StatusCode.GUESTS_NOT_ALLOWED,
        "guest name": StatusCode.GUEST_NAME_TAKEN,
        "scheme": StatusCode.BAD_USER_OR_PASSWORD,
        "version": StatusCode.WRONG_GAME_VERSION,
    }
)


def _called(check: str) -> Callable[[GameVisit], str]:
    return lambda visit: _status(check, visit).name.lower()


def _status(check: str, visit: GameVisit) -> StatusCode:
    """What a client is told if the check refuses it."""
    if check == "rooms" and visit.nowhere is not None:
        return visit.nowhere[0]
    return _CODES.get(check, StatusCode.GAME_NOT_ALLOWED)


COMING: Final[Sequence[Check[GameVisit]]] = (
    Check(
        "game",
        holds=lambda visit: visit.has_lobby,
        refusal=_told(lambda visit: f"This server has no room for {visit.game}."),
        found=lambda visit: (
            "not said which game"
            if visit.has_lobby is None
            else f"{'a' if visit.has_lobby else 'no'} lobby for {visit.game}"
        ),
        needed=lambda _: "a lobby for the client's game",
        remedy=lambda visit: (
            f"mythgate lobby add NUMBER NAME --family {visit.client.family if visit.client is not None else 'FAMILY'}"
        ),
        code=_called("game"),
    ),
    Check(
        "guest name",
        asked=lambda visit: visit.is_guest,
        holds=lambda visit: None if visit.name_is_taken is None else not visit.name_is_taken,
        refusal=_told(lambda _: STATUS_TEXTS[StatusCode.GUEST_NAME_TAKEN]),
        found=lambda visit: (
            "not said under which name"
            if visit.name_is_taken is None
            else f"the name is {'taken' if visit.name_is_taken else 'free'}"
        ),
        needed=lambda _: "a name that nobody owns, of guests with a name",
        remedy=lambda _: "nothing: have them come with a password, or another name",
        code=_called("guest name"),
    ),
    Check(
        "guests",
        asked=lambda visit: visit.is_guest,
        holds=lambda visit: visit.admits_guests,
        refusal=_told(lambda _: STATUS_TEXTS[StatusCode.GUESTS_NOT_ALLOWED]),
        found=lambda visit: "a guest" if visit.is_guest else "comes with an account",
        needed=lambda visit: "anybody" if visit.admits_guests else "an account: this server takes no guests",
        remedy=lambda _: "set sessions.guests = true, or: mythgate user create NAME",
        code=_called("guests"),
    ),
    Check(
        "scheme",
        asked=lambda visit: not visit.is_guest,
        holds=_scheme_holds,
        refusal=_told(
            lambda _: (
                "This server takes no passwords in clear. Use a client that logs in over HTTPS, or come as a guest."
            )
        ),
        found=lambda visit: (
            "not said how the client sends its password"
            if _scheme_holds(visit) is None
            else "the client encrypts or logs in over HTTPS, or may send it in clear"
            if visit.scheme is not None
            else "the client can only send it in clear"
        ),
        needed=lambda visit: f"metaserver.passwords is {visit.options.passwords}",
        remedy=lambda _: "set metaserver.passwords = auto, or have them use a newer client",
        code=_called("scheme"),
    ),
)

GOING_IN: Final[Sequence[Check[GameVisit]]] = (
    Check(
        "rooms",
        holds=lambda visit: None if visit.rooms is None else visit.rooms > 0,
        refusal=_told(lambda visit: visit.nowhere[1] if visit.nowhere is not None else "No room is open to you."),
        found=lambda visit: (
            "not said which game, or no server runs"
            if visit.rooms is None
            else f"{visit.rooms} {'lobby is' if visit.rooms == 1 else 'lobbies are'} open to them"
        ),
        needed=lambda _: "one lobby they may enter, with a port",
        remedy=lambda _: "see below what keeps them out of each lobby",
        code=_called("rooms"),
    ),
    Check(
        "version",
        holds=lambda visit: visit.is_current,
        refusal=_told(lambda _: STATUS_TEXTS[StatusCode.WRONG_GAME_VERSION]),
        found=lambda visit: (
            "not said which version"
            if visit.version is None and visit.build is None
            else f"version {visit.version if visit.version is not None else 'unknown'}, "
            f"build {visit.build if visit.build is not None else 'unknown'}"
        ),
        needed=lambda visit: visit.oldest,
        remedy=lambda _: "have them update the game, or lower metaserver.minimum_build",
        code=_called("version"),
    ),
)


def refused(checks: Sequence[Check[GameVisit]], visit: GameVisit) -> tuple[StatusCode, str] | None:
    """What the first check that refuses has the client told; None if none does."""
    for check in refusing(checks, visit):
        return _status(check.name, visit), check.refusal(visit).message
    return None


@dataclass(frozen=True, slots=True)
class PortState:
    """What a lobby's port is; 0: it has none."""

    lobby: Lobby
    port: int


PORT_CHECKS: Final[Sequence[Check[PortState]]] = (
    Check(
        "port",
        holds=lambda state: state.port > 0,
        refusal=lambda state: _Told(f"No port could be opened for {state.lobby.name}, so no client is told of it."),
        found=lambda state: f"port {state.port}" if state.port else "no port",
        needed=lambda _: "a port of its own",
        remedy=lambda _: "mythgate doctor   (who has the ports from metaserver.room_port on?)",
        code=lambda _: "no_port",
    ),
)


@dataclass(slots=True)
class MetaserverRules:
    """What this door asks, for whoever asks why. What has a default is known of a door that runs."""

    state: DoorState
    options: MetaserverOptions
    lobbies: Callable[[], Sequence[Lobby]]
    admits_guests: bool = True
    rooms_for: Callable[[Visitor, Client], Sequence[Lobby]] | None = None
    nowhere: Callable[[Visitor, Client], tuple[StatusCode, str]] | None = None
    room_ports: Mapping[int, int] | None = None

    @property
    def for_games(self) -> bool:
        """It is for old game clients."""
        return True

    @property
    def takes_guests(self) -> bool:
        """It has guests of its own."""
        return True

    def _visit(self, question: Question, visitor: Visitor | None = None) -> GameVisit:
        family = question.family
        if family is None and question.room_id is not None:  # whoever wants to go there has a client for it
            family = next((one.family for one in self.lobbies() if one.room_id == question.room_id), None)
        client = CLIENTS[family] if family is not None else None
        rooms, nowhere = None, None
        if visitor is not None and client is not None and self.rooms_for is not None and self.nowhere is not None:
            rooms, nowhere = len(self.rooms_for(visitor, client)), self.nowhere(visitor, client)
        return GameVisit(
            self.options,
            client,
            has_lobby=None if client is None else any(one.family is client.family for one in self.lobbies()),
            is_guest=question.is_guest,
            admits_guests=self.admits_guests,
            rooms=rooms,
            nowhere=nowhere,
            version=question.version,
            build=question.build,
        )

    def first(self, question: Question) -> Sequence[Step]:
        """Before the password."""
        return explain(COMING, self._visit(question))

    def last(self, question: Question, visitor: Visitor) -> Sequence[Step]:
        """Before the list of lobbies."""
        return explain(GOING_IN, self._visit(question, visitor))

    def entering(self, question: Question, lobby: Lobby) -> Sequence[Step]:
        """Whether clients can find it."""
        del question
        if self.room_ports is None:
            return ()
        return explain(PORT_CHECKS, PortState(lobby, self.room_ports.get(lobby.room_id, 0)))
