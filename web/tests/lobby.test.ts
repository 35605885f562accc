import type { FriendView, LobbyMessage, LobbyPlayerView, LobbyView, ServerEvent } from "@mythgate/sdk";
import { describe, expect, test } from "vitest";
import {
  allRead,
  applyLobbyEvent,
  byFamily,
  casteName,
  conditionsOf,
  EMPTY_LOBBY,
  groupName,
  type Lobby,
  MAX_LOBBY_LINES,
  unreadIn,
} from "../src/stores/lobby.ts";
import { styledParts } from "../src/stores/styles.ts";
import { event } from "./fakes.ts";

const room = (room_id: number, name: string, family = "marathon"): LobbyView => ({
  room_id,
  name,
  family,
  kind: "unranked",
  players: 1,
  games: 0,
  capacity: 32,
  min_caste: -1,
  max_caste: 99,
});
const arrival = room(26, "Arrival");
const ada: LobbyPlayerView = { number: 7, name: "Ada", client: "browser" };
const hopper: LobbyPlayerView = { number: 9, name: "Hopper", client: "Aleph One" };
const message = (more: Partial<LobbyMessage>): LobbyMessage => ({
  id: "m1",
  kind: "say",
  number: 9,
  name: "Hopper",
  message: "hi",
  styled: "hi",
  timestamp: "2026-03-01T12:00:00Z",
  target: 0,
  target_name: "",
  origin: "",
  ...more,
});
const state = (more = {}) =>
  event("lobby_state", { lobby: arrival, players: [ada], games: [], messages: [], you: 7, ...more });
const hear = (lobby: Lobby, ...events: ServerEvent[]) => events.reduce(applyLobbyEvent, lobby);
const inside = hear(EMPTY_LOBBY, state());
const words = (lobby: Lobby) => lobby.lines.map((line) => line.styled);

describe("coming and going", () => {
  test("who enters reads what was said, then where they are", () => {
    const lobby = hear(EMPTY_LOBBY, state({ messages: [message({})] }));
    expect(lobby).toMatchObject({ room: arrival, you: 7, players: [ada], out: null });
    expect(lobby.lines.map(({ kind, past }) => [kind, past])).toEqual([
      ["say", true],
      ["presence", undefined],
    ]);
    expect(unreadIn(lobby)).toBe(0);
  });

  test("the same state once more repeats nothing", () => {
    const heard = hear(inside, event("lobby_message", message({})));
    const again = hear(heard, state({ messages: [message({}), message({ id: "m2", styled: "you there?" })] }));
    expect(words(again)).toEqual(["You are in Arrival.", "hi", "you there?"]);
  });

  test("others come and go, with their client and the reason", () => {
    const both = hear(inside, event("lobby_player_entered", { player: hopper }));
    expect(both.players).toEqual([ada, hopper]);
    const alone = hear(both, event("lobby_player_left", { number: 9, name: "Hopper", reason: "lost" }));
    expect(alone.players).toEqual([ada]);
    expect(words(alone).slice(1)).toEqual(["Hopper comes in with Aleph One.", "Hopper lost the connection."]);
  });

  test("one's own coming is no news, and nobody is there twice", () => {
    const lobby = hear(inside, event("lobby_player_entered", { player: { ...ada, away: true } }));
    expect(lobby.players).toEqual([{ ...ada, away: true }]);
    expect(lobby.lines).toHaveLength(1);
  });

  test.each([
    ["kicked", "You were removed from the lobby."],
    ["left", "You left the lobby."],
    ["lost", "You left the lobby: your connection was lost."],
  ] as const)("whoever is out knows why: %s", (reason, text) => {
    const out = hear(inside, event("lobby_player_left", { number: 7, name: "Ada", reason }));
    expect(out).toMatchObject({ room: null, players: [], games: [], out: reason });
    expect(words(out).at(-1)).toBe(text);
  });

  test("after a reset one is nowhere until told otherwise, and keeps what was read", () => {
    const nowhere = hear(inside, event("reset", { reason: "unknown_session" }));
    expect(nowhere).toMatchObject({ room: null, out: null });
    expect(words(nowhere)).toEqual(["You are in Arrival."]);
  });
});

