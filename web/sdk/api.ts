/** The REST calls a player's client needs. */
import { refusalOf, Unreachable } from "./errors.ts";

export interface CharacterView {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly level: number;
  readonly race: string;
  readonly character_class: string;
  /** Empty: of none. */
  readonly faction: string;
  readonly room_id: string;
  readonly room_name: string;
  readonly created_at: string;
  readonly last_active: string;
  readonly selected: boolean;
}

export interface DeletedCharacter extends CharacterView {
  readonly deleted_at: string;
  readonly restorable_until: string;
}

export interface CharacterList {
  readonly characters: readonly CharacterView[];
  readonly deleted: readonly DeletedCharacter[];
  readonly limit: number;
}

export interface SignedIn {
  readonly access_token: string;
  readonly token_type: string;
  /** Seconds. */
  readonly expires_in: number;
  readonly refresh_token: string;
  readonly session_id: string;
  readonly session_expires_at: string;
  readonly user_id: string;
  readonly username: string;
  readonly role: string;
  readonly is_guest: boolean;
  readonly characters: readonly CharacterView[];
}

export interface Refreshed {
  readonly access_token: string;
  readonly expires_in: number;
  readonly refresh_token?: string;
  readonly session_expires_at: string;
}

export interface LoginSession {
  readonly id: string;
  readonly created_at: string;
  readonly last_seen_at: string;
  readonly expires_at: string;
  readonly door: string;
  readonly address: string;
  readonly client: string;
  readonly current: boolean;
}

export interface CommandInfo {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly usage: string;
  readonly summary: string;
  readonly help: string;
  readonly group: string;
}

export interface MapRoom {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly exits: Readonly<Record<string, string | null>>;
  readonly current: boolean;
}

export interface MapZone {
  readonly id: string;
  readonly name: string;
  readonly colour: string;
}

export interface ExploredMap {
  readonly rooms: readonly MapRoom[];
  readonly zones: readonly MapZone[];
  readonly current_room_id: string | null;
}

interface RequestOptions {
  readonly body?: unknown;
  readonly token?: string | undefined;
}

const TIMEOUT_MS = 15_000;

/** Calls one server. `baseUrl` ends with a slash; paths below it are the server's own. */
export class Api {
  readonly baseUrl: string;
  readonly #fetch: typeof fetch;

  constructor(baseUrl: string, fetcher: typeof fetch = globalThis.fetch.bind(globalThis)) {
    this.baseUrl = baseUrl;
    this.#fetch = fetcher;
  }

  /** The address of the event socket, `ws:` or `wss:` like the page. */
  get socketUrl(): string {
    return new URL("api/ws", this.baseUrl).href.replace(/^http/, "ws");
  }

  /** @throws {Refused} the server said no. @throws {Unreachable} there was no answer. */
  async request<T>(method: string, path: string, { body, token }: RequestOptions = {}): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(new URL(path, this.baseUrl), {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        cache: "no-store",
      });
      text = await response.text();
    } catch {
      throw new Unreachable("unreachable", "The server does not answer.", {
        hint: "Check your connection and try again.",
      });
    }
    let answer: unknown;
    try {
      answer = text === "" ? undefined : JSON.parse(text);
    } catch {
      answer = undefined;
    }
    if (!response.ok) throw refusalOf(response.status, answer, response.headers.get("Retry-After"));
    return answer as T;
  }
}
