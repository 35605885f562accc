import {
  AuthenticationError,
  Connection,
  type ConnectionOptions,
  type ConnectionStatus,
  type ServerEvent,
} from "@mythgate/sdk";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { event, FakeNetwork, FakeSocket } from "./fakes.ts";

let network: FakeNetwork;
let heard: ServerEvent[];
let lastSeq: number | null;
let states: ConnectionStatus["state"][];
let tokens: boolean[];
let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  FakeSocket.all = [];
  network = new FakeNetwork();
  heard = [];
  lastSeq = null;
  states = [];
  tokens = [];
});

afterEach(() => {
  connection.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

async function begin(options: Partial<ConnectionOptions> = {}): Promise<void> {
  connection = new Connection({
    url: "ws://localhost/api/ws",
    sessionId: "session-of-this-tab",
    token: async (renew) => {
      tokens.push(renew);
      return `token-${tokens.length}`;
    },
    onEvents: (events, upTo) => {
      heard.push(...events);
      lastSeq = upTo;
    },
    onStatus: (status) => states.push(status.state),
    socket: FakeSocket.make,
    network: network.signals,
    random: () => 0.5,
    maxAttempts: 20,
    ...options,
  });
  connection.connect();
  await settle();
}

async function start(options: Partial<ConnectionOptions> = {}): Promise<FakeSocket> {
  await begin(options);
  return FakeSocket.latest;
}

const settle = () => vi.advanceTimersByTimeAsync(0);
const message = (sequence: number) => event("room_message", { message: `m${sequence}` }, { sequence_number: sequence });
const numbers = () => heard.map((one) => one.sequence_number);

/** Connected, with everything up to number 2 heard: the state and the answer to the first ping. */
async function connected(options: Partial<ConnectionOptions> = {}): Promise<FakeSocket> {
  const socket = await start(options);
  socket.accept();
  socket.deliver(event("game_state", {}, { sequence_number: 1 }));
  socket.pong(2);
  await settle();
  expect(connection.status.state).toBe("connected");
  return socket;
}

test("offers the token as sub-protocol and asks for batches", async () => {
  const socket = await start({ characterId: "ada" });
  expect(socket.protocols).toEqual(["bearer", "token-1"]);
  expect(Object.fromEntries(socket.query)).toEqual({
    session_id: "session-of-this-tab",
    batch: "1",
    character_id: "ada",
  });
  expect(connection.status.state).toBe("connecting");
});

test("counts as connected when the server speaks, not when the socket opens", async () => {
  const socket = await start();
  socket.accept();
  expect(connection.status.state).toBe("connecting");
  socket.deliver(event("game_state", {}, { sequence_number: 1 }));
  expect(connection.status).toMatchObject({ state: "connected", attempt: 0, retryAt: null });
});

test("comes back after 1, 2, 4, 8, 16 and then every 30 s, and gives up at the limit", async () => {
  const socket = await connected({ maxAttempts: 7 });
  socket.drop();
  for (const [index, seconds] of [1, 2, 4, 8, 16, 30, 30].entries()) {
    expect(connection.status).toMatchObject({ state: "reconnecting", attempt: index + 1 });
    expect(connection.status.retryAt).toBe(Date.now() + seconds * 1000);
    const before = FakeSocket.all.length;
    await vi.advanceTimersByTimeAsync(seconds * 1000 - 1);
    expect(FakeSocket.all).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(1);
    expect(FakeSocket.all).toHaveLength(before + 1);
    FakeSocket.latest.drop();
  }
  expect(connection.status).toMatchObject({ state: "failed", attempt: 7, retryAt: null });
});

test("five attempts unless told otherwise, none if reconnection is switched off", async () => {
  await start({ maxAttempts: undefined });
  expect(connection.status.maxAttempts).toBe(5);
  connection.close();
  const socket = await start({ reconnect: false });
  socket.drop();
  expect(connection.status.state).toBe("failed");
});

test("an accepted connection that is refused at once still counts as an attempt", async () => {
  const socket = await connected();
  socket.drop();
  await vi.advanceTimersByTimeAsync(1000);
  FakeSocket.latest.accept();
  FakeSocket.latest.deliver(event("error", { code: "server_full" }, { sequence_number: 0 }));
  FakeSocket.latest.drop(4429);
  expect(connection.status).toMatchObject({ state: "reconnecting", attempt: 2 });
});

test("resumes with the last number processed and lets nothing through twice", async () => {
  const socket = await connected();
  socket.deliver(message(3), message(4));
  socket.drop();
  await vi.advanceTimersByTimeAsync(1000);
  const second = FakeSocket.latest;
  expect(second.query.get("last_seq")).toBe("4");
  second.accept();
  second.deliver(message(4), message(5), message(6));
  expect(numbers()).toEqual([1, 2, 3, 4, 5, 6]);
  expect(lastSeq).toBe(6);
  expect(connection.status).toMatchObject({ state: "connected", attempt: 0 });
});

test("asks for everything when the first connection broke before anything was heard", async () => {
  const socket = await start();
  expect(socket.query.has("last_seq")).toBe(false);
  socket.accept();
  socket.drop();
  await vi.advanceTimersByTimeAsync(1000);
  expect(FakeSocket.latest.query.get("last_seq")).toBe("0");
});

test("carries on after a reload of the page", async () => {
  const pending = [{ messageId: "m-1", line: "drop lamp", createdAt: Date.now(), sent: true }];
  const socket = await start({ lastSeq: 41, pending });
  expect(socket.query.get("last_seq")).toBe("41");
  socket.accept();
  socket.deliver(message(41), message(42));
  expect(socket.commands).toEqual([]);
  socket.pong(43);
  await settle();
  expect(numbers()).toEqual([42, 43]);
  expect(socket.commands).toEqual(["drop lamp"]);
});

test("holds back what comes after a gap and fetches what is missing", async () => {
  const socket = await connected();
  socket.deliver(message(3), message(5));
  expect(numbers()).toEqual([1, 2, 3]);
  await vi.advanceTimersByTimeAsync(1500);
  const second = FakeSocket.latest;
  expect(second).not.toBe(socket);
  expect(second.query.get("last_seq")).toBe("3");
  second.accept();
  second.deliver(message(4), message(5), message(6));
  expect(numbers()).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a late event fills the gap without a new connection", async () => {
  const socket = await connected();
  socket.deliver(message(4));
  await vi.advanceTimersByTimeAsync(1000);
  socket.deliver(message(3));
  await vi.advanceTimersByTimeAsync(1000);
  expect(numbers()).toEqual([1, 2, 3, 4]);
  expect(FakeSocket.all).toHaveLength(1);
});

test("a gap the server cannot fill is skipped after two attempts", async () => {
  await connected();
  for (let round = 0; round < 3; round += 1) {
    if (round > 0) FakeSocket.latest.accept();
    FakeSocket.latest.deliver(message(9), message(10));
    await vi.advanceTimersByTimeAsync(1500);
  }
  expect(FakeSocket.all).toHaveLength(3);
  expect(numbers()).toEqual([1, 2, 9, 10]);
});

test("starts over when the server says so", async () => {
  const socket = await connected();
  socket.deliver(message(3));
  socket.drop();
  await vi.advanceTimersByTimeAsync(1000);
  FakeSocket.latest.accept();
  FakeSocket.latest.deliver(
    event("reset", { reason: "unknown_session", message: "Restarted." }, { sequence_number: 1 }),
    event("game_state", {}, { sequence_number: 2 }),
  );
  expect(heard.slice(-2).map((one) => one.event_type)).toEqual(["reset", "game_state"]);
  expect(lastSeq).toBe(2);
});

test("a command goes out with an id and is kept until it is answered", async () => {
  const pending: string[][] = [];
  const socket = await connected({ onPending: (commands) => pending.push(commands.map((one) => one.line)) });
  const id = connection.command("say hello");
  expect(socket.sent.at(-1)).toMatchObject({ command: "say hello", message_id: id });
  expect(pending.at(-1)).toEqual(["say hello"]);
  socket.deliver(
    event("command_response", { command: "say", result: "", success: true }, { sequence_number: 3, reply_to: id }),
  );
  expect(pending.at(-1)).toEqual([]);
});

test("unanswered commands are repeated once what was missed has arrived, answered ones are not", async () => {
  const socket = await connected();
  const first = connection.command("get lamp");
  const second = connection.command("drop key");
  socket.drop();
  connection.command("say back soon");
  await vi.advanceTimersByTimeAsync(1000);
  const next = FakeSocket.latest;
  next.accept();
  next.deliver(
    event(
      "command_response",
      { command: "get", result: "Taken.", success: true },
      { sequence_number: 3, reply_to: first },
    ),
  );
  expect(next.commands).toEqual([]);
  connection.command("look");
  expect(next.commands).toEqual([]);
  next.pong(4);
  await settle();
  expect(next.commands).toEqual(["drop key", "say back soon", "look"]);
  expect(next.sent.find((sent) => sent.command === "drop key")).toMatchObject({ message_id: second });
});

test("an answer in the same frame as the pong still settles its command first", async () => {
  const socket = await connected();
  const id = connection.command("get lamp");
  socket.drop();
  await vi.advanceTimersByTimeAsync(1000);
  const next = FakeSocket.latest;
  next.accept();
  const ping = next.sent.findLast((sent) => sent.type === "ping");
  next.deliver(
    event("pong", { sent: ping?.data?.sent as string }, { sequence_number: 3 }),
    event(
      "command_response",
      { command: "get", result: "Taken.", success: true },
      { sequence_number: 4, reply_to: id },
    ),
  );
  await settle();
  expect(next.commands).toEqual([]);
});

test("a full outbox takes no more, and is sent again in portions", async () => {
  const socket = await connected();
  socket.drop();
  for (let index = 0; index < 50; index += 1) expect(connection.command(`say ${index}`)).not.toBeNull();
  expect(connection.command("say one too many")).toBeNull();
  await vi.advanceTimersByTimeAsync(1000);
  const next = FakeSocket.latest;
  next.accept();
  next.pong(3);
  await settle();
  expect(next.commands).toHaveLength(15);
  for (let index = 0; index < 3; index += 1) {
    next.deliver(message(4 + index));
    await vi.advanceTimersByTimeAsync(1000);
  }
  expect(next.commands).toEqual(Array.from({ length: 50 }, (_, index) => `say ${index}`));
});

test("what was sent too long ago is not repeated", async () => {
  const old = { messageId: "m-1", line: "get lamp", createdAt: Date.now() - 10 * 60_000, sent: true };
  const unsent = { messageId: "m-2", line: "say hi", createdAt: Date.now() - 10 * 60_000, sent: false };
  const socket = await start({ lastSeq: 2, pending: [old, unsent] });
  socket.accept();
  socket.pong(3);
  await settle();
  expect(socket.commands).toEqual(["say hi"]);
});

test("pings after 25 s of quiet only", async () => {
  const socket = await connected();
  const pings = () => socket.sent.filter((sent) => sent.type === "ping").length;
  expect(pings()).toBe(1);
  await vi.advanceTimersByTimeAsync(20_000);
  socket.deliver(event("heartbeat", {}, { sequence_number: 3 }));
  await vi.advanceTimersByTimeAsync(24_999);
  expect(pings()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(pings()).toBe(2);
  await vi.advanceTimersByTimeAsync(120);
  socket.pong(4);
  expect(connection.status.roundTripMs).toBe(120);
});

test("notices a dead line by the unanswered ping", async () => {
  await connected();
  await vi.advanceTimersByTimeAsync(34_999);
  expect(connection.status.state).toBe("connected");
  await vi.advanceTimersByTimeAsync(1);
  expect(connection.status).toMatchObject({ state: "reconnecting", attempt: 1, ending: { reason: "line_dead" } });
});

test("notices a dead line by an unanswered command", async () => {
  await connected();
  connection.command("look");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(connection.status.state).toBe("reconnecting");
});

test("gives an opening connection ten seconds", async () => {
  await start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(connection.status).toMatchObject({ state: "reconnecting", attempt: 1 });
});

test("believes the browser that it is offline, and tries at once when it is back", async () => {
  await connected();
  network.signal("offline");
  expect(connection.status).toMatchObject({ state: "reconnecting", ending: { reason: "offline" } });
  await vi.advanceTimersByTimeAsync(1000);
  FakeSocket.latest.drop();
  expect(connection.status.attempt).toBe(2);
  network.signal("online");
  await settle();
  expect(connection.status.retryAt).toBeNull();
  const socket = FakeSocket.latest;
  socket.accept();
  socket.deliver(message(3));
  expect(connection.status.state).toBe("connected");
});

test("after sleep it asks whether the line is alive", async () => {
  const socket = await connected();
  network.signal("awake");
  expect(socket.sent.filter((sent) => sent.type === "ping")).toHaveLength(2);
});

test("reconnect now tries at once and starts the count over", async () => {
  const socket = await connected();
  socket.drop();
  await vi.advanceTimersByTimeAsync(1000);
  FakeSocket.latest.drop();
  await vi.advanceTimersByTimeAsync(2000);
  FakeSocket.latest.drop();
  expect(connection.status.attempt).toBe(3);
  const before = FakeSocket.all.length;
  connection.reconnectNow();
  await settle();
  expect(FakeSocket.all).toHaveLength(before + 1);
  expect(connection.status).toMatchObject({ state: "reconnecting", attempt: 1, retryAt: null });
});

test.each([1001, 1006, 1012, 4400, 4402, 4403, 4404, 4429])("code %i: comes back", async (code) => {
  const socket = await connected();
  socket.drop(code);
  expect(connection.status).toMatchObject({ state: "reconnecting", attempt: 1 });
});

test("what the server said on closing explains the attempts until it is back", async () => {
  const socket = await connected();
  const farewell = { reason: "going_away", message: "The server stops.", may_reconnect: true, code: 1001 };
  socket.deliver(event("disconnect", farewell, { sequence_number: 3 }));
  expect(heard.at(-1)?.event_type).toBe("disconnect");
  socket.drop(1001);
  expect(connection.status.ending?.message).toBe("The server stops.");
  connection.reconnectNow();
  await settle();
  FakeSocket.latest.drop(1006);
  expect(connection.status).toMatchObject({ state: "reconnecting", ending: { message: "The server stops." } });
  connection.reconnectNow();
  await settle();
  FakeSocket.latest.accept();
  FakeSocket.latest.deliver(message(4));
  expect(connection.status).toMatchObject({ state: "connected", ending: null });
  FakeSocket.latest.drop(1006);
  expect(connection.status.ending?.message).toBe("The connection was lost.");
});

test("does not wait for an attempt that hangs when the network comes back", async () => {
  await connected();
  network.signal("offline");
  await vi.advanceTimersByTimeAsync(1000);
  const hanging = FakeSocket.latest;
  network.signal("online");
  await settle();
  expect(FakeSocket.latest).not.toBe(hanging);
  FakeSocket.latest.accept();
  FakeSocket.latest.deliver(message(3));
  expect(connection.status).toMatchObject({ state: "connected", attempt: 0 });
});

test.each([4500, 4501, 4502, 4503, 4504, 4505, 4506])("code %i: stays away until asked", async (code) => {
  const socket = await connected();
  socket.deliver(
    event("disconnect", { reason: "because", message: "Because.", may_reconnect: false, code }, { sequence_number: 3 }),
  );
  socket.drop(code);
  expect(connection.status).toMatchObject({ state: "failed", ending: { code, message: "Because." } });
  network.signal("online");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeSocket.all).toHaveLength(1);
  connection.reconnectNow();
  await settle();
  expect(FakeSocket.all).toHaveLength(2);
});

test("a farewell told again in a resumed stream is not taken for this connection's", async () => {
  const socket = await connected();
  socket.deliver(
    event(
      "disconnect",
      { reason: "removed", message: "Out.", may_reconnect: false, code: 4506 },
      { sequence_number: 3 },
    ),
    message(4),
  );
  socket.drop(1006);
  expect(connection.status.state).toBe("reconnecting");
});

test("4401 renews the token and comes back at once, but not in a loop", async () => {
  const socket = await connected();
  expect(tokens).toEqual([false]);
  socket.drop(4401);
  await settle();
  expect(tokens).toEqual([false, true]);
  expect(FakeSocket.latest.protocols).toEqual(["bearer", "token-2"]);
  FakeSocket.latest.accept();
  FakeSocket.latest.drop(4401);
  await settle();
  expect(FakeSocket.all).toHaveLength(2);
  expect(connection.status).toMatchObject({ state: "reconnecting", attempt: 2 });
});

test("a login that is over ends the attempts", async () => {
  await begin({
    token: async () => {
      throw new AuthenticationError("session_ended", "This session has ended.");
    },
  });
  expect(connection.status).toMatchObject({
    state: "failed",
    ending: { code: 4501, message: "This session has ended." },
  });
});

test("a token that cannot be fetched counts as an attempt", async () => {
  await begin({
    token: async () => {
      throw new TypeError("no network");
    },
  });
  expect(connection.status).toMatchObject({ state: "reconnecting", attempt: 1 });
});

test("renews the token when the login session is about to end", async () => {
  const socket = await connected();
  socket.deliver(
    event("session_expiring", { expires_at: "2026-03-01T12:05:00Z", message: "" }, { sequence_number: 3 }),
  );
  expect(tokens).toEqual([false, true]);
});

test("frames that are no events are passed over", async () => {
  const socket = await connected();
  socket.onmessage?.({ data: "not json" });
  socket.deliver(message(3));
  expect(numbers()).toEqual([1, 2, 3]);
});

test("a closed connection hears nothing more", async () => {
  const socket = await connected();
  connection.close();
  socket.deliver(message(3));
  network.signal("online");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(numbers()).toEqual([1, 2]);
  expect(FakeSocket.all).toHaveLength(1);
  expect(connection.status.state).toBe("disconnected");
});

test("tells its states as they change", async () => {
  const socket = await connected();
  socket.drop();
  connection.close();
  expect(states.filter((state, index) => state !== states[index - 1])).toEqual([
    "connecting",
    "connected",
    "reconnecting",
    "disconnected",
  ]);
});
