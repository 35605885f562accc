"""`mythgate doctor`: find out what is wrong, and name the command that mends it."""

from __future__ import annotations

import importlib.util
import os
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal
from urllib.parse import urlsplit

import typer

from mythgate.cli import doctorhost, doctornet
from mythgate.cli.addressfile import server_of
from mythgate.cli.doctornet import USUAL, Ports, from_elsewhere
from mythgate.cli.findings import Finding, show
from mythgate.cli.offline import require_folder
from mythgate.cli.output import EXIT_FAILED, DataDir, Json, print_json, settings_or_exit

if TYPE_CHECKING:
    from mythgate.config import Settings

_PASSWORDS: Final = {
    "auto": "over HTTPS if the client can, else in clear",
    "plain": "in clear",
    "https": "never in clear",
}


def doctor(
    area: Annotated[
        str | None, typer.Argument(metavar="[net]", help="`net`: only the network, from this machine.")
    ] = None,
    elsewhere: Annotated[
        str,
        typer.Option(
            "--from", metavar="HOST", help="Run this on another machine: come to the doors of HOST as clients do."
        ),
    ] = "",
    http_port: Annotated[int, typer.Option(help="With --from; 443 is https, 0 leaves a door out.")] = USUAL.http,
    metaserver_port: Annotated[int, typer.Option(help="With --from.")] = USUAL.metaserver,
    shards_port: Annotated[int, typer.Option(help="With --from.")] = USUAL.shards,
    telnet_port: Annotated[int, typer.Option(help="With --from.")] = USUAL.telnet,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Check settings, database, world, doors, network, certificates, clock, disks, backups and limits. Changes nothing.

    Each finding names what mends it. Exit code 1 if something has to be mended.

    Examples:  mythgate doctor    mythgate doctor net    mythgate doctor --from play.example.org --http-port 443
    """
    if area not in (None, "net"):
        raise typer.BadParameter("there is `net`, and nothing for all of it", param_hint="area")
    if elsewhere:
        findings = list(from_elsewhere(elsewhere, Ports(http_port, metaserver_port, shards_port, telnet_port)))
    else:
        require_folder(data_dir)
        settings = settings_or_exit(data_dir=data_dir)
        findings = [finding for check in (NETWORK if area else CHECKS) for finding in check(settings)]
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        show(findings)
    if any(finding.level == "problem" for finding in findings):
        raise typer.Exit(EXIT_FAILED)


def _settings_known(_settings: Settings) -> Iterator[Finding]:
    from mythgate.config import unknown_variables

    for problem in unknown_variables():
        yield Finding("warning", "settings", problem, "mythgate config show   (lists every setting)")


def _python(_settings: Settings) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("ok", "python", version)


def _client_distribution(_settings: Settings) -> Iterator[Finding]:
    """The client's own distribution holds files of the server's: of another version, some of them do not fit."""
    versions = {name: _version(name) for name in ("mythgate", "mythgate-client")}
    if None not in versions.values() and len(set(versions.values())) > 1:
        told = ", ".join(f"{name} {version}" for name, version in versions.items())
        mend = "pip uninstall mythgate-client, and then: pip install --force-reinstall --no-deps mythgate"
        yield Finding("problem", "python client", f"two versions lie in the same place: {told}", mend)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _data_dir(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.resolve()
    if not folder.exists():
        yield Finding("ok", "data folder", f"{folder} does not exist yet; the first start makes it")
        folder = next(parent for parent in folder.parents if parent.exists())
    if not os.access(folder, os.W_OK):
        yield Finding(
            "problem",
            "data folder",
            f"{folder} cannot be written",
            "Change its owner, or choose another with --data-dir.",
        )


def _secret(settings: Settings) -> Iterator[Finding]:
    from mythgate.backends.system import KEY_FILE

    file = settings.data_dir / KEY_FILE
    if settings.secret_key.get_secret_value():
        yield Finding("ok", "secret key", "from the settings")
    elif not file.exists():
        yield Finding("ok", "secret key", "none yet; the first start makes one")
    elif not file.is_file():
        yield Finding("problem", "secret key", f"{file} is not a file", f"rm -r {file}")
    elif file.stat().st_mode & 0o077 and os.name == "posix":
        yield Finding("problem", "secret key", f"others can read {file}", f"chmod 600 {file}")
    else:
        yield Finding("ok", "secret key", str(file))


def _database(settings: Settings) -> Iterator[Finding]:
    from mythgate.backends.sql import migrate
    from mythgate.backends.sql.revisions import SchemaTooNew, require_known
    from mythgate.domain.errors import MythError

    url = settings.database_location
    kind = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
    if kind == "SQLite" and not Path(url.removeprefix("sqlite:///")).exists():
        yield Finding("ok", "database", "SQLite, not there yet; the first start makes it")
        return
    try:
        current = migrate.current_revision(url)
        require_known(current)
    except SchemaTooNew as error:
        yield Finding("problem", "database", str(error))
        return
    except MythError as error:
        yield Finding("problem", "database", str(error), "Is it running, and is MYTHGATE_DATABASE_URL right?")
        return
    if current == migrate.head_revision():
        yield Finding("ok", "database", f"{kind}, schema {current}")
    else:
        yield Finding(
            "warning",
            "database",
            f"{kind}, schema {current or 'empty'}, this version needs {migrate.head_revision()}",
            "mythgate migrate up   (the next start does it too)",
        )


def _world(settings: Settings) -> Iterator[Finding]:
    from mythgate.bootstrap import world_problems

    problems = world_problems(settings)
    for problem in problems:
        yield Finding("problem", "world", problem, "mythgate world check FOLDER")
    if not problems:
        yield Finding("ok", "world", "all packs are valid")


def _door(settings: Settings) -> Iterator[Finding]:
    host, port = settings.http.host, settings.http.port
    if port == 0:
        yield Finding("ok", "http door", "takes a free port")
        return
    obstacle = _obstacle(host, port)
    if obstacle:
        if _is_mythgate(host, port):
            yield Finding("ok", "http door", f"a Mythgate runs at {host}:{port}")
        else:
            yield Finding(
                "problem",
                "http door",
                f"{host}:{port} cannot be opened ({obstacle})",
                "End the program that has it, or choose another with --port.",
            )
        return
    yield Finding("ok", "http door", f"{host}:{port} is free")
    if host not in ("127.0.0.1", "::1", "localhost") and not settings.http.base_url.startswith("https://"):
        yield Finding(
            "warning",
            "tls",
            "the door listens on a network without TLS",
            "Put a reverse proxy with TLS in front and set http.base_url to its https:// address.",
        )


def _metaserver_door(settings: Settings) -> Iterator[Finding]:
    """A running Mythgate has its ports itself: then there is nothing to find."""
    chosen = settings.metaserver
    host = chosen.host or settings.http.host
    if ":" in host:  # these clients know IPv4 only
        host = "127.0.0.1" if host == "::1" else "0.0.0.0"  # noqa: S104 (as the http door was told to)
    if not chosen.enabled:
        yield Finding("ok", "metaserver door", "is off")
        return
    running = urlsplit(server_of(settings))
    if running.port and running.hostname and _is_mythgate(running.hostname, running.port):
        yield Finding("ok", "metaserver door", f"belongs to the Mythgate at {running.netloc}")
        return
    # If nobody chose 6321 the server starts without this door, so that another one can run beside it.
    level: Literal["warning", "problem"] = "problem" if chosen.place_was_chosen else "warning"
    for port in (chosen.port, chosen.room_port):
        obstacle = _obstacle(host, port) if port else ""
        if obstacle:
            yield Finding(
                level,
                "metaserver door",
                f"{host}:{port} cannot be opened ({obstacle})",
                "End the program that has it, or set metaserver.port and room_port (Aleph One knows 6321 only).",
            )
            return
    yield Finding("ok", "metaserver door", f"{host}:{chosen.port} is free" if chosen.port else "takes free ports")


def _shards_door(settings: Settings) -> Iterator[Finding]:
    """As with the metaserver door, a running Mythgate has the port itself."""
    chosen, what = settings.shards, "shards door"
    host = chosen.host or settings.http.host
    if not chosen.enabled:
        yield Finding("ok", what, "is off")
        return
    if chosen.encryption_phrase.get_secret_value() and importlib.util.find_spec("cryptography") is None:
        yield Finding(
            "problem",
            what,
            "shards.encryption_phrase is set, but the library that encrypts is not installed",
            "Install the extra `encryption` (make extras), or remove the setting.",
        )
        return
    running = urlsplit(server_of(settings))
    if running.port and running.hostname and _is_mythgate(running.hostname, running.port):
        yield Finding("ok", what, f"belongs to the Mythgate at {running.netloc}")
        return
    obstacle = _obstacle(host, chosen.port) if chosen.port else ""
    if obstacle:
        level: Literal["warning", "problem"] = "problem" if chosen.place_was_chosen else "warning"
        hint = "End the program that has it, or set shards.port."
        yield Finding(level, what, f"{host}:{chosen.port} cannot be opened ({obstacle})", hint)
        return
    yield Finding("ok", what, f"{host}:{chosen.port} is free" if chosen.port else "takes a free port")


def _telnet_door(settings: Settings) -> Iterator[Finding]:
    """As with the others; and whether TLS works."""
    chosen, what = settings.telnet, "telnet door"
    host = chosen.host or settings.http.host
    if not chosen.enabled:
        yield Finding("ok", what, "is off")
        return
    if chosen.tls_certificate is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chosen.tls_certificate, chosen.tls_key)
        except (OSError, ssl.SSLError) as error:
            mend = "Look at telnet.tls_certificate and telnet.tls_key: both in PEM, and they belong together."
            yield Finding("problem", what, f"{chosen.tls_certificate} cannot be used ({error})", mend)
            return
    elif not chosen.clear_passwords:
        mend = "Set telnet.tls_certificate; without TLS nobody elsewhere can sign in, only guests come in."
        yield Finding("warning", what, "takes no passwords in clear and has no TLS", mend)
    running = urlsplit(server_of(settings))
    if running.port and running.hostname and _is_mythgate(running.hostname, running.port):
        yield Finding("ok", what, f"belongs to the Mythgate at {running.netloc}")
        return
    ports = [chosen.port, *([chosen.tls_port] if chosen.tls_certificate is not None else [])]
    for port in filter(None, ports):
        obstacle = _obstacle(host, port)
        if obstacle:
            level: Literal["warning", "problem"] = "problem" if chosen.place_was_chosen else "warning"
            hint = "End the program that has it, or set telnet.port and telnet.tls_port."
            yield Finding(level, what, f"{host}:{port} cannot be opened ({obstacle})", hint)
            return
    yield Finding("ok", what, f"{host}:{chosen.port} is free" if chosen.port else "takes a free port")


def _encryption(settings: Settings) -> Iterator[Finding]:
    """What each door takes encrypted, and what in clear."""
    what, base_url, shards = "encryption", settings.http.base_url, settings.shards
    yield Finding("ok", what, f"http door: {f'TLS at {base_url}' if base_url.startswith('https://') else 'in clear'}")
    if settings.metaserver.enabled:
        yield Finding("ok", what, f"metaserver door: passwords {_PASSWORDS[settings.metaserver.passwords]}")
    telnet = settings.telnet
    if telnet.enabled:
        takes = "passwords in clear" if telnet.clear_passwords else "no passwords in clear"
        offers = f"and TLS on port {telnet.tls_port}" if telnet.tls_certificate is not None else "and no TLS"
        yield Finding("ok", what, f"telnet door: {takes}, {offers}")
    if shards.enabled and not shards.encryption_phrase.get_secret_value():
        yield Finding("ok", what, "shards door: frames in clear")
    elif shards.enabled:
        rounds = " or ".join(f"{one:,}" for one in sorted({100_000, shards.encryption_iterations}))
        yield Finding("ok", what, f"shards door: frames in clear, or with a key of the phrase in {rounds} rounds")


def _obstacle(host: str, port: int) -> str:
    """Why nothing can listen there; empty if something can."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


def _is_mythgate(host: str, port: int) -> bool:
    import http.client
    import json

    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/api/status")
        return "version" in json.loads(connection.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _browser_client(_settings: Settings) -> Iterator[Finding]:
    from mythgate.bootstrap import browser_client_dir

    folder = browser_client_dir()
    if folder is None:
        yield Finding("warning", "browser client", "not built", "make web   (needs Node 20)")
    else:
        yield Finding("ok", "browser client", str(folder))


CHECKS: Final[tuple[Callable[[Settings], Iterator[Finding]], ...]] = (
    _python,
    _client_distribution,
    _settings_known,
    _data_dir,
    _secret,
    _database,
    _world,
    _door,
    _metaserver_door,
    _shards_door,
    _telnet_door,
    _encryption,
    _browser_client,
    doctorhost.database_health,
    doctornet.network,
    doctornet.tls,
    doctorhost.clock,
    doctorhost.disks,
    doctorhost.backups,
    doctorhost.memory,
    doctorhost.limits,
    doctorhost.redis,
)
NETWORK: Final[tuple[Callable[[Settings], Iterator[Finding]], ...]] = (
    _door,
    _metaserver_door,
    _shards_door,
    _telnet_door,
    doctornet.network,
    doctornet.tls,
    doctorhost.limits,
)
