"""Fights: beginning, joining, acting in one's turn, getting away, and the fight as it stands.

    await client.start_combat("corrupt_wolf")
    while (fight := await client.wait_for_turn()) is not None:
        await client.send_combat_action(fight.id, "attack")

Acts are commands: one that is given while the line is gone has its effect once, when the line is back.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from mythgate.client.connection import Connection
from mythgate.client.pages import Begun, FightRecord
from mythgate.client.values import read
from mythgate.domain.errors import InvalidInput, NoCombat
from mythgate.domain.events import (
    CombatChallenge,
    CombatEnd,
    CombatStart,
    CombatState,
    CombatView,
    GameState,
    Payload,
)

HEARD: Final = (GameState, CombatStart, CombatState, CombatEnd, CombatChallenge)

_COMMANDS: Final = MappingProxyType(
    {
        "light_attack": "light",
        "heavy_attack": "heavy",
        "dodge": "dodge",
        "block": "block",
        "parry": "parry",
        "ability": "cast",
        "item": "use",
        "flee": "flee",
        "wait": "wait",
        # As the Shards network calls them.
        "attack": "light",
        "defend": "block",
        "spell": "cast",
    }
)


class Fights(Connection):
    """The fight one is in. What it is, `combat` says once a method returns; within a handler, once events have told."""

    combat: CombatView | None
    """The fight as it stands; None if there is none."""
    challenges: dict[str, CombatChallenge]
    """Who wants a duel with one, by the ids of their characters, as last told. To accept is to challenge them."""

    @property
    def is_own_turn(self) -> bool:
        """Whether the fight waits for what one does."""
        fight = self.combat
        return fight is not None and not fight.is_finished and self._is_own(fight.active_character_id)

    async def start_combat(self, enemy: str | None = None, target_id: str | None = None) -> CombatView | None:
        """Fight a creature that lives here, by its key or in words, or one by chance; or challenge a character.

        Who is challenged accepts by challenging back. None: the other is to answer, or the fight is over already.

        Raises:
            Fighting: one fights already.
            InvalidTarget, Ambiguous: no such creature is here, or more than one.
            NotHere: the character is not in the room.
            InvalidAction: nobody fights here, or one can hardly stand.
            NotInWorld.

        """
        body = {"enemy": enemy, "player_id": target_id}
        fight = read(Begun, await self.request("POST", "/api/combat", body)).combat
        await self._until_in(fight)
        return fight

    async def join_combat(self, character_id: str) -> CombatView:
        """Come to the help of somebody who fights creatures in the same room; one acts from the next round on.

        Raises:
            Fighting: one fights already.
            NotHere, NoCombat: they are not here, or do not fight.
            InvalidAction: it is a duel, or full, or one was in it already, or can hardly stand.

        """
        fight = read(CombatView, await self.request("POST", "/api/combat/join", {"player_id": character_id}))
        await self._until_in(fight)
        return fight

    async def send_combat_action(
        self,
        combat_id: str | None,
        action_type: str,
        target_id: int | None = None,
        ability_name: str | None = None,
        item_id: str | None = None,
    ) -> CombatView:
        """Use one's turn in a fight: how it stands then.

        `action_type` is `light_attack` (or `attack`), `heavy_attack`, `dodge`, `block` (or `defend`), `parry`,
        `ability` (or `spell`) with an `ability_name`, `item` with an `item_id`, which may be words, `flee` or `wait`.
        `target_id` is the number of a fighter; without it the first enemy.

        Raises:
            NoCombat: one is in no fight, or not in that one.
            NotYourTurn: somebody else acts now.
            InvalidTarget, InvalidAction, NoSuchAbility, TooWeak: it cannot be done; nothing changed.
            NotHere, Ambiguous: one carries no such thing, or more than one.
            InvalidInput: there is no such action, or the ability or the thing is missing.
            Unsent, TimeoutError: as with `command`.

        """
        command = _COMMANDS.get(action_type)
        if command is None:
            raise InvalidInput(f"There is no action {action_type[:40]}.", field="action_type")
        if self.combat is None or combat_id not in (None, self.combat.id):
            raise NoCombat
        words = _words(command, target_id, ability_name, item_id)
        return read(CombatView, (await self._carry_out(command, *words))["data"]["combat"])

    async def flee_combat(self, combat_id: str | None = None) -> CombatView:
        """Try to get away; one is in the fight yet if `combat` says so then. Raises as `send_combat_action`."""
        return await self.send_combat_action(combat_id, "flee")

    async def wait_for_turn(self, *, wait: float | None = None) -> CombatView | None:
        """Wait until it is one's turn; how the fight stands then, or None once it is over.

        Raises:
            TimeoutError: it took longer than `wait` seconds.
            Unsent: the connection ended.

        """
        self.require_no_handler()
        if self.combat is not None and not self.is_own_turn:
            await self._next(lambda _event: self.combat is None or self.is_own_turn, wait)
        return self.combat

    async def get_combat(self) -> CombatView:
        """The fight one is in, told anew. Raises NoCombat and NotInWorld."""
        return read(CombatView, await self.request("GET", "/api/combat"))

    async def get_combat_record(self, combat_id: str) -> FightRecord:
        """All that a fight followed from, once it is over; of the last ones. Raises NoCombat and NotFound."""
        return read(FightRecord, await self.request("GET", f"/api/combats/{combat_id}"))

    async def _until_in(self, fight: CombatView | None) -> None:
        if fight is not None:
            await self._until(lambda: fight.id in (self._last_fight, None if self.combat is None else self.combat.id))

    def _forget(self) -> None:
        super()._forget()
        self.combat = None
        self.challenges = {}
        self._last_fight = ""  # that is over

    def _hear(self, payload: Payload) -> None:
        super()._hear(payload)
        match payload:
            case GameState():  # who is in a fight is told of it next
                self.combat, self.challenges = None, {}
            case CombatStart(combat=combat) | CombatState(combat=combat):
                self.combat = combat
                self.challenges.clear()
            case CombatEnd(combat_id=combat_id):
                self._last_fight = combat_id
                if self.combat is not None and self.combat.id == combat_id:
                    self.combat = None
            case CombatChallenge(challenger_id, target_id=target_id) if self._is_own(target_id):
                self.challenges[challenger_id] = payload


def _words(command: str, target: int | None, ability: str | None, item: str | None) -> list[str]:
    """Raises InvalidInput."""
    if command == "cast":
        if not ability:
            raise InvalidInput("Which ability?", field="ability_name")
        return [ability if target is None else f"{ability} at {target}"]
    if command == "use":
        if not item:
            raise InvalidInput("Which thing?", field="item_id")
        return [item]
    return [] if target is None or command not in ("light", "heavy") else [str(target)]
