/** One login: keeps the access token fresh and makes authorised calls. */
import type { Beginning, FightRecord, NewOffer, OwnParty, OwnTrades } from "./adventure.ts";
import type {
  Api,
  CharacterList,
  CharacterView,
  CommandInfo,
  ExploredMap,
  LoginSession,
  Refreshed,
  SignedIn,
} from "./api.ts";
import { AuthenticationError } from "./errors.ts";
import type { ChatMessage, FriendView, TradeView } from "./generated/events.ts";
import type {
  ClanChange,
  ClanRank,
  EnteredLobby,
  NewClan,
  NewTournament,
  OwnClan,
  OwnProfile,
  TournamentCard,
} from "./lobbies.ts";
import type { CrystalShard, NearbyPlayer, QuestLog, ShardOwner, WorldEvents, WorldState } from "./world.ts";

/** What survives a reload of the page. Never holds an access token. */
export interface StoredLogin {
  readonly refreshToken: string;
  readonly userId: string;
  readonly username: string;
  readonly role: string;
  readonly isGuest: boolean;
}

export interface LoginStore {
  load(): StoredLogin | null;
  save(login: StoredLogin): void;
  clear(): void;
}

/** Keeps a login as long as the program runs. */
export function inMemory(): LoginStore {
  let kept: StoredLogin | null = null;
  return {
    load: () => kept,
    save: (login) => {
      kept = login;
    },
    clear: () => {
      kept = null;
    },
  };
}

