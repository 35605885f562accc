"""Reading what other servers left: our own CSV form, the binary files of Bungie's C server, the tables of the servers
behind gateofstorms.net ("gos") and metaserver.lhowon.org ("lhowon"), and the database of the Shards network ("shards").

All readers go through the whole source; a record that makes no sense becomes `Damage`, with where and why, and the
reading goes on. Only a source that is not there, or is something else entirely, raises `SourceUnreadable`.

Tables come as one CSV file each, named after the table, in a folder, or as an SQLite file that holds them.
"""

from __future__ import annotations

import csv
import sqlite3
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from mythgate.domain.accounts import Role
from mythgate.domain.clans import ClanDetails
from mythgate.domain.errors import MythError
from mythgate.domain.foreign import Damage, Foreign, ForeignAccount, ForeignCharacter, ForeignClan
from mythgate.domain.lobbies import Colour
from mythgate.domain.sheets import STATS, CharacterClass, Faction, Race, Stats

Row = Mapping[str, str]
E = TypeVar("E", bound=StrEnum)

_LARGEST: Final = 2**31 - 1


class SourceUnreadable(MythError):
    """There is nothing at the place that could be read as what it should be."""


def read(kind: str, source: Path, label: str = "") -> Foreign:
    """All of `source`, which is of `kind` (one of `READERS`). `label` names the server if there are several.

    Raises:
        SourceUnreadable: there is no such thing.

    """
    if not source.exists():
        raise SourceUnreadable(f"There is nothing at {source}.")
    accounts: list[ForeignAccount] = []
    clans: list[ForeignClan] = []
    damaged: list[Damage] = []
    notes: list[str] = []
    for record in READERS[kind](source):
        if isinstance(record, ForeignAccount):
            accounts.append(record)
        elif isinstance(record, ForeignClan):
            clans.append(record)
        elif isinstance(record, Damage):
            damaged.append(record)
        else:
            notes.append(record)
    return Foreign(label or kind, accounts, clans, damaged, notes)


Record = ForeignAccount | ForeignClan | Damage | str
"""What a reader finds; a text is a note for people."""

_SHORT_ROW: Final = "The row has not as many values as there are columns."
_NO_ROW: Final = "The row cannot be read."

# --- tables ----------------------------------------------------------------------------------------


def _table(source: Path, name: str, *, needed: bool) -> Iterator[tuple[str, Row | str]]:
    """The rows of a table with where each stands; for a row that is none, why."""
    if source.is_file() and source.suffix.lower() != ".csv":
        yield from _sqlite_table(source, name, needed=needed)
        return
    path = source if source.is_file() else source / f"{name}.csv"
    if source.is_file() and path.stem != name and not needed:
        return  # one file is one table
    if not path.is_file():
        if needed:
            raise SourceUnreadable(f"There is no file {path}.")
        return
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.DictReader(file)
            while True:
                try:
                    row = next(reader, None)
                except csv.Error:
                    yield f"{path.name}:{reader.line_num}", _NO_ROW
                    continue
                if row is None:
                    return
                whole = None not in row and None not in row.values()
                yield f"{path.name}:{reader.line_num}", row if whole else _SHORT_ROW
    except OSError as error:
        raise SourceUnreadable(f"{path} cannot be read: {error.strerror}.") from error


def _sqlite_table(source: Path, name: str, *, needed: bool) -> Iterator[tuple[str, Row | str]]:
    """A file that is damaged in the middle gives what comes before; its rest counts as one row that is none."""
    number = 0
    has_begun = False
    try:
        with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as database:
            database.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
            tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
            if name not in tables:
                if needed:
                    raise SourceUnreadable(f"{source} has no table {name}.")
                return
            cursor = database.execute(f'SELECT * FROM "{name}"')  # noqa: S608 (one of our own words)
            columns = [column[0] for column in cursor.description]
            has_begun = True
            for number, row in enumerate(cursor, start=1):
                yield (
                    f"{name}:{number}",
                    {column: "" if value is None else _text(value) for column, value in zip(columns, row, strict=True)},
                )
    except (sqlite3.Error, UnicodeDecodeError) as error:  # of the names of columns, which nothing else decodes
        if not has_begun:
            raise SourceUnreadable(f"{source} is no SQLite file, or its beginning is damaged.") from error
        yield f"{name}:{number + 1} and after", "The file is damaged from here on."


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


