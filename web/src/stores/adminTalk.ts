/** What is said in a room: as it comes, and again as it came. */

export interface Spoken {
  readonly id: string;
  readonly at: string;
}

/** Lines the page keeps of one room. */
export const MOST_LINES = 500;

/** `newer` behind `known`, each line once, the oldest first and at most so many. */
export function joined<L extends Spoken>(known: readonly L[], newer: readonly L[]): readonly L[] {
  const ids = new Set(known.map(({ id }) => id));
  const fresh = newer.filter(({ id }) => !ids.has(id));
  return fresh.length === 0 ? known : [...known, ...fresh].slice(-MOST_LINES);
}

/** Pauses are not replayed for longer than this. */
export const LONGEST_PAUSE_MS = 2_000;

/** How long a replay waits before the line at `next`, if it runs so many times as fast. */
export function pauseBefore(lines: readonly Spoken[], next: number, speed: number): number {
  const [before, after] = [lines[next - 1], lines[next]];
  if (!before || !after) return 0;
  return Math.min(LONGEST_PAUSE_MS, Math.max(0, Date.parse(after.at) - Date.parse(before.at)) / speed);
}

/** A room's key as part of an address. */
export const roomAddress = (key: string): string => `rooms/${encodeURIComponent(key).replaceAll("%3A", ":")}`;
