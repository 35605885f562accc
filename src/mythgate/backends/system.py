"""Time, ids, password hashes and access tokens: what the services need from the machine."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import argon2
import bcrypt
import jwt

from mythgate.domain.errors import InvalidInput, InvalidToken, TokenExpired, Unavailable
from mythgate.domain.ids import AccountId, SessionId
from mythgate.domain.sessions import AccessClaims

T = TypeVar("T")


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time as aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()


# --- ids -------------------------------------------------------------------------------------------

_RANDOM_BITS: Final = 74
_POOL_BYTES: Final = 4096  # one call of the system for some 400 ids; a call for each would be half their cost


class UuidIds:
    """UUIDs of version 7 (RFC 9562, 5.7) as text.

    Strictly rising within the process, also if the clock stands still or runs back: the random part
    then counts up instead (RFC 9562, 6.2, method 2). Safe to use from several threads.
    """

    def __init__(self, milliseconds: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._milliseconds = milliseconds
        self._lock = threading.Lock()
        self._last = (0, 0)
        self._pool = b""
        self._used = 0

    def new(self) -> str:
        """A new id."""
        with self._lock:
            now = self._milliseconds()
            last, counter = self._last
            if now > last:
                # The top bit stays free, so that counting up has room.
                self._last = (now, self._random_bits(_RANDOM_BITS - 1))
            else:
                counter += 1 + self._random_bits(32)
                within = counter >> _RANDOM_BITS == 0
                self._last = (last, counter) if within else (last + 1, self._random_bits(_RANDOM_BITS - 1))
            moment, random = self._last
        number = moment << 80 | 7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1
        digits = f"{number:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def _random_bits(self, count: int) -> int:
        """Fresh bits from the system's source, fetched many at a time; each is used once."""
        size = (count + 7) // 8
        if self._used + size > len(self._pool):
            self._pool = secrets.token_bytes(_POOL_BYTES)
            self._used = 0
        taken = self._pool[self._used : self._used + size]
        self._used += size
        return int.from_bytes(taken) >> (size * 8 - count)


# --- passwords -------------------------------------------------------------------------------------


_MD5: Final = re.compile("[0-9a-fA-F]{32}")
_BCRYPT: Final = re.compile(r"\$2([abxy]?)\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})")
_IMPORTED: Final = re.compile(r"\$imported\$(?:(md5)|bcrypt(\$2[aby]\$\d\d\$[./A-Za-z0-9]{22}))(\$argon2id\$.*)")
_BCRYPT_LONGEST: Final = 72  # bytes of a password that count: so it was hashed, and so it is checked
_BCRYPT_COSTS: Final = range(4, 16)  # each step doubles the time; 15 takes some two seconds
_BCRYPT_DIGITS: Final = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _parts_of_bcrypt(found: re.Match[str]) -> tuple[str, str]:
    """The settings of a bcrypt hash, with the salt, and its digest.

    The last digit of both has bits that mean nothing. Some programs left them set; the library refuses such a salt.
    """
    version, cost, salt, digest = found.groups()
    if version not in ("a", "b", "y"):
        raise InvalidInput(
            "This bcrypt hash is of a kind that was withdrawn for its faults.",
            field="password_hash",
            hint="$2a$, $2b$ and $2y$ can be checked.",
        )
    if int(cost) not in _BCRYPT_COSTS:
        raise InvalidInput(
            "This bcrypt hash has a cost that does not exist, or that takes too long to check.",
            field="password_hash",
            hint=f"It can be {_BCRYPT_COSTS[0]} to {_BCRYPT_COSTS[-1]}.",
        )
    return f"$2{version}${cost}${_without_spare(salt, 4)}", _without_spare(digest, 2)


def _without_spare(text: str, bits: int) -> str:
    """`text` with the lowest `bits` of its last digit cleared."""
    return text[:-1] + _BCRYPT_DIGITS[_BCRYPT_DIGITS.index(text[-1]) >> bits << bits]


def _foreign_digest(found: re.Match[str], password: bytes) -> bytes:
    """What another server would have stored for `password`; nothing anybody stored if we cannot tell."""
    if found[1]:
        return hashlib.md5(password, usedforsecurity=False).hexdigest().encode()
    salt = found[2].encode()
    try:
        return bcrypt.hashpw(password[:_BCRYPT_LONGEST], salt)[len(salt) :]
    except ValueError:  # somebody wrote settings into the database that do not exist
        return b""


