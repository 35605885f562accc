"""Friends: whom somebody lists, who agrees, and where they are.

Changes of a list, and of where somebody on it is, are told to its owner as `FriendsChanged` wherever they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mythgate.domain.accounts import Account, AccountStatus
from mythgate.domain.errors import NotFound, PermissionDenied, SessionEnded
from mythgate.domain.events import FriendsChanged, FriendView, Payload, event_of
from mythgate.domain.friends import Friend, FriendAct, FriendState, changed, listed, require_other
from mythgate.domain.ids import AccountId, CharacterId
from mythgate.domain.lobbies import Occupant
from mythgate.domain.styles import plain
from mythgate.services.errands import Errands
from mythgate.services.ports import Clock, Realtime, Store, Transaction


class Whereabouts(Protocol):
    """Who is in which lobby; `services.lobbies.LobbyService`."""

    def by_number(self, number: int) -> Occupant | None: ...

    def line_to(self, listener: CharacterId, text: str) -> None: ...


class FriendService:
    """Use cases around lists of friends. The actor is an account that its door has authenticated."""

    def __init__(self, *, store: Store, realtime: Realtime, lobbies: Whereabouts, clock: Clock) -> None:
        self._store = store
        self._realtime = realtime
        self._lobbies = lobbies
        self._clock = clock
        self._errands = Errands("friends")

    async def friends(self, account_id: AccountId) -> list[Friend]:
        """Whom the account lists, with where they are, in the order of `domain.friends.listed`."""
        return self._seen(await self._store.read(lambda tx: tx.friends.of_account(account_id)))

    async def online(self, account_id: AccountId) -> list[Occupant]:
        """The friends of the account who are in a lobby."""
        known = await self._store.read(lambda tx: tx.friends.of_account(account_id))
        return [found for friend in known if (found := present(self._lobbies, friend.number)) is not None]

    async def add(self, actor: AccountId, number: int) -> list[Friend]:
        """List the account `number`; returns the actor's list.

        Raises:
            NotFound: there is no such account.
            InvalidInput: it is the actor's own.
            LimitReached: the list is full.
            PermissionDenied: guests have no lists.

        """
        return await self._change(actor, number, FriendAct.ADD, "{} wants you as a friend.")

    async def remove(self, actor: AccountId, number: int) -> list[Friend]:
        """Take the account `number` off the actor's list; returns the list. Raises as `add`."""
        return await self._change(actor, number, FriendAct.REMOVE, "{} no longer wants you as a friend.")

    async def _change(self, actor: AccountId, number: int, act: FriendAct, words: str) -> list[Friend]:
        def work(tx: Transaction) -> tuple[Account, Account, list[Friend], list[Friend], bool]:
            mine = self_of(tx, actor)
            theirs = tx.accounts.by_number(number)
            if theirs is None or theirs.is_guest or theirs.status is not AccountStatus.ACTIVE:
                raise NotFound("There is no such player.")
            require_other(actor, theirs.id)
            before = tx.friends.pair(actor, theirs.id)
            after = changed(before, act, mine_already=tx.friends.count(actor))
            tx.friends.set_pair(actor, theirs.id, after)
            return mine, theirs, tx.friends.of_account(actor), tx.friends.of_account(theirs.id), after != before

        def then(result: tuple[Account, Account, list[Friend], list[Friend], bool]) -> None:
            mine, theirs, my_list, their_list, is_new = result
            if not is_new:
                return
            self._tell(mine.number, my_list)
            self._tell(theirs.number, their_list)
            other = present(self._lobbies, theirs.number)
            if other is not None:
                self._lobbies.line_to(other.visitor.listener, words.format(self._called(mine)))

        _, _, my_list, _, _ = await self._store.write(work, then=then)
        return self._seen(my_list)

    def _called(self, account: Account) -> str:
        """As they are shown and, if that is another name, the account's."""
        shown = present(self._lobbies, account.number)
        name = plain(shown.name) if shown is not None else account.name
        return name if name == account.name else f"{name} ({account.name})"

    # --- where they are ---

    def whereabouts_changed(self, occupant: Occupant) -> None:
        """Somebody entered a lobby, or is about to leave one: those who list them hear of it."""
        if occupant.visitor.account_id is not None:
            self._errands.start(self._spread(occupant.visitor.account_id))

    async def _spread(self, account_id: AccountId) -> None:
        def work(tx: Transaction) -> list[tuple[Account, list[Friend]]]:
            return [(tx.accounts.require(fan), tx.friends.of_account(fan)) for fan in tx.friends.listing(account_id)]

        for account, friends in await self._store.read(work):
            self._tell(account.number, friends)

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        await self._errands.settle()

    def _tell(self, number: int, friends: list[Friend]) -> None:
        tell(self._realtime, self._lobbies, self._clock, number, lambda: FriendsChanged(views(self._seen(friends))))

    def _seen(self, friends: list[Friend]) -> list[Friend]:
        return listed(_placed(friend, present(self._lobbies, friend.number)) for friend in friends)


def _placed(friend: Friend, occupant: Occupant | None) -> Friend:
    if occupant is None:
        return Friend(friend.number, friend.name, FriendState.OFFLINE)
    return Friend(friend.number, friend.name, friend.state, occupant.room_id)


def views(friends: list[Friend]) -> list[FriendView]:
    """As clients are told of them."""
    return [FriendView(one.number, one.name, one.state.value, one.room_id) for one in friends]  # type: ignore[arg-type]


def present(lobbies: Whereabouts, number: int) -> Occupant | None:
    """Who has `number` and is in a lobby for all to see."""
    occupant = lobbies.by_number(number)
    return None if occupant is None or occupant.visitor.hidden else occupant


def tell(realtime: Realtime, lobbies: Whereabouts, clock: Clock, number: int, payload: Callable[[], Payload]) -> None:
    """Send something to the person who has `number`, hidden or not, if they are in a lobby."""
    occupant = lobbies.by_number(number)
    if occupant is not None:
        realtime.send(occupant.visitor.listener, event_of(payload(), clock.now()))


def self_of(tx: Transaction, account_id: AccountId) -> Account:
    """The account that acts.

    Raises:
        SessionEnded: it is gone or disabled.
        PermissionDenied: it is a guest's, which has no ties.

    """
    account = tx.accounts.get(account_id)
    if account is None or account.status is not AccountStatus.ACTIVE:
        raise SessionEnded
    if account.is_guest:
        raise PermissionDenied("A guest cannot do that.", hint="Register an account.")
    return account
