"""Tournaments: sign-up, a start condition, a bracket, a winner, prizes recorded once.

A tournament belongs to a lobby and is played there. Whoever is in the lobby when it starts takes part; games
between two who are to meet decide who goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final

from mythgate.domain.errors import Conflict, InvalidInput, LimitReached, NotFound
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Lobby
from mythgate.domain.results import Outcome, Result, Verdict

PATIENCE: Final = timedelta(minutes=30)  # after the start time, for enough players to come
SLOTS: Final = range(1, 7)  # tournaments a lobby may name
NAME_LENGTH: Final = 63
MOST_ENTRANTS: Final = 256
NOBODY: Final = 0


class TournamentState(StrEnum):
    SIGNUP = "signup"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class TournamentAct(StrEnum):
    START = "start"
    FINISH = "finish"
    CANCEL = "cancel"


TRANSITIONS: Final[Mapping[tuple[TournamentState, TournamentAct], TournamentState]] = MappingProxyType(
    {
        (TournamentState.SIGNUP, TournamentAct.START): TournamentState.RUNNING,
        (TournamentState.SIGNUP, TournamentAct.CANCEL): TournamentState.CANCELLED,
        (TournamentState.RUNNING, TournamentAct.FINISH): TournamentState.FINISHED,
        (TournamentState.RUNNING, TournamentAct.CANCEL): TournamentState.CANCELLED,
    }
)


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two who are to meet, by number. 0: not known yet, or, in the first round, nobody: the other goes on."""

    round: int  # from 1
    slot: int  # from 0, within the round
    first: int = NOBODY
    second: int = NOBODY
    winner: int = NOBODY
    result: int = 0  # number of the result that decided it; 0: none did

    @property
    def is_open(self) -> bool:
        """Whether the two can play now."""
        return bool(self.first and self.second and not self.winner)

    @property
    def loser(self) -> int:
        """Who is out; 0 if that is not decided or there was nobody."""
        if not self.winner:
            return NOBODY
        return self.second if self.winner == self.first else self.first


@dataclass(slots=True)
class Tournament:
    """A tournament. `prize_shares` are percent of `prize_pool` for the first places."""

    name: str
    slot: int
    room_id: int
    starts_at: datetime
    created_at: datetime
    min_players: int = 2
    max_players: int = 32
    prize_pool: int = 0
    prize_shares: tuple[int, ...] = (100,)
    state: TournamentState = TournamentState.SIGNUP
    bracket: tuple[Pairing, ...] = ()
    ended_at: datetime | None = None
    number: int = 0
    version: int = 1

    def apply(self, act: TournamentAct) -> None:
        """Change `state`; nothing else does.

        Raises:
            Conflict: that is not possible in the present state.

        """
        following = TRANSITIONS.get((self.state, act))
        if following is None:
            raise Conflict(f"The tournament is {self.state}.", hint="")
        self.state = following

    @property
    def champion(self) -> int:
        """Who won; 0 while that is open."""
        return self.bracket[-1].winner if self.bracket else NOBODY


