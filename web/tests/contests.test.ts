import type { ClanMemberView, HostedGameView, Pairing, ResultCard, ResultLine, TournamentCard } from "@mythgate/sdk";
import { describe, expect, test } from "vitest";
import { actsOn, goesAt } from "../src/stores/clans.ts";
import {
  categoryName,
  contestant,
  isOpen,
  outcomeOf,
  prizesOf,
  roundName,
  roundsOf,
  sidesOf,
  tournamentOf,
  verdictOf,
} from "../src/stores/contests.ts";
import { duration, gameClock, gamesShown } from "../src/stores/games.ts";
import { casteName, mayAs } from "../src/stores/lobby.ts";

describe("clans", () => {
  const member = (number: number, rank: ClanMemberView["rank"]): ClanMemberView => ({
    number,
    name: `Player ${number}`,
    rank,
  });
  const [leader, officer, other, last] = [
    member(1, "leader"),
    member(2, "officer"),
    member(3, "member"),
    member(4, "member"),
  ] as const;

  test("the leader gives ranks and the lead, and sends anybody away", () => {
    expect(actsOn(leader, other)).toEqual({ promote: true, demote: false, lead: true, dismiss: true });
    expect(actsOn(leader, officer)).toEqual({ promote: false, demote: true, lead: true, dismiss: true });
  });

  test("officers send members away, members nobody, and nobody themselves", () => {
    expect(actsOn(officer, other)).toEqual({ promote: false, demote: false, lead: false, dismiss: true });
    for (const [own, whom] of [
      [officer, leader],
      [officer, member(5, "officer")],
      [other, last],
      [leader, leader],
      [undefined, other],
    ] as const)
      expect(Object.values(actsOn(own, whom))).toEqual([false, false, false, false]);
  });

  test("a clan that is too small goes after ten days", () => {
    expect(goesAt("2026-03-01T12:00:00Z")).toBe("2026-03-11T12:00:00.000Z");
  });
});

describe("games", () => {
  const game = (number: number, more: Partial<HostedGameView>): HostedGameView => ({
    number,
    name: `Game ${number}`,
    host: 1,
    host_name: "Ada",
    family: "myth2",
    state: "listed",
    joinable: true,
    ...more,
  });
  const games = [
    game(4, { state: "running", joinable: false, map_name: "Venice" }),
    game(3, { joinable: false, host_name: "Hopper" }),
    game(2, { kind: "Body Count" }),
    game(1, { scenario: "Tempus Irae" }),
  ];
  const shown = (text: string, joinable = false) => gamesShown(games, { text, joinable }).map((one) => one.number);

  test("those one can join come first, then those that gather", () => {
    expect(shown("")).toEqual([1, 2, 3, 4]);
    expect(shown("", true)).toEqual([1, 2]);
  });

  test("are found by name, map, host, scenario and what is played", () => {
    expect(shown(" venice ")).toEqual([4]);
    expect(shown("HOPPER")).toEqual([3]);
    expect(shown("body")).toEqual([2]);
    expect(shown("irae")).toEqual([1]);
    expect(shown("game", true)).toEqual([1, 2]);
    expect(shown("moon")).toEqual([]);
  });

  test("time goes on after the server told it", () => {
    const told = "2026-03-01T12:00:00Z";
    const now = Date.parse(told) + 30_000;
    expect(gameClock({ ...game(1, { elapsed_seconds: 60, seconds_left: 20 }), told }, now)).toEqual({
      run: 90,
      left: 0,
    });
    expect(gameClock({ ...game(1, { elapsed_seconds: 60 }), told }, now - 60_000)).toEqual({ run: 60, left: null });
    expect(gameClock(game(1, {}), now)).toEqual({ run: null, left: null });
  });

  test("durations", () => {
    expect([0, 5, 65, 3_600, 3_725.4, -3].map(duration)).toEqual([
      "0:00",
      "0:05",
      "1:05",
      "1:00:00",
      "1:02:05",
      "0:00",
    ]);
  });
});

