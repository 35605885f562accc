"""Signing in with name and password: what is asked, in which order, and what is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from mythgate.domain.accounts import Account, AccountStatus
from mythgate.domain.chat import remaining
from mythgate.domain.decisions import Check
from mythgate.domain.errors import AccountDisabled, BadCredentials, Banned, PermissionDenied, Refused, TooManyLogins

NO_WAIT: Final = timedelta(0)


class Secret(StrEnum):
    """Which password a door takes for an account."""

    OWN = "the account's own password"
    GAME = "the game password"
    NONE = "no password"  # there is none that it would take


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody who signs in, as far as it is known: None is what is not known, or not yet."""

    name: str
    address_wait: timedelta | None = None  # until the address may try again; zero: it may now
    account_wait: timedelta | None = None
    is_known: bool | None = None  # there is such an account, and it lives
    account: Account | None = None
    secret: Secret | None = None
    needs_game_password: bool = False  # the operator insists on one at this door
    is_genuine: bool | None = None  # the password was checked
    locked_until: datetime | None = None
    lock_words: str = ""  # what is told of the lock, if there is more to tell

    @property
    def waits(self) -> timedelta:
        return max(self.address_wait or NO_WAIT, self.account_wait or NO_WAIT)


def secret_for(account: Account, *, has_game_password: bool, game: bool, game_passwords_only: bool) -> Secret:
    """What an old game client (`game`) or anybody else has to show for `account`."""
    if game and has_game_password:
        return Secret.GAME
    if not account.password_hash or (game and game_passwords_only):
        return Secret.NONE
    return Secret.OWN


def _throttled(attempt: Attempt) -> Refused:
    return TooManyLogins(retry_after=attempt.waits)


def _may_try(wait: timedelta | None) -> bool | None:
    return None if wait is None else not wait


def _waiting(wait: timedelta | None) -> str:
    if wait is None:
        return "not known here"
    return f"has to wait {remaining(wait)}" if wait else "may try"


def _is_open(attempt: Attempt) -> bool | None:
    return None if attempt.account is None else attempt.account.status is AccountStatus.ACTIVE


def _locked(attempt: Attempt) -> Refused:
    return AccountDisabled(attempt.lock_words or None)


def _lock_found(attempt: Attempt) -> str:
    if attempt.account is None or attempt.account.status is AccountStatus.ACTIVE:
        return "no lock"
    return "locked" + (f" until {attempt.locked_until:%Y-%m-%d %H:%M} UTC" if attempt.locked_until else ", without end")


def _secret_found(attempt: Attempt) -> str:
    if attempt.secret is not Secret.NONE:
        return "unknown" if attempt.secret is None else f"has {attempt.secret}"
    if attempt.account is not None and attempt.account.is_guest:
        return "is a guest's: it has no password"
    return "has no game password" if attempt.needs_game_password else "has no password"


def _secret_remedy(attempt: Attempt) -> str:
    if attempt.account is not None and attempt.account.is_guest:
        return "nothing: guests come in anew each time; have them register"
    if attempt.needs_game_password:
        return f"mythgate user game-password {attempt.name}, or set passwords.game_passwords_only = false"
    return f"mythgate user password {attempt.name}"


PROOF_CHECKS: Final[Sequence[Check[Attempt]]] = (
    Check(
        "address",
        holds=lambda attempt: _may_try(attempt.address_wait),
        refusal=_throttled,
        found=lambda attempt: _waiting(attempt.address_wait),
        needed=lambda _: "few wrong passwords from the address lately",
        remedy=lambda _: "wait, or raise limits.logins_per_address",
    ),
    Check(
        "attempts",
        holds=lambda attempt: _may_try(attempt.account_wait),
        refusal=_throttled,
        found=lambda attempt: _waiting(attempt.account_wait),
        needed=lambda _: "few wrong passwords for the account lately",
        remedy=lambda attempt: f"wait; a new password ends it: mythgate user password {attempt.name}",
    ),
    Check(
        "account",
        holds=lambda attempt: attempt.is_known,
        refusal=lambda _: BadCredentials(),
        found=lambda attempt: (
            f"{attempt.account.name}, number {attempt.account.number}, {attempt.account.role}"
            if attempt.account is not None and attempt.is_known
            else "no account of that name"
        ),
        needed=lambda _: "an account",
        remedy=lambda attempt: f"mythgate user list --search {attempt.name}   (is it spelt so?)",
    ),
    Check(
        "secret",
        holds=lambda attempt: None if attempt.secret is None else attempt.secret is not Secret.NONE,
        refusal=lambda _: BadCredentials(),
        found=_secret_found,
        needed=lambda attempt: "a game password" if attempt.needs_game_password else "a password this door takes",
        remedy=_secret_remedy,
    ),
    Check(
        "password",
        holds=lambda attempt: attempt.is_genuine,
        refusal=lambda _: BadCredentials(),
        found=lambda attempt: (
            "was not tried" if attempt.is_genuine is None else "right" if attempt.is_genuine else "wrong"
        ),
        needed=lambda attempt: str(attempt.secret or Secret.OWN),
        remedy=lambda attempt: f"mythgate user password {attempt.name}",
    ),
)
"""Whether it is they. One answer is given for an unknown name and for a wrong password."""

STANDING_CHECKS: Final[Sequence[Check[Attempt]]] = (
    Check(
        "lock",
        holds=_is_open,
        refusal=_locked,
        found=_lock_found,
        needed=lambda _: "no lock",
        remedy=lambda attempt: f"mythgate user enable {attempt.name}",
    ),
)
"""Whether they may come in, once it is known that it is they."""

SIGN_IN_CHECKS: Final = (*PROOF_CHECKS, *STANDING_CHECKS)
"""All of it, in the order in which it is asked."""

GUEST_CHECKS: Final[Sequence[Check[bool]]] = (
    Check(
        "guests",
        holds=lambda admits: admits,
        refusal=lambda _: PermissionDenied("This server admits no guests.", hint="Register an account."),
        found=lambda admits: f"guests are {'admitted' if admits else 'not admitted'}",
        needed=lambda _: "a server that admits guests",
        remedy=lambda _: "set sessions.guests = true, or: mythgate user create NAME",
    ),
)
"""Whether somebody may come in without an account; what it looks at is whether the operator admits them."""

BAN_CHECKS: Final[Sequence[Check[str | None]]] = (
    Check(
        "ban",
        holds=lambda words: None if words is None else not words,
        refusal=lambda words: Banned(words),
        found=lambda words: (
            "none of the account; not known of the address" if words is None else "a ban" if words else "no ban"
        ),
        needed=lambda _: "no ban of this door, or of their network",
        remedy=lambda _: "mythgate moderation measures   (lift it: mythgate moderation lift NUMBER)",
    ),
)
"""Whether the staff keeps them from a door, or their network from all: what it looks at is what is said of that, empty
for nothing, None if it is not known from where they come. `services.gate` decides."""
