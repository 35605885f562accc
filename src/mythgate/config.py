"""The settings tree: every number an operator may change, with its unit and its bounds.

Defaults < TOML file < changes at run time < `MYTHGATE_*` environment < command-line flags. Changes at run time are
facts in the database (`mythgate.livesettings`). `mythgate config show` tells the origin of each value;
`docs/reference/settings.md` is generated from this module.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from mythgate.domain.backups import read_keep
from mythgate.domain.errors import InvalidInput
from mythgate.domain.lobbies import DEFAULT_CAPACITY, NAME_RULE, Family, is_legible

Port = Annotated[int, Field(ge=0, le=65535)]


PREFIX: Final = "MYTHGATE_"
CONFIG_FILE_VARIABLE: Final = "MYTHGATE_CONFIG_FILE"
LONGEST: Final = timedelta(days=3650)  # added to a date, far from where dates end
SHORTEST_SECRET: Final = 32  # characters


def _not_too_long(value: timedelta) -> timedelta:
    if value > LONGEST:
        msg = f"must be at most {LONGEST.days} days"
        raise ValueError(msg)
    return value


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        msg = "must be longer than zero"
        raise ValueError(msg)
    return value


def _seconds(value: object) -> object:
    """The environment knows text only: a number in it is as good as a number."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


Seconds = Annotated[timedelta, BeforeValidator(_seconds), AfterValidator(_not_too_long)]
"""Seconds as a number, or ISO 8601 such as `PT30S`; may be zero, is ten years at most."""

Duration = Annotated[Seconds, AfterValidator(_positive)]
"""`Seconds`, and more than zero."""


def _ice_url(value: str) -> str:
    if not value.startswith(("stun:", "stuns:", "turn:", "turns:")) or len(value.partition(":")[2]) == 0:
        msg = "must be the address of a STUN or TURN server, such as stun:stun.example.org:3478"
        raise ValueError(msg)
    return value


class Section(BaseModel):
    """One table of the TOML file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HttpSettings(Section):
    """The http door: browser client, REST, WebSocket, SSE."""

    enabled: bool = Field(True, description="Open this door.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Port = Field(54731, description="Port to listen on; 0 takes a free one.")
    base_url: str = Field("", description="Where people reach the server from outside, if not host and port.")
    root_path: str = Field("", description="Path prefix a reverse proxy strips.")
    trusted_proxies: str = Field(
        "127.0.0.1",
        description="Proxies whose X-Forwarded-For is believed: addresses or networks, by commas; * for all.",
    )
    cors_origins: list[str] = Field(
        default_factory=list, description="Origins other than our own that browsers may call from; no wildcard."
    )
    token_in_query: bool = Field(
        False, description="Accept ?token= on the WebSocket. For debugging only: URLs end up in logs."
    )
    max_body_bytes: int = Field(65536, ge=1024, le=2**30, description="Largest request body.")
    max_head_bytes: int = Field(
        65536, ge=4096, le=2**20, description="Largest head of a request, also of a WebSocket's: address and headers."
    )
    head_within: Duration = Field(timedelta(seconds=10), description="Time for the head of a request to come in.")
    body_within: Duration = Field(timedelta(seconds=30), description="Time for the body of a request to come in.")
    stop_within: Duration = Field(
        timedelta(seconds=8),
        description="Time for requests to end when the server stops; who stops it often gives up after 10 s.",
    )

    @field_validator("base_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            msg = "must be an address that begins with http:// or https://"
            raise ValueError(msg)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        for entry in filter(None, (part.strip() for part in value.split(","))):
            if entry != "*":
                try:
                    ipaddress.ip_network(entry)
                except ValueError:
                    msg = f"{entry!r} is no address (10.0.0.1) and no network (10.0.0.0/8)"
                    raise ValueError(msg) from None
        return value

    @model_validator(mode="after")
    def _no_wildcard(self) -> HttpSettings:
        if "*" in self.cors_origins:
            msg = "'*' is refused because requests carry credentials; list the origins"
            raise ValueError(msg)
        return self


class DatabaseSettings(Section):
    """Where the truth is kept."""

    url: SecretStr = Field(
        SecretStr(""), description="sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME; empty: SQLite in data_dir."
    )
    pool_size: int = Field(10, ge=1, le=200, description="PostgreSQL connections at most.")
    readers: int = Field(2, ge=1, le=16, description="SQLite: threads for long reads.")
    synchronous: Literal["full", "normal"] = Field(
        "full", description="SQLite: 'full' survives a power cut, 'normal' only the end of the process."
    )
    group_commit_max: int = Field(256, ge=1, le=100_000, description="Writes that share one commit at most.")
    statement_timeout: Duration = Field(timedelta(seconds=10), description="Longest time for one write.")


class SessionSettings(Section):
    """Log-ins and tokens."""

    lifetime: Duration = Field(
        timedelta(hours=1), le=timedelta(days=366), description="A session ends this long after the last activity."
    )
    access_token_lifetime: Duration = Field(
        timedelta(minutes=15), le=timedelta(days=1), description="Life of an access token (JWT)."
    )
    sweep_interval: Duration = Field(timedelta(minutes=5), description="How often ended sessions are deleted.")
    registration: Literal["open", "closed"] = Field("open", description="Whether new accounts are taken.")
    guests: bool = Field(True, description="Whether people may enter without an account.")
    guest_lifetime: Duration = Field(timedelta(days=1), description="Idle guests are deleted after this.")
    characters_per_account: int = Field(3, ge=1, le=50, description="Living characters an account may have.")
    undo_window: Duration = Field(timedelta(days=14), description="A deleted character can be restored this long.")


_MANY: Final = 10_000_000


class PasswordSettings(Section):
    """Argon2id; defaults are OWASP's 19 MiB profile."""

    min_length: int = Field(8, ge=4, le=64, description="Shortest password.")
    max_length: int = Field(1024, ge=64, le=4096, description="Longest password.")
    memory_kib: int = Field(19456, ge=8, le=4 * 2**20, description="Memory of one hash.")
    time_cost: int = Field(2, ge=1, le=1000, description="Passes of one hash.")
    parallel_hashes: int = Field(2, ge=1, le=64, description="Hashes computed at the same time.")
    queue: int = Field(1000, ge=1, le=_MANY, description="Log-ins waiting for a hash at most.")
    game_passwords_only: bool = Field(
        False,
        description="Whether old game clients, which send passwords in clear, must use a game password of their own.",
    )


