/** What the player knows of their company, trades and fights, as a pure function of the events received. */
import type {
  CombatChallenge,
  CombatEnd,
  CombatEvent,
  CombatView,
  FighterView,
  OwnParty,
  OwnTrades,
  PartyView,
  PendingInvitation,
  ServerEvent,
  TradeView,
  VoiceSpeakerView,
} from "@mythgate/sdk";

export interface Health {
  readonly health: number;
  readonly max_health: number;
}

/** A fight that is over for the player. */
export interface PastFight {
  readonly id: string;
  /** UTC, ISO 8601. */
  readonly endedAt: string;
  readonly outcome: CombatEnd["outcome"];
  readonly message: string;
  /** What the server promised of the dice at the beginning; empty: one was not told. */
  readonly commitment: string;
}

/** A fight that the player only sees. */
export interface SeenFight {
  readonly id: string;
  readonly roomId: string;
  /** Characters whom one could help. */
  readonly joinable: readonly string[];
}

/** The voice channel of the player's party. */
export interface VoiceChannel {
  readonly speakers: readonly VoiceSpeakerView[];
  readonly maxSpeakers: number;
}

/** How a trade ended, until the player has read it. */
export interface TradeOutcome {
  readonly done: boolean;
  readonly message: string;
}

export interface Adventure {
  /** The player's own character. */
  readonly self: string;
  readonly party: PartyView | null;
  /** Null: no party, or no voice chat on this server. */
  readonly voice: VoiceChannel | null;
  /** To the player, newest first. */
  readonly invitations: readonly PendingInvitation[];
  /** Of others, by character, as last told. */
  readonly health: Readonly<Record<string, Health>>;
  /** The open trade, or the player's own request. */
  readonly trade: TradeView | null;
  /** Requests to the player, oldest first. */
  readonly requests: readonly TradeView[];
  /** What happened in the trade last. */
  readonly tradeNews: string;
  readonly tradeOutcome: TradeOutcome | null;
  readonly combat: CombatView | null;
  /** When the turn ends, in milliseconds since the epoch. */
  readonly turnEndsAt: number | null;
  /** How the last fight ended, until the player has read it. */
  readonly combatEnd: CombatEnd | null;
  /** Since this tab came into the world, the latest first. */
  readonly fights: readonly PastFight[];
  /** Of others, in the room where the player is. */
  readonly seenFights: readonly SeenFight[];
  /** Where the player is. */
  readonly roomId: string;
  /** After how many changes of place the player needs no more to see how the last trade or fight ended. */
  readonly movesToForget: number;
  /** To the player. */
  readonly challenges: readonly CombatChallenge[];
  /** Grows with whatever changes the quest log. */
  readonly questChanges: number;
  /** Grows with whatever changes shards and realities. */
  readonly worldChanges: number;
}

export const EMPTY_ADVENTURE: Adventure = {
  self: "",
  party: null,
  voice: null,
  invitations: [],
  health: {},
  trade: null,
  requests: [],
  tradeNews: "",
  tradeOutcome: null,
  combat: null,
  turnEndsAt: null,
  combatEnd: null,
  fights: [],
  seenFights: [],
  roomId: "",
  movesToForget: 0,
  challenges: [],
  questChanges: 0,
  worldChanges: 0,
};

/** The adventure after `event`. Events about other things change nothing. */
export function applyAdventureEvent(now: Adventure, event: ServerEvent): Adventure {
  switch (event.event_type) {
    case "game_state":
      // What one is still in is told again right after it, or has to be asked for.
      return {
        ...EMPTY_ADVENTURE,
        self: event.data.player.id,
        roomId: event.data.room.id,
        fights: now.self === event.data.player.id ? now.fights : [],
        questChanges: now.questChanges + 1,
        worldChanges: now.worldChanges + 1,
      };

    case "party_update":
      return withParty(now, event.data.party);
    case "voice_update": {
      const { speakers, max_speakers: maxSpeakers } = event.data;
      return { ...now, voice: { speakers, maxSpeakers } };
    }
    case "party_invite": {
      if (event.data.invitee_id !== now.self) return now;
      const others = now.invitations.filter((one) => one.party_number !== event.data.party_number);
      return { ...now, invitations: [event.data, ...others] };
    }
    case "party_invite_ended": {
      const { party_number, invitee_id } = event.data;
      if (invitee_id !== now.self) return now;
      return { ...now, invitations: now.invitations.filter((one) => one.party_number !== party_number) };
    }
    case "player_state": {
      const { player_id, health, max_health } = event.data;
      return { ...now, health: { ...now.health, [player_id]: { health, max_health } } };
    }

    case "trade_request": {
      const { trade, message } = event.data;
      if (trade.requester_id === now.self) return openTrade(now, trade, message);
      return { ...now, requests: [...now.requests.filter((one) => one.id !== trade.id), trade] };
    }
    case "trade_accept":
    case "trade_update":
      return openTrade(now, event.data.trade, event.data.message);
    case "trade_decline": {
      const { id, message } = event.data;
      const requests = now.requests.filter((one) => one.id !== id);
      if (now.trade?.id !== id) return { ...now, requests };
      return { ...now, requests, trade: null, tradeNews: "", tradeOutcome: { done: false, message }, movesToForget: 1 };
    }
    case "trade_complete":
      if (now.trade?.id !== event.data.trade.id) return now;
      return {
        ...now,
        trade: null,
        tradeNews: "",
        tradeOutcome: { done: true, message: event.data.message },
        movesToForget: 1,
      };

    case "combat_start":
    case "combat_state":
      return withCombat(now, event.data.combat, event.timestamp);
    case "combat_event":
      return withSeenFight(now, event.data, event.room_id);
    case "room_update":
      return inRoom(now, event.data.room.id);
    case "command_response":
      return event.data.room_state ? inRoom(now, event.data.room_state.id) : now;
    case "combat_end":
      if (now.combat && now.combat.id !== event.data.combat_id) return now;
      return withoutCombat(now, event.data, event.timestamp);
    case "combat_challenge": {
      if (event.data.target_id !== now.self) return now;
      const others = now.challenges.filter((one) => one.challenger_id !== event.data.challenger_id);
      return { ...now, challenges: [...others, event.data] };
    }

    case "quest_update":
      return { ...now, questChanges: now.questChanges + 1 };
    case "shard_captured":
    case "shard_status":
    case "reality_shift":
    case "aetherfall":
    case "event_trigger":
      return { ...now, worldChanges: now.worldChanges + 1 };
    default:
      return now;
  }
}

