"""Commands that belong to this door alone: how text looks here, and going to lobbies.

A handler answers whether the line was its own; if not, the world's command of that name gets it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mythgate.domain.accounts import is_hidden
from mythgate.domain.errors import BadUsage, InvalidInput, NotFound, NotInLobby
from mythgate.domain.events import LobbyView
from mythgate.domain.ids import CharacterId
from mythgate.domain.lobbies import NO_CASTE, Visitor
from mythgate.domain.profiles import GREY
from mythgate.doors.telnet.screen import NARROWEST, WIDEST, say
from mythgate.wire.telnet.ansi import Depth, Style
from mythgate.wire.telnet.text import Charset, charset_named

if TYPE_CHECKING:
    from mythgate.doors.telnet.line import TelnetLine
    from mythgate.doors.telnet.playing import Playing

CLIENT_CHARACTERS: Final = 31
_DEPTHS: Final[Mapping[str, Depth | None]] = MappingProxyType(
    {
        "off": Depth.NONE,
        "none": Depth.NONE,
        "16": Depth.FEW,
        "256": Depth.MANY,
        "on": Depth.FEW,
        "auto": None,
    }
)
_CLIENTS: Final[Mapping[str, str]] = MappingProxyType({"tintin++": "TinTin++", "mudlet": "Mudlet"})  # they shout
_SWITCH: Final[Mapping[str, bool]] = MappingProxyType({"on": True, "yes": True, "off": False, "no": False})

SETTINGS_HELP: Final = """\
set – How text looks in your terminal.
set colour off, 16, 256 or auto – as the terminal says unless you choose.
set screenreader on or off – plain sentences: no colours, drawings, columns or prompt.
set width and a number – where lines are broken; 0: as your window is wide.
set prompt on or off – health, stamina and mana before what you type.
set charset utf-8, latin-1 or ascii – letters your terminal cannot show are written otherwise."""
LOBBY_HELP: Final = """\
lobby and some words – Speak to everybody in the lobby you are in.
lobby list – The lobbies, and how many are there.
lobby join and a name or number – Go there; you stay in the world as well.
lobby leave – Come back.
lobby who – Who is in the lobby, and what is hosted.
lobby say and some words – Speak, whatever the words are.
lobby /help – What one can do in a lobby: `lobby /` and one of the commands it lists.
lobbytell, a name and some words – Speak to one person in a lobby."""

Handler = Callable[["Playing", str], Awaitable[bool]]


# --- how text looks --------------------------------------------------------------------------------------


async def set_(playing: Playing, rest: str) -> bool:
    what, _, value = rest.casefold().partition(" ")
    value = value.strip()
    if not what:
        playing.show(say(described(playing)))
        return True
    change = _CHANGES.get(what)
    if change is None:
        raise BadUsage(f"There is nothing called {what[:40]} to set.", hint="`help set` lists what there is.")
    playing.show(say(change(playing, value)))
    return True


def described(playing: Playing) -> str:
    """All that can be set, as it is."""
    line, mode = playing.line, playing.line.mode
    return "\n".join(
        (
            f"Colours: {_colours(mode.depth)}.",
            f"Screen reader: {'on' if line.spoken else 'off'}.",
            f"Width: {mode.width or 'lines are not broken'}.",
            f"Prompt: {'on' if playing.wants_prompt else 'off'}.",
            f"Characters: {mode.charset.label}.",
        )
    )


def _colours(depth: Depth) -> str:
    return "none" if depth is Depth.NONE else str(depth.value)


def _colour(playing: Playing, value: str) -> str:
    if value not in _DEPTHS:
        raise BadUsage("Set colour to what?", hint="`set colour off`, `16`, `256` or `auto`")
    playing.line.choose_depth(_DEPTHS[value])
    playing.choose_prompt(playing.wants_prompt)
    return f"Colours: {_colours(playing.line.mode.depth)}."


def _screen_reader(playing: Playing, value: str) -> str:
    playing.line.choose_spoken(_switch("screenreader", value))
    playing.choose_prompt(playing.wants_prompt)
    if playing.line.spoken:
        return "What you read is in plain sentences from now on, without colours, drawings and a prompt."
    return "What you read has colours, drawings and a prompt from now on."


def _width(playing: Playing, value: str) -> str:
    columns = int(value) if value.isascii() and value.isdigit() and len(value) < 5 else -1
    if columns != 0 and not NARROWEST <= columns <= WIDEST:
        raise InvalidInput(f"The width is a number from {NARROWEST} to {WIDEST}, or 0.", field="width")
    playing.line.choose_width(columns)
    return (
        f"Lines are broken after {playing.line.mode.width} columns." if playing.line.mode.width else "Lines stay whole."
    )


def _prompt(playing: Playing, value: str) -> str:
    playing.choose_prompt(_switch("prompt", value))
    return f"The prompt is {'on' if playing.wants_prompt else 'off'}."


def _charset(playing: Playing, value: str) -> str:
    chosen = charset_named(value)
    if chosen is None:
        names = ", ".join(one.label for one in Charset)
        raise BadUsage(f"{value[:40] or 'That'} is not known here.", hint=f"There are {names}.")
    playing.line.choose_charset(chosen)
    return f"Characters: {chosen.label}."


def _switch(what: str, value: str) -> bool:
    if value not in _SWITCH:
        raise BadUsage(f"Set {what} on or off?", hint=f"`set {what} on`")
    return _SWITCH[value]


_CHANGES: Final[Mapping[str, Callable[[Playing, str], str]]] = MappingProxyType(
    {
        "colour": _colour,
        "color": _colour,
        "colours": _colour,
        "screenreader": _screen_reader,
        "width": _width,
        "prompt": _prompt,
        "charset": _charset,
    }
)


# --- lobbies ---------------------------------------------------------------------------------------------


async def lobby(playing: Playing, rest: str) -> bool:
    word, _, more = rest.partition(" ")
    act = _LOBBY_ACTS.get(word.casefold())
    if act is None:
        return False
    return await act(playing, more.strip())


async def lobbies(playing: Playing, rest: str) -> bool:
    if rest:
        return False
    return await _list(playing, "")


async def _list(playing: Playing, rest: str) -> bool:
    if rest:  # "list the games, please" is speech
        return False
    service = playing.door.services.lobbies
    here = service.occupant(CharacterId(playing.reader.own_id))
    rows = [_row(one, here is not None and here.room_id == one.room_id) for one in service.views()]
    playing.show(say("Lobbies:"), *(say(row) for row in rows), say("`lobby join` and a name goes there.", Style.COMING))
    return True


def _row(view: LobbyView, is_here: bool) -> str:
    people = "one player" if view.players == 1 else f"{view.players or 'no'} players"
    games = "" if not view.games else f", {'one game' if view.games == 1 else f'{view.games} games'}"
    notes = [view.family, *(["ranked"] if view.kind == "ranked" else []), *(["locked"] if view.locked else [])]
    return f"  {view.room_id}: {view.name} ({', '.join(notes)}), {people}{games}{'. You are here' if is_here else ''}."


async def _join(playing: Playing, rest: str) -> bool:
    if not rest:
        raise BadUsage("Join which lobby?", hint="`lobby list` lists them.")
    view = find(playing, rest)
    door = playing.door
    visitor = await _visitor(playing)
    door.services.lobbies.enter(visitor, view.room_id)
    return True


def find(playing: Playing, name: str) -> LobbyView:
    """The lobby of that number or name; the beginning will do if only one is called so. Raises NotFound, BadUsage."""
    service = playing.door.services.lobbies
    if name.isascii() and name.isdigit():
        return service.view(int(name[:6]))
    key = name.casefold()
    views = service.views()
    for fits in (
        [one for one in views if one.name.casefold() == key],
        [one for one in views if one.name.casefold().startswith(key)],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise BadUsage(f"Which one: {', '.join(f'{one.name} ({one.room_id})' for one in fits)}?")
    raise NotFound(f"There is no lobby called {name[:40]}.", hint="`lobby list` lists them.")


async def _leave(playing: Playing, rest: str) -> bool:
    if rest:
        return False
    if playing.door.services.lobbies.leave(CharacterId(playing.reader.own_id)) is None:
        raise NotInLobby
    return True


async def _who(playing: Playing, rest: str) -> bool:
    if rest:
        return False
    await playing.command("lobby /who")
    return True


async def _say(playing: Playing, rest: str) -> bool:
    await playing.door.services.lobbies.say(CharacterId(playing.reader.own_id), rest)
    playing.line.stand_by()
    return True


_LOBBY_ACTS: Final[Mapping[str, Handler]] = MappingProxyType(
    {"list": _list, "join": _join, "enter": _join, "leave": _leave, "who": _who, "say": _say}
)


async def _visitor(playing: Playing) -> Visitor:
    """The player as somebody who wants to enter a lobby."""
    services = playing.door.services
    account = await services.accounts.me(playing.caller)
    ties = await services.profiles.ties(account.id)
    return Visitor(
        listener=CharacterId(playing.reader.own_id),
        number=account.number,
        name=account.name,
        looks=ties.profile.looks(account.name, unchosen=GREY),
        door="telnet",
        client=client_name(playing.line),
        account_id=account.id,
        role=account.role,
        caste=NO_CASTE if account.is_guest else account.caste,
        country=ties.profile.country_code,
        clan=ties.clan,
        tournaments=ties.tournaments,
        hidden=is_hidden(account),
        address=playing.line.address,
        has_guest_account=account.is_guest,
    )


def client_name(line: TelnetLine) -> str:
    """What the client calls itself, if it says more than a kind of terminal."""
    known = line.terminal
    if known.abilities is None or not known.client:
        return "telnet"
    return _CLIENTS.get(known.client.casefold(), known.client)[:CLIENT_CHARACTERS]


# --- help ------------------------------------------------------------------------------------------------


async def help_(playing: Playing, rest: str) -> bool:
    words = _HELP.get(rest.casefold())
    if words is None:
        return False
    playing.show(say(words))
    return True


async def map_(playing: Playing, rest: str) -> bool:
    """A drawing says nothing to who listens: the ways out do."""
    if not playing.line.spoken or rest:
        return False
    playing.show(say("A map is a drawing. The ways out of here are:"))
    await playing.command("exits")
    return True


_HELP: Final[Mapping[str, str]] = MappingProxyType(
    {"set": SETTINGS_HELP, "terminal": SETTINGS_HELP, "lobby": LOBBY_HELP}
)

LOCAL: Final[Mapping[str, Handler]] = MappingProxyType(
    {"set": set_, "lobby": lobby, "lobbies": lobbies, "help": help_, "?": help_, "map": map_, "m": map_}
)
"""Commands of this door by their words."""