class LimitSettings(Section):
    """How much of what."""

    connections: int = Field(10000, ge=1, le=_MANY, description="Connections that play, in all.")
    connections_per_address: int = Field(
        64, ge=1, le=_MANY, description="Connections that play from one address; pages and REST may have as many again."
    )
    other_connections: int = Field(
        200, ge=10, le=_MANY, description="HTTP connections for pages and REST, in all, besides those that play."
    )
    joins_per_account: int = Field(
        60, ge=5, le=_MANY, description="Times an account may connect or reconnect within 10 s."
    )
    unauthenticated: int = Field(500, ge=1, le=_MANY, description="Connections waiting to be authenticated.")
    authenticate_within: Duration = Field(timedelta(seconds=10), description="Time to authenticate.")
    frame_bytes: int = Field(
        65536,
        ge=1024,
        le=65536,
        description="Largest inbound message, also after inflation; the format allows no more.",
    )
    chat_characters: int = Field(512, ge=16, le=2**16, description="Longest chat message.")
    command_characters: int = Field(1000, ge=32, le=2**16, description="Longest command line.")
    commands_per_second: float = Field(20, gt=0, le=_MANY, description="Commands a connection may send, lasting.")
    command_burst: int = Field(40, ge=1, le=_MANY, description="Commands a connection may send at once.")
    flood_mute: Duration = Field(timedelta(seconds=10), description="Silence after a flood that went on.")
    logins_per_account: int = Field(5, ge=1, le=_MANY, description="Failed log-ins an account before a pause.")
    login_pause: Duration = Field(timedelta(seconds=60), description="Pause for an account.")
    logins_per_address: int = Field(10, ge=1, le=_MANY, description="Failed log-ins an address before a pause.")
    login_address_pause: Duration = Field(timedelta(minutes=10), description="Pause for an address.")
    registrations_per_address: int = Field(
        10, ge=1, le=_MANY, description="New accounts an address may make within registration_window."
    )
    registration_window: Duration = Field(timedelta(minutes=10), description="Time new accounts are counted over.")


