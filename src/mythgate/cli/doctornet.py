"""The network, as `mythgate doctor` sees it: from this machine, and with `--from` as a client elsewhere would."""

from __future__ import annotations

import base64
import http.client
import ipaddress
import json
import os
import secrets
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mythgate.cli.findings import Finding

if TYPE_CHECKING:
    from mythgate.config import Settings

SECONDS: Final = 5.0
EXPIRES_SOON: Final = timedelta(days=21)
SLOW_CONNECT: Final = 0.3
BACKLOG: Final = 2048
LOGIN, SERVER_MESSAGE, ACCEPT, VERSIONS, SUCCESS, ROOM_LIST = 100, 3, 12, 115, 7, 0


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the doors are on the machine that is looked at from elsewhere; 0: not at all."""

    http: int = 54731
    metaserver: int = 6321
    shards: int = 8888
    telnet: int = 4000


USUAL: Final = Ports()


# --- from this machine -----------------------------------------------------------------------------


def network(settings: Settings) -> Iterator[Finding]:
    """Who can reach the doors, and what old clients are told."""
    host = settings.http.host
    own = own_address()
    doors = {"http": host, "telnet": settings.telnet.host or host if settings.telnet.enabled else ""}
    doors |= {
        "metaserver": settings.metaserver.host or host if settings.metaserver.enabled else "",
        "shards": settings.shards.host or host if settings.shards.enabled else "",
    }
    local = [name for name, place in doors.items() if place and _is_loopback(place)]
    if local:
        yield Finding(
            "ok",
            "network",
            f"only this machine reaches: {', '.join(local)}",
            "For others: --host 0.0.0.0, for http better a proxy with TLS in front.",
        )
    behind = own is not None and own.is_private
    if settings.metaserver.enabled and not _is_loopback(doors["metaserver"]):
        advertised = settings.metaserver.advertise_host
        if advertised and _is_private(advertised):
            yield Finding(
                "warning",
                "advertise_host",
                f"clients elsewhere are sent to {advertised}, which is an address of a private network",
                "set metaserver.advertise_host to the public address",
            )
        elif not advertised and behind:
            yield Finding(
                "warning",
                "advertise_host",
                f"this machine is behind a router ({own}): clients elsewhere do not find the lobbies",
                "set metaserver.advertise_host to the public address, and forward "
                f"{settings.metaserver.port} and the ports from {settings.metaserver.room_port} on to {own}",
            )
        else:
            yield Finding("ok", "advertise_host", advertised or "clients are told where they found us")
    yield from _reachable(settings)
    yield from _kernel()
    yield from _timeouts(settings)


def own_address() -> ipaddress.IPv4Address | None:
    """The address that connections from this machine have; None without a network. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return ipaddress.IPv4Address(probe.getsockname()[0])
        except (OSError, ValueError):
            return None


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host == "::1" or host.startswith("127.")


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def _reachable(settings: Settings) -> Iterator[Finding]:
    """How long it takes to connect to the doors of a server that runs."""
    from mythgate.cli.running import ask

    status = ask(settings, "/api/status")
    if status is None:
        return
    host = settings.metaserver.host or settings.http.host
    places = {"metaserver": (_reach(host), settings.metaserver.port)} if settings.metaserver.enabled else {}
    places["telnet"] = (_reach(settings.telnet.host or settings.http.host), settings.telnet.port)
    for door, (where, port) in places.items():
        if not port or door not in status.get("doors", ()):
            continue
        seconds = connect_time(where, port)
        if seconds is None:
            yield Finding(
                "problem",
                f"{door} door",
                f"{where}:{port} does not take connections",
                "mythgate why guest   (is it open?)",
            )
        elif seconds > SLOW_CONNECT:
            yield Finding(
                "warning",
                f"{door} door",
                f"to connect takes {seconds * 1000:.0f} ms: the machine has too much to do",
                "Look at the load: top",
            )


def _reach(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "", "::") else host  # noqa: S104 (not listened to here)


def connect_time(host: str, port: int) -> float | None:
    """Seconds until somebody takes the connection; None if nobody does."""
    began = time.perf_counter()
    try:
        socket.create_connection((host, port), SECONDS).close()
    except OSError:
        return None
    return time.perf_counter() - began


