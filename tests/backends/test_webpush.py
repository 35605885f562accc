"""Messages to browsers' push services."""

from __future__ import annotations

from datetime import UTC, datetime

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mythgate.backends.webpush import BadKeys, authorization, decode, encode, encrypt, is_possible, new_key, public_key

# RFC 8291, section 5 and appendix A
MESSAGE = b"When I grow up, I want to be a watermelon"
SERVER_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SERVER_POINT = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
BROWSER_KEY = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_vector_of_the_standard() -> None:
    body = encrypt(MESSAGE, P256DH, AUTH, key=SERVER_KEY, salt=decode(SALT))
    assert encode(body) == BODY
    assert public_key(SERVER_KEY) == SERVER_POINT


def read(body: bytes) -> bytes:
    """As the browser with the keys of the standard does."""
    salt, length = body[:16], body[20]
    point, sealed = body[21 : 21 + length], body[21 + length :]
    ours = ec.derive_private_key(int.from_bytes(decode(BROWSER_KEY), "big"), ec.SECP256R1())
    shared = ours.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
    info = b"WebPush: info\0" + decode(P256DH) + point
    material = HKDF(hashes.SHA256(), 32, decode(AUTH), info).derive(shared)
    key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(material)
    nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(material)
    return AESGCM(key).decrypt(nonce, sealed, None)


def test_only_the_browser_reads_it_and_no_two_are_alike() -> None:
    one, other = (encrypt(b"hello", P256DH, AUTH) for _ in range(2))
    assert one != other
    assert read(one) == read(other) == b"hello\x02"


@pytest.mark.parametrize(
    ("p256dh", "auth"), [("", AUTH), ("AAAA", AUTH), (P256DH, ""), (P256DH, "AAAA"), ("ü", AUTH), (P256DH, "*")]
)
def test_keys_that_are_none(p256dh: str, auth: str) -> None:
    with pytest.raises(BadKeys):
        encrypt(b"", p256dh, auth)


def test_who_sends_is_proven() -> None:
    key, now = new_key(), datetime.now(UTC)
    header = authorization("https://push.example.org:8443/send/abc", key, "mailto:op@example.org", now)
    scheme, _, rest = header.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, parts["k"]) == ("vapid", public_key(key))
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(parts["k"]))
    claims = jwt.decode(parts["t"], point, algorithms=["ES256"], audience="https://push.example.org:8443")
    assert claims["sub"] == "mailto:op@example.org"
    assert 0 < claims["exp"] - now.timestamp() <= 24 * 3600


def test_the_library_is_there_in_the_tests() -> None:
    assert is_possible()
