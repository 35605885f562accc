/** The lines of the log, and which of its tabs show them. */

export type LineKind =
  | "place" // a room described
  | "chat"
  | "presence" // somebody came, went or changed status
  | "action" // something happens here
  | "echo" // what the player typed
  | "answer" // what a command answered
  | "refusal" // what a command or the server refused
  | "system"
  | "notice"; // the client's own words

export interface LogLine {
  /** Rises by one with every line of this tab's life. */
  readonly id: number;
  /** UTC, ISO 8601. */
  readonly at: string;
  readonly kind: LineKind;
  readonly text: string;
  readonly title?: string | undefined;
  /** What stands before the title, e.g. how the player got there. */
  readonly lead?: string | undefined;
  /** What a place is like, before the text; not shown where the place stands beside the log in full. */
  readonly about?: string | undefined;
  readonly hint?: string | undefined;
  readonly channel?: string | undefined;
  readonly speaker?: string | undefined;
  /** The player's own words. */
  readonly own?: boolean | undefined;
  /** Said before the player came. */
  readonly past?: boolean | undefined;
  readonly level?: "info" | "warning" | "error" | "announcement" | undefined;
  /** Of a chat message, so that none is shown twice. */
  readonly chatId?: string | undefined;
  /** Of a command typed, until its answer arrived. */
  readonly waitingFor?: string | undefined;
}

export const TABS = ["all", "here", "whispers", "party", "faction", "global", "system"] as const;
export type Tab = (typeof TABS)[number];

/** The tabs of who is in a party or not, and of a faction or of none. */
export const tabsFor = (inParty: boolean, hasFaction: boolean): readonly Tab[] =>
  TABS.filter((tab) => (tab !== "party" || inParty) && (tab !== "faction" || hasFaction));

export const TAB_LABELS: Readonly<Record<Tab, string>> = {
  all: "All",
  here: "Here",
  whispers: "Whispers",
  party: "Party",
  faction: "Faction",
  global: "Global",
  system: "System",
};

/** The tab a channel belongs to besides "all". */
const TAB_OF_CHANNEL: Readonly<Record<string, Tab>> = {
  say: "here",
  emote: "here",
  whisper: "whispers",
  tell: "whispers",
  shout: "global",
  global: "global",
  party: "party",
  faction: "faction",
  system: "system",
};

/** The channel whose history the server has for a tab. */
export const HISTORY_OF: Partial<Readonly<Record<Tab, string>>> = {
  whispers: "whisper",
  party: "party",
  faction: "faction",
  global: "global",
};

const TAB_OF_KIND: Partial<Readonly<Record<LineKind, Tab>>> = {
  presence: "here",
  action: "here",
  system: "system",
  notice: "system",
};

export function tabOf(line: LogLine): Tab {
  const byKind = line.kind === "chat" ? "here" : (TAB_OF_KIND[line.kind] ?? "all");
  return TAB_OF_CHANNEL[line.channel ?? ""] ?? byKind;
}

export const isIn = (line: LogLine, tab: Tab): boolean => tab === "all" || tabOf(line) === tab;

/** What a tab shows: what was said `earlier`, as the server has it, and of the log what belongs there. */
export function linesOf(log: readonly LogLine[], tab: Tab, earlier: readonly LogLine[] = []): readonly LogLine[] {
  const shown = log.filter((line) => isIn(line, tab));
  const known = new Set(shown.flatMap((line) => line.chatId ?? []));
  return [...earlier.filter((line) => !known.has(line.chatId ?? "")), ...shown];
}

/** How much of the text's beginning is the speaker's name. A sentence starts "The …" with whom is called "the …". */
export function speakerLength({ kind, own, speaker = "", text }: LogLine): number {
  if (kind !== "chat") return 0;
  const name = own && text.startsWith("You") ? "You" : speaker;
  const start = text.slice(0, name.length);
  return start.slice(1) === name.slice(1) && start.toLowerCase() === name.toLowerCase() ? name.length : 0;
}

/** What stands where words were that the staff removed. */
export const REMOVED = "Removed by the staff.";

/** The log without the words of a message that the staff removed; who said it stays. */
export function withoutMessage(log: readonly LogLine[], id: string): readonly LogLine[] {
  if (!log.some((line) => line.chatId === id)) return log;
  return log.map((line) =>
    line.chatId === id ? { ...line, text: line.speaker ? `${line.speaker}: ${REMOVED}` : REMOVED } : line,
  );
}

/** Whether somebody waits for the player to read this: others' words and the server's. */
export function isNews(line: LogLine): boolean {
  if (line.past || line.own) return false;
  return line.kind === "chat" || line.kind === "system";
}

/** How many news a tab has after the line with id `seen`. */
export function countNews(lines: readonly LogLine[], tab: Tab, seen: number): number {
  let count = 0;
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const line = lines[index] as LogLine;
    if (line.id <= seen) break;
    if (isNews(line) && isIn(line, tab)) count += 1;
  }
  return count;
}

/** A part of a text: words, or a command that one can type. */
export interface Phrase {
  readonly text: string;
  readonly isCommand: boolean;
}

/** The server writes commands between backticks. */
export const phrasesOf = (text: string): readonly Phrase[] =>
  text
    .split(/`([^`\n]+)`/)
    .map((part, index) => ({ text: part, isCommand: index % 2 === 1 }))
    .filter((part) => part.text !== "");
