/** What the REST calls about accounts answer, which are for staff. */
export type Role = "player" | "moderator" | "admin" | "owner";
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
