"""`mythgate user`: accounts, from the machine the server runs on. Works while it runs, too."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mythgate.cli.offline import on_services
from mythgate.cli.output import DataDir, Json, aligned, fail, print_json, print_table
from mythgate.domain.accounts import Account, AccountStatus, Role, is_hidden
from mythgate.domain.ids import AccountId
from mythgate.domain.sessions import OPERATOR
from mythgate.services import lockouts

if TYPE_CHECKING:
    from mythgate.domain.characters import Character
    from mythgate.domain.moderation import AuditEntry
    from mythgate.services.all import Services

app = typer.Typer(help="List, make and change accounts.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the account, as people write it.")]
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
    name: Name, new_name: Annotated[str, typer.Argument(help="The new name.")], data_dir: DataDir = None
) -> None:
    """Give an account another name.

    Example:  mythgate user rename ada ada-of-the-moor
    """

    async def work(services: Services) -> Account:
        return await services.accounts.rename(OPERATOR, (await _find(services, name)).id, new_name)

    print(f"The account is called {on_services(data_dir, work).name} now.")


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
