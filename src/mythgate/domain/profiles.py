"""Profiles: what people tell of themselves, and how they want to be shown in lobbies."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from mythgate.domain.errors import InvalidInput
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Colour, Looks

NAME_LENGTH: Final = 31
DESCRIPTION_BYTES: Final = 431  # of the four texts together, each with its end, as the old clients have room
OPAQUE_BYTES: Final = 128
ICONS: Final = range(-1, 256)
UNCHOSEN: Final = Colour()
GREY: Final = Colour(0x8080, 0x8080, 0x8080)  # for who never chose a colour: old clients write names in it, on black


@dataclass(slots=True)
class Profile:
    """One account's profile. `shown_name` may hold style codes; empty: the account's name."""

    account_id: AccountId
    city: str = ""
    state: str = ""
    country: str = ""
    quote: str = ""
    country_code: int = 0
    shown_name: str = ""
    team: str = ""
    icon: int = 0
    primary: Colour = field(default_factory=Colour)
    secondary: Colour = field(default_factory=Colour)
    opaque: bytes = b""
    updated_at: datetime | None = None  # None: never saved

    def looks(self, name: str, *, unchosen: Colour = UNCHOSEN) -> Looks:
        """How the account `name` is shown; in the colour `unchosen` if it never chose one."""
        primary = unchosen if self.primary == UNCHOSEN else self.primary
        return Looks(self.shown_name or name, self.team, self.icon, primary, self.secondary, self.opaque)

    def dress(self, looks: Looks) -> None:
        """Be shown like this from now on.

        Raises:
            InvalidInput: a part does not fit.

        """
        for part, text in (("name", looks.name), ("team", looks.team)):
            if len(text) > NAME_LENGTH or not text.isprintable():
                raise InvalidInput("The text does not fit.", field=part, hint=f"At most {NAME_LENGTH} characters.")
        if looks.icon not in ICONS:
            raise InvalidInput("There is no such icon.", field="icon")
        if len(looks.opaque) > OPAQUE_BYTES:
            raise InvalidInput("The data is too long.", field="opaque")
        self.shown_name = looks.name
        self.team = looks.team
        self.icon = looks.icon
        self.primary = looks.primary
        self.secondary = looks.secondary
        self.opaque = looks.opaque

    def describe(self, *, city: str, state: str, country: str, quote: str) -> None:
        """Tell this of oneself from now on.

        Raises:
            InvalidInput: a text cannot be shown, or all together are too long.

        """
        texts = {"city": city, "state": state, "country": country, "quote": quote}
        for part, text in texts.items():
            if any(not (character.isprintable() or character in "\n\t") for character in text):
                raise InvalidInput("The text has a character that cannot be shown.", field=part)
        if sum(len(text) + 1 for text in texts.values()) > DESCRIPTION_BYTES:
            raise InvalidInput(
                "City, state, country and quote are too long.",
                field="quote",
                hint=f"They have {DESCRIPTION_BYTES - len(texts)} characters together.",
            )
        self.city, self.state, self.country, self.quote = city, state, country, quote
