"""Sessions: open, prove, renew, list, revoke, sweep.

A session is one login. Its owner holds an opaque token (only a hash of it is stored) and short-lived
access tokens that name it. Whether a session lives is asked on every request, so the answer is kept in
memory here and corrected by whoever ends a session.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mythgate.domain.accounts import Account, AccountStatus
from mythgate.domain.errors import (
    AccountDisabled,
    AuthenticationError,
    InvalidToken,
    NotFound,
    SessionEnded,
    Unavailable,
)
from mythgate.domain.ids import AccountId, SessionId
from mythgate.domain.people import ADDRESSES_KEPT
from mythgate.domain.sessions import OPERATOR, Caller, Session, token_hash
from mythgate.services import causes
from mythgate.services.gate import Gate
from mythgate.services.ports import Clock, Ids, Store, TokenSigner, Transaction

log = logging.getLogger(__name__)

TOKEN_BYTES: Final = 32
CLIENT_LENGTH: Final = 200
_REVALIDATIONS: Final = 8


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """How long things live."""

    lifetime: timedelta = timedelta(hours=1)  # since the last activity
    access_token_lifetime: timedelta = timedelta(minutes=15)
    guest_lifetime: timedelta = timedelta(days=1)  # since a guest's last login
    write_through: timedelta = timedelta(minutes=1)  # activity is saved at most this often
    warn_before_end: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session with everything its owner gets to hold."""

    caller: Caller
    session: Session
    token: str  # opaque; renews access tokens
    access_token: str
    access_token_lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Renewed:
    """A fresh access token for a session that lives on."""

    caller: Caller
    access_token: str
    access_token_lifetime: timedelta
    session_expires_at: datetime


@dataclass(frozen=True, slots=True)
class Expiring:
    """A session that ends soon unless it is used."""

    session_id: SessionId
    account_id: AccountId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Opening:
    """A session that a transaction is about to save; `SessionService.opened` completes it afterwards."""

    session: Session
    token: str


@dataclass(slots=True)
class _Live:
    """What is known of a living session without asking the database."""

    caller: Caller
    expires_at: datetime
    seen_at: datetime
    saved_at: datetime  # activity up to here is in the database
    warned: bool = False


