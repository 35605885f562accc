/** The console's way to the server: every call is a route, every route has a call. */
import { type AdminApi, Console, type Session, Users } from "@mythgate/sdk";
import { describe, expect, test } from "vitest";
import description from "../../docs/reference/openapi.json?raw";
import { drawing, layersOf } from "../src/stores/adminMap.ts";
import { byCount, bytes, figure, LastHour, MEASURES } from "../src/stores/adminNow.ts";
import { actorOf, toldOf } from "../src/stores/adminRecord.ts";
import { AT_RUN_TIME, bySection, foundSettings, settingText, settingValue } from "../src/stores/adminSettings.ts";
import { joined, LONGEST_PAUSE_MS, MOST_LINES, pauseBefore } from "../src/stores/adminTalk.ts";

const { paths } = JSON.parse(description) as { readonly paths: Record<string, Record<string, unknown>> };
const ROUTES = Object.entries(paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

/** Where the address says more than an id. */
const GIVEN: Readonly<Record<string, readonly string[][]>> = {
  givePassword: [
    ["word", "password", "", ""],
    ["word", "game-password", "", ""],
  ],
};

/** What each method of the SDK asks the server for, whatever it is given. */
async function asked(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const Way of [Console, Users]) {
    let name = "";
    const session = {
      request: async (method: string, path: string) => {
        found.set(name, `${method} /${path.replace(/\?.*/, "")}`);
        return {};
      },
    };
    const way = new Way(session as unknown as Session) as unknown as Record<string, (...given: unknown[]) => unknown>;
    for (const [method, call] of Object.entries(way)) {
      // Words are also numbers and objects, as far as an address goes.
      for (const given of GIVEN[method] ?? [["word", "word", "word", "word"]]) {
        name = `${Way.name}.${method} ${given.join(" ")}`;
        await call(...given);
      }
    }
  }
  return found;
}

const fits = (call: string, route: string): boolean =>
  new RegExp(`^${route.replace(/\{[^}]+\}/g, "[^/]+")}$`).test(call);

test("every call is a route of the server", async () => {
  const calls = await asked();
  expect(calls.size).toBeGreaterThan(15);
  const strangers = [...calls].filter(([, call]) => !ROUTES.some((route) => fits(call, route)));
  expect(strangers).toEqual([]);
});

/** Streams and files for programs: the console asks again and again, which survives any proxy, and makes its own file. */
const FOR_PROGRAMS = [
  "GET /api/admin/lab/captures/{capture_id}/events",
  "GET /api/admin/lab/captures/{capture_id}/file",
  "GET /api/admin/rooms/{key}/live",
];

