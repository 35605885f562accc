"""What bots say, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

_NAMES: Final = (
    "Wren", "Finch", "Heron", "Kestrel", "Plover", "Siskin", "Dunnock", "Avocet", "Bittern", "Curlew", "Dipper",
    "Egret", "Fulmar", "Gannet", "Hobby", "Ibis", "Jackdaw", "Knot", "Linnet", "Merlin", "Nuthatch", "Osprey",
    "Pipit", "Quail", "Redwing", "Sanderling", "Tern", "Uria", "Vireo", "Whinchat", "Yaffle", "Zosterops",
)  # fmt: skip

_GREETINGS: Final = (
    "Hello everybody.",
    "Evening all. Who is up for a game?",
    "|iBack again.|p What did I miss?",
    "Salut à tous !",
    "Grüße aus dem Süden.",
    "Hola. ¿Alguien juega?",
)
_LINES: Final = (
    "{map} is still my favourite.",
    "Has anybody finished {map} without losing a man?",
    "{name}, good game earlier.",
    "{name}: same again tonight?",
    "One more round of {map}, then I have to go.",
    "I only ever lose on {map}.",
    "My ping is {number} today, not bad.",
    "{number} wins in a row. |bNobody|p stops me.",
    "Anybody here who has the old maps?",
    "How many are {number} players in this lobby going to fit?",
    "Is there a trick to {map}?",
    "Back in a minute, tea is ready.",
    "The film of that game is worth a look.",
    "Let me get this straight, {name}: you held the hill with {number} archers?",
    "That was |ubarely|p a win.",
    "déjà vu…",
    "Naïve plan, but it worked.",
    "New here? Say hello, nobody bites.",
    "brb",
    "lol",
)
_ASIDES: Final = (
    "Psst, {name}: next game is mine.",
    "Shall we be on one team, {name}?",
    "Between us: {map} has a back door.",
)
_GAMES: Final = (
    "{map}, all welcome",
    "{host}'s game",
    "Best of {number}",
    "Beginners on {map}",
    "|bNo rush|p on {map}",
    "Quick one",
)
LONGEST_GAME_NAME: Final = 31


def name_of(index: int) -> str:
    """What a bot is called: each index has a name of its own, and all begin alike, so that people can tell."""
    again, which = divmod(index, len(_NAMES))
    return f"Bot {_NAMES[which]}" + (f" {again + 1}" if again else "")


def greeting(chance: Random) -> str:
    """Said on arrival."""
    return chance.choice(_GREETINGS)


def line(chance: Random, people: Sequence[str], maps: Sequence[str]) -> str:
    """Something to say to everybody."""
    return _filled(chance.choice(_LINES), chance, people, maps)


def aside(chance: Random, name: str, maps: Sequence[str]) -> str:
    """Something to say to one other."""
    return _filled(chance.choice(_ASIDES), chance, (name,), maps)


def game_name(chance: Random, host: str, map_name: str) -> str:
    """What a host calls a game."""
    name = chance.choice(_GAMES).format(host=host, map=map_name, number=chance.choice((3, 5, 7)))
    return name[:LONGEST_GAME_NAME]


def _filled(words: str, chance: Random, people: Sequence[str], maps: Sequence[str]) -> str:
    name = chance.choice(people) if people else "You there"
    return words.format(name=name, map=chance.choice(maps), number=chance.randint(2, 40))
