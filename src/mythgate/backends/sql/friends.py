"""Lists of friends as rows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import and_, bindparam, delete, func, or_, select

from mythgate.backends.sql.statements import SqlConnection, Statement, insert_or_replace
from mythgate.backends.sql.tables import accounts, friends
from mythgate.domain.friends import Friend, FriendState, Pair
from mythgate.domain.ids import AccountId

_mine: Final = and_(friends.c.account_id == bindparam("mine"), friends.c.friend_id == bindparam("theirs"))
_theirs: Final = and_(friends.c.account_id == bindparam("theirs"), friends.c.friend_id == bindparam("mine"))
_PAIR: Final = Statement(select(friends.c.account_id, friends.c.state).where(or_(_mine, _theirs)))
_SET: Final = insert_or_replace(
    friends,
    [friends.c.account_id, friends.c.friend_id],
    {
        "account_id": bindparam("mine"),
        "friend_id": bindparam("theirs"),
        "state": bindparam("to_state", type_=friends.c.state.type),
    },
)
_CLEAR: Final = Statement(delete(friends).where(_mine))
_of_account: Final = friends.c.account_id == bindparam("of_account")
_for_account: Final = friends.c.friend_id == bindparam("of_account")
_COUNT: Final = Statement(select(func.count()).select_from(friends).where(_of_account))
_OF_ACCOUNT: Final = Statement(
    select(accounts.c.number, accounts.c.name, friends.c.state)
    .join(accounts, accounts.c.id == friends.c.friend_id)
    .where(_of_account)
    .order_by(accounts.c.number)
)
_LISTING: Final = Statement(select(friends.c.account_id).where(_for_account).order_by(friends.c.account_id))
_FORGET: Final = Statement(delete(friends).where(or_(_of_account, _for_account)))


class SqlFriends:
    """`services.ports.FriendRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def pair(self, mine: AccountId, theirs: AccountId) -> Pair:
        for account_id in sorted((mine, theirs)):  # in one order, so that nobody waits for each other
            self._connection.reserve("friends:" + account_id)
        rows = self._connection.rows(_PAIR, {"mine": mine, "theirs": theirs})
        found: dict[AccountId, FriendState] = {row[0]: row[1] for row in rows}
        return Pair(found.get(mine, FriendState.INACTIVE), found.get(theirs, FriendState.INACTIVE))

    def set_pair(self, mine: AccountId, theirs: AccountId, pair: Pair) -> None:
        for owner, other, state in ((mine, theirs, pair.mine), (theirs, mine, pair.theirs)):
            params = {"mine": owner, "theirs": other, "to_state": state}
            self._connection.change(_CLEAR if state is FriendState.INACTIVE else _SET, params)

    def count(self, account_id: AccountId) -> int:
        return int(self._connection.rows(_COUNT, {"of_account": account_id})[0][0])

    def of_account(self, account_id: AccountId) -> list[Friend]:
        return [Friend(*row) for row in self._connection.rows(_OF_ACCOUNT, {"of_account": account_id})]

    def listing(self, account_id: AccountId) -> list[AccountId]:
        return [AccountId(row[0]) for row in self._connection.rows(_LISTING, {"of_account": account_id})]

    def forget(self, account_id: AccountId) -> None:
        self._connection.change(_FORGET, {"of_account": account_id})