Made = TypeVar("Made", ForeignAccount, ForeignClan)


def _records(
    rows: Iterable[tuple[str, Row | str]], make: Callable[[Row], Made], kind: str = "accounts"
) -> Iterator[Made | Damage]:
    for where, row in rows:
        if isinstance(row, str):
            yield Damage(where, row, kind)
            continue
        try:
            yield replace(make({name.strip().lower(): _clean(value) for name, value in row.items()}), where=where)
        except KeyError as missing:
            yield Damage(where, f"There is no column {missing}.", kind)
        except ValueError as error:
            yield Damage(where, str(error), kind)


def _clean(value: str) -> str:
    if "\0" in value and value != "\0":  # which some write for "no"
        msg = "A text holds a character that no text has."
        raise ValueError(msg)
    if any("\udc80" <= character <= "\udcff" for character in value):
        msg = "A text is not UTF-8."
        raise ValueError(msg)
    return value.strip()


def _needed(row: Row, name: str) -> str:
    value = row[name]
    if not value:
        msg = f"The column {name} is empty."
        raise ValueError(msg)
    return value


def _whole(row: Row, name: str) -> int:
    """A whole number; 0 for nothing."""
    try:
        number = int(row.get(name) or "0")
    except ValueError:
        msg = f"The column {name} holds no whole number."
        raise ValueError(msg) from None
    if abs(number) > _LARGEST:
        msg = f"The column {name} holds a number that is too large."
        raise ValueError(msg)
    return number


def _flag(row: Row, name: str) -> bool:
    return row.get(name, "").lower() not in ("", "0", "no", "false", "f", "\x00")


def _moment(row: Row, name: str) -> datetime | None:
    text = row.get(name, "")
    if not text or text.startswith("0000"):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        msg = f"The column {name} holds no time."
        raise ValueError(msg) from None


def _colour(number: int) -> Colour:
    """Of 0xRRGGBB, as 16 bits a part."""
    if number not in range(2**24):
        msg = "A colour is out of range."
        raise ValueError(msg)
    return Colour((number >> 16) * 257, (number >> 8 & 255) * 257, (number & 255) * 257)


def _role(row: Row) -> Role:
    try:
        return Role(row.get("role") or Role.PLAYER)
    except ValueError:
        msg = f"There is no role {row['role']}; there are: {', '.join(Role)}."
        raise ValueError(msg) from None


# --- our own form ----------------------------------------------------------------------------------

SCORES: Final = ("games", "wins", "losses", "ties", "damage_given", "damage_taken", "disconnects", "points", "caste")


