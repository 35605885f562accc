"""The measures in force, in memory: what sessions, lobbies and talk ask before they let somebody in or be heard.

Bans of whole accounts are not asked here: the account itself is locked. Whoever takes or lifts a measure puts it in or
takes it out (`services.enforcement`); what has ended is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mythgate.domain.accounts import Role
from mythgate.domain.errors import Banned, PermissionDenied
from mythgate.domain.ids import AccountId
from mythgate.domain.measures import Measure, MeasureKind, NetworkTable, Scope, banned_words, muted_words
from mythgate.services.ports import Clock


class Gate:
    """Who is kept out of what. `appeal_at` is told with each refusal."""

    def __init__(self, clock: Clock, *, appeal_at: str = "") -> None:
        self.appeal_at: Final = appeal_at
        self._clock = clock
        self.changes = 0
        self._known: dict[int, Measure] = {}
        self._networks = NetworkTable()
        self._accounts: dict[AccountId, list[Measure]] = {}

    @property
    def known(self) -> dict[int, Measure]:
        """All that are in here, by number."""
        return self._known

    def fill(self, measures: Iterable[Measure]) -> None:
        """Know these, and no others."""
        self._known = {one.number: one for one in measures}
        self._sort()

    def put(self, measure: Measure) -> None:
        """Know one, as it is now."""
        self._known[measure.number] = measure
        self._sort()

    def drop(self, number: int) -> None:
        """It was lifted."""
        if self._known.pop(number, None) is not None:
            self._sort()

    def _sort(self) -> None:
        self.changes += 1
        self._networks, self._accounts = NetworkTable(), {}
        for one in self._known.values():
            if one.network:
                self._networks.add(one)
            elif one.account_id is not None and (one.kind is MeasureKind.MUTE or one.scope is not Scope.EVERYWHERE):
                self._accounts.setdefault(one.account_id, []).append(one)

    # --- coming in -------------------------------------------------------------------------------------

    def refuse_stranger(self, door: str, address: str) -> None:
        """Raise Banned if nobody may come in that way whom the server does not know."""
        for one in self._networks.of(address) if self._networks else ():
            if self._holds(one) and one.scope in (Scope.EVERYWHERE, Scope.DOOR) and one.place in ("", door):
                raise Banned(banned_words(one, self.appeal_at))

    def refuse(self, account_id: AccountId, role: Role, door: str, address: str) -> None:
        """Raise Banned if an account may not come in that way. A network keeps nobody of the staff out."""
        for one in self._accounts.get(account_id, ()):
            if (one.kind, one.scope, one.place) == (MeasureKind.BAN, Scope.DOOR, door) and self._holds(one):
                raise Banned(banned_words(one, self.appeal_at))
        if not role.includes(Role.MODERATOR):
            self.refuse_stranger(door, address)

    def lobby_ban(self, account_id: AccountId | None, role: Role, door: str, address: str, room_id: int) -> str:
        """What keeps somebody out of a lobby, in words for them; "" for nothing."""
        place = str(room_id)
        for one in self._accounts.get(account_id, ()) if account_id is not None else ():
            if (one.kind, one.scope, one.place) == (MeasureKind.BAN, Scope.LOBBY, place) and self._holds(one):
                return banned_words(one, self.appeal_at)
        if not self._networks or role.includes(Role.MODERATOR):
            return ""
        for one in self._networks.of(address):
            if self._holds(one) and (one.scope is Scope.EVERYWHERE or one.place == _place(one.scope, place, door)):
                return banned_words(one, self.appeal_at)
        return ""

    def refuse_room(self, account_id: AccountId, room_id: str) -> None:
        """Raise PermissionDenied if an account may not be in that room of the world."""
        for one in self._accounts.get(account_id, ()):
            if (one.kind, one.scope, one.place) == (MeasureKind.BAN, Scope.ROOM, room_id) and self._holds(one):
                raise PermissionDenied(banned_words(one, self.appeal_at))

    # --- being heard -----------------------------------------------------------------------------------

    def mute(
        self, account_id: AccountId, *, door: str = "", lobby: int | None = None, room: str = ""
    ) -> Measure | None:
        """What keeps somebody from being heard in one place; mutes that hold everywhere are known elsewhere."""
        for one in self._accounts.get(account_id, ()):
            if one.kind is MeasureKind.MUTE and one.scope is not Scope.EVERYWHERE and self._holds(one):
                places = {Scope.DOOR: door, Scope.LOBBY: "" if lobby is None else str(lobby), Scope.ROOM: room}
                if one.place == places[one.scope]:
                    return one
        return None

    def muted_words(self, measure: Measure) -> str:
        """What whoever is muted reads."""
        return muted_words(measure, self.appeal_at)

    def appeal_hint(self, account_id: AccountId) -> str:
        """How somebody who is muted everywhere can appeal."""
        for one in self._accounts.get(account_id, ()):
            if one.scope is Scope.EVERYWHERE and self._holds(one):
                return f"Appeal{f' at {self.appeal_at}' if self.appeal_at else ''} with the code {one.code}."
        return ""

    def _holds(self, measure: Measure) -> bool:
        return measure.is_active(self._clock.now())


def _place(scope: Scope, lobby: str, door: str) -> str:
    return lobby if scope is Scope.LOBBY else door
