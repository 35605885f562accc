"""The log-in port: who are you, what do you run, and where can you go.

What a client may say when stands in `wire.metaserver.machines`. A refusal comes where Aleph One understands it: in
place of the challenge (6) or of the acceptance (12). Nothing else is said to it before 12, and the rooms (0)
come after the success (7).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mythgate.domain.accounts import Account
from mythgate.domain.chat import remaining
from mythgate.domain.decisions import Check
from mythgate.domain.errors import (
    AccountDisabled,
    AuthenticationError,
    Banned,
    ProtocolError,
    Refused,
    TooMany,
    Unavailable,
)
from mythgate.domain.ids import SessionId
from mythgate.domain.lobbies import Looks, Visitor
from mythgate.domain.sessions import Caller
from mythgate.doors.metaserver.clients import MYTH_18_PLATFORM, Client, client_of
from mythgate.doors.metaserver.connection import Connection
from mythgate.doors.metaserver.entry import COMING, GOING_IN, GameVisit, refused
from mythgate.doors.metaserver.rendering import LAST_ORDER, NO_ORDER, player_entry
from mythgate.wire.metaserver.layout import Family as WireFamily
from mythgate.wire.metaserver.machines import STATUS_TEXTS, LoginEvent, Verdict, login_machine, login_reaction
from mythgate.wire.metaserver.packets import (
    SALT_BYTES,
    AuthenticationType,
    Login,
    PasswordChallenge,
    PasswordResponse,
    RemoteHubList,
    RemoteHubRequest,
    SendVersions,
    SetPlayerDataFromMetaserver,
    StatusCode,
    UserSuccessfulLogin,
    VersionControl,
    application_of,
    family_of,
)
from mythgate.wire.metaserver.packets import RoomList as RoomListPacket
from mythgate.wire.metaserver.records import PlayerData, Verb
from mythgate.wire.metaserver.text import plain_name

if TYPE_CHECKING:
    from mythgate.doors.metaserver.door import MetaserverDoor

GUEST_NAME: Final = "guest"
BUILD_THAT_KNOWS_GUEST_CODES: Final = 428
LOGIN, LOGOUT, PASSWORD, VERSION, HUBS = 100, 102, 109, 115, 122


class LoginConnection(Connection):
    """One connection to the log-in port."""

    def __init__(self, door: MetaserverDoor) -> None:
        super().__init__(door)
        self.machine = login_machine()
        self.client: Client
        self.visit: GameVisit
        self.user_name = ""
        self.data: PlayerData
        self.brings_looks = True  # else the ones on file are meant
        self.country = 0
        self.build = 0
        self.salt = b""
        self.scheme = AuthenticationType.PLAINTEXT
        self.account: Account | None = None
        self.visitor: Visitor
        self.session_id: SessionId
        self._passless: Account | None = None  # whose session is open, and no pass holds it yet

    # --- time --------------------------------------------------------------------------------------

    def on_connected(self, now: float) -> None:
        options = self.door.options
        self.deadline = now + options.first_packet_within
        self.key_offer_at = now + options.key_offer_after

    # --- what comes in -----------------------------------------------------------------------------

    def on_keys(self) -> None:
        self.machine.apply(LoginEvent.KEYS_EXCHANGED)

    def on_packet(self, packet_type: int, payload: bytes) -> None:
        reaction = login_reaction(self.machine.state, packet_type)
        if reaction.verdict is Verdict.TAKE:
            HANDLERS[packet_type](self, payload)
        elif reaction.code is not None:
            self.refuse(reaction.code)
        else:
            self.door.stats.ignored_packets += 1

    def on_logout(self, payload: bytes) -> None:
        """102."""
        del payload
        self.close("logged_out")

    def on_login(self, payload: bytes) -> None:
        """100."""
        application = application_of(payload)
        family = family_of(application, encrypted=self.cipher is not None)
        if family is None:
            self.refuse(StatusCode.UNKNOWN_GAME_TYPE)
            return
        if family is WireFamily.ALEPHONE and self.cipher is not None:
            raise ProtocolError("Aleph One exchanges no keys.", code="unexpected_key")
        self.family = family
        packet: Login = self.decoded(LOGIN, payload)
        data = packet.player_data
        is_18 = packet.platform_type >= MYTH_18_PLATFORM or (
            self.cipher is not None and data.game_version >= self.door.options.minimum_version
        )
        client = client_of(application, is_18=is_18)
        assert client is not None
        self.visit = GameVisit(
            self.door.options,
            client,
            any(lobby.family is client.family for lobby in self.door.lobbies()),
            admits_guests=self.door.services.lobbies.policy.guests,
            highest_scheme=packet.max_authentication,
            is_encrypted=self.cipher is not None,
        )
        if self._turned_away(COMING[:1]):
            return
        self.client = client
        self.family = client.wire
        self.data = data
        self.user_name = plain_name(packet.username)
        self.build = data.build_number
        self.brings_looks = packet.replaces_player_data
        self.country = getattr(packet, "country_code", 0)
        self.deadline = self.door.clock.monotonic() + self.door.options.login_within
        if self._is_guest():
            self.step(self._welcome_guest())
            return
        self._challenge()

    def _turned_away(self, checks: Sequence[Check[GameVisit]]) -> bool:
        """Whether one of the checks refused the client, which was told so."""
        problem = refused(checks, self.visit)
        if problem is not None:
            self._note(problem[0])
            self.refuse(*problem)
        return problem is not None

    def _note(self, code: StatusCode) -> None:
        """For whoever asks why; wrong passwords are noted where they are found wrong."""
        refusals = self.door.services.accounts.refusals
        refusals.note_name(self.user_name or GUEST_NAME, code.name.lower(), door="metaserver")

    def _challenge(self) -> None:
        """6."""
        if self._turned_away(COMING):
            return
        scheme = self.visit.scheme
        assert scheme is not None
        self.scheme = scheme
        # Aleph One reads the salt as a C string, whatever the scheme.
        if scheme is AuthenticationType.HTTPS_TOKEN:
            self.salt = secrets.token_hex(SALT_BYTES)[: SALT_BYTES - 1].encode() + b"\0"
        else:
            self.salt = bytes(SALT_BYTES)
        self.machine.apply(LoginEvent.PASSWORD_ASKED)
        self.send(PasswordChallenge(authentication_type=scheme, salt=self.salt))

    def _is_guest(self) -> bool:
        """Whether the name alone says so. Myth II 1.8 has guests with names, who have no password."""
        return self.user_name.casefold() == GUEST_NAME or (not self.user_name and self.client.waits_for_data)

    def on_password(self, payload: bytes) -> None:
        """109."""
        packet: PasswordResponse = self.decoded(PASSWORD, payload)
        self.run(self._check_password(packet))

    async def _check_password(self, packet: PasswordResponse) -> None:
        accounts = self.door.services.accounts
        raw = packet.response.partition(b"\0")[0]
        account: Account | None = None
        try:
            if self.scheme is AuthenticationType.HTTPS_TOKEN:
                account = accounts.redeem_login_key(self.user_name, packet.key)
            elif not raw and not self.client.waits_for_data:
                await self._welcome_named_guest()
                return
            elif self.user_name:
                account = await accounts.check_game_login(self.user_name, raw, address=self.address)
        except AccountDisabled as error:
            self.refuse(StatusCode.ACCOUNT_LOCKED, error.message)
            return
        except AuthenticationError:
            pass  # one answer for all that is wrong
        except (TooMany, Unavailable) as error:
            again = f" Try again in {remaining(error.retry_after)}." if error.retry_after else ""
            self.refuse(StatusCode.BAD_USER_OR_PASSWORD, error.message + again)
            return
        if self.closing:
            return
        if account is None:
            self.refuse(StatusCode.BAD_USER_OR_PASSWORD)
            return
        await self._welcome(account)

    async def _welcome(self, account: Account) -> None:
        self.account = account
        visitor, caller = await asyncio.gather(  # together, so that they share a commit
            self.door.visitor_of(account, self._looks(account), self),
            self.door.session_of(account, self),
            return_exceptions=True,
        )
        if isinstance(caller, Caller):
            self.session_id, self._passless = caller.session_id, account
        for failure in (visitor, caller):
            if isinstance(failure, Refused):
                self.refuse(StatusCode.ACCOUNT_LOCKED, failure.message)
            elif isinstance(failure, BaseException):
                raise failure
        if self.lost:
            self._end_session()
        if self.closing:
            return
        assert isinstance(visitor, Visitor)
        assert isinstance(caller, Caller)
        self.visitor = replace(visitor, role=caller.role)  # a key may be older than the role
        self._accept()

    def on_lost(self) -> None:
        self._end_session()

    def _end_session(self) -> None:
        """Nobody will use the session of a log-in that was given up."""
        account, self._passless = self._passless, None
        if account is not None:
            self.door.spawn(self.door.sign_out(account, self.session_id))

    async def _welcome_named_guest(self) -> None:
        """A guest of Myth II 1.8 has a name and no password."""
        if self.user_name:
            taken = await self.door.is_account(self.user_name)
            if self.closing:
                return
            self.visit = replace(self.visit, name_is_taken=taken)
        await self._welcome_guest()

    async def _welcome_guest(self) -> None:
        self.visit = replace(self.visit, is_guest=True)
        problem = refused(COMING, self.visit)
        if problem is not None:
            self._refuse_guest(problem[0])
            return
        try:
            self.door.services.sessions.gate.refuse_stranger("metaserver", self.address)
        except Banned as banned:
            self.refuse(StatusCode.ACCOUNT_LOCKED, banned.message)
            return
        self.user_name = ""
        looks = await self.door.guest_looks(self.client, self._looks(None))
        if self.closing:
            return
        self.visitor = self.door.guest(looks, self)
        self.session_id = SessionId(self.visitor.sender)  # no session of anybody's
        self._accept()

    def _refuse_guest(self, code: StatusCode) -> None:
        """Builds of Myth before 428 know neither code."""
        self._note(code)
        knows = self.client.is_marathon or self.build >= BUILD_THAT_KNOWS_GUEST_CODES
        self.refuse(code if knows else StatusCode.BAD_USER_OR_PASSWORD, STATUS_TEXTS[code])

    def _looks(self, account: Account | None) -> Looks:
        return self.door.looks(self.client, self.data, account)

    def _accept(self) -> None:
        """12, unless there is no room they could go to: the last moment Aleph One understands a refusal."""
        door, visitor, client = self.door, self.visitor, self.client
        rooms = len(door.rooms_for(visitor, client))
        self.visit = replace(self.visit, rooms=rooms, nowhere=None if rooms else door.nowhere_to_go(visitor, client))
        if self._turned_away(GOING_IN[:1]):
            return
        self.machine.apply(LoginEvent.PLAYER_ADMITTED)
        self.send(SendVersions())

    def on_version(self, payload: bytes) -> None:
        """115. Aleph One's says nothing."""
        packet: VersionControl = self.decoded(VERSION, payload)
        if self.client.legacy:
            self.visit = replace(self.visit, version=packet.patch_number)
        elif not self.client.is_marathon:
            self.build = packet.build_number
            self.visit = replace(self.visit, version=packet.application_version, build=packet.build_number)
        if self._turned_away(GOING_IN):
            return
        self._succeed()

    def _succeed(self) -> None:
        """7, 8 and 0, in this order."""
        door, visitor = self.door, self.visitor
        held = door.passes.issue(self.client, self.user_name, visitor, self.account, self.session_id)
        self._passless = None
        door.stats.logins[self.client.name] += 1
        self.machine.apply(LoginEvent.ROOMS_TOLD)
        packets: list[Any] = [
            UserSuccessfulLogin(
                user_id=visitor.number, order_index=min(visitor.clan, LAST_ORDER) or NO_ORDER, token=held.token
            )
        ]
        if not self.client.is_marathon:
            occupant = door.as_occupant(visitor)
            entry = player_entry(occupant, self.family, Verb.ADD, ranked=True)
            packets.append(SetPlayerDataFromMetaserver(player=entry))
        packets.append(RoomListPacket(rooms=door.room_entries(visitor, self.client, self.line)))
        self.send(*packets)
        self.deadline = door.clock.monotonic() + door.options.login_within
        if not self.client.waits_for_data:
            self.close("done")  # Myth II 1.8 waits for it

    def on_hub_request(self, payload: bytes) -> None:
        """122 from Aleph One."""
        if not self.client.is_marathon:
            self.close("out_of_place")
            return
        packet: RemoteHubRequest = self.decoded(HUBS, payload)
        self.send(RemoteHubList(hubs=self.door.free_hubs(packet.network_version)))


HANDLERS: Final[Mapping[int, Callable[[LoginConnection, bytes], None]]] = {
    LOGIN: LoginConnection.on_login,
    LOGOUT: LoginConnection.on_logout,
    PASSWORD: LoginConnection.on_password,
    VERSION: LoginConnection.on_version,
    HUBS: LoginConnection.on_hub_request,
}
"""What is done for each packet that is ever legal here."""