def _csv(source: Path) -> Iterator[Record]:
    """`accounts.csv` and, if there is one, `clans.csv`. Accounts name their clan and friends by name."""

    def account(row: Row) -> ForeignAccount:
        friends = [name.strip() for name in row.get("friends", "").split(";") if name.strip()]
        clan = row.get("clan", "")
        return ForeignAccount(
            key=_needed(row, "name").casefold(),
            name=row["name"],
            password=row.get("password") or None,
            password_hash=row.get("password_hash") or None,
            email=row.get("email") or None,
            role=_role(row),
            disabled=_flag(row, "disabled"),
            hidden=_flag(row, "hidden"),
            created_at=_moment(row, "created_at"),
            last_login_at=_moment(row, "last_login_at"),
            city=row.get("city", ""),
            state=row.get("state", ""),
            country=row.get("country", ""),
            quote=row.get("quote", ""),
            country_code=_whole(row, "country_code"),
            shown_name=row.get("shown_name", ""),
            team=row.get("team", ""),
            icon=_whole(row, "icon"),
            clan=clan.casefold(),
            friends=tuple(name.casefold() for name in friends),
            written={name.casefold(): name for name in (clan, *friends) if name},
            scores={
                f"{kind}.{score}": _whole(row, f"{kind}_{score}")
                for kind in ("ranked", "unranked")
                for score in SCORES
                if row.get(f"{kind}_{score}")
            },
        )

    def clan(row: Row) -> ForeignClan:
        return ForeignClan(
            key=_needed(row, "name").casefold(),
            name=row["name"],
            details=ClanDetails(row.get("motto", ""), row.get("url", ""), row.get("contact", ""), row.get("motd", "")),
            founded_at=_moment(row, "founded_at"),
            maintenance_password=row.get("maintenance_password", ""),
            member_password=row.get("member_password", ""),
        )

    yield from _records(_table(source, "accounts", needed=True), account)
    yield from _records(_table(source, "clans", needed=False), clan, "clans")


# --- gateofstorms.net ------------------------------------------------------------------------------


def _gos(source: Path) -> Iterator[Record]:
    """`metaserver_users`, and scores from the tables of games if they are there. It keeps no passwords."""
    scores = _gos_scores(source)

    def account(row: Row) -> ForeignAccount:
        banned_until = _moment(row, "banned_until")
        key = _needed(row, "id")
        return ForeignAccount(
            key=key,
            name=_without_styles(_needed(row, "nick_name")),
            role=Role.ADMIN if _whole(row, "admin_level") > 0 else Role.PLAYER,
            disabled=banned_until is not None and banned_until > datetime.now(UTC),
            created_at=_moment(row, "registration_datetime"),
            last_login_at=_moment(row, "last_login_datetime"),
            city=row.get("city", ""),
            state=row.get("state", ""),
            country=row.get("country", ""),
            quote=row.get("quote", ""),
            shown_name=row["nick_name"],
            team=row.get("team_name", ""),
            icon=_whole(row, "coat_of_arms_bitmap_index"),
            primary=_colour(_whole(row, "primary_color")),
            secondary=_colour(_whole(row, "secondary_color")),
            scores=scores.get(key, {}),
        )

    yield from _records(_table(source, "metaserver_users", needed=True), account)


def _gos_scores(source: Path) -> dict[str, dict[str, int]]:
    """Games, wins, ties, losses and damage of every user, ranked and unranked apart; unreadable rows are left out."""

    def rows(name: str) -> dict[str, Row]:
        return {
            row["id"]: row for _, row in _table(source, name, needed=False) if not isinstance(row, str) and "id" in row
        }

    games, teams = rows("metaserver_games"), rows("metaserver_games_teams")
    scores: dict[str, dict[str, int]] = {}
    for player in rows("metaserver_games_teams_players").values():
        team = teams.get(player.get("metaserver_games_teams_id", ""), {})
        game = games.get(team.get("metaserver_games_id", ""), {})
        user = player.get("user_id", "")
        if not (user and team and game) or _flag(team, "spectators") or _flag(game, "cooperative"):
            continue
        mine = scores.setdefault(user, {})
        first, tied = team.get("place") == "1", _flag(team, "place_tie")
        outcome = "losses" if not first else "ties" if tied else "wins"
        kind = "unranked" if game.get("room_type") == "0" else "ranked"
        counted = {"games": 1, outcome: 1, "disconnects": int(_flag(player, "dropped"))}
        for score in ("damage_given", "damage_taken"):
            text = player.get(score, "")
            counted[score] = int(text) if text.lstrip("-").isdecimal() else 0
        for score, value in counted.items():
            mine[f"{kind}.{score}"] = mine.get(f"{kind}.{score}", 0) + value
    return scores


