import type { ChatMessage, EventType, PlayerView, RoomView, ServerEvent } from "@mythgate/sdk";
import { describe, expect, test } from "vitest";
import { applyEvent, applyEvents, EMPTY_GAME, echo, type Game, MAX_LINES } from "../src/stores/game.ts";
import { event } from "./fakes.ts";

const player: PlayerView = {
  id: "ada",
  name: "Ada",
  room_id: "square",
  level: 1,
  faction: "",
  description: "",
  status: "online",
  afk_text: "",
  role: "player",
  following: null,
  inventory: [],
};

const room: RoomView = {
  id: "square",
  name: "Market Square",
  description: "Stalls and noise.",
  plane: "world",
  zone: "town",
  zone_name: "Town",
  sub_zone: "",
  environment: "outdoors",
  exits: { north: "gate" },
  ways: [{ direction: "north", room_id: "gate" }],
  players: [{ id: "ada", name: "Ada" }],
  npcs: [{ id: "baker", name: "Baker" }],
  items: [],
  fixtures: [],
  occupants: ["Ada", "Baker"],
  occupant_count: 2,
  map_x: 0,
  map_y: 0,
};

const lamp = { id: "lamp", name: "a lamp" };
const playing = applyEvent(EMPTY_GAME, event("game_state", { player, room, session_id: "s", recent: [] }));
const texts = (game: Game) => game.log.map((line) => line.text);
const newLines = (game: Game, before = playing) => game.log.filter((line) => line.id >= before.nextLine);

const chat = (data: Partial<ChatMessage>): ServerEvent =>
  event("chat_message", {
    id: "c-1",
    channel: "say",
    player_id: "bob",
    player_name: "Bob",
    message: "hello",
    text: "Bob says: hello",
    timestamp: "2026-03-01T12:00:00Z",
    ...data,
  });