test("every route for the staff has a call", async () => {
  const calls = [...(await asked()).values()];
  const forgotten = ROUTES.filter((route) => / \/api\/admin\//.test(route) && !calls.some((call) => fits(call, route)));
  expect(forgotten.sort()).toEqual(FOR_PROGRAMS);
});

describe("the last hour", () => {
  const START = Date.parse("2026-11-20T20:00:00Z");
  const point = (second: number, players = 0) =>
    ({ at: new Date(START + second * 1000).toISOString(), players }) as AdminApi.ReadingPoint;

  function source(points: AdminApi.ReadingPoint[]) {
    const state = { newest: points.at(-1) ?? null, points, series: 0 };
    const hour = new LastHour({
      now: async () => ({ newest: state.newest }) as AdminApi.NowAnswer,
      series: async () => {
        state.series += 1;
        return { every_seconds: 10, points: state.points };
      },
    });
    const players = async () => (await hour.read()).points.map((one) => one.players);
    return { state, players };
  }

  test("it is asked for once, and the present adds to it", async () => {
    const { state, players } = source([point(0, 1), point(10, 2)]);
    expect(await players()).toEqual([1, 2]);
    expect(await players()).toEqual([1, 2]);
    state.newest = point(20, 3);
    expect(await players()).toEqual([1, 2, 3]);
    state.newest = point(30, 4);
    expect(await players()).toEqual([1, 2, 3, 4]);
    expect(state.series).toBe(1);
  });

  test("what is older than an hour falls out", async () => {
    const { state, players } = source([point(0, 1), point(3590, 2)]);
    await players();
    state.newest = point(3600, 3);
    expect(await players()).toEqual([2, 3]);
  });

  test("what was missed is asked for again, and so is everything after a restart", async () => {
    const { state, players } = source([point(0, 1), point(10, 2)]);
    await players();
    state.points = [point(0, 1), point(10, 2), point(20, 3), point(30, 4)];
    state.newest = point(30, 4);
    expect(await players()).toEqual([1, 2, 3, 4]);
    state.points = [point(5, 9)];
    state.newest = point(5, 9);
    expect(await players()).toEqual([9]);
    expect(state.series).toBe(3);
  });

  test("a server that has measured nothing yet is not asked for more at each look", async () => {
    const { state, players } = source([]);
    expect(await players()).toEqual([]);
    expect(await players()).toEqual([]);
    expect(state.series).toBe(1);
    state.points = [point(0, 1)];
    state.newest = point(0, 1);
    expect(await players()).toEqual([1]);
  });
});

test("what was before and after stands together in the record", () => {
  expect(
    toldOf({ role_before: "player", role_after: "admin", reason: "helps", name: "Ada", before: "a", after_x_y: "1" }),
  ).toEqual({
    changes: [
      { name: "role", before: "player", after: "admin" },
      { name: "", before: "a", after: "" },
      { name: "x y", before: "", after: "1" },
    ],
    facts: [["reason", "helps"]],
  });
  const by = (actor: string, actor_name = "") => actorOf({ actor, actor_name } as AdminApi.RecordEntry);
  expect([by("7", "Ada"), by("cli"), by("system"), by("7")]).toEqual([
    "Ada",
    "the command line",
    "the server",
    "somebody who is gone",
  ]);
});

test("a map has a sheet for each plane and level, and each way once", () => {
  const place = (id: string, x: number, z: number, ...exits: [string, string][]) =>
    ({
      id,
      plane: "Earth",
      x,
      y: 0,
      z,
      exits: exits.map(([direction, room_id]) => ({ direction, room_id, locked: id === "a", hidden: false })),
    }) as unknown as AdminApi.MapPlace;
  const rooms = [
    place("cellar", 0, -1, ["up", "a"]),
    place("a", 0, 0, ["east", "b"], ["down", "cellar"]),
    place("b", 2, 0, ["west", "a"]),
  ];
  const layers = layersOf(rooms);
  expect(layers.map(({ name, rooms: there }) => [name, there.length])).toEqual([
    ["Earth", 2],
    ["Earth, 1 down", 1],
  ]);
  const drawn = drawing(layers[0]?.rooms ?? []);
  expect(drawn.ways.map(({ id, isLocked }) => [id, isLocked])).toEqual([["a b", true]]);
  expect(drawn.spots.map(({ leadsUp, leadsDown }) => [leadsUp, leadsDown])).toEqual([
    [false, true],
    [false, false],
  ]);
  expect([drawn.left, drawn.top, drawn.width, drawn.height]).toEqual([-40, -40, 160, 80]);
});

test("settings are found by words, stand by section, and are written as what they are", () => {
  const row = (name: string, description = "", origin = "default") =>
    ({ name, description, origin }) as AdminApi.SettingRow;
  const all = [row("limits.burst", "How many at once."), row("name"), row("limits.rate", "", AT_RUN_TIME)];
  expect(foundSettings(all, "limits  AT once").map(({ name }) => name)).toEqual(["limits.burst"]);
  expect(foundSettings(all, "run time").map(({ name }) => name)).toEqual(["limits.rate"]);
  expect(bySection(all).map(([section, rows]) => [section, rows.length])).toEqual([
    ["", 1],
    ["limits", 2],
  ]);
  expect([null, "words", 1.5, true, ["a"]].map(settingText)).toEqual(["", "words", "1.5", "true", '["a"]']);
  expect(settingValue("17", 3)).toBe(17);
  expect(settingValue("17", "open")).toBe("17");
  expect(settingValue("true", false)).toBe(true);
  expect(settingValue("many", 3)).toBe("many");
  expect(settingValue('["a", "b"]', [])).toEqual(["a", "b"]);
});

test("figures as people read them", () => {
  expect([0, 0.01234, 4.5, 12.34, 1234.5].map((value) => figure(value, " ms"))).toEqual([
    "0 ms",
    "0.0123 ms",
    "4.5 ms",
    "12.3 ms",
    "1,230 ms",
  ]);
  expect([0, 1023, 1024, 52_428_800, 1.5 * 2 ** 50].map(bytes)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KiB",
    "50 MiB",
    "1536 TiB",
  ]);
  expect(byCount({ http: 2, telnet: 0, metaserver: 3, shards: 2 })).toEqual([
    ["metaserver", 3],
    ["http", 2],
    ["shards", 2],
  ]);
  const point = { refusals_per_second: { too_many: 0.5, not_found: 0.25 } } as unknown as AdminApi.ReadingPoint;
  expect(MEASURES.find(({ title }) => title === "Refusals")?.of(point)).toBe(0.75);
});

describe("what is said in a room", () => {
  const line = (id: string, second = 0) => ({ id, at: new Date(Date.UTC(2026, 10, 20) + second * 1000).toISOString() });

  test("newer lines come behind what is known, each once, and only so many are kept", () => {
    const known = [line("a"), line("b")];
    expect(joined(known, [line("b"), line("c")]).map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(joined(known, [line("a")])).toBe(known);
    const many = Array.from({ length: MOST_LINES }, (_, number) => line(`n${number}`));
    const kept = joined(many, [line("last")]);
    expect([kept.length, kept[0]?.id, kept.at(-1)?.id]).toEqual([MOST_LINES, "n1", "last"]);
  });

  test("a replay waits as long as people did, only faster and never for long", () => {
    const lines = [line("a", 0), line("b", 10), line("c", 4000), line("d", 3990)];
    expect(pauseBefore(lines, 0, 1)).toBe(0);
    expect(pauseBefore(lines, 1, 10)).toBe(1000);
    expect(pauseBefore(lines, 1, 1)).toBe(LONGEST_PAUSE_MS);
    expect(pauseBefore(lines, 2, 60)).toBe(LONGEST_PAUSE_MS);
    expect(pauseBefore(lines, 3, 60)).toBe(0);
    expect(pauseBefore(lines, 4, 60)).toBe(0);
  });
});