def _without_styles(text: str) -> str:
    """A name without the style codes of old clients: a bar and one of their letters."""
    plain, rest = "", text
    while rest:
        if rest[0] == "|" and rest[1:2].lower() in tuple("pbilrcsu"):
            rest = rest[2:]
        else:
            plain, rest = plain + rest[0], rest[1:]
    return plain.strip()


# --- metaserver.lhowon.org -------------------------------------------------------------------------


def _lhowon(source: Path) -> Iterator[Record]:
    """The table `user`, with bcrypt hashes."""

    def account(row: Row) -> ForeignAccount:
        return ForeignAccount(
            key=_needed(row, "username"),
            name=row["username"],
            password_hash=row.get("password") or None,
            email=row.get("email") or None,
            role=Role.MODERATOR if _flag(row, "moderator") else Role.PLAYER,
            hidden=_flag(row, "hide_in_room"),
        )

    yield from _records(_table(source, "user", needed=True), account)


# --- Bungie's C server -----------------------------------------------------------------------------
#
# Two files, written as the C structures of a 32-bit machine, in its byte order:
#   header: u32 count, 40 x u32 unused; then records, each after a u32 signature.
# The players' have 16 places for friends since the MythDevelopers changes, which also added 20 bytes at the end;
# before, they had 8. Offsets below are from the start of the structure.

_HEADER: Final = 164
_PLAYER: Final = 0x504C4159  # "PLAY"
_ORDER: Final = 0x4F524452  # "ORDR"
_UNUSED_ORDER: Final = 0xFFFFFFFF
_ORDER_SIZE: Final = 1808
_NEW_PLAYER_SIZE: Final = 1720
_OLD_PLAYER_SIZE: Final = 1636
_SCORE: Final = "hhhhiihHhhhhI"
_FRIENDS_AT: Final = 72
_EARLIEST: Final = 0x2000_0000  # seconds since 1970, in 1987: before that, a time is none


def _bungie(source: Path) -> Iterator[Record]:
    """A players' file, or a folder with one and with an orders' file; they are told apart by what they hold."""
    paths = sorted(path for path in source.iterdir() if path.is_file()) if source.is_dir() else [source]
    found = False
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SourceUnreadable(f"{path} cannot be read: {error.strerror}.") from error
        layout = _layout(data)
        if layout is None:
            continue
        found = True
        order, signature, size = layout
        yield _described(path.name, order, size)
        reader = _orders if signature == _ORDER else _players
        yield from reader(path.name, data, order, size)
    if not found:
        raise SourceUnreadable(f"{source} holds no players' or orders' file of the C server.")


_LAYOUTS: Final = ((_PLAYER, _NEW_PLAYER_SIZE), (_PLAYER, _OLD_PLAYER_SIZE), (_ORDER, _ORDER_SIZE))


def _layout(data: bytes) -> tuple[str, int, int] | None:
    """Byte order, signature and size of the records: what most of them fit. None if there is not one."""
    signed: Counter[tuple[str, int, int]] = Counter()
    for order in "<>":
        for signature, size in _LAYOUTS:
            wanted = struct.pack(order + "I", signature)
            starts = range(_HEADER, len(data) - 3, size + 4)
            signed[order, signature, size] = sum(data[start : start + 4] == wanted for start in starts)
    (best, count), *_ = signed.most_common(1)
    return best if count else None


def _described(name: str, order: str, size: int) -> str:
    machine = "a PowerPC Mac (big end first)" if order == ">" else "an Intel machine (little end first)"
    layouts = {
        _NEW_PLAYER_SIZE: "players, as since the MythDevelopers changes",
        _OLD_PLAYER_SIZE: "players, as before the MythDevelopers changes",
        _ORDER_SIZE: "orders",
    }
    return f"{name}: {layouts[size]}, written by {machine}."


