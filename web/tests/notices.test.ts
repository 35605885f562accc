import { describe, expect, it } from "vitest";
import { canPush, counts, minutesOf, sentence, timeOf, wish } from "../src/stores/notices.ts";
import { readAddress } from "../src/stores/page.ts";

const waits = (occasion: "people" | "game" | "clan" | "friend", place = "", count = 1, friend = 0) =>
  sentence(
    { number: 1, occasion, place, count, friend, told_at: null },
    new Map([["26", "Arrival"]]),
    new Map([[7, "Bob"]]),
  );

describe("what is waited for", () => {
  it.each([
    [waits("people"), "Somebody is anywhere"],
    [waits("people", "26", 3), "3 people are in Arrival"],
    [waits("people", "77", 3), "3 people are in lobby 77"],
    [waits("clan", "26", 2), "2 of my clan are in Arrival"],
    [waits("clan"), "1 of my clan is anywhere"],
    [waits("game", "26"), "Somebody hosts a game in Arrival"],
    [waits("friend", "", 1, 7), "Bob is anywhere"],
    [waits("friend", "26", 1, 8), "Player 8 is in Arrival"],
    [waits("friend"), "A friend is anywhere"],
  ])("reads %s", (text, expected) => expect(text).toBe(expected));

  it("asks only for what matters", () => {
    expect(wish("people", "26", "3", "7")).toEqual({ occasion: "people", place: "26", count: 3, friend: 0 });
    expect(wish("friend", "", "3", "7")).toEqual({ occasion: "friend", place: "", count: 1, friend: 7 });
    expect(wish("people", "", "many", "")).toMatchObject({ count: 0 });
    expect(counts("game")).toBe(false);
  });
});

describe("times of the day", () => {
  it("are minutes for the server", () => {
    expect([minutesOf("22:30"), minutesOf("00:05")]).toEqual([1350, 5]);
    expect(minutesOf("")).toBeNaN();
    expect([timeOf(1350), timeOf(5)]).toEqual(["22:30", "00:05"]);
  });
});

it("has an address of its own", () => {
  expect(readAddress("/play/notices")).toMatchObject({ page: "notices", root: "/play/" });
});

it("needs a browser that can be told", () => {
  expect(canPush()).toBe(false);
});