class RealtimeSettings(Section):
    """Streams, outboxes, liveness."""

    merge_window: Seconds = Field(
        timedelta(milliseconds=22),
        ge=timedelta(0),
        le=timedelta(seconds=1),
        description="Events within this time of a write leave together; 0 writes each at once.",
    )
    outbox_messages: int = Field(256, ge=16, le=_MANY, description="Unwritten events before a slow reader is closed.")
    outbox_bytes: int = Field(
        1048576, ge=65536, le=2**30, description="Unwritten bytes before a slow reader is closed."
    )
    stream_events: int = Field(1000, ge=100, le=_MANY, description="Events a stream keeps for resuming.")
    stream_bytes: int = Field(1048576, ge=65536, le=2**30, description="Bytes a stream keeps for resuming.")
    linkdead_display: Duration = Field(timedelta(seconds=30), description="Grace before others see somebody leave.")
    resume_grace: Duration = Field(timedelta(seconds=120), description="How long a stream waits for its client.")
    ping_interval: Duration = Field(timedelta(seconds=25), description="WebSocket ping after this much silence.")
    pong_within: Duration = Field(timedelta(seconds=10), description="Answer to a ping expected within this.")
    heartbeat_interval: Duration = Field(timedelta(seconds=30), description="Heartbeat event.")
    tick_interval: Duration = Field(timedelta(seconds=10), description="Game tick event.")
    deflate_threshold: int = Field(
        1024, ge=64, le=2**30, description="Compressing connections compress messages from this size."
    )


class RemoteHubSettings(Section):
    """A machine that hosts Aleph One games for players whose own cannot be reached."""

    number: int = Field(ge=1, le=65535, description="What clients know it by.")
    address: str = Field(description="Its IPv4 address.")
    port: int = Field(ge=1, le=65535, description="Its port.")
    version: str = Field("", max_length=31, description="Network protocol it speaks, as clients name it; empty: any.")

    @field_validator("address")
    @classmethod
    def _is_ipv4(cls, value: str) -> str:
        return _ipv4(value)


def _ipv4(value: str) -> str:
    """`value` if it is an address that clients can connect to, for which they know IPv4 only."""
    try:
        address = ipaddress.IPv4Address(value)
    except ValueError:
        msg = f"{value!r} is no IPv4 address (203.0.113.7)"
        raise ValueError(msg) from None
    if address.is_unspecified or address.is_multicast:
        msg = f"{value} is nowhere that anybody could connect to"
        raise ValueError(msg)
    return value


class MetaserverSettings(Section):
    """The metaserver door: Aleph One, Myth: TFL, Myth II, Myth III."""

    @property
    def place_was_chosen(self) -> bool:
        """Whether somebody said that, or where, this door opens, be it where it does without a word."""
        return bool(self.model_fields_set & {"enabled", "host", "port"})

    enabled: bool = Field(True, description="Open this door.")
    host: str = Field("", description="Address to listen on; empty: that of the http door.")
    port: Port = Field(
        6321, description="Port of the log-in server; 0 takes a free one. Aleph One connects to 6321 and nothing else."
    )
    room_port: Port = Field(6335, description="Port of the first lobby, the others follow; 0 takes free ones.")
    advertise_host: str = Field(
        "", description="IPv4 address that clients are told to connect to; empty: the one they reached the server at."
    )
    passwords: Literal["auto", "plain", "https"] = Field(
        "auto",
        description="How clients are asked for passwords. 'auto': over HTTPS if the client can, else in clear; "
        "'plain': in clear, for clients whose HTTPS log-in goes to another server; "
        "'https': never in clear over a line without encryption.",
    )
    connections: int = Field(10000, ge=1, le=_MANY, description="Connections to this door, in all.")
    connections_per_address: int = Field(
        64, ge=1, le=_MANY, description="Connections from one address; those from the same machine are not counted."
    )
    connects_per_second: float = Field(
        10, gt=0, le=_MANY, description="Connections that may come from one address, lasting; likewise."
    )
    connect_burst: int = Field(200, ge=10, le=_MANY, description="Connections that may come from one address at once.")
    newcomers: int = Field(
        4096, ge=1, le=_MANY, description="Connections that are not in a lobby yet; beyond that the oldest is closed."
    )
    first_packet_within: Duration = Field(timedelta(seconds=10), description="Time to say something.")
    login_within: Duration = Field(
        timedelta(seconds=60), description="Time to log in, with the visit to the web site that Aleph One makes."
    )
    room_login_within: Duration = Field(timedelta(seconds=15), description="Time to enter a lobby.")
    packets_per_second: float = Field(20, gt=0, le=_MANY, description="Packets a connection may send, lasting.")
    packet_burst: int = Field(200, ge=10, le=_MANY, description="Packets a connection may send at once.")
    token_lifetime: Duration = Field(
        timedelta(seconds=60), description="How long a log-in opens lobbies before the first and after the last one."
    )
    minimum_build: int = Field(427, ge=0, le=_MANY, description="Oldest build of Myth II 1.8 that is let in.")
    test_hosts: bool = Field(
        False, description="Try whether the host of a game can be connected to, and show it in the list of games."
    )
    proxy_port: Port = Field(
        0,
        description="First port of the proxy for hosts of Myth II 1.8 that nobody can connect to; each game takes two. "
        "0: no proxy. The original server used 61000.",
    )
    proxy_pairs: int = Field(5, ge=1, le=500, description="Games the proxy can stand in for at once.")
    remote_hubs: list[RemoteHubSettings] = Field(
        default_factory=list, description="Hubs for Aleph One games, each with the fields below."
    )

    @field_validator("advertise_host")
    @classmethod
    def _can_be_connected_to(cls, value: str) -> str:
        return _ipv4(value) if value else value