def _pieces(
    name: str, data: bytes, order: str, signature: int, size: int, kind: str
) -> Iterator[tuple[str, bytes | Damage]]:
    """The records of a file, and what is wrong with those that are none.

    Where a record should begin and none does, one record is damaged if the next begins where it should; else bytes
    are missing or too many, and the next signature is where records go on.
    """
    wanted = struct.pack(order + "I", signature)
    step = size + 4
    start, index, whole = _HEADER, 0, 0
    while start < len(data):
        index += 1
        where = f"{name}:{index}"
        if data[start : start + 4] == wanted:
            if start + step > len(data):
                yield where, Damage(where, "The file ends within the record.", kind)
                return
            inside = data.find(wanted, start + 4, start + step)
            ends = (wanted, b"")
            if inside > 0 and data[start + step :][:4] not in ends and data[inside + step :][:4] in ends:
                yield where, Damage(where, "Bytes of the record are missing.", kind)
                start = inside
                continue
            yield where, data[start + 4 : start + step]
            whole += 1
            start += step
        elif data[start + step : start + step + 4] == wanted or start + step == len(data):
            yield where, Damage(where, "The record has not the right signature.", kind)
            start += step
        else:
            following = data.find(wanted, start + 1)
            end = following if following > 0 else len(data)
            yield where, Damage(where, f"{end - start} bytes are no record.", kind)
            start = end
    declared = struct.unpack_from(order + "I", data)[0]
    if declared > index:
        yield name, Damage(name, f"The file says that it has {declared} records; it has {index}.", kind)


def _players(name: str, data: bytes, order: str, size: int) -> Iterator[Record]:
    for where, piece in _pieces(name, data, order, _PLAYER, size, "accounts"):
        if isinstance(piece, Damage):
            yield piece
            continue
        try:
            yield replace(_player(piece, order, 16 if size == _NEW_PLAYER_SIZE else 8), where=where)
        except ValueError as error:
            yield Damage(where, str(error))


def _player(data: bytes, order: str, places: int) -> ForeignAccount:
    def number(kind: str, offset: int) -> Any:
        return struct.unpack_from(order + kind, data, offset)[0]

    shift = (places - 16) * 8  # of all that comes after the friends
    login = _string(data, 4, 16)
    player_id = number("I", 0)
    if not login or not player_id:
        msg = "The record has no login or number."
        raise ValueError(msg)
    friends = struct.iter_unpack(order + "IB3x", data[_FRIENDS_AT : _FRIENDS_AT + 8 * places])
    parts = [_decoded(part) for part in data[302 + shift : 734 + shift].split(b"\0")[:4]]
    city, state, country, quote = [*parts, *[""] * (4 - len(parts))]
    clan = number("h", 200 + shift)
    last_login = number("i", 56)
    return ForeignAccount(
        key=str(player_id),
        name=login,
        password=_string(data, 20, 16) or None,
        role=Role.ADMIN if data[36] else Role.PLAYER,
        disabled=bool(data[44]),
        last_login_at=datetime.fromtimestamp(last_login, UTC) if last_login > _EARLIEST else None,
        city=city,
        state=state,
        country=country,
        quote=quote,
        country_code=number("h", 748 + shift),
        shown_name=_string(data, 222 + shift, 32),
        team=_string(data, 254 + shift, 32),
        icon=max(0, number("h", 202 + shift)),
        primary=Colour(*struct.unpack_from(order + "HHH", data, 286 + shift)),
        secondary=Colour(*struct.unpack_from(order + "HHH", data, 294 + shift)),
        clan=str(clan) if clan > 0 else "",
        friends=tuple(str(friend) for friend, state in friends if friend and state),
        scores=_scores(data, order, shift),
    )


