/** Accounts, as staff looks after them. */
import {
  type AccountStatus,
  type CreatedUser,
  type NewUser,
  type Role,
  type User,
  type UserCard,
  Users,
} from "@mythgate/sdk";
import { create } from "zustand";
import { explain, session, useLogin } from "./login.ts";

const RANKS: readonly string[] = ["player", "read_only", "tournament", "moderator", "admin", "owner"];

/** A role as people read it. */
export const roleName = (role: string): string => role.replaceAll("_", "-");

/** Whether somebody with that role sees the console. */
export const isStaff = (role: string): boolean => RANKS.indexOf(role) >= RANKS.indexOf("read_only");

/** Whether somebody with that role makes accounts. */
export const mayCreate = (role: string): boolean => RANKS.indexOf(role) >= RANKS.indexOf("admin");

/** Whether somebody with that role may have a second factor. */
export const mayHaveFactor = mayCreate;

/** The roles that somebody may give a new account: those below their own, and all if they own the server. */
export const rolesBelow = (role: string): readonly Role[] =>
  RANKS.slice(0, role === "owner" ? RANKS.length : RANKS.indexOf(role)) as Role[];

// --- one's own role ---------------------------------------------------------------------------------

/** The role of who is signed in, as last heard; empty for nobody. The login may be older than the role. */
export const useRole = create<{ readonly role: string }>(() => ({ role: session.login?.role ?? "" }));

/** Ask the server again what the player may do. */
export async function readRole(): Promise<void> {
  if (!session.login || session.login.isGuest) return;
  try {
    useRole.setState({ role: await session.role() });
  } catch {
    // What was known stays; the server has the last word about everything anyway.
  }
}

useLogin.subscribe(({ login }, { login: before }) => {
  if (login?.userId !== before?.userId || login?.role !== before?.role) useRole.setState({ role: login?.role ?? "" });
});

// --- the list ---------------------------------------------------------------------------------------

export interface UserQuery {
  readonly search: string;
  readonly role: Role | "";
  readonly status: AccountStatus | "";
}

interface UsersState {
  readonly query: UserQuery;
  readonly users: readonly User[];
  readonly next: string | null;
  /** Whether an answer is awaited. */
  readonly busy: boolean;
  /** Whether there ever was an answer. */
  readonly loaded: boolean;
  readonly problem: { message: string; hint: string } | null;
}

const EVERYBODY: UserQuery = { search: "", role: "", status: "" };

export const useUsers = create<UsersState>(() => ({
  query: EVERYBODY,
  users: [],
  next: null,
  busy: false,
  loaded: false,
  problem: null,
}));

let asked = 0;

/** Look for accounts anew. An answer that a later question has overtaken is dropped. */
export function lookFor(change: Partial<UserQuery>): Promise<void> {
  useUsers.setState(({ query }) => ({ query: { ...query, ...change } }));
  return ask(null);
}

/** The next page behind what is shown. */
export async function showMore(): Promise<void> {
  const { next, busy } = useUsers.getState();
  if (next !== null && !busy) await ask(next);
}

async function ask(after: string | null): Promise<void> {
  asked += 1;
  const mine = asked;
  useUsers.setState({ busy: true, problem: null });
  try {
    const { query } = useUsers.getState();
    const page = await accounts.list({ ...query, search: query.search.trim(), after });
    if (mine !== asked) return;
    useUsers.setState(({ users }) => ({
      users: after === null ? page.users : [...users, ...page.users],
      next: page.next,
      busy: false,
      loaded: true,
    }));
  } catch (error) {
    if (mine === asked) useUsers.setState({ busy: false, problem: explain(error) });
  }
}

// --- one of them ------------------------------------------------------------------------------------

const accounts = new Users(session);

export const { read: readUser, givePassword, takeGamePassword } = accounts;

/** Have the list show what has become of somebody. */
function noted(card: UserCard): UserCard {
  useUsers.setState(({ users }) => ({ users: users.map((one) => (one.id === card.id ? card : one)) }));
  return card;
}

/** `days` is null for a lock without an end. */
export const lockUser = async (id: string, days: number | null, reason: string): Promise<UserCard> =>
  noted(await accounts.lock(id, days, reason));

export const unlockUser = async (id: string, reason: string): Promise<UserCard> =>
  noted(await accounts.unlock(id, reason));

export const setRole = async (id: string, role: Role, reason: string): Promise<UserCard> =>
  noted(await accounts.setRole(id, role, reason));

export const setHidden = async (id: string, hidden: boolean): Promise<UserCard> =>
  noted(await accounts.setHidden(id, hidden));

export const createUser = (user: NewUser): Promise<CreatedUser> => accounts.create(user);

// --- in words ---------------------------------------------------------------------------------------

const ACTS: Readonly<Record<string, string>> = {
  "character.kicked": "kicked from the world",
  "lobby.kicked": "kicked from a lobby",
  "account.registered": "registered",
  "account.guest_entered": "came as a guest",
  "account.created": "made the account",
  "account.imported": "brought over from another server",
  "account.banned": "locked",
  "account.disabled": "locked",
  "account.enabled": "unlocked",
  "account.muted": "muted",
  "account.unmuted": "unmuted",
  "account.renamed": "renamed",
  "account.deleted": "deleted",
  "account.hidden": "hidden",
  "account.shown": "shown again",
  "account.role_changed": "role changed",
  "account.password_changed": "changed the password",
  "account.password_reset": "given a new password",
  "account.game_password_set": "set a game password",
  "account.game_password_reset": "given a game password",
  "account.game_password_cleared": "game password removed",
};

/** What an entry of the record says was done. */
export const actName = (action: string): string =>
  ACTS[action] ?? action.replace(/^(?:account|character)\./, "").replace(/[._]/g, " ");

/** A moment as the record has it. */
export const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/;

/** The rest of an entry, without the name, which stands above; `time` words the times in it. */
export const actDetail = (detail: Readonly<Record<string, string>>, time: (iso: string) => string): string =>
  Object.entries(detail)
    .filter(([key, value]) => key !== "name" && value !== "")
    .map(([key, value]) => `${key.replaceAll("_", " ")}: ${TIME.test(value) ? time(value) : value}`)
    .join(", ");
