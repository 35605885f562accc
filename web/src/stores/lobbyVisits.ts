/** Going into lobbies and out of them, and what the server tells everybody about them. */
import type { ClanCard, ClanEntry, FriendView, LadderPage, LobbyRooms, LobbyView, PlayerPage } from "@mythgate/sdk";
import { api, explain, session } from "./login.ts";
import { usePage, want } from "./page.ts";
import { refuseInLobby, usePlay } from "./play.ts";

let entering = false;

/** Go into a lobby; the player reads why if that cannot be. */
export async function enterLobby(roomId: number): Promise<boolean> {
  if (entering) return false;
  entering = true;
  want(roomId);
  try {
    await session.enterLobby(roomId);
    return true;
  } catch (error) {
    want(null);
    const { message, hint } = explain(error);
    refuseInLobby(`${message} ${hint}`.trim());
    return false;
  } finally {
    entering = false;
  }
}

/** Go into the lobby that was chosen before the player was in the world, or in which they were. */
export async function enterWantedLobby(): Promise<void> {
  const { wanted } = usePage.getState();
  if (wanted !== null) await enterLobby(wanted);
}

export async function leaveLobby(roomId: number): Promise<void> {
  want(null);
  try {
    await session.leaveLobby(roomId);
  } catch (error) {
    refuseInLobby(explain(error).message);
  }
}

/** Whom the player lists as friends; later changes come as events. */
export async function loadFriends(): Promise<void> {
  try {
    setFriends(await session.friends());
  } catch {
    // The list is not shown then; it comes again with the next change.
  }
}

export const setFriends = (friends: readonly FriendView[]): void =>
  usePlay.setState(({ lobby }) => ({ lobby: { ...lobby, friends } }));

// Whoever is put out, or goes on purpose, does not want to be in it any more.
usePlay.subscribe(({ lobby }, { lobby: before }) => {
  if (lobby.room && lobby.room.room_id !== before.room?.room_id) want(lobby.room.room_id);
  else if (lobby.out && lobby.out !== before.out && lobby.out !== "lost") want(null);
});

// --- what everybody may read ------------------------------------------------------------------------

export const readRooms = (): Promise<LobbyRooms> => api.request("GET", "api/metaserver/rooms");

export const readPlayer = (number: number): Promise<PlayerPage> =>
  api.request("GET", `api/metaserver/players/${number}`);

export const readLadder = (category: string, kind: "player" | "clan"): Promise<LadderPage> =>
  api.request("GET", `api/metaserver/ladder?category=${encodeURIComponent(category)}&kind=${kind}`);

export const readClans = async (): Promise<readonly ClanEntry[]> =>
  (await api.request<{ clans: readonly ClanEntry[] }>("GET", "api/metaserver/clans")).clans;

export const readClan = (number: number): Promise<ClanCard> => api.request("GET", `api/metaserver/clans/${number}`);

/** The overview as the events have it. */
export const viewsOf = ({ rooms }: LobbyRooms): LobbyView[] =>
  rooms.map(({ id, name, family, type, players, games, capacity, min_caste, max_caste }) => ({
    room_id: id,
    name,
    family,
    kind: type,
    players: players.length,
    games: games.length,
    capacity,
    min_caste,
    max_caste,
  }));
