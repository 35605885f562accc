/** What everybody may read about the server. */
import type { LadderPage, LobbyRooms, ServerStatus } from "@mythgate/sdk";
import { byFamily } from "./lobby.ts";
import { pages } from "./login.ts";

/** As the server tells it; who is in lobbies comes with the door they came through. */
export interface LobbyCrowd {
  readonly rooms: readonly (Omit<LobbyRooms["rooms"][number], "players"> & {
    readonly players: readonly { readonly door: string }[];
  })[];
}

export interface PublicStatus {
  readonly server: ServerStatus;
  readonly lobbies: LobbyCrowd;
  readonly ladder: LadderPage;
}

export const TOP = 10;

export async function readStatus(): Promise<PublicStatus> {
  const [server, lobbies, ladder] = await Promise.all([
    pages.status(),
    pages.rooms(),
    pages.ladder({ category: "ranked", limit: TOP }),
  ]);
  return { server, lobbies, ladder };
}

const DOORS: Readonly<Record<string, string>> = {
  http: "Browsers and apps",
  metaserver: "Old game clients",
  shards: "Shards network",
  telnet: "Telnet",
};

export const doorName = (door: string): string => DOORS[door] ?? door;

/** How many people are in lobbies through each door, the fullest first. */
export function peopleByDoor({ rooms }: LobbyCrowd): (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { door } of rooms.flatMap(({ players }) => players)) counts.set(door, (counts.get(door) ?? 0) + 1);
  return [...counts].sort(([one, many], [other, few]) => few - many || one.localeCompare(other));
}

/** All games that are hosted, those one can join first, with the name of their lobby. */
export const openGames = ({ rooms }: LobbyCrowd) =>
  rooms
    .flatMap((room) => room.games.map((game) => ({ ...game, room_name: room.name })))
    .sort((one, other) => Number(other.joinable) - Number(one.joinable) || one.id - other.id);

export const lobbiesByFamily = ({ rooms }: LobbyCrowd) => byFamily([...rooms]);
