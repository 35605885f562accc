/** F5: the page's modules start anew, the tab's storage stays. */
import type { PlayerView, RoomView } from "@mythgate/sdk";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { event, FakeSocket } from "./fakes.ts";

class MemoryStorage {
  readonly items = new Map<string, string>();
  limit = Number.POSITIVE_INFINITY;

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    if (value.length > this.limit) throw new DOMException("full", "QuotaExceededError");
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
}

let tab: MemoryStorage;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  FakeSocket.all = [];
  tab = new MemoryStorage();
  tab.setItem(
    "mythgate.login",
    JSON.stringify({ refreshToken: "r", userId: "user-1", username: "Ada", role: "player", isGuest: false }),
  );
  vi.stubGlobal("sessionStorage", tab);
  vi.stubGlobal("localStorage", new MemoryStorage());
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ access_token: "access", expires_in: 900 })));
});

afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The page as after loading it. */
async function loadPage() {
  vi.resetModules();
  return import("../src/stores/play.ts");
}

const settle = () => vi.advanceTimersByTimeAsync(500);
const player = { id: "ada", name: "Ada", inventory: [], following: null } as unknown as PlayerView;
const room = {
  id: "square",
  name: "Square",
  description: "Wide.",
  players: [],
  npcs: [],
  items: [],
  ways: [{ direction: "north", room_id: "gate" }],
} as unknown as RoomView;
const PLACE = "Ways: north.";
const say = (sequence: number, words: string) =>
  event(
    "chat_message",
    {
      id: `c-${sequence}`,
      channel: "say",
      player_id: "bob",
      player_name: "Bob",
      message: words,
      text: `Bob says: ${words}`,
    },
    { sequence_number: sequence },
  );

async function enter() {
  const page = await loadPage();
  page.enterWorld({ id: "ada", name: "Ada" });
  await settle();
  const socket = FakeSocket.latest;
  socket.accept();
  socket.deliver(event("game_state", { player, room, session_id: "s" }, { sequence_number: 1 }), say(2, "one"));
  socket.pong(3);
  await settle();
  return { page, socket };
}

test("nothing to resume in a fresh tab", async () => {
  const page = await loadPage();
  expect(page.resumePlay()).toBe(false);
  expect(FakeSocket.all).toHaveLength(0);
});

test("F5 continues the same session after the last line shown, without loss or repeat", async () => {
  const { socket } = await enter();
  socket.deliver(say(4, "two"));
  await settle();
  const session = socket.query.get("session_id");

  const reloaded = await loadPage();
  expect(reloaded.resumePlay()).toBe(true);
  const texts = () => reloaded.usePlay.getState().game.log.map((line) => line.text);
  expect(texts()).toEqual([PLACE, "Bob says: one", "Bob says: two"]);
  expect(reloaded.usePlay.getState().game.room?.name).toBe("Square");
  await settle();
  const next = FakeSocket.latest;
  expect(next.query.get("session_id")).toBe(session);
  expect(next.query.get("last_seq")).toBe("4");
  next.accept();
  next.deliver(say(4, "two"), say(5, "three"));
  expect(texts()).toEqual([PLACE, "Bob says: one", "Bob says: two", "Bob says: three"]);
});

test("a snapshot that is older than the last event is whole: the server is asked for the rest", async () => {
  const { socket } = await enter();
  socket.deliver(say(4, "unsaved"));
  const reloaded = await loadPage();
  reloaded.resumePlay();
  await settle();
  const next = FakeSocket.latest;
  expect(next.query.get("last_seq")).toBe("3");
  next.accept();
  next.deliver(say(4, "unsaved"));
  expect(reloaded.usePlay.getState().game.log.at(-1)?.text).toBe("Bob says: unsaved");
});

test("a command still unanswered is repeated with the same id", async () => {
  const { page, socket } = await enter();
  page.send("get  lamp ");
  await settle();
  const id = socket.sent.findLast((sent) => sent.command === "get lamp")?.message_id;
  expect(id).toBeTypeOf("string");

  const reloaded = await loadPage();
  reloaded.resumePlay();
  await settle();
  FakeSocket.latest.accept();
  FakeSocket.latest.pong(4);
  await settle();
  expect(FakeSocket.latest.sent.find((sent) => sent.command === "get lamp")?.message_id).toBe(id);
});

test("a session nothing was heard of is not resumed but begun anew", async () => {
  const page = await loadPage();
  page.enterWorld({ id: "ada", name: "Ada" });
  await settle();
  const first = FakeSocket.latest;
  first.accept();
  const reloaded = await loadPage();
  reloaded.resumePlay();
  await settle();
  expect(FakeSocket.latest.query.get("session_id")).not.toBe(first.query.get("session_id"));
  expect(FakeSocket.latest.query.has("last_seq")).toBe(false);
});

test("another account's session is not resumed", async () => {
  await enter();
  const login = JSON.parse(tab.getItem("mythgate.login") ?? "{}");
  tab.setItem("mythgate.login", JSON.stringify({ ...login, userId: "user-2" }));
  const reloaded = await loadPage();
  expect(reloaded.resumePlay()).toBe(false);
});

test("when storage is full, log and number still agree", async () => {
  const { socket } = await enter();
  for (let index = 4; index < 300; index += 1) socket.deliver(say(index, `line ${index}`));
  tab.limit = 20_000;
  socket.deliver(say(300, "last"));
  await settle();
  const kept = JSON.parse(tab.getItem("mythgate.play") ?? "null");
  expect(kept.lastSeq).toBe(300);
  expect(kept.game.log.at(-1).text).toBe("Bob says: last");
});

test("taken over: stays, and plays here again when asked", async () => {
  const { page, socket } = await enter();
  socket.deliver(
    event(
      "disconnect",
      { reason: "taken_over", message: "Elsewhere.", may_reconnect: false, code: 4502 },
      { sequence_number: 4 },
    ),
  );
  socket.drop(4502);
  expect(page.usePlay.getState()).toMatchObject({ character: { id: "ada" }, connection: { state: "failed" } });
  page.reconnectNow();
  await settle();
  expect(FakeSocket.all).toHaveLength(2);
});

test("leaving waits for the server's farewell and forgets the session", async () => {
  const { page, socket } = await enter();
  const leaving = page.leaveWorld();
  expect(socket.commands).toEqual(["quit"]);
  socket.drop(4500);
  await leaving;
  expect(page.usePlay.getState()).toMatchObject({ character: null, farewell: null });
  expect(tab.getItem("mythgate.play")).toBeNull();
});

test("being removed ends the play with the reason", async () => {
  const { page, socket } = await enter();
  socket.deliver(
    event(
      "disconnect",
      { reason: "removed", message: "Removed by staff.", may_reconnect: false, code: 4506 },
      { sequence_number: 4 },
    ),
  );
  socket.drop(4506);
  expect(page.usePlay.getState()).toMatchObject({ character: null, farewell: "Removed by staff." });
});

test("a login that ended leads back to the entrance with the reason", async () => {
  const { socket } = await enter();
  const { useLogin } = await import("../src/stores/login.ts");
  socket.deliver(
    event(
      "disconnect",
      { reason: "session_ended", message: "Signed out.", may_reconnect: false, code: 4501 },
      { sequence_number: 4 },
    ),
  );
  socket.drop(4501);
  expect(useLogin.getState()).toMatchObject({ login: null, notice: "Signed out." });
});