describe("state", () => {
  test("game_state replaces everything known and describes the place", () => {
    expect(playing).toMatchObject({ player, room, inventory: [], following: null });
    const told = { about: "Stalls and noise.", text: "Baker is here.\nWays: north." };
    expect(playing.log).toMatchObject([{ kind: "place", title: "Market Square", ...told }]);
    const elsewhere = { ...room, id: "gate", name: "Gate", players: [] };
    const next = applyEvent(
      playing,
      event("game_state", { player: { ...player, inventory: [lamp], following: "Bob" }, room: elsewhere }),
    );
    expect(next).toMatchObject({ room: elsewhere, inventory: [lamp], following: "Bob" });
  });

  test("recent talk comes before the player's time, and no message twice", () => {
    const recent = [chat({ id: "c-0", message: "earlier" }).data, chat({ id: "c-1" }).data] as unknown as [];
    const next = applyEvents(playing, [chat({}), event("game_state", { player, room, recent })]);
    expect(newLines(next).map((line) => [line.chatId, line.past ?? false])).toEqual([
      ["c-1", false],
      ["c-0", true],
    ]);
  });

  test("room_update replaces the room, and says so only if it is described otherwise", () => {
    const emptied = { ...room, players: [] };
    const quiet = applyEvent(playing, event("room_update", { room: emptied }));
    expect(quiet.room).toEqual(emptied);
    expect(newLines(quiet)).toEqual([]);
    const changed = { ...room, description: "Empty now." };
    const next = applyEvent(playing, event("room_update", { room: changed }));
    expect(next.room).toEqual(changed);
    expect(newLines(next)).toMatchObject([{ kind: "action", text: "This place has changed." }]);
  });

  test("a place the player was taken to is told like one walked into", () => {
    const gate: RoomView = {
      ...room,
      id: "gate",
      name: "Gate",
      description: "Tall.",
      items: [
        { ...lamp, summary: "A lamp lies here.", count: 2 },
        { id: "key", name: "a key" },
      ],
      npcs: [
        { id: "guard", name: "the guard", summary: "A guard yawns." },
        { id: "cat", name: "the cat" },
      ],
      players: [
        { id: "ada", name: "Ada" },
        { id: "bob", name: "Bob" },
        { id: "cleo", name: "Cleo", status: "linkdead" },
        { id: "dan", name: "Dan", status: "away" },
      ],
      ways: [
        { direction: "south", room_id: "square" },
        { direction: "up", room_id: "tower", locked: true },
      ],
    };
    const company = [
      "A lamp lies here. (×2)",
      "a key",
      "A guard yawns.",
      "The cat is here.",
      "Bob, Cleo (lost connection) and Dan (away) are here.",
      "Ways: south, up (locked).",
    ].join("\n");
    const taken = applyEvent(playing, event("room_update", { room: gate }));
    expect(newLines(taken)).toMatchObject([{ kind: "place", title: "Gate", text: `Tall.\n${company}` }]);
    expect(newLines(taken)[0]).not.toHaveProperty("about");
    const entered = applyEvent(EMPTY_GAME, event("game_state", { player, room: gate, recent: [] }));
    expect(newLines(entered, EMPTY_GAME)).toMatchObject([
      { kind: "place", title: "Gate", about: "Tall.", text: company },
    ]);
    const closed = { ...room, id: "cell", description: "", npcs: [], ways: [] };
    const caught = applyEvent(playing, event("room_update", { room: closed }));
    expect(newLines(caught)).toMatchObject([{ text: "There is no way out that you can see." }]);
  });

  test("room_occupants replaces, never merges", () => {
    const data = { players: [{ id: "bob", name: "Bob" }], npcs: [], occupants: ["Bob"], count: 1 };
    const next = applyEvent(playing, event("room_occupants", data, { room_id: "square" }));
    expect(next.room).toMatchObject({ players: data.players, npcs: [], occupants: ["Bob"], occupant_count: 1 });
  });

  test("the player's own status is what the occupants' list says", () => {
    const players = [{ id: "ada", name: "Ada", status: "away" as const, afk_text: "lunch" }] as RoomView["players"];
    const next = applyEvent(playing, event("room_occupants", { players, npcs: [], occupants: ["Ada"], count: 1 }));
    expect(next.player).toMatchObject({ status: "away", afk_text: "lunch" });
    const linkdead = players.map((one) => ({ ...one, status: "linkdead" as const }));
    expect(applyEvent(next, event("room_occupants", { players: linkdead })).player?.status).toBe("away");
  });

  test("room_items replaces", () => {
    expect(applyEvent(playing, event("room_items", { items: [lamp] })).room?.items).toEqual([lamp]);
  });

  test("what concerns a room the player has left changes nothing here", () => {
    const elsewhere = { room_id: "gate" };
    expect(applyEvent(playing, event("room_items", { items: [lamp] }, elsewhere)).room).toBe(playing.room);
    const occupants = event("room_occupants", { players: [], npcs: [], occupants: [], count: 0 }, elsewhere);
    expect(applyEvent(playing, occupants).room).toBe(playing.room);
  });

  test("player_update, inventory_update and follow_state", () => {
    const away = { ...player, status: "away" as const, inventory: [lamp], following: "Bob" };
    expect(applyEvent(playing, event("player_update", { player: away }))).toMatchObject({
      player: away,
      inventory: [lamp],
      following: "Bob",
    });
    expect(applyEvent(playing, event("inventory_update", { items: [lamp] })).inventory).toEqual([lamp]);
    const following = applyEvent(playing, event("follow_state", { following: "Bob", following_id: "bob" }));
    expect(following).toMatchObject({ following: "Bob", player: { following: "Bob" } });
    expect(applyEvent(following, event("follow_state", { following: null })).following).toBeNull();
  });

  test("game_tick sets the world's clock", () => {
    const next = applyEvent(playing, event("game_tick", { tick_number: 1, world_time: "third bell", players: 4 }));
    expect(next).toMatchObject({ worldTime: "third bell", playersOnline: 4, log: playing.log });
  });
});

