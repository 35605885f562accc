"""Clock, ids, password hashing, access tokens, the secret."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import stat
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import argon2
import bcrypt
import jwt
import pytest

from mythgate.backends.system import (
    KEY_FILE,
    Argon2Hasher,
    JwtSigner,
    SystemClock,
    UuidIds,
    load_or_make_secret,
)
from mythgate.domain.errors import InvalidInput, InvalidToken, TokenExpired, Unavailable
from mythgate.domain.ids import AccountId, SessionId
from mythgate.services.sessions import new_token

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)

# --- time and ids ---


def test_the_clock_is_aware_and_runs() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert abs(clock.now().timestamp() - time.time()) < 5
    assert clock.monotonic() <= clock.monotonic()


def test_ids_are_version_7_and_carry_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(UuidIds().new())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


@pytest.mark.parametrize("clock", [lambda: 1_900_000_000_000, lambda: time.time_ns() // 1_000_000])
def test_ids_rise_also_while_the_clock_stands(clock: Callable[[], int]) -> None:
    ids = UuidIds(clock)
    made = [ids.new() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {(uuid.UUID(one).version, uuid.UUID(one).variant) for one in made} == {(7, uuid.RFC_4122)}


def test_ids_rise_also_if_the_clock_runs_back() -> None:
    moments = iter([2000, 1000, 1500, 2000, 2001])
    ids = UuidIds(lambda: next(moments))
    made = [ids.new() for _ in range(5)]
    assert made == sorted(set(made))


def test_an_overflowing_counter_moves_to_the_next_millisecond() -> None:
    ids = UuidIds(lambda: 1000)
    first = ids.new()
    ids._last = (1000, (1 << 74) - 1)
    overflowed = uuid.UUID(ids.new())
    assert str(overflowed) > first
    assert overflowed.int >> 80 == 1001


def test_threads_never_share_an_id() -> None:
    ids = UuidIds()
    with ThreadPoolExecutor(8) as pool:
        made = [one for batch in pool.map(lambda _: [ids.new() for _ in range(2000)], range(8)) for one in batch]
    assert len(set(made)) == 16_000


def test_a_hundred_thousand_tokens_without_a_repeat() -> None:
    tokens = {new_token() for _ in range(100_000)}
    assert len(tokens) == 100_000
    for token in list(tokens)[:100]:
        assert len(base64.urlsafe_b64decode(token + "=")) == 32


# --- passwords ---


@pytest.fixture
async def hasher() -> AsyncIterator[Argon2Hasher]:
    made = Argon2Hasher(memory_kib=64, time_cost=1, parallel=2, queue=10)
    yield made
    made.close()


async def test_passwords_are_recognised(hasher: Argon2Hasher) -> None:
    stored = await hasher.hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert await hasher.verify(stored, "correct horse")
    assert not await hasher.verify(stored, "correct horsE")
    assert await hasher.hash("correct horse") != stored
    odd = await hasher.hash("naïve \ud800 \x00 text")
    assert await hasher.verify(odd, "naïve \ud800 \x00 text")


def test_the_defaults_are_the_recommended_profile() -> None:
    made = Argon2Hasher()
    parameters = argon2.extract_parameters(made._dummy)
    assert (parameters.type, parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (
        argon2.Type.ID,
        19456,
        2,
        1,
    )
    made.close()


@pytest.mark.parametrize(
    "stored", ["", "x", "$argon2id$", "$argon2id$v=19$m=64,t=1,p=1$!!$!!", "$2b$12$" + "a" * 53, "e" * 500]
)
async def test_an_unreadable_hash_is_wrong_and_costs_one_computation(
    hasher: Argon2Hasher, stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = []
    compute = argon2.PasswordHasher.verify

    def counting(self: argon2.PasswordHasher, stored_hash: str | bytes, password: str | bytes) -> bool:
        try:
            return compute(self, stored_hash, password)
        except argon2.exceptions.VerifyMismatchError:
            computed.append(argon2.extract_parameters(str(stored_hash)))  # only a whole computation ends like this
            raise

    good = await hasher.hash("right password")
    monkeypatch.setattr(argon2.PasswordHasher, "verify", counting)
    assert not await hasher.verify(stored, "any password")
    assert not await hasher.verify(good, "wrong password")
    assert len(computed) == 2
    assert computed[0] == computed[1]


async def test_hashes_of_other_parameters_are_renewed(hasher: Argon2Hasher) -> None:
    older = argon2.PasswordHasher(time_cost=2, memory_cost=32, parallelism=1).hash("correct horse")
    assert hasher.needs_rehash(older)
    assert await hasher.verify(older, "correct horse")
    assert not hasher.needs_rehash(await hasher.hash("correct horse"))
    assert hasher.needs_rehash("")


async def test_an_md5_hash_of_another_server_is_wrapped(hasher: Argon2Hasher) -> None:
    stored = await hasher.adopt(hashlib.md5("Sésame".encode()).hexdigest().upper() + "\n")
    assert stored.startswith("$imported$md5$argon2id$")
    assert await hasher.verify(stored, "Sésame")
    assert not await hasher.verify(stored, "sésame")
    assert hasher.needs_rehash(stored)


@pytest.mark.parametrize("foreign", ["", "plain", "0" * 31, "$2b$12$short", "$1$salt$hash", "$argon2id$v=19$"])
async def test_hashes_of_no_known_kind(hasher: Argon2Hasher, foreign: str) -> None:
    with pytest.raises(InvalidInput):
        await hasher.adopt(foreign)


def of_bcrypt(password: str, version: str = "2b") -> str:
    return bcrypt.hashpw(password.encode()[:72], f"${version}$04$abcdefghijklmnopqrstuu".encode()).decode()


@pytest.mark.parametrize("version", ["2a", "2b", "2y"])
async def test_a_bcrypt_hash_of_another_server_is_wrapped(hasher: Argon2Hasher, version: str) -> None:
    foreign = of_bcrypt("Sésame", version)
    stored = await hasher.adopt(f" {foreign}\n")
    assert stored.startswith(f"$imported$bcrypt${version}$04$abcdefghijklmnopqrstuu$argon2id$")
    assert foreign[29:] not in stored
    assert await hasher.verify(stored, "Sésame")
    assert not await hasher.verify(stored, "sésame")
    assert not await hasher.verify(stored, foreign)
    assert hasher.needs_rehash(stored)


async def test_bcrypt_as_others_compute_it(hasher: Argon2Hasher) -> None:
    """Published test vectors of crypt_blowfish."""
    for foreign, password in (
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
        ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"),
        ("$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"),
    ):
        assert await hasher.verify(await hasher.adopt(foreign), password)


async def test_of_a_long_password_bcrypt_counts_72_bytes(hasher: Argon2Hasher) -> None:
    long = "é" * 35 + "long password"  # 83 bytes
    stored = await hasher.adopt(of_bcrypt(long))
    assert await hasher.verify(stored, long)
    assert await hasher.verify(stored, long + "more than counts")
    assert not await hasher.verify(stored, long[:36])


async def test_spare_bits_of_a_bcrypt_hash_mean_nothing(hasher: Argon2Hasher) -> None:
    foreign = of_bcrypt("sesame")
    spare = foreign[:28] + "x" + foreign[29:-1] + chr(ord(foreign[-1]) + 1)
    assert await hasher.verify(await hasher.adopt(spare), "sesame")


@pytest.mark.parametrize("start", ["$2$04", "$2x$04", "$2b$03", "$2b$16", "$2b$99"])
async def test_bcrypt_hashes_that_cannot_be_checked(hasher: Argon2Hasher, start: str) -> None:
    with pytest.raises(InvalidInput, match="bcrypt hash"):
        await hasher.adopt(of_bcrypt("sesame").replace("$2b$04", start))


async def test_a_malformed_hash_in_the_database_is_a_wrong_password(hasher: Argon2Hasher) -> None:
    whole = await hasher.adopt(of_bcrypt("sesame"))
    for stored in (
        of_bcrypt("sesame"),  # not wrapped
        whole.replace("$04$", "$03$"),
        whole.replace("uu$argon2id", "ux$argon2id"),
        whole[:40],
        whole[:-1],
        "$imported$bcrypt$2b$04$short" + whole[whole.index("$argon2id") :],
    ):
        assert not await hasher.verify(stored, "sesame")
        assert hasher.needs_rehash(stored)


async def test_few_run_at_once_many_wait_and_too_many_are_refused(hasher: Argon2Hasher) -> None:
    running = peak = 0
    lock, gate = threading.Lock(), threading.Event()

    def slow() -> bool:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        gate.wait(10)
        with lock:
            running -= 1
        return True

    waiting = [asyncio.create_task(hasher._run(slow)) for _ in range(12)]
    await asyncio.sleep(0)
    assert hasher.pending == 12
    with pytest.raises(Unavailable) as refused:
        await hasher.hash("one more")
    assert refused.value.retry_after
    gate.set()
    assert await asyncio.gather(*waiting) == [True] * 12
    assert peak == 2
    assert hasher.pending == 0


async def test_who_gives_up_leaves_the_line(hasher: Argon2Hasher) -> None:
    gate = threading.Event()
    busy = [asyncio.create_task(hasher._run(lambda: gate.wait(10))) for _ in range(2)]
    waiting = [asyncio.create_task(hasher.hash("x")) for _ in range(5)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert hasher.pending == 2
    gate.set()
    await asyncio.gather(*busy)


async def test_a_closed_hasher_refuses() -> None:
    made = Argon2Hasher(memory_kib=64, time_cost=1)
    made.close()
    with pytest.raises(Unavailable):
        await made.hash("correct horse")
    assert made.pending == 0


async def test_a_hundred_at_once_do_not_hold_up_the_loop() -> None:
    made = Argon2Hasher(memory_kib=8192, time_cost=1, parallel=2, queue=200)
    stored = await made.hash("correct horse")
    lags: list[float] = []

    async def ticker() -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.005)
            lags.append(time.perf_counter() - start - 0.005)

    ticking = asyncio.create_task(ticker())
    assert all(await asyncio.gather(*(made.verify(stored, "correct horse") for _ in range(100))))
    ticking.cancel()
    made.close()
    # On the loop itself the whole batch would be one long pause.
    assert len(lags) >= 10
    assert sorted(lags)[len(lags) // 2] < 0.1


# --- access tokens ---

SECRET = "s" * 43
ACCOUNT, SESSION = AccountId("account-1"), SessionId("session-1")


def sign(signer: JwtSigner | None = None, lifetime: timedelta = QUARTER) -> str:
    return (signer or JwtSigner([SECRET])).sign(ACCOUNT, SESSION, "Alric", NOW, lifetime)


def test_a_token_says_who_and_until_when() -> None:
    claims = JwtSigner([SECRET]).read(sign(), NOW + QUARTER - timedelta(seconds=1))
    assert (claims.account_id, claims.session_id) == (ACCOUNT, SESSION)
    assert (claims.issued_at, claims.expires_at) == (NOW, NOW + QUARTER)


def test_the_claims_are_the_documented_ones() -> None:
    token = sign()
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert header["alg"] == "HS256"
    assert len(header["kid"]) == 16
    assert set(claims) == {"iss", "aud", "sub", "sid", "user", "iat", "exp", "jti"}
    assert (claims["iss"], claims["aud"], claims["user"]) == ("mythgate", "mythgate:play", "Alric")
    assert claims["exp"] - claims["iat"] == 900
    assert jwt.decode(sign(), options={"verify_signature": False})["jti"] != claims["jti"]


def test_an_expired_token_is_told_apart() -> None:
    with pytest.raises(TokenExpired):
        JwtSigner([SECRET]).read(sign(), NOW + QUARTER)


def test_a_former_secret_is_still_read_and_a_foreign_one_is_not() -> None:
    old = sign(JwtSigner(["old" * 14]))
    rotated = JwtSigner.from_secret(f"{SECRET}\n{'old' * 14}\n")
    assert rotated.read(old, NOW).session_id == SESSION
    assert rotated.read(sign(rotated), NOW).session_id == SESSION
    assert jwt.get_unverified_header(sign(rotated)) == jwt.get_unverified_header(sign())
    with pytest.raises(InvalidToken):
        JwtSigner([SECRET]).read(old, NOW)
    with pytest.raises(ValueError, match="at least one"):
        JwtSigner.from_secret(" \n ")


def part(value: Any) -> str:
    return (
        base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).decode().rstrip("=")
    )


def forged(*, header: dict[str, Any] | None = None, drop: str = "", key: bytes | None = None, **claims: Any) -> str:
    """A token made by hand, by default with the right key: only what is changed is wrong."""
    signer = JwtSigner([SECRET])
    genuine = jwt.decode(sign(signer), options={"verify_signature": False}) | claims
    genuine.pop(drop, None)
    head = {"alg": "HS256", "typ": "JWT", "kid": signer._kid} | (header or {})
    text = f"{part({name: value for name, value in head.items() if value is not None})}.{part(genuine)}"
    return f"{text}.{part(hmac.digest(key or signer._key, text.encode(), hashlib.sha256))}"


def test_the_forger_works() -> None:
    assert JwtSigner([SECRET]).read(forged(), NOW).account_id == ACCOUNT


GENUINE = sign()
HEAD, BODY, SIGNATURE = GENUINE.split(".")
REFUSED = {
    "empty": "",
    "no token": "hello",
    "three dots": "...",
    "two parts": f"{HEAD}.{BODY}",
    "no signature": f"{HEAD}.{BODY}.",
    "changed signature": f"{HEAD}.{BODY}.{SIGNATURE[:-5]}{'AAAAA' if SIGNATURE[-5:] != 'AAAAA' else 'BBBBB'}",
    "changed body": f"{HEAD}.{part({'sub': 'somebody else'})}.{SIGNATURE}",
    "not base64": "☃.☃.☃",
    "far too long": "a" * 100_000,
    "deep header": f"{part(b'[' * 2000)}.{BODY}.{SIGNATURE}",
    "alg none": f"{part({'alg': 'none', 'kid': jwt.get_unverified_header(GENUINE)['kid']})}.{BODY}.",
    "alg none, signed": forged(header={"alg": "none"}),
    "alg HS512": forged(header={"alg": "HS512"}),
    "alg RS256": forged(header={"alg": "RS256"}),
    "no alg": forged(header={"alg": None}),
    "wrong key": forged(key=b"k" * 32),
    "the secret itself as key": forged(key=SECRET.encode()),
    "wrong kid": forged(header={"kid": "0" * 16}),
    "no kid": forged(header={"kid": None}),
    "kid is a number": forged(header={"kid": 7}),
    "kid is a list": forged(header={"kid": ["a"]}),
    "wrong audience": forged(aud="fastapi-users:auth"),
    "wrong issuer": forged(iss="somebody"),
    "sub is a number": forged(sub=7),
    "sid is a number": forged(sid=7),
    "exp is text": forged(exp="later"),
    "exp is huge": forged(exp=10**30),
    "exp is null": forged(exp=None),
    "iat is text": forged(iat="now"),
    **{f"without {claim}": forged(drop=claim) for claim in ("iss", "aud", "sub", "sid", "iat", "exp", "jti")},
}


@pytest.mark.parametrize("token", REFUSED.values(), ids=REFUSED.keys())
def test_bad_tokens_are_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        JwtSigner([SECRET]).read(token, NOW)


def test_any_changed_character_is_noticed() -> None:
    signer = JwtSigner([SECRET])
    for position, character in enumerate(GENUINE[:-1]):  # the last one has two bits nobody reads
        if character != ".":
            changed = "A" if character != "A" else "B"
            with pytest.raises(InvalidToken):
                signer.read(GENUINE[:position] + changed + GENUINE[position + 1 :], NOW)


# --- the secret ---


def test_the_secret_is_made_once_and_only_for_the_owner(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    secret = load_or_make_secret(folder)
    assert load_or_make_secret(folder) == secret
    assert len(secret) == 43
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [file.name for file in folder.iterdir()] == [KEY_FILE]
    assert load_or_make_secret(tmp_path / "other") != secret


def test_all_who_start_together_use_the_same_secret(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def one() -> str:
        start.wait(10)
        return load_or_make_secret(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        assert len({future.result() for future in [pool.submit(one) for _ in range(8)]}) == 1
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]


def test_an_unusable_secret_is_named(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("short\n" + secrets.token_urlsafe(32))
    with pytest.raises(ValueError, match=r"secret\.key holds no secret"):
        load_or_make_secret(tmp_path)
