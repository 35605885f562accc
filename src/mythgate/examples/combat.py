"""A fight: walk to where creatures live, start it, act whenever it is one's turn, read how it ends."""

import asyncio
from typing import Any

from mythgate.client import CombatStateMessage
from mythgate.client.refusals import complaint
from mythgate.examples.alone import run
from mythgate.examples.newcomers import newcomer

WILDERNESS = 11  # the Wilderness Outpost, one step from The Nexus, where newcomers are
LIGHT_ATTACK = 15  # stamina


async def main(url: str = "http://127.0.0.1:8888", enemy: str = "hollow_soldier") -> None:
    async with newcomer(url, "Aldra") as client:
        ended = asyncio.Event()
        shown: list[str] = []
        acted: set[int] = set()

        async def act(fight: CombatStateMessage) -> None:
            for line in fight.combat_log[-2:]:
                if line not in shown[-2:]:
                    print(f"{fight.turn_number:2}  {line}")
                    shown.append(line)
            is_ones_turn = fight.active_character_id == client.character_id and not fight.is_finished
            if not is_ones_turn or fight.turn_number in acted:  # how it stands may be told more than once
                return
            acted.add(fight.turn_number)
            own = next(one for one in fight.participants if one["character_id"] == client.character_id)
            foe = next(one for one in fight.participants if one["side"] != own["side"])
            able = own["stamina"] >= LIGHT_ATTACK
            await client.send_combat_action(fight.combat_id, "attack" if able else "wait", foe["character_id"])

        def end(told: Any) -> None:
            won = client.character_id in (told.winner_ids or ())
            gained = f"{told.souls_gained} souls, {told.xp_gained} experience, {told.loot}"
            print(f"The fight is won: {gained}" if won else "The fight is not won.")
            ended.set()

        client.register_handler("combat_state", act)
        client.register_handler("combat_end", end)
        await client.send_move(WILDERNESS)
        if await client.wait_for("location_update", lambda told: told.location_id == WILDERNESS) is None:
            raise SystemExit(f"No way to the wilderness: {complaint(client.last_error)}")
        if await client.start_combat(enemy) is None:
            raise SystemExit(f"No fight: {complaint(client.last_error)}")
        async with asyncio.timeout(120):
            await ended.wait()


if __name__ == "__main__":
    run(main)