class TelnetSettings(Section):
    """The telnet door: terminals, Mudlet, TinTin++."""

    @property
    def place_was_chosen(self) -> bool:
        """Whether somebody said that, or where, this door opens, be it where it does without a word."""
        return bool(self.model_fields_set & {"enabled", "host", "port", "tls_port", "tls_certificate"})

    enabled: bool = Field(True, description="Open this door.")
    host: str = Field("", description="Address to listen on; empty: that of the http door.")
    port: Port = Field(4000, description="Port; 0 takes a free one.")
    tls_port: Port = Field(4001, description="Port for TLS, if there is a certificate; 0 takes a free one.")
    tls_certificate: Path | None = Field(
        None, description="Certificate for TLS with its chain, in PEM; none: no TLS. A renewed one is noticed."
    )
    tls_key: Path | None = Field(None, description="Its private key, if that is in another file.")
    clear_passwords: bool = Field(
        True,
        description="Whether passwords are taken over lines without TLS; from this machine itself they always are.",
    )
    name: str = Field("Mythgate", min_length=1, max_length=60, description="What the server is called on this door.")
    website: str = Field("", max_length=200, description="Web page that lists of games name (MSSP).")
    contact: str = Field("", max_length=200, description="Mail address that lists of games name (MSSP).")
    connections: int = Field(2000, ge=1, le=_MANY, description="Connections to this door, in all.")
    connections_per_address: int = Field(
        16, ge=1, le=_MANY, description="Connections from one address; those from the same machine are not counted."
    )
    strangers: int = Field(
        200, ge=1, le=_MANY, description="Connections that are not signed in; beyond that the oldest is closed."
    )
    answer_within: Duration = Field(timedelta(seconds=60), description="Time for each answer before signing in.")
    sign_in_within: Duration = Field(timedelta(seconds=300), description="Time to sign in or register, in all.")
    line_bytes: int = Field(4096, ge=256, le=65536, description="Longest line that is read.")
    compress: bool = Field(True, description="Offer compression (MCCP2).")
    away_after: Seconds = Field(
        timedelta(minutes=10), description="Who types nothing for so long is shown as away; 0: nobody is."
    )

    @model_validator(mode="after")
    def _key_has_a_certificate(self) -> TelnetSettings:
        if self.tls_key is not None and self.tls_certificate is None:
            msg = "tls_key needs tls_certificate"
            raise ValueError(msg)
        return self


