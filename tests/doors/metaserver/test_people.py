"""What Myth clients ask for: games, players, friends, clans, results."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.metaserver import FALLS, FERRY, PASSWORD, RANKED_18, House, open_house, until
from tests.support.metaserver_client import (
    BUDDIES,
    BUDDIES_FOUND,
    FIND_GAMES,
    FIND_PLAYERS,
    GAMES_FOUND,
    LINE_UP,
    ORDER_FOUND,
    OWN_DATA,
    PLAYER_INFO,
    PLAYERS_FOUND,
    QUERY_BUDDIES,
    QUERY_INFO,
    QUERY_ORDER,
    RESET_GAME,
    SCORE,
    UPDATE_BUDDY,
    UPDATE_INFO,
    MythClient,
    myth_game,
    read_game,
    read_player,
    report,
    text,
    until_nul,
)

from mythgate.domain.accounts import Role
from mythgate.domain.results import Result
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.tournaments import Tournament

ANYTHING = (2, -1, 2, 2, 2, 2, 2, 0)


def found_people(raw: bytes) -> list[tuple[int, str]]:
    """Room and plain name of each."""
    people, at = [], 0
    while at < len(raw):
        (room,) = struct.unpack_from(">i", raw, at)
        player, at = read_player(raw, at + 4, by_length=True)
        people.append((room, player.plain))
    return people


def found_games(raw: bytes) -> list[str]:
    names, at = [], 0
    while at < len(raw):
        game, at = read_game(raw, at, by_length=True)
        names.append(game.name)
    return names


def entries(raw: bytes) -> dict[int, int]:
    """The states of a list of friends."""
    assert len(raw) == 16 * 8
    return {number: state for number, state in struct.iter_unpack(">IB3x", raw) if number}


async def search(
    client: MythClient, criteria: tuple[int, ...] = ANYTHING, name: str = "", map_name: str = ""
) -> list[str]:
    query = struct.pack(">8h", *criteria) + text(name) + text(map_name)
    return found_games(await client.ask(FIND_GAMES, query, GAMES_FOUND))


async def test_a_search_for_games_is_always_answered(house: House) -> None:
    client = await house.myth18("Alric")
    assert await search(client) == []
    client.host(myth_game("Desert fun", "Desert Between", kind=1, scoring=5, options=1 << 5))
    other = await house.myth18("Balor")
    other.host(myth_game("Team night", "Gimble", scoring=9, options=1 << 1))
    await client.until_game("Team night")
    assert set(await search(client)) == {"Desert fun", "Team night"}
    assert await search(client, name="DESERT") == ["Desert fun"]
    assert await search(client, map_name="gim") == ["Team night"]
    assert await search(client, (2, 5, 2, 2, 2, 2, 2, 0)) == ["Desert fun"]
    assert await search(client, (2, -1, 0, 2, 2, 2, 2, 0)) == ["Desert fun"]  # veterans
    assert await search(client, (2, -1, 2, 2, 1, 2, 2, 0)) == ["Desert fun"]  # no teams
    assert await search(client, (2, 3, 2, 2, 2, 2, 2, 0)) == []
    assert await search(client, (1, -1, 2, 2, 2, 2, 2, 0)) == ["Desert fun"]  # the host's own kind of game
    assert await search(client, (-1, -1, 2, 2, 2, 2, 2, 0)) == await search(client)


async def test_players_are_found_by_any_of_their_names(house: House) -> None:
    await house.account("Fenris")
    client = await house.myth18("Alric")
    await house.myth18("|bGrey|p Wolf", "fenris", room_id=RANKED_18)
    await house.myth("Elsewhere")  # another family
    assert found_people(await client.ask(FIND_PLAYERS, text("grey w"), PLAYERS_FOUND)) == [(RANKED_18, "Grey Wolf")]
    assert found_people(await client.ask(FIND_PLAYERS, text("FENR"), PLAYERS_FOUND)) == [(RANKED_18, "Grey Wolf")]
    assert found_people(await client.ask(FIND_PLAYERS, text("alric"), PLAYERS_FOUND)) == []
    assert found_people(await client.ask(FIND_PLAYERS, text("elsewhere"), PLAYERS_FOUND)) == []


async def test_friends_know_of_each_other(house: House) -> None:
    alric, balor = await house.account("Alric"), await house.account("Balor")
    client = await house.myth18("Alric", "alric")
    other = await house.myth18("Balor", "balor")
    assert entries(await client.line.until(BUDDIES)) == {}
    assert entries(await client.ask(UPDATE_BUDDY, struct.pack(">Ii", balor.number, 1), BUDDIES)) == {balor.number: 1}
    await other.until_line("Alric wants you")
    assert entries(await other.ask(UPDATE_BUDDY, struct.pack(">Ii", alric.number, 1), BUDDIES)) == {alric.number: 2}
    assert found_people(await client.ask(QUERY_BUDDIES, b"", BUDDIES_FOUND)) == [(FALLS, "Balor")]
    client.line.received.clear()
    await other.leave()
    while entries(await client.line.until(BUDDIES)) != {balor.number: 3}:
        pass
    assert found_people(await client.ask(QUERY_BUDDIES, b"", BUDDIES_FOUND)) == []
    assert entries(await client.ask(UPDATE_BUDDY, struct.pack(">Ii", balor.number, 0), BUDDIES)) == {}
    again = await house.myth18("Alric", "alric", room_id=RANKED_18)
    assert entries(await again.line.until(BUDDIES)) == {}


async def test_guests_and_strangers_have_empty_lists(house: House) -> None:
    guest = await house.myth18("Guest")
    assert entries(await guest.ask(UPDATE_BUDDY, struct.pack(">Ii", 12345, 1), BUDDIES)) == {}
    assert await guest.ask(QUERY_BUDDIES, b"", BUDDIES_FOUND) == b""
    assert await guest.ask(QUERY_ORDER, b"", ORDER_FOUND) == b""
    await house.account("Alric")
    alric = await house.myth18("Alric", "alric")
    assert entries(await alric.ask(UPDATE_BUDDY, struct.pack(">Ii", 99999, 1), BUDDIES)) == {}


async def test_members_of_a_clan_are_found(house: House) -> None:
    accounts = [await house.account(name) for name in ("Alric", "Balor")]
    clans = house.node.services.clans
    view = await clans.found(
        accounts[0].id, "The Nine", maintenance_password="maintenance", member_password="membership"
    )
    await clans.join(accounts[1].id, view.clan.number, "membership")
    client = await house.myth18("Alric", "alric")
    other = await house.myth18("Balor", "balor")
    raw = await client.line.until(20)
    count, *members = struct.unpack_from(">i" + "Ii" * 2, raw)
    while dict(zip(members[::2], members[1::2], strict=True)) != {accounts[0].number: 1, accounts[1].number: 1}:
        raw = await client.line.until(20)
        count, *members = struct.unpack_from(">i" + "Ii" * 2, raw)
    assert count == 2
    assert found_people(await client.ask(QUERY_ORDER, b"", ORDER_FOUND)) == [(FALLS, "Balor")]
    assert client.players[client.number].order == view.clan.number
    await other.leave()


async def test_all_about_a_player(house: House) -> None:
    account = await house.account("Alric")
    client = await house.myth18("|bAlric", "alric")
    client.line.write(UPDATE_INFO, text("Covenant") + text("Province") + text("Myth") + text("Get off my hill"))
    raw = await client.ask(QUERY_INFO, struct.pack(">I", account.number), PLAYER_INFO)
    texts, at = [], 4356
    while at < len(raw):
        found, at = until_nul(raw, at)
        texts.append(found)
    assert texts == ["Alric", "|bAlric", "", "Covenant", "Province", "Myth", "Get off my hill"]
    assert struct.unpack_from(">I", raw, 28 + 28) == struct.unpack_from(">I", raw, 1756) == (1,)  # last of one
    assert struct.unpack_from(">I", raw, 892 + 28) == (0,)  # and in no clan
    guest = await house.myth18("Guest")
    for number in (guest.number, 55555):
        assert len(await client.ask(QUERY_INFO, struct.pack(">I", number), PLAYER_INFO)) >= 4356 + 7


@pytest.mark.parametrize(("kind", "slots"), [("myth", 16), ("myth18", None)])
async def test_reports_become_a_result_and_a_standing(house: House, kind: str, slots: int | None) -> None:
    winner, loser = await house.account("Winner"), await house.account("Loser")
    room_id = {"myth": 1, "myth18": RANKED_18}[kind]
    first = await getattr(house, kind)("Winner", "winner", room_id=room_id)
    second = await getattr(house, kind)("Loser", "loser", room_id=room_id)
    first.host(myth_game("Duel", scoring=9))
    game = await second.until_game("Duel")
    assert game is not None
    for one in (first, second):
        one.line.write(LINE_UP, struct.pack(">3I", game.number, winner.number, loser.number))
    first.start(600)
    await second.until(lambda: second.games[game.number].seconds == 600)
    recorded = house.node.services.results
    results: list[object] = []
    recorded.on_recorded(results.append)
    for one in (first, second):
        one.line.write(SCORE, report(game.number, one.number, [(winner.number, 0), (loser.number, 1)], slots=slots))
    await until(lambda: results)
    raw = await first.ask(QUERY_INFO, struct.pack(">I", winner.number), PLAYER_INFO)
    games, wins, losses, _ties = struct.unpack_from(">4h", raw, 76)
    assert (games, wins, losses) == (1, 1, 0)
    king_of_the_hill = struct.unpack_from(">4h", raw, 124 + 9 * 48)
    assert king_of_the_hill[:3] == (1, 1, 0)
    raw = await first.ask(QUERY_INFO, struct.pack(">I", loser.number), PLAYER_INFO)
    assert struct.unpack_from(">4h", raw, 76)[:3] == (1, 0, 1)


async def test_another_round_scores_the_last_one_at_once(house: House) -> None:
    """113: whatever was reported until then is the result."""
    winner, loser = await house.account("Winner"), await house.account("Loser")
    first = await house.myth18("Winner", "winner", room_id=RANKED_18)
    second = await house.myth18("Loser", "loser", room_id=RANKED_18)
    first.host(myth_game("Duel", scoring=9))
    game = await second.until_game("Duel")
    assert game is not None
    first.line.write(LINE_UP, struct.pack(">3I", game.number, winner.number, loser.number))
    first.start(600)
    results: list[Result] = []
    house.node.services.results.on_recorded(results.append)
    first.line.write(SCORE, report(game.number, first.number, [(winner.number, 0), (loser.number, 1)]))
    await first.caught_up()
    assert results == []
    first.line.write(RESET_GAME)
    await until(lambda: results)
    assert [(line.number, line.place) for line in results[0].lines] == [(winner.number, 1), (loser.number, 2)]
    await second.until(lambda: second.games[game.number].seconds == -1)


@pytest.mark.parametrize(("kind", "room_id"), [("myth", FERRY), ("myth18", FALLS)])
async def test_myth_is_told_of_its_own_marks(house: House, kind: str, room_id: int) -> None:
    """8 again, as the Bungie server does, when the caste or the flags of a player change."""
    account = await house.account("Alric")
    client = await getattr(house, kind)("Alric", "alric", room_id=room_id)
    await client.caught_up()
    client.line.received.clear()
    house.node.services.lobbies.caste_changed(replace(account, caste=7))
    house.node.services.lobbies.caste_changed(replace(account, caste=7))
    await client.caught_up()
    (own,) = [raw for packet, raw in client.line.received if packet == OWN_DATA]
    assert read_player(own, 0, by_length=True)[0].caste == 7
    await house.node.services.accounts.set_role(OPERATOR, account.id, Role.MODERATOR)
    await client.until(lambda: client.players[client.number].flags == 5)


async def test_a_clan_shows_as_soon_as_somebody_joins(house: House) -> None:
    account = await house.account("Alric")
    client = await house.myth18("Alric", "alric")
    assert client.players[client.number].order == -1
    clans = house.node.services.clans
    view = await clans.found(account.id, "The Nine", maintenance_password="maintenance", member_password="membership")
    await client.until(lambda: client.players[client.number].order == view.clan.number)
    await clans.leave(account.id)
    await client.until(lambda: client.players[client.number].order == -1)


async def test_who_signs_up_is_shown_the_lobby_of_the_tournament(tmp_path: Path) -> None:
    rooms = [
        {"name": "White Falls", "room_id": FALLS, "family": "myth2"},
        {"name": "Tyr", "room_id": 6, "family": "myth2", "tournament": 1},
    ]
    async with open_house(tmp_path, lobbies={"rooms": rooms}) as house:
        account = await house.account("Alric")
        tournaments = house.node.services.tournaments
        now = house.clock.now()
        cup = await tournaments.announce(OPERATOR, Tournament("Cup", 1, 6, now + timedelta(hours=1), now))
        client = await house.myth18("Alric", "alric", room_id=FALLS)
        assert [room.room_id for room in client.rooms] == [FALLS]
        await tournaments.sign_up(account.id, cup.number)
        await house.node.services.lobbies.settle()
        await house.node.services.lobbies.tick()
        await client.until(lambda: {room.room_id for room in client.rooms} == {FALLS, 6})
        await client.enter(next(room for room in client.rooms if room.room_id == 6))  # with the token it has
        await client.until_player("Alric")
        await tournaments.cancel(OPERATOR, cup.number)
        await house.node.services.lobbies.settle()
        await client.enter(next(room for room in client.rooms if room.room_id == FALLS))
        await client.until_player("Alric")
        await client.until(lambda: [room.room_id for room in client.rooms] == [FALLS])


async def test_looks_are_kept_and_come_back(house: House) -> None:
    await house.account("Alric")
    client = await house.myth18("New Look", "alric")
    await client.leave()
    await until(lambda: house.names(FALLS) == [])

    class Keeps(MythClient):
        def login_packet(self) -> bytes:
            raw = bytearray(super().login_packet())
            raw[4:8] = bytes(4)  # does not want its looks replaced
            return bytes(raw)

    again = Keeps(name="Default", user_name="alric", password=PASSWORD)
    await again.log_in(house.port)
    assert again.own.name == "New Look"
