/** What Tab may complete, as pure functions. */
import type { CommandInfo } from "@mythgate/sdk";
import type { Game } from "./game.ts";

export interface Completion {
  /** The input up to what is being completed. */
  readonly head: string;
  /** Whole replacements for what stands behind `head`, best first. */
  readonly candidates: readonly string[];
}

const NONE: Completion = { head: "", candidates: [] };

/** Which names a command's first word asks for; the first list that fits comes first. */
type Source = "exits" | "people" | "lying" | "carried" | "fixtures" | "inhabitants" | "creatures" | "commands";

const EVERYTHING: readonly Source[] = ["people", "inhabitants", "lying", "carried", "fixtures", "exits"];

const SOURCES: Readonly<Record<string, readonly Source[]>> = {
  go: ["exits"],
  look: EVERYTHING,
  examine: EVERYTHING,
  get: ["lying"],
  take: ["lying"],
  drop: ["carried"],
  read: ["carried", "fixtures", "lying"],
  give: ["carried", "people", "inhabitants"],
  whisper: ["people"],
  tell: ["people"],
  follow: ["people"],
  ignore: ["people"],
  mute: ["people"],
  talk: ["inhabitants"],
  ask: ["inhabitants"],
  attack: ["creatures", "people"],
  duel: ["people"],
  assist: ["people"],
  trade: ["people"],
  party: ["people"],
  equip: ["carried"],
  unequip: ["carried"],
  use: ["carried"],
  help: ["commands"],
};

/** Completions for the end of `input`. */
export function complete(input: string, game: Game, commands: readonly CommandInfo[]): Completion {
  const start = /^\s*\/?/.exec(input)?.[0] ?? "";
  const line = input.slice(start.length);
  const space = line.search(/\s/);
  if (space < 0) {
    const names = commands.flatMap((command) => [command.name, ...command.aliases.filter((name) => name.length > 2)]);
    const exits = line ? namesFrom("exits", game, commands) : [];
    return { head: start, candidates: line ? startingWith([...names, ...exits], line) : [] };
  }
  const command = fullName(line.slice(0, space), commands);
  const sources = SOURCES[command] ?? EVERYTHING;
  const names = sources.flatMap((source) => namesFrom(source, game, commands));
  return completeTail(start + line.slice(0, space + 1), line.slice(space + 1), names);
}

/** A name may have several words: the longest end of `tail` that some name starts with is completed. */
function completeTail(head: string, tail: string, names: readonly string[]): Completion {
  const words = [...tail.matchAll(/(?<=^|\s)\S/g)].map((match) => match.index);
  for (const index of words) {
    const candidates = startingWith(names, tail.slice(index));
    if (candidates.length > 0) return { head: head + tail.slice(0, index), candidates };
  }
  return tail === "" || tail.endsWith(" ") ? { head: head + tail, candidates: startingWith(names, "") } : NONE;
}

function namesFrom(source: Source, game: Game, commands: readonly CommandInfo[]): readonly string[] {
  const room = game.room;
  switch (source) {
    case "exits":
      return room ? room.ways.map((way) => way.direction) : [];
    case "people": {
      const here = (room?.players ?? []).map((one) => one.name).filter((name) => name !== game.player?.name);
      return [...here, ...game.correspondents];
    }
    case "inhabitants":
      return (room?.npcs ?? []).map((one) => one.name);
    case "creatures":
      return (room?.creatures ?? []).map((one) => one.name);
    case "lying":
      return (room?.items ?? []).map((one) => one.name);
    case "carried":
      return game.inventory.map((one) => one.name);
    case "fixtures":
      return (room?.fixtures ?? []).map((one) => one.name);
    case "commands":
      return commands.map((command) => command.name);
  }
}

function startingWith(names: readonly string[], prefix: string): readonly string[] {
  const wanted = prefix.toLowerCase();
  const found = names.filter((name) => {
    const plain = withoutArticle(name).toLowerCase();
    return plain.startsWith(wanted) || name.toLowerCase().startsWith(wanted);
  });
  return [
    ...new Set(found.map((name) => (name.toLowerCase().startsWith(wanted) && wanted ? name : withoutArticle(name)))),
  ];
}

/** "a brass key" is typed as "brass key". */
export const withoutArticle = (name: string): string => name.replace(/^(an?|the|some)\s+/i, "");

function fullName(word: string, commands: readonly CommandInfo[]): string {
  const wanted = word.toLowerCase();
  const exact = commands.find((command) => command.name === wanted || command.aliases.includes(wanted));
  return (exact ?? commands.find((command) => command.name.startsWith(wanted)))?.name ?? wanted;
}
