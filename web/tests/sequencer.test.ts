import { Sequencer } from "@mythgate/sdk";
import { expect, test } from "vitest";
import { event } from "./fakes.ts";

const numbered = (sequence: number) => event("room_message", { message: `${sequence}` }, { sequence_number: sequence });
const numbers = (events: readonly { sequence_number: number }[]) => events.map((one) => one.sequence_number);

test("lets a sequence through in order", () => {
  const sequencer = new Sequencer();
  expect([1, 2, 3].flatMap((number) => numbers(sequencer.accept(numbered(number)).ready))).toEqual([1, 2, 3]);
  expect(sequencer.lastSeq).toBe(3);
});

test("drops what came before", () => {
  const sequencer = new Sequencer(5);
  for (const number of [4, 5, 6, 6, 5]) sequencer.accept(numbered(number));
  expect(sequencer.accept(numbered(6)).ready).toEqual([]);
  expect(numbers(sequencer.accept(numbered(7)).ready)).toEqual([7]);
});

test("puts swapped events into order and reports the gap meanwhile", () => {
  const sequencer = new Sequencer(1);
  expect(sequencer.accept(numbered(4))).toEqual({ ready: [], gap: true });
  expect(sequencer.accept(numbered(3))).toEqual({ ready: [], gap: true });
  const { ready, gap } = sequencer.accept(numbered(2));
  expect(numbers(ready)).toEqual([2, 3, 4]);
  expect(gap).toBe(false);
});

test("any order of arrival, with repeats, gives each event once and in order", () => {
  const total = 7;
  for (let seed = 1; seed <= 200; seed += 1) {
    const sequencer = new Sequencer(0);
    let state = seed;
    const random = () => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return state / 2147483648;
    };
    const arrivals = Array.from({ length: total }, (_, index) => index + 1).flatMap((n) =>
      random() < 0.3 ? [n, n] : [n],
    );
    arrivals.sort(() => random() - 0.5);
    const ready = arrivals.flatMap((number) => numbers(sequencer.accept(numbered(number)).ready));
    expect(ready).toEqual([1, 2, 3, 4, 5, 6, 7]);
  }
});

test("a fresh client starts wherever the server does", () => {
  const sequencer = new Sequencer();
  expect(numbers(sequencer.accept(numbered(37)).ready)).toEqual([37]);
  expect(sequencer.lastSeq).toBe(37);
});

test("a reset starts the numbering over", () => {
  const sequencer = new Sequencer(50);
  sequencer.connectionOpened();
  const reset = event("reset", { reason: "unknown_session", message: "" }, { sequence_number: 1 });
  expect(numbers(sequencer.accept(reset).ready)).toEqual([1]);
  expect(numbers(sequencer.accept(event("game_state", {}, { sequence_number: 2 })).ready)).toEqual([2]);
  expect(sequencer.accept(reset).ready).toEqual([]);
});

test("a reset may also jump ahead", () => {
  const sequencer = new Sequencer(50);
  sequencer.connectionOpened();
  const reset = event("reset", { reason: "too_old", message: "" }, { sequence_number: 400 });
  expect(numbers(sequencer.accept(reset).ready)).toEqual([400]);
  expect(numbers(sequencer.accept(numbered(401)).ready)).toEqual([401]);
});

test("a server that lost its memory without a word is believed", () => {
  const sequencer = new Sequencer(50);
  sequencer.connectionOpened();
  expect(numbers(sequencer.accept(event("game_state", {}, { sequence_number: 1 })).ready)).toEqual([1]);
  expect(numbers(sequencer.accept(numbered(2)).ready)).toEqual([2]);
});

test("events about a refused handshake do not disturb the numbering", () => {
  const sequencer = new Sequencer();
  sequencer.connectionOpened();
  expect(sequencer.accept(event("error", { code: "token_expired" }, { sequence_number: 1 })).ready).toHaveLength(1);
  sequencer.accept(event("disconnect", {}, { sequence_number: 2 }));
  expect(sequencer.lastSeq).toBeNull();
  sequencer.connectionOpened();
  expect(numbers(sequencer.accept(event("game_state", {}, { sequence_number: 1 })).ready)).toEqual([1]);
});

test("an error that is the next event of a resumed stream counts", () => {
  const sequencer = new Sequencer(7);
  sequencer.connectionOpened();
  expect(numbers(sequencer.accept(event("error", { code: "muted" }, { sequence_number: 8 })).ready)).toEqual([8]);
  expect(numbers(sequencer.accept(numbered(9)).ready)).toEqual([9]);
});

test("events without a number pass", () => {
  const sequencer = new Sequencer(3);
  expect(sequencer.accept(event("error", {}, { sequence_number: 0 })).ready).toHaveLength(1);
  expect(sequencer.lastSeq).toBe(3);
});

test("a gap nobody can fill is skipped on request", () => {
  const sequencer = new Sequencer(1);
  sequencer.accept(numbered(5));
  sequencer.accept(numbered(6));
  sequencer.accept(numbered(9));
  expect(numbers(sequencer.skipGap())).toEqual([5, 6]);
  expect(numbers(sequencer.skipGap())).toEqual([9]);
  expect(sequencer.skipGap()).toEqual([]);
});
