"""Profiles: what people tell of themselves, how they are shown, and who can be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mythgate.domain.accounts import Account, AccountStatus
from mythgate.domain.clans import Clan
from mythgate.domain.errors import NotFound
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Looks
from mythgate.domain.names import name_key
from mythgate.domain.profiles import Profile
from mythgate.services.friends import self_of
from mythgate.services.ports import Clock, Store, Transaction

MOST_FOUND: Final = 100


@dataclass(frozen=True, slots=True)
class PlayerCard:
    """What everybody may see of a player."""

    account: Account
    profile: Profile
    clan: Clan | None


@dataclass(frozen=True, slots=True)
class Ties:
    """What lobbies ask of an account besides the account: its profile, its clan (0: none), and the slots of the
    tournaments it takes part in."""

    profile: Profile
    clan: int
    tournaments: frozenset[int]


class ProfileService:
    """Use cases around profiles. The actor is an account that its door has authenticated."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def profile(self, account_id: AccountId) -> Profile:
        """The account's profile; an empty one if nothing was ever saved."""
        return await self._store.read(lambda tx: _profile(tx, account_id))

    async def ties(self, account_id: AccountId) -> Ties:
        """Everything a door needs to make the account a visitor of lobbies."""

        def work(tx: Transaction) -> Ties:
            membership = tx.clans.membership(account_id)
            slots = frozenset(tournament.slot for tournament in tx.tournaments.of_account(account_id))
            return Ties(_profile(tx, account_id), membership.clan if membership is not None else 0, slots)

        return await self._store.read(work)

    async def card(self, name: str) -> PlayerCard:
        """The player who has this name or one that looks like it. Raises NotFound."""
        return await self._store.read(lambda tx: _card(tx, tx.accounts.by_name_key(name_key(name))))

    async def card_of(self, number: int) -> PlayerCard:
        """The player with an account number. Raises NotFound."""
        return await self._store.read(lambda tx: _card(tx, tx.accounts.by_number(number)))

    async def search(self, text: str, *, limit: int = 20) -> list[PlayerCard]:
        """Players whose name contains `text`, the oldest accounts first; guests are not found."""

        def work(tx: Transaction) -> list[PlayerCard]:
            found = tx.accounts.search(text, status=AccountStatus.ACTIVE, limit=MOST_FOUND)
            return [_card(tx, account) for account in found if not account.is_guest][:limit]

        return await self._store.read(work)

    async def describe(
        self, actor: AccountId, *, city: str = "", state: str = "", country: str = "", quote: str = ""
    ) -> Profile:
        """Tell something of oneself. Raises InvalidInput; PermissionDenied for a guest, as all that follows."""

        def work(tx: Transaction) -> Profile:
            profile = self._own(tx, actor)
            profile.describe(city=city, state=state, country=country, quote=quote)
            tx.profiles.save(profile)
            return profile

        return await self._store.write(work)

    async def dress(self, actor: AccountId, looks: Looks, *, country_code: int | None = None) -> Profile:
        """Be shown like this from now on. Raises InvalidInput."""

        def work(tx: Transaction) -> Profile:
            profile = self._own(tx, actor)
            profile.dress(looks)
            if country_code is not None:
                profile.country_code = country_code
            tx.profiles.save(profile)
            return profile

        return await self._store.write(work)

    async def arrive(
        self, actor: AccountId, looks: Looks, *, changed: bool, country_code: int = 0
    ) -> tuple[Looks, bool]:
        """How somebody who logs in with a game client is shown, and whether the client has to be told.

        What the client says counts if the player `changed` it there, or was never here; else what was saved.
        Raises InvalidInput.
        """

        def work(tx: Transaction) -> tuple[Looks, bool]:
            account = self_of(tx, actor)
            profile = self._own(tx, actor)
            known = tx.profiles.get(actor)
            if known is not None and known.shown_name and not changed:
                return known.looks(account.name), known.looks(account.name) != looks
            profile.dress(looks)
            profile.country_code = country_code
            tx.profiles.save(profile)
            return looks, False

        return await self._store.write(work)

    def _own(self, tx: Transaction, actor: AccountId) -> Profile:
        self_of(tx, actor)
        profile = _profile(tx, actor)
        profile.updated_at = self._clock.now()
        return profile


def _profile(tx: Transaction, account_id: AccountId) -> Profile:
    return tx.profiles.get(account_id) or Profile(account_id)


def _card(tx: Transaction, account: Account | None) -> PlayerCard:
    if account is None or account.status is not AccountStatus.ACTIVE:
        raise NotFound("There is no such player.")
    membership = tx.clans.membership(account.id)
    clan = tx.clans.get(membership.clan) if membership is not None else None
    return PlayerCard(account, _profile(tx, account.id), clan)