describe("coming and going", () => {
  test("whoever enters or leaves the world here counts at once among those online", () => {
    const bob = { player_id: "bob", player_name: "Bob", message: "" };
    expect(applyEvent(playing, event("player_entered_game", bob)).playersOnline).toBeNull();
    const counted = applyEvent(playing, event("game_tick", { players: 4 }));
    const came = applyEvent(counted, event("player_entered_game", bob));
    expect(came.playersOnline).toBe(5);
    expect(applyEvent(came, event("player_entered_game", bob)).playersOnline).toBe(5);
    const left = applyEvent(came, event("player_left_game", bob));
    expect(left.playersOnline).toBe(4);
    expect(applyEvent(left, event("player_left_game", bob)).playersOnline).toBe(4);
    expect(applyEvent(counted, event("player_entered", bob)).playersOnline).toBe(4);
  });

  test.each(["player_entered", "player_entered_game"] as const)("%s adds an occupant and a line", (type) => {
    const data = { player_id: "bob", player_name: "Bob", message: "Bob comes in." };
    const next = applyEvent(playing, event(type, data));
    expect(newLines(next)).toMatchObject([{ kind: "presence", text: "Bob comes in." }]);
    expect(next.room?.players.map((one) => one.name)).toEqual(["Ada", "Bob"]);
    expect(next.room?.occupant_count).toBe(3);
    expect(applyEvent(next, event(type, data)).room?.players).toHaveLength(2);
  });

  test.each(["player_left", "player_left_game"] as const)("%s removes the occupant", (type) => {
    const entered = applyEvent(playing, event("player_entered", { player_id: "bob", player_name: "Bob", message: "" }));
    const next = applyEvent(entered, event(type, { player_id: "bob", player_name: "Bob", message: "" }));
    expect(next.room?.players.map((one) => one.name)).toEqual(["Ada"]);
    expect(newLines(next, entered)[0]?.text).toMatch(/^Bob leaves/);
  });

  test.each([
    ["player_entered", "south", "Bob comes in from the south."],
    ["player_entered", "up", "Bob comes in from above."],
    ["player_entered", "down", "Bob comes in from below."],
    ["player_entered", "", "Bob is suddenly here."],
    ["player_left", "northeast", "Bob leaves to the northeast."],
    ["player_left", "down", "Bob leaves, going down."],
    ["player_left", "", "Bob is suddenly here."],
  ] as const)("%s %s reads: %s", (type, direction, text) => {
    const data = { player_id: "bob", player_name: "Bob", message: "Bob is suddenly here.", direction };
    expect(newLines(applyEvent(playing, event(type, data)))).toMatchObject([{ kind: "presence", text }]);
  });

  test("player_status marks the occupant; without words it adds no line", () => {
    const data = { player_id: "ada", player_name: "Ada", status: "linkdead" as const };
    const next = applyEvent(playing, event("player_status", data));
    expect(next.room?.players[0]?.status).toBe("linkdead");
    expect(newLines(next)).toEqual([]);
    const told = applyEvent(playing, event("player_status", { ...data, message: "Ada's line went dead." }));
    expect(newLines(told)).toMatchObject([{ kind: "presence", text: "Ada's line went dead." }]);
  });
});

describe("talk", () => {
  test("others' words as the server put them, one's own in the second person", () => {
    const mine = { player_id: "ada", player_name: "Ada", target_name: "Bob" };
    const next = applyEvents(playing, [
      chat({ id: "1" }),
      chat({ ...mine, id: "2", text: "Ada says: hello" }),
      chat({ ...mine, id: "3", channel: "whisper", text: "Ada whispers to you: hello" }),
      chat({ ...mine, id: "4", channel: "global", text: "Ada (global): hello" }),
      chat({ ...mine, id: "6", channel: "party", text: "Ada (party): hello" }),
      chat({ ...mine, id: "5", channel: "emote", text: "Ada waves." }),
    ]);
    expect(newLines(next).map((line) => line.text)).toEqual([
      "Bob says: hello",
      "You say: hello",
      "You whisper to Bob: hello",
      "You (global): hello",
      "You (party): hello",
      "Ada waves.",
    ]);
    expect(newLines(next).map((line) => line.own ?? false)).toEqual([false, true, true, true, true, true]);
  });

  test("remembers who whispered, latest first", () => {
    const next = applyEvents(playing, [
      chat({ id: "1", channel: "whisper" }),
      chat({ id: "2", channel: "tell", player_name: "Cleo", player_id: "cleo" }),
      chat({ id: "3", channel: "whisper" }),
      chat({ id: "4", player_name: "Dan", player_id: "dan" }),
    ]);
    expect(next.correspondents).toEqual(["Bob", "Cleo"]);
  });

  test("room_message, system and admin_event add their lines", () => {
    const next = applyEvents(playing, [
      event("room_message", { message: "A bell rings." }),
      event("room_message", { message: "" }),
      event("system", { message: "Back at noon.", message_type: "announcement" }),
      event("admin_event", { action: "mute", subject: "bob", message: "Bob was muted." }),
    ]);
    expect(newLines(next)).toMatchObject([
      { kind: "action", text: "A bell rings." },
      { kind: "system", text: "Back at noon.", level: "announcement" },
      { kind: "system", text: "Bob was muted." },
    ]);
  });
});

