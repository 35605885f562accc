"""What a browser's push service takes: a message that only the browser can read (RFC 8291, `aes128gcm` of RFC 8188),
and a word of who sends it (VAPID, RFC 8292).

Needs the library of the extra `encryption`; `is_possible` tells whether it is there.
"""

from __future__ import annotations

import base64
import importlib.util
import os
import struct
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

LONGEST: Final = 3000  # bytes of a message; services take at least 4096 with what encryption adds
_RECORD_SIZE: Final = 4096
_TOKEN_LIFETIME: Final = timedelta(hours=12)  # RFC 8292 allows 24 at most


class BadKeys(ValueError):
    """The keys that a browser gave are none."""


def is_possible() -> bool:
    """Whether the library it takes is there."""
    return importlib.util.find_spec("cryptography") is not None


def new_key() -> str:
    """A private key of a server, as text to keep."""
    from cryptography.hazmat.primitives.asymmetric import ec

    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return encode(number.to_bytes(32, "big"))


def public_key(key: str) -> str:
    """What browsers must know of a server's key."""
    return encode(_point(_private(key).public_key()))


def encrypt(message: bytes, p256dh: str, auth: str, *, key: str | None = None, salt: bytes | None = None) -> bytes:
    """The body of a request that carries `message` to the browser with these two keys.

    `key` and `salt` are for tests against the vector of RFC 8291; each message takes new ones.
    Raises BadKeys.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    try:
        browser = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(p256dh))
        secret = decode(auth)
    except ValueError as error:
        raise BadKeys("These are no keys of a browser.") from error
    if len(secret) != 16:
        msg = "The secret of a browser has 16 bytes."
        raise BadKeys(msg)
    salt = os.urandom(16) if salt is None else salt
    ours = _private(new_key() if key is None else key)
    own_point = _point(ours.public_key())

    def derive(length: int, salt: bytes, info: bytes, material: bytes) -> bytes:
        return HKDF(hashes.SHA256(), length, salt, info).derive(material)

    shared = ours.exchange(ec.ECDH(), browser)
    material = derive(32, secret, b"WebPush: info\0" + _point(browser) + own_point, shared)
    content_key = derive(16, salt, b"Content-Encoding: aes128gcm\0", material)
    nonce = derive(12, salt, b"Content-Encoding: nonce\0", material)
    sealed = AESGCM(content_key).encrypt(nonce, message + b"\x02", None)  # 2: the last record
    return salt + struct.pack(">IB", _RECORD_SIZE, len(own_point)) + own_point + sealed


def authorization(endpoint: str, key: str, subject: str, now: datetime) -> str:
    """The header that says who sends; `subject` is how the operator is reached, `mailto:` or `https:`."""
    import jwt
    from cryptography.hazmat.primitives import serialization

    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((now + _TOKEN_LIFETIME).timestamp()),
        "sub": subject,
    }
    pem = _private(key).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return f"vapid t={jwt.encode(claims, pem, algorithm='ES256')}, k={public_key(key)}"


def encode(data: bytes) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """The reverse of `encode`. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _private(key: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.derive_private_key(int.from_bytes(decode(key), "big"), ec.SECP256R1())


def _point(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    point: bytes = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return point
