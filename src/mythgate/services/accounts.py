"""Accounts: register, sign in, guests, passwords, and what staff may do with them.

Rights are read again inside each transaction, so that somebody who was demoted a moment ago can do
nothing more. Every change of state leaves an audit entry without secrets.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from mythgate.domain.accounts import (
    HIDDEN,
    Account,
    AccountStatus,
    Role,
    check_game_password,
    check_password,
    count_login,
)
from mythgate.domain.addresses import address_key
from mythgate.domain.decisions import require as require_met
from mythgate.domain.errors import (
    AccountDisabled,
    AuthenticationError,
    BadCredentials,
    InvalidInput,
    InvalidToken,
    NameTaken,
    PermissionDenied,
    RegistrationClosed,
    SessionEnded,
    TooMany,
    TooManyLogins,
    Unavailable,
)
from mythgate.domain.events import AdminEvent, event_of
from mythgate.domain.ids import STAFF_TOPIC, AccountId, SessionId
from mythgate.domain.measures import banned_words
from mythgate.domain.moderation import ACCOUNT_IMPORTED, AuditEntry
from mythgate.domain.names import account_name, name_key
from mythgate.domain.people import NAME_KEPT, KeptName
from mythgate.domain.permissions import Permission, Rights, may, require, require_authority, require_grant
from mythgate.domain.sessions import OPERATOR, Caller, token_hash
from mythgate.domain.signin import GUEST_CHECKS, NO_WAIT, PROOF_CHECKS, STANDING_CHECKS, Attempt, Secret, secret_for
from mythgate.services import causes, lockouts
from mythgate.services.departed import forget
from mythgate.services.loginkeys import KeyPurpose, LoginKeys
from mythgate.services.ports import (
    Clock,
    Ids,
    PasswordHasher,
    PresenceStore,
    Rate,
    Realtime,
    Store,
    Throttle,
    Transaction,
)
from mythgate.services.refusals import RecentRefusals
from mythgate.services.sessions import Opening, SessionService, SignedIn, new_token

log = logging.getLogger(__name__)

ADMIN_LINK_FACT: Final = "admin_link"
SECOND_FACTOR_FACT: Final = "second_factor"
SECOND_FACTOR_REQUIRED: Final = "required"
"""What `SECOND_FACTOR_FACT` says if admins and owners have to have one."""
EMAIL_LENGTH: Final = 254
REASON_LENGTH: Final = 200
GAME_DOOR: Final = "metaserver"  # as which log-ins of old game clients are counted
LONGEST_LINE: Final = 500  # log-ins of one address or one account that wait for their turn
_GUEST_NAME_TRIES: Final = 12
_GUEST_WORDS: Final = (
    "Amber", "Ash", "Aspen", "Basil", "Birch", "Bramble", "Brook", "Cedar", "Cinder", "Clover", "Cobalt", "Copper",
    "Coral", "Dusk", "Elder", "Ember", "Fern", "Finch", "Flint", "Frost", "Ginger", "Gorse", "Hazel", "Heath",
    "Heron", "Indigo", "Iris", "Ivory", "Ivy", "Jade", "Jasper", "Juniper", "Kestrel", "Lark", "Laurel", "Linden",
    "Lotus", "Maple", "Marble", "Meadow", "Mint", "Moss", "Myrtle", "Nettle", "Oak", "Ochre", "Olive", "Onyx",
    "Opal", "Otter", "Pearl", "Pebble", "Poppy", "Quartz", "Raven", "Reed", "Robin", "Rowan", "Russet", "Saffron",
    "Sage", "Sorrel", "Sparrow", "Teal", "Thistle", "Thrush", "Umber", "Violet", "Willow", "Wren",
)  # fmt: skip


_FIVE_A_MINUTE: Final = Rate(5, timedelta(minutes=1))
_TEN_IN_TEN_MINUTES: Final = Rate(10, timedelta(minutes=10))


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """What the operator allows."""

    registration_open: bool = True
    guests: bool = True
    password_min_length: int = 8
    password_max_length: int = 1024
    failures_per_account: Rate = _FIVE_A_MINUTE
    failures_per_address: Rate = _TEN_IN_TEN_MINUTES
    registrations_per_address: Rate = _TEN_IN_TEN_MINUTES
    admin_link_lifetime: timedelta = timedelta(days=1)
    game_passwords_only: bool = False  # old clients may not send an account's own password in clear


@dataclass(frozen=True, slots=True)
class DoorPromise:
    """What the protocol of a door promises those who register there, where that is other than usual. Of a password
    it asks for the length alone (and that it is not the name)."""

    password_min_length: int
    name_max_length: int


@dataclass(frozen=True, slots=True)
class RecordMark:
    """How far the record has been read: `AccountService.catch_up` goes on from here."""

    newest: int
    settled: int
    """What `newest` was one look earlier. Entries may be committed in another order than they were numbered, so
    those above this are read once more."""


@dataclass(slots=True)
class _Lane:
    """Those who have their password checked under one key, and those who wait for it."""

    free: asyncio.Semaphore
    people: int = 0


@dataclass(slots=True)
class _Lanes:
    """At most so many password checks at once for each key; others wait in line, and only so many.

    A check takes long enough for hundreds of guesses to arrive meanwhile. With as many at once as failures
    are allowed, those in line find the failures counted when their turn comes, and cost nothing.
    """

    lanes: dict[str, _Lane] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def enter(self, key: str, width: int) -> AsyncIterator[None]:
        """Raises TooManyLogins if the line is too long."""
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = _Lane(asyncio.Semaphore(width))
        if lane.people >= width + LONGEST_LINE:
            raise TooManyLogins(retry_after=timedelta(seconds=5))
        lane.people += 1
        try:
            async with lane.free:
                yield
        finally:
            lane.people -= 1
            if not lane.people:
                del self.lanes[key]


class AccountService:
    """Use cases around accounts."""

    def __init__(
        self,
        *,
        store: Store,
        sessions: SessionService,
        hasher: PasswordHasher,
        throttle: Throttle,
        clock: Clock,
        ids: Ids,
        presence: PresenceStore,
        realtime: Realtime,
        policy: AccountPolicy | None = None,
        refusals: RecentRefusals | None = None,
    ) -> None:
        self.refusals: Final = refusals if refusals is not None else RecentRefusals(clock)
        self._store = store
        self._sessions = sessions
        self._hasher = hasher
        self._throttle = throttle
        self._clock = clock
        self._ids = ids
        self._presence = presence
        self._realtime = realtime
        self._policy = policy or AccountPolicy()
        self.check_name: Callable[[str, str], None] = lambda *_: (
            None
        )  # what the staff does not want people to be called
        self._lanes = _Lanes()
        self._keys = LoginKeys(clock)

    @property
    def policy(self) -> AccountPolicy:
        """What the operator allows."""
        return self._policy

    def adopt(self, policy: AccountPolicy) -> None:
        """Go by another policy from now on."""
        self._policy = policy

    # --- coming in ---

    async def register(
        self,
        name: str,
        password: str,
        *,
        email: str | None = None,
        door: str,
        address: str,
        client: str,
        promise: DoorPromise | None = None,
    ) -> SignedIn:
        """Make an account for a new person and sign it in. `promise` is that of the door's protocol, if it makes one.

        Raises:
            RegistrationClosed: the operator takes no new accounts.
            Banned: nobody comes in from there, or that way.
            NameNotAllowed, NameTaken, InvalidInput: a value does not fit.
            TooMany: the address has made too many accounts lately.

        """
        if not self._policy.registration_open:
            raise RegistrationClosed
        self._sessions.gate.refuse_stranger(door, address)
        name = account_name(name, max_length=promise.name_max_length if promise is not None else None)
        self.check_name(name, "username")
        self._check_password(password, name, promise=promise)
        email = _checked_email(email)
        await self._admit_new_account(address)
        # Before the expensive hash; the database has the last word.
        await self._refuse_taken(name)
        account = self._new_account(name, await self._hasher.hash(password), email=email)
        return await self._enter_new(account, "account.registered", door, address, client)

    async def guest(self, name: str | None = None, *, door: str, address: str, client: str) -> SignedIn:
        """Make an account without a password, which lasts as long as its session is used.

        Raises:
            PermissionDenied: the operator admits no guests.
            NameNotAllowed, NameTaken: the name does not fit.
            TooMany: the address has made too many accounts lately.

        """
        require_met(GUEST_CHECKS, self._policy.guests)
        self._sessions.gate.refuse_stranger(door, address)
        if name is not None:
            name = account_name(name)
            self.check_name(name, "username")
        await self._admit_new_account(address)

        async def enter(called: str) -> SignedIn:
            account = self._new_account(called, "", is_guest=True)
            return await self._enter_new(account, "account.guest_entered", door, address, client)

        if name is not None:
            return await enter(name)
        for attempt in range(_GUEST_NAME_TRIES - 1):
            try:
                return await enter(_guest_name(attempt))
            except NameTaken:
                continue
        return await enter(_guest_name(_GUEST_NAME_TRIES - 1))

    async def login(self, name: str, password: str, *, door: str, address: str, client: str) -> SignedIn:
        """Sign in with name and password.

        Unknown names and wrong passwords get one answer at one cost. Failures are counted for the
        account and for the address; whoever has too many is refused before and after the password is
        checked, and few are checked at once, so that attempts made side by side gain nothing and keep
        nobody else waiting.

        Raises:
            BadCredentials: no such account, or not its password.
            TooManyLogins: too many failures lately.
            AccountDisabled: the password was right, but the account is disabled.
            Unavailable: too many people are signing in at this moment.

        """
        with self.refusals.of_sign_in(name, door):
            return await self._login(name, password, door, address, client)

    async def _login(self, name: str, password: str, door: str, address: str, client: str) -> SignedIn:
        key = name_key(name)
        async with self._checking(key, address):
            attempt = await self._store.read(lambda tx: self._attempt(tx, name))
            stored = attempt.account.password_hash if attempt.account is not None else ""
            attempt = replace(attempt, is_genuine=await self._is_genuine(key, address, stored, password))
            require_met(PROOF_CHECKS, attempt)
        account = _proven(attempt)
        await self._throttle.clear(_account_key(key))
        require_met(STANDING_CHECKS, attempt)
        fresh_hash = await self._hasher.hash(password) if self._hasher.needs_rehash(stored) else None
        account_id = account.id
        now = self._clock.now()

        def work(tx: Transaction) -> tuple[Account, Opening]:
            entering = tx.accounts.require(account_id)
            if entering.status is not AccountStatus.ACTIVE:
                raise AccountDisabled
            if entering.password_hash != stored:
                raise BadCredentials  # it was changed while we checked the old one
            entering.last_login_at = now
            count_login(entering, door)
            if fresh_hash is not None:
                entering.password_hash = fresh_hash
            tx.accounts.save(entering)
            return entering, self._sessions.open_within(tx, entering, door, address, client)

        return self._sessions.opened(*await self._store.write(work))

    async def logout(self, caller: Caller) -> None:
        """End the caller's present session, everywhere at once. A guest's account goes when it is swept."""
        await self._sessions.revoke(caller, caller.session_id)

    # --- coming in with an old game client ---

    async def check_game_login(self, name: str, password: bytes, *, address: str | None = None) -> Account:
        """The account that a game client proves with a password it sends in clear, in MacRoman, ended by a zero.

        That is the account's game password if it has one; else its own, unless the operator insists on the other.

        Raises:
            BadCredentials, TooManyLogins, AccountDisabled, Unavailable: as `login`.

        """
        text = password.partition(b"\0")[0].decode("mac_roman")
        with self.refusals.of_sign_in(name, GAME_DOOR):
            return await self._prove_for_game(name, text, address, in_clear=True, comes_in=True)

    async def issue_login_key(
        self, name: str, password: str, salt: str | bytes = b"", *, address: str | None = None
    ) -> bytes:
        """A key for `redeem_login_key`, got over HTTPS with the password that `check_game_login` takes, or with
        the account's own if there is no game password. Empty if anything is wrong, whatever it is.

        Without `salt` the client wants to see its settings: the key is for `redeem_settings_key`.
        """
        try:
            with self.refusals.of_sign_in(name, GAME_DOOR):
                account = await self._prove_for_game(name, password, address, in_clear=False, comes_in=bool(salt))
        except (AuthenticationError, TooMany, Unavailable):
            return b""
        return self._keys.issue(account, name_key(name), KeyPurpose.GAME if salt else KeyPurpose.SETTINGS)

    def redeem_login_key(self, name: str, key: bytes) -> Account | None:
        """The account a key was issued to; once, within a minute, by the same name."""
        return self._keys.redeem(key, KeyPurpose.GAME, name_key(name))

    def redeem_settings_key(self, key: bytes) -> Account | None:
        """The account whose settings may be shown, once, within a minute."""
        return self._keys.redeem(key, KeyPurpose.SETTINGS)

    async def _prove_for_game(
        self, name: str, password: str, address: str | None, *, in_clear: bool, comes_in: bool
    ) -> Account:
        key = name_key(name)

        def known(tx: Transaction) -> tuple[Attempt, str | None]:
            attempt = self._attempt(tx, name, game=True, in_clear=in_clear)
            has_one = attempt.secret is Secret.GAME and attempt.account is not None
            return attempt, tx.game_passwords.get(attempt.account.id) if has_one and attempt.account else None

        async with self._checking(key, address):
            attempt, game_hash = await self._store.read(known)
            stored = game_hash or ""
            if attempt.secret is Secret.OWN and attempt.account is not None:
                stored = attempt.account.password_hash
            attempt = replace(attempt, is_genuine=await self._is_genuine(key, address, stored, password))
        require_met(PROOF_CHECKS, attempt)
        account = _proven(attempt)
        await self._throttle.clear(_account_key(key))
        require_met(STANDING_CHECKS, attempt)
        fresh_hash = await self._hasher.hash(password) if self._hasher.needs_rehash(stored) else None
        account_id = account.id
        now = self._clock.now()

        def work(tx: Transaction) -> Account:
            entering = tx.accounts.require(account_id)
            if entering.status is not AccountStatus.ACTIVE:
                raise AccountDisabled
            if (entering.password_hash if game_hash is None else tx.game_passwords.get(account_id)) != stored:
                raise BadCredentials  # it was changed while we checked the old one
            entering.last_login_at = now
            if comes_in:
                count_login(entering, GAME_DOOR)
            if fresh_hash is not None:
                if game_hash is None:
                    entering.password_hash = fresh_hash
                else:
                    tx.game_passwords.set(account_id, fresh_hash)
            tx.accounts.save(entering)
            return entering

        return await self._store.write(work)

    async def has_game_password(self, caller: Caller) -> bool:
        """Whether the caller has a password for old game clients only."""
        return await self._store.read(lambda tx: tx.game_passwords.get(caller.account_id)) is not None

    async def set_game_password(self, caller: Caller, current: str, new: str) -> None:
        """Set a password for old game clients only; `current` is the account's own.

        Raises:
            BadCredentials: `current` is wrong.
            InvalidInput: `new` may not be used, or is the account's own, which it is there to protect.
            PermissionDenied: guests have no password.

        """
        if caller.is_guest:
            raise PermissionDenied("A guest has no password.", hint="Register an account.")
        account = await self.me(caller)
        check_game_password(new, name=account.name, field="new_password")
        stored = await self._prove(account, current, "The current password is wrong.")
        if new == current:
            raise InvalidInput(
                "The game password travels in clear, so it must not be the account's own.", field="new_password"
            )
        new_hash = await self._hasher.hash(new)

        def work(tx: Transaction) -> None:
            account = tx.accounts.require(caller.account_id)
            if account.password_hash != stored:
                raise BadCredentials("The current password is wrong.")
            tx.game_passwords.set(account.id, new_hash)
            self._record(tx, caller, "account.game_password_set", account)

        await self._store.write(work)
        self._keys.forget(account.id)

    async def clear_game_password(self, caller: Caller) -> bool:
        """Do without a game password again; False if there was none."""
        account = await self.me(caller)

        def work(tx: Transaction) -> bool:
            cleared = tx.game_passwords.clear(account.id)
            if cleared:
                self._record(tx, caller, "account.game_password_cleared", account)
            return cleared

        return await self._store.write(work)

    # --- one's own account ---

    async def me(self, caller: Caller) -> Account:
        """The caller's account."""
        account = await self._store.read(lambda tx: tx.accounts.get(caller.account_id))
        if account is None or account.status is not AccountStatus.ACTIVE:
            raise SessionEnded
        return account

    async def change_password(self, caller: Caller, current: str, new: str) -> None:
        """Set a new password; all other sessions of the account end.

        Raises:
            BadCredentials: `current` is wrong.
            InvalidInput: `new` may not be used.
            PermissionDenied: guests have no password.

        """
        if caller.is_guest:
            raise PermissionDenied("A guest has no password.", hint="Register an account.")
        account = await self.me(caller)
        self._check_password(new, account.name, field="new_password")
        stored = await self._prove(account, current, "The current password is wrong.")
        new_hash = await self._hasher.hash(new)
        now = self._clock.now()

        def work(tx: Transaction) -> list[SessionId]:
            account = tx.accounts.require(caller.account_id)
            if account.password_hash != stored:
                raise BadCredentials("The current password is wrong.")
            account.password_hash = new_hash
            tx.accounts.save(account)
            ended = tx.sessions.revoke_all(account.id, now, keep=caller.session_id)
            self._record(tx, caller, "account.password_changed", account, sessions_ended=str(len(ended)))
            return ended

        await self._store.write(work, then=self._sessions.ended)
        self._keys.forget(account.id)
        await self._throttle.clear(_account_key(account.name_key))

    async def delete_own(self, caller: Caller, password: str) -> None:
        """Delete the caller's own account for good.

        Raises:
            BadCredentials: the password is wrong (guests need none).
            PermissionDenied: the last owner cannot go.

        """
        account = await self.me(caller)
        stored = account.password_hash
        if not account.is_guest:
            await self._prove(account, password, "The password is wrong.")

        def work(tx: Transaction) -> tuple[Account, list[SessionId]]:
            if tx.accounts.require(caller.account_id).password_hash != stored:
                raise BadCredentials("The password is wrong.")  # it was changed while we checked the old one
            return self.close_within(tx, caller, caller.account_id)

        await self._store.write(work, then=self.closed)

    async def identify(self, name: str, password: str, *, address: str) -> Account:
        """Whose name and password these are, also of who is locked out; nobody is signed in.

        Raises:
            BadCredentials, TooManyLogins, Unavailable: as `login`.

        """
        key = name_key(name)
        async with self._checking(key, address):
            attempt = await self._store.read(lambda tx: self._attempt(tx, name))
            stored = attempt.account.password_hash if attempt.account is not None else ""
            attempt = replace(attempt, is_genuine=await self._is_genuine(key, address, stored, password))
            require_met(PROOF_CHECKS, attempt)
        await self._throttle.clear(_account_key(key))
        return _proven(attempt)

    async def _prove(self, account: Account, password: str, refusal: str) -> str:
        """The stored hash that `password` fits.

        Raises:
            BadCredentials: it does not fit; `refusal` says so.
            TooManyLogins: too many failures lately.

        """
        key, stored = account.name_key, account.password_hash
        async with self._checking(key, None):
            if not await self._is_genuine(key, None, stored, password):
                raise BadCredentials(refusal)
            return stored

    @contextlib.asynccontextmanager
    async def _checking(self, key: str, address: str | None) -> AsyncIterator[None]:
        """The turn of somebody who wants a password checked; the address comes first, for it waits for none but itself.

        Raises:
            TooManyLogins: too many failures lately, or too many wait.

        """
        policy = self._policy
        async with contextlib.AsyncExitStack() as turn:
            await self._refuse_throttled(key, address)
            if address is not None:
                await turn.enter_async_context(
                    self._lanes.enter(_address_key(address), policy.failures_per_address.count)
                )
            await turn.enter_async_context(self._lanes.enter(_account_key(key), policy.failures_per_account.count))
            await self._refuse_throttled(key, address)  # of those before us
            yield

    def _attempt(self, tx: Transaction, name: str, *, game: bool = False, in_clear: bool = True) -> Attempt:
        """What is known of somebody who signs in as `name`, before the password is looked at. `game`: with an old game
        client, `in_clear` through a line that others may read."""
        account = tx.accounts.by_name_key(name_key(name))
        if account is None or account.status is AccountStatus.DELETED:
            causes.claims("")
            return Attempt(name, is_known=False)
        causes.claims(account.id)
        insists = game and in_clear and self._policy.game_passwords_only
        secret = secret_for(
            account,
            game=game,
            has_game_password=game and tx.game_passwords.get(account.id) is not None,
            game_passwords_only=insists,
        )
        lock = lockouts.lock_of(tx, account.id) if account.status is not AccountStatus.ACTIVE else None
        return Attempt(
            name,
            is_known=True,
            account=account,
            secret=secret,
            needs_game_password=insists,
            locked_until=lock.ends_at if lock is not None else None,
            lock_words=banned_words(lock, self._sessions.gate.appeal_at) if lock is not None else "",
        )

    async def attempt(
        self, name: str, *, game: bool = False, in_clear: bool = True, address: str | None = None
    ) -> Attempt:
        """What would be known of somebody who signs in as `name`, without a password being tried. Counts as nothing."""
        known = await self._store.read(lambda tx: self._attempt(tx, name, game=game, in_clear=in_clear))
        return await self._waiting(known, name_key(name), address)

    async def _waiting(self, attempt: Attempt, key: str, address: str | None) -> Attempt:
        """`attempt` with how long it has to wait for its turn."""
        account_wait = await self._throttle.blocked(_account_key(key), self._policy.failures_per_account)
        attempt = replace(attempt, account_wait=account_wait or NO_WAIT)
        if address is None:
            return attempt
        address_wait = await self._throttle.blocked(_address_key(address), self._policy.failures_per_address)
        return replace(attempt, address_wait=address_wait or NO_WAIT)

    async def _is_genuine(self, key: str, address: str | None, stored: str, password: str) -> bool:
        """Check a password in its turn, and count it if it is wrong."""
        fits = len(password) <= self._policy.password_max_length and await self._hasher.verify(stored, password)
        await self._refuse_throttled(key, address)
        if fits and stored:
            return True
        await self._throttle.hit(_account_key(key), self._policy.failures_per_account)
        if address is not None:
            await self._throttle.hit(_address_key(address), self._policy.failures_per_address)
        return False

    # --- staff ---

    async def search(
        self,
        caller: Caller,
        text: str = "",
        *,
        role: Role | None = None,
        status: AccountStatus | None = None,
        limit: int = 50,
        after: AccountId | None = None,
    ) -> list[Account]:
        """Accounts whose name contains `text`; for moderators and up."""

        def work(tx: Transaction) -> list[Account]:
            require(self._role_of(tx, caller), Permission.SEE_PEOPLE)
            return tx.accounts.search(text, role=role, status=status, limit=limit, after=after)

        return await self._store.read(work)

    async def find(self, caller: Caller, name: str) -> Account | None:
        """The account that has this name or one that looks like it; for moderators and up."""

        def work(tx: Transaction) -> Account | None:
            require(self._role_of(tx, caller), Permission.SEE_PEOPLE)
            return tx.accounts.by_name_key(name_key(name))

        return await self._store.read(work)

    async def create(
        self, caller: Caller, name: str, password: str, *, role: Role = Role.PLAYER, email: str | None = None
    ) -> Account:
        """Make an account for somebody else, also while registration is closed; for admins and up.

        Raises:
            PermissionDenied: the caller is no admin, or does not stand above `role`.
            NameNotAllowed, NameTaken, InvalidInput: a value does not fit.

        """

        def allow(tx: Transaction) -> None:
            actor = self._role_of(tx, caller)
            require(actor, Permission.CREATE_ACCOUNT)
            if role is not Role.PLAYER:
                require_grant(actor, Role.PLAYER, role)

        await self._store.read(allow)  # before the expensive hash
        name = account_name(name)
        self._check_password(password, name)
        email = _checked_email(email)
        await self._refuse_taken(name)
        account = self._new_account(name, await self._hasher.hash(password), email=email)
        account.role = role
        account.last_login_at = None

        def work(tx: Transaction) -> Account:
            allow(tx)
            _refuse_kept(tx, account.name_key, account.id, self._clock.now())
            saved = tx.accounts.add(account)
            self._record(tx, caller, "account.created", saved, role=role)
            return saved

        return await self._store.write(work)

    async def set_role(self, caller: Caller, account_id: AccountId, role: Role, reason: str = "") -> Account:
        """Give an account another role.

        Raises:
            PermissionDenied: the caller does not stand above the account and the role, or the account
                is the last owner or a guest.

        """

        def work(tx: Transaction) -> Account:
            actor, account = self._actor_and_target(tx, caller, account_id, Permission.SET_ROLE)
            require_grant(actor, account.role, role)
            if account.is_guest and role is not Role.PLAYER:
                raise PermissionDenied("A guest stays a player.", hint="Have them register an account.")
            if account.role is Role.OWNER and role is not Role.OWNER:
                require_other_owner(tx, account)
            before, account.role = account.role, role
            tx.accounts.save(account)
            self._record(tx, caller, "account.role_changed", account, before=before, after=role, **_because(reason))
            return account

        def after(account: Account) -> None:
            self._sessions.account_changed(account)
            self._apply_role(account)
            self._tell_staff("account.role_changed", account, f"{account.name} is {account.role} now.")

        return await self._store.write(work, then=after)

    async def set_hidden(self, caller: Caller, account_id: AccountId, hidden: bool) -> Account:
        """Whether lobbies show the account when it comes in next. Only staff may be hidden.

        Raises:
            PermissionDenied: the caller is no admin, the account is somebody else's of their role or above, or
                belongs to nobody of the staff.

        """

        def work(tx: Transaction) -> Account:
            actor, account = self._actor_and_target(tx, caller, account_id, Permission.HIDE)
            if account_id != caller.account_id:
                require_authority(actor, account.role, Permission.HIDE)
            if hidden and not account.role.includes(Role.MODERATOR):
                raise PermissionDenied("Only staff may be hidden.")
            before = _shown(bool(account.stats.get(HIDDEN)))
            account.stats[HIDDEN] = int(hidden)
            tx.accounts.save(account)
            action = "account.hidden" if hidden else "account.shown"
            self._record(tx, caller, action, account, before=before, after=_shown(hidden))
            return account

        return await self._store.write(work)

    async def disable(self, caller: Caller, account_id: AccountId, reason: str = "") -> Account:
        """Lock an account: all its sessions end, and it can sign in no more until it is enabled."""
        now = self._clock.now()

        def work(tx: Transaction) -> tuple[Account, list[SessionId]]:
            actor, account = self._actor_and_target(tx, caller, account_id, Permission.LIFT_BAN)
            require_authority(actor, account.role, Permission.LIFT_BAN)  # who may end such a lock, may begin it
            if account.role is Role.OWNER:
                require_other_owner(tx, account)
            before, account.status = account.status, AccountStatus.DISABLED
            tx.accounts.save(account)
            lockouts.begin(tx, account, caller, now, reason=reason)
            ended = tx.sessions.revoke_all(account.id, now)
            self._record(
                tx,
                caller,
                "account.disabled",
                account,
                before=before,
                after=account.status,
                reason=reason[:REASON_LENGTH],
            )
            return account, ended

        def after(result: tuple[Account, list[SessionId]]) -> None:
            self.closed(result)
            account, _ = result
            self._tell_staff("account.disabled", account, f"{account.name} is disabled.")

        return (await self._store.write(work, then=after))[0]

    async def enable(self, caller: Caller, account_id: AccountId, reason: str = "") -> Account:
        """Open a disabled account again, however it was locked."""

        def work(tx: Transaction) -> Account:
            actor, account = self._actor_and_target(tx, caller, account_id, Permission.LIFT_BAN)
            require_authority(actor, account.role, Permission.LIFT_BAN)
            before, account.status = account.status, AccountStatus.ACTIVE
            tx.accounts.save(account)
            lockouts.end(tx, account.id, caller.account_id, self._clock.now())
            self._record(
                tx, caller, "account.enabled", account, before=before, after=account.status, **_because(reason)
            )
            return account

        return await self._store.write(work, then=self._sessions.account_changed)

    async def rename(self, caller: Caller, account_id: AccountId, name: str, reason: str = "") -> Account:
        """Give an account another name; nobody else gets the one before for a while. Its characters keep theirs.

        Raises:
            PermissionDenied: the caller may not, or does not stand above the account.
            NameNotAllowed, NameTaken: the name does not fit.

        """
        name = account_name(name, field="name")
        key, now = name_key(name), self._clock.now()

        def work(tx: Transaction) -> Account:
            actor, account = self._actor_and_target(tx, caller, account_id, Permission.RENAME)
            require_authority(actor, account.role, Permission.RENAME)
            holder = tx.accounts.by_name_key(key)
            if holder is not None and holder.id != account.id:
                raise NameTaken(field="name")
            _refuse_kept(tx, key, account.id, now)
            tx.kept_names.release(key)
            if account.name_key != key:
                tx.kept_names.keep(KeptName(account.name_key, account.id, account.name, now + NAME_KEPT))
            before, account.name, account.name_key = account.name, name, key
            tx.accounts.save(account)
            self._record(tx, caller, "account.renamed", account, before=before, after=name, **_because(reason))
            return account

        return await self._store.write(work, then=self._sessions.account_changed)

    async def delete(self, caller: Caller, account_id: AccountId) -> None:
        """Delete an account for good: its sessions end, its characters are laid aside, its name is free again."""
        await self._store.write(lambda tx: self.close_within(tx, caller, account_id), then=self.closed)

    def closed(self, result: tuple[Account, list[SessionId]]) -> None:
        """The account may not be here any more; it was locked or deleted, and these of its sessions ended."""
        account, ended = result
        self._keys.forget(account.id)
        self._sessions.account_changed(account)  # first: this is what they are to be told, not that a session ended
        self._sessions.ended(ended)

    async def reset_password(
        self, caller: Caller, account_id: AccountId, password: str | None = None, reason: str = ""
    ) -> str:
        """Give an account another password and end all its sessions; returns the password.

        Without `password` one is made up, to be told to its owner and changed by them.

        Raises:
            PermissionDenied: the caller does not stand above the account, or it is their own (whose password is
                changed by who knows it) or a guest's.
            InvalidInput: the password may not be used.

        """
        chosen = password if password is not None else made_up_password()
        account = await self._store.read(lambda tx: self._require_others_password(tx, caller, account_id))
        self._check_password(chosen, account.name)
        new_hash = await self._hasher.hash(chosen)
        now = self._clock.now()

        def work(tx: Transaction) -> tuple[str, list[SessionId]]:
            account = self._require_others_password(tx, caller, account_id)
            account.password_hash = new_hash
            tx.accounts.save(account)
            tx.game_passwords.clear(account.id)  # whoever lost one password may have lost the other
            ended = tx.sessions.revoke_all(account.id, now)
            detail = {"sessions_ended": str(len(ended)), **_because(reason)}
            self._record(tx, caller, "account.password_reset", account, **detail)
            return account.name_key, ended

        key, _ = await self._store.write(work, then=lambda result: self._sessions.ended(result[1]))
        self._keys.forget(account_id)
        await self._throttle.clear(_account_key(key))
        return chosen

    async def reset_game_password(
        self, caller: Caller, account_id: AccountId, password: str | None = None, reason: str = ""
    ) -> str:
        """Give an account another password for old game clients only; returns it. Sessions go on.

        Without `password` one is made up.

        Raises:
            PermissionDenied: as `reset_password`.
            InvalidInput: the password may not be used, or is the account's own.

        """
        chosen = password if password is not None else secrets.token_urlsafe(9)
        account = await self._store.read(lambda tx: self._require_others_password(tx, caller, account_id))
        check_game_password(chosen, name=account.name)
        if await self._hasher.verify(account.password_hash, chosen):
            raise InvalidInput(
                "The game password travels in clear, so it must not be the account's own.", field="password"
            )
        new_hash = await self._hasher.hash(chosen)

        def work(tx: Transaction) -> str:
            account = self._require_others_password(tx, caller, account_id)
            tx.game_passwords.set(account.id, new_hash)
            self._record(tx, caller, "account.game_password_reset", account, **_because(reason))
            return account.name_key

        key = await self._store.write(work)
        self._keys.forget(account_id)
        await self._throttle.clear(_account_key(key))
        return chosen

    async def remove_game_password(self, caller: Caller, account_id: AccountId, reason: str = "") -> bool:
        """Have an account do without a game password; False if it had none. Rights as for `reset_password`."""

        def work(tx: Transaction) -> bool:
            account = self._require_others_password(tx, caller, account_id)
            cleared = tx.game_passwords.clear(account.id)
            if cleared:
                self._record(tx, caller, "account.game_password_cleared", account, **_because(reason))
            return cleared

        return await self._store.write(work)

    def _require_others_password(self, tx: Transaction, caller: Caller, account_id: AccountId) -> Account:
        """The account, if the caller may give it passwords."""
        actor, account = self._actor_and_target(tx, caller, account_id, Permission.RESET_PASSWORD)
        require_authority(actor, account.role, Permission.RESET_PASSWORD)
        if account_id == caller.account_id:
            raise PermissionDenied("Your own password is changed with the one you have.")
        if account.is_guest:
            raise PermissionDenied("A guest has no password.")
        return account

    # --- changes made beside this node ---

    async def mark_record(self) -> RecordMark:
        """Where the record ends now; for the first `catch_up`."""
        newest = await self._store.read(lambda tx: tx.moderation.newest())
        return RecordMark(newest, newest)

    async def catch_up(self, since: RecordMark) -> RecordMark:
        """Take note of what the operator did at the machine while this node ran, from the audit record.

        Roles, names and ended sessions take effect as if they had been changed here. Returns how far the
        record has been read; give it the next time.
        """

        def work(tx: Transaction) -> tuple[int, list[AuditEntry]]:
            return tx.moderation.newest(), tx.moderation.acts_of(OPERATOR.account_id, after=since.settled)

        newest, acts = await self._store.read(work)
        for account_id in dict.fromkeys(AccountId(act.subject) for act in acts if act.action != ACCOUNT_IMPORTED):
            await self._resync(account_id)
        return RecordMark(newest, since.newest)

    async def _resync(self, account_id: AccountId) -> None:
        def work(tx: Transaction) -> tuple[Account | None, set[SessionId]]:
            return tx.accounts.get(account_id), {session.id for session in tx.sessions.of_account(account_id)}

        account, living = await self._store.read(work)
        self._keys.forget(account_id)
        if account is None:
            return
        self._sessions.account_changed(account)
        self._apply_role(account)
        self._sessions.ended([known for known in self._sessions.known_of(account_id) if known not in living])

    # --- the first owner ---

    async def make_admin_link_token(self) -> str | None:
        """A one-time token that makes a signed-in account the owner; None once there is an owner.

        A new one replaces the one before. Only its hash is stored.
        """
        token = new_token()
        expires_at = self._clock.now() + self._policy.admin_link_lifetime

        def work(tx: Transaction) -> bool:
            if _owners(tx):
                tx.facts.take(ADMIN_LINK_FACT)
                return False
            tx.facts.set(ADMIN_LINK_FACT, f"{token_hash(token).hex()} {expires_at.isoformat()}")
            return True

        return token if await self._store.write(work) else None

    async def redeem_admin_link(self, token: str, caller: Caller) -> Account:
        """Make the caller the owner of this server.

        Raises:
            InvalidToken: the token is wrong, used up or too old.
            PermissionDenied: there is an owner already, or the caller is a guest.

        """
        if caller.is_guest:
            raise PermissionDenied("A guest cannot own a server.", hint="Register an account first.")
        wanted = token_hash(token).hex()
        now = self._clock.now()

        def work(tx: Transaction) -> Account:
            fact = tx.facts.take(ADMIN_LINK_FACT)  # stays if we refuse below
            known, _, expires_at = (fact or "").partition(" ")
            if _owners(tx):
                raise PermissionDenied("This server has an owner already.")
            if not hmac.compare_digest(known, wanted) or now >= datetime.fromisoformat(expires_at):
                raise InvalidToken(
                    "The admin link is not valid any more.",
                    hint="Use the newest one: the server prints another at each start until it has an owner.",
                )
            account = tx.accounts.require(caller.account_id)
            if account.status is not AccountStatus.ACTIVE:
                raise AccountDisabled
            before, account.role = account.role, Role.OWNER
            tx.accounts.save(account)
            self._record(tx, caller, "account.role_changed", account, before=before, after=Role.OWNER, by="admin link")
            return account

        def after(account: Account) -> None:
            self._sessions.account_changed(account)
            self._apply_role(account)

        return await self._store.write(work, then=after)

    # --- parts ---

    def _check_password(
        self, password: str, name: str, *, field: str = "password", promise: DoorPromise | None = None
    ) -> None:
        check_password(
            password,
            name=name,
            min_length=self._policy.password_min_length if promise is None else promise.password_min_length,
            max_length=self._policy.password_max_length,
            field=field,
            any_wording=promise is not None,
        )

    def _new_account(
        self, name: str, password_hash: str, *, email: str | None = None, is_guest: bool = False
    ) -> Account:
        now = self._clock.now()
        return Account(
            id=AccountId(self._ids.new()),
            name=name,
            name_key=name_key(name),
            password_hash=password_hash,
            created_at=now,
            is_guest=is_guest,
            email=email,
            last_login_at=now,
        )

    async def _admit_new_account(self, address: str) -> None:
        wait = await self._throttle.hit(f"register:{address_key(address)}", self._policy.registrations_per_address)
        if wait is not None:
            raise TooMany("Too many accounts were made from your address.", retry_after=wait)

    async def _refuse_taken(self, name: str) -> None:
        key = name_key(name)
        if await self._store.read(lambda tx: tx.accounts.by_name_key(key)) is not None:
            raise NameTaken(field="username")

    async def _enter_new(self, account: Account, action: str, door: str, address: str, client: str) -> SignedIn:
        count_login(account, door)

        def work(tx: Transaction) -> tuple[Account, Opening]:
            _refuse_kept(tx, account.name_key, account.id, account.created_at)
            saved = tx.accounts.add(account)
            tx.moderation.record(AuditEntry(account.created_at, saved.id, action, saved.id, {"name": saved.name}))
            return saved, self._sessions.open_within(tx, saved, door, address, client)

        return self._sessions.opened(*await self._store.write(work))

    async def _refuse_throttled(self, key: str, address: str | None) -> None:
        require_met(PROOF_CHECKS, await self._waiting(Attempt(""), key, address))

    def _role_of(self, tx: Transaction, caller: Caller) -> Rights:
        """What the caller may do now."""
        return role_within(tx, caller)

    def _actor_and_target(
        self, tx: Transaction, caller: Caller, account_id: AccountId, needs: Permission
    ) -> tuple[Rights, Account]:
        """What the caller may do, and the account; it is asked for the permission before anything is told of it."""
        actor = self._role_of(tx, caller)
        require(actor, needs)
        account = tx.accounts.require(account_id)
        if account.status is AccountStatus.DELETED:
            raise InvalidInput("This account is deleted.")
        return actor, account

    def close_within(self, tx: Transaction, caller: Caller, account_id: AccountId) -> tuple[Account, list[SessionId]]:
        """Delete an account in a transaction of the caller's, who hands what this returns to `closed` once it is
        saved. Raises as `delete`."""
        if account_id == caller.account_id:
            account = tx.accounts.require(account_id)
        else:
            actor, account = self._actor_and_target(tx, caller, account_id, Permission.ERASE_PERSON)
            require_authority(actor, account.role, Permission.ERASE_PERSON)
        if account.role is Role.OWNER:
            require_other_owner(tx, account)
        now = self._clock.now()
        for character in tx.characters.of_account(account_id):
            character.deleted_at = now
            tx.characters.save(character)
        forget(tx, account_id, now)
        ended = tx.sessions.revoke_all(account_id, now)
        self.refusals.forget(account.name, account.id)
        account.status = AccountStatus.DELETED
        account.role = Role.PLAYER
        account.name = f"Deleted {account.number}"
        account.name_key = f"deleted:{account.id}"  # no name has a colon: the old name is free, this one is unreachable
        account.password_hash = ""
        account.email = None
        account.selected_character = None
        tx.accounts.save(account)
        self._record(tx, caller, "account.deleted", account)
        return account, ended

    def _record(self, tx: Transaction, caller: Caller, action: str, account: Account, **detail: str) -> None:
        tx.moderation.record(
            AuditEntry(self._clock.now(), caller.account_id, action, account.id, {"name": account.name, **detail})
        )

    def _apply_role(self, account: Account) -> None:
        """Somebody who is in the world gets or loses the staff's events at once."""
        presence = self._presence.of_account(account.id)
        if presence is None:
            return
        presence.role = account.role
        if may(account.role, Permission.HEAR_STAFF):
            self._realtime.subscribe(presence.character_id, STAFF_TOPIC)
        else:
            self._realtime.unsubscribe(presence.character_id, STAFF_TOPIC)

    def _tell_staff(self, action: str, account: Account, message: str) -> None:
        self._realtime.publish(STAFF_TOPIC, event_of(AdminEvent(action, account.id, message), self._clock.now()))


