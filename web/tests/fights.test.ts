import { commitmentTo, type FightDice, type FightLine, type FightRecord } from "@mythgate/sdk";
import { afterEach, expect, test, vi } from "vitest";
import { inFigures, isKept, roundsOf } from "../src/stores/fights.ts";

afterEach(() => vi.unstubAllGlobals());

test("the promise is SHA-256 of the fight and its seed", async () => {
  expect(await commitmentTo("", "")).toBe("e7ac0786668e0ff0f02b62bd04f45ff636fd82db63b1104601c975dc005f3a67");
  expect(await commitmentTo("fight", "9223372036854775807")).toMatch(/^[0-9a-f]{64}$/);
  vi.stubGlobal("crypto", {});
  expect(await commitmentTo("fight", "1")).toBeNull();
});

test("a promise is kept, broken, or cannot be looked at", () => {
  const record = {} as FightRecord;
  expect(isKept({ record, computed: "a" }, "a")).toBe(true);
  expect(isKept({ record, computed: "a" }, "b")).toBe(false);
  expect(isKept({ record, computed: null }, "a")).toBeNull();
  expect(isKept({ record, computed: "a" }, "")).toBeNull();
});

test("dice say how they came out", () => {
  const dice: FightDice = { what: "hit", sides: 100, value: 34, needed: 60 };
  expect(inFigures(dice)).toBe("hit 34, within 60");
  expect(inFigures({ ...dice, value: 61 })).toBe("hit 61, above 60");
  expect(inFigures({ what: "souls", sides: 101, value: 7, needed: 0 })).toBe("souls 7 of 101");
});

test("lines stand by rounds", () => {
  const lines = [1, 2, 2, 3].map((round, index) => ({ round, text: `${index}` }) as FightLine);
  const rounds = roundsOf({ lines } as unknown as FightRecord);
  expect(rounds.map(({ number, lines: its }) => [number, its.length])).toEqual([
    [1, 1],
    [2, 2],
    [3, 1],
  ]);
});