class Argon2Hasher:
    """Argon2id in threads of its own; hashes of other servers are checked there as well.

    At most `parallel` hashes run at once, each with `memory_kib` of memory; at most `queue` callers
    wait in line, further ones are refused. A caller that gives up leaves the line.
    """

    def __init__(self, *, memory_kib: int = 19456, time_cost: int = 2, parallel: int = 2, queue: int = 1000) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=1, hash_len=32, salt_len=16
        )
        # A hash of nothing: nobody knows a password for it, and checking it costs what a real one costs.
        salt, digest = _unpadded(secrets.token_bytes(16)), _unpadded(secrets.token_bytes(32))
        self._dummy = f"$argon2id$v=19$m={memory_kib},t={time_cost},p=1${salt}${digest}"
        self._parallel = parallel
        self._queue = queue
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="argon2")
        self._lock = threading.Lock()
        self._pending = 0

    @property
    def pending(self) -> int:
        """Hashes running or waiting in line."""
        return self._pending

    async def hash(self, password: str) -> str:
        """Hash a new password.

        Raises:
            Unavailable: too many wait in line.

        """
        return await self._run(lambda: self._argon2.hash(password.encode("utf-8", "surrogatepass")))

    async def verify(self, stored_hash: str, password: str) -> bool:
        """False for a wrong password and for an unreadable hash, at the same cost.

        Raises:
            Unavailable: too many wait in line.

        """
        return await self._run(lambda: self._verify(stored_hash, password.encode("utf-8", "surrogatepass")))

    async def adopt(self, foreign_hash: str) -> str:
        """The hash of another server inside a slow one of ours, so that what is stored is never a fast one.

        Raises:
            InvalidInput: it is neither bcrypt's, as far as we check that, nor the 32 hexadecimal digits of MD5.
            Unavailable: too many wait in line.

        """
        text = foreign_hash.strip()
        if found := _BCRYPT.fullmatch(text):
            settings, inner = _parts_of_bcrypt(found)
            settings = f"bcrypt{settings}"
        elif _MD5.fullmatch(text):
            settings, inner = "md5", text.lower()
        else:
            raise InvalidInput("This password hash is neither bcrypt nor MD5.", field="password_hash")
        return f"$imported${settings}{await self.hash(inner)}"

    def needs_rehash(self, stored_hash: str) -> bool:
        """Whether the hash was made with other parameters than today's, or by another server."""
        try:
            return self._argon2.check_needs_rehash(stored_hash)
        except argon2.exceptions.InvalidHashError:
            return True

    def close(self) -> None:
        """Refuse what waits in line and let the threads end."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _verify(self, stored_hash: str, password: bytes) -> bool:
        if found := _IMPORTED.fullmatch(stored_hash):
            password, stored_hash = _foreign_digest(found, password), found[3]
        try:
            return self._argon2.verify(stored_hash, password)
        except argon2.exceptions.VerifyMismatchError:
            return False
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError, ValueError):
            try:
                self._argon2.verify(self._dummy, password)
            except argon2.exceptions.VerifyMismatchError:
                pass
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        with self._lock:
            if self._pending >= self._parallel + self._queue:
                raise Unavailable("Too many people are signing in at this moment.", retry_after=timedelta(seconds=5))
            self._pending += 1
        try:
            future = self._pool.submit(work)
        except RuntimeError as stopped:
            self._done(None)
            raise Unavailable("The server is stopping.") from stopped
        future.add_done_callback(self._done)
        return await asyncio.wrap_future(future)

    def _done(self, _future: Future[Any] | None) -> None:
        with self._lock:
            self._pending -= 1


def _unpadded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii").rstrip("=")


# --- access tokens ---------------------------------------------------------------------------------

_ALGORITHM: Final = "HS256"  # pinned: no token chooses its own
_ISSUER: Final = "mythgate"
_AUDIENCE: Final = "mythgate:play"
_MAX_TOKEN_LENGTH: Final = 4096
_REQUIRED_CLAIMS: Final = ("iss", "aud", "sub", "sid", "iat", "exp", "jti")


class JwtSigner:
    """Access tokens as JSON Web Tokens, signed with HMAC-SHA-256.

    The first secret signs; tokens of the others are still read, so that a key can be changed without
    signing everybody out. A token names its key in the `kid` header.
    """

    def __init__(self, secrets_: Sequence[str]) -> None:
        if not secrets_:
            msg = "at least one secret is needed"
            raise ValueError(msg)
        keys = [_derived(secret, b"access token") for secret in secrets_]
        self._kid = _key_id(secrets_[0])
        self._key = keys[0]
        self._keys = {_key_id(secret): key for secret, key in zip(secrets_, keys, strict=True)}

    @classmethod
    def from_secret(cls, secret: str) -> JwtSigner:
        """A signer for `secret` as configured: one secret a line, the current one first."""
        return cls([line.strip() for line in secret.splitlines() if line.strip()])

    def sign(self, account_id: AccountId, session_id: SessionId, name: str, now: datetime, lifetime: timedelta) -> str:
        """An access token that names the session."""
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": account_id,
            "sid": session_id,
            "user": name,
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": self._kid})

    def read(self, token: str, now: datetime) -> AccessClaims:
        """What the token says; see `TokenSigner`."""
        if len(token) > _MAX_TOKEN_LENGTH:
            raise InvalidToken
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                # The expiry is checked below, by the clock that everything else here goes by.
                options={"require": list(_REQUIRED_CLAIMS), "verify_exp": False, "verify_iat": False},
            )
            issued_at = datetime.fromtimestamp(claims["iat"], UTC)
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
            account_id, session_id = claims["sub"], claims["sid"]
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            raise InvalidToken from error
        if not (isinstance(account_id, str) and isinstance(session_id, str)):
            raise InvalidToken
        if now >= expires_at:
            raise TokenExpired
        return AccessClaims(AccountId(account_id), SessionId(session_id), issued_at, expires_at)


_NONCE_BYTES: Final = 16
_MARK_BYTES: Final = 16
_LONGEST_SEALED: Final = 32  # one block of what covers it


class KeySealer:
    """Small secrets covered with a stream from the server's key, and marked so that a change shows.

    Each is covered with bytes of its own: HMAC-SHA-256 of the purpose and a random nonce. The first key seals; what
    was sealed with the others can still be opened.
    """

    def __init__(self, secrets_: Sequence[str]) -> None:
        self._keys = [_derived(secret, b"sealed secrets") for secret in secrets_]

    @classmethod
    def from_secret(cls, secret: str) -> KeySealer:
        """A sealer for `secret` as configured: one secret a line, the current one first."""
        return cls([line.strip() for line in secret.splitlines() if line.strip()])

    def seal(self, secret: bytes, purpose: str) -> bytes:
        """`nonce | mark | covered`; see `services.ports.Sealer`."""
        if len(secret) > _LONGEST_SEALED:
            msg = "the secret is too long"
            raise ValueError(msg)
        nonce = os.urandom(_NONCE_BYTES)
        covered = _covered(self._keys[0], nonce, purpose, secret)
        return nonce + _mark(self._keys[0], nonce, purpose, covered) + covered

    def open(self, sealed: bytes, purpose: str) -> bytes | None:
        """See `services.ports.Sealer`."""
        nonce, mark = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES : _NONCE_BYTES + _MARK_BYTES]
        covered = sealed[_NONCE_BYTES + _MARK_BYTES :]
        for key in self._keys:
            if hmac.compare_digest(mark, _mark(key, nonce, purpose, covered)):
                return _covered(key, nonce, purpose, covered)
        return None


def _covered(key: bytes, nonce: bytes, purpose: str, text: bytes) -> bytes:
    stream = hmac.digest(key, b"cover " + nonce + purpose.encode(), hashlib.sha256)
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))


def _mark(key: bytes, nonce: bytes, purpose: str, covered: bytes) -> bytes:
    return hmac.digest(key, b"mark " + nonce + covered + purpose.encode(), hashlib.sha256)[:_MARK_BYTES]


def _derived(secret: str, purpose: bytes) -> bytes:
    """A 32-byte key of its own for each purpose, so that no secret is too short and none is used twice."""
    return hmac.digest(secret.encode(), b"mythgate " + purpose, hashlib.sha256)


def _key_id(secret: str) -> str:
    return _derived(secret, b"key id").hex()[:16]


# --- the secret ------------------------------------------------------------------------------------

KEY_FILE: Final = "secret.key"
SHORTEST_SECRET: Final = 32  # characters


def load_or_make_secret(data_dir: Path) -> str:
    """The server's secret, made on first use: one secret a line, the current one first.

    The file appears complete and readable by the owner only, or not at all; of two processes that
    start together, both use the one that was first.

    Raises:
        ValueError: the file is there and holds no usable secret.

    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / KEY_FILE
    if not path.exists():
        fresh = data_dir / f".{KEY_FILE}.{secrets.token_hex(8)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # fails where a rename would replace
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        secret = ""
    first = secret.partition("\n")[0].strip()
    if len(first) < SHORTEST_SECRET or not first.isprintable():
        msg = f"{path} holds no secret of at least {SHORTEST_SECRET} characters"
        raise ValueError(msg)
    return secret
