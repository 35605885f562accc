"""`mythgate doctor`: each of its findings, planted."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.server import running_server
from typer.testing import CliRunner

from mythgate.cli import app, doctorhost, doctornet
from mythgate.cli.doctornet import Ports, from_elsewhere
from mythgate.cli.findings import Finding
from mythgate.config import Settings


def told(findings: Iterator[Finding] | list[Finding], subject: str) -> list[tuple[str, str, str]]:
    return [(one.level, one.message, one.mend) for one in findings if one.subject == subject]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("MYTHGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYTHGATE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MYTHGATE_PASSWORDS__MEMORY_KIB", "64")


def settings(tmp_path: Path, **more: Any) -> Settings:
    return Settings(data_dir=tmp_path / "data", **more)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    assert CliRunner().invoke(app, ["migrate", "up"]).exit_code == 0
    return tmp_path / "data" / "mythgate.db"


# --- database and clock ------------------------------------------------------------------------------


def test_a_database_in_order(tmp_path: Path, database: Path) -> None:
    ((level, message, _),) = told(doctorhost.database_health(settings(tmp_path)), "database")
    assert level == "ok"
    assert message.startswith("SQLite 3.")
    assert "whole, answers in" in message
    assert told(doctorhost.database_health(settings(tmp_path / "none")), "database") == []


def test_a_damaged_database(tmp_path: Path, database: Path) -> None:
    raw = bytearray(database.read_bytes())
    raw[4096 * 3 : 4096 * 6] = os.urandom(4096 * 3)
    database.write_bytes(raw)
    ((level, message, mend),) = told(doctorhost.database_health(settings(tmp_path)), "database")
    assert (level, mend) == ("problem", "mythgate restore BACKUP --yes")
    assert "damaged" in message
    database.write_bytes(b"no database at all" * 100)
    assert told(doctorhost.database_health(settings(tmp_path)), "database")[0][0] == "problem"


def test_a_slow_database(tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctorhost, "SLOW_QUERY", -1.0)
    assert told(doctorhost.database_health(settings(tmp_path)), "database")[0][0] == "warning"


def test_a_clock_that_was_set_back(tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CliRunner().invoke(app, ["user", "create", "Ada"], input="correct horse\n")
    assert told(doctorhost.database_health(settings(tmp_path)), "clock") == []

    class Back(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return dt.datetime.now(tz) - dt.timedelta(days=3)

    monkeypatch.setattr(doctorhost, "datetime", Back)
    ((level, message, mend),) = told(doctorhost.database_health(settings(tmp_path)), "clock")
    assert level == "problem"
    assert "the clock was set back" in message
    assert "timedatectl" in mend


def test_a_clock_that_is_wrong_or_jumps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(doctorhost.clock(settings(tmp_path)), "clock")[0][0] == "ok"
    times = iter((100.0, 107.0))
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: next(times))
        assert told(doctorhost.clock(settings(tmp_path)), "clock")[0][0] == "warning"

    class Early(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return dt.datetime(1970, 1, 1, tzinfo=tz)

    monkeypatch.setattr(doctorhost, "datetime", Early)
    assert told(doctorhost.clock(settings(tmp_path)), "clock")[0][:2] == ("problem", "it says 1970-01-01")


def test_postgres_out_of_reach(tmp_path: Path) -> None:
    given = settings(tmp_path, database_url="postgresql+asyncpg://127.0.0.1:1/none")
    assert told(doctorhost.database_health(given), "database")[0][0] == "problem"


def test_what_postgres_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answers(url: str) -> dict[str, Any]:
        return {"version": "16.2", "latency": 0.2, "drift": -9.0, "checksum_failures": 1, "most": 100, "used": 95}

    monkeypatch.setattr(doctorhost, "_ask_postgres", answers)
    found = list(doctorhost.database_health(settings(tmp_path, database_url="postgresql://h/d")))
    assert [one.level for one in found] == ["warning", "problem", "problem", "warning"]
    assert "9.0 s behind the database's" in told(found, "clock")[0][1]
    assert "max_connections" in found[-1].mend


# --- disks, backups, memory, limits, Redis -----------------------------------------------------------


def test_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    assert told(doctorhost.disks(settings(tmp_path)), "disk")[0][0] == "ok"
    monkeypatch.setattr(doctorhost, "FREE_BYTES", 2**60)
    assert "full disk" in told(doctorhost.disks(settings(tmp_path)), "disk")[0][2]
    monkeypatch.setattr(doctorhost, "SLOW_WRITE", -1.0)
    assert "until it is safe" in told(doctorhost.disks(settings(tmp_path)), "disk")[1][1]
    assert list((tmp_path / "data").iterdir()) == []


def test_backups(tmp_path: Path, database: Path) -> None:
    assert "there is none" in told(doctorhost.backups(settings(tmp_path)), "backups")[0][1]
    never = settings(tmp_path, backups={"every": 0})
    assert told(doctorhost.backups(never), "backups")[0][1] == "none are made"
    folder = tmp_path / "data" / "backups"
    folder.mkdir(exist_ok=True)
    (folder / "one.mgb").write_bytes(b"x")
    assert told(doctorhost.backups(settings(tmp_path)), "backups")[0][0] == "ok"
    old = time.time() - 5 * 86400
    os.utime(folder / "one.mgb", (old, old))
    ((level, message, mend),) = told(doctorhost.backups(settings(tmp_path)), "backups")
    assert (level, message) == ("warning", "the newest is 5 days old")
    assert mend.startswith("mythgate backup create")


def test_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(doctorhost.memory(settings(tmp_path)), "memory")[0][0] in ("ok", "warning")
    monkeypatch.setattr(doctorhost, "_free_memory", lambda: (2**20, ""))
    assert told(doctorhost.memory(settings(tmp_path)), "memory")[0][:2] == ("warning", "1 MiB free")


def test_open_files_of_all_doors_together(tmp_path: Path) -> None:
    many = settings(tmp_path, limits={"connections": 900_000}, telnet={"connections": 900_000})
    ((level, message, mend),) = told(doctorhost.limits(many), "open files")
    assert level == "warning"
    assert "telnet.connections 900000" in message
    assert "LimitNOFILE=18" in mend


def test_redis(tmp_path: Path) -> None:
    assert list(doctorhost.redis(settings(tmp_path))) == []
    found = told(doctorhost.redis(settings(tmp_path, redis_url="redis://127.0.0.1:1/0")), "redis")
    assert [level for level, _, _ in found] == ["problem", "warning"]
    with serving(lambda line: line.sendall(b"+PONG\r\n")) as port:
        found = told(doctorhost.redis(settings(tmp_path, redis_url=f"redis://127.0.0.1:{port}/0")), "redis")
        assert found[1][0] == "ok"


# --- network -----------------------------------------------------------------------------------------


@contextmanager
def serving(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """Somebody who takes connections and answers each."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with closing(line):
                try:
                    line.settimeout(2)
                    answer(line)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def test_addresses_that_clients_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctornet, "own_address", lambda: ipaddress.IPv4Address("192.168.1.9"))
    local = list(doctornet.network(settings(tmp_path)))
    assert "only this machine reaches: http, telnet, metaserver, shards" in told(local, "network")[0][1]
    public = {"http": {"host": "0.0.0.0"}}
    ((level, message, mend),) = told(doctornet.network(settings(tmp_path, **public)), "advertise_host")
    assert level == "warning"
    assert "behind a router (192.168.1.9)" in message
    assert "forward 6321" in mend
    wrong = settings(tmp_path, **public, metaserver={"advertise_host": "10.0.0.4"})
    assert "private network" in told(doctornet.network(wrong), "advertise_host")[0][1]
    right = settings(tmp_path, **public, metaserver={"advertise_host": "203.0.113.7"})
    assert told(doctornet.network(right), "advertise_host")[0][0] in ("ok", "warning")
    monkeypatch.setattr(doctornet, "_is_private", lambda host: False)
    assert told(doctornet.network(right), "advertise_host") == [("ok", "203.0.113.7", "")]