// --- what is not told again to who comes back --------------------------------------------------------

/** With the invitations that wait, as the server has them. */
export const withInvitations = (now: Adventure, { invitations }: OwnParty): Adventure => ({ ...now, invitations });

/** With the trade and the requests that the server has. */
export const withTrades = (now: Adventure, { trade, requests }: OwnTrades): Adventure => ({ ...now, trade, requests });

// --- what the player has read or let go ---------------------------------------------------------------

export const withoutOutcomes = (now: Adventure): Adventure => ({ ...now, tradeOutcome: null, combatEnd: null });

export const withoutChallenge = (now: Adventure, challengerId: string): Adventure => ({
  ...now,
  challenges: now.challenges.filter((one) => one.challenger_id !== challengerId),
});

// --- parts ------------------------------------------------------------------------------------------

function withParty(now: Adventure, party: PartyView | null): Adventure {
  const told = (party?.members ?? []).flatMap(({ id, health = 0, max_health = 0 }) =>
    max_health > 0 ? [[id, { health, max_health }] as const] : [],
  );
  return { ...now, party, voice: party && now.voice, health: { ...now.health, ...Object.fromEntries(told) } };
}

function openTrade(now: Adventure, trade: TradeView, message: string): Adventure {
  const requests = now.requests.filter((one) => one.id !== trade.id);
  return { ...now, trade, requests, tradeNews: message, tradeOutcome: null };
}

function withCombat(now: Adventure, combat: CombatView, at: string): Adventure {
  const isOver = combat.is_finished || !combat.active;
  const inIt = new Set(combat.fighters.map((one) => one.character_id));
  return {
    ...now,
    combat,
    turnEndsAt: isOver ? null : Date.parse(at) + combat.seconds_left * 1000,
    combatEnd: null,
    challenges: now.challenges.filter((one) => !inIt.has(one.challenger_id)),
  };
}

/** Who looks on is told of the beginning, with whom to help, and of the end. */
function withSeenFight(
  now: Adventure,
  { combat_id: id, joinable = [] }: CombatEvent,
  roomId?: string | null,
): Adventure {
  const others = now.seenFights.filter((one) => one.id !== id);
  if (joinable.length > 0) return { ...now, seenFights: [...others, { id, roomId: roomId ?? "", joinable }] };
  return others.length === now.seenFights.length ? now : { ...now, seenFights: others };
}

/** Elsewhere, how something ended is past, and of fights nobody tells. */
function inRoom(now: Adventure, roomId: string): Adventure {
  if (roomId === now.roomId) return now;
  const movesToForget = Math.max(0, now.movesToForget - 1);
  const next = { ...now, roomId, movesToForget, seenFights: now.seenFights.filter((one) => one.roomId === roomId) };
  return movesToForget === 0 ? withoutOutcomes(next) : next;
}

/** How many fights are kept; the server keeps the last ones of all, too. */
const MOST_FIGHTS = 20;

function withoutCombat(now: Adventure, end: CombatEnd, endedAt: string): Adventure {
  const { combat_id: id, outcome, message } = end;
  const fight = { id, endedAt, outcome, message, commitment: now.combat?.commitment ?? "" };
  const fights = [fight, ...now.fights.filter((one) => one.id !== id)].slice(0, MOST_FIGHTS);
  // Who fell or fled is brought elsewhere by that itself.
  const movesToForget = outcome === "won" || outcome === "undecided" ? 1 : 2;
  return { ...now, combat: null, turnEndsAt: null, combatEnd: end, fights, movesToForget };
}

// --- questions ---------------------------------------------------------------------------------------

/** The player as they stand in a fight; null for no fight. */
export function ownFighter({ combat, self }: Adventure): FighterView | null {
  return combat?.fighters.find((one) => one.character_id === self) ?? null;
}

/** Whom the player can strike: who stands on another side. */
export function enemiesOf(adventure: Adventure): readonly FighterView[] {
  const me = ownFighter(adventure);
  if (!me) return [];
  return (adventure.combat?.fighters ?? []).filter((one) => one.side !== me.side && one.condition === "standing");
}

/** How somebody is; a fight tells it before anything else does. Null: nobody said. */
export function healthOf({ combat, health }: Adventure, characterId: string): Health | null {
  return combat?.fighters.find((one) => one.character_id === characterId) ?? health[characterId] ?? null;
}

/** Those of the player's party who fight beside them while they do not. */
export function alliesToHelp({ combat, party, self, seenFights }: Adventure): readonly string[] {
  if (combat || !party) return [];
  const fighting = new Set(seenFights.flatMap((one) => one.joinable));
  return party.members.filter((one) => one.id !== self && fighting.has(one.id)).map((one) => one.name);
}

export const isOwnTurn = ({ combat, self }: Adventure): boolean =>
  combat !== null && combat.active_character_id === self && !combat.is_finished;
