"""What carries notices and the lines of bridges out of the server: webhooks, mail, browsers' push services.

People name the addresses, and the server goes there: so it goes to the open Internet only, never to this machine or a
network behind a wall, unless the operator lists the host. A name is looked up once, every address it has is checked,
and that very address is connected to. No redirect is followed. All of it happens in threads with time-outs.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import smtplib
import socket
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from mythgate.backends import webpush
from mythgate.domain.bridges import is_discord
from mythgate.domain.errors import InvalidInput
from mythgate.domain.notices import Contact, Notice, Outcome, Way, is_public
from mythgate.services.ports import Clock

log = logging.getLogger(__name__)

THREADS: Final = 8
DISCORD_LENGTH: Final = 2000  # characters of one message there
_NAME_LENGTH: Final = 80  # of who says something there
_ANSWER_BYTES: Final = 65_536
_PUSH_SECONDS: Final = 12 * 3600  # how long a push service keeps a notice for a browser that is off


@dataclass(frozen=True, slots=True)
class PostOptions:
    """What the operator sets."""

    url: str  # of this server, as people reach it
    hosts: Collection[str] = ()  # that may be gone to, wherever they are
    webhooks: bool = True
    timeout: float = 10.0  # seconds
    smtp_host: str = ""  # empty: no mail
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_security: str = "starttls"  # or "tls", "none"
    mail_from: str = ""
    operator: str = ""  # how push services reach the operator: `mailto:` or `https:`


class Refusal(Exception):
    """Nothing may be sent to an address."""


class Postmen:
    """`services.notices.Postman` and `services.bridges.Relay`."""

    def __init__(self, options: PostOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mythgate-post")
        self._push_key = ""
        self.push_key = ""

    def use_push_key(self, key: str) -> None:
        """Go by browsers' push services, too, with a key as `webpush.new_key` makes it."""
        self._push_key, self.push_key = key, webpush.public_key(key)

    @property
    def ways(self) -> Collection[Way]:
        """Those this server is set up for."""
        options = self._options
        is_on = {Way.PUSH: self._push_key, Way.WEBHOOK: options.webhooks, Way.MAIL: options.smtp_host}
        return frozenset(way for way, on in is_on.items() if on)

    def close(self) -> None:
        """Let threads end when they have done what they do."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def require(self, where: Contact | str) -> None:
        """Raise InvalidInput if nothing may be sent there: not encrypted on the way, or keys that are none."""
        if isinstance(where, Contact) and where.way is Way.MAIL:
            return
        url = where if isinstance(where, str) else where.address
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in self._options.hosts:
            raise InvalidInput("Only encrypted addresses are sent to.", field="address", hint="It begins with https://")
        if isinstance(where, Contact) and where.way is Way.PUSH:
            try:
                webpush.encrypt(b"", where.keys.get("p256dh", ""), where.keys.get("auth", ""))
            except webpush.BadKeys as error:
                raise InvalidInput(str(error), field="keys") from None

    async def deliver(self, contact: Contact, notice: Notice) -> Outcome:
        """Carry one notice; what goes wrong is an outcome."""
        match contact.way:
            case Way.MAIL:
                return await self._in_thread(partial(self._mail, contact.address, notice))
            case Way.PUSH:
                return await self._in_thread(partial(self._push, contact, notice))
            case Way.WEBHOOK:
                body = {"content": self._told(notice)} if is_discord(contact.address) else self._described(notice)
                return await self._in_thread(partial(self._post_json, contact.address, body))

    async def relay(self, url: str, lines: Sequence[tuple[str, str]]) -> Outcome:
        """Carry some lines of a bridge; what goes wrong is an outcome."""
        for body in relayed(url, lines):
            outcome = await self._in_thread(partial(self._post_json, url, body))
            if outcome is not Outcome.DELIVERED:
                return outcome
        return Outcome.DELIVERED

    async def _in_thread(self, work: Callable[[], Outcome]) -> Outcome:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except (OSError, http.client.HTTPException, smtplib.SMTPException) as error:
            log.info("nothing delivered", extra={"kind": type(error).__name__})
            refused = isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPSenderRefused)
            return Outcome.FAILED if refused else Outcome.LATER
        except Refusal:
            return Outcome.FAILED

    # --- the web ---------------------------------------------------------------------------------------

    def _told(self, notice: Notice) -> str:
        return f"{notice.text} {self._options.url}{notice.path}" if notice.path else notice.text

    def _described(self, notice: Notice) -> dict[str, Any]:
        url = f"{self._options.url}{notice.path}" if notice.path else self._options.url
        return {"title": notice.title, "text": notice.text, "url": url}

    def _push(self, contact: Contact, notice: Notice) -> Outcome:
        message = json.dumps(self._described(notice)).encode()[: webpush.LONGEST]
        body = webpush.encrypt(message, contact.keys["p256dh"], contact.keys["auth"])
        options = self._options
        subject = options.operator or options.url
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(_PUSH_SECONDS),
            "Authorization": webpush.authorization(contact.address, self._push_key, subject, self._clock.now()),
        }
        return outcome_of(self._post(contact.address, body, headers))

    def _post_json(self, url: str, body: Mapping[str, Any]) -> Outcome:
        return outcome_of(self._post(url, json.dumps(body).encode(), {"Content-Type": "application/json"}))

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer. Raises OSError, HTTPException, Refusal."""
        parts = urlsplit(url)
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        if not is_tls and host not in self._options.hosts:
            raise Refusal
        plain = socket.create_connection((self._address(host, port), port), self._options.timeout)
        connection = http.client.HTTPConnection(host, port, timeout=self._options.timeout)
        try:
            connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if is_tls else plain
            path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            sent = {"User-Agent": "Mythgate", **headers, "Host": parts.netloc, "Connection": "close"}
            connection.request("POST", path, body, sent)
            answer = connection.getresponse()
            answer.read(_ANSWER_BYTES)
            return answer.status
        finally:
            connection.close()
            plain.close()

    def _address(self, host: str, port: int) -> str:
        """One IP address of `host`. Raises Refusal if it has one that must not be gone to."""
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        if host not in self._options.hosts and not all(is_public(one) for one in found):
            log.warning("address of a closed network refused", extra={"host": host})
            raise Refusal
        return found[0]

    # --- mail ------------------------------------------------------------------------------------------

    def _mail(self, address: str, notice: Notice) -> Outcome:
        options = self._options
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = notice.title, options.mail_from, address
        where = f"{options.url}{notice.path}" if notice.path else options.url
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(
            f"{notice.text}\n\n{where}\n\nYou chose to be told. To be told less: {options.url}/notices\n"
        )
        open_ = smtplib.SMTP_SSL if options.smtp_security == "tls" else smtplib.SMTP
        with open_(options.smtp_host, options.smtp_port, timeout=options.timeout) as server:
            if options.smtp_security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if options.smtp_user:
                server.login(options.smtp_user, options.smtp_password)
            server.send_message(message)
        return Outcome.DELIVERED


def outcome_of(status: int) -> Outcome:
    """What the status of an answer means."""
    if 200 <= status < 300:
        return Outcome.DELIVERED
    if status in (404, 410):
        return Outcome.GONE
    return Outcome.LATER if status in (408, 425, 429) or status >= 500 else Outcome.FAILED


def relayed(url: str, lines: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """The bodies that carry some lines: of Discord's form, where nobody is called by a mention, or of ours."""
    if not is_discord(url):
        return [{"lines": [{"name": name, "text": text} for name, text in lines]}]
    if len(lines) == 1:
        name, text = lines[0]
        return [{"username": name[:_NAME_LENGTH], "content": text[:DISCORD_LENGTH], "allowed_mentions": {"parse": []}}]
    bodies: list[str] = []
    for name, text in lines:
        line = f"**{name}**: {text}"[:DISCORD_LENGTH]
        if bodies and len(bodies[-1]) + 1 + len(line) <= DISCORD_LENGTH:
            bodies[-1] += f"\n{line}"
        else:
            bodies.append(line)
    return [{"content": body, "allowed_mentions": {"parse": []}} for body in bodies]