def _scores(data: bytes, order: str, shift: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for kind, offset in (("unranked", 836), ("ranked", 884)):
        games, wins, losses, ties, given, taken, drops, _, points, rank, *_ = struct.unpack_from(
            order + _SCORE, data, offset + shift
        )
        values = (games, wins, losses, ties, given, taken, drops, points, rank)
        found |= {f"{kind}.{score}": value for score, value in zip(SCORES, values, strict=True) if games}
    return found


def _orders(name: str, data: bytes, order: str, size: int) -> Iterator[Record]:
    for where, piece in _pieces(name, data, order, _ORDER, size, "clans"):
        if isinstance(piece, Damage):
            yield piece
            continue
        number, founded_at = struct.unpack_from(order + "Ii", piece)
        if number == _UNUSED_ORDER:
            continue  # it was disbanded
        title = _string(piece, 12, 32)
        if not title or not number:
            yield Damage(where, "The record has no name or number.", "clans")
            continue
        yield ForeignClan(
            key=str(number),
            name=title,
            details=ClanDetails(_string(piece, 332, 512), _string(piece, 76, 128), _string(piece, 204, 128)),
            founded_at=datetime.fromtimestamp(founded_at, UTC) if founded_at > _EARLIEST else None,
            maintenance_password=_string(piece, 44, 16),
            member_password=_string(piece, 60, 16),
            where=where,
        )


def _string(data: bytes, offset: int, size: int) -> str:
    return _decoded(data[offset : offset + size].partition(b"\0")[0])


def _decoded(data: bytes) -> str:
    return data.decode("mac_roman").strip()


# --- the Shards network ----------------------------------------------------------------------------
#
# Its server kept characters and no accounts: whoever gave a name was let in. Columns are called as the members of its
# character object, classes also `character_class`; choices stand there by name (`IRON_BROTHERHOOD`) or as they are
# read (`Iron Brotherhood`).

_NO_PASSWORDS: Final = (
    "That server kept no accounts and no passwords: each player's character becomes an account of its name, to which "
    "the staff gives a password when its owner asks: mythgate user password NAME"
)


def _shards(source: Path) -> Iterator[Record]:
    """The table `characters`. The monsters in it stay behind, and so does the state of the world."""
    left = 0

    def account(row: Row) -> ForeignAccount:
        name = _needed(row, "name")
        key = row.get("id") or name.casefold()
        return ForeignAccount(
            key=key, name=name, created_at=_moment(row, "created_at"), characters=(_shards_character(row, key, name),)
        )

    def players() -> Iterator[tuple[str, Row | str]]:
        nonlocal left
        for where, row in _table(source, "characters", needed=True):
            if not isinstance(row, str) and "is_player" in row and not _flag(row, "is_player"):
                left += 1
            else:
                yield where, row

    yield _NO_PASSWORDS
    yield from _records(players(), account)
    if left:
        yield f"{left} characters are nobody's (creatures and townspeople) and stay behind."
    yield "What the world was like there (shards, events, parties) stays behind: here it goes on as it is."


def _shards_character(row: Row, key: str, name: str) -> ForeignCharacter:
    stats = {stat: _whole(row, stat) if row.get(stat) else 10 for stat in STATS}
    if any(value not in range(1, 100) for value in stats.values()):
        msg = "A stat is not from 1 to 99."
        raise ValueError(msg)
    return ForeignCharacter(
        key=key,
        name=name,
        race=_choice(Race, _needed(row, "race")),
        calling=_choice(CharacterClass, row.get("character_class") or row.get("class_type") or _needed(row, "class")),
        faction=_choice(Faction, row["faction"]) if row.get("faction") else None,
        stats=Stats(**stats),
        level=_whole(row, "level"),
        experience=_whole(row, "experience"),
        souls=_whole(row, "souls"),
        created_at=_moment(row, "created_at"),
    )


def _choice(kind: type[E], text: str) -> E:
    wanted = text.rpartition(".")[2].replace("_", " ").casefold()
    for one in kind:
        if wanted in (one.value.casefold(), one.name.replace("_", " ").casefold()):
            return one
    msg = f"There is no {kind.__name__.lower()} called {text}."
    raise ValueError(msg)


READERS: Final[Mapping[str, Callable[[Path], Iterator[Record]]]] = MappingProxyType(
    {"csv": _csv, "bungie": _bungie, "gos": _gos, "lhowon": _lhowon, "shards": _shards}
)
KINDS: Final[Sequence[str]] = tuple(READERS)