def role_within(tx: Transaction, caller: Caller) -> Rights:
    """What the caller may do, as the database has it now; the operator at the machine has all rights.

    Admins and owners have the rights of moderators until they have shown their second factor, if they have one or
    have to have one. Who comes with a token for programs has what it is good for, as far as its owner may it still.

    Raises:
        SessionEnded: the account is gone or locked, or the token has ended.

    """
    if caller is OPERATOR:
        return Rights(Role.OWNER)
    account = tx.accounts.get(caller.account_id)
    if account is None or account.status is not AccountStatus.ACTIVE:
        raise SessionEnded
    if caller.token is not None:
        token = tx.api_tokens.get(caller.token)
        if token is None or token.account_id != account.id or not token.is_live(tx.now):
            raise SessionEnded
        return Rights(account.role, limited_to=token.allowed())
    if not account.role.includes(Role.ADMIN):
        return Rights(account.role)
    return Rights(account.role, is_proven=_is_proven(tx, caller))


def _is_proven(tx: Transaction, caller: Caller) -> bool:
    """Whether no second factor is wanted of an admin or owner now."""
    if not tx.second_factors.is_enrolled(caller.account_id):
        return tx.facts.get(SECOND_FACTOR_FACT) != SECOND_FACTOR_REQUIRED
    until = tx.sessions.proven_until(caller.session_id)
    return until is not None and tx.now < until


