/** What the staff does about accounts. */
import { given } from "./pages.ts";
import type { Session } from "./session.ts";

export type Role = "player" | "read_only" | "tournament" | "moderator" | "admin" | "owner";
export type AccountStatus = "active" | "disabled" | "deleted";
export type StaffAct = "lock" | "unlock" | "reset_password" | "set_role" | "hide";

export interface UserPlace {
  readonly door: string;
  readonly client: string;
  /** Of the lobby; null for the text world. */
  readonly room_id: number | null;
  readonly room_name: string;
}

export interface User {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly role: Role;
  readonly status: AccountStatus;
  readonly guest: boolean;
  readonly hidden: boolean;
  readonly caste: number;
  readonly created_at: string;
  readonly last_login_at: string | null;
  readonly locked_until: string | null;
  readonly online: readonly UserPlace[];
}

export interface UserPage {
  readonly users: readonly User[];
  /** What to ask for the next page with; null on the last. */
  readonly next: string | null;
}

export interface UserStanding {
  readonly place: number;
  readonly caste: number;
  readonly best_caste: number;
  readonly points: number;
  readonly games: number;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  readonly disconnects: number;
}

export interface UserCard extends User {
  /** Null for who is no admin, as is `record` and the `address` of sessions. */
  readonly email: string | null;
  readonly lock: {
    readonly at: string | null;
    readonly by: string;
    readonly reason: string;
    readonly until: string | null;
  } | null;
  readonly mute: { readonly reason: string; readonly until: string | null } | null;
  readonly has_game_password: boolean;
  readonly last_seen_at: string | null;
  readonly logins: Readonly<Record<string, number>>;
  readonly sessions: readonly {
    readonly door: string;
    readonly client: string;
    readonly address: string | null;
    readonly created_at: string;
    readonly last_seen_at: string;
  }[];
  readonly characters: readonly {
    readonly id: string;
    readonly name: string;
    readonly room_id: string;
    readonly last_active_at: string;
  }[];
  readonly clan: {
    readonly number: number;
    readonly name: string;
    readonly rank: string;
    readonly joined_at: string;
  } | null;
  readonly played: Readonly<Record<string, number>>;
  readonly standings: Readonly<Record<string, UserStanding>>;
  readonly results: readonly {
    readonly number: number;
    readonly name: string;
    readonly map_name: string;
    readonly kind: string;
    readonly verdict: string;
    readonly outcome: string;
    readonly place: number;
    readonly recorded_at: string;
  }[];
  readonly record:
    | readonly {
        readonly at: string;
        readonly by: string;
        readonly action: string;
        readonly detail: Readonly<Record<string, string>>;
      }[]
    | null;
  readonly may: readonly StaffAct[];
  readonly grantable: readonly Role[];
}

export interface NewUser {
  readonly username: string;
  /** Left out: the server makes one up. */
  readonly password?: string;
  readonly email?: string;
  readonly role: Role;
}

export interface CreatedUser {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** The one that was made up; nobody can see it again. */
  readonly password: string | null;
}

export interface UserQuery {
  readonly search?: string;
  readonly role?: Role | "";
  readonly status?: string;
  /** `next` of the page before. */
  readonly after?: string | null;
}

/** Whether a password is for everything or for old game clients only. */
export type PasswordKind = "password" | "game-password";

const path = (id: string, act = ""): string => `api/admin/users/${encodeURIComponent(id)}${act && `/${act}`}`;

/** Accounts, for who is signed in as one of the staff. What a role may not do is refused. */
export class Users {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  list = (query: UserQuery = {}): Promise<UserPage> => {
    const { search, role, status, after } = query;
    const wanted = { search: search || null, role: role || null, status: status || null, after: after ?? null };
    return this.#session.request("GET", `api/admin/users?${given(wanted)}`);
  };

  read = (id: string): Promise<UserCard> => this.#session.request("GET", path(id));

  create = (user: NewUser): Promise<CreatedUser> => this.#session.request("POST", "api/admin/users", user);

  /** `days` is null for a lock without an end. */
  lock = (id: string, days: number | null, reason: string): Promise<UserCard> =>
    this.#session.request("POST", path(id, "lock"), { days, reason });

  unlock = (id: string, reason: string): Promise<UserCard> =>
    this.#session.request("POST", path(id, "unlock"), { reason });

  setRole = (id: string, role: Role, reason: string): Promise<UserCard> =>
    this.#session.request("POST", path(id, "role"), { role, reason });

  setHidden = (id: string, hidden: boolean): Promise<UserCard> =>
    this.#session.request("POST", path(id, "hidden"), { hidden });

  /** @returns the password the server made up, if none was given. */
  givePassword = async (id: string, kind: PasswordKind, password: string, reason: string): Promise<string | null> => {
    const body = password ? { password, reason } : { reason };
    return (await this.#session.request<{ password: string | null }>("POST", path(id, kind), body)).password;
  };

  takeGamePassword = (id: string, reason: string): Promise<void> =>
    this.#session.request("DELETE", `${path(id, "game-password")}?${given({ reason })}`);
}
