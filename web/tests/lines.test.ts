import { expect, test } from "vitest";
import {
  countNews,
  isIn,
  type LogLine,
  linesOf,
  phrasesOf,
  speakerLength,
  TABS,
  tabOf,
  tabsFor,
} from "../src/stores/lines.ts";

let id = 0;
const line = (part: Partial<LogLine>): LogLine => {
  id += 1;
  return { id, at: "", kind: "chat", text: "", ...part };
};

test.each([
  ["say", "here"],
  ["emote", "here"],
  ["whisper", "whispers"],
  ["tell", "whispers"],
  ["shout", "global"],
  ["global", "global"],
  ["party", "party"],
  ["faction", "faction"],
  ["system", "system"],
  ["a channel of tomorrow", "here"],
])("channel %s belongs to %s", (channel, tab) => {
  expect(tabOf(line({ channel }))).toBe(tab);
});

test.each([
  [{ speaker: "Bob", text: "Bob says: hi" }, "Bob"],
  [{ speaker: "the lamplighter", text: "The lamplighter says: hi" }, "The lamplighter"],
  [{ speaker: "Bob", text: "A bird sings to Bob." }, ""],
  [{ speaker: "Bob", text: "BOB says: hi" }, ""],
  [{ speaker: "Ada", text: "You say: hi", own: true }, "You"],
  [{ speaker: "Ada", text: "Ada waves.", own: true }, "Ada"],
  [{ kind: "system", speaker: "Bob", text: "Bob says: hi" }, ""],
] as const)("the speaker of %o is brought out", (part, name) => {
  const told = line(part);
  expect(told.text.slice(0, speakerLength(told))).toBe(name);
});

test("every line is in all, commands and their answers only there", () => {
  for (const kind of ["echo", "answer", "refusal", "place"] as const) {
    expect(isIn(line({ kind }), "all")).toBe(true);
    expect(isIn(line({ kind }), "here")).toBe(false);
  }
  expect(isIn(line({ kind: "presence" }), "here")).toBe(true);
  expect(isIn(line({ kind: "system" }), "system")).toBe(true);
});

test("news are others' words after the line last seen", () => {
  const first = line({ channel: "whisper" });
  const lines = [
    first,
    line({ channel: "whisper" }),
    line({ channel: "whisper", own: true }),
    line({ channel: "whisper", past: true }),
    line({ channel: "global" }),
    line({ kind: "presence" }),
    line({ kind: "system" }),
  ];
  expect(countNews(lines, "whispers", first.id)).toBe(1);
  expect(countNews(lines, "whispers", 0)).toBe(2);
  expect(countNews(lines, "global", 0)).toBe(1);
  expect(countNews(lines, "here", 0)).toBe(0);
  expect(countNews(lines, "system", 0)).toBe(1);
  expect(countNews(lines, "all", lines.at(-1)?.id ?? 0)).toBe(0);
});

test("party and faction have tabs for who has a party and a faction", () => {
  expect(tabsFor(true, true)).toEqual(TABS);
  expect(tabsFor(false, true)).not.toContain("party");
  expect(tabsFor(true, false)).not.toContain("faction");
  expect(tabsFor(false, false)).toEqual(["all", "here", "whispers", "global", "system"]);
});

test("what happens to the party stands in its tab", () => {
  expect(tabOf(line({ kind: "action", channel: "party" }))).toBe("party");
  expect(tabOf(line({ kind: "system", channel: "staff" }))).toBe("system");
});

test("what was said earlier stands before the log, but for what is in it", () => {
  const heard = line({ channel: "party", chatId: "b" });
  const log = [line({ channel: "say", chatId: "x" }), heard];
  const earlier = [line({ channel: "party", chatId: "a" }), line({ channel: "party", chatId: "b" })];
  expect(linesOf(log, "party", earlier)).toEqual([earlier[0], heard]);
  expect(linesOf(log, "all")).toEqual(log);
});

test("commands among the server's words are brought out", () => {
  expect(phrasesOf("`rest` first, or `go north`.")).toEqual([
    { text: "rest", isCommand: true },
    { text: " first, or ", isCommand: false },
    { text: "go north", isCommand: true },
    { text: ".", isCommand: false },
  ]);
  expect(phrasesOf("A lone ` is one.")).toEqual([{ text: "A lone ` is one.", isCommand: false }]);
});
