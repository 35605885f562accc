import {
  Api,
  AuthenticationError,
  type LoginStore,
  Refused,
  Session,
  type StoredLogin,
  Unreachable,
} from "@mythgate/sdk";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

interface Call {
  method: string;
  path: string;
  token: string | null;
  body: unknown;
}

let calls: Call[];
let answers: Map<string, (call: Call) => Response | Promise<Response>>;
let stored: StoredLogin | null;
let ended: (AuthenticationError | null)[];

const store: LoginStore = {
  load: () => stored,
  save: (login) => {
    stored = login;
  },
  clear: () => {
    stored = null;
  },
};

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

async function fetcher(input: URL | RequestInfo, init?: RequestInit): Promise<Response> {
  const path = new URL(String(input)).pathname;
  const call: Call = {
    method: init?.method ?? "GET",
    path,
    token: new Headers(init?.headers).get("Authorization"),
    body: typeof init?.body === "string" ? JSON.parse(init.body) : undefined,
  };
  calls.push(call);
  const answer = answers.get(`${call.method} ${path}`);
  if (!answer) throw new TypeError("no network");
  return answer(call);
}

const signedIn = {
  access_token: "access-1",
  token_type: "bearer",
  expires_in: 900,
  refresh_token: "refresh-1",
  session_id: "login-1",
  session_expires_at: "2026-03-01T13:00:00Z",
  user_id: "user-1",
  username: "Ada",
  role: "player",
  is_guest: false,
  characters: [],
};

function make(): Session {
  return new Session(new Api("http://server.test/prefix/", fetcher as typeof fetch), store, (reason) =>
    ended.push(reason),
  );
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  calls = [];
  stored = null;
  ended = [];
  let renewals = 1;
  answers = new Map([
    ["POST /prefix/api/auth/login", () => json(200, signedIn)],
    [
      "POST /prefix/api/auth/refresh",
      () => {
        renewals += 1;
        return json(200, { access_token: `access-${renewals}`, expires_in: 900, session_expires_at: "" });
      },
    ],
    ["GET /prefix/api/characters", () => json(200, { characters: [], deleted: [], limit: 5 })],
    ["POST /prefix/api/auth/logout", () => new Response(null, { status: 204 })],
  ]);
});

afterEach(() => vi.useRealTimers());

test("signing in keeps the refresh token, never the access token", async () => {
  const session = make();
  await session.signIn("Ada", "a long sentence");
  expect(calls[0]).toMatchObject({
    path: "/prefix/api/auth/login",
    body: { username: "Ada", password: "a long sentence" },
  });
  expect(stored).toEqual({
    refreshToken: "refresh-1",
    userId: "user-1",
    username: "Ada",
    role: "player",
    isGuest: false,
  });
  expect(await session.accessToken()).toBe("access-1");
});

test("a reload renews the access token; several callers at once share one request", async () => {
  stored = { refreshToken: "refresh-1", userId: "user-1", username: "Ada", role: "player", isGuest: false };
  const session = make();
  expect(await Promise.all([session.accessToken(), session.accessToken(), session.accessToken(true)])).toEqual([
    "access-2",
    "access-2",
    "access-2",
  ]);
  expect(calls).toHaveLength(1);
  expect(calls[0]?.body).toEqual({ refresh_token: "refresh-1" });
});

test("renews by itself a minute before the end", async () => {
  await make().signIn("Ada", "pw");
  await vi.advanceTimersByTimeAsync(839_000);
  expect(calls).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(calls.at(-1)?.path).toBe("/prefix/api/auth/refresh");
});

test("a renewal without network is tried again and does not end the login", async () => {
  const session = make();
  await session.signIn("Ada", "pw");
  const refresh = answers.get("POST /prefix/api/auth/refresh");
  answers.delete("POST /prefix/api/auth/refresh");
  await vi.advanceTimersByTimeAsync(840_000);
  expect(calls).toHaveLength(2);
  expect(ended).toEqual([]);
  if (refresh) answers.set("POST /prefix/api/auth/refresh", refresh);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(await session.accessToken()).toBe("access-2");
});

test("a refused renewal ends the login", async () => {
  const session = make();
  await session.signIn("Ada", "pw");
  answers.set("POST /prefix/api/auth/refresh", () =>
    json(401, { error: { code: "session_ended", message: "This session has ended." } }),
  );
  await expect(session.accessToken(true)).rejects.toMatchObject({ code: "session_ended" });
  expect(ended).toHaveLength(1);
  expect(ended[0]).toBeInstanceOf(AuthenticationError);
  expect(stored).toBeNull();
});

test("a call refused for its token is repeated once with a fresh one", async () => {
  const session = make();
  await session.signIn("Ada", "pw");
  answers.set("GET /prefix/api/characters", ({ token }) =>
    token === "Bearer access-1"
      ? json(401, { error: { code: "token_expired", message: "Too old." } })
      : json(200, { characters: [], deleted: [], limit: 3 }),
  );
  expect(await session.listCharacters()).toMatchObject({ limit: 3 });
  expect(calls.map((call) => call.token)).toEqual([null, "Bearer access-1", null, "Bearer access-2"]);
});

test("a wrong password is not tried twice", async () => {
  const session = make();
  await session.signIn("Ada", "pw");
  answers.set("POST /prefix/api/auth/password", () =>
    json(401, { error: { code: "bad_credentials", message: "The current password is wrong." } }),
  );
  await expect(session.changePassword("wrong", "new one")).rejects.toMatchObject({ code: "bad_credentials" });
  expect(calls).toHaveLength(2);
  expect(session.login).not.toBeNull();
});

test("signing out forgets the login even if the server cannot be reached", async () => {
  const session = make();
  await session.signIn("Ada", "pw");
  answers.clear();
  await session.signOut();
  expect(stored).toBeNull();
  expect(session.login).toBeNull();
  expect(ended).toEqual([null]);
});

test("errors carry code, hint, wait and fields", async () => {
  answers.set("POST /prefix/api/auth/login", () =>
    json(422, {
      error: {
        code: "invalid_input",
        message: "Some values are not valid.",
        hint: "See the fields.",
        retry_after: null,
        request_id: "r-1",
        fields: [{ path: "body.password", message: "too short" }],
      },
    }),
  );
  await expect(make().signIn("Ada", "x")).rejects.toMatchObject({
    name: "Refused",
    status: 422,
    code: "invalid_input",
    hint: "See the fields.",
    requestId: "r-1",
    fields: [{ path: "body.password", message: "too short" }],
  });
});

test("bodies of other servers are understood as far as possible", async () => {
  answers.set("POST /prefix/api/auth/login", () => json(429, { detail: "Slow down." }, { "Retry-After": "7" }));
  await expect(make().signIn("Ada", "x")).rejects.toMatchObject({
    code: "http_429",
    message: "Slow down.",
    retryAfter: 7,
  });
  answers.set("POST /prefix/api/auth/login", () => new Response("<html>Bad gateway</html>", { status: 502 }));
  const error = await make()
    .signIn("Ada", "x")
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Refused);
  expect(error).toMatchObject({ status: 502 });
});

test("no answer is not a refusal", async () => {
  answers.clear();
  await expect(make().signIn("Ada", "x")).rejects.toBeInstanceOf(Unreachable);
});
