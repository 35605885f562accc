/** The records of fights that are over: who did what, with which dice, and whether they are those that were promised. */
import { commitmentTo, type FightDice, type FightLine, type FightRecord } from "@mythgate/sdk";
import { session } from "./login.ts";

export interface ReadFight {
  readonly record: FightRecord;
  /** What the seed comes to; null: this page cannot calculate it. */
  readonly computed: string | null;
}

export async function readFight(id: string): Promise<ReadFight> {
  const record = await session.fightRecord(id);
  return { record, computed: await commitmentTo(record.id, record.seed) };
}

/** Whether the seed is the one that was promised; null: that cannot be said here. */
export function isKept({ computed }: ReadFight, promised: string): boolean | null {
  return computed === null || promised === "" ? null : computed === promised;
}

export interface Round {
  /** From 1. */
  readonly number: number;
  readonly lines: readonly FightLine[];
}

export function roundsOf({ lines }: FightRecord): readonly Round[] {
  const numbers = [...new Set(lines.map((line) => line.round))];
  return numbers.map((number) => ({ number, lines: lines.filter((line) => line.round === number) }));
}

/** "hit 34, within 60", "initiative of Ada 13 of 20". */
export const inFigures = ({ what, sides, value, needed }: FightDice): string =>
  needed > 0 ? `${what} ${value}, ${value <= needed ? "within" : "above"} ${needed}` : `${what} ${value} of ${sides}`;
