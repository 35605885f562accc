/** The list of accounts: questions that overtake each other, pages, and what comes of a change. */
import type { UserCard } from "@mythgate/sdk";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const items = new Map<string, string>();
const storage = {
  getItem: (key: string) => items.get(key) ?? null,
  setItem: (key: string, value: string) => void items.set(key, value),
  removeItem: (key: string) => void items.delete(key),
};

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly answer: (value: unknown, status?: number) => void;
}

let asked: Asked[];

beforeEach(() => {
  vi.resetModules();
  items.clear();
  asked = [];
  const login = { refreshToken: "r", userId: "u", username: "Ada", role: "admin", isGuest: false };
  items.set("mythgate.login", JSON.stringify(login));
  vi.stubGlobal("sessionStorage", storage);
  vi.stubGlobal("fetch", (url: URL, init: RequestInit) => {
    if (url.pathname === "/api/auth/refresh") {
      return Promise.resolve(new Response(JSON.stringify({ access_token: "access", expires_in: 900 })));
    }
    return new Promise((resolve) => {
      asked.push({
        method: init.method ?? "GET",
        path: url.pathname + url.search,
        body: init.body ? JSON.parse(String(init.body)) : null,
        answer: (value, status = 200) => resolve(new Response(JSON.stringify(value), { status })),
      });
    });
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const load = () => import("../src/stores/administration.ts");
const user = (name: string) => ({ id: name.toLowerCase(), name, role: "player", status: "active" }) as UserCard;
const page = (next: string | null, ...names: string[]) => ({ users: names.map(user), next });
const until = (count: number) => vi.waitFor(() => expect(asked).toHaveLength(count));

test("an answer that a later question has overtaken is dropped", async () => {
  const { lookFor, useUsers } = await load();
  const slow = lookFor({ search: "an" });
  await until(1);
  const fast = lookFor({ search: " ann ", role: "player" });
  await until(2);
  expect(asked.map(({ path }) => path)).toEqual([
    "/api/admin/users?search=an",
    "/api/admin/users?search=ann&role=player",
  ]);
  asked[1]?.answer(page(null, "Anna"));
  await fast;
  asked[0]?.answer(page("x", "Anna", "Hans"));
  await slow;
  expect(useUsers.getState()).toMatchObject({ users: [user("Anna")], next: null, busy: false, loaded: true });
});

test("the next page comes behind what is shown, once", async () => {
  const { lookFor, showMore, useUsers } = await load();
  const first = lookFor({});
  await until(1);
  asked[0]?.answer(page("anna", "Anna"));
  await first;
  const more = showMore();
  await showMore();
  await until(2);
  expect(asked[1]?.path).toBe("/api/admin/users?after=anna");
  asked[1]?.answer(page(null, "Bob"));
  await more;
  expect(useUsers.getState().users.map(({ name }) => name)).toEqual(["Anna", "Bob"]);
  await showMore();
  expect(asked).toHaveLength(2);
});

test("a refusal is told and leaves the list as it is", async () => {
  const { lookFor, useUsers } = await load();
  const looking = lookFor({});
  await until(1);
  asked[0]?.answer(page(null, "Anna"));
  await looking;
  const refused = lookFor({ status: "disabled" });
  await until(2);
  asked[1]?.answer({ error: { code: "permission_denied", message: "This needs the role moderator.", hint: "" } }, 403);
  await refused;
  expect(useUsers.getState()).toMatchObject({ problem: { message: "This needs the role moderator." }, busy: false });
  expect(useUsers.getState().users).toHaveLength(1);
});

test("what was changed shows in the list", async () => {
  const { lockUser, lookFor, useUsers } = await load();
  const looking = lookFor({});
  await until(1);
  asked[0]?.answer(page(null, "Anna", "Bob"));
  await looking;
  const locking = lockUser("bob", null, "spam");
  await until(2);
  expect(asked[1]).toMatchObject({
    method: "POST",
    path: "/api/admin/users/bob/lock",
    body: { days: null, reason: "spam" },
  });
  asked[1]?.answer({ ...user("Bob"), status: "disabled" });
  await locking;
  expect(useUsers.getState().users.map(({ status }) => status)).toEqual(["active", "disabled"]);
});

test("a password is sent only if one is given", async () => {
  const { givePassword, takeGamePassword } = await load();
  const madeUp = givePassword("bob", "password", "", "lost");
  await until(1);
  expect(asked[0]?.body).toEqual({ reason: "lost" });
  asked[0]?.answer({ password: "made up" });
  expect(await madeUp).toBe("made up");
  const given = givePassword("bob", "game-password", "games only", "");
  await until(2);
  expect(asked[1]).toMatchObject({
    path: "/api/admin/users/bob/game-password",
    body: { password: "games only", reason: "" },
  });
  asked[1]?.answer({ password: null });
  expect(await given).toBeNull();
  void takeGamePassword("bob", "why not");
  await until(3);
  expect(asked[2]).toMatchObject({ method: "DELETE", path: "/api/admin/users/bob/game-password?reason=why+not" });
});

test("one's role is asked for again, and follows the login", async () => {
  const { readRole, useRole } = await load();
  const { useLogin } = await import("../src/stores/login.ts");
  expect(useRole.getState().role).toBe("admin");
  const reading = readRole();
  await until(1);
  asked[0]?.answer({ role: "player" });
  await reading;
  expect(useRole.getState().role).toBe("player");
  useLogin.setState({ login: null });
  expect(useRole.getState().role).toBe("");
});

test("roles and the record in words", async () => {
  const { actDetail, actName, isStaff, mayCreate, rolesBelow } = await load();
  expect(["", "player", "read_only", "tournament", "owner"].map(isStaff)).toEqual([false, false, true, true, true]);
  expect(["", "player", "moderator", "admin", "owner"].map(mayCreate)).toEqual([false, false, false, true, true]);
  expect(rolesBelow("admin")).toEqual(["player", "read_only", "tournament", "moderator"]);
  expect(rolesBelow("owner")).toEqual(["player", "read_only", "tournament", "moderator", "admin", "owner"]);
  expect(actName("account.password_reset")).toBe("given a new password");
  expect(actName("account.something_new")).toBe("something new");
  const detail = {
    name: "Bob",
    reason: "spam",
    sessions_ended: "2",
    until: "",
    lifted: "2026-11-20T15:54:43.796864+00:00",
  };
  expect(actDetail(detail, () => "at tea")).toBe("reason: spam, sessions ended: 2, lifted: at tea");
});
