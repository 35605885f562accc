"""Clients that mean harm: what they try leads nowhere, leaves nothing behind, and costs others nothing."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest
from tests.support.metaserver import ARRIVAL, FALLS, FERRY, PASSWORD, House, open_house, until
from tests.support.metaserver_client import (
    ACCEPT,
    CHALLENGE,
    CHAT,
    FIND_PLAYERS,
    FULL_UPDATE,
    LOGIN,
    PLAYER_DATA,
    PLAYER_INFO,
    PLAYERS_FOUND,
    QUERY_INFO,
    ROOM_LOGIN,
    AlephOneClient,
    Denied,
    Line,
    MythClient,
    myth_game,
    packet,
    player_data,
    report,
    text,
)

from mythgate.domain.accounts import Role
from mythgate.domain.lobbies import Occupant
from mythgate.domain.sessions import OPERATOR
from mythgate.doors.metaserver import passes, questions
from mythgate.doors.metaserver.room import RoomConnection
from mythgate.services.accounts import DoorPromise
from mythgate.wire.metaserver.layout import Family

MAC_ROMAN_ADMIN_MARK = b"\xb0".decode("mac_roman")


async def sessions_of(house: House, name: str) -> int:
    """How many log-in sessions of an account live."""
    account = await house.node.services.accounts.find(OPERATOR, name)
    assert account is not None
    return len(await house.node.services.store.read(lambda tx: tx.sessions.of_account(account.id)))


# --- log-ins that are given up halfway -----------------------------------------------------------------


async def test_a_log_in_that_is_given_up_leaves_no_session(house: House) -> None:
    await house.account("Hopper")
    line = await Line.open(house.port)
    line.write(LOGIN, MythClient(user_name="hopper").login_packet())
    await line.expect(CHALLENGE)
    line.write(109, text(PASSWORD))
    await line.expect(ACCEPT)
    assert await sessions_of(house, "Hopper") == 1
    line.abort()
    await until(lambda: house.door.stats.connected == 0)
    await until(lambda: house.node.services.sessions.active_count == 0)
    assert await sessions_of(house, "Hopper") == 0


# --- between the token and the lobby -------------------------------------------------------------------


async def half_entered(house: House, user_name: str) -> AlephOneClient:
    """Somebody whose token was accepted, and who has not said yet how they look."""
    client = AlephOneClient(name=user_name, user_name=user_name, password=PASSWORD)
    await client.log_in(house.port)
    client.line = await Line.open(client.rooms[0].port)
    client.line.write(ROOM_LOGIN, client.token + text(user_name))
    await until(lambda: any(getattr(one, "held", None) is not None for one in house.door._connections))
    return client


async def test_who_is_locked_out_on_the_doorstep_does_not_come_in(house: House) -> None:
    account = await house.account("Hopper")
    client = await half_entered(house, "hopper")
    await house.node.services.accounts.disable(OPERATOR, account.id, "enough")
    client.line.write(PLAYER_DATA, player_data("Hopper"))
    await client.line.wait_closed()
    assert house.names() == []


async def test_a_token_that_opens_one_room_does_not_open_it_twice_at_once(house: House) -> None:
    await house.account("Hopper")
    first = await half_entered(house, "hopper")
    second = await Line.open(first.rooms[0].port)
    second.write(ROOM_LOGIN, first.token + text("hopper"))
    await until(lambda: sum(getattr(one, "held", None) is not None for one in house.door._connections) == 2)
    first.line.write(PLAYER_DATA, player_data("Hopper"))
    await first.line.expect(9)
    second.write(PLAYER_DATA, player_data("Hopper"))
    await second.wait_closed()
    await first.caught_up()
    assert house.names() == ["Hopper"]


async def test_who_is_staff_no_more_is_none_in_the_next_room(house: House) -> None:
    account = await house.account("Hopper", role=Role.MODERATOR)
    client = await house.myth("Hopper", "hopper", room_id=FERRY)
    await house.node.services.accounts.set_role(OPERATOR, account.id, Role.PLAYER)
    await client.line.close()
    await client.enter(next(room for room in client.rooms if room.room_id == 1))
    while client.number not in client.players:
        await client.hear()
    occupant = house.node.services.lobbies.by_number(client.number)
    assert occupant is not None
    assert occupant.visitor.role is Role.PLAYER
    assert not client.players[client.number].flags & 5


# --- names ---------------------------------------------------------------------------------------------


async def test_nobody_pretends_to_be_staff(house: House) -> None:
    degree, infinity = "\N{DEGREE SIGN}", MAC_ROMAN_ADMIN_MARK
    names = [
        f"{infinity}Boss",
        f"{degree}{infinity}Boss",
        f"\x01{infinity}Boss",
        f" {degree}{infinity} {infinity}Boss",
        f"|b{degree}|i{infinity}Boss",
        f"|{infinity}bBoss",
    ]
    for name in names:
        client = await house.myth(name, room_id=FERRY)
        shown = client.players[client.number].plain
        assert not shown.lstrip().startswith((degree, infinity)), (name, shown)
        await client.leave()
        await until(lambda: not house.names(FERRY))


async def test_names_of_games_hold_nothing_a_terminal_obeys(house: House) -> None:
    host = await house.myth("Host", room_id=FERRY)
    host.host(myth_game("a\x1b[2Jb\rc", "d\x07\x1b]0;e\x07"))
    await host.caught_up()
    (game,) = house.node.services.hosting.games(FERRY)
    assert game.facts.name.isprintable(), game.facts.name
    assert game.facts.map_name.isprintable()


# --- what is said in a browser, and its size in the words of old clients -------------------------------


async def test_what_grows_in_mac_roman_still_fits(house: House) -> None:
    old = await house.aleph("Old")
    account = await house.account("Ada")
    browser = house.browser(account=account)
    browser.enter(ARRIVAL)
    await browser.say("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 512)
    await browser.say("done")
    await old.until_said("done")
    assert len(old.said) == 2
    assert max(len(payload) for _, payload in old.line.received) <= 1100
    await browser.say("/me \N{VULGAR FRACTION ONE HALF}" + "\N{VULGAR FRACTION ONE HALF}" * 400)
    await browser.say("done again")
    await old.until_said("done again")
    assert max(len(payload) for kind, payload in old.line.received if kind == 10) <= 128


# --- muting --------------------------------------------------------------------------------------------


async def test_voices_of_guests_are_forgotten(house: House) -> None:
    guest = await house.aleph("Loud")
    await guest.caught_up()
    await guest.leave()
    await until(lambda: not house.names())
    assert house.node.services.lobbies._voices == {}


async def test_talking_while_leaving_does_not_save_from_a_mute(house: House) -> None:
    services = house.node.services
    account = await house.account("Hopper")
    moderator = await house.account("Judge", role=Role.MODERATOR)
    del moderator
    client = await house.aleph("Hopper", "hopper")
    listener = house.listener_of(client)
    talk = asyncio.ensure_future(services.lobbies.say(listener, "last words"))
    await asyncio.sleep(0)
    services.lobbies.leave(listener)
    await talk
    await services.moderation.mute(OPERATOR, account.id, 60, "enough")
    again = await house.aleph("Hopper", "hopper")
    witness = await house.aleph("Witness")
    again.chat("I was muted")
    await again.until_line("muted")
    await witness.caught_up()
    assert "I was muted" not in [one.message for one in witness.said]


# --- reading, or rather not ----------------------------------------------------------------------------


async def test_who_asks_and_does_not_read_the_answers_is_not_asked_for_more_memory(tmp_path: Path) -> None:
    async with open_house(tmp_path, options={"packet_burst": 100_000, "packets_per_second": 100_000.0}) as house:
        crowd = [await house.myth(f"Crowd {n}" + "x" * 10, room_id=FERRY) for n in range(30)]
        sleeper, other = crowd[0], crowd[1]
        connection = next(
            one
            for one in house.door._connections
            if isinstance(one, RoomConnection) and one.is_inside and one.visitor.number == sleeper.number
        )
        sleeper.line.reader._transport.pause_reading()  # type: ignore[attr-defined]
        most = 0
        for _ in range(60):
            for _ in range(100):
                sleeper.line.write(FULL_UPDATE)
            await other.caught_up()
            most = max(most, connection.transport.get_write_buffer_size())
        assert most < 1_000_000


async def test_a_search_for_everybody_costs_what_is_told_of_them(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what it would take to describe all who are there, for whom there is no room in the answer."""
    crowd = [await house.myth(f"Crowd {n}", room_id=FERRY) for n in range(12)]
    monkeypatch.setattr(questions, "MOST_FOUND", 5)
    described: list[int] = []
    entries = house.door.player_entries
    genuine = entries.get

    def counted(occupant: Occupant, family: Family, *, ranked: bool) -> bytes:
        described.append(occupant.number)
        return genuine(occupant, family, ranked=ranked)

    monkeypatch.setattr(entries, "get", counted)
    await crowd[0].ask(FIND_PLAYERS, text("crowd") + bytes(32), PLAYERS_FOUND)
    assert len(described) == 5


