/** Questions that are asked again and again, and what acts are told with. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LONGEST_WAIT_MS, Poll, type Reading } from "../src/stores/adminPoll.ts";
import { hush, TOLD_MS, tell, useTold } from "../src/stores/adminTold.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);

/** A poll whose answers are given by hand. */
function polled(everyMs: number | null, isWatched = () => true) {
  const questions: { answer: (value: string) => void; fail: () => void }[] = [];
  const readings: Reading<string>[] = [];
  const poll = new Poll<string>({
    read: () =>
      new Promise((resolve, reject) => {
        questions.push({ answer: resolve, fail: () => reject(new Error("no")) });
      }),
    everyMs,
    onChange: (reading) => readings.push(reading),
    isWatched,
  });
  return { poll, questions, last: () => readings.at(-1) };
}

test("an answer is followed by the next question after a while", async () => {
  const { poll, questions, last } = polled(5_000);
  void poll.ask();
  expect(last()).toEqual({ value: null, problem: null, busy: true });
  questions[0]?.answer("one");
  await settle();
  expect(last()).toEqual({ value: "one", problem: null, busy: false });
  await vi.advanceTimersByTimeAsync(4_999);
  expect(questions).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(questions).toHaveLength(2);
  poll.stop();
});

test("failures double the wait up to a minute and keep what is known; an answer ends that", async () => {
  const { poll, questions, last } = polled(5_000);
  void poll.ask();
  questions[0]?.answer("one");
  await settle();
  await vi.advanceTimersByTimeAsync(5_000);
  for (const wait of [10_000, 20_000, 40_000, LONGEST_WAIT_MS, LONGEST_WAIT_MS]) {
    const asked = questions.length;
    questions.at(-1)?.fail();
    await settle();
    expect(last()).toMatchObject({ value: "one", problem: { message: "Something went wrong on this page." } });
    await vi.advanceTimersByTimeAsync(wait - 1);
    expect(questions).toHaveLength(asked);
    await vi.advanceTimersByTimeAsync(1);
    expect(questions).toHaveLength(asked + 1);
  }
  questions.at(-1)?.answer("two");
  await settle();
  expect(last()).toEqual({ value: "two", problem: null, busy: false });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(questions).toHaveLength(8);
  poll.stop();
});

test("nothing is asked while nobody looks, and no timer is left behind", async () => {
  let isWatched = false;
  const { poll, questions } = polled(5_000, () => isWatched);
  void poll.ask();
  questions[0]?.answer("one");
  await settle();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(questions).toHaveLength(1);
  isWatched = true;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(questions).toHaveLength(2);
  poll.stop();
  questions[1]?.answer("late");
  await settle();
  expect(vi.getTimerCount()).toBe(0);
  await poll.ask();
  expect(questions).toHaveLength(2);
});

test("an answer that a later question has overtaken is dropped, and so is its failure", async () => {
  const { poll, questions, last } = polled(null);
  void poll.ask();
  void poll.ask();
  void poll.ask();
  questions[2]?.answer("new");
  await settle();
  questions[0]?.answer("old");
  questions[1]?.fail();
  await settle();
  expect(last()).toEqual({ value: "new", problem: null, busy: false });
  expect(vi.getTimerCount()).toBe(0);
});

test("what an act came to stands there for a while, and a newer one longer", async () => {
  tell("Locked.");
  const { number } = useTold.getState();
  await vi.advanceTimersByTimeAsync(TOLD_MS - 1);
  tell("Locked.");
  expect(useTold.getState()).toEqual({ text: "Locked.", number: number + 1 });
  await vi.advanceTimersByTimeAsync(TOLD_MS - 1);
  expect(useTold.getState().text).toBe("Locked.");
  await vi.advanceTimersByTimeAsync(1);
  expect(useTold.getState().text).toBe("");
  tell("Again.");
  hush();
  expect(useTold.getState().text).toBe("");
  expect(vi.getTimerCount()).toBe(0);
});
