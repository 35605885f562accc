/** The compass: where each direction stands in a grid of three by three, and its short form. */

export const COMPASS = [
  { direction: "northwest", short: "nw" },
  { direction: "north", short: "n" },
  { direction: "northeast", short: "ne" },
  { direction: "west", short: "w" },
  null,
  { direction: "east", short: "e" },
  { direction: "southwest", short: "sw" },
  { direction: "south", short: "s" },
  { direction: "southeast", short: "se" },
] as const;

export const UP_AND_DOWN = [
  { direction: "up", short: "▲" },
  { direction: "down", short: "▼" },
] as const;

/** What to send to walk there; names of ways that are no direction are commands as well. */
export const walk = (direction: string): string => `go ${direction}`;
