"""Fights, for clients that show them: the same as the text commands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import Path
from pydantic import BaseModel, Field

from mythgate.domain.combat import BEFOREHAND, MAX_ROUNDS, Acted, Encounter, Joined, Record, replay
from mythgate.domain.events import CombatView
from mythgate.domain.ids import CharacterId, EncounterId
from mythgate.domain.tactics import Deed
from mythgate.doors.http.deps import CallerDep, ChargedCallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router

router = new_router("combat")

_EXAMPLE: Final = "01979c5e-7c2b-7d4a-9d38-1f4b8c2a6e10"

PathId = Annotated[str, Path(min_length=1, max_length=64, examples=[_EXAMPLE])]
_CHANGE = error_responses(400, 401, 403, 404, 409, 413, 422, 429, 503)


class NewFight(BaseModel):
    enemy: str | None = Field(
        None, min_length=1, max_length=100, examples=["corrupt_wolf"], description="A creature here; none: by chance."
    )
    player_id: str | None = Field(
        None, min_length=1, max_length=64, description="The character to challenge to a duel; instead of an enemy."
    )


class Begun(BaseModel):
    """A fight, or that there is none yet."""

    combat: CombatView | None = Field(description="The fight; null: it is over already, or the other is to answer.")


class Help(BaseModel):
    player_id: str = Field(min_length=1, max_length=64, examples=[_EXAMPLE], description="Whom to help, in the room.")


class NewAct(BaseModel):
    deed: Deed = Field(examples=[Deed.LIGHT_ATTACK])
    target: int | None = Field(None, ge=1, le=1000, description="Number of a fighter; none: the first enemy.")
    ability: str = Field("", max_length=100, examples=["Fireball"])
    item: str = Field("", max_length=100, description="What to use up: its id, or in words.")
    combat_id: str | None = Field(None, max_length=64, description="Of the fight one believes to be in.")


class Entry(BaseModel):
    """One thing a fight follows from, in order."""

    kind: str = Field(examples=["act"], description="`join`, `act` or `leave`.")
    fighter: int | None = Field(description="Who acted or left; null for who joined: the next number is theirs.")
    details: dict[str, Any] = Field(description="The act, or who joined.")


class Participant(BaseModel):
    """Somebody who took part."""

    number: int
    name: str
    side: int
    level: int
    condition: str = Field(description="At the end: `standing`, `fallen` or `fled`.")
    initiative: int = Field(description="As rolled.")
    health: int = Field(description="At the end.")


class Dice(BaseModel):
    """Dice that decided something."""

    what: str = Field(examples=["hit"], description="What about.")
    sides: int = Field(examples=[100])
    value: int = Field(description="From 1.")
    needed: int = Field(description="At most this succeeds; 0: the value itself counts.")


class Line(BaseModel):
    """Something that happened."""

    round: int = Field(description="From 1.")
    kind: str = Field(description="`note`, `damage` or `heal`.")
    text: str
    source: int = Field(description="Number of the fighter it came from; 0: nobody.")
    target: int = Field(description="Number of the fighter it befell; 0: nobody.")
    amount: int = Field(description="Health lost or gained.")
    result: str | None = Field(description="How an attack went: `hit`, `miss`, `critical` …; null: there was none.")
    rolls: list[Dice] = Field(description="The dice it came from. What creatures choose is not among them.")


class FightRecord(BaseModel):
    """All a fight follows from, and its log. Told again from the record it is the same to the last blow."""

    id: str
    seed: str = Field(description="As a decimal number. `commitment` is SHA-256 of `id:seed`.")
    commitment: str
    combatants: list[dict[str, Any]] = Field(description="Who was in it from the beginning.")
    entries: list[Entry]
    log: list[str] = Field(description="What happened, as it is found by telling the record again.")
    fighters: list[Participant] = Field(description="All who took part, by number.")
    rounds: int = Field(description="How many there were.")
    beforehand: list[Dice] = Field(description="The dice of who was in it from the beginning for who acts first.")
    lines: list[Line] = Field(description="The log once more, with the dice that led to each line.")


@router.get("/api/combat", summary="One's fight", responses=error_responses(401, 403, 404, 409, 503))
async def show_fight(caller: CallerDep, services: ServicesDep) -> CombatView:
    """The fight the caller's character stands in, as it is now."""
    return services.encounters.view_of(services.presence.acting(caller))