describe("talk", () => {
  test("every message stands once", () => {
    const twice = hear(inside, event("lobby_message", message({})), event("lobby_message", message({})));
    expect(words(twice)).toEqual(["You are in Arrival.", "hi"]);
    expect(unreadIn(twice)).toBe(1);
    expect(unreadIn(allRead(twice))).toBe(0);
  });

  test("a private message says whom it is for", () => {
    const lobby = hear(
      inside,
      event("lobby_message", message({ kind: "private", target: 7, target_name: "Ada" })),
      event(
        "lobby_message",
        message({ id: "m2", kind: "line", number: 0, name: "", styled: "Hopper was removed by Bo." }),
      ),
    );
    expect(lobby.lines.slice(1).map(({ kind, target }) => [kind, target?.name])).toEqual([
      ["private", "Ada"],
      ["line", undefined],
    ]);
  });

  test("what was refused, and what the server says to all, stands there too", () => {
    const lobby = hear(
      inside,
      event("command_response", { command: "lobby", result: "You are muted.", success: false, hint: "Wait." }),
      event("command_response", { command: "lobby", result: "", success: true }),
      event("system", { message: "The server stops." }),
    );
    expect(lobby.lines.slice(1).map(({ kind, styled }) => [kind, styled])).toEqual([
      ["refusal", "You are muted. Wait."],
      ["line", "The server stops."],
    ]);
  });

  test("old lines go", () => {
    const many = Array.from({ length: MAX_LOBBY_LINES + 5 }, (_, index) =>
      event("lobby_message", message({ id: `m${index}`, styled: `${index}` })),
    );
    const lobby = hear(inside, ...many);
    expect(lobby.lines).toHaveLength(MAX_LOBBY_LINES);
    expect(words(lobby).at(-1)).toBe(`${MAX_LOBBY_LINES + 4}`);
  });
});

describe("games and numbers", () => {
  const game = { number: 3, name: "Mars", host: 9, host_name: "Hopper", family: "marathon", joinable: true } as const;

  test("a game is listed, changes, begins, goes", () => {
    const listed = hear(inside, event("lobby_game_listed", { game: { ...game, state: "listed", map_name: "Red" } }));
    const changed = hear(listed, event("lobby_game_changed", { game: { ...game, state: "listed", players: 2 } }));
    const running = hear(
      changed,
      event("lobby_game_changed", { game: { ...game, state: "running", joinable: false } }),
    );
    const gone = hear(running, event("lobby_game_removed", { number: 3 }));
    expect(changed.games[0]?.players).toBe(2);
    expect(running.games[0]?.joinable).toBe(false);
    expect(gone.games).toEqual([]);
    expect(words(gone).slice(1)).toEqual(["Hopper hosts Mars on Red.", "Mars begins."]);
  });

  test("counts replace each other, and so does the room's own", () => {
    const lobbies = [room(1, "Otter Ferry", "myth"), { ...arrival, players: 4 }];
    const counted = hear(inside, event("lobby_counts", { lobbies }));
    expect(counted.lobbies).toEqual(lobbies);
    expect(counted.room?.players).toBe(4);
  });

  test("families stand together, in their order", () => {
    const families = byFamily([room(1, "a", "myth2"), room(2, "b"), room(3, "c", "myth"), room(4, "d")]);
    expect(families.map(([family, rooms]) => [family, rooms.map((one) => one.name)])).toEqual([
      ["marathon", ["b", "d"]],
      ["myth", ["c"]],
      ["myth2", ["a"]],
    ]);
    const own = { ...room(5, "e"), type_name: "tic_tac_toe" };
    const cup = { ...room(6, "f"), type_name: "tournament" };
    expect(byFamily([own, cup]).map(([group]) => groupName(group))).toEqual(["Marathon", "Tic tac toe"]);
  });

  test("what is played in a lobby is told anew whenever it is another, and is left with the lobby", () => {
    const played = hear(
      inside,
      event("lobby_play_state", { kind: "nim", state: { stones: 7 }, seconds_left: 30 }),
      event("lobby_play_state", { kind: "nim", state: { stones: 5 }, seconds_left: 2 }),
    );
    const endsAt = Date.parse("2026-03-01T12:00:02Z");
    expect(played.play).toEqual({ kind: "nim", state: { stones: 5 }, endsAt });
    const still = hear(played, event("lobby_play_state", { kind: "nim", state: {} }));
    expect(still.play).toEqual({ kind: "nim", state: {}, endsAt: null });
    expect(hear(played, state()).play).toBeNull();
    expect(hear(played, event("lobby_player_left", { number: 7, name: "Ada", reason: "left" })).play).toBeNull();
  });

  test("castes have names; guests have none", () => {
    expect([casteName(0), casteName(16), casteName(-1), casteName(undefined)]).toEqual(["dagger", "comet", "", ""]);
  });

  test("who may enter and talk is said in words", () => {
    expect(conditionsOf(arrival)).toBe("");
    const quiet = { ...arrival, kind: "ranked" as const, min_caste: 3, squelched: true, locked: true };
    expect(conditionsOf({ ...arrival, world_chat: true })).toBe("heard in the world");
    expect(conditionsOf(quiet)).toBe("ranked, from sword and dagger, only the staff talks to all, locked");
    expect(conditionsOf({ ...arrival, max_caste: 4 })).toBe("up to crossed swords");
    expect(conditionsOf({ ...arrival, min_caste: 3, max_caste: 4 })).toBe("sword and dagger to crossed swords");
  });
});