def _kernel(proc: Path = Path("/proc")) -> Iterator[Finding]:
    """Limits of the system that show as time-outs, and the load."""
    waiting = _number(proc / "sys/net/core/somaxconn")
    if waiting is not None and waiting < BACKLOG:
        yield Finding(
            "warning",
            "network",
            f"only {waiting} connections may wait to be taken; in a rush clients time out",
            f"sysctl -w net.core.somaxconn={BACKLOG}",
        )
    tracked, most = (
        _number(proc / "sys/net/netfilter/nf_conntrack_count"),
        _number(proc / "sys/net/netfilter/nf_conntrack_max"),
    )
    if tracked is not None and most is not None and tracked > 0.9 * most:
        yield Finding(
            "problem",
            "network",
            f"the firewall follows {tracked} of {most} connections; others are dropped",
            f"sysctl -w net.netfilter.nf_conntrack_max={2 * most}",
        )
    try:
        load = os.getloadavg()[0]
    except (OSError, AttributeError):
        return
    cores = os.cpu_count() or 1
    if load > 2 * cores:
        yield Finding("warning", "load", f"{load:.1f} on {cores} cores: answers are late", "Look at it: top")
    else:
        yield Finding("ok", "load", f"{load:.1f} on {cores} cores")


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):
        return None


def _timeouts(settings: Settings) -> Iterator[Finding]:
    """The times that close connections, for whoever looks for one."""
    realtime, limits, metaserver = settings.realtime, settings.limits, settings.metaserver
    ping = realtime.ping_interval.total_seconds()
    told = (
        f"WebSocket: a ping every {ping:g} s, answer within {realtime.pong_within.total_seconds():g} s; "
        f"sign-in within {limits.authenticate_within.total_seconds():g} s; old clients: first packet within "
        f"{metaserver.first_packet_within.total_seconds():g} s, log-in {metaserver.login_within.total_seconds():g} s, "
        f"room {metaserver.room_login_within.total_seconds():g} s"
    )
    if ping >= 60:
        yield Finding(
            "warning",
            "time-outs",
            f"{told}. Proxies drop a line that is silent for a minute",
            "set realtime.ping_interval = 25s",
        )
    else:
        yield Finding("ok", "time-outs", told)


# --- TLS -------------------------------------------------------------------------------------------


def tls(settings: Settings) -> Iterator[Finding]:
    """The certificates that people meet: of the proxy in front, and of the telnet door."""
    base = urlsplit(settings.http.base_url)
    if base.scheme == "https" and base.hostname:
        yield certificate(base.hostname, base.port or 443)
    file = settings.telnet.tls_certificate if settings.telnet.enabled else None
    if file is not None:
        yield certificate_file(file, settings.telnet.tls_key)


def certificate(host: str, port: int, *, context: ssl.SSLContext | None = None) -> Finding:
    """What a browser finds that comes to this address."""
    where = f"{host}:{port}"
    try:
        with (
            socket.create_connection((host, port), SECONDS) as plain,
            (context or ssl.create_default_context()).wrap_socket(plain, server_hostname=host) as line,
        ):
            found = line.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        mend = {
            10: "Renew it: certbot renew   (Caddy does it by itself)",
            62: f"Have one made for {host}: certbot --nginx -d {host}",
        }.get(error.verify_code or 0, "Give the proxy the certificate with its whole chain (fullchain.pem).")
        return Finding("problem", "tls", f"{where}: {error.verify_message}", mend)
    except (OSError, ssl.SSLError) as error:
        return Finding("problem", "tls", f"{where} cannot be reached: {error}", "Does the proxy run? See the recipes.")
    return _expiry(where, datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC))


def certificate_file(file: Path, key: Path | None) -> Finding:
    """A certificate that we show ourselves."""
    try:
        ends = _end_of(file, key)
    except ssl.SSLCertVerificationError as error:
        return Finding("problem", "tls", f"{file}: {error.verify_message}", "Renew it: certbot renew")
    except (OSError, LookupError, ValueError) as error:
        return Finding("problem", "tls", f"{file} cannot be used: {error}", "Is the key the right one, and PEM?")
    return _expiry(str(file), ends)


def _end_of(file: Path, key: Path | None) -> datetime:
    """When the certificate ends; whoever shows it to themselves believes it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(file)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    here, there = client.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)
    for _ in range(10):
        for end in (here, there):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str((here.getpeercert() or {})["notAfter"])), UTC)


def _expiry(where: str, ends: datetime) -> Finding:
    left = ends - datetime.now(UTC)
    if left < timedelta(0):
        return Finding("problem", "tls", f"{where}: the certificate ended {ends:%Y-%m-%d}", "Renew it: certbot renew")
    if left < EXPIRES_SOON:
        return Finding("warning", "tls", f"{where}: the certificate ends {ends:%Y-%m-%d}", "Renew it: certbot renew")
    return Finding("ok", "tls", f"{where}: good until {ends:%Y-%m-%d}")


# --- from elsewhere --------------------------------------------------------------------------------


def from_elsewhere(host: str, ports: Ports) -> Iterator[Finding]:
    """Come to each door as a client does. Run on another machine than the server's."""
    for subject, port, come in (
        ("http door", ports.http, _http),
        ("metaserver door", ports.metaserver, _metaserver),
        ("shards door", ports.shards, _shards),
        ("telnet door", ports.telnet, _telnet),
    ):
        if not port:
            continue
        try:
            yield from come(host, port)
        except TimeoutError:
            yield Finding(
                "problem",
                subject,
                f"{host}:{port} says nothing: a firewall drops it",
                f"Open TCP {port} in the firewall, and forward it in the router.",
            )
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            yield Finding(
                "problem",
                subject,
                f"{host}:{port} cannot be reached ({reason})",
                "Does it listen on more than 127.0.0.1 (--host 0.0.0.0), and is the door on?",
            )


