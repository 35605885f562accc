"""Ask the server that runs on a data folder, as its operator.

Whoever may read the secret key of a server may do everything with its data anyway. With the key a command signs an
access token for the operator, which is good for a minute, and shows it to the server that left its address in the
folder; to nobody else.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from mythgate.cli.addressfile import ADDRESS_FILE, told_in
from mythgate.cli.output import fail
from mythgate.domain.sessions import OPERATOR

if TYPE_CHECKING:
    from mythgate.config import Settings

LIFETIME: Final = timedelta(minutes=1)
_ANSWER_SECONDS: Final = 10.0


def address_of(settings: Settings) -> str:
    """Where the server of these settings said it is; empty if it said nothing."""
    return told_in(settings.data_dir / ADDRESS_FILE)


def operator_token(settings: Settings) -> str:
    """A token that the server of these settings takes for its operator's; empty if there is no key yet."""
    from mythgate.backends.system import KEY_FILE, JwtSigner

    secret = settings.secret_key.get_secret_value()
    if not secret:
        try:
            secret = (settings.data_dir / KEY_FILE).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""
    if not secret:
        return ""
    signer = JwtSigner.from_secret(secret)
    return signer.sign(OPERATOR.account_id, OPERATOR.session_id, OPERATOR.name, datetime.now(UTC), LIFETIME)


def ask(
    settings: Settings,
    path: str,
    query: Mapping[str, object] | None = None,
    *,
    method: str = "GET",
    body: object = None,
) -> Any:
    """What the running server answers the operator, from JSON; None if no server runs on the data folder.

    What it refuses ends the program with its words.
    """
    import orjson

    address, token = address_of(settings), operator_token(settings)
    if not (address and token):
        return None
    given = {key: str(value) for key, value in (query or {}).items() if value not in (None, "")}
    url = f"{address.rstrip('/')}{path}" + (f"?{urllib.parse.urlencode(given)}" if given else "")
    request = urllib.request.Request(  # noqa: S310 (the address is http or https)
        url, method=method, headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    )
    if body is not None:
        request.data = orjson.dumps(body)
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 (as above)
            return orjson.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        told = _refusal(error.read())
        if told is None or error.code == 401:  # a proxy in between, or a server with another key
            return None
        fail(*told)
    except (OSError, ValueError, http.client.HTTPException):
        return None


def _refusal(answer: bytes) -> tuple[str, str] | None:
    """Message and hint of a refusal of Mythgate's; None if it is none."""
    import orjson

    try:
        error = orjson.loads(answer)["error"]
        return str(error["message"]), str(error["hint"])
    except (ValueError, LookupError, TypeError):
        return None
