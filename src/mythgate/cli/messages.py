"""`mythgate motd`, `mythgate announce`, `mythgate announcement`: what the server says by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mythgate.cli.offline import on_services
from mythgate.cli.output import DataDir, Json, fail, print_json, print_table
from mythgate.cli.room import key_of
from mythgate.cli.status import asked
from mythgate.domain.announcements import Repeat, Schedule
from mythgate.domain.sessions import OPERATOR

if TYPE_CHECKING:
    from mythgate.services.all import Services

app = typer.Typer(help="Announcements that the server makes by itself.", no_args_is_help=True)


def motd(
    text: Annotated[
        str | None, typer.Argument(help="What everybody reads who comes; without, it is shown.", show_default=False)
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Greet with nothing.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Show or change what everybody reads who comes to the server, through whatever door.

    A server that runs has it within a second. Example:  mythgate motd "The server moves tonight at eight."
    """
    if clear and text is not None:
        fail("Either a text or --clear.")

    async def work(services: Services) -> str:
        if clear or text is not None:
            return await services.announcements.set_motd(OPERATOR, text or "")
        await services.announcements.catch_up()
        return services.announcements.motd

    words = on_services(data_dir, work)
    if json:
        print_json({"motd": words})
    else:
        print(words or "There is no message of the day.")


def announce(
    text: Annotated[str, typer.Argument(help="What everybody on the server reads now.")],
    room: Annotated[str, typer.Option(help="Only in this room: `mythgate room list`.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Tell everybody who is on something in the name of the server, now.

    Examples:  mythgate announce "Restart in five minutes."   ·   mythgate announce "The cup begins." --room 26
    """
    path = f"/api/admin/rooms/{key_of(room)}/announce" if room else "/api/admin/announce"
    told = asked(data_dir, path, method="POST", body={"text": text})
    print(f"Told: {told['text']}")


@app.command("list")
def list_announcements(data_dir: DataDir = None, json: Json = False) -> None:
    """List announcements by schedule, those that are over among them.

    Example:  mythgate announcement list --json
    """
    found = on_services(data_dir, lambda services: services.announcements.all(OPERATOR))
    if json:
        print_json([_as_json(one) for one in found])
        return
    print_table(
        ("number", "when", "next", "until", "where", "text"),
        (
            (
                str(one.number),
                _when(one),
                _moment(one.next_at) or "over",
                _moment(one.ends_at),
                one.place or "everywhere",
                " / ".join(one.text.splitlines()),
            )
            for one in found
        ),
        empty="Nothing is announced by schedule.",
    )


@app.command()
def add(
    text: Annotated[str, typer.Argument(help="What is told.")],
    every: Annotated[int | None, typer.Option(metavar="MINUTES", help="Again and again, first after so many.")] = None,
    daily: Annotated[str, typer.Option(metavar="HH:MM", help="Each day at this time in --zone.")] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="Once: 2027-01-30T20:00, in --zone unless it says.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Not after this; likewise.")] = "",
    zone: Annotated[str, typer.Option(help="Time zone, like Europe/Berlin.")] = "UTC",
    room: Annotated[str, typer.Option(help="Only in this room: number of a lobby, or id of a room.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Have something announced by schedule. A server that runs goes by it at once.

    Examples:  mythgate announcement add "Be kind." --every 60
    mythgate announcement add "The cup begins." --daily 20:00 --zone Europe/Berlin --room 26
    """
    minutes = _minutes(daily) if daily else None
    once, end = (_parsed(words, zone) if words else None for words in (at, until))

    async def work(services: Services) -> Schedule:
        await services.lobbies.catch_up()
        return await services.announcements.add(
            OPERATOR,
            text,
            place=key_of(room) if room else "",
            every=every,
            daily=minutes,
            at=once,
            zone=zone,
            ends_at=end,
        )

    added = on_services(data_dir, work)
    print(f"Announcement {added.number} is told {_when(added)}, next at {_moment(added.next_at)}.")


@app.command()
def remove(
    number: Annotated[int, typer.Argument(help="`mythgate announcement list` has it.")], data_dir: DataDir = None
) -> None:
    """Announce something no more.

    Example:  mythgate announcement remove 2
    """
    on_services(data_dir, lambda services: services.announcements.remove(OPERATOR, number))
    print(f"Announcement {number} is removed.")


def _minutes(text: str) -> int:
    try:
        moment = datetime.strptime(text, "%H:%M")  # noqa: DTZ007 (only the time of day)
    except ValueError:
        fail(f"{text!r} is no time of day.", "Write it like --daily 20:00.")
    return moment.hour * 60 + moment.minute


def _parsed(text: str, zone: str) -> datetime:
    from zoneinfo import ZoneInfo

    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OSError):
        fail(f"{text!r} is no time, or {zone!r} is no time zone.", "Write it like 2027-01-30T20:00, or with +01:00.")


def _when(one: Schedule) -> str:
    if one.repeat is Repeat.EVERY:
        return f"every {one.minutes} min"
    if one.repeat is Repeat.DAILY:
        return f"daily at {one.minutes // 60:02}:{one.minutes % 60:02} {one.zone}"
    return "once"


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}" if at is not None else ""


def _as_json(one: Schedule) -> dict[str, Any]:
    return {
        "number": one.number,
        "text": one.text,
        "room": one.place,
        "repeat": one.repeat.value,
        "minutes": one.minutes,
        "zone": one.zone,
        "next_at": one.next_at,
        "ends_at": one.ends_at,
        "told_at": one.told_at,
    }
