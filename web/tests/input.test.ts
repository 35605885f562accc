import type { CommandInfo } from "@mythgate/sdk";
import { describe, expect, test } from "vitest";
import { complete, withoutArticle } from "../src/stores/completion.ts";
import { EMPTY_GAME, type Game } from "../src/stores/game.ts";
import { historyOf, MAX_HISTORY, newer, older, remember, shownLine } from "../src/stores/history.ts";

const command = (name: string, ...aliases: string[]): CommandInfo => ({
  name,
  aliases,
  usage: name,
  summary: "",
  help: "",
  group: "",
});
const commands = [
  command("look", "l"),
  command("whisper"),
  command("who"),
  command("get", "take"),
  command("give"),
  command("help"),
];

const game = {
  ...EMPTY_GAME,
  player: { id: "ada", name: "Ada" },
  inventory: [{ id: "1", name: "a brass key" }],
  correspondents: ["Zoe"],
  room: {
    ways: [
      { direction: "north", room_id: null },
      { direction: "west", room_id: null },
    ],
    players: [
      { id: "ada", name: "Ada" },
      { id: "bob", name: "Bob" },
    ],
    npcs: [{ id: "n", name: "the old baker" }],
    items: [
      { id: "2", name: "a brass lamp" },
      { id: "3", name: "bread" },
    ],
    fixtures: [{ id: "f", name: "sundial" }],
    creatures: [{ key: "corrupt_wolf", name: "Corrupt Wolf", level: 2 }],
  },
} as unknown as Game;

const candidates = (input: string) => complete(input, game, commands).candidates;

describe("completion", () => {
  test("commands by their beginning, also after a slash", () => {
    expect(candidates("wh")).toEqual(["whisper", "who"]);
    expect(complete("/loo", game, commands)).toEqual({ head: "/", candidates: ["look"] });
    expect(candidates("ta")).toEqual(["take"]);
    expect(candidates("xyz")).toEqual([]);
    expect(candidates("")).toEqual([]);
  });

  test("directions are commands as well", () => {
    expect(candidates("nor")).toEqual(["north"]);
    expect(candidates("w")).toEqual(["whisper", "who", "west"]);
  });

  test("names that fit the command, whatever its abbreviation", () => {
    expect(candidates("get b")).toEqual(["brass lamp", "bread"]);
    expect(candidates("take b")).toEqual(["brass lamp", "bread"]);
    expect(candidates("whi ")).toEqual(["Bob", "Zoe"]);
    expect(candidates("give b")).toEqual(["brass key", "Bob"]);
    expect(candidates("attack ")).toEqual(["Corrupt Wolf", "Bob", "Zoe"]);
    expect(candidates("equip b")).toEqual(["brass key"]);
    expect(candidates("help w")).toEqual(["whisper", "who"]);
  });

  test("names of several words, without their article", () => {
    expect(complete("look brass l", game, commands)).toEqual({ head: "look ", candidates: ["brass lamp"] });
    expect(complete("look old", game, commands)).toEqual({ head: "look ", candidates: ["old baker"] });
    expect(complete("look the o", game, commands)).toEqual({ head: "look ", candidates: ["the old baker"] });
  });

  test("a second name later in the line", () => {
    expect(complete("give brass key to bo", game, commands)).toEqual({
      head: "give brass key to ",
      candidates: ["Bob"],
    });
    expect(complete("give brass key ", game, commands).head).toBe("give brass key ");
  });

  test("never the player's own name", () => {
    expect(candidates("whisper a")).toEqual([]);
  });

  test("articles", () => {
    expect(["a lamp", "an owl", "The old baker", "some bread", "anvil"].map(withoutArticle)).toEqual([
      "lamp",
      "owl",
      "old baker",
      "bread",
      "anvil",
    ]);
  });
});

describe("history", () => {
  test("goes back and forth and gives the draft back", () => {
    let history = remember(remember(historyOf([]), "look"), "north");
    history = older(history, "say hel");
    expect(shownLine(history)).toBe("north");
    history = older(history, "north");
    expect(shownLine(history)).toBe("look");
    expect(older(history, "look")).toBe(history);
    history = newer(newer(history));
    expect(shownLine(history)).toBe("say hel");
    expect(shownLine(newer(history))).toBe("say hel");
  });

  test("keeps a repeated line once, and not more than it may", () => {
    let history = remember(remember(historyOf([]), "look"), "look");
    expect(history.lines).toEqual(["look"]);
    for (let index = 0; index < MAX_HISTORY + 5; index += 1) history = remember(history, `say ${index}`);
    expect(history.lines).toHaveLength(MAX_HISTORY);
    expect(history.lines.at(-1)).toBe(`say ${MAX_HISTORY + 4}`);
  });
});
