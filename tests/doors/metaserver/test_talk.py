"""Talk between old clients and other doors: words, styles, private lines, commands, the staff."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.metaserver import ARRIVAL, FALLS, FERRY, House, open_house, until
from tests.support.metaserver_client import SERVER_MESSAGE, AlephOneClient, Denied, Myth18Client, denial

from mythgate.domain.accounts import Role
from mythgate.domain.events import Disconnect, LobbyMessage
from mythgate.domain.ids import AccountId, CharacterId, RoomId, SessionId
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import OPERATOR


async def test_accents_and_quotes_go_both_ways(house: House) -> None:
    ada = house.browser()
    ada.enter()
    client = await house.aleph("Jürgen")
    client.chat("“Œuvre” – ça coûte 3 €, ƒ ≠ π")
    await client.caught_up()
    assert ("Guest Jürgen", "“Œuvre” – ça coûte 3 €, ƒ ≠ π") in ada.said()


async def test_what_macroman_lacks_is_written_readably(house: House) -> None:
    ada = house.browser("Łukasz")
    ada.enter()
    client = await house.aleph("Hopper")
    await ada.say("Zażółć 🙂 日本")
    await client.until_said("Zazólc :) ??")
    assert any(one.name == "Lukasz" for one in client.players.values())


async def test_styles_are_styles_everywhere(house: House) -> None:
    ada = house.browser()
    ada.enter()
    client = await house.aleph("|bBold|p Name")
    client.chat("|iitalic|p and |bbold")
    await client.caught_up()
    message = next(
        one.payload for one in ada.events if isinstance(one.payload, LobbyMessage) and "italic" in one.payload.message
    )
    assert (message.name, message.message) == ("Guest Bold Name", "italic and bold")
    assert message.styled == "|iitalic|p and |bbold"


async def test_empty_words_are_not_passed_on(house: House) -> None:
    client, other = await house.aleph("A"), await house.aleph("B")
    for words in ("", "   ", "|b |p"):
        client.chat(words)
    client.chat("  trimmed  ")
    await other.until_said("trimmed")
    assert [one.message for one in other.said] == ["trimmed"]


async def test_private_words_between_doors(house: House) -> None:
    ada = house.browser()
    ada.enter()
    client, third = await house.aleph("Hopper"), await house.aleph("Third")
    client.tell(900_001, "for your eyes")
    assert (await client.until_said("for your eyes")).target == 900_001
    assert ("Guest Hopper", "for your eyes") in ada.said()
    await house.node.services.lobbies.tell(ada.listener, client.number, "and for yours")
    heard = await client.until_said("and for yours")
    assert (heard.number, heard.target, heard.flags) == (900_001, client.number, 1)
    await third.caught_up()
    assert not any("for" in one.message for one in third.said)


async def test_private_words_to_nobody_are_to_everybody(house: House) -> None:
    client, other = await house.myth("A"), await house.myth("B")
    client.tell(0, "to all of you")
    assert (await other.until_said("to all of you")).target is None


async def test_private_words_to_who_is_not_here_get_code_10(house: House) -> None:
    client = await house.aleph("A")
    client.tell(4711, "hello?")
    await client.until(lambda: client.messages)
    assert client.messages[0][0] == 10
    await client.caught_up()


async def test_dot_commands_answer_the_caller_alone(house: House) -> None:
    client, other = await house.aleph("Hopper"), await house.aleph("Tycho")
    client.chat(".time")
    client.chat(".help")
    await client.until_line(".who")
    client.chat(".nonsense")
    await client.until_line("nonsense")
    client.chat("...and so on")
    await other.until_said("...and so on")
    assert not [line for line in other.lines if line != "Welcome, marine."]
    client.chat(".me waves")
    await other.until_line("waves")


async def test_the_staff_kicks_with_a_private_command(house: House) -> None:
    await house.account("Keeper", role=Role.MODERATOR)
    keeper, troll, other = await house.aleph("Keeper", "keeper"), await house.aleph("Troll"), await house.aleph("Other")
    troll.tell(keeper.number, ".kick")  # may not
    await troll.until(lambda: troll.lines[1:])
    keeper.tell(troll.number, ".kick enough")
    await other.until_player("Troll", present=False)
    await other.until_line("Guest Troll was removed by")
    said = await troll.line.wait_closed()
    assert b"enough" in b"".join(raw for _, raw in said)
    again = await house.aleph("Troll")  # a kick is no ban
    await again.caught_up()


async def test_myth_is_told_of_a_kick_in_a_packet_of_its_own(house: House) -> None:
    await house.account("Keeper", role=Role.MODERATOR)
    keeper, troll = await house.myth18("Keeper", "keeper"), await house.myth18("Troll")
    keeper.chat(f".kick #{troll.number} out with you")
    while troll.blam is None:
        await troll.hear()
    assert "out with you" in troll.blam
    assert await troll.line.wait_closed() == []


async def test_a_ban_ends_the_connection_and_the_next_log_in(house: House) -> None:
    await house.account("Keeper", role=Role.MODERATOR)
    await house.account("Troll")
    keeper, troll = await house.aleph("Keeper", "keeper"), await house.aleph("Troll", "troll")
    await keeper.until_player("Troll")
    keeper.tell(troll.number, ".ban 3")
    await keeper.until_player("Troll", present=False)
    (farewell,) = [denial(payload) for kind, payload in await troll.line.wait_closed() if kind == SERVER_MESSAGE]
    assert farewell.code == 14
    with pytest.raises(Denied) as refused:
        await house.aleph("Troll", "troll")
    assert refused.value.code == 14


async def test_so_does_a_lock_which_says_until_when(house: House) -> None:
    account = await house.account("Troll")
    troll = await house.myth18("Troll", "troll")
    await house.node.services.accounts.disable(OPERATOR, account.id)
    farewells = [denial(payload).code for kind, payload in await troll.line.wait_closed() if kind == SERVER_MESSAGE]
    assert farewells == [14]
    await house.node.services.accounts.enable(OPERATOR, account.id)
    await house.node.services.moderation.ban(OPERATOR, account.id, 2)
    with pytest.raises(Denied, match="locked until") as refused:
        await house.myth18("Troll", "troll")
    assert refused.value.code == 14


async def test_the_staff_hears_of_what_others_of_the_staff_do(house: House) -> None:
    await house.account("Keeper", role=Role.MODERATOR)
    colleague = await house.account("Warden", role=Role.MODERATOR)
    await house.account("Troll")
    keeper = await house.aleph("Keeper", "keeper")
    warden = await house.myth18("Warden", "warden")
    troll, guest = await house.aleph("Troll", "troll"), await house.aleph("Guest")
    keeper.tell(troll.number, ".mute 5")
    assert await warden.until_line("[staff]") == "[staff] Keeper muted Troll for 5 minutes."
    keeper.tell(guest.number, ".kick")
    await warden.until_line("[staff] Keeper removed Guest Guest")
    await keeper.until_line("was removed by Keeper")  # as everybody in the lobby
    await keeper.caught_up()
    assert not any("[staff]" in line for line in (*keeper.lines, *troll.lines))
    await house.node.services.accounts.set_role(OPERATOR, colleague.id, Role.PLAYER)
    warden.lines.clear()
    keeper.tell(troll.number, ".unmute")
    await troll.until_line("no longer muted")
    await warden.caught_up()
    assert warden.lines == []


async def test_who_is_muted_is_told_so(house: House) -> None:
    await house.account("Keeper", role=Role.MODERATOR)
    keeper, troll = await house.aleph("Keeper", "keeper"), await house.aleph("Troll")
    keeper.tell(troll.number, ".mute")
    await troll.until(lambda: any("muted" in line for line in troll.lines))
    count = len(troll.lines)
    troll.chat("can you hear me?")
    await troll.until(lambda: len(troll.lines) > count)
    await keeper.caught_up()
    assert not any("hear me" in one.message for one in keeper.said)


async def test_an_old_client_can_put_a_browser_user_out(house: House) -> None:
    await house.account("Keeper", role=Role.MODERATOR)
    ada = house.browser(account=await house.account("Ada"))
    ada.enter()
    keeper = await house.aleph("Keeper", "keeper")
    keeper.chat(".kick Ada house rules")
    await keeper.until_player("Ada", present=False)
    assert any(isinstance(one.payload, Disconnect) for one in ada.events)


async def test_nobody_but_the_staff_wears_its_mark(house: House) -> None:
    await house.account("Keeper", role=Role.MODERATOR)
    mark = b"\xb0".decode("mac_roman")
    guest = await house.aleph(f"{mark}Boss")
    keeper = await house.aleph(f"{mark}Boss", "keeper")
    await guest.until_player("Boss")
    assert guest.players[guest.number].name == "|iGuest|p Boss"
    assert keeper.players[keeper.number].name.startswith(mark)


async def test_aleph_one_knows_guests_with_a_browser_by_their_names(house: House) -> None:
    aleph, myth = await house.aleph("Hopper"), await house.myth("Alric", room_id=FERRY)
    for number, room_id in enumerate((ARRIVAL, FERRY)):
        browser = house.browser(f"Guest-Heron-{number}", 900_001 + number)
        browser.visitor = replace(browser.visitor, has_guest_account=True)
        browser.enter(room_id)
        await browser.say("hello")
    assert (await aleph.until_said("hello")).name == "|iGuest|p Heron-0"
    assert aleph.players[900_001].plain == "Guest Heron-0"
    assert (await myth.until_said("hello")).name == "Guest-Heron-1"


async def test_names_that_look_alike_are_told_apart(house: House) -> None:
    await house.account("Tycho")
    real = await house.aleph("Tycho", "tycho")
    rival = await house.myth18("Tycho", "")
    other = await house.aleph("Tycho")
    names = {one.plain for one in (*other.players.values(), *rival.players.values())}
    assert len(names) == 3
    assert real.players[real.number].plain == "Tycho"


async def test_greetings_are_for_whom_they_are_meant(tmp_path: Path) -> None:
    rooms = [{"name": "Arrival", "room_id": ARRIVAL, "motd": "Hello all.\nSecond line.", "guest_motd": "Sign up!"}]
    async with open_house(tmp_path, lobbies={"rooms": rooms}) as house:
        await house.account("Hopper")
        member, guest = await house.aleph("H", "hopper"), await house.aleph("G")
        await member.caught_up()
        await guest.caught_up()
        assert member.lines == ["Hello all.", "Second line."]
        assert guest.lines == ["Hello all.", "Second line.", "Sign up!"]


async def test_families_do_not_hear_each_other_but_a_browser_hears_all(house: House) -> None:
    ada, bob = house.browser("Ada", 900_001), house.browser("Bob", 900_002)
    ada.enter(FALLS)
    bob.enter(FERRY)
    modern, legacy = await house.myth18("M"), await house.myth("L", room_id=FERRY)
    modern.chat("in the falls")
    legacy.chat("at the ferry")
    await modern.caught_up()
    await legacy.caught_up()
    assert ("M", "in the falls") in ada.said()
    assert ("L", "at the ferry") in bob.said()
    assert not [one for one in legacy.said if "falls" in one.message]
    assert {one.plain for one in modern.players.values()} == {"Ada", "M"}


async def test_a_second_log_in_of_an_account_wins_whatever_it_runs(house: House) -> None:
    account = await house.account("Alric")
    aleph = AlephOneClient(name="Alric", user_name="alric", password="hunter2 hunter2")
    await aleph.come(house.port)
    modern = Myth18Client(name="Alric", user_name="alric", password="hunter2 hunter2")
    await modern.come(house.port, FALLS)
    assert [denial(raw).code for kind, raw in await aleph.line.wait_closed() if kind == SERVER_MESSAGE] == [6]
    await until(lambda: house.names(ARRIVAL) == [])
    assert [one.number for one in house.node.services.lobbies.everybody()] == [account.number]


async def test_words_from_the_world_are_marked_in_every_line(house: House) -> None:
    await house.node.services.lobbies.change(OPERATOR, ARRIVAL, world_chat=True)
    client, modern = await house.aleph("Hopper"), await house.myth18("Modern", room_id=FALLS)
    now = house.clock.now()
    ada = Presence(
        character_id=CharacterId("ada"), account_id=AccountId("ada"), session_id=SessionId("s"), name="Łukasz",
        name_key="lukasz", room_id=RoomId("here"), role=Role.PLAYER, door="http", client="", since=now,
        last_seen_at=now,
    )  # fmt: skip
    await client.until_line("Welcome")
    before = len(client.lines)
    await house.node.services.chat.broadcast(ada, "word " * 60 + "|bend. “日本”")
    await client.until_line("end. “??”")
    told = client.lines[before:]
    assert len(told) == 3
    assert all(line.startswith("[world] ") and len(line) <= 127 for line in told)
    assert told[0].startswith("[world] Lukasz: word word")
    assert client.said == []

    await house.node.services.lobbies.change(OPERATOR, FALLS, world_chat=True, name="ﷺ" * 30 + "x")
    modern.chat("from |bthere")
    line = await client.until_line("from |bthere")
    assert len(line) <= 127
    client.deaf()
    await until(lambda: house.node.services.lobbies.by_number(client.number).in_game)  # type: ignore[union-attr]
    await house.node.services.chat.broadcast(ada, "while you play")
    client.deaf(0)
    await until(lambda: not house.node.services.lobbies.by_number(client.number).in_game)  # type: ignore[union-attr]
    await house.node.services.chat.broadcast(ada, "when you are back")
    await client.until_line("when you are back")
    assert not any("while you play" in line for line in client.lines)
