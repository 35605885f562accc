/** What the player does about a trade. What came of it is told as events; what was refused stands here. */
import type { ItemView, NewOffer, TradeOfferView, TradeView } from "@mythgate/sdk";
import { create } from "zustand";
import { explain, session } from "./login.ts";
import { usePlay } from "./play.ts";

interface TradingState {
  readonly busy: boolean;
  readonly problem: { readonly message: string; readonly hint: string } | null;
}

const READY: TradingState = { busy: false, problem: null };

export const useTrading = create<TradingState>(() => READY);

// Whoever trades anew has not been refused anything yet.
usePlay.subscribe(({ adventure }, before) => {
  if (adventure.trade?.id !== before.adventure.trade?.id) useTrading.setState({ problem: null });
});

async function attempt(request: () => Promise<unknown>): Promise<void> {
  if (useTrading.getState().busy) return;
  useTrading.setState({ busy: true, problem: null });
  try {
    await request();
    useTrading.setState({ busy: false });
  } catch (error) {
    useTrading.setState({ busy: false, problem: explain(error) });
  }
}

export const acceptTrade = (id: string): Promise<void> => attempt(() => session.acceptTrade(id));

/** Decline a request, take one's own back, or end an open trade. */
export const endTrade = (id: string): Promise<void> => attempt(() => session.endTrade(id));

/** Want just what is on the screen. */
export const confirmTrade = ({ id, revision }: TradeView): Promise<void> =>
  attempt(() => session.confirmTrade(id, revision));

export const offer = (id: string, whole: NewOffer): Promise<void> => attempt(() => session.offer(id, whole));

// --- offers -------------------------------------------------------------------------------------------

/** Things of the same name as one row. */
export interface OfferedRow {
  readonly name: string;
  readonly quantity: number;
}

export function rowsOf({ items }: TradeOfferView): readonly OfferedRow[] {
  const quantities = new Map<string, number>();
  for (const { name, quantity = 1 } of items) quantities.set(name, (quantities.get(name) ?? 0) + quantity);
  return [...quantities].map(([name, quantity]) => ({ name, quantity }));
}

const linesOf = ({ items }: TradeOfferView): NewOffer["items"] =>
  items.map(({ item_id, quantity = 1 }) => ({ item_id, quantity }));

export const withSouls = (now: TradeOfferView, souls: number): NewOffer => ({ souls, items: linesOf(now) });

/** The offer with so many of a thing more. */
export function withThing(now: TradeOfferView, thing: ItemView, quantity: number): NewOffer {
  const others = now.items.filter((line) => line.name !== thing.name);
  const before = now.items
    .filter((line) => line.name === thing.name)
    .reduce((sum, one) => sum + (one.quantity ?? 1), 0);
  return {
    souls: now.souls,
    items: [...linesOf({ ...now, items: others }), { item_id: thing.id, quantity: before + quantity }],
  };
}

export const withoutThing = (now: TradeOfferView, name: string): NewOffer => ({
  souls: now.souls,
  items: linesOf({ ...now, items: now.items.filter((line) => line.name !== name) }),
});

/** What the player could still offer: neither worn nor part of a quest, nor offered already. */
export function offerable(inventory: readonly ItemView[], now: TradeOfferView): readonly ItemView[] {
  const offered = new Map(rowsOf(now).map(({ name, quantity }) => [name, quantity]));
  return inventory
    .filter((item) => !item.equipped && item.kind !== "quest_item")
    .map((item) => ({ ...item, count: (item.count ?? 1) - (offered.get(item.name) ?? 0) }))
    .filter((item) => item.count > 0);
}