@router.post("/api/combat", status_code=201, summary="Begin a fight", responses=_CHANGE)
async def begin_fight(body: NewFight, caller: ChargedCallerDep, services: ServicesDep) -> Begun:
    """Fight a creature that lives here, or challenge somebody; whoever challenges the challenger accepts."""
    actor, encounters = services.presence.acting(caller), services.encounters
    target = CharacterId(body.player_id) if body.player_id is not None else None
    encounter = await encounters.start(actor, enemy=body.enemy, target=target)
    over = encounter is None or encounters.of(actor) is None
    return Begun(combat=None if over else encounters.view_of(actor))


@router.post("/api/combat/join", summary="Help somebody who fights", responses=_CHANGE)
async def join_fight(body: Help, caller: ChargedCallerDep, services: ServicesDep) -> CombatView:
    """Join a fight with creatures in the same room; one acts from the next round on."""
    actor = services.presence.acting(caller)
    await services.encounters.join(actor, CharacterId(body.player_id))
    return services.encounters.view_of(actor)


@router.post("/api/combat/act", summary="Use one's turn", responses=_CHANGE)
async def act(body: NewAct, caller: ChargedCallerDep, services: ServicesDep) -> CombatView:
    """Strike, take a stance, use an ability or a thing, flee, or wait."""
    actor = services.presence.acting(caller)
    return await services.encounters.act(
        actor, body.deed, target=body.target, ability=body.ability, item=body.item, encounter_id=body.combat_id
    )


@router.get(
    "/api/combats/{combat_id}", summary="The record of a fight", responses=error_responses(401, 403, 404, 422, 503)
)
async def fight_record(combat_id: PathId, _: CallerDep, services: ServicesDep) -> FightRecord:
    """A fight that is over, for who wants to prove it. The server keeps the last ones."""
    return _shown(services.encounters.record(EncounterId(combat_id)))


def _shown(record: Record) -> FightRecord:
    entries = []
    for one in record.entries:
        if isinstance(one, Joined):
            entries.append(Entry(kind="join", fighter=None, details=asdict(one.combatant)))
        elif isinstance(one, Acted):
            entries.append(Entry(kind="act", fighter=one.number, details=asdict(one.act)))
        else:
            entries.append(Entry(kind="leave", fighter=one.number, details={}))
    told = replay(record)
    dice = _dice_by_line(told)
    return FightRecord(
        id=record.id,
        seed=str(record.seed),
        commitment=told.commitment,
        combatants=[asdict(one) for one in record.combatants],
        entries=entries,
        log=[one.text for one in told.told],
        fighters=[
            Participant(
                number=one.number,
                name=one.name,
                side=one.side,
                level=one.entered.level,
                condition=one.condition.value,
                initiative=one.speed,
                health=one.now.health,
            )
            for one in told.fighters
        ],
        rounds=min(told.round, MAX_ROUNDS),
        beforehand=dice[BEFOREHAND],
        lines=_lines(told, dice),
    )


def _dice_by_line(told: Encounter) -> dict[int, list[Dice]]:
    found: dict[int, list[Dice]] = {}
    for roll in told.rolls:
        dice = Dice(what=roll.what, sides=roll.sides, value=roll.value, needed=roll.needed)
        found.setdefault(roll.line, []).append(dice)
    return found


def _lines(told: Encounter, dice: Mapping[int, list[Dice]]) -> list[Line]:
    """What happened, each with its round and its dice."""
    return [
        Line(
            round=bisect_right(told.begins, number),
            kind=one.kind.value,
            text=one.text,
            source=one.source,
            target=one.target,
            amount=one.amount,
            result=one.result.value if one.result is not None else None,
            rolls=dice.get(number, []),
        )
        for number, one in enumerate(told.told)
    ]
