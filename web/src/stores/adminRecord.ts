/** Entries of the record, in words: what was before and after stands together. */
import type { AdminApi } from "@mythgate/sdk";

export interface Change {
  /** What changed; empty: the thing itself. */
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

export interface Told {
  readonly changes: readonly Change[];
  /** The rest, by name. */
  readonly facts: readonly (readonly [string, string])[];
}

const PART = /^(?:(?<ahead>.*)_)?(?<side>before|after)$|^(?<first>before|after)_(?<behind>.*)$/;

/** What an entry says: what has `before` or `after` in front of its name or behind it becomes one change. */
export function toldOf(detail: Readonly<Record<string, string>>): Told {
  const changes = new Map<string, { name: string; before: string; after: string }>();
  const facts: (readonly [string, string])[] = [];
  for (const [key, value] of Object.entries(detail)) {
    const found = PART.exec(key)?.groups;
    const side = found?.side ?? found?.first;
    const name = found?.ahead ?? found?.behind ?? "";
    if (side === "before" || side === "after") {
      const change = changes.get(name) ?? { name: name.replaceAll("_", " "), before: "", after: "" };
      changes.set(name, { ...change, [side]: value });
    } else if (value !== "" && key !== "name") facts.push([key.replaceAll("_", " "), value]);
  }
  return { changes: [...changes.values()], facts };
}

/** Who did it, in words. */
export function actorOf({ actor, actor_name }: AdminApi.RecordEntry): string {
  if (actor_name) return actor_name;
  return actor === "cli" ? "the command line" : actor === "system" ? "the server" : "somebody who is gone";
}
