"""The coat around frames against the vectors; and what happens without the library."""

from __future__ import annotations

import base64
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from tests.wire.shards.vectors import VECTORS

from mythgate.domain.errors import ProtocolError
from mythgate.wire.shards import encryption
from mythgate.wire.shards.encryption import (
    ITERATIONS,
    STRONG_ITERATIONS,
    EncryptionMissing,
    FrameCipher,
    derive_key,
)

COATS = VECTORS["encryption"]


@pytest.mark.parametrize("case", COATS["passwords"], ids=lambda case: case["password"])
def test_keys_of_phrases(case: dict[str, str]) -> None:
    assert derive_key(case["password"]).decode() == case["fernet_key"]


def test_keys_of_more_rounds_are_others_and_both_can_be_read() -> None:
    """What PBKDF2-HMAC-SHA256 makes of the phrase, told by another library."""
    raw = PBKDF2HMAC(SHA256(), 32, b"shards_of_eternity_salt", STRONG_ITERATIONS).derive(b"your-secret-key")
    assert derive_key("your-secret-key", STRONG_ITERATIONS) == base64.urlsafe_b64encode(raw)
    assert STRONG_ITERATIONS >= 600_000
    old, new = FrameCipher.of_phrase("your-secret-key"), FrameCipher.of_phrase("your-secret-key", STRONG_ITERATIONS)
    both = FrameCipher.of_phrase("your-secret-key", STRONG_ITERATIONS, ITERATIONS)
    assert both.decrypt(old.encrypt("old")) == "old"
    assert both.decrypt(new.encrypt("new")) == "new"
    assert new.decrypt(both.encrypt("from both")) == "from both"
    for one, another in ((old, new), (new, old), (old, both)):
        with pytest.raises(ProtocolError):
            one.decrypt(another.encrypt("no"))


@pytest.mark.parametrize("case", COATS["frames"], ids=lambda case: f"{case['password']}-{case['plaintext'][:12]}")
def test_frames_open(case: dict[str, Any]) -> None:
    cipher = FrameCipher.of_phrase(case["password"])

    assert cipher.decrypt(case["frame"]) == case["plaintext"]
    assert cipher.decrypt(case["frame"].encode()) == case["plaintext"]
    made = cipher._fernet._encrypt_from_parts(
        case["plaintext"].encode(), case["fernet_time"], bytes.fromhex(case["iv_hex"])
    )
    assert base64.b64encode(made).decode() == case["frame"]
    assert cipher.decrypt(cipher.encrypt(case["plaintext"])) == case["plaintext"]


@pytest.mark.parametrize("case", COATS["negative"], ids=lambda case: case["name"])
def test_frames_that_do_not_open(case: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        FrameCipher.of_phrase(case["password"]).decrypt(case["frame"])


def test_what_is_not_of_the_alphabet_is_skipped() -> None:
    cipher = FrameCipher.of_phrase("your-secret-key")
    frame = cipher.encrypt("plain text")
    assert cipher.decrypt("\n".join((frame[:10], frame[10:]))) == "plain text"


@pytest.mark.parametrize("frame", ["", "é", "\ud800", b"\xff\xfe", "QQ="])
def test_rubbish(frame: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        FrameCipher.of_phrase("your-secret-key").decrypt(frame)


@pytest.mark.parametrize("case", COATS["explicit_key_argument"], ids=lambda case: case["argument"])
def test_keys_given_as_such(case: dict[str, str]) -> None:
    if case["result"] == "accepted":
        assert FrameCipher(case["argument"]).decrypt(COATS["frames"][1]["frame"]) == COATS["frames"][1]["plaintext"]
    else:
        with pytest.raises(ValueError):
            FrameCipher(case["argument"])


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(EncryptionMissing, match="encryption"):
        FrameCipher.of_phrase("your-secret-key")
    assert "pip install" in encryption.MISSING