class ShardsSettings(Section):
    """The Shards door: programs of the Shards network, over REST and a WebSocket."""

    @property
    def place_was_chosen(self) -> bool:
        """Whether somebody said that, or where, this door opens, be it where it does without a word."""
        return bool(self.model_fields_set & {"enabled", "host", "port"})

    enabled: bool = Field(True, description="Open this door.")
    host: str = Field("", description="Address to listen on; empty: that of the http door.")
    port: Port = Field(8888, description="Port; 0 takes a free one.")
    encryption_phrase: SecretStr = Field(
        SecretStr(""),
        description="Phrase that opens encrypted frames (ENCRYPTION_KEY of the clients); empty: frames are taken in "
        "clear only. Needs the extra `encryption`.",
    )
    encryption_iterations: int = Field(
        600_000,
        ge=100_000,
        le=5_000_000,
        description="Rounds in which clients of this project make a key of the phrase (PBKDF2-HMAC-SHA256); keys of "
        "100,000 rounds, which all others make, are taken as well.",
    )
    password_min_length: int = Field(6, ge=4, le=64, description="Shortest password of who registers here.")
    characters_per_account: int = Field(
        50, ge=1, le=1000, description="Living characters of an account up to which one more is made here."
    )
    connections: int = Field(10000, ge=1, le=_MANY, description="WebSockets of this door, in all.")
    connections_per_address: int = Field(256, ge=1, le=_MANY, description="WebSockets from one address.")
    strangers: int = Field(
        1000, ge=1, le=_MANY, description="WebSockets that are not logged in; beyond that the oldest is closed."
    )
    frame_bytes: int = Field(4 * 2**20, ge=1024, le=2**26, description="Longest message of who is logged in.")
    body_bytes: int = Field(2**20, ge=1024, le=2**26, description="Longest body of a request.")
    messages_per_second: float = Field(50, gt=0, le=_MANY, description="Messages a WebSocket may send, lasting.")
    message_burst: int = Field(200, ge=30, le=_MANY, description="Messages a WebSocket may send at once.")
    requests_per_second: float = Field(100, ge=20, le=_MANY, description="Requests from one address, lasting.")
    request_burst: int = Field(500, ge=20, le=_MANY, description="Requests from one address at once.")
    ping_interval: Duration = Field(
        timedelta(seconds=30), description="Pause between pings; only who answered one owes the next answer."
    )
    pong_within: Duration = Field(timedelta(seconds=30), description="Time for that answer.")
    bind_connections: bool = Field(
        True,
        description="Take a WebSocket on the connection of a log-in for the same person's. Never done for requests a "
        "proxy says it passes on; close it if a proxy does not say so.",
    )
    cors_origins: list[str] = Field(default_factory=list, description="Web pages elsewhere that may use this door.")


class WorldSettings(Section):
    """The text world."""

    packs: list[Path] = Field(default_factory=list, description="World pack folders; empty: the world that ships.")
    watch: bool = Field(True, description="Reload packs when their files change.")
    room_capacity: int = Field(32, ge=1, le=1000, description="Players in a room that says nothing else.")
    carry_limit: int = Field(20, ge=1, le=_MANY, description="Things a character can carry.")
    history: int = Field(100, ge=1, le=10000, description="Talk a room remembers, in messages.")


class PartySettings(Section):
    """Parties: characters who travel together."""

    members: int = Field(4, ge=1, le=100, description="Most members of a party.")
    invitation: Duration = Field(timedelta(minutes=2), description="How long an invitation can be accepted.")
    return_within: Duration = Field(
        timedelta(minutes=10), description="Time for members to come back after the server started."
    )


class IceServerSettings(Section):
    """A STUN or TURN server, which helps browsers to find a way to each other."""

    urls: list[Annotated[str, AfterValidator(_ice_url)]] = Field(
        min_length=1, max_length=8, description="`stun:host:port`, `turn:host:port`, `turns:…`; all of the same server."
    )
    username: str = Field("", description="For a TURN server. Everybody who joins a voice channel is told.")
    credential: SecretStr = Field(SecretStr(""), description="The password to it, which they are told as well.")

    @model_validator(mode="after")
    def _turn_needs_both(self) -> IceServerSettings:
        """Browsers refuse a TURN server without."""
        if any(one.startswith("turn") for one in self.urls) and not (
            self.username and self.credential.get_secret_value()
        ):
            msg = "a TURN server needs username and credential"
            raise ValueError(msg)
        return self


class VoiceSettings(Section):
    """Voice chat in parties, from browser to browser; the server only passes on how they find each other."""

    offered: bool = Field(True, description="Whether there is voice chat.")
    speakers: int = Field(8, ge=2, le=32, description="Most people in the voice channel of a party.")
    signal_bytes: int = Field(16384, ge=1024, le=49152, description="Longest signal that is passed on.")
    signals_per_minute: int = Field(240, ge=30, le=_MANY, description="Signals of one character that are passed on.")
    ice_servers: list[IceServerSettings] = Field(
        default_factory=list,
        max_length=8,
        description="STUN and TURN servers, each with the fields below; none: players reach each other where there is "
        "no router between them.",
    )


class CombatSettings(Section):
    """Fights, which go turn by turn."""

    turn: Duration = Field(timedelta(seconds=20), description="How long a turn lasts; who takes longer blocks.")
    respawn: Duration = Field(timedelta(minutes=1), description="Until a slain creature is back; bosses: 60 times.")
    challenge: Duration = Field(timedelta(minutes=1), description="How long a challenge to a duel can be accepted.")
    records: int = Field(200, ge=0, le=100_000, description="Fights that are over whose records are kept in memory.")


