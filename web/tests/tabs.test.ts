/** Several tabs of one browser: who is signed in in one is so in the next, and out in all. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeChannel, FakeSocket } from "./fakes.ts";

interface Tab {
  readonly login: typeof import("../src/stores/login.ts");
  readonly kept: Map<string, string>;
  readonly name: () => string | undefined;
}

const inBrowser = new Map<string, string>();
const storageOf = (items: Map<string, string>) => ({
  getItem: (key: string) => items.get(key) ?? null,
  setItem: (key: string, value: string) => void items.set(key, value),
  removeItem: (key: string) => void items.delete(key),
});
let redeemed: unknown[];

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  FakeSocket.all = [];
  FakeChannel.all = [];
  inBrowser.clear();
  redeemed = [];
  vi.stubGlobal("BroadcastChannel", FakeChannel);
  vi.stubGlobal("localStorage", storageOf(inBrowser));
  vi.stubGlobal("location", { hash: "", pathname: "/", search: "" });
  vi.stubGlobal("history", { replaceState: () => undefined });
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    const answer = (body: unknown) => new Response(JSON.stringify(body), { status: 200 });
    const sent = init.body ? JSON.parse(String(init.body)) : {};
    switch (url.pathname) {
      case "/api/auth/login":
      case "/api/auth/register":
      case "/api/auth/guest":
        return answer({
          access_token: "a",
          expires_in: 900,
          refresh_token: `secret of ${sent.username ?? "Guest7"}`,
          user_id: "u",
          username: sent.username ?? "Guest7",
          role: "player",
          is_guest: url.pathname.endsWith("guest"),
        });
      case "/api/auth/admin-link":
        redeemed.push(sent.token);
        return answer({ role: "owner" });
      case "/api/auth/logout":
        return new Response(null, { status: 204 });
      default:
        return answer({ access_token: "access", expires_in: 900 });
    }
  });
});

afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const settle = (ms = 100) => vi.advanceTimersByTimeAsync(ms);

async function openTab(hash = ""): Promise<Tab> {
  const kept = new Map<string, string>();
  vi.resetModules();
  vi.stubGlobal("sessionStorage", storageOf(kept));
  vi.stubGlobal("location", { hash, pathname: "/", search: "" });
  const login = await import("../src/stores/login.ts");
  const tabs = await import("../src/stores/tabs.ts");
  tabs.shareLogin();
  await settle();
  return { login, kept, name: () => login.useLogin.getState().login?.username };
}

test("a new tab is signed in like the one that is open, and keeps it to itself", async () => {
  const first = await openTab();
  await first.login.register("Ada", "password", "", false);
  const second = await openTab();
  expect(second.name()).toBe("Ada");
  expect(second.kept.get("mythgate.login")).toContain("secret of Ada");
  expect([...inBrowser.values()].join()).not.toContain("secret");
  await settle(5_000);
  expect(second.name(), "and stays so").toBe("Ada");
});

test("the owner's link in a new tab is used at once", async () => {
  const first = await openTab();
  await first.login.signIn("Ada", "password", false);
  const second = await openTab("#claim=link");
  await settle();
  expect(redeemed).toEqual(["link"]);
  expect(second.login.useLogin.getState().claimed).toBe("You own this server now.");
});

test("a guest stays alone", async () => {
  const first = await openTab();
  await first.login.playAsGuest("");
  const second = await openTab();
  expect(second.name()).toBeUndefined();
});

test("signing out in one tab signs out those with the same login, and only those", async () => {
  const first = await openTab();
  const other = await openTab();
  await first.login.signIn("Ada", "password", false);
  await other.login.signIn("Ben", "password", false);
  const second = await openTab();
  expect(second.name(), "the first answer counts").toBe("Ada");
  await second.login.signOut();
  await settle();
  expect(first.name()).toBeUndefined();
  expect(first.login.useLogin.getState().notice).toBe("You have been signed out.");
  expect(first.kept.get("mythgate.login")).toBeUndefined();
  expect(other.name()).toBe("Ben");
  expect((await openTab()).name()).toBe("Ben");
});

test("an answer that comes late or was not asked for changes nothing", async () => {
  const first = await openTab();
  const second = await openTab();
  await first.login.signIn("Ada", "password", false);
  const third = await openTab();
  expect(third.name()).toBe("Ada");
  expect(second.name(), "the answer was the third tab's").toBeUndefined();

  FakeChannel.asleep = true;
  const fourth = await openTab();
  await settle(3_000);
  FakeChannel.asleep = false;
  FakeChannel.wake();
  await settle();
  expect(fourth.name()).toBeUndefined();
});

test("whoever had an account here before is taken to signing in", async () => {
  const first = await openTab();
  expect(first.login.isReturning()).toBe(false);
  await first.login.playAsGuest("");
  expect(first.login.isReturning()).toBe(false);
  await first.login.signOut();
  await first.login.register("Ada", "password", "", false);
  await first.login.signOut();
  const second = await openTab();
  expect(second.login.isReturning()).toBe(true);
  expect(second.name()).toBeUndefined();
});

test("a browser without channels between tabs goes without", async () => {
  vi.stubGlobal("BroadcastChannel", undefined);
  const first = await openTab();
  await first.login.signIn("Ada", "password", false);
  expect((await openTab()).name()).toBeUndefined();
});
