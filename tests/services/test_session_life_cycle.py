"""Any sequence of opening, using, renewing, ending, sweeping and restarting keeps to a plain model."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from tests.support.accounts import AccountsKit, CountingHasher
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite

from mythgate.backends.sql.store import open_store
from mythgate.domain.accounts import Account
from mythgate.domain.errors import AuthenticationError, NotFound, SessionEnded
from mythgate.domain.ids import SessionId
from mythgate.domain.sessions import OPERATOR, Session
from mythgate.services.sessions import SessionService, SignedIn

T = TypeVar("T")
HOUR = timedelta(hours=1)


@dataclass
class Model:
    """What is true of one session."""

    signed_in: SignedIn
    account: Account
    expires_at: datetime
    revoked: bool = False

    def is_live(self, now: datetime) -> bool:
        return not self.revoked and now < self.expires_at


class SessionLife(RuleBasedStateMachine):
    sessions = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        self.hasher = CountingHasher()
        self.store = open_store(new_sqlite(Path(self.folder.name)), clock=self.clock)
        self.run(self.store.open())
        self.kit = AccountsKit(self.clock, self.store, self.hasher)
        self.model: dict[SessionId, Model] = {}
        self.accounts: list[Account] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.store.close())
        self.hasher.close()
        self.runner.close()
        self.folder.cleanup()

    async def saved(self, session_id: SessionId) -> Session | None:
        return await self.store.read(lambda tx: tx.sessions.get(session_id))

    @property
    def service(self) -> SessionService:
        return self.kit.sessions

    def access_token(self, one: Model) -> str:
        caller = one.signed_in.caller
        return self.kit.signer.sign(caller.account_id, caller.session_id, caller.name, self.clock.now(), HOUR * 100)

    @initialize()
    def two_accounts(self) -> None:
        for name in ("Alric", "Balor"):
            account = self.run(self.kit.accounts.create(OPERATOR, name, "correct horse battery"))
            self.accounts.append(account)

    @rule(target=sessions, who=st.integers(0, 1))
    def open(self, who: int) -> SessionId:
        account = self.accounts[who]
        signed_in = self.run(self.service.open(account, "http", "address", "client"))
        self.model[signed_in.session.id] = Model(signed_in, account, self.clock.now() + HOUR)
        return signed_in.session.id

    @rule(session_id=sessions)
    def use(self, session_id: SessionId) -> None:
        one = self.model[session_id]
        try:
            caller = self.run(self.service.authenticate(self.access_token(one)))
        except SessionEnded:
            assert not one.is_live(self.clock.now())
        else:
            assert one.is_live(self.clock.now())
            assert caller == one.signed_in.caller
            one.expires_at = self.clock.now() + HOUR

    @rule(session_id=sessions)
    def play(self, session_id: SessionId) -> None:
        one = self.model[session_id]
        known = self.service.is_live(session_id)
        assert one.is_live(self.clock.now()) or not known
        self.service.note_activity(session_id)
        if known:
            one.expires_at = self.clock.now() + HOUR

    @rule(session_id=sessions)
    def renew(self, session_id: SessionId) -> None:
        one = self.model[session_id]
        try:
            renewed = self.run(self.service.refresh(one.signed_in.token))
        except AuthenticationError:
            assert not one.is_live(self.clock.now())
        else:
            assert one.is_live(self.clock.now())
            one.expires_at = self.clock.now() + HOUR
            assert renewed.session_expires_at == one.expires_at

    @rule(session_id=sessions)
    def end(self, session_id: SessionId) -> None:
        one = self.model[session_id]
        try:
            self.run(self.service.revoke(one.signed_in.caller, session_id))
        except NotFound:
            assert not one.is_live(self.clock.now())
        one.revoked = True

    @rule(session_id=sessions)
    def end_the_others(self, session_id: SessionId) -> None:
        account = self.model[session_id].account
        self.run(self.service.revoke_all(account.id, keep=session_id))
        for other_id, other in self.model.items():
            if other.account.id == account.id and other_id != session_id:
                other.revoked = True

    @rule(minutes=st.sampled_from([0.5, 1, 5, 29, 59, 60, 61]))
    def wait(self, minutes: float) -> None:
        self.clock.advance(timedelta(minutes=minutes))

    @rule()
    def sweep(self) -> None:
        self.run(self.service.sweep())
        now = self.clock.now()
        for session_id, one in self.model.items():
            session = self.run(self.saved(session_id))
            if one.is_live(now):
                assert session is not None
                assert session.expires_at == one.expires_at
            else:
                assert session is None or session.expires_at == now or session.revoked_at == now

    @rule()
    def restart(self) -> None:
        self.run(self.service.sweep())  # an orderly stop saves what is pending
        self.kit = AccountsKit(self.clock, self.store, self.hasher)

    @invariant()
    def lists_are_right(self) -> None:
        now = self.clock.now()
        for account in self.accounts:
            caller = next((one.signed_in.caller for one in self.model.values() if one.account is account), None)
            if caller is not None:
                listed = {session.id for session in self.run(self.service.list_of(caller))}
                living = {
                    session_id for session_id, one in self.model.items() if one.account is account and one.is_live(now)
                }
                assert listed == living


SessionLife.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestSessionLife = SessionLife.TestCase