async def test_asking_about_players_again_and_again_reads_the_ladders_once(house: House) -> None:
    account = await house.account("Hopper")
    client = await house.myth("Hopper", "hopper", room_id=FERRY)
    overviews = house.door.overviews
    await client.ask(QUERY_INFO, account.number.to_bytes(4, "big"), PLAYER_INFO)
    kept = dict(overviews._kept)
    await client.ask(QUERY_INFO, account.number.to_bytes(4, "big"), PLAYER_INFO)
    assert kept
    assert overviews._kept == kept
    await house.pass_time(10)
    client.line.write(202)
    await client.ask(QUERY_INFO, account.number.to_bytes(4, "big"), PLAYER_INFO)
    assert min(at for at, _ in overviews._kept.values()) > max(at for at, _ in kept.values())


async def test_one_that_sends_a_lot_at_once_lets_others_have_their_turn(house: House) -> None:
    flooder, other = await house.aleph("Flooder"), await house.aleph("Other")
    block = struct.pack(">hh4HHHII", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) + text("x") + text("much")
    flooder.line.writer.write(packet(CHAT, block) * 150)
    other.chat("little")
    await other.until_said("little")
    assert sum(one.message == "much" for one in other.said) < 150
    await flooder.caught_up()


# --- what grows, what is gone --------------------------------------------------------------------------


