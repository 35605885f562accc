/** The lobby beside the world over one connection: what belongs where, and what a reload keeps. */
import type { LobbyView, PlayerView, RoomView } from "@mythgate/sdk";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { event, FakeSocket } from "./fakes.ts";

const items = new Map<string, string>();
const storage = {
  getItem: (key: string) => items.get(key) ?? null,
  setItem: (key: string, value: string) => void items.set(key, value),
  removeItem: (key: string) => void items.delete(key),
};
let asked: string[];
let refused: Record<string, unknown> | null;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  FakeSocket.all = [];
  items.clear();
  asked = [];
  refused = null;
  items.set(
    "mythgate.login",
    JSON.stringify({ refreshToken: "r", userId: "u", username: "Ada", role: "player", isGuest: false }),
  );
  vi.stubGlobal("sessionStorage", storage);
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", async (url: URL, { method }: RequestInit) => {
    asked.push(`${method} ${url.pathname}`);
    if (url.pathname.startsWith("/api/lobbies/") && refused) {
      return new Response(JSON.stringify({ error: refused, detail: "" }), { status: 409 });
    }
    return new Response(JSON.stringify({ access_token: "access", expires_in: 900 }));
  });
});

afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const settle = () => vi.advanceTimersByTimeAsync(500);
const player = { id: "ada", name: "Ada", inventory: [], following: null } as unknown as PlayerView;
const room = { id: "square", name: "Square", players: [], npcs: [], items: [], ways: [] } as unknown as RoomView;
const lobby = { room_id: 26, name: "Arrival", family: "marathon", players: 1, games: 0 } as unknown as LobbyView;
const inArrival = (sequence_number: number) =>
  event("lobby_state", { lobby, players: [], games: [], messages: [], you: 7 }, { sequence_number });

/** The page's modules as after loading it. */
async function loadPage() {
  vi.resetModules();
  const play = await import("../src/stores/play.ts");
  const visits = await import("../src/stores/lobbyVisits.ts");
  const { usePage } = await import("../src/stores/page.ts");
  return { play, visits, usePage, state: () => play.usePlay.getState() };
}

async function enter() {
  const page = await loadPage();
  page.play.enterWorld({ id: "ada", name: "Ada" });
  await settle();
  const socket = FakeSocket.latest;
  socket.accept();
  socket.deliver(event("game_state", { player, room, session_id: "s", recent: [] }, { sequence_number: 1 }));
  socket.pong(2);
  socket.deliver(inArrival(3));
  await settle();
  return { ...page, socket };
}

test("what is said goes out as a command, to all or to one", async () => {
  const { play, socket } = await enter();
  expect(play.sayInLobby("  hello   |bthere|p ", null)).toBe(true);
  expect(play.sayInLobby("psst", 12)).toBe(true);
  expect(play.sayInLobby("  ", null)).toBe(false);
  expect(socket.commands).toEqual(["lobby hello |bthere|p", "lobbytell #12 psst"]);
});

test("where something is played, a line may be a move", async () => {
  const { play, socket } = await enter();
  play.sayInLobby("play 1", null);
  socket.deliver(event("lobby_play_state", { kind: "nim", state: { stones: 7 } }, { sequence_number: 4 }));
  await settle();
  play.sayInLobby("play 1", null);
  play.sayInLobby("play 1", 12);
  play.sayInLobby("playing, all?", null);
  expect(socket.commands).toEqual(["lobby play 1", "lobby /play 1", "lobbytell #12 play 1", "lobby playing, all?"]);
});

test("a refusal of the lobby stands in the lobby, one of the world in the world", async () => {
  const { play, socket, state } = await enter();
  play.sayInLobby("hello", null);
  play.send("north");
  const [said, went] = socket.sent.filter((message) => message.command).map((message) => String(message.message_id));
  const refuse = (result: string, reply_to: string | undefined, sequence_number: number) =>
    event("command_response", { command: "", result, success: false }, { reply_to: reply_to ?? "", sequence_number });
  socket.deliver(refuse("You are muted.", said, 4), refuse("No way.", went, 5));
  await settle();
  expect(state().lobby.lines.map((line) => line.styled)).toEqual(["You are in Arrival.", "You are muted."]);
  expect(state().game.log.map((line) => line.text)).toContain("No way.");
  expect(state().game.log.map((line) => line.text)).not.toContain("You are muted.");
  expect(state().pending).toEqual([]);
});

test("a reload keeps the lobby and what was read in it", async () => {
  const { play } = await enter();
  play.lobbyRead();
  await settle();
  const { play: reloaded, state } = await loadPage();
  expect(reloaded.resumePlay()).toBe(true);
  expect(state().lobby).toMatchObject({ room: lobby, you: 7, seen: 1 });
  expect(state().lobby.lines.map((line) => line.styled)).toEqual(["You are in Arrival."]);
});

test("a snapshot from before there were lobbies is as good as any", async () => {
  await enter();
  await settle();
  const kept = JSON.parse(items.get("mythgate.play") ?? "");
  delete kept.lobby;
  items.set("mythgate.play", JSON.stringify(kept));
  const { play, state } = await loadPage();
  expect(play.resumePlay()).toBe(true);
  expect(state().lobby).toMatchObject({ room: null, lines: [] });
});

test("after a reset the player wants back in, and gets there", async () => {
  const { visits, usePage, socket, state } = await enter();
  expect(usePage.getState().wanted).toBe(26);
  socket.deliver(event("reset", { reason: "unknown_session" }, { sequence_number: 4 }));
  await settle();
  expect(state().lobby.room).toBeNull();
  expect(usePage.getState().wanted).toBe(26);
  await visits.enterWantedLobby();
  expect(asked).toContain("POST /api/lobbies/26/enter");
});

test.each([
  ["left", null],
  ["kicked", null],
  ["lost", 26],
] as const)("whoever is out (%s) wants to be in %s", async (reason, wanted) => {
  const { usePage, socket } = await enter();
  socket.deliver(event("lobby_player_left", { number: 7, name: "Ada", reason }, { sequence_number: 4 }));
  await settle();
  expect(usePage.getState().wanted).toBe(wanted);
});

test("why one may not enter is told, and not tried again", async () => {
  const { visits, usePage, state } = await enter();
  refused = { code: "room_full", message: "It is full.", hint: "Try another." };
  expect(await visits.enterLobby(5)).toBe(false);
  expect(state().lobby.lines.at(-1)).toMatchObject({ kind: "refusal", styled: "It is full. Try another." });
  expect(usePage.getState().wanted).toBeNull();
});

test("leaving the world leaves nothing of the lobby behind", async () => {
  const { socket, state } = await enter();
  socket.deliver(event("disconnect", { reason: "removed", message: "Out.", may_reconnect: false, code: 4506 }));
  socket.drop(4506, "removed");
  await settle();
  expect(state()).toMatchObject({ character: null, lobby: { room: null, lines: [] }, farewell: "Out." });
});
