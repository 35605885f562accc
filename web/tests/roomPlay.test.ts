import { describe, expect, test } from "vitest";
import { asMove, factsOf, titleOf } from "../src/stores/roomPlay.ts";

const told = (state: Record<string, unknown>) =>
  factsOf(state, [{ number: 7, name: "Ada" }]).map(({ name, text }) => [name, text]);

describe("what is played in a lobby", () => {
  test("is told in rows, with people by name", () => {
    expect(told({ stones: 7, turn: 7, winner: "", next_player: 8, isOver: false, open: true })).toEqual([
      ["Stones", "7"],
      ["Turn", "Ada"],
      ["Winner", "none"],
      ["Next player", "8"],
      ["Is over", "no"],
      ["Open", "yes"],
    ]);
    expect(told({ seats: [{ number: 7, name: "Ada" }], points: { "7": 3, the_bank: null }, cards: [] })).toEqual([
      ["Seats", "Ada"],
      ["Points", "Ada: 3; the bank: none"],
      ["Cards", "none"],
    ]);
    expect(told({ dice: [3, 4], words: ["one", "three"], deep: { a: { b: { c: { d: 1 } } }, e: {} } })).toEqual([
      ["Dice", "3, 4"],
      ["Words", "one, three"],
      ["Deep", "a: b: c: …; e: none"],
    ]);
  });

  test("boards keep their columns", () => {
    const board = [
      ["X", "", " "],
      ["", "O", null],
    ];
    expect(factsOf({ board })).toEqual([{ name: "Board", text: "X · ·\n· O ·", isBoard: true }]);
    expect(factsOf({ board: "X..\n.O." })[0]).toMatchObject({ text: "X..\n.O.", isBoard: true });
    expect(factsOf({ row: ["X", "", "O"] })[0]).toMatchObject({ text: "X · O", isBoard: false });
  });

  test("a move needs no slash", () => {
    expect(["play 1", "Play  a 2", ".play 3", "playing?", "play", "/play 1"].map(asMove)).toEqual([
      "/play 1",
      "/Play  a 2",
      "/play 3",
      "playing?",
      "play",
      "/play 1",
    ]);
    expect(titleOf("tic-tac_toe")).toBe("Tic tac toe");
  });
});
