"""The coat some clients put around their frames: Fernet, then base64 once more.

It hides nothing from who runs the server, and is no substitute for TLS: one phrase for all, and a salt
everybody knows. The cipher comes with the extra `encryption`; what it needs besides is in the standard library.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from functools import lru_cache
from typing import Any, Final

from mythgate.domain.errors import ProtocolError

SALT: Final = b"shards_of_eternity_salt"
ITERATIONS: Final = 100_000  # of all who know no other number
STRONG_ITERATIONS: Final = 600_000  # between peers of this project, who tell each other
KEY_BYTES: Final = 32
MISSING: Final = "Encryption needs one more library, of the extra `encryption`: pip install cryptography"


class EncryptionMissing(ImportError):
    """The library that encrypts is not installed; the message says how to get it."""


@lru_cache(maxsize=16)
def derive_key(phrase: str, iterations: int = ITERATIONS) -> bytes:
    """The Fernet key that a pass phrase stands for. Takes a fraction of a second the first time."""
    raw = hashlib.pbkdf2_hmac("sha256", phrase.encode(), SALT, iterations, KEY_BYTES)
    return base64.urlsafe_b64encode(raw)


class FrameCipher:
    """Encrypts frames with one key, and decrypts those of that key and of some others."""

    def __init__(self, key: bytes | str, *others: bytes | str) -> None:
        """`key` is a Fernet key: 32 bytes in URL-safe base64; see `derive_key` for phrases. So are `others`.

        Raises:
            ValueError: one is not.
            EncryptionMissing: the library is not installed.

        """
        fernet = _library()
        self._fernet = fernet.Fernet(key)
        self._reader = fernet.MultiFernet([self._fernet, *map(fernet.Fernet, others)])
        self._refusal: type[Exception] = fernet.InvalidToken

    @classmethod
    def of_phrase(cls, phrase: str, iterations: int = ITERATIONS, *others: int) -> FrameCipher:
        """The cipher for all who know the phrase, and make keys of it in so many rounds. Raises EncryptionMissing."""
        return cls(*(derive_key(phrase, rounds) for rounds in (iterations, *others)))

    def encrypt(self, text: str) -> str:
        """The frame for a message."""
        token: bytes = self._fernet.encrypt(text.encode())
        return base64.b64encode(token).decode("ascii")

    def decrypt(self, frame: str | bytes) -> str:
        """The message in a frame, however old. Raises ProtocolError."""
        try:
            raw = frame.encode() if isinstance(frame, str) else frame
            # What is not of the alphabet is skipped, as the original does.
            return str(self._reader.decrypt(base64.b64decode(raw)), "utf-8")
        except (binascii.Error, UnicodeError, self._refusal):
            raise ProtocolError("The frame cannot be decrypted.") from None


def _library() -> Any:
    try:
        from cryptography import fernet
    except ImportError as error:
        raise EncryptionMissing(MISSING) from error
    return fernet
