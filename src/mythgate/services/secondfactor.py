"""The second factor of admins and owners: codes of an authenticator, asked for once in a while in each session.

Whoever has enrolled acts as a moderator until they have shown a code: `services.accounts.role_within` looks at the
session, `domain.permissions.require` refuses. So it holds for every use case, whatever door it is asked through.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from mythgate.domain import totp
from mythgate.domain.accounts import Account, Role
from mythgate.domain.errors import BadCode, Conflict, NotFound, PermissionDenied, TooMany, Unavailable
from mythgate.domain.ids import AccountId, SessionId
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import Permission, require, require_authority
from mythgate.domain.secondfactors import (
    RECOVERY_CODES,
    RECOVERY_LENGTH,
    RECOVERY_LETTERS,
    FactorEvent,
    SecondFactor,
    readable_code,
    recovery_hash,
)
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import SECOND_FACTOR_FACT, SECOND_FACTOR_REQUIRED, AccountService, role_within
from mythgate.services.ports import Clock, Rate, Sealer, Store, Throttle, Transaction
from mythgate.services.sessions import SessionService, SignedIn

T = TypeVar("T")
_FIVE_IN_FIVE_MINUTES: Final = Rate(5, timedelta(minutes=5))


@dataclass(frozen=True, slots=True)
class SecondFactorPolicy:
    """What the operator wants."""

    required: bool = False  # admins and owners without one may do nothing but enrol
    lasts: timedelta = timedelta(hours=12)  # how long a code is good for in the session it was shown in
    failures: Rate = _FIVE_IN_FIVE_MINUTES
    issuer: str = "Mythgate"  # what authenticators list it under


@dataclass(frozen=True, slots=True)
class FactorStatus:
    """How the caller stands."""

    enrolled: bool
    required: bool
    fresh: bool  # nothing is asked for now
    fresh_until: datetime | None
    recovery_codes: int  # that are left


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator needs. Nobody is told again."""

    secret: str
    uri: str


