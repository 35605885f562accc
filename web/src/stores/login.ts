/** Who is signed in. */
import { Api, type LoginStore, MythError, Pages, Session, type StoredLogin } from "@mythgate/sdk";
import { create } from "zustand";
import { rootAddress, showProfile } from "./page.ts";
import { browserStorage, isRecord, load, remove, save, tabStorage } from "./storage.ts";

const KEY = "mythgate.login";
/** Somebody with an account was here before; not who. */
const RETURNING_KEY = "mythgate.returning";

export function isStoredLogin(value: unknown): value is StoredLogin {
  return isRecord(value) && typeof value.refreshToken === "string" && typeof value.username === "string";
}

/** In the tab's storage, or in the browser's for those who asked to stay signed in. */
class BrowserLoginStore implements LoginStore {
  staySignedIn = false;

  load(): StoredLogin | null {
    const inTab = load(tabStorage, KEY, isStoredLogin);
    if (inTab) return inTab;
    const inBrowser = load(browserStorage, KEY, isStoredLogin);
    this.staySignedIn = inBrowser !== null;
    return inBrowser;
  }

  save(login: StoredLogin): void {
    remove(this.staySignedIn ? tabStorage : browserStorage, KEY);
    save(this.staySignedIn ? browserStorage : tabStorage, KEY, login);
  }

  clear(): void {
    remove(tabStorage, KEY);
    remove(browserStorage, KEY);
  }
}

interface LoginState {
  readonly login: StoredLogin | null;
  /** Why the player has to sign in again, if the last login ended by itself. */
  readonly notice: string | null;
  /** The secret of the operator's one-time link, until it is used. */
  readonly claim: string | null;
  /** What became of the link. */
  readonly claimed: string | null;
}

const loginStore = new BrowserLoginStore();

export const api = new Api(rootAddress());

export const pages = new Pages(api);

export const session = new Session(api, loginStore, (reason) => {
  useLogin.setState({ login: null, notice: reason ? reason.message : null });
});

export const useLogin = create<LoginState>(() => ({
  login: session.login,
  notice: null,
  claim: takeClaim(),
  claimed: null,
}));

/** Whether somebody has signed in with this browser before, so that they rather sign in than register. */
export const isReturning = (): boolean => load(browserStorage, RETURNING_KEY, (value) => value === true) !== null;

/** Be signed in like another tab of this browser, for as long as one of them stays. */
export function joinLogin(login: StoredLogin): void {
  if (session.login) return;
  loginStore.staySignedIn = false;
  session.adopt(login);
  signedIn();
}

export async function signIn(username: string, password: string, stay: boolean): Promise<void> {
  loginStore.staySignedIn = stay;
  await session.signIn(username, password);
  signedIn();
}

export async function register(username: string, password: string, email: string, stay: boolean): Promise<void> {
  loginStore.staySignedIn = stay;
  await session.register(username, password, email || undefined);
  signedIn();
}

/** @returns what the guest is called. */
export async function playAsGuest(name: string): Promise<string> {
  loginStore.staySignedIn = false;
  const { username } = await session.guest(name || undefined);
  signedIn();
  return username;
}

let signingOut = false;

/** Whether the player is about to be signed out: nothing more is to be asked for them. */
export const isSigningOut = (): boolean => signingOut;

/** @param left when the player is out of the world. */
export async function signOut(left?: Promise<void>): Promise<void> {
  signingOut = true;
  try {
    await left;
    await session.signOut();
  } finally {
    signingOut = false;
  }
}

/** The login turned out to be over, as heard on the event socket. */
export function loginEnded(message: string): void {
  session.forget();
  useLogin.setState({ login: null, notice: message });
}

function signedIn(): void {
  if (!session.login?.isGuest) save(browserStorage, RETURNING_KEY, true);
  useLogin.setState({ login: session.login, notice: null, claimed: null });
  void redeemClaim();
}

/** Use the operator's one-time link, if the page was opened by it and somebody is signed in. */
export async function redeemClaim(): Promise<void> {
  const { claim, login } = useLogin.getState();
  if (!claim || !login) return;
  useLogin.setState({ claim: null });
  try {
    await session.redeemAdminLink(claim);
    useLogin.setState({ login: session.login, claimed: "You own this server now." });
  } catch (error) {
    useLogin.setState({ claimed: await whyNotClaimed(error) });
  }
}

async function whyNotClaimed(error: unknown): Promise<string> {
  const refused = error instanceof MythError ? error.code : "";
  if (refused === "invalid_token" && (await session.role().catch(() => "")) === "owner") {
    return "You own this server already.";
  }
  if (refused === "invalid_token") {
    // The server forgets a link once it is used, so this is all that can be said.
    return (
      "This link was used already, is too old, or there is a newer one: " +
      "while nobody owns the server, it prints the link that counts at its start."
    );
  }
  const { message, hint } = explain(error);
  return `${message} ${hint}`.trim();
}

/** The player has read what became of the link. */
export function claimRead(): void {
  useLogin.setState({ claimed: null });
}

/** The operator's link came into a page that is open already, where only the part after # changes. */
export function listenForClaims(): void {
  window.addEventListener("hashchange", () => {
    const claim = takeClaim();
    if (!claim) return;
    useLogin.setState({ claim, claimed: null });
    void redeemClaim();
  });
}

/** The operator's link is `/#claim=…`: the part after # never reaches a server's log. */
function takeClaim(): string | null {
  if (typeof location === "undefined") return null;
  const claim = new URLSearchParams(location.hash.slice(1)).get("claim");
  if (claim) history.replaceState(null, "", location.pathname + location.search);
  return claim;
}

/** An old game client opened its settings: `/lobby#settings=…` holds a login, which takes the place of this tab's. */
export function takeSettingsLogin(): Promise<void> | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("settings");
  if (!token) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return openSettings(token);
}

async function openSettings(refreshToken: string): Promise<void> {
  try {
    loginStore.staySignedIn = false;
    await session.take(refreshToken);
    signedIn();
    showProfile(true);
  } catch (error) {
    useLogin.setState({ notice: explain(error).message });
  }
}

/** What to tell the player about `error`, and what to do about it. */
export function explain(error: unknown): { message: string; hint: string } {
  if (error instanceof MythError) {
    const wait = error.retryAfter ? `Try again in ${Math.ceil(error.retryAfter)} s.` : "";
    return { message: error.message, hint: [error.hint, wait].filter(Boolean).join(" ") };
  }
  return { message: "Something went wrong on this page.", hint: "Reload it and try again." };
}
