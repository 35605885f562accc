/** Appealing without being signed in: what is asked of the server, and what is read. */
import type { OwnMeasure } from "@mythgate/sdk";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { appeal, forget, look, lookAgain, mayAppeal, OUTCOMES, sentence, useAppeal } from "../src/stores/appeal.ts";
import { readAddress } from "../src/stores/page.ts";

const server = vi.hoisted(() => {
  const server = { asked: [] as [path: string, body: unknown][], answers: [] as unknown[], rooms: null as unknown };
  // Before the stores are loaded, which take it at once.
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    if (url.pathname === "/api/metaserver/rooms") {
      return Response.json(server.rooms, { status: server.rooms ? 200 : 500 });
    }
    server.asked.push([url.pathname, JSON.parse(String(init.body))]);
    const answer = server.answers.shift() as { error?: unknown };
    return Response.json(answer, { status: answer.error ? 404 : 200 });
  });
  return server;
});

const BAN: OwnMeasure = {
  kind: "ban",
  scope: "everywhere",
  place: "",
  active: true,
  since: "2026-03-01T12:00:00Z",
  until: null,
  reason: "",
  appeal: null,
};
const OPEN = { state: "open", text: "No.", created_at: "2026-03-01T13:00:00Z", answer: "", decided_at: null } as const;

beforeEach(() => {
  server.asked = [];
  server.answers = [];
  server.rooms = { rooms: [{ id: 26, name: "Arrival" }] };
  forget();
});

describe("an appeal", () => {
  it("is made with the code that one looked with, and looked at again with it", async () => {
    const granted = { ...OPEN, state: "granted", answer: "Sorry." } as const;
    server.answers = [
      BAN,
      { ...BAN, appeal: OPEN },
      { ...BAN, appeal: OPEN },
      { ...BAN, active: false, appeal: granted },
    ];
    await look({ code: "K7Q2-M4XD" });
    expect(useAppeal.getState().measure).toEqual(BAN);
    await appeal("  That was my brother. ");
    expect(useAppeal.getState().measure?.appeal).toEqual(OPEN);
    expect(await lookAgain(), "nobody has decided").toBe(false);
    expect(await lookAgain()).toBe(true);
    expect(useAppeal.getState().measure?.appeal?.answer).toBe("Sorry.");
    expect(server.asked).toEqual([
      ["/api/appeals/look", { code: "K7Q2-M4XD" }],
      ["/api/appeals", { code: "K7Q2-M4XD", text: "That was my brother." }],
      ["/api/appeals/look", { code: "K7Q2-M4XD" }],
      ["/api/appeals/look", { code: "K7Q2-M4XD" }],
    ]);
  });

  it("is made by name and password as well", async () => {
    server.answers = [BAN, { ...BAN, appeal: OPEN }];
    await look({ username: "ada", password: "secret words" });
    await appeal("No.");
    expect(server.asked[1]).toEqual(["/api/appeals", { username: "ada", password: "secret words", text: "No." }]);
  });

  it("is asked for nobody once it is forgotten", async () => {
    server.answers = [BAN];
    await look({ code: "K7Q2-M4XD" });
    forget();
    expect(await lookAgain()).toBe(false);
    await appeal("No.");
    expect(server.asked).toHaveLength(1);
    expect(useAppeal.getState()).toEqual({ proof: null, measure: null, place: "" });
  });

  it("keeps nothing of a code that is wrong", async () => {
    server.answers = [{ error: { code: "not_found", message: "No measure has this code.", hint: "It is told." } }];
    await expect(look({ code: "nonsense" })).rejects.toMatchObject({ code: "not_found", hint: "It is told." });
    expect(useAppeal.getState().proof).toBeNull();
  });

  it.each([
    [{}, true],
    [{ appeal: OPEN }, false],
    [{ appeal: { ...OPEN, state: "refused" } }, true],
    [{ active: false }, false],
  ] as const)("can be made: %o %s", (change, expected) => expect(mayAppeal({ ...BAN, ...change })).toBe(expected));

  it("says how it stands", () => {
    expect(OUTCOMES).toMatchObject({ refused: "Refused." });
    expect(sentence({ ...BAN, active: false }, "")).toBe("You were banned. That is over.");
    expect(sentence({ ...BAN, active: false, appeal: { ...OPEN, state: "granted" } }, "")).toBe(
      "You are not banned any more.",
    );
  });
});

describe("where a measure holds", () => {
  const read = async (change: Partial<OwnMeasure>) => {
    const measure = { ...BAN, ...change };
    server.answers = [measure];
    await look({ code: "K7Q2-M4XD" });
    return sentence(measure, useAppeal.getState().place);
  };

  it.each([
    [{}, "You are banned."],
    [{ scope: "lobby", place: "26" }, "You are banned from the lobby Arrival."],
    [{ scope: "lobby", place: "77", kind: "mute" }, "You are muted in the lobby 77."],
    [{ scope: "room", place: "inn", kind: "mute" }, "You are muted in one place of the world."],
    [{ scope: "room", place: "inn" }, "You are banned from one place of the world."],
    [{ scope: "door", place: "telnet" }, "You are banned on one way in (Telnet)."],
  ] as const)("%o reads %s", async (change, text) => expect(await read(change)).toBe(text));

  it("is told by number when no lobby can be read", async () => {
    server.rooms = null;
    expect(await read({ scope: "lobby", place: "26" })).toBe("You are banned from the lobby 26.");
  });
});

it("has an address of its own", () => {
  expect(readAddress("/play/appeal")).toMatchObject({ page: "appeal", root: "/play/" });
});
