"""Characters: list, create, select, describe, delete, restore, purge."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from mythgate.domain import chat, names
from mythgate.domain.characters import Character
from mythgate.domain.errors import (
    Conflict,
    NameTaken,
    NoCharacter,
    NotFound,
    PermissionDenied,
    TooManyCharacters,
)
from mythgate.domain.ids import CharacterId, ItemId, RoomId
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.sessions import Caller
from mythgate.domain.sheets import (
    DEFAULT_DICE,
    DEFAULT_SHEET,
    STARTING_SOULS,
    Chance,
    CharacterClass,
    Faction,
    Race,
    Sheet,
    Stats,
    check_bought,
    new_sheet,
    roll_stats,
)
from mythgate.services.ports import Clock, CommandKey, Ids, PresenceStore, Store, Transaction
from mythgate.services.sheets import Change
from mythgate.services.world import WorldService

log = logging.getLogger(__name__)

DESCRIPTION_CHARACTERS: Final = 500
GUEST_NAME_ATTEMPTS: Final = 100


@dataclass(frozen=True, slots=True)
class CharacterPolicy:
    """Numbers an operator may change."""

    per_account: int = 3
    undo_window: timedelta = timedelta(days=14)  # a deleted character can be restored this long


@dataclass(frozen=True, slots=True)
class CharacterPromise:
    """What the protocol of a door promises those who make a character there, where that is other than usual."""

    name_max_length: int
    per_account: int


@dataclass(frozen=True, slots=True)
class Beginning:
    """As whom a character begins. What nobody chose: a human ranger of no faction, with stats by dice."""

    race: Race = DEFAULT_SHEET.race
    calling: CharacterClass = DEFAULT_SHEET.calling
    faction: Faction | None = None
    stats: Stats | None = None  # by choice, before what the race adds
    dice: str = DEFAULT_DICE  # how stats are rolled that were not chosen
    room_id: RoomId | None = None  # None: where newcomers arrive


@dataclass(frozen=True, slots=True)
class Begun:
    """A character that was there already has become somebody in particular."""

    body: Character
    change: Change


@dataclass(frozen=True, slots=True)
class CharacterView:
    """A character as its owner sees it, over REST. `player_id` repeats `id` for older clients."""

    id: str
    player_id: str
    number: int
    name: str
    description: str
    level: int
    faction: str
    room_id: str
    room_name: str
    created_at: datetime
    last_active: datetime
    selected: bool
    profession_id: int = 0
    profession_name: str = ""
    race: str = DEFAULT_SHEET.race.value
    character_class: str = DEFAULT_SHEET.calling.value


@dataclass(frozen=True, slots=True)
class DeletedCharacterView(CharacterView):
    """A deleted character, for as long as it can be restored."""

    deleted_at: datetime | None = None
    restorable_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """An account's characters, and how many it may have."""

    characters: list[CharacterView]
    deleted: list[DeletedCharacterView]
    limit: int


