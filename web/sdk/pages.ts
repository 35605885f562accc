/** What everybody may read about the server, its lobbies, ladders, clans and tournaments; without a login. */
import type { Api } from "./api.ts";
import type {
  ClanCard,
  ClanEntry,
  LadderPage,
  ListedGame,
  LobbyRooms,
  PlayerEntry,
  PlayerPage,
  ResultCard,
  TournamentCard,
} from "./lobbies.ts";
import type { ServerStatus } from "./status.ts";

export interface LadderQuery {
  readonly category: string;
  readonly kind?: "player" | "clan";
  /** Left out or null: the present one. */
  readonly season?: number | null;
  readonly limit?: number;
  readonly offset?: number;
}

export interface ResultQuery {
  /** Number of somebody who played. */
  readonly player?: string | number | null;
  /** Number of a result; those before it. */
  readonly before?: number | null;
  readonly limit?: number;
}

export interface Season {
  readonly number: number;
  readonly name: string;
}

export class Pages {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  status = (): Promise<ServerStatus> => this.#api.request("GET", "api/status");

  /** All lobbies with who and what is in them. */
  rooms = (): Promise<LobbyRooms> => this.#read("rooms");

  player = (number: number): Promise<PlayerPage> => this.#read(`players/${number}`);

  /** At most twenty whose name contains `text`. */
  searchPlayers = async (text: string): Promise<readonly PlayerEntry[]> =>
    (await this.#read<{ players: readonly PlayerEntry[] }>(`players?${given({ search: text })}`)).players;

  /** All seasons, the oldest first; the last one goes on. */
  seasons = async (): Promise<readonly Season[]> =>
    (await this.#read<{ seasons: readonly Season[] }>("ladder/seasons")).seasons;

  ladder = (query: LadderQuery): Promise<LadderPage> => this.#read(`ladder?${given({ ...query })}`);

  tournaments = async (over: boolean): Promise<readonly TournamentCard[]> =>
    (await this.#read<{ tournaments: readonly TournamentCard[] }>(`tournaments?${given({ over })}`)).tournaments;

  /** The last results, latest first. */
  results = async (query: ResultQuery = {}): Promise<readonly ResultCard[]> =>
    (await this.#read<{ results: readonly ResultCard[] }>(`results?${given({ ...query })}`)).results;

  result = (number: number): Promise<ResultCard> => this.#read(`results/${number}`);

  /** The games of all lobbies. */
  games = async (): Promise<readonly ListedGame[]> =>
    (await this.#read<{ games: readonly ListedGame[] }>("games")).games;

  clans = async (): Promise<readonly ClanEntry[]> => (await this.#read<{ clans: readonly ClanEntry[] }>("clans")).clans;

  clan = (number: number): Promise<ClanCard> => this.#read(`clans/${number}`);

  #read<T>(path: string): Promise<T> {
    return this.#api.request("GET", `api/metaserver/${path}`);
  }
}

/** A query of what was given: neither null nor left out. */
export function given(values: Readonly<Record<string, string | number | boolean | null | undefined>>): string {
  const there = Object.entries(values).flatMap(([name, value]) => (value == null ? [] : [[name, String(value)]]));
  return new URLSearchParams(there).toString();
}
