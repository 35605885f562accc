"""`mythgate moderation`: reports, measures, appeals and filters of words, from the machine the server runs on. What is
changed takes effect within a second if the server runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from mythgate.cli.offline import on_services
from mythgate.cli.output import EXIT_FAILED, DataDir, Json, fail, print_json, print_table
from mythgate.cli.running import ask
from mythgate.domain.filters import Applies, FilterAction, FilterScope, WordFilter
from mythgate.domain.ids import AccountId
from mythgate.domain.measures import AppealStep, Measure, MeasureKind, Scope, network_of, until, where
from mythgate.domain.reports import ReportState, ReportStep, Urgency
from mythgate.domain.sessions import OPERATOR

if TYPE_CHECKING:
    from mythgate.services.all import Services
    from mythgate.services.reports import Case

app = typer.Typer(help="Reports, measures, appeals, filters of words.", no_args_is_help=True)

T = TypeVar("T")
Number = Annotated[int, typer.Argument(min=0, help="Number, as the list shows it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept in the record.")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="How many at most.")]
Answer = Annotated[str, typer.Option(help="What those who asked are told.")]


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment is not None else "-"


def _row(record: Any) -> dict[str, Any]:
    """A record as JSON has it; enums by their names."""
    return {key: getattr(value, "value", value) for key, value in asdict(record).items()}


# --- reports ---------------------------------------------------------------------------------------


@app.command()
def reports(
    state: Annotated[ReportState | None, typer.Option(help="Only those in this state.")] = None,
    limit: Limit = 50,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List reports, the most urgent first.

    Example:  mythgate moderation reports --state open
    """
    found = on_services(data_dir, lambda services: services.reports.page(OPERATOR, state=state, limit=limit))
    if json:
        print_json([_row(one) for one in found])
        return
    print_table(
        ("number", "about", "where", "reported", "state", "urgency", "people"),
        (
            (
                str(one.number),
                one.subject_name or "somebody who is gone",
                one.place_name,
                _when(one.created_at),
                f"{one.state.value}{f' by {one.claimed_name}' if one.claimed_name else ''}",
                Urgency(one.urgency).name.lower(),
                str(one.voices),
            )
            for one in found
        ),
        empty="There are no such reports.",
    )


@app.command()
def report(number: Number, data_dir: DataDir = None, json: Json = False) -> None:
    """Show a report with its evidence, and whether that is as it was taken.

    Example:  mythgate moderation report 12
    """
    case = on_services(data_dir, lambda services: services.reports.case(OPERATOR, number))
    if json:
        print_json(_case(case))
        return
    one = case.report
    print(
        f"Report {one.number} about {one.subject_name or 'somebody who is gone'}, {one.place_name}: {one.state.value}"
    )
    for voice in case.voices:
        print(f"  {_when(voice.at)}  {voice.name or 'somebody who is gone'}: {voice.reason}")
    if one.answer:
        print(f"Answer: {one.answer}")
    print()
    for line in case.lines:
        if line.channel != "report":
            mark = "+" if line.after else " "
            words = "(erased)" if line.erased else f"{line.name}: {line.text}"
            print(f"{line.position:4} {mark} {line.at:%H:%M:%S}  [{line.channel}] {words}")
    print()
    print(_verdict(case))


def _case(case: Case) -> Mapping[str, Any]:
    return {
        **_row(case.report),
        "said": [_row(one) for one in case.voices],
        "evidence": [_row(one) for one in case.lines],
        "verdict": asdict(case.verdict),
    }


def _verdict(case: Case) -> str:
    verdict = case.verdict
    if not verdict.genuine:
        return f"NOT GENUINE: {verdict.problem}"
    erased = f", {verdict.erased} of them erased" if verdict.erased else ""
    return f"The evidence is as it was taken: {verdict.lines} lines{erased}."


