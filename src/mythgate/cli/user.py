"""`mythgate user`: accounts, from the machine the server runs on. Works while it runs, too."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mythgate.cli.offline import on_services
from mythgate.cli.output import DataDir, Json, aligned, as_json, fail, print_json, print_table
from mythgate.domain.accounts import Account, AccountStatus, Role, is_hidden
from mythgate.domain.ids import AccountId
from mythgate.domain.permissions import Permission
from mythgate.domain.sessions import OPERATOR
from mythgate.services import lockouts

if TYPE_CHECKING:
    from mythgate.domain.apitokens import ApiToken
    from mythgate.domain.characters import Character
    from mythgate.domain.moderation import AuditEntry
    from mythgate.domain.people import Note
    from mythgate.services.all import Services
    from mythgate.services.personaldata import Alternates, Erasure, Export

app = typer.Typer(help="List, make and change accounts.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the account, as people write it.")]
Because = Annotated[str, typer.Option("--reason", help="Why; kept in the record.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


async def _find(services: Services, name: str) -> Account:
    account = await services.accounts.find(OPERATOR, name)
    if account is None:
        fail(f"There is no account named {name}.", "List them with: mythgate user list")
    return account


def _row(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "number": account.number,
        "name": account.name,
        "role": account.role.value,
        "status": account.status.value,
        "guest": account.is_guest,
        "hidden": is_hidden(account),
        "email": account.email,
        "created_at": account.created_at,
        "last_login_at": account.last_login_at,
    }


def _when(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"


@app.command("list")
def list_accounts(
    text: Annotated[str, typer.Argument(help="Only names that contain this.")] = "",
    role: Annotated[Role | None, typer.Option(help="Only this role.")] = None,
    status: Annotated[AccountStatus | None, typer.Option(help="Only this status.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=10000)] = 200,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List accounts by age.

    Examples:  mythgate user list --json   ·   mythgate user list --role admin
    """
    found = on_services(
        data_dir, lambda services: services.accounts.search(OPERATOR, text, role=role, status=status, limit=limit)
    )
    if json:
        print_json([_row(account) for account in found])
        return
    print_table(
        ("name", "role", "status", "registered", "last log-in"),
        (
            (
                account.name + (" (guest)" if account.is_guest else " (hidden)" if is_hidden(account) else ""),
                account.role.value,
                account.status.value,
                _when(account.created_at),
                _when(account.last_login_at),
            )
            for account in found
        ),
        empty="No account fits." if text or role or status else "There are no accounts yet.",
    )


@app.command()
def show(name: Name, data_dir: DataDir = None, json: Json = False) -> None:
    """Show one account with its characters and its last acts on record.

    Example:  mythgate user show ada
    """

    async def work(
        services: Services,
    ) -> tuple[dict[str, Any], list[Character], list[AuditEntry], Mapping[str, str]]:
        account = await _find(services, name)
        characters = await services.store.read(lambda tx: tx.characters.of_account(account.id))
        audit = await services.moderation.audit(OPERATOR, subject=account.id, limit=20)
        until, game_hash = await services.store.read(
            lambda tx: (lockouts.ends(tx).get(account.id), tx.game_passwords.get(account.id))
        )
        row = _row(account) | {
            "locked_until": until if account.status is AccountStatus.DISABLED else None,
            "game_password": game_hash is not None,
        }
        return row, characters, audit, await _names(services, characters, audit)

    row, characters, audit, names = on_services(data_dir, work)
    if json:
        print_json(
            row
            | {
                "characters": [
                    {"id": one.id, "name": one.name, "room_id": one.room_id, "room_name": names.get(one.room_id)}
                    for one in characters
                ],
                "audit": [
                    {
                        "at": one.at,
                        "actor": one.actor,
                        "actor_name": names.get(one.actor),
                        "action": one.action,
                        "detail": one.detail,
                    }
                    for one in audit
                ],
            }
        )
        return
    for key, value in row.items():
        is_moment = key.endswith("_at") or isinstance(value, datetime)
        print(f"{key.replace('_', ' '):14} {_when(value) if is_moment else _word(value)}")
    places = [f"{one.name} in {names.get(one.room_id, one.room_id)}" for one in characters]
    print(f"{'characters':14} {', '.join(places) or '-'}")
    if audit:
        print()
    rows = [
        (
            _when(entry.at),
            entry.action,
            f"by {names.get(entry.actor, entry.actor)}",
            ", ".join(f"{key} {value}" for key, value in entry.detail.items() if value),
        )
        for entry in audit
    ]
    print("\n".join(aligned(rows)))


