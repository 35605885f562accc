"""Who follows whom: one leader each, any number of followers, never in a circle."""

from __future__ import annotations

from dataclasses import dataclass, field

from mythgate.domain.errors import BadUsage
from mythgate.domain.ids import CharacterId


@dataclass(slots=True)
class Following:
    """All following that goes on in the world."""

    _leaders: dict[CharacterId, CharacterId] = field(default_factory=dict)
    _followers: dict[CharacterId, dict[CharacterId, None]] = field(default_factory=dict)  # in the order they began

    def follow(self, follower: CharacterId, leader: CharacterId) -> None:
        """From now on `follower` goes where `leader` goes, and no longer after anybody else.

        Raises:
            BadUsage: oneself, or somebody who (perhaps through others) follows the follower.

        """
        if follower == leader:
            raise BadUsage("You cannot follow yourself.")
        ahead: CharacterId | None = leader
        while ahead is not None:
            if ahead == follower:
                raise BadUsage("You would walk in a circle: they already follow you.")
            ahead = self._leaders.get(ahead)
        self.unfollow(follower)
        self._leaders[follower] = leader
        self._followers.setdefault(leader, {})[follower] = None

    def unfollow(self, follower: CharacterId) -> CharacterId | None:
        """Stop following; returns who was followed."""
        leader = self._leaders.pop(follower, None)
        if leader is not None:
            others = self._followers[leader]
            del others[follower]
            if not others:
                del self._followers[leader]
        return leader

    def leader_of(self, follower: CharacterId) -> CharacterId | None:
        return self._leaders.get(follower)

    def followers_of(self, leader: CharacterId) -> list[CharacterId]:
        """In the order they began to follow."""
        return list(self._followers.get(leader, ()))

    def forget(self, character: CharacterId) -> list[CharacterId]:
        """End all following by and of `character`; returns those who followed."""
        self.unfollow(character)
        followers = self.followers_of(character)
        for follower in followers:
            self.unfollow(follower)
        return followers
