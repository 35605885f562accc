"""Filters of words: the staff manages them while the server runs, and talk and names are held against them.

All of them are in memory, ready to look (`domain.filters.Screen`); what is changed beside this node is read again when
the mark in the database is another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from mythgate.domain.accounts import Role
from mythgate.domain.errors import NameNotAllowed, NotFound, WordsRefused
from mythgate.domain.events import AdminEvent, event_of
from mythgate.domain.filters import (
    MESSAGE_LENGTH,
    FilterAction,
    FilterScope,
    Screen,
    Where,
    WordFilter,
    check_numbers,
    pattern_words,
)
from mythgate.domain.ids import STAFF_TOPIC, AccountId
from mythgate.domain.lobbies import is_guest_sender
from mythgate.domain.moderation import AuditEntry, StaffAct
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.domain.throttling import Attempts
from mythgate.services.accounts import role_within
from mythgate.services.errands import Errands
from mythgate.services.moderation import ModerationService
from mythgate.services.ports import Clock, Ids, Realtime, Store, Transaction

CHANGED_FACT: Final = "filters_changed"
MOST_COUNTED: Final = 10_000  # people whose hits are counted at once
REFUSED_NAME: Final = "This name is not welcome here."

Flagged = Callable[[AccountId, str, Where, WordFilter], None]
"""Told of words that were said and that somebody of the staff should look at: whose, what they are called, where."""


class FilterService:
    """Looks at words, and lets the staff say which."""

    def __init__(
        self, *, store: Store, moderation: ModerationService, realtime: Realtime, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._moderation = moderation
        self._realtime = realtime
        self._clock = clock
        self._ids = ids
        self._screen = Screen(())
        self._mark: str | None = None
        self._counts: dict[tuple[AccountId, int], Attempts] = {}  # by when they were used last
        self._flagged: list[Flagged] = []
        self._errands = Errands("filters")

    def on_flagged(self, observer: Flagged) -> None:
        """Have `observer` told of what a filter flags, before it is said."""
        self._flagged.append(observer)

    # --- looking ---------------------------------------------------------------------------------------

    def screen(self, words: str, speaker: AccountId, name: str, role: Role, where: Where) -> str:
        """The words as they may be said. Costs next to nothing; the staff is not looked at.

        Raises:
            WordsRefused: they may not be said.

        """
        found = self._screen.talk(words, where)
        if found is None or role.includes(Role.MODERATOR):
            return words
        refusal: WordsRefused | None = None
        for rule in found.hits:
            if rule.action in (FilterAction.REFUSE, FilterAction.MUTE):
                refusal = refusal or WordsRefused(rule.message or None)
                if rule.action is FilterAction.MUTE and self._is_once_too_often(speaker, rule):
                    reason = f"filter {rule.number}"
                    self._errands.start(self._moderation.mute_for_words(speaker, rule.mute_minutes, reason))
            elif rule.action is FilterAction.FLAG:
                for observer in self._flagged:
                    observer(speaker, name, where, rule)
        if refusal is not None:
            raise refusal
        return found.words

    def _is_once_too_often(self, speaker: AccountId, rule: WordFilter) -> bool:
        if is_guest_sender(speaker):
            return False  # without an account there is nothing to mute for long; the words are refused all the same
        key = (speaker, rule.number)
        attempts = self._counts.pop(key, None) or Attempts()
        self._counts[key] = attempts
        if len(self._counts) > MOST_COUNTED:
            del self._counts[next(iter(self._counts))]
        if rule.hits > 1 and attempts.hit(self._clock.monotonic(), rule.hits - 1, rule.within_minutes * 60.0) <= 0:
            return False
        del self._counts[key]
        return True

    def check_name(self, name: str, field: str = "name") -> None:
        """Raise NameNotAllowed if a filter does not let a name through."""
        rule = self._screen.name(name)
        if rule is not None and rule.action is not FilterAction.FLAG:
            raise NameNotAllowed(rule.message or REFUSED_NAME, field=field, hint="Choose another.")

    # --- the staff -------------------------------------------------------------------------------------

    async def all(self, caller: Caller) -> Sequence[WordFilter]:
        """By number. Raises PermissionDenied."""

        def work(tx: Transaction) -> Sequence[WordFilter]:
            require(role_within(tx, caller), Permission.SEE_REPORTS)
            return tx.filters.all()

        return await self._store.read(work)

    async def add(self, caller: Caller, pattern: str, action: FilterAction, **values: Any) -> WordFilter:
        """Have words looked for from now on; `values` are fields of `WordFilter`.

        Raises:
            PermissionDenied: the caller may not set filters.
            InvalidInput: a value makes no sense.

        """
        rule = WordFilter(
            " ".join(pattern.split()),
            values.pop("anywhere", False),
            action,
            caller.account_id,
            self._clock.now(),
            **values,
        )
        _check(rule)

        def work(tx: Transaction) -> WordFilter:
            require(role_within(tx, caller), Permission.SET_FILTERS)
            saved = tx.filters.add(rule)
            self._record(tx, caller, "filter.added", saved, **_told(saved, "after_"))
            return saved

        return await self._changed(caller, work, "added")

    async def change(self, caller: Caller, number: int, **values: Any) -> WordFilter:
        """Change a filter. Raises NotFound, and as `add`."""

        def work(tx: Transaction) -> WordFilter:
            require(role_within(tx, caller), Permission.SET_FILTERS)
            known = tx.filters.get(number)
            if known is None:
                raise NotFound("There is no such filter.")
            rule = replace(known, **values)
            rule.pattern = " ".join(rule.pattern.split())
            _check(rule)
            before, after = _told(known), _told(rule)
            different = [name for name in after if before[name] != after[name]]
            detail = {f"before_{name}": before[name] for name in different}
            detail |= {f"after_{name}": after[name] for name in different}
            tx.filters.save(rule)
            self._record(tx, caller, "filter.changed", rule, pattern=rule.pattern, **detail)
            return rule

        return await self._changed(caller, work, "changed")

    async def remove(self, caller: Caller, number: int) -> WordFilter:
        """Look for its words no more. Raises NotFound and PermissionDenied."""

        def work(tx: Transaction) -> WordFilter:
            require(role_within(tx, caller), Permission.SET_FILTERS)
            known = tx.filters.get(number)
            if known is None or not tx.filters.remove(number):
                raise NotFound("There is no such filter.")
            self._record(tx, caller, "filter.removed", known, **_told(known, "before_"))
            return known

        return await self._changed(caller, work, "removed")

    async def try_out(self, caller: Caller, text: str, where: Where | None = None) -> tuple[str, Sequence[WordFilter]]:
        """What the filters would make of words, and which fit. Raises PermissionDenied."""
        await self.all(caller)
        found = self._screen.talk(text, where if where is not None else Where())
        return (text, ()) if found is None else (found.words, found.hits)

    async def _changed(self, caller: Caller, work: Callable[[Transaction], WordFilter], how: str) -> WordFilter:
        mark = self._ids.new()

        def marked(tx: Transaction) -> tuple[WordFilter, list[WordFilter]]:
            rule = work(tx)
            tx.facts.set(CHANGED_FACT, mark)
            return rule, tx.filters.all()

        def after(result: tuple[WordFilter, list[WordFilter]]) -> None:
            rule, rules = result
            self._screen, self._mark = Screen(rules), mark
            event = AdminEvent(f"filter.{how}", "", f"{caller.name} {how} filter {rule.number}.")
            self._realtime.publish(STAFF_TOPIC, event_of(event, self._clock.now(), subject=StaffAct(caller.account_id)))

        return (await self._store.write(marked, then=after))[0]

    def _record(self, tx: Transaction, caller: Caller, action: str, rule: WordFilter, **detail: str) -> None:
        tx.moderation.record(AuditEntry(self._clock.now(), caller.account_id, action, str(rule.number), detail))

    # --- keeping up ------------------------------------------------------------------------------------

    async def catch_up(self) -> None:
        """Take note of changes that were made beside this node. Call it before anybody talks, and now and then."""

        def work(tx: Transaction) -> tuple[str, list[WordFilter] | None]:
            mark = tx.facts.get(CHANGED_FACT) or ""
            return mark, None if mark == self._mark else tx.filters.all()

        mark, rules = await self._store.read(work)
        if rules is not None:
            self._screen, self._mark = Screen(rules), mark

    async def settle(self) -> None:
        """Wait until what was started in passing is done."""
        await self._errands.settle()


def _check(rule: WordFilter) -> None:
    pattern_words(rule.pattern)
    check_numbers(rule)
    rule.message = " ".join(rule.message.split())[:MESSAGE_LENGTH]
    if rule.scope is FilterScope.EVERYWHERE:
        rule.place = ""


def _told(rule: WordFilter, prefix: str = "") -> dict[str, str]:
    left_out = {"number", "version", "created_by", "created_at"}
    return {f"{prefix}{name}": str(value) for name, value in asdict(rule).items() if name not in left_out}
