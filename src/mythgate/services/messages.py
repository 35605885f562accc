"""Taking back what somebody said: out of the histories, and out of what clients show. Evidence of reports keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from mythgate.domain.errors import NotFound
from mythgate.domain.events import AdminEvent, MessageDeleted, event_of
from mythgate.domain.ids import STAFF_TOPIC, AccountId, Topic
from mythgate.domain.moderation import AuditEntry, StaffAct
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.lobbies import LobbyService
from mythgate.services.moderation import REASON_LENGTH
from mythgate.services.ports import Clock, History, Realtime, Store, Transaction

_PRIVATE = "private:"


@dataclass(slots=True)
class MessageService:
    """Use cases around single messages."""

    store: Store
    history: History
    lobbies: LobbyService
    realtime: Realtime
    clock: Clock

    async def delete(self, caller: Caller, message_id: str, reason: str = "") -> list[str]:
        """Remove a message wherever it is remembered, and have clients remove it; returns the topics it was on.

        Raises:
            PermissionDenied: the caller may not.
            NotFound: nothing that is remembered has that id.

        """

        found = [*await self.history.find(message_id), *self.lobbies.find_message(message_id)]
        topics = [topic for topic, _ in found]
        shown = sorted({"in private" if topic.startswith(_PRIVATE) else str(topic) for topic in topics})
        speaker = next((event.sender for _, event in found if event.sender is not None), AccountId(""))
        now = self.clock.now()

        def work(tx: Transaction) -> None:
            require(role_within(tx, caller), Permission.DELETE_MESSAGES)
            if not found:
                raise NotFound("Nothing that is remembered has this id.", hint="Only the last lines of a room are.")
            detail = {"id": message_id, "before": ", ".join(shown), "after": "", "reason": reason[:REASON_LENGTH]}
            tx.moderation.record(AuditEntry(now, caller.account_id, "message.deleted", speaker, detail))

        def after(_: None) -> None:
            self.lobbies.forget_message(message_id)
            for topic in dict.fromkeys([*topics, *self._heard_as_well(topics)]):
                if not topic.startswith(_PRIVATE):
                    gone = MessageDeleted(message_id, topic)
                    self.realtime.publish(topic, event_of(gone, now, room_id=topic, message_id=message_id))
            event = AdminEvent("message.deleted", speaker, f"{caller.name} deleted a message.")
            self.realtime.publish(STAFF_TOPIC, event_of(event, now, subject=StaffAct(caller.account_id)))

        await self.store.write(work, then=after)
        await self.history.remove(message_id)
        return shown

    def _heard_as_well(self, topics: list[Topic]) -> list[Topic]:
        """Lobbies that meet the world hear what is said on its global channel, and do not remember it."""
        return [lobby.topic for lobby in self.lobbies.meeting] if "global" in topics else []
