"""What becomes of a person's ties when their account goes: they are in nobody's list and in no clan any more.

Results stay as they were recorded, with the name the person had. Of evidence in reports the hashes stay, so that the
rest of it can be checked still.
"""

from __future__ import annotations

from datetime import datetime

from mythgate.domain import clans
from mythgate.domain.ids import AccountId
from mythgate.domain.tournaments import TournamentState
from mythgate.services.ports import Transaction


def forget(tx: Transaction, account_id: AccountId, now: datetime) -> None:
    """Undo all ties of an account."""
    tx.profiles.delete(account_id)
    tx.game_passwords.clear(account_id)
    tx.friends.forget(account_id)
    tx.notices.forget(account_id)
    tx.second_factors.delete(account_id)
    tx.notes.forget(account_id)
    tx.seen_addresses.forget(account_id)
    tx.kept_names.forget(account_id)
    tx.api_tokens.forget(account_id)
    tx.measures.forget(account_id)
    tx.reports.erase(account_id)
    leave_clan(tx, account_id, now)
    for tournament in tx.tournaments.of_account(account_id):
        if tournament.state is TournamentState.SIGNUP:
            tx.tournaments.withdraw(tournament.number, account_id)


def leave_clan(tx: Transaction, account_id: AccountId, now: datetime) -> int:
    """Take an account out of its clan, whose lead may pass on; returns the clan's number, 0 for none.

    A clan without members goes.
    """
    known = tx.clans.membership(account_id)
    if known is None:
        return 0
    clan = tx.clans.require(known.clan)  # nobody else changes its members from here on
    members = tx.clans.members(clan.number)
    leaving = clans.member(members, account_id)
    heir = clans.successor(members, leaving)
    tx.clans.leave(account_id)
    if heir is not None:
        tx.clans.set_rank(heir)
    if len(members) == 1:
        tx.clans.delete(clan.number)
    elif clans.note_size(clan, len(members) - 1, now):
        tx.clans.save(clan)
    return clan.number