def _http(host: str, port: int) -> Iterator[Finding]:
    kind = http.client.HTTPSConnection if port == 443 else http.client.HTTPConnection
    connection = kind(host, port, timeout=SECONDS)
    try:
        connection.request("GET", "/api/status")
        answer = connection.getresponse()
        body = answer.read()
        try:
            version = json.loads(body)["version"]
        except (ValueError, LookupError, TypeError):
            yield Finding("problem", "http door", f"{host}:{port} is no Mythgate", "Is the proxy set up for it?")
            return
        yield Finding("ok", "http door", f"Mythgate {version} at {host}:{port}")
    finally:
        connection.close()
    connection = kind(host, port, timeout=SECONDS)
    try:
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        connection.request(
            "GET",
            "/api/ws",
            headers={
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": key,
                "Sec-WebSocket-Protocol": "bearer",
            },
        )
        status = connection.getresponse().status
        if status == 101:
            yield Finding("ok", "websocket", "is passed on")
        else:
            mend = "In the proxy: proxy_set_header Upgrade $http_upgrade; and Connection upgrade."
            yield Finding("problem", "websocket", f"the handshake is answered with {status}, not 101", mend)
    finally:
        connection.close()


def _metaserver(host: str, port: int) -> Iterator[Finding]:
    with socket.create_connection((host, port), SECONDS) as line:
        line.settimeout(SECONDS)
        looks = struct.pack(">BBh4H4HhhH12s", 0, 0, 0, *(0,) * 8, 0, 5000, 0, bytes(12)) + b"Doctor\0\0"
        texts = b"".join(text.ljust(32, b"\0") for text in (b"MARATHON", b"Nov 20 2026", b"00:00:00", b"guest"))
        _send(line, LOGIN, struct.pack(">hhiihh", 1, 0, 1, 0, 1, len(looks)) + texts + looks)
        packet_type, payload = _receive(line)
        if packet_type == SERVER_MESSAGE:
            words = payload[4:].partition(b"\0")[0].decode("mac_roman")
            yield Finding("ok", "metaserver door", f"{host}:{port} answers, and takes no guest: {words}")
            return
        if packet_type != ACCEPT:
            yield Finding("problem", "metaserver door", f"{host}:{port} is no metaserver", "Is the port right?")
            return
        _send(line, VERSIONS, bytes(16))
        rooms = b""
        while packet_type != ROOM_LIST:
            packet_type, rooms = _receive(line)
    yield Finding("ok", "metaserver door", f"{host}:{port} lets a guest in")
    for at in range(0, len(rooms) - 23, 24):
        number, _, address, room_port = struct.unpack_from(">hh4sH", rooms, at)
        told = ".".join(map(str, address)) if any(address) else host
        if connect_time(told, room_port) is None:
            yield Finding(
                "problem",
                "lobbies",
                f"clients are sent to {told}:{room_port} for lobby {number}, and nobody answers there",
                "set metaserver.advertise_host to the public address, and open the ports of the lobbies",
            )
        else:
            yield Finding("ok", "lobbies", f"lobby {number} is reached at {told}:{room_port}")


def _send(line: socket.socket, packet_type: int, payload: bytes) -> None:
    line.sendall(struct.pack(">Hhi", 0xDEAD, packet_type, 8 + len(payload)) + payload)


def _receive(line: socket.socket) -> tuple[int, bytes]:
    """The next packet; one that is none is of type -1."""
    signature, packet_type, length = struct.unpack(">Hhi", _exactly(line, 8))
    if signature != 0xDEAD or not 8 <= length <= 1_000_000:
        return -1, b""
    return packet_type, _exactly(line, length - 8)


def _exactly(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        if not more:
            raise ConnectionError("it hangs up")
        data += more
    return data


def _shards(host: str, port: int) -> Iterator[Finding]:
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", "/api/auth/validate")
        status = connection.getresponse().status
    finally:
        connection.close()
    if status < 500:
        yield Finding("ok", "shards door", f"{host}:{port} answers")
    else:
        yield Finding("problem", "shards door", f"{host}:{port} answers with {status}", "Look into its log.")


def _telnet(host: str, port: int) -> Iterator[Finding]:
    with socket.create_connection((host, port), SECONDS) as line:
        line.settimeout(SECONDS)
        said = line.recv(256)
    if said:
        yield Finding("ok", "telnet door", f"{host}:{port} greets")
    else:
        yield Finding("problem", "telnet door", f"{host}:{port} hangs up", "Is it full? See telnet.connections.")
