/** The owner's link, before and after signing in, in a fresh page and in one that is open already. */
import type { PlayerView, RoomView } from "@mythgate/sdk";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { event, FakeSocket } from "./fakes.ts";

const items = new Map<string, string>();
const storage = {
  getItem: (key: string) => items.get(key) ?? null,
  setItem: (key: string, value: string) => void items.set(key, value),
  removeItem: (key: string) => void items.delete(key),
};
const address = { hash: "", pathname: "/", search: "?a=1" };
let page: EventTarget;
let refusal: { code: string; message: string; hint: string; status: number } | null;
let role: string;
let redeemed: unknown[];

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  vi.resetModules();
  FakeSocket.all = [];
  items.clear();
  refusal = null;
  role = "player";
  redeemed = [];
  page = new EventTarget();
  address.hash = "";
  vi.stubGlobal("location", address);
  vi.stubGlobal("history", {
    replaceState: (_state: unknown, _title: string, to: string) => {
      expect(to).toBe("/?a=1");
      address.hash = "";
    },
  });
  vi.stubGlobal("window", page);
  vi.stubGlobal("document", Object.assign(new EventTarget(), { baseURI: "http://localhost/" }));
  vi.stubGlobal("sessionStorage", storage);
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    const answer = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
    switch (url.pathname) {
      case "/api/auth/admin-link":
        redeemed.push(JSON.parse(String(init.body)));
        return refusal ? answer({ error: refusal }, refusal.status) : answer({ role: "owner" });
      case "/api/auth/me":
        return answer({ role });
      case "/api/auth/guest":
        return answer({ access_token: "a", expires_in: 900, refresh_token: "r", username: "Guest7", is_guest: true });
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

const settle = () => vi.advanceTimersByTimeAsync(500);

function signedInBefore(): void {
  const login = { refreshToken: "r", userId: "u", username: "Ada", role: "player", isGuest: false };
  items.set("mythgate.login", JSON.stringify(login));
}

async function open() {
  const login = await import("../src/stores/login.ts");
  const play = await import("../src/stores/play.ts");
  void login.redeemClaim();
  login.listenForClaims();
  await settle();
  return { login, play, claimed: () => login.useLogin.getState().claimed };
}

function paste(hash: string): void {
  address.hash = hash;
  page.dispatchEvent(new Event("hashchange"));
}

test("a link pasted into the open page is redeemed at once and leaves the address line", async () => {
  signedInBefore();
  const { claimed } = await open();
  paste("#somewhere-else");
  expect(address.hash).toBe("#somewhere-else");
  paste("#claim=secret");
  expect(address.hash).toBe("");
  await settle();
  expect(redeemed).toEqual([{ token: "secret" }]);
  expect(claimed()).toBe("You own this server now.");
});

test("a player in the world reads in the log what became of the link", async () => {
  signedInBefore();
  const { login, play, claimed } = await open();
  play.enterWorld({ id: "ada", name: "Ada" });
  await settle();
  paste("#claim=secret");
  await settle();
  const last = play.usePlay.getState().game.log.at(-1);
  expect(last).toMatchObject({ kind: "system", text: "You own this server now." });
  expect(claimed(), "it is said once").toBeNull();
  expect(login.useLogin.getState().login?.role).toBe("owner");
});

test("what became of the link is said on the page of characters until one enters the world", async () => {
  signedInBefore();
  const { play, claimed } = await open();
  paste("#claim=secret");
  await settle();
  expect(claimed()).toBe("You own this server now.");
  play.enterWorld({ id: "ada", name: "Ada" });
  expect(claimed()).toBeNull();
});

test("nobody signed in: the link waits for it", async () => {
  const { login, claimed } = await open();
  paste("#claim=secret");
  await settle();
  expect(redeemed).toEqual([]);
  expect(login.useLogin.getState().claim).toBe("secret");
  await login.playAsGuest("");
  await settle();
  expect(redeemed).toEqual([{ token: "secret" }]);
  expect(claimed()).toBe("You own this server now.");
});

test.each([
  ["permission_denied", "player", "This server has an owner already."],
  ["invalid_token", "player", /^This link was used already, is too old, or there is a newer one: /],
  ["invalid_token", "owner", "You own this server already."],
])("refused as %s to a %s", async (code, ownRole, told) => {
  signedInBefore();
  const { claimed } = await open();
  role = ownRole;
  const status = code === "invalid_token" ? 401 : 403;
  refusal = { code, message: "This server has an owner already.", hint: "", status };
  paste("#claim=used");
  await settle();
  expect(claimed()).toMatch(told);
});

test("a guest goes straight in and is called what the server calls them", async () => {
  const { login, play } = await open();
  play.enterAsGuest(await login.playAsGuest(""));
  await settle();
  expect(play.usePlay.getState().character).toEqual({ id: "", name: "Guest7" });
  const socket = FakeSocket.latest;
  expect(socket.query.has("character_id")).toBe(false);
  socket.accept();
  const player = { id: "g-7", name: "Wanderer", inventory: [], following: null } as unknown as PlayerView;
  const room = {
    id: "r",
    name: "R",
    description: "",
    ways: [],
    players: [],
    npcs: [],
    items: [],
  } as unknown as RoomView;
  socket.deliver(event("game_state", { player, room, session_id: "s" }, { sequence_number: 1 }));
  expect(play.usePlay.getState().character).toEqual({ id: "g-7", name: "Wanderer" });
});
