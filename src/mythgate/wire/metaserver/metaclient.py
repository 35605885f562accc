"""The HTTPS side of Aleph One's log-in: a form goes to the site, and the key in the answer is the password.

    POST /metaclient/login   password, salt, username   answer: the key, up to 16 bytes without NUL
    POST /metaclient/signup  email, password, username  answer: OK, or what to tell the player

The client percent-encodes every byte but letters, digits and `-._~`. It takes any answer for a key, whatever
its status code; a refusal is an answer that cannot match, such as an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver.packets import SALT_BYTES

LOGIN_PATH: Final = "/metaclient/login"
SIGNUP_PATH: Final = "/metaclient/signup"
SETTINGS_PATH: Final = "/metaclient/settings"
MAX_FORM_BYTES: Final = 4096

_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPED: Final = re.compile(rb"%([0-9A-Fa-f]{2})")


def parse_form(body: bytes) -> dict[str, bytes]:
    """The values of a form, as bytes: which characters they are, only the account knows.

    Raises:
        ProtocolError: it is too long or no form.

    """
    if len(body) > MAX_FORM_BYTES:
        raise ProtocolError(f"A form has at most {MAX_FORM_BYTES} bytes.", code="bad_form")
    values: dict[str, bytes] = {}
    for pair in body.split(b"&") if body else ():
        name, equals, value = pair.partition(b"=")
        if not equals:
            raise ProtocolError("A field of the form has no value.", code="bad_form")
        values[_unquote(name).decode("latin-1")] = _unquote(value)
    return values


def write_form(values: Mapping[str, bytes]) -> bytes:
    """The form as Aleph One sends it: sorted by name."""
    return b"&".join(_quote(name.encode("latin-1")) + b"=" + _quote(value) for name, value in sorted(values.items()))


def salt_of(text: bytes) -> bytes:
    """The 16 bytes of the challenge to which the salt of a form belongs: it was read as a string."""
    return text[:SALT_BYTES].ljust(SALT_BYTES, b"\0")


def key_of(answer: bytes) -> bytes:
    """The 16 bytes a client sends back for the answer of the site."""
    return answer[:SALT_BYTES].partition(b"\0")[0].ljust(SALT_BYTES, b"\0")


@dataclass(frozen=True, slots=True)
class FormRequest:
    """An HTTP request that brings a form."""

    method: str
    path: str
    body: bytes


def parse_request(raw: bytes) -> FormRequest:
    """A whole captured request. A server leaves that to its HTTP library; this is for tools. Raises ProtocolError."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    match lines[0].split(" "):
        case [method, path, version] if blank and version.startswith("HTTP/1."):
            pass
        case _:
            raise ProtocolError("This is no HTTP request.", code="bad_request")
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length" and value.strip() != str(len(body)):
            raise ProtocolError(f"The body has {len(body)} bytes, not{value}.", code="bad_request")
    return FormRequest(method, path, body)


def write_request(request: FormRequest, host: str) -> bytes:
    """The request as Aleph One writes it."""
    head = (
        f"{request.method} {request.path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n"
        f"Content-Length: {len(request.body)}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    return head.encode("latin-1") + request.body


def _unquote(value: bytes) -> bytes:
    return _ESCAPED.sub(lambda escape: bytes((int(escape[1], 16),)), value.replace(b"+", b" "))


def _quote(value: bytes) -> bytes:
    return b"".join(bytes((byte,)) if byte in _PLAIN else b"%%%02X" % byte for byte in value)
