import { delayBefore, QUICK_ATTEMPTS } from "@mythgate/sdk";
import { expect, test } from "vitest";

test("waits 1, 2, 4, 8, 16 s and then 30 s", () => {
  const middle = () => 0.5;
  expect([1, 2, 3, 4, 5, 6, 7, 20].map((attempt) => delayBefore(attempt, middle))).toEqual([
    1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000,
  ]);
  expect(QUICK_ATTEMPTS).toBe(5);
});

test("jitter stays within 20 %", () => {
  expect(delayBefore(1, () => 0)).toBe(800);
  expect(delayBefore(1, () => 0.999999)).toBe(1200);
  expect(delayBefore(6, () => 0)).toBe(24000);
});
