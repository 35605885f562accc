"""Everything Mythgate raises on purpose.

`Refused` means the rules said no: nothing changed, and the caller may be told. `ProtocolError` means
the peer broke a format. Whatever else is raised is a bug.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar


class MythError(Exception):
    """Root of all errors that are raised on purpose."""


class Refused(MythError):
    """The rules said no and nothing changed.

    `code` is stable and documented in `docs/reference/errors.md`; `message` says what happened in one sentence,
    `hint` what to do next, `retry_after` when the same request may succeed.
    """

    code: ClassVar[str] = "refused"
    default_message: ClassVar[str] = "That is not possible."
    default_hint: ClassVar[str] = ""

    def __init__(
        self, message: str | None = None, *, hint: str | None = None, retry_after: timedelta | None = None
    ) -> None:
        self.message = message if message is not None else self.default_message
        self.hint = hint if hint is not None else self.default_hint
        self.retry_after = retry_after
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


class ProtocolError(MythError):
    """The peer sent something the format does not allow."""

    def __init__(self, message: str, *, code: str = "invalid_message") -> None:
        self.message = message
        self.code = code
        super().__init__(message)


# --- who are you -----------------------------------------------------------------------------------


class AuthenticationError(Refused):
    """The caller did not prove who they are."""

    code = "authentication_failed"
    default_message = "You are not signed in."
    default_hint = "Sign in and try again."


class BadCredentials(AuthenticationError):
    """Unknown name or wrong password: one answer for both, on purpose."""

    code = "bad_credentials"
    default_message = "This name and password do not match."
    default_hint = "Check both; passwords are case-sensitive."


class InvalidToken(AuthenticationError):
    """A token is forged, damaged or meant for something else."""

    code = "invalid_token"
    default_message = "The access token is not valid."


class TokenExpired(AuthenticationError):
    """A token was genuine and is too old."""

    code = "token_expired"
    default_message = "The access token has expired."
    default_hint = "Renew it with POST /api/auth/refresh, or sign in again."


class SessionEnded(AuthenticationError):
    """The session was signed out, revoked or expired."""

    code = "session_ended"
    default_message = "This session has ended."


class AccountDisabled(AuthenticationError):
    """The account is closed or disabled by staff."""

    code = "account_disabled"
    default_message = "This account is disabled."
    default_hint = "Ask an administrator of this server."


class Banned(AccountDisabled):
    """The staff keeps out who comes from there, or comes this way; the message says until when, and how to appeal."""

    code = "banned"
    default_message = "You are banned from this server."
    default_hint = ""


class PermissionDenied(Refused):
    """Signed in, but not entitled."""

    code = "permission_denied"
    default_message = "You may not do that."


class SecondFactorNeeded(PermissionDenied):
    """Entitled, but the second factor was not shown in this session, or too long ago."""

    code = "second_factor_needed"
    default_message = "This needs the code of your authenticator."
    default_hint = "Show a code with POST /api/admin/second-factor, or under Account in the console, and repeat."


class BadCode(Refused):
    """A code of an authenticator, or for recovery, is wrong, too old or used up."""

    code = "bad_code"
    default_message = "This code is not right, or was used before."
    default_hint = "Wait for the next one; is the clock of the device right?"


# --- limits ----------------------------------------------------------------------------------------


class TooMany(Refused):
    """A limit was reached; `retry_after` says when it opens again."""

    code = "rate_limited"
    default_message = "Too many requests."
    default_hint = "Wait a moment and try again."


class TooManyLogins(TooMany):
    """Too many failed log-ins for this account or address."""

    code = "login_throttled"
    default_message = "Too many failed attempts to sign in."


class ServerFull(TooMany):
    """No further connection is taken at present."""

    code = "server_full"
    default_message = "The server is full."


class Unavailable(Refused):
    """Something this needs is out of reach at present."""

    code = "unavailable"
    default_message = "This is not available right now."
    default_hint = "Try again shortly."


# --- names, accounts, characters -------------------------------------------------------------------


class InvalidInput(Refused):
    """A value does not fit; `field` names it."""

    code = "invalid_input"
    default_message = "A value is not valid."

    def __init__(self, message: str | None = None, *, field: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.field = field


class NameNotAllowed(InvalidInput):
    """A name breaks the rules for names or is reserved."""

    code = "name_not_allowed"
    default_message = "This name cannot be used."


class NameTaken(InvalidInput):
    """A name, or one that looks like it, belongs to somebody."""

    code = "name_taken"
    default_message = "This name, or one that looks like it, is taken."
    default_hint = "Choose another."


class RegistrationClosed(Refused):
    """The operator takes no new accounts."""

    code = "registration_closed"
    default_message = "This server takes no new accounts."


class NotFound(Refused):
    """The thing asked for does not exist, or not for this caller."""

    code = "not_found"
    default_message = "There is no such thing."


class TooManyCharacters(Refused):
    """The account has as many characters as it may."""

    code = "too_many_characters"
    default_message = "You have as many characters as an account may have."
    default_hint = "Delete one first."


class NoCharacter(Refused):
    """The account has no character to enter the world with."""

    code = "no_character"
    default_message = "You have no character yet."
    default_hint = "Create one with POST /api/characters."


# --- the world -------------------------------------------------------------------------------------


class RoomError(Refused):
    """A room refused something."""

    code = "room_refused"


class NoSuchExit(RoomError):
    """There is no way in that direction (or none one can see)."""

    code = "no_exit"
    default_message = "You cannot go that way."


class ExitLocked(RoomError):
    """There is a way, and it is locked."""

    code = "exit_locked"
    default_message = "That way is locked."


class RoomFull(RoomError):
    """A room holds as many as it may."""

    code = "room_full"
    default_message = "There is no room left there."


class NotHere(RoomError):
    """Nobody and nothing of that name is here."""

    code = "not_here"
    default_message = "You see nothing like that here."


class Ambiguous(RoomError):
    """Several things answer to that name."""

    code = "ambiguous"
    default_message = "Which one do you mean?"


class CannotTake(RoomError):
    """The thing is part of the place, or too much to carry."""

    code = "cannot_take"
    default_message = "You cannot take that."


class NotInWorld(RoomError):
    """The command needs a character that is in the world."""

    code = "not_in_world"
    default_message = "You are not in the world."


# --- talk and commands -----------------------------------------------------------------------------


class UnknownCommand(Refused):
    """The first word is no command."""

    code = "unknown_command"
    default_message = "That is not a command here."
    default_hint = "`help` lists them."


class BadUsage(Refused):
    """The command is known, its arguments do not fit."""

    code = "bad_usage"
    default_message = "That command needs something else."


class Muted(Refused):
    """The speaker is muted."""

    code = "muted"
    default_message = "You are muted."


class WordsRefused(Refused):
    """A filter of the staff does not let these words, or this name, through."""

    code = "words_refused"
    default_message = "These words are not welcome here."
    default_hint = "Say it in other words."


class Unreachable(Refused):
    """The person addressed is not on, or does not listen to the speaker."""

    code = "unreachable"
    default_message = "Nobody of that name is on."


# --- lobbies and hosted games ----------------------------------------------------------------------


class LobbyClosedToYou(PermissionDenied):
    """A lobby is not for this visitor; the message says all that is against it."""

    code = "lobby_closed_to_you"
    default_message = "This lobby is not for you."


class NotInLobby(Refused):
    """This needs somebody who is in a lobby."""

    code = "not_in_lobby"
    default_message = "You are in no lobby."
    default_hint = "Enter one first."


class NoGame(Refused):
    """There is no such hosted game, or the actor hosts none."""

    code = "no_game"
    default_message = "You host no game."
    default_hint = "Announce one first."


class WrongGameState(Refused):
    """A hosted game cannot do that now."""

    code = "wrong_game_state"
    default_message = "The game cannot do that now."


class LimitReached(Refused):
    """There are as many as there may be: friends, members of a clan, entrants of a tournament."""

    code = "limit_reached"
    default_message = "There is no place left."


# --- storage ---------------------------------------------------------------------------------------


class Conflict(Refused):
    """Somebody else changed the same thing first."""

    code = "conflict"
    default_message = "Somebody else changed that at the same moment."
    default_hint = "Look again and repeat."


class WrongState(Refused):
    """A report, an appeal or a measure cannot do that any more; somebody else may have been faster."""

    code = "wrong_state"
    default_message = "That has been dealt with."
    default_hint = "Look again."


class Repeated(Refused):
    """A command with this id was carried out already; it has no second effect."""

    code = "repeated"
    default_message = "That was done already."


# --- trade -----------------------------------------------------------------------------------------


class TradeError(Refused):
    """A trade refused something."""

    code = "trade_refused"


class NoTrade(TradeError):
    """There is no such trade, or not for this caller."""

    code = "no_trade"
    default_message = "You are not trading."
    default_hint = "Ask somebody here: `trade <person>`"


class AlreadyTrading(TradeError):
    """One of the two is trading already."""

    code = "already_trading"
    default_message = "You are trading already."
    default_hint = "End that first: `trade cancel`"


class TradeChanged(TradeError):
    """The trade is not as the caller believes; nothing was confirmed."""

    code = "trade_changed"
    default_message = "The offers are not what they were."
    default_hint = "Look again: `trade show`"


class CannotTrade(TradeError):
    """A thing or a sum that cannot change hands."""

    code = "cannot_trade"
    default_message = "You cannot trade that."


# --- parties and factions --------------------------------------------------------------------------


class NotInParty(Refused):
    """This needs somebody who is in a party."""

    code = "not_in_party"
    default_message = "You are in no party."
    default_hint = "Found one: `party create`"


class AlreadyInParty(Refused):
    """A character is in one party at most."""

    code = "already_in_party"
    default_message = "You are in a party already."
    default_hint = "Leave it first: `party leave`"


class PartyFull(LimitReached):
    """The party has as many members as it may."""

    code = "party_full"
    default_message = "The party is full."


class NoPendingInvite(Refused):
    """Nobody asked, the time is over, or it was withdrawn."""

    code = "no_pending_invite"
    default_message = "No party waits for your answer."


class NotInVoice(Refused):
    """This needs somebody who is in a voice channel."""

    code = "not_in_voice"
    default_message = "You are in no voice channel."
    default_hint = "Join that of your party: `voice`"


class VoiceFull(LimitReached):
    """The voice channel has as many people as it may."""

    code = "voice_full"
    default_message = "The voice channel is full."


class NoFaction(Refused):
    """The character belongs to no faction."""

    code = "no_faction"
    default_message = "You belong to no faction."


# --- character sheets ------------------------------------------------------------------------------


class CannotUse(Refused):
    """A thing is not for that, or not now."""

    code = "cannot_use"
    default_message = "You cannot do that with it."


class TooSoon(Refused):
    """It was done a moment ago; `retry_after` says when it can be done again."""

    code = "too_soon"
    default_message = "It is too soon for that."


# --- combat ----------------------------------------------------------------------------------------


class CombatError(Refused):
    """A fight refused something."""

    code = "combat_refused"


class NoCombat(CombatError):
    """There is no such fight, or not for this caller."""

    code = "no_combat"
    default_message = "You are not fighting."
    default_hint = "Begin with `attack <whom>`."


class Fighting(CombatError):
    """Not while one fights."""

    code = "fighting"
    default_message = "Not while you fight."
    default_hint = "Win, or get away with `flee`."


class NotYourTurn(CombatError):
    """Somebody else acts now."""

    code = "not_your_turn"
    default_message = "It is not your turn."
    default_hint = "`fight` says whose it is."


class InvalidAction(CombatError):
    """Nothing one can do in this fight, or not now."""

    code = "invalid_action"
    default_message = "You cannot do that in this fight."


class InvalidTarget(CombatError):
    """Nobody one could do this to."""

    code = "invalid_target"
    default_message = "There is no such enemy in this fight."
    default_hint = "`fight` shows who is in it."


class NoSuchAbility(CombatError):
    """The fighter has no ability of that name."""

    code = "no_such_ability"
    default_message = "You have no such ability."
    default_hint = "`abilities` lists yours."


class TooWeak(CombatError):
    """It costs more stamina, mana or health than one has."""

    code = "insufficient_resources"
    default_message = "You have not the strength for that."
    default_hint = "`wait` brings 20 stamina and 10 mana, and every round 10 stamina."


# --- shards and quests -----------------------------------------------------------------------------


class ShardError(Refused):
    """A Crystal Shard refused something."""

    code = "shard_refused"


class NoShard(ShardError):
    """It is none of the twelve, or none lies here."""

    code = "no_shard"
    default_message = "There is no Crystal Shard here."
    default_hint = "`shards` lists the twelve and where they lie."


class ShardSealed(ShardError):
    """A sealed shard can be taken by nobody."""

    code = "shard_sealed"
    default_message = "It is sealed."
    default_hint = "Wait until the seal is lifted."


class ShardHeld(ShardError):
    """The character's own faction holds the shard."""

    code = "shard_held"
    default_message = "It is yours already."


class GuardianUndefeated(ShardError):
    """The character's party did not bring the guardian of the shard down, or too long ago."""

    code = "guardian_undefeated"
    default_message = "Its guardian stands in your way."
    default_hint = "Bring the guardian down first, alone or with your party."


class WrongShardState(ShardError):
    """This cannot happen to the shard as it is."""

    code = "wrong_shard_state"
    default_message = "That cannot happen to it now."


class QuestError(Refused):
    """A quest refused something."""

    code = "quest_refused"


class NoQuest(QuestError):
    """There is no such quest, or not for this character."""

    code = "no_quest"
    default_message = "There is no such quest."
    default_hint = "`quests` lists yours, and those one offers you here."


class QuestNotOpen(QuestError):
    """The character cannot take the quest on: not yet, not here, or not again."""

    code = "quest_not_open"
    default_message = "You cannot take this quest on."