class CharacterService:
    """Use cases around an account's characters. Every one is the caller's own."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        world: WorldService,
        clock: Clock,
        ids: Ids,
        chance: Chance,
        policy: CharacterPolicy | None = None,
    ) -> None:
        self._store = store
        self._presence = presence
        self._world = world
        self._clock = clock
        self._ids = ids
        self._chance = chance
        self._policy = policy if policy is not None else CharacterPolicy()
        self.on_deleted: Callable[[CharacterId], None] | None = None
        self.check_name: Callable[[str, str], None] = lambda *_: (
            None
        )  # what the staff does not want people to be called
        self._begun_observers: list[Callable[[Begun], None]] = []

    async def list(self, caller: Caller) -> Roster:
        """The caller's characters by age, and deleted ones that can still be restored."""
        now = self._clock.now()

        def work(tx: Transaction) -> Roster:
            selected = tx.accounts.require(caller.account_id).selected_character
            deleted = tx.characters.of_account(caller.account_id, deleted=True)
            return Roster(
                [self._view(tx, one, selected) for one in tx.characters.of_account(caller.account_id)],
                [self._deleted_view(tx, one) for one in deleted if self._is_restorable(one, now)],
                self._policy.per_account,
            )

        return await self._store.read(work)

    async def create(
        self,
        caller: Caller,
        name: str,
        description: str = "",
        beginning: Beginning | None = None,
        *,
        promise: CharacterPromise | None = None,
    ) -> CharacterView:
        """A new character at the world's start. The account's first one is selected at once.

        With a `beginning` it has stats of its own, some souls, and the things of its class. `promise` is that of
        the door's protocol, if it makes one.

        Raises:
            NameNotAllowed: the name breaks the rules.
            NameTaken: it looks like the name of a living character.
            TooManyCharacters: the account has as many as it may.
            InvalidInput: the description is too long, or the stats are not as they may be chosen.

        """
        name = names.character_name(name, max_length=promise.name_max_length if promise is not None else None)
        self.check_name(name, "name")
        most = promise.per_account if promise is not None else self._policy.per_account
        body = self._new_body(caller, name, tidy_description(description))
        sheet: Sheet | None = None
        kit: Sequence[Item] = ()
        if beginning is not None:
            sheet = self._sheet(beginning)
            body.faction = beginning.faction.value if beginning.faction is not None else ""
            body.room_id = beginning.room_id or body.room_id
            kit = self._kit(body.id, beginning.calling)

        def work(tx: Transaction) -> CharacterView:
            account = tx.accounts.require(caller.account_id)
            others = tx.characters.of_account(caller.account_id)
            if len(others) >= most:
                raise TooManyCharacters
            added = tx.characters.add(body)
            tx.characters.explore(added.id, added.room_id, added.created_at)
            if sheet is not None:
                tx.sheets.save(added.id, sheet)
            for item in kit:
                tx.items.add(item)
            if not others:
                account.selected_character = added.id
                tx.accounts.save(account)
            return self._view(tx, added, account.selected_character)

        view = await self._store.write(work)
        log.info("character created", extra={"account": caller.account_id, "character": view.id})
        return view

    def _new_body(self, caller: Caller, name: str, description: str = "") -> Character:
        now = self._clock.now()
        return Character(
            id=CharacterId(self._ids.new()),
            account_id=caller.account_id,
            name=name,
            name_key=names.name_key(name),
            room_id=self._world.world.start_room,
            created_at=now,
            last_active_at=now,
            description=description,
        )

    async def become(
        self, caller: Caller, character_id: CharacterId, beginning: Beginning, *, once: CommandKey | None = None
    ) -> CharacterView:
        """Choose for a character that was made without a choice. It stays where it is, and keeps what it has.

        Raises:
            NotFound: there is no such living character.
            PermissionDenied: it is somebody else's.
            Conflict: it is somebody in particular already.
            InvalidInput: the stats are not as they may be chosen.
            Repeated: `once` was carried out before.

        """
        begun = self._sheet(beginning)
        kit = self._kit(character_id, beginning.calling)

        def work(tx: Transaction) -> tuple[Begun, CharacterView]:
            account = tx.accounts.require(caller.account_id)
            body = _own(tx, caller, character_id)
            before = tx.sheets.get(character_id)
            if before.is_chosen:
                raise Conflict(
                    f"{body.name} is {before.kind} already.",
                    hint="One chooses once, before the second level.",
                )
            after = replace(begun, experience=before.experience, souls=begun.souls + before.souls)
            if beginning.faction is not None:
                body.faction = beginning.faction.value
                tx.characters.save(body)
            tx.sheets.save(character_id, after)
            for item in kit:
                tx.items.add(item)
            carried = tx.items.held_by(HolderKind.CHARACTER, character_id)
            change = Change(character_id, before, after, carried)
            return Begun(body, change), self._view(tx, body, account.selected_character)

        def after_commit(done: tuple[Begun, CharacterView]) -> None:
            for observer in self._begun_observers:
                observer(done[0])

        _, view = await self._store.write(work, then=after_commit, once=once)
        log.info("character chosen", extra={"account": caller.account_id, "character": character_id})
        return view

    def on_begun(self, observer: Callable[[Begun], None]) -> None:
        """Have `observer` told of who became somebody in particular."""
        self._begun_observers.append(observer)

    def _sheet(self, beginning: Beginning) -> Sheet:
        if beginning.stats is not None:
            stats = check_bought(beginning.stats)
        else:
            stats = roll_stats(self._chance, beginning.dice)
        return new_sheet(beginning.race, beginning.calling, stats, self._chance.randint(*STARTING_SOULS))

    def _kit(self, character_id: CharacterId, calling: CharacterClass) -> Sequence[Item]:
        """What a character of that class begins with, nothing of it equipped."""
        world, now, made = self._world.world, self._clock.now(), []
        for part in world.kits.get(calling, ()):
            together = world.template(part.template).stacks
            for _ in range(1 if together else part.count):
                item_id, quantity = ItemId(self._ids.new()), part.count if together else 1
                made.append(Item(item_id, part.template, HolderKind.CHARACTER, character_id, now, quantity=quantity))
        return made

    async def select(self, caller: Caller, character_id: CharacterId) -> CharacterView:
        """Make it the one that enters when none is named.

        Raises:
            NotFound: there is no such living character.
            PermissionDenied: it is somebody else's.

        """

        def work(tx: Transaction) -> CharacterView:
            account = tx.accounts.require(caller.account_id)
            body = _own(tx, caller, character_id)
            if account.selected_character != body.id:
                account.selected_character = body.id
                tx.accounts.save(account)
            return self._view(tx, body, body.id)

        return await self._store.write(work)

    async def choose(self, caller: Caller, character_id: CharacterId | None) -> Character:
        """The character that enters the world; see `PresenceService.choose`."""

        def work(tx: Transaction) -> Character | None:
            if character_id is not None:
                return _own(tx, caller, character_id)
            selected = tx.accounts.require(caller.account_id).selected_character
            mine = tx.characters.of_account(caller.account_id)
            return next((one for one in mine if one.id == selected), mine[0] if mine else None)

        character = await self._store.read(work)
        if character is not None:
            return character
        if not caller.is_guest:
            raise NoCharacter
        return await self._embody_guest(caller)

    async def _embody_guest(self, caller: Caller) -> Character:
        """A body named like the guest; if that name is taken in the world, with a number."""
        for number in range(1, GUEST_NAME_ATTEMPTS):
            body = self._new_body(caller, caller.name if number == 1 else f"{caller.name} {number}")

            def work(tx: Transaction, body: Character = body) -> Character:
                account = tx.accounts.require(caller.account_id)
                mine = tx.characters.of_account(caller.account_id)
                if mine:
                    return mine[0]
                added = tx.characters.add(body)
                account.selected_character = added.id
                tx.accounts.save(account)
                return added

            try:
                return await self._store.write(work)
            except NameTaken:
                continue
        raise NoCharacter("No name could be found for you.")

    async def describe(self, character_id: CharacterId, text: str) -> str:
        """Set what others see when they look; returns it tidied. For the character's own player only.

        Raises:
            InvalidInput: it is too long.

        """
        description = tidy_description(text)

        def work(tx: Transaction) -> None:
            body = tx.characters.require(character_id)
            body.description = description
            tx.characters.save(body)

        await self._store.write(work)
        return description

    async def delete(self, caller: Caller, character_id: CharacterId) -> None:
        """Take it out of the world; it can be restored for a while.

        Raises:
            NotFound, PermissionDenied: as for `select`.
            Conflict: it is in the world.

        """
        now = self._clock.now()
        present = self._presence.get(character_id)
        if present is not None and present.account_id == caller.account_id:
            raise Conflict(f"{present.name} is in the world.", hint="Leave the world first.")

        def work(tx: Transaction) -> None:
            account = tx.accounts.require(caller.account_id)
            body = _own(tx, caller, character_id)
            body.deleted_at = now
            tx.characters.save(body)
            if account.selected_character == character_id:
                account.selected_character = None
                tx.accounts.save(account)

        def after(_: None) -> None:
            if self.on_deleted is not None:
                self.on_deleted(character_id)

        await self._store.write(work, then=after)
        log.info("character deleted", extra={"account": caller.account_id, "character": character_id})

    async def restore(self, caller: Caller, character_id: CharacterId) -> CharacterView:
        """Undo a deletion.

        Raises:
            NotFound: there is no such deleted character, or it is too late.
            PermissionDenied: it is somebody else's.
            NameTaken: somebody has the name now.
            TooManyCharacters: the account has as many as it may.

        """
        now = self._clock.now()

        def work(tx: Transaction) -> CharacterView:
            account = tx.accounts.require(caller.account_id)
            body = tx.characters.get(character_id)
            if body is None or not self._is_restorable(body, now):
                raise NotFound("There is no such character to restore.")
            if body.account_id != caller.account_id:
                raise PermissionDenied("That is not your character.")
            if len(tx.characters.of_account(caller.account_id)) >= self._policy.per_account:
                raise TooManyCharacters
            body.deleted_at = None
            tx.characters.save(body)
            return self._view(tx, body, account.selected_character)

        return await self._store.write(work)

    async def purge(self) -> int:
        """Forget deleted characters that can no longer be restored; returns how many."""
        before = self._clock.now() - self._policy.undo_window
        return await self._store.write(lambda tx: tx.characters.purge_deleted(before))

    # --- views ---

    def _is_restorable(self, body: Character, now: datetime) -> bool:
        return body.deleted_at is not None and now < body.deleted_at + self._policy.undo_window

    def _view(self, tx: Transaction, body: Character, selected: CharacterId | None) -> CharacterView:
        sheet = tx.sheets.get(body.id)
        room = self._world.world.room(body.room_id)
        return CharacterView(
            id=body.id,
            player_id=body.id,
            number=body.number,
            name=body.name,
            description=body.description,
            level=body.level,
            faction=body.faction,
            room_id=body.room_id,
            room_name=room.name if room is not None else "",
            created_at=body.created_at,
            last_active=body.last_active_at,
            selected=body.id == selected,
            race=sheet.race.value,
            character_class=sheet.calling.value,
        )

    def _deleted_view(self, tx: Transaction, body: Character) -> DeletedCharacterView:
        assert body.deleted_at is not None
        until = body.deleted_at + self._policy.undo_window
        shared = asdict(self._view(tx, body, None))
        return DeletedCharacterView(**shared, deleted_at=body.deleted_at, restorable_until=until)


def tidy_description(text: str) -> str:
    """Raises InvalidInput if it is too long. Empty text is a description, too."""
    if not chat.tidy(text).strip():
        return ""
    return chat.clean(text, limit=DESCRIPTION_CHARACTERS, verb="describe")


def _own(tx: Transaction, caller: Caller, character_id: CharacterId) -> Character:
    body = tx.characters.require(character_id)
    if body.account_id != caller.account_id:
        raise PermissionDenied("That is not your character.")
    return body