interface AccessToken {
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Renew this long before the access token ends, or after three quarters of a short life. */
const RENEW_AHEAD_MS = 60_000;
/** Refusals that a fresh access token may cure; a wrong password must not be tried twice. */
const ABOUT_THE_TOKEN: ReadonlySet<string> = new Set(["token_expired", "invalid_token"]);
const RETRY_RENEWAL_MS = 15_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Session {
  readonly #api: Api;
  readonly #store: LoginStore;
  readonly #onEnded: (reason: AuthenticationError | null) => void;
  #login: StoredLogin | null;
  #access: AccessToken | null = null;
  #renewing: Promise<string> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onEnded` hears that the login is over: null when the player signed out. */
  constructor(
    api: Api,
    store: LoginStore = inMemory(),
    onEnded: (reason: AuthenticationError | null) => void = () => undefined,
  ) {
    this.#api = api;
    this.#store = store;
    this.#onEnded = onEnded;
    this.#login = store.load();
  }

  /** Who is signed in, as far as this page knows. */
  get login(): StoredLogin | null {
    return this.#login;
  }

  async signIn(username: string, password: string): Promise<SignedIn> {
    return this.#signedIn(await this.#api.request("POST", "api/auth/login", { body: { username, password } }));
  }

  async register(username: string, password: string, email?: string): Promise<SignedIn> {
    const body = email ? { username, password, email } : { username, password };
    return this.#signedIn(await this.#api.request("POST", "api/auth/register", { body }));
  }

  async guest(name?: string): Promise<SignedIn> {
    return this.#signedIn(await this.#api.request("POST", "api/auth/guest", { body: name ? { name } : {} }));
  }

  /** Carries on with a login that was made elsewhere on this device. */
  adopt(login: StoredLogin): void {
    this.#login = login;
    this.#access = null;
    this.#store.save(login);
  }

  /** Ends the login here and, if it can be reached, on the server. */
  async signOut(): Promise<void> {
    if (!this.#login) return;
    try {
      await this.#api.request("POST", "api/auth/logout", { token: await this.accessToken() });
    } catch {
      // The server ends the session by itself when it is no longer renewed.
    }
    this.#end(null);
  }

  /**
   * A valid access token; fetched anew if `renew` is set or the present one is about to end.
   * @throws {AuthenticationError} the login is over. @throws {Unreachable} the server does not answer.
   */
  async accessToken(renew = false): Promise<string> {
    if (!renew && this.#access && this.#access.expiresAt - Date.now() > 5_000) return this.#access.value;
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  listCharacters = (): Promise<CharacterList> => this.#authorized("GET", "api/characters");

  createCharacter = (name: string, description: string, beginning: Beginning = {}): Promise<CharacterView> =>
    this.#authorized("POST", "api/characters", { name, ...(description ? { description } : {}), ...beginning });

  deleteCharacter = (id: string): Promise<void> =>
    this.#authorized("DELETE", `api/characters/${encodeURIComponent(id)}`);

  restoreCharacter = (id: string): Promise<CharacterView> =>
    this.#authorized("POST", `api/characters/${encodeURIComponent(id)}/restore`);

  commands = async (): Promise<readonly CommandInfo[]> =>
    (await this.#authorized<{ commands: readonly CommandInfo[] }>("GET", "api/commands")).commands;

  exploredMap = (): Promise<ExploredMap> => this.#authorized("GET", "api/maps/explored");

  /** Become the owner with the secret of the server's one-time link. */
  async redeemAdminLink(token: string): Promise<void> {
    const { role } = await this.#authorized<{ role: string }>("POST", "api/auth/admin-link", { token });
    if (!this.#login) return;
    this.#login = { ...this.#login, role };
    this.#store.save(this.#login);
  }

  /** A call that has no method of its own here, in the name of who is signed in. */
  request = <T>(method: string, path: string, body?: unknown): Promise<T> => this.#authorized(method, path, body);

  /** The account's role as the server has it now. */
  role = async (): Promise<string> => (await this.#authorized<{ role: string }>("GET", "api/auth/me")).role;

  loginSessions = async (): Promise<readonly LoginSession[]> =>
    (await this.#authorized<{ sessions: readonly LoginSession[] }>("GET", "api/auth/sessions")).sessions;

  revokeSession = (id: string): Promise<void> =>
    this.#authorized("DELETE", `api/auth/sessions/${encodeURIComponent(id)}`);

  changePassword = (current: string, replacement: string): Promise<void> =>
    this.#authorized("POST", "api/auth/password", { current_password: current, new_password: replacement });

  enterLobby = (roomId: number): Promise<EnteredLobby> => this.#authorized("POST", `api/lobbies/${roomId}/enter`);

  leaveLobby = (roomId: number): Promise<void> => this.#authorized("POST", `api/lobbies/${roomId}/leave`);

  ownProfile = (): Promise<OwnProfile> => this.#authorized("GET", "api/profile");

  saveProfile = (profile: OwnProfile): Promise<OwnProfile> => this.#authorized("POST", "api/profile", profile);

  friends = async (): Promise<readonly FriendView[]> =>
    (await this.#authorized<{ friends: readonly FriendView[] }>("GET", "api/friends")).friends;

  addFriend = async (number: number): Promise<readonly FriendView[]> =>
    (await this.#authorized<{ friends: readonly FriendView[] }>("POST", "api/friends", { number })).friends;

  removeFriend = async (number: number): Promise<readonly FriendView[]> =>
    (await this.#authorized<{ friends: readonly FriendView[] }>("DELETE", `api/friends/${number}`)).friends;

  /** Report somebody to the staff: by the name of a character, an account, or somebody in one's lobby. */
  report = (name: string, reason: string): Promise<{ readonly number: number; readonly joined: boolean }> =>
    this.#authorized("POST", "api/reports", { name, reason });

  /** Whom the player ignores. */
  ignored = async (): Promise<readonly { readonly number: number; readonly name: string }[]> =>
    (await this.#authorized<{ people: readonly { number: number; name: string }[] }>("GET", "api/ignored")).people;

  /** @throws {Refused} `not_found`: the player is in no clan. */
  ownClan = (): Promise<OwnClan> => this.#authorized("GET", "api/clan");

  foundClan = (clan: NewClan): Promise<OwnClan> => this.#authorized("POST", "api/clans", clan);

  joinClan = (number: number, password: string): Promise<OwnClan> =>
    this.#authorized("POST", `api/clans/${number}/join`, { member_password: password });

  leaveClan = (): Promise<void> => this.#authorized("POST", "api/clan/leave");

  changeClan = (number: number, change: ClanChange): Promise<OwnClan> =>
    this.#authorized("POST", `api/clans/${number}`, change);

  dismissFromClan = (number: number, member: number): Promise<void> =>
    this.#authorized("POST", `api/clans/${number}/dismiss`, { member });

  rankInClan = (member: number, rank: ClanRank): Promise<OwnClan> =>
    this.#authorized("POST", "api/clan/ranks", { member, rank });

  dissolveClan = (number: number): Promise<void> => this.#authorized("DELETE", `api/clans/${number}`);

  enterTournament = (number: number): Promise<TournamentCard> =>
    this.#authorized("POST", `api/tournaments/${number}/entry`);

  leaveTournament = (number: number): Promise<void> => this.#authorized("DELETE", `api/tournaments/${number}/entry`);

  announceTournament = (tournament: NewTournament): Promise<TournamentCard> =>
    this.#authorized("POST", "api/tournaments", tournament);

  cancelTournament = (number: number): Promise<TournamentCard> =>
    this.#authorized("POST", `api/tournaments/${number}/cancel`);

  decidePairing = (number: number, round: number, slot: number, winner: number): Promise<TournamentCard> =>
    this.#authorized("POST", `api/tournaments/${number}/decide`, { round, slot, winner });

  ownParty = (): Promise<OwnParty> => this.#authorized("GET", "api/party");

  ownTrades = (): Promise<OwnTrades> => this.#authorized("GET", "api/trades");

  offer = (trade: string, offer: NewOffer): Promise<TradeView> =>
    this.#authorized("PUT", `api/trades/${encodeURIComponent(trade)}/offer`, offer);

  /** Want the trade as it was seen: refused if an offer changed since. */
  confirmTrade = (trade: string, revision: number): Promise<TradeView> =>
    this.#authorized("POST", `api/trades/${encodeURIComponent(trade)}/confirm`, { revision });

  acceptTrade = (trade: string): Promise<TradeView> =>
    this.#authorized("POST", `api/trades/${encodeURIComponent(trade)}/accept`);

  /** Decline a request, take one's own back, or end an open trade. */
  endTrade = (trade: string): Promise<void> => this.#authorized("DELETE", `api/trades/${encodeURIComponent(trade)}`);

  /** A fight that is over. @throws {Refused} `no_combat`: it goes on, or was long ago. */
  fightRecord = (fight: string): Promise<FightRecord> =>
    this.#authorized("GET", `api/combats/${encodeURIComponent(fight)}`);

  /** The last words of a channel (`room`, `global`, `party`, `faction`, `whisper`, `announcement`), oldest first. */
  chatHistory = async (channel: string, limit = 50): Promise<readonly ChatMessage[]> => {
    const path = `api/chat/${encodeURIComponent(channel)}/history?limit=${limit}`;
    return (await this.#authorized<{ messages: readonly ChatMessage[] }>("GET", path)).messages;
  };

  quests = (): Promise<QuestLog> => this.#authorized("GET", "api/quests");

  worldState = (): Promise<WorldState> => this.#authorized("GET", "api/world/state");

  shards = async (): Promise<readonly CrystalShard[]> =>
    (await this.#authorized<{ shards: readonly CrystalShard[] }>("GET", "api/world/shards")).shards;

  shardOwners = async (shard: number): Promise<readonly ShardOwner[]> =>
    (await this.#authorized<{ owners: readonly ShardOwner[] }>("GET", `api/world/shards/${shard}`)).owners;

  /** What happened to the world, newest first; at most 200. */
  worldEvents = (limit: number): Promise<WorldEvents> => this.#authorized("GET", `api/world/events?limit=${limit}`);

  nearby = async (): Promise<readonly NearbyPlayer[]> =>
    (await this.#authorized<{ players: readonly NearbyPlayer[] }>("GET", "api/nearby")).players;

  /** Choose for a character that nothing was chosen for. Once, before the second level. */
  chooseBeginning = (id: string, beginning: Beginning): Promise<CharacterView> =>
    this.#authorized("POST", `api/characters/${encodeURIComponent(id)}/beginning`, beginning);

  hasGamePassword = async (): Promise<boolean> =>
    (await this.#authorized<{ is_set: boolean }>("GET", "api/auth/game-password")).is_set;

  setGamePassword = (current: string, replacement: string): Promise<void> =>
    this.#authorized("POST", "api/auth/game-password", { current_password: current, new_password: replacement });

  clearGamePassword = (): Promise<void> => this.#authorized("DELETE", "api/auth/game-password");

  /** Carries on with a login of which only the refresh token is known. */
  async take(refreshToken: string): Promise<void> {
    const renewed = await this.#api.request<Refreshed>("POST", "api/auth/refresh", {
      body: { refresh_token: refreshToken },
    });
    const me = await this.#api.request<{ user_id: string; username: string; role: string; is_guest: boolean }>(
      "GET",
      "api/auth/me",
      { token: renewed.access_token },
    );
    const { user_id: userId, username, role, is_guest: isGuest } = me;
    this.adopt({ refreshToken: renewed.refresh_token ?? refreshToken, userId, username, role, isGuest });
    this.#keep(renewed.access_token, renewed.expires_in);
  }

  async #authorized<T>(method: string, path: string, body?: unknown): Promise<T> {
    try {
      return await this.#api.request<T>(method, path, { body, token: await this.accessToken() });
    } catch (error) {
      if (!this.#login || !(error instanceof AuthenticationError) || !ABOUT_THE_TOKEN.has(error.code)) throw error;
      // The token may have ended between our clock and the server's: once more with a fresh one.
      return this.#api.request<T>(method, path, { body, token: await this.accessToken(true) });
    }
  }

  #signedIn(answer: SignedIn): SignedIn {
    this.#login = {
      refreshToken: answer.refresh_token,
      userId: answer.user_id,
      username: answer.username,
      role: answer.role,
      isGuest: answer.is_guest,
    };
    this.#store.save(this.#login);
    this.#keep(answer.access_token, answer.expires_in);
    return answer;
  }

  async #renew(): Promise<string> {
    const login = this.#login;
    if (!login) throw new AuthenticationError("authentication_failed", "You are not signed in.", { status: 401 });
    let answer: Refreshed;
    try {
      answer = await this.#api.request("POST", "api/auth/refresh", { body: { refresh_token: login.refreshToken } });
    } catch (error) {
      if (error instanceof AuthenticationError && this.#login === login) this.#end(error);
      throw error;
    }
    if (this.#login !== login) throw new AuthenticationError("session_ended", "You signed out.", { status: 401 });
    if (answer.refresh_token && answer.refresh_token !== login.refreshToken) {
      this.#login = { ...login, refreshToken: answer.refresh_token };
      this.#store.save(this.#login);
    }
    this.#keep(answer.access_token, answer.expires_in);
    return answer.access_token;
  }

  #keep(token: string, expiresInSeconds: number): void {
    const life = expiresInSeconds * 1000;
    this.#access = { value: token, expiresAt: Date.now() + life };
    this.#renewAfter(Math.max(life - RENEW_AHEAD_MS, life * 0.75));
  }

  #renewAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.accessToken(true).catch((error: unknown) => {
          if (!(error instanceof AuthenticationError)) this.#renewAfter(RETRY_RENEWAL_MS);
        });
      },
      Math.min(ms, LONGEST_TIMER_MS),
    );
    // A program that has nothing else to do may end; browsers have numbers for timers.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Forget the login on this device only. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#login = null;
    this.#access = null;
    this.#store.clear();
  }

  #end(reason: AuthenticationError | null): void {
    this.forget();
    this.#onEnded(reason);
  }
}