@app.command()
def verify(number: Number, data_dir: DataDir = None, json: Json = False) -> None:
    """Check the evidence of a report; the program fails if anything was changed.

    Example:  mythgate moderation verify 12
    """
    case = on_services(data_dir, lambda services: services.reports.case(OPERATOR, number))
    print_json(asdict(case.verdict)) if json else print(_verdict(case))
    if not case.verdict.genuine:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def step(
    number: Number,
    action: Annotated[ReportStep, typer.Argument(help="What to do with the report.")],
    answer: Answer = "",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Claim a report, release it, resolve or dismiss it, or open it again.

    Example:  mythgate moderation step 12 resolve --answer "He was warned."
    """
    path, body = f"/api/admin/reports/{number}/step", {"step": action.value, "answer": answer}
    told = _told(data_dir, path, body, lambda services: services.reports.step(OPERATOR, number, action, answer))
    state = told["state"] if isinstance(told, dict) else told.state.value
    print_json({"number": number, "state": state}) if json else print(f"Report {number} is {state} now.")


# --- measures --------------------------------------------------------------------------------------


@app.command()
def measures(
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    limit: Limit = 50,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List bans and mutes, the newest first.

    Example:  mythgate moderation measures
    """
    found = on_services(data_dir, lambda services: services.measures.page(OPERATOR, active=not every, limit=limit))
    if json:
        print_json([_row(one) for one in found])
        return
    print_table(
        ("number", "what", "against", "by", "until", "reason"),
        (
            (
                str(one.number),
                f"{one.kind.value}{where(one)}",
                one.name if one.account_id is not None else one.network,
                one.by_name or one.by_account_id,
                "lifted" if one.lifted_at is not None else until(one),
                one.reason or "-",
            )
            for one in found
        ),
        empty="Nobody is banned or muted.",
    )


@app.command()
def take(
    kind: Annotated[MeasureKind, typer.Argument(help="Ban or mute.")],
    whom: Annotated[str, typer.Argument(help="Name of an account, or with --network an address or a range of them.")],
    network: Annotated[bool, typer.Option("--network", help="WHOM is an address, such as 192.0.2.0/24.")] = False,
    minutes: Annotated[float | None, typer.Option(help="For so long; without it, until it is lifted.")] = None,
    lobby: Annotated[int | None, typer.Option(help="Only in this lobby, by number.")] = None,
    room: Annotated[str, typer.Option(help="Only in this room of the world, by id.")] = "",
    door: Annotated[str, typer.Option(help="Only through this door: http, metaserver, shards or telnet.")] = "",
    reason: Why = "",
    show_reason: Annotated[bool, typer.Option("--show-reason", help="Tell them the reason.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Ban or mute somebody, everywhere or in one place.

    Examples:  mythgate moderation take ban ada --minutes 1440 --reason cheating   ·
    mythgate moderation take ban 192.0.2.0/24 --network   ·   mythgate moderation take mute ada --lobby 26
    """
    places = [(Scope.LOBBY, "" if lobby is None else str(lobby)), (Scope.ROOM, room), (Scope.DOOR, door)]
    named = [(scope, place) for scope, place in places if place]
    if len(named) > 1:
        fail("A measure holds in one place.", "Give one of --lobby, --room and --door, or none.")
    scope, place = named[0] if named else (Scope.EVERYWHERE, "")

    async def work(services: Services) -> Measure:
        from mythgate.services.enforcement import NewMeasure

        account = None if network else await _account(services, whom)
        wanted = NewMeasure(
            kind, account, network_of(whom) if network else "", scope, place, minutes, reason, show_reason
        )
        return await services.measures.take(OPERATOR, wanted)

    made = on_services(data_dir, work)
    words = (
        f"{made.name or made.network} is {'banned' if kind is MeasureKind.BAN else 'muted'}{where(made)} {until(made)}."
    )
    print_json(_row(made)) if json else print(
        f"{words} This is measure {made.number}; they can appeal with {made.code}."
    )


async def _account(services: Services, name: str) -> AccountId:
    account = await services.accounts.find(OPERATOR, name)
    if account is None:
        fail(f"There is no account named {name}.", "List them with: mythgate user list")
    return account.id


@app.command()
def lift(number: Number, reason: Why = "", data_dir: DataDir = None, json: Json = False) -> None:
    """End a measure before its time.

    Example:  mythgate moderation lift 7
    """
    lifted = on_services(data_dir, lambda services: services.measures.lift(OPERATOR, number, reason))
    print_json(_row(lifted)) if json else print(f"Measure {number} against {lifted.name or lifted.network} is lifted.")


@app.command()
def change(
    number: Number,
    minutes: Annotated[float | None, typer.Option(help="It ends so many minutes from now.")] = None,
    without_end: Annotated[bool, typer.Option("--without-end", help="It holds until it is lifted.")] = False,
    reason: Annotated[str | None, typer.Option(help="Another reason.")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Change when a measure ends, or its reason.

    Example:  mythgate moderation change 7 --minutes 60
    """
    changed = on_services(
        data_dir,
        lambda services: services.measures.change(
            OPERATOR, number, minutes=minutes, without_end=without_end, reason=reason
        ),
    )
    print_json(_row(changed)) if json else print(f"Measure {number} holds {until(changed)}.")


# --- appeals ---------------------------------------------------------------------------------------


@app.command()
def appeals(
    every: Annotated[bool, typer.Option("--all", help="Also those that are decided.")] = False,
    limit: Limit = 50,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List appeals, the newest first.

    Example:  mythgate moderation appeals
    """
    found = on_services(data_dir, lambda services: services.appeals.page(OPERATOR, open_only=not every, limit=limit))
    if json:
        print_json([_row(one.appeal) | {"against": _row(one.measure)} for one in found])
        return
    for one in found:
        appeal, measure = one.appeal, one.measure
        whom = appeal.name or measure.network
        print(f"{appeal.number}  {whom}, {measure.kind.value}{where(measure)} {until(measure)}: {appeal.state.value}")
        print(f"    {measure.reason or 'no reason given'}; by {measure.by_name or measure.by_account_id}")
        print("\n".join(f"    > {line}" for line in appeal.text.splitlines()))
    if not found:
        print("Nobody waits for an answer." if not every else "Nobody has appealed.")


@app.command()
def decide(
    number: Number,
    decision: Annotated[AppealStep, typer.Argument(help="Grant it, which lifts the measure, or refuse it.")],
    answer: Answer = "",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Decide an appeal.

    Example:  mythgate moderation decide 3 grant --answer "Welcome back."
    """
    decided = on_services(data_dir, lambda services: services.appeals.decide(OPERATOR, number, decision, answer))
    print_json(_row(decided)) if json else print(f"Appeal {number} is {decided.state.value}.")


# --- filters ---------------------------------------------------------------------------------------


@app.command()
def filters(data_dir: DataDir = None, json: Json = False) -> None:
    """List the filters of words.

    Example:  mythgate moderation filters
    """
    found = on_services(data_dir, lambda services: services.filters.all(OPERATOR))
    if json:
        print_json([_row(one) for one in found])
        return
    print_table(
        ("number", "words", "what is done", "looks at", "where"),
        (_filter_row(one) for one in found),
        empty="There are no filters.",
    )


def _filter_row(one: WordFilter) -> Sequence[str]:
    done = one.action.value
    if one.action is FilterAction.MUTE:
        done = f"mute {one.mute_minutes} min after {one.hits} in {one.within_minutes} min"
    words = f"{one.pattern}{' (also within words)' if one.anywhere else ''}{'' if one.enabled else ' (off)'}"
    place = one.scope.value if not one.place else f"{one.scope.value} {one.place}"
    return (str(one.number), words, done, one.applies.value, place)


@app.command("filter")
def add_filter(
    pattern: Annotated[str, typer.Argument(help="One word or several.")],
    action: Annotated[FilterAction, typer.Option(help="What is done about them.")] = FilterAction.MASK,
    anywhere: Annotated[bool, typer.Option("--anywhere", help="Also within longer words.")] = False,
    applies: Annotated[Applies, typer.Option(help="What is looked at.")] = Applies.BOTH,
    scope: Annotated[FilterScope, typer.Option(help="Where.")] = FilterScope.EVERYWHERE,
    place: Annotated[str, typer.Option(help="Number of the lobby, id of the room, name of the door.")] = "",
    private: Annotated[bool, typer.Option("--private", help="Also in words to one person.")] = False,
    message: Annotated[str, typer.Option(help="What whoever is refused reads.")] = "",
    hits: Annotated[int, typer.Option(min=1, max=100, help="Of `mute`: so many mute.")] = 3,
    mute_minutes: Annotated[int, typer.Option(min=1, max=525_600, help="Of `mute`: for so long.")] = 30,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Have words looked for in talk and names.

    Examples:  mythgate moderation filter "buy gold" --action refuse   ·   mythgate moderation filter slug --anywhere
    """
    values = {
        "anywhere": anywhere,
        "applies": applies,
        "scope": scope,
        "place": place,
        "private": private,
        "message": message,
        "hits": hits,
        "mute_minutes": mute_minutes,
    }
    made = on_services(data_dir, lambda services: services.filters.add(OPERATOR, pattern, action, **values))
    print_json(_row(made)) if json else print(f"Filter {made.number} looks for {made.pattern}.")


@app.command()
def unfilter(number: Number, data_dir: DataDir = None, json: Json = False) -> None:
    """Look for the words of a filter no more.

    Example:  mythgate moderation unfilter 4
    """
    gone = on_services(data_dir, lambda services: services.filters.remove(OPERATOR, number))
    print_json(_row(gone)) if json else print(f"Filter {number} ({gone.pattern}) is removed.")


# --- with the running server -----------------------------------------------------------------------


@app.command()
def delete(
    message_id: Annotated[str, typer.Argument(help="Id of the message, as the log of a client or a report has it.")],
    reason: Why = "",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Delete a message from the histories, and from what clients show. The server has to run.

    Example:  mythgate moderation delete 01945a3e-7c1a-7b3c-9d2e-1f2a3b4c5d6e
    """
    told = _asked(data_dir, "/api/admin/messages/delete", {"id": message_id, "reason": reason})
    if told is None:
        fail("No server runs on this folder; what was said is gone with it.")
    print_json(told) if json else print(f"The message is gone from: {', '.join(told['topics'])}")


@app.command()
def kick(
    name: Annotated[str, typer.Argument(help="Name of the account.")],
    reason: Annotated[str, typer.Option(help="Shown to them.")] = "",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Put somebody out, wherever they are; they may come back. The server has to run.

    Example:  mythgate moderation kick ada --reason "Please read the rules."
    """

    async def find(services: Services) -> AccountId:
        return await _account(services, name)

    account = on_services(data_dir, find)
    told = _asked(data_dir, "/api/admin/kicks", {"account_id": account, "reason": reason})
    if told is None:
        fail("No server runs on this folder, so nobody is on.")
    print_json(told) if json else print(f"{name} was put out of {told['places']} place(s).")


def _asked(data_dir: str | None, path: str, body: object) -> Any:
    from mythgate.cli.output import settings_or_exit

    return ask(settings_or_exit(data_dir=data_dir), path, method="POST", body=body)


def _told(data_dir: str | None, path: str, body: object, work: Callable[[Services], Awaitable[T]]) -> Any:
    """Through the server if it runs, which tells people at once; else to the database."""
    told = _asked(data_dir, path, body)
    return on_services(data_dir, work) if told is None else told