describe("tournaments", () => {
  const pair = (round: number, slot: number, first: number, second: number, winner = 0): Pairing => ({
    round,
    slot,
    first,
    second,
    winner,
    result: 0,
  });
  const card: TournamentCard = {
    number: 1,
    name: "Cup",
    slot: 1,
    room_id: 3,
    state: "running",
    starts_at: "2026-03-01T12:00:00Z",
    min_players: 2,
    max_players: 8,
    prize_pool: 505,
    prize_shares: [70, 30],
    entrants: [{ number: 7, name: "Ada", seed: 1 }],
    bracket: [pair(2, 0, 7, 0), pair(1, 1, 8, 9), pair(1, 0, 7, 0, 7)],
    prizes: [],
  };

  test("the bracket is read by rounds from the top", () => {
    expect(roundsOf(card.bracket).map((round) => round.map(({ slot }) => slot))).toEqual([[0, 1], [0]]);
    expect(roundsOf([])).toEqual([]);
    expect([1, 2, 3].map((round) => roundName(round, 3))).toEqual(["Round 1", "Semi-finals", "Final"]);
  });

  test("who is nobody, and who is not known yet", () => {
    expect(contestant(card, pair(1, 0, 7, 0), 0)).toBe("nobody");
    expect(contestant(card, pair(2, 0, 7, 0), 0)).toBe("open");
    expect(contestant(card, pair(2, 0, 7, 0), 7)).toBe("Ada");
    expect(contestant(card, pair(2, 0, 7, 0), 99)).toBe("#99");
    expect(card.bracket.map(isOpen)).toEqual([false, true, false]);
  });

  test("prizes are whole", () => {
    expect(prizesOf(card)).toEqual([353, 151]);
    expect(prizesOf({ ...card, prize_pool: 0 })).toEqual([]);
    expect(prizesOf({ ...card, prize_shares: [100, 0] })).toEqual([505]);
  });

  test("what the form says", () => {
    const form = {
      name: " Cup ",
      slot: "2",
      roomId: "3",
      startsAt: "2026-03-01T12:00",
      minPlayers: "2",
      maxPlayers: "many",
      prizePool: "500",
      secondShare: "30",
    };
    const made = tournamentOf(form);
    expect(made).toMatchObject({ name: "Cup", slot: 2, room_id: 3, max_players: 0, prize_shares: [70, 30] });
    expect(Date.parse(made.starts_at)).toBe(new Date("2026-03-01T12:00").getTime());
    expect(tournamentOf({ ...form, startsAt: "", secondShare: "" })).toMatchObject({
      starts_at: "",
      prize_shares: [100],
    });
  });
});

describe("results", () => {
  const line = (side: number, place: number, more: Partial<ResultLine> = {}): ResultLine => ({
    number: side * 10 + place,
    name: "Ada",
    place,
    side,
    outcome: "win",
    captain: false,
    finished: true,
    units_killed: 0,
    units_lost: 0,
    damage_given: 0,
    damage_taken: 0,
    ...more,
  });
  const result = (players: ResultLine[], verdict = "clear"): ResultCard => ({
    number: 1,
    name: "Game",
    map_name: "",
    room_id: 3,
    kind: "ranked",
    scoring: 0,
    verdict,
    agreeing: 1,
    heard: 2,
    recorded_at: "2026-03-01T12:00:00Z",
    players,
  });

  test("sides stand together, the first first and spectators last", () => {
    const sides = sidesOf(result([line(2, 0), line(1, 2), line(0, 1), line(1, 2)]));
    expect(sides.map((side) => side.map((one) => one.place))).toEqual([[1], [2, 2], [0]]);
  });

  test("in words", () => {
    expect(["win", "loss", "tie", "none"].map((outcome) => outcomeOf(line(0, 1, { outcome })))).toEqual([
      "won",
      "lost",
      "tied",
      "played",
    ]);
    expect(outcomeOf(line(0, 0, { outcome: "none" }))).toBe("watched");
    expect(verdictOf(result([]))).toBe("");
    expect(verdictOf(result([], "unreported"))).toContain("nobody reported");
    expect(verdictOf(result([], "disputed"))).toContain("1 of 2");
  });

  test("ladders have names", () => {
    expect(["ranked", "unranked", "ranked:5", "ranked:99"].map(categoryName)).toEqual([
      "All ranked",
      "Unranked",
      "Capture the Flag",
      "ranked:99",
    ]);
    expect([casteName(-1), casteName(undefined), casteName(16)]).toEqual(["", "", "comet"]);
  });
});

test("who may do what", () => {
  expect(["player", "moderator", "admin", "owner", "stranger"].map((role) => mayAs(role, "moderator"))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(["moderator", "admin"].map((role) => mayAs(role, "admin"))).toEqual([false, true]);
});
