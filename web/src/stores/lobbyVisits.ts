/** Going into lobbies and out of them, and what the server tells everybody about them. */
import {
  type ClanCard,
  type ClanEntry,
  type FriendView,
  type HostedGameView,
  type LadderPage,
  type ListedGame,
  type LobbyPlayerView,
  type LobbyRooms,
  type LobbyView,
  MythError,
  type OwnClan,
  type PlayerEntry,
  type PlayerPage,
  type ResultCard,
  type RoomGame,
  type RoomPlayer,
  type TournamentCard,
} from "@mythgate/sdk";
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

/** At most twenty whose name contains `text`. */
export const searchPlayers = async (text: string): Promise<readonly PlayerEntry[]> =>
  (
    await api.request<{ players: readonly PlayerEntry[] }>(
      "GET",
      `api/metaserver/players?search=${encodeURIComponent(text)}`,
    )
  ).players;

export interface LadderChoice {
  readonly category: string;
  readonly kind: "player" | "clan";
  /** Null: the present one. */
  readonly season: number | null;
}

export interface Season {
  readonly number: number;
  readonly name: string;
}

/** All seasons, the oldest first; the last one goes on. */
export const readSeasons = async (): Promise<readonly Season[]> =>
  (await api.request<{ seasons: readonly Season[] }>("GET", "api/metaserver/ladder/seasons")).seasons;

export const LADDER_ROWS = 50;

export function readLadder({ category, kind, season }: LadderChoice, offset: number): Promise<LadderPage> {
  const query = new URLSearchParams({ category, kind, limit: String(LADDER_ROWS), offset: String(offset) });
  if (season !== null) query.set("season", String(season));
  return api.request("GET", `api/metaserver/ladder?${query}`);
}

export const readTournaments = async (over: boolean): Promise<readonly TournamentCard[]> =>
  (await api.request<{ tournaments: readonly TournamentCard[] }>("GET", `api/metaserver/tournaments?over=${over}`))
    .tournaments;

/** The last results, of one player if `player` is their number. */
export async function readResults(player: string | null, before: number | null = null): Promise<readonly ResultCard[]> {
  const query = new URLSearchParams({ limit: "20" });
  if (player !== null) query.set("player", player);
  if (before !== null) query.set("before", String(before));
  return (await api.request<{ results: readonly ResultCard[] }>("GET", `api/metaserver/results?${query}`)).results;
}

export const readResult = (number: number): Promise<ResultCard> =>
  api.request("GET", `api/metaserver/results/${number}`);

/** The games of all lobbies. */
export const readGames = async (): Promise<readonly ListedGame[]> =>
  (await api.request<{ games: readonly ListedGame[] }>("GET", "api/metaserver/games")).games;

/** Null for who is in none. */
export async function readOwnClan(): Promise<OwnClan | null> {
  try {
    return await session.ownClan();
  } catch (error) {
    if (error instanceof MythError && error.code === "not_found") return null;
    throw error;
  }
}

export const readClans = async (): Promise<readonly ClanEntry[]> =>
  (await api.request<{ clans: readonly ClanEntry[] }>("GET", "api/metaserver/clans")).clans;

export const readClan = (number: number): Promise<ClanCard> => api.request("GET", `api/metaserver/clans/${number}`);

/** Somebody as the events have them. */
export const playerView = (one: RoomPlayer): LobbyPlayerView => ({
  number: one.user_id,
  name: one.nick_name,
  team: one.team_name,
  client: one.client,
  door: one.door,
  is_guest: one.guest,
  role: one.admin ? "staff" : "player",
  caste: one.caste,
  colour: one.primary_color,
  clan: one.clan,
  away: one.away,
  afk_text: one.afk_text,
  in_game: one.in_game,
});

/** Somebody in any lobby, and its name; null if they are in none. */
export async function findInLobbies(number: number): Promise<{ player: LobbyPlayerView; room: string } | null> {
  for (const room of (await readRooms()).rooms) {
    const found = room.players.find((one) => one.user_id === number);
    if (found) return { player: playerView(found), room: room.name };
  }
  return null;
}

/** A game as the events have it. */
export const gameView = (game: RoomGame, family: string): HostedGameView => ({
  number: game.id,
  name: game.name,
  host: game.host_user_id,
  host_name: game.host_name,
  family,
  state: game.state,
  joinable: game.joinable,
  map_name: game.map_name,
  kind: game.scoring_name,
  difficulty: game.difficulty,
  scenario: game.scenario,
  players: game.players,
  max_players: game.max_players,
  elapsed_seconds: game.elapsed_seconds,
  seconds_left: game.seconds_left,
  has_password: game.has_password,
  reachable: game.reachable,
  line_up: [...game.line_up],
});

/** The overview as the events have it. */
export const viewsOf = ({ rooms }: LobbyRooms): LobbyView[] =>
  rooms.map(({ id, name, family, type, players, games, capacity, min_caste, max_caste, locked, squelched }) => ({
    room_id: id,
    name,
    family,
    kind: type,
    players: players.length,
    games: games.length,
    capacity,
    min_caste,
    max_caste,
    locked,
    squelched,
  }));