test("what happens in company, trade and fights has its line, if it is worth one", () => {
  const next = applyEvents(playing, [
    event("party_invite", { message: "Bob asks you to join." }),
    event("party_update", { party: null, message: "" }),
    event("combat_event", { message: "The wolf bites." }),
    event("shard_captured", { message: "Void Heart is taken." }),
  ]);
  expect(newLines(next)).toMatchObject([
    { kind: "action", text: "Bob asks you to join." },
    { kind: "action", text: "The wolf bites." },
    { kind: "system", text: "Void Heart is taken.", level: "announcement" },
  ]);
});

describe("commands", () => {
  const response = (data: object, replyTo: string | null = null) =>
    event("command_response", { command: "x", result: "", success: true, ...data }, { reply_to: replyTo });

  test("an empty result shows no line", () => {
    expect(applyEvent(playing, response({})).log).toBe(playing.log);
  });

  test("a result keeps its line breaks", () => {
    const next = applyEvent(playing, response({ result: "One\n  two\n" }));
    expect(newLines(next)).toMatchObject([{ kind: "answer", text: "One\n  two" }]);
  });

  test("a refusal carries its hint and wait", () => {
    const data = { success: false, result: "You cannot.", hint: "Wait.", retry_after: 2.2, code: "rate_limited" };
    expect(newLines(applyEvent(playing, response(data)))).toMatchObject([
      { kind: "refusal", text: "You cannot.", hint: "Wait. Try again in 3 s." },
    ]);
  });

  test("room_state, inventory and player replace what was known", () => {
    const gate = { ...room, id: "gate", name: "Gate" };
    const next = applyEvent(
      playing,
      response({ result: "Gate\nTall.", room_state: gate, inventory: [lamp], player: { ...player, level: 2 } }),
    );
    expect(next).toMatchObject({ room: gate, inventory: [lamp], player: { level: 2 } });
    expect(newLines(next)).toMatchObject([{ kind: "place", title: "Gate", text: "Tall." }]);
  });

  test("the answer to walking gets the name of the place as its title", () => {
    const result = "You go south.\nMarket Square\nStalls and noise.\nWays: north.";
    expect(newLines(applyEvent(playing, response({ result, room_state: room })))).toMatchObject([
      { kind: "place", lead: "You go south.", title: "Market Square", text: "Stalls and noise.\nWays: north." },
    ]);
  });

  test("an echo waits until its answer, or an error about it, arrives", () => {
    const asked = echo(playing, "look", "m-1", "2026-03-01T12:00:00Z");
    expect(newLines(asked)).toMatchObject([{ kind: "echo", text: "look", waitingFor: "m-1" }]);
    expect(newLines(applyEvent(asked, response({}, "m-1")))[0]).not.toHaveProperty("waitingFor");
    expect(newLines(applyEvent(asked, response({}, "m-2")))[0]).toHaveProperty("waitingFor");
    const refused = applyEvent(asked, event("error", { code: "x", message: "No." }, { reply_to: "m-1" }));
    expect(newLines(refused)[0]).not.toHaveProperty("waitingFor");
  });

  test("error events are shown with their hint", () => {
    const data = { code: "invalid_message", message: "Not understood.", hint: "Send JSON." };
    expect(newLines(applyEvent(playing, event("error", data)))).toMatchObject([
      { kind: "refusal", text: "Not understood.", hint: "Send JSON." },
    ]);
  });
});