@dataclass(frozen=True, slots=True)
class TournamentLobby(Lobby):
    """A lobby that announces a tournament by itself: played in it, in the slot that `tournament` names."""

    type_name: ClassVar[str] = "tournament"

    prize_pool: int = 0
    prize_shares: tuple[int, ...] = (100,)
    min_players: int = 2
    max_players: int = 32
    start_time: datetime | None = None  # None: nothing is announced

    def faults(self) -> Sequence[tuple[str, bool, str]]:
        """What is to be checked."""
        start_time = self.start_time
        try:
            check(self.announcement(datetime.min.replace(tzinfo=UTC)))
        except InvalidInput as error:
            where = error.field if error.field in ("min_players", "prize_pool") else "tournament"
            words = f"not fit for a tournament. {error.message} {error.hint}"
            return (*Lobby.faults(self), (where, True, words))
        unclear = start_time is not None and start_time.tzinfo is None
        return (*Lobby.faults(self), ("start_time", unclear, "a time with its zone"))

    def announcement(self, now: datetime) -> Tournament:
        """The tournament this lobby is for."""
        return Tournament(
            name=self.name,
            slot=self.tournament,
            room_id=self.room_id,
            starts_at=self.start_time if self.start_time is not None else now,
            created_at=now,
            min_players=self.min_players,
            max_players=self.max_players,
            prize_pool=self.prize_pool,
            prize_shares=self.prize_shares,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody who signed up. `seed` counts from 1, best first; 0: not drawn."""

    tournament: int
    account_id: AccountId
    number: int
    name: str
    entered_at: datetime
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Prize:
    """What somebody won. There is one record a place, written once."""

    tournament: int
    place: int
    account_id: AccountId
    name: str
    amount: int
    recorded_at: datetime


# --- before it starts ------------------------------------------------------------------------------


def check(tournament: Tournament) -> None:
    """Raise InvalidInput unless what an operator says of a tournament fits."""
    if not tournament.name.strip() or len(tournament.name) > NAME_LENGTH or not tournament.name.isprintable():
        raise InvalidInput("The name does not fit.", field="name", hint=f"Use 1 to {NAME_LENGTH} characters.")
    if tournament.slot not in SLOTS:
        raise InvalidInput("There is no such tournament slot.", field="slot", hint="Use 1 to 6.")
    if not 2 <= tournament.min_players <= tournament.max_players <= MOST_ENTRANTS:
        raise InvalidInput(
            "The numbers of players do not fit.",
            field="min_players",
            hint=f"At least 2, at most {MOST_ENTRANTS}, and the minimum not above the maximum.",
        )
    shares = tournament.prize_shares
    if tournament.prize_pool < 0 or len(shares) > 2 or any(share < 0 for share in shares) or sum(shares) > 100:
        raise InvalidInput(
            "The prizes do not fit.", field="prize_pool", hint="At most two shares, together at most 100 percent."
        )


def require_entry(tournament: Tournament, entries: Sequence[Entry], account_id: AccountId) -> None:
    """Raise unless `account_id` may sign up now.

    Raises:
        Conflict: sign-up is over, or they have signed up already.
        LimitReached: there is no place left.

    """
    if tournament.state is not TournamentState.SIGNUP:
        raise Conflict("One cannot sign up any more.", hint="")
    if any(entry.account_id == account_id for entry in entries):
        raise Conflict("You have signed up already.", hint="")
    if len(entries) >= tournament.max_players:
        raise LimitReached("This tournament is full.")


class Readiness(StrEnum):
    """Whether a tournament can start."""

    EARLY = "early"
    SHORT = "short"  # the time has come, but not enough players
    READY = "ready"
    LAPSED = "lapsed"  # not enough came in time


def readiness(tournament: Tournament, present: int, now: datetime) -> Readiness:
    """Whether the start time is reached and enough of those who signed up are there."""
    if now < tournament.starts_at:
        return Readiness.EARLY
    if present >= tournament.min_players:
        return Readiness.READY
    return Readiness.LAPSED if now >= tournament.starts_at + PATIENCE else Readiness.SHORT


def seeded(entries: Sequence[Entry], points: Mapping[int, int]) -> list[Entry]:
    """Entries in the order of the draw: by points, then by who signed up first."""
    ordered = sorted(entries, key=lambda one: (-points.get(one.number, 0), one.entered_at, one.number))
    return [replace(one, seed=seed) for seed, one in enumerate(ordered, start=1)]


# --- the bracket -----------------------------------------------------------------------------------


def draw(numbers: Sequence[int]) -> tuple[Pairing, ...]:
    """A bracket for at least two players, best seed first, in the order of rounds and slots.

    The first two seeds can only meet in the final. If the players are no power of two, the best have no opponent in
    the first round.
    """
    order = [0]
    while len(order) < len(numbers):
        order = [seed for best in order for seed in (best, 2 * len(order) - 1 - best)]
    seats = [numbers[seed] if seed < len(numbers) else NOBODY for seed in order]
    bracket = [
        Pairing(1, slot, *sorted(seats[2 * slot : 2 * slot + 2], key=lambda one: one == NOBODY))
        for slot in range(len(seats) // 2)
    ]
    size, number = len(bracket), 1
    while size > 1:
        size, number = size // 2, number + 1
        bracket += [Pairing(number, slot) for slot in range(size)]
    drawn = tuple(bracket)
    for pairing in bracket[: len(seats) // 2]:
        if pairing.second == NOBODY:
            drawn = _advanced(drawn, pairing, pairing.first, 0)
    return drawn


def decided(bracket: Sequence[Pairing], round_number: int, slot: int, winner: int, result: int) -> tuple[Pairing, ...]:
    """The bracket after a pairing is decided: the winner goes on to the next round.

    Raises:
        NotFound: there is no such pairing.
        Conflict: it is decided already, or its players are not known yet.
        InvalidInput: `winner` is not one of the two.

    """
    pairing = next((one for one in bracket if (one.round, one.slot) == (round_number, slot)), None)
    if pairing is None:
        raise NotFound("There is no such pairing.")
    if not pairing.is_open:
        raise Conflict("This pairing is not to be played now.", hint="")
    if winner not in (pairing.first, pairing.second):
        raise InvalidInput("The winner is one of the two.", field="winner")
    return _advanced(bracket, pairing, winner, result)


def _advanced(bracket: Sequence[Pairing], pairing: Pairing, winner: int, result: int) -> tuple[Pairing, ...]:
    seat = "second" if pairing.slot % 2 else "first"

    def after(one: Pairing) -> Pairing:
        if (one.round, one.slot) == (pairing.round, pairing.slot):
            return replace(one, winner=winner, result=result)
        if (one.round, one.slot) == (pairing.round + 1, pairing.slot // 2):
            return replace(one, first=winner) if seat == "first" else replace(one, second=winner)
        return one

    return tuple(after(one) for one in bracket)


def decided_by(bracket: Sequence[Pairing], result: Result) -> tuple[Pairing, int] | None:
    """The open pairing that a result decides, and its winner; None if it decides none.

    Two who are to meet must have played on two sides, and one of these sides must have won alone.
    """
    if result.verdict is not Verdict.CLEAR:
        return None
    won: Collection[int] = {line.number for line in result.lines if line.outcome is Outcome.WIN}
    lost: Collection[int] = {line.number for line in result.lines if line.outcome is Outcome.LOSS}
    for pairing in bracket:
        if not pairing.is_open:
            continue
        for winner, loser in ((pairing.first, pairing.second), (pairing.second, pairing.first)):
            if winner in won and loser in lost:
                return pairing, winner
    return None


def podium(tournament: Tournament) -> list[int]:
    """Numbers of the winner and of the runner-up of a decided bracket."""
    final = tournament.bracket[-1]
    return [final.winner, final.loser]


def prizes(tournament: Tournament, entries: Sequence[Entry], now: datetime) -> list[Prize]:
    """The prizes of a decided tournament, for those who are still known."""
    known = {entry.number: entry for entry in entries}
    return [
        Prize(tournament.number, place, entry.account_id, entry.name, _amount(tournament, share), now)
        for place, (number, share) in enumerate(zip(podium(tournament), tournament.prize_shares, strict=False), start=1)
        if (entry := known.get(number)) is not None
    ]


def prize_by_hand(
    tournament: Tournament, entries: Sequence[Entry], given: Sequence[Prize], place: int, winner: int, now: datetime
) -> Prize:
    """The prize of a place that nobody was given one for, once a tournament is over, however it ended.

    Raises:
        Conflict: the tournament is not over, or the place has its prize.
        NotFound: there is no prize for that place, or the winner does not take part.

    """
    if (tournament.state, TournamentAct.CANCEL) in TRANSITIONS:
        raise Conflict("The tournament is not over.", hint="Prizes are recorded by themselves once it is.")
    if place not in range(1, len(tournament.prize_shares) + 1):
        raise NotFound("There is no prize for this place.")
    if any(prize.place == place for prize in given):
        raise Conflict("This place has its prize.", hint="A prize is given once.")
    entry = next((one for one in entries if one.number == winner), None)
    if entry is None:
        raise NotFound("They do not take part in this tournament.")
    amount = _amount(tournament, tournament.prize_shares[place - 1])
    return Prize(tournament.number, place, entry.account_id, entry.name, amount, now)


def _amount(tournament: Tournament, share: int) -> int:
    return tournament.prize_pool * share // 100