def test_the_kernel_and_the_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("core/somaxconn", 128),
        ("netfilter/nf_conntrack_count", 99),
        ("netfilter/nf_conntrack_max", 100),
    ):
        file = tmp_path / "sys" / "net" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
    monkeypatch.setattr(os, "getloadavg", lambda: (999.0, 0.0, 0.0))
    found = list(doctornet._kernel(tmp_path))
    assert [one.mend for one in found if one.subject == "network"] == [
        "sysctl -w net.core.somaxconn=2048",
        "sysctl -w net.netfilter.nf_conntrack_max=200",
    ]
    assert told(found, "load")[0][0] == "warning"


def test_time_outs(tmp_path: Path) -> None:
    ((level, message, _),) = told(doctornet.network(settings(tmp_path)), "time-outs")
    assert level == "ok"
    assert "a ping every 25 s" in message
    slow = settings(tmp_path, realtime={"ping_interval": 90})
    assert told(doctornet.network(slow), "time-outs")[0][0] == "warning"


# --- TLS ---------------------------------------------------------------------------------------------


def certificate(folder: Path, *, days: int, name: str = "localhost") -> tuple[Path, Path]:
    """A certificate that nobody else has signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=100))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    cert_file, key_file = folder / f"{name}{days}.pem", folder / f"{name}{days}.key"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


@pytest.mark.parametrize(("days", "level"), [(90, "ok"), (5, "warning"), (-5, "problem")])
def test_certificate_files(tmp_path: Path, days: int, level: str) -> None:
    cert, key = certificate(tmp_path / "tls", days=days)
    given = settings(tmp_path, telnet={"tls_certificate": str(cert), "tls_key": str(key)})
    assert told(doctornet.tls(given), "tls")[0][0] == level


def test_a_certificate_with_another_key(tmp_path: Path) -> None:
    cert, _ = certificate(tmp_path / "tls", days=90)
    _, other = certificate(tmp_path / "tls", days=80)
    assert doctornet.certificate_file(cert, other).level == "problem"


@pytest.mark.parametrize(
    ("days", "name", "trusted", "level", "words"),
    [
        (90, "localhost", True, "ok", "good until"),
        (5, "localhost", True, "warning", "ends"),
        (-5, "localhost", True, "problem", "expired"),
        (90, "elsewhere.example", True, "problem", "mismatch"),
        (90, "localhost", False, "problem", "self-signed"),
    ],
)
def test_what_a_browser_finds(tmp_path: Path, days: int, name: str, trusted: bool, level: str, words: str) -> None:
    cert, key = certificate(tmp_path / "tls", days=days, name=name)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)

    def shake(line: socket.socket) -> None:
        with server.wrap_socket(line, server_side=True) as safe:
            safe.recv(1)

    client = ssl.create_default_context()
    if trusted:
        client.load_verify_locations(cert)
    with serving(shake) as port:
        found = doctornet.certificate("localhost", port, context=client)
    assert found.level == level, found
    assert words in found.message.replace("self signed", "self-signed")
    assert bool(found.mend) is (level != "ok")
    assert doctornet.certificate("localhost", 1).level == "problem"


# --- from elsewhere ----------------------------------------------------------------------------------


async def test_coming_to_each_door_from_elsewhere(tmp_path: Path) -> None:
    import asyncio

    async with running_server(tmp_path / "data", {"MYTHGATE_TELNET__PORT": "0"}) as server:
        doors = {name: int(place.rsplit(":", 1)[1]) for name, place in server.ready["doors"].items()}
        ports = Ports(doors["http"], doors["metaserver"], doors["shards"], doors.get("telnet", 0))
        found = await asyncio.to_thread(lambda: list(from_elsewhere("127.0.0.1", ports)))
        assert {one.level for one in found} == {"ok"}, found
        assert {"http door", "websocket", "metaserver door", "lobbies", "shards door"} <= {one.subject for one in found}
        net = json.loads(await server.run_cli("doctor", "net", "--json"))
        assert {"network", "time-outs", "load"} <= {one["subject"] for one in net}
        assert not {"world", "backups"} & {one["subject"] for one in net}
        assert [one for one in net if one["level"] == "problem"] == []


def test_doors_that_do_not_answer() -> None:
    found = list(from_elsewhere("127.0.0.1", Ports(1, 1, 1, 1)))
    assert [one.level for one in found] == ["problem"] * 4
    assert all("cannot be reached" in one.message and one.mend for one in found)


def test_doors_where_something_else_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctornet, "SECONDS", 0.2)

    def web(line: socket.socket) -> None:
        line.recv(1000)
        line.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno")

    with serving(web) as other:
        found = list(from_elsewhere("127.0.0.1", Ports(other, other, other, 0)))
        assert [one.level for one in found] == ["problem"] * 3
        assert "is no Mythgate" in found[0].message
    with serving(lambda line: line.recv(1)) as silent:
        found = list(from_elsewhere("127.0.0.1", Ports(0, 0, 0, silent)))
        assert "firewall" in found[0].message + found[0].mend


def test_a_proxy_that_passes_no_websockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def proxy(line: socket.socket) -> None:
        asked = line.recv(1000)
        body = b'{"version": "1"}'
        status = b"200 OK" if b"/api/status" in asked else b"404 No"
        line.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 16\r\n\r\n" + body)

    with serving(proxy) as port:
        found = list(from_elsewhere("127.0.0.1", Ports(port, 0, 0, 0)))
    assert [(one.subject, one.level) for one in found] == [("http door", "ok"), ("websocket", "problem")]
    assert "Upgrade" in found[1].mend


def test_lobbies_at_an_address_nobody_reaches() -> None:
    import struct

    def metaserver(line: socket.socket) -> None:
        def send(kind: int, payload: bytes = b"") -> None:
            line.sendall(struct.pack(">Hhi", 0xDEAD, kind, 8 + len(payload)) + payload)

        line.recv(2000)
        send(12)
        line.recv(2000)
        send(7, bytes(40))
        send(0, struct.pack(">hh4sHhhh8x", 26, 0, bytes((127, 0, 0, 1)), 1, 0, 0, 0))

    with serving(metaserver) as port:
        found = list(from_elsewhere("127.0.0.1", Ports(0, port, 0, 0)))
    assert [(one.subject, one.level) for one in found] == [("metaserver door", "ok"), ("lobbies", "problem")]
    assert "advertise_host" in found[1].mend


def test_exit_codes_and_wrong_usage(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["doctor", "gate"]).exit_code == 2
    refused = CliRunner().invoke(app, ["doctor", "--from", "127.0.0.1", "--http-port", "1", "--metaserver-port", "0"])
    assert refused.exit_code == 1
    assert "cannot be reached" in refused.stdout
