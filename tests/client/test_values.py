"""Typed values out of what the server sends, and errors out of what it refuses."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from mythgate.client import LOBBY_EVENTS, lobby_event, pages, rows
from mythgate.client.refusals import Unsent, complaint, refusal_of, refusal_of_answer, refusal_of_command
from mythgate.client.values import read
from mythgate.domain.errors import (
    AuthenticationError,
    BadCredentials,
    InvalidInput,
    NameTaken,
    ProtocolError,
    Refused,
    RoomFull,
    TooMany,
)
from mythgate.domain.events import (
    CATALOGUE,
    HostedGameView,
    LobbyGameListed,
    LobbyMessage,
    LobbyPlayerView,
    LobbyState,
    LobbyView,
    event_of,
)
from mythgate.doors.http.routes import chat, combat, nearby, parties, people, shards, status, trades, world
from mythgate.doors.http.routes import lobbies as routes
from mythgate.services.characters import DeletedCharacterView
from mythgate.wire.envelope.render import json_envelope

NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
ADA = LobbyPlayerView(12, "Ada", client="browser", away=True, afk_text="tea")
GAME = HostedGameView(3, "Mars", 12, "Ada", "marathon", "listed", True, seconds_left=None, reachable=False)
LINE = LobbyMessage("m-1", "private", 12, "Ada", "psst", "|bpsst", NOW, 13, "Ben")
STATE = LobbyState(LobbyView(26, "Arrival", "marathon", "ranked", 1, 1, 32, -1, 99), [ADA], [GAME], [LINE], 12)


@pytest.mark.parametrize("payload", [STATE, LINE, LobbyGameListed(GAME)])
def test_what_the_server_renders_is_read_as_it_was(payload: Any) -> None:
    assert lobby_event(json.loads(json_envelope(1, event_of(payload, NOW)))) == payload


def test_all_events_of_lobbies_are_known() -> None:
    told = {name for name in CATALOGUE if name.startswith("lobby_")} | {"friends_changed", "clan_changed"}
    assert {kind.event_type for kind in LOBBY_EVENTS} == told
    assert lobby_event({"event_type": "room_update", "data": {}}) is None


def test_what_a_newer_server_adds_is_left_out_and_what_an_older_one_lacks_has_its_default() -> None:
    data = {"number": 12, "name": "Ada", "hat": {"of": "straw"}}
    assert read(LobbyPlayerView, data) == LobbyPlayerView(12, "Ada")


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        (LobbyPlayerView, [], "LobbyPlayerView is an object"),
        (LobbyPlayerView, {"number": 12}, "LobbyPlayerView.name is missing"),
        (LobbyPlayerView, {"number": "12", "name": "Ada"}, "LobbyPlayerView.number: str instead of int"),
        (LobbyPlayerView, {"number": True, "name": "Ada"}, "bool instead of int"),
        (LobbyPlayerView, {"number": 12, "name": None}, "NoneType instead of str"),
        (pages.Friends, {"friends": {}}, "dict instead of list"),
        (pages.Friends, {"friends": [{}]}, "FriendView.number is missing"),
        (pages.Clans, {"clans": [{"founded_at": "yesterday"}]}, "is missing|isoformat"),
    ],
)
def test_what_does_not_fit_is_refused(kind: type, data: Any, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        read(kind, data)


PAGES = {
    pages.Lobbies: routes.Lobbies,
    pages.EnteredLobby: routes.Entered,
    pages.RoomPlayer: routes.RoomPlayer,
    pages.RoomGame: routes.RoomGame,
    pages.LobbyRoom: routes.Room,
    pages.LobbyRooms: routes.Rooms,
    pages.ListedGame: routes.ListedGame,
    pages.ListedGames: routes.Games,
    pages.Standing: routes.Place,
    pages.LadderRow: routes.LadderPlace,
    pages.LadderPage: routes.LadderPage,
    pages.ClanName: routes.ClanName,
    pages.ClanEntry: routes.ClanEntry,
    pages.Clans: routes.Clans,
    pages.ClanFellow: routes.ClanFellow,
    pages.ClanCard: routes.ClanCard,
    pages.PlayerEntry: routes.PlayerEntry,
    pages.PlayersFound: routes.Players,
    pages.PlayerProfile: routes.PlayerProfile,
    pages.Whereabouts: routes.Whereabouts,
    pages.PlayerPage: routes.PlayerPage,
    pages.OwnProfile: people.OwnProfile,
    pages.Friends: people.Friends,
    pages.NearbyPlayerRow: nearby.NearbyPlayer,
    pages.NearbyPage: nearby.NearbyPlayers,
    pages.ChannelHistory: chat.ChannelHistory,
    pages.PendingInvitation: parties.PendingInvitation,
    pages.OwnParty: parties.MyParty,
    pages.PartyCard: parties.PartyCard,
    pages.Begun: combat.Begun,
    pages.FightEntry: combat.Entry,
    pages.Participant: combat.Participant,
    pages.Dice: combat.Dice,
    pages.FightLine: combat.Line,
    pages.FightRecord: combat.FightRecord,
    pages.OwnTrades: trades.Trades,
    pages.QuestLog: shards.QuestLog,
}
ROWS = {
    rows.WorldStateRow: world.WorldState,
    rows.ShardRow: shards.CrystalShard,
    rows.ShardOwnerRow: shards.ShardOwner,
    rows.ShardHistoryRow: shards.ShardHistory,
    rows.WorldEventRow: shards.WorldEventRow,
    rows.StatusRow: status.Status,
}
OF_OLDER_CLIENTS = {"player_id", "profession_id", "profession_name"}


def test_all_pages_are_compared() -> None:
    made = [one for one in vars(pages).values() if dataclasses.is_dataclass(one) and one.__module__ == pages.__name__]
    assert set(made) == set(PAGES)


@pytest.mark.parametrize(("page", "model"), PAGES.items())
def test_pages_have_the_fields_of_the_interface(page: Any, model: type[BaseModel]) -> None:
    assert {one.name for one in dataclasses.fields(page)} == set(model.model_fields)


@pytest.mark.parametrize(("row", "model"), ROWS.items())
def test_rows_have_the_fields_of_the_interface(row: Any, model: type[BaseModel]) -> None:
    assert row.__required_keys__ == set(model.model_fields)


def test_all_rows_are_compared() -> None:
    made = {one for name, one in vars(rows).items() if name.endswith("Row")}
    assert made == {*ROWS, rows.CharacterRow}
    told = {one.name for one in dataclasses.fields(DeletedCharacterView)}
    keys = rows.CharacterRow.__required_keys__ | rows.CharacterRow.__optional_keys__
    assert keys | OF_OLDER_CLIENTS == told


# --- refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "hint", "told"),
    [
        (147, "Wait a moment and try again.", "Try again in 3 minutes."),
        (0.5, "Wait a moment and try again.", "Try again in 1 second."),
        (120, "", "Try again in 120 seconds."),
        (60, "Leave the others in peace.", "Leave the others in peace."),
    ],
)
def test_who_did_something_too_often_reads_how_long_to_wait(seconds: float, hint: str, told: str) -> None:
    refusal = refusal_of({"code": "rate_limited", "message": "Too often.", "hint": hint, "retry_after": seconds})
    assert complaint(refusal) == f"Too often. {told}"


def test_a_complaint_has_words_always() -> None:
    assert complaint(TimeoutError()) == "TimeoutError"
    assert complaint(Unsent("Not connected.")) == "Not connected."
    assert complaint(None) == "Nobody said why."


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        ({"code": "room_full", "message": "Full.", "hint": "Wait."}, 409, RoomFull),
        ({"code": "bad_credentials", "message": "No."}, 401, BadCredentials),
        ({"code": "invalid_token", "message": "No."}, 401, AuthenticationError),
        ({"code": "from_a_newer_server", "message": "No."}, 401, AuthenticationError),
        ({"code": "from_a_newer_server", "message": "No.", "retry_after": 2.5}, 429, TooMany),
        ({"code": "from_a_newer_server", "message": "No."}, 418, Refused),
        ({"code": "name_taken", "message": "No.", "field": "username"}, 409, NameTaken),
        ({"message": "No."}, 500, Refused),
    ],
)
def test_a_refusal_is_of_the_kind_its_code_names(error: dict[str, Any], status: int, kind: type[Refused]) -> None:
    refusal = refusal_of_answer(status, json.dumps({"error": error}))
    assert isinstance(refusal, kind)
    assert refusal.code == error.get("code", "refused")
    waits = "retry_after" in error
    assert (refusal.message, refusal.hint) == (
        error["message"],
        "Try again in 3 seconds." if waits else error.get("hint", ""),
    )
    assert refusal.retry_after == (timedelta(seconds=2.5) if "retry_after" in error else None)
    if isinstance(refusal, InvalidInput):
        assert refusal.field == "username"
    assert Refused.code == "refused", "of the class it stays"


@pytest.mark.parametrize("text", ["", "<html>", "[]", '{"detail": "no"}'])
def test_answers_of_something_between_are_refusals_too(text: str) -> None:
    refusal = refusal_of_answer(502, text)
    assert (refusal.code, refusal.message) == ("http_502", "The server answered 502.")


def test_a_refused_command_says_why() -> None:
    answer = {"success": False, "result": "Full.", "code": "room_full", "hint": None, "retry_after": None}
    refusal = refusal_of_command(answer)
    assert isinstance(refusal, RoomFull)
    assert (refusal.message, refusal.hint) == ("Full.", "")
    assert isinstance(refusal_of({"message": "No."}), Refused)


def test_the_client_needs_nothing_of_the_server() -> None:
    """Neither its libraries nor its parts other than the rules and the format of the Shards network."""
    script = (
        "import sys\n"
        "import mythgate.client\n"
        "mine = ('mythgate', 'mythgate.client', 'mythgate.domain')\n"
        "parts = {name for name in sys.modules if name.split('.')[0] == 'mythgate'}\n"
        "others = sorted(name for name in parts if '.'.join(name.split('.')[:2]) not in mine)\n"
        "print([name for name in others if not name.startswith('mythgate.wire.shards.')])\n"
        "libraries = ('fastapi', 'starlette', 'ormsgpack', 'sqlalchemy', 'structlog', 'typer', 'uvicorn')\n"
        "print(sorted(name for name in libraries if name in sys.modules))\n"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert printed.stdout == "['mythgate.wire', 'mythgate.wire.shards']\n[]\n"