class SessionService:
    """Use cases around sessions.

    An authenticated call costs the check of one signature and one look into a dictionary; the database
    is asked once a session and once a minute after that.
    """

    def __init__(
        self,
        *,
        store: Store,
        signer: TokenSigner,
        clock: Clock,
        ids: Ids,
        policy: SessionPolicy | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.gate: Final = gate if gate is not None else Gate(clock)
        self._store = store
        self._signer = signer
        self._clock = clock
        self._ids = ids
        self._policy = policy or SessionPolicy()
        self._live: dict[SessionId, _Live] = {}
        self._observers: list[Callable[[SessionId], None]] = []
        self._account_observers: list[Callable[[Account], None]] = []
        # Rises whenever a session ends or an account changes: what was read before may be stale.
        self._changes = 0

    @property
    def active_count(self) -> int:
        """Living sessions this node has seen lately."""
        now = self._clock.now()
        return sum(now < live.expires_at for live in self._live.values())

    def on_revoked(self, callback: Callable[[SessionId], None]) -> None:
        """Have `callback` called for every session that ends, whether signed out, revoked or expired.

        It runs on the event loop right after the end is durable and must not block.
        """
        self._observers.append(callback)

    def on_account_changed(self, callback: Callable[[Account], None]) -> None:
        """Have `callback` called, likewise, for every account whose name, role or status changed."""
        self._account_observers.append(callback)

    # --- opening ---

    async def open(self, account: Account, door: str, address: str, client: str) -> SignedIn:
        """Open a session for an account whose owner has proven who they are."""
        opening = await self._store.write(lambda tx: self.open_within(tx, account, door, address, client))
        return self.opened(account, opening)

    def open_within(self, tx: Transaction, account: Account, door: str, address: str, client: str) -> Opening:
        """Open a session in a transaction of the caller's, who calls `opened` after the commit.

        Raises:
            Banned: the account may not come in from there, or that way.

        """
        self.gate.refuse(account.id, account.role, door, address)
        now = self._clock.now()
        token = new_token()
        session = Session(
            id=SessionId(self._ids.new()),
            account_id=account.id,
            token_hash=token_hash(token),
            created_at=now,
            last_seen_at=now,
            expires_at=now + self._policy.lifetime,
            door=door,
            address=address,
            client=client[:CLIENT_LENGTH],
        )
        tx.sessions.add(session)
        if not account.is_guest:
            tx.seen_addresses.note(account.id, address, door, now)
        return Opening(session, token)

    def opened(self, account: Account, opening: Opening) -> SignedIn:
        """The tokens for a session that is saved now."""
        session = opening.session
        caller = caller_of(account, session.id)
        causes.learned(account=account.id)
        # The first use reads it from the database: it may have been revoked since the commit.
        return SignedIn(caller, session, opening.token, self._access_token(caller), self._policy.access_token_lifetime)

    def _access_token(self, caller: Caller) -> str:
        return self._signer.sign(
            caller.account_id, caller.session_id, caller.name, self._clock.now(), self._policy.access_token_lifetime
        )

    # --- proving ---

    async def authenticate(self, access_token: str) -> Caller:
        """Who holds this access token. Counts as activity of the session.

        Raises:
            InvalidToken: the token is forged, damaged or meant for something else.
            TokenExpired: the token is too old; the session may live on.
            SessionEnded: the session was signed out, revoked or has expired.
            AccountDisabled: the account may not be used any more.

        """
        now = self._clock.now()
        claims = self._signer.read(access_token, now)
        if (claims.account_id, claims.session_id) == (OPERATOR.account_id, OPERATOR.session_id):
            return OPERATOR  # only who has the secret key can sign for them: `mythgate.cli.running`
        live = self._live.get(claims.session_id)
        if live is None:
            live = await self._load(claims.session_id)
        elif now >= live.expires_at:
            # The database decides: the session may have been used through another node.
            del self._live[claims.session_id]
            try:
                live = await self._load(claims.session_id)
            except AuthenticationError:
                self._end([claims.session_id])
                raise
        if live.caller.account_id != claims.account_id:
            raise InvalidToken
        self._note(live, now)
        if now - live.saved_at >= self._policy.write_through:
            await self._save_activity([claims.session_id])
            if claims.session_id not in self._live:
                raise SessionEnded
        return live.caller

    def note_activity(self, session_id: SessionId) -> None:
        """Something happened on a live connection of the session. Costs a look into a dictionary; `sweep` saves it."""
        live = self._live.get(session_id)
        if live is not None:
            now = self._clock.now()
            if now < live.expires_at:
                self._note(live, now)

    def is_live(self, session_id: SessionId) -> bool:
        """Whether the session is known to live; False also for one this node has not seen."""
        live = self._live.get(session_id)
        return live is not None and self._clock.now() < live.expires_at

    async def refresh(self, token: str) -> Renewed:
        """A new access token for the holder of the opaque session token. Counts as activity.

        Raises:
            InvalidToken: no session has this token.
            SessionEnded: it had one, which has ended.
            AccountDisabled: the account may not be used any more.

        """
        wanted = token_hash(token)
        known = await self._store.read(lambda tx: tx.sessions.by_token_hash(wanted))
        if known is None:
            raise InvalidToken("The refresh token is not valid.")
        # A live connection may have kept the session going without the database knowing yet.
        await self._save_activity([known.id])
        now = self._clock.now()

        def work(tx: Transaction) -> tuple[Account, Session]:
            session = tx.sessions.get(known.id)
            if session is None:
                raise SessionEnded
            account = _require_usable(tx, session, now)
            session.touch(now, self._policy.lifetime)
            tx.sessions.save(session)
            return account, session

        changes = self._changes
        account, session = await self._store.write(work)
        caller = caller_of(account, session.id)
        if changes == self._changes:
            self._live[session.id] = _Live(caller, session.expires_at, now, now)
        return Renewed(caller, self._access_token(caller), self._policy.access_token_lifetime, session.expires_at)

    async def _load(self, session_id: SessionId) -> _Live:
        def work(tx: Transaction) -> tuple[Account, Session]:
            session = tx.sessions.get(session_id)
            if session is None:
                raise SessionEnded
            return _require_usable(tx, session, now), session

        for _ in range(_REVALIDATIONS):
            now = self._clock.now()
            changes = self._changes
            account, session = await self._store.read(work)
            present = self._live.get(session_id)
            if present is not None:
                return present  # somebody else loaded it meanwhile
            if changes == self._changes:
                # Nothing ended while we read, so what we read still holds.
                live = _Live(
                    caller_of(account, session_id), session.expires_at, session.last_seen_at, session.last_seen_at
                )
                self._live[session_id] = live
                return live
        # Sessions end faster than we can read. This answer was true when it was read; it is not remembered.
        return _Live(caller_of(account, session_id), session.expires_at, session.last_seen_at, now)

    def _note(self, live: _Live, now: datetime) -> None:
        if now > live.seen_at:
            live.seen_at = now
            live.expires_at = now + self._policy.lifetime
            live.warned = False

    async def _save_activity(self, session_ids: Iterable[SessionId]) -> None:
        """Write through when each session was last seen; forget those the database knows to have ended."""
        due: list[tuple[SessionId, _Live, datetime]] = []
        for session_id in session_ids:
            live = self._live.get(session_id)
            if live is not None and live.seen_at > live.saved_at:
                due.append((session_id, live, live.saved_at))
                live.saved_at = live.seen_at  # before waiting, so that calls meanwhile do not write as well
        if not due:
            return
        seen = {session_id: live.seen_at for session_id, live, _ in due}

        def work(tx: Transaction) -> list[SessionId]:
            ended = []
            for session_id, seen_at in seen.items():
                session = tx.sessions.get(session_id)
                if session is None or session.revoked_at is not None:
                    ended.append(session_id)
                elif seen_at > session.last_seen_at:
                    session.touch(seen_at, self._policy.lifetime)
                    tx.sessions.save(session)
            return ended

        try:
            await self._store.write(work, then=self._end)
        except Unavailable:
            # What is in memory still holds; the next call tries again.
            for _, live, saved_at in due:
                live.saved_at = min(live.saved_at, saved_at)
            log.warning("session activity could not be saved", extra={"sessions": len(due)})

    # --- listing and ending ---

    async def list_of(self, caller: Caller) -> list[Session]:
        """The caller's living sessions, newest first."""
        return await self.living_of(caller.account_id)

    async def living_of(self, account_id: AccountId) -> list[Session]:
        """An account's living sessions, newest first. Rights are the business of who asks."""
        now = self._clock.now()
        sessions = await self._store.read(lambda tx: tx.sessions.of_account(account_id))
        for session in sessions:
            live = self._live.get(session.id)
            if live is not None and live.seen_at > session.last_seen_at:
                session.touch(live.seen_at, self._policy.lifetime)
        return [session for session in sessions if session.is_live(now)]

    async def revoke(self, caller: Caller, session_id: SessionId) -> None:
        """End one of the caller's own sessions, perhaps the present one.

        Raises:
            NotFound: the caller has no such living session.

        """
        now = self._clock.now()

        def work(tx: Transaction) -> list[SessionId]:
            session = tx.sessions.get(session_id)
            if session is None or session.account_id != caller.account_id or session.revoked_at is not None:
                raise NotFound("You have no such session.")
            session.revoked_at = now
            tx.sessions.save(session)
            return [session_id]

        await self._store.write(work, then=self.ended)

    async def revoke_all(self, account_id: AccountId, *, keep: SessionId | None = None) -> int:
        """End every session of an account but `keep`; returns how many."""
        now = self._clock.now()
        ended = await self._store.write(lambda tx: tx.sessions.revoke_all(account_id, now, keep=keep), then=self.ended)
        return len(ended)

    def ended(self, session_ids: Iterable[SessionId]) -> None:
        """These sessions have ended, durably: use cases that revoke in a transaction of theirs pass them on here."""
        self._changes += 1
        self._end(session_ids)

    def known_of(self, account_id: AccountId) -> list[SessionId]:
        """The account's sessions this node takes for living."""
        return [session_id for session_id, live in self._live.items() if live.caller.account_id == account_id]

    def account_changed(self, account: Account) -> None:
        """Name, role or status of an account changed: calls from now on carry the new ones."""
        self._changes += 1
        for session_id, live in self._live.items():
            if live.caller.account_id == account.id:
                live.caller = caller_of(account, session_id)
        for observer in self._account_observers:
            observer(account)

    def _end(self, session_ids: Iterable[SessionId]) -> None:
        for session_id in session_ids:
            self._live.pop(session_id, None)
            for observer in self._observers:
                try:
                    observer(session_id)
                except Exception:
                    log.exception("an observer of ended sessions failed")

    # --- keeping order ---

    async def sweep(self) -> int:
        """Save pending activity, delete sessions that have ended and guests who have been gone for long.

        Run regularly. Returns how many sessions were deleted.
        """
        now = self._clock.now()
        await self._save_activity(list(self._live))
        here = {
            live.caller.account_id for live in self._live.values() if live.caller.is_guest and now < live.expires_at
        }

        def work(tx: Transaction) -> tuple[list[SessionId], int]:
            for account_id in here:
                guest = tx.accounts.get(account_id)
                # A guest logs in once; one who is still here is not idle.
                if (
                    guest is not None
                    and now - (guest.last_login_at or guest.created_at) > self._policy.guest_lifetime / 2
                ):
                    guest.last_login_at = now
                    tx.accounts.save(guest)
            ended = tx.sessions.delete_ended(now)
            tx.seen_addresses.expire(now - ADDRESSES_KEPT)
            tx.kept_names.expire(now)
            return ended, tx.accounts.delete_idle_guests(now - self._policy.guest_lifetime)

        def after(result: tuple[list[SessionId], int]) -> None:
            expired = [session_id for session_id, live in self._live.items() if live.expires_at <= now]
            self.ended({*result[0], *expired})

        deleted, guests = await self._store.write(work, then=after)
        if deleted or guests:
            log.info("sessions swept", extra={"sessions": len(deleted), "guests": guests})
        return len(deleted)

    def expiring(self, now: datetime | None = None) -> list[Expiring]:
        """Sessions that end within five minutes unless used, each told once."""
        at = now if now is not None else self._clock.now()
        soon = []
        for session_id, live in self._live.items():
            if not live.warned and at < live.expires_at <= at + self._policy.warn_before_end:
                live.warned = True
                soon.append(Expiring(session_id, live.caller.account_id, live.expires_at))
        return soon


def new_token() -> str:
    """A token nobody can guess: 32 random bytes, safe in URLs."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def caller_of(account: Account, session_id: SessionId) -> Caller:
    """The account as maker of requests."""
    return Caller(account.id, session_id, account.name, account.role, account.is_guest)


def _require_usable(tx: Transaction, session: Session, now: datetime) -> Account:
    """The account of a living session."""
    account = tx.accounts.get(session.account_id)
    if account is None or account.status is AccountStatus.DELETED:
        raise SessionEnded
    if account.status is not AccountStatus.ACTIVE:  # which ended the session: that is what to tell
        raise AccountDisabled
    if not session.is_live(now):
        raise SessionEnded
    return account