class LobbySettings(Section):
    """One lobby of the metaserver. Admins can change the list while the server runs: `mythgate lobby`."""

    name: str = Field(min_length=1, max_length=31, description="As people read it.")
    room_id: int = Field(ge=0, le=32767, description="Number of the lobby; Aleph One joins 26, called Arrival.")
    ranked: bool = Field(False, description="Whether results count for the ladder.")
    country: int = Field(0, ge=0, le=32767, description="Country code of those who may enter; 0: any.")
    min_caste: int = Field(-1, ge=-1, le=99, description="Least caste that may enter; -1: also guests.")
    max_caste: int = Field(99, ge=-1, le=99, description="Highest caste that may enter.")
    tournament: int = Field(0, ge=0, le=32767, description="Tournament whose members may enter; 0: none.")
    family: Family = Field(Family.MARATHON, description="Whose clients it is for: marathon, tfl, myth, myth2 or myth3.")
    capacity: int = Field(DEFAULT_CAPACITY, ge=1, le=1000, description="How many it takes.")
    motd: str = Field("", max_length=1000, description="Greets everybody who enters.")
    guest_motd: str = Field("", max_length=1000, description="Greets guests besides.")
    films: bool = Field(False, description="Whether it keeps recordings of games.")
    films_required: bool = Field(False, description="Whether clients have to send a recording of every game.")
    squelched: bool = Field(False, description="Whether only the staff may talk to everybody in it.")
    temporary: bool = Field(False, description="Whether it is closed for good once nobody has been in it for a while.")
    world_chat: bool = Field(
        False, description="Whether its talk is heard on the global channel of the world, and the other way round."
    )
    type: str = Field("standard", max_length=40, description="standard, tournament, or what a plug-in adds.")
    options: dict[str, Any] = Field(default_factory=dict, description="What lobbies of this type have besides.")

    @field_validator("name")
    @classmethod
    def _is_not_blank(cls, value: str) -> str:
        if not value.strip():
            msg = "must not be blank"
            raise ValueError(msg)
        if not is_legible(value):
            msg = f"must be {NAME_RULE}"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _castes_in_order(self) -> LobbySettings:
        if self.max_caste < self.min_caste:
            msg = "max_caste must not be below min_caste"
            raise ValueError(msg)
        return self


_LOBBIES: Final = [
    LobbySettings(name="Arrival", room_id=26, motd="Welcome to Mythgate.", world_chat=True),
    LobbySettings(name="Crows Bridge", room_id=0, family=Family.MYTH, motd="Welcome to Mythgate."),
    LobbySettings(name="Otter Ferry", room_id=1, family=Family.MYTH, ranked=True, motd="Games here are ranked."),
    LobbySettings(name="White Falls", room_id=2, family=Family.MYTH2, motd="Welcome to Mythgate."),
    LobbySettings(name="Silvermines", room_id=3, family=Family.MYTH2, ranked=True, motd="Games here are ranked."),
    LobbySettings(name="Madrigal", room_id=5, family=Family.TFL, motd="Welcome to Mythgate."),
    LobbySettings(name="Shiver", room_id=20, family=Family.MYTH3, motd="Welcome to Mythgate."),
]


class LobbiesSettings(Section):
    """Lobbies, where old clients and browsers meet."""

    rooms: list[LobbySettings] = Field(
        default_factory=lambda: list(_LOBBIES), description="The lobbies there are, each with the fields below."
    )
    history: int = Field(100, ge=0, le=10000, description="Talk a lobby remembers, in messages.")
    action_interval: Seconds = Field(timedelta(seconds=15), description="Time between two `.me` of one person.")
    empty_timeout: Duration = Field(
        timedelta(seconds=300), description="A temporary lobby is closed after nobody was in it for so long."
    )
    film_megabytes: int = Field(
        1024, ge=0, le=_MANY, description="Room for recordings of games, in all; when it is used up, no more are kept."
    )

    @field_validator("rooms")
    @classmethod
    def _have_numbers_of_their_own(cls, value: list[LobbySettings]) -> list[LobbySettings]:
        numbers = [one.room_id for one in value]
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        if twice:
            msg = f"room_id {twice[0]} stands twice"
            raise ValueError(msg)
        return value