def require_other_owner(tx: Transaction, account: Account) -> None:
    """Refuse to lose the last owner. All owners' rows are locked, so two who resign at once cannot both succeed."""
    others = [
        owner
        for owner in (tx.accounts.get(found.id) for found in _owners(tx) if found.id != account.id)
        if owner is not None and owner.role is Role.OWNER and owner.status is AccountStatus.ACTIVE
    ]
    if not others:
        raise PermissionDenied("This is the last owner.", hint="Make somebody else an owner first.")


def _refuse_kept(tx: Transaction, key: str, account_id: AccountId, now: datetime) -> None:
    """Refuse a name that somebody else gave up lately: they would be taken for each other."""
    kept = tx.kept_names.get(key)
    if kept is not None and kept.account_id != account_id and now < kept.until:
        raise NameTaken("Somebody had this name, or one that looks like it, until lately.", field="username")


def _owners(tx: Transaction) -> list[Account]:
    return tx.accounts.search(role=Role.OWNER, status=AccountStatus.ACTIVE, limit=1000)


def _proven(attempt: Attempt) -> Account:
    """Whose attempt it is that passed all checks of the proof."""
    assert attempt.account is not None
    return attempt.account


def made_up_password() -> str:
    """For somebody else, who is told it and changes it."""
    return secrets.token_urlsafe(12)


def _account_key(key: str) -> str:
    return f"login:account:{key[:80]}"


def _address_key(address: str) -> str:
    return f"login:address:{address_key(address)}"


def _shown(hidden: bool) -> str:
    return "hidden" if hidden else "shown"


def _because(reason: str) -> dict[str, str]:
    """For the record, if somebody gave a reason."""
    reason = reason.strip()[:REASON_LENGTH]
    return {"reason": reason} if reason else {}


def _guest_name(attempt: int) -> str:
    digits = 3 + attempt // 4  # more room once the short ones seem to be taken
    number = secrets.randbelow(9 * 10 ** (digits - 1)) + 10 ** (digits - 1)
    return f"Guest-{secrets.choice(_GUEST_WORDS)}-{number}"


def _checked_email(email: str | None) -> str | None:
    if email is None or not email.strip():
        return None
    email = email.strip()
    local, _, domain = email.rpartition("@")
    if len(email) > EMAIL_LENGTH or not local or not domain or any(c.isspace() or not c.isprintable() for c in email):
        raise InvalidInput("This is no e-mail address.", field="email", hint="Leave it out or write name@example.org.")
    return email
