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

const PART = /^(?:(.*)_)?(before|after)$/;

/** What an entry says: `before` and `after`, or `role_before` and `role_after`, become one change each. */
export function toldOf(detail: Readonly<Record<string, string>>): Told {
  const changes = new Map<string, { name: string; before: string; after: string }>();
  const facts: (readonly [string, string])[] = [];
  for (const [key, value] of Object.entries(detail)) {
    const [, name = "", side] = PART.exec(key) ?? [];
    if (side === "before" || side === "after") {
      const change = changes.get(name) ?? { name: name.replaceAll("_", " "), before: "", after: "" };
      changes.set(name, { ...change, [side]: value });
    } else if (value !== "") facts.push([key.replaceAll("_", " "), value]);
  }
  return { changes: [...changes.values()], facts };
}

/** Who did it, in words. */
export function actorOf({ actor, actor_name }: AdminApi.RecordEntry): string {
  if (actor_name) return actor_name;
  return actor === "cli" ? "the command line" : actor === "system" ? "the server" : "somebody who is gone";
}
