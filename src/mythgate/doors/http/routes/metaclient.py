"""The web side of Aleph One's log-in: it fetches a key over HTTPS instead of sending its password in its own protocol.

    POST /metaclient/login     password, salt, username   the first 16 bytes of the answer are the key, whatever the
                                                          status; ours is empty if anything is wrong
    POST /metaclient/login     the same with no salt      16 bytes whose upper-case hex opens the settings
    POST /metaclient/signup    email, password, username  `OK`, else words for the player
    GET  /metaclient/settings  token                      opened in a browser

Forms are `application/x-www-form-urlencoded` with `%20` for a space. Text is UTF-8, or MacRoman where it is not.
The client looks at bodies only, so what was understood is answered with 200.
"""

from __future__ import annotations

import html
import logging
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mythgate.domain.errors import Refused
from mythgate.doors.http.deps import DOOR, OriginDep, ServicesDep
from mythgate.doors.http.routing import new_router

log = logging.getLogger(__name__)

router = new_router(in_schema=False)

KEY_HEX: Final = 32
MOST_FIELDS: Final = 16
MOST_BYTES: Final = 8192
SIGNED_UP: Final = "OK"
_FRESH: Final = {"Cache-Control": "no-store"}
_USED_UP: Final = "This link was used already, or is older than a minute. Open the settings in the game once more."


async def _form(request: Request) -> Mapping[str, str]:
    """The fields of the form; what cannot be a form has none. The first of two fields of one name counts."""
    body = await request.body()
    fields: dict[str, str] = {}
    if len(body) > MOST_BYTES:
        return fields
    for part in body.split(b"&", MOST_FIELDS)[:MOST_FIELDS]:
        name, _, value = part.partition(b"=")
        fields.setdefault(_text(name), _text(value))
    return fields


def _text(encoded: bytes) -> str:
    raw = unquote_to_bytes(encoded.replace(b"+", b" "))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("mac_roman")


FormDep = Annotated[Mapping[str, str], Depends(_form)]


@router.post("/metaclient/login")
async def login(form: FormDep, services: ServicesDep, origin: OriginDep) -> Response:
    """A key for packet 109, good for a minute and once; nothing if anything is wrong, and nobody learns what."""
    name, password = form.get("username", ""), form.get("password", "")
    key = b""
    if name and password:
        key = await services.accounts.issue_login_key(name, password, form.get("salt", ""), address=origin.address)
    return Response(key, media_type="application/octet-stream", headers=_FRESH)


@router.post("/metaclient/signup")
async def sign_up(form: FormDep, services: ServicesDep, origin: OriginDep) -> Response:
    """A new account, or why there is none."""
    try:
        signed_in = await services.accounts.register(
            form.get("username", ""),
            form.get("password", ""),
            email=form.get("email") or None,
            door=DOOR,
            address=origin.address,
            client="Aleph One",
        )
    except Refused as refused:
        log.info("sign-up refused", extra={"code": refused.code})
        return _words(f"{refused.message} {refused.hint}".strip())
    await services.accounts.logout(signed_in.caller)  # the client signs in by itself
    return _words(SIGNED_UP)


def _words(text: str) -> Response:
    return Response(text, media_type="text/plain; charset=utf-8", headers=_FRESH)


@router.get("/metaclient/settings")
async def settings(
    services: ServicesDep, origin: OriginDep, token: Annotated[str, Query(max_length=KEY_HEX)] = ""
) -> Response:
    """The settings of whom the token was issued to: the lobby page, signed in by what stands behind the #."""
    try:
        key = bytes.fromhex(token) if len(token) == KEY_HEX else b""
    except ValueError:
        key = b""
    account = services.accounts.redeem_settings_key(key)
    if account is None:
        return HTMLResponse(_page(_USED_UP), 403, headers=_FRESH)
    signed_in = await services.sessions.open(account, DOOR, origin.address, origin.client)
    # Browsers keep the fragment to themselves: it reaches no log, and the page removes it at once.
    return RedirectResponse(f"../lobby#settings={signed_in.token}", 303, headers=_FRESH)


def _page(words: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Settings · Mythgate</title>'
        '<link rel="icon" href="../favicon.svg"><meta name="viewport" content="width=device-width">'
        "</head><body><main><h1>Settings</h1>"
        f'<p>{html.escape(words)}</p><p><a href="../lobby">To the lobby</a></p></main></body></html>'
    )
