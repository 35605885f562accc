/** As whom a character begins: what there is to choose, and what is chosen so far. */
import type { Attribute, Beginning } from "@mythgate/sdk";

export const RACES = ["Human", "Elf", "Dwarf", "Tiefling", "Dragonborn", "Undead"] as const;
export const CLASSES = ["Warrior", "Sorcerer", "Rogue", "Paladin", "Necromancer", "Ranger"] as const;
export const FACTIONS = [
  "Crimson Covenant",
  "Aether Seekers",
  "Iron Brotherhood",
  "Moonlit Circle",
  "Shadowborn",
  "Golden Order",
] as const;
export const ATTRIBUTES: readonly Attribute[] = [
  "strength",
  "dexterity",
  "constitution",
  "intelligence",
  "wisdom",
  "charisma",
];

/** What six chosen attributes come to, and how far each may go. */
export const STAT_POINTS = 60;
export const STAT_LIMITS = { least: 3, most: 18 } as const;

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