async def test_a_quote_that_grows_in_mac_roman_closes_nobody(house: House) -> None:
    account = await house.account("Hopper")
    half = "\N{VULGAR FRACTION ONE HALF}"
    await house.node.services.profiles.describe(account.id, city=half * 100, quote=half * 300)
    client = await house.myth("Asker", room_id=FERRY)
    raw = await client.ask(QUERY_INFO, account.number.to_bytes(4, "big"), PLAYER_INFO)
    assert b"1/21/2" in raw
    assert len(raw) <= 4356 + 431 + len("Hopper") * 2 + 3
    await client.caught_up()


async def test_a_name_as_long_as_other_doors_allow_is_cut(house: House) -> None:
    accounts, name = house.node.services.accounts, "Anna of the Long and Winding Northern Roads"
    signed_in = await accounts.register(
        name, "any words", door="shards", address="192.0.2.1", client="", promise=DoorPromise(6, 50)
    )
    account = await accounts.me(signed_in.caller)
    client = await house.myth("Asker", room_id=FERRY)
    raw = await client.ask(QUERY_INFO, account.number.to_bytes(4, "big"), PLAYER_INFO)
    assert raw[4356:].split(b"\0")[:2] == [name[:31].encode()] * 2


async def test_a_lobby_that_was_closed_a_moment_ago_refuses(house: House) -> None:
    client = MythClient(name="Late")
    await client.log_in(house.port)
    room = next(one for one in client.rooms if one.room_id == FERRY)
    await house.node.services.lobbies.remove(OPERATOR, FERRY)
    line = await Line.open(room.port)
    line.write(ROOM_LOGIN, client.token + text(""))
    line.write(PLAYER_DATA, player_data("Late"))
    said = await line.wait_closed()
    assert [kind for kind, _ in said if kind == 1] == []
    await until(lambda: house.door.stats.connected == 0)


async def test_one_connection_that_fails_at_a_tick_does_not_hold_up_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await Line.open(house.port), await Line.open(house.port)
    await until(lambda: house.door.stats.connected == 2)
    broken = next(iter(house.door._connections))
    monkeypatch.setattr(broken, "on_tick", lambda now: 1 / 0)
    await house.jump(10)
    await first.wait_closed()
    await second.wait_closed()
    assert house.door.stats.closed == {"internal": 1, "late": 1}


async def test_passes_of_guests_who_never_come_do_not_pile_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "MOST_UNUSED", 3)
    present = await house.aleph("Present")
    waiting = [MythClient(name=f"Guest {n}") for n in range(5)]
    for client in waiting:
        await client.log_in(house.port)
    assert len(house.door.passes) == 4
    with pytest.raises(Denied):
        await waiting[0].enter(waiting[0].rooms[0])
    await waiting[4].enter(waiting[4].rooms[0])
    await present.caught_up()


@pytest.mark.parametrize("much", [2**31 - 1, -(2**31)])
async def test_what_somebody_claims_to_have_done_keeps_nobody_from_asking(house: House, much: int) -> None:
    account = await house.account("Alric")
    boaster = await house.myth18("Alric", "alric", room_id=FALLS)
    asker = await house.myth18("Asker", room_id=FALLS)
    for _ in range(3):
        boaster.host(myth_game("Game"))
        await boaster.until(lambda: boaster.games)
        (number,) = boaster.games
        boaster.start(600)
        raw = report(number, boaster.number, [(boaster.number, 0), (asker.number, 1)])
        counters = struct.pack(">iiiii", *[much] * 5)
        boaster.line.write(112, raw[:224] + counters + raw[244:])
        await boaster.caught_up()
        boaster.remove_game()
        await boaster.until(lambda: not boaster.games)
    await house.node.services.results.settle()
    await house.pass_time(130)
    await house.node.services.results.settle_due()
    assert await house.node.services.ratings.standings(account.number)
    asker.line.write(202)
    assert await asker.ask(QUERY_INFO, account.number.to_bytes(4, "big"), PLAYER_INFO)
    await asker.caught_up()
