/** What one can do on one's turn in a fight, what it costs, and why it cannot be done now. */
import type { AbilityView, FighterView } from "@mythgate/sdk";
import { DEED_STAMINA, RESPITE } from "../generated/rules.ts";

interface Cost {
  readonly health?: number;
  readonly stamina?: number;
  readonly mana?: number;
}

export interface Deed {
  readonly label: string;
  readonly command: string;
  /** "15 stamina"; "free". */
  readonly price: string;
  /** Null: it can be done now. */
  readonly refusal: string | null;
}

const KINDS = ["health", "stamina", "mana"] as const;

/** "40 stamina, 10 mana"; empty for nothing. */
const inWords = (cost: Cost): string =>
  KINDS.filter((kind) => cost[kind])
    .map((kind) => `${cost[kind]} ${kind}`)
    .join(", ");

/** What `me` has too little of. */
function lackOf(me: FighterView, cost: Cost): string | null {
  // The last of one's health cannot be spent.
  const lacks = KINDS.find((kind) => (cost[kind] ?? 0) > me[kind] - (kind === "health" && cost.health ? 1 : 0));
  return lacks ? `It takes ${inWords(cost)}, and you have ${me[lacks]} ${lacks}.` : null;
}

const NOT_YOUR_TURN = "It is not your turn.";

/** Everything but abilities and potions, in the order of the buttons; `at` is what aims a blow. */
export function deedsOf(me: FighterView, isOwnTurn: boolean, at: string): readonly Deed[] {
  const deed = (label: string, command: string, stamina: number, price = ""): Deed => ({
    label,
    command,
    price: price || inWords({ stamina }) || "free",
    refusal: isOwnTurn ? lackOf(me, { stamina }) : NOT_YOUR_TURN,
  });
  return [
    deed("Strike", `light${at}`, DEED_STAMINA.light_attack),
    deed("Strike hard", `heavy${at}`, DEED_STAMINA.heavy_attack),
    deed("Block", "block", DEED_STAMINA.block),
    deed("Dodge", "dodge", DEED_STAMINA.dodge),
    deed("Parry", "parry", DEED_STAMINA.parry),
    deed("Wait", "wait", 0, `+${RESPITE.stamina} stamina, +${RESPITE.mana} mana`),
    deed("Flee", "flee", 0),
  ];
}

/** An ability as a deed. */
export function castOf(me: FighterView, isOwnTurn: boolean, at: string, ability: AbilityView): Deed {
  const { name, target, ready_in: readyIn } = ability;
  const wait = readyIn > 0 ? `ready in ${readyIn} ${readyIn === 1 ? "round" : "rounds"}` : null;
  return {
    label: name,
    command: `cast ${name}${target === "self" || !at ? "" : ` at${at}`}`,
    price: inWords(ability) || "free",
    refusal: isOwnTurn ? (wait ?? lackOf(me, ability)) : NOT_YOUR_TURN,
  };
}

/** What to bring out among the buttons: to strike, or to gather strength for it. Null: nothing can be done. */
export function bestOf(deeds: readonly Deed[]): string | null {
  const can = (label: string) => deeds.some((one) => one.label === label && one.refusal === null);
  return ["Strike", "Wait"].find(can) ?? null;
}
