/** The lines typed before, to be brought back with ↑ and ↓. */

export const MAX_HISTORY = 200;

export interface History {
  readonly lines: readonly string[];
  /** Index into `lines` of the line shown; `lines.length` while the player's own draft is. */
  readonly position: number;
  /** What was being typed before looking back. */
  readonly draft: string;
}

export const historyOf = (lines: readonly string[]): History => ({ lines, position: lines.length, draft: "" });

/** `line` was sent. The same line twice in a row is kept once. */
export function remember(history: History, line: string): History {
  const lines = history.lines.at(-1) === line ? history.lines : [...history.lines, line].slice(-MAX_HISTORY);
  return historyOf(lines);
}

/** One line older; `shown` is what stands in the input now. */
export function older(history: History, shown: string): History {
  if (history.position === 0) return history;
  const draft = history.position === history.lines.length ? shown : history.draft;
  return { ...history, draft, position: history.position - 1 };
}

export function newer(history: History): History {
  return { ...history, position: Math.min(history.position + 1, history.lines.length) };
}

export const shownLine = (history: History): string => history.lines[history.position] ?? history.draft;