async def _names(services: Services, characters: Sequence[Character], audit: Sequence[AuditEntry]) -> Mapping[str, str]:
    """What people call the places and actors behind these ids; those that are no more are left out."""
    rooms = (services.world.world.room(one.room_id) for one in characters)
    actors = {entry.actor for entry in audit}
    accounts = await services.store.read(lambda tx: [tx.accounts.get(AccountId(actor)) for actor in actors])
    return {
        OPERATOR.account_id: "the command line",
        **{room.id: room.name for room in rooms if room is not None},
        **{account.id: account.name for account in accounts if account is not None},
    }


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in (None, "") else str(value)


@app.command()
def create(
    name: Name,
    role: Annotated[Role, typer.Option(help="Role of the account.")] = Role.PLAYER,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Make an account. The password is asked for, or read as one line from standard input.

    Example:  mythgate user create ada --role admin
    """
    password = _new_password()
    account = on_services(
        data_dir, lambda services: services.accounts.create(OPERATOR, name, password, role=role), makes=True
    )
    print_json(_row(account)) if json else print(f"{account.name} is registered, role {account.role.value}.")


@app.command("role")
def set_role(name: Name, role: Annotated[Role, typer.Argument(help="The new role.")], data_dir: DataDir = None) -> None:
    """Give an account another role.

    Example:  mythgate user role ada owner
    """

    async def work(services: Services) -> Account:
        return await services.accounts.set_role(OPERATOR, (await _find(services, name)).id, role)

    account = on_services(data_dir, work)
    print(f"{account.name} is {account.role.value} now.")


@app.command()
def hide(
    name: Name,
    show: Annotated[bool, typer.Option("--show", help="Show the account again.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Let a member of the staff come into lobbies unseen from now on, or with --show be seen again.

    Example:  mythgate user hide ada
    """

    async def work(services: Services) -> Account:
        return await services.accounts.set_hidden(OPERATOR, (await _find(services, name)).id, not show)

    account = on_services(data_dir, work)
    print(f"{account.name} {'is shown' if show else 'comes in unseen'} from the next log-in on.")


@app.command()
def password(name: Name, data_dir: DataDir = None) -> None:
    """Set a new password and end all sessions of the account. It is asked for, or read from standard input.

    Example:  mythgate user password ada
    """
    new = _new_password()

    async def work(services: Services) -> Account:
        account = await _find(services, name)
        await services.accounts.reset_password(OPERATOR, account.id, new)
        return account

    print(f"{on_services(data_dir, work).name} has a new password and is signed out everywhere.")


@app.command()
def disable(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; kept in the record.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Lock an account out. All its sessions end.

    Example:  mythgate user disable ada --reason "spam"
    """

    async def work(services: Services) -> Account:
        return await services.accounts.disable(OPERATOR, (await _find(services, name)).id, reason)

    print(f"{on_services(data_dir, work).name} is disabled and signed out everywhere.")


@app.command()
def enable(name: Name, data_dir: DataDir = None) -> None:
    """Let a disabled account in again.

    Example:  mythgate user enable ada
    """

    async def work(services: Services) -> Account:
        return await services.accounts.enable(OPERATOR, (await _find(services, name)).id)

    print(f"{on_services(data_dir, work).name} may sign in again.")


@app.command()
def rename(
    name: Name,
    new_name: Annotated[str, typer.Argument(help="The new name.")],
    reason: Because = "",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Give an account another name; nobody else gets the one before for 30 days. Its characters keep theirs.

    Example:  mythgate user rename ada ada-of-the-moor
    """

    async def work(services: Services) -> Account:
        return await services.accounts.rename(OPERATOR, (await _find(services, name)).id, new_name, reason)

    account = on_services(data_dir, work)
    print_json(_row(account)) if json else print(f"The account is called {account.name} now.")


@app.command()
def note(
    name: Name,
    text: Annotated[str, typer.Argument(help="What to write down; without it, the notes are listed.")] = "",
    remove: Annotated[int | None, typer.Option("--remove", metavar="NUMBER", help="Take this note away.")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Show the staff's notes about somebody, write one, or take one away.

    Examples:  mythgate user note ada "asked twice to stop"   ·   mythgate user note ada --remove 3
    """

    async def work(services: Services) -> Sequence[Note]:
        account = await _find(services, name)
        if remove is not None:
            await services.notes.remove(OPERATOR, account.id, remove)
        elif text:
            await services.notes.add(OPERATOR, account.id, text)
        return await services.notes.of(OPERATOR, account.id)

    if text and remove is not None:
        fail("Either a text or --remove.", "One at a time: `mythgate user note NAME TEXT`")
    notes = on_services(data_dir, work)
    if json:
        print_json([{"number": one.number, "at": one.created_at, "by": one.by_name, "text": one.text} for one in notes])
        return
    print_table(
        ("number", "written", "by", "note"),
        ((str(one.number), _when(one.created_at), one.by_name, one.text) for one in notes),
        empty=f"There are no notes about {name}.",
    )


@app.command("alts")
def alternates(name: Name, data_dir: DataDir = None, json: Json = False) -> None:
    """Where somebody came from in the last 90 days, and which other accounts came from there. It proves nothing:
    households and networks share addresses.

    Example:  mythgate user alts ada
    """

    async def work(services: Services) -> Alternates:
        return await services.personal_data.alternates(OPERATOR, (await _find(services, name)).id)

    found = on_services(data_dir, work)
    if json:
        print_json(
            {
                "addresses": [
                    {
                        "address": one.address,
                        "door": one.door,
                        "first_at": one.first_at,
                        "last_at": one.last_at,
                        "times": one.times,
                    }
                    for one in found.addresses
                ],
                "others": [
                    {"id": one.account_id, "name": one.name, "addresses": one.addresses, "last_at": one.last_at}
                    for one in found.others
                ],
            }
        )
        return
    print_table(
        ("address", "door", "log-ins", "first", "last"),
        ((one.address, one.door, str(one.times), _when(one.first_at), _when(one.last_at)) for one in found.addresses),
        empty=f"{name} has not come in within the last 90 days.",
    )
    if found.addresses:
        print()
        print_table(
            ("other account", "last from there", "addresses"),
            ((one.name, _when(one.last_at), ", ".join(one.addresses)) for one in found.others),
            empty="Nobody else came from there.",
        )


@app.command()
def export(
    name: Name,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Write everything that is stored about a person as one JSON, to hand to them. It holds no passwords.

    Example:  mythgate user export ada --output ada.json
    """

    async def work(services: Services) -> Export:
        return await services.personal_data.export(OPERATOR, (await _find(services, name)).id)

    made = on_services(data_dir, work)
    document = {
        "format": made.format,
        "exported_at": made.exported_at,
        "account_id": made.account_id,
        "name": made.name,
        "tables": made.tables,
    }
    if output is None:
        print_json(document)
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # for nobody else to read
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}.", "Choose another file; none is overwritten.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(as_json(document))
    rows = sum(len(one) for one in made.tables.values())
    print(f"Everything about {made.name} is in {output}: {rows} rows of {len(made.tables)} tables.")


@app.command()
def erase(
    name: Name,
    reason: Because = "",
    data_dir: DataDir = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Delete all that is personal about somebody, for good. Results keep an anonymous name.

    Example:  mythgate user erase ada --reason "asked for it" --yes
    """
    if not yes:
        typer.confirm(f"Erase {name} for good, with characters, messages and all?", abort=True)

    async def work(services: Services) -> Erasure:
        account = await _find(services, name)
        return await services.personal_data.erase(OPERATOR, account.id, account.name, reason)

    done = on_services(data_dir, work)
    if json:
        print_json({"known_as": done.known_as, "record_entries": done.record_entries})
        return
    print(f"{name} is erased. Where results need a name it is {done.known_as}.")
    print("Backups and log files from before still have the data: see the page about administration.")


# --- the second factor and tokens ------------------------------------------------------------------

factor_app = typer.Typer(help="The second factor of admins and owners.", no_args_is_help=True)
app.add_typer(factor_app, name="second-factor")
token_app = typer.Typer(help="Tokens with which programs do some of the staff's work.", no_args_is_help=True)
app.add_typer(token_app, name="token")


@factor_app.command("reset")
def reset_second_factor(name: Name, reason: Because = "", data_dir: DataDir = None, json: Json = False) -> None:
    """Take the second factor of somebody away who has lost it. All their sessions end.

    Example:  mythgate user second-factor reset ada --reason "lost the phone"
    """

    async def work(services: Services) -> bool:
        return await services.second_factor.reset(OPERATOR, (await _find(services, name)).id, reason)

    had_one = on_services(data_dir, work)
    if json:
        print_json({"had_one": had_one})
    elif had_one:
        print(f"{name} has no second factor any more and is signed out everywhere.")
    else:
        print(f"{name} had no second factor.")


@token_app.command("make")
def make_token(
    owner: Annotated[str, typer.Argument(metavar="OWNER", help="The owner it acts for.")],
    called: Annotated[str, typer.Option("--name", help="What it is for.")],
    permissions: Annotated[list[Permission], typer.Option("--may", help="What it may do; can be repeated.")],
    days: Annotated[float, typer.Option(help="How long it is good.", min=0.01, max=366)] = 90,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Make a token for a program. It is shown once.

    Example:  mythgate user token make ada --name "nightly export" --may see_people --may see_record
    """

    async def work(services: Services) -> tuple[ApiToken, str]:
        account = await _find(services, owner)
        return await services.tokens.make(OPERATOR, called, permissions, timedelta(days=days), owner=account.id)

    made, secret = on_services(data_dir, work)
    if json:
        print_json(_token_row(made, owner) | {"token": secret})
        return
    print(f"Number {made.number}, good until {_when(made.expires_at)} for {', '.join(made.permissions)}.")
    print(f"Send it as `Authorization: Bearer ...` to /api/admin/...; it is not shown again:\n\n{secret}")


@token_app.command("list")
def list_tokens(data_dir: DataDir = None, json: Json = False) -> None:
    """List the tokens, also those that ended.

    Example:  mythgate user token list
    """
    listed = on_services(data_dir, lambda services: services.tokens.list(OPERATOR))
    if json:
        print_json([_token_row(one, listed.names.get(one.account_id, "")) for one in listed.tokens])
        return
    print_table(
        ("number", "name", "owner", "until", "last used", "may"),
        (
            (
                str(one.number),
                one.name,
                listed.names.get(one.account_id, "-"),
                "ended" if one.ended_at else _when(one.expires_at),
                _when(one.last_used_at),
                ", ".join(one.permissions),
            )
            for one in listed.tokens
        ),
        empty="There are no tokens.",
    )


@token_app.command("end")
def end_token(
    number: Annotated[int, typer.Argument(help="Number of the token.")], data_dir: DataDir = None, json: Json = False
) -> None:
    """Have a token be of no use from now on.

    Example:  mythgate user token end 3
    """
    token = on_services(data_dir, lambda services: services.tokens.end(OPERATOR, number))
    print_json({"number": number, "name": token.name}) if json else print(f"{token.name} is of no use any more.")


def _token_row(token: ApiToken, owner: str) -> dict[str, Any]:
    return {
        "number": token.number,
        "name": token.name,
        "owner": owner,
        "permissions": token.permissions,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "ended_at": token.ended_at,
    }


@app.command()
def delete(name: Name, data_dir: DataDir = None, yes: Yes = False) -> None:
    """Delete an account and its characters.

    Example:  mythgate user delete ada --yes
    """
    if not yes:
        typer.confirm(f"Delete {name} and all its characters?", abort=True)

    async def work(services: Services) -> Account:
        account = await _find(services, name)
        await services.accounts.delete(OPERATOR, account.id)
        return account

    print(f"{on_services(data_dir, work).name} is deleted.")


def _new_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("New password: ")
    if getpass.getpass("Once more: ") != first:
        fail("The two passwords differ.")
    return first
