/** Going into lobbies and out of them, and what the server tells everybody about them. */
import {
  type FriendView,
  type HostedGameView,
  type LadderPage,
  type LobbyPlayerView,
  type LobbyRooms,
  type LobbyView,
  MythError,
  type OwnClan,
  type ResultCard,
  type RoomGame,
  type RoomPlayer,
} from "@mythgate/sdk";
import { explain, pages, session } from "./login.ts";
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

export const {
  rooms: readRooms,
  player: readPlayer,
  searchPlayers,
  seasons: readSeasons,
  tournaments: readTournaments,
  result: readResult,
  games: readGames,
  clans: readClans,
  clan: readClan,
} = pages;

export interface LadderChoice {
  readonly category: string;
  readonly kind: "player" | "clan";
  /** Null: the present one. */
  readonly season: number | null;
}

export const LADDER_ROWS = 50;

export const readLadder = (choice: LadderChoice, offset: number): Promise<LadderPage> =>
  pages.ladder({ ...choice, limit: LADDER_ROWS, offset });

/** The last results, of one player if `player` is their number. */
export const readResults = (player: string | null, before: number | null = null): Promise<readonly ResultCard[]> =>
  pages.results({ limit: 20, player, before });

/** Null for who is in none. */
export async function readOwnClan(): Promise<OwnClan | null> {
  try {
    return await session.ownClan();
  } catch (error) {
    if (error instanceof MythError && error.code === "not_found") return null;
    throw error;
  }
}

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
  rooms.map((room) => ({
    room_id: room.id,
    name: room.name,
    family: room.family,
    kind: room.type,
    players: room.players.length,
    games: room.games.length,
    capacity: room.capacity,
    min_caste: room.min_caste,
    max_caste: room.max_caste,
    locked: room.locked,
    squelched: room.squelched,
    world_chat: room.world_chat,
    type_name: room.type_name,
  }));