class SecondFactorService:
    """Use cases around the second factor."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: AccountService,
        sessions: SessionService,
        sealer: Sealer,
        throttle: Throttle,
        clock: Clock,
        policy: SecondFactorPolicy | None = None,
    ) -> None:
        self.policy = policy or SecondFactorPolicy()
        self._store = store
        self._accounts = accounts
        self._sessions = sessions
        self._sealer = sealer
        self._throttle = throttle
        self._clock = clock
        self._told: str | None = None  # what the database was told of the policy

    async def catch_up(self) -> None:
        """Have the database know whether a second factor is required: every transaction asks there. Call it before the
        first visitor, and now and then, for the policy may have been changed."""
        wanted = SECOND_FACTOR_REQUIRED if self.policy.required else ""
        if self._told == wanted:
            return

        def work(tx: Transaction) -> None:
            if (tx.facts.get(SECOND_FACTOR_FACT) or "") != wanted:
                tx.facts.set(SECOND_FACTOR_FACT, wanted)

        await self._store.write(work)
        self._told = wanted

    # --- looking and showing ---

    async def status(self, caller: Caller) -> FactorStatus:
        """How the caller stands."""

        def work(tx: Transaction) -> FactorStatus:
            rights = role_within(tx, caller)
            factor = tx.second_factors.get(caller.account_id)
            enrolled = factor is not None and factor.is_enrolled
            until = tx.sessions.proven_until(caller.session_id)
            fresh = rights.is_proven
            return FactorStatus(
                enrolled=enrolled,
                required=self.policy.required and rights.role.includes(Role.ADMIN),
                fresh=fresh,
                fresh_until=until if enrolled and fresh else None,
                recovery_codes=len(factor.recovery) if factor is not None and enrolled else 0,
            )

        return await self._store.read(work)

    async def show(self, caller: Caller, code: str) -> datetime:
        """Use up a code of the authenticator, or for recovery; returns until when the session is good for everything.

        Raises:
            BadCode: it is wrong, too old or used up.
            NotFound: the caller has no second factor.
            TooMany: too many were wrong lately.

        """
        until = self._clock.now() + self.policy.lasts

        def work(tx: Transaction, factor: SecondFactor) -> datetime:
            del factor
            self._prove(tx, caller, until)
            return until

        return await self._with_code(caller, code, work)

    async def login(self, name: str, password: str, code: str, *, door: str, address: str, client: str) -> SignedIn:
        """Sign in with name, password and a code.

        Raises:
            BadCode, NotFound, TooMany: as `show`; nobody is signed in then.
            Refused: as `AccountService.login`.

        """
        signed_in = await self._accounts.login(name, password, door=door, address=address, client=client)
        try:
            await self.show(signed_in.caller, code)
        except BaseException:
            await self._sessions.revoke(signed_in.caller, signed_in.caller.session_id)
            raise
        return signed_in

    # --- enrolling ---

    async def enrol(self, caller: Caller) -> Enrolment:
        """Make a secret for the caller's authenticator, which counts once `confirm` has seen a code of it.

        Raises:
            PermissionDenied: the caller is no admin and no owner.
            Conflict: they have a second factor.

        """
        secret = secrets.token_bytes(totp.SECRET_BYTES)
        now = self._clock.now()

        def work(tx: Transaction) -> Account:
            account = _require_own(tx, caller)
            factor = tx.second_factors.get(account.id)
            if factor is not None and factor.is_enrolled:
                raise Conflict("You have a second factor.", hint="Disable it first, with a code.")
            tx.second_factors.save(SecondFactor(account.id, self._sealer.seal(secret, _purpose(account.id)), now))
            return account

        account = await self._store.write(work)
        return Enrolment(
            totp.base32(secret), totp.provisioning_uri(secret, account=account.name, issuer=self.policy.issuer)
        )

    async def confirm(self, caller: Caller, code: str) -> Sequence[str]:
        """Have the second factor count, now that the authenticator is seen to work; returns the recovery codes, which
        nobody is told again. Raises as `show`, and Conflict if it counts already."""
        codes = _new_codes()
        until = self._clock.now() + self.policy.lasts

        def work(tx: Transaction, factor: SecondFactor) -> None:
            factor.confirmed_at = self._clock.now()
            factor.recovery = [recovery_hash(factor.account_id, one) for one in codes]
            tx.second_factors.save(factor)
            self._prove(tx, caller, until)
            self._record(tx, caller, "account.second_factor_enrolled", before="off", after="on")

        await self._with_code(caller, code, work, enrolled=False)
        return codes

    async def disable(self, caller: Caller, code: str) -> None:
        """Do without a second factor. Raises as `show`."""

        def work(tx: Transaction, factor: SecondFactor) -> None:
            tx.second_factors.delete(factor.account_id)
            self._record(tx, caller, "account.second_factor_disabled", before="on", after="off")

        await self._with_code(caller, code, work)

    async def renew_recovery(self, caller: Caller, code: str) -> Sequence[str]:
        """New recovery codes for old, which nobody is told again. Raises as `show`."""
        codes = _new_codes()

        def work(tx: Transaction, factor: SecondFactor) -> None:
            before = len(factor.recovery)
            factor.recovery = [recovery_hash(factor.account_id, one) for one in codes]
            tx.second_factors.save(factor)
            self._record(tx, caller, "account.recovery_renewed", before=str(before), after=str(len(codes)))

        await self._with_code(caller, code, work)
        return codes

    async def reset(self, caller: Caller, account_id: AccountId, reason: str = "") -> bool:
        """Take somebody's second factor away, who has lost it; all their sessions end. False if they had none.

        Raises:
            PermissionDenied: the caller is no owner, or means their own.
            NotFound: there is no such account.

        """
        now = self._clock.now()

        def work(tx: Transaction) -> list[SessionId] | None:
            rights = role_within(tx, caller)
            require(rights, Permission.RESET_SECOND_FACTOR)  # before anything is told of the account
            account = tx.accounts.require(account_id)
            require_authority(rights, account.role, Permission.RESET_SECOND_FACTOR)
            if account_id == caller.account_id:
                raise PermissionDenied("Your own is disabled with a code.")
            if not tx.second_factors.delete(account_id):
                return None
            detail = {"name": account.name, "before": "on", "after": "off"}
            if reason.strip():
                detail["reason"] = reason.strip()[:200]
            tx.moderation.record(AuditEntry(now, caller.account_id, "account.second_factor_reset", account_id, detail))
            # Whoever sits in a session that was not good for everything would find that it is now.
            return tx.sessions.revoke_all(account_id, now)

        ended = await self._store.write(work, then=lambda found: self._sessions.ended(found or []))
        return ended is not None

    # --- parts ---

    async def _with_code(
        self,
        caller: Caller,
        code: str,
        work: Callable[[Transaction, SecondFactor], T],
        *,
        enrolled: bool = True,
    ) -> T:
        """Run `work` if `code` is right, and use the code up in the same transaction."""
        key = f"second_factor:{caller.account_id}"
        wait = await self._throttle.blocked(key, self.policy.failures)
        if wait is not None:
            raise TooMany("Too many wrong codes.", retry_after=wait)
        now = self._clock.now()

        def checked(tx: Transaction) -> tuple[T] | None:
            _require_own(tx, caller)
            factor = tx.second_factors.get(caller.account_id)
            if factor is None or (enrolled and not factor.is_enrolled):
                raise NotFound("You have no second factor.", hint="Enrol first.")
            if factor.is_enrolled and not enrolled:
                raise Conflict("This second factor counts already.", hint="")
            secret = self._sealer.open(factor.secret, _purpose(factor.account_id))
            if secret is None:
                raise Unavailable(
                    "The server's key is another than when this second factor was made.",
                    hint="An owner resets it, or on the machine: mythgate user second-factor reset NAME",
                )
            shown = factor.show(code, secret, now)
            if shown is None:
                return None
            tx.second_factors.save(factor)
            if shown is FactorEvent.RECOVERY_CODE:
                self._record(tx, caller, "account.recovery_code_used", left=str(len(factor.recovery)))
            return (work(tx, factor),)

        done = await self._store.write(checked)
        if done is None:
            await self._throttle.hit(key, self.policy.failures)
            raise BadCode
        await self._throttle.clear(key)
        return done[0]

    def _prove(self, tx: Transaction, caller: Caller, until: datetime) -> None:
        session = tx.sessions.get(caller.session_id)
        if session is None:
            raise PermissionDenied("A code is shown in a session of your own.", hint="Sign in with the browser.")
        session.proven_until = until
        tx.sessions.save(session)

    def _record(self, tx: Transaction, caller: Caller, action: str, **detail: str) -> None:
        tx.moderation.record(
            AuditEntry(self._clock.now(), caller.account_id, action, caller.account_id, {"name": caller.name, **detail})
        )


def _require_own(tx: Transaction, caller: Caller) -> Account:
    """The caller's account, if it is one that has use for a second factor, and they did not come with a token."""
    rights = role_within(tx, caller)
    account = tx.accounts.get(caller.account_id)
    if account is None or caller.token is not None:
        raise PermissionDenied("A second factor belongs to a person.")
    if not rights.role.includes(Role.ADMIN) and not tx.second_factors.is_enrolled(account.id):
        raise PermissionDenied("Only admins and owners have a second factor.")
    return account


def _purpose(account_id: AccountId) -> str:
    return f"second factor {account_id}"


def _new_codes() -> list[str]:
    letters = ("".join(secrets.choice(RECOVERY_LETTERS) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES))
    return [readable_code(one) for one in letters]
