"""The families of clients a bot can be, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import AlephLogin, MythLogin, VersionControl
from mythgate.wire.metaserver.records import (
    AlephGame,
    AlephGameStatus,
    Colour,
    GameDescription,
    MythGame,
    MythGameFlag,
    PlayerData,
)

_BUILD_DATE: Final = "Jan  4 2021"
_BUILD_TIME: Final = "01:02:03"
_TICKS: Final = 30  # a second, in the game times of Aleph One


@dataclass(frozen=True, slots=True)
class Dialect:
    """A family of clients. `name` is what `--door` calls it."""

    name: str
    title: str
    application: str
    family: Family
    platform: int
    version: int = 0  # of the application
    patch: int = 3
    build: int = 0
    game_version: int = 0
    encrypts: bool = False
    names_guests: bool = False  # a guest logs in under a name of their own, and with an empty password
    reports: bool = True  # scores
    comes_back_after_games: bool = False  # with a new log-in
    maps: tuple[str, ...] = ()

    @property
    def is_marathon(self) -> bool:
        return self.family is Family.ALEPHONE

    def looks(self, name: str, colour: Colour, *, away: bool = False) -> PlayerData:
        """How a bot looks."""
        return PlayerData(
            state=1 if away else 0,
            primary_color=colour,
            secondary_color=Colour(red=40_000, green=40_000, blue=40_000),
            order_index=-1,
            game_version=self.game_version,
            build_number=self.build,
            name=name,
            team="" if self.is_marathon else "Bots",
        )

    def login(self, user_name: str, looks: PlayerData) -> AlephLogin | MythLogin:
        """100. Asks for the password in clear at most, or as clear as the line is."""
        if self.is_marathon:
            return AlephLogin(
                platform_type=self.platform,
                max_authentication=1,
                application=self.application,
                build_date=_BUILD_DATE,
                build_time=_BUILD_TIME,
                username=user_name,
                player_data=looks,
            )
        return MythLogin(
            platform_type=self.platform,
            flags=1,
            max_authentication=1,
            application=self.application,
            build_date=_BUILD_DATE,
            build_time=_BUILD_TIME,
            username=user_name,
            player_data=looks,
        )

    def versions(self) -> VersionControl:
        """115."""
        return VersionControl(
            platform_type=1 if self.is_marathon else self.platform,
            application_version=2 if self.is_marathon else self.version,
            patch_number=self.patch,
            build_number=self.build,
        )

    def password(self, password: str) -> bytes:
        """109, in clear."""
        raw = password.encode("mac_roman", "replace")
        if self.is_marathon:
            return raw[:16].ljust(16, b"\0")
        return raw if self.encrypts else raw + b"\0"

    def game(
        self, name: str, map_name: str, *, kind: int, players: int, seats: int, seconds: float, running: bool
    ) -> GameDescription:
        """What a host says of a game. `kind` is its type (Aleph One) or scoring (Myth)."""
        ticks = round(seconds * _TICKS)
        if self.is_marathon:
            return AlephGame(
                game_type=kind,
                time_limit=ticks,
                difficulty=2,
                maximum_players=seats,
                maximum_teams=seats,
                alephone_build="Mythgate bot",
                network_protocol_id="Aleph One WonderNAT V2",
                scenario_name="Marathon Infinity",
                scenario_id="Marathon Infinity",
                scenario_version="1.0",
                map_file="Map",
                status=AlephGameStatus.CLOSED | AlephGameStatus.RUNNING if running else 0,
                num_players=players,
                game_name=name,
                map_name=map_name,
            )
        return MythGame(
            scoring=kind,
            time_limit=ticks,
            difficulty=2,
            maximum_players=seats,
            maximum_teams=seats,
            flags=MythGameFlag.CLOSED | MythGameFlag.IN_PROGRESS if running else 0,
            player_count=players,
            game_name=name,
            map_name=map_name,
        )

    def start_time(self, seconds: float) -> int:
        """How 114 says how long the game lasts."""
        return round(seconds * _TICKS) if self.is_marathon else max(1, round(seconds))

    @property
    def kinds(self) -> tuple[int, ...]:
        """Games played against each other, as `game` takes them."""
        return (0, 2, 4) if self.is_marathon else (0, 1, 2, 9)


_MYTH_MAPS: Final = ("Desert Between Your Ears", "Creep on the Borderlands", "Gyrwan, Slip", "Venice", "Phlegethon")

DIALECTS: Final[Mapping[str, Dialect]] = {
    dialect.name: dialect
    for dialect in (
        Dialect(
            "alephone",
            "Aleph One",
            "MARATHON",
            Family.ALEPHONE,
            platform=0,
            game_version=5000,
            reports=False,
            comes_back_after_games=True,
            maps=("Thunderdome", "House of Pain", "Mars Needs Women", "5-D Space", "Duality", "King of Pain"),
        ),
        Dialect("tfl", "Myth: The Fallen Lords", "MYTH1", Family.MYTH, platform=1, version=1300, maps=_MYTH_MAPS),
        Dialect("myth", "Myth II", "MYTH2", Family.MYTH, platform=1, version=1300, maps=_MYTH_MAPS),
        Dialect(
            "myth2",
            "Myth II 1.8",
            "MYTH2",
            Family.MYTH2_18,
            platform=201,
            version=2180,
            build=431,
            game_version=2180,
            encrypts=True,
            names_guests=True,
            maps=_MYTH_MAPS,
        ),
        Dialect("myth3", "Myth III", "MYTH3", Family.MYTH, platform=1, version=1300, maps=("Smiths of Muirthemne",)),
    )
}
"""By what `--door` calls them."""
