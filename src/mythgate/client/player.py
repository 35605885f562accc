"""The client of the native door: everything one can do there, as methods, and the world as it was told.

Each subject is a module of its own: `characters`, `surroundings`, `talk`, `parties`, `fights`, `trades`, `world`.
Lobbies are an object of their own, `Client.lobby`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final

from mythgate.client import characters, fights, parties, surroundings, trades
from mythgate.client.connection import Event
from mythgate.client.fights import Fights
from mythgate.client.lobby import Lobby
from mythgate.client.pages import OwnParty, OwnTrades
from mythgate.client.parties import Parties
from mythgate.client.talk import Talk
from mythgate.client.trades import Trades
from mythgate.client.values import read
from mythgate.client.world import Affairs
from mythgate.domain.errors import MythError, NoCombat, ProtocolError
from mythgate.domain.events import GameState

log = logging.getLogger(__name__)

_OF_COMPANY: Final = {kind.event_type for kind in (*parties.HEARD, *fights.HEARD, *trades.HEARD)}
_KINDS: Final = {
    kind.event_type: kind
    for kind in (*characters.HEARD, *surroundings.HEARD, *parties.HEARD, *fights.HEARD, *trades.HEARD)
}
_ATTEMPTS: Final = 3  # to ask for what events change meanwhile


class Client(Affairs, Talk, Parties, Fights, Trades):
    """One account's way into one server. Use as an async context manager.

    At the end of the block the character leaves the world. With `keep_session` it stays, without a line, for
    as long as the server waits for its return (two minutes, unless configured otherwise); give another
    client, also in another process, `session_id` and `last_seq` of this one to resume where this one stopped.

    `client_name` is the program's own name, `name/version`, by which others in a lobby know what one is there
    with. `lobby` is all about lobbies.

    What the server told is at hand: `character`, `room`, `nearby_players`, `party`, `party_invitations`, `combat`,
    `challenges`, `trade`, `trade_requests`. It follows the events, also over a lost line, and is as an event says
    when handlers get that event.

    What is refused is raised as `Refused`, of the class of its code; see `mythgate.domain.errors`. Methods name those
    that are theirs; besides, each can be refused because nobody is signed in (AuthenticationError), because one does
    that too often (TooMany), or because the database cannot be reached (Unavailable), and raise Unsent.

    Handlers are called while the connection is read. What waits for something the server has yet to send
    (`command`, `send_move`, `look`, all that talks and that acts in fights, `capture_shard`, `accept_quest`, `ping`,
    `wait_for`, and in `lobby` all that enters, leaves and talks) raises RuntimeError in one: start a task for it. All
    else a handler may wait for.
    """

    lobby: Lobby

    def _set_up(self) -> None:
        super()._set_up()
        self.lobby = Lobby(self)
        self._asking: asyncio.Task[None] | None = None
        self._news = 0  # of one's party, fight and trade

    async def resync(self) -> None:
        """Ask for all that is at hand, but for lobbies (`lobby.resync`).

        `connect` does it where a play session is resumed that another client began. Raises NotInWorld, and as
        `command`.
        """
        await self.look()
        await self._carry_out("sheet")
        await self.refresh_nearby_players()
        await self._ask_for_company()

    async def _ask_for_company(self, *, only_what_is_open: bool = False) -> None:
        """One's party, fight and trade; or of them what `game_state` is not followed by."""

        async def ask() -> tuple[OwnParty, OwnTrades]:
            return (
                read(OwnParty, await self.request("GET", "/api/party")),
                read(OwnTrades, await self.request("GET", "/api/trades")),
            )

        for _ in range(_ATTEMPTS):
            before = self._news
            mine, traded = await ask()
            fight = self.combat
            if not only_what_is_open:
                try:
                    fight = await self.get_combat()
                except NoCombat:
                    fight = None
            if before == self._news:
                self._put_party(mine.party, mine.invitations)
                self._put_trades(traded.trade, traded.requests)
                self.combat = fight
                return

    async def _came_in(self, *, is_known: bool) -> None:
        try:
            if not is_known and self.character is None:
                await self.resync()
            elif self._asking is not None:
                await asyncio.wait({self._asking})
        except MythError as error:
            log.warning("not all is known of the world", extra={"why": str(error)})

    async def _ask_what_is_open(self) -> None:
        with contextlib.suppress(MythError):  # events go on telling what is new
            await self._ask_for_company(only_what_is_open=True)

    async def _cut(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        await super()._cut()

    def _is_own(self, character_id: str | None) -> bool:
        return self.character is not None and self.character.id == character_id

    def _name_of(self, person: str) -> str:
        known = self.nearby_players.get(person)
        if known is not None:
            return known.character_name
        members = self.party.members if self.party is not None else []
        return next((one.name for one in members if one.id == person), person)

    def _note(self, event: Event) -> None:
        kind = event["event_type"]
        if kind == "reset":
            self._forget()
        wanted = _KINDS.get(kind)
        if wanted is None:
            return
        try:
            payload = read(wanted, event["data"])
        except ProtocolError as error:
            log.warning("event not understood", extra={"event_type": kind, "why": error.message})
            return
        self._news += kind in _OF_COMPANY
        self._hear(payload)
        if isinstance(payload, GameState):
            if self._asking is not None:
                self._asking.cancel()
            self._asking = asyncio.create_task(self._ask_what_is_open())

    async def _tell(self, event: Event) -> None:
        await self.lobby.hear(event)
        await super()._tell(event)
