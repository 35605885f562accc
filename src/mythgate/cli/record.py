"""`mythgate record`: who did what, from the machine the server runs on. Works while it runs, too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mythgate.cli.offline import on_services
from mythgate.cli.output import EXIT_FAILED, DataDir, Json, aligned, fail, print_json
from mythgate.domain.record import Fault, Sought, Verification
from mythgate.domain.sessions import OPERATOR

if TYPE_CHECKING:
    from mythgate.services.all import Services
    from mythgate.services.record import RecordPage

_WORDS: Final = {
    Fault.CHANGED: "what it says is not what was recorded",
    Fault.BROKEN: "it does not follow on the entry before: something was changed, put in or taken out",
    Fault.EMPTIED: "what it said is gone, and no erasure names it",
    Fault.UNLINKED: "it has no hash",
}


def record(
    actor: Annotated[str, typer.Option(help="Only what this account did; `cli` for this command line.")] = "",
    action: Annotated[str, typer.Option(help="Only this act, or all that begin so: `account`.")] = "",
    subject: Annotated[str, typer.Option(help="Only what was done to this account, lobby, ...")] = "",
    text: Annotated[str, typer.Option(help="Only entries that say this.")] = "",
    since: Annotated[datetime | None, typer.Option(help="Only from this time on, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only before this time, in UTC.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most, the newest.", min=1, max=500)] = 50,
    verify: Annotated[bool, typer.Option("--verify", help="Check that nobody changed the record.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Show who did what, the newest last, or check that nobody changed the record.

    Examples:  mythgate record --actor ada --since 2026-01-01   ·   mythgate record --verify
    """
    if verify:
        _verify(data_dir, json=json)
        return
    sought = Sought(actor, action, subject, text, _utc(since), _utc(until))

    async def work(services: Services) -> RecordPage:
        return await services.record.search(OPERATOR, sought, limit=limit)

    page = on_services(data_dir, work)
    if json:
        print_json(
            [
                {
                    "number": one.number,
                    "at": one.at,
                    "actor": one.actor,
                    "actor_name": page.names.get(one.actor),
                    "action": one.action,
                    "subject": one.subject,
                    "subject_name": page.names.get(one.subject),
                    "detail": dict(one.detail),
                }
                for one in page.entries
            ]
        )
        return
    if not page.entries:
        print("Nothing on record fits.")
        return
    rows = [
        (
            str(one.number),
            f"{one.at:%Y-%m-%d %H:%M}",
            page.names.get(one.actor, one.actor),
            one.action,
            page.names.get(one.subject, "" if "name" in one.detail else one.subject),
            ", ".join(f"{key} {value}" for key, value in one.detail.items() if value),
        )
        for one in reversed(page.entries)
    ]
    print("\n".join(aligned(rows)))


def _verify(data_dir: str | None, *, json: bool) -> None:
    async def work(services: Services) -> Verification:
        return await services.record.verify(OPERATOR)

    found = on_services(data_dir, work)
    if json:
        print_json(
            {
                "sound": found.is_sound,
                "entries": found.entries,
                "before_chain": found.before_chain,
                "erased": found.erased,
                "newest": found.newest,
                "hash": found.link.hex(),
                "faults": [{"number": one.number, "fault": one.fault.value} for one in found.findings],
            }
        )
        if not found.is_sound:
            raise typer.Exit(EXIT_FAILED)
        return
    for one in found.findings:
        print(f"entry {one.number}: {_WORDS[one.fault]}.")
    if not found.is_sound:
        fail("The record was changed.", "Compare it with a backup: mythgate backup list")
    notes = [
        f"{found.before_chain} of them are from before there were hashes" if found.before_chain else "",
        f"{found.erased} were emptied when a person was erased" if found.erased else "",
    ]
    said = "; ".join(note for note in notes if note)
    print(f"The record is sound: {found.entries} entries{f' ({said})' if said else ''}.")
    print(f"The newest is {found.newest}, its hash {found.link.hex()}.")


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
