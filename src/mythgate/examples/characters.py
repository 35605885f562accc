"""An account and its characters: make some, look at them, choose one, delete one."""

from mythgate.client import NetworkClient
from mythgate.client.refusals import complaint
from mythgate.examples.alone import run
from mythgate.examples.newcomers import PASSWORD, fresh_name

BOUGHT = {"strength": 8, "dexterity": 12, "intelligence": 14, "constitution": 9, "wisdom": 11, "charisma": 6}  # 60


async def main(url: str = "http://127.0.0.1:8888") -> None:
    user, warrior, sorcerer = fresh_name("aldra"), fresh_name("Aldra"), fresh_name("Borin")
    async with NetworkClient(url) as client:
        client.on_error(lambda error: print(f"Refused: {complaint(error)}"))  # no method raises
        await client.connect(user, PASSWORD)  # there is no such account yet
        if not (await client.register(user, PASSWORD) and await client.connect(user, PASSWORD)):
            raise SystemExit(1)
        await client.create_character(warrior, "Dwarf", "Warrior", "Golden Order")  # stats are rolled
        await client.create_character(sorcerer, "Elf", "Sorcerer", "Aether Seekers", BOUGHT)
        await client.create_character(sorcerer)  # the name is taken
        for one in await client.get_characters():
            resources = one["resources"]
            print(f"{one['name']}: {one['race']} {one['class']} of the {one['faction']}")
            print(f"  {one['stats']}")
            print(f"  health {resources['health']}/{resources['max_health']}, mana {resources['mana']}")
            print(f"  level {one['progression']['level']}, {one['progression']['souls']} souls")
        first, second = await client.get_characters()
        await client.select_character(first["id"])
        print(f"Played: {first['name']}")
        if await client.delete_character(second["id"]):
            print(f"Deleted: {second['name']}")
        print(f"Left: {[one['name'] for one in await client.get_characters()]}")


if __name__ == "__main__":
    run(main)
