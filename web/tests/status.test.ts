/** The public status page in numbers, and the addresses of pages. */
import { expect, test } from "vitest";
import { readAddress } from "../src/stores/page.ts";
import { doorName, type LobbyCrowd, lobbiesByFamily, openGames, peopleByDoor } from "../src/stores/status.ts";

const room = (name: string, family: string, doors: string[], games: { id: number; joinable: boolean }[] = []) =>
  ({ name, family, players: doors.map((door) => ({ door })), games }) as unknown as LobbyCrowd["rooms"][number];

const crowd: LobbyCrowd = {
  rooms: [
    room(
      "Arrival",
      "marathon",
      ["metaserver", "http", "metaserver"],
      [
        { id: 3, joinable: false },
        { id: 4, joinable: true },
      ],
    ),
    room("White Falls", "myth2", ["telnet"], [{ id: 2, joinable: true }]),
  ],
};

test("people are counted by door, the fullest first", () => {
  expect(peopleByDoor(crowd)).toEqual([
    ["metaserver", 2],
    ["http", 1],
    ["telnet", 1],
  ]);
  expect(peopleByDoor({ rooms: [] })).toEqual([]);
  expect(doorName("metaserver")).toBe("Old game clients");
  expect(doorName("telnet")).toBe("Telnet");
  expect(doorName("pigeon")).toBe("pigeon");
});

test("games that can be joined come first, with their lobby", () => {
  expect(openGames(crowd).map(({ id, room_name }) => [id, room_name])).toEqual([
    [2, "White Falls"],
    [4, "Arrival"],
    [3, "Arrival"],
  ]);
});

test("lobbies stand with their family", () => {
  const names = lobbiesByFamily(crowd).map(([family, rooms]) => [family, rooms.map((one) => one.name)]);
  expect(names).toContainEqual(["marathon", ["Arrival"]]);
  expect(names).toContainEqual(["myth2", ["White Falls"]]);
});

test.each([
  ["/", "world", "", "/"],
  ["/lobby", "lobby", "", "/"],
  ["/status", "status", "", "/"],
  ["/admin", "admin", "", "/"],
  ["/admin/users", "admin", "users", "/"],
  ["/admin/users/0194-5a", "admin", "users/0194-5a", "/"],
  ["/admin/rooms/3/history", "admin", "rooms/3/history", "/"],
  ["/admin/now", "admin", "now", "/"],
  ["/games/lobby", "lobby", "", "/games/"],
  ["/games/admin/games", "admin", "games", "/games/"],
  ["/games/admin/users/7", "admin", "users/7", "/games/"],
  ["/admin/", "world", "", "/admin/"],
  ["/admin/lobby", "lobby", "", "/admin/"],
  ["/admin/admin/users", "admin", "users", "/admin/"],
  ["/status/", "world", "", "/status/"],
])("the address %s is the page %s", (path, page, part, root) => {
  expect(readAddress(path)).toEqual({ page, part, root });
});