class LadderSettings(Section):
    """How results become standings."""

    formula: Literal["elo", "openskill", "seniority"] = Field(
        "elo", description="Formula of the first season, and of later ones that are opened without one."
    )


class NoticeSettings(Section):
    """Telling people who are away that it is worth coming, and bridges to channels elsewhere."""

    interval: Duration = Field(
        timedelta(seconds=5), description="How often is looked whether something that is waited for is the case."
    )
    webhooks: bool = Field(True, description="Whether people may have notices posted to addresses of the web.")
    allowed_hosts: list[str] = Field(
        default_factory=list,
        description="Hosts that notices and bridges may go to without TLS, and in a closed network. All others "
        "must be on the open Internet and encrypted.",
    )
    timeout: Duration = Field(timedelta(seconds=10), description="How long the other side has to answer.")
    smtp_host: str = Field("", description="Mail server that notices are handed to; empty: no mail.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_user: str = Field("", description="Name to sign in there with; empty: without.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password to sign in there with.")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="How it is encrypted.")
    mail_from: str = Field("", description="Address that mail comes from.")
    operator: str = Field(
        "", description="How push services reach the operator: `mailto:…` or `https://…`. Empty: http.base_url."
    )

    @model_validator(mode="after")
    def _has_a_sender(self) -> Self:
        if self.smtp_host and "@" not in self.mail_from:
            msg = "mail_from must be an address if smtp_host is set"
            raise ValueError(msg)
        return self


class ModerationSettings(Section):
    """Reports of people and what is kept with them; see moderating.md."""

    report_retention: Duration = Field(
        timedelta(days=180), description="How long a report is kept with its evidence after it was closed."
    )
    reports_join_within: Duration = Field(
        timedelta(hours=1), description="Reports about one person that come within this time are one."
    )
    evidence_window: Duration = Field(
        timedelta(minutes=10), description="How long what is said after a report is added to its evidence."
    )


class AdminSettings(Section):
    """Rights of the staff; see administration.md."""

    second_factor: Literal["optional", "required"] = Field(
        "optional", description="Whether admins and owners must have a second factor to act as such."
    )
    second_factor_lasts: Duration = Field(
        timedelta(hours=12), description="How long a code is good for, in the session it was shown in."
    )


class BackupSettings(Section):
    """Backups that the server makes by itself; see backups.md."""

    every: Seconds = Field(
        timedelta(days=1), description="How often one is made; 0: never, for who makes them with something else."
    )
    keep: str = Field(
        "7d 4w 6m", description="Which are kept: the newest of each of the last days, weeks and months that have one."
    )
    folder: Path | None = Field(None, description="Where they are, best on another disk. Empty: `backups` in data_dir.")
    before_migration: bool = Field(True, description="Whether one is made before the database is brought up to date.")

    @field_validator("keep")
    @classmethod
    def _can_be_read(cls, value: str) -> str:
        try:
            return str(read_keep(value))
        except InvalidInput as error:
            msg = f"{error.message} {error.hint}"
            raise ValueError(msg) from None


class TelemetrySettings(Section):
    """Logs and metrics."""

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")
    log_format: Literal["auto", "console", "json"] = Field("auto", description="'auto': console on a terminal.")
    log_dir: Path | None = Field(
        None, description="Folder for log files besides the console; made if missing. Empty: `logs` in data_dir."
    )
    log_megabytes: int = Field(
        10, ge=0, le=10_000, description="Size of a log file before a new one is begun, of which six are kept; 0: none."
    )
    statsd: str = Field("", description="HOST:PORT of a StatsD server that metrics are sent to; empty: none.")
    statsd_prefix: str = Field(
        "mythgate", pattern=r"^[A-Za-z0-9_.-]{0,60}$", description="What names of metrics begin with there."
    )
    statsd_interval: Duration = Field(timedelta(seconds=10), description="How often metrics are sent there.")
    statsd_tags: bool = Field(
        False, description="Whether that server knows tags, as DogStatsD does; else labels become part of names."
    )
    otlp_endpoint: str = Field(
        "",
        description="Where traces of requests and commands go, with OpenTelemetry over HTTP, such as "
        "http://127.0.0.1:4318; needs the extra `otel`. Empty: nowhere.",
    )
    otlp_sample: float = Field(1.0, ge=0, le=1, description="Part of the traces that is sent.")

    @field_validator("statsd")
    @classmethod
    def _is_place(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if value and not (host and port.isdecimal() and 0 < int(port) < 65536):
            msg = "must be HOST:PORT, such as 127.0.0.1:8125"
            raise ValueError(msg)
        return value

    @field_validator("otlp_endpoint")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            msg = "must be an address that begins with http:// or https://"
            raise ValueError(msg)
        return value


class Settings(BaseSettings):
    """All settings of one node."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,  # some inputs are secrets
    )

    data_dir: Path = Field(Path("data"), description="Folder for the database, the secret key and uploads.")
    secret_key: SecretStr = Field(SecretStr(""), description="Signs access tokens; empty: made once, kept in data_dir.")
    database_url: SecretStr = Field(SecretStr(""), description="Short for database.url.")
    redis_url: SecretStr = Field(
        SecretStr(""), description="Reserved for clusters, which this version does not form: leave it empty."
    )
    plugins: list[str] = Field(
        default_factory=list, description="Python modules that add something to the server; see extending.md."
    )
    http: HttpSettings = HttpSettings()
    database: DatabaseSettings = DatabaseSettings()
    sessions: SessionSettings = SessionSettings()
    passwords: PasswordSettings = PasswordSettings()
    limits: LimitSettings = LimitSettings()
    realtime: RealtimeSettings = RealtimeSettings()
    world: WorldSettings = WorldSettings()
    metaserver: MetaserverSettings = MetaserverSettings()
    notices: NoticeSettings = NoticeSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    backups: BackupSettings = BackupSettings()
    admin: AdminSettings = AdminSettings()
    moderation: ModerationSettings = ModerationSettings()
    lobbies: LobbiesSettings = LobbiesSettings()
    ladder: LadderSettings = LadderSettings()
    parties: PartySettings = PartySettings()
    voice: VoiceSettings = VoiceSettings()
    combat: CombatSettings = CombatSettings()
    shards: ShardsSettings = ShardsSettings()
    telnet: TelnetSettings = TelnetSettings()

    @field_validator("secret_key")
    @classmethod
    def _is_long_enough(cls, value: SecretStr) -> SecretStr:
        """A short one could be found out from the key id that every access token names."""
        text = value.get_secret_value()
        if text and any(len(line.strip()) < SHORTEST_SECRET for line in text.strip().split("\n")):
            msg = (
                f"must have at least {SHORTEST_SECRET} characters (in each line, if there are several); make one with: "
                'python -c "import secrets; print(secrets.token_urlsafe(32))"'
            )
            raise ValueError(msg)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the base class names it)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (likewise)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags over environment over file over defaults."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())

    @property
    def log_folder(self) -> Path | None:
        """Where log files are written; None: nowhere."""
        if not self.telemetry.log_megabytes:
            return None
        return self.telemetry.log_dir if self.telemetry.log_dir is not None else self.data_dir / "logs"

    @property
    def database_location(self) -> str:
        """The database URL in force."""
        url = self.database_url.get_secret_value() or self.database.url.get_secret_value()
        return url or f"sqlite:///{(self.data_dir / 'mythgate.db').resolve()}"

    @property
    def backup_folder(self) -> Path:
        """The folder for backups in force."""
        return self.backups.folder if self.backups.folder is not None else self.data_dir / "backups"


def config_file() -> Path:
    """The TOML file with settings, whether it is there or not."""
    return Path(os.environ.get(CONFIG_FILE_VARIABLE, "mythgate.toml"))


def load(**flags: Any) -> Settings:
    """Settings from file, environment and `flags` (nested mappings; None values are left out)."""
    return Settings(**_without_none(flags))


def unknown_variables(environment: Mapping[str, str] = os.environ) -> list[str]:
    """A sentence for each `MYTHGATE_…` variable that sets nothing, with the one that was perhaps meant."""
    known = {CONFIG_FILE_VARIABLE, *_variables(Settings, PREFIX)}
    problems = []
    for name in sorted(name for name in environment if name.upper().startswith(PREFIX)):
        if name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.75)
            meant = f" Did you mean {near[0]}?" if near else ""
            problems.append(f"{name} is no setting and is ignored.{meant}")
    return problems


def _variables(section: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, info in section.model_fields.items():
        variable = prefix + name.upper()
        yield variable
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _variables(info.annotation, f"{variable}__")


def _without_none(tree: dict[str, Any]) -> dict[str, Any]:
    pruned: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            value = _without_none(value)
            if not value:
                continue
        if value is not None:
            pruned[key] = value
    return pruned
