/** The stores of the command line and the map, over a connection that goes nowhere. */
import type { ChatMessage, PartyView, PlayerView, RoomView } from "@mythgate/sdk";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { event, FakeSocket } from "./fakes.ts";

const items = new Map<string, string>();
const storage = {
  getItem: (key: string) => items.get(key) ?? null,
  setItem: (key: string, value: string) => void items.set(key, value),
  removeItem: (key: string) => void items.delete(key),
};
let asked: string[];
let explored: string[];
let said: Partial<ChatMessage>[];

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  vi.resetModules();
  FakeSocket.all = [];
  items.clear();
  asked = [];
  explored = ["square"];
  said = [];
  items.set(
    "mythgate.login",
    JSON.stringify({ refreshToken: "r", userId: "u", username: "Ada", role: "player", isGuest: false }),
  );
  vi.stubGlobal("sessionStorage", storage);
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", async (url: URL) => {
    asked.push(url.pathname);
    const answers: Record<string, unknown> = {
      "/api/auth/refresh": { access_token: "access", expires_in: 900 },
      "/api/commands": {
        commands: [
          { name: "whisper", aliases: [] },
          { name: "who", aliases: [] },
        ],
      },
      "/api/party": { party: null, invitations: [] },
      "/api/chat/party/history": { messages: said },
      "/api/trades": { trade: null, requests: [] },
      "/api/maps/explored": { rooms: explored.map((id) => ({ id })), zones: [], current_room_id: null },
    };
    return new Response(JSON.stringify(answers[url.pathname]));
  });
});

afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const settle = () => vi.advanceTimersByTimeAsync(500);
const player = { id: "ada", name: "Ada", inventory: [], following: null } as unknown as PlayerView;
const room = (id: string): RoomView =>
  ({ id, name: id, description: "", ways: [], players: [], npcs: [], items: [], fixtures: [] }) as unknown as RoomView;

async function enter() {
  const play = await import("../src/stores/play.ts");
  const input = await import("../src/stores/input.ts");
  const map = await import("../src/stores/map.ts");
  play.enterWorld({ id: "ada", name: "Ada" });
  await settle();
  FakeSocket.latest.accept();
  FakeSocket.latest.deliver(
    event("game_state", { player, room: room("square"), session_id: "s", recent: [] }, { sequence_number: 1 }),
  );
  FakeSocket.latest.pong(2);
  await settle();
  return { play, input, map, socket: FakeSocket.latest };
}

test("Tab goes round through what fits, Shift+Tab back, and gives way on an empty line", async () => {
  const { input } = await enter();
  await input.loadCommands();
  const text = () => input.useInput.getState().text;
  expect(input.completeNext()).toBe(false);
  input.type("wh");
  input.completeNext();
  expect(text()).toBe("whisper");
  input.completeNext();
  expect(text()).toBe("who");
  input.completeNext();
  expect(text()).toBe("whisper");
  input.completeNext(true);
  expect(text()).toBe("who");
  input.type("whi");
  input.completeNext();
  expect(text()).toBe("whisper ");
  input.type("zzz");
  expect(input.completeNext()).toBe(false);
});

test("a line sent leaves the input, goes into the history and survives a reload there", async () => {
  const { input, socket } = await enter();
  input.type("  say hello  ");
  input.submit();
  expect(socket.commands).toEqual(["say hello"]);
  input.type("half typ");
  vi.resetModules();
  const reloaded = await import("../src/stores/input.ts");
  expect(reloaded.useInput.getState().text).toBe("half typ");
  reloaded.recallOlder();
  expect(reloaded.useInput.getState().text).toBe("say hello");
  reloaded.recallNewer();
  expect(reloaded.useInput.getState().text).toBe("half typ");
});

test("a line that cannot be kept stays in the input, and the player is told", async () => {
  const { input, play, socket } = await enter();
  socket.drop();
  for (let index = 0; index < 50; index += 1) play.send(`say ${index}`);
  input.type("say one more");
  input.submit();
  expect(input.useInput.getState().text).toBe("say one more");
  expect(play.usePlay.getState().game.log.at(-1)).toMatchObject({ kind: "notice", hint: "Your line was not sent." });
});

test("the map is fetched on entering and again only for rooms that are new", async () => {
  const { map, socket } = await enter();
  const fetches = () => asked.filter((path) => path === "/api/maps/explored").length;
  expect(fetches()).toBe(1);
  expect(map.useMap.getState().map?.rooms).toHaveLength(1);
  explored = ["square", "gate"];
  socket.deliver(event("room_update", { room: room("gate"), entities: [] }, { sequence_number: 3 }));
  await settle();
  expect(fetches()).toBe(2);
  socket.deliver(event("room_update", { room: room("square"), entities: [] }, { sequence_number: 4 }));
  await settle();
  expect(fetches()).toBe(2);
});

test("reading one tab leaves news in the others; reading all leaves none", async () => {
  const { play, socket } = await enter();
  const { countNews } = await import("../src/stores/lines.ts");
  const news = (tab: "here" | "whispers") =>
    countNews(play.usePlay.getState().game.log, tab, play.usePlay.getState().seen[tab]);
  const chat = (sequence: number, channel: string) =>
    event(
      "chat_message",
      { id: `c${sequence}`, channel, player_id: "bob", player_name: "Bob", message: "hi", text: "hi" },
      { sequence_number: sequence },
    );
  socket.deliver(chat(3, "whisper"));
  expect(news("whispers")).toBe(0);
  play.showTab("here");
  socket.deliver(chat(4, "whisper"), chat(5, "say"));
  expect([news("here"), news("whispers")]).toEqual([0, 1]);
  play.showTab("all");
  expect(news("whispers")).toBe(0);
});

test("the party's tab comes and goes with the party, and asks once for what was said before", async () => {
  const { play, socket } = await enter();
  const now = () => play.usePlay.getState();
  const party = (number: number | null, sequence_number: number) =>
    event(
      "party_update",
      { party: number === null ? null : ({ number, members: [] } as unknown as PartyView), message: "" },
      { sequence_number },
    );
  const asks = () => asked.filter((path) => path === "/api/chat/party/history").length;
  play.showTab("party");
  expect(now().tab).toBe("all");

  socket.deliver(party(7, 3));
  expect(play.tabsOf(now())).toContain("party");
  expect(asks()).toBe(0);
  said = [{ id: "m", channel: "party", player_id: "bob", player_name: "Bob", message: "hi", text: "Bob: hi" }];
  play.showTab("party");
  await settle();
  expect(now().earlier.party).toMatchObject([{ id: -1, chatId: "m", text: "Bob: hi", past: true }]);
  play.showTab("all");
  play.showTab("party");
  await settle();
  expect(asks()).toBe(1);

  said = [];
  socket.deliver(party(8, 4));
  await settle();
  expect([asks(), now().tab, now().earlier.party]).toEqual([2, "party", []]);
  socket.deliver(party(null, 5));
  expect([now().tab, now().earlier.party]).toEqual(["all", undefined]);
});
