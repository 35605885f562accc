"""A party from its founding to its end. Who is invited accepts in a handler: there one may wait for the server."""

import asyncio

from mythgate.client import ChatMessage, NetworkClient, PartyInviteMessage, PartyUpdateMessage
from mythgate.client.refusals import complaint
from mythgate.examples.alone import run
from mythgate.examples.newcomers import newcomer


def narrate(name: str, client: NetworkClient) -> None:
    """Print what `client` hears of the party."""

    def updated(party: PartyUpdateMessage) -> None:
        print(f"{name} sees {party.party_name}: {', '.join(party.member_names)}")

    def said(words: ChatMessage) -> None:
        print(f"{name} hears {words.sender_name}: {words.content}")

    client.register_handler("party_update", updated)
    client.register_handler("party_chat", said)
    client.on_error(lambda error: print(f"{name} is refused: {complaint(error)}"))


async def main(url: str = "http://127.0.0.1:8888") -> None:
    async with newcomer(url, "Aldra") as aldra, newcomer(url, "Borin") as borin:
        narrate("Aldra", aldra)
        narrate("Borin", borin)
        joined = asyncio.Event()

        async def accept(invitation: PartyInviteMessage) -> None:
            print(f"Borin is asked into {invitation.party_name}")
            if await borin.accept_party_invite(invitation.party_id):
                joined.set()

        borin.register_handler("party_invite", accept)
        party = await aldra.create_party("Lanternbearers")
        if party is None or borin.character_id is None:
            raise SystemExit("No party.")
        await aldra.invite_to_party(party, borin.character_id)
        async with asyncio.timeout(10):
            await joined.wait()
        await borin.send_party_chat("Here I am.")
        await aldra.wait_for("party_chat")
        await borin.disband_party(party)  # only the leader may
        await borin.leave_party()
        if await aldra.disband_party(party):
            print("The party is over.")


if __name__ == "__main__":
    run(main)
