/** How long to wait before trying to connect again. */

const QUICK_SECONDS = [1, 2, 4, 8, 16];
const SLOW_SECONDS = 30;
const JITTER = 0.2;

/** How many attempts follow each other quickly before the wait stays at 30 s. */
export const QUICK_ATTEMPTS = QUICK_SECONDS.length;

/**
 * Milliseconds to wait before `attempt` (1 is the first): 1, 2, 4, 8, 16 s, then 30 s, each give or take
 * 20 % so that the clients of a restarted server do not all come back in the same instant.
 */
export function delayBefore(attempt: number, random: () => number = Math.random): number {
  const seconds = QUICK_SECONDS[attempt - 1] ?? SLOW_SECONDS;
  return Math.round(seconds * 1000 * (1 + (random() * 2 - 1) * JITTER));
}
