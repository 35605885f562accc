"""The state of the world: reality, factions, the twelve Crystal Shards, and what happened. Nobody need log in."""

from mythgate.client import NetworkClient
from mythgate.client.refusals import complaint
from mythgate.examples.alone import run


async def main(url: str = "http://127.0.0.1:8888") -> None:
    async with NetworkClient(url) as client:
        status = await client.get_status()
        state = await client.get_world_state()
        shards = await client.get_shard_status()
        events = await client.get_world_events(limit=5)
        if status is None or state is None or shards is None or events is None:
            raise SystemExit(f"No answer: {complaint(client.last_error)}")
        print(f"The server is {status['status']}, {status['active_players']} on.")
        print(f"Reality: {state['current_reality']}, stability {state['reality_stability']:.0f}")
        for faction, count in state["faction_shard_counts"].items():
            print(f"  {faction} holds {count}")
        for shard in shards:
            holder = shard["owning_faction"] or f"guarded by {shard['guardian_name']}"
            print(f"{shard['shard_number']:2} {shard['name']}: {holder}")
        for event in events:
            print(f"{event['timestamp']} {event['title']}: {event['description']}")


if __name__ == "__main__":
    run(main)
