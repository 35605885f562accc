/** As whom a character begins: what there is to choose, and what is chosen so far. */
import type { Attribute, Beginning } from "@mythgate/sdk";
import {
  CLASSES as CLASS_TABLE,
  FACTIONS as FACTION_TABLE,
  RACES as RACE_TABLE,
  STAT_LIMITS,
  STAT_POINTS,
} from "../generated/rules.ts";

export const RACES: readonly string[] = RACE_TABLE.map((one) => one.name);
export const CLASSES: readonly string[] = CLASS_TABLE.map((one) => one.name);
export const FACTIONS: readonly string[] = FACTION_TABLE.map((one) => one.name);
export const ATTRIBUTES: readonly Attribute[] = [
  "strength",
  "dexterity",
  "constitution",
  "intelligence",
  "wisdom",
  "charisma",
];

export { STAT_LIMITS };

export interface Choices {
  readonly race: string;
  readonly calling: string;
  /** Empty: of none. */
  readonly faction: string;
  /** As typed; null: by dice. */
  readonly stats: Readonly<Record<Attribute, string>> | null;
}

export const FIRST_CHOICES: Choices = { race: "Human", calling: "Ranger", faction: "", stats: null };

export const EVEN_STATS = Object.fromEntries(ATTRIBUTES.map((one) => [one, "10"])) as Record<Attribute, string>;

/** How many points are left; below 0: too many are spent. */
export const pointsLeft = (stats: NonNullable<Choices["stats"]>): number =>
  STAT_POINTS - ATTRIBUTES.reduce((sum, one) => sum + whole(stats[one]), 0);

/** Whether the server would take it. */
export function isComplete({ stats }: Choices): boolean {
  if (!stats) return true;
  const { least, most } = STAT_LIMITS;
  return pointsLeft(stats) === 0 && ATTRIBUTES.every((one) => whole(stats[one]) >= least && whole(stats[one]) <= most);
}

export function beginningOf({ race, calling, faction, stats }: Choices): Beginning {
  return {
    race,
    character_class: calling,
    ...(faction ? { faction } : {}),
    ...(stats
      ? { stats: Object.fromEntries(ATTRIBUTES.map((one) => [one, whole(stats[one])])) as Record<Attribute, number> }
      : {}),
  };
}

const whole = (text: string): number => Math.trunc(Number(text)) || 0;

// --- in words -----------------------------------------------------------------------------------------

/** "+2 dexterity, -1 charisma". */
const changes = (stats: Partial<Readonly<Record<Attribute, number>>>): string =>
  Object.entries(stats)
    .map(([name, amount]) => `${amount > 0 ? "+" : ""}${amount} ${name}`)
    .join(", ");

/** What a race gives. */
export function aboutRace(name: string): string {
  const race = RACE_TABLE.find((one) => one.name === name);
  if (!race) return "";
  const same = new Set(Object.values(race.gifts));
  const isEven = same.size === 1 && Object.keys(race.gifts).length === ATTRIBUTES.length;
  return isEven ? `+${[...same][0]} to each attribute.` : `${changes(race.gifts)}.`;
}

/** What a class gives and wants. */
export function aboutClass(name: string): string {
  const calling = CLASS_TABLE.find((one) => one.name === name);
  if (!calling) return "";
  const { health, stamina, mana, eachLevel, recommended, abilities } = calling;
  return [
    `Health ${health}, stamina ${stamina}, mana ${mana}; each level ${changes(eachLevel)}.`,
    `Lives by ${inSeries(recommended)}. Abilities: ${abilities.join(", ")}.`,
  ].join(" ");
}

/** What a faction stands for. */
export function aboutFaction(name: string): string {
  const faction = FACTION_TABLE.find((one) => one.name === name);
  if (!faction) return "You take no side in the struggle for the Crystal Shards.";
  return `Holds Crystal Shards to bring about the ${faction.reality}; its members talk with each other wherever they are.`;
}

const inSeries = (words: readonly string[]): string =>
  words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : words.join("");
