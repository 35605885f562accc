/** Being told, while one is away, that it is worth coming. */
import type { Session } from "./session.ts";

export type Occasion = "people" | "game" | "clan" | "friend";
export type Way = "push" | "webhook" | "mail";
export type Outcome = "delivered" | "later" | "failed" | "gone";

export interface WaitedFor {
  readonly number: number;
  readonly occasion: Occasion;
  /** Number of a lobby, `world`, or empty for anywhere. */
  readonly place: string;
  readonly count: number;
  /** Number of an account; 0: anybody. */
  readonly friend: number;
  readonly told_at: string | null;
}

export interface Reach {
  readonly number: number;
  readonly way: Way;
  readonly address: string;
  /** Nothing but a code goes there until it is. */
  readonly confirmed: boolean;
  readonly in_use: boolean;
}

/** In minutes after midnight; over midnight if it ends before it begins. */
export interface QuietHours {
  readonly begins: number;
  readonly ends: number;
  readonly zone: string;
}

export interface OwnNotices {
  readonly subscriptions: readonly WaitedFor[];
  readonly contacts: readonly Reach[];
  readonly quiet: QuietHours | null;
  /** Those the server can go. */
  readonly ways: readonly Way[];
  /** What a browser subscribes with; empty without that way. */
  readonly push_key: string;
}

export interface NewSubscription {
  readonly occasion: Occasion;
  readonly place?: string;
  readonly count?: number;
  readonly friend?: number;
}

const AT = "api/notices";

/** What somebody who is signed in waits for, and how they are reached. Guests have no notices. */
export class Notices {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  read = (): Promise<OwnNotices> => this.#session.request("GET", AT);

  subscribe = (wanted: NewSubscription): Promise<WaitedFor> =>
    this.#session.request("POST", `${AT}/subscriptions`, wanted);

  unsubscribe = (number: number): Promise<void> => this.#session.request("DELETE", `${AT}/subscriptions/${number}`);

  /** A code goes there, which `confirm` asks for; a browser's push service needs none. */
  addContact = (way: Way, address: string, keys: Readonly<Record<string, string>> = {}): Promise<Reach> =>
    this.#session.request("POST", `${AT}/contacts`, { way, address, keys });

  confirm = (number: number, code: string): Promise<Reach> =>
    this.#session.request("POST", `${AT}/contacts/${number}/confirm`, { code });

  removeContact = (number: number): Promise<void> => this.#session.request("DELETE", `${AT}/contacts/${number}`);

  setQuiet = (hours: QuietHours): Promise<QuietHours> => this.#session.request("PUT", `${AT}/quiet`, hours);

  clearQuiet = (): Promise<void> => this.#session.request("DELETE", `${AT}/quiet`);

  /** Send something to each address that is in use. */
  test = async (): Promise<readonly { readonly number: number; readonly outcome: Outcome }[]> =>
    (await this.#session.request<{ tried: { number: number; outcome: Outcome }[] }>("POST", `${AT}/test`)).tried;
}
