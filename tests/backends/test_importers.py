"""Reading what other servers left, whole and damaged."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mythgate.backends.importers import KINDS, SourceUnreadable, read
from mythgate.domain.accounts import Role
from mythgate.domain.foreign import Foreign
from mythgate.domain.lobbies import Colour
from mythgate.domain.sheets import CharacterClass, Faction, Race


def written(folder: Path, **tables: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def faults(foreign: Foreign) -> list[tuple[str, str]]:
    return [(one.where, one.why) for one in foreign.damaged]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_there(kind: str, tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable):
        read(kind, tmp_path / "none")
    with pytest.raises(SourceUnreadable):
        read(kind, tmp_path)
    (tmp_path / "something.db").write_bytes(b"something else entirely" * 100)
    with pytest.raises(SourceUnreadable):
        read(kind, tmp_path / "something.db")


# --- our own form ------------------------------------------------------------------------------------


def test_csv(tmp_path: Path) -> None:
    source = written(
        tmp_path / "people",
        accounts="Name,password,email,role,created_at,city,clan,friends,ranked_games,ranked_wins,disabled\n"
        "Anna,secret words,a@b.example,moderator,2001-02-03T04:05:06+01:00,Ghent,Otters,Bob; Cara ,12,,no\n"
        "Bob,,,,2001-02-03,,,,,,yes\n",
        clans="name,motto,founded_at,member_password\nOtters,Swim,2000-01-01,swim\n",
    )
    foreign = read("csv", source, "old")
    anna, bob = foreign.accounts
    assert foreign.source == "old"
    assert (anna.key, anna.name, anna.password, anna.role) == ("anna", "Anna", "secret words", Role.MODERATOR)
    assert (anna.city, anna.clan, anna.friends) == ("Ghent", "otters", ("bob", "cara"))
    assert anna.created_at == datetime(2001, 2, 3, 3, 5, 6, tzinfo=UTC)
    assert anna.scores == {"ranked.games": 12}
    assert (bob.password, bob.disabled, bob.created_at) == (None, True, datetime(2001, 2, 3, tzinfo=UTC))
    (clan,) = foreign.clans
    assert (clan.key, clan.details.motto, clan.member_password) == ("otters", "Swim", "swim")
    assert foreign.damaged == []


def test_one_file_is_one_table(tmp_path: Path) -> None:
    source = written(tmp_path / "people", accounts="name\nAnna\n", clans="name\nOtters\n")
    foreign = read("csv", source / "accounts.csv")
    assert ([one.name for one in foreign.accounts], foreign.clans, foreign.source) == (["Anna"], [], "csv")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (b",1,", "The column name is empty."),
        (b"Anna,x,", "The column ranked_games holds no whole number."),
        (b"Anna,1,yesterday", "The column created_at holds no time."),
        (b"Anna,1", "The row has not as many values as there are columns."),
        (b"Anna,1,,more", "The row has not as many values as there are columns."),
        (b"Ann\xe4,1,", "A text is not UTF-8."),
    ],
)
def test_damaged_rows_do_not_stop_the_others(tmp_path: Path, row: bytes, fault: str) -> None:
    (tmp_path / "accounts.csv").write_bytes(b"name,ranked_games,created_at\n" + row + b"\nBob,1,\n")
    foreign = read("csv", tmp_path)
    assert [one.name for one in foreign.accounts] == ["Bob"]
    assert faults(foreign) == [("accounts.csv:2", fault)]


def test_a_role_nobody_knows(tmp_path: Path) -> None:
    foreign = read("csv", written(tmp_path / "people", accounts="name,role\nAnna,king\n"))
    assert faults(foreign)[0][1].startswith("There is no role king; there are: player, ")


def test_a_row_too_long_for_a_table(tmp_path: Path) -> None:
    foreign = read("csv", written(tmp_path / "people", accounts=f"name\n{'x' * 200_000}\nBob\n"))
    assert [one.name for one in foreign.accounts] == ["Bob"]
    assert len(foreign.damaged) == 1


def test_without_the_column_that_matters(tmp_path: Path) -> None:
    foreign = read("csv", written(tmp_path / "people", accounts="login\nAnna\n"))
    assert faults(foreign) == [("accounts.csv:2", "There is no column 'name'.")]


def test_a_folder_where_a_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").mkdir()
    with pytest.raises(SourceUnreadable):
        read("csv", tmp_path)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(tmp_path / "people", accounts="name\nAnna\n")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(SourceUnreadable, match="Permission denied"):
        read("csv", source)


# --- tables of other servers -------------------------------------------------------------------------

_USERS = (
    "id,nick_name,team_name,primary_color,secondary_color,coat_of_arms_bitmap_index,city,state,country,quote,"
    "admin_level,registration_datetime,last_login_datetime,banned_until\n"
    '7,|iAnna|p,Otters,16711680,255,3,Ghent,,Belgium,"Hm, yes",2,2010-01-02 03:04:05,0000-00-00 00:00:00,\n'
    "8,Bob,,0,0,0,,,,,0,,,2999-01-01\n"
    "9,Cara,,16777216,0,0,,,,,0,,,\n"
)


def test_gos(tmp_path: Path) -> None:
    foreign = read("gos", written(tmp_path / "tables", metaserver_users=_USERS))
    anna, bob = foreign.accounts
    assert (anna.key, anna.name, anna.shown_name, anna.role) == ("7", "Anna", "|iAnna|p", Role.ADMIN)
    assert (anna.primary, anna.secondary, anna.icon) == (Colour(65535, 0, 0), Colour(0, 0, 65535), 3)
    assert (anna.quote, anna.last_login_at) == ("Hm, yes", None)
    assert anna.created_at == datetime(2010, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (anna.disabled, bob.disabled) == (False, True)
    assert (anna.password, anna.password_hash) == (None, None)
    assert faults(foreign) == [("metaserver_users.csv:4", "A colour is out of range.")]


def test_scores_of_gos(tmp_path: Path) -> None:
    players = "id,metaserver_games_teams_id,user_id,damage_given,damage_taken,dropped\n"
    source = written(
        tmp_path / "tables",
        metaserver_users=_USERS,
        metaserver_games="id,room_type,cooperative\n1,1,0\n2,0,0\n3,1,1\n",
        metaserver_games_teams="id,metaserver_games_id,place,place_tie,spectators\n"
        "10,1,1,0,0\n11,1,2,0,0\n12,2,1,1,0\n13,3,1,0,0\n14,1,0,0,1\n",
        metaserver_games_teams_players=players
        + "1,10,7,20,10,0\n2,11,8,10,20,1\n3,12,7,5,x,0\n4,13,7,9,9,0\n5,14,7,9,9,0\n6,99,7,1,1,0\n7,10,,1,1,0\n",
    )
    anna, bob = read("gos", source).accounts
    assert anna.scores == {
        "ranked.games": 1,
        "ranked.wins": 1,
        "ranked.disconnects": 0,
        "ranked.damage_given": 20,
        "ranked.damage_taken": 10,
        "unranked.games": 1,
        "unranked.ties": 1,
        "unranked.disconnects": 0,
        "unranked.damage_given": 5,
        "unranked.damage_taken": 0,
    }
    assert (bob.scores["ranked.losses"], bob.scores["ranked.disconnects"]) == (1, 1)


def test_lhowon_as_a_database(tmp_path: Path) -> None:
    path = tmp_path / "lhowon.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE user (sort_order int, username, password, moderator, hide_in_room)")
        hashed = "$2y$10$" + "x" * 53
        rows: list[tuple[Any, ...]] = [(1, "hopper", hashed, 1, 1), (2, b"b\xff", None, 0, 0), (3, None, "", 0, 0)]
        database.executemany("INSERT INTO user VALUES (?, ?, ?, ?, ?)", rows)
        database.commit()
    foreign = read("lhowon", path)
    (hopper,) = foreign.accounts
    assert (hopper.key, hopper.password_hash, hopper.role) == ("hopper", hashed, Role.MODERATOR)
    assert hopper.hidden
    assert faults(foreign) == [("user:2", "A text is not UTF-8."), ("user:3", "The column username is empty.")]
    with pytest.raises(SourceUnreadable, match="no table"):
        read("gos", path)


def test_a_table_that_is_not_there_is_no_fault_if_it_is_not_needed(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE accounts (name, password)")
        database.execute("INSERT INTO accounts VALUES ('Anna', 'secret words')")
        database.commit()
    assert [one.name for one in read("csv", path).accounts] == ["Anna"]


# --- Bungie's C server -------------------------------------------------------------------------------


def a_score(order: str, games: int) -> bytes:
    return struct.pack(order + "hhhhiihHhhhhI16x", games, 2, 1, 0, 300, 200, 1, 0, 77, 5, 80, 6, 9)


def a_player(number: int, login: bytes, order: str = "<", places: int = 16, **parts: Any) -> bytes:
    """The C structure, laid out by hand as a 32-bit compiler does."""
    friends = b"".join(
        struct.pack(order + "IB3x", *one) for one in [*parts.get("friends", []), *[(0, 0)] * places][:places]
    )
    given = {"password": b"secret", "admin": 0, "banned": 0, "clan": 0, **parts}
    data = struct.pack(order + "I16s16sB3xIB5x2xiiiii", number, login, given["password"], given["admin"], 0,
                       given["banned"], 0, 1_000_000_000, 0, 0, 0)  # fmt: skip
    data += friends
    data += struct.pack(order + "hh18s32s32s", given["clan"], 3, b"", b"|b" + login, b"Otters")
    data += struct.pack(order + "HHHHHHHH", 65535, 0, 1, 0, 0, 2, 0, 0)
    data += struct.pack("432s2x", b"Ghent\0\0Belgium\0Caf\x8e\0")
    data += struct.pack(order + "iiih42x", 0, 0, 0, 32)
    data += struct.pack(order + "11I", *[0] * 11)
    data += a_score(order, 0) + a_score(order, 12) + b"".join(a_score(order, 0) for _ in range(16))
    if places == 16:
        data += bytes(20)
        assert len(data) == 1720
    else:
        assert len(data) == 1636
    return data


def a_clan(number: int, name: bytes, order: str = "<") -> bytes:
    head = struct.pack(order + "Iii32s16s16s", number, 900_000_000, 0, name, b"maintain", b"swim")
    data = head + struct.pack("128s128s512s100x", b"https://otters.example", b"o@x.example", b"Swim!") + bytes(864)
    assert len(data) == 1808
    return data


def a_file(signature: int, *records: bytes, order: str = "<", declared: int | None = None) -> bytes:
    count = len(records) if declared is None else declared
    body = b"".join(struct.pack(order + "I", signature) + record for record in records)
    return struct.pack(order + "I160x", count) + body


PLAY, ORDR = 0x504C4159, 0x4F524452


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("places", [8, 16])
def test_players_and_orders(tmp_path: Path, order: str, places: int) -> None:
    anna = a_player(1, b"Anna", order, places, clan=2, admin=1, friends=[(2, 2), (3, 0)])
    (tmp_path / "users.dat").write_bytes(a_file(PLAY, anna, a_player(2, b"Bob", order, places, banned=1), order=order))
    (tmp_path / "orders.dat").write_bytes(
        a_file(ORDR, a_clan(2, b"Otters", order), a_clan(0xFFFFFFFF, b"Gone", order), order=order)
    )
    (tmp_path / "readme.txt").write_text("hello")
    foreign = read("bungie", tmp_path)
    one, two = foreign.accounts
    assert (one.key, one.name, one.password, one.role) == ("1", "Anna", "secret", Role.ADMIN)
    assert (one.clan, one.friends, two.clan, two.disabled) == ("2", ("2",), "", True)
    assert (one.shown_name, one.team, one.icon, one.country_code) == ("|bAnna", "Otters", 3, 32)
    assert (one.primary, one.secondary) == (Colour(65535, 0, 1), Colour(0, 2, 0))
    assert (one.city, one.state, one.country, one.quote) == ("Ghent", "", "Belgium", "Café")
    assert one.last_login_at == datetime.fromtimestamp(1_000_000_000, UTC)
    assert one.scores == {
        "ranked.games": 12, "ranked.wins": 2, "ranked.losses": 1, "ranked.ties": 0, "ranked.damage_given": 300,
        "ranked.damage_taken": 200, "ranked.disconnects": 1, "ranked.points": 77, "ranked.caste": 5,
    }  # fmt: skip
    (clan,) = foreign.clans
    assert (clan.key, clan.name, clan.details.motto, clan.details.url) == (
        "2", "Otters", "Swim!", "https://otters.example",
    )  # fmt: skip
    assert (clan.details.contact, clan.maintenance_password, clan.member_password) == (
        "o@x.example", "maintain", "swim",
    )  # fmt: skip
    assert foreign.damaged == []


def test_damaged_players(tmp_path: Path) -> None:
    good = a_player(1, b"Anna")
    data = bytearray(a_file(PLAY, good, good, a_player(3, b""), a_player(4, b"Dan"), declared=9))
    struct.pack_into("<I", data, 164 + 1724, 0)
    path = tmp_path / "users.dat"
    path.write_bytes(data)
    foreign = read("bungie", path)
    assert [one.name for one in foreign.accounts] == ["Anna", "Dan"]
    assert faults(foreign) == [
        ("users.dat:2", "The record has not the right signature."),
        ("users.dat:3", "The record has no login or number."),
        ("users.dat", "The file says that it has 9 records; it has 4."),
    ]
    path.write_bytes(data[:-10])
    assert faults(read("bungie", path))[-1] == ("users.dat:4", "The file ends within the record.")


def test_damaged_orders(tmp_path: Path) -> None:
    data = bytearray(a_file(ORDR, a_clan(1, b"Otters"), a_clan(2, b""), a_clan(3, b"Herons")))
    struct.pack_into("<I", data, 164 + 2 * 1812, 0)
    path = tmp_path / "orders.dat"
    path.write_bytes(data)
    foreign = read("bungie", path)
    assert [one.name for one in foreign.clans] == ["Otters"]
    assert [where for where, _ in faults(foreign)] == ["orders.dat:2", "orders.dat:3"]


@settings(deadline=None)
@given(tail=st.binary(max_size=4000), at=st.integers(0, 400), noise=st.binary(max_size=20))
def test_any_bytes_are_read_or_reported(
    tail: bytes, at: int, noise: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = a_file(PLAY, a_player(1, b"Anna"), a_player(2, b"Bob"))[: 3000 + at] + tail
    data = data[: 168 + at] + noise + data[168 + at + len(noise) :]
    path = tmp_path_factory.mktemp("noise") / "users.dat"
    path.write_bytes(data)
    foreign = read("bungie", path)
    assert len(foreign.accounts) + len(foreign.damaged) >= 1


CROWD = [a_player(number, f"Player{number}".encode()) for number in range(1, 7)]
STEP = 1724


def crowd_with(tmp_path: Path, change: Callable[[bytearray], None], *, order: str = "<") -> Foreign:
    crowd = [a_player(number, f"Player{number}".encode(), order) for number in range(1, 7)]
    data = bytearray(a_file(PLAY, *crowd, order=order))
    change(data)
    path = tmp_path / "users.dat"
    path.write_bytes(data)
    return read("bungie", path)


def test_bytes_that_are_missing_cost_one_person(tmp_path: Path) -> None:
    def tear(data: bytearray) -> None:
        del data[164 + STEP + 500 : 164 + STEP + 900]

    foreign = crowd_with(tmp_path, tear)
    assert [one.key for one in foreign.accounts] == ["1", "3", "4", "5", "6"]
    assert faults(foreign) == [("users.dat:2", "Bytes of the record are missing.")]


def test_bytes_that_do_not_belong_there_cost_nobody(tmp_path: Path) -> None:
    def insert(data: bytearray) -> None:
        data[164 + 2 * STEP : 164 + 2 * STEP] = b"\0" * 777

    foreign = crowd_with(tmp_path, insert)
    assert len(foreign.accounts) == 6
    assert faults(foreign) == [("users.dat:3", "777 bytes are no record.")]


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_damaged_beginning_does_not_hide_the_rest(order: str, tmp_path: Path) -> None:
    def spoil(data: bytearray) -> None:
        data[:200] = b"\xee" * 200

    foreign = crowd_with(tmp_path, spoil, order=order)
    assert [one.key for one in foreign.accounts] == ["2", "3", "4", "5", "6"]
    assert faults(foreign)[0] == ("users.dat:1", "The record has not the right signature.")
    machine = "an Intel machine (little end first)" if order == "<" else "a PowerPC Mac (big end first)"
    assert foreign.notes == [f"users.dat: players, as since the MythDevelopers changes, written by {machine}."]


def test_a_word_inside_is_no_new_record(tmp_path: Path) -> None:
    """Somebody may have called their team PLAY, and the record after theirs may be damaged."""

    def change(data: bytearray) -> None:
        data[164 + STEP + 300 : 164 + STEP + 304] = data[164:168]
        data[164 + 2 * STEP] ^= 1

    foreign = crowd_with(tmp_path, change)
    assert [one.key for one in foreign.accounts] == ["1", "2", "4", "5", "6"]


@settings(deadline=None, max_examples=100)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), order=st.sampled_from("<>"))
def test_a_flipped_bit_costs_one_person_at_most(
    place: float, bit: int, order: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def flip(data: bytearray) -> None:
        data[int(place * len(data))] ^= 1 << bit

    foreign = crowd_with(tmp_path_factory.mktemp("flip"), flip, order=order)
    unharmed = {one.key for one in foreign.accounts} & {str(number) for number in range(1, 7)}
    assert len(unharmed) >= 5
    records = [one for one in foreign.damaged if ":" in one.where]
    assert len(foreign.accounts) + len(records) == 6


@settings(deadline=None, max_examples=30)
@given(
    kind=st.sampled_from(["csv", "gos", "lhowon", "shards"]), at=st.floats(0, 1, exclude_max=True), noise=st.binary()
)
def test_spoilt_tables_are_read_as_far_as_they_go(
    kind: str, at: float, noise: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("spoilt") / "people.db"
    with closing(sqlite3.connect(path)) as database:
        for table in ("accounts", "clans", "metaserver_users", "user", "characters"):
            database.execute(f"CREATE TABLE {table} (id, name, username, nick_name, race, class, is_player)")
            rows = [(n, *[f"Person {n}"] * 3, "Elf", "RANGER", n % 2) for n in range(60)]
            database.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        database.commit()
    data = bytearray(path.read_bytes())
    start = int(at * len(data))
    data[start : start + len(noise)] = noise
    path.write_bytes(data)
    try:
        foreign = read(kind, path)
    except SourceUnreadable:
        return
    assert len(foreign.accounts) + len(foreign.damaged) <= 130


# --- the Shards network --------------------------------------------------------------------------------


def a_shards_database(path: Path, rows: list[tuple[Any, ...]], class_column: str = "character_class") -> Path:
    columns = f"id, name, is_player, race, {class_column}, faction, strength, level, experience, souls, created_at"
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"CREATE TABLE characters ({columns})")
        database.executemany("INSERT INTO characters VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows)
        database.commit()
    return path


def test_shards(tmp_path: Path) -> None:
    path = a_shards_database(
        tmp_path / "shards_of_eternity.db",
        [
            (1, "Karn", 1, "DWARF", "PALADIN", "IRON_BROTHERHOOD", 14, 3, 350, 250, "2024-01-02 03:04:05"),
            (2, "Goblin", 0, "HUMAN", "ROGUE", "SHADOWBORN", 8, 1, 0, 0, None),
            (3, "Lyra", 1, "Race.ELF", "Sorcerer", "Moonlit Circle", 9, 1, 0, 5, None),
            (4, "Bot", 1, "ROBOT", "ROGUE", "SHADOWBORN", 9, 1, 0, 5, None),
            (5, "Huge", 1, "ELF", "ROGUE", None, 900, 1, 0, 5, None),
            (6, "Rich", 1, "ELF", "ROGUE", None, 9, 1, 0, "9" * 30, None),
        ],
    )
    foreign = read("shards", path)
    karn, lyra = foreign.accounts
    (body,) = karn.characters
    assert (karn.key, karn.name, karn.password, karn.password_hash) == ("1", "Karn", None, None)
    assert (body.race, body.calling, body.faction) == (Race.DWARF, CharacterClass.PALADIN, Faction.IRON_BROTHERHOOD)
    assert (body.stats.strength, body.stats.wisdom, body.level, body.experience, body.souls) == (14, 10, 3, 350, 250)
    assert body.created_at == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (lyra.characters[0].race, lyra.characters[0].calling) == (Race.ELF, CharacterClass.SORCERER)
    assert faults(foreign) == [
        ("characters:4", "There is no race called ROBOT."),
        ("characters:5", "A stat is not from 1 to 99."),
        ("characters:6", "The column souls holds a number that is too large."),
    ]
    assert any("1 characters are nobody's" in note for note in foreign.notes)
    assert any("no passwords" in note for note in foreign.notes)


def test_shards_call_classes_in_several_ways(tmp_path: Path) -> None:
    row = (1, "Karn", 1, "DWARF", "PALADIN", None, 14, 3, 350, 250, None)
    for column in ("class", "class_type"):
        foreign = read("shards", a_shards_database(tmp_path / f"{column}.db", [row], column))
        assert foreign.accounts[0].characters[0].calling is CharacterClass.PALADIN
        assert foreign.damaged == []


def test_texts_no_database_keeps_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE accounts (name, city, created_at, icon)")
        rows = [("Anna", "Gh\0ent", "", ""), ("Bob", "", "0001-01-01T00:00:00+14:00", ""), ("Cara", "", "", "9" * 30)]
        database.executemany("INSERT INTO accounts VALUES (?, ?, ?, ?)", rows)
        database.commit()
    assert [why for _, why in faults(read("csv", path))] == [
        "A text holds a character that no text has.",
        "The column created_at holds no time.",
        "The column icon holds a number that is too large.",
    ]


def test_a_players_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "users.dat").write_bytes(a_file(PLAY, *CROWD))

    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SourceUnreadable, match="Permission denied"):
        read("bungie", tmp_path)