describe("the connection", () => {
  test.each([
    ["unknown_session", "You are back."],
    ["overflow", "You are back. Too much happened meanwhile to tell it all."],
  ] as const)(
    "a reset because of %s is told in the player's words, and the place is described again",
    (reason, text) => {
      const reset = event("reset", { reason, message: "Stream 7 is no more." });
      const next = applyEvents(playing, [reset, event("game_state", { player, room })]);
      expect(newLines(next)).toMatchObject([
        { kind: "notice", text },
        { kind: "place", title: "Market Square", about: "Stalls and noise.", text: "Baker is here.\nWays: north." },
      ]);
      expect(applyEvent(EMPTY_GAME, reset)).toBe(EMPTY_GAME);
    },
  );

  const state = event("game_state", { player, room }, { timestamp: "2026-03-01T12:10:00Z" });
  const resetBy = (started_at: string | null) =>
    event("reset", { reason: "unknown_session", started_at }, { timestamp: "2026-03-01T12:10:00Z" });

  test("a server that began after what was last heard was started again, whether it said goodbye or not", () => {
    const farewell = event("disconnect", { reason: "going_away", message: "The server stops.", code: 1001 });
    const said = newLines(applyEvents(playing, [farewell, resetBy("2026-03-01T12:00:05Z"), state]));
    expect(said.map((line) => line.text)).toEqual([
      "The server stops.",
      "The server was started again.",
      "Baker is here.\nWays: north.",
    ]);
    expect(said[0]).toMatchObject({ kind: "system" });
    const killed = applyEvents(playing, [resetBy("2026-03-01T12:00:05Z"), state]);
    expect(newLines(killed)[0]?.text).toBe("The server was started again.");
    const again = applyEvent(killed, resetBy("2026-03-01T12:00:05Z"));
    expect(newLines(again, killed)[0]?.text, "of that restart one knows").toBe("You are back.");
  });

  test("what was typed at this device's own time says nothing of the server", () => {
    const typed = echo(playing, "look", "m-1", "2030-01-01T00:00:00Z");
    const next = applyEvent(typed, resetBy("2026-03-01T12:00:05Z"));
    expect(newLines(next, typed)[0]?.text).toBe("The server was started again.");
    expect(newLines(applyEvent(playing, resetBy("2026-03-01T11:59:00Z")))[0]?.text).toBe("You are back.");
  });

  test("how many are online is not known anew until the world's clock tells", () => {
    const counted = applyEvent(playing, event("game_tick", { players: 4 }));
    expect(applyEvents(counted, [resetBy(null), state]).playersOnline).toBeNull();
  });

  test.each<EventType>(["heartbeat", "pong", "session_expiring", "disconnect", "position_update"])(
    "%s changes nothing",
    (type) => {
      expect(applyEvent(playing, event(type))).toBe(playing);
    },
  );

  test("unknown events change nothing", () => {
    expect(applyEvent(playing, event("quest_log_updated" as EventType))).toBe(playing);
  });
});

test("the log keeps its newest lines, and ids go on", () => {
  const many = Array.from({ length: MAX_LINES + 20 }, (_, index) => event("room_message", { message: `${index}` }));
  const next = applyEvents(EMPTY_GAME, many);
  expect(next.log).toHaveLength(MAX_LINES);
  expect(texts(next).at(-1)).toBe(`${MAX_LINES + 19}`);
  expect(next.log.at(-1)?.id).toBe(MAX_LINES + 20);
});

test("words that the staff removed are gone, and who said them stays", () => {
  const heard = applyEvent(playing, chat({ id: "rude" }));
  const gone = applyEvent(heard, event("message_deleted", { id: "rude", room: "room:x" }));
  const line = gone.log.find((one) => one.chatId === "rude");
  expect(line?.text).toMatch(/: Removed by the staff\.$/);
  expect(applyEvent(gone, event("message_deleted", { id: "other", room: "room:x" })).log).toBe(gone.log);
});
