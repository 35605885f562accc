"""Reading what other servers left: our own CSV form, the binary files of Bungie's C server, and the tables of the
servers behind gateofstorms.net ("gos") and metaserver.lhowon.org ("lhowon").

All readers go through the whole source; a record that makes no sense becomes `Damage`, with where and why, and the
reading goes on. Only a source that is not there, or is something else entirely, raises `SourceUnreadable`.

Tables come as one CSV file each, named after the table, in a folder, or as an SQLite file that holds them.
"""

from __future__ import annotations

import csv
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from mythgate.domain.accounts import Role
from mythgate.domain.clans import ClanDetails
from mythgate.domain.errors import MythError
from mythgate.domain.foreign import Damage, Foreign, ForeignAccount, ForeignClan
from mythgate.domain.lobbies import Colour

Row = Mapping[str, str]


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
    for record in READERS[kind](source):
        if isinstance(record, ForeignAccount):
            accounts.append(record)
        elif isinstance(record, ForeignClan):
            clans.append(record)
        else:
            damaged.append(record)
    return Foreign(label or kind, accounts, clans, damaged)


Record = ForeignAccount | ForeignClan | Damage

# --- tables ----------------------------------------------------------------------------------------


def _table(source: Path, name: str, *, needed: bool) -> Iterator[tuple[str, Row | None]]:
    """The rows of a table with where each stands; None for a row that has not the columns it should have."""
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
                    yield f"{path.name}:{reader.line_num}", None
                    continue
                if row is None:
                    return
                whole = None not in row and None not in row.values()
                yield f"{path.name}:{reader.line_num}", row if whole else None
    except OSError as error:
        raise SourceUnreadable(f"{path} cannot be read: {error.strerror}.") from error


def _sqlite_table(source: Path, name: str, *, needed: bool) -> Iterator[tuple[str, Row | None]]:
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
            for number, row in enumerate(cursor, start=1):
                yield (
                    f"{name}:{number}",
                    {column: "" if value is None else _text(value) for column, value in zip(columns, row, strict=True)},
                )
    except sqlite3.Error as error:
        raise SourceUnreadable(f"{source} is no SQLite file.") from error


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _records(rows: Iterable[tuple[str, Row | None]], make: Callable[[Row], Record]) -> Iterator[Record]:
    for where, row in rows:
        if row is None:
            yield Damage(where, "The row has not as many values as there are columns.")
            continue
        try:
            yield make({name.strip().lower(): _clean(value) for name, value in row.items()})
        except KeyError as missing:
            yield Damage(where, f"There is no column {missing}.")
        except ValueError as error:
            yield Damage(where, str(error))


def _clean(value: str) -> str:
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
        return int(row.get(name) or "0")
    except ValueError:
        msg = f"The column {name} holds no whole number."
        raise ValueError(msg) from None


def _flag(row: Row, name: str) -> bool:
    return row.get(name, "").lower() not in ("", "0", "no", "false", "f", "\x00")


def _moment(row: Row, name: str) -> datetime | None:
    text = row.get(name, "")
    if not text or text.startswith("0000"):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        msg = f"The column {name} holds no time."
        raise ValueError(msg) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


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
    yield from _records(_table(source, "clans", needed=False), clan)


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
        return {row["id"]: row for _, row in _table(source, name, needed=False) if row is not None and "id" in row}

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
        data = path.read_bytes()
        for order in "<>":
            signature = struct.unpack_from(order + "I", data, _HEADER)[0] if len(data) >= _HEADER + 4 else 0
            if signature == _PLAYER:
                found = True
                yield from _players(path.name, data, order)
            elif signature == _ORDER:
                found = True
                yield from _orders(path.name, data, order)
    if not found:
        raise SourceUnreadable(f"{source} holds no players' or orders' file of the C server.")


def _pieces(name: str, data: bytes, order: str, signature: int, size: int) -> Iterator[tuple[str, bytes | Damage]]:
    """The records of a file, and what is wrong with those that are none."""
    declared = struct.unpack_from(order + "I", data)[0]
    whole, rest = divmod(len(data) - _HEADER, size + 4)
    for index in range(whole):
        where, start = f"{name}:{index + 1}", _HEADER + index * (size + 4)
        if struct.unpack_from(order + "I", data, start)[0] == signature:
            yield where, data[start + 4 : start + 4 + size]
        else:
            yield where, Damage(where, "The record has not the right signature.")
    if rest:
        yield name, Damage(f"{name}:{whole + 1}", "The file ends within the record.")
    elif declared != whole:
        yield name, Damage(name, f"The file says that it has {declared} records; it has {whole}.")


def _players(name: str, data: bytes, order: str) -> Iterator[Record]:
    def signed(size: int) -> int:
        starts = range(_HEADER, len(data) - 3, size + 4)
        return sum(struct.unpack_from(order + "I", data, start)[0] == _PLAYER for start in starts)

    size = _NEW_PLAYER_SIZE if signed(_NEW_PLAYER_SIZE) >= signed(_OLD_PLAYER_SIZE) else _OLD_PLAYER_SIZE
    for where, piece in _pieces(name, data, order, _PLAYER, size):
        if isinstance(piece, Damage):
            yield piece
            continue
        try:
            yield _player(piece, order, 16 if size == _NEW_PLAYER_SIZE else 8)
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


def _orders(name: str, data: bytes, order: str) -> Iterator[Record]:
    for where, piece in _pieces(name, data, order, _ORDER, _ORDER_SIZE):
        if isinstance(piece, Damage):
            yield piece
            continue
        number, founded_at = struct.unpack_from(order + "Ii", piece)
        if number == _UNUSED_ORDER:
            continue  # it was disbanded
        title = _string(piece, 12, 32)
        if not title or not number:
            yield Damage(where, "The record has no name or number.")
            continue
        yield ForeignClan(
            key=str(number),
            name=title,
            details=ClanDetails(_string(piece, 332, 512), _string(piece, 76, 128), _string(piece, 204, 128)),
            founded_at=datetime.fromtimestamp(founded_at, UTC) if founded_at > _EARLIEST else None,
            maintenance_password=_string(piece, 44, 16),
            member_password=_string(piece, 60, 16),
        )


def _string(data: bytes, offset: int, size: int) -> str:
    return _decoded(data[offset : offset + size].partition(b"\0")[0])


def _decoded(data: bytes) -> str:
    return data.decode("mac_roman").strip()


READERS: Final[Mapping[str, Callable[[Path], Iterator[Record]]]] = MappingProxyType(
    {"csv": _csv, "bungie": _bungie, "gos": _gos, "lhowon": _lhowon}
)
KINDS: Final[Sequence[str]] = tuple(READERS)
