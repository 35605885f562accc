/** How a place and those who come and go are told: the same words, whichever way one got there. */
import type { ItemView, NpcView, OccupantView, RoomView } from "@mythgate/sdk";

/** What a place is like, what lies there, who is there and the ways out, as the server tells whoever walks in. */
export const placeText = (room: RoomView, self: string | undefined): string =>
  [room.description, companyText(room, self)].filter(Boolean).join("\n");

/** The same without what the place is like. */
export function companyText(room: RoomView, self: string | undefined): string {
  const others = room.players.filter((one) => one.id !== self).map(personName);
  const lines = [
    ...room.items.map(itemText),
    ...room.npcs.map(npcText),
    others.length > 0 ? `${enumerate(others)} ${others.length === 1 ? "is" : "are"} here.` : "",
    waysText(room),
  ];
  return lines.filter(Boolean).join("\n");
}

const itemText = ({ name, summary, count = 1 }: ItemView): string =>
  count > 1 ? `${summary || name} (×${count})` : summary || name;

const npcText = ({ name, summary }: NpcView): string => summary || `${sentenceStart(name)} is here.`;

const personName = ({ name, status = "online" }: OccupantView): string =>
  status === "online" ? name : `${name} (${status === "linkdead" ? LOST_CONNECTION : status})`;

function waysText({ ways }: RoomView): string {
  if (ways.length === 0) return "There is no way out that you can see.";
  return `Ways: ${ways.map((way) => way.direction + (way.locked ? " (locked)" : "")).join(", ")}.`;
}

function enumerate(words: readonly string[]): string {
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : words.join("");
}

const sentenceStart = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What people read for the status `linkdead`. */
export const LOST_CONNECTION = "lost connection";

/** The server's own lines about a place, with the words people read. */
export const inPlainWords = (text: string): string => text.replaceAll("(linkdead)", `(${LOST_CONNECTION})`);

/** `direction` is where they come from; without one, the server's `message` stands. */
export function comingText(name: string, direction: string | undefined, message: string): string {
  if (!direction) return message || `${name} comes in.`;
  if (direction === "up") return `${name} comes in from above.`;
  if (direction === "down") return `${name} comes in from below.`;
  return `${name} comes in from the ${direction}.`;
}

/** `direction` is where they go; without one, the server's `message` stands. */
export function leavingText(name: string, direction: string | undefined, message: string): string {
  if (!direction) return message || `${name} leaves.`;
  if (direction === "up" || direction === "down") return `${name} leaves, going ${direction}.`;
  return `${name} leaves to the ${direction}.`;
}
