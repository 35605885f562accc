"""Identifiers. All are opaque strings; new ones sort by the time they were made (UUID version 7)."""

from __future__ import annotations

from typing import Final, NewType

AccountId = NewType("AccountId", str)
CharacterId = NewType("CharacterId", str)
SessionId = NewType("SessionId", str)  # one login
PlayId = NewType("PlayId", str)  # the `session_id` a client chooses for one play session; names a Stream
RoomId = NewType("RoomId", str)  # `plane_zone_subzone_room` for a Location of a world pack
ZoneId = NewType("ZoneId", str)
ItemId = NewType("ItemId", str)
TemplateId = NewType("TemplateId", str)  # an item as the world pack describes it
InhabitantId = NewType("InhabitantId", str)
CommandId = NewType("CommandId", str)  # the id a client gives a command so that a repeat is recognised
Topic = NewType("Topic", str)
TradeId = NewType("TradeId", str)
EncounterId = NewType("EncounterId", str)
QuestId = NewType("QuestId", str)  # `pack/id` of a world pack


ROOM_TOPICS: Final = "room:"  # what the topics of rooms begin with; a character is in one room at a time


def room_topic(room_id: RoomId) -> Topic:
    """What happens in one room."""
    return Topic(ROOM_TOPICS + room_id)


GLOBAL_TOPIC: Final = Topic("global")  # everybody in the world
STAFF_TOPIC: Final = Topic("staff")  # moderators and up; admin-only events


def faction_topic(faction: str) -> Topic:
    """What is said among those of one faction who are in the world."""
    return Topic("faction:" + faction)


def party_topic(number: int) -> Topic:
    """What a party hears."""
    return Topic(f"party:{number}")


def combat_topic(encounter_id: EncounterId) -> Topic:
    """What those in one fight hear."""
    return Topic(f"combat:{encounter_id}")
