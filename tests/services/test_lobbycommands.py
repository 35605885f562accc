"""Dot commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.support.clock import FakeClock
from tests.support.lobbies import ARRIVAL, RANKED, SMALL, LobbyKit

from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.events import Disconnect, LobbyPlayerChanged
from mythgate.domain.hosting import GameFacts
from mythgate.domain.lobbies import Family, Looks, Occupant
from mythgate.domain.sessions import OPERATOR
from mythgate.services.lobbycommands import REGISTRY, LobbyCommand, LobbyCommands, LobbyGroup, LobbyRegistry
from mythgate.services.ports import Store
from mythgate.services.rainbow import AT_ONCE


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[LobbyKit]:
    made = LobbyKit(clock, store)
    yield made
    await made.lobbies.settle()


async def answer(kit: LobbyKit, one: Occupant, line: str) -> str:
    """The one line a command is answered with."""
    (said,) = await kit.typed(one, line)
    return said


async def sent(kit: LobbyKit, one: Occupant, to: Occupant | int, line: str) -> str:
    """As `answer`, of a command that an old client sends to somebody."""
    before = len(kit.lines(one))
    await kit.lobbies.tell(one.visitor.listener, to if isinstance(to, int) else to.number, line)
    (said,) = kit.lines(one)[before:]
    return said


async def moderator(kit: LobbyKit) -> Occupant:
    return await kit.enter("Watcher", role=Role.MODERATOR)


# --- help ------------------------------------------------------------------------------------------


async def test_help_lists_what_one_may_use(kit: LobbyKit) -> None:
    ada, watcher = await kit.enter("Ada"), await moderator(kit)
    lines = await kit.typed(ada, ".help")
    assert lines[0].startswith("Who and what is here: .help .who")
    assert not any("Staff" in line for line in lines)
    assert any(line.startswith("Staff: .kick") for line in await kit.typed(watcher, ".help"))
    assert await answer(kit, ada, ".help .me") == (".me <action...>: Do something that all see. Also: .action.")
    assert await answer(kit, ada, ".help games") == ".games: Which games are hosted here."
    assert "kick is for moderators" in await answer(kit, ada, ".help kick")


@pytest.mark.parametrize("command", REGISTRY.allowed(Role.OWNER), ids=lambda one: one.name)
async def test_every_command_is_explained(kit: LobbyKit, command: LobbyCommand) -> None:
    chief = await kit.enter("Chief", role=Role.OWNER)
    (line,) = await kit.typed(chief, f".help {command.name}")
    assert line.startswith(f".{command.usage}: ")
    assert command.summary.endswith(".")


async def test_refusals_are_answered_and_counted(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    assert (await answer(kit, ada, ".gamse")).startswith("“gamse” is not a command here. Did you mean `.games`")
    assert await answer(kit, ada, ".xyzzy") == "“xyzzy” is not a command here. `.help` lists them."
    assert await answer(kit, ada, ".kick Bob") == "kick is for moderators."
    assert "That is more than this command takes." in await answer(kit, ada, ".time now")
    assert kit.commands.refused == {"unknown_command": 2, "permission_denied": 1, "bad_usage": 1}
    assert (await answer(kit, ada, ".TI")).endswith("UTC.")


def test_other_commands_may_be_given(kit: LobbyKit) -> None:
    registry = LobbyRegistry([LobbyCommand("x", LobbyGroup.SELF, "x", "X.", REGISTRY.resolve("who", Role.PLAYER).run)])
    made = LobbyCommands(
        lobbies=kit.lobbies,
        hosting=kit.hosting,
        matching=kit.matching,
        reports=kit.reports,
        moderation=kit.moderation,
        store=kit.store,
        clock=kit.clock,
        registry=registry,
    )
    assert made.registry is registry


# --- looking ---------------------------------------------------------------------------------------


async def test_who(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada", looks=Looks("|bAda"))
    assert await kit.typed(ada, ".who") == ["Arrival: |bAda|p (Aleph One)"]
    bob = await kit.enter("Bob", SMALL, browser=True)
    eve = await kit.enter("Eve", client="")
    await kit.enter("Ghost", hidden=True)
    kit.lobbies.set_away(ada.visitor.listener, True, "tea")
    kit.lobbies.set_in_game(bob.visitor.listener, True)
    assert await kit.typed(eve, ".who") == [
        "Nook: Bob (browser, playing)",
        "Arrival: |bAda|p (Aleph One, away: tea), Eve",
    ]
    kit.lobbies.set_away(ada.visitor.listener, True)
    assert await kit.typed(eve, ".who ad") == ["Arrival: |bAda|p (Aleph One, away)"]
    assert await answer(kit, eve, ".who zoe") == "Nobody called zoe is in a lobby."
    kit.lobbies.leave(eve.visitor.listener)
    hidden = await kit.enter("Spook", RANKED, hidden=True, family=Family.MYTH)
    assert (await kit.typed(hidden, ".who"))[0] == "Otter Ferry: nobody"


async def test_games(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    assert await answer(kit, ada, ".games") == "No games are hosted here."
    facts = GameFacts(name="|bDuel", map_name="Arena", players=1, max_players=4)
    kit.hosting.announce(ada.visitor.listener, address="", port=0, facts=facts, proxied=True)
    closed = GameFacts(players=3, closed=True)
    kit.hosting.announce(bob.visitor.listener, address="", port=0, facts=closed, reachable=False)
    assert await kit.typed(ada, ".games") == [
        "|bDuel|p, hosted by Ada, on Arena, 1 of 4, by way of this server",
        "A game, hosted by Bob, 3 in it, closed, cannot be reached",
    ]
    kit.hosting.start(ada.visitor.listener, None)
    kit.clock.advance(timedelta(minutes=61, seconds=5))
    assert (await kit.typed(ada, ".games"))[0].endswith("running for 61:05, by way of this server")


async def test_rooms_and_time(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    assert await kit.typed(ada, ".lobbies") == [
        "Otter Ferry (myth, ranked): 0 of 32",
        "Nook (marathon, unranked): 0 of 2",
        "Arrival (marathon, unranked): 1 of 32",
    ]
    assert await answer(kit, ada, ".time") == "Tuesday, 01 January 2030, 12:00 UTC."


async def test_the_greeting(kit: LobbyKit) -> None:
    ada, boss = await kit.enter("Ada"), await kit.enter("Boss", role=Role.ADMIN)
    assert await answer(kit, ada, ".motd") == "Welcome."
    assert await answer(kit, ada, ".motd Mine!") == "This needs the role moderator."
    assert await kit.typed(boss, ".motd Tonight at eight!") == ["Tonight at eight!", "The greeting is changed."]
    assert await answer(kit, boss, ".motd -") == "The greeting is gone."
    assert await answer(kit, ada, ".motd") == "Arrival greets nobody."
    assert await answer(kit, kit.enter_guest(), ".motd Mine!") == "Guests may not do that."


async def test_why(kit: LobbyKit) -> None:
    guest, watcher = kit.enter_guest(), await moderator(kit)
    assert (await kit.typed(guest, ".why"))[-1] == "Guest may enter Arrival."
    lines = await kit.typed(guest, ".why otter")
    assert "NO  guest: Otter Ferry is ranked, and guests have no rank; sign up to play there." in lines
    assert lines[-1] == "Guest may not enter Otter Ferry."
    assert (await kit.typed(guest, f".why #{SMALL}"))[-1] == "Guest may enter Nook."
    assert "There are: Otter Ferry, Nook, Arrival." in await answer(kit, guest, ".why moon")
    assert await answer(kit, guest, ".why 99") == "There is no such lobby. There are: 1, 5, 26."
    assert "Only the staff" in await answer(kit, guest, ".why Watcher in nook")
    assert (await kit.typed(watcher, ".why Wanderer in nook"))[-1] == "Guest may enter Nook."
    before = len(kit.lines(watcher))
    await kit.lobbies.tell(watcher.visitor.listener, guest.number, ".why otter")
    assert kit.lines(watcher)[before:][-1] == "Guest may not enter Otter Ferry."


# --- yourself --------------------------------------------------------------------------------------


async def test_being_away(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    await kit.typed(ada, ".afk gone fishing")
    await kit.typed(ada, ".away")
    assert await answer(kit, ada, ".back") == "You are back."
    assert await answer(kit, ada, ".back") == "You were not away."
    told = [(one.player.away, one.player.afk_text) for one in kit.heard(bob).of(LobbyPlayerChanged)]
    assert told == [(True, "gone fishing"), (True, "afk"), (False, "")]


async def test_acting(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), await kit.enter("Bob")
    assert await kit.typed(ada, ".me |bdances|p wildly") == []
    assert kit.talk(bob) == [("action", "Ada", "dances wildly")]
    assert await answer(kit, ada, ".action dances") == "You may act again in 15 seconds. Wait a moment and try again."


async def test_looking_for_an_opponent(kit: LobbyKit) -> None:
    ada, bob = await kit.enter("Ada"), kit.enter_guest("Bob")
    assert await answer(kit, ada, ".match") == (
        "You look for an opponent; your rating is 1000. Nobody else looks for one yet. .match off ends it."
    )
    assert "1 more look for one." in await answer(kit, bob, ".match")
    assert await answer(kit, bob, ".match off") == "You look for nobody any more."
    assert await answer(kit, bob, ".match off") == "You were looking for nobody."
    assert "Usage: .match" in await answer(kit, bob, ".match ada")


# --- others ----------------------------------------------------------------------------------------


async def test_info(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada", looks=Looks("|iCountess"), address="203.0.113.5", build="1.7")
    watcher = await moderator(kit)
    guest = kit.enter_guest(client="")
    assert await kit.typed(ada, ".info") == [
        f"|iCountess|p (#{ada.number}) is registered as Ada, in Arrival with Aleph One.",
        "Caste: sword and dagger.",
    ]
    about_guest = f"Wanderer (#{guest.number}) is a guest, in Arrival with metaserver."
    assert await answer(kit, ada, ".info Wander") == about_guest
    assert "registered as Watcher, moderator" in (await kit.typed(ada, ".caste watcher"))[0]
    assert (await kit.typed(watcher, f".info #{ada.number}"))[-1] == "Build 1.7."
    boss = await kit.enter("Boss", role=Role.ADMIN)
    assert (await kit.typed(boss, f".info #{ada.number}"))[-2:] == ["Build 1.7.", "Address 203.0.113.5."]
    assert (await kit.typed(boss, ".info wanderer"))[-2:] == ["Build unknown.", "Address unknown."]
    assert await sent(kit, ada, guest, ".info") == about_guest
    assert await sent(kit, ada, 4711, ".info") == "That player is not here."
    assert await answer(kit, ada, ".info #4711") == "Nobody has the number 4711."
    assert await answer(kit, ada, ".info Zoe") == "Nobody called Zoe is in a lobby."


async def test_names_of_several_words(kit: LobbyKit) -> None:
    watcher = await moderator(kit)
    tom = await kit.enter("Tom")
    old = await kit.enter("Oldie", looks=Looks("Old Tom of the Moor"))
    for line in (".ignore Old Tom of the Moor", '.ignore "Old Tom of the Moor"', ".ignore “old tom”"):
        assert await answer(kit, watcher, line) == "You hear nothing of Old Tom of the Moor any more."
    own = kit.lobbies.occupant(watcher.visitor.listener)
    assert own is not None
    assert own.ignored == {old.number}
    assert await answer(kit, watcher, ".unignore old tom") == "You hear Old Tom of the Moor again."
    assert await answer(kit, watcher, ".ignore tom") == "You hear nothing of Tom any more."
    kit.lobbies.leave(tom.visitor.listener)
    assert await answer(kit, watcher, f".unignore #{tom.number}") == "You hear Tom again."
    assert await answer(kit, watcher, ".unignore #4711") == "Nobody has the number 4711."
    kit.lobbies.enter(tom.visitor, tom.room_id)
    assert await answer(kit, watcher, ".ignore tom") == "You hear nothing of Tom any more."
    assert await sent(kit, watcher, tom, ".unignore") == "You hear Tom again."
    assert await answer(kit, watcher, ".ignore") == "That command needs something else. Usage: .ignore [<person...>]"


# --- the staff -------------------------------------------------------------------------------------


async def test_kick(kit: LobbyKit) -> None:
    watcher, ada, guest = await moderator(kit), await kit.enter("Ada"), kit.enter_guest()
    assert await kit.typed(watcher, ".kick ada flooding the lobby") == [
        "Ada was removed by Watcher.",
        "Ada was removed.",
    ]
    ((_, farewell),) = kit.realtime.closed
    assert isinstance(farewell, Disconnect)
    assert farewell.message == "You were removed by the staff: flooding the lobby"
    await kit.lobbies.tell(watcher.visitor.listener, guest.number, ".kick")
    assert [one.name for one in kit.lobbies.everybody()] == ["Watcher"]
    assert ada.number != guest.number


async def test_lock_and_unlock(kit: LobbyKit) -> None:
    watcher, ada = await moderator(kit), await kit.enter("Ada")
    assert await answer(kit, ada, ".lock") == "lock is for moderators."
    assert await kit.typed(watcher, ".unlock") == ["Arrival is not locked."]
    assert await kit.typed(watcher, ".lock") == [
        "Arrival is locked.",
        "Only the staff comes into Arrival until somebody types .unlock.",
    ]
    assert kit.lobbies.lobby(ada.room_id).locked
    assert await kit.typed(watcher, ".unlock") == ["Arrival is open again."]


async def test_open_and_close(kit: LobbyKit) -> None:
    chief = await kit.enter("Chief", role=Role.ADMIN)
    assert await answer(kit, await moderator(kit), ".open 4 Shoal") == "open is for admins."
    assert await answer(kit, chief, ".open 4 The Shoal") == (
        "The Shoal is open, number 4, until nobody was in it for a while."
    )
    lobby = kit.lobbies.lobby(4)
    assert (lobby.name, lobby.family, lobby.temporary) == ("The Shoal", kit.lobbies.lobby(chief.room_id).family, True)
    assert await answer(kit, chief, ".open 4 Reef") == "Number 4 is The Shoal's."
    for wrong in ("deep", "99999", "#"):
        assert (await answer(kit, chief, f".open {wrong} Reef")).startswith("Which number?")
    assert (await answer(kit, chief, f".open 5 {'x' * 40}")).startswith("The name of a lobby is")
    ada = await kit.enter("Ada", room_id=4)
    assert await answer(kit, chief, ".close #4") == "The Shoal is closed."
    assert kit.lobbies.occupant(ada.visitor.listener) is None
    assert (await answer(kit, chief, ".close 4")).startswith("There is no such lobby.")
    done = await kit.store.read(lambda tx: tx.moderation.audit(subject="lobby:4"))
    assert [(one.action, one.actor) for one in done] == [
        ("lobby.removed", chief.visitor.account_id),
        ("lobby.added", chief.visitor.account_id),
    ]


async def test_mute_and_unmute(kit: LobbyKit) -> None:
    watcher, ada, guest = await moderator(kit), await kit.enter("Ada"), kit.enter_guest()
    assert await answer(kit, watcher, ".mute ada 10 shouting") == "Ada is muted for 10 minutes."
    mute = await kit.moderation.mute_of(ada.visitor.account_id)  # type: ignore[arg-type]
    assert mute is not None
    assert (mute.reason, mute.ends_at) == ("shouting", kit.clock.now() + timedelta(minutes=10))
    assert await answer(kit, watcher, ".mute ada too loud") == "Ada is muted until lifted."
    assert await answer(kit, watcher, ".unmute ada") == "Ada may speak again."
    assert await answer(kit, watcher, ".unmute ada") == "Ada is not muted."
    assert await sent(kit, watcher, guest, ".mute 1") == "Wanderer is muted for 1 minute."
    assert await sent(kit, watcher, guest, ".unmute") == "Wanderer may speak again."
    assert await sent(kit, watcher, 4711, ".mute") == "That player is not here."


async def test_measures_reach_those_who_are_not_on(kit: LobbyKit) -> None:
    watcher = await moderator(kit)
    await kit.account("Old Tom")
    gone = await kit.account("Gone")
    gone.status = AccountStatus.DELETED
    await kit.store.write(lambda tx: tx.accounts.save(gone))
    assert await answer(kit, watcher, ".mute old tom 5 noise") == "Old Tom is muted for 5 minutes."
    for name in ("Gone", "Zoe"):
        assert await answer(kit, watcher, f".ban {name} 5") == f"Nobody is called {name}."


async def test_ban(kit: LobbyKit) -> None:
    watcher, ada, bob = await moderator(kit), await kit.enter("Ada"), await kit.enter("Bob")
    guest = kit.enter_guest()
    assert await answer(kit, watcher, ".ban ada 3 cheating") == "Ada is banned for 3 days."
    assert "makes no sense" in await answer(kit, watcher, ".ban bob 0")
    assert await sent(kit, watcher, bob, ".ban cheating, too") == "Bob is banned for 7 days."
    account = await kit.store.read(lambda tx: tx.accounts.require(ada.visitor.account_id))  # type: ignore[arg-type]
    assert account.status is AccountStatus.DISABLED
    assert [action for action, _ in await kit.audited()] == ["account.banned", "account.banned"]
    before = len(kit.lines(watcher))
    await kit.lobbies.tell(watcher.visitor.listener, guest.number, ".ban 5 spam")
    assert kit.lines(watcher)[before:][-1] == "Wanderer is a guest and was only removed."
    assert [one.name for one in kit.lobbies.everybody()] == ["Watcher"]


async def test_message(kit: LobbyKit) -> None:
    watcher, ada, eve = await moderator(kit), await kit.enter("Ada"), await kit.enter("Eve", SMALL)
    assert await kit.typed(watcher, ".message Be nice.") == ["Watcher: Be nice."]
    assert kit.lines(ada)[-1] == "Watcher: Be nice."
    assert await sent(kit, watcher, eve, ".message Come here.") == "Eve was told."
    assert kit.lines(eve) == ["Watcher: Come here."]


async def test_who_lost_the_role_meanwhile_may_do_nothing(kit: LobbyKit) -> None:
    watcher, ada = await moderator(kit), await kit.enter("Ada")

    def demote(tx: object) -> None:
        account = tx.accounts.require(watcher.visitor.account_id)  # type: ignore[attr-defined]
        account.role = Role.PLAYER
        tx.accounts.save(account)  # type: ignore[attr-defined]

    await kit.store.write(demote)
    for line in (".kick ada", ".mute ada", ".ban ada"):
        assert await answer(kit, watcher, line) == "This needs the role moderator."
    assert kit.there(ARRIVAL) == ["Watcher", "Ada"]
    assert OPERATOR.role.includes(Role.MODERATOR)
    assert ada.number


# --- hosts and colours -----------------------------------------------------------------------------


async def test_about_tells_what_server_this_is(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    assert "Mythgate" in await answer(kit, ada, ".about")
    assert await answer(kit, ada, ".credits") == await answer(kit, ada, ".about")


async def test_without_a_door_that_can_nobody_is_tested(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    kit.hosting.announce(ada.visitor.listener, address="192.0.2.1", port=1, facts=GameFacts())
    assert await answer(kit, ada, ".test") == "This server cannot try that."
    assert "cannot stand in" in await answer(kit, ada, ".proxy off")


async def test_a_colour_of_ones_own(kit: LobbyKit) -> None:
    ada = await kit.enter("Ada")
    assert "another colour" in await answer(kit, ada, ".hexcolor #ff8000")
    (changed,) = kit.heard(ada).of(LobbyPlayerChanged)
    assert changed.player.colour == "#ff8000"
    assert "colour <code>" in await answer(kit, ada, ".colour red")


async def test_the_rainbow_shows_a_few_at_a_time_and_ends(kit: LobbyKit) -> None:
    watcher = await moderator(kit)
    people = [await kit.enter(f"Player {number}") for number in range(AT_ONCE + 1)]
    assert "rainbow is for moderators" in await answer(kit, people[0], ".rainbow")
    assert await answer(kit, watcher, ".rainbow") == "Colours!"
    heard = kit.heard(people[0])
    await kit.lobbies.tick()
    first = heard.of(LobbyPlayerChanged)
    assert len(first) == AT_ONCE
    assert len({one.player.colour for one in first}) == AT_ONCE
    assert [one.looks for one in kit.lobbies.occupants(ARRIVAL)] == [watcher.looks, *(one.looks for one in people)]
    await kit.lobbies.tick()
    assert {one.player.number for one in heard.of(LobbyPlayerChanged)} == {
        watcher.number,
        *(one.number for one in people),
    }
    assert await answer(kit, watcher, ".rainbow") == "Everybody has their own colour again."
    assert {one.player.colour for one in heard.of(LobbyPlayerChanged)[-len(people) - 1 :]} == {"#808080"}
    before = len(heard.of(LobbyPlayerChanged))
    await kit.lobbies.tick()
    assert len(heard.of(LobbyPlayerChanged)) == before


async def test_the_rainbow_ends_over_an_empty_lobby(kit: LobbyKit) -> None:
    watcher = await moderator(kit)
    await answer(kit, watcher, ".rainbow")
    kit.lobbies.leave(watcher.visitor.listener)
    await kit.lobbies.tick()
    other = await kit.enter("Keeper", role=Role.MODERATOR)
    assert await answer(kit, other, ".rainbow") == "Colours!"


async def test_the_staff_may_be_shown_as_anybody(kit: LobbyKit) -> None:
    ada, watcher = await kit.enter("Ada"), await moderator(kit)
    assert "admin is for moderators" in await answer(kit, ada, ".admin")
    assert "do not see" in await answer(kit, watcher, ".admin")
    assert kit.heard(ada).of(LobbyPlayerChanged)[-1].player.role == "player"
    assert "moderator" not in (await kit.typed(ada, ".info Watcher"))[0]
    assert await answer(kit, watcher, ".kick #12345") == "Nobody has the number 12345."  # and has all its rights
    again = kit.lobbies.occupant(watcher.visitor.listener)
    assert again is not None
    assert await answer(kit, again, ".admin") == "Others see that you belong to the staff."
    assert kit.heard(ada).of(LobbyPlayerChanged)[-1].player.role == "moderator"


async def test_whom_one_ignores(kit: LobbyKit) -> None:
    ada, bob, guest = await kit.enter("Ada"), await kit.enter("Bob"), kit.enter_guest("Wanderer")
    for one in (ada, guest):
        assert await answer(kit, one, ".ignored") == "You hear everybody."
        await answer(kit, one, ".ignore Bob")
        assert await answer(kit, one, ".mutelist") == "You hear nothing of: Bob."
    kit.lobbies.leave(bob.visitor.listener)
    assert await answer(kit, ada, ".ignored") == "You hear nothing of: Bob."
    assert await answer(kit, guest, ".ignored") == "You hear everybody."


async def test_who_is_only_in_the_world_is_found_as_lobbies_read_their_name(kit: LobbyKit) -> None:
    watcher, tom = await moderator(kit), await kit.visitor("Old Tom", browser=True)
    assert await answer(kit, watcher, ".ignore [world] Old Tom") == "You hear nothing of Old Tom any more."
    assert await answer(kit, watcher, ".ignored") == "You hear nothing of: Old Tom."
    assert await answer(kit, watcher, ".unignore [world] Old Tom") == "You hear Old Tom again."
    assert await answer(kit, watcher, ".ignored") == "You hear everybody."
    assert await answer(kit, watcher, ".ignore [world] Zoe") == "Nobody called [world] is in a lobby."
    assert await sent(kit, watcher, 4711, ".ignore Old Tom") == "That player is not here."
    assert await answer(kit, watcher, ".mute [world] Old Tom 5 noise") == "Old Tom is muted for 5 minutes."
    assert tom.account_id is not None
    mute = await kit.moderation.mute_of(tom.account_id)
    assert mute is not None
    assert mute.reason == "noise"
