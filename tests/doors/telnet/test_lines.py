"""Lost lines, slow readers, other doors, limits, TLS, and clients that break the rules."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.pipe import Pipe
from tests.support.telnet import (
    ALL,
    CHARSET,
    DO,
    DONT,
    GMCP,
    IAC,
    MCCP2,
    NAWS,
    SB,
    SE,
    TTYPE,
    WILL,
    TelnetHouse,
    Visitor,
    telnet_house,
    words,
)

from mythgate.domain.events import RoomMessage, event_of
from mythgate.domain.ids import PlayId
from mythgate.doors.telnet.door import CertificateUnusable, TelnetDoor
from mythgate.doors.telnet.line import TelnetLine
from mythgate.doors.telnet.options import TelnetOptions
from mythgate.doors.telnet.playing import Playing
from mythgate.doors.telnet.screen import say


def line_of(house: TelnetHouse) -> TelnetLine:
    """The newest line."""
    return list(house.door._lines)[-1]


def playing_of(house: TelnetHouse) -> Playing:
    return list(house.door._playing)[-1]


async def cut(house: TelnetHouse, guest: Visitor) -> None:
    """The line breaks."""
    before = house.door.stats.connected
    guest.writer.transport.abort()
    await house.settled(lambda: house.door.stats.connected == before - 1)


# --- lost lines and other doors --------------------------------------------------------------------------


async def test_what_was_missed_is_told(house: TelnetHouse) -> None:
    ada = await (await house.visitor(ALL)).register("Ada")
    bo = await (await house.visitor()).enter("Bob")
    await ada.read("Bob enters the world.")
    await cut(house, ada)
    await house.pass_time(5)
    await bo.read("Ada has lost the connection.")
    bo.type("say Where is she?", "emote waits.")
    await bo.read("Bob waits.")
    sessions = house.node.services.sessions.active_count

    again = await (await house.visitor(ALL)).log_in("Ada")
    heard = await again.read("You are back. This happened meanwhile:", "Bob says: Where is she?", "Bob waits.", "Ways:")
    assert heard.count("Where is she?") == 1
    assert heard.count("Gate Square") == 1
    assert (await again.message("Room.Info"))["name"] == "Gate Square"
    await again.read("mp>")
    await bo.read("Ada is connected again.")
    assert house.node.hub.stats.resumed == 1
    await house.settled(lambda: house.node.services.sessions.active_count == sessions)  # the old one has ended
    again.type("say Here")
    await bo.read("Ada says: Here")


async def test_the_lobby_is_known_to_who_comes_back(house: TelnetHouse) -> None:
    ada = await (await house.visitor()).register("Ada")
    bob = await (await house.visitor()).enter("Bob")
    ada.type("lobby join Arrival")
    await ada.read("You are in the lobby Arrival.", "Welcome to Mythgate.")
    bob.type("lobby join Arrival")
    await bob.read("Here: Ada")
    await cut(house, ada)
    bob.type("lobby Is she gone?")
    await bob.read("You say: Is she gone?")
    again = await (await house.visitor()).log_in("Ada")
    await again.read("[Arrival] Bob: Is she gone?", "Ways:")
    again.type("lobby No.")
    await again.read("[Arrival] You say: No.")
    bob.type("lobby leave")
    await again.read("[Arrival] Bob leaves.")
    again.type("lobby join Arrival")  # once more
    again.type("lobby leave")
    assert "Is she gone?" not in await again.read("You left Arrival.")


async def test_nothing_missed(house: TelnetHouse) -> None:
    ada = await (await house.visitor()).register("Ada")
    await cut(house, ada)
    again = await (await house.visitor()).log_in("Ada")
    assert "meanwhile" not in await again.read("Ways:")


async def test_too_much_missed(tmp_path: Path) -> None:
    async with telnet_house(tmp_path, realtime={"merge_window": 0, "stream_events": 100}) as house:
        ada = await (await house.visitor()).register("Ada")
        who = house.node.presences.all()[0].character_id
        await cut(house, ada)
        for number in range(400):
            house.node.hub.send(who, event_of(RoomMessage(f"Bell {number}."), house.clock.now()))
        again = await (await house.visitor()).log_in("Ada")
        heard = await again.read("You are back. Too much happened meanwhile to tell it all.", "Gate Square", "Ways:")
        assert "Bell" not in heard


async def test_after_the_grace_one_comes_anew(house: TelnetHouse) -> None:
    ada = await (await house.visitor()).register("Ada")
    bo = await (await house.visitor()).enter("Bob")
    await cut(house, ada)
    await house.pass_time(40)
    await bo.read("Ada leaves the world.")
    await house.pass_time(100)
    again = await (await house.visitor()).log_in("Ada")
    assert "meanwhile" not in await again.read("Ways:")
    await bo.read("Ada enters the world.")


async def test_a_second_line_takes_over(house: TelnetHouse) -> None:
    ada = await (await house.visitor()).register("Ada")
    bo = await (await house.visitor()).enter("Bob")
    await ada.read("Bob enters")
    again = await (await house.visitor()).log_in("Ada")
    assert "You went on playing from somewhere else." in await ada.hung_up()
    await again.read("Ways:")
    bo.type("say hello")
    assert "enters the world" not in await again.read("Bob says: hello")


async def test_to_the_browser_and_back(house: TelnetHouse) -> None:
    """A browser takes the character over, and telnet takes it back: nobody sees it leave."""
    ada = await (await house.visitor()).register("Ada")
    bo = await (await house.visitor()).enter("Bob")
    services = house.node.services
    signed_in = await services.accounts.login("Ada", "correct horse battery", door="http", address="", client="")
    caller = await services.sessions.authenticate(signed_in.access_token)
    browser = Pipe(house.node.hub)
    await house.door.play.join(caller, None, PlayId("play-of-a-browser"), None, browser, "browser")
    assert "You went on playing from somewhere else." in await ada.hung_up()
    bo.type("say hello")
    await bo.read("You say: hello")
    assert "chat_message" in [event.payload.event_type for _, event in browser.wire]

    again = await (await house.visitor()).log_in("Ada")
    await again.read("Ways:")
    assert browser.closed == 4502
    bo.type("say back again")
    await again.read("Bob says: back again")
    assert "leaves" not in bo.text


async def test_the_server_stops(tmp_path: Path) -> None:
    async with telnet_house(tmp_path) as house:
        ada = await (await house.visitor(ALL)).enter("Ada")
        undecided = await house.visitor()
        await undecided.read("press Enter for no: ")
    assert "The server stops." in ada.text
    assert ada.messages[-1][0] == "Core.Goodbye"
    assert house.door.stats.connected == 0


async def test_a_slow_reader_is_closed_and_may_resume(house: TelnetHouse) -> None:
    ada = await (await house.visitor()).register("Ada")
    line, playing = line_of(house), playing_of(house)
    line.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    transport: Any = ada.writer.transport
    transport.pause_reading()
    assert playing.outbox is not None
    outbox, told = playing.outbox, 0
    while house.node.hub.stats.slow_closed == 0:
        house.node.hub.send(
            outbox.stream.character_id, event_of(RoomMessage(f"Bell {told:05} {'x' * 900}"), house.clock.now())
        )
        told += 1
        assert told < 20_000
    assert told > 256
    await house.settled(lambda: house.door.stats.connected == 0)
    assert house.door.stats.closed["slow"] == 1
    written = outbox.stream.written
    again = await (await house.visitor()).log_in("Ada")
    await again.read("You are back. This happened meanwhile:", f"Bell {told - 1:05}", "Ways:")
    first = int(again.raw.decode(errors="replace").partition("Bell ")[2][:5])
    assert first <= written + 1  # rather one twice than one never


async def test_what_the_system_did_not_take_is_told_again(house: TelnetHouse) -> None:
    ada = await (await house.visitor()).register("Ada")
    line, playing = line_of(house), playing_of(house)
    assert playing.outbox is not None
    cursor = playing.outbox.written
    assert playing.lost(cursor, ()) == 0
    playing._writes.clear()
    playing._writes.extend([(cursor - 2, line.written - 10), (cursor - 1, line.written - 5), (cursor, line.written)])
    line.full, line.lost, line._full_bytes = True, True, 7
    assert playing.lost(cursor, ()) == 2
    line.full = line.lost = False
    for number in range(100):
        house.node.hub.send(
            playing.outbox.stream.character_id, event_of(RoomMessage(f"Bell {number}."), house.clock.now())
        )
        await ada.read(f"Bell {number}.")
    assert len(playing._writes) <= 65


# --- limits ----------------------------------------------------------------------------------------------


async def test_how_many_may_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with telnet_house(
        tmp_path, options={"connections": 3, "strangers": 2, "connections_per_address": 2}
    ) as house:
        first, second = await house.visitor(), await house.visitor()
        await first.read("press Enter for no: ")
        await second.read("press Enter for no: ")
        third = await house.visitor()
        await first.hung_up()
        await third.read("press Enter for no: ")
        fourth = await house.visitor()
        await second.hung_up()
        await fourth.close()
        await third.close()
        await house.settled(lambda: house.door.stats.connected == 0)
        for _ in range(3):
            await (await house.visitor()).enter()
        assert "The server is full." in await (await house.visitor()).hung_up()
        for guest in house.guests:
            guest.type("quit")
            await guest.close()
        await house.settled(lambda: house.door.stats.connected == 0)
        monkeypatch.setattr(TelnetDoor, "is_local", lambda *_: False)
        near = [await house.visitor() for _ in range(2)]
        for guest in near:
            await guest.read("press Enter for no: ")
        assert "Too many connections come from your address." in await (await house.visitor()).hung_up()
        for guest in near:
            await guest.close()
        await house.settled(lambda: not house.door._addresses)
        assert house.door.stats.turned_away == {"strangers": 2, "full": 1, "address": 1}


async def test_too_many_negotiations(house: TelnetHouse) -> None:
    rude = await house.visitor()
    rude.send(words(DO, 99) * 5000)
    await rude.hung_up()
    assert house.door.stats.closed["flood"] == 1


async def test_typing_ahead(house: TelnetHouse) -> None:
    rude = await house.visitor()
    rude.type(*["x"] * 100)
    await house.settled(lambda: house.door.stats.rate_limited > 0)
    await rude.hung_up()


async def test_a_stranger_who_does_not_read(house: TelnetHouse) -> None:
    shy = await house.visitor()
    await shy.read("press Enter for no: ")
    line = line_of(house)
    line.pause_writing()
    await shy.hung_up()
    assert house.door.stats.closed["slow"] == 1
    line.resume_writing()
    line.close("again")
    assert house.door.stats.closed["again"] == 0


async def test_answers_that_nobody_reads(house: TelnetHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await (await house.visitor()).enter("Ada")
    monkeypatch.setattr(TelnetLine, "unsent", 2**21)
    line_of(house).full = True
    line_of(house).show(say("An answer."))
    await ada.hung_up()
    assert house.door.stats.closed["slow"] == 1


# --- the format ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        words(SB) + b"\xc9" + b"x" * 9000,
        words(SB) + words(SE),
        words(WILL, NAWS) + words(SB, NAWS) + b"\0" + words(SE),
        words(WILL, TTYPE) + words(SB, TTYPE) + b"\x05" + words(SE),
        words(DO, GMCP) + words(SB, GMCP) + b"{}" + words(SE),
        words(DO, GMCP) + words(SB, GMCP) + b"Core.Supports.Set 1" + words(SE),
        words(DO, CHARSET) + words(SB, CHARSET) + b"\x09" + words(SE),
    ],
)
async def test_who_breaks_the_format_is_closed(house: TelnetHouse, bad: bytes) -> None:
    rude = await house.visitor()
    await rude.read("press Enter for no: ")
    rude.send(bad)
    await rude.hung_up()
    assert not house.door.stats.closed["internal"]
    assert sum(house.door.stats.closed.values()) == 1


async def test_options_that_were_not_agreed_on_say_nothing(house: TelnetHouse) -> None:
    ada = await house.visitor()
    for option in (GMCP, NAWS, TTYPE, CHARSET, 99):
        ada.send(words(SB, option) + b"\x01\x02\x03" + words(SE))
    ada.send(bytes((IAC, 241)))
    await ada.enter("Ada")


async def test_commands_of_the_protocol(house: TelnetHouse) -> None:
    ada = await (await house.visitor()).enter("Ada")
    ada.send(bytes((IAC, 246)))
    await ada.read("[Yes]")
    ada.send(b"rubbish" + bytes((IAC, 248)) + b"sayy" + bytes((IAC, 247)) + b" so\r\n")
    await ada.read("You say: so")


async def test_compression_comes_and_goes(house: TelnetHouse) -> None:
    ada = await (await house.visitor({MCCP2})).enter("Ada")
    assert ada.compresses
    ada.send(words(DONT, MCCP2))
    ada.type("say plain")
    await ada.read("You say: plain")
    assert not ada.is_inflating()
    ada.send(words(DO, MCCP2))
    ada.type("say short")
    await ada.read("You say: short")
    assert ada.is_inflating()
    ada.type("quit")
    assert "Come back soon." in await ada.hung_up()


async def test_no_compression_if_it_is_not_wanted(tmp_path: Path) -> None:
    async with telnet_house(tmp_path, options={"compress": False}) as house:
        ada = await house.visitor(ALL)
        await ada.read("press Enter for no: ")
        assert not ada.compresses
        assert ada.status["MCCP"] == ["0"]


async def test_a_client_that_offers_character_sets(house: TelnetHouse) -> None:
    ada = await house.visitor()
    ada.send(words(WILL, CHARSET) + words(SB, CHARSET) + b"\x01 KLINGON US-ASCII" + words(SE))
    await ada.until(lambda: b"\x02US-ASCII" in ada.raw)
    await ada.enter("Ada")
    ada.type("set")
    await ada.read("US-ASCII")


async def test_a_fault_in_reading_is_logged(
    house: TelnetHouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await (await house.visitor()).enter("Ada")

    def broken(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(Playing, "on_line", broken)
    ada.type("look")
    await ada.hung_up()
    assert "What a telnet client sent could not be handled" in caplog.messages


async def test_a_fault_before_the_world_is_logged(
    house: TelnetHouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> str:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(house.door, "greeting", broken)
    ada = await house.visitor()
    await ada.read("press Enter for no: ")
    ada.type("")
    await ada.hung_up()
    assert "A telnet conversation failed" in caplog.messages


# --- TLS -------------------------------------------------------------------------------------------------


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


async def test_tls(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    certificate, key = make_certificate(tmp_path, "first")
    options = {"certificate": certificate, "certificate_key": key, "clear_passwords": False}
    async with telnet_house(tmp_path, options=options) as house:
        trusting = ssl.create_default_context(cafile=str(certificate))
        ada = await house.visitor(ALL, context=trusting)
        await ada.register("Ada")
        assert not ada.compresses
        assert ada.status["TLS"] == [str(house.door.tls_port)]
        ada.type("quit")
        assert "Come back soon." in await ada.hung_up()
        assert house.door.stats.accepted == {"clear": 0, "tls": 1}

        second, second_key = make_certificate(tmp_path, "second")
        second.replace(certificate)
        second_key.replace(key)
        for file in (certificate, key):
            os.utime(file, (1, 1))
        await house.pass_time(65)
        trusting = ssl.create_default_context(cafile=str(certificate))
        await house.visitor(context=trusting)

        certificate.write_text("not a certificate")
        await house.pass_time(65)
        assert "the certificate of the telnet door cannot be read" in caplog.messages
        certificate.unlink()
        await house.pass_time(65)
        await house.visitor(context=trusting)  # as before


async def test_handshakes_that_do_not_come(tmp_path: Path) -> None:
    """Whoever connects for TLS and says nothing, or nonsense, counts; and does not keep the server from stopping."""
    certificate, key = make_certificate(tmp_path, "one")
    options = {"certificate": certificate, "certificate_key": key, "connections_per_address": 2}
    async with telnet_house(tmp_path, options=options) as house:
        silent = [await asyncio.open_connection("127.0.0.1", house.door.tls_port) for _ in range(2)]
        await house.settled(lambda: house.door._handshakes.total() == 2)
        reader, writer = await asyncio.open_connection("127.0.0.1", house.door.tls_port)
        assert await reader.read() == b""
        writer.close()
        assert house.door.stats.turned_away == {"handshakes": 1}
        silent[0][1].write(b"GET / HTTP/1.1\r\n\r\n")
        await house.settled(lambda: house.door._handshakes.total() == 1)
        await (await house.visitor(context=ssl.create_default_context(cafile=str(certificate)))).enter("Ada")
    for _, writer in silent:
        writer.close()


async def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("nothing")
    for name in ("bad.pem", "missing.pem"):
        with pytest.raises(CertificateUnusable, match=name):
            async with telnet_house(tmp_path, options={"certificate": tmp_path / name}):
                pass


async def test_a_taken_port(tmp_path: Path) -> None:
    async with telnet_house(tmp_path) as house:
        other = TelnetDoor(house.door.play, presences=house.node.presences, options=TelnetOptions(port=house.door.port))
        with pytest.raises(OSError, match="address already in use"):
            await other.open()
        assert other.greeting() == ""
        other.spawn(asyncio.sleep(0))  # not running: nothing is begun


async def test_noise(house: TelnetHouse, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever comes, before the world and in it: a line is closed, or goes on; nothing breaks."""
    chance = random.Random(4000)  # always the same noise
    pieces = [
        *(words(verb, option) for verb in (WILL, 252, DO, DONT) for option in (1, 3, 24, 25, 31, 42, 70, 86, 201, 7)),
        *(words(SB, option) + b"\x00" + b"\x50\x00\x18" + words(SE) for option in (24, 31, 42, 201)),
        words(SB, GMCP) + b'Core.Supports.Set ["Room 1"]' + words(SE),
        *(b"look\r\n", b"\r\0", b"\x08\x7f", b"guest\r\n", b"no\r\n", b"say \xc3\xa4\xff\xff\r\n", b"set width 30\n"),
        *(b"lobby join Arrival\n", b"quit\n", b"north\n"),
    ]
    for inside in (False, True):
        for _ in range(12):
            guest = await house.visitor()
            if inside:
                await guest.enter()
            noise = b"".join(
                chance.choice(pieces) if chance.random() < 0.9 else chance.randbytes(chance.randint(1, 9))
                for _ in range(40)
            )
            guest.send(noise)
            await asyncio.sleep(0)
            await guest.close()
    await house.settled(lambda: house.door.stats.connected == 0)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
    assert not house.door.stats.closed["internal"]
    await (await house.visitor()).enter("Ada")
