/** What the REST calls about characters, parties, trades and fights take and answer. */
import type { CombatDamage, FighterView, PartyView, TradeView } from "./generated/events.ts";

export type Attribute = "strength" | "dexterity" | "constitution" | "intelligence" | "wisdom" | "charisma";

/** What somebody begins as; the server chooses what is left out. */
export interface Beginning {
  readonly race?: string;
  readonly character_class?: string;
  readonly faction?: string;
  /** Before what the race adds. Without them, dice. */
  readonly stats?: Readonly<Record<Attribute, number>>;
}

export interface PendingInvitation {
  readonly party_number: number;
  readonly party_name: string;
  readonly inviter_id: string;
  readonly inviter_name: string;
  readonly invitee_id: string;
  readonly invitee_name: string;
  readonly expires_at: string;
}

/** Where the character in the world belongs, and where it might. */
export interface OwnParty {
  readonly party: PartyView | null;
  readonly invitations: readonly PendingInvitation[];
}

export interface OwnTrades {
  /** The open trade, or one's own request. */
  readonly trade: TradeView | null;
  /** Requests that wait for one's answer. */
  readonly requests: readonly TradeView[];
}

/** Dice that decided something. */
export interface FightDice {
  /** What about: `hit`, `critical`, `initiative of Ada` … */
  readonly what: string;
  readonly sides: number;
  readonly value: number;
  /** At most this succeeds; 0: the value itself counts. */
  readonly needed: number;
}

export interface FightLine {
  /** From 1. */
  readonly round: number;
  readonly kind: "note" | "damage" | "heal";
  readonly text: string;
  /** Number of the fighter it came from; 0: nobody. */
  readonly source: number;
  /** Number of the fighter it befell; 0: nobody. */
  readonly target: number;
  readonly amount: number;
  readonly result: CombatDamage["result"];
  /** What creatures choose is not among them. */
  readonly rolls: readonly FightDice[];
}

export interface FightParticipant {
  readonly number: number;
  readonly name: string;
  readonly side: number;
  readonly level: number;
  /** At the end, as is `health`. */
  readonly condition: FighterView["condition"];
  readonly initiative: number;
  readonly health: number;
}

/** All that a fight follows from, and what followed from it. */
export interface FightRecord {
  readonly id: string;
  /** A decimal number, which may be greater than JavaScript counts. */
  readonly seed: string;
  /** SHA-256 of `id:seed`, as the server promised at the beginning. */
  readonly commitment: string;
  /** Who was in it from the beginning. */
  readonly combatants: readonly Readonly<Record<string, unknown>>[];
  readonly entries: readonly {
    readonly kind: "join" | "act" | "leave";
    readonly fighter: number | null;
    readonly details: Readonly<Record<string, unknown>>;
  }[];
  readonly log: readonly string[];
  readonly fighters: readonly FightParticipant[];
  readonly rounds: number;
  /** The dice of who was in it from the beginning for who acts first. */
  readonly beforehand: readonly FightDice[];
  readonly lines: readonly FightLine[];
}

/**
 * What a server that means to use `seed` for a fight promises at its beginning: SHA-256, in hexadecimal. Null where
 * the browser does not calculate it, which is on pages that came without encryption.
 */
export async function commitmentTo(fight: string, seed: string): Promise<string | null> {
  if (!globalThis.crypto?.subtle) return null;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${fight}:${seed}`));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** All that one side of a trade gives. */
export interface NewOffer {
  readonly souls: number;
  readonly items: readonly { readonly item_id: string; readonly quantity: number }[];
}
