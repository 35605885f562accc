import {
  Api,
  type GameState,
  inMemory,
  Player,
  type PlayerOptions,
  type PositionData,
  Refused,
  Session,
  Unreachable,
} from "@mythgate/sdk";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { event, FakeSocket } from "./fakes.ts";

const api = new Api("http://localhost/", async () => new Response(JSON.stringify({})));
const session = new Session(api);
session.accessToken = async () => "token";
let ada: Player;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  FakeSocket.all = [];
});

afterEach(() => {
  ada.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
const say = (message: string, sequence_number: number) =>
  event("chat_message", { message, player_name: "Bob" }, { sequence_number });

/** In the world, with everything up to number 2 heard. */
async function entered(options: Partial<PlayerOptions> = {}): Promise<FakeSocket> {
  ada = new Player({ api, session, socket: FakeSocket.make, ...options });
  const state = ada.enter();
  await settle();
  const socket = FakeSocket.latest;
  socket.accept();
  socket.deliver(event("game_state", { playersOnline: 1 } as Partial<GameState>, { sequence_number: 1 }));
  socket.pong(2);
  expect(await state).toEqual({ playersOnline: 1 });
  await settle();
  return socket;
}

const answerTo = (socket: FakeSocket, data: object, sequence_number: number) =>
  event("command_response", data, { sequence_number, reply_to: socket.sent.at(-1)?.message_id as string });

test("events go to whom they concern, for as long as they want them", async () => {
  const heard: string[] = [];
  const socket = await entered();
  const stop = ada.on("chat_message", ({ data }) => heard.push(data.message));
  ada.on("*", ({ event_type }) => heard.push(event_type));
  socket.deliver(say("one", 3), event("room_message", { message: "x" }, { sequence_number: 4 }));
  stop();
  socket.deliver(say("two", 5));
  expect(heard).toEqual(["one", "chat_message", "room_message", "chat_message"]);
});

test("one waits for the next event that matches, but not for ever", async () => {
  const socket = await entered();
  const two = ada.next("chat_message", ({ data }) => data.message === "two");
  const none = ada.next("level_up", undefined, 1000);
  const missed = expect(none).rejects.toMatchObject({ code: "timeout" });
  socket.deliver(say("one", 3), say("two", 4));
  expect((await two).data.message).toBe("two");
  await vi.advanceTimersByTimeAsync(1000);
  await missed;
});

test("a command gives its answer, a refusal is thrown", async () => {
  const socket = await entered();
  const looked = ada.command("look");
  socket.deliver(answerTo(socket, { success: true, result: "A square." }, 3));
  expect((await looked).result).toBe("A square.");

  const refused = ada.command("cast Sleep");
  const no = { success: false, result: "You do not fight.", code: "no_combat", hint: "", retry_after: 3 };
  socket.deliver(answerTo(socket, no, 4));
  await expect(refused).rejects.toMatchObject({ code: "no_combat", message: "You do not fight.", retryAfter: 3 });

  const broken = ada.command("x");
  const id = socket.sent.at(-1)?.message_id as string;
  const fault = { code: "internal", message: "Our fault.", hint: "", retry_after: null };
  socket.deliver(event("error", fault, { sequence_number: 5, reply_to: id }));
  await expect(broken).rejects.toBeInstanceOf(Refused);
});

test("over a lost line nothing is missed, and a command is sent until it is answered", async () => {
  const heard: string[] = [];
  const states: string[] = [];
  let socket = await entered({ onStatus: ({ state }) => states.push(state) });
  ada.on("chat_message", ({ data }) => heard.push(data.message));
  const looked = ada.command("look");
  socket.drop();
  expect(states.at(-1)).toBe("reconnecting");
  await vi.advanceTimersByTimeAsync(2_000);
  socket = FakeSocket.latest;
  expect(socket.query.get("last_seq")).toBe("2");
  socket.accept();
  socket.deliver(say("meanwhile", 3));
  socket.pong(4);
  await settle();
  expect(socket.commands).toEqual(["look"]);
  socket.deliver(answerTo(socket, { success: true, result: "Here." }, 5));
  expect((await looked).result).toBe("Here.");
  expect(heard).toEqual(["meanwhile"]);
});

test("what the server does not want back is refused, and so is what comes later", async () => {
  const socket = await entered();
  const looked = ada.command("look");
  const refused = expect(looked).rejects.toBeInstanceOf(Refused);
  socket.deliver(
    event("disconnect", { code: 4502, reason: "taken_over", message: "Elsewhere." }, { sequence_number: 3 }),
  );
  socket.drop(4502);
  await refused;
  await expect(ada.command("look")).rejects.toMatchObject({ code: "taken_over" });
});

test("who never comes in is told so, and the line is closed", async () => {
  ada = new Player({ api, session, socket: FakeSocket.make, reconnect: false });
  await expect(ada.command("look")).rejects.toMatchObject({ code: "not_connected" });
  const state = ada.enter();
  const failed = expect(state).rejects.toBeInstanceOf(Unreachable);
  await settle();
  FakeSocket.latest.drop();
  await failed;
  expect(ada.status.state).toBe("disconnected");
});

test("leaving is a command, and its answer may be the end", async () => {
  const socket = await entered();
  const left = ada.leave();
  expect(socket.commands).toEqual(["quit"]);
  socket.drop(4500);
  await left;
  expect(ada.status.state).toBe("disconnected");
  await ada.leave();
});

test("a handler that throws is told of, and keeps nobody from hearing", async () => {
  const heard: string[] = [];
  const wrong: unknown[] = [];
  const socket = await entered({ onError: (error, { event_type }) => wrong.push([error, event_type]) });
  const fault = new Error("mine");
  ada.on("chat_message", () => {
    throw fault;
  });
  ada.on("chat_message", ({ data }) => heard.push(data.message));
  socket.deliver(say("one", 3));
  expect(heard).toEqual(["one"]);
  expect(wrong).toEqual([[fault, "chat_message"]]);
});

test("a position is told while there is a line, and not kept", async () => {
  const socket = await entered();
  const here: PositionData = { position: [1, 2, 0], velocity: [0, 0, 0] };
  expect(ada.report(here)).toBe(true);
  expect(socket.sent.at(-1)).toEqual({ type: "position", data: here });
  socket.drop();
  expect(ada.report(here)).toBe(false);
});

test("too many commands without an answer are refused", async () => {
  await entered();
  for (let number = 0; number < 50; number += 1) ada.command("look").catch(() => undefined);
  await expect(ada.command("look")).rejects.toMatchObject({ code: "too_many" });
});

test("a login is kept in memory if nobody says where", () => {
  ada = new Player({ api, session });
  const store = inMemory();
  const login = { refreshToken: "r", userId: "u", username: "ada", role: "player", isGuest: false };
  store.save(login);
  expect(store.load()).toEqual(login);
  store.clear();
  expect(store.load()).toBeNull();
});
