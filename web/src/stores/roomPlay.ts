/** What is played in a lobby, for people to read, whatever game it is. */

export interface RoomPlay {
  /** The type of the lobby. */
  readonly kind: string;
  readonly state: Readonly<Record<string, unknown>>;
  /** When something happens by itself, in milliseconds since the epoch; null: nothing does. */
  readonly endsAt: number | null;
}

export interface Fact {
  readonly name: string;
  readonly text: string;
  /** Of several lines, whose columns stand below each other. */
  readonly isBoard: boolean;
}

/** Somebody in the lobby, so that their number is told as a name. */
interface Known {
  readonly number: number;
  readonly name: string;
}

/** "next_turn" as "Next turn". */
export function titleOf(key: string): string {
  const words = key
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .trim()
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A state in rows, in its own order. */
export const factsOf = (state: Readonly<Record<string, unknown>>, players: readonly Known[] = []): readonly Fact[] =>
  Object.entries(state).map(([key, value]) => {
    const text = isBoard(value) ? value.map(rowInWords).join("\n") : inWords(value, key, players);
    return { name: titleOf(key), text, isBoard: text.includes("\n") };
  });

/** Keys whose numbers are those of people. */
const SOMEBODY = /^(turn|next|player|winner|loser|leader|dealer|active|whose|host|seat)/i;
const MOST_DEPTH = 3;

function inWords(value: unknown, key: string, players: readonly Known[], depth = 0): string {
  if (value === null || value === undefined || value === "") return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number" && SOMEBODY.test(key)) {
    return players.find((one) => one.number === value)?.name ?? String(value);
  }
  if (typeof value !== "object") return String(value);
  if (depth >= MOST_DEPTH) return "…";
  if (Array.isArray(value)) {
    if (value.length === 0) return "none";
    if (value.every(isCell) && value.some((one) => typeof one === "string")) return rowInWords(value);
    return value.map((one) => inWords(one, key, players, depth + 1)).join(", ");
  }
  const { name } = value as { name?: unknown };
  if (typeof name === "string" && "number" in value) return name;
  const parts = Object.entries(value).map(([one, its]) => {
    const who = players.find(({ number }) => String(number) === one)?.name;
    return `${who ?? one.replaceAll("_", " ")}: ${inWords(its, one, players, depth + 1)}`;
  });
  return parts.join("; ") || "none";
}

/** Something that fits into a square. */
const isCell = (value: unknown): boolean =>
  value === null || typeof value === "number" || (typeof value === "string" && value.length <= 2);

const isBoard = (value: unknown): value is unknown[][] =>
  Array.isArray(value) && value.length > 1 && value.every((row) => Array.isArray(row) && row.every(isCell));

const rowInWords = (row: readonly unknown[]): string =>
  row.map((cell) => (cell === null || String(cell).trim() === "" ? "·" : String(cell))).join(" ");

/** What somebody typed into a lobby where something is played: moves need no slash. */
export const asMove = (words: string): string =>
  /^\.?play\s+\S/i.test(words) ? `/${words.replace(/^\./, "")}` : words;
