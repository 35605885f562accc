"""Following: who goes along with whom, and telling them."""

from __future__ import annotations

from mythgate.domain.errors import BadUsage, NotHere, PermissionDenied
from mythgate.domain.events import FollowState, SystemMessage, event_of
from mythgate.domain.following import Following
from mythgate.domain.ids import CharacterId
from mythgate.domain.presence import Presence
from mythgate.services.ports import Clock, PresenceStore, Realtime


class Company:
    """All following in the world. `Presence.following` repeats it for whoever shows a character."""

    def __init__(self, *, presence: PresenceStore, realtime: Realtime, clock: Clock) -> None:
        self._following = Following()
        self._presence = presence
        self._realtime = realtime
        self._clock = clock

    def follow(self, follower: Presence, leader: Presence) -> None:
        """From now on `follower` walks where `leader` walks.

        Raises:
            BadUsage: oneself, somebody followed already, or in a circle.
            NotHere: they are not in the same room.
            PermissionDenied: the leader ignores the follower.

        """
        if follower.room_id != leader.room_id:
            raise NotHere(f"{leader.name} is not here.")
        if follower.account_id in leader.ignored:
            raise PermissionDenied(f"{leader.name} does not want your company.")
        if follower.following == leader.character_id:
            raise BadUsage(f"You follow {leader.name} already.")
        before = follower.following
        self._following.follow(follower.character_id, leader.character_id)
        if before is not None:
            self._tell(before, f"{follower.name} no longer follows you.")
        follower.following = leader.character_id
        self._show(follower, leader)
        self._tell(leader.character_id, f"{follower.name} follows you now.")

    def unfollow(self, follower: Presence) -> str:
        """Stop following; returns the name of who was followed. Raises BadUsage if nobody was."""
        leader_id = self._following.unfollow(follower.character_id)
        if leader_id is None:
            raise BadUsage("You follow nobody.")
        follower.following = None
        self._show(follower, None)
        self._tell(leader_id, f"{follower.name} no longer follows you.")
        leader = self._presence.get(leader_id)
        return leader.name if leader is not None else "them"

    def lose(self, follower: Presence, why: str) -> None:
        """End the following because it cannot go on; `why` is told to the follower."""
        if self._following.unfollow(follower.character_id) is None:
            return
        follower.following = None
        self._show(follower, None)
        self._tell(follower.character_id, why)

    def shake_off(self, leader: Presence, follower: Presence) -> bool:
        """The leader no longer wants that company. Tells whether there was any."""
        if follower.following != leader.character_id:
            return False
        self.lose(follower, f"{leader.name} no longer wants your company.")
        return True

    def followers_of(self, leader: CharacterId) -> list[CharacterId]:
        """In the order they began to follow."""
        return self._following.followers_of(leader)

    def part(self, gone: Presence) -> None:
        """Somebody left the world: end all following by and of them."""
        gone.following = None
        for follower_id in self._following.forget(gone.character_id):
            follower = self._presence.get(follower_id)
            if follower is not None:
                follower.following = None
                self._show(follower, None)
                self._tell(follower_id, f"You no longer follow {gone.name}, who left the world.")

    def _show(self, follower: Presence, leader: Presence | None) -> None:
        payload = FollowState(leader.name, leader.character_id) if leader is not None else FollowState(None)
        self._realtime.send(follower.character_id, event_of(payload, self._clock.now()))

    def _tell(self, character_id: CharacterId, message: str) -> None:
        self._realtime.send(character_id, event_of(SystemMessage(message), self._clock.now()))