describe("style codes", () => {
  const shapes = (styled: string) =>
    styledParts(styled).map(({ text, bold, italic, underline }) => [
      text,
      [bold && "b", italic && "i", underline && "u"].filter(Boolean).join(""),
    ]);

  test.each([
    ["plain", [["plain", ""]]],
    [
      "a|bb|ic|pd",
      [
        ["a", ""],
        ["b", "b"],
        ["c", "bi"],
        ["d", ""],
      ],
    ],
    ["|B|Ux", [["x", "bu"]]],
    [
      "left|l right|r|c|s!",
      [
        ["left", ""],
        [" right", ""],
        ["!", ""],
      ],
    ],
    ["a | b || c|x", [["a | b || c|x", ""]]],
    ["|p|b", []],
    ["", []],
  ])("%s", (styled, parts) => {
    expect(shapes(styled)).toEqual(parts);
  });
});

describe("friends and clans", () => {
  const friend = (state: FriendView["state"], room_id: number | null = null): FriendView => ({
    number: 12,
    name: "Zoe",
    state,
    room_id,
  });
  const changed = (...friends: FriendView[]) => event("friends_changed", { friends });
  const counts = event("lobby_counts", { lobbies: [arrival, room(3, "Silvermines", "myth2")] });

  test("who comes on and goes is told", () => {
    const known = hear(inside, counts, changed(friend("offline")));
    const on = hear(known, changed(friend("active", 3)));
    expect(on.lines.at(-1)).toMatchObject({ kind: "presence", styled: "Zoe is on, in Silvermines.", number: 12 });
    expect(hear(on, changed(friend("unacknowledged", 3))).lines).toHaveLength(on.lines.length);
    expect(words(hear(on, changed(friend("offline")))).at(-1)).toBe("Zoe is not on any more.");
    expect(unreadIn(on)).toBe(0);
  });

  test("what is seen in the lobby itself is not told twice", () => {
    const known = hear(inside, counts, changed(friend("offline")));
    const here = hear(known, changed(friend("active", 26)));
    expect(here.lines).toHaveLength(known.lines.length);
    expect(hear(here, changed(friend("offline"))).lines).toHaveLength(known.lines.length);
  });

  test("a new list is no news, and nobody is told outside", () => {
    expect(words(hear(inside, changed(friend("active", 3))))).toEqual(words(inside));
    expect(hear(EMPTY_LOBBY, changed(friend("offline")), changed(friend("active", 3))).lines).toEqual([]);
  });

  test("a lobby without a name is not named", () => {
    const on = hear(inside, changed(friend("offline")), changed(friend("active", 99)));
    expect(words(on).at(-1)).toBe("Zoe is on.");
  });

  test("changes of the clan are counted", () => {
    const clan = event("clan_changed", { number: 1, name: "Otters", members: [] });
    expect(hear(inside, clan, clan).clanChanges).toBe(2);
  });
});

test("words that the staff removed are gone", () => {
  const heard = hear(
    inside,
    event("lobby_message", message({ id: "rude" })),
    event("lobby_message", message({ id: "fine" })),
  );
  const gone = hear(heard, event("message_deleted", { id: "rude", room: "lobby:26" }));
  expect(gone.lines.find((line) => line.messageId === "rude")?.styled).toBe("Removed by the staff.");
  expect(gone.lines.find((line) => line.messageId === "fine")?.styled).not.toBe("Removed by the staff.");
});
