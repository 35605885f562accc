/** Bans and mutes in words, and as choices. */
import type { AdminApi } from "@mythgate/sdk";
import { doorName } from "./status.ts";

/** How long a measure may hold, in minutes; empty: until it is lifted. */
export const LASTING = [
  ["60", "An hour"],
  ["1440", "One day"],
  ["10080", "A week"],
  ["43200", "30 days"],
  ["525600", "A year"],
  ["", "Until it is lifted"],
] as const;

const DOORS = ["http", "metaserver", "shards", "telnet"];

/** Where a measure may hold: everywhere, in a room, or through a door. */
export function whereChoices(rooms: readonly AdminApi.StaffRoom[]): (readonly [value: string, label: string])[] {
  return [
    ["everywhere", "Everywhere"],
    ...rooms.map(({ key, kind, name }) => [key, `${kind === "lobby" ? "In lobby" : "In the world:"} ${name}`] as const),
    ...DOORS.map((door) => [`door:${door}`, `Through: ${doorName(door)}`] as const),
  ];
}

/** A choice of where, as the server has it. */
export function scopeOf(choice: string): { scope: AdminApi.Scope; place: string } {
  const colon = choice.indexOf(":");
  if (colon < 0) return { scope: "everywhere", place: "" };
  return { scope: choice.slice(0, colon) as AdminApi.Scope, place: choice.slice(colon + 1) };
}

/** Where a measure holds, in words; `names` are those of rooms by key. */
export function placeOf({ scope, place }: AdminApi.MeasureRow, names: ReadonlyMap<string, string>): string {
  if (scope === "everywhere") return "everywhere";
  if (scope === "door") return `through ${doorName(place)}`;
  return names.get(`${scope}:${place}`) ?? `${scope} ${place}`;
}

export const URGENCIES = ["low", "normal", "high", "urgent"] as const;
