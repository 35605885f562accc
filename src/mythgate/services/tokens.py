"""Tokens for programs: made by owners, good for a part of the staff's work under `/api/admin`, until they end."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.apitokens import LONGEST_LIFE, PREFIX, ApiToken, checked_name, checked_permissions
from mythgate.domain.errors import Conflict, InvalidInput, InvalidToken, NotFound, PermissionDenied
from mythgate.domain.ids import AccountId, SessionId
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import OPERATOR, Caller, token_hash
from mythgate.services.accounts import role_within
from mythgate.services.ports import Clock, Store, Transaction

_SECRET_BYTES: Final = 32
_MOST_LIVING: Final = 100
_NOTED_EVERY: Final = timedelta(minutes=1)  # how often it is written down that a token is used


@dataclass(frozen=True, slots=True)
class ListedTokens:
    """All tokens, the newest first, with the names of their owners by account."""

    tokens: Sequence[ApiToken]
    names: Mapping[str, str]


class TokenService:
    """Use cases around tokens for programs."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def make(
        self,
        caller: Caller,
        name: str,
        permissions: Collection[Permission],
        lifetime: timedelta,
        *,
        owner: AccountId | None = None,
    ) -> tuple[ApiToken, str]:
        """Make a token, and its secret, which nobody is told again. It acts for the caller, as far as the caller may;
        the operator at the machine, who has no account, names the `owner` it acts for.

        Raises:
            PermissionDenied: the caller is no owner, or no person with an account.
            InvalidInput: the name, the permissions or the time do not fit.
            Conflict: a living token has the name, or there are too many.

        """
        called, chosen = checked_name(name), checked_permissions(permissions)
        if not timedelta(0) < lifetime <= LONGEST_LIFE:
            raise InvalidInput("The time makes no sense.", field="days", hint=f"At most {LONGEST_LIFE.days} days.")
        account_id = owner if caller is OPERATOR and owner is not None else caller.account_id
        secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        now = self._clock.now()

        def work(tx: Transaction) -> ApiToken:
            rights = role_within(tx, caller)
            require(rights, Permission.USE_TOKENS)
            account = tx.accounts.get(account_id)
            if account is None or account.role is not Role.OWNER or account.status is not AccountStatus.ACTIVE:
                raise PermissionDenied("A token acts for an owner's account.")
            for permission in chosen:
                require(rights, Permission(permission))
            living = [one for one in tx.api_tokens.all() if one.is_live(now)]
            if any(one.name.casefold() == called.casefold() for one in living):
                raise Conflict("There is a token of this name.", hint="Choose another, or end that one.")
            if len(living) >= _MOST_LIVING:
                raise Conflict("There are as many tokens as there may be.", hint="End one first.")
            made = tx.api_tokens.add(ApiToken(0, account_id, called, token_hash(secret), chosen, now, now + lifetime))
            detail = {"name": called, "permissions": ", ".join(chosen), "until": made.expires_at.isoformat()}
            tx.moderation.record(AuditEntry(now, caller.account_id, "token.made", _subject(made), detail))
            return made

        return await self._store.write(work), secret

    async def list(self, caller: Caller) -> ListedTokens:
        """All tokens, also those that ended.

        Raises:
            PermissionDenied: the caller is no owner.

        """

        def work(tx: Transaction) -> ListedTokens:
            require(role_within(tx, caller), Permission.USE_TOKENS)
            tokens = tx.api_tokens.all()
            owners = {one.account_id: tx.accounts.get(one.account_id) for one in tokens}
            return ListedTokens(tokens, {key: one.name for key, one in owners.items() if one is not None})

        return await self._store.read(work)

    async def end(self, caller: Caller, number: int) -> ApiToken:
        """Have a token be of no use from now on.

        Raises:
            PermissionDenied: the caller is no owner.
            NotFound: there is no such token, or it has ended.

        """
        now = self._clock.now()

        def work(tx: Transaction) -> ApiToken:
            require(role_within(tx, caller), Permission.USE_TOKENS)
            token = tx.api_tokens.get(number)
            if token is None or not tx.api_tokens.end(number, now):
                raise NotFound("There is no such token, or it has ended.")
            detail = {"name": token.name, "before": "in use", "after": "ended"}
            tx.moderation.record(AuditEntry(now, caller.account_id, "token.ended", _subject(token), detail))
            return token

        return await self._store.write(work)

    async def authenticate(self, secret: str) -> Caller:
        """Who comes with this token. What it is good for is asked for in each transaction.

        Raises:
            InvalidToken: there is no such token, it has ended, or its owner's account is locked.

        """
        now = self._clock.now()
        wanted = token_hash(secret)

        def work(tx: Transaction) -> tuple[ApiToken, Caller] | None:
            token = tx.api_tokens.by_hash(wanted)
            if token is None or not token.is_live(now):
                return None
            account = tx.accounts.get(token.account_id)
            if account is None or account.status is not AccountStatus.ACTIVE:
                return None
            name = f"{account.name} ({token.name})"
            session_id = SessionId(f"token:{token.number}")
            return token, Caller(account.id, session_id, name, account.role, token=token.number)

        found = await self._store.read(work)
        if found is None:
            raise InvalidToken("This token for programs is not valid.", hint="An owner can make another.")
        token, caller = found
        if token.last_used_at is None or now - token.last_used_at >= _NOTED_EVERY:
            await self._store.write(lambda tx: tx.api_tokens.used(token.number, now))
        return caller


def _subject(token: ApiToken) -> str:
    return f"token:{token.number}"
