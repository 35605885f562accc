/** What the REST calls about characters, parties and trades take and answer. */
import type { PartyView, TradeView } from "./generated/events.ts";

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

/** All that one side of a trade gives. */
export interface NewOffer {
  readonly souls: number;
  readonly items: readonly { readonly item_id: string; readonly quantity: number }[];
}
